//! Customers of alike purchase frequencies (TIFU-kNN: Hu, He, Gao & Zhang 2020, "Modeling personalized item frequency information for
//! next-basket recommendation").

use mercer_base::{Error, Result, Seed};
use serde::{Deserialize, Serialize};

use crate::board::Sink;
use crate::log::{Log, Orders};
use crate::neighbours::accumulator::{Accumulator, keep_best};
use crate::scorer::Scorer;
use crate::sparse::{Sparse, single};

/// Customers among whom neighbours are looked for, at the most; of more, this many are drawn, the same ones in every run.
const MOST_CUSTOMERS: usize = 50_000;

/// How far apart two customers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Distance {
    /// |u − v|, as in the paper.
    Euclidean,
    /// 1 − u·v / (|u| |v|).
    Cosine,
}

/// The names are the paper's but for m (`groups`), k (`neighbours`), r_b and r_g (the decays).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct BasketSettings {
    /// What an order within its group counts of the next one, above 0 to 1.
    pub(crate) within_decay: f64,
    /// What a group of orders counts of the next one, above 0 to 1.
    pub(crate) group_decay: f64,
    /// Into how many groups a customer's orders are cut, 1 or more.
    pub(crate) groups: usize,
    /// How many neighbours are asked, 1 or more.
    pub(crate) neighbours: usize,
    /// Weight of the customer's own frequencies, 0 to 1; the rest is the neighbours'.
    pub(crate) alpha: f64,
    /// How neighbours are found.
    pub(crate) distance: Distance,
}

impl Default for BasketSettings {
    fn default() -> Self {
        Self {
            within_decay: 0.95,
            group_decay: 0.95,
            groups: 7,
            neighbours: 100,
            alpha: 0.5,
            distance: Distance::Cosine,
        }
    }
}

impl BasketSettings {
    fn check(&self) -> Result<()> {
        let decay = |value: f64| value > 0.0 && value <= 1.0;
        let counts = self.groups > 0 && self.neighbours > 0;
        if decay(self.within_decay) && decay(self.group_decay) && counts && (0.0..=1.0).contains(&self.alpha) {
            return Ok(());
        }
        Err(Error::config(format!("{self:?} is out of range."))
            .with_hint("Decays lie above 0 up to 1, alpha from 0 to 1; there is one group and one neighbour at least."))
    }

    /// A customer's frequencies, products rising: the mean over groups, decayed by group, of the means over the group's orders,
    /// decayed by order, as in the paper. Orders are cut into groups of equal size; where that does not come out even, the
    /// oldest group is smaller.
    pub(crate) fn frequencies(&self, orders: Orders<'_>) -> Vec<(u32, f32)> {
        let count = orders.len();
        if count == 0 {
            return Vec::new();
        }
        let size = count.div_ceil(self.groups);
        let groups = count.div_ceil(size);
        let mut lines: Vec<(u32, f64)> = Vec::new();
        // From the newest order back: `back` orders before it, in the `group`-th group from the end.
        for (back, order) in orders.iter().rev().enumerate() {
            let group = back / size;
            let members = if group + 1 == groups { count - size * group } else { size };
            let weight =
                power(self.within_decay, back % size) / members as f64 * power(self.group_decay, group) / groups as f64;
            lines.extend(order.products.iter().map(|product| (*product, weight)));
        }
        // The sort is stable: an order's share is added from the newest on whatever else was bought.
        lines.sort_by_key(|line| line.0);
        lines
            .chunk_by(|a, b| a.0 == b.0)
            .map(|same| (same[0].0, single(same.iter().map(|line| line.1).sum())))
            .collect()
    }
}

/// The customers' frequencies, findable by product.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct BasketNeighbours {
    settings: BasketSettings,
    /// Customers × products: frequencies.
    customers: Sparse,
    /// The same by product.
    by_product: Sparse,
    /// By customer |v|².
    squares: Vec<f32>,
}

impl BasketNeighbours {
    /// Takes in the customers of a log, 50,000 at the most.
    ///
    /// # Errors
    /// When a setting is out of its range.
    pub(crate) fn fit(log: &Log, settings: BasketSettings) -> Result<Self> {
        settings.check()?;
        let drawn = drawn(log, MOST_CUSTOMERS);
        let known = |pair: &(u32, f32)| (pair.0 as usize) < log.products;
        let rows = drawn.into_iter().map(|customer| settings.frequencies(log.of(customer)).into_iter().filter(known));
        let customers = Sparse::from_rows(log.products, rows);
        let square = |row: usize| customers.row(row).1.iter().map(|value| value * value).sum();
        let squares = (0..customers.rows()).map(square).collect();
        Ok(Self { settings, by_product: customers.transposed(), customers, squares })
    }

