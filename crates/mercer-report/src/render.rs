//! Lays a report out as one HTML page.

use std::collections::BTreeSet;

use askama::Template;
use mercer_base::card::{Card, Report, Section, Width};
use mercer_base::{Error, Result};

use crate::charts::{self, Scene};
use crate::check::check;
use crate::table::TableView;
use crate::text::{clean, slug};
use mercer_base::notation::Notation;

/// The page. Everything it needs is in it: no file, font or script is fetched.
#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    title: String,
    subtitle: String,
    sections: Vec<SectionView>,
    colophon: Vec<String>,
    /// Set on the document before it is painted.
    early_script: &'static str,
    script: &'static str,
    style: &'static str,
}

struct SectionView {
    id: String,
    title: String,
    cards: Vec<CardView>,
}

struct CardView {
    id: String,
    title: String,
    subtitle: String,
    so_what: Option<String>,
    caveats: Vec<String>,
    /// Safe HTML; empty without a chart.
    chart: String,
    table: Option<TableView>,
    half: bool,
}

/// Draws `report` as one self-contained HTML page.
///
/// The same report gives the same bytes. Text is escaped, values that are not finite are shown as gaps, and anchors are
/// made plain and unique.
///
/// # Errors
/// An internal error if a table or matrix does not fit its headings.
pub fn render(report: &Report) -> Result<String> {
    check(report)?;
    let notation = Notation::new(&report.currency_sign);
    let mut anchors = BTreeSet::new();
    let page = Page {
        title: clean(&report.title),
        subtitle: clean(&report.subtitle),
        sections: report.sections.iter().map(|section| section_view(section, notation, &mut anchors)).collect(),
        colophon: report.colophon.iter().map(|line| clean(line)).collect(),
        early_script: include_str!("../templates/early.js"),
        script: include_str!("../templates/report.js"),
        style: include_str!("../templates/report.css"),
    };
    page.render().map_err(|cause| Error::internal(format!("the report could not be laid out: {cause}")))
}

fn section_view(section: &Section, notation: Notation<'_>, anchors: &mut BTreeSet<String>) -> SectionView {
    let id = anchor(&section.id, "section", anchors);
    let halves = paired(&section.cards);
    let cards = section.cards.iter().zip(halves).map(|(card, half)| card_view(card, half, notation, anchors)).collect();
    SectionView { id, title: clean(&section.title), cards }
}

fn card_view(card: &Card, half: bool, notation: Notation<'_>, anchors: &mut BTreeSet<String>) -> CardView {
    let id = anchor(&card.id, "card", anchors);
    let label = match card.subtitle.trim() {
        "" => card.title.clone(),
        subtitle => format!("{}. {subtitle}", card.title.trim_end_matches('.')),
    };
    let scene = Scene { notation, id: &id, label: &label, full: !half };
    let chart = card.chart.as_ref().map_or_else(String::new, |chart| charts::draw(chart, &scene));
    CardView {
        title: clean(&card.title),
        subtitle: clean(&card.subtitle),
        so_what: card.so_what.as_deref().map(clean).filter(|words| !words.trim().is_empty()),
        caveats: card.caveats.iter().map(|caveat| clean(caveat)).collect(),
        chart,
        table: TableView::new(&card.table, notation),
        half,
        id,
    }
}

/// Which cards stand beside another: half cards in pairs; one without a partner takes the whole width.
fn paired(cards: &[Card]) -> Vec<bool> {
    let mut halves = vec![false; cards.len()];
    for run in cards.chunk_by(|a, b| a.width == b.width).scan(0, |start, run| {
        let at = *start;
        *start += run.len();
        Some((at, run))
    }) {
        let (start, run) = run;
        if run.first().is_some_and(|card| card.width == Width::Half) {
            halves.iter_mut().skip(start).take(run.len() / 2 * 2).for_each(|half| *half = true);
        }
    }
    halves
}

/// A plain anchor for `name` that no other part of the page has.
fn anchor(name: &str, fallback: &str, taken: &mut BTreeSet<String>) -> String {
    let base = slug(name, fallback);
    let mut candidate = base.clone();
    let mut number = 2_u32;
    while !taken.insert(candidate.clone()) {
        candidate = format!("{base}-{number}");
        number += 1;
    }
    candidate
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cards(widths: &[Width]) -> Vec<Card> {
        widths.iter().map(|width| Card { width: *width, ..Card::default() }).collect()
    }

    #[test]
    fn half_cards_pair_up() {
        use Width::{Full, Half};
        assert_eq!(paired(&cards(&[Full, Half, Half, Full, Half])), [false, true, true, false, false]);
        assert_eq!(paired(&cards(&[Half, Half, Half])), [true, true, false]);
        assert_eq!(paired(&[]), Vec::<bool>::new());
    }

    #[test]
    fn anchors_are_unique() {
        let mut taken = BTreeSet::new();
        let names = ["sales", "Sales", "", "<>"].map(|name| anchor(name, "card", &mut taken));
        assert_eq!(names, ["sales", "sales-2", "card", "card-2"]);
    }
}
