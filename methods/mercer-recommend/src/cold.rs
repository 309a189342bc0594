//! Products nobody has bought yet: scored by what a model says of the bought products that are most like them.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::content::Content;
use crate::sparse::Sparse;

/// How much a score of 0 weighs among the neighbours' scores: as one neighbour of about 0.3 alike (at power 2). Keeps a product
/// whose only neighbours are far from taking their scores whole.
const DOUBT: f32 = 0.1;

/// The neighbours among bought products of those that nobody has bought.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cold {
    /// The cold products, rising.
    products: Vec<u32>,
    /// Cold products × products: by how much each neighbour's score counts; a row adds up to less than 1.
    weights: Sparse,
}

impl Cold {
    /// Finds for each product that is not `warm` its nearest `neighbours` warm ones by content, weighed by their likeness to the
    /// `power`. Products beyond the end of `warm` are cold. 100 neighbours at power 2 are a good start: many, because what one
    /// bought product says is mostly noise.
    ///
    /// A model that is linear in a product's column (item-item weights, factors, counts) is thereby extended to the columns of
    /// cold products, each the weighted mean of its neighbours' columns (the attribute-to-feature mapping of Gantner et al.
    /// 2010, with nearest neighbours).
    pub(crate) fn fit(content: &Content, warm: &[bool], neighbours: usize, power: f32) -> Self {
        let is_warm = |product: u32| warm.get(product as usize).copied().unwrap_or(false);
        let count = u32::try_from(content.products()).unwrap_or(u32::MAX);
        let products: Vec<u32> = (0..count).filter(|product| !is_warm(*product)).collect();
        let row = |product: &u32| {
            let mut near = content.similar(*product, neighbours, is_warm);
            near.iter_mut().for_each(|(_, alike)| *alike = alike.powf(power));
            let total: f32 = near.iter().map(|(_, weight)| weight).sum::<f32>() + DOUBT;
            near.iter_mut().for_each(|(_, weight)| *weight /= total);
            near.sort_unstable_by_key(|(product, _)| *product);
            near
        };
        let rows: Vec<Vec<(u32, f32)>> = products.par_iter().map(row).collect();
        Self { weights: Sparse::from_rows(content.products(), rows), products }
    }

    /// The cold products, rising.
    #[cfg(test)]
    pub(crate) fn products(&self) -> &[u32] {
        &self.products
    }

    /// The bought products that speak for a cold one, with their weights, the weightiest first; none for a product that is not
    /// cold.
    pub(crate) fn neighbours(&self, product: u32) -> Vec<(u32, f32)> {
        let Ok(row) = self.products.binary_search(&product) else { return Vec::new() };
        let mut near: Vec<(u32, f32)> = self.weights.pairs(row).collect();
        near.sort_by(crate::ranking::better);
        near
    }

    /// Overwrites the scores of cold products by the weighted means of their neighbours' scores, one place a product; 0 where
    /// nothing is like a product. To be called before products are masked: a masked neighbour still speaks for a cold product.
    ///
    /// The mean is on the scale of the model's scores, so cold and bought products can stand in one list. It is also nearer to
    /// the middle than single scores are, as an expectation from less knowledge should be: a cold product comes first only
    /// where all of its kind do.
    pub(crate) fn fill(&self, scores: &mut [f32]) {
        for (row, product) in self.products.iter().enumerate() {
            // Neighbours are warm, so no filled score is read here.
            let score = |(near, weight): (u32, f32)| weight * scores.get(near as usize).copied().unwrap_or(0.0);
            let mean: f32 = self.weights.pairs(row).map(score).sum();
            if let Some(place) = scores.get_mut(*product as usize) {
                *place = mean;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Cosines of product 2 with 0 and 1 are .6 and .8; product 3 has nothing known.
    fn content() -> Content {
        Content::of_vectors(vec![1.0, 0.0, 0.0, 1.0, 0.6, 0.8, 0.0, 0.0], 2).unwrap()
    }

    #[test]
    fn cold_products_take_the_mean_of_their_neighbours() {
        let cold = Cold::fit(&content(), &[true, true], 5, 2.0);
        assert_eq!(cold.products(), [2, 3]);
        let mut scores = [10.0, 5.0, 99.0, 99.0];
        cold.fill(&mut scores);
        // (.36 · 10 + .64 · 5) / (1 + .1), and nothing for product 3.
        assert!((scores[2] - 6.8 / 1.1).abs() < 1e-5, "{scores:?}");
        assert_eq!((scores[0], scores[1], scores[3]), (10.0, 5.0, 0.0));
        assert_eq!(cold.neighbours(2).iter().map(|near| near.0).collect::<Vec<_>>(), [1, 0]);
        assert_eq!(cold.neighbours(0), []);
    }

    #[test]
    fn one_neighbour_is_the_nearest_and_cold_ones_are_none() {
        let cold = Cold::fit(&content(), &[true, false, false, false], 1, 1.0);
        assert_eq!(cold.products(), [1, 2, 3]);
        assert_eq!(cold.neighbours(1), []);
        let near = cold.neighbours(2);
        assert!(near.len() == 1 && near[0].0 == 0 && (near[0].1 - 0.6 / 0.7).abs() < 1e-6, "{near:?}");
    }

    proptest! {
        #[test]
        fn filled_scores_lie_within_those_of_warm_products(
            vectors in prop::collection::vec(-1.0_f32..1.0, 30), scores in prop::collection::vec(0.0_f32..9.0, 10),
            warm in prop::collection::vec(any::<bool>(), 10), neighbours in 1_usize..12, power in 0.5_f32..4.0,
        ) {
            let cold = Cold::fit(&Content::of_vectors(vectors, 3).unwrap(), &warm, neighbours, power);
            let mut filled = scores.clone();
            cold.fill(&mut filled);
            let highest = scores.iter().zip(&warm).filter(|(_, warm)| **warm).fold(0.0_f32, |most, (score, _)| most.max(*score));
            for product in 0..10 {
                if warm[product] {
                    prop_assert_eq!(filled[product], scores[product]);
                } else {
                    prop_assert!(filled[product] >= 0.0 && filled[product] <= highest + 1e-5);
                }
            }
        }
    }
}
