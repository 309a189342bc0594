//! The typed input: customers, each with the values observed, oldest first.

use std::collections::BTreeMap;

use chrono::DateTime;
use mercer_base::frame::{Frame, NO_MOMENT, Words};
use mercer_base::{Error, Result};
use mercer_method::{Intake, Tables, Window};

use crate::params::Params;

/// The customers, in the order of their ids.
#[derive(Debug, Clone)]
pub struct Input {
    /// Their ids.
    pub ids: Words,
    /// What was observed of each, as many as there are ids.
    pub customers: Vec<Customer>,
}

/// What was observed of a customer: at least one value, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Customer {
    /// The values.
    pub values: Vec<f64>,
}

impl Customer {
    /// Number of values.
    #[must_use]
    pub fn count(&self) -> f64 {
        self.values.len() as f64
    }

    /// Their mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.values.iter().sum::<f64>() / self.count()
    }
}

/// Makes the input from tables.
///
/// # Errors
/// When no row can be used.
pub(crate) fn read(params: &Params, tables: &Tables) -> Result<Intake<Input>> {
    let frame = tables.need("observations")?;
    let mut counts = tables.counts();
    let (ids, moments, values) = (frame.words("customer_id")?, frame.moments("date")?, frame.numbers("value")?);
    // Sorted by id, so that nothing depends on the order of rows.
    let mut observed: BTreeMap<&str, Vec<(i64, f64)>> = BTreeMap::new();
    let (mut first, mut last) = (i64::MAX, i64::MIN);
    for (row, (moment, value)) in moments.iter().zip(values).enumerate() {
        match usable(params, ids.get(row), *moment, *value) {
            Ok(id) => {
                observed.entry(id).or_default().push((*moment, *value));
                (first, last) = (first.min(*moment), last.max(*moment));
            }
            Err(reason) => counts.refuse(frame.place(row), reason),
        }
    }
    if observed.is_empty() {
        return Err(nothing_usable(frame, counts.refused_sample.first().map(|row| row.reason.as_str())));
    }
    counts.window = Window {
        from: Some(first),
        until: last.checked_add(1),
        words: format!("observations from {} to {}", day(first), day(last)),
    };
    let ids = observed.keys().map(|id| Some(*id)).collect();
    let customers = observed.into_values().map(|mut observed| {
        observed.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        Customer { values: observed.into_iter().map(|(_, value)| value).collect() }
    });
    let customers = customers.collect();
    Ok(Intake { input: Input { ids, customers }, counts })
}

/// The customer of a row that can be used, or why it cannot.
fn usable<'a>(params: &Params, id: Option<&'a str>, moment: i64, value: f64) -> Result<&'a str, String> {
    let id = id.filter(|id| !id.is_empty()).ok_or("customer_id is missing")?;
    if moment == NO_MOMENT || DateTime::from_timestamp_micros(moment).is_none() {
        return Err("date is missing, or no date of the calendar".to_owned());
    }
    if value.is_nan() {
        return Err("value is missing".to_owned());
    }
    let largest = params.largest.get();
    if value.abs() > largest {
        return Err(format!("value {value} is larger than {largest}"));
    }
    Ok(id)
}

fn nothing_usable(frame: &Frame, reason: Option<&str>) -> Error {
    let reason = reason.unwrap_or("there are no rows");
    Error::data(format!("no row of {} can be used: {reason}", frame.origin()))
        .with_hint("each row needs a customer_id, a date and a value")
}

/// A day as people write it.
fn day(moment: i64) -> String {
    DateTime::from_timestamp_micros(moment).map_or_else(String::new, |moment| moment.format("%-d %b %Y").to_string())
}
