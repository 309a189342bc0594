//! Scoring: probabilities, grades, what is at stake, and reasons in words.

use mercer_base::frame::{Column, Frame, NO_MOMENT, Words, WordsBuilder};
use mercer_base::{Error, Result};
use mercer_method::Context;
use mercer_method::day::MICROS_A_DAY;
use mercer_stats::special::logistic;
use rayon::prelude::*;

use crate::decide::Economics;
use crate::examples::to_score;
use crate::fit::sample;
use crate::guard::{Movement, drift};
use crate::input::{Data, Histories, Input, Rows};
use crate::model::{Answer, Model, Source, TargetModel};
use crate::params::Params;
use crate::reasons::{TopReasons, Toward, Which, top};
use crate::table::Table;

/// Reasons that have a column.
const MOST_REASONS: u32 = 3;
/// Rows by which drift is found.
const ROWS_FOR_DRIFT: usize = 50_000;
/// Days after which it is told how likely a contract still runs.
const CURVE: [u32; 4] = [30, 90, 180, 365];
/// Features that are named as having moved.
const NAMED: usize = 3;

/// Scores of every row, or of every customer.
pub(crate) fn score(params: &Params, model: &Model, input: &Input, context: &Context<'_>) -> Result<Frame> {
    match &input.data {
        Data::Rows(rows) => {
            let Some(target) = model.targets.first() else { return Ok(Frame::new("propensity")) };
            of_rows(params, target, input, rows, "customer_id", context)
        }
        Data::History(histories) => of_customers(params, model, input, histories, context),
    }
}

/// The leads beside a history, scored.
pub(crate) fn tables(
    params: &Params,
    model: &Model,
    input: &Input,
    context: &Context<'_>,
) -> Result<Vec<(&'static str, Frame)>> {
    let Data::History(histories) = &input.data else { return Ok(Vec::new()) };
    let Some(leads) = &histories.leads else { return Ok(Vec::new()) };
    let is_of_leads = |target: &&TargetModel| matches!(target.source, Source::Column { leads: true, .. });
    let Some(target) = model.targets.iter().find(is_of_leads) else { return Ok(Vec::new()) };
    Ok(vec![("lead_scores", of_rows(params, target, input, leads, "lead_id", context)?)])
}

/// The probability of each row, or what stands for it.
fn probabilities(params: &Params, answer: &Answer, table: &Table) -> Result<(Vec<f64>, Option<Vec<f64>>)> {
    match answer {
        Answer::Whether(classifier) => Ok((classifier.margins(table)?.into_iter().map(logistic).collect(), None)),
        Answer::When(clock) => {
            let ratios = clock.log_ratios(table)?;
            let horizon = params.horizon.get();
            Ok((ratios.iter().map(|ratio| 1.0 - clock.survival(horizon, *ratio)).collect(), Some(ratios)))
        }
    }
}

fn of_rows(
    params: &Params,
    target: &TargetModel,
    input: &Input,
    rows: &Rows,
    id: &str,
    context: &Context<'_>,
) -> Result<Frame> {
    let table = to_score(&target.source, input)?.table;
    warn_of_drift(target, &table, context)?;
    let (probabilities, ratios) = probabilities(params, &target.answer, &table)?;
    let mut frame = Frame::new("propensity");
    if let Some(ids) = &rows.ids {
        frame = frame.with(id, Column::Words(ids.clone()))?;
    }
    let grades: Words = probabilities.iter().map(|p| Some(target.grades.grade(*p).letter().to_string())).collect();
    let expected = economics(params)?.map(|economics| probabilities.iter().map(|p| economics.expected(*p)).collect());
    frame = frame.with("probability", Column::Numbers(probabilities))?.with("grade", Column::Words(grades))?;
    if let Some(expected) = expected {
        frame = frame.with("expected_value", Column::Numbers(expected))?;
    }
    if let (Some(ratios), Answer::When(clock)) = (ratios, &target.answer) {
        // Beyond what was watched nobody knows: missing.
        let median = |ratio: &f64| Some(clock.median(*ratio)).filter(|time| time.is_finite()).unwrap_or(f64::NAN);
        let medians = ratios.iter().map(median).collect();
        frame = frame
            .with("hazard_ratio", Column::Numbers(ratios.iter().map(|ratio| ratio.exp()).collect()))?
            .with("median_time", Column::Numbers(medians))?;
    }
    let how_many = params.reasons.min(MOST_REASONS) as usize;
    if how_many > 0 {
        let reasons = strongest(target, &table, how_many, Which::All)?;
        for place in 0..how_many {
            let words = worded(target, &table, &reasons, place, context.currency_sign);
            frame = frame.with(format!("reason_{}", place + 1), Column::Words(words))?;
        }
    }
    Ok(rows.in_place(&frame))
}

