//! Rows of tables put into places by periods.

use std::collections::BTreeMap;

use mercer_base::frame::{Frame, NO_MOMENT};
use mercer_base::{Error, Result};
use mercer_method::day::{day_of, written_day};

use super::calendar::Calendar;
use super::{MOST_PLACES, MOST_ROWS};

/// Larger numbers are mistakes, and their squares would not be finite.
const LARGEST: f64 = 1e100;

/// A row of the main table that has a date and a place.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Where it stands in the table.
    pub(super) at: usize,
    pub(super) day: i32,
    pub(super) geo: String,
}

/// What becomes of several values of one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fold {
    Sum,
    Mean,
}

/// Places by periods, and where each row of the main table belongs.
#[derive(Debug)]
pub(super) struct Grid {
    pub(super) calendar: Calendar,
    pub(super) geos: Vec<String>,
    /// Rows of the main table with their cell, by cell and then by day.
    cells: Vec<(usize, usize)>,
}

impl Grid {
    /// Puts rows into places by periods.
    ///
    /// # Errors
    /// When two rows are of the same place and day, or there are too many places.
    pub(super) fn new(calendar: Calendar, rows: &[Row]) -> Result<Self> {
        let mut geos: Vec<String> = rows.iter().map(|row| row.geo.clone()).collect();
        geos.sort_unstable();
        geos.dedup();
        if geos.len() > MOST_PLACES || geos.len() * calendar.periods() > MOST_ROWS {
            return Err(Error::data(format!(
                "{} places by {} periods are no panel of markets",
                geos.len(),
                calendar.periods()
            ))
            .with_hint("map geo to a column of regions"));
        }
        let mut sorted: Vec<(usize, i32, usize)> = rows
            .iter()
            .filter_map(|row| {
                let geo = geos.binary_search(&row.geo).ok()?;
                Some((geo * calendar.periods() + calendar.place(row.day)?, row.day, row.at))
            })
            .collect();
        sorted.sort_unstable();
        let same = |a: &(usize, i32, usize), b: &(usize, i32, usize)| a.0 == b.0 && (a.1 == b.1 || !calendar.folds);
        if let Some(pair) = sorted.windows(2).find(|pair| same(&pair[0], &pair[1])) {
            let geo = geos.get(pair[0].0 / calendar.periods()).filter(|geo| !geo.is_empty());
            let place = geo.map_or_else(String::new, |geo| format!(" of {geo}"));
            return Err(Error::data(format!("there are two rows for {}{place}", written_day(pair[1].1)))
                .with_hint("give one row for each period and place; name the column of places with --map geo=COLUMN"));
        }
        let cells = sorted.into_iter().map(|(cell, _, at)| (cell, at)).collect();
        Ok(Self { calendar, geos, cells })
    }

    pub(super) fn rows(&self) -> usize {
        self.geos.len() * self.calendar.periods()
    }

    /// For each row of the main table its cell.
    pub(super) fn places(&self, rows: usize) -> Vec<Option<usize>> {
        let mut places = vec![None; rows];
        for (cell, at) in &self.cells {
            if let Some(place) = places.get_mut(*at) {
                *place = Some(*cell);
            }
        }
        places
    }

    /// A column of numbers, by cell; `none` where there is no value.
    pub(super) fn fold(&self, frame: &Frame, name: &str, fold: Fold, none: f64) -> Result<Vec<f64>> {
        self.fold_values(frame, name, frame.numbers(name)?, fold, none)
    }

    /// The values of the main table's rows, by cell; `none` where there is no value.
    ///
    /// # Errors
    /// When a value is too large to compute with.
    pub(super) fn fold_values(
        &self,
        frame: &Frame,
        name: &str,
        values: &[f64],
        fold: Fold,
        none: f64,
    ) -> Result<Vec<f64>> {
        let mut sums = vec![(0.0, 0.0); self.rows()];
        for (cell, at) in &self.cells {
            let value = values.get(*at).copied().unwrap_or(f64::NAN);
            if value.is_nan() {
                continue;
            }
            if value.abs() > LARGEST {
                return Err(Error::data(format!("{}: {name} is {value}", frame.place(*at)))
                    .with_hint("correct it, or leave the row out"));
            }
            if let Some(sum) = sums.get_mut(*cell) {
                *sum = (sum.0 + value, sum.1 + 1.0);
            }
        }
        let folded = |(sum, number): (f64, f64)| match (number > 0.0, fold) {
            (false, _) => none,
            (true, Fold::Sum) => sum,
            (true, Fold::Mean) => sum / number,
        };
        Ok(sums.into_iter().map(folded).collect())
    }

