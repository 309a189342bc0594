//! Whole arrangements, worked out by hand.

use proptest::prelude::*;

use super::boost::margin_ranks;
use super::*;

const SCORED: [(u32, f32); 6] = [(0, 0.5), (1, 0.9), (2, 0.8), (3, 0.7), (4, 0.6), (5, f32::NAN)];

/// Products 0 and 1 are alike, 2 and 3, 4 and 5.
fn twins(a: u32, b: u32) -> f32 {
    f32::from(u8::from(a / 2 == b / 2))
}

fn arranged(arrangement: &Arrangement, facts: &Facts<'_>, recipient: &Recipient<'_>, k: usize) -> Vec<Placed> {
    arrangement.check().unwrap();
    arrangement.arrange(&SCORED, facts, &margin_ranks(facts.margin), recipient, twins, k)
}

fn brief(placed: &[Placed]) -> Vec<(u32, Option<(usize, Cause)>)> {
    placed.iter().map(|placed| (placed.product, placed.why_moved.map(|moved| (moved.from, moved.by)))).collect()
}

#[test]
fn the_default_changes_nothing() {
    let placed = arranged(&Arrangement::default(), &Facts::default(), &Recipient::default(), 9);
    assert_eq!(brief(&placed), [(1, None), (2, None), (3, None), (4, None), (0, None)]);
    assert_eq!(placed[0].score, 0.9);
}

#[test]
fn each_step_names_itself_as_the_cause() {
    let hidden = Recipient { hidden: &[1], ..Recipient::default() };
    let placed = arranged(&Arrangement::default(), &Facts::default(), &hidden, 2);
    assert_eq!(brief(&placed), [(2, Some((2, Cause::Eligibility))), (3, Some((3, Cause::Eligibility)))]);

    let facts = Facts { margin: &[9.0, 1.0, 2.0, 3.0, 4.0, 5.0], ..Facts::default() };
    let by_margin = Arrangement { margin_weight: 1.0, ..Arrangement::default() };
    // Raised: .5·2, .9, .8·1.2, .7·1.4, .6·1.6.
    let placed = arranged(&by_margin, &facts, &Recipient::default(), 9);
    let margin = |from| Some((from, Cause::Margin));
    assert_eq!(brief(&placed), [(0, margin(5)), (3, margin(3)), (2, margin(2)), (4, None), (1, margin(1))]);
    // The score stays the one it came with.
    assert_eq!(placed[0].score, 0.5);

    let rotated = Arrangement { rotation: Rotation::Shown { strength: 0.5, decay: 1.0 }, ..Arrangement::default() };
    let shown = Recipient { shown: &[vec![1]], ..Recipient::default() };
    let placed = arranged(&rotated, &Facts::default(), &shown, 1);
    assert_eq!(brief(&placed), [(2, Some((2, Cause::Rotation)))]);

    let varied = Arrangement { variety: Variety { weight: 0.5, most_per_category: None }, ..Arrangement::default() };
    // Relevance is 1, .75, .5, .25 and 0. After 1 comes 2 with .375, then 4 with .125 before 3 with .25 - .5.
    let placed = arranged(&varied, &Facts::default(), &Recipient::default(), 4);
    let variety = |from| Some((from, Cause::Variety));
    assert_eq!(brief(&placed), [(1, None), (2, None), (4, variety(4)), (3, variety(3))]);
}

#[test]
fn consent_and_categories_hold_together() {
    let facts = Facts { category: &[0, 1, 0, 1, 0], ..Facts::default() };
    let rules = Rules { consent_categories: vec![1], ..Rules::default() };
    let variety = Variety { weight: 0.0, most_per_category: Some(1) };
    let arrangement = Arrangement { rules, variety, ..Arrangement::default() };
    let without = arranged(&arrangement, &facts, &Recipient::default(), 9);
    assert_eq!(brief(&without), [(2, Some((2, Cause::Eligibility)))]);
    let with = arranged(&arrangement, &facts, &Recipient { consented: &[1], ..Recipient::default() }, 9);
    assert_eq!(brief(&with), [(1, None), (2, None)]);
}

#[test]
fn settings_outside_their_bounds_are_named() {
    let wrong = [
        (Arrangement { margin_weight: -1.0, ..Default::default() }, "margin_weight"),
        (Arrangement { margin_weight: f32::NAN, ..Default::default() }, "margin_weight"),
        (Arrangement { variety: Variety { weight: 1.5, most_per_category: None }, ..Default::default() }, "variety"),
        (Arrangement { rotation: Rotation::Turns { sends: 2, strength: 2.0 }, ..Default::default() }, "strength"),
        (Arrangement { rotation: Rotation::Shown { strength: 0.5, decay: -0.1 }, ..Default::default() }, "decay"),
        (Arrangement { bought: Bought::HideFor(-1.0), ..Default::default() }, "bought"),
    ];
    for (arrangement, name) in wrong {
        let error = arrangement.check().unwrap_err();
        assert!(error.message().contains(name) && error.hint().is_some(), "{error:?}");
    }
}

proptest! {
    #[test]
    fn a_list_holds_allowed_products_once_and_the_order_given_does_not_matter(
        scores in prop::collection::vec(-1.0_f32..1.0, 0..25), k in 0_usize..12, weight in 0.0_f32..=1.0,
        hidden in prop::collection::btree_set(0_u32..25, 0..8), send in 0_u64..9,
    ) {
        let scored: Vec<(u32, f32)> = (0..).zip(scores).collect();
        let hidden: Vec<u32> = hidden.into_iter().collect();
        let margins: Vec<f32> = (0_u8..25).map(|product| f32::from(product * 7 % 5)).collect();
        let arrangement = Arrangement {
            margin_weight: weight,
            variety: Variety { weight, most_per_category: None },
            rotation: Rotation::Turns { sends: 3, strength: weight },
            ..Arrangement::default()
        };
        let recipient = Recipient { hidden: &hidden, send, ..Recipient::default() };
        let ranks = margin_ranks(&margins);
        let list = |scored: &[(u32, f32)]| {
            arrangement.arrange(scored, &Facts::default(), &ranks, &recipient, twins, k)
        };
        let placed = list(&scored);
        let reversed: Vec<(u32, f32)> = scored.iter().rev().copied().collect();
        prop_assert_eq!(&placed, &list(&reversed));
        let offered: Vec<u32> = scored.iter().map(|(product, _)| *product).filter(|p| !hidden.contains(p)).collect();
        prop_assert_eq!(placed.len(), k.min(offered.len()));
        let mut products: Vec<u32> = placed.iter().map(|placed| placed.product).collect();
        prop_assert!(products.iter().all(|product| offered.contains(product)));
        products.sort_unstable();
        products.dedup();
        prop_assert_eq!(products.len(), placed.len());
        for placed in placed {
            prop_assert_eq!(placed.score, scored[placed.product as usize].1);
        }
    }
}
