//! Products: what sells best, postage and fees apart.

use mercer_base::Result;
use mercer_base::card::{Bar, Card, Chart, Column, Table, Unit, Value, Width};
use mercer_metrics::Grain;

use super::rows::Reading;
use super::{Desk, LeftOut, words};

const BARS: usize = 10;
const TABLE_ROWS: usize = 50;

pub(super) fn cards(desk: &Desk<'_>, left_out: &mut Vec<LeftOut>) -> Result<Vec<Card>> {
    let rows = desk.rows(&desk.definitions.top_products_sql(desk.window, TABLE_ROWS)?)?;
    if rows.len() < 2 {
        left_out.push(LeftOut { card: "Best-selling products", reason: "orders name fewer than two products".into() });
        return Ok(Vec::new());
    }
    // Charges such as postage say "true"; what is not in the list of products is taken for goods.
    let (mut goods, mut charges) = (0.0, Value::Missing);
    for row in desk.metrics(&["line_net_sales"], desk.window, Grain::Total, Some("products.service"))?.iter() {
        let value = row.value("line_net_sales", "money")?;
        if row.text("dimension")?.as_deref() == Some("true") {
            charges = value;
        } else {
            goods += value.number().unwrap_or(0.0);
        }
    }
    let metrics = ["line_net_sales", "line_units", "line_orders", "line_buyers", "line_refunds"];
    let (mut bars, mut cells_of_all, mut returned) = (Vec::new(), Vec::new(), None);
    for row in rows.iter() {
        let id = row.text("product_id")?.unwrap_or_default();
        let title = row.text("title")?.filter(|title| !title.trim().is_empty()).unwrap_or_else(|| id.clone());
        let mut cells = vec![Value::Text(id), Value::Text(title.clone())];
        for name in metrics {
            cells.push(row.value(name, desk.definitions.metric(name)?.unit.name())?);
        }
        let (sales, refunds) = (row.money("line_net_sales")?.to_f64(), row.money("line_refunds")?.to_f64());
        if refunds > sales && refunds > 0.0 && returned.is_none() {
            returned = Some(title.clone());
        }
        if bars.len() < BARS && sales > 0.0 {
            let note = if goods > 0.0 { desk.notation.label(&Unit::Share, sales / goods) } else { String::new() };
            bars.push(Bar { label: title, value: sales, note, accent: bars.is_empty() });
        }
        cells_of_all.push(cells);
    }
    let Some(best) = bars.first() else {
        left_out.push(LeftOut {
            card: "Best-selling products",
            reason: format!("no product earned anything in {}", desk.window_name),
        });
        return Ok(Vec::new());
    };
    let mut columns = vec![Column::new("product_id", "Product"), Column::new("title", "Title")];
    for name in metrics {
        columns.push(desk.column(name)?);
    }
    let mut caveats = Vec::new();
    if charges.number().is_some_and(|amount| amount != 0.0) {
        caveats.push(format!("Charges such as postage and fees ({}) are left out.", desk.notation.headline(&charges)));
    }
    if let Some(title) = returned {
        caveats.push(format!("More of {title} was refunded than stayed sold; look at it before promoting it."));
    }
    let share = if best.note.is_empty() { String::new() } else { format!(", {} of goods", best.note) };
    Ok(vec![Card {
        id: "top-products".into(),
        title: format!("{} sells best: {}{share}", best.label, desk.notation.label(&Unit::Money, best.value)),
        subtitle: format!("Net sales by product, the first {}, {}", bars.len(), words::range(&desk.window)),
        so_what: Some(
            "Keep these in stock and in sight; what they have in common says what customers come for.".into(),
        ),
        caveats,
        chart: Some(Chart::Bars { unit: Unit::Money, bars }),
        table: Table { columns, rows: cells_of_all },
        width: Width::Full,
    }])
}
