//! What `mercer init` makes of exports of well-known systems and of odd files, written by the tests.
// Helpers of tests may stop at the first surprise, as tests do.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use mercer_schema::infer::{Proposal, look, propose};
use mercer_schema::{ColumnSource, Table};
use mercer_source::{ReadOptions, profile};
use proptest::prelude::*;

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn proposal(files: &[PathBuf]) -> Proposal {
    let profiles: Vec<_> = files.iter().map(|file| profile(file, &ReadOptions::default(), None).unwrap()).collect();
    let mut proposal = propose(&profiles);
    let evidence: Vec<_> = proposal.sources.iter().map(|s| look(&s.spec.files, &s.spec).unwrap()).collect();
    for source in &proposal.sources {
        source.spec.fields().unwrap_or_else(|error| panic!("{}: {error}", source.spec.name));
    }
    proposal.weigh(&evidence);
    proposal
}

fn mapped(proposal: &Proposal, source: usize, field: &str) -> String {
    proposal.sources[source].spec.columns.get(field).map_or_else(String::new, |origin| match origin {
        ColumnSource::Constant { constant } => format!("'{constant}'"),
        other => other.columns().collect::<Vec<_>>().join(" + "),
    })
}

fn check(proposal: &Proposal, rows_are: Table, expected: &[(&str, &str)]) {
    let source = &proposal.sources.first().unwrap_or_else(|| panic!("left out: {:?}", proposal.left_out));
    assert_eq!(source.spec.rows_are, rows_are);
    for (field, column) in expected {
        assert_eq!(mapped(proposal, 0, field), *column, "{field} of {:?}", source.spec.columns);
    }
}

