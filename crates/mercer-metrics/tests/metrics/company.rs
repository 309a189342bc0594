//! A small company: four customers, anonymous sales, a return, a late refund, a cancelled order, bad debt.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Decimal128Type, Float64Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType, UInt64Type,
};
use mercer_engine::{Engine, EngineOptions};
use mercer_metrics::{Moment, Window};

const ORDERS: &str = "
    (1, '2024-01-10 09:00:00', 'A1', 'sale', 'web', 'DE', 'WINTER', 100.00, 10.00, 0.00, 0.00, NULL, 2, 2.0, 1),
    (1, '2024-02-15 10:00:00', 'A2', 'sale', 'web', 'DE', NULL, 50.00, 0.00, 0.00, 0.00, NULL, 1, 1.0, 2),
    (1, '2024-02-20 10:00:00', 'A3', 'return', 'web', 'DE', NULL, 0.00, 0.00, 30.00, 0.00, NULL, 1, -1.0, NULL),
    (2, '2024-01-20 12:00:00', 'B1', 'sale', 'shop', 'FR', NULL, 200.00, 0.00, 20.00, 0.00, '2024-03-05 00:00:00', 2, 4.0, 1),
    (2, '2024-03-25 12:00:00', 'B2', 'sale', 'web', 'FR', NULL, 80.00, 0.00, 0.00, 0.00, NULL, 1, 1.0, 2),
    (3, '2024-02-01 00:00:00', 'C1', 'sale', 'web', 'DE', NULL, 40.00, 0.00, 0.00, 0.00, NULL, 1, 1.0, 1),
    (3, '2024-02-05 08:00:00', 'C2', 'cancelled', 'web', 'DE', NULL, 60.00, 0.00, 60.00, 0.00, '2024-02-10 00:00:00', 1, 1.0, NULL),
    (4, '2024-03-31 23:59:00', 'D1', 'sale', 'shop', NULL, NULL, 10.00, 0.00, 0.00, 0.00, NULL, 1, 1.0, 1),
    (NULL, '2024-01-05 11:00:00', 'X1', 'sale', 'web', 'DE', NULL, 25.00, 0.00, 0.00, 0.00, NULL, 1, 1.0, NULL),
    (NULL, '2024-02-10 11:00:00', 'X2', 'adjustment', NULL, 'DE', NULL, 0.00, 0.00, 0.00, -15.00, NULL, 1, 0.0, NULL),
    (NULL, '2024-03-02 11:00:00', 'X3', 'free', 'web', 'DE', NULL, 0.00, 0.00, 0.00, 0.00, NULL, 1, 1.0, NULL)";

/// Lines: product, quantity, gross, discount, refund, adjustment. P is postage.
const LINES: &str = "
    (1, '2024-01-10 09:00:00', 'A1', 'sale', 'mug', 1.0, 60.00, 6.00, 0.00, 0.00),
    (1, '2024-01-10 09:00:00', 'A1', 'sale', 'tray', 1.0, 40.00, 4.00, 0.00, 0.00),
    (1, '2024-02-15 10:00:00', 'A2', 'sale', 'tray', 1.0, 50.00, 0.00, 0.00, 0.00),
    (1, '2024-02-20 10:00:00', 'A3', 'return', 'mug', -1.0, 0.00, 0.00, 30.00, 0.00),
    (2, '2024-01-20 12:00:00', 'B1', 'sale', 'lamp', 3.0, 180.00, 0.00, 20.00, 0.00),
    (2, '2024-01-20 12:00:00', 'B1', 'sale', 'postage', 1.0, 20.00, 0.00, 0.00, 0.00),
    (2, '2024-03-25 12:00:00', 'B2', 'sale', 'mug', 1.0, 80.00, 0.00, 0.00, 0.00),
    (3, '2024-02-01 00:00:00', 'C1', 'sale', 'unlisted', 1.0, 40.00, 0.00, 0.00, 0.00),
    (3, '2024-02-05 08:00:00', 'C2', 'cancelled', 'lamp', 1.0, 60.00, 0.00, 60.00, 0.00),
    (4, '2024-03-31 23:59:00', 'D1', 'sale', 'mug', 1.0, 10.00, 0.00, 0.00, 0.00),
    (NULL, '2024-01-05 11:00:00', 'X1', 'sale', 'tray', 1.0, 25.00, 0.00, 0.00, 0.00),
    (NULL, '2024-02-10 11:00:00', 'X2', 'adjustment', NULL, 0.0, 0.00, 0.00, 0.00, -15.00),
    (NULL, '2024-03-02 11:00:00', 'X3', 'free', 'mug', 1.0, 0.00, 0.00, 0.00, 0.00)";

