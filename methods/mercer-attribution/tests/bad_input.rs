//! Data as they should not be: each gives a clear answer.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use mercer_attribution::Attribution;
use mercer_base::frame::{Column, Frame, NO_MOMENT, Words};
use mercer_base::{Result, Seed};
use mercer_method::day::MICROS_A_DAY;
use mercer_method::{AnyMethod, Context, Outcome, Tables, Wish};
use serde_json::{Value, json};

fn words(words: &[&str]) -> Column {
    Column::Words(words.iter().map(|word| (!word.is_empty()).then_some(*word)).collect::<Words>())
}

fn days(days: &[i64]) -> Column {
    Column::Moments(days.iter().map(|day| if *day < 0 { NO_MOMENT } else { day * MICROS_A_DAY }).collect())
}

fn table(name: &str, columns: Vec<(&str, Column)>) -> Frame {
    columns.into_iter().try_fold(Frame::new(name), |frame, (name, column)| frame.with(name, column)).unwrap()
}

fn fit(form: &str, frames: Vec<(&'static str, Frame)>, params: &Value) -> Result<Outcome> {
    let about = AnyMethod::about(&Attribution);
    let tables = Tables::new(about, about.form(form).unwrap(), frames)?;
    AnyMethod::fit(&Attribution, params.as_object().unwrap(), &tables, Wish::ALL, &Context::quiet(Seed(1)))
}

/// Rows `path;conversions;nulls`.
fn paths(rows: &[(&str, f64, f64)], params: &Value) -> Result<Outcome> {
    let texts: Vec<&str> = rows.iter().map(|row| row.0).collect();
    let frame = table(
        "paths",
        vec![
            ("path", words(&texts)),
            ("conversions", Column::Numbers(rows.iter().map(|row| row.1).collect())),
            ("nulls", Column::Numbers(rows.iter().map(|row| row.2).collect())),
        ],
    );
    fit("paths", vec![("paths", frame)], params)
}

/// Touches `(customer, day, channel)` and conversions `(customer, day)`.
fn journeys(touches: &[(&str, i64, &str)], sales: &[(&str, i64)], params: &Value) -> Result<Outcome> {
    let (customers, channels): (Vec<&str>, Vec<&str>) = touches.iter().map(|touch| (touch.0, touch.2)).unzip();
    let touched: Vec<i64> = touches.iter().map(|touch| touch.1).collect();
    let (buyers, sold): (Vec<&str>, Vec<i64>) = sales.iter().copied().unzip();
    let touchpoints =
        vec![("customer_id", words(&customers)), ("occurred_at", days(&touched)), ("channel", words(&channels))];
    let conversions = vec![("customer_id", words(&buyers)), ("occurred_at", days(&sold))];
    let frames =
        vec![("touchpoints", table("touchpoints", touchpoints)), ("conversions", table("conversions", conversions))];
    fit("journeys", frames, params)
}

fn conversions(outcome: &Outcome, channel: &str) -> f64 {
    let channels = outcome.saved.model["channels"].as_array().unwrap();
    channels.iter().find(|found| found["channel"] == channel).unwrap()["conversions"].as_f64().unwrap()
}

fn assert_says(found: Result<Outcome>, words: &str) {
    let error = found.err().unwrap();
    assert!(error.to_string().contains(words), "{error}");
    assert!(error.hint().is_some_and(|hint| !hint.is_empty()), "{error:?}");
}

#[test]
fn paths_of_one_touch_have_one_answer() {
    for model in ["markov", "shapley", "linear", "position", "time-decay", "last-non-direct"] {
        let outcome = paths(&[("a", 3.0, 5.0), ("b", 1.0, 9.0)], &json!({ "model": model })).unwrap();
        // A chain without steps from channel to channel loses with each channel its own conversions.
        assert!((conversions(&outcome, "a") - 3.0).abs() < 1e-9, "{model}");
        assert!((conversions(&outcome, "b") - 1.0).abs() < 1e-9, "{model}");
    }
}

#[test]
fn loops_end() {
    let rows = [("a > b > a > b > a > a > a", 2.0, 1.0), ("b > b > b", 1.0, 3.0)];
    for order in 1..=4 {
        let outcome = paths(&rows, &json!({ "model": "markov", "order": order })).unwrap();
        assert!((conversions(&outcome, "a") + conversions(&outcome, "b") - 3.0).abs() < 1e-9);
    }
}

#[test]
fn a_channel_that_never_converts_and_leads_nowhere_has_no_credit() {
    let rows = [("a > b", 2.0, 1.0), ("c", 0.0, 9.0)];
    for model in ["markov", "shapley", "linear"] {
        let outcome = paths(&rows, &json!({ "model": model })).unwrap();
        assert!(conversions(&outcome, "c").abs() < 1e-12, "{model}");
        // Not a number that JSON has not.
        assert!(outcome.scores.unwrap().numbers("conversions").unwrap().iter().all(|part| part.is_finite()));
    }
}

#[test]
fn data_without_any_conversion_are_refused() {
    assert_says(paths(&[("a > b", 0.0, 5.0)], &json!({})), "none of these journeys converted");
    assert_says(journeys(&[("x", 1, "a")], &[("y", 3)], &json!({})), "no journey with a touch");
    assert_says(paths(&[(" > ", 1.0, 0.0)], &json!({})), "no path that can be used");
}

#[test]
fn conversions_without_touches_are_nobodys() {
    let touches = [("x", 1, "a"), ("x", 2, "b"), ("z", 3, "a")];
    let outcome = journeys(&touches, &[("x", 3), ("y", 3), ("x", 9)], &json!({ "model": "linear" })).unwrap();
    assert_eq!(conversions(&outcome, "a") + conversions(&outcome, "b"), 1.0);
    let model = &outcome.saved.model;
    assert_eq!(model["nobody"]["conversions"], 2.0);
    assert_eq!(model["journeys"]["without_touches"], 2.0);
    assert_eq!(model["journeys"]["conversions"], 3.0);
}

#[test]
fn time_that_goes_backwards_is_put_in_order() {
    let forward = [("x", 1, "a"), ("x", 2, "b"), ("x", 5, "c")];
    let backward = [("x", 5, "c"), ("x", 2, "b"), ("x", 1, "a")];
    for touches in [forward, backward] {
        let outcome = journeys(&touches, &[("x", 3)], &json!({ "model": "last-touch" })).unwrap();
        // b is last before the conversion; c came after it.
        assert_eq!((conversions(&outcome, "b"), conversions(&outcome, "c")), (1.0, 0.0));
    }
}

#[test]
fn rows_that_cannot_be_used_are_counted_with_their_reason() {
    let touches = [("x", 1, "a"), ("", 1, "a"), ("x", -1, "a"), ("x", 2, ""), ("y", 200_000, "a")];
    let outcome = journeys(&touches, &[("x", 3)], &json!({})).unwrap();
    let counts = &outcome.saved.data;
    assert_eq!((counts.rows, counts.refused), (5, 4));
    let reasons: Vec<&str> = counts.refused_sample.iter().map(|row| row.reason.as_str()).collect();
    let expected = ["neither customer", "is missing", "channel is missing", "before 1900 or after 2199"];
    assert!(reasons.iter().zip(expected).all(|(reason, words)| reason.contains(words)), "{reasons:?}");
}

#[test]
fn signs_that_part_nothing_known_are_asked_for() {
    let rows = [("a + b", 1.0, 0.0), ("b + a + c", 2.0, 1.0), ("c + a", 1.0, 4.0)];
    assert_says(paths(&rows, &json!({})), "none of the signs");
    let outcome = paths(&rows, &json!({ "separator": "+", "model": "linear" })).unwrap();
    assert!((conversions(&outcome, "c") - (2.0 / 3.0 + 0.5)).abs() < 1e-12);
}

#[test]
fn a_thousand_channels_are_no_matter() {
    let texts: Vec<String> = (0..3_000)
        .map(|row| format!("c{} > c{} > c{}", row % 1_000, (row * 7 + 1) % 1_000, (row * 13 + row / 1_000) % 1_000))
        .collect();
    let rows: Vec<(&str, f64, f64)> =
        texts.iter().enumerate().map(|(row, text)| (text.as_str(), (row % 3) as f64, 2.0)).collect();
    let outcome = paths(&rows, &json!({ "model": "markov", "order": 1, "resamples": 5 })).unwrap();
    let channels = outcome.saved.model["channels"].as_array().unwrap();
    assert_eq!(channels.len(), 1_000);
    let sum: f64 = channels.iter().map(|channel| channel["conversions"].as_f64().unwrap()).sum();
    assert!((sum - 3_000.0).abs() < 1e-6, "{sum}");
}

#[test]
fn experiments_that_cannot_be_are_refused() {
    let touches = || {
        let frame = vec![
            ("path", words(&["a > b", "b"])),
            ("conversions", Column::Numbers(vec![5.0, 2.0])),
            ("nulls", Column::Numbers(vec![5.0, 2.0])),
        ];
        table("paths", frame)
    };
    let test = |channel: &str, incremental: f64, error: f64| {
        let frame = vec![
            ("channel", words(&[channel])),
            ("incremental", Column::Numbers(vec![incremental])),
            ("standard_error", Column::Numbers(vec![error])),
        ];
        fit("paths", vec![("paths", touches()), ("experiments", table("experiments", frame))], &json!({}))
    };
    assert_says(test("radio", 1.0, 1.0), "no channel \"radio\"");
    assert_says(test("a", 1.0, 0.0), "says nothing");
    assert_says(test("a", f64::NAN, 1.0), "says nothing");
}

#[test]
fn without_times_the_additive_hazard_says_the_mend_and_steps_aside_unasked() {
    let rows = [("a > b", 30.0, 70.0), ("a", 10.0, 90.0), ("b", 25.0, 75.0)];
    let error = paths(&rows, &json!({ "model": "hazard" })).unwrap_err();
    assert!(error.to_string().contains("when each touch was"), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("model=markov") && hint.contains("times")), "{error:?}");
    let outcome = paths(&rows, &json!({ "model": "auto" })).unwrap();
    let model = &outcome.saved.model;
    assert_eq!(model["model"], "markov");
    assert!(model["reason"].as_str().unwrap().contains("times of touches are not known"));
    let left_out = model["left_out"].as_array().unwrap();
    assert!(
        left_out.iter().any(|left| left["model"] == "hazard" && left["reason"].as_str().unwrap().contains("no times"))
    );
    let card = outcome.findings.cards.iter().find(|card| card.id == "attribution-channels").unwrap();
    assert!(card.caveats.iter().any(|caveat| caveat.contains("additive hazard is left out")), "{:?}", card.caveats);
}

#[test]
fn credit_below_nothing_is_explained() {
    let rows = [("a", 5_000.0, 5_000.0), ("b", 100.0, 9_900.0), ("a > b", 1_000.0, 9_000.0)];
    let caveat = |game: &str| {
        let outcome = paths(&rows, &json!({ "model": "shapley", "shapley_game": game })).unwrap();
        let card = outcome.findings.cards.iter().find(|card| card.id == "attribution-channels").unwrap();
        (
            conversions(&outcome, "b"),
            card.caveats.iter().any(|caveat| caveat.contains("credits b with less than nothing")),
        )
    };
    // By rates b has its 100 and of the 1,000 much less than nothing; by sums its 100 and half of the 1,000.
    let (credit, explained) = caveat("rate");
    assert!(credit < 0.0 && explained, "{credit}");
    assert_eq!(caveat("sum"), (600.0, false));
}
