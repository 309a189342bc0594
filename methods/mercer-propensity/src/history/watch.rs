//! How long it lasts: from a cut-off until what a target asks about comes, or until nobody watches any more.

use super::History;
use super::targets::{LEAST_HISTORY, Standard};

/// Rows are watched for about so long at least, where the history allows it.
const LONG_WATCH: i32 = 365;

/// How long a customer was watched from a cut-off on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Watch {
    /// Days until the event is over, 1 for one on the cut-off itself; without an event days until the end of the data.
    pub(crate) days: f64,
    /// Whether the event ended it; otherwise the end of the data did, and what came later is not known (censored).
    pub(crate) event: bool,
}

impl Standard {
    /// Whether it can be asked when, not only whether.
    pub(crate) fn has_time(self) -> bool {
        self == Self::ContractEnd
    }
}

impl History {
    /// How long a customer of the population was watched from a cut-off on, in step with [`label`](Self::label): the event has
    /// come within a horizon where the days are no more than the horizon. `None` for targets without a time, for customers of
    /// whom it is not asked, and for cut-offs from the end of the data on.
    pub(crate) fn watch(&self, target: Standard, customer: u32, cutoff: i32) -> Option<Watch> {
        let watched = self.end().checked_sub(cutoff).filter(|days| *days > 0 && target.has_time())?;
        let until = self.covered_until(customer, cutoff)?;
        // An end on the cut-off takes a day, so that no time is 0. What is entered ahead lies beyond the end of the data.
        let days = until.saturating_sub(cutoff).saturating_add(1);
        Some(Watch { days: f64::from(days.min(watched)), event: days <= watched })
    }

    /// Cut-offs from which it is watched how long it lasts, the latest first, `most` at the most.
    ///
    /// The first one is a horizon before the end of the data, and held out, as in [`cutoffs`](Self::cutoffs). The others go back
    /// in equal steps of half a horizon at least, and so far that the first of them was watched for a year where the history
    /// allows it. Their windows may reach into the one that is judged: the judged model takes all that lasted until then as
    /// still lasting.
    pub(crate) fn cutoffs_to_watch(&self, horizon_days: i32, most: usize) -> Vec<i32> {
        let (Some(holdout), Some(earliest)) = (
            self.end().checked_sub(horizon_days).filter(|_| horizon_days > 0),
            self.first_day().checked_add(horizon_days.max(LEAST_HISTORY)),
        ) else {
            return Vec::new();
        };
        let steps = i32::try_from(most.saturating_sub(1)).unwrap_or(i32::MAX).max(1);
        let step = ((horizon_days + 1) / 2).max((LONG_WATCH + steps - 1) / steps);
        let cutoffs = std::iter::successors(Some(holdout), |cutoff| cutoff.checked_sub(step));
        cutoffs.take_while(|cutoff| *cutoff >= earliest).take(most).collect()
    }
}
