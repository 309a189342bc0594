//! The best division of a budget over curves that may pick up before they wear off, by branch and bound on their tables.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::table::{Corner, Table};

/// The search ends where nothing left can be better by more than this share.
const TOLERANCE: f64 = 2e-5;
/// Corners looked at in all before the search gives up proving.
const MOST_CORNERS: usize = 40_000_000;

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// Spend of each block.
    pub(super) spends: Vec<f64>,
    /// Return of the last unit of money.
    pub(super) multiplier: f64,
    /// No division returns more than this.
    pub(super) bound: f64,
}

/// Divides `budget` over the tables' curves, none before its first or past its last point.
///
/// Above each curve lies a concave one, over which money is divided exactly by taking the steepest pieces first. That bounds what is
/// possible; where the division leaves a curve for the line above it, the curve's range is cut in two there, and both halves are
/// bounded anew. With one shared constraint at most one curve is left in this way at a time, so that few cuts are needed.
///
/// `None` where the tables cannot take the budget.
///
/// Source: Falk & Soland (1969), An algorithm for separable nonconvex programming problems, Management Science 15, 550–569.
pub(super) fn search(tables: &[Table], budget: f64) -> Option<Found> {
    let ranges: Vec<(usize, usize)> = tables.iter().map(|table| (0, table.last())).collect();
    let root = Node::new(tables, ranges, budget, 0)?;
    let corners = tables.iter().map(|table| 2 * table.last() + 1).sum::<usize>();
    let most_nodes = (MOST_CORNERS / corners.max(1)).max(3);
    let mut best = (root.value, root.spends.clone(), root.multiplier);
    // The highest bound among nodes that cannot be cut further.
    let mut bound = f64::NEG_INFINITY;
    let (mut open, mut count) = (BinaryHeap::from([root]), 1);
    while let Some(node) = open.pop() {
        if node.bound <= best.0 + TOLERANCE * best.0.abs() || count >= most_nodes {
            bound = bound.max(node.bound);
            break;
        }
        let Some((block, at)) = node.cut(tables) else {
            bound = bound.max(node.bound);
            continue;
        };
        for half in 0..2 {
            let mut ranges = node.ranges.clone();
            if let Some(range) = ranges.get_mut(block) {
                *range = if half == 0 { (range.0, at) } else { (at, range.1) };
            }
            count += 1;
            if let Some(child) = Node::new(tables, ranges, budget, count) {
                if child.value > best.0 {
                    best = (child.value, child.spends.clone(), child.multiplier);
                }
                open.push(child);
            }
        }
    }
    let (value, spends, multiplier) = best;
    Some(Found { spends, multiplier, bound: bound.max(value) })
}

/// A part of the divisions, each block within a range of its points, with the best division under the concave curves above.
#[derive(Debug, Clone, PartialEq)]
struct Node {
    ranges: Vec<(usize, usize)>,
    spends: Vec<f64>,
    /// By how much each concave curve lies above the true one at the division.
    gaps: Vec<f64>,
    multiplier: f64,
    bound: f64,
    value: f64,
    /// Number of the node: the earlier of two alike goes first.
    order: usize,
}

impl Node {
    fn new(tables: &[Table], ranges: Vec<(usize, usize)>, budget: f64, order: usize) -> Option<Self> {
        let envelopes: Vec<Vec<Corner>> =
            tables.iter().zip(&ranges).map(|(table, (from, to))| table.envelope(*from, *to)).collect();
        let (mut spends, mut above): (Vec<f64>, Vec<f64>) =
            envelopes.iter().map(|corners| corners.first().copied().unwrap_or_default()).unzip();
        let mut pieces: Vec<(f64, usize, f64)> = Vec::new();
        for (block, corners) in envelopes.iter().enumerate() {
            for (from, to) in corners.iter().zip(corners.iter().skip(1)) {
                pieces.push(((to.1 - from.1) / (to.0 - from.0), block, to.0 - from.0));
            }
        }
        // A stable sort: pieces of one curve keep their order.
        pieces.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let slack = 1e-9 * budget;
        let mut left = budget - spends.iter().sum::<f64>();
        if left < -slack {
            return None;
        }
        let mut multiplier = pieces.first().map_or(0.0, |piece| piece.0);
        for (slope, block, width) in &pieces {
            if left <= 0.0 {
                break;
            }
            let taken = width.min(left);
            if let (Some(spend), Some(value)) = (spends.get_mut(*block), above.get_mut(*block)) {
                *spend += taken;
                *value += slope * taken;
            }
            left -= taken;
            multiplier = *slope;
        }
        if left > slack {
            return None;
        }
        let values: Vec<f64> = tables.iter().zip(&spends).map(|(table, spend)| table.value(*spend)).collect();
        let gaps = above.iter().zip(&values).map(|(above, value)| above - value).collect();
        let (bound, value) = (above.iter().sum(), values.iter().sum());
        Some(Self { ranges, spends, gaps, multiplier, bound, value, order })
    }

    /// Where to cut: the block whose curve the division leaves by most, among those that pick up within their range, at the point next
    /// to its spend. `None` where no cut is left.
    fn cut(&self, tables: &[Table]) -> Option<(usize, usize)> {
        let each = self.gaps.iter().zip(&self.ranges).zip(tables).enumerate();
        let bent = each.filter(|(_, ((_, (from, to)), table))| to - from > 1 && !table.is_concave_within(*from, *to));
        let (block, ((gap, (from, to)), table)) = bent.max_by(|a, b| a.1.0.0.total_cmp(b.1.0.0))?;
        if *gap <= 0.0 {
            return None;
        }
        let spend = self.spends.get(block).copied()?;
        let cell = table.cell(spend);
        let nearer = if spend - table.point(cell).0 <= table.point(cell + 1).0 - spend { cell } else { cell + 1 };
        Some((block, nearer.clamp(from + 1, to - 1)))
    }
}

impl Eq for Node {}

impl Ord for Node {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bound.total_cmp(&other.bound).then(other.order.cmp(&self.order))
    }
}

impl PartialOrd for Node {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
