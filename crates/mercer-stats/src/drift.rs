//! How far a distribution has moved between two samples.

use crate::quantile;

/// Least share of a class in the index, so that its logarithm stays finite: a class that is empty counts as one row in 10,000.
pub const LEAST_SHARE: f64 = 1e-4;

/// The population stability index of two sets of shares of the same classes: `Σ (p − q) ln (p / q)`.
///
/// By custom, below 0.1 is stable and above 0.25 is shifted. Never negative; symmetric. Shares below [`LEAST_SHARE`] count
/// as that. `NaN` where a share is missing or the lengths differ.
///
/// It is Jeffreys' divergence of the two; in credit scoring: Siddiqi (2006), Credit Risk Scorecards, chapter 8.
#[must_use]
pub fn population_stability_index(before: &[f64], after: &[f64]) -> f64 {
    if before.len() != after.len() || before.iter().chain(after).any(|share| share.is_nan()) {
        return f64::NAN;
    }
    let term = |(p, q): (&f64, &f64)| {
        let (p, q) = (p.max(LEAST_SHARE), q.max(LEAST_SHARE));
        (p - q) * (p / q).ln()
    };
    before.iter().zip(after).map(term).sum()
}

/// The index of two samples of a number, over tenths of the first one's values; `NaN` values are a class of their own.
///
/// Tenths that fall together, as where many values are the same, are one class. `NaN` where a sample is empty. By chance alone the
/// index of two samples of `n` and `m` rows is about `9 (1/n + 1/m)`: 0.18 for 100 rows each, which means nothing.
#[must_use]
pub fn of_numbers(before: &[f64], after: &[f64]) -> f64 {
    let mut sorted: Vec<f64> = before.iter().copied().filter(|value| !value.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut cuts: Vec<f64> = Vec::new();
    if !sorted.is_empty() {
        // A cut is the end of its class, so the largest value parts nothing: what lies below it is a class where it fills tenths.
        let largest = sorted.last().copied();
        let below = sorted.partition_point(|value| Some(*value) < largest).checked_sub(1).and_then(|at| sorted.get(at));
        cuts.extend((1..10).map(|tenth| quantile(&sorted, f64::from(tenth) / 10.0)).filter(|cut| Some(*cut) < largest));
        if cuts.len() < 9 {
            cuts.extend(below);
        }
        cuts.dedup();
    }
    let missing = cuts.len() + 1;
    let class = |value: &f64| if value.is_nan() { missing } else { cuts.partition_point(|cut| cut < value) };
    let shares = |values: &[f64]| shares(values.iter().map(class), missing + 1);
    population_stability_index(&shares(before), &shares(after))
}

/// The index of two samples of a category with `levels` codes from 0; higher codes (missing, new) are one class of their own.
/// `NaN` where a sample is empty.
#[must_use]
pub fn of_categories(before: &[u32], after: &[u32], levels: u32) -> f64 {
    let shares = |codes: &[u32]| shares(codes.iter().map(|code| (*code).min(levels) as usize), levels as usize + 1);
    population_stability_index(&shares(before), &shares(after))
}

/// The share of each class; missing where there is no row.
fn shares(classes: impl Iterator<Item = usize>, count: usize) -> Vec<f64> {
    let (mut counts, mut rows) = (vec![0_usize; count], 0_usize);
    for class in classes {
        if let Some(rows) = counts.get_mut(class) {
            *rows += 1;
        }
        rows += 1;
    }
    counts.into_iter().map(|count| count as f64 / rows as f64).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn is_what_the_formula_says() {
        // Σ (p − q) ln (p / q), summed in Python.
        let found = population_stability_index(&[0.1, 0.2, 0.3, 0.4], &[0.25; 4]);
        assert!((found - 0.228_217_409_573_391_8).abs() < 1e-15, "{found}");
        assert!(population_stability_index(&[1.0], &[0.5, 0.5]).is_nan());
        assert!(population_stability_index(&[1.0], &[f64::NAN]).is_nan());
        // An empty class counts as one in 10,000.
        let expected = (0.5 - 1e-4) * (0.5_f64 / 1e-4).ln() + (0.5 - 1.0) * 0.5_f64.ln();
        assert!((population_stability_index(&[0.5, 0.5], &[0.0, 1.0]) - expected).abs() < 1e-12);
    }

    #[test]
    fn numbers_are_classed_by_tenths_of_the_first_sample() {
        let base: Vec<f64> = (0..1_000).map(f64::from).collect();
        assert!(of_numbers(&base, &base).abs() < 1e-12);
        let shifted: Vec<f64> = base.iter().map(|value| value + 400.0).collect();
        assert!(of_numbers(&base, &shifted) > 0.25);
        // All of the second sample in the lowest tenth: the other nine are empty there.
        let expected = 9.0 * (0.1 - 1e-4) * (0.1_f64 / 1e-4).ln() + (0.1 - 1.0) * 0.1_f64.ln();
        assert!((of_numbers(&base, &[5.0; 10]) - expected).abs() < 1e-9);
    }

    #[test]
    fn a_number_that_is_mostly_its_largest_value_is_two_classes() {
        // 95 % have 999 before, 60 % after: .95 against .6, and .05 against .4.
        let sample = |most: u32| -> Vec<f64> {
            (0..1_000).map(|row| if row < most { 999.0 } else { f64::from(row % 20) }).collect()
        };
        let (before, after) = (sample(950), sample(600));
        let expected = (0.95 - 0.6) * (0.95_f64 / 0.6).ln() + (0.05 - 0.4) * (0.05_f64 / 0.4).ln();
        assert!((of_numbers(&before, &after) - expected).abs() < 1e-9, "{}", of_numbers(&before, &after));
    }

    #[test]
    fn missing_values_are_a_class() {
        let base: Vec<f64> = (0..1_000).map(f64::from).collect();
        let half: Vec<f64> = base.iter().map(|value| if *value % 2.0 == 0.0 { f64::NAN } else { *value }).collect();
        // Every tenth keeps half of its rows (0.1 against 0.05), and missing goes from nothing to half.
        let expected = 10.0 * 0.05 * 2.0_f64.ln() + (0.5 - 1e-4) * (0.5_f64 / 1e-4).ln();
        assert!((of_numbers(&base, &half) - expected).abs() < 1e-9);
        assert!(of_numbers(&[f64::NAN; 5], &[f64::NAN; 9]).abs() < 1e-12);
        assert!(of_numbers(&[], &base).is_nan() && of_numbers(&base, &[]).is_nan());
        assert!(of_categories(&[0, 1, u32::MAX], &[9, 0, 1], 2).abs() < 1e-12);
        assert!(of_categories(&[0, 0, 1], &[0, 0, 7], 2) > 0.25);
        assert!(of_categories(&[], &[1], 2).is_nan());
    }

    proptest! {
        #[test]
        fn is_never_negative_and_has_no_direction(classes in prop::collection::vec((0.0_f64..1.0, 0.0_f64..1.0), 1..9)) {
            let (p, q): (Vec<f64>, Vec<f64>) = classes.into_iter().unzip();
            let found = population_stability_index(&p, &q);
            prop_assert!(found >= 0.0);
            prop_assert!((found - population_stability_index(&q, &p)).abs() < 1e-12);
        }
    }
}
