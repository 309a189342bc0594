//! Every method that has its data, run on a project's tables: scores for the customer 360, findings for the report, and the
//! `methods` table, which says what became of each and keeps its model.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use mercer_base::{Error, ErrorKind, Result, Seed};
use mercer_lake::{Additions, Ask, Build, Enrich, Reader, Scores};
use mercer_registry::{
    About, AnyMethod, Context, Evaluation, Findings, Form, METHODS, Outcome, SavedModel, Tables, Wish,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::frames::{from_batches, to_batch};
use crate::config::{MethodSettings, ProjectConfig};

/// The table that says what became of each method.
const TABLE: &str = "methods";

/// What a method came to, as the `methods` table keeps it.
#[derive(Debug, Serialize, Deserialize)]
struct Document {
    saved: SavedModel,
    evaluation: Option<Evaluation>,
    findings: Findings,
}

/// The methods of a project as part of its build.
pub(crate) struct ProjectMethods<'a> {
    settings: &'a BTreeMap<String, MethodSettings>,
    currency_sign: String,
    seed: Seed,
    say: &'a dyn Fn(&str),
}

impl<'a> ProjectMethods<'a> {
    pub(crate) fn new(config: &'a ProjectConfig, seed: Seed, say: &'a dyn Fn(&str)) -> Self {
        let currency_sign = config.project.currency.sign();
        Self { settings: &config.methods, currency_sign, seed, say }
    }

    fn run(&self, method: &dyn AnyMethod, earlier: &[Ran], build: Build<'_>, until: Option<i64>) -> Result<Ran> {
        let about = method.about();
        let default = MethodSettings::default();
        let settings = self.settings.get(about.id).unwrap_or(&default);
        if !settings.enabled {
            return Ok(Ran::left_out(about, "switched off in mercer.toml"));
        }
        let has_scores = |id: &str| earlier.iter().any(|ran| ran.about.id == id && ran.scores.is_some());
        let tables = match from_project(method, &settings.params, &|sql| build.ask(sql), &has_scores)? {
            Ok(tables) => tables,
            Err(lacking) => return Ok(Ran::left_out(about, lacking)),
        };
        (self.say)(&format!("{}: {}", about.id, about.question));
        // What was published before must not change a run's result, so no previous model.
        let context = Context {
            seed: self.seed,
            until,
            not_yet: None,
            currency_sign: &self.currency_sign,
            previous: None,
            say: &|_| (),
        };
        match method.fit(&settings.params, &tables, Wish::ALL, &context) {
            Ok(outcome) => Ran::done(about, outcome),
            // Too little data is an answer; a mistake in the configuration is for the user to mend.
            Err(error) if error.kind() == ErrorKind::Data => Ok(Ran::left_out(about, error.to_string())),
            Err(error) => Err(error.with_context(format!("method {}", about.id))),
        }
    }
}

/// What became of one method.
struct Ran {
    about: &'static About,
    left_out: Option<String>,
    verdict: Option<String>,
    words: Option<String>,
    document: Option<String>,
    scores: Option<Scores>,
    tables: Vec<(String, RecordBatch)>,
}

impl Ran {
    fn left_out(about: &'static About, reason: impl Into<String>) -> Self {
        Self {
            about,
            left_out: Some(reason.into()),
            verdict: None,
            words: None,
            document: None,
            scores: None,
            tables: Vec::new(),
        }
    }

    fn done(about: &'static About, outcome: Outcome) -> Result<Self> {
        let json = |cause: serde_json::Error| Error::internal(format!("{}: {cause}", about.id));
        let given = outcome.tables.iter().map(|(name, frame)| Ok(((*name).to_owned(), to_batch(frame)?)));
        let mut tables = given.collect::<Result<Vec<_>>>()?;
        let scored = outcome.scores.as_ref().map(to_batch).transpose()?;
        let scores = match (about.id_column(), scored) {
            (Some(_), Some(rows)) => {
                let taken = about.scores.iter().map(|score| score.name.to_owned());
                let columns = taken.filter(|name| rows.column_by_name(name).is_some()).collect();
                Some(Scores { table: scores_table(about.id), rows, columns })
            }
            // What is scored are no customers: a table of its own.
            (None, Some(rows)) => {
                tables.push((scores_table(about.id), rows));
                None
            }
            (_, None) => None,
        };
        let verdict = outcome.evaluation.as_ref().map(|evaluation| serde_json::to_value(evaluation.verdict));
        let verdict = verdict.transpose().map_err(json)?.and_then(|verdict| verdict.as_str().map(str::to_owned));
        let words = outcome.evaluation.as_ref().map(|evaluation| evaluation.words.clone());
        let document = Document { saved: outcome.saved, evaluation: outcome.evaluation, findings: outcome.findings };
        let document = Some(serde_json::to_string(&document).map_err(json)?);
        Ok(Self { about, left_out: None, verdict, words, document, scores, tables })
    }
}

/// Name of the table that holds a method's scores of customers.
pub(crate) fn scores_table(id: &str) -> String {
    format!("{}_scores", id.replace('-', "_"))
}

