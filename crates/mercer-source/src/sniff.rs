//! Finding how a text table is written from its head: delimiter, quote, header and lines before it.
//!
//! Every candidate splits the sample; the one whose rows agree best on their number of fields wins, weighted by how
//! many of its cells read as numbers, dates or other typed values (the idea of CleverCSV and DuckDB).

use mercer_base::{Error, Result};

use crate::container::Container;
use crate::decode::{Decoding, is_binary};
use crate::header::{Guess, HeaderGuess, guess, guess_header};
use crate::nothing::no_rows;
use crate::options::{Delimiter, Dialect, Format, Quote, ReadOptions, chosen_names, unique_names};
use crate::split::{Cut, Splitter, Syntax};

/// Bytes of the head that every candidate splits.
const TRIAL_BYTES: usize = 1 << 18;
/// Records of the head that every candidate splits.
const TRIAL_RECORDS: usize = 2_000;
/// Records whose cells are looked at one by one.
const TYPED_RECORDS: usize = 200;
/// The least score of a sign that cuts every line alike.
const REGULAR: f64 = 0.3;
/// Lines above a table that are passed over at most.
const MAX_PREAMBLE: usize = 30;

/// All that is needed to read a text table.
#[derive(Debug, Clone)]
pub(crate) struct TextDialect {
    pub(crate) dialect: Dialect,
    pub(crate) syntax: Syntax,
    pub(crate) decoding: Decoding,
}

/// Finds what the options leave open.
pub(crate) fn sniff_text(container: &Container, options: &ReadOptions) -> Result<TextDialect> {
    let file = container.path.display().to_string();
    let decoding = Decoding::find(container, options.encoding.as_deref())?;
    let text = decoding.sample(container, TRIAL_BYTES)?;
    if is_binary(&text) {
        return Err(Error::data(format!("{file} holds binary data, not text"))
            .with_hint("export the data as CSV, Excel, JSON lines or Parquet; if it is text, name its `encoding`"));
    }
    let complete = container.complete && container.head.len() <= TRIAL_BYTES;
    let newline = if text.contains('\n') || !text.contains('\r') { b'\n' } else { b'\r' };
    let announced = announced_delimiter(&text).filter(|_| options.skip_lines.is_none());
    let skipped = options.skip_lines.unwrap_or_else(|| u64::from(announced.is_some()));
    let options = &ReadOptions { delimiter: options.delimiter.or(announced), ..options.clone() };
    let body = after_lines(&text, newline, skipped);
    let best = candidates(options, newline, body)
        .into_iter()
        .map(|syntax| Trial::run(syntax, body, complete, options))
        .reduce(|best, trial| if trial.score > best.score { trial } else { best });
    let Some(trial) = best.filter(|trial| !trial.records.is_empty()) else {
        return Err(no_rows(format!("{file} has no rows"), "export it again, or leave it out"));
    };
    let dialect = resolve(&file, &trial, options, skipped, decoding, container)?;
    Ok(TextDialect { dialect, syntax: trial.syntax, decoding })
}

/// The delimiter that a first line such as `sep=;` names, which Excel reads and writes.
fn announced_delimiter(text: &str) -> Option<Delimiter> {
    let (first, _) = text.split_once(['\r', '\n'])?;
    let sign = first.trim_matches('"').strip_prefix("sep=")?.to_owned();
    Delimiter::try_from(sign).ok()
}

/// The text after some physical lines.
fn after_lines(text: &str, newline: u8, lines: u64) -> &str {
    let mut rest = text;
    for _ in 0..lines {
        rest = rest.split_once(char::from(newline)).map_or("", |(_, after)| after);
    }
    rest
}

/// Every pair of delimiter and quote that could be meant.
fn candidates(options: &ReadOptions, newline: u8, text: &str) -> Vec<Syntax> {
    let usual = [Delimiter::COMMA, Delimiter::SEMICOLON, Delimiter::TAB, Delimiter::PIPE, Delimiter::Blanks];
    let delimiters = options.delimiter.map_or(usual.to_vec(), |delimiter| vec![delimiter]);
    delimiters
        .into_iter()
        .map(|delimiter| {
            let quote = match (delimiter, options.quote) {
                (Delimiter::Blanks, _) => None,
                (_, Some(quote)) => quote.sign(),
                (Delimiter::Sign(sign), None) => likely_quote(text, sign, newline),
            };
            Syntax { delimiter, quote, newline }
        })
        .collect()
}

