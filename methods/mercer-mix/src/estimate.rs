//! What is said of a quantity: its mean, spread and interval over the posterior.

use mercer_stats::mcmc::highest_density_interval;
use serde::{Deserialize, Serialize};

/// Share of the posterior that intervals hold.
pub(crate) const HELD: f64 = 0.9;

/// A quantity by its posterior.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub sd: f64,
    /// The shortest interval that holds 90 %.
    pub hdi_90: [f64; 2],
}

impl Estimate {
    /// The estimate of some draws; 0 without any.
    pub(crate) fn of(draws: &[f64]) -> Self {
        let count = draws.len() as f64;
        if draws.is_empty() {
            return Self::default();
        }
        let mean = draws.iter().sum::<f64>() / count;
        let squares: f64 = draws.iter().map(|draw| (draw - mean).powi(2)).sum();
        let interval = highest_density_interval(draws, HELD);
        let sd = if draws.len() > 1 { (squares / (count - 1.0)).sqrt() } else { 0.0 };
        let ends = [interval.low, interval.high].map(|end| if end.is_finite() { end } else { mean });
        Self { mean, sd, hdi_90: ends }
    }
}

/// The quantiles that leave as much on both sides as [`HELD`] allows.
pub(crate) fn central(draws: &mut [f64]) -> (f64, f64) {
    draws.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| {
        let place = share * (draws.len().saturating_sub(1)) as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place within the draws")]
        let (below, above) = (place.floor() as usize, place.ceil() as usize);
        match (draws.get(below), draws.get(above)) {
            (Some(low), Some(high)) => low + (high - low) * (place - place.floor()),
            _ => f64::NAN,
        }
    };
    (at((1.0 - HELD) / 2.0), at((1.0 + HELD) / 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_the_shortest() {
        let draws: Vec<f64> = (0..1_000).map(|at| (f64::from(at) / 1_000.0).powi(2)).collect();
        let estimate = Estimate::of(&draws);
        // Of the square of a uniform number the density falls, so the shortest interval starts at 0 and ends at 0.9².
        assert!(estimate.hdi_90[0] < 1e-5 && (estimate.hdi_90[1] - 0.81).abs() < 0.003, "{estimate:?}");
        assert!((estimate.mean - 1.0 / 3.0).abs() < 1e-3);
        assert_eq!(Estimate::of(&[2.0]), Estimate { mean: 2.0, sd: 0.0, hdi_90: [2.0, 2.0] });
    }

    #[test]
    fn central_intervals_leave_a_twentieth_on_each_side() {
        let mut draws: Vec<f64> = (0..=100).map(f64::from).rev().collect();
        let (low, high) = central(&mut draws);
        // Quantiles are interpolated: to rounding.
        assert!((low - 5.0).abs() < 1e-12 && (high - 95.0).abs() < 1e-12, "{low} to {high}");
    }
}
