//! Cutting text into records, and records into fields, in agreement with the `csv` crate on what is quoted.

use std::ops::Range;

use csv_core::ReadFieldResult;
use memchr::{memchr, memchr2};

use crate::options::Delimiter;

/// A quoted record longer than this is taken for one whose quote never closes.
pub(crate) const MAX_QUOTED_BYTES: usize = 1 << 20;
/// A quoted record of more lines than this is taken for one whose quote never closes.
pub(crate) const MAX_QUOTED_LINES: u64 = 1_000;

/// The signs of a text table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Syntax {
    pub(crate) delimiter: Delimiter,
    pub(crate) quote: Option<u8>,
    /// What ends a line: the line feed (with carriage returns before it or not), or the carriage return alone.
    pub(crate) newline: u8,
}

/// What [`Syntax::cut`] found at the start of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// A record up to `end`, without its line end; the next one starts at `next`. It takes `lines` physical lines.
    Record { end: usize, next: usize, lines: u64 },
    /// A first line, up to `end`, in which a quote opens that never closes; the next line starts at `next`.
    Unclosed { end: usize, next: usize },
    /// The bytes end before the record does.
    NeedMore,
}

impl Syntax {
    /// The character that stands between two fields; blanks have none.
    fn delimiter_sign(self) -> Option<u8> {
        match self.delimiter {
            Delimiter::Sign(sign) => Some(sign),
            Delimiter::Blanks => None,
        }
    }

    /// Finds the end of the record that starts `bytes`. `last` says that no bytes follow.
    pub(crate) fn cut(self, bytes: &[u8], last: bool) -> Cut {
        let (line_end, next) = match memchr(self.newline, bytes) {
            Some(at) => (at, at + 1),
            None if last => (bytes.len(), bytes.len()),
            None => return Cut::NeedMore,
        };
        let line = bytes.get(..line_end).unwrap_or_default();
        match (self.quote, self.delimiter_sign()) {
            (Some(quote), Some(delimiter)) if memchr(quote, line).is_some() => {
                match self.quoted_end(bytes, quote, delimiter, last) {
                    QuotedEnd::At { end, lines } => {
                        let next = (end + 1).min(bytes.len());
                        Cut::Record { end: self.without_returns(bytes, end), next, lines }
                    }
                    QuotedEnd::Unclosed => Cut::Unclosed { end: self.without_returns(bytes, line_end), next },
                    QuotedEnd::NeedMore => Cut::NeedMore,
                }
            }
            _ => Cut::Record { end: self.without_returns(bytes, line_end), next, lines: 1 },
        }
    }

    /// `end` moved before the carriage returns of a line that a line feed ends.
    fn without_returns(self, bytes: &[u8], end: usize) -> usize {
        let record = bytes.get(..end).unwrap_or_default();
        if self.newline == b'\n' { record.iter().rposition(|byte| *byte != b'\r').map_or(0, |at| at + 1) } else { end }
    }

    /// Walks over the fields of a record that holds a quote.
    fn quoted_end(self, bytes: &[u8], quote: u8, delimiter: u8, last: bool) -> QuotedEnd {
        let mut lines = 1;
        let mut at = 0;
        loop {
            // At the start of a field, the only place where a quote has a meaning.
            if bytes.get(at) == Some(&quote) {
                at += 1;
                loop {
                    let Some(found) = bytes.get(at..).and_then(|rest| memchr2(quote, self.newline, rest)) else {
                        let hopeless = last || bytes.len() > MAX_QUOTED_BYTES;
                        return if hopeless { QuotedEnd::Unclosed } else { QuotedEnd::NeedMore };
                    };
                    at += found + 1;
                    if bytes.get(at - 1) == Some(&self.newline) {
                        lines += 1;
                        if lines > MAX_QUOTED_LINES || at > MAX_QUOTED_BYTES {
                            return QuotedEnd::Unclosed;
                        }
                        continue;
                    }
                    match bytes.get(at) {
                        Some(next) if *next == quote => at += 1,
                        None if !last => return QuotedEnd::NeedMore,
                        _ => break,
                    }
                }
                // Text right after a quote that closes on a later line: it did not close, another one opened.
                let proper = bytes.get(at).is_none_or(|next| [delimiter, self.newline, b'\r', b' '].contains(next));
                if !proper && lines > 1 {
                    return QuotedEnd::Unclosed;
                }
            }
            let Some(found) = bytes.get(at..).and_then(|rest| memchr2(delimiter, self.newline, rest)) else {
                return if last { QuotedEnd::At { end: bytes.len(), lines } } else { QuotedEnd::NeedMore };
            };
            at += found;
            if bytes.get(at) == Some(&self.newline) {
                return QuotedEnd::At { end: at, lines };
            }
            at += 1;
        }
    }

