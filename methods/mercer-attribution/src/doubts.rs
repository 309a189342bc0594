//! How far credit can be trusted: intervals over resampled customers, channels that harvest, and what to test next.

use mercer_base::{Result, Seed};
use mercer_method::Context;

use crate::bootstrap;
use crate::fit;
use crate::input::Input;
use crate::model::Model;
use crate::models::{self, Answer};
use crate::params::Params;

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
    pub(crate) statistic: f64,
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
    Ok(Doubts { intervals, tests: tests(model, input), ..Doubts::default() })
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

/// What an experiment on each channel would take away of the variance of the total: all of the channel's own. A channel that was not
/// measured adds, before any experiment, anything from nothing to its credit, each as likely (variance credit² / 12); afterwards
/// what the interval says. Direct visits cannot be held back.
fn tests(model: &Model, input: &Input) -> Vec<Test> {
    let is_direct = |name: &str| {
        let at = input.paths.channels.binary_search_by(|known| known.as_str().cmp(name)).ok();
        at.and_then(|at| input.direct.get(at)).copied().unwrap_or(false)
    };
    let mut found: Vec<(Test, f64)> = if model.is_calibrated() {
        let open = model.incremental.iter().filter(|channel| !channel.measured);
        open.map(|channel| {
            let ends = channel.conversions;
            let test = Test { channel: channel.channel.clone(), share: 0.0, low: ends.low, high: ends.high };
            (test, (ends.high - ends.low).powi(2))
        })
        .collect()
    } else {
        let all = model.channels.iter().filter(|channel| channel.conversions > 0.0);
        all.map(|channel| {
            let test = Test { channel: channel.channel.clone(), share: 0.0, low: 0.0, high: channel.conversions };
            (test, channel.conversions.powi(2) / 12.0)
        })
        .collect()
    };
    let whole: f64 = found.iter().map(|(_, variance)| variance).sum();
    found.retain(|(test, _)| !is_direct(&test.channel));
    found.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.channel.cmp(&b.0.channel)));
    let share = |variance: f64| if whole > 0.0 { variance / whole } else { 0.0 };
    found.into_iter().map(|(test, variance)| Test { share: share(variance), ..test }).collect()
}
