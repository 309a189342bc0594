//! Prior distributions: their text, their densities on an unbounded scale, and what pictures of them need.

mod text;

use std::f64::consts::PI;

use mercer_stats::special::{ln_beta, ln_gamma, normal_quantile};
#[cfg(test)]
use rand::{RngExt, SeedableRng};
#[cfg(test)]
use rand_chacha::ChaCha8Rng;
use statrs::distribution::{Beta, Continuous, ContinuousCDF, Gamma, Normal, StudentsT};

/// A distribution of one unknown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Prior {
    /// Mean and standard deviation.
    Normal { mean: f64, sd: f64 },
    /// The absolute value of a normal of mean 0 and standard deviation `sd`.
    HalfNormal { sd: f64 },
    /// Its logarithm is normal.
    LogNormal { mean: f64, sd: f64 },
    /// Mean `shape / rate`.
    Gamma { shape: f64, rate: f64 },
    /// Within 0 and 1, mean `a / (a + b)`.
    Beta { a: f64, b: f64 },
    /// As likely anywhere between the two.
    Uniform { low: f64, high: f64 },
    /// Two exponential tails around `centre`.
    Laplace { centre: f64, scale: f64 },
    /// A normal of that mean and standard deviation cut off at `low` and `high`, either of which can be infinite.
    TruncatedNormal { mean: f64, sd: f64, low: f64, high: f64 },
    /// Mean `1 / rate`.
    Exponential { rate: f64 },
    /// The absolute value of a Cauchy distribution: half of it below `scale`.
    HalfCauchy { scale: f64 },
    /// Student's t with `df` degrees of freedom.
    StudentT { df: f64, centre: f64, scale: f64 },
    /// Known: no unknown at all.
    Fixed { value: f64 },
}

/// A prior at a point of the unbounded scale `q`, on which samplers move.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Term {
    /// The unknown on its own scale.
    pub(crate) value: f64,
    /// Its derivative by `q`.
    pub(crate) slope: f64,
    /// Log density of `q`: of the unknown, and of the change of scale (the log Jacobian), less [`Prior::ln_constant`].
    pub(crate) ln_density: f64,
    /// Derivative of that by `q`.
    pub(crate) gradient: f64,
}

impl Prior {
    /// Smallest and largest values possible.
    pub(crate) fn support(&self) -> (f64, f64) {
        match *self {
            Self::Normal { .. } | Self::Laplace { .. } | Self::StudentT { .. } => (f64::NEG_INFINITY, f64::INFINITY),
            Self::Beta { .. } => (0.0, 1.0),
            Self::Uniform { low, high } | Self::TruncatedNormal { low, high, .. } => (low, high),
            Self::Fixed { value } => (value, value),
            Self::HalfNormal { .. }
            | Self::LogNormal { .. }
            | Self::Gamma { .. }
            | Self::Exponential { .. }
            | Self::HalfCauchy { .. } => (0.0, f64::INFINITY),
        }
    }

    /// The part of the log density that does not depend on the unknown.
    pub(crate) fn ln_constant(&self) -> f64 {
        match *self {
            Self::Normal { sd, .. } | Self::LogNormal { sd, .. } => -ln_normal_scale(sd),
            Self::HalfNormal { sd } => std::f64::consts::LN_2 - ln_normal_scale(sd),
            Self::Gamma { shape, rate } => shape * rate.ln() - ln_gamma(shape),
            Self::Beta { a, b } => -ln_beta(a, b),
            Self::Laplace { scale, .. } => -(2.0 * scale).ln(),
            Self::TruncatedNormal { mean, sd, low, high } => {
                -ln_normal_scale(sd) - normal_mass((low - mean) / sd, (high - mean) / sd).ln()
            }
            Self::Exponential { rate } => rate.ln(),
            Self::HalfCauchy { scale } => (2.0 / (PI * scale)).ln(),
            Self::StudentT { df, scale, .. } => {
                ln_gamma(0.5 * (df + 1.0)) - ln_gamma(0.5 * df) - 0.5 * (df * PI).ln() - scale.ln()
            }
            Self::Uniform { .. } | Self::Fixed { .. } => 0.0,
        }
    }

