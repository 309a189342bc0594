//! Key figures: a number to read from across the room, its change, and its recent course as a small line.

use std::fmt::Write as _;

use mercer_base::card::{Tile, Value};

use crate::scale::{Scale, Ticks};
use crate::svg::Svg;
use crate::text::{clean, escape};
use mercer_base::notation::{Notation, relative_change};

/// Draws the tiles as a grid that flows with the width of its place; empty without tiles.
pub(super) fn draw(tiles: &[Tile], notation: Notation<'_>) -> String {
    if tiles.is_empty() {
        return String::new();
    }
    let mut out = String::from("<dl class=\"tiles\">");
    for tile in tiles {
        let safe = |text: &str| escape(&clean(text));
        let (headline, exact) = (notation.headline(&tile.value), notation.exact(&tile.value, 2));
        let title = if headline == exact || matches!(tile.value, Value::Missing) {
            String::new()
        } else {
            format!(" title=\"{}\"", safe(&exact))
        };
        let _ = write!(
            out,
            "<div class=\"tile\"><dt>{}</dt><dd class=\"figure\"{title}>{}</dd>",
            safe(&tile.label),
            safe(&headline)
        );
        if let Some(words) = change(tile) {
            let _ = write!(out, "<dd class=\"change\">{words}</dd>");
        }
        if let Some(previous) = tile.previous.as_ref().filter(|value| !matches!(value, Value::Missing)) {
            let _ = write!(out, "<dd class=\"was\">was {}</dd>", safe(&notation.headline(previous)));
        }
        if let Some(line) = sparkline(&tile.course) {
            let _ = write!(out, "<dd>{line}</dd>");
        }
        if !tile.note.is_empty() {
            let _ = write!(out, "<dd class=\"about\">{}</dd>", safe(&tile.note));
        }
        out.push_str("</div>");
    }
    out.push_str("</dl>");
    out
}

/// `▲ +12 % better`: which way it went and whether that is good, in a mark and a word rather than a colour.
fn change(tile: &Tile) -> Option<String> {
    let change = tile.change.filter(|change| change.is_finite())?;
    let text = relative_change(change, tile.change_in_points);
    let flat = text.starts_with('±');
    let mark = match () {
        () if flat => "",
        () if change > 0.0 => "▲ ",
        () => "▼ ",
    };
    let verdict = match tile.more_is_better {
        Some(better) if !flat && (change > 0.0) == better => " better",
        Some(_) if !flat => " worse",
        _ => "",
    };
    Some(format!("<b><span aria-hidden=\"true\">{mark}</span>{}</b>{verdict}", escape(&text)))
}

/// A line without axes from the oldest value to a dot on the latest; nothing for fewer than two values.
#[allow(clippy::cast_precision_loss)]
fn sparkline(course: &[f64]) -> Option<String> {
    let values: Vec<f64> = course.iter().copied().filter(|value| value.is_finite()).collect();
    let gaps = values.len().checked_sub(1).filter(|gaps| *gaps > 0)?;
    let mut svg = Svg::new(120.0, 28.0);
    let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(*v), high.max(*v)));
    let ends = if low < high { vec![low, high] } else { Ticks::over(values.iter().copied(), false, 4.0, false).0 };
    let scale = Scale::new(&Ticks(ends), 24.0, 4.0);
    let points: Vec<(f64, f64)> = values
        .iter()
        .enumerate()
        .map(|(index, value)| (2.0 + 114.0 * index as f64 / gaps as f64, scale.at(*value)))
        .collect();
    svg.path("line s0", &points, false);
    if let Some(&(x, y)) = points.last() {
        svg.dot("dot s0", x, y, 2.5);
    }
    Some(svg.fixed("spark", ""))
}
