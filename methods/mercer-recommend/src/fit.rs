//! Fitting: the portfolio, and what follows what.

use mercer_base::Result;
use mercer_method::{Context, Intake};

use crate::input::Input;
use crate::log::Log;
use crate::model::Model;
use crate::params::Params;
use crate::portfolio::learn;
use crate::sources::Ground;
use crate::transitions::direction::leads;
use crate::transitions::{TransitionSettings, Transitions};

/// Days after a purchase within which another is taken to follow from it.
const AFTER_DAYS: f64 = 90.0;

impl Input {
    /// What models are fitted on: `log` as known before `day`.
    pub(crate) fn ground<'a>(&'a self, log: &'a Log, day: f64) -> Ground<'a> {
        Ground { log, catalogue: &self.catalogue, content: self.content.as_ref(), dated: self.dated, day }
    }
}

/// Steps that are kept of each product.
const AFTER_KEPT: usize = 100;

/// Fits a model.
pub(crate) fn fit(params: &Params, intake: &Intake<Input>, context: &Context<'_>) -> Result<Model> {
    let input = &intake.input;
    input.need_purchases()?;
    let ground = input.ground(&input.log, input.end);
    let (portfolio, choice) = learn(params, &ground, context.seed.split("recommend"), context.say)?;
    let categories = input.catalogue.has_categories().then_some(input.catalogue.category_of.as_slice());
    let settings = TransitionSettings { window_days: AFTER_DAYS, keep: AFTER_KEPT, ..TransitionSettings::default() };
    let leads = leads(&input.log, &input.catalogue.category_of, input.catalogue.categories.len(), AFTER_DAYS);
    Ok(Model {
        leads,
        choice,
        catalogue: input.catalogue.clone(),
        customers: input.customers.clone(),
        segments: input.segments.names.clone(),
        log: input.log.clone(),
        dated: input.dated,
        portfolio,
        after: Transitions::fit(&input.log, categories, settings)?,
    })
}
