//! Scoring: what is expected of each customer, and how sure one can be.
//!
//! Intervals carry the uncertainty of the parameters: Laplace's approximation, taken through each score by the points of a
//! spherical cubature (two a dimension, exact to the third order; Arasaratnam & Haykin 2009, IEEE Transactions on Automatic
//! Control 54, 1254–1269), on the logit for probabilities and on the logarithm for amounts. They say how well the *expected*
//! value is known, not how far one customer's luck may stray from it.

use std::borrow::Cow;

use mercer_base::frame::{Column, Frame};
use mercer_base::{Error, Result};
use mercer_stats::quadrature::GaussLegendre;
use mercer_stats::special::{logistic, normal_quantile, softplus};
use rayon::prelude::*;

use crate::calendars::history;
use crate::estimate::{Draw, Estimate};
use crate::family::{Family, History};
use crate::fit::family_of;
use crate::input::Customers;
use crate::model::Model;
use crate::params::{ModelKind, Params};
use crate::spend::{Spend, expected_spend};

/// Nodes at which the timing of purchases within the horizon is looked at, for discounting.
const DISCOUNT_NODES: usize = 4;
/// The cloud reaches at most this far from the estimate in the logarithm of a parameter: a factor of 55 either way.
const MOST_LOGS: f64 = 4.0;
/// Closer to 0 or 1 than this, a probability's logit is no longer told apart.
const LEAST: f64 = 1e-12;
/// The logarithm of the least positive number.
const LN_LEAST: f64 = -708.396_418_532_264_1;

/// The scores of one customer.
#[derive(Debug, Clone, Copy, Default)]
struct Scores {
    p_alive: Spread,
    purchases: Spread,
    order_value: f64,
    value: Spread,
}

/// What a column takes of scores.
type Figure = fn(&Scores) -> f64;

/// Scores of customers.
struct Scored {
    scores: Vec<Scores>,
    /// For each row the position of its scores, where equal customers share theirs; else each row has its own.
    of_row: Option<Vec<u32>>,
}

impl Scored {
    fn of_rows(scores: Vec<Scores>) -> Self {
        Self { scores, of_row: None }
    }
}

/// A score with its interval.
#[derive(Debug, Clone, Copy, Default)]
struct Spread {
    at: f64,
    low: f64,
    high: f64,
}

impl Spread {
    fn known(value: f64) -> Self {
        Self { at: value, low: value, high: value }
    }
}

/// Scores customers by a fitted model.
///
/// # Errors
/// When the customers lack what the model needs.
pub(crate) fn score(params: &Params, model: &Model, input: &Customers) -> Result<Frame> {
    let Scored { scores, of_row } = match (&model.process, &model.spend) {
        (Some(process), _) => scores_of(params, model, process, input)?,
        (None, Some(spend)) => {
            let score = |(row, history): (usize, &History)| {
                let order_value = expected_value(&spend.estimate.parameters, history, input.mean(row));
                Scores { order_value, ..Scores::default() }
            };
            Scored::of_rows(input.histories.iter().enumerate().map(score).collect())
        }
        (None, None) => return Err(Error::internal("a model without a process and without spend")),
    };
    let mut frame = Frame::new("scores");
    if let Some(ids) = &input.ids {
        frame = frame.with("customer_id", Column::Words(ids.clone()))?;
    }
    let mut columns: Vec<(&str, Figure)> = Vec::new();
    if model.process.is_some() {
        columns.extend([
            ("p_alive", (|score| score.p_alive.at) as Figure),
            ("p_alive_low", |score| score.p_alive.low),
            ("p_alive_high", |score| score.p_alive.high),
            ("expected_purchases", |score| score.purchases.at),
            ("expected_purchases_low", |score| score.purchases.low),
            ("expected_purchases_high", |score| score.purchases.high),
        ]);
    }
    let has_value = model.spend.is_some() || (model.name == ModelKind::Sbg && input.spend.is_some());
    if has_value {
        columns.push(("expected_order_value", |score| score.order_value));
    }
    if has_value && model.process.is_some() {
        columns.extend([
            ("clv", (|score| score.value.at) as Figure),
            ("clv_low", |score| score.value.low),
            ("clv_high", |score| score.value.high),
        ]);
    }
    let column = |(_, value): &(&str, Figure)| -> Vec<f64> {
        match &of_row {
            None => scores.iter().map(value).collect(),
            Some(of_row) => of_row.iter().map(|score| value(&scores[*score as usize])).collect(),
        }
    };
    let values: Vec<Vec<f64>> = columns.par_iter().map(column).collect();
    for ((name, _), values) in columns.into_iter().zip(values) {
        frame = frame.with(name, Column::Numbers(values))?;
    }
    Ok(frame)
}

