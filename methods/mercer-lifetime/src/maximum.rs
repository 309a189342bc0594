//! The maximum of a log-density over logarithms of parameters and coefficients, and how sure one can be of it.

use mercer_stats::dense::{Square, dot};
use mercer_stats::optimise::{Minimum, Settings, Stop, hessian, minimise};

use crate::estimate::{Edge, Verdict};

/// A direction in which an unknown could move this many of its scales (for a parameter: factors of e) within one standard
/// error is not determined by the data.
const FLAT_DEVIATION: f64 = 10.0;
/// A parameter that moved this many factors of e from where it was expected, in a flat direction, has run away.
const RUN_AWAY: f64 = 4.0;
/// The search ends when less than this is left to gain in log-likelihood…
const TOLERANCE: f64 = 1e-8;
/// …and it has failed where more than this is left.
const NOT_THERE: f64 = 1e-4;
/// Where starts are compared, this much of the log-likelihood a row does not count.
const ROUGHLY: f64 = 1e-7;
/// Differences in the mean log-likelihood of a customer below this are rounding.
const ROUNDING: f64 = 1e-15;

/// A log-density to maximise: fills the gradient and returns the value at a point.
pub(crate) trait LnDensity: Fn(&[f64], &mut [f64]) -> f64 {}
impl<F: Fn(&[f64], &mut [f64]) -> f64> LnDensity for F {}

/// What one unknown is called and how far an ordinary change moves it.
#[derive(Debug, Clone)]
pub(crate) struct Unknown {
    /// For words about it.
    pub(crate) name: String,
    /// 1 for the logarithm of a parameter; for a coefficient one over the ordinary size of its covariate.
    pub(crate) scale: f64,
}

/// The maximum found.
#[derive(Debug)]
pub(crate) struct Maximum {
    /// Where it is.
    pub(crate) point: Vec<f64>,
    /// Inverse of the curvature there, without the directions that the data leave open.
    pub(crate) covariance: Square,
    /// A square root of the covariance: it is this times its transpose.
    pub(crate) factor: Square,
    /// Standard errors of the unknowns; `None` where the data leave one open.
    pub(crate) standard_errors: Vec<Option<f64>>,
    /// Whether this is a maximum one can use.
    pub(crate) verdict: Verdict,
    /// Evaluations of the whole density.
    pub(crate) evaluations: usize,
}

impl Maximum {
    /// The same after a linear change of the unknowns.
    pub(crate) fn moved(self, transform: &Square) -> Self {
        let factor = transform.product(&self.factor);
        let covariance = factor.times_transpose();
        let error = |unknown: usize| {
            let mut parts = transform.row(unknown).iter().zip(&self.standard_errors);
            let known = parts.all(|(share, error)| *share == 0.0 || error.is_some());
            known.then(|| covariance.at(unknown, unknown).sqrt())
        };
        let standard_errors = (0..factor.size()).map(error).collect();
        Self { point: transform.times(&self.point), standard_errors, covariance, factor, ..self }
    }
}

/// Maximises `full`. The starts are tried on `rough` (a density over part of the data with `rough_rows` customers), and the best
/// one is polished on `full` with `rows` customers.
pub(crate) fn maximise(
    full: (&dyn LnDensity, f64),
    rough: (&dyn LnDensity, f64),
    starts: &[Vec<f64>],
    unknowns: &[Unknown],
) -> Option<Maximum> {
    let scales: Vec<f64> = unknowns.iter().map(|unknown| unknown.scale).collect();
    let (best, mut evaluations) = best_start(rough, starts, &scales)?;
    let (density, rows) = full;

    // The curvature of the rough density points the way on the full one.
    let guess = hessian(negated(rough.0, rough.1), &best.point, &scales).inverse();
    let settings = Settings { tolerance: tolerance(rows), ..Settings::default() };
    let found = minimise(negated(density, rows), &best.point, &scales, guess.as_ref(), &settings);
    evaluations += found.evaluations;

    let curvature = hessian(negated(density, rows), &found.point, &scales).scaled(rows);
    evaluations += 2 * scales.len();
    let spread = Spread::new(&curvature, &scales)?;
    let gradient: Vec<f64> = found.gradient.iter().map(|entry| -entry * rows).collect();
    // One Newton step with the true curvature, where it gains (or loses no more than rounding).
    let step = spread.covariance.times(&gradient);
    let mut left = 0.5 * dot(&step, &gradient);
    let mut point = found.point.clone();
    if left > 0.0 && left < 1.0 && spread.flat.is_empty() {
        let moved: Vec<f64> = point.iter().zip(&step).map(|(x, change)| x + change).collect();
        let mut slope = vec![0.0; moved.len()];
        let value = density(&moved, &mut slope);
        evaluations += 1;
        let left_there = 0.5 * spread.covariance.quadratic_form(&slope);
        if value >= -found.value * rows - 1e-12 * found.value.abs() * rows && left_there < left {
            (point, left) = (moved, left_there);
        }
    }
    let verdict = verdict(&found, &spread, left, starts, unknowns, &point);
    let standard_errors = spread.standard_errors();
    Some(Maximum { point, covariance: spread.covariance, factor: spread.factor, standard_errors, verdict, evaluations })
}

