//! What sells now: how often each product is ordered, where recent orders count more.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::log::{Log, Orders};
use crate::scorer::Scorer;
use crate::sparse::single;

/// Half-lives that [`choose_half_life`] tries, in days; the last never forgets.
const HALF_LIVES: [f64; 7] = [7.0, 14.0, 30.0, 60.0, 120.0, 365.0, f64::INFINITY];
/// Days at the end of the log that half-lives are judged by, at the most.
const JUDGED_DAYS: f64 = 28.0;
/// Share of the log's span that half-lives are judged by, at the most.
const JUDGED_SHARE: f64 = 0.25;

/// The share of orders that hold each product, where an order counts 2^(−age / half-life).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Popularity {
    /// By product the share of all orders that hold it, 0 to 1.
    shares: Vec<f32>,
}

impl Popularity {
    /// Counts the orders up to `day` (days since 1970); later ones are not known yet and are left out. An order's weight halves
    /// every `half_life_days` (infinite: all orders count alike).
    pub(crate) fn fit(log: &Log, day: f64, half_life_days: f64) -> Self {
        let mut whole = vec![0.0_f64; log.products];
        let mut orders_of_all = 0.0;
        for customer in log.iter() {
            for order in customer.iter().filter(|order| order.day <= day) {
                let weight = decay(day - order.day, half_life_days);
                orders_of_all += weight;
                add_lines(&mut whole, order.products, weight);
            }
        }
        let shares = whole.iter().map(|weight| single(weight / orders_of_all.max(f64::MIN_POSITIVE))).collect();
        Self { shares }
    }

    /// The share of all orders that hold a product, 0 to 1; 0 for a product that is not known.
    pub(crate) fn of(&self, product: u32) -> f32 {
        self.shares.get(product as usize).copied().unwrap_or(0.0)
    }

    fn write(&self, scores: &mut [f32]) {
        for (product, score) in (0_u32..).zip(scores) {
            *score = self.of(product);
        }
    }
}

/// Orders of all customers that the best sellers of a segment are mixed with, so that a segment of few orders says what all say.
const ORDERS_OF_ALL: f64 = 50.0;

/// The share of a segment's orders that hold each product, where an order counts 2^(−age / half-life), shrunk towards the share of all
/// orders as if the segment had placed 50 more like everybody's. Nothing is said of products that the segment has not bought.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SegmentPopularity {
    /// By segment the products that were bought, rising, with their shares.
    shares: Vec<Vec<(u32, f32)>>,
}

impl SegmentPopularity {
    /// Counts the orders up to `day`, as [`Popularity::fit`].
    pub(crate) fn fit(log: &Log, day: f64, half_life_days: f64) -> Self {
        let all = Popularity::fit(log, day, half_life_days);
        let count = log.iter().filter_map(|orders| orders.segment).max().map_or(0, |last| last as usize + 1);
        let mut of_segment: Vec<Vec<Orders<'_>>> = vec![Vec::new(); count];
        for orders in log.iter() {
            if let Some(segment) = orders.segment.and_then(|segment| of_segment.get_mut(segment as usize)) {
                segment.push(orders);
            }
        }
        let shares = |customers: &Vec<Orders<'_>>| {
            let (mut lines, mut orders_of_all) = (Vec::new(), ORDERS_OF_ALL);
            for order in customers.iter().flat_map(|orders| orders.iter()).filter(|order| order.day <= day) {
                let weight = decay(day - order.day, half_life_days);
                orders_of_all += weight;
                lines.extend(order.products.iter().map(|product| (*product, weight)));
            }
            lines.sort_by_key(|line: &(u32, f64)| line.0);
            let share = |same: &[(u32, f64)]| {
                let product = same.first()?.0;
                let own: f64 = same.iter().map(|line| line.1).sum();
                Some((product, single((own + ORDERS_OF_ALL * f64::from(all.of(product))) / orders_of_all)))
            };
            lines.chunk_by(|a, b| a.0 == b.0).filter_map(share).collect()
        };
        Self { shares: of_segment.par_iter().map(shares).collect() }
    }

    /// The products that the customer's segment bought, rising, with their shares; none where the segment is not known.
    pub(crate) fn of(&self, orders: Orders<'_>) -> &[(u32, f32)] {
        orders.segment.and_then(|segment| self.shares.get(segment as usize)).map_or(&[], Vec::as_slice)
    }
}

