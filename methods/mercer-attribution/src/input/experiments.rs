//! What experiments found, in the words of the data.

use mercer_base::frame::{Frame, NO_MOMENT};
use mercer_base::{Error, Result};
use mercer_method::Window;
use mercer_method::day::MICROS_A_DAY;

use super::path_rows::BEYOND_BELIEF;

/// What an experiment found of a channel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Experiment {
    /// Position of the channel.
    pub(crate) channel: usize,
    /// Conversions that it added over the time of the experiment.
    pub(crate) incremental: f64,
    /// Standard error of that.
    pub(crate) standard_error: f64,
    /// First moment of it, and the first moment after it; all of the data where not given.
    pub(crate) since: Option<i64>,
    /// First moment after it.
    pub(crate) until: Option<i64>,
}

/// Reads the table.
///
/// # Errors
/// When a channel is not known, or a number or a span of time makes no sense.
pub(super) fn read(frame: Option<&Frame>, channels: &[String], window: &Window) -> Result<Vec<Experiment>> {
    let Some(frame) = frame else { return Ok(Vec::new()) };
    let names = frame.words("channel")?;
    let (found, errors) = (frame.numbers("incremental")?, frame.numbers("standard_error")?);
    let optional = |name: &str| frame.column(name).map(|_| frame.moments(name)).transpose();
    let (since, until) = (optional("since")?, optional("until")?);
    let mut experiments = Vec::with_capacity(frame.rows());
    for row in 0..frame.rows() {
        let wrong = |what: String, hint: &str| Error::data(format!("{}: {what}", frame.place(row))).with_hint(hint);
        let name = names.get(row).unwrap_or_default().trim();
        let channel = channels.binary_search_by(|known| known.as_str().cmp(name)).map_err(|_| {
            let shown: Vec<&str> = channels.iter().take(20).map(String::as_str).collect();
            let short: String = name.chars().take(60).collect();
            wrong(format!("there is no channel {short:?}"), &format!("what is credited: {}", shown.join(", ")))
        })?;
        let (incremental, standard_error) = (found[row], errors[row]);
        let is_sound = incremental.abs() <= BEYOND_BELIEF && standard_error > 1e-9 && standard_error <= BEYOND_BELIEF;
        if !is_sound {
            return Err(wrong(
                format!("incremental {incremental} with a standard error of {standard_error} says nothing"),
                "give conversions added over the time of the experiment, and a standard error above 0",
            ));
        }
        let given = |column: Option<&[i64]>| column.map(|column| column[row]).filter(|moment| *moment != NO_MOMENT);
        // The last day counts as a whole.
        let (since, until) = (given(since), given(until).map(|until| until.saturating_add(MICROS_A_DAY)));
        let (first, last) = (since.or(window.from), until.or(window.until));
        if first.zip(last).is_some_and(|(first, last)| first >= last) {
            return Err(wrong("since and until are no span of time".to_owned(), "give the first and the last day"));
        }
        let is_apart = since.zip(window.until).is_some_and(|(since, end)| since >= end)
            || until.zip(window.from).is_some_and(|(until, from)| until <= from);
        if is_apart {
            return Err(wrong(
                "the experiment is not within the time of the data".to_owned(),
                "give the touches of that time as well, or leave the experiment out",
            ));
        }
        if window.from.is_none() && (since.is_some() || until.is_some()) {
            return Err(wrong(
                "paths have no dates, so an experiment of a part of their time cannot be told from them".to_owned(),
                "leave since and until out, and give what the channel added over the time of all paths",
            ));
        }
        experiments.push(Experiment { channel, incremental, standard_error, since, until });
    }
    // The order of rows changes nothing.
    experiments.sort_by(|a, b| {
        (a.channel, a.since, a.until)
            .cmp(&(b.channel, b.since, b.until))
            .then(a.incremental.total_cmp(&b.incremental))
            .then(a.standard_error.total_cmp(&b.standard_error))
    });
    Ok(experiments)
}
