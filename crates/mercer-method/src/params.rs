//! Parameters: from `key=value` pairs and configuration to typed ones, and what the reference page says of them.

use mercer_base::{Error, Result, nearest};
use schemars::{JsonSchema, Schema};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// One parameter, for reference pages and `--help`.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamDoc {
    /// Its name.
    pub name: String,
    /// What can be written: `number > 0`, `one of a, b`.
    pub values: String,
    /// What holds where it is not given; empty where the method decides.
    pub default: String,
    /// Meaning and unit.
    pub about: String,
}

/// The JSON schema of a method's parameters.
pub(crate) fn schema_of<P: JsonSchema>() -> Schema {
    schemars::SchemaGenerator::new(schemars::generate::SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
    }))
    .into_root_schema_for::<P>()
}

/// Parameters from a map of values; what is not given has its default.
///
/// # Errors
/// A configuration error that names the parameter, what is wrong with it and what can be written.
pub(crate) fn parse<P: DeserializeOwned + JsonSchema>(method: &str, values: &Map<String, Value>) -> Result<P> {
    let docs = describe(schema_of::<P>().as_value());
    for (name, value) in values {
        let Some(doc) = docs.iter().find(|doc| doc.name == *name) else {
            let names = || docs.iter().map(|doc| doc.name.as_str());
            let hint = nearest(name, names()).map_or_else(
                || format!("parameters of {method}: {}", names().collect::<Vec<_>>().join(", ")),
                |near| format!("did you mean {near}?"),
            );
            return Err(Error::config(format!("{method} has no parameter {name}")).with_hint(hint));
        };
        // Each alone, so that the message can name the one that is wrong.
        let alone = Map::from_iter([(name.clone(), value.clone())]);
        if let Err(cause) = serde_json::from_value::<P>(Value::Object(alone)) {
            return Err(Error::config(format!("{method}: {name} = {value}: {cause}"))
                .with_hint(format!("{name} is {}: {}", doc.values, doc.about)));
        }
    }
    serde_json::from_value(Value::Object(values.clone()))
        .map_err(|cause| Error::config(format!("{method}: {cause}")).with_hint("see the method's parameters"))
}

/// `key=value` pairs as typed values, by what the schema says of each: text stays text, lists are parted at commas.
///
/// # Errors
/// When a pair has no `=`, or a key comes twice.
pub fn parse_pairs<S: AsRef<str>>(schema: &Value, pairs: &[S]) -> Result<Map<String, Value>> {
    let mut values = Map::new();
    for pair in pairs {
        let pair = pair.as_ref();
        let Some((name, text)) = pair.split_once('=').map(|(name, text)| (name.trim(), text.trim())) else {
            return Err(Error::config(format!("--param {pair}: there is no =")).with_hint("write --param name=value"));
        };
        let value = typed(schema.pointer(&format!("/properties/{name}")), text);
        if values.insert(name.to_owned(), value).is_some() {
            return Err(Error::config(format!("--param {name} is given twice")).with_hint("keep one of them"));
        }
    }
    Ok(values)
}

fn typed(schema: Option<&Value>, text: &str) -> Value {
    let may_be = |kind: &str| schema.is_some_and(|schema| kinds(schema).iter().any(|known| known == kind));
    if may_be("array") && !text.starts_with('[') {
        let items = schema.and_then(|schema| schema.get("items"));
        let parts = parted(text).into_iter().map(str::trim).filter(|part| !part.is_empty());
        return Value::Array(parts.map(|part| typed(items, part)).collect());
    }
    if may_be("string") && !may_be("number") && !may_be("integer") {
        return Value::String(text.to_owned());
    }
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// The parts of a text between commas, but for those within brackets: `lam=gamma(3, 1),beta=half-normal(2)` has two.
fn parted(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_i32, 0, Vec::new());
    for (at, sign) in text.char_indices() {
        match sign {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ',' if depth <= 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => (),
        }
    }
    parts.push(&text[start..]);
    parts
}

/// The JSON types a schema allows.
fn kinds(schema: &Value) -> Vec<String> {
    let mut kinds: Vec<String> = match schema.get("type") {
        Some(Value::String(kind)) => vec![kind.clone()],
        Some(Value::Array(several)) => several.iter().filter_map(|kind| kind.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    };
    if schema.get("enum").is_some() || schema.get("const").is_some() {
        kinds.push("string".to_owned());
    }
    for branch in branches(schema) {
        kinds.extend(self::kinds(branch));
    }
    kinds.retain(|kind| kind != "null");
    kinds
}

fn branches(schema: &Value) -> impl Iterator<Item = &Value> {
    ["anyOf", "oneOf"].into_iter().filter_map(|key| schema.get(key)?.as_array()).flatten()
}

/// What a schema says of each parameter, in the order of the type's fields.
#[must_use]
pub fn describe(schema: &Value) -> Vec<ParamDoc> {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return Vec::new() };
    let doc = |(name, schema): (&String, &Value)| ParamDoc {
        name: name.clone(),
        values: values(schema),
        default: schema.get("default").map(default).unwrap_or_default(),
        about: words(schema.get("description").and_then(Value::as_str).unwrap_or_default()),
    };
    properties.iter().map(doc).collect()
}

