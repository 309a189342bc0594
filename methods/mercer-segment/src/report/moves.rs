//! The card on customers between segments: who moved, and who was only labelled anew.

use mercer_base::card::{Card, Chart, Column, HeatCell, Table, Unit, Value};
use mercer_base::words::count;

use super::{Desk, card, counted};
use crate::persist::History;

/// Population stability index from which a distribution counts as drifting, and as another one.
const DRIFTING: f64 = 0.1;
const SHIFTED: f64 = 0.25;

impl Desk<'_> {
    /// Who moved within the last month.
    pub(super) fn moves(&self) -> Vec<Card> {
        let Some(history) = &self.model().history else { return Vec::new() };
        let Some(last) = history.steps.last() else { return Vec::new() };
        let share = |part: u64| self.notation.label(&Unit::Share, part as f64 / last.customers.max(1) as f64);
        let title = format!(
            "{} of customers moved to another segment within a month; {} were only labelled anew",
            share(last.moved),
            share(last.relabelled)
        );
        let names: Vec<(&str, &str)> =
            self.model().segments.segments.iter().map(|segment| (segment.id.as_str(), segment.name.as_str())).collect();
        let name = |id: &str| {
            names
                .iter()
                .find(|known| known.0 == id)
                .map_or_else(|| format!("{id} (no more)"), |known| known.1.to_owned())
        };
        let mut from: Vec<Option<&str>> = history.matrix.iter().map(|cell| cell.from.as_deref()).collect();
        from.sort_unstable();
        from.dedup();
        // Newcomers last.
        from.sort_by_key(|id| id.is_none());
        let to: Vec<&str> = names.iter().map(|known| known.0).collect();
        let from_name = |id: &Option<&str>| id.map_or_else(|| "new customers".to_owned(), name);
        let cells = from.iter().map(|from| {
            let row: Vec<u64> = to.iter().map(|to| history.cell(*from, to).map_or(0, |cell| cell.customers)).collect();
            let total: u64 = row.iter().sum();
            row.into_iter()
                .map(|customers| {
                    (total > 0).then(|| HeatCell {
                        value: customers as f64 / total as f64,
                        note: count(customers, "customer", "customers"),
                    })
                })
                .collect()
        });
        let rows = history.matrix.iter().map(|cell| {
            vec![
                Value::Text(from_name(&cell.from.as_deref())),
                Value::Text(name(&cell.to)),
                counted(cell.customers),
                counted(cell.moved),
            ]
        });
        let columns = [
            ("from", "A month ago"),
            ("to", "Now"),
            ("customers", "Customers"),
            ("moved", "Moved by their own behaviour"),
        ];
        vec![Card {
            so_what: Some("Look at those who left your best segments: segment_id_a_month_ago stands beside segment_id in the customer 360.".to_owned()),
            caveats: self.caveats_of_moves(history),
            chart: Some(Chart::Heatmap {
                unit: Unit::Share,
                row_title: "a month ago".to_owned(),
                column_title: "now".to_owned(),
                rows: from.iter().map(from_name).collect(),
                columns: to.iter().map(|id| name(id)).collect(),
                cells: cells.collect(),
            }),
            table: Table { columns: columns.map(|(name, label)| Column::new(name, label)).to_vec(), rows: rows.collect() },
            ..card(
                "segment-moves".to_owned(),
                title,
                format!("Share of each segment's customers, from a month before to {}; {}", last.until, self.window()),
            )
        }]
    }

    fn caveats_of_moves(&self, history: &History) -> Vec<String> {
        let share = |value: f64| self.notation.label(&Unit::Share, value);
        let [changed, moved, relabelled, raw] = history.monthly();
        let mut caveats = vec![format!(
            "Over {}: each month {} of customers came to another segment. By the segments of the month before, kept as they were, {} \
             moved; {} were labelled anew because the segments themselves changed (a customer can be both). Without matching segments \
             from month to month {} would have changed their label.",
            count(history.steps.len() as u64, "month", "months"),
            share(changed),
            share(moved),
            share(relabelled),
            share(raw)
        )];
        if let Some(last) = history.steps.last() {
            for (ids, what) in [(&last.appeared, "appeared"), (&last.vanished, "vanished")] {
                if !ids.is_empty() {
                    caveats.push(format!("Segments that {what} within the month: {}.", ids.join(", ")));
                }
            }
        }
        for drift in &history.drift {
            let word = match drift.since_first {
                index if index > SHIFTED => "has shifted",
                index if index > DRIFTING => "is drifting",
                _ => continue,
            };
            caveats.push(format!(
                "The distribution of {} {word} since the first of these months (population stability index {:.2}; from {SHIFTED} \
                 on it is another one).",
                drift.attribute, drift.since_first
            ));
        }
        caveats
    }
}
