//! Fitting a sample, and what came of it as text that can be compared byte by byte.

use std::panic::{AssertUnwindSafe, catch_unwind};

use mercer_base::frame::{Column, Frame};
use mercer_base::{Error, ErrorKind, Result, Seed};
use mercer_method::{AnyMethod, Context, IntakeCounts, Outcome, Predicted, SavedModel, Wish};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Sample;

/// The seed of the suite.
pub(super) const SEED: Seed = Seed(7);

/// Broken promises in words, each with its sample.
#[derive(Debug, Default)]
pub(super) struct Broken {
    found: Vec<String>,
}

impl Broken {
    /// Adds one: the method, the sample, the words.
    pub(super) fn add(&mut self, sample: &Sample, words: impl AsRef<str>) {
        self.found.push(format!("{}, sample \"{}\": {}", sample.about.id, sample.name, words.as_ref()));
    }

    /// Adds one that no sample is needed for.
    pub(super) fn of(&mut self, method: &dyn AnyMethod, words: impl AsRef<str>) {
        self.found.push(format!("{}: {}", method.about().id, words.as_ref()));
    }

    pub(super) fn into_found(self) -> Vec<String> {
        self.found
    }
}

/// Fits the sample with everything asked for.
pub(super) fn fit(method: &dyn AnyMethod, sample: &Sample) -> Result<Outcome> {
    fit_for(method, sample, Wish::ALL)
}

/// Fits the sample, or adds why it cannot be.
pub(super) fn fitted(method: &dyn AnyMethod, sample: &Sample, broken: &mut Broken) -> Option<Outcome> {
    fit(method, sample).map_err(|error| broken.add(sample, format!("cannot be fitted: {error:?}"))).ok()
}

/// Fits the sample; a panic is an error whose message starts with `panicked`.
pub(super) fn fit_for(method: &dyn AnyMethod, sample: &Sample, wish: Wish) -> Result<Outcome> {
    caught(|| method.fit(&sample.params, &sample.tables()?, wish, &Context::quiet(SEED)))
}

/// Scores the sample by a saved model.
pub(super) fn predict(method: &dyn AnyMethod, saved: &SavedModel, sample: &Sample) -> Result<Predicted> {
    caught(|| method.predict(saved, &sample.tables()?, &Context::quiet(SEED)))
}

fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let words = words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without words");
        Err(Error::internal(format!("panicked: {words}")))
    })
}

/// What is wrong with an error that a user may see: it must say what and what to do, and be no bug.
pub(super) fn unhelpful(error: &Error) -> Option<String> {
    if !matches!(error.kind(), ErrorKind::Data | ErrorKind::Config) {
        return Some(format!("an error that is neither of the data nor of the configuration: {error:?}"));
    }
    if error.message().trim().is_empty() {
        return Some(format!("an error without words: {error:?}"));
    }
    error.hint().is_none_or(|hint| hint.trim().is_empty()).then(|| format!("an error without a hint: {error:?}"))
}

/// The parts of an outcome as text, every bit of every number in it.
pub(super) fn parts(outcome: &Outcome) -> Vec<(&'static str, String)> {
    let scores = outcome.scores.as_ref().map(|scores| score_lines(scores).join("\n")).unwrap_or_default();
    vec![
        ("the saved model", outcome.saved.to_text().unwrap_or_else(|error| error.to_string())),
        ("the scores", scores),
        ("the evaluation", json(&outcome.evaluation)),
        ("the findings", json(&outcome.findings)),
    ]
}

/// Each row of the scores as text, numbers by their shortest exact digits.
pub(super) fn score_lines(scores: &Frame) -> Vec<String> {
    let cell = |column: &Column, row: usize| match column {
        Column::Numbers(values) => values.get(row).map_or_else(String::new, |value| format!("{value:?}")),
        Column::Moments(values) => values.get(row).map_or_else(String::new, i64::to_string),
        Column::Words(words) => format!("{:?}", words.get(row)),
    };
    let line = |row| scores.columns().map(|(name, column)| format!("{name}={} ", cell(column, row))).collect();
    (0..scores.rows()).map(line).collect()
}

pub(super) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| format!("no JSON: {error}"))
}

/// Where two texts part, in a few words; nothing where they are the same.
pub(super) fn difference(a: &str, b: &str) -> Option<String> {
    if a == b {
        return None;
    }
    let same = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let near = |text: &str| text.chars().skip(same.saturating_sub(40)).take(100).collect::<String>();
    Some(format!("…{}… against …{}…", near(a), near(b)))
}

/// Whether a value survives JSON; a number that is not finite does not, as JSON has none.
pub(super) fn lost_in_json<T: Serialize + DeserializeOwned + PartialEq>(value: &T) -> Option<String> {
    let text = json(value);
    match serde_json::from_str::<T>(&text) {
        Ok(read) if read == *value => None,
        Ok(read) => Some(
            difference(&text, &json(&read))
                .unwrap_or_else(|| "a number that is not finite: it is written as null".to_owned()),
        ),
        Err(cause) => Some(format!("it cannot be read back ({cause}): a number that is not finite?")),
    }
}

/// What is wrong with an outcome, whatever the data were.
pub(super) fn unsound(sample: &Sample, outcome: &Outcome) -> Vec<String> {
    let mut wrong = outcome.scores.as_ref().map(|scores| not_finite(sample, scores)).unwrap_or_default();
    let mut lost = |what: &str, how: Option<String>| wrong.extend(how.map(|how| format!("{what}: {how}")));
    lost("the saved model does not survive JSON", lost_in_json(&outcome.saved));
    lost("the evaluation does not survive JSON", lost_in_json(&outcome.evaluation));
    lost("the findings do not survive JSON", lost_in_json(&outcome.findings));
    wrong
}

/// Scores that are infinite, or missing for some rows only.
pub(super) fn not_finite(sample: &Sample, scores: &Frame) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, column) in scores.columns() {
        let Column::Numbers(values) = column else { continue };
        if let Some(value) = values.iter().find(|value| value.is_infinite()) {
            wrong.push(format!("a score {name} is {value}"));
        }
        let missing = values.iter().filter(|value| value.is_nan()).count();
        if missing > 0 && missing < values.len() && !sample.sparse.contains(&name) {
            wrong.push(format!(
                "the score {name} is missing in {missing} of {} rows: give it to all or none",
                values.len()
            ));
        }
    }
    wrong
}

/// Counts of rows that do not add up; `is_row_by_row` says that each row has a score of its own.
pub(super) fn miscounted(sample: &Sample, counts: &IntakeCounts, scored: usize, is_row_by_row: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    if counts.rows != sample.rows() as u64 {
        wrong.push(format!("{} rows were given and {} are counted as read", sample.rows(), counts.rows));
    }
    let used = counts.rows.saturating_sub(counts.refused);
    if counts.refused > counts.rows || scored as u64 > used || (is_row_by_row && (scored as u64) < used) {
        wrong.push(format!("{} rows read, {} refused, yet {scored} scored", counts.rows, counts.refused));
    }
    if counts.refused_sample.is_empty() != (counts.refused == 0) {
        wrong.push(format!("{} rows refused, {} of them shown", counts.refused, counts.refused_sample.len()));
    }
    for row in &counts.refused_sample {
        if row.place.is_empty() || row.reason.is_empty() {
            wrong.push(format!("a row is refused without place or reason: {row:?}"));
        }
    }
    wrong
}
