//! Fitting: the process of buying and leaving, the choice among models, and what a purchase is worth.

use mercer_base::words::count;
use mercer_base::{Error, ErrorKind, Result};
use mercer_method::Intake;
use serde_json::{Map, Value};

use crate::calendars::Calendars;
use crate::contract::ShiftedBetaGeometric;
use crate::design::Design;
use crate::estimate::{Covariates, Data, Estimate, Normal, Prior, Verdict, fit};
use crate::evaluate::{Split, forecast};
use crate::family::{BgBb, BgNbd, Family, History, MbgNbd, Nbd, ParetoNbd};
use crate::input::{Customers, model_of};
use crate::log::PurchaseLog;
use crate::model::{Candidate, Model, SpendModel, by_name, intervals, standard_errors};
use crate::params::{ModelKind, Params, PriorKind};
use crate::spend::{Spend, fit_spend, population_mean};
use crate::time_varying::{Exposures, TimeVarying};

/// Models that `auto` chooses from, the simplest to compute first.
const CANDIDATES: [ModelKind; 3] = [ModelKind::BgNbd, ModelKind::MbgNbd, ModelKind::ParetoNbd];

/// Customers, and of them repeat buyers, below which parameters say nothing.
const LEAST_CUSTOMERS: f64 = 30.0;
const LEAST_REPEATERS: f64 = 10.0;

/// The family behind a model of buying and leaving.
///
/// # Errors
/// For what is no such model.
pub(crate) fn family_of(model: ModelKind) -> Result<&'static dyn Family> {
    match model {
        ModelKind::BgNbd => Ok(&BgNbd),
        ModelKind::MbgNbd => Ok(&MbgNbd),
        ModelKind::ParetoNbd => Ok(&ParetoNbd),
        ModelKind::Nbd => Ok(&Nbd),
        ModelKind::BgBb => Ok(&BgBb),
        ModelKind::Sbg => Ok(&ShiftedBetaGeometric),
        ModelKind::Auto | ModelKind::GammaGamma => {
            Err(Error::internal(format!("{} is no process of buying", model.label())))
        }
    }
}

/// A fitted process: its estimate, and how covariates became numbers.
pub(crate) struct Process {
    pub(crate) family: &'static dyn Family,
    pub(crate) estimate: Estimate,
    pub(crate) design: Design,
}

/// Fits one process to histories; `covariates` are of the same rows.
///
/// # Errors
/// When the data cannot carry it.
pub(crate) fn fit_process(
    params: &Params,
    model: ModelKind,
    histories: &[History],
    weights: &[f64],
    covariates: &[(String, mercer_base::frame::Column)],
) -> Result<Process> {
    let family = family_of(model)?;
    let design = Design::of(covariates)?;
    if design.width() > 0 && family.scaled().is_empty() {
        return Err(Error::config(format!("{} takes no covariates", model.label()))
            .with_hint("leave covariates out, or choose bg-nbd or pareto-nbd"));
    }
    let matrix = design.matrix(covariates, histories.len())?;
    let used = Covariates::on_all(family, design.names(), matrix)?;
    let data = Data { histories, weights, covariates: &used };
    let prior = prior(params.prior, family.parameters().len());
    Ok(Process { family, estimate: fit(family, &data, &prior)?, design })
}

/// Fits BG/NBD under covariates that change over time, to the customers known on `day`, and gives their exposures.
///
/// # Errors
/// When the periods do not cover the observation, or the data cannot carry the model.
pub(crate) fn fit_over_time(
    calendars: &Calendars,
    log: &PurchaseLog,
    customers: &[usize],
    day: i32,
) -> Result<(Process, Exposures)> {
    let exposures = calendars.exposures(log, customers, day)?;
    let estimate = TimeVarying::fit(&exposures)?.estimate;
    Ok((Process { family: &BgNbd, estimate, design: Design::default() }, exposures))
}

