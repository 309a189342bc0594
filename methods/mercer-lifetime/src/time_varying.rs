//! BG/NBD with covariates that change over time, such as seasons and promotions.
//!
//! While a customer stays, purchases come at rate `λ · exp(γ'z(t))`: the customer's own base rate λ ~ Gamma(`r`, `alpha`)
//! times what the covariates `z(t)` do at that moment, the same for all who see the same `z`. After every repeat purchase the
//! customer leaves with probability p ~ Beta(`a`, `b`), as in the plain BG/NBD.
//!
//! The likelihood keeps its closed form. Let `Λ(t) = ∫ from 0 to t of exp(γ'z(u)) du`, time as it counts for purchases.
//! Given λ, a repeat purchase at `t_j` has density `λ exp(γ'z(t_j)) e^−λ[Λ(t_j) − Λ(t_(j−1))]`, and no purchase until `T` after
//! `t_x` has probability `e^−λ[Λ(T) − Λ(t_x)]`. Multiplied together the exponents add up to `Λ(T)` for one who stayed, and to
//! `Λ(t_x)` for one who left with the last purchase. So λ and p are integrated out as in the plain model, with `Λ(t_x)` and
//! `Λ(T)` in place of `t_x` and `T`, and
//!
//! `ln L = Σ_j γ'z(t_j) + ln L_BG/NBD(x, Λ(t_x), Λ(T))`.
//!
//! In the time scale Λ the process *is* a plain BG/NBD, hence P(alive) and expected purchases over a future with known
//! covariates are the plain model's at `Λ(t_x)`, `Λ(T)` and `Λ(T, T + t)`.
//!
//! Only differences of covariates matter: a constant is absorbed by `alpha`, so covariates that never vary are refused.
//! Purchases must be resolved within the periods of the covariates; the moment of a purchase says which period it fell into.

mod exposure;

use mercer_base::{Error, Result};
use mercer_stats::dense::Square;
use mercer_stats::parallel::sum_over_rows;

use crate::estimate::{Coefficient, Draw, Estimate};
use crate::family::rising::{digamma_rise, ln_rising};
use crate::family::{BgNbd, Family, History};
use crate::maximum::{Maximum, Unknown, maximise};
pub use exposure::{Calendar, Exposures, Purchases};

/// Number of parameters besides the covariates' coefficients.
const PARAMETERS: usize = 4;
/// Position of `alpha`, the parameter that covariates act on.
const ALPHA: usize = 1;
/// A covariate whose spread is below this share of its size does not vary but for rounding.
const NO_SPREAD: f64 = 1e-9;

/// The fitted model. Times are in the unit of the data.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeVarying {
    /// Parameters (`alpha` is where all covariates are 0), and the coefficient γ of each covariate, in the order of
    /// [`Exposures::names`]: one more unit multiplies the purchase rate by `exp(γ)`.
    pub estimate: Estimate,
    /// Log-likelihood of the plain BG/NBD on the same purchases: twice the difference is χ² with as many degrees of freedom
    /// as covariates, if none of them matters.
    pub plain_ln_likelihood: f64,
}

