//! Contributions of small trees from tables: what each pattern of answers to up to eight splits means for each feature.
//!
//! A tree is cut into subtrees so small that the splits above and inside each are at most eight. A row's answers to them
//! are one byte, and the contributions of all leaves of the subtree together a function of that byte, worked out once.
//! (Fast TreeSHAP v2 of Yang 2021 has a table for each leaf; a table for a subtree serves several leaves with one
//! look-up.)

use super::path::{Path, Paths};
use crate::ensemble::Tree;
use crate::predict::codes::{Block, Coder, LANES, Question};

/// The bits of a byte.
const MOST_SPLITS: usize = 8;

/// The tables of a tree.
#[derive(Debug)]
pub(super) struct Tables(Vec<Group>);

/// A subtree.
#[derive(Debug)]
struct Group {
    /// One a bit, from the lowest.
    questions: Vec<Question>,
    /// Features, and for each the contribution by pattern of answers (a set bit is "left").
    contributions: Vec<(usize, Vec<f64>)>,
}

impl Tables {
    /// The tables of a tree that has passed its check; `None` where they would hold more than `most_entries` numbers, or
    /// a leaf lies below more than eight splits.
    pub(super) fn new(tree: &Tree, paths: &Paths, coder: &Coder, most_entries: usize) -> Option<Self> {
        let mut groups = Vec::new();
        let mut entries = 0;
        for subtree in subtrees(tree, paths)? {
            let mut features: Vec<usize> =
                subtree.paths.iter().flat_map(|path| path.features.iter().copied()).collect();
            features.sort_unstable();
            features.dedup();
            entries += features.len() << subtree.splits.len();
            groups.push((subtree, features));
        }
        let group = |(subtree, features): (Subtree<'_>, Vec<usize>)| Group {
            contributions: subtree.contributions(features, &paths.rule),
            questions: (subtree.splits.iter())
                .filter_map(|node| tree.nodes.get(*node)?.split.as_ref())
                .map(|split| coder.question(split))
                .collect(),
        };
        (entries <= most_entries).then(|| Self(groups.into_iter().map(group).collect()))
    }

    /// Adds the tree's contributions of each row of the block. `sums` has one entry a feature.
    pub(super) fn add(&self, block: &Block<'_>, sums: &mut [[f64; LANES]]) {
        for group in &self.0 {
            let mut patterns = [0; LANES];
            let mut left = [0; LANES];
            for (bit, question) in group.questions.iter().enumerate() {
                block.answer(question, &mut left);
                for (pattern, left) in patterns.iter_mut().zip(&left) {
                    *pattern |= left & (1 << bit);
                }
            }
            for (feature, by_pattern) in &group.contributions {
                let Some(sums) = sums.get_mut(*feature) else { continue };
                for (sum, pattern) in sums.iter_mut().zip(&patterns) {
                    // Lanes without a row may hold patterns of no meaning, never ones without an entry.
                    *sum += by_pattern.get(usize::from(*pattern)).copied().unwrap_or(0.0);
                }
            }
        }
    }
}

/// The leaves below a node, and all splits on their paths.
struct Subtree<'a> {
    splits: Vec<usize>,
    paths: Vec<&'a Path>,
}

/// Cuts a tree into the largest subtrees with at most eight splits above and inside; `None` where a leaf alone has more.
fn subtrees<'a>(tree: &Tree, paths: &'a Paths) -> Option<Vec<Subtree<'a>>> {
    let count = tree.nodes.len();
    let (mut above, mut inside) = (vec![0; count], vec![0; count]);
    for (index, parent) in paths.parents.iter().enumerate() {
        above[index] = parent.map_or(0, |(parent, _)| above[parent] + 1);
    }
    for (index, parent) in paths.parents.iter().enumerate().rev() {
        inside[index] += usize::from(tree.nodes[index].split.is_some());
        if let Some((parent, _)) = *parent {
            inside[parent] += inside[index];
        }
    }
    let mut subtrees: Vec<Subtree<'a>> = Vec::new();
    let mut owners: Vec<Option<usize>> = vec![None; count];
    for (index, parent) in paths.parents.iter().enumerate() {
        owners[index] = parent.and_then(|(parent, _)| owners[parent]);
        if owners[index].is_none() && above[index] + inside[index] <= MOST_SPLITS {
            owners[index] = Some(subtrees.len());
            subtrees.push(Subtree { splits: Vec::new(), paths: Vec::new() });
        }
    }
    for path in &paths.paths {
        let subtree = &mut subtrees[owners[path.leaf]?];
        subtree.splits.extend(path.steps.iter().map(|step| step.node));
        subtree.paths.push(path);
    }
    for subtree in &mut subtrees {
        subtree.splits.sort_unstable();
        subtree.splits.dedup();
    }
    Some(subtrees)
}

impl Subtree<'_> {
    /// For each of `features`, its contribution by pattern of answers.
    fn contributions(&self, features: Vec<usize>, rule: &[(f64, f64)]) -> Vec<(usize, Vec<f64>)> {
        let patterns = 1 << self.splits.len();
        let mut all: Vec<(usize, Vec<f64>)> =
            features.into_iter().map(|feature| (feature, vec![0.0; patterns])).collect();
        for path in &self.paths {
            // For each pattern the set of features that the row goes along with.
            let all_of_them = match path.features.len() {
                0 => 0,
                features => u8::MAX >> (MOST_SPLITS - features.min(MOST_SPLITS)),
            };
            let mut known = [all_of_them; 1 << MOST_SPLITS];
            for step in &path.steps {
                let bit = self.splits.binary_search(&step.node).unwrap_or(0);
                let differs = usize::from(!step.left);
                for (pattern, known) in known.iter_mut().enumerate() {
                    *known &= if (pattern >> bit) & 1 == differs { !(1 << step.slot) } else { u8::MAX };
                }
            }
            for (feature, by_known) in path.features.iter().zip(by_known(path, rule)) {
                let Some((_, sums)) = all.iter_mut().find(|(other, _)| other == feature) else { continue };
                for (sum, known) in sums.iter_mut().zip(&known) {
                    *sum += by_known.get(usize::from(*known)).copied().unwrap_or(0.0);
                }
            }
        }
        all
    }
}

/// For each of a path's features its contribution by the set of those that a row goes along with (bit `i` for the feature in
/// slot `i`).
fn by_known(path: &Path, rule: &[(f64, f64)]) -> Vec<Vec<f64>> {
    let sets = 1_usize << path.features.len();
    let mut all = vec![vec![0.0; sets]; path.features.len()];
    for known in 0..sets {
        for (t, weight) in rule {
            let factor =
                |slot: usize, share: f64| f64::from(u8::from((known >> slot) & 1 == 1)) * t + (1.0 - t) * share;
            let product = path.shares.iter().enumerate().map(|(slot, share)| factor(slot, *share)).product::<f64>()
                * weight
                * path.value;
            for ((slot, share), values) in path.shares.iter().enumerate().zip(&mut all) {
                let change = if (known >> slot) & 1 == 1 { 1.0 - share } else { -share };
                let factor = factor(slot, *share);
                // A factor of 0 is a share of 0 that the row does not take either: with or without the feature, nothing
                // changes.
                if let (true, Some(value)) = (factor > 0.0, values.get_mut(known)) {
                    *value += product * change / factor;
                }
            }
        }
    }
    all
}
