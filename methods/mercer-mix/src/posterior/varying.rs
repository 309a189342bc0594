//! The factor by which all channels bring more in some periods and less in others.
//!
//! `factor_t = exp(f_t) / mean(exp(f))`, the mean over the learnt periods, `f` a Gaussian process of time in years with a Matérn-5/2
//! kernel. The factor's own mean is 1, not that of its logarithm: so coefficients, curves and budgets are about the learnt periods as a
//! whole. `f` is a sum of sine waves that are 0 at both ends of an interval wider than the data (the Hilbert-space approximation):
//! `f(x) = Σ_j √S(ω_j) φ_j(x) z_j`, `φ_j(x) = sin(ω_j (x + L)) / √L`, `ω_j = jπ / 2L`, with standard normal `z_j` and the kernel's spectral
//! density `S(ω) = a² 16/3 · 5^(5/2) ℓ (5 + ℓ²ω²)⁻³`.
//!
//! Beyond the learnt periods the waves go on to the ends of the interval, at least half a year away, where `f` has faded to 0 and
//! stays: the factor returns to its usual level. Near there and beyond, forecasts know less of the factor than their intervals say.
//!
//! Source: Solin & Särkkä (2020), Hilbert space methods for reduced-rank Gaussian process regression, Statistics and Computing 30;
//! Riutort-Mayol, Bürkner, Andersen, Solin & Vehtari (2023), Practical Hilbert space approximate Bayesian Gaussian processes for
//! probabilistic programming, Statistics and Computing 33.

use std::f64::consts::PI;
use std::ops::Range;

use mercer_base::Result;

use super::defaults;
use crate::panel::Panel;
use crate::space::{Domain, Layout};
use crate::transform::lanes::{add_scaled, dot};

/// Days of a year.
const YEAR: f64 = 365.25;
/// Half the width of the interval, over half the length of the data; and how many years it goes beyond them at least.
const BOUNDARY: f64 = 1.5;
const BEYOND: f64 = 0.5;
/// The shortest length scale, in years, that the waves can follow, and how many of them that takes for each length scale in half the
/// interval (Riutort-Mayol et al. 2023, for the Matérn-5/2 kernel).
const SHORTEST: f64 = 0.25;
const WAVES: f64 = 2.65;
/// Waves at least and at most.
const FEWEST: usize = 6;
const MOST: usize = 48;

/// The factor as the model has it.
#[derive(Debug, Clone)]
pub(super) struct Varying {
    /// Entries of the amplitude, of the length scale in years, and of the weights of the waves.
    amplitude: usize,
    length_scale: usize,
    weights: Range<usize>,
    /// Squares of the waves' frequencies, in radians a year.
    squares: Vec<f64>,
    /// The waves, each period by period.
    waves: Vec<Vec<f64>>,
    /// Number of periods, the first ones, over which the factor's mean is 1.
    learnt: usize,
    places: usize,
}

/// What becomes of the factor, kept for the derivatives.
#[derive(Debug, Clone)]
pub(super) struct VaryingRoom {
    /// The factor of each period.
    pub(super) factor: Vec<f64>,
    /// The factor of each row of the model.
    pub(super) by_row: Vec<f64>,
    /// Derivatives by each row's factor.
    pub(super) pull: Vec<f64>,
    /// Derivatives by the process in each period.
    by_process: Vec<f64>,
    /// Standard deviation of each wave's coefficient for an amplitude of 1.
    sds: Vec<f64>,
}

impl Varying {
    /// Lays out the unknowns.
    ///
    /// # Errors
    /// When a prior does not fit.
    pub(super) fn new(panel: &Panel, layout: &mut Layout) -> Result<Self> {
        let periods = panel.periods();
        let learnt = panel.learnt.min(periods).max(1);
        let year_of = |period: usize| panel.step_of(period) * panel.step / YEAR;
        let half = 0.5 * year_of(learnt - 1).max(panel.step / YEAR);
        let wide = (BOUNDARY * half).max(half + BEYOND);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number of waves")]
        let count = ((WAVES * wide / SHORTEST).ceil() as usize).clamp(FEWEST, MOST);
        let frequencies: Vec<f64> = (1..=count).map(|wave| wave as f64 * PI / (2.0 * wide)).collect();
        let wave = |frequency: &f64| {
            let at = |period| (year_of(period) - half).clamp(-wide, wide);
            (0..periods).map(|period| (frequency * (at(period) + wide)).sin() / wide.sqrt()).collect()
        };
        Ok(Self {
            amplitude: layout.add("media_factor_amplitude", Domain::Positive, defaults::FACTOR_AMPLITUDE)?,
            length_scale: layout.add("media_factor_length_scale", Domain::Positive, defaults::FACTOR_LENGTH_SCALE)?,
            weights: layout.add_deviations("media_factor_z", (1..=count).map(|wave| wave.to_string())),
            squares: frequencies.iter().map(|frequency| frequency * frequency).collect(),
            waves: frequencies.iter().map(wave).collect(),
            learnt,
            places: panel.geos.len(),
        })
    }

