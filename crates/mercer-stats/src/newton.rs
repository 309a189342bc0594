//! Newton's method with a line search, for convex functions whose Hessian is known.

use faer::prelude::Solve;
use faer::{Mat, Side};

use crate::dense::{Square, dot};
use crate::registers::clear_registers;

/// Iterations at the most. A function without a minimum falls by a constant factor an iteration and is given up here.
const MOST_ITERATIONS: usize = 40;
/// Halvings of a step at the most.
const MOST_HALVINGS: usize = 40;
/// Sufficient decrease, as a share of what the slope promises.
const DECREASE: f64 = 1e-4;
/// Two values closer than this, relative to their size, may differ by rounding only.
const ROUNDING: f64 = 1e-13;
/// Near the minimum each step leaves at most this part of the expected decrease; less falls without end.
const SHRINKING: f64 = 0.1;
/// Least square of a pivot, the diagonal being 1, at which a matrix counts as positive definite.
const LEAST_PIVOT: f64 = 1e-13;

/// A convex function of a few to a few thousand unknowns.
pub(crate) trait Convex {
    /// What is known at a point and serves for the derivatives.
    type State;
    /// The value at a point; what is not finite counts as higher than anything else.
    fn evaluate(&self, point: &[f64]) -> (f64, Self::State);
    /// Gradient and Hessian there.
    fn derivatives(&self, point: &[f64], state: &Self::State) -> (Vec<f64>, Square);
}

/// Where the search ended.
pub(crate) struct Minimum {
    pub(crate) point: Vec<f64>,
    pub(crate) value: f64,
    pub(crate) iterations: usize,
    pub(crate) converged: bool,
}

/// Minimises from `start` until the expected decrease, `½ gᵀ H⁻¹ g`, is below `tolerance`; the step that was then still to be
/// made is made, which squares the remaining error. `first` are gradient and Hessian at the start, where they are known. `None` where
/// the Hessian at the start is not positive definite.
pub(crate) fn minimise<F: Convex>(
    function: &F,
    start: Vec<f64>,
    mut first: Option<(Vec<f64>, Square)>,
    tolerance: f64,
) -> Option<Minimum> {
    let (value, mut state) = function.evaluate(&start);
    let mut at = Minimum { point: start, value, iterations: 0, converged: false };
    let mut before = f64::INFINITY;
    while at.iterations < MOST_ITERATIONS {
        let (gradient, hessian) = first.take().unwrap_or_else(|| function.derivatives(&at.point, &state));
        let Some(step) = solve(&hessian, &gradient) else {
            if at.iterations == 0 {
                return None;
            }
            break;
        };
        let decrease = 0.5 * dot(&step, &gradient);
        let Some((point, value, next)) = line_search(function, &at, &step, decrease) else {
            // Not even a tiny step goes down: the rest is rounding, or something is wrong.
            at.converged = decrease <= tolerance;
            break;
        };
        at = Minimum { point, value, iterations: at.iterations + 1, converged: false };
        state = next;
        if decrease <= tolerance && decrease <= SHRINKING * before {
            at.converged = true;
            break;
        }
        before = decrease;
    }
    Some(at)
}

fn line_search<F: Convex>(
    function: &F,
    from: &Minimum,
    step: &[f64],
    decrease: f64,
) -> Option<(Vec<f64>, f64, F::State)> {
    let mut share = 1.0;
    for _ in 0..MOST_HALVINGS {
        let point: Vec<f64> = from.point.iter().zip(step).map(|(x, step)| x - share * step).collect();
        let (value, state) = function.evaluate(&point);
        let enough = from.value - DECREASE * share * 2.0 * decrease + ROUNDING * from.value.abs();
        if value.is_finite() && value <= enough {
            return Some((point, value, state));
        }
        share *= 0.5;
    }
    None
}

/// `M⁻¹ v` for a symmetric matrix; `None` where it is not positive definite, up to rounding.
///
/// The matrix is first scaled to a diagonal of ones, so that the units of the unknowns do not matter.
pub(crate) fn solve(matrix: &Square, vector: &[f64]) -> Option<Vec<f64>> {
    let scale = scales(matrix)?;
    let factor = factor(matrix, &scale)?;
    let right = Mat::from_fn(vector.len(), 1, |row, _| vector[row] * scale[row]);
    let solution = factor.solve(&right);
    clear_registers();
    Some(scale.iter().enumerate().map(|(row, scale)| solution[(row, 0)] * scale).collect())
}

