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

impl fmt::Display for Measurement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} s wall, {:.2} s CPU, {:.0} MB", self.wall_seconds, self.cpu_seconds, self.peak_bytes / 1e6)
    }
}

/// Runs `command_line` under `bench/measure.py`, which asks the operating system what its child took. Gives what the child
/// printed on stdout too.
///
/// # Errors
/// The command fails, or the runner's report cannot be read.
pub(super) fn measure(
    python: &Path,
    root: &Path,
    work: &Path,
    command_line: &[String],
) -> Result<(Measurement, String)> {
    let report = work.join("measurement.json");
    let mut command = script(python, &root.join("bench").join("measure.py"));
    command.arg(&report).args(command_line);
    let printed = process::output(&mut command)?;
    let text = std::fs::read_to_string(&report).with_context(|| format!("cannot read {}", report.display()))?;
    let taken = serde_json::from_str(&text).with_context(|| format!("{} holds no measurement", report.display()))?;
    Ok((taken, printed))
}