    /// Whether a record is no row: empty, or nothing but blanks in a table of several columns.
    pub(crate) fn is_blank(self, record: &[u8], width: usize) -> bool {
        let blanks = match self.delimiter {
            // Tabs may be empty fields.
            Delimiter::Sign(b'\t') => b" ".as_slice(),
            _ => b" \t",
        };
        let matters = width == 1 && self.delimiter != Delimiter::Blanks;
        record.is_empty() || (!matters && record.iter().all(|byte| blanks.contains(byte)))
    }
}

enum QuotedEnd {
    At { end: usize, lines: u64 },
    Unclosed,
    NeedMore,
}

/// Splits records into fields; keeps its memory between records.
pub(crate) struct Splitter {
    syntax: Syntax,
    csv: csv_core::Reader,
    unquoted: Vec<u8>,
    text: String,
    ranges: Vec<Range<usize>>,
}

impl Splitter {
    /// A splitter for one syntax.
    pub(crate) fn new(syntax: Syntax) -> Self {
        let mut builder = csv_core::ReaderBuilder::new();
        builder.delimiter(syntax.delimiter_sign().unwrap_or(b' '));
        builder.terminator(csv_core::Terminator::Any(syntax.newline));
        match syntax.quote {
            Some(quote) => builder.quote(quote),
            None => builder.quoting(false),
        };
        Self { syntax, csv: builder.build(), unquoted: Vec::new(), text: String::new(), ranges: Vec::new() }
    }

    /// The fields of one record, which ends without its line end.
    pub(crate) fn split<'a>(&'a mut self, record: &'a str) -> Fields<'a> {
        self.ranges.clear();
        match (self.syntax.delimiter, self.syntax.quote) {
            (Delimiter::Blanks, _) => {
                let mut start = None;
                for (at, byte) in record.bytes().enumerate() {
                    match (byte.is_ascii_whitespace(), start) {
                        (false, None) => start = Some(at),
                        (true, Some(from)) => {
                            self.ranges.push(from..at);
                            start = None;
                        }
                        _ => {}
                    }
                }
                self.ranges.extend(start.map(|from| from..record.len()));
                Fields { text: record, ranges: &self.ranges }
            }
            (Delimiter::Sign(_), Some(quote)) if memchr(quote, record.as_bytes()).is_some() => {
                self.unquote(record);
                Fields { text: &self.text, ranges: &self.ranges }
            }
            (Delimiter::Sign(delimiter), _) => {
                let mut start = 0;
                for at in memchr::memchr_iter(delimiter, record.as_bytes()) {
                    self.ranges.push(start..at);
                    start = at + 1;
                }
                self.ranges.push(start..record.len());
                Fields { text: record, ranges: &self.ranges }
            }
        }
    }

    fn unquote(&mut self, record: &str) {
        self.csv.reset();
        self.unquoted.clear();
        // Unquoting only takes bytes away.
        self.unquoted.resize(record.len() + 1, 0);
        let (mut input, mut read, mut written, mut start) = (record.as_bytes(), 0, 0, 0);
        while let Some(output) = self.unquoted.get_mut(written..) {
            let (result, taken, given) = self.csv.read_field(input, output);
            read += taken;
            written += given;
            input = record.as_bytes().get(read..).unwrap_or_default();
            match result {
                ReadFieldResult::Field { record_end } => {
                    self.ranges.push(start..written);
                    start = written;
                    if record_end {
                        break;
                    }
                }
                // The next call has no input left, which tells the parser that the record is over.
                ReadFieldResult::InputEmpty => {}
                ReadFieldResult::OutputFull | ReadFieldResult::End => break,
            }
        }
        self.unquoted.truncate(written);
        self.text.clear();
        // Only whole ASCII characters were taken away, so that this never replaces anything.
        self.text.push_str(&String::from_utf8_lossy(&self.unquoted));
    }
}

