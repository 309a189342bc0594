//! Draws from distributions, each from a named seed.

use mercer_base::Seed;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::dense::Square;

/// `count` draws from the multivariate normal distribution with this `mean` and covariance `F Fᵀ`, where `F` is `factor` (a
/// Cholesky factor, or any other square root).
///
/// Draw `i` depends on the seed and `i` only, so that more draws never change the first ones.
#[must_use]
pub fn multivariate_normal(mean: &[f64], factor: &Square, seed: Seed, count: usize) -> Vec<Vec<f64>> {
    let seed = seed.split("multivariate normal");
    (0_u64..)
        .take(count)
        .map(|index| {
            let mut dice = ChaCha8Rng::seed_from_u64(seed.nth(index).0);
            let unit: Vec<f64> = (0..factor.size()).map(|_| StandardNormal.sample(&mut dice)).collect();
            factor.times(&unit).iter().zip(mean).map(|(offset, centre)| centre + offset).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_stated_moments() {
        let covariance = Square::from_fn(2, |row, column| [[4.0, -1.2], [-1.2, 1.0]][row][column]);
        let draws = multivariate_normal(&[10.0, -3.0], &covariance.cholesky().unwrap(), Seed(5), 20_000);
        let mean = |of: &dyn Fn(&[f64]) -> f64| draws.iter().map(|draw| of(draw)).sum::<f64>() / 20_000.0;
        // Four standard errors of each mean over 20,000 draws.
        assert!((mean(&|draw| draw[0]) - 10.0).abs() < 0.06);
        assert!((mean(&|draw| draw[1]) + 3.0).abs() < 0.03);
        assert!((mean(&|draw| (draw[0] - 10.0) * (draw[1] + 3.0)) + 1.2).abs() < 0.07);
        assert!((mean(&|draw| (draw[0] - 10.0).powi(2)) - 4.0).abs() < 0.16);
    }

    #[test]
    fn more_draws_keep_the_first_ones() {
        let factor = Square::diagonal(&[1.0, 2.0]);
        let few = multivariate_normal(&[0.0, 0.0], &factor, Seed(1), 3);
        assert_eq!(few, multivariate_normal(&[0.0, 0.0], &factor, Seed(1), 9)[..3]);
        assert_ne!(few, multivariate_normal(&[0.0, 0.0], &factor, Seed(2), 3));
    }
}
