//! The commands: each reads its flags, calls the pipeline, prints the outcome.

pub(crate) mod check;
pub(crate) mod demo;
pub(crate) mod export;
pub(crate) mod init;
pub(crate) mod method;
pub(crate) mod query;
pub(crate) mod report;
pub(crate) mod run;

use serde::Serialize;

/// Prints a result for machines.
pub(crate) fn print_json(value: &impl Serialize) -> mercer_base::Result<()> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|cause| mercer_base::Error::internal(format!("result as JSON: {cause}")))?;
    crate::console::print_line(&text);
    Ok(())
}
