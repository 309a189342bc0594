//! Samples for `segment`: kinds of customers who differ in how they buy, who they are and what they choose.

use mercer_base::frame::{Column, Frame, Words};
use mercer_testkit::conformance::Sample;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal};
use serde_json::json;

/// 4 January 2010, in microseconds since 1970.
const START: i64 = 1_262_563_200_000_000;
const MICROS_A_DAY: i64 = 86_400_000_000;
const CUSTOMERS: usize = 240;

/// One sample of each form, and of each way of grouping.
pub(crate) fn samples() -> Vec<Sample> {
    let about = crate::method("segment").about();
    let purchases = |extra: Vec<(&'static str, Frame)>| {
        let mut tables = vec![("purchases", purchases())];
        tables.extend(extra);
        tables
    };
    let sample = |name, form, frames, params: serde_json::Value| {
        let few = json!({ "bootstraps": 6, "starts": 3, "most_segments": 5, "history": 3 });
        let (serde_json::Value::Object(mut few), serde_json::Value::Object(own)) = (few, params) else {
            unreachable!()
        };
        few.extend(own);
        Sample::new(name, about, form, frames).with_params(few.into())
    };
    vec![
        sample(
            "purchases with personas and choices",
            "purchases",
            purchases(vec![
                ("customers", people()),
                ("bought", bought()),
                ("products", products()),
                ("choices", choices()),
            ]),
            json!({}),
        ),
        sample("purchases on the grid", "purchases", purchases(Vec::new()), json!({ "algorithm": "rfm" })),
        sample("customers, mixed", "customers", vec![("customers", people())], json!({})),
        sample("customers without ids", "customers", vec![("customers", figures())], json!({})),
        sample("a mixture", "customers", vec![("customers", figures())], json!({ "algorithm": "mixture" })),
        sample("a density", "customers", vec![("customers", figures())], json!({ "algorithm": "density" })),
    ]
}

fn dice() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(2026)
}

fn id(customer: usize) -> String {
    format!("customer-{customer:03}")
}

fn words<S: AsRef<str>>(values: impl IntoIterator<Item = S>) -> Column {
    Column::Words(values.into_iter().map(Some).collect::<Words>())
}

fn table(name: &str, columns: Vec<(&str, Column)>) -> Frame {
    columns.into_iter().try_fold(Frame::new(name), |frame, (name, column)| frame.with(name, column)).unwrap()
}

/// Each third of the customers buys in its own way: often and lately, now and then, long ago.
fn purchases() -> Frame {
    let mut dice = dice();
    let (mut ids, mut orders, mut moments, mut amounts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for customer in 0..CUSTOMERS {
        let (how_many, from, to, value) = [(12, 300, 400, 90.0), (3, 150, 380, 40.0), (1, 0, 90, 15.0)][customer % 3];
        for order in 0..how_many {
            ids.push(id(customer));
            orders.push(format!("{customer}-{order}"));
            moments.push(START + dice.random_range(from..to) * MICROS_A_DAY);
            amounts.push(value * dice.random_range(0.6..1.6));
        }
    }
    table(
        "purchases",
        vec![
            ("customer_id", words(ids)),
            ("date", Column::Moments(moments)),
            ("amount", Column::Numbers(amounts)),
            ("order_id", words(orders)),
            ("purchases", Column::Numbers(vec![1.0; orders_of(CUSTOMERS)])),
        ],
    )
}

/// Rows of the purchases of so many customers.
fn orders_of(customers: usize) -> usize {
    (0..customers).map(|customer| [12, 3, 1][customer % 3]).sum()
}

/// Two kinds of people, of which some did not answer.
fn people() -> Frame {
    let mut dice = dice();
    let (young, old) = (Normal::new(28.0, 3.0).unwrap(), Normal::new(61.0, 4.0).unwrap());
    let is_old = |customer: usize| customer.is_multiple_of(2);
    let ages = (0..CUSTOMERS).map(|customer| {
        let age: f64 = if is_old(customer) { old.sample(&mut dice) } else { young.sample(&mut dice) };
        if customer % 17 == 0 { f64::NAN } else { age }
    });
    let ages = ages.collect();
    let homes = (0..CUSTOMERS).map(|customer| if is_old(customer) != (customer % 19 == 0) { "house" } else { "flat" });
    let rooms = (0..CUSTOMERS).map(|customer| if is_old(customer) { 5.0 } else { 2.0 } + (customer % 3) as f64);
    let since = (0..CUSTOMERS).map(|customer| START + (customer as i64 % 90) * MICROS_A_DAY);
    table(
        "customers",
        vec![
            ("customer_id", words((0..CUSTOMERS).map(id))),
            ("age", Column::Numbers(ages)),
            ("home", words(homes)),
            ("rooms", Column::Numbers(rooms.collect())),
            ("joined", Column::Moments(since.collect())),
        ],
    )
}

/// Numbers of three well-parted kinds of customers, who have no ids.
fn figures() -> Frame {
    let mut dice = dice();
    let noise = Normal::new(0.0, 0.4).unwrap();
    let mut column = |means: [f64; 3]| {
        Column::Numbers((0..CUSTOMERS).map(|customer| means[customer % 3] + noise.sample(&mut dice)).collect())
    };
    table("customers", vec![("visits", column([1.0, 5.0, 9.0])), ("basket", column([3.0, 8.0, 2.0]))])
}

fn bought() -> Frame {
    let product = |customer: usize| if customer.is_multiple_of(2) { "dark sofa" } else { "light sofa" };
    let lamps = (0..CUSTOMERS).filter(|customer| customer % 5 == 0);
    let rows: Vec<(String, &str)> = (0..CUSTOMERS)
        .map(|customer| (id(customer), product(customer)))
        .chain(lamps.map(|customer| (id(customer), "lamp")))
        .collect();
    table(
        "bought",
        vec![
            ("customer_id", words(rows.iter().map(|row| &row.0))),
            ("product_id", words(rows.iter().map(|row| row.1))),
        ],
    )
}

fn products() -> Frame {
    table(
        "products",
        vec![
            ("product_id", words(["dark sofa", "light sofa", "lamp"])),
            ("category", words(["sofas", "sofas", "lamps"])),
            ("colour", words(["black", "white", "red"])),
        ],
    )
}

fn choices() -> Frame {
    let value = |customer: usize| if customer.is_multiple_of(2) { "garden" } else { "city" };
    table(
        "choices",
        vec![
            ("customer_id", words((0..CUSTOMERS).map(id))),
            ("scope", words((0..CUSTOMERS).map(|_| "creative"))),
            ("value", words((0..CUSTOMERS).map(value))),
        ],
    )
}
