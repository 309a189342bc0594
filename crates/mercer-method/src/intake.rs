//! What a method was given: its tables, and what became of their rows.

use mercer_base::frame::{Frame, Refused};
use mercer_base::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::about::{About, Form};

/// The tables of one form.
#[derive(Debug, Clone)]
pub struct Tables {
    form: &'static Form,
    frames: Vec<(&'static str, Frame)>,
    refused: Vec<Refused>,
    notes: Vec<String>,
}

impl Tables {
    /// Tables of a form; `frames` are named as the form names them.
    ///
    /// # Errors
    /// When a required table is not there.
    pub fn new(about: &About, form: &'static Form, frames: Vec<(&'static str, Frame)>) -> Result<Self> {
        for table in form.tables.iter().filter(|table| table.required) {
            if !frames.iter().any(|(name, _)| *name == table.name) {
                return Err(Error::data(format!("{} needs the table {} ({})", about.id, table.name, table.grain))
                    .with_hint(format!("give it with --input {}=FILE", table.name)));
            }
        }
        Ok(Self { form, frames, refused: Vec::new(), notes: Vec::new() })
    }

    /// Adds what reading the files refused and noted, so that rows read stay rows used and refused.
    #[must_use]
    pub fn with_reading(mut self, refused: Vec<Refused>, notes: Vec<String>) -> Self {
        self.refused.extend(refused);
        self.notes.extend(notes);
        self
    }

    /// Counts to start from: the rows of the main table, and what reading it refused and noted.
    #[must_use]
    pub fn counts(&self) -> IntakeCounts {
        let rows = self.frames.first().map_or(0, |(_, frame)| frame.rows());
        let mut counts = IntakeCounts {
            rows: (rows + self.refused.len()) as u64,
            notes: self.notes.clone(),
            ..IntakeCounts::default()
        };
        self.refused.iter().for_each(|row| counts.refuse(row.place.clone(), row.reason.clone()));
        counts
    }

    /// The name of the form.
    #[must_use]
    pub fn form(&self) -> &'static str {
        self.form.id
    }

    /// A table, where it was given.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Frame> {
        self.frames.iter().find(|(known, _)| *known == name).map(|(_, frame)| frame)
    }

    /// A table that must be there.
    ///
    /// # Errors
    /// When it is not.
    pub fn need(&self, name: &str) -> Result<&Frame> {
        self.get(name).ok_or_else(|| Error::data(format!("the table {name} is missing")))
    }

    /// The tables with their names.
    pub fn frames(&self) -> impl Iterator<Item = (&'static str, &Frame)> {
        self.frames.iter().map(|(name, frame)| (*name, frame))
    }
}

/// The window of time that data cover.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// First moment, in microseconds since 1970, where the data have dates.
    pub from: Option<i64>,
    /// First moment after the data.
    pub until: Option<i64>,
    /// The window in words: "1 Jan 1997 to 30 Sep 1997", or "customers observed for 27 to 39 weeks".
    pub words: String,
}

/// What became of the rows that a method was given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntakeCounts {
    /// Rows of the main table.
    pub rows: u64,
    /// Rows that could not be used, with their places and reasons; `read = used + refused`.
    pub refused: u64,
    /// The first of the refused rows.
    pub refused_sample: Vec<Refused>,
    /// The window of time that the data cover.
    pub window: Window,
    /// What was assumed, and what should be known about the data.
    pub notes: Vec<String>,
}

/// How many refused rows are kept word for word.
const SAMPLE: usize = 20;

impl IntakeCounts {
    /// Counts a row that cannot be used.
    pub fn refuse(&mut self, place: String, reason: impl Into<String>) {
        self.refused += 1;
        if self.refused_sample.len() < SAMPLE {
            self.refused_sample.push(Refused { place, reason: reason.into() });
        }
    }
}

/// A method's typed input, and what became of the rows it was made from.
#[derive(Debug, Clone)]
pub struct Intake<T> {
    /// The input.
    pub input: T,
    /// What became of the rows.
    pub counts: IntakeCounts,
}
