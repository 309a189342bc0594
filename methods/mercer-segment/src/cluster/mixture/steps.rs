//! One round over all rows: to which component each belongs, and the moments of the components that follow.

use std::ops::Range;

use mercer_stats::dense::Square;
use rayon::prelude::*;

use super::normal::Normal;
use super::{Covariance, Responsibilities};
use crate::cluster::Points;
use crate::cluster::distance::{LANES, Lanes, TASK, groups, tasks, vectorised};

/// Moments of each component's rows about where its mean was before: that keeps them exact when the mean is far from 0.
pub(super) struct Moments {
    covariance: Covariance,
    origins: Vec<Vec<f64>>,
    /// How many rows belong to each component, parts of rows included.
    pub(super) counts: Vec<f64>,
    /// Of each component the sums of the offsets, then of their products.
    sums: Vec<Vec<f64>>,
}

impl Moments {
    /// How often all rows count together.
    pub(super) fn size(&self) -> f64 {
        self.counts.iter().sum()
    }

    /// How far a component's mean is from its origin; nowhere for a component without rows.
    fn shift(&self, component: usize) -> Vec<f64> {
        let (origin, count) = (&self.origins[component], self.counts[component]);
        let sums = self.sums[component].iter().take(origin.len());
        sums.map(|sum| if count > 0.0 { sum / count } else { 0.0 }).collect()
    }

    /// The mean of a component.
    pub(super) fn mean(&self, component: usize) -> Vec<f64> {
        self.origins[component].iter().zip(self.shift(component)).map(|(origin, shift)| origin + shift).collect()
    }

    /// The covariance of a component, with the regularisation on its diagonal.
    pub(super) fn covariance(&self, component: usize, regularisation: f64) -> Square {
        let (shift, count) = (self.shift(component), self.counts[component]);
        let dims = shift.len();
        let products = &self.sums[component][dims..];
        let moment = |product: f64| if count > 0.0 { product / count } else { 0.0 };
        Square::from_fn(dims, |row, column| {
            let (low, high) = (row.min(column), row.max(column));
            let ridge = if row == column { regularisation } else { 0.0 };
            match self.covariance {
                Covariance::Full => moment(products[high * (high + 1) / 2 + low]) - shift[row] * shift[column] + ridge,
                Covariance::Diagonal if row == column => (moment(products[row]) - shift[row].powi(2)).max(0.0) + ridge,
                Covariance::Diagonal => 0.0,
            }
        })
    }
}

/// Sums of one task, each lane by itself.
struct Sums {
    dims: usize,
    /// Of each component: the count, the sums of the offsets, and the sums of their products.
    lanes: Vec<Vec<Lanes>>,
}

impl Sums {
    fn new(covariance: Covariance, k: usize, dims: usize) -> Self {
        let products = match covariance {
            Covariance::Full => dims * (dims + 1) / 2,
            Covariance::Diagonal => dims,
        };
        Self { dims, lanes: vec![vec![[0.0; LANES]; 1 + dims + products]; k] }
    }

    /// Adds rows to a component by their weights.
    #[inline(always)]
    fn add(&mut self, covariance: Covariance, component: usize, weights: Lanes, offsets: &[Lanes]) {
        let (first, products) = self.lanes[component].split_at_mut(1 + self.dims);
        let mut products = products.iter_mut();
        let (counts, sums) = first.split_at_mut(1);
        for lane in 0..LANES {
            counts[0][lane] += weights[lane];
        }
        for (index, (sum, offset)) in sums.iter_mut().zip(offsets).enumerate() {
            let mut weighted = [0.0; LANES];
            for lane in 0..LANES {
                weighted[lane] = weights[lane] * offset[lane];
                sum[lane] += weighted[lane];
            }
            let others = match covariance {
                Covariance::Full => &offsets[..=index],
                Covariance::Diagonal => &offsets[index..=index],
            };
            for (other, product) in others.iter().zip(products.by_ref()) {
                for lane in 0..LANES {
                    product[lane] += weighted[lane] * other[lane];
                }
            }
        }
    }
}

/// The moments of clusters, each about one of `origins`.
pub(super) fn moments_of_clusters(
    points: &Points<'_>,
    covariance: Covariance,
    origins: Vec<Vec<f64>>,
    labels: &[u32],
) -> Moments {
    let parts = tasks(points.rows).map(|range| {
        vectorised(
            #[inline(always)]
            || {
                let mut sums = Sums::new(covariance, origins.len(), points.dims);
                let mut offsets = vec![[0.0; LANES]; points.dims];
                groups(points, range, |start, count, group| {
                    for lane in 0..count {
                        // One lane at a time: the rows of a group are of different clusters.
                        let component = labels[start + lane] as usize;
                        let mut weights = [0.0; LANES];
                        weights[lane] = points.weight(start + lane);
                        for ((offset, values), origin) in offsets.iter_mut().zip(group).zip(&origins[component]) {
                            *offset = values.map(|value| value - origin);
                        }
                        sums.add(covariance, component, weights, &offsets);
                    }
                });
                (sums, 0.0)
            },
        )
    });
    let parts = parts.collect();
    total(covariance, origins, parts).0
}

