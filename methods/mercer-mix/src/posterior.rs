//! The posterior of a marketing mix model: its log density with the gradient written by hand, and what a point of it means.
//!
//! The scaled outcome of place g in period t is the baseline (see [`crate::design`]) plus, for each channel, the place's
//! coefficient times the media carried over and worn off (see [`crate::transform`]), times a factor of the period where effects vary
//! over time (see [`varying`]), plus noise.

mod defaults;
mod experiment;
mod floor;
pub(crate) mod levels;
mod media;
mod noise;
pub(crate) mod read;
pub(crate) mod scale;
mod varying;

use mercer_base::{Error, Result, Seed};

use crate::density::Density;
use crate::design::{Baseline, BaselineRoom};
use crate::panel::{Channel, Panel};
use crate::params::{Effect, Floor, Form, Params, VaryingMedia, pairs};
use crate::sheared::{Centred, Level, Shear};
use crate::space::{Layout, Space};
use crate::whitened::{Column, Whitened};
#[cfg(test)]
use rand::{RngExt, SeedableRng};
#[cfg(test)]
use rand_chacha::ChaCha8Rng;

use experiment::{Experiment, ExperimentRoom};
use floor::BaselineFloor;
use levels::{LevelRoom, Levels};
use media::{Media, MediaRoom};
use noise::Noise;
use scale::{OutcomeScale, by_period, worth};
use varying::{Varying, VaryingRoom};

/// The model of a panel, ready to be sampled.
#[derive(Debug, Clone)]
pub(crate) struct Posterior {
    space: Space,
    places: usize,
    periods: usize,
    scale: OutcomeScale,
    baseline: Baseline,
    media: Vec<Media>,
    /// By what effects are multiplied period by period, where they vary.
    varying: Option<Varying>,
    /// The exposure of each channel that was usual while it ran, on the model's scale.
    usual: Vec<f64>,
    /// Share of the periods in which each channel ran.
    ran: Vec<f64>,
    /// Worth in money of a unit of effect on the model's scale, period by period.
    worth: Vec<f64>,
    noise: Noise,
    /// What keeps the baseline above nothing, where something does.
    floor: Option<BaselineFloor>,
    experiments: Vec<Experiment>,
    /// What reading a point needs beside the model.
    facts: read::Facts,
}

/// Room for intermediate results of a [`Posterior`], one a thread.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    values: Vec<f64>,
    slopes: Vec<f64>,
    by_value: Vec<f64>,
    /// The model's mean; its derivatives after the likelihood.
    mean: Vec<f64>,
    levels: LevelRoom,
    /// Mean of the baseline over each stretch of periods that has a floor.
    without_channels: Vec<f64>,
    /// The derivatives of the mean together with those of the floor.
    lifted: Vec<f64>,
    baseline: BaselineRoom,
    media: Vec<MediaRoom>,
    varying: Option<VaryingRoom>,
    experiments: Vec<ExperimentRoom>,
}

impl Posterior {
    /// The model that `params` ask for, of the panel's data.
    ///
    /// # Errors
    /// When the data have missing, negative or unchanging values where the model needs others, or a prior cannot be read or does
    /// not fit its parameter.
    pub(crate) fn new(params: &Params, panel: &Panel) -> Result<Self> {
        Self::hiding(params, panel, |_| false)
    }

