//! Counting over the values of one column.

use std::collections::HashSet;

use super::{ColumnProfile, Distinct, Kind, NumberSummary, TimeSummary};
use crate::cell::{
    DecimalMark, FormatTally, Moment, Number, TimeReading, compact_date, is_missing_word, plain_integer, read_number,
    read_time, shorten, without_point_zero,
};
use crate::shape::ShapeTally;
use crate::sketch::{Sketch, hash_text};

/// Different values that are counted rather than estimated.
const EXACT_DISTINCT: usize = 100_000;
/// Different values that are kept as samples.
const SAMPLES: usize = 5;
/// Characters of a sample that are kept.
const SAMPLE_LENGTH: usize = 80;

/// What is known of a column so far.
#[derive(Default)]
pub(super) struct ColumnTally {
    filled: u64,
    empty: u64,
    missing_words: u64,
    runs: u64,
    last: String,
    last_seen: Option<Seen>,
    seen: HashSet<u64>,
    overflow: bool,
    sketch: Sketch,
    samples: Vec<String>,
    format: FormatTally,
    shapes: ShapeTally,
    point: NumberTally,
    comma: NumberTally,
    day_first: TimeTally,
    month_first: TimeTally,
    compact: TimeTally,
    bools: u64,
    characters: u64,
    longest: u64,
    leading_zeros: u64,
}

/// What one value is; kept so that a run of equal values is looked at once.
#[derive(Clone, Copy, Default)]
struct Seen {
    missing: bool,
    characters: u64,
    leading_zero: bool,
    point: Option<Number>,
    comma: Option<Number>,
    time: Option<TimeReading>,
    compact: Option<Moment>,
    bool: bool,
}

impl ColumnTally {
    /// Counts one cell.
    pub(super) fn add(&mut self, value: Option<&str>) {
        let Some(value) = value.map(str::trim).filter(|value| !value.is_empty()) else {
            self.empty += 1;
            return;
        };
        self.filled += 1;
        let seen = match self.last_seen {
            Some(seen) if self.last == value => seen,
            _ => {
                self.runs += 1;
                self.last.clear();
                self.last.push_str(value);
                self.see_new(value)
            }
        };
        self.last_seen = Some(seen);
        self.count(value, seen);
    }

    /// A value that differs from the one before it.
    fn see_new(&mut self, value: &str) -> Seen {
        let hash = hash_text(value);
        if self.seen.len() < EXACT_DISTINCT {
            if self.seen.insert(hash) && self.samples.len() < SAMPLES {
                self.samples.push(shorten(value, SAMPLE_LENGTH).into_owned());
            }
        } else if !self.overflow {
            self.overflow = !self.seen.contains(&hash);
        }
        if is_missing_word(value) {
            return Seen { missing: true, characters: length(value), ..Seen::default() };
        }
        self.sketch.add_hash(hash_text(without_point_zero(value)));
        if !plain_integer(value) {
            self.shapes.add(value);
        }
        look(value)
    }

    fn count(&mut self, value: &str, seen: Seen) {
        self.characters += seen.characters;
        self.longest = self.longest.max(seen.characters);
        if seen.missing {
            self.missing_words += 1;
            return;
        }
        self.format.add_number_signs(value);
        self.leading_zeros += u64::from(seen.leading_zero);
        self.bools += u64::from(seen.bool);
        self.point.add(seen.point);
        self.comma.add(seen.comma);
        self.compact.add(seen.compact);
        if let Some(reading) = seen.time {
            self.format.add_time(value, reading);
            self.day_first.add(reading.resolve(Some(true)).ok());
            self.month_first.add(reading.resolve(Some(false)).ok());
        }
    }

    /// The profile of what was counted.
    pub(super) fn finish(self, name: String) -> ColumnProfile {
        let format = self.format.format();
        let values = self.filled - self.missing_words;
        let nearly_all = |count: u64| values > 0 && u128::from(count) * 1_000 >= u128::from(values) * 995;
        let numbers = if format.decimal_mark == DecimalMark::Comma { &self.comma } else { &self.point };
        let times = if format.day_first == Some(false) { &self.month_first } else { &self.day_first };
        // `20240105`: a column of nothing but such numbers, more than one of them, is one of dates.
        let times_with_compact = times.merged(&self.compact);
        let compact = self.compact.count > 0 && nearly_all(times_with_compact.count) && self.leading_zeros == 0;
        let kind = if values == 0 {
            Kind::Empty
        } else if compact || nearly_all(times.count) {
            Kind::Timestamp
        } else if nearly_all(numbers.count) {
            if numbers.fractional > 0 { Kind::Decimal } else { Kind::Integer }
        } else if nearly_all(self.bools) {
            Kind::Bool
        } else {
            Kind::Text
        };
        let ambiguous = self.format.ambiguous_day_month();
        let time = match (kind, format.epoch) {
            (Kind::Timestamp, _) => times_with_compact.summary(ambiguous),
            (Kind::Integer | Kind::Decimal, Some(unit)) => numbers.epoch_summary(unit),
            _ => None,
        };
        let count = if self.overflow {
            self.sketch.distinct().max(u64::try_from(EXACT_DISTINCT).unwrap_or(0) + 1)
        } else {
            u64::try_from(self.seen.len()).unwrap_or(u64::MAX)
        };
        let to = match kind {
            Kind::Timestamp => crate::CellType::Timestamp,
            Kind::Integer | Kind::Decimal => crate::CellType::Float,
            _ => crate::CellType::Text,
        };
        ColumnProfile {
            name,
            filled: self.filled,
            empty: self.empty,
            missing_words: self.missing_words,
            distinct: Distinct { count, exact: !self.overflow },
            unique_share: ratio(count, self.filled).min(1.0),
            kind,
            format_note: self.format.note(to),
            format,
            looks_like: self.shapes.shape().filter(|_| kind != Kind::Timestamp),
            samples: self.samples,
            numeric: matches!(kind, Kind::Integer | Kind::Decimal).then(|| numbers.summary()).flatten(),
            time,
            mean_length: ratio(self.characters, self.filled),
            max_length: self.longest,
            leading_zeros: self.leading_zeros,
            values_repeat_in_runs: count > 1 && self.runs * 10 <= self.filled * 9 && self.runs * 10 <= count * 11,
            sketch: self.sketch,
            tally: self.format,
        }
    }
}

