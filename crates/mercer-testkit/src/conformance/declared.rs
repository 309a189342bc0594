//! What a method says of itself: names, meanings, parameters, its README.

use std::collections::BTreeSet;

use mercer_base::ErrorKind;
use mercer_method::{About, AnyMethod, TableSpec, describe};
use serde_json::{Map, Value, json};

use super::Sample;
use super::results::no_samples;
use super::run::{Broken, unhelpful};

/// Sections that every README has.
const SECTIONS: &[&str] = &["## When not to use it", "## References"];

/// Names are written as names, everything has a meaning, the README has its sections, and every form has a sample.
#[must_use]
pub fn about_is_complete(method: &dyn AnyMethod, samples: &[Sample]) -> Vec<String> {
    let mut broken = Broken::default();
    let about = method.about();
    let mut wrong = |words: String| broken.of(method, words);
    if !is_name(about.id, '-') {
        wrong(format!("the id {:?} is not in kebab-case", about.id));
    }
    if about.title.trim().is_empty() || !about.question.trim_end().ends_with('?') {
        wrong(format!("title {:?} or question {:?} is no title or no question", about.title, about.question));
    }
    if about.version == 0 {
        wrong("versions of models count from 1".to_owned());
    }
    if about.forms.is_empty() {
        wrong("it reads nothing".to_owned());
    }
    for form in about.forms {
        if !is_name(form.id, '-') || form.about.trim().is_empty() {
            wrong(format!("the form {:?} lacks a name in kebab-case or a meaning", form.id));
        }
        if !form.tables.first().is_some_and(|table| table.required) {
            wrong(format!("the form {} has no main table that is required", form.id));
        }
        if !samples.iter().flat_map(Sample::all_forms).any(|sample| sample.form.id == form.id) {
            wrong(format!("no sample has the form {}", form.id));
        }
        form.tables.iter().flat_map(wrong_table).for_each(&mut wrong);
    }
    wrong_scores(about).into_iter().for_each(&mut wrong);
    if !about.readme.starts_with("# ") {
        wrong("the README does not start with its title".to_owned());
    }
    for section in SECTIONS {
        let mut lines = about.readme.lines().skip_while(|line| line.trim_end() != *section).skip(1);
        let is_filled = lines.by_ref().take_while(|line| !line.starts_with("## ")).any(|line| !line.trim().is_empty());
        if !is_filled {
            wrong(format!("the README has nothing under `{section}`"));
        }
    }
    broken.into_found()
}

fn wrong_table(table: &TableSpec) -> Vec<String> {
    let mut wrong = Vec::new();
    if !is_name(table.name, '_') || table.grain.trim().is_empty() {
        wrong.push(format!("the table {:?} lacks a name in snake_case or a grain", table.name));
    }
    if table.sql.is_some_and(|sql| !sql.to_lowercase().contains("select")) {
        wrong.push(format!("the SQL of the table {} selects nothing", table.name));
    }
    if table.columns.is_empty() && table.others.is_none() {
        wrong.push(format!("the table {} has no columns", table.name));
    }
    let mut names = BTreeSet::new();
    for column in table.columns {
        // The literature's own letters, such as T, are names as they are.
        if !is_name(&column.name.to_lowercase(), '_') {
            wrong.push(format!("the column {:?} of {} is not in snake_case", column.name, table.name));
        }
        if !names.insert(column.name) {
            wrong.push(format!("two columns of {} are called {}", table.name, column.name));
        }
        if !is_sentence(column.about) {
            wrong.push(format!("the column {} of {} has no sentence on its meaning", column.name, table.name));
        }
        for also in column.also {
            // What another column is called cannot be a second name of this one.
            if also.trim().is_empty() || table.columns.iter().any(|other| other.name == *also) {
                wrong.push(format!("{also:?} cannot be another name of the column {} of {}", column.name, table.name));
            }
        }
    }
    wrong
}

fn wrong_scores(about: &About) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut names = BTreeSet::from(["customer_id"]);
    for score in about.scores {
        if !is_name(score.name, '_') || !names.insert(score.name) {
            wrong.push(format!("the score {:?} is not in snake_case, or its name is taken", score.name));
        }
        if !is_sentence(score.about) {
            wrong.push(format!("the score {} has no sentence on its meaning", score.name));
        }
    }
    wrong
}

/// Whether a text is small letters, digits and `sign`, starting with a letter.
fn is_name(text: &str, sign: char) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == sign)
}

