//! Whether the model may be acted on: did the chains agree, and which inputs do the data say little of.

use mercer_stats::mcmc::{Summary, e_bfmi};
use serde::{Deserialize, Serialize};

use crate::draws::Draws;
use crate::panel::Panel;

/// Chains agree below this (Vehtari et al. 2021).
const MOST_R_HAT: f64 = 1.01;
/// Effective draws a chain that means and intervals need.
const FEWEST_ESS: f64 = 100.0;
/// Share of trajectories that may diverge.
const MOST_DIVERGENT: f64 = 0.002;
/// Below this the sampler explores tails too slowly (Betancourt 2016).
const LEAST_E_BFMI: f64 = 0.3;
/// Share of the periods that 90 % intervals must hold.
const LEAST_COVERED: f64 = 0.8;
/// Channels that move together more than this cannot be told apart.
const MOST_CORRELATED: f64 = 0.95;
/// Periods in which a channel was used, and the least variation, from which something can be learnt.
const FEWEST_USED: usize = 5;
const LEAST_VARIATION: f64 = 0.03;
/// Unknowns whose draws move together this much trade off.
const TRADE_OFF: f64 = 0.6;
/// Pairs that are told.
const PAIRS: usize = 8;

/// How well the posterior was sampled.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Diagnostics {
    /// Largest rank-normalised split R̂ of all unknowns.
    pub r_hat_max: f64,
    /// Smallest effective number of draws in the middle.
    pub ess_bulk_min: f64,
    /// Smallest effective number of draws in the tails.
    pub ess_tail_min: f64,
    /// Trajectories after tuning that diverged.
    pub divergences: usize,
    /// Smallest energy Bayesian fraction of missing information of the chains.
    pub e_bfmi_min: f64,
    /// Draws of all chains, and chains.
    pub draws: usize,
    /// Number of chains.
    pub chains: usize,
    /// Share of the periods that were learnt from that their 90 % interval holds.
    pub covered: f64,
    /// Of a normal approximation the shape `k̂` of the weights that would mend it: good below 0.7. `None` of sampled draws.
    pub approximation: Option<f64>,
    /// The unknown with the largest R̂.
    pub worst: String,
}

impl Diagnostics {
    /// Judges the draws.
    pub(crate) fn of(names: &[String], summaries: &[Summary], draws: &Draws, covered: f64) -> Self {
        let worst = summaries
            .iter()
            .zip(names)
            .filter(|(summary, _)| summary.r_hat.is_finite())
            .max_by(|a, b| a.0.r_hat.total_cmp(&b.0.r_hat));
        let least = |of: fn(&Summary) -> f64| {
            summaries.iter().map(of).filter(|value| value.is_finite()).fold(f64::INFINITY, f64::min)
        };
        let known = |value: f64| if value.is_finite() { value } else { 0.0 };
        let energies = draws.energy.chunks_exact(draws.each.max(1)).map(e_bfmi);
        Self {
            r_hat_max: worst.map_or(1.0, |(summary, _)| summary.r_hat),
            ess_bulk_min: known(least(|summary| summary.ess_bulk)),
            ess_tail_min: known(least(|summary| summary.ess_tail)),
            divergences: draws.divergences(),
            e_bfmi_min: known(energies.fold(f64::INFINITY, f64::min)),
            draws: draws.len(),
            chains: draws.chains,
            covered,
            approximation: None,
            worst: worst.map_or_else(String::new, |(_, name)| name.clone()),
        }
    }

    /// Why the model may not be acted on; nothing where it may.
    pub(crate) fn objections(&self) -> Vec<String> {
        if let Some(shape) = self.approximation {
            return vec![format!(
                "a normal approximation is a first look: sample before acting (its weights have k-hat {shape:.2}, below 0.7 is close)"
            )];
        }
        let mut found = Vec::new();
        if self.r_hat_max > MOST_R_HAT {
            found.push(format!(
                "the chains do not agree: R-hat is {:.3} of {}, {MOST_R_HAT} at most is sound",
                self.r_hat_max, self.worst
            ));
        }
        let needed = FEWEST_ESS * self.chains as f64;
        if self.ess_bulk_min < needed || self.ess_tail_min < needed {
            found.push(format!(
                "too few effective draws: {:.0} in the middle and {:.0} in the tails of the worst unknown, where {needed:.0} are needed",
                self.ess_bulk_min, self.ess_tail_min
            ));
        }
        if self.divergences as f64 > MOST_DIVERGENT * self.draws as f64 {
            found.push(format!(
                "{} of {} trajectories diverged: parts of the posterior were not reached",
                self.divergences, self.draws
            ));
        }
        if self.e_bfmi_min < LEAST_E_BFMI {
            found.push(format!(
                "the sampler explores the tails too slowly (E-BFMI {:.2}, {LEAST_E_BFMI} at least is sound)",
                self.e_bfmi_min
            ));
        }
        if self.covered < LEAST_COVERED {
            found.push(format!(
                "90 % intervals hold only {:.0} % of the periods learnt from: the model misses something",
                100.0 * self.covered
            ));
        }
        found
    }
}

