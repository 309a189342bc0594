//! Cohorts, rankings, concentration, time between orders.

use std::collections::BTreeMap;

use mercer_metrics::{Customer360, Cutoff, Definitions, Window};

use crate::company::{ask, at, company, empty_company, quarter};

fn built_in() -> Definitions {
    Definitions::built_in().unwrap()
}

fn cells(rows: &[BTreeMap<String, String>], columns: &[&str]) -> Vec<Vec<String>> {
    rows.iter().map(|row| columns.iter().map(|column| row[*column].clone()).collect()).collect()
}

#[test]
fn cohorts_leave_open_what_is_not_over() {
    let sql = built_in().cohorts_sql(quarter(), at("2024-03-31")).unwrap();
    let rows = ask(&company(None), &sql);
    let months: Vec<&str> = rows.iter().map(|row| &row["cohort_month"][..7]).collect();
    assert_eq!(months, ["2024-01", "2024-01", "2024-01", "2024-02", "2024-02", "2024-03"]);
    assert_eq!(
        cells(&rows, &["months_since", "size", "customers", "share"]),
        [
            ["0", "2", "2", "1"],
            ["1", "2", "1", "0.5"],
            ["2", "2", "NULL", "NULL"],
            ["0", "1", "1", "1"],
            ["1", "1", "NULL", "NULL"],
            ["0", "1", "NULL", "NULL"],
        ]
    );
}

#[test]
fn a_cohort_keeps_its_month_when_the_window_begins_later() {
    let window = Window::new(at("2024-02-01"), at("2024-04-01")).unwrap();
    let rows = ask(&company(None), &built_in().cohorts_sql(window, at("2024-04-01")).unwrap());
    // Customers 1 and 2 were won in January, so their later orders make no cohort.
    assert_eq!(cells(&rows, &["size", "customers"]), [["1", "1"], ["1", "0"], ["1", "1"]]);
}

#[test]
fn the_ladder_of_known_and_anonymous_sales_adds_up() {
    let engine = company(None);
    let ask_ladder = |by| ask(&engine, &built_in().ladder_sql(quarter(), at("2024-04-01"), by).unwrap());
    let columns = ["gross_sales", "discounts", "refunds", "adjustments", "net_sales", "orders", "documents", "lines"];
    assert_eq!(
        cells(&ask_ladder(true), &columns),
        [
            ["25.00", "0.00", "0.00", "-15.00", "10.00", "1", "3", "3"],
            ["540.00", "10.00", "110.00", "0.00", "420.00", "6", "8", "10"]
        ]
    );
    assert_eq!(
        cells(&ask_ladder(false), &columns),
        [["565.00", "10.00", "110.00", "-15.00", "430.00", "7", "11", "13"]]
    );
}

#[test]
fn products_rank_by_net_sales_without_postage() {
    let rows = ask(&company(None), &built_in().top_products_sql(quarter(), 3).unwrap());
    assert_eq!(
        cells(
            &rows,
            &["product_id", "title", "line_net_sales", "line_units", "line_orders", "line_buyers", "line_refunds"]
        ),
        [
            ["lamp", "Lamp", "160.00", "3", "1", "1", "80.00"],
            ["mug", "Mug", "114.00", "3", "3", "3", "30.00"],
            ["tray", "Tray", "111.00", "3", "3", "1", "0.00"],
        ]
    );
}

#[test]
fn customers_rank_by_net_sales() {
    let rows = ask(&company(None), &built_in().top_customers_sql(quarter(), 2).unwrap());
    assert_eq!(
        cells(&rows, &["customer_id", "net_sales", "orders", "refunds"]),
        [["c2", "260.00", "2", "20.00"], ["c1", "110.00", "2", "30.00"]]
    );
}

#[test]
fn concentration_counts_whole_customers() {
    let rows = ask(&company(None), &built_in().concentration_sql(quarter()).unwrap());
    // Four buyers with 260, 110, 40 and 10: up to a fifth of them is one customer, half is two.
    let expected: Vec<Vec<&str>> = ["0.01", "0.05", "0.1", "0.2"]
        .iter()
        .map(|share| vec![*share, "1", "260.00", "4", "420.00"])
        .chain([vec!["0.5", "2", "370.00", "4", "420.00"]])
        .collect();
    assert_eq!(cells(&rows, &["share", "customers", "net_sales", "buyers", "total"]), expected);
}

