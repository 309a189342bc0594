//! The window's days and clock, and how demand moves with the seasons.

use std::fmt::Write as _;

use chrono::{Datelike, Days, NaiveDate};
use rand::Rng;

use crate::chance;
use crate::config::ShopConfig;
use crate::number;

/// Seconds since the midnight on which the shop opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(pub i64);

/// Seconds in a day.
pub(crate) const DAY: i64 = 86_400;
/// Days after the window that are simulated for the truth only (what customers do next).
pub(crate) const AFTER: u32 = 365;

impl Moment {
    /// The moment `days` (with fraction) after the opening, to the second.
    #[must_use]
    pub fn from_days(days: f64) -> Self {
        Self(number::floor(days * 86_400.0))
    }

    /// Days since the opening, with fraction.
    #[must_use]
    pub fn days(self) -> f64 {
        number::real_of(self.0) / 86_400.0
    }

    /// Number of the day, counted from the opening day as 0.
    #[must_use]
    pub fn day(self) -> i64 {
        self.0.div_euclid(DAY)
    }

    /// This moment, later by so many seconds.
    #[must_use]
    pub fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }
}

/// Relative demand by month, January first: moving and spring cleaning, a summer dip, the weeks before Christmas.
const BY_MONTH: [f64; 12] = [1.02, 0.90, 1.04, 1.06, 1.02, 0.92, 0.82, 0.86, 1.00, 1.04, 1.28, 1.14];
/// Relative demand by weekday, Monday first.
const BY_WEEKDAY: [f64; 7] = [0.96, 0.92, 0.94, 0.97, 0.98, 1.06, 1.17];

/// Relative order volume by hour of day in the web shop.
const WEB_HOURS: [f64; 24] = [
    0.5, 0.2, 0.1, 0.1, 0.1, 0.3, 0.8, 1.6, 2.4, 3.0, 3.4, 3.5, 3.6, 3.4, 3.3, 3.4, 3.6, 4.0, 4.6, 5.6, 6.6, 6.2, 3.8,
    1.6,
];
/// Relative volume by hour where people must be there: the showroom and the telephone.
const STAFFED_HOURS: [f64; 24] = [
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.6, 1.2, 1.6, 1.3, 1.2, 1.4, 1.6, 1.7, 1.5, 0.9, 0.0, 0.0, 0.0, 0.0,
    0.0,
];

#[derive(Debug, Clone)]
struct DayFacts {
    iso: String,
    dotted: String,
    month: usize,
    year: i32,
    sunday: bool,
    season: f64,
}

/// The days of the window (and the year after it), with what depends on them.
#[derive(Debug, Clone)]
pub struct Calendar {
    start: NaiveDate,
    days: u32,
    facts: Vec<DayFacts>,
    season_peak: f64,
}

impl Calendar {
    /// The calendar of a shop's window.
    #[must_use]
    pub fn new(config: &ShopConfig) -> Self {
        let mut facts: Vec<DayFacts> = (0..u64::from(config.days) + u64::from(AFTER))
            .map(|day| {
                let date = config.start.checked_add_days(Days::new(day)).unwrap_or(config.start);
                let month = number::index(u64::from(date.month0()));
                let weekday = number::index(u64::from(date.weekday().num_days_from_monday()));
                let season = if config.seasonality { BY_MONTH[month] * BY_WEEKDAY[weekday] } else { 1.0 };
                DayFacts {
                    iso: date.format("%Y-%m-%d").to_string(),
                    dotted: date.format("%d.%m.%Y").to_string(),
                    month,
                    year: date.year(),
                    sunday: weekday == 6,
                    season,
                }
            })
            .collect();
        // The mean over the window is 1, so that a customer's rate keeps its meaning.
        let window = number::index(u64::from(config.days));
        let mean = facts.iter().take(window).map(|day| day.season).sum::<f64>() / f64::from(config.days);
        for day in &mut facts {
            day.season /= mean;
        }
        let season_peak = facts.iter().map(|day| day.season).fold(0.0, f64::max);
        Self { start: config.start, days: config.days, facts, season_peak }
    }

    /// Length of the window in days.
    #[must_use]
    pub fn days(&self) -> u32 {
        self.days
    }

    /// First moment after the window.
    #[must_use]
    pub fn end(&self) -> Moment {
        Moment(i64::from(self.days) * DAY)
    }

    /// The date of a day of any number, also outside the window; `None` beyond the calendar's reach.
    #[must_use]
    pub fn date(&self, day: i64) -> Option<NaiveDate> {
        self.start.checked_add_signed(chrono::TimeDelta::try_days(day)?)
    }

