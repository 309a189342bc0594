//! Draws from the distributions the world is made of; every draw comes from a named, numbered seed.

use mercer_base::Seed;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Distribution, Exp1, Gamma, Poisson, StandardNormal};

use crate::number;

/// The generator behind every draw: portable, so that a seed means the same bytes on every machine.
pub(crate) type Dice = ChaCha8Rng;

/// The dice of `part` for one chunk: adding a draw to one part never moves another part or chunk.
pub(crate) fn dice(seed: Seed, part: &str, chunk: u64) -> Dice {
    ChaCha8Rng::seed_from_u64(seed.split(part).nth(chunk).0)
}

/// True with probability `share`; a share outside 0..=1 counts as the nearer end.
pub(crate) fn chance(dice: &mut impl Rng, share: f64) -> bool {
    dice.random::<f64>() < share
}

/// Uniform between `low` and `high`.
pub(crate) fn between(dice: &mut impl Rng, low: f64, high: f64) -> f64 {
    low + (high - low) * dice.random::<f64>()
}

/// A whole number from `low` to `high`, both included.
pub(crate) fn whole(dice: &mut impl Rng, low: i64, high: i64) -> i64 {
    dice.random_range(low..=high.max(low))
}

/// One item of `items`, each as likely; `None` of an empty slice.
pub(crate) fn one_of<'a, T>(dice: &mut impl Rng, items: &'a [T]) -> Option<&'a T> {
    if items.is_empty() { None } else { items.get(dice.random_range(0..items.len())) }
}

/// Index drawn in proportion to `weights` (negative ones count as zero); 0 where all are zero.
pub(crate) fn weighted(dice: &mut impl Rng, weights: impl Iterator<Item = f64> + Clone) -> usize {
    let total: f64 = weights.clone().map(|weight| weight.max(0.0)).sum();
    let mut left = dice.random::<f64>() * total;
    let mut last = 0;
    for (index, weight) in weights.enumerate() {
        if weight > 0.0 {
            last = index;
            left -= weight;
            if left < 0.0 {
                break;
            }
        }
    }
    last
}

/// Index drawn in proportion to the steps of a running total, in logarithmic time.
pub(crate) fn from_running_total(dice: &mut impl Rng, running: &[f64]) -> usize {
    let target = dice.random::<f64>() * running.last().copied().unwrap_or(0.0);
    running.partition_point(|&total| total <= target).min(running.len().saturating_sub(1))
}

/// The running total of `weights`, for [`from_running_total`].
pub(crate) fn running_total(weights: impl Iterator<Item = f64>) -> Vec<f64> {
    weights
        .scan(0.0, |total, weight| {
            *total += weight.max(0.0);
            Some(*total)
        })
        .collect()
}

/// Gamma with this shape and rate (mean `shape / rate`); the mean itself where the parameters are out of range.
pub(crate) fn gamma(dice: &mut impl Rng, shape: f64, rate: f64) -> f64 {
    Gamma::new(shape, 1.0 / rate).map_or(shape / rate, |gamma| gamma.sample(dice))
}

/// Exponential with this rate (mean `1 / rate`); never where the rate is zero.
pub(crate) fn exponential(dice: &mut impl Rng, rate: f64) -> f64 {
    let unit: f64 = Exp1.sample(dice);
    if rate > 0.0 { unit / rate } else { f64::INFINITY }
}

/// Normal with this mean and standard deviation.
pub(crate) fn normal(dice: &mut impl Rng, mean: f64, deviation: f64) -> f64 {
    let unit: f64 = StandardNormal.sample(dice);
    mean + deviation * unit
}

/// Poisson count with this mean; zero where the mean is not positive.
pub(crate) fn poisson(dice: &mut impl Rng, mean: f64) -> u32 {
    Poisson::new(mean).map_or(0, |poisson| number::count(poisson.sample(dice)))
}

/// Beta with these parameters; the mean where they are out of range.
pub(crate) fn beta(dice: &mut impl Rng, a: f64, b: f64) -> f64 {
    Beta::new(a, b).map_or(a / (a + b), |beta| beta.sample(dice))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(draw: impl FnMut() -> f64) -> f64 {
        std::iter::repeat_with(draw).take(20_000).sum::<f64>() / 20_000.0
    }

    #[test]
    fn means_are_as_stated() {
        // Tolerances are about four standard errors of a mean over 20,000 draws.
        let dice = &mut dice(Seed(1), "test", 0);
        assert!((mean(|| gamma(dice, 3.0, 6.0)) - 0.5).abs() < 0.01);
        assert!((mean(|| exponential(dice, 4.0)) - 0.25).abs() < 0.01);
        assert!((mean(|| f64::from(poisson(dice, 1.5))) - 1.5).abs() < 0.04);
        assert!((mean(|| beta(dice, 1.0, 3.0)) - 0.25).abs() < 0.01);
        assert!((mean(|| normal(dice, 2.0, 1.0)) - 2.0).abs() < 0.03);
    }

    #[test]
    fn weights_are_obeyed_and_zero_weights_never_drawn() {
        let dice = &mut dice(Seed(2), "test", 0);
        let weights = [0.0, 3.0, 1.0, 0.0];
        let running = running_total(weights.iter().copied());
        let mut slow = [0_u32; 4];
        let mut fast = [0_u32; 4];
        for _ in 0..20_000 {
            slow[weighted(dice, weights.iter().copied())] += 1;
            fast[from_running_total(dice, &running)] += 1;
        }
        for counts in [slow, fast] {
            assert_eq!((counts[0], counts[3]), (0, 0));
            // 15,000 expected, standard deviation 61.
            assert!(counts[1].abs_diff(15_000) < 300, "{counts:?}");
        }
    }

    #[test]
    fn parts_and_chunks_have_their_own_dice() {
        let first = |part, chunk| dice(Seed(3), part, chunk).random::<u64>();
        assert_eq!(first("orders", 0), first("orders", 0));
        assert_ne!(first("orders", 0), first("orders", 1));
        assert_ne!(first("orders", 0), first("events", 0));
    }
}
