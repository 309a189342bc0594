//! A whole file as a plain table in memory: the columns that are wanted, typed, with the rows that cannot be used apart.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, TimeUnit, TimestampMicrosecondType};
use mercer_base::frame::{Column, Frame, Kind as ValueKind, NO_MOMENT, NO_WORD, Refused, Wanted, WordsBuilder};
use mercer_base::{Error, Result};
use rayon::prelude::*;

use crate::batch::as_text;
use crate::cell::{CellFormat, CellType, FormatTally, convert, explain};
use crate::options::ReadOptions;

/// A file read whole. Rows read = rows of the frame + refused ones.
#[derive(Debug, Clone)]
pub struct FrameRead {
    /// The usable rows.
    pub frame: Frame,
    /// The rows that cannot be used, in the order of the file.
    pub refused: Vec<Refused>,
    /// What was assumed in reading, such as which of day and month comes first, and values that were left out.
    pub notes: Vec<String>,
}

/// Reads the columns of a file that `choose` wants, given the names of all of them.
///
/// A row that cannot be split, or holds nothing readable in a required column, is refused; an unreadable value elsewhere is
/// taken as missing, and noted.
///
/// # Errors
/// As [`crate::open`], those of `choose`, and where a wanted column is not in the file.
pub fn read_frame(
    path: &Path,
    options: &ReadOptions,
    choose: impl FnOnce(&[String]) -> Result<Vec<Wanted>>,
) -> Result<FrameRead> {
    let mut reader = crate::open(path, options)?;
    let names = reader.columns().to_vec();
    let wanted = choose(&names).map_err(|error| error.with_context(path.display().to_string()))?;
    let position = |want: &Wanted| {
        names.iter().position(|name| *name == want.column).ok_or_else(|| {
            Error::data(format!("{}: there is no column {}", path.display(), want.column))
                .with_hint(format!("the file has {}", names.join(", ")))
        })
    };
    let positions = wanted.iter().map(position).collect::<Result<Vec<_>>>()?;
    let mut parts: Vec<Vec<ArrayRef>> = vec![Vec::new(); wanted.len()];
    let mut lines = Vec::new();
    let mut refused: BTreeMap<u64, String> = BTreeMap::new();
    while let Some(batch) = reader.next_batch()? {
        lines.extend(batch.lines);
        for (part, position) in parts.iter_mut().zip(&positions) {
            part.extend(batch.columns.get(*position).cloned());
        }
        refused.extend(batch.rejected.into_iter().map(|row| (row.line, row.reason)));
    }
    let read: Vec<ReadColumn> =
        wanted.par_iter().zip(parts.par_iter()).map(|(want, parts)| read_column(want, parts)).collect();
    drop(parts);
    let origin = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut notes = Vec::new();
    for (want, column) in wanted.iter().zip(&read) {
        notes.extend(column.note.iter().map(|note| format!("{}: {note}", want.column)));
        if want.required {
            for (row, reason) in &column.bad {
                let line = lines.get(*row).copied().unwrap_or_default();
                refused.entry(line).or_insert_with(|| format!("{}: {reason}", want.column));
            }
            for row in column.missing() {
                let line = lines.get(row).copied().unwrap_or_default();
                refused.entry(line).or_insert_with(|| format!("{}: it is empty", want.column));
            }
        } else if let Some((row, reason)) = column.bad.first() {
            let line = lines.get(*row).copied().unwrap_or_default();
            let count = column.bad.len();
            let values = if count == 1 { "value is" } else { "values are" };
            let note =
                format!("{}: {count} unreadable {values} taken as missing, such as line {line}: {reason}", want.column);
            notes.push(note);
        }
    }
    let kept: Option<Vec<usize>> =
        (!refused.is_empty()).then(|| (0..lines.len()).filter(|row| !refused.contains_key(&lines[*row])).collect());
    let mut frame = Frame::new(origin.clone());
    for (want, column) in wanted.iter().zip(read) {
        let values = match &kept {
            Some(kept) => column.values.take(kept),
            None => column.values,
        };
        frame = frame.with(want.name.clone(), values)?;
    }
    let lines = match &kept {
        Some(kept) => kept.iter().map(|row| lines[*row]).collect(),
        None => lines,
    };
    let refused = refused.into_iter().map(|(line, reason)| Refused { place: format!("{origin}, line {line}"), reason });
    Ok(FrameRead { frame: frame.with_lines(lines), refused: refused.collect(), notes })
}

