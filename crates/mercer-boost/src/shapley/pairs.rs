//! Interactions on the ways to leaves from tables: what each set of answers means for each pair of features.
//!
//! On a way with the features `1..m` a pair does `½ v (o_i − z_i)(o_j − z_j) ∫ Π_{k≠i,j} (t·o_k + (1 − t)·z_k) dt` together
//! on either side of the diagonal (Lundberg et al. 2020, eq. 9). That depends on which of the features a row goes along with:
//! on a byte, worked out once for each of its values.

use super::path::{Path, Paths};
use crate::predict::codes::{LANES, Lanes};

/// Features up to which a way has tables: 64 sets of 15 pairs.
const MOST_FEATURES: usize = 6;

/// A way to a leaf.
#[derive(Debug)]
pub(super) struct Pairs {
    /// For each step its node, whether it goes left (255) or right (0), and the bit of its feature.
    steps: Vec<(usize, u8, u8)>,
    /// The bits of all features.
    everything: u8,
    /// Pairs by their place among all pairs, with what they do by the set of features that a row goes along with.
    tables: Vec<(usize, Vec<f64>)>,
}

/// The place of a pair of different features among all pairs of `features` features.
pub(super) fn place(one: usize, other: usize, features: usize) -> usize {
    let (first, second) = (one.min(other), one.max(other));
    first * (2 * features - first - 1) / 2 + second - first - 1
}

impl Pairs {
    /// The tables of a way; `None` where it has too many features.
    pub(super) fn new(path: &Path, rule: &[(f64, f64)], features: usize) -> Option<Self> {
        let count = path.features.len();
        if count > MOST_FEATURES {
            return None;
        }
        let all = || (0..count).flat_map(|one| (one + 1..count).map(move |other| (one, other)));
        let mut tables: Vec<(usize, Vec<f64>)> =
            all().map(|(one, other)| (place(path.features[one], path.features[other], features), Vec::new())).collect();
        for known in 0..1_usize << count {
            let mut sums = [0.0; MOST_FEATURES * (MOST_FEATURES - 1) / 2];
            for (t, weight) in rule {
                let mut product = 0.5 * weight * path.value;
                let mut ratios = [0.0; MOST_FEATURES];
                for (slot, (ratio, share)) in ratios.iter_mut().zip(&path.shares).enumerate() {
                    let known = if (known >> slot) & 1 == 1 { 1.0 } else { 0.0 };
                    let factor = t * known + (1.0 - t) * share;
                    product *= factor;
                    // A factor of 0 is a share of 0 that the row does not take either: nothing changes.
                    *ratio = if factor > 0.0 { (known - share) / factor } else { 0.0 };
                }
                for (sum, (one, other)) in sums.iter_mut().zip(all()) {
                    *sum += product * ratios[one] * ratios[other];
                }
            }
            tables.iter_mut().zip(sums).for_each(|((_, table), sum)| table.push(sum));
        }
        let step = |step: &super::path::Step| (step.node, if step.left { u8::MAX } else { 0 }, 1 << step.slot);
        Some(Self { steps: path.steps.iter().map(step).collect(), everything: (1 << count) - 1, tables })
    }

    /// Adds the way's interactions of each lane to `sums`, which has an entry a pair of features.
    pub(super) fn add(&self, answers: &[Lanes], sums: &mut [[f64; LANES]]) {
        let mut known = [self.everything; LANES];
        for (node, left, slot) in &self.steps {
            let Some(answers) = answers.get(*node) else { continue };
            known.iter_mut().zip(answers).for_each(|(known, answer)| *known &= !(slot & (answer ^ left)));
        }
        for (place, table) in &self.tables {
            let Some(sums) = sums.get_mut(*place) else { continue };
            for (sum, known) in sums.iter_mut().zip(&known) {
                *sum += table.get(usize::from(*known)).copied().unwrap_or(0.0);
            }
        }
    }
}

/// Splits a tree's ways into those with tables and those without.
pub(super) fn tabled(paths: &Paths, features: usize) -> (Vec<Pairs>, Vec<Path>) {
    let (mut tables, mut rest) = (Vec::new(), Vec::new());
    for path in paths.paths.iter().filter(|path| path.features.len() > 1) {
        match Pairs::new(path, &paths.rule, features) {
            Some(pairs) => tables.push(pairs),
            None => rest.push(path.clone()),
        }
    }
    (tables, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pair_has_a_place() {
        let mut places: Vec<usize> = (0..5)
            .flat_map(|one| (0..5).filter(move |other| *other != one).map(move |other| place(one, other, 5)))
            .collect();
        places.sort_unstable();
        let twice: Vec<usize> = (0..10).flat_map(|place| [place, place]).collect();
        assert_eq!(places, twice);
    }
}
