//! The effect of a channel: its curve, its coefficients by place, and what its prior is about.

use std::ops::Range;

use mercer_base::{Error, Result};

use super::defaults;
use super::scale::{by_period, check, scaled_media};
use crate::panel::{Channel, Panel};
use crate::params::{Effect, Params, Saturation};
use crate::prior::Prior;
use crate::sheared::Shear;
use crate::space::{Domain, Layout, Space};
use crate::transform::adstock::Carry;
use crate::transform::lanes::{add_by_place, blend_by_place, dot, sum_by_place};
use crate::transform::saturation::Curve;
use crate::transform::{Block, Order, Room, Shape};

/// By how much more media a marginal return is measured.
pub(super) const MORE: f64 = 0.01;

/// A channel as the model has it.
#[derive(Debug, Clone)]
pub(super) struct Media {
    pub(super) block: Block,
    pub(super) shape: Shape,
    kind: Saturation,
    /// Exposure per inhabitant that is 1 on the model's scale.
    pub(super) unit: f64,
    /// Entries of the carry-over's and the curve's parameters in the space.
    carry: Vec<usize>,
    curve: Vec<usize>,
    /// Entry of what the prior of the effect is about.
    effect: usize,
    about: About,
    /// Entries of the scatter over places and of each place's deviation, where there are several.
    scatter: Option<(usize, Range<usize>)>,
}

/// What the prior of an effect is about.
#[derive(Debug, Clone, Copy, PartialEq)]
enum About {
    /// The coefficient (of the place in the middle, where there are several).
    Coefficient,
    /// The worth of what the channel brings, in units of that amount of money.
    ///
    /// The coefficient follows: with places' coefficients `b e_g`, effects `s_gt` and worths `w_gt`, it is
    /// `b = value · amount / Σ_gt w_gt e_g s_gt` (Zhang, Wurm, Li, Wakim, Kelly, Price & Liu 2024, "Media mix model
    /// calibration with Bayesian priors").
    Worth(f64),
    /// The same of what 1 % more media brings.
    MarginalWorth(f64),
}

/// What becomes of a channel, kept for the derivatives.
#[derive(Debug, Clone)]
pub(super) struct MediaRoom {
    pub(super) room: Room,
    /// The factor of each row, and the effects multiplied by it (with 1 % more media in the last); empty where nothing varies.
    factor: Vec<f64>,
    varied: Vec<f64>,
    varied_more: Vec<f64>,
    /// Derivatives by each row's factor.
    pub(super) by_factor: Vec<f64>,
    /// With 1 % more media, where the prior is about that.
    more: Option<Room>,
    /// The coefficient of each place, and its ratio to that of the place in the middle.
    pub(super) coefficients: Vec<f64>,
    ratios: Vec<f64>,
    /// Worth of each place's effect at a coefficient of 1.
    worths: Vec<f64>,
    /// Derivatives by each place's coefficient.
    pub(super) by_coefficient: Vec<f64>,
    /// Derivatives by each row's effect.
    pub(super) by_effect: Vec<f64>,
    factors: [Vec<f64>; 2],
    /// The coefficient of the place in the middle.
    typical: f64,
}

impl Media {
    /// Lays out the unknowns of a channel.
    ///
    /// # Errors
    /// When its media or spend are missing or negative, there is nothing to relate a return to, or a prior does not fit.
    pub(super) fn new(
        params: &Params,
        panel: &Panel,
        channel: &Channel,
        total_worth: f64,
        layout: &mut Layout,
    ) -> Result<Self> {
        let (several, places) = (panel.has_places(), panel.geos.len());
        let (unit, media) = scaled_media(channel, panel)?;
        if let Some(frequency) = &channel.frequency {
            check(channel, frequency, "frequencies", panel)?;
        }
        let frequency = channel.frequency.as_ref().map(|frequency| by_period(frequency, places));
        let reached = frequency.is_some();
        let kind = match params.saturation {
            _ if reached => Saturation::Hill,
            Saturation::Auto if several => Saturation::Hill,
            Saturation::Auto => Saturation::Logistic,
            kind => kind,
        };
        let order = if reached || params.saturate_first { Order::SaturateFirst } else { Order::CarryFirst };
        let lags = usize::try_from(params.lags).unwrap_or(usize::MAX).clamp(1, panel.periods().max(1));
        let carry = Carry::new(params.adstock, lags);
        let mut carry_entries = Vec::new();
        for parameter in carry.parameters() {
            let (domain, prior) = defaults::carry(params.adstock, parameter, several);
            carry_entries.push(layout.add_of(&format!("adstock_{parameter}"), &channel.name, domain, prior)?);
        }
        let mut curve_entries = Vec::new();
        for parameter in Curve::names(kind) {
            let (domain, prior) = defaults::saturation(kind, parameter, several, reached);
            curve_entries.push(layout.add_of(&format!("saturation_{parameter}"), &channel.name, domain, prior)?);
        }
        let (family, domain, prior, about) = effect(params, panel, channel, kind, total_worth)?;
        let effect = layout.add_of(family, &channel.name, domain, prior)?;
        let scatter = if several {
            let scatter = layout.add_of("eta", &channel.name, Domain::Positive, defaults::SCATTER)?;
            let items = panel.geos.iter().map(|geo| format!("{},{geo}", channel.name));
            Some((scatter, layout.add_deviations("beta", items)))
        } else {
            None
        };
        Ok(Self {
            block: Block::new(&media, frequency, places, carry.lags()),
            shape: Shape { carry, order, slope_is_fixed: false },
            kind,
            unit,
            carry: carry_entries,
            curve: curve_entries,
            effect,
            about,
            scatter,
        })
    }

