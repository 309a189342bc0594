//! Coordinates in which a sampler moves well.
//!
//! A channel's coefficient and the parameter of its curve trade off along a bent ridge: what the data know is the effect at the
//! exposure that was usual. So the coefficient's coordinate is moved by the logarithm of the curve there. The level trades off with
//! everything that is above 0 on average, so its coordinate is the mean of the outcome instead. The moves are shears, whose volume
//! is 1: the posterior stays the same. With several places the levels of periods and places are moved in the same way (see
//! [`crate::posterior::levels`]), and the places' shifts, which all lean on the first place, are rotated apart: that volume is
//! constant. Coefficients of controls by place stand for their deviations where the data know them well, and those of the baseline of one
//! place are turned so that they are independent (see [`crate::whitened`]).

use std::ops::Range;

use crate::density::Density;
use crate::params::Saturation;
use crate::posterior::levels::Levels;
use crate::posterior::{Posterior, Work};
use crate::prior::Prior;
use crate::transform::saturation::Curve;
use crate::whitened::Whitened;

/// Step of central differences on the unbounded scale: the error of a slope is its square.
const STEP: f64 = 1e-4;

/// A posterior in sheared coordinates.
pub(crate) struct Sheared<'a> {
    posterior: &'a Posterior,
    shears: Vec<Shear>,
    level: Option<Level>,
    levels: Option<Levels>,
    shifts: Option<Shifts>,
    centred: Vec<Centred>,
    whitened: Option<Whitened>,
}

/// Coefficients of a control by place, which the data know so well that they are better coordinates than their deviations from the
/// mean, in units of their standard deviation.
#[derive(Debug, Clone)]
pub(crate) struct Centred {
    /// The unknown of the mean.
    pub(crate) mean: usize,
    /// The unknown of the standard deviation, whose coordinate is its logarithm.
    pub(crate) spread: usize,
    /// The unknowns of the deviations.
    pub(crate) deviations: Range<usize>,
}

impl Centred {
    /// Deviations become coefficients.
    fn to_coefficients(&self, point: &mut [f64]) {
        let (mean, spread) = (point[self.mean], point[self.spread].exp());
        point[self.deviations.clone()].iter_mut().for_each(|value| *value = mean + spread * *value);
    }

    /// Coefficients become deviations.
    fn to_deviations(&self, point: &mut [f64]) {
        let (mean, spread) = (point[self.mean], point[self.spread].exp());
        point[self.deviations.clone()].iter_mut().for_each(|value| *value = (*value - mean) / spread);
    }

    /// Turns the gradient by the deviations of `own` into that by the coefficients; returns the logarithm of the change of volume.
    fn pull_back(&self, own: &[f64], gradient: &mut [f64]) -> f64 {
        let spread = own[self.spread].exp();
        let (mut by_mean, mut by_spread) = (0.0, 0.0);
        for (deviation, slope) in own[self.deviations.clone()].iter().zip(&mut gradient[self.deviations.clone()]) {
            by_spread += *slope * deviation;
            *slope /= spread;
            by_mean += *slope;
        }
        let count = self.deviations.len() as f64;
        gradient[self.mean] -= by_mean;
        gradient[self.spread] -= by_spread + count;
        -count * own[self.spread]
    }
}

/// The places' shifts against the first place. Their errors share that of the first place, so that the covariance of `n` of them is
/// about `I + 11ᵀ`: they are `u + c 1 Σ u` of independent `u`, with `(1 + c n)² = 1 + n`.
#[derive(Debug, Clone)]
struct Shifts {
    unknowns: Range<usize>,
    common: f64,
}

impl Shifts {
    fn new(unknowns: Range<usize>) -> Self {
        let count = unknowns.len().max(1) as f64;
        Self { unknowns, common: ((1.0 + count).sqrt() - 1.0) / count }
    }

    /// Adds a multiple of their sum to each.
    fn add_sum(&self, values: &mut [f64], times: f64) {
        let values = &mut values[self.unknowns.clone()];
        let sum: f64 = values.iter().sum();
        values.iter_mut().for_each(|value| *value += times * sum);
    }

