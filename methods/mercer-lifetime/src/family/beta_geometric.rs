//! What BG/NBD and MBG/NBD share: Poisson purchases at a gamma-distributed rate, and a beta-distributed chance to leave after
//! each purchase.

use mercer_stats::quadrature::GaussLegendre;
use mercer_stats::special::{ln_hyp2f1, logistic};

use super::rising::{digamma_rise, ln_rising};
use super::{History, Scaled};

/// Positions of the parameters that covariates scale.
const ALPHA: usize = 1;
const A: usize = 2;
const B: usize = 3;

/// Names of the parameters: shape and rate of the purchase rate, and the two shapes of the chance to leave.
pub(super) const PARAMETERS: &[&str] = &["r", "alpha", "a", "b"];

/// A larger `alpha` means slower buying; a larger `a` and a smaller `b` mean sooner leaving.
pub(super) const SCALED: &[Scaled] = &[
    Scaled { parameter: ALPHA, sign: -1.0, process: "purchase" },
    Scaled { parameter: A, sign: 1.0, process: "dropout_a" },
    Scaled { parameter: B, sign: -1.0, process: "dropout_b" },
];

/// The two models by their one difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FirstPurchase {
    /// Nobody leaves right after the first purchase (BG/NBD).
    Keeps,
    /// A customer may leave right after the first purchase as after any other (MBG/NBD).
    MayLose,
}

/// What of a likelihood depends on the frequency and the parameters only: computed once for all customers with this frequency.
struct ByFrequency {
    frequency: f64,
    /// The logarithm of what does not depend on times.
    ln_constant: f64,
    /// Logarithm of the odds of having left, apart from the times; `None` where leaving is impossible.
    ln_odds: Option<f64>,
    /// Derivatives of `ln_constant` by r, a and b.
    by_r: f64,
    by_a: f64,
    by_b: f64,
    /// What the odds of having left are divided by.
    survivals: f64,
}

impl FirstPurchase {
    /// How often the customer has chosen to stay, beyond the repeat purchases.
    fn extra(self) -> f64 {
        match self {
            Self::Keeps => 0.0,
            Self::MayLose => 1.0,
        }
    }

    fn by_frequency(self, parameters: &[f64], frequency: f64) -> Option<ByFrequency> {
        let &[r, alpha, a, b] = parameters else { return None };
        let stays = frequency + self.extra();
        let survivals = b + stays - 1.0;
        let by_ab = digamma_rise(a + b, stays);
        Some(ByFrequency {
            frequency,
            // The last two are ln B(a, b + stays) − ln B(a, b).
            ln_constant: ln_rising(r, frequency) + r * alpha.ln() + ln_rising(b, stays) - ln_rising(a + b, stays),
            ln_odds: (stays > 0.0).then(|| a.ln() - survivals.ln()),
            by_r: digamma_rise(r, frequency) + alpha.ln(),
            by_a: -by_ab,
            by_b: digamma_rise(b, stays) - by_ab,
            survivals,
        })
    }

    /// Log-likelihood of one history; adds `weight` times its gradient by the logarithms of the parameters.
    pub(super) fn ln_likelihood(self, parameters: &[f64], history: &History, weight: f64, gradient: &mut [f64]) -> f64 {
        self.by_frequency(parameters, history.frequency).map_or(f64::NAN, |terms| {
            one_history(parameters, &terms, history, ln_until_now(parameters, history), weight, gradient)
        })
    }

    /// Weighted sum over histories; fast where neighbours share their frequency and age.
    pub(super) fn sum(self, parameters: &[f64], histories: &[History], weights: &[f64], gradient: &mut [f64]) -> f64 {
        let mut terms: Option<ByFrequency> = None;
        let (mut total, mut age, mut ln_now) = (0.0, f64::NAN, f64::NAN);
        for (history, weight) in histories.iter().zip(weights) {
            let known = terms.take().filter(|terms| terms.frequency == history.frequency);
            let Some(current) = known.or_else(|| self.by_frequency(parameters, history.frequency)) else {
                return f64::NAN;
            };
            if history.age != age {
                (age, ln_now) = (history.age, ln_until_now(parameters, history));
            }
            total += weight * one_history(parameters, &current, history, ln_now, *weight, gradient);
            terms = Some(current);
        }
        total
    }

    /// Probability that the customer has not left by the end of the observation.
    pub(super) fn p_alive(self, parameters: &[f64], history: &History) -> f64 {
        logistic(self.logit_alive(parameters, history))
    }

