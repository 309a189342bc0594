//! Pareto/NBD: customers buy at random times and may leave at any moment, also between purchases.

use super::rising::{digamma_rise, expected_lifetime, ln_rising};
use super::window::Window;
use super::{Family, History, Scaled};

/// Pareto/NBD (Schmittlein, Morrison & Colombo 1987, Management Science 33, 1–24).
///
/// While a customer stays, purchases are Poisson with rate λ ~ Gamma(`r`, `alpha`); the lifetime is exponential with rate
/// μ ~ Gamma(`s`, `beta`), independent of λ. Both gammas are in shape and rate, the rates in units of time.
///
/// With `n = r + x` the likelihood of a history `(x, t_x, T)` is
///
/// `Γ(n)/Γ(r) α^r β^s · [ (α+T)^−n (β+T)^−s + s ∫ from t_x to T of (α+y)^−n (β+y)^−(s+1) dy ]`:
///
/// the customer is still there at `T`, or left at some moment `y` since the last purchase. The usual way writes the
/// integral as a difference of two hypergeometric functions, which cancel to nothing for frequent buyers; here the positive
/// integrand is summed by Gauss–Legendre quadrature in a logarithmic time, and the gradient comes from the same nodes as
/// expectations over the unknown time of leaving.
///
/// Covariates scale `alpha` (process `purchase`) and `beta` (process `dropout`), both with sign −1, so that a positive
/// coefficient means more purchases, or leaving sooner.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ParetoNbd;

/// What depends on the frequency only: gamma functions, computed once for all customers with this frequency.
#[derive(Clone, Copy)]
struct ByFrequency {
    frequency: f64,
    /// `ln Γ(r+x) − ln Γ(r)`.
    ln_rising: f64,
    /// Its derivative by r.
    slope: f64,
}

impl ByFrequency {
    fn new(r: f64, frequency: f64) -> Self {
        Self { frequency, ln_rising: ln_rising(r, frequency), slope: digamma_rise(r, frequency) }
    }
}

/// One history under given parameters: the likelihood, split by whether the customer is still there.
struct Split {
    /// Less `ln Γ(r+x) − ln Γ(r)`.
    ln_likelihood: f64,
    p_alive: f64,
    /// Expectations over the end `Y` of the known activity: `T` if alive, else the unknown moment of leaving.
    mean: Means,
    /// The share of `E[β/(β+Y)]` from customers who left.
    left_beta_share: f64,
}

/// Expectations of functions of `Y`.
struct Means {
    ln_alpha_growth: f64,
    alpha_share: f64,
    ln_beta_growth: f64,
    beta_share: f64,
}

/// Everything but the gamma functions of the frequency.
fn split(&[r, alpha, s, beta]: &[f64; 4], history: &History) -> Split {
    let History { frequency, recency, age } = *history;
    let purchases = r + frequency;
    let silence = (age - recency).max(0.0);
    // Everything is taken relative to the integrand at t_x, so that nothing over- or underflows.
    let alpha_at_recency = alpha + recency;
    let beta_at_recency = beta + recency;
    let ln_alpha_recency = (recency / alpha).ln_1p();
    let ln_beta_recency = (recency / beta).ln_1p();
    let ln_alpha_silence = (silence / alpha_at_recency).ln_1p();
    let ln_beta_silence = (silence / beta_at_recency).ln_1p();

    let alive = (-purchases * ln_alpha_silence - s * ln_beta_silence).exp();
    let alpha_first = alpha <= beta;
    let (near, far) =
        if alpha_first { (alpha_at_recency, beta_at_recency) } else { (beta_at_recency, alpha_at_recency) };
    let ratio = near / far;
    let (own_decay, far_decay, factor) =
        if alpha_first { (purchases - 1.0, s + 1.0, s * ratio) } else { (s, purchases, s) };
    let length = if alpha_first { ln_alpha_silence } else { ln_beta_silence };
    let sums = Window { own_decay, far_decay, ratio, length }.integrate();
    let left = factor * sums.total;
    let whole = alive + left;

    let (alpha_sums, beta_sums) = if alpha_first { (sums.near, sums.far) } else { (sums.far, sums.near) };
    let p_left = left / whole;
    let p_alive = alive / whole;
    let per_left = factor / whole;
    let left_beta_share = per_left * beta_sums.share * beta / beta_at_recency;
    let base = -r * ln_alpha_recency
        - if frequency > 0.0 { frequency * alpha_at_recency.ln() } else { 0.0 }
        - s * ln_beta_recency;
    Split {
        ln_likelihood: base + whole.ln(),
        p_alive,
        mean: Means {
            ln_alpha_growth: ln_alpha_recency + p_alive * ln_alpha_silence + per_left * alpha_sums.ln_growth,
            alpha_share: p_alive * alpha / (alpha + recency + silence)
                + per_left * alpha_sums.share * alpha / alpha_at_recency,
            ln_beta_growth: ln_beta_recency + p_alive * ln_beta_silence + per_left * beta_sums.ln_growth,
            beta_share: p_alive * beta / (beta + recency + silence) + left_beta_share,
        },
        left_beta_share: left_beta_share.min(p_left),
    }
}