    /// Takes note of what is fixed, once the space is known.
    pub(super) fn settle(&mut self, space: &Space) {
        self.shape.slope_is_fixed = self.curve.get(1).is_none_or(|entry| space.is_fixed(*entry));
    }

    /// How the coefficient trades off with the curve, where both are unknown and the coefficient's coordinate is its logarithm.
    pub(super) fn shear(&self, space: &Space, exposure: f64) -> Option<Shear> {
        let (effect, prior) = space.entry(self.effect)?;
        let is_logarithm = (prior.at(0.5).value.ln() - 0.5).abs() < 1e-12;
        if self.about != About::Coefficient || self.scatter.is_some() || self.widens() || !is_logarithm {
            return None;
        }
        let curve = [0, 1].map(|which| self.curve.get(which).and_then(|entry| space.entry(*entry)));
        Some(Shear { effect: effect?, curve, kind: self.kind, exposure }).filter(|_| !self.curve.is_empty())
    }

    /// Room for [`Media::forward`] and [`Media::pull_back`].
    pub(super) fn room(&self, places: usize) -> MediaRoom {
        let room = self.block.room(&self.shape);
        MediaRoom {
            more: matches!(self.about, About::MarginalWorth(_)).then(|| room.clone()),
            by_effect: vec![0.0; room.effect().len()],
            room,
            factor: Vec::new(),
            varied: Vec::new(),
            varied_more: Vec::new(),
            by_factor: Vec::new(),
            coefficients: vec![0.0; places],
            ratios: vec![1.0; places],
            worths: vec![0.0; places],
            by_coefficient: vec![0.0; places],
            factors: [vec![0.0; places], vec![0.0; places]],
            typical: 0.0,
        }
    }

    /// The parameters of the carry-over.
    pub(super) fn carry_parameters(&self, values: &[f64]) -> [f64; 2] {
        let at = |which: usize| self.carry.get(which).map_or(0.0, |entry| values[*entry]);
        [at(0), at(1)]
    }

    /// The curve. Where the prior is about the coefficient, tanh wears off around it: `b tanh(x / (b c))`.
    pub(super) fn curve(&self, values: &[f64]) -> Curve {
        let at = |which: usize| self.curve.get(which).map_or(0.0, |entry| values[*entry]);
        Curve::new(self.kind, [at(0) * self.tanh_factor(values), at(1)])
    }

    fn tanh_factor(&self, values: &[f64]) -> f64 {
        if self.widens() { values[self.effect] } else { 1.0 }
    }

    fn widens(&self) -> bool {
        self.kind == Saturation::Tanh && self.about == About::Coefficient
    }

    /// Computes effects and coefficients into `room`; `worth` is that of a unit of effect in each row, and `factor` what the effect of
    /// each row is multiplied by, where something varies.
    pub(super) fn forward(&self, values: &[f64], worth: &[f64], factor: Option<&[f64]>, room: &mut MediaRoom) {
        let (carry, curve) = (self.carry_parameters(values), self.curve(values));
        self.shape.forward(&self.block, 1.0, carry, &curve, &mut room.room);
        if let Some(factor) = factor {
            room.vary(factor);
        }
        room.by_coefficient.fill(0.0);
        if let Some((scatter, deviations)) = &self.scatter {
            let scatter = values[*scatter];
            for (ratio, deviation) in room.ratios.iter_mut().zip(&values[deviations.clone()]) {
                *ratio = (scatter * deviation).exp();
            }
        }
        room.typical = match self.about {
            About::Coefficient => values[self.effect],
            About::Worth(amount) | About::MarginalWorth(amount) => {
                room.worths.fill(0.0);
                sum_by_place(&mut room.worths, worth, seen(&room.room, &room.varied));
                if let Some(more) = &mut room.more {
                    self.shape.forward(&self.block, 1.0 + MORE, carry, &curve, more);
                    room.worths.iter_mut().for_each(|worth| *worth = -*worth);
                    if factor.is_some() {
                        multiply(&mut room.varied_more, &room.factor, more.effect());
                    }
                    sum_by_place(&mut room.worths, worth, seen(more, &room.varied_more));
                }
                values[self.effect] * amount / dot(&room.ratios, &room.worths)
            }
        };
        for (coefficient, ratio) in room.coefficients.iter_mut().zip(&room.ratios) {
            *coefficient = room.typical * ratio;
        }
    }

