//! The best division of money: the problem's parts put together.

use mercer_base::Result;
use rayon::prelude::*;

use super::block::{Block, nearest, unit_spends};
use super::branch_and_bound::search;
use super::concave::Settling;
use super::curves::Curves;
use super::plan::{self, Plan};
use super::problem::{Aim, Problem};
use super::risk;
use super::table::Table;

/// Cells of each block's table: fewer where there are many blocks.
const CELLS: std::ops::RangeInclusive<usize> = 64..=256;
/// Cells of all tables together, about.
const ALL_CELLS: usize = 16_384;

/// A division with what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Division {
    /// Spend of each block.
    pub(super) spends: Vec<f64>,
    /// What one more unit of budget returns, or the target.
    pub(super) multiplier: f64,
    /// What is maximised: the return, less the target times the spend where there is no budget.
    pub(super) value: f64,
    /// No division has more than this.
    pub(super) bound: f64,
    /// Weights of the draws under which marginal returns are judged; all alike where not given.
    pub(super) weights: Option<Vec<f64>>,
}

/// Divides money over units so that the mean return, or that of the worst part of the posterior, is largest.
///
/// Curves that wear off throughout are divided exactly. Curves that pick up first (S-shaped) are divided by branch and bound, which
/// finds the best of all divisions and not just of those nearby, to within the stated gap. The plan carries a certificate that does not
/// depend on how it was found: how far marginal returns differ, and how much more any other division could return.
///
/// # Errors
/// Where the problem contradicts itself (see [`Problem`]), or a curve is not finite within its bounds.
pub(crate) fn optimise(curves: &impl Curves, problem: &Problem) -> Result<Plan> {
    let blocks = problem.blocks(curves)?;
    let tables = tables(curves, &blocks, None)?;
    if tables.iter().all(|table| table.slopes.iter().all(|slope| *slope == 0.0)) {
        return Ok(plan::of_flat_curves(curves, problem, &blocks, &present(problem, &blocks)));
    }
    let mut division = best_mean(curves, problem, &blocks, &tables, None);
    if problem.risk < 1.0 {
        division = risk::best_of_worst(curves, problem, &blocks, division)?;
    }
    Ok(plan::describe(curves, problem, &blocks, &division))
}

/// The tables of blocks under weights of the draws.
pub(super) fn tables(curves: &impl Curves, blocks: &[Block], weights: Option<&[f64]>) -> Result<Vec<Table>> {
    let cells = (ALL_CELLS / blocks.len().max(1)).clamp(*CELLS.start(), *CELLS.end());
    let cells = u32::try_from(cells).unwrap_or(u32::MAX);
    blocks.par_iter().map(|block| Table::new(curves, block, weights, cells)).collect()
}

/// The present spends, moved as little as the problem asks for.
pub(super) fn present(problem: &Problem, blocks: &[Block]) -> Vec<f64> {
    let of = |block: &Block| block.units.iter().filter_map(|(unit, _)| problem.present.get(*unit)).sum::<f64>();
    let wanted: Vec<f64> = blocks.iter().map(of).collect();
    let total: f64 = wanted.iter().sum();
    match problem.aim {
        Aim::MarginalReturn(_) => nearest(blocks, &wanted, &vec![1.0; blocks.len()], None),
        Aim::Budget(budget) => {
            let scaled: Vec<f64> = wanted
                .iter()
                .map(|spend| if total > 0.0 { spend * budget / total } else { budget / blocks.len() as f64 })
                .collect();
            nearest(blocks, &scaled, &vec![1.0; blocks.len()], Some(budget))
        }
    }
}

/// The division with the largest mean under weights of the draws.
pub(super) fn best_mean<C: Curves>(
    curves: &C,
    problem: &Problem,
    blocks: &[Block],
    tables: &[Table],
    weights: Option<&[f64]>,
) -> Division {
    let settling = Settling { curves, weights, blocks, tables };
    match problem.aim {
        Aim::Budget(budget) => best_of_budget(&settling, problem, budget),
        Aim::MarginalReturn(target) => best_at_target(&settling, target),
    }
}

