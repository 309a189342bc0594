//! A plain table in memory: what methods read and write. Columns of numbers, moments or words, each with missing values.

use crate::{Error, Result};

pub use crate::dictionary::{NO_WORD, WordList, Words, WordsBuilder};

/// Stands for a missing moment.
pub const NO_MOMENT: i64 = i64::MIN;

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A key, kept as text: customer, product, campaign.
    Id,
    /// One of some words: country, channel, plan.
    Category,
    /// A number.
    Number,
    /// A point in time.
    Moment,
}

impl Kind {
    /// What a value is called in a sentence.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Category => "text",
            Self::Number => "number",
            Self::Moment => "date",
        }
    }
}

/// The values of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Numbers; `NaN` is missing.
    Numbers(Vec<f64>),
    /// Moments in microseconds since 1970 without a zone; [`NO_MOMENT`] is missing.
    Moments(Vec<i64>),
    /// Words and ids.
    Words(Words),
}

impl Column {
    /// How many rows it has.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(values) => values.len(),
            Self::Moments(values) => values.len(),
            Self::Words(words) => words.codes.len(),
        }
    }

    /// Whether it has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows at `rows`, in that order; rows that are not there are missing.
    #[must_use]
    pub fn take(&self, rows: &[usize]) -> Self {
        match self {
            Self::Numbers(values) => {
                Self::Numbers(rows.iter().map(|row| values.get(*row).copied().unwrap_or(f64::NAN)).collect())
            }
            Self::Moments(values) => {
                Self::Moments(rows.iter().map(|row| values.get(*row).copied().unwrap_or(NO_MOMENT)).collect())
            }
            Self::Words(words) => {
                let codes = rows.iter().map(|row| words.codes.get(*row).copied().unwrap_or(NO_WORD));
                Self::Words(Words { codes: codes.collect(), words: words.words.clone() })
            }
        }
    }
}

/// Columns of equal length under names, with the places their rows come from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Frame {
    rows: usize,
    columns: Vec<(String, Column)>,
    origin: String,
    lines: Vec<u64>,
}

impl Frame {
    /// A frame without columns, whose first column decides how many rows it has. `origin` names the file or query in messages.
    #[must_use]
    pub fn new(origin: impl Into<String>) -> Self {
        Self { origin: origin.into(), ..Self::default() }
    }

    /// Adds a column.
    ///
    /// # Errors
    /// When it is not as long as the others, or its name is taken.
    pub fn with(mut self, name: impl Into<String>, column: Column) -> Result<Self> {
        let name = name.into();
        if self.columns.is_empty() {
            self.rows = column.len();
        }
        if column.len() != self.rows {
            let message = format!("column {name} has {} rows where the table has {}", column.len(), self.rows);
            return Err(Error::internal(message));
        }
        if self.column(&name).is_some() {
            return Err(Error::data(format!("{}: two columns are called {name}", self.origin))
                .with_hint("rename one of them, or map another column to it"));
        }
        self.columns.push((name, column));
        Ok(self)
    }

    /// Says which line of its file each row stands on.
    #[must_use]
    pub fn with_lines(mut self, lines: Vec<u64>) -> Self {
        self.lines = lines;
        self
    }

    /// The line of its file that each row stands on; empty where the rows are of no file.
    #[must_use]
    pub fn lines(&self) -> &[u64] {
        &self.lines
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The file or query it comes from, for messages.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Where a row comes from: `orders.csv, line 7`, or `orders, row 7`.
    #[must_use]
    pub fn place(&self, row: usize) -> String {
        match self.lines.get(row) {
            Some(line) => format!("{}, line {line}", self.origin),
            None => format!("{}, row {}", self.origin, row + 1),
        }
    }

    /// The columns with their names, in their order.
    pub fn columns(&self) -> impl Iterator<Item = (&str, &Column)> {
        self.columns.iter().map(|(name, column)| (name.as_str(), column))
    }

    /// A column by its name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|(known, _)| known == name).map(|(_, column)| column)
    }

