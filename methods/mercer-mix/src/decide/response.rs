//! What a unit returns at each spend, and the spends that tell most of its curve.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::block::Block;
use super::curves::Curves;
use super::plan::{Estimate, estimate};
use super::root::crossing;

/// Spends this many times the largest looked at, and again, are as good as infinite.
const FAR: f64 = 1e15;

/// A curve at one spend.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct ResponsePoint {
    /// Spend, in money.
    pub(crate) spend: f64,
    /// What it returns, in money.
    pub(crate) returns: Estimate,
    /// What one more unit of money returns, on average over the draws; may be infinite at 0.
    pub(crate) marginal_return: f64,
}

/// Up to which spend one more unit of money brings back at least itself.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) enum BreakEven {
    /// At no spend that was looked at.
    Never,
    /// Up to this spend.
    At(f64),
    /// Still at the largest spend that was looked at.
    Beyond,
}

/// What a unit returns over a range of spends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ResponseCurve {
    /// The curve, at the spends that were asked for.
    pub(crate) points: Vec<ResponsePoint>,
    /// Where the mean marginal return falls to 1.
    pub(crate) break_even: BreakEven,
    /// The spend that returns half of what endless spend would, on average; `None` of a curve that grows without end, or is flat.
    pub(crate) half_saturation: Option<f64>,
}

/// The curve of `unit` at `spends`, which rise from 0 up, with intervals that hold `confidence` of the draws.
pub(crate) fn response_curve(curves: &impl Curves, unit: usize, spends: &[f64], confidence: f64) -> ResponseCurve {
    let block = Block { units: vec![(unit, 1.0)], low: 0.0, high: f64::INFINITY };
    let points: Vec<ResponsePoint> = spends
        .par_iter()
        .map(|spend| {
            let values: Vec<f64> = (0..curves.draws()).map(|draw| curves.value_slope(draw, unit, *spend).0).collect();
            let marginal_return = block.slope(curves, None, *spend);
            ResponsePoint { spend: *spend, returns: estimate(&values, confidence), marginal_return }
        })
        .collect();
    let break_even = break_even(&points, |spend| block.slope(curves, None, spend));
    let largest = spends.last().copied().unwrap_or_default();
    let half_saturation = half_saturation(|spend| block.value_slope(curves, None, spend).0, largest);
    ResponseCurve { points, break_even, half_saturation }
}

/// The last crossing of the marginal return from above 1 to below.
fn break_even(points: &[ResponsePoint], slope: impl Fn(f64) -> f64) -> BreakEven {
    if points.last().is_some_and(|last| last.marginal_return >= 1.0) {
        return BreakEven::Beyond;
    }
    let falls = |pair: &&[ResponsePoint]| matches!(pair, [before, after] if before.marginal_return >= 1.0 && after.marginal_return < 1.0);
    match points.windows(2).rfind(falls) {
        Some([before, after]) => {
            let values = [before.marginal_return - 1.0, after.marginal_return - 1.0];
            // Just 1 at the point itself is the answer.
            let at_point = values[0] <= 0.0;
            let ends = [before.spend, after.spend];
            BreakEven::At(if at_point { before.spend } else { crossing(|spend| slope(spend) - 1.0, ends, values)[0] })
        }
        _ => BreakEven::Never,
    }
}

/// Where a rising curve reaches half of its ceiling, sought far beyond `largest`.
fn half_saturation(value: impl Fn(f64) -> f64, largest: f64) -> Option<f64> {
    let base = if largest > 0.0 { largest } else { 1.0 };
    let (far, farther) = (value(FAR * base), value(FAR * FAR * base));
    let ceiling = farther;
    if !(ceiling.is_finite() && ceiling > 0.0 && (farther - far).abs() <= 1e-4 * ceiling) {
        return None;
    }
    let short = |spend: f64| 0.5 * ceiling - value(spend);
    // In steps of ten up to the ceiling, then exactly.
    let mut high = base * 1e-6;
    while short(high) > 0.0 && high < FAR * base {
        high *= 10.0;
    }
    let low = if high > base * 1e-6 { high / 10.0 } else { 0.0 };
    let values = [short(low), short(high)];
    (values[0] > 0.0 && values[1] <= 0.0)
        .then(|| if values[1] == 0.0 { high } else { crossing(short, [low, high], values)[0] })
}
