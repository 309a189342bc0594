//! Growing one tree.

mod split;

use std::collections::BinaryHeap;
use std::ops::Range;

use rayon::prelude::*;

use crate::bins::{Binned, Bins};
use crate::ensemble::{Node, Split, Test, Tree};
use crate::histogram::{Cell, Histograms, Layout, Scale, subtract};
use crate::settings::{Direction, Growth, Settings};
use split::{BinSet, Candidate, Finder, Place};

/// Cells of a histogram from which on its columns are searched on several threads.
const MANY_CELLS: usize = 1 << 15;

/// Rows a task when a node's rows are parted; fewer than two tasks are not worth other threads.
const BLOCK: usize = 1 << 16;

/// Memory for histograms of leaves that wait to be split; beyond, children are counted afresh rather than by subtraction.
const WAITING_BYTES: usize = 256 << 20;

/// Splits above a leaf up to which rows walk as far as the deepest leaf is away.
const SHALLOW: usize = 8;

/// A tree and what training must know about it beside.
#[derive(Debug)]
pub(crate) struct Grown {
    /// The tree, its values still to be set.
    pub(crate) tree: Tree,
    /// What each node would add to the margin at a learning rate of 1 if it were a leaf.
    pub(crate) weights: Vec<f64>,
    /// Of each node, where its rows lie among the rows that were learnt from.
    pub(crate) ranges: Vec<Range<usize>>,
    routes: Vec<Option<Route>>,
}

/// A node's question, asked of bins.
#[derive(Debug, Clone, Copy)]
struct Route {
    column: usize,
    left: BinSet,
    children: [usize; 2],
    direction: Direction,
}

/// Finds the leaves of rows that a tree did not grow from.
pub(crate) struct Router {
    /// One a node; a leaf leads to itself.
    hops: Vec<Hop>,
    /// The most splits above a leaf.
    depth: usize,
}

struct Hop {
    column: usize,
    left: BinSet,
    children: [usize; 2],
}

impl Router {
    /// The leaf that a row with these bins ends in. Every row takes as many steps as the deepest leaf is away, so that there is no
    /// end for the processor to guess, and it works on the next rows meanwhile.
    pub(crate) fn leaf(&self, bins: &[u8]) -> usize {
        let step = |node: usize| {
            let hop = &self.hops[node];
            hop.children[usize::from(!hop.left.contains(bins[hop.column]))]
        };
        if self.depth <= SHALLOW {
            return (0..self.depth).fold(0, |node, _| step(node));
        }
        let mut node = 0;
        while self.hops[node].children[0] != node {
            node = step(node);
        }
        node
    }
}

impl Grown {
    /// What sends rows to their leaves.
    pub(crate) fn router(&self) -> Router {
        let mut depths = vec![0; self.routes.len()];
        let hop = |(node, route): (usize, &Option<Route>)| match route {
            // Children stand behind their parents.
            Some(Route { column, left, children, .. }) => {
                children.iter().for_each(|child| depths[*child] = depths[node] + 1);
                Hop { column: *column, left: *left, children: *children }
            }
            None => Hop { column: 0, left: BinSet::default(), children: [node; 2] },
        };
        let hops = self.routes.iter().enumerate().map(hop).collect();
        Router { hops, depth: depths.into_iter().max().unwrap_or(0) }
    }

    /// Moves weights as little as their order under splits of a direction demands, from the root down.
    pub(crate) fn keep_order(&mut self) {
        let mut bounds = vec![[f64::NEG_INFINITY, f64::INFINITY]; self.weights.len()];
        for (node, route) in self.routes.iter().enumerate() {
            let Some(Route { children, direction, .. }) = route else { continue };
            let mut weights = children.map(|child| self.weights[child].max(bounds[node][0]).min(bounds[node][1]));
            let wrong = match direction {
                Direction::Free => false,
                Direction::Rising => weights[0] > weights[1],
                Direction::Falling => weights[0] < weights[1],
            };
            if wrong {
                weights = [f64::midpoint(weights[0], weights[1]); 2];
            }
            let ranges = bounds_of_children(*direction, weights, bounds[node]);
            for side in [0, 1] {
                (self.weights[children[side]], bounds[children[side]]) = (weights[side], ranges[side]);
            }
        }
    }
}

