//! One face for all ways of grouping: fit groups to a space, and say where points belong.

use mercer_base::rfm::{SEGMENTS, segment_of};
use mercer_base::{Error, Result, Seed};
use mercer_stats::quantile;
use serde::{Deserialize, Serialize};

use crate::cluster::mixture::{self, Covariance, Mixture};
use crate::cluster::{Centres, Options};
use crate::density::Exemplars;
use crate::params::{Algorithm, Params};
use crate::space::Space;

/// Added to the variances of mixtures, in squared units of the prepared space: no component ends on a single customer.
const LEAST_VARIANCE: f64 = 1e-3;

/// Groups as the model keeps them: enough to say where any customer belongs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Partition {
    /// The nearest centre decides.
    Centres(Centres),
    /// The most probable component decides.
    Mixture(Mixture),
    /// The named cell decides.
    Grid(Grid),
    /// The nearest exemplar decides.
    Density(Exemplars),
}

/// The named grid of recency and frequency in fifths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Grid {
    /// Four cuts of recency, in days, rising: at most the first scores 5, beyond the last scores 1.
    pub recency_cuts: Vec<f64>,
    /// Four cuts of frequency, rising: at most the first scores 1, beyond the last scores 5.
    pub frequency_cuts: Vec<f64>,
    /// The cells that hold customers, by their position among the named ones.
    pub cells: Vec<usize>,
}

/// What fitting groups came to.
#[derive(Debug, Clone)]
pub(crate) struct Grouped {
    pub(crate) partition: Partition,
    pub(crate) labels: Vec<u32>,
    pub(crate) k: usize,
    /// Sum of squared distances to the centres; less twice the log-likelihood for mixtures.
    pub(crate) cost: Option<f64>,
    pub(crate) bic: Option<f64>,
}

/// Where points belong.
#[derive(Debug, Clone)]
pub(crate) struct Belonging {
    pub(crate) labels: Vec<u32>,
    /// 0 on a border, 1 in the middle; for mixtures the probability.
    pub(crate) certainty: Vec<f64>,
}

/// How to group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct How<'a> {
    pub(crate) params: &'a Params,
    pub(crate) algorithm: Algorithm,
    pub(crate) starts: usize,
    pub(crate) seed: Seed,
}

impl How<'_> {
    /// Fits `k` groups; rows count as often as `weights` says.
    ///
    /// # Errors
    /// When there are fewer different customers than groups.
    pub(crate) fn group(&self, space: &Space, k: usize, weights: Option<&[f64]>) -> Result<Grouped> {
        match self.algorithm {
            Algorithm::Mixture => {
                let options = mixture::Options {
                    starts: self.starts,
                    regularisation: LEAST_VARIANCE,
                    ..mixture::Options::of(k, Covariance::Full, self.seed)
                };
                let fitted = mixture::fit(&space.points(weights), &options)?;
                Ok(Grouped {
                    k,
                    cost: Some(-2.0 * fitted.log_likelihood),
                    bic: Some(fitted.bic()),
                    labels: most_probable(&fitted.mixture, space)?.labels,
                    partition: Partition::Mixture(fitted.mixture),
                })
            }
            Algorithm::Rfm => self.grid(space, weights),
            Algorithm::Density => {
                let exemplars = Exemplars::fit(self.params, space, weights, self.seed)?;
                let labels = exemplars.assign(space);
                Ok(Grouped { k: exemplars.k, cost: None, bic: None, labels, partition: Partition::Density(exemplars) })
            }
            Algorithm::Auto | Algorithm::KMeans | Algorithm::KPrototypes => {
                let options = Options { starts: self.starts, ..Options::of(k, self.seed) };
                let found = space.cluster(&options, weights)?;
                Ok(Grouped {
                    k,
                    cost: Some(found.cost),
                    bic: None,
                    labels: found.labels,
                    partition: Partition::Centres(found.centres),
                })
            }
        }
    }

    fn grid(&self, space: &Space, weights: Option<&[f64]>) -> Result<Grouped> {
        let given = |cuts: &[f64], name: &str, column: usize| match cuts {
            [] => Ok(fifths(space, column, weights)),
            [_, _, _, _] if cuts.windows(2).all(|pair| pair[0] < pair[1]) => Ok(cuts.to_vec()),
            _ => Err(Error::config(format!("segment: {name} wants four rising values, such as 30, 60, 120, 240"))
                .with_hint(format!("leave {name} out to cut at fifths"))),
        };
        let mut grid = Grid {
            recency_cuts: given(&self.params.recency_cuts, "recency_cuts", 0)?,
            frequency_cuts: given(&self.params.frequency_cuts, "frequency_cuts", 1)?,
            cells: (0..SEGMENTS.len()).collect(),
        };
        let cells = grid.assign(space);
        let mut used = vec![false; SEGMENTS.len()];
        for (row, cell) in cells.iter().enumerate() {
            used[*cell as usize] |= weights.is_none_or(|weights| weights[row] > 0.0);
        }
        grid.cells.retain(|cell| used[*cell]);
        let labels = grid.assign(space);
        Ok(Grouped { k: grid.cells.len(), cost: None, bic: None, labels, partition: Partition::Grid(grid) })
    }
}