/// The moments of the components by the rows' responsibilities, and the log-likelihood.
pub(super) fn moments(points: &Points<'_>, covariance: Covariance, normals: &[Normal]) -> (Moments, f64) {
    let parts = tasks(points.rows).map(|range| {
        vectorised(
            #[inline(always)]
            || {
                let mut sums = Sums::new(covariance, normals.len(), points.dims);
                let mut log_likelihood = 0.0;
                expect(points, normals, range, |start, count, expected| {
                    let weights: Lanes =
                        std::array::from_fn(|lane| if lane < count { points.weight(start + lane) } else { 0.0 });
                    for (weight, density) in weights.iter().zip(expected.log_density) {
                        // Nothing times minus infinity would be no number.
                        log_likelihood += if *weight > 0.0 { weight * density } else { 0.0 };
                    }
                    for (component, shares) in expected.shares.iter().enumerate() {
                        let offsets = &expected.offsets[component * points.dims..(component + 1) * points.dims];
                        let weighted = std::array::from_fn(|lane| weights[lane] * shares[lane]);
                        sums.add(covariance, component, weighted, offsets);
                    }
                });
                (sums, log_likelihood)
            },
        )
    });
    let parts = parts.collect();
    total(covariance, normals.iter().map(|normal| normal.mean.clone()).collect(), parts)
}

/// The responsibilities of the components for each row.
pub(super) fn responsibilities(points: &Points<'_>, normals: &[Normal]) -> Responsibilities {
    let k = normals.len();
    let mut found = Responsibilities { values: vec![0.0; points.rows * k], log_densities: vec![0.0; points.rows] };
    let places = found.values.par_chunks_mut(TASK * k).zip(found.log_densities.par_chunks_mut(TASK));
    places.zip(tasks(points.rows)).for_each(|((values, densities), range)| {
        vectorised(
            #[inline(always)]
            || {
                let first = range.start;
                expect(points, normals, range, |start, count, expected| {
                    for lane in 0..count {
                        let place = start - first + lane;
                        densities[place] = expected.log_density[lane];
                        for (value, shares) in values[place * k..(place + 1) * k].iter_mut().zip(expected.shares) {
                            *value = shares[lane];
                        }
                    }
                });
            },
        );
    });
    found
}

/// What is expected of a group of rows.
struct Expected<'a> {
    /// The logarithm of the mixture's density.
    log_density: Lanes,
    /// The responsibility of each component.
    shares: &'a [Lanes],
    /// The offsets of the rows from each component's mean, `k × dims`.
    offsets: &'a [Lanes],
}

/// Calls `found` with what is expected of each group of rows in a range. Densities are added as logarithms about the
/// greatest one, so that none of a far row vanishes.
#[inline(always)]
fn expect(
    points: &Points<'_>,
    normals: &[Normal],
    range: Range<usize>,
    mut found: impl FnMut(usize, usize, &Expected<'_>),
) {
    let mut offsets = vec![[0.0; LANES]; normals.len() * points.dims];
    let mut shares = vec![[0.0; LANES]; normals.len()];
    groups(points, range, |start, count, group| {
        let mut greatest = [f64::NEG_INFINITY; LANES];
        for ((normal, offsets), density) in
            normals.iter().zip(offsets.chunks_exact_mut(points.dims)).zip(shares.iter_mut())
        {
            *density = normal.log_density(group, offsets);
            for lane in 0..LANES {
                greatest[lane] = greatest[lane].max(density[lane]);
            }
        }
        let mut sum = [0.0; LANES];
        for density in &mut shares {
            for lane in 0..LANES {
                density[lane] = (density[lane] - greatest[lane]).exp();
                sum[lane] += density[lane];
            }
        }
        for share in &mut shares {
            for lane in 0..LANES {
                // A row infinitely far from all components belongs to each as much.
                share[lane] = if sum[lane] > 0.0 { share[lane] / sum[lane] } else { 1.0 / normals.len() as f64 };
            }
        }
        let log_density = std::array::from_fn(|lane| greatest[lane] + sum[lane].ln());
        found(start, count, &Expected { log_density, shares: &shares, offsets: &offsets });
    });
}

/// The sums of all tasks, in their order.
fn total(covariance: Covariance, origins: Vec<Vec<f64>>, parts: Vec<(Sums, f64)>) -> (Moments, f64) {
    let mut counts = vec![0.0; origins.len()];
    let mut sums: Vec<Vec<f64>> = Vec::with_capacity(origins.len());
    let mut log_likelihood = 0.0;
    for (index, (part, likelihood)) in parts.into_iter().enumerate() {
        log_likelihood += likelihood;
        for (component, lanes) in part.lanes.iter().enumerate() {
            let mut values = lanes.iter().map(|lanes| lanes.iter().sum::<f64>());
            counts[component] += values.next().unwrap_or(0.0);
            if index == 0 {
                sums.push(values.collect());
            } else {
                sums[component].iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
            }
        }
    }
    (Moments { covariance, origins, counts, sums }, log_likelihood)
}
