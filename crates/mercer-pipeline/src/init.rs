//! `mercer init`: from a folder of exports to a commented `mercer.toml`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use mercer_base::{Currency, Error, Result};
use mercer_schema::infer::{self, Evidence, LeftOut, Proposal};
use mercer_schema::{SourceSpec, Table};
use mercer_source::{FileProfile, ReadOptions, profile};
use rayon::prelude::*;

use crate::commented;
use crate::config::{EngineConfig, FILE_NAME, ProjectConfig, ProjectInfo};
use crate::files;

/// Rows of a file that its profile is made from; more would not tell more.
const PROFILED_ROWS: u64 = 2_000_000;
/// Endings (before `.gz`) of files that may hold tables.
const ENDINGS: &[&str] =
    &["csv", "tsv", "txt", "dat", "json", "jsonl", "ndjson", "parquet", "pq", "xlsx", "xls", "xlsb", "ods"];

/// What the user said beside the files.
#[derive(Debug, Clone, Default)]
pub struct InitOptions {
    /// Names of the columns, for files without a header.
    pub columns: Option<Vec<String>>,
    /// Whether an existing `mercer.toml` may be replaced.
    pub force: bool,
    /// The project's name; the folder's where absent.
    pub name: Option<String>,
}

/// What was found and written.
#[derive(Debug, Clone)]
pub struct InitOutcome {
    /// The file that was written.
    pub config_file: PathBuf,
    /// What it says.
    pub config: ProjectConfig,
    /// The sources found.
    pub sources: Vec<InitSource>,
    /// Files nothing is read from, and why.
    pub left_out: Vec<LeftOut>,
    /// What to know before trusting the mapping.
    pub warnings: Vec<String>,
    /// What only people can answer: the source it is about, and the question. Each stands as `CHECK` in the file.
    pub questions: Vec<(String, String)>,
}

/// One source as found.
#[derive(Debug, Clone)]
pub struct InitSource {
    /// Its name.
    pub name: String,
    /// Its files.
    pub files: Vec<PathBuf>,
    /// Rows of all its files (of each at most the first two million were counted).
    pub rows: u64,
    /// What a row is.
    pub rows_are: Table,
    /// How certain that is, 0 to 1.
    pub certainty: f64,
    /// Why.
    pub reason: String,
    /// Fields that are mapped.
    pub mapped: usize,
    /// Columns kept as attributes.
    pub attributes: usize,
    /// Columns that are not read.
    pub unmapped: usize,
}

/// Looks at files (or the files in folders, or patterns with `*`), finds out what they hold and writes `mercer.toml`
/// into `project_dir`, which must exist; nothing else is written.
///
/// # Errors
/// When there is a `mercer.toml` already and `force` is not set, when there are no files, when none can be used, or
/// when a file cannot be written.
pub fn init(project_dir: &Path, from: &[PathBuf], options: &InitOptions) -> Result<InitOutcome> {
    let config_file = project_dir.join(FILE_NAME);
    if config_file.exists() && !options.force {
        return Err(Error::config(format!("{} is there already", config_file.display()))
            .with_hint("add --force to replace it, or name another folder with --project"));
    }
    let mut warnings = Vec::new();
    let found = expand(project_dir, from, &mut warnings)?;
    let read = ReadOptions { columns: options.columns.clone(), ..ReadOptions::default() };
    let looked: Vec<Result<FileProfile>> =
        found.par_iter().map(|file| profile(file, &read, Some(PROFILED_ROWS))).collect();
    let mut profiles = Vec::new();
    let mut left_out = Vec::new();
    for (file, outcome) in found.iter().zip(looked) {
        match outcome {
            Ok(profile) => profiles.push(profile),
            Err(error) => {
                // The file's name stands in front of the reason already.
                let (reason, name) = (error.to_string(), file.display().to_string());
                let rest = reason.strip_prefix(&name).map(|rest| rest.trim_start_matches([':', ',', ' ']).to_owned());
                left_out.push(LeftOut { file: file.clone(), reason: rest.unwrap_or(reason) });
            }
        }
    }
    let mut proposal = infer::propose(&profiles);
    left_out.append(&mut proposal.left_out);
    warnings.append(&mut proposal.warnings);
    for source in &mut proposal.sources {
        source.spec.read = read.clone();
    }
    if proposal.sources.is_empty() {
        return Err(nothing_usable(&left_out));
    }
    weigh(&mut proposal, &mut warnings);
    let base = absolute(project_dir)?;
    let paths: Vec<Vec<PathBuf>> =
        proposal.sources.iter().map(|s| s.spec.files.iter().map(PathBuf::from).collect()).collect();
    for (source, files) in proposal.sources.iter_mut().zip(&paths) {
        source.spec.files = patterns(&base, files)?;
    }
    let name = options.name.clone().unwrap_or_else(|| folder_name(&base));
    let config = ProjectConfig {
        project: ProjectInfo {
            name,
            title: None,
            currency: proposal.currency.as_ref().map(|guess| Currency::new(&guess.code)).unwrap_or_default(),
        },
        rules: proposal.rules.clone(),
        engine: EngineConfig::default(),
        sources: proposal.sources.iter().map(|source| source.spec.clone()).collect(),
        methods: BTreeMap::new(),
    };
    let text = commented::write(&config, &proposal, &profiles, &left_out, &warnings);
    // What is written must say what was meant; a slip here would be read back as another project.
    let reread = ProjectConfig::parse(&text, &config_file)?;
    if reread != config {
        return Err(Error::internal(format!("the proposed {FILE_NAME} does not read back as it was meant")));
    }
    std::fs::write(&config_file, text).map_err(|cause| Error::io(&config_file, cause))?;
    Ok(outcome(config_file, config, &proposal, paths, left_out, warnings))
}

