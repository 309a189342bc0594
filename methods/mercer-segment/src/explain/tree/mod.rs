//! A small tree of questions from which the segment of a customer can be read.

mod columns;
mod improve;
mod numbers;
mod score;
mod search;
#[cfg(test)]
mod tests;
mod words;

use mercer_base::{Error, Result, Seed};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::attributes::{Attribute, Values};
pub(crate) use columns::thresholds;
use columns::{Side, Table};
pub use score::{Part, Score};
pub use words::{Allowed, Condition, Rule};

/// How large the tree may be and how hard it is looked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// At most this many leaves; raised to the number of segments, so that each can have one.
    pub max_leaves: usize,
    /// The tree is searched on a random sample of at most this many customers; its fidelity is measured on all.
    pub searched_customers: usize,
    /// Folds of the cross-validation of the fidelity; below 2 leaves it out.
    pub folds: usize,
    /// A tree of plain attributes with at least this fidelity is taken as it is; below it, a tree that may also ask for one
    /// score made of several attributes is tried beside it.
    pub enough_fidelity: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { max_leaves: 8, searched_customers: 20_000, folds: 5, enough_fidelity: 0.92 }
    }
}

/// What a score must add to the share of customers a tree gets right before it is asked for.
const LEAST_GAIN_OF_SCORE: f64 = 0.02;
/// Fidelity worth giving up for a tree with one leaf less.
const WORTH_A_LEAF: f64 = 0.003;

/// A tree of yes-or-no questions about attributes; its leaves name segments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuleTree {
    /// The nodes, root first, each before its children.
    pub nodes: Vec<Node>,
    /// How many segments there are.
    pub segments: u32,
    /// The score its questions may ask for, as an attribute of its name.
    pub score: Option<Score>,
    /// Share of the customers it was fitted to whose segment it gives.
    pub fidelity: f64,
    /// The same share among customers held out of the fit, over the folds; none where that was not asked for, or there are too
    /// few customers.
    pub cross_validated_fidelity: Option<f64>,
}

/// A node of a tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Node {
    /// A question and where its answers lead.
    Split {
        /// The question.
        question: Question,
        /// Node of the customers for whom the answer is yes.
        yes: usize,
        /// Node of the others.
        no: usize,
    },
    /// An end.
    Leaf {
        /// The segment given to the customers here.
        segment: u32,
        /// How many of the customers fitted to come here.
        customers: u64,
        /// How many of these are in that segment.
        right: u64,
    },
}

/// A yes-or-no question about an attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// Name of the attribute.
    pub attribute: String,
    /// What is asked of a value that is there.
    pub test: Test,
    /// Whether the answer is yes for customers whose value is missing, or is a level unknown at the fit.
    pub missing: bool,
    /// Whether any value was missing at the fit, so that the answer for missing ones has been learnt.
    pub saw_missing: bool,
}

/// What is asked of a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// Whether a number is this or less.
    AtMost {
        /// The threshold, in the attribute's unit.
        threshold: f64,
        /// Whether all values at the fit were whole numbers.
        whole: bool,
        /// The least value at the fit.
        least: f64,
    },
    /// Whether the value is there at all.
    Known,
    /// Whether a category is one of these.
    OneOf {
        /// The levels for which the answer is yes.
        levels: Vec<String>,
        /// The other levels known at the fit.
        others: Vec<String>,
    },
}

/// Fits a rule tree to the segments of customers: `labels[row]`, each below `segments`.
///
/// Looks for the tree with at most `max_leaves` leaves that gives most customers their segment, over trees whose last two levels
/// are optimal and whose upper ones come from a beam (the depth-two counting of Demirović et al. 2022, MurTree, JMLR 23(26)),
/// then improves each question in turn given all others (tree alternating optimisation: Carreira-Perpiñán & Tavallali 2018,
/// NeurIPS 31), on finer and rounder thresholds. Categories split by one or a few levels against the rest (in the order of the
/// first principal component of their segment shares: Coppersmith, Hong & Hosking 1999), missing values go to the better side.
///
/// Same attributes, labels, settings and seed give the same tree at any thread count.
///
/// # Errors
/// No customers or attributes, attributes of unequal length, as many labels as there are not customers, or labels beyond `segments`.
pub fn fit(
    attributes: &[Attribute],
    labels: &[u32],
    segments: u32,
    settings: &Settings,
    seed: Seed,
) -> Result<RuleTree> {
    check(attributes, labels, segments)?;
    let seed = seed.split("rule tree");
    let mut sample: Vec<usize> = (0..labels.len()).collect();
    if sample.len() > settings.searched_customers.max(100) {
        let mut dice = ChaCha8Rng::seed_from_u64(seed.split("sample").0);
        let (chosen, _) = sample.partial_shuffle(&mut dice, settings.searched_customers.max(100));
        let mut chosen = chosen.to_vec();
        chosen.sort_unstable();
        sample = chosen;
    }
    let (searched, sample_labels) = part(attributes, labels, &sample);
    let mut tree = grow(&searched, &sample_labels, segments, settings);
    tree.count(attributes, labels)?;
    tree.cross_validated_fidelity = cross_validate(&searched, &sample_labels, segments, settings, seed)?;
    Ok(tree)
}

