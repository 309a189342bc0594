//! Cards on choices: what each group prefers, and which attributes together go with a choice.

use mercer_base::card::{Bar, Card, Chart, Column, Table, Unit, Value};

use super::{Desk, card, counted};
use crate::explain::associate::{JointDriver, SegmentChoice};
use crate::model::Segmentation;

/// Bars of a picture.
const BARS: usize = 12;

impl Desk<'_> {
    /// What personas, or else segments, choose more often than others.
    pub(super) fn preferences(&self) -> Option<Card> {
        let model = self.model();
        let of = |groups: &'_ Segmentation| {
            groups
                .description
                .as_ref()
                .map_or(0, |described| described.preferences.iter().filter(|choice| choice.lift > 1.0).count())
        };
        let with_personas = model.personas.as_ref().filter(|personas| of(personas) > 0);
        let groups = with_personas.unwrap_or(&model.segments);
        let preferences = &groups.description.as_ref()?.preferences;
        let name = |choice: &SegmentChoice| {
            groups.segments.get(choice.segment as usize).map_or("", |segment| segment.name.as_str())
        };
        let liked: Vec<&SegmentChoice> = preferences.iter().filter(|choice| choice.lift > 1.0).collect();
        let best = liked.first()?;
        let share = |value: f64| self.notation.label(&Unit::Share, value);
        let bars = liked.iter().take(BARS).enumerate().map(|(index, choice)| Bar {
            label: format!("{}: {}", name(choice), chosen(&choice.scope, &choice.dimension, &choice.value)),
            value: choice.share,
            note: format!("others {}", share(choice.share_outside)),
            accent: index == 0,
        });
        let rows = preferences.iter().map(|choice| {
            vec![
                Value::Text(name(choice).to_owned()),
                Value::Text(choice.scope.clone()),
                Value::Text(choice.dimension.clone()),
                Value::Text(choice.value.clone()),
                counted(choice.customers),
                Value::Share(choice.share),
                Value::Share(choice.share_outside),
                Value::Number(choice.lift),
                Value::Share(choice.difference_interval.0),
                Value::Share(choice.difference_interval.1),
            ]
        });
        let columns = [
            ("name", "Who"),
            ("scope", "Bought at all"),
            ("dimension", "Choice of"),
            ("value", "Chose"),
            ("customers", "Customers"),
            ("share", "Share of them"),
            ("share_outside", "Share of others"),
            ("lift", "Times as often"),
            ("difference_low", "Difference, 95 % from"),
            ("difference_high", "to"),
        ];
        Some(Card {
            so_what: Some(
                "Show each group what it prefers: in newsletters, on landing pages, in the pictures of ads.".to_owned(),
            ),
            caveats: vec![
                format!(
                    "Of customers who bought in the scope, the share who chose it, beside all others who could; of each customer one purchase \
                     counts, so that buying more is not liking more. Tested all at once; at most \
                     {} of what is listed is expected to be chance.",
                    share(self.params().false_discovery.get())
                ),
                "Who chooses is not why: another attribute may be behind it.".to_owned(),
            ],
            chart: Some(Chart::Bars { unit: Unit::Share, bars: bars.collect() }),
            table: Table {
                columns: columns.map(|(name, label)| Column::new(name, label)).to_vec(),
                rows: rows.collect(),
            },
            ..card(
                "segment-preferences".to_owned(),
                format!(
                    "“{}” choose {} {} as often as others",
                    name(best),
                    chosen(&best.scope, &best.dimension, &best.value),
                    times(best.lift)
                ),
                format!("Share who chose it, of those who bought in its scope; {}", self.window()),
            )
        })
    }

    /// Which attributes together go with a choice.
    pub(super) fn drivers(&self) -> Option<Card> {
        let drivers = &self.model().drivers;
        let best = drivers.first()?;
        let share = |value: f64| self.notation.label(&Unit::Share, value);
        let what = |driver: &JointDriver| chosen(&driver.scope, &driver.dimension, &driver.value);
        let bars = drivers.iter().take(BARS).enumerate().map(|(index, driver)| Bar {
            label: format!("{}: {}", driver.text(), what(driver)),
            value: driver.share,
            note: format!("others {}", share(driver.share_outside)),
            accent: index == 0,
        });
        let rows = drivers.iter().map(|driver| {
            vec![
                Value::Text(driver.text()),
                Value::Text(driver.scope.clone()),
                Value::Text(driver.dimension.clone()),
                Value::Text(driver.value.clone()),
                counted(driver.customers),
                Value::Share(driver.share),
                Value::Share(driver.share_outside),
                Value::Number(driver.lift),
                Value::Share(driver.difference_interval.0),
                Value::Share(driver.difference_interval.1),
            ]
        });
        let columns = [
            ("conditions", "Customers with"),
            ("scope", "Bought at all"),
            ("dimension", "Choice of"),
            ("value", "Chose"),
            ("customers", "Customers"),
            ("share", "Share of them"),
            ("share_outside", "Share of others"),
            ("lift", "Times as often"),
            ("difference_low", "Difference, 95 % from"),
            ("difference_high", "to"),
        ];
        Some(Card {
            so_what: Some("Try a picture or an offer made for these customers against the usual one, in an experiment.".to_owned()),
            caveats: vec![
                "Found in one half of the customers and tested in the other; every condition adds to the rest. The figures are those of the \
                 half that was not searched."
                    .to_owned(),
                "Association, not cause.".to_owned(),
            ],
            chart: Some(Chart::Bars { unit: Unit::Share, bars: bars.collect() }),
            table: Table { columns: columns.map(|(name, label)| Column::new(name, label)).to_vec(), rows: rows.collect() },
            ..card(
                "segment-drivers".to_owned(),
                format!("Customers with {} choose {} {} as often as others", best.text(), what(best), times(best.lift)),
                format!("Attributes that together go with a choice; {}", self.window()),
            )
        })
    }
}

/// A choice in words: "Sofas, tone dark".
fn chosen(scope: &str, dimension: &str, value: &str) -> String {
    match (scope, dimension) {
        ("anything", "category" | "product") => value.to_owned(),
        ("anything", dimension) => format!("{dimension} {value}"),
        (scope, "choice") => format!("{value} ({scope})"),
        (scope, dimension) => format!("{scope}, {dimension} {value}"),
    }
}

/// A ratio in words.
fn times(lift: f64) -> String {
    if lift >= 100.0 { "far more than 100 times".to_owned() } else { format!("{lift:.1} times") }
}
