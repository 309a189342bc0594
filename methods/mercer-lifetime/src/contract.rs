//! Customers under contract, whose leaving is seen: the shifted-beta-geometric model of retention.

use mercer_base::{Error, Result};
use mercer_stats::special::ln_hyp2f1;

use crate::family::rising::{digamma_rise, expected_occasions, ln_rising};
use crate::family::{Family, History, Scaled};

/// Shifted-beta-geometric model, sBG (Fader & Hardie 2007, Journal of Interactive Marketing 21, 76–90).
///
/// At the end of each period a customer leaves with probability θ ~ Beta(`alpha`, `beta`), the same at every renewal; the
/// mix of customers makes the retention rate rise with tenure, although nobody's loyalty grows.
///
/// Of a [`History`], `age` is the number of periods from the start of the contract to the end of the observation, the
/// running one included, and `recency` the period of the customer's lifetime so far:
///
/// - `recency < age`: the customer did not renew at the end of period `recency`;
/// - `recency = age`: still a customer, who has renewed `age − 1` times.
///
/// `frequency` is the number of periods paid for, equal to `recency`; the likelihood does not need it. Times are rounded to
/// whole periods. A cohort is one row per lifetime with the number of customers as its weight.
///
/// Covariates scale `alpha` (process `dropout`, sign +1): `exp(coefficient)` multiplies the odds of the mean probability
/// of leaving.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ShiftedBetaGeometric;

/// A customer's lifetime and whether its end was seen.
fn lifetime(history: &History) -> (f64, bool) {
    let age = history.age.round().max(1.0);
    let lifetime = history.recency.round().clamp(1.0, age);
    (lifetime, lifetime < age)
}

impl ShiftedBetaGeometric {
    /// The history of a customer observed for `age` periods whose lifetime so far is `lifetime` periods (both from 1).
    #[must_use]
    pub fn history(lifetime: u32, age: u32) -> History {
        History { frequency: f64::from(lifetime), recency: f64::from(lifetime), age: f64::from(age) }
    }

    /// Share of a cohort that has renewed `renewals` times, `S(t)`; 1 at 0.
    #[must_use]
    pub fn survival(alpha: f64, beta: f64, renewals: u32) -> f64 {
        let renewals = f64::from(renewals);
        (ln_rising(beta, renewals) - ln_rising(alpha + beta, renewals)).exp()
    }

    /// Share that renews for the `renewal`-th time (from 1) of those who come to it, `r(t) = S(t) / S(t−1)`.
    #[must_use]
    pub fn retention(alpha: f64, beta: f64, renewal: u32) -> f64 {
        let earlier = f64::from(renewal.saturating_sub(1));
        (beta + earlier) / (alpha + beta + earlier)
    }

    /// Discounted expected residual lifetime, in periods, of a customer just before the `renewal`-th renewal (from 1):
    /// the renewal at hand counts in full if made, each later one is discounted by `1 + discount_rate` a period more.
    ///
    /// Times the margin of a period this is the customer's residual value (Fader & Hardie 2010, Marketing Science 29,
    /// 85–93).
    ///
    /// # Errors
    /// A negative or infinite rate, or no discount with `alpha ≤ 1`, where the expected lifetime is infinite.
    pub fn discounted_residual_lifetime(alpha: f64, beta: f64, renewal: u32, discount_rate: f64) -> Result<f64> {
        if !(discount_rate >= 0.0 && discount_rate.is_finite()) {
            return Err(Error::config(format!("discount rate {discount_rate} is not a rate per period"))
                .with_hint("give it as a share per period from 0, such as 0.1 for 10 %"));
        }
        let tenure = beta + f64::from(renewal.saturating_sub(1));
        let renews = tenure / (alpha + tenure);
        let later = if discount_rate > 0.0 {
            ln_hyp2f1(1.0, tenure + 1.0, alpha + tenure + 1.0, 1.0 / (1.0 + discount_rate)).exp()
        } else if alpha > 1.0 {
            (alpha + tenure) / (alpha - 1.0)
        } else {
            return Err(Error::config(format!(
                "without discount the expected lifetime at alpha = {alpha:.3} is infinite"
            ))
            .with_hint("give a discount rate above 0"));
        };
        Ok(renews * later)
    }
}