    fn rotate(&self, values: &mut [f64]) {
        self.add_sum(values, self.common);
    }

    fn rotate_back(&self, values: &mut [f64]) {
        self.add_sum(values, -self.common / (1.0 + self.common * self.unknowns.len() as f64));
    }
}

/// The level, and what adds to the mean of the outcome beside it.
#[derive(Debug, Clone)]
pub(crate) struct Level {
    /// The unknown of the level.
    pub(crate) at: usize,
    /// Unknown coefficients with the mean of what they multiply.
    pub(crate) columns: Vec<(usize, f64)>,
    /// Share of the periods in which each sheared channel ran, in their order.
    pub(crate) ran: Vec<f64>,
}

impl Level {
    /// What adds to the mean beside the level, at sheared coordinates.
    fn rest(&self, point: &[f64], shears: &[Shear]) -> f64 {
        let columns: f64 = self.columns.iter().map(|(at, mean)| point[*at] * mean).sum();
        columns + shears.iter().zip(&self.ran).map(|(shear, ran)| point[shear.effect].exp() * ran).sum::<f64>()
    }
}

/// What moves with what.
#[derive(Debug, Clone)]
pub(crate) struct Shear {
    /// The unknown of the coefficient, whose coordinate is its logarithm.
    pub(crate) effect: usize,
    /// The curve's parameters: their unknowns, where they are unknown, and priors.
    pub(crate) curve: [Option<(Option<usize>, Prior)>; 2],
    pub(crate) kind: Saturation,
    /// The exposure that was usual, on the model's scale.
    pub(crate) exposure: f64,
}

impl Shear {
    fn parameter(&self, which: usize, point: &[f64], step: f64) -> f64 {
        self.curve[which].as_ref().map_or(0.0, |(at, prior)| {
            let q = at.and_then(|at| point.get(at)).copied().unwrap_or(0.0);
            prior.at(q + step).value
        })
    }

    /// The logarithm of the curve at the usual exposure, its parameter `which` moved by `step`.
    fn logarithm(&self, point: &[f64], which: usize, step: f64) -> f64 {
        let parameters = [0, 1].map(|of| self.parameter(of, point, if of == which { step } else { 0.0 }));
        Curve::new(self.kind, parameters).value(self.exposure).max(f64::MIN_POSITIVE).ln()
    }
}

impl<'a> Sheared<'a> {
    /// A posterior with the shears that its channels ask for.
    pub(crate) fn new(posterior: &'a Posterior) -> Self {
        let levels = posterior.levels();
        let shifts = levels.as_ref().map(|levels| Shifts::new(levels.shifts()));
        Self {
            posterior,
            shears: posterior.shears(),
            level: posterior.level(),
            levels,
            shifts,
            centred: posterior.centred(),
            whitened: posterior.whitened(),
        }
    }

    /// Coordinates of the posterior's own become sheared ones.
    pub(crate) fn shear(&self, point: &mut [f64], work: &mut Work) {
        if let Some(levels) = &self.levels {
            self.posterior.level_coordinates(levels, point, work);
        }
        self.shears.iter().for_each(|shear| point[shear.effect] += shear.logarithm(point, 0, 0.0));
        if let Some(level) = &self.level {
            point[level.at] += level.rest(point, &self.shears);
        }
        if let Some(shifts) = &self.shifts {
            shifts.rotate_back(point);
        }
        self.centred.iter().for_each(|centred| centred.to_coefficients(point));
        if let Some(whitened) = &self.whitened {
            whitened.to_coordinates(point);
        }
    }

    /// Sheared coordinates become the posterior's own.
    pub(crate) fn unshear(&self, point: &mut [f64], work: &mut Work) {
        self.unshear_all_but_levels(point);
        if let Some(levels) = &self.levels {
            self.posterior.settle_levels(levels, point, work);
        }
    }

