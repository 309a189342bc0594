//! How far to trust it: what was foretold and what came, how many are found, what a contact earns, and the model itself.

use mercer_base::card::{Card, Chart, Column, Point, Series, Table, Unit, Value, Width};
use mercer_method::Known;

use super::Desk;
use crate::Propensity;
use crate::guard::Level;
use crate::model::{Source, TargetModel};

impl Desk<'_> {
    /// Predicted and observed rates by tenths.
    pub(super) fn tested(&self) -> Option<Card> {
        let table = self.detail("deciles")?;
        let slope = self.measure("calibration_slope")?;
        let found = match slope {
            slope if (0.9..=1.1).contains(&slope) => "Probabilities hold on rows the model had not seen",
            slope if slope < 0.9 => "Probabilities are too extreme on rows the model had not seen",
            _ => "Probabilities are too timid on rows the model had not seen",
        };
        Some(Card {
            id: self.id("tested"),
            title: found.into(),
            subtitle: format!("Rate of the outcome by tenths, the highest probabilities first; {}", self.target.name),
            so_what: Some("Plan with the observed rate of a tenth, and its interval.".into()),
            caveats: vec![
                format!("How: {}.", self.known.evaluation.design),
                format!(
                    "Calibration slope {slope:.2}, where 1 is right; calibration error {:.3}.",
                    self.measure("ece")?
                ),
            ],
            chart: Some(Chart::Lines {
                unit: Unit::Share,
                series: vec![line(table, "observed", 0, 3, Some((4, 5))), line(table, "predicted", 0, 2, None)],
                from_zero: true,
            }),
            table: table.clone(),
            width: Width::Half,
        })
    }

    /// How many stay by time, as foretold and as it came.
    pub(super) fn curves(&self) -> Option<Card> {
        let table = self.detail("kaplan_meier")?;
        let share = |row: &[Value], at: usize| match row.get(at) {
            Some(Value::Share(share)) => Some(*share),
            _ => None,
        };
        let gap = |row: &Vec<Value>| Some((share(row, 2)? - share(row, 3)?).abs());
        let widest = table.rows.iter().filter_map(gap).reduce(f64::max)?;
        let widest = format!("{:.1} points", 100.0 * widest);
        let over = match &self.target.source {
            Source::History { .. } => "days from the day as of which it is asked",
            _ => "time, in the unit of its column",
        };
        Some(Card {
            id: self.id("curves"),
            title: format!("How many stay was foretold to within {widest} on rows the model had not seen"),
            subtitle: format!("Share without the event by {over}; {}", self.target.name),
            so_what: Some("Plan with the mean of the curves of those you ask about, not with a single one.".into()),
            caveats: vec![format!("How: {}.", self.known.evaluation.design)],
            chart: Some(Chart::Lines {
                unit: Unit::Share,
                series: vec![line(table, "as it came", 0, 3, None), line(table, "as foretold", 0, 2, None)],
                from_zero: true,
            }),
            table: table.clone(),
            width: Width::Half,
        })
    }

    /// How many of those with the outcome are found by depth.
    pub(super) fn found(&self) -> Option<Card> {
        if let Some(table) = self.detail("likeness") {
            return Some(Card {
                id: self.id("found"),
                title: self.known.evaluation.words.clone(),
                subtitle: "Hidden ones among the best prospects".into(),
                table: table.clone(),
                width: Width::Half,
                ..Card::default()
            });
        }
        let table = self.detail("gains")?;
        let tenth =
            table.rows.iter().find(|row| matches!(row.first(), Some(Value::Share(share)) if *share >= 0.0999))?;
        let (Some(Value::Share(gain)), Some(Value::Number(lift))) = (tenth.get(1), tenth.get(2)) else { return None };
        let random = Series { label: "at random".into(), ..line(table, "", 0, 0, None) };
        Some(Card {
            id: self.id("found"),
            title: format!(
                "The best tenth holds {} of them, {lift:.1} times as many as a random tenth",
                self.notation.label(&Unit::Share, *gain)
            ),
            subtitle: format!(
                "Share of all outcomes found by share of rows, the highest probabilities first; {}",
                self.target.name
            ),
            so_what: Some("Go as deep as a contact earns more than it costs.".into()),
            caveats: match self.known.model.targets.len() {
                1 => vec![self.known.evaluation.words.clone()],
                _ => Vec::new(),
            },
            chart: Some(Chart::Lines {
                unit: Unit::Share,
                series: vec![line(table, "by probability", 0, 1, None), random],
                from_zero: true,
            }),
            table: table.clone(),
            width: Width::Half,
        })
    }

    /// What contacting earns by depth.
    pub(super) fn profit(&self) -> Option<Card> {
        let (table, depth) = (self.detail("profit")?, self.detail("profit_cut_off")?.rows.first()?);
        let number = |at: usize| match depth.get(at) {
            Some(Value::Number(value) | Value::Share(value)) => Some(*value),
            _ => None,
        };
        let money = |value: f64| self.notation.label(&Unit::Money, value);
        let share = |value: f64| self.notation.label(&Unit::Share, value);
        let (best, expected) = (number(0)?, number(3)?);
        let title = match number(2) {
            Some(cut_off) if best > 0.0 => {
                format!("Contacting {} of them pays: from a probability of {} on", share(best), share(cut_off))
            }
            _ => "At this cost no contact pays".to_owned(),
        };
        let mut caveats = vec![
            "The cut-off follows from cost and value alone; the profit shown is what came on rows not seen.".to_owned(),
        ];
        if let (Some(observed), Some(low), Some(high)) = (number(4), number(5), number(6)) {
            caveats.push(format!(
                "On the tested rows it earned {} ({} to {}).",
                money(observed),
                money(low),
                money(high)
            ));
        }
        Some(Card {
            id: self.id("profit"),
            title,
            subtitle: "Profit on the tested rows by share contacted, the highest probabilities first".into(),
            so_what: Some(format!(
                "Expected there: {}; contacting everybody would have brought {}.",
                money(expected),
                number(7).map_or_else(|| "–".to_owned(), money)
            )),
            caveats,
            chart: Some(Chart::Lines {
                unit: Unit::Money,
                series: vec![line(table, "observed", 0, 2, None), line(table, "expected", 0, 1, None)],
                from_zero: true,
            }),
            table: table.clone(),
            width: Width::Half,
        })
    }
}

