//! What is no advertising: the level, the trend, the season, the controls and the places.

mod columns;

use std::ops::Range;

use mercer_base::Result;

use crate::panel::Panel;
use crate::params::Params;
use crate::prior::Prior;
use crate::space::{Domain, Layout};
use crate::transform::lanes::{add_by_place, add_scaled, dot, rows, rows_mut, sum_by_place};

/// The part of the outcome that would be there without advertising, linear in its unknowns.
///
/// In one place: level, trend, season and controls. In several, as Sun, Wang, Jin, Chan & Koehler (2017), "Geo-level Bayesian
/// hierarchical media mix modeling": the same in all places but for a shift `tau` of each place against the first, and
/// coefficients of controls that scatter over places.
#[derive(Debug, Clone)]
pub(crate) struct Baseline {
    width: usize,
    periods: usize,
    /// What is the same in all places: the coefficient's entry in the space, and a value for each period.
    columns: Vec<(usize, Vec<f64>)>,
    knots: Option<Knots>,
    /// The entries of the places' shifts, of all places but the first.
    shifts: Range<usize>,
    controls: Vec<PlacedControl>,
}

/// A level at each knot, joined by lines.
#[derive(Debug, Clone)]
struct Knots {
    entries: Range<usize>,
    /// For each period the knot at or before it, and the share of the way to the next.
    at: Vec<(usize, f64)>,
}

/// A control in several places, standardised.
#[derive(Debug, Clone)]
struct PlacedControl {
    /// Entries of the mean of the places' coefficients, and of their standard deviation.
    mean: usize,
    spread: usize,
    /// Entries of the places' deviations, in units of that standard deviation.
    deviations: Range<usize>,
    /// Period by period, the places side by side.
    values: Vec<f64>,
}

/// Room for intermediate results.
#[derive(Debug, Clone)]
pub(crate) struct BaselineRoom {
    by_period: Vec<f64>,
    by_place: Vec<f64>,
}

impl Baseline {
    /// Lays out the unknowns that `params` ask for.
    ///
    /// # Errors
    /// When a control has a missing value or never changes, the knots are too many, or a prior does not fit.
    pub(crate) fn new(params: &Params, panel: &Panel, layout: &mut Layout) -> Result<Self> {
        let (width, periods) = (panel.geos.len(), panel.periods());
        let level = if panel.has_places() { 5.0 } else { 2.0 };
        let wide = Prior::Normal { mean: 0.0, sd: level };
        let trend = columns::trend(params, panel)?;
        let mut columns = Vec::new();
        let mut knots = None;
        match trend {
            columns::Trend::Knots(at) => {
                let last = |(knot, share): &(usize, f64)| knot + 1 + usize::from(*share > 0.0);
                let count = at.iter().map(last).max().unwrap_or(0);
                let entries = add_each(layout, "knot", (1..=count).map(|knot| knot.to_string()), wide)?;
                knots = Some(Knots { entries, at });
            }
            columns::Trend::Lines { slope, bends } => {
                columns.push((layout.add("intercept", Domain::Real, wide)?, vec![1.0; periods]));
                if let Some(slope) = slope {
                    columns.push((layout.add("trend", Domain::Real, wide)?, slope));
                }
                for (bend, values) in bends.into_iter().enumerate() {
                    let item = (bend + 1).to_string();
                    // Normal, where others take Laplace's: his kink at 0 costs the sampler three times as long.
                    let prior = Prior::Normal { mean: 0.0, sd: 0.35 };
                    columns.push((layout.add_of("trend_change", &item, Domain::Real, prior)?, values));
                }
            }
        }
        let shifts =
            if panel.has_places() { add_each(layout, "tau", panel.geos.iter().skip(1).cloned(), wide)? } else { 0..0 };
        let mut controls = Vec::new();
        for control in &panel.controls {
            let values = columns::control(control, panel)?;
            let mean = layout.add_of("gamma_control", &control.name, Domain::Real, wide)?;
            if panel.has_places() {
                let prior = Prior::HalfNormal { sd: 5.0 };
                let spread = layout.add_of("xi_control", &control.name, Domain::Positive, prior)?;
                let places = panel.geos.iter().map(|geo| format!("{},{geo}", control.name));
                let deviations = layout.add_deviations("gamma_control", places);
                controls.push(PlacedControl { mean, spread, deviations, values });
            } else {
                columns.push((mean, values));
            }
        }
        // A level for each period leaves nothing for waves to say.
        if knots.as_ref().is_none_or(|knots| knots.entries.len() < panel.learnt) {
            for (name, values) in columns::waves(params.seasonality, panel) {
                let prior = Prior::Laplace { centre: 0.0, scale: 1.0 };
                columns.push((layout.add_of("gamma_fourier", &name, Domain::Real, prior)?, values));
            }
        }
        Ok(Self { width, periods, columns, knots, shifts, controls })
    }

