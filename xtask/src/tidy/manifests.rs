//! Rules for `Cargo.toml` files: what every crate inherits, and that every version is written once.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use toml::{Table, Value};

use super::Problem;
use crate::workspace::{Crate, ProjectFile};

/// Fields of `[package]` that are the same for every crate.
const INHERITED: &[&str] = &["version", "edition", "rust-version", "license", "publish"];
/// The tables that name dependencies.
const DEPENDENCIES: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];
const ROOT: &str = "Cargo.toml";

/// Every broken rule of the project's manifests.
///
/// # Errors
/// A manifest is not TOML.
pub(super) fn check(crates: &[Crate], files: &[ProjectFile]) -> Result<Vec<Problem>> {
    let mut problems = Vec::new();
    let mut used = BTreeSet::new();
    let members: BTreeSet<String> = crates.iter().map(|krate| format!("{}/Cargo.toml", krate.folder)).collect();
    let mut root = Table::new();
    for file in files.iter().filter(|file| file.path == ROOT || file.path.ends_with("/Cargo.toml")) {
        let manifest: Table = file
            .text
            .as_deref()
            .unwrap_or_default()
            .parse()
            .with_context(|| format!("{} is not valid TOML", file.path))?;
        if file.path == ROOT {
            if manifest.contains_key("package") {
                problems.push(Problem::new(ROOT, "the workspace is virtual: no [package] at the root"));
            }
            root = manifest;
        } else if members.contains(&file.path) {
            problems.extend(check_crate(&manifest).into_iter().map(|message| Problem::new(&file.path, message)));
            used.extend(dependency_lines(&manifest).map(|(name, _)| name.clone()));
        } else {
            problems.push(Problem::new(
                &file.path,
                "a crate outside the workspace: only crates/, methods/ and xtask/ hold crates",
            ));
        }
    }
    for name in shared_versions(&root).filter(|name| !used.contains(*name)) {
        problems.push(Problem::new(ROOT, format!("no crate uses the workspace dependency {name}; remove its line")));
    }
    Ok(problems)
}

/// Names under `[workspace.dependencies]`, our own crates apart.
fn shared_versions(root: &Table) -> impl Iterator<Item = &String> {
    let shared = root.get("workspace").and_then(|workspace| workspace.get("dependencies")).and_then(Value::as_table);
    shared.into_iter().flatten().filter(|(_, line)| line.get("path").is_none()).map(|(name, _)| name)
}

/// What is wrong with the manifest of one crate.
fn check_crate(manifest: &Table) -> Vec<String> {
    let mut problems = Vec::new();
    let package = manifest.get("package");
    for field in INHERITED {
        if !package.and_then(|package| package.get(field)).is_some_and(inherits) {
            problems.push(format!("`{field}.workspace = true` is missing under [package]"));
        }
    }
    if package.and_then(|package| package.get("description")?.as_str()).is_none_or(|text| text.trim().is_empty()) {
        problems.push("`description` is missing under [package]".into());
    }
    if !manifest.get("lints").is_some_and(inherits) {
        problems.push("`workspace = true` is missing under [lints]".into());
    }
    for (name, line) in dependency_lines(manifest) {
        if !inherits(line) {
            problems.push(format!(
                "{name} is pinned here; write its version under [workspace.dependencies] and inherit it"
            ));
        }
    }
    problems
}

/// Every dependency with its line, those for one platform included.
fn dependency_lines(manifest: &Table) -> impl Iterator<Item = (&String, &Value)> {
    let platforms = manifest.get("target").and_then(Value::as_table).into_iter().flatten();
    let tables = std::iter::once(manifest).chain(platforms.filter_map(|(_, platform)| platform.as_table()));
    tables.flat_map(|table| DEPENDENCIES.iter().filter_map(|kind| table.get(*kind)?.as_table())).flatten()
}

fn inherits(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str = "[package]\nname = \"mercer-a\"\ndescription = \"A.\"\nversion.workspace = true\nedition.workspace = true\n\
        rust-version.workspace = true\nlicense.workspace = true\npublish.workspace = true\n\
        [dependencies]\nserde.workspace = true\n[lints]\nworkspace = true\n";
    const SHARED: &str = "[workspace.dependencies]\nserde = \"1\"\nmercer-a = { path = \"crates/mercer-a\" }\n";

    fn file(path: &str, text: &str) -> ProjectFile {
        ProjectFile { path: path.into(), bytes: text.len(), text: Some(text.into()) }
    }

    fn problems(files: &[ProjectFile]) -> Vec<String> {
        let member = Crate {
            name: "mercer-a".into(),
            folder: "crates/mercer-a".into(),
            description: String::new(),
            dependencies: Vec::new(),
        };
        check(&[member], files).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_sound_manifest_passes() {
        assert!(problems(&[file("Cargo.toml", SHARED), file("crates/mercer-a/Cargo.toml", SOUND)]).is_empty());
    }

    #[test]
    fn every_field_lint_and_version_is_inherited() {
        let own = SOUND
            .replace("license.workspace = true", "license = \"MIT\"")
            .replace("[lints]\nworkspace = true", "")
            .replace("serde.workspace = true", "serde = \"1\"\n[target.'cfg(unix)'.dev-dependencies]\nlibc = \"0.2\"");
        let found = problems(&[file("Cargo.toml", SHARED), file("crates/mercer-a/Cargo.toml", &own)]);
        assert_eq!(found.len(), 4, "{found:?}");
        for part in ["license.workspace", "[lints]", "serde is pinned", "libc is pinned"] {
            assert!(found.iter().any(|problem| problem.contains(part)), "{part}: {found:?}");
        }
    }

    #[test]
    fn crates_outside_packages_at_the_root_and_unused_versions_are_found() {
        let root = format!("{SHARED}rand = \"0.10\"\n[package]\nname = \"x\"\n");
        let found = problems(&[
            file("Cargo.toml", &root),
            file("crates/mercer-a/Cargo.toml", SOUND),
            file("tools/b/Cargo.toml", SOUND),
        ]);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found.iter().any(|problem| problem.starts_with("tools/b/Cargo.toml: a crate outside")));
        assert!(found.iter().any(|problem| problem.contains("dependency rand")));
        assert!(found.iter().any(|problem| problem.contains("virtual")));
    }
}
