//! Scales: what one unit of the model's outcome and media stand for.

use mercer_base::{Error, Result};

use crate::panel::{Channel, Panel};
use crate::params::{Form, Params};

/// A series of places by periods, turned so that the places of a period stand side by side.
pub(crate) fn by_period(series: &[f64], places: usize) -> Vec<f64> {
    let periods = series.len() / places.max(1);
    (0..periods).flat_map(|t| (0..places).map(move |g| series[g * periods + t])).collect()
}

/// Where row `t * places + g`, period by period, lies place by place.
pub(crate) fn by_place(row: usize, places: usize, periods: usize) -> usize {
    (row % places) * periods + row / places
}

/// The scale of the outcome.
///
/// In one place the outcome is divided by its largest absolute value; in several it is taken per inhabitant, centred and divided
/// by its standard deviation over all rows. Where effects multiply, this is done with its logarithm (in one place: of the
/// outcome over its largest value).
#[derive(Debug, Clone)]
pub(crate) struct OutcomeScale {
    centre: f64,
    pub(crate) spread: f64,
    pub(crate) multiplies: bool,
    population: Vec<f64>,
}

impl OutcomeScale {
    /// The scale of the panel's outcome.
    ///
    /// # Errors
    /// When there are too few rows, the outcome never changes, or it is not positive where effects multiply.
    pub(crate) fn new(params: &Params, panel: &Panel) -> Result<Self> {
        let multiplies = params.form == Form::Multiplicative;
        let population = panel.population.clone();
        if population.len() != panel.geos.len()
            || population.iter().any(|people| !(*people > 0.0 && people.is_finite()))
        {
            return Err(Error::data("a place has no inhabitants").with_hint("give each place a population above 0"));
        }
        let periods = panel.periods();
        let mut values = Vec::new();
        for (row, outcome) in panel.outcome.iter().enumerate().filter(|(_, outcome)| !outcome.is_nan()) {
            if !outcome.is_finite() {
                return Err(Error::data("the outcome has an infinite value"));
            }
            if multiplies && *outcome <= 0.0 {
                return Err(Error::data(format!(
                    "the outcome has {outcome}, but effects that multiply need it above 0"
                ))
                .with_hint("take form = additive, or leave out the places and periods without outcome"));
            }
            let each = outcome / population[row / periods.max(1)];
            values.push(if multiplies { each.ln() } else { each });
        }
        if values.len() < 4 {
            let count = values.len();
            return Err(Error::data(format!("{count} periods have an outcome: too few for a model")));
        }
        let (least, most) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)));
        if least == most {
            return Err(
                Error::data("the outcome is the same in all rows").with_hint("check which column is mapped to it")
            );
        }
        let (centre, spread) = match (panel.has_places(), multiplies) {
            (true, _) => moments(&values),
            (false, true) => (most, 1.0),
            (false, false) => (0.0, most.abs().max(least.abs())),
        };
        Ok(Self { centre, spread, multiplies, population })
    }

    /// The outcome of a place on the model's scale.
    pub(crate) fn scaled(&self, outcome: f64, place: usize) -> f64 {
        let each = outcome / self.population[place];
        ((if self.multiplies { each.ln() } else { each }) - self.centre) / self.spread
    }

    /// The outcome in its own unit; where effects multiply its median.
    pub(crate) fn outcome(&self, scaled: f64, place: usize) -> f64 {
        let each = self.centre + self.spread * scaled;
        self.population[place] * if self.multiplies { each.exp() } else { each }
    }

    /// What one unit on the model's scale adds to the outcome of a place, where effects add up.
    pub(crate) fn unit(&self, place: usize) -> f64 {
        self.spread * self.population[place]
    }
}

/// Mean and standard deviation (of the values as they are, not as a sample).
#[allow(clippy::cast_precision_loss, reason = "a count of rows")]
fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / count;
    (mean, variance.sqrt())
}

