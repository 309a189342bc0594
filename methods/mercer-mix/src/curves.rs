//! What spend brings in the long run, and where the next money should go: the posterior's curves given to the optimiser.

use std::collections::BTreeMap;

use mercer_base::frame::{Column, Frame, Words};
use mercer_base::{Error, Result};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::answers::{FEW, thinned};
use crate::decide::{Aim, Bound, Curves, Plan, Problem, ResponseCurve, optimise, response_curve};
use crate::density::Density;
use crate::draws::Draws;
use crate::estimate::HELD;
use crate::panel::Panel;
use crate::params::{Params, pairs};
use crate::posterior::Posterior;
use crate::posterior::read::Response;

/// Periods at the end of the data that say what is spent lately.
const LATELY: usize = 13;
/// Curves of all draws together at the most: with many places fewer draws are asked.
const MOST_CURVES: usize = 100_000;
/// Steps of a curve at the most, and how far beyond the most that was ever spent it goes.
const STEPS: u32 = 40;
const BEYOND: f64 = 1.5;
/// How far a plan moves a channel, as shares of its present spend, where nothing else is said.
const USUAL_BOUNDS: (f64, f64) = (0.5, 1.5);

/// Curves of every channel with spend in every place, draw by draw.
pub(crate) struct Responses {
    /// Channels with spend, by their places in the panel.
    channels: Vec<usize>,
    places: usize,
    /// By draw, then channel, then place.
    of_draw: Vec<Vec<Response>>,
    /// Spend a period lately, by channel, then place.
    lately: Vec<f64>,
    /// The most spend in a period, by channel, then place.
    most: Vec<f64>,
}

/// The curve of a channel over all places.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ChannelCurve {
    /// The channel.
    pub(crate) channel: String,
    /// Spend a period lately.
    pub(crate) lately: f64,
    /// The most it spent in a period: beyond that the curve is the model's word alone.
    pub(crate) most: f64,
    /// What a spend a period brings in money a period, once it has lasted.
    pub(crate) curve: ResponseCurve,
}

/// Spends from 0 to at least `most` in equal steps, which are round so that they can be read.
fn round_spends(most: f64) -> Vec<f64> {
    let exact = most / f64::from(STEPS);
    if !(exact.is_normal() && exact > 0.0) {
        return vec![0.0];
    }
    let power = 10_f64.powf(exact.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0].map(|digit| digit * power).into_iter().find(|step| *step >= exact);
    let step = step.unwrap_or(10.0 * power);
    // A rounding must not cost the last step.
    let steps = (most / step - 1e-9).ceil();
    (0..=STEPS).map(f64::from).take_while(|at| *at <= steps).map(|at| at * step).collect()
}

impl Responses {
    /// Asks a part of the draws.
    pub(crate) fn of(posterior: &Posterior, panel: &Panel, draws: &Draws) -> Self {
        let places = panel.geos.len();
        let channels: Vec<usize> =
            (0..panel.channels.len()).filter(|channel| panel.channels[*channel].spend.is_some()).collect();
        let few = (MOST_CURVES / (channels.len() * places).max(1)).clamp(50, FEW);
        let of_draw = thinned(draws.len(), few)
            .par_iter()
            .map_init(
                || posterior.work(),
                |work, draw| {
                    let all = posterior.responses(draws.point(*draw), work);
                    let of_channel = |channel: &usize| all[channel * places..(channel + 1) * places].to_vec();
                    channels.iter().flat_map(of_channel).collect()
                },
            )
            .collect();
        let series = |channel: usize, place: usize| {
            let spend = panel.channels[channel].spend.as_deref().unwrap_or_default();
            spend.get(panel.place(place)).unwrap_or_default()
        };
        let units = || channels.iter().flat_map(|channel| (0..places).map(move |place| series(*channel, place)));
        let mean_of_last = |spend: &[f64]| {
            let last = &spend[spend.len().saturating_sub(LATELY)..];
            last.iter().sum::<f64>() / last.len().max(1) as f64
        };
        Self {
            lately: units().map(mean_of_last).collect(),
            most: units().map(|spend| spend.iter().copied().fold(0.0, f64::max)).collect(),
            channels,
            places,
            of_draw,
        }
    }

