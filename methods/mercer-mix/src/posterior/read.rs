//! What a point of the posterior means: contributions, returns, curves.

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::media::MORE;
use super::scale::{by_period, by_place, mean_of_known};
use super::{Posterior, Work};
use crate::density::Density;
use crate::panel::Panel;
use crate::params::Saturation;
use crate::transform::saturation::Curve;

/// What reading a point needs of the panel.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    /// Worth of a unit of the outcome, place by place as the panel has it.
    value: Vec<f64>,
    /// Its mean in each place.
    mean_value: Vec<f64>,
    population: Vec<f64>,
    channels: Vec<ChannelFacts>,
}

#[derive(Debug, Clone)]
struct ChannelFacts {
    /// Spend over the whole data; `None` where the channel costs nothing.
    spend: Option<f64>,
    /// Spend for one unit of exposure in each place; 1 where the channel costs nothing.
    price: Vec<f64>,
    /// Mean frequency of those reached in each place, where that is known.
    frequency: Option<Vec<f64>>,
}

impl Facts {
    pub(super) fn new(panel: &Panel) -> Self {
        let periods = panel.periods().max(1);
        let channel = |channel: &crate::panel::Channel| {
            let media = Sums::of(&channel.media, periods);
            let price = match &channel.spend {
                Some(spend) => media.ratios(&Sums::of(spend, periods)),
                None => vec![1.0; panel.geos.len()],
            };
            let frequency = channel.frequency.as_ref().map(|frequency| {
                let contacts: Vec<f64> = frequency.iter().zip(&channel.media).map(|(f, reach)| f * reach).collect();
                media.ratios(&Sums::of(&contacts, periods))
            });
            ChannelFacts { spend: channel.spend.as_ref().map(|spend| spend.iter().sum()), price, frequency }
        };
        Self {
            value: panel.value.clone(),
            mean_value: panel.value.chunks_exact(periods).map(mean_of_known).collect(),
            population: panel.population.clone(),
            channels: panel.channels.iter().map(channel).collect(),
        }
    }
}

/// Sums of a series in each place and in all.
struct Sums {
    by_place: Vec<f64>,
    all: f64,
}

impl Sums {
    fn of(series: &[f64], periods: usize) -> Self {
        let by_place: Vec<f64> = series.chunks_exact(periods).map(|series| series.iter().sum()).collect();
        Self { all: by_place.iter().sum(), by_place }
    }

    /// `other` for one unit of this in each place; where the place has none, as in all places.
    fn ratios(&self, other: &Self) -> Vec<f64> {
        let usual = other.all / self.all;
        let each = self.by_place.iter().zip(&other.by_place);
        each.map(|(own, other)| if *own > 0.0 && *other > 0.0 { other / own } else { usual }).collect()
    }
}

/// What steady spend brings: `gain · curve(spend / scale)` in money per period, for spend per period.
///
/// Carry-over is all there, as the spend has been the same for long. Of channels that cost nothing, exposure takes the place of spend.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Response {
    /// Money per period that a value of 1 of the curve stands for.
    pub(crate) gain: f64,
    /// Spend per period that is 1 on the curve's scale.
    pub(crate) scale: f64,
    /// How it wears off.
    pub(crate) curve: Curve,
}

impl Response {
    /// Money that `spend` brings each period.
    pub(crate) fn value(&self, spend: f64) -> f64 {
        self.gain * self.curve.value(spend / self.scale)
    }

    /// Money that one more unit of spend brings.
    pub(crate) fn slope(&self, spend: f64) -> f64 {
        self.gain / self.scale * self.curve.slope(spend / self.scale)
    }
}

impl Posterior {
    /// Number of channels.
    #[cfg(test)]
    pub(crate) fn channels(&self) -> usize {
        self.media.len()
    }

    /// Number of rows of the panel.
    pub(crate) fn rows(&self) -> usize {
        self.places * self.periods
    }

    /// Spend of each channel over the whole data; `None` of those that cost nothing.
    #[cfg(test)]
    pub(crate) fn spend(&self) -> Vec<Option<f64>> {
        self.facts.channels.iter().map(|channel| channel.spend).collect()
    }

    /// Computes what follows from a point into `work`.
    fn read(&self, point: &[f64], work: &mut Work) {
        let mut gradient = vec![0.0; self.dim()];
        self.space.read(point, &mut work.values, &mut work.slopes, &mut gradient);
        self.forward(work);
    }

