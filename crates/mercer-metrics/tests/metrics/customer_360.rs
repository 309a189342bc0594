//! The customer 360 as of a cut-off.

use std::collections::BTreeMap;

use mercer_engine::Engine;
use mercer_metrics::{ColumnKind, Customer360, Cutoff, Moment, RfmCuts};

use crate::company::{ask, at, company, empty_company};

/// The cut values, read back from their statement.
fn cuts(engine: &Engine, as_of: Moment) -> Option<RfmCuts> {
    let sql = Customer360::built_in().unwrap().cuts_sql(as_of).unwrap();
    let batches = engine.collect(&sql).unwrap();
    let values: Vec<Option<f64>> = batches[0]
        .columns()
        .iter()
        .map(|column| {
            let column = arrow::array::AsArray::as_primitive::<arrow::datatypes::Float64Type>(column.as_ref());
            column.iter().next().flatten()
        })
        .collect();
    RfmCuts::from_values(&values)
}

fn build(engine: &Engine, as_of: Moment, keys: Option<(i64, i64)>) -> Vec<BTreeMap<String, String>> {
    let cuts = cuts(engine, as_of);
    let cutoff = Cutoff { as_of, keys, cuts: cuts.as_ref(), attributes: &["tier"] };
    ask(engine, &Customer360::built_in().unwrap().sql(&cutoff).unwrap())
}

fn assert_row(row: &BTreeMap<String, String>, expected: &[(&str, &str)]) {
    for (column, value) in expected {
        assert_eq!(row[*column], *value, "{column} of {}", row["customer_id"]);
    }
}

#[test]
fn each_customer_is_as_known_at_the_cut_off() {
    let rows = build(&company(None), at("2024-03-01"), None);
    assert_eq!(rows.iter().map(|row| row["customer_id"].as_str()).collect::<Vec<_>>(), ["c1", "c2", "c3", "c5"]);
    assert_row(
        &rows[0],
        &[
            ("tier", "gold"),
            ("birth_year", "1980"),
            ("tenure_days", "59"),
            ("first_order_at", "2024-01-10 09:00:00"),
            ("last_order_at", "2024-02-15 10:00:00"),
            ("recency_days", "14"),
            ("orders", "2"),
            ("orders_90d", "2"),
            ("orders_365d", "2"),
            ("returns", "1"),
            ("units", "3"),
            ("coupon_orders", "1"),
            ("gross_sales", "150.00"),
            ("discounts", "10.00"),
            ("refunds", "30.00"),
            ("net_sales", "110.00"),
            ("net_sales_90d", "110.00"),
            ("net_sales_365d", "110.00"),
            ("average_order_value", "70.00"),
            ("mean_days_between_orders", "36.041667"),
            ("expected_next_order_at", "2024-03-22 00:00:00"),
            ("discount_share", "0.066667"),
            ("refund_share", "0.214286"),
            ("favourite_channel", "web"),
            ("favourite_country", "DE"),
            ("distinct_products", "2"),
            ("distinct_categories", "1"),
            ("favourite_product", "tray"),
            ("favourite_category", "Kitchen"),
            ("events", "3"),
            ("active_days", "2"),
            ("active_days_30d", "1"),
            ("product_views", "2"),
            ("add_to_carts", "1"),
            ("last_event_at", "2024-02-11 08:30:00"),
            // The second message was opened, and led to an unsubscribe, only after the cut-off.
            ("messages_sent", "2"),
            ("messages_opened", "1"),
            ("messages_clicked", "1"),
            ("open_share", "0.5"),
            ("last_opened_at", "2024-01-16 00:00:00"),
            ("unsubscribed", "false"),
            ("touchpoints", "3"),
            ("touchpoint_cost", "1.75"),
            ("first_touch_channel", "search"),
            // Two contacts at one moment: the first by name.
            ("last_touch_channel", "display"),
            ("active_subscription", "true"),
            ("plan", "plus"),
            ("subscription_ended_at", "2024-02-10 00:00:00"),
            ("newsletter_consent", "granted"),
            ("rfm_recency", "5"),
            ("rfm_frequency", "5"),
            ("rfm_monetary", "3"),
            ("rfm_segment", "Champions"),
            ("status", "active"),
        ],
    );
    // The refund of 20 became known on 5 March; the subscription ended on 20 March.
    assert_row(
        &rows[1],
        &[
            ("net_sales", "200.00"),
            ("refunds", "0.00"),
            ("recency_days", "40"),
            ("mean_days_between_orders", "NULL"),
            ("expected_next_order_at", "NULL"),
            ("distinct_products", "1"),
            ("favourite_product", "lamp"),
            ("favourite_category", "Light"),
            ("active_subscription", "true"),
            ("plan", "basic"),
            ("newsletter_consent", "NULL"),
            ("rfm_recency", "1"),
            ("rfm_frequency", "1"),
            ("rfm_monetary", "5"),
            ("rfm_segment", "Hibernating"),
            ("status", "active"),
        ],
    );
    assert_row(
        &rows[2],
        &[
            ("orders", "1"),
            ("gross_sales", "100.00"),
            ("refunds", "60.00"),
            ("net_sales", "40.00"),
            ("recency_days", "29"),
            ("favourite_product", "unlisted"),
            ("favourite_category", "NULL"),
            ("distinct_categories", "0"),
            // As many orders as customer 2, so the same score.
            ("rfm_recency", "3"),
            ("rfm_frequency", "1"),
            ("rfm_monetary", "1"),
            ("rfm_segment", "About to sleep"),
            ("status", "new"),
        ],
    );
    assert_row(
        &rows[3],
        &[
            ("orders", "0"),
            ("net_sales", "0.00"),
            ("recency_days", "NULL"),
            ("average_order_value", "NULL"),
            ("events", "0"),
            ("messages_sent", "1"),
            ("open_share", "0"),
            ("unsubscribed", "false"),
            ("active_subscription", "false"),
            ("distinct_products", "0"),
            ("rfm_recency", "NULL"),
            ("rfm_segment", "NULL"),
            ("status", "prospect"),
            ("tier", "new"),
        ],
    );
}

