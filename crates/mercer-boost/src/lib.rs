//! Gradient-boosted trees (layer 1): learning, predicting, exact Shapley values, XGBoost's JSON.
#![doc = include_str!("../README.md")]

mod bins;
mod ensemble;
mod grow;
mod histogram;
mod matrix;
mod objective;
mod predict;
mod settings;
pub mod shapley;
mod train;
mod xgboost;

pub use bins::Binned;
pub use ensemble::{Ensemble, Node, Split, Test, Tree};
pub use matrix::{Feature, Matrix, NO_CATEGORY, Values};
pub use objective::Objective;
pub use settings::{Direction, Growth, Settings};
pub use train::{Target, Trainer, train};
