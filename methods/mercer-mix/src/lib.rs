//! What each channel returns, and where the next unit of money should go.
#![allow(dead_code)] // while the parts are written

mod answers;
mod curves;
mod decide;
mod density;
mod design;
mod draws;
mod estimate;
mod fit;
mod input;
mod laplace;
#[cfg(test)]
mod made_up;
mod model;
mod panel;
mod params;
mod posterior;
mod predict;
mod prior;
mod sample;
mod space;
mod spec;
mod transform;
mod trust;

pub use estimate::Estimate;
pub use input::Input;
pub use model::Model;
pub use params::Params;
