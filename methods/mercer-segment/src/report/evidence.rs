//! The card on what speaks for the segments: stability, and how much better they are than chance.

use mercer_base::card::Column;
use mercer_base::card::{Bar, Card, Chart, Table, Unit, Value};

use super::{Desk, card};
use crate::evaluate::candidates;

impl Desk<'_> {
    /// How many segments the data carry.
    pub(super) fn evidence(&self) -> Card {
        let groups = &self.model().segments;
        let evaluation = self.known.evaluation;
        let bars: Vec<Bar> = groups
            .candidates
            .iter()
            .filter_map(|candidate| {
                Some(Bar {
                    label: format!("{} segments", candidate.k),
                    value: candidate.least_jaccard()?,
                    note: if candidate.stable { "stable".to_owned() } else { String::new() },
                    accent: candidate.k == groups.k,
                })
            })
            .collect();
        let table = candidates(groups);
        let table = if table.rows.is_empty() { figures(evaluation) } else { table };
        Card {
            caveats: vec![
                evaluation.words.clone(),
                format!(
                    "Stability is the share of customers that the least stable segment keeps in common with itself ({}); {} \
                     counts as stable.",
                    evaluation.design,
                    self.params().stable.get()
                ),
                format!("Compared with: {}.", evaluation.baselines.join(", ")),
                "Segments describe; they do not say what would happen if customers were treated differently."
                    .to_owned(),
            ],
            chart: (!bars.is_empty()).then_some(Chart::Bars { unit: Unit::Number, bars }),
            table,
            ..card(
                "segment-evidence".to_owned(),
                self.evidence_title(),
                format!("Stability of the least stable segment; {}", self.window()),
            )
        }
    }

    fn evidence_title(&self) -> String {
        use crate::model::Chosen;
        let groups = &self.model().segments;
        match groups.chosen {
            Chosen::Stable => format!("{} segments are as many as the data carry", groups.k),
            Chosen::NoneStable => "No number of segments is stable".to_owned(),
            Chosen::Given => format!("What speaks for {} segments", groups.k),
            Chosen::ByAlgorithm => format!("What speaks for the {} segments", groups.k),
        }
    }
}

fn figures(evaluation: &mercer_method::Evaluation) -> Table {
    let rows = evaluation
        .measures
        .iter()
        .map(|measure| vec![Value::Text(measure.label.clone()), measure.model.map_or(Value::Missing, Value::Number)]);
    Table { columns: vec![Column::new("measure", "Measure"), Column::new("value", "Value")], rows: rows.collect() }
}
