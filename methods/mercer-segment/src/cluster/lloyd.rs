//! Rounds of k-means and k-prototypes that skip the rows whose cluster cannot have changed.
//!
//! A row that is nearer to its centre than to any other by a gap keeps its cluster until its centre and the fastest of the
//! others have travelled that gap together: the triangle inequality of Hamerly (2010). Both his bounds fold into one number
//! a row, the distance travelled at which the row expires, so that a skipped row is read and not written. Roundings always
//! go against skipping; the labels are those of plain rounds.

use mercer_base::Result;
use rayon::prelude::*;

use super::distance::{LANES, Lanes, TASK, Table, assign, gather, groups, squared, tasks, vectorised};
use super::sums::{Layout, movements};
use super::{Centres, Clustering, Options, Points, SMALL, moves, too_few_distinct};

/// The least number of rows whose sums are kept together.
const BLOCK: usize = 256;
/// Sums of a block follow its rows one by one, and are summed anew where more than one in so many has changed its cluster.
const RENEWAL: usize = 8;

/// What a task knows of its rows.
struct Task {
    /// Its first row.
    start: usize,
    labels: Vec<u32>,
    /// The distance travelled at which each row may change its cluster.
    expiry: Vec<f64>,
    /// The sums of each block of rows, and of all of them.
    blocks: Vec<f64>,
    sums: Vec<f64>,
    /// Whether a row changed its cluster in this round.
    is_changed: bool,
}

/// One start from these centres.
///
/// # Errors
/// When there are fewer distinct rows than centres.
pub(super) fn run(points: &Points<'_>, initial: Centres, options: &Options) -> Result<Clustering> {
    let mut rounds = Rounds::new(points, initial);
    let tolerance = if options.tolerance > 0.0 { options.tolerance * mean_variance(points) } else { -1.0 };
    let moves_rows = options.tolerance <= 0.0 && points.levels.is_empty() && points.rows <= SMALL;
    let mut iterations = 0;
    let mut is_settled = false;
    while iterations < options.max_iterations && !is_settled {
        iterations += 1;
        let is_changed = rounds.assign();
        let moved = rounds.update()?;
        is_settled = moved.is_finite() && (!is_changed || moved <= tolerance);
        if is_settled && moves_rows {
            is_settled = !rounds.move_rows();
        }
    }
    finish(points, rounds.centres, iterations)
}

/// The clustering by these centres, none of them without rows.
fn finish(points: &Points<'_>, mut centres: Centres, iterations: usize) -> Result<Clustering> {
    loop {
        let (labels, sizes, cost) = settle(points, &centres);
        let empty = empty_of(&sizes);
        if empty.is_empty() {
            return Ok(Clustering { centres, labels, cost, iterations, sizes });
        }
        // Each filling lowers the cost, so this comes to an end.
        fill_empty(points, &mut centres, &empty)?;
    }
}

/// The nearest centre of each row, how often the rows of each count together, and the cost.
fn settle(points: &Points<'_>, centres: &Centres) -> (Vec<u32>, Vec<f64>, f64) {
    let table = Table::new(points, centres);
    let mut labels = vec![0; points.rows];
    let parts = labels.par_chunks_mut(TASK).zip(tasks(points.rows)).map(|(labels, range)| {
        vectorised(
            #[inline(always)]
            || {
                // The cost, then the sizes.
                let mut sums = vec![0.0; 1 + centres.k];
                let first = range.start;
                groups(points, range, |start, count, group| {
                    let nearest = table.nearest(group);
                    labels[start - first..start - first + count].copy_from_slice(&nearest.label[..count]);
                    for lane in 0..count {
                        let weight = points.weight(start + lane);
                        sums[0] += weight * nearest.cost[lane];
                        sums[1 + nearest.label[lane] as usize] += weight;
                    }
                });
                sums
            },
        )
    });
    let parts: Vec<Vec<f64>> = parts.collect();
    let (mut cost, mut sizes) = (0.0, vec![0.0; centres.k]);
    for part in &parts {
        cost += part[0];
        for (size, sum) in sizes.iter_mut().zip(&part[1..]) {
            *size += sum;
        }
    }
    (labels, sizes, cost)
}

/// The rounds of one start.
struct Rounds<'a> {
    points: &'a Points<'a>,
    layout: Layout,
    centres: Centres,
    tasks: Vec<Task>,
    /// Rows of a block.
    block: usize,
    /// How far each centre and the fastest other one have travelled together since the first round.
    travelled: Vec<f64>,
    /// Sums of all clusters.
    totals: Vec<f64>,
    is_first: bool,
}

