//! `mercer METHOD fit | evaluate | predict | params`: one verb for each method of the registry, on files or on a project.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::Path;

use arrow::array::RecordBatch;
use clap::{Arg, ArgMatches, Subcommand};
use mercer_base::card::{Card, Value as Cell};
use mercer_base::notation::{Notation, decimals};
use mercer_base::words::{count, grouped};
use mercer_base::{Error, Result, Seed};
use mercer_pipeline::methods::{InputFile, parse_mapping, read_tables, to_batch, write_parquet};
use mercer_pipeline::{Limits, Project, end_of_today};
use mercer_registry::{
    About, AnyMethod, Context, Evaluation, IntakeCounts, METHODS, Outcome, Predicted, SavedModel, TableSpec, Tables,
    Wish, describe, parse_pairs,
};
use serde_json::{Map, Value, json};

use super::print_json;
use crate::args::{Evaluate, Fit, Global, Inputs, MethodVerb, Predict};
use crate::console::{self, Console};
use crate::output;

/// Rows of a card's table that a terminal shows at the most.
const ROWS_SHOWN: usize = 10;

/// The command line with a verb for each method.
pub(crate) fn with_verbs(command: clap::Command) -> clap::Command {
    METHODS.iter().fold(command, |command, method| {
        let about = method.about();
        let verb = MethodVerb::augment_subcommands(clap::Command::new(about.id));
        let verb = verb.about(format!("{}: {}", about.title, about.question)).after_help(reference(*method));
        let verb = WITH_FLAGS.iter().fold(verb, |verb, name| {
            verb.mut_subcommand(name, |verb| {
                let flags = flags(*method, &verb);
                verb.args(flags)
            })
        });
        command.subcommand(verb.subcommand_required(true).arg_required_else_help(true))
    })
}

/// What reads tables and takes parameters.
const WITH_FLAGS: [&str; 3] = ["fit", "evaluate", "predict"];
/// Flags of all commands, which no parameter may take.
const TAKEN: [&str; 6] = ["project", "json", "seed", "threads", "verbose", "quiet"];

/// Characters of what a parameter can be, from which on it stands in the flag's help and not in its name.
const WIDEST_VALUE: usize = 20;

/// A flag for each parameter of the method and for each table it reads, but for names that `verb` has already.
fn flags(method: &dyn AnyMethod, verb: &clap::Command) -> Vec<Arg> {
    let taken: Vec<&str> = verb.get_arguments().filter_map(Arg::get_long).chain(TAKEN).collect();
    let parameters = describe(&method.schema());
    let is_free = |name: &str| !taken.contains(&name) && !parameters.iter().any(|doc| doc.name == name);
    let table = |table: &TableSpec| {
        let help =
            format!("The table {}, one row for each {}: as --input {}=FILE", table.name, table.grain, table.name);
        Arg::new(table_id(table.name)).long(table.name).value_name("FILE").help(help).help_heading("Tables")
    };
    let tables = tables(method.about()).filter(|table| is_free(table.name)).map(table);
    let flag = |doc: mercer_registry::ParamDoc| {
        let long = doc.name.replace('_', "-");
        let is_free = !taken.contains(&long.as_str());
        let (value, help) = match doc.values.chars().count() <= WIDEST_VALUE {
            true => (doc.values.clone(), doc.about),
            // The column of flags is as wide as the widest.
            false => ("VALUE".to_owned(), format!("{} [{}]", doc.about, doc.values)),
        };
        let flag = Arg::new(parameter_id(&doc.name)).long(long).value_name(value).help(help).help_heading("Parameters");
        let flag = match doc.values == "true or false" {
            true => flag.num_args(0..=1).require_equals(true).default_missing_value("true"),
            false => flag.allow_hyphen_values(true),
        };
        is_free.then_some(flag)
    };
    let mut flags: Vec<Arg> = tables.collect();
    flags.extend(parameters.iter().cloned().filter_map(flag));
    flags
}

