//! What `mercer.toml` says about sources: which files, how to read them, what a row is, which column is which field.

use std::collections::BTreeMap;

use mercer_base::{Error, Result};
use mercer_source::ReadOptions;
use serde::{Deserialize, Serialize};

use crate::{Field, Table};

/// One source: files of one form whose rows are all of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceSpec {
    /// A name for messages and tables, unique in the project.
    pub name: String,
    /// Files, relative to the project folder; `*` stands for any part of a file name. Later files win where keys repeat.
    pub files: Vec<String>,
    /// What one row of it is.
    pub rows_are: Table,
    /// How to read the files; what is left out is found by itself.
    #[serde(default, skip_serializing_if = "is_default")]
    pub read: ReadOptions,
    /// Canonical field (`order_id`, `products.title`) → where it comes from.
    pub columns: BTreeMap<String, ColumnSource>,
    /// Further columns to keep as attributes, by the table they describe.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<Table, Vec<String>>,
}

/// Where a canonical field comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ColumnSource {
    /// A column of the source.
    Column(String),
    /// Several columns: amounts are added, words and keys take the first that is not empty.
    Columns(Vec<String>),
    /// The same for every row.
    Constant {
        /// The value, as it would stand in a file.
        constant: String,
    },
    /// Only for `order_id` of order lines without a number: what a customer bought on one day is one order.
    OnePer {
        /// `["customer_id", "day"]`.
        one_per: Vec<String>,
    },
    /// A column with its reading fixed.
    Detailed {
        /// The column of the source.
        column: String,
        /// Whether dates such as 03/04/2024 start with the day.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        day_first: Option<bool>,
        /// The decimal mark, `.` or `,`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        decimal_mark: Option<char>,
    },
}

impl ColumnSource {
    /// Order numbers made from the customer and the day.
    #[must_use]
    pub fn one_per_customer_and_day() -> Self {
        Self::OnePer { one_per: vec!["customer_id".to_owned(), "day".to_owned()] }
    }

    /// The columns of the source it reads.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let names: &[String] = match self {
            Self::Column(name) | Self::Detailed { column: name, .. } => std::slice::from_ref(name),
            Self::Columns(names) => names,
            Self::Constant { .. } | Self::OnePer { .. } => &[],
        };
        names.iter().map(String::as_str)
    }
}

impl SourceSpec {
    /// The mapped fields in the order of the canonical schema: table, field, origin.
    ///
    /// # Errors
    /// A configuration error that names an unknown or a missing required field, or one mapped twice.
    pub fn fields(&self) -> Result<Vec<(Table, &'static Field, &ColumnSource)>> {
        let mut fields = Vec::with_capacity(self.columns.len());
        for (name, origin) in &self.columns {
            let Some((table, field)) = self.rows_are.resolve(name) else {
                return Err(self.unknown_field(name));
            };
            if fields.iter().any(|(t, f, _): &(Table, &Field, &ColumnSource)| *t == table && f.name == field.name) {
                return Err(Error::config(format!(
                    "source \"{}\" maps {}.{} twice",
                    self.name,
                    table.name(),
                    field.name
                ))
                .with_hint("keep one of the two lines under [source.columns]"));
            }
            fields.push((table, field, origin));
        }
        self.check_made_orders(&fields)?;
        let position = |table: Table, field: &Field| (table, table.fields().iter().position(|f| f.name == field.name));
        fields.sort_by_key(|(table, field, _)| position(*table, field));
        for field in self.rows_are.fields().iter().filter(|field| field.required) {
            if !fields.iter().any(|(table, f, _)| *table == self.rows_are && f.name == field.name) {
                return Err(Error::config(format!(
                    "source \"{}\": rows of {} need {} ({}), and no column is mapped to it",
                    self.name,
                    self.rows_are.name(),
                    field.name,
                    field.doc
                ))
                .with_hint(format!("add `{} = \"your column\"` under [source.columns]", field.name)));
            }
        }
        Ok(fields)
    }

    /// Order numbers are made on order lines only, and only from the two that can make them.
    fn check_made_orders(&self, fields: &[(Table, &'static Field, &ColumnSource)]) -> Result<()> {
        for (table, field, origin) in fields {
            let ColumnSource::OnePer { one_per } = origin else { continue };
            let hint = "write `order_id = { one_per = [\"customer_id\", \"day\"] }` on rows of order_lines";
            let complaint = if (*table, field.name) != (Table::OrderLines, "order_id") {
                format!("source \"{}\": {} cannot be made of other fields", self.name, field.name)
            } else if **origin != ColumnSource::one_per_customer_and_day() {
                format!("source \"{}\": no order number can be made one per {}", self.name, one_per.join(" and "))
            } else {
                let missing = ["customer_id", "ordered_at"].into_iter().find(|needed| {
                    !fields.iter().any(|(table, field, _)| *table == Table::Orders && field.name == *needed)
                });
                match missing {
                    Some(missing) => {
                        format!("source \"{}\": order numbers are made from {missing}, which is not mapped", self.name)
                    }
                    None => continue,
                }
            };
            return Err(Error::config(complaint).with_hint(hint));
        }
        Ok(())
    }

    /// Whether its order numbers are made from customer and day.
    #[must_use]
    pub fn makes_orders(&self) -> bool {
        self.rows_are == Table::OrderLines
            && self.columns.values().any(|origin| matches!(origin, ColumnSource::OnePer { .. }))
    }

    fn unknown_field(&self, name: &str) -> Error {
        let known: Vec<_> = self.rows_are.fields().iter().map(|field| field.name).collect();
        Error::config(format!("source \"{}\": rows of {} have no field \"{name}\"", self.name, self.rows_are.name()))
            .with_hint(format!("use one of {}; or keep the column under [source.attributes]", known.join(", ")))
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_numbers_are_made_of_customer_and_day_only() {
        let column = |name: &str| ColumnSource::Column(name.to_owned());
        let spec = |origin: ColumnSource, further: &[&str]| SourceSpec {
            name: "tills".to_owned(),
            files: Vec::new(),
            rows_are: Table::OrderLines,
            read: ReadOptions::default(),
            columns: further
                .iter()
                .map(|field| ((*field).to_owned(), column(field)))
                .chain([("order_id".to_owned(), origin)])
                .collect(),
            attributes: BTreeMap::new(),
        };
        let made = ColumnSource::one_per_customer_and_day;
        assert!(spec(made(), &["customer_id", "ordered_at", "product_id"]).fields().is_ok());
        let wrong = |spec: SourceSpec| spec.fields().unwrap_err().to_string();
        assert!(wrong(spec(made(), &["customer_id"])).contains("made from ordered_at, which is not mapped"));
        let week = ColumnSource::OnePer { one_per: vec!["customer_id".to_owned(), "week".to_owned()] };
        assert!(wrong(spec(week, &["customer_id", "ordered_at"])).contains("one per customer_id and week"));
        let mut product = spec(column("order"), &["customer_id", "ordered_at"]);
        product.columns.insert("product_id".to_owned(), made());
        assert!(wrong(product).contains("product_id cannot be made"));
    }
}
