//! Reading query results by column name, whatever width of integer or string the engine chose.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use mercer_base::card::Value;
use mercer_base::{Error, Money, Result};
use mercer_metrics::Moment;

/// The rows of a result.
pub(super) struct Rows(Vec<RecordBatch>);

/// One of them.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    batch: &'a RecordBatch,
    index: usize,
}

impl Rows {
    pub(super) fn new(batches: Vec<RecordBatch>) -> Self {
        Self(batches)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        self.0.iter().flat_map(|batch| (0..batch.num_rows()).map(move |index| Row { batch, index }))
    }

    pub(super) fn first(&self) -> Option<Row<'_>> {
        self.iter().next()
    }

    pub(super) fn len(&self) -> usize {
        self.0.iter().map(RecordBatch::num_rows).sum()
    }
}

impl Row<'_> {
    /// The one cell of a column, cast to a type; `None` where it is null.
    fn cell(self, name: &str, to: &DataType) -> Result<Option<ArrayRef>> {
        let column = self
            .batch
            .column_by_name(name)
            .ok_or_else(|| Error::internal(format!("a query for the report returned no column \"{name}\"")))?
            .slice(self.index, 1);
        if column.is_null(0) {
            return Ok(None);
        }
        let cell = if column.data_type() == to { Ok(column) } else { cast(&column, to) };
        // A cast that does not fit gives an error or null, and neither may pass for "no value".
        match cell {
            Ok(cell) if !cell.is_null(0) => Ok(Some(cell)),
            _ => Err(Error::internal(format!("column \"{name}\" of a query for the report does not read as {to}"))),
        }
    }

    pub(super) fn text(self, name: &str) -> Result<Option<String>> {
        Ok(self.cell(name, &DataType::Utf8)?.map(|cell| cell.as_string::<i32>().value(0).to_owned()))
    }

    pub(super) fn count(self, name: &str) -> Result<i64> {
        Ok(self.cell(name, &DataType::Int64)?.map_or(0, |cell| cell.as_primitive::<Int64Type>().value(0)))
    }

    pub(super) fn number(self, name: &str) -> Result<Option<f64>> {
        Ok(self.cell(name, &DataType::Float64)?.map(|cell| cell.as_primitive::<Float64Type>().value(0)))
    }

    pub(super) fn money(self, name: &str) -> Result<Money> {
        Ok(self.value(name, "money")?.money())
    }

    pub(super) fn flag(self, name: &str) -> Result<bool> {
        Ok(self.cell(name, &DataType::Boolean)?.is_some_and(|cell| cell.as_boolean().value(0)))
    }

    pub(super) fn moment(self, name: &str) -> Result<Option<Moment>> {
        let cell = self.cell(name, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
        Ok(cell.and_then(|cell| cell.as_primitive::<TimestampMicrosecondType>().value_as_datetime(0)))
    }

    /// A cell as a value of a card, in the unit of a metric.
    pub(super) fn value(self, name: &str, unit: &str) -> Result<Value> {
        Ok(match unit {
            "money" => match self.cell(name, &DataType::Decimal128(Money::PRECISION, Money::SCALE))? {
                Some(cell) => {
                    let units = i64::try_from(cell.as_primitive::<Decimal128Type>().value(0));
                    Value::Money(Money::from_units(units.map_err(|_| Error::internal(format!("{name} is too large")))?))
                }
                None => Value::Missing,
            },
            "count" => Value::Count(self.count(name)?),
            "share" => self.number(name)?.map_or(Value::Missing, Value::Share),
            "days" => self.number(name)?.map_or(Value::Missing, Value::Days),
            _ => self.number(name)?.map_or(Value::Missing, Value::Number),
        })
    }
}

/// Readings of values.
pub(super) trait Reading {
    /// The amount; nothing where it is none.
    fn money(&self) -> Money;
    /// The number for a picture or a comparison.
    fn number(&self) -> Option<f64>;
}

impl Reading for Value {
    fn money(&self) -> Money {
        if let Self::Money(money) = self { *money } else { Money::ZERO }
    }

    fn number(&self) -> Option<f64> {
        mercer_base::notation::number(self).map(|(_, number)| number).filter(|number| number.is_finite())
    }
}
