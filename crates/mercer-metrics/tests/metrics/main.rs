//! Every figure against a small company whose figures are worked out by hand.

// Helpers around the tests may stop at the first surprise, as the tests themselves may.
#![allow(clippy::unwrap_used, clippy::panic)]

mod company;
mod compiled;
mod customer_360;
mod questions;
