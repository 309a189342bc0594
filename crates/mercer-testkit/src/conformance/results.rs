//! Models and scores: saved and read back, refused where foreign, complete and finite.

use std::collections::BTreeSet;

use mercer_base::ErrorKind;
use mercer_base::frame::{Column, Frame, Kind, Words};
use mercer_method::{AnyMethod, IntakeCounts, Predicted, SavedModel};
use serde_json::Value;

use super::Sample;
use super::run::{Broken, difference, fit, fitted, miscounted, predict, score_lines, unhelpful, unsound};

/// A model written as text and read back is the same model, and scores its own data as fitting did.
#[must_use]
pub fn saved_models_predict_the_same(method: &dyn AnyMethod, samples: &[Sample]) -> Vec<String> {
    let mut broken = Broken::default();
    for sample in samples {
        let Some(outcome) = fitted(method, sample, &mut broken) else { continue };
        let read = outcome.saved.to_text().and_then(|text| SavedModel::parse(&text));
        let read = match read {
            Ok(read) => read,
            Err(error) => {
                broken.add(sample, format!("the saved model cannot be read: {error:?}"));
                continue;
            }
        };
        if read != outcome.saved {
            broken.add(sample, "the saved model is another one when read back");
        }
        match predict(method, &read, sample) {
            Ok(Predicted { scores, counts, .. }) => {
                let fitted = outcome.scores.as_ref().map(score_lines).unwrap_or_default().join("\n");
                if let Some(difference) = difference(&fitted, &score_lines(&scores).join("\n")) {
                    broken.add(sample, format!("a saved model gives other scores than fitting gave: {difference}"));
                }
                if counts.rows != outcome.saved.data.rows || counts.refused != outcome.saved.data.refused {
                    broken.add(sample, "predicting counts other rows than fitting did");
                }
            }
            Err(error) => broken.add(sample, format!("the saved model cannot predict: {error:?}")),
        }
    }
    broken.into_found()
}

/// A model of another method, of another version or damaged is refused with a hint.
#[must_use]
pub fn foreign_models_are_refused(method: &dyn AnyMethod, samples: &[Sample]) -> Vec<String> {
    let mut broken = Broken::default();
    let Some(sample) = samples.first() else { return no_samples(method) };
    let saved = match fit(method, sample) {
        Ok(outcome) => outcome.saved,
        Err(error) => {
            broken.add(sample, format!("cannot be fitted: {error:?}"));
            return broken.into_found();
        }
    };
    let foreign: [(&str, SavedModel); 4] = [
        ("a model of another method", SavedModel { method: "another".into(), ..saved.clone() }),
        ("a model of a later version", SavedModel { version: saved.version + 1, ..saved.clone() }),
        ("a model without content", SavedModel { model: Value::Null, ..saved.clone() }),
        ("a model of another shape", SavedModel { model: serde_json::json!({ "no such": [1] }), ..saved.clone() }),
    ];
    for (what, foreign) in foreign {
        match predict(method, &foreign, sample) {
            Ok(_) => broken.add(sample, format!("{what} is used")),
            Err(error) => {
                if let Some(wrong) = unhelpful(&error) {
                    broken.add(sample, format!("{what}: {wrong}"));
                }
            }
        }
    }
    // Whoever is later than this program may have written anything.
    let later = SavedModel { form: saved.form + 1, ..saved };
    match later.to_text().and_then(|text| SavedModel::parse(&text)) {
        Err(error) if error.kind() == ErrorKind::Config => {}
        other => broken.add(sample, format!("an envelope of a later version is not refused: {:?}", other.err())),
    }
    broken.into_found()
}

/// Rows read are rows used and rows refused, in fitting and in predicting, and every id that was used is scored once.
#[must_use]
pub fn rows_add_up(method: &dyn AnyMethod, samples: &[Sample]) -> Vec<String> {
    let mut broken = Broken::default();
    for sample in samples {
        let Some(outcome) = fitted(method, sample, &mut broken) else { continue };
        match &outcome.scores {
            None => broken.add(sample, "no scores although they were asked for"),
            Some(scores) => add_up(&mut broken, sample, &outcome.saved.data, scores),
        }
        for scored in &sample.scored {
            match predict(method, &outcome.saved, scored) {
                Ok(Predicted { scores, counts, .. }) => add_up(&mut broken, scored, &counts, &scores),
                Err(error) => broken.add(scored, format!("{} cannot be scored: {error:?}", scored.form.id)),
            }
        }
    }
    broken.into_found()
}

fn add_up(broken: &mut Broken, sample: &Sample, counts: &IntakeCounts, scores: &Frame) {
    for wrong in miscounted(sample, counts, scores.rows(), false) {
        broken.add(sample, wrong);
    }
    if counts.refused > 0 {
        // A sample with refused rows says nothing of what should have been scored.
        broken.add(sample, format!("refuses rows of the sample: {:?}", counts.refused_sample.first()));
        return;
    }
    let given = sample.frames.first().zip(scores.columns().next());
    if let Some(((_, main), (id, Column::Words(scored)))) = given
        && let Ok(given) = main.words(id)
    {
        let ids = |words: &Words| -> BTreeSet<String> {
            (0..words.codes.len()).filter_map(|row| words.get(row).map(str::to_owned)).collect()
        };
        let (given, known) = (ids(given), ids(scored));
        if given != known {
            let odd = given.symmetric_difference(&known).next();
            broken.add(sample, format!("{} ids given, {} scored, such as {odd:?}", given.len(), known.len()));
        }
    } else if scores.rows() != sample.rows() {
        broken.add(sample, format!("{} rows given, {} scored", sample.rows(), scores.rows()));
    }
}

/// The scores have the declared columns of the declared kinds and no other beside the id; each is given on some sample, and is
/// a finite number; model, evaluation and findings hold only finite numbers.
#[must_use]
pub fn scores_are_those_declared(method: &dyn AnyMethod, samples: &[Sample]) -> Vec<String> {
    let mut broken = Broken::default();
    let about = method.about();
    let mut given: BTreeSet<String> = BTreeSet::new();
    for sample in samples {
        let Some(outcome) = fitted(method, sample, &mut broken) else { continue };
        for wrong in unsound(sample, &outcome) {
            broken.add(sample, wrong);
        }
        for (position, (name, column)) in outcome.scores.iter().flat_map(|scores| scores.columns()).enumerate() {
            let Some(declared) = about.scores.iter().find(|score| score.name == name) else {
                let is_id = position == 0 && matches!(column, Column::Words(_));
                if !is_id {
                    broken.add(sample, format!("the column {name} of the scores is not declared in About::scores"));
                }
                continue;
            };
            if !is_of_kind(column, declared.kind) {
                broken.add(sample, format!("the score {name} is not of its declared kind"));
            }
            let is_known = match column {
                Column::Numbers(values) => values.iter().any(|value| !value.is_nan()),
                _ => !column.is_empty(),
            };
            if is_known {
                given.insert(name.to_owned());
            }
        }
    }
    for score in about.scores.iter().filter(|score| !given.contains(score.name)) {
        broken.of(method, format!("the score {} is declared, but no sample has it", score.name));
    }
    broken.into_found()
}

fn is_of_kind(column: &Column, kind: Kind) -> bool {
    matches!(
        (column, kind),
        (Column::Numbers(_), Kind::Number)
            | (Column::Moments(_), Kind::Moment)
            | (Column::Words(_), Kind::Category | Kind::Id)
    )
}

pub(super) fn no_samples(method: &dyn AnyMethod) -> Vec<String> {
    vec![format!("{}: there are no samples to check it on", method.about().id)]
}
