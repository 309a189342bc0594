//! Findings for the report: who is credited, what journeys look like, how far to trust it, and what to test next.

mod channels;
mod evidence;
mod journeys;

use mercer_base::Result;
use mercer_base::card::{Column, Table, Tile, Unit, Value};
use mercer_base::notation::Notation;
use mercer_method::{Context, Findings, Known};

use crate::Attribution;
use crate::describe::{self, Stages};
use crate::doubts::{self, Doubts};
use crate::model::Model;
use crate::models;
use crate::paths::Paths;

/// Channels that pictures show; tables have as many as [`ROWS`].
const SHOWN: usize = 15;
/// Rows of a table in the report; the lake has all.
const ROWS: usize = 50;

/// What the method has to say: first what a manager reads, then what a statistician wants.
pub(crate) fn report(known: &Known<'_, Attribution>, context: &Context<'_>) -> Result<Findings> {
    let input = &known.intake.input;
    let doubts = doubts::doubts(known.params, known.model, input, context)?;
    let desk =
        Desk { known, notation: Notation::new(context.currency_sign), stages: describe::stages(&input.paths), doubts };
    let mut cards = vec![desk.channels()];
    cards.extend(desk.incremental());
    cards.push(desk.next_test());
    cards.push(desk.agreement());
    cards.push(desk.journeys());
    cards.push(desk.flow());
    cards.push(desk.moves());
    cards.push(desk.time());
    cards.push(desk.assists());
    cards.push(desk.stages());
    cards.push(desk.harvest());
    cards.push(desk.held_out());
    Ok(Findings { tiles: desk.tiles(), cards })
}

/// What every card works with.
struct Desk<'a> {
    known: &'a Known<'a, Attribution>,
    notation: Notation<'a>,
    /// By channel in alphabetical order.
    stages: Vec<Stages>,
    doubts: Doubts,
}

impl Desk<'_> {
    fn model(&self) -> &Model {
        self.known.model
    }

    fn paths(&self) -> &Paths {
        &self.known.intake.input.paths
    }

    fn window(&self) -> &str {
        &self.known.intake.counts.window.words
    }

    fn share(&self, value: f64) -> String {
        self.notation.label(&Unit::Share, value)
    }

    fn number(&self, value: f64) -> String {
        self.notation.label(&Unit::Number, value)
    }

    /// The position of a channel among all in alphabetical order.
    fn place(&self, channel: &str) -> Option<usize> {
        self.paths().channels.binary_search_by(|known| known.as_str().cmp(channel)).ok()
    }

    /// The names of the model's channels by credit, as they are shown.
    fn top(&self) -> impl Iterator<Item = (usize, &str)> {
        let channels = self.model().channels.iter().take(SHOWN);
        channels.filter_map(|channel| Some((self.place(&channel.channel)?, channel.channel.as_str())))
    }

    /// What stands under every card that shows credit.
    fn credit_is_not_cause(&self) -> String {
        match self.model().is_calibrated() {
            false => "Uncalibrated: no experiment anchors this credit. It says who was there when a conversion came, not that the \
                      conversion would not have come without them. A test in which a channel is held back from some customers would tell."
                .to_owned(),
            true => format!(
                "{}: credit says who was there, the card on incremental conversions what channels added.",
                sentence(&self.model().calibration)
            ),
        }
    }

    fn tiles(&self) -> Vec<Tile> {
        let Some(first) = self.model().channels.first() else { return Vec::new() };
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
        let mut tiles = vec![tile(
            format!("Credit of {}", describe::short(&first.channel)),
            Value::Share(first.share),
            format!(
                "of what channels are credited with, by the model {}; {}",
                models::label(self.model().model),
                self.model().calibration
            ),
        )];
        if let Some(total) = &self.model().incremental_total {
            tiles.push(tile(
                "Incremental conversions".into(),
                Value::Number(total.mean.round()),
                format!(
                    "what all channels added, by experiments; {} to {}",
                    self.number(total.low),
                    self.number(total.high)
                ),
            ));
        }
        tiles
    }
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Columns from their names for machines and people.
fn columns(names: &[(&str, &str)]) -> Vec<Column> {
    names.iter().map(|(name, label)| Column::new(name, label)).collect()
}

fn table(names: &[(&str, &str)], rows: Vec<Vec<Value>>) -> Table {
    Table { columns: columns(names), rows }
}

/// A number with as many decimals as it bears; nothing where it is not known.
fn rounded(value: Option<f64>) -> Value {
    match value.filter(|value| value.is_finite()) {
        None => Value::Missing,
        Some(value) if value.abs() >= 100.0 => Value::Number((value * 10.0).round() / 10.0),
        Some(value) => Value::Number((value * 1_000.0).round() / 1_000.0),
    }
}