/// The quote that encloses whole fields; the double quote where none does, unless it is used as an ordinary sign.
fn likely_quote(text: &str, delimiter: u8, newline: u8) -> Option<u8> {
    let double = QuoteUse::count(text, b'"', delimiter, newline);
    let single = QuoteUse::count(text, b'\'', delimiter, newline);
    if double == QuoteUse::default() && single.enclosing > 3 && (single.ordinary + single.open) * 10 <= single.enclosing
    {
        return Some(b'\'');
    }
    // Nicknames and inches. A quote or two that never close are slips, more of them are a habit.
    let ordinary = double.ordinary + if double.open > 2 { double.open } else { 0 };
    (ordinary <= double.enclosing).then_some(b'"')
}

/// What becomes of the quotes that start a field.
#[derive(Debug, Default, PartialEq, Eq)]
struct QuoteUse {
    /// The field ends with the quote, too.
    enclosing: u64,
    /// Another quote follows on the line, but in the middle of the field.
    ordinary: u64,
    /// The quote does not close.
    open: u64,
}

impl QuoteUse {
    fn count(text: &str, quote: u8, delimiter: u8, newline: u8) -> Self {
        let bytes = text.as_bytes();
        let edge = |byte: Option<&u8>| byte.is_none_or(|byte| [delimiter, newline, b'\r'].contains(byte));
        let find = |from: usize, sign: u8| {
            bytes.get(from..).and_then(|rest| memchr::memchr(sign, rest)).map(|found| from + found)
        };
        let (mut uses, mut at) = (Self::default(), 0);
        while let Some(start) = find(at, quote) {
            at = start + 1;
            if !edge(start.checked_sub(1).and_then(|before| bytes.get(before))) {
                continue;
            }
            let line_end = find(at, newline).unwrap_or(bytes.len());
            // To the quote that closes: the first that is not doubled.
            let mut close = find(at, quote);
            while let Some(found) = close.filter(|found| bytes.get(found + 1) == Some(&quote)) {
                close = find(found + 2, quote);
            }
            match close {
                Some(found) if edge(bytes.get(found + 1)) => {
                    uses.enclosing += 1;
                    at = found + 1;
                }
                Some(found) if found < line_end => {
                    uses.ordinary += 1;
                    at = found + 1;
                }
                _ => {
                    uses.open += 1;
                    at = line_end;
                }
            }
        }
        uses
    }
}

/// The sample as one candidate splits it.
struct Trial {
    syntax: Syntax,
    /// Fields of each record with the physical line it starts on, from 0.
    records: Vec<(u64, Vec<String>)>,
    /// The record the table starts with.
    start: usize,
    /// Columns of the table.
    width: usize,
    /// Whether rows with fewer fields are the norm.
    ragged: bool,
    /// Whether the header lacks the name of the first column, as R writes it.
    unnamed_first: bool,
    score: f64,
}

impl Trial {
    fn run(syntax: Syntax, text: &str, complete: bool, options: &ReadOptions) -> Self {
        let records = split_sample(syntax, text, complete);
        let mut trial = Self { syntax, records, start: 0, width: 1, ragged: false, unnamed_first: false, score: 0.0 };
        trial.shape(options);
        trial.score = trial.rate();
        trial
    }

    fn counts(&self) -> impl Iterator<Item = usize> {
        self.records.iter().map(|(_, fields)| fields.len())
    }

    /// Finds width, start and raggedness from the numbers of fields.
    fn shape(&mut self, options: &ReadOptions) {
        let Some(mode) = mode(self.counts()) else { return };
        let widest = self.counts().max().unwrap_or(1);
        let agreeing = self.counts().filter(|count| *count == mode).count();
        self.width = mode;
        if options.skip_lines.is_none() && mode > 1 {
            self.start = self.table_start(mode);
        }
        let rows = self.records.len() - self.start;
        let below = self.counts().skip(self.start + 1).filter(|count| (2..mode).contains(count)).count();
        let above = self.counts().skip(self.start).filter(|count| *count > mode).count();
        let first = self.records.get(self.start).map_or(0, |(_, fields)| fields.len());
        // Lists of items: hardly two rows agree.
        let disagree = if mode == 1 { agreeing * 5 < rows * 4 } else { agreeing * 2 < rows };
        let listed = self.syntax.delimiter != Delimiter::Blanks && widest > 1;
        let lists = listed && disagree && self.is_tight();
        // Rows whose empty last fields are left out; too few rows do not show a habit.
        let short = listed && below * 5 > rows && above == 0 && rows >= 10;
        self.ragged = options.ragged.unwrap_or(lists || short);
        if self.ragged {
            self.width = if short && options.ragged.is_none() { mode } else { widest.max(first) };
            if lists {
                self.start = 0;
            }
        }
        self.fit_header();
    }