/// The tables that the method reads, each name once.
fn tables(about: &'static About) -> impl Iterator<Item = &'static TableSpec> {
    let all = || about.forms.iter().flat_map(|form| form.tables);
    all()
        .enumerate()
        .filter(move |(at, table)| all().take(*at).all(|earlier| earlier.name != table.name))
        .map(|(_, table)| table)
}

/// What the flag of a table is called among the matches.
fn table_id(name: &str) -> String {
    format!("table {name}")
}

/// What the flag of a parameter is called among the matches.
fn parameter_id(name: &str) -> String {
    format!("parameter {name}")
}

/// What was given by flags of the method's own.
#[derive(Debug, Default)]
pub(crate) struct Flags {
    /// Parameters, as `name=value`.
    parameters: Vec<String>,
    /// Tables, as `name=file`.
    tables: Vec<String>,
}

impl Flags {
    /// The flags of the method that were given.
    pub(crate) fn of(method: &dyn AnyMethod, verb: &ArgMatches) -> Self {
        let Some((_, verb)) = verb.subcommand() else { return Self::default() };
        let pair = |name: &str, id: String| {
            // A verb without such flags does not know the name.
            let value = verb.try_get_one::<String>(&id).ok().flatten()?;
            Some(format!("{name}={value}"))
        };
        let parameters = describe(&method.schema());
        Self {
            parameters: parameters.iter().filter_map(|doc| pair(&doc.name, parameter_id(&doc.name))).collect(),
            tables: tables(method.about()).filter_map(|table| pair(table.name, table_id(table.name))).collect(),
        }
    }

    /// All parameters: those given as `--param` and those given as flags of their own.
    fn parameters(&self, param: &[String]) -> Vec<String> {
        param.iter().chain(&self.parameters).cloned().collect()
    }

    /// All inputs: those given as `--input` and those given as flags of their own.
    fn inputs(&self, inputs: &Inputs) -> Inputs {
        let input = inputs.input.iter().chain(&self.tables).cloned().collect();
        Inputs { input, ..inputs.clone() }
    }
}

/// The method that a verb calls.
pub(crate) fn called(name: &str) -> Option<&'static dyn AnyMethod> {
    METHODS.iter().copied().find(|method| method.about().id == name)
}

/// What the method reads, for the end of its help.
fn reference(method: &dyn AnyMethod) -> String {
    let about = method.about();
    let mut text = String::from("Reads one of:\n");
    for form in about.forms {
        text.push_str(&format!("  {}: {}\n", form.id, form.about));
        for table in form.tables {
            let columns = table
                .columns
                .iter()
                .map(|column| if column.required { column.name.to_owned() } else { format!("[{}]", column.name) });
            let columns = columns.collect::<Vec<_>>().join(" ");
            let others = table.others.map_or(String::new(), |others| format!(" ({others})"));
            let table = if table.required { String::new() } else { format!("[{}=FILE] ", table.name) };
            text.push_str(&format!("    {table}{columns}{others}\n"));
        }
    }
    text
}

/// Does what the verb says; `flags` are those of the method itself.
pub(crate) fn run(
    console: &Console,
    global: &Global,
    method: &'static dyn AnyMethod,
    verb: &MethodVerb,
    flags: &Flags,
) -> Result<()> {
    match verb {
        MethodVerb::Fit(options) => fit(console, global, method, options, flags),
        MethodVerb::Evaluate(options) => evaluate(console, global, method, options, flags),
        MethodVerb::Predict(options) => predict(console, global, method, options, flags),
        MethodVerb::Params => params(console, global, method),
    }
}

/// The rows to work on, and what else their project says.
struct Work {
    tables: Tables,
    /// First moment after the data, where it is known.
    until: Option<i64>,
    currency_sign: String,
    /// Parameters: those given, then those of the project's configuration.
    params: Map<String, Value>,
}

impl Work {
    /// What the method may know beside the rows.
    fn context<'a>(
        &'a self,
        seed: Seed,
        previous: Option<&'a SavedModel>,
        say: &'a (dyn Fn(&str) + Sync),
    ) -> Result<Context<'a>> {
        let not_yet = Some(end_of_today()?);
        Ok(Context { seed, until: self.until, not_yet, currency_sign: &self.currency_sign, previous, say })
    }
}

