//! Parameters of the method.

use std::collections::BTreeMap;

use mercer_base::{Error, Result};
use mercer_method::{JsonSchema, Positive, Share, schemars};
use serde::{Deserialize, Serialize};

/// What is modelled, how, and what is asked of the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Columns of the table that hold what channels did, spend or exposure (impressions, clicks), one a channel.
    pub channels: Vec<String>,
    /// Where channels hold exposure, the column with the spend of each, as tv_impressions=tv_spend; channels without an entry hold
    /// spend.
    pub spend: Vec<String>,
    /// Columns of exposure that costs nothing, such as newsletters: their effect is estimated, no return.
    pub organic: Vec<String>,
    /// Columns that move sales and are no advertising: prices, events, competitors.
    pub controls: Vec<String>,
    /// In a project: what the channels are to bring.
    pub outcome: Outcome,
    /// Length of a period; days are added up to weeks where the data are daily and weeks are asked.
    pub period: Period,
    /// How an effect carries over to later periods.
    pub adstock: Adstock,
    /// Periods over which an effect can carry over, the first among them.
    pub lags: u32,
    /// How an effect wears off as more is spent.
    pub saturation: Saturation,
    /// Whether the effect wears off before it carries over.
    pub saturate_first: bool,
    /// How sales without advertising move over the years.
    pub trend: Trend,
    /// Bends of a piecewise trend, or knots of a smooth one; as many as the data can carry where not given.
    pub knots: Option<u32>,
    /// Whether the same advertising may bring more in some periods than in others.
    pub varying_media: VaryingMedia,
    /// Pairs of sine and cosine waves within a year.
    pub seasonality: u32,
    /// Whether effects add up, or multiply what is there.
    pub form: Form,
    /// Whether what would come without channels may lie below nothing on average (one place, effects that add up).
    pub baseline: Floor,
    /// How the sales of a period scatter.
    pub noise: Noise,
    /// What the prior of an effect is about.
    pub effect: Effect,
    /// Priors of single parameters, as saturation_lam=gamma(3, 1); of one channel with its name in square brackets.
    pub priors: Vec<String>,
    /// How the posterior is found.
    pub inference: Inference,
    /// Chains that are sampled, each on its own.
    pub chains: u32,
    /// Draws of each chain that are kept.
    pub draws: u32,
    /// Draws of each chain before, to find steps and scales.
    pub tune: u32,
    /// How many of the last periods are forecast one by one when the model is judged, each from a model that is fitted to all
    /// before it: exact, and as many fits. Where it is 0 the last periods are held out at once.
    pub one_step_forecasts: u32,
    /// Money to divide over the plan; as much as lately where not given.
    pub budget: Option<Positive>,
    /// Length of the plan, in periods.
    pub plan_periods: u32,
    /// Bounds of channels within the plan, as shares of what they had lately: tv=0.5..1.5.
    pub bounds: Vec<String>,
    /// Spend until one more unit of money returns this much, in place of a fixed budget.
    pub target_return: Option<Positive>,
    /// Which part of the posterior the plan maximises: 1 the mean of all draws, less the mean of that worst share of them.
    pub risk: Share,
    /// Worth of one unit of the outcome in money, where the outcome is no money; the column value where not given.
    pub value: Option<Positive>,
    /// Share by which the variance of an experiment grows with each year of its age.
    pub experiment_ageing: Positive,
    /// How far the conditions of an experiment may differ from those of the data, as a share of its lift.
    pub experiment_mismatch: Share,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            channels: Vec::new(),
            spend: Vec::new(),
            organic: Vec::new(),
            controls: Vec::new(),
            outcome: Outcome::NetSales,
            period: Period::Auto,
            adstock: Adstock::Geometric,
            lags: 8,
            saturation: Saturation::Auto,
            saturate_first: false,
            trend: Trend::Auto,
            knots: None,
            varying_media: VaryingMedia::None,
            seasonality: 2,
            form: Form::Additive,
            baseline: Floor::Positive,
            noise: Noise::Normal,
            effect: Effect::Auto,
            priors: Vec::new(),
            inference: Inference::Sample,
            chains: 4,
            draws: 1_000,
            tune: 1_000,
            one_step_forecasts: 0,
            budget: None,
            plan_periods: 13,
            bounds: Vec::new(),
            target_return: None,
            risk: Share::constant::<1_000>(),
            value: None,
            experiment_ageing: Positive::constant::<500>(),
            experiment_mismatch: Share::constant::<100>(),
        }
    }
}

