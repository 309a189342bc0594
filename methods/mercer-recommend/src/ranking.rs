//! Lists of products: the best of all scores, and how good a list was, by what the customer then bought.

pub(crate) mod exposure;
pub(crate) mod summary;

use serde::{Deserialize, Serialize};

/// The `k` allowed products of highest score with their scores, best first; of equal scores the lower product number first. A
/// score of `NaN` is none. Fewer than `k` where fewer are allowed.
pub(crate) fn top(scores: &[f32], k: usize, allowed: impl Fn(u32) -> bool) -> Vec<(u32, f32)> {
    if k == 0 {
        return Vec::new();
    }
    // The best are kept in a buffer that is cut back to `k` whenever it is full: most products cost one comparison.
    let room = (2 * k).clamp(64.min(scores.len()), scores.len().max(1));
    let mut best: Vec<(u32, f32)> = Vec::with_capacity(room);
    let mut floor = None;
    for (product, score) in (0_u32..).zip(scores) {
        // Products come in rising order, so one that only equals the floor stands after `k` others.
        if score.is_nan() || floor.is_some_and(|floor| *score <= floor) || !allowed(product) {
            continue;
        }
        // Adding 0 makes -0 a 0, which the total order below would tell apart.
        best.push((product, score + 0.0));
        if best.len() >= room && best.len() > k {
            floor = Some(best.select_nth_unstable_by(k - 1, better).1.1);
            best.truncate(k);
        }
    }
    best.sort_unstable_by(better);
    best.truncate(k);
    best
}

/// Cuts pairs of product and score, each product once, to the best `k`, the best first.
pub(crate) fn best(pairs: &mut Vec<(u32, f32)>, k: usize) {
    if k < pairs.len() {
        if k > 0 {
            pairs.select_nth_unstable_by(k - 1, better);
        }
        pairs.truncate(k);
    }
    pairs.sort_unstable_by(better);
}

/// The `k` pairs of product and score that are the best, each product once, in any order; the best first.
pub(crate) fn top_of(pairs: impl Iterator<Item = (u32, f32)>, k: usize) -> Vec<(u32, f32)> {
    if k == 0 {
        return Vec::new();
    }
    let (mut found, mut floor) = (Vec::with_capacity(2 * k), f32::NEG_INFINITY);
    for pair in pairs {
        if pair.1 >= floor {
            found.push(pair);
            if found.len() == 2 * k {
                floor = found.select_nth_unstable_by(k - 1, better).1.1;
                found.truncate(k);
            }
        }
    }
    best(&mut found, k);
    found
}

/// The order of a list: the higher score first, of equal ones the lower number.
pub(crate) fn better(a: &(u32, f32), b: &(u32, f32)) -> std::cmp::Ordering {
    b.1.total_cmp(&a.1).then(a.0.cmp(&b.0))
}

/// How good a ranking of all allowed products was for one customer.
///
/// The ranking is full, never against a sample of products, which can turn the order of systems round (Krichene and Rendle 2020,
/// On Sampled Metrics for Item Recommendation).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Judged {
    /// How many products the customer wanted, of those allowed.
    pub(crate) wanted: usize,
    /// How many of them stood among the first `k`.
    pub(crate) hits: usize,
    /// Hits by `k`.
    pub(crate) precision: f64,
    /// Hits by the products wanted: cannot reach 1 where more than `k` are wanted.
    pub(crate) recall: f64,
    /// Hits by the most that were possible, the smaller of `k` and the products wanted.
    pub(crate) recall_of_possible: f64,
    /// Discounted cumulative gain by that of an ideal list, gains 0 and 1, discount `1 / log2(place + 1)`
    /// (Järvelin and Kekäläinen 2002).
    pub(crate) ndcg: f64,
    /// 1 by the place of the first wanted product, 0 where none is among the first `k`.
    pub(crate) reciprocal_rank: f64,
}

