//! Metric definitions: what a metric is made of, merged from several files and checked.

use mercer_base::{Error, Result, ResultExt};
use serde::{Deserialize, Serialize};

use crate::expression::Expression;
use crate::time::{identifier, quoted};

/// The definitions that come with mercer.
const BUILT_IN: &str = include_str!("../definitions/metrics.toml");

/// Facts that metrics can be counted from, with the column that says when.
pub(crate) const FACTS: &[(&str, &str)] = &[
    ("orders", "ordered_at"),
    ("order_lines", "ordered_at"),
    ("events", "occurred_at"),
    ("messages", "sent_at"),
    ("touchpoints", "occurred_at"),
    ("media", "date"),
    ("leads", "created_at"),
    ("subscriptions", "started_at"),
    ("consent", "at"),
];
/// Facts whose rows name a customer.
const WITH_CUSTOMER: &[&str] =
    &["orders", "order_lines", "events", "messages", "touchpoints", "leads", "subscriptions", "consent"];
/// Facts whose rows name a product.
const WITH_PRODUCT: &[&str] = &["order_lines", "events"];

/// What a metric measures, and so the type of its column: money is `DECIMAL(18, 4)`, a count `BIGINT`, the rest `DOUBLE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricUnit {
    /// An amount in the project's currency.
    Money,
    /// A count of things.
    Count,
    /// A share between 0 and 1.
    Share,
    /// A plain number.
    Number,
    /// A number of days.
    Days,
}

impl MetricUnit {
    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Money => "money",
            Self::Count => "count",
            Self::Share => "share",
            Self::Number => "number",
            Self::Days => "days",
        }
    }

    pub(crate) fn sql_type(self) -> &'static str {
        match self {
            Self::Money => "DECIMAL(18, 4)",
            Self::Count => "BIGINT",
            Self::Share | Self::Number | Self::Days => "DOUBLE",
        }
    }
}

/// How a simple metric adds up rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregate {
    /// The sum of an expression.
    Sum,
    /// The number of rows.
    Count,
    /// The number of different values.
    CountDistinct,
}

/// How long after its base a conversion may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    /// So many days after the base row; a base counts once those days are over.
    Days(u32),
    /// In the period after the base's period.
    NextPeriod,
}

/// What a metric is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetricKind {
    /// Rows of one fact table, added up.
    Simple {
        /// The fact table.
        table: String,
        /// The column that says when.
        time: String,
        /// How rows are added up.
        aggregate: Aggregate,
        /// SQL expressions over the table: what is summed, or what must differ (rows where all are null do not count).
        of: Vec<String>,
        /// SQL condition that rows must meet.
        filter: Option<String>,
    },
    /// One metric divided by another, both added up first; null where the divisor is zero.
    Ratio {
        /// The metric above the line.
        numerator: String,
        /// The metric below the line.
        denominator: String,
    },
    /// An expression over other metrics.
    Derived {
        /// Names of metrics, numbers, `+ - *` and brackets.
        expression: String,
    },
    /// A simple metric added up from the beginning of the data to the period's end.
    Cumulative {
        /// The simple metric (a sum or a count).
        measure: String,
    },
    /// The share of one metric's customers who are later found in another's.
    Conversion {
        /// The simple metric whose customers are the base.
        base: String,
        /// The simple metric whose customers converted.
        conversion: String,
        /// How soon.
        within: Within,
    },
}

impl MetricKind {
    /// Its name in definitions: `ratio`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Simple { .. } => "simple",
            Self::Ratio { .. } => "ratio",
            Self::Derived { .. } => "derived",
            Self::Cumulative { .. } => "cumulative",
            Self::Conversion { .. } => "conversion",
        }
    }
}

/// One metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metric {
    /// Name for machines, snake_case.
    pub name: String,
    /// Name for people.
    pub label: String,
    /// What it measures.
    pub unit: MetricUnit,
    /// What is in and what is out, in plain words.
    pub description: String,
    /// What it is made of.
    pub kind: MetricKind,
}

/// What metrics can be broken down by: a column of a fact table, of customers or of products.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dimension {
    /// `table.column`, or `table.name` with an expression.
    pub name: String,
    /// Name for people.
    pub label: String,
    /// SQL over the table's columns; the column itself where absent.
    pub expression: Option<String>,
}

impl Dimension {
    /// The table and the column.
    pub(crate) fn parts(&self) -> (&str, &str) {
        self.name.split_once('.').unwrap_or((self.name.as_str(), ""))
    }

    /// SQL for its value, as text.
    pub(crate) fn sql(&self) -> String {
        let value = self.expression.clone().unwrap_or_else(|| identifier(self.parts().1));
        format!("CAST({value} AS VARCHAR)")
    }

    /// Whether rows of this fact table have it, by themselves or through their customer or product.
    pub(crate) fn applies_to(&self, fact: &str) -> bool {
        match self.parts().0 {
            "customers" => WITH_CUSTOMER.contains(&fact),
            "products" => WITH_PRODUCT.contains(&fact),
            table => table == fact,
        }
    }
}

