//! Bringing the lake up to date with its sources: parse what is new, build, publish.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use mercer_base::words::{count as count_of, grouped};
use mercer_base::{Error, Result, ResultExt};
use mercer_engine::{Engine, EngineOptions, ParquetTable};
use mercer_metrics::Definitions;
use mercer_schema::{Rules, SourceSpec, Table};
use rayon::prelude::*;

use crate::canonical::steps::Steps;
use crate::canonical::{self, Built, Refused, StagedSource, literal};
use crate::enrich::Enrich;
use crate::manifest::{FORM, Finding, Input, Manifest, RowCounts, Severity};
use crate::staging::{self, StagedFile};
use crate::store::{Snapshot, Store, WriteLock, hash_file};
use crate::{checks, derived, enrich};

/// What the lake is made from.
pub struct UpdateRequest<'a> {
    /// The project's folder: files inside it are named relative to it, so that tables do not depend on where it stands or
    /// from where it is run.
    pub project: &'a Path,
    /// Sources with the files they have now, oldest first.
    pub sources: &'a [(SourceSpec, Vec<PathBuf>)],
    /// Business rules.
    pub rules: &'a Rules,
    /// Metric definitions.
    pub definitions: &'a Definitions,
    /// First moment, in naive microseconds, that cannot have happened yet; later rows are refused.
    pub end_of_today: i64,
    /// How many snapshots stay readable.
    pub keep_snapshots: usize,
    /// Rebuild even where nothing changed.
    pub force: bool,
    /// What is added to the tables before they are published.
    pub enrich: Option<&'a dyn Enrich>,
}

/// Whether there was anything to do.
pub enum Updated {
    /// Nothing changed since this snapshot.
    Unchanged(Snapshot),
    /// A new snapshot was published.
    Published(Snapshot),
}

impl Updated {
    /// The snapshot that is the newest now.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        match self {
            Self::Unchanged(snapshot) | Self::Published(snapshot) => snapshot,
        }
    }
}

/// Brings the lake up to date, on an engine that spills into the lake. `say` hears of each step, for a person who waits.
///
/// # Errors
/// When a file cannot be read, a mapping does not fit, nothing usable is left, or the disk is full. The snapshot before stays
/// the newest.
pub fn update(
    store: &Store,
    options: &EngineOptions,
    request: &UpdateRequest<'_>,
    say: &dyn Fn(&str),
) -> Result<Updated> {
    let lock = store.lock()?;
    let config_hash = config_hash(request)?;
    let before = store.latest()?;
    let known: BTreeMap<PathBuf, Input> = before
        .iter()
        .flat_map(|snapshot| &snapshot.manifest.inputs)
        .map(|input| (input.path.clone(), input.clone()))
        .collect();
    let mut files = look_at_files(request, &known)?;
    if let Some(snapshot) = before
        && !request.force
        && snapshot.manifest.form == FORM
        && snapshot.manifest.config_hash == config_hash
        && same_inputs(&snapshot.manifest.inputs, &files)
    {
        return Ok(Updated::Unchanged(snapshot));
    }
    let staged_files = parse(store, request, &files, say)?;
    say("building the customer tables");
    let engine = &Engine::new(&EngineOptions { spill: Some(store.spill()), ..options.clone() })?;
    let staged = register_staged(engine, request, &staged_files)?;
    let mut steps = Steps::new(engine, store);
    let built = canonical::build(&mut steps, &staged, request.rules, request.end_of_today)?;
    settle_counts(&mut files, &staged_files, &built);
    let mut findings = file_findings(request, &files, &staged_files, &built);
    findings.extend(checks::run(engine)?);
    refuse_nothing_left(&files, &staged_files, &built)?;
    quarantine(&mut steps, request, &staged_files, &built, &files)?;
    say("metrics and the customer 360");
    derived::build(&mut steps, request.definitions, &built, &findings, &files)?;
    if let Some(enrich) = request.enrich {
        enrich::add(&mut steps, enrich, built.as_of)?;
    }
    let mut manifest = Manifest {
        form: FORM,
        id: 0,
        written_by: env!("CARGO_PKG_VERSION").to_owned(),
        config_hash,
        keep_snapshots: request.keep_snapshots,
        as_of: built.as_of,
        orders_span: built.orders_span,
        inputs: files.into_iter().map(|(_, _, input)| input).collect(),
        findings,
        tables: steps.into_tables(),
        customer_attributes: built.customer_attributes,
    };
    let snapshot = store.publish(&lock, &mut manifest)?;
    finish(store, &lock, &staged_files)?;
    Ok(Updated::Published(snapshot))
}