/// The same table for some rows only.
fn part(attributes: &[Attribute], labels: &[u32], rows: &[usize]) -> (Vec<Attribute>, Vec<u32>) {
    let attributes = attributes
        .iter()
        .map(|attribute| {
            let values = match &attribute.values {
                Values::Numbers(values) => Values::Numbers(rows.iter().map(|row| values[*row]).collect()),
                Values::Categories { codes, levels } => {
                    Values::Categories { codes: rows.iter().map(|row| codes[*row]).collect(), levels: levels.clone() }
                }
            };
            Attribute { name: attribute.name.clone(), values }
        })
        .collect();
    (attributes, rows.iter().map(|row| labels[*row]).collect())
}

fn check(attributes: &[Attribute], labels: &[u32], segments: u32) -> Result<()> {
    if attributes.is_empty() || labels.is_empty() {
        return Err(Error::data("rules need at least one customer and one attribute"));
    }
    if let Some(uneven) = attributes.iter().find(|attribute| attribute.len() != labels.len()) {
        let (has, needs) = (uneven.len(), labels.len());
        return Err(Error::data(format!("attribute {} has {has} values for {needs} customers", uneven.name)));
    }
    if let Some(beyond) = labels.iter().find(|label| **label >= segments) {
        return Err(Error::data(format!("segment {beyond} is not one of {segments}")));
    }
    Ok(())
}

/// The best tree found on these customers, plain or with a score.
fn grow(attributes: &[Attribute], labels: &[u32], segments: u32, settings: &Settings) -> RuleTree {
    let plain = grow_on(attributes, labels, segments, settings, None);
    if plain.fidelity >= settings.enough_fidelity {
        return plain;
    }
    let Some(score) = Score::of(attributes, labels, segments) else { return plain };
    let mut with_score = attributes.to_vec();
    with_score.push(score.attribute(attributes));
    let scored = grow_on(&with_score, labels, segments, settings, Some(score));
    let asks = scored.score.as_ref().is_some_and(|score| scored.asks_for(&score.name));
    if asks && scored.fidelity >= plain.fidelity + LEAST_GAIN_OF_SCORE { scored } else { plain }
}

fn grow_on(
    attributes: &[Attribute],
    labels: &[u32],
    segments: u32,
    settings: &Settings,
    score: Option<Score>,
) -> RuleTree {
    let leaves = settings.max_leaves.max(segments as usize).max(1);
    let table = Table::of(attributes, labels, segments as usize);
    let mut weights = vec![1_u64; segments as usize];
    let mut best = None;
    // A small segment may get no leaf where only the count of customers matters: then its customers count more.
    for _ in 0..4 {
        let plans = search::search(&table, leaves, &weights);
        let sketch = improve::improve(&table, &plans, &weights, WORTH_A_LEAF);
        let (right, without) = sketch.judge(&table);
        let better = best.as_ref().is_none_or(|(_, _, missed)| without.len() < *missed);
        if better {
            best = Some((sketch, right, without.len()));
        }
        if without.is_empty() {
            break;
        }
        for segment in without {
            weights[segment] *= 3;
        }
    }
    let nodes = best.map(|(sketch, _, _)| sketch.nodes(&table)).unwrap_or_default();
    let mut tree = RuleTree { nodes, segments, score: None, fidelity: 0.0, cross_validated_fidelity: None };
    if score.as_ref().is_some_and(|score| tree.asks_for(&score.name)) {
        tree.score = score;
    }
    let right: u64 = tree.nodes.iter().map(|node| if let Node::Leaf { right, .. } = node { *right } else { 0 }).sum();
    tree.fidelity = right as f64 / labels.len() as f64;
    tree
}

