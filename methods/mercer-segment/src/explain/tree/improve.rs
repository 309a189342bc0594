//! From a planned tree to a better one: each question in turn chosen anew given all others, on fine and round thresholds.

use std::sync::Arc;

use super::Node;
use super::columns::{Binned, Cut, Left, Table};
use super::search::Plan;

/// Share of the customers worth giving up for one significant digit, or one named level, less in a question.
const WORTH_A_DIGIT: f64 = 0.000_5;
/// Rounds over all questions; most trees settle within five.
const ROUNDS: usize = 12;

/// A tree on binned columns.
#[derive(Debug, Clone)]
pub(super) struct Sketch {
    nodes: Vec<Knot>,
}

/// A node of a sketch; children stand behind their parent.
#[derive(Debug, Clone, Copy)]
enum Knot {
    Split { column: usize, cut: Cut, left: usize, right: usize },
    Leaf(usize),
}

/// The best of the plans after improvement, where each leaf beyond a smaller tree's must add `worth_a_leaf` of the customers.
pub(super) fn improve(table: &Table, plans: &[Arc<Plan>], weights: &[u64], worth_a_leaf: f64) -> Sketch {
    let mut best: Option<(f64, Sketch)> = None;
    for plan in plans {
        let mut sketch = Sketch { nodes: Vec::new() };
        sketch.add(table, plan);
        let weighted = sketch.settle(table, weights);
        let leaves = sketch.nodes.iter().filter(|knot| matches!(knot, Knot::Leaf(_))).count();
        let value = weighted as f64 - leaves as f64 * worth_a_leaf * table.rows() as f64;
        if best.as_ref().is_none_or(|(most, _)| value > *most) {
            best = Some((value, sketch));
        }
    }
    best.map_or_else(|| Sketch { nodes: vec![Knot::Leaf(0)] }, |(_, sketch)| sketch)
}

impl Sketch {
    fn add(&mut self, table: &Table, plan: &Plan) -> usize {
        let here = self.nodes.len();
        self.nodes.push(Knot::Leaf(0));
        if let Plan::Split { column, cut, left, right } = plan {
            let cut = table.columns[*column].fine.cuts[*cut];
            let left = self.add(table, left);
            let right = self.add(table, right);
            self.nodes[here] = Knot::Split { column: *column, cut, left, right };
        }
        here
    }

    /// Chooses every question anew until none gets better; gives the weighted count of customers given their segment.
    fn settle(&mut self, table: &Table, weights: &[u64]) -> u64 {
        let all: Vec<u32> = (0..u32::try_from(table.rows()).unwrap_or(u32::MAX)).collect();
        self.label(table, weights, 0, &all);
        for _ in 0..ROUNDS {
            let mut changed = false;
            // Lower questions first: they settle what the upper ones choose between.
            for at in (0..self.nodes.len()).rev() {
                let rows = self.rows_at(table, at, &all);
                changed |= self.ask_anew(table, weights, at, &rows);
            }
            if !changed {
                break;
            }
            self.label(table, weights, 0, &all);
        }
        self.label(table, weights, 0, &all)
    }

    /// Gives each leaf the segment that weighs most among its rows; returns that weight over all leaves.
    fn label(&mut self, table: &Table, weights: &[u64], at: usize, rows: &[u32]) -> u64 {
        match self.nodes[at] {
            Knot::Split { column, cut, left, right } => {
                let binned = &table.columns[column].fine;
                let (of_left, of_right): (Vec<u32>, Vec<u32>) =
                    rows.iter().partition(|row| binned.is_left(&cut, binned.bins[**row as usize]));
                self.label(table, weights, left, &of_left) + self.label(table, weights, right, &of_right)
            }
            Knot::Leaf(_) => {
                let mut heavy = vec![0_u64; table.segments];
                for row in rows {
                    let label = table.labels[*row as usize] as usize;
                    heavy[label] += weights[label];
                }
                let most = heavy.iter().copied().max().unwrap_or(0);
                self.nodes[at] = Knot::Leaf(heavy.iter().position(|weight| *weight == most).unwrap_or(0));
                most
            }
        }
    }

    fn end_of(&self, table: &Table, mut at: usize, row: usize) -> usize {
        while let Knot::Split { column, cut, left, right } = self.nodes[at] {
            let binned = &table.columns[column].fine;
            at = if binned.is_left(&cut, binned.bins[row]) { left } else { right };
        }
        at
    }

    /// The rows that pass a node.
    fn rows_at(&self, table: &Table, target: usize, all: &[u32]) -> Vec<u32> {
        let passes = |row: usize| {
            let mut at = 0;
            loop {
                if at == target {
                    return true;
                }
                match self.nodes[at] {
                    // Children stand behind their parent: beyond the target it is not met any more.
                    Knot::Split { column, cut, left, right } if at < target => {
                        let binned = &table.columns[column].fine;
                        at = if binned.is_left(&cut, binned.bins[row]) { left } else { right };
                    }
                    _ => return false,
                }
            }
        };
        all.iter().copied().filter(|row| passes(*row as usize)).collect()
    }

