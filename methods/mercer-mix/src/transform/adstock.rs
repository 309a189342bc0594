//! Carry-over: the share of an exposure's effect that falls on each later period, and its derivatives.
//!
//! The weights of the lags add up to 1, so that a constant exposure keeps its size. Geometric and delayed weights are those of
//! Jin, Wang, Sun, Chan & Koehler (2017), "Bayesian methods for media mix modeling with carryover and shape effects", eq. 1–3.

use super::lanes::{dot_inline, rows, vectorised};
use crate::params::Adstock;

/// Places side by side from which on a recursion over periods beats a sum over lags: below, the recursion waits for itself.
const RECURSION_FROM: usize = 4;

/// Values of an output that a sum over lags keeps in registers.
const GROUP: usize = 8;

/// A kind of carry-over within a number of periods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Carry {
    kind: Adstock,
    lags: usize,
}

/// The weights of the lags, and their derivatives by the one or two parameters.
#[derive(Debug, Clone)]
pub(crate) struct Weights {
    pub(crate) values: Vec<f64>,
    pub(crate) by_parameter: [Vec<f64>; 2],
    /// Of geometric weights the recursion `out_t = α out_{t−1} + first · x_t − last · x_{t−lags}`.
    recursion: Option<Recursion>,
}

#[derive(Debug, Clone, Copy)]
struct Recursion {
    alpha: f64,
    first: f64,
    last: f64,
    first_by_alpha: f64,
    last_by_alpha: f64,
}

impl Weights {
    /// Room for the weights of so many lags.
    pub(crate) fn new(lags: usize) -> Self {
        Self { values: vec![0.0; lags], by_parameter: [vec![0.0; lags], vec![0.0; lags]], recursion: None }
    }

    /// Multiplies what is carried over.
    pub(crate) fn scale(&mut self, factor: f64) {
        let [first, second] = &mut self.by_parameter;
        for weights in [&mut self.values, first, second] {
            weights.iter_mut().for_each(|weight| *weight *= factor);
        }
        if let Some(recursion) = &mut self.recursion {
            for part in
                [&mut recursion.first, &mut recursion.last, &mut recursion.first_by_alpha, &mut recursion.last_by_alpha]
            {
                *part *= factor;
            }
        }
    }
}

impl Carry {
    /// Carry-over of `kind` over `lags` periods, the first among them; at least one.
    pub(crate) fn new(kind: Adstock, lags: usize) -> Self {
        Self { kind, lags: if kind == Adstock::None { 1 } else { lags.max(1) } }
    }

    /// Periods over which an effect carries over, the first among them.
    pub(crate) fn lags(&self) -> usize {
        self.lags
    }

    /// Names of its parameters.
    pub(crate) fn parameters(&self) -> &'static [&'static str] {
        match self.kind {
            Adstock::Geometric | Adstock::Binomial => &["alpha"],
            Adstock::Delayed => &["alpha", "theta"],
            Adstock::WeibullPdf | Adstock::WeibullCdf => &["lam", "k"],
            Adstock::None => &[],
        }
    }

    /// The weight of each lag, from the period itself on; they add up to 1.
    pub(crate) fn kernel(&self, parameters: [f64; 2]) -> Vec<f64> {
        let mut weights = Weights::new(self.lags);
        self.weigh(parameters, &mut weights);
        weights.values
    }

    /// Computes the weights and their derivatives. Not finite where the parameters allow no weights.
    pub(crate) fn weigh(&self, [first, second]: [f64; 2], weights: &mut Weights) {
        let Weights { values, by_parameter: [by_first, by_second], recursion } = weights;
        *recursion = None;
        if self.lags == 1 {
            (values[0], by_first[0], by_second[0]) = (1.0, 0.0, 0.0);
            return;
        }
        match self.kind {
            Adstock::Geometric => geometric(first, values, by_first),
            Adstock::Delayed => delayed(first, second, values, by_first, by_second),
            Adstock::WeibullPdf => weibull_density(first, second, values, by_first, by_second),
            Adstock::WeibullCdf => weibull_survival(first, second, values, by_first, by_second),
            Adstock::Binomial => binomial(first, values, by_first),
            Adstock::None => {}
        }
        let total: f64 = values.iter().sum();
        for by in [by_first, by_second].into_iter().take(self.parameters().len()) {
            let shift = by.iter().sum::<f64>() / total;
            for (by, value) in by.iter_mut().zip(&*values) {
                *by = (*by - shift * *value) / total;
            }
        }
        values.iter_mut().for_each(|value| *value /= total);
        if self.kind == Adstock::Geometric {
            *recursion = Some(Recursion::new(first, values, &weights.by_parameter[0]));
        }
    }

    /// The carried-over series of `media`, which has `lags` periods of zeros in front; `out` has one period of zeros in front.
    pub(crate) fn carry(&self, weights: &Weights, media: &[f64], width: usize, out: &mut [f64]) {
        match &weights.recursion {
            Some(recursion) if width >= RECURSION_FROM => recursion.run(self.lags, media, width, out),
            _ => sum_over_lags(&weights.values, media, width, &mut out[width..]),
        }
    }

    /// Derivatives by the parameters of `Σ pull · carried`: of `media` and `carried` as [`Carry::carry`] has them.
    pub(crate) fn pull_parameters(
        &self,
        weights: &Weights,
        (media, carried): (&[f64], &[f64]),
        width: usize,
        pull: &[f64],
        room: &mut [f64],
    ) -> [f64; 2] {
        if self.lags == 1 {
            return [0.0; 2];
        }
        match &weights.recursion {
            Some(recursion) if width >= RECURSION_FROM => {
                [recursion.pull(self.lags, (media, carried), width, pull, room), 0.0]
            }
            _ => {
                let mut sums = [0.0; 2];
                vectorised(
                    #[inline(always)]
                    || {
                        let [by_first, by_second] = &weights.by_parameter;
                        for (lag, (by_first, by_second)) in by_first.iter().zip(by_second).enumerate() {
                            let start = (self.lags - lag) * width;
                            let product = dot_inline(pull, &media[start..start + pull.len()]);
                            sums[0] += by_first * product;
                            sums[1] += by_second * product;
                        }
                    },
                );
                sums
            }
        }
    }

    /// Derivatives by the media of `Σ pull · carried`, one for each value of `out`.
    pub(crate) fn pull_media(&self, weights: &Weights, width: usize, pull: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        vectorised(
            #[inline(always)]
            || {
                for (lag, weight) in weights.values.iter().enumerate() {
                    let later = pull.get(lag * width..).unwrap_or_default();
                    for (out, pull) in out.iter_mut().zip(later) {
                        *out += weight * pull;
                    }
                }
            },
        );
    }
}

