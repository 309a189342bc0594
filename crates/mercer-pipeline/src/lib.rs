//! A project: its configuration, its run and what the run leaves behind (layer 4).

mod cards;
mod commented;
pub mod config;
mod figures;
pub mod files;
pub mod init;
pub mod methods;
mod project;
mod reporting;

pub use mercer_lake::{Finding, Reader, RowCounts, Severity};
pub use project::{
    CheckOutcome, CheckedSource, Figure, Limits, Project, RefusedRow, RunOutcome, end_of_today, open_folder,
    start_of_day,
};
