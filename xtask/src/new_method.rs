//! `cargo xtask new-method NAME "Question?"`: a new method in its full shape, small but working, and its lines in the registry.

use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::{process, workspace};

#[derive(Args)]
pub(crate) struct Options {
    /// Its name in commands, in kebab-case, such as geo-lift
    name: String,
    /// The marketer's question it answers, ending with a question mark
    question: String,
}

/// Commands that a method cannot be called after.
const VERBS: &[&str] =
    &["demo", "init", "check", "run", "query", "export", "report", "serve", "cluster", "help", "method", "methods"];
/// Words of the language, which cannot name a module.
const KEYWORDS: &[&str] = &[
    "as", "async", "await", "box", "break", "const", "continue", "crate", "do", "dyn", "else", "enum", "extern",
    "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut",
    "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true", "try", "type",
    "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Files of a method under its folder, each from its template.
const FILES: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("new_method/manifest.toml")),
    ("README.md", include_str!("new_method/readme.md")),
    ("sql/input.sql", include_str!("new_method/input.sql")),
    ("src/lib.rs", include_str!("new_method/lib.rs")),
    ("src/params.rs", include_str!("new_method/params.rs")),
    ("src/spec.rs", include_str!("new_method/spec.rs")),
    ("src/input.rs", include_str!("new_method/input.rs")),
    ("src/fit.rs", include_str!("new_method/fit.rs")),
    ("src/predict.rs", include_str!("new_method/predict.rs")),
    ("src/evaluate.rs", include_str!("new_method/evaluate.rs")),
    ("src/report.rs", include_str!("new_method/report.rs")),
    ("tests/reference.rs", include_str!("new_method/reference.rs")),
];
/// Its samples for the conformance suite.
const SAMPLES: &str = include_str!("new_method/samples.rs");

const ROOT_MANIFEST: &str = "Cargo.toml";
const REGISTRY_MANIFEST: &str = "crates/mercer-registry/Cargo.toml";
const REGISTRY: &str = "crates/mercer-registry/src/lib.rs";
const SUITE: &str = "crates/mercer-registry/tests/conformance/main.rs";

/// Makes the method and says what to do next.
///
/// # Errors
/// The name is taken or no name, the question is none, or a file is not as expected; then nothing is written.
pub(crate) fn run(options: &Options) -> Result<()> {
    let root = workspace::root();
    let words = Words::of(&options.name, &options.question)?;
    for path in write(&root, &words)? {
        println!("wrote {path}");
    }
    let (name, id) = (format!("mercer-{}", words.id), &words.id);
    let format = ["fmt", "--package", &name, "--package", "mercer-registry"];
    if let Err(error) = process::run(process::cargo(&root).args(format)) {
        println!("not formatted: {error:#}");
    }
    println!(
        "\nThe method works: it expects each customer at a mean shrunk towards that of all. Make it yours:\n\
         1. cargo test -p {name} -p mercer-registry   its own tests and the conformance suite\n\
         2. methods/{name}/src/spec.rs                what it reads and gives; sql/input.sql: how a project has it\n\
         3. src/params, input, fit, predict, evaluate, report.rs, README.md; tests/: values from papers and peers\n\
         4. {}   a sample of each form\n\
         5. cargo xtask gen                             its reference page, docs/methods/{id}.md\n\
         6. cargo xtask test",
        words.samples()
    );
    Ok(())
}

/// What stands in the templates for the method's own names.
struct Words {
    /// `geo-lift`
    id: String,
    /// `geo_lift`
    snake: String,
    /// `GeoLift`
    pascal: String,
    /// `Geo lift`
    title: String,
    question: String,
}

impl Words {
    fn of(name: &str, question: &str) -> Result<Self> {
        let is_part = |part: &str| {
            part.starts_with(|first: char| first.is_ascii_lowercase())
                && part.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
        };
        if !name.split('-').all(is_part) {
            bail!(
                "{name} is no name for a method: write small letters and digits, parted by single -, such as geo-lift"
            );
        }
        if VERBS.contains(&name) || KEYWORDS.contains(&name) {
            bail!("{name} is taken by a command or by the language; choose another name");
        }
        let question = question.trim();
        if !question.ends_with('?') || question.contains(['"', '\\', '\n', '{', '}']) {
            bail!("{question:?} is no plain question that ends with a question mark");
        }
        let capital = |part: &str| {
            part.chars().take(1).map(|first| first.to_ascii_uppercase()).chain(part.chars().skip(1)).collect()
        };
        let parts: Vec<String> = name.split('-').map(capital).collect();
        Ok(Self {
            id: name.to_owned(),
            snake: name.replace('-', "_"),
            pascal: parts.concat(),
            title: capital(&name.replace('-', " ")),
            question: question.to_owned(),
        })
    }