impl Recursion {
    fn new(alpha: f64, weights: &[f64], by_alpha: &[f64]) -> Self {
        let (first, first_by_alpha) = (weights[0], by_alpha[0]);
        let (end, end_by_alpha) = (weights[weights.len() - 1], by_alpha[weights.len() - 1]);
        // What has been carried over for all lags leaves with the weight that the next lag would have had.
        Self { alpha, first, last: alpha * end, first_by_alpha, last_by_alpha: end + alpha * end_by_alpha }
    }

    fn run(&self, lags: usize, media: &[f64], width: usize, out: &mut [f64]) {
        let Self { alpha, first, last, .. } = *self;
        vectorised(
            #[inline(always)]
            || {
                let mut after = out;
                for (now, gone) in rows(&media[lags * width..], width).zip(rows(media, width)) {
                    let (before, rest) = std::mem::take(&mut after).split_at_mut(width);
                    for (((out, before), now), gone) in rest.iter_mut().zip(&*before).zip(now).zip(gone) {
                        let value = alpha * before + (first * now - last * gone);
                        // What leaves can be larger than what is left by rounding.
                        *out = if value < 0.0 { 0.0 } else { value };
                    }
                    after = rest;
                }
            },
        );
    }

    /// The adjoint of the recursion, backwards in time: `λ_t = pull_t + α λ_{t+1}`.
    fn pull(
        &self,
        lags: usize,
        (media, carried): (&[f64], &[f64]),
        width: usize,
        pull: &[f64],
        room: &mut [f64],
    ) -> f64 {
        let Self { alpha, first_by_alpha, last_by_alpha, .. } = *self;
        let (adjoint, sums) = room[..2 * width].split_at_mut(width);
        adjoint.fill(0.0);
        sums.fill(0.0);
        vectorised(
            #[inline(always)]
            || {
                let periods = rows(pull, width).zip(rows(carried, width));
                let media = rows(&media[lags * width..], width).zip(rows(media, width)).take(periods.len());
                for ((pull, before), (now, gone)) in periods.zip(media).rev() {
                    let series = pull.iter().zip(before).zip(now).zip(gone);
                    for ((sum, adjoint), (((pull, before), now), gone)) in
                        sums.iter_mut().zip(adjoint.iter_mut()).zip(series)
                    {
                        *adjoint = pull + alpha * *adjoint;
                        *sum += *adjoint * (before + (first_by_alpha * now - last_by_alpha * gone));
                    }
                }
            },
        );
        sums.iter().sum()
    }
}

fn sum_over_lags(weights: &[f64], media: &[f64], width: usize, out: &mut [f64]) {
    let lags = weights.len();
    vectorised(
        #[inline(always)]
        || {
            let (groups, rest) = out.as_chunks_mut::<GROUP>();
            let done = groups.len() * GROUP;
            for (group, out) in groups.iter_mut().enumerate() {
                let mut sums = [0.0; GROUP];
                for (lag, weight) in weights.iter().enumerate() {
                    let start = group * GROUP + (lags - lag) * width;
                    let Some((values, _)) = media[start..].split_first_chunk::<GROUP>() else { break };
                    for lane in 0..GROUP {
                        sums[lane] += weight * values[lane];
                    }
                }
                *out = sums;
            }
            for (at, out) in rest.iter_mut().enumerate() {
                let terms = weights.iter().enumerate().map(|(lag, weight)| {
                    let start = done + at + (lags - lag) * width;
                    weight * media[start]
                });
                *out = terms.sum();
            }
        },
    );
}

