//! Mending probabilities that are wrong on the whole, too extreme, or bent: Platt scaling and isotonic regression.

use mercer_base::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::classification::{are_probabilities, are_scores, log_odds};
use crate::special::logistic;
use crate::{Block, Design, logistic as regression};

/// A straight line on the log-odds: two numbers, so that a few hundred rows are enough.
///
/// Source: Platt (1999), Probabilistic outputs for support vector machines, in: Advances in Large Margin Classifiers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Platt {
    /// Added to the log-odds.
    pub intercept: f64,
    /// Times the log-odds predicted; below 1 it draws probabilities towards the middle.
    pub slope: f64,
}

impl Platt {
    /// The line through probabilities and outcomes of rows that the probabilities were not fitted to.
    ///
    /// As Platt has it, outcomes are drawn to the middle by one row of each kind, so that there is a line even where the
    /// probabilities separate them.
    ///
    /// # Errors
    /// Lengths that differ, no rows, a value outside `[0, 1]`, outcomes that are all the same, or one probability for all rows.
    pub fn fit(probabilities: &[f64], outcomes: &[bool]) -> Result<Self> {
        if !are_probabilities(probabilities, outcomes) {
            return Err(Error::data("calibration needs a probability from 0 to 1 for each outcome"));
        }
        let with = outcomes.iter().filter(|outcome| **outcome).count() as f64;
        let without = outcomes.len() as f64 - with;
        if with == 0.0 || without == 0.0 {
            return Err(Error::data("calibration needs rows with the outcome and without it")
                .with_hint("hold out more rows for it"));
        }
        let (high, low) = ((with + 1.0) / (with + 2.0), 1.0 / (without + 2.0));
        let targets: Vec<f64> = outcomes.iter().map(|outcome| if *outcome { high } else { low }).collect();
        let block = Block::Dense { columns: 1, values: probabilities.iter().copied().map(log_odds).collect() };
        let design = Design::new(probabilities.len(), vec![block])?;
        let fit = regression::fit_targets(&design, &targets, None, 0.0, None, 1e-10)
            .map_err(|error| error.with_context("calibrating by a line"))?;
        Ok(Self { intercept: fit.intercept, slope: fit.coefficients.first().copied().unwrap_or(1.0) })
    }

    /// The mended probability.
    #[must_use]
    pub fn apply(&self, probability: f64) -> f64 {
        logistic(self.intercept + self.slope * log_odds(probability))
    }
}

/// Any rising curve: steps at the mean outcome of neighbouring scores, joined by straight lines. Needs a thousand rows or more.
///
/// Source: Zadrozny and Elkan (2002), Transforming classifier scores into accurate multiclass probability estimates, KDD.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Isotonic {
    /// Scores at which the curve is known, rising: the ends of each step.
    pub scores: Vec<f64>,
    /// The curve there, from 0 to 1, never falling.
    pub chances: Vec<f64>,
}

