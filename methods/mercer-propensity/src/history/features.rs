//! Tables of features: columns described once and filled in place, on all cores, a customer and cut-off a row.

use mercer_base::Result;
use mercer_base::card::Unit;
use mercer_base::frame::NO_WORD;
use mercer_boost::{NO_CATEGORY, Values};
use rayon::prelude::*;

use super::intake::single;
use super::vocabulary::{AttributeKind, Vocabulary, positions};
use super::{History, columns};
use crate::table::{Feature, Table};

/// Rows a task: enough work for one, few enough to keep all cores busy. Not part of the result.
const CHUNK: usize = 1_024;

/// Takes the values of a row, column by column. What a column is, is asked only of who describes them, so that columns and
/// their descriptions stand in one place and cannot fall apart.
pub(super) trait Sink {
    /// A number; NaN where it is missing.
    fn number(&mut self, what: impl FnOnce() -> Feature, value: f64);

    /// A category by its position in the description; [`NO_WORD`] where it is missing.
    fn category(&mut self, what: impl FnOnce() -> Feature, code: u32);
}

/// Describes the columns.
#[derive(Default)]
struct Describe(Vec<Feature>);

impl Describe {
    /// Attributes may be called as one of our own columns is.
    fn add(&mut self, mut feature: Feature) {
        while self.0.iter().any(|known| known.name == feature.name) {
            feature.name.push_str("_attribute");
        }
        self.0.push(feature);
    }
}

impl Sink for Describe {
    fn number(&mut self, what: impl FnOnce() -> Feature, _: f64) {
        self.add(what());
    }

    fn category(&mut self, what: impl FnOnce() -> Feature, _: u32) {
        self.add(what());
    }
}