    /// The rows of the nearest customers among those who share a product with `frequencies`, rising, each with its distance. Who
    /// shares nothing says nothing of these products, however near by a small norm, and is no neighbour.
    fn nearest(&self, frequencies: &[(u32, f32)]) -> Vec<(u32, f32)> {
        let mut shared = Accumulator::new(self.customers.rows());
        let mut square = 0.0;
        for (product, value) in frequencies {
            square += value * value;
            if (*product as usize) < self.by_product.rows() {
                let (customers, values) = self.by_product.row(*product as usize);
                shared.add(customers, values, *value);
            }
        }
        let distance = |row: u32, shared: f32| {
            let other = self.squares.get(row as usize).copied().unwrap_or(0.0);
            match self.settings.distance {
                Distance::Euclidean => (square + other - 2.0 * shared).max(0.0).sqrt(),
                Distance::Cosine => 1.0 - shared / (square * other).sqrt(),
            }
        };
        let mut nearest: Vec<(u32, f32)> = shared.drain().map(|(row, shared)| (row, -distance(row, shared))).collect();
        keep_best(&mut nearest, self.settings.neighbours);
        for (_, distance) in &mut nearest {
            *distance = -*distance;
        }
        nearest
    }
}

impl Scorer for BasketNeighbours {
    /// α · own frequencies + (1 − α) · the neighbours' mean, as in the paper. A customer the model has seen may be among the
    /// own neighbours, which adds (1 − α) / k of the own frequencies and changes no more.
    fn score(&self, orders: Orders<'_>, _: f64, scores: &mut [f32]) {
        scores.fill(0.0);
        self.add_scores(orders, scores);
    }
}

impl BasketNeighbours {
    /// As [`Scorer::score`], added to scores that are there.
    pub(crate) fn add_scores(&self, orders: Orders<'_>, scores: &mut (impl Sink + ?Sized)) {
        let own = self.settings.frequencies(orders);
        let nearest = if self.settings.alpha < 1.0 { self.nearest(&own) } else { Vec::new() };
        let alpha = self.settings.alpha;
        let each = single((1.0 - alpha) / nearest.len().max(1) as f64);
        for (row, _) in nearest {
            let (products, values) = self.customers.row(row as usize);
            scores.add_all(products, values, each);
        }
        own.into_iter().for_each(|(product, value)| scores.add(product, single(alpha) * value));
    }
}

/// The customers with orders, rising; of more than `most` those that hash lowest.
fn drawn(log: &Log, most: usize) -> Vec<usize> {
    let mut customers: Vec<usize> = (0..log.customers()).filter(|customer| !log.of(*customer).is_empty()).collect();
    if customers.len() > most {
        let seed = Seed(0).split("customers for baskets");
        customers.sort_by_cached_key(|customer| seed.nth(*customer as u64).0);
        customers.truncate(most);
        customers.sort_unstable();
    }
    customers
}