fn best_of_budget<C: Curves>(settling: &Settling<'_, C>, problem: &Problem, budget: f64) -> Division {
    let (blocks, tables) = (settling.blocks, settling.tables);
    let present = present(problem, blocks);
    // Without a search's answer, which is where rounding makes the bounds miss the budget by a hair, the present division serves.
    let found = search(tables, budget);
    let (start, guess, bound) =
        found.map_or((present.clone(), 1.0, f64::INFINITY), |found| (found.spends, found.multiplier, found.bound));
    let mut best: Option<Division> = None;
    for start in [&start, &present] {
        let (spends, multiplier) = settling.settle(start, guess, budget);
        for (spends, multiplier) in [(spends, multiplier), (start.clone(), guess)] {
            let value = values(settling, &spends).iter().map(|(value, _)| value).sum::<f64>();
            if best.as_ref().is_none_or(|best| value > best.value) {
                best = Some(Division { spends, multiplier, value, bound, weights: None });
            }
        }
        if tables.iter().all(Table::is_concave) {
            break;
        }
    }
    let mut best = best.unwrap_or(Division { spends: start, multiplier: guess, value: f64::NAN, bound, weights: None });
    // Whatever the multiplier, paying it for money and giving each block what is best for it bounds every division (the Lagrangian
    // dual): exact where curves wear off, and nearly so where there are many of them.
    let free: f64 = each_alone(settling, best.multiplier).iter().map(|alone| alone.bound).sum();
    best.bound = best.bound.min(free + best.multiplier * budget).max(best.value);
    best.weights = settling.weights.map(<[f64]>::to_vec);
    best
}

/// Return and marginal return of each block.
fn values<C: Curves>(settling: &Settling<'_, C>, spends: &[f64]) -> Vec<(f64, f64)> {
    let each = settling.blocks.par_iter().zip(spends);
    each.map(|(block, spend)| block.value_slope(settling.curves, settling.weights, *spend)).collect()
}

/// Each block on its own, where one more unit of money returns the target.
fn best_at_target<C: Curves>(settling: &Settling<'_, C>, target: f64) -> Division {
    let each = each_alone(settling, target);
    Division {
        spends: each.iter().map(|alone| alone.spend).collect(),
        multiplier: target,
        value: each.iter().map(|alone| alone.value).sum(),
        bound: each.iter().map(|alone| alone.bound).sum(),
        weights: settling.weights.map(<[f64]>::to_vec),
    }
}

/// A block's best spend where money costs so much a unit.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Alone {
    spend: f64,
    /// Return less cost there.
    value: f64,
    /// No spend has more.
    bound: f64,
}

/// Each block's best spend at a price of money: of all stretches in which its curve wears off the best spend, which is where the
/// marginal return is the price or at an end, and of all others the ends.
fn each_alone<C: Curves>(settling: &Settling<'_, C>, price: f64) -> Vec<Alone> {
    let best = |(block, table): (&Block, &Table)| {
        let mut best = Alone { spend: block.low, value: f64::NEG_INFINITY, bound: f64::NEG_INFINITY };
        let mut consider = |spend: f64, value: f64| {
            if value - price * spend > best.value {
                (best.spend, best.value) = (spend, value - price * spend);
            }
        };
        for point in 0..=table.last() {
            let (spend, value, _) = table.point(point);
            consider(spend, value);
        }
        for stretch in table.stretches() {
            let spend = settling.spend(block, table, stretch, price);
            consider(spend, block.value_slope(settling.curves, settling.weights, spend).0);
        }
        let turning = table.above_turning_points().map(|(spend, value)| value - price * spend);
        best.bound = turning.fold(best.value, f64::max);
        best
    };
    settling.blocks.par_iter().zip(settling.tables).map(best).collect()
}

/// What is maximised, of totals under each draw.
pub(super) fn worth(problem: &Problem, blocks: &[Block], spends: &[f64], curves: &impl Curves) -> f64 {
    let totals = super::objective::totals(curves, &unit_spends(blocks, spends, curves.units()));
    let cost = match problem.aim {
        Aim::Budget(_) => 0.0,
        Aim::MarginalReturn(target) => target * spends.iter().sum::<f64>(),
    };
    super::objective::mean_of_worst(&totals, problem.risk) - cost
}
