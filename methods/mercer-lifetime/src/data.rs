//! The data of a fit: histories checked, merged and sorted, with their covariates.

use std::cmp::Ordering;

use mercer_base::{Error, Result};
use rayon::prelude::*;

use crate::family::{Family, History};

/// Starts are tried on about this many rows where there are more.
pub(crate) const ROUGH_ROWS: usize = 50_000;

/// Covariates of customers, fixed in time, and which process each acts on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Covariates {
    names: Vec<String>,
    values: Vec<f64>,
    uses: Vec<Vec<usize>>,
}

impl Covariates {
    /// No covariates.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Covariates called `names`, with `values` by row (one row a history), and for each entry of [`Family::scaled`] the columns
    /// that act on it.
    ///
    /// # Errors
    /// Values that do not fill rows, are not finite or are the same for all customers (their effect is then the parameter's own);
    /// columns that do not exist.
    pub fn new(names: Vec<String>, values: Vec<f64>, uses: Vec<Vec<usize>>) -> Result<Self> {
        let width = names.len();
        if width == 0 {
            return Ok(Self::none());
        }
        if !values.len().is_multiple_of(width) {
            return Err(Error::internal(format!("{} covariate values do not fill rows of {width}", values.len())));
        }
        if uses.iter().flatten().any(|column| *column >= width) {
            return Err(Error::internal(format!("a covariate column beyond the last of {width} is used")));
        }
        for (column, name) in names.iter().enumerate() {
            let mut entries = values.iter().skip(column).step_by(width);
            if let Some(row) = entries.clone().position(|value| !value.is_finite()) {
                return Err(Error::data(format!("covariate `{name}`: row {}: not a finite number", row + 1))
                    .with_hint("fill the gap, or leave the covariate out"));
            }
            let first = entries.next().copied().unwrap_or(0.0);
            if uses.iter().flatten().any(|used| *used == column) && entries.all(|value| *value == first) {
                return Err(Error::data(format!("covariate `{name}` is {first} for every customer"))
                    .with_hint("leave it out: what is the same for all explains no difference"));
            }
        }
        Ok(Self { names, values, uses })
    }

    /// Covariates that act on every process of a family.
    ///
    /// # Errors
    /// As [`Covariates::new`].
    pub fn on_all(family: &dyn Family, names: Vec<String>, values: Vec<f64>) -> Result<Self> {
        let all: Vec<usize> = (0..names.len()).collect();
        Self::new(names, values, vec![all; family.scaled().len()])
    }

    /// The name of a column, empty beyond the last.
    pub(crate) fn name(&self, column: usize) -> &str {
        self.names.get(column).map_or("", String::as_str)
    }

    /// For each entry of [`Family::scaled`] the columns that act on it.
    pub(crate) fn uses(&self) -> &[Vec<usize>] {
        &self.uses
    }

    fn width(&self) -> usize {
        self.names.len()
    }

    fn row(&self, row: usize) -> &[f64] {
        self.values.get(row * self.width()..(row + 1) * self.width()).unwrap_or_default()
    }
}

/// What a fit sees.
#[derive(Debug, Clone, Copy)]
pub struct Data<'a> {
    /// The histories, in any order.
    pub histories: &'a [History],
    /// How many customers each history stands for; empty for one each.
    pub weights: &'a [f64],
    /// Their covariates, one row a history.
    pub covariates: &'a Covariates,
}

/// The different histories, sorted by frequency, age, recency and covariates, and how many customers have each.
pub(crate) struct Rows {
    pub(crate) histories: Vec<History>,
    pub(crate) weights: Vec<f64>,
    /// Differences from `means`.
    covariates: Vec<f64>,
    width: usize,
    /// Mean of each covariate over customers: searched around it, a calendar year is as easy as a share.
    means: Vec<f64>,
}

impl Rows {
    pub(crate) fn new(family: &dyn Family, data: &Data<'_>) -> Result<Self> {
        let count = data.histories.len();
        if !data.weights.is_empty() && data.weights.len() != count {
            return Err(Error::internal(format!("{} weights for {count} histories", data.weights.len())));
        }
        let width = data.covariates.width();
        if width > 0 && data.covariates.values.len() != width * count {
            return Err(Error::internal(format!("covariates of {width} columns do not have {count} rows")));
        }
        if width > 0 && data.covariates.uses.len() != family.scaled().len() {
            let (given, wanted) = (data.covariates.uses.len(), family.scaled().len());
            return Err(Error::internal(format!("covariates for {given} processes, but the model has {wanted}")));
        }
        for (index, history) in data.histories.iter().enumerate() {
            check(history, index + 1)?;
        }
        check_weights(data.weights)?;
        let weight = |index: usize| data.weights.get(index).copied().unwrap_or(1.0);
        let mut order: Vec<(History, f64, usize)> =
            data.histories.iter().enumerate().map(|(index, history)| (*history, weight(index), index)).collect();
        let covariates = |index: usize| data.covariates.row(index);
        let alike = |a: &(History, f64, usize), b: &(History, f64, usize)| {
            compare(&a.0, &b.0).then_with(|| compare_rows(covariates(a.2), covariates(b.2)))
        };
        // The weight counts last, so that equal rows add up in the same order wherever they stood.
        order.par_sort_unstable_by(|a, b| alike(a, b).then(a.1.total_cmp(&b.1)));
        let mut rows =
            Self { histories: Vec::new(), weights: Vec::new(), covariates: Vec::new(), width, means: Vec::new() };
        let mut before: Option<&(History, f64, usize)> = None;
        for row in order.iter().filter(|row| row.1 > 0.0) {
            match (rows.weights.last_mut(), before) {
                (Some(weight), Some(before)) if alike(before, row) == Ordering::Equal => *weight += row.1,
                _ => {
                    rows.histories.push(row.0);
                    rows.weights.push(row.1);
                    rows.covariates.extend_from_slice(covariates(row.2));
                }
            }
            before = Some(row);
        }
        rows.check_enough()?;
        rows.centre();
        Ok(rows)
    }

