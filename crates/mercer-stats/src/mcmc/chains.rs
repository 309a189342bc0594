//! Chains cut in halves, and the normal scores of draws.

use crate::quantile;
use crate::special::normal_quantile;

/// Draws a chain must have at least.
const FEWEST: usize = 4;

/// Chains of one length, one after the other.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chains {
    /// Draws of each chain, at least 2.
    pub(super) length: usize,
    /// The draws, chain after chain.
    pub(super) values: Vec<f64>,
}

impl Chains {
    /// The halves of each chain as chains of their own; of an odd number of draws the middle one is left out.
    ///
    /// `None` where nothing can be said: see the module.
    pub(super) fn halves(chains: &[&[f64]]) -> Option<Self> {
        if !can_be_judged(chains) {
            return None;
        }
        let draws = chains.first()?.len();
        let length = draws / 2;
        let mut values = Vec::with_capacity(2 * length * chains.len());
        for chain in chains {
            values.extend_from_slice(chain.get(..length)?);
            values.extend_from_slice(chain.get(draws - length..)?);
        }
        Some(Self { length, values })
    }

    /// The same chains with each draw turned into another quantity.
    pub(super) fn map(&self, quantity: impl Fn(f64) -> f64) -> Self {
        Self { length: self.length, values: self.values.iter().map(|value| quantity(*value)).collect() }
    }

    /// The draws of each chain.
    pub(super) fn iter(&self) -> std::slice::ChunksExact<'_, f64> {
        self.values.chunks_exact(self.length)
    }

    /// Number of chains.
    pub(super) fn count(&self) -> usize {
        self.values.len() / self.length
    }

    /// The distance of each draw from the median of all.
    pub(super) fn folded(&self) -> Self {
        let mut sorted = self.values.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let median = quantile(&sorted, 0.5);
        self.map(|value| (value - median).abs())
    }

    /// Each draw's normal score: `Φ⁻¹((r − 3/8) / (S + 1/4))` of its rank `r` among all `S` draws, equal draws sharing the mean
    /// of their ranks (Vehtari et al. 2021, equation 14).
    pub(super) fn normal_scores(&self, table: &Scores) -> Self {
        let mut order: Vec<(f64, usize)> = self.values.iter().copied().zip(0..).collect();
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut values = vec![0.0; self.values.len()];
        let mut before = 0;
        for tied in order.chunk_by(|a, b| a.0 == b.0) {
            let score = table.of_ranks(before, tied.len());
            for (_, draw) in tied {
                if let Some(value) = values.get_mut(*draw) {
                    *value = score;
                }
            }
            before += tied.len();
        }
        Self { length: self.length, values }
    }
}

/// Whether there are draws enough, all finite, in chains of one length, that are not all the same.
pub(super) fn can_be_judged(chains: &[&[f64]]) -> bool {
    let Some(first) = chains.first().and_then(|chain| chain.first()) else { return false };
    let length = chains.first().map_or(0, |chain| chain.len());
    let mut values = chains.iter().copied().flatten();
    length >= FEWEST
        && chains.iter().all(|chain| chain.len() == length)
        && chains.iter().copied().flatten().all(|value| value.is_finite())
        && values.any(|value| value != first)
}

/// Normal scores of all ranks of so many draws, computed once for many quantities.
#[derive(Debug, Clone)]
pub(super) struct Scores {
    of: Vec<f64>,
}

impl Scores {
    /// The scores of `draws` draws without ties.
    pub(super) fn new(draws: usize) -> Self {
        Self { of: (1..=draws).map(|rank| score(rank as f64, draws)).collect() }
    }

    /// The scores for what `chains` hold once cut in halves.
    pub(super) fn for_halves(chains: &[&[f64]]) -> Self {
        Self::new(chains.iter().map(|chain| chain.len() / 2 * 2).sum())
    }

    /// The score of `tied` equal draws with `before` smaller ones.
    fn of_ranks(&self, before: usize, tied: usize) -> f64 {
        match self.of.get(before) {
            Some(score) if tied == 1 => *score,
            _ => score(before as f64 + 0.5 * (tied as f64 + 1.0), self.of.len()),
        }
    }
}

fn score(rank: f64, draws: usize) -> f64 {
    normal_quantile((rank - 0.375) / (draws as f64 + 0.25))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_leave_out_the_middle() {
        let halves = Chains::halves(&[&[1.0, 2.0, 3.0, 4.0, 5.0], &[6.0, 7.0, 8.0, 9.0, 10.0]]).unwrap();
        assert_eq!((halves.length, halves.count()), (2, 4));
        assert_eq!(halves.values, [1.0, 2.0, 4.0, 5.0, 6.0, 7.0, 9.0, 10.0]);
        assert!(Chains::halves(&[&[1.0, 2.0, 3.0]]).is_none());
        assert!(Chains::halves(&[&[1.0, 2.0, 3.0, 4.0], &[1.0, 2.0, 3.0, 4.0, 5.0]]).is_none());
    }

    #[test]
    fn equal_draws_share_their_rank() {
        let chains = Chains { length: 4, values: vec![3.0, -1.0, 3.0, 9.0] };
        let scores = chains.normal_scores(&Scores::new(4)).values;
        // Ranks 2.5, 1, 2.5 and 4 of 4: Φ⁻¹ at 2.125/4.25 is 0, at 0.625/4.25 it is −1.04913 (scipy).
        let expected = [0.0, -1.049_131_397_963_971_3, 0.0, 1.049_131_397_963_971_3];
        assert!(scores.iter().zip(expected).all(|(score, right)| (score - right).abs() < 1e-9), "{scores:?}");
    }

    #[test]
    fn folding_measures_from_the_median() {
        let chains = Chains { length: 4, values: vec![1.0, 2.0, 4.0, 10.0] };
        assert_eq!(chains.folded().values, [2.0, 1.0, 1.0, 7.0]);
    }
}
