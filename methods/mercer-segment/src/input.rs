//! The typed input: customers with their attributes, what they bought, what they chose.

use std::collections::BTreeSet;

use mercer_base::frame::{Column, Frame, NO_MOMENT, NO_WORD, Words, WordsBuilder};
use mercer_base::words::count;
use mercer_base::{Error, Result, nearest};
use mercer_method::day::{MICROS_A_DAY, day_of, read_day, written_day};
use mercer_method::{Context, Intake, IntakeCounts, Tables, Window, rows_by_id, rows_by_values};

use crate::attributes::{Attribute, Values};
use crate::choices;
use crate::explain::associate::Choices;
use crate::params::Params;
use crate::purchases::Purchases;
use mercer_base::words::humanised;

const DAYS_A_YEAR: f64 = 365.25;

/// The customers, in the order of their ids, or of their values where they have none.
#[derive(Debug, Clone)]
pub struct Input {
    /// Their ids, where the data name them.
    pub ids: Option<Words>,
    /// How many there are.
    pub customers: usize,
    /// What is known of each.
    pub attributes: Vec<Attribute>,
    /// Where each stands in the table that was read, where the rows have no ids and scores go back to their places.
    pub(crate) places: Option<Vec<usize>>,
    /// What they bought, where the data say when.
    pub(crate) purchases: Option<Purchases>,
    /// What those who are parted chose; of purchases these are the customers with a purchase.
    pub(crate) choices: Option<Choices>,
}

/// Makes the input from tables.
///
/// # Errors
/// When nothing usable is left, or parameters and tables do not fit each other.
pub(crate) fn read(params: &Params, tables: &Tables, context: &Context<'_>) -> Result<Intake<Input>> {
    if tables.form() == "purchases" {
        from_purchases(params, tables, context)
    } else {
        from_customers(params, tables, context)
    }
}

fn from_purchases(params: &Params, tables: &Tables, context: &Context<'_>) -> Result<Intake<Input>> {
    let mut counts = tables.counts();
    let said = params.until.as_deref().map(|text| read_day("segment: until", text)).transpose()?;
    let last_day = said.or_else(|| context.until.map(|until| day_of(until - 1)));
    let today = context.not_yet.map(|not_yet| day_of(not_yet - 1));
    let purchases = Purchases::collect(params, tables.need("purchases")?, last_day, today, &mut counts)?;
    if last_day.is_none() {
        let day = written_day(purchases.last_day);
        counts.notes.push(format!("the data are taken to end with the last purchase, on {day}"));
    }
    let (first, last) = (purchases.first_day(), purchases.last_day);
    counts.window = Window {
        from: Some(i64::from(first).saturating_mul(MICROS_A_DAY)),
        until: Some((i64::from(last) + 1).saturating_mul(MICROS_A_DAY)),
        words: format!("purchases from {} to {}", written_day(first), written_day(last)),
    };
    let mut ids = WordsBuilder::default();
    purchases.ids.iter().for_each(|id| ids.push(Some(id)));
    let ids = ids.finish();
    let attributes = match tables.get("customers") {
        Some(frame) => {
            let rows = rows_of(frame.words("customer_id")?, &purchases.ids);
            attributes_of(params, frame, &rows, last, &mut counts)
        }
        None => Vec::new(),
    };
    check_attributes(params, &attributes, &[])?;
    // Whoever has only returns is no customer to be parted.
    let buyers = purchases.as_of(last).customers;
    let buyers: Vec<String> = buyers.iter().map(|customer| purchases.ids[*customer].clone()).collect();
    let choices = choices::read(tables, &buyers)?;
    let input = Input {
        customers: purchases.ids.len(),
        ids: Some(ids),
        attributes,
        places: None,
        purchases: Some(purchases),
        choices,
    };
    Ok(Intake { input, counts })
}

fn from_customers(params: &Params, tables: &Tables, context: &Context<'_>) -> Result<Intake<Input>> {
    let frame = tables.need("customers")?;
    let mut counts = tables.counts();
    let ids = frame.column("customer_id").map(|_| frame.words("customer_id")).transpose()?;
    let last_moment = frame.columns().filter_map(|(_, column)| match column {
        Column::Moments(values) => values.iter().copied().filter(|moment| *moment != NO_MOMENT).max(),
        _ => None,
    });
    let today = context.not_yet.map(|not_yet| day_of(not_yet - 1));
    let until = context.until.map(|until| day_of(until - 1)).or_else(|| last_moment.max().map(day_of));
    let until = until.map_or(0, |until| today.map_or(until, |today| until.min(today)));
    let rows = match ids {
        Some(ids) => rows_by_id(frame, ids, "customer", &mut counts),
        None => rows_by_values(frame),
    };
    if rows.is_empty() {
        let why = counts.refused_sample.first().map_or("there are no rows", |row| row.reason.as_str());
        return Err(Error::data(format!("{}: no customer can be used: {why}", frame.origin()))
            .with_hint("each row is a customer with some attributes, such as age, home, spending"));
    }
    let attributes =
        attributes_of(params, frame, &rows.iter().map(|row| Some(*row)).collect::<Vec<_>>(), until, &mut counts);
    check_attributes(params, &attributes, &["customer_id"])?;
    counts.window = Window {
        words: format!(
            "{} with {}",
            count(rows.len() as u64, "customer", "customers"),
            count(attributes.len() as u64, "attribute", "attributes")
        ),
        ..Window::default()
    };
    let names: Option<Vec<String>> =
        ids.map(|ids| rows.iter().map(|row| ids.get(*row).unwrap_or_default().to_owned()).collect());
    let choices = match &names {
        Some(names) => choices::read(tables, names)?,
        None => None,
    };
    let input = Input {
        customers: rows.len(),
        ids: names.map(|names| names.iter().map(|name| Some(name.as_str())).collect()),
        places: frame.column("customer_id").is_none().then_some(rows),
        attributes,
        purchases: None,
        choices,
    };
    Ok(Intake { input, counts })
}

