//! Rows as the trees see them: columns of numbers or categories, each with missing values.

use mercer_base::{Error, Result};
use serde::{Deserialize, Serialize};

/// Stands for a missing category, and for one that was not there when the trees grew.
pub const NO_CATEGORY: u32 = u32::MAX;

/// What a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Feature {
    /// Numbers.
    Number,
    /// One of `count` categories, numbered from 0.
    Category {
        /// How many there are.
        count: u32,
    },
}

/// The values of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Numbers; `NaN` is missing. Single precision, as thresholds have.
    Numbers(Vec<f32>),
    /// Categories numbered from 0 to `count`; [`NO_CATEGORY`] is missing.
    Categories {
        /// The category of each row.
        codes: Vec<u32>,
        /// How many categories there are.
        count: u32,
    },
}

impl Values {
    /// How many rows it has.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(values) => values.len(),
            Self::Categories { codes, .. } => codes.len(),
        }
    }

    /// Whether it has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the column is.
    #[must_use]
    pub fn feature(&self) -> Feature {
        match self {
            Self::Numbers(_) => Feature::Number,
            Self::Categories { count, .. } => Feature::Category { count: *count },
        }
    }
}

/// Columns of equal length.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    rows: usize,
    columns: Vec<Values>,
}

impl Matrix {
    /// Columns of `rows` rows each.
    ///
    /// # Errors
    /// When a column has another length, or there are more than 4 billion rows.
    pub fn new(rows: usize, columns: Vec<Values>) -> Result<Self> {
        if u32::try_from(rows).is_err() {
            return Err(Error::data("more than 4 billion rows are too many for boosted trees"));
        }
        match columns.iter().position(|column| column.len() != rows) {
            None => Ok(Self { rows, columns }),
            Some(index) => {
                let found = columns.get(index).map_or(0, Values::len);
                Err(Error::internal(format!("column {index} has {found} rows where the matrix has {rows}")))
            }
        }
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The columns.
    #[must_use]
    pub fn columns(&self) -> &[Values] {
        &self.columns
    }

    /// What each column is.
    #[must_use]
    pub fn features(&self) -> Vec<Feature> {
        self.columns.iter().map(Values::feature).collect()
    }

    /// The rows at `rows`, in that order.
    ///
    /// # Errors
    /// When a row is not there.
    pub fn take(&self, rows: &[u32]) -> Result<Self> {
        fn picked<T: Copy>(values: &[T], rows: &[u32]) -> Option<Vec<T>> {
            rows.iter().map(|row| values.get(*row as usize).copied()).collect()
        }
        let columns = self.columns.iter().map(|column| match column {
            Values::Numbers(values) => picked(values, rows).map(Values::Numbers),
            Values::Categories { codes, count } => {
                picked(codes, rows).map(|codes| Values::Categories { codes, count: *count })
            }
        });
        let columns: Option<Vec<Values>> = columns.collect();
        columns
            .map(|columns| Self { rows: rows.len(), columns })
            .ok_or_else(|| Error::internal("a row was taken that is not there"))
    }
}
