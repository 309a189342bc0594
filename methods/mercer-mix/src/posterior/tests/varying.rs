//! Effects that vary over time: what the factor is, and whether a planted one is found.

use std::f64::consts::TAU;

use mercer_stats::mcmc::summarise_all;

use super::panels::made_up;
use super::*;
use crate::answers::{Answers, media_factor};
use crate::draws::Draws;
use crate::estimate::Estimate;
use crate::fit::chains;
use crate::params::{Trend, VaryingMedia};
use crate::sample::Settings;

fn common(priors: &[&str]) -> Params {
    let priors = priors.iter().map(|prior| (*prior).to_owned()).collect();
    Params { varying_media: VaryingMedia::Common, priors, ..Params::default() }
}

#[test]
fn the_factors_mean_over_the_learnt_periods_is_1_and_it_returns_to_its_level_beyond() {
    let mut panel = made_up(3, 130);
    panel.learnt = 52;
    let posterior = Posterior::new(&common(&[]), &panel).unwrap();
    for seed in 0..5 {
        let factor = posterior.media_factor(&posterior.prior_draw(Seed(seed)), &mut posterior.work());
        assert_eq!(factor.len(), 130);
        close("mean", factor[..52].iter().sum::<f64>() / 52.0, 1.0, 1e-12);
        // Half the data are .49 years, and the waves end half a year after them: in the 79th week.
        assert!(factor[79..].windows(2).all(|pair| (pair[0] - pair[1]).abs() < 1e-12), "{factor:?}");
    }
}

#[test]
fn without_amplitude_all_is_as_without_the_option() {
    for places in [1, 3] {
        let panel = made_up(places, 30);
        let (without, with) = (
            Posterior::new(&Params::default(), &panel).unwrap(),
            Posterior::new(&common(&["media_factor_amplitude=fixed(0)"]), &panel).unwrap(),
        );
        assert!(!without.varies() && without.names().iter().all(|name| !name.starts_with("media_factor")));
        assert_eq!(&with.names()[..without.dim()], without.names());
        let point = with.start(Seed(3));
        let expected = without.expected(&point[..without.dim()], &mut without.work());
        assert_eq!(with.expected(&point, &mut with.work()), expected);
        let (roi, same) = (
            without.marginal_roi(&point[..without.dim()], &mut without.work()),
            with.marginal_roi(&point, &mut with.work()),
        );
        roi.iter().zip(same).filter(|(roi, _)| !roi.is_nan()).for_each(|(roi, same)| assert_eq!(*roi, same));
    }
}

#[test]
fn the_kernels_variance_is_the_square_of_its_amplitude() {
    // Σ S(ω_j) φ_j(0)² in the middle of the data is 1 for an amplitude of 1; 3 % for the waves left out and the walls.
    let panel = made_up(1, 157);
    let posterior = Posterior::new(&common(&[]), &panel).unwrap();
    let varying = posterior.varying.as_ref().unwrap();
    let mut values = vec![0.0; posterior.space.len()];
    let entry = values.len() - varying.waves() - 2;
    (values[entry], values[entry + 1]) = (1.0, 0.5);
    let mut room = varying.room();
    varying.forward(&values, &mut room);
    let variance = varying.variance(&room, 78);
    close("variance", variance, 1.0, 0.03);
}

