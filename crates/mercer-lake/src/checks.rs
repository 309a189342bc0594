//! What people should know about their data: one statement a check, run over the parsed rows and the finished tables.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{Decimal128Type, Int64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use mercer_base::{Money, Result};
use mercer_engine::Engine;

use crate::manifest::{Finding, Severity};

/// A check: a statement with one row, whose first column `n` counts what was found and whose others fill the message.
struct Check {
    name: &'static str,
    table: &'static str,
    severity: Severity,
    sql: &'static str,
    /// Words for people; `{column}` stands for a column of the statement, `{column:one|many}` for the words that agree
    /// with it.
    message: &'static str,
}

const CHECKS: &[Check] = &[
    Check {
        name: "bookkeeping_entries",
        table: "orders",
        severity: Severity::Warning,
        sql: "select count(*) as n, cast(sum(adjustment) as decimal(18, 2)) as amount, \
              array_to_string_of(order_id) as sample from orders where kind = 'adjustment'",
        message: "{n} book-keeping {n:entry|entries} such as bad debt ({sample}) {n:changes|change} net sales by {amount}: neither sales nor refunds",
    },
    Check {
        name: "anonymous_orders",
        table: "orders",
        severity: Severity::Note,
        sql: "select count(*) filter (where customer_id is null) as n, count(*) as orders, \
              cast(round(100.0 * count(*) filter (where customer_id is null) / nullif(count(*), 0), 1) as varchar) as share, \
              cast(sum(net_sales) filter (where customer_id is null) as decimal(18, 2)) as amount, \
              coalesce(sum(lines) filter (where customer_id is null), 0) as lines from orders",
        message: "{n} {n:order|orders} ({share} % of {orders}) {n:has|have} no customer: kept as anonymous sales, {lines} {lines:line|lines} worth {amount} net",
    },
    Check {
        name: "cancellations",
        table: "orders",
        severity: Severity::Note,
        sql: "select count(*) as n, coalesce(sum(lines), 0) as lines, cast(sum(refund) as decimal(18, 2)) as amount from orders where kind = 'return'",
        message: "{n} {n:cancellation or return|cancellations and returns} ({lines} {lines:line|lines}) {n:is|are} shown as refunds of {amount}",
    },
    Check {
        name: "free_orders",
        table: "orders",
        severity: Severity::Note,
        sql: "select count(*) as n from orders where kind = 'free'",
        message: "{n} {n:order has|orders have} no value at all (samples, stock corrections): kept, and not counted as orders",
    },
    Check {
        name: "orders_without_amounts",
        table: "orders",
        severity: Severity::Warning,
        sql: "select case when max(abs(gross_sales)) = 0 and max(abs(refund)) = 0 then count(*) else 0 end as n from orders where kind = 'sale'",
        message: "{n} {n:order has|orders have} no amount, as no source says one: orders and customers are counted, and money reads 0",
    },
    Check {
        name: "mixed_customers",
        table: "orders",
        severity: Severity::Warning,
        sql: "select count(*) as n, min(order_id) as sample from merged_orders where mixed_customers and refusal is null",
        message: "{n} {n:order names|orders name} more than one customer on {n:its|their} lines, such as {sample}: the first in the alphabet is taken",
    },
    Check {
        name: "mixed_currencies",
        table: "orders",
        severity: Severity::Warning,
        sql: "select case when count(distinct currency) > 1 then count(distinct currency) else 0 end as n, \
              min(currency) as one, max(currency) as other from orders",
        message: "{n} currencies stand in one column (from {one} to {other}) and are added up as if they were one: convert them before, or split the source",
    },
    Check {
        name: "totals_disagree",
        table: "orders",
        severity: Severity::Warning,
        sql: "select count(*) as n, min(order_id) as sample, cast(sum(abs(order_gross - line_gross)) as decimal(18, 2)) as amount from merged_orders \
              where refusal is null and abs(order_gross - line_gross) > 0.01 and line_gross is not null",
        message: "{n} {n:order, {sample}, says another total than its|orders, such as {sample}, say another total than their} lines (by {amount} in all): the lines are taken",
    },
    Check {
        name: "negative_prices",
        table: "order_lines",
        severity: Severity::Warning,
        sql: "select count(*) as n, min(order_id) as sample from order_lines where unit_price < 0 and kind <> 'adjustment'",
        message: "{n} {n:line has|lines have} a negative price, such as one of order {sample}: counted as money given back",
    },
    Check {
        name: "lines_without_product",
        table: "order_lines",
        severity: Severity::Note,
        sql: "select count(*) as n from order_lines where product_id is null",
        message: "{n} {n:line names no product: it counts|lines name no product: they count} in sales and in no product",
    },
    Check {
        name: "lines_without_price",
        table: "order_lines",
        severity: Severity::Note,
        sql: "select count(*) as n from order_lines where gross_sales = 0 and refund = 0 and adjustment = 0 \
              and (select max(gross_sales) from orders) > 0",
        message: "{n} {n:line has|lines have} no value: samples, gifts, or stock written off",
    },
    Check {
        name: "unknown_products",
        table: "order_lines",
        severity: Severity::Note,
        sql: "select count(*) as n, min(product_id) as sample from products where title is null and category is null",
        message: "{n} {n:product, {sample}, is known by its|products, such as {sample}, are known by their} key only",
    },
    Check {
        name: "outlying_orders",
        table: "orders",
        severity: Severity::Note,
        sql: "select count(*) as n, min(order_id) as sample, cast(max(gross_sales) as decimal(18, 2)) as largest from orders, \
              (select approx_percentile_cont(cast(gross_sales as double), 0.5) as middle from orders where kind = 'sale') \
              where kind = 'sale' and cast(gross_sales as double) > 100 * middle and middle > 0",
        message: "{n} {n:order is|orders are} more than a hundred times the median order (up to {largest}, such as {sample}): averages lean on {n:it|them}",
    },
    Check {
        name: "gap_in_orders",
        table: "orders",
        severity: Severity::Warning,
        sql: "select days as n, cast(cast(before as date) as varchar) as sample from \
              (select before, (cast(day as bigint) - cast(before as bigint)) / 86400000000 as days from \
                (select day, lag(day) over (order by day) as before from (select distinct date_trunc('day', ordered_at) as day from orders)) \
               where before is not null) where days > 14 order by days desc, before limit 1",
        message: "the longest time without an order is {n} days, after {sample}: is a file missing?",
    },
];

