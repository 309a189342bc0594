//! A project: its configuration, its run and what the run leaves behind.

mod commented;
pub mod config;
pub mod files;
pub mod init;
