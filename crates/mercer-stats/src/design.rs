//! The matrix of a regression: columns of numbers, and categories kept as codes instead of columns of zeros and ones.

use std::ops::Range;

use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, Mat, MatRef, Par};
use mercer_base::{Error, Result};
use rayon::prelude::*;

use crate::dense::Square;
use crate::parallel::sum_over_rows;
use crate::registers::clear_registers;

/// Rows worked on at a time: their columns stay in the processor's cache.
const PANEL: usize = 256;
/// Parts of the rows that are summed apart from each other, at the most. Part of the result, as sums round.
const PARTS: usize = 16;
/// Categories of at most so many levels are written out as columns where rows are multiplied: that costs less than adding up entries
/// one by one.
const FEW_LEVELS: u32 = 8;
/// Entries that the parts of a cross product may have together.
const PART_ENTRIES: usize = 1 << 24;

/// Columns of a design that are kept together.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// Columns of numbers, one after the other: `values[column * rows + row]`. All finite.
    Dense {
        /// How many columns.
        columns: usize,
        /// Their values.
        values: Vec<f64>,
    },
    /// A category as one column for each of its levels, 1 in the rows of that level. A code of `levels` or above (a missing
    /// or new category, or the reference level) is 0 in all of them.
    Codes {
        /// How many levels, and columns.
        levels: u32,
        /// The level of each row, from 0.
        codes: Vec<u32>,
    },
}

impl Block {
    /// Whether it has so few levels that it is multiplied like numbers.
    fn is_written_out(&self) -> bool {
        matches!(self, Self::Codes { levels, .. } if *levels <= FEW_LEVELS)
    }

    /// How many columns it stands for.
    #[must_use]
    pub fn columns(&self) -> usize {
        match self {
            Self::Dense { columns, .. } => *columns,
            Self::Codes { levels, .. } => *levels as usize,
        }
    }
}

/// The rows and columns of a regression, without the intercept.
///
/// A million rows of a category with 200 levels take 4 MB, not 1.6 GB. Fitting takes memory for the square of the number of columns,
/// so that a few thousand are the most that is sensible.
#[derive(Debug, Clone, PartialEq)]
pub struct Design {
    rows: usize,
    blocks: Vec<Block>,
}

impl Design {
    /// A design of `rows` rows with the columns of `blocks` in their order.
    ///
    /// # Errors
    /// A block whose length does not fit, or a value that is missing or infinite.
    pub fn new(rows: usize, blocks: Vec<Block>) -> Result<Self> {
        for block in &blocks {
            let (length, expected, finite) = match block {
                Block::Dense { columns, values } => {
                    (values.len(), columns.checked_mul(rows), values.iter().all(|value| value.is_finite()))
                }
                Block::Codes { codes, .. } => (codes.len(), Some(rows), true),
            };
            if Some(length) != expected {
                let columns = block.columns();
                return Err(Error::internal(format!("{length} values for {rows} rows and {columns} columns")));
            }
            if !finite {
                return Err(Error::data("a column of the regression holds a missing or infinite number")
                    .with_hint("fill missing numbers first, and mark where they were in a column of their own"));
            }
        }
        Ok(Self { rows, blocks })
    }

