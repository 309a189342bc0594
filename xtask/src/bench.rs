//! `cargo xtask bench NAME`: mercer beside its peers on the same input, in one interleaved run.
//!
//! A bench is a folder `bench/NAME/` with `bench.toml` (inputs, and how each system is called), `requirements.txt` (pinned
//! peers), `generate.py` (writes the simulated input), `peer_*.py` (one per peer) and `compare.py` (reads all outputs and
//! fails where they differ).

mod definition;
mod measure;
mod systems;
mod table;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::{process, workspace};
use definition::{Definition, Input, Source, fill};
use measure::Measurement;
use systems::{MERCER, System};
use table::Row;

#[derive(Args)]
pub(crate) struct Options {
    /// A folder under bench/, such as customer360.
    name: String,
    /// Size of the generated input; 1 is the size of the published table.
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// How often each system runs; the table shows medians.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    repetitions: u16,
    /// Threads that each system may use.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    threads: u16,
    /// Runs only these systems, such as duckdb,polars; prints the tables and leaves bench/README.md as it is.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Takes only these of the bench's inputs.
    #[arg(long, value_delimiter = ',')]
    inputs: Vec<String>,
}

/// The published table is of this size; smaller ones are printed only.
const PUBLISHED_SCALE: f64 = 1.0;
const README: &str = "bench/README.md";
/// Where the reference data is, unless this variable says so, as for the tests: beside the checkout.
const DATA_VARIABLE: &str = "MERCER_DATA";
const DATA_FOLDER: &str = "../shared/data";

/// The folders and programs of one bench.
struct Bench<'a> {
    options: &'a Options,
    definition: Definition,
    root: PathBuf,
    /// `bench/NAME`.
    folder: PathBuf,
    /// Where everything goes that is made on the way.
    work: PathBuf,
    python: PathBuf,
    systems: Vec<System>,
}

/// What became of one system.
#[derive(Default)]
struct Record {
    taken: Vec<Measurement>,
    /// Why it failed; it is not run again.
    failure: Option<String>,
}

/// Measures the systems of one bench on each of its inputs and writes its tables.
///
/// # Errors
/// The bench does not exist, a tool is missing, mercer fails, or the outputs differ.
pub(crate) fn run(options: &Options) -> Result<()> {
    let root = workspace::root();
    let folder = root.join("bench").join(&options.name);
    if !folder.join("generate.py").is_file() {
        bail!("there is no bench {}; `ls bench` shows them", options.name);
    }
    let definition = Definition::read(&folder)?;
    definition.inputs(&options.inputs)?;
    let target = workspace::load()?.target;
    let work = target.join("bench").join(&options.name);
    let python = systems::virtual_environment(&folder, &work)?;
    let systems = systems::find(&root, &target, &folder, &python, &options.only)?;
    let bench = Bench { options, definition, root, folder, work, python, systems };
    for input in bench.definition.inputs(&options.inputs)? {
        let table = input.table(&options.name);
        match bench.prepare(input).with_context(|| table.clone())? {
            Some((path, about)) => bench.measure(input, &path, &about).with_context(|| table)?,
            None => println!(
                "skipped {table}: its reference data is missing; name the folder of reference data in {DATA_VARIABLE}"
            ),
        }
    }
    Ok(())
}

