//! Units that move together, and the mean of their curves over the draws.

use super::curves::Curves;

/// Units whose spends keep fixed ratios; one unit as a rule.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block {
    /// The units, with their shares of the block's spend, which add up to 1.
    pub(super) units: Vec<(usize, f64)>,
    /// Least spend of the block.
    pub(super) low: f64,
    /// Most spend of the block.
    pub(super) high: f64,
}

impl Block {
    /// The mean return of `spend` over the draws, and its slope. `weights` are those of the draws, adding up to 1; all alike where
    /// not given.
    pub(super) fn value_slope(&self, curves: &impl Curves, weights: Option<&[f64]>, spend: f64) -> (f64, f64) {
        let (mut value, mut slope) = (0.0, 0.0);
        for (unit, share) in &self.units {
            let mut add = |draw: usize, weight: f64| {
                let (one_value, one_slope) = curves.value_slope(draw, *unit, share * spend);
                value += weight * one_value;
                slope += weight * share * one_slope;
            };
            match weights {
                None => (0..curves.draws()).for_each(|draw| add(draw, 1.0)),
                Some(weights) => {
                    let heavy = weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0);
                    heavy.for_each(|(draw, weight)| add(draw, *weight));
                }
            }
        }
        let total = if weights.is_none() { curves.draws() as f64 } else { 1.0 };
        (value / total, slope / total)
    }

    /// The slope alone.
    pub(super) fn slope(&self, curves: &impl Curves, weights: Option<&[f64]>, spend: f64) -> f64 {
        self.value_slope(curves, weights, spend).1
    }
}

/// The spends of units, from those of blocks.
pub(super) fn unit_spends(blocks: &[Block], spends: &[f64], units: usize) -> Vec<f64> {
    let mut of_units = vec![0.0; units];
    for (block, spend) in blocks.iter().zip(spends) {
        for (unit, share) in &block.units {
            if let Some(place) = of_units.get_mut(*unit) {
                *place = share * spend;
            }
        }
    }
    of_units
}

/// The spends nearest to `wanted` in the sense of weighted squares that add up to `budget` and keep the bounds: each is
/// `wanted − θ · weight` held to its bounds, with one `θ` for all.
pub(super) fn nearest(blocks: &[Block], wanted: &[f64], weights: &[f64], budget: Option<f64>) -> Vec<f64> {
    let at = |theta: f64| -> Vec<f64> {
        let each = blocks.iter().zip(wanted).zip(weights);
        each.map(|((block, spend), weight)| (spend - theta * weight).clamp(block.low, block.high)).collect()
    };
    let Some(budget) = budget else { return at(0.0) };
    // θ at which every block is at its most, and at its least.
    let ends = |bound: fn(&Block) -> f64| {
        let each = blocks.iter().zip(wanted).zip(weights);
        each.map(move |((block, spend), weight)| (spend - bound(block)) / weight.max(f64::MIN_POSITIVE))
    };
    let mut low = ends(|block| block.high).fold(f64::INFINITY, f64::min);
    let mut high = ends(|block| block.low).fold(f64::NEG_INFINITY, f64::max);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if at(middle).iter().sum::<f64>() > budget { low = middle } else { high = middle }
    }
    joined(&at(low), &at(high), budget)
}

/// The point between two divisions, one that spends too much and one too little, which spends `budget`.
pub(super) fn joined(more: &[f64], less: &[f64], budget: f64) -> Vec<f64> {
    let (most, least) = (more.iter().sum::<f64>(), less.iter().sum::<f64>());
    let share = if most > least { ((budget - least) / (most - least)).clamp(0.0, 1.0) } else { 0.0 };
    less.iter().zip(more).map(|(low, high)| low + share * (high - low)).collect()
}
