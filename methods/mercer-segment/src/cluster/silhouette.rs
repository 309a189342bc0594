//! The silhouette: how much nearer rows are to their own cluster than to the next one.

use mercer_base::Seed;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::Points;
use super::distance::{LANES, Table, gather, vectorised};

/// Silhouettes of a clustering (Rousseeuw 1987), from −1 (nearer to another cluster) to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Silhouette {
    /// The mean over the rows that were looked at.
    pub mean: f64,
    /// The mean of each cluster's rows; missing where none was looked at.
    pub by_cluster: Vec<Option<f64>>,
    /// How many rows were looked at.
    pub rows: usize,
}

/// The silhouette of `labels`, which are below `k`, by the distance of the clustering (the root of the squared one).
///
/// Exact up to `sample` rows; above, that of a sample of so many rows, drawn by `seed` and compared with each other. Rows
/// that count 0 times are left out; others count as often as the points say, each repetition as a row of its own. A row that
/// is alone in its cluster has a silhouette of 0. `None` where fewer than two clusters have rows, or the points or labels are
/// not well formed.
#[must_use]
pub fn silhouette(points: &Points<'_>, labels: &[u32], k: usize, sample: usize, seed: Seed) -> Option<Silhouette> {
    if points.check().is_err() || labels.len() != points.rows || labels.iter().any(|label| *label as usize >= k) {
        return None;
    }
    let mut rows: Vec<usize> = (0..points.rows).filter(|row| points.weight(*row) > 0.0).collect();
    if rows.len() > sample {
        let mut dice = ChaCha8Rng::seed_from_u64(seed.split("silhouette").0);
        let chosen = rand::seq::index::sample(&mut dice, rows.len(), sample);
        rows = chosen.into_iter().map(|index| rows[index]).collect();
        rows.sort_unstable();
    }
    // By cluster, so that the distances to a cluster are summed in one go.
    rows.sort_by_key(|row| labels[*row]);
    let mut clusters: Vec<Members> = Vec::with_capacity(k);
    for label in 0..k {
        let start = rows.partition_point(|row| (labels[*row] as usize) < label);
        let end = rows.partition_point(|row| (labels[*row] as usize) <= label);
        clusters.push(Members::new(points, &rows[start..end]));
    }
    if clusters.iter().filter(|cluster| cluster.weight > 0.0).count() < 2 {
        return None;
    }
    let widths = rows.par_chunks(64).flat_map_iter(|rows| {
        vectorised(
            #[inline(always)]
            || {
                let table = Table::of_rows(points, rows);
                let mut sums = vec![0.0; rows.len() * k];
                for (label, cluster) in clusters.iter().enumerate() {
                    cluster.add_distances(&table, &mut sums[label * rows.len()..(label + 1) * rows.len()]);
                }
                let width = |(index, row): (usize, &usize)| {
                    let own = labels[*row] as usize;
                    let to = |label: usize| sums[label * rows.len() + index];
                    let others = clusters[own].weight - 1.0;
                    if others <= 0.0 {
                        return 0.0;
                    }
                    let within = to(own) / others;
                    let others =
                        clusters.iter().enumerate().filter(|(label, cluster)| *label != own && cluster.weight > 0.0);
                    let next =
                        others.fold(f64::INFINITY, |next: f64, (label, cluster)| next.min(to(label) / cluster.weight));
                    let most = within.max(next);
                    if most > 0.0 { (next - within) / most } else { 0.0 }
                };
                rows.iter().enumerate().map(width).collect::<Vec<f64>>()
            },
        )
    });
    let widths: Vec<f64> = widths.collect();
    let mut totals = vec![(0.0, 0.0); k];
    for (row, width) in rows.iter().zip(&widths) {
        let total = &mut totals[labels[*row] as usize];
        total.0 += points.weight(*row) * width;
        total.1 += points.weight(*row);
    }
    let (sum, weight) = totals.iter().fold((0.0, 0.0), |sum, total| (sum.0 + total.0, sum.1 + total.1));
    let by_cluster = totals.iter().map(|(sum, weight)| (*weight > 0.0).then(|| sum / weight)).collect();
    Some(Silhouette { mean: sum / weight, by_cluster, rows: rows.len() })
}

/// The rows of a cluster in groups of lanes.
struct Members {
    groups: Vec<Vec<[f64; LANES]>>,
    /// How often each lane's row counts; 0 where a lane repeats the last row.
    weights: Vec<[f64; LANES]>,
    /// How often they count together.
    weight: f64,
}

impl Members {
    fn new(points: &Points<'_>, rows: &[usize]) -> Self {
        let mut members = Self { groups: Vec::new(), weights: Vec::new(), weight: 0.0 };
        for rows in rows.chunks(LANES) {
            let mut group = vec![[0.0; LANES]; points.width()];
            gather(points, rows, &mut group);
            let weights = std::array::from_fn(|lane| rows.get(lane).map_or(0.0, |row| points.weight(*row)));
            members.weight += weights.iter().sum::<f64>();
            members.groups.push(group);
            members.weights.push(weights);
        }
        members
    }

    /// Adds to each row in `table` the sum of its distances to the members.
    #[inline(always)]
    fn add_distances(&self, table: &Table, sums: &mut [f64]) {
        let mut lanes = vec![[0.0; LANES]; sums.len()];
        for (group, weights) in self.groups.iter().zip(&self.weights) {
            table.each(group, |row, squared| {
                let sum = &mut lanes[row];
                for lane in 0..LANES {
                    sum[lane] += weights[lane] * squared[lane].sqrt();
                }
            });
        }
        for (sum, lanes) in sums.iter_mut().zip(&lanes) {
            *sum += lanes.iter().sum::<f64>();
        }
    }
}