    /// Month of the year (0 = January).
    #[must_use]
    pub fn month(&self, at: Moment) -> usize {
        self.facts(at).month
    }

    /// Calendar year.
    #[must_use]
    pub fn year(&self, at: Moment) -> i32 {
        self.facts(at).year
    }

    /// Whether the showroom is closed.
    #[must_use]
    pub fn is_sunday(&self, at: Moment) -> bool {
        self.facts(at).sunday
    }

    /// Relative demand on the day of `at`; 1 on average over the window.
    #[must_use]
    pub fn season(&self, at: Moment) -> f64 {
        self.facts(at).season
    }

    /// The highest value of [`Calendar::season`].
    #[must_use]
    pub fn season_peak(&self) -> f64 {
        self.season_peak
    }

    /// Every calendar year of the window, in order.
    #[must_use]
    pub fn years(&self) -> Vec<i32> {
        (self.year(Moment(0))..=self.year(self.end().plus(-1))).collect()
    }

    /// `2024-03-01`.
    #[must_use]
    pub fn iso_date(&self, at: Moment) -> &str {
        &self.facts(at).iso
    }

    /// Appends `2024-03-01`, the separator and `17:04:09`.
    pub fn push_iso(&self, at: Moment, separator: char, out: &mut String) {
        out.push_str(self.iso_date(at));
        out.push(separator);
        let (hour, minute, second) = clock(at);
        push_two(hour, out);
        out.push(':');
        push_two(minute, out);
        out.push(':');
        push_two(second, out);
    }

    /// Appends `01.03.2024 17:04`, as a European spreadsheet writes it.
    pub fn push_dotted(&self, at: Moment, out: &mut String) {
        out.push_str(&self.facts(at).dotted);
        let (hour, minute, _) = clock(at);
        // Writing to a string cannot fail.
        let _ = write!(out, " {hour:02}:{minute:02}");
    }

    /// A time on the day of `at` as web shoppers keep (`staffed`: as opening hours have it).
    pub(crate) fn time_of_day(&self, dice: &mut impl Rng, at: Moment, staffed: bool) -> Moment {
        let hours = if staffed { STAFFED_HOURS } else { WEB_HOURS };
        let hour = i64::try_from(chance::weighted(dice, hours.iter().copied())).unwrap_or(12);
        Moment(at.day() * DAY + hour * 3_600 + chance::whole(dice, 0, 3_599))
    }

    fn facts(&self, at: Moment) -> &DayFacts {
        let last = self.facts.len().saturating_sub(1);
        let day = usize::try_from(at.day()).unwrap_or(0).min(last);
        &self.facts[day]
    }
}

fn clock(at: Moment) -> (u8, u8, u8) {
    let second = at.0.rem_euclid(DAY);
    let part = |value: i64| u8::try_from(value).unwrap_or(0);
    (part(second / 3_600), part(second / 60 % 60), part(second % 60))
}

fn push_two(value: u8, out: &mut String) {
    out.push(char::from(b'0' + value / 10 % 10));
    out.push(char::from(b'0' + value % 10));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_in_both_forms() {
        let calendar = Calendar::new(&ShopConfig::default());
        let at = Moment(60 * DAY + 17 * 3_600 + 4 * 60 + 9);
        let mut text = String::new();
        calendar.push_iso(at, 'T', &mut text);
        assert_eq!(text, "2024-03-01T17:04:09");
        text.clear();
        calendar.push_dotted(at, &mut text);
        assert_eq!(text, "01.03.2024 17:04");
        assert_eq!(calendar.years(), [2024, 2025, 2026]);
    }

    #[test]
    fn seasons_average_to_one_and_can_be_switched_off() {
        let mean = |config: &ShopConfig| {
            let calendar = Calendar::new(config);
            (0..912).map(|day| calendar.season(Moment(day * DAY))).sum::<f64>() / 912.0
        };
        assert!((mean(&ShopConfig::default()) - 1.0).abs() < 1e-9);
        let flat = Calendar::new(&ShopConfig { seasonality: false, ..ShopConfig::default() });
        assert!((flat.season_peak() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_showroom_is_open_by_day_only() {
        let calendar = Calendar::new(&ShopConfig::default());
        let dice = &mut chance::dice(mercer_base::Seed(1), "test", 0);
        for _ in 0..1_000 {
            let at = calendar.time_of_day(dice, Moment(3 * DAY), true);
            assert_eq!(at.day(), 3);
            assert!((9..19).contains(&(at.0 % DAY / 3_600)), "{at:?}");
        }
    }
}
