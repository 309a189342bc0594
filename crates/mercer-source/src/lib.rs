//! Turns files that companies export into Arrow batches with line numbers, and says what their columns hold.
#![doc = include_str!("../README.md")]

mod batch;
mod cell;
mod container;
mod decode;
mod delimited;
mod frame;
mod header;
mod json;
mod nothing;
mod options;
mod parquet_file;
mod profile;
mod reader;
mod shape;
mod sketch;
mod sniff;
mod split;
mod workbook;

pub use batch::{MAX_BATCH_ROWS, RawBatch, RejectedRow};
pub use cell::{
    CellFormat, CellType, Converted, DecimalMark, EpochUnit, FormatTally, convert, detect_format, explain,
    is_missing_word,
};
pub use frame::{FrameRead, read_frame};
pub use nothing::has_no_rows;
pub use options::{Delimiter, Dialect, Format, Quote, ReadOptions};
pub use profile::{ColumnProfile, Distinct, FileProfile, Kind, NumberSummary, TimeSummary, profile};
pub use reader::{Reader, open, sniff};
pub use shape::Shape;
pub use sketch::Sketch;
