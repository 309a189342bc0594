//! Exact Shapley values of boosted trees: how much each feature moves a row's margin, and each pair of features together.
//!
//! The game is that of path-dependent TreeSHAP (Lundberg et al. 2020, "From local explanations to global understanding
//! with explainable AI for trees", Nature Machine Intelligence 2, algorithm 2), which is XGBoost's `pred_contribs` too:
//! where a feature is not known, a row goes both ways, weighted by the cover of the children.
//!
//! A leaf of value `v` whose path asks about the features `1..m` is worth `v · Π o_i` to the row, where `o_i` is 1 if the
//! row answers all of feature `i`'s splits on the path as the path does, and 0 if not; without feature `i` the factor is
//! its share of cover `z_i`. The Shapley value of feature `j` in this product is, with Owen's (1972) integral for the
//! mean over all orders,
//!
//! ```text
//! v · (o_j − z_j) · ∫₀¹ Π_{i≠j} (t·o_i + (1 − t)·z_i) dt,
//! ```
//!
//! a polynomial, and Gauss–Legendre quadrature with `⌈m/2⌉` nodes integrates it exactly. Small trees go by tables of all
//! patterns of answers (as Fast TreeSHAP v2, Yang 2021), large ones by one pass down and one up (in the order of Linear
//! TreeShap, Yu et al. 2022).

mod pairs;
mod path;
mod sweep;
mod tables;
#[cfg(test)]
mod tests;

use mercer_base::{Error, Result};
use rayon::prelude::*;

use crate::ensemble::Ensemble;
use crate::matrix::Matrix;
use crate::predict::codes::{Block, Coder, LANES};
use path::Paths;
use sweep::Sweep;
use tables::Tables;

/// Numbers that the tables of one tree may hold; a tree that needs more is swept. 700 trees stay below 200 MB.
const MOST_ENTRIES: usize = 1 << 15;

/// Explains the margins of an ensemble.
#[derive(Debug)]
pub struct Explainer<'a> {
    ensemble: &'a Ensemble,
    coder: Coder,
    trees: Vec<Explained>,
    expected: f64,
}

/// A tree made ready to be explained, by one of two routes that agree.
#[derive(Debug)]
enum Explained {
    Small(Tables),
    Large(Sweep),
}

/// What each feature adds to the margin of each row.
#[derive(Debug, Clone, PartialEq)]
pub struct Contributions {
    /// The margin to expect of a row of which nothing is known: the mean over the rows the trees grew on, weighted by cover.
    pub expected: f64,
    /// How many features there are.
    pub features: usize,
    /// Contributions in units of the margin, rows × features, row by row. A row's contributions and `expected` add up to
    /// its margin.
    pub values: Vec<f64>,
}

impl Contributions {
    /// The contributions of a row, one a feature; empty where there is no such row.
    #[must_use]
    pub fn row(&self, row: usize) -> &[f64] {
        let range = row.checked_mul(self.features).and_then(|start| Some(start..start.checked_add(self.features)?));
        range.and_then(|range| self.values.get(range)).unwrap_or_default()
    }
}

impl<'a> Explainer<'a> {
    /// Makes the trees ready. Where no training row went to either child of a split (its cover is 0), both count alike.
    ///
    /// # Errors
    /// When the ensemble is damaged.
    pub fn new(ensemble: &'a Ensemble) -> Result<Self> {
        Self::with_tables_up_to(ensemble, MOST_ENTRIES)
    }

    fn with_tables_up_to(ensemble: &'a Ensemble, most_entries: usize) -> Result<Self> {
        ensemble.check()?;
        let coder = Coder::new(ensemble);
        let explained: Vec<(Explained, f64)> = ensemble
            .trees
            .par_iter()
            .map(|tree| {
                let paths = Paths::new(tree);
                let expected = paths.expected();
                let explained = match Tables::new(tree, &paths, &coder, most_entries) {
                    Some(tables) => Explained::Small(tables),
                    None => Explained::Large(Sweep::new(tree, &paths, &coder)),
                };
                (explained, expected)
            })
            .collect();
        let expected = explained.iter().fold(ensemble.base, |sum, (_, expected)| sum + expected);
        Ok(Self { ensemble, coder, trees: explained.into_iter().map(|(tree, _)| tree).collect(), expected })
    }

