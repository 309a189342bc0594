//! MBG/NBD: BG/NBD in which a customer may leave right after the first purchase too.

use super::beta_geometric::{self, FirstPurchase};
use super::{Family, History, Scaled};

/// The modified beta-geometric/NBD model.
///
/// A customer buys at a rate `λ ~ gamma(r, α)` and after each purchase, the first included, leaves with probability
/// `p ~ beta(a, b)`, so that one-time buyers may have left.
///
/// Covariates scale `alpha` (process `purchase`, `α_i = α e^(−γ'z)`), `a` (`dropout_a`, `a_i = a e^(γ'z)`) and `b`
/// (`dropout_b`, `b_i = b e^(−γ'z)`): a positive coefficient means more buying, or sooner leaving.
///
/// Source: Batislam, Denizel & Filiztekin (2007), Empirical validation and comparison of models for customer base analysis,
/// International Journal of Research in Marketing 24, 201–209; the variant of the R package BTYDplus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MbgNbd;

impl Family for MbgNbd {
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
        FirstPurchase::MayLose.ln_likelihood(parameters, history, weight, gradient)
    }

    fn sum_ln_likelihood(
        &self,
        parameters: &[f64],
        histories: &[History],
        weights: &[f64],
        gradient: &mut [f64],
    ) -> f64 {
        FirstPurchase::MayLose.sum(parameters, histories, weights, gradient)
    }

    fn p_alive(&self, parameters: &[f64], history: &History) -> f64 {
        FirstPurchase::MayLose.p_alive(parameters, history)
    }

    fn logit_alive(&self, parameters: &[f64], history: &History) -> f64 {
        FirstPurchase::MayLose.logit_alive(parameters, history)
    }

    fn expected_purchases(&self, parameters: &[f64], history: &History, ahead: f64) -> f64 {
        FirstPurchase::MayLose.expected_purchases(parameters, history, ahead)
    }

    fn expected_since_first(&self, parameters: &[f64], time: f64) -> f64 {
        FirstPurchase::MayLose.expected_since_first(parameters, time)
    }
}
