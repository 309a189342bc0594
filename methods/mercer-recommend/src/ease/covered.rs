//! Which products an EASE fit covers: all of a small catalogue, of a large one those that several customers bought.

use crate::sparse::Sparse;

/// Up to so many products all are covered, where memory allows.
const ALL: usize = 4_000;
/// Beyond, only products with at least so many customers: the column of one with fewer says next to nothing, and the cost of a
/// fit is the cube of the products.
const CUSTOMERS: usize = 2;

/// The bytes that a fit over this many products holds at the most: three squares of 32-bit floats.
#[cfg(test)]
pub(crate) fn bytes_needed(products: usize) -> usize {
    products.saturating_mul(products).saturating_mul(3 * size_of::<f32>())
}

/// The most products that a fit within so many bytes covers: it holds three squares of 32-bit floats.
pub(crate) fn most_within(bytes: f64) -> usize {
    let side = (bytes / (3 * size_of::<f32>()) as f64).max(0.0).sqrt();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, not below 0")]
    let products = side.floor() as usize;
    products
}

/// The products to cover, rising and `most` at the most: those of the most customers, of equals the lower numbers.
pub(crate) fn covered(interactions: &Sparse, most: usize) -> Vec<u32> {
    let products = interactions.columns();
    let numbers = 0..u32::try_from(products).unwrap_or(u32::MAX);
    if products <= most.min(ALL) {
        return numbers.collect();
    }
    let mut customers = vec![0_usize; products];
    for row in 0..interactions.rows() {
        interactions.row(row).0.iter().for_each(|product| customers[*product as usize] += 1);
    }
    let of = |least: usize| numbers.clone().filter(|product| customers[*product as usize] >= least).collect();
    let mut chosen: Vec<u32> = of(CUSTOMERS);
    if chosen.len() < 2 {
        // Nothing is bought by two customers: little can be learnt, and nothing is gained by leaving products out.
        chosen = of(0);
    }
    chosen.sort_by_key(|product| std::cmp::Reverse(customers[*product as usize]));
    chosen.truncate(most);
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_holds_as_many_products_as_need_it() {
        assert_eq!(bytes_needed(1_000), 12_000_000);
        assert_eq!(bytes_needed(usize::MAX), usize::MAX);
        assert_eq!(most_within(12e6), 1_000);
        assert_eq!(most_within(12e6 - 1.0), 999);
        assert_eq!(most_within(0.0), 0);
    }

    #[test]
    fn covers_what_most_customers_bought() {
        // Products 0 to 4 with 1, 3, 2, 2, 0 customers.
        let rows = [vec![1, 2, 3], vec![1, 2], vec![0, 1, 3]];
        let matrix = Sparse::from_rows(5, rows.map(|row| row.into_iter().map(|product| (product, 1.0))));
        assert_eq!(covered(&matrix, 5), [0, 1, 2, 3, 4]);
        assert_eq!(covered(&matrix, 4), [1, 2, 3]);
        assert_eq!(covered(&matrix, 2), [1, 2]);
        assert!(covered(&matrix, 0).is_empty());
        let strangers = Sparse::from_rows(5, [(4, 1.0), (2, 1.0)].map(|pair| [pair]));
        assert_eq!(covered(&strangers, 2), [2, 4]);
    }
}
