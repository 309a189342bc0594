//! Dirty rows in otherwise good files: each is kept or refused for itself, with its line and the reason, and every row read
//! is accounted for. One project with a source for each kind of dirt, and so one run.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use mercer_testkit::{TempProject, workbook};
use serde_json::Value;

use crate::binary::{counts, mercer, none, query, row, run_json, value};
use crate::shop::HEADER;

/// What becomes of a row.
enum Fate {
    /// Its order has these net sales.
    Sold(f64),
    /// It is refused, and the reason holds these words.
    Refused(&'static str),
}

use Fate::{Refused, Sold};

/// Rows below the header of [`HEADER`]; each order has a number of its own, so that its line is known by it.
const VALUES: &[(&str, Fate)] = &[
    ("v02,ann,2024-01-05,lamp,2,10.00", Sold(20.0)),
    ("v03,ann,soon,lamp,2,10.00", Refused("ordered_at: `soon` is not a time")),
    ("v04,ann,2024-02-30,lamp,2,10.00", Refused("`2024-02-30` is not a time")),
    ("v05,ann,0000-00-00,lamp,2,10.00", Refused("`0000-00-00` is not a time")),
    ("v06,ann,1800-01-01,lamp,2,10.00", Refused("`1800-01-01` is not a time")),
    ("v07,ann,9999-12-31,lamp,2,10.00", Refused("`9999-12-31` is not a time")),
    ("v08,ann,2099-01-01,lamp,2,10.00", Refused("dated in the future")),
    ("v09,ann,,lamp,2,10.00", Refused("no row of it has a date")),
    ("v10,ann,2024-01-05,lamp,six,10.00", Refused("quantity: `six` is not a quantity")),
    ("v11,ann,2024-01-05,lamp,2,ten", Refused("unit_price: `ten` is not an amount")),
    ("v12,ann,2024-01-05,lamp,2,1e400", Refused("unit_price: `1e400` is not an amount")),
    ("v13,ann,2024-01-05,lamp,2,inf", Refused("unit_price: `inf` is not an amount")),
    ("v14,ann,2024-01-05,lamp,-inf,10.00", Refused("quantity: `-inf` is not a quantity")),
    ("v15,ann,2024-01-05,lamp,2,99999999999999999999.00", Refused("it is too large")),
    ("v16,ann,2024-01-05,lamp,1000000000,1000000000", Refused("too large")),
    ("v17,ann,2024-01-05,lamp,2,15 %", Refused("it is a percentage")),
    (",ann,2024-01-05,lamp,2,10.00", Refused("no order_id: column order_id is empty")),
    ("v19,ann,2024-01-05,lamp", Refused("has 4 fields where the header has 6")),
    ("v20,ann,2024-01-05,lamp,2,10.00,more,and more", Refused("has 8 fields where the header has 6")),
    ("v21,ann,2024-01-05,lamp,2,NaN", Sold(0.0)),
    ("v22,ann,2024-01-05,lamp,,10.00", Sold(0.0)),
    ("v23,ann,2024-01-05,lamp,0,10.00", Sold(0.0)),
    ("v24,ann,2024-01-05,lamp,2,-10.00", Sold(-20.0)),
    ("v25,ann,2024-01-05,lamp,-2,10.00", Sold(-20.0)),
    ("v26,,2024-01-05,lamp,2,10.00", Sold(20.0)),
    ("v27,ann,2024-01-05,lamp,2,€ 10.00", Sold(20.0)),
    ("v28,ann,2024-01-05T23:59:59Z,lamp,2,\"1,010.00\"", Sold(2020.0)),
    ("v29,ann,2024-01-05,lamp,0.125,8.00", Sold(1.0)),
    ("v30,ann,2024-01-05,,2,10.00", Sold(20.0)),
    ("\"v31'; drop table orders; --\",\"x'); --\",2024-01-05,\"a\"\"b\",2,10.00", Sold(20.0)),
    ("v32,<script>alert(1)</script>,2024-01-05,<img src=x onerror=alert(1)>,2,10.00", Sold(20.0)),
    ("v33,=cmd|' /C calc'!A0,2024-01-05,+1+1,2,10.00", Sold(20.0)),
    ("v34,🛋️ ännchen,2024-01-05,\u{202e}ɿɘvɘɿ \u{200f}שלום,2,10.00", Sold(20.0)),
    ("v35,  ann  ,2024-01-05,lamp,\" 2 \",10.00", Sold(20.0)),
];

/// A source of order lines by name: its file, the bytes, and the rows read, accepted, repeated and quarantined.
type Form = (&'static str, Vec<u8>, [u64; 4]);

/// Three good rows, each worth 20.00, whose orders start with `prefix`.
fn good(prefix: &str) -> String {
    (1..=3).fold(HEADER.to_owned(), |mut text, number| {
        writeln!(text, "{prefix}{number},bob,2024-03-0{number},lamp,2,10.00").expect("memory takes what is written");
        text
    })
}

fn utf_16(text: &str) -> Vec<u8> {
    [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
}

/// Files whose form is odd or damaged, and what becomes of their rows; in each, three orders are good.
fn forms() -> Vec<Form> {
    let long = format!("{}long,bob,2024-03-04,{},2,0.00\n", good("long"), "x".repeat(100_000));
    let columns: Vec<&str> = HEADER.trim_end().split(',').collect();
    let json = |order: &str, more: &str| {
        format!(
            "{{\"order_id\":\"{order}\",\"customer_id\":\"bob\",\"ordered_at\":\"2024-03-01\",\"product_id\":\"lamp\",\"quantity\":2,\"unit_price\":10.0{more}}}\n"
        )
    };
    let broken_json = [
        json("json1", ""),
        "{\"order_id\":\"jsonX\", oops\n".to_owned(),
        json("json2", ",\"tags\":[\"a\",{\"b\":[1,2]}]"),
        "[1,2,3]\n".to_owned(),
        json("json3", ",\"seen_late\":{\"deep\":true}"),
        "\"only text\"\n".to_owned(),
    ];
    vec![
        ("crlf.csv", good("crlf").replace('\n', "\r\n").into_bytes(), [3, 3, 0, 0]),
        ("cr.csv", good("cr").replace('\n', "\r").into_bytes(), [3, 3, 0, 0]),
        ("utf16.csv", utf_16(&good("utf16")), [3, 3, 0, 0]),
        ("bom.csv", format!("\u{feff}{}", good("bom")).into_bytes(), [3, 3, 0, 0]),
        ("semicolons.csv", good("semi").replace(',', ";").replace("10.00", "10,00").into_bytes(), [3, 3, 0, 0]),
        ("no_last_line_end.csv", good("end").trim_end().as_bytes().to_vec(), [3, 3, 0, 0]),
        ("zeros.csv", good("zero").replace("lamp", "la\0mp").into_bytes(), [3, 3, 0, 0]),
        (
            "latin.csv",
            good("latin").bytes().flat_map(|byte| if byte == b'b' { vec![0xe9, b'b'] } else { vec![byte] }).collect(),
            [3, 3, 0, 0],
        ),
        ("long.csv", long.into_bytes(), [4, 4, 0, 0]),
        (
            "quote.csv",
            good("quote").replace("quote3", "quoteX,\"bob,2024-03-02,lamp,2,10.00\nquote3").into_bytes(),
            [4, 3, 0, 1],
        ),
        ("json.jsonl", broken_json.concat().into_bytes(), [6, 3, 0, 3]),
        (
            "workbook.xlsx",
            workbook(&[
                &columns,
                &["xlsx1", "bob", "2024-03-01", "lamp", "2", "10"],
                &["xlsx2", "#N/A", "2024-03-02", "lamp", "2", "10"],
                &["xlsxX", "bob", "#VALUE!", "lamp", "2", "10"],
                &["xlsx3", "bob", "2024-03-03", "#REF!", "2", "10"],
            ]),
            [4, 3, 0, 1],
        ),
    ]
}

/// `[[source]]` of order lines over one file, with the columns of [`HEADER`].
fn lines_of(file: &str) -> String {
    let name = file.split_once('.').map_or(file, |(name, _)| name);
    let config = crate::shop::config(file).replace("name = \"orders\"", &format!("name = \"{name}\""));
    config[config.find("[[source]]").expect("a source")..].to_owned()
}

const OTHER_SOURCES: &str = r#"
[[source]]
name = "sales"
files = ["sales.csv"]
rows_are = "orders"
[source.columns]
order_id = "order"
customer_id = "customer"
ordered_at = "day"
total = "total"
currency = "currency"

[[source]]
name = "orphans"
files = ["orphans.csv"]
rows_are = "order_lines"
[source.columns]
order_id = "order"
product_id = "product"
quantity = "pieces"

[[source]]
name = "people"
files = ["people.csv"]
rows_are = "customers"
[source.columns]
customer_id = "id'; drop table customers; --"
[source.attributes]
customers = ["a \"quoted\" name", "select", "size", "size_2", "日本"]

[[source]]
name = "things"
files = ["things.csv"]
rows_are = "products"
[source.columns]
product_id = "id"
title = "title"
"#;

fn dirty_project() -> TempProject {
    let project = TempProject::new(&[
        // The second row of a key counts; the currencies cannot be added up.
        (
            "sales.csv",
            "order,customer,day,total,currency\ns1,eve,2024-04-01,5.00,EUR\ns1,eve,2024-04-01,7.00,EUR\n\
             s2,eve,2024-04-02,9.00,USD\ns3,eve,2024-04-03,1.00,EUR\n",
        ),
        ("orphans.csv", "order,product,pieces\ns3,lamp,1\nnobody1,lamp,1\nnobody2,desk,2\nnobody2,lamp,1\n"),
        (
            "people.csv",
            "id'; drop table customers; --,\"a \"\"quoted\"\" name\",select,size,size,日本\n\
             eve,O'Hara,from,1,2,🛋️\nzoë,\"x\"\"y\",where,3,4,<b>\n,nobody,,5,6,\n",
        ),
        ("things.csv", "id,title\nlamp,<script>alert('title')</script>\ndesk,\"Desk \"\"large\"\" & <b>bold</b>\"\n"),
    ]);
    let values = VALUES.iter().fold(HEADER.to_owned(), |text, (row, _)| format!("{text}{row}\n"));
    project.write("values.csv", values);
    let mut config = "[project]\nname = \"dirty <b>shop</b>\"\ncurrency = \"EUR\"\n".to_owned();
    config.push_str(&lines_of("values.csv"));
    for (file, bytes, _) in forms() {
        project.write(file, bytes);
        config.push_str(&lines_of(file));
    }
    config.push_str(OTHER_SOURCES);
    project.write("mercer.toml", config);
    project
}

#[test]
fn dirt_costs_its_own_rows_only() {
    let project = dirty_project();
    let outcome = run_json(project.root());
    let total = counts(&outcome["rows"]);
    let check =
        mercer(["check", "--json", "--rows", "1000", "--project", &project.root().display().to_string()]).json();
    assert_eq!(counts(&check["rows"]), total);
    let mut complaints = values_become(&project);
    complaints.extend(forms_become(&project, &check));
    complaints.extend(others_become(&project, &check));
    none(&complaints);
    let quarantined = value(project.root(), "select count(*) from quarantine");
    assert_eq!(quarantined, total[3], "every refused row is in the quarantine");
    assert_eq!(check["refused"].as_array().map(Vec::len), quarantined.as_u64().and_then(|n| usize::try_from(n).ok()));
    hostile_words_stay_words(&project);
}

/// Refused reasons by the line of a source.
fn reasons(project: &TempProject, source: &str) -> BTreeMap<u64, String> {
    let rows = query(project.root(), &format!("select line, reason from quarantine where source = '{source}'"));
    rows.iter()
        .map(|row| (row["line"].as_u64().expect("a line"), row["reason"].as_str().expect("words").to_owned()))
        .collect()
}

fn values_become(project: &TempProject) -> Vec<String> {
    let reasons = reasons(project, "values");
    let sold: BTreeMap<String, f64> = query(project.root(), "select order_id, net_sales from orders")
        .iter()
        .map(|row| (row["order_id"].as_str().expect("a key").to_owned(), row["net_sales"].as_f64().expect("money")))
        .collect();
    let mut complaints = Vec::new();
    for (index, (row, fate)) in VALUES.iter().enumerate() {
        let order = row.trim_start_matches('"').split(['"', ',']).next().unwrap_or_default();
        let refused = reasons.get(&(index as u64 + 2));
        let right = match fate {
            Sold(net) => refused.is_none() && sold.get(order) == Some(net),
            Refused(words) => refused.is_some_and(|reason| reason.contains(words)) && !sold.contains_key(order),
        };
        if !right {
            complaints.push(format!("{row}: refused {refused:?}, net sales {:?}", sold.get(order)));
        }
    }
    complaints
}

fn source<'a>(check: &'a Value, name: &str) -> &'a Value {
    let sources = check["sources"].as_array().expect("sources");
    sources.iter().find(|source| source["name"] == name).unwrap_or_else(|| panic!("no source {name}"))
}

fn forms_become(project: &TempProject, check: &Value) -> Vec<String> {
    let mut complaints = Vec::new();
    for (file, _, expected) in forms() {
        let name = file.split_once('.').map_or(file, |(name, _)| name);
        let found = counts(&source(check, name)["rows"]);
        if found != expected {
            complaints.push(format!("{file}: {found:?}, expected {expected:?}: {:?}", reasons(project, name)));
        }
    }
    let prefixes = ["crlf", "cr", "utf16", "bom", "semi", "end", "zero", "latin", "long", "quote", "json", "xlsx"];
    for prefix in prefixes {
        let sql = format!("select sum(net_sales) from orders where regexp_like(order_id, '^{prefix}[0-9]$')");
        let net = value(project.root(), &sql);
        if net != 60 {
            complaints.push(format!("orders {prefix}*: net sales {net}, expected 60"));
        }
    }
    complaints
}

fn others_become(project: &TempProject, check: &Value) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut expect = |what: &str, found: &dyn std::fmt::Debug, right: bool| {
        if !right {
            complaints.push(format!("{what}: {found:?}"));
        }
    };
    for (name, expected) in
        [("sales", [4, 4, 1, 0]), ("orphans", [4, 1, 0, 3]), ("people", [3, 2, 0, 1]), ("things", [2, 2, 0, 0])]
    {
        let found = counts(&source(check, name)["rows"]);
        expect(name, &found, found == expected);
    }
    for (line, reason) in reasons(project, "orphans") {
        expect("orphans", &(line, &reason), line > 2 && reason.contains("its order is in none of the orders"));
    }
    let nobody = reasons(project, "people");
    expect(
        "people",
        &nobody,
        nobody.get(&4).is_some_and(|reason| reason.starts_with("no customer_id: column id'; drop")),
    );
    let sold = row(project.root(), "select count(*), sum(net_sales) from orders where customer_id = 'eve'");
    expect("the newest row of a key counts, once", &sold, sold == [3, 17]);
    let findings = check["findings"].as_array().expect("findings");
    for name in [
        "mixed_currencies",
        "negative_prices",
        "repeated_rows",
        "unreadable_rows",
        "refused_rows",
        "lines_without_product",
    ] {
        let found = findings.iter().any(|finding| finding["check"] == name);
        expect(name, &"no finding", found);
    }
    complaints
}

