//! The division that returns most where the posterior is worst (conditional value at risk).

use mercer_base::Result;
use rayon::prelude::*;

use super::block::{Block, nearest, unit_spends};
use super::curves::Curves;
use super::objective::{totals, weights_of_worst};
use super::optimise::{Division, best_mean, tables, worth};
use super::problem::{Aim, Problem};

/// Widths over which the worst draws are blurred, one after the other, in standard deviations of the return.
const WIDTHS: [f64; 3] = [0.3, 0.03, 0.003];
/// Steps at each width at most.
const MOST_STEPS: usize = 150;
/// Earlier values a step may fall back to.
const MEMORY: usize = 8;

/// The division with the largest mean of the worst `problem.risk` of the draws, from the one with the largest mean.
///
/// That mean is the smallest of weighted means, over weights that pick the worst draws. Blurring the edge makes it smooth, and projected
/// gradients in the curves' own scales climb it; the weights met on the way bound it from above, for under fixed weights the best
/// division is known. Where curves are S-shaped the climb may end on a lower hill: the bound says so.
///
/// # Errors
/// Where a curve is not finite within its bounds.
///
/// Source: Rockafellar & Uryasev (2000), Journal of Risk 2, 21–41; Birgin, Martínez & Raydan (2000), Nonmonotone spectral projected
/// gradient methods on convex sets, SIAM Journal on Optimization 10, 1196–1211.
pub(super) fn best_of_worst<C: Curves>(
    curves: &C,
    problem: &Problem,
    blocks: &[Block],
    mean: Division,
) -> Result<Division> {
    let climb = Climb::new(curves, problem, blocks, &mean);
    let worst = weights_of_worst(&totals(curves, &climb.units(&mean.spends)), problem.risk, climb.spread * WIDTHS[0]);
    let value = worth(problem, blocks, &mean.spends, curves);
    let mut best = Division { value, bound: f64::INFINITY, weights: Some(worst), ..mean };
    let mut at = best.spends.clone();
    for width in WIDTHS {
        let width = width * climb.spread;
        let (spends, weights) = climb.ascend(at.clone(), width);
        let fixed = best_mean(curves, problem, blocks, &tables(curves, blocks, Some(&weights))?, Some(&weights));
        best.bound = best.bound.min(fixed.bound);
        let mut next = spends.clone();
        for (spends, multiplier) in [(spends, None), (fixed.spends, Some(fixed.multiplier))] {
            let value = worth(problem, blocks, &spends, curves);
            if value > best.value {
                let weights = weights_of_worst(&totals(curves, &climb.units(&spends)), problem.risk, width);
                let multiplier = multiplier.unwrap_or_else(|| climb.multiplier(&spends, &weights));
                next.clone_from(&spends);
                best = Division { spends, multiplier, value, weights: Some(weights), ..best };
            }
        }
        at = next;
    }
    best.bound = best.bound.max(best.value);
    Ok(best)
}

/// What does not change while climbing.
struct Climb<'a, C: Curves> {
    curves: &'a C,
    problem: &'a Problem,
    blocks: &'a [Block],
    /// Budget to keep, or none.
    budget: Option<f64>,
    /// Return a unit of money must bring where there is no budget.
    target: f64,
    /// How far a block's spend moves for each unit of slope: one over the curvature.
    reaches: Vec<f64>,
    /// Standard deviation of the return over the draws.
    spread: f64,
}

impl<'a, C: Curves> Climb<'a, C> {
    fn new(curves: &'a C, problem: &'a Problem, blocks: &'a [Block], start: &Division) -> Self {
        let (budget, target) = match problem.aim {
            Aim::Budget(budget) => (Some(budget), 0.0),
            Aim::MarginalReturn(target) => (None, target),
        };
        let reaches = blocks
            .par_iter()
            .zip(&start.spends)
            .map(|(block, spend)| {
                let width = block.high - block.low;
                let low = (spend - 1e-3 * width).max(block.low + 1e-6 * width);
                let high = (spend + 1e-3 * width).min(block.high).max(low);
                let fall = block.slope(curves, None, low) - block.slope(curves, None, high);
                let longest = width / start.multiplier.abs().max(f64::MIN_POSITIVE);
                let reach = (high - low) / fall;
                if reach > 0.0 && reach < longest { reach } else { longest.min(f64::MAX) }
            })
            .collect();
        let returns = totals(curves, &unit_spends(blocks, &start.spends, curves.units()));
        let mean = returns.iter().sum::<f64>() / returns.len() as f64;
        let variance = returns.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / returns.len() as f64;
        let spread = variance.sqrt().max(1e-9 * mean.abs()).max(f64::MIN_POSITIVE);
        Self { curves, problem, blocks, budget, target, reaches, spread }
    }