/// Position of the source, position of the file in it, and the file.
type SourceFile = (usize, usize, Input);

fn finish(store: &Store, _lock: &WriteLock, staged: &[Vec<StagedFile>]) -> Result<()> {
    let used: Vec<_> = staged.iter().flatten().cloned().collect();
    staging::clear(&store.staging(), &used)?;
    let scratch = store.scratch();
    fs::remove_dir_all(&scratch).map_err(|cause| Error::io(&scratch, cause))
}

fn config_hash(request: &UpdateRequest<'_>) -> Result<String> {
    let specs: Vec<_> = request.sources.iter().map(|(spec, _)| spec).collect();
    let text = serde_json::to_string(&(specs, request.rules, request.keep_snapshots))
        .map_err(|cause| Error::internal(format!("configuration: {cause}")))?;
    let text = format!(
        "{} {text} {} {}",
        env!("CARGO_PKG_VERSION"),
        request.definitions.definitions_sql(),
        request.enrich.map(Enrich::key).unwrap_or_default()
    );
    Ok(blake3::hash(text.as_bytes()).to_hex().to_string())
}

fn same_inputs(before: &[Input], now: &[SourceFile]) -> bool {
    before.len() == now.len()
        && before.iter().zip(now).all(|(before, (_, _, now))| before.source == now.source && before.hash == now.hash)
}

/// Size, time and content of every input; a file of the same size and time as before is not read again.
fn look_at_files(request: &UpdateRequest<'_>, known: &BTreeMap<PathBuf, Input>) -> Result<Vec<SourceFile>> {
    let mut all = Vec::new();
    for (source, (spec, paths)) in request.sources.iter().enumerate() {
        all.extend(paths.iter().enumerate().map(|(file, path)| (source, file, spec.name.clone(), path)));
    }
    let project = absolute(request.project)?;
    all.into_par_iter()
        .map(|(source, file, name, found)| {
            let path = path_from(&project, found)?;
            let metadata = fs::metadata(found).map_err(|cause| Error::io(found, cause))?;
            let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            let modified = modified.and_then(|time| i64::try_from(time.as_nanos()).ok()).unwrap_or(0);
            let bytes = metadata.len();
            let hash = match known.get(&path) {
                Some(input) if input.bytes == bytes && input.modified == modified && modified != 0 => {
                    input.hash.clone()
                }
                _ => hash_file(found)?.0,
            };
            Ok((source, file, Input { source: name, path, bytes, modified, hash, rows: RowCounts::default() }))
        })
        .collect()
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|cause| Error::io(path, cause))
}

/// A file as seen from the project's folder: relative inside it, absolute outside.
fn path_from(project: &Path, file: &Path) -> Result<PathBuf> {
    let file = absolute(file)?;
    match file.strip_prefix(project) {
        Ok(inside) if !inside.components().any(|part| part == Component::ParentDir) => Ok(inside.to_owned()),
        // Without `..` and links, so that one file has one name.
        _ => {
            let real = |path: &Path| fs::canonicalize(path).map_err(|cause| Error::io(path, cause));
            let (project, file) = (real(project)?, real(&file)?);
            Ok(file.strip_prefix(&project).map(Path::to_owned).unwrap_or(file))
        }
    }
}

/// Parsed files by source. One after the other: each uses all cores.
fn parse(
    store: &Store,
    request: &UpdateRequest<'_>,
    files: &[SourceFile],
    say: &dyn Fn(&str),
) -> Result<Vec<Vec<StagedFile>>> {
    let mut staged: Vec<Vec<StagedFile>> = request.sources.iter().map(|_| Vec::new()).collect();
    let mut without_rows = Vec::new();
    for (source, file, input) in files {
        let name = input.path.file_name().unwrap_or_default().to_string_lossy();
        say(&format!("reading {name}"));
        let (spec, paths) = &request.sources[*source];
        match staging::stage(spec, &paths[*file], &input.hash, &store.staging()) {
            // A month without a sale is a file without a row; it fails a run only where there is nothing else.
            Err(error) if mercer_source::has_no_rows(&error) => {
                without_rows.push(error);
                staged[*source].push(staging::stage_nothing(spec, &input.hash, &store.staging())?);
            }
            outcome => staged[*source].push(outcome?),
        }
    }
    match without_rows.into_iter().next() {
        Some(error) if staged.iter().flatten().all(|file| file.counts.read == 0) => Err(error),
        _ => Ok(staged),
    }
}

