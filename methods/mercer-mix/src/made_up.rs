//! Densities whose answers are known, for tests.

use mercer_stats::dense::{Square, dot};

use crate::density::Density;

/// Independent normal distributions.
pub(crate) struct Independent {
    pub(crate) mean: Vec<f64>,
    pub(crate) sd: Vec<f64>,
}

impl Density for Independent {
    type Work = ();

    fn dim(&self) -> usize {
        self.mean.len()
    }

    fn work(&self) {}

    fn value(&self, point: &[f64], gradient: &mut [f64], (): &mut ()) -> f64 {
        let mut value = 0.0;
        for (((x, slope), mean), sd) in point.iter().zip(gradient).zip(&self.mean).zip(&self.sd) {
            let z = (x - mean) / sd;
            value -= 0.5 * z * z;
            *slope = -z / sd;
        }
        value
    }
}

/// A normal distribution of mean 0 with a known inverse covariance.
pub(crate) struct Correlated {
    pub(crate) precision: Square,
}

impl Correlated {
    /// Unit variances, and the correlation `memory` to the power of the distance of two unknowns.
    pub(crate) fn new(size: usize, memory: f64) -> Self {
        let apart = |a: usize, b: usize| i32::try_from(a.abs_diff(b)).unwrap();
        let covariance = Square::from_fn(size, |row, column| memory.powi(apart(row, column)));
        Self { precision: covariance.inverse().unwrap() }
    }
}

impl Density for Correlated {
    type Work = ();

    fn dim(&self) -> usize {
        self.precision.size()
    }

    fn work(&self) {}

    fn value(&self, point: &[f64], gradient: &mut [f64], (): &mut ()) -> f64 {
        for (slope, row) in gradient.iter_mut().zip(0..) {
            *slope = -dot(self.precision.row(row), point);
        }
        0.5 * dot(point, gradient)
    }
}

/// Neal's funnel: the first unknown is the logarithm of the others' variance.
pub(crate) struct Funnel {
    pub(crate) dim: usize,
}

impl Density for Funnel {
    type Work = ();

    fn dim(&self) -> usize {
        self.dim
    }

    fn work(&self) {}

    fn value(&self, point: &[f64], gradient: &mut [f64], (): &mut ()) -> f64 {
        let (v, rest) = (point[0], &point[1..]);
        let precision = (-v).exp();
        let squares = dot(rest, rest);
        gradient[0] = -v / 9.0 - 0.5 * rest.len() as f64 + 0.5 * precision * squares;
        for (slope, x) in gradient[1..].iter_mut().zip(rest) {
            *slope = -precision * x;
        }
        -v * v / 18.0 - 0.5 * rest.len() as f64 * v - 0.5 * precision * squares
    }
}

/// Groups around a common level: `y_j ~ N(μ + e^t z_j, 1)`, `z_j ~ N(0, 1)`, `μ ~ N(0, 5²)`, `t ~ N(0, 1)`; unknowns `μ, t, z`.
pub(crate) struct Hierarchy {
    outcome: Vec<f64>,
}

impl Hierarchy {
    pub(crate) fn new(groups: u32) -> Self {
        Self { outcome: (0..groups).map(|j| 2.0 + 1.5 * (f64::from(j) * 2.399).sin()).collect() }
    }

    /// Means and standard deviations of `μ` and `t`, by quadrature of the marginal `y_j ~ N(μ, 1 + e^2t)`.
    pub(crate) fn moments(&self) -> ([f64; 2], [f64; 2]) {
        let density = |mu: f64, t: f64| {
            let variance = 1.0 + (2.0 * t).exp();
            let squares: f64 = self.outcome.iter().map(|y| (y - mu).powi(2)).sum();
            -mu * mu / 50.0 - 0.5 * t * t - 0.5 * self.outcome.len() as f64 * variance.ln() - 0.5 * squares / variance
        };
        let (mut total, mut first, mut second) = (0.0, [0.0; 2], [0.0; 2]);
        for i in 0..400 {
            for j in 0..800 {
                let at = [1.0 + 2.0 * (f64::from(i) + 0.5) / 400.0, -6.0 + 8.0 * (f64::from(j) + 0.5) / 800.0];
                let weight = (density(at[0], at[1]) - density(2.0, 0.0)).exp();
                total += weight;
                for axis in 0..2 {
                    first[axis] += weight * at[axis];
                    second[axis] += weight * at[axis] * at[axis];
                }
            }
        }
        let mean = first.map(|sum| sum / total);
        (mean, [0, 1].map(|axis| (second[axis] / total - mean[axis] * mean[axis]).sqrt()))
    }
}

impl Density for Hierarchy {
    type Work = ();

    fn dim(&self) -> usize {
        self.outcome.len() + 2
    }

    fn work(&self) {}

    fn value(&self, point: &[f64], gradient: &mut [f64], (): &mut ()) -> f64 {
        let (mu, t, z) = (point[0], point[1], &point[2..]);
        let scale = t.exp();
        let mut value = -mu * mu / 50.0 - 0.5 * t * t;
        let (mut by_mu, mut by_t) = (-mu / 25.0, -t);
        for ((y, z), slope) in self.outcome.iter().zip(z).zip(&mut gradient[2..]) {
            let residual = y - mu - scale * z;
            value -= 0.5 * (residual * residual + z * z);
            by_mu += residual;
            by_t += residual * scale * z;
            *slope = residual * scale - z;
        }
        (gradient[0], gradient[1]) = (by_mu, by_t);
        value
    }
}

/// Has no density anywhere.
pub(crate) struct Nowhere;

impl Density for Nowhere {
    type Work = ();

    fn dim(&self) -> usize {
        1
    }

    fn work(&self) {}

    fn value(&self, _: &[f64], gradient: &mut [f64], (): &mut ()) -> f64 {
        gradient.fill(0.0);
        f64::NEG_INFINITY
    }
}