fn is_sentence(text: &str) -> bool {
    text.starts_with(|first: char| first.is_uppercase() || first.is_ascii_digit()) && text.trim_end().ends_with('.')
}

/// Parameters that are not given are all filled in, with the values that the schema states and that are valid themselves.
#[must_use]
pub fn defaults_are_valid_and_complete(method: &dyn AnyMethod, _samples: &[Sample]) -> Vec<String> {
    let mut broken = Broken::default();
    let schema = method.schema();
    let defaults = match method.params(&Map::new()) {
        Ok(defaults) => defaults,
        Err(error) => {
            broken.of(method, format!("without any, the parameters are refused: {error:?}"));
            return broken.into_found();
        }
    };
    match method.params(&defaults) {
        Ok(again) if again == defaults => {}
        Ok(again) => broken.of(method, format!("{defaults:?} given in full become {again:?}")),
        Err(error) => broken.of(method, format!("the defaults given in full are refused: {error:?}")),
    }
    let docs = describe(&schema);
    let (stated, filled): (BTreeSet<&str>, BTreeSet<&str>) =
        (docs.iter().map(|doc| doc.name.as_str()).collect(), defaults.keys().map(String::as_str).collect());
    if stated != filled {
        broken.of(method, format!("the schema states {stated:?}, the defaults are of {filled:?}"));
    }
    if schema.get("additionalProperties") != Some(&Value::Bool(false)) {
        broken.of(method, "the schema lets unknown parameters pass; say deny_unknown_fields");
    }
    for doc in &docs {
        if !is_name(&doc.name, '_') || !is_sentence(&doc.about) || doc.values.is_empty() {
            broken
                .of(method, format!("the parameter {} lacks a name in snake_case, a sentence or its values", doc.name));
        }
        let stated = schema.pointer(&format!("/properties/{}/default", doc.name)).unwrap_or(&Value::Null);
        if defaults.get(&doc.name) != Some(stated) {
            let filled = defaults.get(&doc.name);
            broken.of(method, format!("the schema says the default of {} is {stated}, it is {filled:?}", doc.name));
        }
    }
    broken.into_found()
}

/// Unknown parameters and values of another type are refused, with their name and a hint.
#[must_use]
pub fn wrong_parameters_are_refused(method: &dyn AnyMethod, samples: &[Sample]) -> Vec<String> {
    let mut broken = Broken::default();
    let docs = describe(&method.schema());
    let mut mistakes: Vec<(String, Value, Option<String>)> =
        vec![("no_such_parameter".to_owned(), json!(1), docs.first().map(|doc| doc.name.clone()))];
    for doc in &docs {
        // A slip of the keyboard is recognised; what is near more than one is not asked for.
        let slip = format!("{}x", doc.name);
        let is_clear = doc.name.len() > 4 && docs.iter().all(|other| other.name != slip);
        if is_clear {
            mistakes.push((slip, json!(1), Some(doc.name.clone())));
        }
        mistakes.push((doc.name.clone(), json!({ "of": "another type" }), Some(doc.name.clone())));
    }
    for (name, value, in_hint) in mistakes {
        let given = Map::from_iter([(name.clone(), value.clone())]);
        match method.params(&given) {
            Ok(_) => broken.of(method, format!("{name} = {value} is accepted")),
            Err(error) => {
                if let Some(wrong) = unhelpful(&error) {
                    broken.of(method, format!("{name} = {value}: {wrong}"));
                }
                let hint = error.hint().unwrap_or_default();
                let is_named = error.to_string().contains(&name) && in_hint.is_none_or(|part| hint.contains(&part));
                if error.kind() != ErrorKind::Config || !is_named {
                    broken.of(method, format!("{name} = {value}: the error does not name it and the mend: {error:?}"));
                }
            }
        }
    }
    // The samples' own parameters are good ones.
    if samples.is_empty() {
        return no_samples(method);
    }
    for sample in samples {
        if let Err(error) = method.params(&sample.params) {
            broken.add(sample, format!("its parameters are refused: {error:?}"));
        }
    }
    broken.into_found()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_sentences_are_told_from_others() {
        assert!(is_name("geo-lift2", '-') && is_name("p_alive", '_'));
        for wrong in ["", "2x", "Geo", "geo_lift", "geo lift"] {
            assert!(!is_name(wrong, '-'), "{wrong}");
        }
        assert!(is_sentence("Probability of it.") && !is_sentence("probability") && !is_sentence(""));
    }
}