/// The scale of a channel's media, and the scaled media period by period.
///
/// Per inhabitant, over the largest value in one place and over the median of those above 0 in several.
///
/// # Errors
/// When a value is missing or below 0, or all are 0.
pub(crate) fn scaled_media(channel: &Channel, panel: &Panel) -> Result<(f64, Vec<f64>)> {
    let periods = panel.periods();
    let wrong = |what: &str| Error::data(format!("the channel {} {what}", channel.name));
    check(channel, &channel.media, "media", panel)?;
    let each = channel.media.iter().enumerate().map(|(row, media)| media / panel.population[row / periods.max(1)]);
    let each: Vec<f64> = each.collect();
    let learnt = || each.iter().enumerate().filter(|(row, _)| panel.is_learnt(*row)).map(|(_, media)| *media);
    let scale = if panel.has_places() {
        let mut active: Vec<f64> = learnt().filter(|media| *media > 0.0).collect();
        active.sort_unstable_by(f64::total_cmp);
        mercer_stats::quantile(&active, 0.5)
    } else {
        learnt().fold(0.0, f64::max)
    };
    if scale.is_nan() || scale <= 0.0 {
        return Err(wrong("has no media in any period").with_hint("leave it out of channels"));
    }
    let scaled = by_period(&each, panel.geos.len()).into_iter().map(|media| media / scale).collect();
    Ok((scale, scaled))
}

/// Refuses series with missing or negative values.
///
/// # Errors
/// When there is one, or the series has not a value for each row.
pub(crate) fn check(channel: &Channel, series: &[f64], what: &str, panel: &Panel) -> Result<()> {
    if series.len() == panel.rows() && series.iter().all(|value| *value >= 0.0 && value.is_finite()) {
        return Ok(());
    }
    Err(Error::data(format!("the {what} of the channel {} have missing or negative values", channel.name))
        .with_hint("put 0 where there was none"))
}

/// Worth in money, period by period, of one unit of effect on the model's scale.
///
/// Where effects multiply this is to first order, around the observed outcome (around the place's mean where it is missing).
///
/// # Errors
/// When the worth of a unit of the outcome is missing or not above 0.
pub(crate) fn worth(scale: &OutcomeScale, panel: &Panel) -> Result<Vec<f64>> {
    let periods = panel.periods();
    if panel.value.len() != panel.rows() || panel.value.iter().any(|value| !(*value > 0.0 && value.is_finite())) {
        return Err(Error::data("the worth of a unit of the outcome is missing or not above 0 in some rows")
            .with_hint("fill in the column value, or set value"));
    }
    let mut rows = Vec::with_capacity(panel.rows());
    for (geo, values) in panel.value.chunks_exact(periods.max(1)).enumerate() {
        let outcome = &panel.outcome[panel.place(geo)];
        let usual = mean_of_known(outcome);
        for (outcome, value) in outcome.iter().zip(values) {
            rows.push(value * first_order(scale, geo, *outcome, usual));
        }
    }
    rows.iter_mut().enumerate().filter(|(row, _)| !panel.is_learnt(*row)).for_each(|(_, worth)| *worth = 0.0);
    Ok(by_period(&rows, panel.geos.len()))
}

/// Outcome that one unit of effect on the model's scale adds, to first order where effects multiply.
fn first_order(scale: &OutcomeScale, geo: usize, outcome: f64, usual: f64) -> f64 {
    match (scale.multiplies, outcome.is_nan()) {
        (false, _) => scale.unit(geo),
        (true, false) => scale.spread * outcome,
        (true, true) => scale.spread * usual,
    }
}

/// The mean of what is not missing; 0 where all is.
#[allow(clippy::cast_precision_loss, reason = "a count of periods")]
pub(crate) fn mean_of_known(series: &[f64]) -> f64 {
    let known = series.iter().filter(|value| !value.is_nan());
    let (sum, count) = known.fold((0.0, 0_usize), |(sum, count), value| (sum + value, count + 1));
    if count == 0 { 0.0 } else { sum / count as f64 }
}
