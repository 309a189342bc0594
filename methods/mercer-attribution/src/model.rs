//! The fitted model: credit by channel under every model, the chosen one first, and what experiments make of it.

use serde::{Deserialize, Serialize};

use crate::params::{By, ModelChoice};

/// What fitting finds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// The model whose credit is given to touches.
    pub model: ModelChoice,
    /// Why that one.
    pub reason: String,
    /// Whether experiments anchor the credit: `uncalibrated`, or `calibrated by 3 experiments`.
    pub calibration: String,
    /// What is credited.
    pub by: By,
    /// Journeys and conversions.
    pub journeys: Journeys,
    /// Credit by channel under the chosen model, the most first.
    pub channels: Vec<ChannelCredit>,
    /// Conversions that the chosen model gives to no channel: those without touches, and what it says would have come anyway.
    pub nobody: Amount,
    /// Credit by channel under every model that could be computed.
    pub models: Vec<ModelCredit>,
    /// Models that could not, with the reason.
    pub left_out: Vec<LeftOut>,
    /// What the Markov chain is.
    pub markov: Option<MarkovFit>,
    /// What the additive-hazard model learnt.
    pub hazard: Option<HazardFit>,
    /// What the channels truly add, as experiments say of some and of the others by them; empty without experiments.
    pub incremental: Vec<Incremental>,
    /// The same of all channels together.
    pub incremental_total: Option<Estimate>,
}

/// How many journeys there were.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Journeys {
    /// Touches that count.
    pub touches: f64,
    /// Conversions.
    pub conversions: f64,
    /// Their value; none where it is not known.
    pub value: Option<f64>,
    /// Conversions without any touch.
    pub without_touches: f64,
    /// Journeys that did not convert.
    pub unconverted: f64,
    /// Of those the ones that still may.
    pub open: f64,
}

/// Conversions and their value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Amount {
    /// Conversions.
    pub conversions: f64,
    /// Their value.
    pub value: f64,
}

/// What a channel is credited with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChannelCredit {
    /// The channel, or whatever is credited.
    pub channel: String,
    /// Conversions.
    pub conversions: f64,
    /// Their value.
    pub value: f64,
    /// Share of what all channels are credited with.
    pub share: f64,
    /// Part of the conversions that no journey carries: the model joins parts of journeys to journeys that nobody walked.
    pub recombined_conversions: f64,
    /// Part of the value that no journey carries.
    pub recombined_value: f64,
    /// Touches.
    pub touches: f64,
    /// What they cost.
    pub cost: Option<f64>,
    /// Cost for each conversion credited.
    pub cost_per_conversion: Option<f64>,
    /// Value credited for each unit of cost.
    pub return_on_cost: Option<f64>,
    /// Cost for one more conversion, by what one more touch brings under the additive-hazard model.
    pub marginal_cost_per_conversion: Option<f64>,
}

/// Credit by channel under one model, in the alphabetical order of the channels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelCredit {
    /// The model.
    pub model: ModelChoice,
    /// What it gives to each channel.
    pub channels: Vec<NamedAmount>,
    /// What it gives to none.
    pub nobody: Amount,
}

/// What a channel is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NamedAmount {
    /// The channel.
    pub channel: String,
    /// Conversions.
    pub conversions: f64,
    /// Their value.
    pub value: f64,
}

/// A model that could not be computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The model.
    pub model: ModelChoice,
    /// Why.
    pub reason: String,
}

/// What the Markov chain is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MarkovFit {
    /// Touches that a state remembers.
    pub order: u32,
    /// How the order came about.
    pub reason: String,
    /// States of the chain.
    pub states: usize,
    /// Share of the conversions lost without each channel, in alphabetical order.
    pub removal_effects: Vec<f64>,
}

/// What the additive-hazard model learnt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HazardFit {
    /// Conversions a day of a customer under way, of their own accord.
    pub baseline_rate: f64,
    /// Channels in alphabetical order.
    pub channels: Vec<HazardChannel>,
    /// Whether the fit came to rest.
    pub converged: bool,
    /// Rounds that it took.
    pub rounds: u64,
}

/// A channel in the additive-hazard model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HazardChannel {
    /// The channel.
    pub channel: String,
    /// Conversions that one touch brings in the long run.
    pub effect: f64,
    /// Days over which the added rate falls to 37 %.
    pub decay: f64,
}

/// A figure with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The figure.
    pub mean: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of it.
    pub high: f64,
}

/// What a channel truly adds, by experiments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incremental {
    /// The channel.
    pub channel: String,
    /// Conversions that would not have come without it.
    pub conversions: Estimate,
    /// Those over the conversions credited.
    pub of_credit: Option<f64>,
    /// Whether an experiment was on this channel; else the others speak for it.
    pub measured: bool,
    /// Cost for each of those conversions.
    pub cost_per_conversion: Option<f64>,
    /// The share of the variance of the total that a precise experiment on the channel would take away; 0 where it was measured.
    pub worth_testing: f64,
}

impl Model {
    /// Whether experiments anchor the credit.
    #[must_use]
    pub fn is_calibrated(&self) -> bool {
        !self.incremental.is_empty()
    }

    /// The credit of one model.
    pub(crate) fn of(&self, model: ModelChoice) -> Option<&ModelCredit> {
        self.models.iter().find(|credit| credit.model == model)
    }
}
