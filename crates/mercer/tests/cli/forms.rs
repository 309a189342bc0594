//! The same orders as CSV, JSON lines, Parquet, a workbook and packed with gzip give the same figures.

use std::fmt::Write as _;

use mercer_testkit::{TempProject, gzip, workbook};

use crate::binary::{counts, mercer, query, run, run_json};
use crate::shop::{HEADER, config, orders};

/// Orders written as `form`, their keys starting with its name, so that all forms can be read by one run.
fn rows_as(form: &str) -> Vec<Vec<String>> {
    let text = orders(0, 25).replace("\no", &format!("\n{form}-"));
    text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

fn csv(form: &str) -> String {
    rows_as(form).iter().map(|row| row.join(",") + "\n").collect()
}

fn json_lines(form: &str) -> String {
    let rows = rows_as(form);
    let names = &rows[0];
    rows[1..].iter().fold(String::new(), |mut text, row| {
        let object: serde_json::Map<_, _> = names
            .iter()
            .zip(row)
            .filter(|(_, cell)| !cell.is_empty())
            .map(|(name, cell)| {
                (name.clone(), cell.parse::<f64>().map_or_else(|_| cell.as_str().into(), serde_json::Value::from))
            })
            .collect();
        writeln!(text, "{}", serde_json::Value::Object(object)).expect("memory takes what is written");
        text
    })
}

fn sheet(form: &str) -> Vec<u8> {
    let rows = rows_as(form);
    let rows: Vec<Vec<&str>> = rows.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
    let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
    workbook(&rows)
}

#[test]
fn every_form_gives_the_same_figures() {
    let forms = ["csv", "gzip", "json", "parquet", "sheet"];
    let project = TempProject::new(&[("mercer.toml", &config("exports/*")), ("exports/a.csv", &csv("csv"))]);
    run(project.root()).printed();
    // mercer writes the Parquet file itself, with times and amounts in types of their own.
    let sql = "select replace(order_id, 'csv-', 'parquet-') as order_id, customer_id, ordered_at, product_id, quantity, unit_price from order_lines";
    let parquet = project.path("exports/d.parquet").display().to_string();
    mercer(["query", sql, "--parquet", &parquet, "--project", &project.root().display().to_string()]).printed();
    project.write("exports/b.csv.gz", gzip(csv("gzip").as_bytes()));
    project.write("exports/c.jsonl", json_lines("json"));
    project.write("exports/e.xlsx", sheet("sheet"));
    assert_eq!(HEADER.trim_end(), csv("csv").lines().next().expect("a header"));

    let outcome = run_json(project.root());
    assert_eq!(counts(&outcome["rows"]), [250, 250, 0, 0]);
    let figures = query(
        project.root(),
        "select split_part(order_id, '-', 1) as form, count(*) as orders, count(customer_id) as identified, sum(gross_sales) as gross, \
         sum(net_sales) as net, sum(units) as units, sum(lines) as lines, min(ordered_at) as first, max(ordered_at) as last \
         from orders group by 1 order by 1",
    );
    assert_eq!(figures.iter().map(|row| row["form"].as_str().unwrap_or_default()).collect::<Vec<_>>(), forms);
    for row in &figures {
        let same = |name: &str| assert_eq!(row[name], figures[0][name], "{name} of {}", row["form"]);
        ["orders", "identified", "gross", "net", "units", "lines", "first", "last"].into_iter().for_each(same);
    }
    assert_eq!(figures[0]["orders"], 25);
}