    fn units(&self, spends: &[f64]) -> Vec<f64> {
        unit_spends(self.blocks, spends, self.curves.units())
    }

    /// The blurred objective, and the weights of the draws that make it.
    fn value(&self, spends: &[f64], width: f64) -> (f64, Vec<f64>) {
        let returns = totals(self.curves, &self.units(spends));
        let weights = weights_of_worst(&returns, self.problem.risk, width);
        let count = self.problem.risk * returns.len() as f64;
        let mean: f64 = weights.iter().zip(&returns).map(|(weight, value)| weight * value).sum();
        let blur: f64 = weights.iter().map(|weight| weight * weight).sum();
        (mean + 0.5 * width * count * blur - self.target * spends.iter().sum::<f64>(), weights)
    }

    /// Marginal returns under the weights, less the target; taken just above 0, where a curve may be infinitely steep.
    fn gradient(&self, spends: &[f64], weights: &[f64]) -> Vec<f64> {
        let each = self.blocks.par_iter().zip(spends);
        each.map(|(block, spend)| {
            let spend = spend.max(block.low + 1e-9 * (block.high - block.low));
            block.slope(self.curves, Some(weights), spend) - self.target
        })
        .collect()
    }

    /// The marginal return that blocks off their bounds share, on average.
    fn multiplier(&self, spends: &[f64], weights: &[f64]) -> f64 {
        let gradient = self.gradient(spends, weights);
        let each = self.blocks.iter().zip(spends).zip(&gradient);
        let free: Vec<f64> =
            each.filter(|((block, spend), _)| block.is_free(**spend)).map(|(_, slope)| slope + self.target).collect();
        match self.budget {
            None => self.target,
            Some(_) if free.is_empty() => gradient.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Some(_) => free.iter().sum::<f64>() / free.len() as f64,
        }
    }

    /// Climbs the objective blurred over `width`, and returns where it ends, with the weights there.
    fn ascend(&self, start: Vec<f64>, width: f64) -> (Vec<f64>, Vec<f64>) {
        let mut at = start;
        let (value, mut weights) = self.value(&at, width);
        let mut slope = self.gradient(&at, &weights);
        let mut values = vec![value];
        let mut length = 1.0;
        for _ in 0..MOST_STEPS {
            let wanted: Vec<f64> = at
                .iter()
                .zip(&slope)
                .zip(&self.reaches)
                .map(|((x, slope), reach)| x + length * reach * slope)
                .collect();
            let toward = nearest(self.blocks, &wanted, &self.reaches, self.budget);
            let step: Vec<f64> = toward.iter().zip(&at).map(|(to, from)| to - from).collect();
            let promised: f64 = step.iter().zip(&slope).map(|(step, slope)| step * slope).sum();
            if promised <= 1e-10 * values.last().map_or(1.0, |value| value.abs()) {
                break;
            }
            let worst = values.iter().rev().take(MEMORY).copied().fold(f64::INFINITY, f64::min);
            let mut share = 1.0;
            let mut next = None;
            while share > 1e-9 {
                let tried: Vec<f64> = at.iter().zip(&step).map(|(x, step)| x + share * step).collect();
                let (value, weights) = self.value(&tried, width);
                if value >= worst + 1e-4 * share * promised {
                    next = Some((tried, value, weights));
                    break;
                }
                share *= 0.5;
            }
            let Some((point, value, new_weights)) = next else { break };
            let new_slope = self.gradient(&point, &new_weights);
            let (mut moved, mut turned) = (0.0, 0.0);
            for (((to, from), (after, before)), reach) in
                point.iter().zip(&at).zip(new_slope.iter().zip(&slope)).zip(&self.reaches)
            {
                moved += (to - from).powi(2) / reach;
                turned -= (to - from) * (after - before);
            }
            length = if turned > 0.0 { (moved / turned).clamp(1e-8, 1e3) } else { 10.0 };
            (at, slope, weights) = (point, new_slope, new_weights);
            values.push(value);
        }
        (at, weights)
    }
}
