//! What each channel returns, and where the next unit of money should go.
#![allow(dead_code)] // while the parts are written

mod answers;
mod density;
mod design;
mod draws;
mod estimate;
mod input;
mod laplace;
#[cfg(test)]
mod made_up;
mod panel;
mod params;
mod posterior;
mod prior;
mod sample;
mod space;
mod spec;
mod transform;
mod trust;

pub use params::Params;
