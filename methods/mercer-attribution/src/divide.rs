//! All ways of dividing conversions among touches, by one name.

use mercer_base::{Result, Seed};
use serde::{Deserialize, Serialize};

use crate::credit::Credit;
use crate::hazard::Hazard;
use crate::heuristic::Rule;
use crate::markov::{self, Markov};
use crate::paths::Paths;
use crate::shapley::{Game, Shapley};

/// A way of dividing conversions among touches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Way {
    /// By a rule of thumb.
    Rule(Rule),
    /// By removal effects in a Markov chain.
    Markov(markov::Settings),
    /// By Shapley values.
    Shapley(Game),
    /// By additive hazards.
    Hazard,
}

/// What a way has learnt beside the credit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Learnt {
    /// Rules learn nothing.
    Nothing,
    /// The chain's removal effects.
    Markov(Markov),
    /// The game and the error of sampling.
    Shapley(Shapley),
    /// Rates and decays.
    Hazard(Hazard),
}

impl Way {
    /// Divides the conversions of the paths and their value.
    ///
    /// # Errors
    /// As those of the models; see each.
    pub(crate) fn divide(&self, paths: &Paths, seed: Seed) -> Result<(Learnt, Credit)> {
        Ok(match self {
            Self::Rule(rule) => (Learnt::Nothing, rule.credit(paths)?),
            Self::Markov(settings) => {
                let (markov, credit) = Markov::fit(paths, *settings)?;
                (Learnt::Markov(markov), credit)
            }
            Self::Shapley(game) => {
                let (shapley, credit) = Shapley::fit(paths, *game, seed);
                (Learnt::Shapley(shapley), credit)
            }
            Self::Hazard => {
                let (hazard, credit) = Hazard::fit(paths)?;
                (Learnt::Hazard(hazard), credit)
            }
        })
    }
}
