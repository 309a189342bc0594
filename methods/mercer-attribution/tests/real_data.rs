//! On the field's own example: the exact figures of the chain, through reading and fitting. Skipped where the data are missing.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;

use mercer_attribution::Attribution;
use mercer_base::Seed;
use mercer_base::frame::{Frame, Wanted};
use mercer_method::{AnyMethod, Context, Mapping, Outcome, Tables, Wish, choose_form};
use mercer_source::{ReadOptions, read_frame};
use serde_json::{Value, json};

/// The paths of the example (PathData of ChannelAttribution), found by the names that package gives their columns.
fn paths() -> Option<Frame> {
    let path = mercer_testkit::data("attribution_paths/Data.csv")?;
    let about = AnyMethod::about(&Attribution);
    let choose = |names: &[String]| -> mercer_base::Result<Vec<Wanted>> {
        let (form, wanted) = choose_form(about, names, &Mapping::default())?;
        assert_eq!(form.id, "paths");
        Ok(wanted)
    };
    Some(read_frame(&path, &ReadOptions::default(), choose).unwrap().frame)
}

fn fit(frame: &Frame, params: &Value, wish: Wish) -> Outcome {
    let about = AnyMethod::about(&Attribution);
    let tables = Tables::new(about, about.form("paths").unwrap(), vec![("paths", frame.clone())]).unwrap();
    AnyMethod::fit(&Attribution, params.as_object().unwrap(), &tables, wish, &Context::quiet(Seed(42))).unwrap()
}

/// Conversions and value by channel, as `model.channels[]` of the command's JSON has them.
fn channels(model: &Value) -> BTreeMap<String, (f64, f64)> {
    let of = |row: &Value| {
        let number = |name: &str| row[name].as_f64().unwrap();
        (row["channel"].as_str().unwrap().to_owned(), (number("conversions"), number("value")))
    };
    model["channels"].as_array().unwrap().iter().map(of).collect()
}

fn assert_near(found: f64, expected: f64, digits: f64, what: &str) {
    // The figures are given to so many digits.
    assert!((found - expected).abs() <= 0.5 * digits + 1e-9, "{what}: {found} for {expected}");
}

#[test]
fn the_exact_chain_of_order_1_is_found() {
    let Some(frame) = paths() else { return };
    let found = channels(&fit(&frame, &json!({ "model": "markov", "order": 1 }), Wish::default()).saved.model);
    let conversions = [
        ("eta", 3340.847),
        ("iota", 3884.615),
        ("alpha", 5344.948),
        ("beta", 2527.352),
        ("theta", 1971.913),
        ("lambda", 1282.847),
        ("kappa", 274.363),
        ("zeta", 381.063),
        ("epsilon", 599.571),
        ("gamma", 171.145),
        ("delta", 4.614),
        ("mi", 1.722),
    ];
    assert_eq!(found.len(), conversions.len());
    for (channel, expected) in conversions {
        assert_near(found[channel].0, expected, 1e-3, channel);
    }
    for (channel, expected) in [("eta", 12_991.74), ("iota", 14_978.44), ("alpha", 18_799.17), ("gamma", 719.24)] {
        assert_near(found[channel].1, expected, 1e-2, channel);
    }
    assert_near(found.values().map(|amount| amount.0).sum(), 19_785.0, 0.0, "conversions");
    assert_near(found.values().map(|amount| amount.1).sum(), 74_802.971_6, 1e-4, "value");
}

#[test]
fn higher_orders_and_rules_of_thumb_are_those_of_the_field() {
    let Some(frame) = paths() else { return };
    for (order, channel, expected) in [(2, "alpha", 5617.5), (2, "iota", 3810.5), (3, "alpha", 5748.1)] {
        let model = fit(&frame, &json!({ "model": "markov", "order": order }), Wish::default()).saved.model;
        assert_near(channels(&model)[channel].0, expected, 0.1, channel);
    }
    let last = channels(&fit(&frame, &json!({ "model": "last-touch" }), Wish::default()).saved.model);
    for (channel, expected) in [("alpha", 8447.0), ("eta", 4167.0), ("iota", 3355.0)] {
        assert_near(last[channel].0, expected, 0.0, channel);
    }
    let linear = channels(&fit(&frame, &json!({ "model": "linear" }), Wish::default()).saved.model);
    assert_near(linear["alpha"].0, 7574.7186, 1e-4, "alpha");
}

#[test]
fn credit_by_path_adds_up_to_that_of_channels_under_every_model() {
    let Some(frame) = paths() else { return };
    let models =
        ["first-touch", "last-touch", "last-non-direct", "linear", "position", "time-decay", "markov", "shapley"];
    for model in models {
        let outcome = fit(&frame, &json!({ "model": model, "order": 1 }), Wish { scores: true, ..Wish::default() });
        let expected = channels(&outcome.saved.model);
        let (_, credit) = outcome.tables.iter().find(|(name, _)| *name == "attribution_credit").unwrap();
        let mut sums: BTreeMap<String, (f64, f64)> = BTreeMap::new();
        let (names, conversions, value) = (
            credit.words("channel").unwrap(),
            credit.numbers("conversions").unwrap(),
            credit.numbers("value").unwrap(),
        );
        for row in 0..credit.rows() {
            let sum = sums.entry(names.get(row).unwrap().to_owned()).or_default();
            *sum = (sum.0 + conversions[row], sum.1 + value[row]);
        }
        for (channel, (conversions, value)) in &expected {
            let found = sums.get(channel).copied().unwrap_or_default();
            // Relative to all conversions and all value.
            assert!((found.0 - conversions).abs() <= 1e-9 * 19_785.0, "{model} {channel}: {found:?} for {conversions}");
            assert!((found.1 - value).abs() <= 1e-9 * 74_803.0, "{model} {channel}: {found:?} for {value}");
        }
    }
}

#[test]
fn without_experiments_the_credit_is_called_uncalibrated() {
    let Some(frame) = paths() else { return };
    let outcome = fit(&frame, &json!({}), Wish::ALL);
    assert_eq!(outcome.saved.model["model"], "markov", "times are not known");
    assert_eq!(outcome.saved.model["calibration"], "uncalibrated");
    let first = &outcome.findings.cards[0];
    assert!(first.title.contains("Credit, not cause (uncalibrated)"), "{}", first.title);
    assert!(first.caveats.iter().any(|caveat| caveat.starts_with("Uncalibrated:")));
}