fn outcome(
    config_file: PathBuf,
    config: ProjectConfig,
    proposal: &Proposal,
    paths: Vec<Vec<PathBuf>>,
    left_out: Vec<LeftOut>,
    warnings: Vec<String>,
) -> InitOutcome {
    let sources = proposal.sources.iter().zip(paths).map(|(source, files)| InitSource {
        name: source.spec.name.clone(),
        files,
        rows: source.rows,
        rows_are: source.spec.rows_are,
        certainty: source.certainty,
        reason: source.reason.clone(),
        mapped: source.columns.len(),
        attributes: source.spec.attributes.values().map(Vec::len).sum(),
        unmapped: source.unmapped.len(),
    });
    let questions = proposal
        .sources
        .iter()
        .flat_map(|source| source.questions.iter().map(|question| (source.spec.name.clone(), question.text.clone())));
    let currency = proposal.currency.as_ref().is_none_or(|guess| guess.certainty < infer::SURE);
    let currency = currency.then(|| ("project".to_owned(), commented::CURRENCY_QUESTION.to_owned()));
    let questions = currency.into_iter().chain(questions);
    InitOutcome { config_file, config, sources: sources.collect(), left_out, warnings, questions: questions.collect() }
}

/// The files that `from` means, each once, by name: files as they are, of folders those that may hold tables.
fn expand(project_dir: &Path, from: &[PathBuf], warnings: &mut Vec<String>) -> Result<Vec<PathBuf>> {
    let here = [project_dir.to_owned()];
    let mut found = BTreeSet::new();
    for path in if from.is_empty() { &here } else { from } {
        if path.is_dir() {
            let mut folders = 0_usize;
            for entry in std::fs::read_dir(path).map_err(|cause| Error::io(path, cause))? {
                let entry = entry.map_err(|cause| Error::io(path, cause))?.path();
                if entry.is_dir() && !hidden(&entry) {
                    folders += 1;
                } else if entry.is_file() && !hidden(&entry) && may_hold_a_table(&entry) {
                    found.insert(entry);
                }
            }
            if folders > 0 {
                let (noun, were, them) =
                    if folders == 1 { ("folder", "was", "it") } else { ("folders", "were", "them") };
                warnings.push(format!(
                    "{} has {folders} {noun} inside that {were} not looked into; name {them} to add {them}",
                    path.display()
                ));
            }
        } else {
            let pattern = path.to_string_lossy().into_owned();
            found.extend(files::resolve(Path::new(""), &[pattern])?);
        }
    }
    if found.is_empty() {
        return Err(Error::data("there are no files of tables to look at").with_hint(format!(
            "name exports or their folder; read are {}, packed with gzip or not",
            ENDINGS.join(", ")
        )));
    }
    Ok(found.into_iter().collect())
}

fn hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(['.', '~']))
}

