//! Rankings worked out by hand, and what holds for all of them.

use mercer_base::Seed;
use proptest::prelude::*;

use super::summary::{Experience, Measure, difference, estimate, of_experience};
use super::*;

fn all(_: u32) -> bool {
    true
}

#[test]
fn the_best_come_first_and_ties_by_number() {
    let scores = [0.5, f32::NAN, 2.0, 0.5, -1.0, 2.0];
    assert_eq!(top(&scores, 3, all), [(2, 2.0), (5, 2.0), (0, 0.5)]);
    assert_eq!(top(&scores, 3, |product| product != 2), [(5, 2.0), (0, 0.5), (3, 0.5)]);
    assert_eq!(top(&scores, 99, all).len(), 5);
    assert_eq!(top(&scores, 0, all), []);
    assert_eq!(top(&[-0.0, 0.0, f32::NEG_INFINITY], 3, all), [(0, 0.0), (1, 0.0), (2, f32::NEG_INFINITY)]);
}

#[test]
fn measures_as_worked_out_by_hand() {
    // The order is 3, 1, 4, 0, 2; wanted are the products at places 2 and 4.
    let scores = [0.2, 0.8, 0.1, 0.9, 0.4];
    let judged = Judged::of(&scores, &[0, 1], 3, all).unwrap();
    assert_eq!((judged.wanted, judged.hits), (2, 1));
    assert_eq!((judged.precision, judged.recall, judged.recall_of_possible), (1.0 / 3.0, 0.5, 0.5));
    assert_eq!(judged.reciprocal_rank, 0.5);
    // log2 of 3 is 1.5849625: (1 / 1.5849625) / (1 + 1 / 1.5849625).
    assert!((judged.ndcg - 0.386_852_807).abs() < 1e-9, "{}", judged.ndcg);
    // One place only, of two wanted: all that was possible when product 3 is not allowed.
    let judged = Judged::of(&scores, &[0, 1], 1, |product| product != 3).unwrap();
    assert_eq!((judged.recall, judged.recall_of_possible, judged.ndcg), (0.5, 1.0, 1.0));
}

#[test]
fn ties_count_against_the_ranking() {
    assert_eq!(places(&[0.0; 10], &[0, 4], all), [9, 10]);
    assert_eq!(Judged::of(&[0.0; 10], &[0], 9, all).unwrap().hits, 0);
    assert_eq!(places(&[1.0, 1.0, 0.5, 0.5, 2.0], &[0, 2], all), [3, 5]);
    assert_eq!(places(&[f32::NAN, 1.0, f32::NAN, 3.0], &[0, 1], all), [2, usize::MAX]);
}

#[test]
fn what_is_not_allowed_is_no_part_of_the_task() {
    assert_eq!(Judged::of(&[1.0, 2.0], &[1], 1, |product| product != 1), None);
    assert_eq!(Judged::of(&[1.0, 2.0], &[7], 1, all), None);
    assert_eq!(Judged::of(&[1.0, 2.0], &[1], 0, all), None);
    assert_eq!(Judged::of(&[], &[], 3, all), None);
}

#[test]
fn a_better_system_is_told_from_a_worse_one() {
    let judged = |place: usize| {
        let scores: Vec<f32> = (0..20_u8).map(|product| -f32::from(product)).collect();
        Judged::of(&scores, &[u32::try_from(place).unwrap()], 10, all).unwrap()
    };
    let good: Vec<Judged> = (0..60).map(|customer| judged(customer % 7)).collect();
    let bad: Vec<Judged> = (0..60).map(|customer| judged(customer % 20)).collect();
    let found = difference(&good, &bad, Measure::Recall, Seed(1)).unwrap();
    // All of the good lists hit; of the bad ones 3 × 10 of 60.
    assert_eq!((found.mean, found.customers), (0.5, 60));
    // The standard error of a half of 60 is .0645.
    assert!((found.low - 0.5 + 1.96 * 0.0645).abs() < 0.03, "{found:?}");
    assert!((found.high - 0.5 - 1.96 * 0.0645).abs() < 0.03, "{found:?}");
    assert_eq!(estimate(&bad, Measure::Hit, Seed(1)).unwrap().mean, 0.5);
    assert_eq!(difference(&good, &bad[1..], Measure::Ndcg, Seed(1)), None);
    assert_eq!(estimate(&[], Measure::Ndcg, Seed(1)), None);
}

