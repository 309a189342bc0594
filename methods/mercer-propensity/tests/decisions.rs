//! Which model is kept where there is an earlier one, and who may stand in a list.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use mercer_base::Seed;
use mercer_base::card::Value as Cell;
use mercer_base::frame::{Column, Frame, Words};
use mercer_method::{AnyMethod, Context, Outcome, SavedModel, Tables, Wish};
use mercer_propensity::Propensity;
use serde_json::{Value, json};

/// A number from 0 to 1 for each row and column.
fn chance(row: u32, column: u64) -> f64 {
    (Seed(11).nth(column).nth(u64::from(row)).0 >> 11) as f64 / (1_u64 << 53) as f64
}

/// Rows in the order in which they came about: the log-odds of buying rise by `slope` with visits, and fall with age.
fn rows(numbers: std::ops::Range<u32>, slope: f64) -> Frame {
    let column = |of: &dyn Fn(u32) -> f64| Column::Numbers(numbers.clone().map(of).collect());
    let happens = |row: u32| {
        let odds = (slope * (chance(row, 1) - 0.5) - 2.0 * (chance(row, 2) - 0.5)).exp();
        f64::from(u8::from(chance(row, 3) < odds / (1.0 + odds)))
    };
    let lines = (1..=u64::from(numbers.end - numbers.start)).collect();
    let ids: Words = numbers.clone().map(|row| Some(format!("c{row:05}"))).collect();
    Frame::new("rows")
        .with_lines(lines)
        .with("customer_id", Column::Words(ids))
        .and_then(|frame| frame.with("visits", column(&|row| chance(row, 1))))
        .and_then(|frame| frame.with("age", column(&|row| chance(row, 2))))
        .and_then(|frame| frame.with("bought", column(&happens)))
        .unwrap()
}

fn fit(frame: Frame, learner: &str, previous: Option<&SavedModel>, wish: Wish) -> Outcome {
    let about = AnyMethod::about(&Propensity);
    let tables = Tables::new(about, about.form("rows").unwrap(), vec![("rows", frame)]).unwrap();
    let Value::Object(given) = json!({ "target": ["bought"], "learner": learner }) else { unreachable!() };
    let context = Context { previous, ..Context::quiet(Seed(42)) };
    AnyMethod::fit(&Propensity, &given, &tables, wish, &context).unwrap()
}

/// Whether the earlier model was kept, its log-loss, that of the new one, and why.
fn contest(outcome: &Outcome) -> (bool, f64, f64, String) {
    let contest = &outcome.saved.model["targets"][0]["contest"];
    let loss = |name: &str| contest[name].as_f64().unwrap();
    (contest["kept"].as_bool().unwrap(), loss("champion"), loss("challenger"), contest["words"].to_string())
}

#[test]
fn where_the_world_has_changed_the_challenger_wins_on_the_newest_rows() {
    let champion = fit(rows(0..4_000, 4.0), "auto", None, Wish::default());
    let changed = fit(rows(4_000..8_000, -4.0), "auto", Some(&champion.saved), Wish::default());
    let (kept, old, new, words) = contest(&changed);
    assert!(!kept && new < old - 0.1, "{old} {new}");
    assert!(words.contains("the new model is taken: on the 800 newest rows"), "both on the newest fifth: {words}");
    assert_ne!(changed.saved.model["targets"][0]["answer"], champion.saved.model["targets"][0]["answer"]);
}

#[test]
fn a_challenger_that_knows_less_loses_and_the_earlier_model_stays() {
    let champion = fit(rows(0..8_000, 4.0), "auto", None, Wish::default());
    // A tenth of the rows, of the same world.
    let next = fit(rows(8_000..8_500, 4.0), "auto", Some(&champion.saved), Wish::default());
    let (kept, old, new, words) = contest(&next);
    assert!(kept && old <= new, "{old} {new}");
    assert!(words.contains("the earlier model is kept: on the 100 newest rows"), "{words}");
    assert_eq!(next.saved.model["targets"][0]["answer"], champion.saved.model["targets"][0]["answer"]);
}

