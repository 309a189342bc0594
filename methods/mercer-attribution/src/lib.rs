//! Which touchpoints earned the conversion.
#![allow(dead_code)]

mod agreement;
mod bootstrap;
mod credit;
mod divide;
mod folds;
mod hazard;
mod heuristic;
mod made_up;
mod markov;
mod paths;
mod shapley;
mod validate;
