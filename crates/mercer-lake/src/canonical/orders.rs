//! Orders and their lines: one row an order whatever the export's form, one revenue ladder, lines that add up to it.

use mercer_base::Result;
use mercer_schema::{Rules, Table};

use super::staged::{Rows, StagedSource, literal};
use super::steps::Steps;

/// Builds the steps `lines` (numbered, valued, each key once) and `merged_orders` (dated and undated), without customers'
/// keys. `end_of_today` is a timestamp literal: nothing can have happened after it.
pub(super) fn merge(steps: &mut Steps<'_>, staged: &[StagedSource], rules: &Rules, end_of_today: &str) -> Result<()> {
    lines(steps, &Rows::of(staged, Table::OrderLines))?;
    order_rows(steps, &Rows::of(staged, Table::Orders))?;
    let priced = [Table::OrderLines, Table::Orders].into_iter().any(|table| {
        let rows = Rows::of(staged, table);
        AMOUNTS.iter().any(|(owner, field)| rows.has(*owner, field))
    });
    steps.keep("merged_orders", &merged(rules, end_of_today, priced))?;
    Ok(())
}

/// Fields that say what an order is worth.
const AMOUNTS: [(Table, &str); 6] = [
    (Table::OrderLines, "unit_price"),
    (Table::OrderLines, "gross_amount"),
    (Table::OrderLines, "net_amount"),
    (Table::Orders, "gross_sales"),
    (Table::Orders, "subtotal"),
    (Table::Orders, "total"),
];

/// `line_rows`: every parsed line. `lines`: each order's lines from the newest file that has the order, numbered, valued at
/// list price (`gross_value` is negative for what came back, null where the line does not say), with the weights that
/// order-level amounts are spread by and their running totals: values, or pieces where no line of the order has a value.
/// Which of the two holds is known when the order is, in [`order_lines`]: a window that looks at an order's last line before
/// its first is computed would hold all lines in memory.
fn lines(steps: &mut Steps<'_>, rows: &Rows<'_>) -> Result<()> {
    steps.view("line_rows", &rows.union())?;
    let newest = if rows.in_several_files() {
        "join (select order_lines__order_id as newest_order, max(_file) as newest_file from line_rows group by 1) \
         on order_lines__order_id = newest_order and _file = newest_file"
    } else {
        ""
    };
    // A line with a key of its own counts once an order; lines without one all count, equal or not.
    let once = if rows.has(Table::OrderLines, "line_id") {
        "qualify row_number() over (partition by order_lines__order_id, \
         coalesce(order_lines__line_id, concat('line ', cast(_line as varchar))) order by _file desc, _line desc) = 1"
    } else {
        ""
    };
    let running = |kind: &str| {
        format!(
            "cast(sum({kind}_weight) over (partition by order_lines__order_id order by _file, _line \
               rows between unbounded preceding and current row) as decimal(18, 4)) as {kind}_running"
        )
    };
    steps.keep(
        "lines",
        &format!(
            "with once as (select line_rows.*, \
               abs(coalesce(order_lines__discount, 0)) as line_discount \
             from line_rows {newest} {once}), \
             valued as (select *, coalesce(order_lines__gross_amount, \
               cast(order_lines__unit_price * order_lines__quantity as decimal(18, 4)), \
               order_lines__net_amount + case when order_lines__net_amount < 0 then -line_discount else line_discount end) as gross_value \
             from once), \
             weighed as (select *, abs(coalesce(gross_value, 0)) as value_weight, \
               cast(coalesce(nullif(abs(order_lines__quantity), 0), 1) as decimal(18, 4)) as piece_weight from valued) \
             select *, row_number() over (partition by order_lines__order_id order by _file, _line) as line_number, \
               {}, {} from weighed",
            running("value"),
            running("piece"),
        ),
    )?;
    // Totals that a shop repeats on each line, or writes on the first one only, are taken once: max, never sum.
    steps.keep(
        "line_totals",
        "select order_lines__order_id as order_id, count(*) as lines, cast(sum(order_lines__quantity) as decimal(18, 4)) as units, \
           cast(sum(greatest(gross_value, 0)) filter (where gross_value is not null) as decimal(18, 4)) as gross_sales, \
           cast(sum(greatest(-gross_value, 0)) filter (where gross_value is not null) as decimal(18, 4)) as refund, \
           cast(case when max(gross_value) is not null then sum(value_weight) else sum(piece_weight) end as decimal(18, 4)) as weight, \
           cast(sum(case when gross_value >= 0 then line_discount else 0 end) as decimal(18, 4)) as discount, \
           min(orders__customer_id) as customer_id, max(orders__customer_id) as other_customer_id, min(orders__ordered_at) as ordered_at, \
           min(orders__status) as status, min(orders__channel) as channel, min(orders__country) as country, \
           min(orders__currency) as currency, min(orders__coupon) as coupon, max(orders__refunded_at) as refunded_at, \
           max(orders__gross_sales) as order_gross, max(orders__subtotal) as order_subtotal, max(orders__total) as order_total, \
           max(abs(orders__discount)) as order_discount, max(abs(orders__refund)) as order_refund, \
           max(orders__tax) as tax, max(orders__shipping) as shipping \
         from lines group by order_lines__order_id",
    )?;
    Ok(())
}