    /// Adds to `by_value` the derivatives by the parameters, where those by the model's mean are `pull`, and
    /// [`MediaRoom::by_coefficient`] and `extra`, given the room, add what else depends on coefficients and effects.
    pub(super) fn pull_back(
        &self,
        values: &[f64],
        (pull, worth): (&[f64], &[f64]),
        room: &mut MediaRoom,
        by_value: &mut [f64],
        extra: impl FnOnce(&mut MediaRoom, &mut [f64]),
    ) {
        sum_by_place(&mut room.by_coefficient, pull, seen(&room.room, &room.varied));
        let by_typical = dot(&room.by_coefficient, &room.ratios);
        // What the sum of worths does to the coefficient: b = value · amount / sum.
        let by_sum = match self.about {
            About::Coefficient => {
                by_value[self.effect] += by_typical;
                0.0
            }
            About::Worth(amount) | About::MarginalWorth(amount) => {
                let sum = dot(&room.ratios, &room.worths);
                by_value[self.effect] += by_typical * amount / sum;
                -by_typical * room.typical / sum
            }
        };
        if let Some((scatter, deviations)) = &self.scatter {
            let mut by_scatter = 0.0;
            let by_place = room.by_coefficient.iter().zip(&room.worths).zip(&room.ratios);
            for (entry, ((by_coefficient, worth), ratio)) in deviations.clone().zip(by_place) {
                let by_logarithm = (by_coefficient * room.typical + by_sum * worth) * ratio;
                by_scatter += by_logarithm * values[entry];
                by_value[entry] += by_logarithm * values[*scatter];
            }
            by_value[*scatter] += by_scatter;
        }
        let [by_mean, by_worth] = &mut room.factors;
        by_mean.copy_from_slice(&room.coefficients);
        let sign = if room.more.is_some() { -by_sum } else { by_sum };
        by_worth.iter_mut().zip(&room.ratios).for_each(|(factor, ratio)| *factor = sign * ratio);
        blend_by_place(&mut room.by_effect, (by_mean, pull), (by_worth, worth));
        extra(room, by_value);
        through_factor(&room.factor, room.room.effect(), &mut room.by_effect, &mut room.by_factor);
        let curve = self.curve(values);
        let by_shape = self.shape.pull_back(&self.block, &curve, &room.by_effect, &mut room.room);
        self.add_shape(values, by_shape, by_value);
        if let Some(more) = &mut room.more {
            let [by_nothing, by_worth] = &mut room.factors;
            by_nothing.fill(0.0);
            by_worth.iter_mut().for_each(|factor| *factor = -*factor);
            blend_by_place(&mut room.by_effect, (by_nothing, pull), (by_worth, worth));
            through_factor(&room.factor, more.effect(), &mut room.by_effect, &mut room.by_factor);
            let by_shape = self.shape.pull_back(&self.block, &curve, &room.by_effect, more);
            self.add_shape(values, by_shape, by_value);
        }
    }

    /// Adds derivatives by the parameters of the carry-over and of the curve where they belong.
    pub(super) fn add_shape(&self, values: &[f64], [by_carry, by_curve]: [[f64; 2]; 2], by_value: &mut [f64]) {
        for (entry, by) in self.carry.iter().zip(by_carry) {
            by_value[*entry] += by;
        }
        for (entry, by) in self.curve.iter().zip(by_curve) {
            by_value[*entry] += by * self.tanh_factor(values);
        }
        if self.widens()
            && let Some(width) = self.curve.first()
        {
            by_value[self.effect] += by_curve[0] * values[*width];
        }
    }

    /// Multiplies the scaled media, for tests of other media on the same scale.
    #[cfg(test)]
    pub(super) fn rescale(&mut self, factor: f64) {
        let media: Vec<f64> = self.block.media().iter().map(|media| media * factor).collect();
        let places = self.scatter.as_ref().map_or(1, |(_, deviations)| deviations.len());
        let frequency = self.block.frequency().map(<[f64]>::to_vec);
        self.block = Block::new(&media, frequency, places, self.shape.carry.lags());
    }

