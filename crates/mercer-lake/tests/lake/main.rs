//! The lake from files to tables, on small companies whose figures can be worked out by hand.

mod company;
mod customers;
mod facts;
mod orders;
