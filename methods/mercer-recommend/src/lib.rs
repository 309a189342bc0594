//! What to offer a customer next, and after this purchase.
#![doc = include_str!("../README.md")]

mod als;
mod arrange;
mod blend;
mod board;
mod catalogue;
mod cold;
mod content;
mod ease;
mod evaluate;
mod fit;
mod input;
mod lists;
mod log;
mod model;
mod neighbours;
mod panel;
mod params;
mod popularity;
mod portfolio;
mod predict;
mod purchases;
mod ranking;
mod repeat;
mod report;
mod scorer;
mod segments;
mod sources;
mod sparse;
mod spec;
mod speed;
mod split;
mod transitions;
mod tune;
mod why;

use mercer_base::Result;
use mercer_base::frame::Frame;
use mercer_method::{About, Context, Evaluation, Findings, Intake, Known, Method, Scored, Tables};

pub use input::Input;
pub use model::Model;
pub use params::{Params, Repeats, Source};

/// The method: see the crate's documentation.
#[derive(Debug, Clone, Copy)]
pub struct Recommend;

impl Method for Recommend {
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

    fn predict(&self, params: &Params, model: &Model, input: &Input, _context: &Context<'_>) -> Result<Frame> {
        predict::first(params, model, input)
    }

    fn tables(
        &self,
        params: &Params,
        model: &Model,
        input: &Input,
        context: &Context<'_>,
    ) -> Result<Vec<(&'static str, Frame)>> {
        Ok(predict::score(params, model, input, context)?.tables)
    }

    fn score(&self, params: &Params, model: &Model, input: &Input, context: &Context<'_>) -> Result<Scored> {
        predict::score(params, model, input, context)
    }

    fn evaluate(
        &self,
        params: &Params,
        model: &Model,
        intake: &Intake<Input>,
        context: &Context<'_>,
    ) -> Result<Evaluation> {
        evaluate::evaluate(params, intake, model, context)
    }

    fn report(&self, known: &Known<'_, Self>, _context: &Context<'_>) -> Result<Findings> {
        report::report(known)
    }
}
