//! Squared distances between rows and centres, eight rows at a time in the lanes of the processor's vectors.
//!
//! Nothing is summed across lanes and no operations are fused, so every processor gives the same bits.

use std::ops::Range;

use rayon::prelude::*;

use super::{Assignment, Centres, Points};

/// Rows at a time.
pub(super) const LANES: usize = 8;
/// One value for each of these rows.
pub(super) type Lanes = [f64; LANES];
/// Rows a task.
pub(super) const TASK: usize = 2_048;

/// Centres laid out for the loops: of each the numbers, then the modes as numbers.
#[derive(Debug, Clone)]
pub(super) struct Table {
    dims: usize,
    width: usize,
    values: Vec<f64>,
    weights: Vec<f64>,
}

impl Table {
    pub(super) fn new(points: &Points<'_>, centres: &Centres) -> Self {
        let mut table = Self {
            dims: points.dims,
            width: points.width(),
            values: Vec::with_capacity(centres.k * points.width()),
            weights: points.category_weights.to_vec(),
        };
        for centre in 0..centres.k {
            let (numbers, modes) = centres.at(centre);
            table.values.extend_from_slice(numbers);
            table.values.extend(modes.iter().copied().map(f64::from));
        }
        table
    }

    /// Rows of the points themselves as centres.
    pub(super) fn of_rows(points: &Points<'_>, rows: &[usize]) -> Self {
        let mut values = Vec::with_capacity(rows.len() * points.width());
        for row in rows {
            values.extend_from_slice(points.numbers_of(*row));
            values.extend(points.codes_of(*row).iter().copied().map(f64::from));
        }
        Self { dims: points.dims, width: points.width(), values, weights: points.category_weights.to_vec() }
    }

    /// Squared distances of the rows in `group` to each centre in turn.
    #[inline(always)]
    pub(super) fn each(&self, group: &[Lanes], mut found: impl FnMut(usize, Lanes)) {
        let (numbers, codes) = group.split_at(self.dims);
        for (index, centre) in self.values.chunks_exact(self.width).enumerate() {
            let (means, modes) = centre.split_at(self.dims);
            let mut sum = [0.0; LANES];
            for (mean, values) in means.iter().zip(numbers) {
                for lane in 0..LANES {
                    let difference = values[lane] - mean;
                    sum[lane] += difference * difference;
                }
            }
            for ((mode, values), weight) in modes.iter().zip(codes).zip(&self.weights) {
                let mut differs = [0.0; LANES];
                for lane in 0..LANES {
                    differs[lane] = f64::from(u8::from(values[lane] != *mode));
                }
                for lane in 0..LANES {
                    sum[lane] += weight * differs[lane];
                }
            }
            found(index, sum);
        }
    }

    /// The nearest and second nearest centre of the rows in `group`.
    #[inline(always)]
    pub(super) fn nearest(&self, group: &[Lanes]) -> Nearest {
        let mut label = [0_u64; LANES];
        let mut nearest = Nearest { label: [0; LANES], cost: [f64::INFINITY; LANES], second: [f64::INFINITY; LANES] };
        self.each(group, |index, costs| {
            for lane in 0..LANES {
                let cost = costs[lane];
                let is_nearer = cost < nearest.cost[lane];
                let farther = if is_nearer { nearest.cost[lane] } else { cost };
                nearest.second[lane] = if farther < nearest.second[lane] { farther } else { nearest.second[lane] };
                label[lane] = if is_nearer { index as u64 } else { label[lane] };
                nearest.cost[lane] = if is_nearer { cost } else { nearest.cost[lane] };
            }
        });
        nearest.label = label.map(|label| u32::try_from(label).unwrap_or(u32::MAX));
        nearest
    }
}

/// The nearest and second nearest centre of each lane's row.
pub(super) struct Nearest {
    /// The nearest centre, the first of equally near ones.
    pub(super) label: [u32; LANES],
    /// The squared distance to it.
    pub(super) cost: Lanes,
    /// The squared distance to the second nearest.
    pub(super) second: Lanes,
}

