//! Everything that is told of a quantity's draws, at once and for many quantities.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::chains::{Chains, Scores};
use super::{convergence, effective};
use crate::Interval;

/// What is told of the draws of one quantity.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Mean of all draws.
    pub mean: f64,
    /// Their standard deviation.
    pub sd: f64,
    /// Monte Carlo standard error of the mean.
    pub mcse_mean: f64,
    /// Monte Carlo standard error of the standard deviation.
    pub mcse_sd: f64,
    /// Effective number of draws in the middle of the distribution.
    pub ess_bulk: f64,
    /// Effective number of draws in its tails.
    pub ess_tail: f64,
    /// Rank-normalised split R̂; `NaN` of one chain.
    pub r_hat: f64,
}

/// What is told of the draws of one quantity, chain by chain; mean and standard deviation stand also where the chains cannot be
/// judged and the rest is `NaN`.
#[must_use]
pub fn summarise(chains: &[&[f64]]) -> Summary {
    with_scores(chains, &Scores::for_halves(chains))
}

/// What is told of each of `quantities`, in their order, of `chains` chains of `draws` draws each: `fill` writes the draws of
/// (quantity, chain).
pub fn summarise_all(
    quantities: usize,
    chains: usize,
    draws: usize,
    fill: impl Fn(usize, usize, &mut [f64]) + Sync,
) -> Vec<Summary> {
    let scores = Scores::new(draws / 2 * 2 * chains);
    (0..quantities)
        .into_par_iter()
        .map_init(
            || vec![0.0; chains * draws],
            |values, quantity| {
                for (chain, part) in values.chunks_exact_mut(draws.max(1)).enumerate() {
                    fill(quantity, chain, part);
                }
                with_scores(&values.chunks_exact(draws.max(1)).collect::<Vec<&[f64]>>(), &scores)
            },
        )
        .collect()
}

fn with_scores(chains: &[&[f64]], table: &Scores) -> Summary {
    let (mean, variance) = effective::moments(chains);
    let sd = variance.sqrt();
    let Some(halves) = Chains::halves(chains) else {
        let nan = f64::NAN;
        return Summary { mean, sd, mcse_mean: nan, mcse_sd: nan, ess_bulk: nan, ess_tail: nan, r_hat: nan };
    };
    let scores = halves.normal_scores(table);
    Summary {
        mean,
        sd,
        mcse_mean: sd / effective::effective(halves.clone()).sqrt(),
        mcse_sd: effective::error_of_sd(chains, &halves, mean),
        ess_tail: effective::tail(&halves, &effective::sorted(chains)),
        r_hat: if chains.len() < 2 { f64::NAN } else { convergence::of_halves(&halves, Some(&scores), table) },
        ess_bulk: effective::effective(scores),
    }
}

/// The shortest interval that holds `share` of the draws, which should have one peak. `NaN` at both ends without draws, with a draw
/// that is not a number, or with a share outside `(0, 1)`.
///
/// Source: Chen & Shao (1999), Monte Carlo estimation of Bayesian credible and HPD intervals, JCGS 8, 69–92.
#[must_use]
pub fn highest_density_interval(values: &[f64], share: f64) -> Interval {
    let none = Interval { low: f64::NAN, high: f64::NAN };
    if values.is_empty() || !(share > 0.0 && share < 1.0) || values.iter().any(|value| value.is_nan()) {
        return none;
    }
    let sorted = effective::sorted(&[values]);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length")]
    let within = (share * sorted.len() as f64) as usize;
    let shortest = sorted
        .iter()
        .zip(sorted.iter().skip(within))
        .min_by(|(low, high), (other_low, other_high)| (*high - *low).total_cmp(&(*other_high - *other_low)));
    shortest.map_or(none, |(low, high)| Interval { low: *low, high: *high })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcmc::made_up::{SETS, close};

    #[test]
    fn a_summary_is_its_parts() {
        for set in &SETS {
            let chains = set.slices();
            let summary = summarise(&chains);
            close(set.name, summary.r_hat, set.r_hat);
            close(set.name, summary.ess_bulk, set.ess_bulk);
            close(set.name, summary.ess_tail, set.ess_tail);
            close(set.name, summary.mcse_mean, set.mcse_mean);
            close(set.name, summary.mcse_sd, set.mcse_sd);
            let many = summarise_all(3, chains.len(), chains[0].len(), |quantity, chain, values| {
                let shift = |(value, draw): (&mut f64, &f64)| *value = draw * (quantity as f64 + 1.0);
                values.iter_mut().zip(chains[chain]).for_each(shift);
            });
            assert_eq!(many[0].mean.to_bits(), summary.mean.to_bits());
            close(set.name, many[2].mcse_mean, 3.0 * set.mcse_mean);
            close(set.name, many[1].ess_bulk, set.ess_bulk);
        }
        let still = summarise(&[&[2.0; 10], &[2.0; 10]]);
        assert_eq!((still.mean, still.sd), (2.0, 0.0));
        assert!(still.r_hat.is_nan() && still.ess_bulk.is_nan() && still.mcse_mean.is_nan());
    }

    #[test]
    fn the_shortest_interval_agrees_with_arviz() {
        for set in &SETS {
            let interval = highest_density_interval(&set.slices().concat(), 0.9);
            close(set.name, interval.low, set.hdi_90[0]);
            close(set.name, interval.high, set.hdi_90[1]);
        }
        // Of five values the two closest neighbours but one: floor(0.5 · 5) = 2 steps apart.
        let interval = highest_density_interval(&[9.0, 1.0, 2.0, 4.0, 2.5], 0.5);
        assert_eq!((interval.low, interval.high), (1.0, 2.5));
        assert!(highest_density_interval(&[], 0.9).low.is_nan());
        assert!(highest_density_interval(&[1.0, f64::NAN], 0.9).high.is_nan());
    }

    #[test]
    fn thread_counts_do_not_show() {
        let set = &SETS[0];
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                summarise_all(20, 4, 250, |quantity, chain, values| {
                    values.copy_from_slice(set.slices()[chain]);
                    values.rotate_left(quantity);
                })
            })
        };
        assert_eq!(run(1), run(2));
        assert_eq!(run(1), run(8));
    }
}
