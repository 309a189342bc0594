//! Points on one scale, gaps included, and how clusters are found among them.

use mercer_base::frame::NO_WORD;
use mercer_base::{Result, Seed};

use crate::cluster::{self, Assignment, Centres, Clustering, Options, Points};
use crate::prepare::CategoryPlan;

/// How often gaps are filled from the clusters and the clusters found again.
const MOST_FILLINGS: usize = 20;

/// Customers as points: numbers on one scale, codes of categories.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Space {
    pub(crate) rows: usize,
    pub(crate) dims: usize,
    /// Row-major, `rows × dims`; 0 where the value is missing.
    pub(crate) numbers: Vec<f64>,
    /// Row-major, `rows × levels`; 0, the most frequent level, where the value is missing.
    pub(crate) codes: Vec<u32>,
    /// How many levels each category has.
    pub(crate) levels: Vec<u32>,
    /// What a mismatch costs.
    pub(crate) category_weights: Vec<f64>,
    /// Missing values: row, and column among the numbers followed by the categories.
    gaps: Vec<(usize, usize)>,
}

impl Space {
    /// A space of `rows` points without values.
    pub(crate) fn new(rows: usize, dims: usize, categories: &[CategoryPlan]) -> Self {
        let level = |plan: &CategoryPlan| u32::try_from(plan.levels.len()).unwrap_or(u32::MAX) + u32::from(plan.others);
        Self {
            rows,
            dims,
            numbers: vec![0.0; rows * dims],
            codes: vec![0; rows * categories.len()],
            levels: categories.iter().map(level).collect(),
            category_weights: categories.iter().map(|plan| plan.weight).collect(),
            gaps: Vec::new(),
        }
    }

    /// Sets a column of numbers; `NaN` is a gap.
    pub(crate) fn set_numbers(&mut self, column: usize, values: impl Iterator<Item = f64>) {
        for (row, value) in values.take(self.rows).enumerate() {
            if value.is_nan() {
                self.gaps.push((row, column));
            } else if let Some(place) = self.numbers.get_mut(row * self.dims + column) {
                *place = value;
            }
        }
    }

    /// Sets a column of codes; [`NO_WORD`] is a gap.
    pub(crate) fn set_codes(&mut self, column: usize, codes: &[u32]) {
        let width = self.levels.len();
        for (row, code) in codes.iter().take(self.rows).enumerate() {
            if *code == NO_WORD {
                self.gaps.push((row, self.dims + column));
            } else if let Some(place) = self.codes.get_mut(row * width + column) {
                *place = *code;
            }
        }
    }

    /// Number of columns.
    pub(crate) fn width(&self) -> usize {
        self.dims + self.levels.len()
    }

    /// The points, each counted as often as `weights` says.
    pub(crate) fn points<'a>(&'a self, weights: Option<&'a [f64]>) -> Points<'a> {
        Points {
            rows: self.rows,
            dims: self.dims,
            numbers: &self.numbers,
            codes: &self.codes,
            levels: &self.levels,
            category_weights: &self.category_weights,
            weights,
        }
    }

    /// The points of some rows.
    pub(crate) fn take(&self, rows: &[usize]) -> Self {
        let width = self.levels.len();
        let mut position = vec![usize::MAX; if self.gaps.is_empty() { 0 } else { self.rows }];
        if !self.gaps.is_empty() {
            rows.iter().enumerate().for_each(|(at, row)| position[*row] = at);
        }
        let gaps = self.gaps.iter().map(|(row, column)| (position[*row], *column));
        Self {
            rows: rows.len(),
            dims: self.dims,
            numbers: rows
                .iter()
                .flat_map(|row| self.numbers[row * self.dims..(row + 1) * self.dims].iter().copied())
                .collect(),
            codes: rows.iter().flat_map(|row| self.codes[row * width..(row + 1) * width].iter().copied()).collect(),
            levels: self.levels.clone(),
            category_weights: self.category_weights.clone(),
            gaps: gaps.filter(|(row, _)| *row != usize::MAX).collect(),
        }
    }

    /// A point's value in a column, as a number: its code, where it is a category.
    pub(crate) fn value(&self, row: usize, column: usize) -> f64 {
        match column.checked_sub(self.dims) {
            None => self.numbers[row * self.dims + column],
            Some(category) => f64::from(self.codes[row * self.levels.len() + category]),
        }
    }

    /// Puts another row's value into a column of a row.
    pub(crate) fn copy_value(&mut self, row: usize, column: usize, from: &Self, from_row: usize) {
        match column.checked_sub(self.dims) {
            None => self.numbers[row * self.dims + column] = from.numbers[from_row * from.dims + column],
            Some(category) => {
                let width = self.levels.len();
                self.codes[row * width + category] = from.codes[from_row * width + category];
            }
        }
    }

