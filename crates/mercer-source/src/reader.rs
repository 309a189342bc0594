//! Opening a file of any format.

use std::path::Path;

use mercer_base::{Error, Result};

use crate::batch::RawBatch;
use crate::container::{Container, Content};
use crate::delimited::DelimitedReader;
use crate::json::{self, JsonReader};
use crate::options::{Dialect, Format, ReadOptions};
use crate::parquet_file::ParquetReader;
use crate::sniff::sniff_text;
use crate::workbook::WorkbookReader;

/// Finds how a file is to be read, from its head, with what `options` say taken for granted.
///
/// # Errors
/// As [`open`].
pub fn sniff(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Dialect> {
    open(path, options).map(|reader| reader.dialect)
}

/// Opens a file to be read batch by batch.
///
/// # Errors
/// `Io` where the file is missing or may not be read; `Config` where the options do not fit it; `Data` where it is
/// empty, has no rows, is damaged, or is no table (a folder, a web page, a PDF document, an archive, binary data).
/// The message names the file, the hint says what to do.
pub fn open(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Reader> {
    let container = Container::inspect(path.as_ref())?;
    let format = format_of(&container, options)?;
    match format {
        Format::Csv => {
            let found = sniff_text(&container, options)?;
            let reader = DelimitedReader::open(&container, &found)?;
            Ok(Reader { dialect: found.dialect, rows: Rows::Delimited(reader) })
        }
        Format::JsonLines => {
            let (dialect, reader) = JsonReader::open(&container, options)?;
            Ok(Reader { dialect, rows: Rows::Json(reader) })
        }
        Format::Excel => {
            let (dialect, reader) = WorkbookReader::open(&container, options)?;
            Ok(Reader { dialect, rows: Rows::Workbook(reader) })
        }
        Format::Parquet => {
            let (dialect, reader) = ParquetReader::open(&container, options)?;
            Ok(Reader { dialect, rows: Rows::Parquet(reader) })
        }
    }
}

/// The format of the content; what the options say must fit it.
fn format_of(container: &Container, options: &ReadOptions) -> Result<Format> {
    let found = match container.content {
        Content::Parquet => Format::Parquet,
        Content::Workbook => Format::Excel,
        Content::Text if json::is_json(container) => Format::JsonLines,
        Content::Text => Format::Csv,
    };
    let textual = |format| matches!(format, Format::Csv | Format::JsonLines);
    match options.format {
        Some(said) if said == found || (textual(said) && textual(found)) => Ok(said),
        Some(said) => {
            let name = |format| match format {
                Format::Csv => "a text table",
                Format::Parquet => "Parquet",
                Format::JsonLines => "JSON",
                Format::Excel => "a workbook",
            };
            let message =
                format!("{} should be {} but its content is {}", container.path.display(), name(said), name(found));
            Err(Error::data(message).with_hint("leave `format` out; it is found by the content"))
        }
        None => Ok(found),
    }
}

/// A file that is being read.
pub struct Reader {
    dialect: Dialect,
    rows: Rows,
}

enum Rows {
    Delimited(DelimitedReader),
    Json(JsonReader),
    Workbook(WorkbookReader),
    Parquet(ParquetReader),
}

impl Reader {
    /// How the file is read.
    #[must_use]
    pub fn dialect(&self) -> &Dialect {
        &self.dialect
    }

    /// The names of the columns: unique and not empty. Blank ones become `column_3`, repeated ones get `_2`.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.dialect.columns
    }

    /// The next rows, at most [`crate::MAX_BATCH_ROWS`], in the order of the file; `None` at its end. A batch may hold
    /// rejected rows only. Rows read are the rows of all batches and the rejected ones, always.
    ///
    /// # Errors
    /// `Io` where reading fails, `Data` where the file turns out damaged or cut short.
    pub fn next_batch(&mut self) -> Result<Option<RawBatch>> {
        match &mut self.rows {
            Rows::Delimited(reader) => reader.next_batch(),
            Rows::Json(reader) => reader.next_batch(),
            Rows::Workbook(reader) => Ok(reader.next_batch()),
            Rows::Parquet(reader) => reader.next_batch(),
        }
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("dialect", &self.dialect).finish_non_exhaustive()
    }
}
