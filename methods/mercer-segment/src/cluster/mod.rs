//! Clusters of points: k-means, k-prototypes and Gaussian mixtures.
//!
//! Points have numbers and categories. The squared distance of two of them is the squared Euclidean distance of their numbers
//! plus, for each category in which they differ, that category's weight (Huang 1998). With weights of at least zero this is
//! a squared Euclidean distance too (of the numbers beside scaled indicators of the levels), so its root obeys the triangle
//! inequality: whatever holds for k-means by geometry holds for k-prototypes.

mod agreement;
mod distance;
mod lloyd;
pub mod mixture;
mod moves;
mod seeding;
mod silhouette;
mod sums;

use mercer_base::{Error, Result, Seed};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use agreement::adjusted_rand_index;
pub use silhouette::{Silhouette, silhouette};

/// Up to this many rows, whole starts are what runs in parallel; above, the rows within a start. The result is the same.
const SMALL: usize = 50_000;

/// Rows of a prepared space: scaled numbers and category codes, nothing missing.
#[derive(Debug, Clone, Copy)]
pub struct Points<'a> {
    /// How many rows.
    pub rows: usize,
    /// How many numbers each row has.
    pub dims: usize,
    /// The numbers by rows, `rows × dims`, finite.
    pub numbers: &'a [f64],
    /// The codes of the categories by rows, `rows × levels.len()`, each below its attribute's number of levels.
    pub codes: &'a [u32],
    /// How many levels each categorical attribute has.
    pub levels: &'a [u32],
    /// What differing in a categorical attribute adds to the squared distance, one an attribute, at least 0 (the γ of
    /// k-prototypes).
    pub category_weights: &'a [f64],
    /// How many times each row counts, at least 0; once where there are none. Rows that count 0 times (left out by a
    /// bootstrap) are assigned but shape nothing.
    pub weights: Option<&'a [f64]>,
}

/// Centres of clusters: the mean of the numbers and the most frequent level of each category.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Centres {
    /// How many centres.
    pub k: usize,
    /// How many numbers each has.
    pub dims: usize,
    /// The means by centres, `k × dims`.
    pub numbers: Vec<f64>,
    /// The modes by centres, `k ×` the number of categorical attributes.
    pub modes: Vec<u32>,
}

/// How to cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// How many clusters, at least 1.
    pub k: usize,
    /// How many seedings to start from, at least 1; the result of least cost is kept.
    pub starts: usize,
    /// The most rounds of a start, at least 1.
    pub max_iterations: usize,
    /// A start ends once its centres' squared movements in a round sum to no more than this share of the numbers' mean
    /// variance (scikit-learn's `tol`). 0 waits until no row changes its cluster.
    pub tolerance: f64,
    /// The seed of the starts.
    pub seed: Seed,
    /// Centres to start from, once, instead of seedings.
    pub initial: Option<Centres>,
}

impl Options {
    /// `k` clusters the careful way: the best of 10 starts, each until no row changes its cluster.
    #[must_use]
    pub fn of(k: usize, seed: Seed) -> Self {
        Self { k, starts: 10, max_iterations: 300, tolerance: 0.0, seed, initial: None }
    }
}

/// A clustering.
#[derive(Debug, Clone, PartialEq)]
pub struct Clustering {
    /// The centres.
    pub centres: Centres,
    /// The nearest centre of each row; the first of equally near ones.
    pub labels: Vec<u32>,
    /// Sum over the rows, as often as they count, of the squared distance to their centre (inertia, without categories).
    pub cost: f64,
    /// Rounds of the start that was kept.
    pub iterations: usize,
    /// How often the rows of each cluster count together; the number of its rows where each counts once.
    pub sizes: Vec<f64>,
}

/// Where rows belong.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// The nearest centre of each row; the first of equally near ones.
    pub labels: Vec<u32>,
    /// The squared distance to it.
    pub costs: Vec<f64>,
    /// The squared distance to the second nearest centre; infinite where there is one centre only.
    pub second_costs: Vec<f64>,
}

