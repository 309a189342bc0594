//! One session of the embedded engine: its options, its tables, and the ways to run a statement.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SQLOptions, SessionConfig, SessionContext};
use futures::StreamExt;
use mercer_base::{Error, ErrorKind, Result};
use tokio::runtime::Runtime;

use crate::error::{engine_error, is_out_of_memory};
use crate::table::ParquetTable;

/// How much of the machine the engine may use.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Threads that queries run on; all cores where not given.
    pub threads: Option<usize>,
    /// Bytes that queries may hold before they spill to disk.
    pub memory: usize,
    /// Plan every statement as one pass on one thread. Over tables sorted by what a statement groups and joins by this is the
    /// least work and memory; several statements may still run at once.
    pub one_pass: bool,
    /// Folder for spilled data, made where it is missing; the system's temporary folder where not given.
    pub spill: Option<PathBuf>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self { threads: None, memory: 1 << 30, one_pass: false, spill: None }
    }
}

/// A session of the embedded engine. Statements may run from several threads at once.
pub struct Engine {
    runtime: Runtime,
    /// Joins by hashing: fast, held in memory.
    context: SessionContext,
    /// Joins by sorting: slower, spills. Shares the tables and the memory of `context`.
    spilling: SessionContext,
    /// One pass on one thread, keeping the order of sorted tables.
    one_pass: SessionContext,
}

