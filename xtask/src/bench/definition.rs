//! What a bench's folder states about itself in `bench.toml`: its inputs and how each system is called.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// The file `bench.toml`. Arguments are templates: `{input}`, `{output}`, `{threads}`, `{folds}`, `{text of FILE}` (a file
/// of the bench's folder) and the input's own values are filled in; in mercer's also `{fold}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Definition {
    /// Mercer's commands, unless an input has its own.
    mercer: Commands,
    /// Arguments of every peer's script.
    pub(super) peer: Vec<String>,
    /// Arguments of the scorer before the outputs.
    #[serde(default)]
    pub(super) compare: Vec<String>,
    /// The inputs, one table each; one generated folder where none is stated.
    #[serde(default, rename = "input")]
    inputs: Vec<Input>,
}

/// What a system is called with: the arguments of one command, or those of several that run one after the other.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Commands {
    One(Vec<String>),
    Several(Vec<Vec<String>>),
}

impl Commands {
    fn each(&self) -> &[Vec<String>] {
        match self {
            Self::One(arguments) => std::slice::from_ref(arguments),
            Self::Several(commands) => commands,
        }
    }
}

/// One input, and so one table.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// Its name; empty where it is the bench's only one.
    #[serde(default)]
    pub(super) name: String,
    /// A file that `generate.py` writes into its folder; the folder itself where it is not stated.
    #[serde(default)]
    generated: Option<String>,
    /// A file of the reference data, which never enters the tree; its bench is skipped where that is missing.
    #[serde(default)]
    reference: Option<String>,
    /// What the input is, for the caption; where it is not stated, what `generate.py` printed.
    #[serde(default)]
    pub(super) about: String,
    /// Mercer's commands on this input, where they differ from those on the others.
    #[serde(default)]
    mercer: Option<Commands>,
    /// In how many folds the input is cut; mercer's commands run once for each, a peer takes all in one process.
    #[serde(default = "one_fold")]
    folds: u16,
    /// What else differs between inputs, by placeholder.
    #[serde(default)]
    values: BTreeMap<String, String>,
}

/// An input that is not cut.
fn one_fold() -> u16 {
    1
}

/// Where an input comes from.
#[derive(Debug, PartialEq)]
pub(super) enum Source {
    /// `generate.py` writes it; the path is under the folder that it fills.
    Generated(PathBuf),
    /// The path is under the folder of reference data.
    Reference(PathBuf),
}

impl Definition {
    /// Reads `bench.toml` of the bench in `folder`.
    ///
    /// # Errors
    /// The file is missing, is not valid, or an input is both generated and reference data.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("bench.toml");
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} is not valid", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let mut definition: Self = toml::from_str(text)?;
        if definition.inputs.is_empty() {
            definition.inputs.push(Input { folds: one_fold(), ..Input::default() });
        }
        for (index, input) in definition.inputs.iter().enumerate() {
            if input.generated.is_some() && input.reference.is_some() {
                bail!("input {} is `generated` and `reference`; keep one", input.name);
            }
            if definition.inputs.iter().take(index).any(|other| other.name == input.name) {
                bail!("two inputs are named {:?}; their tables would replace each other", input.name);
            }
        }
        Ok(definition)
    }

    /// The inputs named in `only`, or all where none is named.
    ///
    /// # Errors
    /// A name is none of the inputs'.
    pub(super) fn inputs(&self, only: &[String]) -> Result<Vec<&Input>> {
        if let Some(unknown) = only.iter().find(|name| !self.inputs.iter().any(|input| input.name == **name)) {
            bail!("{unknown} is no input of this bench");
        }
        Ok(self.inputs.iter().filter(|input| only.is_empty() || only.contains(&input.name)).collect())
    }

    /// The arguments of mercer's commands on an input, in order: all of them for its first fold, then for the next.
    ///
    /// # Errors
    /// A placeholder has no value, or a file cannot be read.
    pub(super) fn mercer(
        &self,
        input: &Input,
        folder: &Path,
        values: &BTreeMap<String, String>,
    ) -> Result<Vec<Vec<String>>> {
        let commands = input.mercer.as_ref().unwrap_or(&self.mercer).each();
        let mut values = values.clone();
        let mut filled = Vec::new();
        for fold in 0..input.folds {
            values.insert("fold".into(), fold.to_string());
            for arguments in commands {
                filled.push(fill(arguments, folder, &values)?);
            }
        }
        Ok(filled)
    }
}

impl Input {
    /// Where it comes from.
    pub(super) fn source(&self) -> Source {
        match (&self.reference, &self.generated) {
            (Some(file), _) => Source::Reference(file.into()),
            (None, Some(file)) => Source::Generated(file.into()),
            (None, None) => Source::Generated(PathBuf::new()),
        }
    }

