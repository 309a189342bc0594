//! Tables of the engine as plain tables that methods read, and back.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Float64Type, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType};
use mercer_base::frame::{Column, Frame, NO_MOMENT, WordsBuilder};
use mercer_base::{Error, Result};
use mercer_lake::ParquetWriter;
use rayon::prelude::*;

const MOMENT: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

/// Rows of a statement as a plain table.
///
/// # Errors
/// Where a column has a type that methods do not read.
pub(crate) fn from_batches(origin: &str, schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Frame> {
    let mut frame = Frame::new(origin);
    for (index, field) in schema.fields().iter().enumerate() {
        let arrays = batches.iter().map(|batch| batch.column(index));
        frame = frame.with(field.name().clone(), column(field, arrays)?)?;
    }
    Ok(frame)
}

fn column<'a>(field: &Field, arrays: impl Iterator<Item = &'a ArrayRef>) -> Result<Column> {
    let to = |array: &ArrayRef, kind: &DataType| {
        cast(array, kind).map_err(|cause| Error::internal(format!("column {}: {cause}", field.name())))
    };
    match field.data_type() {
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => {
            let mut values = Vec::new();
            for array in arrays {
                let array = to(array, &MOMENT)?;
                let array = array.as_primitive::<TimestampMicrosecondType>();
                values.extend(array.iter().map(|value| value.unwrap_or(NO_MOMENT)));
            }
            Ok(Column::Moments(values))
        }
        kind if kind.is_numeric() || kind == &DataType::Boolean => {
            let mut values = Vec::new();
            for array in arrays {
                let array = to(array, &DataType::Float64)?;
                values.extend(array.as_primitive::<Float64Type>().iter().map(|value| value.unwrap_or(f64::NAN)));
            }
            Ok(Column::Numbers(values))
        }
        _ => {
            let mut words = WordsBuilder::default();
            for array in arrays {
                let array = to(array, &DataType::Utf8)?;
                array.as_string::<i32>().iter().for_each(|word| words.push(word));
            }
            Ok(Column::Words(words.finish()))
        }
    }
}

/// A plain table as rows for the engine and for files.
///
/// # Errors
/// Only where something is broken.
pub fn to_batch(frame: &Frame) -> Result<RecordBatch> {
    let columns: Vec<(&str, &Column)> = frame.columns().collect();
    let arrays: Vec<ArrayRef> = columns.par_iter().map(|(_, column)| array(column)).collect();
    let field = |((name, _), array): (&(&str, &Column), &ArrayRef)| Field::new(*name, array.data_type().clone(), true);
    let fields: Vec<Field> = columns.iter().zip(&arrays).map(field).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .map_err(|cause| Error::internal(format!("a table of scores: {cause}")))
}

fn array(column: &Column) -> ArrayRef {
    match column {
        Column::Numbers(values) if values.iter().any(|value| value.is_nan()) => {
            Arc::new(values.iter().map(|value| (!value.is_nan()).then_some(*value)).collect::<Float64Array>())
        }
        Column::Numbers(values) => Arc::new(Float64Array::from(values.clone())),
        Column::Moments(values) => Arc::new(
            values.iter().map(|value| (*value != NO_MOMENT).then_some(*value)).collect::<TimestampMicrosecondArray>(),
        ),
        Column::Words(words) => Arc::new((0..words.codes.len()).map(|row| words.get(row)).collect::<StringArray>()),
    }
}

/// Writes rows as a Parquet file, whole or not there at all.
///
/// # Errors
/// When the file cannot be written.
pub fn write_parquet(path: &Path, rows: &RecordBatch) -> Result<()> {
    let beside = path.with_extension("parquet.part");
    let mut writer = ParquetWriter::create_for_numbers(&beside, rows.schema())?;
    writer.write(rows)?;
    writer.finish()?;
    std::fs::rename(&beside, path).map_err(|cause| Error::io(path, cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_go_there_and_back() {
        let frame = Frame::new("scores")
            .with("id", Column::Words([Some("a"), None].into_iter().collect()))
            .and_then(|frame| frame.with("value", Column::Numbers(vec![1.5, f64::NAN])))
            .and_then(|frame| frame.with("at", Column::Moments(vec![7, NO_MOMENT])))
            .unwrap();
        let batch = to_batch(&frame).unwrap();
        assert_eq!(batch.column(1).null_count(), 1);
        let back = from_batches("scores", &batch.schema(), &[batch]).unwrap();
        assert_eq!(back.words("id").unwrap().get(0), Some("a"));
        assert_eq!(back.words("id").unwrap().get(1), None);
        assert!(back.numbers("value").unwrap()[1].is_nan());
        assert_eq!(back.moments("at").unwrap(), [7, NO_MOMENT]);
    }
}
