//! Dates and times as people and programs write them.

use chrono::NaiveDate;

use super::cursor::{Cursor, clock_micros, number};
use super::{EpochUnit, Number};

pub(super) const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// A point in time without a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    /// Microseconds since 1970-01-01 00:00.
    pub(crate) micros: i64,
    /// Whether a time of day was written.
    pub(crate) has_time: bool,
}

impl Moment {
    /// Whether it is the start of a day.
    pub(crate) fn is_midnight(self) -> bool {
        self.micros.rem_euclid(DAY) == 0
    }

    /// Days since 1970-01-01.
    pub(crate) fn days(self) -> Option<i32> {
        i32::try_from(self.micros.div_euclid(DAY)).ok()
    }
}

/// What a text can mean as a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeReading {
    /// One meaning.
    Certain(Moment),
    /// Day and month are both numbers: the meaning under either order, where that is a date.
    Either { day_first: Option<Moment>, month_first: Option<Moment> },
}

impl TimeReading {
    /// The meaning where the column's order is known, or why there is none.
    pub(crate) fn resolve(self, day_first: Option<bool>) -> Result<Moment, &'static str> {
        match (self, day_first) {
            (Self::Certain(moment), _) => Ok(moment),
            (Self::Either { day_first, .. }, Some(true)) => day_first.ok_or("no such day when the day comes first"),
            (Self::Either { month_first, .. }, Some(false)) => {
                month_first.ok_or("no such day when the month comes first")
            }
            (Self::Either { day_first, month_first }, None) => match (day_first, month_first) {
                (Some(day), Some(month)) if day != month => Err("day and month could be either way round"),
                (day, month) => day.or(month).ok_or(""),
            },
        }
    }
}

/// Years that are taken for real; anything else is a slip of the keyboard or a placeholder.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2100;

fn day_micros(year: i32, month: u32, day: u32) -> Option<i64> {
    if !YEARS.contains(&year) {
        return None;
    }
    let epoch = NaiveDate::default();
    NaiveDate::from_ymd_opt(year, month, day).map(|date| date.signed_duration_since(epoch).num_days() * DAY)
}

/// A number as a time under `unit`; `None` outside the years 1900 to 2100.
pub(crate) fn from_epoch(number: Number, unit: EpochUnit) -> Option<Moment> {
    const DIGITS: u8 = 30;
    // The number in units of 10^-6 of itself; a second's fraction down to the microsecond is exact.
    let millionths = number.to_fixed(6, DIGITS)?;
    let micros = match unit {
        EpochUnit::Seconds => millionths,
        EpochUnit::Millis => millionths / 1_000,
        EpochUnit::Micros => millionths / 1_000_000,
        EpochUnit::ExcelDays => {
            // Excel counts a 29 February 1900 that never was: days from 61 on are one too many.
            let shift = if millionths >= 60_000_000 { 25_569 } else { 25_568 };
            millionths.checked_mul(86_400)?.checked_sub(shift * i128::from(DAY))?
        }
    };
    let micros = i64::try_from(micros).ok()?;
    let (first, last) = (day_micros(*YEARS.start(), 1, 1)?, day_micros(*YEARS.end(), 12, 31)? + DAY);
    let has_time = unit != EpochUnit::ExcelDays || micros.rem_euclid(DAY) != 0;
    (first..last).contains(&micros).then_some(Moment { micros, has_time })
}

/// `20240105` as a day.
pub(crate) fn compact_date(text: &str) -> Option<Moment> {
    let bytes = text.as_bytes();
    if bytes.len() != 8 {
        return None;
    }
    let day =
        day_micros(i32::try_from(number(bytes.get(..4)?)?).ok()?, number(bytes.get(4..6)?)?, number(bytes.get(6..)?)?)?;
    Some(Moment { micros: day, has_time: false })
}

/// Reads a time; `None` where the text is not one. Plain numbers are times only as `20240105` or `20240105103000`.
pub(crate) fn read_time(text: &str) -> Option<TimeReading> {
    let text = text.trim();
    if let Some(moment) = read_iso(text.as_bytes()) {
        return Some(TimeReading::Certain(moment));
    }
    // Nothing that people call a date is longer; long texts are told apart fast.
    if text.len() > 48 || text.len() < 6 {
        return None;
    }
    let mut cursor = Cursor { rest: text.as_bytes() };
    if cursor.peek().is_some_and(|byte| byte.is_ascii_alphabetic()) {
        read_worded(&mut cursor)
    } else {
        read_digits(&mut cursor)
    }
}

