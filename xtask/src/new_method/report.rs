//! The card: what is expected of customers, by fifths.

use mercer_base::Result;
use mercer_base::card::{Bar, Card, Chart, Column, Table, Unit, Value};
use mercer_method::{Findings, Known};

use crate::MethodType;

/// Groups of customers on the chart.
const GROUPS: usize = 5;

/// The findings for the report.
///
/// # Errors
/// When the scores lack their column, which is a mistake of the method.
pub(crate) fn report(known: &Known<'_, MethodType>) -> Result<Findings> {
    let mut expected = known.scores.numbers("METHOD_SNAKE_expected")?.to_vec();
    expected.sort_by(|a, b| b.total_cmp(a));
    let size = expected.len().div_ceil(GROUPS).max(1);
    let groups: Vec<(String, usize, f64)> = expected
        .chunks(size)
        .enumerate()
        .map(|(number, group)| {
            let mean = group.iter().sum::<f64>() / group.len() as f64;
            (format!("group {} of {}", number + 1, expected.len().div_ceil(size)), group.len(), mean)
        })
        .collect();
    let (highest, lowest) =
        (groups.first().map_or(0.0, |(_, _, mean)| *mean), groups.last().map_or(0.0, |(_, _, mean)| *mean));
    let bars = groups.iter().enumerate().map(|(number, (label, customers, mean))| Bar {
        label: label.clone(),
        value: *mean,
        note: format!("{customers} customers"),
        accent: number == 0,
    });
    let rows = groups.iter().map(|(label, customers, mean)| {
        let customers = i64::try_from(*customers).unwrap_or(i64::MAX);
        vec![Value::Text(label.clone()), Value::Count(customers), Value::Number(*mean)]
    });
    let card = Card {
        id: "METHOD_ID-expected".into(),
        title: format!("The highest group of customers is expected at {highest:.2}, the lowest at {lowest:.2}"),
        subtitle: format!("Mean expected value by group of customers; {}", known.intake.counts.window.words),
        so_what: Some("Treat the groups differently only as far as they differ by more than the error below.".into()),
        caveats: vec![
            known.evaluation.words.clone(),
            "Expectations of customers with few observations are close to the mean of all.".into(),
        ],
        chart: Some(Chart::Bars { unit: Unit::Number, bars: bars.collect() }),
        table: Table {
            columns: vec![
                Column::new("group", "Group"),
                Column::new("customers", "Customers"),
                Column::new("expected", "Mean expected value"),
            ],
            rows: rows.collect(),
        },
        ..Card::default()
    };
    Ok(Findings { tiles: Vec::new(), cards: vec![card] })
}
