//! Periods: which step the dates have, and which period a day is in.

use chrono::{DateTime, Datelike};
use mercer_base::{Error, Result};
use mercer_method::day::written_day;

use crate::params::Period;

/// Share of periods that may be missing.
const MISSING: f64 = 0.1;
/// Days of a mean month.
const MONTH: f64 = 365.25 / 12.0;
/// 29 December 1969 was a Monday.
const MONDAY: i32 = -3;

/// Periods at even steps.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Calendar {
    first: i32,
    step: Step,
    periods: usize,
    /// Whether several days of the data fall into one period.
    pub(super) folds: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Days(i32),
    Months,
}

impl Calendar {
    /// The periods of some days, rising and each once; what is missing is told in `notes`.
    ///
    /// # Errors
    /// When they keep no step, or more than a tenth of the periods is missing.
    pub(super) fn of(days: &[i32], period: Period, notes: &mut Vec<String>) -> Result<Self> {
        let ([first, ..], [.., last]) = (days, days) else {
            return Err(Error::data("there are no dates").with_hint("a row for each week or day is needed"));
        };
        let gaps: Vec<i32> = days.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
        let step = commonest(&gaps).unwrap_or(1);
        let calendar = match (period, step) {
            (Period::Week, 1) => {
                let monday = first.saturating_add((MONDAY - first).rem_euclid(7));
                let end = last - (last - MONDAY + 1).rem_euclid(7);
                if end <= monday {
                    return Err(
                        Error::data("there is no whole week").with_hint("give more days, or use period = \"day\"")
                    );
                }
                if monday > *first || end < *last {
                    notes.push(format!(
                        "weeks from Monday, {} to {}; days before and after make no whole week",
                        written_day(monday),
                        written_day(end)
                    ));
                }
                Self { first: monday, step: Step::Days(7), periods: whole((end - monday) / 7 + 1), folds: true }
            }
            (_, 28..=31) => {
                let (from, to) = (month(*first), month(*last));
                Self { first: from, step: Step::Months, periods: whole(to - from + 1), folds: false }
            }
            (Period::Day, step) if step != 1 => {
                return Err(Error::config(format!("the data have a row every {step} days, not each day"))
                    .with_hint("leave period out"));
            }
            (_, step) => Self {
                first: *first,
                step: Step::Days(step),
                periods: whole(last.saturating_sub(*first) / step + 1),
                folds: false,
            },
        };
        if let (Step::Days(step), false) = (calendar.step, calendar.folds)
            && let Some(odd) = days.iter().find(|day| (*day - first) % step != 0)
        {
            return Err(Error::data(format!(
                "{} does not fit: from {} on there is a row every {step} days",
                written_day(*odd),
                written_day(*first)
            ))
            .with_hint("give one row a period at even steps"));
        }
        let missing = calendar.periods.saturating_sub(days.len());
        // Where days are added up, a day without a row is a day without a sale.
        if missing > 0 && !calendar.folds {
            let gap = days.windows(2).zip(&gaps).find(|(_, gap)| **gap > step).map_or(*last, |(pair, _)| pair[0]);
            let message = format!(
                "{missing} of {} periods are missing, the first of them after {}",
                calendar.periods,
                written_day(gap)
            );
            if missing as f64 > MISSING * calendar.periods as f64 {
                return Err(
                    Error::data(message).with_hint("give a row for each period, with 0 where nothing was spent")
                );
            }
            notes.push(format!("{message}; their outcome is left out, their media are taken as none"));
        }
        Ok(calendar)
    }

    /// Number of periods.
    pub(super) fn periods(&self) -> usize {
        self.periods
    }

    /// Days of a period.
    pub(super) fn step(&self) -> f64 {
        match self.step {
            Step::Days(days) => f64::from(days),
            Step::Months => MONTH,
        }
    }

    /// The period that a day is in; `None` where it is in none.
    pub(super) fn place(&self, day: i32) -> Option<usize> {
        let at = match self.step {
            Step::Days(step) => day.checked_sub(self.first)?.div_euclid(step),
            Step::Months => month(day).checked_sub(self.first)?,
        };
        usize::try_from(at).ok().filter(|at| *at < self.periods)
    }

    /// First day of each period.
    pub(super) fn days(&self) -> Vec<i32> {
        let at = |period: usize| {
            let period = i32::try_from(period).unwrap_or(i32::MAX);
            match self.step {
                Step::Days(step) => self.first.saturating_add(step.saturating_mul(period)),
                Step::Months => first_of_month(self.first.saturating_add(period)),
            }
        };
        (0..self.periods).map(at).collect()
    }
}

/// The commonest of some numbers; the smallest of those that are as common.
fn commonest(numbers: &[i32]) -> Option<i32> {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    let runs: Vec<&[i32]> = sorted.chunk_by(|a, b| a == b).collect();
    runs.iter().rev().max_by_key(|run| run.len()).map(|run| run[0])
}

fn whole(number: i32) -> usize {
    usize::try_from(number).unwrap_or(0)
}

/// Months since year 0.
fn month(day: i32) -> i32 {
    let date = DateTime::from_timestamp(i64::from(day) * 86_400, 0).unwrap_or_default();
    date.year() * 12 + i32::try_from(date.month0()).unwrap_or(0)
}

fn first_of_month(month: i32) -> i32 {
    let of_year = u32::try_from(month.rem_euclid(12)).unwrap_or(0) + 1;
    chrono::NaiveDate::from_ymd_opt(month.div_euclid(12), of_year, 1).map_or(0, |date| date.to_epoch_days())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_are_found_and_gaps_told() {
        let mut notes = Vec::new();
        let mut days: Vec<i32> = (0..40).map(|week| 17_623 + 7 * week).collect();
        let calendar = Calendar::of(&days, Period::Auto, &mut notes).unwrap();
        assert_eq!((calendar.periods(), calendar.step(), calendar.folds), (40, 7.0, false));
        assert_eq!(calendar.days(), days);
        assert!(notes.is_empty());
        days.remove(10);
        let calendar = Calendar::of(&days, Period::Auto, &mut notes).unwrap();
        assert_eq!(calendar.periods(), 40);
        assert!(notes[0].starts_with("1 of 40 periods are missing"), "{notes:?}");
        days.drain(5..15);
        assert!(Calendar::of(&days, Period::Auto, &mut notes).unwrap_err().to_string().contains("are missing"));
    }

    #[test]
    fn a_day_off_the_rhythm_is_named() {
        let days = [17_623, 17_630, 17_637, 17_640];
        let error = Calendar::of(&days, Period::Auto, &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("every 7 days"), "{error}");
    }

    #[test]
    fn days_fold_into_whole_weeks_from_monday() {
        // 17,623 is Monday 2 April 2018.
        let days: Vec<i32> = (17_621..17_640).collect();
        let mut notes = Vec::new();
        let calendar = Calendar::of(&days, Period::Week, &mut notes).unwrap();
        assert_eq!(calendar.days(), [17_623, 17_630]);
        assert_eq!((calendar.place(17_622), calendar.place(17_629), calendar.place(17_637)), (None, Some(0), None));
        assert_eq!(notes.len(), 1);
    }

    #[test]
    fn months_are_periods_too() {
        let days: Vec<i32> = (0..14).map(|at| first_of_month(2020 * 12 + at)).collect();
        let calendar = Calendar::of(&days, Period::Auto, &mut Vec::new()).unwrap();
        assert_eq!(calendar.periods(), 14);
        assert_eq!(calendar.days(), days);
        assert_eq!(calendar.place(days[3] + 20), Some(3));
    }
}
