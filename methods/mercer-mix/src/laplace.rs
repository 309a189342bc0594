//! A first look at a posterior in milliseconds: the normal distribution that fits it at its mode.

use std::cell::RefCell;
use std::f64::consts::TAU;

use mercer_base::{Error, Result, Seed};
use mercer_stats::dense::Square;
use mercer_stats::mcmc::smooth_importance;
use mercer_stats::optimise::{self, Minimum, Stop};
use mercer_stats::sampling::multivariate_normal;
use rayon::prelude::*;

use crate::density::Density;
use crate::draws::Draws;

/// Step of the differences of the gradient, as a share of an unknown's standard deviation.
const DIFFERENCE: f64 = 1e-3;
/// A search that stopped early has still found the mode if the log density can grow by no more than this.
const CLOSE_ENOUGH: f64 = 1e-4;
/// Logarithms of weights closer than this are the same.
const ALIKE: f64 = 1e-6;

/// The normal approximation of a posterior.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Approximation {
    /// The most likely point.
    pub(crate) mode: Vec<f64>,
    /// The log density there.
    pub(crate) log_density: f64,
    /// Covariance of the unknowns.
    pub(crate) covariance: Square,
    /// Draws of the approximation, as of one chain; they have neither energies nor depths.
    pub(crate) draws: Draws,
    /// The shape `k̂` of the weights that would turn these draws into ones of the posterior itself: below 0.7 the approximation is
    /// good, above 1 a first look and no more; 0 where the posterior is normal itself.
    pub(crate) shape: f64,
}

/// Finds the highest mode from `starts`, and draws `count` points of the normal distribution whose inverse covariance is the
/// curvature there. `name` tells an unknown's name from its place, for messages.
///
/// # Errors
/// Where no start leads to a mode, or the curvature there is not that of a peak.
///
/// Source: Tierney & Kadane (1986), Accurate approximations for posterior moments and marginal densities, JASA 81, 82–86.
pub(crate) fn approximate<D: Density>(
    density: &D,
    starts: &[Vec<f64>],
    count: usize,
    seed: Seed,
    name: &dyn Fn(usize) -> String,
) -> Result<Approximation> {
    let minimum = highest_mode(density, starts, name)?;
    let curvature = curvature(density, &minimum);
    let Some(covariance) = curvature.inverse() else { return Err(no_peak(&curvature, name)) };
    let Some(factor) = covariance.cholesky() else { return Err(no_peak(&curvature, name)) };

    let (mut work, mut slope) = (density.work(), vec![0.0; density.dim()]);
    let (mut mode, mut log_density) = (minimum.point, -minimum.value);
    // One Newton step with the true curvature brings the mode home.
    let step = covariance.times(&minimum.gradient);
    let nearer: Vec<f64> = mode.iter().zip(&step).map(|(x, step)| x - step).collect();
    let value = density.value(&nearer, &mut slope, &mut work);
    if value >= log_density {
        (mode, log_density) = (nearer, value);
    }

    let points = multivariate_normal(&mode, &factor, seed.split("laplace"), count);
    let ratios = log_ratios(density, &points, &mode, &curvature);
    let (low, high) =
        ratios.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), ratio| (ratio.min(low), ratio.max(high)));
    // Weights that differ by rounding only have no tail to fit.
    let shape = if high - low < ALIKE { 0.0 } else { smooth_importance(&ratios, 1.0).shape };
    let draws = Draws { dim: density.dim(), chains: 1, each: count, points: points.concat(), ..Draws::default() };
    Ok(Approximation { mode, log_density, covariance, draws, shape })
}

