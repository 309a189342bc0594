//! Samples for `lifetime`: customers who buy at their own rate until they leave unseen, and customers under contract.

use mercer_base::frame::{Column, Frame, Words};
use mercer_testkit::conformance::Sample;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Distribution, Exp, Gamma};
use serde_json::json;

/// 4 January 2010, a Monday, in microseconds since 1970.
const START: i64 = 1_262_563_200_000_000;
const MICROS_A_DAY: f64 = 86_400_000_000.0;
const DAYS_OBSERVED: f64 = 420.0;
const CUSTOMERS: usize = 240;

/// One sample of each form, and of each way of using it that differs.
pub(crate) fn samples() -> Vec<Sample> {
    let about = crate::method("lifetime").about();
    let people = people();
    let sample = |name, form, frames| Sample::new(name, about, form, frames);
    let transactions = || ("transactions", transactions(&people));
    let summary = |columns: &[&str]| vec![("summary", columns_of(&summary(&people), columns))];
    vec![
        sample("transactions", "transactions", vec![transactions()]),
        sample("transactions and customers", "transactions", vec![transactions(), ("customers", customers(&people))])
            .with_params(json!({ "model": "bg-nbd", "covariates": ["channel", "children"], "prior": "weak" })),
        sample("summary", "summary", summary(&["customer_id", "frequency", "recency", "T", "monetary"]))
            .with_params(json!({ "model": "mbg-nbd", "horizon": 26.0 })),
        sample("summary without ids and money", "summary", summary(&["frequency", "recency", "T"]))
            .with_params(json!({ "model": "pareto-nbd" })),
        sample("summary with covariates", "summary", summary(&["customer_id", "frequency", "recency", "T", "channel"]))
            .with_params(json!({ "model": "bg-nbd", "covariates": ["channel"] })),
        sample("opportunities", "summary", vec![("summary", opportunities())])
            .with_params(json!({ "model": "bg-bb", "time_unit": "year", "horizon": 5.0 })),
        sample("contracts", "contracts", vec![("contracts", contracts())])
            .with_params(json!({ "time_unit": "month", "horizon": 12.0 })),
        sample(
            "spend",
            "spend",
            vec![("spend", columns_of(&summary_of_buyers(&people), &["customer_id", "frequency", "monetary"]))],
        ),
    ]
}

/// A simulated customer: the days of the purchases, what each was worth, what is known of the customer.
struct Person {
    id: String,
    days: Vec<f64>,
    amounts: Vec<f64>,
    channel: &'static str,
    children: f64,
}

/// Buying is a Poisson process with a gamma-distributed rate, twice as high for those who came by search, up to an exponential
/// lifetime; amounts are gamma-distributed around a mean of the customer's own.
fn people() -> Vec<Person> {
    let mut chance = ChaCha8Rng::seed_from_u64(2010);
    let [rates, lifetimes, scales] = [(0.9, 1.0 / 60.0), (0.8, 1.0 / 120.0), (5.0, 0.25)]
        .map(|(shape, scale)| Gamma::<f64>::new(shape, scale).unwrap());
    (0..CUSTOMERS)
        .map(|number| {
            let channel = ["search", "mail", "shop"][number % 3];
            let faster = if channel == "search" { 2.0 } else { 1.0 };
            let rate = faster * rates.sample(&mut chance).max(1e-6);
            let leaving = lifetimes.sample(&mut chance).max(1e-6);
            let first = chance.random_range(0.0..120.0_f64).floor();
            let last = first + Exp::new(leaving).unwrap().sample(&mut chance);
            let gaps = Exp::new(rate).unwrap();
            let mut days = vec![first];
            let mut day = first;
            loop {
                day += gaps.sample(&mut chance);
                if day >= last.min(DAYS_OBSERVED) {
                    break;
                }
                days.push(day.floor());
            }
            days.dedup();
            let worth = Gamma::new(6.0, 40.0 / scales.sample(&mut chance).max(0.05) / 6.0).unwrap();
            let amounts = days.iter().map(|_| cents(worth.sample(&mut chance))).collect();
            let children = f64::from(chance.random_range(0..4_u8));
            Person { id: format!("customer-{number:03}"), days, amounts, channel, children }
        })
        .collect()
}

fn cents(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
}

fn frame(origin: &str, columns: Vec<(&str, Column)>) -> Frame {
    columns.into_iter().fold(Frame::new(origin), |frame, (name, column)| frame.with(name, column).unwrap())
}

fn words<'a>(values: impl Iterator<Item = &'a str>) -> Column {
    Column::Words(values.map(Some).collect::<Words>())
}

