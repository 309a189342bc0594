//! A block's mean curve at chosen spends: where it bends which way, and the concave curve above it.

use mercer_base::{Error, Result};

use super::block::Block;
use super::curves::Curves;

/// Numbers closer than this, relatively, are taken as equal when a curve's bend is judged.
const ROUNDING: f64 = 1e-9;

/// How often a cell with a turning point is halved.
const HALVINGS: u32 = 8;

/// A point of a curve.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Point {
    spend: f64,
    value: f64,
    slope: f64,
}

/// How a curve bends between two neighbouring points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bend {
    /// Wears off; a straight line as well.
    Concave,
    /// Picks up.
    Convex,
    /// Has a turning point.
    Mixed,
}

/// A curve at points that lie closer at small spends, and where it turns.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Table {
    /// Spends, rising from the least to the most.
    pub(super) spends: Vec<f64>,
    /// Mean returns.
    pub(super) values: Vec<f64>,
    /// Mean marginal returns.
    pub(super) slopes: Vec<f64>,
    /// How the curve bends between each point and the next.
    pub(super) bends: Vec<Bend>,
}

/// A corner of a concave curve made of lines: (spend, return).
pub(super) type Corner = (f64, f64);

impl Table {
    /// The mean curve of a block in `cells` cells between its bounds; in none where they are the same.
    ///
    /// # Errors
    /// Where a return is not finite.
    pub(super) fn new(curves: &impl Curves, block: &Block, weights: Option<&[f64]>, cells: u32) -> Result<Self> {
        let width = block.high - block.low;
        let cells = if width > 0.0 { cells } else { 0 };
        let spends: Vec<f64> = (0..=cells)
            .map(|point| match point {
                0 => block.low,
                last if last == cells => block.high,
                point => block.low + width * (f64::from(point) / f64::from(cells)).powi(3),
            })
            .collect();
        let at = |spend: f64| {
            let (value, slope) = block.value_slope(curves, weights, spend);
            Point { spend, value, slope }
        };
        let mut table = Self::default();
        let mut points = spends.into_iter().map(at);
        table.extend(points.next(), None);
        for point in points {
            table.refine(point, &at, HALVINGS);
        }
        if table.values.iter().any(|value| !value.is_finite()) || table.slopes.iter().any(|slope| slope.is_nan()) {
            let units: Vec<usize> = block.units.iter().map(|(unit, _)| *unit).collect();
            return Err(Error::data(format!("the return of unit {units:?} is not finite within its bounds"))
                .with_hint("narrow its bounds, or look at the draws of its curve"));
        }
        Ok(table)
    }

    /// Adds a point farther right; where the curve turns on the way there, its middle first, so that a turning point lies in a short
    /// cell.
    fn refine(&mut self, point: Point, at: &impl Fn(f64) -> Point, halvings: u32) {
        let (spend, value, slope) = self.point(self.last());
        let bend = bend(Point { spend, value, slope }, point);
        if bend == Bend::Mixed && halvings > 0 && point.slope.is_finite() {
            self.refine(at(0.5 * (spend + point.spend)), at, halvings - 1);
            self.refine(point, at, halvings - 1);
        } else {
            self.extend(Some(point), Some(bend));
        }
    }

    fn extend(&mut self, point: Option<Point>, bend: Option<Bend>) {
        self.spends.extend(point.map(|point| point.spend));
        self.values.extend(point.map(|point| point.value));
        self.slopes.extend(point.map(|point| point.slope));
        self.bends.extend(bend);
    }

    /// Ends, as points, of all stretches in which the curve wears off.
    pub(super) fn stretches(&self) -> Vec<(usize, usize)> {
        let mut stretches: Vec<(usize, usize)> = Vec::new();
        for (cell, _) in self.bends.iter().enumerate().filter(|(_, bend)| **bend == Bend::Concave) {
            match stretches.last_mut() {
                Some((_, to)) if *to == cell => *to = cell + 1,
                _ => stretches.push((cell, cell + 1)),
            }
        }
        stretches
    }

    /// Corners above the curve where it turns.
    pub(super) fn above_turning_points(&self) -> impl Iterator<Item = Corner> {
        let turning = self.bends.iter().enumerate().filter(|(_, bend)| **bend == Bend::Mixed);
        turning.flat_map(|(cell, _)| self.above_turning_point(cell)).filter(|corner| corner.1.is_finite())
    }

    /// Each end of a cell, as high as the tangent at the other end is there: with one turning point between them, the curve lies below
    /// a line between these or between its own ends.
    fn above_turning_point(&self, cell: usize) -> [Corner; 2] {
        let ((x0, v0, s0), (x1, v1, s1)) = (self.point(cell), self.point(cell + 1));
        [(x0, v0.max(v1 - s1 * (x1 - x0))), (x1, v1.max(v0 + s0 * (x1 - x0)))]
    }

    /// Index of the last point.
    pub(super) fn last(&self) -> usize {
        self.spends.len().saturating_sub(1)
    }