/// Makes each source's parsed files one relation with the number of the file on every row.
fn register_staged(
    engine: &Engine,
    request: &UpdateRequest<'_>,
    staged: &[Vec<StagedFile>],
) -> Result<Vec<StagedSource>> {
    let mut sources = Vec::new();
    for (number, ((spec, _), files)) in request.sources.iter().zip(staged).enumerate() {
        if files.is_empty() {
            continue;
        }
        let mut selects = Vec::new();
        for (file, parsed) in files.iter().enumerate() {
            let name = format!("staged_{number}_{file}");
            let schema = mercer_engine::parquet_schema(&parsed.rows)?;
            engine
                .register_parquet(&name, &ParquetTable { files: vec![parsed.rows.clone()], schema, order: vec![] })?;
            selects.push(format!("select cast({file} as bigint) as _file, * from {name}"));
        }
        let relation = format!("staged_{number}");
        engine.register_view(&relation, &selects.join(" union all "))?;
        sources.push(StagedSource {
            number,
            relation,
            rows_are: spec.rows_are,
            fields: spec.fields()?.into_iter().map(|(table, field, _)| (table, field.name)).collect(),
            attributes: spec.attributes.clone(),
            files: files.len(),
        });
    }
    Ok(sources)
}

/// Settles what became of each file's rows, now that the build has said which it refused and which it kept.
fn settle_counts(files: &mut [SourceFile], staged: &[Vec<StagedFile>], built: &Built) {
    for (source, file, input) in files {
        let parsed = staged[*source][*file].counts;
        let refused = built.refused.iter().filter(|row| (row.source, row.file) == (*source, *file)).count() as u64;
        let kept = built.kept.get(&(*source, *file)).copied().unwrap_or(0);
        let accepted = parsed.accepted.saturating_sub(refused);
        input.rows = RowCounts {
            read: parsed.read,
            accepted,
            repeated: accepted.saturating_sub(kept),
            quarantined: parsed.quarantined + refused,
            repaired: parsed.repaired,
        };
    }
}

/// Findings about files: refused rows by reason, repeated and mended rows, notes on how they are written.
fn file_findings(
    request: &UpdateRequest<'_>,
    files: &[SourceFile],
    staged: &[Vec<StagedFile>],
    built: &Built,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let finding = |source: &str, table: Table, check: &str, severity, count, message| Finding {
        source: source.to_owned(),
        table: table.name().to_owned(),
        check: check.to_owned(),
        severity,
        count,
        message,
    };
    for (number, (spec, _)) in request.sources.iter().enumerate() {
        let mut rows = RowCounts::default();
        files.iter().filter(|(source, ..)| *source == number).for_each(|(.., input)| rows.add(&input.rows));
        let empty: Vec<_> =
            files.iter().filter(|(source, _, input)| *source == number && input.rows.read == 0).collect();
        if let [(.., first), rest @ ..] = empty.as_slice() {
            let name = first.path.display();
            let message = match rest.len() as u64 {
                0 => format!("{name} holds no row: is the export whole?"),
                more => format!(
                    "{name} and {} hold no row: are the exports whole?",
                    count_of(more, "more file", "more files")
                ),
            };
            findings.push(finding(
                &spec.name,
                spec.rows_are,
                "empty_files",
                Severity::Note,
                empty.len() as u64,
                message,
            ));
        }
        if spec.makes_orders() {
            let message = "there is no order number: what a customer bought on one day counts as one order".to_owned();
            findings.push(finding(&spec.name, spec.rows_are, "made_orders", Severity::Note, rows.accepted, message));
        }
        let parsed_out: u64 = staged[number].iter().map(|file| file.counts.quarantined).sum();
        if parsed_out > 0 {
            let sample = staged[number].iter().find_map(|file| file.sample.as_deref()).unwrap_or_default();
            let message = format!(
                "{} of {} could not be read, such as {sample}",
                grouped(parsed_out),
                count_of(rows.read, "row", "rows")
            );
            findings.push(finding(
                &spec.name,
                spec.rows_are,
                "unreadable_rows",
                Severity::Refused,
                parsed_out,
                message,
            ));
        }
        let mut reasons: BTreeMap<&str, (u64, &Refused)> = BTreeMap::new();
        for row in built.refused.iter().filter(|row| row.source == number) {
            reasons.entry(&row.reason).or_insert((0, row)).0 += 1;
        }
        for (reason, (count, first)) in reasons {
            let message = format!(
                "{}, such as line {}: {reason}",
                count_of(count, "row is refused", "rows are refused"),
                first.line
            );
            findings.push(finding(&spec.name, first.table, "refused_rows", Severity::Refused, count, message));
        }
        if rows.repeated > 0 {
            let message = format!(
                "{} a key or a row that was read already: the newest counts, once",
                count_of(rows.repeated, "row repeats", "rows repeat")
            );
            findings.push(finding(&spec.name, spec.rows_are, "repeated_rows", Severity::Note, rows.repeated, message));
        }
        if rows.repaired > 0 {
            let message = format!(
                "{} mended while reading, such as whole lines in quotes",
                count_of(rows.repaired, "row was", "rows were")
            );
            findings.push(finding(&spec.name, spec.rows_are, "mended_rows", Severity::Note, rows.repaired, message));
        }
    }
    findings
}

