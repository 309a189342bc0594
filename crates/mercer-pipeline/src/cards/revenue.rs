//! Revenue: by month, first against repeat orders, the ladder from gross to net, by country or channel.

use mercer_base::Result;
use mercer_base::card::{Bar, Card, Chart, Column, Point, Series, Step, Table, Unit, Value, Width};
use mercer_metrics::Grain;
use mercer_metrics::queries::LADDER;

use super::rows::{Reading, Row, Rows};
use super::{Desk, LeftOut, words};

/// Bars a card shows at the most.
const BARS: usize = 10;

pub(super) fn cards(desk: &Desk<'_>, left_out: &mut Vec<LeftOut>) -> Result<Vec<Card>> {
    let metrics = [
        "net_sales",
        "orders",
        "active_customers",
        "new_customers",
        "net_sales_first_orders",
        "net_sales_repeat_orders",
        "net_sales_other_documents",
        "net_sales_anonymous",
    ];
    let monthly = desk.metrics(&metrics, desk.history, Grain::Month, None)?;
    let mut cards = Vec::new();
    if monthly.len() < 2 {
        left_out.push(LeftOut { card: "Net sales by month", reason: "the orders lie within one month".into() });
    } else {
        cards.push(by_month(desk, &monthly)?);
        cards.extend(first_and_repeat(desk, &monthly, left_out)?);
    }
    cards.push(ladder(desk)?);
    cards.extend(by_place(desk, left_out)?);
    Ok(cards)
}

/// A month's label and whether it is not whole in the data.
fn month_of(row: Row<'_>) -> Result<(String, bool)> {
    let label = row.moment("period_start")?.map_or_else(String::new, words::month);
    Ok((label, !row.flag("complete")?))
}

fn by_month(desk: &Desk<'_>, monthly: &Rows) -> Result<Card> {
    let columns = ["net_sales", "orders", "active_customers", "new_customers"];
    let (mut points, mut rows) = (Vec::new(), Vec::new());
    let mut best: Option<(String, Value)> = None;
    for row in monthly.iter() {
        let (label, partial) = month_of(row)?;
        let net_sales = row.value("net_sales", "money")?;
        let beats = best.as_ref().is_none_or(|(_, best)| net_sales.money() > best.money());
        if !partial && beats {
            best = Some((label.clone(), net_sales.clone()));
        }
        points.push(Point { label: label.clone(), value: net_sales.number(), interval: None, partial });
        let mut cells = vec![Value::Text(label)];
        for name in columns {
            cells.push(row.value(name, desk.definitions.metric(name)?.unit.name())?);
        }
        cells.push(Value::Text(if partial { "not whole in the data" } else { "" }.into()));
        rows.push(cells);
    }
    let mut table_columns = vec![Column::new("month", "Month")];
    for name in columns {
        table_columns.push(desk.column(name)?);
    }
    table_columns.push(Column::new("remark", "Remark"));
    let partial = points.iter().any(|point| point.partial);
    Ok(Card {
        id: "net-sales-by-month".into(),
        title: best.map_or_else(
            || "Net sales by month".into(),
            |(month, amount)| format!("{month} was the strongest month: {} net sales", desk.notation.headline(&amount)),
        ),
        subtitle: format!("Net sales by month, {}", words::range(&desk.history)),
        caveats: if partial {
            vec!["Hatched months are not whole in the data; they do not compare with the others.".into()]
        } else {
            Vec::new()
        },
        chart: Some(Chart::Columns { unit: Unit::Money, points }),
        table: Table { columns: table_columns, rows },
        ..Card::default()
    })
}

