//! What each channel returns, and where the next unit of money should go.
#![allow(dead_code)] // while the parts are written

mod density;
mod draws;
mod input;
mod panel;
mod params;
mod spec;

pub use params::Params;
