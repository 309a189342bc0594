//! How far a statistic of rows would vary in other samples of the same kind: the bootstrap.

use mercer_base::Seed;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::{Interval, quantile};

/// The share of draws that may have no value before the interval has none either.
const MOST_WITHOUT_VALUE: f64 = 0.1;

/// The percentile interval of a statistic at a confidence such as 0.95.
///
/// `statistic` gets for each row how often it was drawn (the counts add up to `rows`) and returns its value, `NaN` where it has
/// none in that draw; such draws are left out, and the interval is `None` where they are more than one in ten. `None` also without
/// rows or draws, or with a confidence outside `(0, 1)`. Take 1,000 draws or more for 0.95. Percentiles follow a statistic that
/// is not symmetric, but do not correct one that is biased in small samples.
///
/// Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.
#[must_use]
pub fn interval(
    rows: usize,
    draws: usize,
    confidence: f64,
    seed: Seed,
    statistic: impl Fn(&[u32]) -> f64 + Sync,
) -> Option<Interval> {
    if rows == 0 || draws == 0 || !(confidence > 0.0 && confidence < 1.0) {
        return None;
    }
    let mut values = distribution(rows, draws, seed, statistic);
    values.retain(|value| !value.is_nan());
    if ((draws - values.len()) as f64) > MOST_WITHOUT_VALUE * draws as f64 {
        return None;
    }
    values.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - confidence) / 2.0;
    Some(Interval { low: quantile(&values, tail), high: quantile(&values, 1.0 - tail) })
}

/// The statistic in each of `draws` samples of `rows` rows drawn with replacement, as [`interval`] gives it its rows.
///
/// Draw `i` depends on the seed, the number of rows and `i` only: the same at any thread count, and the same for two statistics
/// of the same rows, which are therefore compared draw by draw.
#[must_use]
pub fn distribution(rows: usize, draws: usize, seed: Seed, statistic: impl Fn(&[u32]) -> f64 + Sync) -> Vec<f64> {
    let seed = seed.split("bootstrap");
    let one = |counts: &mut Vec<u32>, draw: usize| {
        let mut dice = ChaCha8Rng::seed_from_u64(seed.nth(draw as u64).0);
        counts.fill(0);
        for _ in 0..rows {
            counts[dice.random_range(0..rows)] += 1;
        }
        statistic(counts)
    };
    (0..draws).into_par_iter().map_init(|| vec![0; rows], one).collect()
}

#[cfg(test)]
mod tests {
    use rand_distr::{Distribution, StandardNormal};

    use super::*;

    fn mean<'a>(values: &'a [f64]) -> impl Fn(&[u32]) -> f64 + Sync + 'a {
        move |counts| counts.iter().zip(values).map(|(n, x)| f64::from(*n) * x).sum::<f64>() / values.len() as f64
    }

    #[test]
    fn the_mean_varies_as_theory_has_it() {
        let values: Vec<f64> = (0..200).map(|n| f64::from(n * 37 % 101)).collect();
        let centre = values.iter().sum::<f64>() / 200.0;
        let error = (values.iter().map(|x| (x - centre).powi(2)).sum::<f64>()).sqrt() / 200.0;
        let found = interval(200, 4_000, 0.95, Seed(1), mean(&values)).unwrap();
        // A percentile of 4,000 draws is known to about 0.04 standard errors, and the mean of 200 is normal to about as much.
        assert!((found.low - (centre - 1.96 * error)).abs() < 0.15 * error, "{found:?}");
        assert!((found.high - (centre + 1.96 * error)).abs() < 0.15 * error, "{found:?}");
    }

    #[test]
    fn covers_as_often_as_it_says() {
        let mut dice = ChaCha8Rng::seed_from_u64(8);
        let covers = |trial: u64| {
            let values: Vec<f64> = (0..100).map(|_| StandardNormal.sample(&mut dice)).collect();
            let found = interval(100, 400, 0.9, Seed(trial), mean(&values)).unwrap();
            found.low <= 0.0 && 0.0 <= found.high
        };
        let covered = (0..600).map(covers).filter(|covers| *covers).count();
        // 540 of 600 expected; four standard errors are 29, and percentiles of 100 rows fall short by about one point.
        assert!((505..=569).contains(&covered), "{covered}");
    }

    #[test]
    fn every_draw_is_a_sample_of_all_rows() {
        let total = |counts: &[u32]| f64::from(counts.iter().sum::<u32>());
        assert!(distribution(37, 50, Seed(2), total).iter().all(|total| *total == 37.0));
        assert_ne!(
            distribution(37, 1, Seed(2), |c| f64::from(c[0])),
            distribution(37, 9, Seed(2), |c| f64::from(c[0]))
        );
    }

    #[test]
    fn the_same_at_any_thread_count() {
        let values: Vec<f64> = (0..3_000).map(|n| 1.0 / f64::from(n + 1)).collect();
        let results = [1, 2, 8].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| interval(3_000, 64, 0.9, Seed(3), mean(&values)).unwrap())
        });
        assert_eq!(results[0], results[1]);
        assert_eq!(results[0], results[2]);
    }

    #[test]
    fn draws_without_a_value_are_left_out_or_too_many() {
        let rarely = |counts: &[u32]| if counts[0] > 3 { f64::NAN } else { 1.0 };
        assert_eq!(interval(50, 500, 0.9, Seed(4), rarely), Some(Interval { low: 1.0, high: 1.0 }));
        // The one row with the outcome is missing in more than a third of the draws.
        let often = |counts: &[u32]| if counts[0] == 0 { f64::NAN } else { 1.0 };
        assert_eq!(interval(50, 500, 0.9, Seed(4), often), None);
        assert_eq!(interval(0, 500, 0.9, Seed(4), rarely), None);
        assert_eq!(interval(50, 0, 0.9, Seed(4), rarely), None);
        assert_eq!(interval(50, 500, 1.0, Seed(4), rarely), None);
    }
}
