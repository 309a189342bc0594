//! Features: columns with what people and the learners must know of each.

use mercer_base::card::Unit;
use mercer_base::{Error, Result};
use mercer_boost::{Matrix, NO_CATEGORY, Values};
use serde::{Deserialize, Serialize};

/// What a column is, whatever rows it has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Feature {
    /// Name for machines: `days_since_order`.
    pub(crate) name: String,
    /// Name for people, as it stands in a sentence: "days since the last order".
    pub(crate) label: String,
    /// What its numbers measure; `None` for categories.
    pub(crate) unit: Option<Unit>,
    /// What it is about: "orders". Reasons of one group are told together.
    pub(crate) group: String,
    /// Whether the company can do something about it. Age is fixed; days since the last newsletter are not.
    pub(crate) actionable: bool,
    /// The categories by their number; empty for numbers.
    pub(crate) categories: Vec<String>,
}

/// Features with their rows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Table {
    features: Vec<Feature>,
    matrix: Matrix,
}

impl Table {
    /// Features and their columns, in the same order.
    ///
    /// # Errors
    /// When they do not fit each other.
    pub(crate) fn new(rows: usize, columns: Vec<(Feature, Values)>) -> Result<Self> {
        let (features, values): (Vec<Feature>, Vec<Values>) = columns.into_iter().unzip();
        for (feature, values) in features.iter().zip(&values) {
            let fits = match values {
                Values::Numbers(_) => feature.categories.is_empty(),
                Values::Categories { count, codes } => {
                    feature.categories.len() == *count as usize
                        && codes.iter().all(|code| code < count || *code == NO_CATEGORY)
                }
            };
            if !fits {
                return Err(Error::internal(format!("the values of {} do not fit its categories", feature.name)));
            }
        }
        Ok(Self { features, matrix: Matrix::new(rows, values)? })
    }

    /// What the columns are.
    #[must_use]
    pub(crate) fn features(&self) -> &[Feature] {
        &self.features
    }

    /// The columns.
    #[must_use]
    pub(crate) fn matrix(&self) -> &Matrix {
        &self.matrix
    }

    /// How many rows there are.
    #[must_use]
    pub(crate) fn rows(&self) -> usize {
        self.matrix.rows()
    }

    /// A column by its name.
    #[must_use]
    pub(crate) fn column(&self, name: &str) -> Option<(&Feature, &Values)> {
        self.features.iter().zip(self.matrix.columns()).find(|(feature, _)| feature.name == name)
    }

    /// The rows at `rows`, in that order.
    ///
    /// # Errors
    /// When a row is not there.
    pub(crate) fn take(&self, rows: &[u32]) -> Result<Self> {
        Ok(Self { features: self.features.clone(), matrix: self.matrix.take(rows)? })
    }

    /// The columns whose number `keep` wants.
    ///
    /// # Errors
    /// Never for columns of one table.
    pub(crate) fn retain(&self, keep: impl Fn(usize) -> bool) -> Result<Self> {
        let columns = self.features.iter().zip(self.matrix.columns()).enumerate();
        let kept =
            columns.filter(|(index, _)| keep(*index)).map(|(_, (feature, values))| (feature.clone(), values.clone()));
        Self::new(self.rows(), kept.collect())
    }
}
