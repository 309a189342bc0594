//! How the outcome scatters around the model's mean.

use std::f64::consts::PI;

use mercer_base::Result;
use mercer_stats::special::{digamma, ln_gamma};

use super::defaults;
use rand_chacha::ChaCha8Rng;
use rand_distr::{ChiSquared, Distribution, StandardNormal};

use crate::params::{Noise as Kind, Params};
use crate::prior::Prior;
use crate::space::{Domain, Layout};
use crate::transform::lanes::{dot, vectorised};

/// The scatter: normal, or Student's t.
#[derive(Debug, Clone)]
pub(super) struct Noise {
    /// Entry of the scale.
    sigma: usize,
    /// Entry of the degrees of freedom of Student's t.
    degrees: Option<usize>,
    /// The scaled outcome, period by period; 0 where it is missing.
    outcome: Vec<f64>,
    /// 1 where there is an outcome and 0 where not; `None` where there is one throughout.
    known: Option<Vec<f64>>,
    /// Number of rows with an outcome.
    count: f64,
}

impl Noise {
    /// Lays out the unknowns; the outcome is scaled, period by period, `NaN` where it is missing.
    ///
    /// # Errors
    /// When a prior does not fit.
    pub(super) fn new(params: &Params, mut outcome: Vec<f64>, several: bool, layout: &mut Layout) -> Result<Self> {
        let scale = Prior::HalfNormal { sd: if several { 5.0 } else { 2.0 } };
        let sigma = layout.add("y_sigma", Domain::Positive, scale)?;
        let degrees = match params.noise {
            Kind::Normal => None,
            Kind::StudentT => Some(layout.add("y_nu", Domain::Positive, defaults::DEGREES)?),
        };
        let flags: Vec<f64> = outcome.iter().map(|outcome| if outcome.is_nan() { 0.0 } else { 1.0 }).collect();
        let count = flags.iter().sum();
        let known = outcome.iter().any(|outcome| outcome.is_nan()).then_some(flags);
        outcome.iter_mut().filter(|outcome| outcome.is_nan()).for_each(|outcome| *outcome = 0.0);
        Ok(Self { sigma, degrees, outcome, known, count })
    }

    /// The scaled outcome, period by period; 0 where it is missing.
    pub(super) fn outcome(&self) -> &[f64] {
        &self.outcome
    }

    /// The scaled outcome, period by period; `NaN` where it is missing.
    pub(super) fn known_outcome(&self) -> Vec<f64> {
        let is_known = |row: usize| self.known.as_ref().is_none_or(|known| known[row] != 0.0);
        self.outcome.iter().enumerate().map(|(row, outcome)| if is_known(row) { *outcome } else { f64::NAN }).collect()
    }

    /// Takes another outcome, known throughout.
    #[cfg(test)]
    pub(super) fn learn_from(&mut self, outcome: Vec<f64>) {
        (self.count, self.known) = (outcome.len() as f64, None);
        self.outcome = outcome;
    }

    /// The log likelihood of the outcome where `mean` is expected; replaces `mean` by the derivatives by it and adds those by the
    /// parameters to `by_value`.
    pub(super) fn pull(&self, values: &[f64], mean: &mut [f64], by_value: &mut [f64]) -> f64 {
        let sigma = values[self.sigma];
        vectorised(
            #[inline(always)]
            || {
                for (mean, outcome) in mean.iter_mut().zip(&self.outcome) {
                    *mean = outcome - *mean;
                }
                if let Some(known) = &self.known {
                    for (mean, known) in mean.iter_mut().zip(known) {
                        *mean *= known;
                    }
                }
            },
        );
        let Some(degrees) = self.degrees else {
            let squares = dot(mean, mean);
            let precision = 1.0 / (sigma * sigma);
            mean.iter_mut().for_each(|residual| *residual *= precision);
            by_value[self.sigma] += (squares * precision - self.count) / sigma;
            return -0.5 * squares * precision - self.count * (sigma.ln() + 0.5 * (2.0 * PI).ln());
        };
        let nu = values[degrees];
        let inverse = 1.0 / (nu * sigma * sigma);
        let (mut logarithms, mut shares) = (0.0, 0.0);
        for residual in mean.iter_mut() {
            // Missing rows have a residual of 0 and add nothing here.
            let tail = *residual * *residual * inverse;
            logarithms += tail.ln_1p();
            shares += tail / (1.0 + tail);
            *residual *= (nu + 1.0) * inverse / (1.0 + tail);
        }
        by_value[self.sigma] += ((nu + 1.0) * shares - self.count) / sigma;
        let by_constant = 0.5 * (digamma(0.5 * (nu + 1.0)) - digamma(0.5 * nu) - 1.0 / nu);
        by_value[degrees] += self.count * by_constant - 0.5 * logarithms + 0.5 * (nu + 1.0) / nu * shares;
        self.count * (t_constant(nu) - sigma.ln()) - 0.5 * (nu + 1.0) * logarithms
    }

    /// A draw of the scatter around a mean, on the model's scale.
    pub(super) fn draw(&self, values: &[f64], dice: &mut ChaCha8Rng) -> f64 {
        let normal: f64 = StandardNormal.sample(dice);
        let tail = match self.degrees.map(|entry| values[entry]) {
            None => 1.0,
            // Student's t is a normal over the root of a chi-squared mean.
            Some(nu) => ChiSquared::new(nu).map_or(1.0, |chi| (chi.sample(dice) / nu).sqrt()),
        };
        values[self.sigma] * normal / tail
    }

    /// The log likelihood of each row, period by period, into `rows`; `NaN` where the outcome is missing.
    pub(super) fn by_row(&self, values: &[f64], mean: &[f64], rows: &mut [f64]) {
        let sigma = values[self.sigma];
        let normal = -sigma.ln() - 0.5 * (2.0 * PI).ln();
        for (row, ((log, mean), outcome)) in rows.iter_mut().zip(mean).zip(&self.outcome).enumerate() {
            if self.known.as_ref().is_some_and(|known| known[row] == 0.0) {
                *log = f64::NAN;
                continue;
            }
            let square = ((outcome - mean) / sigma).powi(2);
            *log = match self.degrees.map(|entry| values[entry]) {
                None => normal - 0.5 * square,
                Some(nu) => t_constant(nu) - sigma.ln() - 0.5 * (nu + 1.0) * (square / nu).ln_1p(),
            };
        }
    }
}

/// What Student's log density has whatever its argument, at scale 1.
fn t_constant(nu: f64) -> f64 {
    ln_gamma(0.5 * (nu + 1.0)) - ln_gamma(0.5 * nu) - 0.5 * (nu * PI).ln()
}