impl Bench<'_> {
    /// The input's path and what is in it; `None` where its reference data is missing.
    fn prepare(&self, input: &Input) -> Result<Option<(PathBuf, String)>> {
        let (path, about) = match input.source() {
            Source::Generated(file) => {
                let (tables, rows) = self.generated()?;
                // An empty file name stands for the folder itself, and joining it would add a slash.
                let path = if file.as_os_str().is_empty() { tables } else { tables.join(file) };
                let about = if input.about.is_empty() {
                    format!("{rows} (scale {})", self.options.scale)
                } else {
                    input.about.clone()
                };
                (path, about)
            }
            Source::Reference(file) => (self.data().join(file), input.about.clone()),
        };
        if !path.exists() {
            return Ok(None);
        }
        warm(&path)?;
        Ok(Some((path, about)))
    }

    /// The folder of reference data, whether or not it is there.
    fn data(&self) -> PathBuf {
        std::env::var_os(DATA_VARIABLE).map_or_else(|| self.root.join(DATA_FOLDER), PathBuf::from)
    }

    /// The folder that `generate.py` fills and what is in it; made anew where the generator, the scale or the place of the
    /// reference data changed.
    fn generated(&self) -> Result<(PathBuf, String)> {
        let scale = self.options.scale;
        let script = self.folder.join("generate.py");
        let source = std::fs::read_to_string(&script).with_context(|| format!("cannot read {}", script.display()))?;
        let data = self.data();
        let wanted = format!("{source}\nreference data in {}, there: {}", data.display(), data.exists());
        let tables = self.work.join(format!("scale-{scale}"));
        let contents = self.work.join(format!("scale-{scale}.txt"));
        once(&self.work.join(format!("scale-{scale}.stamp")), &wanted, || {
            println!("generating the input at scale {scale}");
            let mut generate = systems::script(&self.python, &script);
            generate.env(DATA_VARIABLE, &data);
            let rows = process::output(generate.arg("--tables").arg(&tables).args(["--scale", &scale.to_string()]))?;
            std::fs::write(&contents, rows).with_context(|| format!("cannot write {}", contents.display()))
        })?;
        let rows = std::fs::read_to_string(&contents).with_context(|| format!("cannot read {}", contents.display()))?;
        Ok((tables, rows))
    }

    /// Runs all systems on one input, has the outputs judged, and prints or writes the table.
    fn measure(&self, input: &Input, path: &Path, about: &str) -> Result<()> {
        let outputs = self.work.join("outputs").join(&input.name);
        // What an earlier run left must neither be scored nor save a peer the time to compile.
        if outputs.exists() {
            std::fs::remove_dir_all(&outputs).with_context(|| format!("cannot empty {}", outputs.display()))?;
        }
        std::fs::create_dir_all(&outputs).with_context(|| format!("cannot make {}", outputs.display()))?;
        let mut values = input.values();
        values.insert("input".into(), path.display().to_string());
        values.insert("threads".into(), self.options.threads.to_string());

        let records = self.interleaved(input, &outputs, &values)?;
        let done: Vec<(&System, &Record)> = self.systems.iter().zip(&records).collect();
        let worked = done.iter().filter(|(_, record)| record.failure.is_none());
        let verdict = process::output(
            systems::script(&self.python, &self.folder.join("compare.py"))
                .args(fill(&self.definition.compare, &self.folder, &values)?)
                .args(worked.map(|(system, _)| output_of(system, &outputs))),
        );
        let verdict = verdict.context("the scorer does not agree with the outputs; no table is written")?;
        println!("{verdict}");
        let rows: Vec<Row> = done.iter().filter_map(|(system, record)| row(system, record)).collect();
        let text = table::render(&rows, &self.caption(about, &done, &verdict));
        println!("\n{text}");
        self.publish(input, &text)
    }

    /// Runs every system as often as the others and in turn. A peer that fails is left out from then on.
    fn interleaved(&self, input: &Input, outputs: &Path, values: &BTreeMap<String, String>) -> Result<Vec<Record>> {
        let mut records: Vec<Record> = self.systems.iter().map(|_| Record::default()).collect();
        for repetition in 0..usize::from(self.options.repetitions) {
            // Each repetition starts with another system, so that none always follows the same one.
            for turn in 0..self.systems.len() {
                let index = (repetition + turn) % self.systems.len();
                let (Some(system), Some(record)) = (self.systems.get(index), records.get_mut(index)) else { continue };
                if record.failure.is_some() {
                    continue;
                }
                match self.one_run(system, input, outputs, values).with_context(|| system.title()) {
                    Ok(measurement) => {
                        println!("{:>16}  {measurement}", system.name);
                        record.taken.push(measurement);
                    }
                    Err(error) if system.name == MERCER => return Err(error),
                    Err(error) => {
                        println!("{:>16}  failed: {error:#}", system.name);
                        record.failure = Some(reason(&format!("{error:#}")).into());
                    }
                }
            }
        }
        Ok(records)
    }

    /// One run; what the system printed is left beside its output, for the scorer.
    fn one_run(
        &self,
        system: &System,
        input: &Input,
        outputs: &Path,
        values: &BTreeMap<String, String>,
    ) -> Result<Measurement> {
        let output = output_of(system, outputs);
        let mut values = values.clone();
        values.insert("output".into(), output.display().to_string());
        let commands = if system.name == MERCER {
            self.definition.mercer(input, &self.folder, &values)?
        } else {
            vec![fill(&self.definition.peer, &self.folder, &values)?]
        };
        let lines: Vec<Vec<String>> = commands.into_iter().map(|arguments| system.command_line(arguments)).collect();
        let (measurement, printed) = measure::measure_all(&self.python, &self.root, &self.work, &lines)?;
        let stdout = output.with_extension("stdout");
        std::fs::write(&stdout, printed).with_context(|| format!("cannot write {}", stdout.display()))?;
        Ok(measurement)
    }

    /// Writes the table into the page, where it is one of all systems at full size.
    fn publish(&self, input: &Input, text: &str) -> Result<()> {
        let full_size = (self.options.scale - PUBLISHED_SCALE).abs() < f64::EPSILON;
        if !self.options.only.is_empty() || !full_size {
            println!("{README} is as it was: it holds tables of all systems at scale {PUBLISHED_SCALE} only");
            return Ok(());
        }
        let path = self.root.join(README);
        let page = std::fs::read_to_string(&path).with_context(|| format!("cannot read {README}"))?;
        std::fs::write(&path, table::replace(&page, &input.table(&self.options.name), text)?)
            .with_context(|| format!("cannot write {README}"))?;
        println!("wrote the table into {README}");
        Ok(())
    }

    /// What a reader must know about the figures.
    fn caption(&self, about: &str, done: &[(&System, &Record)], verdict: &str) -> String {
        let mut describe = Command::new("git");
        let commit = process::output(describe.current_dir(&self.root).args(["describe", "--always", "--dirty"]));
        let commit = commit.unwrap_or_else(|_| "unknown".into());
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let processor = processor.lines().find_map(|line| line.strip_prefix("model name")?.split(':').nth(1));
        let processor = processor.unwrap_or("processor unknown").trim();
        let failed = |(system, record): &(&System, &Record)| {
            record.failure.as_ref().map(|failure| format!(" {} failed: {failure}.", system.name))
        };
        // The scorer's first line is its verdict; tables of its own may follow.
        let (verdict, tables) = verdict.split_at(verdict.find('\n').unwrap_or(verdict.len()));
        let failures: String = done.iter().filter_map(failed).collect();
        format!(
            "Input: {about}. {} threads each; medians of {} interleaved runs, the least and the most in brackets; \
             {cores} cores ({processor}); commit {commit}.{failures} Scorer: {verdict}.{tables}",
            self.options.threads, self.options.repetitions
        )
    }
}

