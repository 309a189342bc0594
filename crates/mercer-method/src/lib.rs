//! The shape every method has (layer 2): what it is, what it reads, its parameters, fit, predict, evaluation, cards and saved
//! models. A method implements [`Method`]; everybody else holds it as a [`dyn AnyMethod`](AnyMethod). No engine, no files,
//! no clock.

mod about;
mod any;
mod choose;
pub mod consent;
pub mod day;
mod evaluation;
mod intake;
mod method;
mod model;
mod numbers;
pub mod packed;
mod params;
mod rows;

pub use about::{About, ColumnSpec, Form, GivenTable, Score, TableSpec};
pub use any::{AnyMethod, Outcome, Predicted, Wish};
pub use choose::{Mapping, choose_columns, choose_form};
pub use evaluation::{Detail, Evaluation, Measure, Verdict};
pub use intake::{Intake, IntakeCounts, Tables, Window};
pub use method::{Context, Findings, Known, Method, Scored};
pub use model::{FORM, SavedModel};
pub use numbers::{Confidence, Positive, Share};
pub use params::{ParamDoc, describe, parse_pairs};
pub use rows::{rows_by_id, rows_by_values};

/// The derive and the schema type that parameters need.
pub use schemars::{self, JsonSchema};
