//! Links in Markdown files point to files that exist.

use std::collections::BTreeSet;

use super::Problem;
use crate::workspace::ProjectFile;

/// Every link to a file or folder that is not part of the project.
pub(super) fn check(files: &[ProjectFile]) -> Vec<Problem> {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for file in files {
        known.insert(&file.path);
        known.extend(file.path.match_indices('/').filter_map(|(end, _)| file.path.get(..end)));
    }
    let mut problems = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".md")) {
        for (line, target) in links(file.text.as_deref().unwrap_or_default()) {
            let resolved = resolve(&file.path, target);
            if resolved.as_deref().is_none_or(|path| !path.is_empty() && !known.contains(path)) {
                problems.push(Problem::new(
                    format!("{}:{line}", file.path),
                    format!("links to {target}, which is not in the project"),
                ));
            }
        }
    }
    problems
}

/// Relative link targets with their line numbers, code apart.
fn links(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_code = false;
    (1..).zip(text.lines()).flat_map(move |(number, line)| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        let readable = if in_code || fence { "" } else { line };
        let targets: Vec<&str> =
            readable.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next()).collect();
        targets.into_iter().filter(|target| is_relative(target)).map(move |target| (number, target))
    })
}

fn is_relative(target: &str) -> bool {
    !target.contains(':') && !target.starts_with('#') && !target.is_empty()
}

/// The path under the root that `target` means in the file at `from`; `None` where it leaves the project.
fn resolve(from: &str, target: &str) -> Option<String> {
    let target = target.split('#').next().unwrap_or_default();
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> ProjectFile {
        ProjectFile { path: path.into(), bytes: text.len(), text: Some(text.into()) }
    }

    #[test]
    fn dead_links_are_found_and_live_ones_are_not() {
        let text = "[design](../ARCHITECTURE.md#layers), [crates](../crates/), [web](https://example.com/x.md), [up](#top)\n\
                    ```\n[code](nowhere.md)\n```\n[dead](gone.md) ![picture](a.png \"title\") [out](../../x.md)\n";
        let files = [
            file("docs/a.md", text),
            file("ARCHITECTURE.md", ""),
            file("crates/x/src/lib.rs", ""),
            file("docs/a.png", ""),
        ];
        let found: Vec<String> = check(&files).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "docs/a.md:5: links to gone.md, which is not in the project",
                "docs/a.md:5: links to ../../x.md, which is not in the project"
            ]
        );
    }
}
