//! After a purchase: the strongest steps to what is bought later, and to what is bought with it.

use std::collections::BTreeSet;

use mercer_base::card::{Bar, Card, Chart, Column, Table, Unit, Value};

use super::{Desk, ROWS, card, text};
use crate::predict::Step;

impl Desk<'_> {
    /// What to offer after a purchase.
    pub(super) fn after_purchase(&self) -> Option<Card> {
        let catalogue = &self.model().catalogue;
        // Steps that only a category speaks for were made by nobody.
        let mut all: Vec<&Step> = self.steps.iter().filter(|step| step.next.count > 0).collect();
        all.sort_by(|a, b| {
            strength(b).total_cmp(&strength(a)).then((a.from, a.next.product).cmp(&(b.from, b.next.product)))
        });
        let of = |kind: &'static str| all.iter().copied().filter(move |step| step.kind == kind);
        let later: Vec<&Step> = of("later").take(ROWS).collect();
        // What goes together goes together both ways round.
        let mut seen = BTreeSet::new();
        let pair = |step: &Step| (step.from.min(step.next.product), step.from.max(step.next.product));
        let together: Vec<&Step> = of("together").filter(|step| seen.insert(pair(step))).take(ROWS).collect();
        let charted = if later.is_empty() { &together } else { &later };
        let first = charted.first()?;
        let names = |step: &Step| (catalogue.title(step.from), catalogue.title(step.next.product));
        let bar = |step: &&Step| {
            let (from, to) = names(step);
            let days =
                if step.next.days > 0.0 { format!(", median {:.0} days", step.next.days) } else { String::new() };
            Bar {
                label: format!("{from} → {to}"),
                value: f64::from(step.next.lift),
                note: format!("{} customers{days}", step.next.count),
                accent: false,
            }
        };
        let row = |step: &&Step| {
            let (from, to) = names(step);
            let days = if step.kind == "later" { Value::Days(f64::from(step.next.days)) } else { Value::Missing };
            vec![
                text(from),
                text(step.kind),
                text(to),
                Value::Number(f64::from(step.next.lift)),
                Value::Count(i64::from(step.next.count)),
                days,
            ]
        };
        let (from, to) = names(first);
        let how = if first.kind == "later" { "after" } else { "with" };
        Some(Card {
            so_what: Some(match later.is_empty() {
                true => "Show the second where the first lies in the basket.".to_owned(),
                false => "Send the second product about the median number of days after the first; show what goes \
                          together in the basket."
                    .to_owned(),
            }),
            caveats: vec![
                "Lift is beside what the same customers would buy anyway by what they buy and by what sells, drawn towards \
                 1 where few made the step; ranked by customers × logarithm of lift, so that neither a rare pair nor a best \
                 seller comes first."
                    .to_owned(),
                "That one follows the other does not mean that it follows from it. The steps are counted on all purchases, \
                 not tested by themselves."
                    .to_owned(),
            ],
            chart: Some(Chart::Bars { unit: Unit::Number, bars: charted.iter().map(bar).collect() }),
            table: Table {
                columns: vec![
                    Column::new("from", "After or with"),
                    Column::new("kind", "Kind"),
                    Column::new("to", "Offer"),
                    Column::new("lift", "Lift"),
                    Column::new("customers", "Customers"),
                    Column::new("days", "Median days"),
                ],
                rows: later.iter().chain(&together).map(row).collect(),
            },
            ..card(
                "after",
                format!("{to} is bought {:.1} times as often {how} {from} as usual", first.next.lift),
                format!("Lift of what is bought later or in the same order; {}", self.window()),
            )
        })
    }
}

/// How much a step says: customers who made it × the logarithm of its lift.
fn strength(step: &Step) -> f64 {
    f64::from(step.next.count) * f64::from(step.next.lift).ln()
}
