//! Removal effects by the inverse of `I − Q`: for chains of few states, or with most transitions between them.

use faer::linalg::solvers::{DenseSolveCore, Solve};
use faer::{Col, Mat};
use mercer_stats::clear_registers;

use super::chain::{Chain, Lost, holders};
use super::sparse;
use super::steps::Steps;

/// States above which the matrix takes too much memory (72 MB at this number).
const MOST_STATES: usize = 3_000;
/// Multiplications a nanosecond in faer's products, about.
const PER_NANOSECOND: f64 = 5.0;

/// Whether the dense way takes less time than the iterative one.
pub(crate) fn is_cheaper(chain: &Chain, steps: &Steps, channels: usize) -> bool {
    let states = chain.states as f64;
    // Each state is in the blocks of the channels it holds, each of which takes a factorisation.
    let block = if steps.order == 1 { 1.0 } else { states * steps.order as f64 / channels.max(1) as f64 };
    let work = 2.0 * states.powi(3) + channels as f64 * block.powi(3);
    chain.states <= MOST_STATES && work / PER_NANOSECOND <= sparse::nanoseconds(chain, channels)
}

/// What walks through each channel bring. `None` where the matrix cannot be inverted: some walk never ends.
///
/// With `F = (I − Q)⁻¹` the first state of a set `A` that walks visit is distributed as `F(start, A) · F(A, A)⁻¹`.
pub(crate) fn lost(chain: &Chain, steps: &Steps, channels: usize) -> Option<Lost> {
    let mut matrix = Mat::<f64>::identity(chain.states, chain.states);
    for ((from, to), probability) in chain.from.iter().zip(&chain.to).zip(&chain.probability) {
        matrix[(*from as usize, *to as usize)] -= probability;
    }
    let visits = matrix.partial_piv_lu().inverse();
    clear_registers();
    let from_each = |rewards: &[f64]| -> Vec<f64> {
        let expected = |state: usize| (0..chain.states).map(|to| visits[(state, to)] * rewards[to]).sum();
        (0..chain.states).map(expected).collect()
    };
    let (converts, earns) = (from_each(&chain.converts), from_each(&chain.earns));
    let mut lost = Lost { all: (converts[0], earns[0]), conversions: Vec::new(), value: Vec::new() };
    for states in holders(steps, channels) {
        let first = first_visits(&visits, &states);
        let sum = |rewards: &[f64]| states.iter().zip(&first).map(|(state, first)| first * rewards[*state]).sum();
        lost.conversions.push(sum(&converts));
        lost.value.push(sum(&earns));
    }
    clear_registers();
    let finite = lost.conversions.iter().chain(&lost.value).all(|lost| lost.is_finite());
    finite.then_some(lost)
}

fn first_visits(visits: &Mat<f64>, states: &[usize]) -> Vec<f64> {
    if let [state] = states {
        return vec![visits[(0, *state)] / visits[(*state, *state)]];
    }
    let transposed = Mat::from_fn(states.len(), states.len(), |row, column| visits[(states[column], states[row])]);
    let from_start = Col::from_fn(states.len(), |row| visits[(0, states[row])]);
    let first = transposed.partial_piv_lu().solve(&from_start);
    (0..states.len()).map(|row| first[row]).collect()
}
