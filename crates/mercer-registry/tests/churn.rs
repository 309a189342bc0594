//! Churn learnt from histories beside what a model of lifetimes says of the same customers. Skipped where the data are missing.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};

use mercer_base::Seed;
use mercer_base::frame::{Column, Frame};
use mercer_method::day::{MICROS_A_DAY, read_day};
use mercer_registry::{AnyMethod, Context, METHODS, Tables, Wish};
use serde_json::json;

fn scores(id: &str, form: &str, main: &'static str, frame: Frame, params: &serde_json::Value) -> Frame {
    let method: &dyn AnyMethod = *METHODS.iter().find(|method| method.about().id == id).unwrap();
    let tables = Tables::new(method.about(), method.about().form(form).unwrap(), vec![(main, frame)]).unwrap();
    let wish = Wish { scores: true, ..Wish::default() };
    method.fit(params.as_object().unwrap(), &tables, wish, &Context::quiet(Seed(42))).unwrap().scores.unwrap()
}

/// Who among the active customers of 10 September 2011 will buy nothing for 90 days? The figures are of the days after, which
/// neither model has seen.
#[test]
fn churn_of_online_retail_beside_the_lifetime_model() {
    let Some(lines) = mercer_testkit::online_retail() else { return };
    let cut = i64::from(read_day("cut", "2011-09-10").unwrap()) * MICROS_A_DAY;
    let mut orders: BTreeMap<&str, (&str, i64, f64)> = BTreeMap::new();
    for line in &lines {
        let order = orders.entry(&line.order).or_insert((&line.customer, line.moment, 0.0));
        order.2 += line.quantity * line.price;
    }
    let stayed: BTreeSet<&str> = orders.values().filter(|order| order.1 >= cut).map(|order| order.0).collect();
    orders.retain(|_, order| order.1 < cut);
    let words = |values: Vec<&str>| Column::Words(values.into_iter().map(Some).collect());
    let frame = Frame::new("Online Retail")
        .with("order_id", words(orders.keys().copied().collect()))
        .and_then(|frame| frame.with("customer_id", words(orders.values().map(|order| order.0).collect())))
        .and_then(|frame| frame.with("date", Column::Moments(orders.values().map(|order| order.1).collect())))
        .and_then(|frame| frame.with("amount", Column::Numbers(orders.values().map(|order| order.2).collect())))
        .unwrap();
    let params = json!({ "target": ["churn"], "until": "2011-09-09" });
    let ours = scores("propensity", "history", "orders", frame.clone(), &params);
    let params = json!({ "horizon": 13, "until": "2011-09-09" });
    let theirs = scores("lifetime", "transactions", "transactions", frame, &params);

    let column = |frame: &Frame, name: &str| -> BTreeMap<String, f64> {
        let ids = frame.words("customer_id").unwrap();
        let values = frame.numbers(name).unwrap().iter().enumerate();
        values.map(|(row, value)| (ids.get(row).unwrap().to_owned(), *value)).collect()
    };
    let (churn, alive) = (column(&ours, "p_churn"), column(&theirs, "p_alive"));
    let purchases = column(&theirs, "expected_purchases");
    let active: Vec<(&String, f64)> =
        churn.iter().filter(|(_, churn)| !churn.is_nan()).map(|(id, churn)| (id, *churn)).collect();
    let loss = |leaves: &dyn Fn(&str, f64) -> f64| {
        let of = |(id, churn): &(&String, f64)| {
            let p = leaves(id, *churn).clamp(1e-6, 1.0 - 1e-6);
            if stayed.contains(id.as_str()) { -(1.0 - p).ln() } else { -p.ln() }
        };
        active.iter().map(of).sum::<f64>() / active.len() as f64
    };
    let model = loss(&|_, churn| churn);
    // Being alive is not buying: customers of the lifetime model leave late and buy when they buy. The chance of no purchase
    // that it implies is the fair rival.
    let dead = loss(&|id, _| 1.0 - alive[id]);
    let none = loss(&|id, _| (-purchases[id]).exp());
    assert!(active.len() > 2_500, "{}", active.len());
    assert!(model < dead && model < none, "{model:.4} against {dead:.4} and {none:.4}");
    // The rate of all, .39, without knowing anybody, has .6689.
    assert!(model < 0.60, "{model:.4}");
}