/// The parameters that were typed; what is wrong with them is said before a large file is read.
fn typed(method: &dyn AnyMethod, pairs: &[String]) -> Result<Map<String, Value>> {
    let typed = parse_pairs(&method.schema(), pairs)?;
    method.params(&typed)?;
    Ok(typed)
}

/// Finds the rows. Parameters that were `given` go before the project's.
fn work(global: &Global, method: &'static dyn AnyMethod, inputs: &Inputs, given: Map<String, Value>) -> Result<Work> {
    let about = method.about();
    if inputs.input.is_empty() {
        if !inputs.map.is_empty() || inputs.id.is_some() {
            return Err(
                Error::config("--map and --id go with --input").with_hint("a project's mapping stands in mercer.toml")
            );
        }
        let limits = Limits::parse(global.threads, None)?;
        let project = Project::open(&global.project).map_err(|error| {
            error.with_hint(format!(
                "name a file: mercer {} fit --input FILE; or a project with --project DIR",
                about.id
            ))
        })?;
        let settings = project.config().methods.get(about.id).map(|settings| settings.params.clone());
        let mut params = settings.unwrap_or_default();
        params.extend(given);
        return Ok(Work {
            tables: project.tables(method, &params, &limits)?,
            until: project.until(&limits)?,
            currency_sign: project.config().project.currency.sign(),
            params,
        });
    }
    let files: Vec<_> = inputs.input.iter().map(|input| InputFile::parse(input)).collect();
    let mut mapping = parse_mapping(&inputs.map)?;
    if let Some(column) = &inputs.id {
        let name = about
            .id_column()
            .ok_or_else(|| Error::config(format!("{} reads no ids", about.id)).with_hint("leave out --id"))?;
        if mapping.insert(name.to_owned(), column.clone()).is_some() {
            return Err(
                Error::config(format!("--id and --map both say which column {name} is")).with_hint("keep one of them")
            );
        }
    }
    let tables = read_tables(about, &files, &mapping)?;
    Ok(Work { tables, until: None, currency_sign: String::new(), params: given })
}

fn fit(console: &Console, global: &Global, method: &'static dyn AnyMethod, options: &Fit, flags: &Flags) -> Result<()> {
    let about = method.about();
    let typed = typed(method, &flags.parameters(&options.param))?;
    for path in options.scores.iter().chain(&options.out) {
        check_folder(path)?;
    }
    let previous = options.previous.as_deref().map(|path| read_model(about, path)).transpose()?;
    console.step("reading");
    let work = work(global, method, &flags.inputs(&options.inputs), typed)?;
    console.step(about.question);
    let say = |words: &str| console.step(words);
    let context = work.context(Seed(global.seed), previous.as_ref(), &say)?;
    let evaluation = !options.no_evaluation;
    let wish = Wish { scores: options.scores.is_some(), evaluation, findings: evaluation && !global.json };
    let outcome = method.fit(&work.params, &work.tables, wish, &context)?;
    console.done();
    if let Some(path) = &options.out {
        write_whole(path, outcome.saved.to_text()?.as_bytes())?;
    }
    if let (Some(path), Some(scores)) = (&options.scores, &outcome.scores) {
        write_rows(path, &to_batch(scores)?)?;
    }
    if global.json {
        return print_json(&machine(&outcome));
    }
    print(console, about, &outcome, Notation::new(&work.currency_sign));
    if let Some(path) = &options.out {
        console.say(&format!("Model: {}", path.display()));
    }
    if let Some(path) = &options.scores {
        console.say(&format!("Scores: {}", path.display()));
    }
    Ok(())
}

