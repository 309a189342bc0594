//! Columns over periods, from zero; unfinished periods are hatched, intervals are thin whiskers.

use mercer_base::card::{Point, Unit};

use super::axis::{Values, below, describe, draw_periods, interval};
use super::{Scene, Size, TEXT, finite, listed};
use crate::scale::{Scale, Ticks};
use crate::svg::{Anchor, Svg};
use crate::text::bold_width;

/// The widest a column gets, so that three of them do not look like walls.
const WIDEST: f64 = 56.0;

/// Draws `points`; nothing without a finite value.
#[allow(clippy::cast_precision_loss)]
pub(super) fn draw(unit: &Unit, points: &[Point], scene: &Scene<'_>, size: Size) -> Option<Svg> {
    points.iter().find_map(|point| finite(point.value))?;
    let (plot, above) = (size.plot(), 18.0);
    let names: Vec<&str> = points.iter().map(|point| point.label.as_str()).collect();
    let mut svg = Svg::new(size.width(), above + plot + below(&names));
    let ends = points.iter().filter_map(interval).flat_map(|(low, high)| [low, high]);
    let values = || points.iter().filter_map(|point| finite(point.value));
    let axis = Values::over(values().chain(ends), true, unit, scene);
    let labels: Vec<String> = points
        .iter()
        .map(|point| finite(point.value).map_or_else(String::new, |value| scene.notation.label(unit, value)))
        .collect();

    // Where every column can carry its own figure, the axis has nothing to add.
    let widest = labels.iter().map(|label| bold_width(label, TEXT)).fold(0.0, f64::max);
    let direct = points.iter().all(|point| point.interval.is_none()) && slot(svg.width, points.len()) >= widest + 4.0;
    let left = if direct { 0.0 } else { axis.gutter };
    let slot = slot(svg.width - left, points.len());
    let column = (slot * 0.72).min(WIDEST);
    let ticks = if direct { Ticks::exact(values()) } else { axis.ticks.clone() };
    // Figures of columns below zero stand under them.
    let under = if direct && ticks.low() < 0.0 { 18.0 } else { 0.0 };
    let scale = Scale::new(&ticks, above + plot - under, above);
    let zero = scale.at(0.0);
    let middle = |index: usize| left + (index as f64 + 0.5) * slot;
    if !direct {
        axis.draw(&mut svg, &scale, left, size.width());
    }

    let hatching = format!("{}--hatch-{}", scene.id, size.letter());
    if points.iter().any(|point| point.partial) {
        svg.hatching(&hatching);
    }
    let peak = peak(points);
    for (index, (point, label)) in points.iter().zip(&labels).enumerate() {
        let x = middle(index);
        let Some(value) = finite(point.value) else { continue };
        let (top, bottom) = (scale.at(value).min(zero), scale.at(value).max(zero));
        if point.partial {
            svg.hatched(&hatching, x - column / 2.0, top, column, bottom - top);
        } else {
            svg.rect("accent", x - column / 2.0, top, column, bottom - top);
        }
        if let Some((low, high)) = interval(point) {
            svg.line("whisker", x, scale.at(low), x, scale.at(high));
        } else if direct || Some(index) == peak {
            let y = if value < 0.0 { bottom + 14.0 } else { top - 5.0 };
            let half = bold_width(label, TEXT) / 2.0;
            svg.text("value", x.min(svg.width - half).max(half), y, Anchor::Middle, label);
        }
    }
    svg.line("base", left, zero, svg.width, zero);
    draw_periods(&mut svg, &names, slot, above + plot, middle);
    for (index, point) in points.iter().enumerate() {
        let words = format!("{}: {}", point.label, describe(point, unit, scene));
        svg.tip(middle(index) - slot / 2.0, 0.0, slot, above + plot, &[words]);
    }
    Some(svg)
}

/// What hatching and whiskers mean, where there are any.
pub(super) fn notes(points: &[Point]) -> Vec<String> {
    let partial: Vec<&str> =
        points.iter().filter(|p| p.partial && finite(p.value).is_some()).map(|p| p.label.as_str()).collect();
    let mut notes = Vec::new();
    if !partial.is_empty() {
        let are = if partial.len() == 1 { "is" } else { "are" };
        notes.push(format!("Hatched: {} {are} not over yet, so the figure will still grow.", listed(&partial)));
    }
    if points.iter().any(|point| interval(point).is_some()) {
        notes.push("Thin lines: the range the true figure is likely to lie in.".to_owned());
    }
    notes
}

/// The width each of `count` columns gets.
#[allow(clippy::cast_precision_loss)]
fn slot(room: f64, count: usize) -> f64 {
    (room / count.max(1) as f64).min(WIDEST * 2.0)
}

/// The index of the highest finite value.
fn peak(points: &[Point]) -> Option<usize> {
    let values = points.iter().enumerate().filter_map(|(index, point)| Some((index, finite(point.value)?)));
    values.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0))).map(|(index, _)| index)
}
