//! Typed cells: what a column's text means, and its conversion to Arrow types.

mod cursor;
mod detect;
mod number;
mod time;

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int64Builder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::DataType;
use mercer_base::Money;
use serde::{Deserialize, Serialize};

use crate::batch::as_text;
pub use detect::{FormatTally, detect_format};
pub(crate) use number::{Number, plain_integer, read_number};
pub(crate) use time::{Moment, TimeReading, compact_date, from_epoch, read_time};

/// What a cell is to become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CellType {
    /// A key: text without blanks around it, and without the `.0` of numbers that passed through a float.
    Id,
    /// Words, without blanks around them.
    Text,
    /// A point in time: `Timestamp(Microsecond)` without a zone; times with an offset are turned into UTC.
    Timestamp,
    /// A day: `Date32`; a time of day is left out.
    Date,
    /// An amount: `Decimal128(18, 4)`, rounded half to even beyond four decimals.
    Money,
    /// A number of units: `Decimal128(18, 4)` too, so that quantity × price stays exact and 0.125 kg fits.
    Quantity,
    /// A whole number: `Int64`.
    Integer,
    /// A number: `Float64`.
    Float,
    /// Yes or no: `Boolean`.
    Bool,
}

impl CellType {
    /// The Arrow type of converted columns.
    #[must_use]
    pub fn data_type(self) -> DataType {
        match self {
            Self::Id | Self::Text => DataType::Utf8,
            Self::Timestamp => DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, None),
            Self::Date => DataType::Date32,
            Self::Money | Self::Quantity => DataType::Decimal128(Money::PRECISION, Money::SCALE),
            Self::Integer => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Bool => DataType::Boolean,
        }
    }

    /// What a value of this type is called in a sentence.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Id => "an id",
            Self::Text => "text",
            Self::Timestamp => "a time",
            Self::Date => "a date",
            Self::Money => "an amount",
            Self::Quantity => "a quantity",
            Self::Integer => "a whole number",
            Self::Float => "a number",
            Self::Bool => "yes or no",
        }
    }
}

/// The sign before the decimals of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum DecimalMark {
    /// `1,234.50`
    #[default]
    #[serde(rename = ".")]
    Point,
    /// `1.234,50`
    #[serde(rename = ",")]
    Comma,
}

/// What a plain number counts where a time is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EpochUnit {
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Millis,
    /// Microseconds since 1970.
    Micros,
    /// Days of a spreadsheet's calendar (1 = 1 January 1900, with Excel's 29 February 1900). Only when asked for.
    ExcelDays,
}

/// How the values of one column are written. Found over the column by [`detect_format`], or said by the user.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CellFormat {
    /// The sign before the decimals.
    pub decimal_mark: DecimalMark,
    /// Whether `03/04/2024` is the third of April. Without it, dates that could be either are refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day_first: Option<bool>,
    /// What plain numbers count where a time is wanted. Without it, only `20240105` and its like are times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch: Option<EpochUnit>,
    /// Whether ids lose a trailing `.0`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub strip_point_zero: bool,
}

/// A converted column.
#[derive(Debug, Clone)]
pub struct Converted {
    /// The values, as long as the column; null where it was empty or could not be read.
    pub array: ArrayRef,
    /// Rows (from 0, rising) that hold something that cannot be read as the type. [`explain`] says why.
    pub bad: Vec<usize>,
}

/// Converts a column of any type to `to`.
///
/// Empty cells and words that stand for a missing value (`NA`, `NULL`, `NaN`, `#N/A`, `\N`, …) become null without
/// being bad; [`CellType::Text`] keeps such words.
#[must_use]
pub fn convert(column: &ArrayRef, to: CellType, format: &CellFormat) -> Converted {
    let text = as_text(column);
    let values = || text.iter();
    let mut bad = Vec::new();
    // One loop for each type: `read` gives the value or notes the row as bad.
    macro_rules! build {
        ($builder:expr, $read:expr) => {{
            let mut builder = $builder;
            let read = $read;
            for (row, value) in values().enumerate() {
                let Some(value) = value.map(str::trim).filter(|value| !value.is_empty()) else {
                    builder.append_null();
                    continue;
                };
                let cell = read(value);
                if cell.is_none() && !is_missing_word(value) {
                    bad.push(row);
                }
                builder.append_option(cell);
            }
            Arc::new(builder.finish()) as ArrayRef
        }};
    }
    let (rows, bytes) = (text.len(), text.value_data().len());
    let array = match to {
        CellType::Text => build!(StringBuilder::with_capacity(rows, bytes), |value| Some::<&str>(value)),
        CellType::Id => build!(StringBuilder::with_capacity(rows, bytes), |value| read_id(value, format)),
        CellType::Timestamp => {
            build!(TimestampMicrosecondBuilder::with_capacity(rows), |value| read_moment(value, format)
                .ok()
                .map(|moment| moment.micros))
        }
        CellType::Date => {
            build!(Date32Builder::with_capacity(rows), |value| read_moment(value, format).ok().and_then(Moment::days))
        }
        CellType::Money | CellType::Quantity => {
            let builder = Decimal128Builder::with_capacity(rows).with_data_type(to.data_type());
            build!(builder, |value| read_fixed(value, to, format).ok())
        }
        CellType::Integer => build!(Int64Builder::with_capacity(rows), |value| {
            read_number(value, format.decimal_mark).and_then(Number::to_i64)
        }),
        CellType::Float => build!(Float64Builder::with_capacity(rows), |value| {
            read_number(value, format.decimal_mark).and_then(Number::to_f64)
        }),
        CellType::Bool => build!(BooleanBuilder::with_capacity(rows), read_bool),
    };
    Converted { array, bad }
}

