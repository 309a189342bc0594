//! Finding how a column writes its numbers, dates and ids from its values.

use super::number::plain_integer;
use super::{CellFormat, CellType, DecimalMark, EpochUnit, is_missing_word, read_time, without_point_zero};
use crate::cell::TimeReading;

/// Counts over the values of one column from which its format follows. Feed it every value, or as many as you like.
#[derive(Debug, Clone, Default)]
pub struct FormatTally {
    values: u64,
    integers: u64,
    point_zero: u64,
    point: u64,
    comma: u64,
    maybe_point: u64,
    maybe_comma: u64,
    day_first: u64,
    month_first: u64,
    either: u64,
    /// The values (as bits) that the first and the second number of two-way dates took.
    first_numbers: u32,
    second_numbers: u32,
    half_days: u64,
    epoch: [u64; 3],
    /// A date that could be either way round, for the note.
    example: Option<String>,
}

impl FormatTally {
    /// Counts one value; empty ones and words for missing values say nothing.
    pub fn add(&mut self, value: &str) {
        let value = value.trim();
        if value.is_empty() || is_missing_word(value) {
            return;
        }
        self.add_number_signs(value);
        if !plain_integer(value)
            && let Some(reading) = read_time(value)
        {
            self.add_time(value, reading);
        }
    }

    /// Counts what a value says about ids, epochs and decimal marks.
    pub(crate) fn add_number_signs(&mut self, value: &str) {
        self.values += 1;
        let bytes = value.as_bytes();
        if !bytes.iter().any(u8::is_ascii_digit) {
            return;
        }
        if plain_integer(value) {
            self.integers += 1;
            self.add_epoch(value);
            return;
        }
        let whole = without_point_zero(value);
        if whole.len() < value.len() {
            self.point_zero += 1;
            self.add_epoch(whole);
        }
        self.add_marks(value);
    }

    fn add_epoch(&mut self, digits: &str) {
        // 1990-01-01 to 2050-01-01 in seconds, and the same in milli- and microseconds.
        const FIRST: i64 = 631_152_000;
        const LAST: i64 = 2_524_608_000;
        let Ok(number) = digits.parse::<i64>() else { return };
        for (count, unit) in self.epoch.iter_mut().zip([1, 1_000, 1_000_000]) {
            *count += u64::from((FIRST * unit..LAST * unit).contains(&number));
        }
    }

    fn add_marks(&mut self, value: &str) {
        let (mut points, mut commas, mut last) = (0_u32, 0_u32, None);
        for (index, sign) in value.char_indices() {
            match sign {
                '.' => (points, last) = (points + 1, Some((index, sign))),
                ',' => (commas, last) = (commas + 1, Some((index, sign))),
                // Words with digits in them are no numbers, and dates have their own marks.
                ':' | '/' | '@' | '_' => return,
                _ => {}
            }
        }
        let Some((index, sign)) = last else { return };
        let after = value.get(index + 1..).unwrap_or_default();
        let decimals = after.bytes().take_while(u8::is_ascii_digit).count();
        let before = value.get(..index).unwrap_or_default();
        let leading = before.bytes().rev().take_while(u8::is_ascii_digit).count();
        if (leading == 0 && decimals == 0)
            || after.bytes().skip(decimals).any(|byte| byte.is_ascii_digit()) && !after.contains(['e', 'E'])
        {
            return;
        }
        // `1.234` and `1,234` may be a thousand and more, or one and a bit.
        let group_like = decimals == 3
            && (1..=3).contains(&leading)
            && !before.trim_start_matches(['-', '(', '$', '€', '£']).starts_with('0');
        match (sign, points, commas) {
            ('.', 1, 0) if group_like => self.maybe_point += 1,
            (',', 0, 1) if group_like => self.maybe_comma += 1,
            ('.', 1, _) => self.point += 1,
            (',', _, 1) => self.comma += 1,
            // The same mark twice only parts thousands.
            ('.', _, 0) if decimals == 3 => self.comma += 1,
            (',', 0, _) if decimals == 3 => self.point += 1,
            _ => {}
        }
    }