#[test]
fn time_between_orders_falls_into_classes() {
    let engine = company(None);
    // Customer 1: 36 days; customer 2: 65 days.
    assert_eq!(
        cells(&ask(&engine, &built_in().order_gaps_sql(quarter()).unwrap()), &["class", "gaps"]),
        [["4", "1"], ["5", "1"]]
    );
    let summary = ask(&engine, &built_in().order_gap_summary_sql(quarter()).unwrap());
    assert_eq!(cells(&summary, &["gaps", "median_days", "ninetieth_days"]), [["2", "50.520833", "62.104167"]]);
    let march = Window::new(at("2024-03-01"), at("2024-04-01")).unwrap();
    assert_eq!(cells(&ask(&engine, &built_in().order_gaps_sql(march).unwrap()), &["class", "gaps"]), [["5", "1"]]);
}

#[test]
fn the_span_and_the_selling_days() {
    let engine = company(None);
    let span = ask(&engine, &built_in().span_sql());
    assert_eq!(
        cells(&span, &["first_at", "last_at", "documents"]),
        [["2024-01-05 11:00:00", "2024-03-31 23:59:00", "11"]]
    );
    assert_eq!(cells(&ask(&engine, &built_in().selling_days_sql(quarter()).unwrap()), &["days"]), [["7"]]);
}

#[test]
fn the_grid_and_its_segments_count_every_buyer_once() {
    let engine = company(None);
    let definition = Customer360::built_in().unwrap();
    let as_of = at("2024-03-01");
    let cuts = engine.collect(&definition.cuts_sql(as_of).unwrap()).unwrap();
    let values: Vec<Option<f64>> =
        cuts[0].columns().iter().map(|column| crate::company::text(column, 0).parse().ok()).collect();
    let cuts = mercer_metrics::RfmCuts::from_values(&values);
    let sql = definition.sql(&Cutoff { as_of, keys: None, cuts: cuts.as_ref(), attributes: &[] }).unwrap();
    engine.register_view("customer_360", &sql).unwrap();
    let grid = ask(&engine, &built_in().rfm_grid_sql());
    assert_eq!(
        cells(&grid, &["rfm_recency", "rfm_frequency", "rfm_segment", "customers", "net_sales"]),
        [
            ["5", "5", "Champions", "1", "110.00"],
            ["3", "1", "About to sleep", "1", "40.00"],
            ["1", "1", "Hibernating", "1", "200.00"]
        ]
    );
    let segments = ask(&engine, &built_in().rfm_segments_sql());
    assert_eq!(
        cells(&segments, &["rfm_segment", "customers", "net_sales"]),
        [["Hibernating", "1", "200.00"], ["Champions", "1", "110.00"], ["About to sleep", "1", "40.00"]]
    );
}

#[test]
fn an_empty_company_answers_every_question() {
    let engine = empty_company();
    let definitions = built_in();
    assert_eq!(cells(&ask(&engine, &definitions.span_sql()), &["first_at", "documents"]), [["NULL", "0"]]);
    assert_eq!(cells(&ask(&engine, &definitions.selling_days_sql(quarter()).unwrap()), &["days"]), [["0"]]);
    let cohorts = ask(&engine, &definitions.cohorts_sql(quarter(), at("2024-04-01")).unwrap());
    assert!(cohorts.iter().all(|row| row["size"] == "0" && row["share"] == "NULL"));
    for sql in [
        definitions.top_products_sql(quarter(), 5).unwrap(),
        definitions.top_customers_sql(quarter(), 5).unwrap(),
        definitions.concentration_sql(quarter()).unwrap(),
        definitions.order_gaps_sql(quarter()).unwrap(),
        definitions.ladder_sql(quarter(), at("2024-04-01"), true).unwrap(),
    ] {
        assert!(ask(&engine, &sql).is_empty(), "{sql}");
    }
    let summary = ask(&engine, &definitions.order_gap_summary_sql(quarter()).unwrap());
    assert_eq!(cells(&summary, &["gaps", "median_days"]), [["0", "NULL"]]);
}
