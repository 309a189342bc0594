//! Public data sets end to end, from the files as they are published to the figures, against sums made without mercer.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::Path;

use mercer_testkit::{TempProject, data, gunzip};
use serde_json::Value;

use crate::binary::{counts, mercer, query, row, run_json, value};

/// `mercer init` on files of the reference data.
#[track_caller]
fn init(project: &TempProject, from: &Path, more: &[&str]) -> Value {
    let start = [OsStr::new("init"), OsStr::new("--json"), OsStr::new("--project"), project.root().as_os_str()];
    let from = [OsStr::new("--from"), from.as_os_str()];
    mercer(start.into_iter().chain(from).chain(more.iter().map(OsStr::new))).json()
}

/// A metric over all of the data.
#[track_caller]
fn metric(project: &TempProject, name: &str) -> f64 {
    let sql = format!("select value from metrics where grain = 'total' and metric = '{name}'");
    value(project.root(), &sql).as_f64().unwrap_or_else(|| panic!("no metric {name}"))
}

/// Net sales by every road that leads to them: orders, lines, the metric and, of known customers, the customer 360.
/// All amounts to the cent.
#[track_caller]
fn net_sales_agree(project: &TempProject, all: &str, identified: &str) {
    let of = |sql: &str| format!("{:.2}", value(project.root(), sql).as_f64().expect("an amount"));
    assert_eq!(of("select sum(net_sales) from orders"), all);
    assert_eq!(of("select sum(net_sales) from order_lines"), all);
    assert_eq!(of("select amount from metrics where grain = 'total' and metric = 'net_sales'"), all);
    assert_eq!(of("select sum(amount) from metrics where grain = 'month' and metric = 'net_sales'"), all);
    assert_eq!(of("select sum(net_sales) from orders where customer_id is not null"), identified);
    assert_eq!(of("select sum(net_sales) from order_lines where customer_key is not null"), identified);
    assert_eq!(of("select sum(net_sales) from customer_360"), identified);
}

/// Online Retail (UCI): cancellations, bad debt, anonymous sales. One run for all of it: it takes a while unoptimised.
#[test]
fn online_retail() {
    let Some(folder) = data("online_retail") else { return };
    let project = TempProject::new(&[]);
    let found = init(&project, &folder, &[]);
    assert_eq!(found["sources"][0]["rows_are"], "order_lines");
    assert_eq!(found["sources"][0]["rows"], 541_909);

    let outcome = run_json(project.root());
    let [read, accepted, repeated, quarantined] = counts(&outcome["rows"]);
    assert_eq!((read, accepted + quarantined, repeated), (541_909, 541_909, 0));
    let kinds = query(project.root(), "select count(*) as documents, count(distinct order_id) as ids from orders");
    assert_eq!((&kinds[0]["documents"], &kinds[0]["ids"]), (&25_900.into(), &25_900.into()), "invoices");
    assert_eq!(value(project.root(), "select count(*) from order_lines"), 541_909);

    // Customers who are known, and those of them who bought.
    assert_eq!(value(project.root(), "select count(*) from customers"), 4_372);
    assert_eq!(
        row(project.root(), "select count(*), count(*) filter (where orders > 0) from customer_360"),
        [4_372, 4_338]
    );
    assert!((metric(&project, "active_customers") - 4_338.0).abs() < 0.5);

    net_sales_agree(&project, "9747747.93", "8300065.81");
    let returned = "select sum(lines), sum(refund) from orders where kind = 'return'";
    assert_eq!(row(project.root(), returned), [Value::from(9_288), 896_812.49.into()]);
    assert_eq!(format!("{:.2}", metric(&project, "refunds")), "896812.49");
    assert_eq!(value(project.root(), "select count(*) from order_lines where customer_id is null"), 135_080);

    let findings = outcome["findings"].as_array().expect("findings");
    let message = |check: &str| -> String {
        let finding = findings.iter().find(|finding| finding["check"] == check);
        finding
            .and_then(|finding| finding["message"].as_str())
            .unwrap_or_else(|| panic!("no finding {check}"))
            .to_owned()
    };
    let bad_debt = message("bookkeeping_entries");
    assert!(bad_debt.contains("A563185, A563186, A563187") && bad_debt.contains("11,062.06"), "{bad_debt}");
    assert!(message("anonymous_orders").contains("135,080 lines"));
    assert!(message("cancellations").contains("9,288 lines"));

    // People read the same figures.
    let figure = |name: &str| {
        outcome["headline"].as_array().and_then(|all| all.iter().find(|figure| figure["name"] == name).cloned())
    };
    assert_eq!(figure("net_sales").expect("net sales")["text"], "9,747,747.93");
    assert_eq!(figure("active_customers").expect("customers")["text"], "4,338");
    let report = project.read("report/index.html");
    for words in ["9,747,747.93", "8,300,065.81", "896,812.49"] {
        assert!(report.contains(words), "{words} is not in the report");
    }

    // Lifetime value: forecasts of the last 12 weeks are better than naive ones, or say so.
    let folder = project.root().display().to_string();
    let fitted = mercer(["lifetime", "fit", "--project", &folder, "--param", "holdout=12", "--json"]).json();
    let evaluation = &fitted["evaluation"];
    assert_eq!((&evaluation["verdict"], &evaluation["actual"]), (&"beats-baseline".into(), &4274.0.into()));
    for baseline in evaluation["baselines"].as_array().expect("baselines") {
        assert!(evaluation["rmse"].as_f64() < baseline["rmse"].as_f64(), "{evaluation}");
    }
    assert_eq!(value(project.root(), "select count(clv) from customer_360"), 4_338);

    // The customer 360 of an earlier day is what was known by then.
    let sql = "select sum(net_sales) as net, count(*) filter (where orders > 0) as buyers from customer_360";
    let earlier = mercer(["query", sql, "--as-of", "2011-09-01", "--json", "--project", &folder]).json();
    let known = "select sum(net_sales) as net from orders where ordered_at < '2011-09-01' and customer_key is not null";
    assert_eq!(earlier[0]["net"], value(project.root(), known));
    let buyers = "select count(distinct customer_key) from orders where ordered_at < '2011-09-01' and kind = 'sale'";
    assert_eq!(earlier[0]["buyers"], value(project.root(), buyers));
}