/// The fast path: `2024-01-05`, `2024-01-05 10:20:30`, `2024-01-05T10:20:30`.
fn read_iso(bytes: &[u8]) -> Option<Moment> {
    let (date, time) = bytes.split_at_checked(10)?;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *date else { return None };
    let year = number(&[y1, y2, y3, y4])?;
    let day = day_micros(i32::try_from(year).ok()?, number(&[m1, m2])?, number(&[d1, d2])?)?;
    match *time {
        [] => Some(Moment { micros: day, has_time: false }),
        [b' ' | b'T', h1, h2, b':', m1, m2, b':', s1, s2] => {
            let clock = clock_micros(number(&[h1, h2])?, number(&[m1, m2])?, number(&[s1, s2])?, 0)?;
            Some(Moment { micros: day + clock, has_time: true })
        }
        _ => None,
    }
}

/// The year of two or four digits; two digits mean 1969 to 2068, as POSIX has it.
fn full_year(digits: &[u8]) -> Option<i32> {
    let year = i32::try_from(number(digits)?).ok()?;
    match (digits.len(), year) {
        (2, 0..=68) => Some(2_000 + year),
        (2, _) => Some(1_900 + year),
        (4, _) => Some(year),
        _ => None,
    }
}

/// `Jan 5, 2024 10:00`, `Friday, 5 January 2024`, `Fri Jan  5 10:00:00 2024`, `Jan 2024`.
fn read_worded(cursor: &mut Cursor<'_>) -> Option<TimeReading> {
    let mut word = cursor.word();
    if is_weekday(word) {
        cursor.skip(b" ,.");
        if cursor.peek()?.is_ascii_digit() {
            return read_digits(cursor);
        }
        word = cursor.word();
    }
    let month = month_number(word)?;
    cursor.skip(b" .-/");
    let first = cursor.digits();
    if first.len() == 4 {
        return cursor.finish_day(day_micros(full_year(first)?, month, 1)?);
    }
    let day = number(first).filter(|_| matches!(first.len(), 1 | 2))?;
    cursor.ordinal();
    cursor.skip(b" ,.-/");
    // C's asctime puts the time before the year.
    let mut ahead = Cursor { rest: cursor.rest };
    if let Some(clock) = ahead.clock() {
        ahead.skip(b" ");
        let year = ahead.digits();
        if year.len() == 4 && ahead.rest.is_empty() {
            let micros = day_micros(full_year(year)?, month, day)? + clock;
            return Some(TimeReading::Certain(Moment { micros, has_time: true }));
        }
    }
    let year = full_year(cursor.digits())?;
    cursor.finish_day(day_micros(year, month, day)?)
}

/// Everything that starts with a digit.
fn read_digits(cursor: &mut Cursor<'_>) -> Option<TimeReading> {
    let first = cursor.digits();
    match first.len() {
        8 => {
            let day = compact_date(std::str::from_utf8(first).ok()?)?;
            cursor.finish_day(day.micros)
        }
        14 if cursor.rest.is_empty() => {
            let (day, clock) = first.split_at_checked(8)?;
            let day = compact_date(std::str::from_utf8(day).ok()?)?;
            let clock = clock_micros(number(clock.get(..2)?)?, number(clock.get(2..4)?)?, number(clock.get(4..)?)?, 0)?;
            Some(TimeReading::Certain(Moment { micros: day.micros + clock, has_time: true }))
        }
        4 => read_year_first(first, cursor),
        1 | 2 => read_day_or_month_first(first, cursor),
        _ => None,
    }
}

/// `2024-1-5`, `2024/01/05`, `2024.01.05`, `2024-Jan-05`, `2024-01`, `1987 Jan`.
fn read_year_first(first: &[u8], cursor: &mut Cursor<'_>) -> Option<TimeReading> {
    let year = full_year(first)?;
    let separator = cursor.take()?;
    if !matches!(separator, b'-' | b'/' | b'.' | b' ') {
        return None;
    }
    let worded = cursor.peek()?.is_ascii_alphabetic();
    let month = if worded { month_number(cursor.word())? } else { cursor.one_or_two()? };
    if !worded && separator == b' ' {
        return None;
    }
    // `2024.05` is a number rather than a month.
    if cursor.rest.is_empty() && separator != b'.' {
        return cursor.finish_day(day_micros(year, month, 1)?);
    }
    (cursor.take()? == separator).then_some(())?;
    let day = cursor.one_or_two()?;
    cursor.finish_day(day_micros(year, month, day)?)
}

