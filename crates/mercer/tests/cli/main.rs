//! The mercer binary as people use it: started as a process on folders of files, judged by what it prints, writes and
//! returns.
// Helpers of tests may stop at the first surprise, as tests do.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod attribution;
mod binary;
mod broken;
mod demo;
mod forms;
mod incremental;
mod interrupted;
mod lifetime;
mod mix;
mod propensity;
mod real_data;
mod recommend;
mod segment;
mod shop;
mod terminal;
