//! Tables as they should not be.

use mercer_base::ErrorKind;
use mercer_base::frame::{Column, NO_MOMENT, Words};
use mercer_method::day::MICROS_A_DAY;
use mercer_method::{Context, IntakeCounts};
use mercer_testkit::assert_error;
use proptest::prelude::*;

use super::{Rows, frame, id, moments, numbers, read, tables, value, words};
use crate::history::{History, Standard};

fn orders(customers: &[Option<&str>], days: &[i64], amounts: &[f64]) -> mercer_base::frame::Frame {
    let days = days.iter().map(|day| if *day == i64::MIN { NO_MOMENT } else { day.saturating_mul(MICROS_A_DAY) });
    frame(
        "orders.csv",
        vec![
            ("customer_id", Column::Words(customers.iter().copied().collect::<Words>())),
            ("date", Column::Moments(days.collect())),
            ("amount", numbers(amounts.iter().copied())),
        ],
    )
}

#[test]
fn rows_that_cannot_be_used_are_refused_and_counted() {
    let customers = [Some("a"), None, Some(""), Some("a"), Some("b"), Some("b"), Some("b"), Some("a"), Some("b")];
    let days = [10, 11, 12, i64::MIN, 13, 9_000_000, -9_000_000, 95, 14];
    let amounts = [5.0, 1.0, 1.0, 1.0, f64::NAN, 1.0, 1.0, 1.0, f64::INFINITY];
    let tables = tables(vec![("orders", orders(&customers, &days, &amounts))]);
    let mut counts = tables.counts();
    let context = Context { not_yet: Some(90 * MICROS_A_DAY), ..Context::quiet(mercer_base::Seed(1)) };
    let history = History::read(&tables, &context, &mut counts).unwrap();
    assert_eq!((counts.rows, counts.refused), (9, 8), "{:?}", counts.refused_sample);
    assert_eq!((history.first_day(), history.end()), (10, 11));
    assert_eq!(history.population(Standard::NextPurchase, 11, 30), [0]);
    for (row, reason) in
        ["no customer", "no customer", "no date", "NaN", "9999", "9999", "1970-04-06 is in the future", "inf"]
            .into_iter()
            .enumerate()
    {
        assert!(counts.refused_sample[row].reason.contains(reason), "{:?}", counts.refused_sample[row]);
    }
}

#[test]
fn without_a_usable_row_the_reason_is_told() {
    let tables = tables(vec![("orders", orders(&[Some("a")], &[3], &[f64::NAN]))]);
    let (history, counts) = read(&tables, None);
    assert_eq!(counts.refused, 1);
    assert_error(&history.unwrap_err(), ErrorKind::Data, &["no history", "orders.csv, row 1", "NaN"]);
}

#[test]
fn rows_of_other_tables_are_left_out_with_a_note() {
    let mut rows = Rows { orders: vec![(1, 5, 1, 2.0, 1, 0)], ..Rows::default() };
    rows.contracts = vec![(1, 0, 9, Some(3), 5), (1, 0, 2, None, 5)];
    rows.messages = vec![(1, 2, None, None, None), (1, 400, None, None, None)];
    rows.customers = vec![(1, None, 2, 20, None), (1, None, 1, 20, None), (2, None, 2, 50, None)];
    let (history, counts) = read(&tables(rows.frames()), Some(10));
    let history = history.unwrap();
    assert_eq!(counts.refused, 0, "all rows of the main table were used");
    let notes = counts.notes.join("\n");
    assert!(notes.contains("subscriptions: 1 row is left out: it ends before it begins (1)"), "{notes}");
    assert!(notes.contains("messages: 1 row is left out: the date is outside the data (1)"), "{notes}");
    assert!(notes.contains("customers: 1 row repeats a customer"), "{notes}");
    assert_eq!(super::level(&history, 10, "c1", "country").as_deref(), Some("country 1"), "the smaller of two rows");
    assert_eq!(value(&history, 10, "c1", "contracts_running"), 1.0);
}

#[test]
fn which_row_of_a_customer_counts_does_not_hang_on_dates_to_come() {
    let orders = vec![(1, 5, 1, 2.0, 1, 0)];
    let card = |rows: Vec<(u32, Option<i32>)>| {
        let customers = rows.into_iter().map(|(country, card)| (1, None, country, 20, card)).collect();
        let history = Rows { orders: orders.clone(), customers, ..Rows::default() }.history(100).unwrap();
        let table = history.features(&history.vocabulary(90, 30), &[0], 50).unwrap();
        super::row(&table, 0).into_iter().find(|(name, _)| name == "days_since_card_at").map(|(_, days)| days)
    };
    assert_eq!(card(vec![(1, Some(30)), (1, Some(10)), (1, None)]).as_deref(), Some("40"), "the earliest");
    assert_eq!(card(vec![(2, Some(10)), (1, Some(80))]).as_deref(), Some("NaN"), "that of the first country");
}

