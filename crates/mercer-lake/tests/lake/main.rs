//! The lake from files to tables, on small companies whose figures can be worked out by hand.
// Helpers of tests may stop at the first surprise, as tests do.
#![allow(clippy::unwrap_used)]

mod company;
mod customers;
mod facts;
mod orders;
