//! What experiments found, as further terms of the likelihood.

use std::f64::consts::PI;

use mercer_base::{Error, Result};

use super::media::{Media, MediaRoom};
use super::scale::OutcomeScale;
use crate::panel::{self, Panel};
use crate::transform::{Block, Room};

/// An experiment: the outcome that a change of a channel's media brought, normal around what the model says it was.
///
/// The model's answer is the outcome with the media as they were, less that with the change taken away, over the periods of
/// the change and those it carries over to.
#[derive(Debug, Clone)]
pub(super) struct Experiment {
    pub(super) channel: usize,
    /// The media without the change, in the places and periods that count and those whose effect carries over to them.
    without: Block,
    /// For each row that counts: its row and place in the model, and the outcome of a unit of effect (to first order where
    /// effects multiply: the outcome was observed with the media as they were, so what is missing without is known from there).
    rows: Vec<(usize, usize, f64)>,
    /// What effects are multiplied by in the exponent where they multiply; 0 where they add up.
    compound: f64,
    lift: f64,
    standard_error: f64,
}

/// Room for intermediate results.
#[derive(Debug, Clone)]
pub(super) struct ExperimentRoom {
    room: Room,
    /// Derivatives of the log likelihood by the effects with the change, for each row that counts.
    pull: Vec<f64>,
    by_without: Vec<f64>,
}

impl Experiment {
    /// # Errors
    /// When the experiment is of no channel, place or period there is, or its figures are no numbers.
    pub(super) fn new(
        experiment: &panel::Experiment,
        panel: &Panel,
        media: &[Media],
        scale: &OutcomeScale,
    ) -> Result<Self> {
        let wrong = |what: &str| Error::data(format!("an experiment {what}"));
        let Some(of) = media.get(experiment.channel) else { return Err(wrong("is about a channel that is not there")) };
        let (places, periods) = (panel.geos.len(), panel.periods());
        let geos: Vec<usize> = if experiment.geos.is_empty() { (0..places).collect() } else { experiment.geos.clone() };
        if geos.iter().any(|geo| *geo >= places) {
            return Err(wrong("names a place that is not there"));
        }
        let lags = of.shape.carry.lags();
        let (from, until) = (experiment.from, experiment.until.min(periods));
        if from >= until {
            return Err(wrong("has no period within the data").with_hint("check its dates"));
        }
        let change_is_share = experiment.change.is_finite() && experiment.change != 0.0 && experiment.change <= 1.0;
        let figures_are_numbers = experiment.lift.is_finite() && experiment.standard_error.is_finite();
        if !change_is_share || !figures_are_numbers || experiment.standard_error <= 0.0 {
            return Err(wrong("has a change, a lift or a standard error that is out of range")
                .with_hint("a change is a share of the spend up to 1 and not 0, a standard error is above 0"));
        }
        let end = (until + lags - 1).min(periods);
        let start = from.saturating_sub(lags - 1);
        let (mut without, mut frequency, mut rows) = (Vec::new(), of.block.frequency().map(|_| Vec::new()), Vec::new());
        for t in start..end {
            for geo in &geos {
                let row = t * places + geo;
                let changed = (from..until).contains(&t);
                without.push(of.block.media()[row] * if changed { 1.0 - experiment.change } else { 1.0 });
                if let (Some(out), Some(frequency)) = (&mut frequency, of.block.frequency()) {
                    out.push(frequency[row]);
                }
                if t >= from {
                    let outcome = panel.outcome[geo * periods + t];
                    let unit = match (scale.multiplies, outcome.is_nan()) {
                        (false, _) => scale.unit(*geo),
                        (true, false) => scale.spread * outcome,
                        (true, true) => 0.0,
                    };
                    rows.push((row, *geo, unit));
                }
            }
        }
        Ok(Self {
            channel: experiment.channel,
            without: Block::new(&without, frequency, geos.len(), lags),
            rows,
            compound: if scale.multiplies { scale.spread } else { 0.0 },
            lift: experiment.lift,
            standard_error: experiment.standard_error,
        })
    }

    /// Room for [`Experiment::value`] and [`Experiment::pull_back`].
    pub(super) fn room(&self, media: &Media) -> ExperimentRoom {
        let room = self.without.room(&media.shape);
        ExperimentRoom { pull: vec![0.0; self.rows.len()], by_without: vec![0.0; room.effect().len()], room }
    }

    /// The log likelihood of the lift. Adds its derivatives by the places' coefficients to those of the channel, and keeps those
    /// by effects for [`Experiment::pull_back`].
    pub(super) fn value(
        &self,
        values: &[f64],
        media: &Media,
        channel: &mut MediaRoom,
        room: &mut ExperimentRoom,
    ) -> f64 {
        let (carry, curve) = (media.carry_parameters(values), media.curve(values));
        media.shape.forward(&self.without, 1.0, carry, &curve, &mut room.room);
        let mut expected = 0.0;
        self.each_row(channel, &room.room, |_, _, _, unit, effect| {
            expected += unit * if self.compound == 0.0 { effect } else { self.missing(effect) };
        });
        let away = (self.lift - expected) / self.standard_error;
        let by_expected = away / self.standard_error;
        let ExperimentRoom { room, pull, .. } = room;
        let mut by_coefficient = std::mem::take(&mut channel.by_coefficient);
        self.each_row(channel, room, |at, geo, difference, unit, effect| {
            let slope = by_expected * unit * (-self.compound * effect).exp();
            pull[at] = slope * channel.coefficients[geo];
            by_coefficient[geo] += slope * difference;
        });
        channel.by_coefficient = by_coefficient;
        -0.5 * away * away - self.standard_error.ln() - 0.5 * (2.0 * PI).ln()
    }

    /// Adds to the channel's derivatives by its effects, and to `by_value` those by the parameters of the media without the change.
    pub(super) fn pull_back(
        &self,
        values: &[f64],
        media: &Media,
        channel: &mut MediaRoom,
        room: &mut ExperimentRoom,
        by_value: &mut [f64],
    ) {
        for ((row, ..), pull) in self.rows.iter().zip(&room.pull) {
            channel.add_by_effect(*row, *pull);
        }
        let counted = room.by_without.len() - self.rows.len();
        let without = room.room.effect().iter().zip(&mut room.by_without).skip(counted);
        for ((effect, by), ((row, ..), pull)) in without.zip(self.rows.iter().zip(&room.pull)) {
            *by = -pull * channel.factor(*row);
            channel.add_by_factor(*row, -pull * effect);
        }
        let by_shape = media.shape.pull_back(&self.without, &media.curve(values), &room.by_without, &mut room.room);
        media.add_shape(values, by_shape, by_value);
    }

    /// Calls `f` for each row that counts: its number, place, difference of effects at a coefficient of 1, unit, and effect.
    fn each_row(&self, channel: &MediaRoom, room: &Room, mut f: impl FnMut(usize, usize, f64, f64, f64)) {
        // Periods before the first that counts only carry over.
        let without = &room.effect()[room.effect().len() - self.rows.len()..];
        for (at, ((row, geo, unit), without)) in self.rows.iter().zip(without).enumerate() {
            let difference = channel.effect()[*row] - channel.factor(*row) * without;
            f(at, *geo, difference, *unit, channel.coefficients[*geo] * difference);
        }
    }

    /// What an effect's absence takes away, in units of a first-order effect.
    fn missing(&self, effect: f64) -> f64 {
        -(-self.compound * effect).exp_m1() / self.compound
    }
}