    /// The unknown, its slope, and the log density with its gradient at `q`, any number.
    ///
    /// `q` is the unknown itself where it is unbounded, its logarithm (of the distance to the bound) with one bound, and its
    /// log-odds between two bounds. The Jacobian is multiplied in by hand, so that nothing is lost near the bounds.
    pub(crate) fn at(&self, q: f64) -> Term {
        match *self {
            Self::Normal { mean, sd } => normal_term(q, 1.0, q, mean, sd, 0.0, 0.0),
            Self::Laplace { centre, scale } => {
                let away = (q - centre) / scale;
                let gradient = if away == 0.0 { 0.0 } else { -away.signum() / scale };
                Term { value: q, slope: 1.0, ln_density: -away.abs(), gradient }
            }
            Self::StudentT { df, centre, scale } => {
                let away = (q - centre) / scale;
                let tail = away * away / df;
                let gradient = -(df + 1.0) * away / (df * scale * (1.0 + tail));
                Term { value: q, slope: 1.0, ln_density: -0.5 * (df + 1.0) * tail.ln_1p(), gradient }
            }
            Self::LogNormal { mean, sd } => {
                let value = q.exp();
                Term { value, slope: value, ..normal_term(q, 1.0, q, mean, sd, 0.0, 0.0) }
            }
            Self::HalfNormal { sd } => {
                let value = q.exp();
                normal_term(value, value, value, 0.0, sd, q, 1.0)
            }
            Self::Gamma { shape, rate } => gamma_term(q, shape, rate),
            Self::Exponential { rate } => gamma_term(q, 1.0, rate),
            Self::HalfCauchy { scale } => {
                let value = q.exp();
                let square = (value / scale) * (value / scale);
                // 2 s² / (1 + s²), written so that a large s does not overflow.
                let pull = if square > 1.0 { 2.0 / (1.0 + 1.0 / square) } else { 2.0 * square / (1.0 + square) };
                Term { value, slope: value, ln_density: q - square.ln_1p(), gradient: 1.0 - pull }
            }
            Self::Beta { a, b } => {
                let within = Within::at(q);
                Term {
                    value: within.share,
                    slope: within.slope,
                    ln_density: a * within.ln_share + b * within.ln_rest,
                    gradient: a * within.rest - b * within.share,
                }
            }
            Self::Uniform { low, high } => {
                let within = Within::at(q);
                Term {
                    value: low + (high - low) * within.share,
                    slope: (high - low) * within.slope,
                    ln_density: within.ln_share + within.ln_rest,
                    gradient: within.rest - within.share,
                }
            }
            Self::TruncatedNormal { mean, sd, low, high } => match (low.is_finite(), high.is_finite()) {
                (true, true) => {
                    let within = Within::at(q);
                    let value = low + (high - low) * within.share;
                    let slope = (high - low) * within.slope;
                    let ln_slope = (high - low).ln() + within.ln_share + within.ln_rest;
                    normal_term(value, slope, value, mean, sd, ln_slope, within.rest - within.share)
                }
                (true, false) => {
                    let above = q.exp();
                    normal_term(low + above, above, low + above, mean, sd, q, 1.0)
                }
                (false, true) => {
                    let below = q.exp();
                    normal_term(high - below, -below, high - below, mean, sd, q, 1.0)
                }
                (false, false) => normal_term(q, 1.0, q, mean, sd, 0.0, 0.0),
            },
            Self::Fixed { value } => Term { value, slope: 0.0, ln_density: 0.0, gradient: 0.0 },
        }
    }

    /// The point of the unbounded scale that stands for `value`; infinite at a bound.
    pub(crate) fn unbounded(&self, value: f64) -> f64 {
        if matches!(self, Self::Fixed { .. }) {
            return 0.0;
        }
        match self.support() {
            (low, high) if low.is_finite() && high.is_finite() => ((value - low) / (high - value)).ln(),
            (low, _) if low.is_finite() => (value - low).ln(),
            (_, high) if high.is_finite() => (high - value).ln(),
            _ => value,
        }
    }

