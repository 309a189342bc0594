//! Statistical kernels on slices: quantiles, cuts and intervals.
