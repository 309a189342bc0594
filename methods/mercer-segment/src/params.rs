//! Parameters of the method.

use mercer_method::{JsonSchema, Positive, Share, schemars};
use serde::{Deserialize, Serialize};

/// How customers are grouped and described.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// How segments are found: auto takes k-means where all attributes are numbers, else k-prototypes.
    pub algorithm: Algorithm,
    /// How many segments there are; where not given, the finest number whose every segment is stable.
    pub k: Option<u32>,
    /// How many personas there are, where purchases come with attributes of the customers; found like k where not given.
    pub personas: Option<u32>,
    /// The most segments that are tried where k is not given.
    pub most_segments: u32,
    /// Attributes that shape the groups; all usable ones where not given. Others still describe them.
    pub attributes: Vec<String>,
    /// How numbers are brought to one scale: standard takes mean and standard deviation, robust takes median and quartiles.
    pub scale: Scale,
    /// Whether strongly skewed numbers, such as money, enter by their logarithm.
    pub log: Log,
    /// Whether values far off all others are moved to the edge of the rest.
    pub outliers: Outliers,
    /// How the recency, frequency and monetary grid is cut (algorithm = rfm): at quantiles, or at the values given.
    pub recency_cuts: Vec<f64>,
    /// Cuts of the number of purchases, from low to high (algorithm = rfm).
    pub frequency_cuts: Vec<f64>,
    /// Cuts of the money spent, from low to high (algorithm = rfm).
    pub monetary_cuts: Vec<f64>,
    /// Fewest customers of a cluster (algorithm = density).
    pub least_customers: Option<u32>,
    /// From how many random starts the best is taken.
    pub starts: u32,
    /// How many times segments are searched again in a random sample of the customers; 0 leaves stability out.
    pub bootstraps: u32,
    /// Mean Jaccard similarity from which a segment counts as stable.
    pub stable: Share,
    /// The most leaves of the tree of rules that says who belongs where.
    pub most_rules: u32,
    /// Share of false ones that is accepted among what is reported as typical or preferred.
    pub false_discovery: Share,
    /// How many months are replayed to follow customers between segments; 0 leaves it out.
    pub history: u32,
    /// Whether segments are named and described; without, they are only numbered.
    pub describe: bool,
    /// Last day of the data, as 2011-12-09, where purchases are read; the day of the last one where not given.
    pub until: Option<String>,
    /// The largest absolute value of a number; larger ones count as missing.
    pub largest: Positive,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            algorithm: Algorithm::Auto,
            k: None,
            personas: None,
            most_segments: 10,
            attributes: Vec::new(),
            scale: Scale::Standard,
            log: Log::Auto,
            outliers: Outliers::Clip,
            recency_cuts: Vec::new(),
            frequency_cuts: Vec::new(),
            monetary_cuts: Vec::new(),
            least_customers: None,
            starts: 10,
            bootstraps: 30,
            stable: Share::constant::<750>(),
            most_rules: 8,
            false_discovery: Share::constant::<50>(),
            history: 12,
            describe: true,
            until: None,
            largest: Positive::constant::<1_000_000_000>(),
        }
    }
}

/// A way of finding segments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// By the attributes: k-means or k-prototypes.
    #[default]
    Auto,
    /// Least squares around means; numbers only.
    KMeans,
    /// Means of numbers and modes of categories.
    KPrototypes,
    /// Gaussian mixture: soft membership; numbers only.
    Mixture,
    /// The named grid of recency and frequency.
    Rfm,
    /// Dense regions of any shape (HDBSCAN); customers between them belong to none.
    Density,
}

impl Algorithm {
    /// Its name for people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Auto => "automatic choice",
            Self::KMeans => "k-means",
            Self::KPrototypes => "k-prototypes",
            Self::Mixture => "Gaussian mixture",
            Self::Rfm => "RFM grid",
            Self::Density => "density clusters",
        }
    }
}

/// How numbers are brought to one scale.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// Mean 0, standard deviation 1.
    #[default]
    Standard,
    /// Median 0, quartiles as far apart as those of a standard normal distribution.
    Robust,
    /// As they are.
    None,
}

/// Whether skewed numbers enter by their logarithm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Log {
    /// Those with a long right tail (skewness above 1) that the logarithm shortens.
    #[default]
    Auto,
    /// None.
    Never,
}

/// What becomes of values far off all others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outliers {
    /// Those beyond ten robust standard deviations are moved there.
    #[default]
    Clip,
    /// They stay.
    Keep,
}
