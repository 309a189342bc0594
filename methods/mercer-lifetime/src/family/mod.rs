//! The model families: how customers buy and leave, each as a likelihood of one customer's history and what follows from it.

mod beta_geometric;
mod bg_bb;
mod bg_nbd;
mod mbg_nbd;
mod nbd;
mod pareto_nbd;
pub(crate) mod rising;
mod window;

pub use bg_bb::BgBb;
pub use bg_nbd::BgNbd;
pub use mbg_nbd::MbgNbd;
pub use nbd::Nbd;
pub use pareto_nbd::ParetoNbd;

/// One customer's history, or that of all customers who share it. Time is in the unit of the data (weeks as a rule), from
/// the first purchase (or, in discrete models, counted in purchase opportunities).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct History {
    /// Repeat purchases `x`; the first purchase starts the clock and is not counted.
    pub frequency: f64,
    /// When the last repeat purchase was, `t_x`; 0 where there is none.
    pub recency: f64,
    /// How long the customer has been observed, `T`.
    pub age: f64,
}

/// A parameter that covariates of a customer scale: `p_i = p · exp(sign · γ'z_i)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scaled {
    /// Position of the parameter.
    pub parameter: usize,
    /// Sign of the exponent, so that a positive coefficient always means more buying, or sooner leaving.
    pub sign: f64,
    /// What the coefficient acts on: `purchase`, `dropout`, `dropout_a`, `dropout_b`.
    pub process: &'static str,
}

/// A family of models with positive parameters.
///
/// All functions are in log space where values can be large, return finite numbers for every valid history (frequency up
/// to 10^6, any time unit), and never allocate: they are the hot loop of a fit.
pub trait Family: Sync {
    /// Names of the parameters, as the literature writes them: `r`, `alpha`, `a`, `b`.
    fn parameters(&self) -> &'static [&'static str];

    /// Parameters that covariates scale.
    fn scaled(&self) -> &'static [Scaled];

    /// Starting values for the parameters, best first: moments of the data and a few spread ones.
    fn starts(&self, histories: &[History], weights: &[f64]) -> Vec<Vec<f64>>;

    /// Log-likelihood of one history under natural `parameters`; adds its gradient by the **logarithms** of the parameters,
    /// times `weight`, to `gradient`.
    fn ln_likelihood(&self, parameters: &[f64], history: &History, weight: f64, gradient: &mut [f64]) -> f64;

    /// Weighted sum of [`Family::ln_likelihood`] over histories that share their parameters, with its gradient. The histories
    /// come sorted by frequency, so that a family may compute once what depends on the frequency only.
    fn sum_ln_likelihood(
        &self,
        parameters: &[f64],
        histories: &[History],
        weights: &[f64],
        gradient: &mut [f64],
    ) -> f64 {
        histories
            .iter()
            .zip(weights)
            .map(|(history, weight)| weight * self.ln_likelihood(parameters, history, *weight, gradient))
            .sum()
    }

    /// Probability that the customer is still a customer at the end of the observation.
    fn p_alive(&self, parameters: &[f64], history: &History) -> f64;

    /// The logit of [`Family::p_alive`], which a family may know without the detour over the probability.
    fn logit_alive(&self, parameters: &[f64], history: &History) -> f64 {
        let alive = self.p_alive(parameters, history);
        (alive / (1.0 - alive)).ln()
    }

    /// Expected purchases in the `ahead` units of time after the observation, given the history.
    fn expected_purchases(&self, parameters: &[f64], history: &History, ahead: f64) -> f64;

    /// Expected repeat purchases of a customer not yet observed, in the first `time` units after the first purchase.
    fn expected_since_first(&self, parameters: &[f64], time: f64) -> f64;
}

/// Purchases per unit of time over all histories: where starting values begin. One where there is nothing to divide.
fn mean_rate(histories: &[History], weights: &[f64]) -> f64 {
    let (purchases, time) = histories.iter().zip(weights).fold((0.0, 0.0), |(purchases, time), (history, weight)| {
        (purchases + weight * history.frequency, time + weight * history.age)
    });
    let rate = purchases / time;
    if rate.is_finite() && rate > 0.0 { rate } else { 1.0 }
}