    /// Counts which of a two-way date's numbers can be the day.
    pub(crate) fn add_time(&mut self, value: &str, reading: TimeReading) {
        let TimeReading::Either { day_first, month_first } = reading else { return };
        match (day_first, month_first) {
            (Some(_), None) => self.day_first += 1,
            (None, Some(_)) => self.month_first += 1,
            (Some(_), Some(_)) => {
                self.either += 1;
                if self.example.is_none() && day_first != month_first {
                    self.example = Some(value.to_owned());
                }
            }
            (None, None) => {}
        }
        let mut numbers =
            value.split(|sign: char| !sign.is_ascii_digit()).filter_map(|digits| digits.parse::<u32>().ok());
        self.first_numbers |= numbers.next().and_then(|number| 1_u32.checked_shl(number)).unwrap_or(0);
        self.second_numbers |= numbers.next().and_then(|number| 1_u32.checked_shl(number)).unwrap_or(0);
        self.half_days += u64::from(value.ends_with(['m', 'M', '.']));
    }

    /// Whether dates were seen whose day and month could be either way round, and no value of the column decides.
    #[must_use]
    pub fn ambiguous_day_month(&self) -> bool {
        self.day_first == 0 && self.month_first == 0 && self.example.is_some()
    }

    /// The format that the values counted so far follow.
    #[must_use]
    pub fn format(&self) -> CellFormat {
        CellFormat {
            decimal_mark: self.decimal_mark(),
            day_first: self.day_order(),
            epoch: self.epoch_unit(),
            strip_point_zero: self.point_zero > 0 && self.integers + self.point_zero == self.values,
        }
    }

    fn decimal_mark(&self) -> DecimalMark {
        if self.comma > self.point { DecimalMark::Comma } else { DecimalMark::Point }
    }

    fn day_order(&self) -> Option<bool> {
        if self.day_first + self.month_first + self.either == 0 {
            return None;
        }
        if self.day_first != self.month_first {
            return Some(self.day_first > self.month_first);
        }
        let (first, second) = (self.first_numbers.count_ones(), self.second_numbers.count_ones());
        Some(match (first, second) {
            // The first of each month: the number that never changes is the day.
            (1, 2..) => true,
            (2.., 1) => false,
            // Those who write AM and PM mostly write the month first.
            _ => self.half_days == 0,
        })
    }

    fn epoch_unit(&self) -> Option<EpochUnit> {
        let units = [EpochUnit::Seconds, EpochUnit::Millis, EpochUnit::Micros];
        let fits = |count: u64| self.values > 0 && u128::from(count) * 1_000 >= u128::from(self.values) * 995;
        units.into_iter().zip(self.epoch).find(|(_, count)| fits(*count)).map(|(unit, _)| unit)
    }

    /// What a person should decide before the column is read as `to`, if anything.
    #[must_use]
    pub fn note(&self, to: CellType) -> Option<String> {
        match to {
            CellType::Timestamp | CellType::Date => self.time_note(),
            CellType::Money | CellType::Quantity | CellType::Integer | CellType::Float => self.number_note(),
            CellType::Id | CellType::Text | CellType::Bool => None,
        }
    }

    fn time_note(&self) -> Option<String> {
        let order = if self.day_order()? { "the day" } else { "the month" };
        if self.day_first > 0 && self.month_first > 0 {
            return Some(format!(
                "{} dates can only have the day first and {} only the month first; read with {order} first",
                self.day_first, self.month_first
            ));
        }
        self.ambiguous_day_month().then(|| {
            let example = self.example.as_deref().unwrap_or_default();
            format!("no date shows whether day or month comes first (`{example}`); read with {order} first")
        })
    }