/// All metrics and dimensions of a project. Checked: every reference leads somewhere and none in a circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definitions {
    metrics: Vec<Metric>,
    dimensions: Vec<Dimension>,
}

impl Definitions {
    /// The definitions that come with mercer.
    ///
    /// # Errors
    /// When the embedded file is wrong, which the tests of this crate rule out.
    pub fn built_in() -> Result<Self> {
        let definitions = Self::parse(BUILT_IN).context(|| "built-in metrics".to_owned())?;
        definitions.check()?;
        Ok(definitions)
    }

    /// Reads a definitions file. References are not checked yet, as they may lead to another file: see [`Self::merge`].
    ///
    /// # Errors
    /// When the text is not TOML, a key is unknown, misplaced or missing, or a name stands twice; the error names the
    /// metric or line, the key and the mend.
    pub fn parse(text: &str) -> Result<Self> {
        let (metrics, dimensions) = crate::file::parse(text)?;
        Ok(Self { metrics, dimensions })
    }

    /// These definitions with `others` on top: what has a known name replaces it in place, the rest is added at the end.
    ///
    /// # Errors
    /// When a metric then refers to one that is not there, to itself in a circle, or to one of the wrong type.
    pub fn merge(mut self, others: Self) -> Result<Self> {
        for metric in others.metrics {
            match self.metrics.iter_mut().find(|known| known.name == metric.name) {
                Some(known) => *known = metric,
                None => self.metrics.push(metric),
            }
        }
        for dimension in others.dimensions {
            match self.dimensions.iter_mut().find(|known| known.name == dimension.name) {
                Some(known) => *known = dimension,
                None => self.dimensions.push(dimension),
            }
        }
        self.check()?;
        Ok(self)
    }

    /// The metrics, in the order of their definition.
    #[must_use]
    pub fn metrics(&self) -> &[Metric] {
        &self.metrics
    }

    /// The dimensions, in the order of their definition.
    #[must_use]
    pub fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }

    /// The metric called `name`.
    ///
    /// # Errors
    /// When there is none; the hint lists what there is.
    pub fn metric(&self, name: &str) -> Result<&Metric> {
        self.metrics.iter().find(|metric| metric.name == name).ok_or_else(|| {
            let known: Vec<&str> = self.metrics.iter().map(|metric| metric.name.as_str()).collect();
            Error::config(format!("there is no metric \"{name}\"")).with_hint(format!("metrics: {}", known.join(", ")))
        })
    }

    /// The dimension called `name`.
    ///
    /// # Errors
    /// When there is none; the hint lists what there is.
    pub fn dimension(&self, name: &str) -> Result<&Dimension> {
        self.dimensions.iter().find(|dimension| dimension.name == name).ok_or_else(|| {
            let known: Vec<&str> = self.dimensions.iter().map(|dimension| dimension.name.as_str()).collect();
            Error::config(format!("there is no dimension \"{name}\""))
                .with_hint(format!("dimensions: {}; add others with [[dimension]] in metrics.toml", known.join(", ")))
        })
    }

    /// A query for the table of definitions: name, label, type, unit, description, a row each, in order.
    #[must_use]
    pub fn definitions_sql(&self) -> String {
        let rows: Vec<String> = self
            .metrics
            .iter()
            .enumerate()
            .map(|(position, metric)| {
                let words = [&metric.name, &metric.label, metric.kind.name(), metric.unit.name(), &metric.description];
                let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
                format!("({position}, {})", words.join(", "))
            })
            .collect();
        format!(
            "SELECT name, label, type, unit, description FROM (VALUES {}) \
             AS definitions(position, name, label, type, unit, description) ORDER BY position",
            rows.join(", ")
        )
    }

    fn check(&self) -> Result<()> {
        for metric in &self.metrics {
            self.check_references(metric).context(|| format!("metric \"{}\"", metric.name))?;
            self.check_circle(metric, &mut Vec::new())?;
        }
        Ok(())
    }

    fn check_references(&self, metric: &Metric) -> Result<()> {
        for reference in references(&metric.kind)? {
            self.metric(&reference)?;
        }
        let simple = |key: &str, name: &str| match &self.metric(name)?.kind {
            MetricKind::Simple { table, aggregate, .. } => Ok((table.clone(), *aggregate)),
            other => Err(Error::config(format!("{key} = \"{name}\" is a {} metric", other.name()))
                .with_hint(format!("{key} must name a simple metric"))),
        };
        match &metric.kind {
            MetricKind::Cumulative { measure } => {
                if simple("measure", measure)?.1 == Aggregate::CountDistinct {
                    return Err(Error::config(format!(
                        "measure = \"{measure}\" counts different values, which do not add up"
                    ))
                    .with_hint("use a sum or a count, such as new_customers"));
                }
            }
            MetricKind::Conversion { base, conversion, .. } => {
                for (key, name) in [("base", base), ("conversion", conversion)] {
                    let (table, _) = simple(key, name)?;
                    if !WITH_CUSTOMER.contains(&table.as_str()) {
                        return Err(Error::config(format!(
                            "{key} = \"{name}\" is counted from {table}, which names no customers"
                        ))
                        .with_hint(format!("use a metric over one of {}", WITH_CUSTOMER.join(", "))));
                    }
                }
            }
            MetricKind::Simple { .. } | MetricKind::Ratio { .. } | MetricKind::Derived { .. } => {}
        }
        Ok(())
    }

    fn check_circle(&self, metric: &Metric, path: &mut Vec<String>) -> Result<()> {
        if path.contains(&metric.name) {
            path.push(metric.name.clone());
            return Err(Error::config(format!(
                "metric \"{}\" is defined by itself: {}",
                metric.name,
                path.join(" → ")
            ))
            .with_hint("break the circle: one of them must be simple"));
        }
        path.push(metric.name.clone());
        for reference in references(&metric.kind)? {
            self.check_circle(self.metric(&reference)?, path)?;
        }
        path.pop();
        Ok(())
    }
}

