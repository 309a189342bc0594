//! What an ensemble says of rows: its margin and its prediction.

pub(crate) mod codes;
#[cfg(test)]
mod tests;

use mercer_base::{Error, Result};
use mercer_stats::special::logistic;
use rayon::prelude::*;

use crate::ensemble::{Ensemble, Node, Tree};
use crate::matrix::{Feature, Matrix};
use crate::objective::Objective;
use codes::{Block, Coder, LANES, Lanes, Question};

/// Leaves up to which all nodes of a tree are asked for many rows at once, which costs less than following each row down.
const MOST_LEAVES: usize = 64;

impl Ensemble {
    /// The margin of each row: the base and what its leaf of each tree adds, summed in double precision in the order of the
    /// trees.
    ///
    /// # Errors
    /// When the columns are not those the trees grew on (number or kind), or the ensemble is damaged.
    pub fn margins(&self, matrix: &Matrix) -> Result<Vec<f64>> {
        self.fits(matrix)?;
        let coder = Coder::new(self);
        let walks: Vec<Walk> = self.trees.iter().map(|tree| Walk::new(tree, &coder)).collect();
        let mut margins = vec![self.base; matrix.rows()];
        margins.par_chunks_mut(LANES).enumerate().for_each(|(index, margins)| {
            let start = index * LANES;
            let block = coder.block(matrix, start..start + margins.len());
            for walk in &walks {
                walk.add(&block, margins);
            }
        });
        Ok(margins)
    }

    /// The prediction of each row on the scale of the outcome: a probability for [`Objective::Logistic`] (logistic of the
    /// margin), a hazard ratio for [`Objective::Cox`] (its exponential), else the margin.
    ///
    /// # Errors
    /// As [`Ensemble::margins`].
    pub fn predictions(&self, matrix: &Matrix) -> Result<Vec<f64>> {
        let mut values = self.margins(matrix)?;
        match self.objective {
            Objective::Logistic => values.iter_mut().for_each(|margin| *margin = logistic(*margin)),
            Objective::Cox => values.iter_mut().for_each(|margin| *margin = margin.exp()),
            Objective::Squared | Objective::Quantile { .. } => {}
        }
        Ok(values)
    }

    /// Whether the ensemble is whole and `matrix` has its columns. A category may have more codes than the trees saw:
    /// those are unseen ones.
    pub(crate) fn fits(&self, matrix: &Matrix) -> Result<()> {
        self.check()?;
        let (expected, found) = (self.features.len(), matrix.columns().len());
        if expected != found {
            return Err(Error::internal(format!(
                "the boosted trees grew on {expected} columns and were given {found}"
            )));
        }
        let kind = |feature: &Feature| matches!(feature, Feature::Number);
        match self.features.iter().zip(matrix.features()).position(|(grown, given)| kind(grown) != kind(&given)) {
            None => Ok(()),
            Some(column) => Err(Error::internal(format!(
                "column {column} is numbers on one side and categories on the other, of the boosted trees and the data"
            ))),
        }
    }
}

/// A tree made ready to walk many rows.
#[derive(Debug)]
enum Walk {
    /// A small tree: every node is asked, whether or not a row comes by, for a vector of rows at a time.
    All { root: Part, values: Box<[f64; MOST_LEAVES]> },
    /// A large one: each row follows its way.
    Each(Vec<Step>),
}

/// A node of a small tree and what hangs below it.
#[derive(Debug)]
enum Part {
    /// The number of the leaf.
    Leaf(u8),
    Fork {
        question: Question,
        left: Box<Part>,
        right: Box<Part>,
    },
}

/// A node of a large tree.
#[derive(Debug)]
enum Step {
    Leaf(f64),
    Fork { question: Question, left: usize, right: usize },
}

impl Walk {
    fn new(tree: &Tree, coder: &Coder) -> Self {
        if tree.nodes.iter().filter(|node| node.split.is_none()).count() <= MOST_LEAVES {
            let mut values = Vec::with_capacity(MOST_LEAVES);
            let root = Part::new(tree, 0, coder, &mut values);
            let mut padded = [0.0; MOST_LEAVES];
            padded.iter_mut().zip(values).for_each(|(slot, value)| *slot = value);
            return Self::All { root, values: Box::new(padded) };
        }
        let step = |node: &Node| match &node.split {
            None => Step::Leaf(f64::from(node.value)),
            Some(split) => {
                Step::Fork { question: coder.question(split), left: split.left as usize, right: split.right as usize }
            }
        };
        Self::Each(tree.nodes.iter().map(step).collect())
    }

    /// Adds the tree's value to the margin of each row of the block.
    fn add(&self, block: &Block<'_>, margins: &mut [f64]) {
        match self {
            Self::All { root, values } => {
                let mut leaves = [0; LANES];
                root.leaves(block, &mut leaves);
                for (margin, leaf) in margins.iter_mut().zip(&leaves) {
                    *margin += values[usize::from(*leaf) % MOST_LEAVES];
                }
            }
            Self::Each(steps) => {
                for (lane, margin) in margins.iter_mut().enumerate() {
                    let mut place = 0;
                    while let Some(step) = steps.get(place) {
                        match step {
                            Step::Leaf(value) => {
                                *margin += value;
                                break;
                            }
                            Step::Fork { question, left, right } => {
                                place = if block.goes_left(question, lane) { *left } else { *right };
                            }
                        }
                    }
                }
            }
        }
    }
}

impl Part {
    /// The part below node `index`; the values of its leaves are added to `values`, whose place is a leaf's number.
    fn new(tree: &Tree, index: u32, coder: &Coder, values: &mut Vec<f64>) -> Self {
        match tree.nodes.get(index as usize).map(|node| (node, &node.split)) {
            Some((_, Some(split))) => Self::Fork {
                question: coder.question(split),
                left: Box::new(Self::new(tree, split.left, coder, values)),
                right: Box::new(Self::new(tree, split.right, coder, values)),
            },
            leaf => {
                let number = u8::try_from(values.len()).unwrap_or(u8::MAX);
                values.push(leaf.map_or(0.0, |(node, _)| f64::from(node.value)));
                Self::Leaf(number)
            }
        }
    }

    /// Writes the number of each row's leaf.
    fn leaves(&self, block: &Block<'_>, out: &mut Lanes) {
        match self {
            Self::Leaf(number) => out.fill(*number),
            Self::Fork { question, left, right } => {
                let mut goes_left = [0; LANES];
                block.answer(question, &mut goes_left);
                if let (Self::Leaf(left), Self::Leaf(right)) = (&**left, &**right) {
                    for (out, mask) in out.iter_mut().zip(&goes_left) {
                        *out = (mask & left) | (!mask & right);
                    }
                } else {
                    let mut other = [0; LANES];
                    left.leaves(block, out);
                    right.leaves(block, &mut other);
                    for ((out, mask), other) in out.iter_mut().zip(&goes_left).zip(&other) {
                        *out = (mask & *out) | (!mask & other);
                    }
                }
            }
        }
    }
}
