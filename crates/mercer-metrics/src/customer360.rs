//! The customer 360: its columns, and the one statement that builds it as of a cut-off.

use std::collections::BTreeMap;

use mercer_base::{Error, Result, ResultExt};
use serde::{Deserialize, Serialize};

use crate::definition::FACTS;
use crate::rfm::{RfmCuts, segment_sql};
use crate::time::{Moment, identifier, literal};

const BUILT_IN: &str = include_str!("../definitions/customer_360.toml");

/// What a column holds, and so its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// A key, as text; the numeric `customer_key` is one too.
    Id,
    /// Words.
    Text,
    /// A moment, as naive microseconds.
    Time,
    /// An amount, `DECIMAL(18, 4)`; 0 where there is none.
    Money,
    /// A whole number; 0 where there is none.
    Count,
    /// Whole days.
    Days,
    /// A plain number.
    Number,
    /// A share between 0 and 1.
    Share,
    /// A score from 1 to 5.
    Score,
    /// True or false; false where nothing says otherwise.
    Flag,
}

impl ColumnKind {
    fn sql_type(self) -> &'static str {
        match self {
            Self::Id | Self::Text => "VARCHAR",
            Self::Time => "TIMESTAMP(6)",
            Self::Money => "DECIMAL(18, 4)",
            Self::Count | Self::Days | Self::Score => "BIGINT",
            Self::Number | Self::Share => "DOUBLE",
            Self::Flag => "BOOLEAN",
        }
    }

    /// What stands where a customer has no rows at all in a fact table.
    fn of_nothing(self) -> Option<&'static str> {
        match self {
            Self::Money | Self::Count => Some("0"),
            Self::Flag => Some("FALSE"),
            _ => None,
        }
    }
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
    /// What it means, in plain words.
    pub description: String,
    /// SQL with placeholders.
    pub expression: String,
}

/// Columns that are computed together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Its name.
    pub name: String,
    /// What is grouped by customer; derived layers have none.
    pub from: Option<String>,
    /// Its columns.
    #[serde(rename = "column")]
    pub columns: Vec<Column>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    phrases: BTreeMap<String, String>,
    facts: Vec<Layer>,
    derived: Vec<Layer>,
}

/// As of when the customer 360 is built, and for whom.
#[derive(Debug, Clone, Copy)]
pub struct Cutoff<'a> {
    /// Only rows before this moment count.
    pub as_of: Moment,
    /// Only customers with `lo <= customer_key < hi`; all where `None`. Building range by range bounds the memory.
    pub keys: Option<(i64, i64)>,
    /// Values that scores are cut at, from [`Customer360::cuts_sql`] over all customers; `None` where there are no buyers.
    pub cuts: Option<&'a RfmCuts>,
    /// Names of further columns of `customers` to keep.
    pub attributes: &'a [&'a str],
}

/// The definition of the customer 360.
#[derive(Debug, Clone)]
pub struct Customer360 {
    file: File,
}

/// Columns of `customers` that are kept as they are.
const IDENTITY: &[(&str, ColumnKind, &str)] = &[
    ("customer_key", ColumnKind::Count, "The customer's number in the lake."),
    ("customer_id", ColumnKind::Id, "The customer's key in your systems."),
    ("created_at", ColumnKind::Time, "When the customer was first recorded, as the source says."),
    ("first_seen_at", ColumnKind::Time, "The earliest moment the customer is known from, in any table."),
    ("email", ColumnKind::Text, "E-mail address."),
    ("country", ColumnKind::Text, "Where the customer lives."),
    ("region", ColumnKind::Text, "State, province or region."),
    ("city", ColumnKind::Text, "Town."),
    ("postcode", ColumnKind::Text, "Postal code."),
    ("birth_year", ColumnKind::Count, "Year of birth."),
    ("acquisition_channel", ColumnKind::Text, "How the customer was won."),
];

impl Customer360 {
    /// The definition that comes with mercer.
    ///
    /// # Errors
    /// When the embedded file is wrong, which the tests of this crate rule out.
    pub fn built_in() -> Result<Self> {
        let file = toml::from_str(BUILT_IN)
            .map_err(|cause| Error::internal(format!("built-in customer 360: {}", cause.message())))?;
        Ok(Self { file })
    }

