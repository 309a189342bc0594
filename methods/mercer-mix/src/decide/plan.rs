//! What came of a division: spends, returns, what it gains over the present, and the proof that it is the best.

use mercer_stats::quantile;
use serde::{Deserialize, Serialize};

use super::block::{Block, unit_spends};
use super::curves::Curves;
use super::objective::totals;
use super::optimise::Division;
use super::problem::{Aim, Problem};

/// A plan is called the best where nothing can return more by a larger share than this, and marginal returns differ by no more.
const PROVEN: f64 = 1e-3;

/// What is known of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    /// No other division returns noticeably more: see the certificate.
    Best,
    /// The best that was found; the certificate's gap says how much more there might be.
    Unproven,
    /// No spend within the bounds changes any return: money stays where it is now, as nearly as bounds and budget allow.
    Flat,
}

/// Where a unit's spend lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Bound {
    /// Between its bounds: its marginal return is that of the others.
    Free,
    /// At its least: even there it returns less than the others.
    Lower,
    /// At its most: it would return more than the others.
    Upper,
    /// Its bounds leave no choice.
    Fixed,
}

/// A quantity over the draws of the posterior.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Estimate {
    /// Mean.
    pub(crate) mean: f64,
    /// Lower end of the interval of equal tails.
    pub(crate) low: f64,
    /// Upper end.
    pub(crate) high: f64,
}

/// One unit's part of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct UnitPlan {
    /// Its spend, in money.
    pub(crate) spend: f64,
    /// What that returns.
    pub(crate) returns: Estimate,
    /// What one more unit of money there would return on average.
    pub(crate) marginal_return: f64,
    /// Where the spend lies; units in a fixed ratio are bound together.
    pub(crate) bound: Bound,
}

/// Why a plan is the best one, to be checked without knowing how it was found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Certificate {
    /// What one more unit of budget would return; the target where there is no budget. In what is maximised: the mean, or the mean of
    /// the worst draws.
    pub(crate) multiplier: f64,
    /// By which share of the multiplier (or of a millionth of the mean return, where that is more) the marginal return of a free unit
    /// differs from it at most, or one at a bound lies on the wrong side.
    pub(crate) residual: f64,
    /// No division within the bounds returns more than this by a larger share.
    pub(crate) gap: f64,
}

/// A division of money, what it returns, and the proof that it is the best.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// What is known of it.
    pub(crate) status: Status,
    /// The proof.
    pub(crate) certificate: Certificate,
    /// What each unit gets.
    pub(crate) units: Vec<UnitPlan>,
    /// Spend of all units.
    pub(crate) spend: f64,
    /// What they return together.
    pub(crate) returns: Estimate,
    /// What the present spends return.
    pub(crate) present_returns: Estimate,
    /// Return of the plan less that of the present spends, draw by draw; they may differ in what they cost.
    pub(crate) gain: Estimate,
    /// Share of the draws under which the plan returns more than the present spends.
    pub(crate) better: f64,
}

impl Block {
    /// Whether a spend lies off the bounds.
    pub(super) fn is_free(&self, spend: f64) -> bool {
        let slack = 1e-9 * (self.high - self.low);
        spend > self.low + slack && spend < self.high - slack
    }

    fn bound(&self, spend: f64) -> Bound {
        if self.high - self.low <= 1e-12 * self.high.abs() {
            Bound::Fixed
        } else if self.is_free(spend) {
            Bound::Free
        } else if spend - self.low < self.high - spend {
            Bound::Lower
        } else {
            Bound::Upper
        }
    }
}

/// Mean and interval of values.
pub(super) fn estimate(values: &[f64], confidence: f64) -> Estimate {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let tail = 0.5 * (1.0 - confidence);
    Estimate {
        mean: values.iter().sum::<f64>() / values.len() as f64,
        low: quantile(&sorted, tail),
        high: quantile(&sorted, 1.0 - tail),
    }
}

/// The plan of a division.
pub(super) fn describe(curves: &impl Curves, problem: &Problem, blocks: &[Block], division: &Division) -> Plan {
    let certificate = certificate(curves, problem, blocks, division);
    let proven = certificate.gap <= PROVEN;
    plan(curves, problem, blocks, &division.spends, certificate, if proven { Status::Best } else { Status::Unproven })
}