/// A company's tables as views over literal rows; `before` cuts all that was not known by then, as if asked at that time.
pub(crate) fn company(before: Option<&str>) -> Engine {
    let engine = Engine::new(&EngineOptions { threads: Some(2), ..EngineOptions::default() }).unwrap();
    let cut = |time: &str| before.map_or_else(String::new, |before| format!(" WHERE {time} < TIMESTAMP '{before}'"));
    let known = |time: &str| before.map_or("TRUE".to_owned(), |before| format!("{time} < TIMESTAMP '{before}'"));
    let view = |name: &str, columns: &[(&str, &str)], rows: &str, time: &str| {
        let names: Vec<&str> = columns.iter().map(|(column, _)| *column).collect();
        let cast: Vec<String> =
            columns.iter().map(|(column, kind)| format!("CAST({column} AS {kind}) AS {column}")).collect();
        let where_clause = if time.is_empty() { String::new() } else { cut(time) };
        let raw = format!("SELECT {} FROM (VALUES {rows}) AS v({})", cast.join(", "), names.join(", "));
        engine.register_view(name, &format!("SELECT * FROM ({raw}) AS t{where_clause}")).unwrap();
    };
    const KEY: (&str, &str) = ("customer_key", "BIGINT");
    const TEXT: &str = "VARCHAR";
    const TIME: &str = "TIMESTAMP(6)";
    const MONEY: &str = "DECIMAL(18, 4)";
    view(
        "raw_orders",
        &[
            KEY,
            ("ordered_at", TIME),
            ("order_id", TEXT),
            ("kind", TEXT),
            ("channel", TEXT),
            ("country", TEXT),
            ("coupon", TEXT),
            ("gross_sales", MONEY),
            ("discount", MONEY),
            ("refund", MONEY),
            ("adjustment", MONEY),
            ("refunded_at", TIME),
            ("lines", "BIGINT"),
            ("units", MONEY),
            ("order_number", "BIGINT"),
        ],
        ORDERS,
        "ordered_at",
    );
    // Before a refund was known there was none, and an order that is cancelled by now was a sale.
    let refund_known = format!("(refunded_at IS NULL OR {})", known("refunded_at"));
    engine
        .register_view(
            "orders",
            &format!(
                "SELECT customer_key, 'c' || CAST(customer_key AS VARCHAR) AS customer_id, ordered_at, order_id, \
                 CASE WHEN kind = 'cancelled' AND NOT {refund_known} THEN 'sale' ELSE kind END AS kind, channel, country, coupon, \
                 gross_sales, discount, CASE WHEN {refund_known} THEN refund ELSE 0 END AS refund, adjustment, \
                 CAST(gross_sales - discount + adjustment - CASE WHEN {refund_known} THEN refund ELSE 0 END AS DECIMAL(18, 4)) AS net_sales, \
                 CAST(0 AS DECIMAL(18, 4)) AS tax, CAST(0 AS DECIMAL(18, 4)) AS shipping, 'EUR' AS currency, \
                 CASE WHEN {refund_known} THEN refunded_at END AS refunded_at, lines, units, order_number FROM raw_orders"
            ),
        )
        .unwrap();
    view(
        "raw_lines",
        &[
            KEY,
            ("ordered_at", TIME),
            ("order_id", TEXT),
            ("kind", TEXT),
            ("product_id", TEXT),
            ("quantity", MONEY),
            ("gross_sales", MONEY),
            ("discount", MONEY),
            ("refund", MONEY),
            ("adjustment", MONEY),
        ],
        LINES,
        "ordered_at",
    );
    engine
        .register_view(
            "order_lines",
            "SELECT l.customer_key, 'c' || CAST(l.customer_key AS VARCHAR) AS customer_id, l.ordered_at, l.order_id, o.kind, \
             l.product_id, l.quantity, l.gross_sales, l.discount, l.refund, l.adjustment, \
             CAST(l.gross_sales - l.discount - l.refund + l.adjustment AS DECIMAL(18, 4)) AS net_sales, o.refunded_at \
             FROM raw_lines AS l JOIN orders AS o ON l.order_id = o.order_id",
        )
        .unwrap();
    view(
        "customers",
        &[
            KEY,
            ("customer_id", TEXT),
            ("created_at", TIME),
            ("first_seen_at", TIME),
            ("email", TEXT),
            ("country", TEXT),
            ("region", TEXT),
            ("city", TEXT),
            ("postcode", TEXT),
            ("birth_year", "BIGINT"),
            ("acquisition_channel", TEXT),
            ("tier", TEXT),
        ],
        "(1, 'c1', NULL, '2024-01-02 00:00:00', 'a@x.de', 'DE', NULL, NULL, NULL, 1980, 'search', 'gold'),
         (2, 'c2', NULL, '2024-01-20 12:00:00', NULL, 'FR', NULL, NULL, NULL, NULL, 'search', NULL),
         (3, 'c3', NULL, '2024-02-01 00:00:00', NULL, 'DE', NULL, NULL, NULL, NULL, NULL, NULL),
         (4, 'c4', NULL, '2024-03-31 23:59:00', NULL, NULL, NULL, NULL, NULL, NULL, 'mail', NULL),
         (5, 'c5', NULL, '2024-02-02 00:00:00', NULL, 'DE', NULL, NULL, NULL, NULL, 'mail', 'new')",
        "first_seen_at",
    );
    view(
        "products",
        &[("product_id", TEXT), ("title", TEXT), ("category", TEXT), ("brand", TEXT), ("service", "BOOLEAN")],
        "('mug', 'Mug', 'Kitchen', 'Acme', FALSE), ('tray', 'Tray', 'Kitchen', NULL, FALSE),
         ('lamp', 'Lamp', 'Light', NULL, NULL), ('postage', 'Postage', NULL, NULL, TRUE)",
        "",
    );
    view(
        "events",
        &[KEY, ("customer_id", TEXT), ("occurred_at", TIME), ("event_id", TEXT), ("anonymous_id", TEXT), ("name", TEXT), ("product_id", TEXT)],
        "(1, 'c1', '2024-01-10 08:00:00', 'e1', 'k1', 'view_item', 'mug'), (1, 'c1', '2024-01-10 08:30:00', 'e2', 'k1', 'add_to_cart', 'mug'),
         (1, 'c1', '2024-02-11 08:30:00', 'e3', 'k9', 'view_item', 'tray'), (2, 'c2', '2024-01-31 23:59:00', 'e4', NULL, 'page_view', NULL),
         (NULL, NULL, '2024-01-10 08:00:00', 'e5', 'k2', 'page_view', NULL), (NULL, NULL, '2024-01-11 08:00:00', 'e6', 'k2', 'page_view', NULL),
         (NULL, NULL, '2024-01-11 08:00:00', 'e7', NULL, 'page_view', NULL)",
        "occurred_at",
    );
    view(
        "messages",
        &[KEY, ("customer_id", TEXT), ("sent_at", TIME), ("message_id", TEXT), ("channel", TEXT), ("campaign", TEXT), ("opened_at", TIME), ("clicked_at", TIME), ("unsubscribed_at", TIME)],
        "(1, 'c1', '2024-01-15', 'm1', 'email', 'a', '2024-01-16', '2024-01-16', NULL),
         (1, 'c1', '2024-02-15', 'm2', 'email', 'b', '2024-03-10', NULL, '2024-03-10'),
         (2, 'c2', '2024-01-15', 'm3', 'email', 'a', NULL, NULL, NULL), (5, 'c5', '2024-02-15', 'm4', 'sms', 'b', NULL, NULL, NULL)",
        "sent_at",
    );
    view(
        "touchpoints",
        &[KEY, ("customer_id", TEXT), ("occurred_at", TIME), ("touchpoint_id", TEXT), ("channel", TEXT), ("campaign", TEXT), ("creative", TEXT), ("cost", MONEY)],
        "(1, 'c1', '2024-01-02', 't1', 'search', 'a', NULL, 1.50), (1, 'c1', '2024-01-09', 't2', 'email', 'b', NULL, NULL),
         (1, 'c1', '2024-01-09', 't3', 'display', 'b', NULL, 0.25), (3, 'c3', '2024-03-09', 't4', 'display', 'b', NULL, 0.25)",
        "occurred_at",
    );
    view(
        "media",
        &[
            ("date", TIME),
            ("geo", TEXT),
            ("channel", TEXT),
            ("campaign", TEXT),
            ("impressions", "BIGINT"),
            ("clicks", "BIGINT"),
            ("spend", MONEY),
        ],
        "('2024-01-01', 'DE', 'search', 'a', 1000, 20, 59.00), ('2024-02-01', 'DE', 'display', 'b', 3000, 10, 30.00)",
        "date",
    );
    view(
        "leads",
        &[KEY, ("customer_id", TEXT), ("created_at", TIME), ("lead_id", TEXT), ("source", TEXT), ("outcome", TEXT), ("outcome_at", TIME)],
        "(NULL, NULL, '2024-01-01', 'l1', 'fair', 'Won', '2024-01-09'), (NULL, NULL, '2024-01-02', 'l2', 'fair', 'lost', NULL),
         (NULL, NULL, '2024-01-03', 'l3', 'web', NULL, NULL), (1, 'c1', '2024-03-03', 'l4', 'web', 'converted', '2024-03-09')",
        "created_at",
    );
    view(
        "subscriptions",
        &[
            KEY,
            ("customer_id", TEXT),
            ("started_at", TIME),
            ("subscription_id", TEXT),
            ("plan", TEXT),
            ("ended_at", TIME),
            ("price", MONEY),
        ],
        "(1, 'c1', '2023-12-01', 's1', 'basic', '2024-02-10', 5), (1, 'c1', '2024-02-10', 's2', 'plus', NULL, 9),
         (2, 'c2', '2024-01-01', 's3', 'basic', '2024-03-20', 5), (3, 'c3', '2024-02-05', 's4', 'basic', NULL, 5)",
        "started_at",
    );
    view(
        "consent",
        &[KEY, ("customer_id", TEXT), ("at", TIME), ("purpose", TEXT), ("status", TEXT), ("confirmed", "BOOLEAN")],
        "(1, 'c1', '2024-01-02', 'newsletter', 'granted', TRUE), (1, 'c1', '2024-03-10', 'Newsletter', 'withdrawn', TRUE),
         (2, 'c2', '2024-01-02', 'analytics', 'granted', TRUE)",
        "at",
    );
    settle(&engine);
    engine
}

