//! DataFusion's errors in mercer's words.

use datafusion::error::DataFusionError;
use mercer_base::{Error, ErrorKind};

/// Says what the engine refused, without its inner prefixes, and what to do about it.
pub(crate) fn engine_error(error: DataFusionError) -> Error {
    let root = error.find_root();
    let text = root.strip_backtrace();
    let text = text.split("\n\nbacktrace").next().unwrap_or(&text).trim().to_owned();
    let prefixes = [
        "Error during planning: ",
        "SQL error: ",
        "Schema error: ",
        "Execution error: ",
        "This feature is not implemented: ",
        "Arrow error: ",
    ];
    let text = prefixes
        .iter()
        .fold(text, |text, prefix| text.strip_prefix(prefix).map(str::to_owned).unwrap_or(text))
        // Everything that can be asked lies in one catalogue and schema; their names help nobody.
        .replace("datafusion.public.", "");
    match root {
        DataFusionError::Plan(_) if is_change(&text) => Error::config(format!("SQL: questions only read: {text}"))
            .with_hint("ask with `select`, `show tables` or `describe TABLE`; only `mercer run` changes the tables"),
        DataFusionError::NotImplemented(_) if text.contains("single SQL statement") => {
            Error::config("SQL: more than one statement").with_hint("ask one question at a time, without `;` inside")
        }
        DataFusionError::SQL(cause, _) => {
            let text = cause.to_string();
            Error::config(format!("SQL: {}", text.trim_start_matches("sql parser error: ")))
                .with_hint("the form is `select COLUMNS from TABLE where CONDITION`; `mercer query \"show tables\"` lists the tables")
        }
        DataFusionError::ResourcesExhausted(_) => {
            Error::new(ErrorKind::Engine, format!("the query engine ran out of its memory: {text}"))
                .with_hint("allow it more with `memory = \"4 GB\"` under [engine] in mercer.toml")
        }
        DataFusionError::Plan(_) | DataFusionError::SchemaError(..) => Error::config(
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
        DataFusionError::ArrowError(..) | DataFusionError::Execution(_) => Error::new(ErrorKind::Engine, text)
            .with_hint("a value does not fit the statement: guard it, as with `nullif(x, 0)` or `try_cast(x as double)`"),
        _ => Error::new(ErrorKind::Engine, text),
    }
    .with_source(error)
}

/// Whether a plan was refused because it would create, write or change something.
fn is_change(text: &str) -> bool {
    ["DDL not supported: ", "DML not supported: ", "Statement not supported: "]
        .iter()
        .any(|start| text.starts_with(start))
}

/// Whether the engine gave up for want of memory, so that a plan that can spill is worth a try.
pub(crate) fn is_out_of_memory(error: &DataFusionError) -> bool {
    matches!(error.find_root(), DataFusionError::ResourcesExhausted(_))
}
