//! How good the forecasts are: the end of the data is held out, forecast from what was before, and compared with what
//! happened, beside two naive ways of forecasting.

use mercer_base::card::{Column as Heading, Table, Value};
use mercer_base::notation::Notation;
use mercer_base::{Error, ErrorKind, Result};
use mercer_method::day::written_day;
use mercer_method::{Detail, Evaluation, Intake, Measure, Verdict};
use mercer_stats::area_under_roc;
use rayon::prelude::*;

use crate::calendars::{Calendars, history};
use crate::fit::{Process, choose, fit_over_time, fit_process, model_for};
use crate::input::Customers;
use crate::log::{PurchaseLog, Summary};
use crate::params::{DAYS_A_YEAR, ModelKind, Params};

/// Fewer customers, repeat purchases before, or purchases after the split, and a comparison says nothing.
const LEAST_CUSTOMERS: usize = 50;
const LEAST_PURCHASES: usize = 30;
/// Customers with this many repeat purchases or more are one group of the calibration table.
const LAST_GROUP: usize = 7;
/// Points of the tracking curve, at the most.
const MOST_POINTS: i32 = 52;
/// Histories that the tracking curve looks at one by one where covariates make customers differ.
const TRACKED: usize = 2_000;

/// A split of the data in time.
pub(crate) struct Split {
    /// Last day that is learnt from.
    pub(crate) learnt_until: i32,
    /// Last day that is forecast.
    pub(crate) until: i32,
    /// Days that are forecast.
    pub(crate) days: i32,
    summary: Summary,
    actual: Vec<f64>,
}

impl Split {
    /// Holds out the end of the data up to `until`.
    ///
    /// # Errors
    /// When too little is left on one side to compare; the message says how much there is.
    pub(crate) fn of(params: &Params, log: &PurchaseLog, until: i32) -> Result<Self> {
        let unit = params.time_unit.days();
        let span = until - log.first_day();
        let wanted =
            params.holdout.map_or((f64::from(span) / 5.0).min(DAYS_A_YEAR / 2.0), |holdout| holdout.get() * unit);
        // A holdout is at most half of what there is, which the check below then judges.
        #[allow(clippy::cast_possible_truncation, reason = "a number of days between 0 and the span")]
        let days = wanted.round().clamp(1.0, f64::from(span).max(1.0)) as i32;
        let learnt_until = until - days;
        let summary = log.summary(learnt_until, unit);
        let bought = |customer: &usize| log.purchases_between(*customer, learnt_until, until) as f64;
        let actual: Vec<f64> = summary.customers.iter().map(bought).collect();
        let before: f64 = summary.histories.iter().map(|history| history.frequency).sum();
        let after: f64 = actual.iter().sum();
        let least = LEAST_PURCHASES as f64;
        if summary.customers.len() < LEAST_CUSTOMERS || before < least || after < least {
            let message = format!(
                "too little data to hold out the last {days} days: {} customers and {before} repeat purchases before, {after} \
                 purchases after; it takes {LEAST_CUSTOMERS} customers and {LEAST_PURCHASES} purchases on either side",
                summary.customers.len()
            );
            return Err(Error::data(message).with_hint("set another holdout, or wait for more data"));
        }
        Ok(Self { learnt_until, until, days, summary, actual })
    }
}

/// A forecast of held-out purchases.
pub(crate) struct Forecast<'a> {
    pub(crate) process: Process,
    split: &'a Split,
    predicted: Vec<f64>,
    alive: Vec<f64>,
    matrix: Vec<f64>,
}

/// Learns from before the split and forecasts what comes after it.
///
/// # Errors
/// When the data before the split cannot carry the model.
pub(crate) fn forecast<'a>(
    params: &Params,
    model: ModelKind,
    input: &Customers,
    split: &'a Split,
) -> Result<Forecast<'a>> {
    let covariates: Vec<_> =
        input.covariates.iter().map(|(name, column)| (name.clone(), column.take(&split.summary.customers))).collect();
    if let (Some(calendars), Some(log)) = (&input.calendars, &input.log) {
        return forecast_over_time(params, calendars, log, split);
    }
    let histories = &split.summary.histories;
    let process = fit_process(params, model, histories, &[], &covariates)?;
    let matrix = process.design.matrix(&covariates, histories.len())?;
    let (width, point) = (process.design.width(), process.estimate.point());
    let ahead = f64::from(split.days) / params.time_unit.days();
    let scores: Vec<(f64, f64)> = histories
        .par_iter()
        .enumerate()
        .map(|(row, history)| {
            let own = process.estimate.parameters_of(&point, &matrix[row * width..(row + 1) * width]);
            (process.family.expected_purchases(&own, history, ahead), process.family.p_alive(&own, history))
        })
        .collect();
    let (predicted, alive) = scores.into_iter().unzip();
    Ok(Forecast { process, split, predicted, alive, matrix })
}

