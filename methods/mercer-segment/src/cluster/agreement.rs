//! How far two clusterings of the same rows agree.

use std::collections::BTreeMap;

/// The adjusted Rand index of two clusterings of the same rows (Hubert & Arabie 1985): 1 where they are the same but for
/// the clusters' names, 0 on average where they have nothing to do with each other. Rows beyond the shorter one are left out.
#[must_use]
pub fn adjusted_rand_index(a: &[u32], b: &[u32]) -> f64 {
    let (mut both, mut first, mut second) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (a, b) in a.iter().zip(b) {
        *both.entry((*a, *b)).or_insert(0_u64) += 1;
        *first.entry(*a).or_insert(0_u64) += 1;
        *second.entry(*b).or_insert(0_u64) += 1;
    }
    let pairs = |count: u64| count as f64 * (count as f64 - 1.0) / 2.0;
    let together: f64 = both.values().map(|count| pairs(*count)).sum();
    let in_first: f64 = first.values().map(|count| pairs(*count)).sum();
    let in_second: f64 = second.values().map(|count| pairs(*count)).sum();
    let all = pairs(a.len().min(b.len()) as u64);
    let expected = if all > 0.0 { in_first * in_second / all } else { 0.0 };
    let most = f64::midpoint(in_first, in_second);
    // Both are one cluster, or both only single rows: they are the same.
    if most - expected == 0.0 { 1.0 } else { (together - expected) / (most - expected) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_matter() {
        assert_eq!(adjusted_rand_index(&[0, 0, 1, 1, 2], &[5, 5, 3, 3, 9]), 1.0);
        assert_eq!(adjusted_rand_index(&[0; 4], &[7; 4]), 1.0);
        assert_eq!(adjusted_rand_index(&[0, 1, 2], &[2, 0, 1]), 1.0);
    }

    #[test]
    fn is_that_of_scikit_learn() {
        // sklearn.metrics.adjusted_rand_score
        assert!((adjusted_rand_index(&[0, 0, 1, 2], &[0, 0, 1, 1]) - 0.571_428_571_428_571_4).abs() < 1e-15);
        assert!((adjusted_rand_index(&[0, 0, 1, 1], &[0, 1, 0, 1]) + 0.5).abs() < 1e-15);
        assert_eq!(adjusted_rand_index(&[0, 0, 0, 0], &[0, 1, 2, 3]), 0.0);
    }
}
