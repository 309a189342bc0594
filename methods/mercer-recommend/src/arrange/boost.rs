//! Products that earn more step forward.

/// Where each margin stands among all, from 0 (the lowest) to 1 (the highest); equal ones share the middle of their places, and
/// `NaN` (not known) is 0. All 0 where there is one margin at most.
pub(crate) fn margin_ranks(margins: &[f32]) -> Vec<f32> {
    let mut known: Vec<f32> = margins.iter().copied().filter(|margin| !margin.is_nan()).collect();
    known.sort_unstable_by(f32::total_cmp);
    let Some(last) = known.len().checked_sub(1).filter(|last| *last > 0) else { return vec![0.0; margins.len()] };
    let rank = |margin: &f32| {
        if margin.is_nan() {
            return 0.0;
        }
        let below = known.partition_point(|other| other < margin);
        let up_to = known.partition_point(|other| other <= margin);
        // The mean of the places from `below` to `up_to - 1`, by the last place.
        (below + up_to).saturating_sub(1) as f32 / (2 * last) as f32
    };
    margins.iter().map(rank).collect()
}

/// Multiplies each score by `1 + weight · rank`, and divides where the score is below 0, so that a margin always raises it.
/// `ranks` are those of [`margin_ranks`], one a product; products beyond them keep their score. The list is not sorted again.
pub(crate) fn boost_by_margin(scored: &mut [(u32, f32)], ranks: &[f32], weight: f32) {
    for (product, score) in scored {
        let factor = 1.0 + weight * ranks.get(*product as usize).copied().unwrap_or(0.0);
        if *score < 0.0 {
            *score /= factor;
        } else {
            *score *= factor;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranks_and_boosts_as_worked_out_by_hand() {
        let ranks = margin_ranks(&[0.2, 0.5, f32::NAN, 0.2, 0.9]);
        // Places 0 and 1 are shared, then 2 and 3, of 3.
        assert_eq!(ranks, [0.5 / 3.0, 2.0 / 3.0, 0.0, 0.5 / 3.0, 1.0]);
        let mut scored = [(4, 2.0), (2, 2.0), (4, -2.0), (9, 3.0)];
        boost_by_margin(&mut scored, &ranks, 0.25);
        assert_eq!(scored, [(4, 2.5), (2, 2.0), (4, -1.6), (9, 3.0)]);
        assert_eq!(margin_ranks(&[0.3, f32::NAN]), [0.0, 0.0]);
    }

    proptest! {
        #[test]
        fn no_weight_changes_nothing_and_a_boost_never_lowers(
            scores in prop::collection::vec(-5.0_f32..5.0, 0..30), margins in prop::collection::vec(-1.0_f32..1.0, 0..30),
            weight in 0.0_f32..3.0,
        ) {
            let scored: Vec<(u32, f32)> = (0..).zip(scores).collect();
            let ranks = margin_ranks(&margins);
            prop_assert!(ranks.iter().all(|rank| (0.0..=1.0).contains(rank)));
            let (mut same, mut raised) = (scored.clone(), scored.clone());
            boost_by_margin(&mut same, &ranks, 0.0);
            boost_by_margin(&mut raised, &ranks, weight);
            prop_assert_eq!(&same, &scored);
            prop_assert!(raised.iter().zip(&scored).all(|(raised, plain)| raised.1 >= plain.1));
        }
    }
}
