//! What segments mean: rules a segment can be read from, and what is more or less common in it.

pub mod associate;
pub mod name;
pub mod profile;
pub mod tree;
