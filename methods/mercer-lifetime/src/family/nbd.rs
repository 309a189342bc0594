//! NBD: purchases at a steady rate, and nobody ever leaves. The baseline that a model with leaving has to beat.

use super::rising::{digamma_rise, ln_rising};
use super::{Family, History, Scaled};

const ALPHA: usize = 1;

/// The negative binomial model of counts: a customer buys at a rate `λ ~ gamma(r, α)` for ever.
///
/// Covariates scale `alpha` (process `purchase`, `α_i = α e^(−γ'z)`): a positive coefficient means more buying. The likelihood
/// is that of the purchases' times, as in the models with leaving, so that log-likelihoods compare.
///
/// Source: Ehrenberg (1959), The pattern of consumer purchases, Applied Statistics 8, 26–41.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nbd;

impl Family for Nbd {
    fn parameters(&self) -> &'static [&'static str] {
        &["r", "alpha"]
    }

    fn scaled(&self) -> &'static [Scaled] {
        &[Scaled { parameter: ALPHA, sign: -1.0, process: "purchase" }]
    }

    fn starts(&self, histories: &[History], weights: &[f64]) -> Vec<Vec<f64>> {
        let rate = super::mean_rate(histories, weights);
        [0.5, 2.0, 0.1].map(|r| vec![r, r / rate]).to_vec()
    }

    fn ln_likelihood(&self, parameters: &[f64], history: &History, weight: f64, gradient: &mut [f64]) -> f64 {
        let (&[r, alpha], [by_r, by_alpha]) = (parameters, gradient) else { return f64::NAN };
        let purchases = r + history.frequency;
        let ln_waiting = (history.age / alpha).ln_1p();
        *by_r += weight * r * (digamma_rise(r, history.frequency) - ln_waiting);
        *by_alpha += weight * (r - alpha * purchases / (alpha + history.age));
        ln_rising(r, history.frequency) - purchases * ln_waiting - history.frequency * alpha.ln()
    }

    fn p_alive(&self, _: &[f64], _: &History) -> f64 {
        1.0
    }

    fn expected_purchases(&self, parameters: &[f64], history: &History, ahead: f64) -> f64 {
        let &[r, alpha] = parameters else { return f64::NAN };
        (r + history.frequency) / (alpha + history.age) * ahead.max(0.0)
    }

    fn expected_since_first(&self, parameters: &[f64], time: f64) -> f64 {
        let &[r, alpha] = parameters else { return f64::NAN };
        r / alpha * time.max(0.0)
    }
}
