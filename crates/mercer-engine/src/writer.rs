//! Writing Parquet files so that they are whole on disk before anybody hears of them.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use mercer_base::{Error, ErrorKind, Result};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::Result as ParquetResult;
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;
use rayon::prelude::*;

/// Rows of a row group.
const GROUP_ROWS: usize = 256 * 1024;
/// Rows that are encoded at a time, whatever batches they come in: how large the engine's are depends on the number of
/// threads, and pages end where a piece does. A row group is a whole number of pieces.
const PIECE_ROWS: usize = 16 * 1024;

/// A Parquet file being written. Columns are encoded on all cores; the file is the same at any number of them.
pub struct ParquetWriter {
    path: PathBuf,
    schema: SchemaRef,
    file: SerializedFileWriter<File>,
    factory: ArrowRowGroupWriterFactory,
    /// Rows that do not make a piece yet.
    waiting: Vec<RecordBatch>,
    waiting_rows: usize,
    /// The columns of the row group in progress; none between two.
    group: Vec<ArrowColumnWriter>,
    group_rows: usize,
    groups: usize,
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
        Self::create_with(path, schema, order, true)
    }

    /// As [`Self::create`], for computed numbers, of which nearly every one is different: without a dictionary of them, which
    /// would take half of the time and save a tenth of the file.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create_for_numbers(path: &Path, schema: SchemaRef) -> Result<Self> {
        Self::create_with(path, schema, &[], false)
    }

    fn create_with(path: &Path, schema: SchemaRef, order: &[&str], number_dictionary: bool) -> Result<Self> {
        let position = |name: &&str| {
            let index = schema.index_of(name).ok().and_then(|index| i32::try_from(index).ok());
            let index = index.ok_or_else(|| Error::internal(format!("sorted by {name}, which is no column")))?;
            Ok(SortingColumn { column_idx: index, descending: false, nulls_first: false })
        };
        let sorting = order.iter().map(position).collect::<Result<Vec<_>>>()?;
        let file = File::create(path).map_err(|cause| Error::io(path, cause))?;
        let level = ZstdLevel::try_new(1).map_err(|cause| Error::internal(cause.to_string()))?;
        let numbers = schema.fields().iter().filter(|field| field.data_type().is_floating() && !number_dictionary);
        let properties = numbers.fold(WriterProperties::builder(), |properties, field| {
            properties.set_column_dictionary_enabled(ColumnPath::from(field.name().as_str()), false)
        });
        let properties = properties
            .set_compression(Compression::ZSTD(level))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_statistics_enabled(EnabledStatistics::Page)
            .set_sorting_columns((!sorting.is_empty()).then_some(sorting))
            .set_created_by("mercer".to_owned())
            .build();
        let writer = ArrowWriter::try_new(file, SchemaRef::clone(&schema), Some(properties))
            .and_then(ArrowWriter::into_serialized_writer);
        let (file, factory) = writer.map_err(|cause| write_error(path, &cause))?;
        Ok(Self {
            path: path.to_owned(),
            schema,
            file,
            factory,
            waiting: Vec::new(),
            waiting_rows: 0,
            group: Vec::new(),
            group_rows: 0,
            groups: 0,
            rows: 0,
        })
    }

    /// Adds rows.
    ///
    /// # Errors
    /// When the disk is full or a batch does not have the file's schema.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows += batch.num_rows() as u64;
        self.waiting_rows += batch.num_rows();
        self.waiting.push(batch.clone());
        match self.waiting_rows >= PIECE_ROWS {
            true => self.encode(PIECE_ROWS).map_err(|cause| write_error(&self.path, &cause)),
            false => Ok(()),
        }
    }

    /// Encodes the rows that wait, piece by piece, as long as a piece has at least so many rows.
    fn encode(&mut self, least: usize) -> ParquetResult<()> {
        let batches = std::mem::take(&mut self.waiting);
        let Some(first) = batches.first() else { return Ok(()) };
        let mut rest = if batches.len() == 1 { first.clone() } else { concat_batches(&first.schema(), &batches)? };
        while rest.num_rows() >= least.max(1) {
            let now = rest.num_rows().min(PIECE_ROWS);
            self.add(&rest.slice(0, now))?;
            rest = rest.slice(now, rest.num_rows() - now);
            if self.group_rows == GROUP_ROWS {
                self.finish_group()?;
            }
        }
        self.waiting_rows = rest.num_rows();
        self.waiting.push(rest);
        Ok(())
    }

    /// Adds rows to the row group in progress.
    fn add(&mut self, batch: &RecordBatch) -> ParquetResult<()> {
        if self.group.is_empty() {
            self.group = self.factory.create_column_writers(self.groups)?;
        }
        let mut leaves = Vec::with_capacity(self.group.len());
        for (field, column) in self.schema.fields().iter().zip(batch.columns()) {
            leaves.extend(compute_leaves(field, column)?);
        }
        self.group_rows += batch.num_rows();
        let encode = |(column, leaf): (&mut ArrowColumnWriter, _)| column.write(leaf);
        match in_parallel() {
            true => self.group.par_iter_mut().zip(&leaves).try_for_each(encode),
            false => self.group.iter_mut().zip(&leaves).try_for_each(encode),
        }
    }

    /// Compresses what is left of the row group in progress and appends it to the file.
    fn finish_group(&mut self) -> ParquetResult<()> {
        let columns = std::mem::take(&mut self.group);
        let chunks: Vec<ArrowColumnChunk> = match in_parallel() {
            true => columns.into_par_iter().map(ArrowColumnWriter::close).collect::<ParquetResult<_>>()?,
            false => columns.into_iter().map(ArrowColumnWriter::close).collect::<ParquetResult<_>>()?,
        };
        let mut group = self.file.next_row_group()?;
        for chunk in chunks {
            chunk.append_to_row_group(&mut group)?;
        }
        group.close()?;
        self.groups += 1;
        self.group_rows = 0;
        Ok(())
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
    pub fn finish(mut self) -> Result<WrittenFile> {
        self.encode(1).map_err(|cause| write_error(&self.path, &cause))?;
        if self.group_rows > 0 {
            self.finish_group().map_err(|cause| write_error(&self.path, &cause))?;
        }
        let Self { path, file, rows, .. } = self;
        let file = file.into_inner().map_err(|cause| write_error(&path, &cause))?;
        file.sync_all().map_err(|cause| Error::io(&path, cause))?;
        let bytes = file.metadata().map_err(|cause| Error::io(&path, cause))?.len();
        Ok(WrittenFile { path, rows, bytes })
    }
}

