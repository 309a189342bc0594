//! From Shapley values to words: what drives the outcome on the whole, and why one row has the probability it has.
//!
//! A contribution is the Shapley value of a feature for a row, on the scale of the margin (log-odds, log-hazard): what knowing the
//! feature adds to the expected margin. Contributions come as one slice, row by row, a number a feature.

mod drivers;
mod interactions;
mod phrases;
mod related;
mod top;

pub(crate) use drivers::{Direction, Driver, Drivers, global};
pub(crate) use interactions::{Interaction, interactions};
pub(crate) use phrases::Phrasebook;
pub(crate) use top::{TopReasons, Toward, Which, top};

use mercer_base::{Error, Result};

/// How many rows there are.
///
/// # Errors
/// When the contributions are not whole rows.
fn rows_of(contributions: &[f64], features: usize) -> Result<usize> {
    match contributions.len().checked_div(features) {
        Some(rows) if rows * features == contributions.len() => Ok(rows),
        _ => Err(Error::internal(format!("{} contributions are no rows of {features} features", contributions.len()))),
    }
}
