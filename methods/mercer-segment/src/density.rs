//! Density clusters (HDBSCAN: Campello, Moulavi, Sander 2013): dense regions of any shape, with customers between them in none.

use hdbscan::{Hdbscan, HdbscanHyperParams};
use mercer_base::{Error, Result, Seed};
use serde::{Deserialize, Serialize};

use crate::choose::sample_rows;
use crate::params::Params;
use crate::space::Space;

/// Customers among whom dense regions are looked for, at the most; the others follow their nearest neighbour among these.
const MOST_EXEMPLARS: usize = 4_000;
/// One in so many customers makes a region, where not given.
const REGION: usize = 50;
const FEWEST: usize = 5;

/// Customers who stand for their regions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exemplars {
    /// Number of groups, that of the customers between the regions included where there are such.
    pub k: usize,
    /// The group of the customers between the regions.
    pub between: Option<u32>,
    dims: usize,
    /// Row-major coordinates.
    numbers: Vec<f64>,
    labels: Vec<u32>,
}

impl Exemplars {
    /// Finds the dense regions among the rows that count.
    pub(crate) fn fit(params: &Params, space: &Space, weights: Option<&[f64]>, seed: Seed) -> Result<Self> {
        if !space.levels.is_empty() {
            return Err(Error::config("segment: density clusters are of numbers only")
                .with_hint("choose algorithm = k-prototypes, or name the numbers with attributes"));
        }
        let counted: Vec<usize> =
            (0..space.rows).filter(|row| weights.is_none_or(|weights| weights[*row] > 0.0)).collect();
        let rows = sample_rows(counted.len(), MOST_EXEMPLARS, seed.split("exemplars"));
        let points: Vec<Vec<f64>> =
            rows.iter().map(|at| (0..space.dims).map(|column| space.value(counted[*at], column)).collect()).collect();
        let given = params.least_customers.map(|least| least as usize);
        let least = given.unwrap_or(points.len() / REGION).max(FEWEST);
        let settings = HdbscanHyperParams::builder().min_cluster_size(least).build();
        let found = Hdbscan::new(&points, settings)
            .cluster()
            .map_err(|cause| Error::data(format!("segment: no dense regions: {cause}")))?;
        let regions = found.iter().copied().max().map_or(0, |most| usize::try_from(most + 1).unwrap_or(0));
        let between = found.iter().any(|label| *label < 0).then(|| u32::try_from(regions).unwrap_or(u32::MAX));
        let label = |label: &i32| u32::try_from(*label).unwrap_or_else(|_| between.unwrap_or(0));
        Ok(Self {
            k: regions + usize::from(between.is_some()),
            between,
            dims: space.dims,
            labels: found.iter().map(label).collect(),
            numbers: points.into_iter().flatten().collect(),
        })
    }

    /// The group of each point's nearest exemplar; the first of equally near ones.
    pub(crate) fn assign(&self, space: &Space) -> Vec<u32> {
        use rayon::prelude::*;
        let nearest = |row: usize| {
            let point = &space.numbers[row * space.dims..(row + 1) * space.dims];
            let distances = self
                .numbers
                .chunks(self.dims.max(1))
                .map(|exemplar| exemplar.iter().zip(point).map(|(a, b)| (a - b) * (a - b)).sum::<f64>());
            let best = distances.enumerate().fold((0, f64::INFINITY), |best, (index, distance)| {
                if distance < best.1 { (index, distance) } else { best }
            });
            self.labels.get(best.0).copied().unwrap_or(0)
        };
        (0..space.rows).into_par_iter().map(nearest).collect()
    }

    /// The same groups under other numbers: group `g` becomes `order[g]`.
    pub(crate) fn renumbered(self, order: &[u32]) -> Self {
        let to = |label: u32| order.get(label as usize).copied().unwrap_or(label);
        Self { between: self.between.map(to), labels: self.labels.iter().map(|label| to(*label)).collect(), ..self }
    }
}
