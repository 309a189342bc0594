//! Where to start: greedy k-means++ on the mixed distance.

use mercer_base::{Error, Result, Seed};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::distance::{LANES, TASK, Table, groups, tasks, vectorised};
use super::{Centres, Points, too_few_distinct};

/// `k` distinct rows as centres: the first by chance, each next one the best of 2 + ln k candidates drawn with chances in
/// proportion to the squared distance from the centres so far (Arthur & Vassilvitskii 2007). The best candidate leaves the
/// least sum of squared distances.
///
/// # Errors
/// When fewer than `k` distinct rows count.
pub(super) fn seed(points: &Points<'_>, k: usize, seed: Seed) -> Result<Centres> {
    let mut dice = ChaCha8Rng::seed_from_u64(seed.split("k-means++").0);
    let candidates = 2 + (1..64).take_while(|power| f64::from(*power).exp() <= k as f64).count();
    // Before the first centre all rows are as far away.
    let mut chances = Chances::new(points);
    let mut chosen = Vec::with_capacity(k);
    while chosen.len() < k {
        let is_first = chosen.is_empty();
        let drawn: Option<Vec<usize>> =
            (0..if is_first { 1 } else { candidates }).map(|_| chances.draw(dice.random())).collect();
        let Some(drawn) = drawn else {
            return Err(too_few_distinct(chosen.len(), k));
        };
        let costs = if is_first { vec![0.0] } else { chances.costs_with(points, &drawn) };
        let mut best: Option<(usize, f64)> = None;
        for (row, cost) in drawn.iter().zip(&costs) {
            if best.is_none_or(|(_, least)| *cost < least) {
                best = Some((*row, *cost));
            }
        }
        let Some((row, _)) = best else {
            return Err(Error::data("the values are too large to compare").with_hint("scale the numbers first"));
        };
        chosen.push(row);
        if chosen.len() < k {
            chances.add(points, row, is_first);
        }
    }
    Ok(Centres {
        k,
        dims: points.dims,
        numbers: chosen.iter().flat_map(|row| points.numbers_of(*row)).copied().collect(),
        modes: chosen.iter().flat_map(|row| points.codes_of(*row)).copied().collect(),
    })
}

/// How likely each row is to be drawn: in proportion to how often it counts and to the squared distance from the centres so
/// far.
struct Chances {
    rows: Vec<f64>,
    /// Sums of the tasks, up to and including each.
    tasks: Vec<f64>,
}

impl Chances {
    fn new(points: &Points<'_>) -> Self {
        let mut chances = Self { rows: (0..points.rows).map(|row| points.weight(row)).collect(), tasks: Vec::new() };
        chances.sum();
        chances
    }

    fn sum(&mut self) {
        let sums: Vec<f64> = self.rows.par_chunks(TASK).map(|rows| rows.iter().sum()).collect();
        let mut total = 0.0;
        self.tasks = sums
            .iter()
            .map(|sum| {
                total += sum;
                total
            })
            .collect();
    }

    /// The row at this share, from 0 to 1, of all chances; none where all are 0.
    fn draw(&self, share: f64) -> Option<usize> {
        let total = *self.tasks.last()?;
        let at = share * total;
        let task = self.tasks.partition_point(|sum| *sum <= at);
        let before = task.checked_sub(1).and_then(|task| self.tasks.get(task)).copied().unwrap_or(0.0);
        let mut left = at - before;
        let mut last = None;
        for (row, chance) in self.rows.iter().enumerate().skip(task * TASK).take(TASK) {
            if *chance > 0.0 {
                last = Some(row);
                left -= chance;
                if left < 0.0 {
                    break;
                }
            }
        }
        // Rounding may leave nothing at the very end.
        last.or_else(|| self.rows.iter().rposition(|chance| *chance > 0.0))
    }

    /// The sum of the chances after each of these rows would be a centre.
    fn costs_with(&self, points: &Points<'_>, candidates: &[usize]) -> Vec<f64> {
        let table = Table::of_rows(points, candidates);
        let parts = tasks(points.rows).map(|range| {
            vectorised(
                #[inline(always)]
                || {
                    let mut sums = vec![[0.0; LANES]; candidates.len()];
                    groups(points, range, |start, count, group| {
                        let (mut chances, mut weights) = ([0.0; LANES], [0.0; LANES]);
                        chances[..count].copy_from_slice(&self.rows[start..start + count]);
                        for (lane, weight) in weights[..count].iter_mut().enumerate() {
                            *weight = points.weight(start + lane);
                        }
                        table.each(group, |candidate, costs| {
                            let sum = &mut sums[candidate];
                            for lane in 0..LANES {
                                let cost = weights[lane] * costs[lane];
                                sum[lane] += if cost < chances[lane] { cost } else { chances[lane] };
                            }
                        });
                    });
                    sums.iter().map(|lanes| lanes.iter().sum()).collect()
                },
            )
        });
        let parts: Vec<Vec<f64>> = parts.collect();
        let mut costs = vec![0.0; candidates.len()];
        for part in &parts {
            for (cost, sum) in costs.iter_mut().zip(part) {
                *cost += sum;
            }
        }
        costs
    }

    /// Takes a row as a centre.
    fn add(&mut self, points: &Points<'_>, row: usize, is_first: bool) {
        let table = Table::of_rows(points, &[row]);
        self.rows.par_chunks_mut(TASK).zip(tasks(points.rows)).for_each(|(chances, range)| {
            vectorised(
                #[inline(always)]
                || {
                    let first = range.start;
                    groups(points, range, |start, count, group| {
                        table.each(group, |_, costs| {
                            for (lane, chance) in chances[start - first..start - first + count].iter_mut().enumerate() {
                                let cost = points.weight(start + lane) * costs[lane];
                                *chance = if is_first || cost < *chance { cost } else { *chance };
                            }
                        });
                    });
                },
            );
        });
        self.sum();
    }
}