#[test]
fn groups_part_all_customers() {
    let judged = Judged::of(&[1.0, 0.0], &[0], 1, all).unwrap();
    let orders = [0, 1, 2, 4, 5, 50];
    for (group, expected) in Experience::ALL.into_iter().zip([2, 2, 2]) {
        assert_eq!(of_experience(&[judged; 6], &orders, group).len(), expected);
    }
}

fn scores() -> impl Strategy<Value = Vec<f32>> {
    // Few values, so that there are many ties.
    prop::collection::vec((-3_i8..6).prop_map(|n| if n == -3 { f32::NAN } else { f32::from(n) }), 1..200)
}

proptest! {
    #[test]
    fn partial_selection_is_the_head_of_a_full_sort(scores in scores(), k in 0_usize..80, step in 1_u32..4) {
        let allowed = |product: u32| product.is_multiple_of(step);
        let mut sorted: Vec<(u32, f32)> =
            (0..).zip(scores.iter().copied()).filter(|(product, score)| !score.is_nan() && allowed(*product)).collect();
        sorted.sort_by(better);
        sorted.truncate(k);
        prop_assert_eq!(top(&scores, k, allowed), sorted);
    }

    #[test]
    fn measures_lie_between_0_and_1_and_never_above_a_list_that_breaks_ties_well(
        scores in scores(), wanted in prop::collection::vec(0_u32..200, 1..30), k in 1_usize..40,
    ) {
        let Some(judged) = Judged::of(&scores, &wanted, k, all) else { return Ok(()) };
        for measure in [Measure::Precision, Measure::Recall, Measure::RecallOfPossible, Measure::Ndcg, Measure::ReciprocalRank] {
            prop_assert!((0.0..=1.0 + 1e-12).contains(&measure.of(&judged)));
        }
        // Wanted products a little ahead of their equals: the same ranking, ties broken in its favour.
        let favoured: Vec<f32> = (0..).zip(&scores).map(|(p, s)| if wanted.contains(&p) { s + 0.5 } else { *s }).collect();
        let favoured = Judged::of(&favoured, &wanted, k, all).unwrap();
        prop_assert!(judged.hits <= favoured.hits && judged.ndcg <= favoured.ndcg + 1e-12);
        // No list of `k` by any order of ties hits less.
        let list = top(&scores, k, all);
        prop_assert!(judged.hits <= list.iter().filter(|(product, _)| wanted.contains(product)).count());
    }

    #[test]
    fn places_are_those_counted_one_by_one(scores in scores(), wanted in prop::collection::btree_set(0_u32..200, 1..30)) {
        let wanted: Vec<u32> = wanted.into_iter().filter(|product| (*product as usize) < scores.len()).collect();
        let last = u32::try_from(scores.len()).unwrap();
        let score = |product: u32| scores[product as usize];
        let place = |w: u32| {
            if score(w).is_nan() {
                return usize::MAX;
            }
            let others = (0..last).filter(|p| !wanted.contains(p) && score(*p) >= score(w)).count();
            let before = |p: u32| score(p) > score(w) || (score(p) == score(w) && p < w);
            others + wanted.iter().filter(|p| before(**p)).count() + 1
        };
        let mut slow: Vec<usize> = wanted.iter().map(|w| place(*w)).collect();
        slow.sort_unstable();
        prop_assert_eq!(places(&scores, &wanted, all), slow);
    }
}
