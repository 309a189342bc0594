//! Both routes against the definition over all subsets of features.

use proptest::prelude::*;

use super::*;
use crate::ensemble::Tree;
use crate::ensemble::random::{self, FEATURES, goes_left};
use crate::matrix::Feature;

/// What a row is worth below a node when only the features in the set `known` are known: the definition.
fn worth(ensemble: &Ensemble, tree: &Tree, node: usize, matrix: &Matrix, row: usize, known: usize) -> f64 {
    let Some(split) = &tree.nodes[node].split else { return f64::from(tree.nodes[node].value) };
    let below = |child: u32| worth(ensemble, tree, child as usize, matrix, row, known);
    if (known >> split.feature) & 1 == 1 {
        return below(if goes_left(split, &ensemble.features, matrix, row) { split.left } else { split.right });
    }
    let cover = |child: u32| f64::from(tree.nodes[child as usize].cover);
    let both = cover(split.left) + cover(split.right);
    let share = if both > 0.0 { cover(split.left) / both } else { 0.5 };
    share * below(split.left) + (1.0 - share) * below(split.right)
}

/// Worths of all sets of features.
fn worths(ensemble: &Ensemble, matrix: &Matrix, row: usize) -> Vec<f64> {
    let of = |known| ensemble.trees.iter().map(|tree| worth(ensemble, tree, 0, matrix, row, known)).sum::<f64>();
    (0..1 << ensemble.features.len()).map(|known| ensemble.base + of(known)).collect()
}

fn factorial(n: u32) -> f64 {
    (1..=n).map(f64::from).product()
}

/// Shapley's formula over all subsets.
fn shapley(worths: &[f64], features: u32, feature: usize) -> f64 {
    let bit = 1 << feature;
    let term = |set: usize| {
        let size = set.count_ones();
        let weight = factorial(size) * factorial(features - size - 1) / factorial(features);
        weight * (worths[set | bit] - worths[set])
    };
    (0..worths.len()).filter(|set| set & bit == 0).map(term).sum()
}

/// The Shapley interaction of two different features over all subsets (Lundberg et al. 2020, equations 9 and 10).
fn interaction(worths: &[f64], features: u32, one: usize, other: usize) -> f64 {
    let (one, other) = (1 << one, 1 << other);
    let term = |set: usize| {
        let size = set.count_ones();
        let weight = factorial(size) * factorial(features - size - 2) / (2.0 * factorial(features - 1));
        weight * (worths[set | one | other] - worths[set | one] - worths[set | other] + worths[set])
    };
    (0..worths.len()).filter(|set| set & (one | other) == 0).map(term).sum()
}

fn check(ensemble: &Ensemble, matrix: &Matrix) {
    let features = ensemble.features.len();
    let count = u32::try_from(features).unwrap();
    let by_tables = Explainer::new(ensemble).unwrap();
    let by_sweeps = Explainer::with_tables_up_to(ensemble, 0).unwrap();
    let interactions = by_tables.interactions(matrix).unwrap();
    let routes = [by_tables.values(matrix).unwrap(), by_sweeps.values(matrix).unwrap()];
    for row in 0..matrix.rows() {
        let worths = worths(ensemble, matrix, row);
        let pairs = &interactions[row * features * features..][..features * features];
        for feature in 0..features {
            let expected = shapley(&worths, count, feature);
            for route in &routes {
                assert!((route.expected - worths[0]).abs() < 1e-9);
                let found = route.row(row)[feature];
                assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
            }
            for other in (0..features).filter(|other| *other != feature) {
                let (found, expected) =
                    (pairs[feature * features + other], interaction(&worths, count, feature, other));
                assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
            }
            let sum: f64 = (0..features).map(|other| pairs[other * features + feature]).sum();
            assert!((sum - expected).abs() < 1e-9, "interactions add up to {sum}, not {expected}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// By both routes; trees of 40 splits have paths too long for tables.
    #[test]
    fn values_and_interactions_are_those_of_all_subsets(seed: u64, splits in prop::sample::select(vec![0, 1, 2, 4, 8, 15, 40])) {
        let ensemble = random::ensemble(seed, &FEATURES, 3, splits);
        check(&ensemble, &random::matrix(seed ^ 1, &FEATURES, 4));
    }
}

#[test]
fn long_paths_of_many_features_are_exact() {
    let features = [Feature::Number; 11];
    // Up to eleven different features on a path: six nodes of quadrature.
    check(&random::ensemble(1, &features, 2, 60), &random::matrix(2, &features, 2));
}

#[test]
fn thread_counts_do_not_show() {
    let ensemble = random::ensemble(5, &FEATURES, 20, 15);
    let matrix = random::matrix(6, &FEATURES, 1_500);
    let results = [1, 2, 8].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let explainer = Explainer::new(&ensemble).unwrap();
            (explainer.values(&matrix).unwrap(), explainer.interactions(&matrix).unwrap())
        })
    });
    assert_eq!(results[0], results[1]);
    assert_eq!(results[0], results[2]);
}

#[test]
fn without_features_or_rows_there_is_the_expected_margin() {
    let ensemble = random::ensemble(1, &[], 3, 0);
    let explained = Explainer::new(&ensemble).unwrap().values(&Matrix::new(2, Vec::new()).unwrap()).unwrap();
    assert!(explained.values.is_empty() && explained.row(1).is_empty() && explained.row(7).is_empty());
    assert_eq!(explained.expected, ensemble.margins(&Matrix::new(1, Vec::new()).unwrap()).unwrap()[0]);
    let empty = random::matrix(1, &FEATURES, 0);
    let ensemble = random::ensemble(1, &FEATURES, 3, 4);
    assert!(Explainer::new(&ensemble).unwrap().interactions(&empty).unwrap().is_empty());
}
