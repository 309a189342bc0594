//! Tables as people have them: each gets segments with a word on what was set aside, or an error that says the mend.

use mercer_base::frame::Column;
use serde_json::json;

use crate::{customers, file, fit, ids, words};

const ROWS: usize = 300;

fn numbers(of: impl Fn(usize) -> f64) -> Column {
    Column::Numbers((0..ROWS).map(of).collect())
}

/// Two numbers that part the customers into three groups.
fn good() -> Vec<(&'static str, Column)> {
    let jitter = |row: usize| ((row * 7919) % 101) as f64 / 101.0;
    vec![
        ("customer_id", words((0..ROWS).map(|row| format!("{row:03}")))),
        ("visits", numbers(|row| (row % 3) as f64 * 5.0 + jitter(row))),
        ("basket", numbers(|row| [10.0, 40.0, 20.0][row % 3] + 4.0 * jitter(row + 50))),
    ]
}

#[test]
fn what_cannot_shape_segments_is_set_aside_with_its_reason() {
    let cases: [(&str, Column, &str); 6] = [
        ("constant", numbers(|_| 7.0), "the same value for everybody"),
        ("empty", numbers(|_| f64::NAN), "no values"),
        ("mostly_empty", numbers(|row| if row < 50 { row as f64 } else { f64::NAN }), "missing for 83 % of customers"),
        ("one_category", words((0..ROWS).map(|_| "yes")), "the same value for everybody"),
        ("account_number", numbers(|row| 10_000.0 + row as f64), "names each customer"),
        ("e_mail", words((0..ROWS).map(|row| format!("{row}@example.org"))), "names single customers"),
    ];
    for (name, column, reason) in cases {
        let mut columns = good();
        columns.push((name, column));
        let (model, _) = fit(&customers(columns), json!({ "bootstraps": 10 })).unwrap();
        let left = model.segments.preparation.left_out.iter().find(|left| left.name == name);
        assert!(
            left.is_some_and(|left| left.reason.contains(reason)),
            "{name}: {:?}",
            model.segments.preparation.left_out
        );
        assert_eq!(model.segments.k, 3, "{name}");
    }
}

#[test]
fn ten_thousand_categories_and_dates_do_no_harm() {
    let rows = 20_000;
    let group = |row: usize| row % 2;
    let tables = customers(vec![
        ("id", Column::Numbers((0..rows).map(|row| row as f64).collect())),
        ("spend", Column::Numbers((0..rows).map(|row| group(row) as f64 * 100.0 + (row % 97) as f64).collect())),
        ("town", words((0..rows).map(|row| format!("town {}", row % 10_000)))),
        (
            "joined",
            Column::Moments(
                (0..rows).map(|row| (group(row) as i64 * 700 + row as i64 % 90) * 86_400_000_000).collect(),
            ),
        ),
    ]);
    let (model, _) = fit(&tables, json!({ "bootstraps": 10, "most_segments": 3 })).unwrap();
    let preparation = &model.segments.preparation;
    let reason =
        |name: &str| preparation.left_out.iter().find(|left| left.name == name).map(|left| left.reason.clone());
    assert!(reason("town").unwrap().contains("10000 different values"), "{:?}", reason("town"));
    assert!(reason("id").unwrap().contains("names each customer"));
    assert!(preparation.names().any(|name| name == "days since joined"));
    assert_eq!(model.segments.k, 2);
}

#[test]
fn what_cannot_be_done_says_the_mend() {
    let all_alike = vec![("x", numbers(|_| 1.0)), ("y", words((0..ROWS).map(|_| "a")))];
    let few: Vec<_> = good().into_iter().map(|(name, column)| (name, column.take(&[0, 1, 2, 3, 4]))).collect();
    let four_points = vec![("x", numbers(|row| (row % 4) as f64)), ("y", numbers(|row| (row % 4) as f64))];
    let mixed = || {
        let mut columns = good();
        columns.push(("kind", words((0..ROWS).map(|row| ["a", "b"][row % 3 / 2]))));
        customers(columns)
    };
    let cases = [
        (customers(all_alike), json!({}), "no attribute can tell customers apart", "repeat among them"),
        (customers(few), json!({}), "5 customers are too few", "20 customers or more"),
        (customers(four_points), json!({ "k": 9, "bootstraps": 0 }), "4 ", "k"),
        (mixed(), json!({ "algorithm": "k-means" }), "takes numbers only, and kind is none", "k-prototypes"),
        (customers(good()), json!({ "attributes": ["visit"] }), "no attribute visit", "visits"),
        (
            customers(good()),
            json!({ "algorithm": "rfm" }),
            "recency (days) and frequency",
            "columns recency and frequency",
        ),
        (customers(good()), json!({ "bootstraps": 0 }), "cannot be chosen", "give k"),
    ];
    for (tables, params, message, hint) in cases {
        let error = fit(&tables, params).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
        assert!(error.hint().is_some_and(|words| words.contains(hint)), "{error}: {:?}", error.hint());
    }
}

#[test]
fn rows_without_ids_keep_their_places() {
    let columns: Vec<_> = good().into_iter().filter(|(name, _)| *name != "customer_id").collect();
    let (_, outcome) = fit(&customers(columns), json!({ "bootstraps": 10 })).unwrap();
    let segments = ids(&outcome, "segment_id");
    assert_eq!(segments.len(), ROWS);
    for row in 3..ROWS {
        assert_eq!(segments[row], segments[row % 3], "row {row}");
    }
}

#[test]
fn customer_personality_runs_without_an_edit() {
    let Some(path) = mercer_testkit::data("customer_personality/marketing_campaign.csv") else { return };
    let (model, outcome) = fit(&file(&path), json!({ "bootstraps": 10 })).unwrap();
    let groups = &model.segments;
    assert_eq!(groups.segments.iter().map(|segment| segment.size).sum::<u64>(), 2_240);
    assert!(groups.k >= 3 && groups.stable == Some(true), "{} personas", groups.k);
    let income = groups.preparation.numbers.iter().find(|number| number.name == "Income").unwrap();
    assert!((income.missing - 24.0 / 2_240.0).abs() < 1e-9, "24 incomes are missing: {income:?}");
    for segment in &groups.segments {
        println!("{} {} ({}): {}", segment.id, segment.name, segment.size, segment.rule.as_deref().unwrap_or_default());
        assert!(!segment.name.starts_with("Segment "), "{segment:?}");
    }
    assert!(groups.figures.rule_fidelity.unwrap() > 0.7);
    assert!(outcome.findings.cards.len() >= 4);
}
