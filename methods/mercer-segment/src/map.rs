//! Customers on two dimensions: the first two principal components of the prepared space, with words at their ends.

use mercer_base::Seed;
use mercer_base::card::{Chart, MapEnds, MapGroup};
use mercer_stats::dense::{Square, dot};

use crate::choose::sample_rows;
use crate::model::Segmentation;
use crate::space::Space;
use mercer_base::words::humanised;

/// Dots on the map.
const DOTS: usize = 600;
/// Share of its length from which a direction counts an attribute among what it is made of.
const SAYS: f64 = 0.35;
/// Attributes named at an end of an axis.
const NAMED: usize = 2;
/// Distances from the middle, in standard deviations, at which dots are held.
const EDGE: f64 = 4.0;

/// The map of a sample of the customers; nothing where all lie on a line.
pub(crate) fn map(groups: &Segmentation, space: &Space, labels: &[u32], seed: Seed) -> Option<Chart> {
    let columns = Columns::of(groups, space);
    let width = columns.names.len();
    let rows = sample_rows(space.rows, 20_000, seed.split("map"));
    let points: Vec<Vec<f64>> = rows.iter().map(|row| columns.point(space, *row)).collect();
    let mean: Vec<f64> =
        (0..width).map(|column| points.iter().map(|point| point[column]).sum::<f64>() / points.len() as f64).collect();
    let centred: Vec<Vec<f64>> =
        points.iter().map(|point| point.iter().zip(&mean).map(|(value, mean)| value - mean).collect()).collect();
    let mut covariance = Square::from_fn(width, |_, _| 0.0);
    centred.iter().for_each(|point| covariance.add_outer(1.0 / centred.len() as f64, point, point));
    let eigen = covariance.eigen()?;
    let mut order: Vec<usize> = (0..width).collect();
    order.sort_by(|a, b| eigen.values[*b].total_cmp(&eigen.values[*a]));
    let [first, second] = [*order.first()?, *order.get(1)?];
    if eigen.values[second] <= 1e-9 * eigen.values[first] {
        return None;
    }
    // A direction's sign is arbitrary: what weighs most in it points right and up.
    let axis = |index: usize| -> Vec<f64> {
        let vector = &eigen.vectors[index];
        let most = vector.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(1.0);
        vector.iter().map(|value| value * most.signum()).collect()
    };
    let (right, up) = (axis(first), axis(second));
    let edge = EDGE * eigen.values[first].sqrt();
    let mut shown: Vec<Vec<(f64, f64)>> = vec![Vec::new(); groups.k];
    for at in sample_rows(rows.len(), DOTS, seed.split("dots")) {
        let place = |axis: &[f64]| dot(&centred[at], axis).clamp(-edge, edge);
        if let Some(shown) = shown.get_mut(labels[rows[at]] as usize) {
            shown.push((place(&right), place(&up)));
        }
    }
    let groups = groups.segments.iter().zip(shown).map(|(segment, points)| MapGroup {
        label: segment.name.clone(),
        share: segment.share,
        points,
    });
    let ends = MapEnds {
        left: columns.words(&right, -1.0),
        right: columns.words(&right, 1.0),
        bottom: columns.words(&up, -1.0),
        top: columns.words(&up, 1.0),
    };
    Some(Chart::Map { groups: groups.collect(), ends })
}

/// What the coordinates of a point are: numbers, then one for each level of each category.
struct Columns {
    names: Vec<(String, Option<String>)>,
    dims: usize,
    /// For each level its category and code, and the length of its indicator, so that two levels are as far apart as their
    /// mismatch costs.
    levels: Vec<(usize, u32, f64)>,
}

impl Columns {
    fn of(groups: &Segmentation, space: &Space) -> Self {
        let preparation = &groups.preparation;
        let mut names: Vec<(String, Option<String>)> =
            preparation.numbers.iter().map(|number| (humanised(&number.name), None)).collect();
        let mut levels = Vec::new();
        for (category, plan) in preparation.categories.iter().enumerate() {
            for (code, level) in (0..).zip(&plan.levels) {
                names.push((humanised(&plan.name), Some(level.clone())));
                levels.push((category, code, (plan.weight / 2.0).sqrt()));
            }
        }
        Self { names, dims: space.dims, levels }
    }

    fn point(&self, space: &Space, row: usize) -> Vec<f64> {
        let numbers = (0..self.dims).map(|column| space.value(row, column));
        let levels = self.levels.iter().map(|(category, code, length)| {
            if space.value(row, self.dims + category) == f64::from(*code) { *length } else { 0.0 }
        });
        numbers.chain(levels).collect()
    }

    /// What customers at the end of an axis have: "more orders, house".
    fn words(&self, axis: &[f64], sign: f64) -> String {
        let mut weights: Vec<(f64, usize)> =
            axis.iter().enumerate().map(|(column, weight)| (weight * sign, column)).collect();
        weights.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()).then(a.1.cmp(&b.1)));
        let said = weights.into_iter().filter(|(weight, _)| weight.abs() >= SAYS).filter_map(|(weight, column)| {
            match &self.names[column] {
                (name, None) => Some(format!("{} {name}", if weight > 0.0 { "more" } else { "less" })),
                (name, Some(level)) if weight > 0.0 => Some(format!("{name} {level}")),
                _ => None,
            }
        });
        said.take(NAMED).collect::<Vec<_>>().join(", ")
    }
}