/// A node while its tree grows.
#[derive(Debug)]
struct Leaf {
    rows: Range<usize>,
    depth: u32,
    place: Place,
    /// Its weight as a leaf.
    weight: f64,
    /// Its best split, with its histogram if there was room for it.
    best: Option<(Candidate, Option<Vec<Cell>>)>,
}

/// A leaf in the queue of those to be split; the greatest is next.
#[derive(Debug, PartialEq)]
struct Waiting {
    priority: f64,
    node: usize,
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.priority.total_cmp(&other.priority).then(other.node.cmp(&self.node))
    }
}

/// Grows trees over the same rows; keeps memory from one to the next.
#[derive(Debug)]
pub(crate) struct Grower<'a> {
    binned: &'a Binned,
    settings: &'a Settings,
    histograms: Histograms,
    /// Bytes of histograms that may wait.
    room: usize,
    /// As long as the most rows of a node so far.
    scratch: Vec<u32>,
}

/// What a tree grows from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Derivatives<'c> {
    /// Of each row of the data.
    pub(crate) cells: &'c [Cell],
    /// What they stand for.
    pub(crate) scale: Scale,
}

impl<'a> Grower<'a> {
    /// Grows trees by these settings.
    pub(crate) fn new(binned: &'a Binned, settings: &'a Settings) -> Self {
        Self { binned, settings, histograms: Histograms::default(), room: WAITING_BYTES, scratch: Vec::new() }
    }

    /// Grows a tree from the derivatives of `rows`, which end up sorted by leaf; `None` where no split helps.
    pub(crate) fn grow(&mut self, layout: &Layout, derivatives: Derivatives<'_>, rows: &mut [u32]) -> Option<Grown> {
        let finder = Finder { settings: self.settings, scale: derivatives.scale };
        let mut total = Cell::default();
        rows.iter().for_each(|row| total += derivatives.cells[*row as usize]);
        let place = Place { cell: total, bounds: [f64::NEG_INFINITY, f64::INFINITY] };
        let weight = finder.weight(derivatives.scale.sums(total), self.settings.lambda, place.bounds);
        let mut nodes = vec![Leaf { rows: 0..rows.len(), depth: 0, place, weight, best: None }];
        let mut splits: Vec<Option<(Candidate, [usize; 2])>> = vec![None];
        let mut queue = BinaryHeap::new();
        if finder.may_split(total) {
            let histogram = self.histograms.build(self.binned, layout, rows, derivatives.cells);
            self.look(&finder, layout, &mut nodes, 0, histogram, &mut queue);
        }
        let mut leaves = 1;
        while leaves < self.settings.max_leaves
            && let Some(Waiting { node, .. }) = queue.pop()
        {
            let Some((candidate, histogram)) = nodes[node].best.take() else { continue };
            let (range, depth) = (nodes[node].rows.clone(), nodes[node].depth + 1);
            let left_rows = self.part(&candidate, &mut rows[range.clone()]);
            let middle = range.start + left_rows;
            let children = [nodes.len(), nodes.len() + 1];
            let pairs = self.children(&finder, &candidate, &nodes[node].place);
            for (rows, (place, weight)) in [range.start..middle, middle..range.end].into_iter().zip(pairs) {
                nodes.push(Leaf { rows, depth, place, weight, best: None });
                splits.push(None);
            }
            splits[node] = Some((candidate, children));
            leaves += 1;
            let last = leaves == self.settings.max_leaves || depth == self.settings.max_depth;
            let open = children.map(|child| !last && finder.may_split(nodes[child].place.cell));
            let built = self.count(
                layout,
                derivatives.cells,
                rows,
                &children.map(|child| nodes[child].rows.clone()),
                open,
                histogram,
            );
            for (child, histogram) in children.into_iter().zip(built) {
                if let Some(histogram) = histogram {
                    self.look(&finder, layout, &mut nodes, child, histogram, &mut queue);
                }
            }
        }
        for histogram in nodes.iter_mut().filter_map(|node| node.best.take()?.1) {
            self.histograms.give_back(histogram);
        }
        (leaves > 1).then(|| self.finish(&finder, &nodes, &splits))
    }

