//! Scoring: what is expected of each customer, and how sure one can be.
//!
//! Intervals carry the uncertainty of the parameters: Laplace's approximation, taken through each score by the points of a
//! spherical cubature (two a dimension, exact to the third order; Arasaratnam & Haykin 2009, IEEE Transactions on Automatic
//! Control 54, 1254–1269), on the logit for probabilities and on the logarithm for amounts. They say how well the *expected*
//! value is known, not how far one customer's luck may stray from it.

use mercer_base::frame::{Column, Frame};
use mercer_base::{Error, Result};
use mercer_stats::quadrature::GaussLegendre;
use mercer_stats::special::{logistic, normal_quantile};
use rayon::prelude::*;

use crate::estimate::{Draw, Estimate};
use crate::family::{Family, History};
use crate::fit::family_of;
use crate::input::Customers;
use crate::model::Model;
use crate::params::{ModelKind, Params};
use crate::spend::{Spend, expected_spend};

/// Nodes at which the timing of purchases within the horizon is looked at, for discounting.
const DISCOUNT_NODES: usize = 4;
/// Closer to 0 or 1 than this, a probability's logit is no longer told apart.
const LEAST: f64 = 1e-12;

/// The scores of one customer.
#[derive(Debug, Clone, Copy, Default)]
struct Scores {
    p_alive: Spread,
    purchases: Spread,
    order_value: f64,
    value: Spread,
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
    let scores = match (&model.process, &model.spend) {
        (Some(process), _) => scores_of(params, model, process, input)?,
        (None, Some(spend)) => input
            .histories
            .iter()
            .zip(input.spend.iter().flatten())
            .map(|(history, mean)| {
                let order_value = expected_value(&spend.estimate.parameters, history, *mean);
                Scores { order_value, ..Scores::default() }
            })
            .collect(),
        (None, None) => return Err(Error::internal("a model without a process and without spend")),
    };
    let mut frame = Frame::new("scores");
    if let Some(ids) = &input.ids {
        frame = frame.with("customer_id", Column::Words(ids.clone()))?;
    }
    let column = |value: fn(&Scores) -> f64| Column::Numbers(scores.iter().map(value).collect());
    if model.process.is_some() {
        frame = frame
            .with("p_alive", column(|score| score.p_alive.at))?
            .with("p_alive_low", column(|score| score.p_alive.low))?
            .with("p_alive_high", column(|score| score.p_alive.high))?
            .with("expected_purchases", column(|score| score.purchases.at))?
            .with("expected_purchases_low", column(|score| score.purchases.low))?
            .with("expected_purchases_high", column(|score| score.purchases.high))?;
    }
    let has_value = model.spend.is_some() || (model.name == ModelKind::Sbg && input.spend.is_some());
    if has_value {
        frame = frame.with("expected_order_value", column(|score| score.order_value))?;
    }
    if has_value && model.process.is_some() {
        frame = frame
            .with("clv", column(|score| score.value.at))?
            .with("clv_low", column(|score| score.value.low))?
            .with("clv_high", column(|score| score.value.high))?;
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

fn scores_of(params: &Params, model: &Model, process: &Estimate, input: &Customers) -> Result<Vec<Scores>> {
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
    let row = |row: usize| {
        let covariates = matrix.get(row * width..(row + 1) * width).unwrap_or_default();
        let mean = input.spend.as_ref().map_or(f64::NAN, |values| values[row]);
        scorer.score(&input.histories[row], mean, covariates)
    };
    // Customers without a repeat purchase differ by their age alone: each age is scored once.
    let alike = |row: usize| width == 0 && input.histories[row].frequency == 0.0 && !scorer.contract;
    let mut ages: Vec<(u64, usize)> =
        (0..input.len()).filter(|row| alike(*row)).map(|row| (input.histories[row].age.to_bits(), row)).collect();
    ages.par_sort_unstable();
    ages.dedup_by_key(|(age, _)| *age);
    let known: Vec<(u64, Scores)> = ages.into_par_iter().map(|(age, first)| (age, row(first))).collect();
    let score = |index: usize| match alike(index) {
        true => known
            .binary_search_by_key(&input.histories[index].age.to_bits(), |(age, _)| *age)
            .map_or_else(|_| row(index), |found| known[found].1),
        false => row(index),
    };
    Ok((0..input.len()).into_par_iter().with_min_len(256).map(score).collect())
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
            let theta = centre.iter().enumerate().map(|(index, at)| at + sign * estimate.factor.at(index, direction));
            let theta: Vec<f64> = theta.collect();
            points.push(Draw {
                parameters: theta[..size].iter().map(|value| value.exp()).collect(),
                coefficients: theta[size..].to_vec(),
            });
        }
    }
    points
}

impl Scorer<'_> {
    fn score(&self, history: &History, mean: f64, covariates: &[f64]) -> Scores {
        let own;
        let parameters: &[f64] = if covariates.is_empty() {
            &self.point.parameters
        } else {
            own = self.estimate.parameters_of(&self.point, covariates);
            &own
        };
        let p_alive = self.family.p_alive(parameters, history);
        let purchases = self.family.expected_purchases(parameters, history, self.horizon);
        let (mut logits, mut logs) = (Moments::default(), Moments::default());
        for draw in &self.cloud {
            let drawn;
            let parameters: &[f64] = if covariates.is_empty() {
                &draw.parameters
            } else {
                drawn = self.estimate.parameters_of(draw, covariates);
                &drawn
            };
            logits.add(logit(self.family.p_alive(parameters, history)));
            logs.add(self.family.expected_purchases(parameters, history, self.horizon).max(f64::MIN_POSITIVE).ln());
        }
        let half = self.z * logits.deviation();
        let middle = logit(p_alive);
        let (order_value, value_deviation) = self.order_value(history, mean);
        let discounted = self.discounted(parameters, history, purchases);
        let deviation = logs.deviation().hypot(value_deviation);
        let value = self.margin * discounted * order_value;
        Scores {
            p_alive: if half > 0.0 {
                Spread { at: p_alive, low: logistic(middle - half), high: logistic(middle + half) }
            } else {
                Spread::known(p_alive)
            },
            purchases: around(purchases, self.z * logs.deviation()),
            order_value,
            value: around(value, self.z * deviation),
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

    /// Expected purchases, each discounted by when it comes: by parts, `e^(−δH) E(H) + δ ∫ E(t) e^(−δt) dt`.
    fn discounted(&self, parameters: &[f64], history: &History, purchases: f64) -> f64 {
        let along =
            self.looks.iter().map(|(time, weight)| weight * self.family.expected_purchases(parameters, history, *time));
        self.last_discount * purchases + along.sum::<f64>()
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
