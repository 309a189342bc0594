//! What makes a model's figures worth believing: features that know the outcome, data that moved away from what was learnt,
//! groups that are treated differently, and whether the past still predicts the present.

mod cells;
mod drift;
mod groups;
mod joint;
mod leaks;
mod time;

#[cfg(test)]
mod real_data;

pub use drift::{Drift, Movement, drift};
pub use groups::{Gap, Group, GroupComparison, Measured, groups};
pub use leaks::{Evidence, Level, Moments, Scope, Sign, Suspect, leaks};
pub use time::{Judged, TimeCheck, time};

use mercer_base::card::Unit;
use mercer_base::notation::Notation;

/// A share in a sentence: `12 %`.
fn percent(share: f64) -> String {
    Notation::new("").label(&Unit::Share, share)
}
