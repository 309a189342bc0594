//! `mercer report`: the report again, from what was read last.

use mercer_base::Result;
use mercer_pipeline::{Limits, Project};

use super::print_json;
use crate::args::Global;
use crate::console::Console;

pub(crate) fn run(console: &Console, global: &Global) -> Result<()> {
    let limits = Limits::parse(global.threads, None)?;
    let path = Project::open(&global.project)?.write_report(&limits)?;
    if global.json {
        return print_json(&serde_json::json!({ "report": path }));
    }
    console.say(&format!("Report: {}", path.display()));
    Ok(())
}
