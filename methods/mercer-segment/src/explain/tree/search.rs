//! The search for the shape of a tree: a beam over its upper questions, every pair of questions counted below.

use std::sync::Arc;

use rayon::prelude::*;

use super::columns::{Binned, Left, Table};

/// Only the most telling columns are searched: pairs grow with their square.
const SEARCHED_COLUMNS: usize = 6;
/// Counting steps a search may take, about a second's part; narrower beams are used where the table is wider.
const WORK: f64 = 2e7;
/// How many first questions are followed at the upper levels, widest first.
const BEAMS: [&[usize]; 6] = [&[24, 10, 5, 2], &[20, 8, 4], &[12, 6, 2], &[10, 4], &[8, 2], &[6]];

/// A tree of cuts.
#[derive(Debug, Clone)]
pub(super) enum Plan {
    Leaf,
    Split {
        /// Position of the column in the table.
        column: usize,
        /// Position among the column's fine cuts.
        cut: usize,
        left: Arc<Plan>,
        right: Arc<Plan>,
    },
}

/// The best plan found for a number of leaves, and its weighted count of customers given their segment.
type Best = (u64, Arc<Plan>);

/// For 1, 2, … `leaves` leaves the best plan found with at most so many.
pub(super) fn search(table: &Table, leaves: usize, weights: &[u64]) -> Vec<Arc<Plan>> {
    let columns: Vec<&Binned> = table.columns.iter().take(SEARCHED_COLUMNS).map(|column| &column.coarse).collect();
    let cuts: usize = columns.iter().map(|column| column.cuts.len()).sum();
    let counting = (table.rows() * columns.len() * columns.len()) as f64;
    let scanning = (cuts * cuts * 2 * table.segments) as f64;
    let work = |beam: &&&[usize]| {
        // Each level parts the rows of the one above among its candidates' two sides.
        let (mut nodes, mut passes) = (1.0, 1.0);
        let (mut all_nodes, mut all_passes) = (1.0, 1.0);
        for width in **beam {
            nodes *= 2.0 * *width as f64;
            passes *= *width as f64;
            all_nodes += nodes;
            all_passes += passes;
        }
        // Small nodes have few cuts that leave enough on both sides: a quarter on the average.
        all_nodes * scanning / 4.0 + all_passes * counting <= WORK
    };
    let beam = BEAMS.iter().find(work).copied().unwrap_or(&[4]);
    let rows: Vec<u32> = (0..u32::try_from(table.rows()).unwrap_or(u32::MAX)).collect();
    let searcher = Searcher { table, columns, weights, least: table.least_side() };
    searcher.solve(&rows, leaves, beam).into_iter().map(|(_, plan)| plan).collect()
}

struct Searcher<'a> {
    table: &'a Table,
    columns: Vec<&'a Binned>,
    weights: &'a [u64],
    least: u64,
}

/// A first question with the best single further question on either side.
struct Pair {
    column: usize,
    cut: usize,
    left: Stump,
    right: Stump,
}

/// The best question on one side, or none.
#[derive(Clone, Copy)]
struct Stump {
    as_leaf: u64,
    value: u64,
    question: Option<(usize, usize)>,
}

