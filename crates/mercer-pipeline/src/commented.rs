//! Writes a proposed `mercer.toml` the way people read it: each line with what it rests on.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use mercer_base::words::grouped;
use mercer_schema::infer::{LEAST_CERTAINTY, LeftOut, Proposal, ProposedSource, SURE};
use mercer_schema::{ColumnSource, Rules, SourceSpec};
use mercer_source::{FileProfile, ReadOptions};

use crate::config::{FILE_NAME, ProjectConfig};

/// Asked where no column names the currency.
pub(crate) const CURRENCY_QUESTION: &str = "in which currency are the amounts?";
/// Longest sample that is shown.
const SAMPLE_LENGTH: usize = 28;
/// Columns to the right of which comments do not move any further.
const COMMENT_COLUMN: usize = 44;

/// The text of the configuration, with comments.
pub(crate) fn write(
    config: &ProjectConfig,
    proposal: &Proposal,
    profiles: &[FileProfile],
    left_out: &[LeftOut],
    warnings: &[String],
) -> String {
    let mut out = Text::default();
    out.line(&format!("# {FILE_NAME}: what mercer reads, and how. Proposed by `mercer init`; change what is wrong."));
    out.line("# A percentage says how sure a line is. Lines with CHECK are questions that only you can answer.");
    out.line(
        "# Paths start at this folder; in a file name * stands for any part of it. `mercer check` tries it all out.",
    );
    for warning in warnings {
        out.line(&format!("# NOTE: {}", one_line(warning)));
    }
    out.line("");
    project(&mut out, config, proposal);
    rules(&mut out, &config.rules, proposal);
    for (spec, source) in config.sources.iter().zip(&proposal.sources) {
        write_source(&mut out, spec, source, profiles);
    }
    if !left_out.is_empty() {
        out.line("");
        out.line("# Not read:");
        for left in left_out {
            let name = left.file.file_name().unwrap_or(left.file.as_os_str()).to_string_lossy();
            out.line(&format!("# - {}: {}", one_line(&name), one_line(&left.reason)));
        }
    }
    out.0
}

fn project(out: &mut Text, config: &ProjectConfig, proposal: &Proposal) {
    out.line("[project]");
    out.line(&format!("name = {}", quoted(&config.project.name)));
    let title = format!("# title = {}", quoted(&config.project.name));
    out.with_comment(&title, "as it should stand above the report");
    let currency = format!("currency = {}", quoted(config.project.currency.code()));
    match &proposal.currency {
        Some(guess) if guess.certainty >= SURE => {
            out.with_comment(&currency, &format!("{}: {}", percent(guess.certainty), guess.reason));
        }
        Some(guess) => {
            out.with_comment(&currency, &format!("CHECK: {CURRENCY_QUESTION} Guessed from {}", guess.reason));
        }
        None => out.with_comment(&currency, &format!("CHECK: {CURRENCY_QUESTION} Write it as \"EUR\"")),
    }
    out.line("");
    out.line("# What the computer may use; both are found by themselves.");
    out.line("# [engine]");
    out.line("# memory = \"1 GB\"");
    out.line("# threads = 4");
}

