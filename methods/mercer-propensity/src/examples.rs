//! Examples: rows with features and what came of them, and rows that are to be scored.

use mercer_base::frame::Column;
use mercer_base::words::humanised;
use mercer_base::{Error, Result, Seed, nearest};
use mercer_method::consent;

use crate::encode::{Encoder, Unused};
use crate::guard::{Level, Scope, leaks};
use crate::history::{History, Standard};
use crate::input::{Data, Histories, Input, Order, Rows};
use crate::learn::Problem;
use crate::model::Source;
use crate::outcome::outcomes;
use crate::params::{Leaks, Params};
use crate::table::Table;

/// The most examples that are made of a history; more would take longer and hardly teach more.
const MOST_EXAMPLES: usize = 40_000;

/// Rows to learn from or to be judged by.
pub(crate) struct Examples {
    /// The target: a column, or `churn`.
    pub(crate) name: String,
    /// What a row with the outcome does.
    pub(crate) words: String,
    /// Whom it is asked about.
    pub(crate) population: String,
    /// How the question is asked.
    pub(crate) source: Source,
    /// The features.
    pub(crate) table: Table,
    /// Whether each row has the outcome.
    pub(crate) outcomes: Vec<bool>,
    /// How long each row was watched, where it is asked when.
    pub(crate) times: Option<Vec<f64>>,
    /// How long each row had been watched when the newest cut-off came, where there are several.
    pub(crate) times_by_newest: Option<Vec<f64>>,
    /// Whose each row is, where some have several.
    pub(crate) owners: Option<Vec<u32>>,
    /// The order in which rows came about, where it is known.
    pub(crate) order: Option<Order>,
    /// Whether each row is of the newest cut-off, where there are several.
    pub(crate) newest: Option<Vec<bool>>,
}

impl Examples {
    /// What is learnt from.
    pub(crate) fn problem(&self) -> Problem<'_> {
        Problem { table: &self.table, outcomes: &self.outcomes, owners: self.owners.as_deref() }
    }

    /// Some of the rows.
    ///
    /// # Errors
    /// When one is not there.
    pub(crate) fn part(&self, rows: &[u32]) -> Result<Part> {
        fn taken<T: Copy>(values: &[T], rows: &[u32]) -> Vec<T> {
            rows.iter().filter_map(|row| values.get(*row as usize).copied()).collect()
        }
        Ok(Part {
            table: self.table.take(rows)?,
            outcomes: taken(&self.outcomes, rows),
            times: self.times.as_deref().map(|times| taken(times, rows)),
            owners: self.owners.as_deref().map(|owners| taken(owners, rows)),
        })
    }

    /// Some of the rows as they stood on the newest cut-off, where there are several: whatever came later had not come.
    ///
    /// # Errors
    /// When one is not there.
    pub(crate) fn part_by_newest(&self, rows: &[u32]) -> Result<Part> {
        let mut part = self.part(rows)?;
        if let (Some(limits), Some(times)) = (&self.times_by_newest, &mut part.times) {
            for ((row, time), event) in rows.iter().zip(times).zip(&mut part.outcomes) {
                let limit = limits.get(*row as usize).copied().unwrap_or(f64::INFINITY);
                *event &= *time <= limit;
                *time = time.min(limit);
            }
        }
        Ok(part)
    }

    /// The rows before the newest, and the newest: those of the newest cut-off, else the last fifth in order; `None` where no order
    /// is known.
    pub(crate) fn newest(&self) -> Option<(Vec<u32>, Vec<u32>)> {
        let rows = || 0..u32::try_from(self.outcomes.len()).unwrap_or(u32::MAX);
        if let Some(newest) = &self.newest {
            return Some(rows().partition(|row| newest.get(*row as usize) != Some(&true)));
        }
        let order = self.order.as_ref()?;
        let mut sorted: Vec<u32> = rows().collect();
        sorted.sort_by_key(|row| order.of_row.get(*row as usize).copied());
        let newest = sorted.split_off(sorted.len() - sorted.len() / 5);
        Some((sorted, newest))
    }
}

