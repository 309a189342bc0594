//! Sums of derivatives by bin, in whole numbers: any order of addition gives the same bits.

use std::ops::{AddAssign, Sub};

use mercer_stats::parallel::sum_over_rows;
use rayon::prelude::*;

use crate::bins::Binned;

/// Updates (rows × columns) a task; fewer than two tasks are not worth other threads.
const TASK: usize = 1 << 17;

/// Rows whose bins are brought together before they are counted: they fit the nearest cache.
const TILE: usize = 256;

/// Cells of the columns that are counted together: few enough for the nearest cache, of enough columns that consecutive additions
/// rarely wait for each other.
const GROUP_CELLS: usize = 1_536;

/// Whole sums of first derivatives, and of second derivatives with the number of rows in the upper bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Cell([i64; 2]);

impl AddAssign for Cell {
    fn add_assign(&mut self, other: Self) {
        self.0[0] += other.0[0];
        self.0[1] += other.0[1];
    }
}

impl Sub for Cell {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self([self.0[0] - other.0[0], self.0[1] - other.0[1]])
    }
}

impl Cell {
    /// Whether it sums no rows: no row is counted and its derivatives are 0.
    pub(crate) fn is_empty(self) -> bool {
        self.0[1] == 0
    }
}

/// Sums as numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Sums {
    /// Of first derivatives.
    pub(crate) gradient: f64,
    /// Of second derivatives.
    pub(crate) hessian: f64,
    /// How many rows.
    pub(crate) rows: u32,
}

/// How derivatives become whole numbers, in units of powers of two, so fine that the sums over all rows just fit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    gradient: f64,
    hessian: f64,
    gradient_unit: f64,
    hessian_unit: f64,
    hessian_bits: u32,
}

impl Scale {
    /// The finest scale for these first and second derivatives.
    pub(crate) fn of(derivatives: &[[f64; 2]]) -> Self {
        let sums = sum_over_rows(derivatives.len(), 2, |range, sums| {
            for [first, second] in &derivatives[range] {
                sums[0] += first.abs();
                sums[1] += second;
            }
        });
        let hessian_bits = 62 - derivatives.len().checked_ilog2().unwrap_or(0);
        let (gradient, hessian) = (units(sums[0], 61), units(sums[1], hessian_bits - 1));
        Self { gradient, hessian, gradient_unit: gradient.recip(), hessian_unit: hessian.recip(), hessian_bits }
    }

    /// The cell of one row.
    #[allow(clippy::cast_possible_truncation, reason = "rounded, and scaled to fit")]
    pub(crate) fn cell(&self, [first, second]: [f64; 2]) -> Cell {
        let first = first * self.gradient;
        Cell([
            (first + 0.5_f64.copysign(first)) as i64,
            (second * self.hessian + 0.5) as i64 | (1 << self.hessian_bits),
        ])
    }

    /// What a cell stands for.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "both parts were put in as such")]
    pub(crate) fn sums(&self, cell: Cell) -> Sums {
        let [gradient, packed] = cell.0;
        Sums {
            gradient: gradient as f64 * self.gradient_unit,
            hessian: (packed & ((1 << self.hessian_bits) - 1)) as f64 * self.hessian_unit,
            rows: (packed >> self.hessian_bits) as u32,
        }
    }
}

/// The power of two by which a sum becomes at most `2^bits`.
fn units(sum: f64, bits: u32) -> f64 {
    let exponent = if sum > 0.0 { sum.log2().floor() + 1.0 } else { 0.0 };
    (f64::from(bits) - exponent).clamp(-1_000.0, 1_000.0).exp2()
}

/// The columns that a tree may use, and where their bins lie in its histograms.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    /// The columns, rising.
    columns: Vec<usize>,
    /// Where each column's cells begin; behind them those of the missing values and the end.
    offsets: Vec<usize>,
    /// Whether these are all columns of the data.
    all: bool,
    /// Runs of columns that are counted together.
    groups: Vec<std::ops::Range<usize>>,
}

impl Layout {
    /// The layout of these columns of `binned`.
    pub(crate) fn new(binned: &Binned, columns: Vec<usize>) -> Self {
        let mut offsets = vec![0];
        let (mut groups, mut start, mut end) = (Vec::new(), 0, 0);
        for (place, column) in columns.iter().enumerate() {
            let before = offsets[start];
            end += binned.columns()[*column].count() + 1;
            if end - before > GROUP_CELLS && place > start {
                groups.push(start..place);
                start = place;
            }
            offsets.push(end);
        }
        if start < columns.len() {
            groups.push(start..columns.len());
        }
        let all = columns.len() == binned.columns().len();
        Self { columns, offsets, all, groups }
    }

    /// How many cells a histogram has.
    pub(crate) fn cells(&self) -> usize {
        self.offsets.last().copied().unwrap_or(0)
    }

    /// The columns, each with its cells of `histogram`, that of missing values last.
    pub(crate) fn parts<'h>(&self, histogram: &'h [Cell]) -> impl Iterator<Item = (usize, &'h [Cell])> {
        self.columns.iter().zip(self.offsets.windows(2)).map(|(column, ends)| (*column, &histogram[ends[0]..ends[1]]))
    }
}

/// Builds histograms and keeps their memory for the next.
#[derive(Debug, Default)]
pub(crate) struct Histograms {
    free: Vec<Vec<Cell>>,
}

