//! Other kinds of rows: once each, sorted, and as of a day.

use mercer_schema::Table;

use crate::company::{Company, ask, counts};

#[test]
fn rows_without_a_key_count_once_over_overlapping_files() {
    let head = "customer_id,occurred_at,name\n";
    let january = format!("{head}a,2024-01-01,view\na,2024-01-01,view\nb,2024-01-02,view\n");
    let overlap = format!("{head}b,2024-01-02,view\na,2024-01-01,view\na,2024-01-01,view\na,2024-01-03,view\n");
    let reader = Company::new()
        .source(Table::Events, &["customer_id", "occurred_at", "name"], &[("1.csv", &january), ("2.csv", &overlap)])
        .open();
    assert_eq!(ask(&reader, "select customer_id, count(*) from events group by 1 order by 1"), ["a | 3", "b | 1"]);
    assert_eq!(counts(reader.manifest()), [7, 7, 3, 0]);
}

#[test]
fn equal_rows_of_one_file_all_count_where_there_is_no_key() {
    let reader = Company::new()
        .source(
            Table::Media,
            &["date", "channel", "spend"],
            &[("m.csv", "date,channel,spend\n2024-01-01,search,5\n2024-01-01,search,5\n")],
        )
        .source(
            Table::Orders,
            &["order_id", "ordered_at", "total"],
            &[("o.csv", "order_id,ordered_at,total\n1,2024-02-01,5\n")],
        )
        .open();
    assert_eq!(ask(&reader, "select cast(sum(spend) as bigint) from media"), ["10"]);
}

/// What was bought with an order that is cancelled later was bought as far as anybody knew.
#[test]
fn goods_of_an_order_cancelled_later_were_bought_before() {
    let reader = Company::new()
        .source(
            Table::Orders,
            &["order_id", "customer_id", "ordered_at", "status", "refunded_at"],
            &[(
                "o.csv",
                "order_id,customer_id,ordered_at,status,refunded_at\n\
                 1,a,2024-01-10,paid,\n2,a,2024-02-10,cancelled,2024-03-05\n3,a,2024-03-10,paid,\n",
            )],
        )
        .source(
            Table::OrderLines,
            &["order_id", "product_id", "quantity", "unit_price"],
            &[("l.csv", "order_id,product_id,quantity,unit_price\n1,mug,1,5\n2,lamp,1,90\n3,tray,1,7\n")],
        )
        .open();
    let lines = "select order_id, kind, cast(cast(refunded_at as date) as varchar) from order_lines order by 1";
    assert_eq!(ask(&reader, lines), ["1 | sale | ", "2 | cancelled | 2024-03-05", "3 | sale | "]);
    let goods = "select orders, distinct_products from customer_360";
    assert_eq!(ask(&reader, goods), ["2 | 2"]);
    // 2024-02-15: the lamp had been ordered, and its cancellation was not known.
    reader.rewind(1_707_955_200_000_000).unwrap();
    assert_eq!(ask(&reader, goods), ["2 | 2"]);
    let favourite = "select favourite_product from customer_360";
    assert_eq!(ask(&reader, favourite), ["lamp"]);
}

#[test]
fn the_customer_360_of_a_day_knows_nothing_later() {
    let reader = Company::new()
        .source(
            Table::Orders,
            &["order_id", "customer_id", "ordered_at", "total", "refund", "refunded_at"],
            &[(
                "o.csv",
                "order_id,customer_id,ordered_at,total,refund,refunded_at\n\
                 1,a,2024-01-10,50,20,2024-03-05\n2,a,2024-02-10,30,,\n3,b,2024-03-10,70,,\n",
            )],
        )
        .open();
    let state = "select customer_id, orders, cast(net_sales as bigint), recency_days from customer_360 order by 1";
    assert_eq!(ask(&reader, state), ["a | 2 | 60 | 30", "b | 1 | 70 | 1"]);
    // 2024-02-15: one customer, two orders; the refund of March is not known yet.
    reader.rewind(1_707_955_200_000_000).unwrap();
    assert_eq!(ask(&reader, state), ["a | 2 | 80 | 5"]);
    assert!(reader.rewind(1_900_000_000_000_000).is_err());
}
