//! Orders and lines from every form of export, and the ladder from gross to net.

use mercer_schema::Table;

use crate::company::{Company, ask, counts};

const LADDER: &str = "select order_id, kind, cast(gross_sales as decimal(18,2)), cast(discount as decimal(18,2)), \
     cast(refund as decimal(18,2)), cast(adjustment as decimal(18,2)), cast(net_sales as decimal(18,2)) from orders order by order_id";

/// On every order gross − discount − refund + adjustment = net, and its lines add up to it.
fn assert_adds_up(reader: &mercer_lake::Reader) {
    let off = ask(
        reader,
        "select o.order_id from orders o left join (select order_id, sum(gross_sales) g, sum(discount) d, sum(refund) r, \
         sum(adjustment) a, sum(net_sales) n from order_lines group by 1) l on l.order_id = o.order_id \
         where o.gross_sales - o.discount - o.refund + o.adjustment <> o.net_sales \
           or (l.order_id is not null and (g <> o.gross_sales or d <> o.discount or r <> o.refund or a <> o.adjustment or n <> o.net_sales))",
    );
    assert!(off.is_empty(), "orders that do not add up: {off:?}");
}

#[test]
fn flat_lines_become_orders_with_cancellations_and_bad_debt() {
    let reader = Company::new()
        .source(
            Table::OrderLines,
            &[
                "order_id=InvoiceNo",
                "product_id=StockCode",
                "quantity=Quantity",
                "unit_price=Price",
                "ordered_at=At",
                "customer_id=Customer",
            ],
            &[(
                "lines.csv",
                "InvoiceNo,StockCode,Quantity,Price,At,Customer\n\
                 1,a,2,10.00,2024-01-01 10:00,7.0\n\
                 1,b,1,5.50,2024-01-01 10:00,7.0\n\
                 C2,a,-1,10.00,2024-01-03 09:00,7.0\n\
                 A3,B,1,-100.00,2024-01-04 09:00,\n\
                 4,c,3,0,2024-01-05 09:00,\n\
                 5,a,1,10,2024-01-06 09:00,\n",
            )],
        )
        .rules(|rules| {
            rules.cancellation_prefix = Some("C".into());
            rules.adjustment_prefix = Some("A".into());
        })
        .open();
    assert_eq!(
        ask(&reader, LADDER),
        [
            "1 | sale | 25.50 | 0.00 | 0.00 | 0.00 | 25.50",
            "4 | free | 0.00 | 0.00 | 0.00 | 0.00 | 0.00",
            "5 | sale | 10.00 | 0.00 | 0.00 | 0.00 | 10.00",
            "A3 | adjustment | 0.00 | 0.00 | 0.00 | -100.00 | -100.00",
            "C2 | return | 0.00 | 0.00 | 10.00 | 0.00 | -10.00",
        ]
    );
    assert_adds_up(&reader);
    assert_eq!(ask(&reader, "select customer_id, orders, returns from customer_360"), ["7 | 1 | 1"]);
    assert_eq!(ask(&reader, "select count(*) from order_lines where customer_id is null"), ["3"]);
}

#[test]
fn totals_on_the_first_line_or_on_every_line_count_once() {
    let columns = [
        "order_id=Name",
        "customer_id=Email",
        "ordered_at=Created at",
        "quantity=Lineitem quantity",
        "unit_price=Lineitem price",
        "product_id=Lineitem sku",
        "orders.discount=Discount Amount",
        "shipping=Shipping",
        "total=Total",
    ];
    let head = "Name,Email,Created at,Discount Amount,Shipping,Total,Lineitem quantity,Lineitem price,Lineitem sku\n";
    let first_only = "#1,a@x.org,2024-05-01 10:00:00 +0200,6.00,4.90,58.90,1,20.00,s1\n#1,a@x.org,2024-05-01 10:00:00 +0200,,,,2,20.00,s2\n";
    let every_line = "#1,a@x.org,2024-05-01 10:00:00 +0200,6.00,4.90,58.90,1,20.00,s1\n#1,a@x.org,2024-05-01 10:00:00 +0200,6.00,4.90,58.90,2,20.00,s2\n";
    for rows in [first_only, every_line] {
        let reader =
            Company::new().source(Table::OrderLines, &columns, &[("shop.csv", &format!("{head}{rows}"))]).open();
        assert_eq!(ask(&reader, LADDER), ["#1 | sale | 60.00 | 6.00 | 0.00 | 0.00 | 54.00"]);
        assert_eq!(
            ask(&reader, "select cast(shipping as decimal(18,2)), lines, ordered_at from orders"),
            ["4.90 | 2 | 2024-05-01T08:00:00"]
        );
        assert_eq!(
            ask(&reader, "select cast(discount as decimal(18,2)) from order_lines order by line_number"),
            ["2.00", "4.00"]
        );
        assert_adds_up(&reader);
    }
}

