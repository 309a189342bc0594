//! From probabilities to decisions: whom to contact, what it brings, grades, and who looks like a given list.

mod deciles;
mod grades;
mod lookalike;
mod profit;
mod ranked;

pub(crate) use deciles::deciles;
pub(crate) use grades::{Grades, grade_table};
pub(crate) use lookalike::{Capture, Likeness, hide, likeness};
pub(crate) use profit::{Economics, ProfitCurve, profit};

use mercer_base::card::Unit;
use mercer_base::notation::Notation;

/// A share in a sentence: `12 %`.
fn percent(share: f64) -> String {
    Notation::new("").label(&Unit::Share, share)
}