    /// What its templates are filled with, beside what differs between runs.
    pub(super) fn values(&self) -> BTreeMap<String, String> {
        let mut values = self.values.clone();
        values.insert("folds".into(), self.folds.to_string());
        values
    }

    /// The name of its table on the page of the benches.
    pub(super) fn table(&self, bench: &str) -> String {
        if self.name.is_empty() { bench.to_owned() } else { format!("{bench}/{}", self.name) }
    }
}

/// Fills `{name}` with its value and `{text of FILE}` with what the file in `folder` says.
///
/// # Errors
/// A placeholder has no value, or a file cannot be read.
pub(super) fn fill(templates: &[String], folder: &Path, values: &BTreeMap<String, String>) -> Result<Vec<String>> {
    templates.iter().map(|template| fill_one(template, folder, values)).collect()
}

fn fill_one(template: &str, folder: &Path, values: &BTreeMap<String, String>) -> Result<String> {
    let (mut filled, mut rest) = (String::new(), template);
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').with_context(|| format!("{template:?} lacks a closing brace"))?;
        filled.push_str(before);
        if let Some(file) = name.strip_prefix("text of ") {
            let text = std::fs::read_to_string(folder.join(file)).with_context(|| format!("cannot read {file}"))?;
            filled.push_str(&text);
        } else {
            filled.push_str(values.get(name).with_context(|| format!("{template:?}: {{{name}}} has no value"))?);
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: &str = "mercer = [\"query\"]\npeer = []\n";

    #[test]
    fn a_bench_without_inputs_has_one_generated_folder() {
        let definition = Definition::parse(MINIMAL).unwrap();
        let inputs = definition.inputs(&[]).unwrap();
        assert_eq!(inputs.len(), 1);
        assert_eq!(inputs[0].source(), Source::Generated(PathBuf::new()));
        assert_eq!(inputs[0].table("customer360"), "customer360");
    }

    #[test]
    fn inputs_are_chosen_by_name_and_have_a_table_each() {
        let text = format!(
            "{MINIMAL}[[input]]\nname = \"a\"\nreference = \"x/a.csv\"\n[[input]]\nname = \"b\"\ngenerated = \"b.csv\"\n"
        );
        let definition = Definition::parse(&text).unwrap();
        let all = definition.inputs(&[]).unwrap();
        assert_eq!(all[0].source(), Source::Reference("x/a.csv".into()));
        assert_eq!(all[1].source(), Source::Generated("b.csv".into()));
        let chosen = definition.inputs(&["b".into()]).unwrap();
        assert_eq!(chosen.iter().map(|input| input.table("bench")).collect::<Vec<_>>(), ["bench/b"]);
        assert_eq!(definition.inputs(&["c".into()]).unwrap_err().to_string(), "c is no input of this bench");
    }

    #[test]
    fn commands_run_for_every_fold_and_an_input_may_have_its_own() {
        let text = "mercer = [[\"fit\", \"{fold}\"], [\"predict\", \"{fold} of {folds}\"]]\npeer = []\n\
                    [[input]]\nname = \"cut\"\nfolds = 2\n[[input]]\nname = \"whole\"\nmercer = [\"fit\"]\n";
        let definition = Definition::parse(text).unwrap();
        let commands = |name: &str| {
            let input = definition.inputs(&[name.into()]).unwrap()[0];
            definition.mercer(input, Path::new("."), &input.values()).unwrap()
        };
        let expected = [["fit", "0"], ["predict", "0 of 2"], ["fit", "1"], ["predict", "1 of 2"]];
        assert_eq!(commands("cut"), expected);
        assert_eq!(commands("whole"), [["fit"]]);
    }

    #[test]
    fn contradictions_and_typing_errors_are_refused() {
        let input = |lines: &str| Definition::parse(&format!("{MINIMAL}[[input]]\n{lines}\n"));
        assert!(input("generated = \"a\"\nreference = \"b\"").is_err());
        assert!(input("name = \"a\"\n[[input]]\nname = \"a\"").is_err());
        assert!(input("refrence = \"b\"").is_err());
    }

    #[test]
    fn placeholders_are_filled_and_unknown_ones_refused() {
        let values = BTreeMap::from([("input".to_owned(), "in".to_owned()), ("threads".to_owned(), "2".to_owned())]);
        let fill = |template: &str| fill_one(template, Path::new(env!("CARGO_MANIFEST_DIR")), &values);
        assert_eq!(fill("{input}/{threads}.csv").unwrap(), "in/2.csv");
        assert_eq!(fill("model=bg-nbd").unwrap(), "model=bg-nbd");
        assert!(fill("{text of Cargo.toml}").unwrap().starts_with("[package]"));
        assert!(fill("{output}").unwrap_err().to_string().contains("{output} has no value"));
        assert!(fill("{input").is_err());
    }
}
