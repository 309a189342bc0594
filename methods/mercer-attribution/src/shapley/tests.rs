//! Shapley values against brute force over all orders.
#![cfg(test)]

use proptest::prelude::*;

use super::*;
use crate::credit::assert_adds_up;
use crate::made_up::{any_paths, path_data, paths};

/// The Shapley values of a game by the definition: each subset of the others, weighed by the orders in which it comes first.
fn brute(channels: usize, worth: impl Fn(usize) -> f64) -> Vec<f64> {
    let worth: Vec<f64> = (0..1_usize << channels).map(worth).collect();
    let factorial = |n: usize| (1..=n).map(|k| k as f64).product::<f64>();
    let value = |channel: usize| {
        let subsets = (0..1_usize << channels).filter(|set| set >> channel & 1 == 0);
        let part = |set: usize| {
            let size = set.count_ones() as usize;
            let orders = factorial(size) * factorial(channels - size - 1) / factorial(channels);
            orders * (worth[set | 1 << channel] - worth[set])
        };
        subsets.map(part).sum()
    };
    (0..channels).map(value).collect()
}

fn set_of(all: &Paths, path: usize) -> usize {
    all.touches_of(path).iter().fold(0, |set, code| set | 1 << code)
}

fn close(found: &[f64], expected: &[f64], all: f64) -> bool {
    found.iter().zip(expected).all(|(x, y)| (x - y).abs() <= 1e-9 * all.max(1.0))
}

/// `Σ_T amount(T) v(S ∩ T) / v(T)`: what the rates game is worth, from its rates.
fn rates_game(all: &Paths, rates: &Rates, kind: usize, amounts: &[f64], set: usize) -> f64 {
    let codes = |bits: usize| (0..32).filter(|bit| bits >> bit & 1 == 1).collect::<Vec<u32>>();
    let of_path = |path: usize| {
        let own = set_of(all, path);
        if amounts[path] == 0.0 || own == 0 {
            0.0
        } else {
            amounts[path] * rates.rate(&codes(set & own))[kind] / rates.rate(&codes(own))[kind]
        }
    };
    (0..all.len()).map(of_path).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn the_sum_game_equals_brute_force(all in (1_u32..=10).prop_flat_map(any_paths)) {
        let (_, credit) = Shapley::fit(&all, Game::Sum, Seed(1));
        assert_adds_up(&all, &credit);
        for (amounts, found) in [(&all.conversions, &credit.conversions), (&all.value, &credit.value)] {
            let within = |set: usize| (0..all.len()).filter(|path| set_of(&all, *path) & !set == 0).map(|path| amounts[path]).sum();
            let expected = brute(all.channels.len(), within);
            prop_assert!(close(found, &expected, amounts.iter().sum()), "{:?} {:?}", found, expected);
        }
    }

    #[test]
    fn the_rates_game_equals_brute_force(all in (1_u32..=10).prop_flat_map(any_paths)) {
        let (shapley, credit) = Shapley::fit(&all, Game::Rates, Seed(1));
        let rates = Rates::new(&all);
        prop_assert!(shapley.sampling_error.iter().all(|error| *error == 0.0));
        for (kind, (amounts, found)) in [(&all.conversions, &credit.conversions), (&all.value, &credit.value)].into_iter().enumerate() {
            let expected = brute(all.channels.len(), |set| rates_game(&all, &rates, kind, amounts, set));
            prop_assert!(close(found, &expected, amounts.iter().sum()), "{:?} {:?}", found, expected);
        }
    }
}

