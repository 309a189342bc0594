//! Picking a list product by product, so that each is good and unlike those before it.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// How unlike each other the products of a list should be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Variety {
    /// What likeness to those before it costs a product: 0 nothing, the plain order; 1 makes likeness the only thing that counts.
    pub(crate) weight: f32,
    /// The most products of one category; products without one are not limited.
    pub(crate) most_per_category: Option<usize>,
}

/// Picks up to `k` of a list that is sorted, the best first, by maximal marginal relevance (Carbonell and Goldstein 1998): each
/// time the product of highest `(1 - weight) · relevance - weight · likeness`, of equals the earlier one, whose category is not
/// full. Relevance is the score between the lowest (0) and the highest (1) of the list, likeness the greatest similarity to a
/// product that is picked. Returns the products with the scores they came with, in the order they were picked.
pub(crate) fn pick(
    sorted: &[(u32, f32)],
    variety: &Variety,
    category: impl Fn(u32) -> Option<u32>,
    similarity: impl Fn(u32, u32) -> f32,
    k: usize,
) -> Vec<(u32, f32)> {
    let mut room = Room { most: variety.most_per_category, taken: HashMap::new() };
    let weight = variety.weight;
    if weight == 0.0 {
        return sorted.iter().copied().filter(|(product, _)| room.take(category(*product))).take(k).collect();
    }
    let (Some((_, highest)), Some((_, lowest))) = (sorted.first(), sorted.last()) else { return Vec::new() };
    let span = highest - lowest;
    let relevance = |score: f32| if span > 0.0 { (score - lowest) / span } else { 0.0 };
    let mut left: Vec<Candidate> = sorted
        .iter()
        .map(|scored| Candidate {
            scored: *scored,
            worth: (1.0 - weight) * relevance(scored.1),
            likeness: 0.0,
            open: true,
        })
        .collect();
    let mut picked = Vec::with_capacity(k.min(sorted.len()));
    while picked.len() < k {
        let mut best: Option<(&mut Candidate, f32)> = None;
        for candidate in left.iter_mut().filter(|candidate| candidate.open) {
            let gain = candidate.worth - weight * candidate.likeness;
            if best.as_ref().is_none_or(|(_, most)| gain > *most) {
                best = Some((candidate, gain));
            }
        }
        let Some((next, _)) = best else { break };
        next.open = false;
        let scored = next.scored;
        if !room.take(category(scored.0)) {
            continue;
        }
        picked.push(scored);
        for candidate in left.iter_mut().filter(|candidate| candidate.open) {
            candidate.likeness = candidate.likeness.max(similarity(scored.0, candidate.scored.0));
        }
    }
    picked
}

/// A product that may be picked.
struct Candidate {
    scored: (u32, f32),
    /// Its relevance with its weight.
    worth: f32,
    /// The greatest similarity to those picked.
    likeness: f32,
    /// Whether it is still to be looked at.
    open: bool,
}

/// What is taken of each category.
struct Room {
    most: Option<usize>,
    taken: HashMap<u32, usize>,
}

impl Room {
    /// Takes a place of a category, and says whether there was one; a product without a category needs none.
    fn take(&mut self, category: Option<u32>) -> bool {
        let Some((category, most)) = category.zip(self.most) else { return true };
        let taken = self.taken.entry(category).or_default();
        let free = *taken < most;
        *taken += usize::from(free);
        free
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parity(a: u32, b: u32) -> f32 {
        f32::from(u8::from(a % 2 == b % 2))
    }

    fn products(list: &[(u32, f32)]) -> Vec<u32> {
        list.iter().map(|(product, _)| *product).collect()
    }

    #[test]
    fn likeness_costs_as_worked_out_by_hand() {
        let sorted = [(0, 1.0), (2, 0.9), (1, 0.6), (3, 0.5), (4, 0.0)];
        let picked = |weight: f32| {
            let variety = Variety { weight, most_per_category: None };
            products(&pick(&sorted, &variety, |_| None, parity, 4))
        };
        assert_eq!(picked(0.0), [0, 2, 1, 3]);
        // After 0: product 2 has .9·.8 - .2 = .52 and product 1 .6·.8 = .48; then both likenesses are 1 but for odd ones.
        assert_eq!(picked(0.2), [0, 2, 1, 3]);
        // After 0: product 2 .9·.7 - .3 = .33, product 1 .42; then 2 .33, 3 .5·.7 - .3 = .05.
        assert_eq!(picked(0.3), [0, 1, 2, 3]);
        // Likeness only: 0, the first unlike one, then the order.
        assert_eq!(picked(1.0), [0, 1, 2, 3]);
    }

    #[test]
    fn categories_are_filled_and_then_closed() {
        let sorted = [(0, 5.0), (2, 4.0), (4, 3.0), (1, 2.0), (9, 1.0)];
        let category = |product: u32| (product < 9).then_some(product % 2);
        let variety = |most| Variety { weight: 0.0, most_per_category: Some(most) };
        assert_eq!(products(&pick(&sorted, &variety(1), category, parity, 9)), [0, 1, 9]);
        assert_eq!(products(&pick(&sorted, &variety(2), category, parity, 3)), [0, 2, 1]);
        assert_eq!(pick(&[], &variety(2), category, parity, 3), []);
    }

    proptest! {
        #[test]
        fn no_weight_is_the_plain_order_and_categories_never_overflow(
            scores in prop::collection::vec(-2.0_f32..2.0, 0..40), k in 0_usize..20, most in 0_usize..5, weight in 0.0_f32..1.0,
        ) {
            let mut sorted: Vec<(u32, f32)> = (0..).zip(scores).collect();
            sorted.sort_by(crate::ranking::better);
            let plain = pick(&sorted, &Variety::default(), |_| None, parity, k);
            prop_assert_eq!(&plain[..], &sorted[..k.min(sorted.len())]);
            let variety = Variety { weight, most_per_category: Some(most) };
            let found = products(&pick(&sorted, &variety, |product| Some(product % 3), parity, k));
            for category in 0..3 {
                prop_assert!(found.iter().filter(|product| **product % 3 == category).count() <= most);
            }
            let mut once = found.clone();
            once.sort_unstable();
            once.dedup();
            prop_assert_eq!(once.len(), found.len());
            // As long as the categories allow.
            let room: usize = (0..3).map(|c| sorted.iter().filter(|(p, _)| p % 3 == c).count().min(most)).sum();
            prop_assert_eq!(found.len(), k.min(room));
        }
    }
}
