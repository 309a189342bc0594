//! Draws of a posterior by the No-U-Turn sampler.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use mercer_base::{Error, Result, Seed};
use nuts_rs::SamplerStats;
use nuts_rs::{Chain, CpuLogpFunc, CpuMath, CpuMathError, DiagNutsSettings, HasDims, LogpError};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::density::Density;
use crate::draws::Draws;

/// Progress is said each time another so many percent of all steps are done.
const PERCENT_A_MESSAGE: usize = 5;
/// A slope below this says nothing of the scale of an unknown.
const FLAT: f64 = 1e-8;

/// How to sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Settings {
    /// Steps of each chain to find step size and scales, which are thrown away.
    pub(crate) tune: usize,
    /// Draws of each chain that are kept.
    pub(crate) draws: usize,
    /// Acceptance rate the step size is tuned to, in (0, 1): higher takes smaller steps.
    pub(crate) target_accept: f64,
    /// Doublings of a trajectory at most.
    pub(crate) max_depth: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { tune: 1_000, draws: 1_000, target_accept: 0.8, max_depth: 10 }
    }
}

/// Samples a chain from each of `starts`, points where the density is finite; a chain whose start has no finite density begins at
/// the next one that has.
///
/// Chains run at the same time, each with chance of its own from `seed`: the draws are the same, byte by byte, at any number of
/// threads. `say` is told of progress now and then, and of the divergences after tuning.
///
/// # Errors
/// Where no start has a finite density, or the sampler cannot begin or go on.
///
/// Source: Hoffman & Gelman (2014), The No-U-Turn sampler, JMLR 15, 1593–1623; scales from draws and gradients are those of nuts-rs.
pub(crate) fn sample<D: Density>(
    density: &D,
    starts: &[Vec<f64>],
    settings: &Settings,
    seed: Seed,
    say: &(dyn Fn(&str) + Sync),
) -> Result<Draws> {
    let seed = seed.split("sample");
    let starts = finite_starts(density, starts, seed)?;
    let progress = Progress::new(starts.len() * (settings.tune + settings.draws), say);
    let chains: Vec<Draws> = starts
        .par_iter()
        .enumerate()
        .map(|(chain, start)| {
            let mut dice = ChaCha8Rng::seed_from_u64(seed.nth(chain as u64).0);
            let mut nuts = DiagNutsSettings::default();
            nuts.adapt_options.step_size_settings.target_accept = settings.target_accept;
            (nuts.num_tune, nuts.maxdepth) = (settings.tune as u64, settings.max_depth.into());
            let read = |stats: &Stats<'_, DiagNutsSettings, D>| (stats.depth, stats.point.energy);
            one_chain(density, start, settings, &nuts, read, &mut dice, &progress)
        })
        .collect::<Result<_>>()?;
    Ok(joined(chains, density.dim(), settings.draws))
}

/// What the sampler says of each draw.
type Stats<'a, S, D> =
    <<S as nuts_rs::Settings>::Chain<CpuMath<Sampled<'a, D>>> as SamplerStats<CpuMath<Sampled<'a, D>>>>::Stats;

/// Draws one chain; `read` takes a draw's depth and energy out of what the sampler says of it.
fn one_chain<'a, D: Density, S: nuts_rs::Settings>(
    density: &'a D,
    start: &[f64],
    settings: &Settings,
    nuts: &S,
    read: impl Fn(&Stats<'a, S, D>) -> (u64, f64),
    dice: &mut ChaCha8Rng,
    progress: &Progress<'_>,
) -> Result<Draws> {
    let failed = |what: &str| {
        Error::data(format!("the sampler {what}: the density is too steep or flat there"))
            .with_hint("give narrower priors, fewer channels or controls, or check the data for extreme values")
    };
    let math = CpuMath::new(Sampled { density, work: density.work() });
    let mut chain = nuts.new_chain(0, math, dice).map_err(|cause| failed("refused its settings").with_source(cause))?;
    chain.set_position(start).map_err(|cause| failed("could not begin").with_source(cause))?;
    let mut draws = Draws { dim: density.dim(), chains: 1, each: settings.draws, ..Draws::default() };
    draws.points.reserve_exact(settings.draws * draws.dim);
    for step in 0..settings.tune + settings.draws {
        let (point, _, stats, info) = chain.expanded_draw().map_err(|cause| failed("stopped").with_source(cause))?;
        let kept = step >= settings.tune;
        if kept {
            let (depth, energy) = read(&stats);
            draws.points.extend_from_slice(&point);
            draws.energy.push(energy);
            draws.diverged.push(info.diverging);
            draws.depth.push(u32::try_from(depth).unwrap_or(u32::MAX));
        }
        progress.step(kept && info.diverging);
    }
    Ok(draws)
}

