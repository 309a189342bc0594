//! BG/NBD: purchases at a steady rate, and a chance to leave after each repeat purchase.

use super::beta_geometric::{self, FirstPurchase};
use super::{Family, History, Scaled};

/// The beta-geometric/NBD model.
///
/// A customer buys at a rate `λ ~ gamma(r, α)` and after each repeat purchase leaves with probability `p ~ beta(a, b)`. A
/// customer who has not bought again is certainly still one: where that is not believable, take
/// [`MbgNbd`](super::MbgNbd).
///
/// Covariates scale `alpha` (process `purchase`, `α_i = α e^(−γ'z)`), `a` (`dropout_a`, `a_i = a e^(γ'z)`) and `b`
/// (`dropout_b`, `b_i = b e^(−γ'z)`): a positive coefficient means more buying, or sooner leaving.
///
/// Source: Fader, Hardie & Lee (2005), "Counting your customers" the easy way, Marketing Science 24, 275–284.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BgNbd;

impl Family for BgNbd {
    fn parameters(&self) -> &'static [&'static str] {
        beta_geometric::PARAMETERS
    }

    fn scaled(&self) -> &'static [Scaled] {
        beta_geometric::SCALED
    }

    fn starts(&self, histories: &[History], weights: &[f64]) -> Vec<Vec<f64>> {
        beta_geometric::starts(histories, weights)
    }

    fn ln_likelihood(&self, parameters: &[f64], history: &History, weight: f64, gradient: &mut [f64]) -> f64 {
        FirstPurchase::Keeps.ln_likelihood(parameters, history, weight, gradient)
    }

    fn sum_ln_likelihood(
        &self,
        parameters: &[f64],
        histories: &[History],
        weights: &[f64],
        gradient: &mut [f64],
    ) -> f64 {
        FirstPurchase::Keeps.sum(parameters, histories, weights, gradient)
    }

    fn p_alive(&self, parameters: &[f64], history: &History) -> f64 {
        FirstPurchase::Keeps.p_alive(parameters, history)
    }

    fn logit_alive(&self, parameters: &[f64], history: &History) -> f64 {
        FirstPurchase::Keeps.logit_alive(parameters, history)
    }

    fn expected_purchases(&self, parameters: &[f64], history: &History, ahead: f64) -> f64 {
        FirstPurchase::Keeps.expected_purchases(parameters, history, ahead)
    }

    fn expected_since_first(&self, parameters: &[f64], time: f64) -> f64 {
        FirstPurchase::Keeps.expected_since_first(parameters, time)
    }
}
