//! Reading Parquet files, one row group after the other.

use std::fs::File;
use std::path::PathBuf;

use mercer_base::{Error, Result};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use crate::batch::{MAX_BATCH_ROWS, RawBatch};
use crate::container::Container;
use crate::nothing::no_rows;
use crate::options::{Dialect, Format, ReadOptions, chosen_names, unique_names};

/// A reader of one Parquet file.
pub(crate) struct ParquetReader {
    path: PathBuf,
    batches: ParquetRecordBatchReader,
    rows: u64,
}

impl ParquetReader {
    /// Opens the file and reads its schema.
    pub(crate) fn open(container: &Container, options: &ReadOptions) -> Result<(Dialect, Self)> {
        let path = &container.path;
        let file = File::open(path).map_err(|cause| Error::io(path, cause))?;
        let damaged = |cause: parquet::errors::ParquetError| damaged(path, cause);
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(damaged)?;
        let names: Vec<&str> = builder.schema().fields().iter().map(|field| field.name().as_str()).collect();
        let shown = path.display().to_string();
        let columns = match &options.columns {
            Some(given) => chosen_names(given, names.len(), &shown)?,
            None => unique_names(names),
        };
        if builder.metadata().file_metadata().num_rows() <= 0 {
            return Err(no_rows(format!("{shown} has no rows"), "export it again, or leave it out"));
        }
        let batches = builder.with_batch_size(MAX_BATCH_ROWS).build().map_err(damaged)?;
        let reader = Self { path: path.clone(), batches, rows: 0 };
        Ok((Dialect::plain(Format::Parquet, columns), reader))
    }

    /// The next batch, or `None` at the end.
    pub(crate) fn next_batch(&mut self) -> Result<Option<RawBatch>> {
        let Some(batch) = self.batches.next() else { return Ok(None) };
        let batch = batch.map_err(|cause| damaged(&self.path, cause))?;
        let first = self.rows + 1;
        self.rows += u64::try_from(batch.num_rows()).unwrap_or(0);
        let lines = (first..=self.rows).collect();
        Ok(Some(RawBatch { lines, columns: batch.columns().to_vec(), rejected: Vec::new(), repaired: 0 }))
    }
}

fn damaged(path: &std::path::Path, cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::data(format!("{}: the Parquet data is damaged or cut short ({cause})", path.display()))
        .with_hint("copy or export the file again")
        .with_source(cause)
}