/// The same under covariates that change over time; those of the days ahead are taken as known.
fn forecast_over_time<'a>(
    params: &Params,
    calendars: &Calendars,
    log: &PurchaseLog,
    split: &'a Split,
) -> Result<Forecast<'a>> {
    let customers = &split.summary.customers;
    let (process, exposures) = fit_over_time(calendars, log, customers, split.learnt_until)?;
    let (point, ahead) = (process.estimate.point(), f64::from(split.days) / params.time_unit.days());
    let scores: Vec<(f64, f64)> = customers
        .par_iter()
        .enumerate()
        .map(|(row, customer)| {
            let history = history(&exposures, row, &point)?;
            let ahead = calendars.elapsed(log, *customer, &point, split.learnt_until, ahead)?;
            let parameters = &point.parameters;
            Ok((
                process.family.expected_purchases(parameters, &history, ahead),
                process.family.p_alive(parameters, &history),
            ))
        })
        .collect::<Result<_>>()?;
    let (predicted, alive) = scores.into_iter().unzip();
    Ok(Forecast { process, split, predicted, alive, matrix: Vec::new() })
}

impl Forecast<'_> {
    /// Root mean squared error of the purchases of a customer.
    pub(crate) fn rmse(&self) -> f64 {
        rmse(&self.predicted, &self.split.actual)
    }
}

/// Judges the method. Where a model is chosen automatically, it is chosen on an earlier split, so that the held-out days are
/// seen by nothing before.
pub(crate) fn evaluate(params: &Params, intake: &Intake<Customers>) -> Result<Evaluation> {
    let input = &intake.input;
    let Some(log) = &input.log else {
        return Ok(Evaluation::too_little(
            "Not evaluated: a summary has no dates to hold out. Give transactions to see how well the model forecasts.",
        ));
    };
    let asked = model_for(params, input)?;
    if asked == ModelKind::GammaGamma {
        return Ok(Evaluation::too_little("Not evaluated: a model of spend alone forecasts no purchases."));
    }
    let split = match Split::of(params, log, log.last_day) {
        Ok(split) => split,
        Err(error) if error.kind() == ErrorKind::Data => {
            return Ok(Evaluation::too_little(format!("Not evaluated: {error}.")));
        }
        Err(error) => return Err(error),
    };
    let learnt = match asked {
        ModelKind::Auto => {
            earlier(params, input, log, &split).map(|candidates| candidates.first().map(|best| best.name))
        }
        model => Ok(Some(model)),
    };
    let forecast = learnt.and_then(|model| {
        forecast(params, model.unwrap_or(ModelKind::BgNbd), input, &split).map(|forecast| (model, forecast))
    });
    match forecast {
        Ok((model, forecast)) => compare(params, model.unwrap_or(ModelKind::BgNbd), (input, log), &forecast),
        Err(error) if error.kind() == ErrorKind::Data => {
            Ok(Evaluation::too_little(format!("Not evaluated: what is left to learn from is too little: {error}.")))
        }
        Err(error) => Err(error),
    }
}

/// The choice of a model from what was known at the split.
fn earlier(
    params: &Params,
    input: &Customers,
    log: &PurchaseLog,
    split: &Split,
) -> Result<Vec<crate::model::Candidate>> {
    let summary = log.summary(split.learnt_until, params.time_unit.days());
    let rows = &summary.customers;
    let earlier = Customers {
        ids: None,
        weights: vec![1.0; rows.len()],
        covariates: input.covariates.iter().map(|(name, column)| (name.clone(), column.take(rows))).collect(),
        histories: summary.histories,
        spend: None,
        calendars: None,
        // Positions of customers are those of the whole log, so a choice by holdout works on the whole input.
        log: None,
        form: input.form,
        order: std::sync::OnceLock::new(),
    };
    match Split::of(params, log, split.learnt_until) {
        Ok(_) => choose(params, input, Some(split.learnt_until)),
        Err(_) => choose(params, &earlier, None),
    }
}

/// The naive forecasts, with their names.
fn baselines(params: &Params, log: &PurchaseLog, split: &Split) -> [(String, Vec<f64>); 2] {
    let days = split.days;
    let window = params.time_unit.count(f64::from(days) / params.time_unit.days());
    let cut = split.learnt_until - days;
    let customers = split.summary.customers.iter().zip(&split.summary.histories);
    let again = customers.clone().map(|(customer, history)| {
        // The first purchase starts the relation; buying again is what is forecast.
        let repeats = log.purchases_between(*customer, cut, split.learnt_until) as f64;
        repeats.min(history.frequency)
    });
    let own_rate = customers.map(|(customer, history)| {
        let recent = log.purchases_between(*customer, cut, split.learnt_until) > 0;
        // Who came a moment ago has no rate yet: nobody is taken to buy faster than seen over a unit of time.
        let rate = history.frequency / history.age.max(1.0);
        if recent { rate * f64::from(days) / params.time_unit.days() } else { 0.0 }
    });
    [
        (format!("as often as in the {window} before"), again.collect()),
        (format!("own rate, if bought within {window}"), own_rate.collect()),
    ]
}

