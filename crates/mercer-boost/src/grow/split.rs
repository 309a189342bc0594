//! The best split of a node, found in its histogram.

use crate::bins::Bins;
use crate::histogram::{Cell, Scale, Sums};
use crate::settings::{Direction, Settings};

/// Gains that are smaller than this share of the scores they are the difference of are rounding errors.
const ROUNDING: f64 = 1e-12;

/// A set of bins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct BinSet([u64; 4]);

impl BinSet {
    /// Whether `bin` is in it.
    pub(crate) fn contains(&self, bin: u8) -> bool {
        (self.0[usize::from(bin >> 6)] >> (bin & 63)) & 1 == 1
    }

    /// The bins below `end`.
    fn below(end: usize) -> Self {
        let mut set = Self::default();
        (0..end).for_each(|bin| set.toggle(bin));
        set
    }

    /// Puts a bin in, or takes it out.
    fn toggle(&mut self, bin: usize) {
        self.0[(bin >> 6) & 3] ^= 1 << (bin & 63);
    }
}

/// A split that could be made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Candidate {
    /// The improvement of the objective, twice that of the second-order expansion (XGBoost's `loss_chg`).
    pub(crate) gain: f64,
    /// The column.
    pub(crate) column: usize,
    /// Of numbers: those in bins below this one go left.
    pub(crate) threshold: usize,
    /// The bins of rows that go left.
    pub(crate) left: BinSet,
    /// Whether missing values go left.
    pub(crate) missing_left: bool,
    /// The sums of the rows that go left.
    pub(crate) left_cell: Cell,
    /// The children's weights are ordered thus.
    pub(crate) direction: Direction,
    /// The L2 penalty on the children's weights.
    pub(crate) lambda: f64,
}

/// What a node knows of itself when a split is looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// The sums of its rows.
    pub(crate) cell: Cell,
    /// The range that its weight must keep to.
    pub(crate) bounds: [f64; 2],
}

/// Looks for splits with fixed settings and scale.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Finder<'a> {
    /// How trees are grown.
    pub(crate) settings: &'a Settings,
    /// What the cells stand for.
    pub(crate) scale: Scale,
}

