//! The Gram matrix of a sparse matrix: products that are bought by the same customers.

use rayon::prelude::*;

use crate::sparse::Sparse;

/// The lower triangle of `YᵀY`, column by column, from the same matrix `Y` by rows (`by_customer`) and by columns
/// (`by_product`). The rest of the square is 0.
///
/// Each column is summed by one thread in the order of the customers, so that the result is the same at any thread count. It
/// costs half the sum of the squares of the customers' numbers of products.
pub(super) fn lower(by_customer: &Sparse, by_product: &Sparse) -> Vec<f32> {
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
