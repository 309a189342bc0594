//! What is measured: mercer's release binary and the peers, each a script in the bench's own virtual environment.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::once;
use crate::process;

/// The name of the system whose failure ends the bench.
pub(super) const MERCER: &str = "mercer";

/// One system under measurement.
pub(super) struct System {
    /// Its name, as its users write it.
    pub(super) name: String,
    /// The version under measurement.
    pub(super) version: String,
    program: PathBuf,
    /// The peer's script; nothing for mercer.
    script: Option<PathBuf>,
}

impl System {
    /// The program and its script, then the filled `arguments`.
    pub(super) fn command_line(&self, arguments: Vec<String>) -> Vec<String> {
        let paths = std::iter::once(&self.program).chain(&self.script);
        paths.map(|path| path.display().to_string()).chain(arguments).collect()
    }

    /// Name and version, for people.
    pub(super) fn title(&self) -> String {
        format!("{} {}", self.name, self.version)
    }
}

/// Mercer (built here) and the peers, each found by its script `peer_NAME.py`; only those named in `only`, if any.
///
/// # Errors
/// Mercer does not build, a peer has no pin, or a name in `only` is no system of this bench.
pub(super) fn find(root: &Path, target: &Path, folder: &Path, python: &Path, only: &[String]) -> Result<Vec<System>> {
    let pins = std::fs::read_to_string(folder.join("requirements.txt")).context("cannot read requirements.txt")?;
    let wanted = |name: &str| only.is_empty() || only.iter().any(|one| one == name);
    let mut systems = Vec::new();
    if wanted(MERCER) {
        process::run(process::cargo(root).args(["build", "--release", "--package", MERCER]))?;
        systems.push(System {
            name: MERCER.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            program: target.join("release").join(format!("{MERCER}{}", std::env::consts::EXE_SUFFIX)),
            script: None,
        });
    }
    let mut scripts: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        scripts.push(entry?.path());
    }
    scripts.sort();
    for script in scripts {
        let Some(name) = script.file_name().and_then(|name| peer_of(name.to_str()?)).filter(|name| wanted(name)) else {
            continue;
        };
        let Some(version) = pinned_for(&pins, &name) else {
            bail!("{name} has a script but no pin in requirements.txt; add `{name}==VERSION`");
        };
        let version = version.to_owned();
        systems.push(System { name, version, program: python.into(), script: Some(script) });
    }
    if let Some(unknown) = only.iter().find(|name| !systems.iter().any(|system| system.name == **name)) {
        bail!("{unknown} is no system of this bench");
    }
    Ok(systems)
}

/// A command that runs a script of the benches by `python`, which leaves no compiled copies of it in the tree.
pub(super) fn script(python: &Path, script: &Path) -> Command {
    let mut command = Command::new(python);
    command.env("PYTHONDONTWRITEBYTECODE", "1").arg(script);
    command
}

/// The package that a script stands for: `peer_some_name.py` for `some-name`.
fn peer_of(file: &str) -> Option<String> {
    Some(file.strip_prefix("peer_")?.strip_suffix(".py")?.replace('_', "-"))
}

/// The version that `requirements.txt` pins for a peer: of the package of its name, or of the longest beginning of it that ends
/// before a hyphen (`implicit` for `implicit-als`), so that a package may bring several peers.
fn pinned_for<'a>(requirements: &'a str, name: &str) -> Option<&'a str> {
    let mut package = name;
    loop {
        if let Some(version) = pinned(requirements, package) {
            return Some(version);
        }
        package = package.rsplit_once('-')?.0;
    }
}

/// The version that `requirements.txt` pins for a package.
fn pinned<'a>(requirements: &'a str, package: &str) -> Option<&'a str> {
    requirements.lines().find_map(|line| line.trim().strip_prefix(package)?.strip_prefix("==")).map(str::trim)
}

/// The Python of the bench's own virtual environment, made anew where the pins changed.
///
/// # Errors
/// There is no `python3` with its venv module, or the pins cannot be installed.
pub(super) fn virtual_environment(folder: &Path, work: &Path) -> Result<PathBuf> {
    let pins = folder.join("requirements.txt");
    let wanted = std::fs::read_to_string(&pins).with_context(|| format!("cannot read {}", pins.display()))?;
    let environment = work.join("venv");
    let python = environment.join("bin").join("python");
    once(&environment.join("installed"), &wanted, || {
        let made = process::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment));
        made.context("cannot make a virtual environment; the bench needs python3 with its venv module")?;
        let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
        process::run(Command::new(&python).args(install).arg(&pins)).context("cannot install the peers")
    })?;
    Ok(python)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_read_by_package() {
        let requirements = "# peers\nduckdb==2.0.0\npolars-extra==9\npolars==2.1.0 \n";
        assert_eq!(pinned(requirements, "duckdb"), Some("2.0.0"));
        assert_eq!(pinned(requirements, "polars"), Some("2.1.0"));
        assert_eq!(pinned(requirements, "pandas"), None);
        assert_eq!(pinned_for(requirements, "polars-lazy-2"), Some("2.1.0"));
        assert_eq!(pinned_for(requirements, "pandas-3"), None);
    }

    #[test]
    fn scripts_are_named_after_their_package() {
        assert_eq!(peer_of("peer_pymc_marketing.py").as_deref(), Some("pymc-marketing"));
        assert_eq!(peer_of("compare.py"), None);
        assert_eq!(peer_of("peer_notes.txt"), None);
    }

    #[test]
    fn a_script_stands_between_program_and_arguments() {
        let mut system = System {
            name: "a".into(),
            version: "1".into(),
            program: "python".into(),
            script: Some("peer_a.py".into()),
        };
        assert_eq!(system.command_line(vec!["--threads".into(), "2".into()]).join(" "), "python peer_a.py --threads 2");
        system.script = None;
        assert_eq!(system.command_line(vec!["query".into()]).join(" "), "python query");
    }
}
