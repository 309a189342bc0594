//! The model on journeys drawn from it, and against a likelihood worked out otherwise.
#![cfg(test)]

use mercer_base::{ErrorKind, Seed};
use mercer_testkit::assert_error;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::credit::assert_adds_up;
use crate::made_up::{any_paths, paths};

/// Journeys of customers who are touched at random times within `span` days of the first and observed to the conversion or to
/// day `end`; and how many conversions each channel caused in truth, the baseline last.
pub(crate) fn drawn(rates: &Rates, customers: u32, touch_rate: f64, end: f64, seed: u64) -> (Paths, Vec<f64>) {
    let channels = rates.effect.len();
    let mut all =
        Paths { starts: vec![0], days_before_end: Some(Vec::new()), customers: Some(Vec::new()), ..Paths::default() };
    all.channels = (0..channels).map(|code| format!("c{code}")).collect();
    let mut truth = vec![0.0; channels + 1];
    for customer in 0..customers {
        let mut dice = ChaCha8Rng::seed_from_u64(Seed(seed).nth(u64::from(customer)).0);
        let mut wait = |rate: f64| -(1.0 - dice.random::<f64>()).ln() / rate;
        let mut touches: Vec<(f64, u32)> = Vec::new();
        for channel in 0..u32::try_from(channels).unwrap() {
            let mut time = wait(touch_rate);
            while time < end {
                touches.push((time, channel));
                time += wait(touch_rate);
            }
        }
        touches.sort_by(|a, b| a.0.total_cmp(&b.0));
        let Some((first, _)) = touches.first().copied() else { continue };
        // Each cause brings its first conversion by its own clock: the inverse of its expected number.
        let mut earliest = (first + wait(rates.baseline), channels);
        for (time, channel) in &touches {
            let (effect, decay) = (rates.effect[*channel as usize], rates.decay[*channel as usize]);
            let left = 1.0 - wait(1.0) / (effect * decay);
            if left > 0.0 && time - decay * left.ln() < earliest.0 {
                earliest = (time - decay * left.ln(), *channel as usize);
            }
        }
        let converts = earliest.0 < end;
        let stop = earliest.0.min(end);
        for (time, channel) in touches.iter().filter(|(time, _)| *time <= stop) {
            all.touches.push(*channel);
            #[expect(clippy::cast_possible_truncation, reason = "days need no more digits")]
            all.days_before_end.as_mut().unwrap().push((stop - time) as f32);
        }
        if converts {
            truth[earliest.1] += 1.0;
        }
        all.starts.push(all.touches.len());
        all.conversions.push(f64::from(u8::from(converts)));
        all.value.push(f64::from(u8::from(converts)) * 3.0);
        all.nulls.push(f64::from(u8::from(!converts)));
        all.customers.as_mut().unwrap().push(customer);
    }
    (all, truth)
}

fn rates() -> Rates {
    Rates { baseline: 0.004, effect: vec![0.05, 0.01, 0.02, 0.000_01], decay: vec![1.0, 8.0, 3.0, 3.0] }
}

#[test]
fn known_causes_and_decays_are_found() {
    let (all, truth) = drawn(&rates(), 40_000, 0.06, 40.0, 3);
    let (hazard, credit) = Hazard::fit(&all).unwrap();
    assert!(hazard.converged, "{hazard:?}");
    assert_adds_up(&all, &credit);
    let conversions = all.total_conversions();
    // Shares of about 8,000 conversions; causes overlap, so that shares are known to about .015.
    for (found, truth) in credit.conversions.iter().chain([&credit.baseline_conversions]).zip(&truth) {
        assert!((found - truth).abs() < 0.04 * conversions, "{:?} {truth:?}", credit.conversions);
    }
    for (found, truth) in hazard.rates.decay.iter().zip(&rates().decay).take(3) {
        assert!((found / truth).ln().abs() < 0.35, "{:?}", hazard.rates);
    }
}

