//! Errors, money, seeds and the vocabulary of results that every other crate speaks (layer 0).

pub mod card;
mod error;
mod money;
mod seed;
pub mod words;

pub use error::{Error, ErrorKind, Result, ResultExt};
pub use money::{Currency, Money};
pub use seed::Seed;