fn power(decay: f64, times: usize) -> f64 {
    decay.powi(i32::try_from(times).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Histories = Vec<Vec<std::collections::BTreeSet<u32>>>;

    fn log(customers: &Histories) -> Log {
        let mut log = Log::new(6);
        for orders in customers {
            for (day, products) in orders.iter().enumerate() {
                log.push_order(day as f64, products.iter().map(|product| (*product, 1.0)));
            }
            log.end_customer();
        }
        log
    }

    fn sets(orders: &[&[u32]]) -> Vec<std::collections::BTreeSet<u32>> {
        orders.iter().map(|products| products.iter().copied().collect()).collect()
    }

    #[test]
    fn frequencies_by_hand() {
        // Five orders in groups of two: (1), (2, 3), (4, 5). Product 0 in the first, product 1 in the fourth and fifth.
        let log = log(&vec![sets(&[&[0], &[], &[2], &[1], &[1]])]);
        let settings = BasketSettings { within_decay: 0.5, group_decay: 0.8, groups: 3, ..BasketSettings::default() };
        let found = settings.frequencies(log.of(0));
        for ((product, value), expected) in
            found.iter().zip([0.8 * 0.8 / 3.0, (0.5 + 1.0) / 2.0 / 3.0, 0.8 * (1.0 / 2.0) / 3.0])
        {
            assert!((f64::from(*value) - expected).abs() < 1e-6, "{product}");
        }
        assert_eq!(found.iter().map(|pair| pair.0).collect::<Vec<_>>(), [0, 1, 2]);
    }

    #[test]
    fn neighbours_bring_what_they_buy() {
        let log = log(&vec![sets(&[&[0, 1]]), sets(&[&[0, 1, 2]]), sets(&[&[4, 5]])]);
        for distance in [Distance::Cosine, Distance::Euclidean] {
            let settings = BasketSettings { neighbours: 2, alpha: 0.6, distance, ..BasketSettings::default() };
            let fitted = BasketNeighbours::fit(&log, settings).unwrap();
            let mut scores = [f32::NAN; 6];
            fitted.score(log.of(0), 1.0, &mut scores);
            // Two neighbours (0 itself and 1), each with a weight of 0.2.
            for (score, expected) in scores.iter().zip([1.0, 1.0, 0.2, 0.0, 0.0, 0.0]) {
                assert!((score - expected).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn many_customers_are_drawn_fairly() {
        let log = log(&vec![sets(&[&[0]]); 1_000]);
        let few = drawn(&log, 100);
        assert_eq!((few.len(), few.is_sorted()), (100, true));
        assert_eq!(few, drawn(&log, 100));
        assert_eq!(drawn(&log, 5_000).len(), 1_000);
        // 50 expected in the lower half, with a standard deviation of 4.7.
        assert!((31..=69).contains(&few.iter().filter(|customer| **customer < 500).count()));
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        let sound = BasketSettings::default();
        for settings in [
            BasketSettings { within_decay: 0.0, ..sound },
            BasketSettings { group_decay: 1.1, ..sound },
            BasketSettings { groups: 0, ..sound },
            BasketSettings { neighbours: 0, ..sound },
            BasketSettings { alpha: f64::NAN, ..sound },
        ] {
            assert!(BasketNeighbours::fit(&Log::new(1), settings).is_err());
        }
    }

    fn histories() -> impl Strategy<Value = Histories> {
        let order = proptest::collection::btree_set(0_u32..6, 1..4);
        proptest::collection::vec(proptest::collection::vec(order, 1..6), 2..12)
    }

    proptest! {
        #[test]
        fn without_decay_one_group_is_the_share_of_orders(customers in histories()) {
            let log = log(&customers);
            let settings = BasketSettings { within_decay: 1.0, groups: 1, ..BasketSettings::default() };
            for (customer, orders) in customers.iter().enumerate() {
                for (product, value) in settings.frequencies(log.of(customer)) {
                    let share = orders.iter().filter(|order| order.contains(&product)).count() as f64 / orders.len() as f64;
                    prop_assert!((f64::from(value) - share).abs() < 1e-6);
                }
            }
        }

        #[test]
        fn the_index_finds_whom_all_pairs_find(customers in histories(), k in 1_usize..6, cosine: bool) {
            let log = log(&customers);
            let distance = if cosine { Distance::Cosine } else { Distance::Euclidean };
            let settings = BasketSettings { neighbours: k, distance, ..BasketSettings::default() };
            let fitted = BasketNeighbours::fit(&log, settings).unwrap();
            let dense = |customer: usize| {
                let mut dense = [0.0_f64; 6];
                for (product, value) in settings.frequencies(log.of(customer)) {
                    dense[product as usize] = f64::from(value);
                }
                dense
            };
            let dot = |a: &[f64; 6], b: &[f64; 6]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let own = dense(0);
            let mut all: Vec<f64> = (0..customers.len()).map(dense).filter(|other| dot(&own, other) > 0.0).map(|other| {
                if cosine {
                    1.0 - dot(&own, &other) / (dot(&own, &own) * dot(&other, &other)).sqrt()
                } else {
                    own.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
                }
            }).collect();
            all.sort_by(f64::total_cmp);
            all.truncate(k);
            let mut found: Vec<f64> =
                fitted.nearest(&settings.frequencies(log.of(0))).iter().map(|pair| f64::from(pair.1)).collect();
            found.sort_by(f64::total_cmp);
            prop_assert_eq!(found.len(), all.len());
            for (found, expected) in found.iter().zip(&all) {
                // The root of a difference near zero keeps half the digits of f32.
                prop_assert!((found - expected).abs() < 1e-3);
            }
        }

        #[test]
        fn only_the_order_of_orders_counts(customers in histories(), stretch in 0.1_f64..9.0) {
            let log = log(&customers);
            let mut later = Log::new(6);
            for orders in log.iter() {
                for order in orders.iter() {
                    later.push_order(100.0 + stretch * order.day, order.products.iter().map(|product| (*product, 3.0)));
                }
                later.end_customer();
            }
            let settings = BasketSettings::default();
            prop_assert_eq!(settings.frequencies(log.of(1)), settings.frequencies(later.of(1)));
        }
    }
}