impl Scorer for SegmentPopularity {
    fn score(&self, orders: Orders<'_>, _: f64, scores: &mut [f32]) {
        scores.fill(0.0);
        for (product, share) in self.of(orders) {
            if let Some(score) = scores.get_mut(*product as usize) {
                *score = *share;
            }
        }
    }
}

impl Scorer for Popularity {
    fn score(&self, _: Orders<'_>, _: f64, scores: &mut [f32]) {
        self.write(scores);
    }
}

/// The half-life in days, among a week to a year and infinity, by which earlier orders best predict the lines of the last weeks up
/// to `day`: four weeks, or a quarter of the log's span where that is less. Judged by the mean logarithm of the held-out products'
/// shares of lines, smoothed by half a line a product. Infinite where the log is too short to tell.
pub(crate) fn choose_half_life(log: &Log, day: f64) -> f64 {
    let days = log.iter().flat_map(|orders| orders.iter().map(|order| order.day)).filter(|when| *when <= day);
    let first = days.fold(f64::INFINITY, f64::min);
    let cut = day - JUDGED_DAYS.min(JUDGED_SHARE * (day - first).max(0.0));
    let (mut earlier, mut wanted) = (0_usize, vec![0.0_f64; log.products]);
    for order in log.iter().flat_map(Orders::iter).filter(|order| order.day <= day) {
        if order.day <= cut {
            earlier += 1;
        } else {
            add_lines(&mut wanted, order.products, 1.0);
        }
    }
    if earlier == 0 || wanted.iter().all(|lines| *lines == 0.0) {
        return f64::INFINITY;
    }
    let likelihoods: Vec<f64> =
        HALF_LIVES.par_iter().map(|half_life| likelihood(log, cut, *half_life, &wanted)).collect();
    let mut best = (f64::INFINITY, f64::NEG_INFINITY);
    // From the longest to the shortest: a shorter memory has to be better, not as good.
    for (half_life, likelihood) in HALF_LIVES.into_iter().zip(likelihoods).rev() {
        if likelihood > best.1 {
            best = (half_life, likelihood);
        }
    }
    best.0
}

/// The log-likelihood of `wanted` lines by product under the decayed lines up to `cut`, brought to their undecayed number so that
/// the smoothing weighs the same for every half-life.
fn likelihood(log: &Log, cut: f64, half_life: f64, wanted: &[f64]) -> f64 {
    const SMOOTHING: f64 = 0.5;
    let mut weights = vec![0.0_f64; log.products];
    let mut lines = 0.0;
    for order in log.iter().flat_map(Orders::iter).filter(|order| order.day <= cut) {
        add_lines(&mut weights, order.products, decay(cut - order.day, half_life));
        lines += order.products.len() as f64;
    }
    let raise = lines / weights.iter().sum::<f64>().max(f64::MIN_POSITIVE);
    let all = lines + SMOOTHING * weights.len() as f64;
    let share = |weight: f64| (weight * raise + SMOOTHING) / all;
    weights.iter().zip(wanted).map(|(weight, lines)| lines * share(*weight).ln()).sum()
}

/// 2^(−age / half-life), for an age of 0 or more; never quite 0, so that the order of very old things is kept.
pub(crate) fn decay(age_days: f64, half_life_days: f64) -> f64 {
    (-(age_days.max(0.0) / half_life_days.max(f64::MIN_POSITIVE)).min(100.0)).exp2()
}

