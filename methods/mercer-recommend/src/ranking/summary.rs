//! How good a ranking was over all customers: means, how sure they are, and whether one system beats another.

use mercer_base::Seed;
use mercer_stats::bootstrap;
use serde::{Deserialize, Serialize};

use super::Judged;

/// The draws of an interval: percentiles at 0.95 are known to a tenth of a standard error.
const DRAWS: usize = 1_000;
/// The confidence of an interval.
const CONFIDENCE: f64 = 0.95;

/// A measure of a ranking for one customer; see [`Judged`] for their meanings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Measure {
    /// Hits by `k`.
    Precision,
    /// Hits by the products wanted.
    Recall,
    /// Hits by the smaller of `k` and the products wanted.
    RecallOfPossible,
    /// Normalised discounted cumulative gain.
    Ndcg,
    /// 1 by the place of the first hit.
    ReciprocalRank,
    /// Whether there was a hit: 1 or 0.
    Hit,
}

impl Measure {
    /// The measure of one customer's ranking, from 0 to 1.
    pub(crate) fn of(self, judged: &Judged) -> f64 {
        match self {
            Self::Precision => judged.precision,
            Self::Recall => judged.recall,
            Self::RecallOfPossible => judged.recall_of_possible,
            Self::Ndcg => judged.ndcg,
            Self::ReciprocalRank => judged.reciprocal_rank,
            Self::Hit => f64::from(u8::from(judged.hits > 0)),
        }
    }
}

/// A mean over customers and how far it would vary with other customers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Estimate {
    /// The mean; each customer counts once.
    pub(crate) mean: f64,
    /// The lower end of the 95 % percentile bootstrap interval over customers.
    pub(crate) low: f64,
    /// Its upper end.
    pub(crate) high: f64,
    /// Over how many customers.
    pub(crate) customers: usize,
}

/// The mean of a measure over customers; `None` without customers.
pub(crate) fn estimate(judged: &[Judged], measure: Measure, seed: Seed) -> Option<Estimate> {
    let values: Vec<f64> = judged.iter().map(|judged| measure.of(judged)).collect();
    mean(&values, seed)
}

/// By how much `a` is above `b` on a measure, customer by customer: an interval above 0 says that `a` is better. Both hold the
/// same customers in the same order; `None` where they are not as many, or none.
pub(crate) fn difference(a: &[Judged], b: &[Judged], measure: Measure, seed: Seed) -> Option<Estimate> {
    if a.len() != b.len() {
        return None;
    }
    let values: Vec<f64> = a.iter().zip(b).map(|(a, b)| measure.of(a) - measure.of(b)).collect();
    mean(&values, seed)
}

fn mean(values: &[f64], seed: Seed) -> Option<Estimate> {
    let customers = values.len();
    let of_draw = |counts: &[u32]| {
        counts.iter().zip(values).map(|(times, value)| f64::from(*times) * value).sum::<f64>() / customers as f64
    };
    let interval = bootstrap::interval(customers, DRAWS, CONFIDENCE, seed, of_draw)?;
    let mean = values.iter().sum::<f64>() / customers as f64;
    Some(Estimate { mean, low: interval.low, high: interval.high, customers })
}

/// How much is known of a customer: rankings that shine for many orders can fail for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Experience {
    /// One order at most.
    New,
    /// 2 to 4 orders.
    Few,
    /// 5 orders or more.
    Many,
}

impl Experience {
    /// All, from the least to the most.
    pub(crate) const ALL: [Self; 3] = [Self::New, Self::Few, Self::Many];

    /// The group of a customer with so many orders before the cut-off.
    pub(crate) fn of(orders: usize) -> Self {
        match orders {
            0..=1 => Self::New,
            2..=4 => Self::Few,
            _ => Self::Many,
        }
    }
}

/// Those of a group, in order; `orders` holds each judged customer's number of orders before the cut-off.
pub(crate) fn of_experience(judged: &[Judged], orders: &[usize], group: Experience) -> Vec<Judged> {
    let of_group = |(judged, orders): (&Judged, &usize)| (Experience::of(*orders) == group).then_some(*judged);
    judged.iter().zip(orders).filter_map(of_group).collect()
}
