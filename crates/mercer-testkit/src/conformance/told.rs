//! What a method tells people: its evaluation and the findings of its report.

use std::collections::BTreeSet;

use mercer_base::card::{Card, Chart, Table, Value};
use mercer_method::{AnyMethod, Evaluation, Findings, Outcome, Verdict};

use super::Sample;
use super::results::no_samples;
use super::run::{Broken, fit, fitted};

/// The evaluation says how it was made and against what, in its figures and in the report; on some sample there is a verdict.
#[must_use]
pub fn evaluation_names_its_design_and_baselines(method: &dyn AnyMethod, samples: &[Sample]) -> Vec<String> {
    let mut broken = Broken::default();
    let mut has_verdict = false;
    for sample in samples {
        let Some((outcome, evaluation)) = evaluated(method, sample, &mut broken) else { continue };
        if evaluation.words.trim().is_empty() {
            broken.add(sample, "the evaluation has no words");
        }
        if evaluation.verdict == Verdict::TooLittleData {
            continue;
        }
        has_verdict = true;
        for wrong in wrong_evaluation(&evaluation) {
            broken.add(sample, wrong);
        }
        let told = format!("{} {}", evaluation.words, words(&outcome.findings)).to_lowercase();
        for name in std::iter::once(&evaluation.design).chain(&evaluation.baselines) {
            if !told.contains(&name.to_lowercase()) {
                broken.add(sample, format!("neither the evaluation's words nor a card say {name:?}"));
            }
        }
    }
    if !has_verdict {
        broken.of(method, "no sample is large enough for a verdict of the evaluation");
    }
    broken.into_found()
}

fn evaluated(method: &dyn AnyMethod, sample: &Sample, broken: &mut Broken) -> Option<(Outcome, Evaluation)> {
    match fit(method, sample) {
        Ok(Outcome { evaluation: None, .. }) => broken.add(sample, "no evaluation although it was asked for"),
        Ok(mut outcome) => return outcome.evaluation.take().map(|evaluation| (outcome, evaluation)),
        Err(error) => broken.add(sample, format!("cannot be fitted: {error:?}")),
    }
    None
}

fn wrong_evaluation(evaluation: &Evaluation) -> Vec<String> {
    let mut wrong = Vec::new();
    if evaluation.design.trim().is_empty() || evaluation.baselines.is_empty() {
        wrong.push("the evaluation names no design or no baseline".to_owned());
    }
    let mut names = BTreeSet::new();
    for measure in &evaluation.measures {
        if measure.label.trim().is_empty() || !names.insert(&measure.name) {
            wrong.push(format!("the measure {:?} has no label, or its name is taken", measure.name));
        }
        // A measure that no baseline can have leaves them all out.
        if !measure.baselines.is_empty() && measure.baselines.len() != evaluation.baselines.len() {
            wrong.push(format!("the measure {} lacks the value of a baseline", measure.name));
        }
    }
    // The first measure decides, so it must have decided.
    match evaluation.measures.first() {
        None => wrong.push("the evaluation measures nothing".to_owned()),
        Some(first) => {
            if evaluation.verdict == Verdict::BeatsBaseline && first.beats_all() != Some(true) {
                wrong.push(format!("said to beat the baselines, but {first:?}"));
            }
        }
    }
    for detail in &evaluation.details {
        wrong.extend(wrong_table(&detail.table).map(|why| format!("the detail {}: {why}", detail.name)));
    }
    wrong
}

/// The findings can be put on a page: cards with ids of their own, titles, figures behind every picture, a caveat, the window
/// of the data in words.
#[must_use]
pub fn findings_can_be_shown(method: &dyn AnyMethod, samples: &[Sample]) -> Vec<String> {
    let mut broken = Broken::default();
    if samples.is_empty() {
        return no_samples(method);
    }
    for sample in samples {
        let Some(outcome) = fitted(method, sample, &mut broken) else { continue };
        for wrong in wrong_findings(method.about().id, &outcome.findings) {
            broken.add(sample, wrong);
        }
        let window = outcome.saved.data.window.words.to_lowercase();
        if window.trim().is_empty() {
            broken.add(sample, "the window of the data has no words");
        } else if !words(&outcome.findings).to_lowercase().contains(&window) {
            broken.add(sample, format!("no card names the window of the data, {window:?}"));
        }
    }
    broken.into_found()
}

fn wrong_findings(id: &str, findings: &Findings) -> Vec<String> {
    let mut wrong = Vec::new();
    if findings.cards.is_empty() {
        wrong.push("there are no cards".to_owned());
    }
    if findings.cards.iter().all(|card| card.caveats.iter().all(|caveat| caveat.trim().is_empty())) {
        wrong.push("no card has a caveat".to_owned());
    }
    let mut ids = BTreeSet::new();
    for card in &findings.cards {
        let is_own = card.id == id || card.id.strip_prefix(id).is_some_and(|rest| rest.starts_with('-'));
        if !is_own || !ids.insert(card.id.as_str()) {
            wrong.push(format!("the id of the card {:?} does not start with {id}-, or is taken", card.id));
        }
        wrong.extend(wrong_card(card).map(|why| format!("the card {}: {why}", card.id)));
    }
    for tile in &findings.tiles {
        if tile.label.trim().is_empty() {
            wrong.push("a tile has no label".to_owned());
        }
    }
    wrong
}

fn wrong_card(card: &Card) -> Option<String> {
    if card.title.trim().is_empty() || card.subtitle.trim().is_empty() {
        return Some("no title or no subtitle".to_owned());
    }
    if card.so_what.as_ref().is_some_and(|words| words.trim().is_empty()) {
        return Some("an empty so-what".to_owned());
    }
    // Tiles carry their figures themselves.
    let wants_figures = card.chart.as_ref().is_some_and(|chart| !matches!(chart, Chart::Tiles(_)));
    if wants_figures && card.table.rows.is_empty() {
        return Some("a picture without the figures behind it".to_owned());
    }
    wrong_table(&card.table)
}

fn wrong_table(table: &Table) -> Option<String> {
    let names: BTreeSet<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    if names.len() < table.columns.len() {
        return Some("two columns of the table have one name".to_owned());
    }
    table
        .rows
        .iter()
        .position(|row| row.len() != table.columns.len())
        .map(|row| format!("row {} of the table does not have its {} columns", row + 1, table.columns.len()))
}

/// All that a reader of the findings can read.
fn words(findings: &Findings) -> String {
    let mut words: Vec<&str> = Vec::new();
    for tile in &findings.tiles {
        words.extend([tile.label.as_str(), tile.note.as_str()]);
    }
    for card in &findings.cards {
        words.extend([card.title.as_str(), card.subtitle.as_str(), card.so_what.as_deref().unwrap_or_default()]);
        words.extend(card.caveats.iter().map(String::as_str));
        words.extend(card.table.columns.iter().map(|column| column.label.as_str()));
        words.extend(card.table.rows.iter().flatten().filter_map(|value| match value {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        }));
    }
    words.join("\n")
}
