//! From the profiles of files to a proposal: what their rows are, which column is which field, which rules hold.

mod assign;
mod currency;
mod evidence;
mod fit;
mod leftover;
mod map;
mod presets;
mod propose;
mod rows;
mod rules;
mod view;
mod words;

use std::path::PathBuf;

pub use evidence::{Evidence, look};
pub use propose::propose;

use crate::mapping::SourceSpec;
use crate::rules::Rules;

/// A column is mapped from this certainty on; below, it is only named as the best guess.
pub const LEAST_CERTAINTY: f64 = 0.5;
/// From this certainty on people need not look twice.
pub const SURE: f64 = 0.8;

/// What files seem to be. A proposal: people read and correct it.
#[derive(Debug, Clone, Default)]
pub struct Proposal {
    /// Sources, in the order of the tables their rows belong to.
    pub sources: Vec<ProposedSource>,
    /// The business rules.
    pub rules: Rules,
    /// Why the rules are as they are, by the rule's name.
    pub rule_reasons: Vec<RuleReason>,
    /// The currency, where the data names one.
    pub currency: Option<CurrencyGuess>,
    /// Files nothing is read from, and why.
    pub left_out: Vec<LeftOut>,
    /// What people should know before they trust the mapping.
    pub warnings: Vec<String>,
}

/// One source as proposed.
#[derive(Debug, Clone)]
pub struct ProposedSource {
    /// The source as it goes into `mercer.toml`; its files are the profiles' paths.
    pub spec: SourceSpec,
    /// Which of the given profiles it covers.
    pub profiles: Vec<usize>,
    /// Rows of all its files, as far as they were profiled.
    pub rows: u64,
    /// How certain it is that rows are what `rows_are` says, 0 to 1.
    pub certainty: f64,
    /// Why they seem to be that.
    pub reason: String,
    /// The mapped fields, in the order of the canonical schema.
    pub columns: Vec<ProposedColumn>,
    /// Columns that are mapped to nothing.
    pub unmapped: Vec<UnmappedColumn>,
    /// What only people can answer.
    pub questions: Vec<Question>,
}

/// One mapped field.
#[derive(Debug, Clone)]
pub struct ProposedColumn {
    /// The field as it is written in `mercer.toml`: `order_id`, `products.title`.
    pub field: String,
    /// The columns it is read from; none where it is a constant.
    pub columns: Vec<String>,
    /// How certain it is, 0 to 1.
    pub certainty: f64,
    /// Why.
    pub reason: String,
    /// The next best field for the column, where one came near.
    pub runner_up: Option<String>,
    /// A few values.
    pub samples: Vec<String>,
}

/// A column that is mapped to nothing.
#[derive(Debug, Clone)]
pub struct UnmappedColumn {
    /// Its name.
    pub column: String,
    /// Why it is left.
    pub reason: String,
    /// The field it resembles most, where it resembles any.
    pub best_guess: Option<String>,
    /// How many different values it has; 0 where it is empty.
    pub distinct: u64,
    /// A few values.
    pub samples: Vec<String>,
}

/// Why a rule is proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleReason {
    /// The rule's name in `[rules]`.
    pub rule: &'static str,
    /// Why, in words with counts.
    pub reason: String,
}

/// The currency of the amounts, where the data names one.
#[derive(Debug, Clone, PartialEq)]
pub struct CurrencyGuess {
    /// ISO 4217 code.
    pub code: String,
    /// How certain, 0 to 1.
    pub certainty: f64,
    /// Where it was found.
    pub reason: String,
}

/// A file nothing is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The file.
    pub file: PathBuf,
    /// Why.
    pub reason: String,
}

/// Something only people can answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The field it is about, as it is written in `mercer.toml`; none: the whole source.
    pub field: Option<String>,
    /// The question.
    pub text: String,
}