#[test]
fn lines_larger_than_the_memory_are_built_by_spilling() {
    use std::fmt::Write as _;
    let mut text = String::from("order,customer,at,product,title,quantity,price\n");
    for line in 0..60_000_u32 {
        // The lines of an order stand far apart, so that nothing comes sorted; together they are larger than the memory.
        let (order, day) = (line * 7 % 20_000, 1 + line % 28);
        let title = "Chair of oak, oiled, with a cushion of wool. ".repeat(20);
        writeln!(text, "o{order},c{},2024-01-{day:02},p{},\"{title}\",1,2.50", order % 5_000, line % 300).unwrap();
    }
    let columns = [
        "order_id=order",
        "orders.customer_id=customer",
        "orders.ordered_at=at",
        "product_id=product",
        "products.title=title",
        "quantity",
        "unit_price=price",
    ];
    // One thread: how two share a small memory is a matter of who comes first.
    let lake = Company::new().source(Table::OrderLines, &columns, &[("lines.csv", &text)]).open_within(48 << 20, 1);
    assert_adds_up(&lake);
    assert_eq!(ask(&lake, "select count(*), sum(net_sales) from order_lines"), ["60000 | 150000.0000"]);
    assert_eq!(ask(&lake, "select count(*), sum(lines) from orders"), ["20000 | 60000"]);
}

#[test]
fn an_orders_discount_falls_on_its_lines_to_the_last_digit() {
    // 10.00 over three equal lines cannot be even: the rounded running total leaves no remainder.
    let reader = Company::new()
        .source(
            Table::Orders,
            &["order_id", "customer_id", "ordered_at", "discount"],
            &[("orders.csv", "order_id,customer_id,ordered_at,discount\n1,7,2024-01-01,10.00\n")],
        )
        .source(
            Table::OrderLines,
            &["order_id", "product_id", "quantity", "unit_price"],
            &[("lines.csv", "order_id,product_id,quantity,unit_price\n1,a,1,11.11\n1,b,1,11.11\n1,c,1,11.11\n")],
        )
        .open();
    assert_eq!(ask(&reader, "select discount from order_lines order by line_number"), ["3.3333", "3.3334", "3.3333"]);
    assert_adds_up(&reader);
}

#[test]
fn lines_without_prices_share_what_their_order_says() {
    // An order of 10.00 with three pieces on two lines, one given back, one whose lines say no quantity, and one with a value.
    let reader = Company::new()
        .source(
            Table::Orders,
            &["order_id", "customer_id", "ordered_at", "total"],
            &[(
                "orders.csv",
                "order_id,customer_id,ordered_at,total\n1,7,2024-01-01,10.00\n2,7,2024-01-02,-3.00\n3,7,2024-01-03,5.00\n4,7,2024-01-04,9.00\n",
            )],
        )
        .source(
            Table::OrderLines,
            &["order_id", "product_id", "quantity", "unit_price"],
            &[(
                "lines.csv",
                "order_id,product_id,quantity,unit_price\n1,a,2,\n1,b,1,\n2,a,1,\n3,a,,\n3,b,,\n4,a,1,9.00\n4,gift,1,\n",
            )],
        )
        .open();
    let lines =
        "select order_id, product_id, gross_sales, refund, net_sales from order_lines order by order_id, line_number";
    assert_eq!(
        ask(&reader, lines),
        [
            "1 | a | 6.6667 | 0.0000 | 6.6667",
            "1 | b | 3.3333 | 0.0000 | 3.3333",
            "2 | a | 0.0000 | 3.0000 | -3.0000",
            "3 | a | 2.5000 | 0.0000 | 2.5000",
            "3 | b | 2.5000 | 0.0000 | 2.5000",
            "4 | a | 9.0000 | 0.0000 | 9.0000",
            "4 | gift | 0.0000 | 0.0000 | 0.0000",
        ]
    );
    assert_adds_up(&reader);
}