fn may_hold_a_table(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let readme = name.starts_with("readme") || name.starts_with("license");
    !readme && name.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending))
}

fn nothing_usable(left_out: &[LeftOut]) -> Error {
    let shown = left_out.iter().take(5).map(|left| format!("{}: {}", left.file.display(), left.reason));
    Error::data(format!("none of the files can be used\n  {}", shown.collect::<Vec<_>>().join("\n  "))).with_hint(
        "bring at least orders with a date and a customer or order number; for files without a header name the columns \
         with --columns",
    )
}

/// A second look at the rows that rules depend on.
fn weigh(proposal: &mut Proposal, warnings: &mut Vec<String>) {
    let specs: Vec<&SourceSpec> = proposal
        .sources
        .iter()
        .map(|source| &source.spec)
        .filter(|spec| matches!(spec.rows_are, Table::Orders | Table::OrderLines | Table::Products))
        .collect();
    let looked: Vec<Result<Evidence>> = specs.par_iter().map(|spec| infer::look(&spec.files, spec)).collect();
    let mut evidence = Vec::new();
    for outcome in looked {
        match outcome {
            Ok(seen) => evidence.push(seen),
            Err(error) => warnings.push(format!("rules were not looked for everywhere: {error}")),
        }
    }
    proposal.weigh(&evidence);
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::fs::canonicalize(path).map_err(|cause| Error::io(path, cause))
}

fn folder_name(base: &Path) -> String {
    let name = base.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if name.trim().is_empty() { "project".into() } else { name }
}

/// The files as names relative to the project folder; files that differ in one part only become a pattern, so that next
/// year's export is read as well.
fn patterns(base: &Path, files: &[PathBuf]) -> Result<Vec<String>> {
    let names: Vec<String> = files.iter().map(|file| Ok(relative(base, &absolute(file)?))).collect::<Result<_>>()?;
    let pattern = common_pattern(&names).filter(|pattern| {
        let all: BTreeSet<_> = names.iter().map(|name| base.join(name)).collect();
        files::resolve(base, std::slice::from_ref(pattern))
            .is_ok_and(|matched| matched.len() == all.len() && matched.iter().all(|file| all.contains(file)))
    });
    Ok(pattern.map_or(names, |pattern| vec![pattern]))
}

/// `exports/orders-*.csv` for `exports/orders-2024.csv` and `exports/orders-2025.csv`.
fn common_pattern(names: &[String]) -> Option<String> {
    let (first, rest) = names.split_first()?;
    let (folder, _) = first.rsplit_once('/').unwrap_or(("", first));
    if rest.is_empty() || names.iter().any(|name| name.rsplit_once('/').unwrap_or(("", name)).0 != folder) {
        return None;
    }
    let start = rest.iter().map(|name| alike(first.chars(), name.chars())).min()?;
    let end = rest.iter().map(|name| alike(first.chars().rev(), name.chars().rev())).min()?;
    let letters: Vec<char> = first.chars().collect();
    let prefix: String = letters.get(..start)?.iter().collect();
    let suffix: String = letters.get(letters.len().saturating_sub(end)..)?.iter().collect();
    // The digits the names share belong to the part that differs: `orders-202*` would lose 2030.
    let prefix = prefix.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let suffix = suffix.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let stem = prefix.rsplit('/').next().unwrap_or_default();
    (stem.chars().filter(|letter| letter.is_alphabetic()).count() >= 3).then(|| format!("{prefix}*{suffix}"))
}

fn alike(left: impl Iterator<Item = char>, right: impl Iterator<Item = char>) -> usize {
    left.zip(right).take_while(|(l, r)| l == r).count()
}

/// `file` as seen from the folder `base`, with `/` between the parts; both absolute. Files on another tree keep their
/// whole path: a chain of `..` up to the root would say less and break as soon as the project moves.
fn relative(base: &Path, file: &Path) -> String {
    let base: Vec<Component<'_>> = base.components().collect();
    let parts: Vec<Component<'_>> = file.components().collect();
    let shared = base.iter().zip(&parts).take_while(|(b, p)| b == p).count();
    if shared <= 1 {
        return file.to_string_lossy().into_owned();
    }
    let up = std::iter::repeat_n("..".to_owned(), base.len().saturating_sub(shared));
    let down = parts.iter().skip(shared).map(|part| part.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}
