//! Renders every chart with invented figures, realistic and nasty ones, to the path given as argument:
//! `cargo run -p mercer-report --example gallery -- gallery.html`.

mod flow;
mod map;
mod nasty;
mod shop;

use mercer_base::card::{Card, Chart, Column, Report, Table, Value};
use mercer_base::{Error, Money, Result};

fn main() -> Result<()> {
    let path = std::env::args_os().nth(1).ok_or_else(|| {
        Error::config("no path to write to").with_hint("cargo run -p mercer-report --example gallery -- gallery.html")
    })?;
    let mut sections = shop::sections();
    sections.push(nasty::section());
    let report = Report {
        title: "Fernhill Gifts".into(),
        subtitle: "482,127 order lines of 4,339 customers, 1 Dec 2010 – 9 Dec 2011, in pounds".into(),
        currency_sign: "£".into(),
        sections,
        colophon: vec![
            "Invented figures, to show what the report can draw. mercer 0.1.0, seed 42, snapshot 7f3a91c2.".into(),
            "Net sales are gross sales less discounts and refunds, without tax and shipping.".into(),
        ],
    };
    let html = mercer_report::render(&report)?;
    std::fs::write(&path, html).map_err(|cause| Error::io(&path, cause))
}

/// A card with a chart and the table behind it.
fn card(id: &str, title: &str, subtitle: &str, chart: Chart, table: Table) -> Card {
    Card { id: id.into(), title: title.into(), subtitle: subtitle.into(), chart: Some(chart), table, ..Card::default() }
}

/// A table from headings (machine name, label) and rows.
fn table<const N: usize>(heads: [(&str, &str); N], rows: impl IntoIterator<Item = [Value; N]>) -> Table {
    Table {
        columns: heads.map(|(name, label)| Column::new(name, label)).to_vec(),
        rows: rows.into_iter().map(Vec::from).collect(),
    }
}

/// Pounds as an exact amount.
#[allow(clippy::cast_possible_truncation)]
fn money(amount: f64) -> Value {
    Value::Money(Money::from_cents((amount * 100.0).round() as i64))
}

fn text(words: &str) -> Value {
    Value::Text(words.into())
}