/// Some rows of examples.
pub(crate) struct Part {
    /// Their features.
    pub(crate) table: Table,
    /// Whether each has the outcome.
    pub(crate) outcomes: Vec<bool>,
    /// How long each was watched.
    pub(crate) times: Option<Vec<f64>>,
    /// Whose each is, where some have several.
    pub(crate) owners: Option<Vec<u32>>,
}

impl Part {
    /// What is learnt from.
    pub(crate) fn problem(&self) -> Problem<'_> {
        Problem { table: &self.table, outcomes: &self.outcomes, owners: self.owners.as_deref() }
    }
}

/// What is learnt under the parameters, and targets that the data cannot carry.
///
/// # Errors
/// When parameters and data do not fit each other, or nothing can be learnt.
pub(crate) fn learnable(params: &Params, input: &Input, seed: Seed) -> Result<(Vec<Examples>, Vec<Unused>)> {
    match &input.data {
        Data::Rows(_) if params.when && params.time.is_none() => {
            Err(Error::config("when: a table of rows needs a column that says how long each was watched")
                .with_hint("name it with --time COLUMN"))
        }
        Data::Rows(rows) if rows.column("outcome").is_some() && params.target.is_empty() => {
            Ok((vec![of_leads(params, rows, seed)?], Vec::new()))
        }
        Data::Rows(rows) => {
            let [target] = params.target.as_slice() else { return Err(no_target(params, rows)) };
            Ok((vec![of_column(params, rows, target, params.positive.as_deref(), seed)?], Vec::new()))
        }
        Data::History(histories) => of_history(params, histories, seed),
    }
}

/// The examples of a model's target in its own features.
///
/// # Errors
/// When the data are not of the kind that the model was learnt from.
pub(crate) fn again(params: &Params, source: &Source, input: &Input) -> Result<Examples> {
    match (source, &input.data) {
        (Source::Column { leads: false, .. }, Data::Rows(rows)) => column_again(params, source, rows),
        (Source::Column { .. }, Data::Rows(rows)) => column_again(params, source, rows),
        (Source::Column { .. }, Data::History(histories)) => {
            let leads = histories.leads.as_ref().ok_or_else(|| Error::data("there are no leads"))?;
            column_again(params, source, leads)
        }
        (Source::History { standard, horizon, when, .. }, Data::History(histories)) => {
            let asked = Asked::of(&histories.history, *standard, *horizon, *when, params)?;
            asked.examples(&histories.history, source.clone())
        }
        (Source::History { .. }, Data::Rows(_)) => Err(other_data("orders")),
    }
}

/// Rows to be scored: their features, and which they are: places in a table's rows, or numbers of customers.
pub(crate) struct ToScore {
    /// The features.
    pub(crate) table: Table,
    /// Which they are.
    pub(crate) rows: Vec<u32>,
}

/// The rows of the input that a model can score.
///
/// # Errors
/// When the data are not of the kind that the model was learnt from, or lack all of its features.
pub(crate) fn to_score(source: &Source, input: &Input) -> Result<ToScore> {
    match (source, &input.data) {
        (Source::Column { encoder, .. }, data) => {
            let rows = match data {
                Data::Rows(rows) => rows,
                Data::History(histories) => histories.leads.as_ref().ok_or_else(|| other_data("leads"))?,
            };
            let lacking = encoder.lacking(&rows.columns);
            if lacking.len() == encoder.features.len() && !lacking.is_empty() {
                return Err(Error::data("the rows have none of the columns that the model knows")
                    .with_hint(format!("it was fitted on {}", lacking.join(", "))));
            }
            let table = encoder.apply(rows.len(), &rows.columns)?;
            Ok(ToScore { table, rows: (0..u32::try_from(rows.len()).unwrap_or(u32::MAX)).collect() })
        }
        (Source::History { standard, vocabulary, excluded, horizon, .. }, Data::History(histories)) => {
            let history = &histories.history;
            let rows = history.population(*standard, history.end(), *horizon);
            let table = without(&history.features(vocabulary, &rows, history.end())?, excluded)?;
            Ok(ToScore { table, rows })
        }
        (Source::History { .. }, Data::Rows(_)) => Err(other_data("orders")),
    }
}

fn other_data(what: &str) -> Error {
    Error::data(format!("the model was fitted on {what}, these are other data"))
        .with_hint("give the tables that it was fitted on, or fit a model to these")
}