/// `05/01/2024`, `5.1.24`, `5-Jan-2024`, `5 Jan 2024`, `01/2024`.
fn read_day_or_month_first(first: &[u8], cursor: &mut Cursor<'_>) -> Option<TimeReading> {
    let one = number(first)?;
    cursor.ordinal();
    cursor.skip_first(b". ");
    let separator = match cursor.peek()? {
        byte if byte.is_ascii_alphabetic() => b' ',
        _ => cursor.take()?,
    };
    cursor.skip(b" ");
    if cursor.peek()?.is_ascii_alphabetic() {
        let month = month_number(cursor.word())?;
        cursor.skip(b" ,.-/");
        let year = full_year(cursor.digits())?;
        return cursor.finish_day(day_micros(year, month, one)?);
    }
    let second = cursor.digits();
    if second.len() == 4 && separator == b'/' && cursor.rest.is_empty() {
        return cursor.finish_day(day_micros(full_year(second)?, one, 1)?);
    }
    let two = number(second).filter(|_| matches!(second.len(), 1 | 2))?;
    if !matches!(separator, b'/' | b'-' | b'.') || cursor.take()? != separator {
        return None;
    }
    let year = full_year(cursor.digits())?;
    let (clock, has_time) = cursor.clock_and_zone()?;
    let moment = |month, day| day_micros(year, month, day).map(|day| Moment { micros: day + clock, has_time });
    let (day_first, month_first) = (moment(two, one), moment(one, two));
    (day_first.is_some() || month_first.is_some()).then_some(TimeReading::Either { day_first, month_first })
}

fn month_number(word: &[u8]) -> Option<u32> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let position = if word.eq_ignore_ascii_case(b"sept") {
        Some(8)
    } else {
        MONTHS.iter().position(|month| {
            let month = month.as_bytes();
            word.eq_ignore_ascii_case(month) || month.get(..3).is_some_and(|short| word.eq_ignore_ascii_case(short))
        })
    };
    u32::try_from(position? + 1).ok()
}

