//! Products alike by who bought them, for catalogues too large for a dense matrix: cosine similarity and RP3β random walks.

pub(crate) mod accumulator;

use mercer_base::{Error, Result, Seed};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::board::Sink;
use crate::log::Orders;
use crate::scorer::Scorer;
use crate::sparse::{Sparse, single};
use accumulator::{Accumulator, keep_best};

/// Products of a customer that are looked at, at the most. Work grows with the square of a customer's products; from those with
/// more (wholesalers, shared accounts) this many are drawn, the same ones in every run.
const MOST_PRODUCTS: usize = 1_000;

/// How products are alike.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// Cosine of the products' columns of customers, x_i·x_j / (|x_i| |x_j| + shrink): the larger `shrink`, the less do pairs with
    /// few buyers count.
    Cosine {
        /// 0 or more.
        shrink: f32,
    },
    /// A random walk product → customer → product (Paudel et al. 2017, "Updatable, accurate, diverse, and scalable recommendations
    /// for interactive applications", RP3β): Σ_u p(u|i)^α p(j|u)^α / degree(j)^β.
    WalkRp3 {
        /// Power of each step's probability, above 0; 1 is the plain walk, less evens steps out.
        alpha: f32,
        /// Damping of popular products, 0 (none) to 1.
        beta: f32,
    },
}

/// The products most alike to each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ItemNeighbours {
    /// Products × products: a row holds the product's nearest, never itself.
    alike: Sparse,
}

impl ItemNeighbours {
    /// Finds the `keep` nearest of each product. `interactions` are customers × products with positive strengths; zeros count as
    /// nothing. Memory: two copies of the input, one number a product and thread, and at most `keep` neighbours a product (twice while
    /// they are gathered). Time: the sum of
    /// the squares of customers' numbers of products, of which a customer has 1,000 at the most.
    ///
    /// # Errors
    /// When a strength is negative or not finite, a product is beyond the columns, or a setting is out of its range.
    pub(crate) fn fit(interactions: &Sparse, kind: Kind, keep: usize) -> Result<Self> {
        check(interactions, kind)?;
        let capped = capped(interactions, MOST_PRODUCTS);
        let products = interactions.columns();
        let by_product = capped.transposed();
        let (left, right, scale) = match kind {
            Kind::Cosine { .. } => {
                let norms = totals(&by_product, |value| value * value).into_iter().map(f64::sqrt).collect();
                (by_product, capped, norms)
            }
            Kind::WalkRp3 { alpha, beta } => {
                let degrees = totals(&by_product, |value| value);
                let customers = totals(&capped, |value| value);
                let step =
                    |all: &[f64], row: usize, value: f32| single((f64::from(value) / all[row]).powf(f64::from(alpha)));
                let left = by_product.mapped(|row, _, value| step(&degrees, row, value));
                let right = capped.mapped(|row, _, value| step(&customers, row, value));
                (left, right, degrees.iter().map(|degree| degree.powf(f64::from(beta))).collect::<Vec<f64>>())
            }
        };
        let finish = |from: usize, to: u32, sum: f32| match kind {
            Kind::Cosine { shrink } => single(f64::from(sum) / (scale[from] * scale[to as usize] + f64::from(shrink))),
            Kind::WalkRp3 { .. } => single(f64::from(sum) / scale[to as usize]),
        };
        let rows: Vec<Vec<(u32, f32)>> = (0..products)
            .into_par_iter()
            .map_init(
                || (Accumulator::new(products), Vec::new()),
                |(sums, pairs), product| {
                    for (customer, strength) in left.pairs(product) {
                        let (places, values) = right.row(customer as usize);
                        sums.add(places, values, strength);
                    }
                    pairs.clear();
                    let others = sums.drain().filter(|(other, _)| *other as usize != product);
                    pairs.extend(others.map(|(other, sum)| (other, finish(product, other, sum))));
                    keep_best(pairs, keep);
                    pairs.clone()
                },
            )
            .collect();
        Ok(Self { alike: Sparse::from_rows(products, rows) })
    }