impl<'a> Rounds<'a> {
    fn new(points: &'a Points<'a>, centres: Centres) -> Self {
        let layout = Layout::of(points);
        // Sums of a block take no more memory than a few of its rows, however many levels there are.
        let block = (centres.k * layout.stride).next_power_of_two().clamp(BLOCK, TASK);
        let width = centres.k * layout.stride;
        let tasks = tasks(points.rows).map(|range| Task {
            start: range.start,
            labels: vec![0; range.len()],
            // Rows that do not count never expire; all others do at once.
            expiry: range
                .clone()
                .map(|row| if points.weight(row) > 0.0 { f64::NEG_INFINITY } else { f64::INFINITY })
                .collect(),
            blocks: vec![0.0; range.len().div_ceil(block) * width],
            sums: vec![0.0; width],
            is_changed: false,
        });
        let tasks = tasks.collect();
        Self {
            points,
            block,
            travelled: vec![0.0; centres.k],
            totals: vec![0.0; width],
            layout,
            centres,
            tasks,
            is_first: true,
        }
    }

    /// Gives each row to its nearest centre; whether any row changed its cluster.
    fn assign(&mut self) -> bool {
        let table = Table::new(self.points, &self.centres);
        let (points, layout, block, travelled, is_first) =
            (self.points, &self.layout, self.block, &self.travelled, self.is_first);
        self.tasks.par_iter_mut().for_each(|task| {
            vectorised(
                #[inline(always)]
                || task.assign(points, &table, layout, block, travelled, is_first),
            );
        });
        self.is_first = false;
        self.tasks.iter().any(|task| task.is_changed)
    }

    /// Moves the centres to where their rows are; the sum of the squared movements.
    fn update(&mut self) -> Result<f64> {
        if self.tasks.iter().any(|task| task.is_changed) {
            self.totals.fill(0.0);
            for task in &self.tasks {
                for (total, sum) in self.totals.iter_mut().zip(&task.sums) {
                    *total += sum;
                }
            }
        }
        let mut after = self.centres.clone();
        self.layout.update(&self.totals, &mut after);
        let empty = empty_of(&self.layout.counts(&self.totals));
        if !empty.is_empty() {
            fill_empty(self.points, &mut after, &empty)?;
        }
        let moved = movements(self.points, &self.centres, &after);
        self.centres = after;
        self.travel(&moved);
        Ok(if empty.is_empty() { moved.iter().sum() } else { f64::INFINITY })
    }

    /// Moves single rows where that lowers the cost; whether there were any.
    fn move_rows(&mut self) -> bool {
        let mut after = self.centres.clone();
        let is_changed = moves::improve(self.points, &mut after);
        if is_changed {
            let moved = movements(self.points, &self.centres, &after);
            self.centres = after;
            self.travel(&moved);
        }
        is_changed
    }

    /// Adds to what the centres have travelled, rounded up.
    fn travel(&mut self, moved: &[f64]) {
        let distances: Vec<f64> = moved.iter().map(|squared| squared.sqrt() * (1.0 + margin(self.points))).collect();
        for (centre, travelled) in self.travelled.iter_mut().enumerate() {
            let others = distances.iter().enumerate().filter(|(other, _)| *other != centre);
            let fastest = others.fold(0.0, |fastest: f64, (_, distance)| fastest.max(*distance));
            *travelled = (*travelled + (distances[centre] + fastest)) * (1.0 + 4.0 * f64::EPSILON);
        }
    }
}

impl Task {
    /// Gives the expired rows to their nearest centre, and sums anew the blocks in which that changed something.
    #[inline(always)]
    fn assign(
        &mut self,
        points: &Points<'_>,
        table: &Table,
        layout: &Layout,
        block: usize,
        travelled: &[f64],
        is_first: bool,
    ) {
        let mut group = vec![[0.0; LANES]; points.width()];
        let (mut candidates, mut changed) = (vec![0; block + 1], Vec::with_capacity(block));
        let margin = margin(points);
        let width = self.sums.len();
        self.is_changed = false;
        let blocks =
            self.labels.chunks_mut(block).zip(self.expiry.chunks_mut(block)).zip(self.blocks.chunks_mut(width));
        for (index, ((labels, expiry), sums)) in blocks.enumerate() {
            let start = self.start + index * block;
            // Without a branch, which would go wrong every few rows.
            let mut count = 0;
            for (place, (label, expiry)) in labels.iter().zip(expiry.iter()).enumerate() {
                candidates[count] = start + place;
                count += usize::from(travelled[*label as usize] >= *expiry);
            }
            let expired = &candidates[..count];
            changed.clear();
            for rows in expired.chunks(LANES) {
                gather(points, rows, &mut group);
                let nearest = table.nearest(&group);
                for (lane, row) in rows.iter().enumerate() {
                    let label = nearest.label[lane];
                    let place = row - start;
                    if labels[place] != label {
                        changed.push((*row, labels[place] as usize));
                        labels[place] = label;
                    }
                    let gap = nearest.second[lane].sqrt() * (1.0 - margin) - nearest.cost[lane].sqrt() * (1.0 + margin);
                    let travelled = travelled[label as usize];
                    expiry[place] = travelled + gap - 4.0 * f64::EPSILON * (travelled + gap.abs());
                }
            }
            if is_first || changed.len() > labels.len() / RENEWAL {
                self.is_changed = true;
                sums.fill(0.0);
                for (place, label) in labels.iter().enumerate() {
                    layout.add(sums, *label as usize, 1.0, points, start + place);
                }
            } else if !changed.is_empty() {
                self.is_changed = true;
                for (row, before) in changed.iter().copied() {
                    layout.add(sums, before, -1.0, points, row);
                    layout.add(sums, labels[row - start] as usize, 1.0, points, row);
                }
            }
        }
        if self.is_changed {
            self.sums.fill(0.0);
            for block in self.blocks.chunks(width) {
                for (sum, part) in self.sums.iter_mut().zip(block) {
                    *sum += part;
                }
            }
        }
    }
}

