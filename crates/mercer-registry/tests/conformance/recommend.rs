//! Samples for `recommend`: cooks and gardeners who buy what is of their kind, some of it again and some of it in order.

use mercer_base::frame::{Column, Frame, Words};
use mercer_testkit::conformance::Sample;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

/// 4 January 2010, in microseconds since 1970.
const START: i64 = 1_262_563_200_000_000;
const MICROS_A_DAY: i64 = 86_400_000_000;
const CUSTOMERS: usize = 70;
/// Days that purchases cover, and the first of those that the table of later purchases holds.
const DAYS: i64 = 400;
const LATER: i64 = 330;
/// Products of each kind, of which the last few are never bought.
const OF_A_KIND: usize = 14;
const NEVER_BOUGHT: usize = 4;
const KINDS: [(&str, [&str; 3]); 2] =
    [("kitchen", ["steel pan", "glass bowl", "paper filter"]), ("garden", ["clay pot", "rose seeds", "iron spade"])];

/// Each way in which purchases come, and each rule by which lists are made.
pub(crate) fn samples() -> Vec<Sample> {
    let about = crate::method("recommend").about();
    let sample = |name, frames| Sample::new(name, about, "purchases", frames).with_params(json!({ "k": 5 }));
    let orders = || lines().into_iter().filter(|line| line.day < LATER).collect::<Vec<Line>>();
    let later = || lines().into_iter().filter(|line| line.day >= LATER).collect::<Vec<Line>>();
    let mut pairs: Vec<(usize, String)> = lines().into_iter().map(|line| (line.customer, line.product)).collect();
    pairs.sort_unstable();
    pairs.dedup();
    vec![
        sample("orders of known products", vec![("train", purchases(&lines())), ("products", products())]),
        // Of the two customers who are asked for at the end, nobody knows the second.
        sample("pairs without dates", vec![("train", undated(&pairs))])
            .with_scored("customers", vec![("customers", asked([0, CUSTOMERS]))]),
        sample(
            "orders with later ones, nothing twice",
            vec![("train", purchases(&orders())), ("test", purchases(&later()))],
        )
        .with_params(json!({ "k": 5, "repeats": "mask", "models": ["ease", "als"] })),
        sample(
            "orders with rules",
            vec![
                ("train", purchases(&lines())),
                ("products", products()),
                ("customers", asked(0..CUSTOMERS)),
                ("shown", undated(&[(0, product(0, 0)), (0, product(0, 0)), (1, product(1, 1))])),
            ],
        )
        .with_params(json!({
            "k": 4, "repeats": "allow", "push": [product(0, 0), product(1, OF_A_KIND - 1)], "cap": 30, "diversity": 0.3,
            "margin_weight": 0.2, "per_category": 3, "rest_days": 20, "most_shown": 2
        })),
        sample("a few orders", vec![("train", purchases(&lines()[..12]))]),
    ]
}

/// A line of an order.
#[derive(Debug, Clone)]
struct Line {
    customer: usize,
    order: usize,
    day: i64,
    product: String,
}

fn words<S: AsRef<str>>(values: impl IntoIterator<Item = S>) -> Column {
    Column::Words(values.into_iter().map(Some).collect::<Words>())
}

fn table(name: &str, columns: Vec<(&str, Column)>) -> Frame {
    columns.into_iter().try_fold(Frame::new(name), |frame, (name, column)| frame.with(name, column)).unwrap()
}

fn id(customer: usize) -> String {
    format!("customer-{customer:02}")
}

fn product(kind: usize, number: usize) -> String {
    format!("{}-{number:02}", KINDS[kind].0)
}

/// Every customer has a kind and a favourite in it, which they buy again; after the even products comes the next one.
fn lines() -> Vec<Line> {
    let mut dice = ChaCha8Rng::seed_from_u64(2026);
    let mut lines = Vec::new();
    let sold = OF_A_KIND - NEVER_BOUGHT;
    for customer in 0..CUSTOMERS {
        let (kind, favourite) = (customer % 2, customer % sold);
        let mut previous = favourite;
        let mut days: Vec<i64> = (0..dice.random_range(3..8)).map(|_| dice.random_range(0..DAYS)).collect();
        // Somebody buys in the last days, so that all samples end at the same time.
        days.push(if customer < 2 { DAYS - 1 } else { dice.random_range(LATER..DAYS) });
        days.sort_unstable();
        for (order, day) in days.into_iter().enumerate() {
            let follows = if previous.is_multiple_of(2) { previous + 1 } else { dice.random_range(0..sold) };
            let mut bought = vec![follows];
            if dice.random_bool(0.5) {
                bought.push(favourite);
            }
            // Now and then something of the other kind.
            let stray = dice.random_bool(0.1);
            previous = follows;
            bought.sort_unstable();
            bought.dedup();
            for number in bought {
                lines.push(Line { customer, order, day, product: product(kind, number) });
            }
            if stray {
                lines.push(Line { customer, order, day, product: product(1 - kind, dice.random_range(0..sold)) });
            }
        }
    }
    lines
}

fn purchases(lines: &[Line]) -> Frame {
    table(
        "purchases",
        vec![
            ("customer_id", words(lines.iter().map(|line| id(line.customer)))),
            ("product_id", words(lines.iter().map(|line| &line.product))),
            ("occurred_at", Column::Moments(lines.iter().map(|line| START + line.day * MICROS_A_DAY).collect())),
            ("order_id", words(lines.iter().map(|line| format!("{}-{}", line.customer, line.order)))),
            ("quantity", Column::Numbers(lines.iter().map(|line| 1.0 + (line.order % 3) as f64).collect())),
        ],
    )
}

fn undated(pairs: &[(usize, String)]) -> Frame {
    table(
        "pairs",
        vec![
            ("customer_id", words(pairs.iter().map(|pair| id(pair.0)))),
            ("product_id", words(pairs.iter().map(|pair| &pair.1))),
        ],
    )
}

/// All products with what is known of them, also those that nobody has bought.
fn products() -> Frame {
    let all: Vec<(usize, usize)> = (0..KINDS.len()).flat_map(|kind| (0..OF_A_KIND).map(move |at| (kind, at))).collect();
    let noun = |kind: usize, at: usize| KINDS[kind].1[at % 3];
    table(
        "products",
        vec![
            ("product_id", words(all.iter().map(|(kind, at)| product(*kind, *at)))),
            ("title", words(all.iter().map(|(kind, at)| format!("{} no. {at}", noun(*kind, *at))))),
            (
                "description",
                words(all.iter().map(|(kind, at)| format!("a {} for the {}", noun(*kind, *at), KINDS[*kind].0))),
            ),
            ("category", words(all.iter().map(|(kind, at)| format!("{} > {}", KINDS[*kind].0, noun(*kind, *at))))),
            ("price", Column::Numbers(all.iter().map(|(_, at)| 5.0 + *at as f64).collect())),
            ("cost", Column::Numbers(all.iter().map(|(kind, at)| 3.0 + (at % 4 + kind) as f64).collect())),
            ("stock", Column::Numbers(all.iter().map(|(_, at)| if *at == 9 { 0.0 } else { 40.0 }).collect())),
            ("colour", words(all.iter().map(|(_, at)| ["red", "blue"][at % 2]))),
        ],
    )
}

fn asked(customers: impl IntoIterator<Item = usize>) -> Frame {
    table("customers", vec![("customer_id", words(customers.into_iter().map(id)))])
}
