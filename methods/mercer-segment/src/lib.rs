//! Which kinds of customers there are: segments that hold still, explain themselves and can be used.
#![doc = include_str!("../README.md")]

pub mod attributes;
mod choices;
mod choose;
pub mod cluster;
mod density;
mod describe;
mod evaluate;
pub mod explain;
mod fit;
mod group;
mod input;
mod map;
mod model;
mod params;
mod persist;
mod predict;
mod prepare;
mod purchases;
mod report;
mod space;
mod spec;

pub use choose::Candidate;
pub use describe::Description;
pub use group::{Grid, Partition};
pub use input::Input;
pub use model::{Chosen, Figures, Model, Segment as SegmentFound, Segmentation};
pub use params::{Algorithm, Log, Outliers, Params, Scale};
pub use persist::{Drift, History, Migration, Step};
pub use prepare::{CategoryPlan, LeftOut, NumberPlan, Preparation};

use mercer_base::Result;
use mercer_base::frame::Frame;
use mercer_method::{About, Context, Evaluation, Findings, Intake, Known, Method, Tables};

/// The method: see the crate's documentation.
#[derive(Debug, Clone, Copy)]
pub struct Segment;

impl Method for Segment {
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
        fit::fit_model(params, intake, context)
    }

    fn predict(&self, _: &Params, model: &Model, input: &Input, _: &Context<'_>) -> Result<Frame> {
        predict::label(model, input)
    }

    fn evaluate(&self, params: &Params, model: &Model, _: &Intake<Input>, _: &Context<'_>) -> Result<Evaluation> {
        Ok(evaluate::evaluate(params, model))
    }

    fn report(&self, known: &Known<'_, Self>, context: &Context<'_>) -> Result<Findings> {
        report::report(known, context)
    }
}
