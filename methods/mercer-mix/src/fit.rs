//! Fitting: sampling the posterior, judging the draws, and asking them.

use std::collections::BTreeMap;

use mercer_base::{Result, Seed};
use mercer_method::{Context, Intake};
use mercer_stats::mcmc::{Summary, highest_density_interval, summarise_all};
use rayon::prelude::*;

use crate::answers::{Answers, FEW, Forecast, media_factor, thinned};
use crate::curves;
use crate::density::Density;
use crate::draws::Draws;
use crate::estimate::{Estimate, HELD};
use crate::input::{Input, check_learnable};
use crate::laplace::approximate;
use crate::model::{Model, Parameter};
use crate::panel::Panel;
use crate::params::{Inference, Params};
use crate::posterior::Posterior;
use crate::prior::Prior;
use crate::refresh;
use crate::sample::{Settings, sample};
use crate::sheared::Sheared;
use crate::trust::{Diagnostics, trade_offs, unidentified};
use crate::worth::worth_testing;

/// Unknowns among which pairs are looked for that trade off: those of channels and the level come first.
const PAIRED: usize = 60;
/// Smaller steps than usual: tails of saturation are long.
const TARGET_ACCEPT: f64 = 0.95;

/// Fits a model.
///
/// # Errors
/// When parameters and data do not fit each other, or the sampler cannot go on.
pub(crate) fn fit(params: &Params, intake: &Intake<Input>, context: &Context<'_>) -> Result<Model> {
    let panel = &intake.input.panel;
    check_learnable(panel)?;
    let posterior = Posterior::new(params, panel)?;
    let earlier = refresh::earlier(context.previous, panel)?;
    let before = earlier.as_ref().and_then(|earlier| refresh::starts(earlier, &posterior));
    let (draws, shape) = sampled(params, &posterior, before.as_ref(), context.seed, context.say)?;
    let mut model = model(params, panel, &posterior, (&draws, shape), context.seed)?;
    model.changes = earlier.and_then(|earlier| refresh::changes(&earlier, panel, &model.roi));
    Ok(model)
}

/// Draws of the posterior as the parameters say, begun at draws of the posterior before where there is one, which takes half the
/// tuning; of an approximation also the shape of its weights, which says how good it is.
///
/// # Errors
/// When the sampler cannot begin or go on.
pub(crate) fn sampled(
    params: &Params,
    posterior: &Posterior,
    before: Option<&Draws>,
    seed: Seed,
    say: &(dyn Fn(&str) + Sync),
) -> Result<(Draws, Option<f64>)> {
    let seed = seed.split("mix");
    if params.inference == Inference::Approximate {
        let sheared = Sheared::new(posterior);
        let starts = starts(posterior, &sheared, before, params.chains.max(1), seed);
        let name = |unknown: usize| posterior.names().get(unknown).cloned().unwrap_or_default();
        let count = params.chains.max(1) as usize * params.draws.max(1) as usize;
        let mut found = approximate(&sheared, &starts, count, seed, &name)?;
        unshear(posterior, &sheared, &mut found.draws);
        return Ok((found.draws, Some(found.shape)));
    }
    let tune = if before.is_some() { params.tune.div_ceil(2) } else { params.tune };
    let settings = Settings {
        tune: tune.max(1) as usize,
        draws: params.draws.max(1) as usize,
        target_accept: TARGET_ACCEPT,
        ..Settings::default()
    };
    Ok((chains_from(posterior, before, params.chains.max(1), &settings, seed, say)?, None))
}

/// Points to start chains from, in the coordinates of the sampler.
fn starts(
    posterior: &Posterior,
    sheared: &Sheared<'_>,
    before: Option<&Draws>,
    count: u32,
    seed: Seed,
) -> Vec<Vec<f64>> {
    let mut work = posterior.work();
    let start = |chain: u32| {
        let mut point = match before {
            // Draws that lie as far apart as can be.
            Some(draws) => draws.point(chain as usize * draws.len() / count as usize).to_vec(),
            None => posterior.start(seed.split("start").nth(chain.into())),
        };
        sheared.shear(&mut point, &mut work);
        point
    };
    (0..count).map(start).collect()
}

