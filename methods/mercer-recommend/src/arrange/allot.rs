//! Products of which only so many offers can be made: who gets them.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};

/// By how much a bid is above what would do, in spans of the scores: the most by which the mean place falls short of the best
/// allotment. Smaller is nearer and slower.
const STEP: f64 = 0.02;

/// How far an empty place is below the lowest score, in spans of the scores: at least, so that every place is filled that can be, and
/// at most, so that bids do not climb for long.
const EMPTY_BELOW: (f64, f64) = (0.1, 1.0);

/// Gives each customer up to `k` of the products scored for them, so that no product goes to more than its limit of customers
/// (`limits`, one a product; `None` and products beyond the end are without limit).
///
/// `offers` holds each customer's list, the best first, each product once; scores that are not finite are left out. Returns each
/// customer's products in the same order; without limits the first `k`.
///
/// The sum of the scores is within a fiftieth of their span (highest less lowest) a place of the best that is possible. An
/// empty place counts as a score of 0, but as at least a tenth of the span and at most a whole one below the lowest score; none
/// is left empty that could be filled.
///
/// Found by auction (Bertsekas 1988; Bertsekas and Castañon 1989): customers bid for the products they like best, as much as
/// makes the next best as good, and the highest bids hold a product. Serving the greatest regret first, which seems simpler,
/// gives scarce products to those who want nothing else, however little they want them.
pub(crate) fn allot(offers: &[Vec<(u32, f32)>], k: usize, limits: &[Option<usize>]) -> Vec<Vec<(u32, f32)>> {
    let mut auction = Auction::new(offers, k, limits);
    // First come, first served, in the order of customers: the same at any time.
    let mut waiting: VecDeque<u32> = (0_u32..).zip(offers).map(|(customer, _)| customer).collect();
    while let Some(customer) = waiting.pop_front() {
        auction.bid(customer, &mut waiting);
    }
    let given = |(places, list): (&mut Vec<u32>, &Vec<(u32, f32)>)| {
        places.sort_unstable();
        places.iter().map(|place| list[*place as usize]).collect()
    };
    auction.held.iter_mut().zip(offers).map(given).collect()
}

struct Auction<'a> {
    offers: &'a [Vec<(u32, f32)>],
    k: usize,
    /// The limited products.
    lots: Vec<Option<Lot>>,
    /// The places on each customer's list that the customer holds.
    held: Vec<Vec<u32>>,
    /// The score that an empty place counts as.
    empty: f64,
    /// The highest score less the lowest, 1 where they are the same.
    span: f64,
}

/// A product of which there are only so many.
#[derive(Debug, Clone)]
struct Lot {
    limit: usize,
    /// The highest bids, at most as many as the limit; the lowest of them can be outbid.
    bids: BinaryHeap<Reverse<Bid>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Bid {
    amount: f64,
    customer: u32,
    /// The place of the product on the customer's list.
    place: u32,
}

impl Eq for Bid {}

impl PartialOrd for Bid {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Bid {
    /// By amount; of equal bids the lower customer number is the higher.
    fn cmp(&self, other: &Self) -> Ordering {
        self.amount.total_cmp(&other.amount).then_with(|| other.customer.cmp(&self.customer))
    }
}

impl Lot {
    /// What has to be outbid: nothing as long as there are some left.
    fn price(&self) -> f64 {
        match self.bids.peek() {
            _ if self.bids.len() < self.limit => 0.0,
            Some(Reverse(lowest)) => lowest.amount,
            None => f64::INFINITY,
        }
    }
}

impl<'a> Auction<'a> {
    fn new(offers: &'a [Vec<(u32, f32)>], k: usize, limits: &[Option<usize>]) -> Self {
        let scores = || offers.iter().flatten().map(|(_, score)| f64::from(*score)).filter(|score| score.is_finite());
        let (lowest, highest) = (scores().fold(f64::INFINITY, f64::min), scores().fold(f64::NEG_INFINITY, f64::max));
        let span = if highest > lowest { highest - lowest } else { 1.0 };
        let lot = |limit: &Option<usize>| limit.map(|limit| Lot { limit, bids: BinaryHeap::new() });
        Self {
            offers,
            k,
            lots: limits.iter().map(lot).collect(),
            held: vec![Vec::new(); offers.len()],
            empty: 0.0_f64.max(lowest - EMPTY_BELOW.1 * span).min(lowest - EMPTY_BELOW.0 * span),
            span,
        }
    }

    /// What a product is worth to who scores it, in spans of the scores; an empty place is worth 0.
    fn worth(&self, score: f32) -> f64 {
        (f64::from(score) - self.empty) / self.span
    }

    fn price(&self, product: u32) -> f64 {
        self.lots.get(product as usize).and_then(Option::as_ref).map_or(0.0, Lot::price)
    }

