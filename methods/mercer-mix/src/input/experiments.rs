//! What experiments found, as the model takes it: aged, and with room for what they do not share with the data.

use mercer_base::frame::{Frame, NO_MOMENT};
use mercer_base::{Error, Result};
use mercer_method::day::{day_of, written_day};

use crate::panel::{Experiment, Panel};
use crate::params::Params;

const DAYS_A_YEAR: f64 = 365.25;

/// Reads the table of experiments. Those outside the data are left out and told in `notes`.
///
/// # Errors
/// When a channel or a place is not known, or a number makes no sense.
pub(super) fn read(
    params: &Params,
    frame: Option<&Frame>,
    panel: &Panel,
    notes: &mut Vec<String>,
) -> Result<Vec<Experiment>> {
    let Some(frame) = frame else { return Ok(Vec::new()) };
    let (channels, from, until) = (frame.words("channel")?, frame.moments("from")?, frame.moments("until")?);
    let (lifts, errors) = (frame.numbers("lift")?, frame.numbers("standard_error")?);
    let changes = frame.column("change").map(|_| frame.numbers("change")).transpose()?;
    let geos = frame.column("geo").map(|_| frame.words("geo")).transpose()?;
    let mut found = Vec::new();
    for at in 0..frame.rows() {
        let wrong = |what: &str, hint: &str| Error::data(format!("{}: {what}", frame.place(at))).with_hint(hint);
        let name = channels.get(at).unwrap_or_default();
        let channel = panel.channels.iter().position(|channel| channel.name == name).ok_or_else(|| {
            let known: Vec<&str> = panel.channels.iter().map(|channel| channel.name.as_str()).collect();
            wrong(&format!("there is no channel {name:?}"), &format!("the channels: {}", known.join(", ")))
        })?;
        if from[at] == NO_MOMENT || until[at] == NO_MOMENT || until[at] < from[at] {
            return Err(wrong("from and until are no span of time", "give the first and the last day"));
        }
        let (lift, error) = (lifts[at], errors[at]);
        let change = changes.map_or(1.0, |changes| changes[at]);
        let change = if change.is_nan() { 1.0 } else { change };
        if !(lift.is_finite() && error > 0.0 && error.is_finite()) {
            return Err(wrong("lift and a standard error above 0 are needed", "both are in the unit of the target"));
        }
        if !(-1.0..=1e3).contains(&change) || change == 0.0 {
            return Err(wrong(&format!("change is {change}"), "the share of spend added: 1, 0.5, -0.5"));
        }
        let places = match geos.and_then(|geos| geos.get(at)).filter(|geo| !geo.is_empty()) {
            None => Vec::new(),
            Some(geo) => match panel.geos.iter().position(|known| known == geo) {
                Some(geo) => vec![geo],
                None => return Err(wrong(&format!("there is no place {geo}"), "name it as the data do")),
            },
        };
        let (first, last) = (day_of(from[at]), day_of(until[at]));
        let start = panel.days.partition_point(|day| f64::from(*day) + panel.step <= f64::from(first));
        let end = panel.days.partition_point(|day| *day <= last);
        let is_whole = panel.days.first().is_some_and(|day| *day <= first)
            && panel.days.last().is_some_and(|day| f64::from(last) < f64::from(*day) + panel.step);
        if !is_whole || start >= end {
            notes.push(format!(
                "the experiment on {name} of {} to {} is not within the data, so it does not count",
                written_day(first),
                written_day(last)
            ));
            continue;
        }
        let years = panel.days.last().map_or(0.0, |day| f64::from((day - last).max(0)) / DAYS_A_YEAR);
        let aged = error * error * (1.0 + params.experiment_ageing.get() * years);
        let mismatch = params.experiment_mismatch.get() * lift;
        found.push(Experiment {
            channel,
            geos: places,
            from: start,
            until: end,
            change,
            lift,
            standard_error: (aged + mismatch * mismatch).sqrt(),
        });
    }
    // The order of rows changes nothing.
    found.sort_by(|a, b| {
        (a.channel, a.from, a.until, &a.geos)
            .cmp(&(b.channel, b.from, b.until, &b.geos))
            .then(a.lift.total_cmp(&b.lift))
    });
    Ok(found)
}