    /// The histograms of those of two children that are still open: the one of fewer rows is counted, the other what it leaves of
    /// the parent's.
    fn count(
        &mut self,
        layout: &Layout,
        cells: &[Cell],
        rows: &[u32],
        ranges: &[Range<usize>; 2],
        open: [bool; 2],
        parent: Option<Vec<Cell>>,
    ) -> [Option<Vec<Cell>>; 2] {
        let mut built = [None, None];
        let small = usize::from(ranges[1].len() < ranges[0].len());
        let large = 1 - small;
        if open[small] || (open[large] && parent.is_some()) {
            built[small] = Some(self.histograms.build(self.binned, layout, &rows[ranges[small].clone()], cells));
        }
        match (&built[small], parent) {
            (Some(child), Some(mut parent)) if open[large] => {
                subtract(&mut parent, child);
                built[large] = Some(parent);
            }
            (_, parent) => {
                if open[large] {
                    built[large] =
                        Some(self.histograms.build(self.binned, layout, &rows[ranges[large].clone()], cells));
                }
                parent.into_iter().for_each(|parent| self.histograms.give_back(parent));
            }
        }
        if !open[small]
            && let Some(unused) = built[small].take()
        {
            self.histograms.give_back(unused);
        }
        built
    }

    /// Finds a node's best split and puts it into the queue.
    fn look(
        &mut self,
        finder: &Finder<'_>,
        layout: &Layout,
        nodes: &mut [Leaf],
        node: usize,
        histogram: Vec<Cell>,
        queue: &mut BinaryHeap<Waiting>,
    ) {
        let place = nodes[node].place;
        let of = self.binned.columns();
        let search = |(column, cells): (usize, &[Cell])| finder.best_of_column(column, &of[column], cells, &place);
        let found: Vec<Option<Candidate>> = if histogram.len() < MANY_CELLS {
            layout.parts(&histogram).map(search).collect()
        } else {
            layout.parts(&histogram).collect::<Vec<_>>().into_par_iter().map(search).collect()
        };
        // The first column wins a draw.
        let best = found.into_iter().flatten().reduce(|best, next| if next.gain > best.gain { next } else { best });
        let Some(best) = best else { return self.histograms.give_back(histogram) };
        let priority = match self.settings.growth {
            Growth::DepthWise => -f64::from(nodes[node].depth),
            Growth::LeafWise => best.gain,
        };
        let kept = if queue.len() < self.room / (size_of::<Cell>() * histogram.len()) {
            Some(histogram)
        } else {
            self.histograms.give_back(histogram);
            None
        };
        nodes[node].best = Some((best, kept));
        queue.push(Waiting { priority, node });
    }

    /// The places and weights of the two children of a split. Where their values are ordered, the middle parts the ranges they and
    /// their descendants must keep to.
    fn children(&self, finder: &Finder<'_>, candidate: &Candidate, parent: &Place) -> [(Place, f64); 2] {
        let cells = [candidate.left_cell, parent.cell - candidate.left_cell];
        let weights = cells.map(|cell| finder.weight(finder.scale.sums(cell), candidate.lambda, parent.bounds));
        let bounds = bounds_of_children(candidate.direction, weights, parent.bounds);
        [0, 1].map(|side| (Place { cell: cells[side], bounds: bounds[side] }, weights[side]))
    }

    /// Sorts a node's rows into those that go left and those that go right, each in their order; how many go left.
    fn part(&mut self, candidate: &Candidate, rows: &mut [u32]) -> usize {
        let bins = self.binned.column(candidate.column);
        let lefts: [bool; 256] =
            std::array::from_fn(|bin| u8::try_from(bin).is_ok_and(|bin| candidate.left.contains(bin)));
        self.scratch.resize(self.scratch.len().max(rows.len()), 0);
        let scratch = &mut self.scratch[..rows.len()];
        let part = |rows: &mut [u32], right: &mut [u32]| {
            let (mut left, mut rights) = (0, 0);
            for place in 0..rows.len() {
                let row = rows[place];
                let goes_left = lefts[usize::from(bins[row as usize])];
                rows[left] = row;
                right[rights] = row;
                left += usize::from(goes_left);
                rights += usize::from(!goes_left);
            }
            rows[left..].copy_from_slice(&right[..rights]);
            left
        };
        if rows.len() < 2 * BLOCK {
            return part(rows, scratch);
        }
        let lefts: Vec<usize> = rows
            .par_chunks_mut(BLOCK)
            .zip(scratch.par_chunks_mut(BLOCK))
            .map(|(rows, right)| part(rows, right))
            .collect();
        let total = lefts.iter().sum();
        let (mut left, mut right) = (0, total);
        for (block, lefts) in rows.chunks(BLOCK).zip(lefts) {
            let rights = block.len() - lefts;
            scratch[left..left + lefts].copy_from_slice(&block[..lefts]);
            scratch[right..right + rights].copy_from_slice(&block[lefts..]);
            left += lefts;
            right += rights;
        }
        rows.copy_from_slice(scratch);
        total
    }

