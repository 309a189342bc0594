//! `cargo xtask gen`: pages written from the code, so that they cannot drift from it.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::process;
use crate::tidy::{Place, place_of};
use crate::workspace::{self, Workspace};

#[derive(Args)]
pub(crate) struct Options {
    /// Writes nothing; fails where a page is not what it would write.
    #[arg(long)]
    pub(crate) check: bool,
}

/// The map of the crates.
const CRATE_MAP: &str = "docs/CRATES.md";
/// The folder of the methods' reference pages; nothing else lives there.
const METHODS: &str = "docs/methods/";

/// Sizes are rounded to this many lines, so that the page changes with the crates and not with every edit.
const LINES_STEP: usize = 500;

/// Writes the pages, or with `--check` compares them with what is on disk.
///
/// # Errors
/// A page is stale (with `--check`) or cannot be written, or the methods do not build.
pub(crate) fn run(options: &Options) -> Result<()> {
    let workspace = workspace::load()?;
    let mut stale = Vec::new();
    // The map first: it needs no build.
    settle(&workspace, CRATE_MAP, &crate_map(&workspace), options, &mut stale)?;
    let pages = reference_pages(&workspace)?;
    for (path, text) in &pages {
        settle(&workspace, path, text, options, &mut stale)?;
    }
    for left_over in left_over(&workspace, &pages) {
        if options.check {
            stale.push(left_over.to_owned());
        } else {
            std::fs::remove_file(workspace.root.join(left_over))
                .with_context(|| format!("cannot remove {left_over}"))?;
            println!("removed {left_over}: no method has it");
        }
    }
    if !stale.is_empty() {
        bail!("stale: {}; run `cargo xtask gen` and commit what it writes", stale.join(", "));
    }
    Ok(())
}

/// Writes a page that is not as it should be, or notes it as stale.
fn settle(workspace: &Workspace, path: &str, text: &str, options: &Options, stale: &mut Vec<String>) -> Result<()> {
    let full = workspace.root.join(path);
    if std::fs::read_to_string(&full).is_ok_and(|found| found == text) {
        println!("{path} is up to date");
    } else if options.check {
        stale.push(path.to_owned());
    } else {
        let folder = full.parent().unwrap_or(&workspace.root);
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        std::fs::write(&full, text).with_context(|| format!("cannot write {path}"))?;
        println!("wrote {path}");
    }
    Ok(())
}

/// The reference pages of the methods, their paths to their texts, as the registry's example prints them.
fn reference_pages(workspace: &Workspace) -> Result<BTreeMap<String, String>> {
    let example = ["run", "--quiet", "--package", "mercer-registry", "--example", "reference"];
    let printed = process::output(process::cargo(&workspace.root).args(example))?;
    let pages: BTreeMap<String, String> =
        serde_json::from_str(&printed).context("the reference pages are no JSON object of texts")?;
    if let Some(outside) = pages.keys().find(|path| !path.starts_with(METHODS)) {
        bail!("the reference page {outside} does not belong in {METHODS}");
    }
    Ok(pages)
}

/// Files among the reference pages that no method has any more.
fn left_over<'a>(workspace: &'a Workspace, pages: &BTreeMap<String, String>) -> Vec<&'a str> {
    let files = workspace.files.iter().map(|file| file.path.as_str());
    files.filter(|path| path.starts_with(METHODS) && !pages.contains_key(*path)).collect()
}

/// The map of the crates, from the top layer down.
fn crate_map(workspace: &Workspace) -> String {
    let mut page = String::from(
        "# Crates\n\n<!-- Written by `cargo xtask gen`; edit the crates, not this page. -->\n\n\
         A crate uses crates of lower layers only; `cargo xtask tidy` checks it. Side crates stand beside the layers.\n\
         Lines are those of its Rust files, tests included, to the nearest 500.\n\n\
         | layer | crate | what lives there | uses | lines |\n| --- | --- | --- | --- | --- |\n",
    );
    let mut crates: Vec<_> = workspace.crates.iter().map(|krate| (place_of(krate), krate)).collect();
    // Highest layer first, side crates last.
    crates.sort_by_key(|(place, krate)| match place {
        Some(Place::Layer(layer)) => (0, usize::MAX - layer, krate.name.clone()),
        _ => (1, 0, krate.name.clone()),
    });
    for (place, krate) in crates {
        let layer = match place {
            Some(Place::Layer(layer)) => layer.to_string(),
            _ => "side".into(),
        };
        let is_ours = |name: &&str| workspace.crates.iter().any(|other| other.name == **name);
        let mut uses: Vec<&str> = krate.uses().filter(is_ours).collect();
        uses.sort_unstable();
        let uses = if uses.is_empty() { "—".into() } else { uses.join(", ") };
        let folder = format!("{}/", krate.folder);
        let ours = workspace.files.iter().filter(|file| file.path.starts_with(&folder) && file.path.ends_with(".rs"));
        let lines: usize = ours.filter_map(|file| Some(file.text.as_deref()?.lines().count())).sum();
        let crate_link = format!("[{}](../{})", krate.name, krate.folder);
        page.push_str(&format!("| {layer} | {crate_link} | {} | {uses} | {} |\n", krate.description, rounded(lines)));
    }
    page
}

fn rounded(lines: usize) -> String {
    match (lines + LINES_STEP / 2) / LINES_STEP * LINES_STEP {
        0 => format!("< {}", LINES_STEP / 2),
        lines => lines.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_crate_is_on_the_map_once_with_its_layer() {
        let workspace = workspace::load().unwrap();
        let page = crate_map(&workspace);
        for krate in &workspace.crates {
            assert_eq!(
                page.matches(&format!("| [{}](../{}) |", krate.name, krate.folder)).count(),
                1,
                "{}",
                krate.name
            );
        }
        assert!(page.contains("| 0 | [mercer-base](../crates/mercer-base) |"));
        assert!(page.contains("| side | [xtask](../xtask) |"));
    }

    #[test]
    fn pages_of_methods_that_are_gone_are_found() {
        let mut workspace = workspace::load().unwrap();
        workspace.files.truncate(1);
        let mut file = workspace.files[0].clone();
        for path in ["docs/methods/gone.md", "docs/methods/here.md", "docs/other.md"] {
            file.path = path.into();
            workspace.files.push(file.clone());
        }
        let pages = BTreeMap::from([("docs/methods/here.md".to_owned(), String::new())]);
        assert_eq!(left_over(&workspace, &pages), ["docs/methods/gone.md"]);
    }

    #[test]
    fn sizes_are_rounded() {
        assert_eq!(rounded(249), "< 250");
        assert_eq!(rounded(250), "500");
        assert_eq!(rounded(1_749), "1500");
    }
}
