//! Refuses reports whose parts do not fit together, before anything is drawn.

use mercer_base::card::{Card, Chart, FlowStage, MapGroup, Report};
use mercer_base::{Error, Result};

use crate::charts::is_inside;

/// Whether every table and matrix of `report` is as wide and as long as its headings say, and every map can be drawn as its
/// groups say.
///
/// # Errors
/// An internal error that names the card and the row or group at fault: the method that made the card has a bug.
pub(crate) fn check(report: &Report) -> Result<()> {
    report.sections.iter().flat_map(|section| &section.cards).try_for_each(check_card)
}

fn check_card(card: &Card) -> Result<()> {
    let wrong = |what: String| {
        Err(Error::internal(format!("card `{}`: {what}", card.id))
            .with_hint("this is a bug in mercer; please report it"))
    };
    let width = card.table.columns.len();
    if let Some((row, cells)) = card.table.rows.iter().enumerate().find(|(_, cells)| cells.len() != width) {
        return wrong(format!("row {} of the table has {} values for {width} columns", row + 1, cells.len()));
    }
    if let Some(Chart::Heatmap { rows, columns, cells, .. }) = &card.chart {
        if cells.len() != rows.len() {
            return wrong(format!("the matrix has {} rows for {} names", cells.len(), rows.len()));
        }
        if let Some((row, line)) = cells.iter().enumerate().find(|(_, line)| line.len() != columns.len()) {
            return wrong(format!(
                "row {} of the matrix has {} cells for {} columns",
                row + 1,
                line.len(),
                columns.len()
            ));
        }
    }
    if let Some(Chart::Map { groups, .. }) = &card.chart {
        let dots: usize = groups.iter().map(|group| group.points.len()).sum();
        if dots > MapGroup::MOST_POINTS {
            return wrong(format!("the map has {dots} dots; draw a sample of at most {}", MapGroup::MOST_POINTS));
        }
        // A share that is not a number is not known, as a cell of a matrix may be.
        let outside = |group: &&MapGroup| !group.share.is_nan() && !(0.0..=1.0).contains(&group.share);
        if let Some(group) = groups.iter().find(outside) {
            return wrong(format!("group `{}` of the map has a share of {}", group.label, group.share));
        }
    }
    if let Some(Chart::Flow { stages, bands, .. }) = &card.chart {
        if let Some(stage) = stages.iter().find(|stage| stage.places.len() > FlowStage::MOST_PLACES) {
            let (places, most) = (stage.places.len(), FlowStage::MOST_PLACES);
            return wrong(format!("column `{}` of the flow has {places} places; merge to at most {most}", stage.label));
        }
        if let Some(band) = bands.iter().position(|band| !is_inside(stages, band)) {
            return wrong(format!("band {} of the flow leads to a place that is not there", band + 1));
        }
        if let Some(band) = bands.iter().position(|band| band.value < 0.0) {
            return wrong(format!("band {} of the flow is below 0", band + 1));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use mercer_base::ErrorKind;
    use mercer_base::card::{Column, MapEnds, Section, Table, Unit, Value};

    use super::*;

    fn with(card: Card) -> Report {
        Report { sections: vec![Section { cards: vec![card], ..Section::default() }], ..Report::default() }
    }

    #[test]
    fn a_short_row_is_named() {
        let table =
            Table { columns: vec![Column::new("a", "A"), Column::new("b", "B")], rows: vec![vec![Value::Count(1)]] };
        let error = check(&with(Card { id: "sales".into(), table, ..Card::default() })).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert_eq!(error.to_string(), "card `sales`: row 1 of the table has 1 values for 2 columns");
    }

    #[test]
    fn a_ragged_matrix_is_named() {
        let chart = Chart::Heatmap {
            unit: Unit::Share,
            row_title: String::new(),
            column_title: String::new(),
            rows: vec!["a".into(), "b".into()],
            columns: vec!["0".into()],
            cells: vec![vec![None], vec![]],
        };
        let error = check(&with(Card { id: "cohorts".into(), chart: Some(chart), ..Card::default() })).unwrap_err();
        assert!(error.message().contains("row 2 of the matrix"), "{error}");
    }

    #[test]
    fn a_map_that_is_too_full_or_holds_no_shares_is_named() {
        let message = |share: f64, dots: usize| {
            let group = MapGroup { label: "Regulars".into(), share, points: vec![(0.0, 0.0); dots] };
            let chart = Chart::Map { groups: vec![group], ends: MapEnds::default() };
            check(&with(Card { id: "map".into(), chart: Some(chart), ..Card::default() })).map_err(|e| e.to_string())
        };
        assert_eq!(message(0.3, MapGroup::MOST_POINTS), Ok(()));
        assert_eq!(message(f64::NAN, 1), Ok(()));
        assert!(message(0.3, MapGroup::MOST_POINTS + 1).unwrap_err().contains("1201 dots"));
        assert!(message(30.0, 1).unwrap_err().contains("`Regulars` of the map has a share of 30"));
    }
}
