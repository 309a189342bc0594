//! In the invented shop, whose journeys are a planted chain: its removal effects come out of touchpoints and orders as they are
//! exported, without anybody having put paths together.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops at the first surprise, and says what it found"
)]

use mercer_attribution::Attribution;
use mercer_base::Seed;
use mercer_base::frame::{Column, Frame, Words};
use mercer_method::{AnyMethod, Context, Tables, Wish};
use mercer_simulate::{Moment, Order, PathTruth, Scale, Shop, ShopConfig, Status, Touchpoint};
use serde_json::json;

/// The opening day of the shop is as good as any.
fn moment(at: Moment) -> i64 {
    1_500_000_000_000_000 + at.0 * 1_000_000
}

fn words(words: impl Iterator<Item = Option<String>>) -> Column {
    Column::Words(words.collect::<Words>())
}

fn touchpoints(touches: &[Touchpoint]) -> Frame {
    Frame::new("touchpoints")
        .with("customer_id", words(touches.iter().map(|touch| touch.customer.map(|customer| customer.to_string()))))
        .and_then(|frame| {
            frame.with("anonymous_id", words(touches.iter().map(|touch| Some(touch.visitor.to_string()))))
        })
        .and_then(|frame| {
            frame.with("occurred_at", Column::Moments(touches.iter().map(|touch| moment(touch.at)).collect()))
        })
        .and_then(|frame| frame.with("channel", words(touches.iter().map(|touch| Some(touch.channel.to_owned())))))
        .unwrap()
}

fn conversions(orders: &[Order]) -> Frame {
    Frame::new("conversions")
        .with("customer_id", words(orders.iter().map(|order| order.customer.map(|customer| customer.to_string()))))
        .and_then(|frame| {
            frame.with("occurred_at", Column::Moments(orders.iter().map(|order| moment(order.at)).collect()))
        })
        .and_then(|frame| frame.with("order_id", words(orders.iter().map(|order| Some(order.number.to_string())))))
        .unwrap()
}

#[test]
fn the_planted_chain_is_found_in_touchpoints_and_orders() {
    let shop = Shop::new(&ShopConfig { scale: Scale::Customers(12_000), ..ShopConfig::default() }).unwrap();
    let (mut touches, mut orders) = (Vec::new(), Vec::new());
    for chunk in shop.chunks().map(|chunk| shop.chunk(chunk)) {
        touches.extend(chunk.touchpoints);
        orders.extend(chunk.orders.into_iter().filter(|order| order.status != Status::Returned));
    }
    let about = AnyMethod::about(&Attribution);
    let frames = vec![("touchpoints", touchpoints(&touches)), ("conversions", conversions(&orders))];
    let tables = Tables::new(about, about.form("journeys").unwrap(), frames).unwrap();
    // Every contact is a step of the chain, however soon after the one before.
    let params = json!({ "model": "markov", "order": 1, "session_minutes": 0.0 });
    let context = Context::quiet(Seed(42));
    let outcome =
        AnyMethod::fit(&Attribution, params.as_object().unwrap(), &tables, Wish::default(), &context).unwrap();
    let truth = PathTruth::new();
    let channels = outcome.saved.model["channels"].as_array().unwrap();
    assert_eq!(channels.len(), truth.channels.len());
    for (name, expected) in truth.channels.iter().zip(truth.attribution) {
        let found = channels.iter().find(|channel| channel["channel"] == *name).unwrap()["share"].as_f64().unwrap();
        println!("{name}: {found:.4} for {expected:.4}");
        assert!((found - expected).abs() < 0.01, "{name}: {found} for {expected}");
    }
    println!("{}", outcome.saved.model["journeys"]);
}