    /// How a channel's spend is divided over places lately; over all the data where it rests.
    fn shares(&self, channel: usize) -> Vec<f64> {
        let of = |values: &[f64]| values[channel * self.places..(channel + 1) * self.places].to_vec();
        let (lately, most) = (of(&self.lately), of(&self.most));
        let parts = if lately.iter().sum::<f64>() > 0.0 { lately } else { most };
        let whole: f64 = parts.iter().sum();
        parts.iter().map(|part| part / whole).collect()
    }

    /// The curve of each channel, its spend divided over places as lately.
    pub(crate) fn curves(&self, panel: &Panel) -> Vec<ChannelCurve> {
        let whole = ByChannel { responses: self, shares: (0..self.channels.len()).map(|at| self.shares(at)).collect() };
        let periods = panel.periods();
        self.channels
            .par_iter()
            .enumerate()
            .map(|(at, channel)| {
                let spend = panel.channels[*channel].spend.as_deref().unwrap_or_default();
                let total = |period: usize| (0..self.places).map(|place| spend[place * periods + period]).sum::<f64>();
                let most = (0..periods).map(total).fold(0.0, f64::max);
                let spends = round_spends(BEYOND * most);
                ChannelCurve {
                    channel: panel.channels[*channel].name.clone(),
                    lately: self.lately[at * self.places..(at + 1) * self.places].iter().sum(),
                    most,
                    curve: response_curve(&whole, at, &spends, HELD),
                }
            })
            .collect()
    }
}

/// Units are channels in places.
impl Curves for Responses {
    fn units(&self) -> usize {
        self.channels.len() * self.places
    }

    fn draws(&self) -> usize {
        self.of_draw.len()
    }

    fn value_slope(&self, draw: usize, unit: usize, spend: f64) -> (f64, f64) {
        let response = &self.of_draw[draw][unit];
        (response.value(spend), response.slope(spend))
    }
}

/// Units are channels, each divided over places in fixed shares.
struct ByChannel<'a> {
    responses: &'a Responses,
    shares: Vec<Vec<f64>>,
}

impl Curves for ByChannel<'_> {
    fn units(&self) -> usize {
        self.shares.len()
    }

    fn draws(&self) -> usize {
        self.responses.of_draw.len()
    }

    fn value_slope(&self, draw: usize, unit: usize, spend: f64) -> (f64, f64) {
        let each = self.shares[unit].iter().enumerate().filter(|(_, share)| **share > 0.0);
        each.fold((0.0, 0.0), |(value, slope), (place, share)| {
            let part = self.responses.value_slope(draw, unit * self.responses.places + place, spend * share);
            (value + part.0, slope + part.1 * share)
        })
    }
}

/// How money should be divided over channels and places.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct BudgetPlan {
    /// Periods that it covers.
    pub(crate) periods: u32,
    /// Channel and place of each unit of the plan.
    pub(crate) units: Vec<(String, String)>,
    /// Spend of each a period lately.
    pub(crate) lately: Vec<f64>,
    /// The plan, a period.
    pub(crate) plan: Plan,
}

/// The best division of the budget within bounds. Channels of which the data say little keep what they have.
///
/// # Errors
/// When the bounds do not allow the budget, or name no channel.
pub(crate) fn plan(
    params: &Params,
    panel: &Panel,
    responses: &Responses,
    unidentified: &BTreeMap<String, String>,
) -> Result<Option<BudgetPlan>> {
    if responses.channels.is_empty() || responses.lately.iter().sum::<f64>() <= 0.0 {
        return Ok(None);
    }
    let bounds = bounds(params, panel)?;
    let periods = params.plan_periods.max(1);
    let mut units = Vec::with_capacity(responses.units());
    let mut each = Vec::with_capacity(responses.units());
    for (at, channel) in responses.channels.iter().enumerate() {
        let name = &panel.channels[*channel].name;
        for (place, geo) in panel.geos.iter().enumerate() {
            let unit = at * responses.places + place;
            let (lately, most) = (responses.lately[unit], responses.most[unit]);
            let asked = bounds.get(name).copied();
            let (low, high) = asked.unwrap_or(USUAL_BOUNDS);
            each.push(match asked {
                None if unidentified.contains_key(name) => (lately, lately),
                // Beyond what was ever spent nothing is known, unless somebody asks for it.
                None => (low * lately, (high * lately).min(most).max(lately)),
                Some(_) => (low * lately, high * lately),
            });
            units.push((name.clone(), geo.clone()));
        }
    }
    let spent: f64 = responses.lately.iter().sum();
    let aim = match (params.target_return, params.budget) {
        (Some(target), _) => Aim::MarginalReturn(target.get()),
        (None, Some(budget)) => Aim::Budget(budget.get() / f64::from(periods)),
        (None, None) => Aim::Budget(spent),
    };
    let problem = Problem {
        aim,
        bounds: each,
        ratios: Vec::new(),
        present: responses.lately.clone(),
        risk: params.risk.get().max(f64::EPSILON),
        confidence: HELD,
    };
    let plan = optimise(responses, &problem)?;
    Ok(Some(BudgetPlan { periods, units, lately: responses.lately.clone(), plan }))
}