    /// A template with the method's names in their places.
    fn render(&self, template: &str) -> String {
        template
            .replace("METHOD_ID", &self.id)
            .replace("METHOD_SNAKE", &self.snake)
            .replace("METHOD_TITLE", &self.title)
            .replace("METHOD_QUESTION", &self.question)
            .replace("MethodType", &self.pascal)
    }

    fn samples(&self) -> String {
        format!("crates/mercer-registry/tests/conformance/{}.rs", self.snake)
    }
}

/// Writes the method into the workspace at `root`; gives the paths that were written.
///
/// # Errors
/// The method is there already, or a file is not as expected; then nothing is written.
fn write(root: &Path, words: &Words) -> Result<Vec<String>> {
    let folder = format!("methods/mercer-{}", words.id);
    for taken in [&folder, &words.samples()] {
        if root.join(taken).exists() {
            bail!("{taken} is there already; remove it or choose another name");
        }
    }
    // Everything is made before anything is written, so that a surprise leaves the tree as it was.
    let mut files: Vec<(String, String)> =
        FILES.iter().map(|(path, template)| (format!("{folder}/{path}"), words.render(template))).collect();
    files.push((words.samples(), words.render(SAMPLES)));
    for (path, edit) in [
        (ROOT_MANIFEST, in_root_manifest as Edit),
        (REGISTRY_MANIFEST, in_registry_manifest),
        (REGISTRY, in_registry),
        (SUITE, in_suite),
    ] {
        let text = std::fs::read_to_string(root.join(path)).with_context(|| format!("cannot read {path}"))?;
        let edited =
            edit(&text, words).with_context(|| format!("{path} is not as expected; add the method by hand"))?;
        files.push((path.to_owned(), edited));
    }
    for (path, text) in &files {
        let full = root.join(path);
        if let Some(folder) = full.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        std::fs::write(&full, text).with_context(|| format!("cannot write {path}"))?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

/// A change to a file of the workspace that makes the method known; nothing where the file is not as expected.
type Edit = fn(&str, &Words) -> Option<String>;

fn in_root_manifest(text: &str, words: &Words) -> Option<String> {
    let line = format!("mercer-{0} = {{ path = \"methods/mercer-{0}\" }}", words.id);
    after_last_line(text, |line| line.starts_with("mercer-") && line.contains("path = \"methods/"), &line)
}

/// Among the lines of the methods, in alphabetical order.
fn in_registry_manifest(text: &str, words: &Words) -> Option<String> {
    let new = format!("mercer-{}.workspace = true", words.id);
    let mut lines: Vec<&str> = text.lines().collect();
    let start = 1 + lines.iter().position(|line| line.starts_with("# One line a method"))?;
    let end = start + lines.iter().skip(start).take_while(|line| line.starts_with("mercer-")).count();
    let at = start + lines.get(start..end)?.iter().take_while(|line| **line < new.as_str()).count();
    lines.insert(at, &new);
    Some(lines.join("\n") + "\n")
}

fn in_registry(text: &str, words: &Words) -> Option<String> {
    let entry = format!("&mercer_{}::{}", words.snake, words.pascal);
    at_end_of_list(text, "pub static METHODS: &[&dyn AnyMethod] =", &entry)
}

fn in_suite(text: &str, words: &Words) -> Option<String> {
    let Words { id, snake, .. } = words;
    let with_module = after_last_line(text, |line| line.starts_with("mod "), &format!("mod {snake};"))?;
    let last = with_module.rfind("mercer_testkit::conformance!(")?;
    let end = last + with_module.get(last..)?.find(");\n")? + 3;
    let (before, after) = with_module.split_at_checked(end)?;
    let check = format!(
        "mercer_testkit::conformance!({snake}_promises, crate::method(\"{id}\"), crate::{snake}::samples());\n"
    );
    at_end_of_list(&format!("{before}{check}{after}"), "const CHECKED: &[&str] = &[", &format!("\"{id}\""))
}

/// The text with a line after the last one that `is_like` it.
fn after_last_line(text: &str, is_like: impl Fn(&str) -> bool, new: &str) -> Option<String> {
    let mut lines: Vec<&str> = text.lines().collect();
    let last = lines.iter().rposition(|line| is_like(line))?;
    lines.insert(last + 1, new);
    Some(lines.join("\n") + "\n")
}

/// The text with an entry at the end of the list that `opening` opens.
fn at_end_of_list(text: &str, opening: &str, entry: &str) -> Option<String> {
    let start = text.find(opening)? + opening.len();
    let end = start + text.get(start..)?.find("];")?;
    let (before, after) = text.split_at_checked(end)?;
    let before = before.trim_end().trim_end_matches(',');
    let comma = if before.ends_with('[') { "" } else { ", " };
    Some(format!("{before}{comma}{entry}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with copies of the files that are edited.
    fn copy() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for path in [ROOT_MANIFEST, REGISTRY_MANIFEST, REGISTRY, SUITE] {
            let full = folder.path().join(path);
            std::fs::create_dir_all(full.parent().unwrap()).unwrap();
            std::fs::copy(workspace::root().join(path), full).unwrap();
        }
        folder
    }

    fn words() -> Words {
        Words::of("zebra-lift", "Which zebras came because of us?").unwrap()
    }

    #[test]
    fn a_method_is_written_in_its_full_shape_and_made_known() {
        let folder = copy();
        let paths = write(folder.path(), &words()).unwrap();
        let read = |path: &str| std::fs::read_to_string(folder.path().join(path)).unwrap();
        for path in &paths {
            let text = read(path);
            for left in ["METHOD_", "MethodType"] {
                assert!(!text.contains(left), "{path} still holds {left}");
            }
        }
        assert!(read("methods/mercer-zebra-lift/src/lib.rs").contains("impl Method for ZebraLift"));
        assert!(read("methods/mercer-zebra-lift/src/spec.rs").contains("title: \"Zebra lift\""));
        let root: toml::Table = read(ROOT_MANIFEST).parse().unwrap();
        let line = &root["workspace"]["dependencies"]["mercer-zebra-lift"]["path"];
        assert_eq!(line.as_str(), Some("methods/mercer-zebra-lift"));
        let registry: toml::Table = read(REGISTRY_MANIFEST).parse().unwrap();
        assert_eq!(registry["dependencies"]["mercer-zebra-lift"]["workspace"].as_bool(), Some(true));
        assert!(read(REGISTRY).contains(", &mercer_zebra_lift::ZebraLift];"));
        let suite = read(SUITE);
        assert!(suite.contains("\nmod zebra_lift;\n") && suite.contains(", \"zebra-lift\"];"), "{suite}");
        assert!(suite.contains("conformance!(zebra_lift_promises, crate::method(\"zebra-lift\"), "), "{suite}");
    }

    #[test]
    fn a_method_that_is_there_is_left_alone() {
        let folder = copy();
        write(folder.path(), &words()).unwrap();
        let suite = || std::fs::read_to_string(folder.path().join(SUITE)).unwrap();
        let before = suite();
        let error = write(folder.path(), &words()).unwrap_err().to_string();
        assert!(error.contains("methods/mercer-zebra-lift is there already"), "{error}");
        assert_eq!(suite(), before);
    }

    #[test]
    fn nothing_is_written_where_a_file_is_not_as_expected() {
        let folder = copy();
        std::fs::write(folder.path().join(REGISTRY), "//! Another registry.\n").unwrap();
        let error = write(folder.path(), &words()).unwrap_err().to_string();
        assert!(error.contains(REGISTRY), "{error}");
        assert!(!folder.path().join("methods").exists());
    }

    #[test]
    fn names_and_questions_are_checked() {
        for name in ["", "Geo", "geo_lift", "geo--lift", "2x", "geo-", "run", "match"] {
            assert!(Words::of(name, "Why?").is_err(), "{name}");
        }
        for question in ["", "Why", "Why \"so\"?"] {
            assert!(Words::of("geo-lift", question).is_err(), "{question}");
        }
        assert_eq!(Words::of("geo-lift2", " Why? ").unwrap().pascal, "GeoLift2");
    }

    #[test]
    fn lines_find_their_place() {
        let manifest = "[dependencies]\n# One line a method, in alphabetical order.\nmercer-a.workspace = true\n\
                        mercer-z.workspace = true\n\n[lints]\n";
        let expected = manifest.replace("mercer-z.w", "mercer-geo.workspace = true\nmercer-z.w");
        assert_eq!(in_registry_manifest(manifest, &Words::of("geo", "Why?").unwrap()).unwrap(), expected);
        assert_eq!(at_end_of_list("A: x = &[];", "A: x = &[", "1").unwrap(), "A: x = &[1];");
        assert_eq!(at_end_of_list("A: x = &[\n    1,\n];", "A: x = &[", "2").unwrap(), "A: x = &[\n    1, 2];");
        assert_eq!(at_end_of_list("B", "A", "1"), None);
    }
}