/// `order_rows`: every parsed row of order tables. `order_kept`: each order once, the newest row of it.
fn order_rows(steps: &mut Steps<'_>, rows: &Rows<'_>) -> Result<()> {
    // Without a key of its own an order is known by customer, moment, and its place among the equal ones of its file.
    steps.view(
        "order_rows",
        &format!(
            "select *, coalesce(orders__order_id, concat(coalesce(orders__customer_id, 'anonymous'), '-', \
               to_char(orders__ordered_at, '%Y%m%dT%H%M%S'), '-', cast(row_number() over (partition by _file, \
               orders__order_id is null, orders__customer_id, orders__ordered_at order by _line) as varchar))) as order_key \
             from ({})",
            rows.union()
        ),
    )?;
    steps.keep(
        "order_kept",
        "select * from (select *, row_number() over (partition by order_key order by _file desc, _line desc) as newness \
         from order_rows) where newness = 1",
    )?;
    Ok(())
}

/// Orders from both forms: what an order table says wins over what lines repeat, except that goods are valued by their lines.
/// Without an amount anywhere, what was bought is a sale of unknown value rather than a gift.
fn merged(rules: &Rules, end_of_today: &str, priced: bool) -> String {
    let is_status = |statuses: &[String]| match statuses {
        [] => "false".to_owned(),
        statuses => format!(
            "lower(trim(status)) in ({})",
            statuses.iter().map(|status| literal(&status.to_lowercase())).collect::<Vec<_>>().join(", ")
        ),
    };
    let starts_with = |prefix: &Option<String>| match prefix.as_deref() {
        None | Some("") => "false".to_owned(),
        Some(prefix) => format!("starts_with(order_id, {})", literal(prefix)),
    };
    let customer = match rules.anonymous_customers.as_slice() {
        [] => "customer_id".to_owned(),
        nobody => {
            let nobody = nobody.iter().map(|id| literal(id)).collect::<Vec<_>>().join(", ");
            format!("case when customer_id in ({nobody}) then null else customer_id end")
        }
    };
    let cancelled = is_status(&rules.cancelled_statuses);
    let paid_back = format!("({cancelled} or {})", is_status(&rules.refunded_statuses));
    let adjustment = starts_with(&rules.adjustment_prefix);
    let cancellation = starts_with(&rules.cancellation_prefix);
    let money = |sql: &str| format!("cast({sql} as decimal(18, 4))");
    format!(
        "with joined as (select coalesce(o.order_key, l.order_id) as order_id, \
           coalesce(o.orders__customer_id, l.customer_id) as customer_id, coalesce(o.orders__ordered_at, l.ordered_at) as ordered_at, \
           coalesce(o.orders__status, l.status) as status, coalesce(o.orders__channel, l.channel) as channel, \
           coalesce(o.orders__country, l.country) as country, upper(coalesce(o.orders__currency, l.currency)) as currency, \
           coalesce(o.orders__coupon, l.coupon) as coupon, coalesce(o.orders__refunded_at, l.refunded_at) as refunded_at, \
           coalesce(o.orders__gross_sales, l.order_gross) as order_gross, coalesce(o.orders__subtotal, l.order_subtotal) as order_subtotal, \
           coalesce(o.orders__total, l.order_total) as order_total, coalesce(abs(o.orders__refund), l.order_refund) as order_refund, \
           coalesce(abs(o.orders__discount), l.order_discount, l.discount, 0) as discount, \
           coalesce(o.orders__tax, l.tax) as tax, coalesce(o.orders__shipping, l.shipping) as shipping, \
           l.gross_sales as line_gross, l.refund as line_refund, l.discount as line_discount, l.weight as line_weight, \
           coalesce(l.lines, 0) as lines, coalesce(l.units, o.orders__units) as units, l.order_id is not null as has_lines, o.order_key is not null as has_order, \
           l.customer_id <> l.other_customer_id as mixed_customers \
         from order_kept o full join line_totals l on o.order_key = l.order_id), \
         valued as (select *, coalesce(line_gross - line_refund, order_gross, order_subtotal + discount, \
             order_total - coalesce(tax, 0) - coalesce(shipping, 0) + discount, 0) as goods from joined), \
         laddered as (select *, coalesce(line_gross, greatest(goods, 0)) as gross0, \
             coalesce(line_refund, greatest(-goods, 0)) as refund0 from valued), \
         refunded as (select *, case when {paid_back} and gross0 > 0 then greatest(gross0 - discount, coalesce(order_refund, 0)) \
             when order_refund > 0 then order_refund else refund0 end as refund1 from laddered), \
         settled as (select *, {adjustment} as is_adjustment from refunded) \
         select order_id, nullif({customer}, '') as customer_id, ordered_at, \
           case when is_adjustment then 'adjustment' when {cancelled} and gross0 > 0 then 'cancelled' \
             when {cancellation} and gross0 = 0 then 'return' when gross0 > 0 then 'sale' when refund1 > 0 then 'return' {unpriced} else 'free' end as kind, \
           status, channel, country, currency, coupon, \
           {gross} as gross_sales, {discount} as discount, {refund} as refund, {adjusted} as adjustment, \
           {net} as net_sales, tax, shipping, case when refunded_at > ordered_at then refunded_at end as refunded_at, \
           lines, units, line_gross, line_discount, line_refund, line_weight, order_gross, mixed_customers, has_lines, has_order, \
           case when ordered_at is null and has_order then 'the order has no date' \
             when ordered_at is null then 'its order is in none of the orders, or no row of it has a date' \
             when ordered_at > {end_of_today} then 'dated in the future' end as refusal \
         from settled",
        unpriced = if priced {
            String::new()
        } else {
            format!("when {cancelled} then 'cancelled' when units < 0 then 'return' when not is_adjustment then 'sale'")
        },
        gross = money("case when is_adjustment then 0 else gross0 end"),
        discount = money("case when is_adjustment then 0 else discount end"),
        refund = money("case when is_adjustment then 0 else refund1 end"),
        adjusted = money("case when is_adjustment then gross0 - discount - refund1 else 0 end"),
        net = money("gross0 - discount - refund1"),
    )
}

