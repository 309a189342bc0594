//! Covariates over calendar time, and how long each customer was under each of their values.

use std::collections::BTreeMap;
use std::ops::Range;

use mercer_base::{Error, Result};

use crate::family::History;

/// Covariates that are constant within periods of calendar time (weeks as a rule): shared by all customers (season,
/// television) or a customer's own (mail received).
#[derive(Debug, Clone, PartialEq)]
pub struct Calendar {
    starts: Vec<f64>,
    end: f64,
    rows: Vec<Vec<f64>>,
}

impl Calendar {
    /// Periods from each of `starts` (ascending) to the next, the last one to `end`, with one row of covariates each.
    /// Times are in the unit of the model, from any fixed date.
    ///
    /// # Errors
    /// No periods, times out of order, rows of different lengths or as many as there are not periods, or a value that is
    /// not finite.
    pub fn new(starts: Vec<f64>, end: f64, rows: Vec<Vec<f64>>) -> Result<Self> {
        if starts.is_empty() || starts.len() != rows.len() {
            let message = format!("{} covariate periods with {} rows of values", starts.len(), rows.len());
            return Err(Error::data(message).with_hint("give one row of covariates for every period"));
        }
        let ends = starts.iter().skip(1).chain(std::iter::once(&end));
        if let Some((start, next)) = starts.iter().zip(ends).find(|(start, next)| !(*start < next && next.is_finite()))
        {
            let message = format!("covariate period that starts at {start} is followed by {next}");
            return Err(Error::data(message).with_hint("sort the periods by time and remove duplicates"));
        }
        let width = rows.first().map_or(0, Vec::len);
        for (start, row) in starts.iter().zip(&rows) {
            if row.len() != width || row.iter().any(|value| !value.is_finite()) {
                let message = format!("covariate period that starts at {start}: a value is missing or not finite");
                return Err(Error::data(message).with_hint("fill in the value, or leave the covariate out"));
            }
        }
        Ok(Self { starts, end, rows })
    }

    /// Number of covariates.
    #[must_use]
    pub fn width(&self) -> usize {
        self.rows.first().map_or(0, Vec::len)
    }

    /// The first and the last moment for which covariates are known.
    #[must_use]
    pub fn window(&self) -> (f64, f64) {
        (self.starts.first().copied().unwrap_or(f64::NAN), self.end)
    }

    /// Checks that covariates are known from `from` to `to`.
    fn cover(&self, from: f64, to: f64) -> Result<()> {
        let (first, last) = self.window();
        if from >= first && to <= last && from <= to {
            return Ok(());
        }
        let message = format!("covariates are known from {first} to {last}, but needed from {from} to {to}");
        Err(Error::data(message).with_hint("extend the covariates, or shorten the observation or the forecast"))
    }

    /// The period that `moment` falls into.
    fn period(&self, moment: f64) -> usize {
        self.starts.partition_point(|start| *start <= moment).saturating_sub(1)
    }

    /// The covariates at `moment`.
    fn at(&self, moment: f64) -> &[f64] {
        self.rows.get(self.period(moment)).map_or(&[], Vec::as_slice)
    }

    /// The rows of covariates between two moments, each with how long it was in force.
    fn spans(&self, from: f64, to: f64) -> impl Iterator<Item = (&[f64], f64)> {
        let ends = self.starts.iter().skip(1).copied().chain(std::iter::once(self.end));
        self.starts
            .iter()
            .zip(ends)
            .zip(&self.rows)
            .skip(self.period(from))
            .take_while(move |((start, _), _)| **start < to)
            .map(move |((start, end), row)| (row.as_slice(), end.min(to) - start.max(from)))
            .filter(|(_, time)| *time > 0.0)
    }

    /// Time between two moments in which a purchase counts as `exp(γ'z)`: `∫ exp(γ'z(u)) du`.
    ///
    /// # Errors
    /// Covariates are not known over the whole time, or not as many as `coefficients`.
    pub fn operational_time(&self, coefficients: &[f64], from: f64, to: f64) -> Result<f64> {
        self.cover(from, to)?;
        if coefficients.len() != self.width() {
            let message = format!("{} covariates for {} coefficients", self.width(), coefficients.len());
            return Err(Error::data(message).with_hint("give the covariates the model was fitted with, in their order"));
        }
        Ok(self.spans(from, to).map(|(row, time)| time * rate(row, coefficients)).sum())
    }
}

/// `exp(γ'z)`.
pub(super) fn rate(row: &[f64], coefficients: &[f64]) -> f64 {
    row.iter().zip(coefficients).map(|(value, coefficient)| value * coefficient).sum::<f64>().exp()
}

/// When a customer bought, in the calendar's time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Purchases<'a> {
    /// The first purchase, which starts the clock.
    pub first: f64,
    /// The repeat purchases, ascending.
    pub repeats: &'a [f64],
    /// The end of the observation.
    pub observed_until: f64,
}

/// What the model needs of all customers: for each, how long every value of the covariates was in force until the last
/// purchase and until the end, and the sum of the covariates over the repeat purchases.
///
/// Rows of covariates that recur are kept once, so that a fit costs little where they take few values.
#[derive(Debug, Clone)]
pub struct Exposures {
    names: Vec<String>,
    rows: Vec<Vec<f64>>,
    row_numbers: BTreeMap<Vec<u64>, usize>,
    spans: Vec<Span>,
    customers: Vec<Customer>,
}

