//! Coordinates of the baseline's coefficients in which they are independent, of about the same scale.
//!
//! Bends of a trend, waves and controls overlap in time, so that their coefficients trade off along directions that no scale for each
//! one alone can follow. Given channels and noise their likelihood is normal, with a precision that the data tell beforehand:
//! `H = XᵀX / σ² + P`, of their columns `X` and the precision of their priors `P`. With `H = L Lᵀ` the coordinates are `u = Lᵀ β`.
//! The volume is constant, so the posterior stays the same, whatever `σ` is taken for it.

use mercer_stats::dense::{Square, dot};

/// Rounds in which the scale of the noise is found.
const ROUNDS: usize = 6;
/// The noise is never taken for less than this share of the outcome's own scatter.
const LEAST_NOISE: f64 = 1e-3;

/// A coefficient of the baseline.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// Its unknown, which is any number and its own coordinate.
    pub(crate) unknown: usize,
    /// Standard deviation of its prior.
    pub(crate) prior_sd: f64,
    /// What it multiplies, period by period.
    pub(crate) values: Vec<f64>,
}

/// A linear change of coordinates of some unknowns.
#[derive(Debug, Clone)]
pub(crate) struct Whitened {
    unknowns: Vec<usize>,
    /// The factor `L`.
    lower: Square,
}

impl Whitened {
    /// The coordinates of `columns`, which explain `outcome` together with `others`, whose coefficients have no say here; `None` where
    /// there are fewer than two columns. `outcome` is `NaN` where it is missing; `centred` says that a level beside the columns takes up
    /// their means.
    pub(crate) fn new(columns: Vec<Column>, others: &[Vec<f64>], outcome: &[f64], centred: bool) -> Option<Self> {
        if columns.len() < 2 {
            return None;
        }
        let is_known: Vec<bool> = outcome.iter().map(|value| !value.is_nan()).collect();
        let known = |values: &[f64]| -> Vec<f64> {
            let mut kept: Vec<f64> =
                values.iter().zip(&is_known).filter(|(_, known)| **known).map(|(value, _)| *value).collect();
            if centred {
                let mean = kept.iter().sum::<f64>() / kept.len().max(1) as f64;
                kept.iter_mut().for_each(|value| *value -= mean);
            }
            kept
        };
        let count = columns.len();
        let outcome = known(outcome);
        let all: Vec<Vec<f64>> = columns
            .iter()
            .map(|column| known(&column.values))
            .chain(others.iter().map(|values| known(values)))
            .collect();
        let precisions = columns.iter().map(|column| column.prior_sd.powi(-2)).chain(others.iter().map(|_| 0.0));
        let precisions: Vec<f64> = precisions.collect();
        let products = Square::from_fn(all.len(), |row, column| dot(&all[row], &all[column]));
        let variance = noise(&all, &products, &precisions, &outcome)?;
        let precision = Square::from_fn(count, |row, column| {
            products.at(row, column) / variance + if row == column { precisions[row] } else { 0.0 }
        });
        let unknowns = columns.into_iter().map(|column| column.unknown).collect();
        Some(Self { unknowns, lower: precision.cholesky()? })
    }

    fn taken(&self, values: &[f64]) -> Vec<f64> {
        self.unknowns.iter().map(|at| values[*at]).collect()
    }

    fn put(&self, taken: &[f64], values: &mut [f64]) {
        self.unknowns.iter().zip(taken).for_each(|(at, value)| values[*at] = *value);
    }

    /// Coefficients become coordinates.
    pub(crate) fn to_coordinates(&self, point: &mut [f64]) {
        let own = self.taken(point);
        for (row, at) in self.unknowns.iter().enumerate() {
            // Row of Lᵀ: the column of L from its diagonal down.
            point[*at] = (row..own.len()).map(|below| self.lower.at(below, row) * own[below]).sum();
        }
    }

    /// Coordinates become coefficients.
    pub(crate) fn to_coefficients(&self, point: &mut [f64]) {
        let mut taken = self.taken(point);
        self.lower.solve_lower_transposed(&mut taken);
        self.put(&taken, point);
    }

    /// Turns the gradient by the coefficients into that by the coordinates.
    pub(crate) fn pull_back(&self, gradient: &mut [f64]) {
        let mut taken = self.taken(gradient);
        self.lower.solve_lower(&mut taken);
        self.put(&taken, gradient);
    }
}

