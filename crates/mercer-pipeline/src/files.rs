//! Names and patterns of files in a configuration, turned into files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use mercer_base::{Error, Result, nearest};

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
                return Err(Error::io(path, cause.into()));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn nothing_there(base: &Path, pattern: &str) -> Error {
    let literal = base.join(pattern);
    if literal.is_dir() {
        return a_folder(&literal, pattern);
    }
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

/// A folder stands where files should be named.
fn a_folder(folder: &Path, pattern: &str) -> Error {
    let error = Error::config(format!("no file matches \"{pattern}\": it is a folder"));
    let mut endings: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().is_file())
        .filter_map(|entry| Some(entry.path().extension()?.to_string_lossy().into_owned()))
        .collect();
    endings.sort();
    endings.dedup();
    let inside = pattern.trim_end_matches(['/', '\\']);
    match endings.as_slice() {
        [] => {
            error.with_hint(format!("it holds no files; name a file, or the files in a folder as \"{inside}/*.csv\""))
        }
        [ending] => error.with_hint(format!("write \"{inside}/*.{ending}\" for all files in it, or name one of them")),
        endings => {
            let all: Vec<_> = endings.iter().map(|ending| format!("\"{inside}/*.{ending}\"")).collect();
            error.with_hint(format!("name the files in it that belong together: {}", all.join(" or ")))
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn names(found: &[PathBuf]) -> Vec<String> {
        found.iter().map(|file| file.file_name().unwrap().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn patterns_are_sorted_names_are_taken_as_they_stand() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["orders-2025.csv", "orders-2024.csv", "orders [old].csv", "orders_x.csv"] {
            std::fs::write(folder.path().join(name), "a\n1\n").unwrap();
        }
        std::fs::create_dir(folder.path().join("orders-dir.csv")).unwrap();
        let found = |patterns: &[&str]| {
            let patterns: Vec<String> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
            resolve(folder.path(), &patterns)
        };
        assert_eq!(names(&found(&["orders-*.csv"]).unwrap()), ["orders-2024.csv", "orders-2025.csv"]);
        assert_eq!(names(&found(&["orders [old].csv"]).unwrap()), ["orders [old].csv"]);
        // A file named twice is read once, where it is named first.
        assert_eq!(
            names(&found(&["orders-2025.csv", "orders-*.csv"]).unwrap()),
            ["orders-2025.csv", "orders-2024.csv"]
        );
        // A question mark is no pattern.
        let error = found(&["orders?x.csv"]).unwrap_err();
        assert!(error.to_string().contains("no file matches \"orders?x.csv\""), "{error}");
        assert_eq!(error.hint(), Some("did you mean `orders_x.csv`?"));
        // A folder is named as one, with what to write instead.
        let error = found(&["orders-dir.csv"]).unwrap_err();
        assert_eq!(error.to_string(), "no file matches \"orders-dir.csv\": it is a folder");
        assert!(error.hint().unwrap().contains("\"orders-dir.csv/*.csv\""), "{error:?}");
        std::fs::write(folder.path().join("orders-dir.csv").join("a.tsv"), "a\n1\n").unwrap();
        let error = found(&["orders-dir.csv/"]).unwrap_err();
        assert!(error.hint().unwrap().starts_with("write \"orders-dir.csv/*.tsv\""), "{error:?}");
        let error = found(&["nowhere/*.csv"]).unwrap_err();
        assert!(error.hint().unwrap().contains("there is no folder"), "{error:?}");
    }

    #[test]
    fn a_project_folder_may_hold_special_signs() {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("shop [2024]");
        std::fs::create_dir(&project).unwrap();
        std::fs::write(project.join("a-1.csv"), "x\n").unwrap();
        assert_eq!(names(&resolve(&project, &["a-*.csv".to_owned()]).unwrap()), ["a-1.csv"]);
    }
}
