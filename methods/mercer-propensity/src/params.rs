//! Parameters of the method.

use mercer_method::{JsonSchema, Positive, Share, schemars};
use serde::{Deserialize, Serialize};

/// What is predicted, how it is learnt, and what acting on it costs and brings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// What is predicted: a column of the table, or with purchases any of churn, next-purchase, purchase-frequency, lapse,
    /// unsubscribe, contract-end and conversion; where not given, churn, next-purchase, unsubscribe, contract-end and the
    /// conversion of leads, as far as the data can carry them.
    pub target: Vec<String>,
    /// The value of the target column that is predicted; yes, true, 1 and the like, else the rarer of two, where not given.
    pub positive: Option<String>,
    /// Columns that are not used as features.
    pub exclude: Vec<String>,
    /// The column that says how long each row was observed; then the target says whether the event ended it, and the answer is
    /// when, not only whether (survival).
    pub time: Option<String>,
    /// Whether histories are asked when, not only whether (survival): contract-end then has for each customer the probability
    /// that the contract still runs after 30, 90, 180 and 365 days, and the day by which it has ended with a probability of
    /// one half. Other targets are asked whether.
    pub when: bool,
    /// How far ahead to look: days with purchases, units of the time column with survival.
    pub horizon: Positive,
    /// From how many earlier days, at the most, it is learnt what came after them, where purchases are read.
    pub cutoffs: u32,
    /// Last day of the data, as 2011-12-09, where purchases are read; the day of the last one where not given.
    pub until: Option<String>,
    /// What learns: auto takes what predicts best out of fold.
    pub learner: Learner,
    /// How many models of boosted trees are averaged; each is stopped early on the part of the rows that it does not see.
    pub bag: u32,
    /// How many other settings of the trees are tried; the best out of fold is taken.
    pub trials: u32,
    /// In how many parts a table is cut for the evaluation; each is predicted by a model of the others.
    pub folds: u32,
    /// Features with which the probability may only rise.
    pub rising: Vec<String>,
    /// Features with which the probability may only fall.
    pub falling: Vec<String>,
    /// What becomes of features that know the outcome.
    pub leaks: Leaks,
    /// Whether rows without the positive value are unknown rather than negative: prospects are ranked by likeness to the
    /// positive ones.
    pub unlabelled: bool,
    /// What contacting one customer costs.
    pub contact_cost: Option<Positive>,
    /// What it is worth when contacting a customer who would have churned, or has the outcome that is wanted, succeeds.
    pub success_value: Option<Positive>,
    /// Share of those contacted rightly with whom it succeeds.
    pub success_rate: Share,
    /// Columns whose groups are compared, such as gender or age band; they stay features unless excluded.
    pub groups: Vec<String>,
    /// How many reasons each row gets.
    pub reasons: u32,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            target: Vec::new(),
            positive: None,
            exclude: Vec::new(),
            time: None,
            when: false,
            horizon: Positive::constant::<90_000>(),
            cutoffs: 4,
            until: None,
            learner: Learner::Auto,
            bag: 5,
            trials: 0,
            folds: 5,
            rising: Vec::new(),
            falling: Vec::new(),
            leaks: Leaks::LeaveOut,
            unlabelled: false,
            contact_cost: None,
            success_value: None,
            success_rate: Share::constant::<1000>(),
            groups: Vec::new(),
            reasons: 3,
        }
    }
}

/// What learns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Learner {
    /// Boosted trees, logistic regression or a blend of both, whichever predicts best out of fold.
    #[default]
    Auto,
    /// Boosted trees.
    Boosted,
    /// Regularised logistic regression; Cox regression with a time column.
    Linear,
}

/// What becomes of features that know the outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Leaks {
    /// They are left out, and named.
    #[default]
    LeaveOut,
    /// They stay, and are named.
    Keep,
}