/// The model under a calendar, or the one asked for without.
///
/// # Errors
/// Where the two do not go together.
pub(crate) fn model_for(params: &Params, input: &Customers) -> Result<ModelKind> {
    let asked = model_of(params.model, input.form)?;
    match (&input.calendars, asked) {
        (None, asked) | (Some(_), asked @ ModelKind::GammaGamma) => Ok(asked),
        (Some(_), _) if !params.covariates.is_empty() || params.prior != PriorKind::None => {
            Err(Error::config("a calendar goes with neither covariates of customers nor a prior").with_hint(
                "put what is constant for a customer into the calendar's rows of that customer, and leave prior out",
            ))
        }
        (Some(_), ModelKind::Auto | ModelKind::BgNbd) => Ok(ModelKind::BgNbd),
        (Some(_), other) => Err(Error::config(format!("{} takes no covariates that change over time", other.label()))
            .with_hint("choose model=bg-nbd, or leave the calendar out")),
    }
}

/// What is assumed before the data: weakly, that parameters lie within a factor of about 50 of 1 (shapes) or of ten units of
/// time (scales), and effects within a factor of e.
fn prior(kind: PriorKind, parameters: usize) -> Prior {
    match kind {
        PriorKind::None => Prior::default(),
        PriorKind::Weak => Prior {
            parameters: vec![Some(Normal { mean: 1.0, deviation: 2.0 }); parameters],
            coefficients: Some(Normal { mean: 0.0, deviation: 1.0 }),
        },
    }
}

/// Chooses among the models by how well they forecast the end of the data from what was before, or by likelihood where there
/// are no dates. The candidates come with their figures, the best first.
pub(crate) fn choose(params: &Params, input: &Customers, last_day: Option<i32>) -> Result<Vec<Candidate>> {
    let split = match (&input.log, last_day) {
        (Some(log), Some(last_day)) => Split::of(params, log, last_day).ok(),
        _ => None,
    };
    let mut candidates = Vec::new();
    let mut failed = None;
    for name in CANDIDATES {
        let tried = match &split {
            Some(split) => forecast(params, name, input, split).map(|forecast| Candidate {
                name,
                holdout_rmse: Some(forecast.rmse()),
                log_likelihood: forecast.process.estimate.ln_likelihood,
            }),
            None => fit_process(params, name, &input.histories, &input.weights, &input.covariates)
                .map(|process| Candidate { name, holdout_rmse: None, log_likelihood: process.estimate.ln_likelihood }),
        };
        match tried {
            Ok(candidate) => candidates.push(candidate),
            // A model that these data cannot carry is no candidate.
            Err(error) if error.kind() == ErrorKind::Data => failed = Some(error),
            Err(error) => return Err(error),
        }
    }
    // All have four parameters, so that likelihoods compare as they are. Ties go to the first.
    candidates.sort_by(|a, b| match (a.holdout_rmse, b.holdout_rmse) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        _ => b.log_likelihood.total_cmp(&a.log_likelihood),
    });
    match (candidates.is_empty(), failed) {
        (true, Some(error)) => Err(error),
        _ => Ok(candidates),
    }
}

