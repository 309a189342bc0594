//! How many to contact: what contacts cost and what comes of them.

use mercer_base::{Error, Result, Seed};
use mercer_stats::{bootstrap, wilson_interval};
use serde::{Deserialize, Serialize};

use super::ranked::Ranked;

/// Samples of the rows by which it is told how sure the best depth is.
const DRAWS: usize = 500;
/// Rows of each sample, at the most; of more, every so many are drawn from.
const MOST_DRAWN: usize = 20_000;
const CONFIDENCE: f64 = 0.95;
/// Points of the curve.
const STEPS: usize = 100;

/// What a contact costs and what it brings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Economics {
    contact_cost: f64,
    success_value: f64,
    success_rate: f64,
}

impl Economics {
    /// What contacting one row costs; what it is worth when the action succeeds with a row that has (or would have had) the
    /// outcome; and with which share of those it succeeds: 1 where the outcome itself is the success, the save rate where it is
    /// to be prevented.
    ///
    /// # Errors
    /// When the cost is negative, the value not above 0, or the rate not above 0 and at most 1.
    pub(crate) fn new(contact_cost: f64, success_value: f64, success_rate: f64) -> Result<Self> {
        if !(contact_cost >= 0.0 && contact_cost.is_finite()) {
            return Err(Error::config(format!("a contact cannot cost {contact_cost}")).with_hint("give 0 or more"));
        }
        if !(success_value > 0.0 && success_value.is_finite()) {
            return Err(Error::config(format!("a success worth {success_value} is none")).with_hint("give more than 0"));
        }
        if !(success_rate > 0.0 && success_rate <= 1.0) {
            return Err(Error::config(format!("{success_rate} is no share of actions that succeed"))
                .with_hint("give a share above 0, up to 1"));
        }
        Ok(Self { contact_cost, success_value, success_rate })
    }

    /// The probability from which on a contact pays: cost ÷ (value × success rate). Above 1 where none ever does.
    #[must_use]
    pub(crate) fn break_even(&self) -> f64 {
        self.contact_cost / (self.success_value * self.success_rate)
    }

    /// What is to be expected of contacting one row: probability × value × success rate − cost.
    #[must_use]
    pub(crate) fn expected(&self, probability: f64) -> f64 {
        self.expected_of(probability, self.success_value)
    }

    /// As [`Economics::expected`], where the row has a value of its own: what the customer is worth.
    #[must_use]
    pub(crate) fn expected_of(&self, probability: f64, value: f64) -> f64 {
        probability * value * self.success_rate - self.contact_cost
    }

    /// Of `contacts` with `successes` rows that have the outcome.
    fn of(&self, contacts: f64, successes: f64) -> f64 {
        successes * self.success_value * self.success_rate - contacts * self.contact_cost
    }
}

/// One depth of the curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct ProfitPoint {
    /// Share of the rows that are contacted, the highest probabilities first.
    pub(crate) share: f64,
    /// Profit by the probabilities.
    pub(crate) expected: f64,
    /// Profit by the outcomes.
    pub(crate) observed: f64,
}

/// Whom to contact, and what comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Depth {
    /// Share of the rows that are contacted.
    pub(crate) share: f64,
    /// How many rows that are.
    pub(crate) contacts: usize,
    /// The lowest probability among them; `None` where nobody is contacted.
    pub(crate) cut_off: Option<f64>,
    /// Profit by the probabilities.
    pub(crate) expected: f64,
    /// Profit by the outcomes.
    pub(crate) observed: f64,
    /// 95 % interval of the profit by the outcomes at this depth, from the Wilson interval of the rate among those contacted; `None`
    /// where nobody is.
    pub(crate) observed_interval: Option<(f64, f64)>,
}

/// Profit by how many are contacted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ProfitCurve {
    /// The curve, from nobody to everybody, in hundredths of the rows.
    pub(crate) points: Vec<ProfitPoint>,
    /// The depth with the highest profit by the probabilities: everyone from the break-even probability on. It does not depend on
    /// the outcomes of these rows, so that its observed profit is an honest one, if the rows were held out.
    pub(crate) best: Depth,
    /// The depth with the highest profit by the outcomes, in hindsight; its profit is too good to expect.
    pub(crate) hindsight: Depth,
    /// 95 % bootstrap interval of the best share in hindsight: how little or how much could have been best. A little too wide for
    /// more than 20,000 rows, of which a part is drawn from.
    pub(crate) hindsight_share_interval: Option<(f64, f64)>,
    /// The probability from which on a contact pays; above 1 where none ever does.
    pub(crate) break_even: f64,
    /// Profit by the outcomes of contacting everybody; contacting nobody brings 0.
    pub(crate) everybody: f64,
}

