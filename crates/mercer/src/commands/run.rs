//! `mercer run`: read what is new, build, report.

use mercer_base::words::{agreeing, count, grouped};
use mercer_base::{Result, Seed};
use mercer_pipeline::{Limits, Project, RunOutcome};

use super::print_json;
use crate::args::{Global, Run};
use crate::console::Console;

pub(crate) fn run(console: &Console, global: &Global, options: &Run) -> Result<()> {
    let limits = Limits::parse(global.threads, None)?;
    let project = Project::open(&global.project)?.with_seed(Seed(global.seed));
    let outcome = project.run(&limits, options.force, &|words| console.step(words))?;
    console.done();
    if global.json {
        return print_json(&outcome);
    }
    print(console, &outcome);
    Ok(())
}

/// What a run came to, for a person.
pub(crate) fn print(console: &Console, outcome: &RunOutcome) {
    if !outcome.changed {
        console.say("Nothing changed since the last run.");
    }
    let rows = &outcome.rows;
    let repeated = match rows.repeated {
        0 => String::new(),
        1 => " (1 of them repeats another and counts once)".to_owned(),
        many => format!(" ({} of them repeat others and count once)", grouped(many)),
    };
    console.say(&format!(
        "{} read from {}: {} accepted{repeated}, {} quarantined.",
        count(rows.read, "row", "rows"),
        count(outcome.files, "file", "files"),
        grouped(rows.accepted),
        grouped(rows.quarantined),
    ));
    console.gap();
    let lines =
        outcome.headline.iter().map(|figure| vec![figure.label.clone(), figure.text.clone(), figure.note.clone()]);
    console.table(&[], lines.collect(), &[1]);
    console.gap();
    let warnings = outcome.findings.iter().filter(|finding| finding.is_alarming()).count() as u64;
    if warnings > 0 {
        console.say(&format!(
            "{} about the data {} a look: mercer check --project {}",
            count(warnings, "finding", "findings"),
            agreeing(warnings, "deserves", "deserve"),
            outcome.project.display()
        ));
    }
    console.say(&format!("Report: {}", outcome.report.display()));
}
