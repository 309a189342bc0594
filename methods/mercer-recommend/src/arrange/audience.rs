//! For a product to push: the customers most likely to want it, more than they want anything.

use serde::{Deserialize, Serialize};

use crate::ranking::top;

/// How high and how far apart a customer's scores are over all products.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Level {
    /// The mean of the scores.
    pub(crate) mean: f32,
    /// Their standard deviation.
    pub(crate) spread: f32,
}

impl Level {
    /// The level of a customer's scores; those that are not finite are left out, and without any both are 0.
    pub(crate) fn of(scores: &[f32]) -> Self {
        let finite = || scores.iter().filter(|score| score.is_finite()).map(|score| f64::from(*score));
        let count = finite().count().max(1) as f64;
        let mean = finite().sum::<f64>() / count;
        let spread = (finite().map(|score| (score - mean).powi(2)).sum::<f64>() / count).sqrt();
        #[allow(clippy::cast_possible_truncation, reason = "within the range of the scores")]
        let level = Self { mean: mean as f32, spread: spread as f32 };
        level
    }

    /// The level of `count` scores of which those that are not 0 are given; the room of `scores` is used up.
    pub(crate) fn of_some(scores: &mut Vec<f32>, count: usize) -> Self {
        scores.retain(|score| score.is_finite());
        let known = Self::of(scores);
        let share = scores.len() as f64 / count.max(scores.len()).max(1) as f64;
        let (mean, spread) = (f64::from(known.mean), f64::from(known.spread));
        // The mean of squares less the square of the mean, over all: zeros add to neither sum.
        let all = share * mean;
        let squares = share * (spread * spread + mean * mean);
        #[allow(clippy::cast_possible_truncation, reason = "within the range of the scores")]
        let level = Self { mean: all as f32, spread: (squares - all * all).max(0.0).sqrt() as f32 };
        level
    }

    /// By how many standard deviations a score is above the customer's mean; 0 where all their scores are the same, or it is
    /// not finite.
    fn standardised(self, score: f32) -> f32 {
        if self.spread > 0.0 && score.is_finite() { (score - self.mean) / self.spread } else { 0.0 }
    }
}

/// The up to `size` allowed customers who want a product most, with how much, the most first; of equal ones the lower number.
///
/// `scores` are each customer's score of the product, `levels` their levels over all products. How much a customer wants it is
/// by how many of their standard deviations its score is above their mean, less the mean of that over all customers: customers
/// who score everything high are not preferred, and the numbers of a product that everybody scores high compare with those of
/// others.
pub(crate) fn audience(
    scores: &[f32],
    levels: &[Level],
    size: usize,
    allowed: impl Fn(u32) -> bool,
) -> Vec<(u32, f32)> {
    let mut wants: Vec<f32> = scores.iter().zip(levels).map(|(score, level)| level.standardised(*score)).collect();
    let mean = wants.iter().map(|want| f64::from(*want)).sum::<f64>() / wants.len().max(1) as f64;
    #[allow(clippy::cast_possible_truncation, reason = "within the range of the values")]
    wants.iter_mut().for_each(|want| *want -= mean as f32);
    top(&wants, size, allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_wants_it_more_than_the_rest_comes_first() {
        let of = |scores: &[f32]| Level::of(scores);
        // Means 3, 3, 20 and spreads 2, 1, 10: customer 2 scores the product highest, and likes it least.
        let levels = [of(&[1.0, 5.0]), of(&[2.0, 4.0]), of(&[10.0, 30.0]), of(&[7.0, 7.0])];
        assert_eq!(levels[0], Level { mean: 3.0, spread: 2.0 });
        // Above the mean by 1, 2, -1 and 0 spreads; their mean is .5.
        let found = audience(&[5.0, 5.0, 10.0, 7.0], &levels, 3, |_| true);
        assert_eq!(found, [(1, 1.5), (0, 0.5), (3, -0.5)]);
        assert_eq!(audience(&[5.0, 5.0, 10.0, 7.0], &levels, 1, |customer| customer != 1), [(0, 0.5)]);
        assert_eq!(audience(&[], &[], 3, |_| true), []);
    }

    #[test]
    fn scores_that_are_none_do_not_count() {
        assert_eq!(Level::of(&[1.0, f32::NAN, 3.0, f32::NEG_INFINITY]), Level { mean: 2.0, spread: 1.0 });
        assert_eq!(Level::of_some(&mut vec![1.0, f32::NAN, 5.0], 4), Level::of(&[1.0, 5.0, 0.0, 0.0]));
        assert_eq!(Level::of_some(&mut Vec::new(), 4), Level { mean: 0.0, spread: 0.0 });
        assert_eq!(Level::of(&[]), Level { mean: 0.0, spread: 0.0 });
    }
}