impl Searcher<'_> {
    /// Best plans of these rows with at most 1, 2, … `leaves` leaves.
    fn solve(&self, rows: &[u32], leaves: usize, beam: &[usize]) -> Vec<Best> {
        let mut counts = vec![0_u64; self.table.segments];
        for row in rows {
            counts[self.table.labels[*row as usize] as usize] += 1;
        }
        let leaf = (self.majority(&counts), Arc::new(Plan::Leaf));
        let mut best = vec![leaf; leaves];
        let is_pure = counts.iter().filter(|count| **count > 0).count() <= 1;
        if leaves < 2 || is_pure || (rows.len() as u64) < 2 * self.least {
            return best;
        }
        let pairs = self.pairs(rows, &counts);
        for pair in &pairs {
            self.offer_pair(&mut best, pair);
        }
        if let Some((width, deeper)) = beam.split_first()
            && leaves > 3
        {
            let follow = |pair: &&Pair| {
                let (left, right) = self.part(rows, pair);
                let (left, right) = (self.solve(&left, leaves - 1, deeper), self.solve(&right, leaves - 1, deeper));
                (pair.column, pair.cut, left, right)
            };
            let chosen = self.candidates(&pairs, *width);
            let followed: Vec<_> = chosen.par_iter().map(follow).collect();
            for (column, cut, left, right) in &followed {
                self.offer_sides(&mut best, *column, *cut, left, right);
            }
        }
        best
    }

    fn majority(&self, counts: &[u64]) -> u64 {
        counts.iter().zip(self.weights).map(|(count, weight)| count * weight).max().unwrap_or(0)
    }

    fn part(&self, rows: &[u32], pair: &Pair) -> (Vec<u32>, Vec<u32>) {
        let column = self.columns[pair.column];
        let cut = &column.cuts[pair.cut];
        rows.iter().partition(|row| column.is_left(cut, column.bins[**row as usize]))
    }

    /// Every first question with the best second ones: all counts come from the joint counts of two columns' bins.
    fn pairs(&self, rows: &[u32], counts: &[u64]) -> Vec<Pair> {
        let segments = self.table.segments;
        let mut starts = Vec::with_capacity(self.columns.len());
        let mut width = 0;
        for column in &self.columns {
            starts.push(width);
            width += (usize::from(column.count) + 1) * segments;
        }
        let mut all = vec![0_u64; width];
        let mut pairs = Vec::new();
        for (first, column) in self.columns.iter().enumerate() {
            let bins = usize::from(column.count) + 1;
            // joint[bin of the first column][bin of any column][segment]
            let mut joint = vec![0_u32; bins * width];
            for row in rows {
                let row = *row as usize;
                let label = self.table.labels[row] as usize;
                let here = usize::from(column.bins[row]) * width;
                for (other, start) in self.columns.iter().zip(&starts) {
                    joint[here + start + usize::from(other.bins[row]) * segments + label] += 1;
                }
            }
            if first == 0 {
                for row in joint.chunks_exact(width) {
                    add(&mut all, row);
                }
            }
            for_each_cut(column, &joint, width, |cut, left| {
                // Any column's bins together hold all customers on the left: those of the first one.
                let mut of_left = vec![0_u64; segments];
                for bin in left[..starts.get(1).copied().unwrap_or(width)].chunks_exact(segments) {
                    add(&mut of_left, bin);
                }
                let size: u64 = of_left.iter().sum();
                if size < self.least || rows.len() as u64 - size < self.least {
                    return;
                }
                let of_right: Vec<u64> = counts.iter().zip(&of_left).map(|(all, left)| all - left).collect();
                let right: Vec<u64> = all.iter().zip(left).map(|(all, left)| all - left).collect();
                pairs.push(Pair {
                    column: first,
                    cut,
                    left: self.stump(left, &of_left, &starts),
                    right: self.stump(&right, &of_right, &starts),
                });
            });
        }
        pairs
    }

    /// The best single question, given the counts by bin and segment of all columns.
    fn stump(&self, counts: &[u64], total: &[u64], starts: &[usize]) -> Stump {
        let segments = self.table.segments;
        let as_leaf = self.majority(total);
        let size: u64 = total.iter().sum();
        let mut best = Stump { as_leaf, value: as_leaf, question: None };
        if size < 2 * self.least || total.iter().filter(|count| **count > 0).count() <= 1 {
            return best;
        }
        for (index, (column, start)) in self.columns.iter().zip(starts).enumerate() {
            let end = start + (usize::from(column.count) + 1) * segments;
            for_each_cut(column, &counts[*start..end], segments, |cut, left| {
                let (mut heaviest_left, mut heaviest_right, mut of_left) = (0, 0, 0);
                for ((count, total), weight) in left.iter().zip(total).zip(self.weights) {
                    of_left += count;
                    heaviest_left = heaviest_left.max(count * weight);
                    heaviest_right = heaviest_right.max((total - count) * weight);
                }
                let value = heaviest_left + heaviest_right;
                if value > best.value && of_left >= self.least && size - of_left >= self.least {
                    best.value = value;
                    best.question = Some((index, cut));
                }
            });
        }
        best
    }

    /// The most promising first questions: by what two levels reach, without near-copies of one already taken.
    fn candidates<'p>(&self, pairs: &'p [Pair], width: usize) -> Vec<&'p Pair> {
        let mut ranked: Vec<&Pair> = pairs.iter().collect();
        ranked.sort_by_key(|pair| std::cmp::Reverse(pair.left.value + pair.right.value));
        let mut chosen: Vec<&Pair> = Vec::new();
        for pair in ranked {
            if chosen.len() == width {
                break;
            }
            let is_copy = |other: &&Pair| {
                let near = matches!(self.columns[pair.column].cuts[pair.cut].left, Left::UpTo(_));
                other.column == pair.column && near && other.cut.abs_diff(pair.cut) <= 1
            };
            if !chosen.iter().any(is_copy) {
                chosen.push(pair);
            }
        }
        chosen
    }

    fn offer_pair(&self, best: &mut [Best], pair: &Pair) {
        let (left, right) = (&pair.left, &pair.right);
        for (leaves, value, keep_left, keep_right) in [
            (2, left.as_leaf + right.as_leaf, false, false),
            (3, left.value + right.as_leaf, true, false),
            (3, left.as_leaf + right.value, false, true),
            (4, left.value + right.value, true, true),
        ] {
            let needed = best.iter().skip(leaves - 1).any(|best| best.0 < value);
            if needed {
                let plan = self.split(
                    pair.column,
                    pair.cut,
                    self.stump_plan(left, keep_left),
                    self.stump_plan(right, keep_right),
                );
                offer(best, leaves, value, &plan);
            }
        }
    }

    fn stump_plan(&self, stump: &Stump, keep: bool) -> Arc<Plan> {
        match stump.question {
            Some((column, cut)) if keep => self.split(column, cut, Arc::new(Plan::Leaf), Arc::new(Plan::Leaf)),
            _ => Arc::new(Plan::Leaf),
        }
    }

    fn offer_sides(&self, best: &mut [Best], column: usize, cut: usize, left: &[Best], right: &[Best]) {
        for leaves in 2..=best.len() {
            for of_left in 1..leaves {
                let (Some(left), Some(right)) = (left.get(of_left - 1), right.get(leaves - of_left - 1)) else {
                    continue;
                };
                let value = left.0 + right.0;
                if best.get(leaves - 1).is_some_and(|best| best.0 < value) {
                    let plan = self.split(column, cut, Arc::clone(&left.1), Arc::clone(&right.1));
                    offer(best, leaves, value, &plan);
                }
            }
        }
    }

    fn split(&self, column: usize, cut: usize, left: Arc<Plan>, right: Arc<Plan>) -> Arc<Plan> {
        let cut = self.table.columns[column].fine_of_coarse[cut];
        Arc::new(Plan::Split { column, cut, left, right })
    }
}