    fn finish(&self, finder: &Finder<'_>, nodes: &[Leaf], splits: &[Option<(Candidate, [usize; 2])>]) -> Grown {
        let asked =
            splits.iter().map(|split| split.as_ref().map(|(candidate, children)| self.question(candidate, *children)));
        let tree = nodes.iter().zip(asked).map(|(node, split)| Node {
            cover: single(finder.scale.sums(node.place.cell).hessian),
            value: 0.0,
            split,
        });
        let routes = splits.iter().map(|split| {
            let (Candidate { column, left, direction, .. }, children) = (*split)?;
            Some(Route { column, left, children, direction })
        });
        Grown {
            tree: Tree { nodes: tree.collect() },
            weights: nodes.iter().map(|node| node.weight).collect(),
            ranges: nodes.iter().map(|node| node.rows.clone()).collect(),
            routes: routes.collect(),
        }
    }

    /// A split as it is asked of values.
    #[allow(clippy::cast_possible_truncation, reason = "fewer columns and nodes than fill memory")]
    fn question(&self, candidate: &Candidate, [left, right]: [usize; 2]) -> Split {
        let test = match &self.binned.columns()[candidate.column] {
            Bins::Numbers { cuts, .. } => {
                let cut = candidate.threshold.checked_sub(1).and_then(|before| cuts.get(before));
                Test::Below(cut.copied().unwrap_or(f32::MIN))
            }
            Bins::Categories { codes } => {
                let right = codes.iter().zip(0_u8..).filter(|(_, bin)| !candidate.left.contains(*bin));
                Test::Among(right.map(|(code, _)| *code).collect())
            }
        };
        Split {
            feature: candidate.column as u32,
            test,
            missing_left: candidate.missing_left,
            left: left as u32,
            right: right as u32,
            gain: single(candidate.gain),
        }
    }
}

/// The ranges that the children's weights must keep to: where theirs are ordered, the middle between them parts their parent's.
fn bounds_of_children(direction: Direction, weights: [f64; 2], parent: [f64; 2]) -> [[f64; 2]; 2] {
    let middle = f64::midpoint(weights[0], weights[1]);
    let (low, high) = ([parent[0], middle], [middle, parent[1]]);
    match direction {
        Direction::Free => [parent, parent],
        Direction::Rising => [low, high],
        Direction::Falling => [high, low],
    }
}

#[allow(clippy::cast_possible_truncation, reason = "trees keep single precision")]
fn single(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::{Matrix, Values};

    #[test]
    fn without_room_for_histograms_trees_are_the_same() {
        let column = |factor: u32| (0..3_000_u32).map(|row| (row.wrapping_mul(factor) >> 20) as f32).collect();
        let columns = [2_654_435_761, 40_503_001, 97_654_321].map(|factor| Values::Numbers(column(factor)));
        let binned = Binned::new(&Matrix::new(3_000, columns.to_vec()).unwrap(), 64);
        let derivatives: Vec<[f64; 2]> =
            (0..3_000_u32).map(|row| [f64::from(binned.row(row)[0] ^ binned.row(row)[1]) - 30.0, 1.0]).collect();
        let scale = Scale::of(&derivatives);
        let cells: Vec<Cell> = derivatives.iter().map(|pair| scale.cell(*pair)).collect();
        let layout = Layout::new(&binned, vec![0, 1, 2]);
        let settings = Settings { max_depth: 6, ..Settings::default() };
        let grow = |room: usize| {
            let mut grower = Grower { room, ..Grower::new(&binned, &settings) };
            let mut rows: Vec<u32> = (0..3_000).collect();
            let grown = grower.grow(&layout, Derivatives { cells: &cells, scale }, &mut rows).unwrap();
            (grown.tree, grown.weights, rows)
        };
        let free = grow(WAITING_BYTES);
        assert!(free.0.nodes.len() > 40);
        // Room for none, and for some.
        assert!(free == grow(0) && free == grow(5 * layout.cells() * size_of::<Cell>()));
    }
}