fn no_target(params: &Params, rows: &Rows) -> Error {
    let two_valued = |column: &Column| match column {
        Column::Words(words) => words.words.len() == 2,
        Column::Numbers(values) => values.iter().all(|value| value.is_nan() || *value == 0.0 || *value == 1.0),
        Column::Moments(_) => false,
    };
    let names = rows.columns.iter().filter(|(_, column)| two_valued(column)).map(|(name, _)| name.as_str());
    let names: Vec<&str> = names.take(8).collect();
    let message = match params.target.len() {
        0 => "which column is predicted? give it with --target COLUMN",
        _ => "of a table one column is predicted at a time",
    };
    let hint = match names.as_slice() {
        [] => "a column that says whether something happened, such as churned: yes or no".to_owned(),
        names => format!("columns with two values: {}", names.join(", ")),
    };
    Error::config(message).with_hint(hint)
}

/// Words for a column that is not there.
fn no_column(name: &str, rows: &Rows) -> Error {
    let names = || rows.columns.iter().map(|(name, _)| name.as_str());
    let hint = nearest(name, names()).map_or_else(
        || format!("the columns are {}", names().collect::<Vec<_>>().join(", ")),
        |near| format!("did you mean {near}?"),
    );
    Error::config(format!("there is no column {name}")).with_hint(hint)
}

fn of_leads(params: &Params, rows: &Rows, seed: Seed) -> Result<Examples> {
    let mut examples = of_column(params, rows, "outcome", params.positive.as_deref(), seed)?;
    examples.name = "conversion".to_owned();
    examples.words = "will convert".to_owned();
    examples.population = "leads".to_owned();
    if let Source::Column { leads, .. } = &mut examples.source {
        *leads = true;
    }
    Ok(examples)
}

fn of_column(params: &Params, rows: &Rows, target: &str, positive: Option<&str>, seed: Seed) -> Result<Examples> {
    for name in params.exclude.iter().chain(&params.rising).chain(&params.falling).chain(&params.groups) {
        // A column of consent is no feature already, so that leaving it out is right and changes nothing.
        if rows.column(name).is_none() && !(params.exclude.contains(name) && consent::gives(name)) {
            return Err(no_column(name, rows));
        }
    }
    let positive = outcomes(target, rows.column(target).ok_or_else(|| no_column(target, rows))?, positive)?.positive;
    let mut not_features: Vec<&str> = params.exclude.iter().map(String::as_str).collect();
    not_features.push(target);
    not_features.extend(params.time.as_deref());
    let known = known_rows(params, rows, target, &positive)?;
    let places: Vec<usize> = known.iter().map(|known| known.row).collect();
    let columns: Vec<(String, Column)> =
        rows.without(&not_features).into_iter().map(|(name, column)| (name, column.take(&places))).collect();
    let (mut encoder, unused) = Encoder::learn(&columns);
    let table = encoder.apply(places.len(), &columns)?;
    let happened: Vec<bool> = known.iter().map(|known| known.happened).collect();
    let suspects = leaks(&table, &happened, &Scope::default(), seed.split("leaks"))?;
    if params.leaks == Leaks::LeaveOut {
        let is_leak =
            |name: &str| suspects.iter().any(|suspect| suspect.level == Level::Leak && suspect.feature == name);
        encoder.features.retain(|feature| !is_leak(&feature.name));
    }
    if encoder.features.is_empty() {
        let left_out = unused.iter().map(|unused| format!("{}: {}", unused.name, unused.reason));
        let leaks = suspects.iter().map(|suspect| format!("{}: {}", suspect.feature, suspect.words));
        let why: Vec<String> = left_out.chain(leaks).take(3).collect();
        return Err(Error::data("there is no column to predict from")
            .with_hint(format!("every column was left out: {}", why.join("; "))));
    }
    let source = Source::Column { encoder, target: target.to_owned(), positive, leads: false, suspects, unused };
    column_again(params, &source, rows)
}

/// A row whose outcome is known.
struct Known {
    row: usize,
    happened: bool,
    time: f64,
}

