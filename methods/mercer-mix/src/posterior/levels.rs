//! The levels of periods and of places, in coordinates in which a sampler moves well.
//!
//! A period's level trades off with all that advertising and controls add in that period, and a place's shift with all that they add in
//! that place: what the data know is their sum. So the coordinate of a shift is that of the place's mean against the first place's, and
//! the coordinate of a period's level the mean of what is expected of the places in it. These are shears of the levels by the other
//! unknowns, whose volume is 1: the posterior stays the same.

use std::ops::Range;

use crate::space::Space;
use crate::transform::lanes::{rows, rows_mut};

/// Where the levels stand.
#[derive(Debug, Clone)]
pub(crate) struct Levels {
    /// A level for each period.
    periods: Free,
    /// A shift for each place but the first.
    shifts: Free,
    places: usize,
}

/// Parameters side by side that are any number, and their own coordinates.
#[derive(Debug, Clone)]
struct Free {
    entries: Range<usize>,
    unknowns: Range<usize>,
}

impl Free {
    fn new(space: &Space, entries: Range<usize>) -> Option<Self> {
        let unknowns: Option<Vec<usize>> = entries.clone().map(|entry| space.free_number(entry)).collect();
        let unknowns = unknowns?;
        let first = *unknowns.first()?;
        let range = first..first + unknowns.len();
        unknowns.into_iter().eq(range.clone()).then_some(Self { entries, unknowns: range })
    }

    /// Gives the parameter `which` the value of its coordinate less `above`: returns it and the change of the log prior.
    fn set(
        &self,
        which: usize,
        above: f64,
        space: &Space,
        point: &[f64],
        (values, gradient): (&mut [f64], &mut [f64]),
    ) -> (f64, f64) {
        let (entry, unknown) = (self.entries.start + which, self.unknowns.start + which);
        let Some((_, prior)) = space.entry(entry) else { return (0.0, 0.0) };
        let term = prior.at(point[unknown] - above);
        (values[entry], gradient[unknown]) = (term.value, term.gradient);
        (term.value, term.ln_density - prior.at(point[unknown]).ln_density)
    }
}

/// Room for derivatives and means.
#[derive(Debug, Clone, Default)]
pub(crate) struct LevelRoom {
    by_period: Vec<f64>,
    by_place: Vec<f64>,
}

impl LevelRoom {
    pub(super) fn new(periods: usize, places: usize) -> Self {
        Self { by_period: vec![0.0; periods], by_place: vec![0.0; places] }
    }
}

impl Levels {
    /// The levels of periods and the shifts of places of the given entries, where each is a free number; `None` where one is fixed or
    /// bounded.
    pub(super) fn new(space: &Space, periods: Range<usize>, shifts: Range<usize>, places: usize) -> Option<Self> {
        Some(Self { periods: Free::new(space, periods)?, shifts: Free::new(space, shifts)?, places })
    }

    /// The unknowns of the places' shifts.
    pub(crate) fn shifts(&self) -> Range<usize> {
        self.shifts.unknowns.clone()
    }

    /// Leaves the levels out of the values, so that the mean computed from them is that of the rest.
    pub(super) fn leave_out(&self, values: &mut [f64]) {
        values[self.periods.entries.clone()].fill(0.0);
        values[self.shifts.entries.clone()].fill(0.0);
    }