/// Expected value of a purchase; missing where the model has no mean and the customer no repeat purchase.
fn expected_value(parameters: &[f64], history: &History, mean: f64) -> f64 {
    let own =
        if mean > 0.0 { Spend { purchases: history.frequency, mean } } else { Spend { purchases: 0.0, mean: 0.0 } };
    expected_spend(parameters, &own).unwrap_or(f64::NAN)
}

/// What is the same for all customers.
struct Scorer<'a> {
    family: &'static dyn Family,
    estimate: &'a Estimate,
    spend: Option<&'a Estimate>,
    /// The estimate and the cubature points around it.
    point: Draw,
    cloud: Vec<Draw>,
    spend_cloud: Vec<Draw>,
    contract: bool,
    horizon: f64,
    /// Weights and times of the looks at the horizon, with the discount at each: nothing without discounting.
    looks: Vec<(f64, f64)>,
    /// The discount on what comes at the very end.
    last_discount: f64,
    margin: f64,
    z: f64,
}

fn scores_of(params: &Params, model: &Model, process: &Estimate, input: &Customers) -> Result<Scored> {
    let matrix = model.design.matrix(&input.covariates, input.len())?;
    let width = model.design.width();
    let (horizon, rate) = (params.horizon(), params.discount());
    let looks = match rate > 0.0 {
        // ∫ E(t) δ e^(−δt) dt over the horizon: E(t) is what is expected by t.
        true => GaussLegendre::new(DISCOUNT_NODES)
            .on(0.0, horizon)
            .map(|(time, weight)| (time, weight * rate * (-rate * time).exp()))
            .collect(),
        false => Vec::new(),
    };
    let spend = model.spend.as_ref().map(|spend| &spend.estimate);
    let scorer = Scorer {
        family: family_of(model.name)?,
        estimate: process,
        spend,
        point: process.point(),
        cloud: cubature(process),
        spend_cloud: spend.map(cubature).unwrap_or_default(),
        contract: model.name == ModelKind::Sbg,
        horizon,
        looks,
        last_discount: (-rate * horizon).exp(),
        margin: params.margin.get(),
        z: normal_quantile(0.5 + params.confidence.get() / 2.0),
    };
    if !model.over_time.is_empty() {
        return Ok(Scored::of_rows(over_time(&scorer, model, input)?));
    }
    if width > 0 {
        let row = |row: usize| {
            let covariates = &matrix[row * width..(row + 1) * width];
            let view = scorer.view(covariates);
            let ahead = view.ahead(&scorer, &input.histories[row]);
            scorer.score(&view, &ahead, &input.histories[row], input.mean(row))
        };
        return Ok(Scored::of_rows((0..input.len()).into_par_iter().with_min_len(256).map(row).collect()));
    }
    // What a customer would buy if still a customer depends on frequency and age alone, and is the costly part. Equal
    // customers, such as those who bought once on one day, share their scores.
    let order = input.order()?;
    let same_time = |a: &u32, b: &u32| {
        let (a, b) = (&input.histories[*a as usize], &input.histories[*b as usize]);
        (a.frequency, a.age) == (b.frequency, b.age)
    };
    let same = |a: &u32, b: &u32| {
        let (a, b) = (*a as usize, *b as usize);
        input.histories[a] == input.histories[b] && input.mean(a).to_bits() == input.mean(b).to_bits()
    };
    let groups: Vec<&[u32]> = order.chunk_by(same_time).collect();
    let view = scorer.view(&[]);
    let scored: Vec<Vec<Scores>> = groups
        .par_iter()
        .with_min_len(16)
        .map(|group| {
            let ahead = view.ahead(&scorer, &input.histories[group[0] as usize]);
            let score = |row: usize| scorer.score(&view, &ahead, &input.histories[row], input.mean(row));
            group.chunk_by(same).map(|equal| score(equal[0] as usize)).collect()
        })
        .collect();
    let mut of_row = vec![0; input.len()];
    for (position, equal) in (0..).zip(groups.iter().flat_map(|group| group.chunk_by(same))) {
        equal.iter().for_each(|row| of_row[*row as usize] = position);
    }
    Ok(Scored { scores: scored.concat(), of_row: Some(of_row) })
}

