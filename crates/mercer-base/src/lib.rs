//! Errors, money, seeds, plain tables and the vocabulary of results that every other crate speaks (layer 0).

pub mod card;
mod dictionary;
mod error;
pub mod frame;
mod money;
mod nearest;
pub mod notation;
pub mod rfm;
mod seed;
pub mod words;

pub use error::{Error, ErrorKind, Result, ResultExt};
pub use money::{Currency, Money};
pub use nearest::nearest;
pub use seed::Seed;
