//! Who the customers are: the columns of their own table, and the day from which it was known.

use std::cmp::Ordering;

use mercer_base::Result;
use mercer_base::frame::{Column, Frame, NO_MOMENT, NO_WORD, Words};
use mercer_base::words::count;
use mercer_method::day::day_of;
use mercer_method::{IntakeCounts, Tables};

use super::intake::{Customers, in_order, single};
use super::streams::NEVER;

/// Numbers beyond it are no measurements, and single precision would soon lose them.
const LARGEST: f64 = 1e30;

/// The attributes of all customers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Attributes {
    /// For each customer the day on which the row was recorded, where that is known: nothing of it is known before.
    pub(super) created: Option<Vec<i32>>,
    pub(super) columns: Vec<Attribute>,
}

/// One attribute of all customers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) values: AttributeValues,
}

/// The values of an attribute, a customer each.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum AttributeValues {
    /// NaN where unknown.
    Numbers(Vec<f32>),
    /// Days since 1970; [`NEVER`] where unknown.
    Days(Vec<i32>),
    /// Words in alphabetical order, and for each customer the position of theirs or [`NO_WORD`].
    Words { codes: Vec<u32>, words: Vec<String> },
}

impl Attributes {
    /// Reads the table of customers, where it was given. Of several rows of a customer the one that was recorded first counts,
    /// of those the one with the smallest numbers and words, compared column by column, so that their order does not matter.
    /// Dates do not choose, for they may not be known yet: of rows that are equal otherwise the earliest of each counts.
    ///
    /// # Errors
    /// When it has no column of customers.
    pub(super) fn read(tables: &Tables, customers: &Customers, counts: &mut IntakeCounts) -> Result<Option<Self>> {
        let Some(frame) = tables.get("customers") else { return Ok(None) };
        let words = frame.words("customer_id")?;
        let codes = customers.codes(words);
        let mut rows: Vec<Option<usize>> = vec![None; customers.count()];
        let (mut nobody, mut repeated) = (0_u64, 0_u64);
        let mut compare = RowOrder { frame, ranks: None };
        for (row, code) in words.codes.iter().enumerate() {
            let customer = codes.get(*code as usize).and_then(|code| rows.get_mut(*code as usize));
            match customer {
                None => nobody += 1,
                Some(place) => match place {
                    None => *place = Some(row),
                    Some(before) => {
                        repeated += 1;
                        if compare.rows(row, *before) == Ordering::Less {
                            *place = Some(row);
                        }
                    }
                },
            }
        }
        let mut equals = Vec::new();
        if repeated > 0 {
            for (row, code) in words.codes.iter().enumerate() {
                let Some(customer) = codes.get(*code as usize).map(|code| *code as usize) else { continue };
                let chosen = rows.get(customer).copied().flatten().filter(|chosen| *chosen != row);
                if chosen.is_some_and(|chosen| compare.rows(row, chosen) == Ordering::Equal) {
                    equals.push((customer, row));
                }
            }
        }
        let rows = Chosen { rows, equals };
        if nobody > 0 {
            let rows = count(nobody, "row names", "rows name");
            counts
                .notes
                .push(format!("customers: {rows} no customer and {} left out", if nobody == 1 { "is" } else { "are" }));
        }
        if repeated > 0 {
            let rows = count(repeated, "row repeats", "rows repeat");
            counts.notes.push(format!("customers: {rows} a customer; one row of each counts"));
        }
        let created = frame.column("created_at").map(|_| frame.moments("created_at")).transpose()?;
        // Consent and refusals are as of today: nobody knows whether they were there by a cut-off.
        let columns = frame
            .columns()
            .filter(|(name, _)| !["customer_id", "created_at"].contains(name) && !mercer_method::consent::says(name));
        Ok(Some(Self {
            created: created.map(|moments| days(moments, &rows)),
            columns: columns
                .map(|(name, column)| Attribute { name: name.to_owned(), values: values(column, &rows) })
                .collect(),
        }))
    }