/// Takes a plan where it is better than what so many leaves, or more, have reached.
fn offer(best: &mut [Best], leaves: usize, value: u64, plan: &Arc<Plan>) {
    for best in best.iter_mut().skip(leaves - 1).filter(|best| best.0 < value) {
        *best = (value, Arc::clone(plan));
    }
}

/// Calls with each cut and the sums of the bins left of it, where `counts` holds `width` counts for each bin.
fn for_each_cut<C: Copy + Into<u64>>(column: &Binned, counts: &[C], width: usize, mut work: impl FnMut(usize, &[u64])) {
    let bin = |bin: usize| &counts[bin * width..(bin + 1) * width];
    let missing = usize::from(column.count);
    let mut sums = vec![0_u64; width];
    let mut reached = 0;
    let mut both = Vec::new();
    for (index, cut) in column.cuts.iter().enumerate() {
        match cut.left {
            Left::UpTo(last) => {
                for next in reached..=usize::from(last) {
                    add(&mut sums, bin(next));
                }
                reached = reached.max(usize::from(last) + 1);
            }
            Left::Among(set) => {
                sums.fill(0);
                for level in (0..missing.min(64)).filter(|level| set >> level & 1 == 1) {
                    add(&mut sums, bin(level));
                }
            }
        }
        if cut.missing_left {
            both.clone_from(&sums);
            add(&mut both, bin(missing));
            work(index, &both);
        } else {
            work(index, &sums);
        }
    }
}

fn add<C: Copy + Into<u64>>(sums: &mut [u64], counts: &[C]) {
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum += (*count).into();
    }
}