    /// Every column with its kind and meaning, in the order of the table (attributes come after them).
    #[must_use]
    pub fn columns(&self) -> Vec<(&str, ColumnKind, &str)> {
        let own = self.file.facts.iter().chain(&self.file.derived).flat_map(|layer| &layer.columns);
        let own = own.map(|column| (column.name.as_str(), column.kind, column.description.as_str()));
        IDENTITY.iter().copied().chain(own).collect()
    }

    /// The statement for the values that scores are cut at, over all buyers as of a cut-off: one row of
    /// [`RfmCuts::VALUES`] doubles for [`RfmCuts::from_values`].
    ///
    /// # Errors
    /// When the definition has a placeholder that nothing fills.
    pub fn cuts_sql(&self, as_of: Moment) -> Result<String> {
        let cutoff = Cutoff { as_of, keys: None, cuts: None, attributes: &[] };
        let orders = self.file.facts.iter().find(|layer| layer.name == "orders");
        let layer = orders.ok_or_else(|| Error::internal("the customer 360 has no layer \"orders\""))?;
        let fact = self.fact(layer, &cutoff)?;
        let recency = self.filled("{days_since_last_order}", &cutoff)?;
        let gap = self.filled("{own_gap}", &cutoff)?;
        let mut cells = Vec::new();
        for value in [recency.as_str(), "orders", "net_sales"] {
            for share in ["0.2", "0.4", "0.6", "0.8"] {
                cells.push(format!(
                    "percentile_cont({share}) WITHIN GROUP (ORDER BY CAST({value} AS DOUBLE)) AS cut_{}",
                    cells.len()
                ));
            }
        }
        cells.push(format!("median(CAST({gap} AS DOUBLE)) AS typical_gap_days"));
        Ok(format!("SELECT {} FROM {fact} WHERE orders > 0", cells.join(", ")))
    }

    /// The statement that builds the customer 360: a row per customer known by the cut-off, ordered by `customer_key`.
    ///
    /// Rows from the cut-off on do not count, refunds that became known later neither. A customer without any date is
    /// taken as known.
    ///
    /// # Errors
    /// When the definition has a placeholder that nothing fills.
    pub fn sql(&self, cutoff: &Cutoff<'_>) -> Result<String> {
        let known =
            format!("(first_seen_at IS NULL OR first_seen_at < {}){}", literal(cutoff.as_of), key_range(cutoff));
        let mut names: Vec<String> = IDENTITY.iter().map(|(name, ..)| identifier(name)).collect();
        let mut cells: Vec<String> = names.iter().map(|name| format!("c.{name}")).collect();
        let mut joins = String::new();
        for (index, layer) in self.file.facts.iter().enumerate() {
            let alias = format!("f{index}");
            joins.push_str(&format!(
                "\nLEFT JOIN {} ON {alias}.customer_key = c.customer_key",
                self.fact_as(layer, cutoff, &alias)?
            ));
            for column in &layer.columns {
                let name = identifier(&column.name);
                let value = match column.kind.of_nothing() {
                    Some(nothing) => format!("coalesce({alias}.{name}, {nothing})"),
                    None => format!("{alias}.{name}"),
                };
                cells.push(format!("CAST({value} AS {}) AS {name}", column.kind.sql_type()));
                names.push(name);
            }
        }
        let known_names: Vec<&str> = self.columns().iter().map(|(name, ..)| *name).collect();
        let mut attributes = Vec::new();
        for attribute in cutoff.attributes.iter().filter(|name| !IDENTITY.iter().any(|(own, ..)| own == *name)) {
            // An attribute must not hide a column of the 360.
            let shown =
                if known_names.contains(attribute) { format!("customer_{attribute}") } else { (*attribute).to_owned() };
            cells.push(format!("c.{} AS {}", identifier(attribute), identifier(&shown)));
            attributes.push(identifier(&shown));
        }
        let mut sql = format!("SELECT {}\nFROM (SELECT * FROM customers WHERE {known}) AS c{joins}", cells.join(", "));
        for layer in &self.file.derived {
            let mut derived = Vec::new();
            for column in &layer.columns {
                let expression = self
                    .filled(&column.expression, cutoff)
                    .context(|| format!("column \"{}\" of the customer 360", column.name))?;
                let name = identifier(&column.name);
                derived.push(format!("CAST({expression} AS {}) AS {name}", column.kind.sql_type()));
                names.push(name);
            }
            sql = format!("SELECT *, {}\nFROM (\n{sql}\n) AS {}", derived.join(", "), identifier(&layer.name));
        }
        names.extend(attributes);
        Ok(format!("SELECT {}\nFROM (\n{sql}\n) AS customer_360\nORDER BY customer_key", names.join(", ")))
    }