    /// Chooses the question at a node that sends most customers to the side that gives them their segment.
    fn ask_anew(&mut self, table: &Table, weights: &[u64], at: usize, rows: &[u32]) -> bool {
        let Knot::Split { column: present_column, cut: present, left, right } = self.nodes[at] else { return false };
        let segment_at = |from: usize, row: usize| match self.nodes[self.end_of(table, from, row)] {
            Knot::Leaf(segment) => segment,
            Knot::Split { .. } => usize::MAX,
        };
        // Only customers for whom the side matters count: +weight where left is right, −weight where right is right.
        let mut stakes: Vec<(usize, i64)> = Vec::new();
        for row in rows {
            let row = *row as usize;
            let label = table.labels[row] as usize;
            let on_left = segment_at(left, row) == label;
            let on_right = segment_at(right, row) == label;
            if on_left != on_right {
                let weight = i64::try_from(weights[label]).unwrap_or(i64::MAX);
                stakes.push((row, if on_left { weight } else { -weight }));
            }
        }
        let digit = WORTH_A_DIGIT * table.rows() as f64;
        let mut best = (
            Self::gain(&table.columns[present_column].fine, &present, &stakes) - digit * f64::from(present.length),
            None,
        );
        for (index, column) in table.columns.iter().enumerate() {
            for_each_gain(&column.fine, &stakes, rows, |cut, gain, of_left| {
                let enough = of_left.min(rows.len() as u64 - of_left) >= table.least_side();
                let value = gain as f64 - digit * f64::from(cut.length);
                if enough && value > best.0 {
                    best = (value, Some((index, *cut)));
                }
            });
        }
        let Some((column, cut)) = best.1 else { return false };
        self.nodes[at] = Knot::Split { column, cut, left, right };
        true
    }

    fn gain(binned: &Binned, cut: &Cut, stakes: &[(usize, i64)]) -> f64 {
        stakes.iter().filter(|(row, _)| binned.is_left(cut, binned.bins[*row])).map(|(_, stake)| *stake).sum::<i64>()
            as f64
    }

    /// Customers given their segment, and the segments without a leaf.
    pub(super) fn judge(&self, table: &Table) -> (u64, Vec<usize>) {
        let mut right = 0;
        for (row, label) in table.labels.iter().enumerate() {
            right += u64::from(
                matches!(self.nodes[self.end_of(table, 0, row)], Knot::Leaf(segment) if segment == *label as usize),
            );
        }
        let has_leaf =
            |segment: usize| self.nodes.iter().any(|knot| matches!(knot, Knot::Leaf(leaf) if *leaf == segment));
        let mut is_there = vec![false; table.segments];
        for label in &table.labels {
            is_there[*label as usize] = true;
        }
        (right, (0..table.segments).filter(|segment| is_there[*segment] && !has_leaf(*segment)).collect())
    }

    /// The nodes with questions in the data's own units. Two leaves of one segment under a question become one.
    pub(super) fn nodes(&self, table: &Table) -> Vec<Node> {
        let mut counts = vec![(0_u64, 0_u64); self.nodes.len()];
        for (row, label) in table.labels.iter().enumerate() {
            let end = self.end_of(table, 0, row);
            counts[end].0 += 1;
            counts[end].1 += u64::from(matches!(self.nodes[end], Knot::Leaf(segment) if segment == *label as usize));
        }
        let mut nodes = Vec::new();
        self.write(table, 0, &counts, &mut nodes);
        nodes
    }

    /// The segment all leaves below a node share, with their counts.
    fn only_segment(&self, at: usize, counts: &[(u64, u64)]) -> Option<(usize, u64, u64)> {
        match self.nodes[at] {
            Knot::Leaf(segment) => Some((segment, counts[at].0, counts[at].1)),
            Knot::Split { left, right, .. } => {
                let (left, right) = (self.only_segment(left, counts)?, self.only_segment(right, counts)?);
                (left.0 == right.0).then_some((left.0, left.1 + right.1, left.2 + right.2))
            }
        }
    }

    fn write(&self, table: &Table, at: usize, counts: &[(u64, u64)], nodes: &mut Vec<Node>) -> usize {
        let here = nodes.len();
        if let Some((segment, customers, right)) = self.only_segment(at, counts) {
            let segment = u32::try_from(segment).unwrap_or(u32::MAX);
            nodes.push(Node::Leaf { segment, customers, right });
        } else if let Knot::Split { column, cut, left, right } = self.nodes[at] {
            nodes.push(Node::Leaf { segment: 0, customers: 0, right: 0 });
            let yes = self.write(table, left, counts, nodes);
            let no = self.write(table, right, counts, nodes);
            nodes[here] = Node::Split { question: table.columns[column].question(&cut), yes, no };
        }
        here
    }
}

/// Calls with each fine cut, the sum of the stakes left of it and how many rows are left of it.
fn for_each_gain(binned: &Binned, stakes: &[(usize, i64)], rows: &[u32], mut work: impl FnMut(&Cut, i64, u64)) {
    let bins = usize::from(binned.count) + 1;
    let (mut gains, mut sizes) = (vec![0_i64; bins], vec![0_u64; bins]);
    for (row, stake) in stakes {
        gains[usize::from(binned.bins[*row])] += stake;
    }
    for row in rows {
        sizes[usize::from(binned.bins[*row as usize])] += 1;
    }
    let missing = usize::from(binned.count);
    let (mut reached, mut gain, mut size) = (0, 0, 0);
    for cut in &binned.cuts {
        match cut.left {
            Left::UpTo(last) => {
                for bin in reached..=usize::from(last) {
                    gain += gains[bin];
                    size += sizes[bin];
                }
                reached = reached.max(usize::from(last) + 1);
            }
            Left::Among(set) => {
                (gain, size) = (0, 0);
                for level in (0..missing.min(64)).filter(|level| set >> level & 1 == 1) {
                    gain += gains[level];
                    size += sizes[level];
                }
            }
        }
        if cut.missing_left {
            work(cut, gain + gains[missing], size + sizes[missing]);
        } else {
            work(cut, gain, size);
        }
    }
}