    /// From the coordinates in `point` and the `mean` of the rest, period by period, computes the levels, puts them into `values` and
    /// `mean` and their priors' slopes into `gradient`; returns by how much the log prior changes against that of the coordinates.
    pub(super) fn settle(
        &self,
        space: &Space,
        point: &[f64],
        (values, mean): (&mut [f64], &mut [f64]),
        gradient: &mut [f64],
        room: &mut LevelRoom,
    ) -> f64 {
        let mut change = 0.0;
        self.means_of_places(mean, &mut room.by_place);
        if let Some((first, others)) = room.by_place.split_first_mut() {
            for (which, place) in others.iter_mut().enumerate() {
                let (shift, of_prior) = self.shifts.set(which, *place - *first, space, point, (values, gradient));
                *place = shift;
                change += of_prior;
            }
            *first = 0.0;
        }
        for (which, mean) in rows_mut(mean, self.places).enumerate() {
            mean.iter_mut().zip(&room.by_place).for_each(|(mean, shift)| *mean += shift);
            let (level, of_prior) = self.periods.set(which, average(mean), space, point, (values, gradient));
            mean.iter_mut().for_each(|mean| *mean += level);
            change += of_prior;
        }
        change
    }

    /// From the derivatives by the rows of the mean, and those of the levels' priors in `gradient`, computes those by the levels'
    /// coordinates; what is left in `pull` are the derivatives by all else, which moves the levels against itself.
    pub(super) fn split(&self, gradient: &[f64], pull: &mut [f64], room: &mut LevelRoom) {
        let of_priors = &gradient[self.periods.unknowns.clone()];
        for ((level, of_prior), pull) in room.by_period.iter_mut().zip(of_priors).zip(rows_mut(pull, self.places)) {
            *level = pull.iter().sum::<f64>() + of_prior;
            let share = *level / self.places as f64;
            pull.iter_mut().for_each(|pull| *pull -= share);
        }
        let periods = room.by_period.len().max(1) as f64;
        self.means_of_places(pull, &mut room.by_place);
        if let Some((first, others)) = room.by_place.split_first_mut() {
            let of_priors = &gradient[self.shifts.unknowns.clone()];
            others.iter_mut().zip(of_priors).for_each(|(place, of_prior)| *place = *place * periods + of_prior);
            *first = -others.iter().sum::<f64>();
        }
        for pull in rows_mut(pull, self.places) {
            pull.iter_mut().zip(&room.by_place).for_each(|(pull, place)| *pull -= place / periods);
        }
    }

    /// Puts the derivatives by the levels' coordinates where they belong.
    pub(super) fn finish(&self, room: &LevelRoom, gradient: &mut [f64]) {
        gradient[self.periods.unknowns.clone()].copy_from_slice(&room.by_period);
        gradient[self.shifts.unknowns.clone()].copy_from_slice(&room.by_place[1..]);
    }

    /// Turns the levels of a point into their coordinates, where `mean` is that of the rest.
    pub(super) fn to_coordinates(&self, point: &mut [f64], mean: &[f64], room: &mut LevelRoom) {
        let levels = &mut point[self.periods.unknowns.clone()];
        levels.iter_mut().zip(rows(mean, self.places)).for_each(|(level, mean)| *level += average(mean));
        let shifts = &point[self.shifts.unknowns.clone()];
        let shift = shifts.iter().sum::<f64>() / self.places as f64;
        point[self.periods.unknowns.clone()].iter_mut().for_each(|level| *level += shift);
        self.means_of_places(mean, &mut room.by_place);
        if let Some((first, others)) = room.by_place.split_first() {
            let shifts = &mut point[self.shifts.unknowns.clone()];
            shifts.iter_mut().zip(others).for_each(|(shift, place)| *shift += place - first);
        }
    }

    /// Puts the levels among `values` into a point.
    pub(super) fn read(&self, values: &[f64], point: &mut [f64]) {
        for free in [&self.periods, &self.shifts] {
            point[free.unknowns.clone()].copy_from_slice(&values[free.entries.clone()]);
        }
    }

    fn means_of_places(&self, mean: &[f64], by_place: &mut [f64]) {
        by_place.fill(0.0);
        for row in rows(mean, self.places) {
            by_place.iter_mut().zip(row).for_each(|(place, value)| *place += value);
        }
        let periods = (mean.len() / self.places.max(1)).max(1) as f64;
        by_place.iter_mut().for_each(|place| *place /= periods);
    }
}

fn average(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