impl Finder<'_> {
    /// The weight of a leaf: the minimum of the penalised second-order expansion, within bounds (Chen & Guestrin 2016, eq. 5, with
    /// an L1 penalty as well).
    pub(crate) fn weight(&self, sums: Sums, lambda: f64, bounds: [f64; 2]) -> f64 {
        let curvature = sums.hessian + lambda;
        let weight = if curvature > 0.0 { -self.shrunk(sums.gradient) / curvature } else { 0.0 };
        weight.max(bounds[0]).min(bounds[1])
    }

    /// The gradient, moved towards 0 by the L1 penalty.
    fn shrunk(&self, gradient: f64) -> f64 {
        let alpha = self.settings.alpha;
        if alpha == 0.0 { gradient } else { (gradient.abs() - alpha).max(0.0).copysign(gradient) }
    }

    /// Twice by how much a leaf lowers the objective.
    fn score(&self, sums: Sums, lambda: f64, bounds: [f64; 2]) -> f64 {
        let shrunk = self.shrunk(sums.gradient);
        let curvature = sums.hessian + lambda;
        if curvature <= 0.0 {
            return 0.0;
        }
        let free = -shrunk / curvature;
        if free >= bounds[0] && free <= bounds[1] {
            return shrunk * shrunk / curvature;
        }
        let weight = free.max(bounds[0]).min(bounds[1]);
        -(2.0 * (sums.gradient * weight + self.settings.alpha * weight.abs()) + curvature * weight * weight)
    }

    fn large_enough(&self, sums: Sums) -> bool {
        sums.rows >= self.settings.min_rows && sums.hessian >= self.settings.min_child_weight && sums.hessian > 0.0
    }

    /// Whether a node of these sums could have two children that are large enough.
    pub(crate) fn may_split(&self, cell: Cell) -> bool {
        let sums = self.scale.sums(cell);
        sums.rows / 2 >= self.settings.min_rows && sums.hessian >= 2.0 * self.settings.min_child_weight
    }

    /// Twice the gain of both children, before the parent's own score; `None` where they may not be.
    fn children(&self, left: Sums, right: Sums, place: &Place, lambda: f64, direction: Direction) -> Option<f64> {
        if !self.large_enough(left) || !self.large_enough(right) {
            return None;
        }
        if direction != Direction::Free {
            let weights = [left, right].map(|sums| self.weight(sums, lambda, place.bounds));
            let wrong = if direction == Direction::Rising { weights[0] > weights[1] } else { weights[0] < weights[1] };
            if wrong {
                return None;
            }
        }
        Some(self.score(left, lambda, place.bounds) + self.score(right, lambda, place.bounds))
    }

    /// The best split of a node by one column, whose `cells` hold the node's sums by bin, missing values last.
    pub(crate) fn best_of_column(&self, column: usize, of: &Bins, cells: &[Cell], place: &Place) -> Option<Candidate> {
        let (missing, cells) = cells.split_last()?;
        let mut best = match of {
            Bins::Numbers { bounded, .. } => self.best_threshold(column, *bounded, cells, *missing, place)?,
            Bins::Categories { .. } => self.best_categories(column, cells, *missing, place)?,
        };
        let parent = self.score(self.scale.sums(place.cell), self.settings.lambda, place.bounds);
        let children = best.gain;
        best.gain -= parent;
        (best.gain > self.settings.min_gain && best.gain > ROUNDING * (children + parent)).then_some(best)
    }

    fn best_threshold(
        &self,
        column: usize,
        bounded: bool,
        cells: &[Cell],
        missing: Cell,
        place: &Place,
    ) -> Option<Candidate> {
        let lambda = self.settings.lambda;
        let wanted = self.settings.directions.get(column).copied().unwrap_or_default();
        let (mut best, mut found): (f64, Option<(usize, bool, Cell)>) = (f64::NEG_INFINITY, None);
        for missing_left in [false, true] {
            if missing_left && missing.is_empty() {
                break;
            }
            let mut left = if missing_left { missing } else { Cell::default() };
            // Missing values against all others, as a threshold below every number.
            if missing_left && bounded {
                let sums = [left, place.cell - left].map(|cell| self.scale.sums(cell));
                if let Some(children) = self.children(sums[0], sums[1], place, lambda, Direction::Free)
                    && children > best
                {
                    (best, found) = (children, Some((0, true, left)));
                }
            }
            for (bin, cell) in cells.iter().enumerate() {
                if cell.is_empty() {
                    continue;
                }
                left += *cell;
                let sums = self.scale.sums(left);
                if !self.large_enough(sums) {
                    continue;
                }
                let right = self.scale.sums(place.cell - left);
                if !self.large_enough(right) || bin + 1 == cells.len() {
                    break;
                }
                if let Some(children) = self.children(sums, right, place, lambda, wanted)
                    && children > best
                {
                    (best, found) = (children, Some((bin + 1, missing_left, left)));
                }
            }
        }
        let (threshold, missing_left, left_cell) = found?;
        let missing_left = if missing.is_empty() { self.heavier(left_cell, place) } else { missing_left };
        let mut left = BinSet::below(threshold);
        if missing_left {
            left.toggle(cells.len());
        }
        let direction = if threshold == 0 { Direction::Free } else { wanted };
        Some(Candidate { gain: best, column, threshold, left, missing_left, left_cell, direction, lambda })
    }

    /// Whether the left child is at least as heavy as the right: where missing values go if the node has none.
    fn heavier(&self, left: Cell, place: &Place) -> bool {
        self.scale.sums(left).hessian >= self.scale.sums(place.cell - left).hessian
    }

    /// Of all ways to part the categories in two, the best keeps their order by mean derivative (Fisher 1958), so only the cuts of
    /// that order are tried. Missing values, and with them categories that the node has not seen, are always on the left.
    fn best_categories(&self, column: usize, cells: &[Cell], missing: Cell, place: &Place) -> Option<Candidate> {
        let lambda = self.settings.lambda + self.settings.category_lambda;
        let order = self.order_of(cells);
        let mut best: Option<(f64, usize, bool, Cell)> = None;
        let mut first = Cell::default();
        for end in 0..order.len() {
            if let Some(bin) = end.checked_sub(1).and_then(|last| order.get(last)) {
                first += cells[*bin];
            }
            // The rows of the categories before the cut, and those with the missing ones.
            let mut with_missing = first;
            with_missing += missing;
            for (low_left, left) in [(true, with_missing), (false, place.cell - first)] {
                // Where nothing is missing one of the two is the same split again; with no category on its side, neither is one.
                if (missing.is_empty() && low_left) || (end == 0 && !low_left) {
                    continue;
                }
                let sums = [left, place.cell - left].map(|cell| self.scale.sums(cell));
                if let Some(children) = self.children(sums[0], sums[1], place, lambda, Direction::Free)
                    && best.is_none_or(|(best, ..)| children > best)
                {
                    best = Some((children, end, low_left, left));
                }
            }
        }
        let (gain, end, mut low_left, mut left_cell) = best?;
        if missing.is_empty() && !self.heavier(left_cell, place) {
            (low_left, left_cell) = (!low_left, place.cell - left_cell);
        }
        let (low, high) = order.split_at(end);
        let mut left = BinSet::below(cells.len() + 1);
        (if low_left { high } else { low }).iter().for_each(|bin| left.toggle(*bin));
        let direction = Direction::Free;
        Some(Candidate { gain, column, threshold: 0, left, missing_left: true, left_cell, direction, lambda })
    }

    /// The bins that the node has rows in, by rising mean derivative; those of few rows are kept to the middle by the smoothing.
    fn order_of(&self, cells: &[Cell]) -> Vec<usize> {
        let mut keyed: Vec<(f64, usize)> = (0..cells.len())
            .filter(|bin| !cells[*bin].is_empty())
            .map(|bin| {
                let sums = self.scale.sums(cells[bin]);
                let weight = sums.hessian + self.settings.category_smoothing;
                (if weight > 0.0 { sums.gradient / weight } else { 0.0 }, bin)
            })
            .collect();
        keyed.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        keyed.into_iter().map(|(_, bin)| bin).collect()
    }
}
