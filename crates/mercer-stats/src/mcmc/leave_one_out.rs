//! How well a model predicts each observation from all the others, without fitting it again.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::importance::{log_sum_exp, smooth};

/// The expected log predictive density of left-out observations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeaveOneOut {
    /// Sum over the observations; higher is better.
    pub elpd: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Effective number of unknowns: by how much the fit to the same data is better than that.
    pub unknowns: f64,
    /// Log predictive density of each observation, from the others.
    pub pointwise: Vec<f64>,
    /// The shape `k̂` of each observation's weights.
    pub shapes: Vec<f64>,
    /// The shape up to which this many draws are reliable: `min(1 − 1 / log₁₀ S, 0.7)`. Observations above it need a new fit.
    pub reliable_shape: f64,
}

/// Leave-one-out cross-validation by Pareto-smoothed importance sampling.
///
/// `fill` writes the log likelihood of an observation under each draw; observations are taken one by one, so that the whole table
/// is never held. `relative_efficiency` as in [`super::smooth_importance`].
///
/// Source: Vehtari, Gelman & Gabry (2017), Practical Bayesian model evaluation using leave-one-out cross-validation and WAIC,
/// Statistics and Computing 27, 1413–1432; the limit of the shape by Vehtari et al. (2024), section 3.2.
pub fn leave_one_out(
    observations: usize,
    draws: usize,
    relative_efficiency: f64,
    fill: impl Fn(usize, &mut [f64]) + Sync,
) -> LeaveOneOut {
    let one = |(likelihood, weights, tail): &mut (Vec<f64>, Vec<f64>, Vec<(f64, usize)>), observation: usize| {
        fill(observation, likelihood);
        weights.clear();
        weights.extend(likelihood.iter().map(|value| -value));
        let shape = smooth(weights, relative_efficiency, tail);
        let left_out = log_sum_exp(weights.iter().zip(likelihood.iter()).map(|(weight, value)| weight + value));
        let fitted = log_sum_exp(likelihood.iter().copied()) - (draws as f64).ln();
        // A density that is not a number shows in the sums as such.
        if shape.is_nan() { [f64::NAN; 3] } else { [left_out, fitted, shape] }
    };
    let room = || (vec![0.0; draws], Vec::with_capacity(draws), Vec::with_capacity(draws));
    let each: Vec<[f64; 3]> = (0..observations).into_par_iter().map_init(room, one).collect();
    let pointwise: Vec<f64> = each.iter().map(|[left_out, ..]| *left_out).collect();
    let count = observations as f64;
    let elpd = pointwise.iter().sum::<f64>();
    let scatter = pointwise.iter().map(|value| (value - elpd / count).powi(2)).sum::<f64>();
    LeaveOneOut {
        elpd,
        standard_error: scatter.sqrt(),
        unknowns: each.iter().map(|[_, fitted, _]| fitted).sum::<f64>() - elpd,
        shapes: each.iter().map(|[.., shape]| *shape).collect(),
        pointwise,
        reliable_shape: (1.0 - (draws as f64).log10().recip()).min(0.7),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcmc::made_up::{close, logistic_draws};

    fn likelihood(observation: usize, values: &mut [f64]) {
        let centre = 0.4 * observation as f64;
        let precision = 0.02 + 0.03 * observation as f64;
        let draws = logistic_draws(values.len(), 100 + observation as u64);
        values.iter_mut().zip(draws).for_each(|(value, x)| *value = -0.5 * precision * (x - centre).powi(2));
    }

    #[test]
    fn agrees_with_arviz() {
        let loo = leave_one_out(6, 1_000, 0.7, likelihood);
        close("elpd", loo.elpd, -2.885_601_679_610_935);
        close("se", loo.standard_error, 1.150_274_781_242_242_5);
        close("unknowns", loo.unknowns, 1.670_620_127_020_748_1);
        let shapes =
            [0.224_785_734_65, 0.303_451_666_92, 0.609_762_895_57, 0.655_845_972_93, 0.860_080_170_5, 1.215_081_193_94];
        let points = [
            -0.034_633_101_98,
            -0.093_777_336_92,
            -0.223_328_147_09,
            -0.416_718_061_25,
            -0.714_886_375_92,
            -1.402_258_656_45,
        ];
        for (value, expected) in loo.shapes.iter().chain(&loo.pointwise).zip(shapes.iter().chain(&points)) {
            close("observation", *value, *expected);
        }
        close("limit", loo.reliable_shape, 2.0 / 3.0);
        let independent = leave_one_out(6, 1_000, 1.0, likelihood);
        close("elpd", independent.elpd, -2.833_386_832_786_265);
        close("unknowns", independent.unknowns, 1.618_405_280_196_078);
    }

    #[test]
    fn what_is_no_number_gives_nan() {
        let loo = leave_one_out(3, 100, 1.0, |observation, values| {
            likelihood(observation, values);
            if observation == 1 {
                values[7] = f64::NAN;
            }
        });
        assert!(loo.elpd.is_nan() && loo.pointwise[1].is_nan() && loo.pointwise[2].is_finite());
        let empty = leave_one_out(0, 0, 1.0, |_, _| {});
        assert_eq!((empty.elpd, empty.pointwise.len()), (0.0, 0));
    }

    #[test]
    fn thread_counts_do_not_show() {
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| leave_one_out(30, 200, 1.0, likelihood))
        };
        assert_eq!(run(1), run(2));
        assert_eq!(run(1), run(8));
    }
}
