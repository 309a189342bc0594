//! BG/BB: customers who can buy at most once at each of a number of opportunities, such as yearly appeals for donations.

use super::rising::{digamma_rise, expected_occasions, ln_rising};
use super::{Family, History, Scaled};

/// BG/BB (Fader, Hardie & Shang 2010, Marketing Science 29, 1086–1108).
///
/// Before each opportunity a customer leaves for good with probability θ ~ Beta(`gamma`, `delta`); one who stays buys with
/// probability p ~ Beta(`alpha`, `beta`), independent of θ.
///
/// Of a [`History`], `age` is the number of opportunities since the first purchase, `frequency` how many were used and
/// `recency` the last one used (0 where none was); all three are whole numbers with `frequency ≤ recency ≤ age`. Fractions
/// are rounded.
///
/// With rising factorials `(a)_k = a (a+1) … (a+k−1)` the likelihood is a sum over when the customer left: alive through
/// the first `j` opportunities (`t_x ≤ j < n`) and gone at the next, or alive at all `n`. The terms are positive and follow
/// from one another by a ratio, so that no beta function is evaluated in the sum.
///
/// Covariates scale `alpha` (process `purchase`) and `gamma` (process `dropout`), both with sign +1: `exp(coefficient)`
/// multiplies the odds of the mean purchase, or drop-out, probability.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BgBb;

#[derive(Clone, Copy)]
struct Parameters {
    alpha: f64,
    beta: f64,
    gamma: f64,
    delta: f64,
}

/// Derivatives by the natural parameters.
#[derive(Clone, Copy, Default)]
struct Slope {
    alpha: f64,
    beta: f64,
    gamma: f64,
    delta: f64,
}

impl Slope {
    fn add(&mut self, factor: f64, other: Self) {
        self.alpha += factor * other.alpha;
        self.beta += factor * other.beta;
        self.gamma += factor * other.gamma;
        self.delta += factor * other.delta;
    }
}

struct Split {
    ln_likelihood: f64,
    p_alive: f64,
    slope: Slope,
}

/// A history in whole opportunities, put in order where it is not.
fn whole(history: &History) -> (f64, f64, f64) {
    let age = history.age.round().max(0.0);
    let recency = history.recency.round().clamp(0.0, age);
    (history.frequency.round().clamp(0.0, recency), recency, age)
}

fn split(parameters: Parameters, history: &History) -> Split {
    let Parameters { alpha, beta, gamma, delta } = parameters;
    let (used, last, opportunities) = whole(history);
    let passed = last - used;
    // Gone right after `last`: purchases P(x of t_x) and drop-out γ (δ)_tx / (γ+δ)_(tx+1), and their derivatives.
    let base = ln_rising(alpha, used) + ln_rising(beta, passed) - ln_rising(alpha + beta, last)
        + gamma.ln()
        + ln_rising(delta, last)
        - ln_rising(gamma + delta, last + 1.0);
    let both = digamma_rise(alpha + beta, last);
    let stay_or_go = digamma_rise(gamma + delta, last + 1.0);
    let mut slope = Slope {
        alpha: digamma_rise(alpha, used) - both,
        beta: digamma_rise(beta, passed) - both,
        gamma: 1.0 / gamma - stay_or_go,
        delta: digamma_rise(delta, last) - stay_or_go,
    };

    // Terms relative to the first one, with the derivatives of their logarithms relative to it.
    let (mut term, mut relative) = (1.0, Slope::default());
    let (mut sum, mut weighted) = (0.0, Slope::default());
    let mut step = last;
    while step < opportunities {
        sum += term;
        weighted.add(term, relative);
        let (pass, either) = (beta + step - used, alpha + beta + step);
        let (stay, either_end) = (delta + step, gamma + delta + step + 1.0);
        term *= pass / either * (stay / either_end);
        relative.add(
            1.0,
            Slope {
                alpha: -1.0 / either,
                beta: 1.0 / pass - 1.0 / either,
                gamma: -1.0 / either_end,
                delta: 1.0 / stay - 1.0 / either_end,
            },
        );
        step += 1.0;
    }
    // Alive to the end: without the last drop-out, γ / (γ+δ+n).
    let end = gamma + delta + opportunities;
    let alive = term * end / gamma;
    relative.gamma += 1.0 / end - 1.0 / gamma;
    relative.delta += 1.0 / end;
    sum += alive;
    weighted.add(alive, relative);
    slope.add(1.0 / sum, weighted);
    Split { ln_likelihood: base + sum.ln(), p_alive: alive / sum, slope }
}

