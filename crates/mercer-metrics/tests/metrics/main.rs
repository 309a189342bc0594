//! Every figure against a small company whose figures are worked out by hand.

mod company;
mod compiled;
mod customer_360;
mod questions;
