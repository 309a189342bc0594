//! Sources to canonical tables, snapshots, metrics and the customer 360 (layer 3).
//!
//! [`update()`] parses what is new, builds every table and publishes a [`Snapshot`]; [`Reader`] answers SQL over one.

mod canonical;
mod checks;
mod derived;
mod enrich;
mod manifest;
mod reader;
mod staging;
mod store;
mod update;

pub use enrich::{Additions, Ask, Build, Enrich, Scores};
pub use manifest::{FileEntry, Finding, Input, Manifest, RowCounts, Severity, TableEntry};
pub use mercer_engine::{Engine, EngineOptions, ParquetTable, ParquetWriter};
pub use reader::Reader;
pub use store::{Snapshot, Store, WriteLock};
pub use update::{UpdateRequest, Updated, lake_folder, update};
