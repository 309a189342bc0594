//! What each customer is worth: purchase and drop-out processes, spend, and the value that follows.
#![doc = include_str!("../README.md")]

mod calendars;
pub mod contract;
mod data;
mod design;
pub mod estimate;
mod evaluate;
pub mod family;
mod fit;
mod input;
mod log;
mod maximum;
mod model;
mod params;
mod predict;
mod report;
mod spec;
pub mod spend;
pub mod time_varying;

use mercer_base::Result;
use mercer_base::frame::Frame;
use mercer_method::{About, Context, Evaluation, Findings, Intake, Known, Method, Tables};

pub use input::{Customers, DataForm};
pub use model::{Candidate, Model, SpendModel};
pub use params::{ModelKind, Params, PriorKind, TimeUnit};

/// The method: see the crate's documentation.
#[derive(Debug, Clone, Copy)]
pub struct Lifetime;

impl Method for Lifetime {
    type Params = Params;
    type Input = Customers;
    type Model = Model;

    fn about(&self) -> &'static About {
        &spec::ABOUT
    }

    fn uses(&self, params: &Params, table: &str) -> bool {
        table != "customers" || !params.covariates.is_empty()
    }

    fn read(&self, params: &Params, tables: &Tables, context: &Context<'_>) -> Result<Intake<Customers>> {
        input::read(params, tables, context)
    }

    fn fit(&self, params: &Params, intake: &Intake<Customers>, _context: &Context<'_>) -> Result<Model> {
        fit::fit_model(params, intake)
    }

    fn predict(&self, params: &Params, model: &Model, input: &Customers, _context: &Context<'_>) -> Result<Frame> {
        predict::score(params, model, input)
    }

    fn evaluate(
        &self,
        params: &Params,
        _model: &Model,
        intake: &Intake<Customers>,
        _context: &Context<'_>,
    ) -> Result<Evaluation> {
        evaluate::evaluate(params, intake)
    }

    fn report(&self, known: &Known<'_, Self>, context: &Context<'_>) -> Result<Findings> {
        report::report(known, context)
    }
}