    /// The numbers of a column.
    ///
    /// # Errors
    /// When there is no such column, or it holds something else.
    pub fn numbers(&self, name: &str) -> Result<&[f64]> {
        match self.column(name) {
            Some(Column::Numbers(values)) => Ok(values),
            other => Err(self.unfit(name, Kind::Number, other)),
        }
    }

    /// The moments of a column.
    ///
    /// # Errors
    /// When there is no such column, or it holds something else.
    pub fn moments(&self, name: &str) -> Result<&[i64]> {
        match self.column(name) {
            Some(Column::Moments(values)) => Ok(values),
            other => Err(self.unfit(name, Kind::Moment, other)),
        }
    }

    /// The words or ids of a column.
    ///
    /// # Errors
    /// When there is no such column, or it holds something else.
    pub fn words(&self, name: &str) -> Result<&Words> {
        match self.column(name) {
            Some(Column::Words(words)) => Ok(words),
            other => Err(self.unfit(name, Kind::Category, other)),
        }
    }

    fn unfit(&self, name: &str, wanted: Kind, found: Option<&Column>) -> Error {
        let found = match found {
            None => return Error::data(format!("{} has no column {name}", self.origin)),
            Some(Column::Numbers(_)) => "numbers",
            Some(Column::Moments(_)) => "dates",
            Some(Column::Words(_)) => "words",
        };
        Error::data(format!("{}: column {name} should hold a {} a row but holds {found}", self.origin, wanted.noun()))
    }

    /// The rows at `rows`, in that order.
    #[must_use]
    pub fn take(&self, rows: &[usize]) -> Self {
        Self {
            rows: rows.len(),
            columns: self.columns.iter().map(|(name, column)| (name.clone(), column.take(rows))).collect(),
            origin: self.origin.clone(),
            lines: rows.iter().filter_map(|row| self.lines.get(*row).copied()).collect(),
        }
    }
}

/// A column of a file that is wanted in a [`Frame`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its name in the file.
    pub column: String,
    /// Its name in the frame.
    pub name: String,
    /// What its values are; found out from all of them where `None`.
    pub kind: Option<Kind>,
    /// Whether a row without a value in it cannot be used.
    pub required: bool,
}

/// A row that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Refused {
    /// The file and line, or the table and row.
    pub place: String,
    /// What is wrong with it.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Frame {
        Frame::new("orders.csv")
            .with("customer", Column::Words([Some("b"), None, Some("b"), Some("a")].into_iter().collect()))
            .and_then(|frame| frame.with("amount", Column::Numbers(vec![1.0, f64::NAN, 3.0, 4.0])))
            .and_then(|frame| frame.with("at", Column::Moments(vec![1, 2, NO_MOMENT, 4])))
            .unwrap()
            .with_lines(vec![2, 3, 5, 6])
    }

    #[test]
    fn words_are_kept_once() {
        let frame = frame();
        let words = frame.words("customer").unwrap();
        assert_eq!(words.codes, [0, NO_WORD, 0, 1]);
        assert_eq!((words.get(2), words.get(1), words.get(9)), (Some("b"), None, None));
        assert_eq!(words.ranks(), [1, 0]);
    }

    #[test]
    fn rows_are_taken_with_their_places() {
        let some = frame().take(&[3, 0]);
        assert_eq!(some.numbers("amount").unwrap(), [4.0, 1.0]);
        assert_eq!(some.words("customer").unwrap().get(0), Some("a"));
        assert_eq!(some.place(0), "orders.csv, line 6");
        assert_eq!(Frame::new("orders").place(0), "orders, row 1");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let frame = frame();
        assert!(frame.numbers("price").unwrap_err().to_string().contains("orders.csv has no column price"));
        assert!(frame.numbers("at").unwrap_err().to_string().contains("should hold a number"));
        assert!(frame.clone().with("at", Column::Moments(vec![0; 4])).is_err(), "a name twice");
        assert!(frame.with("tax", Column::Numbers(vec![])).is_err(), "another length");
    }
}
