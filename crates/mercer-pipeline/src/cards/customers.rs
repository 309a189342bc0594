//! Customers: who comes back, who they are, who brings the money, and how long they wait.

use mercer_base::Result;
use mercer_base::card::{Bar, Card, Chart, Column, HeatCell, Table, Unit, Value, Width};
use mercer_base::rfm::{SEGMENTS, segment_of};
use mercer_metrics::Window;
use mercer_metrics::queries::{CONCENTRATION_SHARES, GAP_CLASSES};

use super::rows::{Reading, Rows};
use super::{Desk, LeftOut, words};

/// Cohorts a picture shows at the most.
const COHORTS: u32 = 13;
/// Buyers below which fifths of them say nothing.
const FEWEST_BUYERS: i64 = 50;
/// Gaps between orders below which their middle says nothing.
const FEWEST_GAPS: i64 = 30;
const TOP_CUSTOMERS: usize = 10;

pub(super) fn cards(desk: &Desk<'_>, left_out: &mut Vec<LeftOut>) -> Result<Vec<Card>> {
    let mut cards = Vec::new();
    cards.extend(cohorts(desk, left_out)?);
    cards.extend(rfm(desk, left_out)?);
    cards.extend(concentration(desk, left_out)?);
    cards.extend(top_customers(desk, left_out)?);
    cards.extend(gaps(desk, left_out)?);
    Ok(cards)
}

fn cohorts(desk: &Desk<'_>, left_out: &mut Vec<LeftOut>) -> Result<Option<Card>> {
    let months = Window::last_months(desk.history.to(), COHORTS)?;
    let window = Window::new(months.from().max(desk.history.from()), desk.history.to())?;
    let rows = desk.rows(&desk.definitions.cohorts_sql(window, desk.facts.known_until)?)?;
    let mut labels: Vec<String> = Vec::new();
    let mut cells: Vec<Vec<Option<HeatCell>>> = Vec::new();
    let mut table = Vec::new();
    let mut known = 0_usize;
    for row in rows.iter() {
        let (size, since) = (row.count("size")?, row.count("months_since")?);
        if size == 0 {
            continue;
        }
        let month = row.moment("cohort_month")?.map_or_else(String::new, words::month);
        if since == 0 {
            labels.push(month);
            cells.push(Vec::new());
            continue;
        }
        let share = row.number("share")?;
        let customers = row.count("customers")?;
        known += usize::from(share.is_some());
        let of = words::count(words::whole(size), "customer", "customers");
        let (part, whole) = (words::whole(customers), words::whole(size));
        let ends = share.and_then(|_| words::share_interval(part, whole));
        let range = words::interval(desk.notation, part, whole)
            .map_or_else(String::new, |range| format!(", 95 % interval {range}"));
        if let Some(line) = cells.last_mut() {
            line.push(share.map(|value| HeatCell { value, note: format!("{customers} of {of} ordered{range}") }));
        }
        table.push(vec![
            Value::Text(month),
            Value::Count(since),
            Value::Count(size),
            share.map_or(Value::Missing, |_| Value::Count(customers)),
            share.map_or(Value::Missing, Value::Share),
            ends.map_or(Value::Missing, |ends| Value::Share(ends.low)),
            ends.map_or(Value::Missing, |ends| Value::Share(ends.high)),
        ]);
    }
    // The latest cohorts have no month behind them yet.
    let whole: Vec<bool> = cells.iter().map(|line| line.iter().any(Option::is_some)).collect();
    let mut keep = whole.iter();
    labels.retain(|_| *keep.next().unwrap_or(&false));
    cells.retain(|line| line.iter().any(Option::is_some));
    if known < 3 {
        left_out.push(LeftOut {
            card: "Retention by cohort",
            reason: "it takes customers of at least three months to see who comes back".into(),
        });
        return Ok(None);
    }
    let width =
        cells.iter().map(|line| line.iter().rposition(Option::is_some).map_or(0, |last| last + 1)).max().unwrap_or(0);
    for line in &mut cells {
        line.resize(width, None);
    }
    let second = second_purchase(desk)?;
    Ok(Some(Card {
        id: "cohorts".into(),
        title: second.map_or_else(
            || "How many customers come back, by month of their first order".into(),
            |share| format!("{share} of new customers order again within 90 days"),
        ),
        subtitle: format!("Share of each month's new customers who ordered in the months after, {}", words::range(&window)),
        so_what: Some("Rows that stay pale early on are cohorts to ask: what brought them in did not bring them back.".into()),
        caveats: vec![
            "The first cohorts hold customers who had bought before the data begin, so they look more loyal than later ones.".into(),
            "A month counts once it is over.".into(),
            INTERVAL.into(),
        ],
        chart: Some(Chart::Heatmap {
            unit: Unit::Share,
            row_title: "first order in".into(),
            column_title: "months since".into(),
            rows: labels,
            columns: (1..=width).map(|month| month.to_string()).collect(),
            cells,
        }),
        table: Table {
            columns: [
                ("cohort", "First order in"), ("months_since", "Months since"), ("size", "Customers"), ("ordered", "Ordered"), ("share", "Share"), ("low", "95 % from"), ("high", "to"),
            ]
            .map(|(name, label)| Column::new(name, label))
            .to_vec(),
            rows: table,
        },
        ..Card::default()
    }))
}