const TABLES: [&str; 11] = [
    "orders",
    "order_lines",
    "customers",
    "products",
    "events",
    "messages",
    "touchpoints",
    "media",
    "leads",
    "subscriptions",
    "consent",
];

/// Turns the views into rows in memory, facts sorted as the lake sorts them.
fn settle(engine: &Engine) {
    for table in TABLES {
        let sql = format!("SELECT * FROM {table}");
        let batches = engine.collect(&sql).unwrap();
        let schema = batches.first().map_or_else(|| engine.schema(&sql).unwrap(), |batch| batch.schema());
        engine.register_batches(table, schema, batches).unwrap();
    }
}

/// The same tables without a row.
pub(crate) fn empty_company() -> Engine {
    company(Some("2000-01-01 00:00:00"))
}

pub(crate) fn at(text: &str) -> Moment {
    let text = if text.len() == 10 { format!("{text}T00:00:00") } else { text.to_owned() };
    text.parse().unwrap()
}

/// The first quarter of 2024, which holds all of the company's history.
pub(crate) fn quarter() -> Window {
    Window::new(at("2024-01-01"), at("2024-04-01")).unwrap()
}

/// A value as text: `NULL`, plain digits, times as ISO.
pub(crate) fn text(array: &ArrayRef, row: usize) -> String {
    if array.is_null(row) {
        return "NULL".to_owned();
    }
    match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::UInt64 => array.as_primitive::<UInt64Type>().value(row).to_string(),
        DataType::Float64 => {
            let value = (array.as_primitive::<Float64Type>().value(row) * 1e6).round() / 1e6;
            value.to_string()
        }
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        DataType::Decimal128(_, 4) => {
            let value = array.as_primitive::<Decimal128Type>().value(row);
            mercer_base::Money::from_units(i64::try_from(value).unwrap()).plain()
        }
        DataType::Timestamp(TimeUnit::Microsecond, None) => {
            array.as_primitive::<TimestampMicrosecondType>().value_as_datetime(row).unwrap().to_string()
        }
        other => panic!("unexpected type {other}"),
    }
}

/// The rows of a result as maps from column to text.
pub(crate) fn rows(batches: &[RecordBatch]) -> Vec<BTreeMap<String, String>> {
    let mut rows = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            let names = batch.schema();
            let cells = names
                .fields()
                .iter()
                .zip(batch.columns())
                .map(|(field, array)| (field.name().clone(), text(array, row)));
            rows.push(cells.collect());
        }
    }
    rows
}

/// Runs a statement, naming it when it fails.
pub(crate) fn ask(engine: &Engine, sql: &str) -> Vec<BTreeMap<String, String>> {
    rows(&engine.collect(sql).unwrap_or_else(|error| panic!("{error:?}\n{}", sql.get(..400).unwrap_or(sql))))
}
