//! Which features say nearly the same, and so share their contributions at random.

use std::collections::BTreeMap;

use mercer_boost::Values;

use crate::table::Table;

/// Rows by which it is told.
const MOST_ROWS: usize = 5_000;
/// From this rank correlation (numbers) or Cramér's V (categories) on, two features are told together.
const NEARLY_THE_SAME: f64 = 0.9;
/// Categories above which a feature is not compared.
const MOST_CATEGORIES: u32 = 50;
/// Fewest rows that two numbers must have in common.
const FEWEST: usize = 20;

/// A column as far as it is compared.
enum Side {
    /// Values of rows; NaN where missing.
    Numbers(Vec<f64>),
    /// Categories of rows, missing ones as the last, and how many there are.
    Categories(Vec<u32>, usize),
    Not,
}

/// Every so many rows, so that at most [`MOST_ROWS`] are looked at.
pub(super) fn stride(rows: usize) -> usize {
    rows.div_ceil(MOST_ROWS).max(1)
}

/// For each feature the number of the first feature that says nearly the same: its own where none does.
pub(super) fn families(table: &Table) -> Vec<usize> {
    let step = stride(table.rows());
    let side = |values: &Values| match values {
        Values::Numbers(numbers) => Side::Numbers(numbers.iter().step_by(step).map(|n| f64::from(*n)).collect()),
        Values::Categories { codes, count } if *count <= MOST_CATEGORIES => {
            let codes = codes.iter().step_by(step).map(|code| (*code).min(*count)).collect();
            Side::Categories(codes, *count as usize + 1)
        }
        Values::Categories { .. } => Side::Not,
    };
    let sides: Vec<Side> = table.matrix().columns().iter().map(side).collect();
    let mut first: Vec<usize> = (0..sides.len()).collect();
    for (index, one) in sides.iter().enumerate() {
        for (other, earlier) in sides.iter().enumerate().take(index) {
            let related = match (earlier, one) {
                (Side::Numbers(a), Side::Numbers(b)) => {
                    rank_correlation(a, b).is_some_and(|r| r.abs() >= NEARLY_THE_SAME)
                }
                (Side::Categories(a, m), Side::Categories(b, n)) => cramers_v(a, *m, b, *n) >= NEARLY_THE_SAME,
                _ => false,
            };
            // The first one that is related leads, so that chains of neighbours do not grow without end.
            if related && first.get(other) == Some(&other) {
                if let Some(slot) = first.get_mut(index) {
                    *slot = other;
                }
                break;
            }
        }
    }
    first
}

/// Spearman's rank correlation over the rows where both are known, tied values sharing their ranks; `None` where fewer than 20 are,
/// or one is constant there.
pub(super) fn rank_correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let (a, b): (Vec<f64>, Vec<f64>) = a.iter().zip(b).filter(|(a, b)| !a.is_nan() && !b.is_nan()).unzip();
    if a.len() < FEWEST {
        return None;
    }
    let (a, b) = (ranks(&a), ranks(&b));
    let mean = (a.len() as f64 + 1.0) / 2.0;
    let product = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - mean) * (y - mean)).sum::<f64>();
    let scale = (product(&a, &a) * product(&b, &b)).sqrt();
    (scale > 0.0).then(|| product(&a, &b) / scale)
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<(f64, usize)> = values.iter().copied().zip(0..).collect();
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    #[allow(clippy::float_cmp, reason = "ties are equal values")]
    for ties in order.chunk_by(|a, b| a.0 == b.0) {
        let shared = before as f64 + (ties.len() as f64 + 1.0) / 2.0;
        for (_, row) in ties {
            if let Some(rank) = ranks.get_mut(*row) {
                *rank = shared;
            }
        }
        before += ties.len();
    }
    ranks
}

/// Cramér's V: 1 where each category of one belongs to one of the other.
fn cramers_v(a: &[u32], m: usize, b: &[u32], n: usize) -> f64 {
    let mut cells = vec![0.0; m * n];
    for (a, b) in a.iter().zip(b) {
        if let Some(cell) = cells.get_mut(*a as usize * n + *b as usize) {
            *cell += 1.0;
        }
    }
    let rows: Vec<f64> = cells.chunks(n).map(|row| row.iter().sum()).collect();
    let columns: Vec<f64> = (0..n).map(|column| cells.iter().skip(column).step_by(n).sum()).collect();
    let total = a.len() as f64;
    let used = |sums: &[f64]| sums.iter().filter(|sum| **sum > 0.0).count();
    let fewer = used(&rows).min(used(&columns));
    if fewer < 2 {
        return 0.0;
    }
    let mut chi_square = 0.0;
    for (own, row) in cells.chunks(n).zip(&rows) {
        for (cell, column) in own.iter().zip(&columns) {
            let expected = row * column / total;
            if expected > 0.0 {
                chi_square += (cell - expected).powi(2) / expected;
            }
        }
    }
    (chi_square / (total * (fewer as f64 - 1.0))).sqrt()
}

/// Members of each family by its first one, in order.
pub(super) fn members(first: &[usize]) -> BTreeMap<usize, Vec<usize>> {
    let mut families: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, leader) in first.iter().enumerate() {
        families.entry(*leader).or_default().push(index);
    }
    families
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlations_agree_with_scipy() {
        // scipy.stats.spearmanr of these, with ties.
        let a: Vec<f64> = (0..24).map(|n| f64::from(n * 7 % 24)).collect();
        let b: Vec<f64> = (0..24).map(|n| f64::from(n * 5 % 11)).collect();
        let found = rank_correlation(&a, &b).unwrap();
        assert!((found - 0.289_332_123_619_377_27).abs() < 1e-12, "{found}");
        let squares: Vec<f64> = a.iter().map(|n| -n * n).collect();
        assert!((rank_correlation(&a, &squares).unwrap() + 1.0).abs() < 1e-12);
        assert_eq!(rank_correlation(&a, &[1.0; 24]), None);
        assert_eq!(rank_correlation(&a[..5], &b[..5]), None);
    }

    #[test]
    fn association_of_categories() {
        let a: Vec<u32> = (0..60).map(|n| n % 3).collect();
        let renamed: Vec<u32> = a.iter().map(|code| 2 - code).collect();
        assert!((cramers_v(&a, 4, &renamed, 4) - 1.0).abs() < 1e-12);
        let other: Vec<u32> = (0..60).map(|n| n / 3 % 2).collect();
        assert!(cramers_v(&a, 3, &other, 2) < 1e-9);
        assert_eq!(cramers_v(&a, 3, &[0; 60], 1), 0.0);
    }
}