    /// The first record from which the rows agree on `width` fields.
    fn table_start(&self, width: usize) -> usize {
        let fits = |index: usize| self.records.get(index).is_none_or(|(_, fields)| fields.len() == width);
        let limit = MAX_PREAMBLE.min(self.records.len().saturating_sub(1));
        (0..=limit).find(|index| fits(*index) && (fits(index + 1) || fits(index + 2))).unwrap_or(0)
    }

    /// A header that is one field shorter than the rows below it: rows that end in a delimiter, or R's row names.
    fn fit_header(&mut self) {
        let Some(above) = self.start.checked_sub(1) else { return };
        let Some((_, header)) = self.records.get(above) else { return };
        if header.len() + 1 != self.width || header.iter().any(|name| guess(name) != Guess::Text) {
            return;
        }
        let mut rows = self.records.iter().skip(self.start).filter(|(_, fields)| fields.len() == self.width);
        let trailing = rows.all(|(_, fields)| fields.last().is_some_and(String::is_empty));
        self.start = above;
        if trailing {
            self.width -= 1;
        } else {
            self.unnamed_first = true;
        }
    }

    /// Whether delimiters stand close to what follows, as they do in tables and do not in sentences.
    fn is_tight(&self) -> bool {
        let fields = || self.records.iter().flat_map(|(_, fields)| fields.iter().skip(1));
        let loose = fields().filter(|field| field.starts_with(' ')).count();
        loose * 10 <= fields().count()
    }

    fn rate(&self) -> f64 {
        let rows = self.records.len() - self.start.min(self.records.len());
        if rows == 0 {
            return 0.0;
        }
        let share = |part: usize, whole: usize| if whole == 0 { 0.0 } else { ratio(part, whole) };
        let table = || self.records.iter().skip(self.start);
        let agreeing = table().filter(|(_, fields)| fields.len() == self.width).count();
        let consistency = share(agreeing, rows);
        if self.width == 1 {
            return 0.02 * consistency;
        }
        let cells = || table().skip(1).take(TYPED_RECORDS).flat_map(|(_, fields)| fields);
        let (mut typed, mut filled) = (0, 0);
        for cell in cells() {
            match guess(cell) {
                Guess::Empty => {}
                Guess::Text => filled += 1,
                _ => (typed, filled) = (typed + 1, filled + 1),
            }
        }
        let types = 0.3 + 0.7 * share(typed, filled);
        let pattern = 1.0 - 1.0 / ratio(self.width, 1);
        let tight = if self.is_tight() { 1.0 } else { 0.7 };
        let blanks = if self.syntax.delimiter == Delimiter::Blanks { 0.6 } else { 1.0 };
        let agreement = if self.ragged { 0.2 } else { consistency * consistency };
        // Few lines above a table are usual; many speak for another reading.
        let preamble = if self.start == 0 { 1.0 } else { 0.9 };
        let score = agreement * types * pattern * tight * blanks * preamble;
        // A sign that cuts every line alike, the header too, is no accident of sentences, however little their words tell.
        let is_regular = self.syntax.delimiter != Delimiter::Blanks && self.start == 0 && agreeing == rows && rows > 2;
        if is_regular && self.is_tight() { score.max(REGULAR) } else { score }
    }
}

#[allow(clippy::cast_precision_loss)]
fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

/// The most frequent number of fields; the larger of two that are as frequent.
fn mode(counts: impl Iterator<Item = usize>) -> Option<usize> {
    let mut tally = std::collections::BTreeMap::new();
    counts.for_each(|count| *tally.entry(count).or_insert(0_u64) += 1);
    tally.into_iter().max_by_key(|(count, times)| (*times, *count)).map(|(count, _)| count)
}

fn split_sample(syntax: Syntax, text: &str, complete: bool) -> Vec<(u64, Vec<String>)> {
    let mut splitter = Splitter::new(syntax);
    let (mut records, mut at, mut line) = (Vec::new(), 0, 0);
    while records.len() < TRIAL_RECORDS
        && let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty())
    {
        let (end, next, lines) = match syntax.cut(rest.as_bytes(), complete) {
            Cut::Record { end, next, lines } => (end, next, lines),
            Cut::Unclosed { next, .. } => {
                (at, line) = (at + next, line + 1);
                continue;
            }
            // The end of the sample; a sample of one unfinished line is better than none.
            Cut::NeedMore if records.is_empty() => (rest.len(), rest.len(), 1),
            Cut::NeedMore => break,
        };
        let record = rest.get(..end).unwrap_or_default();
        if !syntax.is_blank(record.as_bytes(), 2) {
            records.push((line, splitter.split(record).iter().map(str::to_owned).collect()));
        }
        (at, line) = (at + next, line + lines);
    }
    records
}