impl Engine {
    /// Starts a session without tables.
    ///
    /// # Errors
    /// When threads cannot be started or the spill folder cannot be used.
    pub fn new(options: &EngineOptions) -> Result<Self> {
        let threads =
            options.threads.or_else(|| std::thread::available_parallelism().ok().map(usize::from)).unwrap_or(1).max(1);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("mercer-engine")
            .build()
            .map_err(|cause| Error::new(ErrorKind::Io, format!("cannot start {threads} threads: {cause}")))?;
        let mut environment = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(FairSpillPool::new(options.memory)));
        if let Some(folder) = &options.spill {
            std::fs::create_dir_all(folder).map_err(|cause| Error::io(folder, cause))?;
            environment = environment.with_temp_file_path(folder);
        }
        let environment = environment.build_arc().map_err(engine_error)?;
        let mut config = SessionConfig::new()
            .with_target_partitions(if options.one_pass { 1 } else { threads })
            .with_information_schema(true);
        let settings = config.options_mut();
        // Bucket files of a table are in key order: packed by their statistics, a scan keeps that order.
        settings.execution.split_file_groups_by_statistics = true;
        // Plain strings in and out, so that what a query returns has the type the table was written with.
        settings.execution.parquet.schema_force_view_types = false;
        settings.execution.parquet.pushdown_filters = true;
        // What a sort sets aside for merging its spilled runs must fit the memory it is given.
        settings.execution.sort_spill_reservation_bytes = (options.memory / 32).min(10 << 20);
        settings.sql_parser.map_string_types_to_utf8view = false;
        let context = SessionContext::new_with_config_rt(config.clone(), Arc::clone(&environment));
        let sibling = |config: SessionConfig| {
            let state = datafusion::execution::SessionStateBuilder::new_from_existing(context.state());
            SessionContext::new_with_state(state.with_config(config).build())
        };
        let one_pass = sibling(config.clone().with_target_partitions(1));
        config.options_mut().optimizer.prefer_hash_join = false;
        // Merging spilled runs holds a batch of each: small batches and few sorts at a time fit where many do not.
        // (On a single partition the planner would hash all the same.)
        config = config.with_batch_size(1024).with_target_partitions(2);
        let spilling = sibling(config);
        Ok(Self { runtime, context, spilling, one_pass })
    }

    /// Makes Parquet files readable as a table, replacing one of the same name.
    ///
    /// # Errors
    /// When a path cannot be expressed as a URL or a file does not have the columns it should.
    pub fn register_parquet(&self, name: &str, table: &ParquetTable) -> Result<()> {
        let provider = table.provider().map_err(engine_error)?;
        self.context.deregister_table(name).map_err(engine_error)?;
        self.context.register_table(name, provider).map_err(engine_error)?;
        Ok(())
    }

    /// Makes batches in memory readable as a table, replacing one of the same name.
    ///
    /// # Errors
    /// When a batch does not have the schema given.
    pub fn register_batches(&self, name: &str, schema: SchemaRef, batches: Vec<RecordBatch>) -> Result<()> {
        let table = MemTable::try_new(schema, vec![batches]).map_err(engine_error)?;
        self.context.deregister_table(name).map_err(engine_error)?;
        self.context.register_table(name, Arc::new(table)).map_err(engine_error)?;
        Ok(())
    }

    /// Names a query, so that later ones can read it as a table; replaces one of the same name.
    ///
    /// # Errors
    /// When the statement does not parse or names what is not there.
    pub fn register_view(&self, name: &str, sql: &str) -> Result<()> {
        let view =
            self.runtime.block_on(async { self.context.sql(sql).await.map(datafusion::prelude::DataFrame::into_view) });
        self.context.deregister_table(name).map_err(engine_error)?;
        self.context.register_table(name, view.map_err(engine_error)?).map_err(engine_error)?;
        Ok(())
    }

    /// The columns a statement would return, without running it.
    ///
    /// # Errors
    /// When the statement does not parse or names what is not there.
    pub fn schema(&self, sql: &str) -> Result<SchemaRef> {
        let frame = self.runtime.block_on(self.context.sql(sql)).map_err(engine_error)?;
        Ok(Arc::new(Schema::clone(frame.schema().as_arrow())))
    }

    /// Runs a statement and returns all of its rows.
    ///
    /// # Errors
    /// When the statement is wrong, or fails while it runs.
    pub fn collect(&self, sql: &str) -> Result<Vec<RecordBatch>> {
        let mut batches = Vec::new();
        self.stream(sql, |batch| {
            batches.push(batch);
            Ok(())
        })?;
        Ok(batches)
    }

    /// Runs a statement that only reads, as typed by a person: nothing that creates, writes or changes is allowed.
    ///
    /// # Errors
    /// When the statement is wrong, would change something, or fails while it runs.
    pub fn query(&self, sql: &str) -> Result<(SchemaRef, Vec<RecordBatch>)> {
        let schema = self.readable(sql)?;
        Ok((schema, self.collect(sql)?))
    }

    /// The columns a statement would return, if it only reads.
    ///
    /// # Errors
    /// When the statement is wrong or would create, write or change something.
    pub fn readable(&self, sql: &str) -> Result<SchemaRef> {
        let only_reading = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        let frame = self.runtime.block_on(self.context.sql_with_options(sql, only_reading)).map_err(engine_error)?;
        Ok(Arc::new(Schema::clone(frame.schema().as_arrow())))
    }

    /// Runs a statement and hands its batches over in order, holding only a few at a time.
    ///
    /// Falls back to joins that spill where hash joins do not fit the memory, as long as nothing was handed over yet.
    ///
    /// # Errors
    /// When the statement is wrong, fails while it runs, or `each` fails.
    pub fn stream(&self, sql: &str, mut each: impl FnMut(RecordBatch) -> Result<()>) -> Result<()> {
        let mut started = false;
        match self.stream_on(&self.context, sql, &mut started, &mut each) {
            Err(Failure::Engine(error)) if !started && is_out_of_memory(&error) => {
                match self.stream_on(&self.spilling, sql, &mut started, &mut each) {
                    Err(Failure::Engine(error)) => Err(engine_error(error)),
                    Err(Failure::Caller(error)) => Err(error),
                    Ok(()) => Ok(()),
                }
            }
            Err(Failure::Engine(error)) => Err(engine_error(error)),
            Err(Failure::Caller(error)) => Err(error),
            Ok(()) => Ok(()),
        }
    }

    /// As [`Self::stream`], in one pass on the caller's thread: for statements over sorted tables of which several run at once.
    ///
    /// # Errors
    /// As [`Self::stream`].
    pub fn stream_in_order(&self, sql: &str, mut each: impl FnMut(RecordBatch) -> Result<()>) -> Result<()> {
        match self.stream_on(&self.one_pass, sql, &mut false, &mut each) {
            Err(Failure::Engine(error)) => Err(engine_error(error)),
            Err(Failure::Caller(error)) => Err(error),
            Ok(()) => Ok(()),
        }
    }

    fn stream_on(
        &self,
        context: &SessionContext,
        sql: &str,
        started: &mut bool,
        each: &mut impl FnMut(RecordBatch) -> Result<()>,
    ) -> Result<(), Failure> {
        let mut stream = self.runtime.block_on(async { context.sql(sql).await?.execute_stream().await })?;
        while let Some(batch) = self.runtime.block_on(stream.next()) {
            let batch = batch?;
            if batch.num_rows() > 0 {
                *started = true;
                each(batch).map_err(Failure::Caller)?;
            }
        }
        Ok(())
    }
}

