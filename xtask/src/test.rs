//! `cargo xtask test`: everything needed to trust the tree, as named steps with their time.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::{generate, process, tidy, workspace};

#[derive(Args)]
pub(crate) struct Options {
    /// Leaves out clippy and the documentation: the quick round while writing.
    #[arg(long)]
    fast: bool,
}

/// Where the reference data lies beside the checkout, if `MERCER_DATA` does not say otherwise.
const DATA_BESIDE: &str = "../shared/data";

/// Runs the steps in order and stops at the first that fails.
///
/// # Errors
/// A step failed, or `MERCER_DATA` names no folder.
pub(crate) fn run(options: &Options) -> Result<()> {
    let root = workspace::root();
    let mut steps = Steps::default();
    let data = data_root(&root)?;
    match &data {
        Some(folder) => println!("reference data: {}", folder.display()),
        None => steps.skipped.push(format!(
            "tests on real data, because there is neither MERCER_DATA nor {DATA_BESIDE} (MERCER_DATA=FOLDER runs them)"
        )),
    }

    // Quick steps first: what fails should fail early.
    steps.run("format", || process::run(process::cargo(&root).args(["fmt", "--all", "--check"])))?;
    steps.run("tidy", tidy::run)?;
    steps.run("generated pages", || generate::run(&generate::Options { check: true }))?;
    if options.fast {
        steps.skipped.push("clippy and documentation, because of --fast".into());
    } else {
        // Clippy and rustdoc share one set of checked dependencies; the tests share the demo's compiled ones.
        let clippy = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
        steps.run("clippy", || process::run(process::cargo(&root).args(clippy)))?;
        steps.run("documentation", || {
            let documentation = ["doc", "--workspace", "--no-deps", "--document-private-items", "--quiet"];
            process::run(process::cargo(&root).args(documentation).env("RUSTDOCFLAGS", "-D warnings"))
        })?;
    }
    let cargo_with_data = || {
        let mut cargo = process::cargo(&root);
        // Tests run in their own crates' folders, where a relative path would lead elsewhere.
        cargo.envs(data.iter().map(|folder| ("MERCER_DATA", folder)));
        cargo
    };
    if process::works(process::cargo(&root).args(["nextest", "--version"])) {
        steps
            .run("tests (cargo nextest)", || process::run(cargo_with_data().args(["nextest", "run", "--workspace"])))?;
    } else {
        println!("cargo-nextest is not installed; cargo test runs the same tests, more slowly");
        let tests = ["test", "--workspace", "--lib", "--bins", "--tests", "--examples"];
        steps.run("tests (cargo test)", || process::run(cargo_with_data().args(tests)))?;
    }
    if !options.fast {
        steps.run("documentation tests", || process::run(cargo_with_data().args(["test", "--workspace", "--doc"])))?;
    }
    if process::works(process::cargo(&root).args(["deny", "--version"])) {
        steps.run("licences and bans", || {
            process::run(process::cargo(&root).args(["deny", "check", "licenses", "bans", "sources"]))
        })?;
    } else {
        steps.skipped.push("licences and bans, because cargo-deny is not installed (cargo install cargo-deny)".into());
    }
    steps.finish();
    Ok(())
}

/// The steps taken so far.
#[derive(Default)]
struct Steps {
    done: Vec<(&'static str, Duration)>,
    skipped: Vec<String>,
}

impl Steps {
    fn run(&mut self, name: &'static str, step: impl FnOnce() -> Result<()>) -> Result<()> {
        println!("\n── {name}");
        let started = Instant::now();
        let outcome = step();
        let time = started.elapsed();
        self.done.push((name, time));
        println!("── {name}: {} after {}", if outcome.is_ok() { "ok" } else { "FAILED" }, seconds(time));
        outcome.with_context(|| format!("the step \"{name}\" failed"))
    }

    fn finish(&self) {
        println!();
        for (name, time) in &self.done {
            println!("{:>8}  {name}", seconds(*time));
        }
        println!("{:>8}  in all: everything passed", seconds(self.done.iter().map(|(_, time)| *time).sum()));
        for skipped in &self.skipped {
            println!("skipped: {skipped}");
        }
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// The full path of the folder of reference data, or `None` where this machine has none.
fn data_root(root: &Path) -> Result<Option<PathBuf>> {
    let Some(folder) = std::env::var_os("MERCER_DATA").map(PathBuf::from) else {
        return Ok(root.join(DATA_BESIDE).canonicalize().ok().filter(|folder| folder.is_dir()));
    };
    if !folder.is_dir() {
        bail!("MERCER_DATA is {}, which is no folder", folder.display());
    }
    Ok(Some(folder.canonicalize()?))
}
