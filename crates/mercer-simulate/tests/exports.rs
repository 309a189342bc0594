//! The files on disk: the same bytes for the same seed, and totals, keys and dirt as the truth states them.

#![allow(clippy::unwrap_used)] // Helpers of tests may stop at the first surprise, as tests may.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use chrono::NaiveDateTime;
use flate2::read::GzDecoder;
use mercer_base::{ErrorKind, Money, Seed};
use mercer_simulate::{Scale, ShopConfig, ShopSummary, write_shop};
use serde_json::Value;

type Row = HashMap<String, String>;

struct Written {
    _folder: tempfile::TempDir,
    path: PathBuf,
    summary: ShopSummary,
    truth: Value,
}

/// The default shop, written once for all tests of this file.
fn shop() -> &'static Written {
    static SHOP: OnceLock<Written> = OnceLock::new();
    SHOP.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let summary = write_shop(&ShopConfig::default(), &path, &mut |_| {}).unwrap();
        let truth = serde_json::from_slice(&fs::read(path.join("truth/truth.json")).unwrap()).unwrap();
        Written { _folder: folder, path, summary, truth }
    })
}

fn text(path: &Path) -> String {
    let bytes = fs::read(path).unwrap();
    let mut text = String::new();
    if path.extension().is_some_and(|extension| extension == "gz") {
        GzDecoder::new(&*bytes).read_to_string(&mut text).unwrap();
    } else {
        text = String::from_utf8(bytes).unwrap();
    }
    text
}

fn rows(name: &str, delimiter: u8) -> Vec<Row> {
    let text = text(&shop().path.join(name));
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().chain(fs::read_dir(folder.join("truth")).unwrap()) {
        let path = entry.unwrap().path();
        if path.is_file() {
            files.insert(path.strip_prefix(folder).unwrap().display().to_string(), fs::read(&path).unwrap());
        }
    }
    files
}

fn with_threads(threads: usize, config: &ShopConfig) -> BTreeMap<String, Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| write_shop(config, folder.path(), &mut |_| {})).unwrap();
    files(folder.path())
}

/// Exact amount of a field such as `-12.50`.
fn money(text: &str) -> Money {
    let (whole, cents) = text.split_once('.').unwrap();
    assert_eq!(cents.len(), 2, "{text}");
    let amount: i64 = format!("{}{cents}", whole.trim_start_matches('-')).parse().unwrap();
    Money::from_cents(if text.starts_with('-') { -amount } else { amount })
}

fn sum(rows: &[&Row], column: &str) -> Money {
    rows.iter().map(|row| money(&row[column])).sum()
}

/// The orders an honest reader keeps: no repeated rows, readable dates within the window.
fn clean_orders() -> (Vec<Row>, [usize; 3]) {
    let mut seen = HashSet::new();
    let [mut repeated, mut unreadable, mut future] = [0; 3];
    let mut clean = Vec::new();
    for row in rows("orders.csv", b',') {
        let whole: BTreeMap<_, _> = row.clone().into_iter().collect();
        if !seen.insert(whole) {
            repeated += 1;
        } else if let Ok(at) = NaiveDateTime::parse_from_str(&row["ordered_at"], "%Y-%m-%dT%H:%M:%S") {
            if at.date().to_string().as_str() > "2026-06-30" {
                future += 1;
            } else {
                clean.push(row);
            }
        } else {
            unreadable += 1;
        }
    }
    (clean, [repeated, unreadable, future])
}

#[test]
fn same_seed_same_bytes_at_any_thread_count() {
    let config = ShopConfig { scale: Scale::Customers(2_300), ..ShopConfig::default() };
    let one = with_threads(1, &config);
    let four = with_threads(4, &config);
    assert_eq!(one.keys().collect::<Vec<_>>(), four.keys().collect::<Vec<_>>());
    for (name, bytes) in &one {
        assert!(four[name] == *bytes, "{name} differs between 1 and 4 threads");
    }
    let other = with_threads(2, &ShopConfig { seed: Seed(43), ..config });
    for name in ["orders.csv", "customers.csv", "products.jsonl", "media.tsv", "leads.csv"] {
        assert!(other[name] != one[name], "{name} does not depend on the seed");
    }
}