/// Scores under covariates that change over time: each draw of their coefficients has its own operational time.
fn over_time(scorer: &Scorer<'_>, model: &Model, input: &Customers) -> Result<Vec<Scores>> {
    let (Some(calendars), Some(log)) = (&input.calendars, &input.log) else {
        return Err(Error::data(format!("the model wants the calendar of {}", model.over_time.join(", ")))
            .with_hint("give it with --input calendar=FILE, up to the end of the horizon"));
    };
    if calendars.names != model.over_time {
        let (found, wanted) = (calendars.names.join(", "), model.over_time.join(", "));
        return Err(Error::data(format!("the calendar has {found}, the model was fitted with {wanted}"))
            .with_hint("give the same covariates in the same order"));
    }
    let everybody: Vec<usize> = (0..log.customers()).collect();
    let exposures = calendars.exposures(log, &everybody, log.last_day)?;
    (0..input.len())
        .into_par_iter()
        .map(|row| {
            let seen = |draw: &Draw, ahead: f64| -> Result<(f64, f64)> {
                let history = history(&exposures, row, draw)?;
                let ahead = calendars.elapsed(log, row, draw, log.last_day, ahead)?;
                let expected = scorer.family.expected_purchases(&draw.parameters, &history, ahead);
                Ok((scorer.family.p_alive(&draw.parameters, &history), expected))
            };
            let (p_alive, purchases) = seen(&scorer.point, scorer.horizon)?;
            let mut discounted = scorer.last_discount * purchases;
            for (time, weight) in &scorer.looks {
                discounted += weight * seen(&scorer.point, *time)?.1;
            }
            let (mut logits, mut logs) = (Moments::default(), Moments::default());
            for draw in &scorer.cloud {
                let (alive, expected) = seen(draw, scorer.horizon)?;
                logits.add(logit(alive));
                logs.add(expected.max(f64::MIN_POSITIVE).ln());
            }
            let mean = input.mean(row);
            let point = Point { p_alive, purchases, discounted };
            Ok(scorer.finish(point, (&logits, &logs), &input.histories[row], mean))
        })
        .collect()
}

/// The points of a spherical cubature around an estimate: the mean of a function over them is its mean under the normal
/// distribution of the estimate, to the third order.
fn cubature(estimate: &Estimate) -> Vec<Draw> {
    let size = estimate.parameters.len();
    let centre: Vec<f64> = estimate
        .parameters
        .iter()
        .map(|value| value.ln())
        .chain(estimate.coefficients.iter().map(|coefficient| coefficient.value))
        .collect();
    let reach = (centre.len() as f64).sqrt();
    let mut points = Vec::with_capacity(2 * centre.len());
    for direction in 0..centre.len() {
        for sign in [reach, -reach] {
            let theta = centre.iter().enumerate().map(|(index, at)| {
                // A parameter that the data leave open is not taken to where numbers end: its interval is wide enough.
                at + (sign * estimate.factor.at(index, direction)).clamp(-MOST_LOGS, MOST_LOGS)
            });
            let theta: Vec<f64> = theta.collect();
            points.push(Draw {
                parameters: theta[..size].iter().map(|value| value.exp()).collect(),
                coefficients: theta[size..].to_vec(),
            });
        }
    }
    points
}

/// The parameters of customers with the same covariates: the estimate's, and the cubature points'.
struct View<'a> {
    point: Cow<'a, [f64]>,
    cloud: Vec<Cow<'a, [f64]>>,
}

/// What is expected of a customer under the estimate.
#[derive(Clone, Copy)]
struct Point {
    p_alive: f64,
    purchases: f64,
    discounted: f64,
}

/// What customers of one frequency and age would buy within the horizon if they are still customers.
struct Ahead {
    purchases: f64,
    discounted: f64,
    ln_cloud: Vec<f64>,
}