/// Whether to encode on all cores: on a thread of the pool others are at work already, and waiting here would start theirs.
fn in_parallel() -> bool {
    rayon::current_thread_index().is_none()
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    #[test]
    fn the_file_does_not_depend_on_the_batches_nor_on_the_threads() {
        let rows = 300_000_i64;
        let key: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows));
        let word: ArrayRef =
            Arc::new((0..rows).map(|row| (row % 7 > 0).then(|| format!("w{}", row % 90_000))).collect::<StringArray>());
        let all = RecordBatch::try_from_iter([("key", key), ("word", word)]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let written = |size: usize| {
            let path = folder.path().join(format!("{size}.parquet"));
            let mut writer = ParquetWriter::create(&path, all.schema(), &["key"]).unwrap();
            for start in (0..all.num_rows()).step_by(size) {
                writer.write(&all.slice(start, size.min(all.num_rows() - start))).unwrap();
            }
            assert_eq!(writer.finish().unwrap().rows, 300_000);
            std::fs::read(path).unwrap()
        };
        let whole = written(300_000);
        let on_the_pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(|| written(8_192));
        assert!(whole == written(1_000) && whole == on_the_pool);
        let folder_file = folder.path().join("1000.parquet");
        assert_eq!(crate::parquet_schema(&folder_file).unwrap().fields().len(), 2);
    }
}
