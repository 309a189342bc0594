//! What a profile says about small tables whose answers are plain.

use mercer_source::{CellType, DecimalMark, EpochUnit, FileProfile, Kind, ReadOptions, Shape, profile};

use crate::file;

fn profiled(text: &str, max_rows: Option<u64>) -> FileProfile {
    let file = file("data.csv", text);
    profile(&file.path, &ReadOptions::default(), max_rows).unwrap()
}

#[test]
fn columns_are_told_apart() {
    let rows: String = (0..200_u32)
        .map(|row| {
            format!(
                "{:05};user{row}@example.org;{:02}/{:02}/2024;{},{:02} €;{};{};{};{}\n",
                row / 4,
                row % 28 + 1,
                row % 12 + 1,
                row,
                row % 100,
                1_704_448_800 + row,
                ["yes", "no"][row as usize % 2],
                ["", "7.0", "NA", "8.0"][row as usize % 4],
                ["GBP", "EUR"][row as usize % 2],
            )
        })
        .collect();
    let found = profiled(&format!("order;mail;day;total;at;paid;customer;currency\n{rows}"), None);
    assert_eq!((found.rows, found.rejected, found.truncated), (200, 0, false));
    let kinds: Vec<Kind> = found.columns.iter().map(|column| column.kind).collect();
    let expected = [
        Kind::Integer,
        Kind::Text,
        Kind::Timestamp,
        Kind::Decimal,
        Kind::Integer,
        Kind::Bool,
        Kind::Integer,
        Kind::Text,
    ];
    assert_eq!(kinds, expected);
    let [order, mail, day, total, at, _, customer, currency] = found.columns.as_slice() else {
        panic!("eight columns")
    };
    assert!(order.values_repeat_in_runs && order.leading_zeros == 200 && order.distinct.count == 50);
    assert_eq!((mail.looks_like, mail.unique_share), (Some(Shape::Email), 1.0));
    assert_eq!((day.format.day_first, day.format_note.as_deref()), (Some(true), None));
    assert!(!day.time.unwrap().has_time_of_day && !day.time.unwrap().ambiguous_day_month);
    assert_eq!(total.format.decimal_mark, DecimalMark::Comma);
    assert_eq!((total.numeric.unwrap().min, total.numeric.unwrap().max), (0.0, 199.99));
    assert_eq!(at.format.epoch, Some(EpochUnit::Seconds));
    assert_eq!(at.time.unwrap().min, 1_704_448_800_000_000);
    assert_eq!((customer.filled, customer.empty, customer.missing_words), (150, 50, 50));
    assert!(customer.format.strip_point_zero);
    assert_eq!(currency.looks_like, Some(Shape::CurrencyCode));
}

#[test]
fn undecided_dates_are_noted_once_they_matter() {
    let found = profiled("id,day\n1,03/04/2024\n2,05/06/2024\n3,07/07/2024\n", None);
    let day = &found.columns[1];
    assert!(day.time.unwrap().ambiguous_day_month);
    assert!(day.format_note.as_deref().unwrap().contains("`03/04/2024`"));
    assert_eq!(day.note_for(CellType::Text), None);
    assert_eq!(day.note_for(CellType::Date), day.format_note);
}

#[test]
fn reading_stops_where_it_is_told_to() {
    let rows: String = (0..1_000).map(|row| format!("{row},x\n")).collect();
    let text = format!("id,name\n{rows}");
    let found = profiled(&text, Some(10));
    assert_eq!((found.rows, found.truncated, found.columns[0].filled), (10, true, 10));
    let found = profiled(&text, Some(1_000));
    assert_eq!((found.rows, found.truncated), (1_000, false));
}

#[test]
fn foreign_keys_show_in_the_sketches() {
    let orders: String = (0..500).map(|row| format!("{row},{}.0\n", row % 50)).collect();
    let customers: String = (0..60).map(|row| format!("{row},name{row}\n")).collect();
    let orders = profiled(&format!("order,customer\n{orders}"), None);
    let customers = profiled(&format!("customer_id,name\n{customers}"), None);
    let (customer, id) = (&orders.columns[1].sketch, &customers.columns[0].sketch);
    assert_eq!(customer.contained_in(id), Some(1.0));
    assert_eq!(id.contained_in(customer), Some(50.0 / 60.0));
    assert_eq!(customer.contained_in(&customers.columns[1].sketch), Some(0.0));
}
