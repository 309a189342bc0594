//! In the invented shop, where the truth is known: how many new customers each channel brought, and what an experiment adds.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops at the first surprise; figures are shown on request"
)]

use std::collections::BTreeMap;

use mercer_base::Seed;
use mercer_base::frame::{Column, Frame, Words};
use mercer_method::{AnyMethod, Context, Tables, Wish};
use mercer_mix::Mix;
use mercer_simulate::{Scale, Shop, ShopConfig};
use serde_json::{Value, json};

const MICROSECONDS: i64 = 1_000_000;

/// The first day of the calendar, in microseconds since 1970.
fn first_day(shop: &Shop) -> i64 {
    let first = shop.calendar().date(0).unwrap().and_hms_opt(0, 0, 0).unwrap();
    first.and_utc().timestamp_micros()
}

/// New customers by day, and spend by day and channel, of all countries together.
fn tables(shop: &Shop) -> (Frame, Frame) {
    let start = first_day(shop);
    let moment = |day: i64| start + day * 86_400 * MICROSECONDS;
    let mut arrivals: BTreeMap<i64, f64> = (0..i64::from(shop.calendar().days())).map(|day| (day, 0.0)).collect();
    for chunk in shop.chunks() {
        for customer in shop.chunk(chunk).customers {
            *arrivals.entry(customer.created_at.day()).or_default() += 1.0;
        }
    }
    let outcomes = Frame::new("outcomes")
        .with("date", Column::Moments(arrivals.keys().map(|day| moment(*day)).collect()))
        .unwrap()
        .with("target", Column::Numbers(arrivals.into_values().collect()))
        .unwrap();
    let mut spend: BTreeMap<(i64, &str), f64> = BTreeMap::new();
    for day in shop.media().days() {
        *spend.entry((day.at.day(), day.channel)).or_default() += day.spend.to_f64();
    }
    let media = Frame::new("media")
        .with("date", Column::Moments(spend.keys().map(|(day, _)| moment(*day)).collect()))
        .unwrap()
        .with("channel", Column::Words(spend.keys().map(|(_, channel)| Some(*channel)).collect::<Words>()))
        .unwrap()
        .with("spend", Column::Numbers(spend.into_values().collect()))
        .unwrap();
    (outcomes, media)
}

/// Every channel switched off for a quarter in a copy of the world would tell its effect: what such tests found, to a tenth.
fn experiments(shop: &Shop) -> Frame {
    let days = i64::from(shop.calendar().days());
    let (from, until) = (7 * (days / 14), 7 * (days / 14) + 7 * 16 - 1);
    let truth = shop.media().truth();
    let responses: Vec<f64> = truth
        .iter()
        .map(|channel| {
            let mut total = 0.0;
            for (place, (half, ceiling)) in channel.half_saturation.iter().zip(&channel.ceiling).enumerate() {
                let mut pressure = 0.0;
                let of_place = shop
                    .media()
                    .days()
                    .iter()
                    .filter(|day| day.channel == channel.channel && day.geo as usize == place);
                for day in of_place {
                    pressure = day.spend.to_f64() + channel.carry_over * pressure;
                    if (from..=until).contains(&day.at.day()) {
                        total += ceiling * pressure / (pressure + half);
                    }
                }
            }
            total
        })
        .collect();
    let moment = |day: i64| first_day(shop) + day * 86_400 * MICROSECONDS;
    let all = |value: i64| Column::Moments(vec![value; truth.len()]);
    Frame::new("experiments")
        .with("channel", Column::Words(truth.iter().map(|channel| Some(channel.channel)).collect::<Words>()))
        .and_then(|frame| frame.with("from", all(moment(from))))
        .and_then(|frame| frame.with("until", all(moment(until))))
        .and_then(|frame| frame.with("lift", Column::Numbers(responses.clone())))
        .and_then(|frame| {
            frame.with("standard_error", Column::Numbers(responses.iter().map(|lift| 0.1 * lift).collect()))
        })
        .unwrap()
}

fn fit(tables: Vec<(&'static str, Frame)>) -> Value {
    let about = AnyMethod::about(&Mix);
    let tables = Tables::new(about, about.form("ledger").unwrap(), tables).unwrap();
    let params = json!({ "trend": "linear", "saturation": "michaelis-menten" });
    AnyMethod::fit(&Mix, params.as_object().unwrap(), &tables, Wish::default(), &Context::quiet(Seed(42)))
        .unwrap()
        .saved
        .model
}

/// The sum over channels of how far the mean contribution is from the truth, and how many intervals hold it.
fn judged(model: &Value, shop: &Shop) -> (f64, usize) {
    let (mut error, mut held) = (0.0, 0);
    for channel in shop.media().truth() {
        let (found, truth) = (&model["contribution"][channel.channel], channel.expected_new_customers);
        println!("{} {truth:.0}: {found}", channel.channel);
        error += (found["mean"].as_f64().unwrap() - truth).abs();
        let ends = &found["hdi_90"];
        held += usize::from(ends[0].as_f64().unwrap() <= truth && truth <= ends[1].as_f64().unwrap());
    }
    (error, held)
}

#[test]
fn intervals_hold_the_planted_contributions_and_experiments_halve_the_error() {
    let shop = Shop::new(&ShopConfig { scale: Scale::Customers(50_000), ..ShopConfig::default() }).unwrap();
    let (outcomes, media) = tables(&shop);
    let alone = fit(vec![("outcomes", outcomes.clone()), ("media", media.clone())]);
    let (error, held) = judged(&alone, &shop);
    let calibrated = fit(vec![("outcomes", outcomes), ("media", media), ("experiments", experiments(&shop))]);
    let (error_with, held_with) = judged(&calibrated, &shop);
    println!("total error {error:.0}, with experiments {error_with:.0}");
    // Of five intervals of 90 %, all five hold in six worlds of ten, four or five in nine.
    assert!(held >= 4 && held_with >= 4, "{held} and {held_with} of 5 intervals hold the truth");
    assert!(error_with <= 0.5 * error, "{error} without and {error_with} with experiments");
}