fn first_and_repeat(desk: &Desk<'_>, monthly: &Rows, left_out: &mut Vec<LeftOut>) -> Result<Option<Card>> {
    let Some(share) = desk.metric("repeat_sales_share", desk.window)?.number() else {
        left_out.push(LeftOut { card: "First and repeat orders", reason: "no order names a customer".into() });
        return Ok(None);
    };
    let names = [
        "net_sales_repeat_orders",
        "net_sales_first_orders",
        "net_sales_other_documents",
        "net_sales_anonymous",
        "net_sales",
    ];
    let (mut repeat, mut first, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    for row in monthly.iter() {
        let (label, partial) = month_of(row)?;
        let mut cells = vec![Value::Text(label.clone())];
        for name in names {
            cells.push(row.value(name, "money")?);
        }
        let point = |value: Option<&Value>| Point {
            label: label.clone(),
            value: value.and_then(Reading::number),
            interval: None,
            partial,
        };
        repeat.push(point(cells.get(1)));
        first.push(point(cells.get(2)));
        rows.push(cells);
    }
    let mut columns = vec![Column::new("month", "Month")];
    for name in names {
        columns.push(desk.column(name)?);
    }
    let series = |label: &str, points| Series { label: label.into(), points };
    Ok(Some(Card {
        id: "first-and-repeat".into(),
        title: format!(
            "Repeat orders bring {} of known customers' sales in {}",
            desk.notation.label(&Unit::Share, share),
            desk.window_name
        ),
        subtitle: format!(
            "Net sales of first and repeat orders of known customers by month, {}",
            words::range(&desk.history)
        ),
        so_what: Some(
            "Where the line of repeat orders flattens while first orders go on, new customers do not come back.".into(),
        ),
        caveats: vec![
            "Customers count as new with their first order on record, so the first months overstate new customers."
                .into(),
            desk.meaning("repeat_sales_share")?,
        ],
        chart: Some(Chart::Lines {
            unit: Unit::Money,
            series: vec![series("Repeat orders", repeat), series("First orders", first)],
            from_zero: true,
        }),
        table: Table { columns, rows },
        width: Width::Full,
    }))
}

fn ladder(desk: &Desk<'_>) -> Result<Card> {
    let all = desk.rows(&desk.definitions.ladder_sql(desk.history, desk.facts.known_until, false)?)?;
    let parts = desk.rows(&desk.definitions.ladder_sql(desk.history, desk.facts.known_until, true)?)?;
    let amount = |name: &str| all.first().map_or(Ok(Value::Missing), |row| row.value(name, "money"));
    let mut steps = Vec::new();
    for name in LADDER {
        let value = amount(name)?.number().unwrap_or(0.0);
        let total = name == "gross_sales" || name == "net_sales";
        // Reductions are kept as positive amounts and take away.
        let value = if name == "discounts" || name == "refunds" { -value } else { value };
        if total || value != 0.0 {
            steps.push(Step { label: desk.definitions.metric(name)?.label.clone(), value, total });
        }
    }
    let mut rows = Vec::new();
    for (row, kind) in parts.iter().map(|row| (row, None)).chain(all.iter().map(|row| (row, Some("All")))) {
        let kind = match kind {
            Some(kind) => kind.to_owned(),
            None if row.text("dimension")?.as_deref() == Some("anonymous") => "No known customer".into(),
            None => "Known customers".into(),
        };
        let mut cells = vec![Value::Text(kind)];
        for name in LADDER {
            cells.push(row.value(name, "money")?);
        }
        for name in ["orders", "documents", "lines"] {
            cells.push(Value::Count(row.count(name)?));
        }
        rows.push(cells);
    }
    let mut columns = vec![Column::new("sales", "Sales")];
    for name in LADDER.iter().chain(&["orders", "documents", "lines"]) {
        columns.push(desk.column(name)?);
    }
    let (gross, net, adjustments) = (amount("gross_sales")?, amount("net_sales")?, amount("adjustments")?);
    let mut caveats = Vec::new();
    if adjustments.number().is_some_and(|amount| amount != 0.0) {
        caveats.push(format!(
            "Adjustments of {} are book-keeping entries such as bad debt: neither a sale nor a refund, but part of net sales.",
            desk.notation.exact(&adjustments, 2)
        ));
    }
    caveats.push("Tax and shipping are left out.".into());
    let refunds = desk.metric("refund_rate", desk.history)?;
    let refunds = match refunds.number() {
        Some(rate) if rate > 0.0 => format!("; {} of sales are refunded", desk.notation.label(&Unit::Share, rate)),
        _ => String::new(),
    };
    Ok(Card {
        id: "ladder".into(),
        title: format!(
            "Of {} gross sales {} remain{refunds}",
            desk.notation.headline(&gross),
            desk.notation.headline(&net)
        ),
        subtitle: format!("From gross to net sales, {}", words::range(&desk.history)),
        caveats,
        chart: Some(Chart::Waterfall { unit: Unit::Money, steps }),
        table: Table { columns, rows },
        ..Card::default()
    })
}

/// By country, else by channel: whichever tells sales apart.
fn by_place(desk: &Desk<'_>, left_out: &mut Vec<LeftOut>) -> Result<Option<Card>> {
    for (dimension, id, what, unknown) in [
        ("orders.country", "by-country", "country", "Country unknown"),
        ("orders.channel", "by-channel", "channel", "Channel unknown"),
    ] {
        let metrics = ["net_sales", "orders", "active_customers", "average_order_value", "refund_rate"];
        let rows = desk.metrics(&metrics, desk.window, Grain::Total, Some(dimension))?;
        let mut found = Vec::new();
        for row in rows.iter() {
            let mut cells = vec![Value::Text(row.text("dimension")?.unwrap_or_else(|| unknown.into()))];
            for name in metrics {
                cells.push(row.value(name, desk.definitions.metric(name)?.unit.name())?);
            }
            found.push(cells);
        }
        if found.len() < 2 {
            continue;
        }
        // Most first; names, which come sorted, decide between equals.
        found.sort_by_key(|cells| std::cmp::Reverse(cells.get(1).map(Reading::money)));
        let total = desk.metric("net_sales", desk.window)?.number().filter(|total| *total > 0.0);
        let bars: Vec<Bar> = found
            .iter()
            .take(BARS)
            .enumerate()
            .filter_map(|(place, cells)| {
                let (Some(Value::Text(label)), Some(value)) = (cells.first(), cells.get(1).and_then(Reading::number))
                else {
                    return None;
                };
                let note = total.map_or_else(String::new, |total| desk.notation.label(&Unit::Share, value / total));
                Some(Bar { label: label.clone(), value, note, accent: place == 0 })
            })
            .collect();
        let title = match bars.first() {
            Some(bar) if !bar.note.is_empty() => format!("{} brings {} of net sales", bar.label, bar.note),
            _ => format!("Net sales by {what}"),
        };
        let mut columns = vec![Column::new(what, &words::sentence(what))];
        for name in metrics {
            columns.push(desk.column(name)?);
        }
        let rest = found.len().saturating_sub(BARS);
        let caveats = if rest > 0 {
            vec![format!("{} in the table only.", words::count(rest, "more is", "more are"))]
        } else {
            Vec::new()
        };
        return Ok(Some(Card {
            id: id.into(),
            title,
            subtitle: format!("Net sales by {what}, {}", words::range(&desk.window)),
            caveats,
            chart: Some(Chart::Bars { unit: Unit::Money, bars }),
            table: Table { columns, rows: found },
            width: Width::Half,
            ..Card::default()
        }));
    }
    let reason = "all orders share one country and one channel, or name none".into();
    left_out.push(LeftOut { card: "Net sales by country or channel", reason });
    Ok(None)
}
