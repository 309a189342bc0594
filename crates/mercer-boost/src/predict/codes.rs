//! Rows as bytes: each value's place among the ensemble's own thresholds, so that a test is one comparison of small integers.

use std::ops::Range;

use crate::ensemble::{Ensemble, Split, Test};
use crate::matrix::{Feature, Matrix, NO_CATEGORY, Values};

/// Rows of a block. A byte column of a block is a few vector registers and a whole block stays in the first-level cache.
pub(crate) const LANES: usize = 256;

/// A byte of each row of a block; lanes behind the last row hold anything.
pub(crate) type Lanes = [u8; LANES];

/// Thresholds that a byte column can tell apart: its codes are 0 for a missing value and 1 to 255.
const MOST_THRESHOLDS: usize = 254;

/// Categories that fit a byte with one bit each; the eighth bit stands for missing and unseen ones.
const MOST_FLAGS: u32 = 7;

/// A column of bytes: how it is made of a column of the data.
#[derive(Debug)]
enum Column {
    /// 0 for a missing number, else one more than how many of the thresholds do not exceed it.
    Rank { feature: usize, thresholds: Vec<f32> },
    /// The bit of the category.
    Flag { feature: usize, count: u32 },
}

/// A split's test on bytes; it says which rows go left.
#[derive(Debug)]
pub(crate) enum Question {
    /// `(code − shift) & mask < bound`, the difference modulo 256.
    Byte { column: usize, shift: u8, mask: u8, bound: u8 },
    /// By category: 255 for left and 0 for right, up to the last category that goes right.
    Table { feature: usize, left: Vec<u8>, count: u32, missing: u8 },
}

/// Makes bytes of rows, for all splits of an ensemble.
#[derive(Debug)]
pub(crate) struct Coder {
    columns: Vec<Column>,
    /// The first byte column of each feature (also of those that have none).
    first: Vec<usize>,
    /// All thresholds of each feature, ascending.
    thresholds: Vec<Vec<f32>>,
    features: Vec<Feature>,
}

impl Coder {
    /// The byte columns that `ensemble` needs. A feature of more than 254 thresholds gets several.
    pub(crate) fn new(ensemble: &Ensemble) -> Self {
        let features = ensemble.features.clone();
        let mut thresholds: Vec<Vec<f32>> = vec![Vec::new(); features.len()];
        for split in ensemble.trees.iter().flat_map(|tree| &tree.nodes).filter_map(|node| node.split.as_ref()) {
            if let (Test::Below(threshold), Some(known)) = (&split.test, thresholds.get_mut(split.feature as usize)) {
                known.push(*threshold);
            }
        }
        let (mut columns, mut first) = (Vec::new(), Vec::new());
        for (feature, (kind, known)) in features.iter().zip(&mut thresholds).enumerate() {
            first.push(columns.len());
            match *kind {
                Feature::Number => {
                    known.sort_by(f32::total_cmp);
                    known.dedup();
                    let parts = known.chunks(MOST_THRESHOLDS);
                    columns.extend(parts.map(|part| Column::Rank { feature, thresholds: part.to_vec() }));
                }
                Feature::Category { count } if count <= MOST_FLAGS => columns.push(Column::Flag { feature, count }),
                Feature::Category { .. } => {}
            }
        }
        Self { columns, first, thresholds, features }
    }

    /// The test of `split`, which must be of the ensemble that the coder is for.
    pub(crate) fn question(&self, split: &Split) -> Question {
        let feature = split.feature as usize;
        let first = self.first.get(feature).copied().unwrap_or(0);
        match (&split.test, self.features.get(feature)) {
            (Test::Below(threshold), _) => {
                let known = self.thresholds.get(feature).map_or(&[][..], Vec::as_slice);
                let place = known.partition_point(|other| other < threshold);
                // The numbers below the threshold have the codes 1 to `last`; a shift of 0 lets the missing ones in.
                let last = narrow(place % MOST_THRESHOLDS + 1);
                let (shift, bound) = if split.missing_left { (0, last + 1) } else { (1, last) };
                Question::Byte { column: first + place / MOST_THRESHOLDS, shift, mask: u8::MAX, bound }
            }
            (Test::Among(codes), Some(Feature::Category { count })) if *count <= MOST_FLAGS => {
                let elsewhere = if split.missing_left { 0 } else { 1 << MOST_FLAGS };
                let mask = codes.iter().fold(elsewhere, |mask, code| mask | 1 << (*code).min(MOST_FLAGS));
                Question::Byte { column: first, shift: 0, mask, bound: 1 }
            }
            (Test::Among(codes), kind) => {
                let count = if let Some(Feature::Category { count }) = kind { *count } else { 0 };
                let mut left = vec![u8::MAX; codes.last().map_or(0, |last| *last as usize + 1)];
                for code in codes {
                    if let Some(entry) = left.get_mut(*code as usize) {
                        *entry = 0;
                    }
                }
                Question::Table { feature, left, count, missing: if split.missing_left { u8::MAX } else { 0 } }
            }
        }
    }