/// A column's values, and its rows (from 0) that hold none.
struct ReadColumn {
    values: Column,
    bad: Vec<(usize, String)>,
    note: Option<String>,
}

impl ReadColumn {
    /// Rows without a value, unreadable ones among them.
    fn missing(&self) -> impl Iterator<Item = usize> {
        let is_missing = |row: &usize| match &self.values {
            Column::Numbers(numbers) => numbers[*row].is_nan(),
            Column::Moments(moments) => moments[*row] == NO_MOMENT,
            Column::Words(words) => words.codes[*row] == NO_WORD,
        };
        (0..self.values.len()).filter(is_missing)
    }
}

fn read_column(want: &Wanted, parts: &[ArrayRef]) -> ReadColumn {
    match want.kind {
        Some(kind) => typed(kind, parts),
        None => guessed(parts),
    }
}

/// Numbers where every value is one, else dates, else words.
fn guessed(parts: &[ArrayRef]) -> ReadColumn {
    [ValueKind::Number, ValueKind::Moment]
        .into_iter()
        .map(|kind| typed(kind, parts))
        .find(|column| column.bad.is_empty() && column.missing().count() < column.values.len())
        .unwrap_or_else(|| typed(ValueKind::Category, parts))
}

fn typed(kind: ValueKind, parts: &[ArrayRef]) -> ReadColumn {
    let to = match kind {
        ValueKind::Id => CellType::Id,
        ValueKind::Category => CellType::Text,
        ValueKind::Number => CellType::Float,
        ValueKind::Moment => CellType::Timestamp,
    };
    if let Some(values) = plain(kind, parts) {
        return ReadColumn { values, bad: Vec::new(), note: None };
    }
    let (format, note) = format_of(to, parts);
    let rows = parts.iter().map(|part| part.len()).sum();
    let mut values = Values::new(kind, rows);
    let (mut bad, mut start) = (Vec::new(), 0);
    for part in parts {
        let direct = if to == CellType::Text { None } else { as_is(part, to) };
        let array = direct.unwrap_or_else(|| {
            let converted = convert(part, to, &format);
            if !converted.bad.is_empty() {
                let text = as_text(part);
                bad.extend(converted.bad.iter().map(|row| (start + row, explain(text.value(*row), to, &format))));
            }
            converted.array
        });
        values.extend(&array);
        start += part.len();
    }
    ReadColumn { values: values.finish(), bad, note }
}

/// A column whose every value is written in the plainest way: `-12.5`, or an id that needs no mending. Most are, and reading
/// them takes a fraction of the time. `None` where one is not, or where points could part thousands.
fn plain(kind: ValueKind, parts: &[ArrayRef]) -> Option<Column> {
    let texts: Vec<&StringArray> = parts.iter().map(|part| part.as_string_opt::<i32>()).collect::<Option<_>>()?;
    match kind {
        ValueKind::Number => {
            let read = texts.par_iter().map(|text| plain_numbers(text)).collect::<Option<Vec<_>>>()?;
            // Some decimals that are not three at least, or none at all: `1.234` alone could be a thousand and more.
            let (decided, undecided) = read.iter().fold((false, false), |(a, b), part| (a | part.1, b | part.2));
            if undecided && !decided {
                return None;
            }
            let parts: Vec<&[f64]> = read.iter().map(|(values, ..)| values.as_slice()).collect();
            Some(Column::Numbers(parts.concat()))
        }
        ValueKind::Id => {
            let mut words = WordsBuilder::default();
            for text in texts {
                for id in text {
                    if id.is_some_and(|id| !is_plain_id(id)) {
                        return None;
                    }
                    words.push(id);
                }
            }
            Some(Column::Words(words.finish()))
        }
        ValueKind::Category | ValueKind::Moment => None,
    }
}

/// The numbers of a part; whether a point surely marks decimals somewhere, and whether one may part thousands.
fn plain_numbers(text: &StringArray) -> Option<(Vec<f64>, bool, bool)> {
    let (mut decided, mut undecided) = (false, false);
    let mut read = |value: &str| {
        let number = plain_number(value)?;
        undecided |= number.thousands;
        decided |= number.decimals > 0 && !number.thousands;
        Some(number.value)
    };
    let values: Option<Vec<f64>> = text.iter().map(|value| value.map_or(Some(f64::NAN), &mut read)).collect();
    Some((values?, decided, undecided))
}