/// Cents of an amount with two decimals at most.
fn cents(amount: &str) -> i64 {
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    let digits = format!("{whole}{fraction:0<2}");
    assert!(fraction.len() <= 2, "{amount}");
    digits.parse().expect("digits")
}

/// What a CDNOW file says, read without mercer: rows, customers, cents, and cents by customer.
fn cdnow(path: &Path, customer: usize, amount: usize) -> (usize, i64, BTreeMap<String, i64>) {
    let text = std::fs::read_to_string(path).expect("text");
    let mut by_customer = BTreeMap::new();
    let (mut rows, mut sum) = (0, 0);
    for line in text.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        // A header, where there is one, starts with letters.
        if fields.first().is_none_or(|first| first.parse::<u64>().is_err()) {
            continue;
        }
        rows += 1;
        sum += cents(fields[amount]);
        *by_customer.entry(fields[customer].to_owned()).or_default() += cents(fields[amount]);
    }
    (rows, sum, by_customer)
}

#[test]
fn cdnow_master() {
    let Some(path) = data("cdnow/CDNOW_master.txt") else { return };
    let (rows, sum, by_customer) = cdnow(&path, 0, 3);
    assert_eq!((rows, by_customer.len()), (69_659, 23_570));
    let project = TempProject::new(&[]);
    init(&project, &path, &[]);
    let outcome = run_json(project.root());
    assert_eq!(counts(&outcome["rows"]), [69_659, 69_659, 0, 0]);
    assert_eq!(row(project.root(), "select count(*), cast(sum(net_sales) * 100 as bigint) from orders"), [69_659, sum]);
    assert_eq!(value(project.root(), "select count(*) from customers"), 23_570);
    assert_eq!(value(project.root(), "select cast(sum(net_sales) * 100 as bigint) from customer_360"), sum);
    // Some purchases are worth nothing; they are no orders, and are kept.
    let free = value(project.root(), "select count(*) from orders where kind = 'free'").as_u64().expect("a count");
    assert_eq!(
        outcome["headline"]
            .as_array()
            .and_then(|all| all.iter().find(|f| f["name"] == "orders").cloned())
            .expect("orders")["value"],
        (69_659 - free) as f64
    );
    // Customer by customer.
    let found: BTreeMap<String, i64> =
        query(project.root(), "select customer_id, cast(net_sales * 100 as bigint) as cents from customer_360")
            .iter()
            .map(|row| (row["customer_id"].as_str().expect("a key").to_owned(), row["cents"].as_i64().expect("cents")))
            .collect();
    assert!(found == by_customer, "the customers' sums differ");
}