fn known_rows(params: &Params, rows: &Rows, target: &str, positive: &str) -> Result<Vec<Known>> {
    let column = rows.column(target).ok_or_else(|| no_column(target, rows))?;
    let outcomes = outcomes(target, column, Some(positive))?;
    let times = match &params.time {
        None => None,
        Some(name) => match rows.column(name).ok_or_else(|| no_column(name, rows))? {
            Column::Numbers(times) => Some(times),
            _ => {
                return Err(Error::config(format!("the time column {name} holds no numbers"))
                    .with_hint("give how long each row was watched, such as months of tenure"));
            }
        },
    };
    let known = outcomes.of_row.iter().enumerate().filter_map(|(row, happened)| {
        // On a list or not: whoever has no value is not on it.
        let happened = happened.or(params.unlabelled.then_some(false))?;
        let time = times.map_or(0.0, |times| times.get(row).copied().unwrap_or(f64::NAN));
        (time >= 0.0 && time.is_finite()).then_some(Known { row, happened, time })
    });
    Ok(known.collect())
}

fn column_again(params: &Params, source: &Source, rows: &Rows) -> Result<Examples> {
    let Source::Column { encoder, target, positive, .. } = source else { return Err(other_data("orders")) };
    let known = known_rows(params, rows, target, positive)?;
    let places: Vec<usize> = known.iter().map(|known| known.row).collect();
    let named = |name: &String| encoder.features.iter().any(|feature| feature.name == *name);
    let columns: Vec<(String, Column)> = rows
        .columns
        .iter()
        .filter(|(name, _)| named(name))
        .map(|(name, column)| (name.clone(), column.take(&places)))
        .collect();
    let order = rows.order.as_ref().map(|order| Order {
        of_row: places.iter().filter_map(|place| order.of_row.get(*place).copied()).collect(),
        words: order.words.clone(),
    });
    let words = match params.unlabelled {
        true => format!("is like those with {} = {positive}", humanised(target)),
        false => format!("has {} = {positive}", humanised(target)),
    };
    Ok(Examples {
        name: target.clone(),
        words,
        population: "rows".to_owned(),
        source: source.clone(),
        table: encoder.apply(places.len(), &columns)?,
        outcomes: known.iter().map(|known| known.happened).collect(),
        times: params.time.is_some().then(|| known.iter().map(|known| known.time).collect()),
        times_by_newest: None,
        owners: None,
        order,
        newest: None,
    })
}

fn of_history(params: &Params, histories: &Histories, seed: Seed) -> Result<(Vec<Examples>, Vec<Unused>)> {
    let is_asked = |name: &str| params.target.is_empty() || params.target.iter().any(|target| target == name);
    if params.time.is_some() {
        return Err(Error::config("a time column goes with a table of rows, not with orders")
            .with_hint("leave out --time; the horizon says how far to look ahead"));
    }
    for name in &params.target {
        if Standard::of_name(name).is_none() && name != "conversion" {
            let names = || Standard::ALL.iter().map(|target| target.name()).chain(["conversion"]);
            let hint = nearest(name, names()).map_or_else(
                || format!("targets: {}", names().collect::<Vec<_>>().join(", ")),
                |near| format!("did you mean {near}?"),
            );
            return Err(Error::config(format!("there is no target {name} for orders")).with_hint(hint));
        }
    }
    if params.when && !Standard::ALL.iter().any(|standard| standard.has_time() && is_asked(standard.name())) {
        let names: Vec<&str> =
            Standard::ALL.into_iter().filter(|target| target.has_time()).map(Standard::name).collect();
        return Err(Error::config(format!("when: it is not known of {} how long it takes", params.target.join(", ")))
            .with_hint(format!(
                "targets that can be asked when: {}; leave out --when for the others",
                names.join(", ")
            )));
    }
    let horizon = whole_days(params.horizon.get());
    let (mut learnable, mut left_out) = (Vec::new(), Vec::new());
    let usual = |standard: &Standard| !params.target.is_empty() || Standard::USUAL.contains(standard);
    for standard in Standard::ALL.into_iter().filter(usual).filter(|standard| is_asked(standard.name())) {
        match of_standard(params, &histories.history, standard, horizon) {
            Ok(examples) => learnable.push(examples),
            Err(error) => left_out.push(Unused { name: standard.name().to_owned(), reason: error.to_string() }),
        }
    }
    if let Some(leads) = histories.leads.as_ref().filter(|_| is_asked("conversion")) {
        match of_leads(params, leads, seed) {
            Ok(examples) => learnable.push(examples),
            Err(error) => left_out.push(Unused { name: "conversion".to_owned(), reason: error.to_string() }),
        }
    }
    Ok((learnable, left_out))
}