impl Enrich for ProjectMethods<'_> {
    fn key(&self) -> String {
        let versions: Vec<_> = METHODS.iter().map(|method| (method.about().id, method.about().version)).collect();
        format!("{versions:?} {} {}", self.seed.0, serde_json::to_string(self.settings).unwrap_or_default())
    }

    fn enrich(&self, build: Build<'_>, until: Option<i64>) -> Result<Additions> {
        let mut ran: Vec<Ran> = Vec::with_capacity(METHODS.len());
        for method in METHODS {
            let done = self.run(*method, &ran, build, until)?;
            if let Some(scores) = &done.scores {
                build.show(&scores.table, &scores.rows)?;
            }
            ran.push(done);
        }
        let mut tables = vec![(TABLE.to_owned(), table(&ran)?)];
        tables.extend(ran.iter_mut().flat_map(|ran| std::mem::take(&mut ran.tables)));
        let scores = ran.iter_mut().filter_map(|ran| ran.scores.take()).collect();
        Ok(Additions { tables, scores })
    }
}

fn table(ran: &[Ran]) -> Result<RecordBatch> {
    type Text = fn(&Ran) -> Option<&str>;
    let columns: [(&str, Text); 7] = [
        ("method", |ran| Some(ran.about.id)),
        ("question", |ran| Some(ran.about.question)),
        ("status", |ran| Some(if ran.left_out.is_some() { "left out" } else { "done" })),
        ("reason", |ran| ran.left_out.as_deref()),
        ("verdict", |ran| ran.verdict.as_deref()),
        ("evaluation", |ran| ran.words.as_deref()),
        ("document", |ran| ran.document.as_deref()),
    ];
    let columns =
        columns.map(|(name, text)| (name, Arc::new(ran.iter().map(text).collect::<StringArray>()) as ArrayRef, true));
    RecordBatch::try_from_iter_with_nullable(columns).map_err(|cause| Error::internal(format!("methods: {cause}")))
}

/// Reads a method's tables from a project: the first form whose main table has rows. `has_scores` says whether a method gave
/// scores. The inner error says what is lacking.
///
/// # Errors
/// Where a statement fails.
pub(crate) fn from_project(
    method: &dyn AnyMethod,
    params: &Map<String, Value>,
    ask: &Ask<'_>,
    has_scores: &dyn Fn(&str) -> bool,
) -> Result<Result<Tables, String>> {
    let mut lacking = Vec::new();
    for form in method.about().forms {
        match read_form(method, params, form, ask, has_scores)? {
            Ok(tables) => return Ok(Ok(tables)),
            Err(reason) => lacking.extend(reason),
        }
    }
    if lacking.is_empty() {
        lacking.push("a project has no tables for it; try it on a file".to_owned());
    }
    Ok(Err(lacking.join("; ")))
}

/// The tables of one form, or what it lacks; nothing where a project cannot have it at all.
fn read_form(
    method: &dyn AnyMethod,
    params: &Map<String, Value>,
    form: &'static Form,
    ask: &Ask<'_>,
    has_scores: &dyn Fn(&str) -> bool,
) -> Result<Result<Tables, Option<String>>> {
    let about = method.about();
    let mut frames = Vec::new();
    for table in form.tables {
        let Some(sql) = table.sql else { if table.required { return Ok(Err(None)) } else { continue } };
        let is_wanted =
            table.required || (table.scores_of.is_none_or(has_scores) && method.uses(params, table.name)?);
        if !is_wanted {
            continue;
        }
        let (schema, batches) =
            ask(sql).map_err(|error| error.with_context(format!("{} of {}", table.name, about.id)))?;
        let frame = from_batches(table.name, &schema, &batches)?;
        if frame.rows() > 0 {
            frames.push((table.name, frame));
        } else if table.required {
            return Ok(Err(Some(format!("needs {}: the data hold no {}", table.name, table.grain))));
        }
    }
    Ok(Ok(Tables::new(about, form, frames)?))
}

/// A method in the report.
pub(crate) struct MethodReport {
    /// What the method is.
    pub(crate) about: &'static About,
    /// What it found, or why it was left out.
    pub(crate) findings: Result<Findings, String>,
}

/// What each method came to, from a snapshot.
///
/// # Errors
/// When the `methods` table cannot be read.
pub(crate) fn reports(reader: &Reader) -> Result<Vec<MethodReport>> {
    if !reader.manifest().tables.contains_key(TABLE) {
        return Ok(Vec::new());
    }
    let (_, batches) = reader.query(&format!("select method, reason, document from {TABLE}"))?;
    let mut reports = Vec::new();
    for batch in &batches {
        let text = |column: usize, row: usize| {
            let column = batch.column(column).as_string_opt::<i32>().filter(|values| values.is_valid(row));
            column.map(|values| values.value(row))
        };
        for row in 0..batch.num_rows() {
            let id = text(0, row).unwrap_or_default();
            let Ok(method) = mercer_registry::method(id) else { continue };
            let findings = match text(2, row) {
                None => Err(text(1, row).unwrap_or_default().to_owned()),
                Some(document) => {
                    let document: Document = serde_json::from_str(document).map_err(|cause| {
                        Error::data(format!("what {id} found is damaged: {cause}")).with_hint("mercer run --force")
                    })?;
                    Ok(document.findings)
                }
            };
            reports.push(MethodReport { about: method.about(), findings });
        }
    }
    Ok(reports)
}