    /// A customer bids for as many products as places are empty. Whoever is outbid goes to the end of those `waiting`.
    fn bid(&mut self, customer: u32, waiting: &mut VecDeque<u32>) {
        let list = &self.offers[customer as usize];
        let held = &self.held[customer as usize];
        let empty = self.k.saturating_sub(held.len());
        // What is left of the worth at today's prices, and where on the list.
        let mut gains: Vec<(f64, u32)> = (0_u32..)
            .zip(list)
            .filter(|(place, (_, score))| score.is_finite() && !held.contains(place))
            .map(|(place, (product, score))| (self.worth(*score) - self.price(*product), place))
            .filter(|(gain, _)| *gain > 0.0)
            .collect();
        if empty < gains.len() {
            gains.select_nth_unstable_by(empty, |a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        }
        // With that many places to fill, what takes the place of a lost product is the first beyond them.
        let replacement = gains.get(empty).map_or(0.0, |(gain, _)| *gain);
        for (_, place) in gains.into_iter().take(empty) {
            let (product, score) = list[place as usize];
            self.held[customer as usize].push(place);
            let amount = self.worth(score) - replacement + STEP;
            let Some(Some(lot)) = self.lots.get_mut(product as usize) else { continue };
            lot.bids.push(Reverse(Bid { amount, customer, place }));
            if lot.bids.len() > lot.limit
                && let Some(Reverse(outbid)) = lot.bids.pop()
            {
                self.held[outbid.customer as usize].retain(|place| *place != outbid.place);
                waiting.push_back(outbid.customer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_scarce_product_goes_where_it_is_missed_most() {
        // Customer 0 scores product 0 higher, but has nearly as good a replacement.
        let offers = [vec![(0, 9.0), (1, 8.0)], vec![(0, 7.0), (1, 1.0)]];
        assert_eq!(allot(&offers, 1, &[Some(1), None]), [vec![(1, 8.0)], vec![(0, 7.0)]]);
        assert_eq!(allot(&offers, 1, &[Some(0)]), [vec![(1, 8.0)], vec![(1, 1.0)]]);
        // Of equal bids the first customer's holds.
        let same = [vec![(0, 3.0)], vec![(0, 3.0)]];
        assert_eq!(allot(&same, 1, &[Some(1)]), [vec![(0, 3.0)], vec![]]);
    }

    #[test]
    fn chains_of_replacements_are_followed() {
        // Customer 2 gets product 0, so customer 0 would get nothing without product 1, and customer 1 falls from 6 to 4 only.
        let offers = [vec![(1, 5.0), (0, 4.5)], vec![(1, 6.0), (2, 4.0)], vec![(0, 9.0)]];
        assert_eq!(allot(&offers, 1, &[Some(1), Some(1)]), [vec![(1, 5.0)], vec![(2, 4.0)], vec![(0, 9.0)]]);
    }

    #[test]
    fn who_wants_nothing_else_does_not_take_it_from_who_wants_it_more() {
        // Each of the first two could do with either product, so that regret alone would see no loss in giving one away.
        let offers = [vec![(0, 99.0), (1, 99.0)], vec![(0, 99.0), (1, 99.0)], vec![(0, 1.0)]];
        let given = allot(&offers, 1, &[Some(1), Some(1)]);
        assert_eq!(given.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 0]);
        assert_ne!(given[0], given[1]);
    }

    /// The most that the worth of all places can come to, by trying all.
    fn most(offers: &[Vec<(u32, f32)>], k: usize, room: &[usize], worth: &impl Fn(f32) -> f64) -> f64 {
        let Some((list, others)) = offers.split_first() else { return 0.0 };
        let mut best = 0.0_f64;
        // Each subset of the list that the customer could get.
        for subset in (0_u32..1 << list.len()).filter(|subset| subset.count_ones() as usize <= k) {
            let taken = || list.iter().enumerate().filter(|(at, _)| subset >> at & 1 == 1).map(|(_, offer)| offer);
            if taken().all(|(product, _)| room[*product as usize] > 0) {
                let mut left = room.to_vec();
                taken().for_each(|(product, _)| left[*product as usize] -= 1);
                let own: f64 = taken().map(|(_, score)| worth(*score)).sum();
                best = best.max(own + most(others, k, &left, worth));
            }
        }
        best
    }

    fn lists(customers: usize) -> impl Strategy<Value = Vec<Vec<(u32, f32)>>> {
        // Whole numbers, so that there are many equal ones.
        let list = prop::collection::btree_map(0_u32..6, -2_i8..4, 0..5).prop_map(|scores| {
            let mut list: Vec<(u32, f32)> =
                scores.into_iter().map(|(product, score)| (product, f32::from(score))).collect();
            list.sort_by(crate::ranking::better);
            list
        });
        prop::collection::vec(list, 0..=customers)
    }

    proptest! {
        #[test]
        fn limits_hold_and_no_place_stays_empty_that_could_be_filled(
            offers in lists(7), k in 0_usize..4, limits in prop::collection::vec(prop::option::of(0_usize..4), 0..7),
        ) {
            let given = allot(&offers, k, &limits);
            let times = |product: u32| given.iter().flatten().filter(|(other, _)| *other == product).count();
            let limit = |product: u32| limits.get(product as usize).copied().flatten().unwrap_or(usize::MAX);
            for product in 0..6 {
                prop_assert!(times(product) <= limit(product));
            }
            for (list, given) in offers.iter().zip(&given) {
                prop_assert!(given.len() <= k && given.is_sorted_by(|a, b| a.1 >= b.1));
                prop_assert!(given.iter().all(|offer| list.contains(offer)));
                let open = |offer: &&(u32, f32)| !given.contains(offer) && times(offer.0) < limit(offer.0);
                prop_assert!(given.len() == k || !list.iter().any(|offer| open(&offer)));
            }
            let free = allot(&offers, k, &[]);
            prop_assert!(free.iter().zip(&offers).all(|(given, list)| given[..] == list[..k.min(list.len())]));
        }

        #[test]
        fn the_sum_is_within_a_step_a_place_of_the_best(
            offers in lists(4), k in 1_usize..3, limits in prop::collection::vec(0_usize..3, 6),
        ) {
            let given = allot(&offers, k, &limits.iter().map(|limit| Some(*limit)).collect::<Vec<_>>());
            let auction = Auction::new(&offers, k, &[]);
            let worth = |score: f32| auction.worth(score);
            let found: f64 = given.iter().flatten().map(|(_, score)| worth(*score)).sum();
            let best = most(&offers, k, &limits, &worth);
            let places = (k * offers.len()) as f64;
            prop_assert!(found <= best + 1e-9 && found >= best - STEP * places - 1e-9, "{} of {}", found, best);
        }
    }
}
