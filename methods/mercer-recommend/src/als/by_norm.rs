//! The products by the length of their vectors, so that a customer's best are found without scoring all.

use rayon::prelude::*;

use super::Als;
use super::vector::{dot, dots_of_four, four, lanes, vectorised};
use crate::cold::Cold;
use crate::ranking::best;

/// Room for the product of two lengths to come out a little smaller than the score that it bounds.
const ROUNDING: f32 = 1e-4;

/// The factors of all products, the longest first. A score is at most the product of the two lengths (Cauchy and Schwarz), so a
/// search may end where that falls below what it has found: exact maximum inner product search as of Teflioudi, Gemulla and
/// Mykytiuk 2015, LEMP. Ridges keep the vectors of seldom bought products short, so that few of many are looked at.
#[derive(Debug)]
pub(crate) struct ByNorm {
    width: usize,
    /// The products, the longest first; those of length 0 are left out.
    products: Vec<u32>,
    /// Where each product stands in that order; beyond its end for those that are left out.
    places: Vec<u32>,
    norms: Vec<f32>,
    factors: Vec<f32>,
}

impl ByNorm {
    /// Sorts the products. Those that nobody has bought get the weighted mean of their neighbours' vectors, which scores the mean
    /// of what their neighbours score.
    pub(crate) fn new(als: &Als, cold: Option<&Cold>) -> Self {
        let width = als.width;
        let mut rows = als.products.clone();
        if let Some(cold) = cold {
            cold.fill_rows(&mut rows, width);
        }
        let norms: Vec<f32> =
            rows.par_chunks_exact(width).map(|row| row.iter().map(|value| value * value).sum::<f32>().sqrt()).collect();
        let mut ranked: Vec<(u32, f32)> = (0_u32..).zip(norms).filter(|(_, norm)| *norm > 0.0).collect();
        ranked.par_sort_unstable_by(crate::ranking::better);
        let mut places = vec![u32::MAX; als.products()];
        let mut factors = Vec::with_capacity(ranked.len() * width);
        for (place, (product, _)) in (0_u32..).zip(&ranked) {
            places[*product as usize] = place;
            factors.extend_from_slice(&rows[*product as usize * width..(*product as usize + 1) * width]);
        }
        let (products, norms) = ranked.into_iter().unzip();
        Self { width, products, places, norms, factors }
    }

    /// The score of a product for a customer with these factors, of [`Als::fold_in`].
    pub(crate) fn score(&self, customer: &[f32], product: u32) -> f32 {
        let place = self.places.get(product as usize).map_or(usize::MAX, |place| *place as usize);
        let row = place.checked_mul(self.width).and_then(|start| self.factors.get(start..start + self.width));
        vectorised(
            #[inline(always)]
            || row.map_or(0.0, |row| dot(lanes(row), lanes(customer))),
        )
    }

    /// The `k` allowed products of highest score for a customer with these factors, of those that score above 0, the best first.
    pub(crate) fn best(&self, customer: &[f32], k: usize, allowed: impl Fn(u32) -> bool) -> Vec<(u32, f32)> {
        let length = customer.iter().map(|value| value * value).sum::<f32>().sqrt() * (1.0 + ROUNDING);
        let mut found: Vec<(u32, f32)> = Vec::new();
        let mut floor = 0.0_f32;
        if k == 0 {
            return found;
        }
        vectorised(
            #[inline(always)]
            || {
                let customer = lanes(customer);
                let quads = self.factors.chunks_exact(4 * self.width);
                let rest = quads.remainder().chunks_exact(self.width);
                let mut consider = |product: u32, score: f32, floor: &mut f32| {
                    if score > 0.0 && score >= *floor && allowed(product) {
                        found.push((product, score));
                        if found.len() >= 2 * k {
                            *floor = found.select_nth_unstable_by(k - 1, crate::ranking::better).1.1;
                            found.truncate(k);
                        }
                    }
                };
                for (quad, rows) in quads.enumerate() {
                    if self.norms[4 * quad] * length < floor {
                        return;
                    }
                    let scores = dots_of_four(four(lanes(rows), customer.len()), customer);
                    for (product, score) in self.products[4 * quad..].iter().zip(scores) {
                        consider(*product, score, &mut floor);
                    }
                }
                for (product, row) in self.products[self.products.len() / 4 * 4..].iter().zip(rest) {
                    consider(*product, dot(lanes(row), customer), &mut floor);
                }
            },
        );
        best(&mut found, k);
        found
    }
}

#[cfg(test)]
mod tests {
    use mercer_base::Seed;
    use proptest::prelude::*;

    use super::*;
    use crate::als::Settings;
    use crate::ranking::top;
    use crate::sparse::Sparse;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_best_are_those_of_scoring_all(
            rows in prop::collection::vec(prop::collection::btree_set(0_u32..45, 1..9), 5..40), k in 1_usize..20, banned in 0_u32..45,
        ) {
            let data = Sparse::from_rows(47, rows.iter().map(|row| row.iter().map(|product| (*product, 1.0))));
            let model = Als::fit(&data, &Settings { factors: 8, iterations: 3, lambda: 0.05, ..Settings::default() }, Seed(3)).unwrap();
            let index = ByNorm::new(&model, None);
            for row in rows.iter().take(5) {
                let profile: Vec<(u32, f32)> = row.iter().map(|product| (*product, 1.0)).collect();
                let mut scores = vec![0.0; 47];
                model.score_products(&profile, &mut scores);
                let customer = model.fold_in(&profile);
                let expected = top(&scores, k, |product| product != banned && scores[product as usize] > 0.0);
                prop_assert_eq!(index.best(&customer, k, |product| product != banned), expected);
                for product in 0..47 {
                    prop_assert_eq!(index.score(&customer, product), scores[product as usize]);
                }
            }
        }
    }
}
