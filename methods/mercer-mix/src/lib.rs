//! What each channel returns, and where the next unit of money should go.
#![doc = include_str!("../README.md")]

mod answers;
mod calibration;
mod coverage;
mod curves;
mod decide;
mod density;
mod design;
mod draws;
mod estimate;
mod evaluate;
mod fit;
mod input;
mod laplace;
#[cfg(test)]
mod made_up;
mod model;
mod panel;
mod params;
mod posterior;
mod predict;
mod prior;
mod refresh;
mod report;
mod sample;
mod sheared;
mod space;
mod spec;
mod transform;
mod trust;
mod whitened;
mod worth;

use mercer_base::Result;
use mercer_base::frame::Frame;
use mercer_method::{About, Context, Evaluation, Findings, Intake, Known, Method, Tables};

pub use estimate::Estimate;
pub use input::Input;
pub use model::{Model, Parameter};
pub use params::Params;
pub use trust::{Diagnostics, TradeOff};

/// The method: see the crate's documentation.
#[derive(Debug, Clone, Copy)]
pub struct Mix;

impl Method for Mix {
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
        predict::predict(params, model, input, context)
    }

    fn tables(
        &self,
        params: &Params,
        model: &Model,
        _input: &Input,
        _context: &Context<'_>,
    ) -> Result<Vec<(&'static str, Frame)>> {
        predict::tables(params, model)
    }

    fn evaluate(
        &self,
        params: &Params,
        _model: &Model,
        intake: &Intake<Input>,
        context: &Context<'_>,
    ) -> Result<Evaluation> {
        evaluate::evaluate(params, intake, context)
    }

    fn report(&self, known: &Known<'_, Self>, context: &Context<'_>) -> Result<Findings> {
        report::report(known, context)
    }
}