    /// Scores every product by what it shares with a profile of past products and their weights: Σ_i w_i · alike(i, j). `scores`
    /// holds one place a product and is overwritten.
    pub(crate) fn score_products(&self, profile: &[(u32, f32)], scores: &mut [f32]) {
        scores.fill(0.0);
        self.add_scores(profile, scores);
    }

    /// As [`Self::score_products`], added to scores that are there.
    pub(crate) fn add_scores(&self, profile: &[(u32, f32)], scores: &mut (impl Sink + ?Sized)) {
        for (past, weight) in profile.iter().filter(|(past, _)| (*past as usize) < self.alike.rows()) {
            let (products, alike) = self.alike.row(*past as usize);
            scores.add_all(products, alike, *weight);
        }
    }

    /// The nearest of a product with how alike they are, from the nearest on; none for a product that is not known.
    #[cfg(test)]
    pub(crate) fn neighbours(&self, product: u32) -> Vec<(u32, f32)> {
        if product as usize >= self.alike.rows() {
            return Vec::new();
        }
        let mut nearest: Vec<_> = self.alike.pairs(product as usize).collect();
        nearest.sort_by(|a, b| b.1.total_cmp(&a.1));
        nearest
    }

    /// What each past product of a profile adds to the score of `product`, in the order of the profile; products that add nothing
    /// are left out. The parts add up to the score.
    pub(crate) fn share(&self, profile: &[(u32, f32)], product: u32) -> Vec<(u32, f32)> {
        let part = |(past, weight): &(u32, f32)| {
            if *past as usize >= self.alike.rows() {
                return None;
            }
            let (products, alike) = self.alike.row(*past as usize);
            let place = products.binary_search(&product).ok()?;
            Some((*past, weight * alike[place]))
        };
        profile.iter().filter_map(part).collect()
    }
}

impl Scorer for ItemNeighbours {
    /// The profile is every product ever bought, each once with weight 1.
    fn score(&self, orders: Orders<'_>, _: f64, scores: &mut [f32]) {
        let profile: Vec<_> = orders.products().into_iter().map(|(product, _)| (product, 1.0)).collect();
        self.score_products(&profile, scores);
    }
}

fn check(interactions: &Sparse, kind: Kind) -> Result<()> {
    for row in 0..interactions.rows() {
        for (column, value) in interactions.pairs(row) {
            if column as usize >= interactions.columns() || !value.is_finite() || value < 0.0 {
                let words = format!("Customer {row} has {value} of product {column} of {}.", interactions.columns());
                return Err(Error::data(words)
                    .with_hint("Strengths are finite and not negative, products within the catalogue."));
            }
        }
    }
    let (valid, range) = match kind {
        Kind::Cosine { shrink } => (shrink.is_finite() && shrink >= 0.0, "shrink is 0 or more"),
        Kind::WalkRp3 { alpha, beta } => {
            (alpha.is_finite() && alpha > 0.0 && (0.0..=1.0).contains(&beta), "alpha is above 0 and beta from 0 to 1")
        }
    };
    if valid {
        Ok(())
    } else {
        Err(Error::config(format!("{kind:?} is out of range.")).with_hint(format!("Make sure that {range}.")))
    }
}

/// The interactions without zeros, where a customer has `most` products at the most: those that hash lowest with the customer, so
/// that the draw depends on nothing but the two.
fn capped(interactions: &Sparse, most: usize) -> Sparse {
    let seed = Seed(0).split("products of large customers");
    let row = |customer: usize| {
        let mut pairs: Vec<(u32, f32)> = interactions.pairs(customer).filter(|pair| pair.1 > 0.0).collect();
        if pairs.len() > most {
            let dice = seed.nth(customer as u64);
            pairs.sort_by_cached_key(|pair| dice.nth(u64::from(pair.0)).0);
            pairs.truncate(most);
            pairs.sort_unstable_by_key(|pair| pair.0);
        }
        pairs
    };
    Sparse::from_rows(interactions.columns(), (0..interactions.rows()).map(row))
}

/// The sum of each row over its values.
fn totals(matrix: &Sparse, of: impl Fn(f64) -> f64) -> Vec<f64> {
    (0..matrix.rows()).map(|row| matrix.row(row).1.iter().map(|value| of(f64::from(*value))).sum()).collect()
}

#[cfg(test)]
mod tests;
