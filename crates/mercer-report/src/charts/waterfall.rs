//! A ladder from one total to the next: totals stand on zero, changes hang between them.

use mercer_base::card::{Step, Unit};

use super::{Scene, Size, TEXT};
use crate::scale::{Scale, Ticks};
use crate::svg::{Anchor, Svg};
use crate::text::{bold_width, shorten, width, wrap};

/// One step with the levels it runs between.
struct Rung<'a> {
    step: &'a Step,
    from: f64,
    to: f64,
    figure: String,
}

impl Rung<'_> {
    fn class(&self) -> &'static str {
        match () {
            () if self.step.total => "accent",
            () if self.to < self.from => "compare",
            () => "accent-soft",
        }
    }
}

/// Draws `steps`: upright where there is room, lying on narrow places. Nothing without steps.
pub(super) fn draw(unit: &Unit, steps: &[Step], scene: &Scene<'_>, size: Size) -> Option<Svg> {
    let rungs = rungs(unit, steps, scene);
    if rungs.is_empty() {
        return None;
    }
    #[allow(clippy::cast_precision_loss)]
    let slot = (size.width() / rungs.len() as f64).min(168.0);
    let widest = rungs.iter().map(|rung| bold_width(&rung.figure, TEXT)).fold(0.0, f64::max);
    Some(if size == Size::Narrow || slot < widest.max(64.0) {
        lying(&rungs, size)
    } else {
        upright(&rungs, size, slot)
    })
}

/// The steps with their levels; a step without a finite value counts as no change.
fn rungs<'a>(unit: &Unit, steps: &'a [Step], scene: &Scene<'_>) -> Vec<Rung<'a>> {
    let mut level: f64 = 0.0;
    let mut rungs = Vec::with_capacity(steps.len());
    for step in steps {
        let value = if step.value.is_finite() { step.value } else { 0.0 };
        let (from, to) = if step.total { (0.0, value) } else { (level, level + value) };
        let figure =
            if step.total { scene.notation.label(unit, step.value) } else { scene.notation.change(unit, step.value) };
        rungs.push(Rung { step, from, to, figure });
        level = to;
    }
    rungs
}

/// The range of all levels, zero included.
fn range(rungs: &[Rung<'_>]) -> Ticks {
    Ticks::exact(rungs.iter().flat_map(|rung| [rung.from, rung.to]))
}

/// Steps side by side, names under them in up to two lines.
fn upright(rungs: &[Rung<'_>], size: Size, slot: f64) -> Svg {
    let (plot, above) = (size.plot(), 20.0);
    let ticks = range(rungs);
    let below = if ticks.low() < 0.0 { 20.0 } else { 0.0 };
    let mut svg = Svg::new(size.width(), above + plot + below + 38.0);
    let scale = Scale::new(&ticks, above + plot, above);
    let zero = scale.at(0.0);
    let column = slot * 0.66;
    let mut middle = slot / 2.0;
    let mut link: Option<(f64, f64)> = None;
    for rung in rungs {
        let (a, b) = (scale.at(rung.from), scale.at(rung.to));
        if let Some((x, y)) = link {
            svg.line("leader", x, y, middle - column / 2.0, y);
        }
        let height = (a - b).abs().max(if rung.step.value == 0.0 { 0.0 } else { 1.0 });
        svg.rect(rung.class(), middle - column / 2.0, a.min(b), column, height);
        let y = if rung.to < rung.from && rung.to < 0.0 { a.max(b) + 15.0 } else { a.min(b) - 6.0 };
        svg.text("value", middle, y, Anchor::Middle, &rung.figure);
        let mut y = above + plot + below + 17.0;
        for line in wrap(&rung.step.label, TEXT, slot - 4.0, 2) {
            svg.text("label", middle, y, Anchor::Middle, &line);
            y += 15.0;
        }
        svg.tip(middle - slot / 2.0, 0.0, slot, above + plot + below, &[tip(rung)]);
        link = Some((middle + column / 2.0, b));
        middle += slot;
    }
    svg.line("base", 0.0, zero, middle - slot / 2.0, zero);
    svg
}

/// Steps below each other, name and figure above each bar.
fn lying(rungs: &[Rung<'_>], size: Size) -> Svg {
    let (row, thick) = (44.0, 16.0);
    #[allow(clippy::cast_precision_loss)]
    let mut svg = Svg::new(size.width(), rungs.len() as f64 * row + 4.0);
    let scale = Scale::new(&range(rungs), 0.5, svg.width - 0.5);
    let zero = scale.at(0.0);
    // Under names and figures, whose halo keeps them readable.
    if zero > 1.0 {
        svg.line("base", zero, 0.0, zero, svg.height);
    }
    let (mut y, mut link) = (0.0, None);
    for rung in rungs {
        let (a, b) = (scale.at(rung.from), scale.at(rung.to));
        let top = y + row - thick - 4.0;
        if let Some((x, from)) = link {
            svg.line("leader", x, from, x, top);
        }
        // Name and figure side by side on a halo: the links run down behind them.
        let room = svg.width - bold_width(&rung.figure, TEXT) - 8.0;
        let name = shorten(&rung.step.label, TEXT, room);
        svg.text("label halo", 0.0, top - 6.0, Anchor::Start, &name);
        svg.text("value halo", width(&name, TEXT) + 8.0, top - 6.0, Anchor::Start, &rung.figure);
        let length = (a - b).abs().max(if rung.step.value == 0.0 { 0.0 } else { 1.0 });
        svg.rect(rung.class(), a.min(b), top, length, thick);
        svg.tip(0.0, y, svg.width, row, &[tip(rung)]);
        link = Some((b, top + thick));
        y += row;
    }
    svg
}

fn tip(rung: &Rung<'_>) -> String {
    format!("{}: {}", rung.step.label, rung.figure)
}