/// More than twice the relative error of a computed distance.
fn margin(points: &Points<'_>) -> f64 {
    (points.width() + 8) as f64 * 4.0 * f64::EPSILON
}

/// The mean over the numbers of their variances; 0 without numbers.
fn mean_variance(points: &Points<'_>) -> f64 {
    if points.dims == 0 {
        return 0.0;
    }
    // About the first row, so that numbers far from 0 lose nothing.
    let origin = points.numbers_of(0);
    let parts = tasks(points.rows).map(|range| {
        vectorised(
            #[inline(always)]
            || {
                let mut sums = vec![[[0.0; LANES]; 2]; points.dims];
                let mut size = 0.0;
                groups(points, range, |start, count, group| {
                    let weights: Lanes =
                        std::array::from_fn(|lane| if lane < count { points.weight(start + lane) } else { 0.0 });
                    size += weights.iter().sum::<f64>();
                    for (([sum, squares], values), origin) in sums.iter_mut().zip(group).zip(origin) {
                        for lane in 0..LANES {
                            let offset = values[lane] - origin;
                            sum[lane] += weights[lane] * offset;
                            squares[lane] += weights[lane] * offset * offset;
                        }
                    }
                });
                let of = |lanes: &Lanes| lanes.iter().sum::<f64>();
                (size, sums.iter().map(|[sum, squares]| [of(sum), of(squares)]).collect::<Vec<[f64; 2]>>())
            },
        )
    });
    let parts: Vec<(f64, Vec<[f64; 2]>)> = parts.collect();
    let size: f64 = parts.iter().map(|(size, _)| size).sum();
    let variance = |dim: usize| {
        let total = |which: usize| parts.iter().map(|(_, sums)| sums[dim][which]).sum::<f64>() / size;
        (total(1) - total(0).powi(2)).max(0.0)
    };
    (0..points.dims).map(variance).sum::<f64>() / points.dims as f64
}

/// The clusters that no row counts for.
fn empty_of(sizes: &[f64]) -> Vec<usize> {
    sizes.iter().enumerate().filter(|(_, size)| **size <= 0.0).map(|(centre, _)| centre).collect()
}

/// Puts the centres of empty clusters on rows: each on the row farthest from all other centres so far.
fn fill_empty(points: &Points<'_>, centres: &mut Centres, empty: &[usize]) -> Result<()> {
    let categories = points.levels.len();
    let filled: Vec<usize> = (0..centres.k).filter(|centre| !empty.contains(centre)).collect();
    let others = Centres {
        k: filled.len(),
        dims: centres.dims,
        numbers: filled.iter().flat_map(|centre| centres.at(*centre).0).copied().collect(),
        modes: filled.iter().flat_map(|centre| centres.at(*centre).1).copied().collect(),
    };
    let mut costs = assign(points, &others).costs;
    for (done, centre) in empty.iter().enumerate() {
        let (mut farthest, mut most) = (0, 0.0);
        for (row, cost) in costs.iter().enumerate() {
            if *cost > most && points.weight(row) > 0.0 {
                (farthest, most) = (row, *cost);
            }
        }
        if most <= 0.0 {
            return Err(too_few_distinct(filled.len() + done, centres.k));
        }
        let (numbers, codes) = (points.numbers_of(farthest), points.codes_of(farthest));
        for (row, cost) in costs.iter_mut().enumerate() {
            let row = (points.numbers_of(row), points.codes_of(row));
            *cost = cost.min(squared(points.category_weights, row, (numbers, codes)));
        }
        centres.numbers[centre * centres.dims..(centre + 1) * centres.dims].copy_from_slice(numbers);
        centres.modes[centre * categories..(centre + 1) * categories].copy_from_slice(codes);
    }
    Ok(())
}
