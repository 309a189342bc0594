//! Where the next unit of money should go: the budget optimiser and response curves, on curves alone.
//!
//! A unit is whatever gets spend of its own: a channel, a channel in a place, a channel in a week of the plan. Its curve says what
//! spend brings over the plan in steady state: carry-over into and out of the plan cancels, so that a steady spend a period earns
//! its whole effect. Units do not act on each other.

mod block;
mod branch_and_bound;
mod concave;
mod curves;
#[cfg(test)]
mod made_up;
mod objective;
mod optimise;
mod plan;
mod problem;
mod response;
mod risk;
mod root;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use curves::Curves;
pub(crate) use optimise::optimise;
pub(crate) use plan::{Bound, Plan, Status};
pub(crate) use problem::{Aim, Problem};
pub(crate) use response::{BreakEven, ResponseCurve, ResponsePoint, response_curve};
