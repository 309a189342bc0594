//! Gaussian mixtures by expectation and maximisation (Dempster, Laird & Rubin 1977), from a k-means start.

mod normal;
mod steps;

use mercer_base::{Error, Result, Seed};
use mercer_stats::dense::Square;
use serde::{Deserialize, Serialize};

use super::{Centres, Points};
use normal::Normal;
use steps::Moments;

/// The form of the components.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Covariance {
    /// Ellipsoids of any direction: `dims (dims + 1) / 2` parameters a component.
    Full,
    /// Ellipsoids along the axes: `dims` parameters a component.
    Diagonal,
}

/// How to fit a mixture.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// How many components, at least 1.
    pub k: usize,
    /// Their form.
    pub covariance: Covariance,
    /// How many k-means starts the starting clusters are the best of, at least 1.
    pub starts: usize,
    /// The most rounds, at least 1.
    pub max_iterations: usize,
    /// Rounds end once the log-likelihood a row rises by less than this.
    pub tolerance: f64,
    /// Added to every variance, above 0, so that no component shrinks to a point.
    pub regularisation: f64,
    /// The seed of the k-means starts.
    pub seed: Seed,
    /// Centres whose nearest rows make the starting clusters, instead of k-means; their modes do not matter.
    pub initial: Option<Centres>,
}

impl Options {
    /// `k` components of this form the careful way.
    #[must_use]
    pub fn of(k: usize, covariance: Covariance, seed: Seed) -> Self {
        let (starts, max_iterations, tolerance, regularisation) = (10, 500, 1e-6, 1e-6);
        Self { k, covariance, starts, max_iterations, tolerance, regularisation, seed, initial: None }
    }
}

/// A mixture of normal distributions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mixture {
    /// The form of the components.
    pub covariance: Covariance,
    /// The share of each component; they add up to 1.
    pub shares: Vec<f64>,
    /// The mean of each component.
    pub means: Vec<Vec<f64>>,
    /// The covariance of each component, with the regularisation in it.
    pub covariances: Vec<Square>,
}

/// A fitted mixture.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The mixture.
    pub mixture: Mixture,
    /// The log-likelihood (natural logarithm) of the rows, as often as they count.
    pub log_likelihood: f64,
    /// How often the rows count together.
    pub size: f64,
    /// Rounds.
    pub iterations: usize,
    /// Whether the rounds ended by the tolerance.
    pub is_converged: bool,
}

/// To which component rows belong.
#[derive(Debug, Clone, PartialEq)]
pub struct Responsibilities {
    /// For each row the probability of each component, `rows × k`.
    pub values: Vec<f64>,
    /// The logarithm of the mixture's density at each row.
    pub log_densities: Vec<f64>,
}

/// Fits a mixture to the numbers of the points; their categories do not matter. Rows that count 0 times shape nothing.
///
/// A component that loses its last row starts again at the row which the mixture explains worst, with the covariance of all
/// rows, up to `k` times.
///
/// # Errors
/// When the points are not well formed, have no numbers, or have fewer than `k` distinct rows that count.
pub fn fit(points: &Points<'_>, options: &Options) -> Result<Fit> {
    points.check()?;
    let points = &numbers_of(points)?;
    let is_positive = options.regularisation > 0.0 && options.regularisation.is_finite();
    if options.max_iterations == 0 || !is_positive {
        return Err(Error::config("a mixture takes at least one round and a regularisation above 0"));
    }
    let (labels, centres) = start(points, options)?;
    let means = (0..centres.k).map(|centre| centres.at(centre).0.to_vec()).collect();
    let moments = steps::moments_of_clusters(points, options.covariance, means, &labels);
    let mut mixture = Mixture::from_moments(&moments, options);
    let mut before = f64::NEG_INFINITY;
    let (mut iterations, mut restarts, mut is_converged) = (0, 0, false);
    while iterations < options.max_iterations && !is_converged {
        iterations += 1;
        let (moments, log_likelihood) = steps::moments(points, options.covariance, &mixture.normals());
        let now = log_likelihood / moments.size();
        is_converged = (now - before).abs() < options.tolerance;
        before = now;
        let lost = moments.counts.iter().position(|count| *count < LEAST_COUNT);
        mixture = match lost {
            Some(component) if restarts < options.k => {
                restarts += 1;
                is_converged = false;
                before = f64::NEG_INFINITY;
                mixture.restarted(points, &Mixture::from_moments(&moments, options), component)
            }
            _ => Mixture::from_moments(&moments, options),
        };
    }
    let (moments, log_likelihood) = steps::moments(points, options.covariance, &mixture.normals());
    if !log_likelihood.is_finite() {
        return Err(Error::data("the rows are too far apart for a mixture").with_hint("scale the numbers first"));
    }
    Ok(Fit { mixture, log_likelihood, size: moments.size(), iterations, is_converged })
}

