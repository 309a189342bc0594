//! A project folder: opened, run, checked, asked, reported.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Component, Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use mercer_base::{Error, Result, Seed};
use mercer_lake::{EngineOptions, Finding, ParquetTable, Reader, RowCounts, Store, UpdateRequest, Updated};
use mercer_metrics::Definitions;
use mercer_registry::{AnyMethod, Tables};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::config::{ByteSize, ProjectConfig};
use crate::methods::{self, ProjectMethods};
use crate::{figures, reporting};

/// Memory that queries may hold before they spill, where nobody says otherwise.
const DEFAULT_MEMORY: usize = 1 << 30;

/// Snapshots that stay readable.
const SNAPSHOTS_KEPT: usize = 5;

/// How much of the machine a command may use, as far as the command line says.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// Threads; all cores where not given.
    pub threads: Option<NonZeroUsize>,
    /// Bytes that queries may hold; the project's setting where not given.
    pub memory: Option<u64>,
    /// Plan statements as one pass over sorted tables: least work and memory, one thread.
    pub one_pass: bool,
}

impl Limits {
    /// From what was typed, such as `512 MB`.
    ///
    /// # Errors
    /// When the size is not an amount of memory.
    pub fn parse(threads: Option<NonZeroUsize>, memory: Option<&str>) -> Result<Self> {
        let memory = memory.map(str::parse::<ByteSize>).transpose()?.map(|size| size.0);
        Ok(Self { threads, memory, one_pass: false })
    }

    fn engine(&self, config: Option<&ProjectConfig>) -> EngineOptions {
        let configured = config.map(|config| &config.engine);
        let threads = self.threads.or_else(|| configured.and_then(|engine| engine.threads));
        let memory = self.memory.or_else(|| configured.and_then(|engine| engine.memory).map(|size| size.0));
        EngineOptions {
            threads: threads.map(NonZeroUsize::get),
            memory: memory.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(DEFAULT_MEMORY),
            one_pass: self.one_pass,
            spill: None,
        }
    }
}

/// A project: its folder and its configuration.
#[derive(Debug, Clone)]
pub struct Project {
    folder: PathBuf,
    config: ProjectConfig,
    definitions: Definitions,
    seed: Seed,
}

/// What a run came to.
#[derive(Debug, Clone, Serialize)]
pub struct RunOutcome {
    /// The project's folder.
    pub project: PathBuf,
    /// Number of the snapshot that is the newest now.
    pub snapshot: u64,
    /// Whether there was anything to do.
    pub changed: bool,
    /// Input files.
    pub files: u64,
    /// Rows by what became of them.
    pub rows: RowCounts,
    /// The figures that matter, over all of the data.
    pub headline: Vec<Figure>,
    /// What was found in the data.
    pub findings: Vec<Finding>,
    /// Where the report is.
    pub report: PathBuf,
}

/// A figure with its name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// Name for machines.
    pub name: String,
    /// Name for people.
    pub label: String,
    /// The value as a number, where there is one.
    pub value: Option<f64>,
    /// The value as people read it, with its unit.
    pub text: String,
    /// A qualification.
    pub note: String,
}

/// The data-quality report.
#[derive(Debug, Clone, Serialize)]
pub struct CheckOutcome {
    /// Rows of all sources.
    pub rows: RowCounts,
    /// Rows by source.
    pub sources: Vec<CheckedSource>,
    /// What was found, the gravest first.
    pub findings: Vec<Finding>,
    /// Some of the refused rows.
    pub refused: Vec<RefusedRow>,
}

/// A source and what became of its rows.
#[derive(Debug, Clone, Serialize)]
pub struct CheckedSource {
    /// Its name.
    pub name: String,
    /// What a row of it is.
    pub rows_are: String,
    /// Its rows.
    pub rows: RowCounts,
}

/// A refused row.
#[derive(Debug, Clone, Serialize)]
pub struct RefusedRow {
    /// Its source.
    pub source: String,
    /// Its file.
    pub file: String,
    /// Its line.
    pub line: i64,
    /// Why it was refused.
    pub reason: String,
    /// What it held.
    pub row: String,
}

