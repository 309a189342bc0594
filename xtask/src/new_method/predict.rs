//! Scoring: what is expected of each customer.

use mercer_base::Result;
use mercer_base::frame::{Column, Frame};

use crate::fit::Model;
use crate::input::{Customer, Input};

/// Scores every customer.
///
/// # Errors
/// Only where something is broken.
pub(crate) fn score(model: &Model, input: &Input) -> Result<Frame> {
    let each = |score: &dyn Fn(&Customer) -> f64| Column::Numbers(input.customers.iter().map(score).collect());
    Frame::new("scores")
        .with("customer_id", Column::Words(input.ids.clone()))?
        .with("METHOD_SNAKE_expected", each(&|customer| model.expected(customer)))?
        .with("METHOD_SNAKE_reliability", each(&|customer| model.reliability(customer)))
}
