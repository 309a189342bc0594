//! The linear system of one row: what factors explain its interactions best, given those of the other side.

use super::vector::{LANES, Lanes, add_rows, add_scaled, dot, lanes, lanes_mut, weighted_squares};

/// A row with at most this many interactions is solved through as many equations, whatever the solver is: it is exact and
/// takes no more time than a few steps of conjugate gradient.
const FEW: usize = 8;

/// The systems `(D + VᵀWV) x = b` of many rows, one after the other, in memory that is allocated once.
///
/// `V` holds the factors of the row's interactions, `W` their weights. `D` is diagonal because the factors are held in the
/// basis in which the Gram matrix of their side is diagonal; that makes a row of n interactions cost no more than those.
pub(super) struct System<'a> {
    width: usize,
    /// The factors of the other side, row by row, in groups of lanes. `V` is some of these rows, and they are read where they are:
    /// a copy would cost as much as a step of conjugate gradient.
    fixed: &'a [Lanes],
    /// Where each row of `V` starts in `fixed`.
    starts: Vec<usize>,
    weights: Vec<f32>,
    /// Weight and ridge of which `D` is made; rows with as many interactions share it.
    of: Option<(f32, f32)>,
    /// `D`.
    diagonal: Vec<Lanes>,
    /// `D⁻¹`.
    inverse_diagonal: Vec<Lanes>,
    /// A symmetric matrix by rows, in its lower triangle, and then its Cholesky factor.
    matrix: Vec<f32>,
    /// As many numbers as the matrix has rows.
    unknowns: Vec<f32>,
    residual: Vec<Lanes>,
    direction: Vec<Lanes>,
    image: Vec<Lanes>,
}

impl<'a> System<'a> {
    /// Room for systems of `factors` unknowns, a multiple of [`LANES`], given the factors of the other side.
    pub(super) fn new(factors: usize, fixed: &'a [f32]) -> Self {
        let width = factors / LANES;
        let zeros = vec![[0.0; LANES]; width];
        Self {
            width,
            fixed: lanes(fixed),
            starts: Vec::new(),
            weights: Vec::new(),
            of: None,
            diagonal: zeros.clone(),
            inverse_diagonal: zeros.clone(),
            matrix: Vec::new(),
            unknowns: Vec::new(),
            residual: zeros.clone(),
            direction: zeros.clone(),
            image: zeros,
        }
    }

    /// Takes the next row: `D = α0 · eigenvalues + ridge`, and the interactions with rows of the other side and their weights.
    /// Interactions with a row that is not there are left out. The eigenvalues are the same for all rows.
    #[inline(always)]
    pub(super) fn load(
        &mut self,
        eigenvalues: &[f32],
        alpha0: f32,
        ridge: f32,
        interactions: impl Iterator<Item = (u32, f32)>,
    ) {
        if self.of != Some((alpha0, ridge)) {
            self.of = Some((alpha0, ridge));
            let places = self.diagonal.iter_mut().zip(&mut self.inverse_diagonal);
            for ((value, inverse), eigenvalues) in places.zip(lanes(eigenvalues)) {
                for lane in 0..LANES {
                    value[lane] = alpha0 * eigenvalues[lane] + ridge;
                    inverse[lane] = 1.0 / value[lane];
                }
            }
        }
        self.starts.clear();
        self.weights.clear();
        for (index, weight) in interactions {
            let start = index as usize * self.width;
            if start + self.width <= self.fixed.len() {
                self.starts.push(start);
                self.weights.push(weight);
            }
        }
    }

    /// The rows of `V` with their weights.
    #[inline(always)]
    fn rows(&self) -> impl Iterator<Item = (&'a [Lanes], f32)> {
        let (fixed, width) = (self.fixed, self.width);
        self.starts.iter().zip(&self.weights).map(move |(start, weight)| (&fixed[*start..*start + width], *weight))
    }

    /// Whether so few interactions are better solved exactly.
    #[inline(always)]
    pub(super) fn is_small(&self) -> bool {
        self.weights.len() <= FEW
    }

