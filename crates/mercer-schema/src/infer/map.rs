//! Which column is which field, given what a row is: scores by names and contents, then the best assignment.

use std::sync::LazyLock;

use super::LEAST_CERTAINTY;
use super::assign::best_assignment;
use super::fit::suits;
use super::view::{Column, File, Kind, Look};
use super::words::{Name, likeness};
use crate::{Field, FieldKind, Table};

/// Pairs of a lower score are not even worth naming as a guess.
const LEAST_SCORE: f64 = 0.4;
/// A name this alike is the field's own name or a known synonym.
pub(super) const SAME_NAME: f64 = 0.91;
/// The names of a field before its synonyms: the canonical one, and that with what a row is called in front.
const OWN_NAMES: usize = 1;
/// The likeness of a name that is one of the known ones, but means different things in different tables.
const GENERIC: f64 = 0.85;

/// One column found to be a field.
#[derive(Debug, Clone)]
pub(super) struct Match {
    /// The column's index in the file.
    pub(super) column: usize,
    /// Further columns that are added to it.
    pub(super) added: Vec<usize>,
    /// The field's table: the rows' own or one they carry.
    pub(super) table: Table,
    /// The field.
    pub(super) field: &'static Field,
    /// How alike the names are.
    pub(super) name: f64,
    /// How well the contents suit.
    pub(super) suits: f64,
    /// How certain it is, 0 to 1, rivals considered.
    pub(super) certainty: f64,
    /// The next best field of the column, where it came near.
    pub(super) runner_up: Option<(Table, &'static Field)>,
    /// What else speaks for it.
    pub(super) because: Because,
}

/// What decided a match beside its name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Because {
    /// Name and contents.
    Name,
    /// The only column of the file that can be it.
    OnlyOne,
    /// Its values are keys of another file, to this share.
    Link(f64),
    /// The rows name no customer number, and so an e-mail address stands for the customer.
    Email,
    /// The lines name no product number, and so its name stands for the product.
    Title,
    /// The file is this known system's export.
    Preset(&'static str),
}

/// How much of a column's values are known keys of a kind (`customer_id`, `product_id`, …); none where unknown.
pub(super) trait Links {
    /// The share of the column's values among the keys, 0 to 1.
    fn share(&self, file: &File<'_>, column: usize, key: &str) -> Option<f64>;
}

/// The names of one field, ready for comparison.
struct Known {
    table: Table,
    field: &'static Field,
    names: Vec<Name>,
}

static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let mut known = Vec::new();
    for table in Table::ALL {
        for field in table.fields() {
            let mut names = vec![Name::new(field.name)];
            if !field.name.ends_with("_id") {
                names.push(Name::new(&format!("{} {}", noun(table), field.name)));
            }
            names.extend(field.synonyms.iter().map(|synonym| Name::new(synonym)));
            known.push(Known { table, field, names });
        }
    }
    known
});

/// What one row of the table is called.
pub(super) fn noun(table: Table) -> &'static str {
    match table {
        Table::Customers => "customer",
        Table::Orders => "order",
        Table::OrderLines => "line",
        Table::Products => "product",
        Table::Events => "event",
        Table::Messages => "message",
        Table::Touchpoints => "touchpoint",
        Table::Media => "media",
        Table::Leads => "lead",
        Table::Subscriptions => "subscription",
        Table::Contents => "content",
        Table::Experiments => "experiment",
        Table::Consent => "consent",
        Table::Identity => "identity",
    }
}

/// How alike a column's name and a field's names are, 0 to 1.
pub(super) fn name_score(column: &Column<'_>, table: Table, field: &Field) -> f64 {
    let position = KNOWN.iter().position(|known| known.table == table && known.field.name == field.name);
    position.and_then(|position| column.name_scores.get(position)).copied().unwrap_or(0.0)
}

/// How alike a name is to those of every canonical field, in the order of [`KNOWN`]; taken once for each column, as
/// each table asks again.
pub(super) fn name_scores(name: &str, words: &Name) -> Vec<f64> {
    // `_id` stands behind `id`: a leading mark is how programs name their own columns.
    let own = if name.starts_with('_') { 0.97 } else { 1.0 };
    let bare_id = words.text() == "id";
    KNOWN.iter().map(|known| own * if bare_id { bare_id_score(known) } else { known.likeness(words) }).collect()
}

/// A bare "id" is the key of whatever the rows are, or else the customer's.
fn bare_id_score(known: &Known) -> f64 {
    let name = known.field.name;
    if known.table.key().first() == Some(&name) && name.ends_with("_id") {
        0.62
    } else if name == "customer_id" {
        0.6
    } else {
        0.0
    }
}

