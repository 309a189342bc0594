//! After a purchase: what the same customers buy in later orders, and what goes into the same basket.

pub(crate) mod direction;
mod sources;
mod table;

use std::collections::BTreeMap;

use mercer_base::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::board::Sink;
use crate::log::{Log, Order, Orders};
use crate::popularity::decay;
use crate::scorer::Scorer;
use crate::sparse::single;
use sources::Sources;
use table::{Rule, Table};

/// Lines of an order up to which it is looked at: longer ones are stocktakes, not choices.
const MOST_LINES: usize = 500;
/// Lines of a customer that are looked at, of the newest orders: work grows with their square.
const MOST_LINES_OF_CUSTOMER: usize = 1_000;
/// Targets that are kept of a category, for its products to fall back on.
const KEPT_OF_CATEGORY: usize = 1_000;

/// How transitions are counted and weighed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct TransitionSettings {
    /// Days after a purchase within which a later order belongs to it, above 0.
    pub(crate) window_days: f64,
    /// Days, 0 or more, within which a later order is still the same purchase and no transition.
    pub(crate) least_days: f64,
    /// After how many days a transition counts half, above 0.
    pub(crate) half_life_days: f64,
    /// Weight of the expectation in a lift, in customers, above 0: (seen + shrink) / (expected + shrink).
    pub(crate) shrink: f32,
    /// Customers who must have made a step for it to be kept.
    pub(crate) least_customers: u32,
    /// Power of the target's popularity in what ranks first, 0 (the lift alone: what is special) to 1 (what is bought most).
    pub(crate) popularity: f32,
    /// Targets that are kept of each product.
    pub(crate) keep: usize,
    /// Newest orders of a customer that [`Scorer::score`] starts from, 1 or more.
    pub(crate) recent_orders: usize,
}

impl Default for TransitionSettings {
    fn default() -> Self {
        Self {
            window_days: 365.0,
            least_days: 1.0,
            half_life_days: 365.0,
            shrink: 3.0,
            least_customers: 3,
            popularity: 0.4,
            keep: 100,
            recent_orders: 10,
        }
    }
}

/// A product that follows another, or goes with it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Next {
    /// The product.
    pub(crate) product: u32,
    /// How many times as much it is bought as would be expected of these buyers; shrunk to 1, or to the lift of the category.
    pub(crate) lift: f32,
    /// How many customers made the step; 0 where only the category speaks for it.
    pub(crate) count: u32,
    /// The median of the days from one to the other; 0 for the same basket.
    pub(crate) days: f32,
}

/// What follows what, and what goes with what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Transitions {
    settings: TransitionSettings,
    after: Table,
    together: Table,
}

