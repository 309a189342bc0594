//! From metrics to one SQL statement: a row per period (and value of a dimension), a column per metric.
//!
//! Each fact table is added up by itself into branches of a few rows (period, dimension, one column per measure), and
//! only those are put together, so that no facts are ever multiplied by other facts.

use std::collections::{BTreeMap, BTreeSet};

use mercer_base::{Error, Result, ResultExt};

use crate::definition::{Aggregate, Definitions, Dimension, Metric, MetricKind, Within, references};
use crate::expression::Expression;
use crate::time::{Grain, Moment, Period, Window, identifier, literal, periods};

/// Which metrics are asked for, and how they are cut.
#[derive(Debug, Clone)]
pub struct MetricQuery<'a> {
    /// Names of metrics, in the order of the columns wanted.
    pub metrics: &'a [&'a str],
    /// Rows of this stretch of time count.
    pub window: Window,
    /// The length of the periods.
    pub grain: Grain,
    /// The name of a dimension to break down by.
    pub by: Option<&'a str>,
    /// Up to when the data are known: periods that end later are not complete, and a conversion counts only customers
    /// whose time is over by then.
    pub known_until: Moment,
}

/// One measure of a branch: its column and the SQL that fills it.
struct Measure {
    column: String,
    sql: String,
}

/// One fact table added up: a statement with `period`, `dimension` and these further columns.
type Branch = (String, Vec<String>);

/// A compilation under way.
struct Compiler<'a> {
    definitions: &'a Definitions,
    query: &'a MetricQuery<'a>,
    dimension: Option<&'a Dimension>,
    periods: Vec<Period>,
}

impl Definitions {
    /// One statement for the metrics asked for, ordered by period, then dimension.
    ///
    /// Columns: `period_start`, `period_end`, `complete` (over, and inside the window), `dimension` (only with `by`;
    /// null where unknown), then the metrics. Without a dimension every period has a row; with one, the pairs that occur.
    /// Counts and sums of nothing are 0; a ratio or conversion without a base is null, and so is a ratio whose parts come
    /// from different tables where the upper part's table says nothing about the period.
    ///
    /// # Errors
    /// When a metric or dimension is unknown, a metric cannot be broken down so, or the window has too many periods.
    pub fn sql(&self, query: &MetricQuery<'_>) -> Result<String> {
        Compiler::new(self, query)?.statement()
    }
}

impl<'a> Compiler<'a> {
    fn new(definitions: &'a Definitions, query: &'a MetricQuery<'a>) -> Result<Self> {
        if query.metrics.is_empty() {
            return Err(Error::config("no metric was asked for").with_hint("name at least one metric"));
        }
        let dimension = query.by.map(|name| definitions.dimension(name)).transpose()?;
        let periods = periods(&query.window, query.grain, query.known_until)?;
        Ok(Self { definitions, query, dimension, periods })
    }

    fn statement(&self) -> Result<String> {
        let needed = self.needed()?;
        let mut branches: Vec<Branch> = Vec::new();
        self.simple_branches(&needed, &mut branches)?;
        for metric in &needed {
            match &metric.kind {
                MetricKind::Cumulative { measure } => branches.push(self.cumulative_branch(metric, measure)?),
                MetricKind::Conversion { base, conversion, within } => {
                    branches.push(self.conversion_branch(metric, base, conversion, *within)?);
                }
                MetricKind::Simple { .. } | MetricKind::Ratio { .. } | MetricKind::Derived { .. } => {}
            }
        }
        let mut outputs = Vec::new();
        for name in self.query.metrics {
            let metric = self.definitions.metric(name)?;
            outputs.push(format!("{} AS {}", self.cell(metric)?, identifier(name)));
        }
        let outputs = outputs.join(", ");
        let (dimension, figures, order) = if self.dimension.is_some() {
            (
                "dimension, ",
                format!("JOIN {} ON m.period = p.period_start", stacked(&branches)),
                ", dimension ASC NULLS LAST",
            )
        } else {
            // Every period has one row in a branch at the most. (Joining plans much faster than stacking.)
            let join = |(index, (sql, _)): (usize, &Branch)| {
                format!("LEFT JOIN (\n{sql}\n) AS b{index} ON b{index}.period = p.period_start")
            };
            ("", branches.iter().enumerate().map(join).collect::<Vec<_>>().join(" "), "")
        };
        Ok(format!(
            "SELECT p.period_start, p.period_end, p.complete, {dimension}{outputs}\nFROM {} {figures}\nORDER BY period_start{order}",
            self.spine()
        ))
    }

