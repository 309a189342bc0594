//! How the features of the rows that were learnt from are distributed, each by itself: kept with a model, so that it can say
//! when later rows are different, without keeping anybody's data.

use mercer_base::Result;
use mercer_boost::{NO_CATEGORY, Values};
use mercer_stats::quantile;
use serde::{Deserialize, Serialize};

use crate::table::{Feature, Table};

/// Steps between the least and the largest number.
const STEPS: usize = 20;
/// Rows of the table that stands for those that were learnt from.
const ROWS: usize = 1_000;

/// The distribution of each feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Marginals {
    of_feature: Vec<Marginal>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Marginal {
    Numbers { quantiles: Vec<f32>, missing: f64 },
    Categories { shares: Vec<f64>, missing: f64 },
}

impl Marginals {
    /// The distributions of these rows.
    pub(crate) fn learn(table: &Table) -> Self {
        let rows = table.rows().max(1) as f64;
        let of_values = |values: &Values| match values {
            Values::Numbers(numbers) => {
                let mut known: Vec<f64> = numbers.iter().filter(|n| !n.is_nan()).map(|n| f64::from(*n)).collect();
                known.sort_unstable_by(f64::total_cmp);
                let missing = (numbers.len() - known.len()) as f64 / rows;
                #[allow(clippy::cast_possible_truncation, reason = "they came from single precision")]
                let at = |step: usize| quantile(&known, step as f64 / STEPS as f64) as f32;
                let quantiles = if known.is_empty() { Vec::new() } else { (0..=STEPS).map(at).collect() };
                Marginal::Numbers { quantiles, missing }
            }
            Values::Categories { codes, count } => {
                let mut counts = vec![0.0; *count as usize];
                let mut missing = 0.0;
                for code in codes {
                    match counts.get_mut(*code as usize) {
                        Some(count) => *count += 1.0,
                        None => missing += 1.0,
                    }
                }
                Marginal::Categories {
                    shares: counts.into_iter().map(|count| count / rows).collect(),
                    missing: missing / rows,
                }
            }
        };
        Self { of_feature: table.matrix().columns().iter().map(of_values).collect() }
    }

    /// A table with these distributions, each column by itself in order.
    ///
    /// # Errors
    /// When the features are others.
    pub(crate) fn table(&self, features: &[Feature]) -> Result<Table> {
        let columns =
            features.iter().zip(&self.of_feature).map(|(feature, marginal)| (feature.clone(), marginal.values()));
        Table::new(ROWS, columns.collect())
    }
}

impl Marginal {
    fn values(&self) -> Values {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of the rows")]
        let rows = |share: f64| ((share * ROWS as f64).round() as usize).min(ROWS);
        match self {
            Self::Numbers { quantiles, missing } => {
                let known = if quantiles.is_empty() { 0 } else { ROWS - rows(*missing) };
                let at = |row: usize| {
                    let place = (row as f64 + 0.5) / known as f64 * STEPS as f64;
                    #[allow(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "below the number of steps"
                    )]
                    let step = (place as usize).min(STEPS - 1);
                    match quantiles.get(step..=step + 1) {
                        #[allow(clippy::cast_possible_truncation, reason = "a part of a step")]
                        Some([low, high]) => low + (high - low) * (place - step as f64) as f32,
                        _ => f32::NAN,
                    }
                };
                Values::Numbers((0..ROWS).map(|row| if row < known { at(row) } else { f32::NAN }).collect())
            }
            Self::Categories { shares, .. } => {
                let levels = (0_u32..).zip(shares);
                let codes = levels.flat_map(|(code, share)| std::iter::repeat_n(code, rows(*share)));
                let count = u32::try_from(shares.len()).unwrap_or(u32::MAX);
                Values::Categories { codes: codes.chain(std::iter::repeat(NO_CATEGORY)).take(ROWS).collect(), count }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::{Movement, drift};
    use mercer_base::card::Unit;

    fn table(numbers: Vec<f32>, codes: Vec<u32>) -> Table {
        let feature = |name: &str, unit: Option<Unit>, categories: &[&str]| Feature {
            name: name.to_owned(),
            label: name.to_owned(),
            unit,
            group: String::new(),
            actionable: true,
            categories: categories.iter().map(|name| (*name).to_owned()).collect(),
        };
        let rows = numbers.len();
        let columns = vec![
            (feature("age", Some(Unit::Number), &[]), Values::Numbers(numbers)),
            (feature("plan", None, &["basic", "gold"]), Values::Categories { codes, count: 2 }),
        ];
        Table::new(rows, columns).unwrap()
    }

    #[test]
    fn rows_like_those_learnt_from_have_not_moved_and_others_have() {
        let learnt = table(
            (0..5_000).map(|row| if row % 10 == 0 { f32::NAN } else { (row % 83) as f32 }).collect(),
            (0..5_000).map(|row| u32::from(row % 4 == 0)).collect(),
        );
        let marginals = Marginals::learn(&learnt);
        let reference = marginals.table(learnt.features()).unwrap();
        assert!(drift(&reference, &learnt).unwrap().iter().all(|drift| drift.movement == Movement::Stable));
        let other = table(vec![80.0; 5_000], (0..5_000).map(|row| u32::from(row % 4 != 0)).collect());
        assert!(drift(&reference, &other).unwrap().iter().all(|drift| drift.movement == Movement::Shifted));
    }
}