#[test]
fn amounts_that_cannot_be_real_are_refused_for_themselves() {
    let rows = "1,7,2024-01-01,1,10.00\n2,7,2024-01-01,1,1000000000000\n3,7,2024-01-01,1000000,-1000000\n4,7,2024-01-01,1,999999999999\n";
    let reader = Company::new()
        .source(
            Table::OrderLines,
            &["order_id", "customer_id", "ordered_at", "quantity", "unit_price"],
            &[("lines.csv", &format!("order_id,customer_id,ordered_at,quantity,unit_price\n{rows}"))],
        )
        .open();
    assert_eq!(counts(reader.manifest()), [4, 2, 0, 2]);
    assert_eq!(
        ask(&reader, "select line, reason from quarantine order by line"),
        [
            "3 | unit_price of a trillion or more is too large to be real",
            "4 | quantity × unit_price of a trillion or more is too large to be real",
        ]
    );
}

#[test]
fn states_of_orders_settle_what_is_given_back() {
    let reader = Company::new()
        .source(
            Table::Orders,
            &["order_id", "customer_id", "ordered_at", "status", "subtotal", "discount", "refund", "tax"],
            &[(
                "orders.csv",
                "order_id,customer_id,ordered_at,status,subtotal,discount,refund,tax\n\
                 1,7,2024-01-01,paid,90,10,,19\n\
                 2,7,2024-01-02,Cancelled,90,10,,19\n\
                 3,7,2024-01-03,refunded,50,,,9\n\
                 4,8,2024-01-04,paid,50,,20,9\n\
                 5,8,2024-01-05,paid,-30,,,\n",
            )],
        )
        .open();
    assert_eq!(
        ask(&reader, LADDER),
        [
            "1 | sale | 100.00 | 10.00 | 0.00 | 0.00 | 90.00",
            "2 | cancelled | 100.00 | 10.00 | 90.00 | 0.00 | 0.00",
            "3 | sale | 50.00 | 0.00 | 50.00 | 0.00 | 0.00",
            "4 | sale | 50.00 | 0.00 | 20.00 | 0.00 | 30.00",
            "5 | return | 0.00 | 0.00 | 30.00 | 0.00 | -30.00",
        ]
    );
    assert_adds_up(&reader);
    assert_eq!(
        ask(&reader, "select order_id, order_number from orders where order_number is not null order by 1"),
        ["1 | 1", "3 | 2", "4 | 1"]
    );
}

#[test]
fn orders_without_a_number_are_known_by_customer_and_moment() {
    let rows = "id,day,amount\n1,2024-01-01,10\n1,2024-01-01,10\n1,2024-01-02,5\n2,2024-01-01,7\n";
    let company = |files: &[(&str, &str)]| {
        Company::new().source(Table::Orders, &["customer_id=id", "ordered_at=day", "total=amount"], files).open()
    };
    let once = company(&[("a.csv", rows)]);
    let twice = company(&[("a.csv", rows), ("b.csv", rows)]);
    for reader in [&once, &twice] {
        assert_eq!(ask(reader, "select count(*), cast(sum(net_sales) as decimal(18,2)) from orders"), ["4 | 32.00"]);
    }
    assert_eq!(counts(twice.manifest()), [8, 8, 4, 0]);
}

#[test]
fn the_newest_file_that_has_an_order_has_all_of_it() {
    let columns = ["order_id", "product_id", "quantity", "unit_price", "ordered_at", "customer_id"];
    let head = "order_id,product_id,quantity,unit_price,ordered_at,customer_id\n";
    let reader = Company::new()
        .source(
            Table::OrderLines,
            &columns,
            &[
                ("may.csv", &format!("{head}1,a,1,10,2024-05-01,7\n2,a,1,10,2024-05-02,7\n2,b,1,10,2024-05-02,7\n")),
                ("june.csv", &format!("{head}2,a,5,10,2024-05-02,7\n3,a,1,10,2024-06-02,7\n")),
            ],
        )
        .open();
    assert_eq!(
        ask(&reader, "select order_id, cast(sum(quantity) as bigint) from order_lines group by 1 order by 1"),
        ["1 | 1", "2 | 5", "3 | 1"]
    );
    assert_eq!(counts(reader.manifest()), [5, 5, 2, 0]);
}