#[test]
fn rates_divide_by_hand() {
    // So many journeys that what channels would do independently hardly counts: v(a) = .1, v(b) = .3, v(ab) = .5.
    let n = 1e9;
    let all = paths(&[
        format!("a;{};0;{}", 0.1 * n, 0.9 * n),
        format!("b;{};0;{}", 0.3 * n, 0.7 * n),
        format!("b>a>b;{};0;{}", 0.5 * n, 0.5 * n),
    ]);
    let (_, credit) = Shapley::fit(&all, Game::Rates, Seed(1));
    // In journeys of both a gets (.1 + (.5 − .3)) / 2 = .15 of .5 and b .35 of .5, half of it by each touch.
    let expected = [1.0, 1.0, 0.35, 0.3, 0.35];
    assert!(credit.shares.iter().zip(expected).all(|(x, y)| (x - y).abs() < 1e-6), "{:?}", credit.shares);
    assert_adds_up(&all, &credit);
}

#[test]
fn a_channel_that_does_harm_gets_less_than_nothing() {
    let all = paths(&["a;5000;5000;5000", "b;100;100;9900", "a>b;1000;1000;9000"]);
    let (_, credit) = Shapley::fit(&all, Game::Rates, Seed(1));
    assert!(credit.shares[3] < 0.0 && credit.shares[2] > 1.0, "{:?}", credit.shares);
}

/// Journeys over 20 channels, the first of which have 14 at once.
fn many_channels() -> Paths {
    let row = |n: usize| {
        let size = if n < 40 { 14 } else { 1 + n % 5 };
        let names: Vec<String> = (0..size).map(|k| format!("c{:02}", (n * 7 + k * (1 + n % 3)) % 20)).collect();
        format!("{};{};{};{}", names.join(">"), 1 + n % 4, n % 9, 3 + n % 11)
    };
    paths(&(0..400).map(row).collect::<Vec<_>>())
}

#[test]
fn many_channels_are_sampled_with_an_error() {
    let all = many_channels();
    let (shapley, credit) = Shapley::fit(&all, Game::Rates, Seed(5));
    assert_adds_up_signed(&all, &credit);
    let rates = Rates::new(&all);
    // The exact values of each set by its own brute force.
    let mut expected = vec![0.0; 20];
    for path in 0..all.len() {
        let mut set = all.touches_of(path).to_vec();
        set.sort_unstable();
        set.dedup();
        let choose =
            |bits: usize| -> Vec<u32> { (0..set.len()).filter(|k| bits >> k & 1 == 1).map(|k| set[k]).collect() };
        let values = brute(set.len(), |bits| rates.rate(&choose(bits))[0]);
        for (channel, value) in set.iter().zip(values) {
            expected[*channel as usize] += all.conversions[path] * value / rates.rate(&set)[0];
        }
    }
    let errors = &shapley.sampling_error;
    assert!(errors.iter().any(|error| *error > 0.0));
    let apart: Vec<f64> =
        credit.conversions.iter().zip(&expected).zip(errors).map(|((x, y), e)| (x - y) / e.max(1e-12)).collect();
    // Twenty standard normal distances.
    assert!(apart.iter().all(|z| z.abs() < 4.0), "{apart:?}");
    let total = credit.conversions.iter().sum::<f64>();
    assert!(errors.iter().all(|error| *error < 0.01 * total), "{errors:?}");
}

/// Shares may be negative in the rates game: sums only.
fn assert_adds_up_signed(all: &Paths, credit: &Credit) {
    let placed = crate::credit::placed(all, &credit.shares, &all.conversions);
    assert!(close(&placed, &credit.conversions, all.total_conversions()));
    assert!((credit.conversions.iter().sum::<f64>() - all.total_conversions()).abs() < 1e-9 * all.total_conversions());
}

#[test]
fn the_same_at_any_thread_count() {
    let all = many_channels();
    mercer_testkit::assert_same_at_any_thread_count(|| Shapley::fit(&all, Game::Rates, Seed(5)));
}

#[test]
fn path_data_adds_up() {
    let Some(all) = path_data() else { return };
    for game in [Game::Sum, Game::Rates] {
        let (_, credit) = Shapley::fit(&all, game, Seed(1));
        assert_adds_up(&all, &credit);
        println!("{game:?} {:?}", credit.conversions);
    }
}
