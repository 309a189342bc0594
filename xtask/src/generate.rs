//! `cargo xtask gen`: pages written from the code, so that they cannot drift from it.

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::tidy::{Place, place_of};
use crate::workspace::{self, Workspace};

#[derive(Args)]
pub(crate) struct Options {
    /// Writes nothing; fails where a page is not what it would write.
    #[arg(long)]
    pub(crate) check: bool,
}

/// A generated page: its path and how its text is made.
struct Page {
    path: &'static str,
    text: fn(&Workspace) -> String,
}

const PAGES: &[Page] = &[Page { path: "docs/CRATES.md", text: crate_map }];

/// Sizes are rounded to this many lines, so that the page changes with the crates and not with every edit.
const LINES_STEP: usize = 500;

/// Writes the pages, or with `--check` compares them with what is on disk.
///
/// # Errors
/// A page is stale (with `--check`) or cannot be written.
pub(crate) fn run(options: &Options) -> Result<()> {
    let workspace = workspace::load()?;
    let mut stale = Vec::new();
    for page in PAGES {
        let path = workspace.root.join(page.path);
        let text = (page.text)(&workspace);
        if std::fs::read_to_string(&path).is_ok_and(|found| found == text) {
            println!("{} is up to date", page.path);
        } else if options.check {
            stale.push(page.path);
        } else {
            let folder = path.parent().unwrap_or(&workspace.root);
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            std::fs::write(&path, text).with_context(|| format!("cannot write {}", page.path))?;
            println!("wrote {}", page.path);
        }
    }
    if !stale.is_empty() {
        bail!("stale: {}; run `cargo xtask gen` and commit what it writes", stale.join(", "));
    }
    Ok(())
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
    fn sizes_are_rounded() {
        assert_eq!(rounded(249), "< 250");
        assert_eq!(rounded(250), "500");
        assert_eq!(rounded(1_749), "1500");
    }
}
