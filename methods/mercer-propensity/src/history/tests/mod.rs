//! Histories made by hand and at random, and what must hold of all of them.

mod awkward;
mod labels;
mod point_in_time;
mod shop;
mod values;
mod watch;

use mercer_base::Seed;
use mercer_base::frame::{Column, Frame, NO_MOMENT, Words};
use mercer_boost::Values;
use mercer_method::day::MICROS_A_DAY;
use mercer_method::{About, Context, Form, IntakeCounts, Tables};
use proptest::collection::vec;
use proptest::prelude::*;

use super::spec::TABLES;
use super::{History, Vocabulary};
use crate::table::Table;

/// Length of the histories that are made at random, in days.
const DAYS: i32 = 500;

static FORM: Form = Form { id: "orders", about: "orders and all else", tables: TABLES };

/// A day of a row; `None` where it has none.
type Day = Option<i32>;

/// The rows of all tables, as they might stand in files.
#[derive(Debug, Clone, Default)]
struct Rows {
    /// Customer, day, order, amount, purchases, channel.
    orders: Vec<(u32, i32, u32, f64, u32, u32)>,
    /// Customer, day of record, country, age, another date.
    customers: Vec<(u32, Day, u32, i32, Day)>,
    /// Customer, day, kind, count.
    bought: Vec<(u32, i32, u32, u32)>,
    events: Vec<(u32, i32, u32, u32)>,
    touchpoints: Vec<(u32, i32, u32, u32)>,
    /// Customer, sent, opened, clicked, unsubscribed.
    messages: Vec<(u32, i32, Day, Day, Day)>,
    /// Customer, plan, started, ended, price.
    contracts: Vec<(u32, u32, i32, Day, u32)>,
}

fn id(customer: u32) -> String {
    format!("c{customer}")
}

fn words<S: AsRef<str>>(values: impl Iterator<Item = S>) -> Column {
    Column::Words(values.map(Some).collect::<Words>())
}

fn moments(days: impl Iterator<Item = Day>) -> Column {
    // Some time of the day: only the day counts.
    Column::Moments(
        days.map(|day| day.map_or(NO_MOMENT, |day| i64::from(day) * MICROS_A_DAY + 40_000_000_000)).collect(),
    )
}

fn numbers(values: impl Iterator<Item = f64>) -> Column {
    Column::Numbers(values.collect())
}

fn frame(name: &str, columns: Vec<(&str, Column)>) -> Frame {
    columns.into_iter().try_fold(Frame::new(name), |frame, (name, column)| frame.with(name, column)).unwrap()
}

fn counted(name: &str, kind: &str, rows: &[(u32, i32, u32, u32)]) -> Frame {
    let columns = vec![
        ("customer_id", words(rows.iter().map(|row| id(row.0)))),
        ("date", moments(rows.iter().map(|row| Some(row.1)))),
        (kind, words(rows.iter().map(|row| format!("{kind}-{}", row.2)))),
        ("count", numbers(rows.iter().map(|row| f64::from(row.3)))),
    ];
    frame(name, columns)
}

fn about() -> About {
    About {
        id: "test",
        title: "",
        question: "",
        forms: &[],
        scores: &[],
        tables: &[],
        list: None,
        version: 1,
        readme: "",
    }
}