    /// How many rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many columns, each level of a category counted as one.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.blocks.iter().map(Block::columns).sum()
    }

    /// The columns, as they were given.
    #[must_use]
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// These rows only, in this order; rows that there are not are left out.
    #[must_use]
    pub fn take(&self, rows: &[usize]) -> Self {
        let rows: Vec<usize> = rows.iter().copied().filter(|row| *row < self.rows).collect();
        let block = |block: &Block| match block {
            Block::Dense { columns, values } => Block::Dense {
                columns: *columns,
                values: dense_columns(values, self.rows)
                    .flat_map(|column| rows.iter().map(|row| column[*row]))
                    .collect(),
            },
            Block::Codes { levels, codes } => {
                Block::Codes { levels: *levels, codes: rows.iter().map(|row| codes[*row]).collect() }
            }
        };
        Self { rows: rows.len(), blocks: self.blocks.iter().map(block).collect() }
    }

    /// The same with each column of numbers moved to a mean of 0.
    pub(crate) fn centred(mut self) -> Self {
        for block in &mut self.blocks {
            if let Block::Dense { values, .. } = block {
                for column in values.chunks_exact_mut(self.rows.max(1)) {
                    let mean = column.iter().sum::<f64>() / column.len() as f64;
                    column.iter_mut().for_each(|value| *value -= mean);
                }
            }
        }
        self
    }

    /// The linear predictor of each row: `intercept` + the row times the coefficients. Coefficients that lack count as 0.
    #[must_use]
    pub fn times(&self, intercept: f64, coefficients: &[f64]) -> Vec<f64> {
        let mut predictor = vec![intercept; self.rows];
        predictor.par_chunks_mut(PANEL).enumerate().for_each(|(panel, sums)| {
            let range = panel * PANEL..panel * PANEL + sums.len();
            let mut coefficients = coefficients.iter().copied();
            for block in &self.blocks {
                match block {
                    Block::Dense { values, .. } => {
                        for (column, coefficient) in dense_columns(values, self.rows).zip(coefficients.by_ref()) {
                            for (sum, value) in sums.iter_mut().zip(&column[range.clone()]) {
                                *sum += coefficient * value;
                            }
                        }
                    }
                    Block::Codes { levels, codes } => {
                        let of_level: Vec<f64> = coefficients.by_ref().take(*levels as usize).collect();
                        for (sum, code) in sums.iter_mut().zip(&codes[range.clone()]) {
                            *sum += of_level.get(*code as usize).copied().unwrap_or(0.0);
                        }
                    }
                }
            }
        });
        predictor
    }

    /// The sum of each column, its rows weighted: `Xᵀ w`; last, the sum of the weights, as of a column of ones.
    pub(crate) fn weighted_sums(&self, weights: &[f64]) -> Vec<f64> {
        sum_over_rows(self.rows, self.columns() + 1, |range, sums| {
            let weights = &weights[range.clone()];
            let mut rest = &mut sums[..];
            for block in &self.blocks {
                let (mine, others) = rest.split_at_mut(block.columns());
                match block {
                    Block::Dense { values, .. } => {
                        for (sum, column) in mine.iter_mut().zip(dense_columns(values, self.rows)) {
                            *sum += dot_in_lanes(&column[range.clone()], weights);
                        }
                    }
                    Block::Codes { codes, .. } => {
                        for (code, weight) in codes[range.clone()].iter().zip(weights) {
                            if let Some(sum) = mine.get_mut(*code as usize) {
                                *sum += weight;
                            }
                        }
                    }
                }
                rest = others;
            }
            if let Some(total) = rest.first_mut() {
                *total += weights.iter().sum::<f64>();
            }
        })
    }

    /// The cross product of the columns and, last, of a column of ones, rows weighted: `Xᵀ W X`. Weights are not negative.
    pub(crate) fn cross_product(&self, weights: &[f64]) -> Square {
        let size = self.columns() + 1;
        let parts = (PART_ENTRIES / (size * size)).min(self.rows / (4 * PANEL)).clamp(1, PARTS);
        let part = |part: usize| {
            let mut sums = CrossProduct::new(self);
            sums.add_rows(self, part * self.rows / parts..(part + 1) * self.rows / parts, weights);
            sums.finish()
        };
        let found: Vec<Vec<f64>> = (0..parts).into_par_iter().map(part).collect();
        let entry = |row: usize, column: usize| {
            let at = row.max(column) * size + row.min(column);
            found.iter().map(|sums| sums[at]).sum()
        };
        Square::from_fn(size, entry)
    }
}

/// A cross product in the making. Only its lower triangle is filled.
struct CrossProduct {
    size: usize,
    /// The places of the columns of numbers, of those of short categories, and of the column of ones, among all columns.
    dense: Vec<usize>,
    dense_sums: Mat<f64>,
    /// All other entries, by rows.
    sums: Vec<f64>,
}

impl CrossProduct {
    fn new(design: &Design) -> Self {
        let size = design.columns() + 1;
        let (mut dense, mut first) = (Vec::new(), 0);
        for block in &design.blocks {
            if matches!(block, Block::Dense { .. }) || block.is_written_out() {
                dense.extend(first..first + block.columns());
            }
            first += block.columns();
        }
        dense.push(first);
        let dense_sums = Mat::zeros(dense.len(), dense.len());
        Self { size, dense, dense_sums, sums: vec![0.0; size * size] }
    }