/// The plan where spend changes nothing.
pub(super) fn of_flat_curves(curves: &impl Curves, problem: &Problem, blocks: &[Block], spends: &[f64]) -> Plan {
    let certificate = Certificate { multiplier: 0.0, residual: 0.0, gap: 0.0 };
    plan(curves, problem, blocks, spends, certificate, Status::Flat)
}

fn certificate(curves: &impl Curves, problem: &Problem, blocks: &[Block], division: &Division) -> Certificate {
    let weights = division.weights.as_deref();
    // Curves may begin with a slope without end: what counts is the smallest spend that the budget can tell from nothing.
    let least = f64::EPSILON * division.spends.iter().sum::<f64>();
    let marginal = |block: &Block, spend: f64| {
        let (value, slope) = block.value_slope(curves, weights, spend);
        if slope.is_finite() { slope } else { (block.value_slope(curves, weights, spend + least).0 - value) / least }
    };
    let each = blocks.iter().zip(&division.spends);
    let slopes: Vec<(Bound, f64)> = each.map(|(block, spend)| (block.bound(*spend), marginal(block, *spend))).collect();
    let free: Vec<f64> = slopes.iter().filter(|(bound, _)| *bound == Bound::Free).map(|(_, slope)| *slope).collect();
    let multiplier = match problem.aim {
        Aim::MarginalReturn(target) => target,
        Aim::Budget(_) if free.is_empty() => division.multiplier,
        Aim::Budget(_) => free.iter().sum::<f64>() / free.len() as f64,
    };
    let violation = |(bound, slope): &(Bound, f64)| match bound {
        Bound::Free => (slope - multiplier).abs(),
        Bound::Lower => (slope - multiplier).max(0.0),
        Bound::Upper => (multiplier - slope).max(0.0),
        Bound::Fixed => 0.0,
    };
    let scale = division.value.abs().max(f64::MIN_POSITIVE);
    // Below a millionth of what a unit of money returns on average the curves are flat, and their slopes are rounding.
    let flat = 1e-6 * scale / division.spends.iter().sum::<f64>().max(f64::MIN_POSITIVE);
    let residual = slopes.iter().map(violation).fold(0.0, f64::max) / multiplier.abs().max(flat);
    Certificate { multiplier, residual, gap: ((division.bound - division.value) / scale).max(0.0) }
}

fn plan(
    curves: &impl Curves,
    problem: &Problem,
    blocks: &[Block],
    spends: &[f64],
    certificate: Certificate,
    status: Status,
) -> Plan {
    let of_units = unit_spends(blocks, spends, curves.units());
    let mut bounds = vec![Bound::Fixed; curves.units()];
    for (block, spend) in blocks.iter().zip(spends) {
        for (unit, _) in &block.units {
            if let Some(bound) = bounds.get_mut(*unit) {
                *bound = block.bound(*spend);
            }
        }
    }
    let units = of_units.iter().zip(bounds).enumerate().map(|(unit, (spend, bound))| {
        let each: Vec<(f64, f64)> = (0..curves.draws()).map(|draw| curves.value_slope(draw, unit, *spend)).collect();
        let values: Vec<f64> = each.iter().map(|(value, _)| *value).collect();
        let marginal_return = each.iter().map(|(_, slope)| slope).sum::<f64>() / each.len() as f64;
        UnitPlan { spend: *spend, returns: estimate(&values, problem.confidence), marginal_return, bound }
    });
    let planned = totals(curves, &of_units);
    let present = totals(curves, &problem.present);
    let gains: Vec<f64> = planned.iter().zip(&present).map(|(plan, present)| plan - present).collect();
    let better = gains.iter().filter(|gain| **gain > 0.0).count();
    Plan {
        status,
        certificate,
        units: units.collect(),
        spend: of_units.iter().sum(),
        returns: estimate(&planned, problem.confidence),
        present_returns: estimate(&present, problem.confidence),
        gain: estimate(&gains, problem.confidence),
        better: better as f64 / gains.len() as f64,
    }
}
