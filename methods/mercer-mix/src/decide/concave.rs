//! The exact division of a budget where all curves wear off: every block at the same marginal return, but for those at a bound.

use rayon::prelude::*;

use super::block::{Block, joined};
use super::curves::Curves;
use super::root::crossing;
use super::table::Table;

/// Points that the spend of a block whose curve picks up may wander while its place is sought.
const MOST_MOVES: usize = 64;

/// Brings a division near the best to the best nearby.
pub(super) struct Settling<'a, C: Curves> {
    pub(super) curves: &'a C,
    /// Weights of the draws, as in [`Block::value_slope`].
    pub(super) weights: Option<&'a [f64]>,
    pub(super) blocks: &'a [Block],
    pub(super) tables: &'a [Table],
}

/// What is sought of one block.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    /// A spend between two points of the table, where the curve wears off.
    Within(usize, usize),
    /// This spend.
    At(f64),
}

impl<C: Curves> Settling<'_, C> {
    /// The division of `budget` near `start` at which all marginal returns are the same, and that return. `multiplier` is a guess of
    /// it.
    ///
    /// Each block stays where its curve bends as it does at the start. Of those whose curve picks up there, at most one can have the
    /// marginal return of the others at a best division (a second one would give to the first and gain); others stay as they are.
    pub(super) fn settle(&self, start: &[f64], multiplier: f64, budget: f64) -> (Vec<f64>, f64) {
        let mut loose = None;
        let mut places: Vec<Place> = Vec::with_capacity(start.len());
        for (block, (table, spend)) in self.tables.iter().zip(start).enumerate() {
            places.push(match table.wearing_off(*spend) {
                Some((from, to)) => Place::Within(from, to),
                None => {
                    loose = loose.or(Some(block));
                    Place::At(*spend)
                }
            });
        }
        match loose {
            None => self.equalise(&places, multiplier, budget),
            Some(block) => self.equalise_with(block, &mut places, multiplier, budget),
        }
    }

    /// The division at which the blocks that may move have the same marginal return, by bisection on that (the multiplier of the
    /// budget) with an exact solution for each block inside.
    fn equalise(&self, places: &[Place], multiplier: f64, budget: f64) -> (Vec<f64>, f64) {
        let excess = |multiplier: f64| self.spends(places, multiplier).iter().sum::<f64>() - budget;
        let guess = if multiplier.is_finite() { multiplier } else { 1.0 };
        let first = 1e-3 * guess.abs().max(f64::MIN_POSITIVE);
        let (mut low, mut high, mut step) = (guess, guess, first);
        let (mut more, mut less) = (excess(guess), 0.0);
        if more < 0.0 {
            less = more;
            while more < 0.0 && step.is_finite() {
                (high, less) = (low, more);
                low = guess - step;
                more = excess(low);
                step *= 4.0;
            }
        } else {
            less = if more > 0.0 { more } else { less };
            while less > 0.0 && step.is_finite() {
                (low, more) = (high, less);
                high = guess + step;
                less = excess(high);
                step *= 4.0;
            }
        }
        let [low, high] =
            if more > 0.0 && less < 0.0 { crossing(excess, [low, high], [more, less]) } else { [low, high] };
        // Where a curve is a straight line the spend jumps: the budget ends somewhere along it.
        (joined(&self.spends(places, low), &self.spends(places, high), budget), 0.5 * (low + high))
    }

    /// As [`Self::equalise`], with one block whose curve picks up: it takes what the others leave, where that gains no more by moving.
    fn equalise_with(&self, loose: usize, places: &mut [Place], multiplier: f64, budget: f64) -> (Vec<f64>, f64) {
        let (Some(block), Some(table)) = (self.blocks.get(loose), self.tables.get(loose)) else {
            return self.equalise(places, multiplier, budget);
        };
        let others = |end: fn((usize, usize)) -> usize| -> f64 {
            let each = places.iter().zip(self.tables).enumerate().filter(|(other, _)| *other != loose);
            each.map(|(_, (place, table))| match place {
                Place::Within(from, to) => table.point(end((*from, *to))).0,
                Place::At(spend) => *spend,
            })
            .sum()
        };
        // What the others can take leaves this block between these spends.
        let least = (budget - others(|(_, to)| to)).max(block.low);
        let most = (budget - others(|(from, _)| from)).min(block.high).max(least);
        let at = match places.get(loose) {
            Some(Place::At(spend)) => spend.clamp(least, most),
            _ => least,
        };
        let mut guess = multiplier;
        let mut divide = |spend: f64| {
            if let Some(place) = places.get_mut(loose) {
                *place = Place::At(spend);
            }
            let (spends, multiplier) = self.equalise(places, guess, budget);
            guess = multiplier;
            (spends, multiplier)
        };
        let mut gain = |spend: f64| {
            let slope = block.slope(self.curves, self.weights, spend);
            slope - divide(spend).1
        };
        let mut cell = table.cell(at);
        let mut spend = at;
        if most - least > 1e-12 * budget {
            for _ in 0..MOST_MOVES {
                let low = table.point(cell).0.clamp(least, most);
                let high = table.point(cell + 1).0.clamp(least, most);
                let (first, last) = (gain(low), gain(high));
                if first > 0.0 && last < 0.0 {
                    spend = crossing(&mut gain, [low, high], [first, last])[0];
                    break;
                }
                let climbs = first + last > 0.0;
                spend = if climbs { high } else { low };
                if spend <= least || spend >= most || (first < 0.0 && last > 0.0) {
                    break;
                }
                cell = if climbs { cell + 1 } else { cell.saturating_sub(1) };
            }
        }
        divide(spend)
    }

    /// Each block's spend at a marginal return.
    fn spends(&self, places: &[Place], multiplier: f64) -> Vec<f64> {
        let each = places.par_iter().zip(self.blocks).zip(self.tables);
        each.map(|((place, block), table)| match place {
            Place::At(spend) => *spend,
            Place::Within(from, to) => self.spend(block, table, (*from, *to), multiplier),
        })
        .collect()
    }

    /// The spend between two points, where the curve wears off, at which its slope is `multiplier`; the nearer end where there is none.
    pub(super) fn spend(&self, block: &Block, table: &Table, (from, to): (usize, usize), multiplier: f64) -> f64 {
        let slopes = table.slopes.get(from..=to).unwrap_or_default();
        let steeper = slopes.partition_point(|slope| *slope > multiplier);
        let Some(cell) = steeper.checked_sub(1) else { return table.point(from).0 };
        if steeper == slopes.len() {
            return table.point(to).0;
        }
        let ((x0, _, s0), (x1, _, s1)) = (table.point(from + cell), table.point(from + cell + 1));
        if s1 >= multiplier {
            return x1;
        }
        let gain = |spend: f64| block.slope(self.curves, self.weights, spend) - multiplier;
        crossing(gain, [x0, x1], [s0 - multiplier, s1 - multiplier])[0]
    }
}
