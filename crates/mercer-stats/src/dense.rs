//! Small dense square matrices: what fits and intervals need of linear algebra, on faer.

use faer::{Mat, Side};
use serde::{Deserialize, Serialize};

use crate::registers::clear_registers;

/// A square matrix of a few dozen rows, by rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Square {
    size: usize,
    values: Vec<f64>,
}

/// Eigenvalues of a symmetric matrix in ascending order, and its eigenvectors.
#[derive(Debug, Clone, PartialEq)]
pub struct Eigen {
    /// The eigenvalues, ascending.
    pub values: Vec<f64>,
    /// The eigenvectors, of length one, in the order of their values.
    pub vectors: Vec<Vec<f64>>,
}

impl Square {
    /// The matrix whose entry in `row` and `column` is `entry(row, column)`.
    #[must_use]
    pub fn from_fn(size: usize, entry: impl Fn(usize, usize) -> f64) -> Self {
        let values = (0..size * size).map(|index| entry(index / size, index % size)).collect();
        Self { size, values }
    }

    /// The matrix with these values on its diagonal and zeros elsewhere.
    #[must_use]
    pub fn diagonal(values: &[f64]) -> Self {
        Self::from_fn(
            values.len(),
            |row, column| {
                if row == column { values.get(row).copied().unwrap_or(0.0) } else { 0.0 }
            },
        )
    }

    /// Number of rows and of columns.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// The entry in `row` and `column`; NaN outside the matrix.
    #[must_use]
    pub fn at(&self, row: usize, column: usize) -> f64 {
        self.row(row).get(column).copied().unwrap_or(f64::NAN)
    }

    /// One row; empty outside the matrix.
    #[must_use]
    pub fn row(&self, row: usize) -> &[f64] {
        self.values.get(row * self.size..(row + 1) * self.size).unwrap_or_default()
    }

    /// Adds `weight · u vᵀ`.
    pub fn add_outer(&mut self, weight: f64, u: &[f64], v: &[f64]) {
        for (row, left) in self.values.chunks_exact_mut(self.size.max(1)).zip(u) {
            for (value, right) in row.iter_mut().zip(v) {
                *value += weight * left * right;
            }
        }
    }

    /// The matrix with every entry multiplied by `factor`.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        Self { size: self.size, values: self.values.iter().map(|value| value * factor).collect() }
    }

    /// The matrix times a vector.
    #[must_use]
    pub fn times(&self, vector: &[f64]) -> Vec<f64> {
        (0..self.size).map(|row| dot(self.row(row), vector)).collect()
    }

    /// This matrix times another of its size.
    #[must_use]
    pub fn product(&self, other: &Self) -> Self {
        Self::from_fn(self.size, |row, column| (0..self.size).map(|k| self.at(row, k) * other.at(k, column)).sum())
    }

    /// This matrix times its own transpose.
    #[must_use]
    pub fn times_transpose(&self) -> Self {
        Self::from_fn(self.size, |row, column| dot(self.row(row), self.row(column)))
    }

    /// `vᵀ M v`.
    #[must_use]
    pub fn quadratic_form(&self, vector: &[f64]) -> f64 {
        dot(&self.times(vector), vector)
    }

    /// Whether all entries are finite.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        self.values.iter().all(|value| value.is_finite())
    }

    /// The lower triangular `L` with `L Lᵀ` = this symmetric matrix; `None` where that is not positive definite.
    #[must_use]
    pub fn cholesky(&self) -> Option<Self> {
        if !self.is_finite() {
            return None;
        }
        let factor = self.faer().llt(Side::Lower);
        clear_registers();
        let factor = factor.ok()?;
        let lower = factor.L();
        Some(Self::from_fn(self.size, |row, column| if column <= row { lower[(row, column)] } else { 0.0 }))
    }

    /// Replaces `vector` by the `x` of `L x = vector`, where this matrix is lower triangular; what stands above its diagonal is not read.
    pub fn solve_lower(&self, vector: &mut [f64]) {
        for (row, lower) in self.values.chunks_exact(self.size.max(1)).enumerate() {
            let (known, rest) = vector.split_at_mut(row);
            if let (Some(value), Some(diagonal)) = (rest.first_mut(), lower.get(row)) {
                *value = (*value - dot(lower, known)) / diagonal;
            }
        }
    }

    /// Replaces `vector` by the `x` of `Lᵀ x = vector`, where this matrix is lower triangular; what stands above its diagonal is not read.
    pub fn solve_lower_transposed(&self, vector: &mut [f64]) {
        for (row, lower) in self.values.chunks_exact(self.size.max(1)).enumerate().rev() {
            let (unknown, rest) = vector.split_at_mut(row);
            if let (Some(value), Some(diagonal)) = (rest.first_mut(), lower.get(row)) {
                *value /= diagonal;
                unknown.iter_mut().zip(lower).for_each(|(other, entry)| *other -= entry * *value);
            }
        }
    }

    /// The inverse of this symmetric matrix; `None` where it is not positive definite.
    #[must_use]
    pub fn inverse(&self) -> Option<Self> {
        use faer::linalg::solvers::DenseSolveCore;
        if !self.is_finite() {
            return None;
        }
        let inverse = self.faer().llt(Side::Lower).map(|factor| factor.inverse());
        clear_registers();
        let inverse = inverse.ok()?;
        Some(Self::from_fn(self.size, |row, column| inverse[(row, column)])).filter(Self::is_finite)
    }

    /// Eigenvalues and eigenvectors of this symmetric matrix; `None` where an entry is not finite.
    #[must_use]
    pub fn eigen(&self) -> Option<Eigen> {
        if !self.is_finite() {
            return None;
        }
        let decomposition = self.faer().self_adjoint_eigen(Side::Lower);
        clear_registers();
        let decomposition = decomposition.ok()?;
        let (values, vectors) = (decomposition.S(), decomposition.U());
        Some(Eigen {
            values: (0..self.size).map(|index| values[index]).collect(),
            vectors: (0..self.size).map(|index| (0..self.size).map(|row| vectors[(row, index)]).collect()).collect(),
        })
    }

    fn faer(&self) -> Mat<f64> {
        Mat::from_fn(self.size, self.size, |row, column| self.at(row, column))
    }
}