    /// The logit of [`Self::p_alive`], infinite where a customer cannot have left.
    pub(super) fn logit_alive(self, parameters: &[f64], history: &History) -> f64 {
        let &[r, alpha, a, b] = parameters else { return f64::NAN };
        let stays = history.frequency + self.extra();
        if stays <= 0.0 {
            return f64::INFINITY;
        }
        let times = (r + history.frequency) * ((history.age - history.recency) / (alpha + history.recency)).ln_1p();
        ((b + stays - 1.0) / a).ln() - times
    }

    /// Expected purchases in the `ahead` units of time after the observation.
    pub(super) fn expected_purchases(self, parameters: &[f64], history: &History, ahead: f64) -> f64 {
        let &[r, alpha, a, b] = parameters else { return f64::NAN };
        let stays = history.frequency + self.extra();
        let if_alive = expected_while_alive(r + history.frequency, alpha + history.age, a, b + stays, ahead);
        self.p_alive(parameters, history) * if_alive
    }

    /// Expected repeat purchases in the first `time` units after the first purchase.
    pub(super) fn expected_since_first(self, parameters: &[f64], time: f64) -> f64 {
        let &[r, alpha, a, b] = parameters else { return f64::NAN };
        match self {
            Self::Keeps => expected_while_alive(r, alpha, a, b, time),
            Self::MayLose => b / (a + b) * expected_while_alive(r, alpha, a, b + 1.0, time),
        }
    }
}

/// The logarithm of `alpha` and the customer's age.
fn ln_until_now(parameters: &[f64], history: &History) -> f64 {
    parameters.get(ALPHA).map_or(f64::NAN, |alpha| (alpha + history.age).ln())
}

fn one_history(
    parameters: &[f64],
    terms: &ByFrequency,
    history: &History,
    ln_now: f64,
    weight: f64,
    gradient: &mut [f64],
) -> f64 {
    let (&[r, alpha, a, b], [by_r, by_alpha, by_a, by_b]) = (parameters, gradient) else { return f64::NAN };
    let purchases = r + history.frequency;
    let (until_now, until_last) = (alpha + history.age, alpha + history.recency);
    // Of the odds that the customer has left, ln(1 + odds), and their probability; both of one exponential.
    let (ln_or_left, ln_last, left) = match terms.ln_odds {
        None => (0.0, ln_now, 0.0),
        Some(constant) => {
            let ln_last = until_last.ln();
            let ln_odds = constant + purchases * (ln_now - ln_last);
            let small = (-ln_odds.abs()).exp();
            let left = if ln_odds >= 0.0 { 1.0 } else { small } / (1.0 + small);
            (ln_odds.max(0.0) + small.ln_1p(), ln_last, left)
        }
    };
    let stayed = 1.0 - left;
    *by_r += weight * r * (terms.by_r - stayed * ln_now - left * ln_last);
    *by_alpha += weight * (r - alpha * purchases * (stayed / until_now + left / until_last));
    *by_a += weight * (a * terms.by_a + left);
    *by_b += weight * b * (terms.by_b - if left > 0.0 { left / terms.survivals } else { 0.0 });
    terms.ln_constant - purchases * ln_now + ln_or_left
}

/// Starting values for the parameters: customers' mean rate of buying, and a few ways to spread it and to leave.
pub(super) fn starts(histories: &[History], weights: &[f64]) -> Vec<Vec<f64>> {
    let rate = super::mean_rate(histories, weights);
    [(0.5, 1.0, 0.8, 2.5), (0.25, 0.5, 1.0, 1.0), (2.0, 1.5, 0.5, 4.0), (1.0, 1.0, 0.05, 1.0)]
        .map(|(r, quicker, a, b)| vec![r, r / (rate * quicker), a, b])
        .to_vec()
}

