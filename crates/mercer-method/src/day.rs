//! Days: how moments are counted in days, written and read.

use chrono::{DateTime, NaiveDate, NaiveTime};
use mercer_base::{Error, Result};

/// Microseconds of a day.
pub const MICROS_A_DAY: i64 = 86_400_000_000;

/// The day of a moment in microseconds, counted from 1970.
#[must_use]
pub fn day_of(micros: i64) -> i32 {
    i32::try_from(micros.div_euclid(MICROS_A_DAY)).unwrap_or(if micros < 0 { i32::MIN } else { i32::MAX })
}

/// A day as `2011-12-09`.
#[must_use]
pub fn written_day(day: i32) -> String {
    let date = DateTime::from_timestamp(i64::from(day) * 86_400, 0);
    date.map_or_else(|| format!("day {day}"), |date| date.format("%Y-%m-%d").to_string())
}

/// The day that the parameter `name` means, written as `2011-12-09`.
///
/// # Errors
/// When it is no day.
pub fn read_day(name: &str, text: &str) -> Result<i32> {
    let date = NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d")
        .map_err(|_| Error::config(format!("{name} = \"{text}\" is no day")).with_hint("write it as 2011-12-09"))?;
    Ok(day_of(date.and_time(NaiveTime::MIN).and_utc().timestamp_micros()))
}

/// The day `months` calendar months earlier; the last day of its month where that month has no such day.
#[must_use]
pub fn months_before(day: i32, months: u32) -> Option<i32> {
    let date = DateTime::from_timestamp(i64::from(day) * 86_400, 0)?.date_naive();
    let earlier = date.checked_sub_months(chrono::Months::new(months))?;
    Some(day_of(earlier.and_time(NaiveTime::MIN).and_utc().timestamp_micros()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_written_and_read() {
        for (day, text) in [(0, "1970-01-01"), (15_317, "2011-12-09"), (-1, "1969-12-31"), (19_782, "2024-02-29")] {
            assert_eq!(written_day(day), text);
            assert_eq!(read_day("until", text).unwrap(), day);
        }
        for text in ["2011-02-30", "9.12.2011", "2011-13-01", ""] {
            assert!(read_day("until", text).is_err(), "{text}");
        }
    }

    #[test]
    fn months_end_where_they_end() {
        let day = |text| read_day("day", text).unwrap();
        assert_eq!(months_before(day("2024-03-31"), 1), Some(day("2024-02-29")));
        assert_eq!(months_before(day("2011-12-09"), 12), Some(day("2010-12-09")));
        assert_eq!(day_of(-1), -1, "the moment before 1970 is on the day before");
    }
}