/// Why `value` cannot be read as `to`, in words for a rejected row. Meant for rows in [`Converted::bad`].
#[must_use]
pub fn explain(value: &str, to: CellType, format: &CellFormat) -> String {
    let value = value.trim();
    let why = match to {
        CellType::Timestamp | CellType::Date => read_moment(value, format).err(),
        CellType::Money | CellType::Quantity => read_fixed(value, to, format).err(),
        CellType::Integer => read_number(value, format.decimal_mark).map(|number| match number.to_f64() {
            Some(float) if float.fract() != 0.0 => "it has decimals",
            _ => "it is too large",
        }),
        _ => None,
    };
    let shown = shorten(value, 60);
    match why {
        Some(why) if !why.is_empty() => format!("`{shown}` is not {}: {why}", to.noun()),
        _ => format!("`{shown}` is not {}", to.noun()),
    }
}

/// At most `length` characters of a text, with `…` where some are left out.
pub(crate) fn shorten(text: &str, length: usize) -> Cow<'_, str> {
    match text.char_indices().nth(length) {
        Some((end, _)) => Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(text),
    }
}

/// Whether a word stands for a missing value, as statistics programs and databases write them.
#[must_use]
pub fn is_missing_word(word: &str) -> bool {
    const WORDS: [&str; 14] =
        ["na", "n/a", "nan", "null", "none", "nil", "#n/a", "\\n", "(null)", "<na>", "-", "?", "nat", "--"];
    word.len() <= 6 && WORDS.iter().any(|missing| missing.eq_ignore_ascii_case(word))
}

fn read_id<'a>(value: &'a str, format: &CellFormat) -> Option<&'a str> {
    if is_missing_word(value) {
        return None;
    }
    Some(if format.strip_point_zero { without_point_zero(value) } else { value })
}

/// `17850.0` as `17850`; anything else as it is.
pub(crate) fn without_point_zero(value: &str) -> &str {
    match value.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') && plain_integer(whole) => {
            whole
        }
        _ => value,
    }
}

/// Yes or no in the words people use.
pub(crate) fn read_bool(value: &str) -> Option<bool> {
    const YES: [&str; 6] = ["true", "yes", "y", "t", "1", "on"];
    const NO: [&str; 6] = ["false", "no", "n", "f", "0", "off"];
    let among = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(value));
    if among(&YES) {
        return Some(true);
    }
    if among(&NO) {
        return Some(false);
    }
    match value {
        "1.0" => Some(true),
        "0.0" => Some(false),
        _ => None,
    }
}

/// An amount or quantity in ten-thousandths, or why it is none.
fn read_fixed(value: &str, to: CellType, format: &CellFormat) -> Result<i128, &'static str> {
    let number = read_number(value, format.decimal_mark).ok_or("")?;
    if number.percent && to == CellType::Money {
        return Err("it is a percentage");
    }
    number.to_fixed(Money::SCALE, Money::PRECISION).ok_or("it is too large for 18 digits with 4 decimals")
}

/// A time as the column writes it, or why it is none.
fn read_moment(value: &str, format: &CellFormat) -> Result<Moment, &'static str> {
    if let Some(unit) = format.epoch
        && let Some(number) = read_number(value, DecimalMark::Point).filter(|number| number.plain)
    {
        return time::from_epoch(number, unit).ok_or("it is outside the years 1900 to 2100");
    }
    match read_time(value) {
        Some(reading) => reading.resolve(format.day_first),
        None => Err(""),
    }
}