/// Expected purchases within `time` of a customer who is one now, with a purchase rate distributed gamma(`shape`, `rate`) and a
/// chance to leave after each purchase distributed beta(`a`, `b`): the mean of `(1 − e^(−λpt)) / p`.
///
/// The published formula divides by `a − 1` and needs `₂F₁` at a third parameter that may be negative. Here Euler's
/// transformation is taken first and `a − 1` cancelled by hand, term by term, so that neither is a special case.
fn expected_while_alive(shape: f64, rate: f64, a: f64, b: f64, time: f64) -> f64 {
    const TERMS: u32 = 1_000_000;
    const LEAST_SHARE_LEFT: f64 = 1e-6;
    if time <= 0.0 {
        return 0.0;
    }
    let ln_growth = (time / rate).ln_1p();
    let z = -(-ln_growth).exp_m1();
    let c = a + b - 1.0;
    let gap = c - shape;
    // (1 − (1−z)^(a−1)) / (a−1), which is ln_growth at a = 1.
    let exponent = (1.0 - a) * ln_growth;
    let main = c * ln_growth * if exponent.abs() < 1e-8 { 1.0 + 0.5 * exponent } else { exponent.exp_m1() / exponent };
    // The terms (gap)_n (a)_(n−1) / ((c+1)_(n−1) n!) zⁿ of the rest.
    let mut term = gap * z;
    let (mut sum, mut largest) = (term, term.abs());
    for index in 1..TERMS {
        let n = f64::from(index);
        let ratio = (gap + n) * (a + n - 1.0) / ((c + n) * (n + 1.0)) * z;
        term *= ratio;
        sum += term;
        largest = largest.max(term.abs());
        let bound = ratio.abs().max(z);
        let left = term.abs() * bound;
        if left <= f64::EPSILON * sum.abs() * (1.0 - bound) || !left.is_finite() {
            break;
        }
        if index == TERMS - 1 {
            largest = f64::INFINITY;
        }
    }
    let factor = exponent.exp();
    let expected = main - factor * sum;
    if expected > LEAST_SHARE_LEFT * main.abs().max(factor * largest) {
        return expected;
    }
    expected_by_quadrature(shape, rate, a, b, time)
}

/// The same by integrating the expected rate of buying, in which every part is positive; slow, for what cancels above.
fn expected_by_quadrature(shape: f64, rate: f64, a: f64, b: f64, time: f64) -> f64 {
    // The expected rate falls on a time scale between one purchase and the whole: equal panels in the logarithm.
    let unit = rate / shape;
    let ln_end = (time / unit).ln_1p();
    let rule = GaussLegendre::new(12);
    let panels = (1.0 + ln_end.ceil()).clamp(1.0, 200.0);
    let width = ln_end / panels;
    let mut total = 0.0;
    let mut start = 0.0;
    while start < ln_end - 0.5 * width {
        total += rule.integrate(start, start + width, |y| {
            let passed = unit * y.exp_m1();
            let z = passed / (rate + passed);
            let ln_rate =
                shape.ln() - rate.ln() - (shape + 1.0) * (passed / rate).ln_1p() + ln_hyp2f1(shape + 1.0, b, a + b, z);
            (ln_rate + y).exp() * unit
        });
        start += width;
    }
    total
}

#[cfg(test)]
#[allow(clippy::excessive_precision, reason = "figures stand as the oracle printed them")]
mod tests {
    use super::*;

    #[test]
    fn expected_purchases_agree_with_the_integral_over_customers() {
        // mpmath, 30 digits: the mean over p ~ beta(a, b) of (1 − (1 + p t / rate)^−shape) / p by quadrature.
        for (shape, rate, a, b, time, expected) in [
            (0.24259, 4.41353, 0.79289, 2.42575, 39.0, 1.195_000_658_576_767_6),
            (2.24259, 43.27, 0.79289, 4.42575, 39.0, 1.687_279_971_047_092_2),
            (0.5, 2.0, 1.0, 0.3, 100.0, 1.566_936_139_867_106_6),
            (0.3, 1.0, 1.000_000_001, 1.5, 50.0, 2.477_217_491_178_295_3),
            (0.4, 3.0, 0.2, 0.3, 10.0, 0.890_033_504_526_370_45),
            (0.4, 3.0, 0.05, 900.0, 26.0, 3.465_507_621_895_622_5),
            (1000.0, 2000.0, 1.5, 30.0, 26.0, 9.975_844_622_760_486),
            (221.5, 108.0, 0.8, 224.0, 52.0, 90.702_469_226_537_654),
            (0.24, 4.4, 2.0, 100_000.0, 39.0, 2.127_038_971_741_789_4),
            (0.5, 0.01, 0.8, 2.5, 52.0, 29.559_609_707_123_58),
            (50.0, 30.0, 40.0, 3.0, 10.0, 1.076_921_323_628_307_9),
        ] {
            let value = expected_while_alive(shape, rate, a, b, time);
            // At most six digits cancel before quadrature takes over.
            assert!(
                (value / expected - 1.0).abs() < 1e-9,
                "{shape} {rate} {a} {b} {time}: {value}, expected {expected}"
            );
            let slow = expected_by_quadrature(shape, rate, a, b, time);
            assert!((slow / expected - 1.0).abs() < 1e-7, "{shape} {rate} {a} {b} {time}: {slow}, expected {expected}");
        }
    }
}