/// Bounds by channel, as shares of what it has lately.
fn bounds(params: &Params, panel: &Panel) -> Result<BTreeMap<String, (f64, f64)>> {
    let mut bounds = BTreeMap::new();
    for (name, text) in pairs("bounds", &params.bounds)? {
        if !panel.channels.iter().any(|channel| channel.name == name) {
            let known: Vec<&str> = panel.channels.iter().map(|channel| channel.name.as_str()).collect();
            return Err(Error::config(format!("bounds: there is no channel {name}"))
                .with_hint(format!("the channels: {}", known.join(", "))));
        }
        let ends =
            text.split_once("..").and_then(|(low, high)| Some((low.trim().parse().ok()?, high.trim().parse().ok()?)));
        match ends {
            Some((low, high)) if (0.0..=high).contains(&low) && f64::is_finite(high) => {
                bounds.insert(name, (low, high))
            }
            _ => {
                return Err(Error::config(format!("bounds of {name}: {text:?} is no range"))
                    .with_hint("write the least and the most as shares of the present spend: 0.5..1.5"));
            }
        };
    }
    Ok(bounds)
}

impl BudgetPlan {
    /// The plan as a table.
    ///
    /// # Errors
    /// When its columns do not fit each other.
    pub(crate) fn frame(&self) -> Result<Frame> {
        let units = || self.plan.units.iter();
        let words =
            |of: fn(&(String, String)) -> &str| Column::Words(self.units.iter().map(|unit| Some(of(unit))).collect());
        let places: Words = units().map(|unit| Some(in_words(unit.bound))).collect();
        Frame::new("budget_plan")
            .with("channel", words(|unit| &unit.0))?
            .with("geo", words(|unit| &unit.1))?
            .with("spend_lately", Column::Numbers(self.lately.clone()))?
            .with("spend_planned", Column::Numbers(units().map(|unit| unit.spend).collect()))?
            .with("brings", Column::Numbers(units().map(|unit| unit.returns.mean).collect()))?
            .with("brings_low", Column::Numbers(units().map(|unit| unit.returns.low).collect()))?
            .with("brings_high", Column::Numbers(units().map(|unit| unit.returns.high).collect()))?
            .with("marginal", Column::Numbers(units().map(|unit| finite(unit.marginal_return)).collect()))?
            .with("bound", Column::Words(places))
    }
}

/// Where a spend lies, in a word.
pub(crate) fn in_words(bound: Bound) -> &'static str {
    match bound {
        Bound::Free => "between its bounds",
        Bound::Lower => "at its least",
        Bound::Upper => "at its most",
        Bound::Fixed => "kept",
    }
}

/// A number that tables can hold; missing where it has no end.
pub(crate) fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::NAN }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spends_are_round_and_reach_beyond_the_most() {
        assert_eq!(round_spends(0.0), [0.0]);
        for (most, step) in [(40.0, 1.0), (41.0, 2.0), (1_731.0, 50.0), (1.0, 0.025), (79_999.0, 2_000.0), (3e-7, 1e-8)]
        {
            let spends = round_spends(most);
            assert!((spends[1] - step).abs() <= 1e-12 * step, "{most}: {spends:?}");
            let last = spends[spends.len() - 1];
            assert!(last >= most * (1.0 - 1e-9) && last - step < most, "{most}: {spends:?}");
        }
    }
}
