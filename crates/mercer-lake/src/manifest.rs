//! What one snapshot holds: its tables and files, the inputs it was made from, and what was found in them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use mercer_base::{Error, Result};
use serde::{Deserialize, Serialize};

/// Version of the manifest's form; a lake of a later one is refused, of an earlier one rebuilt.
pub(crate) const FORM: u32 = 2;

/// The manifest of a snapshot. Holds no clock time, so that the same input gives the same bytes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this form.
    pub form: u32,
    /// Number of the snapshot, counted from 1.
    pub id: u64,
    /// Version of mercer that wrote it.
    pub written_by: String,
    /// Hash of all that the tables depend on besides the inputs: mapping, rules, definitions.
    pub config_hash: String,
    /// How many snapshots are kept.
    pub keep_snapshots: usize,
    /// First moment after the data: figures "as of now" are as of this; naive microseconds.
    pub as_of: Option<i64>,
    /// First and last moment of orders; naive microseconds.
    pub orders_span: Option<(i64, i64)>,
    /// The files it was made from.
    pub inputs: Vec<Input>,
    /// What was found in the data.
    pub findings: Vec<Finding>,
    /// Attribute columns of `customers`.
    pub customer_attributes: Vec<String>,
    /// The tables by name.
    pub tables: BTreeMap<String, TableEntry>,
}

/// An input file as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Name of its source in `mercer.toml`.
    pub source: String,
    /// Its path, relative to the project's folder where it lies in it.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it was last changed, in nanoseconds since 1970: with the size, a quick sign that it did not change.
    pub modified: i64,
    /// Hash of its content.
    pub hash: String,
    /// Rows by what became of them.
    pub rows: RowCounts,
}

/// Rows by what became of them. `read = accepted + quarantined`, always; `repeated` rows are part of the accepted ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowCounts {
    /// Rows found in the file.
    pub read: u64,
    /// Rows that became part of the tables, or repeat one that did.
    pub accepted: u64,
    /// Of the accepted rows, those whose key a later row repeats: counted once.
    pub repeated: u64,
    /// Rows refused, each kept in the `quarantine` table with its reason.
    pub quarantined: u64,
    /// Of the accepted rows, those that were mended while reading, such as a whole line in quotes.
    pub repaired: u64,
}

impl RowCounts {
    /// Adds the counts of another file.
    pub fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.accepted += other.accepted;
        self.repeated += other.repeated;
        self.quarantined += other.quarantined;
        self.repaired += other.repaired;
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Figures may mislead where this is overlooked.
    Warning,
    /// Rows were refused.
    Refused,
}

impl Severity {
    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Refused => "refused",
        }
    }
}

/// Something found in the data that people should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The source or, where it is about several, empty.
    pub source: String,
    /// The canonical table it is about.
    pub table: String,
    /// Short name of the check: `unreadable_value`, `orphan_line`.
    pub check: String,
    /// How bad it is.
    pub severity: Severity,
    /// How many rows it is about.
    pub count: u64,
    /// The finding in words, with samples and what to do.
    pub message: String,
}

/// One table's files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableEntry {
    /// Rows in all files.
    pub rows: u64,
    /// Columns the rows are sorted by, within and across files.
    pub order: Vec<String>,
    /// The files, in the order of their rows.
    pub files: Vec<FileEntry>,
}

/// One immutable file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Its name under `data/`: table and content hash.
    pub name: String,
    /// Rows in it.
    pub rows: u64,
    /// Its size in bytes.
    pub bytes: u64,
}

impl Finding {
    /// Whether it deserves a look: figures may mislead, or rows were refused.
    #[must_use]
    pub fn is_alarming(&self) -> bool {
        self.severity >= Severity::Warning
    }
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// When the text is damaged, or was written by a later version of mercer.
    pub fn parse(text: &str) -> Result<Self> {
        let manifest: Self = serde_json::from_str(text).map_err(|cause| {
            Error::data(format!("damaged manifest: {cause}"))
                .with_hint("remove this snapshot's folder; the one before becomes the newest")
        })?;
        if manifest.form > FORM {
            return Err(Error::config(format!("written by mercer {}, a later version", manifest.written_by))
                .with_hint("update mercer"));
        }
        Ok(manifest)
    }

    pub(crate) fn to_text(&self) -> Result<String> {
        serde_json::to_string_pretty(self).map_err(|cause| Error::internal(format!("manifest: {cause}")))
    }

    /// The rows of one source's inputs together.
    #[must_use]
    pub fn rows_of(&self, source: &str) -> RowCounts {
        let mut total = RowCounts::default();
        self.inputs.iter().filter(|input| input.source == source).for_each(|input| total.add(&input.rows));
        total
    }

    /// The rows of all inputs together.
    #[must_use]
    pub fn rows(&self) -> RowCounts {
        let mut total = RowCounts::default();
        for input in &self.inputs {
            total.add(&input.rows);
        }
        total
    }
}