/// The values at 20, 40, 60 and 80 per cent of the rows that count.
fn fifths(space: &Space, column: usize, weights: Option<&[f64]>) -> Vec<f64> {
    let mut values: Vec<f64> = Vec::with_capacity(space.rows);
    for row in 0..space.rows {
        let times = weights.map_or(1.0, |weights| weights[row]);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "weights of bootstraps are small whole numbers"
        )]
        values.extend(std::iter::repeat_n(space.value(row, column), times as usize));
    }
    values.sort_unstable_by(f64::total_cmp);
    [0.2, 0.4, 0.6, 0.8].map(|share| quantile(&values, share)).to_vec()
}

impl Grid {
    /// The cell of each point, by its position among the cells in use; the first of these for a cell that was empty.
    fn assign(&self, space: &Space) -> Vec<u32> {
        let above = |cuts: &[f64], value: f64| cuts.iter().map(|cut| u8::from(value > *cut)).sum::<u8>();
        let cell = |row: usize| {
            let recency = 5 - above(&self.recency_cuts, space.value(row, 0));
            let frequency = 1 + above(&self.frequency_cuts, space.value(row, 1));
            let named = segment_of(recency, frequency);
            let at = named.and_then(|named| self.cells.iter().position(|cell| SEGMENTS[*cell].name == named.name));
            at.and_then(|at| u32::try_from(at).ok()).unwrap_or(0)
        };
        (0..space.rows).map(cell).collect()
    }
}

impl Partition {
    /// Where points belong.
    ///
    /// # Errors
    /// When the points do not fit the groups.
    pub(crate) fn assign(&self, space: &Space) -> Result<Belonging> {
        match self {
            Self::Centres(centres) => {
                let assigned = space.assign(centres)?;
                let certainty = assigned.costs.iter().zip(&assigned.second_costs).map(|(first, second)| {
                    if second.is_infinite() || *second <= 0.0 { 1.0 } else { 1.0 - (first / second).sqrt() }
                });
                Ok(Belonging { certainty: certainty.collect(), labels: assigned.labels })
            }
            Self::Mixture(mixture) => most_probable(mixture, space),
            Self::Grid(grid) => Ok(Belonging { labels: grid.assign(space), certainty: vec![1.0; space.rows] }),
            Self::Density(exemplars) => {
                Ok(Belonging { labels: exemplars.assign(space), certainty: vec![1.0; space.rows] })
            }
        }
    }

    /// The same groups under other numbers: group `g` becomes `order[g]`.
    pub(crate) fn renumbered(self, order: &[u32]) -> Self {
        match self {
            Self::Centres(centres) => {
                let width = centres.modes.len() / centres.k.max(1);
                Self::Centres(Centres {
                    numbers: moved(&centres.numbers, centres.dims, order),
                    modes: moved(&centres.modes, width, order),
                    ..centres
                })
            }
            Self::Mixture(mixture) => Self::Mixture(Mixture {
                shares: moved(&mixture.shares, 1, order),
                means: moved(&mixture.means, 1, order),
                covariances: moved(&mixture.covariances, 1, order),
                ..mixture
            }),
            Self::Grid(grid) => Self::Grid(Grid { cells: moved(&grid.cells, 1, order), ..grid }),
            Self::Density(exemplars) => Self::Density(exemplars.renumbered(order)),
        }
    }
}

/// The most probable component of each point, and its probability.
fn most_probable(mixture: &Mixture, space: &Space) -> Result<Belonging> {
    let k = mixture.shares.len();
    if space.rows == 0 {
        return Ok(Belonging { labels: Vec::new(), certainty: Vec::new() });
    }
    let shares = mixture.responsibilities(&space.points(None))?.values;
    let most = |row: &[f64]| {
        let best = row
            .iter()
            .enumerate()
            .fold((0, f64::NEG_INFINITY), |best, (index, share)| if *share > best.1 { (index, *share) } else { best });
        (u32::try_from(best.0).unwrap_or(0), best.1)
    };
    let (labels, certainty) = shares.chunks(k.max(1)).map(most).unzip();
    Ok(Belonging { labels, certainty })
}

/// Blocks of `width` values, block `g` moved to place `order[g]`.
pub(crate) fn moved<T: Clone>(values: &[T], width: usize, order: &[u32]) -> Vec<T> {
    let mut from = vec![0; order.len()];
    for (group, place) in order.iter().enumerate() {
        from[*place as usize] = group;
    }
    from.into_iter().flat_map(|group| values[group * width..(group + 1) * width].iter().cloned()).collect()
}
