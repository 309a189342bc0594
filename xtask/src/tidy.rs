//! `cargo xtask tidy`: the project's rules that compilers do not check.

mod features;
mod layers;
mod links;
mod manifests;
mod sources;

use std::fmt;

use anyhow::{Result, bail};

pub(crate) use layers::{Place, place_of};

use crate::workspace::{self, Workspace};

/// A broken rule: where, and what to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The file, with its line where there is one.
    place: String,
    /// What is wrong and what the rule is.
    message: String,
}

impl Problem {
    fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Checks the tree and prints every broken rule.
///
/// # Errors
/// A rule is broken, or the workspace cannot be read.
pub(crate) fn run() -> Result<()> {
    let workspace = workspace::load()?;
    let problems = check(&workspace)?;
    for problem in &problems {
        println!("{problem}");
    }
    match problems.len() {
        0 => println!("{} crates and {} files are tidy", workspace.crates.len(), workspace.files.len()),
        1 => bail!("1 broken rule"),
        several => bail!("{several} broken rules"),
    }
    Ok(())
}

fn check(workspace: &Workspace) -> Result<Vec<Problem>> {
    let mut problems = layers::check(&workspace.crates, &workspace.locked);
    problems.extend(manifests::check(&workspace.crates, &workspace.files)?);
    problems.extend(sources::check(&workspace.files));
    problems.extend(links::check(&workspace.files));
    problems.extend(features::check(&workspace.root)?);
    Ok(problems)
}
