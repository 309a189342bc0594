//! The workspace as the chores see it: its crates, the locked dependency graph and the files that belong to the project.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process;

/// A crate of this workspace.
#[derive(Debug, Clone)]
pub(crate) struct Crate {
    /// Its name, such as `mercer-base`.
    pub(crate) name: String,
    /// Its folder under the workspace root, with `/` between parts.
    pub(crate) folder: String,
    /// One line from its manifest.
    pub(crate) description: String,
    /// What it uses directly, optional dependencies included.
    pub(crate) dependencies: Vec<Dependency>,
}

impl Crate {
    /// Names of the crates it uses outside its tests.
    pub(crate) fn uses(&self) -> impl Iterator<Item = &str> {
        self.dependencies.iter().filter(|dependency| !dependency.only_tests).map(|dependency| dependency.name.as_str())
    }
}

/// One line under `[dependencies]` or its kin.
#[derive(Debug, Clone)]
pub(crate) struct Dependency {
    /// The crate it names.
    pub(crate) name: String,
    /// Whether it is a dev-dependency.
    pub(crate) only_tests: bool,
}

/// Which crates each crate of `Cargo.lock` uses, by name; versions of one crate are merged.
pub(crate) type Locked = BTreeMap<String, BTreeSet<String>>;

/// A file that belongs to the project.
#[derive(Debug, Clone)]
pub(crate) struct ProjectFile {
    /// Path under the workspace root, with `/` between parts.
    pub(crate) path: String,
    /// Size in bytes.
    pub(crate) bytes: usize,
    /// Its text; `None` where it is binary.
    pub(crate) text: Option<String>,
}

/// What `cargo metadata` says, as far as it is used here.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    description: Option<String>,
    manifest_path: PathBuf,
    dependencies: Vec<DependencyLine>,
}

#[derive(Deserialize)]
struct DependencyLine {
    name: String,
    /// `dev`, `build`, or nothing for a plain one.
    kind: Option<String>,
}

impl Package {
    fn into_crate(self, root: &Path) -> Crate {
        let folder = self.manifest_path.parent().and_then(|folder| folder.strip_prefix(root).ok());
        let lines = self.dependencies.into_iter();
        Crate {
            name: self.name,
            folder: folder.map(with_slashes).unwrap_or_default(),
            description: self.description.unwrap_or_default(),
            dependencies: lines
                .map(|line| Dependency { name: line.name, only_tests: line.kind.as_deref() == Some("dev") })
                .collect(),
        }
    }
}

/// Everything the chores look at.
pub(crate) struct Workspace {
    /// The folder of the root `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Where cargo builds.
    pub(crate) target: PathBuf,
    /// The crates, by name.
    pub(crate) crates: Vec<Crate>,
    /// The dependency graph beyond the direct dependencies.
    pub(crate) locked: Locked,
    /// The project's files, by path.
    pub(crate) files: Vec<ProjectFile>,
}

/// The workspace root.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}

/// Reads the workspace from disk: `cargo metadata`, `Cargo.lock` and the files git knows or would add.
///
/// # Errors
/// Cargo refuses a manifest, or a file cannot be read.
pub(crate) fn load() -> Result<Workspace> {
    let root = root();
    // Direct dependencies only: resolving them all would fetch the crates of every other platform.
    let metadata = process::output(process::cargo(&root).args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Metadata = serde_json::from_str(&metadata).context("cannot read what cargo metadata says")?;
    let mut crates: Vec<Crate> = metadata.packages.into_iter().map(|package| package.into_crate(&root)).collect();
    crates.sort_by(|a, b| a.name.cmp(&b.name));
    let lock = root.join("Cargo.lock");
    let lock = std::fs::read_to_string(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    Ok(Workspace { target: metadata.target_directory, crates, locked: locked(&lock)?, files: files(&root)?, root })
}

/// Reads the graph of a `Cargo.lock`.
///
/// # Errors
/// The text is not TOML.
pub(crate) fn locked(text: &str) -> Result<Locked> {
    let lock: toml::Table = text.parse().context("Cargo.lock is not valid TOML")?;
    let mut graph = Locked::new();
    for package in lock.get("package").and_then(toml::Value::as_array).into_iter().flatten() {
        let Some(name) = package.get("name").and_then(toml::Value::as_str) else { continue };
        let uses = package.get("dependencies").and_then(toml::Value::as_array).into_iter().flatten();
        // A line is `name`, or `name version` where the lock holds several versions.
        let uses = uses.filter_map(|line| line.as_str()?.split(' ').next().map(str::to_owned));
        graph.entry(name.to_owned()).or_default().extend(uses);
    }
    Ok(graph)
}

/// The project's files: what git tracks or would add; without git, everything outside build and demo folders.
fn files(root: &Path) -> Result<Vec<ProjectFile>> {
    let listed = process::output(Command::new("git").current_dir(root).args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]));
    let paths: BTreeSet<String> = match listed {
        Ok(listed) => listed.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect(),
        Err(_) => walk(root, root)?,
    };
    let mut files = Vec::new();
    for path in paths {
        let full = root.join(&path);
        // Git still lists a file that was deleted but not yet committed; links are followed by whoever reads them.
        if !full.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
            continue;
        }
        let bytes = std::fs::read(&full).with_context(|| format!("cannot read {path}"))?;
        let size = bytes.len();
        let text = String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'));
        files.push(ProjectFile { path, bytes: size, text });
    }
    Ok(files)
}

fn walk(root: &Path, folder: &Path) -> Result<BTreeSet<String>> {
    const NOT_OURS: &[&str] = &["target", "demo", ".git", ".venv"];
    let mut paths = BTreeSet::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() && !NOT_OURS.iter().any(|name| entry.file_name() == *name) {
            paths.extend(walk(root, &path)?);
        } else if kind.is_file() {
            paths.insert(path.strip_prefix(root).map(with_slashes).unwrap_or_default());
        }
    }
    Ok(paths)
}

fn with_slashes(path: &Path) -> String {
    path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_lock_with_and_without_versions() {
        let graph = locked(
            "version = 4\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\ndependencies = [\"b 0.1.0\", \"c\"]\n\
             [[package]]\nname = \"b\"\nversion = \"0.1.0\"\n[[package]]\nname = \"a\"\nversion = \"2.0.0\"\ndependencies = [\"d\"]\n",
        )
        .unwrap();
        assert_eq!(graph["a"], BTreeSet::from(["b".to_owned(), "c".to_owned(), "d".to_owned()]));
        assert!(graph["b"].is_empty());
    }

    #[test]
    fn finds_this_very_crate_and_file() {
        let workspace = load().unwrap();
        let xtask = workspace.crates.iter().find(|krate| krate.name == "xtask").unwrap();
        assert_eq!(xtask.folder, "xtask");
        assert!(xtask.uses().any(|name| name == "clap"));
        let this = workspace.files.iter().find(|file| file.path == "xtask/src/workspace.rs").unwrap();
        assert!(this.text.as_deref().is_some_and(|text| text.starts_with("//!")));
        assert!(workspace.locked["xtask"].contains("serde_json"));
    }
}
