//! Earlier and later: purchases to learn from, and those by which to judge what was learnt.

use mercer_base::Seed;
use mercer_method::Positive;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::log::{Log, Orders};
use crate::sources::Ground;

/// Share of the time that is held out, where no horizon is given, and its bounds in days.
const SHARE: f64 = 0.2;
const LEAST_DAYS: f64 = 7.0;
const MOST_DAYS: f64 = 70.0;
/// Share of each customer's products that is held out where purchases have no dates.
const SHARE_OF_PRODUCTS: f64 = 0.2;

/// A log in two.
pub(crate) struct Split {
    /// What is known.
    pub(crate) earlier: Log,
    /// What came later, of the same customers.
    pub(crate) later: Log,
    /// First day that is not known.
    pub(crate) day: f64,
    /// Whether it is a split in time.
    pub(crate) dated: bool,
    /// What it is: "the last 70 days".
    pub(crate) words: String,
}

/// Splits in time, or where there are no dates by a share of each customer's products. `None` where one side stays empty.
pub(crate) fn split(ground: &Ground<'_>, horizon: Option<Positive>, seed: Seed) -> Option<Split> {
    let split = if ground.dated { in_time(ground, horizon)? } else { at_random(ground.log, seed) };
    (split.earlier.lines() > 0 && split.later.lines() > 0).then_some(split)
}

fn in_time(ground: &Ground<'_>, horizon: Option<Positive>) -> Option<Split> {
    let days = || ground.log.iter().flat_map(Orders::iter).map(|order| order.day);
    let first = days().fold(f64::INFINITY, f64::min);
    let span = ground.day - first;
    if !span.is_finite() {
        return None;
    }
    let usual = (SHARE * span).clamp(LEAST_DAYS, MOST_DAYS);
    let held_out = horizon.map_or(usual, Positive::get).min(span / 2.0).ceil();
    let day = ground.day - held_out;
    Some(Split {
        earlier: ground.log.filtered(|_, order| order.day < day),
        later: ground.log.filtered(|_, order| order.day >= day),
        day,
        dated: true,
        words: format!("the last {held_out} days of purchases"),
    })
}

/// Holds out a fifth of the products of each customer who has two or more.
fn at_random(log: &Log, seed: Seed) -> Split {
    let seed = seed.split("products held out");
    let (mut earlier, mut later) = (Log::new(log.products), Log::new(log.products));
    for (customer, orders) in log.iter().enumerate() {
        let mut dice = ChaCha8Rng::seed_from_u64(seed.nth(customer as u64).0);
        let products: Vec<u32> = orders.products().into_iter().map(|(product, _)| product).collect();
        let mut held_out: Vec<u32> =
            products.iter().copied().filter(|_| dice.random::<f64>() < SHARE_OF_PRODUCTS).collect();
        if held_out.len() == products.len() {
            held_out.pop();
        }
        for order in orders.iter() {
            let lines = || order.products.iter().copied().zip(order.quantities.iter().copied());
            let is_held_out = |product: u32| held_out.binary_search(&product).is_ok();
            for (log, wanted) in [(&mut earlier, false), (&mut later, true)] {
                let mut part = lines().filter(|line| is_held_out(line.0) == wanted).peekable();
                if part.peek().is_some() {
                    log.push_order(order.day, part);
                }
            }
        }
        earlier.end_customer();
        later.end_customer();
    }
    let words = "a fifth of each customer's products, drawn at random: purchases have no dates".to_owned();
    Split { earlier, later, day: 1.0, dated: false, words }
}
