//! Loops over rows of factors, shaped so that the compiler turns them into vector instructions.

use faer::traits::ComplexField;

/// Numbers that are worked on side by side.
pub(super) const LANES: usize = 8;
/// Numbers side by side.
pub(super) type Lanes = [f32; LANES];

/// Runs `work` with the widest vector instructions of this processor. What `work` calls has to be inlined into it.
///
/// The loops below multiply and add in one rounding, which is one instruction on all processors since 2013 and gives the same
/// sums on each of them; older ones do it by software, slowly.
#[inline(always)]
pub(super) fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    <f32 as ComplexField>::Arch::default().dispatch(work)
}

/// A row of numbers, whose length is a multiple of [`LANES`], as groups of that many.
#[inline(always)]
pub(super) fn lanes(row: &[f32]) -> &[Lanes] {
    row.as_chunks().0
}

/// A row of numbers, whose length is a multiple of [`LANES`], as groups of that many, to be written to.
#[inline(always)]
pub(super) fn lanes_mut(row: &mut [f32]) -> &mut [Lanes] {
    row.as_chunks_mut().0
}

/// The sum of eight numbers, in pairs, for each of several eights.
#[inline(always)]
fn sums_across<const N: usize>(sums: [Lanes; N]) -> [f32; N] {
    // Left to itself the compiler mixes this step into the loop before it, which then shuffles more than it multiplies: a dot
    // product takes twice as long. The box keeps the two apart and changes no value.
    std::hint::black_box(sums).map(|[a, b, c, d, e, f, g, h]| ((a + e) + (c + g)) + ((b + f) + (d + h)))
}

/// `Σ a_k b_k`.
#[inline(always)]
pub(super) fn dot(a: &[Lanes], b: &[Lanes]) -> f32 {
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] = a[lane].mul_add(b[lane], sums[lane]);
        }
    }
    let [sum] = sums_across([sums]);
    sum
}

/// `target += factor · row`.
#[inline(always)]
pub(super) fn add_scaled(target: &mut [Lanes], factor: f32, row: &[Lanes]) {
    for (target, row) in target.iter_mut().zip(row) {
        for lane in 0..LANES {
            target[lane] = factor.mul_add(row[lane], target[lane]);
        }
    }
}

/// The products of four rows with a vector at once, which loads the vector once.
#[inline(always)]
pub(super) fn dots_of_four(rows: [&[Lanes]; 4], vector: &[Lanes]) -> [f32; 4] {
    let mut sums = [[0.0; LANES]; 4];
    let [a, b, c, d] = rows;
    for ((((a, b), c), d), v) in a.iter().zip(b).zip(c).zip(d).zip(vector) {
        for lane in 0..LANES {
            sums[0][lane] = a[lane].mul_add(v[lane], sums[0][lane]);
            sums[1][lane] = b[lane].mul_add(v[lane], sums[1][lane]);
            sums[2][lane] = c[lane].mul_add(v[lane], sums[2][lane]);
            sums[3][lane] = d[lane].mul_add(v[lane], sums[3][lane]);
        }
    }
    sums_across(sums)
}

/// `target += Σ factor_r · row_r` over four rows, which loads and stores the target once.
#[inline(always)]
pub(super) fn add_four_scaled(target: &mut [Lanes], factors: [f32; 4], rows: [&[Lanes]; 4]) {
    let [a, b, c, d] = rows;
    for ((((target, a), b), c), d) in target.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        for lane in 0..LANES {
            let sum = factors[1].mul_add(b[lane], factors[0].mul_add(a[lane], target[lane]));
            target[lane] = factors[3].mul_add(d[lane], factors[2].mul_add(c[lane], sum));
        }
    }
}

/// The four rows of `width` groups that follow each other in `rows`.
#[inline(always)]
pub(super) fn four(rows: &[Lanes], width: usize) -> [&[Lanes]; 4] {
    let (first, rest) = rows.split_at(width);
    let (second, rest) = rest.split_at(width);
    let (third, fourth) = rest.split_at(width);
    [first, second, third, fourth]
}

/// Replaces a row by its product with a matrix of rows of the same length; `before` is room for the row.
#[inline(always)]
pub(super) fn multiply(row: &mut [f32], matrix: &[f32], before: &mut [f32]) {
    before.copy_from_slice(row);
    row.fill(0.0);
    let row = lanes_mut(row);
    let width = row.len();
    // A row holds whole lanes, and so a multiple of four values.
    for (factors, vectors) in before.as_chunks().0.iter().zip(lanes(matrix).chunks_exact(4 * width)) {
        add_four_scaled(row, *factors, four(vectors, width));
    }
}

/// For each row: `target += factor(r, row · vector) · row`, over the rows of `vector`'s width at `starts` in `all`.
///
/// With `factor = w · (row · vector)` this is the product of `Vᵀ W V` with the vector, without the matrix.
#[inline(always)]
pub(super) fn add_rows(
    all: &[Lanes],
    starts: &[usize],
    weights: &[f32],
    vector: &[Lanes],
    target: &mut [Lanes],
    factor: impl Fn(f32, f32) -> f32,
) {
    let width = vector.len();
    let row = |start: usize| &all[start..start + width];
    let ((quads, rest), (four_weights, rest_weights)) = (starts.as_chunks::<4>(), weights.as_chunks::<4>());
    for (quad, weights) in quads.iter().zip(four_weights) {
        let quad = quad.map(row);
        let dots = dots_of_four(quad, vector);
        let factors = std::array::from_fn(|row| factor(weights[row], dots[row]));
        add_four_scaled(target, factors, quad);
    }
    for (start, weight) in rest.iter().zip(rest_weights) {
        add_scaled(target, factor(*weight, dot(row(*start), vector)), row(*start));
    }
}

/// `Σ w_r (row_r · vector)²` over the rows of `vector`'s width at `starts` in `all`.
#[inline(always)]
pub(super) fn weighted_squares(all: &[Lanes], starts: &[usize], weights: &[f32], vector: &[Lanes]) -> f32 {
    let width = vector.len();
    let row = |start: usize| &all[start..start + width];
    let ((quads, rest), (four_weights, rest_weights)) = (starts.as_chunks::<4>(), weights.as_chunks::<4>());
    let mut sums = [0.0; 4];
    for (quad, weights) in quads.iter().zip(four_weights) {
        let dots = dots_of_four(quad.map(row), vector);
        for lane in 0..4 {
            sums[lane] += weights[lane] * dots[lane] * dots[lane];
        }
    }
    let rest = rest.iter().zip(rest_weights).map(|(start, weight)| weight * dot(row(*start), vector).powi(2));
    sums.iter().sum::<f32>() + rest.sum::<f32>()
}
