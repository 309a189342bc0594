//! `mercer.toml`: what a project is called, where its data lies, how to read it and which rules hold.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use mercer_base::{Currency, Error, Result, nearest};
use mercer_schema::{Rules, SourceSpec};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use toml_edit::Document;

/// The name of the configuration file in a project folder.
pub const FILE_NAME: &str = "mercer.toml";

/// The whole of `mercer.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectConfig {
    /// What the project is.
    pub project: ProjectInfo,
    /// Business rules.
    #[serde(default)]
    pub rules: Rules,
    /// What the query engine may use.
    #[serde(default)]
    pub engine: EngineConfig,
    /// Where data comes from, in the order of the file.
    #[serde(default, rename = "source")]
    pub sources: Vec<SourceSpec>,
    /// Settings of methods by their names; a method without any runs with its defaults.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub methods: BTreeMap<String, MethodSettings>,
}

/// `[methods.NAME]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MethodSettings {
    /// Whether `mercer run` runs it.
    #[serde(default = "enabled")]
    pub enabled: bool,
    /// Its parameters; `mercer NAME params` lists them.
    #[serde(flatten)]
    pub params: Map<String, Value>,
}

impl Default for MethodSettings {
    fn default() -> Self {
        Self { enabled: enabled(), params: Map::new() }
    }
}

fn enabled() -> bool {
    true
}

/// `[project]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectInfo {
    /// A short name for files and messages.
    pub name: String,
    /// The name as people write it; the report's title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The currency of amounts whose rows do not name one (ISO 4217); empty where it does not matter.
    #[serde(default)]
    pub currency: Currency,
}

impl ProjectInfo {
    /// The title, or the name where there is none.
    #[must_use]
    pub fn title(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.name)
    }
}

/// `[engine]`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineConfig {
    /// Memory the engine may take before it spills to disk; found by itself where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<ByteSize>,
    /// Threads it works with; all cores where absent. Results do not depend on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<NonZeroUsize>,
}

/// An amount of memory in bytes, written as `512 MB` or `1.5 GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

/// Units from the largest: decimal ones as `GB`, binary ones as `GiB`.
const UNITS: &[(&str, u64)] = &[
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];

impl FromStr for ByteSize {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            Error::config(format!("\"{text}\" is not an amount of memory"))
                .with_hint("write it as \"1 GB\" or \"512 MB\"")
        };
        let text_end = text.trim().trim_end_matches(char::is_alphabetic);
        let (number, unit) = (text_end.trim(), text.trim().get(text_end.len()..).unwrap_or_default());
        let (_, size) = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)).ok_or_else(wrong)?;
        // By digits rather than floating point, so that every size that can be written is exact.
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()) && part.len() <= 6;
        if whole.is_empty() || !digits(whole) || !digits(fraction) {
            return Err(wrong());
        }
        let scale = 10_u64.pow(u32::try_from(fraction.len()).map_err(|_| wrong())?);
        let value = format!("{whole}{fraction}").parse::<u128>().map_err(|_| wrong())? * u128::from(*size);
        match u64::try_from(value / u128::from(scale)) {
            Ok(bytes) if bytes > 0 => Ok(Self(bytes)),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, size) =
            UNITS.iter().find(|(_, size)| self.0 >= *size && self.0.is_multiple_of(*size)).copied().unwrap_or(("B", 1));
        write!(f, "{} {unit}", self.0 / size)
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|_| {
            serde::de::Error::custom(format!(
                "\"{text}\" is not an amount of memory; write it as \"1 GB\" or \"512 MB\""
            ))
        })
    }
}

