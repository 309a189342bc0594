//! Names and patterns of files in a configuration, turned into files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use mercer_base::{Error, Result};

use crate::config::nearest;

/// The files that `patterns` mean, relative to `base`: patterns in their order, the matches of each by name, each file
/// once. A name that exists is taken as it stands; else `*` stands for any part of a file name, `**` for any folders.
///
/// # Errors
/// When a pattern matches no file.
pub fn resolve(base: &Path, patterns: &[String]) -> Result<Vec<PathBuf>> {
    let mut seen = BTreeSet::new();
    let mut files = Vec::new();
    for pattern in patterns {
        let found = matches(base, pattern)?;
        if found.is_empty() {
            return Err(nothing_there(base, pattern));
        }
        files.extend(found.into_iter().filter(|file| seen.insert(file.clone())));
    }
    Ok(files)
}

fn matches(base: &Path, pattern: &str) -> Result<Vec<PathBuf>> {
    let literal = base.join(pattern);
    if literal.is_file() {
        return Ok(vec![literal]);
    }
    // Only `*` is special: brackets and question marks are common in the names of exports.
    let escape = |text: &str| glob::Pattern::escape(text);
    let relative = pattern.split('*').map(escape).collect::<Vec<_>>().join("*");
    let full = if Path::new(pattern).is_absolute() {
        relative
    } else {
        Path::new(&escape(&base.to_string_lossy())).join(relative).to_string_lossy().into_owned()
    };
    let wrong = |cause: &dyn std::fmt::Display| Error::config(format!("\"{pattern}\" is not a file pattern: {cause}"));
    let mut found = Vec::new();
    for entry in glob::glob(&full).map_err(|cause| wrong(&cause))? {
        match entry {
            Ok(path) if path.is_file() => found.push(path),
            Ok(_) => {}
            Err(cause) => {
                let path = cause.path().to_owned();
                return Err(Error::io(path, cause.into_error()));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn nothing_there(base: &Path, pattern: &str) -> Error {
    let literal = base.join(pattern);
    let folder = literal.parent().unwrap_or(base);
    let error = Error::config(format!("no file matches \"{pattern}\" in {}", base.display()));
    let Ok(entries) = std::fs::read_dir(folder) else {
        return error
            .with_hint(format!("there is no folder {}; paths are relative to the project folder", folder.display()));
    };
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let wanted = literal.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match nearest(&wanted, names.iter().map(String::as_str)) {
        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
        None if names.is_empty() => error.with_hint(format!("the folder {} holds no files", folder.display())),
        None => error.with_hint(format!("{} holds {}", folder.display(), shortened(&names))),
    }
}

/// The first few names, and how many more there are.
fn shortened(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let first = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("{first} and {more} more"),
        _ => first,
    }
}
