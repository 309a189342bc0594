//! Lines over time: labelled at their ends, intervals as bands, unfinished periods dashed.

use std::collections::{BTreeMap, BTreeSet};

use mercer_base::card::{Point, Series, Unit};

use super::axis::{Values, below, describe, draw_periods, interval};
use super::spread::spread;
use super::{Scene, Size, TEXT, finite, listed};
use crate::scale::Scale;
use crate::svg::{Anchor, Svg};
use crate::text::{BOLD, bold_width, wrap};

/// Height of a line of label text.
const LEADING: f64 = 14.0;

/// Series laid over common periods.
pub(super) struct Lines<'a> {
    unit: &'a Unit,
    from_zero: bool,
    periods: Vec<&'a str>,
    series: Vec<Line<'a>>,
}

/// One series, its points placed at the common periods.
struct Line<'a> {
    label: &'a str,
    points: Vec<Option<&'a Point>>,
}

impl Line<'_> {
    /// Place and value of the last finite point.
    fn end(&self) -> Option<(usize, f64)> {
        let finite_at = |(index, point): (usize, &Option<&Point>)| Some((index, finite((*point)?.value)?));
        self.points.iter().enumerate().filter_map(finite_at).next_back()
    }
}

/// A label at a line's end.
struct Tag {
    class: &'static str,
    lines: Vec<String>,
    /// The end of the line it belongs to.
    x: f64,
    y: f64,
}

