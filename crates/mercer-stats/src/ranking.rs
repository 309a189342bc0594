//! How well a score ranks.

/// Area under the ROC curve: the chance that a random row with the outcome has a higher score than a random one without it;
/// ties count half. `None` where all or no rows have the outcome, or a score is missing.
///
/// Equal to the Mann–Whitney U statistic divided by the number of pairs.
#[must_use]
pub fn area_under_roc(scores: &[f64], outcomes: &[bool]) -> Option<f64> {
    if scores.len() != outcomes.len() || scores.iter().any(|score| score.is_nan()) {
        return None;
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_unstable_by(|a, b| scores[*a].total_cmp(&scores[*b]));
    let positives = outcomes.iter().filter(|outcome| **outcome).count() as f64;
    let negatives = scores.len() as f64 - positives;
    if positives == 0.0 || negatives == 0.0 {
        return None;
    }
    let (mut below, mut wins) = (0.0, 0.0);
    let mut rest = order.as_slice();
    while let Some(first) = rest.first() {
        let ties = rest.partition_point(|row| scores[*row] == scores[*first]);
        let (tied, higher) = rest.split_at(ties.max(1));
        let with = tied.iter().filter(|row| outcomes[**row]).count() as f64;
        let without = tied.len() as f64 - with;
        wins += with * (below + without / 2.0);
        below += without;
        rest = higher;
    }
    Some(wins / (positives * negatives))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn extremes_and_ties() {
        let outcomes = [false, false, true, true];
        assert_eq!(area_under_roc(&[1.0, 2.0, 3.0, 4.0], &outcomes), Some(1.0));
        assert_eq!(area_under_roc(&[4.0, 3.0, 2.0, 1.0], &outcomes), Some(0.0));
        assert_eq!(area_under_roc(&[1.0; 4], &outcomes), Some(0.5));
        assert_eq!(area_under_roc(&[1.0, 2.0], &[true, true]), None);
        assert_eq!(area_under_roc(&[0.0, -0.0], &[true, false]), Some(0.5));
    }

    proptest! {
        #[test]
        fn equals_the_share_of_pairs(rows in prop::collection::vec((0_u8..6, any::<bool>()), 2..40)) {
            let scores: Vec<f64> = rows.iter().map(|row| f64::from(row.0)).collect();
            let outcomes: Vec<bool> = rows.iter().map(|row| row.1).collect();
            let mut pairs = Vec::new();
            for (score, _) in rows.iter().filter(|row| row.1) {
                for (other, _) in rows.iter().filter(|row| !row.1) {
                    pairs.push(if score > other { 1.0 } else if score == other { 0.5 } else { 0.0 });
                }
            }
            let expected = (!pairs.is_empty()).then(|| pairs.iter().sum::<f64>() / pairs.len() as f64);
            match (area_under_roc(&scores, &outcomes), expected) {
                (Some(found), Some(expected)) => prop_assert!((found - expected).abs() < 1e-12),
                (found, expected) => prop_assert_eq!(found, expected),
            }
        }
    }
}