    /// The exact solution for targets of 1: `b = VᵀW1`.
    ///
    /// With fewer interactions than factors it is `x = D⁻¹Vᵀ y` where `(W⁻¹ + V D⁻¹ Vᵀ) y = 1`, by Woodbury's identity;
    /// otherwise by the Cholesky factor of the whole matrix.
    #[inline(always)]
    pub(super) fn solve(&mut self, solution: &mut [f32]) {
        let interactions = self.weights.len();
        if interactions == 1 {
            self.solve_one(lanes_mut(solution));
            return;
        }
        solution.fill(0.0);
        if interactions <= self.width * LANES {
            self.factorise_dual();
            self.unknowns.clear();
            self.unknowns.resize(interactions, 1.0);
            substitute(&self.matrix, &mut self.unknowns);
            let solution = lanes_mut(solution);
            for ((row, _), unknown) in self.rows().zip(&self.unknowns) {
                add_scaled(solution, *unknown, row);
            }
            scale(solution, &self.inverse_diagonal);
        } else {
            for (row, weight) in self.rows() {
                add_scaled(lanes_mut(solution), weight, row);
            }
            self.factorise();
            substitute(&self.matrix, solution);
        }
    }

    /// The solution of one interaction, `x = D⁻¹v / (1/w + v·D⁻¹v)`: most rows of a catalogue's tail are such.
    #[inline(always)]
    fn solve_one(&self, solution: &mut [Lanes]) {
        for (row, weight) in self.rows() {
            for ((solution, value), inverse) in solution.iter_mut().zip(row).zip(&self.inverse_diagonal) {
                for lane in 0..LANES {
                    solution[lane] = value[lane] * inverse[lane];
                }
            }
            let factor = 1.0 / (1.0 / weight + dot(solution, row));
            solution.iter_mut().flatten().for_each(|value| *value *= factor);
        }
    }

    /// Replaces `vector` by `(D + VᵀWV)⁻¹ vector`.
    #[inline(always)]
    pub(super) fn apply_inverse(&mut self, vector: &mut [f32]) {
        if self.weights.len() > self.width * LANES {
            self.factorise();
            substitute(&self.matrix, vector);
            return;
        }
        // Woodbury: D⁻¹b − D⁻¹Vᵀ (W⁻¹ + V D⁻¹ Vᵀ)⁻¹ V D⁻¹ b.
        self.factorise_dual();
        let vector = lanes_mut(vector);
        self.direction.copy_from_slice(vector);
        scale(&mut self.direction, &self.inverse_diagonal);
        self.unknowns.clear();
        let direction = &self.direction;
        self.unknowns.extend(self.starts.iter().map(|start| dot(&self.fixed[*start..*start + self.width], direction)));
        substitute(&self.matrix, &mut self.unknowns);
        for ((row, _), unknown) in self.rows().zip(&self.unknowns) {
            add_scaled(vector, -unknown, row);
        }
        scale(vector, &self.inverse_diagonal);
    }

    /// Makes `steps` steps of conjugate gradient from what is in `solution` towards the solution for targets of 1, with `D`
    /// as the preconditioner. Every step lowers the objective.
    #[inline(always)]
    pub(super) fn improve(&mut self, solution: &mut [f32], steps: usize) {
        let solution = lanes_mut(solution);
        for ((residual, x), d) in self.residual.iter_mut().zip(&*solution).zip(&self.diagonal) {
            for lane in 0..LANES {
                residual[lane] = -d[lane] * x[lane];
            }
        }
        add_rows(self.fixed, &self.starts, &self.weights, solution, &mut self.residual, |weight, dot| {
            weight * (1.0 - dot)
        });
        self.direction.copy_from_slice(&self.residual);
        scale(&mut self.direction, &self.inverse_diagonal);
        let mut size = dot(&self.residual, &self.direction);
        for step in 0..steps {
            let is_last = step + 1 == steps;
            for ((image, p), d) in self.image.iter_mut().zip(&self.direction).zip(&self.diagonal) {
                for lane in 0..LANES {
                    image[lane] = d[lane] * p[lane];
                }
            }
            let curvature = if is_last {
                // Only the length of the last step is needed, not what it leaves: p·Dp + Σ w (v·p)².
                dot(&self.direction, &self.image)
                    + weighted_squares(self.fixed, &self.starts, &self.weights, &self.direction)
            } else {
                add_rows(self.fixed, &self.starts, &self.weights, &self.direction, &mut self.image, |weight, dot| {
                    weight * dot
                });
                dot(&self.direction, &self.image)
            };
            // A residual of 0, or one lost in rounding: the solution is reached.
            if !(size > 0.0 && curvature > 0.0) {
                break;
            }
            let length = size / curvature;
            add_scaled(solution, length, &self.direction);
            if is_last {
                break;
            }
            add_scaled(&mut self.residual, -length, &self.image);
            let mut next = [0.0; LANES];
            for (residual, inverse) in self.residual.iter().zip(&self.inverse_diagonal) {
                for lane in 0..LANES {
                    next[lane] += residual[lane] * residual[lane] * inverse[lane];
                }
            }
            let next: f32 = next.iter().sum();
            let ratio = next / size;
            let places = self.direction.iter_mut().zip(&self.residual).zip(&self.inverse_diagonal);
            for ((direction, residual), inverse) in places {
                for lane in 0..LANES {
                    direction[lane] = residual[lane] * inverse[lane] + ratio * direction[lane];
                }
            }
            size = next;
        }
    }