    fn add_rows(&mut self, design: &Design, rows: Range<usize>, weights: &[f64]) {
        let mut panel = vec![0.0; PANEL * self.dense.len()];
        for start in rows.clone().step_by(PANEL) {
            let range = start..(start + PANEL).min(rows.end);
            let roots: Vec<f64> = weights[range.clone()].iter().map(|weight| weight.sqrt()).collect();
            let scaled = &mut panel[..roots.len() * self.dense.len()];
            let mut out = scaled.chunks_exact_mut(roots.len());
            for block in &design.blocks {
                match block {
                    Block::Dense { values, .. } => {
                        for (column, out) in dense_columns(values, design.rows).zip(out.by_ref()) {
                            for (product, (value, root)) in out.iter_mut().zip(column[range.clone()].iter().zip(&roots))
                            {
                                *product = value * root;
                            }
                        }
                    }
                    Block::Codes { levels, codes } if block.is_written_out() => {
                        for (level, out) in (0..*levels).zip(out.by_ref()) {
                            for (product, (code, root)) in out.iter_mut().zip(codes[range.clone()].iter().zip(&roots)) {
                                *product = if *code == level { *root } else { 0.0 };
                            }
                        }
                    }
                    Block::Codes { .. } => {}
                }
            }
            if let Some(ones) = out.next() {
                ones.copy_from_slice(&roots);
            }
            let matrix = MatRef::from_column_major_slice(scaled, roots.len(), self.dense.len());
            add_cross_product(&mut self.dense_sums, matrix, 1.0);
            self.add_codes(design, range, &roots, scaled);
        }
    }

    /// The entries that have to do with a long category; `scaled` are the rows' numbers times the roots of their weights.
    fn add_codes(&mut self, design: &Design, rows: Range<usize>, roots: &[f64], scaled: &[f64]) {
        let size = self.size;
        let (mut first, mut earlier) = (0, Vec::new());
        for block in &design.blocks {
            if let Block::Codes { levels, codes } = block
                && !block.is_written_out()
            {
                let (levels, codes) = (*levels as usize, &codes[rows.clone()]);
                for (place, column) in self.dense.iter().zip(scaled.chunks_exact(roots.len())) {
                    for ((code, root), value) in codes.iter().zip(roots).zip(column) {
                        let (level, place) = (*code as usize, *place);
                        if level < levels {
                            self.sums[place.max(first + level) * size + place.min(first + level)] += root * value;
                        }
                    }
                }
                earlier.push((first, levels, codes));
                for (first_of_other, levels_of_other, others) in &earlier {
                    for ((code, other), root) in codes.iter().zip(*others).zip(roots) {
                        let (level, other) = (*code as usize, *other as usize);
                        if level < levels && other < *levels_of_other {
                            self.sums[(first + level) * size + first_of_other + other] += root * root;
                        }
                    }
                }
            }
            first += block.columns();
        }
    }

    fn finish(mut self) -> Vec<f64> {
        for (i, row) in self.dense.iter().enumerate() {
            for (j, column) in self.dense.iter().take(i + 1).enumerate() {
                self.sums[row * self.size + column] = self.dense_sums[(i, j)];
            }
        }
        self.sums
    }
}

/// Adds `factor · AᵀA` to the lower triangle of `sums`.
pub(crate) fn add_cross_product(sums: &mut Mat<f64>, a: MatRef<'_, f64>, factor: f64) {
    matmul(
        sums,
        BlockStructure::TriangularLower,
        Accum::Add,
        a.transpose(),
        BlockStructure::Rectangular,
        a,
        BlockStructure::Rectangular,
        factor,
        Par::Seq,
    );
    clear_registers();
}

/// The columns of a dense block.
pub(crate) fn dense_columns(values: &[f64], rows: usize) -> impl Iterator<Item = &[f64]> {
    values.chunks_exact(rows.max(1))
}