/// A list of `name=text` by name; `what` names the parameter in messages.
///
/// # Errors
/// When an item has no `=`, or a name comes twice.
pub(crate) fn pairs(what: &str, items: &[String]) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for item in items {
        let pair = item.split_once('=').map(|(name, text)| (name.trim().to_owned(), text.trim().to_owned()));
        let Some((name, text)) = pair.filter(|(name, text)| !name.is_empty() && !text.is_empty()) else {
            return Err(Error::config(format!("{what}: {item:?} is no pair")).with_hint("write name=value"));
        };
        if found.insert(name.clone(), text).is_some() {
            return Err(Error::config(format!("{what}: {name} is given twice")).with_hint("keep one of them"));
        }
    }
    Ok(found)
}

macro_rules! choice {
    ($(#[$about:meta])* $name:ident { $($(#[$each:meta])* $item:ident),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$each])* $item),+ }
    };
}

choice!(
    /// What the channels are to bring.
    Outcome {
        /// Net sales.
        #[default]
        NetSales,
        /// Orders.
        Orders,
        /// Customers with their first order.
        NewCustomers,
    }
);
choice!(
    /// Length of a period.
    Period {
        /// As the table has it; weeks in a project.
        #[default]
        Auto,
        /// Days.
        Day,
        /// Weeks from Monday.
        Week,
    }
);
choice!(
    /// Where what would come without channels may lie on average.
    Floor {
        /// Above nothing on the mean of each quarter of a year: channels cannot have brought more than came.
        #[default]
        Positive,
        /// Anywhere.
        Free,
    }
);
choice!(
    /// How an effect carries over: weights of the lags, which add up to 1.
    Adstock {
        /// Falls by the same share each period.
        #[default]
        Geometric,
        /// Geometric around a delayed peak.
        Delayed,
        /// Density of a Weibull distribution: a delayed peak is possible.
        WeibullPdf,
        /// What a Weibull distribution leaves: falls, at first slowly or fast.
        WeibullCdf,
        /// Falls slowly at first and reaches nothing after the last lag.
        Binomial,
        /// Effects last one period.
        None,
    }
);
choice!(
    /// How an effect wears off.
    Saturation {
        /// Logistic for one place, Hill with a slope of 1 for several.
        #[default]
        Auto,
        /// (1 − exp(−λx)) / (1 + exp(−λx)).
        Logistic,
        /// tanh(x / (b c)).
        Tanh,
        /// x / (λ + x).
        MichaelisMenten,
        /// x^s / (k^s + x^s).
        Hill,
        /// x^a, a below 1.
        Root,
        /// ln(1 + λx).
        Log,
        /// Twice as much brings twice as much.
        None,
    }
);
choice!(
    /// How sales without advertising move over the years.
    Trend {
        /// For one place a line with a bend each quarter, or none where a control grows with time; smooth for several.
        #[default]
        Auto,
        /// The same level throughout.
        None,
        /// A straight line.
        Linear,
        /// A line with bends.
        Piecewise,
        /// A level at each knot, joined by lines.
        Smooth,
    }
);
choice!(
    /// Whether effects of channels vary over time.
    VaryingMedia {
        /// The same exposure brings the same throughout.
        #[default]
        None,
        /// All channels' effects are multiplied by one factor that moves smoothly over the periods, its mean 1.
        Common,
    }
);
choice!(
    /// Whether effects add up.
    Form {
        /// They do.
        #[default]
        Additive,
        /// They multiply: the logarithm of the outcome is modelled.
        Multiplicative,
    }
);
choice!(
    /// How the sales of a period scatter.
    Noise {
        /// As a normal distribution.
        #[default]
        Normal,
        /// As Student's t distribution: some periods are far out.
        StudentT,
    }
);
choice!(
    /// How the posterior is found.
    Inference {
        /// By the No-U-Turn sampler.
        #[default]
        Sample,
        /// By the normal distribution around its mode: a first look at once, not to be acted on.
        Approximate,
    }
);
choice!(
    /// What the prior of an effect is about.
    Effect {
        /// The coefficient for one place, the return for several.
        #[default]
        Auto,
        /// The coefficient on the scaled outcome.
        Coefficient,
        /// Return on spend: outcome in money over spend, over the whole data.
        Roi,
        /// Return of one more unit of spend.
        MarginalRoi,
        /// Share of the whole outcome.
        Share,
    }
);