    /// Log density of the unknown on its own scale; minus infinity outside its support.
    #[cfg(test)]
    pub(crate) fn ln_density(&self, value: f64) -> f64 {
        let (low, high) = self.support();
        if value < low || value > high || matches!(self, Self::Fixed { .. }) {
            return if low == high && value == low { 0.0 } else { f64::NEG_INFINITY };
        }
        let term = self.at(self.unbounded(value));
        self.ln_constant() + term.ln_density - term.slope.abs().ln()
    }

    /// Mean; not finite where there is none.
    pub(crate) fn mean(&self) -> f64 {
        match *self {
            Self::Normal { mean, .. } => mean,
            Self::HalfNormal { sd } => sd * (2.0 / PI).sqrt(),
            Self::LogNormal { mean, sd } => (mean + 0.5 * sd * sd).exp(),
            Self::Gamma { shape, rate } => shape / rate,
            Self::Beta { a, b } => a / (a + b),
            Self::Uniform { low, high } => 0.5 * (low + high),
            Self::Laplace { centre, .. } => centre,
            Self::TruncatedNormal { mean, sd, low, high } => mean + sd * cut_moments(mean, sd, low, high).0,
            Self::Exponential { rate } => 1.0 / rate,
            Self::HalfCauchy { .. } => f64::INFINITY,
            Self::StudentT { df, centre, .. } => {
                if df > 1.0 {
                    centre
                } else {
                    f64::NAN
                }
            }
            Self::Fixed { value } => value,
        }
    }

    /// Standard deviation; not finite where there is none.
    pub(crate) fn sd(&self) -> f64 {
        match *self {
            Self::Normal { sd, .. } => sd,
            Self::HalfNormal { sd } => sd * (1.0 - 2.0 / PI).sqrt(),
            Self::LogNormal { mean, sd } => (mean + 0.5 * sd * sd).exp() * (sd * sd).exp_m1().sqrt(),
            Self::Gamma { shape, rate } => shape.sqrt() / rate,
            Self::Beta { a, b } => (a * b / (a + b + 1.0)).sqrt() / (a + b),
            Self::Uniform { low, high } => (high - low) / 12.0_f64.sqrt(),
            Self::Laplace { scale, .. } => scale * std::f64::consts::SQRT_2,
            Self::TruncatedNormal { mean, sd, low, high } => sd * cut_moments(mean, sd, low, high).1.max(0.0).sqrt(),
            Self::Exponential { rate } => 1.0 / rate,
            Self::HalfCauchy { .. } => f64::INFINITY,
            Self::StudentT { df, scale, .. } => {
                if df > 2.0 {
                    scale * (df / (df - 2.0)).sqrt()
                } else {
                    f64::INFINITY
                }
            }
            Self::Fixed { .. } => 0.0,
        }
    }

