//! Findings for the report.

use mercer_base::Result;
use mercer_method::{Context, Findings, Known};

use crate::Propensity;

pub(crate) fn report(_known: &Known<'_, Propensity>, _context: &Context<'_>) -> Result<Findings> {
    Ok(Findings::default())
}
