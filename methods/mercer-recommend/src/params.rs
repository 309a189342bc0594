//! Parameters of the method.

use mercer_method::{JsonSchema, Positive, Share, schemars};
use serde::{Deserialize, Serialize};

/// What is offered, and by which rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// How many products a list holds; the evaluation judges the first so many.
    pub k: u32,
    /// Whether a customer may be offered what they bought before: allow, mask, or auto where the data say whether customers buy
    /// the same again.
    pub repeats: Repeats,
    /// Which models may have a say: popularity, segment-popularity, own-purchases, baskets, ease, als, neighbours, transitions, content; all that
    /// the data can carry where not given.
    pub models: Vec<Source>,
    /// Days at the end of the data by which models are judged and blended; about a fifth of the time where not given.
    pub horizon: Option<Positive>,
    /// Memory that models may take, in megabytes; a model that would take more gives way to one that takes less.
    pub memory: Positive,
    /// How different from each other the products of a list should be, from 0 to 1.
    pub diversity: Share,
    /// How much the margin of a product counts, from 0 to 1; it needs price and cost of products.
    pub margin_weight: Share,
    /// The most products of one category in a list; no limit where not given.
    pub per_category: Option<u32>,
    /// To how many customers a product is offered at the most; no limit where not given.
    pub cap: Option<u32>,
    /// Days for which a product that was bought is not offered again.
    pub rest_days: Option<Positive>,
    /// The share of its score that a product loses which was shown to the customer in the last send, half as much for the send
    /// before, and so on, from 0 to 1; it needs what was shown.
    pub rotate: Share,
    /// How often a product may have been shown to a customer without a purchase before it is held back.
    pub most_shown: u32,
    /// Products to push: the table push_targets names the customers who are the most likely to want each.
    pub push: Vec<String>,
    /// Last day of the data, as 2011-12-09; the day of the last purchase where not given.
    pub until: Option<String>,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            k: 10,
            repeats: Repeats::Auto,
            models: Vec::new(),
            horizon: None,
            memory: Positive::constant::<2_000_000>(),
            diversity: Share::constant::<0>(),
            margin_weight: Share::constant::<0>(),
            per_category: None,
            cap: None,
            rest_days: None,
            rotate: Share::constant::<0>(),
            most_shown: 3,
            push: Vec::new(),
            until: None,
        }
    }
}

/// Whether what a customer bought may be offered to them again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Repeats {
    /// Allowed where customers buy the same again.
    #[default]
    Auto,
    /// It may.
    Allow,
    /// Only products that the customer has not bought.
    Mask,
}

/// A model that may have a say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// What sells now.
    Popularity,
    /// What sells now to customers of the same segment.
    SegmentPopularity,
    /// What the customer bought before, by how often and how lately.
    OwnPurchases,
    /// What customers with like baskets buy, beside one's own (TIFU-kNN).
    Baskets,
    /// What goes with all that the customer bought (EASE).
    Ease,
    /// Tastes in a few dimensions (implicit alternating least squares).
    Als,
    /// What is bought by the same customers (item-kNN, or a random walk).
    Neighbours,
    /// What is bought after the last order.
    Transitions,
    /// What reads like what the customer bought.
    Content,
}