    /// The same, without the outcome of the rows that are hidden: they are forecast, not learnt from. Scales stay those of all.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(crate) fn hiding(params: &Params, panel: &Panel, is_hidden: impl Fn(usize) -> bool) -> Result<Self> {
        let (places, periods) = (panel.geos.len(), panel.periods());
        if panel.outcome.len() != panel.rows() {
            return Err(Error::internal("a panel has not an outcome for each row"));
        }
        if panel.channels.is_empty() {
            return Err(
                Error::config("no channel is named").with_hint("name the columns of channels, as channels=tv,search")
            );
        }
        let scale = OutcomeScale::new(params, panel)?;
        let mut worth = worth(&scale, panel)?;
        let known = panel.outcome.iter().zip(&panel.value).filter(|(outcome, _)| !outcome.is_nan());
        let total_worth: f64 = known.map(|(outcome, value)| outcome * value).sum();
        if params.effect == Effect::Share {
            // A share is one of the outcome that is known.
            let outcome = by_period(&panel.outcome, places);
            worth.iter_mut().zip(&outcome).filter(|(_, o)| o.is_nan()).for_each(|(worth, _)| *worth = 0.0);
        }
        let mut layout = Layout::new(&pairs("priors", &params.priors)?)?;
        let baseline = Baseline::new(params, panel, &mut layout)?;
        let mut media = Vec::with_capacity(panel.channels.len());
        for channel in &panel.channels {
            media.push(Media::new(params, panel, channel, total_worth, &mut layout)?);
        }
        let shown = |(row, outcome): (usize, &f64)| if is_hidden(row) { f64::NAN } else { *outcome };
        let shown: Vec<f64> = panel.outcome.iter().enumerate().map(shown).collect();
        let mut outcome = by_period(&shown, places);
        for (row, outcome) in outcome.iter_mut().enumerate() {
            *outcome = scale.scaled(*outcome, row % places);
        }
        let noise = Noise::new(params, outcome, panel.has_places(), &mut layout)?;
        let varying = match params.varying_media {
            VaryingMedia::None => None,
            VaryingMedia::Common => Some(Varying::new(panel, &mut layout)?),
        };
        let space = layout.finish()?;
        media.iter_mut().for_each(|media| media.settle(&space));
        let experiment = |experiment| Experiment::new(experiment, panel, &media, &scale);
        let experiments = panel.experiments.iter().map(experiment).collect::<Result<_>>()?;
        let facts = read::Facts::new(panel);
        let has_floor = places == 1
            && params.form == Form::Additive
            && params.baseline == Floor::Positive
            && panel.outcome.iter().all(|outcome| outcome.is_nan() || *outcome >= 0.0);
        let usual =
            panel.channels.iter().zip(&media).map(|(channel, media)| usual(channel, panel, media.unit)).collect();
        let ran = panel.channels.iter().map(|channel| {
            channel.media.iter().filter(|media| **media > 0.0).count() as f64 / panel.rows().max(1) as f64
        });
        let ran = ran.collect();
        Ok(Self {
            floor: has_floor.then(|| BaselineFloor::new(panel)),
            ran,
            usual,
            space,
            places,
            periods,
            scale,
            baseline,
            media,
            varying,
            worth,
            noise,
            experiments,
            facts,
        })
    }

    /// The unknowns, as they are called in results.
    pub(crate) fn names(&self) -> &[String] {
        self.space.names()
    }

    /// The unknowns with their priors.
    pub(crate) fn space(&self) -> &Space {
        &self.space
    }

    /// A point to start a chain from.
    pub(crate) fn start(&self, seed: Seed) -> Vec<f64> {
        self.space.start(seed)
    }

    /// The same model of another outcome, in its own unit, on the same scale.
    #[cfg(test)]
    pub(crate) fn with_outcome(mut self, outcome: &[f64]) -> Self {
        let mut scaled = by_period(outcome, self.places);
        for (row, outcome) in scaled.iter_mut().enumerate() {
            *outcome = self.scale.scaled(*outcome, row % self.places);
        }
        self.noise.learn_from(scaled);
        self
    }

    /// A point drawn from the priors, of which the floor of the baseline is one.
    #[cfg(test)]
    pub(crate) fn prior_draw(&self, seed: Seed) -> Vec<f64> {
        let mut work = self.work();
        let mut dice = ChaCha8Rng::seed_from_u64(seed.split("floor").0);
        loop {
            let point = self.space.prior_draw(Seed(dice.random()));
            work.values = self.space.values(&point);
            self.forward(&mut work);
            let ln_accepted = self.floor.as_ref().map_or(0.0, |floor| floor.value(&work.without_channels));
            if dice.random::<f64>().ln() < ln_accepted {
                return point;
            }
        }
    }

    /// How coefficients trade off with the curves of their channels.
    pub(crate) fn shears(&self) -> Vec<Shear> {
        self.media.iter().zip(&self.usual).filter_map(|(media, usual)| media.shear(&self.space, *usual)).collect()
    }

    /// How the level of one place trades off with all that is above 0 on average; `None` where the level is no free number.
    pub(crate) fn level(&self) -> Option<Level> {
        let (level, others) = self.baseline.columns().split_first()?;
        if self.places > 1 || level.1.iter().any(|value| *value != 1.0) {
            return None;
        }
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
        let columns =
            others.iter().filter_map(|(entry, values)| Some((self.space.free_number(*entry)?, mean(values)))).collect();
        let sheared = self.media.iter().zip(&self.usual).zip(&self.ran);
        let ran =
            sheared.filter(|((media, usual), _)| media.shear(&self.space, **usual).is_some()).map(|(_, ran)| *ran);
        Some(Level { at: self.space.free_number(level.0)?, columns, ran: ran.collect() })
    }

    /// Coordinates in which the coefficients of the baseline of one place are independent.
    pub(crate) fn whitened(&self) -> Option<Whitened> {
        if self.places > 1 {
            return None;
        }
        let has_level = self.level().is_some();
        let column = |(entry, values): (usize, Vec<f64>)| {
            let unknown = self.space.free_number(entry)?;
            let prior_sd = self.space.entry(entry)?.1.sd();
            (prior_sd > 0.0).then_some(Column { unknown, prior_sd, values })
        };
        let columns = self.baseline.series().skip(usize::from(has_level)).filter_map(column).collect();
        let media: Vec<Vec<f64>> = self.media.iter().map(|media| media.block.media().to_vec()).collect();
        Whitened::new(columns, &media, &self.noise.known_outcome(), has_level)
    }

    /// The levels of periods and the shifts of several places; `None` where they are not each a free number.
    pub(crate) fn levels(&self) -> Option<Levels> {
        Levels::new(&self.space, self.baseline.levels()?, self.baseline.shifts(), self.places)
    }

    /// The coefficients of controls in each place that are better coordinates than their deviations.
    pub(crate) fn centred(&self) -> Vec<Centred> {
        let found = self.baseline.well_known(self.noise.outcome()).into_iter();
        let centred = found.filter_map(|(mean, spread, deviations)| {
            let (at, prior) = self.space.entry(spread)?;
            let is_logarithm = (prior.at(0.5).value.ln() - 0.5).abs() < 1e-12;
            let first = self.space.free_number(deviations.start)?;
            let deviations = first..first + deviations.len();
            Some(Centred { mean: self.space.free_number(mean)?, spread: at.filter(|_| is_logarithm)?, deviations })
        });
        centred.collect()
    }

    /// Turns the levels of a point into their coordinates.
    pub(crate) fn level_coordinates(&self, levels: &Levels, point: &mut [f64], work: &mut Work) {
        work.values = self.space.values(point);
        levels.leave_out(&mut work.values);
        self.forward(work);
        levels.to_coordinates(point, &work.mean, &mut work.levels);
    }

    /// Turns the coordinates of the levels of a point into the levels.
    pub(crate) fn settle_levels(&self, levels: &Levels, point: &mut [f64], work: &mut Work) {
        let mut gradient = vec![0.0; point.len()];
        self.value_of(point, Some(levels), &mut gradient, work);
        levels.read(&work.values, point);
    }

    /// Computes effects, coefficients and the mean of the point that `work` has the values of.
    fn forward(&self, work: &mut Work) {
        self.baseline.predict(&work.values, &mut work.mean, &mut work.baseline);
        if let Some(floor) = &self.floor {
            floor.means(&work.mean, &mut work.without_channels);
        }
        let mut factor = None;
        if let (Some(varying), Some(room)) = (&self.varying, &mut work.varying) {
            varying.forward(&work.values, room);
            factor = Some(room.by_row.as_slice());
        }
        for (media, room) in self.media.iter().zip(&mut work.media) {
            media.forward(&work.values, &self.worth, factor, room);
            room.add_to(&mut work.mean);
        }
    }

    /// The log density and its gradient at a point, of which the levels of periods stand in their coordinates (see [`levels`]) where
    /// they are given.
    pub(crate) fn value_of(
        &self,
        point: &[f64],
        levels: Option<&Levels>,
        gradient: &mut [f64],
        work: &mut Work,
    ) -> f64 {
        let mut ln_density = self.space.read(point, &mut work.values, &mut work.slopes, gradient);
        if !ln_density.is_finite() {
            return ln_density;
        }
        if let Some(levels) = levels {
            levels.leave_out(&mut work.values);
        }
        self.forward(work);
        let Work {
            values,
            slopes,
            by_value,
            mean,
            levels: level_room,
            without_channels,
            lifted,
            baseline,
            media: rooms,
            varying,
            experiments,
        } = work;
        if let Some(levels) = levels {
            ln_density += levels.settle(&self.space, point, (values, mean), gradient, level_room);
        }
        by_value.fill(0.0);
        ln_density += self.noise.pull(values, mean, by_value);
        if let Some(levels) = levels {
            levels.split(gradient, mean, level_room);
        }
        for (experiment, room) in self.experiments.iter().zip(experiments.iter_mut()) {
            let channel = experiment.channel;
            ln_density += experiment.value(values, &self.media[channel], &mut rooms[channel], room);
        }
        match &self.floor {
            Some(floor) => {
                ln_density += floor.value(without_channels);
                lifted.copy_from_slice(mean);
                floor.lift(without_channels, lifted);
                self.baseline.pull_back(values, lifted, baseline, by_value);
            }
            None => self.baseline.pull_back(values, mean, baseline, by_value),
        }
        for (channel, (media, room)) in self.media.iter().zip(rooms.iter_mut()).enumerate() {
            media.pull_back(values, (mean, &self.worth), room, by_value, |room, by_value| {
                let with_rooms = self.experiments.iter().zip(experiments.iter_mut());
                for (experiment, at) in with_rooms.filter(|(experiment, _)| experiment.channel == channel) {
                    experiment.pull_back(values, media, room, at, by_value);
                }
            });
            if let Some(varying) = varying {
                varying.pull.iter_mut().zip(&room.by_factor).for_each(|(pull, by)| *pull += by);
            }
        }
        if let (Some(of), Some(room)) = (&self.varying, varying) {
            of.pull_back(values, room, by_value);
        }
        self.space.pull_back(by_value, slopes, gradient);
        if let Some(levels) = levels {
            levels.finish(level_room, gradient);
        }
        ln_density
    }
}

