//! Products nobody has bought yet: scored by what a model says of the bought products that are most like them.

use mercer_base::frame::NO_WORD;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::board::{Board, Sink};
use crate::content::Content;
use crate::panel::{ALL_SCORED, MOST_COMPARED};
use crate::sparse::Sparse;

/// How much a score of 0 weighs among the neighbours' scores: as one neighbour of about 0.3 alike (at power 2). Keeps a product
/// whose only neighbours are far from taking their scores whole.
const DOUBT: f32 = 0.1;

/// The neighbours among bought products of those that nobody has bought. Products with the same texts have the same neighbours,
/// which are kept and weighed up once for all of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cold {
    /// The cold products, rising.
    products: Vec<u32>,
    /// For each of them its kind: a row of `weights`.
    #[serde(with = "mercer_method::packed")]
    kinds: Vec<u32>,
    /// Kinds × products: by how much each neighbour's score counts; a row adds up to less than 1.
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
        let mut alike: Vec<u32> = (0_u32..).zip(&products).map(|(place, _)| place).collect();
        let of = |place: &u32| products.get(*place as usize).copied().unwrap_or_default();
        alike.par_sort_unstable_by(|a, b| content.vector_order(of(a), of(b)).then(a.cmp(b)));
        let groups: Vec<&[u32]> = alike.chunk_by(|a, b| content.vector_order(of(a), of(b)).is_eq()).collect();
        let most = if content.products() > ALL_SCORED { MOST_COMPARED } else { usize::MAX };
        let row = |room: &mut Board, group: &&[u32]| {
            let mut near =
                group.first().map_or(Vec::new(), |one| content.similar(room, of(one), most, neighbours, is_warm));
            near.iter_mut().for_each(|(_, alike)| *alike = alike.powf(power));
            let total: f32 = near.iter().map(|(_, weight)| weight).sum::<f32>() + DOUBT;
            near.iter_mut().for_each(|(_, weight)| *weight /= total);
            near.sort_unstable_by_key(|(product, _)| *product);
            // There are as many of these as kinds: none may hold more than its neighbours.
            near.shrink_to_fit();
            near
        };
        let rows: Vec<Vec<(u32, f32)>> = groups.par_iter().map_init(|| Board::new(content.products()), row).collect();
        let mut kinds = vec![0; products.len()];
        for (kind, group) in (0_u32..).zip(&groups) {
            group.iter().for_each(|place| kinds[*place as usize] = kind);
        }
        Self { weights: Sparse::from_rows(content.products(), rows), kinds, products }
    }

    /// The cold products, rising.
    #[cfg(test)]
    pub(crate) fn products(&self) -> &[u32] {
        &self.products
    }

    /// The row of a cold product's neighbours; `None` for a product that is not cold.
    fn kind(&self, product: u32) -> Option<usize> {
        let place = self.products.binary_search(&product).ok()?;
        self.kinds.get(place).map(|kind| *kind as usize).filter(|kind| *kind < self.weights.rows())
    }

    /// The bought products that speak for a cold one, with their weights, the weightiest first; none for a product that is not
    /// cold.
    pub(crate) fn neighbours(&self, product: u32) -> Vec<(u32, f32)> {
        let Some(kind) = self.kind(product) else { return Vec::new() };
        let mut near: Vec<(u32, f32)> = self.weights.pairs(kind).collect();
        near.sort_by(crate::ranking::better);
        near
    }

    fn mean_of_kind(&self, kind: usize, score: impl Fn(u32) -> f32) -> f32 {
        self.weights.pairs(kind).map(|(near, weight)| weight * score(near)).sum()
    }

    /// Overwrites the scores of cold products by the weighted means of their neighbours' scores, one place a product; 0 where
    /// nothing is like a product. To be called before products are masked: a masked neighbour still speaks for a cold product.
    ///
    /// The mean is on the scale of the model's scores, so cold and bought products can stand in one list. It is also nearer to
    /// the middle than single scores are, as an expectation from less knowledge should be: a cold product comes first only
    /// where all of its kind do.
    pub(crate) fn fill(&self, scores: &mut [f32]) {
        // Neighbours are warm, so no filled score is read here.
        let of = |near: u32| scores.get(near as usize).copied().unwrap_or(0.0);
        let means: Vec<f32> = (0..self.weights.rows()).map(|kind| self.mean_of_kind(kind, of)).collect();
        for (product, kind) in self.products.iter().zip(&self.kinds) {
            if let (Some(place), Some(mean)) = (scores.get_mut(*product as usize), means.get(*kind as usize)) {
                *place = *mean;
            }
        }
    }

    /// Adds to the rows of cold products, `width` numbers a product, the weighted means of their neighbours' rows.
    pub(crate) fn fill_rows(&self, rows: &mut [f32], width: usize) {
        let mut means = vec![0.0_f32; self.weights.rows() * width];
        let warm = &*rows;
        means.par_chunks_mut(width.max(1)).enumerate().for_each(|(kind, mean)| {
            for (near, weight) in self.weights.pairs(kind) {
                let row = warm.chunks_exact(width).nth(near as usize).unwrap_or_default();
                mean.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * value);
            }
        });
        for (product, kind) in self.products.iter().zip(&self.kinds) {
            let row = rows.chunks_exact_mut(width).nth(*product as usize);
            let mean = means.chunks_exact(width).nth(*kind as usize);
            if let (Some(row), Some(mean)) = (row, mean) {
                row.copy_from_slice(mean);
            }
        }
    }
}

