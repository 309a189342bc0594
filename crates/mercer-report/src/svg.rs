//! A small writer of SVG: finite coordinates to a tenth of a pixel, escaped text, colours by CSS class.

use std::fmt::Write as _;

use crate::text::{clean, escape};

/// Where a text's anchor point lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// At its left end.
    Start,
    /// In its middle.
    Middle,
    /// At its right end.
    End,
}

/// The shape of a mark; eight that can be told apart without colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A round dot.
    Dot,
    /// A square on its side.
    Square,
    /// A triangle that points up.
    Triangle,
    /// An upright cross.
    Plus,
    /// A square on its corner.
    Diamond,
    /// A triangle that points down.
    Wedge,
    /// A flat bar.
    Bar,
    /// A ring.
    Ring,
}

impl Mark {
    /// The outline as path commands relative to the mark's centre. Sizes are chosen so that all weigh about the same.
    fn outline(self, size: f64) -> String {
        let half = size / 2.0;
        // `sweep` is the way round: a circle the other way round inside another one is a hole.
        let circle = |radius: f64, sweep: u8| {
            let (r, d) = (px(radius), px(2.0 * radius));
            format!("m-{r} 0a{r} {r} 0 1 {sweep} {d} 0a{r} {r} 0 1 {sweep}-{d} 0z")
        };
        let corners = |corners: &[(f64, f64)]| {
            let mut at = (0.0, 0.0);
            let mut path = String::new();
            for (index, &(x, y)) in corners.iter().enumerate() {
                let _ = write!(
                    path,
                    "{}{} {}",
                    if index == 0 { 'm' } else { 'l' },
                    px((x - at.0) * half),
                    px((y - at.1) * half)
                );
                at = (x, y);
            }
            path.push('z');
            path
        };
        match self {
            Self::Dot => circle(half, 0),
            Self::Ring => format!("{}m{} 0{}", circle(half * 1.1, 0), px(half * 1.1), circle(half * 0.5, 1)),
            Self::Square => corners(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
            Self::Triangle => corners(&[(0.0, -1.2), (1.2, 0.9), (-1.2, 0.9)]),
            Self::Wedge => corners(&[(0.0, 1.2), (-1.2, -0.9), (1.2, -0.9)]),
            Self::Diamond => corners(&[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)]),
            Self::Bar => corners(&[(-1.5, -0.5), (1.5, -0.5), (1.5, 0.5), (-1.5, 0.5)]),
            Self::Plus => {
                let (long, thin) = (1.3, 0.4);
                corners(&[
                    (-thin, -long),
                    (thin, -long),
                    (thin, -thin),
                    (long, -thin),
                    (long, thin),
                    (thin, thin),
                    (thin, long),
                    (-thin, long),
                    (-thin, thin),
                    (-long, thin),
                    (-long, -thin),
                    (-thin, -thin),
                ])
            }
        }
    }
}

/// An SVG picture in the making.
#[derive(Debug, Clone)]
pub(crate) struct Svg {
    /// Width in pixels of the design, the viewBox's.
    pub(crate) width: f64,
    /// Height in pixels of the design.
    pub(crate) height: f64,
    body: String,
}

impl Svg {
    /// An empty picture.
    pub(crate) fn new(width: f64, height: f64) -> Self {
        Self { width, height, body: String::new() }
    }

