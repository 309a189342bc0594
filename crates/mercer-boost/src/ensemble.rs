//! Trees that have grown: what a node asks, and the sum of trees.

#[cfg(test)]
pub(crate) mod random;
#[cfg(test)]
mod tests;

use std::fmt::{self, Write as _};
use std::str::FromStr;

use mercer_base::{Error, Result};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::matrix::Feature;
use crate::objective::Objective;

/// The most splits above a leaf that a tree may have: far more than any sensible tree, few enough to walk by recursion.
const DEEPEST: usize = 1_000;

/// What a node asks of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// A number below the threshold goes left.
    Below(f32),
    /// A category among these goes right; sorted.
    Among(Vec<u32>),
}

/// A node's question and where its answers lead.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// The column it asks about.
    pub feature: u32,
    /// The question.
    pub test: Test,
    /// Where rows go that have no value, or a category that was not there when the tree grew.
    pub missing_left: bool,
    /// The left child.
    pub left: u32,
    /// The right child.
    pub right: u32,
    /// By how much the split improved the objective.
    pub gain: f32,
}

/// A node of a tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Sum of the rows' second derivatives when the tree grew: its weight in expectations over the data.
    pub cover: f32,
    /// What the tree adds to the margin of the rows that end here, the learning rate applied; of an inner node, what it
    /// would add if it were a leaf.
    pub value: f32,
    /// The question; `None` for a leaf.
    pub split: Option<Split>,
}

/// A tree: its first node is the root, and children stand behind their parents.
///
/// Saved as one line of text, nodes parted by blanks: `value,cover` for a leaf, and
/// `value,cover,gain,feature,left,right,side,test` for a split, where `side` is `L` or `R` (where missing values go) and
/// `test` is `<threshold` or `=category:category:…`. Numbers are written with the fewest digits that give the same number
/// back.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    /// The nodes.
    pub nodes: Vec<Node>,
}

/// A sum of trees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Saved")]
pub struct Ensemble {
    /// What the margin means.
    pub objective: Objective,
    /// The margin without any tree.
    pub base: f64,
    /// What each column is.
    pub features: Vec<Feature>,
    /// The trees.
    pub trees: Vec<Tree>,
}

/// An ensemble as it stands in a file, before its parts are known to fit each other.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    objective: Objective,
    base: f64,
    features: Vec<Feature>,
    trees: Vec<Tree>,
}

impl TryFrom<Saved> for Ensemble {
    type Error = Error;

    fn try_from(saved: Saved) -> Result<Self> {
        let Saved { objective, base, features, trees } = saved;
        let ensemble = Self { objective, base, features, trees };
        ensemble.check()?;
        Ok(ensemble)
    }
}

impl Ensemble {
    /// One ensemble whose margin is the mean of the margins of `ensembles`, as of a bag: all their trees, the values
    /// divided by how many ensembles there are (to single precision) and the gains too, so that [`Ensemble::importance`]
    /// is a mean as well.
    ///
    /// # Errors
    /// When there are none, or they differ in objective or features.
    pub fn mean(ensembles: &[Self]) -> Result<Self> {
        let Some(first) = ensembles.first() else {
            return Err(Error::internal("the mean of no ensembles was asked for"));
        };
        if ensembles.iter().any(|other| other.objective != first.objective || other.features != first.features) {
            return Err(Error::internal("ensembles of different objectives or features have no mean"));
        }
        #[allow(clippy::cast_precision_loss, reason = "a bag has few ensembles")]
        let share = 1.0 / ensembles.len() as f64;
        #[allow(clippy::cast_possible_truncation, reason = "single precision is what nodes hold")]
        let scaled = |value: f32| (f64::from(value) * share) as f32;
        let mut trees: Vec<Tree> = ensembles.iter().flat_map(|ensemble| ensemble.trees.iter().cloned()).collect();
        for node in trees.iter_mut().flat_map(|tree| &mut tree.nodes) {
            node.value = scaled(node.value);
            if let Some(split) = &mut node.split {
                split.gain = scaled(split.gain);
            }
        }
        let base = ensembles.iter().map(|ensemble| ensemble.base * share).sum();
        Ok(Self { objective: first.objective, base, features: first.features.clone(), trees })
    }

    /// Total gain of the splits of each feature, in units of the objective (XGBoost's `total_gain`).
    #[must_use]
    pub fn importance(&self) -> Vec<f64> {
        let mut totals = vec![0.0; self.features.len()];
        for split in self.trees.iter().flat_map(|tree| &tree.nodes).filter_map(|node| node.split.as_ref()) {
            if let Some(total) = totals.get_mut(split.feature as usize) {
                *total += f64::from(split.gain);
            }
        }
        totals
    }