/// What ranges in brackets mean.
pub(super) const INTERVAL: &str = "Ranges in brackets hold the true share in 95 of 100 cases, as far as customers decide each for themselves (Wilson).";

/// The share of new customers who order again within 90 days, with its interval: `27 % (25–29 %)`.
pub(super) fn second_purchase(desk: &Desk<'_>) -> Result<Option<String>> {
    let Some(share) = desk.metric("second_purchase_90d", desk.history)?.number() else { return Ok(None) };
    let text = desk.notation.label(&Unit::Share, share);
    // The customers it is a share of: those whose 90 days are over.
    let over = desk.facts.known_until.checked_sub_days(chrono::Days::new(90));
    let Some(window) = over.and_then(|over| Window::new(desk.history.from(), over).ok()) else { return Ok(Some(text)) };
    let Some(base) = desk.metric("new_customers", window)?.number() else { return Ok(Some(text)) };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of customers")]
    let (part, whole) = ((share * base).round() as usize, base as usize);
    let range = words::interval(desk.notation, part, whole);
    Ok(Some(range.map_or_else(|| text.clone(), |range| format!("{text} ({range})"))))
}

fn rfm(desk: &Desk<'_>, left_out: &mut Vec<LeftOut>) -> Result<Vec<Card>> {
    let grid = desk.rows(&desk.definitions.rfm_grid_sql())?;
    let segments = desk.rows(&desk.definitions.rfm_segments_sql())?;
    let (mut buyers, mut net_sales) = (0, 0.0);
    for row in segments.iter() {
        buyers += row.count("customers")?;
        net_sales += row.money("net_sales")?.to_f64();
    }
    if buyers < FEWEST_BUYERS {
        let reason = format!(
            "{} on record, and fifths of fewer than {FEWEST_BUYERS} say little",
            words::count(words::whole(buyers), "buyer is", "buyers are")
        );
        left_out.push(LeftOut { card: "Segments by recency and frequency", reason });
        return Ok(Vec::new());
    }
    Ok(vec![segment_bars(desk, &segments, buyers, net_sales)?, grid_card(desk, &grid)?])
}

