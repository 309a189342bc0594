//! `mercer init`: a folder of exports becomes a project.

use mercer_base::words::grouped;
use mercer_base::{Error, Result};
use mercer_pipeline::init::{InitOptions, InitOutcome, init};
use serde_json::json;

use super::print_json;
use crate::args::{Global, Init};
use crate::console::Console;

pub(crate) fn run(console: &Console, global: &Global, options: &Init) -> Result<()> {
    console.step("looking at the files");
    let wanted = InitOptions { columns: options.columns.clone(), force: options.force, name: options.name.clone() };
    std::fs::create_dir_all(&global.project).map_err(|cause| Error::io(&global.project, cause))?;
    let outcome = init(&global.project, &options.from, &wanted)?;
    console.done();
    if global.json {
        return print_json(&json(&outcome));
    }
    print(console, &outcome);
    console.say(&format!("Next: mercer run --project {}", global.project.display()));
    Ok(())
}

fn json(outcome: &InitOutcome) -> serde_json::Value {
    let sources: Vec<_> = outcome
        .sources
        .iter()
        .map(|source| {
            json!({
                "name": source.name, "files": source.files, "rows": source.rows, "rows_are": source.rows_are,
                "certainty": source.certainty, "reason": source.reason, "mapped": source.mapped,
                "attributes": source.attributes, "unmapped": source.unmapped,
            })
        })
        .collect();
    let left_out: Vec<_> =
        outcome.left_out.iter().map(|left| json!({ "file": left.file, "reason": left.reason })).collect();
    let questions: Vec<_> =
        outcome.questions.iter().map(|(about, question)| json!({ "about": about, "question": question })).collect();
    json!({
        "config_file": outcome.config_file, "sources": sources, "left_out": left_out,
        "warnings": outcome.warnings, "questions": questions,
    })
}

/// What was found, for a person.
pub(crate) fn print(console: &Console, outcome: &InitOutcome) {
    let rows = outcome.sources.iter().map(|source| {
        let files = match source.files.as_slice() {
            [file] => file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            files => format!("{} files", files.len()),
        };
        let certainty = format!("{:.0} %", source.certainty * 100.0);
        let columns =
            format!("{} of {}", source.mapped + source.attributes, source.mapped + source.attributes + source.unmapped);
        vec![source.name.clone(), files, grouped(source.rows), source.rows_are.name().to_owned(), certainty, columns]
    });
    console.table(&["source", "file", "rows", "a row is one of", "sure", "columns used"], rows.collect(), &[2, 4]);
    console.gap();
    for left in &outcome.left_out {
        console.say(&format!("Left out: {}: {}", left.file.display(), left.reason));
    }
    for warning in &outcome.warnings {
        console.say(&format!("Note: {warning}"));
    }
    for (about, question) in &outcome.questions {
        console.say(&format!("Please check: {about}: {question}"));
    }
    if !(outcome.left_out.is_empty() && outcome.warnings.is_empty() && outcome.questions.is_empty()) {
        console.gap();
    }
    console.say(&format!("Written: {}", outcome.config_file.display()));
}