/// Cold products, findable by the bought products that speak for them.
#[derive(Debug)]
pub(crate) struct Reach<'a> {
    cold: &'a Cold,
    /// Products × kinds.
    by_neighbour: Sparse,
    /// By kind what its weights add up to.
    totals: Vec<f32>,
    /// The products of each kind, kind by kind, and where each kind starts.
    starts: Vec<usize>,
    members: Vec<u32>,
    /// By product its kind; [`NO_WORD`] for a product that is not cold.
    kind_of: Vec<u32>,
}

/// Room for a sum to come out a little different in another order of its parts.
const ROUNDING: f32 = 1e-4;

impl<'a> Reach<'a> {
    /// Turns the neighbours round.
    pub(crate) fn new(cold: &'a Cold) -> Self {
        let kinds = cold.weights.rows();
        let mut starts = vec![0_usize; kinds + 1];
        let is_known =
            |(product, kind): &(&u32, &u32)| (**product as usize) < cold.weights.columns() && (**kind as usize) < kinds;
        let known = || cold.products.iter().zip(&cold.kinds).filter(is_known);
        known().for_each(|(_, kind)| starts[*kind as usize + 1] += 1);
        for kind in 0..kinds {
            starts[kind + 1] += starts[kind];
        }
        let (mut next, mut members) = (starts.clone(), vec![0; starts[kinds]]);
        for (product, kind) in known() {
            members[next[*kind as usize]] = *product;
            next[*kind as usize] += 1;
        }
        let mut kind_of = vec![NO_WORD; cold.weights.columns()];
        known().for_each(|(product, kind)| kind_of[*product as usize] = *kind);
        let totals = (0..kinds).map(|kind| cold.weights.row(kind).1.iter().sum()).collect();
        Self { by_neighbour: cold.weights.transposed(), cold, totals, starts, members, kind_of }
    }

    /// How many kinds of cold products there are: the places that `room` of [`Self::from`] needs.
    pub(crate) fn kinds(&self) -> usize {
        self.cold.weights.rows()
    }

    /// Whether nobody has bought a product.
    pub(crate) fn is_cold(&self, product: u32) -> bool {
        self.kind_of.get(product as usize).is_some_and(|kind| *kind != NO_WORD)
    }

    /// The weighted mean of the scores of a cold product's neighbours; `None` for a product that is not cold.
    pub(crate) fn mean(&self, product: u32, score: impl Fn(u32) -> f32) -> Option<f32> {
        let kind = self.kind_of.get(product as usize).filter(|kind| **kind != NO_WORD)?;
        Some(self.cold.mean_of_kind(*kind as usize, score))
    }

