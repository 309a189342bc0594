//! Rules for the project's files: module headers, length, words that tie it to one machine, sizes, pure methods.

use super::Problem;
use crate::workspace::ProjectFile;

/// The most lines a Rust file may have.
const MOST_LINES: usize = 600;
/// Files that may be longer, each with its reason.
const MAY_BE_LONGER: &[(&str, &str)] = &[];
/// The most bytes a binary file may have.
const MOST_BINARY_BYTES: usize = 200_000;

/// Paths of somebody's machine; split so that this file does not hold them.
const MACHINE_PATHS: &[&str] = &[
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
    concat!("/Us", "ers/"),
    concat!("C:\\Us", "ers\\"),
];
/// Package registries and their settings: where a build fetches from is the machine's business.
const REGISTRIES: &[&str] = &[
    concat!("index", ".crates.io"),
    concat!("static", ".crates.io"),
    concat!("registry", ".npmjs.org"),
    concat!("files", ".pythonhosted.org"),
    concat!("pypi", ".org/simple"),
    concat!("index", "-url"),
    concat!("proxy", ".golang.org"),
];
/// What each package in the lock must come from.
const LOCKED_SOURCE: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The file system, the clock, the network and other processes, none of which a method may touch outside its tests.
const OUTSIDE_WORLD: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "SystemTime",
    "Instant::now",
    "Utc::now",
    "Local::now",
    "File::open",
];

/// Every broken rule of the project's files.
pub(super) fn check(files: &[ProjectFile]) -> Vec<Problem> {
    files.iter().flat_map(check_file).collect()
}

fn check_file(file: &ProjectFile) -> Vec<Problem> {
    let Some(text) = file.text.as_deref() else {
        let too_big = file.bytes > MOST_BINARY_BYTES;
        let message =
            format!("a binary file of {} kB; the limit is {} kB", file.bytes / 1000, MOST_BINARY_BYTES / 1000);
        return too_big.then(|| Problem::new(&file.path, message)).into_iter().collect();
    };
    let mut problems = Vec::new();
    if file.path.ends_with(".rs") {
        problems.extend(check_rust(&file.path, text));
    }
    if file.path == "Cargo.lock" {
        problems.extend(check_lock(&file.path, text));
    }
    for (number, line) in (1..).zip(text.lines()) {
        let place = || format!("{}:{number}", file.path);
        if let Some(path) = MACHINE_PATHS.iter().find(|path| names_machine_path(line, path)) {
            problems.push(Problem::new(place(), format!("names a path of one machine ({path}…)")));
        }
        if let Some(registry) = REGISTRIES.iter().find(|registry| line.contains(**registry)) {
            problems.push(Problem::new(place(), format!("names a package registry ({registry})")));
        }
    }
    problems
}

fn check_rust(path: &str, text: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !text.starts_with("//!") {
        problems.push(Problem::new(format!("{path}:1"), "must start with a `//!` line that says what lives here"));
    }
    let lines = text.lines().count();
    if lines > MOST_LINES && !MAY_BE_LONGER.iter().any(|(longer, _)| *longer == path) {
        problems.push(Problem::new(path, format!("{lines} lines; split it, the limit is {MOST_LINES}")));
    }
    if path.starts_with("methods/") && path.contains("/src/") {
        let is_test = text.lines().any(|line| line == "#![cfg(test)]");
        let product = if is_test { "" } else { text.split("#[cfg(test)]").next().unwrap_or_default() };
        for (number, line) in (1..).zip(product.lines()) {
            if let Some(word) = OUTSIDE_WORLD.iter().find(|word| line.contains(**word)) {
                let message =
                    format!("{word}: a method sees no files, clock, network or environment; take it as input");
                problems.push(Problem::new(format!("{path}:{number}"), message));
            }
        }
    }
    problems
}

fn check_lock(path: &str, text: &str) -> Vec<Problem> {
    (1..)
        .zip(text.lines())
        .filter_map(|(number, line)| Some((number, line.strip_prefix("source = \"")?.trim_end_matches('"'))))
        .filter(|(_, source)| *source != LOCKED_SOURCE)
        .map(|(number, source)| {
            Problem::new(format!("{path}:{number}"), format!("a package from {source}; all come from crates.io"))
        })
        .collect()
}

/// Whether `line` holds `path` at the start of a path, not inside a longer one such as a web address.
fn names_machine_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        before.is_none_or(|before| !before.is_alphanumeric() && !matches!(before, '.' | '}' | '_' | '-' | '/'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(path: &str, text: &str) -> Vec<String> {
        let file = ProjectFile { path: path.into(), bytes: text.len(), text: Some(text.into()) };
        check(&[file]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn rust_files_say_what_lives_in_them() {
        assert!(problems("a.rs", "//! A.\nfn a() {}\n").is_empty());
        assert_eq!(problems("a.rs", "fn a() {}\n").len(), 1);
        assert!(problems("a.py", "print(1)\n").is_empty());
    }

    #[test]
    fn rust_files_stay_short() {
        let text = |lines: usize| format!("//! A.\n{}", "\n".repeat(lines - 1));
        assert!(problems("a.rs", &text(MOST_LINES)).is_empty());
        assert_eq!(problems("a.rs", &text(MOST_LINES + 1)), ["a.rs: 601 lines; split it, the limit is 600"]);
    }

    #[test]
    fn machine_paths_and_registries_are_found_with_their_line() {
        let home = MACHINE_PATHS[0];
        assert_eq!(
            problems("a.md", &format!("x\nsee `{home}ann/data`\n")),
            [format!("a.md:2: names a path of one machine ({home}…)")]
        );
        assert!(problems("a.md", &format!("https://example.com{home}page and $DIR_{home}")).is_empty());
        assert_eq!(problems("a.toml", &format!("url = \"https://{}/x\"", REGISTRIES[0])).len(), 1);
    }

    #[test]
    fn the_lock_holds_packages_from_one_place() {
        let lock = |source: &str| format!("[[package]]\nname = \"a\"\nsource = \"{source}\"\n");
        assert!(problems("Cargo.lock", &lock(LOCKED_SOURCE)).is_empty());
        assert!(problems("Cargo.lock", &lock("git+https://example.com/a"))[0].starts_with("Cargo.lock:3: "));
    }

    #[test]
    fn big_binaries_are_refused() {
        let binary = |bytes| ProjectFile { path: "a.png".into(), bytes, text: None };
        assert!(check(&[binary(MOST_BINARY_BYTES)]).is_empty());
        assert_eq!(check(&[binary(MOST_BINARY_BYTES + 1)]).len(), 1);
    }

    #[test]
    fn methods_take_the_world_as_input() {
        let text = "//! A.\nuse std::fs;\n#[cfg(test)]\nmod tests { use std::env; }\n";
        assert!(problems("methods/mercer-a/src/lib.rs", text)[0].starts_with("methods/mercer-a/src/lib.rs:2: std::fs"));
        assert_eq!(problems("methods/mercer-a/src/lib.rs", text).len(), 1, "tests may");
        assert!(problems("crates/mercer-a/src/lib.rs", text).is_empty(), "other crates may");
    }
}
