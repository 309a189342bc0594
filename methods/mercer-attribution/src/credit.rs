//! What a model answers: credit by touch, which adds up to credit by channel.

use mercer_stats::parallel::sum_over_rows;
use serde::{Deserialize, Serialize};

use crate::paths::Paths;

/// Credit of one model.
///
/// Two sums always hold (to rounding). By channel: `conversions[c]` is what its touches earned over all paths plus
/// `unplaced_conversions[c]`. In all: the channels' conversions and `baseline_conversions` are the conversions there were. So
/// what the touches of the paths do not share out is `baseline_conversions` plus the sum of `unplaced_conversions`. The same
/// for value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Credit {
    /// Share of its path's conversions by touch, aligned with `Paths::touches`. The shares of a path and what no touch earned
    /// add up to 1; 0 for paths without conversions. Negative only where a model says that a touch did harm.
    pub(crate) shares: Vec<f64>,
    /// The same for the value, where the model divides it in another way than the conversions.
    pub(crate) value_shares: Option<Vec<f64>>,
    /// Conversions by channel.
    pub(crate) conversions: Vec<f64>,
    /// Value of conversions by channel.
    pub(crate) value: Vec<f64>,
    /// Part of `conversions` that no path carries, by channel: the model joins parts of journeys to journeys that nobody walked
    /// ("recombined journeys"), and a channel may earn more by them than the journeys have that it was on.
    pub(crate) unplaced_conversions: Vec<f64>,
    /// The same of value.
    pub(crate) unplaced_value: Vec<f64>,
    /// Conversions that no channel earned: those of paths without touches, and what the model says would have come anyway.
    pub(crate) baseline_conversions: f64,
    /// Their value.
    pub(crate) baseline_value: f64,
}

impl Credit {
    /// Credit all of which stands on paths: channels get what their touches have, and the rest is nobody's.
    pub(crate) fn from_shares(paths: &Paths, shares: Vec<f64>, value_shares: Option<Vec<f64>>) -> Self {
        let none = vec![0.0; paths.channels.len()];
        Self::with_unplaced(paths, shares, value_shares, none.clone(), none)
    }

    /// Credit of which a part, by channel, stands on no path.
    pub(crate) fn with_unplaced(
        paths: &Paths,
        shares: Vec<f64>,
        value_shares: Option<Vec<f64>>,
        unplaced_conversions: Vec<f64>,
        unplaced_value: Vec<f64>,
    ) -> Self {
        let of_value = value_shares.as_deref().unwrap_or(&shares);
        let mut conversions = placed(paths, &shares, &paths.conversions);
        let mut value = placed(paths, of_value, &paths.value);
        for (total, part) in conversions.iter_mut().zip(&unplaced_conversions) {
            *total += part;
        }
        for (total, part) in value.iter_mut().zip(&unplaced_value) {
            *total += part;
        }
        // What is left after rounding only is nothing.
        let rest = |all: f64, credited: &[f64]| {
            let rest = all - credited.iter().sum::<f64>();
            if rest.abs() <= 1e-12 * all.abs() { 0.0 } else { rest }
        };
        let baseline_conversions = rest(paths.total_conversions(), &conversions);
        let baseline_value = rest(paths.total_value(), &value);
        Self {
            shares,
            value_shares,
            conversions,
            value,
            unplaced_conversions,
            unplaced_value,
            baseline_conversions,
            baseline_value,
        }
    }

    /// Share of its path's value by touch, aligned with `Paths::touches`.
    pub(crate) fn shares_of_value(&self) -> &[f64] {
        self.value_shares.as_deref().unwrap_or(&self.shares)
    }
}

/// What the touches of each channel have of `amounts` (conversions or value by path), all paths together.
pub(crate) fn placed(paths: &Paths, shares: &[f64], amounts: &[f64]) -> Vec<f64> {
    sum_over_rows(paths.len(), paths.channels.len(), |range, sums| {
        for path in range.filter(|path| amounts[*path] != 0.0) {
            for touch in paths.range(path) {
                sums[paths.touches[touch] as usize] += amounts[path] * shares[touch];
            }
        }
    })
}

/// Checks what [`Credit`] promises, to `1e-9` of the totals.
#[cfg(test)]
#[track_caller]
pub(crate) fn assert_adds_up(paths: &Paths, credit: &Credit) {
    let check = |shares: &[f64], amounts: &[f64], totals: &[f64], unplaced: &[f64], baseline: f64| {
        let all: f64 = amounts.iter().sum();
        let tolerance = 1e-9 * all.max(1.0);
        let mut by_channel = unplaced.to_vec();
        let mut rest = 0.0;
        for (path, amount) in amounts.iter().enumerate() {
            let touches = paths.range(path);
            let of_path: f64 = shares[touches.clone()].iter().sum();
            assert!(of_path <= 1.0 + 1e-9, "path {path} shares out {of_path}");
            rest += amount * (1.0 - of_path);
            touches.for_each(|touch| by_channel[paths.touches[touch] as usize] += amount * shares[touch]);
        }
        for (channel, (sum, total)) in by_channel.iter().zip(totals).enumerate() {
            assert!((sum - total).abs() <= tolerance, "channel {channel}: {sum} by path, {total} in all");
        }
        assert!(
            (totals.iter().sum::<f64>() + baseline - all).abs() <= tolerance,
            "{totals:?} + {baseline} is not {all}"
        );
        assert!(
            (unplaced.iter().sum::<f64>() + baseline - rest).abs() <= tolerance,
            "{unplaced:?} + {baseline} is not {rest}"
        );
        assert!(unplaced.iter().all(|part| *part >= 0.0) && baseline >= -tolerance);
    };
    check(
        &credit.shares,
        &paths.conversions,
        &credit.conversions,
        &credit.unplaced_conversions,
        credit.baseline_conversions,
    );
    check(credit.shares_of_value(), &paths.value, &credit.value, &credit.unplaced_value, credit.baseline_value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made_up::paths;

    #[test]
    fn channels_get_what_their_touches_have() {
        let all = paths(&["a > b;2;10;3", "b > b;1;4;0", ";1;7;0", "a;0;0;5"]);
        let credit = Credit::from_shares(&all, vec![0.25, 0.5, 0.5, 0.5, 0.0], None);
        assert_eq!(credit.conversions, [0.5, 2.0]);
        assert_eq!(credit.value, [2.5, 9.0]);
        // A quarter of the two conversions of the first path, and the path without a touch.
        assert_eq!((credit.baseline_conversions, credit.baseline_value), (1.5, 9.5));
        assert_adds_up(&all, &credit);
    }
}