/// Puts up to eight rows into lanes; the last row fills what is left over. `group` has a place for each number and code.
#[inline(always)]
pub(super) fn gather(points: &Points<'_>, rows: &[usize], group: &mut [Lanes]) {
    let (numbers, codes) = group.split_at_mut(points.dims);
    let Some(last) = rows.last() else { return };
    let row = |lane: usize| *rows.get(lane).unwrap_or(last);
    // Four numbers of eight rows at a time, which the compiler turns with shuffles: single writes read back as vectors stall.
    let by_four: [(&[[f64; 4]], &[f64]); LANES] = std::array::from_fn(|lane| points.numbers_of(row(lane)).as_chunks());
    let (four_numbers, left) = numbers.as_chunks_mut::<4>();
    for (index, places) in four_numbers.iter_mut().enumerate() {
        let values: [[f64; 4]; LANES] = std::array::from_fn(|lane| by_four[lane].0[index]);
        for (dim, place) in places.iter_mut().enumerate() {
            *place = std::array::from_fn(|lane| values[lane][dim]);
        }
    }
    for (index, place) in left.iter_mut().enumerate() {
        *place = std::array::from_fn(|lane| by_four[lane].1[index]);
    }
    let words: [&[u32]; LANES] = std::array::from_fn(|lane| points.codes_of(row(lane)));
    for (index, place) in codes.iter_mut().enumerate() {
        *place = std::array::from_fn(|lane| f64::from(words[lane][index]));
    }
}

/// Calls `found` with each group of up to eight following rows of a range: the first row, how many, and the lanes.
#[inline(always)]
pub(super) fn groups(points: &Points<'_>, range: Range<usize>, mut found: impl FnMut(usize, usize, &[Lanes])) {
    let mut group = vec![[0.0; LANES]; points.width()];
    let mut start = range.start;
    while start < range.end {
        let count = (range.end - start).min(LANES);
        let rows: [usize; LANES] = std::array::from_fn(|lane| start + lane.min(count - 1));
        gather(points, &rows, &mut group);
        found(start, count, &group);
        start += count;
    }
}

/// The ranges of rows of each task.
pub(super) fn tasks(rows: usize) -> impl IndexedParallelIterator<Item = Range<usize>> {
    (0..rows.div_ceil(TASK)).into_par_iter().map(move |task| task * TASK..((task + 1) * TASK).min(rows))
}

/// Runs `work` with the widest vectors of this processor.
#[inline(always)]
pub(super) fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}

/// The squared distance of two rows given by their numbers and codes.
pub(super) fn squared(weights: &[f64], a: (&[f64], &[u32]), b: (&[f64], &[u32])) -> f64 {
    let mut sum = 0.0;
    for (a, b) in a.0.iter().zip(b.0) {
        sum += (a - b) * (a - b);
    }
    for ((a, b), weight) in a.1.iter().zip(b.1).zip(weights) {
        sum += if a == b { 0.0 } else { *weight };
    }
    sum
}

/// The nearest and second nearest centre of each row.
pub(super) fn assign(points: &Points<'_>, centres: &Centres) -> Assignment {
    let table = Table::new(points, centres);
    let mut assignment = Assignment {
        labels: vec![0; points.rows],
        costs: vec![0.0; points.rows],
        second_costs: vec![f64::INFINITY; points.rows],
    };
    let places = assignment
        .labels
        .par_chunks_mut(TASK)
        .zip(assignment.costs.par_chunks_mut(TASK))
        .zip(assignment.second_costs.par_chunks_mut(TASK));
    places.zip(tasks(points.rows)).for_each(|(((labels, costs), seconds), range)| {
        vectorised(
            #[inline(always)]
            || {
                let first = range.start;
                groups(points, range, |start, count, group| {
                    let nearest = table.nearest(group);
                    let at = start - first;
                    for (lane, label) in labels[at..at + count].iter_mut().enumerate() {
                        *label = nearest.label[lane];
                    }
                    costs[at..at + count].copy_from_slice(&nearest.cost[..count]);
                    seconds[at..at + count].copy_from_slice(&nearest.second[..count]);
                });
            },
        );
    });
    assignment
}

impl Points<'_> {
    /// The numbers of a row.
    #[inline(always)]
    pub(super) fn numbers_of(&self, row: usize) -> &[f64] {
        &self.numbers[row * self.dims..(row + 1) * self.dims]
    }

    /// The codes of a row.
    #[inline(always)]
    pub(super) fn codes_of(&self, row: usize) -> &[u32] {
        let categories = self.levels.len();
        &self.codes[row * categories..(row + 1) * categories]
    }
}

impl Centres {
    /// The numbers and the modes of a centre.
    pub(super) fn at(&self, centre: usize) -> (&[f64], &[u32]) {
        let categories = self.modes.len() / self.k;
        let numbers = &self.numbers[centre * self.dims..(centre + 1) * self.dims];
        (numbers, &self.modes[centre * categories..(centre + 1) * categories])
    }
}
