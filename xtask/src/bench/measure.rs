//! One measured run: wall time, CPU time and peak memory of a process and all it started.

use std::fmt;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::systems::script;
use crate::process;

/// What one run took.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub(super) struct Measurement {
    /// Seconds from start to end.
    pub(super) wall_seconds: f64,
    /// Seconds of processor time, user and system, over all threads.
    pub(super) cpu_seconds: f64,
    /// The most memory held at once, in bytes.
    pub(super) peak_bytes: f64,
}

impl Measurement {
    /// What two runs took, one after the other.
    fn then(self, next: Self) -> Self {
        Self {
            wall_seconds: self.wall_seconds + next.wall_seconds,
            cpu_seconds: self.cpu_seconds + next.cpu_seconds,
            peak_bytes: self.peak_bytes.max(next.peak_bytes),
        }
    }
}

impl fmt::Display for Measurement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} s wall, {:.2} s CPU, {:.0} MB", self.wall_seconds, self.cpu_seconds, self.peak_bytes / 1e6)
    }
}

/// Runs the command lines one after the other: what they took together, and what each printed, line by line.
///
/// # Errors
/// As [`measure`]; or there is no command line.
pub(super) fn measure_all(
    python: &Path,
    root: &Path,
    work: &Path,
    command_lines: &[Vec<String>],
) -> Result<(Measurement, String)> {
    let mut runs = command_lines.iter().map(|command_line| measure(python, root, work, command_line));
    let (mut taken, mut printed) = runs.next().context("there is no command to measure")??;
    for run in runs {
        let (next, text) = run?;
        taken = taken.then(next);
        printed.push('\n');
        printed.push_str(&text);
    }
    Ok((taken, printed))
}

/// Runs `command_line` under `bench/measure.py`, which asks the operating system what its child took. Gives what the child
/// printed on stdout too.
///
/// # Errors
/// The command fails, or the runner's report cannot be read.
fn measure(python: &Path, root: &Path, work: &Path, command_line: &[String]) -> Result<(Measurement, String)> {
    let report = work.join("measurement.json");
    let mut command = script(python, &root.join("bench").join("measure.py"));
    command.arg(&report).args(command_line);
    let printed = process::output(&mut command)?;
    let text = std::fs::read_to_string(&report).with_context(|| format!("cannot read {}", report.display()))?;
    let taken = serde_json::from_str(&text).with_context(|| format!("{} holds no measurement", report.display()))?;
    Ok((taken, printed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_in_a_row_add_their_times_and_keep_the_higher_peak() {
        let first = Measurement { wall_seconds: 1.0, cpu_seconds: 2.0, peak_bytes: 30.0 };
        let second = Measurement { wall_seconds: 0.5, cpu_seconds: 0.25, peak_bytes: 20.0 };
        let both = Measurement { wall_seconds: 1.5, cpu_seconds: 2.25, peak_bytes: 30.0 };
        assert_eq!(first.then(second), both);
        assert_eq!(second.then(first), both);
    }
}
