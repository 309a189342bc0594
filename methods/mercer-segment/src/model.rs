//! What fitting finds: the segments, what speaks for them, and what they mean.

use serde::{Deserialize, Serialize};

use crate::choose::Candidate;
use crate::describe::Description;
use crate::explain::associate::JointDriver;
use crate::group::Partition;
use crate::params::Algorithm;
use crate::persist::History;
use crate::prepare::Preparation;

/// The fitted model: segments by behaviour (or by all attributes of a plain table), and personas by who customers are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// The segments.
    #[serde(flatten)]
    pub segments: Segmentation,
    /// The personas, where purchases come with attributes of the customers.
    pub personas: Option<Segmentation>,
    /// The segments over time, where purchases are dated.
    pub history: Option<History>,
    /// Attributes that together go with what customers choose.
    pub drivers: Vec<JointDriver>,
}

/// One way of parting customers into groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Segmentation {
    /// How the groups were found.
    pub algorithm: Algorithm,
    /// How many groups.
    pub k: usize,
    /// Why so many.
    pub chosen: Chosen,
    /// Whether every group is found again in random samples and there is more to them than chance; none where stability was
    /// not looked at.
    pub stable: Option<bool>,
    /// The groups.
    pub segments: Vec<Segment>,
    /// What speaks for each number of groups that was looked at.
    pub candidates: Vec<Candidate>,
    /// How attributes become points.
    pub preparation: Preparation,
    /// Where points belong.
    pub partition: Partition,
    /// How good the groups are.
    pub figures: Figures,
    /// What the groups mean.
    pub description: Option<Description>,
}

/// A group of customers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Its id, kept from run to run: `S1`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How many customers.
    pub size: u64,
    /// Their share of all.
    pub share: f64,
    /// Mean Jaccard similarity with itself in random samples of the customers: above 0.75 stable, above 0.85 highly so.
    pub jaccard: Option<f64>,
    /// Who is in it, in words, by the tree of rules.
    pub rule: Option<String>,
    /// Ids of the most typical customers, where they have ids.
    pub typical: Vec<String>,
}

/// Why there are so many groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Chosen {
    /// The user said so.
    Given,
    /// The finest number whose every segment is stable.
    Stable,
    /// No number of segments is stable: all customers are one group.
    NoneStable,
    /// The algorithm finds the number by itself.
    ByAlgorithm,
}

/// How good groups are, on the customers they were found among.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Sum of squared distances to the centres in the prepared space; with categories the cost of k-prototypes.
    pub inertia: Option<f64>,
    /// Mean silhouette.
    pub silhouette: Option<f64>,
    /// Silhouette of as many groups among the same values without relations.
    pub silhouette_by_chance: Option<f64>,
    /// Share of customers whose group the rules tell.
    pub rule_fidelity: Option<f64>,
    /// The same on customers held out of the making of the rules.
    pub rule_fidelity_held_out: Option<f64>,
}

impl Segmentation {
    /// The least Jaccard similarity of a segment.
    #[must_use]
    pub fn least_jaccard(&self) -> Option<f64> {
        self.segments.iter().filter_map(|segment| segment.jaccard).reduce(f64::min)
    }

    /// Whether there is more than one group.
    #[must_use]
    pub fn has_groups(&self) -> bool {
        self.k > 1
    }
}