/// Sum of the products of two vectors' entries, as far as the shorter reaches.
#[must_use]
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(left, right)| left * right).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hilbert(size: u32) -> Square {
        Square::from_fn(size as usize, |row, column| 1.0 / (row + column + 1) as f64)
    }

    #[test]
    fn inverts_what_is_known() {
        // The inverse of the Hilbert matrix has whole entries.
        let inverse = hilbert(3).inverse().unwrap();
        for (row, expected) in [[9.0, -36.0, 30.0], [-36.0, 192.0, -180.0], [30.0, -180.0, 180.0]].iter().enumerate() {
            for (value, entry) in inverse.row(row).iter().zip(expected) {
                assert!((value - entry).abs() < 1e-10, "{inverse:?}");
            }
        }
    }

    #[test]
    fn says_no_to_what_is_not_positive_definite() {
        let saddle = Square::from_fn(2, |row, column| if row == column { 1.0 } else { 2.0 });
        assert_eq!(saddle.cholesky(), None);
        assert_eq!(saddle.inverse(), None);
        let eigen = saddle.eigen().unwrap();
        assert!((eigen.values[0] + 1.0).abs() < 1e-14 && (eigen.values[1] - 3.0).abs() < 1e-14);
        assert_eq!(Square::diagonal(&[f64::NAN]).eigen(), None);
        assert_eq!(Square::diagonal(&[1.0, f64::INFINITY]).cholesky(), None);
        assert!(hilbert(2).at(0, 2).is_nan() && hilbert(2).at(2, 0).is_nan());
    }

    proptest! {
        #[test]
        fn factors_multiply_back(entries in proptest::collection::vec(-3.0_f64..3.0, 25)) {
            let root = Square::from_fn(5, |row, column| entries[row * 5 + column]);
            let matrix = Square::from_fn(5, |row, column| dot(root.row(row), root.row(column)) + f64::from(u8::from(row == column)));
            let lower = matrix.cholesky().unwrap();
            let mut solved = entries[..5].to_vec();
            lower.solve_lower(&mut solved);
            lower.solve_lower_transposed(&mut solved);
            for (back, entry) in matrix.times(&solved).iter().zip(&entries) {
                // The matrix is at least the identity: errors of rounding stay small.
                prop_assert!((back - entry).abs() < 1e-9);
            }
            let eigen = matrix.eigen().unwrap();
            for row in 0..5 {
                for column in 0..5 {
                    prop_assert!((dot(lower.row(row), lower.row(column)) - matrix.at(row, column)).abs() < 1e-10);
                    let rebuilt: f64 = (0..5).map(|k| eigen.values[k] * eigen.vectors[k][row] * eigen.vectors[k][column]).sum();
                    prop_assert!((rebuilt - matrix.at(row, column)).abs() < 1e-10);
                }
            }
            let transpose = Square::from_fn(5, |row, column| lower.at(column, row));
            prop_assert_eq!(lower.product(&transpose), lower.times_transpose());
            let vector = [1.0, -2.0, 0.5, 3.0, -1.0];
            let back = matrix.inverse().unwrap().times(&matrix.times(&vector));
            prop_assert!(back.iter().zip(vector).all(|(x, y)| (x - y).abs() < 1e-8));
            let mut outer = matrix.clone();
            outer.add_outer(2.0, &vector, &vector);
            let grown = outer.quadratic_form(&vector) - matrix.quadratic_form(&vector);
            prop_assert!((grown - 2.0 * dot(&vector, &vector).powi(2)).abs() < 1e-9);
        }
    }
}