impl TimeVarying {
    /// Maximum likelihood on all customers of `exposures`.
    ///
    /// # Errors
    /// No covariates, fewer than two customers, no repeat purchases, a covariate that never varies, or a likelihood that is
    /// nowhere finite.
    pub fn fit(exposures: &Exposures) -> Result<Self> {
        let moments = exposures.moments();
        check(exposures, &moments)?;
        let problem = Problem::new(exposures, moments.iter().map(|(mean, _)| *mean).collect());
        let unknowns = |coefficients: &[(f64, f64)]| -> Vec<Unknown> {
            let parameters = BgNbd.parameters().iter().map(|name| Unknown { name: (*name).into(), scale: 1.0 });
            let effects = exposures.names().iter().zip(coefficients);
            let effects = effects
                .map(|(name, (_, spread))| Unknown { name: format!("{name} on purchase"), scale: spread.recip() });
            parameters.chain(effects).collect()
        };
        let density = |theta: &[f64], gradient: &mut [f64]| problem.ln_likelihood(theta, gradient);
        #[allow(clippy::cast_precision_loss, reason = "a count of customers")]
        let customers = exposures.len() as f64;
        let nowhere = || Error::data("the likelihood of these purchases is not finite at any starting value");

        // The plain model first: the measure of what covariates bring, and a good start.
        let full = (&density as _, customers);
        let plain = maximise(full, full, &problem.starts(), &unknowns(&[])).ok_or_else(nowhere)?;
        let plain_ln_likelihood = density(&plain.point, &mut [0.0; PARAMETERS]);
        let mut start = plain.point;
        start.resize(PARAMETERS + moments.len(), 0.0);
        let maximum = maximise(full, full, &[start], &unknowns(&moments)).ok_or_else(nowhere)?;
        let ln_likelihood = density(&maximum.point, &mut vec![0.0; maximum.point.len()]);

        let coefficients = exposures.names().iter().enumerate().map(|(column, name)| Coefficient {
            process: "purchase".into(),
            covariate: name.clone(),
            column,
            parameter: ALPHA,
            sign: -1.0,
            value: 0.0,
            standard_error: None,
        });
        let maximum = problem.uncentred(maximum);
        let estimate = Estimate::new(BgNbd.parameters(), coefficients.collect(), maximum, ln_likelihood, customers);
        Ok(Self { estimate, plain_ln_likelihood })
    }

    /// Probability under `draw` (as [`Estimate::point`] or one of [`Estimate::draws`]) that a customer with this history in
    /// operational time (see [`Exposures::history`]) is still one.
    #[must_use]
    pub fn p_alive(draw: &Draw, history: &History) -> f64 {
        BgNbd.p_alive(&draw.parameters, history)
    }

    /// Expected purchases under `draw` of a customer with this history in operational time, between `from` (the end of the
    /// observation) and `to`, under the covariates of that time.
    ///
    /// # Errors
    /// Covariates that do not cover the time, or are not those of the fit.
    pub fn expected_purchases(draw: &Draw, history: &History, calendar: &Calendar, from: f64, to: f64) -> Result<f64> {
        let ahead = calendar.operational_time(&draw.coefficients, from, to)?;
        Ok(BgNbd.expected_purchases(&draw.parameters, history, ahead))
    }
}

fn check(exposures: &Exposures, moments: &[(f64, f64)]) -> Result<()> {
    if moments.is_empty() {
        return Err(Error::config("no covariates are named").with_hint("use BG/NBD where nothing varies with time"));
    }
    if exposures.len() < 2 {
        let message = "fewer than two customers are too few to learn how customers differ";
        return Err(Error::data(message).with_hint("give the purchases of all customers"));
    }
    if exposures.customers(0..exposures.len()).all(|(customer, _)| customer.frequency == 0.0) {
        return Err(Error::data("no customer has bought a second time, so nothing can be learnt about coming back")
            .with_hint("look at a longer period, or check that repeat purchases are not merged into the first"));
    }
    for (name, (mean, spread)) in exposures.names().iter().zip(moments) {
        let varies = *spread > NO_SPREAD * mean.abs();
        if !varies {
            return Err(Error::data(format!("covariate `{name}` never varies during the observation"))
                .with_hint("leave it out, or take a longer observation"));
        }
    }
    Ok(())
}

/// Log-likelihood of all customers under centred covariates, which are less entangled with `alpha`.
struct Problem<'a> {
    exposures: &'a Exposures,
    means: Vec<f64>,
    /// The different rows of covariates less their means.
    rows: Vec<Vec<f64>>,
}