fn evaluate(
    console: &Console,
    global: &Global,
    method: &'static dyn AnyMethod,
    options: &Evaluate,
    flags: &Flags,
) -> Result<()> {
    let about = method.about();
    let typed = typed(method, &flags.parameters(&options.param))?;
    console.step("reading");
    let work = work(global, method, &flags.inputs(&options.inputs), typed)?;
    console.step(about.question);
    let say = |words: &str| console.step(words);
    let context = work.context(Seed(global.seed), None, &say)?;
    let outcome = method.fit(&work.params, &work.tables, Wish { evaluation: true, ..Wish::default() }, &context)?;
    console.done();
    if global.json {
        let mut said = machine(&outcome);
        if let Some(said) = said.as_object_mut() {
            said.shift_remove("model");
        }
        return print_json(&said);
    }
    console.say(&format!("{}: {}", about.title, about.question));
    console.say(&rows_in_words(&outcome.saved.data));
    print_measures(console, outcome.evaluation.as_ref());
    if let Some(evaluation) = &outcome.evaluation {
        console.say(&format!("\n{}\nHow: {}.", evaluation.words, evaluation.design.trim_end_matches('.')));
    }
    Ok(())
}

/// A fit for machines: the model, what it was fitted on, how good it is.
fn machine(outcome: &Outcome) -> Value {
    let saved = &outcome.saved;
    json!({
        "method": saved.method,
        "model": saved.model,
        "params": saved.params,
        "data": { "form": saved.data_form, "hash": saved.data_hash, "counts": saved.data },
        "seed": saved.seed,
        "evaluation": outcome.evaluation.as_ref().map(Evaluation::to_json),
    })
}

/// A fit for a person: its cards without their pictures, and how good it is.
fn print(console: &Console, about: &About, outcome: &Outcome, notation: Notation<'_>) {
    let saved = &outcome.saved;
    console.say(&format!("{}: {}", about.title, about.question));
    console.say(&rows_in_words(&saved.data));
    let mut said: Vec<&str> = Vec::new();
    for card in &outcome.findings.cards {
        console.say(&format!("\n{}\n{}\n", card.title, card.subtitle));
        let headings: Vec<&str> = card.table.columns.iter().map(|column| column.label.as_str()).collect();
        let numbers: Vec<usize> = (0..headings.len()).filter(|index| is_numeric(card, *index)).collect();
        let decimals: Vec<usize> = (0..headings.len())
            .map(|index| decimals(card.table.rows.iter().filter_map(|row| row.get(index))))
            .collect();
        let row = |row: &Vec<Cell>| {
            row.iter().zip(&decimals).map(|(cell, decimals)| notation.exact(cell, *decimals)).collect()
        };
        console.table(&headings, card.table.rows.iter().take(ROWS_SHOWN).map(row).collect(), &numbers);
        if card.table.rows.len() > ROWS_SHOWN {
            console.say(&format!("({ROWS_SHOWN} of {} rows; --json gives all)", card.table.rows.len()));
        }
        for caveat in &card.caveats {
            if !said.contains(&caveat.as_str()) {
                console.say(caveat);
                said.push(caveat);
            }
        }
    }
    print_measures(console, outcome.evaluation.as_ref());
}

/// The model's measures beside those of the baselines, where there are any.
fn print_measures(console: &Console, evaluation: Option<&Evaluation>) {
    let Some(evaluation) = evaluation.filter(|evaluation| !evaluation.measures.is_empty()) else { return };
    let number = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.3}"));
    let rows = evaluation.measures.iter().map(|measure| {
        let baselines = measure.baselines.iter().map(|value| number(*value));
        [measure.label.clone(), number(measure.model)].into_iter().chain(baselines).collect()
    });
    let headings = ["on held-out data", "model"].into_iter().chain(evaluation.baselines.iter().map(String::as_str));
    let headings: Vec<&str> = headings.collect();
    let numbers: Vec<usize> = (1..headings.len()).collect();
    console.say("");
    console.table(&headings, rows.collect(), &numbers);
}

fn is_numeric(card: &Card, column: usize) -> bool {
    card.table.rows.iter().filter_map(|row| row.get(column)).any(|cell| !matches!(cell, Cell::Text(_) | Cell::Missing))
}