/// The mean exposure of a channel while it ran, on the model's scale; where people are counted, how often they were reached.
fn usual(channel: &Channel, panel: &Panel, unit: f64) -> f64 {
    let periods = panel.periods().max(1);
    let of_row = |(row, media): (usize, &f64)| match &channel.frequency {
        Some(frequency) => frequency[row],
        None => media / panel.population[row / periods] / unit,
    };
    let series = channel.media.iter().enumerate().map(of_row).filter(|exposure| *exposure > 0.0);
    let (sum, count) = series.fold((0.0, 0.0), |(sum, count), exposure| (sum + exposure, count + 1.0));
    sum / f64::max(count, 1.0)
}

impl Density for Posterior {
    type Work = Work;

    fn dim(&self) -> usize {
        self.space.dim()
    }

    fn work(&self) -> Work {
        Work {
            values: vec![0.0; self.space.len()],
            slopes: vec![0.0; self.space.len()],
            by_value: vec![0.0; self.space.len()],
            mean: vec![0.0; self.places * self.periods],
            levels: LevelRoom::new(self.periods, self.places),
            without_channels: Vec::new(),
            lifted: vec![0.0; self.places * self.periods],
            baseline: self.baseline.room(),
            media: self.media.iter().map(|media| media.room(self.places)).collect(),
            varying: self.varying.as_ref().map(Varying::room),
            experiments: self.experiments.iter().map(|each| each.room(&self.media[each.channel])).collect(),
        }
    }

    fn value(&self, point: &[f64], gradient: &mut [f64], work: &mut Work) -> f64 {
        self.value_of(point, None, gradient, work)
    }
}

#[cfg(test)]
pub(crate) use tests::panels;
#[cfg(test)]
pub(crate) mod tests;