    /// The series that coefficients of the same entry multiply, of one place; the level is the first of them where there is one.
    pub(crate) fn columns(&self) -> &[(usize, Vec<f64>)] {
        &self.columns
    }

    /// All series that coefficients of one place multiply, with their entries: those of [`Self::columns`], then a hat for each knot.
    pub(crate) fn series(&self) -> impl Iterator<Item = (usize, Vec<f64>)> + '_ {
        let hats = self.knots.iter().flat_map(|knots| {
            let hat = |knot: usize| {
                let share = |(at, share): &(usize, f64)| match knot.checked_sub(*at) {
                    Some(0) => 1.0 - share,
                    Some(1) => *share,
                    _ => 0.0,
                };
                knots.at.iter().map(share).collect()
            };
            knots.entries.clone().enumerate().map(move |(knot, entry)| (entry, hat(knot)))
        });
        self.columns.iter().cloned().chain(hats)
    }

    /// Entries of the levels of several places, where there is one for each period.
    pub(crate) fn levels(&self) -> Option<Range<usize>> {
        let knots = self.knots.as_ref().filter(|_| self.width > 1)?;
        let is_own = |(period, at): (usize, &(usize, f64))| *at == (period, 0.0);
        let each_its_own = knots.entries.len() == self.periods && knots.at.iter().enumerate().all(is_own);
        each_its_own.then(|| knots.entries.clone())
    }

    /// Entries of the shifts of all places but the first.
    pub(crate) fn shifts(&self) -> Range<usize> {
        self.shifts.clone()
    }

    /// Room for [`Baseline::predict`] and [`Baseline::pull_back`].
    pub(crate) fn room(&self) -> BaselineRoom {
        BaselineRoom { by_period: vec![0.0; self.periods], by_place: vec![0.0; self.width] }
    }

    /// Fills `mean`, period by period, with the scaled outcome that the parameters expect.
    pub(crate) fn predict(&self, values: &[f64], mean: &mut [f64], room: &mut BaselineRoom) {
        if self.width == 1 {
            self.common(values, mean);
            return;
        }
        self.common(values, &mut room.by_period);
        for (mean, level) in rows_mut(mean, self.width).zip(&room.by_period) {
            let Some((first, others)) = mean.split_first_mut() else { continue };
            *first = *level;
            for (mean, shift) in others.iter_mut().zip(&values[self.shifts.clone()]) {
                *mean = level + shift;
            }
        }
        for control in &self.controls {
            control.coefficients(values, &mut room.by_place);
            add_by_place(mean, &room.by_place, &control.values);
        }
    }

    /// What is the same in all places.
    fn common(&self, values: &[f64], out: &mut [f64]) {
        if let Some(knots) = &self.knots {
            let levels = &values[knots.entries.clone()];
            for (out, (knot, share)) in out.iter_mut().zip(&knots.at) {
                let next = if *share > 0.0 { levels[knot + 1] } else { 0.0 };
                *out = (1.0 - share) * levels[*knot] + share * next;
            }
        } else {
            out.fill(0.0);
        }
        for (entry, column) in &self.columns {
            add_scaled(out, values[*entry], column);
        }
    }

    /// Adds to `by_value` the derivatives of `Σ pull · mean` by the parameters.
    pub(crate) fn pull_back(&self, values: &[f64], pull: &[f64], room: &mut BaselineRoom, by_value: &mut [f64]) {
        if self.width == 1 {
            self.pull_common(pull, by_value);
            return;
        }
        for (sum, pull) in room.by_period.iter_mut().zip(rows(pull, self.width)) {
            *sum = pull.iter().sum();
        }
        self.pull_common(&room.by_period, by_value);
        room.by_place.fill(0.0);
        for pull in rows(pull, self.width) {
            for (sum, pull) in room.by_place.iter_mut().zip(pull) {
                *sum += pull;
            }
        }
        for (by, sum) in by_value[self.shifts.clone()].iter_mut().zip(room.by_place.iter().skip(1)) {
            *by += sum;
        }
        for control in &self.controls {
            room.by_place.fill(0.0);
            sum_by_place(&mut room.by_place, pull, &control.values);
            let (spread, deviations) = (values[control.spread], &values[control.deviations.clone()]);
            by_value[control.mean] += room.by_place.iter().sum::<f64>();
            by_value[control.spread] += dot(&room.by_place, deviations);
            add_scaled(&mut by_value[control.deviations.clone()], spread, &room.by_place);
        }
    }

    fn pull_common(&self, pull: &[f64], by_value: &mut [f64]) {
        if let Some(knots) = &self.knots {
            let by_level = &mut by_value[knots.entries.clone()];
            for (pull, (knot, share)) in pull.iter().zip(&knots.at) {
                by_level[*knot] += (1.0 - share) * pull;
                if *share > 0.0 {
                    by_level[knot + 1] += share * pull;
                }
            }
        }
        for (entry, column) in &self.columns {
            by_value[*entry] += dot(column, pull);
        }
    }

    /// The controls in several places whose coefficients the data know well: entries of the mean and the standard deviation of the
    /// places' coefficients and of their deviations. `outcome` is scaled, period by period, 0 where it is missing.
    ///
    /// Each place's coefficient is first estimated by least squares, from the outcome's distance to the mean of the places in the
    /// period. Where these estimates differ by more than their errors, the coefficients themselves are the better coordinates; else
    /// their deviations are (Papaspiliopoulos, Roberts & Sköld 2007, Statistical Science 22, 59–73).
    pub(crate) fn well_known(&self, outcome: &[f64]) -> Vec<(usize, usize, Range<usize>)> {
        let known = |control: &&PlacedControl| {
            let (mut products, mut squares, mut scatter) =
                (vec![0.0; self.width], vec![0.0; self.width], vec![0.0; self.width]);
            for (outcome, values) in rows(outcome, self.width).zip(rows(&control.values, self.width)) {
                let mean = outcome.iter().sum::<f64>() / self.width as f64;
                for (place, (outcome, value)) in outcome.iter().zip(values).enumerate() {
                    products[place] += value * (outcome - mean);
                    squares[place] += value * value;
                    scatter[place] += (outcome - mean).powi(2);
                }
            }
            let used = || (0..self.width).filter(|place| squares[*place] > 0.0);
            let slopes: Vec<f64> = used().map(|place| products[place] / squares[place]).collect();
            let count = slopes.len() as f64;
            let error = used().map(|place| scatter[place] / self.periods as f64 / squares[place]).sum::<f64>() / count;
            let mean = slopes.iter().sum::<f64>() / count;
            let spread = slopes.iter().map(|slope| (slope - mean).powi(2)).sum::<f64>() / (count - 1.0);
            count > 1.0 && spread - error > error
        };
        let entries = |control: &PlacedControl| (control.mean, control.spread, control.deviations.clone());
        self.controls.iter().filter(known).map(entries).collect()
    }

    /// Puts the coefficients of controls in each place where `values` has their deviations.
    pub(crate) fn name_places(&self, values: &mut [f64]) {
        for control in &self.controls {
            let (mean, spread) = (values[control.mean], values[control.spread]);
            values[control.deviations.clone()].iter_mut().for_each(|value| *value = mean + spread * *value);
        }
    }
}

impl PlacedControl {
    fn coefficients(&self, values: &[f64], out: &mut [f64]) {
        let (mean, spread) = (values[self.mean], values[self.spread]);
        for (out, deviation) in out.iter_mut().zip(&values[self.deviations.clone()]) {
            *out = mean + spread * deviation;
        }
    }
}

/// Adds a parameter for each item, side by side.
fn add_each(
    layout: &mut Layout,
    family: &str,
    items: impl Iterator<Item = String>,
    default: Prior,
) -> Result<Range<usize>> {
    let mut range = None;
    for item in items {
        let at = layout.add_of(family, &item, Domain::Real, default)?;
        range = Some(range.map_or(at, |(start, _)| start)).map(|start| (start, at + 1));
    }
    Ok(range.map_or(0..0, |(start, end)| start..end))
}

#[cfg(test)]
mod tests;
