//! A definitions file as people write it: every key in its place, or an error that names it.

use std::collections::BTreeSet;

use mercer_base::{Error, Result, ResultExt};
use serde::Deserialize;

use crate::definition::{Aggregate, Dimension, FACTS, Metric, MetricKind, MetricUnit, Within, fact_names};
use crate::expression::{Expression, check_fragment};

/// Columns of results that no metric may be called like.
const RESERVED: &[&str] = &["period", "period_start", "period_end", "previous_start", "complete", "dimension"];

/// A definitions file as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "metric")]
    metrics: Vec<Entry>,
    #[serde(default, rename = "dimension")]
    dimensions: Vec<Dimension>,
}

/// A metric as written: the keys of all types, so that a misplaced one can be named.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    label: String,
    r#type: Type,
    unit: MetricUnit,
    description: String,
    table: Option<String>,
    time: Option<String>,
    aggregate: Option<Aggregate>,
    of: Option<OneOrMore>,
    filter: Option<String>,
    numerator: Option<String>,
    denominator: Option<String>,
    expression: Option<String>,
    measure: Option<String>,
    base: Option<String>,
    conversion: Option<String>,
    within: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Type {
    Simple,
    Ratio,
    Derived,
    Cumulative,
    Conversion,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// Reads the metrics and dimensions of a definitions file.
///
/// # Errors
/// As [`crate::Definitions::parse`].
pub(crate) fn parse(text: &str) -> Result<(Vec<Metric>, Vec<Dimension>)> {
    let file: File = toml::from_str(text).map_err(|cause| {
        let line = cause.span().map_or(1, |span| text.get(..span.start).unwrap_or_default().matches('\n').count() + 1);
        Error::config(format!("line {line}: {}", cause.message().replace('\n', ", ")))
            .with_hint("README.md of mercer-metrics lists the keys of each type of metric")
    })?;
    let mut seen = BTreeSet::new();
    for name in file.metrics.iter().map(|m| &m.name).chain(file.dimensions.iter().map(|d| &d.name)) {
        if !seen.insert(name.clone()) {
            return Err(Error::config(format!("\"{name}\" is defined twice"))
                .with_hint("keep one of the two; a project's file replaces a built-in definition by its name"));
        }
    }
    for dimension in &file.dimensions {
        let (table, column) = dimension.parts();
        let known = FACTS.iter().any(|(fact, _)| *fact == table) || ["customers", "products"].contains(&table);
        if !known || column.is_empty() {
            return Err(Error::config(format!("dimension \"{}\" is not a column of a table", dimension.name))
                .with_hint(format!("write it as table.column; tables: customers, products, {}", fact_names())));
        }
        if let Some(expression) = &dimension.expression {
            check_fragment(expression).context(|| format!("dimension \"{}\"", dimension.name))?;
        }
    }
    let metrics = file.metrics.into_iter().map(Entry::into_metric).collect::<Result<_>>()?;
    Ok((metrics, file.dimensions))
}

impl Entry {
    fn into_metric(self) -> Result<Metric> {
        let name = self.name.clone();
        self.metric().context(|| format!("metric \"{name}\""))
    }

    fn metric(mut self) -> Result<Metric> {
        let well_named = self.name.starts_with(|c: char| c.is_ascii_lowercase())
            && self.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !well_named {
            return Err(Error::config("the name is not snake_case").with_hint("use a-z, 0-9 and _, such as net_sales"));
        }
        if RESERVED.contains(&self.name.as_str()) {
            return Err(
                Error::config("the name is that of a column that every result has").with_hint("choose another name")
            );
        }
        let kind = match self.r#type {
            Type::Simple => self.simple()?,
            Type::Ratio => MetricKind::Ratio {
                numerator: needed("numerator", self.numerator.take())?,
                denominator: needed("denominator", self.denominator.take())?,
            },
            Type::Derived => {
                let expression = needed("expression", self.expression.take())?;
                Expression::parse(&expression)?;
                MetricKind::Derived { expression }
            }
            Type::Cumulative => MetricKind::Cumulative { measure: needed("measure", self.measure.take())? },
            Type::Conversion => MetricKind::Conversion {
                base: needed("base", self.base.take())?,
                conversion: needed("conversion", self.conversion.take())?,
                within: within(&needed("within", self.within.take())?)?,
            },
        };
        self.nothing_left(kind.name())?;
        Ok(Metric { name: self.name, label: self.label, unit: self.unit, description: self.description, kind })
    }

    fn simple(&mut self) -> Result<MetricKind> {
        let table = needed("table", self.table.take())?;
        let Some((_, own_time)) = FACTS.iter().find(|(fact, _)| *fact == table) else {
            return Err(Error::config(format!("table = \"{table}\" is not a table of facts"))
                .with_hint(format!("use one of {}", fact_names())));
        };
        let aggregate = needed("aggregate", self.aggregate.take())?;
        let of = match (aggregate, self.of.take()) {
            (Aggregate::Count, None) => Vec::new(),
            (Aggregate::Count, Some(_)) => {
                return Err(Error::config("of: a count counts rows")
                    .with_hint("remove `of`, or use aggregate = \"count_distinct\""));
            }
            (_, None) => return needed("of", None),
            (_, Some(OneOrMore::One(one))) => vec![one],
            (Aggregate::Sum, Some(OneOrMore::More(more))) if more.len() != 1 => {
                return Err(Error::config("of: a sum takes one expression").with_hint("write of = \"net_sales\""));
            }
            (_, Some(OneOrMore::More(more))) => more,
        };
        if of.is_empty() && aggregate != Aggregate::Count {
            return needed("of", None);
        }
        for fragment in &of {
            check_fragment(fragment).context(|| "of".to_owned())?;
        }
        let filter = self.filter.take();
        if let Some(filter) = &filter {
            check_fragment(filter).context(|| "filter".to_owned())?;
        }
        let time = self.time.take().unwrap_or_else(|| (*own_time).to_owned());
        Ok(MetricKind::Simple { table, time, aggregate, of, filter })
    }

    /// Refuses keys that belong to another type of metric.
    fn nothing_left(&self, kind: &str) -> Result<()> {
        let keys = [
            ("table", self.table.is_some()),
            ("time", self.time.is_some()),
            ("aggregate", self.aggregate.is_some()),
            ("of", self.of.is_some()),
            ("filter", self.filter.is_some()),
            ("numerator", self.numerator.is_some()),
            ("denominator", self.denominator.is_some()),
            ("expression", self.expression.is_some()),
            ("measure", self.measure.is_some()),
            ("base", self.base.is_some()),
            ("conversion", self.conversion.is_some()),
            ("within", self.within.is_some()),
        ];
        match keys.iter().find(|(_, left)| *left) {
            Some((key, _)) => Err(Error::config(format!("a {kind} metric has no key `{key}`"))
                .with_hint(format!("remove `{key}`, or change the type"))),
            None => Ok(()),
        }
    }
}

fn needed<T>(key: &str, value: Option<T>) -> Result<T> {
    value.ok_or_else(|| {
        Error::config(format!("key `{key}` is missing")).with_hint(format!("add `{key} = …`, or change the type"))
    })
}

fn within(text: &str) -> Result<Within> {
    if text == "next period" {
        return Ok(Within::NextPeriod);
    }
    let days = text.strip_suffix(" days").and_then(|days| days.parse().ok()).filter(|days| (1..=36_500).contains(days));
    days.map(Within::Days).ok_or_else(|| {
        Error::config(format!("within = \"{text}\" is no stretch of time"))
            .with_hint("write within = \"90 days\" or within = \"next period\"")
    })
}
