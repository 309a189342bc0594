//! The method whole, on real exports, on invented worlds with planted truth, and on awkward tables.
// Helpers of tests may stop at the first surprise, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod awkward;
mod online_retail;
mod worlds;

use std::path::Path;

use mercer_base::Seed;
use mercer_base::frame::{Column, Frame, Words};
use mercer_method::{AnyMethod, Context, Mapping, Outcome, Tables, Wish, choose_form};
use mercer_segment::{Model, Segment};
use mercer_source::{ReadOptions, read_frame};
use serde_json::Value;

/// The method, behind the face that everybody else sees.
fn method() -> &'static dyn AnyMethod {
    &Segment
}

fn words<S: AsRef<str>>(values: impl IntoIterator<Item = S>) -> Column {
    Column::Words(values.into_iter().map(Some).collect::<Words>())
}

fn frame(columns: Vec<(&str, Column)>) -> Frame {
    columns.into_iter().try_fold(Frame::new("test"), |frame, (name, column)| frame.with(name, column)).unwrap()
}

fn tables(form: &str, frames: Vec<(&'static str, Frame)>) -> Tables {
    let about = method().about();
    Tables::new(about, about.form(form).unwrap(), frames).unwrap()
}

fn customers(columns: Vec<(&str, Column)>) -> Tables {
    tables("customers", vec![("customers", frame(columns))])
}

/// A file as the command line reads it.
fn file(path: &Path) -> Tables {
    let mut form = None;
    let read = read_frame(path, &ReadOptions::default(), |columns| {
        let (chosen, wanted) = choose_form(method().about(), columns, &Mapping::new())?;
        form = Some(chosen);
        Ok(wanted)
    });
    let (read, form) = (read.unwrap(), form.unwrap());
    Tables::new(method().about(), form, vec![(form.tables[0].name, read.frame)]).unwrap()
}

fn fit(tables: &Tables, params: Value) -> mercer_base::Result<(Model, Outcome)> {
    let Value::Object(params) = params else { panic!("parameters are an object") };
    let outcome = method().fit(&params, tables, Wish::ALL, &Context::quiet(Seed(42)))?;
    let model = serde_json::from_value(outcome.saved.model.clone()).unwrap();
    Ok((model, outcome))
}

fn ids(outcome: &Outcome, column: &str) -> Vec<String> {
    let scores = outcome.scores.as_ref().unwrap();
    let words = scores.words(column).unwrap();
    (0..scores.rows()).map(|row| words.get(row).unwrap_or_default().to_owned()).collect()
}