/// A number in the plainest writing.
struct PlainNumber {
    value: f64,
    decimals: usize,
    /// Whether its point may part thousands, as in `1.234`.
    thousands: bool,
}

fn plain_number(text: &str) -> Option<PlainNumber> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (mut whole, mut read) = (None, 0_u64);
    for (at, byte) in digits.bytes().enumerate() {
        match byte {
            b'0'..=b'9' => read = read.wrapping_mul(10).wrapping_add(u64::from(byte - b'0')),
            b'.' if whole.is_none() => whole = Some(at),
            _ => return None,
        }
    }
    let decimals = whole.map_or(0, |whole| digits.len() - whole - 1);
    let whole = whole.unwrap_or(digits.len());
    if whole == 0 || text.ends_with('.') {
        return None;
    }
    let value = match POWERS_OF_TEN.get(decimals) {
        // Both are whole numbers that a float holds exactly, so that one division rounds as reading digit by digit would.
        #[allow(clippy::cast_precision_loss, reason = "at most 15 digits")]
        Some(power) if whole + decimals <= 15 => {
            let size = read as f64 / power;
            if digits.len() < text.len() { -size } else { size }
        }
        _ => text.parse().ok().filter(|value: &f64| value.is_finite())?,
    };
    Some(PlainNumber { value, decimals, thousands: decimals == 3 && whole <= 3 && !digits.starts_with('0') })
}

/// The powers of ten that 15 digits can stand before.
const POWERS_OF_TEN: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// An id without blanks around it, without the `.0` of numbers that passed through a float, and no word for a missing one.
fn is_plain_id(id: &str) -> bool {
    let bytes = id.as_bytes();
    let starts_plainly =
        bytes.first().is_some_and(u8::is_ascii_digit) || (id.len() > 6 && bytes[0].is_ascii_alphabetic());
    starts_plainly && bytes.last().is_some_and(u8::is_ascii_alphanumeric) && !id.ends_with(".0")
}

/// How the text of a column is written.
fn format_of(to: CellType, parts: &[ArrayRef]) -> (CellFormat, Option<String>) {
    if to == CellType::Text {
        return (CellFormat::default(), None);
    }
    let mut tally = FormatTally::default();
    for part in parts {
        if let Some(text) = part.as_string_opt::<i32>() {
            text.iter().flatten().for_each(|value| tally.add(value));
        }
    }
    (tally.format(), tally.note(to))
}

/// A column whose own type says what its values are, without the detour over text.
fn as_is(part: &ArrayRef, to: CellType) -> Option<ArrayRef> {
    let of_numbers = part.data_type().is_numeric() || part.data_type() == &DataType::Boolean;
    let of_times = matches!(part.data_type(), DataType::Timestamp(_, None) | DataType::Date32 | DataType::Date64);
    match to {
        CellType::Float if of_numbers => cast(part, &DataType::Float64).ok(),
        CellType::Timestamp if of_times => cast(part, &DataType::Timestamp(TimeUnit::Microsecond, None)).ok(),
        _ => None,
    }
}

/// Collects arrays into a column.
enum Values {
    Numbers(Vec<f64>),
    Moments(Vec<i64>),
    Words(WordsBuilder),
}

impl Values {
    fn new(kind: ValueKind, rows: usize) -> Self {
        match kind {
            ValueKind::Number => Self::Numbers(Vec::with_capacity(rows)),
            ValueKind::Moment => Self::Moments(Vec::with_capacity(rows)),
            ValueKind::Id | ValueKind::Category => Self::Words(WordsBuilder::default()),
        }
    }

    fn extend(&mut self, array: &ArrayRef) {
        match self {
            Self::Numbers(values) => {
                let array = array.as_primitive::<Float64Type>();
                values.extend(array.iter().map(|value| value.filter(|value| value.is_finite()).unwrap_or(f64::NAN)));
            }
            Self::Moments(values) => {
                let array = array.as_primitive::<TimestampMicrosecondType>();
                values.extend(array.iter().map(|value| value.unwrap_or(NO_MOMENT)));
            }
            Self::Words(builder) => array.as_string::<i32>().iter().for_each(|word| builder.push(word)),
        }
    }