/// What looks like SQL, HTML or a formula is text wherever it goes.
fn hostile_words_stay_words(project: &TempProject) {
    let injected = "select customer_id from orders where order_id = 'v31''; drop table orders; --'";
    assert_eq!(value(project.root(), injected), "x'); --");
    let attributes =
        "select a_quoted_name, \"select\", size, size_2, \"日本\" from customers where customer_id = 'zoë'";
    assert_eq!(
        row(project.root(), attributes),
        [Value::from("x\"y"), "where".into(), 3.into(), 4.into(), "<b>".into()]
    );
    let long = value(project.root(), "select max(length(product_id)) from order_lines where order_id = 'long'");
    assert_eq!(long, 100_000);
    let report = project.read("report/index.html");
    for tag in ["<script>alert", "<img src=x", "<b>shop</b>", "<b>bold"] {
        assert!(!report.contains(tag), "{tag} is in the report");
    }
    let escaped = ["dirty &#60;b&#62;shop", "dirty &lt;b&gt;shop"].iter().any(|name| report.contains(name));
    assert!(escaped, "the project's name is in the report, as text");
}

/// One row, and so one customer: nothing to compare, and no panic for want of it.
#[test]
fn one_row_is_enough() {
    let project = TempProject::new(&[
        ("mercer.toml", &crate::shop::config("orders.csv")),
        ("orders.csv", &format!("{HEADER}o1,ann,2024-01-05,lamp,2,10.00\n")),
    ]);
    let outcome = run_json(project.root());
    assert_eq!(counts(&outcome["rows"]), [1, 1, 0, 0]);
    let found =
        row(project.root(), "select orders, net_sales, recency_days, mean_days_between_orders from customer_360");
    assert_eq!(found, [Value::from(1), 20.into(), 1.into(), Value::Null]);
    // As of the day before, nobody has bought yet; as of the end, the row is there.
    let folder = project.root().display().to_string();
    let at = |day: &str| {
        mercer(["query", "select sum(orders) as n from customer_360", "--as-of", day, "--json", "--project", &folder])
            .json()
    };
    assert!(at("2024-01-05")[0]["n"] == 0 || at("2024-01-05")[0]["n"].is_null(), "{}", at("2024-01-05"));
    assert_eq!(at("2024-01-06")[0]["n"], 1);
}
