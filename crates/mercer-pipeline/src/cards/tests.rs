//! What the cards decide by themselves: windows, words, reading results, accounting for rows.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Decimal128Array, Int32Array, Int64Array, StringArray, TimestampMicrosecondArray, UInt64Array,
};
use mercer_base::Money;
use mercer_lake::Severity;

use super::rows::Row;
use super::*;

fn at(text: &str) -> Moment {
    format!("{text}T00:00:00").parse().unwrap()
}

fn window(from: &str, to: &str) -> Window {
    Window::new(at(from), at(to)).unwrap()
}

fn facts(known_until: &str) -> ReportFacts {
    ReportFacts {
        title: "Shop".into(),
        currency_sign: "£".into(),
        known_until: at(known_until),
        sources: Vec::new(),
        findings: Vec::new(),
        colophon: Vec::new(),
    }
}

/// The window, its name, and whether the one before is compared with, for a history with these selling days.
fn chosen(from: &str, until: &str, now: i64, before: i64) -> (String, &'static str, bool) {
    let (facts, definitions) = (facts(until), Definitions::built_in().unwrap());
    let asked = std::cell::Cell::new(0);
    let ask = |_: &str| {
        let days = if asked.replace(1) == 0 { now } else { before };
        let column: ArrayRef = Arc::new(Int64Array::from(vec![days]));
        Ok(vec![RecordBatch::try_from_iter([("days", column)]).unwrap()])
    };
    let desk = desk(&ask, &facts, &definitions, window(from, until)).unwrap();
    (words::range(&desk.window), desk.window_name, desk.previous.is_some())
}

#[test]
fn the_window_fits_the_history() {
    let (range, name, _) = chosen("2009-12-01", "2011-12-10", 300, 300);
    assert_eq!((range.as_str(), name), ("1 Dec 2010 – 30 Nov 2011", "the last 12 full months"));
    let (range, name, _) = chosen("2010-12-01", "2011-12-10", 70, 70);
    assert_eq!((range.as_str(), name), ("11 Sep – 9 Dec 2011", "the last 90 days"));
    let (range, name, _) = chosen("2011-09-01", "2011-12-10", 20, 20);
    assert_eq!((range.as_str(), name), ("12 Nov – 9 Dec 2011", "the last 28 days"));
    let (range, name, _) = chosen("2011-12-01", "2011-12-10", 9, 0);
    assert_eq!((range.as_str(), name), ("1 Dec – 9 Dec 2011", "all days on record"));
}

#[test]
fn a_thin_window_before_is_not_compared_with() {
    assert!(chosen("2010-12-01", "2011-12-10", 100, 80).2);
    assert!(!chosen("2010-12-01", "2011-12-10", 100, 79).2);
    assert!(!chosen("2010-12-01", "2011-12-10", 0, 0).2);
}

#[test]
fn without_orders_the_report_says_so() {
    let nothing: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![None::<i64>]));
    let batch = RecordBatch::try_from_iter([("first_at", Arc::clone(&nothing)), ("last_at", nothing)]).unwrap();
    let definitions = Definitions::built_in().unwrap();
    let report = build(&|_| Ok(vec![batch.clone()]), &facts("2011-12-10"), &definitions, &[]).unwrap();
    assert_eq!(report.sections.len(), 1);
    let card = &report.sections[0].cards[0];
    assert_eq!((card.id.as_str(), card.title.as_str()), ("left-out", "1 card is left out for want of data"));
}

#[test]
fn windows_are_named_by_the_days_inside() {
    assert_eq!(words::range(&window("2010-12-01", "2011-12-10")), "1 Dec 2010 – 9 Dec 2011");
    // New Year's Day is the first day after, so the year before is the last one inside.
    assert_eq!(words::range(&window("2011-12-01", "2012-01-01")), "1 Dec – 31 Dec 2011");
}

#[test]
fn one_is_singular() {
    assert_eq!(words::count(1, "order", "orders"), "1 order");
    assert_eq!(words::count(0, "order", "orders"), "0 orders");
    assert_eq!(words::count(1234, "order", "orders"), "1,234 orders");
    assert_eq!(words::sentence("three things"), "Three things");
    assert_eq!(words::whole(-1), 0);
}

#[test]
fn results_are_read_at_any_width_and_null_is_told_from_misread() {
    let money = Decimal128Array::from(vec![Some(12_345_i128), None]).with_precision_and_scale(28, 2).unwrap();
    let batch = RecordBatch::try_from_iter([
        ("small", Arc::new(Int32Array::from(vec![1, 2])) as ArrayRef),
        ("large", Arc::new(UInt64Array::from(vec![Some(7), None]))),
        ("money", Arc::new(money)),
        ("word", Arc::new(StringArray::from(vec![Some("a"), None]))),
    ])
    .unwrap();
    let rows = Rows::new(vec![batch]);
    assert_eq!(rows.len(), 2);
    let found: Vec<Row<'_>> = rows.iter().collect();
    assert_eq!((found[0].count("small").unwrap(), found[0].count("large").unwrap()), (1, 7));
    assert_eq!(found[0].money("money").unwrap(), Money::from_cents(12_345));
    assert_eq!(found[1].value("money", "money").unwrap(), Value::Missing);
    assert_eq!((found[1].count("large").unwrap(), found[1].text("word").unwrap()), (0, None));
    assert!(found[0].count("word").is_err());
    assert!(found[0].count("nothing").is_err());
}

#[test]
fn rows_read_are_accounted_for_in_words_and_in_total() {
    let source = |name: &str, read, accepted, repeated, quarantined| SourceRows {
        source: name.into(),
        rows: RowCounts { read, accepted, repeated, quarantined, repaired: 0 },
    };
    let with = |sources| quality::cards(&ReportFacts { sources, ..facts("2011-12-10") });
    let cards = with(vec![source("shop", 10, 9, 2, 1), source("crm", 5, 5, 0, 0)]);
    assert_eq!(cards[0].title, "15 rows were read: 1 row was refused");
    assert_eq!(cards[0].table.rows[2][1..], [15, 14, 2, 1].map(Value::Count));
    assert_eq!(with(vec![source("shop", 1, 1, 0, 0)])[0].title, "1 row was read: all were accepted");
    assert!(with(Vec::new()).is_empty());
}

#[test]
fn the_worst_finding_comes_first() {
    let finding = |severity, message: &str| Finding {
        source: String::new(),
        table: "orders".into(),
        check: "dates".into(),
        severity,
        count: 3,
        message: message.into(),
    };
    let findings = vec![finding(Severity::Note, "a"), finding(Severity::Refused, "b"), finding(Severity::Warning, "c")];
    let cards = quality::cards(&ReportFacts { findings, ..facts("2011-12-10") });
    assert_eq!(cards[0].title, "The checks found 3 things; 2 need a look");
    let messages: Vec<Value> = cards[0].table.rows.iter().map(|row| row[1].clone()).collect();
    assert_eq!(messages, ["b", "c", "a"].map(|message| Value::Text(message.into())));
}

#[test]
fn shares_come_with_their_interval() {
    // 15 of 148: 6.24 to 16.05 % (statsmodels, as in mercer-stats).
    let text = words::interval(Notation::new("€"), 15, 148).unwrap();
    assert_eq!(text.replace(['\u{202f}', '\u{a0}', '\u{2009}'], " "), "6.2–16 %");
    assert_eq!(words::interval(Notation::new("€"), 0, 0), None);
}