impl Known {
    fn likeness(&self, words: &Name) -> f64 {
        let mut best = 0.0_f64;
        for (index, name) in self.names.iter().enumerate() {
            let alike = likeness(words, name);
            // The canonical name itself is less in doubt than a synonym that many tables share.
            let alike = if index == 0 && words.is_generic() && alike >= 0.7 { GENERIC } else { alike };
            // The field's own names before its synonyms, and those in the order in which they are usual.
            let order = 0.001 * f64::from(u8::try_from(index.min(40)).unwrap_or(40));
            best = best.max(if index <= OWN_NAMES { alike } else { alike * 0.97 } - order);
        }
        best
    }
}

/// The fields a row of `table` may fill: its own, then those of the tables it carries. A key stands once.
pub(super) fn fields_of(table: Table) -> Vec<(Table, &'static Field)> {
    let mut fields: Vec<(Table, &'static Field)> = table.fields().iter().map(|field| (table, field)).collect();
    for &carried in table.carries() {
        for field in carried.fields() {
            let is_key = field.kind == FieldKind::Id;
            if !(is_key && fields.iter().any(|(_, earlier)| earlier.name == field.name)) {
                fields.push((carried, field));
            }
        }
    }
    fields
}

/// A field that fills a carried table needs a little more than the rows' own.
fn preference(rows: Table, table: Table, field: &Field) -> f64 {
    match table {
        own if own == rows && field.required => 1.05,
        own if own == rows => 1.0,
        Table::Orders => 0.95,
        _ => 0.85,
    }
}

/// The best mapping of a file's columns, were its rows of `rows`.
pub(super) fn map(file: &File<'_>, rows: Table, links: &dyn Links) -> Vec<Match> {
    let fields = fields_of(rows);
    let times = file.columns.iter().filter(|column| column.kind == Kind::Time).count();
    let mut scores = vec![vec![0.0_f64; fields.len()]; file.columns.len()];
    let mut names = scores.clone();
    let mut contents = scores.clone();
    let mut because = vec![vec![Because::Name; fields.len()]; file.columns.len()];
    for (c, column) in file.columns.iter().enumerate() {
        for (f, &(table, field)) in fields.iter().enumerate() {
            let mut name = name_score(column, table, field);
            let suits = suits(column, table, field);
            if times == 1
                && column.kind == Kind::Time
                && table.time() == Some(field.name)
                && field.required
                && name < 0.6
            {
                name = 0.6;
                because[c][f] = Because::OnlyOne;
            }
            let mut score = name * suits;
            // A column with the very name of a field of these rows is that field, not its neighbour: `price` is no cost.
            if table == rows && field.name != column.name_as_field() && rows.field(&column.name_as_field()).is_some() {
                score *= 0.6;
            }
            if let Some(share) = foreign_key(file, c, rows, field, links) {
                // Small whole numbers are among any keys by chance: there the name must agree.
                if share >= 0.8 && suits >= 0.6 && (name >= 0.55 || column.kind == Kind::Text) {
                    score = (score + 0.15).clamp(0.55, 1.0);
                    because[c][f] = Because::Link(share);
                } else if share < 0.05 && name < SAME_NAME {
                    score *= 0.5;
                }
            }
            names[c][f] = name;
            contents[c][f] = suits;
            scores[c][f] = score;
        }
    }
    let added = summed(file, &fields, &names, &scores);
    let weights: Vec<Vec<f64>> = scores
        .iter()
        .enumerate()
        .map(|(c, row)| {
            let rest = added.iter().any(|sum| sum.rest.contains(&c));
            row.iter()
                .enumerate()
                .map(|(f, &score)| {
                    let (table, field) = fields[f];
                    // The cube lets one sure match outweigh two doubtful ones.
                    if score < LEAST_CERTAINTY || rest { 0.0 } else { (score * preference(rows, table, field)).powi(3) }
                })
                .collect()
        })
        .collect();
    let assignment = best_assignment(&weights);
    let mut matches = Vec::new();
    for (c, f) in assignment.iter().enumerate().filter_map(|(c, f)| f.map(|f| (c, f))) {
        let (table, field) = fields[f];
        let taken = |other: usize| assignment.contains(&Some(other));
        let rival = (0..fields.len())
            .filter(|&other| other != f && !taken(other) && scores[c][other] >= LEAST_SCORE)
            .max_by(|&a, &b| scores[c][a].total_cmp(&scores[c][b]).then(b.cmp(&a)));
        let claimants = scores.iter().enumerate().filter(|(other, row)| *other != c && row[f] >= scores[c][f] - 0.12);
        let contested = claimants
            .filter(|(other, _)| assignment[*other].is_none_or(|to| scores[*other][to] < scores[*other][f]))
            .count();
        let certainty = certainty(&Doubt {
            score: scores[c][f],
            name: names[c][f],
            rival: rival.map(|other| (scores[c][other], fields[other].1.name == field.name || fields[other].0 != rows)),
            contested: contested > 0,
        });
        let near = rival.filter(|&other| scores[c][other] >= scores[c][f] - 0.3 && fields[other].1.name != field.name);
        matches.push(Match {
            column: c,
            added: added
                .iter()
                .find(|sum| sum.first == c && sum.field == f)
                .map(|sum| sum.rest.clone())
                .unwrap_or_default(),
            table,
            field,
            name: names[c][f],
            suits: contents[c][f],
            certainty,
            runner_up: near.map(|other| fields[other]),
            because: because[c][f],
        });
    }
    matches.extend(email_as_customer(file, &fields, &matches));
    for (c, row) in scores.iter().enumerate().filter(|(c, _)| assignment[*c].is_none()) {
        if added.iter().any(|sum| sum.rest.contains(&c)) {
            continue;
        }
        let free = (0..fields.len()).filter(|f| row[*f] >= LEAST_SCORE && !assignment.contains(&Some(*f)));
        if let Some(f) = free.max_by(|&a, &b| row[a].total_cmp(&row[b]).then(b.cmp(&a))) {
            let (table, field) = fields[f];
            // Not sure enough to be mapped, but worth naming as the best guess.
            matches.push(Match {
                column: c,
                added: Vec::new(),
                table,
                field,
                name: names[c][f],
                suits: contents[c][f],
                certainty: row[f].min(LEAST_CERTAINTY - 0.01),
                runner_up: None,
                because: because[c][f],
            });
        }
    }
    sort(&mut matches, rows);
    matches
}

/// Puts matches into the order of the canonical schema.
pub(super) fn sort(matches: &mut [Match], rows: Table) {
    let fields = fields_of(rows);
    matches.sort_by_key(|m| fields.iter().position(|(table, field)| *table == m.table && field.name == m.field.name));
}

/// Where rows name no customer but an e-mail address, that is the customer's key (beside being the address).
fn email_as_customer(file: &File<'_>, fields: &[(Table, &'static Field)], matches: &[Match]) -> Option<Match> {
    let &(table, field) = fields.iter().find(|(_, field)| field.name == "customer_id")?;
    if matches.iter().any(|m| m.field.name == "customer_id") {
        return None;
    }
    let column = file.columns.iter().position(|column| column.look == Some(Look::Email))?;
    let suits = suits(&file.columns[column], table, field);
    Some(Match {
        column,
        added: Vec::new(),
        table,
        field,
        name: 0.8,
        suits,
        certainty: 0.8 * suits,
        runner_up: None,
        because: Because::Email,
    })
}

