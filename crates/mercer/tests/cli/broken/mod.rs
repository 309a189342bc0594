//! Broken inputs: each is refused in words that say what, where and what to do; dirty rows cost themselves only.

mod config;
mod files;
mod questions;
mod rows;
