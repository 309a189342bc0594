//! Contributions of large trees: one pass down and one up for each row, in time proportional to nodes × depth.
//!
//! Going down, each node holds the product `Π (t·o_i + (1 − t)·z_i)` over the features above it, at the nodes `t` of the
//! quadrature; going up, the sum of its leaves' products times their values. A feature asked twice on a path has one
//! factor, so that an edge takes the feature's factor of the nearest edge above out and puts its own in.

use super::path::{Paths, answers, questions};
use crate::ensemble::{Node, Tree};
use crate::predict::codes::{Block, Coder, LANES, Lanes, Question};

/// An edge from a split to its child.
#[derive(Debug)]
struct Edge {
    parent: usize,
    left: bool,
    feature: usize,
    /// The node below the nearest edge above that asks about the same feature.
    above: Option<usize>,
    /// The shares of cover of the feature, with this edge and without it.
    share: f64,
    share_above: f64,
    /// The share of this edge alone.
    own_share: f64,
}

/// A large tree made ready.
#[derive(Debug)]
pub(super) struct Sweep {
    /// The edge above each node; `None` for the root.
    edges: Vec<Option<Edge>>,
    /// The value of each leaf; `None` for splits.
    values: Vec<Option<f64>>,
    questions: Vec<Option<Question>>,
    rule: Vec<(f64, f64)>,
}

/// What a known answer changes: the factors that the product gains, and the weights of the sum over leaves.
struct Effects {
    /// For each node and each node of the quadrature: new factor / old factor where the row still goes this way.
    stays: Vec<f64>,
    /// The same where it goes the other way at this edge.
    leaves: Vec<f64>,
    /// The contribution per unit of the leaves' sum, where it stays and where it leaves.
    gained: Vec<f64>,
    lost: Vec<f64>,
}

impl Sweep {
    pub(super) fn new(tree: &Tree, paths: &Paths, coder: &Coder) -> Self {
        let mut edges: Vec<Option<Edge>> = Vec::with_capacity(tree.nodes.len());
        for (index, parent) in paths.parents.iter().enumerate() {
            edges.push(parent.and_then(|(parent, left)| {
                let feature = tree.nodes.get(parent)?.split.as_ref()?.feature as usize;
                let edge_above = |node: usize| edges.get(node).and_then(Option::as_ref);
                let mut above = Some(parent);
                while let Some(edge) = above.and_then(edge_above).filter(|edge| edge.feature != feature) {
                    above = Some(edge.parent);
                }
                let above = above.filter(|node| edge_above(*node).is_some());
                let share_above = above.and_then(edge_above).map_or(1.0, |edge| edge.share);
                let own_share = paths.shares.get(index).copied().unwrap_or(1.0);
                Some(Edge { parent, left, feature, above, share: share_above * own_share, share_above, own_share })
            }));
        }
        let value = |node: &Node| node.split.is_none().then(|| f64::from(node.value));
        Self {
            edges,
            values: tree.nodes.iter().map(value).collect(),
            questions: questions(tree, coder),
            rule: paths.rule.clone(),
        }
    }

    fn effects(&self) -> Effects {
        let ratio = |upper: f64, lower: f64| if lower > 0.0 { upper / lower } else { 0.0 };
        let size = self.edges.len() * self.rule.len();
        let room = || Vec::with_capacity(size);
        let mut effects = Effects { stays: room(), leaves: room(), gained: room(), lost: room() };
        for edge in &self.edges {
            let (share, above) = edge.as_ref().map_or((1.0, 1.0), |edge| (edge.share, edge.share_above));
            for (t, _) in &self.rule {
                let (known, unknown) = (t + (1.0 - t) * share, (1.0 - t) * share);
                let before = t + (1.0 - t) * above;
                effects.stays.push(ratio(known, before));
                effects.leaves.push(ratio(unknown, before));
                effects.gained.push(ratio(1.0 - share, known) - ratio(1.0 - above, before));
                effects.lost.push(-ratio(share, unknown) - ratio(1.0 - above, before));
            }
        }
        effects
    }

    /// Adds the tree's contributions of each row of the block. `sums` has one entry a feature.
    pub(super) fn add(&self, block: &Block<'_>, sums: &mut [[f64; LANES]]) {
        let effects = self.effects();
        let answers = answers(block, &self.questions);
        let mut known = vec![true; self.edges.len()];
        let mut products = vec![1.0; self.edges.len() * self.rule.len()];
        for lane in 0..block.rows() {
            self.down(&effects, &answers, lane, &mut known, &mut products);
            self.up(&effects, lane, &known, &mut products, sums);
        }
    }

    /// Leaves in `known` for each node whether the row goes its way at the edge above and at all edges above that ask
    /// about the same feature, and in `products` the products of the factors.
    fn down(&self, effects: &Effects, answers: &[Lanes], lane: usize, known: &mut [bool], products: &mut [f64]) {
        let width = self.rule.len();
        products[..width].fill(1.0);
        for (index, edge) in self.edges.iter().enumerate() {
            let Some(edge) = edge else { continue };
            let known_above = edge.above.is_none_or(|above| known[above]);
            let this_way = (answers[edge.parent][lane] > 0) == edge.left;
            known[index] = known_above && this_way;
            let (before, rest) = products.split_at_mut(index * width);
            let from = &before[edge.parent * width..][..width];
            let to = &mut rest[..width];
            if known_above {
                let factors = if this_way { &effects.stays } else { &effects.leaves };
                for ((to, from), factor) in to.iter_mut().zip(from).zip(&factors[index * width..]) {
                    *to = from * factor;
                }
            } else {
                for (to, from) in to.iter_mut().zip(from) {
                    *to = from * edge.own_share;
                }
            }
        }
    }

    /// Turns the products into sums over the leaves below, from the last node to the first, and adds each edge's
    /// contribution.
    fn up(&self, effects: &Effects, lane: usize, known: &[bool], products: &mut [f64], sums: &mut [[f64; LANES]]) {
        let width = self.rule.len();
        for (products, value) in products.chunks_exact_mut(width).zip(&self.values) {
            match value {
                None => products.fill(0.0),
                Some(value) => {
                    for (product, (_, weight)) in products.iter_mut().zip(&self.rule) {
                        *product *= weight * value;
                    }
                }
            }
        }
        for (index, edge) in self.edges.iter().enumerate().rev() {
            let Some(edge) = edge else { continue };
            let (before, rest) = products.split_at_mut(index * width);
            let below = &rest[..width];
            // Where an edge above has made the feature's answer "no" already, this one changes nothing.
            if edge.above.is_none_or(|above| known[above]) {
                let effects = if known[index] { &effects.gained } else { &effects.lost };
                let terms = below.iter().zip(&effects[index * width..]).map(|(sum, effect)| sum * effect);
                sums[edge.feature][lane] += terms.sum::<f64>();
            }
            for (total, below) in before[edge.parent * width..].iter_mut().zip(below) {
                *total += below;
            }
        }
    }
}