/// Samples some chains.
///
/// # Errors
/// When the sampler cannot begin or go on.
pub(crate) fn chains(
    posterior: &Posterior,
    count: u32,
    settings: &Settings,
    seed: Seed,
    say: &(dyn Fn(&str) + Sync),
) -> Result<Draws> {
    chains_from(posterior, None, count, settings, seed, say)
}

fn chains_from(
    posterior: &Posterior,
    before: Option<&Draws>,
    count: u32,
    settings: &Settings,
    seed: Seed,
    say: &(dyn Fn(&str) + Sync),
) -> Result<Draws> {
    let sheared = Sheared::new(posterior);
    let starts = starts(posterior, &sheared, before, count, seed);
    let mut draws = sample(&sheared, &starts, settings, seed, say)?;
    unshear(posterior, &sheared, &mut draws);
    Ok(draws)
}

/// Brings draws into the posterior's own coordinates.
fn unshear(posterior: &Posterior, sheared: &Sheared<'_>, draws: &mut Draws) {
    let room = || posterior.work();
    let points = draws.points.par_chunks_exact_mut(draws.dim.max(1));
    points.for_each_init(room, |work, point| sheared.unshear(point, work));
}

/// Asks the draws.
fn model(
    params: &Params,
    panel: &Panel,
    posterior: &Posterior,
    (draws, shape): (&Draws, Option<f64>),
    seed: Seed,
) -> Result<Model> {
    let names = posterior.names();
    let columns = columns(posterior, draws);
    let summaries = summarise_all(names.len(), draws.chains, draws.each, |unknown, chain, out| {
        let from = chain * draws.each;
        out.copy_from_slice(&columns[unknown][from..from + draws.each]);
    });
    let kept: Vec<f32> = thinned(draws.len(), 2 * FEW)
        .into_iter()
        .flat_map(|draw| draws.point(draw))
        .map(|value| single(*value))
        .collect();
    let priors = posterior.space().priors().map(|(_, prior)| prior);
    let parameters = names.iter().zip(&summaries).zip(columns.iter().zip(priors));
    let parameters: BTreeMap<String, Parameter> =
        parameters.map(|((name, summary), (draws, prior))| (name.clone(), parameter(summary, draws, prior))).collect();
    let answers = Answers::of(posterior, panel, draws);
    let forecast = Forecast::of(posterior, panel, draws, seed);
    let known: Vec<(usize, f64)> =
        panel.outcome.iter().copied().enumerate().filter(|(_, outcome)| !outcome.is_nan()).collect();
    let diagnostics =
        Diagnostics { approximation: shape, ..Diagnostics::of(names, &summaries, draws, forecast.covered(&known)) };
    let by_channel = |of: &[Vec<f64>]| -> BTreeMap<String, Estimate> {
        panel.channels.iter().zip(of).map(|(channel, draws)| (channel.name.clone(), Estimate::of(draws))).collect()
    };
    let paid = |of: &[Vec<f64>]| -> BTreeMap<String, Estimate> {
        let pairs = panel.channels.iter().zip(of).filter(|(channel, _)| channel.spend.is_some());
        pairs.map(|(channel, draws)| (channel.name.clone(), Estimate::of(draws))).collect()
    };
    let few = paired(names);
    let (paired_names, paired_columns): (Vec<String>, Vec<Vec<f64>>) =
        few.into_iter().map(|at| (names[at].clone(), columns[at].clone())).unzip();
    let objections = diagnostics.objections();
    let unidentified: BTreeMap<String, String> =
        unidentified(panel).into_iter().map(|(channel, why)| (panel.channels[channel].name.clone(), why)).collect();
    let responses = curves::Responses::of(posterior, panel, draws);
    let plan = if objections.is_empty() { curves::plan(params, panel, &responses, &unidentified)? } else { None };
    Ok(Model {
        contribution_share: by_channel(&answers.share),
        contribution: by_channel(&answers.contribution),
        roi: paid(&answers.roi),
        marginal_roi: paid(&answers.marginal_roi),
        baseline_share: Estimate::of(&answers.baseline_share),
        worth_testing: panel
            .channels
            .iter()
            .zip(worth_testing(&answers.roi, &answers.marginal_roi))
            .filter_map(|(channel, worth)| Some((channel.name.clone(), worth?)))
            .collect(),
        objections,
        changes: None,
        unidentified,
        trade_offs: trade_offs(&paired_names, &paired_columns),
        carry_over: carry_over(posterior, panel, draws),
        media_factor: media_factor(posterior, panel.periods(), draws),
        curves: responses.curves(panel),
        plan,
        spend: panel
            .channels
            .iter()
            .filter_map(|channel| Some((channel.name.clone(), channel.spend.as_ref()?.iter().sum())))
            .collect(),
        dim: posterior.dim(),
        panel: panel.clone(),
        points: kept,
        parameters,
        diagnostics,
    })
}