/// A market whose truth is known: so many weeks and channels, and the factor of each week, whose mean is 1.
fn simulated(weeks: usize, channels: usize, factor: &[f64]) -> (Panel, f64) {
    let mut state = 12_345_u64;
    let mut chance = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(state >> 32).unwrap()) / f64::from(u32::MAX)
    };
    let mut panel = made_up(1, weeks);
    panel.channels.truncate(channels);
    panel.controls.clear();
    // The sum of twelve uniform numbers is normal enough.
    let mut outcome: Vec<f64> =
        (0..weeks).map(|_| 1_000.0 + 30.0 * ((0..12).map(|_| chance()).sum::<f64>() - 6.0)).collect();
    let mut brought = 0.0;
    for (channel, alpha) in panel.channels.iter_mut().zip([0.3, 0.5]) {
        channel.media = (0..weeks).map(|_| if chance() < 0.2 { 0.0 } else { 100.0 * chance() }).collect();
        channel.spend = Some(channel.media.clone());
        let most = channel.media.iter().copied().fold(0.0, f64::max);
        let weights: Vec<f64> = (0..8).map(|lag| f64::powi(alpha, lag)).collect();
        let whole: f64 = weights.iter().sum();
        for week in 0..weeks {
            let lags = weights.iter().enumerate().filter(|(lag, _)| *lag <= week);
            let carried: f64 = lags.map(|(lag, weight)| weight / whole * channel.media[week - lag] / most).sum();
            let effect = 1_200.0 * factor[week] * (1.5 * carried).tanh();
            outcome[week] += effect;
            brought += effect;
        }
    }
    (panel.outcome, panel.value) = (outcome, vec![1.0; weeks]);
    (panel, brought)
}

/// What is found: the draws, the largest R̂, the factor by week, and what all channels brought.
fn found(params: &Params, panel: &Panel, count: u32, each: usize) -> (Draws, f64, Vec<Estimate>, Estimate) {
    let posterior = Posterior::new(params, panel).unwrap();
    let settings = Settings { tune: each, draws: each, target_accept: 0.95, ..Settings::default() };
    let draws = chains(&posterior, count, &settings, Seed(8), &|_| ()).unwrap();
    let summaries = summarise_all(posterior.dim(), draws.chains, draws.each, |unknown, chain, out| {
        out.iter_mut().enumerate().for_each(|(at, out)| *out = draws.point(chain * draws.each + at)[unknown]);
    });
    let r_hat = summaries.iter().map(|summary| summary.r_hat).fold(0.0, f64::max);
    let answers = Answers::of(&posterior, panel, &draws);
    let total: Vec<f64> =
        (0..draws.len()).map(|draw| answers.contribution.iter().map(|channel| channel[draw]).sum()).collect();
    let factor = media_factor(&posterior, panel.periods(), &draws);
    (draws, r_hat, factor, Estimate::of(&total))
}

fn wave(weeks: usize) -> Vec<f64> {
    (0..weeks).map(|week| 1.0 + 0.4 * (TAU * (week as f64 + 0.5) / weeks as f64).sin()).collect()
}

/// Checks a fit to a planted factor and one to none; `most` is the largest R̂ that will do.
fn planted_factors_are_found(
    params: &Params,
    (weeks, channels): (usize, usize),
    (count, each): (u32, usize),
    most: f64,
) {
    let holds = |estimate: &Estimate, truth: f64| (estimate.hdi_90[0]..=estimate.hdi_90[1]).contains(&truth);
    for truth in [wave(weeks), vec![1.0; weeks]] {
        let (panel, brought) = simulated(weeks, channels, &truth);
        let (draws, r_hat, factor, total) = found(params, &panel, count, each);
        let held = factor.iter().zip(&truth).filter(|(factor, truth)| holds(factor, **truth)).count();
        let is_flat = truth.iter().all(|truth| *truth == 1.0);
        let needed = if is_flat { 1.0 } else { 0.85 };
        assert!(held as f64 >= needed * weeks as f64, "held {held} of {weeks}, flat {is_flat}");
        assert!(holds(&total, brought), "{total:?}, truth {brought}");
        // Where there is no factor its amplitude can go to nothing: there only the share that the method itself accepts is asked.
        let most_divergent = if is_flat { draws.len() / 500 } else { 0 };
        assert!(draws.divergences() <= most_divergent, "{} divergences, flat {is_flat}", draws.divergences());
        assert!(r_hat <= most, "R-hat {r_hat}");
    }
}

#[test]
fn a_planted_factor_is_found_and_none_where_there_is_none() {
    let params = Params { trend: Trend::None, seasonality: 0, ..common(&[]) };
    planted_factors_are_found(&params, (104, 1), (4, 500), 1.02);
}

#[test]
#[ignore = "takes minutes without optimisation"]
fn a_planted_factor_is_found_beside_trend_and_season() {
    planted_factors_are_found(&common(&[]), (156, 2), (4, 1_000), 1.02);
}