#[test]
fn the_ladder_in_the_truth_is_the_ladder_in_the_file() {
    let (clean, _) = clean_orders();
    for (status, ladder) in shop().truth["totals"]["by_status"].as_object().unwrap() {
        let of_status: Vec<&Row> = clean.iter().filter(|row| row["status"] == *status).collect();
        assert_eq!(ladder["orders"], of_status.len(), "{status}");
        for (stated, column) in [
            ("gross_sales", "gross_sales"),
            ("discounts", "discount"),
            ("refunds", "refund"),
            ("shipping", "shipping"),
            ("tax", "tax"),
        ] {
            assert_eq!(ladder[stated], sum(&of_status, column).plain(), "{stated} of {status} orders");
        }
    }
    let all: Vec<&Row> = clean.iter().collect();
    let net = sum(&all, "gross_sales") - sum(&all, "discount") - sum(&all, "refund");
    assert_eq!(shop().truth["totals"]["all_orders"]["net_sales"], net.plain());
    assert_eq!(shop().summary.totals.all_orders.net_sales, net);
    for (month, ladder) in shop().truth["totals"]["by_month"].as_object().unwrap() {
        let of_month: Vec<&Row> = clean.iter().filter(|row| row["ordered_at"].starts_with(month)).collect();
        let net = sum(&of_month, "gross_sales") - sum(&of_month, "discount") - sum(&of_month, "refund");
        assert_eq!(ladder["net_sales"], net.plain(), "{month}");
    }
}

#[test]
fn lines_add_up_to_their_orders_and_orphans_are_as_many_as_planted() {
    let (clean, _) = clean_orders();
    let mut of_order: HashMap<String, (Money, Money)> = HashMap::new();
    let lines = rows("order_lines.csv.gz", b',');
    for line in &lines {
        let quantity: i64 = line["quantity"].parse().unwrap();
        let gross = Money::from_units(money(&line["unit_price"]).units() * quantity);
        let (of_gross, of_discount) = of_order.entry(line["order_id"].clone()).or_default();
        *of_gross = *of_gross + gross;
        *of_discount = *of_discount + money(&line["discount"]);
    }
    for order in &clean {
        let (gross, discount) = of_order.remove(&order["order_id"]).unwrap();
        if order["status"] == "returned" {
            assert_eq!(Money::ZERO - (gross - discount), money(&order["refund"]), "{order:?}");
            assert!(gross < Money::ZERO);
        } else {
            assert_eq!(gross, money(&order["gross_sales"]), "{order:?}");
            assert_eq!(discount, money(&order["discount"]), "{order:?}");
        }
    }
    let totals = &shop().truth["totals"];
    assert_eq!(totals["dirt"]["orphan_lines"], of_order.len());
    assert_eq!(totals["order_lines"], lines.len() - of_order.len());
}

#[test]
fn customers_and_dirt_are_as_many_as_the_truth_says() {
    let (clean, [repeated, unreadable, future]) = clean_orders();
    let totals = &shop().truth["totals"];
    assert_eq!(totals["dirt"]["duplicate_orders"], repeated);
    assert_eq!(totals["dirt"]["unreadable_dates"], unreadable);
    assert_eq!(totals["dirt"]["future_dates"], future);
    assert!(repeated >= 30 && unreadable >= 5 && future >= 3, "too little dirt to show");

    let mut sales: BTreeMap<&str, u32> = BTreeMap::new();
    for order in clean.iter().filter(|order| matches!(order["status"].as_str(), "completed" | "refunded")) {
        *sales.entry(&order["customer_id"]).or_default() += 1;
    }
    assert_eq!(totals["guest_sales"], sales.remove("").unwrap());
    assert_eq!(totals["buyers"], sales.len());
    assert_eq!(totals["repeat_buyers"], sales.values().filter(|&&sales| sales > 1).count());

    let customers = rows("customers.csv", b';');
    let ids: HashSet<&str> = customers.iter().map(|row| row["customer_id"].as_str()).collect();
    assert_eq!(totals["customers"], ids.len() - 1, "the empty id is no customer");
    let nameless = customers.iter().filter(|row| row["customer_id"].is_empty()).count();
    assert_eq!(totals["dirt"]["customers_without_id"], nameless);
    assert_eq!(totals["dirt"]["duplicate_customers"], customers.len() - nameless - (ids.len() - 1));
}