/// The variance of what a regression of `outcome` on all columns, with the priors' precisions, leaves; `None` where the outcome says
/// nothing.
fn noise(columns: &[Vec<f64>], products: &Square, precisions: &[f64], outcome: &[f64]) -> Option<f64> {
    let rows = outcome.len() as f64;
    let own = dot(outcome, outcome) / rows;
    let least = (LEAST_NOISE * LEAST_NOISE) * own;
    let moments: Vec<f64> = columns.iter().map(|column| dot(column, outcome)).collect();
    let mut variance = own;
    for _ in 0..ROUNDS {
        // A little ridge keeps columns that are the same from stopping it.
        let ridge = |at: usize| precisions[at] * variance + 1e-9 * (products.at(at, at) + 1e-9);
        let inverse =
            Square::from_fn(columns.len(), |r, c| products.at(r, c) + if r == c { ridge(r) } else { 0.0 }).inverse()?;
        let slopes = inverse.times(&moments);
        let freedom: f64 = (0..columns.len()).map(|at| 1.0 - ridge(at) * inverse.at(at, at)).sum();
        let squares = dot(outcome, outcome) - 2.0 * dot(&slopes, &moments) + products.quadratic_form(&slopes);
        variance = (squares / (rows - freedom).max(0.1 * rows)).max(least);
    }
    Some(variance).filter(|variance| variance.is_finite() && *variance > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(count: usize, periods: usize) -> Vec<Column> {
        let hinge = |at: usize, t: usize| (t as f64 / periods as f64 - at as f64 / count as f64).max(0.0);
        let column = |at: usize| Column {
            unknown: 2 * at + 1,
            prior_sd: 0.5,
            values: (0..periods).map(|t| hinge(at, t)).collect(),
        };
        (0..count).map(column).collect()
    }

    /// Numbers between -0.5 and 0.5 without pattern.
    fn scatter(at: usize) -> f64 {
        ((at * 7_919 + 13) % 1_009) as f64 / 1_009.0 - 0.5
    }

    #[test]
    fn the_precision_of_the_coordinates_is_the_identity() {
        let (count, periods, sd) = (6, 200, 0.1);
        let made = columns(count, periods);
        // Numbers without pattern have a standard deviation of 1 / √12.
        let outcome: Vec<f64> =
            (0..periods).map(|t| 3.0 + made[0].values[t] + sd * 12.0_f64.sqrt() * scatter(t)).collect();
        let whitened = Whitened::new(made.clone(), &[], &outcome, true).unwrap();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        // uᵀ u = βᵀ H β for any coefficients, with H of the true noise: within 15 %, as its variance is estimated from 200 periods.
        for direction in 0..count {
            let mut point = vec![7.0; 2 * count + 1];
            for at in 0..count {
                point[2 * at + 1] = scatter(at + 31 * direction);
            }
            let own = point.clone();
            let level: Vec<f64> = (0..periods)
                .map(|t| made.iter().map(|c| (c.values[t] - mean(&c.values)) * own[c.unknown]).sum())
                .collect();
            let prior: f64 = made.iter().map(|c| (own[c.unknown] / c.prior_sd).powi(2)).sum();
            whitened.to_coordinates(&mut point);
            let length: f64 = made.iter().map(|c| point[c.unknown].powi(2)).sum();
            let expected = dot(&level, &level) / (sd * sd) + prior;
            assert!((length / expected - 1.0).abs() < 0.15, "{length} {expected}");
            whitened.to_coefficients(&mut point);
            assert!(point.iter().zip(&own).all(|(back, own)| (back - own).abs() < 1e-9));
        }
    }

    #[test]
    fn columns_that_are_the_same_and_outcomes_that_are_missing_do_no_harm() {
        let mut made = columns(3, 50);
        made[1].values = made[0].values.clone();
        let mut outcome: Vec<f64> = (0..50).map(scatter).collect();
        outcome[7] = f64::NAN;
        let whitened = Whitened::new(made, &[vec![0.0; 50]], &outcome, false).unwrap();
        let mut point: Vec<f64> = (0..7).map(scatter).collect();
        let own = point.clone();
        whitened.to_coordinates(&mut point);
        whitened.to_coefficients(&mut point);
        assert!(point.iter().zip(&own).all(|(back, own)| (back - own).abs() < 1e-9));
        assert!(Whitened::new(columns(1, 50), &[], &outcome, true).is_none());
    }
}
