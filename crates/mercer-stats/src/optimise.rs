//! Minimising a smooth function of a few dozen unknowns with its gradient: BFGS with a strong-Wolfe line search.

use crate::dense::{Square, dot};

/// Sufficient decrease, as a share of what the slope promises.
const DECREASE: f64 = 1e-4;
/// How much flatter the slope must be after a step.
const FLATTER: f64 = 0.9;
/// Two values closer than this, relative to their size, may differ by rounding only.
const ROUNDING: f64 = 1e-14;
/// Longest step in one iteration, in units of the scales.
const LONGEST_STEP: f64 = 2.0;
/// Steps shorter than this, in units of the scales, are rounding.
const SHORTEST_STEP: f64 = 1e-13;
/// Step of central differences, in units of the scales: the error is its square, and rounding of the gradient over it.
const DIFFERENCE: f64 = 1e-4;

/// When to stop, and where to begin to worry.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Stops when the expected further decrease, `½ gᵀ H⁻¹ g`, is below this. Does not depend on the units of the unknowns.
    pub tolerance: f64,
    /// Iterations at most.
    pub max_iterations: usize,
    /// How far, in units of the scales, an unknown may go from its start before the search is called off.
    pub reach: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { tolerance: 1e-12, max_iterations: 300, reach: 15.0 }
    }
}

/// Why a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// No noticeable decrease is left.
    Converged,
    /// No step went further down although the gradient says there is one; rounding as a rule.
    NoProgress,
    /// This unknown went out of reach: the function falls towards infinity.
    OutOfReach(usize),
    /// Too many iterations.
    TooManyIterations,
    /// The function or its gradient is not finite at the start.
    NotFinite,
}

/// Where a search ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Minimum {
    /// The lowest point found.
    pub point: Vec<f64>,
    /// The function there.
    pub value: f64,
    /// Its gradient there.
    pub gradient: Vec<f64>,
    /// The expected further decrease, `½ gᵀ H⁻¹ g`.
    pub expected_decrease: f64,
    /// The inverse Hessian as the search came to know it: good for directions, not for standard errors.
    pub inverse_hessian: Square,
    /// Steps taken.
    pub iterations: usize,
    /// Evaluations of the function with its gradient.
    pub evaluations: usize,
    /// Why the search ended.
    pub stop: Stop,
}

impl Minimum {
    /// Largest entry of the gradient, without its sign.
    #[must_use]
    pub fn gradient_norm(&self) -> f64 {
        self.gradient.iter().fold(0.0, |norm, entry| entry.abs().max(norm))
    }
}

