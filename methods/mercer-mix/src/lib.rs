//! What each channel returns, and where the next unit of money should go.
#![allow(dead_code)] // while the parts are written

mod decide;
mod density;
mod draws;
mod laplace;
#[cfg(test)]
mod made_up;
mod panel;
mod params;
mod sample;

pub use params::Params;
