//! Horizontal bars with their name and figure beside them, in the order given.

use mercer_base::card::{Bar, Unit};

use super::{Scene, Size, TEXT, finite};
use crate::scale::{Scale, Ticks};
use crate::svg::{Anchor, Svg};
use crate::text::{bold_width, shorten, width};

/// More bars than this are a table, not a picture.
const MOST: usize = 30;
/// Height of a line for a remark.
const LINE: f64 = 16.0;

/// Draws `bars`; nothing without a finite value. On narrow places each name stands above its bar.
pub(super) fn draw(unit: &Unit, bars: &[Bar], scene: &Scene<'_>, size: Size) -> Option<Svg> {
    bars.iter().find_map(|bar| finite(Some(bar.value)))?;
    let bars = bars.get(..MOST).unwrap_or(bars);
    let stacked = size == Size::Narrow;
    let (row, thick) = if stacked { (42.0, 16.0) } else { (28.0, 18.0) };
    // Remarks too long to stand behind their figures get a line of their own: cut off they say nothing on paper.
    let beside = size.width() * 0.24;
    let below = bars.iter().any(|bar| width(bar.note.trim(), TEXT) > beside);
    let line = if below { LINE } else { 0.0 };
    let row = row + line;
    #[allow(clippy::cast_precision_loss)]
    let mut svg = Svg::new(size.width(), bars.len() as f64 * row + 4.0);

    let names = bars.iter().map(|bar| width(&bar.label, TEXT)).fold(0.0, f64::max);
    let names = if stacked { 0.0 } else { names.min(svg.width * 0.36) + 10.0 };
    let figures: Vec<String> = bars.iter().map(|bar| scene.notation.label(unit, bar.value)).collect();
    let note_room = if below { svg.width - names } else { beside };
    let notes: Vec<String> = bars.iter().map(|bar| shorten(bar.note.trim(), TEXT, note_room)).collect();
    let words = |negative: bool| {
        let one = |((bar, figure), note): ((&Bar, &String), &String)| {
            if (bar.value < 0.0) != negative {
                return 0.0;
            }
            let note = if note.is_empty() || below { 0.0 } else { width(note, TEXT) + 6.0 };
            bold_width(figure, TEXT) + note + 8.0
        };
        bars.iter().zip(&figures).zip(&notes).map(one).fold(0.0, f64::max)
    };

    // The scale ends at the longest bar itself: figures stand beside the bars, so no ticks are needed.
    let ends = Ticks::exact(bars.iter().map(|bar| bar.value));
    let scale = Scale::new(&ends, names + words(true), svg.width - words(false));
    let zero = scale.at(0.0);
    let marked = bars.iter().any(|bar| bar.accent);

    if !stacked || ends.low() < 0.0 {
        svg.line("base", zero, 0.0, zero, svg.height);
    }
    let mut y = 2.0;
    for ((bar, figure), note) in bars.iter().zip(&figures).zip(&notes) {
        let top = if stacked { y + row - line - thick - 6.0 } else { y + (row - line - thick) / 2.0 };
        let baseline = top + thick / 2.0 + 4.0;
        if stacked {
            svg.text("label halo", 0.0, y + 13.0, Anchor::Start, &shorten(&bar.label, TEXT, svg.width));
        } else {
            svg.text("label", names - 10.0, baseline, Anchor::End, &shorten(&bar.label, TEXT, names - 10.0));
        }
        let end = finite(Some(bar.value)).map_or(zero, |value| scale.at(value));
        // What is not zero must not look like it.
        let length = (end - zero).abs().max(if bar.value == 0.0 || !bar.value.is_finite() { 0.0 } else { 1.0 });
        let class = if bar.accent || !marked { "accent" } else { "grey" };
        svg.rect(class, if end < zero { zero - length } else { zero }, top, length, thick);
        if bar.value < 0.0 {
            svg.text("value", end - 6.0, baseline, Anchor::End, figure);
            if !below {
                write_note(&mut svg, note, end - 12.0 - bold_width(figure, TEXT), baseline, Anchor::End);
            }
        } else {
            let x = zero + length + 6.0;
            svg.text("value", x, baseline, Anchor::Start, figure);
            if !below {
                write_note(&mut svg, note, x + bold_width(figure, TEXT) + 6.0, baseline, Anchor::Start);
            }
        }
        if below {
            write_note(&mut svg, note, names, top + thick + 12.0, Anchor::Start);
        }
        let remark = if bar.note.is_empty() { String::new() } else { format!(", {}", bar.note) };
        svg.tip(0.0, y, svg.width, row, &[format!("{}: {figure}{remark}", bar.label)]);
        y += row;
    }
    Some(svg)
}

/// Says how many bars were left to the table.
pub(super) fn notes(bars: &[Bar]) -> Vec<String> {
    match bars.len().checked_sub(MOST) {
        Some(more @ 1..) => vec![format!("The first {MOST} are drawn; {more} more are among the figures.")],
        _ => Vec::new(),
    }
}

fn write_note(svg: &mut Svg, note: &str, x: f64, y: f64, anchor: Anchor) {
    if !note.is_empty() {
        svg.text("tick", x, y, anchor, note);
    }
}