/// Fidelity of trees fitted without a fold on that fold.
fn cross_validate(
    attributes: &[Attribute],
    labels: &[u32],
    segments: u32,
    settings: &Settings,
    seed: Seed,
) -> Result<Option<f64>> {
    let folds = settings.folds;
    if folds < 2 || labels.len() < folds * 4 {
        return Ok(None);
    }
    let mut dice = ChaCha8Rng::seed_from_u64(seed.split("folds").0);
    let fold: Vec<usize> = labels.iter().map(|_| dice.random_range(0..folds)).collect();
    let right: Vec<u64> = (0..folds)
        .into_par_iter()
        .map(|held| {
            let rows = |inside: bool| -> Vec<usize> {
                (0..labels.len()).filter(|row| (fold[*row] == held) == inside).collect()
            };
            let (train, train_labels) = part(attributes, labels, &rows(false));
            let (test, test_labels) = part(attributes, labels, &rows(true));
            let tree = grow(&train, &train_labels, segments, settings);
            let given = tree.predict(&test)?;
            Ok(given.iter().zip(&test_labels).filter(|(given, label)| given == label).count() as u64)
        })
        .collect::<Result<_>>()?;
    Ok(Some(right.iter().sum::<u64>() as f64 / labels.len() as f64))
}

impl RuleTree {
    /// How many leaves it has.
    #[must_use]
    pub fn leaves(&self) -> usize {
        self.nodes.iter().filter(|node| matches!(node, Node::Leaf { .. })).count()
    }

    /// Whether any question is about this attribute.
    #[must_use]
    pub fn asks_for(&self, attribute: &str) -> bool {
        self.nodes.iter().any(|node| matches!(node, Node::Split { question, .. } if question.attribute == attribute))
    }

    /// The segment the tree gives to each customer.
    ///
    /// # Errors
    /// An attribute it asks for is not there, is of the other kind, or the attributes are of unequal length.
    pub fn predict(&self, attributes: &[Attribute]) -> Result<Vec<u32>> {
        let ends = self.ends(attributes)?;
        let segment_of = |end: usize| match self.nodes.get(end) {
            Some(Node::Leaf { segment, .. }) => *segment,
            _ => 0,
        };
        Ok(ends.into_iter().map(segment_of).collect())
    }

    /// The leaf each customer comes to.
    fn ends(&self, attributes: &[Attribute]) -> Result<Vec<usize>> {
        let customers = attributes.first().map_or(0, Attribute::len);
        if let Some(uneven) = attributes.iter().find(|attribute| attribute.len() != customers) {
            return Err(Error::data(format!("attribute {} is not as long as the others", uneven.name)));
        }
        let score = self.score.as_ref().map(|score| score.checked_attribute(attributes)).transpose()?;
        let find = |name: &str| {
            let of_score = score.as_ref().filter(|score| score.name == name);
            of_score
                .or_else(|| attributes.iter().find(|attribute| attribute.name == name))
                .ok_or_else(|| Error::data(format!("the rules ask for attribute {name}, which is not there")))
        };
        let sides: Vec<Option<Side<'_>>> = self
            .nodes
            .iter()
            .map(|node| match node {
                Node::Leaf { .. } => Ok(None),
                Node::Split { question, .. } => Side::of(question, find(&question.attribute)?).map(Some),
            })
            .collect::<Result<_>>()?;
        let end_of = |row: usize| {
            let mut at = 0;
            // A tree has fewer levels than nodes.
            for _ in 0..self.nodes.len() {
                let (Some(Node::Split { yes, no, .. }), Some(Some(side))) = (self.nodes.get(at), sides.get(at)) else {
                    break;
                };
                at = if side.is_yes(row) { *yes } else { *no };
            }
            at
        };
        Ok((0..customers).into_par_iter().with_min_len(4_096).map(end_of).collect())
    }

    /// Counts the customers at each leaf, and with them the fidelity.
    fn count(&mut self, attributes: &[Attribute], labels: &[u32]) -> Result<()> {
        let mut counts = vec![(0_u64, 0_u64); self.nodes.len()];
        for (end, label) in self.ends(attributes)?.into_iter().zip(labels) {
            let is_right = matches!(self.nodes.get(end), Some(Node::Leaf { segment, .. }) if segment == label);
            if let Some(count) = counts.get_mut(end) {
                count.0 += 1;
                count.1 += u64::from(is_right);
            }
        }
        for (node, count) in self.nodes.iter_mut().zip(&counts) {
            if let Node::Leaf { customers, right, .. } = node {
                (*customers, *right) = *count;
            }
        }
        self.fidelity = counts.iter().map(|count| count.1).sum::<u64>() as f64 / labels.len() as f64;
        Ok(())
    }
}
