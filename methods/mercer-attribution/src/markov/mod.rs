//! Markov chains of touches: what each channel adds to the chance of converting, by solving the chain exactly.

pub(crate) mod chain;
mod dense;
pub(crate) mod order;
pub(crate) mod rake;
mod sparse;
pub(crate) mod steps;
mod tests;

use mercer_base::Result;
use serde::{Deserialize, Serialize};

use crate::credit::Credit;
use crate::paths::Paths;
use chain::{Effects, Flows};
use steps::Steps;

/// Which chain to build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// How many of the last channels make a state, 1 or more.
    pub(crate) order: usize,
    /// Whether touches of one channel that follow one another count as one touch. Without an influence at order 1, where a
    /// state that leads to itself changes no probability of converting.
    pub(crate) merge_repeats: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { order: 1, merge_repeats: false }
    }
}

/// A chain and what it says about channels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Markov {
    pub(crate) settings: Settings,
    /// Share of all conversions that is lost with the channel, by channel. They add up to more than 1 where journeys touch more
    /// than one channel.
    pub(crate) effects: Vec<f64>,
    /// The same of value.
    pub(crate) value_effects: Vec<f64>,
    /// States of the chain, the start included.
    pub(crate) states: usize,
    /// Different transitions from state to state that journeys made.
    pub(crate) transitions: usize,
}

impl Markov {
    /// Builds the chain of all journeys with a touch, solves it without each channel, and divides their conversions and value by
    /// the removal effects; by path by [raking](rake).
    ///
    /// # Errors
    /// The order does not fit the number of channels, or journeys hardly ever end.
    pub(crate) fn fit(paths: &Paths, settings: Settings) -> Result<(Self, Credit)> {
        let steps = Steps::new(paths, settings.order, settings.merge_repeats)?;
        let effects = chain::removal_effects(&steps, &Flows::all(paths, &steps), paths.channels.len())?;
        let (conversions, value) = paths.touched_totals();
        let by_conversions = totals(&effects.conversions, conversions);
        let by_value = totals(&effects.value, value);
        let raked = rake::rake(paths, &paths.conversions, &effects.conversions, &by_conversions);
        let of_value = rake::rake(paths, &paths.value, &effects.value, &by_value);
        let credit =
            Credit::with_unplaced(paths, raked.shares, Some(of_value.shares), raked.unplaced, of_value.unplaced);
        let (states, transitions) = (steps.states(), steps.transitions());
        let Effects { conversions: effects, value: value_effects } = effects;
        Ok((Self { settings, effects, value_effects, states, transitions }, credit))
    }
}

/// Divides `amount` in proportion to removal effects.
pub(crate) fn totals(effects: &[f64], amount: f64) -> Vec<f64> {
    let sum: f64 = effects.iter().sum();
    effects.iter().map(|effect| if sum > 0.0 { amount * effect / sum } else { 0.0 }).collect()
}
