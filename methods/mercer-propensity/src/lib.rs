//! Who will churn, convert, buy again or unsubscribe, when, why, and who looks like our best.
#![doc = include_str!("../README.md")]

mod decide;
mod encode;
mod evaluate;
mod examples;
mod fit;
mod guard;
mod history;
mod input;
mod learn;
mod marginals;
mod model;
mod outcome;
mod params;
mod predict;
mod reasons;
mod report;
mod spec;
mod table;

use mercer_base::Result;
use mercer_base::frame::Frame;
use mercer_method::{About, Context, Evaluation, Findings, Intake, Known, Method, Tables};

pub use input::Input;
pub use model::Model;
pub use params::{Leaks, Learner, Params};

/// The method: see the crate's documentation.
#[derive(Debug, Clone, Copy)]
pub struct Propensity;

impl Method for Propensity {
    type Params = Params;
    type Input = Input;
    type Model = Model;

    fn about(&self) -> &'static About {
        &spec::ABOUT
    }

    fn read(&self, params: &Params, tables: &Tables, context: &Context<'_>) -> Result<Intake<Input>> {
        input::read(params, tables, context)
    }

    fn fit(&self, params: &Params, intake: &Intake<Input>, context: &Context<'_>) -> Result<Model> {
        fit::fit(params, intake, context)
    }

    fn predict(&self, params: &Params, model: &Model, input: &Input, context: &Context<'_>) -> Result<Frame> {
        predict::score(params, model, input, context)
    }

    fn tables(
        &self,
        params: &Params,
        model: &Model,
        input: &Input,
        context: &Context<'_>,
    ) -> Result<Vec<(&'static str, Frame)>> {
        predict::tables(params, model, input, context)
    }

    fn evaluate(
        &self,
        params: &Params,
        model: &Model,
        intake: &Intake<Input>,
        context: &Context<'_>,
    ) -> Result<Evaluation> {
        evaluate::evaluate(params, model, intake, context)
    }

    fn report(&self, known: &Known<'_, Self>, context: &Context<'_>) -> Result<Findings> {
        report::report(known, context)
    }
}
