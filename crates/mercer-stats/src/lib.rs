//! Statistical kernels on slices and counts (layer 1): no tables, no engine.

pub mod bootstrap;
pub mod calibrate;
pub mod classification;
pub mod cox;
mod delong;
pub mod dense;
mod design;
pub mod drift;
pub mod folds;
mod hypergeometric;
pub mod logistic;
#[cfg(test)]
mod made_up;
pub mod mcmc;
pub mod multiple;
mod newton;
pub mod optimise;
mod order;
pub mod parallel;
mod proportion;
pub mod quadrature;
mod ranking;
mod registers;
pub mod sampling;
pub mod special;
pub mod survival;
pub mod two_groups;

pub use design::{Block, Design};
pub use order::quantile;
pub use proportion::{Interval, wilson_interval};
pub use ranking::area_under_roc;
pub use registers::clear_registers;