fn add_lines(weights: &mut [f64], products: &[u32], weight: f64) {
    for product in products {
        if let Some(sum) = weights.get_mut(*product as usize) {
            *sum += weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn log(products: usize, customers: &[&[(f64, &[u32])]]) -> Log {
        let mut log = Log::new(products);
        for orders in customers {
            for (day, products) in *orders {
                log.push_order(*day, products.iter().map(|product| (*product, 1.0)));
            }
            log.end_customer();
        }
        log
    }

    #[test]
    fn shares_by_hand() {
        // Ages 0, 10 and 20 days at a half-life of 10: weights 1, 1/2 and 1/4; the order of day 21 is not known yet.
        let log = log(3, &[&[(0.0, &[0]), (20.0, &[0, 1])], &[(10.0, &[1]), (21.0, &[2])]]);
        let popularity = Popularity::fit(&log, 20.0, 10.0);
        for (product, share) in [(0, 1.25 / 1.75), (1, 1.5 / 1.75), (2, 0.0), (9, 0.0)] {
            assert!((f64::from(popularity.of(product)) - share).abs() < 1e-6, "{product}");
        }
    }

    #[test]
    fn a_segment_has_best_sellers_of_its_own_mixed_with_those_of_all() {
        // Customers 0 and 1 are of segment 0, customer 2 of segment 1, customer 3 of none.
        let orders: [&[(f64, &[u32])]; 4] =
            [&[(0.0, &[0]), (1.0, &[0, 1])], &[(2.0, &[0])], &[(3.0, &[2])], &[(4.0, &[1])]];
        let log = log(3, &orders).with_segments(|customer| [Some(0), Some(0), Some(1), None][customer]);
        let popularity = SegmentPopularity::fit(&log, 10.0, f64::INFINITY);
        let mut scores = [9.0_f32; 3];
        // Of five orders three hold product 0, two product 1, one product 2.
        for (customer, expected) in [
            (0, [(3.0 + 50.0 * 0.6) / 53.0, (1.0 + 50.0 * 0.4) / 53.0, 0.0]),
            (2, [0.0, 0.0, (1.0 + 50.0 * 0.2) / 51.0]),
            (3, [0.0; 3]),
        ] {
            popularity.score(log.of(customer), 10.0, &mut scores);
            for (score, expected) in scores.iter().zip(expected) {
                assert!((f64::from(*score) - expected).abs() < 1e-6, "{customer}: {scores:?}");
            }
        }
        // Cutting the log keeps who is of which segment.
        assert_eq!(log.filtered(|_, order| order.day < 1.0).of(2).segment, Some(1));
    }

    #[test]
    fn an_infinite_half_life_counts_orders() {
        let log = log(2, &[&[(0.0, &[0]), (500.0, &[0, 1])], &[(900.0, &[1]), (901.0, &[1])]]);
        let popularity = Popularity::fit(&log, 1000.0, f64::INFINITY);
        assert_eq!((popularity.of(0), popularity.of(1)), (0.5, 0.75));
    }

    #[test]
    fn the_half_life_follows_the_data() {
        // Of 50 products one sells at a time; which one changes every 8 days, or never.
        let daily = |changes: bool| {
            let mut log = Log::new(50);
            for day in 0..200_u32 {
                let product = if changes { day / 8 } else { day % 5 };
                log.push_order(f64::from(day), [(product, 1.0)]);
                log.end_customer();
            }
            log
        };
        let short = |log: &Log| {
            // Judged within a change, so that the newest product is still the one that sells.
            choose_half_life(&log.filtered(|_, order| order.day < 173.0 || order.day >= 199.0), 199.0)
        };
        assert!(short(&daily(true)) <= 14.0);
        assert_eq!(choose_half_life(&daily(false), 199.0), f64::INFINITY);
        assert_eq!(choose_half_life(&Log::new(3), 0.0), f64::INFINITY);
    }

    proptest! {
        #[test]
        fn shares_are_shares(
            orders in proptest::collection::vec((0_u32..100, proptest::collection::btree_set(0_u32..6, 1..4)), 1..30),
            half_life in 1.0..200.0,
        ) {
            let mut log = Log::new(6);
            for (day, products) in &orders {
                log.push_order(f64::from(*day), products.iter().map(|product| (*product, 1.0)));
                log.end_customer();
            }
            let popularity = Popularity::fit(&log, 100.0, half_life);
            prop_assert!((0..6).all(|product| (0.0..=1.0001).contains(&popularity.of(product))));
        }
    }
}