    /// The metrics asked for and all that they are made of, each once, in the order of their definition.
    fn needed(&self) -> Result<Vec<&'a Metric>> {
        let mut open: Vec<String> = self.query.metrics.iter().map(|name| (*name).to_owned()).collect();
        let mut names: Vec<String> = Vec::new();
        while let Some(name) = open.pop() {
            if names.contains(&name) {
                continue;
            }
            let metric = self.definitions.metric(&name)?;
            // Cumulative and conversion metrics read their parts' rows themselves.
            if matches!(metric.kind, MetricKind::Ratio { .. } | MetricKind::Derived { .. }) {
                open.extend(references(&metric.kind)?);
            }
            names.push(name);
        }
        Ok(self.definitions.metrics().iter().filter(|metric| names.contains(&metric.name)).collect())
    }

    /// The periods as a table.
    fn spine(&self) -> String {
        let rows: Vec<String> = self
            .periods
            .iter()
            .map(|p| format!("({}, {}, {}, {})", literal(p.start), literal(p.end), literal(p.previous), p.complete))
            .collect();
        format!("(VALUES {}) AS p(period_start, period_end, previous_start, complete)", rows.join(", "))
    }

    /// The fact table to read from, with the dimension beside its columns.
    fn source(&self, metric: &str, table: &str) -> Result<(String, String)> {
        let Some(dimension) = self.dimension else { return Ok((table.to_owned(), "CAST(NULL AS VARCHAR)".to_owned())) };
        if !dimension.applies_to(table) {
            return Err(Error::config(format!(
                "metric \"{metric}\" is counted from {table}, which cannot be broken down by {}",
                dimension.name
            ))
            .with_hint("ask for it without the dimension, or choose a dimension of that table"));
        }
        let (owner, value) = (dimension.parts().0, dimension.sql());
        let key = match owner {
            "customers" => "customer_key",
            "products" => "product_id",
            _ => return Ok((table.to_owned(), value)),
        };
        let joined = format!(
            "{table} LEFT JOIN (SELECT {key} AS owner_key, {value} AS owner_value FROM {owner}) AS owner \
             ON {table}.{key} = owner.owner_key"
        );
        Ok((joined, "owner_value".to_owned()))
    }

    fn in_window(&self, time: &str, from: Moment) -> String {
        format!("{time} >= {} AND {time} < {}", literal(from), literal(self.query.window.to()))
    }

    /// Sums and counts: one branch per table and time; different values: one per table, time and what must differ.
    fn simple_branches(&self, needed: &[&Metric], branches: &mut Vec<Branch>) -> Result<()> {
        // Grouped by what they can share; the map is ordered, so the statement is the same every time.
        let mut groups: BTreeMap<(String, String, Vec<String>), Vec<Measure>> = BTreeMap::new();
        for metric in needed {
            let MetricKind::Simple { table, time, aggregate, of, filter } = &metric.kind else { continue };
            self.source(&metric.name, table)?;
            let column = identifier(&metric.name);
            let condition = filter.as_deref().unwrap_or("TRUE");
            let (key, sql) = match aggregate {
                Aggregate::Count => (Vec::new(), format!("count(*) FILTER (WHERE {condition})")),
                Aggregate::Sum => (Vec::new(), format!("sum({}) FILTER (WHERE {condition})", of.join(", "))),
                Aggregate::CountDistinct => (of.clone(), condition.to_owned()),
            };
            groups.entry((table.clone(), time.clone(), key)).or_default().push(Measure { column, sql });
        }
        for ((table, time, key), measures) in groups {
            let columns: Vec<String> = measures.iter().map(|measure| measure.column.clone()).collect();
            let (source, dimension) = self.source("", &table)?;
            let period = self.query.grain.sql(&time, &self.query.window);
            let within = self.in_window(&time, self.query.window.from());
            let sql = if key.is_empty() {
                let cells: Vec<String> = measures.iter().map(|m| format!("{} AS {}", m.sql, m.column)).collect();
                format!(
                    "SELECT {period} AS period, {dimension} AS dimension, {} FROM {source} WHERE {within} GROUP BY 1, 2",
                    cells.join(", ")
                )
            } else {
                distinct_branch(&source, &period, &dimension, &within, &key, &measures)
            };
            branches.push((sql, columns));
        }
        Ok(())
    }

    /// Rows up to each period's end: those before the window fall into its first period, then periods are added up.
    fn cumulative_branch(&self, metric: &Metric, measure: &str) -> Result<Branch> {
        let MetricKind::Simple { table, time, aggregate, of, filter } = &self.definitions.metric(measure)?.kind else {
            return Err(Error::internal(format!("metric \"{}\" was not checked", metric.name)));
        };
        let (source, dimension) = self.source(&metric.name, table)?;
        let window = &self.query.window;
        let first = self.periods.first().map_or(window.from(), |period| period.start);
        let column = identifier(&metric.name);
        let amount = match aggregate {
            Aggregate::Sum => format!("sum({})", of.join(", ")),
            Aggregate::Count | Aggregate::CountDistinct => "count(*)".to_owned(),
        };
        let sql = format!(
            "SELECT p.period_start AS period, a.dimension, sum(a.amount) AS {column} FROM {spine} JOIN (\
             SELECT CASE WHEN {time} < {from} THEN {first} ELSE {period} END AS period, {dimension} AS dimension, {amount} AS amount \
             FROM {source} WHERE {time} < {to} AND ({condition}) GROUP BY 1, 2) AS a \
             ON a.period <= p.period_start GROUP BY p.period_start, a.dimension",
            spine = self.spine(),
            from = literal(window.from()),
            to = literal(window.to()),
            first = literal(first),
            period = self.query.grain.sql(time, window),
            condition = filter.as_deref().unwrap_or("TRUE"),
        );
        Ok((sql, vec![column]))
    }

    /// Customers of the base and those of them that converted; the dimension is the base's.
    fn conversion_branch(&self, metric: &Metric, base: &str, conversion: &str, within: Within) -> Result<Branch> {
        let (base, conversion) = (self.definitions.metric(base)?, self.definitions.metric(conversion)?);
        let (
            MetricKind::Simple { table: base_table, time: base_time, filter: base_filter, .. },
            MetricKind::Simple { table, time, filter, .. },
        ) = (&base.kind, &conversion.kind)
        else {
            return Err(Error::internal(format!("metric \"{}\" was not checked", metric.name)));
        };
        let (source, dimension) = self.source(&metric.name, base_table)?;
        let columns = vec![part(&metric.name, "base"), part(&metric.name, "converted")];
        let query = self.query;
        let known = literal(query.known_until);
        let base_condition = format!("customer_key IS NOT NULL AND ({})", base_filter.as_deref().unwrap_or("TRUE"));
        let condition = format!("customer_key IS NOT NULL AND ({})", filter.as_deref().unwrap_or("TRUE"));
        let pairs = match within {
            Within::Days(days) => format!(
                "SELECT b.period, b.dimension, b.customer_key, bool_or(c.converted_at >= b.started_at \
                 AND c.converted_at < b.started_at + INTERVAL '{days} days') AS converted FROM (\
                 SELECT {period} AS period, {dimension} AS dimension, customer_key, {base_time} AS started_at FROM {source} \
                 WHERE {in_window} AND {base_condition} AND {base_time} + INTERVAL '{days} days' <= {known}) AS b LEFT JOIN (\
                 SELECT customer_key, {time} AS converted_at FROM {table} WHERE {condition} AND {time} >= {from}) AS c \
                 ON c.customer_key = b.customer_key GROUP BY b.period, b.dimension, b.customer_key",
                period = query.grain.sql(base_time, &query.window),
                in_window = self.in_window(base_time, query.window.from()),
                from = literal(query.window.from()),
            ),
            Within::NextPeriod => {
                let earliest = self.periods.first().map_or(query.window.from(), |period| period.previous);
                let period_of = |time: &str| match query.grain {
                    Grain::Total => {
                        let (from, previous) = (query.window.from(), query.window.previous().from());
                        format!(
                            "CASE WHEN {time} < {} THEN {} ELSE {} END",
                            literal(from),
                            literal(previous),
                            literal(from)
                        )
                    }
                    grain => grain.sql(time, &query.window),
                };
                format!(
                    "SELECT p.period_start AS period, b.dimension, b.customer_key, c.customer_key IS NOT NULL AS converted FROM (\
                     SELECT DISTINCT {base_period} AS period, {dimension} AS dimension, customer_key FROM {source} \
                     WHERE {base_within} AND {base_condition}) AS b JOIN {spine} ON b.period = p.previous_start LEFT JOIN (\
                     SELECT DISTINCT {period} AS period, customer_key FROM {table} WHERE {within} AND {condition}) AS c \
                     ON c.customer_key = b.customer_key AND c.period = p.period_start",
                    base_period = period_of(base_time),
                    base_within = self.in_window(base_time, earliest),
                    period = period_of(time),
                    within = self.in_window(time, query.window.from()),
                    spine = self.spine(),
                )
            }
        };
        let sql = format!(
            "SELECT period, dimension, count(*) AS {}, count(*) FILTER (WHERE converted) AS {} FROM ({pairs}) AS pairs GROUP BY 1, 2",
            columns[0], columns[1]
        );
        Ok((sql, columns))
    }

    /// Conditions under which the upper part of a ratio is known: nothing spent in a period that no spend was recorded
    /// for is missing rather than 0. Where both parts are counted from one table, the lower part being 0 says the same.
    fn told(&self, numerator: &str, denominator: &str) -> Result<Vec<String>> {
        let below = self.counted_from(denominator)?;
        let mut conditions = Vec::new();
        for (table, time) in self.counted_from(numerator)?.difference(&below) {
            // From the first row of the table to its last, a period without a row is known to be empty.
            conditions.push(format!(
                "p.period_end > (SELECT min({time}) FROM {table}) AND p.period_start <= (SELECT max({time}) FROM {table})"
            ));
        }
        // A sum over no row or over empty cells is no sum: a month without a spend in it has no cost per customer.
        let numerator = self.definitions.metric(numerator)?;
        if let MetricKind::Simple { aggregate: Aggregate::Sum, table, time, .. } = &numerator.kind
            && !below.contains(&(table.clone(), time.clone()))
        {
            conditions.push(format!("{} IS NOT NULL", identifier(&numerator.name)));
        }
        Ok(conditions)
    }

    /// The tables, each with its time, that a metric is counted from.
    fn counted_from(&self, name: &str) -> Result<BTreeSet<(String, String)>> {
        let mut open = vec![name.to_owned()];
        let mut found = BTreeSet::new();
        while let Some(name) = open.pop() {
            match &self.definitions.metric(&name)?.kind {
                MetricKind::Simple { table, time, .. } => {
                    found.insert((table.clone(), time.clone()));
                }
                kind => open.extend(references(kind)?),
            }
        }
        Ok(found)
    }

    /// The value of a metric, with its type.
    fn cell(&self, metric: &Metric) -> Result<String> {
        Ok(format!("CAST({} AS {})", self.value(metric)?, metric.unit.sql_type()))
    }

    fn value(&self, metric: &Metric) -> Result<String> {
        let column = || identifier(&metric.name);
        match &metric.kind {
            MetricKind::Simple { .. } | MetricKind::Cumulative { .. } => Ok(format!("coalesce({}, 0)", column())),
            MetricKind::Ratio { numerator, denominator } => {
                let double = |name: &str| {
                    Ok::<_, Error>(format!("CAST({} AS DOUBLE)", self.value(self.definitions.metric(name)?)?))
                };
                let ratio = format!("{} / nullif({}, 0)", double(numerator)?, double(denominator)?);
                Ok(match self.told(numerator, denominator)? {
                    conditions if conditions.is_empty() => ratio,
                    conditions => format!("CASE WHEN {} THEN {ratio} END", conditions.join(" AND ")),
                })
            }
            MetricKind::Derived { expression } => Expression::parse(expression)?
                .sql(|name| self.value(self.definitions.metric(name)?))
                .context(|| format!("metric \"{}\"", metric.name)),
            MetricKind::Conversion { .. } => Ok(format!(
                "CAST({} AS DOUBLE) / nullif(CAST({} AS DOUBLE), 0)",
                part(&metric.name, "converted"),
                part(&metric.name, "base")
            )),
        }
    }
}

