//! Which of two categories comes first: what a purchase leads to, told apart from what the same people like anyway.

use mercer_base::frame::NO_WORD;
use mercer_stats::wilson_interval;
use serde::{Deserialize, Serialize};

use crate::log::{Log, Orders};

/// Confidence of the interval of a share.
const CONFIDENCE: f64 = 0.95;

/// A category after which another is bought more often than before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lead {
    /// The category that comes first, and the one that follows.
    pub(crate) from: u32,
    pub(crate) to: u32,
    /// Customers who bought both for the first time within the window, on different days.
    pub(crate) customers: u64,
    /// Share of them who bought `from` first, and the lower end of its 95 % interval.
    pub(crate) share: f64,
    pub(crate) low: f64,
}

/// The pairs of categories of which one comes first more often than chance would have it, the surest first.
///
/// For each customer and pair the days of the first purchases are compared, where they lie at most `window` days apart. Whoever likes
/// both buys them in either order alike; only that one leads to the other makes an order more frequent, as does a category that new
/// customers begin with. `categories` holds the category of each product, [`NO_WORD`] for none.
pub(crate) fn leads(log: &Log, categories: &[u32], count: usize, window: f64) -> Vec<Lead> {
    let mut firsts = vec![0_u64; count * count];
    for orders in log.iter() {
        let days = first_days(orders, categories, count);
        for (a, day) in days.iter().enumerate().filter(|(_, day)| day.is_finite()) {
            for (b, later) in days.iter().enumerate() {
                if *later > *day && later - day <= window {
                    firsts[a * count + b] += 1;
                }
            }
        }
    }
    let mut found = Vec::new();
    for a in 0..count {
        for b in (0..count).filter(|b| *b != a) {
            let (first, customers) = (firsts[a * count + b], firsts[a * count + b] + firsts[b * count + a]);
            let Some(interval) = wilson_interval(first, customers, CONFIDENCE) else { continue };
            if let (true, Ok(from), Ok(to)) = (interval.low > 0.5, u32::try_from(a), u32::try_from(b)) {
                found.push(Lead { from, to, customers, share: first as f64 / customers as f64, low: interval.low });
            }
        }
    }
    found.sort_by(|x, y| y.low.total_cmp(&x.low).then((x.from, x.to).cmp(&(y.from, y.to))));
    found
}

/// The day of the first purchase of each category; infinite where there is none.
fn first_days(orders: Orders<'_>, categories: &[u32], count: usize) -> Vec<f64> {
    let mut days = vec![f64::INFINITY; count];
    for order in orders.iter() {
        for product in order.products {
            let category = categories.get(*product as usize).copied().unwrap_or(NO_WORD);
            if let Some(day) = days.get_mut(category as usize) {
                *day = day.min(order.day);
            }
        }
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_order_beyond_chance_is_told() {
        // Products 0, 1, 2 of categories 0, 1, 2. Of 40 customers 36 buy 0 before 1; 0 and 2 come in either order.
        let mut log = Log::new(3);
        for customer in 0..40 {
            let first = if customer < 36 { [0, 1] } else { [1, 0] };
            log.push_order(0.0, [(first[0], 1.0)]);
            log.push_order(10.0, [(first[1], 1.0)]);
            log.end_customer();
            let either = if customer % 2 == 0 { [0, 2] } else { [2, 0] };
            log.push_order(0.0, [(either[0], 1.0)]);
            log.push_order(5.0, [(either[1], 1.0)]);
            log.end_customer();
        }
        let found = leads(&log, &[0, 1, 2], 3, 30.0);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].from, found[0].to, found[0].customers), (0, 1, 40));
        assert!((found[0].share - 0.9).abs() < 1e-12 && found[0].low > 0.75);
        // Too far apart, in the same order, or of no category: nothing to tell.
        assert!(leads(&log, &[0, 1, 2], 3, 4.0).is_empty());
        assert!(leads(&log, &[0, NO_WORD, 2], 3, 30.0).is_empty());
    }
}
