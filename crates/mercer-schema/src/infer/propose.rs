//! The proposal for a set of files: grouped by header, judged, linked by their keys, put into words.

use std::collections::{BTreeMap, BTreeSet};

use mercer_source::FileProfile;

use super::map::{Because, Links, Match, SAME_NAME, noun};
use super::rows::{Verdict, judge, why_not};
use super::view::{Column, File, Kind};
use super::{
    LEAST_CERTAINTY, LeftOut, Proposal, ProposedColumn, ProposedSource, Question, SURE, UnmappedColumn, currency,
    leftover,
};
use crate::mapping::{ColumnSource, SourceSpec};
use crate::{Field, Table};

/// Proposes how files become sources of a project, from their profiles alone.
///
/// Rules that need a look at two columns together are added by [`Proposal::weigh`].
#[must_use]
pub fn propose(profiles: &[FileProfile]) -> Proposal {
    let files: Vec<File<'_>> = profiles.iter().map(File::new).collect();
    let mut proposal = Proposal::default();
    let groups = same_header(&files);
    // Twice: the keys found in the first round tell more about the columns of other files in the second.
    let first: Vec<Option<Verdict>> = groups.iter().map(|group| verdict(&files, group, &NoLinks)).collect();
    let keys = Keys::new(&files, &groups, &first);
    for group in &groups {
        let main = largest(&files, group);
        match verdict(&files, group, &keys) {
            Some(verdict) => {
                proposal.sources.push(source(&files, group, &verdict));
            }
            None => {
                let reason = why_not(main);
                proposal
                    .left_out
                    .extend(group.iter().map(|&i| LeftOut { file: files[i].path.to_owned(), reason: reason.clone() }));
            }
        }
    }
    proposal.sources.sort_by(|a, b| (a.spec.rows_are, &a.spec.name).cmp(&(b.spec.rows_are, &b.spec.name)));
    unique_names(&mut proposal);
    let used: Vec<&File<'_>> =
        proposal.sources.iter().flat_map(|source| source.profiles.iter().map(|&i| &files[i])).collect();
    proposal.currency = currency::guess(&used, &mut proposal.warnings);
    whole_project(&mut proposal);
    proposal
}

/// Indices of files that have the same header, in the order of their first file.
fn same_header(files: &[File<'_>]) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<Vec<&str>, Vec<usize>> = BTreeMap::new();
    for (index, file) in files.iter().enumerate() {
        groups.entry(file.columns.iter().map(|column| column.name).collect()).or_default().push(index);
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort();
    groups
}

/// The file of a group that tells most.
fn largest<'a, 'p>(files: &'a [File<'p>], group: &[usize]) -> &'a File<'p> {
    let mut best = &files[group[0]];
    for &index in group {
        if files[index].rows > best.rows {
            best = &files[index];
        }
    }
    best
}

fn verdict(files: &[File<'_>], group: &[usize], links: &dyn Links) -> Option<Verdict> {
    let file = largest(files, group);
    if file.rows == 0 { None } else { judge(file, links) }
}

struct NoLinks;

impl Links for NoLinks {
    fn share(&self, _: &File<'_>, _: usize, _: &str) -> Option<f64> {
        None
    }
}

/// The key columns of tables found in the first round: by key, the file and column that owns it.
struct Keys<'a, 'p> {
    files: &'a [File<'p>],
    owners: BTreeMap<&'static str, Vec<(usize, usize)>>,
}

impl<'a, 'p> Keys<'a, 'p> {
    fn new(files: &'a [File<'p>], groups: &[Vec<usize>], verdicts: &[Option<Verdict>]) -> Self {
        let mut owners: BTreeMap<&'static str, Vec<(usize, usize)>> = BTreeMap::new();
        let found = groups.iter().zip(verdicts).filter_map(|(group, verdict)| Some((group, verdict.as_ref()?)));
        for (group, verdict) in found.filter(|(_, verdict)| verdict.certainty >= SURE) {
            // Whoever buys is a customer, whether or not there is a file of customers.
            if matches!(verdict.case.table, Table::Orders | Table::OrderLines)
                && let Some(m) = verdict.case.matches.iter().find(|m| m.field.name == "customer_id")
            {
                owners.entry("customer_id").or_default().extend(group.iter().map(|&file| (file, m.column)));
            }
            let Some(&key) = verdict.case.table.key().first() else { continue };
            let owns = matches!(verdict.case.table, Table::Customers | Table::Products | Table::Orders);
            let column = verdict.case.matches.iter().find(|m| m.table == verdict.case.table && m.field.name == key);
            if let Some(m) = column.filter(|m| owns && m.name >= SAME_NAME) {
                owners.entry(key).or_default().extend(group.iter().map(|&file| (file, m.column)));
            }
        }
        Self { files, owners }
    }
}

impl Links for Keys<'_, '_> {
    fn share(&self, file: &File<'_>, column: usize, key: &str) -> Option<f64> {
        let column = file.columns.get(column)?;
        // Small whole numbers (flags, counts, ages) are among any customer numbers by chance.
        if column.distinct < 20 {
            return None;
        }
        let owners = self.owners.get(key)?;
        let shares = owners.iter().filter_map(|&(f, c)| {
            let owner = self.files.get(f)?;
            (!std::ptr::eq(owner, file)).then(|| column.share_in(&owner.columns[c]))?
        });
        shares.reduce(f64::max)
    }
}

