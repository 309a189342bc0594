//! How well a column's contents suit a canonical field, whatever its name.

use super::view::{Column, Kind, Look};
use crate::{Field, FieldKind, Table};

/// How well the contents of `column` suit `field` of `table`, 0 (cannot be) to 1 (just as expected).
pub(super) fn suits(column: &Column<'_>, table: Table, field: &Field) -> f64 {
    if column.kind == Kind::Empty {
        // Nothing speaks against it, nothing for it.
        return 0.7;
    }
    let by_kind = match field.kind {
        FieldKind::Time => match column.kind {
            Kind::Time => 1.0,
            Kind::Integer | Kind::Decimal if column.epoch => 0.9,
            _ => 0.0,
        },
        FieldKind::Money => match column.kind {
            Kind::Integer if column.is_flag() => 0.4,
            Kind::Integer | Kind::Decimal => 1.0,
            _ => 0.0,
        },
        FieldKind::Quantity => match column.kind {
            Kind::Integer | Kind::Decimal => 1.0,
            Kind::Bool => 0.8,
            _ => 0.0,
        },
        FieldKind::Integer => match column.kind {
            Kind::Integer => 1.0,
            Kind::Decimal if column.whole_numbers() => 0.95,
            _ => 0.0,
        },
        FieldKind::Bool => match column.kind {
            Kind::Bool => 1.0,
            Kind::Integer if column.is_flag() => 1.0,
            Kind::Text if column.distinct <= 3 => 0.6,
            _ => 0.0,
        },
        FieldKind::Id => id(column),
        FieldKind::Text => text(column, field.name),
    };
    by_kind * particulars(column, table, field)
}

fn id(column: &Column<'_>) -> f64 {
    match column.kind {
        // A key has no blanks in its middle and is short; titles and texts do have them.
        Kind::Text if column.mean_length > 60.0 => 0.2,
        Kind::Text | Kind::Integer => 1.0,
        // `17850.0` is a key that went through a spreadsheet or pandas.
        Kind::Decimal if column.whole_numbers() => 0.97,
        Kind::Decimal => 0.1,
        Kind::Bool => 0.2,
        Kind::Time | Kind::Empty => 0.1,
    }
}

fn text(column: &Column<'_>, field: &str) -> f64 {
    match column.kind {
        Kind::Text => 1.0,
        Kind::Bool | Kind::Integer if matches!(field, "outcome" | "status") => 1.0,
        Kind::Integer if field == "postcode" => 1.0,
        Kind::Integer if matches!(field, "arm" | "experiment" | "campaign" | "creative") => 0.85,
        Kind::Integer => 0.65,
        Kind::Decimal if column.whole_numbers() && field != "channel" => 0.6,
        Kind::Bool => 0.6,
        Kind::Decimal => 0.2,
        Kind::Time | Kind::Empty => 0.15,
    }
}

/// What single fields expect beyond their kind.
fn particulars(column: &Column<'_>, table: Table, field: &Field) -> f64 {
    // A field that is only part of a key may come again.
    let key = table.key() == [field.name];
    match field.name {
        "email" => if_else(column.look == Some(Look::Email), 1.0, 0.3),
        "currency" => if_else(column.look == Some(Look::Currency), 1.0, 0.3),
        "country" if column.look == Some(Look::Country) => 1.0,
        "country" | "region" | "channel" => few(column, 0.3),
        "status" | "kind" | "purpose" | "arm" => few(column, 0.15),
        "birth_year" => if_else(column.min >= 1890.0 && column.max <= 2030.0, 1.0, 0.1),
        // Addresses of pictures are paths or links.
        "image" => if_else(column.look == Some(Look::Url) || column.samples.iter().any(|s| is_picture(s)), 1.0, 0.4),
        "order_id" if table == Table::Orders => repeats(column),
        "customer_id" | "product_id" | "lead_id" | "content_id" if key => repeats(column),
        "subscription_id" | "event_id" | "message_id" | "touchpoint_id" if key => {
            if_else(column.unique >= 0.98, 1.0, 0.3)
        }
        "order_id" if table == Table::OrderLines => if_else(column.look == Some(Look::Email), 0.2, 1.0),
        // What is called a description is a title where it is as short as one.
        "title" if column.distinct <= 20 && column.unique < 0.1 => 0.4,
        "title" => if_else(column.mean_length <= 150.0, 1.0, 0.6),
        "description" if table == Table::Products => if_else(column.mean_length >= 60.0, 1.0, 0.6),
        "properties" => if_else(column.any_sample(&['{']), 1.0, 0.4),
        _ => 1.0,
    }
}

/// A key of its own table is there once; the odd repetition is dirt, many are another kind of row.
fn repeats(column: &Column<'_>) -> f64 {
    match column.unique {
        share if share >= 0.98 => 1.0,
        share if share >= 0.9 => 0.85,
        share if share >= 0.6 => 0.6,
        _ => 0.35,
    }
}

/// A word for a group has few values; `floor` where nearly every row has its own.
fn few(column: &Column<'_>, floor: f64) -> f64 {
    if column.distinct <= 20 || column.unique <= 0.2 {
        1.0
    } else if column.unique <= 0.6 {
        0.7
    } else {
        floor
    }
}

fn if_else(condition: bool, then: f64, or: f64) -> f64 {
    if condition { then } else { or }
}

fn is_picture(address: &str) -> bool {
    let address = address.to_lowercase();
    [".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif"].iter().any(|ending| address.contains(ending))
}
