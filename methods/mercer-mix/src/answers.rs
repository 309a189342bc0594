//! What the posterior says of the channels: contributions, returns, carry-over and response, draw by draw.

use rayon::prelude::*;

use crate::draws::Draws;
use crate::estimate::Estimate;
use crate::panel::Panel;
use crate::posterior::Posterior;

/// Draws on which curves and plans stand: enough for intervals, few enough for many places.
pub(crate) const CURVE_DRAWS: usize = 500;

/// Totals of one draw, over all places and periods.
struct Totals {
    /// Outcome that each channel brought, in its own unit.
    outcome: Vec<f64>,
    /// The same in money.
    money: Vec<f64>,
    /// Return of one more unit of money in each channel.
    marginal: Vec<f64>,
    /// The outcome that all of the model makes.
    whole: f64,
}

/// What each channel brought, by draw.
pub(crate) struct Answers {
    /// For each channel, its contribution in the outcome's unit.
    pub(crate) contribution: Vec<Vec<f64>>,
    /// For each channel, that over the whole expected outcome.
    pub(crate) share: Vec<Vec<f64>>,
    /// What would have come without channels, over the whole.
    pub(crate) baseline_share: Vec<f64>,
    /// For each channel with spend, money brought over money spent.
    pub(crate) roi: Vec<Option<Vec<f64>>>,
    /// For each channel with spend, the return of one more unit of money.
    pub(crate) marginal_roi: Vec<Option<Vec<f64>>>,
}

impl Answers {
    /// Asks every draw.
    pub(crate) fn of(posterior: &Posterior, panel: &Panel, draws: &Draws) -> Self {
        let channels = panel.channels.len();
        let totals: Vec<Totals> = (0..draws.len())
            .into_par_iter()
            .map_init(
                || posterior.room(),
                |room, draw| {
                    let point = draws.point(draw);
                    posterior.contributions(point, room);
                    let known = |row: &usize| !panel.outcome[*row].is_nan();
                    let total = |values: &[f64]| (0..panel.rows()).filter(known).map(|row| values[row]).sum::<f64>();
                    let outcome: Vec<f64> = room.channels.iter().map(|channel| total(channel)).collect();
                    let money = room
                        .channels
                        .iter()
                        .map(|channel| channel.iter().zip(&panel.value).map(|(units, value)| units * value).sum())
                        .collect();
                    let whole = total(&room.baseline) + outcome.iter().sum::<f64>();
                    let marginal = posterior.marginal_roi(point, room);
                    Totals { outcome, money, marginal, whole }
                },
            )
            .collect();
        let by_channel = |of: &dyn Fn(&Totals, usize) -> f64| -> Vec<Vec<f64>> {
            (0..channels).map(|channel| totals.iter().map(|total| of(total, channel)).collect()).collect()
        };
        let spend: Vec<f64> = panel
            .channels
            .iter()
            .map(|channel| channel.spend.as_ref().map_or(0.0, |spend| spend.iter().sum()))
            .collect();
        let paid = |values: Vec<Vec<f64>>| -> Vec<Option<Vec<f64>>> {
            values.into_iter().zip(&spend).map(|(values, spend)| (*spend > 0.0).then_some(values)).collect()
        };
        Self {
            contribution: by_channel(&|total, channel| total.outcome[channel]),
            share: by_channel(&|total, channel| total.outcome[channel] / total.whole),
            baseline_share: totals.iter().map(|total| 1.0 - total.outcome.iter().sum::<f64>() / total.whole).collect(),
            roi: paid(by_channel(&|total, channel| total.money[channel] / spend[channel])),
            marginal_roi: paid(by_channel(&|total, channel| total.marginal[channel])),
        }
    }
}

/// Periods by channel, over all places: mean and interval.
pub(crate) struct Course {
    /// For each channel, by period.
    pub(crate) channels: Vec<Vec<Estimate>>,
}

impl Course {
    /// Adds places up, period by period, on a part of the draws.
    pub(crate) fn of(posterior: &Posterior, panel: &Panel, draws: &Draws) -> Self {
        let (periods, channels) = (panel.periods(), panel.channels.len());
        let asked: Vec<usize> = thinned(draws.len(), CURVE_DRAWS);
        let each: Vec<Vec<f64>> = asked
            .par_iter()
            .map_init(
                || posterior.room(),
                |room, draw| {
                    posterior.contributions(draws.point(*draw), room);
                    let mut sums = vec![0.0; channels * periods];
                    for (channel, values) in room.channels.iter().enumerate() {
                        for (row, value) in values.iter().enumerate() {
                            sums[channel * periods + row % periods] += value;
                        }
                    }
                    sums
                },
            )
            .collect();
        let cell = |cell: usize| Estimate::of(&each.iter().map(|draw| draw[cell]).collect::<Vec<f64>>());
        let channels = (0..channels)
            .into_par_iter()
            .map(|channel| (0..periods).map(|period| cell(channel * periods + period)).collect())
            .collect();
        Self { channels }
    }
}

/// At most `most` of `count` draws, evenly spread.
pub(crate) fn thinned(count: usize, most: usize) -> Vec<usize> {
    let step = count.div_ceil(most.max(1)).max(1);
    (0..count).step_by(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_spreads_draws_evenly() {
        assert_eq!(thinned(10, 4), [0, 3, 6, 9]);
        assert_eq!(thinned(3, 500), [0, 1, 2]);
        assert!(thinned(0, 5).is_empty());
    }
}
