//! The rules of a business over the lists: who may be contacted, and what steps back because it was shown lately.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use mercer_base::Seed;
use mercer_base::frame::{Column, Frame};
use mercer_method::day::MICROS_A_DAY;
use mercer_method::{AnyMethod, Context, Outcome, Tables, Wish};
use mercer_recommend::Recommend;
use serde_json::{Value, json};

const CUSTOMERS: usize = 12;

fn words(values: impl Iterator<Item = String>) -> Column {
    Column::Words(values.map(Some).collect())
}

/// Customers who all buy a product every tenth day, from the first on, each beginning one product later.
fn purchases() -> Frame {
    let lines =
        || (0..CUSTOMERS).flat_map(|customer| (0..4_usize).map(move |order| (customer, order, (customer + order) % 8)));
    let day = |order: usize| i64::try_from(order).unwrap() * 10 * MICROS_A_DAY;
    Frame::new("train")
        .with("customer_id", words(lines().map(|line| format!("c{:02}", line.0))))
        .and_then(|frame| frame.with("product_id", words(lines().map(|line| format!("p{}", line.2)))))
        .and_then(|frame| frame.with("occurred_at", Column::Moments(lines().map(|line| day(line.1)).collect())))
        .unwrap()
}

fn fit(frames: Vec<(&'static str, Frame)>, params: &Value) -> Outcome {
    let about = AnyMethod::about(&Recommend);
    let tables = Tables::new(about, about.form("purchases").unwrap(), frames).unwrap();
    let wish = Wish { scores: true, ..Wish::default() };
    AnyMethod::fit(&Recommend, params.as_object().unwrap(), &tables, wish, &Context::quiet(Seed(1))).unwrap()
}

/// Customer and product of each row of the lists.
fn lists(outcome: &Outcome) -> Vec<(String, String)> {
    let table = &outcome.tables.iter().find(|(name, _)| *name == "recommendations").unwrap().1;
    let (customers, products) = (table.words("customer_id").unwrap(), table.words("product_id").unwrap());
    (0..table.rows()).map(|row| (customers.get(row).unwrap().into(), products.get(row).unwrap().into())).collect()
}

fn of(lists: &[(String, String)], customer: &str) -> Vec<String> {
    lists.iter().filter(|row| row.0 == customer).map(|row| row.1.clone()).collect()
}

#[test]
fn who_gave_no_consent_gets_no_list() {
    let customers = Frame::new("customers")
        .with("customer_id", words(["c00", "c01", "c02", "c03", "c01"].map(String::from).into_iter()))
        .and_then(|frame| frame.with("consent", words(["yes", "yes", "no", "", "no"].map(String::from).into_iter())))
        .unwrap();
    let params = json!({ "k": 3, "push": ["p7"] });
    let outcome = fit(vec![("train", purchases()), ("customers", customers)], &params);
    let lists = lists(&outcome);
    assert_eq!(of(&lists, "c00").len(), 3);
    assert_eq!(lists.len(), 3, "{lists:?}");
    let scores = outcome.scores.as_ref().unwrap();
    assert_eq!(scores.rows(), 4);
    for (row, listed) in [(0, true), (1, false), (2, false), (3, false)] {
        for column in ["next_offer", "next_new_offer"] {
            assert_eq!(scores.words(column).unwrap().get(row).is_some(), listed, "{column} of row {row}");
        }
    }
    let pushed = &outcome.tables.iter().find(|(name, _)| *name == "push_targets").unwrap().1;
    assert_eq!((pushed.rows(), pushed.words("customer_id").unwrap().get(0)), (1, Some("c00")));
    let notes = &outcome.saved.data.notes;
    assert!(notes.iter().any(|note| note.contains("3 customers get no list for want of consent")), "{notes:?}");
}

#[test]
fn who_opted_out_gets_no_list() {
    let customers = Frame::new("customers")
        .with("customer_id", words(["c00", "c01", "c02"].map(String::from).into_iter()))
        .and_then(|frame| frame.with("opted_out", words(["no", "yes", "no"].map(String::from).into_iter())))
        .and_then(|frame| frame.with("Do Not Email", words(["0", "0", "1"].map(String::from).into_iter())))
        .unwrap();
    let outcome = fit(vec![("train", purchases()), ("customers", customers)], &json!({ "k": 3 }));
    let lists = lists(&outcome);
    assert_eq!((of(&lists, "c00").len(), lists.len()), (3, 3), "{lists:?}");
}

#[test]
fn what_was_shown_last_steps_back() {
    let shown = |rows: &[(&str, &str, i64)]| {
        let day = |row: &(&str, &str, i64)| row.2 * MICROS_A_DAY;
        Frame::new("shown")
            .with("customer_id", words(rows.iter().map(|row| row.0.to_owned())))
            .and_then(|frame| frame.with("product_id", words(rows.iter().map(|row| row.1.to_owned()))))
            .and_then(|frame| frame.with("shown_at", Column::Moments(rows.iter().map(day).collect())))
            .unwrap()
    };
    let params = |rotate: f64| json!({ "k": 2, "repeats": "mask", "models": ["popularity"], "rotate": rotate });
    let plain = lists(&fit(vec![("train", purchases())], &params(0.0)));
    let (first, second) = match &of(&plain, "c00")[..] {
        [first, second] => (first.clone(), second.clone()),
        other => unreachable!("a list of two: {other:?}"),
    };
    let rows = [("c00", first.as_str(), 40), ("c01", "p0", 33)];
    let still = lists(&fit(vec![("train", purchases()), ("shown", shown(&rows))], &params(0.0)));
    assert_eq!(still, plain);
    let rotated = lists(&fit(vec![("train", purchases()), ("shown", shown(&rows))], &params(0.9)));
    assert_eq!(of(&rotated, "c00").first(), Some(&second));
    assert!(!of(&rotated, "c00").contains(&first));
    for other in (1..CUSTOMERS).map(|customer| format!("c{customer:02}")) {
        assert_eq!(of(&rotated, &other), of(&plain, &other), "{other}");
    }
    // Shown ten sends ago it has nearly its whole score again.
    let old: Vec<(&str, &str, i64)> =
        (0..9).map(|send| ("c01", "p1", 39 - send)).chain([("c00", first.as_str(), 20)]).collect();
    let params = json!({ "k": 2, "repeats": "mask", "models": ["popularity"], "rotate": 0.9, "most_shown": 20 });
    let back = lists(&fit(vec![("train", purchases()), ("shown", shown(&old))], &params));
    assert_eq!(of(&back, "c00"), of(&plain, "c00"));
}