/// The best of the modes that searches from the starts lead to, as a minimum of the negative log density.
fn highest_mode<D: Density>(density: &D, starts: &[Vec<f64>], name: &dyn Fn(usize) -> String) -> Result<Minimum> {
    let settings = optimise::Settings { tolerance: 1e-10, max_iterations: 2_000, reach: 60.0 };
    let searches: Vec<Minimum> = starts
        .par_iter()
        .filter(|start| start.len() == density.dim() && !start.is_empty())
        .map(|start| {
            let work = RefCell::new(density.work());
            let negative = |point: &[f64], gradient: &mut [f64]| {
                let value = density.value(point, gradient, &mut work.borrow_mut());
                gradient.iter_mut().for_each(|slope| *slope = -*slope);
                -value
            };
            optimise::minimise(negative, start, &vec![1.0; start.len()], None, &settings)
        })
        .collect();
    let arrived = |search: &&Minimum| {
        search.stop == Stop::Converged
            || (matches!(search.stop, Stop::NoProgress | Stop::TooManyIterations)
                && search.expected_decrease < CLOSE_ENOUGH)
    };
    let best = searches.iter().filter(arrived).min_by(|a, b| a.value.total_cmp(&b.value));
    best.cloned().ok_or_else(|| {
        let why = match searches.first().map(|search| search.stop) {
            Some(Stop::OutOfReach(unknown)) => format!("{} runs away without end", name(unknown)),
            Some(Stop::TooManyIterations | Stop::NoProgress | Stop::Converged) => "the search found no end".to_owned(),
            Some(Stop::NotFinite) | None => "the density is not finite at any start".to_owned(),
        };
        Error::data(format!("the model has no mode to look at: {why}")).with_hint("sample it, or give narrower priors")
    })
}

/// The negative Hessian of the log density, by central differences of its gradient, made symmetric.
fn curvature<D: Density>(density: &D, minimum: &Minimum) -> Square {
    let size = density.dim();
    let room = || (density.work(), minimum.point.clone(), vec![0.0; size], vec![0.0; size]);
    let columns: Vec<Vec<f64>> = (0..size)
        .into_par_iter()
        .map_init(room, |(work, point, after, before), unknown| {
            let scale = minimum.inverse_hessian.at(unknown, unknown).sqrt();
            let step = DIFFERENCE * if scale.is_finite() { scale.clamp(1e-4, 10.0) } else { 1.0 };
            let Some(centre) = minimum.point.get(unknown).copied() else { return Vec::new() };
            for (side, gradient) in [(step, &mut *after), (-step, &mut *before)] {
                if let Some(x) = point.get_mut(unknown) {
                    *x = centre + side;
                }
                density.value(point, gradient, work);
            }
            if let Some(x) = point.get_mut(unknown) {
                *x = centre;
            }
            before.iter().zip(after.iter()).map(|(low, high)| (low - high) / (2.0 * step)).collect()
        })
        .collect();
    let at = |row: usize, column: usize| {
        columns.get(column).and_then(|entries| entries.get(row)).copied().unwrap_or(f64::NAN)
    };
    Square::from_fn(size, |row, column| 0.5 * (at(row, column) + at(column, row)))
}

/// Logarithms of the posterior's density over the approximation's, at its draws.
fn log_ratios<D: Density>(density: &D, points: &[Vec<f64>], mode: &[f64], curvature: &Square) -> Vec<f64> {
    let constant = 0.5 * density.dim() as f64 * TAU.ln();
    points
        .par_iter()
        .map_init(
            || (density.work(), vec![0.0; density.dim()]),
            |(work, slope), point| {
                let value = density.value(point, slope, work);
                let offset: Vec<f64> = point.iter().zip(mode).map(|(x, centre)| x - centre).collect();
                // Where the posterior has no density its weight is nothing.
                let value = if value.is_finite() { value } else { f64::NEG_INFINITY };
                value + constant + 0.5 * curvature.quadratic_form(&offset)
            },
        )
        .collect()
}