/// The roots of the diagonal of `M⁻¹`, the standard errors where `M` is an information matrix; `None` as in [`solve`].
pub(crate) fn standard_errors(matrix: &Square) -> Option<Vec<f64>> {
    use faer::linalg::solvers::DenseSolveCore;
    let scale = scales(matrix)?;
    let inverse = factor(matrix, &scale)?.inverse();
    clear_registers();
    Some(scale.iter().enumerate().map(|(row, scale)| inverse[(row, row)].sqrt() * scale).collect())
}

fn scales(matrix: &Square) -> Option<Vec<f64>> {
    let scale: Vec<f64> = (0..matrix.size()).map(|row| matrix.at(row, row).sqrt().recip()).collect();
    (matrix.is_finite() && scale.iter().all(|scale| scale.is_finite())).then_some(scale)
}

fn factor(matrix: &Square, scale: &[f64]) -> Option<faer::linalg::solvers::Llt<f64>> {
    let scaled = Mat::from_fn(matrix.size(), matrix.size(), |i, j| matrix.at(i, j) * scale[i] * scale[j]);
    let factor = scaled.llt(Side::Lower);
    clear_registers();
    let factor = factor.ok()?;
    let lower = factor.L();
    (0..matrix.size()).all(|row| lower[(row, row)].powi(2) > LEAST_PIVOT).then_some(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Σ cosh(x − centre)`, whose full Newton steps overshoot from afar.
    struct Cosh([f64; 2]);

    impl Convex for Cosh {
        type State = ();

        fn evaluate(&self, point: &[f64]) -> (f64, ()) {
            (point.iter().zip(self.0).map(|(x, centre)| (x - centre).cosh()).sum(), ())
        }

        fn derivatives(&self, point: &[f64], (): &()) -> (Vec<f64>, Square) {
            let away =
                |of: fn(f64) -> f64| point.iter().zip(self.0).map(|(x, centre)| of(x - centre)).collect::<Vec<_>>();
            (away(f64::sinh), Square::diagonal(&away(f64::cosh)))
        }
    }

    /// `e^−x`, which falls for ever.
    struct Falling;

    impl Convex for Falling {
        type State = ();

        fn evaluate(&self, point: &[f64]) -> (f64, ()) {
            ((-point[0]).exp(), ())
        }

        fn derivatives(&self, point: &[f64], (): &()) -> (Vec<f64>, Square) {
            let value = (-point[0]).exp();
            (vec![-value], Square::diagonal(&[value]))
        }
    }

    #[test]
    fn finds_a_minimum_and_says_so() {
        let minimum = minimise(&Cosh([1.0, -3.0]), vec![9.0, 9.0], None, 1e-9).unwrap();
        assert!(minimum.converged && minimum.iterations < 25);
        assert!((minimum.point[0] - 1.0).abs() < 1e-12 && (minimum.point[1] + 3.0).abs() < 1e-12);
        assert!(minimise(&Cosh([1.0, -3.0]), vec![1.0, -3.0], None, 1e-9).unwrap().converged);
    }

    #[test]
    fn knows_that_there_is_none() {
        assert!(!minimise(&Falling, vec![0.0], None, 1e-6).unwrap().converged);
    }

    #[test]
    fn refuses_what_is_not_positive_definite() {
        let same = Square::from_fn(2, |_, _| 3.0);
        assert_eq!(solve(&same, &[1.0, 1.0]), None);
        assert_eq!(standard_errors(&Square::diagonal(&[1.0, 0.0])), None);
        assert_eq!(solve(&Square::diagonal(&[1.0, f64::NAN]), &[1.0, 1.0]), None);
        // Units do not make a matrix singular.
        let found = solve(&Square::diagonal(&[1e-20, 4e20]), &[1.0, 1.0]).unwrap();
        assert!((found[0] / 1e20 - 1.0).abs() < 1e-12 && (found[1] / 2.5e-21 - 1.0).abs() < 1e-12);
        assert!((standard_errors(&Square::diagonal(&[4.0])).unwrap()[0] - 0.5).abs() < 1e-15);
    }
}