fn compare(
    params: &Params,
    model: ModelKind,
    (input, log): (&Customers, &PurchaseLog),
    forecast: &Forecast<'_>,
) -> Result<Evaluation> {
    let split = forecast.split;
    let actual = &split.actual;
    let naive = baselines(params, log, split);
    let bought: Vec<bool> = actual.iter().map(|purchases| *purchases > 0.0).collect();
    let of =
        |measure: &dyn Fn(&[f64]) -> f64| naive.iter().map(|(_, predicted)| measure(predicted)).collect::<Vec<_>>();
    let total: f64 = actual.iter().sum();
    let off = |predicted: &[f64]| predicted.iter().sum::<f64>() / total - 1.0;
    let auc = |scores: &[f64]| area_under_roc(scores, &bought).unwrap_or(f64::NAN);
    let mae = |predicted: &[f64]| mean(predicted.iter().zip(actual).map(|(guess, seen)| (guess - seen).abs()));
    let measures = vec![
        Measure::less_is_better(
            "rmse",
            "Error a customer, root mean square",
            forecast.rmse(),
            &of(&|guess| rmse(guess, actual)),
        ),
        Measure::less_is_better("mae", "Error a customer, mean", mae(&forecast.predicted), &of(&mae)),
        Measure::more_is_better(
            "auc_buys",
            "Ranks buyers before others (AUC), by expected purchases",
            auc(&forecast.predicted),
            &of(&auc),
        ),
        Measure::plain("auc_alive", "Ranks buyers before others (AUC), by P(alive)", auc(&forecast.alive), &[]),
        Measure::plain(
            "predicted",
            "Purchases forecast",
            forecast.predicted.iter().sum(),
            &of(&|guess| guess.iter().sum()),
        ),
        Measure::plain("actual", "Purchases that came", total, &[total; 2]),
        Measure::plain("total_error", "Error of the total", off(&forecast.predicted), &of(&off)),
    ];
    // Forecasts are means, which the squared error judges; the plain one is smallest for whoever guesses the median: mostly 0.
    let [squared, plain, ranking] = [&measures[0], &measures[1], &measures[2]];
    let beats = squared.beats_all() == Some(true) && ranking.beats_all() == Some(true);
    let window = params.time_unit.count(f64::from(split.days) / params.time_unit.days());
    let best = |measure: &Measure| {
        let (known, more) = (measure.baselines.iter().flatten().copied(), measure.more_is_better == Some(true));
        if more { known.fold(0.0, f64::max) } else { known.fold(f64::INFINITY, f64::min) }
    };
    let pair = |measure: &Measure| format!("{:.3} against {:.3}", measure.model.unwrap_or(f64::NAN), best(measure));
    let mut figures = format!(
        "error a customer {} (root mean square), ranking of buyers {} (AUC) for the better of two naive forecasts",
        pair(squared),
        pair(ranking)
    );
    if plain.beats_all() != Some(true) {
        figures.push_str(&format!(
            "; in plain mean error ({}) a naive forecast is nearer, a measure that favours guessing none",
            pair(plain)
        ));
    }
    let design = format!(
        "{} fitted on what was known on {}, then the {window} to {} forecast",
        model.label(),
        written_day(split.learnt_until),
        written_day(split.until)
    );
    let verdict = if beats { Verdict::BeatsBaseline } else { Verdict::DoesNotBeatBaseline };
    let said = if beats { "better than the naive forecasts" } else { "not better than both naive forecasts" };
    let total_words =
        format!("{} purchases forecast, {} came", rounded(forecast.predicted.iter().sum()), rounded(total));
    Ok(Evaluation {
        words: format!("{design}: {said}: {figures}; {total_words}."),
        design,
        baselines: naive.iter().map(|(name, _)| name.clone()).collect(),
        measures,
        verdict,
        details: vec![tracking(params, (input, log), forecast)?, calibration(forecast)],
    })
}

