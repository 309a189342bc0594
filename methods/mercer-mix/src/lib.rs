//! What each channel returns, and where the next unit of money should go.
#![allow(dead_code)] // while the parts are written

mod density;
mod design;
mod draws;
mod panel;
mod params;
mod posterior;
mod prior;
mod space;
mod transform;

pub use params::Params;