/// Fits the model that the parameters ask for.
///
/// # Errors
/// When the data cannot carry it.
pub(crate) fn fit_model(params: &Params, intake: &Intake<Customers>) -> Result<Model> {
    let input = &intake.input;
    let confidence = params.confidence.get();
    let asked = model_for(params, input)?;
    let mut notes = Vec::new();
    let spend = fit_values(params, input, asked, &mut notes)?;
    if asked == ModelKind::GammaGamma {
        let spend = spend.ok_or_else(|| {
            Error::data(notes.first().cloned().unwrap_or_else(|| "there are no values of purchases".to_owned()))
                .with_hint(
                    "Gamma-Gamma needs repeat buyers with the mean value of their purchases: --map monetary=COLUMN",
                )
        })?;
        return Ok(Model {
            name: asked,
            parameters: spend.parameters.clone(),
            standard_errors: spend.standard_errors.clone(),
            intervals: intervals(&spend.estimate, confidence),
            effects: Map::new(),
            log_likelihood: spend.log_likelihood,
            customers: spend.customers,
            verdict: spend.verdict.clone(),
            candidates: Vec::new(),
            spend: Some(spend),
            notes,
            design: Design::default(),
            over_time: Vec::new(),
            process: None,
        });
    }
    check_enough(input, asked)?;
    let candidates = match asked {
        ModelKind::Auto => choose(params, input, input.log.as_ref().map(|log| log.last_day))?,
        _ => Vec::new(),
    };
    let name = candidates.first().map_or(asked, |best| best.name);
    let process = match (&input.calendars, &input.log) {
        (Some(calendars), Some(log)) => {
            let everybody: Vec<usize> = (0..log.customers()).collect();
            fit_over_time(calendars, log, &everybody, log.last_day)?.0
        }
        _ if input.covariates.is_empty() => {
            let (histories, weights) = input.merged()?;
            fit_process(params, name, &histories, &weights, &[])?
        }
        _ => fit_process(params, name, &input.histories, &input.weights, &input.covariates)?,
    };
    let estimate = process.estimate;
    if estimate.verdict != Verdict::Converged {
        notes.push(format!("{}: {}", name.label(), estimate.verdict));
    }
    let effect = |coefficient: &crate::estimate::Coefficient| {
        let name = format!("{}: {}", coefficient.process, coefficient.covariate);
        let value = serde_json::json!({ "value": coefficient.value, "standard_error": coefficient.standard_error });
        (name, value)
    };
    Ok(Model {
        name,
        parameters: by_name(&estimate, |index| Value::from(estimate.parameters[index])),
        standard_errors: standard_errors(&estimate),
        intervals: intervals(&estimate, confidence),
        effects: estimate.coefficients.iter().map(effect).collect(),
        log_likelihood: estimate.ln_likelihood,
        customers: estimate.customers,
        verdict: estimate.verdict.to_string(),
        candidates,
        spend,
        notes,
        design: process.design,
        over_time: input.calendars.as_ref().map(|calendars| calendars.names.clone()).unwrap_or_default(),
        process: Some(estimate),
    })
}

/// Refuses data from which nothing that holds could be learnt.
fn check_enough(input: &Customers, model: ModelKind) -> Result<()> {
    let (mut customers, mut again) = (0.0, 0.0);
    for (history, weight) in input.histories.iter().zip(&input.weights) {
        customers += weight;
        again += if history.frequency > 0.0 { *weight } else { 0.0 };
    }
    if customers >= LEAST_CUSTOMERS && (again >= LEAST_REPEATERS || model == ModelKind::Sbg) {
        return Ok(());
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers of customers")]
    let customers = count(customers as u64, "customer", "customers");
    Err(Error::data(format!(
        "too little data: {customers}, {again} of whom bought a second time; it takes {LEAST_CUSTOMERS} and {LEAST_REPEATERS}"
    ))
    .with_hint("look at a longer period or more customers; check that repeat purchases are not merged into the first"))
}

/// Fits what a purchase is worth; `None`, with a note, where the data cannot tell.
fn fit_values(
    params: &Params,
    input: &Customers,
    asked: ModelKind,
    notes: &mut Vec<String>,
) -> Result<Option<SpendModel>> {
    let Some(values) = &input.spend else { return Ok(None) };
    // A contract's value is its price, which is known.
    if asked == ModelKind::Sbg {
        return Ok(None);
    }
    let mut worthless = 0_usize;
    let (mut customers, mut weights) = (Vec::new(), Vec::new());
    for ((history, value), weight) in input.histories.iter().zip(values).zip(&input.weights) {
        if history.frequency > 0.0 && *value > 0.0 {
            customers.push(Spend { purchases: history.frequency, mean: *value });
            weights.push(*weight);
        } else if history.frequency > 0.0 {
            worthless += 1;
        }
    }
    if worthless > 0 {
        let word = if worthless == 1 { "1 repeat buyer" } else { &format!("{worthless} repeat buyers") };
        notes.push(format!("{word} without a value above zero left out of the model of spend"));
    }
    match fit_spend(&customers, &weights, &prior(params.prior, 3)) {
        Ok(estimate) => {
            if estimate.verdict != Verdict::Converged {
                notes.push(format!("spend: {}", estimate.verdict));
            }
            Ok(Some(SpendModel {
                parameters: by_name(&estimate, |index| Value::from(estimate.parameters[index])),
                standard_errors: standard_errors(&estimate),
                log_likelihood: estimate.ln_likelihood,
                population_mean: population_mean(&estimate.parameters),
                customers: estimate.customers,
                verdict: estimate.verdict.to_string(),
                estimate,
            }))
        }
        Err(error) if error.kind() == ErrorKind::Data => {
            notes.push(format!("no model of spend: {error}"));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