    /// Quantile at `share`, within 0 and 1; `NaN` outside.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        if !(0.0..=1.0).contains(&share) {
            return f64::NAN;
        }
        match *self {
            Self::Normal { mean, sd } => mean + sd * normal_quantile(share),
            Self::HalfNormal { sd } => sd * normal_quantile(0.5 + 0.5 * share),
            Self::LogNormal { mean, sd } => (mean + sd * normal_quantile(share)).exp(),
            Self::Gamma { shape, rate } => {
                // statrs looks for the quantile of rate 1 best.
                Gamma::new(shape, 1.0).map_or(f64::NAN, |gamma| gamma.inverse_cdf(share) / rate)
            }
            Self::Beta { a, b } => Beta::new(a, b).map_or(f64::NAN, |beta| beta.inverse_cdf(share)),
            Self::Uniform { low, high } => low + (high - low) * share,
            Self::Laplace { centre, scale } if share < 0.5 => centre + scale * (2.0 * share).ln(),
            Self::Laplace { centre, scale } => centre - scale * (2.0 * (1.0 - share)).ln(),
            Self::TruncatedNormal { mean, sd, low, high } => {
                let below = normal_cdf((low - mean) / sd);
                let cut = mean + sd * normal_quantile(below + share * (normal_cdf((high - mean) / sd) - below));
                cut.clamp(low, high)
            }
            Self::Exponential { rate } => -(-share).ln_1p() / rate,
            Self::HalfCauchy { scale } => scale * (0.5 * PI * share).tan(),
            Self::StudentT { df, centre, scale } => {
                StudentsT::new(0.0, 1.0, df).map_or(f64::NAN, |t| centre + scale * t.inverse_cdf(share))
            }
            Self::Fixed { value } => value,
        }
    }

    /// One draw, by the inverse of the distribution function.
    #[cfg(test)]
    pub(crate) fn draw(&self, chance: &mut ChaCha8Rng) -> f64 {
        // Midpoints of 2⁵³ steps: never quite 0 or 1, where quantiles can be infinite.
        let share = (chance.random::<f64>() + f64::EPSILON / 4.0).min(1.0 - f64::EPSILON / 2.0);
        self.quantile(share)
    }

    /// `count` draws with a seed of their own, for pictures.
    #[cfg(test)]
    pub(crate) fn draws(&self, count: usize, seed: mercer_base::Seed) -> Vec<f64> {
        let mut chance = ChaCha8Rng::seed_from_u64(seed.0);
        (0..count).map(|_| self.draw(&mut chance)).collect()
    }
}

/// A point between two bounds: its share of the way, the rest, and their logarithms, all to full accuracy.
struct Within {
    share: f64,
    rest: f64,
    slope: f64,
    ln_share: f64,
    ln_rest: f64,
}

impl Within {
    fn at(q: f64) -> Self {
        let small = (-q.abs()).exp();
        let (near, far) = (1.0 / (1.0 + small), small / (1.0 + small));
        let tail = small.ln_1p();
        let (share, rest) = if q >= 0.0 { (near, far) } else { (far, near) };
        Self { share, rest, slope: near * far, ln_share: q.min(0.0) - tail, ln_rest: (-q).min(0.0) - tail }
    }
}

/// The term of a normal density in `x`, where `value` has the given slope and log Jacobian with its gradient.
fn normal_term(value: f64, slope: f64, x: f64, mean: f64, sd: f64, ln_slope: f64, ln_slope_gradient: f64) -> Term {
    let away = (x - mean) / sd;
    Term { value, slope, ln_density: -0.5 * away * away + ln_slope, gradient: -away / sd * slope + ln_slope_gradient }
}

fn gamma_term(q: f64, shape: f64, rate: f64) -> Term {
    let value = q.exp();
    Term { value, slope: value, ln_density: shape * q - rate * value, gradient: shape - rate * value }
}

/// `ln(sd √(2π))`.
fn ln_normal_scale(sd: f64) -> f64 {
    sd.ln() + 0.5 * (2.0 * PI).ln()
}

fn normal_cdf(z: f64) -> f64 {
    Normal::standard().cdf(z)
}

/// Probability of a standard normal between two points, from the nearer tail so that its digits are kept.
fn normal_mass(low: f64, high: f64) -> f64 {
    if low > 0.0 { normal_cdf(-low) - normal_cdf(-high) } else { normal_cdf(high) - normal_cdf(low) }
}

/// Mean and variance of a standard normal cut off at the two bounds, those given on the scale of `mean` and `sd`.
fn cut_moments(mean: f64, sd: f64, low: f64, high: f64) -> (f64, f64) {
    let (a, b) = ((low - mean) / sd, (high - mean) / sd);
    let mass = normal_mass(a, b);
    let density = |z: f64| if z.is_finite() { Normal::standard().pdf(z) } else { 0.0 };
    let weighted = |z: f64| if z.is_finite() { z * density(z) } else { 0.0 };
    let shift = (density(a) - density(b)) / mass;
    (shift, 1.0 + (weighted(a) - weighted(b)) / mass - shift * shift)
}

#[cfg(test)]
mod tests;
