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
        let found = |choice: &SegmentChoice| Found {
            who: name(choice).to_owned(),
            what: (choice.scope.clone(), choice.dimension.clone(), choice.value.clone()),
            customers: choice.customers,
            shares: (choice.share, choice.share_outside),
            lift: choice.lift,
            interval: choice.difference_interval,
        };
        let pictured: Vec<Found> = liked.iter().copied().map(found).collect();
        let all: Vec<Found> = preferences.iter().map(found).collect();
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
            chart: Some(self.picture(&pictured)),
            table: figures("Who", &all),
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
        let what = |driver: &JointDriver| chosen(&driver.scope, &driver.dimension, &driver.value);
        let found = drivers.iter().map(|driver| Found {
            who: driver.text(),
            what: (driver.scope.clone(), driver.dimension.clone(), driver.value.clone()),
            customers: driver.customers,
            shares: (driver.share, driver.share_outside),
            lift: driver.lift,
            interval: driver.difference_interval,
        });
        let found: Vec<Found> = found.collect();
        Some(Card {
            so_what: Some("Try a picture or an offer made for these customers against the usual one, in an experiment.".to_owned()),
            caveats: vec![
                "Found in one half of the customers and tested in the other; every condition adds to the rest. The figures are those of the \
                 half that was not searched."
                    .to_owned(),
                "Association, not cause.".to_owned(),
            ],
            chart: Some(self.picture(&found)),
            table: figures("Customers with", &found),
            ..card(
                "segment-drivers".to_owned(),
                format!("Customers with {} choose {} {} as often as others", best.text(), what(best), times(best.lift)),
                format!("Attributes that together go with a choice; {}", self.window()),
            )
        })
    }

    /// The clearest of what was found, as bars.
    fn picture(&self, found: &[Found]) -> Chart {
        let bars = found.iter().take(BARS).enumerate().map(|(index, found)| Bar {
            label: format!("{}: {}", found.who, chosen(&found.what.0, &found.what.1, &found.what.2)),
            value: found.shares.0,
            note: format!("others {}", self.notation.label(&Unit::Share, found.shares.1)),
            accent: index == 0,
        });
        Chart::Bars { unit: Unit::Share, bars: bars.collect() }
    }
}

/// Who chooses what more or less often than others, for picture and table.
struct Found {
    who: String,
    /// Scope, dimension and value.
    what: (String, String, String),
    customers: u64,
    /// Share of them who chose it, and share of the others.
    shares: (f64, f64),
    lift: f64,
    /// Interval of the difference of the shares.
    interval: (f64, f64),
}

/// All that was found; `who` heads the first column.
fn figures(who: &str, found: &[Found]) -> Table {
    let rows = found.iter().map(|found| {
        vec![
            Value::Text(found.who.clone()),
            Value::Text(found.what.0.clone()),
            Value::Text(found.what.1.clone()),
            Value::Text(found.what.2.clone()),
            counted(found.customers),
            Value::Share(found.shares.0),
            Value::Share(found.shares.1),
            Value::Number(found.lift),
            Value::Share(found.interval.0),
            Value::Share(found.interval.1),
        ]
    });
    let columns = [
        ("who", who),
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
    Table { columns: columns.map(|(name, label)| Column::new(name, label)).to_vec(), rows: rows.collect() }
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
