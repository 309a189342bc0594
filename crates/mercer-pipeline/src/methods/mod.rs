//! Methods: on plain files, and within a project on its tables.

mod frames;
mod plain;
mod project;

pub use frames::{to_batch, write_parquet};
pub use plain::{InputFile, parse_mapping, read_tables};
pub(crate) use project::{MethodReport, ProjectMethods, from_project, reports, scores_table};