    /// Whether the trees are whole and ask about features that are there. Whoever reads or walks an ensemble asks this
    /// first and may rely on it afterwards.
    pub(crate) fn check(&self) -> Result<()> {
        if !self.base.is_finite() {
            return Err(damaged("the base margin is not a finite number"));
        }
        for (index, tree) in self.trees.iter().enumerate() {
            tree.check().map_err(|error| error.with_context(format!("tree {index}")))?;
            for split in tree.nodes.iter().filter_map(|node| node.split.as_ref()) {
                let fits = match (self.features.get(split.feature as usize), &split.test) {
                    (Some(Feature::Number), Test::Below(_)) => true,
                    (Some(Feature::Category { count }), Test::Among(codes)) => codes.iter().all(|code| code < count),
                    _ => false,
                };
                if !fits {
                    return Err(damaged(format!("tree {index} asks what column {} cannot answer", split.feature)));
                }
            }
        }
        Ok(())
    }
}

/// An error about a tree that cannot be what was saved.
fn damaged(what: impl fmt::Display) -> Error {
    Error::data(format!("the boosted trees are damaged: {what}")).with_hint("restore the file, or fit the model again")
}

impl Tree {
    /// Whether this is one tree: each node but the root is the child of exactly one node before it; numbers are finite,
    /// thresholds are numbers, categories are sorted.
    pub(crate) fn check(&self) -> Result<()> {
        let mut depths: Vec<Option<usize>> = vec![None; self.nodes.len()];
        match depths.first_mut() {
            Some(root) => *root = Some(0),
            None => return Err(damaged("a tree has no nodes")),
        }
        for (index, node) in self.nodes.iter().enumerate() {
            if !node.value.is_finite() || !node.cover.is_finite() || node.cover < 0.0 {
                return Err(damaged(format!("the value or cover of node {index} is not a possible number")));
            }
            let Some(depth) = depths.get(index).copied().flatten() else {
                return Err(damaged(format!("node {index} has no parent")));
            };
            let Some(split) = &node.split else { continue };
            if depth >= DEEPEST {
                return Err(damaged(format!("a tree is deeper than {DEEPEST} splits")));
            }
            let possible = match &split.test {
                Test::Below(threshold) => !threshold.is_nan(),
                Test::Among(codes) => codes.is_sorted_by(|one, next| one < next),
            };
            if !possible || !split.gain.is_finite() {
                return Err(damaged(format!("the test or gain of node {index} is not a possible one")));
            }
            for child in [split.left as usize, split.right as usize] {
                match depths.get_mut(child) {
                    Some(slot @ None) if child > index => *slot = Some(depth + 1),
                    _ => return Err(damaged(format!("node {index} cannot have node {child} as a child"))),
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Node { cover, value, split }) in self.nodes.iter().enumerate() {
            if index > 0 {
                f.write_char(' ')?;
            }
            write!(f, "{value:?},{cover:?}")?;
            let Some(Split { feature, test, missing_left, left, right, gain }) = split else { continue };
            let side = if *missing_left { 'L' } else { 'R' };
            write!(f, ",{gain:?},{feature},{left},{right},{side},")?;
            match test {
                Test::Below(threshold) => write!(f, "<{threshold:?}")?,
                Test::Among(codes) => {
                    f.write_char('=')?;
                    for (place, code) in codes.iter().enumerate() {
                        write!(f, "{}{code}", if place > 0 { ":" } else { "" })?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl FromStr for Tree {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let nodes: Option<Vec<Node>> = text.split(' ').map(parse_node).collect();
        let tree = Self { nodes: nodes.ok_or_else(|| damaged("the text of a tree cannot be read"))? };
        tree.check()?;
        Ok(tree)
    }
}

/// The node that `text` says; `None` where it says none.
fn parse_node(text: &str) -> Option<Node> {
    let mut fields = text.split(',');
    let mut field = || fields.next();
    let value = field()?.parse().ok()?;
    let cover = field()?.parse().ok()?;
    let Some(gain) = field() else { return Some(Node { cover, value, split: None }) };
    let split = Split {
        gain: gain.parse().ok()?,
        feature: field()?.parse().ok()?,
        left: field()?.parse().ok()?,
        right: field()?.parse().ok()?,
        missing_left: match field()? {
            "L" => true,
            "R" => false,
            _ => return None,
        },
        test: match field()?.split_at_checked(1)? {
            ("<", threshold) => Test::Below(threshold.parse().ok()?),
            ("=", "") => Test::Among(Vec::new()),
            ("=", codes) => Test::Among(codes.split(':').map(|code| code.parse().ok()).collect::<Option<_>>()?),
            _ => return None,
        },
    };
    field().is_none().then_some(Node { cover, value, split: Some(split) })
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
