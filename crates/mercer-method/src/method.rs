//! The trait that a method implements.

use mercer_base::card::{Card, Tile};
use mercer_base::frame::Frame;
use mercer_base::{Result, Seed};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::about::About;
use crate::evaluation::Evaluation;
use crate::intake::{Intake, Tables};
use crate::model::SavedModel;

/// What a method may know beside its data.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The only source of chance.
    pub seed: Seed,
    /// First moment after the data, in microseconds, where the caller knows it; else the data's own last moment counts.
    pub until: Option<i64>,
    /// First moment that cannot have happened yet, in microseconds, where the caller has a clock: later rows are mistakes.
    pub not_yet: Option<i64>,
    /// Sign in front of amounts; empty where the currency is unknown.
    pub currency_sign: &'a str,
    /// The model that was fitted before to earlier data, where the caller has it: what continues keeps its name.
    pub previous: Option<&'a SavedModel>,
    /// Hears of each step, for a person who waits.
    pub say: &'a (dyn Fn(&str) + Sync),
}

impl Context<'_> {
    /// A context with the given seed that says nothing and knows no date.
    #[must_use]
    pub fn quiet(seed: Seed) -> Self {
        Self { seed, until: None, not_yet: None, currency_sign: "", previous: None, say: &|_| () }
    }
}

/// A method: parameters → typed input → fitted model → scores, evaluation and cards.
///
/// All functions are pure: the same parameters, tables and context give the same bytes, at any thread count, in any order of
/// rows. Predicting takes a fitted model, so an unfitted one cannot.
pub trait Method: Send + Sync + 'static {
    /// Parameters. Every one has a default; unknown ones are refused (`#[serde(default, deny_unknown_fields)]`); numbers have
    /// checked types such as [`Positive`](crate::Positive).
    type Params: Serialize + DeserializeOwned + JsonSchema + Default + Send + Sync;
    /// The tables as the method computes with them.
    type Input: Send + Sync;
    /// What fitting finds; serialised, it is the `model` that people and machines see.
    type Model: Serialize + DeserializeOwned + Send + Sync;

    /// What the method is.
    fn about(&self) -> &'static About;

    /// Whether an optional table serves under these parameters; one that does not is not read from a project.
    fn uses(&self, _params: &Self::Params, _table: &str) -> bool {
        true
    }

    /// Makes the typed input. Rows that cannot be used are counted with their place and reason.
    ///
    /// # Errors
    /// When nothing usable is left, or parameters and tables do not fit each other.
    fn read(&self, params: &Self::Params, tables: &Tables, context: &Context<'_>) -> Result<Intake<Self::Input>>;

    /// Fits a model.
    ///
    /// # Errors
    /// When the data cannot carry one; the message says what they lack.
    fn fit(&self, params: &Self::Params, intake: &Intake<Self::Input>, context: &Context<'_>) -> Result<Self::Model>;

    /// Scores every row of the input, in its order. The first column is the id of the rows where they have one.
    ///
    /// # Errors
    /// When the input does not fit the model.
    fn predict(
        &self,
        params: &Self::Params,
        model: &Self::Model,
        input: &Self::Input,
        context: &Context<'_>,
    ) -> Result<Frame>;

    /// Tables beside the scores, under names of [`About::tables`]; none where the data have nothing for them.
    ///
    /// # Errors
    /// When the input does not fit the model.
    fn tables(
        &self,
        _params: &Self::Params,
        _model: &Self::Model,
        _input: &Self::Input,
        _context: &Context<'_>,
    ) -> Result<Vec<(&'static str, Frame)>> {
        Ok(Vec::new())
    }

    /// Scores and tables of one pass. To be written by a method where both come of the same work; others need not.
    ///
    /// # Errors
    /// When the input does not fit the model.
    fn score(
        &self,
        params: &Self::Params,
        model: &Self::Model,
        input: &Self::Input,
        context: &Context<'_>,
    ) -> Result<Scored> {
        Ok(Scored {
            scores: self.predict(params, model, input, context)?,
            tables: self.tables(params, model, input, context)?,
        })
    }

    /// Judges the method on data it has not seen, or against chance, beside a naive baseline. `model` is what was fitted to all
    /// of the input; a method that holds out data fits others of its own.
    ///
    /// # Errors
    /// Only where something is broken; too little data is a verdict.
    fn evaluate(
        &self,
        params: &Self::Params,
        model: &Self::Model,
        intake: &Intake<Self::Input>,
        context: &Context<'_>,
    ) -> Result<Evaluation>;

    /// The findings for the report.
    ///
    /// # Errors
    /// Only where something is broken.
    fn report(&self, known: &Known<'_, Self>, context: &Context<'_>) -> Result<Findings>
    where
        Self: Sized;
}

/// What a model says of an input.
#[derive(Debug, Clone)]
pub struct Scored {
    /// The scores of every row, as of [`Method::predict`].
    pub scores: Frame,
    /// The tables beside them, as of [`Method::tables`].
    pub tables: Vec<(&'static str, Frame)>,
}

/// What a method has to say in the report.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    /// Key figures for the report's first screen.
    pub tiles: Vec<Tile>,
    /// The cards of the method's own section: headline, picture, table, caveat.
    pub cards: Vec<Card>,
}

/// All that is known when the report is written.
pub struct Known<'a, M: Method> {
    /// The parameters.
    pub params: &'a M::Params,
    /// The input and what became of its rows.
    pub intake: &'a Intake<M::Input>,
    /// The fitted model.
    pub model: &'a M::Model,
    /// The scores of every row of the input.
    pub scores: &'a Frame,
    /// The tables beside the scores.
    pub tables: &'a [(&'static str, Frame)],
    /// How good the model is.
    pub evaluation: &'a Evaluation,
}
