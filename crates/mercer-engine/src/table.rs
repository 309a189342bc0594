//! A table made of Parquet files whose rows may be in a known order.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::error::{DataFusionError, Result as EngineResult};
use datafusion::prelude::col;
use mercer_base::{Error, Result};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// Files that hold one table.
#[derive(Debug, Clone)]
pub struct ParquetTable {
    /// The files, in the order of their rows. May be empty: then the table is.
    pub files: Vec<PathBuf>,
    /// Columns of the table; a file that lacks one reads as null there.
    pub schema: SchemaRef,
    /// Columns that the rows are sorted by, ascending, nulls last, within and across the files.
    pub order: Vec<String>,
}

impl ParquetTable {
    /// A table of files as they are, in the order that all of them say they are sorted by.
    ///
    /// # Errors
    /// When there is no file, or one is missing, cut short or not Parquet.
    pub fn from_files(files: Vec<PathBuf>) -> Result<Self> {
        let first = files.first().ok_or_else(|| Error::data("a table without files"))?;
        let schema = parquet_schema(first)?;
        let mut order = sorted_by(first)?;
        for file in files.iter().skip(1) {
            let other = sorted_by(file)?;
            let common = order.iter().zip(&other).take_while(|(one, other)| one == other).count();
            order.truncate(common);
        }
        Ok(Self { files, schema, order })
    }

    pub(crate) fn provider(&self) -> EngineResult<Arc<dyn TableProvider>> {
        if self.files.is_empty() {
            return Ok(Arc::new(MemTable::try_new(Arc::clone(&self.schema), vec![vec![]])?));
        }
        let order: Vec<_> = self.order.iter().map(|name| col(format!("\"{name}\"")).sort(true, false)).collect();
        let options = ListingOptions::new(Arc::new(ParquetFormat::default()))
            .with_file_extension(".parquet")
            .with_file_sort_order(if order.is_empty() { vec![] } else { vec![order] });
        // The engine takes a file that is gone for an empty one.
        if let Some(gone) = self.files.iter().find(|file| !file.is_file()) {
            return Err(DataFusionError::Execution(format!("{}: the file is gone", gone.display())));
        }
        let urls = self.files.iter().map(|file| file_url(file)).collect::<EngineResult<Vec<_>>>()?;
        let config = ListingTableConfig::new_with_multi_paths(urls)
            .with_listing_options(options)
            .with_schema(Arc::clone(&self.schema));
        Ok(Arc::new(ListingTable::try_new(config)?))
    }
}

/// A file's URL; paths may hold blanks, brackets and other letters that a glob would take for a pattern.
fn file_url(path: &Path) -> EngineResult<ListingTableUrl> {
    let absolute = std::path::absolute(path)?;
    let url = url::Url::from_file_path(&absolute)
        .map_err(|()| DataFusionError::Execution(format!("{}: not a path that can be read", absolute.display())))?;
    ListingTableUrl::try_new(url, None)
}

/// The columns that every row group of a file says it is sorted by, ascending and nulls last.
fn sorted_by(path: &Path) -> Result<Vec<String>> {
    let builder = open(path)?;
    let names = |group: &parquet::file::metadata::RowGroupMetaData| {
        let sorting = group.sorting_columns().map(Vec::as_slice).unwrap_or_default();
        let ascending = sorting.iter().take_while(|column| !column.descending && !column.nulls_first);
        let index = |column: &parquet::file::metadata::SortingColumn| usize::try_from(column.column_idx).ok();
        ascending.map_while(|column| Some(group.column(index(column)?).column_path().string())).collect::<Vec<_>>()
    };
    let mut groups = builder.metadata().row_groups().iter().map(names);
    let mut order = groups.next().unwrap_or_default();
    for other in groups {
        let common = order.iter().zip(&other).take_while(|(one, other)| one == other).count();
        order.truncate(common);
    }
    Ok(order)
}

fn open(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>> {
    let file = File::open(path).map_err(|cause| Error::io(path, cause))?;
    ParquetRecordBatchReaderBuilder::try_new(file).map_err(|cause| {
        Error::data(format!("{}: not a whole Parquet file: {cause}", path.display()))
            .with_hint("it was cut short or is another format; export it again")
    })
}

/// The columns of a Parquet file.
///
/// # Errors
/// When the file is missing, cut short or not Parquet.
pub fn parquet_schema(path: &Path) -> Result<SchemaRef> {
    Ok(Arc::new(Schema::new(open(path)?.schema().fields().clone())))
}
