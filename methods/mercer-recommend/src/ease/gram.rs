//! The Gram matrix of customers × products: which products the same customers buy, ready to be inverted with any ridge.

use mercer_base::{Error, Result};
use rayon::prelude::*;

use super::{Inverse, Settings, inverse};
use crate::sparse::{Sparse, single};

/// The Gram matrix of a normalised customers × products matrix; settings of the ridge share it.
#[derive(Clone)]
pub(crate) struct Gram {
    /// The products that it covers, rising.
    covered: Vec<u32>,
    /// How many products there are.
    products: usize,
    /// `d^-b` of each covered product, 0 for one without purchases.
    product_factors: Vec<f32>,
    /// Covered × covered by columns, the lower triangle.
    lower: Vec<f32>,
}

impl Gram {
    /// The Gram matrix of `Y = D_u^-a X D_i^-b` over the products `covered` (rising); of the settings only the powers matter.
    ///
    /// # Errors
    ///
    /// Where a value is not a number above 0, or there is none among the covered products.
    pub(crate) fn new(interactions: &Sparse, covered: &[u32], settings: &Settings) -> Result<Self> {
        let products = interactions.columns();
        let part;
        let matrix = if covered.len() == products {
            interactions
        } else {
            part = interactions.with_columns(covered);
            &part
        };
        matrix.check_weights()?;
        let customer_factors: Vec<f32> =
            row_sums(matrix).iter().map(|sum| normaliser(*sum, settings.customer_power)).collect();
        let transposed = matrix.transposed();
        let product_factors: Vec<f32> =
            row_sums(&transposed).iter().map(|sum| normaliser(*sum, settings.product_power)).collect();
        let scaled =
            |customer: usize, product: usize, value: f32| value * customer_factors[customer] * product_factors[product];
        let by_product = transposed.mapped(|product, customer, value| scaled(customer as usize, product, value));
        let by_customer = matrix.clone().mapped(|customer, product, value| scaled(customer, product as usize, value));
        let lower = lower(&by_customer, &by_product);
        Ok(Self { covered: covered.to_vec(), products, product_factors, lower })
    }

    /// The inverse with a ridge of `λ` means of the diagonal and `p / (1 − p)` of each product's own value of it.
    ///
    /// # Errors
    ///
    /// Where the matrix is singular in 32-bit floats.
    pub(crate) fn inverse(self, settings: &Settings) -> Result<Inverse> {
        let Self { covered, products, product_factors, mut lower } = self;
        let size = covered.len();
        let mean = (0..size).map(|at| f64::from(lower[at * size + at])).sum::<f64>() / size as f64;
        for at in 0..size {
            let own = &mut lower[at * size + at];
            let noise = f64::from(*own) * settings.dropout / (1.0 - settings.dropout);
            *own = single(f64::from(*own) + settings.lambda * mean + noise);
        }
        let values = inverse::of_positive_definite(lower, size).ok_or_else(|| {
            Error::data("the products' co-purchases are too alike to tell them apart (a singular matrix)")
                .with_hint("raise the ridge (lambda)")
        })?;
        Ok(Inverse { covered, products, product_factors, values })
    }
}

fn row_sums(matrix: &Sparse) -> Vec<f64> {
    (0..matrix.rows()).map(|row| matrix.row(row).1.iter().map(|value| f64::from(*value)).sum()).collect()
}

/// What a value is multiplied by to divide it by a power of its row's or column's sum; 0 for an empty one.
fn normaliser(sum: f64, power: f64) -> f32 {
    if sum > 0.0 { single(sum.powf(-power)) } else { 0.0 }
}

/// The lower triangle of `YᵀY`, column by column, from the same matrix `Y` by rows (`by_customer`) and by columns
/// (`by_product`). The rest of the square is 0.
///
/// Each column is summed by one thread in the order of the customers, so that the result is the same at any thread count. It
/// costs half the sum of the squares of the customers' numbers of products.
fn lower(by_customer: &Sparse, by_product: &Sparse) -> Vec<f32> {
    let products = by_customer.columns();
    let mut matrix = vec![0.0; products * products];
    matrix.par_chunks_exact_mut(products.max(1)).enumerate().for_each(|(product, column)| {
        for (customer, value) in by_product.pairs(product) {
            let (products, values) = by_customer.row(customer as usize);
            let first = products.partition_point(|other| (*other as usize) < product);
            for (other, other_value) in products[first..].iter().zip(&values[first..]) {
                column[*other as usize] += value * other_value;
            }
        }
    });
    matrix
}