/// A system's line of the table; `None` where it neither ran nor failed.
fn row(system: &System, record: &Record) -> Option<Row> {
    match record.failure {
        Some(_) => Some(Row::failed(&system.title())),
        None => Row::of(&system.title(), &record.taken),
    }
}

/// Where a system writes its result.
fn output_of(system: &System, outputs: &Path) -> PathBuf {
    outputs.join(format!("{}.parquet", system.name))
}

/// The line in which a program that failed says why, as Python does; how it ended where it said nothing.
fn reason(text: &str) -> &str {
    let last = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    // The command line itself names files of this machine.
    last.rsplit_once("` ").map_or(last, |(_, end)| end).trim_end_matches(':')
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

/// Reads the input (a file, or a folder of files) once, so that nobody pays for a cold disk.
fn warm(input: &Path) -> Result<()> {
    if input.is_file() {
        std::fs::read(input).with_context(|| format!("cannot read {}", input.display()))?;
        return Ok(());
    }
    for entry in std::fs::read_dir(input).with_context(|| format!("cannot read {}", input.display()))? {
        warm(&entry?.path())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_told_by_its_last_line_or_its_end() {
        assert_eq!(
            reason("`python a.py` failed (exit status: 1): Traceback:\n  in f\nValueError: x\n\n"),
            "ValueError: x"
        );
        assert_eq!(reason("a 1: `python a.py` failed (exit status: 247): "), "failed (exit status: 247)");
        assert_eq!(reason(""), "");
    }

    #[test]
    fn every_bench_of_the_project_can_be_called() {
        let mut called = 0;
        for entry in std::fs::read_dir(workspace::root().join("bench")).unwrap() {
            let folder = entry.unwrap().path();
            if !folder.is_dir() {
                continue;
            }
            let definition = Definition::read(&folder).unwrap();
            for input in definition.inputs(&[]).unwrap() {
                let mut values = input.values();
                values.extend(["input", "output", "threads"].map(|name| (name.to_owned(), format!("<{name}>"))));
                let mercer = definition.mercer(input, &folder, &values).unwrap().concat();
                let peer = fill(&definition.peer, &folder, &values).unwrap();
                for filled in [mercer, peer] {
                    for value in ["<input>", "<output>", "<threads>"] {
                        assert!(filled.iter().any(|argument| argument.contains(value)), "{filled:?} lacks {value}");
                    }
                    called += 1;
                }
                fill(&definition.compare, &folder, &values).unwrap();
            }
        }
        assert!(called > 0, "no bench was found");
    }

    #[test]
    fn work_is_done_once_for_the_same_wish() {
        let folder = std::env::temp_dir().join(format!("xtask-once-{}", std::process::id()));
        let stamp = folder.join("stamp");
        let mut done = 0;
        for wanted in ["a", "a", "b"] {
            once(&stamp, wanted, || {
                done += 1;
                Ok(())
            })
            .unwrap();
        }
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(done, 2);
    }
}