/// Rows of a column that one task fills.
enum Piece<'a> {
    Numbers(&'a mut [f32]),
    Codes(&'a mut [u32]),
}

/// Fills one row of the pieces, in the order of the columns.
struct Fill<'p, 'a> {
    pieces: std::slice::IterMut<'p, Piece<'a>>,
    row: usize,
}

impl Sink for Fill<'_, '_> {
    fn number(&mut self, _: impl FnOnce() -> Feature, value: f64) {
        if let Some(Piece::Numbers(values)) = self.pieces.next()
            && let Some(slot) = values.get_mut(self.row)
        {
            // What does not fit single precision is no measurement.
            *slot = Some(single(value)).filter(|value| value.is_finite()).unwrap_or(f32::NAN);
        }
    }

    fn category(&mut self, _: impl FnOnce() -> Feature, code: u32) {
        if let Some(Piece::Codes(codes)) = self.pieces.next()
            && let Some(slot) = codes.get_mut(self.row)
        {
            *slot = if code == NO_WORD { NO_CATEGORY } else { code };
        }
    }
}

/// For the words of a history their positions in a vocabulary.
#[derive(Debug, Default)]
pub(super) struct Positions {
    pub(super) sales_channels: Vec<u32>,
    pub(super) categories: Vec<u32>,
    pub(super) events: Vec<u32>,
    pub(super) touchpoints: Vec<u32>,
    pub(super) plans: Vec<u32>,
    /// One list for each attribute with levels, in the order of the vocabulary.
    pub(super) attributes: Vec<Vec<u32>>,
}

impl History {
    /// The features of customers as of a cut-off, a row each, in their order. Columns depend on the vocabulary only.
    ///
    /// # Errors
    /// When there are more than 4 billion rows.
    pub(crate) fn features(&self, vocabulary: &Vocabulary, customers: &[u32], cutoff: i32) -> Result<Table> {
        self.table(vocabulary, customers.len(), &|row| Some((*customers.get(row)?, cutoff)))
    }

    /// The features of customers, each as of a cut-off of its own: what is learned from several cut-offs, in one table.
    ///
    /// # Errors
    /// When there are more than 4 billion rows.
    pub(crate) fn examples(&self, vocabulary: &Vocabulary, examples: &[(u32, i32)]) -> Result<Table> {
        self.table(vocabulary, examples.len(), &|row| examples.get(row).copied())
    }

    fn table(
        &self,
        vocabulary: &Vocabulary,
        rows: usize,
        example: &(dyn Fn(usize) -> Option<(u32, i32)> + Sync),
    ) -> Result<Table> {
        let positions = self.positions(vocabulary);
        let mut described = Describe::default();
        columns::write(self, vocabulary, &positions, None, &mut described);
        let features = described.0;
        let column = |feature: &Feature| match u32::try_from(feature.categories.len()) {
            Ok(0) | Err(_) => Values::Numbers(vec![f32::NAN; rows]),
            Ok(count) => Values::Categories { codes: vec![NO_CATEGORY; rows], count },
        };
        let mut values: Vec<Values> = features.iter().map(column).collect();
        let mut tasks: Vec<Vec<Piece<'_>>> = (0..rows.div_ceil(CHUNK)).map(|_| Vec::new()).collect();
        for column in &mut values {
            match column {
                Values::Numbers(numbers) => {
                    let pieces = numbers.chunks_mut(CHUNK).map(Piece::Numbers);
                    tasks.iter_mut().zip(pieces).for_each(|(task, piece)| task.push(piece));
                }
                Values::Categories { codes, .. } => {
                    let pieces = codes.chunks_mut(CHUNK).map(Piece::Codes);
                    tasks.iter_mut().zip(pieces).for_each(|(task, piece)| task.push(piece));
                }
            }
        }
        tasks.into_par_iter().enumerate().for_each(|(chunk, mut pieces)| {
            for row in 0..CHUNK.min(rows - chunk * CHUNK) {
                let mut fill = Fill { pieces: pieces.iter_mut(), row };
                columns::write(self, vocabulary, &positions, example(chunk * CHUNK + row), &mut fill);
            }
        });
        Table::new(rows, features.into_iter().zip(values).collect())
    }

    fn positions(&self, vocabulary: &Vocabulary) -> Positions {
        let of = |levels: Option<&Vec<String>>, words: Option<&Vec<String>>| match (levels, words) {
            (Some(levels), Some(words)) => positions(words, levels),
            _ => Vec::new(),
        };
        let kinds = |stream: Option<&super::CountedStream>| stream.map(|stream| stream.kinds.clone());
        let channels = self.orders.as_ref().and_then(|orders| orders.channels.as_ref());
        let attributes = vocabulary.attributes.iter().filter_map(|known| match &known.kind {
            AttributeKind::Levels(levels) => {
                let words = match self.attributes.as_ref().and_then(|attributes| attributes.column(&known.name)) {
                    Some(super::attributes::AttributeValues::Words { words, .. }) => words.as_slice(),
                    _ => &[],
                };
                Some(positions(words, levels))
            }
            AttributeKind::Number | AttributeKind::Day => None,
        });
        Positions {
            sales_channels: of(vocabulary.sales_channels.as_ref(), kinds(channels).as_ref()),
            categories: of(vocabulary.categories.as_ref(), kinds(self.bought.as_ref()).as_ref()),
            events: of(Some(&vocabulary.events), kinds(self.events.as_ref()).as_ref()),
            touchpoints: of(Some(&vocabulary.touchpoints), kinds(self.touchpoints.as_ref()).as_ref()),
            plans: of(vocabulary.plans.as_ref(), self.contracts.as_ref().map(|(_, plans)| plans)),
            attributes: attributes.collect(),
        }
    }
}

/// A feature of numbers.
pub(super) fn number(name: &str, label: &str, unit: Unit, group: &str) -> Feature {
    Feature {
        name: name.to_owned(),
        label: label.to_owned(),
        unit: Some(unit),
        group: group.to_owned(),
        actionable: false,
        categories: Vec::new(),
    }
}

/// A feature of categories.
pub(super) fn category(name: &str, label: &str, group: &str, categories: &[String]) -> Feature {
    Feature {
        name: name.to_owned(),
        label: label.to_owned(),
        unit: None,
        group: group.to_owned(),
        actionable: false,
        categories: categories.to_vec(),
    }
}

/// A feature that the company can do something about.
pub(super) fn actionable(feature: Feature) -> Feature {
    Feature { actionable: true, ..feature }
}