#[test]
fn shopify_orders() {
    let header = "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,\
        Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,\
        Lineitem price,Lineitem sku,Lineitem discount,Billing Name,Billing City,Billing Zip,Billing Country,\
        Shipping Country,Notes,Cancelled at,Refunded Amount,Vendor,Id,Tags,Source";
    let mut text = format!("{header}\n");
    for order in 0..40 {
        let (day, who) = (1 + order % 28, order % 15);
        let status = if order % 10 == 0 { "refunded" } else { "paid" };
        writeln!(
            text,
            "#{},ann{who}@example.org,{status},2024-03-{day:02} 10:00:00 +0100,fulfilled,,yes,EUR,60.00,4.90,11.40,64.90,\
             SPRING,5.00,Standard,2024-03-{day:02} 09:58:00 +0100,1,Oak table,40.00,T-{order},0.00,Ann B,Bonn,53111,DE,DE,,,\
             0.00,Linden,{},,web",
            1000 + order,
            9_000_000 + order
        )
        .unwrap();
        // Further lines of an order leave the order's own columns empty.
        writeln!(
            text,
            "#{},ann{who}@example.org,,,,,,,,,,,,,,2024-03-{day:02} 09:58:00 +0100,2,Candle,10.00,C-1,0.00,,,,,,,,,Linden,,,",
            1000 + order
        )
        .unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let found = proposal(&[write(folder.path(), "orders_export_1.csv", &text)]);
    check(
        &found,
        Table::OrderLines,
        &[
            ("order_id", "Name"),
            ("customer_id", "Email"),
            ("email", "Email"),
            ("ordered_at", "Created at"),
            ("status", "Financial Status"),
            ("total", "Total"),
            ("orders.discount", "Discount Amount"),
            ("discount", "Lineitem discount"),
            ("coupon", "Discount Code"),
            ("shipping", "Shipping"),
            ("tax", "Taxes"),
            ("product_id", "Lineitem sku + Lineitem name"),
            ("title", "Lineitem name"),
            ("quantity", "Lineitem quantity"),
            ("unit_price", "Lineitem price"),
            ("country", "Shipping Country"),
            ("customers.country", "Billing Country"),
        ],
    );
    assert_eq!(found.currency.as_ref().unwrap().code, "EUR");
    assert!(found.rules.refunded_statuses.contains(&"refunded".to_owned()));
}

#[test]
fn woocommerce_orders() {
    let mut text = "Order Number,Order Status,Order Date,Email (Billing),Country Code (Billing),Order Total Amount,\
        Order Shipping Amount,Cart Discount Amount,Item Name,Quantity (- Refund),Item Cost,SKU,Coupon Code\n"
        .to_owned();
    for order in 0..60 {
        let status = if order % 20 == 0 { "Cancelled" } else { "Completed" };
        writeln!(
            text,
            "{},{status},2024-05-{:02} 12:01,b{}@example.org,AT,49.00,4.00,0.00,Lamp {},1,45.00,L-{},",
            500 + order / 2,
            1 + order % 28,
            order % 11,
            order % 9,
            order % 9
        )
        .unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let found = proposal(&[write(folder.path(), "orders.csv", &text)]);
    check(
        &found,
        Table::OrderLines,
        &[
            ("order_id", "Order Number"),
            ("customer_id", "Email (Billing)"),
            ("ordered_at", "Order Date"),
            ("status", "Order Status"),
            ("total", "Order Total Amount"),
            ("product_id", "SKU + Item Name"),
            ("unit_price", "Item Cost"),
            ("quantity", "Quantity (- Refund)"),
        ],
    );
}

#[test]
fn german_files_belong_together() {
    let folder = tempfile::tempdir().unwrap();
    let mut customers = "Kundennummer;E-Mail;PLZ;Ort;Bundesland;Geschlecht;Telefon\n".to_owned();
    let mut orders = "Bestellnummer;Kundennummer;Bestelldatum;Summe;MwSt;Versandkosten;Rabatt\n".to_owned();
    let mut lines = "Bestellnummer;Artikelnummer;Bezeichnung;Menge;Einzelpreis\n".to_owned();
    for i in 0..120 {
        writeln!(
            customers,
            "K{i:04};k{i}@example.org;5{i:04};Bonn;NRW;{};0228 12{i:04}",
            if i % 2 == 0 { "w" } else { "m" }
        )
        .unwrap();
        let returned = i % 30 == 0;
        let (number, sign) = if returned { (format!("R{}", 7000 + i), "-") } else { ((7000 + i).to_string(), "") };
        writeln!(
            orders,
            "{number};K{:04};{:02}.{:02}.2024;{sign}119,00;{sign}19,00;4,90;0,00",
            i % 40,
            1 + i % 28,
            1 + i % 12
        )
        .unwrap();
        for line in 0..3 {
            writeln!(lines, "{number};A-{};Stuhl {};{sign}1;39,90", (i + line) % 25, (i + line) % 25).unwrap();
        }
    }
    let files = [
        write(folder.path(), "Kunden.csv", &customers),
        write(folder.path(), "Bestellungen.csv", &orders),
        write(folder.path(), "Bestellpositionen.csv", &lines),
    ];
    let found = proposal(&files);
    let tables: Vec<_> = found.sources.iter().map(|source| source.spec.rows_are).collect();
    assert_eq!(tables, [Table::Customers, Table::Orders, Table::OrderLines], "{:?}", found.left_out);
    for (source, field, column) in [
        (0, "customer_id", "Kundennummer"),
        (0, "email", "E-Mail"),
        (0, "postcode", "PLZ"),
        (0, "city", "Ort"),
        (1, "order_id", "Bestellnummer"),
        (1, "customer_id", "Kundennummer"),
        (1, "ordered_at", "Bestelldatum"),
        (1, "total", "Summe"),
        (1, "tax", "MwSt"),
        (1, "shipping", "Versandkosten"),
        (1, "discount", "Rabatt"),
        (2, "order_id", "Bestellnummer"),
        (2, "product_id", "Artikelnummer"),
        (2, "quantity", "Menge"),
        (2, "unit_price", "Einzelpreis"),
        (2, "title", "Bezeichnung"),
    ] {
        assert_eq!(mapped(&found, source, field), column, "{field}");
    }
    assert_eq!(found.rules.cancellation_prefix.as_deref(), Some("R"), "{:?}", found.rule_reasons);
    let customers = &found.sources[0];
    assert_eq!(customers.spec.attributes[&Table::Customers], ["Geschlecht"]);
    assert!(customers.unmapped.iter().any(|column| column.column == "Telefon"), "{:?}", customers.unmapped);
}

#[test]
fn events_as_google_exports_them() {
    let mut text = "event_date,event_timestamp,event_name,user_id,user_pseudo_id,page_location\n".to_owned();
    for i in 0..50_u64 {
        let name = if i % 3 == 0 { "page_view" } else { "add_to_cart" };
        writeln!(
            text,
            "20240301,{},{name},,p{}.{},https://shop.example/p/{i}",
            1_709_290_000_000_000 + i * 1_000_000,
            i % 7,
            i % 7
        )
        .unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let found = proposal(&[write(folder.path(), "ga4.csv", &text)]);
    let expected = [("occurred_at", "event_timestamp"), ("name", "event_name"), ("anonymous_id", "user_pseudo_id")];
    check(&found, Table::Events, &expected);
}

#[test]
fn yearly_files_are_one_source_and_doubtful_dates_are_asked() {
    let folder = tempfile::tempdir().unwrap();
    let year = |year: u32| {
        let mut text = "order_id,customer_id,order_date,amount\n".to_owned();
        for i in 0..60 {
            writeln!(text, "{year}{i:03},c{},{:02}/{:02}/{year},{}.50", i % 20, 1 + i % 12, 1 + i % 11, 10 + i)
                .unwrap();
        }
        write(folder.path(), &format!("orders-{year}.csv"), &text)
    };
    let found = proposal(&[year(2023), year(2024)]);
    assert_eq!(found.sources.len(), 1);
    let source = &found.sources[0];
    assert_eq!((source.spec.name.as_str(), source.spec.files.len(), source.rows), ("orders", 2, 120));
    assert_eq!(source.spec.rows_are, Table::Orders);
    assert!(
        matches!(&source.spec.columns["ordered_at"], ColumnSource::Detailed { column, day_first: Some(_), .. } if column == "order_date"),
        "{:?}",
        source.spec.columns
    );
    let asked = source.questions.iter().any(|question| question.text.contains("day first or month first"));
    assert!(asked, "{:?}", source.questions);
}

#[test]
fn tables_beside_sales_are_told_apart() {
    let rows = |header: &str, row: &dyn Fn(usize) -> String| {
        let rows: Vec<String> = (0..80).map(row).collect();
        format!("{header}\n{}\n", rows.join("\n"))
    };
    let day = |i: usize| format!("2024-{:02}-{:02}", 1 + i % 12, 1 + i % 28);
    let cases = [
        (
            "consent.csv",
            rows("customer_id,purpose,status,at", &|i| {
                format!("c{},{},given,{}", i / 2, ["mail", "ads"][i % 2], day(i))
            }),
            Table::Consent,
        ),
        (
            "mailing.csv",
            rows("Contact ID,Campaign name,Sent date,Opened,Clicked", &|i| {
                format!("c{},N{},{d},{d},", i % 30, i % 3, d = day(i))
            }),
            Table::Messages,
        ),
        (
            "touchpoints.csv",
            rows("user_id,timestamp,utm_source,utm_campaign", &|i| {
                format!("u{},{} 10:00,{},b{}", i % 30, day(i), ["ads", "mail"][i % 2], i % 4)
            }),
            Table::Touchpoints,
        ),
        (
            "adspend.csv",
            rows("day,platform,impressions,link_clicks,amount_spent", &|i| {
                format!("{},{},{},{},{}.5", day(i), ["a", "b"][i % 2], i * 100, i, i)
            }),
            Table::Media,
        ),
        (
            "contracts.csv",
            rows("Contract ID,Customer No,Tariff,Start date,End date", &|i| {
                format!("k{i},c{i},{},{},", ["s", "m"][i % 2], day(i))
            }),
            Table::Subscriptions,
        ),
        (
            "split.csv",
            rows("user_id,variant,assigned_at", &|i| format!("u{i},{},{}", ["a", "b"][i % 2], day(i))),
            Table::Experiments,
        ),
        (
            "opportunities.csv",
            rows("Opportunity ID,Lead source,Created date,Stage,Close date", &|i| {
                format!("o{i},web,{d},{},{d}", ["won", "lost"][i % 2], d = day(i))
            }),
            Table::Leads,
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (name, text, expected) in cases {
        let found = proposal(&[write(folder.path(), name, &text)]);
        let tables: Vec<_> = found.sources.iter().map(|source| source.spec.rows_are).collect();
        assert_eq!(tables, [expected], "{name}: {:?}", found.left_out);
    }
}

#[test]
fn nobody_is_no_customer() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = "order_id,customer_id,order_date,total,status\n".to_owned();
    for i in 0..400 {
        let customer = if i % 4 == 0 { "0".to_owned() } else { (100 + i % 150).to_string() };
        let status = ["paid", "Cancelled", "partially_refunded", "refunded"][i % 4];
        writeln!(text, "{i},{customer},2024-01-{:02},20.00,{status}", 1 + i % 28).unwrap();
    }
    let found = proposal(&[write(folder.path(), "orders.csv", &text)]);
    assert_eq!(found.rules.anonymous_customers, ["0"]);
    assert!(found.rules.cancelled_statuses.contains(&"cancelled".to_owned()));
    assert!(!found.rules.refunded_statuses.iter().any(|status| status.contains("partial")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_table_gets_a_valid_proposal_or_a_reason(
        header in prop::collection::vec(
            prop_oneof![
                "[ -~]{0,12}",
                prop::sample::select(vec![
                    "id", "customer_id", "Order ID", "date", "created_at", "price", "quantity", "sku", "Email", "name",
                    "status", "channel", "spend", "event_name", "variant", "Lineitem quantity", "discount", "tax", "ü€",
                ]).prop_map(str::to_owned),
            ],
            1..8,
        ),
        rows in prop::collection::vec(prop::collection::vec(
            prop_oneof!["[ -~]{0,10}", "-?[0-9]{1,6}(\\.[0-9]{1,2})?", Just("2024-03-05".to_owned()), Just(String::new())], 8), 0..30),
    ) {
        let quote = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
        let mut text = header.iter().map(quote).collect::<Vec<_>>().join(",") + "\n";
        for row in &rows {
            text += &(row.iter().take(header.len()).map(quote).collect::<Vec<_>>().join(",") + "\n");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), "export.csv", &text);
        // A file that cannot be read at all is the reader's to refuse.
        if let Ok(profile) = profile(&path, &ReadOptions::default(), None) {
            let found = propose(std::slice::from_ref(&profile));
            prop_assert_eq!(found.sources.len() + found.left_out.len(), 1);
            for source in &found.sources {
                prop_assert!(source.spec.fields().is_ok(), "{:?}", source.spec.fields().err());
                let known = |column: &str| profile.columns.iter().any(|c| c.name == column);
                prop_assert!(source.spec.columns.values().flat_map(ColumnSource::columns).all(known));
                let once = source.unmapped.iter().map(|c| c.column.as_str());
                let attributes = source.spec.attributes.values().flatten().map(String::as_str);
                let mut others: Vec<&str> = once.chain(attributes).collect();
                others.sort_unstable();
                let all = others.len();
                others.dedup();
                prop_assert_eq!(others.len(), all, "a column is listed twice");
                prop_assert!(source.columns.iter().all(|c| (0.0..=1.0).contains(&c.certainty)));
            }
        }
    }
}