impl<'a> Problem<'a> {
    fn new(exposures: &'a Exposures, means: Vec<f64>) -> Self {
        let rows = exposures.rows().iter();
        let rows = rows.map(|row| row.iter().zip(&means).map(|(value, mean)| value - mean).collect()).collect();
        Self { exposures, means, rows }
    }

    /// Starts of the plain model, in logarithms.
    fn starts(&self) -> Vec<Vec<f64>> {
        let no_effect = vec![0.0; self.means.len()];
        let histories: Vec<History> =
            (0..self.exposures.len()).filter_map(|customer| self.exposures.history(customer, &no_effect)).collect();
        let starts = BgNbd.starts(&histories, &vec![1.0; histories.len()]);
        starts.iter().map(|start| start.iter().map(|parameter| parameter.ln()).collect()).collect()
    }

    /// The log-likelihood at `theta` with its gradient; without coefficients in `theta`, that of the plain model.
    fn ln_likelihood(&self, theta: &[f64], gradient: &mut [f64]) -> f64 {
        let Some((logs, coefficients)) = theta.split_first_chunk::<PARAMETERS>() else { return f64::NAN };
        let parameters = logs.map(f64::exp);
        let rates: Vec<f64> = self.rows.iter().map(|row| exposure::rate(row, coefficients)).collect();
        let sums = sum_over_rows(self.exposures.len(), 1 + theta.len(), |range, sums| {
            let Some((total, gradient)) = sums.split_first_mut() else { return };
            let Some((by_parameter, by_coefficient)) = gradient.split_at_mut_checked(PARAMETERS) else { return };
            for (customer, spans) in self.exposures.customers(range) {
                let rated = || spans.iter().filter_map(|span| Some((span, *rates.get(span.row)?)));
                let (recency, age) = rated().fold((0.0, 0.0), |(recency, age), (span, rate)| {
                    (recency + rate * span.until_recency, age + rate * span.until_end)
                });
                let slopes = bg_nbd(parameters, customer.frequency, recency, age);
                *total += slopes.ln_likelihood;
                for (sum, slope) in by_parameter.iter_mut().zip(slopes.parameters) {
                    *sum += slope;
                }
                let at_purchases = customer.at_purchases.iter().zip(&self.means);
                for ((sum, (at, mean)), coefficient) in by_coefficient.iter_mut().zip(at_purchases).zip(coefficients) {
                    let centred = at - customer.frequency * mean;
                    *total += coefficient * centred;
                    *sum += centred;
                }
                for (span, rate) in rated() {
                    let slope = rate * (slopes.by_recency * span.until_recency + slopes.by_age * span.until_end);
                    let row = self.rows.get(span.row).map_or(&[][..], Vec::as_slice);
                    for (sum, value) in by_coefficient.iter_mut().zip(row) {
                        *sum += slope * value;
                    }
                }
            }
        });
        let Some((total, slopes)) = sums.split_first() else { return f64::NAN };
        for (to, slope) in gradient.iter_mut().zip(slopes) {
            *to += slope;
        }
        *total
    }

    /// From centred covariates back to the given ones: only `ln alpha` changes, by `γ'mean`.
    fn uncentred(&self, maximum: Maximum) -> Maximum {
        let transform = Square::from_fn(maximum.point.len(), |row, column| {
            let mean = column.checked_sub(PARAMETERS).and_then(|effect| self.means.get(effect));
            match mean {
                Some(mean) if row == ALPHA => *mean,
                _ if row == column => 1.0,
                _ => 0.0,
            }
        });
        maximum.moved(&transform)
    }
}

/// The plain model's log-likelihood of one customer and its derivatives.
struct Slopes {
    ln_likelihood: f64,
    /// By the logarithms of the parameters.
    parameters: [f64; PARAMETERS],
    by_recency: f64,
    by_age: f64,
}