#[test]
fn an_equal_challenger_loses() {
    // The earlier model has learnt from just the rows that a challenger learns from, all but the newest fifth, by regression.
    let champion = fit(rows(0..3_200, 4.0), "linear", None, Wish::default());
    let next = fit(rows(0..4_000, 4.0), "linear", Some(&champion.saved), Wish::default());
    let (kept, old, new, _) = contest(&next);
    // The same rows in the same order give the same fit, to the last bit.
    assert_eq!(old.to_bits(), new.to_bits(), "{old} {new}");
    assert!(kept, "a draw is the champion's");
    assert_eq!(next.saved.model["targets"][0]["rows"], 3_200);
}

#[test]
fn whoever_has_not_consented_is_scored_but_not_listed() {
    // Nobody whose number is even may be contacted.
    let say = |row: u32| Some(if row.is_multiple_of(2) { "denied" } else { "granted" });
    let consents = Column::Words((0..1_000).map(say).collect::<Words>());
    let outcome = fit(rows(0..1_000, 4.0).with("consent", consents).unwrap(), "linear", None, Wish::ALL);
    assert_eq!(outcome.scores.unwrap().numbers("probability").unwrap().len(), 1_000);
    let card = outcome.findings.cards.iter().find(|card| card.id == "propensity-bought-list").unwrap();
    assert_eq!(card.table.rows.len(), 10);
    for row in &card.table.rows {
        let Some(Cell::Text(id)) = row.first() else { panic!("{row:?}") };
        assert!(id.trim_start_matches('c').parse::<u32>().unwrap() % 2 == 1, "{id} has not consented");
    }
    assert!(card.caveats.iter().any(|words| words.contains("500 rows")), "{:?}", card.caveats);
    // Consent says what may be done, not what will happen: it is no feature.
    let features = outcome.saved.model["targets"][0]["features"].as_array().unwrap();
    assert!(features.iter().all(|feature| feature["name"] != "consent"));
}

#[test]
fn whoever_refused_is_scored_but_not_listed_and_a_target_is_no_refusal() {
    // Every second row is marked; the mark is the only thing the column holds.
    let mark = |row: u32| row.is_multiple_of(2).then_some("x");
    let marks = Column::Words((0..1_000).map(mark).collect::<Words>());
    let outcome = fit(rows(0..1_000, 4.0).with("Do Not Email", marks).unwrap(), "linear", None, Wish::ALL);
    let list = outcome.findings.cards.iter().find(|card| card.id.ends_with("-list")).unwrap();
    assert!(!list.table.rows.is_empty());
    for row in &list.table.rows {
        let Cell::Text(id) = &row[0] else { panic!("{row:?}") };
        assert!(id.trim_start_matches('c').parse::<u32>().unwrap() % 2 == 1, "{id} has refused");
    }
    let barred = "500 rows with a score are not to be contacted";
    assert!(list.caveats.iter().any(|words| words.contains(barred)), "{:?}", list.caveats);

    let about = AnyMethod::about(&Propensity);
    let frame = rows(0..1_000, 4.0);
    let unsubscribed = frame.column("bought").unwrap().clone();
    let frame = frame.with("unsubscribed", unsubscribed).unwrap();
    let tables = Tables::new(about, about.form("rows").unwrap(), vec![("rows", frame)]).unwrap();
    let Value::Object(given) = json!({ "target": ["unsubscribed"], "exclude": ["bought"], "learner": "linear" }) else {
        unreachable!()
    };
    let outcome = AnyMethod::fit(&Propensity, &given, &tables, Wish::ALL, &Context::quiet(Seed(42))).unwrap();
    let list = outcome.findings.cards.iter().find(|card| card.id.ends_with("-list")).unwrap();
    assert!(list.caveats.iter().all(|words| !words.contains("consent")), "{:?}", list.caveats);
}
