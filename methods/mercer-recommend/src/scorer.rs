//! What every model of a portfolio can do: score all products for a customer.

use crate::log::Orders;

/// A fitted model that scores products.
pub(crate) trait Scorer: Send + Sync {
    /// Scores every product for a customer with these orders, as of `day` (days since 1970). `scores` holds one place a product
    /// and is overwritten. More is better; 0 where nothing speaks for a product. The customer need not be one the model has seen.
    fn score(&self, orders: Orders<'_>, day: f64, scores: &mut [f32]);
}