    fn number_note(&self) -> Option<String> {
        if self.comma > 0 && self.point > 0 {
            let mark = if self.decimal_mark() == DecimalMark::Comma { "comma" } else { "point" };
            return Some(format!(
                "{} numbers have a decimal point and {} a decimal comma; read with a decimal {mark}",
                self.point, self.comma
            ));
        }
        let undecided = self.comma == 0 && self.point == 0;
        if undecided && self.maybe_comma > 0 {
            return Some(
                "the comma in numbers such as `1,234` could part thousands or decimals; read as thousands".into(),
            );
        }
        let only_groups = self.maybe_point == self.values && self.values > 0;
        (undecided && only_groups)
            .then(|| "the point in numbers such as `1.234` could part thousands or decimals; read as decimals".into())
    }
}

/// How a column's values are written, for reading them as `to`, and what a person should decide where the values do
/// not say, such as whether day or month comes first.
#[must_use]
pub fn detect_format<'a>(values: impl IntoIterator<Item = &'a str>, to: CellType) -> (CellFormat, Option<String>) {
    let mut tally = FormatTally::default();
    for value in values {
        tally.add(value);
    }
    (tally.format(), tally.note(to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(values: &[&str], to: CellType) -> (CellFormat, Option<String>) {
        detect_format(values.iter().copied(), to)
    }

    #[test]
    fn the_decimal_mark_is_decided_over_the_column() {
        let mark = |values: &[&str]| found(values, CellType::Money).0.decimal_mark;
        assert_eq!(mark(&["1.234", "12,5"]), DecimalMark::Comma);
        assert_eq!(mark(&["1,234", "12.5"]), DecimalMark::Point);
        assert_eq!(mark(&["1.234.567"]), DecimalMark::Comma);
        assert_eq!(mark(&["1.234,50 €", "7"]), DecimalMark::Comma);
        assert_eq!(mark(&["0,125"]), DecimalMark::Comma);
        assert_eq!(mark(&["1e3", "12"]), DecimalMark::Point);
    }

    #[test]
    fn undecided_numbers_are_noted() {
        assert!(found(&["1,234", "5,678"], CellType::Money).1.is_some_and(|note| note.contains("thousands")));
        assert_eq!(found(&["1,234", "5,678.10"], CellType::Money).1, None);
        assert_eq!(found(&["1.234", "5"], CellType::Money).1, None);
        assert!(found(&["1.5", "2.5", "2,5"], CellType::Float).1.is_some_and(|note| note.contains("decimal point")));
    }

    #[test]
    fn one_date_decides_for_the_column() {
        assert_eq!(
            found(&["03/04/2024", "25/04/2024"], CellType::Date),
            (CellFormat { day_first: Some(true), ..CellFormat::default() }, None)
        );
        assert_eq!(found(&["03/04/2024", "04/25/2024"], CellType::Date).0.day_first, Some(false));
        assert_eq!(found(&["2024-03-04"], CellType::Date).0.day_first, None);
        let (format, note) = found(&["03/04/2024", "05/06/2024"], CellType::Date);
        assert_eq!(format.day_first, Some(true));
        assert!(note.is_some_and(|note| note.contains("`03/04/2024`")));
        // Months in a row: what never changes is the day.
        assert_eq!(found(&["01/01/2024", "02/01/2024", "03/01/2024"], CellType::Date).0.day_first, Some(false));
        assert_eq!(found(&["01/01/2024", "01/02/2024", "01/03/2024"], CellType::Date).0.day_first, Some(true));
        assert!(
            found(&["25/04/2024", "04/25/2024"], CellType::Date)
                .1
                .is_some_and(|note| note.contains("only the month first"))
        );
    }

    #[test]
    fn epochs_and_float_like_ids() {
        assert_eq!(found(&["1704448800", "1704448801"], CellType::Timestamp).0.epoch, Some(EpochUnit::Seconds));
        assert_eq!(found(&["1704448800000"], CellType::Timestamp).0.epoch, Some(EpochUnit::Millis));
        assert_eq!(found(&["1704448800", "17"], CellType::Timestamp).0.epoch, None);
        assert!(found(&["17850.0", "", "NaN", "12345"], CellType::Id).0.strip_point_zero);
        assert!(!found(&["17850.0", "1.5"], CellType::Id).0.strip_point_zero);
    }
}
