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

/// Rows for the eye, as many as fit a screen, and how many there are.
pub(crate) fn write_table(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<String> {
    let headings = schema.fields().iter().map(|field| field.name().clone()).collect();
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
    let shown = rows.len();
    let mut out = console::table(headings, rows, &numeric, console::width());
    if shown < total {
        out.push_str(&format!("\n({shown} of {total} rows; --csv, --json and --parquet give all)"));
    }
    Ok(out)
}
