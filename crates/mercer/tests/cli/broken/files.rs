//! Files that cannot be read at all, or not with their mapping: refused before anything is built.

use mercer_testkit::{TempProject, archive, gzip};

use crate::binary::{Outcome, mercer, none, run};
use crate::shop::{HEADER, config, orders};

/// What a case puts where the configuration expects `orders.csv`.
enum Found {
    Nothing,
    Folder,
    Bytes(Vec<u8>),
}

struct Case {
    name: &'static str,
    found: Found,
    /// The exit code: 2 the configuration is wrong, 3 the data is.
    code: i32,
    /// What the message must hold.
    words: &'static [&'static str],
}

fn bytes(name: &'static str, bytes: impl AsRef<[u8]>, words: &'static [&'static str]) -> Case {
    Case { name, found: Found::Bytes(bytes.as_ref().to_vec()), code: 3, words }
}

/// Bytes without any order in them.
fn noise(length: u32) -> Vec<u8> {
    (0..length).map(|index| index.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect()
}

/// A file cut off after part of its bytes.
fn cut(mut bytes: Vec<u8>, share: f64) -> Vec<u8> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    bytes.truncate((bytes.len() as f64 * share) as usize);
    bytes
}

/// A Parquet file with one column, written by mercer itself.
fn parquet() -> Vec<u8> {
    let shop = crate::shop::shop(3);
    let path = shop.path("numbers.parquet");
    run(shop.root()).printed();
    let project = shop.root().display().to_string();
    let out = path.display().to_string();
    let sql = "select order_number as number_of_order, channel from orders";
    mercer(["query", sql, "--project", &project, "--parquet", &out]).printed();
    std::fs::read(path).expect("it was written")
}

fn cases() -> Vec<Case> {
    let rows = orders(0, 50);
    let parquet = parquet();
    vec![
        Case {
            name: "no file",
            found: Found::Nothing,
            code: 2,
            words: &["source \"orders\"", "no file matches \"orders.csv\"", "try: did you mean `order.csv`?"],
        },
        Case {
            name: "a folder in its place",
            found: Found::Folder,
            code: 2,
            words: &["source \"orders\"", "no file matches \"orders.csv\": it is a folder", "\"orders.csv/*.csv\""],
        },
        bytes("an empty file", "", &["orders.csv", "is empty", "try: export it again"]),
        bytes("blank lines", "\n\n \n", &["orders.csv", "has no rows"]),
        bytes("a header only", HEADER, &["orders.csv", "has a header but no rows"]),
        bytes("noise", noise(9_000), &["orders.csv", "binary"]),
        bytes(
            "a web page",
            "\u{feff}<!DOCTYPE html><html><head><title>Sign in</title></head></html>",
            &["orders.csv is a web page", "sign-in or error page"],
        ),
        bytes(
            "XML",
            "<?xml version=\"1.0\"?><orders><order id=\"1\"/></orders>",
            &["orders.csv is an XML file", "CSV"],
        ),
        bytes("a PDF", "%PDF-1.7\n1 0 obj\n", &["orders.csv is a PDF document", "export the data as CSV"]),
        bytes("a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", &["orders.csv is a picture", "export the data as CSV"]),
        bytes("an SQLite database", "SQLite format 3\0", &["orders.csv is an SQLite database"]),
        bytes("an archive", archive(&[("orders.csv", &rows)]), &["orders.csv", "ZIP archive", "try: "]),
        bytes("an archive that is cut short", b"PK\x03\x04\x14\0", &["orders.csv", "ZIP archive"]),
        bytes(
            "gzip that is cut short",
            cut(gzip(rows.as_bytes()), 0.6),
            &["orders.csv", "gzip data is damaged or cut short", "again"],
        ),
        bytes("gzip twice", gzip(&gzip(rows.as_bytes())), &["orders.csv", "packed with gzip twice", "gunzip"]),
        bytes("nothing inside gzip", gzip(b""), &["orders.csv", "is empty"]),
        bytes("gzip of a web page", gzip(b"<html></html>"), &["orders.csv", "web page"]),
        bytes(
            "Parquet that is cut short",
            cut(parquet.clone(), 0.7),
            &["orders.csv", "Parquet data is damaged or cut short"],
        ),
        bytes(
            "Parquet inside gzip",
            gzip(&parquet),
            &["orders.csv is a Parquet file or workbook packed with gzip", "gunzip"],
        ),
        bytes(
            "Parquet with other columns",
            parquet,
            &[
                "source \"orders\"",
                "orders.csv: no column \"",
                "which ",
                " is mapped to",
                "try: the file has number_of_order, channel",
            ],
        ),
        bytes(
            "a workbook that is none",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and no more",
            &["orders.csv", "Office document"],
        ),
        bytes("JSON that breaks off", "[{\"order_id\": \"1\", \"customer_", &["orders.csv"]),
        bytes(
            "a column in capitals",
            rows.replace("customer_id", "Customer_ID"),
            &["orders.csv: no column \"customer_id\"", "did you mean \"Customer_ID\"?", "[source.columns]"],
        ),
        bytes(
            "a column with a slip of the keyboard",
            rows.replace("unit_price", "unit_pirce"),
            &["orders.csv: no column \"unit_price\"", "did you mean \"unit_pirce\"?"],
        ),
        bytes(
            "a column that is not there",
            rows.replace("customer_id", "colour"),
            &["orders.csv: no column \"customer_id\"", "the file has order_id, colour, ordered_at"],
        ),
        bytes(
            "a header named twice",
            rows.replace("customer_id", "order_id"),
            &["orders.csv: no column \"customer_id\"", "order_id_2"],
        ),
        bytes(
            "no row that can be used",
            format!("{HEADER}o1,ann,soon,lamp,2,10.00\no2,bob,later,desk,1,5.00\n"),
            &["none of the 2 rows read could be used", "soon"],
        ),
    ]
}

fn outcome(found: &Found) -> (TempProject, Outcome) {
    let project = TempProject::new(&[("mercer.toml", &config("orders.csv")), ("order.csv", "a near name\n1\n")]);
    match found {
        Found::Nothing => {}
        Found::Folder => std::fs::create_dir(project.path("orders.csv")).expect("a folder"),
        Found::Bytes(bytes) => drop(project.write("orders.csv", bytes)),
    }
    let outcome = run(project.root());
    (project, outcome)
}

#[test]
fn files_that_cannot_be_read_are_refused() {
    let mut complaints = Vec::new();
    for case in cases() {
        let (project, outcome) = outcome(&case.found);
        complaints.extend(outcome.complaint(case.code, case.words).map(|wrong| format!("{}: {wrong}", case.name)));
        if project.files().iter().any(|file| file.contains("snapshots/")) {
            complaints.push(format!("{}: something was published", case.name));
        }
    }
    none(&complaints);
}

/// The last good state stays the newest when a later export is broken.
#[test]
fn a_broken_export_leaves_the_last_state() {
    let shop = crate::shop::shop(5);
    run(shop.root()).printed();
    shop.write("exports/orders-02.csv", "<html>Please sign in</html>");
    run(shop.root()).refused(3, &["orders-02.csv", "web page"]);
    assert_eq!(crate::binary::value(shop.root(), "select count(*) from orders"), 5);
}

/// A month without a sale: its file counts with no row and is named, and the others are read.
#[test]
fn an_empty_export_beside_others_is_a_remark() {
    for empty in ["", HEADER, "\n\n"] {
        let shop = crate::shop::shop(5);
        shop.write("exports/orders-02.csv", empty);
        run(shop.root()).printed();
        assert_eq!(crate::binary::value(shop.root(), "select count(*) from orders"), 5, "{empty:?}");
        let of_empty = "select count(*) from sources where read = 0 and file = 'exports/orders-02.csv'";
        assert_eq!(crate::binary::value(shop.root(), of_empty), 1, "{empty:?}");
        let named = "select count(*) from data_quality where check_name = 'empty_files' \
                     and message = 'exports/orders-02.csv holds no row: is the export whole?'";
        assert_eq!(crate::binary::value(shop.root(), named), 1, "{empty:?}");
        // Once rows are there, they are read.
        shop.write("exports/orders-02.csv", orders(5, 7));
        run(shop.root()).printed();
        assert_eq!(crate::binary::value(shop.root(), "select count(*) from orders"), 7, "{empty:?}");
    }
}

/// What `[source.read]` says and the file does not bear out.
#[test]
fn wrong_reading_is_refused() {
    let cases: [(&str, i32, &[&str]); 6] = [
        ("encoding = \"klingon\"", 2, &["`klingon` is not a known encoding", "utf-8"]),
        ("columns = [\"order_id\", \"customer_id\"]", 2, &["orders.csv", "names 2 columns, but the file has 6"]),
        ("delimiter = \";\"", 3, &["orders.csv", "no column"]),
        ("format = \"parquet\"", 3, &["orders.csv", "Parquet"]),
        ("format = \"excel\"", 3, &["orders.csv"]),
        ("delimiter = \"ab\"", 2, &["mercer.toml, line", "cannot separate fields"]),
    ];
    let mut complaints = Vec::new();
    for (read, code, words) in cases {
        let config =
            config("orders.csv").replace("[source.columns]", &format!("[source.read]\n{read}\n\n[source.columns]"));
        let project = TempProject::new(&[("mercer.toml", &config), ("orders.csv", &orders(0, 20))]);
        complaints.extend(run(project.root()).complaint(code, words).map(|wrong| format!("{read}: {wrong}")));
    }
    none(&complaints);
}
