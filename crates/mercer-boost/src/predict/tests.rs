//! Margins against a plain walk down the trees.

use proptest::prelude::*;

use super::*;
use crate::ensemble::random::{self, FEATURES, goes_left};

/// The margins by following each row down each tree.
fn plain(ensemble: &Ensemble, matrix: &Matrix) -> Vec<f64> {
    let leaf = |tree: &Tree, row: usize| {
        let mut node = &tree.nodes[0];
        while let Some(split) = &node.split {
            let left = goes_left(split, &ensemble.features, matrix, row);
            node = &tree.nodes[if left { split.left } else { split.right } as usize];
        }
        f64::from(node.value)
    };
    let margin = |row| ensemble.trees.iter().fold(ensemble.base, |margin, tree| margin + leaf(tree, row));
    (0..matrix.rows()).map(margin).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Also with more leaves than are asked at once, and more thresholds than a byte tells apart.
    #[test]
    fn rows_end_where_a_plain_walk_ends(seed: u64, splits in prop::sample::select(vec![0, 1, 3, 15, 63, 64, 100, 800])) {
        let ensemble = random::ensemble(seed, &FEATURES, 3, splits);
        let matrix = random::matrix(seed ^ 1, &FEATURES, LANES + 44);
        prop_assert_eq!(ensemble.margins(&matrix).unwrap(), plain(&ensemble, &matrix));
    }
}

#[test]
fn thread_counts_do_not_show() {
    let ensemble = random::ensemble(5, &FEATURES, 40, 15);
    let matrix = random::matrix(6, &FEATURES, 3_000);
    let results = [1, 2, 8].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| ensemble.margins(&matrix).unwrap())
    });
    assert_eq!(results[0], results[1]);
    assert_eq!(results[0], results[2]);
}

#[test]
fn predictions_are_on_the_scale_of_the_outcome() {
    let ensemble = random::ensemble(7, &FEATURES, 3, 5);
    let matrix = random::matrix(8, &FEATURES, 20);
    let margins = ensemble.margins(&matrix).unwrap();
    let of = |objective| Ensemble { objective, ..ensemble.clone() }.predictions(&matrix).unwrap();
    assert_eq!(of(Objective::Squared), margins);
    assert_eq!(of(Objective::Quantile { level: 0.9 }), margins);
    for ((margin, probability), ratio) in margins.iter().zip(of(Objective::Logistic)).zip(of(Objective::Cox)) {
        assert!((probability - 1.0 / (1.0 + (-margin).exp())).abs() < 1e-15);
        assert!((ratio - margin.exp()).abs() < 1e-15 * ratio);
    }
}

#[test]
fn other_columns_are_refused() {
    let ensemble = random::ensemble(7, &FEATURES, 3, 5);
    let error = ensemble.margins(&random::matrix(8, &FEATURES[1..], 20)).unwrap_err();
    assert!(error.to_string().contains("5 columns"), "{error}");
    let error = ensemble.margins(&random::matrix(8, &[Feature::Number; 5], 20)).unwrap_err();
    assert!(error.to_string().contains("column 1"), "{error}");
    assert!(ensemble.margins(&random::matrix(8, &FEATURES, 0)).unwrap().is_empty());
}