impl Family for ShiftedBetaGeometric {
    fn parameters(&self) -> &'static [&'static str] {
        &["alpha", "beta"]
    }

    fn scaled(&self) -> &'static [Scaled] {
        &[Scaled { parameter: 0, sign: 1.0, process: "dropout" }]
    }

    fn starts(&self, histories: &[History], weights: &[f64]) -> Vec<Vec<f64>> {
        let (mut left, mut renewals_due) = (0.0, 0.0);
        for (history, weight) in histories.iter().zip(weights) {
            let (lifetime, ended) = lifetime(history);
            left += if ended { *weight } else { 0.0 };
            renewals_due += weight * if ended { lifetime } else { lifetime - 1.0 };
        }
        let share = if renewals_due > 0.0 { (left / renewals_due).clamp(0.01, 0.95) } else { 0.3 };
        [2.0, 8.0, 0.7].into_iter().map(|weight| vec![weight * share, weight * (1.0 - share)]).collect()
    }

    fn ln_likelihood(&self, parameters: &[f64], history: &History, weight: f64, gradient: &mut [f64]) -> f64 {
        let &[alpha, beta] = parameters else { return f64::NAN };
        let (lifetime, ended) = lifetime(history);
        let renewals = lifetime - 1.0;
        // Renewed at all but the last: (β)_k / (α+β)_k; then left: α / (α+β+k).
        let due = if ended { lifetime } else { renewals };
        if let [by_alpha, by_beta, ..] = gradient {
            let either = digamma_rise(alpha + beta, due);
            *by_alpha += weight * (if ended { 1.0 } else { 0.0 } - alpha * either);
            *by_beta += weight * beta * (digamma_rise(beta, renewals) - either);
        }
        ln_rising(beta, renewals) - ln_rising(alpha + beta, due) + if ended { alpha.ln() } else { 0.0 }
    }

    /// 1 for a customer, 0 for one who left: under contract it is known.
    fn p_alive(&self, _parameters: &[f64], history: &History) -> f64 {
        let (_, ended) = lifetime(history);
        if ended { 0.0 } else { 1.0 }
    }

    /// Expected renewals at the next `ahead` renewal dates; a part of a period counts as that part of its expectation.
    fn expected_purchases(&self, parameters: &[f64], history: &History, ahead: f64) -> f64 {
        let &[alpha, beta] = parameters else { return f64::NAN };
        let (lifetime, ended) = lifetime(history);
        if ended { 0.0 } else { expected_occasions(alpha, beta + lifetime - 1.0, ahead) }
    }

    /// Expected renewals of a new customer at the first `time` renewal dates.
    fn expected_since_first(&self, parameters: &[f64], time: f64) -> f64 {
        let &[alpha, beta] = parameters else { return f64::NAN };
        expected_occasions(alpha, beta, time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ln_likelihood(parameters: [f64; 2], history: &History) -> f64 {
        ShiftedBetaGeometric.ln_likelihood(&parameters, history, 1.0, &mut [])
    }

    #[test]
    fn residual_lifetime_is_that_of_arbitrary_precision() {
        // mpmath, 30 digits: the hypergeometric form, checked there against the sum over renewals.
        for (renewal, rate, expected) in [
            (1, 0.1, 5.414_856_048_374_041),
            (2, 0.1, 5.901_753_167_753_022),
            (5, 0.1, 6.897_057_397_746_091),
            (1, 0.01, 19.009_625_981_018_8),
            (5, 0.01, 27.588_141_084_236_99),
        ] {
            let value = ShiftedBetaGeometric::discounted_residual_lifetime(0.668, 3.806, renewal, rate).unwrap();
            assert!((value / expected - 1.0).abs() < 1e-10, "{renewal} {rate}: {value}");
        }
    }

    #[test]
    fn an_infinite_lifetime_is_refused() {
        let lifetime = |alpha, rate| ShiftedBetaGeometric::discounted_residual_lifetime(alpha, 2.0, 1, rate);
        assert!(lifetime(0.9, 0.0).is_err() && lifetime(0.9, -0.1).is_err() && lifetime(0.9, f64::NAN).is_err());
        // Σ S(t) = β / (α − 1) from the first renewal on.
        assert!((lifetime(3.0, 0.0).unwrap() - 1.0).abs() < 1e-14);
    }

    #[test]
    fn who_left_is_gone_and_who_stayed_is_there() {
        let (left, stayed) = (ShiftedBetaGeometric::history(3, 8), ShiftedBetaGeometric::history(8, 8));
        assert_eq!(ShiftedBetaGeometric.p_alive(&[0.7, 3.8], &left), 0.0);
        assert_eq!(ShiftedBetaGeometric.p_alive(&[0.7, 3.8], &stayed), 1.0);
        assert_eq!(ShiftedBetaGeometric.expected_purchases(&[0.7, 3.8], &left, 5.0), 0.0);
        // After seven renewals the eighth is made with probability r(8).
        let next = ShiftedBetaGeometric.expected_purchases(&[0.7, 3.8], &stayed, 1.0);
        assert!((next - ShiftedBetaGeometric::retention(0.7, 3.8, 8)).abs() < 1e-15);
    }

    proptest! {
        #[test]
        fn all_lifetimes_together_are_certain(ln_alpha in -4.0_f64..4.0, ln_beta in -4.0_f64..4.0, age in 1_u32..60) {
            let parameters = [ln_alpha.exp(), ln_beta.exp()];
            let sum: f64 = (1..=age).map(|lifetime| ln_likelihood(parameters, &ShiftedBetaGeometric::history(lifetime, age)).exp()).sum();
            prop_assert!((sum - 1.0).abs() < 1e-11, "{sum}");
        }

        #[test]
        fn survival_is_the_product_of_retention_rates(ln_alpha in -4.0_f64..4.0, ln_beta in -4.0_f64..4.0, renewals in 0_u32..40) {
            let (alpha, beta) = (ln_alpha.exp(), ln_beta.exp());
            let product: f64 = (1..=renewals).map(|renewal| ShiftedBetaGeometric::retention(alpha, beta, renewal)).product();
            let survival = ShiftedBetaGeometric::survival(alpha, beta, renewals);
            prop_assert!((survival - product).abs() < 1e-12, "{survival} {product}");
        }

        #[test]
        fn gradient_is_that_of_central_differences(ln_alpha in -4.0_f64..4.0, ln_beta in -4.0_f64..4.0, lifetime in 1_u32..40, more in 0_u32..2) {
            let (parameters, history) = ([ln_alpha.exp(), ln_beta.exp()], ShiftedBetaGeometric::history(lifetime, lifetime + more));
            let mut gradient = [0.0; 2];
            ShiftedBetaGeometric.ln_likelihood(&parameters, &history, 2.0, &mut gradient);
            for (index, slope) in gradient.iter().enumerate() {
                let beside = |step: f64| {
                    let mut moved = parameters;
                    moved[index] *= step.exp();
                    ln_likelihood(moved, &history)
                };
                let difference = 2.0 * (beside(1e-4) - beside(-1e-4)) / 2e-4;
                prop_assert!((slope - difference).abs() < 1e-6 * (1.0 + slope.abs()), "{index}: {slope} {difference}");
            }
        }
    }
}