/// The fields of one record.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    text: &'a str,
    ranges: &'a [Range<usize>],
}

impl<'a> Fields<'a> {
    /// How many there are.
    pub(crate) fn len(self) -> usize {
        self.ranges.len()
    }

    /// The fields in order.
    pub(crate) fn iter(self) -> impl Iterator<Item = &'a str> {
        self.ranges.iter().map(move |range| self.text.get(range.clone()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMAS: Syntax = Syntax { delimiter: Delimiter::COMMA, quote: Some(b'"'), newline: b'\n' };

    fn records(syntax: Syntax, text: &str) -> Vec<Result<Vec<String>, String>> {
        let mut splitter = Splitter::new(syntax);
        let (mut at, mut out) = (0, Vec::new());
        while at < text.len() {
            let rest = &text[at..];
            match syntax.cut(rest.as_bytes(), true) {
                Cut::Record { end, next, .. } => {
                    out.push(Ok(splitter.split(&rest[..end]).iter().map(str::to_owned).collect()));
                    at += next;
                }
                Cut::Unclosed { end, next } => {
                    out.push(Err(rest[..end].to_owned()));
                    at += next;
                }
                Cut::NeedMore => panic!("all is there"),
            }
        }
        out
    }

    fn row(fields: &[&str]) -> Result<Vec<String>, String> {
        Ok(fields.iter().map(|field| (*field).to_owned()).collect())
    }

    #[test]
    fn quotes_enclose_delimiters_and_line_ends() {
        let text = "a,\"b,\r\nc\",\"d \"\"e\"\"\"\r\n1,,\"\"\n5\" wide,x\"y,z";
        let expected = [row(&["a", "b,\r\nc", "d \"e\""]), row(&["1", "", ""]), row(&["5\" wide", "x\"y", "z"])];
        assert_eq!(records(COMMAS, text), expected);
    }

    #[test]
    fn an_open_quote_costs_one_line() {
        assert_eq!(records(COMMAS, "1,\"oops\n2,b\n3,c"), [Err("1,\"oops".into()), row(&["2", "b"]), row(&["3", "c"])]);
        // The quote that opens on a later line does not close the first.
        let later = records(COMMAS, "1,\"oops\n2,b\n3,\"fine\"\n");
        assert_eq!(later, [Err("1,\"oops".into()), row(&["2", "b"]), row(&["3", "fine"])]);
        let long = format!("1,\"oops\n{}9,\"x\"\n", "2,b\n".repeat(2_000));
        assert_eq!(records(COMMAS, &long).len(), 2_002);
    }

    #[test]
    fn blanks_part_fields_wherever_they_stand() {
        let blanks = Syntax { delimiter: Delimiter::Blanks, quote: None, newline: b'\n' };
        assert_eq!(records(blanks, " 00004 19970101\t 2   29.33 \r\n"), [row(&["00004", "19970101", "2", "29.33"])]);
    }

    #[test]
    fn more_bytes_are_asked_for_until_the_record_ends() {
        for (bytes, need) in [("a,b", true), ("a,\"b\n", true), ("a,\"b\"", true), ("a,\"b\"\n", false)] {
            assert_eq!(COMMAS.cut(bytes.as_bytes(), false) == Cut::NeedMore, need, "{bytes:?}");
        }
    }

    proptest::proptest! {
        /// On anything without an open quote, records and fields are what the `csv` crate says.
        #[test]
        fn agrees_with_the_csv_crate(text in "[ab,\"\n ]{0,60}") {
            let ours = records(COMMAS, &text);
            // About half of these texts have no open quote.
            if ours.iter().any(Result::is_err) {
                return Ok(());
            }
            let ours: Vec<_> = ours.into_iter().flatten().filter(|row| row != &[""]).collect();
            let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true)
                .terminator(csv::Terminator::Any(b'\n')).from_reader(text.as_bytes());
            let theirs: Vec<Vec<String>> = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
            let theirs: Vec<_> = theirs.into_iter().filter(|row| row != &[""]).collect();
            proptest::prop_assert_eq!(ours, theirs);
        }
    }
}