/// Tables of the form that histories are read from.
fn tables(frames: Vec<(&'static str, Frame)>) -> Tables {
    Tables::new(&about(), &FORM, frames).unwrap()
}

impl Rows {
    fn frames(&self) -> Vec<(&'static str, Frame)> {
        let orders = vec![
            ("customer_id", words(self.orders.iter().map(|row| id(row.0)))),
            ("date", moments(self.orders.iter().map(|row| Some(row.1)))),
            ("order_id", words(self.orders.iter().map(|row| format!("{}-{}", row.0, row.2)))),
            ("amount", numbers(self.orders.iter().map(|row| row.3))),
            ("purchases", numbers(self.orders.iter().map(|row| f64::from(row.4)))),
            ("channel", words(self.orders.iter().map(|row| format!("channel {}", row.5)))),
            ("discount", numbers(self.orders.iter().map(|row| f64::from(row.5)))),
        ];
        let customers = vec![
            ("customer_id", words(self.customers.iter().map(|row| id(row.0)))),
            ("created_at", moments(self.customers.iter().map(|row| row.1))),
            ("country", words(self.customers.iter().map(|row| format!("country {}", row.2)))),
            ("age", numbers(self.customers.iter().map(|row| f64::from(row.3)))),
            ("card_at", moments(self.customers.iter().map(|row| row.4))),
        ];
        let messages = vec![
            ("customer_id", words(self.messages.iter().map(|row| id(row.0)))),
            ("sent_at", moments(self.messages.iter().map(|row| Some(row.1)))),
            ("opened_at", moments(self.messages.iter().map(|row| row.2))),
            ("clicked_at", moments(self.messages.iter().map(|row| row.3))),
            ("unsubscribed_at", moments(self.messages.iter().map(|row| row.4))),
        ];
        let contracts = vec![
            ("customer_id", words(self.contracts.iter().map(|row| id(row.0)))),
            ("plan", words(self.contracts.iter().map(|row| format!("plan {}", row.1)))),
            ("started_at", moments(self.contracts.iter().map(|row| Some(row.2)))),
            ("ended_at", moments(self.contracts.iter().map(|row| row.3))),
            ("price", numbers(self.contracts.iter().map(|row| f64::from(row.4)))),
        ];
        vec![
            ("orders", frame("orders", orders)),
            ("customers", frame("customers", customers)),
            ("bought", counted("bought", "category", &self.bought)),
            ("events", counted("events", "name", &self.events)),
            ("messages", frame("messages", messages)),
            ("touchpoints", counted("touchpoints", "channel", &self.touchpoints)),
            ("subscriptions", frame("subscriptions", contracts)),
        ]
    }

    /// The history with its end; `None` where there is none.
    fn history(&self, end: i32) -> Option<History> {
        read(&tables(self.frames()), Some(end)).0.ok()
    }

    /// What stood in the tables when the day began.
    fn as_of(&self, day: i32) -> Self {
        let past = |date: Day| date.filter(|date| *date < day);
        let counted = |rows: &[(u32, i32, u32, u32)]| rows.iter().copied().filter(|row| row.1 < day).collect();
        let customers = self.customers.iter().filter(|row| row.1.is_none_or(|created| created < day));
        let messages = self.messages.iter().filter(|row| row.1 < day);
        let contracts = self.contracts.iter().filter(|row| row.2 < day);
        Self {
            orders: self.orders.iter().copied().filter(|row| row.1 < day).collect(),
            customers: customers.map(|row| (row.0, row.1, row.2, row.3, past(row.4))).collect(),
            bought: counted(&self.bought),
            events: counted(&self.events),
            touchpoints: counted(&self.touchpoints),
            messages: messages.map(|row| (row.0, row.1, past(row.2), past(row.3), past(row.4))).collect(),
            contracts: contracts.map(|row| (row.0, row.1, row.2, past(row.3), row.4)).collect(),
        }
    }

    fn reversed(&self) -> Self {
        fn turned<T: Clone>(rows: &[T]) -> Vec<T> {
            rows.iter().rev().cloned().collect()
        }
        Self {
            orders: turned(&self.orders),
            customers: turned(&self.customers),
            bought: turned(&self.bought),
            events: turned(&self.events),
            touchpoints: turned(&self.touchpoints),
            messages: turned(&self.messages),
            contracts: turned(&self.contracts),
        }
    }
}

fn read(tables: &Tables, end: Option<i32>) -> (mercer_base::Result<History>, IntakeCounts) {
    let until = end.map(|end| i64::from(end) * MICROS_A_DAY);
    let context = Context { until, ..Context::quiet(Seed(1)) };
    let mut counts = tables.counts();
    (History::read(tables, &context, &mut counts), counts)
}

/// The number of a customer in a history.
fn number_of(history: &History, customer: &str) -> Option<u32> {
    history.ids().words.iter().position(|id| id == customer).and_then(|place| u32::try_from(place).ok())
}

/// A row of features by name, to the bit: missing is equal to missing. Categories by their words.
fn row(table: &Table, row: usize) -> Vec<(String, String)> {
    let cell = |values: &Values, categories: &[String]| match values {
        Values::Numbers(values) => values[row].to_string(),
        Values::Categories { codes, .. } => categories.get(codes[row] as usize).cloned().unwrap_or_default(),
    };
    let columns = table.features().iter().zip(table.matrix().columns());
    columns.map(|(feature, values)| (feature.name.clone(), cell(values, &feature.categories))).collect()
}

/// All customers' features in words, with their ids.
fn spelled(history: &History, vocabulary: &Vocabulary, cutoff: i32) -> Vec<(String, Vec<(String, String)>)> {
    let customers: Vec<u32> = (0..).take(history.ids().words.len()).collect();
    let table = history.features(vocabulary, &customers, cutoff).unwrap();
    let ids = history.ids().words.iter().map(str::to_owned);
    ids.enumerate().map(|(place, id)| (id, row(&table, place))).collect()
}

/// A number of a customer's features.
fn value(history: &History, cutoff: i32, customer: &str, feature: &str) -> f32 {
    let vocabulary = history.vocabulary(cutoff, 90);
    let table = history.features(&vocabulary, &[number_of(history, customer).unwrap()], cutoff).unwrap();
    match table.column(feature).unwrap_or_else(|| panic!("no feature {feature}")).1 {
        Values::Numbers(values) => values[0],
        Values::Categories { .. } => panic!("{feature} has categories"),
    }
}

/// A category of a customer's features.
fn level(history: &History, cutoff: i32, customer: &str, feature: &str) -> Option<String> {
    let vocabulary = history.vocabulary(cutoff, 90);
    let table = history.features(&vocabulary, &[number_of(history, customer).unwrap()], cutoff).unwrap();
    let found = row(&table, 0).into_iter().find(|(name, _)| name == feature);
    Some(found.unwrap_or_else(|| panic!("no feature {feature}")).1).filter(|level| !level.is_empty())
}

fn later() -> impl Strategy<Value = Day> {
    prop_oneof![Just(None), (0..DAYS + 50).prop_map(Some)]
}

fn kinds(most: usize) -> impl Strategy<Value = Vec<(u32, i32, u32, u32)>> {
    vec((0..5_u32, 0..DAYS, 0..12_u32, 1..4_u32), 0..most)
}

/// Histories of up to five customers in all tables, orders on several rows and days, rows that repeat among them.
fn histories() -> impl Strategy<Value = Rows> {
    let orders = vec((0..5_u32, 0..DAYS, 0..12_u32, -40..100_i32, 0..2_u32, 0..3_u32), 1..40);
    let customers = vec((0..6_u32, later(), 0..3_u32, 18..80_i32, later()), 0..8);
    let messages = vec((0..5_u32, 0..DAYS, later(), later(), later()), 0..25);
    let contracts = vec((0..5_u32, 0..3_u32, 0..DAYS, later(), 5..9_u32), 0..12);
    (orders, customers, kinds(30), kinds(40), kinds(20), messages, contracts).prop_map(
        |(orders, customers, bought, events, touchpoints, messages, contracts)| Rows {
            orders: orders.into_iter().map(|row| (row.0, row.1, row.2, f64::from(row.3) / 4.0, row.4, row.5)).collect(),
            customers,
            bought,
            events,
            touchpoints,
            messages,
            contracts,
        },
    )
}