impl BgBb {
    /// Probability that the customer is still there at opportunity `ahead` after the observation; 0 is [`Family::p_alive`].
    #[must_use]
    pub fn p_alive_ahead(&self, parameters: &[f64], history: &History, ahead: f64) -> f64 {
        let &[_, _, gamma, delta] = parameters else { return f64::NAN };
        let (_, _, opportunities) = whole(history);
        let ahead = ahead.round().max(0.0);
        let stays = ln_rising(delta + opportunities, ahead) - ln_rising(gamma + delta + opportunities, ahead);
        self.p_alive(parameters, history) * stays.exp()
    }
}

impl Family for BgBb {
    fn parameters(&self) -> &'static [&'static str] {
        &["alpha", "beta", "gamma", "delta"]
    }

    fn scaled(&self) -> &'static [Scaled] {
        &[
            Scaled { parameter: 0, sign: 1.0, process: "purchase" },
            Scaled { parameter: 2, sign: 1.0, process: "dropout" },
        ]
    }

    fn starts(&self, histories: &[History], weights: &[f64]) -> Vec<Vec<f64>> {
        let (mut used, mut opportunities) = (0.0, 0.0);
        for (history, weight) in histories.iter().zip(weights) {
            used += weight * history.frequency;
            opportunities += weight * history.age;
        }
        // Those who left bring the share of used opportunities down: take it up a little, and keep off the edges.
        let share = if opportunities > 0.0 { (1.3 * used / opportunities).clamp(0.02, 0.95) } else { 0.5 };
        [(2.0, 0.5, 2.0), (1.0, 1.0, 9.0), (6.0, 0.3, 0.9), (0.5, 3.0, 30.0)]
            .into_iter()
            .map(|(weight, gamma, delta)| vec![weight * share, weight * (1.0 - share), gamma, delta])
            .collect()
    }

    fn ln_likelihood(&self, parameters: &[f64], history: &History, weight: f64, gradient: &mut [f64]) -> f64 {
        let &[alpha, beta, gamma, delta] = parameters else { return f64::NAN };
        let Split { ln_likelihood, slope, .. } = split(Parameters { alpha, beta, gamma, delta }, history);
        if let [by_alpha, by_beta, by_gamma, by_delta, ..] = gradient {
            *by_alpha += weight * alpha * slope.alpha;
            *by_beta += weight * beta * slope.beta;
            *by_gamma += weight * gamma * slope.gamma;
            *by_delta += weight * delta * slope.delta;
        }
        ln_likelihood
    }

    /// Still there at the last opportunity observed (one who used it surely was).
    fn p_alive(&self, parameters: &[f64], history: &History) -> f64 {
        let &[alpha, beta, gamma, delta] = parameters else { return f64::NAN };
        split(Parameters { alpha, beta, gamma, delta }, history).p_alive
    }

    /// Expected purchases at the next `ahead` opportunities; a sum of as many terms.
    fn expected_purchases(&self, parameters: &[f64], history: &History, ahead: f64) -> f64 {
        let &[alpha, beta, gamma, delta] = parameters else { return f64::NAN };
        let (used, _, opportunities) = whole(history);
        let buys = (alpha + used) / (alpha + beta + opportunities);
        self.p_alive(parameters, history) * buys * expected_occasions(gamma, delta + opportunities, ahead)
    }

    /// Expected purchases at the first `time` opportunities after the first purchase.
    fn expected_since_first(&self, parameters: &[f64], time: f64) -> f64 {
        let &[alpha, beta, gamma, delta] = parameters else { return f64::NAN };
        alpha / (alpha + beta) * expected_occasions(gamma, delta, time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn history([frequency, recency, age]: [f64; 3]) -> History {
        History { frequency, recency, age }
    }

    #[test]
    fn agrees_with_the_published_formulas_in_arbitrary_precision() {
        // mpmath, 30 digits, with the paper's beta and gamma functions: ln L, P(alive at n), expected purchases at the next
        // 5 and 20,000 opportunities. The last is beyond where terms are summed one by one.
        for (parameters, counts, expected) in ORACLE {
            let history = history(counts);
            let values = [
                BgBb.ln_likelihood(&parameters, &history, 1.0, &mut []),
                BgBb.p_alive(&parameters, &history),
                BgBb.expected_purchases(&parameters, &history, 5.0),
                BgBb.expected_purchases(&parameters, &history, 20_000.0),
            ];
            for ((value, expected), tolerance) in values.iter().zip(expected).zip([1e-12, 1e-12, 1e-12, 1e-8]) {
                assert!((value - expected).abs() <= tolerance * expected.abs(), "{counts:?}: {values:?}");
            }
        }
    }

    #[test]
    fn one_who_will_come_back_expects_the_chance_to_be_there() {
        let (parameters, history) = ([1.2, 0.75, 0.66, 2.78], history([3.0, 4.0, 6.0]));
        assert_eq!(BgBb.p_alive_ahead(&parameters, &history, 0.0), BgBb.p_alive(&parameters, &history));
        // Expected purchases are P(there) times the posterior chance to buy, (alpha+x)/(alpha+beta+n), summed up.
        let buys = 4.2 / 7.95;
        let sum: f64 = (1..=4).map(|ahead| buys * BgBb.p_alive_ahead(&parameters, &history, f64::from(ahead))).sum();
        let expected = BgBb.expected_purchases(&parameters, &history, 4.0);
        assert!((sum - expected).abs() < 1e-13, "{sum} {expected}");
    }

    fn choose(n: u32, k: u32) -> f64 {
        (0..k).map(|step| f64::from(n - step) / f64::from(k - step)).product()
    }

    proptest! {
        #[test]
        fn all_histories_together_are_certain_and_expect_what_a_new_customer_does(
            logs in proptest::array::uniform4(-3.0_f64..3.0),
            opportunities in 1_u32..12,
        ) {
            let parameters = logs.map(f64::exp);
            let (mut certain, mut purchases, mut later) = (0.0, 0.0, 0.0);
            for last in 0..=opportunities {
                for used in u32::from(last > 0)..=last {
                    // The last used one is fixed, the others lie anywhere before it.
                    let ways = if used == 0 { 1.0 } else { choose(last - 1, used - 1) };
                    let history = history([used, last, opportunities].map(f64::from));
                    let probability = ways * BgBb.ln_likelihood(&parameters, &history, 1.0, &mut []).exp();
                    certain += probability;
                    purchases += probability * f64::from(used);
                    later += probability * BgBb.expected_purchases(&parameters, &history, 3.0);
                }
            }
            let until = |time: u32| BgBb.expected_since_first(&parameters, f64::from(time));
            prop_assert!((certain - 1.0).abs() < 1e-10, "{certain}");
            prop_assert!((purchases - until(opportunities)).abs() < 1e-9 * (1.0 + purchases), "{purchases}");
            prop_assert!((until(opportunities) + later - until(opportunities + 3)).abs() < 1e-9 * (1.0 + purchases), "{later}");
        }

        #[test]
        fn gradient_is_that_of_central_differences(
            logs in proptest::array::uniform4(-3.0_f64..3.0),
            used in 0_u32..40,
            passed in 0_u32..40,
            silent in 0_u32..40,
        ) {
            let parameters = logs.map(f64::exp);
            let last = if used == 0 { 0 } else { used + passed };
            let history = history([used, last, last + silent].map(f64::from));
            let mut gradient = [0.0; 4];
            let value = BgBb.ln_likelihood(&parameters, &history, 2.0, &mut gradient);
            for (index, slope) in gradient.iter().enumerate() {
                let beside = |step: f64| {
                    let mut moved = parameters;
                    moved[index] *= step.exp();
                    BgBb.ln_likelihood(&moved, &history, 1.0, &mut [])
                };
                let difference = 2.0 * (beside(1e-4) - beside(-1e-4)) / 2e-4;
                prop_assert!((slope - difference).abs() < 1e-6 * (1.0 + value.abs()), "{index}: {slope} {difference}");
            }
        }
    }

    #[rustfmt::skip]
    const ORACLE: [([f64; 4], [f64; 3], [f64; 4]); 6] = [
        ([1.20352, 0.74972, 0.65672, 2.78344], [0.0, 0.0, 6.0], [-1.1675127254307902, 0.11621837300080708, 0.07286327937730061, 5.86317346939295]),
        ([1.20352, 0.74972, 0.65672, 2.78344], [6.0, 6.0, 6.0], [-2.1816830972284813, 1.0, 3.752540404276363, 301.95999314344]),
        ([1.20352, 0.74972, 0.65672, 2.78344], [3.0, 4.0, 6.0], [-5.059358491491534, 0.47246118676249194, 1.0345699633219245, 83.2499334784219]),
        ([1.20352, 0.74972, 0.65672, 2.78344], [1.0, 1.0, 6.0], [-2.2888268518300388, 0.07465552340753998, 0.08569580289518842, 6.89578292752394]),
        ([0.01, 30.0, 0.02, 0.5], [2.0, 9.0, 200.0], [-14.97260382069226, 0.5218008568104188, 0.02279266106750603, 84.7716941189522]),
        ([50.0, 0.3, 4.0, 900.0], [120.0, 150.0, 365.0], [-91.76142708437236, 4.5257217329099825e-84, 9.175720669377953e-84, 7.81002216928616e-82]),
    ];
}