    /// What each feature adds to the margin of each row, and the expected margin. Exact; sums are in double precision.
    ///
    /// # Errors
    /// When the columns are not those of the ensemble.
    pub fn values(&self, matrix: &Matrix) -> Result<Contributions> {
        self.ensemble.fits(matrix)?;
        let features = self.ensemble.features.len();
        let mut values = self.room(matrix, features)?;
        self.by_block(matrix, features, &mut values, |block, out| {
            // By feature, so that neighbouring rows are added to side by side.
            let mut sums = vec![[0.0; LANES]; features];
            for tree in &self.trees {
                match tree {
                    Explained::Small(tables) => tables.add(block, &mut sums),
                    Explained::Large(sweep) => sweep.add(block, &mut sums),
                }
            }
            for (lane, row) in out.chunks_exact_mut(features).enumerate() {
                for (value, sums) in row.iter_mut().zip(&sums) {
                    *value = sums.get(lane).copied().unwrap_or(0.0);
                }
            }
        });
        Ok(Contributions { expected: self.expected, features, values })
    }

    /// Shapley interaction values of each row: rows × features × features, in units of the margin (Lundberg et al. 2020,
    /// eq. 9; XGBoost's `pred_interactions`).
    ///
    /// Off the diagonal stands half of what a pair does together, once on each side; on it what is left of the feature's
    /// contribution. A row's matrix is symmetric, and its columns add up to [`Explainer::values`].
    ///
    /// # Errors
    /// When the columns are not those of the ensemble, or the result would not fit in memory.
    pub fn interactions(&self, matrix: &Matrix) -> Result<Vec<f64>> {
        let contributions = self.values(matrix)?;
        let features = contributions.features;
        let width = features.saturating_mul(features);
        let mut values = self.room(matrix, width)?;
        let trees: Vec<_> = (self.ensemble.trees.par_iter())
            .map(|tree| {
                let mut paths = Paths::new(tree);
                let (tables, rest) = pairs::tabled(&paths, features);
                paths.paths = rest;
                (path::questions(tree, &self.coder), tables, paths)
            })
            .collect();
        let all_pairs = features * features.saturating_sub(1) / 2;
        self.by_block(matrix, width, &mut values, |block, out| {
            let mut sums = vec![[0.0; LANES]; all_pairs];
            for (questions, tables, rest) in &trees {
                let answers = path::answers(block, questions);
                tables.iter().for_each(|pairs| pairs.add(&answers, &mut sums));
                for (lane, row) in out.chunks_exact_mut(width).enumerate() {
                    rest.add_interactions(&answers, lane, features, row);
                }
            }
            for (lane, row) in out.chunks_exact_mut(width).enumerate() {
                for one in 0..features {
                    for other in (0..features).filter(|other| *other != one) {
                        row[one * features + other] += sums[pairs::place(one, other, features)][lane];
                    }
                }
            }
        });
        if width > 0 {
            for (row, own) in values.chunks_exact_mut(width).zip(contributions.values.chunks_exact(features)) {
                for (feature, (pairs, own)) in row.chunks_exact_mut(features).zip(own).enumerate() {
                    let shared: f64 = pairs.iter().sum();
                    if let Some(diagonal) = pairs.get_mut(feature) {
                        *diagonal = own - shared;
                    }
                }
            }
        }
        Ok(values)
    }

    /// Zeros for `width` numbers a row.
    fn room(&self, matrix: &Matrix, width: usize) -> Result<Vec<f64>> {
        let too_many = || {
            Error::data(format!(
                "explanations of {} rows with {width} numbers each do not fit in memory",
                matrix.rows()
            ))
            .with_hint("explain fewer rows at a time")
        };
        let count = matrix.rows().checked_mul(width).ok_or_else(too_many)?;
        let mut values = Vec::new();
        values.try_reserve_exact(count).map_err(|_| too_many())?;
        values.resize(count, 0.0);
        Ok(values)
    }

    /// Lets `work` fill `out`, `width` numbers a row, a block of rows at a time.
    fn by_block(&self, matrix: &Matrix, width: usize, out: &mut [f64], work: impl Fn(&Block<'_>, &mut [f64]) + Sync) {
        if width == 0 {
            return;
        }
        out.par_chunks_mut(LANES * width).enumerate().for_each(|(index, out)| {
            let start = index * LANES;
            work(&self.coder.block(matrix, start..start + out.len() / width), out);
        });
    }
}
