//! Reading a snapshot: its tables behind SQL, as of now or as of an earlier day.

use std::path::Path;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use mercer_base::{Error, Result};
use mercer_engine::{Engine, EngineOptions, ParquetTable, ParquetWriter};

use crate::canonical::steps::register;
use crate::derived;
use crate::manifest::Manifest;
use crate::store::{Snapshot, Store};

/// What `show tables` means: the tables that can be asked, without the engine's own, in alphabetical order.
const SHOW_TABLES: &str =
    "select table_name from information_schema.tables where table_schema = 'public' order by table_name";

/// The statement behind what was asked.
fn statement(sql: &str) -> &str {
    let words = sql.trim().trim_end_matches(';').split_whitespace();
    if words.map(str::to_lowercase).eq(["show", "tables"]) { SHOW_TABLES } else { sql }
}

/// A snapshot that is open for questions. It stays readable while later runs publish newer ones.
pub struct Reader {
    engine: Engine,
    manifest: Manifest,
    /// Keeps the files from being cleared away.
    _snapshot: Option<Snapshot>,
}

impl Reader {
    /// Opens the newest snapshot of a lake.
    ///
    /// # Errors
    /// When there is none yet, or its files cannot be read.
    pub fn open(store: &Store, options: &EngineOptions) -> Result<Self> {
        let snapshot = store.latest()?.ok_or_else(|| {
            Error::data(format!("{}: nothing has been read yet", store.root().display()))
                .with_hint("`mercer run --project DIR` reads the sources")
        })?;
        let engine = Engine::new(options)?;
        for (name, entry) in &snapshot.manifest.tables {
            register(&engine, store, name, entry)?;
        }
        Ok(Self { engine, manifest: snapshot.manifest.clone(), _snapshot: Some(snapshot) })
    }

    /// Opens tables that are no lake's.
    ///
    /// # Errors
    /// When their files cannot be read.
    pub fn over(tables: &[(String, ParquetTable)], options: &EngineOptions) -> Result<Self> {
        let engine = Engine::new(options)?;
        for (name, table) in tables {
            engine.register_parquet(name, table)?;
        }
        Ok(Self { engine, manifest: Manifest::default(), _snapshot: None })
    }

    /// The manifest of the snapshot that is open; an empty one for tables that are no lake's.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Makes `customer_360` what it was, or would have been, at `as_of` (naive microseconds): from rows before it only.
    ///
    /// # Errors
    /// When the moment is after the end of the data, where nothing is known.
    pub fn rewind(&self, as_of: i64) -> Result<()> {
        if let Some(end) = self.manifest.as_of
            && as_of > end
        {
            return Err(Error::config("the date is after the end of the data".to_owned())
                .with_hint("leave --as-of out to see the state at the end of the data"));
        }
        derived::customer_360_view(&self.engine, &self.manifest, as_of)
    }

    /// Runs a statement that only reads, and returns its columns and rows.
    ///
    /// # Errors
    /// When the statement is wrong or would change something.
    pub fn query(&self, sql: &str) -> Result<(SchemaRef, Vec<RecordBatch>)> {
        self.engine.query(statement(sql))
    }

    /// Runs a statement that only reads into a Parquet file, whole or not there at all, a few batches at a time.
    ///
    /// # Errors
    /// When the statement is wrong or would change something, or the file cannot be written.
    pub fn write_parquet(&self, sql: &str, path: &Path) -> Result<()> {
        let sql = statement(sql);
        let schema = self.engine.readable(sql)?;
        let beside = path.with_extension("parquet.part");
        let mut writer = ParquetWriter::create(&beside, schema, &[])?;
        self.engine.stream(sql, |batch| writer.write(&batch))?;
        writer.finish()?;
        std::fs::rename(&beside, path).map_err(|cause| Error::io(path, cause))
    }
}