/// What a value is, by itself.
fn look(value: &str) -> Seen {
    let mut seen = Seen { characters: length(value), ..Seen::default() };
    if let [b'0', next, ..] = value.as_bytes() {
        seen.leading_zero = next.is_ascii_digit();
    }
    seen.point = read_number(value, DecimalMark::Point);
    // Only a mark makes the two readings differ.
    let marked = value.bytes().any(|byte| matches!(byte, b'.' | b','));
    seen.comma = if marked { read_number(value, DecimalMark::Comma) } else { seen.point };
    if plain_integer(value) {
        seen.compact = compact_date(value);
    } else if seen.point.is_none() || seen.comma.is_none() {
        seen.time = read_time(value);
        let words = ["true", "false", "yes", "no", "y", "n", "t", "f"];
        seen.bool = value.len() <= 5 && words.iter().any(|word| word.eq_ignore_ascii_case(value));
    }
    seen
}

fn length(value: &str) -> u64 {
    let length = if value.is_ascii() { value.len() } else { value.chars().count() };
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[allow(clippy::cast_precision_loss)]
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[derive(Default)]
struct NumberTally {
    count: u64,
    range: Option<(f64, f64)>,
    epoch_range: Option<(Number, Number)>,
    sum: f64,
    negative: u64,
    zero: u64,
    fractional: u64,
}

impl NumberTally {
    fn add(&mut self, number: Option<Number>) {
        let Some((number, value)) = number.and_then(|number| number.to_f64().map(|value| (number, value))) else {
            return;
        };
        self.count += 1;
        match &mut self.range {
            None => (self.range, self.epoch_range) = (Some((value, value)), Some((number, number))),
            Some((min, max)) => {
                if value < *min {
                    *min = value;
                    self.epoch_range = self.epoch_range.map(|(_, last)| (number, last));
                }
                if value > *max {
                    *max = value;
                    self.epoch_range = self.epoch_range.map(|(first, _)| (first, number));
                }
            }
        }
        self.sum += value;
        self.negative += u64::from(value < 0.0);
        self.zero += u64::from(value == 0.0);
        self.fractional += u64::from(number.has_fraction());
    }

    fn summary(&self) -> Option<NumberSummary> {
        #[allow(clippy::cast_precision_loss)]
        let count = self.count as f64;
        let (min, max) = self.range?;
        let (negative, zero, fractional) = (self.negative, self.zero, self.fractional);
        Some(NumberSummary { min, max, mean: self.sum / count, negative, zero, fractional })
    }

    fn epoch_summary(&self, unit: crate::EpochUnit) -> Option<TimeSummary> {
        let (first, last) = self.epoch_range?;
        let (first, last) = (crate::cell::from_epoch(first, unit)?, crate::cell::from_epoch(last, unit)?);
        let has_time_of_day = true;
        Some(TimeSummary { min: first.micros, max: last.micros, has_time_of_day, ambiguous_day_month: false })
    }
}

#[derive(Default)]
struct TimeTally {
    count: u64,
    range: Option<(i64, i64)>,
    has_time: bool,
}

impl TimeTally {
    fn add(&mut self, moment: Option<Moment>) {
        let Some(moment) = moment else { return };
        self.count += 1;
        let (min, max) = self.range.unwrap_or((moment.micros, moment.micros));
        self.range = Some((min.min(moment.micros), max.max(moment.micros)));
        // Midnight everywhere is how days look that passed through a timestamp.
        self.has_time |= moment.has_time && !moment.is_midnight();
    }

    fn merged(&self, other: &Self) -> Self {
        let range = match (self.range, other.range) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (one, two) => one.or(two),
        };
        Self { count: self.count + other.count, range, has_time: self.has_time || other.has_time }
    }

    fn summary(&self, ambiguous_day_month: bool) -> Option<TimeSummary> {
        let (min, max) = self.range?;
        Some(TimeSummary { min, max, has_time_of_day: self.has_time, ambiguous_day_month })
    }
}
