//! Rows as JSON, CSV, Parquet, or a table for the eye.

use std::io::Write;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Decimal128Type, SchemaRef};
use arrow::util::display::{ArrayFormatter, DurationFormat, FormatOptions};
use mercer_base::{Error, ErrorKind, Result};
use serde_json::{Map, Number, Value};

use crate::console;

/// Rows that a terminal shows at the most; files and JSON hold all.
const ROWS_SHOWN: usize = 50;
/// Rows shown at the most where each takes a line for every column.
const ROWS_TURNED: usize = 6;

const OPTIONS: FormatOptions<'static> = FormatOptions::new()
    .with_display_error(true)
    .with_timestamp_format(Some("%Y-%m-%d %H:%M:%S"))
    .with_duration_format(DurationFormat::ISO8601);

/// A cell as text; empty where there is none.
fn text(formatter: &ArrayFormatter<'_>, column: &ArrayRef, row: usize) -> String {
    if column.is_null(row) { String::new() } else { formatter.value(row).to_string() }
}

fn formatters(batch: &RecordBatch) -> Result<Vec<ArrayFormatter<'_>>> {
    batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column.as_ref(), &OPTIONS))
        .collect::<Result<_, _>>()
        .map_err(|cause| Error::internal(format!("printing: {cause}")))
}

/// An exact decimal as plain digits without needless zeros: `8300065.814`, `12`.
fn decimal_digits(digits: &str) -> String {
    match digits.contains('.') {
        true => digits.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => digits.to_owned(),
    }
}

/// A cell as JSON: numbers as numbers with all of their digits, times as text.
fn json_value(formatter: &ArrayFormatter<'_>, column: &ArrayRef, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    let text = formatter.value(row).to_string();
    match column.data_type() {
        DataType::Boolean => Value::Bool(text == "true"),
        DataType::Decimal128(..) => {
            let exact = column.as_primitive_opt::<Decimal128Type>().map(|values| values.value_as_string(row));
            number(&decimal_digits(&exact.unwrap_or(text)))
        }
        kind if kind.is_numeric() => number(&text),
        DataType::Timestamp(..) => Value::String(text.replacen(' ', "T", 1)),
        _ => Value::String(text),
    }
}

/// Digits as a JSON number; infinities, which JSON lacks, as null.
fn number(digits: &str) -> Value {
    digits.parse::<Number>().map_or(Value::Null, Value::Number)
}

/// A reader that went away (`mercer query … | head`) is no failure; anything else is.
fn unwritten(form: &str, cause: &std::io::Error) -> Error {
    if cause.kind() == std::io::ErrorKind::BrokenPipe {
        std::process::exit(0);
    }
    Error::new(ErrorKind::Io, format!("writing {form}: {cause}"))
}

/// An array of row objects.
pub(crate) fn write_json(out: &mut dyn Write, batches: &[RecordBatch]) -> Result<()> {
    let failed = |cause: std::io::Error| unwritten("JSON", &cause);
    out.write_all(b"[").map_err(failed)?;
    let mut first = true;
    for batch in batches {
        let formatters = formatters(batch)?;
        for row in 0..batch.num_rows() {
            let mut object = Map::new();
            for ((field, column), formatter) in batch.schema_ref().fields().iter().zip(batch.columns()).zip(&formatters)
            {
                object.insert(field.name().clone(), json_value(formatter, column, row));
            }
            out.write_all(if first { b"\n" } else { b",\n" }).map_err(failed)?;
            first = false;
            serde_json::to_writer(&mut *out, &object).map_err(|cause| failed(cause.into()))?;
        }
    }
    out.write_all(if first { b"]\n" } else { b"\n]\n" }).and_then(|()| out.flush()).map_err(failed)
}

/// Comma-separated rows under a header.
pub(crate) fn write_csv(out: &mut dyn Write, schema: &SchemaRef, batches: &[RecordBatch]) -> Result<()> {
    let failed = |cause: csv::Error| match cause.into_kind() {
        csv::ErrorKind::Io(cause) => unwritten("CSV", &cause),
        other => Error::internal(format!("writing CSV: {other:?}")),
    };
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(schema.fields().iter().map(|field| field.name())).map_err(failed)?;
    for batch in batches {
        let formatters = formatters(batch)?;
        for row in 0..batch.num_rows() {
            let cells = batch.columns().iter().zip(&formatters).map(|(column, formatter)| {
                let cell = text(formatter, column, row);
                if matches!(column.data_type(), DataType::Decimal128(..)) { decimal_digits(&cell) } else { cell }
            });
            writer.write_record(cells).map_err(failed)?;
        }
    }
    writer.flush().map_err(|cause| unwritten("CSV", &cause))
}