    /// The unknowns on their own scales, in the order of [`Posterior::names`]; of places the coefficients themselves
    /// (`beta[tv,Berlin]`, `gamma_control[price,Berlin]`) on the model's scale.
    pub(crate) fn constrain(&self, point: &[f64], work: &mut Work) -> Vec<f64> {
        self.read(point, work);
        let mut values = work.values.clone();
        self.baseline.name_places(&mut values);
        for (media, room) in self.media.iter().zip(&work.media) {
            media.name_places(room, &mut values);
        }
        self.space.unknown(&values)
    }

    /// The expected outcome of each row of the panel in its own unit; its median where effects multiply.
    pub(crate) fn expected(&self, point: &[f64], work: &mut Work) -> Vec<f64> {
        self.read(point, work);
        let mut expected = vec![0.0; self.rows()];
        for (row, mean) in work.mean.iter().enumerate() {
            expected[by_place(row, self.places, self.periods)] = self.scale.outcome(*mean, row % self.places);
        }
        expected
    }

    /// An outcome that the point makes likely, of each row: what is expected, with a draw of its scatter.
    pub(crate) fn likely(&self, point: &[f64], work: &mut Work, dice: &mut ChaCha8Rng) -> Vec<f64> {
        self.read(point, work);
        let mut likely = vec![0.0; self.rows()];
        for (row, mean) in work.mean.iter().enumerate() {
            let scaled = mean + self.noise.draw(&work.values, dice);
            likely[by_place(row, self.places, self.periods)] = self.scale.outcome(scaled, row % self.places);
        }
        likely
    }

    /// What each channel and, last, the baseline brings to each row of the panel, in the outcome's unit: `out` has the rows of
    /// each after those of the one before.
    ///
    /// Where effects add up, the parts add up to the expected outcome. Where they multiply, a channel's part is what would be
    /// missing without it alone, and the baseline what would be left without all of them: they do not add up.
    pub(crate) fn contributions(&self, point: &[f64], work: &mut Work, out: &mut [f64]) {
        self.read(point, work);
        let rows = self.rows();
        let mut parts: Vec<&mut [f64]> = out.chunks_exact_mut(rows.max(1)).collect();
        let Some((baseline, channels)) = parts.split_last_mut() else { return };
        for row in 0..rows {
            let (place, at) = (row % self.places, by_place(row, self.places, self.periods));
            let mut rest = work.mean[row];
            for (room, channel) in work.media.iter().zip(channels.iter_mut()) {
                let effect = room.coefficients[place] * room.effect()[row];
                rest -= effect;
                channel[at] = self.missing_without(work.mean[row], effect, place);
            }
            baseline[at] = self.scale.outcome(rest, place);
        }
    }

    /// The outcome that would be missing without an effect on the model's scale.
    fn missing_without(&self, mean: f64, effect: f64, place: usize) -> f64 {
        if self.scale.multiplies {
            -self.scale.outcome(mean, place) * (-self.scale.spread * effect).exp_m1()
        } else {
            self.scale.unit(place) * effect
        }
    }

    /// The log likelihood of each row of the panel, on the scaled outcome; `NaN` where the outcome is missing.
    pub(crate) fn log_likelihood(&self, point: &[f64], work: &mut Work, rows: &mut [f64]) {
        self.read(point, work);
        let mut logs = vec![0.0; self.rows()];
        self.noise.by_row(&work.values, &work.mean, &mut logs);
        for (row, log) in logs.into_iter().enumerate() {
            rows[by_place(row, self.places, self.periods)] = log;
        }
    }

    /// Worth of what each channel brought over what it cost; `NaN` of those that cost nothing.
    pub(crate) fn roi(&self, point: &[f64], work: &mut Work) -> Vec<f64> {
        self.read(point, work);
        let value = by_period(&self.facts.value, self.places);
        let worth_of = |channel: usize| {
            let room = &work.media[channel];
            let rows = room.effect().iter().zip(&work.mean).zip(&value).enumerate();
            rows.map(|(row, ((effect, mean), value))| {
                let place = row % self.places;
                value * self.missing_without(*mean, room.coefficients[place] * effect, place)
            })
            .sum()
        };
        self.over_spend(worth_of)
    }