/// A line of a table's column over the labels of another, with the columns of its interval.
fn line(table: &Table, label: &str, over: usize, column: usize, interval: Option<(usize, usize)>) -> Series {
    let number = |row: &[Value], at: usize| match row.get(at) {
        Some(Value::Share(value) | Value::Number(value)) => Some(*value),
        Some(Value::Count(count)) => Some(*count as f64),
        _ => None,
    };
    let name = |row: &[Value]| match row.get(over) {
        Some(Value::Share(share)) => format!("{:.0} %", 100.0 * share),
        Some(Value::Count(count)) => count.to_string(),
        Some(Value::Number(number)) => format!("{number:.0}"),
        Some(Value::Text(text)) => text.clone(),
        _ => String::new(),
    };
    let point = |row: &Vec<Value>| Point {
        label: name(row),
        value: number(row, column),
        interval: interval.and_then(|(low, high)| number(row, low).zip(number(row, high))),
        partial: false,
    };
    Series { label: label.to_owned(), points: table.rows.iter().map(point).collect() }
}

/// The models themselves: what was learnt from what, and what gives pause.
pub(super) fn model_card(known: &Known<'_, Propensity>) -> Card {
    let mut caveats = vec![known.evaluation.words.clone()];
    if !known.evaluation.baselines.is_empty() {
        let baselines = known.evaluation.baselines.join("; ");
        caveats.push(format!("Tested so: {}. Compared with: {baselines}.", known.evaluation.design));
    }
    let mut rows = Vec::new();
    for target in &known.model.targets {
        caveats.extend(warnings(target));
        let measure = |name: &str| {
            let named = format!("{}_{name}", target.name.replace('-', "_"));
            let found = known.evaluation.measure(&named).or_else(|| {
                known
                    .evaluation
                    .measure(name)
                    .filter(|_| known.model.targets.first().is_some_and(|first| first.name == target.name))
            });
            found.and_then(|measure| measure.model).map_or(Value::Missing, Value::Number)
        };
        let ranks = match measure("auc") {
            Value::Missing => measure("c_index"),
            auc => auc,
        };
        rows.push(vec![
            Value::Text(target.name.clone()),
            Value::Count(i64::try_from(target.rows).unwrap_or(i64::MAX)),
            Value::Count(i64::try_from(target.positives).unwrap_or(i64::MAX)),
            Value::Text(target.learner.clone()),
            Value::Count(i64::try_from(target.features.len()).unwrap_or(i64::MAX)),
            measure("log_loss"),
            ranks,
        ]);
    }
    caveats.extend(
        known.model.left_out.iter().map(|target| format!("Not predicted: {}, for {}.", target.name, target.reason)),
    );
    caveats.extend(known.intake.counts.notes.iter().cloned());
    let warned = !known.model.targets.iter().all(|target| warnings(target).is_empty())
        || known.evaluation.words.contains("Mind the time");
    Card {
        id: "propensity-models".into(),
        title: match warned {
            true => "The models behind it, and what gives pause".into(),
            false => "The models behind it".into(),
        },
        subtitle: format!(
            "What was learnt from what, and how well it predicts rows it had not seen{}; {}",
            if known.evaluation.detail("in_order").is_some() { ", at random and in order" } else { "" },
            known.intake.counts.window.words
        ),
        so_what: None,
        caveats,
        table: Table {
            columns: vec![
                Column::new("target", "Target"),
                Column::new("rows", "Examples"),
                Column::new("positives", "With the outcome"),
                Column::new("learner", "Who answers"),
                Column::new("features", "Features"),
                Column::new("log_loss", "Log-loss"),
                Column::new("auc", "Pairs in order"),
            ],
            rows,
        },
        ..Card::default()
    }
}

/// What gives pause about a target's features.
fn warnings(target: &TargetModel) -> Vec<String> {
    let mut words = Vec::new();
    if let Source::Column { suspects, .. } = &target.source {
        words.extend(suspects.iter().map(|suspect| match suspect.level {
            Level::Leak => format!("Left out unless leaks = keep: {}.", suspect.words),
            Level::Suspicious => format!("Check: {}.", suspect.words),
        }));
    }
    if let Source::History { vocabulary, .. } = &target.source {
        let left_out =
            vocabulary.left_out().iter().map(|attribute| format!("{} ({})", attribute.name, attribute.reason));
        let left_out: Vec<String> = left_out.collect();
        if !left_out.is_empty() {
            words.push(format!("{}: attributes not used: {}.", target.name, left_out.join(", ")));
        }
    }
    words.extend(target.contest.iter().map(|contest| format!("{}: {}.", target.name, contest.words)));
    words
}
