//! EASE: products by products, how much having bought one speaks for another; the model with a closed form.

mod gram;
mod inverse;
#[cfg(test)]
mod tests;

use mercer_base::{Error, Result};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::log::Orders;
use crate::scorer::Scorer;
use crate::sparse::{Sparse, single};

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
}

impl Default for Settings {
    fn default() -> Self {
        Self { lambda: 3.0, dropout: 0.2, customer_power: 0.25, product_power: 0.2 }
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
/// what is left is one matrix, `W_ij = d_i^-b B_ij d_j^b`, applied to values as they are. Without the last factor a seldom
/// bought product would be overrated by `d_j^-b`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ease {
    /// `W`: row i holds what a purchase of product i adds to the score of each product.
    weights: Sparse,
}

impl Ease {
    /// Fits the weights to a customers × products matrix of values above 0, and keeps for each product the `keep` weights of
    /// largest size (0 keeps all).
    ///
    /// Costs half a cube of the number of products in multiplications and the memory of [`Ease::bytes_needed`].
    ///
    /// # Errors
    ///
    /// Where a setting is out of its range, a value is not a number above 0, or there is none.
    pub(crate) fn fit(interactions: &Sparse, settings: &Settings, keep: usize) -> Result<Self> {
        settings.check()?;
        interactions.check_weights()?;
        let products = interactions.columns();
        let customer_factors: Vec<f32> =
            row_sums(interactions).iter().map(|sum| normaliser(*sum, settings.customer_power)).collect();
        let transposed = interactions.transposed();
        let product_factors: Vec<f32> =
            row_sums(&transposed).iter().map(|sum| normaliser(*sum, settings.product_power)).collect();
        let scaled =
            |customer: usize, product: usize, value: f32| value * customer_factors[customer] * product_factors[product];
        let by_product = transposed.mapped(|product, customer, value| scaled(customer as usize, product, value));
        let by_customer =
            interactions.clone().mapped(|customer, product, value| scaled(customer, product as usize, value));

        let mut matrix = gram::lower(&by_customer, &by_product);
        drop((by_customer, by_product));
        let mean = (0..products).map(|at| f64::from(matrix[at * products + at])).sum::<f64>() / products as f64;
        for at in 0..products {
            let own = &mut matrix[at * products + at];
            let noise = f64::from(*own) * settings.dropout / (1.0 - settings.dropout);
            *own = single(f64::from(*own) + settings.lambda * mean + noise);
        }
        let inverse = inverse::of_positive_definite(matrix, products).ok_or_else(|| {
            Error::data("the products' co-purchases are too alike to tell them apart (a singular matrix)")
                .with_hint("raise the ridge (lambda)")
        })?;

        let keep = if keep == 0 { products } else { keep.min(products) };
        let weights = Weights { inverse: &inverse, product_factors: &product_factors };
        let block = |first: usize| -> Vec<Vec<(u32, f32)>> {
            let rows = first..(first + ROWS_AT_ONCE).min(products);
            rows.into_par_iter().map(|product| largest(weights.of(product), keep)).collect()
        };
        let rows = (0..products).step_by(ROWS_AT_ONCE).flat_map(block);
        Ok(Self { weights: Sparse::from_rows_reserving(products, products.saturating_mul(keep), rows) })
    }

    /// The bytes that a fit over this many products holds at the most.
    pub(crate) fn bytes_needed(products: usize) -> usize {
        products.saturating_mul(products).saturating_mul(3 * size_of::<f32>())
    }

    /// How many products the model knows.
    pub(crate) fn products(&self) -> usize {
        self.weights.columns()
    }

    /// Scores every product for a customer with these products and their values; products that the model does not know count
    /// for nothing. `scores` holds one place a product and is overwritten.
    pub(crate) fn score_products(&self, profile: &[(u32, f32)], scores: &mut [f32]) {
        scores.fill(0.0);
        for (product, value) in self.known(profile) {
            for (other, weight) in self.weights.pairs(product) {
                if let Some(score) = scores.get_mut(other as usize) {
                    *score += value * weight;
                }
            }
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

/// What the weights are made of.
struct Weights<'a> {
    /// `P`, by columns or rows.
    inverse: &'a [f32],
    /// `d^-b` of each product, 0 for one without purchases.
    product_factors: &'a [f32],
}

impl Weights<'_> {
    /// The weights of one row that are not 0: `−P_ij / P_jj · d_i^-b · d_j^b`.
    fn of(&self, product: usize) -> Vec<(u32, f32)> {
        let products = self.product_factors.len();
        let row = &self.inverse[product * products..(product + 1) * products];
        let factor = self.product_factors[product];
        let mut found = Vec::with_capacity(products);
        for (other, (value, other_factor)) in row.iter().zip(self.product_factors).enumerate() {
            if other != product && *value != 0.0 && factor > 0.0 && *other_factor > 0.0 {
                let weight = -value * factor / (self.inverse[other * products + other] * other_factor);
                found.push((u32::try_from(other).unwrap_or(u32::MAX), weight));
            }
        }
        found
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

fn row_sums(matrix: &Sparse) -> Vec<f64> {
    (0..matrix.rows()).map(|row| matrix.row(row).1.iter().map(|value| f64::from(*value)).sum()).collect()
}

/// What a value is multiplied by to divide it by a power of its row's or column's sum; 0 for an empty one.
fn normaliser(sum: f64, power: f64) -> f32 {
    if sum > 0.0 { single(sum.powf(-power)) } else { 0.0 }
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