impl Transitions {
    /// Counts the steps of all customers. A step from a to b is a customer's first order of b that lies `least_days` to
    /// `window_days` after the latest order of a before it; it counts once a customer, 2^(−lag / half-life). Its lift compares the
    /// sum of steps with (all steps from a) · (all steps to b) / (all steps), which is what buyers of a would buy anyway: as much
    /// as they buy, of what is bought. A product may follow itself, then `days` is how long it lasts. In the same basket a pair
    /// counts once a customer.
    ///
    /// `categories` holds each product's category, numbered from 0, or `NO_WORD` for none; with it, a product's lifts are shrunk to
    /// those of its category and a product without steps takes them over.
    ///
    /// Orders of more than 500 lines are left out, and of a customer the orders beyond the newest 1,000 lines. Memory is two
    /// copies of the log, `keep` targets a product (twice while they are gathered), and for each thread a few numbers a product and
    /// the lags of one source.
    ///
    /// # Errors
    /// When a setting is out of its range or an order holds a product that is not there.
    pub(crate) fn fit(log: &Log, categories: Option<&[u32]>, settings: TransitionSettings) -> Result<Self> {
        check(log, settings)?;
        let log = bounded(log);
        let products = Sources::of_products(&log);
        let key = |lift: f32, share: f32| (lift - 1.0) * share.powf(settings.popularity);
        let rule =
            |keep: usize, least_customers: u32| Rule { shrink: settings.shrink, least_customers, keep, key: &key };
        let after = |sources: &Sources, rule: &Rule<'_>, parents: Option<(&Table, &[u32])>| {
            Table::fit(log.products, sources, rule, parents, |customer, at, seen| {
                sources::later(log.of(customer as usize), at, settings, seen);
            })
        };
        let by_category = categories.map(|of| {
            let sources = Sources::of_categories(&log, of);
            (after(&sources, &rule(KEPT_OF_CATEGORY, settings.least_customers), None), of)
        });
        let parents = by_category.as_ref().map(|(table, of)| (table, *of));
        let rule = rule(settings.keep, settings.least_customers);
        let after = after(&products, &rule, parents);
        let together = Table::fit(log.products, &products, &rule, None, |customer, at, seen| {
            sources::same(log.of(customer as usize), at, seen);
        });
        Ok(Self { settings, after, together: together.without_self() })
    }

    /// What follows a purchase of a product, the best first. None for a product that is not known.
    pub(crate) fn after(&self, product: u32) -> Vec<Next> {
        self.after.ranked(product)
    }

    /// What goes into the same basket as a product, the best first. None for a product that is not known.
    pub(crate) fn together(&self, product: u32) -> Vec<Next> {
        self.together.ranked(product)
    }
}

impl Scorer for Transitions {
    /// What follows the newest orders: the mean, over their products (each from its latest order), of (lift − 1) · popularity^p,
    /// where an order weighs 2^(−age / half-life).
    fn score(&self, orders: Orders<'_>, day: f64, scores: &mut [f32]) {
        scores.fill(0.0);
        self.add_scores(orders, day, scores);
    }
}

impl Transitions {
    /// As [`Scorer::score`], added to scores that are there.
    pub(crate) fn add_scores(&self, orders: Orders<'_>, day: f64, scores: &mut (impl Sink + ?Sized)) {
        let mut latest: BTreeMap<u32, f64> = BTreeMap::new();
        for order in orders.iter().rev().take(self.settings.recent_orders) {
            let weight = decay(day - order.day, self.settings.half_life_days);
            for product in order.products {
                latest.entry(*product).or_insert(weight);
            }
        }
        let all = latest.len() as f64;
        for (product, weight) in latest {
            self.after.add(product, single(weight / all), scores);
        }
    }
}

fn check(log: &Log, settings: TransitionSettings) -> Result<()> {
    let days = settings.window_days > 0.0 && settings.half_life_days > 0.0 && settings.least_days >= 0.0;
    let counts = settings.recent_orders > 0 && settings.shrink.is_finite() && settings.shrink > 0.0;
    if !(days && counts && (0.0..=1.0).contains(&settings.popularity)) {
        return Err(Error::config(format!("{settings:?} is out of range.")).with_hint(
            "Window, half-life and shrink are above 0, least days 0 or more, popularity from 0 to 1; there is one recent order at least.",
        ));
    }
    let known = |order: Order<'_>| order.products.iter().all(|product| (*product as usize) < log.products);
    if log.iter().flat_map(Orders::iter).all(known) {
        return Ok(());
    }
    Err(Error::data(format!("An order holds a product beyond the {} of the log.", log.products))
        .with_hint("Number the products of all orders before counting them."))
}

/// The log within bounds of work: see [`Transitions::fit`].
fn bounded(log: &Log) -> Log {
    let first_days: Vec<f64> = log
        .iter()
        .map(|orders| {
            let mut lines = 0;
            let mut newest =
                orders.iter().rev().filter(|order| order.products.len() <= MOST_LINES).take_while(|order| {
                    lines += order.products.len();
                    lines <= MOST_LINES_OF_CUSTOMER
                });
            newest.by_ref().last().map_or(f64::INFINITY, |order| order.day)
        })
        .collect();
    log.filtered(|customer, order| order.products.len() <= MOST_LINES && order.day >= first_days[customer])
}

#[cfg(test)]
mod tests;
