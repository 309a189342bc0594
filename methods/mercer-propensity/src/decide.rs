//! From probabilities to decisions: whom to contact, what it brings, grades, and who looks like a given list.

mod deciles;
mod grades;
mod lookalike;
mod profit;
mod ranked;

pub use deciles::{Decile, deciles};
pub use grades::{Grade, GradeRow, Grades, Rule, grade_table};
pub use lookalike::{Capture, Hidden, Likeness, hide, likeness};
pub use profit::{Depth, Economics, ProfitCurve, ProfitPoint, profit};

use mercer_base::card::Unit;
use mercer_base::notation::Notation;

/// A share in a sentence: `12 %`.
fn percent(share: f64) -> String {
    Notation::new("").label(&Unit::Share, share)
}
