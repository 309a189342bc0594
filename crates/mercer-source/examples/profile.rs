//! Prints what a file holds: `cargo run --release --example profile -- FILE`.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: profile FILE");
        return ExitCode::from(2);
    };
    match mercer_source::profile(path, &mercer_source::ReadOptions::default(), None) {
        Ok(found) => {
            show(&found);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}\n  {}", error.hint().unwrap_or_default());
            ExitCode::from(error.kind().exit_code())
        }
    }
}

fn show(found: &mercer_source::FileProfile) {
    println!("{}: {:?}", found.path.display(), found.dialect.format);
    println!("  {}", found.dialect.notes.join(", "));
    println!("  {} rows, {} rejected, {} repaired", found.rows, found.rejected, found.repaired);
    for row in &found.rejected_examples {
        println!("    line {}: {}: {:.80}", row.line, row.reason, row.raw);
    }
    for column in &found.columns {
        let shape = column.looks_like.map(|shape| format!(" {shape:?}")).unwrap_or_default();
        let about = if column.distinct.exact { "" } else { "~" };
        println!(
            "  {:<28} {:?}{shape} filled {} empty {} missing {} distinct {about}{}{}",
            format!("{:.28}", column.name),
            column.kind,
            column.filled,
            column.empty,
            column.missing_words,
            column.distinct.count,
            if column.values_repeat_in_runs { " runs" } else { "" },
        );
        if let Some(numeric) = column.numeric {
            println!(
                "      {} to {}, mean {:.4}; {} negative, {} zero, {} fractional",
                numeric.min, numeric.max, numeric.mean, numeric.negative, numeric.zero, numeric.fractional
            );
        }
        if let Some(time) = column.time {
            println!("      {} to {} days since 1970, {time:?}", time.min / 86_400_000_000, time.max / 86_400_000_000);
        }
        if let Some(note) = &column.format_note {
            println!("      note: {note}");
        }
        println!("      {:?} {:?}", column.format, column.samples);
    }
}