/// The final `orders`: with the customer's key, sorted by (customer, time), sales counted per customer.
pub(super) const ORDERS: &str = "select k.customer_key, o.customer_id, o.ordered_at, o.order_id, o.kind, o.status, o.channel, \
     o.country, o.currency, o.coupon, o.gross_sales, o.discount, o.refund, o.adjustment, o.net_sales, o.tax, o.shipping, \
     o.refunded_at, o.lines, o.units, case when o.kind = 'sale' and k.customer_key is not null then cast(row_number() over \
       (partition by k.customer_key, o.kind order by o.ordered_at, o.order_id) as bigint) end as order_number \
   from merged_orders o left join customer_keys k on o.customer_id = k.customer_id where o.refusal is null \
   order by customer_key nulls last, ordered_at, order_id";

/// The final `order_lines`: discounts and refunds that only the order knows are spread over its lines by value (and its
/// goods by pieces, where its lines have no values), by differences of the rounded running total, so that lines add up to
/// their order to the last digit.
pub(super) fn order_lines() -> String {
    // The part of an order's amount that falls to its lines up to a running value, rounded.
    let part = |total: &str, running: &str| {
        format!(
            "cast(round(cast(o.{total} as double) * (cast({running} as double) / cast(o.line_weight as double)), 4) as decimal(18, 4))"
        )
    };
    let of_order =
        |kind: &str| format!("case when o.line_gross is not null then l.value_{kind} else l.piece_{kind} end");
    let (running, weight) = (of_order("running"), of_order("weight"));
    let share = |total: &str| format!("{} - {}", part(total, &running), part(total, &format!("{running} - {weight}")));
    let spread = |total: &str, own: &str, own_total: &str| {
        let share = share(total);
        format!(
            "case when o.{total} = o.{own_total} then {own} when o.line_weight > 0 then {share} \
             when l.line_number = 1 then o.{total} else 0 end"
        )
    };
    let discount = spread("discount", "case when l.gross_value >= 0 then l.line_discount else 0 end", "line_discount");
    let refund = spread("refund", "greatest(-coalesce(l.gross_value, 0), 0)", "line_refund");
    format!(
        "with spread as (select k.customer_key, o.customer_id, o.ordered_at, o.order_id, cast(l.line_number as bigint) as line_number, \
           o.kind, l.order_lines__product_id as product_id, l.order_lines__quantity as quantity, l.order_lines__unit_price as unit_price, \
           case when o.line_gross is not null then greatest(coalesce(l.gross_value, 0), 0) \
             when o.kind = 'adjustment' then {adjusted} else {goods} end as gross_sales, \
           case when o.kind = 'adjustment' then case when l.gross_value >= 0 then l.line_discount else 0 end else {discount} end as discount, \
           case when o.kind = 'adjustment' then greatest(-coalesce(l.gross_value, 0), 0) else {refund} end as refund, \
           o.refunded_at, o.kind = 'adjustment' as is_adjustment \
         from lines l join merged_orders o on l.order_lines__order_id = o.order_id \
         left join customer_keys k on o.customer_id = k.customer_id where o.refusal is null) \
         select customer_key, customer_id, ordered_at, order_id, line_number, kind, product_id, quantity, unit_price, \
           cast(case when is_adjustment then 0 else gross_sales end as decimal(18, 4)) as gross_sales, \
           cast(case when is_adjustment then 0 else discount end as decimal(18, 4)) as discount, \
           cast(case when is_adjustment then 0 else refund end as decimal(18, 4)) as refund, \
           cast(case when is_adjustment then gross_sales - discount - refund else 0 end as decimal(18, 4)) as adjustment, \
           cast(gross_sales - discount - refund as decimal(18, 4)) as net_sales, refunded_at \
         from spread order by customer_key nulls last, ordered_at, order_id, line_number",
        adjusted = share("adjustment"),
        goods = share("gross_sales"),
    )
}