#[allow(clippy::cast_precision_loss)]
fn segment_bars(desk: &Desk<'_>, segments: &Rows, buyers: i64, net_sales: f64) -> Result<Card> {
    let share = |part: f64, whole: f64| {
        if whole > 0.0 { desk.notation.label(&Unit::Share, part / whole) } else { String::new() }
    };
    let (mut bars, mut table) = (Vec::new(), Vec::new());
    for row in segments.iter() {
        let name = row.text("rfm_segment")?.unwrap_or_default();
        let (customers, money) = (row.count("customers")?, row.money("net_sales")?);
        let known = SEGMENTS.iter().find(|segment| segment.name == name);
        bars.push(Bar {
            label: name.clone(),
            value: money.to_f64(),
            note: format!(
                "{}, {} of buyers",
                words::count(words::whole(customers), "customer", "customers"),
                share(customers as f64, buyers as f64)
            ),
            accent: bars.is_empty(),
        });
        table.push(vec![
            Value::Text(name),
            Value::Count(customers),
            Value::Money(money),
            Value::Text(known.map_or_else(String::new, |segment| segment.meaning.into())),
            Value::Text(known.map_or_else(String::new, |segment| segment.action.into())),
        ]);
    }
    let title = bars.first().map_or_else(String::new, |first| {
        let customers = first.note.rsplit(", ").next().unwrap_or_default();
        format!("{}: {customers}, {} of their net sales", first.label, share(first.value, net_sales))
    });
    let rescue = segments_to_win_back(desk, segments)?;
    Ok(Card {
        id: "segments".into(),
        title,
        subtitle: format!(
            "Net sales by segment of recency and frequency, all orders up to {}",
            words::day(desk.history.to() - std::time::Duration::from_micros(1))
        ),
        so_what: rescue,
        caveats: vec!["Scores are fifths of all buyers, so a fifth always ranks lowest, however good it is.".into()],
        chart: Some(Chart::Bars { unit: Unit::Money, bars }),
        table: Table {
            columns: [
                ("segment", "Segment"),
                ("customers", "Customers"),
                ("net_sales", "Net sales"),
                ("meaning", "Who they are"),
                ("action", "What to do"),
            ]
            .map(|(name, label)| Column::new(name, label))
            .to_vec(),
            rows: table,
        },
        width: Width::Full,
    })
}

/// What the frequent buyers who stay away have spent, as the first thing to do.
fn segments_to_win_back(desk: &Desk<'_>, segments: &Rows) -> Result<Option<String>> {
    let (mut customers, mut money) = (0, mercer_base::Money::ZERO);
    for row in segments.iter() {
        if matches!(row.text("rfm_segment")?.as_deref(), Some("At risk" | "Cannot lose them")) {
            customers += row.count("customers")?;
            money = money + row.money("net_sales")?;
        }
    }
    Ok((customers > 0).then(|| {
        format!(
            "Win back first the {} who bought often but not for long; they have spent {}.",
            words::count(words::whole(customers), "customer", "customers"),
            desk.notation.headline(&Value::Money(money))
        )
    }))
}

fn grid_card(desk: &Desk<'_>, grid: &Rows) -> Result<Card> {
    let mut cells: Vec<Vec<Option<HeatCell>>> = vec![vec![None; 5]; 5];
    let mut table = Vec::new();
    let mut largest = (0, String::new());
    for row in grid.iter() {
        let (recency, frequency) = (row.count("rfm_recency")?, row.count("rfm_frequency")?);
        let (customers, money) = (row.count("customers")?, row.money("net_sales")?);
        let name = u8::try_from(recency)
            .ok()
            .zip(u8::try_from(frequency).ok())
            .and_then(|(r, f)| segment_of(r, f))
            .map_or("", |segment| segment.name);
        let cell = words::whole(5 - recency);
        let across = words::whole(frequency - 1);
        if let Some(cell) = cells.get_mut(cell).and_then(|line| line.get_mut(across)) {
            let note = format!(
                "{name}: {}, {}",
                words::count(words::whole(customers), "customer", "customers"),
                desk.notation.headline(&Value::Money(money))
            );
            *cell = Some(HeatCell {
                value: mercer_base::notation::number(&Value::Count(customers)).map_or(0.0, |(_, number)| number),
                note,
            });
        }
        if customers > largest.0 {
            largest = (customers, name.to_owned());
        }
        table.push(vec![
            Value::Count(recency),
            Value::Count(frequency),
            Value::Text(name.into()),
            Value::Count(customers),
            Value::Money(money),
        ]);
    }
    Ok(Card {
        id: "rfm-grid".into(),
        title: format!(
            "The fullest cell of the grid holds {} ({})",
            words::count(words::whole(largest.0), "customer", "customers"),
            largest.1
        ),
        subtitle: "Buyers by recency score (down) and frequency score (across), 5 is best".into(),
        caveats: vec![
            "Customers with equally many orders share a score, so where most have ordered once some scores stay empty."
                .into(),
        ],
        chart: Some(Chart::Heatmap {
            unit: Unit::Count,
            row_title: "recency".into(),
            column_title: "frequency".into(),
            rows: (1..=5).rev().map(|score| score.to_string()).collect(),
            columns: (1..=5).map(|score| score.to_string()).collect(),
            cells,
        }),
        table: Table {
            columns: [
                ("rfm_recency", "Recency"),
                ("rfm_frequency", "Frequency"),
                ("segment", "Segment"),
                ("customers", "Customers"),
                ("net_sales", "Net sales"),
            ]
            .map(|(name, label)| Column::new(name, label))
            .to_vec(),
            rows: table,
        },
        width: Width::Half,
        ..Card::default()
    })
}