/// The rules, each with why it is set or what it would be for.
fn rules(out: &mut Text, rules: &Rules, proposal: &Proposal) {
    let reasons = |rule: &str| -> Vec<&str> {
        proposal.rule_reasons.iter().filter(|r| r.rule == rule).map(|r| r.reason.as_str()).collect()
    };
    out.line("");
    out.line("# What the data cannot say by itself.");
    out.line("[rules]");
    let prefixes = [
        (
            "cancellation_prefix",
            &rules.cancellation_prefix,
            "orders whose number starts with this are cancellations or returns",
        ),
        (
            "adjustment_prefix",
            &rules.adjustment_prefix,
            "orders whose number starts with this are book-keeping entries: neither sales nor refunds",
        ),
    ];
    for (name, value, meaning) in prefixes {
        out.line(&format!("# {}", capital(meaning)));
        match value {
            Some(value) => out.with_comment(&format!("{name} = {}", quoted(value)), &reasons(name).join("; ")),
            None => out.line(&format!("# {name} = \"…\"   (no such orders were found)")),
        }
    }
    let lists = [
        ("cancelled_statuses", &rules.cancelled_statuses, "orders in these states never came about"),
        ("refunded_statuses", &rules.refunded_statuses, "orders in these states were paid back in full"),
        ("service_products", &rules.service_products, "charges such as postage, which are not goods"),
        ("anonymous_customers", &rules.anonymous_customers, "customer numbers that stand for nobody in particular"),
    ];
    for (name, values, meaning) in lists {
        out.line(&format!("# {}", capital(meaning)));
        let reasons = reasons(name);
        if name == "service_products" && !values.is_empty() {
            out.line(&format!("{name} = ["));
            for (value, reason) in values.iter().zip(&reasons) {
                out.with_comment(&format!("  {},", quoted(value)), reason);
            }
            out.line("]");
        } else {
            let list = values.iter().map(|value| quoted(value)).collect::<Vec<_>>().join(", ");
            out.with_comment(&format!("{name} = [{list}]"), &reasons.join("; "));
        }
    }
}

fn write_source(out: &mut Text, spec: &SourceSpec, source: &ProposedSource, profiles: &[FileProfile]) {
    out.line("");
    out.line("");
    let notes = source.profiles.first().and_then(|&i| profiles.get(i)).map(|p| p.dialect.notes.join(", "));
    let notes = notes.filter(|notes| !notes.is_empty()).map_or(String::new(), |notes| format!("; {notes}"));
    let more = source.profiles.iter().any(|&i| profiles.get(i).is_some_and(|p| p.truncated));
    let rows = grouped(source.rows);
    let rows = if more { format!("more than {rows}") } else { rows };
    out.line(&format!("# {}: {rows} row{}{}", spec.name, if source.rows == 1 { "" } else { "s" }, one_line(&notes)));
    out.line("[[source]]");
    out.line(&format!("name = {}", quoted(&spec.name)));
    match spec.files.as_slice() {
        [one] => out.line(&format!("files = [{}]", quoted(one))),
        several => {
            out.line("files = [");
            for file in several {
                out.line(&format!("  {},", quoted(file)));
            }
            out.line("]");
        }
    }
    let table = format!("rows_are = {}", quoted(spec.rows_are.name()));
    out.with_comment(&table, &format!("{}: {}", percent(source.certainty), source.reason));
    for question in source.questions.iter().filter(|question| question.field.is_none()) {
        out.line(&format!("# CHECK: {}", one_line(&question.text)));
    }
    read_options(out, &spec.read);
    out.line("");
    out.line("[source.columns]");
    columns(out, spec, source);
    attributes(out, spec);
}

fn columns(out: &mut Text, spec: &SourceSpec, source: &ProposedSource) {
    let width = spec.columns.keys().map(|field| key(field).chars().count()).max().unwrap_or(0);
    for proposed in &source.columns {
        let Some(origin) = spec.columns.get(&proposed.field) else { continue };
        for question in source.questions.iter().filter(|q| q.field.as_deref() == Some(&proposed.field)) {
            out.line(&format!("# CHECK: {}", one_line(&question.text)));
        }
        let field = key(&proposed.field);
        let line = format!("{field:width$} = {}", value(origin));
        let mut comment = percent(proposed.certainty);
        let telling = proposed.certainty < SURE || !proposed.reason.ends_with("and the values suit");
        if telling {
            let _ = write!(comment, ": {}", proposed.reason);
        }
        if !proposed.columns.is_empty() && !proposed.samples.is_empty() {
            let _ = write!(comment, " · {}", shown(&proposed.samples));
        }
        out.with_comment(&line, &comment);
    }
    if source.unmapped.is_empty() {
        return;
    }
    out.line("# Not read (to map one, write its line with a field's name in place of the question mark):");
    // Columns without anything to tell are only listed: exports of shop systems have dozens of them.
    let mut silent: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for unmapped in &source.unmapped {
        if unmapped.distinct <= 1 {
            silent.entry(&unmapped.reason).or_default().push(&unmapped.column);
            continue;
        }
        let mut comment = unmapped.reason.clone();
        if let Some(guess) = &unmapped.best_guess {
            let _ = write!(comment, "; most like {guess}, but below {}", percent(LEAST_CERTAINTY));
        }
        if !unmapped.samples.is_empty() {
            let _ = write!(comment, " · {}", shown(&unmapped.samples));
        }
        out.with_comment(&format!("# ? = {}", quoted(&unmapped.column)), &comment);
    }
    for (reason, names) in silent {
        wrapped(out, &format!("# {}: {}", capital(reason), names.join(", ")));
    }
}