/// The share of a column's values that are known keys, where the field is a key of another table.
fn foreign_key(file: &File<'_>, column: usize, rows: Table, field: &Field, links: &dyn Links) -> Option<f64> {
    let own = rows.key().first() == Some(&field.name) && rows != Table::Customers;
    (field.kind == FieldKind::Id && !own).then(|| links.share(file, column, field.name)).flatten()
}

struct Doubt {
    score: f64,
    name: f64,
    /// The score of the column's next best field, and whether that matters little: the same field of another table, or
    /// one that rows of this kind only carry.
    rival: Option<(f64, bool)>,
    /// Whether another column would also do for the field.
    contested: bool,
}

fn certainty(doubt: &Doubt) -> f64 {
    let mut certainty = doubt.score;
    // A known name that is common to many tables is as good as any other once nothing competes for it.
    if !doubt.contested && doubt.name >= 0.7 && doubt.name < SAME_NAME {
        certainty += 0.12;
    }
    if let Some((rival, matters_little)) = doubt.rival {
        let near = (1.0 - (doubt.score - rival).max(0.0) / 0.3).max(0.0);
        // Whose country it is matters little, as long as it is the country.
        certainty *= 1.0 - near * if matters_little { 0.06 } else { 0.25 };
    }
    if doubt.contested {
        certainty *= 0.85;
    }
    certainty.clamp(0.0, 0.98)
}

/// Columns to be added up into one amount.
struct Sum {
    field: usize,
    first: usize,
    rest: Vec<usize>,
}

/// Amounts that come in parts: `retail_disc` and `coupon_disc` are both discounts. A total is never a part.
fn summed(file: &File<'_>, fields: &[(Table, &'static Field)], names: &[Vec<f64>], scores: &[Vec<f64>]) -> Vec<Sum> {
    let mut sums = Vec::new();
    for (f, (_, field)) in fields.iter().enumerate() {
        if !(field.kind == FieldKind::Money && matches!(field.name, "discount" | "tax" | "refund")) {
            continue;
        }
        let parts: Vec<usize> = (0..file.columns.len())
            .filter(|&c| {
                let words = &file.columns[c].words;
                let best_elsewhere =
                    (0..fields.len()).filter(|&other| other != f).map(|other| scores[c][other]).fold(0.0, f64::max);
                names[c][f] >= SAME_NAME
                    && scores[c][f] > best_elsewhere
                    && !words.has_any(&["total", "all", "sum", "amount", "order", "rate", "percent"])
                    && !Name::new(field.name).text().eq(&words.text())
            })
            .collect();
        if let Some((&first, rest)) = parts.split_first()
            && !rest.is_empty()
        {
            sums.push(Sum { field: f, first, rest: rest.to_vec() });
        }
    }
    sums
}