/// Cumulated repeat purchases, as they came and as the model expects them.
fn tracking(params: &Params, (input, log): (&Customers, &PurchaseLog), forecast: &Forecast<'_>) -> Result<Detail> {
    let split = forecast.split;
    let unit = params.time_unit.days();
    let first = log.first_day();
    #[allow(clippy::cast_possible_truncation, reason = "a unit has at most 366 days")]
    let whole_unit = (unit.round() as i32).max(1);
    let step = ((split.until - first) / MOST_POINTS / whole_unit).max(1) * whole_unit;
    // Back from the split, so that it is one of the points.
    let mut points: Vec<i32> = (0..).map(|k| split.learnt_until - k * step).take_while(|day| *day > first).collect();
    points.reverse();
    points.extend((1..).map(|k| split.learnt_until + k * step).take_while(|day| *day < split.until));
    points.push(split.until);
    let summary = &split.summary;
    let starts: Vec<i32> = summary.customers.iter().map(|customer| log.days(*customer)[0]).collect();
    let (width, point) = (forecast.process.design.width(), forecast.process.estimate.point());
    // Without covariates all customers who came on a day are alike; with them, an even part stands for all.
    let groups: Vec<(usize, f64, Vec<f64>)> = if width == 0 && input.calendars.is_none() {
        let mut sorted: Vec<usize> = (0..starts.len()).collect();
        sorted.sort_unstable_by_key(|row| starts[*row]);
        let cohorts = sorted.chunk_by(|a, b| starts[*a] == starts[*b]);
        cohorts.map(|cohort| (cohort[0], cohort.len() as f64, point.parameters.clone())).collect()
    } else {
        let stride = starts.len().div_ceil(TRACKED);
        let weight = starts.len() as f64 / starts.len().div_ceil(stride) as f64;
        let own = |row: usize| {
            let covariates = &forecast.matrix[row * width..(row + 1) * width];
            (row, weight, forecast.process.estimate.parameters_of(&point, covariates))
        };
        (0..starts.len()).step_by(stride).map(own).collect()
    };
    let since_first = |row: usize, day: i32| -> Result<f64> {
        let time = f64::from(day - starts[row]) / unit;
        match &input.calendars {
            Some(calendars) => calendars.elapsed(log, summary.customers[row], &point, starts[row], time),
            None => Ok(time),
        }
    };
    let rows: Vec<Vec<Value>> = points
        .par_iter()
        .map(|day| {
            let came: usize = summary
                .customers
                .iter()
                .map(|customer| log.purchases_between(*customer, i32::MIN, *day).saturating_sub(1))
                .sum();
            let mut expected = 0.0;
            for (row, weight, parameters) in groups.iter().filter(|(row, ..)| starts[*row] < *day) {
                let time = since_first(*row, *day)?;
                expected += weight * forecast.process.family.expected_since_first(parameters, time);
            }
            let held_out = if *day > split.learnt_until { "held out" } else { "learnt from" };
            Ok(vec![
                Value::Text(written_day(*day)),
                Value::Number(came as f64),
                Value::Number(expected),
                Value::Text(held_out.to_owned()),
            ])
        })
        .collect::<Result<_>>()?;
    let columns =
        [("day", "Up to"), ("actual", "Repeat purchases"), ("expected", "Expected by the model"), ("part", "Part")];
    Ok(Detail {
        name: "tracking".to_owned(),
        about: "repeat purchases since the beginning, as they came and as the model expects them".to_owned(),
        table: Table { columns: columns.map(|(name, label)| Heading::new(name, label)).to_vec(), rows },
    })
}

/// Held-out purchases of a customer by how often they had bought before.
fn calibration(forecast: &Forecast<'_>) -> Detail {
    let split = forecast.split;
    let mut groups = vec![(0_i64, 0.0, 0.0); LAST_GROUP + 1];
    for ((history, actual), predicted) in split.summary.histories.iter().zip(&split.actual).zip(&forecast.predicted) {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number from 0 to the last group"
        )]
        let group = history.frequency.min(LAST_GROUP as f64) as usize;
        groups[group].0 += 1;
        groups[group].1 += actual;
        groups[group].2 += predicted;
    }
    let filled = groups.into_iter().enumerate().filter(|(_, (customers, ..))| *customers > 0);
    let rows = filled.map(|(group, (customers, actual, predicted))| {
        let label = if group == LAST_GROUP { format!("{group} or more") } else { group.to_string() };
        let each = |total: f64| Value::Number(total / customers as f64);
        vec![Value::Text(label), Value::Count(customers), each(actual), each(predicted)]
    });
    let columns = [
        ("repeat_purchases", "Repeat purchases before"),
        ("customers", "Customers"),
        ("actual", "Purchases a customer that came"),
        ("predicted", "Forecast"),
    ];
    Detail {
        name: "calibration".to_owned(),
        about: "held-out purchases a customer, by repeat purchases before".to_owned(),
        table: Table { columns: columns.map(|(name, label)| Heading::new(name, label)).to_vec(), rows: rows.collect() },
    }
}

fn rounded(number: f64) -> String {
    Notation::new("").exact(&Value::Number(number), 0)
}

fn rmse(predicted: &[f64], actual: &[f64]) -> f64 {
    mean(predicted.iter().zip(actual).map(|(guess, seen)| (guess - seen).powi(2))).sqrt()
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}