/// The chains one after the other.
fn joined(chains: Vec<Draws>, dim: usize, each: usize) -> Draws {
    let mut all = Draws { dim, chains: chains.len(), each, ..Draws::default() };
    all.points.reserve_exact(chains.len() * each * dim);
    for chain in chains {
        all.points.extend_from_slice(&chain.points);
        all.energy.extend_from_slice(&chain.energy);
        all.diverged.extend_from_slice(&chain.diverged);
        all.depth.extend_from_slice(&chain.depth);
    }
    all
}

/// For each start the first from there on, and round, whose density and gradient are finite; moved a little where it is flat.
fn finite_starts<D: Density>(density: &D, starts: &[Vec<f64>], seed: Seed) -> Result<Vec<Vec<f64>>> {
    let dim = density.dim();
    let (mut work, mut gradient) = (density.work(), vec![0.0; dim]);
    let mut is_finite = |start: &Vec<f64>| {
        start.len() == dim
            && density.value(start, &mut gradient, &mut work).is_finite()
            && gradient.iter().all(|slope| slope.is_finite())
    };
    let good: Vec<bool> = starts.iter().map(&mut is_finite).collect();
    let from = |chain: usize| starts.iter().zip(&good).cycle().skip(chain).take(starts.len());
    let found: Option<Vec<Vec<f64>>> =
        (0..starts.len()).map(|chain| from(chain).find(|(_, good)| **good).map(|(start, _)| start.clone())).collect();
    let mut found = found.filter(|found| !found.is_empty() && dim > 0).ok_or_else(|| {
        Error::data("the model has no finite density at any start: it cannot be sampled").with_hint(
            "check the priors (each must allow values near its centre), and the data for values that are extreme or all the same",
        )
    })?;
    for (chain, start) in (0_u64..).zip(&mut found) {
        let mut dice = ChaCha8Rng::seed_from_u64(seed.split("flat starts").nth(chain).0);
        leave_flat_place(density, start, &mut dice);
    }
    Ok(found)
}

/// Moves a start along the unknowns in which the density is flat there, as at a mode: the sampler takes its first scales from the
/// slopes at the start. Stays where no such place of finite density is found.
fn leave_flat_place<D: Density>(density: &D, start: &mut Vec<f64>, dice: &mut ChaCha8Rng) {
    let (mut work, mut gradient) = (density.work(), vec![0.0; start.len()]);
    let mut reach = 0.1;
    for _ in 0..10 {
        density.value(start, &mut gradient, &mut work);
        if gradient.iter().all(|slope| slope.abs() > FLAT) {
            return;
        }
        let mut moved = start.clone();
        for (x, _) in moved.iter_mut().zip(&gradient).filter(|(_, slope)| slope.abs() <= FLAT) {
            *x += reach * (2.0 * dice.random::<f64>() - 1.0);
        }
        if density.value(&moved, &mut gradient, &mut work).is_finite() && gradient.iter().all(|slope| slope.is_finite())
        {
            *start = moved;
        }
        reach *= 0.5;
    }
}

/// Counts the steps of all chains, and tells of them now and then.
struct Progress<'a> {
    total: usize,
    done: AtomicUsize,
    diverged: AtomicUsize,
    /// Percent at which to speak next.
    next: Mutex<usize>,
    say: &'a (dyn Fn(&str) + Sync),
}

impl<'a> Progress<'a> {
    fn new(total: usize, say: &'a (dyn Fn(&str) + Sync)) -> Self {
        Self { total, done: 0.into(), diverged: 0.into(), next: Mutex::new(PERCENT_A_MESSAGE), say }
    }