/// A component of fewer rows than this has lost them all: rows that belong to it with rounding only.
const LEAST_COUNT: f64 = 1e-6;

/// The starting clusters.
fn start(points: &Points<'_>, options: &Options) -> Result<(Vec<u32>, Centres)> {
    if let Some(initial) = &options.initial {
        let centres = Centres { modes: Vec::new(), ..initial.clone() };
        let labels = super::assign(points, &centres)?.labels;
        return Ok((labels, centres));
    }
    let means = super::Options { starts: options.starts, ..super::Options::of(options.k, options.seed) };
    let found = super::cluster(points, &means)?;
    Ok((found.labels, found.centres))
}

/// The points without their categories.
///
/// # Errors
/// Where no numbers are left.
fn numbers_of<'a>(points: &Points<'a>) -> Result<Points<'a>> {
    if points.dims == 0 {
        return Err(Error::data("a Gaussian mixture needs numbers, and the rows have only categories")
            .with_hint("cluster them by k-prototypes instead"));
    }
    Ok(Points { codes: &[], levels: &[], category_weights: &[], ..*points })
}

impl Fit {
    /// The Bayesian information criterion (Schwarz 1978), `−2 ln L + parameters ln n`: less is better.
    #[must_use]
    pub fn bic(&self) -> f64 {
        self.mixture.parameters() as f64 * self.size.ln() - 2.0 * self.log_likelihood
    }
}

impl Mixture {
    /// How many free parameters there are: shares, means and covariances.
    #[must_use]
    pub fn parameters(&self) -> usize {
        let (k, dims) = (self.shares.len(), self.means.first().map_or(0, Vec::len));
        let shape = match self.covariance {
            Covariance::Full => dims * (dims + 1) / 2,
            Covariance::Diagonal => dims,
        };
        k * (1 + dims + shape) - 1
    }

    /// To which component each row belongs, and how likely it is.
    ///
    /// # Errors
    /// When the points are not well formed or not of the mixture's numbers.
    pub fn responsibilities(&self, points: &Points<'_>) -> Result<Responsibilities> {
        points.check()?;
        let points = numbers_of(points)?;
        if self.shares.is_empty() || self.means.iter().any(|mean| mean.len() != points.dims) {
            return Err(Error::internal("the mixture is not one of such points"));
        }
        Ok(steps::responsibilities(&points, &self.normals()))
    }

    fn normals(&self) -> Vec<Normal> {
        let parts = self.shares.iter().zip(&self.means).zip(&self.covariances);
        parts.map(|((share, mean), covariance)| Normal::new(*share, mean, covariance)).collect()
    }

    /// The mixture of greatest likelihood for these moments.
    fn from_moments(moments: &Moments, options: &Options) -> Self {
        let size = moments.size();
        let components = 0..moments.counts.len();
        Self {
            covariance: options.covariance,
            shares: moments.counts.iter().map(|count| count / size).collect(),
            means: components.clone().map(|component| moments.mean(component)).collect(),
            covariances: components.map(|component| moments.covariance(component, options.regularisation)).collect(),
        }
    }

    /// The mixture `next`, in which `component` starts again where this mixture explains the rows worst.
    fn restarted(&self, points: &Points<'_>, next: &Self, component: usize) -> Self {
        let densities = steps::responsibilities(points, &self.normals()).log_densities;
        let (mut worst, mut least) = (0, f64::INFINITY);
        for (row, density) in densities.iter().enumerate() {
            if *density < least && points.weight(row) > 0.0 {
                (worst, least) = (row, *density);
            }
        }
        let mut mixture = next.clone();
        let dims = points.dims;
        // The covariance of all rows: that within the components and that between their means.
        let total = |row: usize, column: usize| -> f64 {
            let overall =
                |dim: usize| next.shares.iter().zip(&next.means).map(|(share, mean)| share * mean[dim]).sum::<f64>();
            let (centre_row, centre_column) = (overall(row), overall(column));
            let of = |(share, (mean, covariance)): (&f64, (&Vec<f64>, &Square))| {
                share * (covariance.at(row, column) + (mean[row] - centre_row) * (mean[column] - centre_column))
            };
            next.shares.iter().zip(next.means.iter().zip(&next.covariances)).map(of).sum()
        };
        let is_full = self.covariance == Covariance::Full;
        mixture.covariances[component] =
            Square::from_fn(dims, |row, column| if is_full || row == column { total(row, column) } else { 0.0 });
        mixture.means[component] = points.numbers_of(worst).to_vec();
        mixture.shares[component] = 1.0 / mixture.shares.len() as f64;
        let sum: f64 = mixture.shares.iter().sum();
        mixture.shares.iter_mut().for_each(|share| *share /= sum);
        mixture
    }
}