#[test]
fn cdnow_sample_without_a_header() {
    let Some(path) = data("cdnow/CDNOW_sample.txt") else { return };
    let (rows, sum, by_customer) = cdnow(&path, 1, 4);
    let project = TempProject::new(&[]);
    let found = init(&project, &path, &["--columns", "master_id,customer_id,date,quantity,amount"]);
    assert_eq!(found["sources"][0]["rows"], rows);
    let outcome = run_json(project.root());
    assert_eq!(counts(&outcome["rows"]), [rows as u64, rows as u64, 0, 0]);
    assert_eq!(value(project.root(), "select count(*) from customers"), by_customer.len());
    assert_eq!(
        row(project.root(), "select count(*), cast(sum(net_sales) * 100 as bigint) from orders"),
        [rows as i64, sum]
    );
}

/// An amount as mercer keeps it; some are written as `4.440892e-16`.
#[allow(clippy::cast_possible_truncation)]
fn ten_thousandths(amount: &str) -> i64 {
    (amount.parse::<f64>().expect("a number") * 10_000.0).round() as i64
}

/// The Complete Journey (dunnhumby): baskets, products and households in files of their own.
#[test]
fn complete_journey() {
    let Some(folder) = data("complete_journey_sample") else { return };
    let read = |name: &str| -> Vec<BTreeMap<String, String>> {
        let bytes = std::fs::read(folder.join(name)).expect("a file");
        let text = if name.ends_with(".gz") { gunzip(&bytes) } else { String::from_utf8(bytes).expect("text") };
        csv::Reader::from_reader(text.as_bytes()).deserialize().map(|row| row.expect("a row")).collect()
    };
    let lines = read("transactions_sample.csv.gz");
    let baskets: BTreeSet<&str> = lines.iter().map(|line| line["basket_id"].as_str()).collect();
    let households: BTreeSet<&str> = lines.iter().map(|line| line["household_id"].as_str()).collect();
    let net: i64 = lines.iter().map(|line| ten_thousandths(&line["sales_value"])).sum();
    let demographics = read("demographics.csv");
    let described = demographics.iter().filter(|row| households.contains(row["household_id"].as_str())).count();

    let project = TempProject::new(&[]);
    init(&project, &folder, &[]);
    let outcome = run_json(project.root());
    counts(&outcome["rows"]);
    assert_eq!((lines.len(), value(project.root(), "select count(*) from order_lines")), (75_000, 75_000.into()));
    assert_eq!(value(project.root(), "select count(*) from orders"), baskets.len());
    let bought = "select count(*) from customer_360 where customer_id in (select customer_id from orders)";
    assert_eq!(value(project.root(), bought), households.len());
    assert_eq!(value(project.root(), "select cast(sum(net_sales) * 10000 as bigint) from orders"), net);
    assert_eq!(value(project.root(), "select cast(sum(net_sales) * 10000 as bigint) from order_lines"), net);

    // Products are joined: nearly every line has a category, and none has a product that is not in the table.
    let joined = row(
        project.root(),
        "select count(*), count(p.product_id), count(p.category) from order_lines l left join products p on p.product_id = l.product_id",
    );
    let [all, known, categories] = [0, 1, 2].map(|index| joined[index].as_u64().expect("a count"));
    assert_eq!((all, known), (75_000, 75_000));
    assert!(categories * 1000 >= all * 985, "only {categories} of {all} lines have a category");
    // What describes a household stands beside its purchases.
    let with_both = "select count(*) from customer_360 where income is not null and customer_id in (select customer_id from orders)";
    assert_eq!(value(project.root(), with_both), described);
    assert_eq!(value(project.root(), "select count(*) from customers where income is not null"), demographics.len());
    let sample = &demographics[0];
    let one = format!("select age, income, kids_count from customers where customer_id = '{}'", sample["household_id"]);
    let texts: Vec<String> = row(project.root(), &one)
        .iter()
        .map(|cell| cell.as_str().map_or_else(|| cell.to_string(), str::to_owned))
        .collect();
    assert_eq!(texts, [&sample["age"], &sample["income"], &sample["kids_count"]].map(String::clone));
}