fn concentration(desk: &Desk<'_>, left_out: &mut Vec<LeftOut>) -> Result<Option<Card>> {
    let rows = desk.rows(&desk.definitions.concentration_sql(desk.window)?)?;
    let (mut bars, mut table, mut tenth) = (Vec::new(), Vec::new(), None);
    for row in rows.iter() {
        let (share, customers, buyers) =
            (row.number("share")?.unwrap_or(0.0), row.count("customers")?, row.count("buyers")?);
        let (money, total) = (row.money("net_sales")?, row.money("total")?.to_f64());
        if buyers < FEWEST_BUYERS || total <= 0.0 {
            break;
        }
        let part = money.to_f64() / total;
        // One of the shares that the query looks at, so equal to the bit.
        if CONCENTRATION_SHARES.get(2) == Some(&share) {
            tenth = Some(part);
        }
        bars.push(Bar {
            label: format!("Top {}", desk.notation.label(&Unit::Share, share)),
            value: part,
            note: words::count(words::whole(customers), "customer", "customers"),
            accent: CONCENTRATION_SHARES.get(2) == Some(&share),
        });
        table.push(vec![Value::Share(share), Value::Count(customers), Value::Money(money), Value::Share(part)]);
    }
    let Some(tenth) = tenth else {
        left_out.push(LeftOut {
            card: "Concentration",
            reason: format!("fewer than {FEWEST_BUYERS} known customers bought in {}", desk.window_name),
        });
        return Ok(None);
    };
    bars.sort_by(|a, b| b.value.total_cmp(&a.value));
    Ok(Some(Card {
        id: "concentration".into(),
        title: format!("The top 10 % of customers bring {} of net sales", desk.notation.label(&Unit::Share, tenth)),
        subtitle: format!(
            "Share of known customers' net sales, buyers ranked by net sales, {}",
            words::range(&desk.window)
        ),
        so_what: Some(if tenth > 0.5 {
            "A few customers carry the business: know them by name, and look after them in person.".into()
        } else {
            "No small group carries the business: improve what all customers meet.".into()
        }),
        chart: Some(Chart::Bars { unit: Unit::Share, bars }),
        table: Table {
            columns: [
                ("buyers", "Share of buyers"),
                ("customers", "Customers"),
                ("net_sales", "Net sales"),
                ("share", "Share of net sales"),
            ]
            .map(|(name, label)| Column::new(name, label))
            .to_vec(),
            rows: table,
        },
        width: Width::Half,
        ..Card::default()
    }))
}

