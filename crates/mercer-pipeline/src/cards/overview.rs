//! The first screen: key figures against the window before, and the findings in sentences.

use mercer_base::Result;
use mercer_base::card::{Card, Chart, Column, Table, Tile, Unit, Value, Width};
use mercer_base::notation::relative_change;
use mercer_metrics::{Grain, Window};

use super::rows::Reading;
use super::{Desk, LeftOut, words};

/// Months of the small course beside a key figure, at the most.
const COURSE_MONTHS: usize = 13;

/// Key figures: the metric, whether more of it is better, its definition in a few words.
const TILES: [(&str, bool, &str); 5] = [
    ("net_sales", true, "after discounts and refunds"),
    ("active_customers", true, "known customers with an order"),
    ("repeat_rate", true, "of them on a second or later order"),
    ("average_order_value", true, "before refunds"),
    ("refund_rate", false, "of sales after discounts"),
];

pub(super) fn cards(desk: &Desk<'_>, left_out: &mut Vec<LeftOut>) -> Result<Vec<Card>> {
    let mut cards = vec![key_figures(desk, left_out)?];
    cards.extend(findings(desk)?);
    Ok(cards)
}

fn key_figures(desk: &Desk<'_>, left_out: &mut Vec<LeftOut>) -> Result<Card> {
    let names = TILES.map(|(name, ..)| name);
    let parts = [names.as_slice(), &["repeat_customers"]].concat();
    let now = desk.metrics(&parts, desk.window, Grain::Total, None)?;
    let repeat_interval = now.first().map_or(Ok(None), |row| {
        let (repeat, active) = (row.count("repeat_customers")?, row.count("active_customers")?);
        Ok::<_, mercer_base::Error>(words::interval(desk.notation, words::whole(repeat), words::whole(active)))
    })?;
    let before = desk.previous.map(|window| desk.metrics(&names, window, Grain::Total, None)).transpose()?;
    let monthly = desk.metrics(&names, desk.history, Grain::Month, None)?;
    if before.is_none() {
        left_out.push(LeftOut {
            card: "Changes of the key figures",
            reason: format!("the time before {} has too few days with orders to compare with", desk.window_name),
        });
    }
    let (mut tiles, mut rows) = (Vec::new(), Vec::new());
    for (name, better, note) in TILES {
        let metric = desk.definitions.metric(name)?;
        let unit = metric.unit.name();
        let value = now.first().map_or(Ok(Value::Missing), |row| row.value(name, unit))?;
        let previous = before.as_ref().and_then(|rows| rows.first()).map(|row| row.value(name, unit)).transpose()?;
        let change = previous.as_ref().and_then(|previous| change(&value, previous));
        let mut course = Vec::new();
        for row in monthly.iter() {
            // The month under way would look like a fall.
            if row.flag("complete")?
                && let Some(number) = row.value(name, unit)?.number()
            {
                course.push(number);
            }
        }
        let course = course.split_off(course.len().saturating_sub(COURSE_MONTHS));
        let in_points = unit == "share";
        rows.push(vec![
            Value::Text(metric.label.clone()),
            value.clone(),
            previous.clone().unwrap_or(Value::Missing),
            Value::Text(change.map_or_else(String::new, |change| relative_change(change, in_points))),
            Value::Text(metric.description.clone()),
        ]);
        tiles.push(Tile {
            label: metric.label.clone(),
            value,
            previous,
            change,
            change_in_points: in_points,
            more_is_better: Some(better),
            course: if course.len() > 1 { course } else { Vec::new() },
            note: match &repeat_interval {
                Some(range) if name == "repeat_rate" => format!("{note}; 95 % interval {range}"),
                _ => note.into(),
            },
        });
    }
    let net_sales = tiles.first().map_or_else(String::new, |tile| desk.notation.headline(&tile.value));
    let moved = tiles.first().and_then(|tile| tile.change).map_or_else(String::new, |change| match change {
        change if change.abs() < 0.005 => ", level with the time before".into(),
        change => format!(", {} on the time before", relative_change(change, false)),
    });
    let columns =
        [("measure", "Measure"), ("value", "Now"), ("before", "Before"), ("change", "Change"), ("meaning", "Meaning")];
    Ok(Card {
        id: "key-figures".into(),
        title: format!("Net sales of {net_sales} in {}{moved}", desk.window_name),
        subtitle: desk.previous.map_or_else(
            || words::range(&desk.window),
            |previous| format!("{}, against {}", words::range(&desk.window), words::range(&previous)),
        ),
        chart: Some(Chart::Tiles(tiles)),
        table: Table { columns: columns.map(|(name, label)| Column::new(name, label)).to_vec(), rows },
        caveats: vec![desk.meaning("repeat_rate")?, desk.meaning("refund_rate")?],
        ..Card::default()
    })
}

