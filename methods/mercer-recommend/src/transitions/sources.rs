//! Where steps start: which orders of which customers hold a product or category, and which products they lead to.

use mercer_base::frame::NO_WORD;

use super::TransitionSettings;
use crate::log::{Log, Orders};
use crate::sparse::single;

/// For each source (a product, or a category of them) the orders that hold it, customer by customer.
#[derive(Debug)]
pub(crate) struct Sources {
    starts: Vec<usize>,
    /// The customer and the order's position among the customer's; both rising within a source.
    at: Vec<(u32, u32)>,
}

impl Sources {
    /// Each product is a source.
    pub(crate) fn of_products(log: &Log) -> Self {
        Self::grouped(log, log.products, |product| product as usize)
    }

    /// Each category is a source. The products without one ([`NO_WORD`]) are a last source, so that their steps are part of what
    /// is to be expected.
    pub(crate) fn of_categories(log: &Log, categories: &[u32]) -> Self {
        let known = |code: &&u32| **code != NO_WORD;
        let none = categories.iter().filter(known).max().map_or(0, |code| *code as usize + 1);
        let of = |product: u32| categories.get(product as usize).filter(known).map_or(none, |code| *code as usize);
        Self::grouped(log, none + 1, of)
    }

    fn grouped(log: &Log, count: usize, source: impl Fn(u32) -> usize) -> Self {
        let each = |visit: &mut dyn FnMut(usize, (u32, u32))| {
            let mut sources = Vec::new();
            for (customer, orders) in (0_u32..).zip(log.iter()) {
                for (position, order) in (0_u32..).zip(orders.iter()) {
                    sources.clear();
                    sources.extend(order.products.iter().map(|product| source(*product)));
                    sources.sort_unstable();
                    sources.dedup();
                    sources.iter().for_each(|source| visit(*source, (customer, position)));
                }
            }
        };
        let mut starts = vec![0_usize; count + 1];
        each(&mut |source, _| starts[source + 1] += 1);
        for source in 0..count {
            starts[source + 1] += starts[source];
        }
        let (mut next, mut at) = (starts.clone(), vec![(0, 0); starts[count]]);
        each(&mut |source, place| {
            at[next[source]] = place;
            next[source] += 1;
        });
        Self { starts, at }
    }

    /// How many sources there are.
    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Each customer who bought a source, with the orders that hold it.
    pub(crate) fn customers(&self, source: usize) -> impl Iterator<Item = (u32, &[(u32, u32)])> {
        let at = &self.at[self.starts[source]..self.starts[source + 1]];
        at.chunk_by(|a, b| a.0 == b.0).map(|same| (same[0].0, same))
    }
}

/// Shows each line of a customer's orders that lie between the settings' days after the latest earlier order of the source: its
/// product, what it weighs and the lag in days. A product is shown as often as it is bought.
pub(crate) fn later(
    orders: Orders<'_>,
    at: &[(u32, u32)],
    settings: TransitionSettings,
    seen: &mut dyn FnMut(&[u32], f32, f32),
) {
    let mut at = at.iter().map(|place| place.1 as usize).peekable();
    let mut latest: Option<f64> = None;
    for (position, order) in orders.iter().enumerate() {
        if let Some(bought) = latest {
            let lag = order.day - bought;
            if lag >= settings.least_days && lag <= settings.window_days && lag > 0.0 {
                let weight = (-lag / settings.half_life_days).exp2();
                seen(order.products, single(weight), single(lag));
            }
        }
        if at.next_if_eq(&position).is_some() {
            latest = Some(order.day);
        }
    }
}

/// Shows each line of a customer's orders that hold the source, itself too, with weight 1 and no lag.
pub(crate) fn same(orders: Orders<'_>, at: &[(u32, u32)], seen: &mut dyn FnMut(&[u32], f32, f32)) {
    let mut at = at.iter().map(|place| place.1 as usize).peekable();
    for (position, order) in orders.iter().enumerate() {
        if at.next_if_eq(&position).is_some() {
            seen(order.products, 1.0, 0.0);
        }
    }
}