/// A comment broken into lines.
fn wrapped(out: &mut Text, comment: &str) {
    let comment = one_line(comment);
    let mut line = String::new();
    for word in comment.split(' ') {
        if line.chars().count() + word.chars().count() > 110 {
            out.line(&line);
            line = "#  ".to_owned();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    out.line(&line);
}

fn attributes(out: &mut Text, spec: &SourceSpec) {
    if spec.attributes.is_empty() {
        return;
    }
    out.line("");
    out.line("# Further columns to keep, by what they describe; methods use them to explain and to predict.");
    out.line("[source.attributes]");
    for (table, names) in &spec.attributes {
        let list = names.iter().map(|name| quoted(name)).collect::<Vec<_>>();
        let short = format!("{} = [{}]", table.name(), list.join(", "));
        if short.chars().count() <= 120 {
            out.line(&short);
            continue;
        }
        out.line(&format!("{} = [", table.name()));
        for name in list {
            out.line(&format!("  {name},"));
        }
        out.line("]");
    }
}

/// Only what people said about reading; the rest is found by itself each time.
fn read_options(out: &mut Text, read: &ReadOptions) {
    if *read == ReadOptions::default() {
        return;
    }
    // Options are plain values; a serialiser that fails on them would be caught by reading the file back.
    let Ok(text) = toml::to_string(read) else { return };
    out.line("");
    out.line("[source.read]");
    out.line(text.trim_end());
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    /// A line with a comment, which starts in the same column wherever lines are short enough.
    fn with_comment(&mut self, line: &str, comment: &str) {
        if comment.is_empty() {
            return self.line(line);
        }
        self.line(&format!("{line:COMMENT_COLUMN$}  # {}", one_line(comment)));
    }
}

fn value(origin: &ColumnSource) -> String {
    match origin {
        ColumnSource::Column(name) => quoted(name),
        ColumnSource::Columns(names) => {
            format!("[{}]", names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", "))
        }
        ColumnSource::Constant { constant } => format!("{{ constant = {} }}", quoted(constant)),
        ColumnSource::OnePer { one_per } => {
            format!("{{ one_per = [{}] }}", one_per.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", "))
        }
        ColumnSource::Detailed { column, day_first, decimal_mark } => {
            let mut parts = vec![format!("column = {}", quoted(column))];
            parts.extend(day_first.map(|day| format!("day_first = {day}")));
            parts.extend(decimal_mark.map(|mark| format!("decimal_mark = {}", quoted(&mark.to_string()))));
            format!("{{ {} }}", parts.join(", "))
        }
    }
}

/// A TOML string on one line. JSON's escapes are TOML's, but for the delete character, which only TOML escapes.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007F")
}

/// A TOML key: `products.title` is one name, not a path.
fn key(field: &str) -> String {
    if field.contains('.') { quoted(field) } else { field.to_owned() }
}

/// Comments end with their line: breaks and other control characters become blanks.
fn one_line(text: &str) -> String {
    let blank = |letter: char| if letter.is_control() { ' ' } else { letter };
    text.chars().map(blank).collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn shown(samples: &[String]) -> String {
    let short = |sample: &String| {
        let line = one_line(sample);
        if line.chars().count() <= SAMPLE_LENGTH {
            line
        } else {
            format!("{}…", line.chars().take(SAMPLE_LENGTH - 1).collect::<String>())
        }
    };
    samples.iter().map(short).collect::<Vec<_>>().join(" | ")
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
