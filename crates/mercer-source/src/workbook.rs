//! Reading one sheet of a workbook.

use std::io::Cursor;
use std::path::Path;

use calamine::{Data, DataType, Range, Reader as _, Sheets, open_workbook_auto_from_rs};
use mercer_base::{Error, Result};

use crate::batch::{MAX_BATCH_ROWS, RawBatch, TextColumns};
use crate::container::Container;
use crate::header::{HeaderGuess, guess_header};
use crate::nothing::no_rows;
use crate::options::{Dialect, Format, ReadOptions, chosen_names, unique_names};

/// Rows that the header is found from.
const HEAD_ROWS: usize = 200;

/// A reader of one sheet, which is in memory as a whole: workbooks hold at most about a million rows.
pub(crate) struct WorkbookReader {
    sheet: Range<Data>,
    /// The row of `sheet` to read next.
    next: usize,
    width: usize,
}

impl WorkbookReader {
    /// Opens the sheet that is named, or the first with a table.
    pub(crate) fn open(container: &Container, options: &ReadOptions) -> Result<(Dialect, Self)> {
        let path = &container.path;
        let shown = path.display();
        let bytes = std::fs::read(path).map_err(|cause| Error::io(path, cause))?;
        let mut book = open_workbook_auto_from_rs(Cursor::new(bytes)).map_err(|cause| unreadable(path, &cause))?;
        let names = book.sheet_names();
        let (name, sheet) = choose_sheet(path, &mut book, &names, options.sheet.as_deref())?;
        let head: Vec<Vec<String>> = sheet.rows().take(HEAD_ROWS).map(|row| row.iter().map(text).collect()).collect();
        let offset = sheet.start().map_or(0, |(row, _)| u64::from(row));
        let start = match options.skip_lines {
            Some(skip) => usize::try_from(skip.saturating_sub(offset)).unwrap_or(usize::MAX),
            None => table_start(&head),
        };
        let below = head.get(start + 1..).unwrap_or_default();
        let first = head.get(start).map(Vec::as_slice).unwrap_or_default();
        let filled: Vec<Vec<String>> = below.iter().filter(|row| !is_blank(row)).cloned().collect();
        let guessed = guess_header(first, &filled);
        let header = options.header.unwrap_or(guessed != HeaderGuess::Not);
        let width = sheet.width();
        let columns = match (&options.columns, header) {
            (Some(given), _) => chosen_names(given, width, &shown.to_string())?,
            (None, true) => unique_names(first.iter().map(String::as_str)),
            (None, false) => unique_names(std::iter::repeat_n("", width)),
        };
        if header && sheet.height() <= start + 1 {
            return Err(no_rows(
                format!("{shown}, sheet `{name}`, has a header but no rows"),
                "name another `sheet`, or leave the file out",
            ));
        }
        let skip_lines = offset + u64::try_from(start).unwrap_or(0);
        let mut notes = Vec::new();
        if names.len() > 1 {
            notes.push(format!("sheet `{name}` of {}", names.len()));
        }
        match header {
            true if skip_lines > 0 => notes.push(format!("header in row {}", skip_lines + 1)),
            true => {}
            false => notes.push("no header".into()),
        }
        notes.extend(guessed.note().filter(|_| options.header.is_none()));
        let dialect =
            Dialect { header, sheet: Some(name), skip_lines, notes, ..Dialect::plain(Format::Excel, columns) };
        Ok((dialect, Self { sheet, next: start + usize::from(header), width }))
    }

    /// The next batch, or `None` at the end.
    pub(crate) fn next_batch(&mut self) -> Option<RawBatch> {
        let end = self.sheet.height().min(self.next + MAX_BATCH_ROWS);
        let mut columns = TextColumns::new(self.width, end.saturating_sub(self.next), 0);
        let (mut repaired, mut any) = (0, false);
        let offset = self.sheet.start().map_or(0, |(row, _)| u64::from(row));
        for (index, row) in self.sheet.rows().enumerate().take(end).skip(self.next) {
            let cells: Vec<String> = row.iter().map(text).collect();
            let errors = row.iter().any(DataType::is_error);
            if is_blank(&cells) && !errors {
                continue;
            }
            any = true;
            repaired += u64::from(errors);
            let line = offset + u64::try_from(index).unwrap_or(0) + 1;
            columns.push(line, cells.iter().map(String::as_str));
        }
        let done = self.next >= end;
        self.next = end;
        match (any, done) {
            (true, _) => Some(columns.finish(Vec::new(), repaired)),
            (false, true) => None,
            // Blank rows only; there may be more below.
            (false, false) => self.next_batch(),
        }
    }
}