fn rows_in_words(counts: &IntakeCounts) -> String {
    let mut words = format!("{} read", count(counts.rows, "row", "rows"));
    if counts.refused > 0 {
        words.push_str(&format!(", {} of them refused", grouped(counts.refused)));
        if let Some(first) = counts.refused_sample.first() {
            words.push_str(&format!(", such as {}: {}", first.place, first.reason));
        }
    }
    if !counts.window.words.is_empty() {
        words.push_str(&format!("; {}", counts.window.words));
    }
    words + "."
}

fn predict(
    console: &Console,
    global: &Global,
    method: &'static dyn AnyMethod,
    options: &Predict,
    flags: &Flags,
) -> Result<()> {
    let about = method.about();
    let mut saved = read_model(about, &options.model)?;
    // What scoring asks (how many, with which reasons) may be asked anew; what was learnt stays.
    saved.params.extend(typed(method, &flags.parameters(&options.param))?);
    if let Some(path) = &options.out {
        check_folder(path)?;
    }
    console.step("reading");
    let work = work(global, method, &flags.inputs(&options.inputs), saved.params.clone())?;
    // Heard here: that the rows differ from those that were learnt from.
    let say = |words: &str| console.say(words);
    let context = work.context(saved.seed, None, &say)?;
    let Predicted { scores, list, counts } = method.predict(&saved, &work.tables, &context)?;
    console.done();
    let what = if list.is_some() { "Lists" } else { "Scores" };
    let batch = to_batch(&list.unwrap_or(scores))?;
    if let Some(path) = &options.out {
        write_rows(path, &batch)?;
        if global.json {
            return print_json(&json!({ "method": about.id, "rows": batch.num_rows(), "data": counts, "file": path }));
        }
        console.say(&rows_in_words(&counts));
        console.say(&format!("{what}: {}", path.display()));
        return Ok(());
    }
    if global.json {
        let mut out = BufWriter::new(std::io::stdout().lock());
        return output::write_json(&mut out, &[batch]);
    }
    console::print_line(&output::write_table(&batch.schema(), &[batch])?);
    Ok(())
}

fn params(console: &Console, global: &Global, method: &'static dyn AnyMethod) -> Result<()> {
    let schema = method.schema();
    if global.json {
        return print_json(&schema);
    }
    let rows = describe(&schema).into_iter().map(|doc| vec![doc.name, doc.values, doc.default, doc.about]);
    console.table(&["parameter", "values", "default", "meaning"], rows.collect(), &[]);
    Ok(())
}

/// Reads a model of the method.
fn read_model(about: &About, path: &Path) -> Result<SavedModel> {
    let text = fs::read_to_string(path).map_err(|cause| Error::io(path, cause))?;
    SavedModel::parse(&text)
        .and_then(|saved| saved.check(about).map(|()| saved))
        .map_err(|error| error.with_context(path.display().to_string()))
}

/// Refuses a file whose folder is not there, before the work is done rather than after.
fn check_folder(path: &Path) -> Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
            Err(Error::config(format!("{}: there is no folder {}", path.display(), folder.display()))
                .with_hint("make it, or name another"))
        }
        _ => Ok(()),
    }
}

/// Writes a file whole or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let beside = path.with_extension("part");
    fs::write(&beside, bytes).map_err(|cause| Error::io(&beside, cause))?;
    fs::rename(&beside, path).map_err(|cause| Error::io(path, cause))
}

/// Writes rows in the form that the file's ending says.
fn write_rows(path: &Path, rows: &RecordBatch) -> Result<()> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
    if ending == "parquet" {
        return write_parquet(path, rows);
    }
    let beside = path.with_extension("part");
    let mut out = BufWriter::new(File::create(&beside).map_err(|cause| Error::io(&beside, cause))?);
    match ending.as_str() {
        "csv" => output::write_csv(&mut out, &rows.schema(), std::slice::from_ref(rows))?,
        "json" => output::write_json(&mut out, std::slice::from_ref(rows))?,
        _ => {
            return Err(Error::config(format!("{}: which form should the file have?", path.display()))
                .with_hint("end its name in .csv, .json or .parquet"));
        }
    }
    drop(out);
    fs::rename(&beside, path).map_err(|cause| Error::io(path, cause))
}
