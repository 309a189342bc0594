//! A matrix of shaded cells with their numbers inside; its row names stay in view while it scrolls sideways.

use mercer_base::card::{HeatCell, Unit};

use super::{Scene, Size, TEXT};
use crate::svg::{Anchor, Svg};
use crate::text::{shorten, width, wrap};
use mercer_base::notation::THIN;

/// Shades from lightest to darkest; the classes `h0` to `h7` of `report.css`.
const SHADES: u32 = 8;
/// Height above the cells, beside that of the lines of the column names.
const HEAD: f64 = 26.0;
/// Height of a line of a column's name, and how many it has at the most.
const LINE: f64 = 14.0;
const MOST_LINES: usize = 3;

/// A matrix and the range its shades stand for.
pub(super) struct Heatmap<'a> {
    unit: &'a Unit,
    row_title: &'a str,
    column_title: &'a str,
    rows: &'a [String],
    columns: &'a [String],
    cells: &'a [Vec<Option<HeatCell>>],
    /// Lowest and highest shaded value; none if no cell has a finite one.
    range: Option<(f64, f64)>,
    /// The first column is 100 % by definition (everyone is there in their first month), so it stays unshaded.
    plain_first: bool,
}

impl<'a> Heatmap<'a> {
    /// Takes the matrix and finds its range.
    pub(super) fn new(
        unit: &'a Unit,
        [row_title, column_title]: [&'a str; 2],
        rows: &'a [String],
        columns: &'a [String],
        cells: &'a [Vec<Option<HeatCell>>],
    ) -> Self {
        let known = |cell: &'a Option<HeatCell>| cell.as_ref().map(|c| c.value).filter(|v| v.is_finite());
        let mut first = cells.iter().filter_map(|row| row.first()).filter_map(known).peekable();
        let plain_first = *unit == Unit::Share
            && columns.len() > 1
            && first.peek().is_some()
            && first.all(|value| (value - 1.0).abs() < 5e-4);
        let values = cells.iter().flat_map(|row| row.iter().skip(usize::from(plain_first))).filter_map(known);
        let extent = values.fold(None, |range: Option<(f64, f64)>, value| {
            let (low, high) = range.unwrap_or((value, value));
            Some((low.min(value), high.max(value)))
        });
        // Shading from the lowest cell shows the pattern; where all are about alike there is none to show.
        let range = extent.map(|(low, high)| if low > 0.9 * high { (low.min(0.0), high) } else { (low, high) });
        Self { unit, row_title, column_title, rows, columns, cells, range, plain_first }
    }

    /// Draws the row names and the cells side by side in a box that scrolls; nothing without a finite value.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn draw(&self, scene: &Scene<'_>, size: Size) -> Option<String> {
        if self.range.is_none() && !self.plain_first {
            return None;
        }
        let (room, most_names) = match size {
            Size::Narrow => (288.0, 96.0),
            Size::Medium => (400.0, 130.0),
            Size::Wide => (680.0, 220.0),
        };
        let names = self.rows.iter().map(|name| width(name, TEXT)).fold(width(self.row_title, TEXT), f64::max);
        let names = names.min(most_names) + 10.0;
        let few = self.columns.len() <= 6;
        let least = if few { 38.0 } else { 42.0 };
        let long = self.columns.iter().any(|name| width(name, TEXT) > 50.0);
        // Words want more room than numbers; a wide page has it.
        let room = if long && size == Size::Wide { 840.0 } else { room };
        let most = if long {
            92.0
        } else if few {
            72.0
        } else {
            52.0
        };
        let cell = ((room - names) / self.columns.len().max(1) as f64).clamp(least, most);
        let titles: Vec<Vec<String>> =
            self.columns.iter().map(|name| wrap(name, TEXT, cell - 4.0, MOST_LINES)).collect();
        let lines = titles.iter().map(Vec::len).max().unwrap_or(1).max(1);
        let head = HEAD + lines as f64 * LINE;
        let tall = if few && self.rows.len() <= 8 { 40.0 } else { 26.0 };
        let height = head + self.rows.len() as f64 * tall;

        let mut left = Svg::new(names, height);
        left.text("tick", 0.0, head - 7.0, Anchor::Start, &shorten(self.row_title, TEXT, names - 6.0));
        let mut right = Svg::new(cell * self.columns.len() as f64, height);
        let title_room = right.width;
        right.text("tick", 2.0, 14.0, Anchor::Start, &shorten(self.column_title, TEXT, title_room));
        for (index, title) in titles.iter().enumerate() {
            let x = (index as f64 + 0.5) * cell;
            for (above, line) in title.iter().rev().enumerate() {
                right.text("tick", x, head - 7.0 - above as f64 * LINE, Anchor::Middle, line);
            }
        }
        for (index, (name, cells)) in self.rows.iter().zip(self.cells).enumerate() {
            let y = head + index as f64 * tall;
            left.text("label", 0.0, y + tall / 2.0 + 4.0, Anchor::Start, &shorten(name, TEXT, names - 8.0));
            for (column, (title, content)) in self.columns.iter().zip(cells).enumerate() {
                let Some(content) = content.as_ref().filter(|content| content.value.is_finite()) else { continue };
                let x = column as f64 * cell;
                right.open(
                    &self.class(column, content.value),
                    &[
                        format!("{} {name}, {} {title}", self.row_title, self.column_title).trim().to_owned(),
                        self.words(scene, content),
                    ],
                );
                right.rect("cell", x + 0.5, y + 0.5, cell - 1.0, tall - 1.0);
                if let Some(number) = self.number(scene, content.value, cell - 4.0) {
                    right.text("in", x + cell / 2.0, y + tall / 2.0 + 4.0, Anchor::Middle, &number);
                }
                right.close();
            }
        }
        let hint =
            if names + right.width > room { "<p class=\"note aside\">Scroll sideways for the rest.</p>" } else { "" };
        Some(format!(
            "<div class=\"scroll heat\" tabindex=\"0\">{}{}</div>{hint}",
            left.fixed("names", ""),
            right.fixed("cells", scene.label)
        ))
    }