    /// A column of exposure or spend: 0 where it is missing, never below 0.
    ///
    /// # Errors
    /// When a value is negative.
    pub(super) fn amounts(&self, frame: &Frame, name: &str, notes: &mut Vec<String>) -> Result<Vec<f64>> {
        let values = frame.numbers(name)?;
        if let Some((_, at)) = self.cells.iter().find(|(_, at)| values.get(*at).is_some_and(|value| *value < 0.0)) {
            return Err(negative(frame, name, *at, values[*at]));
        }
        let missing = self.cells.iter().filter(|(_, at)| values.get(*at).is_none_or(|value| value.is_nan())).count();
        if missing > 0 {
            notes.push(format!("{name} is empty in {missing} rows, which count as 0"));
        }
        self.fold(frame, name, Fold::Sum, 0.0)
    }

    /// The mean of a column by place; 1 where it is missing.
    ///
    /// # Errors
    /// When it is not above 0.
    pub(super) fn mean_of_place(&self, frame: &Frame, name: &str) -> Result<Vec<f64>> {
        if frame.column(name).is_none() {
            return Ok(vec![1.0; self.geos.len()]);
        }
        let values = self.fold(frame, name, Fold::Mean, f64::NAN)?;
        let each = values.chunks_exact(self.calendar.periods().max(1)).zip(&self.geos);
        each.map(|(values, geo)| {
            let known: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
            let mean = known.iter().sum::<f64>() / known.len() as f64;
            if mean > 0.0 {
                return Ok(mean);
            }
            Err(Error::data(format!("{name} of {geo} is not above 0")).with_hint("fill it in, or leave the column out"))
        })
        .collect()
    }

    /// The channels of a table with a row for each channel and day, by name, and the spend of each by cell.
    ///
    /// # Errors
    /// When spend is negative, or places do not fit those of the outcomes.
    pub(super) fn channels(&self, media: &Frame) -> Result<(Vec<String>, Vec<Vec<f64>>)> {
        let (moments, names, spend) = (media.moments("date")?, media.words("channel")?, media.numbers("spend")?);
        let geos = media.column("geo").map(|_| media.words("geo")).transpose()?;
        let has_places = self.geos.iter().any(|geo| !geo.is_empty());
        // Kept apart and sorted, so that the order of rows does not change a sum in its last bit.
        let mut amounts: BTreeMap<&str, Vec<(usize, f64)>> = BTreeMap::new();
        for (at, (moment, spend)) in moments.iter().zip(spend).enumerate() {
            let Some(name) = names.get(at).filter(|name| !name.is_empty()) else { continue };
            let of_channel = amounts.entry(name).or_default();
            if spend.is_nan() || *moment == NO_MOMENT {
                continue;
            }
            if *spend < 0.0 {
                return Err(negative(media, "spend", at, *spend));
            }
            let geo = match (has_places, geos.and_then(|geos| geos.get(at))) {
                (false, _) => 0,
                (true, Some(geo)) => match self.geos.binary_search_by(|known| known.as_str().cmp(geo)) {
                    Ok(geo) => geo,
                    Err(_) => continue,
                },
                (true, None) => {
                    return Err(Error::data(format!(
                        "{}: geo is missing, where outcomes have places",
                        media.place(at)
                    ))
                    .with_hint("name the place of each row, or leave geo out of the outcomes"));
                }
            };
            if let Some(period) = self.calendar.place(day_of(*moment)) {
                of_channel.push((geo * self.calendar.periods() + period, *spend));
            }
        }
        let mut sums = Vec::with_capacity(amounts.len());
        let mut channels = Vec::with_capacity(amounts.len());
        for (name, mut of_channel) in amounts {
            of_channel.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
            let mut cells = vec![0.0; self.rows()];
            for (cell, spend) in of_channel {
                if let Some(sum) = cells.get_mut(cell) {
                    *sum += spend;
                }
            }
            channels.push(name.to_owned());
            sums.push(cells);
        }
        Ok((channels, sums))
    }

    /// A cell in words: "on 2 Apr 2018 in Geo0".
    pub(super) fn words(&self, cell: usize) -> String {
        let periods = self.calendar.periods().max(1);
        let day = self.calendar.days().get(cell % periods).map_or_else(String::new, |day| written_day(*day));
        match self.geos.get(cell / periods).filter(|geo| !geo.is_empty()) {
            Some(geo) => format!("on {day} in {geo}"),
            None => format!("on {day}"),
        }
    }
}

fn negative(frame: &Frame, name: &str, at: usize, value: f64) -> Error {
    Error::data(format!("{}: {name} is {value}, below 0", frame.place(at)))
        .with_hint("put credits into the period they belong to; spend and exposure cannot be negative")
}