#[test]
fn every_key_leads_somewhere() {
    let customers: HashSet<String> =
        rows("customers.csv", b';').into_iter().map(|row| row["customer_id"].clone()).collect();
    let products: HashSet<String> = text(&shop().path.join("products.jsonl"))
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["product_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(products.len(), 400);
    let events = ["events-2024.csv.gz", "events-2025.csv.gz", "events-2026.csv.gz"];
    let others = ["orders.csv", "messages.csv.gz", "touchpoints.csv", "subscriptions.csv", "consent.csv"];
    for name in others.into_iter().chain(events) {
        for row in rows(name, b',') {
            assert!(customers.contains(&row["customer_id"]), "{name}: {row:?}");
        }
    }
    for name in ["order_lines.csv.gz"].into_iter().chain(events) {
        for row in rows(name, b',') {
            let product = &row["product_id"];
            let may_be_empty = row.get("name").is_some_and(|name| name == "search" || name == "begin_checkout");
            assert!(products.contains(product) || (product.is_empty() && may_be_empty), "{name}: {row:?}");
        }
    }
}

#[test]
fn identifiers_are_unique_and_rows_are_counted() {
    let stated = shop().truth["rows_written"].as_object().unwrap();
    for (name, column) in [
        ("events-2024.csv.gz", "event_id"),
        ("events-2025.csv.gz", "event_id"),
        ("messages.csv.gz", "message_id"),
        ("leads.csv", "lead_id"),
        ("truth/customers.csv", "customer_id"),
        ("touchpoints.csv", ""),
        ("orders.csv", ""),
    ] {
        let rows = rows(name, b',');
        assert_eq!(stated[name], rows.len(), "{name}");
        if !column.is_empty() {
            let ids: HashSet<&str> = rows.iter().map(|row| row[column].as_str()).collect();
            assert_eq!(ids.len(), rows.len(), "{name}");
        }
    }
}

#[test]
fn a_spreadsheet_export_looks_like_one() {
    let text = text(&shop().path.join("customers.csv"));
    assert!(text.starts_with("\u{feff}customer_id;created_at;"));
    let second = text.lines().nth(1).unwrap();
    assert_eq!(second.matches(';').count(), 12, "{second}");
    assert!(text.contains("\r\n"));
    let areas: Vec<String> = rows("customers.csv", b';').into_iter().map(|row| row["living_area_m2"].clone()).collect();
    assert!(areas.iter().all(|area| area.is_empty() || area.contains(',')));
    assert!(areas.iter().any(String::is_empty));
}

#[test]
fn without_dirt_every_row_is_good() {
    let folder = tempfile::tempdir().unwrap();
    let config = ShopConfig { scale: Scale::Customers(500), dirt: false, ..ShopConfig::default() };
    let summary = write_shop(&config, folder.path(), &mut |_| {}).unwrap();
    let rows = |path: &str| summary.files.iter().find(|file| file.path == path).unwrap().rows;
    assert_eq!(rows("customers.csv"), 500);
    assert_eq!(rows("orders.csv"), summary.totals.all_orders.orders);
    assert_eq!(rows("order_lines.csv.gz"), summary.totals.order_lines);
}

#[test]
fn the_truth_says_which_personas_there_are() {
    let told = |clear_personas| {
        let folder = tempfile::tempdir().unwrap();
        let config = ShopConfig { scale: Scale::Customers(30), clear_personas, ..ShopConfig::default() };
        write_shop(&config, folder.path(), &mut |_| {}).unwrap();
        serde_json::from_slice::<Value>(&fs::read(folder.path().join("truth/truth.json")).unwrap()).unwrap()
    };
    let (usual, clear) = (told(false), told(true));
    assert_eq!(usual["configuration"].get("clear_personas"), None);
    assert_eq!(clear["configuration"]["clear_personas"], true);
    assert_eq!(usual["personas"][3]["house"], 0.25);
    assert_eq!(clear["personas"][3]["house"], 0.05);
    assert_eq!(clear["personas"][3]["home"]["rooms"], serde_json::json!([3, 4]));
    assert_eq!(usual["personas"][3].get("home"), None);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("occupied");
    fs::write(&file, "not a folder").unwrap();
    let error = write_shop(&ShopConfig::default(), &file, &mut |_| {}).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("occupied"), "{error}");
}
