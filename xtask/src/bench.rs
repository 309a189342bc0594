//! `cargo xtask bench NAME`: mercer beside its peers on one generated input, in one interleaved run.
//!
//! A bench is a folder `bench/NAME/` with `requirements.txt` (pinned peers), `generate.py` (writes the input),
//! `peer_*.py` (one per peer), `mercer.sql` and `compare.py` (reads all outputs and fails where they differ).

mod measure;
mod table;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::{process, workspace};
use measure::Measurement;
use table::Row;

#[derive(Args)]
pub(crate) struct Options {
    /// A folder under bench/, such as customer360.
    name: String,
    /// Size of the input; 1 is the size of the published table.
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// How often each system runs; the table shows medians.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    repetitions: u16,
    /// Threads that each system may use.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    threads: u16,
    /// Runs only these systems, such as duckdb,polars; prints the table and leaves bench/README.md as it is.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

/// The published table is of this size; smaller ones are printed only.
const PUBLISHED_SCALE: f64 = 1.0;
const MERCER: &str = "mercer";
const README: &str = "bench/README.md";

/// One system under measurement.
struct System {
    name: String,
    version: String,
    program: PathBuf,
    /// Arguments before those that every system takes.
    arguments: Vec<String>,
    /// Arguments after them.
    last: Vec<String>,
}

impl System {
    /// The whole command line: `PROGRAM … --tables DIR --parquet FILE --threads N …`.
    fn command_line(&self, tables: &Path, output: &Path, threads: u16) -> Vec<String> {
        let path = |path: &Path| path.display().to_string();
        let shared = [
            "--tables".into(),
            path(tables),
            "--parquet".into(),
            path(output),
            "--threads".into(),
            threads.to_string(),
        ];
        std::iter::once(path(&self.program))
            .chain(self.arguments.clone())
            .chain(shared)
            .chain(self.last.clone())
            .collect()
    }
}

/// Measures the systems of one bench and writes its table.
///
/// # Errors
/// The bench does not exist, a tool is missing, a system fails, or the outputs differ.
pub(crate) fn run(options: &Options) -> Result<()> {
    let root = workspace::root();
    let folder = root.join("bench").join(&options.name);
    if !folder.join("generate.py").is_file() {
        bail!("there is no bench {}; `ls bench` shows them", options.name);
    }
    let target = workspace::load()?.target;
    let work = target.join("bench").join(&options.name);
    let python = virtual_environment(&folder, &work)?;
    let systems = systems(&root, &target, &folder, &python, &options.only)?;
    let (tables, input) = input(&folder, &work, &python, options.scale)?;
    warm(&tables)?;

    let outputs = work.join("outputs");
    std::fs::create_dir_all(&outputs).with_context(|| format!("cannot make {}", outputs.display()))?;
    let output = |system: &System| outputs.join(format!("{}.parquet", system.name));
    let mut measurements: Vec<Vec<Measurement>> = systems.iter().map(|_| Vec::new()).collect();
    for repetition in 0..usize::from(options.repetitions) {
        // Each repetition starts with another system, so that none always follows the same one.
        for turn in 0..systems.len() {
            let index = (repetition + turn) % systems.len();
            let (Some(system), Some(taken)) = (systems.get(index), measurements.get_mut(index)) else { continue };
            let command_line = system.command_line(&tables, &output(system), options.threads);
            let measurement =
                measure::measure(&python, &root, &work, &command_line).with_context(|| system.name.clone())?;
            println!("{:>10}  {measurement}", system.name);
            taken.push(measurement);
        }
    }

    let verdict =
        process::output(Command::new(&python).arg(folder.join("compare.py")).args(systems.iter().map(output)));
    let verdict = verdict.context("the outputs differ; no table is written")?;
    println!("{verdict}");
    let rows: Vec<Row> = systems
        .iter()
        .zip(&measurements)
        .filter_map(|(system, taken)| Row::of(&format!("{} {}", system.name, system.version), taken))
        .collect();
    let text = table::render(&rows, &caption(&root, options, &input, &verdict));
    println!("\n{text}");
    if options.only.is_empty() && (options.scale - PUBLISHED_SCALE).abs() < f64::EPSILON {
        let path = root.join(README);
        let page = std::fs::read_to_string(&path).with_context(|| format!("cannot read {README}"))?;
        std::fs::write(&path, table::replace(&page, &options.name, &text)?)
            .with_context(|| format!("cannot write {README}"))?;
        println!("wrote the table into {README}");
    } else {
        println!("{README} is as it was: it holds tables of all systems at scale {PUBLISHED_SCALE} only");
    }
    Ok(())
}

/// Mercer's release binary (built here) and the peers, each found by its script.
fn systems(root: &Path, target: &Path, folder: &Path, python: &Path, only: &[String]) -> Result<Vec<System>> {
    let pins = std::fs::read_to_string(folder.join("requirements.txt")).context("cannot read requirements.txt")?;
    let wanted = |name: &str| only.is_empty() || only.iter().any(|one| one == name);
    let mut systems = Vec::new();
    if wanted(MERCER) {
        process::run(process::cargo(root).args(["build", "--release", "--package", MERCER]))?;
        let query = std::fs::read_to_string(folder.join("mercer.sql")).context("cannot read mercer.sql")?;
        systems.push(System {
            name: MERCER.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            program: target.join("release").join(format!("{MERCER}{}", std::env::consts::EXE_SUFFIX)),
            arguments: vec!["query".into(), "--one-pass".into()],
            last: vec![query],
        });
    }
    let mut scripts: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        scripts.push(entry?.path());
    }
    scripts.sort();
    for script in scripts {
        let peer = script.file_name().and_then(|name| name.to_str()?.strip_prefix("peer_")?.strip_suffix(".py"));
        let Some(peer) = peer.filter(|peer| wanted(peer)) else { continue };
        let Some(version) = pinned(&pins, peer) else {
            bail!("{peer} has a script but no pin in requirements.txt; add `{peer}==VERSION`");
        };
        let (name, version) = (peer.to_owned(), version.to_owned());
        let arguments = vec![script.display().to_string()];
        systems.push(System { name, version, program: python.into(), arguments, last: Vec::new() });
    }
    if let Some(unknown) = only.iter().find(|name| !systems.iter().any(|system| system.name == **name)) {
        bail!("{unknown} is no system of this bench");
    }
    Ok(systems)
}

