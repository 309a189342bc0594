//! The simulated shop's own tables: what is planted there must show in features and labels.

use mercer_base::frame::{Column, Words};
use mercer_boost::Values;
use mercer_method::day::MICROS_A_DAY;
use mercer_simulate::{Chunk, Moment, Shop, ShopConfig};
use mercer_stats::area_under_roc;

use super::{frame, numbers, read, tables, words};
use crate::history::{History, Standard};

const LENGTH: i32 = 912;

fn at(moments: impl Iterator<Item = Option<Moment>>) -> Column {
    let micros = |moment: Option<Moment>| moment.map_or(mercer_base::frame::NO_MOMENT, |moment| moment.0 * 1_000_000);
    Column::Moments(moments.map(micros).collect())
}

fn customer(number: u32) -> String {
    mercer_simulate::customer_id(number)
}

/// Orders, messages, care plans and events of the small shop, its opening as day 0.
fn shop() -> History {
    let shop = Shop::new(&ShopConfig::default()).unwrap();
    let chunks: Vec<Chunk> = shop.chunks().map(|chunk| shop.chunk(chunk)).collect();
    let orders: Vec<_> = chunks.iter().flat_map(|chunk| &chunk.orders).filter(|order| order.is_sale()).collect();
    let net = |order: &&mercer_simulate::Order| order.net_sales().to_f64();
    let messages: Vec<_> = chunks.iter().flat_map(|chunk| &chunk.messages).collect();
    let plans: Vec<_> = chunks.iter().flat_map(|chunk| &chunk.subscriptions).collect();
    let events: Vec<_> =
        chunks.iter().flat_map(|chunk| &chunk.events).filter(|event| event.customer.is_some()).collect();
    let names = shop.planted().subscriptions.plans.map(|plan| plan.plan);
    let bought_by = |order: &&mercer_simulate::Order| order.customer.map(customer);
    let frames = vec![
        (
            "orders",
            frame(
                "orders",
                vec![
                    ("customer_id", Column::Words(orders.iter().map(bought_by).collect::<Words>())),
                    ("date", at(orders.iter().map(|order| Some(order.at)))),
                    ("amount", numbers(orders.iter().map(net))),
                ],
            ),
        ),
        (
            "messages",
            frame(
                "messages",
                vec![
                    ("customer_id", words(messages.iter().map(|message| customer(message.customer)))),
                    ("sent_at", at(messages.iter().map(|message| Some(message.sent_at)))),
                    ("opened_at", at(messages.iter().map(|message| message.opened_at))),
                    ("clicked_at", at(messages.iter().map(|message| message.clicked_at))),
                    ("unsubscribed_at", at(messages.iter().map(|message| message.unsubscribed_at))),
                ],
            ),
        ),
        (
            "events",
            frame(
                "events",
                vec![
                    ("customer_id", words(events.iter().map(|event| customer(event.customer.unwrap())))),
                    ("date", at(events.iter().map(|event| Some(event.at)))),
                    ("name", words(events.iter().map(|event| event.action.name()))),
                ],
            ),
        ),
        (
            "subscriptions",
            frame(
                "subscriptions",
                vec![
                    ("customer_id", words(plans.iter().map(|plan| customer(plan.customer)))),
                    ("plan", words(plans.iter().map(|plan| names[plan.plan]))),
                    ("started_at", at(plans.iter().map(|plan| Some(plan.started_at)))),
                    ("ended_at", at(plans.iter().map(|plan| plan.ended_at))),
                ],
            ),
        ),
    ];
    let (history, counts) = read(&tables(frames), Some(LENGTH));
    // Guests have no customer number, and nothing else is wrong with sales.
    let guests = orders.iter().filter(|order| order.customer.is_none()).count();
    assert_eq!(usize::try_from(counts.refused).unwrap(), guests, "{:?}", counts.refused_sample);
    history.unwrap()
}

/// How well a feature alone ranks a target at the cut-off that is held out, missing values last.
fn ranks(history: &History, target: Standard, feature: &str) -> f64 {
    let cutoff = history.cutoffs(90, 1)[0];
    let customers = history.population(target, cutoff, 90);
    let outcomes: Vec<bool> =
        customers.iter().map(|customer| history.label(target, *customer, cutoff, 90).unwrap()).collect();
    let table = history.features(&history.vocabulary(cutoff, 90), &customers, cutoff).unwrap();
    let Some((_, Values::Numbers(values))) = table.column(feature) else { panic!("{feature}") };
    let values: Vec<f64> = values.iter().map(|value| if value.is_nan() { -1.0 } else { f64::from(*value) }).collect();
    let area = area_under_roc(&values, &outcomes).unwrap();
    let positives = outcomes.iter().filter(|outcome| **outcome).count();
    println!("{} by {feature}: {area:.3} ({positives} of {})", target.name(), outcomes.len());
    area
}

#[test]
fn what_is_planted_shows() {
    let history = shop();
    // Who dropped out neither buys nor browses any more; who opens least leaves the newsletter.
    for (target, feature) in [
        (Standard::Churn, "days_since_event"),
        (Standard::Lapse, "days_since_event"),
        (Standard::NextPurchase, "orders_365d"),
        (Standard::PurchaseFrequency, "events_30d"),
    ] {
        let area = ranks(&history, target, feature);
        // Hundreds of either outcome: chance stays within 0.05 of one half.
        assert!(area > 0.55, "{} by {feature}: {area}", target.name());
    }
    for target in Standard::ALL {
        assert_eq!(history.lacks(target), None);
    }
    assert_eq!(i64::from(history.end()) * MICROS_A_DAY, 912 * MICROS_A_DAY);
}