    /// Counts one step of one chain.
    fn step(&self, diverged: bool) {
        self.diverged.fetch_add(usize::from(diverged), Ordering::Relaxed);
        // Whoever counts a step sees the divergences of all steps counted before.
        let done = self.done.fetch_add(1, Ordering::AcqRel) + 1;
        let percent = 100 * done / self.total;
        if percent == 100 * (done - 1) / self.total {
            return;
        }
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        if percent >= *next {
            let divergences = self.diverged.load(Ordering::Relaxed);
            *next = (percent / PERCENT_A_MESSAGE + 1) * PERCENT_A_MESSAGE;
            (self.say)(&match divergences {
                1 => format!("sampling: {percent} %, 1 divergence"),
                _ => format!("sampling: {percent} %, {divergences} divergences"),
            });
        }
    }
}

/// A density as the sampler calls it, with its room to work.
struct Sampled<'a, D: Density> {
    density: &'a D,
    work: D::Work,
}

/// There is no density at a point: the trajectory ends there as a divergence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the density is not finite")]
struct NotFinite;

impl LogpError for NotFinite {
    fn is_recoverable(&self) -> bool {
        true
    }
}

impl<D: Density> HasDims for Sampled<'_, D> {
    fn dim_sizes(&self) -> HashMap<String, u64> {
        HashMap::from([("unconstrained_parameter".to_owned(), self.density.dim() as u64)])
    }
}

