//! Running the statements of a build: what is kept between steps, and what becomes a table of the lake.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use mercer_base::{Error, Result};
use mercer_engine::{Engine, ParquetTable, ParquetWriter};
use rayon::prelude::*;

use crate::manifest::{FileEntry, TableEntry};
use crate::store::Store;

/// Customers whose rows share a file: facts of all tables are cut at the same keys, so that the customer 360 can be built
/// piece by piece.
pub(crate) const CUSTOMERS_PER_FILE: i64 = 65_536;

/// A build in progress: the engine, the lake it writes to, the tables that are done.
pub(crate) struct Steps<'a> {
    pub(crate) engine: &'a Engine,
    store: &'a Store,
    tables: BTreeMap<String, TableEntry>,
    counter: u32,
}

impl<'a> Steps<'a> {
    pub(crate) fn new(engine: &'a Engine, store: &'a Store) -> Self {
        Self { engine, store, tables: BTreeMap::new(), counter: 0 }
    }

    pub(crate) fn into_tables(self) -> BTreeMap<String, TableEntry> {
        self.tables
    }

    fn scratch_file(&mut self, name: &str) -> std::path::PathBuf {
        self.counter += 1;
        self.store.scratch().join(format!("{:04}-{name}.parquet", self.counter))
    }

    /// Runs a statement once and keeps its rows as `name` for later steps. Returns how many there are.
    pub(crate) fn keep(&mut self, name: &str, sql: &str) -> Result<u64> {
        let schema = self.engine.schema(sql).map_err(|error| error.with_context(format!("step {name}")))?;
        let path = self.scratch_file(name);
        let mut writer = ParquetWriter::create(&path, schema.clone(), &[])?;
        self.engine
            .stream(sql, |batch| writer.write(&batch))
            .map_err(|error| error.with_context(format!("step {name}")))?;
        let file = writer.finish()?;
        self.engine.register_parquet(name, &ParquetTable { files: vec![file.path], schema, order: vec![] })?;
        Ok(file.rows)
    }

    /// Names a statement without running it.
    pub(crate) fn view(&self, name: &str, sql: &str) -> Result<()> {
        self.engine.register_view(name, sql).map_err(|error| error.with_context(format!("step {name}")))
    }

    /// Runs a statement whose rows come sorted by `order` and makes them a table of the lake, in files cut by
    /// `customer_key` where that is the first column of the order.
    pub(crate) fn table(&mut self, name: &str, sql: &str, order: &[&str]) -> Result<()> {
        let context = |error: Error| error.with_context(format!("table {name}"));
        let schema = self.engine.schema(sql).map_err(context)?;
        let by_customer = order.first() == Some(&"customer_key");
        let key_index = schema.index_of("customer_key").ok().filter(|_| by_customer);
        let mut files: Vec<FileEntry> = Vec::new();
        let first = self.scratch_file(name);
        let mut writer = ParquetWriter::create(&first, schema.clone(), order)?;
        let mut bucket = 0;
        let (store, mut counter) = (self.store, self.counter);
        self.engine
            .stream(sql, |batch| {
                let mut rest = batch;
                while let Some((cut, next)) = key_index.and_then(|index| next_bucket(&rest, index, bucket)) {
                    writer.write(&rest.slice(0, cut))?;
                    rest = rest.slice(cut, rest.num_rows() - cut);
                    bucket = next;
                    if writer.rows() > 0 {
                        counter += 1;
                        let path = store.scratch().join(format!("{counter:04}-{name}.parquet"));
                        let done = std::mem::replace(&mut writer, ParquetWriter::create(&path, schema.clone(), order)?)
                            .finish()?;
                        files.push(store.adopt(name, &done.path, done.rows)?);
                    }
                }
                writer.write(&rest)
            })
            .map_err(context)?;
        self.counter = counter;
        let last = writer.finish()?;
        if last.rows > 0 || files.is_empty() {
            files.push(self.store.adopt(name, &last.path, last.rows)?);
        }
        self.adopt_files(name, files, order)
    }