    /// What each interaction adds to the product of the solution with the vector that [`System::apply_inverse`] made `applied`.
    pub(super) fn contributions(&self, applied: &[f32]) -> impl Iterator<Item = f32> {
        let applied = lanes(applied);
        self.rows().map(move |(row, weight)| weight * dot(row, applied))
    }

    /// The Cholesky factor of `W⁻¹ + V D⁻¹ Vᵀ`.
    #[inline(always)]
    fn factorise_dual(&mut self) {
        let size = self.weights.len();
        self.matrix.clear();
        self.matrix.resize(size * size, 0.0);
        let mut values = self.matrix.chunks_exact_mut(size.max(1));
        let (fixed, width) = (self.fixed, self.width);
        let row = |start: &usize| &fixed[*start..*start + width];
        for (index, (start, weight)) in self.starts.iter().zip(&self.weights).enumerate() {
            for ((scaled, value), inverse) in self.image.iter_mut().zip(row(start)).zip(&self.inverse_diagonal) {
                for lane in 0..LANES {
                    scaled[lane] = value[lane] * inverse[lane];
                }
            }
            let Some(values) = values.next() else { break };
            for (value, other) in values[..=index].iter_mut().zip(&self.starts) {
                *value = dot(&self.image, row(other));
            }
            values[index] += 1.0 / weight;
        }
        factorise(&mut self.matrix, size);
    }

    /// The Cholesky factor of `D + VᵀWV`.
    #[inline(always)]
    fn factorise(&mut self) {
        let size = self.width * LANES;
        self.matrix.clear();
        self.matrix.resize(size * size, 0.0);
        for (index, value) in self.diagonal.as_flattened().iter().enumerate() {
            self.matrix[index * size + index] = *value;
        }
        let (fixed, width) = (self.fixed, self.width);
        for (start, weight) in self.starts.iter().zip(&self.weights) {
            let row = &fixed[*start..*start + width];
            // Whole groups of lanes up to the diagonal; what is right of it is not read.
            for (index, (value, target)) in
                row.as_flattened().iter().zip(self.matrix.chunks_exact_mut(size)).enumerate()
            {
                add_scaled(&mut lanes_mut(target)[..=index / LANES], weight * value, row);
            }
        }
        factorise(&mut self.matrix, size);
    }
}

/// `target ∘= factors`.
#[inline(always)]
fn scale(target: &mut [Lanes], factors: &[Lanes]) {
    for (target, factor) in target.iter_mut().zip(factors) {
        for lane in 0..LANES {
            target[lane] *= factor[lane];
        }
    }
}

/// `Σ a_k b_k` over rows of any length.
#[inline(always)]
fn dot_of_any(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks(), b.as_chunks());
    a_rest.iter().zip(b_rest).fold(dot(a, b), |sum, (a, b)| sum + a * b)
}

/// Writes the Cholesky factor of a positive definite matrix of `size` rows over its lower triangle, row by row.
#[inline(always)]
fn factorise(matrix: &mut [f32], size: usize) {
    for row in 0..size {
        let (above, rest) = matrix.split_at_mut(row * size);
        let own = &mut rest[..size];
        for (column, other) in above.chunks_exact(size).enumerate() {
            own[column] = (own[column] - dot_of_any(&own[..column], &other[..column])) / other[column];
        }
        // Rounding can take a pivot to 0 where an interaction counts for next to nothing beside the others.
        let least = own[row] * f32::EPSILON;
        own[row] = (own[row] - dot_of_any(&own[..row], &own[..row])).max(least).sqrt();
    }
}

/// Replaces `vector` by the solution of `L Lᵀ x = vector` for the factor `L` by rows.
#[inline(always)]
fn substitute(factor: &[f32], vector: &mut [f32]) {
    let size = vector.len();
    for (row, values) in factor.chunks_exact(size.max(1)).enumerate() {
        vector[row] = (vector[row] - dot_of_any(&values[..row], &vector[..row])) / values[row];
    }
    for (row, values) in factor.chunks_exact(size.max(1)).enumerate().rev() {
        let own = vector[row] / values[row];
        vector[row] = own;
        for (other, value) in vector[..row].iter_mut().zip(values) {
            *other -= own * value;
        }
    }
}
