//! What is expected of periods: of those that were learnt from, or of others that come after or before.

use mercer_base::frame::{Column, Frame, NO_MOMENT, Words};
use mercer_base::{Error, Result};
use mercer_method::Context;
use mercer_method::day::MICROS_A_DAY;

use crate::answers::{Forecast, course};
use crate::curves::finite;
use crate::decide::ResponsePoint;
use crate::estimate::Estimate;
use crate::input::Input;
use crate::model::Model;
use crate::panel::{Channel, Control, Panel};
use crate::params::Params;
use crate::posterior::Posterior;

/// Scores each row of the main table: what was to be expected, with its interval, and what would have come without channels.
///
/// # Errors
/// When the table has other places, channels or controls than the model knows.
pub(crate) fn predict(params: &Params, model: &Model, input: &Input, context: &Context<'_>) -> Result<Frame> {
    let (panel, offset) = asked(model, &input.panel, params.lags)?;
    let posterior = Posterior::new(params, &panel)?;
    let forecast = Forecast::of(&posterior, &panel, &model.draws(), context.seed);
    let (periods, own) = (panel.periods(), input.panel.periods());
    // Where a row of the input's panel stands in the panel that is asked.
    let place = |row: usize| (row / own.max(1)) * periods + offset + row % own.max(1);
    let column = |values: &[f64]| Column::Numbers(input.rows.iter().map(|row| values[place(*row)]).collect());
    let date = |row: &usize| {
        let day = input.panel.days.get(row % own.max(1));
        day.map_or(NO_MOMENT, |day| i64::from(*day) * MICROS_A_DAY)
    };
    Frame::new("scores")
        .with("date", Column::Moments(input.rows.iter().map(date).collect()))?
        .with("expected", column(&forecast.expected))?
        .with("expected_low", column(&forecast.low))?
        .with("expected_high", column(&forecast.high))?
        .with("baseline", column(&forecast.baseline))
}

/// The panel that answers for another: that of the model itself, or that of the model followed by the other one, so that scales
/// and returns stay those that were learnt; and the period at which the other one starts.
///
/// # Errors
/// When the two do not have the same places, channels and controls.
fn asked(model: &Model, other: &Panel, lags: u32) -> Result<(Panel, usize)> {
    let learnt = &model.panel;
    if other.days == learnt.days
        && other.channels == learnt.channels
        && other.controls == learnt.controls
        && other.geos == learnt.geos
    {
        return Ok((learnt.clone(), 0));
    }
    let unlike = |what: &str, known: Vec<&str>| {
        Error::data(format!("these data have other {what} than the model learnt from"))
            .with_hint(format!("give the same {what}: {}", known.join(", ")))
    };
    if other.geos != learnt.geos {
        return Err(unlike("places", learnt.geos.iter().map(String::as_str).collect()));
    }
    let before = usize::try_from(lags.saturating_sub(1)).unwrap_or(0);
    // What carries over into the first period that is asked.
    let first = other.days.first().copied().unwrap_or(0);
    let start = learnt.days.partition_point(|day| *day < first);
    let lead = |series: &[f64], none: f64| -> Vec<f64> {
        let own = (0..start).rev().take(before).rev().map(|at| series[at]);
        let padding = before.saturating_sub(start);
        std::iter::repeat_n(none, padding).chain(own).collect()
    };
    let (periods, own) = (learnt.periods(), other.periods());
    let joined = |learnt: &[f64], other: &[f64], none: f64| -> Vec<f64> {
        learnt
            .chunks_exact(periods.max(1))
            .zip(other.chunks_exact(own.max(1)))
            .flat_map(|(learnt, other)| [learnt.to_vec(), lead(learnt, none), other.to_vec()].concat())
            .collect()
    };
    let mut channels = Vec::with_capacity(learnt.channels.len());
    for channel in &learnt.channels {
        let idle = || vec![0.0; other.rows()];
        // A channel that is idle in the other data is left out of them.
        let found = other.channels.iter().find(|found| found.name == channel.name);
        let media = found.map_or_else(idle, |found| found.media.clone());
        let paired = |own: &Option<Vec<f64>>, theirs: Option<&Vec<f64>>| {
            own.as_ref().map(|own| joined(own, theirs.unwrap_or(&idle()), 0.0))
        };
        channels.push(Channel {
            name: channel.name.clone(),
            media: joined(&channel.media, &media, 0.0),
            frequency: paired(&channel.frequency, found.and_then(|found| found.frequency.as_ref())),
            spend: paired(&channel.spend, found.and_then(|found| found.spend.as_ref())),
        });
    }
    if let Some(stray) = other.channels.iter().find(|found| !learnt.channels.iter().any(|own| own.name == found.name)) {
        let known = learnt.channels.iter().map(|channel| channel.name.as_str()).collect();
        return Err(unlike("channels", known).with_context(format!("channel {}", stray.name)));
    }
    let mut controls = Vec::with_capacity(learnt.controls.len());
    for control in &learnt.controls {
        let found = other.controls.iter().find(|found| found.name == control.name);
        let known = || learnt.controls.iter().map(|control| control.name.as_str()).collect();
        let found = found.ok_or_else(|| unlike("controls", known()))?;
        controls.push(Control { name: control.name.clone(), values: joined(&control.values, &found.values, 0.0) });
    }
    let gap = |at: usize| {
        let steps = i32::try_from(before - at).unwrap_or(0);
        #[expect(clippy::cast_possible_truncation, reason = "days of a period")]
        let step = learnt.step.round() as i32;
        first - steps * step
    };
    let days = learnt.days.iter().copied().chain((0..before).map(gap)).chain(other.days.iter().copied()).collect();
    let unknown = vec![f64::NAN; other.rows()];
    let mut outcome = joined(&learnt.outcome, &unknown, f64::NAN);
    // What leads in was learnt from already.
    let whole = periods + before + own;
    for (row, outcome) in outcome.iter_mut().enumerate() {
        if row % whole >= periods {
            *outcome = f64::NAN;
        }
    }
    let panel = Panel {
        days,
        step: learnt.step,
        geos: learnt.geos.clone(),
        population: learnt.population.clone(),
        outcome,
        value: joined(&learnt.value, &other.value, 1.0),
        channels,
        controls,
        experiments: learnt.experiments.clone(),
        learnt: periods,
    };
    Ok((panel, periods + before))
}