fn default(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => String::new(),
        Value::Array(values) => values.iter().map(default).collect::<Vec<_>>().join(", "),
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string()),
        other => other.to_string(),
    }
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What can be written, in words.
fn values(schema: &Value) -> String {
    let named: Vec<&str> = branches(schema)
        .chain(std::iter::once(schema))
        .flat_map(|branch| {
            let one = branch.get("const").into_iter();
            let several = branch.get("enum").and_then(Value::as_array).into_iter().flatten();
            one.chain(several).filter_map(Value::as_str)
        })
        .collect();
    if !named.is_empty() {
        return format!("one of {}", named.join(", "));
    }
    let limit = |key: &str| {
        let found = schema.get(key).or_else(|| branches(schema).find_map(|branch| branch.get(key)));
        found.and_then(Value::as_f64)
    };
    let kind = kinds(schema).first().cloned().unwrap_or_else(|| "value".to_owned());
    let kind = match kind.as_str() {
        "integer" => "whole number",
        "boolean" => "true or false",
        "string" => "text",
        "array" => "list, parted by commas",
        other => other,
    };
    let low = limit("exclusiveMinimum").map(|low| format!("> {low}"));
    let low = low.or_else(|| limit("minimum").map(|low| format!("≥ {low}")));
    let high = limit("exclusiveMaximum").map(|high| format!("< {high}"));
    let high = high.or_else(|| limit("maximum").map(|high| format!("≤ {high}")));
    let limits: Vec<String> = low.into_iter().chain(high).collect();
    if limits.is_empty() { kind.to_owned() } else { format!("{kind} {}", limits.join(", ")) }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    #[test]
    fn commas_within_brackets_part_nothing() {
        assert_eq!(parted("a=gamma(3, 1),b[x, y]=2,c"), ["a=gamma(3, 1)", "b[x, y]=2", "c"]);
        assert_eq!(parted(""), [""]);
        assert_eq!(parted("a),b"), ["a)", "b"]);
    }
    use crate::{JsonSchema, Positive};

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "kebab-case")]
    enum Model {
        /// The default.
        #[default]
        BgNbd,
        /// Another.
        ParetoNbd,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
    #[serde(default, deny_unknown_fields)]
    struct Params {
        /// Which model
        /// is fitted.
        model: Model,
        /// How far ahead, in weeks.
        horizon: Positive,
        /// Columns.
        covariates: Vec<String>,
        /// A limit.
        most: Option<u32>,
    }

    impl Default for Params {
        fn default() -> Self {
            let horizon = Positive::new(52.0).unwrap();
            Self { model: Model::default(), horizon, covariates: Vec::new(), most: None }
        }
    }

    fn read(pairs: &[&str]) -> Result<Params> {
        parse("lifetime", &parse_pairs(schema_of::<Params>().as_value(), pairs)?)
    }

    #[test]
    fn pairs_become_typed_values() {
        let params = read(&["model=pareto-nbd", "horizon=39", "covariates=gender, 2", "most=7"]).unwrap();
        assert_eq!((params.model, params.horizon.get(), params.most), (Model::ParetoNbd, 39.0, Some(7)));
        assert_eq!(params.covariates, ["gender", "2"]);
        assert_eq!(read(&[]).unwrap(), Params::default());
    }

    #[test]
    fn mistakes_name_the_parameter_and_the_mend() {
        let cases = [
            ("modle=bg-nbd", "no parameter modle", "model"),
            ("model=bgnbd", "model = \"bgnbd\": unknown variant `bgnbd`", "one of bg-nbd, pareto-nbd"),
            ("horizon=-1", "horizon = -1: -1 is not a number above 0", "number > 0"),
            ("horizon=long", "horizon = \"long\"", "number > 0"),
            ("horizon", "there is no =", "name=value"),
        ];
        for (pair, message, hint) in cases {
            let error = read(&[pair]).unwrap_err();
            assert!(error.to_string().contains(message), "{pair}: {error}");
            assert!(error.hint().unwrap().contains(hint), "{pair}: {:?}", error.hint());
        }
        assert!(read(&["most=1", "most=2"]).unwrap_err().to_string().contains("twice"));
    }

    #[test]
    fn the_reference_says_what_can_be_written() {
        let docs = describe(schema_of::<Params>().as_value());
        let said: Vec<_> =
            docs.iter().map(|doc| (doc.name.as_str(), doc.values.as_str(), doc.default.as_str())).collect();
        assert_eq!(
            said,
            [
                ("model", "one of bg-nbd, pareto-nbd", "bg-nbd"),
                ("horizon", "number > 0", "52"),
                ("covariates", "list, parted by commas", ""),
                ("most", "whole number ≥ 0", ""),
            ]
        );
        assert_eq!(docs[0].about, "Which model is fitted.");
    }
}
