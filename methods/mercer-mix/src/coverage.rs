//! Whether 90 % intervals held so few of the periods not seen that they cannot be believed.

use statrs::distribution::{Binomial, DiscreteCDF};

/// Share of outcomes that the intervals promise to hold.
const PROMISED: f64 = 0.9;
/// Share held from which a shortfall is no reason to refuse, however sure it is: of thousands of outcomes any model's is.
const FAR_BELOW: f64 = 0.8;
/// Chance of so few at which the shortfall counts as real: at most so often is a model refused whose intervals are right.
const LEVEL: f64 = 0.05;

/// Chance that intervals which each hold 90 % would hold no more than `held` of `judged` outcomes: the exact one-sided binomial test
/// (Clopper & Pearson 1934), which takes the outcomes to be independent. `None` of no outcomes or more held than judged.
pub(crate) fn chance_of_so_few(held: u64, judged: u64) -> Option<f64> {
    if judged == 0 || held > judged {
        return None;
    }
    Some(Binomial::new(PROMISED, judged).ok()?.cdf(held))
}

/// Whether a share of outcomes held, with the chance of so few, is far below what was promised.
pub(crate) fn is_far_below(share: f64, chance: f64) -> bool {
    share < FAR_BELOW && chance < LEVEL
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(held: u64, judged: u64) -> bool {
        is_far_below(held as f64 / judged as f64, chance_of_so_few(held, judged).unwrap())
    }

    /// By hand: of one outcome none is held with chance 0.1; of two at most one with 1 - 0.81; of three none with 0.001.
    #[test]
    fn the_chance_is_the_binomial_one() {
        for (held, judged, chance) in [(0, 1, 0.1), (1, 2, 0.19), (0, 3, 0.001), (3, 3, 1.0)] {
            let found = chance_of_so_few(held, judged).unwrap();
            // statrs takes it from the incomplete beta function, to some ten digits.
            assert!((found - chance).abs() < 1e-9, "{held} of {judged}: {found}");
        }
        assert_eq!(chance_of_so_few(0, 0), None);
        assert_eq!(chance_of_so_few(4, 3), None);
    }

    /// P(at most 5 of 8) = 1 - 28 0.9^6 0.1^2 - 8 0.9^7 0.1 - 0.9^8 = 0.038; P(at most 6 of 8) = 0.187.
    #[test]
    fn few_outcomes_refuse_only_what_chance_does_not_explain() {
        assert!(is_refused(5, 8) && !is_refused(6, 8));
        assert!(is_refused(0, 26) && !is_refused(24, 26));
    }

    #[test]
    fn a_small_shortfall_of_many_outcomes_is_no_refusal() {
        assert!(chance_of_so_few(8_500, 10_000).unwrap() < 1e-6);
        assert!(!is_refused(8_500, 10_000) && is_refused(7_500, 10_000));
    }

    /// What the level promises: intervals that are right are refused in at most one of twenty companies, whatever the number judged.
    #[test]
    fn sound_intervals_are_seldom_refused() {
        for judged in 8..=200 {
            let refused = (0..=judged).filter(|held| is_refused(*held, judged)).max();
            let chance = refused.map_or(0.0, |held| chance_of_so_few(held, judged).unwrap());
            assert!(chance < LEVEL, "{judged}: {chance}");
        }
    }
}