/// Rows for the eye, as many as fit a screen, and how many there are. Where the columns do not fit side by side, rows
/// stand side by side instead, a line for each column.
pub(crate) fn write_table(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<String> {
    table_of_width(schema, batches, console::width())
}

fn table_of_width(schema: &SchemaRef, batches: &[RecordBatch], width: usize) -> Result<String> {
    let headings: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    let numeric: Vec<usize> = schema
        .fields()
        .iter()
        .enumerate()
        .filter(|(_, field)| field.data_type().is_numeric())
        .map(|(i, _)| i)
        .collect();
    let total: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let mut rows = Vec::new();
    for batch in batches {
        let formatters = formatters(batch)?;
        for row in 0..batch.num_rows().min(ROWS_SHOWN - rows.len()) {
            rows.push(
                batch
                    .columns()
                    .iter()
                    .zip(&formatters)
                    .map(|(column, formatter)| text(formatter, column, row))
                    .collect(),
            );
        }
    }
    let decimals = schema.fields().iter().enumerate();
    for (index, _) in decimals.filter(|(_, field)| matches!(field.data_type(), DataType::Decimal128(..))) {
        shorten_decimals(&mut rows, index);
    }
    let mut out = if fits(&headings, &rows, width) {
        console::table(headings, rows.clone(), &numeric, width)
    } else {
        rows.truncate(ROWS_TURNED);
        turned(&headings, &rows, width)
    };
    let shown = rows.len();
    if shown < total {
        out.push_str(&format!("\n({shown} of {total} rows; --csv, --json and --parquet give all)"));
    }
    Ok(out)
}

/// Amounts with two decimals where no more are needed, the same for a whole column.
fn shorten_decimals(rows: &mut [Vec<String>], column: usize) {
    let needless = |cell: &String| {
        cell.split_once('.').map_or(2, |(_, digits)| {
            digits.len().saturating_sub(2).min(digits.len() - digits.trim_end_matches('0').len())
        })
    };
    let most = rows.iter().filter_map(|row| row.get(column)).filter(|cell| !cell.is_empty()).map(needless).min();
    for cell in rows.iter_mut().filter_map(|row| row.get_mut(column)).filter(|cell| cell.contains('.')) {
        cell.truncate(cell.len().saturating_sub(most.unwrap_or(0)));
    }
}

/// Whether columns can stand side by side: numbers, times and names whole, only long texts broken into lines.
fn fits(headings: &[String], rows: &[Vec<String>], width: usize) -> bool {
    let widest = |(index, heading): (usize, &String)| {
        let cells = rows.iter().filter_map(|row| row.get(index));
        let cell = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
        // A text is broken where it is longer than this.
        heading.chars().count().max(cell.min(24)) + 2
    };
    headings.iter().enumerate().map(widest).sum::<usize>() <= width
}

/// A line for each column, a column for each row; as many rows beside each other as fit, the others below.
fn turned(headings: &[String], rows: &[Vec<String>], width: usize) -> String {
    let names = headings.iter().map(|heading| heading.chars().count()).max().unwrap_or(0) + 2;
    let room = width.saturating_sub(names);
    let lengths: Vec<usize> = rows
        .iter()
        .map(|row| (row.iter().map(|cell| cell.chars().count()).max().unwrap_or(0) + 2).min(room.min(42)))
        .collect();
    let mut blocks = Vec::new();
    let mut from = 0;
    while from < rows.len() {
        let mut used = 0;
        let fitting = lengths[from..].iter().take_while(|length| {
            used += **length;
            used <= room
        });
        let until = from + fitting.count().max(1);
        let lines = headings.iter().enumerate().map(|(column, heading)| {
            let cells = rows[from..until].iter().map(|row| row.get(column).cloned().unwrap_or_default());
            std::iter::once(heading.clone()).chain(cells).collect()
        });
        let title = (from..until).map(|row| format!("row {}", row + 1));
        let title = std::iter::once(String::new()).chain(title).collect();
        blocks.push(console::table(title, lines.collect(), &[], width));
        from = until;
    }
    blocks.join("\n\n")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Decimal128Array, StringArray};

    use super::*;

    fn wide(columns: usize) -> RecordBatch {
        let money = Decimal128Array::from(vec![2_221_000, 15_000]).with_precision_and_scale(18, 4).unwrap();
        let mut all = vec![("net_sales".to_owned(), Arc::new(money) as ArrayRef)];
        for column in 1..columns {
            let words = StringArray::from(vec!["2024-01-01 18:26:52", "short"]);
            all.push((format!("column_{column}"), Arc::new(words) as ArrayRef));
        }
        RecordBatch::try_from_iter(all).unwrap()
    }

    #[test]
    fn columns_that_do_not_fit_become_lines() {
        let batch = wide(3);
        let text = |width| table_of_width(batch.schema_ref(), std::slice::from_ref(&batch), width).unwrap();
        insta::assert_snapshot!(text(80), @r"
         net_sales  column_1             column_2
            222.10  2024-01-01 18:26:52  2024-01-01 18:26:52
              1.50  short                short
        ");
        insta::assert_snapshot!(text(40), @r"
                    row 1                row 2
         net_sales  222.10               1.50
         column_1   2024-01-01 18:26:52  short
         column_2   2024-01-01 18:26:52  short
        ");
    }

    #[test]
    fn no_value_is_broken_where_rows_stand_side_by_side() {
        let batch = wide(30);
        for width in [60, 80, 120] {
            let text = table_of_width(batch.schema_ref(), std::slice::from_ref(&batch), width).unwrap();
            assert_eq!(text.matches("2024-01-01 18:26:52").count(), 29, "{text}");
            assert!(text.lines().all(|line| line.chars().count() <= width), "{text}");
        }
    }
}
