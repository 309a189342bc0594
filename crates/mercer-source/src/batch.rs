//! Rows as they come out of a file: columns with the position of each row, and what could not be split.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray, StringBuilder};
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use serde::Serialize;

/// The most rows one batch holds.
pub const MAX_BATCH_ROWS: usize = 65_536;

/// Consecutive rows of a file. May hold no rows where all were rejected.
#[derive(Debug, Clone, Default)]
pub struct RawBatch {
    /// Where each row stands: for text files and JSON the physical line it starts on (from 1, the header counts); for
    /// workbooks the row number the spreadsheet shows; for Parquet the number of the row from 1.
    pub lines: Vec<u64>,
    /// One array for each column of [`crate::Reader::columns`], as long as `lines`: `Utf8` for text files, JSON and
    /// workbooks, where an empty field is null; the file's own types for Parquet.
    pub columns: Vec<ArrayRef>,
    /// Rows that could not be split into the file's columns, by line.
    pub rejected: Vec<RejectedRow>,
    /// How many of the rows in `columns` were mended on the way: rows that were quoted as a whole and parsed again,
    /// lines whose bytes are not of the file's encoding (read as Windows-1252), and workbook rows with error cells
    /// such as `#N/A` (read as empty).
    pub repaired: u64,
}

/// A row that could not be split into the file's columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RejectedRow {
    /// Where it starts, as [`RawBatch::lines`] counts.
    pub line: u64,
    /// What is wrong with it, such as `has 7 fields where the header has 8`.
    pub reason: String,
    /// The row as it stands in the file.
    pub raw: String,
}

/// Any column as text: as it is where it is text, else as Arrow prints it (times in ISO 8601).
pub(crate) fn as_text(column: &ArrayRef) -> Cow<'_, StringArray> {
    match column.data_type() {
        DataType::Utf8 => Cow::Borrowed(column.as_string::<i32>()),
        _ => Cow::Owned(printed(column)),
    }
}

fn printed(column: &ArrayRef) -> StringArray {
    let options = FormatOptions::default().with_display_error(true);
    let Ok(formatter) = ArrayFormatter::try_new(column, &options) else {
        return StringArray::new_null(column.len());
    };
    let mut text = StringBuilder::with_capacity(column.len(), column.len() * 8);
    // Dictionary and union arrays keep their nulls apart from their own mask, hence the logical one.
    let nulls = column.logical_nulls();
    for row in 0..column.len() {
        if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            text.append_null();
        } else {
            let value = formatter.value(row).to_string();
            text.append_option((!value.is_empty()).then_some(value));
        }
    }
    text.finish()
}

/// Builders for the text columns of one batch.
pub(crate) struct TextColumns {
    lines: Vec<u64>,
    columns: Vec<StringBuilder>,
}

impl TextColumns {
    /// Room for `rows` rows of `width` columns and `bytes` bytes in all.
    pub(crate) fn new(width: usize, rows: usize, bytes: usize) -> Self {
        let each = bytes / width.max(1);
        let columns = (0..width).map(|_| StringBuilder::with_capacity(rows, each)).collect();
        Self { lines: Vec::with_capacity(rows), columns }
    }

    /// Adds a row; columns beyond its last value are null, values beyond the last column are left out.
    pub(crate) fn push<'a>(&mut self, line: u64, values: impl IntoIterator<Item = &'a str>) {
        self.lines.push(line);
        let mut values = values.into_iter();
        for column in &mut self.columns {
            match values.next() {
                Some(value) if !value.is_empty() => column.append_value(value),
                _ => column.append_null(),
            }
        }
    }

    /// The batch of what was added.
    pub(crate) fn finish(mut self, rejected: Vec<RejectedRow>, repaired: u64) -> RawBatch {
        let columns = self.columns.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef).collect();
        RawBatch { lines: self.lines, columns, rejected, repaired }
    }
}
