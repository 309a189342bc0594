//! How many segments there are, by evidence: the finest number whose every segment is found again in random samples, and whose
//! segments say more than the same values without any relation would.

use std::collections::BTreeSet;

use mercer_base::{Result, Seed};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::cluster::silhouette;
use crate::fit::by_size;
use crate::group::{Grouped, How};
use crate::space::Space;

/// Customers among whom stability is tested, at the most.
const STABILITY_ROWS: usize = 10_000;
/// Customers of the worlds without structure, at the most.
const REFERENCE_ROWS: usize = 4_000;
/// Worlds without structure that the data are compared with, of each kind.
const REFERENCES: u64 = 10;
/// Customers over whom the silhouette is taken, at the most.
pub(crate) const SILHOUETTE_ROWS: usize = 4_000;
/// Share of the customers below which a segment is too small to be worth one.
const LEAST_SHARE: f64 = 0.01;
/// Customers below which a segment is too small to be tested.
const LEAST_CUSTOMERS: f64 = 10.0;
/// How much better than without structure groups must explain the data: difference in the logarithm of the squared distances,
/// and in standard errors. Nine numbers of groups are compared with two kinds of worlds, so two standard errors would be chance.
const LEAST_GAP: f64 = 0.03;
const LEAST_GAP_IN_ERRORS: f64 = 4.0;
/// How much the gap must rise for a finer number of groups to be worth it.
const LEAST_RISE: f64 = 0.05;
/// Starts within a sample.
const STARTS: usize = 3;

/// One number of segments and what speaks for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// How many segments.
    pub k: usize,
    /// Sum of squared distances to the centres, over the customers that were looked at.
    pub inertia: Option<f64>,
    /// Mean silhouette (Rousseeuw 1987).
    pub silhouette: Option<f64>,
    /// Mean Jaccard similarity of each segment with itself in random samples (Hennig 2007).
    pub jaccard: Vec<f64>,
    /// Size of the smallest segment, as a share of all.
    pub smallest: f64,
    /// Gap to the same values without relations, in the logarithm of the inertia, and its standard error.
    pub gap_shuffled: (f64, f64),
    /// Gap to evenly spread values (Tibshirani, Walther, Hastie 2001), relative to one segment, and its standard error.
    pub gap_uniform: (f64, f64),
    /// Bayesian information criterion, for mixtures; less is better.
    pub bic: Option<f64>,
    /// Whether every segment is stable, large enough, and more than the data would show without structure.
    pub stable: bool,
}

/// Whether a gap with its standard error is large and no chance.
fn is_beyond((gap, error): (f64, f64)) -> bool {
    gap > LEAST_GAP && gap > LEAST_GAP_IN_ERRORS * error
}

impl Candidate {
    /// The least stable segment's Jaccard similarity.
    #[must_use]
    pub fn least_jaccard(&self) -> Option<f64> {
        self.jaccard.iter().copied().reduce(f64::min)
    }

    /// Whether the groups explain more than they would without structure.
    #[must_use]
    pub fn has_structure(&self) -> bool {
        is_beyond(self.gap_shuffled) || is_beyond(self.gap_uniform)
    }

    /// Whether there is more structure than in the coarser groups of `other`: else the finer ones only cut those into pieces.
    fn adds_to(&self, other: &Self) -> bool {
        // Where attributes go together, finer groups must show more of that; even pieces of anything are closer to their centres.
        let related = is_beyond(self.gap_shuffled) || is_beyond(other.gap_shuffled);
        let gap = |candidate: &Self| if related { candidate.gap_shuffled.0 } else { candidate.gap_uniform.0 };
        gap(self) > gap(other) + LEAST_RISE
    }
}

/// The finest number of groups of which all are stable and which has more structure than the coarser ones before it.
pub(crate) fn finest_stable(candidates: &[Candidate]) -> Option<usize> {
    let mut best: Option<&Candidate> = None;
    for candidate in candidates.iter().filter(|candidate| candidate.stable) {
        if best.is_none_or(|best| candidate.adds_to(best)) {
            best = Some(candidate);
        }
    }
    best.map(|candidate| candidate.k)
}

/// A random sample of the rows, in their order; all where there are no more than `most`.
pub(crate) fn sample_rows(rows: usize, most: usize, seed: Seed) -> Vec<usize> {
    if rows <= most {
        return (0..rows).collect();
    }
    let mut dice = ChaCha8Rng::seed_from_u64(seed.split("sample").0);
    rand::seq::index::sample(&mut dice, rows, most).into_iter().collect::<BTreeSet<_>>().into_iter().collect()
}