impl<D: Density> CpuLogpFunc for Sampled<'_, D> {
    type LogpError = NotFinite;
    type FlowParameters = ();
    /// Draws are taken as they are; nothing is computed from them here.
    type ExpandedVector = Vec<f64>;

    fn dim(&self) -> usize {
        self.density.dim()
    }

    fn logp(&mut self, position: &[f64], gradient: &mut [f64]) -> std::result::Result<f64, NotFinite> {
        let value = self.density.value(position, gradient, &mut self.work);
        if value.is_finite() && gradient.iter().all(|slope| slope.is_finite()) { Ok(value) } else { Err(NotFinite) }
    }

    fn expand_vector<R: Rng + ?Sized>(&mut self, _: &mut R, _: &[f64]) -> std::result::Result<Vec<f64>, CpuMathError> {
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use mercer_stats::mcmc;

    use super::*;
    use crate::made_up::{Correlated, Funnel, Hierarchy, Independent, Nowhere};

    fn run<D: Density>(density: &D, settings: &Settings, seed: u64) -> Draws {
        sample(density, &vec![vec![0.1; density.dim()]; 4], settings, Seed(seed), &|_| {}).unwrap()
    }

    fn summaries(draws: &Draws) -> Vec<mcmc::Summary> {
        mcmc::summarise_all(draws.dim, draws.chains, draws.each, |unknown, chain, values| {
            for (draw, value) in values.iter_mut().enumerate() {
                *value = draws.point(chain * draws.each + draw)[unknown];
            }
        })
    }

    /// Means and standard deviations are the true ones within five Monte Carlo standard errors: of a hundred unknowns one is farther
    /// out by chance in 20,000 runs.
    #[track_caller]
    fn assert_moments(draws: &Draws, mean: &[f64], sd: &[f64]) {
        for (unknown, summary) in summaries(draws).iter().enumerate() {
            assert!(
                (summary.mean - mean[unknown]).abs() < 5.0 * summary.mcse_mean,
                "{unknown}: {summary:?}, {}",
                mean[unknown]
            );
            assert!(
                (summary.sd - sd[unknown]).abs() < 5.0 * summary.mcse_sd,
                "{unknown}: {summary:?}, {}",
                sd[unknown]
            );
            assert!(summary.r_hat < 1.02 && summary.ess_bulk > 250.0, "{unknown}: {summary:?}");
        }
    }

    #[test]
    fn independent_normals_are_recovered() {
        let density = Independent { mean: vec![0.0, 5.0, -2.0], sd: vec![1.0, 0.01, 300.0] };
        let draws = run(&density, &Settings::default(), 1);
        assert_eq!((draws.chains, draws.each, draws.dim, draws.points.len()), (4, 1_000, 3, 12_000));
        assert_eq!((draws.energy.len(), draws.depth.len(), draws.divergences()), (4_000, 4_000, 0));
        assert_moments(&draws, &density.mean, &density.sd);
        for chain in draws.energy.chunks_exact(1_000) {
            assert!(mcmc::e_bfmi(chain) > 0.5);
        }
    }

    #[test]
    fn correlated_normals_are_recovered() {
        let density = Correlated::new(12, 0.97);
        let draws = run(&density, &Settings::default(), 2);
        assert_eq!(draws.divergences(), 0);
        assert_moments(&draws, &[0.0; 12], &[1.0; 12]);
        let product = draws.iter().map(|point| point[0] * point[11]).sum::<f64>() / draws.len() as f64;
        // E[xy] = 0.97^11; its standard error of a few hundred effective draws is about 0.05.
        assert!((product - 0.97_f64.powi(11)).abs() < 0.2, "{product}");
    }

    #[test]
    fn a_hierarchy_of_a_hundred_unknowns_is_recovered() {
        let density = Hierarchy::new(98);
        let draws = run(&density, &Settings { target_accept: 0.9, ..Settings::default() }, 3);
        let (mean, sd) = density.moments();
        let summaries = summaries(&draws);
        for unknown in 0..2 {
            let summary = summaries[unknown];
            assert!((summary.mean - mean[unknown]).abs() < 5.0 * summary.mcse_mean, "{summary:?}, {mean:?}");
            assert!((summary.sd - sd[unknown]).abs() < 5.0 * summary.mcse_sd, "{summary:?}, {sd:?}");
        }
        assert!(summaries.iter().all(|summary| summary.r_hat < 1.02));
    }

    #[test]
    fn a_funnel_diverges_and_says_so() {
        let said = Mutex::new(Vec::new());
        let starts = vec![vec![0.0; 10]; 4];
        let say = |message: &str| said.lock().unwrap().push(message.to_owned());
        let draws = sample(&Funnel { dim: 10 }, &starts, &Settings::default(), Seed(4), &say).unwrap();
        assert!(draws.divergences() > 1, "{}", draws.divergences());
        let said = said.into_inner().unwrap();
        // Chains that count at the same time may pass over a message.
        assert!((2..=100 / PERCENT_A_MESSAGE).contains(&said.len()), "{said:?}");
        assert!(said.iter().all(|message| message.starts_with("sampling: ")), "{said:?}");
        assert!(said.last().unwrap().starts_with("sampling: 100 %, "), "{said:?}");
        assert!(said.last().unwrap().ends_with(&format!("{} divergences", draws.divergences())), "{said:?}");
    }

    #[test]
    fn threads_do_not_show_and_seeds_do() {
        let density = Hierarchy::new(5);
        let settings = Settings { tune: 100, draws: 50, ..Settings::default() };
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| run(&density, &settings, 5))
        };
        assert_eq!(on(1), on(2));
        assert_eq!(on(1), on(8));
        assert_ne!(on(1).points, run(&density, &settings, 6).points);
        let points = on(1).points;
        assert_ne!(points[..50 * 7], points[50 * 7..100 * 7], "each chain has chance of its own");
    }

    #[test]
    fn bad_starts_are_passed_over_or_refused() {
        let density = Independent { mean: vec![0.0], sd: vec![1.0] };
        let settings = Settings { tune: 20, draws: 5, ..Settings::default() };
        // At the mode, where all slopes are 0.
        assert!(sample(&density, &[vec![0.0], vec![0.0]], &settings, Seed(1), &|_| {}).is_ok());
        let starts = [vec![f64::NAN], vec![0.5], vec![0.1, 0.2]];
        let draws = sample(&density, &starts, &settings, Seed(1), &|_| {}).unwrap();
        assert_eq!(draws.chains, 3);
        assert!(draws.points.iter().all(|value| value.is_finite()));
        for starts in [&starts[..1], &[]] {
            let error = sample(&density, starts, &settings, Seed(1), &|_| {}).unwrap_err();
            assert!(error.hint().is_some() && error.message().contains("no finite density"), "{error:?}");
        }
        assert!(sample(&Nowhere, &[vec![1.0]], &settings, Seed(1), &|_| {}).is_err());
    }
}
