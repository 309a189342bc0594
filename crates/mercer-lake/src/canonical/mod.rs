//! From parsed sources to canonical tables: a pure function of the parsed files and the rules, run on the engine.
//!
//! Building everything again from parsed files keeps one truth: what an incremental run gives is what a first run would.

mod attributes;
mod facts;
mod orders;
mod people;
mod refused;
mod staged;
pub(crate) mod steps;

use std::collections::BTreeMap;

use mercer_base::Result;
use mercer_schema::{Rules, Table};

pub(crate) use refused::Refused;
pub(crate) use staged::{StagedSource, attribute_column, field_column, literal};
use steps::Steps;

/// What a build found out besides its tables.
#[derive(Debug, Default)]
pub(crate) struct Built {
    /// Attribute columns of `customers`.
    pub(crate) customer_attributes: Vec<String>,
    /// Rows that the build refused, by source and file.
    pub(crate) refused: Vec<Refused>,
    /// Rows kept once, by (source, file): what is missing from the parsed rows was refused or repeats another row.
    pub(crate) kept: BTreeMap<(usize, usize), u64>,
    /// First moment after the data, and the span of orders, in microseconds.
    pub(crate) as_of: Option<i64>,
    pub(crate) orders_span: Option<(i64, i64)>,
}

/// Builds every canonical table. `end_of_today` is the first moment, in microseconds, that cannot have happened yet.
pub(crate) fn build(steps: &mut Steps<'_>, staged: &[StagedSource], rules: &Rules, end_of_today: i64) -> Result<Built> {
    let today = format!("arrow_cast({end_of_today}, 'Timestamp(Microsecond, None)')");
    for table in [Table::Customers, Table::Products].into_iter().chain(facts::PLAIN) {
        facts::keep_once(steps, staged, table, &today)?;
    }
    orders::merge(steps, staged, rules, &today)?;
    people::customer_keys(steps)?;
    let mut built = Built { customer_attributes: people::customers(steps, staged)?, ..Built::default() };
    steps.table("orders", orders::ORDERS, &["customer_key", "ordered_at"])?;
    steps.table("order_lines", &orders::order_lines(), &["customer_key", "ordered_at"])?;
    people::products(steps, staged, rules)?;
    for table in facts::PLAIN {
        facts::finish(steps, staged, table)?;
    }
    refused::account(steps, staged, &today, &mut built)?;
    moments(steps, &mut built)?;
    Ok(built)
}

/// When the data end, and when orders begin and end.
fn moments(steps: &Steps<'_>, built: &mut Built) -> Result<()> {
    let span = steps
        .integers("select count(*), cast(min(ordered_at) as bigint), cast(max(ordered_at) as bigint) from orders")?;
    if let Some([count, first, last]) = span.first().map(Vec::as_slice)
        && *count > 0
    {
        built.orders_span = Some((*first, *last));
    }
    let latest = [
        ("orders", "ordered_at"),
        ("events", "occurred_at"),
        ("messages", "sent_at"),
        ("touchpoints", "occurred_at"),
        ("leads", "created_at"),
        ("subscriptions", "started_at"),
        ("customers", "created_at"),
    ]
    .map(|(table, time)| format!("select max({time}) as moment from {table}"))
    .join(" union all ");
    let end = steps.integers(&format!(
        "select count(moment), cast(date_trunc('day', max(moment)) + interval '1 day' as bigint) from ({latest})"
    ))?;
    if let Some([count, end]) = end.first().map(Vec::as_slice)
        && *count > 0
    {
        built.as_of = Some(*end);
    }
    Ok(())
}