/// Log-likelihood of one history; adds `weight` times its gradient by the logarithms of the parameters.
fn one_history(parameters: &[f64; 4], terms: ByFrequency, history: &History, weight: f64, gradient: &mut [f64]) -> f64 {
    let [r, _, s, _] = *parameters;
    let split = split(parameters, history);
    if let [by_r, by_alpha, by_s, by_beta, ..] = gradient {
        let mean = &split.mean;
        *by_r += weight * r * (terms.slope - mean.ln_alpha_growth);
        *by_alpha += weight * (r - (r + history.frequency) * mean.alpha_share);
        *by_s += weight * (1.0 - split.p_alive - s * mean.ln_beta_growth);
        *by_beta += weight * (s - s * mean.beta_share - split.left_beta_share);
    }
    terms.ln_rising + split.ln_likelihood
}

impl Family for ParetoNbd {
    fn parameters(&self) -> &'static [&'static str] {
        &["r", "alpha", "s", "beta"]
    }

    fn scaled(&self) -> &'static [Scaled] {
        &[
            Scaled { parameter: 1, sign: -1.0, process: "purchase" },
            Scaled { parameter: 3, sign: -1.0, process: "dropout" },
        ]
    }

    fn starts(&self, histories: &[History], weights: &[f64]) -> Vec<Vec<f64>> {
        let (mut purchases, mut time, mut customers) = (0.0, 0.0, 0.0);
        for (history, weight) in histories.iter().zip(weights) {
            purchases += weight * history.frequency;
            time += weight * history.age;
            customers += weight;
        }
        let mean_age = if time > 0.0 { time / customers } else { 1.0 };
        // The rate while alive is above the rate over the whole observation; twice is a usual size.
        let rate = 2.0 * if purchases > 0.0 { purchases / time } else { 0.5 / mean_age };
        [(0.6, 0.6, 0.3), (2.0, 2.0, 2.0), (0.2, 0.2, 0.05), (1.0, 8.0, 20.0)]
            .into_iter()
            .map(|(r, s, beta)| vec![r, r / rate, s, beta * mean_age])
            .collect()
    }

    fn ln_likelihood(&self, parameters: &[f64], history: &History, weight: f64, gradient: &mut [f64]) -> f64 {
        let Some(parameters) = parameters.first_chunk::<4>() else { return f64::NAN };
        let [r, ..] = *parameters;
        one_history(parameters, ByFrequency::new(r, history.frequency), history, weight, gradient)
    }

    fn sum_ln_likelihood(
        &self,
        parameters: &[f64],
        histories: &[History],
        weights: &[f64],
        gradient: &mut [f64],
    ) -> f64 {
        let Some(parameters) = parameters.first_chunk::<4>() else { return f64::NAN };
        let [r, ..] = *parameters;
        let mut terms = ByFrequency::new(r, 0.0);
        let mut total = 0.0;
        for (history, weight) in histories.iter().zip(weights) {
            #[allow(clippy::float_cmp, reason = "equal counts are equal")]
            if terms.frequency != history.frequency {
                terms = ByFrequency::new(r, history.frequency);
            }
            total += weight * one_history(parameters, terms, history, *weight, gradient);
        }
        total
    }

    fn p_alive(&self, parameters: &[f64], history: &History) -> f64 {
        parameters.first_chunk::<4>().map_or(f64::NAN, |parameters| split(parameters, history).p_alive)
    }

    /// `P(alive) · (r+x)/(α+T) ·` the expected remaining lifetime within `ahead` of one who is alive.
    fn expected_purchases(&self, parameters: &[f64], history: &History, ahead: f64) -> f64 {
        let &[r, alpha, s, beta] = parameters else { return f64::NAN };
        let rate = (r + history.frequency) / (alpha + history.age);
        self.p_alive(parameters, history) * rate * expected_lifetime(s, beta + history.age, ahead)
    }

    fn expected_since_first(&self, parameters: &[f64], time: f64) -> f64 {
        let &[r, alpha, s, beta] = parameters else { return f64::NAN };
        r / alpha * expected_lifetime(s, beta, time)
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
    fn agrees_with_arbitrary_precision() {
        // mpmath with 40 digits, the drop-out integral in many small pieces; frequent buyers, parameters and times of many
        // magnitudes. The quadrature is made for 1e-12.
        for (parameters, times, ln_likelihood, p_alive) in ORACLE {
            let history = history(times);
            let value = ParetoNbd.ln_likelihood(&parameters, &history, 1.0, &mut []);
            assert!(
                (value - ln_likelihood).abs() <= 2e-12 * ln_likelihood.abs().max(1.0),
                "{parameters:?} {times:?}: {value}"
            );
            let alive = ParetoNbd.p_alive(&parameters, &history);
            assert!((alive - p_alive).abs() <= 1e-11, "{parameters:?} {times:?}: {alive}");
        }
    }

    #[test]
    fn a_new_customer_is_certain_to_be_one() {
        let mut gradient = [0.0; 4];
        let history = history([0.0, 0.0, 0.0]);
        assert_eq!(ParetoNbd.ln_likelihood(&[0.5, 10.0, 0.6, 11.0], &history, 1.0, &mut gradient), 0.0);
        assert!(gradient.iter().all(|slope| slope.abs() < 1e-15), "{gradient:?}");
        assert_eq!(ParetoNbd.p_alive(&[0.5, 10.0, 0.6, 11.0], &history), 1.0);
    }

    #[test]
    fn the_expectation_is_smooth_where_s_is_one() {
        let at = |s: f64| ParetoNbd.expected_since_first(&[0.5, 10.0, s, 12.0], 52.0);
        // At s = 1 it is r β / α ln(1 + t / β).
        assert!((at(1.0) - 0.6 * (1.0_f64 + 52.0 / 12.0).ln()).abs() < 1e-14);
        assert!((at(1.0 + 1e-9) - at(1.0)).abs() < 1e-8 && (at(1.0 - 1e-9) - at(1.0)).abs() < 1e-8);
    }

    #[test]
    fn expectations_before_and_after_an_observation_add_up() {
        // E[X(0, T + t)] = E[X(T)] + E[E[X(T, T + t) | history]]; of the last term only no purchase is easy, so this takes
        // a rate so low that hardly anybody buys twice.
        let parameters = [0.5, 1e7, 0.8, 12.0];
        let silent = ParetoNbd.expected_purchases(&parameters, &history([0.0, 0.0, 20.0]), 30.0);
        let once = over_moments(|moment| {
            let bought = history([1.0, moment, 20.0]);
            ParetoNbd.ln_likelihood(&parameters, &bought, 1.0, &mut []).exp()
                * ParetoNbd.expected_purchases(&parameters, &bought, 30.0)
        });
        let whole =
            ParetoNbd.expected_since_first(&parameters, 50.0) - ParetoNbd.expected_since_first(&parameters, 20.0);
        assert!(((silent + once) / whole - 1.0).abs() < 1e-5, "{silent} + {once} against {whole}");
    }

    /// Integral over the moment of a purchase in the first 20 units of time.
    fn over_moments(density: impl Fn(f64) -> f64) -> f64 {
        mercer_stats::quadrature::GaussLegendre::new(40).integrate(0.0, 20.0, density)
    }

    #[test]
    fn extremes_stay_finite() {
        let histories = [
            [0.0, 0.0, 0.0],
            [0.0, 0.0, 1e9],
            [1e6, 103.999_999, 104.0],
            [1e6, 1e-9, 1e6],
            [1.0, 1e-9, 1e9],
            [5.0, 3e8, 3.1e8],
            [40.0, 1e-6, 2e-6],
        ];
        for logs in
            [[0, 0, 0, 0], [-9, 9, 9, -9], [9, -9, -9, 9], [9, 9, 9, 9], [-9, -9, -9, -9], [5, -9, 9, 9], [-9, 0, 0, 9]]
        {
            let parameters = logs.map(|log| 10_f64.powi(log));
            for history in histories.map(history) {
                let mut gradient = [0.0; 4];
                let value = ParetoNbd.ln_likelihood(&parameters, &history, 1.0, &mut gradient);
                assert!(
                    value.is_finite() && gradient.iter().all(|slope| slope.is_finite()),
                    "{parameters:?} {history:?}: {value} {gradient:?}"
                );
                let alive = ParetoNbd.p_alive(&parameters, &history);
                let ahead = ParetoNbd.expected_purchases(&parameters, &history, 39.0);
                assert!(
                    (0.0..=1.0).contains(&alive) && ahead.is_finite() && ahead >= 0.0,
                    "{parameters:?} {history:?}: {alive} {ahead}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn gradient_is_that_of_central_differences(
            logs in proptest::array::uniform4(-4.0_f64..4.0),
            frequency in 0_u32..300,
            share in 0.01_f64..=1.0,
            ln_age in -2.0_f64..6.0,
        ) {
            let parameters = logs.map(f64::exp);
            let age = ln_age.exp();
            let recency = if frequency == 0 { 0.0 } else { share * age };
            let history = history([f64::from(frequency), recency, age]);
            let mut gradient = [0.0; 4];
            let value = ParetoNbd.ln_likelihood(&parameters, &history, 2.0, &mut gradient);
            prop_assert!(value.is_finite());
            for (index, slope) in gradient.iter().enumerate() {
                let beside = |step: f64| {
                    let mut moved = parameters;
                    moved[index] *= step.exp();
                    ParetoNbd.ln_likelihood(&moved, &history, 1.0, &mut [])
                };
                let difference = 2.0 * (beside(1e-4) - beside(-1e-4)) / 2e-4;
                // Truncation is step² times the third derivative, rounding 1e-15 |ln L| over the step.
                prop_assert!((slope - difference).abs() < 1e-6 * (1.0 + value.abs() + slope.abs()), "{index}: {slope} {difference}");
            }
        }

        #[test]
        fn sums_as_one_by_one(frequencies in proptest::collection::vec(0_u32..4, 1..20)) {
            let histories: Vec<History> = frequencies
                .iter()
                .map(|frequency| history([f64::from(*frequency), if *frequency == 0 { 0.0 } else { 3.0 }, 9.0]))
                .collect();
            let (parameters, weights) = ([0.6, 8.0, 0.7, 9.0], vec![1.5; histories.len()]);
            let (mut one_by_one, mut together) = ([0.0; 4], [0.0; 4]);
            let singly: f64 = histories
                .iter()
                .map(|history| 1.5 * ParetoNbd.ln_likelihood(&parameters, history, 1.5, &mut one_by_one))
                .sum();
            let sum = ParetoNbd.sum_ln_likelihood(&parameters, &histories, &weights, &mut together);
            prop_assert_eq!(sum, singly);
            prop_assert_eq!(one_by_one, together);
        }

        #[test]
        fn nobody_who_just_bought_has_left(frequency in 1_u32..1000, age in 0.01_f64..1e4) {
            let history = history([f64::from(frequency), age, age]);
            prop_assert_eq!(ParetoNbd.p_alive(&[0.6, 10.0, 0.7, 12.0], &history), 1.0);
        }
    }

    #[rustfmt::skip]
    const ORACLE: [([f64; 4], [f64; 3], f64, f64); 32] = [
        ([0.5533, 10.578, 0.6062, 11.668], [2.0, 30.43, 38.86], -9.554290541599393, 0.869121616863876),
        ([0.5533, 10.578, 0.6062, 11.668], [0.0, 0.0, 38.86], -0.5212184847023859, 0.295102559876238),
        ([0.5533, 10.578, 0.6062, 11.668], [26.0, 38.0, 38.0], -43.35673872950301, 1.0),
        ([0.5533, 10.578, 0.6062, 11.668], [221.0, 103.4286, 103.5714], -76.96676529372925, 0.999134194620473),
        ([0.08, 0.5, 0.3, 40.0], [221.0, 103.4286, 103.5714], -59.21089950126215, 0.999651266656316),
        ([0.5533, 10.578, 0.6062, 11.668], [1000000.0, 500.0, 520.0], 6579949.566488717, 0.0),
        ([0.5533, 10.578, 0.6062, 11.668], [1000000.0, 0.001, 520.0], 10456626.420713868, 0.0),
        ([2.0, 5.0, 1.0, 5.0], [7.0, 20.0, 60.0], -19.057789362435777, 0.000707929039156979),
        ([2.0, 5.0, 1.0, 5.0000001], [7.0, 20.0, 60.0], -19.057789349704763, 0.000707929043213783),
        ([0.3, 0.001, 0.2, 300.0], [0.0, 0.0, 1000000.0], -4.453849130924324, 0.0338594810708355),
        ([0.3, 300.0, 0.2, 0.001], [0.0, 0.0, 1000000.0], -0.056080243081206224, 0.00147045803836223),
        ([0.3, 300.0, 0.2, 0.001], [3.0, 0.01, 100000.0], -17.90656817429346, 2.33539038336199e-10),
        ([8.0, 10000.0, 25.0, 20000.0], [12.0, 0.0001, 730.0], -80.51144227448286, 0.222388381726006),
        ([1.5, 20.0, 3.0, 0.05], [40.0, 0.001, 900.0], -7.645225335755416, 1.89630180866689e-82),
        ([0.9, 4.0, 0.02, 0.0001], [0.0, 0.0, 1e-06], -2.2497754799305033e-07, 0.999801013161021),
        ([0.01, 1e-06, 0.01, 1e-06], [0.0, 0.0, 10000000.0], -0.2551885039221965, 0.709295099121234),
        ([50.0, 0.1, 40.0, 100000.0], [1000.0, 3.0, 3.5], 4790.49677712209, 5.48824161588914e-63),
        ([0.162, 0.000221, 0.0119, 0.295], [0.0, 0.0, 8.42], -1.6905293744672536, 0.943144902395283),
        ([0.0506, 0.00204, 0.0305, 2530.0], [77829.0, 0.0079, 0.929], 1157551.9568564084, 0.0),
        ([1.34, 0.603, 0.0941, 21100.0], [0.0, 0.0, 20.0], -4.731370040705859, 0.999372882148737),
        ([18.8, 12300.0, 0.0154, 2.63], [0.0, 0.0, 0.0213], -3.255404465736386e-05, 0.999875785601339),
        ([0.151, 9.79, 0.165, 0.000782], [1.0, 0.00623, 0.188], -4.548780612523014, 0.576822248619484),
        ([0.0159, 0.052, 0.0873, 1740.0], [0.0, 0.0, 0.962], -0.04722893849705365, 0.999951097165753),
        ([4.35, 5.37, 2.62, 98.4], [81.0, 70.5, 346.0], -77.24786993706957, 8.82829295973804e-57),
        ([3.53, 0.224, 16.9, 2840.0], [4607.0, 1.13, 2.06], 32863.992739741356, 0.0),
        ([0.032, 0.377, 1.31, 0.00119], [0.0, 0.0, 8910.0], -0.00026190650464618715, 7.15791677196335e-10),
        ([23.1, 56500.0, 15.8, 0.262], [36.0, 11800.0, 23800.0], -442.85322964171235, 1.79206319223715e-09),
        ([0.0107, 61.1, 0.0206, 0.000273], [0.0, 0.0, 0.168], -2.6274232499863494e-05, 0.876047600029301),
        ([7.26, 0.0237, 1.13, 0.097], [17622.0, 0.00955, 0.0269], 214693.1591070745, 0.0),
        ([1.24, 0.000171, 0.0235, 1570.0], [1207.0, 24.7, 396.0], 3463.6424031917472, 0.0),
        ([11.9, 1.2, 0.135, 0.0491], [973.0, 1.96, 2.99], 4643.804274634059, 9.23994868994673e-118),
        ([11.9, 0.458, 0.202, 44.1], [2354.0, 164.0, 217.0], 3902.7674627752517, 1.31537630577801e-283),
    ];
}
