//! The inverse of a large symmetric matrix in 32-bit floats, block by block on all threads.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{cholesky_in_place, cholesky_in_place_scratch};
use faer::linalg::matmul::matmul;
use faer::linalg::triangular_solve::solve_lower_triangular_in_place;
use faer::reborrow::{IntoConst, Reborrow, ReborrowMut};
use faer::{Accum, MatMut, MatRef, Par};
use mercer_stats::clear_registers;
use rayon::prelude::*;

/// Columns a block: enough for matrix products at full speed, few enough to keep all threads busy. Part of the result:
/// another size rounds differently.
const BLOCK: usize = 192;

/// The inverse of the symmetric positive definite matrix of `size` rows whose lower triangle is in `matrix`, column by column;
/// the result holds both triangles. `None` where it is not positive definite in 32-bit floats.
///
/// With `A = L Lᵀ`, `A⁻¹ = L⁻ᵀ L⁻¹`. Holds one more matrix of the same size. Every block is computed by one thread in a fixed
/// order, so that the result is the same at any thread count.
pub(super) fn of_positive_definite(mut matrix: Vec<f32>, size: usize) -> Option<Vec<f32>> {
    factorise(MatMut::from_column_major_slice_mut(&mut matrix, size, size))?;
    let mut inverse_factor = vec![0.0; size * size];
    invert_factor(MatRef::from_column_major_slice(&matrix, size, size), &mut inverse_factor);
    multiply_transposed(MatRef::from_column_major_slice(&inverse_factor, size, size), &mut matrix);
    drop(inverse_factor);
    mirror(&mut matrix, size);
    matrix.iter().step_by(size + 1).all(|pivot| pivot.is_finite() && *pivot > 0.0).then_some(matrix)
}

/// Writes the Cholesky factor over the lower triangle: block columns from the left, each from those before it.
fn factorise(mut matrix: MatMut<'_, f32>) -> Option<()> {
    let size = matrix.nrows();
    let stack_size = cholesky_in_place_scratch::<f32>(BLOCK.min(size), Par::Seq, Default::default());
    let mut buffer = MemBuffer::new(stack_size);
    for start in (0..size).step_by(BLOCK) {
        let width = BLOCK.min(size - start);
        let (done, rest) = matrix.rb_mut().split_at_col_mut(start);
        let done = done.into_const().submatrix(start, 0, size - start, start);
        let own = done.subrows(0, width);
        let panel = rest.subcols_mut(0, width).subrows_mut(start, size - start);
        let mut blocks = row_blocks(panel);
        blocks.par_iter_mut().enumerate().for_each(|(index, block)| {
            let before = done.subrows(index * BLOCK, block.nrows());
            matmul(block.rb_mut(), Accum::Add, before, own.transpose(), -1.0, Par::Seq);
            clear_registers();
        });
        let (diagonal, below) = blocks.split_first_mut()?;
        let stack = MemStack::new(&mut buffer);
        cholesky_in_place(diagonal.rb_mut(), Default::default(), Par::Seq, stack, Default::default()).ok()?;
        clear_registers();
        let diagonal = Reborrow::rb(diagonal);
        below.par_iter_mut().for_each(|block| {
            solve_lower_triangular_in_place(diagonal, block.rb_mut().transpose_mut(), Par::Seq);
            clear_registers();
        });
    }
    Some(())
}

/// Writes the inverse of a lower triangular factor to `inverse`, by columns: each block column solves `L X = I` from its
/// diagonal down.
fn invert_factor(factor: MatRef<'_, f32>, inverse: &mut [f32]) {
    let size = factor.nrows();
    inverse.par_chunks_mut(BLOCK * size.max(1)).enumerate().for_each(|(index, columns)| {
        let (start, width) = (index * BLOCK, columns.len() / size);
        let below = size - start;
        let mut columns = MatMut::from_column_major_slice_mut(columns, size, width).subrows_mut(start, below);
        for at in 0..width {
            columns[(at, at)] = 1.0;
        }
        solve_lower_triangular_in_place(factor.submatrix(start, start, below, below), columns, Par::Seq);
        clear_registers();
    });
}

/// Writes the lower triangle of `FᵀF` to `product`, by columns, for a lower triangular `F`.
fn multiply_transposed(factor: MatRef<'_, f32>, product: &mut [f32]) {
    let size = factor.nrows();
    product.par_chunks_mut(BLOCK * size.max(1)).enumerate().for_each(|(index, columns)| {
        let (start, width) = (index * BLOCK, columns.len() / size);
        let columns = MatMut::from_column_major_slice_mut(columns, size, width).subrows_mut(start, size - start);
        for (index, block) in row_blocks(columns).into_iter().enumerate() {
            let (first, rows) = (start + index * BLOCK, block.nrows());
            // Above `first` the left factor is 0.
            let left = factor.submatrix(first, first, size - first, rows).transpose();
            let right = factor.submatrix(first, start, size - first, width);
            matmul(block, Accum::Replace, left, right, 1.0, Par::Seq);
        }
        clear_registers();
    });
}

/// Cuts a matrix into blocks of rows.
fn row_blocks(matrix: MatMut<'_, f32>) -> Vec<MatMut<'_, f32>> {
    let (mut blocks, mut rest) = (Vec::with_capacity(matrix.nrows().div_ceil(BLOCK)), matrix);
    while rest.nrows() > BLOCK {
        let (block, others) = rest.split_at_row_mut(BLOCK);
        blocks.push(block);
        rest = others;
    }
    blocks.push(rest);
    blocks
}

/// Copies the lower triangle of a matrix by columns to its upper one, tile by tile so that both sides stay in the cache.
fn mirror(matrix: &mut [f32], size: usize) {
    const TILE: usize = 64;
    for first_column in (0..size).step_by(TILE) {
        for first_row in (first_column..size).step_by(TILE) {
            for column in first_column..(first_column + TILE).min(size) {
                for row in first_row.max(column + 1)..(first_row + TILE).min(size) {
                    matrix[row * size + column] = matrix[column * size + row];
                }
            }
        }
    }
}