fn of_customers(
    params: &Params,
    model: &Model,
    input: &Input,
    histories: &Histories,
    context: &Context<'_>,
) -> Result<Frame> {
    let ids = histories.history.ids();
    let customers = ids.codes.len();
    let mut frame = Frame::new("propensity").with("customer_id", Column::Words(ids.clone()))?;
    let buyers = histories.history.buyers();
    if buyers.is_empty() {
        return Err(Error::data("no customer has an order that can be used")
            .with_hint("give one row for each order, with customer, date and amount"));
    }
    for target in &model.targets {
        let Source::History { standard, .. } = &target.source else { continue };
        let name = format!("p_{}", standard.name().replace('-', "_"));
        let asked = to_score(&target.source, input)?;
        warn_of_drift(target, &asked.table, context)?;
        let (probabilities, ratios) = probabilities(params, &target.answer, &asked.table)?;
        let spread = numbers_over_all(&asked.rows, &probabilities, customers, f64::NAN);
        let at_stake = histories
            .values
            .as_ref()
            .filter(|_| name == "p_churn")
            .map(|values| spread.iter().zip(values).map(|(p, value)| p * value).collect::<Vec<f64>>());
        frame = frame.with(name.clone(), Column::Numbers(spread))?;
        if params.reasons > 0 {
            let column = |which: Which| -> Result<Column> {
                let reasons = strongest(target, &asked.table, 1, which)?;
                let words = worded(target, &asked.table, &reasons, 0, context.currency_sign);
                Ok(Column::Words(over_all(&asked.rows, &words, customers)))
            };
            frame = frame.with(format!("{name}_reason"), column(Which::All)?)?;
            if name == "p_churn" {
                frame = frame.with(format!("{name}_lever"), column(Which::Actionable)?)?;
            }
        }
        if let (Some(ratios), Answer::When(clock)) = (ratios, &target.answer) {
            for days in CURVE {
                let stays: Vec<f64> =
                    ratios.iter().map(|ratio| clock.known_survival(f64::from(days), *ratio)).collect();
                let stays = numbers_over_all(&asked.rows, &stays, customers, f64::NAN);
                frame = frame.with(format!("p_contract_stays_{days}d"), Column::Numbers(stays))?;
            }
            let end = histories.history.end();
            let medians: Vec<i64> = ratios.iter().map(|ratio| moment_after(end, clock.median(*ratio))).collect();
            let medians = numbers_over_all(&asked.rows, &medians, customers, NO_MOMENT);
            frame = frame.with("contract_end_median_at", Column::Moments(medians))?;
        }
        if let Some(at_stake) = at_stake {
            frame = frame.with(format!("{name}_value"), Column::Numbers(at_stake))?;
        }
    }
    Ok(frame.take(&buyers))
}

/// The day on which something is over that takes some days from the end of the data on; none where that is not known.
#[allow(clippy::cast_possible_truncation, reason = "days of watching, far fewer than fit")]
fn moment_after(end: i32, days: f64) -> i64 {
    match days.is_finite() {
        // The first day from then on is day 1.
        true => (i64::from(end) + days.round() as i64 - 1).saturating_mul(MICROS_A_DAY),
        false => NO_MOMENT,
    }
}

/// Values of some customers as a column of all; the others have none.
fn numbers_over_all<T: Copy>(rows: &[u32], values: &[T], customers: usize, none: T) -> Vec<T> {
    let mut of_customer = vec![none; customers];
    for (customer, value) in rows.iter().zip(values) {
        if let Some(place) = of_customer.get_mut(*customer as usize) {
            *place = *value;
        }
    }
    of_customer
}

/// Words of some customers as a column of all.
fn over_all(rows: &[u32], words: &Words, customers: usize) -> Words {
    let mut of_customer = vec![None; customers];
    for (row, customer) in rows.iter().enumerate() {
        if let Some(place) = of_customer.get_mut(*customer as usize) {
            *place = words.get(row);
        }
    }
    of_customer.into_iter().collect()
}

/// What cost and value of a contact are, where both are given.
pub(crate) fn economics(params: &Params) -> Result<Option<Economics>> {
    match (params.contact_cost, params.success_value) {
        (Some(cost), Some(value)) => Economics::new(cost.get(), value.get(), params.success_rate.get()).map(Some),
        _ => Ok(None),
    }
}

/// The strongest reasons of each row for the outcome.
pub(crate) fn strongest(target: &TargetModel, table: &Table, how_many: usize, which: Which) -> Result<TopReasons> {
    let contributions = target.answer.contributions(table)?;
    top(table.features(), &contributions.values, how_many, Toward::Outcome, which)
}

/// The reason at `place` of each row in words; none where fewer speak for the outcome.
fn worded(target: &TargetModel, table: &Table, reasons: &TopReasons, place: usize, currency: &str) -> Words {
    let speaker = target.phrasebook.speaker(table, currency);
    let words: Vec<Option<String>> = (0..table.rows())
        .into_par_iter()
        .map(|row| reasons.row(row).get(place).map(|reason| speaker.words(row, reason.feature)))
        .collect();
    let mut builder = WordsBuilder::default();
    words.iter().for_each(|words| builder.push(words.as_deref()));
    builder.finish()
}

/// Says when the rows that are scored differ from those that were learnt from.
fn warn_of_drift(target: &TargetModel, table: &Table, context: &Context<'_>) -> Result<()> {
    if table.rows() == 0 {
        return Ok(());
    }
    let moved = drift(&target.marginals.table(&target.features)?, &sample(table, ROWS_FOR_DRIFT)?)?;
    let shifted: Vec<&str> = moved
        .iter()
        .filter(|drift| drift.movement == Movement::Shifted)
        .take(NAMED)
        .map(|drift| drift.words.as_str())
        .collect();
    if !shifted.is_empty() {
        (context.say)(&format!("the rows differ from those learnt from: {}", shifted.join("; ")));
    }
    Ok(())
}
