//! A linear score of a table: the terms of its features with their coefficients, and what each feature adds to a row.

use mercer_base::Result;
use mercer_boost::Values;
use mercer_boost::shapley::Contributions;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::terms::{Term, design};
use crate::table::Table;

/// Rows that are scored together.
const BLOCK: usize = 4_096;

/// A linear score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Linear {
    intercept: f64,
    /// For each feature its term, its coefficients, and what it adds on average over the rows that were learnt from.
    parts: Vec<Option<Part>>,
    /// The penalty that was chosen.
    pub(crate) penalty: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Part {
    term: Term,
    coefficients: Vec<f64>,
    mean: f64,
}

impl Linear {
    /// The score with an intercept and the coefficients of the terms' columns, one feature after the other.
    pub(crate) fn new(
        terms: Vec<Option<Term>>,
        intercept: f64,
        coefficients: &[f64],
        penalty: f64,
        table: &Table,
    ) -> Self {
        let mut rest = coefficients;
        let parts = terms.into_iter().zip(table.matrix().columns()).map(|(term, values)| {
            let term = term?;
            let (own, others) = rest.split_at(term.width().min(rest.len()));
            rest = others;
            let mut part = Part { term, coefficients: own.to_vec(), mean: 0.0 };
            let total: f64 = (0..table.rows()).map(|row| part.of(values, row)).sum();
            part.mean = total / table.rows().max(1) as f64;
            Some(part)
        });
        Self { intercept, parts: parts.collect(), penalty }
    }

    /// The score of each row.
    pub(crate) fn scores(&self, table: &Table) -> Result<Vec<f64>> {
        let terms: Vec<Option<Term>> =
            self.parts.iter().map(|part| part.as_ref().map(|part| part.term.clone())).collect();
        let coefficients: Vec<f64> =
            self.parts.iter().flatten().flat_map(|part| part.coefficients.iter().copied()).collect();
        Ok(design(&terms, table)?.times(self.intercept, &coefficients))
    }

    /// What each feature adds to each row against its mean over the rows that were learnt from: the Shapley values of a sum.
    pub(crate) fn contributions(&self, table: &Table) -> Contributions {
        let features = self.parts.len();
        let mut values = vec![0.0; features * table.rows()];
        values.par_chunks_mut((features * BLOCK).max(1)).enumerate().for_each(|(block, values)| {
            for (feature, (part, column)) in self.parts.iter().zip(table.matrix().columns()).enumerate() {
                let Some(part) = part else { continue };
                for (row, value) in values.iter_mut().skip(feature).step_by(features).enumerate() {
                    *value = part.of(column, block * BLOCK + row) - part.mean;
                }
            }
        });
        let expected = self.intercept + self.parts.iter().flatten().map(|part| part.mean).sum::<f64>();
        Contributions { expected, features, values }
    }
}

impl Part {
    fn of(&self, values: &Values, row: usize) -> f64 {
        self.term.part(values, row, &self.coefficients)
    }
}
