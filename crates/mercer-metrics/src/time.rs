//! Windows, grains and calendar periods, and how moments are written in SQL.

use chrono::{Datelike, Days, Months, NaiveDate, NaiveDateTime, TimeDelta};
use mercer_base::{Error, Result};

/// A moment in the project's time zone, to the microsecond.
pub type Moment = NaiveDateTime;

/// The most periods one statement may ask for.
const MOST_PERIODS: usize = 10_000;

/// A stretch of time: from a moment (included) to a later one (excluded).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    from: Moment,
    to: Moment,
}

impl Window {
    /// The window `[from, to)`.
    ///
    /// # Errors
    /// When it would be empty or run backwards.
    pub fn new(from: Moment, to: Moment) -> Result<Self> {
        if from >= to {
            return Err(Error::config(format!("a window from {from} to {to} is empty"))
                .with_hint("the end of a window must lie after its start"));
        }
        Ok(Self { from, to })
    }

    /// The `days` days that end at `until`.
    ///
    /// # Errors
    /// When there is no day in it, or the calendar does not reach back that far.
    pub fn last_days(until: Moment, days: u64) -> Result<Self> {
        Self::new(until.checked_sub_days(Days::new(days)).unwrap_or(until), until)
    }

    /// The `months` calendar months that were over at `until`.
    ///
    /// # Errors
    /// When there is no month in it, or the calendar does not reach back that far.
    pub fn last_months(until: Moment, months: u32) -> Result<Self> {
        let end = Grain::Month.start_of(until);
        Self::new(end.checked_sub_months(Months::new(months)).unwrap_or(end), end)
    }

    /// The first moment inside.
    #[must_use]
    pub fn from(&self) -> Moment {
        self.from
    }

    /// The first moment after.
    #[must_use]
    pub fn to(&self) -> Moment {
        self.to
    }

    /// The window of equal length that ends where this one begins.
    #[must_use]
    pub fn previous(&self) -> Self {
        let length = self.to - self.from;
        Self { from: self.from.checked_sub_signed(length).unwrap_or(Moment::MIN), to: self.from }
    }

    /// Whole days inside, rounded down.
    #[must_use]
    pub fn days(&self) -> i64 {
        (self.to - self.from).num_days()
    }
}

/// The length of the periods that a window is cut into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grain {
    /// The window as one period.
    Total,
    /// Calendar days.
    Day,
    /// Weeks from Monday (ISO 8601).
    Week,
    /// Calendar months.
    Month,
    /// Calendar quarters.
    Quarter,
    /// Calendar years.
    Year,
}

impl Grain {
    /// Its name in tables: `month`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    /// The start of the calendar period that `at` lies in; `at` itself for [`Grain::Total`].
    #[must_use]
    pub fn start_of(self, at: Moment) -> Moment {
        let day = at.date();
        let start = match self {
            Self::Total => return at,
            Self::Day => Some(day),
            Self::Week => day.checked_sub_days(Days::new(u64::from(day.weekday().num_days_from_monday()))),
            Self::Month => day.with_day(1),
            Self::Quarter => NaiveDate::from_ymd_opt(day.year(), day.month0() / 3 * 3 + 1, 1),
            Self::Year => NaiveDate::from_ymd_opt(day.year(), 1, 1),
        };
        start.unwrap_or(day).into()
    }

    /// The period start `steps` periods after `start`; `None` past the end of the calendar and for [`Grain::Total`].
    pub(crate) fn step(self, start: Moment, steps: u32) -> Option<Moment> {
        match self {
            Self::Total => None,
            Self::Day => start.checked_add_days(Days::new(u64::from(steps))),
            Self::Week => start.checked_add_days(Days::new(7 * u64::from(steps))),
            Self::Month => start.checked_add_months(Months::new(steps)),
            Self::Quarter => start.checked_add_months(Months::new(steps.checked_mul(3)?)),
            Self::Year => start.checked_add_months(Months::new(steps.checked_mul(12)?)),
        }
    }

    /// SQL for the start of the period that the moment in column `time` lies in.
    pub(crate) fn sql(self, time: &str, window: &Window) -> String {
        match self {
            Self::Total => literal(window.from),
            grain => format!("date_trunc('{}', {time})", grain.name()),
        }
    }
}

/// One period of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Its first moment.
    pub start: Moment,
    /// The first moment after it.
    pub end: Moment,
    /// The start of the period before.
    pub previous: Moment,
    /// Whether it lies inside the window and was over by the time up to which data are known.
    pub complete: bool,
}

