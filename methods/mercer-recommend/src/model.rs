//! The fitted model: the portfolio, what follows what, and what is known of customers and products.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::catalogue::Catalogue;
use crate::input::Input;
use crate::log::{Log, Orders};
use crate::portfolio::{Choice, Portfolio};
use crate::transitions::Transitions;
use crate::transitions::direction::Lead;

/// What fitting finds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// How models were chosen, and with which figures.
    pub(crate) choice: Choice,
    /// The products.
    pub(crate) catalogue: Catalogue,
    /// The customers, in the order of their ids.
    pub(crate) customers: Vec<String>,
    /// The segments of customers, in the order of their names; none where nothing says them.
    #[serde(default)]
    pub(crate) segments: Vec<String>,
    /// Their orders: a list for a customer is made from these and from what came since.
    pub(crate) log: Log,
    /// Whether orders have dates.
    pub(crate) dated: bool,
    /// The models and their blends.
    pub(crate) portfolio: Portfolio,
    /// What follows what, and what is bought together.
    pub(crate) after: Transitions,
    /// Categories that lead to others.
    pub(crate) leads: Vec<Lead>,
}

/// The customers who get lists, with all that is known of each.
pub(crate) struct Audience<'a> {
    /// Their ids.
    pub(crate) ids: &'a [String],
    /// Their orders, by the model's products.
    pub(crate) log: Cow<'a, Log>,
}

impl Model {
    /// The number of a customer.
    pub(crate) fn customer(&self, id: &str) -> Option<usize> {
        self.customers.binary_search_by(|known| known.as_str().cmp(id)).ok()
    }

    /// The customers whom the input asks for: their orders as the model knows them, with those of the input that came since. A
    /// customer whom neither knows has none.
    pub(crate) fn audience<'a>(&'a self, input: &'a Input) -> Audience<'a> {
        if input.asked == self.customers && input.log == self.log {
            return Audience { ids: &self.customers, log: Cow::Borrowed(&self.log) };
        }
        // Products go by the model's numbers; those it does not know say nothing to it.
        let numbers: Vec<Option<u32>> = input.catalogue.ids.iter().map(|id| self.catalogue.number(id)).collect();
        let mut log = Log::new(self.log.products);
        for id in &input.asked {
            let known = self.customer(id).map(|customer| self.log.of(customer));
            let newest = known.and_then(Orders::newest).map(|order| order.day);
            for order in known.into_iter().flat_map(Orders::iter) {
                log.push_order(order.day, order.products.iter().copied().zip(order.quantities.iter().copied()));
            }
            let given = input.customers.binary_search(id).map(|customer| input.log.of(customer));
            for order in given.into_iter().flat_map(Orders::iter) {
                let is_new = newest.is_none_or(|newest| self.dated && order.day > newest);
                let mut lines: Vec<(u32, f32)> = order
                    .products
                    .iter()
                    .zip(order.quantities)
                    .filter_map(|(product, quantity)| Some((numbers.get(*product as usize).copied()??, *quantity)))
                    .collect();
                if is_new && !lines.is_empty() {
                    lines.sort_unstable_by_key(|line| line.0);
                    log.push_order(order.day, lines);
                }
            }
            log.end_customer();
        }
        let log = log.with_segments(|customer| {
            let id = input.asked.get(customer)?;
            let given = input.segments.of(id).and_then(|segment| self.segments.binary_search(segment).ok());
            let given = given.and_then(|segment| u32::try_from(segment).ok());
            given.or_else(|| self.log.of(self.customer(id)?).segment)
        });
        Audience { ids: &input.asked, log: Cow::Owned(log) }
    }
}