    /// A fact layer as a subquery named after the layer.
    fn fact(&self, layer: &Layer, cutoff: &Cutoff<'_>) -> Result<String> {
        self.fact_as(layer, cutoff, &identifier(&layer.name))
    }

    fn fact_as(&self, layer: &Layer, cutoff: &Cutoff<'_>, alias: &str) -> Result<String> {
        let context = || format!("layer \"{}\" of the customer 360", layer.name);
        let from = self.filled(layer.from.as_deref().unwrap_or_default(), cutoff).context(context)?;
        let mut cells = Vec::new();
        for column in &layer.columns {
            let expression = self.filled(&column.expression, cutoff).context(context)?;
            cells.push(format!("{expression} AS {}", identifier(&column.name)));
        }
        Ok(format!("(SELECT customer_key, {} FROM {from} GROUP BY customer_key) AS {alias}", cells.join(", ")))
    }

    /// Text with every placeholder filled; phrases may hold placeholders themselves.
    fn filled(&self, text: &str, cutoff: &Cutoff<'_>) -> Result<String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else {
                return Err(Error::internal(format!("a placeholder in \"{text}\" is not closed")));
            };
            out.push_str(before);
            out.push_str(&self.placeholder(name, cutoff)?);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    fn placeholder(&self, name: &str, cutoff: &Cutoff<'_>) -> Result<String> {
        if let Some((_, time)) = FACTS.iter().find(|(fact, _)| *fact == name) {
            return Ok(format!(
                "(SELECT * FROM {name} WHERE customer_key IS NOT NULL AND {time} < {}{}) AS {name}",
                literal(cutoff.as_of),
                key_range(cutoff)
            ));
        }
        if let Some(phrase) = self.file.phrases.get(name) {
            return self.filled(phrase, cutoff);
        }
        if let Some(days) = name.strip_prefix("days_before:").and_then(|days| days.parse::<u64>().ok()) {
            let at = cutoff.as_of.checked_sub_days(chrono::Days::new(days)).unwrap_or(cutoff.as_of);
            return Ok(literal(at));
        }
        Ok(match name {
            "as_of" => literal(cutoff.as_of),
            "recency_score" => RfmCuts::recency_sql(cutoff.cuts),
            "frequency_score" => RfmCuts::frequency_sql(cutoff.cuts),
            "monetary_score" => RfmCuts::monetary_sql(cutoff.cuts),
            "typical_gap_days" => RfmCuts::typical_gap_sql(cutoff.cuts),
            "segment" => segment_sql(),
            _ => return Err(Error::internal(format!("nothing fills the placeholder {{{name}}}"))),
        })
    }
}

/// The restriction to a range of keys, to be appended to a condition.
fn key_range(cutoff: &Cutoff<'_>) -> String {
    cutoff.keys.map_or_else(String::new, |(low, high)| format!(" AND customer_key >= {low} AND customer_key < {high}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_one_name_and_a_meaning() {
        let definition = Customer360::built_in().unwrap();
        let columns = definition.columns();
        let mut names: Vec<&str> = columns.iter().map(|(name, ..)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), columns.len());
        assert!(columns.iter().all(|(_, _, description)| description.ends_with('.')));
        assert!(columns.len() >= 50, "{}", columns.len());
    }

    #[test]
    fn a_statement_has_no_open_placeholders() {
        let definition = Customer360::built_in().unwrap();
        let as_of = "2024-04-01T00:00:00".parse().unwrap();
        let sql =
            definition.sql(&Cutoff { as_of, keys: Some((5, 9)), cuts: None, attributes: &["tier", "orders"] }).unwrap();
        assert!(!sql.contains('{') && !sql.contains('}'), "{sql}");
        assert!(sql.contains("customer_key >= 5 AND customer_key < 9"));
        assert!(sql.contains("AS \"customer_orders\"") && sql.contains("AS \"tier\""));
    }
}
