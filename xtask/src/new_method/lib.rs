//! METHOD_TITLE: what is expected next of each customer, from few observations of each.

#![doc = include_str!("../README.md")]

mod evaluate;
mod fit;
mod input;
mod params;
mod predict;
mod report;
mod spec;

pub use fit::Model;
pub use input::{Customer, Input};
pub use params::Params;

use mercer_base::Result;
use mercer_base::frame::Frame;
use mercer_method::{About, Context, Evaluation, Findings, Intake, Known, Method, Tables};

/// The method.
#[derive(Debug, Clone, Copy)]
pub struct MethodType;

impl Method for MethodType {
    type Params = Params;
    type Input = Input;
    type Model = Model;

    fn about(&self) -> &'static About {
        &spec::ABOUT
    }

    fn read(&self, params: &Params, tables: &Tables, _: &Context<'_>) -> Result<Intake<Input>> {
        input::read(params, tables)
    }

    fn fit(&self, _: &Params, intake: &Intake<Input>, _: &Context<'_>) -> Result<Model> {
        Model::of(&intake.input.customers)
    }

    fn predict(&self, _: &Params, model: &Model, input: &Input, _: &Context<'_>) -> Result<Frame> {
        predict::score(model, input)
    }

    fn evaluate(&self, _: &Params, _: &Model, intake: &Intake<Input>, _: &Context<'_>) -> Result<Evaluation> {
        Ok(evaluate::evaluate(&intake.input))
    }

    fn report(&self, known: &Known<'_, Self>, _: &Context<'_>) -> Result<Findings> {
        report::report(known)
    }
}