    /// Worth of what 1 % more media of each channel would have brought over what it would have cost; `NaN` of those that cost
    /// nothing.
    pub(crate) fn marginal_roi(&self, point: &[f64], work: &mut Work) -> Vec<f64> {
        self.read(point, work);
        let value = by_period(&self.facts.value, self.places);
        let worth_of = |channel: usize| {
            let room = &work.media[channel];
            let more = self.media[channel].effect_of_more(&work.values);
            let effects = more.effect().iter().zip(room.effect()).enumerate();
            let effects = effects.map(|(row, (more, effect))| room.factor(row) * more - effect);
            let rows = effects.zip(&work.mean).zip(&value).enumerate();
            let sum: f64 = rows
                .map(|(row, ((effect, mean), value))| {
                    let place = row % self.places;
                    // What an effect adds is what its opposite would leave missing.
                    -value * self.missing_without(*mean, -room.coefficients[place] * effect, place)
                })
                .sum();
            sum / MORE
        };
        self.over_spend(worth_of)
    }

    fn over_spend(&self, worth_of: impl Fn(usize) -> f64) -> Vec<f64> {
        let channels = self.facts.channels.iter().enumerate();
        let ratio = |(channel, facts): (usize, &ChannelFacts)| facts.spend.map_or(f64::NAN, |s| worth_of(channel) / s);
        channels.map(ratio).collect()
    }

    /// What steady spend of each channel in each place brings: the places of the first channel, of the second, and so on.
    ///
    /// Spend buys exposure at the place's mean price. People are reached as often as they were on average. Where effects
    /// multiply, the other channels and the baseline are at the place's mean. Where effects vary over time, the factor is its mean over
    /// the learnt periods, which is 1.
    pub(crate) fn responses(&self, point: &[f64], work: &mut Work) -> Vec<Response> {
        self.read(point, work);
        let pairs = (0..self.media.len()).flat_map(|channel| (0..self.places).map(move |place| (channel, place)));
        pairs.map(|(channel, place)| self.response(channel, place, work)).collect()
    }

    /// What steady spend of one channel in one place brings, as [`Posterior::responses`] has it; `None` where there is no such.
    #[cfg(test)]
    pub(crate) fn curve(&self, point: &[f64], work: &mut Work, channel: usize, place: usize) -> Option<Response> {
        if channel >= self.media.len() || place >= self.places {
            return None;
        }
        self.read(point, work);
        Some(self.response(channel, place, work))
    }

    fn response(&self, channel: usize, place: usize, work: &Work) -> Response {
        let (media, facts) = (&self.media[channel], &self.facts.channels[channel]);
        let scale = facts.price[place] * self.facts.population[place] * media.unit;
        let coefficient = work.media[channel].coefficients[place];
        let mut curve = media.curve(&work.values);
        let mut effect = coefficient;
        if let Some(frequency) = &facts.frequency {
            // More spend reaches more people, each as often as before.
            effect *= curve.value(frequency[place]);
            curve = Curve::new(Saturation::None, [0.0; 2]);
        }
        let value = self.facts.mean_value[place];
        if !self.scale.multiplies {
            return Response { gain: value * self.scale.unit(place) * effect, scale, curve };
        }
        let compound = self.scale.spread * effect;
        let effects = work.media[channel].effect();
        let without = (0..self.periods).map(|t| {
            let row = t * self.places + place;
            self.scale.outcome(work.mean[row] - coefficient * effects[row], place)
        });
        let level = without.sum::<f64>() / number(self.periods);
        Response { gain: value * level * compound, scale, curve: curve.compounded(compound) }
    }

    /// What every channel's effect is multiplied by in each period; empty where nothing varies.
    pub(crate) fn media_factor(&self, point: &[f64], work: &mut Work) -> Vec<f64> {
        self.read(point, work);
        work.varying.as_ref().map_or_else(Vec::new, |room| room.factor.clone())
    }

    /// Whether effects vary over time.
    pub(crate) fn varies(&self) -> bool {
        self.varying.is_some()
    }

    /// The share of a channel's effect that falls on each period, from that of the exposure on; empty where there is no such
    /// channel.
    pub(crate) fn kernel(&self, point: &[f64], channel: usize) -> Vec<f64> {
        let values = self.space.values(point);
        let Some(media) = self.media.get(channel) else { return Vec::new() };
        media.shape.carry.kernel(media.carry_parameters(&values))
    }
}

#[allow(clippy::cast_precision_loss, reason = "a count of periods")]
fn number(count: usize) -> f64 {
    count as f64
}