/// Minimises `function`, which fills the gradient and returns the value at a point, from `start`.
///
/// `scales` says for each unknown what a change of ordinary size is. `inverse_hessian` is a first guess of the inverse
/// Hessian, such as that of a similar problem; without one the squares of the scales serve. A value that is not finite counts
/// as higher than any other, so that the search may step out of the function's domain and comes back.
///
/// Source: Nocedal & Wright, Numerical Optimization (2006), chapters 3 and 6.
#[must_use]
pub fn minimise(
    function: impl Fn(&[f64], &mut [f64]) -> f64,
    start: &[f64],
    scales: &[f64],
    inverse_hessian: Option<&Square>,
    settings: &Settings,
) -> Minimum {
    let squares: Vec<f64> = scales.iter().map(|scale| scale * scale).collect();
    let fresh = Square::diagonal(&squares);
    let mut at = Evaluated::new(&function, start.to_vec());
    let mut best = Minimum {
        point: start.to_vec(),
        value: at.value,
        gradient: at.gradient.clone(),
        expected_decrease: f64::INFINITY,
        inverse_hessian: inverse_hessian.filter(|guess| guess.is_finite()).unwrap_or(&fresh).clone(),
        iterations: 0,
        evaluations: 1,
        stop: Stop::NotFinite,
    };
    if !at.is_finite() {
        return best;
    }
    let mut is_fresh = inverse_hessian.is_none();
    best.stop = loop {
        let mut direction: Vec<f64> = best.inverse_hessian.times(&at.gradient).iter().map(|entry| -entry).collect();
        let mut slope = dot(&direction, &at.gradient);
        best.expected_decrease = -0.5 * slope;
        if slope.is_nan() || slope > 0.0 {
            if is_fresh {
                break Stop::NoProgress;
            }
            (best.inverse_hessian, is_fresh) = (fresh.clone(), true);
            continue;
        }
        // A guess made from scales only does not know how much is left, so it must be learnt before it may say "nothing".
        let flat = at.gradient.iter().zip(scales).all(|(entry, scale)| (entry * scale).powi(2) <= settings.tolerance);
        if best.expected_decrease <= settings.tolerance && (!is_fresh || flat) {
            break Stop::Converged;
        }
        if best.iterations >= settings.max_iterations {
            break Stop::TooManyIterations;
        }
        let length = direction.iter().zip(scales).fold(0.0_f64, |most, (step, scale)| most.max((step / scale).abs()));
        let limit = if is_fresh { 0.5 } else { LONGEST_STEP };
        if length > limit {
            direction.iter_mut().for_each(|step| *step *= limit / length);
            slope *= limit / length;
        }
        let length = length.min(limit);
        let steps = SHORTEST_STEP / length..LONGEST_STEP / length;
        let Some(next) = line_search(&function, &at, &direction, slope, &steps, &mut best.evaluations) else {
            if is_fresh {
                break Stop::NoProgress;
            }
            (best.inverse_hessian, is_fresh) = (fresh.clone(), true);
            continue;
        };
        best.iterations += 1;
        update(&mut best.inverse_hessian, &at, &next, is_fresh);
        is_fresh = false;
        at = next;
        let out = at
            .point
            .iter()
            .zip(start)
            .zip(scales)
            .position(|((x, from), scale)| ((x - from) / scale).abs() > settings.reach);
        if let Some(unknown) = out {
            break Stop::OutOfReach(unknown);
        }
    };
    (best.point, best.value, best.gradient) = (at.point, at.value, at.gradient);
    best
}

/// The Hessian at `point` of a function that fills its gradient, from central differences of that, made symmetric;
/// `2 · unknowns` evaluations.
#[must_use]
pub fn hessian(function: impl Fn(&[f64], &mut [f64]) -> f64, point: &[f64], scales: &[f64]) -> Square {
    let size = point.len();
    let column = |unknown: usize, scale: f64| {
        let step = DIFFERENCE * scale;
        let beside = |side: f64| {
            let (mut moved, mut slope) = (point.to_vec(), vec![0.0; size]);
            if let Some(x) = moved.get_mut(unknown) {
                *x += side * step;
            }
            function(&moved, &mut slope);
            slope
        };
        let (after, before) = (beside(1.0), beside(-1.0));
        after.iter().zip(before).map(|(high, low)| (high - low) / (2.0 * step)).collect::<Vec<f64>>()
    };
    let columns: Vec<Vec<f64>> = scales.iter().enumerate().map(|(unknown, scale)| column(unknown, *scale)).collect();
    let at = |row: usize, column: usize| {
        columns.get(column).and_then(|entries| entries.get(row)).copied().unwrap_or(f64::NAN)
    };
    Square::from_fn(size, |row, column| 0.5 * (at(row, column) + at(column, row)))
}

/// A point with what is known of the function there.
struct Evaluated {
    point: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
}

impl Evaluated {
    fn new(function: impl Fn(&[f64], &mut [f64]) -> f64, point: Vec<f64>) -> Self {
        let mut gradient = vec![0.0; point.len()];
        let value = function(&point, &mut gradient);
        Self { point, value, gradient }
    }

    fn is_finite(&self) -> bool {
        self.value.is_finite() && self.gradient.iter().all(|entry| entry.is_finite())
    }
}

