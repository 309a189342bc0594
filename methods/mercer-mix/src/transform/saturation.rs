//! Saturation: how an effect wears off as an exposure grows, and its derivatives.
//!
//! Formulas as in Jin et al. (2017), eq. 4 (Hill), and the documentation of pymc-marketing (the others).

use serde::{Deserialize, Serialize};

use super::lanes::{each, exp, pull_each};
use crate::params::Saturation;

/// Slopes at 0 are taken here instead, as some curves rise without limit there.
const SMALLEST: f64 = 1e-9;

/// A curve with its parameters.
///
/// Logistic, Michaelis–Menten and logarithm have λ, tanh its scale, root its exponent, Hill half-saturation k and slope s.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Curve {
    kind: Saturation,
    parameters: [f64; 2],
    /// 0 where effects add up. Where they multiply by `exp(compound · curve)`, the value is `(exp(compound · curve) − 1) / compound`.
    compound: f64,
}

impl Curve {
    /// The curve of that kind (`Auto` counts as `None`), with as many of the parameters as it has.
    pub(crate) fn new(kind: Saturation, parameters: [f64; 2]) -> Self {
        Self { kind, parameters, compound: 0.0 }
    }

    /// The curve as a factor `exp(compound · curve)` on the outcome makes it.
    pub(crate) fn compounded(self, compound: f64) -> Self {
        Self { compound, ..self }
    }

    /// Names of the parameters that curves of a kind have.
    pub(crate) fn names(kind: Saturation) -> &'static [&'static str] {
        match kind {
            Saturation::Logistic | Saturation::MichaelisMenten | Saturation::Log => &["lam"],
            Saturation::Tanh => &["c"],
            Saturation::Hill => &["kappa", "slope"],
            Saturation::Root => &["alpha"],
            Saturation::Auto | Saturation::None => &[],
        }
    }

    /// Whether each further unit is known to bring no more than the one before.
    #[cfg(test)]
    pub(crate) fn is_concave(&self) -> bool {
        let [first, slope] = self.parameters;
        let concave = match self.kind {
            Saturation::Hill => slope <= 1.0,
            Saturation::Root => first <= 1.0,
            _ => true,
        };
        concave && self.compound <= 0.0
    }

    /// The effect of exposure `x`, at least 0.
    pub(crate) fn value(&self, x: f64) -> f64 {
        let plain = self.plain(x);
        if self.compound == 0.0 { plain } else { (self.compound * plain).exp_m1() / self.compound }
    }

    /// The effect of one more unit of exposure, finite at 0 also where the curve rises vertically.
    pub(crate) fn slope(&self, x: f64) -> f64 {
        let x = x.max(SMALLEST);
        let plain = self.plain(x);
        let [by_x, ..] = self.derivatives(x, plain);
        if self.compound == 0.0 { by_x } else { by_x * (self.compound * plain).exp() }
    }

    fn plain(&self, x: f64) -> f64 {
        let [first, second] = self.parameters;
        match self.kind {
            Saturation::Logistic => (0.5 * first * x).tanh(),
            Saturation::Tanh => (x / first).tanh(),
            Saturation::MichaelisMenten => x / (first + x),
            Saturation::Hill if second == 1.0 => x / (first + x),
            Saturation::Hill => hill(x, first.ln(), second),
            Saturation::Root => root(x, first),
            Saturation::Log => (first * x).ln_1p(),
            Saturation::Auto | Saturation::None => x,
        }
    }

    /// Derivatives by `x` and both parameters where the value is `y`.
    fn derivatives(&self, x: f64, y: f64) -> [f64; 3] {
        let [first, second] = self.parameters;
        match self.kind {
            Saturation::Logistic => logistic_derivatives(x, y, first),
            Saturation::Tanh => tanh_derivatives(x, y, 1.0 / first),
            Saturation::MichaelisMenten => hill_one_derivatives(y, 1.0 / first),
            Saturation::Hill if second == 1.0 => hill_derivatives(x, y, first.ln(), 1.0 / first, 1.0),
            Saturation::Hill => hill_derivatives(x, y, first.ln(), 1.0 / first, second),
            Saturation::Root => root_derivatives(x, y, first),
            Saturation::Log => log_derivatives(x, first),
            Saturation::Auto | Saturation::None => [1.0, 0.0, 0.0],
        }
    }

    /// The effect of each exposure of a series, effects adding up.
    pub(super) fn apply(&self, series: &[f64], out: &mut [f64]) {
        let [first, second] = self.parameters;
        match self.kind {
            Saturation::Logistic => each(
                series,
                out,
                #[inline(always)]
                |x| squash(first * x),
            ),
            Saturation::Tanh => {
                let rate = 2.0 / first;
                each(
                    series,
                    out,
                    #[inline(always)]
                    |x| squash(rate * x),
                );
            }
            Saturation::MichaelisMenten => each(
                series,
                out,
                #[inline(always)]
                |x| x / (first + x),
            ),
            Saturation::Hill if second == 1.0 => each(
                series,
                out,
                #[inline(always)]
                |x| x / (first + x),
            ),
            Saturation::Hill => {
                let ln_half = first.ln();
                each(series, out, |x| hill(x, ln_half, second));
            }
            Saturation::Root => each(series, out, |x| root(x, first)),
            Saturation::Log => each(series, out, |x| (first * x).ln_1p()),
            Saturation::Auto | Saturation::None => out.copy_from_slice(series),
        }
    }

    /// Of `Σ pull · effect` the derivatives by the series, into `out`, and by both parameters; `effect` as [`Curve::apply`] gave.
    ///
    /// `slope_is_fixed` says that the derivative by a Hill curve's slope is not needed, which saves a logarithm for each value.
    pub(super) fn pull(
        &self,
        (series, effect): (&[f64], &[f64]),
        pull: &[f64],
        slope_is_fixed: bool,
        out: &mut [f64],
    ) -> [f64; 2] {
        let [first, second] = self.parameters;
        let inverse = 1.0 / first;
        match self.kind {
            Saturation::Logistic => pull_each(
                series,
                effect,
                pull,
                out,
                #[inline(always)]
                |x, y| logistic_derivatives(x, y, first),
            ),
            Saturation::Tanh => pull_each(
                series,
                effect,
                pull,
                out,
                #[inline(always)]
                |x, y| tanh_derivatives(x, y, inverse),
            ),
            Saturation::MichaelisMenten => pull_each(
                series,
                effect,
                pull,
                out,
                #[inline(always)]
                |_, y| hill_one_derivatives(y, inverse),
            ),
            Saturation::Hill if second == 1.0 && slope_is_fixed => pull_each(
                series,
                effect,
                pull,
                out,
                #[inline(always)]
                |_, y| hill_one_derivatives(y, inverse),
            ),
            Saturation::Hill => {
                let ln_half = first.ln();
                pull_each(series, effect, pull, out, |x, y| hill_derivatives(x, y, ln_half, inverse, second))
            }
            Saturation::Root => pull_each(series, effect, pull, out, |x, y| root_derivatives(x, y, first)),
            Saturation::Log => pull_each(
                series,
                effect,
                pull,
                out,
                #[inline(always)]
                |x, _| log_derivatives(x, first),
            ),
            Saturation::Auto | Saturation::None => {
                out.copy_from_slice(pull);
                [0.0; 2]
            }
        }
    }
}

