//! Importance weights whose largest are smoothed.

use super::pareto::Pareto;

/// The tail must have more weights than this to be fitted.
const FEWEST_IN_TAIL: usize = 4;

/// Smoothed weights, and how far they can be believed.
#[derive(Debug, Clone, PartialEq)]
pub struct Smoothed {
    /// Logarithms of the weights, which add up to 1.
    pub log_weights: Vec<f64>,
    /// The shape `k̂` of the weights' tail: below 0.7 the weights are reliable, above 1 they mean nothing; infinite where too few
    /// weights stand out to tell.
    pub shape: f64,
}

/// Pareto-smoothed importance sampling: the largest of the importance weights (given by their logarithms, up to a constant) are
/// replaced by quantiles of a generalised Pareto distribution fitted to them.
///
/// `relative_efficiency` is the effective number of the draws over their number, 1 for independent ones: with fewer effective draws
/// the tail is taken longer. `NaN` throughout where a weight is not a number.
///
/// Source: Vehtari, Simpson, Gelman, Yao & Gabry (2024), Pareto smoothed importance sampling, JMLR 25 (72), section 4.
#[must_use]
pub fn smooth_importance(log_ratios: &[f64], relative_efficiency: f64) -> Smoothed {
    let mut log_weights = log_ratios.to_vec();
    let shape = smooth(&mut log_weights, relative_efficiency, &mut Vec::new());
    Smoothed { log_weights, shape }
}

/// Turns logarithms of ratios into smoothed ones of weights that add up to 1, and returns the tail's shape. `tail` is room to work.
pub(super) fn smooth(log_weights: &mut [f64], relative_efficiency: f64, tail: &mut Vec<(f64, usize)>) -> f64 {
    let largest = log_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if log_weights.iter().any(|weight| weight.is_nan()) || !largest.is_finite() {
        log_weights.fill(f64::NAN);
        return f64::NAN;
    }
    log_weights.iter_mut().for_each(|weight| *weight -= largest);
    let shape = smooth_tail(log_weights, relative_efficiency, tail);
    let total = log_sum_exp(log_weights.iter().copied());
    log_weights.iter_mut().for_each(|weight| *weight -= total);
    shape
}

/// Smooths the tail of weights whose largest is 1.
fn smooth_tail(log_weights: &mut [f64], relative_efficiency: f64, tail: &mut Vec<(f64, usize)>) -> f64 {
    let draws = log_weights.len() as f64;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most a fifth of a length")]
    let length = (draws / 5.0).min(3.0 * (draws / relative_efficiency).sqrt()).ceil() as usize;
    tail.clear();
    tail.extend(log_weights.iter().copied().zip(0..));
    let Some(at) = tail.len().checked_sub(length + 1) else { return f64::INFINITY };
    // Weights that are nothing beside the largest are no tail.
    let (_, threshold, _) = tail.select_nth_unstable_by(at, |a, b| a.0.total_cmp(&b.0));
    let threshold = threshold.0.max(f64::MIN_POSITIVE.ln());
    tail.retain(|(weight, _)| *weight > threshold);
    if tail.len() <= FEWEST_IN_TAIL {
        return f64::INFINITY;
    }
    tail.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let base = threshold.exp();
    let excess: Vec<f64> = tail.iter().map(|(weight, _)| weight.exp() - base).collect();
    let fit = Pareto::fit(&excess);
    if fit.shape.is_finite() {
        let count = tail.len() as f64;
        for (rank, (_, draw)) in tail.iter().enumerate() {
            if let Some(weight) = log_weights.get_mut(*draw) {
                *weight = (fit.quantile((rank as f64 + 0.5) / count) + base).ln().min(0.0);
            }
        }
    }
    fit.shape
}

/// The logarithm of the sum of the exponentials, without overflow.
pub(super) fn log_sum_exp(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = values.clone().fold(f64::NEG_INFINITY, f64::max);
    if !largest.is_finite() {
        return largest;
    }
    largest + values.map(|value| (value - largest).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcmc::made_up::{close, logistic_draws};

    #[test]
    fn equal_weights_stay_equal() {
        let smoothed = smooth_importance(&[3.0; 50], 1.0);
        assert!(smoothed.log_weights.iter().all(|weight| (weight + 50.0_f64.ln()).abs() < 1e-12));
        assert!(smoothed.shape.is_infinite());
    }

    #[test]
    fn agrees_with_arviz() {
        let ratios: Vec<f64> = logistic_draws(1_000, 105).iter().map(|x| 0.5 * (x - 2.0).powi(2) * 0.17).collect();
        let smoothed = smooth_importance(&ratios, 1.0);
        close("shape", smoothed.shape, 1.033_256_424_555_205_2);
        let largest = smoothed.log_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        close("largest", largest, -1.654_432_507_619_049);
        close("first", smoothed.log_weights[0], -7.581_439_15);
    }

    #[test]
    fn what_is_no_number_gives_nan() {
        let cases: [&[f64]; 4] = [&[], &[0.0, f64::NAN], &[f64::NEG_INFINITY; 3], &[0.0, f64::INFINITY]];
        for ratios in cases {
            let smoothed = smooth_importance(ratios, 1.0);
            assert!(smoothed.shape.is_nan() && smoothed.log_weights.iter().all(|weight| weight.is_nan()), "{ratios:?}");
        }
        assert!(smooth_importance(&[0.0], 1.0).shape.is_infinite());
    }
}