/// The profit curve of rows that were held out, their probabilities and outcomes, and the best depths.
///
/// Rows of equal probability are contacted together. Of several depths with the same profit the smallest is the best.
///
/// # Errors
/// When there are no rows, not as many probabilities as outcomes, or a probability is missing.
pub(crate) fn profit(
    probabilities: &[f64],
    outcomes: &[bool],
    economics: &Economics,
    seed: Seed,
) -> Result<ProfitCurve> {
    let ranked = Ranked::new(probabilities, outcomes)?;
    let rows = ranked.rows() as f64;
    let shares: Vec<f64> = (0..=STEPS).map(|step| step as f64 / STEPS as f64).collect();
    let tops = ranked.top(&shares.iter().map(|share| share * rows).collect::<Vec<f64>>());
    let points = shares.iter().zip(tops).map(|(share, top)| ProfitPoint {
        share: *share,
        expected: economics.of(share * rows, top.scores),
        observed: economics.of(share * rows, top.with),
    });
    let by_probabilities = best(&ranked, |run| run.count as f64 * economics.expected(run.score));
    let by_outcomes = best(&ranked, |run| economics.of(run.count as f64, run.with as f64));
    let share = best_share_interval(&ranked, economics, seed);
    Ok(ProfitCurve {
        points: points.collect(),
        best: depth(&ranked, by_probabilities, economics),
        hindsight: depth(&ranked, by_outcomes, economics),
        hindsight_share_interval: share,
        break_even: economics.break_even(),
        everybody: economics.of(rows, ranked.positives() as f64),
    })
}

/// How many runs from the top bring the most.
fn best(ranked: &Ranked, gain: impl Fn(&super::ranked::Run) -> f64) -> usize {
    let (mut sum, mut most, mut at) = (0.0, 0.0, 0);
    for (index, run) in ranked.runs.iter().enumerate() {
        sum += gain(run);
        if sum > most {
            (most, at) = (sum, index + 1);
        }
    }
    at
}

fn depth(ranked: &Ranked, runs: usize, economics: &Economics) -> Depth {
    let taken = || ranked.runs.iter().take(runs);
    let contacts: usize = taken().map(|run| run.count).sum();
    let with: usize = taken().map(|run| run.with).sum();
    let scores: f64 = taken().map(|run| run.score * run.count as f64).sum();
    let at_rate = |rate: f64| economics.of(contacts as f64, rate * contacts as f64);
    let rates = wilson_interval(with as u64, contacts as u64, CONFIDENCE);
    Depth {
        share: contacts as f64 / ranked.rows() as f64,
        contacts,
        cut_off: taken().next_back().map(|run| run.score),
        expected: economics.of(contacts as f64, scores),
        observed: economics.of(contacts as f64, with as f64),
        observed_interval: rates.map(|rates| (at_rate(rates.low), at_rate(rates.high))),
    }
}