impl View<'_> {
    fn ahead(&self, scorer: &Scorer<'_>, history: &History) -> Ahead {
        // Given that a customer is still one, when they last bought says nothing more; bought just now, the chance is largest
        // and dividing by it loses nothing.
        let recency = if history.frequency > 0.0 && !scorer.contract { history.age } else { history.recency };
        let just_now = History { recency, ..*history };
        let if_alive = |parameters: &[f64], time: f64| {
            let alive = scorer.family.p_alive(parameters, &just_now);
            if alive > 0.0 { scorer.family.expected_purchases(parameters, &just_now, time) / alive } else { 0.0 }
        };
        let purchases = if_alive(&self.point, scorer.horizon);
        // By parts: e^(−δH) E(H) + δ ∫ E(t) e^(−δt) dt.
        let along = scorer.looks.iter().map(|(time, weight)| weight * if_alive(&self.point, *time));
        let discounted = scorer.last_discount * purchases + along.sum::<f64>();
        let ln_cloud =
            self.cloud.iter().map(|draw| if_alive(draw, scorer.horizon).max(f64::MIN_POSITIVE).ln()).collect();
        Ahead { purchases, discounted, ln_cloud }
    }
}

impl<'a> Scorer<'a> {
    fn view(&'a self, covariates: &[f64]) -> View<'a> {
        let of = |draw: &'a Draw| match covariates.is_empty() {
            true => Cow::Borrowed(draw.parameters.as_slice()),
            false => Cow::Owned(self.estimate.parameters_of(draw, covariates)),
        };
        View { point: of(&self.point), cloud: self.cloud.iter().map(of).collect() }
    }

    fn score(&self, view: &View<'_>, ahead: &Ahead, history: &History, mean: f64) -> Scores {
        let p_alive = self.family.p_alive(&view.point, history);
        let most = logit(1.0 - LEAST);
        let (mut logits, mut logs) = (Moments::default(), Moments::default());
        for (draw, ln_ahead) in view.cloud.iter().zip(&ahead.ln_cloud) {
            let logit_alive = self.family.logit_alive(draw, history);
            logits.add(logit_alive.clamp(-most, most));
            logs.add((-softplus(-logit_alive)).max(LN_LEAST) + ln_ahead);
        }
        let (purchases, discounted) = (p_alive * ahead.purchases, p_alive * ahead.discounted);
        self.finish(Point { p_alive, purchases, discounted }, (&logits, &logs), history, mean)
    }

    /// Scores from what is expected and how far it spreads over the cloud.
    fn finish(&self, point: Point, (logits, logs): (&Moments, &Moments), history: &History, mean: f64) -> Scores {
        let p_alive = point.p_alive;
        let half = self.z * logits.deviation();
        let middle = logit(p_alive);
        let (order_value, value_deviation) = self.order_value(history, mean);
        let deviation = logs.deviation().hypot(value_deviation);
        Scores {
            p_alive: if half > 0.0 {
                Spread { at: p_alive, low: logistic(middle - half), high: logistic(middle + half) }
            } else {
                Spread::known(p_alive)
            },
            purchases: around(point.purchases, self.z * logs.deviation()),
            order_value,
            value: around(self.margin * point.discounted * order_value, self.z * deviation),
        }
    }

    /// Expected value of a purchase, and the standard deviation of its logarithm.
    fn order_value(&self, history: &History, mean: f64) -> (f64, f64) {
        let Some(spend) = self.spend else { return (mean, 0.0) };
        let value = expected_value(&spend.parameters, history, mean);
        let mut logs = Moments::default();
        for draw in &self.spend_cloud {
            logs.add(expected_value(&draw.parameters, history, mean).ln());
        }
        (value, logs.deviation())
    }
}

fn around(value: f64, half: f64) -> Spread {
    if half.is_finite() && half > 0.0 {
        Spread { at: value, low: value * (-half).exp(), high: value * half.exp() }
    } else {
        Spread::known(value)
    }
}

fn logit(probability: f64) -> f64 {
    let p = probability.clamp(LEAST, 1.0 - LEAST);
    (p / (1.0 - p)).ln()
}

/// Mean and variance, one value after the other (Welford 1962).
#[derive(Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let before = value - self.mean;
        self.mean += before / self.count;
        self.squares += before * (value - self.mean);
    }

    /// Standard deviation over equally weighted points; 0 where a value was not finite.
    fn deviation(&self) -> f64 {
        let variance = self.squares / self.count.max(1.0);
        if variance.is_finite() { variance.sqrt() } else { 0.0 }
    }
}