    /// What the shades stand for.
    pub(super) fn notes(&self, scene: &Scene<'_>) -> Vec<String> {
        let Some((low, high)) = self.range else { return Vec::new() };
        let label = |value| scene.notation.label(self.unit, value);
        let mut note = if self.has_two_sides() {
            format!("Shades run from {} (brown) over 0 (faint) to {} (blue).", label(low), label(high))
        } else {
            format!("Shades run from {} (faint) to {} (strong).", label(low), label(high))
        };
        if self.plain_first {
            note.push_str(" The first column is 100\u{202f}% by definition.");
        }
        if self.cells.iter().flatten().any(Option::is_none) {
            note.push_str(" Blank: not known.");
        }
        vec![note]
    }

    /// The class of a cell's shade.
    fn class(&self, column: usize, value: f64) -> String {
        if self.plain_first && column == 0 {
            return "hit h-none".into();
        }
        let (low, high) = self.range.unwrap_or((0.0, 1.0));
        if self.has_two_sides() {
            let share = (value / high.max(-low)).abs();
            let shade = (1..SHADES).filter(|&step| share >= f64::from(step) / f64::from(SHADES)).count();
            let side = if value < 0.0 && shade > 0 { 'g' } else { 'h' };
            return format!("hit {side}{shade}");
        }
        // Halved, so that the span of the largest numbers there are stays finite.
        let share = (value / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0);
        let shade = (1..SHADES).filter(|&step| share >= f64::from(step) / f64::from(SHADES)).count();
        format!("hit h{shade}")
    }

    /// Whether values lie on both sides of nought, which then is the faintest shade.
    fn has_two_sides(&self) -> bool {
        self.range.is_some_and(|(low, high)| low < 0.0 && high > 0.0)
    }

    /// The number to write into a cell of this width: with its unit, else without `%`, else none.
    fn number(&self, scene: &Scene<'_>, value: f64, room: f64) -> Option<String> {
        let full = scene.notation.label(self.unit, value);
        let bare = full.trim_end_matches('%').trim_end_matches(THIN).to_owned();
        [full, bare].into_iter().find(|text| width(text, TEXT) <= room)
    }

    fn words(&self, scene: &Scene<'_>, cell: &HeatCell) -> String {
        let value = scene.notation.label(self.unit, cell.value);
        if cell.note.is_empty() { value } else { format!("{value} ({})", cell.note) }
    }
}
