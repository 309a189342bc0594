//! What fitting finds: for each target how it is asked, who answers, and what people should know.

use mercer_base::Result;
use mercer_boost::shapley::Contributions;
use serde::{Deserialize, Serialize};

use crate::decide::Grades;
use crate::encode::{Encoder, Unused};
use crate::guard::Suspect;
use crate::history::{Standard, Vocabulary};
use crate::learn::Classifier;
use crate::learn::survival::Clock;
use crate::marginals::Marginals;
use crate::reasons::{Drivers, Interaction, Phrasebook};
use crate::table::{Feature, Table};

/// A fitted model: one for each target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// The targets that were learnt.
    pub(crate) targets: Vec<TargetModel>,
    /// Targets that the data cannot carry, and why.
    pub(crate) left_out: Vec<Unused>,
}

/// The model of one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TargetModel {
    /// Its name: a column, or `churn`.
    pub(crate) name: String,
    /// What a row with the outcome does: "has churn = yes", "will not buy within 90 days".
    pub(crate) words: String,
    /// Whom it is asked about: "customers who are active by their own rhythm".
    pub(crate) population: String,
    /// Rows that were learnt from.
    pub(crate) rows: u64,
    /// Those of them with the outcome.
    pub(crate) positives: u64,
    /// How the question is asked.
    pub(crate) source: Source,
    /// The features that are looked at.
    pub(crate) features: Vec<Feature>,
    /// Who answers it, in words.
    pub(crate) learner: String,
    /// Who answers it.
    pub(crate) answer: Answer,
    /// Where grades begin.
    pub(crate) grades: Grades,
    /// What drives the outcome.
    pub(crate) drivers: Drivers,
    /// Features that act together, the strongest pair first.
    pub(crate) interactions: Vec<Interaction>,
    /// What is typical.
    pub(crate) phrasebook: Phrasebook,
    /// How the features were distributed.
    pub(crate) marginals: Marginals,
    /// What became of an earlier model.
    pub(crate) contest: Option<Contest>,
}

/// How a question is asked of data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Source {
    /// A column of a table.
    Column {
        /// How columns become features.
        encoder: Encoder,
        /// The column.
        target: String,
        /// The value that counts as the outcome.
        positive: String,
        /// Whether the rows are leads beside a history.
        leads: bool,
        /// Features that may know the outcome.
        suspects: Vec<Suspect>,
        /// Columns that are no features.
        unused: Vec<Unused>,
    },
    /// What comes next in a history.
    History {
        /// The target.
        standard: Standard,
        /// Which columns the features are.
        vocabulary: Vocabulary,
        /// Names of features that are left out.
        excluded: Vec<String>,
        /// Days that are looked ahead.
        horizon: i32,
        /// Whether it is asked when, not only whether.
        #[serde(default)]
        when: bool,
    },
}

/// Who answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Answer {
    /// Whether.
    Whether(Classifier),
    /// When.
    When(Clock),
}

/// An earlier model and a new one on the same newest rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Contest {
    /// Whether the earlier model was kept.
    pub(crate) kept: bool,
    /// Log-loss of the earlier model on the newest rows.
    pub(crate) champion: Option<f64>,
    /// Log-loss of a new one that had not seen them either.
    pub(crate) challenger: f64,
    /// Which is kept and why, in a sentence.
    pub(crate) words: String,
}

impl Answer {
    /// What each feature adds to the log-odds, or to the log of the hazard.
    pub(crate) fn contributions(&self, table: &Table) -> Result<Contributions> {
        match self {
            Self::Whether(classifier) => classifier.contributions(table),
            Self::When(clock) => clock.contributions(table),
        }
    }
}

impl TargetModel {
    /// Whether the outcome is a loss that is to be prevented.
    pub(crate) fn is_loss(&self) -> bool {
        match &self.source {
            Source::History { standard, .. } => standard.is_loss(),
            Source::Column { .. } => false,
        }
    }
}
