//! Fitting: the credit of every model side by side, the chosen one first.

use mercer_base::words::count;
use mercer_base::{Error, Result, Seed};
use mercer_method::{Context, Intake};
use rayon::prelude::*;

use crate::anchors::{Anchor, anchors};
use crate::calibrate::{self, Calibrated, Credited, Experiment, calibrate};
use crate::credit::Credit;
use crate::describe::{self, Stages, short};
use crate::divide::Learnt;
use crate::harvest::{Harvest, harvest};
use crate::hazard::Hazard;
use crate::input::Input;
use crate::model::{
    Amount, ChannelCredit, Estimate, HazardFit, Incremental, Journeys, LeftOut, Model, ModelCredit, NamedAmount,
};
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
    let settled = input.settled();
    let answer = |model: &ModelChoice| {
        let journeys = if *model == ModelChoice::Hazard { &input.paths } else { &*settled };
        (*model, models::answer_on(journeys, *model, params, input, seed))
    };
    let answers: Vec<(ModelChoice, Result<Answer>)> = models::ALL.par_iter().map(answer).collect();
    let (mut computed, mut left_out, mut markov, mut hazard, mut credit) = (Vec::new(), Vec::new(), None, None, None);
    let mut rates = None;
    for (model, answer) in answers {
        match answer {
            Ok(answer) => {
                computed.push(model_credit(model, input, &answer.credit));
                markov = markov.or(answer.markov());
                hazard = hazard.or(answer.hazard(input));
                if let Learnt::Hazard(learnt) = answer.learnt {
                    rates = Some(learnt);
                }
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
    let credited = if chosen == ModelChoice::Hazard { Credited::Additions } else { Credited::Everything };
    let calibrated = calibrated(params, input, (&credit, credited), rates.as_ref(), seed)?;
    let incremental = calibrated.as_ref().map_or_else(Vec::new, |found| incremental(input, &credit, found));
    Ok(Model {
        model: chosen,
        reason,
        calibration: calibration_words(input, calibrated.is_some()),
        by: params.by,
        journeys: journeys(input, &stages),
        channels: channels(input, &credit, &stages, hazard.as_ref()),
        nobody: Amount { conversions: credit.baseline_conversions, value: credit.baseline_value },
        models: computed,
        left_out,
        markov,
        hazard,
        incremental,
        incremental_total: calibrated.map(|found| estimate(&found.total)),
    })
}

/// What experiments make of the credit; nothing without experiments.
fn calibrated(
    params: &Params,
    input: &Input,
    (credit, credited): (&Credit, Credited),
    rates: Option<&Hazard>,
    seed: Seed,
) -> Result<Option<Calibrated>> {
    let experiments: Vec<Experiment> = anchors(input, credit)
        .into_iter()
        .map(|Anchor { channel, incremental, standard_error }| Experiment { channel, incremental, standard_error })
        .collect();
    if experiments.is_empty() {
        return Ok(None);
    }
    let found = harvest(&models::journeys(ModelChoice::Hazard, input), rates, seed)?;
    let extents: Vec<f64> = found.iter().map(Harvest::weight).collect();
    calibrate(&credit.conversions, credited, None, Some(&extents), &experiments, params.confidence.get(), seed)
}

fn calibration_words(input: &Input, is_calibrated: bool) -> String {
    if !is_calibrated {
        return "uncalibrated".to_owned();
    }
    let mut measured: Vec<&str> = input
        .experiments
        .iter()
        .filter_map(|found| input.paths.channels.get(found.channel))
        .map(String::as_str)
        .collect();
    measured.dedup();
    let experiments = count(input.experiments.len() as u64, "experiment", "experiments");
    format!("calibrated by {experiments} on {}", measured.iter().map(|name| short(name)).collect::<Vec<_>>().join(", "))
}

fn incremental(input: &Input, credit: &Credit, found: &Calibrated) -> Vec<Incremental> {
    let channels = input.paths.channels.iter().zip(&found.channels).zip(&found.worth_testing).enumerate();
    channels
        .map(|(at, ((name, channel), worth))| {
            let credited = credit.conversions[at];
            let ratio = |above: f64, below: f64| (below > 0.0).then(|| above / below).filter(|ratio| ratio.is_finite());
            let cost = input.cost.as_ref().map(|cost| cost[at]);
            Incremental {
                channel: name.clone(),
                conversions: estimate(channel),
                of_credit: ratio(channel.conversions, credited),
                measured: channel.measured,
                cost_per_conversion: cost.and_then(|cost| ratio(cost, channel.conversions)),
                worth_testing: if worth.is_finite() { *worth } else { 0.0 },
            }
        })
        .collect()
}

fn estimate(found: &calibrate::Incremental) -> Estimate {
    Estimate { mean: found.conversions, low: found.interval.low, high: found.interval.high }
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