/// A source for a group of files.
fn source(files: &[File<'_>], group: &[usize], verdict: &Verdict) -> ProposedSource {
    let mut questions = Vec::new();
    let file = largest(files, group);
    let rows_are = verdict.case.table;
    let name = source_name(files, group, rows_are);
    let mut spec = SourceSpec {
        name,
        files: group.iter().map(|&i| files[i].path.to_string_lossy().into_owned()).collect(),
        rows_are,
        read: Default::default(),
        columns: BTreeMap::new(),
        attributes: BTreeMap::new(),
    };
    let mut columns = Vec::new();
    let mut used = BTreeSet::new();
    for m in verdict
        .case
        .matches
        .iter()
        .filter(|m| m.certainty >= LEAST_CERTAINTY || is_required(rows_are, m, &verdict.case.constants))
    {
        let field = written(rows_are, m.table, m.field);
        let origin = origin(files, group, file, m, &field, &mut questions);
        used.insert(m.column);
        used.extend(&m.added);
        let proposed = put_into_words(file, rows_are, m, field.clone());
        ask(&proposed, m, &mut questions);
        columns.push(proposed);
        spec.columns.insert(field, origin);
    }
    for (field, value) in &verdict.case.constants {
        spec.columns.insert((*field).to_owned(), ColumnSource::Constant { constant: value.clone() });
        columns.push(ProposedColumn {
            field: (*field).to_owned(),
            columns: Vec::new(),
            certainty: 0.6,
            reason: "from the file's name, as no column says it".into(),
            runner_up: None,
            samples: vec![value.clone()],
        });
    }
    if verdict.case.makes_orders {
        spec.columns.insert("order_id".to_owned(), ColumnSource::one_per_customer_and_day());
        columns.insert(
            0,
            ProposedColumn {
                field: "order_id".to_owned(),
                columns: Vec::new(),
                certainty: 0.6,
                reason:
                    "an assumption: no column is an order number, so what a customer bought on one day is one order"
                        .into(),
                runner_up: None,
                samples: Vec::new(),
            },
        );
    }
    let mut unmapped = Vec::new();
    for (index, column) in file.columns.iter().enumerate().filter(|(index, _)| !used.contains(index)) {
        let guess = verdict.case.matches.iter().find(|m| m.column == index);
        match leftover::place(file, column, rows_are) {
            leftover::Place::Attribute(table) => {
                spec.attributes.entry(table).or_default().push(column.name.to_owned());
            }
            leftover::Place::Nowhere(reason) => unmapped.push(UnmappedColumn {
                column: column.name.to_owned(),
                reason,
                best_guess: guess.map(|m| written(rows_are, m.table, m.field)),
                distinct: column.distinct,
                samples: samples(column),
            }),
        }
    }
    about_rows(verdict, &spec, &mut questions);
    ProposedSource {
        spec,
        profiles: group.to_vec(),
        rows: group.iter().map(|&i| files[i].rows).sum(),
        certainty: verdict.certainty,
        reason: verdict.case.reason.clone(),
        columns,
        unmapped,
        questions,
    }
}

fn is_required(rows_are: Table, m: &Match, constants: &[(&'static str, String)]) -> bool {
    m.table == rows_are && m.field.required && !constants.iter().any(|(field, _)| *field == m.field.name)
}

/// A field as it is written in `mercer.toml`: with its table where the bare name would mean another.
pub(super) fn written(rows_are: Table, table: Table, field: &Field) -> String {
    match rows_are.resolve(field.name) {
        Some((found, _)) if found == table => field.name.to_owned(),
        _ => format!("{}.{}", table.name(), field.name),
    }
}

/// Where a field comes from; asks how to read dates that can be read in two ways.
fn origin(
    files: &[File<'_>],
    group: &[usize],
    file: &File<'_>,
    m: &Match,
    field: &str,
    questions: &mut Vec<Question>,
) -> ColumnSource {
    let column = &file.columns[m.column];
    if !m.added.is_empty() {
        let all = std::iter::once(&m.column).chain(&m.added);
        return ColumnSource::Columns(all.map(|&c| file.columns[c].name.to_owned()).collect());
    }
    // One file of the group in which a day is beyond 12 settles it for all.
    let ambiguous = column.kind == Kind::Time
        && group.iter().all(|&i| files[i].columns.get(m.column).is_some_and(|column| column.ambiguous_day));
    if ambiguous {
        let day_first = column.day_first.unwrap_or(true);
        questions.push(Question {
            field: Some(field.to_owned()),
            text: format!(
                "dates in \"{}\" (such as {}) can be read day first or month first; is day_first = {day_first} right?",
                column.name,
                column.samples.first().map_or("?", |sample| sample)
            ),
        });
        return ColumnSource::Detailed {
            column: column.name.to_owned(),
            day_first: Some(day_first),
            decimal_mark: None,
        };
    }
    ColumnSource::Column(column.name.to_owned())
}

fn samples(column: &Column<'_>) -> Vec<String> {
    column.samples.iter().take(3).cloned().collect()
}

/// Whether the field is the key of the rows' own table.
fn owns(rows_are: Table, m: &Match) -> bool {
    m.table == rows_are && rows_are.key().first() == Some(&m.field.name)
}

/// A match with its reason.
fn put_into_words(file: &File<'_>, rows_are: Table, m: &Match, field: String) -> ProposedColumn {
    let column = &file.columns[m.column];
    let name = match m.name {
        alike if alike >= SAME_NAME => "the name is known",
        alike if alike >= 0.7 => "the name is usual for it",
        alike if alike >= 0.55 => "the name is similar",
        _ => "the name says little",
    };
    let contents = match m.suits {
        _ if column.kind == Kind::Empty => "but the column is empty",
        fit if fit >= 0.9 => "and the values suit",
        fit if fit >= 0.6 => "though the values suit only in part",
        _ => "but the values hardly suit",
    };
    let reason = match m.because {
        Because::Preset(system) => format!("a column of {system}"),
        Because::OnlyOne => "the only column with dates".to_owned(),
        Because::Email => "the rows name no customer number, so the e-mail address names the customer".to_owned(),
        Because::Title => "the rows name no product number, so its name stands for the product".to_owned(),
        Because::Link(share) if !owns(rows_are, m) => {
            format!("{name}, and {:.0} % of its values are known keys", share * 100.0)
        }
        Because::Name | Because::Link(_) => format!("{name}, {contents}"),
    };
    ProposedColumn {
        field,
        columns: std::iter::once(&m.column).chain(&m.added).map(|&c| file.columns[c].name.to_owned()).collect(),
        certainty: m.certainty,
        reason,
        runner_up: m.runner_up.map(|(table, field)| written(rows_are, table, field)),
        samples: samples(column),
    }
}

/// Asks about a mapping that is less than sure.
fn ask(proposed: &ProposedColumn, m: &Match, questions: &mut Vec<Question>) {
    let columns = proposed.columns.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(" + ");
    let text = if m.because == Because::Email {
        format!(
            "is an e-mail address ({columns}) the best key of a customer? Where you have customer numbers, use them"
        )
    } else if !m.added.is_empty() && !matches!(m.because, Because::Preset(_)) {
        format!("{columns} are added up; leave out what is not your own reduction or already in another")
    } else if proposed.certainty < SURE {
        let other = proposed.runner_up.as_ref().map_or(String::new(), |other| format!(" It may also be {other}."));
        format!(
            "is {columns} really {} ({})?{other}",
            proposed.field,
            m.field.doc.split(';').next().unwrap_or_default()
        )
    } else {
        return;
    };
    questions.push(Question { field: Some(proposed.field.clone()), text });
}

/// What to say of the rows themselves.
fn about_rows(verdict: &Verdict, spec: &SourceSpec, questions: &mut Vec<Question>) {
    let table = verdict.case.table;
    let mut question = |text: String| {
        questions.push(Question { field: None, text });
    };
    if verdict.certainty < SURE {
        let other = verdict.runner_up.map_or(String::new(), |other| format!(", or rather of {}", other.name()));
        question(format!("is each row really one of {} ({}){other}?", table.name(), noun(table)));
    }
    if spec.makes_orders() {
        question("there is no order number: is what a customer bought on one day one order?".into());
    } else if table == Table::Orders && !spec.columns.contains_key("order_id") {
        question("there is no order number: is each row an order of its own?".into());
    }
}

/// A short name from the files' names without dates and numbers, or from the table.
fn source_name(files: &[File<'_>], group: &[usize], rows_are: Table) -> String {
    let word = |word: &String| !word.chars().all(|letter| letter.is_ascii_digit());
    let mut stems = group.iter().map(|&i| super::words::words(&files[i].stem()));
    let mut common: Vec<String> = stems.next().unwrap_or_default();
    for other in stems {
        common.retain(|word| other.contains(word));
    }
    common.retain(word);
    let name = common.join("_");
    if name.is_empty() { rows_are.name().to_owned() } else { name }
}

/// Makes source names unique.
fn unique_names(proposal: &mut Proposal) {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for source in &mut proposal.sources {
        let name = source.spec.name.clone();
        let mut unique = name.clone();
        let mut number = 2;
        while !taken.insert(unique.clone()) {
            unique = format!("{name}_{number}");
            number += 1;
        }
        source.spec.name = unique;
    }
}

/// What is missing in the project as a whole.
fn whole_project(proposal: &mut Proposal) {
    let has = |table: Table| proposal.sources.iter().any(|source| source.spec.rows_are == table);
    let carries_orders = has(Table::Orders)
        || proposal
            .sources
            .iter()
            .any(|source| source.spec.rows_are == Table::OrderLines && source.spec.columns.contains_key("ordered_at"));
    if has(Table::OrderLines) && !carries_orders {
        proposal.warnings.push(
            "order lines were found, but no orders with a date and a customer: add the file of orders".to_owned(),
        );
    }
}
