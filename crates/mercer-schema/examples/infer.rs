//! Prints what `mercer init` would propose for files: `cargo run -p mercer-schema --example infer -- FILE…`.
#![allow(clippy::print_stdout)]

use mercer_schema::infer::{look, propose};
use mercer_source::{ReadOptions, profile};

fn main() -> mercer_base::Result<()> {
    let mut read = ReadOptions::default();
    let mut profiles = Vec::new();
    for argument in std::env::args().skip(1) {
        match argument.strip_prefix("--columns=") {
            Some(names) => read.columns = Some(names.split(',').map(str::to_owned).collect()),
            None => profiles.push(profile(&argument, &read, None)?),
        }
    }
    let mut proposal = propose(&profiles);
    let mut evidence = Vec::new();
    for source in &mut proposal.sources {
        source.spec.read = read.clone();
        evidence.push(look(&source.spec.files, &source.spec)?);
    }
    proposal.weigh(&evidence);
    for source in &proposal.sources {
        println!("\n{}: {} rows of {}", source.spec.name, source.rows, source.spec.rows_are.name());
        println!("  {:.2} {}", source.certainty, source.reason);
        for column in &source.columns {
            let other = column.runner_up.as_deref().unwrap_or("-");
            println!(
                "  {:20} {:.2} {:?}: {} (else {other})",
                column.field, column.certainty, column.columns, column.reason
            );
        }
        println!("  attributes {:?}", source.spec.attributes);
        for column in &source.unmapped {
            println!("  not read: {}: {} {:?}", column.column, column.reason, column.best_guess);
        }
        for question in &source.questions {
            println!("  CHECK {}", question.text);
        }
    }
    println!("\n{:#?}", proposal.rules);
    for reason in &proposal.rule_reasons {
        println!("  {}: {}", reason.rule, reason.reason);
    }
    println!("currency {:?}", proposal.currency);
    for left in &proposal.left_out {
        println!("left out {}: {}", left.file.display(), left.reason);
    }
    for warning in &proposal.warnings {
        println!("warning: {warning}");
    }
    Ok(())
}
