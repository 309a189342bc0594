//! DataFusion's errors in mercer's words.

use datafusion::error::DataFusionError;
use mercer_base::{Error, ErrorKind};

/// Says what the engine refused, without its inner prefixes, and what to do about it.
pub(crate) fn engine_error(error: DataFusionError) -> Error {
    let root = error.find_root();
    let text = root.strip_backtrace();
    let text = text.split("\n\nbacktrace").next().unwrap_or(&text).trim().to_owned();
    let text = ["Error during planning: ", "SQL error: ", "Schema error: ", "Execution error: "]
        .iter()
        .fold(text, |text, prefix| text.strip_prefix(prefix).map(str::to_owned).unwrap_or(text));
    match root {
        DataFusionError::ResourcesExhausted(_) => {
            Error::new(ErrorKind::Engine, format!("the query engine ran out of its memory: {text}"))
                .with_hint("allow it more with `memory = \"4 GB\"` under [engine] in mercer.toml")
        }
        DataFusionError::SQL(..) | DataFusionError::Plan(_) | DataFusionError::SchemaError(..) => Error::config(
            format!("SQL: {text}"),
        )
        .with_hint("`mercer query \"show tables\"` lists the tables, `mercer query \"describe orders\"` their columns"),
        DataFusionError::IoError(cause) => {
            let hint = (cause.kind() == std::io::ErrorKind::StorageFull)
                .then_some("free some disk space and run again; what was there before is untouched");
            let error = Error::new(ErrorKind::Io, text);
            match hint {
                Some(hint) => error.with_hint(hint),
                None => error,
            }
        }
        _ => Error::new(ErrorKind::Engine, text),
    }
    .with_source(error)
}

/// Whether the engine gave up for want of memory, so that a plan that can spill is worth a try.
pub(crate) fn is_out_of_memory(error: &DataFusionError) -> bool {
    matches!(error.find_root(), DataFusionError::ResourcesExhausted(_))
}
