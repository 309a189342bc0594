//! The books of a build: which parsed rows it refused and why, and how many of each file it kept.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use mercer_base::{Error, Result};
use mercer_schema::Table;

use super::people::kept;
use super::staged::{Rows, StagedSource};
use super::steps::Steps;
use super::{Built, facts};

/// A parsed row that did not become part of the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Position of its source in the configuration.
    pub(crate) source: usize,
    /// Position of its file in the source.
    pub(crate) file: usize,
    /// Its line.
    pub(crate) line: u64,
    /// The table it was meant for.
    pub(crate) table: Table,
    /// Why it was refused.
    pub(crate) reason: String,
    /// What it held.
    pub(crate) row: String,
}

/// Fills `built.refused` and `built.kept` for every kind of row.
pub(super) fn account(steps: &Steps<'_>, staged: &[StagedSource], end_of_today: &str, built: &mut Built) -> Result<()> {
    let refused_orders = "(select order_id as refused_id, refusal from merged_orders where refusal is not null)";
    let kept_orders = "(select order_id as kept_id from merged_orders where refusal is null)";
    for table in Table::ALL {
        let rows = Rows::of(staged, table);
        if rows.is_empty() {
            continue;
        }
        let (refused, held) = match table {
            Table::Orders => (
                format!(
                    "select refusal as reason, order_kept.* from order_kept join {refused_orders} on order_key = refused_id"
                ),
                format!("order_kept join {kept_orders} on order_key = kept_id"),
            ),
            Table::OrderLines => (
                format!(
                    "select refusal as reason, lines.* from lines join {refused_orders} on order_lines__order_id = refused_id"
                ),
                format!("lines join {kept_orders} on order_lines__order_id = kept_id"),
            ),
            _ => {
                let refusal = facts::refusal(table, end_of_today);
                (
                    format!("select {refusal} as reason, * from {} where {refusal} is not null", facts::all(table)),
                    kept(table),
                )
            }
        };
        let files: Vec<(usize, usize)> =
            rows.sources.iter().flat_map(|source| (0..source.files).map(|file| (source.number, file))).collect();
        let file_at = |number: i64| -> Result<(usize, usize)> {
            usize::try_from(number)
                .ok()
                .and_then(|number| files.get(number))
                .copied()
                .ok_or_else(|| Error::internal("a row of no file"))
        };
        for row in
            steps.integers(&format!("select cast(_file as bigint), count(*) from {held} group by 1 order by 1"))?
        {
            *built.kept.entry(file_at(row[0])?).or_default() += u64::try_from(row[1]).unwrap_or(0);
        }
        steps.engine.stream(&format!("{refused} order by _file, _line"), |batch| {
            for row in 0..batch.num_rows() {
                let number = |name: &str| integer(&batch, name, row);
                let (source, file) = file_at(number("_file")?)?;
                built.refused.push(Refused {
                    source,
                    file,
                    line: u64::try_from(number("_line")?).unwrap_or(0),
                    table,
                    reason: text(&batch, "reason", row),
                    row: row_text(&batch, row),
                });
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn integer(batch: &RecordBatch, name: &str, row: usize) -> Result<i64> {
    batch
        .column_by_name(name)
        .and_then(|column| column.as_primitive_opt::<Int64Type>().map(|values| values.value(row)))
        .ok_or_else(|| Error::internal(format!("no column {name}")))
}

fn text(batch: &RecordBatch, name: &str, row: usize) -> String {
    let column = batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
    column.filter(|values| values.is_valid(row)).map(|values| values.value(row).to_owned()).unwrap_or_default()
}

/// The mapped values of a row: `order_id=536365; quantity=6`.
fn row_text(batch: &RecordBatch, row: usize) -> String {
    let options = FormatOptions::default().with_display_error(true);
    let mut parts = Vec::new();
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        let Some((_, name)) = field.name().split_once("__") else { continue };
        if column.is_valid(row)
            && let Ok(formatter) = ArrayFormatter::try_new(column, &options)
        {
            parts.push(format!("{}={}", name.trim_start_matches("attr__"), formatter.value(row)));
        }
    }
    parts.join("; ")
}
