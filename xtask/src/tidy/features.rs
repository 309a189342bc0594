//! The binary alone and the whole workspace with its tests build every dependency with the same features.
//!
//! Cargo unites the features of what it builds at once. Where a test or a chore adds one to a crate below the engine,
//! `cargo run` and `cargo test --workspace` each compile the engine for themselves, which takes minutes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;

use super::Problem;
use crate::process;

/// The crate that users run.
const BINARY: &str = "mercer";

/// Each dependency whose features differ between the two builds.
///
/// # Errors
/// Cargo cannot resolve the dependencies.
pub(super) fn check(root: &Path) -> Result<Vec<Problem>> {
    let tree = |selection: &[&str]| {
        let format = ["--prefix", "none", "--format", "{p}|{f}"];
        process::output(process::cargo(root).arg("tree").args(selection).args(format))
    };
    let binary = tree(&["--package", BINARY, "--edges", "normal,build"])?;
    let workspace = tree(&["--workspace", "--edges", "normal,build,dev"])?;
    Ok(differences(&binary, &workspace).into_iter().map(|message| Problem::new("Cargo.toml", message)).collect())
}

fn differences(binary: &str, workspace: &str) -> Vec<String> {
    let (binary, workspace) = (builds(binary), builds(workspace));
    let mut messages = Vec::new();
    for (name, alone) in &binary {
        let Some(together) = workspace.get(name) else { continue };
        // A crate that build scripts use as well may have two sets of features; only new sets cost a build.
        if !alone.is_subset(together) {
            let words =
                |sets: &BTreeSet<&str>| sets.iter().map(|set| format!("[{set}]")).collect::<Vec<_>>().join(" and ");
            messages.push(format!(
                "{name} is compiled twice: with {} for {BINARY}, with {} for the tests; ask for the same features in both",
                words(alone),
                words(together)
            ));
        }
    }
    messages
}

/// The sets of features of each package of others, such as `rand v0.10.3`, in the output of `cargo tree`.
fn builds(tree: &str) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut builds: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in tree.lines() {
        let Some((package, features)) = line.split_once('|') else { continue };
        // Our own crates show their path.
        if package.contains(std::path::MAIN_SEPARATOR) {
            continue;
        }
        // A repeated line carries a star at its end.
        builds.entry(package).or_default().insert(features.trim_end_matches(" (*)").trim_end());
    }
    builds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_that_only_tests_ask_for_is_found() {
        let binary = "mercer v0.1.0 (/x/mercer)|\nrand v0.10.3|std\nserde v1.0.0|derive,std\nrand v0.10.3|std (*)\n";
        let workspace =
            "mercer v0.1.0 (/x/mercer)|test\nrand v0.10.3|std,sys_rng\nserde v1.0.0|derive,std\nproptest v1.0.0|std\n";
        let found = differences(binary, workspace);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with("rand v0.10.3 is compiled twice: with [std] for mercer, with [std,sys_rng]"),
            "{found:?}"
        );
        assert!(differences(binary, binary).is_empty());
    }

    #[test]
    fn two_versions_and_two_builds_of_a_crate_are_kept_apart() {
        let binary = "syn v2.0.0|full\nsyn v3.0.0|\nserde v1.0.0|std\n";
        let workspace = "syn v2.0.0|full\nsyn v3.0.0|\nserde v1.0.0|std\nserde v1.0.0|alloc,std\n";
        assert!(differences(binary, workspace).is_empty());
    }
}
