//! Starting the binary and looking at what came of it.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// What a finished process left.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The exit code; none where a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The command with its usual surroundings: no input, and words where a terminal would have a spinner.
pub(crate) fn command(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mercer"));
    command.args(args).stdin(Stdio::null()).env_remove("RUST_LOG").env_remove("RUST_BACKTRACE").env("COLUMNS", "100");
    command
}

/// Runs the binary to its end. Whatever it was given, it must not panic.
#[track_caller]
pub(crate) fn mercer(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Outcome {
    finished(&command(args).output().expect("the binary starts"))
}

/// What a process left, and that it did not panic.
#[track_caller]
pub(crate) fn finished(output: &Output) -> Outcome {
    let outcome = Outcome {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    };
    assert!(!outcome.stderr.contains("panicked at"), "{outcome:?}");
    outcome
}

impl Outcome {
    /// The words on both streams on one line each, so that where the terminal breaks lines does not matter.
    pub(crate) fn words(&self) -> String {
        format!("{} {}", self.stderr, self.stdout).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Checks that it ended well and gives what it printed.
    #[track_caller]
    pub(crate) fn printed(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.stdout
    }

    /// Checks that it ended well and reads what it printed as JSON.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        let text = self.printed();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
    }

    /// Checks that it ended with `code`, an error that holds each of `words`, and a mend.
    #[track_caller]
    pub(crate) fn refused(&self, code: i32, words: &[&str]) {
        if let Some(complaint) = self.complaint(code, words) {
            panic!("{complaint}");
        }
    }

    /// What is wrong with a refusal that should end with `code`, hold each of `words`, and say a mend.
    pub(crate) fn complaint(&self, code: i32, words: &[&str]) -> Option<String> {
        let said = self.words();
        // The argument parser has words of its own for the mend.
        let mend = ["try: ", "For more information", "tip: ", "Usage: "].iter().any(|start| said.contains(start));
        let missing: Vec<_> = words.iter().filter(|word| !said.contains(**word)).collect();
        if self.code == Some(code) && mend && missing.is_empty() {
            return None;
        }
        let mend = if mend { "" } else { ", no mend" };
        Some(format!("exit code {:?} (expected {code}), missing words {missing:?}{mend} in: {said}", self.code))
    }
}

/// Fails with all complaints of a table of cases at once.
#[track_caller]
pub(crate) fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "{} cases are wrong:\n{}", complaints.len(), complaints.join("\n"));
}

/// `mercer run` on a project.
#[track_caller]
pub(crate) fn run(project: &Path) -> Outcome {
    mercer([OsStr::new("run"), OsStr::new("--project"), project.as_os_str()])
}

/// `mercer run --json` on a project.
#[track_caller]
pub(crate) fn run_json(project: &Path) -> Value {
    mercer([OsStr::new("run"), OsStr::new("--json"), OsStr::new("--project"), project.as_os_str()]).json()
}

/// The rows of `mercer query --json`.
#[track_caller]
pub(crate) fn query(project: &Path, sql: &str) -> Vec<Value> {
    let project = project.as_os_str();
    let args = [OsStr::new("query"), OsStr::new(sql), OsStr::new("--json"), OsStr::new("--project"), project];
    match mercer(args).json() {
        Value::Array(rows) => rows,
        other => panic!("no array: {other}"),
    }
}

/// The values of the one row that a statement returns, in their order.
#[track_caller]
pub(crate) fn row(project: &Path, sql: &str) -> Vec<Value> {
    match query(project, sql).as_slice() {
        [Value::Object(row)] => row.values().cloned().collect(),
        other => panic!("not one row: {other:?}"),
    }
}

/// The one value that a statement returns.
#[track_caller]
pub(crate) fn value(project: &Path, sql: &str) -> Value {
    match row(project, sql).as_slice() {
        [value] => value.clone(),
        other => panic!("not one value: {other:?}"),
    }
}

/// Rows read, accepted, repeated and quarantined, as `run` and `check` report them; what is read must be accounted for.
#[track_caller]
pub(crate) fn counts(rows: &Value) -> [u64; 4] {
    let counts = ["read", "accepted", "repeated", "quarantined"].map(|name| rows[name].as_u64().expect(name));
    assert_eq!(counts[0], counts[1] + counts[3], "read = accepted + quarantined: {rows}");
    counts
}
