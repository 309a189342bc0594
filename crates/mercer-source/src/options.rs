//! How a file is read: what a user may say, and what was found for what they left out.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The family of a file, whatever its name ends in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Lines of fields: comma, semicolon, tab, pipe or blank separated.
    Csv,
    /// Apache Parquet.
    Parquet,
    /// One JSON object a line, or one JSON array of objects.
    JsonLines,
    /// A workbook: `.xlsx`, `.xls`, `.xlsb` or `.ods`.
    Excel,
}

/// What stands between two fields; in configuration `","`, `";"`, `"tab"`, `"|"`, `"blanks"` or another single sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Delimiter {
    /// One ASCII character.
    Sign(u8),
    /// A run of spaces or tabs; blanks at either end of a line mean nothing.
    Blanks,
}

impl Delimiter {
    /// `,`
    pub const COMMA: Self = Self::Sign(b',');
    /// `;`
    pub const SEMICOLON: Self = Self::Sign(b';');
    /// The tab character.
    pub const TAB: Self = Self::Sign(b'\t');
    /// `|`
    pub const PIPE: Self = Self::Sign(b'|');
}

impl fmt::Display for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blanks => f.write_str("blanks"),
            Self::Sign(b'\t') => f.write_str("tab"),
            Self::Sign(sign) => write!(f, "{}", char::from(*sign)),
        }
    }
}

impl From<Delimiter> for String {
    fn from(delimiter: Delimiter) -> Self {
        delimiter.to_string()
    }
}

impl TryFrom<String> for Delimiter {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match (text.as_str(), text.as_bytes()) {
            ("tab" | "\\t", _) => Ok(Self::TAB),
            ("blanks" | " ", _) => Ok(Self::Blanks),
            (_, [sign]) if *sign == b'\t' || (sign.is_ascii_punctuation() && *sign != b'"') => Ok(Self::Sign(*sign)),
            _ => Err(format!("`{text}` cannot separate fields; use \",\", \";\", \"tab\", \"|\" or \"blanks\"")),
        }
    }
}

/// What encloses a field that holds the delimiter or a line break; in configuration one sign, or `"none"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Quote {
    /// One ASCII character, doubled where it stands for itself.
    Sign(u8),
    /// Quotes mean nothing; every sign is text.
    None,
}

impl Quote {
    /// The quoting character, if there is one.
    #[must_use]
    pub fn sign(self) -> Option<u8> {
        match self {
            Self::Sign(sign) => Some(sign),
            Self::None => None,
        }
    }
}

impl From<Quote> for String {
    fn from(quote: Quote) -> Self {
        quote.sign().map_or_else(|| "none".into(), |sign| char::from(sign).to_string())
    }
}

impl TryFrom<String> for Quote {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match (text.as_str(), text.as_bytes()) {
            ("none" | "", _) => Ok(Self::None),
            (_, [sign]) if sign.is_ascii_punctuation() => Ok(Self::Sign(*sign)),
            _ => Err(format!("`{text}` cannot quote fields; use one sign such as '\"', or \"none\"")),
        }
    }
}

/// How to read a file. A field left out is found by itself, by looking at the head of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReadOptions {
    /// The family of the file; found by its content, not its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// What stands between two fields of a text file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<Delimiter>,
    /// What encloses fields of a text file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote: Option<Quote>,
    /// The character encoding by a name of the WHATWG Encoding Standard, such as `utf-8` or `windows-1252`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Whether the first row (after `skip_lines`) names the columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
    /// Column names: for a file without a header, or in place of its header. One for each column of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    /// The sheet of a workbook; by default the first one that holds a table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// Physical lines (or sheet rows) to pass over before the header or the first row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip_lines: Option<u64>,
    /// Whether rows may have fewer fields than the file has columns: their last columns are then empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ragged: Option<bool>,
}