/// How long a row of covariates was in force for a customer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) row: usize,
    pub(super) until_recency: f64,
    pub(super) until_end: f64,
}

#[derive(Debug, Clone)]
pub(super) struct Customer {
    pub(super) frequency: f64,
    /// Sum of the covariates at the repeat purchases.
    pub(super) at_purchases: Vec<f64>,
    spans: Range<usize>,
}

impl Exposures {
    /// No customers yet, and these covariates.
    #[must_use]
    pub fn new(names: Vec<String>) -> Self {
        Self { names, rows: Vec::new(), row_numbers: BTreeMap::new(), spans: Vec::new(), customers: Vec::new() }
    }

    /// Adds the customer called `key`, the next in order, with the covariates that were in force for this customer.
    ///
    /// # Errors
    /// Purchases out of order or outside the observation, or covariates that do not cover it or are not as many as named.
    pub fn add(&mut self, key: &str, purchases: &Purchases<'_>, calendar: &Calendar) -> Result<()> {
        let context = |error: Error| error.with_context(format!("customer {key}"));
        if calendar.width() != self.names.len() {
            let message = format!("{} covariates where {} are named", calendar.width(), self.names.len());
            return Err(context(Error::data(message)));
        }
        let Purchases { first, repeats, observed_until } = *purchases;
        let mut before = first;
        for moment in repeats.iter().chain(std::iter::once(&observed_until)) {
            let in_order = *moment >= before && moment.is_finite();
            if !in_order {
                let message = format!("a purchase or the end of the observation at {moment} comes before {before}");
                let hint = "sort the purchases by time and leave out those after the end of the observation";
                return Err(context(Error::data(message).with_hint(hint)));
            }
            before = *moment;
        }
        calendar.cover(first, observed_until).map_err(context)?;

        let last = repeats.last().copied().unwrap_or(first);
        let mut exposure: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
        for (row, time) in calendar.spans(first, last) {
            let times = exposure.entry(self.row_number(row)).or_default();
            times.0 += time;
            times.1 += time;
        }
        for (row, time) in calendar.spans(last, observed_until) {
            exposure.entry(self.row_number(row)).or_default().1 += time;
        }
        let start = self.spans.len();
        self.spans.extend(exposure.into_iter().map(|(row, (until_recency, until_end))| Span {
            row,
            until_recency,
            until_end,
        }));
        let mut at_purchases = vec![0.0; self.names.len()];
        for moment in repeats {
            for (sum, value) in at_purchases.iter_mut().zip(calendar.at(*moment)) {
                *sum += value;
            }
        }
        #[allow(clippy::cast_precision_loss, reason = "nobody buys 2^53 times")]
        let frequency = repeats.len() as f64;
        self.customers.push(Customer { frequency, at_purchases, spans: start..self.spans.len() });
        Ok(())
    }

    /// The number of this row of covariates among the different ones.
    fn row_number(&mut self, row: &[f64]) -> usize {
        // Adding zero makes −0 and 0 one value.
        let key: Vec<u64> = row.iter().map(|value| (value + 0.0).to_bits()).collect();
        let rows = &mut self.rows;
        *self.row_numbers.entry(key).or_insert_with(|| {
            rows.push(row.to_vec());
            rows.len() - 1
        })
    }

    /// A customer's history in operational time under these coefficients, `Λ(t_x)` and `Λ(T)` for recency and age: what the
    /// formulas of the plain model take. `None` where there are fewer customers.
    #[must_use]
    pub fn history(&self, customer: usize, coefficients: &[f64]) -> Option<History> {
        let (customer, spans) = self.customers(customer..customer.checked_add(1)?).next()?;
        let start = History { frequency: customer.frequency, recency: 0.0, age: 0.0 };
        Some(spans.iter().fold(start, |sum, span| {
            let rate = self.rows.get(span.row).map_or(f64::NAN, |row| rate(row, coefficients));
            let (recency, age) = (sum.recency + rate * span.until_recency, sum.age + rate * span.until_end);
            History { recency, age, ..sum }
        }))
    }

    /// Number of customers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.customers.len()
    }

    /// Whether there are no customers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.customers.is_empty()
    }

    /// Names of the covariates.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The different rows of covariates.
    pub(super) fn rows(&self) -> &[Vec<f64>] {
        &self.rows
    }

    /// The customers from one number to another, each with the spans of covariates.
    pub(super) fn customers(&self, range: Range<usize>) -> impl Iterator<Item = (&Customer, &[Span])> {
        let customers = self.customers.get(range).unwrap_or_default();
        customers.iter().map(|customer| (customer, self.spans.get(customer.spans.clone()).unwrap_or_default()))
    }

    /// Mean and standard deviation of each covariate over all time observed.
    pub(super) fn moments(&self) -> Vec<(f64, f64)> {
        let mut time_in = vec![0.0; self.rows.len()];
        for span in &self.spans {
            if let Some(time) = time_in.get_mut(span.row) {
                *time += span.until_end;
            }
        }
        let total: f64 = time_in.iter().sum();
        let mean_of = |function: &dyn Fn(&[f64]) -> f64| {
            self.rows.iter().zip(&time_in).map(|(row, time)| function(row) * time).sum::<f64>() / total
        };
        (0..self.names.len())
            .map(|covariate| {
                let value = |row: &[f64]| row.get(covariate).copied().unwrap_or(f64::NAN);
                let mean = mean_of(&value);
                (mean, mean_of(&|row| (value(row) - mean).powi(2)).sqrt())
            })
            .collect()
    }
}
