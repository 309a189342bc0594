//! How good a model is: whether it foretells which journeys convert that it has not seen.

use mercer_base::Result;
use mercer_method::{Context, Evaluation, Intake};

use crate::input::Input;
use crate::model::Model;
use crate::params::Params;

/// Judges the method.
///
/// # Errors
/// Only where something is broken.
pub(crate) fn evaluate(
    _params: &Params,
    _model: &Model,
    _intake: &Intake<Input>,
    _context: &Context<'_>,
) -> Result<Evaluation> {
    Ok(Evaluation::too_little("not yet"))
}