impl ProjectConfig {
    /// Reads and checks `mercer.toml` in `project_dir`.
    ///
    /// # Errors
    /// When there is no such file, or it is not as it should be; the error names file, line, key and the mend.
    pub fn load(project_dir: &Path) -> Result<Self> {
        let path = project_dir.join(FILE_NAME);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::config(format!("there is no {FILE_NAME} in {}", project_dir.display())).with_hint(
                    "run `mercer init FILES…` to make one from your exports, or name the folder with --project",
                ));
            }
            Err(cause) if cause.kind() == std::io::ErrorKind::InvalidData => {
                return Err(Error::config(format!("{} is not UTF-8 text", path.display()))
                    .with_hint("save it as UTF-8 in your editor, or make it anew with `mercer init --force`"));
            }
            Err(cause) => return Err(Error::io(&path, cause)),
        };
        Self::parse(&text, &path)
    }

    /// Parses and checks the text of a configuration; `path` is for messages only.
    ///
    /// # Errors
    /// As [`ProjectConfig::load`].
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        let config: Self = toml::from_str(text).map_err(|cause| syntax_error(text, path, &cause))?;
        // A second parse that keeps positions: only when something is wrong are they needed, but then by line.
        let places = Document::parse(text).map_err(|cause| {
            let line = cause.span().map_or(1, |span| line_of(text, &span));
            Error::config(format!("{}, line {line}: {}", path.display(), cause.message()))
        })?;
        Checker { text, path, places: &places }.check(&config)?;
        Ok(config)
    }

    /// The files of a source, in the order in which later rows win over earlier ones.
    ///
    /// # Errors
    /// When a name or pattern of the source matches no file.
    pub fn files(&self, project_dir: &Path, source: &SourceSpec) -> Result<Vec<PathBuf>> {
        crate::files::resolve(project_dir, &source.files)
            .map_err(|error| error.with_context(format!("source \"{}\"", source.name)))
    }
}

/// Checks what types cannot say, knowing where each key stands.
struct Checker<'a> {
    text: &'a str,
    path: &'a Path,
    places: &'a Document<&'a str>,
}

impl Checker<'_> {
    fn check(&self, config: &ProjectConfig) -> Result<()> {
        if config.project.name.trim().is_empty() {
            return Err(self.at(&["project", "name"], "the project has no name").with_hint("write name = \"my-shop\""));
        }
        let code = config.project.currency.code();
        if !(code.is_empty() || (code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase()))) {
            return Err(self
                .at(&["project", "currency"], &format!("\"{code}\" is not a currency"))
                .with_hint("use the three capital letters of ISO 4217, such as \"EUR\""));
        }
        for (index, source) in config.sources.iter().enumerate() {
            self.check_source(config, index, source)?;
        }
        for (id, settings) in &config.methods {
            self.check_method(id, settings)?;
        }
        Ok(())
    }

    fn check_source(&self, config: &ProjectConfig, index: usize, source: &SourceSpec) -> Result<()> {
        let name = &source.name;
        if name.trim().is_empty() {
            return Err(self.at_source(index, &["name"], "a source has no name").with_hint("write name = \"orders\""));
        }
        if config.sources.iter().take(index).any(|earlier| earlier.name == *name) {
            return Err(self
                .at_source(index, &["name"], &format!("a second source is called \"{name}\""))
                .with_hint("give each [[source]] a name of its own"));
        }
        if source.files.is_empty() || source.files.iter().any(|file| file.trim().is_empty()) {
            return Err(self
                .at_source(index, &["files"], &format!("source \"{name}\" names no files"))
                .with_hint("write files = [\"exports/orders-*.csv\"]"));
        }
        for field in source.columns.keys() {
            if source.rows_are.resolve(field).is_none() {
                let table = source.rows_are;
                let mut known: Vec<String> = table.fields().iter().map(|field| field.name.to_owned()).collect();
                for carried in table.carries() {
                    known.extend(carried.fields().iter().map(|field| format!("{}.{}", carried.name(), field.name)));
                }
                let hint = nearest(field, known.iter().map(String::as_str)).map_or_else(
                    || format!("known fields: {}; or keep the column under [source.attributes]", known.join(", ")),
                    |near| format!("did you mean `{near}`? Other columns can be kept under [source.attributes]"),
                );
                let message = format!("source \"{name}\": rows of {} have no field \"{field}\"", table.name());
                return Err(self.at_source(index, &["columns", field], &message).with_hint(hint));
            }
        }
        for table in source.attributes.keys() {
            let own = *table == source.rows_are || source.rows_are.carries().contains(table);
            if !own || !table.keeps_attributes() {
                let message = format!(
                    "source \"{name}\": a row of {} cannot keep attributes of {}",
                    source.rows_are.name(),
                    table.name()
                );
                return Err(self.at_source(index, &["attributes", table.name()], &message).with_hint(
                    "attributes belong to customers, orders, products, leads or contents that the rows describe",
                ));
            }
        }
        source.fields().map(|_| ()).map_err(|error| {
            let place = self.at_source(index, &["columns"], error.message());
            match error.hint() {
                Some(hint) => place.with_hint(hint),
                None => place,
            }
        })
    }

    fn check_method(&self, id: &str, settings: &MethodSettings) -> Result<()> {
        let with_hint = |error: Error, cause: &Error| match cause.hint() {
            Some(hint) => error.with_hint(hint),
            None => error,
        };
        let method = mercer_registry::method(id).map_err(|cause| {
            with_hint(self.at(&["methods", id], &format!("[methods.{id}]: {}", cause.message())), &cause)
        })?;
        for (name, value) in &settings.params {
            let alone = Map::from_iter([(name.clone(), value.clone())]);
            method
                .params(&alone)
                .map_err(|cause| with_hint(self.at(&["methods", id, name], cause.message()), &cause))?;
        }
        method
            .params(&settings.params)
            .map(|_| ())
            .map_err(|cause| with_hint(self.at(&["methods", id], cause.message()), &cause))
    }

    /// An error at a key, by its path from the top; the nearest part of the path that stands in the file is named.
    fn at(&self, keys: &[&str], message: &str) -> Error {
        let mut item = self.places.as_item();
        let mut span = item.span();
        for key in keys {
            let Some(table) = item.as_table_like() else { break };
            let Some((key, value)) = table.get_key_value(key) else { break };
            span = key.span().or_else(|| value.span()).or(span);
            item = value;
        }
        self.error(span, message)
    }

    /// An error at a key of the source at `index`.
    fn at_source(&self, index: usize, keys: &[&str], message: &str) -> Error {
        let Some(table) = self.places.get("source").and_then(|item| item.as_array_of_tables()?.get(index)) else {
            return self.error(None, message);
        };
        let mut span = table.span();
        let mut current: &dyn toml_edit::TableLike = table;
        for key in keys {
            let Some((key, value)) = current.get_key_value(key) else { break };
            span = key.span().or_else(|| value.span()).or(span);
            let Some(next) = value.as_table_like() else { break };
            current = next;
        }
        self.error(span, message)
    }

    fn error(&self, span: Option<Range<usize>>, message: &str) -> Error {
        let line = span.map_or(1, |span| line_of(self.text, &span));
        Error::config(format!("{}, line {line}: {message}", self.path.display()))
    }
}

