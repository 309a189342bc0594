//! Fitting: the credit of every model side by side, the chosen one first.

use mercer_base::{Error, Result, Seed};
use mercer_method::{Context, Intake};
use rayon::prelude::*;

use crate::credit::Credit;
use crate::describe::{self, Stages};
use crate::input::Input;
use crate::model::{Amount, ChannelCredit, HazardFit, Journeys, LeftOut, Model, ModelCredit, NamedAmount};
use crate::models::{self, Answer};
use crate::params::{ModelChoice, Params};

/// Part of the seed that models take their chance from.
pub(crate) const SEED: &str = "attribution";

/// Fits a model.
///
/// # Errors
/// When no journey with a touch converted, or the chosen model cannot be computed on these journeys.
pub(crate) fn fit(params: &Params, intake: &Intake<Input>, context: &Context<'_>) -> Result<Model> {
    let input = &intake.input;
    check(input)?;
    let seed = context.seed.split(SEED);
    let (chosen, reason) = models::chosen(params, input);
    let answers: Vec<(ModelChoice, Result<Answer>)> =
        models::ALL.par_iter().map(|model| (*model, models::answer(*model, params, input, seed))).collect();
    let (mut computed, mut left_out, mut markov, mut hazard, mut credit) = (Vec::new(), Vec::new(), None, None, None);
    for (model, answer) in answers {
        match answer {
            Ok(answer) => {
                computed.push(model_credit(model, input, &answer.credit));
                markov = markov.or(answer.markov());
                hazard = hazard.or(answer.hazard(input));
                if model == chosen {
                    credit = Some(answer.credit);
                }
            }
            Err(error) if model == chosen => return Err(error.with_context(format!("model {}", models::id(model)))),
            // What only stands beside must not stop what was asked for.
            Err(error) => left_out.push(LeftOut { model, reason: error.message().to_owned() }),
        }
    }
    let Some(credit) = credit else {
        return Err(Error::internal(format!("there is no model {}", models::id(chosen))));
    };
    let stages = describe::stages(&input.paths);
    Ok(Model {
        model: chosen,
        reason,
        calibration: "uncalibrated".to_owned(),
        by: params.by,
        journeys: journeys(input, &stages),
        channels: channels(input, &credit, &stages, hazard.as_ref()),
        nobody: Amount { conversions: credit.baseline_conversions, value: credit.baseline_value },
        models: computed,
        left_out,
        markov,
        hazard,
        incremental: Vec::new(),
        incremental_total: None,
    })
}

/// What no model can be learnt from.
fn check(input: &Input) -> Result<()> {
    let conversions = input.paths.total_conversions();
    if conversions <= 0.0 {
        return Err(Error::data("none of these journeys converted, so there is no credit to divide")
            .with_hint("check the column of conversions, and that conversions and touches name customers alike"));
    }
    input.paths.check()
}

fn journeys(input: &Input, stages: &[Stages]) -> Journeys {
    Journeys {
        touches: stages.iter().map(|stage| stage.touches).sum(),
        conversions: input.paths.total_conversions(),
        value: input.has_value.then(|| input.paths.total_value()),
        without_touches: input.untouched(),
        unconverted: input.paths.nulls.iter().sum(),
        open: input.open_journeys() as f64,
    }
}

fn model_credit(model: ModelChoice, input: &Input, credit: &Credit) -> ModelCredit {
    let amounts = input.paths.channels.iter().zip(&credit.conversions).zip(&credit.value);
    ModelCredit {
        model,
        channels: amounts
            .map(|((channel, conversions), value)| NamedAmount {
                channel: channel.clone(),
                conversions: *conversions,
                value: *value,
            })
            .collect(),
        nobody: Amount { conversions: credit.baseline_conversions, value: credit.baseline_value },
    }
}

fn channels(input: &Input, credit: &Credit, stages: &[Stages], hazard: Option<&HazardFit>) -> Vec<ChannelCredit> {
    let all: f64 = credit.conversions.iter().sum();
    let ratio = |above: f64, below: f64| (below > 0.0).then(|| above / below).filter(|ratio| ratio.is_finite());
    let mut channels: Vec<ChannelCredit> = input
        .paths
        .channels
        .iter()
        .enumerate()
        .map(|(at, name)| {
            let (conversions, value) = (credit.conversions[at], credit.value[at]);
            let cost = input.cost.as_ref().map(|cost| cost[at]);
            let effect = hazard.and_then(|hazard| hazard.channels.get(at)).map(|channel| channel.effect);
            let a_touch = cost.and_then(|cost| ratio(cost, stages[at].touches));
            ChannelCredit {
                channel: name.clone(),
                conversions,
                value,
                share: ratio(conversions, all).unwrap_or(0.0),
                recombined_conversions: credit.unplaced_conversions[at],
                recombined_value: credit.unplaced_value[at],
                touches: stages[at].touches,
                cost,
                cost_per_conversion: cost.and_then(|cost| ratio(cost, conversions)),
                return_on_cost: cost.filter(|_| input.has_value).and_then(|cost| ratio(value, cost)),
                marginal_cost_per_conversion: a_touch.zip(effect).and_then(|(cost, effect)| ratio(cost, effect)),
            }
        })
        .collect();
    channels.sort_by(|a, b| b.conversions.total_cmp(&a.conversions).then_with(|| a.channel.cmp(&b.channel)));
    channels
}

/// What the fitted model makes of some journeys: those it was fitted to, or others.
///
/// # Errors
/// When these journeys cannot carry it.
pub(crate) fn again(params: &Params, model: &Model, input: &Input, seed: Seed) -> Result<Answer> {
    check(input)?;
    // The order that was chosen once stays.
    let order = model.markov.as_ref().map_or(params.order, |markov| markov.order);
    let params = Params { order, ..params.clone() };
    models::answer(model.model, &params, input, seed.split(SEED))
}