/// BG/NBD of a history whose times are operational.
fn bg_nbd([r, alpha, a, b]: [f64; PARAMETERS], frequency: f64, recency: f64, age: f64) -> Slopes {
    let purchases = r + frequency;
    let (at_recency, at_age) = (alpha + recency, alpha + age);
    let stayed = (-purchases * ((age - recency).max(0.0) / at_recency).ln_1p()).exp();
    let left = if frequency > 0.0 { a / (b + frequency - 1.0) } else { 0.0 };
    let either = stayed + left;
    let (stayed, left) = (stayed / either, left / either);
    let (ln_recency, ln_age) = ((recency / alpha).ln_1p(), (age / alpha).ln_1p());
    let leaves = digamma_rise(a + b, frequency);
    let last = if frequency > 0.0 { left / (b + frequency - 1.0) } else { 0.0 };
    Slopes {
        ln_likelihood: ln_rising(r, frequency) + ln_rising(b, frequency)
            - ln_rising(a + b, frequency)
            - r * ln_recency
            - if frequency > 0.0 { frequency * at_recency.ln() } else { 0.0 }
            + either.ln(),
        parameters: [
            r * (digamma_rise(r, frequency) - stayed * ln_age - left * ln_recency),
            r - purchases * alpha * (stayed / at_age + left / at_recency),
            left - a * leaves,
            b * (digamma_rise(b, frequency) - leaves - last),
        ],
        by_recency: -purchases * left / at_recency,
        by_age: -purchases * stayed / at_age,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Ten weeks: season in weeks 3 to 5, a price that changes once.
    fn calendar() -> Calendar {
        let rows =
            (0..10).map(|week| vec![f64::from(u8::from((3..6).contains(&week))), if week < 7 { 2.0 } else { 1.5 }]);
        Calendar::new((0..10).map(f64::from).collect(), 10.0, rows.collect()).unwrap()
    }

    fn exposures(customers: &[(f64, Vec<f64>)]) -> Exposures {
        let mut exposures = Exposures::new(vec!["season".into(), "price".into()]);
        for (number, (first, repeats)) in customers.iter().enumerate() {
            let purchases = Purchases { first: *first, repeats, observed_until: 9.5 };
            exposures.add(&number.to_string(), &purchases, &calendar()).unwrap();
        }
        exposures
    }

    fn some_customers() -> Exposures {
        exposures(&[(0.0, vec![]), (0.5, vec![3.2, 3.9, 9.5]), (2.0, vec![2.5]), (4.5, vec![5.0, 8.25]), (9.5, vec![])])
    }

    #[test]
    fn operational_time_is_time_under_each_rate() {
        let exposures = some_customers();
        // First at 0.5, last at 9.5: 6 weeks out of season, 3 in it; 6.5 at price 2, 2.5 at price 1.5.
        let history = exposures.history(1, &[2.0_f64.ln(), 0.0]).unwrap();
        assert!((history.recency - 12.0).abs() < 1e-12 && (history.age - 12.0).abs() < 1e-12, "{history:?}");
        assert_eq!(history.frequency, 3.0);
        let cheaper = exposures.history(1, &[0.0, 1.0]).unwrap();
        assert!((cheaper.age - 6.5 * 2.0_f64.exp() - 2.5 * 1.5_f64.exp()).abs() < 1e-12, "{cheaper:?}");
        assert_eq!(exposures.history(5, &[0.0, 0.0]), None);
        let ahead = calendar().operational_time(&[2.0_f64.ln(), 0.0], 2.5, 4.0).unwrap();
        assert!((ahead - 2.5).abs() < 1e-12, "{ahead}");
    }

    #[test]
    fn without_effects_it_is_the_plain_model() {
        let exposures = some_customers();
        let parameters: [f64; 4] = [0.4, 6.0, 0.9, 2.0];
        let theta: Vec<f64> = parameters.iter().map(|parameter| parameter.ln()).chain([0.0, 0.0]).collect();
        let value = Problem::new(&exposures, vec![0.4, 1.8]).ln_likelihood(&theta, &mut [0.0; 6]);
        let plain: f64 = (0..exposures.len())
            .map(|customer| exposures.history(customer, &[0.0, 0.0]).unwrap())
            .map(|history| BgNbd.ln_likelihood(&parameters, &history, 1.0, &mut [0.0; 4]))
            .sum();
        assert!((value - plain).abs() < 1e-12, "{value} {plain}");
    }

    #[test]
    fn a_constant_covariate_is_a_change_of_alpha() {
        // At a covariate of 1 throughout, the rate is λ e^γ: the plain model with alpha e^−γ.
        let always = Calendar::new(vec![0.0], 10.0, vec![vec![1.0]]).unwrap();
        let mut exposures = Exposures::new(vec!["always".into()]);
        for (key, repeats) in [("1", vec![1.0, 2.5, 6.0]), ("2", vec![]), ("3", vec![9.0])] {
            exposures.add(key, &Purchases { first: 0.0, repeats: &repeats, observed_until: 9.5 }, &always).unwrap();
        }
        let problem = Problem::new(&exposures, vec![0.0]);
        let at = |alpha: f64, effect: f64| {
            problem.ln_likelihood(&[0.4_f64.ln(), alpha.ln(), 0.9_f64.ln(), 2.0_f64.ln(), effect], &mut [0.0; 5])
        };
        assert!((at(6.0, 0.7) - at(6.0 * (-0.7_f64).exp(), 0.0)).abs() < 1e-12);
        let error = TimeVarying::fit(&exposures).unwrap_err();
        assert!(error.message().contains("`always` never varies"), "{error}");
    }

    #[test]
    fn what_cannot_be_is_refused_with_the_customer() {
        let mut exposures = Exposures::new(vec!["season".into(), "price".into()]);
        for (first, repeats, until, message) in [
            (3.0, vec![2.0], 9.0, "comes before 3"),
            (3.0, vec![4.0, f64::NAN], 9.0, "comes before 4"),
            (3.0, vec![4.0], 12.0, "needed from 3 to 12"),
            (-1.0, vec![4.0], 9.0, "needed from -1 to 9"),
        ] {
            let purchases = Purchases { first, repeats: &repeats, observed_until: until };
            let error = exposures.add("C7", &purchases, &calendar()).unwrap_err().to_string();
            assert!(error.starts_with("customer C7: ") && error.contains(message), "{error}");
        }
        assert!(exposures.is_empty() && TimeVarying::fit(&exposures).is_err());
        assert!(Calendar::new(vec![1.0, 1.0], 3.0, vec![vec![0.0]; 2]).is_err());
        assert!(Calendar::new(vec![1.0, 2.0], 3.0, vec![vec![0.0], vec![f64::NAN]]).is_err());
        assert!(calendar().operational_time(&[0.5], 0.0, 1.0).is_err());
    }

    proptest! {
        #[test]
        fn gradient_is_that_of_central_differences(
            logs in proptest::array::uniform4(-2.0_f64..2.0),
            effects in proptest::array::uniform2(-1.5_f64..1.5),
        ) {
            let exposures = some_customers();
            let problem = Problem::new(&exposures, vec![0.3, 1.8]);
            let theta: Vec<f64> = logs.into_iter().chain(effects).collect();
            let mut gradient = [0.0; 6];
            let value = problem.ln_likelihood(&theta, &mut gradient);
            for (index, slope) in gradient.iter().enumerate() {
                let beside = |step: f64| {
                    let mut moved = theta.clone();
                    moved[index] += step;
                    problem.ln_likelihood(&moved, &mut [0.0; 6])
                };
                let difference = (beside(1e-4) - beside(-1e-4)) / 2e-4;
                prop_assert!((slope - difference).abs() < 1e-6 * (1.0 + value.abs()), "{index}: {slope} {difference}");
            }
        }
    }
}