impl Judged {
    /// Judges a ranking by `scores` (one a product) of the products `allowed`, cut at `k`, by the products `wanted`.
    ///
    /// Ties are counted against the ranking: a wanted product stands after all others of equal score, so that scores that are
    /// all the same find nothing. A product of score `NaN` is never found. Wanted products that are not allowed are no part of the
    /// task; `None` where none is left or `k` is 0.
    pub(crate) fn of(scores: &[f32], wanted: &[u32], k: usize, allowed: impl Fn(u32) -> bool) -> Option<Self> {
        Self::at(&places(scores, wanted, allowed), k)
    }

    /// As [`Self::of`], by a `list` of products with their scores, the best first, that holds all that could stand among the first
    /// `k` and those that tie with the last of them. Of `wanted` all count, each named once; those that are not in the list are
    /// not found.
    pub(crate) fn of_list(list: &[(u32, f32)], wanted: &[u32], k: usize) -> Option<Self> {
        let mut sorted = wanted.to_vec();
        sorted.sort_unstable();
        let is_wanted = |product: u32| sorted.binary_search(&product).is_ok();
        let mut places = Vec::with_capacity(wanted.len());
        let mut ahead = 0;
        for same in list.chunk_by(|a, b| a.1 == b.1) {
            let hits = same.iter().filter(|pair| is_wanted(pair.0)).count();
            // The wanted ones are the last among equals.
            places.extend((1..=hits).map(|hit| ahead + same.len() - hits + hit));
            ahead += same.len();
        }
        places.resize(wanted.len(), usize::MAX);
        Self::at(&places, k)
    }

    /// From the places of all wanted products, rising.
    fn at(places: &[usize], k: usize) -> Option<Self> {
        if places.is_empty() || k == 0 {
            return None;
        }
        let within: Vec<usize> = places.iter().copied().take_while(|place| *place <= k).collect();
        let possible = k.min(places.len());
        let gain = |place: usize| 1.0 / (place as f64 + 1.0).log2();
        let hits = within.len();
        Some(Self {
            wanted: places.len(),
            hits,
            precision: hits as f64 / k as f64,
            recall: hits as f64 / places.len() as f64,
            recall_of_possible: hits as f64 / possible as f64,
            ndcg: within.iter().map(|place| gain(*place)).sum::<f64>() / (1..=possible).map(gain).sum::<f64>(),
            reciprocal_rank: within.first().map_or(0.0, |place| 1.0 / *place as f64),
        })
    }
}

/// The places, from 1 and rising, that the wanted products have among all that are allowed, ties counted against them. Those
/// without a score are in no list: their place is the last there is.
fn places(scores: &[f32], wanted: &[u32], allowed: impl Fn(u32) -> bool) -> Vec<usize> {
    let mut wanted: Vec<u32> = wanted.to_vec();
    wanted.sort_unstable();
    wanted.dedup();
    wanted.retain(|product| (*product as usize) < scores.len() && allowed(*product));
    let mut sought: Vec<f32> = wanted.iter().map(|product| scores[*product as usize]).collect();
    sought.retain(|score| !score.is_nan());
    sought.sort_unstable_by(|a, b| b.total_cmp(a));
    let mut places = vec![usize::MAX; wanted.len()];
    let Some(lowest) = sought.last().copied() else { return places };
    // `ahead[i]`: the others that stand before the i-th wanted product, but not before the one before it.
    let mut ahead = vec![0_usize; sought.len()];
    let mut wanted = wanted.into_iter().peekable();
    for (product, score) in (0_u32..).zip(scores) {
        // A comparison with `NaN` is false, so products without a score stand before none.
        if wanted.next_if_eq(&product).is_none() && *score >= lowest && allowed(product) {
            let first = sought.partition_point(|sought| sought > score);
            if let Some(ahead) = ahead.get_mut(first) {
                *ahead += 1;
            }
        }
    }
    let mut others = 0;
    for (index, (place, ahead)) in places.iter_mut().zip(ahead).enumerate() {
        others += ahead;
        *place = others + index + 1;
    }
    places
}

#[cfg(test)]
mod tests;