fn is_weekday(word: &[u8]) -> bool {
    const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    word.len() >= 3
        && DAYS.iter().any(|day| day.as_bytes().get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The meaning as ISO text, `T` only where a time of day was written.
    fn shown(moment: Moment) -> String {
        let time = chrono::DateTime::from_timestamp_micros(moment.micros).unwrap().naive_utc();
        let form = if moment.has_time { "%Y-%m-%dT%H:%M:%S%.f" } else { "%Y-%m-%d" };
        time.format(form).to_string()
    }

    fn read(text: &str, day_first: Option<bool>) -> Option<String> {
        read_time(text).and_then(|reading| reading.resolve(day_first).ok()).map(shown)
    }

    #[test]
    fn times_with_one_meaning() {
        let cases = [
            ("2024-01-05", "2024-01-05"),
            ("2024-1-5", "2024-01-05"),
            ("2024/01/05", "2024-01-05"),
            ("2024.01.05", "2024-01-05"),
            ("2024-01-05 10:20:30", "2024-01-05T10:20:30"),
            ("2024-01-05T10:20:30", "2024-01-05T10:20:30"),
            ("2024-01-05T10:20:30Z", "2024-01-05T10:20:30"),
            ("2024-01-05T10:20:30.123456789Z", "2024-01-05T10:20:30.123456"),
            ("2024-01-05T10:20:30.5+02:00", "2024-01-05T08:20:30.500"),
            ("2024-01-05 10:00:00 +0100", "2024-01-05T09:00:00"),
            ("2024-01-05 23:00:00 -0200", "2024-01-06T01:00:00"),
            ("2024-01-05 10:00:00 UTC", "2024-01-05T10:00:00"),
            ("2019-10-01 10:00", "2019-10-01T10:00:00"),
            ("20240105", "2024-01-05"),
            ("20240105T102030Z", "2024-01-05T10:20:30"),
            ("20240105102030", "2024-01-05T10:20:30"),
            ("2024-01", "2024-01-01"),
            ("01/2024", "2024-01-01"),
            ("1987 Jan", "1987-01-01"),
            ("Jan 1987", "1987-01-01"),
            ("5 Jan 2024", "2024-01-05"),
            ("05-Jan-24", "2024-01-05"),
            ("5. January 2024", "2024-01-05"),
            ("5th January 2024, 10:20", "2024-01-05T10:20:00"),
            ("Jan 5, 2024", "2024-01-05"),
            ("January 5th, 2024 at 10:00", ""),
            ("Sept 5 2024 9:05 pm", "2024-09-05T21:05:00"),
            ("5 Jan 2024 10pm", "2024-01-05T22:00:00"),
            ("Fri, 05 Jan 2024 10:20:30 GMT", "2024-01-05T10:20:30"),
            ("Fri Jan  5 10:20:30 2024", "2024-01-05T10:20:30"),
            ("2024-Jan-05", "2024-01-05"),
            (" 2024-02-29 ", "2024-02-29"),
            ("25/12/2024", "2024-12-25"),
            ("12/25/2024", "2024-12-25"),
            ("05/05/2024", "2024-05-05"),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text, None).unwrap_or_default(), expected, "{text}");
        }
    }

    #[test]
    fn the_column_says_which_number_is_the_day() {
        let cases = [
            ("03/04/2024", "2024-04-03", "2024-03-04"),
            ("3.4.24", "2024-04-03", "2024-03-04"),
            ("03-04-2024 12:30 AM", "2024-04-03T00:30:00", "2024-03-04T00:30:00"),
            ("3/4/99 12:30:05 PM", "1999-04-03T12:30:05", "1999-03-04T12:30:05"),
        ];
        for (text, day_first, month_first) in cases {
            assert_eq!(read(text, Some(true)).as_deref(), Some(day_first), "{text}");
            assert_eq!(read(text, Some(false)).as_deref(), Some(month_first), "{text}");
            assert_eq!(read(text, None), None, "{text} could be either");
        }
        assert_eq!(read("25/12/2024", Some(false)), None);
    }

    #[test]
    fn what_is_no_time() {
        let cases = [
            "",
            "2024",
            "2024-13-01",
            "2023-02-29",
            "1899-12-31",
            "2101-01-01",
            "20241301",
            "12.2024",
            "2024.05",
            "may",
            "May 5",
            "45-54",
            "415-382-4657",
            "10:20:30",
            "1-2-3-4",
            "2024-01-05x",
            "2024-01-05 25:00:00",
            "1704448800",
            "2024-01-05 10",
            "5/1",
            "1/2/345",
            "13:00 PM 2024-01-01",
            "2024-01-05 13:00 PM",
            "7590-VHVEG",
            "1998 Q1",
        ];
        for text in cases {
            assert_eq!(read_time(text), None, "{text}");
        }
    }

    #[test]
    fn plain_numbers_count_from_1970_only_when_asked() {
        let number = |text| crate::cell::read_number(text, crate::cell::DecimalMark::Point).unwrap();
        let cases = [
            ("1704448800", EpochUnit::Seconds, "2024-01-05T10:00:00"),
            ("1704448800.25", EpochUnit::Seconds, "2024-01-05T10:00:00.250"),
            ("1704448800123", EpochUnit::Millis, "2024-01-05T10:00:00.123"),
            ("1704448800123456", EpochUnit::Micros, "2024-01-05T10:00:00.123456"),
            ("45296", EpochUnit::ExcelDays, "2024-01-05"),
            ("45296.25", EpochUnit::ExcelDays, "2024-01-05T06:00:00"),
            ("1", EpochUnit::ExcelDays, "1900-01-01"),
        ];
        for (text, unit, expected) in cases {
            assert_eq!(from_epoch(number(text), unit).map(shown).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(
            from_epoch(number("1704448800"), EpochUnit::Millis).map(shown).as_deref(),
            Some("1970-01-20T17:27:28.800")
        );
        assert_eq!(from_epoch(number("99999999999"), EpochUnit::Seconds), None);
    }

    proptest::proptest! {
        #[test]
        fn every_moment_comes_back(seconds in -2_208_988_800_i64..4_133_980_800, micros in 0_u32..1_000_000) {
            let time = chrono::DateTime::from_timestamp(seconds, micros * 1_000).unwrap().naive_utc();
            let expected = Some(time.and_utc().timestamp_micros());
            let read = |form: &str, day_first| {
                let text = time.format(form).to_string();
                read_time(&text).and_then(|reading| reading.resolve(day_first).ok()).map(|moment| moment.micros)
            };
            for form in ["%Y-%m-%d %H:%M:%S%.6f", "%Y-%m-%dT%H:%M:%S%.6fZ", "%d %b %Y %H:%M:%S%.6f", "%Y%m%dT%H%M%S%.6f"] {
                proptest::prop_assert_eq!(read(form, None), expected, "{}", form);
            }
            proptest::prop_assert_eq!(read("%d/%m/%Y %H:%M:%S%.6f", Some(true)), expected);
            proptest::prop_assert_eq!(read("%m/%d/%Y %I:%M:%S%.6f %p", Some(false)), expected);
        }

        #[test]
        fn no_text_stops_it(text in "\\PC{0,24}|[-+0-9/.: TZaApPmMjJnN,]{0,24}") {
            if let Some(reading) = read_time(&text) {
                let _ = (reading.resolve(None), reading.resolve(Some(true)), reading.resolve(Some(false)));
            }
        }
    }
}
