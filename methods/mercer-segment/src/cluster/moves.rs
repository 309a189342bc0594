//! Moving single rows after the rounds of k-means have settled (Hartigan & Wong 1979).

use super::distance::{assign, squared};
use super::{Centres, Points};

/// A move must lower the cost by more than this share of its gain, so that roundings cannot move a row to and fro.
const LEAST_GAIN: f64 = 1e-9;

/// Moves single rows of numbers to other clusters where that lowers the cost; whether there were any. The centres, at first
/// the means of the rows nearest to them, follow every move.
///
/// A row of weight `w` leaves a cluster of size `n` at squared distance `d` with the gain `w n/(n − w) d`, and enters another
/// at the price `w n/(n + w) d`: less than its distance, so that a settled clustering may still improve.
pub(super) fn improve(points: &Points<'_>, centres: &mut Centres) -> bool {
    let now = assign(points, centres);
    let mut sizes = vec![0.0; centres.k];
    for (row, label) in now.labels.iter().enumerate() {
        sizes[*label as usize] += points.weight(row);
    }
    let smallest = sizes.iter().copied().fold(f64::INFINITY, f64::min);
    let mut is_changed = false;
    for (row, label) in now.labels.iter().enumerate() {
        let (weight, from) = (points.weight(row), *label as usize);
        if weight <= 0.0 || sizes[from] <= weight {
            continue;
        }
        // No other cluster was to be entered at a lower price than this: nothing to look at for most rows.
        let lowest_price = smallest / (smallest + weight) * now.second_costs[row];
        if sizes[from] / (sizes[from] - weight) * now.costs[row] <= lowest_price {
            continue;
        }
        let cost = |centre: usize| squared(&[], (points.numbers_of(row), &[]), (centres.at(centre).0, &[]));
        let gain = sizes[from] / (sizes[from] - weight) * cost(from);
        let mut best = (from, f64::INFINITY);
        for to in (0..centres.k).filter(|to| *to != from) {
            let price = sizes[to] / (sizes[to] + weight) * cost(to);
            if price < best.1 {
                best = (to, price);
            }
        }
        let (to, price) = best;
        if price < gain * (1.0 - LEAST_GAIN) {
            shift(points, centres, row, from, -weight / (sizes[from] - weight));
            shift(points, centres, row, to, weight / (sizes[to] + weight));
            sizes[from] -= weight;
            sizes[to] += weight;
            is_changed = true;
        }
    }
    is_changed
}

/// Shifts a centre towards a row (or away, where the share is negative) by this share of the way.
fn shift(points: &Points<'_>, centres: &mut Centres, row: usize, centre: usize, share: f64) {
    let means = &mut centres.numbers[centre * centres.dims..(centre + 1) * centres.dims];
    for (mean, number) in means.iter_mut().zip(points.numbers_of(row)) {
        *mean += share * (number - *mean);
    }
}
