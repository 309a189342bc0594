//! Statistical kernels on slices and counts (layer 1): no tables, no engine, no chance.

mod proportion;

pub use proportion::{Interval, wilson_interval};
