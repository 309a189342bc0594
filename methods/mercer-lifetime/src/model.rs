//! A fitted model: what people and machines see of it, and what predicting needs.

use mercer_stats::special::normal_quantile;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::design::Design;
use crate::estimate::Estimate;
use crate::params::ModelKind;

/// A fitted model of lifetime value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// Which model it is.
    pub name: ModelKind,
    /// Its parameters by the names of the literature.
    pub parameters: Map<String, Value>,
    /// Their standard errors; null where the data leave one open.
    pub standard_errors: Map<String, Value>,
    /// Their intervals at the confidence of the parameters.
    pub intervals: Map<String, Value>,
    /// Effects of covariates: `purchase: home = house` multiplies the rate of buying by e to this.
    #[serde(skip_serializing_if = "Map::is_empty", default)]
    pub effects: Map<String, Value>,
    /// Log-likelihood.
    pub log_likelihood: f64,
    /// Customers it was fitted to.
    pub customers: f64,
    /// Whether the estimate is one to use, in words.
    pub verdict: String,
    /// Models that were tried, and how they did.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub candidates: Vec<Candidate>,
    /// The model of what a purchase is worth, where the data have values.
    pub spend: Option<SpendModel>,
    /// What else should be known.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub notes: Vec<String>,
    /// How covariates became numbers.
    #[serde(skip_serializing_if = "Design::is_empty", default)]
    pub design: Design,
    /// Covariates that change over time, which a calendar must give for scoring.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub over_time: Vec<String>,
    /// The estimate of buying and leaving in full; none for a model of spend alone.
    pub process: Option<Estimate>,
}

/// A model that was tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Which.
    pub name: ModelKind,
    /// Root mean squared error of held-out purchases; none where there are no dates to hold out.
    pub holdout_rmse: Option<f64>,
    /// Log-likelihood of the data it was fitted to.
    pub log_likelihood: f64,
}

/// The fitted Gamma-Gamma model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpendModel {
    /// `p`, `q`, `v`.
    pub parameters: Map<String, Value>,
    /// Their standard errors.
    pub standard_errors: Map<String, Value>,
    /// Log-likelihood.
    pub log_likelihood: f64,
    /// Mean value of a purchase over all customers, repeat buyers or not; none where `q ≤ 1` leaves it without one.
    pub population_mean: Option<f64>,
    /// Customers with repeat purchases it was fitted to.
    pub customers: f64,
    /// Whether the estimate is one to use, in words.
    pub verdict: String,
    /// The estimate in full.
    pub estimate: Estimate,
}

/// Values by the names of an estimate's parameters.
pub(crate) fn by_name(estimate: &Estimate, value: impl Fn(usize) -> Value) -> Map<String, Value> {
    estimate.names.iter().enumerate().map(|(index, name)| (name.clone(), value(index))).collect()
}

/// Standard errors by name.
pub(crate) fn standard_errors(estimate: &Estimate) -> Map<String, Value> {
    by_name(estimate, |index| estimate.standard_errors.get(index).copied().flatten().map_or(Value::Null, Value::from))
}

/// Intervals by name: normal on the logarithm, so that both ends are above zero.
pub(crate) fn intervals(estimate: &Estimate, confidence: f64) -> Map<String, Value> {
    let z = normal_quantile(0.5 + confidence / 2.0);
    by_name(estimate, |index| match (estimate.parameters[index], estimate.standard_errors[index]) {
        (value, Some(error)) if value > 0.0 => {
            let spread = (z * error / value).exp();
            Value::from(vec![value / spread, value * spread])
        }
        _ => Value::Null,
    })
}
