//! What every family promises: gradients are gradients, and nothing overflows.

use mercer_lifetime::family::{BgNbd, Family, History, MbgNbd, Nbd};
use proptest::prelude::*;

const FAMILIES: [&dyn Family; 3] = [&BgNbd, &MbgNbd, &Nbd];

/// Histories that break naive implementations: very frequent buyers, the shortest gaps, extreme units of time.
const EXTREME: [(f64, f64, f64); 8] = [
    (1e6, 100.0, 104.0),
    (1e6, 103.999_999, 104.0),
    (221.0, 103.4286, 103.5714),
    (1.0, 1e-9, 1e6),
    (0.0, 0.0, 0.0),
    (0.0, 0.0, 1e9),
    (5.0, 3e8, 3.1e8),
    (40.0, 1e-6, 2e-6),
];

const PARAMETERS: [[f64; 4]; 5] = [
    [0.24259, 4.41353, 0.79289, 2.42575],
    [1e-4, 1e-3, 1e-5, 1e-3],
    [1e5, 1e6, 1e4, 1e6],
    [0.5, 1e8, 1.0, 1e-4],
    [30.0, 2.0, 50.0, 0.5],
];

fn histories() -> impl Strategy<Value = History> {
    (0_u32..400, 0.0001_f64..1.0, 0.1_f64..200.0).prop_map(|(frequency, share, age)| {
        let recency = if frequency > 0 { share * age } else { 0.0 };
        History { frequency: f64::from(frequency), recency, age }
    })
}

fn ln_likelihood(family: &dyn Family, ln_parameters: &[f64], history: &History) -> f64 {
    let parameters: Vec<f64> = ln_parameters.iter().map(|value| value.exp()).collect();
    family.ln_likelihood(&parameters, history, 1.0, &mut vec![0.0; parameters.len()])
}

#[test]
fn extreme_histories_give_finite_values_in_their_range() {
    for family in FAMILIES {
        let size = family.parameters().len();
        for parameters in PARAMETERS.map(|all| all[..size].to_vec()) {
            for (frequency, recency, age) in EXTREME {
                let history = History { frequency, recency, age };
                let what = format!("{:?} {parameters:?} {history:?}", family.parameters());
                let mut gradient = vec![0.0; size];
                let value = family.ln_likelihood(&parameters, &history, 1.0, &mut gradient);
                assert!(
                    value.is_finite() && gradient.iter().all(|slope| slope.is_finite()),
                    "{what}: {value} {gradient:?}"
                );
                let alive = family.p_alive(&parameters, &history);
                assert!((0.0..=1.0).contains(&alive), "{what}: {alive}");
                let ahead = family.expected_purchases(&parameters, &history, 39.0);
                assert!(ahead.is_finite() && ahead >= 0.0, "{what}: {ahead}");
            }
            let first = family.expected_since_first(&parameters, 52.0);
            assert!(first.is_finite() && first > 0.0, "{parameters:?}: {first}");
        }
    }
}

#[test]
fn only_bg_nbd_is_sure_of_one_time_buyers() {
    let once = History { frequency: 0.0, recency: 0.0, age: 30.0 };
    let parameters = [0.5, 6.0, 0.9, 1.6];
    assert_eq!(BgNbd.p_alive(&parameters, &once), 1.0);
    // b / (a + b) right after the first purchase; by Bayes' rule, with the chance (α/(α+T))^r of not buying while here.
    let (here, silent): (f64, f64) = (1.6 / 2.5, (6.0_f64 / 36.0).sqrt());
    let expected = here * silent / (here * silent + 1.0 - here);
    assert!((MbgNbd.p_alive(&parameters, &once) - expected).abs() < 1e-14);
}