/// The 1-based line of a byte range's start.
fn line_of(text: &str, span: &Range<usize>) -> usize {
    let before = text.as_bytes().get(..span.start.min(text.len())).unwrap_or_default();
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}

/// A parser's error with line and mend.
fn syntax_error(text: &str, path: &Path, cause: &toml::de::Error) -> Error {
    let span = cause.span();
    let line = span.as_ref().map_or(1, |span| line_of(text, span));
    let message = cause.message().replace('\n', ", ");
    let at = |message: &str| Error::config(format!("{}, line {line}: {message}", path.display()));
    if message.contains("untagged enum ColumnSource") {
        return at("this is neither a column, a list of columns nor a constant").with_hint(
            "write field = \"column\", field = [\"column\", \"other column\"], field = { constant = \"value\" }, order_id = { one_per = [\"customer_id\", \"day\"] } \
             or field = { column = \"column\", day_first = true }",
        );
    }
    if let Some((unknown, known)) = unknown_name(&message) {
        let hint = nearest(unknown, known.iter().copied())
            .map_or_else(|| format!("use one of {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
        return at(&message).with_hint(hint);
    }
    if message.contains("missing field `project`") {
        return at(&message).with_hint("start the file with [project] and name = \"my-shop\"");
    }
    if let Some(field) = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        return at(&message).with_hint(format!("add a line `{field} = …` there"));
    }
    at(&message)
        .with_hint("text stands in double quotes, lists in [ ], and each key once; see https://toml.io for the rules")
}

/// The unknown name and the known ones in serde's message, if it is one about unknown fields or variants.
fn unknown_name(message: &str) -> Option<(&str, Vec<&str>)> {
    let rest = message.strip_prefix("unknown field `").or_else(|| message.strip_prefix("unknown variant `"))?;
    let (unknown, rest) = rest.split_once('`')?;
    // What follows is "expected one of `a`, `b`": every second piece between back-ticks is a name.
    Some((unknown, rest.split('`').skip(1).step_by(2).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str = r#"[project]
name = "shop"
currency = "EUR"

[engine]
memory = "1.5 GB"
threads = 2

[[source]]
name = "orders"
files = ["orders-*.csv"]
rows_are = "orders"
[source.columns]
order_id = "Order"
ordered_at = { column = "Date", day_first = true }
total = ["Goods", "Service"]
currency = { constant = "EUR" }
"customers.city" = "Town"
"#;

    fn parse(text: &str) -> Result<ProjectConfig> {
        ProjectConfig::parse(text, Path::new("mercer.toml"))
    }

    #[test]
    fn a_good_file_reads_and_writes_back() {
        let config = parse(GOOD).unwrap();
        assert_eq!(config.engine.memory, Some(ByteSize(1_500_000_000)));
        assert_eq!(config.sources[0].columns.len(), 5);
        assert_eq!(config.project.title(), "shop");
        let again = parse(&toml::to_string(&config).unwrap()).unwrap();
        assert_eq!(again, config);
    }

    /// What is changed in the good file, the line the error names, a part of its message, a part of its hint.
    #[test]
    fn mistakes_are_named_with_line_and_mend() {
        let cases = [
            ("name = \"shop\"", "nmae = \"shop\"", 2, "unknown field `nmae`", "`name`"),
            ("currency = \"EUR\"\n\n", "currency = \"Euro\"\n\n", 3, "\"Euro\" is not a currency", "ISO 4217"),
            ("memory = \"1.5 GB\"", "memory = \"lots\"", 6, "not an amount of memory", ""),
            ("threads = 2", "threads = 0", 7, "", ""),
            ("[engine]", "[enigne]", 5, "unknown field `enigne`", "`engine`"),
            ("rows_are = \"orders\"", "rows_are = \"order\"", 12, "unknown variant `order`", "`orders`"),
            ("order_id = \"Order\"", "order_no = \"Order\"", 14, "no field \"order_no\"", "`order_id`"),
            ("order_id = \"Order\"", "order_id = 7", 14, "neither a column", "constant"),
            ("files = [\"orders-*.csv\"]", "files = []", 11, "names no files", "files ="),
            ("ordered_at = { column = \"Date\", day_first = true }\n", "", 13, "need ordered_at", "ordered_at = "),
            ("total = [\"Goods\", \"Service\"]", "total = \"Goods", 16, "", "double quotes"),
            ("\"customers.city\"", "\"products.title\"", 18, "no field \"products.title\"", ""),
        ];
        for (from, to, line, message, hint) in cases {
            let text = GOOD.replace(from, to);
            assert_ne!(text, GOOD, "{from} is not in the text");
            let error = parse(&text).unwrap_err();
            let said = error.to_string();
            assert!(said.starts_with(&format!("mercer.toml, line {line}: ")), "{to}: {said}");
            assert!(said.contains(message), "{to}: {said}");
            assert!(error.hint().unwrap_or_default().contains(hint), "{to}: {:?}", error.hint());
            assert_eq!(error.kind(), mercer_base::ErrorKind::Config);
        }
        let twice = format!(
            "{GOOD}\n[[source]]\nname = \"orders\"\nfiles = [\"x\"]\nrows_are = \"customers\"\n[source.columns]\ncustomer_id = \"c\"\n"
        );
        assert!(parse(&twice).unwrap_err().to_string().contains("line 21: a second source is called \"orders\""));
    }

    #[test]
    fn a_missing_file_says_how_to_make_one() {
        let folder = tempfile::tempdir().unwrap();
        let error = ProjectConfig::load(folder.path()).unwrap_err();
        assert!(error.to_string().contains("there is no mercer.toml"), "{error}");
        assert!(error.hint().unwrap().contains("mercer init"));
    }

    #[test]
    fn memory_is_read_and_written_exactly() {
        for (text, bytes) in [("1 GB", 1_000_000_000), ("512MB", 512_000_000), ("1.5 GiB", 1_610_612_736), ("7 b", 7)] {
            assert_eq!(text.parse::<ByteSize>().unwrap(), ByteSize(bytes), "{text}");
            assert_eq!(ByteSize(bytes).to_string().parse::<ByteSize>().unwrap(), ByteSize(bytes));
        }
        for text in ["", "GB", "1", "1 XB", "-1 GB", "0 GB", "1e3 GB", "99999999 TB", "1.2.3 GB", "ü GB"] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_with_a_line(text in "(\\PC|\n|[\\[\\]{}=\"#.]){0,200}") {
            if let Err(error) = parse(&text) {
                prop_assert!(error.to_string().starts_with("mercer.toml, line "), "{}", error);
            }
        }

        #[test]
        fn a_damaged_file_is_read_or_refused_with_a_line(at in 0..GOOD.len(), with in "\\PC{0,3}") {
            let mut text = GOOD.to_owned();
            text.replace_range(at..at + 1, &with);
            if let Err(error) = parse(&text) {
                prop_assert!(error.to_string().starts_with("mercer.toml, line "), "{}", error);
            }
        }
    }
}
