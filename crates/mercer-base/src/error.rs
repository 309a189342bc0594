//! The one error type: what went wrong, where, and what to do about it.

use std::fmt;

/// A result with mercer's own error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What class of thing went wrong; decides the exit code and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// A command or a configuration that cannot be obeyed as written.
    Config,
    /// The data was refused: unreadable, empty, or without what the work needs.
    Data,
    /// The operating system said no: missing file, full disk, no permission.
    Io,
    /// The query engine refused a statement or ran out of memory.
    Engine,
    /// A rule of mercer's own was broken; a bug to report.
    Internal,
}

impl ErrorKind {
    /// The process exit code: 1 failed, 2 bad usage or configuration, 3 the data was refused.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Io | Self::Engine | Self::Internal => 1,
            Self::Config => 2,
            Self::Data => 3,
        }
    }
}

/// An error that says what was wrong, where (file, line, column, key) and what to do.
///
/// Opaque on purpose: callers branch on [`Error::kind`], people read the rest.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    context: Vec<String>,
    hint: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of `kind` whose `message` says what was wrong, naming the file, line, column or key.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), context: Vec::new(), hint: None, source: None }))
    }

    /// A usage or configuration error (exit code 2).
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, message)
    }

    /// The data was refused (exit code 3).
    pub fn data(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Data, message)
    }

    /// A broken rule of mercer's own (exit code 1).
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// An operating-system error on `path`, with a mend where the cause is a usual one.
    pub fn io(path: impl AsRef<std::path::Path>, cause: std::io::Error) -> Self {
        use std::io::ErrorKind as Io;
        let hint = match cause.kind() {
            Io::NotFound => Some("check the path; relative paths start at the project folder"),
            Io::IsADirectory => Some("a folder stands where a file should be: move it away, or name the file"),
            Io::PermissionDenied => Some("check the file's permissions and who owns it"),
            Io::StorageFull | Io::FileTooLarge | Io::QuotaExceeded => {
                Some("free some disk space and run again; what was there before is untouched")
            }
            _ => None,
        };
        let mut error = Self::new(ErrorKind::Io, format!("{}: {cause}", path.as_ref().display())).with_source(cause);
        error.0.hint = hint.map(str::to_owned);
        error
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds what was being done, outermost last.
    #[must_use]
    pub fn with_context(mut self, context: impl Into<String>) -> Self {
        self.0.context.push(context.into());
        self
    }

    /// Keeps the underlying error for logs.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The class of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What was wrong, without context or hint.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for context in self.0.context.iter().rev() {
            write!(f, "{context}: ")?;
        }
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} [{:?}]", self.0.kind)?;
        if let Some(hint) = &self.0.hint {
            write!(f, " (hint: {hint})")?;
        }
        if let Some(source) = &self.0.source {
            write!(f, " caused by {source}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| &**source as &(dyn std::error::Error + 'static))
    }
}

/// Context on results, as `anyhow` has it.
pub trait ResultExt<T> {
    /// Says what was being done when the error came.
    ///
    /// # Errors
    /// The same error, with the context in front.
    fn context(self, context: impl FnOnce() -> String) -> Result<T>;
}

impl<T> ResultExt<T> for Result<T> {
    fn context(self, context: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| error.with_context(context()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_from_the_outside_in() {
        let error = Error::data("line 7: no date").with_context("orders.csv").with_context("while reading shop");
        assert_eq!(error.to_string(), "while reading shop: orders.csv: line 7: no date");
        assert_eq!(error.kind().exit_code(), 3);
    }

    #[test]
    fn a_missing_file_says_where_to_look() {
        let error = Error::io("x/orders.csv", std::io::Error::from(std::io::ErrorKind::NotFound));
        assert!(error.to_string().starts_with("x/orders.csv: "));
        assert!(error.hint().is_some_and(|hint| hint.contains("path")));
    }
}