#[test]
fn a_cancellation_or_refund_counts_from_the_day_it_was_known() {
    let engine = company(None);
    let third = |as_of: &str| build(&engine, at(as_of), Some((3, 4))).remove(0);
    assert_row(&third("2024-02-08"), &[("orders", "2"), ("net_sales", "100.00"), ("refunds", "0.00")]);
    assert_row(&third("2024-02-11"), &[("orders", "1"), ("net_sales", "40.00"), ("refunds", "60.00")]);
    let second = |as_of: &str| build(&engine, at(as_of), Some((2, 3))).remove(0);
    assert_row(&second("2024-03-05"), &[("refunds", "0.00")]);
    assert_row(&second("2024-03-06"), &[("refunds", "20.00"), ("net_sales", "180.00")]);
}

#[test]
fn what_happens_later_changes_nothing() {
    let all = company(None);
    for as_of in ["2024-01-10", "2024-02-01", "2024-02-08", "2024-02-16", "2024-03-05", "2024-03-26"] {
        let truncated = company(Some(&format!("{as_of} 00:00:00")));
        assert_eq!(build(&all, at(as_of), None), build(&truncated, at(as_of), None), "as of {as_of}");
    }
}

#[test]
fn ranges_of_keys_put_together_are_the_whole() {
    let engine = company(None);
    let whole = build(&engine, at("2024-04-01"), None);
    assert_eq!(whole.len(), 5);
    let parts: Vec<_> =
        [(0, 2), (2, 5), (5, 100)].iter().flat_map(|range| build(&engine, at("2024-04-01"), Some(*range))).collect();
    assert_eq!(parts, whole);
}

#[test]
fn nobody_is_a_table_without_rows() {
    let engine = empty_company();
    assert!(cuts(&engine, at("2024-04-01")).is_none());
    assert!(build(&engine, at("2024-04-01"), None).is_empty());
}

#[test]
fn the_columns_are_those_that_are_described_in_their_types() {
    use arrow::datatypes::{DataType, TimeUnit};
    let definition = Customer360::built_in().unwrap();
    let sql =
        definition.sql(&Cutoff { as_of: at("2024-04-01"), keys: None, cuts: None, attributes: &["tier"] }).unwrap();
    let schema = company(None).schema(&sql).unwrap();
    let described = definition.columns();
    assert_eq!(schema.fields().len(), described.len() + 1);
    for ((name, kind, _), field) in described.iter().zip(schema.fields()) {
        assert_eq!(field.name(), name);
        let expected = match kind {
            ColumnKind::Id | ColumnKind::Text => DataType::Utf8,
            ColumnKind::Time => DataType::Timestamp(TimeUnit::Microsecond, None),
            ColumnKind::Money => DataType::Decimal128(18, 4),
            ColumnKind::Count | ColumnKind::Days | ColumnKind::Score => DataType::Int64,
            ColumnKind::Number | ColumnKind::Share => DataType::Float64,
            ColumnKind::Flag => DataType::Boolean,
        };
        assert_eq!(*field.data_type(), expected, "{name}");
    }
    assert_eq!(schema.fields().last().unwrap().name(), "tier");
}
