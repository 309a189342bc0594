//! What an experiment on each channel would be worth: how much better money could be moved if the channel's return were known.
//!
//! The decision is a small one that every plan is made of: a unit of money goes from the channel of which one more unit brings least
//! to the one of which it brings most. With what is known now it gains `max_j E[m_j] − min_j E[m_j]`, where `m_j` is the marginal
//! return of channel j. Were the return `r_c` of a channel known first, the choice could follow it, and would gain
//! `E[max_j E[m_j | r_c] − min_j E[m_j | r_c]]`. The difference is the expected value of partial perfect information: the most that an
//! experiment on the channel can be worth, for each unit of money moved. It is 0 where the choice would not change, however little is
//! known. Expectations given `r_c` are regressions over the draws on the normal scores of its ranks, with a square.
//!
//! Source: Raiffa and Schlaifer (1961), Applied Statistical Decision Theory; Strong, Oakley and Brennan (2014), Estimating multiparameter
//! partial expected value of perfect information from a probabilistic sensitivity analysis sample, Medical Decision Making 34, 311–326.

use mercer_stats::special::normal_quantile;
use rayon::prelude::*;

/// For each channel what knowing its return would be worth, in money for each unit of money moved; `None` for channels without
/// returns. `roi` and `marginal_roi` are draws by channel.
pub(crate) fn worth_testing(roi: &[Vec<f64>], marginal_roi: &[Vec<f64>]) -> Vec<Option<f64>> {
    let is_known = |draws: &[f64]| !draws.is_empty() && draws.iter().all(|draw| draw.is_finite());
    let paid: Vec<usize> =
        (0..roi.len()).filter(|channel| is_known(&roi[*channel]) && is_known(&marginal_roi[*channel])).collect();
    let count = paid.first().map_or(0, |channel| roi[*channel].len());
    let scores = Scores::new(count);
    (0..roi.len())
        .into_par_iter()
        .map(|channel| {
            paid.contains(&channel).then(|| {
                if roi[channel].iter().all(|draw| *draw == roi[channel][0]) {
                    return 0.0;
                }
                let order = by_rank(&roi[channel]);
                let given: Vec<Curve> = paid.iter().map(|other| scores.curve(&order, &marginal_roi[*other])).collect();
                let gain = |at: &dyn Fn(&Curve) -> f64| {
                    let values = || given.iter().map(at);
                    values().fold(f64::NEG_INFINITY, f64::max) - values().fold(f64::INFINITY, f64::min)
                };
                let known = (0..count).map(|rank| gain(&|curve| scores.at(curve, rank))).sum::<f64>() / count as f64;
                (known - gain(&|curve| curve.mean)).max(0.0)
            })
        })
        .collect()
}

/// Places of draws from the lowest to the highest.
fn by_rank(draws: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..draws.len()).collect();
    order.sort_by(|a, b| draws[*a].total_cmp(&draws[*b]).then(a.cmp(b)));
    order
}

/// Normal scores of ranks, and their squares less the mean of these: with a constant, three columns without any product between them.
struct Scores {
    line: Vec<f64>,
    square: Vec<f64>,
}

/// A regression on [`Scores`].
struct Curve {
    mean: f64,
    slope: f64,
    bend: f64,
}

impl Scores {
    fn new(count: usize) -> Self {
        let line: Vec<f64> = (0..count).map(|rank| normal_quantile((rank as f64 + 0.5) / count as f64)).collect();
        let mean = line.iter().map(|score| score * score).sum::<f64>() / count.max(1) as f64;
        Self { square: line.iter().map(|score| score * score - mean).collect(), line }
    }

    /// Regresses `values` on the ranks whose places are `order`.
    fn curve(&self, order: &[usize], values: &[f64]) -> Curve {
        let product = |column: &[f64]| column.iter().zip(order).map(|(score, at)| score * values[*at]).sum::<f64>();
        let length = |column: &[f64]| column.iter().map(|score| score * score).sum::<f64>();
        let part = |column: &[f64]| if length(column) > 0.0 { product(column) / length(column) } else { 0.0 };
        Curve {
            mean: values.iter().sum::<f64>() / values.len() as f64,
            slope: part(&self.line),
            bend: part(&self.square),
        }
    }

    fn at(&self, curve: &Curve, rank: usize) -> f64 {
        curve.mean + curve.slope * self.line[rank] + curve.bend * self.square[rank]
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::seq::SliceRandom;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Draws of a normal distribution, spread evenly and shuffled by a seed.
    fn normal(mean: f64, sd: f64, seed: u64) -> Vec<f64> {
        let count = 4_000;
        let at = |rank: usize| mean + sd * normal_quantile((rank as f64 + 0.5) / count as f64);
        let mut draws: Vec<f64> = (0..count).map(at).collect();
        draws.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        draws
    }

    #[test]
    fn an_unknown_return_near_the_others_is_worth_testing() {
        let channels = [normal(1.0, 1.0, 1), normal(1.2, 0.0, 7), normal(0.8, 0.0, 11)];
        let found = worth_testing(&channels, &channels);
        // E max(m, 1.2) − E min(m, 0.8) − 0.4 for m ~ N(1, 1): by symmetry 2 (E max(m, 1.2) − 1.2), which is
        // 2 (φ(.2) − .2 Φ(−.2)). The means of the known ones say what is gained now.
        let expected = 2.0 * (0.391_042_693_975_456 - 0.2 * 0.420_740_290_560_897);
        // The draws are spread evenly, so that the sum is nearly the integral.
        assert!((found[0].unwrap() - expected).abs() < 2e-3, "{found:?} {expected}");
        assert!(found[1].unwrap() < 1e-9 && found[2].unwrap() < 1e-9, "{found:?}");
    }

    #[test]
    fn what_changes_no_decision_is_worth_nothing() {
        // The first is far above all others whatever it is, and the second far below.
        let channels = [normal(20.0, 1.0, 1), normal(-20.0, 1.0, 7), normal(1.0, 0.1, 11)];
        let found = worth_testing(&channels, &channels);
        assert!(found.iter().all(|worth| worth.unwrap() < 1e-9), "{found:?}");
    }

    #[test]
    fn channels_that_go_together_tell_of_each_other() {
        // What is known of the first is known of its twin: the gain between them is certain, and nothing is to be chosen.
        let twin: Vec<f64> = normal(1.0, 1.0, 1);
        let channels = [twin.clone(), twin.iter().map(|draw| draw + 0.5).collect::<Vec<f64>>()];
        let found = worth_testing(&channels, &channels);
        assert!(found.iter().all(|worth| worth.unwrap() < 1e-9), "{found:?}");
        // E |m − 1.5| − 0.5 for m ~ N(1, 1). The tolerance is for the chance correlation of 4,000 draws, about 0.016.
        let apart = [twin, normal(1.5, 1.0, 7)];
        let expected = 2.0 * 0.352_065_326_764_299_5 + 0.5 * (2.0 * 0.691_462_461_274_013 - 1.0) - 0.5;
        let found = worth_testing(&apart, &apart);
        assert!(found.iter().all(|worth| (worth.unwrap() - expected).abs() < 0.03), "{found:?} {expected}");
    }

    #[test]
    fn channels_without_spend_are_left_out() {
        let found = worth_testing(&[normal(1.0, 1.0, 1), vec![f64::NAN; 4_000]], &vec![normal(1.0, 1.0, 1); 2]);
        assert!(found[0].is_some() && found[1].is_none(), "{found:?}");
        assert!(worth_testing(&[], &[]).is_empty());
    }
}
