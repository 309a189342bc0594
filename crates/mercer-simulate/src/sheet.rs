//! A table being written as text, cell by cell, in the dialect of the system that would export it.

use std::fmt::{Display, Write as _};

use csv::Terminator;
use mercer_base::{Error, Money, Result};

use crate::calendar::{Calendar, Moment};

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Commas, line feeds, decimal points.
    Plain,
    /// Semicolons, carriage returns, decimal commas, a byte order mark: a European spreadsheet.
    European,
    /// Tabs.
    Tabs,
}

impl Dialect {
    /// What stands before the header.
    pub(crate) fn mark(self) -> &'static [u8] {
        if self == Self::European { "\u{feff}".as_bytes() } else { b"" }
    }
}

/// Rows of one table as text. Errors are kept until [`Sheet::finish`], so that cells can be chained.
pub(crate) struct Sheet {
    writer: csv::Writer<Vec<u8>>,
    dialect: Dialect,
    cell: String,
    failed: Option<csv::Error>,
    rows: u64,
}

/// Finished rows.
#[derive(Debug, Default, Clone)]
pub(crate) struct Rows {
    pub(crate) text: Vec<u8>,
    pub(crate) count: u64,
}

impl Sheet {
    pub(crate) fn new(dialect: Dialect) -> Self {
        let mut builder = csv::WriterBuilder::new();
        match dialect {
            Dialect::Plain => builder.terminator(Terminator::Any(b'\n')),
            Dialect::European => builder.delimiter(b';').terminator(Terminator::CRLF),
            Dialect::Tabs => builder.delimiter(b'\t').terminator(Terminator::Any(b'\n')),
        };
        let writer = builder.from_writer(Vec::new());
        Self { writer, dialect, cell: String::new(), failed: None, rows: 0 }
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        if let Err(error) = self.writer.write_field(text) {
            self.failed.get_or_insert(error);
        }
        self
    }

    pub(crate) fn maybe(&mut self, text: Option<&str>) -> &mut Self {
        self.text(text.unwrap_or_default())
    }

    pub(crate) fn show(&mut self, value: impl Display) -> &mut Self {
        self.cell(|cell, _| {
            // Writing to a string cannot fail.
            let _ = write!(cell, "{value}");
        })
    }

    /// A pseudonym, as sixteen hexadecimal digits.
    pub(crate) fn hex(&mut self, value: u64) -> &mut Self {
        self.show(format_args!("{value:016x}"))
    }

    pub(crate) fn money(&mut self, amount: Money) -> &mut Self {
        self.show(amount.plain())
    }

    /// A decimal number with one decimal, with the dialect's decimal mark.
    pub(crate) fn decimal(&mut self, value: f64) -> &mut Self {
        self.cell(|cell, dialect| {
            let _ = write!(cell, "{value:.1}");
            if dialect == Dialect::European {
                *cell = cell.replace('.', ",");
            }
        })
    }

    /// A moment as `2024-03-01T17:04:09`, with this separator and ending.
    pub(crate) fn moment(&mut self, calendar: &Calendar, at: Moment, separator: char, ending: &str) -> &mut Self {
        self.cell(|cell, _| {
            calendar.push_iso(at, separator, cell);
            cell.push_str(ending);
        })
    }

    pub(crate) fn maybe_moment(
        &mut self,
        calendar: &Calendar,
        at: Option<Moment>,
        separator: char,
        ending: &str,
    ) -> &mut Self {
        match at {
            Some(at) => self.moment(calendar, at, separator, ending),
            None => self.text(""),
        }
    }

    pub(crate) fn cell(&mut self, fill: impl FnOnce(&mut String, Dialect)) -> &mut Self {
        let mut cell = std::mem::take(&mut self.cell);
        cell.clear();
        fill(&mut cell, self.dialect);
        self.text(&cell);
        self.cell = cell;
        self
    }

    pub(crate) fn end(&mut self) {
        self.rows += 1;
        if let Err(error) = self.writer.write_record(None::<&[u8]>) {
            self.failed.get_or_insert(error);
        }
    }

    pub(crate) fn finish(self) -> Result<Rows> {
        let broken = |error: String| Error::internal(format!("a simulated table could not be written: {error}"));
        if let Some(error) = self.failed {
            return Err(broken(error.to_string()));
        }
        let text = self.writer.into_inner().map_err(|error| broken(error.to_string()))?;
        Ok(Rows { text, count: self.rows })
    }
}
