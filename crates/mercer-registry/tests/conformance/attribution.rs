//! Samples for `attribution`: journeys of customers with orders, touches with marks, and paths.

use mercer_base::frame::{Column, Frame, Words};
use mercer_testkit::conformance::Sample;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

/// 4 January 2010 in microseconds since 1970.
const START: i64 = 1_262_563_200_000_000;
const MICROS_A_DAY: i64 = 86_400_000_000;
const DAYS: f64 = 120.0;
const CUSTOMERS: usize = 400;
const CHANNELS: [&str; 5] = ["display", "direct", "email", "search", "social"];
/// What a touch adds to the chance of an order within the next days.
const EFFECTS: [f64; 5] = [0.05, 0.0, 0.15, 0.35, 0.2];

/// Each way in which the data come, and models that differ in kind.
pub(crate) fn samples() -> Vec<Sample> {
    let about = crate::method("attribution").about();
    let sample = |name, form, frames| Sample::new(name, about, form, frames);
    let (touches, orders) = world(7);
    vec![
        sample(
            "touchpoints and orders",
            "journeys",
            vec![
                ("touchpoints", touchpoints(&touches)),
                ("conversions", conversions(&orders)),
                ("experiments", experiments(&["search", "social", "email"])),
            ],
        )
        .with_params(json!({ "resamples": 20 })),
        sample(
            "touchpoints and orders by campaign",
            "journeys",
            vec![("touchpoints", touchpoints(&touches)), ("conversions", conversions(&orders))],
        )
        .with_params(json!({
            "resamples": 20, "by": "channel-campaign", "model": "hazard", "views": "apart", "direct_rule": "only-alone"
        })),
        sample("marked touches", "touches", vec![("touches", marked(&touches, &orders))])
            .with_params(json!({ "resamples": 20, "model": "shapley", "shapley_game": "rate" })),
        sample("paths", "paths", vec![("paths", paths(&touches, &orders)), ("experiments", experiments(&["search"]))])
            .with_params(json!({ "resamples": 20 })),
        sample("paths of last touches", "paths", vec![("paths", paths(&touches, &orders))])
            .with_params(json!({ "resamples": 0, "model": "last-non-direct" })),
    ]
}

/// A touch: customer, day, channel.
struct Touch {
    customer: usize,
    at: f64,
    channel: usize,
}

/// An order: customer, day, amount.
struct Order {
    customer: usize,
    at: f64,
    amount: f64,
}

fn world(seed: u64) -> (Vec<Touch>, Vec<Order>) {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let (mut touches, mut orders) = (Vec::new(), Vec::new());
    for customer in 0..CUSTOMERS {
        let mut at = chance.random::<f64>() * 30.0;
        while at < DAYS - 10.0 {
            let channel = chance.random_range(0..CHANNELS.len());
            touches.push(Touch { customer, at, channel });
            if chance.random_bool(EFFECTS[channel] + 0.03) {
                let amount = (50.0 + 100.0 * chance.random::<f64>()).round();
                orders.push(Order { customer, at: at + 3.0 * chance.random::<f64>(), amount });
            }
            at += 0.5 + 30.0 * chance.random::<f64>();
        }
    }
    (touches, orders)
}

#[allow(clippy::cast_possible_truncation, reason = "days of a year")]
fn moment(day: f64) -> i64 {
    START + (day * 1_440.0) as i64 * (MICROS_A_DAY / 1_440)
}

fn table(name: &str, columns: Vec<(&str, Column)>) -> Frame {
    columns.into_iter().try_fold(Frame::new(name), |frame, (name, column)| frame.with(name, column)).unwrap()
}

fn words<S: AsRef<str>>(values: impl IntoIterator<Item = S>) -> Column {
    Column::Words(values.into_iter().map(Some).collect::<Words>())
}

fn touchpoints(touches: &[Touch]) -> Frame {
    let campaign = |touch: &Touch| if touch.customer.is_multiple_of(2) { "spring" } else { "brand" };
    let kind = |touch: &Touch| if touch.channel == 0 { "view" } else { "click" };
    table(
        "touchpoints",
        vec![
            ("customer_id", words(touches.iter().map(|touch| format!("c{}", touch.customer)))),
            ("occurred_at", Column::Moments(touches.iter().map(|touch| moment(touch.at)).collect())),
            ("channel", words(touches.iter().map(|touch| CHANNELS[touch.channel]))),
            ("campaign", words(touches.iter().map(campaign))),
            ("kind", words(touches.iter().map(kind))),
            ("cost", Column::Numbers(touches.iter().map(|touch| 0.1 + touch.channel as f64).collect())),
        ],
    )
}

fn conversions(orders: &[Order]) -> Frame {
    table(
        "conversions",
        vec![
            ("customer_id", words(orders.iter().map(|order| format!("c{}", order.customer)))),
            ("occurred_at", Column::Moments(orders.iter().map(|order| moment(order.at)).collect())),
            ("order_id", words((0..orders.len()).map(|order| format!("o{order}")))),
            ("value", Column::Numbers(orders.iter().map(|order| order.amount).collect())),
        ],
    )
}

/// The order that follows a touch before the customer's next one.
fn after(touches: &[Touch], orders: &[Order], at: usize) -> Option<usize> {
    let touch = &touches[at];
    let next = touches.get(at + 1).filter(|next| next.customer == touch.customer).map_or(f64::INFINITY, |next| next.at);
    orders.iter().position(|order| order.customer == touch.customer && order.at >= touch.at && order.at < next)
}

fn marked(touches: &[Touch], orders: &[Order]) -> Frame {
    let after: Vec<Option<usize>> = (0..touches.len()).map(|at| after(touches, orders, at)).collect();
    let amount = |order: &Option<usize>| order.map_or(0.0, |order| orders[order].amount);
    table(
        "touches",
        vec![
            ("customer_id", words(touches.iter().map(|touch| format!("c{}", touch.customer)))),
            ("occurred_at", Column::Moments(touches.iter().map(|touch| moment(touch.at)).collect())),
            ("channel", words(touches.iter().map(|touch| CHANNELS[touch.channel]))),
            ("conversion", words(after.iter().map(|order| if order.is_some() { "1" } else { "0" }))),
            ("value", Column::Numbers(after.iter().map(amount).collect())),
        ],
    )
}

fn paths(touches: &[Touch], orders: &[Order]) -> Frame {
    let (mut texts, mut converted, mut value) = (Vec::new(), Vec::new(), Vec::new());
    let mut path: Vec<&str> = Vec::new();
    for (at, touch) in touches.iter().enumerate() {
        path.push(CHANNELS[touch.channel]);
        let order = after(touches, orders, at);
        let is_last = touches.get(at + 1).is_none_or(|next| next.customer != touch.customer);
        if is_last || order.is_some() {
            texts.push(std::mem::take(&mut path).join(" > "));
            converted.push(f64::from(u8::from(order.is_some())));
            value.push(order.map_or(0.0, |order| orders[order].amount));
        }
    }
    let nulls = converted.iter().map(|converted| 2.0 - converted).collect();
    table(
        "paths",
        vec![
            ("path", words(texts)),
            ("conversions", Column::Numbers(converted)),
            ("value", Column::Numbers(value)),
            ("nulls", Column::Numbers(nulls)),
        ],
    )
}

fn experiments(channels: &[&str]) -> Frame {
    table(
        "experiments",
        vec![
            ("channel", words(channels)),
            ("incremental", Column::Numbers(channels.iter().map(|name| 20.0 + name.len() as f64).collect())),
            ("standard_error", Column::Numbers(vec![8.0; channels.len()])),
        ],
    )
}
