//! One side of the factorisation, customers or products: its factors, their Gram matrix, and its half of an iteration.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par};
use mercer_base::{Error, Result};
use mercer_stats::clear_registers;
use mercer_stats::dense::Square;
use rayon::prelude::*;

use super::system::System;
use super::vector::{multiply, vectorised};
use crate::sparse::{Sparse, single};

/// Rows a task of an update: few, because rows differ much in length.
const ROWS_A_TASK: usize = 32;
/// Rows a matrix product: fits a processor's second cache at a few hundred factors.
const ROWS_A_PRODUCT: usize = 256;
/// Rows a partial Gram matrix, at the least. Part of the result: another size rounds differently.
const ROWS_A_PART: usize = 2_048;
/// Partial Gram matrices at the most, to bound their memory.
const MOST_PARTS: usize = 64;

/// A factor closer to 0 is 0. A strong ridge drives whole directions there, and processors are slow with the numbers beyond.
const NOTHING: f32 = 1e-18;

/// The basis in which a side's Gram matrix is diagonal.
pub(super) struct Basis {
    /// The Gram matrix's eigenvalues.
    pub(super) eigenvalues: Vec<f32>,
    /// The eigenvectors as columns, row by row: a row of factors times this matrix is the row in the new basis.
    pub(super) rotation: Vec<f32>,
}

/// What is the same for all rows of a half-iteration.
#[derive(Debug, Clone, Copy)]
pub(super) struct Objective {
    /// The weight of a pair without an interaction.
    pub(super) alpha0: f32,
    pub(super) lambda: f64,
    pub(super) nu: f64,
    /// Steps of conjugate gradient; 0 solves exactly.
    pub(super) steps: usize,
}

impl Objective {
    /// The ridge of a row with so many interactions, where the other side has `others` rows: `λ (n + α0 · others)^ν`.
    pub(super) fn ridge(&self, interactions: usize, others: usize) -> f32 {
        let pairs = interactions as f64 + f64::from(self.alpha0) * others as f64;
        // The power is the dearest operation of a short row; the usual one is free.
        let scale = if self.nu == 1.0 { pairs } else { pairs.powf(self.nu) };
        single(self.lambda * scale)
    }
}

/// The basis in which the Gram matrix `QᵀQ` of rows of `width` numbers is diagonal; `None` where it is not finite.
fn basis(rows: &[f32], width: usize, rank: usize) -> Option<Basis> {
    let count = rows.len() / width;
    let part_rows = ROWS_A_PART.max(count.div_ceil(MOST_PARTS));
    let part = |rows: &[f32]| {
        let matrix = MatRef::from_row_major_slice(rows, rows.len() / width, width);
        let mut sums = Mat::<f32>::zeros(width, width);
        // Both triangles: a matrix this small is done sooner whole than half.
        matmul(&mut sums, Accum::Replace, matrix.transpose(), matrix, 1.0, Par::Seq);
        clear_registers();
        sums
    };
    let parts: Vec<Mat<f32>> = rows.par_chunks(part_rows * width).map(part).collect();
    let entry =
        |row: usize, column: usize| parts.iter().map(|part| f64::from(part[(row.max(column), row.min(column))])).sum();
    let eigen = Square::from_fn(width, entry).eigen()?;
    let (mut eigenvalues, mut rotation) = (vec![0.0; width], vec![0.0; width * width]);
    // Eigenvalues come in rising order. Beyond the rank they are 0 but for rounding, which must not grow into more factors.
    for column in width.saturating_sub(rank)..width {
        eigenvalues[column] = single(eigen.values[column].max(0.0));
        for (row, value) in eigen.vectors[column].iter().enumerate() {
            rotation[row * width + column] = single(*value);
        }
    }
    Some(Basis { eigenvalues, rotation })
}

/// Turns the rows of a side, `width` numbers each, into the basis in which their Gram matrix is diagonal. The matrix has the
/// rank `rank` or less; the first `width − rank` numbers of each row become 0.
///
/// # Errors
///
/// Where the factors are no longer finite.
pub(super) fn rotate_to_own_basis(rows: &mut [f32], width: usize, rank: usize) -> Result<Basis> {
    let basis = basis(rows, width, rank).ok_or_else(|| {
        Error::data("the factors grew beyond all bounds").with_hint("raise lambda, or scale the values down")
    })?;
    let rotation = MatRef::from_row_major_slice(&basis.rotation, width, width);
    rows.par_chunks_mut(ROWS_A_PRODUCT * width).for_each_init(
        || vec![0.0; ROWS_A_PRODUCT * width],
        |before, rows| {
            let before = &mut before[..rows.len()];
            before.copy_from_slice(rows);
            let count = rows.len() / width;
            let before = MatRef::from_row_major_slice(before, count, width);
            let turned = MatMut::from_row_major_slice_mut(&mut *rows, count, width);
            matmul(turned, Accum::Replace, before, rotation, 1.0, Par::Seq);
            clear_registers();
            for value in rows {
                *value = if value.abs() < NOTHING { 0.0 } else { *value };
            }
        },
    );
    Ok(basis)
}

/// Gives every row of one side the factors that fit its interactions best, given those of the other side (`fixed`, in its
/// `basis`). The rows so far are in the old basis; they are where conjugate gradient starts.
pub(super) fn update(rows: &mut [f32], interactions: &Sparse, fixed: &[f32], basis: &Basis, objective: &Objective) {
    let width = basis.eigenvalues.len();
    let others = fixed.len() / width;
    rows.par_chunks_mut(ROWS_A_TASK * width).enumerate().for_each_init(
        || (System::new(width, fixed), vec![0.0; width]),
        |(system, start), (task, rows)| {
            vectorised(
                #[inline(always)]
                || {
                    for (index, row) in rows.chunks_exact_mut(width).enumerate() {
                        let index = task * ROWS_A_TASK + index;
                        let count = interactions.row(index).0.len();
                        let ridge = objective.ridge(count, others);
                        system.load(&basis.eigenvalues, objective.alpha0, ridge, interactions.pairs(index));
                        if objective.steps == 0 || system.is_small() {
                            system.solve(row);
                        } else {
                            multiply(row, &basis.rotation, start);
                            system.improve(row, objective.steps);
                        }
                    }
                },
            );
        },
    );
}