/// Clusters points by k-means (Lloyd 1982), with categories by k-prototypes (Huang 1998), from greedy k-means++ seedings
/// (Arthur & Vassilvitskii 2007); the same for any number of threads.
///
/// Rounds skip the rows of which the triangle inequality says that their cluster cannot have changed (after Hamerly 2010);
/// the result is that of plain rounds. No cluster stays empty. With `tolerance` 0, single rows are moved at the end of
/// each start as long as that lowers the cost (Hartigan & Wong 1979).
///
/// # Errors
/// When the points do not fit together, are not finite, or have fewer than `k` distinct rows that count; the message then
/// says how many there are.
pub fn cluster(points: &Points<'_>, options: &Options) -> Result<Clustering> {
    points.check()?;
    if options.k == 0 || options.starts == 0 || options.max_iterations == 0 {
        return Err(Error::config("clustering takes at least one cluster, one start and one round"));
    }
    if u32::try_from(options.k).is_err() {
        return Err(Error::config(format!("{} clusters are too many", options.k)));
    }
    if let Some(initial) = &options.initial {
        initial.check(points)?;
        if initial.k != options.k {
            return Err(Error::config(format!("{} clusters cannot start from {} centres", options.k, initial.k)));
        }
        return lloyd::run(points, initial.clone(), options);
    }
    let seed = options.seed.split("k-means starts");
    let start = |index: u64| lloyd::run(points, seeding::seed(points, options.k, seed.nth(index))?, options);
    let starts = options.starts as u64;
    let results: Vec<Result<Clustering>> = if points.rows <= SMALL {
        (0..starts).into_par_iter().map(start).collect()
    } else {
        // One at a time, only the best so far kept: a start of many rows holds much memory.
        let mut best = start(0)?;
        for index in 1..starts {
            let next = start(index)?;
            if next.cost < best.cost {
                best = next;
            }
        }
        return Ok(best);
    };
    let mut best: Option<Clustering> = None;
    for result in results {
        let next = result?;
        if best.as_ref().is_none_or(|best| next.cost < best.cost) {
            best = Some(next);
        }
    }
    best.ok_or_else(|| Error::internal("clustering ran without a start"))
}

/// The nearest and second nearest centre of each row.
///
/// # Errors
/// When the points do not fit together or to the centres, or are not finite.
pub fn assign(points: &Points<'_>, centres: &Centres) -> Result<Assignment> {
    points.check()?;
    centres.check(points)?;
    Ok(distance::assign(points, centres))
}

impl Points<'_> {
    /// How many times a row counts.
    fn weight(&self, row: usize) -> f64 {
        self.weights.and_then(|weights| weights.get(row)).copied().unwrap_or(1.0)
    }

    /// How many numbers and categories a row has.
    fn width(&self) -> usize {
        self.dims + self.levels.len()
    }

    /// Whether the points are well formed, so that what follows need not ask.
    ///
    /// # Errors
    /// When lengths disagree, a code is no level, or a number or weight is out of its range.
    pub fn check(&self) -> Result<()> {
        let categories = self.levels.len();
        let lengths = [
            ("numbers", self.numbers.len(), self.rows.checked_mul(self.dims)),
            ("codes", self.codes.len(), self.rows.checked_mul(categories)),
            ("category weights", self.category_weights.len(), Some(categories)),
            ("weights", self.weights.map_or(self.rows, <[f64]>::len), Some(self.rows)),
        ];
        for (what, found, expected) in lengths {
            if Some(found) != expected {
                return Err(Error::internal(format!("{found} {what} for {} rows of points", self.rows)));
            }
        }
        // Beyond this the square of a difference overflows.
        const LARGEST: f64 = 1e150;
        if let Some(number) = self.numbers.iter().find(|number| number.is_nan() || number.abs() > LARGEST) {
            return Err(
                Error::data(format!("{number} is no number to cluster by")).with_hint("leave out or mend such values")
            );
        }
        let is_wrong = |weight: &&f64| weight.is_nan() || **weight < 0.0 || **weight > LARGEST;
        if let Some(weight) = self.category_weights.iter().chain(self.weights.unwrap_or_default()).find(is_wrong) {
            return Err(Error::data(format!("{weight} is no weight: weights are numbers of at least 0")));
        }
        if categories > 0 {
            for codes in self.codes.chunks_exact(categories) {
                if let Some((code, levels)) = codes.iter().zip(self.levels).find(|(code, levels)| code >= levels) {
                    return Err(Error::internal(format!("code {code} of an attribute with {levels} levels")));
                }
            }
        }
        if self.width() == 0 {
            return Err(Error::data("the rows have nothing to be clustered by"));
        }
        if !(0..self.rows).any(|row| self.weight(row) > 0.0) {
            return Err(Error::data("there are no rows to cluster"));
        }
        Ok(())
    }
}

impl Centres {
    /// Whether these are centres of such points.
    fn check(&self, points: &Points<'_>) -> Result<()> {
        let is_whole = self.k > 0
            && self.dims == points.dims
            && Some(self.numbers.len()) == self.k.checked_mul(self.dims)
            && Some(self.modes.len()) == self.k.checked_mul(points.levels.len());
        if !is_whole {
            return Err(Error::internal("the centres are not those of such points"));
        }
        if self.numbers.iter().any(|number| !number.is_finite()) {
            return Err(Error::internal("a centre is not finite"));
        }
        Ok(())
    }
}

/// The error for more clusters than distinct rows.
fn too_few_distinct(distinct: usize, k: usize) -> Error {
    let rows = if distinct == 1 { "1 distinct row makes".to_owned() } else { format!("{distinct} distinct rows make") };
    Error::data(format!("{rows} no {k} clusters")).with_hint(format!("ask for at most {distinct} clusters"))
}