/// The branches below each other, each with its own columns filled, and pairs of period and dimension put together.
fn stacked(branches: &[Branch]) -> String {
    let columns: Vec<&String> = branches.iter().flat_map(|(_, columns)| columns).collect();
    let parts: Vec<String> = branches
        .iter()
        .map(|(sql, own)| {
            let filled =
                |column: &&String| if own.contains(column) { (*column).clone() } else { format!("NULL AS {column}") };
            let cells: Vec<String> = columns.iter().map(filled).collect();
            format!("SELECT period, dimension, {} FROM (\n{sql}\n) AS branch", cells.join(", "))
        })
        .collect();
    let merged: Vec<String> = columns.iter().map(|column| format!("max({column}) AS {column}")).collect();
    format!(
        "(SELECT period, dimension, {} FROM (\n{}\n) AS stacked GROUP BY period, dimension) AS m",
        merged.join(", "),
        parts.join("\nUNION ALL\n")
    )
}

/// Different values in two steps: first each once, then counted. (Counting different texts per group directly takes a
/// table of texts per group.)
fn distinct_branch(
    source: &str,
    period: &str,
    dimension: &str,
    within: &str,
    key: &[String],
    measures: &[Measure],
) -> String {
    let names: Vec<String> = (0..key.len()).map(|index| format!("key_{index}")).collect();
    let keys: Vec<String> = key.iter().zip(&names).map(|(sql, name)| format!("{sql} AS {name}")).collect();
    let present: Vec<String> = key.iter().map(|sql| format!("({sql}) IS NOT NULL")).collect();
    let flags: Vec<String> = measures.iter().map(|m| format!("bool_or({}) AS {}", m.sql, m.column)).collect();
    let counts: Vec<String> =
        measures.iter().map(|m| format!("count(*) FILTER (WHERE {}) AS {}", m.column, m.column)).collect();
    let any: Vec<String> = measures.iter().map(|m| format!("({})", m.sql)).collect();
    format!(
        "SELECT period, dimension, {counts} FROM (SELECT {period} AS period, {dimension} AS dimension, {keys}, {flags} \
         FROM {source} WHERE {within} AND ({present}) AND ({any}) GROUP BY period, dimension, {names}) AS once GROUP BY 1, 2",
        counts = counts.join(", "),
        keys = keys.join(", "),
        flags = flags.join(", "),
        present = present.join(" OR "),
        any = any.join(" OR "),
        names = names.join(", "),
    )
}

/// The column for a part of a conversion.
fn part(name: &str, part: &str) -> String {
    identifier(&format!("{name}__{part}"))
}
