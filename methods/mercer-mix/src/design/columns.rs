//! The series that the baseline is made of: trends, waves of the year, controls.

use chrono::{DateTime, Datelike};
use mercer_base::{Error, Result};

use crate::panel::{Control, Panel};
use crate::params::{self, Params};
use crate::posterior::scale::by_period;

/// Days of a year; waves take so long to repeat.
const YEAR: f64 = 365.25;

/// Days from one knot or bend to the next where their number is not given: a quarter of a year.
const DAYS_A_KNOT: f64 = 91.0;

/// Correlation with time from which on a control is taken for a trend.
const TREND_LIKE: f64 = 0.95;

/// What a trend consists of.
pub(super) enum Trend {
    /// For each period the knot at or before it, and the share of the way to the next.
    Knots(Vec<(usize, f64)>),
    /// A slope over all periods, from 0 to 1, and what each bend adds to it from its own period on.
    Lines { slope: Option<Vec<f64>>, bends: Vec<Vec<f64>> },
}

/// The trend that `params` ask for.
///
/// # Errors
/// When there are more knots than periods, or none.
pub(super) fn trend(params: &Params, panel: &Panel) -> Result<Trend> {
    let (periods, learnt) = (panel.periods(), panel.learnt);
    let share = |t: usize| panel.step_of(t) / number(learnt.saturating_sub(1)).max(1.0);
    let line = || (0..periods).map(share).collect::<Vec<f64>>();
    let kind = match params.trend {
        params::Trend::Auto if panel.has_places() => params::Trend::Smooth,
        // Two straight lines could not be told apart.
        params::Trend::Auto if panel.controls.iter().any(|control| follows_time(control, panel)) => params::Trend::None,
        params::Trend::Auto => params::Trend::Piecewise,
        kind => kind,
    };
    Ok(match kind {
        params::Trend::Auto | params::Trend::None => Trend::Lines { slope: None, bends: Vec::new() },
        params::Trend::Linear => Trend::Lines { slope: Some(line()), bends: Vec::new() },
        params::Trend::Piecewise => {
            let count = knots(params, panel, quarters(panel))?;
            let bend = |bend: usize| {
                let start = number(bend + 1) / number(count + 1);
                (0..periods).map(|t| (share(t) - start).max(0.0)).collect()
            };
            Trend::Lines { slope: Some(line()), bends: (0..count).map(bend).collect() }
        }
        params::Trend::Smooth => {
            let usual = if panel.has_places() { learnt } else { quarters(panel) + 1 };
            let count = knots(params, panel, usual)?;
            // Before the first knot and after the last the level is theirs.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the periods learnt")]
            let within = |t: usize| panel.step_of(t).clamp(0.0, number(learnt.saturating_sub(1))) as usize;
            Trend::Knots((0..periods).map(|t| between_knots(within(t), learnt, count)).collect())
        }
    })
}

/// Whether a control is hardly anything but time: a trend of the user's own.
fn follows_time(control: &Control, panel: &Panel) -> bool {
    let learnt = control.values.get(..panel.learnt).unwrap_or(&control.values);
    let times: Vec<f64> = (0..learnt.len()).map(|t| panel.step_of(t)).collect();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / number(values.len()).max(1.0);
    let (level, middle) = (mean(learnt), mean(&times));
    let products =
        |f: &dyn Fn(f64, f64) -> f64| learnt.iter().zip(&times).map(|(x, t)| f(x - level, t - middle)).sum::<f64>();
    let (both, own, of_time) = (products(&|x, t| x * t), products(&|x, _| x * x), products(&|_, t| t * t));
    both * both > TREND_LIKE * TREND_LIKE * own * of_time
}

/// The knot at or before period `t`, of `count` evenly spaced from the first period to the last, and the share of the way to
/// the next one.
fn between_knots(t: usize, periods: usize, count: usize) -> (usize, f64) {
    if count <= 1 || periods <= 1 {
        return (0, 0.0);
    }
    // Whole numbers, so that a period on a knot is found there exactly.
    let (knot, rest) = (t * (count - 1) / (periods - 1), t * (count - 1) % (periods - 1));
    (knot, number(rest) / number(periods - 1))
}

fn knots(params: &Params, panel: &Panel, usual: usize) -> Result<usize> {
    let periods = panel.learnt;
    let Some(given) = params.knots else { return Ok(usual.clamp(1, periods.max(1))) };
    match usize::try_from(given) {
        Ok(given) if (1..=periods).contains(&given) => Ok(given),
        _ => Err(Error::config(format!("knots is {given}; the data have {periods} periods"))
            .with_hint(format!("take 1 to {periods}, or leave it out"))),
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of quarters, at least 0")]
fn quarters(panel: &Panel) -> usize {
    (number(panel.learnt) * panel.step / DAYS_A_KNOT).max(0.0) as usize
}

/// Sines, then cosines, by the day of the year of each period, with their names.
pub(super) fn waves(pairs: u32, panel: &Panel) -> Vec<(String, Vec<f64>)> {
    let angle = |day: i32| {
        let ordinal = DateTime::from_timestamp(i64::from(day) * 86_400, 0).map_or(0, |date| date.ordinal());
        f64::from(ordinal) * std::f64::consts::TAU / YEAR
    };
    let wave = |name: &str, n: u32, f: fn(f64) -> f64| {
        (format!("{name}_{n}"), panel.days.iter().map(|day| f(f64::from(n) * angle(*day))).collect())
    };
    (1..=pairs).map(|n| wave("sin", n, f64::sin)).chain((1..=pairs).map(|n| wave("cos", n, f64::cos))).collect()
}

/// A control period by period: over its largest absolute value in one place, standardised over all rows in several.
///
/// # Errors
/// When it has a missing value, or says nothing: 0 throughout in one place, the same throughout in several.
pub(super) fn control(control: &Control, panel: &Panel) -> Result<Vec<f64>> {
    let wrong = |what: &str| Error::data(format!("the control {} {what}", control.name));
    if control.values.len() != panel.rows() || control.values.iter().any(|value| !value.is_finite()) {
        return Err(wrong("has missing values").with_hint("fill them in, or leave it out of controls"));
    }
    let mut values = by_period(&control.values, panel.geos.len());
    let learnt = values.get(..panel.learnt * panel.geos.len()).unwrap_or(&values);
    let (centre, scale) = if panel.has_places() {
        let count = number(learnt.len());
        let mean = learnt.iter().sum::<f64>() / count;
        let variance = learnt.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / count;
        (mean, variance.sqrt())
    } else {
        (0.0, learnt.iter().fold(0.0, |largest: f64, value| largest.max(value.abs())))
    };
    if scale <= 1e-12 * centre.abs() {
        return Err(wrong("is the same throughout").with_hint("leave it out of controls: it explains nothing"));
    }
    values.iter_mut().for_each(|value| *value = (*value - centre) / scale);
    Ok(values)
}

#[allow(clippy::cast_precision_loss, reason = "counts of periods and knots")]
fn number(count: usize) -> f64 {
    count as f64
}
