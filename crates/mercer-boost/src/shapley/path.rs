//! The ways from a tree's root to its leaves, with the features on them and their shares of cover.

use mercer_stats::quadrature::GaussLegendre;

use crate::ensemble::Tree;
use crate::predict::codes::{Block, Coder, LANES, Lanes, Question};

/// A step from a split to one of its children.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Step {
    /// The node that asks.
    pub(super) node: usize,
    /// Whether the path goes left.
    pub(super) left: bool,
    /// Which of the path's features it asks about.
    pub(super) slot: usize,
}

/// The way to a leaf.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Path {
    /// The leaf.
    pub(super) leaf: usize,
    /// What it adds to the margin.
    pub(super) value: f64,
    /// The different features on the way.
    pub(super) features: Vec<usize>,
    /// Of each of them, the share of the cover that goes this way at all its splits: `z`.
    pub(super) shares: Vec<f64>,
    /// The steps, from the root.
    pub(super) steps: Vec<Step>,
}

/// All ways of a tree.
#[derive(Debug, Clone)]
pub(super) struct Paths {
    /// One a leaf, in the order of the nodes.
    pub(super) paths: Vec<Path>,
    /// Of each node, the share of its parent's cover that it has; 1 for the root.
    pub(super) shares: Vec<f64>,
    /// Of each node but the root, its parent and whether it is the left child.
    pub(super) parents: Vec<Option<(usize, bool)>>,
    /// Nodes and weights on `[0, 1]` that integrate the polynomials of all paths exactly.
    pub(super) rule: Vec<(f64, f64)>,
}

/// Nodes and weights on `[0, 1]` for paths of up to `features` different features: their polynomials have degree
/// `features − 1`.
pub(super) fn rule(features: usize) -> Vec<(f64, f64)> {
    GaussLegendre::new(features.div_ceil(2).max(1)).on(0.0, 1.0).collect()
}

/// For all nodes of a tree, which lanes go left (255) and right (0); leaves hold zeros.
pub(super) fn answers(block: &Block<'_>, questions: &[Option<Question>]) -> Vec<Lanes> {
    let mut answers = vec![[0; LANES]; questions.len()];
    for (lanes, question) in answers.iter_mut().zip(questions) {
        if let Some(question) = question {
            block.answer(question, lanes);
        }
    }
    answers
}

/// The test of each node of a tree; `None` for leaves.
pub(super) fn questions(tree: &Tree, coder: &Coder) -> Vec<Option<Question>> {
    tree.nodes.iter().map(|node| node.split.as_ref().map(|split| coder.question(split))).collect()
}

impl Paths {
    /// The ways of a tree that has passed its check.
    pub(super) fn new(tree: &Tree) -> Self {
        let nodes = &tree.nodes;
        let mut shares = vec![1.0; nodes.len()];
        let mut parents = vec![None; nodes.len()];
        for (index, node) in nodes.iter().enumerate() {
            let Some(split) = &node.split else { continue };
            let (left, right) = (split.left as usize, split.right as usize);
            let cover = |child: usize| nodes.get(child).map_or(0.0, |node| f64::from(node.cover));
            let both = cover(left) + cover(right);
            // Not the parent's own cover, which single precision rounds: shares must add up to 1 exactly enough.
            let share = if both > 0.0 { cover(left) / both } else { 0.5 };
            for (child, share, side) in [(left, share, true), (right, 1.0 - share, false)] {
                if let (Some(slot), Some(parent)) = (shares.get_mut(child), parents.get_mut(child)) {
                    (*slot, *parent) = (share, Some((index, side)));
                }
            }
        }
        let mut all = Self { paths: Vec::new(), shares, parents, rule: Vec::new() };
        let leaves = nodes.iter().enumerate().filter(|(_, node)| node.split.is_none());
        all.paths = leaves.map(|(leaf, node)| all.path(tree, leaf, f64::from(node.value))).collect();
        all.rule = rule(all.paths.iter().map(|path| path.features.len()).max().unwrap_or(0));
        all
    }

    fn path(&self, tree: &Tree, leaf: usize, value: f64) -> Path {
        let mut edges = Vec::new();
        let mut node = leaf;
        while let Some((parent, left)) = self.parents.get(node).copied().flatten() {
            edges.push((parent, left, self.shares.get(node).copied().unwrap_or(1.0)));
            node = parent;
        }
        let mut path =
            Path { leaf, value, features: Vec::new(), shares: Vec::new(), steps: Vec::with_capacity(edges.len()) };
        for (node, left, share) in edges.into_iter().rev() {
            let Some(split) = tree.nodes.get(node).and_then(|node| node.split.as_ref()) else { continue };
            let feature = split.feature as usize;
            let slot = path.features.iter().position(|known| *known == feature).unwrap_or_else(|| {
                path.features.push(feature);
                path.shares.push(1.0);
                path.features.len() - 1
            });
            if let Some(product) = path.shares.get_mut(slot) {
                *product *= share;
            }
            path.steps.push(Step { node, left, slot });
        }
        path
    }

    /// The tree's mean value over cover.
    pub(super) fn expected(&self) -> f64 {
        self.paths.iter().map(|path| path.value * path.shares.iter().product::<f64>()).sum()
    }

    /// Adds the tree's interactions of each pair of different features to `out`, features × features:
    /// `½ v (o_i − z_i)(o_j − z_j) ∫ Π_{k≠i,j} (t·o_k + (1 − t)·z_k) dt`.
    pub(super) fn add_interactions(&self, answers: &[Lanes], lane: usize, features: usize, out: &mut [f64]) {
        let mut known: Vec<f64> = Vec::new();
        let mut ratios: Vec<f64> = Vec::new();
        for path in self.paths.iter().filter(|path| path.features.len() > 1) {
            known.clear();
            known.resize(path.features.len(), 1.0);
            for step in &path.steps {
                let left = answers.get(step.node).and_then(|lanes| lanes.get(lane)).is_some_and(|left| *left > 0);
                if let Some(known) = known.get_mut(step.slot).filter(|_| left != step.left) {
                    *known = 0.0;
                }
            }
            for (t, weight) in &self.rule {
                ratios.clear();
                let mut product = 0.5 * weight * path.value;
                for (known, share) in known.iter().zip(&path.shares) {
                    let factor = t * known + (1.0 - t) * share;
                    product *= factor;
                    ratios.push(if factor > 0.0 { (known - share) / factor } else { 0.0 });
                }
                for (place, (feature, ratio)) in path.features.iter().zip(&ratios).enumerate() {
                    for (other, other_ratio) in path.features.iter().zip(&ratios).skip(place + 1) {
                        let together = product * ratio * other_ratio;
                        for cell in [feature * features + other, other * features + feature] {
                            if let Some(cell) = out.get_mut(cell) {
                                *cell += together;
                            }
                        }
                    }
                }
            }
        }
    }
}