/// How a file is in fact read: what was said and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialect {
    /// The family of the file.
    pub format: Format,
    /// What stands between two fields; only for text files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<Delimiter>,
    /// What encloses fields; only for text files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote: Option<Quote>,
    /// The character encoding; only for text files and JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Whether the columns are named in the file.
    pub header: bool,
    /// The names of the columns: unique and not empty, as [`crate::Reader::columns`] gives them.
    pub columns: Vec<String>,
    /// The sheet that is read; only for workbooks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// Physical lines (or sheet rows) passed over before the header or the first row.
    pub skip_lines: u64,
    /// Whether rows with fewer fields than columns are taken as they are, with empty last columns.
    pub ragged: bool,
    /// Whether the file is packed with gzip.
    pub compressed: bool,
    /// What a person should know about it, such as `semicolons`, `Windows-1252`, `header on line 3`.
    pub notes: Vec<String>,
}

impl Dialect {
    /// The dialect of a format that has no lines, quotes or encoding to find.
    pub(crate) fn plain(format: Format, columns: Vec<String>) -> Self {
        Self {
            format,
            delimiter: None,
            quote: None,
            encoding: None,
            header: true,
            columns,
            sheet: None,
            skip_lines: 0,
            ragged: false,
            compressed: false,
            notes: Vec::new(),
        }
    }

    /// Options that read a file like this one the same way without looking at it, to be kept in a configuration.
    /// Column names are kept only where the file does not name them itself.
    #[must_use]
    pub fn to_options(&self) -> ReadOptions {
        let text = self.format == Format::Csv;
        ReadOptions {
            format: Some(self.format),
            delimiter: self.delimiter,
            quote: self.quote,
            encoding: self.encoding.clone(),
            header: (text || self.format == Format::Excel).then_some(self.header),
            columns: (!self.header).then(|| self.columns.clone()),
            sheet: self.sheet.clone(),
            skip_lines: (self.skip_lines > 0).then_some(self.skip_lines),
            ragged: self.ragged.then_some(true),
        }
    }
}

/// Names fit to address columns by: trimmed, blanks become `column_3`, repeated ones get `_2`, `_3`.
pub(crate) fn unique_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut taken = std::collections::HashSet::new();
    let mut out = Vec::new();
    for (index, name) in names.into_iter().enumerate() {
        let name = name.trim().trim_start_matches('\u{feff}');
        let name = if name.is_empty() { format!("column_{}", index + 1) } else { name.to_owned() };
        let mut unique = name.clone();
        let mut number = 2;
        while !taken.insert(unique.clone()) {
            unique = format!("{name}_{number}");
            number += 1;
        }
        out.push(unique);
    }
    out
}

/// The names the user gave in place of the file's, which must be one for each column.
pub(crate) fn chosen_names(given: &[String], found: usize, file: &str) -> mercer_base::Result<Vec<String>> {
    if given.len() == found {
        return Ok(unique_names(given.iter().map(String::as_str)));
    }
    let message = format!("{file}: `columns` names {} columns, but the file has {found}", given.len());
    Err(mercer_base::Error::config(message).with_hint("name every column of the file, in its order"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_never_blank_or_twice() {
        assert_eq!(unique_names(["", "a", "a", " a_2 ", "a"]), ["column_1", "a", "a_2", "a_2_2", "a_3"]);
    }

    #[test]
    fn options_read_as_people_write_them() {
        let text = r#"{"delimiter":"tab","quote":"none","header":false,"format":"json-lines"}"#;
        let options: ReadOptions = serde_json::from_str(text).unwrap();
        assert_eq!(options.delimiter, Some(Delimiter::TAB));
        assert_eq!(options.quote, Some(Quote::None));
        assert_eq!(options.format, Some(Format::JsonLines));
        assert_eq!(serde_json::from_str::<ReadOptions>(&serde_json::to_string(&options).unwrap()).unwrap(), options);
    }

    #[test]
    fn unknown_options_and_impossible_signs_are_refused() {
        assert!(serde_json::from_str::<ReadOptions>(r#"{"delimeter":","}"#).is_err());
        assert!(serde_json::from_str::<ReadOptions>(r#"{"delimiter":"ab"}"#).is_err());
        assert!(serde_json::from_str::<ReadOptions>(r#"{"delimiter":"7"}"#).is_err());
    }
}