/// The error of a point that is no peak: it names the unknown that moves most where the density is flattest or rises.
fn no_peak(curvature: &Square, name: &dyn Fn(usize) -> String) -> Error {
    let flattest = curvature.eigen().and_then(|eigen| eigen.vectors.into_iter().next());
    let unknown = flattest.and_then(|direction| {
        let steepest = direction.iter().enumerate().max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()));
        steepest.map(|(unknown, _)| unknown)
    });
    let which = unknown.map_or_else(String::new, |unknown| format!(" in the direction of {}", name(unknown)));
    Error::data(format!("the posterior is flat or rises{which}: it has no normal approximation"))
        .with_hint("give a narrower prior there, or sample the model")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made_up::{Correlated, Funnel, Hierarchy, Independent, Nowhere};

    fn unknown(place: usize) -> String {
        format!("x{place}")
    }

    #[test]
    fn a_normal_distribution_is_its_own_approximation() {
        let density = Correlated::new(6, 0.9);
        let seen = approximate(&density, &[vec![3.0; 6], vec![-1.0; 6]], 4_000, Seed(1), &unknown).unwrap();
        for row in 0..6 {
            assert!(seen.mode[row].abs() < 1e-5, "{:?}", seen.mode);
            for column in 0..6_usize {
                let expected = 0.9_f64.powi(i32::try_from(row.abs_diff(column)).unwrap());
                // Differences of a linear gradient are exact up to rounding.
                assert!((seen.covariance.at(row, column) - expected).abs() < 1e-6);
            }
        }
        let mean = seen.draws.iter().map(|point| point[0]).sum::<f64>() / 4_000.0;
        let square = seen.draws.iter().map(|point| point[0] * point[5]).sum::<f64>() / 4_000.0;
        // Four standard errors.
        assert!(mean.abs() < 0.064 && (square - 0.9_f64.powi(5)).abs() < 0.08, "{mean} {square}");
        assert!((seen.draws.chains, seen.draws.each, seen.draws.divergences()) == (1, 4_000, 0));
        assert_eq!(seen.shape, 0.0, "all weights are the same but for rounding");
    }

    #[test]
    fn the_highest_mode_wins() {
        /// Two peaks, at −3 and at 3; the second is higher.
        struct Two;
        impl Density for Two {
            type Work = ();
            fn dim(&self) -> usize {
                1
            }
            fn work(&self) {}
            fn value(&self, point: &[f64], gradient: &mut [f64], (): &mut ()) -> f64 {
                let (a, b) = ((-0.5 * (point[0] + 3.0).powi(2)).exp(), 5.0 * (-0.5 * (point[0] - 3.0).powi(2)).exp());
                gradient[0] = -((point[0] + 3.0) * a + (point[0] - 3.0) * b) / (a + b);
                (a + b).ln()
            }
        }
        let seen = approximate(&Two, &[vec![-3.5], vec![2.0]], 10, Seed(1), &unknown).unwrap();
        assert!((seen.mode[0] - 3.0).abs() < 1e-4 && (seen.log_density - 5.0_f64.ln()).abs() < 1e-6, "{seen:?}");
    }

    #[test]
    fn a_bad_approximation_is_told() {
        // The funnel's mode is at the end of its neck, far from where most of it is.
        let seen = approximate(&Funnel { dim: 5 }, &[vec![0.5; 5]], 1_000, Seed(1), &unknown).unwrap();
        assert!((seen.mode[0] + 18.0).abs() < 1e-4 && seen.shape > 0.7, "{:?} {}", seen.mode, seen.shape);
        let seen = approximate(&Hierarchy::new(8), &[vec![0.5; 10]], 1_000, Seed(1), &unknown).unwrap();
        assert!(seen.shape < 1.0, "{}", seen.shape);
    }

    #[test]
    fn without_a_peak_the_direction_is_named() {
        /// Flat in its second unknown.
        struct Flat;
        impl Density for Flat {
            type Work = ();
            fn dim(&self) -> usize {
                2
            }
            fn work(&self) {}
            fn value(&self, point: &[f64], gradient: &mut [f64], (): &mut ()) -> f64 {
                (gradient[0], gradient[1]) = (-point[0], 0.0);
                -0.5 * point[0] * point[0]
            }
        }
        /// Rises for ever in its second unknown.
        struct Rising;
        impl Density for Rising {
            type Work = ();
            fn dim(&self) -> usize {
                2
            }
            fn work(&self) {}
            fn value(&self, point: &[f64], gradient: &mut [f64], (): &mut ()) -> f64 {
                (gradient[0], gradient[1]) = (-point[0], (-0.01 * point[1]).exp());
                -0.5 * point[0] * point[0] - 100.0 * gradient[1]
            }
        }
        let error = approximate(&Flat, &[vec![1.0, 1.0]], 10, Seed(1), &unknown).unwrap_err();
        assert!(error.message().contains("x1") && error.hint().is_some(), "{error:?}");
        let error = approximate(&Rising, &[vec![0.5; 2]], 10, Seed(1), &unknown).unwrap_err();
        assert!(error.message().contains("x1 runs away"), "{error:?}");
        assert!(
            approximate(&Nowhere, &[vec![0.0]], 10, Seed(1), &unknown).unwrap_err().message().contains("not finite")
        );
        let density = Independent { mean: vec![0.0], sd: vec![1.0] };
        assert!(approximate(&density, &[], 10, Seed(1), &unknown).is_err());
    }

    #[test]
    fn threads_do_not_show() {
        let density = Hierarchy::new(30);
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| approximate(&density, &vec![vec![0.3; 32]; 3], 100, Seed(9), &unknown).unwrap())
        };
        assert_eq!(on(1), on(2));
        assert_eq!(on(1), on(8));
    }
}
