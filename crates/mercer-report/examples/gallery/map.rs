//! Maps of customers: five kinds of customers as a real shop has them, and the traps.

use mercer_base::card::{Card, Chart, MapEnds, MapGroup, Table, Value};

use crate::nasty::HOSTILE;
use crate::{card, table, text};

/// A group of `count` dots around `centre`, denser towards the middle, with this spread in both directions.
#[allow(clippy::cast_precision_loss)]
fn cloud(label: &str, share: f64, centre: (f64, f64), spread: (f64, f64), count: usize) -> MapGroup {
    let points = (0..count).map(|index| {
        // Evenly spread quantiles of a normal cloud, turned by the golden angle.
        let radius = (-2.0 * (1.0 - (index as f64 + 0.5) / count as f64).ln()).sqrt();
        let angle = index as f64 * 2.399_963;
        (centre.0 + spread.0 * radius * angle.cos(), centre.1 + spread.1 * radius * angle.sin())
    });
    MapGroup { label: label.into(), share, points: points.collect() }
}

fn ends() -> MapEnds {
    MapEnds {
        left: "spend less, buy on offer".into(),
        right: "spend more, buy often".into(),
        bottom: "younger, in flats".into(),
        top: "older, in houses with children".into(),
    }
}

/// The kinds of customers of the shop.
pub(crate) fn segments() -> Card {
    let groups = vec![
        cloud("Families in a house", 0.31, (-0.4, 1.6), (0.75, 0.5), 186),
        cloud("Young flats", 0.24, (-2.1, -1.7), (0.6, 0.5), 144),
        cloud("Once and never again", 0.21, (-2.6, 0.2), (0.5, 0.6), 126),
        cloud("Downsizers", 0.15, (1.0, -0.9), (0.6, 0.45), 90),
        cloud("Established regulars", 0.09, (2.7, 0.9), (0.7, 0.5), 54),
    ];
    let rows: Vec<_> = groups.iter().map(|group| [text(&group.label), Value::Share(group.share)]).collect();
    Card {
        so_what: Some("Write to families and established regulars apart: they share a house and little else.".into()),
        ..card(
            "segments",
            "Five kinds of customers, two of them near each other",
            "600 of 4,339 customers by what they buy and who they are, Dec 2010 – Nov 2011",
            Chart::Map { groups, ends: ends() },
            table([("segment", "Segment"), ("share", "Share of customers")], rows),
        )
    }
}

/// Titles and maps that are hard to draw.
pub(crate) fn traps() -> Vec<(&'static str, Chart)> {
    let map = |groups| Chart::Map { groups, ends: ends() };
    let place = |index: usize| f64::from(u8::try_from(index).unwrap_or(0));
    let twelve = (0..12)
        .map(|index| {
            let centre = ((place(index) * 1.7).sin() * 3.0, (place(index) * 2.3).cos() * 2.0);
            cloud(&format!("Group number {}", index + 1), 0.083, centre, (0.35, 0.35), 50)
        })
        .collect();
    let crowd = (0..8)
        .map(|index| {
            cloud(&format!("All in one place {}", index + 1), 0.125, (0.1 * place(index), 0.0), (1.0, 0.6), 40)
        })
        .collect();
    let mut far = cloud("One of them far out", 0.6, (0.0, 0.0), (1.0, 1.0), 80);
    far.points.push((1e9, -4e8));
    far.points.push((f64::NAN, 0.0));
    let hostile = [HOSTILE, "", "Extraordinarily long segment name that nobody would ever say aloud"]
        .map(|label| cloud(label, f64::NAN, (0.0, 0.0), (1e300, 1e299), 30));
    vec![
        ("A map of twelve groups", map(twelve)),
        ("A map without distances between groups", map(crowd)),
        ("A map with one customer far out", map(vec![far])),
        ("A map of one customer", map(vec![cloud("Alone", 1.0, (3.0, 3.0), (0.0, 0.0), 1)])),
        ("A map of nobody", map(Vec::new())),
        (
            "A map with hostile names",
            Chart::Map { groups: hostile.to_vec(), ends: MapEnds { left: HOSTILE.into(), ..MapEnds::default() } },
        ),
    ]
}

/// A trap as a card.
pub(crate) fn shown((title, chart): (&str, Chart)) -> Card {
    card(title, title, "a trap", chart, Table::default())
}
