//! Reads a file and converts every column to the type its profile suggests; prints how long each part took:
//! `cargo run --release --example throughput -- FILE`.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;
use std::time::Instant;

use mercer_source::{CellType, Kind, ReadOptions, convert, open, profile};

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: throughput FILE");
        return ExitCode::from(2);
    };
    match run(&path) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(error.kind().exit_code())
        }
    }
}

fn run(path: &str) -> mercer_base::Result<()> {
    let start = Instant::now();
    let found = profile(path, &ReadOptions::default(), None)?;
    println!("profile: {} rows in {:.2?}", found.rows, start.elapsed());

    let start = Instant::now();
    let mut reader = open(path, &found.dialect.to_options())?;
    let (mut rows, mut bad) = (0, 0);
    while let Some(batch) = reader.next_batch()? {
        rows += batch.lines.len();
        for (column, about) in batch.columns.iter().zip(&found.columns) {
            let to = match about.kind {
                Kind::Integer if about.format.strip_point_zero => CellType::Id,
                Kind::Integer => CellType::Integer,
                Kind::Decimal => CellType::Money,
                Kind::Timestamp => CellType::Timestamp,
                Kind::Bool => CellType::Bool,
                Kind::Text | Kind::Empty => CellType::Text,
            };
            bad += convert(column, to, &about.format).bad.len();
        }
    }
    println!("read and convert: {rows} rows, {bad} bad cells in {:.2?}", start.elapsed());
    Ok(())
}
