//! Which touchpoints earned the conversion.
#![allow(dead_code)]

mod agreement;
mod bootstrap;
mod calibrate;
mod credit;
mod divide;
mod folds;
mod harvest;
mod hazard;
mod heuristic;
mod made_up;
mod markov;
mod paths;
mod shapley;
mod speed;
mod validate;