/// Runs every check over what the engine holds and returns what was found.
pub(crate) fn run(engine: &Engine) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for check in CHECKS {
        // A few keys as a sample, in one text.
        let sql = check.sql.replace("array_to_string_of(order_id)", "string_agg(order_id, ', ' order by order_id)");
        let batches = engine.collect(&sql).map_err(|error| error.with_context(format!("check {}", check.name)))?;
        let Some(batch) = batches.iter().find(|batch| batch.num_rows() > 0) else { continue };
        let count = batch
            .column(0)
            .as_primitive_opt::<Int64Type>()
            .filter(|counts| counts.is_valid(0))
            .map_or(0, |counts| counts.value(0));
        if count <= 0 {
            continue;
        }
        let mut message = check.message.to_owned();
        for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
            let counts = column.as_primitive_opt::<Int64Type>();
            if let Some(counts) = counts {
                message = agree(&message, field.name(), counts.is_valid(0) && counts.value(0) == 1);
            }
            let value = written(column);
            let value =
                if value.len() > 80 { format!("{}…", value.chars().take(79).collect::<String>()) } else { value };
            message = message.replace(&format!("{{{}}}", field.name()), &value);
        }
        findings.push(Finding {
            source: String::new(),
            table: check.table.to_owned(),
            check: check.name.to_owned(),
            severity: check.severity,
            count: count.unsigned_abs(),
            message,
        });
    }
    Ok(findings)
}

/// Chooses the words that agree with a column: the first of `{column:one|many}` for one, else the second.
fn agree(message: &str, column: &str, one: bool) -> String {
    let start = format!("{{{column}:");
    let mut out = String::new();
    let mut rest = message;
    while let Some((before, after)) = rest.split_once(&start) {
        out.push_str(before);
        // The words may name other columns in braces of their own.
        let mut depth = 1_u32;
        let end = after.find(|sign| {
            match sign {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        let (words, left) = end.and_then(|end| after.split_at_checked(end)).unwrap_or((after, ""));
        let (singular, plural) = words.split_once('|').unwrap_or((words, words));
        out.push_str(if one { singular } else { plural });
        rest = left.get(1..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// The first value of a column as people read it: grouped thousands, amounts with two decimals.
fn written(column: &ArrayRef) -> String {
    if column.is_null(0) {
        return "nothing".to_owned();
    }
    if let Some(amounts) = column.as_primitive_opt::<Decimal128Type>() {
        let scale = u32::try_from(4 - amounts.scale()).unwrap_or(0);
        let units = amounts.value(0).saturating_mul(10_i128.pow(scale));
        return Money::from_units(i64::try_from(units).unwrap_or(i64::MAX)).to_string();
    }
    if let Some(counts) = column.as_primitive_opt::<Int64Type>() {
        return Money::from_units(counts.value(0).saturating_mul(10_000))
            .to_string()
            .trim_end_matches(".00")
            .to_owned();
    }
    let options = FormatOptions::default().with_display_error(true);
    ArrayFormatter::try_new(column, &options).map(|formatter| formatter.value(0).to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_agree_with_their_column() {
        let message = "{n} {n:order, {sample}, says|orders, such as {sample}, say} it of {lines} {lines:line|lines}";
        assert_eq!(agree(&agree(message, "n", true), "lines", false), "{n} order, {sample}, says it of {lines} lines");
        assert_eq!(
            agree(&agree(message, "n", false), "lines", true),
            "{n} orders, such as {sample}, say it of {lines} line"
        );
    }

    #[test]
    fn every_message_has_both_forms() {
        for check in CHECKS.iter().filter(|check| check.message.starts_with("{n} ") && check.name != "mixed_currencies")
        {
            assert!(
                check.message.contains("{n:"),
                "{}: \"{}\" reads the same for one and for many",
                check.name,
                check.message
            );
        }
    }
}