impl Project {
    /// Opens the project in a folder.
    ///
    /// # Errors
    /// When there is no `mercer.toml`, or it or `metrics.toml` is wrong.
    pub fn open(folder: &Path) -> Result<Self> {
        let config = ProjectConfig::load(folder)?;
        let own = folder.join("metrics.toml");
        let mut definitions = Definitions::built_in()?;
        if own.is_file() {
            let text = fs::read_to_string(&own).map_err(|cause| Error::io(&own, cause))?;
            let parsed = Definitions::parse(&text).and_then(|parsed| definitions.clone().merge(parsed));
            definitions = parsed.map_err(|error| error.with_context(own.display().to_string()))?;
        }
        Ok(Self { folder: folder.to_owned(), config, definitions, seed: Seed::default() })
    }

    /// The same project with another seed of all chance.
    #[must_use]
    pub fn with_seed(self, seed: Seed) -> Self {
        Self { seed, ..self }
    }

    /// Its configuration.
    #[must_use]
    pub fn config(&self) -> &ProjectConfig {
        &self.config
    }

    /// Its metric definitions: the built-in ones with its own.
    #[must_use]
    pub fn definitions(&self) -> &Definitions {
        &self.definitions
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn store(&self) -> Store {
        // The engine takes no path with `..` in it.
        let above = self.folder.components().any(|part| part == Component::ParentDir);
        let real = above.then(|| fs::canonicalize(&self.folder).ok()).flatten();
        Store::new(mercer_lake::lake_folder(real.as_ref().unwrap_or(&self.folder)))
    }

    /// Where the report is, or will be.
    #[must_use]
    pub fn report_path(&self) -> PathBuf {
        self.folder.join("report").join("index.html")
    }

    /// Reads the tables that a method uses under these parameters from the newest snapshot.
    ///
    /// # Errors
    /// When nothing was read yet, or the data lack what the method needs.
    pub fn tables(&self, method: &dyn AnyMethod, params: &Map<String, Value>, limits: &Limits) -> Result<Tables> {
        let reader = self.reader(limits)?;
        let has_scores = |id: &str| reader.manifest().tables.contains_key(&methods::scores_table(id));
        methods::from_project(method, params, &|sql| reader.query(sql), &has_scores)?.map_err(|lacking| {
            Error::data(format!("{}: {lacking}", method.about().id))
                .with_hint("map a source that has it in mercer.toml, then `mercer run`")
        })
    }

    /// First moment after the data of the newest snapshot, in naive microseconds.
    ///
    /// # Errors
    /// When nothing was read yet.
    pub fn until(&self, limits: &Limits) -> Result<Option<i64>> {
        Ok(self.reader(limits)?.manifest().as_of)
    }

    /// Opens the newest snapshot for questions.
    ///
    /// # Errors
    /// When nothing was read yet.
    pub fn reader(&self, limits: &Limits) -> Result<Reader> {
        Reader::open(&self.store(), &limits.engine(Some(&self.config)))
    }

    /// Reads what is new, builds every table, writes the report. Does nothing where nothing changed.
    ///
    /// # Errors
    /// When a source cannot be read or nothing of it can be used; the last good state stays readable.
    pub fn run(&self, limits: &Limits, force: bool, say: &dyn Fn(&str)) -> Result<RunOutcome> {
        let updated = self.update(limits, force, say)?;
        let changed = matches!(updated, Updated::Published(_));
        let report = self.report_path();
        let reader = self.reader(limits)?;
        // A run that was stopped between its snapshot and its report leaves the report of the snapshot before.
        if changed || !reporting::is_of(reader.manifest(), &report) {
            say("writing the report");
            reporting::write(self, &reader, &report)?;
        }
        let mut headline = figures::headline(&reader, &self.config.project.currency)?;
        headline.extend(figures::of_methods(&methods::reports(&reader)?, &self.config.project.currency));
        let manifest = reader.manifest();
        Ok(RunOutcome {
            project: self.folder.clone(),
            snapshot: manifest.id,
            changed,
            files: manifest.inputs.len() as u64,
            rows: manifest.rows(),
            headline,
            findings: manifest.findings.clone(),
            report,
        })
    }

    /// Writes the report again from the newest snapshot.
    ///
    /// # Errors
    /// When nothing was read yet, or the file cannot be written.
    pub fn write_report(&self, limits: &Limits) -> Result<PathBuf> {
        let path = self.report_path();
        reporting::write(self, &self.reader(limits)?, &path)?;
        Ok(path)
    }

    /// The data-quality report, with at most `rows` refused rows. Reads the sources where they changed.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn check(&self, limits: &Limits, rows: usize, say: &dyn Fn(&str)) -> Result<CheckOutcome> {
        self.update(limits, false, say)?;
        let reader = self.reader(limits)?;
        let manifest = reader.manifest();
        let sources = self.config.sources.iter().map(|source| CheckedSource {
            name: source.name.clone(),
            rows_are: source.rows_are.name().to_owned(),
            rows: manifest.rows_of(&source.name),
        });
        let sources = sources.collect();
        let mut findings = manifest.findings.clone();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        Ok(CheckOutcome { rows: manifest.rows(), sources, findings, refused: figures::refused_rows(&reader, rows)? })
    }