/// The dialect of the winning trial, with what the options say on top.
fn resolve(
    file: &str,
    trial: &Trial,
    options: &ReadOptions,
    skipped: u64,
    decoding: Decoding,
    container: &Container,
) -> Result<Dialect> {
    let width = trial.width;
    let fields = trial.records.get(trial.start).map(|(_, fields)| fields.as_slice()).unwrap_or_default();
    let below = trial.records.iter().skip(trial.start + 1).map(|(_, fields)| fields);
    let rest: Vec<_> = below.filter(|fields| trial.ragged || fields.len() >= width).cloned().collect();
    let guessed = if trial.unnamed_first { HeaderGuess::Sure } else { guess_header(fields, &rest) };
    let header = options.header.unwrap_or(guessed != HeaderGuess::Not);
    // Only a header tells that the lines above it are none of the table's rows; else they are read, and rejected aloud.
    let start = if header { trial.start } else { 0 };
    let first_line = skipped + trial.records.get(start).map_or(0, |(line, _)| *line);
    let skip_lines = if start > 0 { first_line } else { skipped };
    let blank = std::iter::repeat_n("", width);
    let columns = match (&options.columns, header) {
        (Some(names), _) => chosen_names(names, width, file)?,
        (None, true) => {
            let lead = trial.unnamed_first.then_some("");
            unique_names(lead.into_iter().chain(fields.iter().map(String::as_str)).chain(blank).take(width))
        }
        (None, false) => unique_names(blank),
    };
    let only_header = header && rest.is_empty() && trial.records.len() == start + 1 && container.complete;
    if only_header {
        return Err(no_rows(
            format!("{file} has a header but no rows"),
            "export it again with rows, leave it out, or say `header = false` if its first line is a row",
        ));
    }
    let mut dialect = Dialect {
        delimiter: Some(trial.syntax.delimiter),
        quote: Some(trial.syntax.quote.map_or(Quote::None, Quote::Sign)),
        encoding: Some(decoding.encoding.name().to_ascii_lowercase()),
        header,
        skip_lines,
        ragged: trial.ragged,
        compressed: container.compressed,
        ..Dialect::plain(Format::Csv, columns)
    };
    dialect.notes = notes(&dialect, trial, decoding, first_line);
    dialect.notes.extend(guessed.note().filter(|_| options.header.is_none()));
    Ok(dialect)
}

fn notes(dialect: &Dialect, trial: &Trial, decoding: Decoding, first_line: u64) -> Vec<String> {
    let mut notes = Vec::new();
    notes.extend(match trial.syntax.delimiter {
        _ if trial.width == 1 => Some("one column".to_owned()),
        Delimiter::Sign(b',') => None,
        Delimiter::Sign(b';') => Some("semicolons".to_owned()),
        Delimiter::Sign(b'\t') => Some("tabs".to_owned()),
        Delimiter::Sign(sign) => Some(format!("`{}` between fields", char::from(sign))),
        Delimiter::Blanks => Some("blanks between fields".to_owned()),
    });
    let mut tally = crate::cell::FormatTally::default();
    let cells = trial.records.iter().skip(trial.start + 1).take(TYPED_RECORDS).flat_map(|(_, fields)| fields);
    cells.filter(|cell| guess(cell) == Guess::Number).for_each(|cell| tally.add(cell));
    if tally.format().decimal_mark == crate::cell::DecimalMark::Comma {
        notes.push("decimal commas".into());
    }
    notes.extend(decoding.note());
    if trial.syntax.quote.is_none() && trial.syntax.delimiter != Delimiter::Blanks {
        notes.push("quotes are ordinary signs".into());
    }
    match (dialect.header, first_line) {
        (true, 0) => {}
        (true, line) => notes.push(format!("header on line {}", line + 1)),
        (false, _) => notes.push("no header".into()),
    }
    if trial.unnamed_first {
        notes.push("the first column has no name".into());
    }
    if dialect.ragged {
        notes.push("rows may have fewer fields than columns".into());
    }
    if dialect.compressed {
        notes.push("gzip".into());
    }
    notes
}