/// `(1 − e^−z) / (1 + e^−z)` for `z` of at least 0; relative to its largest value 1, exact to rounding.
#[inline(always)]
fn squash(z: f64) -> f64 {
    let left = exp(-z);
    (1.0 - left) / (1.0 + left)
}

#[inline(always)]
fn logistic_derivatives(x: f64, y: f64, lambda: f64) -> [f64; 3] {
    let half = 0.5 * (1.0 - y * y);
    [lambda * half, x * half, 0.0]
}

#[inline(always)]
fn tanh_derivatives(x: f64, y: f64, inverse: f64) -> [f64; 3] {
    let by_x = inverse * (1.0 - y * y);
    [by_x, -by_x * x * inverse, 0.0]
}

/// Of `x / (k + x)`, from its value alone: `1 − y = k / (k + x)`.
#[inline(always)]
fn hill_one_derivatives(y: f64, inverse: f64) -> [f64; 3] {
    let left = (1.0 - y) * inverse;
    [(1.0 - y) * left, -y * left, 0.0]
}

/// `x^s / (k^s + x^s)`, 0 at 0.
#[inline(always)]
fn hill(x: f64, ln_half: f64, slope: f64) -> f64 {
    if x > 0.0 { 1.0 / (1.0 + (slope * (ln_half - x.ln())).exp()) } else { 0.0 }
}

/// Nothing at 0, where the derivative by a parameter is 0 and media cannot have made it otherwise.
#[inline(always)]
fn hill_derivatives(x: f64, y: f64, ln_half: f64, inverse: f64, slope: f64) -> [f64; 3] {
    if x > 0.0 {
        let spread = y * (1.0 - y);
        [slope * spread / x, -slope * spread * inverse, spread * (x.ln() - ln_half)]
    } else {
        [0.0; 3]
    }
}

/// `x^a`, 0 at 0.
#[inline(always)]
fn root(x: f64, exponent: f64) -> f64 {
    if x > 0.0 { (exponent * x.ln()).exp() } else { 0.0 }
}

#[inline(always)]
fn root_derivatives(x: f64, y: f64, exponent: f64) -> [f64; 3] {
    if x > 0.0 { [exponent * y / x, y * x.ln(), 0.0] } else { [0.0; 3] }
}

#[inline(always)]
fn log_derivatives(x: f64, rate: f64) -> [f64; 3] {
    let inverse = 1.0 / (1.0 + rate * x);
    [rate * inverse, x * inverse, 0.0]
}

#[cfg(test)]
mod tests {
    use super::*;