#[test]
fn equal_lines_of_one_order_all_count_unless_they_have_a_key() {
    let rows =
        "order_id,line_id,product_id,quantity,unit_price,ordered_at\n1,1,a,1,10,2024-01-01\n1,1,a,1,10,2024-01-01\n";
    let without = ["order_id", "product_id", "quantity", "unit_price", "ordered_at"];
    let reader = Company::new().source(Table::OrderLines, &without, &[("a.csv", rows)]).open();
    assert_eq!(ask(&reader, "select cast(net_sales as bigint) from orders"), ["20"]);
    let mut with = without.to_vec();
    with.push("line_id");
    let reader = Company::new().source(Table::OrderLines, &with, &[("a.csv", rows)]).open();
    assert_eq!(ask(&reader, "select cast(net_sales as bigint) from orders"), ["10"]);
    assert_eq!(counts(reader.manifest()), [2, 2, 1, 0]);
}

#[test]
fn rows_that_cannot_stand_are_kept_with_their_reason() {
    let reader = Company::new()
        .source(
            Table::Orders,
            &["order_id", "customer_id", "ordered_at", "total"],
            &[("orders.csv", "order_id,customer_id,ordered_at,total\n1,7,2024-01-01,10\n2,7,soon,10\n3,7,2031-01-01,10\n4,7,2024-01-04,many\n")],
        )
        .source(
            Table::OrderLines,
            &["order_id", "product_id", "quantity", "unit_price"],
            &[("lines.csv", "order_id,product_id,quantity,unit_price\n1,a,1,10\n3,a,1,10\n9,a,1,10\n,a,1,10\n")],
        )
        .open();
    assert_eq!(
        ask(&reader, "select source, line, reason from quarantine order by source, line"),
        [
            "order_lines_1 | 3 | dated in the future",
            "order_lines_1 | 4 | its order is in none of the orders, or no row of it has a date",
            "order_lines_1 | 5 | no order_id: column order_id is empty",
            "orders_0 | 3 | ordered_at: `soon` is not a time",
            "orders_0 | 4 | dated in the future",
            "orders_0 | 5 | total: `many` is not an amount",
        ]
    );
    assert_eq!(counts(reader.manifest()), [8, 2, 0, 6]);
}

#[test]
fn what_a_customer_bought_on_one_day_is_an_order() {
    let columns = ["order_id=one per customer and day", "customer_id=Member", "ordered_at=Date", "product_id=Item"];
    let rows = "Member,Date,Item\n1,21-07-2015,milk\n2,21-07-2015,beer\n1,21-07-2015,bread\n1,22-07-2015,milk\n\
                1,21-07-2015,milk\n,21-07-2015,milk\n";
    let reader = Company::new().source(Table::OrderLines, &columns, &[("baskets.csv", rows)]).open();
    // Without any amount a basket is a sale whose value is not known, and counts.
    let orders = "select order_id, customer_id, cast(cast(ordered_at as date) as varchar), kind, lines, order_number \
                  from orders order by order_id";
    assert_eq!(
        ask(&reader, orders),
        [
            "1 2015-07-21 | 1 | 2015-07-21 | sale | 3 | 1",
            "1 2015-07-22 | 1 | 2015-07-22 | sale | 1 | 2",
            "2 2015-07-21 | 2 | 2015-07-21 | sale | 1 | 1"
        ]
    );
    assert_eq!(counts(reader.manifest()), [6, 5, 0, 1]);
    assert_eq!(
        ask(&reader, "select reason from quarantine"),
        ["no order_id: it is made from customer_id and day, and one is empty"]
    );
    assert_eq!(
        ask(
            &reader,
            "select check_name, severity from data_quality where check_name in ('made_orders', 'orders_without_amounts') order by 1"
        ),
        ["made_orders | note", "orders_without_amounts | warning"]
    );
    // A customer with a price somewhere: an order without one is free, as before.
    let priced = "Member,Date,Item,Price,Pieces\n1,21-07-2015,milk,2.50,1\n1,22-07-2015,sample,,1\n";
    let columns = [columns[0], columns[1], columns[2], columns[3], "unit_price=Price", "quantity=Pieces"];
    let reader = Company::new().source(Table::OrderLines, &columns, &[("baskets.csv", priced)]).open();
    assert_eq!(ask(&reader, "select kind from orders order by order_id"), ["sale", "free"]);
}