fn transactions(people: &[Person]) -> Frame {
    let purchases =
        || people.iter().flat_map(|person| person.days.iter().zip(&person.amounts).map(move |p| (person, p)));
    #[allow(clippy::cast_possible_truncation, reason = "whole days of one year")]
    let moment = |day: f64| START + (day * MICROS_A_DAY) as i64;
    frame(
        "transactions",
        vec![
            ("customer_id", words(purchases().map(|(person, _)| person.id.as_str()))),
            ("date", Column::Moments(purchases().map(|(_, (day, _))| moment(*day)).collect())),
            ("amount", Column::Numbers(purchases().map(|(_, (_, amount))| *amount).collect())),
        ],
    )
}

fn customers(people: &[Person]) -> Frame {
    frame(
        "customers",
        vec![
            ("customer_id", words(people.iter().map(|person| person.id.as_str()))),
            ("channel", words(people.iter().map(|person| person.channel))),
            ("children", Column::Numbers(people.iter().map(|person| person.children).collect())),
        ],
    )
}

/// A row a customer, in weeks.
fn summary(people: &[Person]) -> Frame {
    let numbers = |of: fn(&Person) -> f64| Column::Numbers(people.iter().map(of).collect());
    let frame = frame(
        "summary",
        vec![
            ("frequency", numbers(|person| (person.days.len() - 1) as f64)),
            ("recency", numbers(|person| (person.days[person.days.len() - 1] - person.days[0]) / 7.0)),
            ("T", numbers(|person| (DAYS_OBSERVED - person.days[0]) / 7.0)),
            (
                "monetary",
                numbers(|person| match person.amounts.get(1..) {
                    Some([]) | None => 0.0,
                    Some(repeats) => cents(repeats.iter().sum::<f64>() / repeats.len() as f64),
                }),
            ),
        ],
    );
    customers(people).columns().fold(frame, |frame, (name, column)| frame.with(name, column.clone()).unwrap())
}

fn summary_of_buyers(people: &[Person]) -> Frame {
    let all = summary(people);
    let repeats = all.numbers("frequency").unwrap();
    let rows: Vec<usize> = (0..all.rows()).filter(|row| repeats[*row] > 0.0).collect();
    all.take(&rows)
}

fn columns_of(from: &Frame, names: &[&str]) -> Frame {
    frame(from.origin(), names.iter().map(|name| (*name, from.column(name).unwrap().clone())).collect())
}

/// Yearly appeals: at each of ten, a living donor gives by a beta-distributed chance, and leaves by another.
fn opportunities() -> Frame {
    let mut chance = ChaCha8Rng::seed_from_u64(1997);
    let (gives, leaves) = (Beta::new(1.2, 0.8).unwrap(), Beta::new(0.7, 2.8).unwrap());
    let rows: Vec<(f64, f64)> = (0..CUSTOMERS)
        .map(|_| {
            let (give, leave): (f64, f64) = (gives.sample(&mut chance), leaves.sample(&mut chance));
            let (mut gifts, mut last) = (0.0, 0.0);
            for year in 1..=10 {
                if happens(&mut chance, leave) {
                    break;
                }
                if happens(&mut chance, give) {
                    (gifts, last) = (gifts + 1.0, f64::from(year));
                }
            }
            (gifts, last)
        })
        .collect();
    frame(
        "opportunities",
        vec![
            ("customer_id", ids("donor")),
            ("frequency", Column::Numbers(rows.iter().map(|(gifts, _)| *gifts).collect())),
            ("recency", Column::Numbers(rows.iter().map(|(_, last)| *last).collect())),
            ("T", Column::Numbers(vec![10.0; CUSTOMERS])),
        ],
    )
}

/// Monthly contracts of one cohort, each ended by a beta-distributed chance of its own or running still.
fn contracts() -> Frame {
    let mut chance = ChaCha8Rng::seed_from_u64(2007);
    let leaves = Beta::new(0.7, 3.0).unwrap();
    let lifetimes: Vec<f64> = (0..CUSTOMERS)
        .map(|_| {
            let leave: f64 = leaves.sample(&mut chance);
            f64::from((1..8_u8).find(|_| happens(&mut chance, leave)).unwrap_or(8))
        })
        .collect();
    frame(
        "contracts",
        vec![
            ("customer_id", ids("member")),
            ("recency", Column::Numbers(lifetimes)),
            ("T", Column::Numbers(vec![8.0; CUSTOMERS])),
            ("monetary", Column::Numbers((0..CUSTOMERS).map(|number| 10.0 + (number % 3) as f64 * 5.0).collect())),
        ],
    )
}

fn ids(kind: &str) -> Column {
    Column::Words((0..CUSTOMERS).map(|number| Some(format!("{kind}-{number:03}"))).collect::<Words>())
}

fn happens(chance: &mut impl Rng, share: f64) -> bool {
    chance.random_range(0.0..1.0) < share
}
