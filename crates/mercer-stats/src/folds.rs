//! Dividing rows into folds for cross-validation.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use mercer_base::Seed;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// The fold of each row, `0..folds`, with each class (and all rows) spread over the folds to within one row.
///
/// Which rows of a class go where is left to chance, by `seed`. No folds count as one.
#[must_use]
pub fn stratified(classes: &[u32], folds: u32, seed: Seed) -> Vec<u32> {
    let mut order: Vec<usize> = (0..classes.len()).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed.split("stratified folds").0));
    order.sort_by_key(|row| classes[*row]);
    let mut fold_of = vec![0; classes.len()];
    // Classes follow one another, so that a class begins where the one before it ended.
    for (row, fold) in order.into_iter().zip((0..folds.max(1)).cycle()) {
        fold_of[row] = fold;
    }
    fold_of
}

/// The fold of each row, `0..folds`, with all rows of a group in one fold and folds of about equal size.
///
/// Groups are dealt by falling size, each to the fold that has the fewest rows; groups of the same size in random order, by
/// `seed`. Sizes differ by at most that of the largest group. No folds count as one.
#[must_use]
pub fn grouped(groups: &[u32], folds: u32, seed: Seed) -> Vec<u32> {
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_unstable_by_key(|row| (groups[*row], *row));
    let mut members: Vec<&[usize]> = order.chunk_by(|a, b| groups[*a] == groups[*b]).collect();
    members.shuffle(&mut ChaCha8Rng::seed_from_u64(seed.split("grouped folds").0));
    members.sort_by_key(|rows| Reverse(rows.len()));
    let mut sizes: BinaryHeap<Reverse<(usize, u32)>> = (0..folds.max(1)).map(|fold| Reverse((0, fold))).collect();
    let mut fold_of = vec![0; groups.len()];
    for rows in members {
        let Some(Reverse((size, fold))) = sizes.pop() else { break };
        for row in rows {
            fold_of[*row] = fold;
        }
        sizes.push(Reverse((size + rows.len(), fold)));
    }
    fold_of
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sizes(fold_of: impl Iterator<Item = u32>, folds: u32) -> Vec<usize> {
        let mut sizes = vec![0; folds as usize];
        fold_of.for_each(|fold| sizes[fold as usize] += 1);
        sizes
    }

    fn spread(sizes: &[usize]) -> usize {
        sizes.iter().max().unwrap() - sizes.iter().min().unwrap()
    }

    #[test]
    fn chance_comes_from_the_seed() {
        let classes = vec![0; 100];
        assert_eq!(stratified(&classes, 5, Seed(1)), stratified(&classes, 5, Seed(1)));
        assert_ne!(stratified(&classes, 5, Seed(1)), stratified(&classes, 5, Seed(2)));
        let groups: Vec<u32> = (0..100).map(|row| row / 2).collect();
        assert_eq!(grouped(&groups, 5, Seed(1)), grouped(&groups, 5, Seed(1)));
        assert_ne!(grouped(&groups, 5, Seed(1)), grouped(&groups, 5, Seed(2)));
        assert_eq!(stratified(&[1, 2, 3], 0, Seed(1)), [0; 3]);
        assert_eq!(grouped(&[1, 2, 3], 0, Seed(1)), [0; 3]);
    }

    proptest! {
        #[test]
        fn classes_are_spread_to_within_a_row(classes in prop::collection::vec(0_u32..4, 1..200), folds in 1_u32..12, seed in any::<u64>()) {
            let fold_of = stratified(&classes, folds, Seed(seed));
            prop_assert!(spread(&sizes(fold_of.iter().copied(), folds)) <= 1);
            for class in 0..4 {
                let of_class = fold_of.iter().zip(&classes).filter(|row| *row.1 == class).map(|row| *row.0);
                prop_assert!(spread(&sizes(of_class, folds)) <= 1);
            }
        }

        #[test]
        fn groups_stay_together(groups in prop::collection::vec(0_u32..40, 1..200), folds in 1_u32..8, seed in any::<u64>()) {
            let fold_of = grouped(&groups, folds, Seed(seed));
            for (group, fold) in groups.iter().zip(&fold_of) {
                prop_assert!(groups.iter().zip(&fold_of).all(|(other, of)| other != group || of == fold));
            }
            let largest = groups.iter().map(|group| groups.iter().filter(|other| *other == group).count()).max().unwrap();
            prop_assert!(spread(&sizes(fold_of.iter().copied(), folds)) <= largest);
        }
    }
}
