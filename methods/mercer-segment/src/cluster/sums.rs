//! What the rows of each cluster sum to, and the centres that follow from it.

use std::ops::Range;

use super::distance::squared;
use super::{Centres, Points};

/// Where the sums of a cluster lie: how many rows it has, how often they count together, the sums of their numbers, and the
/// counts of each level.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    dims: usize,
    /// Where the levels of each category start.
    levels: Vec<Range<usize>>,
    /// Values a cluster.
    pub(super) stride: usize,
}

impl Layout {
    pub(super) fn of(points: &Points<'_>) -> Self {
        let mut stride = 2 + points.dims;
        let mut levels = Vec::with_capacity(points.levels.len());
        for count in points.levels {
            let end = stride + *count as usize;
            levels.push(stride..end);
            stride = end;
        }
        Self { dims: points.dims, levels, stride }
    }

    /// Adds a row to its cluster, or takes it away where `sign` is −1. Rows that do not count are no part of a cluster.
    #[inline(always)]
    pub(super) fn add(&self, sums: &mut [f64], label: usize, sign: f64, points: &Points<'_>, row: usize) {
        let weight = sign * points.weight(row);
        if weight == 0.0 {
            return;
        }
        let sums = &mut sums[label * self.stride..(label + 1) * self.stride];
        sums[0] += sign;
        sums[1] += weight;
        let (numbers, codes) = (points.numbers_of(row), points.codes_of(row));
        // Four at a time, which the compiler turns into vectors: rows are too short for its own way with loops.
        let (sums_by_four, sums_left) = sums[2..2 + self.dims].as_chunks_mut::<4>();
        let (numbers_by_four, numbers_left) = numbers.as_chunks::<4>();
        for (sums, numbers) in sums_by_four.iter_mut().zip(numbers_by_four) {
            for (sum, number) in sums.iter_mut().zip(numbers) {
                *sum += weight * number;
            }
        }
        for (sum, number) in sums_left.iter_mut().zip(numbers_left) {
            *sum += weight * number;
        }
        for (levels, code) in self.levels.iter().zip(codes) {
            sums[levels.start + *code as usize] += weight;
        }
    }

    /// How many rows each cluster has: whole numbers, which no rounding touches.
    pub(super) fn counts(&self, sums: &[f64]) -> Vec<f64> {
        sums.chunks_exact(self.stride).map(|cluster| cluster[0]).collect()
    }

    /// Puts the centre of the cluster where its sums say: means, and of each category the most frequent level, the first of
    /// equally frequent ones. An empty cluster keeps its centre.
    pub(super) fn update(&self, sums: &[f64], centres: &mut Centres) {
        let categories = self.levels.len();
        for (centre, sums) in sums.chunks_exact(self.stride).enumerate() {
            let (count, size) = (sums[0], sums[1]);
            if count == 0.0 {
                continue;
            }
            let means = &mut centres.numbers[centre * self.dims..(centre + 1) * self.dims];
            for (mean, sum) in means.iter_mut().zip(&sums[2..]) {
                *mean = sum / size;
            }
            let modes = &mut centres.modes[centre * categories..(centre + 1) * categories];
            for (mode, levels) in modes.iter_mut().zip(&self.levels) {
                let (mut best, mut most) = (0, f64::NEG_INFINITY);
                for (level, count) in (0_u32..).zip(&sums[levels.clone()]) {
                    if *count > most {
                        (best, most) = (level, *count);
                    }
                }
                *mode = best;
            }
        }
    }
}

/// How far each centre is from where it was, squared.
pub(super) fn movements(points: &Points<'_>, before: &Centres, after: &Centres) -> Vec<f64> {
    (0..after.k).map(|centre| squared(points.category_weights, before.at(centre), after.at(centre))).collect()
}
