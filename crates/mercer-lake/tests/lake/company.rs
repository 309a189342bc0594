//! A small company: files written from strings, mapped, read into a lake, asked in SQL.

use std::collections::BTreeMap;
use std::path::PathBuf;

use arrow::util::display::{ArrayFormatter, FormatOptions};
use mercer_lake::{EngineOptions, Manifest, Reader, Store, UpdateRequest, Updated, update};
use mercer_metrics::Definitions;
use mercer_schema::{ColumnSource, Rules, SourceSpec, Table};
use tempfile::TempDir;

/// The end of 2026, in microseconds: nothing in these tests has happened after it.
const END_OF_2026: i64 = 1_798_761_600_000_000;

/// A lake that is open, and its folder as long as somebody asks.
pub(crate) struct Open {
    reader: Reader,
    _folder: TempDir,
}

impl std::ops::Deref for Open {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}

pub(crate) struct Company {
    folder: TempDir,
    sources: Vec<(SourceSpec, Vec<PathBuf>)>,
    pub(crate) rules: Rules,
}

impl Company {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), sources: Vec::new(), rules: Rules::default() }
    }

    /// Adds a source with its files; columns are `field=column` or just `field` where both are called the same.
    pub(crate) fn source(mut self, rows_are: Table, columns: &[&str], files: &[(&str, &str)]) -> Self {
        let columns: BTreeMap<_, _> = columns
            .iter()
            .map(|column| column.split_once('=').unwrap_or((column, column)))
            .map(|(field, column)| match (field, column) {
                ("order_id", "one per customer and day") => (field, ColumnSource::one_per_customer_and_day()),
                _ => (field, ColumnSource::Column(column.to_owned())),
            })
            .map(|(field, origin)| (field.to_owned(), origin))
            .collect();
        let spec = SourceSpec {
            name: format!("{}_{}", rows_are.name(), self.sources.len()),
            files: vec![],
            rows_are,
            read: Default::default(),
            columns,
            attributes: BTreeMap::new(),
        };
        let paths = files
            .iter()
            .map(|(name, text)| {
                let path = self.folder.path().join(name);
                std::fs::write(&path, text).unwrap();
                path
            })
            .collect();
        self.sources.push((spec, paths));
        self
    }

    /// Keeps further columns of the last source as attributes.
    pub(crate) fn attributes(mut self, table: Table, names: &[&str]) -> Self {
        let (spec, _) = self.sources.last_mut().unwrap();
        spec.attributes.insert(table, names.iter().map(|name| (*name).to_owned()).collect());
        self
    }

    pub(crate) fn rules(mut self, change: impl FnOnce(&mut Rules)) -> Self {
        change(&mut self.rules);
        self
    }

    fn store(&self) -> Store {
        Store::new(self.folder.path().join("lake"))
    }

    /// Reads everything and opens the result.
    pub(crate) fn open(self) -> Open {
        self.open_within(EngineOptions::default().memory, 2)
    }

    /// As [`Self::open`], with an engine that holds at most this many bytes.
    pub(crate) fn open_within(self, memory: usize, threads: usize) -> Open {
        let options = EngineOptions { threads: Some(threads), memory, ..EngineOptions::default() };
        let definitions = Definitions::built_in().unwrap();
        let request = UpdateRequest {
            project: self.folder.path(),
            sources: &self.sources,
            rules: &self.rules,
            definitions: &definitions,
            end_of_today: END_OF_2026,
            keep_snapshots: 3,
            force: false,
            enrich: None,
        };
        let updated = update(&self.store(), &options, &request, &|_| ()).unwrap();
        assert!(matches!(updated, Updated::Published(_)));
        let rows = updated.snapshot().manifest.rows();
        assert_eq!(rows.read, rows.accepted + rows.quarantined, "the books do not balance");
        let reader = Reader::open(&self.store(), &EngineOptions::default()).unwrap();
        Open { reader, _folder: self.folder }
    }
}

/// The rows of a statement, cells joined by ` | `, empty where null.
pub(crate) fn ask(reader: &Reader, sql: &str) -> Vec<String> {
    let (_, batches) = reader.query(sql).unwrap();
    let mut rows = Vec::new();
    for batch in &batches {
        let options = FormatOptions::default();
        let formatters: Vec<_> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
        for row in 0..batch.num_rows() {
            let cells: Vec<_> = formatters.iter().map(|formatter| formatter.value(row).to_string()).collect();
            rows.push(cells.join(" | "));
        }
    }
    rows
}

/// Counts of a reader's inputs: read, accepted, repeated, quarantined.
pub(crate) fn counts(manifest: &Manifest) -> [u64; 4] {
    let rows = manifest.rows();
    [rows.read, rows.accepted, rows.repeated, rows.quarantined]
}