/// A point along `direction` that is enough lower and flatter, by bracketing and interpolation.
fn line_search(
    function: impl Fn(&[f64], &mut [f64]) -> f64,
    from: &Evaluated,
    direction: &[f64],
    slope: f64,
    steps: &std::ops::Range<f64>,
    evaluations: &mut usize,
) -> Option<Evaluated> {
    let noise = ROUNDING * from.value.abs();
    // The bracket's lower end is low enough but too steep; its upper end is too high, or rises.
    let (mut low, mut low_slope) = (0.0, slope);
    let mut high: Option<(f64, f64)> = None;
    let mut good: Option<Evaluated> = None;
    let mut step = 1.0_f64.min(steps.end);
    for _ in 0..80 {
        if step < steps.start {
            break;
        }
        let point = from.point.iter().zip(direction).map(|(x, toward)| x + step * toward).collect();
        let tried = Evaluated::new(&function, point);
        *evaluations += 1;
        let tried_slope = dot(&tried.gradient, direction);
        let low_enough = tried.is_finite() && tried.value <= from.value + DECREASE * step * slope + noise;
        if low_enough && (tried_slope.abs() <= FLATTER * slope.abs() || (tried_slope < 0.0 && step >= steps.end)) {
            return Some(tried);
        }
        if low_enough && tried_slope < 0.0 {
            (low, low_slope) = (step, tried_slope);
            good = Some(tried);
        } else {
            high = Some((step, if tried.is_finite() { tried_slope } else { f64::NAN }));
        }
        step = match high {
            None => (2.5 * step).min(steps.end),
            Some((end, end_slope)) => {
                // Where the slope would be zero if it were linear, kept off the ends; the middle where that says nothing.
                let share = low_slope / (low_slope - end_slope);
                low + (end - low) * if end_slope > 0.0 && share.is_finite() { share.clamp(0.1, 0.9) } else { 0.3 }
            }
        };
    }
    good
}