/// The periods that a window touches, in order; whole calendar periods even where the window cuts them.
///
/// # Errors
/// When there are more than ten thousand.
pub fn periods(window: &Window, grain: Grain, known_until: Moment) -> Result<Vec<Period>> {
    if grain == Grain::Total {
        let complete = window.to <= known_until;
        let previous = window.previous().from;
        return Ok(vec![Period { start: window.from, end: window.to, previous, complete }]);
    }
    let mut periods = Vec::new();
    let mut start = grain.start_of(window.from);
    // The day before a period's start lies in the period before.
    let mut previous = grain.start_of(start.checked_sub_signed(TimeDelta::days(1)).unwrap_or(start));
    while start < window.to {
        if periods.len() == MOST_PERIODS {
            let message = format!(
                "more than {MOST_PERIODS} periods of a {} between {} and {}",
                grain.name(),
                window.from,
                window.to
            );
            return Err(Error::config(message).with_hint("ask for a longer period or a shorter window"));
        }
        let Some(end) = grain.step(start, 1) else { break };
        let complete = start >= window.from && end <= window.to.min(known_until);
        periods.push(Period { start, end, previous, complete });
        previous = start;
        start = end;
    }
    Ok(periods)
}

/// A moment as a SQL literal in microseconds, the unit of the lake's columns.
#[must_use]
pub fn literal(at: Moment) -> String {
    format!("TIMESTAMP(6) '{}'", at.format("%Y-%m-%d %H:%M:%S%.6f"))
}

/// Text as a SQL literal.
#[must_use]
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A name as a SQL identifier.
#[must_use]
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> Moment {
        text.parse::<NaiveDate>().unwrap().into()
    }

    #[test]
    fn months_know_their_neighbours_and_whether_they_are_over() {
        let window = Window::new(day("2011-01-15"), day("2011-04-01")).unwrap();
        let months = periods(&window, Grain::Month, day("2011-03-10")).unwrap();
        let starts: Vec<_> = months.iter().map(|month| month.start.date().to_string()).collect();
        assert_eq!(starts, ["2011-01-01", "2011-02-01", "2011-03-01"]);
        assert_eq!(months[0].previous, day("2010-12-01"));
        // January is cut by the window, March was not over when the data end.
        assert_eq!(months.iter().map(|month| month.complete).collect::<Vec<_>>(), [false, true, false]);
    }

    #[test]
    fn weeks_begin_on_monday_and_quarters_in_their_first_month() {
        assert_eq!(Grain::Week.start_of(day("2011-12-09")), day("2011-12-05"));
        assert_eq!(Grain::Quarter.start_of(day("2011-12-09")), day("2011-10-01"));
        assert_eq!(Grain::Year.start_of(day("2011-12-09")), day("2011-01-01"));
    }

    #[test]
    fn an_empty_window_is_refused() {
        assert!(Window::new(day("2011-01-01"), day("2011-01-01")).is_err());
        assert_eq!(Window::new(day("2011-01-11"), day("2011-01-21")).unwrap().previous().from(), day("2011-01-01"));
    }

    #[test]
    fn what_comes_from_outside_is_escaped() {
        assert_eq!(quoted("O'Neill"), "'O''Neill'");
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
    }

    proptest! {
        #[test]
        fn periods_follow_each_other_and_cover_the_window(start in 0_i64..2_000_000, hours in 1_i64..20_000, grain in 0_usize..5) {
            let grain = [Grain::Day, Grain::Week, Grain::Month, Grain::Quarter, Grain::Year][grain];
            let from = day("1990-01-01") + TimeDelta::minutes(start * 11);
            let window = Window::new(from, from + TimeDelta::hours(hours)).unwrap();
            let known_until = window.to() - TimeDelta::hours(hours / 3);
            let periods = periods(&window, grain, known_until).unwrap();
            prop_assert!(periods[0].start <= from && from < periods[0].end);
            let last = periods[periods.len() - 1];
            prop_assert!(last.start < window.to() && window.to() <= last.end);
            for pair in periods.windows(2) {
                prop_assert_eq!(pair[0].end, pair[1].start);
                prop_assert_eq!(pair[1].previous, pair[0].start);
            }
            for period in &periods {
                prop_assert_eq!(grain.start_of(period.start), period.start);
                prop_assert_eq!(grain.step(period.previous, 1), Some(period.start));
                prop_assert_eq!(period.complete, period.start >= from && period.end <= known_until);
            }
        }
    }
}
