//! The one list of methods (layer 4). What names a method anywhere is derived from its entry here: the command, the
//! configuration section, the JSON schema, the reference page, the report's cards.

pub use mercer_method::{
    About, AnyMethod, ColumnSpec, Context, Evaluation, Findings, Form, GivenTable, IntakeCounts, Mapping, Measure,
    Outcome, ParamDoc, Predicted, SavedModel, Score, TableSpec, Tables, Verdict, Wish, choose_columns, choose_form,
    describe, parse_pairs,
};

use mercer_base::{Error, Result, nearest};

/// Every method, in the order in which people meet them.
pub static METHODS: &[&dyn AnyMethod] = &[
    &mercer_lifetime::Lifetime,
    &mercer_segment::Segment,
    &mercer_propensity::Propensity,
    &mercer_recommend::Recommend,
    &mercer_mix::Mix,
    &mercer_attribution::Attribution,
];

/// The method called `id`.
///
/// # Errors
/// When there is none; the hint names the nearest.
pub fn method(id: &str) -> Result<&'static dyn AnyMethod> {
    METHODS.iter().copied().find(|method| method.about().id == id).ok_or_else(|| {
        let ids = || METHODS.iter().map(|method| method.about().id);
        let hint = nearest(id, ids()).map_or_else(
            || format!("methods: {}", ids().collect::<Vec<_>>().join(", ")),
            |near| format!("did you mean {near}?"),
        );
        Error::config(format!("there is no method {id}")).with_hint(hint)
    })
}
