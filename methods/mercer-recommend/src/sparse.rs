//! Sparse matrices, row by row: customers × products, products × products, products × words.

use mercer_base::{Error, Result};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// A sparse matrix by rows; the columns of a row are rising, each once.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sparse {
    columns: usize,
    #[serde(with = "mercer_method::packed")]
    starts: Vec<usize>,
    #[serde(with = "mercer_method::packed")]
    indices: Vec<u32>,
    #[serde(with = "mercer_method::packed")]
    values: Vec<f32>,
}

impl Sparse {
    /// A matrix of `columns` columns from its rows, each as (column, value) with rising columns.
    pub(crate) fn from_rows<R: IntoIterator<Item = (u32, f32)>>(
        columns: usize,
        rows: impl IntoIterator<Item = R>,
    ) -> Self {
        let mut matrix = Self { columns, starts: vec![0], ..Self::default() };
        for row in rows {
            for (column, value) in row {
                matrix.indices.push(column);
                matrix.values.push(value);
            }
            matrix.starts.push(matrix.indices.len());
        }
        matrix
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// How many columns there are.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// How many values there are.
    pub(crate) fn entries(&self) -> usize {
        self.indices.len()
    }

    /// The columns and values of a row.
    pub(crate) fn row(&self, row: usize) -> (&[u32], &[f32]) {
        let of = self.starts[row]..self.starts[row + 1];
        (&self.indices[of.clone()], &self.values[of])
    }

    /// The columns of a row with their values.
    pub(crate) fn pairs(&self, row: usize) -> impl Iterator<Item = (u32, f32)> {
        let (columns, values) = self.row(row);
        columns.iter().copied().zip(values.iter().copied())
    }

    /// The same matrix with rows for columns.
    pub(crate) fn transposed(&self) -> Self {
        let mut starts = vec![0_usize; self.columns + 1];
        for column in &self.indices {
            starts[*column as usize + 1] += 1;
        }
        for column in 0..self.columns {
            starts[column + 1] += starts[column];
        }
        let mut next = starts.clone();
        let (mut indices, mut values) = (vec![0; self.entries()], vec![0.0; self.entries()]);
        for row in 0..self.rows() {
            for (column, value) in self.pairs(row) {
                let place = &mut next[column as usize];
                indices[*place] = u32::try_from(row).unwrap_or(u32::MAX);
                values[*place] = value;
                *place += 1;
            }
        }
        Self { columns: self.rows(), starts, indices, values }
    }

    /// The columns `kept` (rising) alone, numbered anew from 0.
    pub(crate) fn with_columns(&self, kept: &[u32]) -> Self {
        let mut numbers: Vec<Option<u32>> = vec![None; self.columns];
        for (number, column) in (0_u32..).zip(kept) {
            if let Some(place) = numbers.get_mut(*column as usize) {
                *place = Some(number);
            }
        }
        let row = |row| self.pairs(row).filter_map(|(column, value)| Some((numbers[column as usize]?, value)));
        Self::from_rows(kept.len(), (0..self.rows()).map(row))
    }

    /// The same places with values made of (row, column, value).
    pub(crate) fn mapped(mut self, value: impl Fn(usize, u32, f32) -> f32 + Sync) -> Self {
        let rows: Vec<usize> = (0..self.rows())
            .flat_map(|row| std::iter::repeat_n(row, self.starts[row + 1] - self.starts[row]))
            .collect();
        self.values
            .par_iter_mut()
            .zip(&self.indices)
            .zip(rows)
            .for_each(|((entry, column), row)| *entry = value(row, *column, *entry));
        self
    }

    /// As [`Sparse::from_rows`], with room for `entries` values from the start: a large matrix never holds its values twice.
    pub(crate) fn from_rows_reserving<R: IntoIterator<Item = (u32, f32)>>(
        columns: usize,
        entries: usize,
        rows: impl IntoIterator<Item = R>,
    ) -> Self {
        let mut matrix = Self { columns, starts: vec![0], ..Self::default() };
        matrix.indices.reserve_exact(entries);
        matrix.values.reserve_exact(entries);
        for row in rows {
            for (column, value) in row {
                matrix.indices.push(column);
                matrix.values.push(value);
            }
            matrix.starts.push(matrix.indices.len());
        }
        matrix
    }

    /// Refuses to learn from a customers × products matrix that is empty or whose values are not all numbers above 0.
    ///
    /// # Errors
    ///
    /// Where there is no value, or one is 0 or less or not finite.
    pub(crate) fn check_weights(&self) -> Result<()> {
        if self.entries() == 0 {
            return Err(Error::data("no purchases to learn from").with_hint("give orders with products and customers"));
        }
        for row in 0..self.rows() {
            if let Some((product, value)) = self.pairs(row).find(|(_, value)| !(*value > 0.0 && value.is_finite())) {
                return Err(Error::data(format!("customer {row} has the value {value} for product {product}"))
                    .with_hint("values must be finite and above 0"));
            }
        }
        Ok(())
    }
}

/// The nearest number in single precision, in which the values of matrices and models are kept.
#[allow(clippy::cast_possible_truncation, reason = "models keep single precision")]
pub(crate) fn single(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turning_twice_gives_the_same() {
        let matrix = Sparse::from_rows(4, [vec![(0, 1.0), (3, 2.0)], vec![], vec![(1, 3.0), (3, 4.0)]]);
        let turned = matrix.transposed();
        assert_eq!((turned.rows(), turned.columns()), (4, 3));
        assert_eq!(turned.row(3), (&[0, 2][..], &[2.0, 4.0][..]));
        assert_eq!(turned.transposed(), matrix);
        let some = matrix.with_columns(&[1, 3]);
        assert_eq!(
            (some.columns(), some.row(0), some.row(2)),
            (2, (&[1][..], &[2.0][..]), (&[0, 1][..], &[3.0, 4.0][..]))
        );
        let doubled = matrix.mapped(|_, _, value| 2.0 * value);
        assert_eq!(doubled.row(2).1, [6.0, 8.0]);
    }
}