    /// Puts the coefficients of places where `values` has their deviations.
    pub(super) fn name_places(&self, room: &MediaRoom, values: &mut [f64]) {
        if let Some((_, deviations)) = &self.scatter {
            values[deviations.clone()].copy_from_slice(&room.coefficients);
        }
    }

    /// The effect of 1 % more media at a coefficient of 1, period by period, before the factor of a row.
    pub(super) fn effect_of_more(&self, values: &[f64]) -> Room {
        let mut room = self.block.room(&self.shape);
        self.shape.forward(&self.block, 1.0 + MORE, self.carry_parameters(values), &self.curve(values), &mut room);
        room
    }
}

impl MediaRoom {
    /// Adds a derivative by the effect of a row.
    pub(super) fn add_by_effect(&mut self, row: usize, by: f64) {
        if let Some(by_effect) = self.by_effect.get_mut(row) {
            *by_effect += by;
        }
    }

    /// Adds to `mean` what the channel brings.
    pub(super) fn add_to(&self, mean: &mut [f64]) {
        add_by_place(mean, &self.coefficients, self.effect());
    }

    /// The effect of each row at a coefficient of 1, multiplied by its factor.
    pub(super) fn effect(&self) -> &[f64] {
        seen(&self.room, &self.varied)
    }

    /// What the effect of a row is multiplied by: 1 where nothing varies.
    pub(super) fn factor(&self, row: usize) -> f64 {
        self.factor.get(row).copied().unwrap_or(1.0)
    }

    /// Adds a derivative by the factor of a row, where there is one.
    pub(super) fn add_by_factor(&mut self, row: usize, by: f64) {
        if let Some(by_factor) = self.by_factor.get_mut(row) {
            *by_factor += by;
        }
    }

    /// Takes the factor of each row, and multiplies effects by it.
    fn vary(&mut self, factor: &[f64]) {
        self.factor.clear();
        self.factor.extend_from_slice(factor);
        self.by_factor.clear();
        self.by_factor.resize(factor.len(), 0.0);
        multiply(&mut self.varied, factor, self.room.effect());
    }
}

/// The effect of each row as the model has it: multiplied by its factor, where something varies.
fn seen<'a>(room: &'a Room, varied: &'a [f64]) -> &'a [f64] {
    if varied.is_empty() { room.effect() } else { varied }
}

/// Products of the rows.
fn multiply(out: &mut Vec<f64>, factor: &[f64], effect: &[f64]) {
    out.clear();
    out.extend(factor.iter().zip(effect).map(|(factor, effect)| factor * effect));
}

/// Turns derivatives by the product of factor and effect into those by the effect, and adds those by the factor.
fn through_factor(factor: &[f64], effect: &[f64], by_effect: &mut [f64], by_factor: &mut [f64]) {
    let rows = factor.iter().zip(effect).zip(by_effect.iter_mut().zip(by_factor));
    for ((factor, effect), (by_effect, by_factor)) in rows {
        *by_factor += *by_effect * effect;
        *by_effect *= factor;
    }
}

/// Family, domain, default prior and meaning of what the prior of a channel's effect is about.
fn effect(
    params: &Params,
    panel: &Panel,
    channel: &Channel,
    kind: Saturation,
    total_worth: f64,
) -> Result<(&'static str, Domain, Prior, About)> {
    let several = panel.has_places();
    let coefficient = || {
        // Tanh wears off around its coefficient.
        let domain = if kind == Saturation::Tanh { Domain::Positive } else { Domain::Real };
        ("saturation_beta", domain, defaults::coefficient(kind, several), About::Coefficient)
    };
    let about = match (params.effect, several) {
        (Effect::Auto, true) => Effect::Roi,
        (Effect::Auto, false) => Effect::Coefficient,
        (about, _) => about,
    };
    let spend = match &channel.spend {
        Some(spend) => {
            check(channel, spend, "spend", panel)?;
            Some(spend.iter().enumerate().filter(|(row, _)| panel.is_learnt(*row)).map(|(_, spend)| spend).sum::<f64>())
        }
        None => None,
    };
    let some_spend = || match spend {
        Some(spend) if spend > 0.0 => Ok(spend),
        _ => Err(Error::data(format!("the channel {} has no spend to relate a return to", channel.name))
            .with_hint("name it among organic, or take effect = coefficient")),
    };
    Ok(match about {
        Effect::Share => ("share", Domain::Real, defaults::SHARE, About::Worth(total_worth)),
        Effect::Roi if spend.is_some() => ("roi", Domain::Real, defaults::ROI, About::Worth(some_spend()?)),
        Effect::MarginalRoi if spend.is_some() => {
            ("mroi", Domain::Real, defaults::MARGINAL_ROI, About::MarginalWorth(MORE * some_spend()?))
        }
        _ => coefficient(),
    })
}
