//! The embedded query engine: SQL over Parquet files and Arrow batches, in bounded memory (layer 2).
//!
//! This is the only crate that knows DataFusion. Callers see Arrow, SQL and [`mercer_base::Error`]; a distributed engine
//! would stand behind the same [`Engine`].

mod engine;
mod error;
mod table;
mod writer;

pub use engine::{Engine, EngineOptions};
pub use table::{ParquetTable, parquet_schema};
pub use writer::{ParquetWriter, WrittenFile};