fn top_customers(desk: &Desk<'_>, left_out: &mut Vec<LeftOut>) -> Result<Option<Card>> {
    let rows = desk.rows(&desk.definitions.top_customers_sql(desk.window, TOP_CUSTOMERS)?)?;
    let (mut bars, mut table) = (Vec::new(), Vec::new());
    for row in rows.iter() {
        let (name, money, orders) =
            (row.text("customer_id")?.unwrap_or_default(), row.money("net_sales")?, row.count("orders")?);
        if money.units() > 0 {
            let note = words::count(words::whole(orders), "order", "orders");
            bars.push(Bar { label: name.clone(), value: money.to_f64(), note, accent: bars.is_empty() });
        }
        table.push(vec![
            Value::Text(name),
            Value::Money(money),
            Value::Count(orders),
            Value::Money(row.money("refunds")?),
        ]);
    }
    let Some(first) = bars.first() else {
        left_out.push(LeftOut {
            card: "Best customers",
            reason: format!("no known customer bought in {}", desk.window_name),
        });
        return Ok(None);
    };
    Ok(Some(Card {
        id: "top-customers".into(),
        title: format!("Customer {} bought most: {}", first.label, desk.notation.label(&Unit::Money, first.value)),
        subtitle: format!("Net sales by customer, the first {}, {}", bars.len(), words::range(&desk.window)),
        chart: Some(Chart::Bars { unit: Unit::Money, bars }),
        table: Table {
            columns: vec![
                Column::new("customer_id", "Customer"),
                desk.column("net_sales")?,
                desk.column("orders")?,
                desk.column("refunds")?,
            ],
            rows: table,
        },
        width: Width::Half,
        ..Card::default()
    }))
}

#[allow(clippy::cast_precision_loss)]
fn gaps(desk: &Desk<'_>, left_out: &mut Vec<LeftOut>) -> Result<Option<Card>> {
    let summary = desk.rows(&desk.definitions.order_gap_summary_sql(desk.history)?)?;
    let Some(row) = summary.first() else { return Ok(None) };
    let (gaps, median, ninetieth) = (row.count("gaps")?, row.number("median_days")?, row.number("ninetieth_days")?);
    let (Some(median), Some(ninetieth)) = (median.filter(|_| gaps >= FEWEST_GAPS), ninetieth) else {
        let reason = format!(
            "{} on record; their middle needs at least {FEWEST_GAPS}",
            words::count(words::whole(gaps), "repeat order is", "repeat orders are")
        );
        left_out.push(LeftOut { card: "Time between orders", reason });
        return Ok(None);
    };
    let rows = desk.rows(&desk.definitions.order_gaps_sql(desk.history)?)?;
    let mut counts = [0_i64; GAP_CLASSES.len()];
    for row in rows.iter() {
        if let Some(count) = counts.get_mut(words::whole(row.count("class")?)) {
            *count = row.count("gaps")?;
        }
    }
    let share = |count: i64| count as f64 / gaps as f64;
    let half_in = |index: usize| {
        GAP_CLASSES.get(index).and_then(|(below, _)| *below).is_none_or(|below| median < f64::from(below))
    };
    let middle = (0..GAP_CLASSES.len()).find(|index| half_in(*index));
    // Classes of time stay in the order of time: sorted by length they would say less.
    let bars = GAP_CLASSES
        .iter()
        .zip(counts)
        .enumerate()
        .map(|(index, ((_, label), count))| Bar {
            label: (*label).into(),
            value: share(count),
            note: words::count(words::whole(count), "order", "orders"),
            accent: middle == Some(index),
        })
        .collect();
    let table = GAP_CLASSES
        .iter()
        .zip(counts)
        .map(|((_, label), count)| vec![Value::Text((*label).into()), Value::Count(count), Value::Share(share(count))])
        .collect();
    let days = |value: f64| desk.notation.label(&Unit::Days, value.round());
    Ok(Some(Card {
        id: "time-between-orders".into(),
        title: format!("Half of all repeat orders come within {} of the one before", days(median)),
        subtitle: format!("Repeat orders by time since the customer's order before, {}", words::range(&desk.history)),
        so_what: Some(format!("A customer silent for more than {} is late: nine in ten of those who came back had done so by then.", days(ninetieth))),
        caveats: vec!["Only customers who came back are in here, and long gaps do not fit a short history, so the true gaps are longer.".into()],
        chart: Some(Chart::Bars { unit: Unit::Share, bars }),
        table: Table {
            columns: [("gap", "Since the order before"), ("orders", "Orders"), ("share", "Share")]
                .map(|(name, label)| Column::new(name, label))
                .to_vec(),
            rows: table,
        },
        width: Width::Half,
    }))
}