/// `α^k`.
fn geometric(alpha: f64, values: &mut [f64], by_alpha: &mut [f64]) {
    let (mut power, mut before) = (1.0, 0.0);
    let mut lag = 0.0;
    for (value, by) in values.iter_mut().zip(by_alpha) {
        (*value, *by) = (power, lag * before);
        (before, power, lag) = (power, power * alpha, lag + 1.0);
    }
}

/// `α^((k − θ)²)`, less a common factor so that the largest is 1.
fn delayed(alpha: f64, theta: f64, values: &mut [f64], by_alpha: &mut [f64], by_theta: &mut [f64]) {
    let ln_alpha = alpha.ln();
    let away = |lag: usize| as_number(lag) - theta;
    let nearest = (0..values.len()).map(|lag| away(lag) * away(lag)).fold(f64::INFINITY, f64::min);
    for (lag, ((value, by_alpha), by_theta)) in values.iter_mut().zip(by_alpha).zip(by_theta).enumerate() {
        let square = away(lag) * away(lag);
        *value = (ln_alpha * (square - nearest)).exp();
        *by_alpha = square / alpha * *value;
        *by_theta = -2.0 * away(lag) * ln_alpha * *value;
    }
}

/// The Weibull density of scale λ and shape k at 1, 2, …, less its smallest value, so that the least of the lags has no effect.
///
/// All are taken relative to the largest, which the weights do not feel: else a small scale would leave nothing but zeros.
fn weibull_density(scale: f64, shape: f64, values: &mut [f64], by_scale: &mut [f64], by_shape: &mut [f64]) {
    let ln_density = |lag: usize| {
        let ln_time = (as_number(lag + 1) / scale).ln();
        let power = (shape * ln_time).exp();
        ((shape - 1.0) * ln_time - power, ln_time, power)
    };
    let largest = (0..values.len()).map(|lag| ln_density(lag).0).fold(f64::NEG_INFINITY, f64::max);
    for (lag, ((value, by_scale), by_shape)) in
        values.iter_mut().zip(by_scale.iter_mut()).zip(by_shape.iter_mut()).enumerate()
    {
        let (ln_density, ln_time, power) = ln_density(lag);
        *value = (ln_density - largest).exp();
        *by_scale = shape / scale * (power - 1.0) * *value;
        *by_shape = (1.0 / shape + ln_time - power * ln_time) * *value;
    }
    let least = values
        .iter()
        .enumerate()
        .fold((0, f64::INFINITY), |least, (lag, value)| if *value < least.1 { (lag, *value) } else { least });
    for series in [values, by_scale, by_shape] {
        let at_least = series[least.0];
        series.iter_mut().for_each(|value| *value -= at_least);
    }
}

/// What a Weibull distribution of scale λ and shape k leaves after 1, 2, …, multiplied up from lag to lag.
fn weibull_survival(scale: f64, shape: f64, values: &mut [f64], by_scale: &mut [f64], by_shape: &mut [f64]) {
    let (mut hazard, mut hazard_by_scale, mut hazard_by_shape) = (0.0, 0.0, 0.0);
    for (lag, ((value, by_scale), by_shape)) in values.iter_mut().zip(by_scale).zip(by_shape).enumerate() {
        if lag > 0 {
            let ln_time = (as_number(lag) / scale).ln();
            let power = (shape * ln_time).exp();
            hazard += power;
            hazard_by_scale -= shape / scale * power;
            hazard_by_shape += power * ln_time;
        }
        *value = f64::exp(-hazard);
        (*by_scale, *by_shape) = (-hazard_by_scale * *value, -hazard_by_shape * *value);
    }
}

/// `(1 − k / lags)^(1 / α − 1)`.
fn binomial(alpha: f64, values: &mut [f64], by_alpha: &mut [f64]) {
    let lags = as_number(values.len());
    for (lag, (value, by)) in values.iter_mut().zip(by_alpha).enumerate() {
        let ln_left = (-as_number(lag) / lags).ln_1p();
        *value = if lag == 0 { 1.0 } else { ((1.0 / alpha - 1.0) * ln_left).exp() };
        *by = if lag == 0 { 0.0 } else { -ln_left / (alpha * alpha) * *value };
    }
}

/// A lag as a number.
#[allow(clippy::cast_precision_loss, reason = "lags are few")]
fn as_number(lag: usize) -> f64 {
    lag as f64
}

#[cfg(test)]
mod tests;