/// The evidence for each number of segments in `numbers`. A number that the data cannot have is left out.
pub(crate) fn candidates(how: &How<'_>, space: &Space, numbers: &[usize]) -> Result<Vec<Candidate>> {
    let whole = sample_rows(space.rows, STABILITY_ROWS, how.seed);
    let sample;
    let space = if whole.len() == space.rows {
        space
    } else {
        sample = space.take(&whole);
        &sample
    };
    let references = References::of(how, space, numbers)?;
    let mut found = Vec::new();
    for k in numbers {
        let Ok(grouped) = how.group(space, *k, None).and_then(by_size) else { continue };
        found.push(candidate(how, space, &grouped, references.gaps(*k))?);
    }
    Ok(found)
}

/// The stability of groups that were found among all customers: on all of them, or a sample.
pub(crate) fn group_stability(
    how: &How<'_>,
    space: &Space,
    grouped: &Grouped,
    candidate: Option<&Candidate>,
) -> Result<Vec<f64>> {
    let rows = sample_rows(space.rows, STABILITY_ROWS, how.seed);
    if let Some(candidate) = candidate
        && rows.len() == space.rows
    {
        return Ok(candidate.jaccard.clone());
    }
    let labels = rows.iter().map(|row| grouped.labels[*row]).collect();
    stability(how, &space.take(&rows), &Grouped { labels, ..grouped.clone() })
}

fn candidate(how: &How<'_>, space: &Space, grouped: &Grouped, gaps: [(f64, f64); 2]) -> Result<Candidate> {
    let mut sizes = vec![0.0; grouped.k];
    grouped.labels.iter().for_each(|label| sizes[*label as usize] += 1.0);
    let smallest = sizes.iter().copied().fold(f64::INFINITY, f64::min);
    let jaccard = stability(how, space, grouped)?;
    let [gap_shuffled, gap_uniform] = gaps;
    let mut candidate = Candidate {
        k: grouped.k,
        inertia: grouped.cost.filter(|_| grouped.bic.is_none()),
        silhouette: silhouette(&space.points(None), &grouped.labels, grouped.k, SILHOUETTE_ROWS, how.seed)
            .map(|found| found.mean),
        jaccard,
        smallest: smallest / space.rows.max(1) as f64,
        gap_shuffled,
        gap_uniform,
        bic: grouped.bic,
        stable: false,
    };
    let least = LEAST_CUSTOMERS.max(LEAST_SHARE * space.rows as f64);
    candidate.stable = grouped.k > 1
        && smallest >= least
        && candidate.has_structure()
        && candidate.least_jaccard().is_some_and(|least| least >= how.params.stable.get());
    Ok(candidate)
}

/// Mean Jaccard similarity of each group with the most similar group of a bootstrap sample, over the customers in the sample
/// (Hennig 2007, Cluster-wise assessment of cluster stability). Empty where no samples are wanted.
fn stability(how: &How<'_>, space: &Space, grouped: &Grouped) -> Result<Vec<f64>> {
    let samples = u64::from(how.params.bootstraps);
    if samples == 0 {
        return Ok(Vec::new());
    }
    let seed = how.seed.split("bootstraps");
    let similar: Vec<Vec<f64>> = (0..samples)
        .into_par_iter()
        .map(|index| {
            let weights = multiplicities(space.rows, seed.nth(index));
            let again = How { starts: STARTS.min(how.starts), seed: seed.nth(index).split("starts"), ..*how };
            // A sample with too few different customers for so many groups finds none of them again.
            let Ok(again) = again.group(space, grouped.k, Some(&weights)) else { return vec![0.0; grouped.k] };
            best_jaccard(&grouped.labels, grouped.k, &again.labels, again.k, &weights)
        })
        .collect();
    Ok((0..grouped.k).map(|group| similar.iter().map(|found| found[group]).sum::<f64>() / samples as f64).collect())
}

/// How often each row is drawn when as many as there are are drawn with replacement.
fn multiplicities(rows: usize, seed: Seed) -> Vec<f64> {
    let mut dice = ChaCha8Rng::seed_from_u64(seed.0);
    let mut times = vec![0.0; rows];
    for _ in 0..rows {
        times[dice.random_range(0..rows)] += 1.0;
    }
    times
}

