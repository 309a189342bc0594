//! How far models agree about channels.

use serde::{Deserialize, Serialize};

/// Two measures of agreement for every pair of models, as rows of a symmetric matrix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Agreement {
    /// Share of all conversions that would have to move from channel to channel to turn one model's credit into the other's
    /// (total variation), from 0 to 1; what is nobody's counts as a channel.
    pub(crate) apart: Vec<Vec<f64>>,
    /// Rank correlation of channels by their credit (Spearman), from −1 to 1; `NaN` where a model credits all channels alike.
    pub(crate) ranks: Vec<Vec<f64>>,
}

/// Conversions of one model by channel, and what is nobody's.
pub(crate) type Divided<'a> = (&'a [f64], f64);

impl Agreement {
    /// Compares models, each with its conversions by channel and what is nobody's.
    pub(crate) fn new(models: &[Divided<'_>]) -> Self {
        let each = |compare: fn(&Divided<'_>, &Divided<'_>) -> f64| {
            models.iter().map(|one| models.iter().map(|other| compare(one, other)).collect()).collect()
        };
        Self { apart: each(apart), ranks: each(|one, other| correlation(&ranks(one.0), &ranks(other.0))) }
    }
}

fn apart(one: &Divided<'_>, other: &Divided<'_>) -> f64 {
    let sum = |model: &Divided<'_>| model.0.iter().sum::<f64>() + model.1;
    let (all_one, all_other) = (sum(one), sum(other));
    if !(all_one > 0.0 && all_other > 0.0) {
        return f64::NAN;
    }
    let pairs = one.0.iter().chain([&one.1]).zip(other.0.iter().chain([&other.1]));
    pairs.map(|(x, y)| (x / all_one - y / all_other).abs()).sum::<f64>() / 2.0
}

/// Ranks from 1; equal values share the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0.0;
    for equal in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let count = equal.len() as f64;
        equal.iter().for_each(|index| ranks[*index] = before + (count + 1.0) / 2.0);
        before += count;
    }
    ranks
}

fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_x, mean_y) = (mean(x), mean(y));
    let sums = x.iter().zip(y).fold([0.0; 3], |sums, (x, y)| {
        let (dx, dy) = (x - mean_x, y - mean_y);
        [sums[0] + dx * dy, sums[1] + dx * dx, sums[2] + dy * dy]
    });
    sums[0] / (sums[1] * sums[2]).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreement_by_hand() {
        let (first, second, flat) = ([6.0, 3.0, 1.0], [2.0, 4.0, 0.0], [5.0, 5.0, 5.0]);
        let found = Agreement::new(&[(&first, 0.0), (&second, 4.0), (&flat, 0.0)]);
        // Shares .6 .3 .1 0 and .2 .4 0 .4.
        assert!((found.apart[0][1] - 0.5).abs() < 1e-15, "{found:?}");
        assert_eq!(found.apart[0][0], 0.0);
        assert_eq!(found.apart[0][1], found.apart[1][0]);
        // Ranks 3 2 1 and 2 3 1.
        assert!((found.ranks[0][1] - 0.5).abs() < 1e-15 && (found.ranks[0][0] - 1.0).abs() < 1e-15, "{found:?}");
        assert!(found.ranks[0][2].is_nan());
    }

    #[test]
    fn equal_values_share_their_ranks() {
        assert_eq!(ranks(&[2.0, 1.0, 2.0, 0.0]), [3.5, 2.0, 3.5, 1.0]);
    }
}
