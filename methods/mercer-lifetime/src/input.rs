//! The typed input: customers with their histories, what they spend, what is known of them.

use std::sync::OnceLock;

use mercer_base::frame::{Column, Frame, Words, WordsBuilder};
use mercer_base::words::count;
use mercer_base::{Error, Result, nearest};
use mercer_method::day::{MICROS_A_DAY, day_of, read_day, written_day};
use mercer_method::{Context, Intake, IntakeCounts, Tables, Window};
use rayon::prelude::*;

use crate::calendars::Calendars;
use crate::family::History;
use crate::log::PurchaseLog;
use crate::params::{ModelKind, Params};

/// The longest observation, in any unit of time: 2,700 years in days.
const LONGEST: f64 = 1e6;
/// The most purchases of a customer.
const MOST_PURCHASES: f64 = 1e9;
/// The largest value of a purchase.
pub(crate) const MOST_VALUE: f64 = 1e12;

/// The customers that a model is fitted to, or that are scored.
#[derive(Debug, Clone)]
pub struct Customers {
    /// Their ids, where the data name them.
    pub ids: Option<Words>,
    /// Their histories.
    pub histories: Vec<History>,
    /// How many customers a row stands for.
    pub weights: Vec<f64>,
    /// Mean value of a repeat purchase; missing for a customer without one. `None` where the data have no values at all.
    pub spend: Option<Vec<f64>>,
    /// The columns that the parameters name as covariates, a row a customer.
    pub covariates: Vec<(String, Column)>,
    /// Single purchases, where the data have them.
    pub(crate) log: Option<PurchaseLog>,
    /// Covariates that change over time, where the data have them.
    pub(crate) calendars: Option<Calendars>,
    /// The form the data came in.
    pub form: DataForm,
    /// Rows by history, found when first asked for.
    pub(crate) order: OnceLock<Vec<u32>>,
}

/// The form in which data came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataForm {
    /// A row a purchase.
    Transactions,
    /// A row a customer.
    Summary,
    /// A row a contract.
    Contracts,
    /// A row a customer, without times.
    Spend,
}

impl Customers {
    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.histories.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.histories.is_empty()
    }

    /// Mean value of a customer's repeat purchases; `NaN` where there is none.
    pub(crate) fn mean(&self, row: usize) -> f64 {
        self.spend.as_ref().map_or(f64::NAN, |values| values[row])
    }

    /// The rows sorted by frequency, age, recency, mean value and weight, so that equal ones stand together.
    ///
    /// # Errors
    /// For more rows than can be numbered.
    pub(crate) fn order(&self) -> Result<&[u32]> {
        let rows = u32::try_from(self.len()).map_err(|_| Error::data("more than 4 billion customers are too many"))?;
        Ok(self
            .order
            .get_or_init(|| sorted_rows(rows, |row| (self.histories[row], [self.mean(row), self.weights[row]]))))
    }

    /// The different histories, sorted, and how many customers have each.
    ///
    /// # Errors
    /// As [`Self::order`].
    pub(crate) fn merged(&self) -> Result<(Vec<History>, Vec<f64>)> {
        let (mut histories, mut weights): (Vec<History>, Vec<f64>) = (Vec::new(), Vec::new());
        for row in self.order()? {
            let (history, weight) = (self.histories[*row as usize], self.weights[*row as usize]);
            match weights.last_mut() {
                Some(total) if histories.last() == Some(&history) => *total += weight,
                _ => {
                    histories.push(history);
                    weights.push(weight);
                }
            }
        }
        Ok((histories, weights))
    }
}

