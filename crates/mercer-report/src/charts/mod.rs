//! Charts as SVG: each kind a pure function from data to pictures, one picture for each range of widths.
//!
//! A picture is drawn for narrow, medium and wide places separately, because text that shrinks with its picture cannot be
//! read on a phone; CSS container queries show the one that fits. Colours are CSS classes, so that light, dark and
//! paper share one picture.

mod axis;
mod bars;
mod columns;
mod flow;
mod heatmap;
mod lines;
mod map;
mod place;
mod spread;
mod tiles;
mod waterfall;

pub(crate) use flow::is_inside;
use mercer_base::card::Chart;

use crate::svg::Svg;
use mercer_base::notation::Notation;

/// Font size of all text in pictures, in pixels of the design.
const TEXT: f64 = 12.0;

/// The place a picture is drawn for. The widths agree with the container queries in `report.css`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    /// A phone.
    Narrow,
    /// Half a page, or a small tablet.
    Medium,
    /// The page's whole width.
    Wide,
}

impl Size {
    /// The width of the design in pixels.
    fn width(self) -> f64 {
        match self {
            Self::Narrow => 320.0,
            Self::Medium => 460.0,
            Self::Wide => 840.0,
        }
    }

    /// The height of the area between the axes, for charts over time.
    fn plot(self) -> f64 {
        match self {
            Self::Narrow => 168.0,
            Self::Medium => 184.0,
            Self::Wide => 240.0,
        }
    }

    /// The letter that names it in CSS classes and ids.
    fn letter(self) -> char {
        match self {
            Self::Narrow => 'n',
            Self::Medium => 'm',
            Self::Wide => 'w',
        }
    }
}

/// What a chart has to know besides its data.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// How numbers are written.
    pub notation: Notation<'a>,
    /// Anchor of the card, unique in the document; ids inside the picture start with it.
    pub id: &'a str,
    /// What the picture shows, for those who cannot see it.
    pub label: &'a str,
    /// Whether the picture may get the whole width of the page.
    pub full: bool,
}

/// Draws `chart` as an HTML fragment: its pictures, one for each range of widths, and the notes that explain its marks.
///
/// Without anything to draw, the fragment says so. Values that are not finite are gaps.
#[must_use]
pub fn draw(chart: &Chart, scene: &Scene<'_>) -> String {
    let (pictures, notes) = match chart {
        Chart::Tiles(tiles) => (tiles::draw(tiles, scene.notation), Vec::new()),
        Chart::Lines { unit, series, from_zero } => {
            let lines = lines::Lines::new(unit, series, *from_zero);
            (fluid(scene, |size| lines.draw(scene, size)), lines.notes())
        }
        Chart::Columns { unit, points } => {
            (fluid(scene, |size| columns::draw(unit, points, scene, size)), columns::notes(points))
        }
        Chart::Bars { unit, bars } => (fluid(scene, |size| bars::draw(unit, bars, scene, size)), bars::notes(bars)),
        Chart::Waterfall { unit, steps } => {
            (fluid(scene, |size| waterfall::draw(unit, steps, scene, size)), Vec::new())
        }
        Chart::Heatmap { unit, row_title, column_title, rows, columns, cells } => {
            let map = heatmap::Heatmap::new(unit, [row_title, column_title], rows, columns, cells);
            (variants(scene, |size| map.draw(scene, size)), map.notes(scene))
        }
        Chart::Flow { unit, stages, bands } => {
            (fluid(scene, |size| flow::draw(unit, stages, bands, scene, size)), Vec::new())
        }
        Chart::Map { groups, ends } => {
            let map = map::Map::new(groups, ends);
            (fluid(scene, |size| map.draw(scene, size)), map.notes())
        }
    };
    if pictures.is_empty() {
        return "<p class=\"empty\">There are no figures to draw in this window.</p>".into();
    }
    let notes: String =
        notes.iter().map(|note| format!("<p class=\"note\">{}</p>", crate::text::escape(note))).collect();
    format!("<div class=\"chart\">{pictures}</div>{notes}")
}

/// Pictures that scale with their place.
fn fluid(scene: &Scene<'_>, draw: impl Fn(Size) -> Option<Svg>) -> String {
    variants(scene, |size| Some(draw(size)?.fluid(scene.label)))
}

/// The picture for each range of widths; neighbours that look the same are written once.
fn variants(scene: &Scene<'_>, draw: impl Fn(Size) -> Option<String>) -> String {
    let mut pictures: Vec<(String, String)> = Vec::new();
    for size in [Size::Narrow, Size::Medium, Size::Wide] {
        // Half a page never gets wide enough for the widest picture.
        let drawn = if size == Size::Wide && !scene.full { draw(Size::Medium) } else { draw(size) };
        let Some(drawn) = drawn else { return String::new() };
        match pictures.last_mut() {
            Some((classes, last)) if *last == drawn => {
                classes.push(' ');
                classes.push(size.letter());
            }
            _ => pictures.push((size.letter().to_string(), drawn)),
        }
    }
    pictures.iter().map(|(classes, drawn)| format!("<div class=\"at {classes}\">{drawn}</div>")).collect()
}

/// The value, if there is one and it is finite.
fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite())
}

/// Names joined as a sentence does: `a`, `a and b`, `a, b and c`.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

#[cfg(test)]
mod tests;
