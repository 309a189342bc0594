//! Which touchpoints earned the conversion.
#![allow(dead_code)]

mod credit;
mod made_up;
mod paths;
