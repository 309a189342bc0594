//! Attributes of customers as people read them: columns of numbers or categories, with missing values.

use mercer_base::frame::NO_WORD;

/// What an attribute's values are.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Numbers, one a customer; `NaN` is missing.
    Numbers(Vec<f64>),
    /// Categories, one a customer.
    Categories {
        /// For each customer the position of the level, or [`NO_WORD`] where it is missing.
        codes: Vec<u32>,
        /// The levels by their position.
        levels: Vec<String>,
    },
}

/// An attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    /// Its name in the data: `net_sales`.
    pub name: String,
    /// Its values in the data's own units.
    pub values: Values,
}

impl Attribute {
    /// How many customers it has a place for.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.values {
            Values::Numbers(values) => values.len(),
            Values::Categories { codes, .. } => codes.len(),
        }
    }

    /// Whether it has a place for nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the value of a customer is missing.
    #[must_use]
    pub fn is_missing(&self, row: usize) -> bool {
        match &self.values {
            Values::Numbers(values) => values.get(row).is_none_or(|value| value.is_nan()),
            Values::Categories { codes, .. } => codes.get(row).is_none_or(|code| *code == NO_WORD),
        }
    }

    /// The values of some customers, in that order.
    #[must_use]
    pub fn take(&self, rows: &[usize]) -> Self {
        let values = match &self.values {
            Values::Numbers(values) => {
                Values::Numbers(rows.iter().map(|row| values.get(*row).copied().unwrap_or(f64::NAN)).collect())
            }
            Values::Categories { codes, levels } => Values::Categories {
                codes: rows.iter().map(|row| codes.get(*row).copied().unwrap_or(NO_WORD)).collect(),
                levels: levels.clone(),
            },
        };
        Self { name: self.name.clone(), values }
    }
}
