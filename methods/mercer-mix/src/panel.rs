//! The data as the model computes with them: places by periods.

use serde::{Deserialize, Serialize};

/// Places by periods, place by place: row `g * periods + t` is place `g` in period `t`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Panel {
    /// First day of each period, in days since 1970; rising, at even steps.
    pub(crate) days: Vec<i32>,
    /// Days of a period: 1, 7, or 30.4 for months.
    pub(crate) step: f64,
    /// The places; one without a name where the data are of one market.
    pub(crate) geos: Vec<String>,
    /// Inhabitants of each place; 1 where they are not given.
    pub(crate) population: Vec<f64>,
    /// The outcome of each row in its own unit; `NaN` where the data have none (a place that starts late).
    pub(crate) outcome: Vec<f64>,
    /// Worth in money of one unit of the outcome, of each row; 1 where the outcome is money.
    pub(crate) value: Vec<f64>,
    /// The channels, those without spend last.
    pub(crate) channels: Vec<Channel>,
    /// What else moves the outcome.
    pub(crate) controls: Vec<Control>,
    /// What experiments found.
    pub(crate) experiments: Vec<Experiment>,
    /// How many of the periods, the first ones, scales and returns are about: all of them but where others are asked after them.
    pub(crate) learnt: usize,
}

/// What a channel did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Channel {
    /// Its name.
    pub(crate) name: String,
    /// Exposure of each row: impressions, clicks, or spend; at least 0. With a frequency, the people reached.
    pub(crate) media: Vec<f64>,
    /// How often each of those people was reached, at least 0, where that is known.
    pub(crate) frequency: Option<Vec<f64>>,
    /// Spend of each row in money; `None` where it costs nothing.
    pub(crate) spend: Option<Vec<f64>>,
}

/// Something that moves the outcome and is no advertising.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Control {
    /// Its name.
    pub(crate) name: String,
    /// Its value in each row.
    pub(crate) values: Vec<f64>,
}

/// What an experiment found: how much more outcome a channel brought than with its spend reduced or raised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Experiment {
    /// The channel, by its place in [`Panel::channels`].
    pub(crate) channel: usize,
    /// The places where it ran; all where empty.
    pub(crate) geos: Vec<usize>,
    /// Periods from and to before which the spend differed.
    pub(crate) from: usize,
    pub(crate) until: usize,
    /// By which share the spend was higher than without the experiment's change: 1 where without it there was none.
    pub(crate) change: f64,
    /// The outcome that the change brought, in the outcome's own unit, over its periods and those it carried over to.
    pub(crate) lift: f64,
    /// Its standard error, with what ageing and mismatch add.
    pub(crate) standard_error: f64,
}

impl Panel {
    /// Number of periods.
    pub(crate) fn periods(&self) -> usize {
        self.days.len()
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.geos.len() * self.days.len()
    }

    /// The rows of a place.
    pub(crate) fn place(&self, geo: usize) -> std::ops::Range<usize> {
        geo * self.periods()..(geo + 1) * self.periods()
    }

    /// Whether scales and returns are about a row.
    pub(crate) fn is_learnt(&self, row: usize) -> bool {
        row % self.periods().max(1) < self.learnt
    }

    /// Where a period stands, in steps from the first: its number, but where periods are asked after those that were learnt.
    pub(crate) fn step_of(&self, period: usize) -> f64 {
        match (self.days.first(), self.days.get(period)) {
            (Some(first), Some(day)) if period >= self.learnt => {
                ((f64::from(*day) - f64::from(*first)) / self.step).round()
            }
            _ => period as f64,
        }
    }

    /// Whether there is more than one place.
    pub(crate) fn has_places(&self) -> bool {
        self.geos.len() > 1
    }
}