/// For each group of `a` the Jaccard similarity with the most similar group of `b`, over the rows that count.
fn best_jaccard(a: &[u32], a_groups: usize, b: &[u32], b_groups: usize, weights: &[f64]) -> Vec<f64> {
    let mut both = vec![0.0; a_groups * b_groups];
    let (mut in_a, mut in_b) = (vec![0.0; a_groups], vec![0.0; b_groups]);
    for ((a, b), _) in a.iter().zip(b).zip(weights).filter(|(_, weight)| **weight > 0.0) {
        both[*a as usize * b_groups + *b as usize] += 1.0;
        in_a[*a as usize] += 1.0;
        in_b[*b as usize] += 1.0;
    }
    let similarity = |a: usize, b: usize| {
        let shared = both[a * b_groups + b];
        let either = in_a[a] + in_b[b] - shared;
        if either > 0.0 { shared / either } else { 0.0 }
    };
    (0..a_groups).map(|a| (0..b_groups).map(|b| similarity(a, b)).fold(0.0, f64::max)).collect()
}

/// Logarithms of the inertia of the data and of worlds without structure, for each number of groups.
struct References {
    numbers: Vec<usize>,
    /// Of the data: for one group, then for each number.
    data: Vec<f64>,
    shuffled: Vec<Vec<f64>>,
    uniform: Vec<Vec<f64>>,
}

impl References {
    fn of(how: &How<'_>, space: &Space, numbers: &[usize]) -> Result<Self> {
        let rows = sample_rows(space.rows, REFERENCE_ROWS, how.seed.split("references"));
        let space = &space.take(&rows);
        let seed = how.seed.split("worlds without structure");
        // By squared distances, whatever the algorithm: the question is whether there is anything to find.
        let how = How { algorithm: crate::params::Algorithm::KPrototypes, starts: STARTS, seed, ..*how };
        let all: Vec<usize> = std::iter::once(1).chain(numbers.iter().copied()).collect();
        let logs = |space: &Space| -> Vec<f64> {
            let log =
                |k: &usize| how.group(space, *k, None).ok().and_then(|grouped| grouped.cost).map_or(f64::NAN, f64::ln);
            all.iter().map(log).collect()
        };
        let data = logs(space);
        let drawn: Vec<(Vec<f64>, Vec<f64>)> = (0..REFERENCES)
            .into_par_iter()
            .map(|index| {
                let seed = seed.nth(index);
                (logs(&space.shuffled_columns(seed)), logs(&space.uniform_like(seed)))
            })
            .collect();
        let (shuffled, uniform) = drawn.into_iter().unzip();
        Ok(Self { numbers: numbers.to_vec(), data, shuffled, uniform })
    }

    /// The gaps to shuffled and to uniform worlds for `k` groups, with their standard errors.
    fn gaps(&self, k: usize) -> [(f64, f64); 2] {
        let Some(at) = self.numbers.iter().position(|known| *known == k).map(|at| at + 1) else {
            return [(f64::NAN, f64::NAN); 2];
        };
        let drop = |logs: &[f64]| logs[0] - logs[at];
        let gap = |worlds: &[Vec<f64>]| {
            let drops: Vec<f64> = worlds.iter().map(|logs| drop(logs)).collect();
            let n = drops.len() as f64;
            let mean = drops.iter().sum::<f64>() / n;
            let variance = drops.iter().map(|drop| (drop - mean).powi(2)).sum::<f64>() / n;
            (drop(&self.data) - mean, (variance * (1.0 + 1.0 / n)).sqrt())
        };
        [gap(&self.shuffled), gap(&self.uniform)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jaccard_is_over_the_rows_that_count() {
        let (a, b) = ([0, 0, 0, 1, 1], [1, 1, 0, 0, 0]);
        let all = best_jaccard(&a, 2, &b, 2, &[1.0; 5]);
        assert_eq!(all, [2.0 / 3.0, 2.0 / 3.0]);
        let some = best_jaccard(&a, 2, &b, 2, &[3.0, 1.0, 0.0, 1.0, 2.0]);
        assert_eq!(some, [1.0, 1.0]);
        assert_eq!(best_jaccard(&a, 2, &b, 2, &[0.0; 5]), [0.0, 0.0]);
    }

    #[test]
    fn samples_keep_the_order_and_draw_as_many_as_there_are() {
        let some = sample_rows(1_000, 10, Seed(3));
        assert_eq!(some.len(), 10);
        assert!(some.is_sorted() && some.iter().all(|row| *row < 1_000));
        assert_eq!(sample_rows(4, 10, Seed(3)), [0, 1, 2, 3]);
        assert_eq!(multiplicities(50, Seed(1)).iter().sum::<f64>(), 50.0);
    }
}
