//! What makes a model's figures worth believing: features that know the outcome, data that moved away from what was learnt,
//! groups that are treated differently, and whether the past still predicts the present.

mod cells;
mod drift;
mod groups;
mod joint;
mod leaks;
mod names;
mod time;

#[cfg(test)]
mod real_data;

pub(crate) use drift::{Drift, Movement, drift};
pub(crate) use groups::{Measured, groups};
pub(crate) use leaks::{Level, Scope, Suspect, leaks};
pub(crate) use time::{Judged, TimeCheck, time};

use mercer_base::card::Unit;
use mercer_base::notation::Notation;

/// A share in a sentence: `12 %`.
fn percent(share: f64) -> String {
    Notation::new("").label(&Unit::Share, share)
}
