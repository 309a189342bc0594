//! Findings for the report: which kinds of customers there are, how to tell them, what is particular about each, who moved.

mod choices;
mod evidence;
mod groups;
mod moves;
mod traits;

use mercer_base::Result;
use mercer_base::card::{Card, Tile, Value};
use mercer_base::notation::Notation;
use mercer_method::{Context, Findings, Known};

use crate::Segment;
use crate::attributes::Attribute;
use crate::model::{Model, Segmentation};
use crate::params::Params;

/// What the method has to say.
pub(crate) fn report(known: &Known<'_, Segment>, context: &Context<'_>) -> Result<Findings> {
    let input = &known.intake.input;
    let (rows, behaviour) = match &input.purchases {
        Some(purchases) => {
            let as_of = purchases.as_of(purchases.last_day);
            (as_of.customers, Some(as_of.attributes))
        }
        None => ((0..input.customers).collect(), None),
    };
    let profile: Vec<Attribute> = input.attributes.iter().map(|attribute| attribute.take(&rows)).collect();
    let desk = Desk { known, notation: Notation::new(context.currency_sign), customers: rows.len() };
    let model = desk.model();
    let attributes = behaviour.as_ref().unwrap_or(&profile);
    let segments = Part { groups: &model.segments, words: &SEGMENTS, attributes };
    let mut cards = vec![desk.overview(&segments)];
    cards.extend(desk.particular(&segments)?);
    cards.extend(desk.rules(&segments));
    cards.extend(desk.moves());
    if let Some(personas) = &model.personas {
        let personas = Part { groups: personas, words: &PERSONAS, attributes: &profile };
        cards.push(desk.overview(&personas));
        cards.extend(desk.particular(&personas)?);
        cards.extend(desk.rules(&personas));
    }
    cards.extend(desk.preferences());
    cards.extend(desk.drivers());
    cards.push(desk.evidence());
    Ok(Findings { tiles: desk.tiles(), cards })
}

/// What every card works with.
struct Desk<'a> {
    known: &'a Known<'a, Segment>,
    notation: Notation<'a>,
    /// How many were parted.
    customers: usize,
}

/// Segments or personas, with the attributes that may have shaped them.
struct Part<'a> {
    groups: &'a Segmentation,
    words: &'a PartWords,
    attributes: &'a [Attribute],
}

/// How segments and personas are spoken of.
struct PartWords {
    /// In front of card ids.
    id: &'static str,
    one: &'static str,
    many: &'static str,
    /// What makes them.
    by: &'static str,
}

static SEGMENTS: PartWords = PartWords { id: "segment", one: "segment", many: "segments", by: "how they buy" };
static PERSONAS: PartWords = PartWords { id: "segment-persona", one: "persona", many: "personas", by: "who they are" };

impl Desk<'_> {
    fn params(&self) -> &Params {
        self.known.params
    }

    fn model(&self) -> &Model {
        self.known.model
    }

    fn window(&self) -> &str {
        &self.known.intake.counts.window.words
    }

    /// The most valuable segment, and who moved, on the first screen.
    fn tiles(&self) -> Vec<Tile> {
        let groups = &self.model().segments;
        let spent = groups.description.as_ref().and_then(|description| description.spent.as_ref());
        let total: f64 = spent.map_or(0.0, |spent| spent.iter().sum());
        let best = spent.and_then(|spent| {
            let best = spent.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
            Some((groups.segments.get(best.0)?, *best.1))
        });
        let tile = |label: String, value: Value, note: String| Tile {
            label,
            value,
            previous: None,
            change: None,
            change_in_points: false,
            more_is_better: None,
            course: Vec::new(),
            note,
        };
        let best = best.filter(|_| groups.has_groups() && total > 0.0).map(|(segment, money)| {
            let share = self.notation.label(&mercer_base::card::Unit::Share, segment.share);
            tile(
                format!("Net sales from “{}”", segment.name),
                Value::Share(money / total),
                format!("the segment that brings most; {share} of the buyers"),
            )
        });
        best.into_iter().collect()
    }
}

/// A count as a cell.
fn counted(number: u64) -> Value {
    Value::Count(i64::try_from(number).unwrap_or(i64::MAX))
}

fn card(id: String, title: String, subtitle: String) -> Card {
    Card { id, title, subtitle, ..Card::default() }
}
