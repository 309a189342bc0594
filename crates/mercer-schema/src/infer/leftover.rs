//! Columns that are no canonical field: attributes worth keeping, and those that are not.

use super::view::{Column, File, Kind};
use crate::table::Table;

/// Words of attributes that describe people, and so tell a file of customers.
pub(super) const ABOUT_PEOPLE: &[&str] = &[
    "age",
    "birth",
    "birthday",
    "child",
    "children",
    "city",
    "dependent",
    "education",
    "email",
    "employment",
    "gender",
    "geschlecht",
    "home",
    "household",
    "income",
    "job",
    "kid",
    "kidhome",
    "loyalty",
    "marital",
    "newsletter",
    "occupation",
    "partner",
    "phone",
    "salutation",
    "senior",
    "sex",
    "surname",
    "teenhome",
    "tenure",
    "vorname",
    "nachname",
    "zip",
];

/// Words of attributes that describe products.
const ABOUT_PRODUCTS: &[&str] =
    &["brand", "color", "colour", "material", "size", "style", "vendor", "weight", "collection", "farbe", "groesse"];

/// Personal details that no analysis needs; they stay where they are.
const PERSONAL: &[&[&str]] = &[
    &["first", "name"],
    &["last", "name"],
    &["full", "name"],
    &["company"],
    &["surname"],
    &["vorname"],
    &["nachname"],
    &["phone"],
    &["telefon"],
    &["mobile"],
    &["address"],
    &["street"],
    &["strasse"],
    &["iban"],
    &["ip"],
];

/// Where a column goes that is no field.
pub(super) enum Place {
    /// Kept as an attribute of a table.
    Attribute(Table),
    /// Not read, for this reason.
    Nowhere(String),
}

/// Where a column goes; `resembles` says that it has a best guess below the bar.
pub(super) fn place(file: &File<'_>, column: &Column<'_>, rows_are: Table) -> Place {
    let nowhere = |reason: &str| Place::Nowhere(reason.to_owned());
    if column.kind == Kind::Empty {
        return nowhere("empty in every row");
    }
    if column.distinct <= 1 && file.rows > 1 && column.filled >= 0.999 {
        return nowhere("the same in every row");
    }
    if PERSONAL.iter().any(|words| words.iter().all(|word| column.words.has(word))) && column.unique > 0.05 {
        return nowhere("a personal detail that no analysis needs");
    }
    match rows_are {
        Table::Customers | Table::Leads if is_another_key(file, column) => {
            nowhere("another key: different in every row")
        }
        Table::Customers | Table::Leads | Table::Orders if column.mean_length > 120.0 => nowhere("free text"),
        table if table.keeps_attributes() => Place::Attribute(table),
        Table::OrderLines | Table::Subscriptions if column.words.has_any(ABOUT_PEOPLE) => {
            Place::Attribute(Table::Customers)
        }
        Table::OrderLines if column.words.has_any(ABOUT_PRODUCTS) => Place::Attribute(Table::Products),
        _ => Place::Nowhere(format!("rows of {} have no field for it", rows_are.name())),
    }
}

fn is_another_key(file: &File<'_>, column: &Column<'_>) -> bool {
    file.rows > 20
        && column.unique >= 0.999
        && column.filled >= 0.999
        && (column.kind == Kind::Text
            || (column.kind == Kind::Integer && column.words.has_any(&["id", "number", "key"])))
}