    /// Whether the curve wears off all the way between two points.
    pub(super) fn is_concave_within(&self, from: usize, to: usize) -> bool {
        self.bends.get(from..to).unwrap_or_default().iter().all(|bend| *bend == Bend::Concave)
    }

    /// Whether the whole curve wears off.
    pub(super) fn is_concave(&self) -> bool {
        self.is_concave_within(0, self.last())
    }

    /// The point at or before `spend`, with one after it where there is one.
    pub(super) fn cell(&self, spend: f64) -> usize {
        self.spends.partition_point(|point| *point <= spend).saturating_sub(1).min(self.last().saturating_sub(1))
    }

    /// Spend, return and slope at a point; zeros where it does not exist.
    pub(super) fn point(&self, at: usize) -> (f64, f64, f64) {
        let of = |values: &[f64]| values.get(at).copied().unwrap_or_default();
        (of(&self.spends), of(&self.values), of(&self.slopes))
    }

    /// The return at any spend, by cubics between the points that keep their slopes (Hermite), or lines where a slope is infinite.
    pub(super) fn value(&self, spend: f64) -> f64 {
        let cell = self.cell(spend);
        let ((x0, v0, s0), (x1, v1, s1)) = (self.point(cell), self.point(cell + 1));
        let width = x1 - x0;
        if cell >= self.last() || width <= 0.0 {
            return v0;
        }
        let t = ((spend - x0) / width).clamp(0.0, 1.0);
        if !s0.is_finite() || !s1.is_finite() {
            return v0 + t * (v1 - v0);
        }
        let rest = 1.0 - t;
        rest * rest * ((1.0 + 2.0 * t) * v0 + t * width * s0) + t * t * ((3.0 - 2.0 * t) * v1 - rest * width * s1)
    }

    /// The ends, as points, of the stretch around `spend` in which the curve wears off; `None` where it picks up or turns there. A
    /// point between two stretches that pick up is a stretch of its own.
    pub(super) fn wearing_off(&self, spend: f64) -> Option<(usize, usize)> {
        let is_concave = |cell: usize| self.bends.get(cell) == Some(&Bend::Concave);
        let cell = self.cell(spend);
        let (mut from, mut to) = if is_concave(cell) {
            (cell, cell + 1)
        } else {
            // At a point itself the stretch on its other side counts.
            let point = [cell, cell + 1].into_iter().find(|point| self.spends.get(*point) == Some(&spend))?;
            (point, point)
        };
        while from.checked_sub(1).is_some_and(is_concave) {
            from -= 1;
        }
        while is_concave(to) {
            to += 1;
        }
        Some((from, to.min(self.last())))
    }

    /// Corners of a concave curve nowhere below this one between two of its points: the upper hull of the points and of where
    /// neighbouring tangents meet. Holds if no cell has more than one turning point.
    pub(super) fn envelope(&self, from: usize, to: usize) -> Vec<Corner> {
        let mut hull: Vec<Corner> = Vec::with_capacity(2 * (to - from) + 2);
        let mut add = |corner: Corner| {
            if !corner.1.is_finite() {
                return;
            }
            if let Some(last) = hull.last_mut().filter(|last| last.0 >= corner.0) {
                last.1 = last.1.max(corner.1);
                let raised = *last;
                hull.pop();
                push(&mut hull, raised);
            } else {
                push(&mut hull, corner);
            }
        };
        for cell in from..=to {
            let (x0, v0, s0) = self.point(cell);
            add((x0, v0));
            if cell == to {
                break;
            }
            let (x1, v1, s1) = self.point(cell + 1);
            match self.bends.get(cell) {
                Some(Bend::Concave) if s0.is_infinite() => add((x0, v1 - s1 * (x1 - x0))),
                Some(Bend::Concave) if s0 - s1 > ROUNDING * s0.abs() => {
                    let meet = ((v1 - v0 + s0 * x0 - s1 * x1) / (s0 - s1)).clamp(x0, x1);
                    add((meet, v0 + s0 * (meet - x0)));
                }
                Some(Bend::Mixed) => self.above_turning_point(cell).into_iter().for_each(&mut add),
                _ => {}
            }
        }
        hull
    }
}

/// Adds a corner farther right, and takes out those that now lie below.
fn push(hull: &mut Vec<Corner>, corner: Corner) {
    while let [.., (x0, v0), (x1, v1)] = hull.as_slice() {
        if (v1 - v0) * (corner.0 - x1) > (corner.1 - v1) * (x1 - x0) {
            break;
        }
        hull.pop();
    }
    hull.push(corner);
}

/// The bend of a cell, from the slopes at its ends and that of the line between them.
fn bend(low: Point, high: Point) -> Bend {
    let width = high.spend - low.spend;
    let line = (high.value - low.value) / width;
    // Differences of values lose what their size has in rounding.
    let slack = ROUNDING * line.abs() + 4.0 * f64::EPSILON * low.value.abs().max(high.value.abs()) / width;
    if low.slope >= line - slack && line >= high.slope - slack {
        Bend::Concave
    } else if low.slope <= line + slack && line <= high.slope + slack {
        Bend::Convex
    } else {
        Bend::Mixed
    }
}
