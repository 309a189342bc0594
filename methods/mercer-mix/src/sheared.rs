//! Coordinates in which a sampler moves well.
//!
//! A channel's coefficient and the parameter of its curve trade off along a bent ridge: what the data know is the effect at the
//! exposure that was usual. So the coefficient's coordinate is moved by the logarithm of the curve there. The level trades off with
//! everything that is above 0 on average, so its coordinate is the mean of the outcome instead. The moves are shears, whose volume
//! is 1: the posterior stays the same.

use crate::density::Density;
use crate::params::Saturation;
use crate::posterior::{Posterior, Work};
use crate::prior::Prior;
use crate::transform::saturation::Curve;

/// Step of central differences on the unbounded scale: the error of a slope is its square.
const STEP: f64 = 1e-4;

/// A posterior in sheared coordinates.
pub(crate) struct Sheared<'a> {
    posterior: &'a Posterior,
    shears: Vec<Shear>,
    level: Option<Level>,
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
        Self { posterior, shears: posterior.shears(), level: posterior.level() }
    }

    /// Coordinates of the posterior's own become sheared ones.
    pub(crate) fn shear(&self, point: &mut [f64]) {
        self.shears.iter().for_each(|shear| point[shear.effect] += shear.logarithm(point, 0, 0.0));
        if let Some(level) = &self.level {
            point[level.at] += level.rest(point, &self.shears);
        }
    }

    /// Sheared coordinates become the posterior's own.
    pub(crate) fn unshear(&self, point: &mut [f64]) {
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
        self.unshear(own);
        let value = self.posterior.value(own, gradient, work);
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
        let panel = made_up(1, 60);
        for saturation in [Saturation::Logistic, Saturation::Hill, Saturation::MichaelisMenten, Saturation::Root] {
            let params = Params { saturation, ..Params::default() };
            let posterior = Posterior::new(&params, &panel).unwrap();
            let sheared = Sheared::new(&posterior);
            assert!(!sheared.shears.is_empty());
            let mut point = posterior.start(Seed(3));
            let own = point.clone();
            sheared.shear(&mut point);
            let (mut gradient, mut other) = (vec![0.0; sheared.dim()], vec![0.0; sheared.dim()]);
            let mut work = sheared.work();
            let value = sheared.value(&point, &mut gradient, &mut work);
            // The same density: the shear's volume is 1.
            assert!((value - posterior.value(&own, &mut other, &mut posterior.work())).abs() < 1e-9 * value.abs());
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
