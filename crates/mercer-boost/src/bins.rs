//! Columns cut into bins: what the trees learn from, one byte a value.

use mercer_base::Seed;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::matrix::{Feature, Matrix, Values};

/// The most bins of present values; with the one for missing values their numbers fill a byte.
pub(crate) const MOST_BINS: u32 = 255;

/// Quantiles are taken from at most this many rows: beyond, cuts move by less than a tenth of a bin.
const SAMPLE: usize = 1 << 18;

/// Rows a task when values are put into bins.
const BLOCK: usize = 4_096;

/// What the bins of a column stand for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Bins {
    /// Bin `i` holds the numbers from `cuts[i − 1]` on and below `cuts[i]`.
    Numbers {
        /// Where bins end, rising.
        cuts: Vec<f32>,
        /// Whether no number lies below all thresholds, as `−∞` does.
        bounded: bool,
    },
    /// Bin `i` holds the category `codes[i]`.
    Categories {
        /// The categories that have a bin, rising.
        codes: Vec<u32>,
    },
}

impl Bins {
    /// How many bins of present values there are; the missing ones have the next number.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Numbers { cuts, .. } => cuts.len() + 1,
            Self::Categories { codes } => codes.len(),
        }
    }

    /// The bins of a column of numbers: one for each distinct value where they are few, else of equally many rows.
    fn of_numbers(values: &[f32], sample: Option<&[u32]>, max_bins: usize) -> Self {
        let mut sorted: Vec<f32> = match sample {
            None => values.iter().copied().filter(|value| !value.is_nan()).collect(),
            Some(rows) => rows.iter().map(|row| values[*row as usize]).filter(|value| !value.is_nan()).collect(),
        };
        // Both zeros are one value: they compare as equal when a tree is asked.
        sorted.iter_mut().filter(|value| **value == 0.0).for_each(|value| *value = 0.0);
        sorted.sort_unstable_by(f32::total_cmp);
        let cuts = cuts(&sorted, max_bins);
        Self::Numbers { cuts, bounded: !values.contains(&f32::NEG_INFINITY) }
    }

    /// The bins of a column of categories: one for each of the most frequent.
    fn of_categories(codes: &[u32], count: u32, max_bins: usize) -> Self {
        let mut rows = vec![0_u32; count as usize];
        for code in codes {
            if let Some(rows) = rows.get_mut(*code as usize) {
                *rows += 1;
            }
        }
        let mut present: Vec<u32> = (0..count).filter(|code| rows[*code as usize] > 0).collect();
        if present.len() > max_bins {
            present.sort_by_key(|code| (std::cmp::Reverse(rows[*code as usize]), *code));
            present.truncate(max_bins);
            present.sort_unstable();
        }
        Self::Categories { codes: present }
    }
}

/// Where to cut rising values into at most `max_bins` bins of about equally many values; equal ones stay together.
fn cuts(sorted: &[f32], max_bins: usize) -> Vec<f32> {
    let distinct = sorted.chunk_by(|a, b| a == b).filter_map(|same| Some((*same.first()?, same.len())));
    let distinct: Vec<(f32, usize)> = distinct.collect();
    let few = distinct.len() <= max_bins;
    let mut cuts = Vec::with_capacity(max_bins.min(distinct.len()));
    let (mut in_bin, mut rest) = (0, sorted.len());
    for (place, (value, rows)) in distinct.iter().enumerate() {
        // The bin ends before this value if that brings it closer to its share of the rows that are left.
        let share = rest / (max_bins - cuts.len());
        let full = 2 * in_bin + rows > 2 * share;
        if let Some((before, _)) = place.checked_sub(1).and_then(|before| distinct.get(before))
            && (few || (full && in_bin > 0 && cuts.len() + 1 < max_bins))
        {
            cuts.push(between(*before, *value));
            rest -= in_bin;
            in_bin = 0;
        }
        in_bin += rows;
    }
    cuts
}

/// A threshold between two numbers: above `low` and at most `high`, in the middle where there is room; finite if possible.
fn between(low: f32, high: f32) -> f32 {
    #[allow(clippy::cast_possible_truncation, reason = "thresholds are of single precision, as the values are")]
    let middle = (f64::midpoint(f64::from(low), f64::from(high)) as f32).clamp(f32::MIN, f32::MAX);
    if middle > low && middle <= high { middle } else { high }
}

