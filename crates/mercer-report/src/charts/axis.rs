//! The axes that charts over time share: horizontal grid lines with their values, and periods along the bottom.

use mercer_base::card::{Point, Unit};

use super::{Scene, TEXT};
use crate::scale::{Scale, Ticks};
use crate::svg::{Anchor, Svg};
use crate::text::{shorten, width};
use mercer_base::notation::period;

/// Height below the plot that holds the labels of these periods: two lines where they name a year.
pub(super) fn below(labels: &[&str]) -> f64 {
    if labels.iter().any(|label| period(label).1.is_some()) { 36.0 } else { 21.0 }
}

/// A vertical axis: its ticks, their words, and the room the words take.
pub(super) struct Values {
    pub(super) ticks: Ticks,
    words: Vec<String>,
    /// Width of the longest word and a gap, in pixels.
    pub(super) gutter: f64,
}

impl Values {
    /// An axis over `values`, from zero if asked.
    pub(super) fn over(values: impl IntoIterator<Item = f64>, from_zero: bool, unit: &Unit, scene: &Scene<'_>) -> Self {
        let ticks = Ticks::over(values, from_zero, 4.0, *unit == Unit::Count);
        let words = scene.notation.ticks(unit, &ticks.0);
        let gutter = words.iter().map(|word| width(word, TEXT)).fold(0.0, f64::max) + 8.0;
        Self { ticks, words, gutter }
    }

    /// Draws grid lines from `left` to `right` with their values to the left of them.
    pub(super) fn draw(&self, svg: &mut Svg, scale: &Scale, left: f64, right: f64) {
        for (&tick, word) in self.ticks.0.iter().zip(&self.words) {
            let y = scale.at(tick);
            svg.line(if tick == 0.0 { "base" } else { "grid" }, left, y, right, y);
            svg.text("tick", left - 8.0, y + 4.0, Anchor::End, word);
        }
    }
}

/// Writes period labels centred at `at(index)` under `y`: as many as fit, the year where it changes.
pub(super) fn draw_periods(svg: &mut Svg, labels: &[&str], slot: f64, y: f64, at: impl Fn(usize) -> f64) {
    let mut shown_year: Option<String> = None;
    let limit = svg.width;
    for (index, head, year) in thinned(labels, slot, limit) {
        let x = at(index);
        let place = |text: &str| {
            let half = width(text, TEXT) / 2.0;
            x.clamp(half.min(limit / 2.0), (limit - half).max(limit / 2.0))
        };
        svg.text("tick", place(&head), y + 16.0, Anchor::Middle, &head);
        if let Some(year) = year
            && shown_year.as_ref() != Some(&year)
        {
            svg.text("tick", place(&year), y + 31.0, Anchor::Middle, &year);
            shown_year = Some(year);
        }
    }
}

/// Every k-th label, parted from its year, with the smallest usual k that keeps neighbours apart.
fn thinned(labels: &[&str], slot: f64, limit: f64) -> Vec<(usize, String, Option<String>)> {
    let parts: Vec<_> = labels.iter().map(|label| period(label)).collect();
    let widest = parts
        .iter()
        .flat_map(|(head, year)| [Some(head), year.as_ref()])
        .flatten()
        .map(|text| width(text, TEXT))
        .fold(0.0, f64::max)
        .min(limit);
    let step = [1, 2, 3, 4, 6, 12, 24, 26, 52, 120, 365, 1000, 10_000]
        .into_iter()
        .find(|&step: &u32| f64::from(step) * slot >= widest + 6.0)
        .and_then(|step| usize::try_from(step).ok())
        .unwrap_or(labels.len().max(1));
    parts
        .into_iter()
        .enumerate()
        .step_by(step)
        .map(|(index, (head, year))| (index, shorten(&head, TEXT, limit), year))
        .collect()
}

/// Words for one point's tooltip line: its value, its interval, and whether the period is over.
pub(super) fn describe(point: &Point, unit: &Unit, scene: &Scene<'_>) -> String {
    let label = |value| scene.notation.label(unit, value);
    let mut words = super::finite(point.value).map_or_else(|| "no value".to_owned(), label);
    if let Some((low, high)) = interval(point) {
        words.push_str(&format!(" ({} to {})", label(low), label(high)));
    }
    if point.partial {
        words.push_str(", period not over");
    }
    words
}

/// The point's interval in rising order, if both its ends are finite.
pub(super) fn interval(point: &Point) -> Option<(f64, f64)> {
    point.interval.filter(|(low, high)| low.is_finite() && high.is_finite()).map(|(a, b)| (a.min(b), a.max(b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONTHS: [&str; 5] = ["Nov 2010", "Dec 2010", "Jan 2011", "Feb 2011", "Mar 2011"];

    #[test]
    fn the_year_stands_where_it_changes() {
        let mut svg = Svg::new(400.0, 40.0);
        draw_periods(&mut svg, &MONTHS, 60.0, 0.0, |index| [50.0, 110.0, 170.0, 230.0, 290.0][index]);
        let drawn = svg.fluid("");
        assert_eq!(drawn.matches("2010").count(), 1);
        assert_eq!(drawn.matches("2011").count(), 1);
        assert!(drawn.contains("Mar"));
    }

    #[test]
    fn crowded_labels_thin_out() {
        let shown = |slot| thinned(&MONTHS, slot, 400.0).iter().map(|mark| mark.0).collect::<Vec<_>>();
        assert_eq!(shown(60.0), [0, 1, 2, 3, 4]);
        assert_eq!(shown(18.0), [0, 2, 4]);
        assert_eq!(shown(1.0), [0]);
    }

    #[test]
    fn a_crossed_interval_is_put_right() {
        let point = Point { label: String::new(), value: Some(1.0), interval: Some((2.0, 0.5)), partial: false };
        assert_eq!(interval(&point), Some((0.5, 2.0)));
    }
}