    fn update(&self, limits: &Limits, force: bool, say: &dyn Fn(&str)) -> Result<Updated> {
        let mut sources = Vec::with_capacity(self.config.sources.len());
        for source in &self.config.sources {
            sources.push((source.clone(), self.config.files(&self.folder, source)?));
        }
        if sources.is_empty() {
            return Err(Error::config(format!("{}: no sources", self.folder.join(crate::config::FILE_NAME).display()))
                .with_hint("`mercer init --from FILES…` finds them, or write a [[source]] section"));
        }
        let store = self.store();
        let methods = ProjectMethods::new(&self.config, self.seed, say);
        let request = UpdateRequest {
            project: &self.folder,
            sources: &sources,
            rules: &self.config.rules,
            definitions: &self.definitions,
            end_of_today: end_of_today()?,
            keep_snapshots: SNAPSHOTS_KEPT,
            force,
            enrich: Some(&methods),
        };
        mercer_lake::update(&store, &limits.engine(Some(&self.config)), &request, say)
    }
}

/// Opens a folder of Parquet files for questions: `NAME.parquet`, or `NAME/` with files of one table.
///
/// # Errors
/// When there are none, or one is damaged.
pub fn open_folder(folder: &Path, limits: &Limits) -> Result<Reader> {
    let mut tables: Vec<(String, Vec<PathBuf>)> = Vec::new();
    let entries = |folder: &Path| -> Result<Vec<PathBuf>> {
        let entries = fs::read_dir(folder).map_err(|cause| Error::io(folder, cause))?;
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
        paths.sort();
        Ok(paths)
    };
    let is_parquet = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "parquet");
    let name = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    for path in entries(folder)? {
        if path.is_dir() {
            let files: Vec<_> = entries(&path)?.into_iter().filter(is_parquet).collect();
            if !files.is_empty() {
                tables.push((name(&path), files));
            }
        } else if is_parquet(&path) {
            tables.push((name(&path), vec![path]));
        }
    }
    if tables.is_empty() {
        return Err(Error::data(format!("{}: no Parquet files", folder.display()))
            .with_hint("name a folder that holds NAME.parquet, or folders NAME/ of Parquet files"));
    }
    let tables = tables
        .into_iter()
        .map(|(name, files)| Ok((name, ParquetTable::from_files(files)?)))
        .collect::<Result<Vec<_>>>()?;
    Reader::over(&tables, &limits.engine(None))
}

/// The first moment of a day written as `2011-09-01`, in microseconds.
///
/// # Errors
/// When it is not a day.
pub fn start_of_day(day: &str) -> Result<i64> {
    let day = chrono::NaiveDate::parse_from_str(day.trim(), "%Y-%m-%d")
        .map_err(|_| Error::config(format!("\"{day}\" is not a day")).with_hint("write it as 2011-09-01"))?;
    Ok(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros())
}

/// Nothing can have happened after the end of tomorrow in UTC: today everywhere on earth.
///
/// # Errors
/// When the clock is far off.
pub fn end_of_today() -> Result<i64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| Error::internal("the clock is before 1970"))?;
    let days = i64::try_from(now.as_secs() / 86_400).map_err(|_| Error::internal("the clock is too far on"))?;
    Ok((days + 2) * 86_400_000_000)
}
