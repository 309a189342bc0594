//! The models by their names, and what each makes of the journeys.

use std::borrow::Cow;

use mercer_base::{Result, Seed};

use crate::credit::Credit;
use crate::divide::{Learnt, Way};
use crate::heuristic::{Position, Rule};
use crate::input::Input;
use crate::markov::{Settings, order};
use crate::model::{HazardChannel, HazardFit, MarkovFit};
use crate::params::{ModelChoice, Params, ShapleyGame};
use crate::paths::Paths;
use crate::shapley::Game;

/// Every model, in the order in which they are shown.
pub(crate) const ALL: [ModelChoice; 9] = [
    ModelChoice::FirstTouch,
    ModelChoice::LastTouch,
    ModelChoice::LastNonDirect,
    ModelChoice::Linear,
    ModelChoice::Position,
    ModelChoice::TimeDecay,
    ModelChoice::Markov,
    ModelChoice::Shapley,
    ModelChoice::Hazard,
];

/// Conversions with touches from which on the additive-hazard model is learnt well enough to be taken without being asked for.
const ENOUGH_FOR_HAZARD: f64 = 500.0;
/// Orders that are tried where the order is chosen, and folds of journeys.
const MOST_TRIED: usize = 3;
const FOLDS: usize = 5;
/// Paths above which order 1 is taken unasked: more would take minutes.
const MOST_PATHS_TO_CHOOSE: usize = 2_000_000;

/// A model's name in sentences and headings.
pub(crate) fn label(model: ModelChoice) -> &'static str {
    match model {
        ModelChoice::Auto => "the model chosen",
        ModelChoice::FirstTouch => "first touch",
        ModelChoice::LastTouch => "last touch",
        ModelChoice::LastNonDirect => "last non-direct",
        ModelChoice::Linear => "linear",
        ModelChoice::Position => "position",
        ModelChoice::TimeDecay => "time decay",
        ModelChoice::Markov => "Markov",
        ModelChoice::Shapley => "Shapley",
        ModelChoice::Hazard => "additive hazard",
    }
}

/// A model's name for machines, as the parameters have it.
pub(crate) fn id(model: ModelChoice) -> &'static str {
    match model {
        ModelChoice::Auto => "auto",
        ModelChoice::FirstTouch => "first-touch",
        ModelChoice::LastTouch => "last-touch",
        ModelChoice::LastNonDirect => "last-non-direct",
        ModelChoice::Linear => "linear",
        ModelChoice::Position => "position",
        ModelChoice::TimeDecay => "time-decay",
        ModelChoice::Markov => "markov",
        ModelChoice::Shapley => "shapley",
        ModelChoice::Hazard => "hazard",
    }
}

/// The model that is meant, and why.
pub(crate) fn chosen(params: &Params, input: &Input) -> (ModelChoice, String) {
    if params.model != ModelChoice::Auto {
        return (params.model, "as asked".to_owned());
    }
    if input.paths.days_before_end.is_none() {
        return (
            ModelChoice::Markov,
            "times of touches are not known, and a Markov chain needs their order only".to_owned(),
        );
    }
    let conversions = input.paths.touched_totals().0;
    if conversions < ENOUGH_FOR_HAZARD {
        let reason = format!(
            "{conversions} conversions with touches are too few to learn how effects fade ({ENOUGH_FOR_HAZARD} are wanted)"
        );
        return (ModelChoice::Markov, reason);
    }
    (
        ModelChoice::Hazard,
        "times of touches are known, so how effects fade can be learnt and what would have come anyway told apart"
            .to_owned(),
    )
}

/// What a model makes of some journeys.
pub(crate) struct Answer {
    pub(crate) way: Way,
    pub(crate) learnt: Learnt,
    pub(crate) credit: Credit,
    /// How the order of the chain came about.
    pub(crate) order_reason: String,
}

