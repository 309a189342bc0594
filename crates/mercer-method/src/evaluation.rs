//! How good a model is on data it has not seen, always beside a naive baseline.

use mercer_base::card::{Table, Value as Cell};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An honest evaluation: out of time or cross-validated, beside a baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// How it was done: "fitted on the first 39 weeks, compared with the next 39".
    pub design: String,
    /// The naive alternatives, the strongest first: "every customer buys on as in the last 12 weeks".
    pub baselines: Vec<String>,
    /// The measures, the one that decides first.
    pub measures: Vec<Measure>,
    /// What it comes to.
    pub verdict: Verdict,
    /// The verdict in a sentence for people, with its figures.
    pub words: String,
    /// Curves and tables behind it: a tracking curve, calibration by group.
    pub details: Vec<Detail>,
}

/// A table behind an evaluation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Detail {
    /// Name for machines: `tracking`.
    pub name: String,
    /// What it shows.
    pub about: String,
    /// The figures.
    pub table: Table,
}

/// One measure of the model and of the baselines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// Name for machines: `mae`.
    pub name: String,
    /// Name for people: "Mean absolute error, purchases".
    pub label: String,
    /// The model's value; missing where it is not defined.
    pub model: Option<f64>,
    /// The baselines' values, in the order of [`Evaluation::baselines`].
    pub baselines: Vec<Option<f64>>,
    /// Whether more is better; `None` for measures that only describe.
    pub more_is_better: Option<bool>,
}

/// What an evaluation comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The model does better than every baseline.
    BeatsBaseline,
    /// A baseline does as well or better.
    DoesNotBeatBaseline,
    /// There is too little data to tell.
    TooLittleData,
}

impl Evaluation {
    /// An evaluation that could not be made, and why.
    #[must_use]
    pub fn too_little(why: impl Into<String>) -> Self {
        Self {
            design: "none".to_owned(),
            baselines: Vec::new(),
            measures: Vec::new(),
            verdict: Verdict::TooLittleData,
            words: why.into(),
            details: Vec::new(),
        }
    }

    /// A table behind it by its name.
    #[must_use]
    pub fn detail(&self, name: &str) -> Option<&Table> {
        self.details.iter().find(|detail| detail.name == name).map(|detail| &detail.table)
    }

    /// A measure by its name.
    #[must_use]
    pub fn measure(&self, name: &str) -> Option<&Measure> {
        self.measures.iter().find(|measure| measure.name == name)
    }

    /// The evaluation for machines: each measure a key of its own (`evaluation.mae`, `evaluation.baselines[0].mae`), and each
    /// table behind it a list of objects (`evaluation.tracking[0].actual`).
    #[must_use]
    pub fn to_json(&self) -> Value {
        let number = |value: Option<f64>| value.map_or(Value::Null, Value::from);
        let mut object = Map::new();
        object.insert("design".into(), self.design.clone().into());
        object.insert("verdict".into(), serde_json::to_value(self.verdict).unwrap_or_default());
        object.insert("words".into(), self.words.clone().into());
        for measure in &self.measures {
            object.insert(measure.name.clone(), number(measure.model));
        }
        let baselines = self.baselines.iter().enumerate().map(|(index, name)| {
            let mut baseline = Map::from_iter([("name".to_owned(), Value::from(name.clone()))]);
            for measure in &self.measures {
                baseline.insert(measure.name.clone(), number(measure.baselines.get(index).copied().flatten()));
            }
            Value::Object(baseline)
        });
        object.insert("baselines".into(), baselines.collect());
        for detail in &self.details {
            object.insert(detail.name.clone(), rows(&detail.table));
        }
        Value::Object(object)
    }
}

/// The rows of a table as objects.
fn rows(table: &Table) -> Value {
    let value = |cell: &Cell| match cell {
        Cell::Text(text) => Value::from(text.clone()),
        Cell::Count(count) => Value::from(*count),
        Cell::Money(amount) => Value::from(amount.to_f64()),
        Cell::Share(number) | Cell::Number(number) | Cell::Days(number) => Value::from(*number),
        Cell::Missing => Value::Null,
    };
    let row = |row: &Vec<Cell>| {
        let cells = table.columns.iter().zip(row).map(|(column, cell)| (column.name.clone(), value(cell)));
        Value::Object(cells.collect())
    };
    table.rows.iter().map(row).collect()
}

impl Measure {
    /// A measure of which less is better.
    #[must_use]
    pub fn less_is_better(name: &str, label: &str, model: f64, baselines: &[f64]) -> Self {
        Self::of(name, label, model, baselines, Some(false))
    }

    /// A measure of which more is better.
    #[must_use]
    pub fn more_is_better(name: &str, label: &str, model: f64, baselines: &[f64]) -> Self {
        Self::of(name, label, model, baselines, Some(true))
    }

    /// A measure that describes and does not judge.
    #[must_use]
    pub fn plain(name: &str, label: &str, model: f64, baselines: &[f64]) -> Self {
        Self::of(name, label, model, baselines, None)
    }

    fn of(name: &str, label: &str, model: f64, baselines: &[f64], more_is_better: Option<bool>) -> Self {
        let known = |value: f64| value.is_finite().then_some(value);
        Self {
            name: name.to_owned(),
            label: label.to_owned(),
            model: known(model),
            baselines: baselines.iter().map(|value| known(*value)).collect(),
            more_is_better,
        }
    }

    /// Whether the model does better than every baseline; `None` where that cannot be said.
    #[must_use]
    pub fn beats_all(&self) -> Option<bool> {
        let (model, more) = (self.model?, self.more_is_better?);
        let mut known = self.baselines.iter().flatten().peekable();
        known.peek()?;
        Some(known.all(|baseline| if more { model > *baseline } else { model < *baseline }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_must_beat_every_baseline() {
        let measure = Measure::less_is_better("mae", "", 0.7, &[0.8, 0.75]);
        assert_eq!(measure.beats_all(), Some(true));
        assert_eq!(Measure::less_is_better("mae", "", 0.7, &[0.8, 0.7]).beats_all(), Some(false));
        assert_eq!(Measure::more_is_better("auc", "", 0.7, &[f64::NAN]).beats_all(), None);
        assert_eq!(Measure::plain("n", "", 0.7, &[0.1]).beats_all(), None);
    }

    #[test]
    fn machines_find_measures_by_name() {
        let evaluation = Evaluation {
            design: "holdout".into(),
            baselines: vec!["last rate".into()],
            measures: vec![Measure::less_is_better("mae", "Mean absolute error", 0.7, &[0.8])],
            verdict: Verdict::BeatsBaseline,
            words: "It does.".into(),
            details: Vec::new(),
        };
        let json = evaluation.to_json();
        assert_eq!(json["mae"], 0.7);
        assert_eq!(json["baselines"][0]["mae"], 0.8);
        assert_eq!(json["verdict"], "beats-baseline");
    }
}
