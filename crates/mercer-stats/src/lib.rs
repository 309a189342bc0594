//! Statistical kernels on slices and counts (layer 1): no tables, no engine.

pub mod dense;
mod hypergeometric;
pub mod multiple;
pub mod optimise;
mod order;
pub mod parallel;
mod proportion;
pub mod quadrature;
mod ranking;
pub mod sampling;
pub mod special;
pub mod two_groups;

pub use order::quantile;
pub use proportion::{Interval, wilson_interval};
pub use ranking::area_under_roc;