/// The BFGS update of the inverse Hessian, left out where the step saw no positive curvature.
fn update(inverse: &mut Square, before: &Evaluated, after: &Evaluated, is_fresh: bool) {
    let difference = |new: &[f64], old: &[f64]| new.iter().zip(old).map(|(x, y)| x - y).collect::<Vec<f64>>();
    let step = difference(&after.point, &before.point);
    let change = difference(&after.gradient, &before.gradient);
    let curvature = dot(&step, &change);
    let size = (dot(&step, &step) * dot(&change, &change)).sqrt();
    if !curvature.is_finite() || curvature <= 1e-12 * size {
        return;
    }
    if is_fresh {
        // Nocedal & Wright 6.20: brings the first guess to the function's own scale.
        *inverse = inverse.scaled(curvature / inverse.quadratic_form(&change));
    }
    let turned = inverse.times(&change);
    let weight = (1.0 + dot(&change, &turned) / curvature) / curvature;
    inverse.add_outer(weight, &step, &step);
    inverse.add_outer(-1.0 / curvature, &step, &turned);
    inverse.add_outer(-1.0 / curvature, &turned, &step);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rosenbrock(x: &[f64], gradient: &mut [f64]) -> f64 {
        let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
        gradient[0] = -2.0 * a - 400.0 * x[0] * b;
        gradient[1] = 200.0 * b;
        a * a + 100.0 * b * b
    }

    #[test]
    fn finds_the_end_of_rosenbrocks_valley() {
        let minimum = minimise(rosenbrock, &[-1.2, 1.0], &[1.0, 1.0], None, &Settings::default());
        assert_eq!(minimum.stop, Stop::Converged);
        // The tolerance is on the value; the point is known to about its root.
        assert!(minimum.point.iter().all(|x| (x - 1.0).abs() < 1e-5), "{minimum:?}");
        assert!(minimum.value < 1e-11 && minimum.gradient_norm() < 1e-4);
    }

    #[test]
    fn hessian_is_that_of_the_textbook() {
        let matrix = hessian(rosenbrock, &[1.0, 1.0], &[1.0, 1.0]);
        for (value, expected) in
            [(0, 0), (0, 1), (1, 1)].map(|(i, j)| matrix.at(i, j)).iter().zip([802.0, -400.0, 200.0])
        {
            // The error is step²/6 times the fourth derivative, 2,400.
            assert!((value - expected).abs() < 1e-5, "{matrix:?}");
        }
    }

    #[test]
    fn stops_for_the_right_reason() {
        let falls_for_ever = |x: &[f64], gradient: &mut [f64]| {
            gradient[0] = -(-x[0]).exp();
            (-x[0]).exp()
        };
        let settings = Settings { tolerance: 0.0, ..Settings::default() };
        assert_eq!(minimise(falls_for_ever, &[0.0], &[1.0], None, &settings).stop, Stop::OutOfReach(0));
        let few = Settings { max_iterations: 3, ..Settings::default() };
        assert_eq!(minimise(rosenbrock, &[-1.2, 1.0], &[1.0, 1.0], None, &few).stop, Stop::TooManyIterations);
        let undefined = |_: &[f64], _: &mut [f64]| f64::NAN;
        assert_eq!(minimise(undefined, &[0.0], &[1.0], None, &Settings::default()).stop, Stop::NotFinite);
        let wrong_gradient = |x: &[f64], gradient: &mut [f64]| {
            gradient[0] = -2.0 * x[0];
            x[0] * x[0]
        };
        assert_eq!(minimise(wrong_gradient, &[1.0], &[1.0], None, &Settings::default()).stop, Stop::NoProgress);
    }

    #[test]
    fn comes_back_from_outside_the_domain() {
        // x − ln x, undefined at and below zero.
        let function = |x: &[f64], gradient: &mut [f64]| {
            gradient[0] = 1.0 - 1.0 / x[0];
            if x[0] > 0.0 { x[0] - x[0].ln() } else { f64::NAN }
        };
        let minimum = minimise(function, &[30.0], &[20.0], None, &Settings::default());
        assert!((minimum.point[0] - 1.0).abs() < 1e-5, "{minimum:?}");
    }

    proptest! {
        #[test]
        fn units_do_not_matter(ln_unit in -12.0_f64..12.0, x in -2.0_f64..2.0, y in -2.0_f64..2.0) {
            let unit = ln_unit.exp();
            let in_units = |point: &[f64], gradient: &mut [f64]| {
                let value = rosenbrock(&[point[0] / unit, point[1]], gradient);
                gradient[0] /= unit;
                value
            };
            let minimum = minimise(in_units, &[x * unit, y], &[unit, 1.0], None, &Settings::default());
            prop_assert_eq!(minimum.stop, Stop::Converged);
            prop_assert!((minimum.point[0] / unit - 1.0).abs() < 1e-4 && (minimum.point[1] - 1.0).abs() < 1e-4);
        }

        #[test]
        fn a_quadratic_with_its_hessian_takes_one_step(centre in proptest::collection::vec(-1.0_f64..1.0, 3)) {
            let curvature = [1.0, 50.0, 2000.0];
            let bowl = |x: &[f64], gradient: &mut [f64]| {
                (0..3).map(|i| {
                    gradient[i] = curvature[i] * (x[i] - centre[i]);
                    0.5 * gradient[i] * (x[i] - centre[i])
                }).sum()
            };
            let guess = Square::diagonal(&curvature.map(f64::recip));
            let minimum = minimise(bowl, &[0.0; 3], &[1.0; 3], Some(&guess), &Settings::default());
            prop_assert_eq!(minimum.stop, Stop::Converged);
            prop_assert!(minimum.iterations <= 1 && minimum.value < 1e-20);
        }
    }
}