/// What is said where no row can be used.
fn nothing_usable(read: u64) -> String {
    match read {
        0 => "there are no rows to read".to_owned(),
        1 => "the one row read could not be used".to_owned(),
        _ => format!("none of the {} rows read could be used", grouped(read)),
    }
}

/// A run whose every row was refused would publish empty tables over good ones.
fn refuse_nothing_left(files: &[SourceFile], staged: &[Vec<StagedFile>], built: &Built) -> Result<()> {
    let total = files.iter().fold(RowCounts::default(), |mut total, (.., input)| {
        total.add(&input.rows);
        total
    });
    if total.accepted > 0 {
        return Ok(());
    }
    let unreadable = staged.iter().flatten().find_map(|file| file.sample.clone());
    let reason = unreadable.or_else(|| built.refused.first().map(|row| format!("line {}: {}", row.line, row.reason)));
    let hint = match reason {
        _ if total.read == 0 => "the files have no rows below their headers".to_owned(),
        Some(reason) => format!("the first reason is {reason}; is a column mapped to the wrong field in mercer.toml?"),
        None => "is a column mapped to the wrong field in mercer.toml?".to_owned(),
    };
    Err(Error::data(nothing_usable(total.read)).with_hint(hint))
}

/// The table of refused rows: which source, file and line, why, and what the row held.
fn quarantine(
    steps: &mut Steps<'_>,
    request: &UpdateRequest<'_>,
    staged: &[Vec<StagedFile>],
    built: &Built,
    files: &[SourceFile],
) -> Result<()> {
    let mut selects = Vec::new();
    for (source, file, input) in files {
        let parsed = &staged[*source][*file];
        if parsed.counts.quarantined == 0 {
            continue;
        }
        let name = format!("refused_{source}_{file}");
        let table =
            ParquetTable { files: vec![parsed.refused.clone()], schema: staging::refused_schema(), order: vec![] };
        steps.engine.register_parquet(&name, &table)?;
        selects.push(format!(
            "select {} as source, {} as file, line, reason, row from {name}",
            literal(&input.source),
            literal(&input.path.display().to_string())
        ));
    }
    let schema = Arc::new(Schema::new(vec![
        Field::new("source", DataType::Utf8, false),
        Field::new("file", DataType::Utf8, false),
        Field::new("line", DataType::Int64, false),
        Field::new("reason", DataType::Utf8, false),
        Field::new("row", DataType::Utf8, false),
    ]));
    let paths: BTreeMap<(usize, usize), String> =
        files.iter().map(|(source, file, input)| ((*source, *file), input.path.display().to_string())).collect();
    let path = |row: &Refused| paths.get(&(row.source, row.file)).map_or("", String::as_str);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(built.refused.iter().map(|row| &request.sources[row.source].0.name))),
        Arc::new(StringArray::from_iter_values(built.refused.iter().map(path))),
        Arc::new(Int64Array::from_iter_values(
            built.refused.iter().map(|row| i64::try_from(row.line).unwrap_or(i64::MAX)),
        )),
        Arc::new(StringArray::from_iter_values(built.refused.iter().map(|row| &row.reason))),
        Arc::new(StringArray::from_iter_values(built.refused.iter().map(|row| &row.row))),
    ];
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns)
        .map_err(|cause| Error::internal(format!("quarantine: {cause}")))?;
    steps.engine.register_batches("refused_by_build", schema, vec![batch])?;
    selects.push("select * from refused_by_build".to_owned());
    let sql = format!("select * from ({}) order by source, file, line, reason", selects.join(" union all "));
    steps.table("quarantine", &sql, &["source", "file", "line"]).context(|| "the quarantine".to_owned())
}

/// The folder of a project's lake.
#[must_use]
pub fn lake_folder(project: &Path) -> PathBuf {
    project.join("lake")
}
