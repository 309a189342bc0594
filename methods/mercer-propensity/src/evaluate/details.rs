//! Tables behind an evaluation.

use mercer_base::card::{Column, Table, Value};
use mercer_method::Detail;

/// A table with a name for machines, what it shows, and its columns by name and heading.
pub(super) fn detail(name: &str, about: impl Into<String>, columns: &[(&str, &str)], rows: Vec<Vec<Value>>) -> Detail {
    let columns = columns.iter().map(|(name, label)| Column::new(name, label)).collect();
    Detail { name: name.to_owned(), about: about.into(), table: Table { columns, rows } }
}

/// A number, where it is one.
pub(super) fn number(value: impl Into<Option<f64>>) -> Value {
    value.into().filter(|value| value.is_finite()).map_or(Value::Missing, Value::Number)
}

/// A share, where it is one.
pub(super) fn share(value: impl Into<Option<f64>>) -> Value {
    value.into().filter(|value| value.is_finite()).map_or(Value::Missing, Value::Share)
}

/// A count.
pub(super) fn counted(value: usize) -> Value {
    Value::Count(i64::try_from(value).unwrap_or(i64::MAX))
}

/// Words.
pub(super) fn text(words: impl Into<String>) -> Value {
    Value::Text(words.into())
}
