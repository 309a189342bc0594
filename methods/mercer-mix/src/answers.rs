//! What the posterior says of the channels: contributions, returns, carry-over and forecasts, draw by draw.

use mercer_base::Seed;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::density::Density;
use crate::draws::Draws;
use crate::estimate::{Estimate, central};
use crate::panel::Panel;
use crate::posterior::Posterior;

/// Draws on which courses, curves and plans stand: enough for intervals, few enough for many places.
pub(crate) const FEW: usize = 500;

/// What each channel brought, by draw.
pub(crate) struct Answers {
    /// For each channel, its contribution in the outcome's unit.
    pub(crate) contribution: Vec<Vec<f64>>,
    /// For each channel, that over the whole expected outcome.
    pub(crate) share: Vec<Vec<f64>>,
    /// What would have come without channels, over the whole.
    pub(crate) baseline_share: Vec<f64>,
    /// For each channel with spend, money brought over money spent.
    pub(crate) roi: Vec<Vec<f64>>,
    /// For each channel with spend, the return of one more unit of money.
    pub(crate) marginal_roi: Vec<Vec<f64>>,
}

/// Totals of one draw, over all places and periods that have an outcome.
struct Totals {
    outcome: Vec<f64>,
    baseline: f64,
    roi: Vec<f64>,
    marginal_roi: Vec<f64>,
}

impl Answers {
    /// Asks every draw.
    pub(crate) fn of(posterior: &Posterior, panel: &Panel, draws: &Draws) -> Self {
        let (rows, channels) = (panel.rows(), panel.channels.len());
        let known: Vec<usize> = (0..rows).filter(|row| !panel.outcome[*row].is_nan()).collect();
        // What is brought is told over what the data show, not over what the model expects: shares of draws have one whole.
        let whole: f64 = known.iter().map(|row| panel.outcome[*row]).sum();
        let totals: Vec<Totals> = (0..draws.len())
            .into_par_iter()
            .map_init(
                || (posterior.work(), vec![0.0; rows * (channels + 1)]),
                |(work, parts), draw| {
                    let point = draws.point(draw);
                    posterior.contributions(point, work, parts);
                    let total = |part: &[f64]| known.iter().map(|row| part[*row]).sum::<f64>();
                    let mut sums: Vec<f64> = parts.chunks_exact(rows.max(1)).map(total).collect();
                    Totals {
                        baseline: sums.pop().unwrap_or(0.0),
                        outcome: sums,
                        roi: posterior.roi(point, work),
                        marginal_roi: posterior.marginal_roi(point, work),
                    }
                },
            )
            .collect();
        let by_channel = |of: &dyn Fn(&Totals) -> &[f64]| -> Vec<Vec<f64>> {
            (0..channels).map(|channel| totals.iter().map(|total| of(total)[channel]).collect()).collect()
        };
        let contribution = by_channel(&|total| &total.outcome);
        Self {
            share: contribution.iter().map(|draws| draws.iter().map(|part| part / whole).collect()).collect(),
            contribution,
            baseline_share: totals.iter().map(|total| total.baseline / whole).collect(),
            roi: by_channel(&|total| &total.roi),
            marginal_roi: by_channel(&|total| &total.marginal_roi),
        }
    }
}

/// Periods by channel, over all places: mean and interval of what each brought.
pub(crate) fn course(posterior: &Posterior, panel: &Panel, draws: &Draws) -> Vec<Vec<Estimate>> {
    let (rows, periods, channels) = (panel.rows(), panel.periods(), panel.channels.len());
    let each: Vec<Vec<f64>> = thinned(draws.len(), FEW)
        .par_iter()
        .map_init(
            || (posterior.work(), vec![0.0; rows * (channels + 1)]),
            |(work, parts), draw| {
                posterior.contributions(draws.point(*draw), work, parts);
                let mut sums = vec![0.0; channels * periods];
                for (channel, part) in parts.chunks_exact(rows.max(1)).take(channels).enumerate() {
                    for (row, value) in part.iter().enumerate() {
                        sums[channel * periods + row % periods] += value;
                    }
                }
                sums
            },
        )
        .collect();
    let cell = |cell: usize| Estimate::of(&each.iter().map(|draw| draw[cell]).collect::<Vec<f64>>());
    (0..channels)
        .into_par_iter()
        .map(|channel| (0..periods).map(|period| cell(channel * periods + period)).collect())
        .collect()
}

/// What all channels' effects are multiplied by in each period, mean and interval; empty where they do not vary.
pub(crate) fn media_factor(posterior: &Posterior, periods: usize, draws: &Draws) -> Vec<Estimate> {
    if !posterior.varies() {
        return Vec::new();
    }
    let each: Vec<Vec<f64>> = (0..draws.len())
        .into_par_iter()
        .map_init(|| posterior.work(), |work, draw| posterior.media_factor(draws.point(draw), work))
        .collect();
    let of = |period: usize| Estimate::of(&each.iter().map(|factor| factor[period]).collect::<Vec<f64>>());
    (0..periods).into_par_iter().map(of).collect()
}

/// What is expected of each row of a panel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Forecast {
    /// Mean.
    pub(crate) expected: Vec<f64>,
    /// Ends of the central 90 % interval of the outcome, its scatter included.
    pub(crate) low: Vec<f64>,
    pub(crate) high: Vec<f64>,
    /// Mean of what would have come without channels.
    pub(crate) baseline: Vec<f64>,
}

impl Forecast {
    /// Asks a part of the draws.
    pub(crate) fn of(posterior: &Posterior, panel: &Panel, draws: &Draws, seed: Seed) -> Self {
        let (rows, channels) = (panel.rows(), panel.channels.len());
        let seed = seed.split("forecast");
        let asked = thinned(draws.len(), FEW);
        let each: Vec<(Vec<f64>, Vec<f64>, Vec<f64>)> = asked
            .par_iter()
            .map_init(
                || (posterior.work(), vec![0.0; rows * (channels + 1)]),
                |(work, parts), draw| {
                    let point = draws.point(*draw);
                    let mut dice = ChaCha8Rng::seed_from_u64(seed.nth(*draw as u64).0);
                    let likely = posterior.likely(point, work, &mut dice);
                    let expected = posterior.expected(point, work);
                    posterior.contributions(point, work, parts);
                    (likely, expected, parts.get(rows * channels..).unwrap_or_default().to_vec())
                },
            )
            .collect();
        let count = each.len() as f64;
        let mean = |of: &dyn Fn(usize) -> f64| (0..each.len()).map(of).sum::<f64>() / count;
        let ends = (0..rows).into_par_iter().map(|row| {
            let mut draws: Vec<f64> = each.iter().map(|draw| draw.0[row]).collect();
            central(&mut draws)
        });
        let (low, high) = ends.unzip();
        Self {
            expected: (0..rows).map(|row| mean(&|draw| each[draw].1[row])).collect(),
            baseline: (0..rows).map(|row| mean(&|draw| each[draw].2[row])).collect(),
            low,
            high,
        }
    }

    /// Share of the known outcomes that the intervals hold, of the rows that are asked.
    pub(crate) fn covered(&self, outcomes: &[(usize, f64)]) -> f64 {
        let held =
            outcomes.iter().filter(|(row, outcome)| (self.low[*row]..=self.high[*row]).contains(outcome)).count();
        held as f64 / outcomes.len() as f64
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