    /// Room for [`Varying::forward`] and [`Varying::pull_back`].
    pub(super) fn room(&self) -> VaryingRoom {
        let periods = self.waves.first().map_or(0, Vec::len);
        VaryingRoom {
            factor: vec![1.0; periods],
            by_row: vec![1.0; periods * self.places],
            pull: vec![0.0; periods * self.places],
            by_process: vec![0.0; periods],
            sds: vec![0.0; self.waves.len()],
        }
    }

    /// Computes the factor and forgets derivatives.
    pub(super) fn forward(&self, values: &[f64], room: &mut VaryingRoom) {
        let (amplitude, length) = (values[self.amplitude], values[self.length_scale]);
        let VaryingRoom { factor, by_row, pull, sds, .. } = room;
        factor.fill(0.0);
        let waves = self.waves.iter().zip(&self.squares).zip(&values[self.weights.clone()]);
        for (((wave, square), weight), sd) in waves.zip(sds) {
            let damping = 5.0 + length * length * square;
            *sd = (16.0 / 3.0 * 5.0_f64.powf(2.5) * length / (damping * damping * damping)).sqrt();
            add_scaled(factor, amplitude * *sd * weight, wave);
        }
        // The largest is taken out so that no power overflows.
        let largest = factor.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        factor.iter_mut().for_each(|value| *value = (*value - largest).exp());
        let mean = factor.iter().take(self.learnt).sum::<f64>() / self.learnt as f64;
        factor.iter_mut().for_each(|value| *value /= mean);
        for (row, factor) in by_row.chunks_exact_mut(self.places.max(1)).zip(&*factor) {
            row.fill(*factor);
        }
        pull.fill(0.0);
    }

    /// Number of waves.
    #[cfg(test)]
    pub(super) fn waves(&self) -> usize {
        self.waves.len()
    }

    /// Variance of the process in a period for an amplitude of 1.
    #[cfg(test)]
    pub(super) fn variance(&self, room: &VaryingRoom, period: usize) -> f64 {
        self.waves.iter().zip(&room.sds).map(|(wave, sd)| (sd * wave[period]).powi(2)).sum()
    }

    /// Adds to `by_value` the derivatives by the unknowns, where [`VaryingRoom::pull`] has those by the factor.
    pub(super) fn pull_back(&self, values: &[f64], room: &mut VaryingRoom, by_value: &mut [f64]) {
        let (amplitude, length) = (values[self.amplitude], values[self.length_scale]);
        let VaryingRoom { factor, pull, by_process, sds, .. } = room;
        let by_period = pull.chunks_exact(self.places.max(1)).zip(&*factor);
        for (by, (pull, factor)) in by_process.iter_mut().zip(by_period) {
            *by = pull.iter().sum::<f64>() * factor;
        }
        // What a larger mean of the learnt periods takes from all.
        let shared = by_process.iter().sum::<f64>() / self.learnt as f64;
        for (by, factor) in by_process.iter_mut().zip(&*factor).take(self.learnt) {
            *by -= shared * factor;
        }
        for (((entry, wave), square), sd) in self.weights.clone().zip(&self.waves).zip(&self.squares).zip(&*sds) {
            let by_coefficient = dot(by_process, wave);
            let by_logarithm = by_coefficient * amplitude * sd * values[entry];
            by_value[entry] += by_coefficient * amplitude * sd;
            by_value[self.amplitude] += by_coefficient * sd * values[entry];
            by_value[self.length_scale] +=
                by_logarithm * (0.5 / length - 3.0 * length * square / (5.0 + length * length * square));
        }
    }
}