    /// The cold products whose score by [`Cold::fill`] is above 0 and not below `floor`, which is 0 or more, with that score. `high` are all
    /// bought products that score above the floor.
    ///
    /// A mean is at most what it would be if all neighbours that are not among `high` scored the floor,
    /// `floor · Σ weights + Σ_high weight · (score − floor)`. Only where that is above the floor it is worked out: the result is
    /// the same as if all were.
    pub(crate) fn from(
        &self,
        floor: f32,
        high: &[(u32, f32)],
        score: impl Fn(u32) -> f32,
        room: &mut Board,
        found: &mut Vec<(u32, f32)>,
    ) {
        room.clear();
        for (near, score) in high.iter().filter(|(near, _)| (*near as usize) < self.by_neighbour.rows()) {
            let (kinds, weights) = self.by_neighbour.row(*near as usize);
            room.add_all(kinds, weights, score - floor);
        }
        for kind in room.touched().iter().map(|kind| *kind as usize) {
            let most = floor * self.totals[kind] + room.get(u32::try_from(kind).unwrap_or(u32::MAX));
            if most * (1.0 + ROUNDING) < floor {
                continue;
            }
            let mean = self.cold.mean_of_kind(kind, &score);
            if mean > 0.0 && mean >= floor {
                found.extend(
                    self.members[self.starts[kind]..self.starts[kind + 1]].iter().map(|product| (*product, mean)),
                );
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

    #[test]
    fn products_of_one_kind_are_weighed_once() {
        let content = Content::of_vectors(vec![1.0, 0.0, 0.6, 0.8, 0.0, 1.0, 0.6, 0.8, 0.6, 0.8], 2).unwrap();
        let cold = Cold::fit(&content, &[true, false, true], 5, 2.0);
        assert_eq!((cold.products(), &cold.kinds[..], cold.weights.rows()), (&[1, 3, 4][..], &[0, 0, 0][..], 1));
        let mut rows = vec![0.0, 1.0, 9.0, 9.0, 2.0, 0.0, 9.0, 9.0, 9.0, 9.0];
        cold.fill_rows(&mut rows, 2);
        let (one, two) = (0.64 * 2.0 / 1.1, 0.36 / 1.1);
        for (found, expected) in rows.iter().zip([0.0, 1.0, one, two, 2.0, 0.0, one, two, one, two]) {
            assert!((found - expected).abs() < 1e-6, "{rows:?}");
        }
        let reach = Reach::new(&cold);
        assert_eq!((reach.mean(0, |_| 1.0), reach.is_cold(0), reach.is_cold(3)), (None, false, true));
        assert!((reach.mean(4, |_| 1.0).unwrap() - 1.0 / 1.1).abs() < 1e-6);
    }

    proptest! {
        #[test]
        fn those_above_a_floor_are_those_of_filling_all(
            vectors in prop::collection::vec(-1.0_f32..1.0, 60), scores in prop::collection::vec(-1.0_f32..9.0, 20),
            warm in prop::collection::vec(any::<bool>(), 20), neighbours in 1_usize..12, floor in 0.0_f32..6.0,
        ) {
            let cold = Cold::fit(&Content::of_vectors(vectors, 3).unwrap(), &warm, neighbours, 1.0);
            let mut filled: Vec<f32> = scores.iter().zip(&warm).map(|(score, warm)| if *warm { *score } else { 0.0 }).collect();
            let before = filled.clone();
            cold.fill(&mut filled);
            let high: Vec<(u32, f32)> = (0..).zip(before.iter().copied()).filter(|pair| pair.1 > floor).collect();
            let reach = Reach::new(&cold);
            let (mut found, mut room) = (Vec::new(), Board::new(reach.kinds()));
            reach.from(floor, &high, |product| before[product as usize], &mut room, &mut found);
            found.sort_by_key(|pair| pair.0);
            let of = |product: &u32| (*product, filled[*product as usize]);
            let expected: Vec<(u32, f32)> =
                cold.products().iter().map(of).filter(|pair| pair.1 > 0.0 && pair.1 >= floor).collect();
            prop_assert_eq!(found, expected);
        }
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
