//! Amounts that go from column to column, as bands as wide as they are (Sankey).

use mercer_base::card::{FlowBand, FlowStage, Unit};

use super::{Scene, Size, TEXT};
use crate::svg::{Anchor, Svg};
use crate::text::{bold_width, shorten, wrap};

/// Width of the bar that marks a place.
const BAR: f64 = 8.0;
/// Room between a bar and its name.
const GAP: f64 = 6.0;
/// Room for the headings of the columns.
const HEAD: f64 = 26.0;
/// Least height that a place takes with its name in one line: names never overlap.
const LEAST: f64 = 22.0;
/// The same with its name in two lines.
const LEAST_OF_TWO: f64 = 38.0;

/// A place as it is drawn.
struct Place {
    /// Lines of its name with the figure at the end.
    lines: Vec<String>,
    /// What goes through it: the larger of what comes in and what goes out.
    amount: f64,
    /// Upper end of its bar.
    top: f64,
}

/// Draws the bands between the places of `stages`. Nothing where nothing goes anywhere.
pub(super) fn draw(
    unit: &Unit,
    stages: &[FlowStage],
    bands: &[FlowBand],
    scene: &Scene<'_>,
    size: Size,
) -> Option<Svg> {
    let mut bands: Vec<&FlowBand> =
        bands.iter().filter(|band| band.value.is_finite() && band.value > 0.0 && is_inside(stages, band)).collect();
    if bands.is_empty() {
        return None;
    }
    // Those in colour stand together at the top of every place.
    bands.sort_by_key(|band| (band.stage, !band.accent, band.from, band.to));
    let most = (0..stages.len()).map(|stage| leaving(&bands, stage)).fold(0.0, f64::max);
    if !most.is_finite() {
        return None;
    }
    let scale = size.plot() * 1.1 / most;
    #[allow(clippy::cast_precision_loss)]
    let step = (size.width() - BAR) / (stages.len() as f64 - 1.0);
    let last = stages.len() - 1;
    // The last two columns write their names into the same room.
    let room = |stage: usize| (if stage + 1 < last { step - BAR } else { (step - BAR) / 2.0 }) - 2.0 * GAP;
    let mut columns: Vec<Vec<Place>> = Vec::with_capacity(stages.len());
    let mut height: f64 = 0.0;
    for (at, stage) in stages.iter().enumerate() {
        let mut y = HEAD;
        let place = |(number, name): (usize, &String)| {
            let amount = through(&bands, at, number);
            let figure = scene.notation.label(unit, amount);
            let lines = named(name, &figure, room(at));
            let least = if lines.len() > 1 { LEAST_OF_TWO } else { LEAST };
            let slot = (amount * scale).max(least);
            let top = y + (slot - amount * scale) / 2.0;
            y += slot + 4.0;
            Place { lines, amount, top }
        };
        columns.push(stage.places.iter().enumerate().map(place).collect());
        height = height.max(y);
    }
    let mut svg = Svg::new(size.width(), height);
    #[allow(clippy::cast_precision_loss)]
    let left = |stage: usize| stage as f64 * step;
    // How much of each place's bar the bands drawn so far take, on its way in and out.
    let mut used: Vec<Vec<[f64; 2]>> = columns.iter().map(|places| vec![[0.0; 2]; places.len()]).collect();
    for band in bands {
        let wide = band.value * scale;
        let out = columns[band.stage][band.from].top + used[band.stage][band.from][1];
        let into = columns[band.stage + 1][band.to].top + used[band.stage + 1][band.to][0];
        used[band.stage][band.from][1] += wide;
        used[band.stage + 1][band.to][0] += wide;
        let class = if band.accent { "flow flow-accent" } else { "flow" };
        svg.band(class, (left(band.stage) + BAR, out), (left(band.stage + 1), into), wide, &band.note);
    }
    for (at, (stage, places)) in stages.iter().zip(&columns).enumerate() {
        let (x, anchor, side) = match at {
            0 => (0.0, Anchor::Start, left(0) + BAR + GAP),
            at if at == last => (size.width(), Anchor::End, left(at) - GAP),
            at => (left(at) + BAR / 2.0, Anchor::Middle, left(at) + BAR + GAP),
        };
        let of_name = if at == last { Anchor::End } else { Anchor::Start };
        svg.text("tick", x, 12.0, anchor, &shorten(&stage.label, TEXT, step - 2.0 * GAP));
        for place in places.iter().filter(|place| place.amount > 0.0) {
            svg.rect("accent", left(at), place.top, BAR, (place.amount * scale).max(1.0));
            #[allow(clippy::cast_precision_loss)]
            let mut y = place.top + place.amount * scale / 2.0 + 4.0 - (place.lines.len() as f64 - 1.0) * 7.5;
            for line in &place.lines {
                svg.text("label halo", side, y, of_name, line);
                y += 15.0;
            }
        }
    }
    Some(svg)
}

/// What leaves a column.
fn leaving(bands: &[&FlowBand], stage: usize) -> f64 {
    bands.iter().filter(|band| band.stage == stage).map(|band| band.value).sum()
}

/// Whether both ends of a band are places.
pub(crate) fn is_inside(stages: &[FlowStage], band: &FlowBand) -> bool {
    let places = |stage: usize| stages.get(stage).map_or(0, |stage| stage.places.len());
    band.from < places(band.stage) && band.to < places(band.stage.saturating_add(1))
}

/// The larger of what comes into a place and what leaves it.
fn through(bands: &[&FlowBand], stage: usize, place: usize) -> f64 {
    let out: f64 = bands.iter().filter(|band| band.stage == stage && band.from == place).map(|band| band.value).sum();
    let into: f64 =
        bands.iter().filter(|band| band.stage + 1 == stage && band.to == place).map(|band| band.value).sum();
    out.max(into)
}

/// Name and figure in one line where they fit, else the name in one line and the figure under it.
fn named(name: &str, figure: &str, room: f64) -> Vec<String> {
    let together = format!("{name} {figure}");
    if bold_width(&together, TEXT) <= room {
        return vec![together];
    }
    let mut lines = wrap(name, TEXT, room, 1);
    lines.push(shorten(figure, TEXT, room));
    lines
}
