//! What the draws of Markov chains are worth in independent draws, and the Monte Carlo errors that follow.

use statrs::distribution::{Beta, ContinuousCDF};

use super::chains::{Chains, Scores};
use super::convergence::mean_and_variance;
use crate::quantile;

/// Normal probabilities one standard deviation off the middle.
const ONE_SIGMA: [f64; 2] = [0.158_655_3, 0.841_344_7];

/// Effective number of draws for the middle of the distribution: that of the mean of normal scores.
#[must_use]
pub fn ess_bulk(chains: &[&[f64]]) -> f64 {
    let table = Scores::for_halves(chains);
    Chains::halves(chains).map_or(f64::NAN, |halves| effective(halves.normal_scores(&table)))
}

/// Effective number of draws for the tails: the smaller of those of the 5 % and the 95 % quantile.
#[must_use]
pub fn ess_tail(chains: &[&[f64]]) -> f64 {
    let Some(halves) = Chains::halves(chains) else { return f64::NAN };
    tail(&halves, &sorted(chains))
}

/// Effective number of draws for the mean.
#[must_use]
pub fn ess_mean(chains: &[&[f64]]) -> f64 {
    Chains::halves(chains).map_or(f64::NAN, effective)
}

/// Effective number of draws for the standard deviation.
#[must_use]
pub fn ess_sd(chains: &[&[f64]]) -> f64 {
    let (mean, _) = moments(chains);
    Chains::halves(chains).map_or(f64::NAN, |halves| effective(halves.map(|value| (value - mean).powi(2))))
}

/// Effective number of draws for the quantile at `share`, between 0 and 1.
#[must_use]
pub fn ess_quantile(chains: &[&[f64]], share: f64) -> f64 {
    Chains::halves(chains).map_or(f64::NAN, |halves| below(&halves, quantile(&sorted(chains), share)))
}

/// Monte Carlo standard error of the mean, in the unit of the draws.
#[must_use]
pub fn mcse_mean(chains: &[&[f64]]) -> f64 {
    (moments(chains).1 / ess_mean(chains)).sqrt()
}

/// Monte Carlo standard error of the standard deviation, in the unit of the draws: by the delta method from that of the variance,
/// without assuming a normal distribution.
#[must_use]
pub fn mcse_sd(chains: &[&[f64]]) -> f64 {
    let Some(halves) = Chains::halves(chains) else { return f64::NAN };
    error_of_sd(chains, &halves, moments(chains).0)
}

/// Monte Carlo standard error of the quantile at `share`, in the unit of the draws: half the distance of the draws where the
/// effective draws put that quantile one standard deviation down and up (Vehtari et al. 2021, section 4.4).
#[must_use]
pub fn mcse_quantile(chains: &[&[f64]], share: f64) -> f64 {
    let effective = ess_quantile(chains, share);
    let Ok(spread) = Beta::new(effective * share + 1.0, effective * (1.0 - share) + 1.0) else { return f64::NAN };
    let sorted = sorted(chains);
    let last = sorted.len() as f64 - 1.0;
    let [low, high] = ONE_SIGMA.map(|probability| spread.inverse_cdf(probability) * sorted.len() as f64 - 1.0);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held between 0 and the last position")]
    let at = |position: f64| sorted.get(position.clamp(0.0, last) as usize).copied().unwrap_or(f64::NAN);
    0.5 * (at(high.ceil()) - at(low.floor()))
}

/// The smaller effective number of draws of the 5 % and the 95 % quantile of `sorted`.
pub(super) fn tail(halves: &Chains, sorted: &[f64]) -> f64 {
    below(halves, quantile(sorted, 0.05)).min(below(halves, quantile(sorted, 0.95)))
}

/// Monte Carlo standard error of the standard deviation of chains with this mean.
pub(super) fn error_of_sd(chains: &[&[f64]], halves: &Chains, mean: f64) -> f64 {
    let (mut count, mut second, mut fourth) = (0.0, 0.0, 0.0);
    for value in chains.iter().copied().flatten() {
        let square = (value - mean).powi(2);
        count += 1.0;
        second += square;
        fourth += square * square;
    }
    let (second, fourth) = (second / count, fourth / count);
    let draws = effective(halves.map(|value| (value - mean).powi(2)));
    (0.25 * (fourth - second * second) / draws / second).sqrt()
}

/// Mean and variance of all draws.
pub(super) fn moments(chains: &[&[f64]]) -> (f64, f64) {
    mean_and_variance(&chains.concat())
}