#[allow(clippy::cast_possible_truncation, reason = "horizons beyond a century are cut there")]
fn whole_days(days: f64) -> i32 {
    days.round().clamp(1.0, 36_500.0) as i32
}

fn of_standard(params: &Params, history: &History, standard: Standard, horizon: i32) -> Result<Examples> {
    if let Some(lacking) = history.lacks(standard) {
        return Err(Error::data(lacking));
    }
    let when = params.when && standard.has_time();
    let asked = Asked::of(history, standard, horizon, when, params)?;
    let vocabulary = history.vocabulary(asked.newest, horizon);
    let source = Source::History { standard, vocabulary, excluded: params.exclude.clone(), horizon, when };
    asked.examples(history, source)
}

/// Whom a target is asked of, when, and what came of it.
struct Asked {
    newest: i32,
    pairs: Vec<(u32, i32)>,
    outcomes: Vec<bool>,
    /// How long each was watched; `None` where it is asked whether.
    times: Option<Vec<f64>>,
}

impl Asked {
    fn of(history: &History, standard: Standard, horizon: i32, when: bool, params: &Params) -> Result<Self> {
        let most = params.cutoffs.max(1) as usize + 1;
        let cutoffs = match when {
            true => history.cutoffs_to_watch(horizon, most),
            false => history.cutoffs(horizon, most),
        };
        let Some(newest) = cutoffs.first().copied() else {
            return Err(Error::data(format!("the data cover too short a time to look {horizon} days ahead"))
                .with_hint("give a longer history, or a shorter horizon"));
        };
        let (mut pairs, mut outcomes, mut times) = (Vec::new(), Vec::new(), Vec::new());
        let most = MOST_EXAMPLES / cutoffs.len();
        for cutoff in cutoffs {
            let asked = history.population(standard, cutoff, horizon);
            // Customers are numbered by their ids, which say nothing of them: every so many are a fair sample.
            let step = asked.len().div_ceil(most).max(1);
            for customer in asked.into_iter().step_by(step) {
                let outcome = match when {
                    true => history.watch(standard, customer, cutoff).map(|watch| {
                        times.push(watch.days);
                        watch.event
                    }),
                    false => history.label(standard, customer, cutoff, horizon),
                };
                if let Some(outcome) = outcome {
                    pairs.push((customer, cutoff));
                    outcomes.push(outcome);
                }
            }
        }
        Ok(Self { newest, pairs, outcomes, times: when.then_some(times) })
    }

    fn examples(self, history: &History, source: Source) -> Result<Examples> {
        let Source::History { standard, vocabulary, excluded, horizon, .. } = &source else {
            return Err(other_data("rows"));
        };
        let table = without(&history.examples(vocabulary, &self.pairs)?, excluded)?;
        let newest: Vec<bool> = self.pairs.iter().map(|(_, cutoff)| *cutoff == self.newest).collect();
        let is_several = newest.contains(&false);
        let by_newest =
            || self.pairs.iter().map(|(_, cutoff)| f64::from(self.newest.saturating_sub(*cutoff))).collect();
        Ok(Examples {
            name: standard.name().to_owned(),
            words: standard.words(*horizon),
            population: standard.population_words().to_owned(),
            table,
            outcomes: self.outcomes,
            times_by_newest: (is_several && self.times.is_some()).then(by_newest),
            times: self.times,
            owners: is_several.then(|| self.pairs.iter().map(|(customer, _)| *customer).collect()),
            order: None,
            newest: is_several.then_some(newest),
            source,
        })
    }
}

fn without(table: &Table, excluded: &[String]) -> Result<Table> {
    table.retain(|index| table.features().get(index).is_some_and(|feature| !excluded.contains(&feature.name)))
}