/// The version that `requirements.txt` pins for a package.
fn pinned<'a>(requirements: &'a str, package: &str) -> Option<&'a str> {
    requirements.lines().find_map(|line| line.trim().strip_prefix(package)?.strip_prefix("==")).map(str::trim)
}

/// The Python of the bench's own virtual environment, made anew where the pins changed.
fn virtual_environment(folder: &Path, work: &Path) -> Result<PathBuf> {
    let pins = folder.join("requirements.txt");
    let wanted = std::fs::read_to_string(&pins).with_context(|| format!("cannot read {}", pins.display()))?;
    let environment = work.join("venv");
    let python = environment.join("bin").join("python");
    once(&environment.join("installed"), &wanted, || {
        let made = process::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment));
        made.context("cannot make a virtual environment; the bench needs python3 with its venv module")?;
        let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
        process::run(Command::new(&python).args(install).arg(&pins)).context("cannot install the peers")
    })?;
    Ok(python)
}

/// The input's folder and what is in it, generated where the generator or the scale changed.
fn input(folder: &Path, work: &Path, python: &Path, scale: f64) -> Result<(PathBuf, String)> {
    let script = folder.join("generate.py");
    let source = std::fs::read_to_string(&script).with_context(|| format!("cannot read {}", script.display()))?;
    let tables = work.join(format!("scale-{scale}"));
    let contents = work.join(format!("scale-{scale}.txt"));
    once(&work.join(format!("scale-{scale}.stamp")), &source, || {
        println!("generating the input at scale {scale}");
        let rows = process::output(
            Command::new(python).arg(&script).arg("--tables").arg(&tables).args(["--scale", &scale.to_string()]),
        )?;
        std::fs::write(&contents, rows).with_context(|| format!("cannot write {}", contents.display()))
    })?;
    let rows = std::fs::read_to_string(&contents).with_context(|| format!("cannot read {}", contents.display()))?;
    Ok((tables, rows))
}

/// Does `work` unless it was done before for the same `wanted`, which `stamp` remembers.
fn once(stamp: &Path, wanted: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    if std::fs::read_to_string(stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    let folder = stamp.parent().context("a stamp lies in a folder")?;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    work()?;
    std::fs::write(stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}

/// Reads the input once, so that nobody pays for a cold disk.
fn warm(tables: &Path) -> Result<()> {
    for entry in std::fs::read_dir(tables).with_context(|| format!("cannot read {}", tables.display()))? {
        std::fs::read(entry?.path()).context("cannot read the input")?;
    }
    Ok(())
}

/// What a reader must know about the figures.
fn caption(root: &Path, options: &Options, input: &str, verdict: &str) -> String {
    let commit = process::output(Command::new("git").current_dir(root).args(["describe", "--always", "--dirty"]));
    let commit = commit.unwrap_or_else(|_| "unknown".into());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = processor.lines().find_map(|line| line.strip_prefix("model name")?.split(':').nth(1));
    let processor = processor.unwrap_or("processor unknown").trim();
    format!(
        "Input: {input} (scale {}). {} threads each; medians of {} interleaved runs, the least and the most in brackets; \
         {cores} cores ({processor}); commit {commit}. Scorer: {verdict}.",
        options.scale, options.threads, options.repetitions
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_read_by_package() {
        let requirements = "# peers\nduckdb==2.0.0\npolars-extra==9\npolars==2.1.0 \n";
        assert_eq!(pinned(requirements, "duckdb"), Some("2.0.0"));
        assert_eq!(pinned(requirements, "polars"), Some("2.1.0"));
        assert_eq!(pinned(requirements, "pandas"), None);
    }

    #[test]
    fn every_system_takes_the_same_arguments_and_mercer_its_query_last() {
        let system = System {
            name: MERCER.into(),
            version: "0.1.0".into(),
            program: "mercer".into(),
            arguments: vec!["query".into()],
            last: vec!["SELECT 1".into()],
        };
        let line = system.command_line(Path::new("in"), Path::new("out.parquet"), 2);
        assert_eq!(line.join(" "), "mercer query --tables in --parquet out.parquet --threads 2 SELECT 1");
    }
}