impl Answer {
    /// What is said of the chain, where the model is one.
    pub(crate) fn markov(&self) -> Option<MarkovFit> {
        let Learnt::Markov(fit) = &self.learnt else { return None };
        Some(MarkovFit {
            order: u32::try_from(fit.settings.order).unwrap_or(u32::MAX),
            reason: self.order_reason.clone(),
            states: fit.states,
            removal_effects: fit.effects.clone(),
        })
    }

    /// What is said of the additive hazard, where the model is one.
    pub(crate) fn hazard(&self, input: &Input) -> Option<HazardFit> {
        let Learnt::Hazard(fit) = &self.learnt else { return None };
        let channels = input.paths.channels.iter().zip(fit.rates.effect.iter().zip(&fit.rates.decay));
        Some(HazardFit {
            baseline_rate: fit.rates.baseline,
            channels: channels
                .map(|(channel, (effect, decay))| HazardChannel {
                    channel: channel.clone(),
                    effect: effect * decay,
                    decay: *decay,
                })
                .collect(),
            converged: fit.converged,
            rounds: fit.rounds as u64,
        })
    }
}

/// The journeys that a model learns from: the additive hazard knows how long each was watched, so it takes those that are still open;
/// the others take those that are over.
pub(crate) fn journeys(model: ModelChoice, input: &Input) -> Cow<'_, Paths> {
    if model == ModelChoice::Hazard { Cow::Borrowed(&input.paths) } else { input.settled() }
}

/// Credit of a model.
///
/// # Errors
/// When parameters and journeys do not fit each other, or these journeys cannot carry the model.
pub(crate) fn answer(model: ModelChoice, params: &Params, input: &Input, seed: Seed) -> Result<Answer> {
    answer_on(&journeys(model, input), model, params, input, seed)
}

/// Credit of a model on the `journeys` that it learns from: see [`journeys`].
///
/// # Errors
/// As those of [`answer`].
pub(crate) fn answer_on(
    journeys: &Paths,
    model: ModelChoice,
    params: &Params,
    input: &Input,
    seed: Seed,
) -> Result<Answer> {
    let mut order_reason = String::new();
    let way = match model {
        ModelChoice::FirstTouch => Way::Rule(Rule::First),
        ModelChoice::LastTouch => Way::Rule(Rule::Last),
        ModelChoice::LastNonDirect => Way::Rule(Rule::LastNonDirect(input.direct_codes())),
        ModelChoice::Linear => Way::Rule(Rule::Linear),
        ModelChoice::Position => {
            Way::Rule(Rule::Position(Position::new(params.position_first.get(), params.position_last.get())?))
        }
        ModelChoice::TimeDecay => Way::Rule(Rule::TimeDecay { half_life: params.half_life_days.get() }),
        ModelChoice::Markov | ModelChoice::Auto => {
            let (order, reason) = order(params, journeys, seed)?;
            order_reason = reason;
            Way::Markov(Settings { order: order as usize, merge_repeats: params.merge_repeats })
        }
        ModelChoice::Shapley => Way::Shapley(match params.shapley_game {
            ShapleyGame::Sum => Game::Sum,
            ShapleyGame::Rate => Game::Rates,
        }),
        ModelChoice::Hazard => Way::Hazard,
    };
    let (learnt, credit) = way.divide(journeys, seed)?;
    Ok(Answer { way, learnt, credit, order_reason })
}

/// The order of the chain, and how it came about.
fn order(params: &Params, journeys: &Paths, seed: Seed) -> Result<(u32, String)> {
    if params.order > 0 {
        return Ok((params.order, "as asked".to_owned()));
    }
    if journeys.len() > MOST_PATHS_TO_CHOOSE {
        return Ok((1, format!("not chosen, as there are more than {MOST_PATHS_TO_CHOOSE} paths")));
    }
    let choice = order::choose(journeys, MOST_TRIED, params.merge_repeats, FOLDS, seed.split("order"))?;
    let reason = format!(
        "the simplest of orders 1 to {} that foretells held-out journeys within one standard error of the best",
        choice.tried.len().saturating_sub(1)
    );
    Ok((u32::try_from(choice.order).unwrap_or(1), reason))
}
