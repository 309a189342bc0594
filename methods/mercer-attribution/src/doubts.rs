//! How far credit can be trusted: intervals over resampled customers, channels that harvest, and what to test next.

use mercer_base::{Result, Seed};
use mercer_method::Context;

use crate::bootstrap;
use crate::describe::short;
use crate::divide::Learnt;
use crate::fit;
use crate::harvest;
use crate::input::Input;
use crate::model::Model;
use crate::models::{self, Answer};
use crate::params::{ModelChoice, Params};

/// What is doubtful about a model's credit.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Doubts {
    /// Interval of the conversions credited, by channel in alphabetical order.
    pub(crate) intervals: Option<Vec<(f64, f64)>>,
    /// Whether channels harvest, in alphabetical order; nothing of those that could not be tested.
    pub(crate) harvest: Vec<Option<Harvest>>,
    /// How that was tested, in words.
    pub(crate) harvest_design: String,
    /// Channels that no experiment was on, the most worth one first.
    pub(crate) tests: Vec<Test>,
}

/// Whether a channel comes when customers are about to convert anyway.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Harvest {
    pub(crate) harvests: bool,
    /// From 0, its touches come at any time, to 1, they come when purchases do.
    pub(crate) extent: f64,
    /// The interval of the extent.
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// Corrected for the number of channels.
    pub(crate) p_value: f64,
    pub(crate) words: String,
}

/// A channel that could be tested.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Test {
    pub(crate) channel: String,
    /// Its part in the variance of the total of incremental conversions.
    pub(crate) share: f64,
    /// What it may add, at least and at most.
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// All doubts about a model.
///
/// # Errors
/// When models cannot be computed on resampled customers.
pub(crate) fn doubts(params: &Params, model: &Model, input: &Input, context: &Context<'_>) -> Result<Doubts> {
    let answer = fit::again(params, model, input, context.seed)?;
    let intervals = variation(params, model, input, &answer, context.seed)?;
    let (harvest, harvest_design) = harvests(params, model, input, &answer, context)?;
    Ok(Doubts { intervals, harvest, harvest_design, tests: tests(model, input) })
}

/// Whether each channel harvests, in the order of their names, and how that was tested.
fn harvests(
    params: &Params,
    model: &Model,
    input: &Input,
    answer: &Answer,
    context: &Context<'_>,
) -> Result<(Vec<Option<Harvest>>, String)> {
    let seed = context.seed.split(fit::SEED);
    let other = match (&answer.learnt, model.hazard.is_some()) {
        (Learnt::Hazard(_), _) | (_, false) => None,
        _ => Some(models::answer(ModelChoice::Hazard, params, input, seed)?.learnt),
    };
    let rates = match other.as_ref().unwrap_or(&answer.learnt) {
        Learnt::Hazard(rates) => Some(rates),
        _ => None,
    };
    let found = harvest::harvest(&models::journeys(ModelChoice::Hazard, input), rates, seed)?;
    let named = found.iter().zip(&input.paths.channels);
    let flag = |(found, name): (&harvest::Harvest, &String)| {
        let (low, high) = found.interval(params.confidence.get())?;
        Some(Harvest {
            harvests: found.harvests,
            extent: found.extent?,
            low,
            high,
            p_value: found.p_value,
            words: found.in_words(&short(name), rates.is_some()),
        })
    };
    let design = match rates {
        Some(_) => {
            "Whether touches of the channel come at any time (0) or when purchases do (1), by the additive hazard just before them"
        }
        None => {
            "Whether touches of the channel come at any time (0) or when purchases do (1), by the touch just before them"
        }
    };
    Ok((named.map(flag).collect(), design.to_owned()))
}

/// How far chance moves what each channel is credited with; nothing where no intervals are asked for or can be had.
///
/// # Errors
/// When the model cannot be computed on resampled customers.
pub(crate) fn variation(
    params: &Params,
    model: &Model,
    input: &Input,
    answer: &Answer,
    seed: Seed,
) -> Result<Option<Vec<(f64, f64)>>> {
    if params.resamples == 0 {
        return Ok(None);
    }
    let journeys = models::journeys(model.model, input);
    let found = bootstrap::variation(
        &journeys,
        &answer.way,
        &answer.learnt,
        &answer.credit,
        params.resamples as usize,
        params.confidence.get(),
        seed.split(fit::SEED),
    )?;
    Ok(found.map(|found| found.conversions.iter().map(|ends| (ends.low, ends.high)).collect()))
}

/// What an experiment on each channel would take away of the variance of the total. Before any experiment a channel may have added
/// anything from nothing to its credit, each as likely, so its own variance is its credit² / 12; afterwards the calibration says. Direct visits cannot be held back.
fn tests(model: &Model, input: &Input) -> Vec<Test> {
    let is_direct = |name: &str| {
        let at = input.paths.channels.binary_search_by(|known| known.as_str().cmp(name)).ok();
        at.and_then(|at| input.direct.get(at)).copied().unwrap_or(false)
    };
    let mut found: Vec<Test> = if model.is_calibrated() {
        let open = model.incremental.iter().filter(|channel| !channel.measured);
        open.map(|channel| Test {
            channel: channel.channel.clone(),
            share: channel.worth_testing,
            low: channel.conversions.low,
            high: channel.conversions.high,
        })
        .collect()
    } else {
        let credited = || model.channels.iter().filter(|channel| channel.conversions > 0.0);
        let whole: f64 = credited().map(|channel| channel.conversions.powi(2)).sum();
        credited()
            .map(|channel| Test {
                channel: channel.channel.clone(),
                share: channel.conversions.powi(2) / whole,
                low: 0.0,
                high: channel.conversions,
            })
            .collect()
    };
    found.retain(|test| !is_direct(&test.channel) && test.share > 0.0);
    found.sort_by(|a, b| b.share.total_cmp(&a.share).then_with(|| a.channel.cmp(&b.channel)));
    found
}