/// For each customer the row that is about them.
fn rows_of(ids: &Words, customers: &[String]) -> Vec<Option<usize>> {
    let mut first = vec![None; ids.words.len()];
    for (row, code) in ids.codes.iter().enumerate() {
        if let Some(first) = first.get_mut(*code as usize)
            && first.is_none()
        {
            *first = Some(row);
        }
    }
    let mut named: Vec<(&str, Option<usize>)> = ids.words.iter().zip(first).collect();
    named.sort_unstable();
    customers
        .iter()
        .map(|customer| named.binary_search_by(|(name, _)| (*name).cmp(customer)).ok().and_then(|at| named[at].1))
        .collect()
}

/// The columns of a table as attributes of the customers whose rows are given; dates become days before `until`.
fn attributes_of(
    params: &Params,
    frame: &Frame,
    rows: &[Option<usize>],
    until: i32,
    counts: &mut IntakeCounts,
) -> Vec<Attribute> {
    let mut attributes = Vec::new();
    for (name, column) in frame.columns().filter(|(name, _)| *name != "customer_id") {
        let mut unusable = 0_u64;
        let (name, values) = match column {
            Column::Numbers(numbers) => {
                let mut usable = |value: f64| {
                    if value.abs() > params.largest.get() {
                        unusable += 1;
                        f64::NAN
                    } else {
                        value
                    }
                };
                let values = rows.iter().map(|row| row.map_or(f64::NAN, |row| usable(numbers[row])));
                (name.to_owned(), Values::Numbers(values.collect()))
            }
            Column::Moments(moments) => {
                let days = |row: usize| {
                    let day = day_of(moments[row]);
                    // Two thousand years either way; what lies beyond is no date of a customer.
                    let since = f64::from(until) - f64::from(day);
                    if moments[row] == NO_MOMENT || since.abs() > 730_000.0 { f64::NAN } else { since }
                };
                let values = rows.iter().map(|row| row.map_or(f64::NAN, days));
                (format!("days since {name}"), Values::Numbers(values.collect()))
            }
            Column::Words(words) => (name.to_owned(), levels_of(words, rows)),
        };
        if unusable > 0 {
            let values = count(unusable, "value", "values");
            counts.notes.push(format!("{name}: {values} beyond {:e} count as missing", params.largest.get()));
        }
        attributes.push(age_of(Attribute { name, values }, until));
    }
    attributes
}

/// A year of birth as the age at the end of the data, where that is known: people say ages.
fn age_of(attribute: Attribute, until: i32) -> Attribute {
    let is_year = humanised(&attribute.name) == "birth year";
    match &attribute.values {
        Values::Numbers(years) if is_year && until > 0 => {
            let now = 1970.0 + f64::from(until) / DAYS_A_YEAR;
            let age = |year: &f64| (now - year - 0.5).round().max(0.0);
            if years.iter().all(|year| year.is_nan() || (1800.0..=now).contains(year)) {
                let ages = years.iter().map(|year| if year.is_nan() { f64::NAN } else { age(year) });
                return Attribute { name: "age".to_owned(), values: Values::Numbers(ages.collect()) };
            }
            attribute
        }
        _ => attribute,
    }
}

/// Words as levels in alphabetical order; blank ones are missing.
fn levels_of(words: &Words, rows: &[Option<usize>]) -> Values {
    let used: BTreeSet<&str> =
        rows.iter().filter_map(|row| words.get((*row)?)).filter(|word| !word.trim().is_empty()).collect();
    let levels: Vec<String> = used.iter().map(|word| (*word).to_owned()).collect();
    let position: Vec<u32> = words
        .words
        .iter()
        .map(|word| {
            levels
                .binary_search_by(|known| known.as_str().cmp(word))
                .ok()
                .and_then(|at| u32::try_from(at).ok())
                .unwrap_or(NO_WORD)
        })
        .collect();
    let code =
        |row: &Option<usize>| row.and_then(|row| position.get(words.codes[row] as usize).copied()).unwrap_or(NO_WORD);
    Values::Categories { codes: rows.iter().map(code).collect(), levels }
}

/// Says which attribute of the parameters is not there.
fn check_attributes(params: &Params, attributes: &[Attribute], also: &[&str]) -> Result<()> {
    let names = || attributes.iter().map(|attribute| attribute.name.as_str());
    for wanted in &params.attributes {
        if !names().any(|name| name == wanted) && !also.contains(&wanted.as_str()) {
            let hint = match nearest(wanted, names()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("attributes: {}", names().collect::<Vec<_>>().join(", ")),
            };
            return Err(Error::config(format!("segment: there is no attribute {wanted}")).with_hint(hint));
        }
    }
    Ok(())
}
