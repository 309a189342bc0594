//! What tests share: reference data, temporary projects, and checks of what every crate promises. A dev-dependency only.
#![allow(clippy::print_stdout, clippy::panic, clippy::expect_used, reason = "only tests call it")]

pub mod conformance;
mod data;
mod forms;
mod online_retail;
mod project;
mod promises;

pub use data::{data, data_root};
pub use forms::{archive, gunzip, gzip, workbook};
pub use online_retail::{RetailLine, online_retail};
pub use project::TempProject;
pub use promises::{assert_error, assert_same_at_any_thread_count};
