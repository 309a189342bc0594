//! EASE: products by products, how much having bought one speaks for another; the model with a closed form.

pub(crate) mod covered;
mod gram;
mod inverse;
#[cfg(test)]
mod tests;

use mercer_base::{Error, Result};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::board::Sink;
use crate::log::Orders;
use crate::scorer::Scorer;
use crate::sparse::Sparse;

pub(crate) use gram::Gram;

/// Rows of weights that are written out in full before the largest are kept.
const ROWS_AT_ONCE: usize = 256;

/// How to fit an [`Ease`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// The ridge, in units of the mean of the Gram matrix's diagonal; greater than 0.
    pub(crate) lambda: f64,
    /// The share of each customer's purchases that the fit pretends not to know, 0 to below 1.
    pub(crate) dropout: f64,
    /// A customer's values are divided by their sum to this power, so that large buyers do not outvote all others.
    pub(crate) customer_power: f64,
    /// A product's values are divided by their sum to this power, so that bestsellers do not.
    pub(crate) product_power: f64,
    /// What the weights are applied to and what they give.
    pub(crate) scale: Scale,
}

/// What the weights are applied to and what they give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Scale {
    /// A customer's values as they are, `W_ij = d_i^-b B_ij d_j^b`: what is expected of the customer.
    Values,
    /// The weights of normalised values as they are, `W = B`: seldom bought products stand higher.
    Normalised,
}

impl Default for Settings {
    fn default() -> Self {
        Self { lambda: 3.0, dropout: 0.2, customer_power: 0.25, product_power: 0.2, scale: Scale::Values }
    }
}

/// A linear model of each product's purchases by the purchases of all others (Steck 2019, "Embarrassingly Shallow Autoencoders
/// for Sparse Data"), in the denoising form (Steck 2020, "Autoencoders that don't overfit towards the Identity").
///
/// The fit is on normalised values `Y = D_u^-a X D_i^-b`, where `D_u` and `D_i` are the sums of the rows and columns of the
/// customers × products matrix `X`. With `G = YᵀY + λ·mean(diag YᵀY)·I + p/(1−p)·diag(YᵀY)` and `P = G⁻¹`, the weights of least
/// error with a zero diagonal are `B_ij = −P_ij / P_jj`.
///
/// What is expected of a customer is `y B` in normalised values. To read it in the values of `X` it has to be multiplied by
/// what the normalisation divided by: `x_j = d_u^a · d_j^b · Σ_i x_i d_u^-a d_i^-b B_ij`. The customer's factor cancels, and
/// what is left is one matrix, `W_ij = d_i^-b B_ij d_j^b`, applied to values as they are. Where the truth is spread over many
/// seldom bought products, lists are better by `B` itself ([`Scale`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ease {
    /// `W`: row i holds what a purchase of product i adds to the score of each product.
    weights: Sparse,
}

impl Ease {
    /// Fits the weights to a customers × products matrix of values above 0, among the products `covered` (rising), and keeps for
    /// each of them the `keep` weights of largest size (0 keeps all). Other products get no score and speak for none.
    ///
    /// Costs the cube of the number of covered products in multiplications and three squares of as many 32-bit floats of memory.
    ///
    /// # Errors
    ///
    /// Where a setting is out of its range, a value is not a number above 0, or there is none among the covered products.
    pub(crate) fn fit(interactions: &Sparse, covered: &[u32], settings: &Settings, keep: usize) -> Result<Self> {
        settings.check()?;
        let inverse = Gram::new(interactions, covered, settings)?.inverse(settings)?;
        Ok(Self::from_inverse(&inverse, settings.scale, keep))
    }

    /// The model of an inverse that is there.
    pub(crate) fn from_inverse(inverse: &Inverse, scale: Scale, keep: usize) -> Self {
        let Inverse { covered, products, .. } = inverse;
        let keep = if keep == 0 { covered.len() } else { keep.min(covered.len()) };
        let row = |own: usize| -> Vec<(u32, f32)> {
            let mut row = largest(inverse.weights(own, scale), keep);
            row.iter_mut().for_each(|(other, _)| *other = covered[*other as usize]);
            row
        };
        let block = |first: usize| -> Vec<Vec<(u32, f32)>> {
            let rows = first..(first + ROWS_AT_ONCE).min(covered.len());
            rows.into_par_iter().map(row).collect()
        };
        let mut places = covered.iter().peekable();
        let mut rows = (0..covered.len()).step_by(ROWS_AT_ONCE).flat_map(block);
        // Products that are not covered have empty rows.
        let all = (0..*products).map(|product| {
            let is_covered = places.next_if(|place| **place as usize == product).is_some();
            if is_covered { rows.next().unwrap_or_default() } else { Vec::new() }
        });
        Self { weights: Sparse::from_rows_reserving(*products, covered.len().saturating_mul(keep), all) }
    }

    /// How many products the model knows.
    pub(crate) fn products(&self) -> usize {
        self.weights.columns()
    }

    /// Scores every product for a customer with these products and their values; products that the model does not know count
    /// for nothing. `scores` holds one place a product and is overwritten.
    pub(crate) fn score_products(&self, profile: &[(u32, f32)], scores: &mut [f32]) {
        scores.fill(0.0);
        self.add_scores(profile, scores);
    }

    /// As [`Self::score_products`], added to scores that are there.
    pub(crate) fn add_scores(&self, profile: &[(u32, f32)], scores: &mut (impl Sink + ?Sized)) {
        for (product, value) in self.known(profile) {
            let (others, weights) = self.weights.row(product);
            scores.add_all(others, weights, value);
        }
    }

