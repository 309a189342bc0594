//! Parameters of the method.

use mercer_method::schemars;
use mercer_method::{Confidence, JsonSchema, Positive, Share};
use serde::{Deserialize, Serialize};

/// Days in a year, on average.
pub(crate) const DAYS_A_YEAR: f64 = 365.25;

/// How lifetime value is modelled and reported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// The model of buying and leaving. `auto` tries BG/NBD, MBG/NBD and Pareto/NBD and keeps the one that forecasts best
    /// on held-out time (by likelihood where there are no dates).
    pub model: ModelKind,
    /// The unit in which time is counted; in a summary, the unit its recency and T are in.
    pub time_unit: TimeUnit,
    /// How far ahead purchases and value are forecast, in units of time; a year where not given.
    pub horizon: Option<Positive>,
    /// Discount rate a year: 0.1 makes money in a year worth a tenth less.
    pub discount_rate: Share,
    /// Share of an order's value that is profit; with 1, value means net sales.
    pub margin: Share,
    /// How much of the end of the data is held out for the evaluation, in units of time; a fifth of the data, half a year
    /// at the most, where not given.
    pub holdout: Option<Positive>,
    /// Columns of the customers that may explain how often they buy and how soon they leave.
    pub covariates: Vec<String>,
    /// What is known before the data: `none` is plain maximum likelihood; `weak` keeps small data from extreme values.
    pub prior: PriorKind,
    /// Confidence of the intervals.
    pub confidence: Confidence,
    /// The last day of the observation, as 2011-12-09; the data's last day where not given. Later purchases are refused.
    pub until: Option<String>,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            model: ModelKind::default(),
            time_unit: TimeUnit::default(),
            horizon: None,
            discount_rate: Share::constant::<100>(),
            margin: Share::constant::<1000>(),
            holdout: None,
            covariates: Vec::new(),
            prior: PriorKind::default(),
            confidence: Confidence::constant::<900>(),
            until: None,
        }
    }
}

/// A model of how customers buy and leave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    /// The best of BG/NBD, MBG/NBD and Pareto/NBD.
    #[default]
    Auto,
    /// Customers may leave after any repeat purchase.
    BgNbd,
    /// Customers may leave after any purchase, the first one included.
    MbgNbd,
    /// Customers may leave at any time.
    ParetoNbd,
    /// Customers never leave.
    Nbd,
    /// Purchases happen at regular opportunities, such as yearly appeals; customers may leave at each.
    BgBb,
    /// Customers under contract, whose leaving is seen.
    Sbg,
    /// Only the value of purchases.
    GammaGamma,
}

impl ModelKind {
    /// Its name in the literature.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Auto => "automatic choice",
            Self::BgNbd => "BG/NBD",
            Self::MbgNbd => "MBG/NBD",
            Self::ParetoNbd => "Pareto/NBD",
            Self::Nbd => "NBD",
            Self::BgBb => "BG/BB",
            Self::Sbg => "sBG",
            Self::GammaGamma => "Gamma-Gamma",
        }
    }
}

/// A unit of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TimeUnit {
    /// Days.
    Day,
    /// Weeks.
    #[default]
    Week,
    /// Months of 30.4375 days.
    Month,
    /// Years of 365.25 days.
    Year,
}

impl TimeUnit {
    /// How many days it has.
    #[must_use]
    pub fn days(self) -> f64 {
        match self {
            Self::Day => 1.0,
            Self::Week => 7.0,
            Self::Month => DAYS_A_YEAR / 12.0,
            Self::Year => DAYS_A_YEAR,
        }
    }

    /// Its name behind a number: "12 weeks", "1 week".
    #[must_use]
    pub fn count(self, number: f64) -> String {
        let name = match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        };
        let number = (number * 10.0).round() / 10.0;
        if number == 1.0 { format!("1 {name}") } else { format!("{number} {name}s") }
    }
}

/// What is assumed before the data are seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PriorKind {
    /// Nothing: maximum likelihood.
    #[default]
    None,
    /// Every parameter lies within a few powers of ten; effects of covariates are rarely stronger than a factor of e.
    Weak,
}

impl Params {
    /// The horizon in units of time: a year where not given.
    #[must_use]
    pub fn horizon(&self) -> f64 {
        self.horizon.map_or_else(
            || match self.time_unit {
                TimeUnit::Day => 365.0,
                TimeUnit::Week => 52.0,
                TimeUnit::Month => 12.0,
                TimeUnit::Year => 1.0,
            },
            Positive::get,
        )
    }

    /// The continuous discount rate per unit of time.
    #[must_use]
    pub fn discount(&self) -> f64 {
        self.discount_rate.get().ln_1p() * self.time_unit.days() / DAYS_A_YEAR
    }
}
