//! `mercer run`: read what is new, build, report.

use mercer_base::{Result, Seed};
use mercer_pipeline::{Limits, Project, RunOutcome};

use super::{grouped, print_json};
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
    let files = if outcome.files == 1 { "1 file".to_owned() } else { format!("{} files", grouped(outcome.files)) };
    console.say(&format!(
        "{} rows read from {files}: {} accepted{}, {} quarantined.\n",
        grouped(rows.read),
        grouped(rows.accepted),
        if rows.repeated > 0 {
            format!(" ({} of them repeat others and count once)", grouped(rows.repeated))
        } else {
            String::new()
        },
        grouped(rows.quarantined),
    ));
    let lines =
        outcome.headline.iter().map(|figure| vec![figure.label.clone(), figure.text.clone(), figure.note.clone()]);
    console.table(&["", "", ""], lines.collect(), &[1]);
    let warnings = outcome.findings.iter().filter(|finding| finding.is_alarming()).count();
    if warnings > 0 {
        let word = if warnings == 1 { "1 finding".to_owned() } else { format!("{warnings} findings") };
        console.say(&format!(
            "{word} about the data deserve a look: mercer check --project {}",
            outcome.project.display()
        ));
    }
    console.say(&format!("Report: {}", outcome.report.display()));
}