    /// The bytes of the rows `rows` (at most [`LANES`]) of `matrix`, which must have the ensemble's columns.
    pub(crate) fn block<'a>(&self, matrix: &'a Matrix, rows: Range<usize>) -> Block<'a> {
        let mut bytes = vec![[0; LANES]; self.columns.len()];
        for (lanes, column) in bytes.iter_mut().zip(&self.columns) {
            match column {
                Column::Rank { feature, thresholds } => {
                    if let Some(Values::Numbers(values)) = matrix.columns().get(*feature) {
                        for (lane, value) in lanes.iter_mut().zip(values.get(rows.clone()).unwrap_or_default()) {
                            *lane = if value.is_nan() { 0 } else { narrow(1 + rank(thresholds, *value)) };
                        }
                    }
                }
                Column::Flag { feature, count } => {
                    if let Some(Values::Categories { codes, .. }) = matrix.columns().get(*feature) {
                        for (lane, code) in lanes.iter_mut().zip(codes.get(rows.clone()).unwrap_or_default()) {
                            *lane = 1 << if code < count { *code } else { MOST_FLAGS };
                        }
                    }
                }
            }
        }
        Block { matrix, rows, bytes }
    }
}

/// How many of the ascending `thresholds` do not exceed `value`: a binary search without branches to mispredict.
fn rank(thresholds: &[f32], value: f32) -> usize {
    let (mut low, mut size) = (0, thresholds.len());
    while size > 1 {
        let half = size / 2;
        low += if thresholds.get(low + half - 1).is_some_and(|threshold| *threshold <= value) { half } else { 0 };
        size -= half;
    }
    low + usize::from(thresholds.get(low).is_some_and(|threshold| *threshold <= value))
}

/// A number that is known to fit a byte.
#[allow(clippy::cast_possible_truncation, reason = "callers pass at most 255")]
fn narrow(value: usize) -> u8 {
    debug_assert!(value < LANES);
    value as u8
}

/// Some rows as bytes.
pub(crate) struct Block<'a> {
    matrix: &'a Matrix,
    rows: Range<usize>,
    bytes: Vec<Lanes>,
}

impl Block<'_> {
    /// How many lanes hold rows.
    pub(crate) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Writes 255 to the lanes of the rows that go left and 0 to the others.
    pub(crate) fn answer(&self, question: &Question, left: &mut Lanes) {
        match question {
            Question::Byte { column, shift, mask, bound } => {
                if let Some(codes) = self.bytes.get(*column) {
                    for (left, code) in left.iter_mut().zip(codes) {
                        *left = if code.wrapping_sub(*shift) & mask < *bound { u8::MAX } else { 0 };
                    }
                }
            }
            Question::Table { feature, left: table, count, missing } => {
                if let Some(Values::Categories { codes, .. }) = self.matrix.columns().get(*feature) {
                    for (left, code) in left.iter_mut().zip(codes.get(self.rows.clone()).unwrap_or_default()) {
                        *left = side(table, *code, *count, *missing);
                    }
                }
            }
        }
    }

    /// Whether the row in `lane` goes left.
    pub(crate) fn goes_left(&self, question: &Question, lane: usize) -> bool {
        match question {
            Question::Byte { column, shift, mask, bound } => {
                let code = self.bytes.get(*column).and_then(|lanes| lanes.get(lane)).copied().unwrap_or(0);
                code.wrapping_sub(*shift) & mask < *bound
            }
            Question::Table { feature, left: table, count, missing } => {
                let Some(Values::Categories { codes, .. }) = self.matrix.columns().get(*feature) else { return false };
                let code = codes.get(self.rows.start + lane).copied().unwrap_or(NO_CATEGORY);
                side(table, code, *count, *missing) > 0
            }
        }
    }
}

/// Where a category goes: by the table, left behind its end, and where missing values go if the trees never saw it.
fn side(table: &[u8], code: u32, count: u32, missing: u8) -> u8 {
    let behind = if code < count { u8::MAX } else { missing };
    table.get(code as usize).copied().unwrap_or(behind)
}
