//! Random ensembles and rows for tests, and the plainest way to walk a tree.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Ensemble, Node, Split, Test, Tree};
use crate::matrix::{Feature, Matrix, NO_CATEGORY, Values};
use crate::objective::Objective;

/// Numbers, categories that fit the bits of a byte, and more categories than that.
pub(crate) const FEATURES: [Feature; 5] = [
    Feature::Number,
    Feature::Category { count: 5 },
    Feature::Number,
    Feature::Category { count: 20 },
    Feature::Number,
];

/// An ensemble of `trees` trees with `splits` splits each. Thresholds lie on a grid of hundredths; some leaves have no cover.
pub(crate) fn ensemble(seed: u64, features: &[Feature], trees: usize, splits: usize) -> Ensemble {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let trees = (0..trees).map(|_| tree(&mut random, features, splits)).collect();
    Ensemble { objective: Objective::Squared, base: 0.25, features: features.to_vec(), trees }
}

fn tree(random: &mut ChaCha8Rng, features: &[Feature], splits: usize) -> Tree {
    let leaf = |cover: f32, value: f32| Node { cover, value, split: None };
    let mut nodes = vec![leaf(100.0, random.random_range(-1.0..1.0))];
    // The root first, then any leaf, but the newest more often: some paths get long.
    let mut leaves = vec![0];
    for _ in 0..splits {
        let place = if random.random_bool(0.3) { leaves.len() - 1 } else { random.random_range(0..leaves.len()) };
        let index = leaves.swap_remove(place);
        let feature = random.random_range(0..features.len());
        let test = match features[feature] {
            Feature::Number => Test::Below(grid(random)),
            Feature::Category { count } => Test::Among((0..count).filter(|_| random.random_bool(0.4)).collect()),
        };
        let left = u32::try_from(nodes.len()).unwrap();
        let share = if random.random_bool(0.1) { 0.0 } else { random.random_range(0.0..1.0) };
        let cover = nodes[index].cover;
        for cover in [cover * share, cover * (1.0 - share)] {
            leaves.push(nodes.len());
            nodes.push(leaf(cover, random.random_range(-1.0..1.0)));
        }
        nodes[index].split = Some(Split {
            feature: u32::try_from(feature).unwrap(),
            test,
            missing_left: random.random_bool(0.5),
            left,
            right: left + 1,
            gain: random.random_range(0.0..10.0),
        });
    }
    Tree { nodes }
}

fn grid(random: &mut ChaCha8Rng) -> f32 {
    f32::from(random.random_range(0..1_000_u16)) / 1_000.0
}

/// Rows with missing values, values on thresholds, and categories that no tree has seen.
pub(crate) fn matrix(seed: u64, features: &[Feature], rows: usize) -> Matrix {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut column = |feature: &Feature| match *feature {
        Feature::Number => {
            let number = |_| if random.random_bool(0.1) { f32::NAN } else { grid(&mut random) };
            Values::Numbers((0..rows).map(number).collect())
        }
        Feature::Category { count } => {
            let code = |_| if random.random_bool(0.1) { NO_CATEGORY } else { random.random_range(0..count + 2) };
            Values::Categories { codes: (0..rows).map(code).collect(), count: count + 2 }
        }
    };
    Matrix::new(rows, features.iter().map(&mut column).collect()).unwrap()
}

/// Whether a row goes left at a split.
pub(crate) fn goes_left(split: &Split, features: &[Feature], matrix: &Matrix, row: usize) -> bool {
    let feature = split.feature as usize;
    match (&matrix.columns()[feature], &split.test, features[feature]) {
        (Values::Numbers(values), Test::Below(_), _) if values[row].is_nan() => split.missing_left,
        (Values::Numbers(values), Test::Below(threshold), _) => values[row] < *threshold,
        (Values::Categories { codes, .. }, Test::Among(_), Feature::Category { count }) if codes[row] >= count => {
            split.missing_left
        }
        (Values::Categories { codes, .. }, Test::Among(set), _) => !set.contains(&codes[row]),
        _ => panic!("the column is of another kind than the test"),
    }
}
