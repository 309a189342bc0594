//! The figures behind a card as rows of text for the page, with the raw values that sorting and CSV need.

use mercer_base::card::{Table, Value};

use crate::text::clean;
use mercer_base::notation::{Notation, decimals, month_key};

/// Rows shown at once; the rest waits behind a switch.
const FIRST: usize = 12;

/// Characters from which on a text is a sentence rather than a name.
const SENTENCE: usize = 30;

/// A table ready to be written.
#[derive(Debug)]
pub(crate) struct TableView {
    /// The headings.
    pub(crate) heads: Vec<Head>,
    /// The first rows.
    pub(crate) first: Vec<Vec<Cell>>,
    /// The rows that are folded away.
    pub(crate) rest: Vec<Vec<Cell>>,
    /// How many rows there are in all.
    pub(crate) count: usize,
}

/// A heading.
#[derive(Debug)]
pub(crate) struct Head {
    /// Name for machines, the heading of the CSV file.
    pub(crate) name: String,
    /// Name for people.
    pub(crate) label: String,
    /// Whether the column holds numbers and stands on the right.
    pub(crate) numeric: bool,
    /// Whether it holds sentences, which need some room to be read.
    pub(crate) wordy: bool,
}

/// One value.
#[derive(Debug)]
pub(crate) struct Cell {
    /// As people read it.
    pub(crate) text: String,
    /// As a machine reads it, where that differs; empty for a missing value.
    pub(crate) raw: Option<String>,
    /// What it sorts by, where that is neither of the two: `2010-12` for `Dec 2010`.
    pub(crate) order: Option<String>,
    /// Whether it stands on the right.
    pub(crate) numeric: bool,
}

impl TableView {
    /// The view of `table`; none without rows.
    pub(crate) fn new(table: &Table, notation: Notation<'_>) -> Option<Self> {
        if table.rows.is_empty() || table.columns.is_empty() {
            return None;
        }
        let column = |index: usize| table.rows.iter().filter_map(move |row| row.get(index));
        let is_number = |value: &Value| !matches!(value, Value::Text(_) | Value::Missing);
        let shapes: Vec<(bool, usize)> =
            (0..table.columns.len()).map(|index| (column(index).any(is_number), decimals(column(index)))).collect();
        let is_long = |value: &Value| matches!(value, Value::Text(text) if text.chars().count() >= SENTENCE);
        let heads = table.columns.iter().zip(&shapes).enumerate().map(|(index, (named, &(numeric, _)))| Head {
            name: clean(&named.name),
            label: clean(&named.label),
            numeric,
            wordy: column(index).any(is_long),
        });
        let rows = table.rows.iter().map(|row| {
            row.iter()
                .zip(&shapes)
                .map(|(value, &(numeric, decimals))| Cell {
                    text: clean(&notation.exact(value, decimals)),
                    raw: raw(value),
                    order: match value {
                        Value::Text(text) => month_key(text),
                        _ => None,
                    },
                    numeric,
                })
                .collect()
        });
        let mut first: Vec<Vec<Cell>> = rows.collect();
        // Hiding a row or two would cost more room than it saves.
        let rest = if first.len() > FIRST + 2 { first.split_off(FIRST) } else { Vec::new() };
        Some(Self { heads: heads.collect(), first, rest, count: table.rows.len() })
    }
}

/// The value as digits without signs, separators and units; none for words, which are their own raw form.
fn raw(value: &Value) -> Option<String> {
    match value {
        Value::Text(_) => None,
        Value::Missing => Some(String::new()),
        Value::Count(count) => Some(count.to_string()),
        Value::Money(money) => Some(money.plain()),
        Value::Share(v) | Value::Number(v) | Value::Days(v) if v.is_finite() => Some(v.to_string()),
        Value::Share(_) | Value::Number(_) | Value::Days(_) => Some(String::new()),
    }
}

#[cfg(test)]
mod tests {
    use mercer_base::Money;
    use mercer_base::card::Column;

    use super::*;

    fn view(rows: usize) -> TableView {
        let row = |index: usize| {
            vec![Value::Text(format!("=row {index}")), Value::Money(Money::from_cents(123_456)), Value::Share(0.25)]
        };
        let columns = ["name", "net_sales", "share"].map(|name| Column::new(name, name)).to_vec();
        TableView::new(&Table { columns, rows: (0..rows).map(row).collect() }, Notation::new("£")).unwrap()
    }

    #[test]
    fn long_tables_are_folded() {
        assert_eq!((view(14).first.len(), view(14).rest.len()), (14, 0));
        assert_eq!((view(15).first.len(), view(15).rest.len(), view(15).count), (12, 3, 15));
    }

    #[test]
    fn numbers_carry_their_raw_form() {
        let view = view(1);
        let raws: Vec<_> = view.first[0].iter().map(|cell| cell.raw.as_deref()).collect();
        assert_eq!(raws, [None, Some("1234.56"), Some("0.25")]);
        assert_eq!(view.first[0][1].text, "£1,234.56");
        assert_eq!(view.heads.iter().map(|head| head.numeric).collect::<Vec<_>>(), [false, true, true]);
    }

    #[test]
    fn a_column_of_sentences_is_told_from_one_of_names() {
        let rows = vec![["C1", "no order for 94 days, usually every 31"].map(|text| Value::Text(text.into())).to_vec()];
        let columns = ["customer", "why"].map(|name| Column::new(name, name)).to_vec();
        let view = TableView::new(&Table { columns, rows }, Notation::new("£")).unwrap();
        assert_eq!(view.heads.iter().map(|head| head.wordy).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn months_sort_by_time() {
        let rows = ["Dec 2010", "Decade 2010", "Dec"].map(|month| vec![Value::Text(month.into())]).to_vec();
        let view = TableView::new(&Table { columns: vec![Column::new("month", "Month")], rows }, Notation::new("£"));
        let keys: Vec<_> = view.unwrap().first.iter().map(|row| row[0].order.clone()).collect();
        assert_eq!(keys, [Some("2010-12".to_owned()), None, None]);
    }

    #[test]
    fn no_rows_no_table() {
        assert!(TableView::new(&Table::default(), Notation::new("£")).is_none());
    }
}
