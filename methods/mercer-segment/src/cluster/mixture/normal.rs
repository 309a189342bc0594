//! A component: a normal distribution, ready to give densities.

use std::f64::consts::TAU;

use mercer_stats::dense::Square;

use crate::cluster::distance::{LANES, Lanes};

/// A normal distribution and its share.
pub(super) struct Normal {
    pub(super) mean: Vec<f64>,
    /// The inverse of the covariance's Cholesky factor, lower triangle, by rows.
    whitening: Vec<f64>,
    /// The logarithm of its share times the density at its mean.
    log_peak: f64,
    /// Whether the covariance has entries off its diagonal.
    is_full: bool,
}

impl Normal {
    /// The normal distribution with this mean and covariance.
    ///
    /// A covariance that is not positive definite by rounding gets a share of its own size on the diagonal, as little as
    /// helps.
    pub(super) fn new(share: f64, mean: &[f64], covariance: &Square) -> Self {
        let dims = covariance.size();
        let is_full = (0..dims).any(|row| (0..row).any(|column| covariance.at(row, column) != 0.0));
        let factor = factor(covariance);
        let mut whitening = vec![0.0; dims * dims];
        // Forward substitution with each unit vector.
        for column in 0..dims {
            for row in column..dims {
                let unit = if row == column { 1.0 } else { 0.0 };
                let known: f64 = (column..row).map(|k| factor.at(row, k) * whitening[k * dims + column]).sum();
                whitening[row * dims + column] = (unit - known) / factor.at(row, row);
            }
        }
        let log_determinant: f64 = (0..dims).map(|dim| 2.0 * factor.at(dim, dim).ln()).sum();
        let log_peak = share.ln() - 0.5 * (dims as f64 * TAU.ln() + log_determinant);
        Self { mean: mean.to_vec(), whitening, log_peak, is_full }
    }

    /// The logarithm of share times density of the rows in `group`, and how far they are from the mean.
    #[inline(always)]
    pub(super) fn log_density(&self, group: &[Lanes], offsets: &mut [Lanes]) -> Lanes {
        for ((offset, values), mean) in offsets.iter_mut().zip(group).zip(&self.mean) {
            for lane in 0..LANES {
                offset[lane] = values[lane] - mean;
            }
        }
        let dims = self.mean.len();
        let mut squares = [0.0; LANES];
        for (row, whitening) in self.whitening.chunks_exact(dims).enumerate() {
            let mut sum = [0.0; LANES];
            let first = if self.is_full { 0 } else { row };
            for (factor, offset) in whitening[first..=row].iter().zip(&offsets[first..=row]) {
                for lane in 0..LANES {
                    sum[lane] += factor * offset[lane];
                }
            }
            for lane in 0..LANES {
                squares[lane] += sum[lane] * sum[lane];
            }
        }
        squares.map(|square| self.log_peak - 0.5 * square)
    }
}

/// The Cholesky factor of a covariance, with a ridge on its diagonal where it has none.
fn factor(covariance: &Square) -> Square {
    let dims = covariance.size();
    let largest = (0..dims).map(|dim| covariance.at(dim, dim)).fold(f64::MIN_POSITIVE, f64::max);
    let mut ridge = 0.0;
    // From the size of roundings up to the largest variance itself, where every covariance has a factor.
    for share in [1e-14, 1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2, 1.0] {
        let ridged =
            Square::from_fn(dims, |row, column| covariance.at(row, column) + if row == column { ridge } else { 0.0 });
        if let Some(factor) = ridged.cholesky() {
            return factor;
        }
        ridge = share * largest;
    }
    Square::diagonal(&vec![largest.sqrt(); dims])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_density_of_the_normal_distribution() {
        // scipy.stats.multivariate_normal([1, -1], [[2, .6], [.6, 1]]).logpdf([0.5, 0.25]) = -3.342847138546912
        let covariance = Square::from_fn(2, |row, column| [[2.0, 0.6], [0.6, 1.0]][row][column]);
        let normal = Normal::new(0.5, &[1.0, -1.0], &covariance);
        let mut offsets = [[0.0; LANES]; 2];
        let density = normal.log_density(&[[0.5; LANES], [0.25; LANES]], &mut offsets);
        assert!((density[3] - (0.5_f64.ln() - 3.342_847_138_546_911_6)).abs() < 1e-12, "{}", density[3] - 0.5_f64.ln());
        assert_eq!(offsets, [[-0.5; LANES], [1.25; LANES]]);
    }

    #[test]
    fn a_flat_covariance_still_has_a_factor() {
        let flat = Square::from_fn(3, |_, _| 1e9);
        assert!(factor(&flat).at(2, 2) > 0.0);
    }
}