    fn finish(self) -> Column {
        match self {
            Self::Numbers(values) => Column::Numbers(values),
            Self::Moments(values) => Column::Moments(values),
            Self::Words(builder) => Column::Words(builder.finish()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn want(name: &str, kind: Option<ValueKind>, required: bool) -> Wanted {
        Wanted { column: name.into(), name: name.to_lowercase(), kind, required }
    }

    fn read(text: &str, wanted: Vec<Wanted>) -> Result<FrameRead> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("orders.csv");
        fs::write(&path, text).unwrap();
        read_frame(&path, &ReadOptions::default(), |_| Ok(wanted))
    }

    #[test]
    fn rows_read_are_rows_kept_and_refused() {
        let text = "Id,At,Amount,Note\n1,2024-01-05,12.50,a\n2,soon,3,b\n,2024-01-07,4,c\n4,2024-01-08,dear,d\n";
        let wanted = vec![
            want("Id", Some(ValueKind::Id), true),
            want("At", Some(ValueKind::Moment), true),
            want("Amount", Some(ValueKind::Number), false),
        ];
        let read = read(text, wanted).unwrap();
        assert_eq!(read.frame.rows(), 2);
        assert_eq!(read.frame.numbers("amount").unwrap()[0], 12.5);
        assert!(read.frame.numbers("amount").unwrap()[1].is_nan());
        assert_eq!(read.frame.place(1), "orders.csv, line 5");
        let reasons: Vec<_> = read.refused.iter().map(|row| format!("{}: {}", row.place, row.reason)).collect();
        assert_eq!(reasons, ["orders.csv, line 3: At: `soon` is not a time", "orders.csv, line 4: Id: it is empty"]);
        assert_eq!(
            read.notes,
            ["Amount: 1 unreadable value is taken as missing, such as line 5: `dear` is not a number"]
        );
    }

    #[test]
    fn kinds_are_found_from_the_values() {
        let text = "n,d,w,e\n\"1.234,5\",2024-01-05,7 blue,\n\"2,5\",2024-02-05,,\n";
        let wanted = ["n", "d", "w", "e"].map(|name| want(name, None, false)).to_vec();
        let frame = read(text, wanted).unwrap().frame;
        assert_eq!(frame.numbers("n").unwrap(), [1234.5, 2.5]);
        assert_eq!(frame.moments("d").unwrap().len(), 2);
        assert_eq!(frame.words("w").unwrap().get(0), Some("7 blue"));
        assert_eq!(frame.words("e").unwrap().get(0), None);
    }

    #[test]
    fn plain_values_read_as_others_do() {
        let read = |text: &str, kind| {
            let frame = read(text, vec![want("v", Some(kind), false)]).unwrap();
            (frame.frame.column("v").unwrap().clone(), frame.notes.len())
        };
        let numbers = |text: &str| read(text, ValueKind::Number);
        assert_eq!(numbers("v,w\n-12.5,a\n7,a\n1.234,a\n"), (Column::Numbers(vec![-12.5, 7.0, 1.234]), 0));
        // Only three decimals: read as decimals, as elsewhere, with a note.
        assert_eq!(numbers("v,w\n1.234,a\n7.500,a\n"), (Column::Numbers(vec![1.234, 7.5]), 1));
        assert_eq!(numbers("v,w\n1e3,a\n+5,a\n"), (Column::Numbers(vec![1000.0, 5.0]), 0));
        for text in
            ["0.1", "-0.30000", "123456.789012345", "123456789.0123456789", "9007199254740993", "0.000000000000001"]
        {
            let value: f64 = text.parse().unwrap();
            assert_eq!(plain_number(text).map(|number| number.value.to_bits()), Some(value.to_bits()), "{text}");
        }
        for text in ["", "-", ".5", "5.", "1.2.3", "--1", "1e3", "1,5", " 1"] {
            assert!(plain_number(text).is_none(), "{text:?}");
        }
        let ids = |text: &str| read(text, ValueKind::Id).0;
        let words = |ids: &[&str]| Column::Words(ids.iter().map(|id| Some(*id)).collect());
        assert_eq!(ids("v,w\n0017,a\nabcdefg,a\n"), words(&["0017", "abcdefg"]));
        assert_eq!(ids("v,w\n17.0,a\n18.0,a\n"), words(&["17", "18"]));
    }

    #[test]
    fn a_column_that_is_not_there_is_named() {
        let error = read("a,b\n1,2\n", vec![want("price", None, false)]).unwrap_err();
        assert!(error.to_string().contains("no column price"), "{error}");
        assert!(error.hint().unwrap().contains("a, b"));
    }
}
