//! Tenths of the rows, from the highest probabilities down.

use mercer_base::Result;
use mercer_stats::wilson_interval;
use serde::{Deserialize, Serialize};

use super::ranked::Ranked;

const PARTS: usize = 10;

/// A tenth of the rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Decile {
    /// Which one: 1 has the highest probabilities.
    pub(crate) decile: u32,
    /// How many rows there are; decile sizes differ by one at the most.
    pub(crate) count: usize,
    /// Mean probability.
    pub(crate) mean_probability: f64,
    /// Rows with the outcome; not whole where rows of equal probability were parted.
    pub(crate) successes: f64,
    /// Share of the rows with the outcome.
    pub(crate) observed_rate: f64,
    /// Its 95 % interval (Wilson), lower and upper end.
    pub(crate) interval: (f64, f64),
    /// Observed rate divided by that of all rows; `None` where no row has the outcome.
    pub(crate) lift: Option<f64>,
    /// Share of all rows with the outcome that is in this decile or above; `None` where no row has it.
    pub(crate) cumulative_gain: Option<f64>,
}

/// Tenths of the rows by their probability; fewer parts where there are fewer than ten rows.
///
/// # Errors
/// When there are no rows, not as many probabilities as outcomes, or a probability is missing.
pub(crate) fn deciles(probabilities: &[f64], outcomes: &[bool]) -> Result<Vec<Decile>> {
    let ranked = Ranked::new(probabilities, outcomes)?;
    let (rows, positives) = (ranked.rows(), ranked.positives() as f64);
    let parts = PARTS.min(rows);
    let ends: Vec<usize> = (0..=parts).map(|part| part * rows / parts).collect();
    let tops = ranked.top(&ends.iter().map(|end| *end as f64).collect::<Vec<f64>>());
    let overall = positives / rows as f64;
    let defined = |value: f64| (positives > 0.0).then_some(value);
    let mut found = Vec::with_capacity(parts);
    for (decile, (end, top)) in (1_u32..).zip(ends.windows(2).zip(tops.windows(2))) {
        let ([start, end], [before, after]) = (end, top) else { continue };
        let count = end - start;
        let successes = after.with - before.with;
        let observed_rate = successes / count as f64;
        found.push(Decile {
            decile,
            count,
            mean_probability: (after.scores - before.scores) / count as f64,
            successes,
            observed_rate,
            interval: whole_interval(successes, count),
            lift: defined(observed_rate / overall),
            cumulative_gain: defined(after.with / positives),
        });
    }
    Ok(found)
}

/// The Wilson interval of a share whose count may not be whole.
pub(super) fn whole_interval(successes: f64, count: usize) -> (f64, f64) {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the count")]
    let whole = (successes.round().max(0.0) as u64).min(count as u64);
    wilson_interval(whole, count as u64, 0.95).map_or((0.0, 1.0), |interval| (interval.low, interval.high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_perfect_ranking_of_twenty_rows() {
        let probabilities: Vec<f64> = (0..20).map(|row| f64::from(20 - row) / 20.0).collect();
        let outcomes: Vec<bool> = (0..20).map(|row| row < 4).collect();
        let found = deciles(&probabilities, &outcomes).unwrap();
        assert_eq!(found.len(), 10);
        let lifts: Vec<f64> = found.iter().filter_map(|decile| decile.lift).collect();
        assert_eq!(lifts[..3], [5.0, 5.0, 0.0]);
        assert_eq!(found[1].cumulative_gain, Some(1.0));
        assert!((found[0].mean_probability - 0.975).abs() < 1e-12);
    }

    #[test]
    fn equal_probabilities_have_no_lift() {
        let outcomes: Vec<bool> = (0..100).map(|row| row < 30).collect();
        for decile in deciles(&[0.3; 100], &outcomes).unwrap() {
            assert_eq!((decile.count, decile.lift), (10, Some(1.0)));
        }
        assert_eq!(deciles(&[0.1; 3], &[false; 3]).unwrap()[2].lift, None);
    }

    proptest! {
        #[test]
        fn deciles_add_up(rows in prop::collection::vec((0_u8..12, any::<bool>()), 1..200)) {
            let probabilities: Vec<f64> = rows.iter().map(|row| f64::from(row.0) / 12.0).collect();
            let outcomes: Vec<bool> = rows.iter().map(|row| row.1).collect();
            let found = deciles(&probabilities, &outcomes).unwrap();
            prop_assert_eq!(found.iter().map(|decile| decile.count).sum::<usize>(), rows.len());
            let positives = outcomes.iter().filter(|outcome| **outcome).count() as f64;
            prop_assert!((found.iter().map(|decile| decile.successes).sum::<f64>() - positives).abs() < 1e-9);
            let sum: f64 = found.iter().map(|decile| decile.mean_probability * decile.count as f64).sum();
            prop_assert!((sum - probabilities.iter().sum::<f64>()).abs() < 1e-9);
            prop_assert!(found.windows(2).all(|pair| pair[0].mean_probability >= pair[1].mean_probability - 1e-12));
            let sizes = found.iter().map(|decile| decile.count);
            prop_assert!(sizes.clone().max().unwrap() - sizes.min().unwrap() <= 1);
            let mut reversed = rows;
            reversed.reverse();
            let probabilities: Vec<f64> = reversed.iter().map(|row| f64::from(row.0) / 12.0).collect();
            let outcomes: Vec<bool> = reversed.iter().map(|row| row.1).collect();
            prop_assert_eq!(found, deciles(&probabilities, &outcomes).unwrap());
        }
    }
}
