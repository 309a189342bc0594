//! Parameters of the method.

use mercer_method::{JsonSchema, Positive, schemars};
use serde::{Deserialize, Serialize};

/// How observations are taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// The largest size of a value; larger ones are refused as errors of the data.
    pub largest: Positive,
}

impl Default for Params {
    fn default() -> Self {
        Self { largest: Positive::constant::<1_000_000_000>() }
    }
}
