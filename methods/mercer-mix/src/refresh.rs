//! A model fitted anew when weeks have come in: it starts from the posterior of the model before, and tells what changed since.

use std::collections::BTreeMap;

use mercer_base::{Error, Result};
use mercer_method::SavedModel;
use serde::{Deserialize, Serialize};

use crate::draws::Draws;
use crate::estimate::Estimate;
use crate::model::Model;
use crate::panel::Panel;
use crate::posterior::Posterior;

/// What a channel returns now and what it returned by the model before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// By the model before.
    pub before: Estimate,
    /// By this one.
    pub now: Estimate,
    /// Whether the mean has left the interval that it had before.
    pub beyond: bool,
}

/// What changed since the model before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Changes {
    /// The first day of the last period that the model before knew, in days since 1970.
    pub until: i32,
    /// Periods that came since.
    pub periods: usize,
    /// Money brought over money spent, of the channels that both know.
    pub roi: BTreeMap<String, Change>,
}

/// The model before, where it knew other data; the same data are fitted as if there were none, so that they give the same model.
///
/// # Errors
/// When the saved model cannot be read.
pub(crate) fn earlier(previous: Option<&SavedModel>, panel: &Panel) -> Result<Option<Model>> {
    let Some(saved) = previous else { return Ok(None) };
    let model: Model = serde_json::from_value(saved.model.clone()).map_err(|cause| {
        Error::data(format!("the earlier model is damaged: {cause}")).with_hint("leave out --previous")
    })?;
    Ok(Some(model).filter(|model| is_other(&model.panel, panel)))
}

/// Whether two panels have other periods or other outcomes; what was saved may differ in the last digit.
fn is_other(one: &Panel, other: &Panel) -> bool {
    let differ = |(a, b): (&f64, &f64)| a.is_nan() != b.is_nan() || (a - b).abs() > 1e-12 * a.abs().max(b.abs());
    one.days != other.days
        || one.geos != other.geos
        || one.outcome.len() != other.outcome.len()
        || one.outcome.iter().zip(&other.outcome).any(differ)
}

/// Draws of the model before to start from, where it has the same unknowns.
pub(crate) fn starts(earlier: &Model, posterior: &Posterior) -> Option<Draws> {
    let names = posterior.names();
    let same =
        names.len() == earlier.parameters.len() && names.iter().all(|name| earlier.parameters.contains_key(name));
    let draws = earlier.draws();
    (same && earlier.dim == posterior.space().dim() && draws.len() > 0).then_some(draws)
}

/// What has become of the returns since a model; `None` where no period came.
pub(crate) fn changes(earlier: &Model, panel: &Panel, roi: &BTreeMap<String, Estimate>) -> Option<Changes> {
    between(&earlier.panel, panel, &earlier.roi, roi)
}

fn between(
    known: &Panel,
    panel: &Panel,
    before: &BTreeMap<String, Estimate>,
    now: &BTreeMap<String, Estimate>,
) -> Option<Changes> {
    let until = *known.days.last()?;
    let periods = panel.days.iter().filter(|day| **day > until).count();
    let change = |(name, now): (&String, &Estimate)| {
        let before = before.get(name)?;
        let beyond = !(before.hdi_90[0]..=before.hdi_90[1]).contains(&now.mean);
        Some((name.clone(), Change { before: *before, now: *now, beyond }))
    };
    let roi: BTreeMap<String, Change> = now.iter().filter_map(change).collect();
    (periods > 0 && !roi.is_empty()).then_some(Changes { until, periods, roi })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::posterior::panels::made_up;

    fn estimate(mean: f64, low: f64, high: f64) -> Estimate {
        Estimate { mean, sd: (high - low) / 3.3, hdi_90: [low, high] }
    }

    #[test]
    fn other_data_are_told_from_the_same() {
        let (mut one, other) = (made_up(1, 30), made_up(1, 30));
        one.outcome[3] = f64::NAN;
        assert!(is_other(&one, &other) && !is_other(&other, &other) && !is_other(&one, &one.clone()));
        assert!(is_other(&made_up(1, 29), &other));
    }

    #[test]
    fn means_outside_what_was_thought_likely_are_beyond() {
        let before =
            BTreeMap::from([("tv".to_owned(), estimate(2.0, 1.0, 3.0)), ("old".to_owned(), estimate(1.0, 0.5, 2.0))]);
        let now =
            BTreeMap::from([("tv".to_owned(), estimate(3.5, 3.0, 4.0)), ("new".to_owned(), estimate(1.0, 0.5, 2.0))]);
        let (short, long) = (made_up(1, 28), made_up(1, 30));
        let found = between(&short, &long, &before, &now).unwrap();
        assert_eq!((found.periods, found.until, found.roi.len()), (2, short.days[27], 1));
        assert!(found.roi["tv"].beyond);
        assert_eq!(between(&long, &long, &before, &now), None);
    }
}
