//! A sample of a method's data: the tables of one form, with parameters.

use mercer_base::frame::{Column, Frame, Words};
use mercer_base::{Result, Seed};
use mercer_method::{About, Form, Tables};
use serde_json::{Map, Value};

/// Tables of one form and the parameters to fit them with: a small simulated world, large enough for an evaluation.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Its name in messages: `transactions`, `summary with covariates`.
    pub(super) name: &'static str,
    pub(super) about: &'static About,
    pub(super) form: &'static Form,
    /// The tables, the main one first.
    pub(super) frames: Vec<(&'static str, Frame)>,
    pub(super) params: Map<String, Value>,
    /// Scores that only some rows have.
    pub(super) sparse: &'static [&'static str],
    /// Tables of forms that can only be scored, by the model that is fitted to this sample.
    pub(super) scored: Vec<Sample>,
}

impl Sample {
    /// A sample of the form called `form`; `frames` are its tables, the main one first.
    ///
    /// # Panics
    /// The method has no such form, or a required table is missing.
    #[must_use]
    pub fn new(name: &'static str, about: &'static About, form: &str, frames: Vec<(&'static str, Frame)>) -> Self {
        let form = about.form(form).unwrap_or_else(|| panic!("{} has no form {form}", about.id));
        let sample = Self { name, about, form, frames, params: Map::new(), sparse: &[], scored: Vec::new() };
        sample.tables().unwrap_or_else(|error| panic!("sample {name}: {error}"));
        sample
    }

    /// The sample with parameters, as a JSON object.
    ///
    /// # Panics
    /// They are no object.
    #[must_use]
    pub fn with_params(mut self, params: Value) -> Self {
        let Value::Object(params) = params else { panic!("sample {}: parameters are an object", self.name) };
        self.params = params;
        self
    }

    /// The sample with scores that only some rows have; any other score must be there for every row or for none.
    #[must_use]
    pub fn with_sparse(mut self, scores: &'static [&'static str]) -> Self {
        self.sparse = scores;
        self
    }

    /// The sample with tables of a form that no model can be fitted to, for its model to score: a list of customers, say.
    ///
    /// # Panics
    /// The method has no such form, or a required table is missing.
    #[must_use]
    pub fn with_scored(mut self, form: &str, frames: Vec<(&'static str, Frame)>) -> Self {
        let scored = Self::new(self.name, self.about, form, frames);
        self.scored.push(Self { params: self.params.clone(), sparse: self.sparse, ..scored });
        self
    }

    /// The sample, and those that its model scores.
    pub(super) fn all_forms(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.scored)
    }

    /// The tables as a method takes them.
    pub(super) fn tables(&self) -> Result<Tables> {
        Tables::new(self.about, self.form, self.frames.clone())
    }

    /// The sample with other tables.
    pub(super) fn with_frames(&self, frames: Vec<(&'static str, Frame)>) -> Self {
        Self { frames, ..self.clone() }
    }

    /// The sample with each table changed by `change`, which hears the table's name.
    pub(super) fn map(&self, change: impl Fn(&'static str, &Frame) -> Frame) -> Self {
        self.with_frames(self.frames.iter().map(|(name, frame)| (*name, change(name, frame))).collect())
    }

    /// Rows of the main table.
    pub(super) fn rows(&self) -> usize {
        self.frames.first().map_or(0, |(_, frame)| frame.rows())
    }

    /// The first `rows` rows of each table.
    pub(super) fn head(&self, rows: usize) -> Self {
        self.map(|_, frame| frame.take(&(0..frame.rows().min(rows)).collect::<Vec<_>>()))
    }

    /// The rows of each table in another order, and for the main table the old place of each row.
    pub(super) fn shuffled(&self, seed: Seed) -> (Self, Vec<usize>) {
        let order = |name: &str, frame: &Frame| {
            let mut rows: Vec<usize> = (0..frame.rows()).collect();
            rows.sort_by_key(|row| seed.split(name).nth(*row as u64).0);
            rows
        };
        let main = self.frames.first().map_or_else(Vec::new, |(name, frame)| order(name, frame));
        (self.map(|name, frame| as_read(&frame.take(&order(name, frame)))), main)
    }
}

/// The frame as reading its rows from a file makes it: words numbered in the order in which they come.
fn as_read(frame: &Frame) -> Frame {
    rebuilt(frame, |_, column| {
        Some(match column {
            Column::Words(words) => Column::Words((0..words.codes.len()).map(|row| words.get(row)).collect::<Words>()),
            other => other.clone(),
        })
    })
}

/// The frame with each column changed by `change`, or left out where that gives nothing.
pub(super) fn rebuilt(frame: &Frame, change: impl Fn(&str, &Column) -> Option<Column>) -> Frame {
    let columns = frame.columns().filter_map(|(name, column)| Some((name, change(name, column)?)));
    columns.fold(Frame::new(frame.origin()), |frame, (name, column)| {
        frame.with(name, column).unwrap_or_else(|error| panic!("{error}"))
    })
}