#[test]
fn a_return_is_no_purchase_where_nothing_says_so() {
    let tables = tables(vec![("orders", orders(&[Some("a"), Some("a")], &[1, 3], &[9.0, -9.0]))]);
    let history = read(&tables, Some(20)).0.unwrap();
    assert_eq!((value(&history, 20, "a", "orders"), value(&history, 20, "a", "net_sales")), (1.0, 0.0));
    assert_eq!(history.label(Standard::NextPurchase, 0, 2, 5), Some(false));
}

#[test]
fn before_the_first_order_nobody_is_asked_and_nothing_is_known() {
    let history = Rows { orders: vec![(1, 100, 1, 2.0, 1, 0)], ..Rows::default() }.history(200).unwrap();
    for target in Standard::ALL {
        assert!(history.population(target, 100, 30).is_empty(), "{}", target.name());
    }
    assert!(value(&history, 101, "c1", "days_between_orders").is_nan());
    let early = history.features(&history.vocabulary(200, 30), &[0], 50).unwrap();
    assert!(super::row(&early, 0).iter().all(|(_, value)| value == "NaN" || value.is_empty()), "unknown is not zero");
    assert_eq!(
        history.vocabulary(50, 30),
        Rows { orders: vec![(1, 150, 1, 2.0, 1, 0)], ..Rows::default() }.history(200).unwrap().vocabulary(50, 30)
    );
    assert_eq!(history.features(&history.vocabulary(200, 30), &[], 150).unwrap().rows(), 0);
    let stranger = history.features(&history.vocabulary(200, 30), &[77], 150).unwrap();
    assert_eq!(super::row(&stranger, 0).iter().find(|(name, _)| name == "orders").unwrap().1, "0");
}

#[test]
fn contracts_alone_are_a_history() {
    let contracts = vec![
        ("customer_id", words([1, 2].into_iter().map(id))),
        ("started_at", moments([Some(5), Some(10)].into_iter())),
        ("ended_at", moments([Some(50), None].into_iter())),
    ];
    let subscriptions = frame("subscriptions", contracts);
    let alone = mercer_method::Form { id: "contracts", about: "", tables: &crate::history::spec::TABLES[6..] };
    let form: &'static mercer_method::Form = Box::leak(Box::new(alone));
    let about = super::about();
    let tables = mercer_method::Tables::new(&about, form, vec![("subscriptions", subscriptions)]);
    let mut counts = IntakeCounts::default();
    let history = History::read(&tables.unwrap(), &Context::quiet(mercer_base::Seed(1)), &mut counts);
    // Nothing is required of optional tables: what is there counts.
    let history = history.unwrap();
    assert_eq!((history.first_day(), history.end()), (5, 51));
    assert_eq!(history.label(Standard::ContractEnd, 0, 40, 11), Some(true));
    assert_eq!(history.lacks(Standard::Churn), Some("no orders are given"));
    assert_eq!((history.lacks(Standard::ContractEnd), history.lacks(Standard::Unsubscribe).is_some()), (None, true));
}

proptest! {
    #[test]
    fn nothing_panics_however_far_the_days(
        days in proptest::collection::vec(any::<i64>(), 1..20),
        cutoff in any::<i32>(),
        horizon in any::<i32>(),
    ) {
        let customers = vec![Some("a"); days.len()];
        let days: Vec<i64> = days.into_iter().map(|moment| moment / MICROS_A_DAY).collect();
        let amounts = vec![1e14; days.len()];
        let Ok(history) = read(&tables(vec![("orders", orders(&customers, &days, &amounts))]), None).0 else { return Ok(()) };
        let vocabulary = history.vocabulary(cutoff, horizon);
        prop_assert_eq!(history.features(&vocabulary, &[0, 5], cutoff).unwrap().rows(), 2);
        for target in Standard::ALL {
            history.population(target, cutoff, horizon);
            if let Some(outcome) = history.label(target, 0, cutoff, horizon) {
                prop_assert!(horizon > 0 && i64::from(cutoff) + i64::from(horizon) <= i64::from(history.end()), "{}", outcome);
            }
        }
        prop_assert!(history.cutoffs(horizon, 3).len() <= 3);
    }
}
