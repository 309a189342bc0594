//! Files without a single row, told from damaged ones: beside others they are a remark, not a failure.

use mercer_base::Error;

/// Marks an error as "there is no row in this file".
#[derive(Debug)]
struct NoRows;

impl std::fmt::Display for NoRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("there is no row")
    }
}

impl std::error::Error for NoRows {}

/// The error of a file without a row.
pub(crate) fn no_rows(message: String, hint: impl Into<String>) -> Error {
    Error::data(message).with_hint(hint).with_source(NoRows)
}

/// Whether opening or reading failed only because the file holds no row: it is empty, or a header and nothing else.
#[must_use]
pub fn has_no_rows(error: &Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<NoRows>())
}
