//! Saved models: what was fitted, on what, with which parameters, seed and version.

use mercer_base::frame::{Column, Frame};
use mercer_base::{Error, Result, Seed};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::about::About;
use crate::intake::{IntakeCounts, Tables};

/// Version of the envelope around a model.
pub const FORM: u32 = 1;

/// A fitted model with all that is needed to use it again and to know where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedModel {
    /// Version of this envelope.
    pub form: u32,
    /// The method.
    pub method: String,
    /// Version of the method's models.
    pub version: u32,
    /// The parameters, all of them.
    pub params: Map<String, Value>,
    /// The form that the data had.
    pub data_form: String,
    /// What became of the rows, and the window of time they cover.
    pub data: IntakeCounts,
    /// Hash of the tables it was fitted on.
    pub data_hash: String,
    /// The seed.
    pub seed: Seed,
    /// What fitting found.
    pub model: Value,
}

impl SavedModel {
    /// Reads a saved model.
    ///
    /// # Errors
    /// When the text is no saved model, or one of a later version.
    pub fn parse(text: &str) -> Result<Self> {
        let saved: Self = serde_json::from_str(text).map_err(|cause| {
            Error::data(format!("this is no saved model: {cause}"))
                .with_hint("`mercer METHOD fit … --out FILE` writes one")
        })?;
        if saved.form > FORM {
            return Err(Error::config("the model was written by a later version of mercer").with_hint("update mercer"));
        }
        Ok(saved)
    }

    /// The model as text: JSON, a line an entry.
    ///
    /// # Errors
    /// Only where something is broken.
    pub fn to_text(&self) -> Result<String> {
        serde_json::to_string_pretty(self)
            .map(|text| text + "\n")
            .map_err(|cause| Error::internal(format!("model: {cause}")))
    }

    /// Refuses a model that is not of this method and version.
    ///
    /// # Errors
    /// When it is of another.
    pub fn check(&self, about: &About) -> Result<()> {
        if self.method != about.id {
            return Err(Error::config(format!("this is a model of {}, not of {}", self.method, about.id))
                .with_hint(format!("mercer {} predict …", self.method)));
        }
        if self.version != about.version {
            let message = format!("the model has version {}, this mercer writes {}", self.version, about.version);
            return Err(Error::config(message).with_hint(format!("fit it again: mercer {} fit …", about.id)));
        }
        Ok(())
    }
}

/// Hash of tables: of their names, columns and values, not of where they come from.
pub(crate) fn hash_tables(tables: &Tables) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(tables.form().as_bytes());
    for (name, frame) in tables.frames() {
        hash_text(&mut hasher, name);
        hash_frame(&mut hasher, frame);
    }
    hasher.finalize().to_hex().to_string()
}

fn hash_text(hasher: &mut blake3::Hasher, text: &str) {
    // The length keeps "ab", "c" and "a", "bc" apart.
    hasher.update(&(text.len() as u64).to_le_bytes());
    hasher.update(text.as_bytes());
}

fn hash_frame(hasher: &mut blake3::Hasher, frame: &Frame) {
    let mut bytes = Blocks::default();
    for (name, column) in frame.columns() {
        hash_text(hasher, name);
        match column {
            Column::Numbers(values) => {
                values.iter().for_each(|value| bytes.add(hasher, &value.to_bits().to_le_bytes()));
            }
            Column::Moments(values) => values.iter().for_each(|value| bytes.add(hasher, &value.to_le_bytes())),
            Column::Words(words) => {
                words.codes.iter().for_each(|code| bytes.add(hasher, &u64::from(*code).to_le_bytes()));
                // The codes that fill no block come behind the words: the order that hashes of known data have.
                let mut text = Blocks::default();
                for word in words.words.iter() {
                    text.add(hasher, &(word.len() as u64).to_le_bytes());
                    text.add(hasher, word.as_bytes());
                }
                text.finish(hasher);
            }
        }
        bytes.finish(hasher);
    }
}

/// Small pieces taken together, since hashing each alone takes many times as long.
#[derive(Default)]
struct Blocks(Vec<u8>);

impl Blocks {
    fn add(&mut self, hasher: &mut blake3::Hasher, piece: &[u8]) {
        self.0.extend_from_slice(piece);
        if self.0.len() >= 1 << 16 {
            self.finish(hasher);
        }
    }

    fn finish(&mut self, hasher: &mut blake3::Hasher) {
        hasher.update(&self.0);
        self.0.clear();
    }
}