/// All draws in rising order.
pub(super) fn sorted(chains: &[&[f64]]) -> Vec<f64> {
    let mut values = chains.concat();
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// Effective number of draws for the share of draws at or below `limit`.
fn below(halves: &Chains, limit: f64) -> f64 {
    effective(halves.map(|value| f64::from(u8::from(value <= limit))))
}

/// Effective number of draws for the mean of chains: their number over the integrated autocorrelation, which is summed in pairs
/// of lags as long as the pairs are positive, and held to fall. All of them where every draw is the same.
///
/// Autocovariances are computed lag by lag as far as they are asked for: a few dozen as a rule, so that no Fourier transform pays.
///
/// Source: Geyer (1992), Practical Markov chain Monte Carlo, Statistical Science 7, 473–483; Vehtari et al. (2021), section 3.2.
pub(super) fn effective(mut chains: Chains) -> f64 {
    let (draws, length) = (chains.values.len() as f64, chains.length);
    if chains.values.iter().all(|value| Some(value) == chains.values.first()) {
        return draws;
    }
    let count = chains.count();
    let mut means = Vec::with_capacity(count);
    for chain in chains.values.chunks_exact_mut(length) {
        let mean = chain.iter().sum::<f64>() / length as f64;
        chain.iter_mut().for_each(|value| *value -= mean);
        means.push(mean);
    }
    let autocovariance = |lag: usize| chains.iter().map(|chain| lagged_product(chain, lag)).sum::<f64>() / draws;
    let within = autocovariance(0);
    let unbiased = within * length as f64 / (length as f64 - 1.0);
    let total = within + if count > 1 { mean_and_variance(&means).1 } else { 0.0 };
    let correlation = |lag: usize| 1.0 - (unbiased - autocovariance(lag)) / total;

    // The pair of lags 0 and 1, then 2 and 3, and so on. Of the last pair only the even lag counts, and once.
    let mut even = 1.0;
    let mut pair = even + correlation(1);
    let mut smallest = f64::INFINITY;
    let (mut sum, mut lag) = (0.0, 1);
    while lag + 3 < length && pair > 0.0 {
        smallest = pair.min(smallest);
        sum += smallest;
        even = correlation(lag + 1);
        pair = even + correlation(lag + 2);
        lag += 2;
    }
    // Chains that swing can be worth more than independent draws, but no more than by this factor.
    let time = (2.0 * sum - 1.0 + even.max(0.0)).max(1.0 / draws.log10());
    draws / time
}

/// Sum of the products of values `lag` apart, in eight sums that the processor can add at once.
fn lagged_product(values: &[f64], lag: usize) -> f64 {
    let (early, late) = (values.get(..values.len() - lag), values.get(lag..));
    let (early, late) = (early.unwrap_or_default(), late.unwrap_or_default());
    let mut sums = [0.0; 8];
    let (left, right) = (early.chunks_exact(8), late.chunks_exact(8));
    let rest: f64 = left.remainder().iter().zip(right.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in left.zip(right) {
        for ((sum, x), y) in sums.iter_mut().zip(a).zip(b) {
            *sum += x * y;
        }
    }
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcmc::made_up::{SETS, close};

    #[test]
    fn agrees_with_arviz() {
        for set in &SETS {
            let chains = set.slices();
            close(set.name, ess_bulk(&chains), set.ess_bulk);
            close(set.name, ess_tail(&chains), set.ess_tail);
            close(set.name, ess_mean(&chains), set.ess_mean);
            close(set.name, ess_sd(&chains), set.ess_sd);
            close(set.name, ess_quantile(&chains, 0.3), set.ess_quantile_30);
            close(set.name, mcse_mean(&chains), set.mcse_mean);
            close(set.name, mcse_sd(&chains), set.mcse_sd);
            close(set.name, mcse_quantile(&chains, 0.3), set.mcse_quantile_30);
            close(set.name, mcse_quantile(&chains, 0.975), set.mcse_quantile_975);
        }
    }

    #[test]
    fn nothing_to_judge_gives_nan() {
        let cases: [&[&[f64]]; 5] =
            [&[], &[&[]], &[&[2.0; 9]], &[&[0.0, 1.0, 2.0]], &[&[0.0, 1.0, f64::INFINITY, 2.0]]];
        for chains in cases {
            assert!(ess_bulk(chains).is_nan() && ess_tail(chains).is_nan() && ess_mean(chains).is_nan(), "{chains:?}");
            assert!(ess_sd(chains).is_nan() && mcse_mean(chains).is_nan() && mcse_sd(chains).is_nan(), "{chains:?}");
            assert!(ess_quantile(chains, 0.5).is_nan() && mcse_quantile(chains, 0.5).is_nan(), "{chains:?}");
        }
    }

    #[test]
    fn lagged_products_are_those_of_the_definition() {
        let values: Vec<f64> = (0..21).map(|n| f64::from(n * n % 7) - 2.5).collect();
        for lag in [0, 1, 5, 20] {
            let expected: f64 = values.iter().zip(&values[lag..]).map(|(a, b)| a * b).sum();
            assert!((lagged_product(&values, lag) - expected).abs() < 1e-12);
        }
    }
}