impl Histograms {
    /// The sums of `cells` (by row of `binned`) over `rows`, by column and bin.
    pub(crate) fn build(&mut self, binned: &Binned, layout: &Layout, rows: &[u32], cells: &[Cell]) -> Vec<Cell> {
        let mut histogram = self.zeros(layout.cells());
        let tasks = (rows.len() * layout.columns.len() / TASK).min(rayon::current_num_threads());
        if tasks < 2 {
            count(&mut histogram, binned, layout, rows, cells);
            return histogram;
        }
        let mut others: Vec<Vec<Cell>> = (1..tasks).map(|_| self.zeros(layout.cells())).collect();
        rows.par_chunks(rows.len().div_ceil(tasks))
            .zip(std::iter::once(&mut histogram).chain(&mut others).collect::<Vec<_>>())
            .for_each(|(rows, histogram)| count(histogram, binned, layout, rows, cells));
        for other in others {
            histogram.iter_mut().zip(&other).for_each(|(sum, cell)| *sum += *cell);
            self.free.push(other);
        }
        histogram
    }

    /// Memory that is not needed any more.
    pub(crate) fn give_back(&mut self, histogram: Vec<Cell>) {
        self.free.push(histogram);
    }

    fn zeros(&mut self, cells: usize) -> Vec<Cell> {
        let mut histogram = self.free.pop().unwrap_or_default();
        histogram.clear();
        histogram.resize(cells, Cell::default());
        histogram
    }
}

/// Takes a child's histogram from its parent's, which leaves that of the other child.
pub(crate) fn subtract(parent: &mut [Cell], child: &[Cell]) {
    parent.iter_mut().zip(child).for_each(|(sum, cell)| *sum = *sum - *cell);
}

/// Adds the rows' cells to the bins they lie in.
fn count(histogram: &mut [Cell], binned: &Binned, layout: &Layout, rows: &[u32], cells: &[Cell]) {
    let width = layout.columns.len();
    let mut bins = vec![0_u8; TILE * width];
    let mut tile = [Cell::default(); TILE];
    for rows in rows.chunks(TILE) {
        for ((place, bins), row) in tile.iter_mut().zip(bins.chunks_exact_mut(width.max(1))).zip(rows) {
            *place = cells[*row as usize];
            let found = binned.row(*row);
            if layout.all {
                bins.copy_from_slice(found);
            } else {
                bins.iter_mut().zip(&layout.columns).for_each(|(bin, column)| *bin = found[*column]);
            }
        }
        for group in &layout.groups {
            let offsets = &layout.offsets[group.clone()];
            for (cell, bins) in tile.iter().zip(bins.chunks_exact(width)).take(rows.len()) {
                let cell = *cell;
                for (bin, offset) in bins[group.clone()].iter().zip(offsets) {
                    histogram[offset + usize::from(*bin)] += cell;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::{Matrix, Values};
    use proptest::prelude::*;

    proptest! {
        /// Sums come back: rows to the unit, derivatives to what rounding each to the scale may lose.
        #[test]
        fn cells_give_back_what_they_sum(
            derivatives in prop::collection::vec((-1e3_f64..1e3, 0.0_f64..1e3), 1..200), magnitude in -30_i32..30,
        ) {
            let size = 10.0_f64.powi(magnitude);
            let derivatives: Vec<[f64; 2]> = derivatives.into_iter().map(|(first, second)| [first * size, second * size]).collect();
            let scale = Scale::of(&derivatives);
            let mut total = Cell::default();
            derivatives.iter().for_each(|pair| total += scale.cell(*pair));
            let sums = scale.sums(total);
            let largest: f64 = derivatives.iter().map(|[first, second]| first.abs() + second).sum();
            prop_assert_eq!(sums.rows as usize, derivatives.len());
            for (found, part) in [(sums.gradient, 0), (sums.hessian, 1)] {
                let expected: f64 = derivatives.iter().map(|pair| pair[part]).sum();
                prop_assert!((found - expected).abs() <= 1e-12 * largest, "{} is not {}", found, expected);
            }
        }
    }

    #[test]
    fn histograms_are_those_of_plain_counting_at_any_size_and_any_columns() {
        let rows = 90_000_u32;
        let column = |factor: u32, modulus: u32| Values::Categories {
            codes: (0..rows).map(|row| (row.wrapping_mul(factor) >> 3) % modulus).collect(),
            count: modulus,
        };
        let columns = (0..12).map(|index| column(2_654_435_761_u32.wrapping_mul(index + 1), 20 * index + 2)).collect();
        let binned = Binned::new(&Matrix::new(rows as usize, columns).unwrap(), 255);
        let derivatives: Vec<[f64; 2]> = (0..rows).map(|row| [f64::from(row % 17) - 8.0, f64::from(row % 5)]).collect();
        let scale = Scale::of(&derivatives);
        let cells: Vec<Cell> = derivatives.iter().map(|pair| scale.cell(*pair)).collect();
        for (columns, taken) in [((0..12).collect::<Vec<_>>(), rows), (vec![1, 5, 11], rows), (vec![7], 100)] {
            let taken: Vec<u32> = (0..taken).filter(|row| row % 7 != 2).collect();
            let layout = Layout::new(&binned, columns);
            let mut histograms = Histograms::default();
            let mut whole = histograms.build(&binned, &layout, &taken, &cells);
            let mut plain = vec![Cell::default(); layout.cells()];
            for row in &taken {
                for (column, offset) in layout.columns.iter().zip(&layout.offsets) {
                    plain[offset + usize::from(binned.row(*row)[*column])] += cells[*row as usize];
                }
            }
            assert_eq!(whole, plain);
            let (left, right) = taken.split_at(taken.len() / 3);
            subtract(&mut whole, &histograms.build(&binned, &layout, left, &cells));
            assert_eq!(whole, histograms.build(&binned, &layout, right, &cells));
        }
    }
}