impl<'a> Lines<'a> {
    /// Lays `series` over their common periods, in time order.
    pub(super) fn new(unit: &'a Unit, series: &'a [Series], from_zero: bool) -> Self {
        let periods = merged(series);
        let places: BTreeMap<&str, usize> = periods.iter().enumerate().map(|(at, label)| (*label, at)).collect();
        let place = |series: &'a Series| {
            let mut points = vec![None; periods.len()];
            for point in &series.points {
                if let Some(slot) = places.get(point.label.as_str()).and_then(|&at| points.get_mut(at)) {
                    *slot = Some(point);
                }
            }
            Line { label: &series.label, points }
        };
        let series: Vec<Line<'_>> = series.iter().map(place).filter(|line| line.end().is_some()).collect();
        Self { unit, from_zero, periods, series }
    }

    /// Draws the lines; nothing without a finite value.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn draw(&self, scene: &Scene<'_>, size: Size) -> Option<Svg> {
        self.series.first()?;
        let (plot, above) = (size.plot(), 12.0);
        let mut svg = Svg::new(size.width(), above + plot + below(&self.periods));
        let axis = Values::over(self.values(), self.from_zero, self.unit, scene);
        let scale = Scale::new(&axis.ticks, above + plot, above);

        let room = svg.width * if size == Size::Wide { 0.22 } else { 0.3 };
        let tags = self.tags(scene, room);
        let last = self.series.iter().filter_map(|line| Some(line.end()?.0)).max().unwrap_or(0);
        let at_right = |line: &Line<'_>| line.end().is_some_and(|(place, _)| place == last);
        let beside = tags.iter().zip(&self.series).filter(|(_, line)| at_right(line)).flat_map(|(lines, _)| lines);
        let widest = beside.map(|line| bold_width(line, TEXT)).fold(0.0, f64::max);
        let (left, right) = (axis.gutter, svg.width - widest.min(room) - 12.0);
        let gaps = self.periods.len().saturating_sub(1);
        let step = if gaps == 0 { 0.0 } else { (right - left - 8.0) / gaps as f64 };
        // A single period stands beside its label.
        let first = if gaps == 0 { right - 4.0 } else { left + 4.0 };
        let at = |index: usize| first + index as f64 * step;

        axis.draw(&mut svg, &scale, left, right);
        draw_periods(&mut svg, &self.periods, if gaps == 0 { right - left } else { step }, above + plot, at);
        let y = |value: f64| scale.at(value);
        for line in &self.series {
            band(&mut svg, line, &at, &y);
        }
        // The first series is drawn last, on top of the others.
        for (index, line) in self.series.iter().enumerate().rev() {
            stroke(&mut svg, class(index), line, &at, &y);
        }
        let tags = tags.into_iter().zip(&self.series).enumerate().filter_map(|(index, (lines, line))| {
            let (place, value) = line.end()?;
            Some((place == last, Tag { class: class(index), lines, x: at(place), y: y(value) }))
        });
        let (beside, inside): (Vec<_>, Vec<_>) = tags.partition(|(at_right, _)| *at_right);
        inside.into_iter().for_each(|(_, tag)| label_inside(&mut svg, &tag));
        label_ends(&mut svg, beside.into_iter().map(|(_, tag)| tag).collect(), right, above + plot + 18.0);
        self.tips(&mut svg, scene, above + plot, step.max(8.0), at);
        Some(svg)
    }

    /// What bands, dashes and a cut axis mean, where there are any.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let points = || self.series.iter().flat_map(|line| &line.points).flatten();
        let mut partial: Vec<&str> = points().filter(|point| point.partial).map(|point| point.label.as_str()).collect();
        partial.dedup();
        partial.sort_unstable();
        partial.dedup();
        if !partial.is_empty() {
            let are = if partial.len() == 1 { "is" } else { "are" };
            notes.push(format!("Dashed: {} {are} not over yet, so the figure will still grow.", listed(&partial)));
        }
        if points().any(|point| interval(point).is_some()) {
            notes.push("Bands: the range the true figure is likely to lie in.".to_owned());
        }
        if !self.from_zero && self.values().all(|value| value > 0.0) {
            notes.push("The vertical axis does not start at zero.".to_owned());
        }
        notes
    }

    /// All finite values and ends of intervals.
    fn values(&self) -> impl Iterator<Item = f64> {
        self.series.iter().flat_map(|line| &line.points).flatten().flat_map(|point| {
            let ends = interval(point);
            [finite(point.value), ends.map(|ends| ends.0), ends.map(|ends| ends.1)].into_iter().flatten()
        })
    }

    /// The words at each line's end: its name in up to two lines, then its last value.
    fn tags(&self, scene: &Scene<'_>, room: f64) -> Vec<Vec<String>> {
        let tag = |line: &Line<'_>| {
            let value = line.end().map_or_else(String::new, |(_, value)| scene.notation.label(self.unit, value));
            let joined = format!("{} {value}", line.label.trim());
            if bold_width(&joined, TEXT) <= room {
                return vec![joined.trim().to_owned()];
            }
            let mut lines = wrap(line.label, TEXT * BOLD, room, 2);
            lines.push(value);
            lines
        };
        self.series.iter().map(tag).collect()
    }

    /// One tooltip a period, with every line's value.
    fn tips(&self, svg: &mut Svg, scene: &Scene<'_>, height: f64, step: f64, at: impl Fn(usize) -> f64) {
        for (index, period) in self.periods.iter().enumerate() {
            let mut words = vec![(*period).to_owned()];
            for line in &self.series {
                if let Some(point) = line.points.get(index).copied().flatten() {
                    words.push(format!("{}: {}", line.label, describe(point, self.unit, scene)));
                }
            }
            svg.tip(at(index) - step / 2.0, 0.0, step, height, &words);
        }
    }
}

/// The periods of all series in one order that keeps each series' own: what comes before a shared period goes before it.
fn merged(series: &[Series]) -> Vec<&str> {
    let mut periods: Vec<&str> = Vec::new();
    let mut known = BTreeSet::new();
    for series in series {
        let mut fresh: Vec<&str> = Vec::new();
        let mut after = None;
        for label in series.points.iter().map(|point| point.label.as_str()) {
            if known.insert(label) {
                fresh.push(label);
            } else if let Some(at) = periods.iter().position(|period| *period == label) {
                after = Some(at + fresh.len() + 1);
                periods.splice(at..at, fresh.drain(..));
            }
        }
        let at = after.unwrap_or(periods.len());
        periods.splice(at..at, fresh);
    }
    periods
}

/// The colour of the series at `index`: accent, comparison, then greys.
fn class(index: usize) -> &'static str {
    match index {
        0 => "s0",
        1 => "s1",
        index if index.is_multiple_of(2) => "s2",
        _ => "s3",
    }
}