/// The mean over customers with its sign turned, for the minimiser.
fn negated(density: &dyn LnDensity, rows: f64) -> impl Fn(&[f64], &mut [f64]) -> f64 {
    move |point, gradient| {
        gradient.fill(0.0);
        let value = density(point, gradient);
        gradient.iter_mut().for_each(|entry| *entry /= -rows);
        -value / rows
    }
}

fn tolerance(rows: f64) -> f64 {
    (TOLERANCE / rows).max(ROUNDING)
}

/// The lowest of the minima that the starts lead to, searched as finely as it takes to tell them apart, then the best one in
/// full; with the evaluations that were needed.
fn best_start((density, rows): (&dyn LnDensity, f64), starts: &[Vec<f64>], scales: &[f64]) -> Option<(Minimum, usize)> {
    let coarse = Settings { tolerance: ROUGHLY, max_iterations: 60, ..Settings::default() };
    let function = negated(density, rows);
    let mut evaluations = 0;
    let mut best: Option<Minimum> = None;
    for start in starts {
        let found = minimise(&function, start, scales, None, &coarse);
        evaluations += found.evaluations;
        let better =
            found.stop != Stop::NotFinite && best.as_ref().is_none_or(|best| found.value < best.value - ROUGHLY);
        if better {
            best = Some(found);
        }
    }
    let best = best?;
    let fine = Settings { tolerance: tolerance(rows), ..Settings::default() };
    let found = minimise(&function, &best.point, scales, Some(&best.inverse_hessian), &fine);
    evaluations += found.evaluations;
    Some((found, evaluations))
}

/// Covariance and its root from a curvature, by its eigenvectors, so that directions the data leave open can be told and kept
/// out.
struct Spread {
    covariance: Square,
    factor: Square,
    /// Directions that the data leave open, in units of the scales.
    flat: Vec<Vec<f64>>,
}

impl Spread {
    fn new(curvature: &Square, scales: &[f64]) -> Option<Self> {
        let scale = |index: usize| scales.get(index).copied().unwrap_or(1.0);
        let in_scales =
            Square::from_fn(scales.len(), |row, column| curvature.at(row, column) * scale(row) * scale(column));
        let eigen = in_scales.eigen()?;
        let mut covariance = Square::diagonal(&vec![0.0; scales.len()]);
        let (mut flat, mut columns) = (Vec::new(), Vec::new());
        for (value, vector) in eigen.values.iter().zip(&eigen.vectors) {
            if *value < FLAT_DEVIATION.powi(-2) {
                flat.push(vector.clone());
                columns.push(vec![0.0; scales.len()]);
            } else {
                let column: Vec<f64> =
                    vector.iter().zip(scales).map(|(entry, scale)| entry * scale / value.sqrt()).collect();
                covariance.add_outer(1.0, &column, &column);
                columns.push(column);
            }
        }
        let factor = Square::from_fn(scales.len(), |row, column| {
            columns.get(column).and_then(|entries| entries.get(row)).copied().unwrap_or(0.0)
        });
        Some(Self { covariance, factor, flat })
    }

    fn standard_errors(&self) -> Vec<Option<f64>> {
        let open =
            |unknown: usize| self.flat.iter().any(|vector| vector.get(unknown).is_some_and(|entry| entry.abs() > 0.05));
        (0..self.covariance.size())
            .map(|unknown| (!open(unknown)).then(|| self.covariance.at(unknown, unknown).sqrt()))
            .collect()
    }
}

fn verdict(
    found: &Minimum,
    spread: &Spread,
    left: f64,
    starts: &[Vec<f64>],
    unknowns: &[Unknown],
    point: &[f64],
) -> Verdict {
    let name = |unknown: usize| unknowns.get(unknown).map_or_else(String::new, |unknown| unknown.name.clone());
    // How far the unknown went beyond all its starting values, in scales; negative where it fell.
    let beyond = |unknown: usize| {
        let at = |values: &[f64]| values.get(unknown).copied().unwrap_or(0.0);
        let scale = unknowns.get(unknown).map_or(1.0, |unknown| unknown.scale);
        let (low, high) = starts
            .iter()
            .map(|start| at(start))
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        ((at(point) - high).max(0.0) + (at(point) - low).min(0.0)) / scale
    };
    let edge = |unknown: usize| Verdict::AtTheEdge {
        parameter: name(unknown),
        towards: if beyond(unknown) < 0.0 { Edge::Zero } else { Edge::Infinity },
    };
    if let Stop::OutOfReach(unknown) = found.stop {
        return edge(unknown);
    }
    // The unknown that went farthest among those that an open direction moves.
    let run_away = spread
        .flat
        .iter()
        .flat_map(|vector| vector.iter().enumerate().filter(|(_, entry)| entry.abs() > 0.3).map(|(unknown, _)| unknown))
        .max_by(|a, b| beyond(*a).abs().total_cmp(&beyond(*b).abs()));
    match run_away {
        Some(unknown) if beyond(unknown).abs() > RUN_AWAY => edge(unknown),
        Some(unknown) => Verdict::NotConverged {
            why: format!("the data do not determine `{}`: very different values of it fit equally well", name(unknown)),
        },
        None if left.abs() > NOT_THERE || !left.is_finite() => {
            let why = match found.stop {
                Stop::TooManyIterations => "the search ran out of iterations",
                _ => "the search came to a halt where the likelihood still rises",
            };
            Verdict::NotConverged { why: why.into() }
        }
        None => Verdict::Converged,
    }
}
