//! Many tests at once.

/// The q-values of p-values: the smallest false-discovery rate at which each test is still called significant, in the order
/// given. A `NaN` (a test that could not be made) stays one and does not count.
///
/// Calling all tests with a q-value up to 0.05 keeps the expected share of false ones among those called at 5 % at most, for
/// tests that are independent or positively dependent.
///
/// Source: Y. Benjamini and Y. Hochberg (1995), Controlling the false discovery rate, JRSS B 57, 289–300; as adjusted p-values
/// in D. Yekutieli and Y. Benjamini (1999), JSPI 82, 171–196.
#[must_use]
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> =
        p_values.iter().enumerate().filter(|(_, p)| !p.is_nan()).map(|(index, _)| index).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let tests = order.len() as f64;
    let mut q_values = vec![f64::NAN; p_values.len()];
    let mut least = 1.0_f64;
    // From the largest p-value down: a smaller one is never less significant.
    for (rank, index) in order.iter().enumerate().rev() {
        least = least.min(p_values[*index] * tests / (rank as f64 + 1.0));
        // p · m / m may round to less than p.
        q_values[*index] = least.max(p_values[*index]);
    }
    q_values
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_example_of_the_paper() {
        // Benjamini & Hochberg (1995), section 3.2: 15 p-values, of which the first four are called at 5 %.
        let p_values = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.000,
        ];
        let q_values = benjamini_hochberg(&p_values);
        assert_eq!(q_values.iter().filter(|q| **q <= 0.05).count(), 4);
        // scipy 1.17 stats.false_discovery_control.
        for (index, expected) in
            [(0, 0.0015), (1, 0.003), (3, 0.035_625), (4, 0.0603), (7, 0.0645), (13, 0.813_214_285_714)]
        {
            assert!((q_values[index] - expected).abs() < 1e-11, "{index}: {}", q_values[index]);
        }
    }

    #[test]
    fn tests_that_could_not_be_made_do_not_count() {
        let q_values = benjamini_hochberg(&[0.04, f64::NAN, 0.01]);
        assert!(q_values[1].is_nan());
        assert_eq!((q_values[0], q_values[2]), (0.04, 0.02));
        assert!(benjamini_hochberg(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn q_values_follow_the_step_up_rule(p_values in prop::collection::vec(0.0_f64..=1.0, 1..60), rate in 0.01_f64..0.5) {
            // The rule as the paper states it: the largest rank k with p(k) ≤ k / m · rate, and all up to it.
            let mut sorted = p_values.clone();
            sorted.sort_by(f64::total_cmp);
            let m = sorted.len() as f64;
            let largest = (0..sorted.len()).rev().find(|k| sorted[*k] * m / (*k as f64 + 1.0) <= rate);
            let called = benjamini_hochberg(&p_values).iter().filter(|q| **q <= rate).count();
            prop_assert_eq!(called, largest.map_or(0, |k| k + 1));
        }

        #[test]
        fn q_values_keep_the_order_and_are_never_below_p(p_values in prop::collection::vec(0.0_f64..=1.0, 1..60)) {
            let q_values = benjamini_hochberg(&p_values);
            for (p, q) in p_values.iter().zip(&q_values) {
                prop_assert!(p <= q && *q <= 1.0);
                for (other_p, other_q) in p_values.iter().zip(&q_values) {
                    prop_assert!(p > other_p || q <= other_q);
                }
            }
        }
    }
}