impl Isotonic {
    /// The curve through scores (of any scale) and outcomes of rows that the scores were not fitted to.
    ///
    /// # Errors
    /// Lengths that differ, no rows, or a score that is missing or infinite.
    pub fn fit(scores: &[f64], outcomes: &[bool]) -> Result<Self> {
        if !are_scores(scores, outcomes) || scores.iter().any(|score| score.is_infinite()) {
            return Err(Error::data("calibration needs a finite score for each outcome"));
        }
        let mut rows: Vec<(f64, bool)> = scores.iter().copied().zip(outcomes.iter().copied()).collect();
        rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let (mut distinct, mut shares, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        for tie in rows.chunk_by(|a, b| a.0 == b.0) {
            let weight = tie.len() as f64;
            distinct.extend(tie.first().map(|row| row.0));
            shares.push(tie.iter().filter(|row| row.1).count() as f64 / weight);
            weights.push(weight);
        }
        let curve = isotonic_means(&shares, &weights);
        // Between the ends of a step the curve is flat: they are all that is needed.
        let is_end =
            |at: usize| at == 0 || at + 1 == curve.len() || curve[at] != curve[at - 1] || curve[at] != curve[at + 1];
        let ends: Vec<usize> = (0..curve.len()).filter(|at| is_end(*at)).collect();
        Ok(Self {
            scores: ends.iter().map(|at| distinct[*at]).collect(),
            chances: ends.iter().map(|at| curve[*at]).collect(),
        })
    }

    /// The chance of the outcome at a score: interpolated between the known ones, and that of the nearest end beyond them.
    #[must_use]
    pub fn apply(&self, score: f64) -> f64 {
        if score.is_nan() {
            return f64::NAN;
        }
        let above = self.scores.partition_point(|known| *known < score);
        let known = |at: usize| Some((*self.scores.get(at)?, *self.chances.get(at)?));
        match (above.checked_sub(1).and_then(known), known(above)) {
            (Some((x0, y0)), Some((x1, y1))) => y0 + (y1 - y0) * ((score - x0) / (x1 - x0)),
            (Some((_, only)), None) | (None, Some((_, only))) => only,
            (None, None) => f64::NAN,
        }
    }
}

/// The values that never fall and are closest to `values` by weighted squares; they keep the weighted mean. Weights are above 0.
///
/// By pooling adjacent violators, in one pass. Source: Ayer, Brunk, Ewing, Reid and Silverman (1955), An empirical distribution
/// function for sampling with incomplete information, Annals of Mathematical Statistics 26, 641–647.
#[must_use]
pub fn isotonic_means(values: &[f64], weights: &[f64]) -> Vec<f64> {
    /// Neighbours that have one value.
    struct Pool {
        sum: f64,
        weight: f64,
        count: usize,
    }
    let mut pools: Vec<Pool> = Vec::new();
    for (value, weight) in values.iter().zip(weights) {
        let mut pool = Pool { sum: value * weight, weight: *weight, count: 1 };
        while let Some(last) = pools.pop_if(|last| last.sum / last.weight >= pool.sum / pool.weight) {
            pool.sum += last.sum;
            pool.weight += last.weight;
            pool.count += last.count;
        }
        pools.push(pool);
    }
    pools.iter().flat_map(|pool| std::iter::repeat_n(pool.sum / pool.weight, pool.count)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::classification::calibration_line;
    use crate::made_up;

    #[test]
    fn steps_agree_with_another_package() {
        let rows = made_up::rows();
        let curve = Isotonic::fit(&rows.probabilities, &rows.outcomes).unwrap();
        // scikit-learn 1.9, IsotonicRegression(out_of_bounds="clip"): its thresholds and values.
        let (two_sevenths, eight_fifteenths) = (2.0 / 7.0, 8.0 / 15.0);
        made_up::assert_close(&curve.scores, &[0.05, 0.15, 0.2, 0.25, 0.35, 0.4, 0.55, 0.6, 0.95], 1e-15);
        let steps = [0.2, 0.2, 0.25, two_sevenths, two_sevenths, eight_fifteenths, eight_fifteenths, 1.0, 1.0];
        made_up::assert_close(&curve.chances, &steps, 1e-14);
        let applied = [0.0, 0.33, 0.52, 0.375, 2.0].map(|score| curve.apply(score));
        let between = (two_sevenths + eight_fifteenths) / 2.0;
        made_up::assert_close(&applied, &[0.2, two_sevenths, eight_fifteenths, between, 1.0], 1e-14);
        assert!(curve.apply(f64::NAN).is_nan());
    }

    #[test]
    fn a_line_undoes_a_line() {
        // Log-odds drawn out to twice their size and moved by one: frequencies, not chance, so that the truth is found exactly.
        let (mut given, mut outcomes) = (Vec::new(), Vec::new());
        for tenth in 1..10_u32 {
            let truth = f64::from(tenth) / 10.0;
            let distorted = logistic(2.0 * log_odds(truth) + 1.0);
            given.extend(std::iter::repeat_n(distorted, 10_000));
            outcomes.extend((0..10_000).map(|row| row < tenth * 1_000));
        }
        let line = Platt::fit(&given, &outcomes).unwrap();
        // One row of 45,000 drawn to the middle moves it in the fourth digit.
        made_up::assert_close(&[line.slope, line.intercept], &[0.5, -0.5], 2e-4);
        let mended: Vec<f64> = given.iter().map(|p| line.apply(*p)).collect();
        let left = calibration_line(&mended, &outcomes).unwrap();
        made_up::assert_close(&[left.slope, left.intercept], &[1.0, 0.0], 1e-3);
    }

    #[test]
    fn a_line_exists_where_outcomes_are_separated() {
        let line = Platt::fit(&[0.1, 0.2, 0.8, 0.9], &[false, false, true, true]).unwrap();
        assert!(line.slope > 0.0 && line.slope < 1.0, "four rows say little: {line:?}");
        assert!(Platt::fit(&[0.1, 0.2], &[true, true]).is_err());
        assert!(Platt::fit(&[0.3, 0.3], &[true, false]).is_err());
        assert!(Platt::fit(&[0.3, 1.3], &[true, false]).is_err());
        assert!(Isotonic::fit(&[0.3, f64::INFINITY], &[true, false]).is_err());
        assert!(Isotonic::fit(&[], &[]).is_err());
    }

    proptest! {
        #[test]
        fn means_rise_keep_the_mean_and_cannot_be_bettered(
            rows in prop::collection::vec((-5.0_f64..5.0, 0.1_f64..3.0), 1..40),
            toward in prop::collection::vec(0.0_f64..1.0, 40),
        ) {
            let (values, weights): (Vec<f64>, Vec<f64>) = rows.into_iter().unzip();
            let means = isotonic_means(&values, &weights);
            prop_assert_eq!(means.len(), values.len());
            prop_assert!(means.windows(2).all(|pair| pair[0] <= pair[1]));
            let weighted = |of: &[f64]| of.iter().zip(&weights).map(|(x, w)| x * w).sum::<f64>();
            prop_assert!((weighted(&means) - weighted(&values)).abs() < 1e-9);
            // The set of rising sequences is convex: a step towards any other member gets further away.
            let mut rising = toward[..values.len()].to_vec();
            rising.sort_unstable_by(f64::total_cmp);
            let distance = |of: &dyn Fn(usize) -> f64| -> f64 {
                (0..values.len()).map(|row| weights[row] * (of(row) - values[row]).powi(2)).sum()
            };
            let moved = distance(&|row| 0.99 * means[row] + 0.01 * (10.0 * rising[row] - 5.0));
            prop_assert!(distance(&|row| means[row]) <= moved + 1e-9);
        }

        #[test]
        fn the_curve_keeps_the_rate_of_its_rows(rows in prop::collection::vec((0_u8..12, any::<bool>()), 1..60)) {
            let (scores, outcomes): (Vec<f64>, Vec<bool>) = rows.iter().map(|row| (f64::from(row.0), row.1)).unzip();
            let curve = Isotonic::fit(&scores, &outcomes).unwrap();
            let applied: f64 = scores.iter().map(|score| curve.apply(*score)).sum();
            let happened = outcomes.iter().filter(|outcome| **outcome).count() as f64;
            prop_assert!((applied - happened).abs() < 1e-9);
            prop_assert!(curve.chances.windows(2).all(|pair| pair[0] <= pair[1]));
            prop_assert!(curve.scores.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
}