/// Tables beside the scores.
///
/// # Errors
/// When columns do not fit each other.
pub(crate) fn tables(params: &Params, model: &Model) -> Result<Vec<(&'static str, Frame)>> {
    let mut tables = vec![
        ("channel_contributions", contributions(params, model)?),
        ("channel_returns", returns(model)?),
        ("response_curves", response_curves(model)?),
    ];
    if !model.media_factor.is_empty() {
        tables.push(("media_factor", media_factor(model)?));
    }
    if let Some(plan) = &model.plan {
        tables.push(("budget_plan", plan.frame()?));
    }
    Ok(tables)
}

fn contributions(params: &Params, model: &Model) -> Result<Frame> {
    let panel = &model.panel;
    let posterior = Posterior::new(params, panel)?;
    let course = course(&posterior, panel, &model.draws());
    let periods = panel.periods();
    let spend_of = |channel: &Channel, period: usize| {
        let spend = channel.spend.as_ref()?;
        Some((0..panel.geos.len()).map(|geo| spend[geo * periods + period]).sum::<f64>())
    };
    let cells = || (0..periods).flat_map(|period| (0..panel.channels.len()).map(move |channel| (period, channel)));
    let numbers = |of: &dyn Fn(usize, usize) -> f64| Column::Numbers(cells().map(|(p, c)| of(p, c)).collect());
    let names: Words = cells().map(|(_, channel)| Some(panel.channels[channel].name.as_str())).collect();
    let date = |period: usize| panel.days.get(period).map_or(NO_MOMENT, |day| i64::from(*day) * MICROS_A_DAY);
    Frame::new("channel_contributions")
        .with("date", Column::Moments(cells().map(|(period, _)| date(period)).collect()))?
        .with("channel", Column::Words(names))?
        .with("spend", numbers(&|p, c| spend_of(&panel.channels[c], p).unwrap_or(f64::NAN)))?
        .with("contribution", numbers(&|p, c| course[c][p].mean))?
        .with("contribution_low", numbers(&|p, c| course[c][p].hdi_90[0]))?
        .with("contribution_high", numbers(&|p, c| course[c][p].hdi_90[1]))
}

/// What all channels' effects are multiplied by, period by period.
fn media_factor(model: &Model) -> Result<Frame> {
    let days = model.panel.days.iter().map(|day| i64::from(*day) * MICROS_A_DAY);
    let numbers = |of: fn(&Estimate) -> f64| Column::Numbers(model.media_factor.iter().map(of).collect());
    Frame::new("media_factor")
        .with("date", Column::Moments(days.collect()))?
        .with("factor", numbers(|factor| factor.mean))?
        .with("factor_low", numbers(|factor| factor.hdi_90[0]))?
        .with("factor_high", numbers(|factor| factor.hdi_90[1]))
}

fn returns(model: &Model) -> Result<Frame> {
    let names: Vec<&str> = model.panel.channels.iter().map(|channel| channel.name.as_str()).collect();
    let of = |estimates: &std::collections::BTreeMap<String, Estimate>, part: usize| {
        let number = |name: &&str| {
            estimates.get(*name).map_or(f64::NAN, |found| [found.mean, found.hdi_90[0], found.hdi_90[1]][part])
        };
        Column::Numbers(names.iter().map(number).collect())
    };
    let mut frame = Frame::new("channel_returns")
        .with("channel", Column::Words(names.iter().map(|name| Some(*name)).collect()))?
        .with(
            "spend",
            Column::Numbers(names.iter().map(|name| model.spend.get(*name).copied().unwrap_or(f64::NAN)).collect()),
        )?;
    let parts = [
        ("contribution", &model.contribution),
        ("contribution_share", &model.contribution_share),
        ("roi", &model.roi),
        ("marginal_roi", &model.marginal_roi),
    ];
    for (name, estimates) in parts {
        for (part, end) in ["", "_low", "_high"].into_iter().enumerate() {
            frame = frame.with(format!("{name}{end}"), of(estimates, part))?;
        }
    }
    Ok(frame)
}

fn response_curves(model: &Model) -> Result<Frame> {
    let points = || model.curves.iter().flat_map(|of| of.curve.points.iter().map(move |point| (of, point)));
    let numbers = |of: fn(&ResponsePoint) -> f64| Column::Numbers(points().map(|(_, point)| of(point)).collect());
    Frame::new("response_curves")
        .with("channel", Column::Words(points().map(|(of, _)| Some(of.channel.as_str())).collect()))?
        .with("spend", numbers(|point| point.spend))?
        .with("brings", numbers(|point| point.returns.mean))?
        .with("brings_low", numbers(|point| point.returns.low))?
        .with("brings_high", numbers(|point| point.returns.high))?
        .with("marginal", numbers(|point| finite(point.marginal_return)))
}