/// Names of the metrics that a metric is made of.
pub(crate) fn references(kind: &MetricKind) -> Result<Vec<String>> {
    Ok(match kind {
        MetricKind::Simple { .. } => Vec::new(),
        MetricKind::Ratio { numerator, denominator } => vec![numerator.clone(), denominator.clone()],
        MetricKind::Derived { expression } => Expression::parse(expression)?.metrics().map(str::to_owned).collect(),
        MetricKind::Cumulative { measure } => vec![measure.clone()],
        MetricKind::Conversion { base, conversion, .. } => vec![base.clone(), conversion.clone()],
    })
}

pub(crate) fn fact_names() -> String {
    FACTS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_file_is_sound() {
        let definitions = Definitions::built_in().unwrap();
        assert!(definitions.metrics().len() >= 50);
        for metric in definitions.metrics() {
            assert!(metric.description.ends_with('.'), "{}", metric.name);
        }
    }

    fn refused(text: &str) -> Error {
        match Definitions::parse(text) {
            Err(error) => error,
            Ok(own) => Definitions::built_in().unwrap().merge(own).unwrap_err(),
        }
    }

    const HEAD: &str = "[[metric]]\nname = \"x\"\nlabel = \"X\"\nunit = \"money\"\ndescription = \"X.\"\n";

    #[test]
    fn what_is_wrong_is_named_with_its_mend() {
        let cases = [
            ("type = \"ratio\"\nnumerator = \"orders\"", "denominator"),
            ("type = \"ratio\"\nnumerator = \"orders\"\ndenominator = \"nothing\"", "nothing"),
            ("type = \"derived\"\nexpression = \"orders + x\"", "x → x"),
            ("type = \"derived\"\nexpression = \"orders / units\"", "/"),
            ("type = \"simple\"\ntable = \"sales\"\naggregate = \"count\"", "sales"),
            ("type = \"simple\"\ntable = \"orders\"\naggregate = \"count\"\nof = \"units\"", "of"),
            ("type = \"simple\"\ntable = \"orders\"\naggregate = \"sum\"\nof = \"units; drop table x\"", ";"),
            ("type = \"simple\"\ntable = \"orders\"\naggregate = \"sum\"\nof = \"units\"\nmeasure = \"y\"", "measure"),
            ("type = \"cumulative\"\nmeasure = \"active_customers\"", "active_customers"),
            ("type = \"cumulative\"\nmeasure = \"net_sales\"", "net_sales"),
            (
                "type = \"conversion\"\nbase = \"orders\"\nconversion = \"media_spend\"\nwithin = \"9 days\"",
                "media_spend",
            ),
            ("type = \"conversion\"\nbase = \"orders\"\nconversion = \"orders\"\nwithin = \"soon\"", "soon"),
            ("type = \"simple\"\ncolour = \"red\"", "colour"),
        ];
        for (rest, named) in cases {
            let error = refused(&format!("{HEAD}{rest}\n"));
            assert!(error.to_string().contains(named), "{rest}: {error}");
            assert!(error.hint().is_some(), "{rest}: {error}");
        }
        assert!(
            refused(&format!("{HEAD}type = \"cumulative\"\nmeasure = \"orders\"\n").repeat(2))
                .to_string()
                .contains("twice")
        );
        let reserved =
            format!("{}type = \"cumulative\"\nmeasure = \"orders\"\n", HEAD.replace("\"x\"", "\"complete\""));
        assert!(refused(&reserved).to_string().contains("complete"));
        assert!(refused("[[dimension]]\nname = \"weather\"\nlabel = \"Weather\"").to_string().contains("weather"));
    }

    #[test]
    fn a_project_replaces_a_metric_and_what_is_made_of_it_follows() {
        let own = "[[metric]]\nname = \"orders\"\nlabel = \"Shop orders\"\ntype = \"simple\"\nunit = \"count\"\n\
                   description = \"Only the shop.\"\ntable = \"orders\"\naggregate = \"count\"\nfilter = \"channel = 'shop'\"\n";
        let built_in = Definitions::built_in().unwrap();
        let merged = built_in.clone().merge(Definitions::parse(own).unwrap()).unwrap();
        assert_eq!(merged.metrics().len(), built_in.metrics().len());
        assert_eq!(merged.metric("orders").unwrap().label, "Shop orders");
    }
}