    fn unshear_all_but_levels(&self, point: &mut [f64]) {
        if let Some(whitened) = &self.whitened {
            whitened.to_coefficients(point);
        }
        self.centred.iter().for_each(|centred| centred.to_deviations(point));
        if let Some(shifts) = &self.shifts {
            shifts.rotate(point);
        }
        if let Some(level) = &self.level {
            point[level.at] -= level.rest(point, &self.shears);
        }
        self.shears.iter().for_each(|shear| point[shear.effect] -= shear.logarithm(point, 0, 0.0));
    }
}

impl Density for Sheared<'_> {
    type Work = (Work, Vec<f64>);

    fn dim(&self) -> usize {
        self.posterior.dim()
    }

    fn work(&self) -> Self::Work {
        (self.posterior.work(), vec![0.0; self.dim()])
    }

    fn value(&self, point: &[f64], gradient: &mut [f64], (work, own): &mut Self::Work) -> f64 {
        own.copy_from_slice(point);
        self.unshear_all_but_levels(own);
        let mut value = self.posterior.value_of(own, self.levels.as_ref(), gradient, work);
        value += self.centred.iter().map(|centred| centred.pull_back(own, gradient)).sum::<f64>();
        for shear in &self.shears {
            for which in 0..2 {
                let Some((Some(at), _)) = shear.curve[which] else { continue };
                let rise = shear.logarithm(point, which, STEP) - shear.logarithm(point, which, -STEP);
                gradient[at] -= gradient[shear.effect] * rise / (2.0 * STEP);
            }
        }
        if let Some(level) = &self.level {
            let slope = gradient[level.at];
            level.columns.iter().for_each(|(at, mean)| gradient[*at] -= slope * mean);
            for (shear, ran) in self.shears.iter().zip(&level.ran) {
                gradient[shear.effect] -= slope * point[shear.effect].exp() * ran;
            }
        }
        if let Some(shifts) = &self.shifts {
            // The matrix is symmetric: derivatives turn as the shifts do.
            shifts.rotate(gradient);
        }
        if let Some(whitened) = &self.whitened {
            whitened.pull_back(gradient);
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use mercer_base::Seed;

    use super::*;
    use crate::params::Params;
    use crate::posterior::tests::panels::made_up;

    #[test]
    fn the_slope_is_that_of_the_sheared_density() {
        for (places, saturation) in [
            (1, Saturation::Logistic),
            (1, Saturation::Hill),
            (1, Saturation::MichaelisMenten),
            (1, Saturation::Root),
            (4, Saturation::Hill),
        ] {
            let panel = made_up(places, 60);
            let params = Params { saturation, ..Params::default() };
            let posterior = Posterior::new(&params, &panel).unwrap();
            let sheared = Sheared::new(&posterior);
            assert!(places > 1 || !sheared.shears.is_empty());
            assert_eq!((sheared.levels.is_some(), sheared.shifts.is_some()), (places > 1, places > 1));
            let mut point = posterior.start(Seed(3));
            let own = point.clone();
            sheared.shear(&mut point, &mut posterior.work());
            let mut back = point.clone();
            sheared.unshear(&mut back, &mut posterior.work());
            assert!(back.iter().zip(&own).all(|(back, own)| (back - own).abs() < 1e-10));
            let (mut gradient, mut other) = (vec![0.0; sheared.dim()], vec![0.0; sheared.dim()]);
            let mut work = sheared.work();
            let value = sheared.value(&point, &mut gradient, &mut work);
            // The same density: the shear's volume is 1, that of coefficients for deviations known.
            let volume: f64 = sheared.centred.iter().map(|c| c.deviations.len() as f64 * own[c.spread]).sum();
            let own_value = posterior.value(&own, &mut other, &mut posterior.work());
            assert!((value + volume - own_value).abs() < 1e-9 * value.abs());
            for at in 0..point.len() {
                let mut moved = |step: f64| {
                    let mut point = point.clone();
                    point[at] += step;
                    sheared.value(&point, &mut other, &mut work)
                };
                let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                assert!((slope - gradient[at]).abs() <= 1e-4 * (1.0 + slope.abs()), "{at}: {slope} {}", gradient[at]);
            }
        }
    }
}
