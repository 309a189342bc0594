//! Who it will be, and why.

use mercer_base::Money;
use mercer_base::card::{Bar, Card, Chart, Column, Table, Unit, Value, Width};
use mercer_base::words::count;

use super::{Desk, Scored};
use crate::reasons::{Direction, Driver};

/// Rows in a list of names.
const LISTED: usize = 10;
/// Drivers in the picture.
const DRIVERS: usize = 10;

impl Desk<'_> {
    /// The rows that are likeliest to have the outcome, or with the most at stake.
    pub(super) fn list(&self) -> Card {
        let by_value = self.scored.iter().any(|row| row.value > 0.0);
        let figure = |row: &Scored| if by_value { row.value } else { row.probability };
        let mut sorted: Vec<&Scored> =
            self.scored.iter().filter(|row| row.may_contact && !figure(row).is_nan()).collect();
        let barred = self.scored.iter().filter(|row| !row.may_contact).count() as u64;
        sorted.sort_by(|a, b| figure(b).total_cmp(&figure(a)).then(a.id.cmp(&b.id)));
        sorted.truncate(LISTED);
        let has = |of: fn(&Scored) -> &str| sorted.iter().any(|row| !of(row).is_empty());
        let named = has(|row| &row.id);
        let (reasons, levers) = (has(|row| &row.reason), has(|row| &row.lever));
        let mut columns = Vec::new();
        if named {
            columns.push(Column::new("id", if self.noun == "leads" { "Lead" } else { "Customer" }));
        }
        columns.extend([Column::new("probability", "Probability"), Column::new("grade", "Grade")]);
        if by_value {
            let heading = if self.noun == "customers" { "At stake" } else { "Expected profit" };
            columns.push(Column::new("value", heading));
        }
        if reasons {
            columns.push(Column::new("reason", "What speaks most for it"));
        }
        if levers {
            columns.push(Column::new("lever", "What can be changed"));
        }
        let row = |row: &&Scored| {
            let mut cells = Vec::new();
            if named {
                cells.push(Value::Text(row.id.clone()));
            }
            cells.extend([Value::Share(row.probability), Value::Text(row.grade.clone())]);
            if by_value {
                cells.push(Money::from_f64(row.value).map_or(Value::Missing, Value::Money));
            }
            if reasons {
                cells.push(Value::Text(row.reason.clone()));
            }
            if levers {
                cells.push(Value::Text(row.lever.clone()));
            }
            cells
        };
        let order = if by_value { "the most at stake first" } else { "the likeliest first" };
        Card {
            id: self.id("list"),
            title: self.finding(),
            subtitle: format!("Rows with a score, {order}; {}", self.window()),
            so_what: Some(match self.target.is_loss() {
                true => "Start with what can be changed, and keep some of them untouched: only that shows what it did."
                    .into(),
                false => "Contact from the top as far as a contact pays.".into(),
            }),
            caveats: [
                self.trust(),
                "Reasons say what the model looks at, not what causes it.".into(),
                self.target.grades.words(),
            ]
            .into_iter()
            .chain((barred > 0).then(|| {
                let barred = count(barred, "row with a score is", "rows with a score are");
                format!("Not listed for want of consent: {barred} not to be contacted.")
            }))
            .collect(),
            table: Table { columns, rows: sorted.iter().map(row).collect() },
            ..Card::default()
        }
    }

    /// What drives the outcome.
    pub(super) fn drivers(&self) -> Option<Card> {
        let drivers: Vec<&Driver> =
            self.target.drivers.drivers.iter().filter(|driver| driver.mean_size > 0.0).take(DRIVERS).collect();
        let first = drivers.first()?;
        let bar = |driver: &&Driver| Bar {
            label: driver.label.clone(),
            value: driver.share,
            note: direction(&driver.direction),
            accent: driver.actionable,
        };
        let row = |driver: &&Driver| {
            vec![
                Value::Text(driver.label.clone()),
                Value::Share(driver.share),
                Value::Text(driver.words.clone()),
                Value::Text(if driver.actionable { "yes" } else { "no" }.to_owned()),
            ]
        };
        let mut caveats = vec![
            "Shares are of the mean sizes of exact Shapley values in log-odds. They say what the model looks at; a cause only \
             an experiment finds."
                .to_owned(),
        ];
        caveats.extend(self.target.interactions.first().map(|pair| format!("Acting together: {}.", pair.words)));
        Some(Card {
            id: self.id("drivers"),
            title: format!("{} says most about {}", capitalised(&first.label), self.target.name),
            subtitle: "Share of what moves the probability; in colour what the company can do something about".into(),
            so_what: Some("Where a driver can be changed, test whether changing it changes the outcome.".into()),
            caveats,
            chart: Some(Chart::Bars { unit: Unit::Share, bars: drivers.iter().map(bar).collect() }),
            table: Table {
                columns: vec![
                    Column::new("feature", "Feature"),
                    Column::new("share", "Share"),
                    Column::new("direction", "How"),
                    Column::new("actionable", "Can be acted upon"),
                ],
                rows: drivers.iter().map(row).collect(),
            },
            width: Width::Half,
        })
    }
}

/// Which way a driver goes, beside its bar.
fn direction(direction: &Direction) -> String {
    match direction {
        Direction::Rising => "more: likelier".to_owned(),
        Direction::Falling => "more: less likely".to_owned(),
        Direction::Mixed => "both ways".to_owned(),
        Direction::Categories { best, .. } => format!("likeliest: {best}"),
        Direction::None => String::new(),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
