//! Returns of a division under each draw, and what is maximised of them.

use rayon::prelude::*;

use super::curves::Curves;

/// Draws whose returns one task adds up.
const CHUNK: usize = 64;

/// What all units bring under each draw.
pub(super) fn totals(curves: &impl Curves, spends: &[f64]) -> Vec<f64> {
    let mut totals = vec![0.0; curves.draws()];
    totals.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, totals)| {
        for (offset, total) in totals.iter_mut().enumerate() {
            let draw = chunk * CHUNK + offset;
            *total = spends.iter().enumerate().map(|(unit, spend)| curves.value_slope(draw, unit, *spend).0).sum();
        }
    });
    totals
}

/// The mean of the worst `share` of returns, of all where that is 1 (conditional value at risk; the draw at the edge counts in part).
pub(super) fn mean_of_worst(totals: &[f64], share: f64) -> f64 {
    let mut sorted = totals.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let count = share * sorted.len() as f64;
    let mut left = count;
    let mut sum = 0.0;
    for total in sorted {
        let weight = left.clamp(0.0, 1.0);
        if weight == 0.0 {
            break;
        }
        sum += weight * total;
        left -= 1.0;
    }
    sum / count
}

/// The weights of draws, adding up to 1, whose weighted mean of returns stands for the mean of the worst `share`, smoothed: each is
/// `(τ − T) / width`, held between 0 and 1, over the number of draws in that share. At a width of 0 the worst draws weigh alike and
/// the others nothing; the smoothed mean is at most half the width above the true one.
///
/// Source: Rockafellar & Uryasev (2000), Optimization of conditional value-at-risk, Journal of Risk 2, 21–41, in its dual form;
/// smoothed after Nesterov (2005), Smooth minimization of non-smooth functions, Mathematical Programming 103, 127–152.
pub(super) fn weights_of_worst(totals: &[f64], share: f64, width: f64) -> Vec<f64> {
    let count = share * totals.len() as f64;
    let weigh = |edge: f64, total: f64| ((edge - total) / width).clamp(0.0, 1.0);
    let mut low = totals.iter().copied().fold(f64::INFINITY, f64::min);
    let mut high = totals.iter().copied().fold(f64::NEG_INFINITY, f64::max) + width;
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if totals.iter().map(|total| weigh(middle, *total)).sum::<f64>() > count { high = middle } else { low = middle }
    }
    let weights: Vec<f64> = totals.iter().map(|total| weigh(high, *total)).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_share_counts_its_edge_in_part() {
        let totals = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(mean_of_worst(&totals, 1.0), 2.5);
        assert_eq!(mean_of_worst(&totals, 0.5), 1.5);
        // One and a half draws of four: (1 + ½ · 2) / 1.5.
        assert!((mean_of_worst(&totals, 0.375) - 4.0 / 3.0).abs() < 1e-15);
    }

    #[test]
    fn weights_become_those_of_the_worst() {
        let totals = [4.0, 1.0, 3.0, 2.0];
        let weights = weights_of_worst(&totals, 0.5, 1e-9);
        for (weight, expected) in weights.iter().zip([0.0, 0.5, 0.0, 0.5]) {
            // What rounding of a return is beside the width.
            assert!((weight - expected).abs() < 1e-6, "{weights:?}");
        }
        let smooth = weights_of_worst(&totals, 0.5, 2.0);
        // τ = 3.5 gives 0, 1, ¼, ¾, which are two draws, as asked.
        for (weight, expected) in smooth.iter().zip([0.0, 0.5, 0.125, 0.375]) {
            assert!((weight - expected).abs() < 1e-9, "{smooth:?}");
        }
    }
}
