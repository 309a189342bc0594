//! Intervals hold the truth as often as they say, over many simulated worlds.

use mercer_base::Seed;
use mercer_base::frame::{Column, Frame};
use mercer_lifetime::Lifetime;
use mercer_lifetime::family::{BgNbd, Family, History, ParetoNbd};
use mercer_method::{AnyMethod, Context, Method, Tables, Wish};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Distribution, Exp1, Gamma};
use rayon::prelude::*;
use serde_json::{Map, Value};

const WORLDS: u64 = 200;
const CUSTOMERS: usize = 2_000;
/// Weeks that are forecast.
const HORIZON: f64 = 26.0;
/// Customers of each world whose scores are looked at: one who bought again, one who did not.
const LOOKED_AT: usize = 2;

/// Parameters of a gamma distribution by shape and rate.
fn gamma(dice: &mut ChaCha8Rng, shape: f64, rate: f64) -> f64 {
    Gamma::new(shape, 1.0 / rate).unwrap().sample(dice)
}

/// BG/NBD: after each repeat purchase the customer leaves with their own probability.
fn bg_customer(truth: &[f64], dice: &mut ChaCha8Rng, age: f64) -> History {
    let (rate, leaves) = (gamma(dice, truth[0], truth[1]), Beta::new(truth[2], truth[3]).unwrap().sample(dice));
    let mut history = History { frequency: 0.0, recency: 0.0, age };
    loop {
        let wait: f64 = Exp1.sample(dice);
        let next = history.recency + wait / rate;
        if next > age {
            return history;
        }
        history = History { frequency: history.frequency + 1.0, recency: next, age };
        if dice.random::<f64>() < leaves {
            return history;
        }
    }
}

/// Pareto/NBD: the customer leaves at their own rate, whether they buy or not.
fn pareto_customer(truth: &[f64], dice: &mut ChaCha8Rng, age: f64) -> History {
    let (rate, leaves) = (gamma(dice, truth[0], truth[1]), gamma(dice, truth[2], truth[3]));
    let lifetime: f64 = Exp1.sample(dice);
    let end = age.min(lifetime / leaves);
    let mut history = History { frequency: 0.0, recency: 0.0, age };
    loop {
        let wait: f64 = Exp1.sample(dice);
        let next = history.recency + wait / rate;
        if next > end {
            return history;
        }
        history = History { frequency: history.frequency + 1.0, recency: next, age };
    }
}

fn tables(histories: &[History]) -> Tables {
    let about = Method::about(&Lifetime);
    let column = |value: fn(&History) -> f64| Column::Numbers(histories.iter().map(value).collect());
    let frame = Frame::new("world")
        .with("frequency", column(|history| history.frequency))
        .and_then(|frame| frame.with("recency", column(|history| history.recency)))
        .and_then(|frame| frame.with("T", column(|history| history.age)))
        .unwrap();
    Tables::new(about, about.form("summary").unwrap(), vec![("summary", frame)]).unwrap()
}

/// Shares of the worlds in which the 90 % interval holds the truth: of each parameter, then of the scores looked at.
fn coverage(
    model: &str,
    family: &dyn Family,
    truth: &[f64],
    customer: fn(&[f64], &mut ChaCha8Rng, f64) -> History,
) -> Vec<(String, f64)> {
    let params: Map<String, Value> = [("model", Value::from(model)), ("horizon", HORIZON.into())]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let wish = Wish { scores: true, ..Wish::default() };
    let held: Vec<Vec<bool>> = (0..WORLDS)
        .into_par_iter()
        .map(|world| {
            let mut dice = ChaCha8Rng::seed_from_u64(world);
            let mut histories: Vec<History> = (0..CUSTOMERS)
                .map(|_| {
                    let age = 30.0 + 50.0 * dice.random::<f64>();
                    customer(truth, &mut dice, age)
                })
                .collect();
            histories[0] = History { frequency: 3.0, recency: 20.0, age: 40.0 };
            histories[1] = History { frequency: 0.0, recency: 0.0, age: 40.0 };
            let outcome =
                AnyMethod::fit(&Lifetime, &params, &tables(&histories), wish, &Context::quiet(Seed(world))).unwrap();
            let model = &outcome.saved.model;
            let within = |name: &str, truth: f64| {
                let interval = &model["intervals"][name];
                (interval[0].as_f64().unwrap()..=interval[1].as_f64().unwrap()).contains(&truth)
            };
            let mut held: Vec<bool> =
                family.parameters().iter().zip(truth).map(|(name, truth)| within(name, *truth)).collect();
            let scores = outcome.scores.unwrap();
            let (low, high) = ("expected_purchases_low", "expected_purchases_high");
            let (low, high) = (scores.numbers(low).unwrap(), scores.numbers(high).unwrap());
            for (row, history) in histories.iter().enumerate().take(LOOKED_AT) {
                let expected = family.expected_purchases(truth, history, HORIZON);
                held.push((low[row]..=high[row]).contains(&expected));
            }
            held
        })
        .collect();
    let names =
        family.parameters().iter().copied().chain(["expected purchases, came back", "expected purchases, did not"]);
    names
        .enumerate()
        .map(|(index, name)| {
            let count = held.iter().filter(|held| held[index]).count();
            (name.to_owned(), count as f64 / WORLDS as f64)
        })
        .collect()
}

/// 90 % intervals over 200 worlds: from 85 % to 95 % is within two and a half standard errors of a share.
fn assert_covered(shares: &[(String, f64)]) {
    for (name, share) in shares {
        assert!((0.85..=0.95).contains(share), "{name}: {share} in {shares:?}");
    }
}

#[test]
fn intervals_of_bg_nbd_cover() {
    assert_covered(&coverage("bg-nbd", &BgNbd, &[0.6, 6.0, 0.8, 2.5], bg_customer));
}

#[test]
fn intervals_of_pareto_nbd_cover() {
    assert_covered(&coverage("pareto-nbd", &ParetoNbd, &[0.8, 10.0, 0.7, 12.0], pareto_customer));
}