/// A matrix whose values have been put into bins: two bytes a value.
///
/// Numbers fall into one bin for each distinct value where there are at most `max_bins` of them, else into quantiles. Each
/// category has its own bin; beyond `max_bins` the rarest share one with the missing values.
#[derive(Debug, Clone)]
pub struct Binned {
    rows: usize,
    features: Vec<Feature>,
    columns: Vec<Bins>,
    /// The bins twice: those of a column side by side, for parting rows by one column, and those of a row, for counting all columns.
    by_column: Vec<u8>,
    by_row: Vec<u8>,
}

impl Binned {
    /// Puts the values of `matrix` into at most `max_bins` bins a column, between 2 and 255, missing ones apart.
    #[must_use]
    pub fn new(matrix: &Matrix, max_bins: u32) -> Self {
        let max_bins = max_bins.clamp(2, MOST_BINS) as usize;
        let (rows, width) = (matrix.rows(), matrix.columns().len());
        let sample = sample_of(rows);
        let bins_of = |values: &Values| match values {
            Values::Numbers(values) => Bins::of_numbers(values, sample.as_deref(), max_bins),
            Values::Categories { codes, count } => Bins::of_categories(codes, *count, max_bins),
        };
        let columns: Vec<Bins> = if rows <= BLOCK {
            matrix.columns().iter().map(bins_of).collect()
        } else {
            matrix.columns().par_iter().map(bins_of).collect()
        };
        let fill = |(column, bins): (usize, &mut [u8])| match (&matrix.columns()[column], &columns[column]) {
            (Values::Numbers(values), Bins::Numbers { cuts, .. }) => {
                bins.iter_mut().zip(values).for_each(|(bin, value)| *bin = bin_of_number(*value, cuts));
            }
            (Values::Categories { codes, .. }, Bins::Categories { codes: known }) => {
                bins.iter_mut().zip(codes).for_each(|(bin, code)| *bin = bin_of_category(*code, known));
            }
            _ => {}
        };
        let (mut by_column, mut by_row) = (vec![0; rows * width], vec![0; rows * width]);
        if rows <= BLOCK {
            by_column.chunks_mut(rows.max(1)).enumerate().for_each(fill);
            beside(&by_column, rows, 0, width, &mut by_row);
        } else {
            by_column.par_chunks_mut(rows).enumerate().for_each(fill);
            by_row.par_chunks_mut(BLOCK * width.max(1)).enumerate().for_each(|(block, by_row)| {
                beside(&by_column, rows, block * BLOCK, width, by_row);
            });
        }
        Self { rows, features: matrix.features(), columns, by_column, by_row }
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// What each column is.
    #[must_use]
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// What the bins of each column stand for.
    pub(crate) fn columns(&self) -> &[Bins] {
        &self.columns
    }

    /// The bins of a column.
    pub(crate) fn column(&self, column: usize) -> &[u8] {
        &self.by_column[column * self.rows..][..self.rows]
    }

    /// The bins of a row.
    pub(crate) fn row(&self, row: u32) -> &[u8] {
        let width = self.columns.len();
        &self.by_row[row as usize * width..][..width]
    }
}

/// Writes the bins of the rows from `start` on side by side by row.
fn beside(by_column: &[u8], rows: usize, start: usize, width: usize, by_row: &mut [u8]) {
    for column in 0..width {
        let bins = &by_column[column * rows + start..];
        by_row.iter_mut().skip(column).step_by(width).zip(bins).for_each(|(to, bin)| *to = *bin);
    }
}

#[allow(clippy::cast_possible_truncation, reason = "there are at most 255 bins and the missing one")]
fn bin_of_number(value: f32, cuts: &[f32]) -> u8 {
    if value.is_nan() { (cuts.len() + 1) as u8 } else { cuts.partition_point(|cut| *cut <= value) as u8 }
}

#[allow(clippy::cast_possible_truncation, reason = "there are at most 255 bins and the missing one")]
fn bin_of_category(code: u32, known: &[u32]) -> u8 {
    known.binary_search(&code).unwrap_or(known.len()) as u8
}

/// The rows that quantiles are taken from: `None` for all, else each with the same chance, drawn alike every time.
fn sample_of(rows: usize) -> Option<Vec<u32>> {
    (rows > SAMPLE).then(|| sample(rows, SAMPLE, Seed(0).split("bins")))
}

/// `size` of `0..rows`, rising (selection sampling, Knuth's algorithm S).
pub(crate) fn sample(rows: usize, size: usize, seed: Seed) -> Vec<u32> {
    sample_and_rest(rows, size, seed).0
}

/// `size` of `0..rows`, and the others; both rising.
pub(crate) fn sample_and_rest(rows: usize, size: usize, seed: Seed) -> (Vec<u32>, Vec<u32>) {
    let mut random = ChaCha8Rng::seed_from_u64(seed.0);
    // Every row is written to both, and stays where the place moves on: nothing for the processor to guess. The last place is spare.
    let (mut picked, mut rest) = (vec![0; size + 1], vec![0; rows.saturating_sub(size) + 1]);
    let (mut of_picked, mut of_rest) = (0, 0);
    for row in 0..u32::try_from(rows).unwrap_or(u32::MAX) {
        let is_picked = random.random::<f64>() * ((rows - row as usize) as f64) < (size - of_picked) as f64;
        picked[of_picked] = row;
        rest[of_rest] = row;
        of_picked += usize::from(is_picked);
        of_rest += usize::from(!is_picked);
    }
    picked.truncate(of_picked);
    rest.truncate(of_rest);
    (picked, rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::NO_CATEGORY;
    use proptest::prelude::*;

    fn numbers(values: &[f32], max_bins: u32) -> Binned {
        Binned::new(&Matrix::new(values.len(), vec![Values::Numbers(values.to_vec())]).unwrap(), max_bins)
    }

    #[test]
    fn few_values_have_a_bin_each_and_missing_ones_the_last() {
        let binned = numbers(&[3.0, f32::NAN, -1.0, 0.0, 3.0, -0.0], 255);
        assert_eq!(binned.column(0), [2, 3, 0, 1, 2, 1]);
        assert_eq!(binned.columns(), [Bins::Numbers { cuts: vec![-0.5, 1.5], bounded: true }]);
    }

    #[test]
    fn many_values_share_bins_of_equal_size() {
        let values: Vec<f32> = (0..1_000_u16).map(f32::from).collect();
        let binned = numbers(&values, 10);
        for bin in 0..10 {
            let rows = binned.column(0).iter().filter(|found| **found == bin).count();
            assert!((98..=102).contains(&rows), "bin {bin} holds {rows} of 1,000 rows");
        }
    }

    #[test]
    fn a_frequent_value_does_not_starve_the_others() {
        let values: Vec<f32> = (0..1_000_u16).map(|row| if row < 900 { 0.0 } else { f32::from(row) }).collect();
        let bins = numbers(&values, 11).columns()[0].count();
        assert!(bins >= 10, "{bins} bins");
    }

    #[test]
    fn the_rarest_categories_share_the_bin_of_missing_ones() {
        let codes = vec![5, 5, 5, 2, 2, 0, NO_CATEGORY, 7];
        let column = Values::Categories { codes, count: 6 };
        let binned = Binned::new(&Matrix::new(8, vec![column]).unwrap(), 2);
        assert_eq!(binned.columns(), [Bins::Categories { codes: vec![2, 5] }]);
        assert_eq!(binned.column(0), [1, 1, 1, 0, 0, 2, 2, 2]);
    }

    #[test]
    fn samples_have_their_size_and_no_row_twice() {
        for size in [0, 1, 50, 100] {
            let rows = sample(100, size, Seed(1));
            assert_eq!(rows.len(), size);
            assert!(rows.windows(2).all(|pair| pair[0] < pair[1]) && rows.iter().all(|row| *row < 100));
            let (picked, rest) = sample_and_rest(100, size, Seed(1));
            let mut all = [picked, rest].concat();
            all.sort_unstable();
            assert_eq!(all, (0..100).collect::<Vec<u32>>());
        }
    }

    proptest! {
        /// A threshold sends left exactly the rows in bins below it, whatever the numbers.
        #[test]
        fn thresholds_and_bins_agree(values in prop::collection::vec(any::<f32>(), 1..80), max_bins in 2_u32..20) {
            let binned = numbers(&values, max_bins);
            let Bins::Numbers { cuts, .. } = &binned.columns()[0] else { panic!("a column of numbers") };
            prop_assert!(cuts.len() < max_bins as usize);
            for (value, bin) in values.iter().zip(binned.column(0)) {
                for (below, cut) in cuts.iter().enumerate() {
                    prop_assert!(value.is_nan() || (value < cut) == (usize::from(*bin) <= below));
                }
            }
        }
    }
}