/// A key figure of a method as a row of the table behind the tiles.
pub(super) fn add_to_table(table: &mut Table, tile: &Tile) {
    table.rows.push(vec![
        Value::Text(tile.label.clone()),
        tile.value.clone(),
        tile.previous.clone().unwrap_or(Value::Missing),
        Value::Text(tile.change.map_or_else(String::new, |change| relative_change(change, tile.change_in_points))),
        Value::Text(tile.note.clone()),
    ]);
}

/// The relative change of an amount or count, or the difference of two shares.
fn change(now: &Value, before: &Value) -> Option<f64> {
    let (current, previous) = (now.number()?, before.number()?);
    match now {
        Value::Share(_) => Some(current - previous),
        _ => (previous > 0.0).then(|| current / previous - 1.0),
    }
}

/// What stands out, each with what to do about it.
fn findings(desk: &Desk<'_>) -> Result<Option<Card>> {
    let mut rows = Vec::new();
    let mut say = |finding: String, so_what: &str| rows.push(vec![Value::Text(finding), Value::Text(so_what.into())]);
    let share = |value: f64| desk.notation.label(&Unit::Share, value);
    if let Some(repeat) = known_share(desk, "repeat_sales_share", desk.window)? {
        let so_what = if repeat < 0.5 {
            "Growth hangs on new customers; a second order is the cheapest lever."
        } else {
            "Keep the customers you have: what they would stop spending is the larger risk."
        };
        say(
            format!("Repeat orders bring {} of what known customers order in {}.", share(repeat), desk.window_name),
            so_what,
        );
    }
    if let Some(second) = super::customers::second_purchase(desk)? {
        say(
            format!("{second} of new customers order again within 90 days."),
            "Write to new customers well before those 90 days are over.",
        );
    }
    if let Some(anonymous) = known_share(desk, "anonymous_share", desk.window)?.filter(|anonymous| *anonymous >= 0.01) {
        say(
            format!("{} of net sales in {} name no customer.", share(anonymous), desk.window_name),
            "Figures on customers leave these sales out; ask for an e-mail address at the till or in guest checkout.",
        );
    }
    if let (Some(refunds), Some(previous)) = (known_share(desk, "refund_rate", desk.window)?, desk.previous)
        && let Some(before) = known_share(desk, "refund_rate", previous)?
        && (refunds - before).abs() >= 0.01
    {
        let (word, so_what) = if refunds > before {
            ("rose", "See which products come back most before selling more of them.")
        } else {
            ("fell", "Whatever was mended seems to work; check that refunds are not merely late.")
        };
        say(format!("The refund rate {word} from {} to {}.", share(before), share(refunds)), so_what);
    }
    if rows.is_empty() {
        return Ok(None);
    }
    Ok(Some(Card {
        id: "findings".into(),
        title: words::sentence(&format!("{} out", words::count(rows.len(), "thing stands", "things stand"))),
        subtitle: format!("From {}, unless said otherwise", words::range(&desk.window)),
        table: Table { columns: vec![Column::new("finding", "Finding"), Column::new("so_what", "So what?")], rows },
        width: Width::Full,
        ..Card::default()
    }))
}

/// A share where it is defined.
fn known_share(desk: &Desk<'_>, metric: &str, window: Window) -> Result<Option<f64>> {
    Ok(desk.metric(metric, window)?.number())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mercer_base::Money;

    #[test]
    fn amounts_change_by_a_part_and_shares_by_points() {
        let pounds = |pounds: i64| Value::Money(Money::from_cents(pounds * 100));
        assert_eq!(change(&pounds(150), &pounds(100)), Some(0.5));
        assert_eq!(change(&Value::Count(3), &Value::Count(4)), Some(-0.25));
        assert!((change(&Value::Share(0.25), &Value::Share(0.2)).unwrap() - 0.05).abs() < 1e-12);
        // From nothing or from a loss there is no change in per cent.
        assert_eq!(change(&pounds(150), &pounds(0)), None);
        assert_eq!(change(&pounds(150), &pounds(-10)), None);
        assert_eq!(change(&Value::Missing, &Value::Share(0.2)), None);
    }
}
