//! Metric and customer 360 definitions, compiled to SQL (layer 2; knows no engine).
//!
//! Every figure that a report, a table or an API shows comes from here: [`Definitions`] holds the metrics,
//! [`Customer360`] the columns of the customer 360, [`queries`] what cards need besides. See README.md.

mod compile;
mod customer360;
mod definition;
mod expression;
mod file;
pub mod queries;
mod rfm;
mod time;

pub use compile::MetricQuery;

pub use definition::{Aggregate, Definitions, Dimension, Metric, MetricKind, MetricUnit, Within};

pub use customer360::{Column, ColumnKind, Customer360, Cutoff, Layer};
pub use rfm::RfmCuts;
pub use time::{Grain, Moment, Period, Window, literal, periods};