#[test]
fn expectations_start_at_nothing_and_grow_ever_more_slowly() {
    for family in FAMILIES {
        let parameters = &[0.5, 6.0, 0.9, 1.6][..family.parameters().len()];
        let at = |time: f64| family.expected_since_first(parameters, time);
        assert_eq!(at(0.0), 0.0);
        assert!(at(10.0) > 0.0 && at(20.0) > at(10.0) && at(20.0) - at(10.0) <= at(10.0) + 1e-12);
        // One who has just bought first is one with an empty history, apart from leaving right then.
        let new = History { frequency: 0.0, recency: 0.0, age: 0.0 };
        assert!((family.expected_purchases(parameters, &new, 20.0) - at(20.0)).abs() < 1e-12);
    }
}

proptest! {
    #[test]
    fn gradients_agree_with_central_differences(
        history in histories(), r in 0.05_f64..5.0, alpha in 0.1_f64..50.0, a in 0.05_f64..5.0, b in 0.05_f64..8.0, weight in 0.5_f64..3.0,
    ) {
        for family in FAMILIES {
            let parameters = &[r, alpha, a, b][..family.parameters().len()];
            let theta: Vec<f64> = parameters.iter().map(|value| value.ln()).collect();
            let mut gradient = vec![0.0; theta.len()];
            let value = family.ln_likelihood(parameters, &history, weight, &mut gradient);
            prop_assert!((value - ln_likelihood(family, &theta, &history)).abs() < 1e-9 * (1.0 + value.abs()));
            for unknown in 0..theta.len() {
                let step = 1e-4;
                let beside = |side: f64| {
                    let mut moved = theta.clone();
                    moved[unknown] += side * step;
                    ln_likelihood(family, &moved, &history)
                };
                let slope = weight * (beside(1.0) - beside(-1.0)) / (2.0 * step);
                // Truncation is step²/6 times a third derivative of the order of the frequency; rounding 1e-16 / step of the value.
                let tolerance = 1e-6 * (1.0 + history.frequency) + 1e-11 * value.abs();
                prop_assert!((slope - gradient[unknown]).abs() < tolerance, "{} {slope} {}", family.parameters()[unknown], gradient[unknown]);
            }
        }
    }

    #[test]
    fn the_fast_sum_is_the_sum(mut customers in proptest::collection::vec((histories(), 0.5_f64..3.0), 1..40)) {
        customers.sort_by(|x, y| x.0.frequency.total_cmp(&y.0.frequency));
        let (histories, weights): (Vec<History>, Vec<f64>) = customers.into_iter().unzip();
        for family in FAMILIES {
            let parameters = &[0.5, 6.0, 0.9, 1.6][..family.parameters().len()];
            let (mut fast, mut slow) = (vec![0.0; parameters.len()], vec![0.0; parameters.len()]);
            let sum = family.sum_ln_likelihood(parameters, &histories, &weights, &mut fast);
            let one_by_one: f64 = histories.iter().zip(&weights)
                .map(|(history, weight)| weight * family.ln_likelihood(parameters, history, *weight, &mut slow)).sum();
            prop_assert!((sum - one_by_one).abs() <= 1e-12 * one_by_one.abs());
            prop_assert!(fast.iter().zip(&slow).all(|(x, y)| (x - y).abs() <= 1e-11 * (1.0 + y.abs())));
        }
    }

    #[test]
    fn alive_and_expectations_stay_in_their_range(history in histories(), a in 0.01_f64..5.0, b in 0.01_f64..8.0, ahead in 0.0_f64..500.0) {
        for family in FAMILIES {
            let parameters = &[0.3, 5.0, a, b][..family.parameters().len()];
            let alive = family.p_alive(parameters, &history);
            let expected = family.expected_purchases(parameters, &history, ahead);
            // Nobody buys more than one who never leaves.
            let never_leaves = (0.3 + history.frequency) / (5.0 + history.age) * ahead;
            prop_assert!((0.0..=1.0).contains(&alive));
            prop_assert!(expected >= 0.0 && expected <= never_leaves * (1.0 + 1e-9), "{expected} {never_leaves}");
        }
    }
}