/// How far the best share varies in other samples of the same kind.
fn best_share_interval(ranked: &Ranked, economics: &Economics, seed: Seed) -> Option<(f64, f64)> {
    let rows = ranked.rows_with_outcomes(ranked.rows().div_ceil(MOST_DRAWN));
    let count = rows.len() as f64;
    let best_share = |draws: &[u32]| {
        let (mut profit, mut most, mut all, mut at) = (0.0, 0.0, 0.0, 0.0);
        for ((outcome, ends_run), draws) in rows.iter().zip(draws) {
            let draws = f64::from(*draws);
            profit += economics.of(draws, if *outcome { draws } else { 0.0 });
            all += draws;
            if *ends_run && profit > most {
                (most, at) = (profit, all);
            }
        }
        at / count
    };
    let range = bootstrap::interval(rows.len(), DRAWS, CONFIDENCE, seed.split("best share"), best_share)?;
    Some((range.low, range.high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn economics() -> Economics {
        Economics::new(2.0, 20.0, 0.5).unwrap()
    }

    #[test]
    fn contacts_pay_from_the_break_even_probability_on() {
        let economics = economics();
        assert_eq!(economics.break_even(), 0.2);
        assert_eq!((economics.expected(0.2), economics.expected(0.7)), (0.0, 5.0));
        assert_eq!(economics.expected_of(0.5, 100.0), 23.0);
        let probabilities = [0.9, 0.1, 0.5, 0.3, 0.05];
        let curve = profit(&probabilities, &[true, false, false, true, false], &economics, Seed(1)).unwrap();
        // 0.9, 0.5 and 0.3: 1.7 successes expected, 2 observed.
        assert_eq!((curve.best.contacts, curve.best.cut_off), (3, Some(0.3)));
        assert!((curve.best.expected - 11.0).abs() < 1e-12);
        assert_eq!((curve.best.observed, curve.everybody), (14.0, 10.0));
        assert_eq!(curve.points.len(), 101);
        assert_eq!((curve.points[0].observed, curve.points[100].observed), (0.0, 10.0));
        assert_eq!((curve.hindsight.contacts, curve.hindsight.observed), (3, 14.0));
    }

    #[test]
    fn nobody_is_contacted_where_no_contact_pays() {
        let dear = Economics::new(50.0, 20.0, 0.5).unwrap();
        let curve = profit(&[0.9, 0.1], &[true, false], &dear, Seed(1)).unwrap();
        assert_eq!((curve.best.contacts, curve.best.cut_off, curve.best.observed), (0, None, 0.0));
    }

    #[test]
    fn senseless_figures_are_refused() {
        for (cost, value, rate) in
            [(-1.0, 1.0, 1.0), (1.0, 0.0, 1.0), (1.0, 1.0, 0.0), (1.0, 1.0, 1.5), (f64::NAN, 1.0, 1.0)]
        {
            assert!(Economics::new(cost, value, rate).is_err());
        }
    }

    #[test]
    fn intervals_hold_the_truth_and_do_not_depend_on_threads() {
        // Probabilities that are right: rows of each probability have the outcome as often as it says.
        let probabilities: Vec<f64> = (0..2_000).map(|row| f64::from(row % 20) / 40.0 + 0.0125).collect();
        let outcomes: Vec<bool> =
            probabilities.iter().enumerate().map(|(row, own)| ((row / 20) as f64) < 100.0 * own).collect();
        let curves = [1, 2, 8].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| profit(&probabilities, &outcomes, &economics(), Seed(3)).unwrap())
        });
        assert!(curves[0] == curves[1] && curves[1] == curves[2]);
        let (low, high) = curves[0].best.observed_interval.unwrap();
        assert!(low <= curves[0].best.expected && curves[0].best.expected <= high);
        let (low, high) = curves[0].hindsight_share_interval.unwrap();
        assert!(low <= curves[0].best.share && curves[0].best.share <= high && high - low < 0.3, "{low} {high}");
    }

    proptest! {
        #[test]
        fn the_best_depth_is_that_of_brute_force(
            rows in prop::collection::vec((0_u8..10, any::<bool>()), 1..60),
            cost in 0.1_f64..5.0,
        ) {
            let economics = Economics::new(cost, 8.0, 1.0).unwrap();
            let probabilities: Vec<f64> = rows.iter().map(|row| f64::from(row.0) / 10.0).collect();
            let outcomes: Vec<bool> = rows.iter().map(|row| row.1).collect();
            let curve = profit(&probabilities, &outcomes, &economics, Seed(1)).unwrap();
            let at = |cut: f64| {
                let chosen = rows.iter().filter(|row| f64::from(row.0) / 10.0 >= cut);
                chosen.fold((0.0, 0.0), |(expected, observed), row| (
                    expected + 8.0 * f64::from(row.0) / 10.0 - cost,
                    observed + if row.1 { 8.0 } else { 0.0 } - cost,
                ))
            };
            let cuts = || (0..=11_u8).map(|cut| f64::from(cut) / 10.0);
            let expected = cuts().map(|cut| at(cut).0).fold(0.0, f64::max);
            let observed = cuts().map(|cut| at(cut).1).fold(0.0, f64::max);
            prop_assert!((curve.best.expected - expected).abs() < 1e-9);
            prop_assert!((curve.hindsight.observed - observed).abs() < 1e-9);
            let low = curve.best.cut_off.unwrap_or(1.1);
            prop_assert!((at(low).1 - curve.best.observed).abs() < 1e-9);
            prop_assert!(curve.points.iter().all(|point| point.observed <= curve.hindsight.observed + 1e-9));
        }
    }
}