/// Inputs of which the data say little, each with the reason.
pub(crate) fn unidentified(panel: &Panel) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, channel) in panel.channels.iter().enumerate() {
        let used = channel.media.iter().filter(|amount| **amount > 0.0).count();
        if used < FEWEST_USED {
            found.push((at, format!("was used in {used} periods only")));
            continue;
        }
        if variation(&channel.media) < LEAST_VARIATION {
            found.push((at, "hardly varies, so nothing shows what less or more of it would do".to_owned()));
            continue;
        }
        let twin = panel
            .channels
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != at)
            .find(|(_, other)| correlation(&channel.media, &other.media) > MOST_CORRELATED);
        if let Some((_, twin)) = twin {
            found.push((at, format!("moves with {}, so that the data cannot tell them apart", twin.name)));
        }
    }
    found
}

/// Two unknowns whose draws move together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TradeOff {
    /// The first.
    pub one: String,
    /// The second.
    pub other: String,
    /// Correlation of their draws.
    pub correlation: f64,
}

/// The pairs that trade off the most, by the draws of each unknown.
pub(crate) fn trade_offs(names: &[String], columns: &[Vec<f64>]) -> Vec<TradeOff> {
    let mut pairs: Vec<TradeOff> = (0..columns.len())
        .flat_map(|one| (0..one).map(move |other| (other, one)))
        .map(|(one, other)| TradeOff {
            one: names[one].clone(),
            other: names[other].clone(),
            correlation: correlation(&columns[one], &columns[other]),
        })
        .filter(|pair| pair.correlation.abs() >= TRADE_OFF)
        .collect();
    pairs.sort_by(|a, b| b.correlation.abs().total_cmp(&a.correlation.abs()).then_with(|| a.one.cmp(&b.one)));
    pairs.truncate(PAIRS);
    pairs
}

/// Pearson's correlation; 0 where one of them does not vary.
fn correlation(one: &[f64], other: &[f64]) -> f64 {
    let count = one.len().min(other.len()) as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / count;
    let (first, second) = (mean(one), mean(other));
    let (mut both, mut a, mut b) = (0.0, 0.0, 0.0);
    for (x, y) in one.iter().zip(other) {
        both += (x - first) * (y - second);
        a += (x - first).powi(2);
        b += (y - second).powi(2);
    }
    if a > 0.0 && b > 0.0 { both / (a * b).sqrt() } else { 0.0 }
}

/// Standard deviation over the mean.
fn variation(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt() / mean
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panel::Channel;

    fn panel(media: Vec<Vec<f64>>) -> Panel {
        let periods = media[0].len();
        let channels = media
            .into_iter()
            .enumerate()
            .map(|(at, media)| Channel { name: format!("c{at}"), spend: Some(media.clone()), media, frequency: None })
            .collect();
        Panel {
            days: (0..i32::try_from(periods).unwrap()).map(|at| at * 7).collect(),
            step: 7.0,
            geos: vec![String::new()],
            population: vec![1.0],
            outcome: vec![1.0; periods],
            value: vec![1.0; periods],
            channels,
            controls: Vec::new(),
            experiments: Vec::new(),
            learnt: periods,
        }
    }

    #[test]
    fn twins_flat_and_rare_channels_are_named() {
        let wave: Vec<f64> = (0..60).map(|at| 1.0 + f64::from(at).sin()).collect();
        let own: Vec<f64> = (0..60).map(|at| f64::from(at % 7)).collect();
        let mut rare = vec![0.0; 60];
        rare[3] = 5.0;
        let found =
            unidentified(&panel(vec![wave.clone(), wave.iter().map(|x| 3.0 * x).collect(), vec![2.0; 60], rare, own]));
        let told: Vec<(usize, bool)> = found.iter().map(|(at, why)| (*at, why.contains("moves with"))).collect();
        assert_eq!(told, [(0, true), (1, true), (2, false), (3, false)]);
    }

    #[test]
    fn objections_name_what_failed() {
        let sound = Diagnostics {
            r_hat_max: 1.004,
            ess_bulk_min: 900.0,
            ess_tail_min: 800.0,
            e_bfmi_min: 0.9,
            draws: 4_000,
            chains: 4,
            covered: 0.9,
            ..Diagnostics::default()
        };
        assert!(sound.objections().is_empty());
        let broken = Diagnostics { r_hat_max: 1.3, worst: "adstock_alpha[tv]".into(), divergences: 80, ..sound };
        let said = broken.objections();
        assert_eq!(said.len(), 2);
        assert!(said[0].contains("adstock_alpha[tv]") && said[1].contains("80 of 4000"), "{said:?}");
    }

    #[test]
    fn pairs_that_move_together_trade_off() {
        let one: Vec<f64> = (0..100).map(f64::from).collect();
        let other: Vec<f64> = one.iter().map(|x| -x + (x * 7.0).sin()).collect();
        let alone: Vec<f64> = one.iter().map(|x| (x * 1.7).sin()).collect();
        let names = ["a", "b", "c"].map(str::to_owned);
        let found = trade_offs(&names, &[one, other, alone]);
        assert_eq!(found.len(), 1);
        assert!(found[0].one == "a" && found[0].other == "b" && found[0].correlation < -0.99);
    }
}
