//! `mercer check`: what is wrong with the data, and which rows were refused.

use mercer_base::words::grouped;
use mercer_base::{Result, Seed};
use mercer_pipeline::{Limits, Project};

use super::print_json;
use crate::args::{Check, Global};
use crate::console::Console;

pub(crate) fn run(console: &Console, global: &Global, options: &Check) -> Result<()> {
    let limits = Limits::parse(global.threads, None)?;
    let check =
        Project::open(&global.project)?
            .with_seed(Seed(global.seed))
            .check(&limits, options.rows, &|words| console.step(words))?;
    console.done();
    if global.json {
        return print_json(&check);
    }
    let counts = |rows: &mercer_pipeline::RowCounts| {
        [rows.read, rows.accepted, rows.repeated, rows.quarantined].map(grouped).to_vec()
    };
    let mut rows: Vec<Vec<String>> = Vec::new();
    for source in &check.sources {
        let mut row = vec![source.name.clone(), source.rows_are.clone()];
        row.extend(counts(&source.rows));
        rows.push(row);
    }
    if rows.len() > 1 {
        let mut row = vec!["all".to_owned(), String::new()];
        row.extend(counts(&check.rows));
        rows.push(row);
    }
    console.say("Rows read = accepted + quarantined. Repeated ones are part of the accepted and count once.");
    console.gap();
    console.table(&["source", "rows are", "read", "accepted", "repeated", "quarantined"], rows, &[2, 3, 4, 5]);
    console.gap();
    if check.findings.is_empty() {
        console.say("Nothing to complain of.");
    }
    let findings = check.findings.iter().map(|finding| {
        let about = if finding.source.is_empty() { &finding.table } else { &finding.source };
        vec![finding.severity.name().to_owned(), about.clone(), finding.message.clone()]
    });
    console.table(&["", "about", "finding"], findings.collect(), &[]);
    if !check.refused.is_empty() {
        console.gap();
        let shown = check.refused.len() as u64;
        console.say(&format!(
            "Refused rows ({} of {}; `mercer query \"select * from quarantine\"` gives all):",
            grouped(shown),
            grouped(check.rows.quarantined)
        ));
        console.gap();
        let rows = check
            .refused
            .iter()
            .map(|row| vec![row.source.clone(), row.line.to_string(), row.reason.clone(), shortened(&row.row)]);
        console.table(&["source", "line", "why", "row"], rows.collect(), &[1]);
    }
    Ok(())
}

/// A row's values as far as one look takes them in; the quarantine table and `--json` have all.
fn shortened(row: &str) -> String {
    match row.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", row.get(..end).unwrap_or_default()),
        None => row.to_owned(),
    }
}
