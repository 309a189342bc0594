//! The fitted model: what is said of every unknown and channel, and the draws that answers for other periods stand on.

use std::collections::BTreeMap;

use mercer_method::packed;
use serde::{Deserialize, Serialize};

use crate::curves::{BudgetPlan, ChannelCurve};
use crate::draws::Draws;
use crate::estimate::Estimate;
use crate::panel::Panel;
use crate::refresh::Changes;
use crate::trust::{Diagnostics, TradeOff};

/// What fitting finds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// Every unknown, under the names that the field gives them: `adstock_alpha[tv]`.
    pub parameters: BTreeMap<String, Parameter>,
    /// What each channel brought, as a share of the whole.
    pub contribution_share: BTreeMap<String, Estimate>,
    /// What each channel brought, in the unit of the target.
    pub contribution: BTreeMap<String, Estimate>,
    /// Money brought over money spent, of the channels that cost something.
    pub roi: BTreeMap<String, Estimate>,
    /// What one more unit of money brings there.
    pub marginal_roi: BTreeMap<String, Estimate>,
    /// What would have come without channels, as a share of the whole.
    pub baseline_share: Estimate,
    /// What knowing the return of each channel would be worth: the expected gain in money for each unit of money that is then moved
    /// to where it brings most.
    pub worth_testing: BTreeMap<String, f64>,
    /// How well the posterior was sampled.
    pub diagnostics: Diagnostics,
    /// Why the model may not be acted on; empty where it may.
    pub objections: Vec<String>,
    /// What changed since the model before; none without one, or where no period came since.
    pub changes: Option<Changes>,
    /// Channels of which the data say little, with the reason.
    pub unidentified: BTreeMap<String, String>,
    /// Unknowns that the data cannot tell apart well.
    pub trade_offs: Vec<TradeOff>,
    /// For each channel the share of an effect that comes in each period after.
    pub carry_over: BTreeMap<String, Vec<f64>>,
    /// What all channels' effects are multiplied by in each period of the data, in their order; empty where effects do not vary.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media_factor: Vec<Estimate>,
    /// For each channel with spend what a spend a period brings in the long run.
    pub(crate) curves: Vec<ChannelCurve>,
    /// Where the next money should go; none where the model may not be acted on.
    pub(crate) plan: Option<BudgetPlan>,
    /// Spend of each channel over the data.
    pub(crate) spend: BTreeMap<String, f64>,
    /// Number of unknowns.
    pub(crate) dim: usize,
    /// The data that were learnt from, for what carries over from them.
    pub(crate) panel: Panel,
    /// A part of the draws, unknown by unknown within each.
    #[serde(with = "packed")]
    pub(crate) points: Vec<f32>,
}

/// An unknown by its posterior.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// What was assumed before the data, such as `gamma(3, 1)`.
    pub prior: String,
    /// Its mean and standard deviation; `None` where it has none.
    pub prior_mean: Option<f64>,
    /// Its standard deviation.
    pub prior_sd: Option<f64>,
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub sd: f64,
    /// The shortest interval that holds 90 %.
    pub hdi_90: [f64; 2],
    /// Monte Carlo standard error of the mean; `None` where it cannot be told.
    pub mcse_mean: Option<f64>,
    /// Rank-normalised split R̂.
    pub r_hat: Option<f64>,
    /// Effective number of draws in the middle.
    pub ess_bulk: Option<f64>,
    /// Effective number of draws in the tails.
    pub ess_tail: Option<f64>,
}

impl Model {
    /// The draws that were kept, as one chain.
    pub(crate) fn draws(&self) -> Draws {
        let dim = self.dim;
        let points: Vec<f64> = self.points.iter().map(|value| f64::from(*value)).collect();
        let each = points.len().checked_div(dim).unwrap_or(0);
        Draws { dim, chains: 1, each, points, ..Draws::default() }
    }
}
