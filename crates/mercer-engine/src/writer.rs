//! Writing Parquet files so that they are whole on disk before anybody hears of them.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use mercer_base::{Error, ErrorKind, Result};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

/// A Parquet file being written.
pub struct ParquetWriter {
    path: PathBuf,
    writer: ArrowWriter<File>,
    rows: u64,
}

/// A Parquet file that is whole and on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenFile {
    /// Where it is.
    pub path: PathBuf,
    /// Rows in it.
    pub rows: u64,
    /// Its size in bytes.
    pub bytes: u64,
}

impl ParquetWriter {
    /// Opens a new file for batches of this schema, whose rows will come sorted by `order` (ascending, nulls last), which
    /// the file says of itself.
    ///
    /// # Errors
    /// When the file cannot be made, or `order` names a column that is not there.
    pub fn create(path: &Path, schema: SchemaRef, order: &[&str]) -> Result<Self> {
        let position = |name: &&str| {
            let index = schema.index_of(name).ok().and_then(|index| i32::try_from(index).ok());
            let index = index.ok_or_else(|| Error::internal(format!("sorted by {name}, which is no column")))?;
            Ok(SortingColumn { column_idx: index, descending: false, nulls_first: false })
        };
        let sorting = order.iter().map(position).collect::<Result<Vec<_>>>()?;
        let file = File::create(path).map_err(|cause| Error::io(path, cause))?;
        let level = ZstdLevel::try_new(1).map_err(|cause| Error::internal(cause.to_string()))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_max_row_group_row_count(Some(256 * 1024))
            .set_statistics_enabled(EnabledStatistics::Page)
            .set_sorting_columns((!sorting.is_empty()).then_some(sorting))
            .set_created_by("mercer".to_owned())
            .build();
        let writer = ArrowWriter::try_new(file, schema, Some(properties)).map_err(|cause| write_error(path, &cause))?;
        Ok(Self { path: path.to_owned(), writer, rows: 0 })
    }

    /// Adds rows.
    ///
    /// # Errors
    /// When the disk is full or a batch does not have the file's schema.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows += batch.num_rows() as u64;
        self.writer.write(batch).map_err(|cause| write_error(&self.path, &cause))
    }

    /// Rows written so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Completes the file and waits until it is on disk.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn finish(self) -> Result<WrittenFile> {
        let Self { path, writer, rows } = self;
        let file = writer.into_inner().map_err(|cause| write_error(&path, &cause))?;
        file.sync_all().map_err(|cause| Error::io(&path, cause))?;
        let bytes = file.metadata().map_err(|cause| Error::io(&path, cause))?.len();
        Ok(WrittenFile { path, rows, bytes })
    }
}

fn write_error(path: &Path, cause: &parquet::errors::ParquetError) -> Error {
    if let parquet::errors::ParquetError::External(inner) = cause
        && let Some(io) = inner.downcast_ref::<std::io::Error>()
    {
        return Error::io(path, std::io::Error::from(io.kind()));
    }
    let text = cause.to_string();
    let error = Error::new(ErrorKind::Io, format!("{}: cannot write: {text}", path.display()));
    error.with_hint("is the disk full? free some space and run again; what was there before is untouched")
}
