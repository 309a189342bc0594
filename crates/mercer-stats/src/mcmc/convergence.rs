//! Whether chains have come to the same distribution.

use super::chains::{Chains, Scores};

/// The rank-normalised split R̂: about 1 where all chains, and their halves, draw from the same distribution; above 1.01 they
/// should not be used. The larger of that of the bulk and that of the tails (draws folded at their median).
///
/// Needs at least two chains. Infinite where chains stand still at different values.
///
/// Source: Vehtari et al. (2021), sections 3 and 4.
#[must_use]
pub fn r_hat(chains: &[&[f64]]) -> f64 {
    if chains.len() < 2 {
        return f64::NAN;
    }
    Chains::halves(chains).map_or(f64::NAN, |halves| of_halves(&halves, None, &Scores::for_halves(chains)))
}

/// R̂ of chains already cut in halves, whose normal scores may be known.
pub(super) fn of_halves(halves: &Chains, scores: Option<&Chains>, table: &Scores) -> f64 {
    let bulk = scores.map_or_else(|| between_to_within(&halves.normal_scores(table)), between_to_within);
    bulk.max(between_to_within(&halves.folded().normal_scores(table)))
}

/// The root of all chains' variance over that within them (Gelman et al. 2013, Bayesian Data Analysis, 11.4).
fn between_to_within(chains: &Chains) -> f64 {
    let length = chains.length as f64;
    let moments: Vec<(f64, f64)> = chains.iter().map(mean_and_variance).collect();
    let (_, between) = mean_and_variance(&moments.iter().map(|chain| chain.0).collect::<Vec<f64>>());
    let within = moments.iter().map(|chain| chain.1).sum::<f64>() / moments.len() as f64;
    ((length * between / within + length - 1.0) / length).sqrt()
}

/// The mean of values, and their variance with one less than their number below.
pub(super) fn mean_and_variance(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    (mean, values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcmc::made_up::{SETS, close};

    #[test]
    fn agrees_with_arviz() {
        for set in &SETS {
            close(set.name, r_hat(&set.slices()), set.r_hat);
        }
    }

    #[test]
    fn chains_in_different_places_are_found() {
        assert!(r_hat(&[&[1.0; 8], &[2.0; 8]]).is_infinite());
        let (a, b) = ([0.1, -0.3, 0.2, 0.0, -0.1, 0.3, -0.2, 0.15], [9.8, 10.1, 10.2, 9.9, 10.0, 10.3, 9.7, 10.15]);
        assert!(r_hat(&[&a, &b]) > 1.5);
    }

    #[test]
    fn nothing_to_judge_gives_nan() {
        let draws = [0.1, 0.5, -0.3, 0.2];
        let cases: [&[&[f64]]; 5] =
            [&[], &[&draws], &[&[], &[]], &[&[1.0; 9], &[1.0; 9]], &[&draws, &[0.0, 1.0, f64::NAN, 2.0]]];
        for chains in cases {
            assert!(r_hat(chains).is_nan(), "{chains:?}");
        }
    }
}