    /// Makes the rows of several statements, one after the other, a table of one file each. Every statement is one pass over
    /// sorted tables, and as many run at once as there are threads.
    pub(crate) fn table_in_parts(&mut self, name: &str, statements: &[String], order: &[&str]) -> Result<()> {
        let paths: Vec<_> = statements.iter().map(|_| self.scratch_file(name)).collect();
        let engine = self.engine;
        let written = statements.par_iter().zip(&paths).map(|(sql, path)| {
            let mut writer = ParquetWriter::create(path, engine.schema(sql)?, order)?;
            engine.stream_in_order(sql, |batch| writer.write(&batch))?;
            writer.finish()
        });
        let written =
            written.collect::<Result<Vec<_>>>().map_err(|error| error.with_context(format!("table {name}")))?;
        let files = written.iter().map(|file| self.store.adopt(name, &file.path, file.rows));
        let files = files.collect::<Result<Vec<_>>>()?;
        self.adopt_files(name, files, order)
    }

    /// Registers finished files as a table of the lake.
    fn adopt_files(&mut self, name: &str, files: Vec<FileEntry>, order: &[&str]) -> Result<()> {
        let order = order.iter().map(|column| (*column).to_owned()).collect();
        let entry = TableEntry { rows: files.iter().map(|file| file.rows).sum(), order, files };
        register(self.engine, self.store, name, &entry)?;
        self.tables.insert(name.to_owned(), entry);
        Ok(())
    }

    /// Makes rows in memory a table of the lake.
    pub(crate) fn table_of(&mut self, name: &str, batch: &RecordBatch, order: &[&str]) -> Result<()> {
        let path = self.scratch_file(name);
        let mut writer = ParquetWriter::create(&path, batch.schema(), order)?;
        writer.write(batch)?;
        let done = writer.finish()?;
        let file = self.store.adopt(name, &done.path, done.rows)?;
        self.adopt_files(name, vec![file], order)
    }

    /// The rows of a small statement whose columns are all `bigint`.
    pub(crate) fn integers(&self, sql: &str) -> Result<Vec<Vec<i64>>> {
        let mut rows = Vec::new();
        for batch in self.engine.collect(sql)? {
            let columns: Option<Vec<_>> =
                batch.columns().iter().map(|column| column.as_primitive_opt::<Int64Type>()).collect();
            let columns = columns.ok_or_else(|| Error::internal(format!("not all columns are bigint: {sql}")))?;
            rows.extend((0..batch.num_rows()).map(|row| {
                columns.iter().map(|column| if column.is_null(row) { 0 } else { column.value(row) }).collect::<Vec<_>>()
            }));
        }
        Ok(rows)
    }

    /// The one whole number that a statement returns.
    pub(crate) fn integer(&self, sql: &str) -> Result<i64> {
        Ok(self.integers(sql)?.first().and_then(|row| row.first()).copied().unwrap_or(0))
    }
}

/// Makes a table's files readable under its name.
pub(crate) fn register(engine: &Engine, store: &Store, name: &str, entry: &TableEntry) -> Result<()> {
    let files: Vec<_> = entry.files.iter().map(|file| store.root().join("data").join(&file.name)).collect();
    let first = files.first().ok_or_else(|| Error::internal(format!("table {name} has no file")))?;
    let schema = mercer_engine::parquet_schema(first)?;
    engine.register_parquet(name, &ParquetTable { files, schema, order: entry.order.clone() })
}

/// The first row whose customer belongs to a later bucket, and that bucket. Rows without a customer stay with the last one.
fn next_bucket(batch: &RecordBatch, key_index: usize, bucket: i64) -> Option<(usize, i64)> {
    let keys = batch.column(key_index).as_primitive_opt::<Int64Type>()?;
    (0..batch.num_rows())
        .find(|row| keys.is_valid(*row) && keys.value(*row) / CUSTOMERS_PER_FILE > bucket)
        .map(|row| (row, keys.value(row) / CUSTOMERS_PER_FILE))
}