    /// Whether the row of a customer was there before a day. Without a date of its own it always was.
    pub(super) fn is_known(&self, customer: u32, cutoff: i32) -> bool {
        let created = self.created.as_ref().and_then(|days| days.get(customer as usize));
        created.is_none_or(|created| *created == NEVER || *created < cutoff)
    }

    /// An attribute by its name.
    pub(super) fn column(&self, name: &str) -> Option<&AttributeValues> {
        self.columns.iter().find(|column| column.name == name).map(|column| &column.values)
    }
}

/// The rows that say who the customers are.
struct Chosen {
    /// The row of each customer, where there is one.
    rows: Vec<Option<usize>>,
    /// Customers and further rows that differ from theirs in dates only.
    equals: Vec<(usize, usize)>,
}

fn days(moments: &[i64], chosen: &Chosen) -> Vec<i32> {
    let day = |row: usize| {
        let moment = moments.get(row).copied().unwrap_or(NO_MOMENT);
        if moment == NO_MOMENT { NEVER } else { day_of(moment) }
    };
    let mut days: Vec<i32> = chosen.rows.iter().map(|row| row.map_or(NEVER, day)).collect();
    for (customer, row) in &chosen.equals {
        if let Some(known) = days.get_mut(*customer) {
            *known = day(*row).min(*known);
        }
    }
    days
}

fn values(column: &Column, chosen: &Chosen) -> AttributeValues {
    let rows = &chosen.rows;
    match column {
        Column::Numbers(numbers) => {
            let number =
                |row: &Option<usize>| row.and_then(|row| numbers.get(row)).copied().filter(|n| n.abs() <= LARGEST);
            AttributeValues::Numbers(rows.iter().map(|row| number(row).map_or(f32::NAN, single)).collect())
        }
        Column::Moments(moments) => AttributeValues::Days(days(moments, chosen)),
        Column::Words(words) => {
            let ranks = words.ranks();
            let code = |row: &Option<usize>| {
                let row = (*row)?;
                words.get(row).filter(|word| !word.trim().is_empty())?;
                ranks.get(*words.codes.get(row)? as usize).copied()
            };
            let codes = rows.iter().map(|row| code(row).unwrap_or(NO_WORD)).collect();
            AttributeValues::Words { codes, words: in_order(words) }
        }
    }
}

/// Compares rows of a frame by the day of record (rows without one were always known and come first), then by the numbers and
/// words of their columns, from left to right; missing ones come last.
struct RowOrder<'a> {
    frame: &'a Frame,
    /// Places of words in the alphabet, looked up at the first comparison: most tables need none.
    ranks: Option<Vec<Vec<u32>>>,
}

impl RowOrder<'_> {
    fn rows(&mut self, a: usize, b: usize) -> Ordering {
        let frame = self.frame;
        let ranks = self.ranks.get_or_insert_with(|| {
            let ranks = |column: &Column| match column {
                Column::Words(words) => words.ranks(),
                _ => Vec::new(),
            };
            frame.columns().map(|(_, column)| ranks(column)).collect()
        });
        let of_words = |words: &Words, ranks: &[u32], row: usize| {
            words.codes.get(row).and_then(|code| ranks.get(*code as usize)).copied().unwrap_or(NO_WORD)
        };
        let compared = frame.columns().zip(ranks.iter()).map(|((_, column), ranks)| match column {
            Column::Numbers(values) => {
                let value = |row: usize| values.get(row).copied().unwrap_or(f64::NAN);
                value(a).total_cmp(&value(b))
            }
            Column::Moments(_) => Ordering::Equal,
            Column::Words(words) => of_words(words, ranks, a).cmp(&of_words(words, ranks, b)),
        });
        let created = match frame.column("created_at") {
            Some(Column::Moments(values)) => values.get(a).cmp(&values.get(b)),
            _ => Ordering::Equal,
        };
        compared.fold(created, Ordering::then)
    }
}