    /// Takes the mean over customers off every covariate.
    fn centre(&mut self) {
        let customers = self.customers();
        let mean = |column: usize| {
            let values = self.covariates.iter().skip(column).step_by(self.width.max(1));
            values.zip(&self.weights).map(|(value, weight)| value * weight).sum::<f64>() / customers
        };
        self.means = (0..self.width).map(mean).collect();
        for row in self.covariates.chunks_exact_mut(self.width.max(1)) {
            for (value, mean) in row.iter_mut().zip(&self.means) {
                *value -= mean;
            }
        }
    }

    fn check_enough(&self) -> Result<()> {
        let customers = self.customers();
        if customers < 2.0 {
            return Err(Error::data("fewer than two customers are too few to learn how customers differ")
                .with_hint("give the histories of all customers, one row each; some hundred make useful estimates"));
        }
        if !self.histories.iter().any(|history| history.frequency > 0.0) {
            return Err(Error::data(
                "no customer has bought a second time, so nothing can be learnt about coming back",
            )
            .with_hint("look at a longer period, or check that repeat purchases are not merged into the first"));
        }
        Ok(())
    }

    pub(crate) fn customers(&self) -> f64 {
        self.weights.iter().sum()
    }

    pub(crate) fn covariates(&self, row: usize) -> &[f64] {
        self.covariates.get(row * self.width..(row + 1) * self.width).unwrap_or_default()
    }

    /// Mean of a covariate over customers.
    pub(crate) fn mean(&self, column: usize) -> f64 {
        self.means.get(column).copied().unwrap_or(0.0)
    }

    /// Standard deviation of a covariate over customers, one where it does not vary.
    pub(crate) fn ordinary_size(&self, column: usize) -> f64 {
        let squares = self.covariates.iter().skip(column).step_by(self.width.max(1)).zip(&self.weights);
        let size = (squares.map(|(value, weight)| weight * value * value).sum::<f64>() / self.customers()).sqrt();
        if size > 0.0 { size } else { 1.0 }
    }

    /// Every n-th row, so that about `rows` are left; `None` where there are no more than that.
    pub(crate) fn part(&self, rows: usize) -> Option<Self> {
        let stride = self.histories.len().div_ceil(rows);
        if stride < 2 {
            return None;
        }
        let kept = (0..self.histories.len()).skip(stride / 2).step_by(stride);
        Some(Self {
            histories: self.histories.iter().skip(stride / 2).step_by(stride).copied().collect(),
            weights: self.weights.iter().skip(stride / 2).step_by(stride).copied().collect(),
            covariates: kept.flat_map(|row| self.covariates(row).iter().copied()).collect(),
            width: self.width,
            means: self.means.clone(),
        })
    }
}

fn compare(a: &History, b: &History) -> Ordering {
    a.frequency.total_cmp(&b.frequency).then(a.age.total_cmp(&b.age)).then(a.recency.total_cmp(&b.recency))
}

fn compare_rows(a: &[f64], b: &[f64]) -> Ordering {
    a.iter().zip(b).map(|(left, right)| left.total_cmp(right)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// Refuses a history that cannot be.
fn check(history: &History, row: usize) -> Result<()> {
    let History { frequency, recency, age } = *history;
    let refuse = |what: String, hint: &str| Err(Error::data(format!("row {row}: {what}")).with_hint(hint));
    for (name, value) in [("frequency", frequency), ("recency", recency), ("age (T)", age)] {
        if !value.is_finite() || value < 0.0 {
            return refuse(format!("{name} is {value}"), "it must be a number, zero or more");
        }
    }
    if frequency.fract() != 0.0 {
        return refuse(format!("frequency is {frequency}"), "it counts repeat purchases, so it must be a whole number");
    }
    if recency > age {
        return refuse(
            format!("recency {recency} is greater than age (T) {age}"),
            "both are counted from the first purchase and in one unit: recency to the last purchase, age to the end of the data",
        );
    }
    if frequency > 0.0 && recency == 0.0 {
        return refuse(
            format!("recency is 0 with {frequency} repeat purchases"),
            "count purchases at the time of the first one (the same day, say) as part of it",
        );
    }
    if frequency == 0.0 && recency > 0.0 {
        return refuse(
            format!("recency is {recency} without a repeat purchase"),
            "recency is the time from the first to the last purchase, zero for one-time buyers; not the time since the last",
        );
    }
    Ok(())
}

pub(crate) fn check_weights(weights: &[f64]) -> Result<()> {
    match weights.iter().position(|weight| !weight.is_finite() || *weight < 0.0) {
        Some(row) => Err(Error::data(format!("row {}: the weight is no number, or negative", row + 1))
            .with_hint("a weight counts the customers that a row stands for")),
        None => Ok(()),
    }
}