    const CURVES: [(Saturation, [f64; 2]); 8] = [
        (Saturation::Logistic, [3.0, 0.0]),
        (Saturation::Tanh, [0.8, 0.0]),
        (Saturation::MichaelisMenten, [0.6, 0.0]),
        (Saturation::Hill, [0.7, 1.0]),
        (Saturation::Hill, [0.7, 2.3]),
        (Saturation::Root, [0.4, 0.0]),
        (Saturation::Log, [2.0, 0.0]),
        (Saturation::None, [0.0, 0.0]),
    ];

    #[track_caller]
    fn close(what: &str, value: f64, expected: f64, tolerance: f64) {
        assert!(
            (value - expected).abs() <= tolerance * expected.abs().max(1.0),
            "{what}: {value}, expected {expected}"
        );
    }

    #[test]
    fn values_are_those_of_the_formulas() {
        let value = |kind, parameters, x| Curve::new(kind, parameters).value(x);
        // (1 − e^−2) / (1 + e^−2), tanh(½), ½ / (½ + 2), 3² / (1² + 3²), 4^½, ln(1 + 2 · 3).
        close("logistic", value(Saturation::Logistic, [4.0, 0.0], 0.5), 0.761_594_155_955_764_9, 1e-15);
        close("tanh", value(Saturation::Tanh, [2.0, 0.0], 1.0), 0.462_117_157_260_009_76, 1e-15);
        close("michaelis-menten", value(Saturation::MichaelisMenten, [2.0, 0.0], 0.5), 0.2, 1e-15);
        close("hill", value(Saturation::Hill, [1.0, 2.0], 3.0), 0.9, 1e-15);
        close("root", value(Saturation::Root, [0.5, 0.0], 4.0), 2.0, 1e-15);
        close("log", value(Saturation::Log, [2.0, 0.0], 3.0), 7.0_f64.ln(), 1e-15);
        close("none", value(Saturation::None, [0.0, 0.0], 3.0), 3.0, 0.0);
    }

    #[test]
    fn series_have_the_values_of_single_points_and_their_derivatives_those_of_differences() {
        let series: Vec<f64> = (0..21).map(|step| f64::from(step) * 0.17).collect();
        let pull: Vec<f64> = (0..21).map(|step| f64::from(step % 5) - 1.7).collect();
        for (kind, parameters) in CURVES {
            let what = format!("{kind:?} {parameters:?}");
            let curve = Curve::new(kind, parameters);
            let (mut effect, mut by_series) = (vec![0.0; 21], vec![0.0; 21]);
            curve.apply(&series, &mut effect);
            let by_parameters = curve.pull((&series, &effect), &pull, false, &mut by_series);
            // Central differences with a step of 1e-6: errors of some 1e-10; single and series exp differ by rounding.
            for (at, x) in series.iter().enumerate() {
                close(&what, effect[at], curve.value(*x), 1e-15);
                if *x > 0.0 {
                    let difference = (curve.value(x + 1e-6) - curve.value(x - 1e-6)) / 2e-6;
                    close(&what, by_series[at], pull[at] * difference, 1e-8);
                    close(&what, curve.slope(*x), difference, 1e-8);
                }
            }
            for at in 0..Curve::names(kind).len() {
                let sum = |by: f64| -> f64 {
                    let mut moved = parameters;
                    moved[at] += by;
                    series.iter().zip(&pull).map(|(x, pull)| pull * Curve::new(kind, moved).value(*x)).sum()
                };
                close(&what, by_parameters[at], (sum(1e-6) - sum(-1e-6)) / 2e-6, 1e-7);
            }
        }
    }

    #[test]
    fn nothing_brings_nothing_and_slopes_stay_finite() {
        for (kind, parameters) in CURVES {
            for compound in [0.0, 0.3] {
                let curve = Curve::new(kind, parameters).compounded(compound);
                assert_eq!(curve.value(0.0), 0.0, "{kind:?}");
                assert!(curve.slope(0.0).is_finite() && curve.slope(0.0) > 0.0, "{kind:?}");
                assert!(curve.value(1e12).is_finite() || kind == Saturation::None || compound > 0.0, "{kind:?}");
            }
        }
    }

    #[test]
    fn only_curves_that_bend_down_throughout_are_concave() {
        for (kind, parameters) in CURVES {
            let curve = Curve::new(kind, parameters);
            let slopes: Vec<f64> = (1..60).map(|step| curve.slope(f64::from(step) * 0.05)).collect();
            let falls = slopes.windows(2).all(|pair| pair[1] <= pair[0]);
            assert_eq!(curve.is_concave(), falls, "{kind:?}");
            assert!(!curve.compounded(0.1).is_concave());
        }
    }

    #[test]
    fn compounding_is_that_of_growth() {
        let curve = Curve::new(Saturation::Logistic, [3.0, 0.0]).compounded(0.5);
        let plain = Curve::new(Saturation::Logistic, [3.0, 0.0]).value(0.4);
        close("value", curve.value(0.4), ((0.5 * plain).exp() - 1.0) / 0.5, 1e-14);
        let difference = (curve.value(0.4 + 1e-6) - curve.value(0.4 - 1e-6)) / 2e-6;
        close("slope", curve.slope(0.4), difference, 1e-8);
    }
}
