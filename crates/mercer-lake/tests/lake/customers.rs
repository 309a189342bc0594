//! Customers and products: who is one, what is known of them, what is carried by orders.

use mercer_schema::Table;

use crate::company::{Company, ask};

#[test]
fn whoever_is_seen_anywhere_is_a_customer() {
    let reader = Company::new()
        .source(
            Table::Orders,
            &["order_id", "customer_id", "ordered_at", "total"],
            &[("o.csv", "order_id,customer_id,ordered_at,total\n1,b,2024-02-01,5\n")],
        )
        .source(
            Table::Events,
            &["customer_id", "occurred_at", "name"],
            &[("e.csv", "customer_id,occurred_at,name\nc,2024-01-05,view\n,2024-01-06,view\n")],
        )
        .source(
            Table::Customers,
            &["customer_id", "created_at"],
            &[("c.csv", "customer_id,created_at\na,2024-03-01\nb,2023-01-01\nd,\n")],
        )
        .open();
    assert_eq!(
        ask(&reader, "select customer_key, customer_id, first_seen_at from customers order by customer_key"),
        ["0 | b | 2023-01-01T00:00:00", "1 | c | 2024-01-05T00:00:00", "2 | a | 2024-03-01T00:00:00", "3 | d | "]
    );
    assert_eq!(ask(&reader, "select customer_key, customer_id from events order by occurred_at"), ["1 | c", " | "]);
}

#[test]
fn attributes_have_the_type_of_all_their_values() {
    let reader = Company::new()
        .source(
            Table::Customers,
            &["customer_id"],
            &[("c.csv", "customer_id;Kids;Area m2;Since;Postal;Newsletter;country\na;2;70,5;2020-01-31;01067;true;DE\nb;0;81;2021-12-01;80331;false;AT\nc;;;;;;\n")],
        )
        .attributes(Table::Customers, &["Kids", "Area m2", "Since", "Postal", "Newsletter", "country"])
        .open();
    assert_eq!(
        ask(
            &reader,
            "select column_name, data_type from information_schema.columns where table_name = 'customers' and ordinal_position > 10 order by 1"
        ),
        [
            "area_m2 | Float64",
            "attr_country | Utf8",
            "kids | Int64",
            "newsletter | Boolean",
            "postal | Utf8",
            "since | Timestamp(µs)",
        ]
    );
    assert_eq!(
        ask(&reader, "select kids, area_m2, postal, newsletter from customer_360 where customer_id = 'a'"),
        ["2 | 70.5 | 01067 | true"]
    );
}

#[test]
fn a_later_row_of_a_customer_replaces_the_earlier_one() {
    let reader = Company::new()
        .source(
            Table::Customers,
            &["customer_id", "city"],
            &[("2023.csv", "customer_id,city\na,Ulm\nb,Bonn\n"), ("2024.csv", "customer_id,city\na,Jena\n")],
        )
        .open();
    assert_eq!(ask(&reader, "select customer_id, city from customers order by 1"), ["a | Jena", "b | Bonn"]);
}

#[test]
fn products_take_the_name_most_lines_agree_on() {
    let reader = Company::new()
        .source(
            Table::OrderLines,
            &["order_id", "product_id", "title", "quantity", "unit_price", "ordered_at"],
            &[(
                "l.csv",
                "order_id,product_id,title,quantity,unit_price,ordered_at\n\
                 1,a,LAMP,1,10,2024-01-01\n2,a,LAMP,1,11,2024-01-02\n3,a,damaged,-1,0,2024-01-03\n4,POST,POSTAGE,1,4,2024-01-03\n",
            )],
        )
        .rules(|rules| rules.service_products = vec!["POST".into()])
        .open();
    assert_eq!(
        ask(&reader, "select product_id, title, cast(price as bigint), service from products order by 1"),
        ["POST | POSTAGE | 4 | true", "a | LAMP | 11 | false"]
    );
}

#[test]
fn nobody_in_particular_is_no_customer() {
    let reader = Company::new()
        .source(
            Table::Orders,
            &["order_id", "customer_id", "ordered_at", "total"],
            &[("o.csv", "order_id,customer_id,ordered_at,total\n1,guest,2024-02-01,5\n2,x,2024-02-01,5\n")],
        )
        .rules(|rules| rules.anonymous_customers = vec!["guest".into()])
        .open();
    assert_eq!(ask(&reader, "select customer_id from customers"), ["x"]);
    assert_eq!(ask(&reader, "select count(*) from orders where customer_id is null"), ["1"]);
}