    /// Finds clusters. Missing values are filled from the cluster that their row belongs to, until nothing changes: k-POD (Chi,
    /// Chi, Baraniuk 2016), which lowers the cost over the known values alone.
    ///
    /// # Errors
    /// When there are fewer different points than clusters.
    pub(crate) fn cluster(&self, options: &Options, weights: Option<&[f64]>) -> Result<Clustering> {
        let mut found = cluster::cluster(&self.points(weights), options)?;
        if self.gaps.is_empty() {
            return Ok(found);
        }
        let mut filled = self.clone();
        for _ in 0..MOST_FILLINGS {
            if !filled.fill_gaps(&found) {
                break;
            }
            let again = Options { starts: 1, initial: Some(found.centres.clone()), ..options.clone() };
            found = cluster::cluster(&filled.points(weights), &again)?;
        }
        Ok(found)
    }

    /// Fills the gaps with the centres of their rows' clusters; whether anything changed.
    fn fill_gaps(&mut self, found: &Clustering) -> bool {
        let (dims, width) = (self.dims, self.levels.len());
        let mut changed = false;
        for (row, column) in &self.gaps {
            let label = found.labels[*row] as usize;
            match column.checked_sub(dims) {
                None => {
                    let (place, value) =
                        (&mut self.numbers[row * dims + column], found.centres.numbers[label * dims + column]);
                    changed |= (*place - value).abs() > 1e-9;
                    *place = value;
                }
                Some(category) => {
                    let (place, value) =
                        (&mut self.codes[row * width + category], found.centres.modes[label * width + category]);
                    changed |= *place != value;
                    *place = value;
                }
            }
        }
        changed
    }

    /// The nearest centre of each point, and how far that and the second nearest are; a missing value counts nothing.
    ///
    /// # Errors
    /// When centres and points do not fit each other.
    pub(crate) fn assign(&self, centres: &Centres) -> Result<Assignment> {
        if self.rows == 0 {
            return Ok(Assignment { labels: Vec::new(), costs: Vec::new(), second_costs: Vec::new() });
        }
        let mut assigned = cluster::assign(&self.points(None), centres)?;
        let mut gaps: Vec<(usize, usize)> = self.gaps.clone();
        gaps.sort_unstable();
        for of_row in gaps.chunk_by(|a, b| a.0 == b.0) {
            let row = of_row[0].0;
            let mut costs: Vec<(f64, u32)> = (0..u32::try_from(centres.k).unwrap_or(u32::MAX))
                .map(|cluster| (self.known_cost(row, of_row, centres, cluster as usize), cluster))
                .collect();
            costs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            if let Some((cost, label)) = costs.first() {
                assigned.labels[row] = *label;
                assigned.costs[row] = *cost;
                assigned.second_costs[row] = costs.get(1).map_or(f64::INFINITY, |second| second.0);
            }
        }
        Ok(assigned)
    }

    /// The squared distance of a row to a centre, gaps as they were filled.
    pub(crate) fn distance(&self, row: usize, centres: &Centres, cluster: usize) -> f64 {
        self.known_cost(row, &[], centres, cluster)
    }

    /// The squared distance over the values that are known.
    fn known_cost(&self, row: usize, gaps: &[(usize, usize)], centres: &Centres, cluster: usize) -> f64 {
        let is_gap = |column: usize| gaps.iter().any(|gap| gap.1 == column);
        let width = self.levels.len();
        let numbers = (0..self.dims).filter(|column| !is_gap(*column)).map(|column| {
            (self.numbers[row * self.dims + column] - centres.numbers[cluster * self.dims + column]).powi(2)
        });
        let categories = (0..width).filter(|column| !is_gap(self.dims + column)).map(|column| {
            let differs = self.codes[row * width + column] != centres.modes[cluster * width + column];
            if differs { self.category_weights[column] } else { 0.0 }
        });
        numbers.sum::<f64>() + categories.sum::<f64>()
    }

    /// A uniform number in each cell's range: what the data would be without any structure. Categories are drawn at even odds.
    pub(crate) fn uniform_like(&self, seed: Seed) -> Self {
        use rand::{RngExt, SeedableRng};
        let mut dice = rand_chacha::ChaCha8Rng::seed_from_u64(seed.0);
        let mut drawn = self.clone();
        drawn.gaps.clear();
        for column in 0..self.dims {
            let values = || self.numbers.iter().skip(column).step_by(self.dims.max(1));
            let (low, high) = values()
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)));
            for row in 0..self.rows {
                drawn.numbers[row * self.dims + column] = low + (high - low) * dice.random::<f64>();
            }
        }
        let width = self.levels.len();
        for (column, levels) in self.levels.iter().enumerate() {
            for row in 0..self.rows {
                drawn.codes[row * width + column] = dice.random_range(0..(*levels).max(1));
            }
        }
        drawn
    }

    /// The same values with each column shuffled on its own: attributes keep their values but lose all relation.
    pub(crate) fn shuffled_columns(&self, seed: Seed) -> Self {
        use rand::SeedableRng;
        use rand::seq::SliceRandom;
        let mut shuffled = self.clone();
        shuffled.gaps.clear();
        for column in 0..self.width() {
            let mut dice = rand_chacha::ChaCha8Rng::seed_from_u64(seed.nth(column as u64).0);
            let mut order: Vec<usize> = (0..self.rows).collect();
            order.shuffle(&mut dice);
            for (row, from) in order.into_iter().enumerate() {
                shuffled.copy_value(row, column, self, from);
            }
        }
        shuffled
    }
}