    /// A rectangle with its upper left corner at `x`, `y`.
    pub(crate) fn rect(&mut self, class: &str, x: f64, y: f64, width: f64, height: f64) {
        let (x, y, w, h) = (px(x), px(y), px(width.max(0.0)), px(height.max(0.0)));
        let _ = write!(self.body, r#"<rect class="{class}" x="{x}" y="{y}" width="{w}" height="{h}"/>"#);
    }

    /// A rectangle filled with the hatching called `pattern`.
    pub(crate) fn hatched(&mut self, pattern: &str, x: f64, y: f64, width: f64, height: f64) {
        let (x, y, w, h) = (px(x), px(y), px(width.max(0.0)), px(height.max(0.0)));
        let _ = write!(
            self.body,
            r#"<rect class="hatched" fill="url(#{pattern})" x="{x}" y="{y}" width="{w}" height="{h}"/>"#
        );
    }

    /// Defines the hatching called `id` (unique in the document) for unfinished periods.
    pub(crate) fn hatching(&mut self, id: &str) {
        let _ = write!(
            self.body,
            r#"<defs><pattern id="{id}" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatch" d="M0 0V5"/></pattern></defs>"#
        );
    }

    /// A straight line.
    pub(crate) fn line(&mut self, class: &str, x1: f64, y1: f64, x2: f64, y2: f64) {
        let (x1, y1, x2, y2) = (px(x1), px(y1), px(x2), px(y2));
        let _ = write!(self.body, r#"<path class="{class}" d="M{x1} {y1}L{x2} {y2}"/>"#);
    }

    /// A polyline through `points`, closed into an area if `closed`; nothing for fewer than two points.
    pub(crate) fn path(&mut self, class: &str, points: &[(f64, f64)], closed: bool) {
        if points.len() < 2 {
            return;
        }
        let _ = write!(self.body, r#"<path class="{class}" d=""#);
        for (index, &(x, y)) in points.iter().enumerate() {
            let _ = write!(self.body, "{}{} {}", if index == 0 { 'M' } else { 'L' }, px(x), px(y));
        }
        self.body.push_str(if closed { "Z\"/>" } else { "\"/>" });
    }

    /// A band `wide` pixels high that bends from the upper end at `from` to that at `to`; `tip` answers the pointer.
    pub(crate) fn band(&mut self, class: &str, from: (f64, f64), to: (f64, f64), wide: f64, tip: &str) {
        let middle = px((from.0 + to.0) / 2.0);
        let (x1, y1, x2, y2) = (px(from.0), px(from.1), px(to.0), px(to.1));
        let (low1, low2, tip) = (px(from.1 + wide), px(to.1 + wide), escape(&clean(tip)));
        let _ = write!(
            self.body,
            r#"<path class="{class}" d="M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}V{low2}C{middle} {low2} {middle} {low1} {x1} {low1}Z"><title>{tip}</title></path>"#
        );
    }

    /// A dot.
    pub(crate) fn dot(&mut self, class: &str, x: f64, y: f64, radius: f64) {
        let _ = write!(self.body, r#"<circle class="{class}" cx="{}" cy="{}" r="{}"/>"#, px(x), px(y), px(radius));
    }

    /// Marks of one shape around `centres`, `size` pixels across, as one element: hundreds of dots stay a light page.
    pub(crate) fn marks(&mut self, class: &str, mark: Mark, centres: &[(f64, f64)], size: f64) {
        if centres.is_empty() {
            return;
        }
        let outline = mark.outline(size);
        let _ = write!(self.body, r#"<path class="{class}" d=""#);
        for &(x, y) in centres {
            let _ = write!(self.body, "M{} {}{outline}", px(x), px(y));
        }
        self.body.push_str("\"/>");
    }

    /// One line of text with its baseline at `y`.
    pub(crate) fn text(&mut self, class: &str, x: f64, y: f64, anchor: Anchor, text: &str) {
        let side = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " mid",
            Anchor::End => " end",
        };
        let (x, y, text) = (px(x), px(y), escape(&clean(text)));
        let _ = write!(self.body, r#"<text class="{class}{side}" x="{x}" y="{y}">{text}</text>"#);
    }

    /// An invisible rectangle that answers the pointer with `tip` (lines parted by `\n`).
    pub(crate) fn tip(&mut self, x: f64, y: f64, width: f64, height: f64, tip: &[String]) {
        let (x, y, w, h) = (px(x), px(y), px(width.max(0.0)), px(height.max(0.0)));
        let tip = tip_text(tip);
        let _ = write!(
            self.body,
            r#"<rect class="hit" x="{x}" y="{y}" width="{w}" height="{h}"><title>{tip}</title></rect>"#
        );
    }

    /// Opens a group; `tip`, if not empty, answers the pointer anywhere in it. Close it with [`Svg::close`].
    pub(crate) fn open(&mut self, class: &str, tip: &[String]) {
        let _ = write!(self.body, r#"<g class="{class}">"#);
        if !tip.is_empty() {
            let _ = write!(self.body, "<title>{}</title>", tip_text(tip));
        }
    }

    /// Closes the group opened last.
    pub(crate) fn close(&mut self) {
        self.body.push_str("</g>");
    }

    /// A picture that fills the width it is given, up to its CSS maximum, described to screen readers by `label`.
    pub(crate) fn fluid(&self, label: &str) -> String {
        let (w, h, label) = (px(self.width), px(self.height), escape(&clean(label)));
        format!(r#"<svg viewBox="0 0 {w} {h}" role="img" aria-label="{label}">{}</svg>"#, self.body)
    }

    /// A picture at its natural size; hidden from screen readers where `label` is empty.
    pub(crate) fn fixed(&self, class: &str, label: &str) -> String {
        let (w, h) = (px(self.width), px(self.height));
        let role = if label.is_empty() {
            r#"aria-hidden="true""#.to_owned()
        } else {
            format!(r#"role="img" aria-label="{}""#, escape(&clean(label)))
        };
        format!(r#"<svg class="{class}" viewBox="0 0 {w} {h}" width="{w}" height="{h}" {role}>{}</svg>"#, self.body)
    }
}

/// The escaped lines of a tooltip.
fn tip_text(lines: &[String]) -> String {
    lines.iter().map(|line| escape(&clean(line))).collect::<Vec<_>>().join("\n")
}

/// A coordinate to a tenth of a pixel, as short as it can be written; what is not finite becomes 0.
pub(crate) fn px(value: f64) -> String {
    if !value.is_finite() {
        return "0".into();
    }
    let text = format!("{:.1}", value.clamp(-1e6, 1e6));
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0".into() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_short_and_finite() {
        assert_eq!([px(12.0), px(-0.01), px(3.25), px(f64::NAN), px(f64::INFINITY)], ["12", "0", "3.2", "0", "0"]);
    }

    #[test]
    fn text_cannot_leave_its_element() {
        let mut svg = Svg::new(10.0, 10.0);
        svg.text("tick", 1.0, 2.0, Anchor::End, "</text><script>");
        insta::assert_snapshot!(svg.fluid("\"quoted\""), @r#"<svg viewBox="0 0 10 10" role="img" aria-label="&quot;quoted&quot;"><text class="tick end" x="1" y="2">&lt;/text&gt;&lt;script&gt;</text></svg>"#);
    }
}