/// Draws the line in runs between gaps; the way into an unfinished period is dashed, a lonely point is a dot.
fn stroke(svg: &mut Svg, class: &str, line: &Line<'_>, at: &impl Fn(usize) -> f64, y: &impl Fn(f64) -> f64) {
    let mut run: Vec<(f64, f64)> = Vec::new();
    let mut whole = format!("line {class}");
    let finish = |svg: &mut Svg, run: &mut Vec<(f64, f64)>, class: &str| {
        svg.path(class, run, false);
        run.clear();
    };
    let spots: Vec<Option<(f64, f64, bool)>> = line
        .points
        .iter()
        .enumerate()
        .map(|(index, point)| point.and_then(|p| finite(p.value).map(|value| (at(index), y(value), p.partial))))
        .collect();
    let mut before = None;
    for (index, spot) in spots.iter().enumerate() {
        let Some((x, y, partial)) = *spot else {
            finish(svg, &mut run, &whole);
            before = None;
            continue;
        };
        let style = format!("line {class}{}", if partial { " dashed" } else { "" });
        if style != whole {
            finish(svg, &mut run, &whole);
            run.extend(before);
            whole = style;
        }
        run.push((x, y));
        let alone = before.is_none() && spots.get(index + 1).copied().flatten().is_none();
        if alone {
            svg.dot(&format!("dot {class}"), x, y, 3.5);
        }
        before = Some((x, y));
    }
    finish(svg, &mut run, &whole);
    if let Some((x, y, _)) = spots.iter().copied().flatten().last() {
        svg.dot(&format!("dot {class}"), x, y, 3.0);
    }
}

/// Draws the interval as an area, in runs between gaps.
fn band(svg: &mut Svg, line: &Line<'_>, at: &impl Fn(usize) -> f64, y: &impl Fn(f64) -> f64) {
    let mut run: Vec<(f64, f64, f64)> = Vec::new();
    let gap = std::iter::once(&None);
    for (index, point) in line.points.iter().chain(gap).enumerate() {
        if let Some((low, high)) = point.and_then(interval) {
            run.push((at(index), y(low), y(high)));
            continue;
        }
        if let [(x, low, high)] = *run {
            svg.line("band-stroke", x, low, x, high);
        }
        let upper = run.iter().map(|&(x, _, high)| (x, high));
        let lower = run.iter().rev().map(|&(x, low, _)| (x, low));
        svg.path("band", &upper.chain(lower).collect::<Vec<_>>(), true);
        run.clear();
    }
}

/// Writes the label of a line that ends early above its end, on a halo that keeps it readable over other lines.
fn label_inside(svg: &mut Svg, tag: &Tag) {
    let text = tag.lines.join(" ");
    let half = bold_width(&text, TEXT) / 2.0;
    let x = tag.x.min(svg.width - half).max(half);
    svg.text(&format!("name halo {}", tag.class), x, tag.y - 10.0, Anchor::Middle, &text);
}

/// Writes the labels right of `right`, apart from each other, with a thin leader where one had to move.
/// Labels that find no room at all are left to the tooltip and the table, the last series first.
#[allow(clippy::cast_precision_loss)]
fn label_ends(svg: &mut Svg, mut tags: Vec<Tag>, right: f64, bottom: f64) {
    let heights = |tags: &[Tag]| tags.iter().map(|tag| tag.lines.len() as f64 * LEADING).collect::<Vec<_>>();
    while heights(&tags).iter().sum::<f64>() > bottom && tags.len() > 1 {
        tags.pop();
    }
    let heights = heights(&tags);
    let wanted: Vec<f64> = tags.iter().map(|tag| tag.y).collect();
    for ((tag, centre), height) in tags.iter().zip(spread(&wanted, &heights, 0.0, bottom)).zip(&heights) {
        if (centre - tag.y).abs() > 4.0 {
            svg.line("leader", tag.x + 5.0, tag.y, right + 6.0, centre);
        }
        let mut baseline = centre - height / 2.0 + LEADING - 3.5;
        for line in &tag.lines {
            svg.text(&format!("name {}", tag.class), right + 8.0, baseline, Anchor::Start, line);
            baseline += LEADING;
        }
    }
}
