//! How trees grow.

use mercer_base::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::bins::MOST_BINS;

/// The most splits above a leaf that can be asked for: as many as may be predicted with.
const DEEPEST: u32 = 1_000;

/// Which leaf is split next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Growth {
    /// All leaves of a level before those of the next.
    #[default]
    DepthWise,
    /// The leaf that gains most.
    LeafWise,
}

/// How predictions may change with a feature, all else equal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// In any way.
    #[default]
    Free,
    /// They never fall while the feature rises.
    Rising,
    /// They never rise while the feature rises.
    Falling,
}

/// How an ensemble is grown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What each tree's values are multiplied by.
    pub learning_rate: f64,
    /// Which leaf is split next.
    pub growth: Growth,
    /// The most splits above a leaf.
    pub max_depth: u32,
    /// The most leaves of a tree.
    pub max_leaves: u32,
    /// The least sum of second derivatives in a leaf.
    pub min_child_weight: f64,
    /// The fewest rows in a leaf.
    pub min_rows: u32,
    /// The least gain of a split.
    pub min_gain: f64,
    /// L2 penalty on leaf values.
    pub lambda: f64,
    /// L1 penalty on leaf values.
    pub alpha: f64,
    /// Share of the rows that each tree sees.
    pub row_share: f64,
    /// Share of the columns that each tree may use.
    pub column_share: f64,
    /// The most bins of a column.
    pub max_bins: u32,
    /// Added to the sum of second derivatives where categories are sorted, so that rare ones keep to the middle.
    pub category_smoothing: f64,
    /// L2 penalty on leaf values below a split by categories, beside `lambda`.
    pub category_lambda: f64,
    /// How predictions may change with each feature; features beyond its end are free. Categories are always free.
    pub directions: Vec<Direction>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            learning_rate: 0.1,
            growth: Growth::DepthWise,
            max_depth: 4,
            max_leaves: 1 << 16,
            min_child_weight: 1.0,
            min_rows: 5,
            min_gain: 0.0,
            lambda: 1.0,
            alpha: 0.0,
            row_share: 1.0,
            column_share: 1.0,
            max_bins: 255,
            category_smoothing: 10.0,
            category_lambda: 0.0,
            directions: Vec::new(),
        }
    }
}

impl Settings {
    /// Refuses settings that cannot grow a tree.
    ///
    /// # Errors
    /// A configuration error that names the setting.
    pub fn check(&self) -> Result<()> {
        let positive = |value: f64| value > 0.0 && value.is_finite();
        let not_negative = |value: f64| value >= 0.0 && value.is_finite();
        let share = |value: f64| value > 0.0 && value <= 1.0;
        let rules = [
            ("learning_rate", self.learning_rate, positive(self.learning_rate), "above 0, such as 0.1"),
            ("max_depth", f64::from(self.max_depth), (1..=DEEPEST).contains(&self.max_depth), "1 to 1000"),
            ("max_leaves", f64::from(self.max_leaves), self.max_leaves >= 2, "2 or more"),
            ("min_child_weight", self.min_child_weight, not_negative(self.min_child_weight), "0 or more"),
            ("min_rows", f64::from(self.min_rows), self.min_rows >= 1, "1 or more"),
            ("min_gain", self.min_gain, not_negative(self.min_gain), "0 or more"),
            ("lambda", self.lambda, not_negative(self.lambda), "0 or more"),
            ("alpha", self.alpha, not_negative(self.alpha), "0 or more"),
            ("row_share", self.row_share, share(self.row_share), "above 0 and at most 1"),
            ("column_share", self.column_share, share(self.column_share), "above 0 and at most 1"),
            ("max_bins", f64::from(self.max_bins), (2..=MOST_BINS).contains(&self.max_bins), "2 to 255"),
            ("category_smoothing", self.category_smoothing, not_negative(self.category_smoothing), "0 or more"),
            ("category_lambda", self.category_lambda, not_negative(self.category_lambda), "0 or more"),
        ];
        match rules.iter().find(|(_, _, kept, _)| !kept) {
            None => Ok(()),
            Some((name, value, _, range)) => {
                Err(Error::config(format!("boosted trees cannot grow with {name} = {value}"))
                    .with_hint(format!("set {name} to {range}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_is_refused_by_name() {
        let good = Settings::default;
        let bad = [
            ("learning_rate", Settings { learning_rate: f64::NAN, ..good() }),
            ("row_share", Settings { row_share: 1.5, ..good() }),
            ("max_leaves", Settings { max_leaves: 1, ..good() }),
            ("max_bins", Settings { max_bins: 256, ..good() }),
            ("lambda", Settings { lambda: f64::INFINITY, ..good() }),
        ];
        assert!(good().check().is_ok());
        for (name, settings) in bad {
            let error = settings.check().unwrap_err();
            assert_eq!(error.kind(), mercer_base::ErrorKind::Config);
            assert!(error.message().contains(name) && error.hint().is_some(), "{error:?}");
        }
    }
}