/// Sum of products in eight sums side by side, which a processor adds at once.
fn dot_in_lanes(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let (left, right) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = left.remainder().iter().zip(right.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in left.zip(right) {
        for (lane, (x, y)) in lanes.iter_mut().zip(x.iter().zip(y)) {
            *lane += x * y;
        }
    }
    lanes.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::made_up::{assert_close, written_out};

    /// A design with numbers around a category of five levels and one of three, with codes beyond the levels among them.
    fn mixed(rows: usize) -> Design {
        let number = |step: usize| (0..rows).map(move |row| (row * step % 31) as f64 / 10.0 - 1.5);
        let codes = |step: usize, of: usize| (0..rows).map(|row| u32::try_from(row * step % of).unwrap()).collect();
        let blocks = vec![
            Block::Codes { levels: 5, codes: codes(3, 7) },
            Block::Dense { columns: 2, values: number(7).chain(number(11)).collect() },
            Block::Codes { levels: 3, codes: codes(5, 4) },
            Block::Codes { levels: 11, codes: codes(7, 12) },
            Block::Codes { levels: 9, codes: codes(9, 17) },
            Block::Dense { columns: 1, values: number(13).collect() },
        ];
        Design::new(rows, blocks).unwrap()
    }

    fn weights(rows: usize) -> Vec<f64> {
        (0..rows).map(|row| (row * 17 % 5) as f64 / 4.0).collect()
    }

    #[test]
    fn refuses_what_does_not_fit() {
        assert!(Design::new(3, vec![Block::Dense { columns: 2, values: vec![0.0; 5] }]).is_err());
        assert!(Design::new(3, vec![Block::Codes { levels: 2, codes: vec![0; 4] }]).is_err());
        let missing = Block::Dense { columns: 1, values: vec![1.0, f64::NAN] };
        assert!(Design::new(2, vec![missing]).unwrap_err().hint().is_some_and(|hint| hint.contains("fill")));
        let empty = Design::new(0, vec![Block::Dense { columns: 2, values: Vec::new() }]).unwrap();
        assert_eq!(empty.cross_product(&[]).times(&[1.0; 3]), [0.0; 3]);
        assert_eq!(empty.times(1.0, &[1.0, 2.0]), [0.0; 0]);
    }

    #[test]
    fn the_same_at_any_thread_count() {
        let (design, weights) = (mixed(20_000), weights(20_000));
        let results = [1, 2, 8].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| (design.cross_product(&weights), design.weighted_sums(&weights)))
        });
        assert_eq!(results[0], results[1]);
        assert_eq!(results[0], results[2]);
    }

    #[test]
    fn takes_rows_in_order() {
        let design = mixed(50);
        let taken = design.take(&[7, 3, 99, 3]);
        assert_eq!(taken.rows(), 3);
        let coefficients: Vec<f64> = (0..31).map(f64::from).collect();
        let (all, some) = (design.times(0.5, &coefficients), taken.times(0.5, &coefficients));
        assert_eq!(some, [all[7], all[3], all[3]]);
        assert!(taken.centred().weighted_sums(&[1.0; 3])[5..7].iter().all(|sum| sum.abs() < 1e-12));
    }

    proptest! {
        #[test]
        fn codes_stand_for_columns_of_zeros_and_ones(rows in 1_usize..1_200) {
            let (design, weights) = (mixed(rows), weights(rows));
            let plain = written_out(&design);
            let coefficients: Vec<f64> = (0..design.columns()).map(|column| column as f64 - 4.0).collect();
            assert_close(&design.times(0.3, &coefficients), &plain.times(0.3, &coefficients), 1e-12);
            assert_close(&design.weighted_sums(&weights), &plain.weighted_sums(&weights), 1e-9);
            let (ours, theirs) = (design.cross_product(&weights), plain.cross_product(&weights));
            for row in 0..=design.columns() {
                assert_close(ours.row(row), theirs.row(row), 1e-9);
            }
            // And both are the definition, with a column of ones at the end.
            let Block::Dense { values, .. } = &plain.blocks()[0] else { unreachable!() };
            let ones = vec![1.0; rows];
            let columns: Vec<&[f64]> = values.chunks_exact(rows).chain([&ones[..]]).collect();
            for (i, x) in columns.iter().enumerate() {
                for (j, y) in columns.iter().enumerate() {
                    let sum: f64 = (0..rows).map(|row| weights[row] * x[row] * y[row]).sum();
                    prop_assert!((ours.at(i, j) - sum).abs() < 1e-9);
                }
            }
        }
    }
}
