//! What the columns of a file hold: fill, kinds, ranges, shapes and a sketch of their values.

mod column;

use std::path::{Path, PathBuf};

use mercer_base::Result;
use rayon::prelude::*;
use serde::Serialize;

use crate::batch::as_text;
use crate::cell::{CellFormat, CellType};
use crate::options::{Dialect, ReadOptions};
use crate::reader::open;
use crate::shape::Shape;
use crate::sketch::Sketch;
use column::ColumnTally;

/// Rejected rows that a profile keeps as examples.
const KEPT_REJECTED: usize = 5;

/// What a file holds.
#[derive(Debug, Clone, Serialize)]
pub struct FileProfile {
    /// The file, as it was named.
    pub path: PathBuf,
    /// How it is read.
    pub dialect: Dialect,
    /// Rows that were split into the columns.
    pub rows: u64,
    /// Rows that were not.
    pub rejected: u64,
    /// The first rejected rows, at most five.
    pub rejected_examples: Vec<crate::RejectedRow>,
    /// Rows that were mended on the way, as [`crate::RawBatch::repaired`] counts them.
    pub repaired: u64,
    /// Whether reading stopped at the number of rows that was asked for, with more to come.
    pub truncated: bool,
    /// The columns in their order.
    pub columns: Vec<ColumnProfile>,
}

/// What a column holds. Shares and counts are over the rows that were profiled.
#[derive(Debug, Clone, Serialize)]
pub struct ColumnProfile {
    /// Its name, as [`crate::Reader::columns`] has it.
    pub name: String,
    /// Cells with a value, words for missing values among them.
    pub filled: u64,
    /// Cells without.
    pub empty: u64,
    /// Filled cells that stand for a missing value, such as `NA` or `NULL`.
    pub missing_words: u64,
    /// Different values.
    pub distinct: Distinct,
    /// Different values by filled cells, 0 to 1; 1 for a key.
    pub unique_share: f64,
    /// What at least 99.5 % of the values (missing words aside) are.
    pub kind: Kind,
    /// How its numbers, dates and ids are written.
    pub format: CellFormat,
    /// What a person should decide before the column is read as its kind.
    pub format_note: Option<String>,
    /// The shape its text values share.
    pub looks_like: Option<Shape>,
    /// The first five different values.
    pub samples: Vec<String>,
    /// For numbers.
    pub numeric: Option<NumberSummary>,
    /// For times, and for whole numbers that could count seconds, milli- or microseconds since 1970 (`format.epoch`).
    pub time: Option<TimeSummary>,
    /// Characters of a filled cell, on average.
    pub mean_length: f64,
    /// Characters of the longest cell.
    pub max_length: u64,
    /// Values that start with a zero before another digit, such as `00017`: numbers do not.
    pub leading_zeros: u64,
    /// Whether equal values stand in consecutive rows, as order numbers do in a file of order lines.
    pub values_repeat_in_runs: bool,
    /// A sketch of its values, to test whether another file's column holds them (a foreign key).
    #[serde(skip)]
    pub sketch: Sketch,
    #[serde(skip)]
    tally: crate::cell::FormatTally,
}

impl ColumnProfile {
    /// What a person should decide before the column is read as `to`, such as whether the day or the month comes first.
    #[must_use]
    pub fn note_for(&self, to: CellType) -> Option<String> {
        self.tally.note(to)
    }
}

/// A number of different values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Distinct {
    /// The number.
    pub count: u64,
    /// Whether it was counted (up to 100,000) rather than estimated (to about one per cent).
    pub exact: bool,
}

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Whole numbers; `17850.0` is one.
    Integer,
    /// Numbers of which some have decimals.
    Decimal,
    /// Dates or times, `20240105` among them; plain counts of seconds are integers.
    Timestamp,
    /// Words for yes and no; 0 and 1 are integers.
    Bool,
    /// Anything else.
    Text,
    /// No values.
    Empty,
}

/// The range of a column's numbers, as binary floating point.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NumberSummary {
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
    /// The arithmetic mean.
    pub mean: f64,
    /// Cells below zero.
    pub negative: u64,
    /// Cells that are zero.
    pub zero: u64,
    /// Cells with decimals other than zero.
    pub fractional: u64,
}

/// The range of a column's times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TimeSummary {
    /// The earliest, in microseconds since 1970 (UTC where offsets are written).
    pub min: i64,
    /// The latest.
    pub max: i64,
    /// Whether any value has a time of day other than midnight.
    pub has_time_of_day: bool,
    /// Whether no value shows if the day or the month comes first.
    pub ambiguous_day_month: bool,
}

/// Reads a file, or its first `max_rows` rows, and says what its columns hold.
///
/// # Errors
/// As [`crate::open`] and [`crate::Reader::next_batch`].
pub fn profile(path: impl AsRef<Path>, options: &ReadOptions, max_rows: Option<u64>) -> Result<FileProfile> {
    let mut reader = open(path.as_ref(), options)?;
    let mut tallies: Vec<ColumnTally> = reader.columns().iter().map(|_| ColumnTally::default()).collect();
    let (mut rows, mut rejected, mut repaired, mut truncated) = (0_u64, 0_u64, 0_u64, false);
    let mut rejected_examples = Vec::new();
    while let Some(batch) = reader.next_batch()? {
        let left = max_rows.map_or(u64::MAX, |most| most.saturating_sub(rows));
        let taken = usize::try_from(left).unwrap_or(usize::MAX).min(batch.lines.len());
        truncated = taken < batch.lines.len();
        tallies.par_iter_mut().zip(batch.columns.par_iter()).for_each(|(tally, column)| {
            let column = column.slice(0, taken);
            as_text(&column).iter().for_each(|value| tally.add(value));
        });
        rows += u64::try_from(taken).unwrap_or(0);
        rejected += u64::try_from(batch.rejected.len()).unwrap_or(0);
        repaired += batch.repaired;
        let room = KEPT_REJECTED.saturating_sub(rejected_examples.len());
        rejected_examples.extend(batch.rejected.into_iter().take(room));
        if truncated {
            break;
        }
    }
    let columns =
        reader.columns().to_vec().into_par_iter().zip(tallies).map(|(name, tally)| tally.finish(name)).collect();
    Ok(FileProfile {
        path: path.as_ref().to_owned(),
        dialect: reader.dialect().clone(),
        rows,
        rejected,
        rejected_examples,
        repaired,
        truncated,
        columns,
    })
}