/// Whose fault an interrupted stream was.
enum Failure {
    Engine(DataFusionError),
    Caller(Error),
}

impl From<DataFusionError> for Failure {
    fn from(error: DataFusionError) -> Self {
        Self::Engine(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, AsArray, Int64Array, StringArray};
    use arrow::datatypes::Int64Type;

    fn engine() -> Engine {
        Engine::new(&EngineOptions { threads: Some(2), ..EngineOptions::default() }).unwrap()
    }

    fn numbers(engine: &Engine, rows: i64) {
        let chunk = |start: i64| {
            let keys = start..rows.min(start + 8192);
            let text: ArrayRef =
                Arc::new(StringArray::from_iter_values(keys.clone().map(|n| format!("row number {n}"))));
            let key: ArrayRef = Arc::new(Int64Array::from_iter_values(keys));
            RecordBatch::try_from_iter([("key", key), ("text", text)]).unwrap()
        };
        let batches: Vec<_> = (0..rows).step_by(8192).map(chunk).collect();
        engine.register_batches("numbers", batches[0].schema(), batches).unwrap();
    }

    #[test]
    fn runs_sql_over_batches_and_views() {
        let engine = engine();
        numbers(&engine, 10);
        engine.register_view("large", "select * from numbers where key >= 7").unwrap();
        let batches = engine.collect("select sum(key) as total from large").unwrap();
        assert_eq!(batches[0].column(0).as_primitive::<Int64Type>().value(0), 24);
        assert_eq!(engine.schema("select text from large").unwrap().field(0).name(), "text");
    }

    #[test]
    fn a_persons_query_may_only_read() {
        let engine = engine();
        numbers(&engine, 3);
        for forbidden in
            ["create table x as select 1", "copy numbers to '/tmp/x.csv'", "drop table numbers", "set a.b = 1"]
        {
            assert!(engine.query(forbidden).is_err(), "{forbidden}");
        }
        assert_eq!(engine.query("select count(*) from numbers").unwrap().1.len(), 1);
    }

    #[test]
    fn a_wrong_name_is_said_with_the_mend() {
        let engine = engine();
        numbers(&engine, 3);
        let error = engine.query("select nothing from numbers").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("nothing"), "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("describe")));
    }

    #[test]
    fn a_sort_larger_than_memory_spills() {
        let engine =
            Engine::new(&EngineOptions { threads: Some(2), memory: 16 << 20, ..EngineOptions::default() }).unwrap();
        numbers(&engine, 600_000);
        let mut last = i64::MAX;
        engine
            .stream("select text, key from numbers order by key % 1000, key desc", |batch| {
                last = batch.column(1).as_primitive::<Int64Type>().value(batch.num_rows() - 1);
                Ok(())
            })
            .unwrap();
        assert_eq!(last, 999);
    }

    #[test]
    fn a_join_larger_than_memory_spills() {
        let engine =
            Engine::new(&EngineOptions { threads: Some(2), memory: 40 << 20, ..EngineOptions::default() }).unwrap();
        numbers(&engine, 600_000);
        let mut rows = 0;
        engine
            .stream("select a.key, b.text from numbers a join numbers b on a.text = b.text", |batch| {
                rows += batch.num_rows();
                Ok(())
            })
            .unwrap();
        assert_eq!(rows, 600_000);
    }
}