#[test]
fn no_rate_is_more_likely_nearby() {
    // The penalised log-likelihood, from the rates and times themselves.
    let (all, _) = drawn(&rates(), 3_000, 0.06, 40.0, 4);
    let (hazard, _) = Hazard::fit(&all).unwrap();
    let likelihood = |rates: &Rates| -> f64 {
        let days = all.days_before_end.as_ref().unwrap();
        let of_path = |path: usize| {
            let (mut rate, mut sum) =
                (rates.baseline, rates.baseline * f64::from(days[all.range(path).start].max(0.01)));
            for touch in all.range(path) {
                let (code, day) = (all.touches[touch] as usize, f64::from(days[touch].max(0.01)));
                rate += rates.effect[code] * (-day / rates.decay[code]).exp();
                sum += rates.effect[code] * rates.decay[code] * (1.0 - (-day / rates.decay[code]).exp());
            }
            all.conversions[path] * rate.ln() - sum
        };
        let penalty: f64 =
            rates.decay.iter().map(|decay| ((decay / hazard.common_decay).ln() / 0.7).powi(2) / 2.0).sum();
        let common = (hazard.common_decay / 3.0).ln().powi(2) / 2.0;
        (0..all.len()).map(of_path).sum::<f64>() - penalty - common
    };
    let best = likelihood(&hazard.rates);
    // Times in classes differ from their means by half a per cent, which all but cancels.
    assert!((best - hazard.objective).abs() < 1e-3, "{best} {}", hazard.objective);
    for index in 0..9 {
        for factor in [0.95, 1.05] {
            let mut other = hazard.rates.clone();
            let all_rates = [&mut other.baseline].into_iter().chain(&mut other.effect).chain(&mut other.decay);
            if let Some(rate) = all_rates.into_iter().nth(index) {
                *rate *= factor;
            }
            assert!(
                likelihood(&other) < best + 1e-3,
                "rate {index} times {factor}: {} over {best}",
                likelihood(&other)
            );
        }
    }
}

#[test]
fn times_are_needed() {
    let error = Hazard::fit(&paths(&["a > b;1;1;0"])).unwrap_err();
    assert_error(&error, ErrorKind::Data, &["when each touch was"]);
}

#[test]
fn a_late_touch_of_a_quick_channel_has_the_credit() {
    let (all, _) = drawn(&rates(), 20_000, 0.06, 40.0, 5);
    let (hazard, _) = Hazard::fit(&all).unwrap();
    let mut two = paths(&["c0 > c0;1;1;0"]);
    two.channels = all.channels;
    two.days_before_end = Some(vec![10.25, 0.25]);
    let shares = hazard.shares(&Observed::new(&two).unwrap(), &two);
    assert!(shares[0] < 0.01 && shares[1] > 0.7, "{shares:?}");
}

#[test]
fn the_same_at_any_thread_count() {
    let (all, _) = drawn(&rates(), 5_000, 0.06, 40.0, 6);
    mercer_testkit::assert_same_at_any_thread_count(|| Hazard::fit(&all).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_journeys_can_be_divided(all in any_paths(4), days in prop::collection::vec(0_u8..40, 400)) {
        let mut all = all;
        let mut times = Vec::new();
        for path in 0..all.len() {
            let mut own: Vec<f32> = all.range(path).map(|touch| f32::from(days[touch % 400]) / 4.0).collect();
            own.sort_by(|a, b| b.total_cmp(a));
            times.extend(own);
        }
        all.days_before_end = Some(times);
        let (hazard, credit) = Hazard::fit(&all).unwrap();
        assert_adds_up(&all, &credit);
        prop_assert!(hazard.rates.effect.iter().chain(&hazard.rates.decay).all(|rate| rate.is_finite() && *rate >= 0.0));
        let observed = Observed::new(&all).unwrap();
        for path in 0..all.len() {
            prop_assert!((0.0..=1.0).contains(&hazard.chance(&observed, &all, path)));
        }
    }
}
