//! Which touchpoints earned the conversions, and how far that is from what they caused.
#![doc = include_str!("../README.md")]

mod agreement;
mod anchors;
mod bootstrap;
mod calibrate;
mod credit;
mod describe;
mod divide;
mod doubts;
mod evaluate;
mod fit;
mod folds;
mod harvest;
mod hazard;
mod heuristic;
mod input;
mod made_up;
mod markov;
mod model;
mod models;
mod params;
mod paths;
mod predict;
mod report;
mod shapley;
mod spec;
mod speed;
mod validate;

use mercer_base::Result;
use mercer_base::frame::Frame;
use mercer_method::{About, Context, Evaluation, Findings, Intake, Known, Method, Tables};

pub use input::Input;
pub use model::{
    Amount, ChannelCredit, Estimate, HazardChannel, HazardFit, Incremental, Journeys, LeftOut, MarkovFit, Model,
    ModelCredit, NamedAmount,
};
pub use params::{By, DirectRule, ModelChoice, Params, ShapleyGame, Views};

/// The method: see the crate's documentation.
#[derive(Debug, Clone, Copy)]
pub struct Attribution;

impl Method for Attribution {
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
        predict::scores(model, input, &fit::again(params, model, input, context.seed)?.credit)
    }

    fn tables(
        &self,
        params: &Params,
        model: &Model,
        input: &Input,
        context: &Context<'_>,
    ) -> Result<Vec<(&'static str, Frame)>> {
        let answer = fit::again(params, model, input, context.seed)?;
        let variation = doubts::variation(params, model, input, &answer, context.seed)?;
        predict::tables(model, input, &answer.credit, variation.as_ref())
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