    /// The products for which a purchase of `product` speaks and how much, strongest first.
    #[cfg(test)]
    pub(crate) fn neighbours(&self, product: u32) -> impl Iterator<Item = (u32, f32)> + use<> {
        let mut found: Vec<(u32, f32)> = self
            .known(&[(product, 1.0)])
            .flat_map(|(row, _)| self.weights.pairs(row))
            .filter(|(_, weight)| *weight > 0.0)
            .collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        found.into_iter()
    }

    /// What each product of a profile adds to the score of `product`, in the order of the profile; they sum to the score.
    pub(crate) fn share(&self, profile: &[(u32, f32)], product: u32) -> Vec<(u32, f32)> {
        let weight = |row: usize| {
            let (columns, weights) = self.weights.row(row);
            columns.binary_search(&product).ok().map_or(0.0, |at| weights[at])
        };
        let added = |(own, value): &(u32, f32)| {
            let row = usize::try_from(*own).ok().filter(|row| *row < self.products());
            (*own, row.map_or(0.0, |row| value * weight(row)))
        };
        profile.iter().map(added).collect()
    }

    /// The rows of the products that the model knows, with their values.
    fn known(&self, profile: &[(u32, f32)]) -> impl Iterator<Item = (usize, f32)> {
        profile.iter().map(|(product, value)| (*product as usize, *value)).filter(|(row, _)| *row < self.products())
    }
}

/// The inverse of a fit, of which weights of either scale are made.
pub(crate) struct Inverse {
    /// The products that the fit covers, rising.
    covered: Vec<u32>,
    /// How many products there are.
    products: usize,
    /// `d^-b` of each covered product, 0 for one without purchases.
    product_factors: Vec<f32>,
    /// `P`, covered × covered, by columns or rows.
    values: Vec<f32>,
}

impl Inverse {
    /// The weights of one covered product that are not 0, by the places of the others: `−P_ij / P_jj`, scaled.
    fn weights(&self, own: usize, scale: Scale) -> Vec<(u32, f32)> {
        let size = self.product_factors.len();
        let row = &self.values[own * size..(own + 1) * size];
        let factor = self.product_factors[own];
        let mut found = Vec::with_capacity(size);
        for (other, (value, other_factor)) in row.iter().zip(&self.product_factors).enumerate() {
            if other != own && *value != 0.0 && factor > 0.0 && *other_factor > 0.0 {
                let pivot = self.values[other * size + other];
                let weight = match scale {
                    Scale::Values => -value * factor / (pivot * other_factor),
                    Scale::Normalised => -value / pivot,
                };
                found.push((u32::try_from(other).unwrap_or(u32::MAX), weight));
            }
        }
        found
    }

    /// Scores the covered products as [`Ease::score_products`] does with all weights of a scale, which are not written out for that:
    /// `Σ_i x_i W_ij` is one sum of rows of `P` and one factor a product. Products go by their places among those covered, in the
    /// profile as in `scores`, which is overwritten; places beyond count for nothing.
    pub(crate) fn score_places(&self, profile: &[(u32, f32)], scale: Scale, scores: &mut [f32]) {
        let size = self.product_factors.len();
        let factor = |at: usize| match scale {
            Scale::Values => self.product_factors[at],
            Scale::Normalised => 1.0,
        };
        let mut sums = vec![0.0_f32; size];
        for (own, value) in profile.iter().map(|(place, value)| (*place as usize, value)).filter(|pair| pair.0 < size) {
            let row = &self.values[own * size..(own + 1) * size];
            let value = value * factor(own);
            let before = sums[own];
            sums.iter_mut().zip(row).for_each(|(sum, entry)| *sum += value * entry);
            // A product does not speak for itself.
            sums[own] = before;
        }
        scores.fill(0.0);
        for (at, (score, sum)) in scores.iter_mut().zip(&sums).enumerate() {
            let divisor = self.values[at * size + at] * factor(at);
            if divisor > 0.0 {
                *score = -sum / divisor;
            }
        }
    }
}

impl Scorer for Ease {
    /// All products that were ever bought count 1.
    fn score(&self, orders: Orders<'_>, _: f64, scores: &mut [f32]) {
        let profile: Vec<(u32, f32)> = orders.products().into_iter().map(|(product, _)| (product, 1.0)).collect();
        self.score_products(&profile, scores);
    }
}

impl Settings {
    fn check(&self) -> Result<()> {
        let wrong = |name: &str, value: f64, range: &str| {
            Err(Error::config(format!("EASE's {name} is {value}")).with_hint(format!("choose a number {range}")))
        };
        if !(self.lambda > 0.0 && self.lambda.is_finite()) {
            return wrong("lambda", self.lambda, "above 0, such as 3");
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return wrong("dropout", self.dropout, "from 0 to below 1, such as 0.2");
        }
        for (name, power) in [("customer_power", self.customer_power), ("product_power", self.product_power)] {
            if !(0.0..=1.0).contains(&power) {
                return wrong(name, power, "from 0 to 1");
            }
        }
        Ok(())
    }
}

/// The `keep` entries of largest size in their order; of equals, the first.
fn largest(mut row: Vec<(u32, f32)>, keep: usize) -> Vec<(u32, f32)> {
    if keep < row.len() {
        row.select_nth_unstable_by(keep, |a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0)));
        row.truncate(keep);
        row.sort_unstable_by_key(|(column, _)| *column);
    }
    row
}
