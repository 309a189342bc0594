//! Figures for the terminal, read from the tables of a snapshot; nothing is computed here.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Decimal128Type, Float64Type, Int64Type};
use mercer_base::notation::{Notation, number};
use mercer_base::{Currency, Money, Result};
use mercer_lake::Reader;

use crate::methods::MethodReport;
use crate::project::{Figure, RefusedRow};

/// Metrics that a run ends with, over all of the data, with what is worth saying beside them.
const HEADLINE: [(&str, &str); 6] = [
    ("net_sales", "all of the data, without tax and shipping"),
    ("refunds", "cancellations and returns"),
    ("orders", ""),
    ("average_order_value", ""),
    ("active_customers", "customers who bought at least once"),
    ("repeat_rate", ""),
];

/// The figures that matter, from the `metrics` table.
pub(crate) fn headline(reader: &Reader, currency: &Currency) -> Result<Vec<Figure>> {
    let (_, batches) = reader.query("select metric, label, unit, value, amount from metrics where grain = 'total'")?;
    let mut figures = Vec::new();
    for (name, note) in HEADLINE {
        for batch in &batches {
            let Some(row) = (0..batch.num_rows()).find(|row| text(batch, 0, *row) == name) else { continue };
            let value = batch.column(3).as_primitive_opt::<Float64Type>().filter(|values| values.is_valid(row));
            let value = value.map(|values| values.value(row));
            let amount = batch.column(4).as_primitive_opt::<Decimal128Type>().filter(|values| values.is_valid(row));
            let amount = amount.and_then(|values| i64::try_from(values.value(row)).ok()).map(Money::from_units);
            figures.push(Figure {
                name: name.to_owned(),
                label: text(batch, 1, row),
                value,
                text: written(&text(batch, 2, row), value, amount, currency),
                note: note.to_owned(),
            });
        }
    }
    Ok(figures)
}

/// The key figures that methods give, such as the value at risk.
pub(crate) fn of_methods(methods: &[MethodReport], currency: &Currency) -> Vec<Figure> {
    let sign = currency.sign();
    let notation = Notation::new(&sign);
    let tiles = methods.iter().filter_map(|method| method.findings.as_ref().ok()).flat_map(|findings| &findings.tiles);
    tiles
        .map(|tile| Figure {
            name: tile.label.to_lowercase().replace(' ', "_"),
            label: tile.label.clone(),
            value: number(&tile.value).map(|(_, value)| value),
            text: notation.exact(&tile.value, 2),
            note: tile.note.clone(),
        })
        .collect()
}

/// A value as people read it.
fn written(unit: &str, value: Option<f64>, amount: Option<Money>, currency: &Currency) -> String {
    match (unit, value, amount) {
        (_, None, _) => "–".to_owned(),
        ("money", _, Some(amount)) if amount < Money::ZERO => format!("−{}{}", currency.sign(), amount.abs()),
        ("money", _, Some(amount)) => format!("{}{amount}", currency.sign()),
        ("money", Some(value), None) => format!("{}{value:.2}", currency.sign()),
        ("share", Some(value), _) => format!("{:.1} %", value * 100.0),
        ("count", Some(value), _) => Notation::new("").exact(&mercer_base::card::Value::Number(value), 0),
        (_, Some(value), _) => format!("{value:.2}"),
    }
}

/// The first refused rows.
pub(crate) fn refused_rows(reader: &Reader, most: usize) -> Result<Vec<RefusedRow>> {
    let sql = format!(
        "select source, file, line, reason, row from quarantine order by source, file, line, reason limit {most}"
    );
    let (_, batches) = reader.query(&sql)?;
    let mut rows = Vec::new();
    for batch in &batches {
        let lines = batch.column(2).as_primitive_opt::<Int64Type>();
        for row in 0..batch.num_rows() {
            rows.push(RefusedRow {
                source: text(batch, 0, row),
                file: text(batch, 1, row),
                line: lines.map_or(0, |lines| lines.value(row)),
                reason: text(batch, 3, row),
                row: text(batch, 4, row),
            });
        }
    }
    Ok(rows)
}

fn text(batch: &RecordBatch, column: usize, row: usize) -> String {
    let values = batch.column(column).as_string_opt::<i32>().filter(|values| values.is_valid(row));
    values.map(|values| values.value(row).to_owned()).unwrap_or_default()
}