fn choose_sheet(
    path: &Path,
    book: &mut Sheets<Cursor<Vec<u8>>>,
    names: &[String],
    wanted: Option<&str>,
) -> Result<(String, Range<Data>)> {
    let shown = path.display();
    if let Some(wanted) = wanted {
        let Some(name) = names.iter().find(|name| name.eq_ignore_ascii_case(wanted)) else {
            return Err(Error::config(format!("{shown} has no sheet `{wanted}`"))
                .with_hint(format!("its sheets are {}", names.join(", "))));
        };
        let sheet = book.worksheet_range(name).map_err(|cause| unreadable(path, &cause))?;
        if sheet.is_empty() {
            return Err(no_rows(
                format!("{shown}, sheet `{name}`, is empty"),
                format!("its sheets are {}", names.join(", ")),
            ));
        }
        return Ok((name.clone(), sheet));
    }
    for name in names {
        // A chart sheet is no table; others may hold one.
        if let Ok(sheet) = book.worksheet_range(name)
            && sheet.height() > 1
        {
            return Ok((name.clone(), sheet));
        }
    }
    Err(Error::data(format!("no sheet of {shown} holds a table"))
        .with_hint("export the data again, or leave the file out"))
}

fn unreadable(path: &Path, cause: &calamine::Error) -> Error {
    let named = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    let shown = path.display();
    if ["xlsx", "xls", "xlsb", "xlsm", "ods"].contains(&named.as_str()) {
        Error::data(format!("{shown}: the workbook cannot be read ({cause})")).with_hint(
            "open it in a spreadsheet program and save it as .xlsx or CSV; a password must be taken off first",
        )
    } else {
        Error::data(format!("{shown} is a ZIP archive or Office document, not a table"))
            .with_hint("unpack it first and name the file inside; gzip is read as it is")
    }
}

/// The first row of the table: title lines above it fill fewer cells than the rows below do.
fn table_start(rows: &[Vec<String>]) -> usize {
    let filled = |row: &Vec<String>| row.iter().filter(|cell| !cell.trim().is_empty()).count();
    let mut counts: Vec<usize> = rows.iter().map(filled).filter(|count| *count > 0).collect();
    counts.sort_unstable();
    let usual = counts.get(counts.len() / 2).copied().unwrap_or(0);
    rows.iter().position(|row| filled(row) > 0 && filled(row) * 4 >= usual * 3).unwrap_or(0)
}

fn is_blank(cells: &[String]) -> bool {
    cells.iter().all(|cell| cell.trim().is_empty())
}

/// A cell as text: dates in ISO 8601, whole numbers without `.0`, errors empty.
fn text(cell: &Data) -> String {
    match cell {
        Data::Empty | Data::Error(_) => String::new(),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Int(number) => number.to_string(),
        // Prints the shortest digits that mean this number, and none after the point of a whole one.
        Data::Float(number) => number.to_string(),
        Data::Bool(yes) => yes.to_string(),
        Data::DateTime(time) if time.is_duration() => time.as_duration().map(clock).unwrap_or_default(),
        Data::DateTime(time) => match time.as_datetime() {
            Some(moment) if moment.time() == chrono::NaiveTime::MIN => moment.format("%Y-%m-%d").to_string(),
            // Spreadsheets keep times as binary fractions of a day, so that seconds are off by a hair.
            Some(moment) => rounded(moment).format("%Y-%m-%d %H:%M:%S").to_string(),
            None => time.as_f64().to_string(),
        },
    }
}

fn rounded(moment: chrono::NaiveDateTime) -> chrono::NaiveDateTime {
    moment.checked_add_signed(chrono::TimeDelta::milliseconds(500)).unwrap_or(moment)
}

/// A length of time as `36:05:00`.
fn clock(time: chrono::TimeDelta) -> String {
    let seconds = time.num_seconds().abs();
    let sign = if time.num_seconds() < 0 { "-" } else { "" };
    format!("{sign}{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use calamine::{ExcelDateTime, ExcelDateTimeType};

    #[test]
    fn cells_read_as_people_see_them() {
        let date = |value, kind| Data::DateTime(ExcelDateTime::new(value, kind, false));
        let cases = [
            (Data::Float(17_850.0), "17850"),
            (Data::Float(0.1), "0.1"),
            (Data::Int(-3), "-3"),
            (Data::Bool(true), "true"),
            (Data::Error(calamine::CellErrorType::NA), ""),
            (date(45_296.0, ExcelDateTimeType::DateTime), "2024-01-05"),
            (date(45_296.430_555_555_6, ExcelDateTimeType::DateTime), "2024-01-05 10:20:00"),
            (date(1.5, ExcelDateTimeType::TimeDelta), "36:00:00"),
        ];
        for (cell, expected) in cases {
            assert_eq!(text(&cell), expected);
        }
    }

    #[test]
    fn titles_above_a_table_are_no_header() {
        let rows: Vec<Vec<String>> =
            [["Report", "", ""], ["", "", ""], ["id", "date", "sum"], ["1", "2024-01-05", "3"]]
                .iter()
                .map(|row| row.iter().map(|cell| (*cell).to_owned()).collect())
                .collect();
        assert_eq!(table_start(&rows), 2);
    }
}