/// The draws of each unknown on its own scale, chain after chain.
fn columns(posterior: &Posterior, draws: &Draws) -> Vec<Vec<f64>> {
    let mut work = posterior.work();
    let mut columns: Vec<Vec<f64>> = posterior.names().iter().map(|_| Vec::with_capacity(draws.len())).collect();
    for point in draws.iter() {
        for (column, value) in columns.iter_mut().zip(posterior.constrain(point, &mut work)) {
            column.push(value);
        }
    }
    columns
}

fn parameter(summary: &Summary, draws: &[f64], prior: &Prior) -> Parameter {
    let known = |value: f64| value.is_finite().then_some(value);
    let interval = highest_density_interval(draws, HELD);
    Parameter {
        prior: prior.to_string(),
        prior_mean: known(prior.mean()),
        prior_sd: known(prior.sd()),
        mean: summary.mean,
        sd: known(summary.sd).unwrap_or(0.0),
        hdi_90: [interval.low, interval.high].map(|end| known(end).unwrap_or(summary.mean)),
        mcse_mean: known(summary.mcse_mean),
        r_hat: known(summary.r_hat),
        ess_bulk: known(summary.ess_bulk),
        ess_tail: known(summary.ess_tail),
    }
}

/// The unknowns among which pairs are looked for: not those of single places and periods.
fn paired(names: &[String]) -> Vec<usize> {
    let is_single = |name: &str| {
        name.contains(',') || ["tau[", "knot[", "media_factor_z["].iter().any(|family| name.starts_with(family))
    };
    let all = names.iter().enumerate().filter(|(_, name)| !is_single(name)).map(|(at, _)| at);
    all.take(PAIRED).collect()
}

/// Mean share of each channel's effect by period after it was shown.
fn carry_over(posterior: &Posterior, panel: &Panel, draws: &Draws) -> BTreeMap<String, Vec<f64>> {
    let asked = thinned(draws.len(), FEW);
    let mean = |channel: usize| {
        let mut sums: Vec<f64> = Vec::new();
        for draw in &asked {
            let kernel = posterior.kernel(draws.point(*draw), channel);
            sums.resize(kernel.len(), 0.0);
            sums.iter_mut().zip(&kernel).for_each(|(sum, share)| *sum += share / asked.len() as f64);
        }
        sums
    };
    panel.channels.iter().enumerate().map(|(at, channel)| (channel.name.clone(), mean(at))).collect()
}

/// A number as saved models keep it.
#[expect(clippy::cast_possible_truncation, reason = "draws scatter by far more than the last bits")]
fn single(value: f64) -> f32 {
    value as f32
}
