//! What is asked of the optimiser, and whether it can be done.

use mercer_base::{Error, Result};

use super::block::Block;
use super::curves::Curves;

/// How much is to be spent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Aim {
    /// Just this much, over all units.
    Budget(f64),
    /// Until one more unit of money returns no more than this.
    MarginalReturn(f64),
}

/// A division of money that is sought.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Problem {
    /// How much is to be spent.
    pub(crate) aim: Aim,
    /// Least and most spend of each unit, in money; the most may be infinite under a budget.
    pub(crate) bounds: Vec<(f64, f64)>,
    /// Groups of units whose spends keep fixed ratios: (unit, its part), parts above 0. A unit is in one group at most.
    pub(crate) ratios: Vec<Vec<(usize, f64)>>,
    /// What each unit gets now.
    pub(crate) present: Vec<f64>,
    /// Which part of the posterior is maximised: 1 the mean of all draws, less the mean return of that worst share of them.
    pub(crate) risk: f64,
    /// Share of the draws that intervals hold, such as 0.9.
    pub(crate) confidence: f64,
}

impl Problem {
    /// What can be decided: blocks of units that move together, with bounds that the budget allows.
    ///
    /// # Errors
    /// Where the question contradicts itself: bounds that cross, a budget that the bounds do not allow, ratios that do not hold
    /// together.
    pub(super) fn blocks(&self, curves: &impl Curves) -> Result<Vec<Block>> {
        let units = curves.units();
        if units == 0 || curves.draws() == 0 {
            return Err(Error::data("there is no channel with spend to divide money over"));
        }
        if self.bounds.len() != units || self.present.len() != units {
            return Err(Error::internal(format!(
                "{} bounds and {} present spends of {units} units",
                self.bounds.len(),
                self.present.len()
            )));
        }
        if let Some(unit) = self.bounds.iter().position(|(low, high)| !(*low >= 0.0 && low <= high && low.is_finite()))
        {
            return Err(Error::config(format!("the bounds of unit {unit} are no range from 0 up"))
                .with_hint("give the lower bound first, as 0.5..1.5"));
        }
        if !(self.risk > 0.0 && self.risk <= 1.0 && self.confidence > 0.0 && self.confidence < 1.0) {
            return Err(Error::config("risk must be above 0 and at most 1, the confidence between 0 and 1"));
        }
        if self.present.iter().any(|spend| !(*spend >= 0.0 && spend.is_finite())) {
            return Err(Error::data("a present spend is below 0 or no number"));
        }
        let mut blocks = self.groups(units)?;
        match self.aim {
            Aim::Budget(budget) => self.fit_to_budget(&mut blocks, budget)?,
            Aim::MarginalReturn(target) => {
                if !(target.is_finite() && target > 0.0) {
                    return Err(Error::config("the target return must be above 0"));
                }
                if blocks.iter().any(|block| block.high.is_infinite()) {
                    return Err(Error::config("without a budget every channel needs an upper bound")
                        .with_hint("give a bound such as 0..3: no curve is known far beyond the spend that was seen"));
                }
            }
        }
        Ok(blocks)
    }

    /// Units in groups, each with the bounds that all its units allow.
    fn groups(&self, units: usize) -> Result<Vec<Block>> {
        let mut taken = vec![false; units];
        let mut blocks = Vec::new();
        for group in &self.ratios {
            let total: f64 = group.iter().map(|(_, part)| part).sum();
            let mut block = Block { units: Vec::new(), low: 0.0, high: f64::INFINITY };
            for (unit, part) in group {
                let (Some(taken), Some((low, high))) = (taken.get_mut(*unit), self.bounds.get(*unit)) else {
                    return Err(Error::internal(format!("unit {unit} of a ratio does not exist")));
                };
                if *taken || !(*part > 0.0 && part.is_finite()) {
                    return Err(Error::config(format!("unit {unit} is in two ratios, or its part is not above 0")));
                }
                *taken = true;
                let share = part / total;
                block.low = block.low.max(low / share);
                block.high = block.high.min(high / share);
                block.units.push((*unit, share));
            }
            if block.units.is_empty() {
                continue;
            }
            if block.low > block.high {
                return Err(Error::config("a ratio of spends contradicts the bounds of its channels")
                    .with_hint("widen the bounds, or drop the ratio"));
            }
            blocks.push(block);
        }
        for (unit, _) in taken.iter().enumerate().filter(|(_, taken)| !**taken) {
            let Some((low, high)) = self.bounds.get(unit).copied() else { continue };
            blocks.push(Block { units: vec![(unit, 1.0)], low, high });
        }
        Ok(blocks)
    }

    /// Checks a budget against the bounds, and takes no block farther than the others' least spends leave money for.
    fn fit_to_budget(&self, blocks: &mut [Block], budget: f64) -> Result<()> {
        let least: f64 = blocks.iter().map(|block| block.low).sum();
        let most: f64 = blocks.iter().map(|block| block.high).sum();
        let slack = 1e-9 * budget.abs();
        if !(budget.is_finite() && budget > 0.0) {
            return Err(Error::config("the budget must be above 0"));
        }
        if budget < least - slack || budget > most + slack {
            return Err(Error::config(format!(
                "a budget of {budget} lies outside what the bounds allow, {least} to {most}"
            ))
            .with_hint("change the budget, or widen the bounds"));
        }
        for block in blocks {
            block.high = block.high.min(block.low + (budget - least).max(0.0));
        }
        Ok(())
    }
}