/// Rows by frequency, age, recency, what `of` says more, and number: any order of the rows gives the same sums. Most of the way they are sorted by roundings of the first three
/// that fit one word, which takes a fraction of the time.
fn sorted_rows(rows: u32, of: impl Fn(usize) -> (History, [f64; 2]) + Sync) -> Vec<u32> {
    // All numbers are positive, so that their bits sort as they do.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rounding that keeps the order")]
    let rough = |row: u32| {
        let (History { frequency, recency, age }, _) = of(row as usize);
        let short = |value: f64| u64::from((value as f32).to_bits() >> 7);
        ((frequency.min(65_535.0) as u64) << 48 | short(age) << 24 | short(recency), row)
    };
    let exact = |row: u32| {
        let (History { frequency, recency, age }, more) = of(row as usize);
        (frequency.to_bits(), age.to_bits(), recency.to_bits(), more.map(f64::to_bits))
    };
    let mut keyed: Vec<(u64, u32)> = (0..rows).into_par_iter().map(rough).collect();
    keyed.par_sort_unstable();
    for alike in keyed.chunk_by_mut(|a, b| a.0 == b.0) {
        let first = exact(alike[0].1);
        if alike.iter().any(|(_, row)| exact(*row) != first) {
            alike.sort_unstable_by_key(|(_, row)| (exact(*row), *row));
        }
    }
    keyed.into_iter().map(|(_, row)| row).collect()
}

/// Makes the input from tables.
///
/// # Errors
/// When nothing usable is left, or parameters and tables do not fit each other.
pub(crate) fn read(params: &Params, tables: &Tables, context: &Context<'_>) -> Result<Intake<Customers>> {
    match tables.form() {
        "transactions" => from_transactions(params, tables, context),
        "contracts" => from_rows(params, tables, tables.need("contracts")?, DataForm::Contracts),
        "spend" => from_rows(params, tables, tables.need("spend")?, DataForm::Spend),
        _ => from_rows(params, tables, tables.need("summary")?, DataForm::Summary),
    }
}

fn from_transactions(params: &Params, tables: &Tables, context: &Context<'_>) -> Result<Intake<Customers>> {
    if matches!(params.model, ModelKind::BgBb | ModelKind::Sbg) {
        return Err(Error::config(format!("{} counts in opportunities, not in dates", params.model.label()))
            .with_hint(
                "give it a summary: frequency, recency and T in periods; or choose bg-nbd, mbg-nbd or pareto-nbd",
            ));
    }
    let mut counts = tables.counts();
    let said = params.until.as_deref().map(|text| read_day("lifetime: until", text)).transpose()?;
    let last_day = said.or_else(|| context.until.map(|until| day_of(until - 1)));
    let today = context.not_yet.map(|not_yet| day_of(not_yet - 1));
    let log = PurchaseLog::collect(tables.need("transactions")?, last_day, today, &mut counts)?;
    if last_day.is_none() {
        counts
            .notes
            .push(format!("the observation is taken to end with the last purchase, on {}", written_day(log.last_day)));
    }
    let summary = log.summary(log.last_day, params.time_unit.days());
    let covariates = match tables.get("customers") {
        Some(customers) => by_customer(params, customers, &log.ids)?,
        None if params.covariates.is_empty() => Vec::new(),
        None => {
            return Err(Error::data("covariates are wanted, but there is no table of customers")
                .with_hint("give it with --input customers=FILE"));
        }
    };
    let calendars = tables.get("calendar").map(|frame| Calendars::read(frame, &log.ids, params.time_unit.days()));
    let calendars = calendars.transpose()?;
    let (first, last) = (log.first_day(), log.last_day);
    counts.window = Window {
        from: Some(i64::from(first).saturating_mul(MICROS_A_DAY)),
        until: Some((i64::from(last) + 1).saturating_mul(MICROS_A_DAY)),
        words: format!("purchases from {} to {}", written_day(first), written_day(last)),
    };
    let mut ids = WordsBuilder::default();
    log.ids.iter().for_each(|id| ids.push(Some(id)));
    let input = Customers {
        ids: Some(ids.finish()),
        weights: vec![1.0; summary.histories.len()],
        histories: summary.histories,
        spend: log.has_amounts().then_some(summary.spend),
        covariates,
        calendars,
        log: Some(log),
        form: DataForm::Transactions,
        order: OnceLock::new(),
    };
    Ok(Intake { input, counts })
}

fn from_rows(params: &Params, tables: &Tables, frame: &Frame, form: DataForm) -> Result<Intake<Customers>> {
    let mut counts = tables.counts();
    let model = model_of(params.model, form)?;
    let optional = |name: &str| frame.column(name).map(|_| frame.numbers(name)).transpose();
    let (frequency, monetary, weight) = (optional("frequency")?, optional("monetary")?, optional("weight")?);
    let (recency, age) = (optional("recency")?, optional("T")?);
    let mut kept = Vec::with_capacity(frame.rows());
    let (mut histories, mut spend, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..frame.rows() {
        let at = |column: Option<&[f64]>, otherwise: f64| column.map_or(otherwise, |column| column[row]);
        let recency = at(recency, 0.0);
        // Of a contract, every period so far was bought.
        let frequency = if model == ModelKind::Sbg { recency } else { at(frequency, 0.0) };
        let history = History { frequency, recency, age: at(age, 0.0) };
        let (value, weight) = (at(monetary, f64::NAN), at(weight, 1.0));
        let wrong = wrong_history(model, &history).or_else(|| wrong_value(value, weight));
        if let Some(reason) = wrong {
            counts.refuse(frame.place(row), reason);
            continue;
        }
        kept.push(row);
        histories.push(history);
        // Without repeat purchases a mean of them says nothing, whatever number stands there.
        spend.push(if history.frequency > 0.0 || model == ModelKind::Sbg { value } else { f64::NAN });
        weights.push(weight);
    }
    if kept.is_empty() {
        let why = counts
            .refused_sample
            .first()
            .map_or("there are no rows".to_owned(), |row| format!("{}: {}", row.place, row.reason));
        return Err(Error::data(format!("no row of {} can be used: {why}", frame.origin()))
            .with_hint("frequency counts repeat purchases; recency and T run from the first purchase, recency ≤ T"));
    }
    if model == ModelKind::Sbg {
        fill_prices(&mut spend, &mut counts);
    }
    let taken = (kept.len() < frame.rows()).then(|| frame.take(&kept));
    let frame = taken.as_ref().unwrap_or(frame);
    let ages = histories.iter().map(|history| history.age);
    let (least, most) = ages.fold((f64::INFINITY, 0.0_f64), |(low, high), age| (low.min(age), high.max(age)));
    counts.window.words = match form {
        DataForm::Spend => "without times".to_owned(),
        _ => format!("customers observed for {least} to {most} periods ({})", params.time_unit.count(most)),
    };
    let input = Customers {
        ids: frame.column("customer_id").map(|_| frame.words("customer_id").cloned()).transpose()?,
        histories,
        weights,
        spend: spend.iter().any(|value| !value.is_nan()).then_some(spend),
        covariates: wanted_columns(params, frame)?,
        log: None,
        calendars: None,
        form,
        order: OnceLock::new(),
    };
    Ok(Intake { input, counts })
}

/// Gives contracts without a price the mean of the others.
fn fill_prices(prices: &mut [f64], counts: &mut IntakeCounts) {
    let mut known: Vec<f64> = prices.iter().copied().filter(|price| !price.is_nan()).collect();
    let missing = prices.len() - known.len();
    if missing == 0 || known.is_empty() {
        return;
    }
    // Sorted, so that the mean does not depend on the order of rows.
    known.sort_unstable_by(f64::total_cmp);
    let mean = known.iter().sum::<f64>() / known.len() as f64;
    prices.iter_mut().filter(|price| price.is_nan()).for_each(|price| *price = mean);
    let contracts = count(missing as u64, "contract without a price counts", "contracts without a price count");
    counts.notes.push(format!("{contracts} with the mean of the others"));
}

/// The model that a form of data calls for.
///
/// # Errors
/// When the model that was asked for needs what the data lack.
pub(crate) fn model_of(asked: ModelKind, form: DataForm) -> Result<ModelKind> {
    let needs = |needs: &str, hint: &str| {
        Err(Error::config(format!("{} needs {needs}", asked.label())).with_hint(hint.to_owned()))
    };
    match (form, asked) {
        (DataForm::Contracts, ModelKind::Auto | ModelKind::Sbg) => Ok(ModelKind::Sbg),
        (DataForm::Contracts, _) => {
            needs("a column frequency", "map it with --map frequency=COLUMN, or choose model=sbg")
        }
        (DataForm::Spend, ModelKind::Auto | ModelKind::GammaGamma) => Ok(ModelKind::GammaGamma),
        (DataForm::Spend, _) => needs("recency and T", "map them with --map recency=COLUMN,T=COLUMN"),
        _ => Ok(asked),
    }
}

/// What is wrong with a history, for a model that counts in time or in periods.
fn wrong_history(model: ModelKind, history: &History) -> Option<String> {
    let History { frequency, recency, age } = *history;
    let whole = |value: f64| value.fract() == 0.0;
    if !(frequency.is_finite() && recency.is_finite() && age.is_finite()) {
        return Some("a number is missing or infinite".to_owned());
    }
    if frequency < 0.0 || !whole(frequency) || frequency > MOST_PURCHASES {
        return Some(format!("frequency {frequency} is no count of repeat purchases"));
    }
    if recency < 0.0 {
        return Some(format!("recency {recency} is negative: it runs from the first purchase to the last"));
    }
    if model == ModelKind::GammaGamma {
        return None;
    }
    if age > LONGEST {
        return Some(format!("T {age} is longer than anybody can be observed"));
    }
    // A rounding of the last digit is no error of the data.
    if recency > age * (1.0 + 1e-9) {
        return Some(format!("recency {recency} is larger than T {age}: a purchase after the end of the observation"));
    }
    match model {
        ModelKind::Sbg if recency < 1.0 || !whole(recency) || !whole(age) => {
            Some(format!("recency {recency} and T {age} should be whole numbers of periods from 1"))
        }
        ModelKind::Sbg => None,
        ModelKind::BgBb if !whole(recency) || !whole(age) || age < 1.0 => {
            Some(format!("recency {recency} and T {age} should be whole numbers of purchase opportunities"))
        }
        ModelKind::BgBb if frequency > recency => Some(format!("{frequency} purchases at {recency} opportunities")),
        _ if frequency == 0.0 && recency > 0.0 => {
            Some(format!("recency {recency} without repeat purchases: it should be 0"))
        }
        _ if frequency > 0.0 && recency == 0.0 => {
            Some(format!("{frequency} repeat purchases at the moment of the first: recency should be above 0"))
        }
        _ => None,
    }
}

fn wrong_value(value: f64, weight: f64) -> Option<String> {
    if !value.is_nan() && !(0.0..=MOST_VALUE).contains(&value) {
        return Some(format!("monetary {value} is no value of a purchase"));
    }
    (!(weight > 0.0 && weight <= MOST_PURCHASES)).then(|| format!("weight {weight} is no number of customers"))
}

/// The columns that the parameters name as covariates.
fn wanted_columns(params: &Params, frame: &Frame) -> Result<Vec<(String, Column)>> {
    let column = |name: &String| {
        frame.column(name).map(|column| (name.clone(), column.clone())).ok_or_else(|| {
            let names = || frame.columns().map(|(name, _)| name);
            let hint = nearest(name, names()).map_or_else(
                || format!("columns: {}", names().collect::<Vec<_>>().join(", ")),
                |near| format!("did you mean {near}?"),
            );
            Error::config(format!("{} has no column {name} to use as a covariate", frame.origin())).with_hint(hint)
        })
    };
    params.covariates.iter().map(column).collect()
}

/// Covariates from a table of customers, in the order of `ids`; a customer that it lacks has missing values.
fn by_customer(params: &Params, frame: &Frame, ids: &[String]) -> Result<Vec<(String, Column)>> {
    if params.covariates.is_empty() {
        return Ok(Vec::new());
    }
    let known = frame.words("customer_id")?;
    let mut row_of_word = vec![usize::MAX; known.words.len()];
    for (row, code) in known.codes.iter().enumerate() {
        if let Some(first) = row_of_word.get_mut(*code as usize) {
            *first = row.min(*first);
        }
    }
    let mut words: Vec<(&str, usize)> = known.words.iter().zip(row_of_word).collect();
    words.sort_unstable();
    let row_of = |id: &String| {
        words.binary_search_by(|(word, _)| word.cmp(&id.as_str())).map_or(usize::MAX, |found| words[found].1)
    };
    let rows: Vec<usize> = ids.iter().map(row_of).collect();
    Ok(wanted_columns(params, frame)?.into_iter().map(|(name, column)| (name, column.take(&rows))).collect())
}
