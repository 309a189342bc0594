//! The naive baseline: the outcome's rate in classes of one feature.

use mercer_boost::{NO_CATEGORY, Values};
use mercer_stats::classification::log_loss;
use mercer_stats::quantile;

use crate::table::{Feature, Table};

/// Classes of numbers.
const CLASSES: usize = 10;
/// Rows with the overall rate that each class is taken to have beside its own.
const SMOOTHING: f64 = 10.0;

/// The rates of the classes of one feature.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Alone {
    /// The feature.
    pub(super) name: String,
    /// What it is called.
    pub(super) label: String,
    /// The ends of the classes of numbers.
    ends: Vec<f64>,
    /// The rate of each class; the last one is of what is missing.
    rates: Vec<f64>,
}

impl Alone {
    /// The feature that predicts best by itself, or the one that `named` names where it is there; `None` without features.
    pub(super) fn best(table: &Table, outcomes: &[bool], named: Option<&str>) -> Option<Self> {
        let columns = || table.features().iter().zip(table.matrix().columns());
        if let Some((feature, values)) = columns().find(|(feature, _)| named == Some(feature.name.as_str())) {
            return Some(Self::learn(feature, values, outcomes));
        }
        let learnt = columns().map(|(feature, values)| {
            let alone = Self::learn(feature, values, outcomes);
            let loss = log_loss(&alone.probabilities(values), outcomes).unwrap_or(f64::INFINITY);
            (loss, alone)
        });
        learnt.reduce(|best, next| if next.0 < best.0 { next } else { best }).map(|(_, alone)| alone)
    }

    fn learn(feature: &Feature, values: &Values, outcomes: &[bool]) -> Self {
        let mut alone =
            Self { name: feature.name.clone(), label: feature.label.clone(), ends: Vec::new(), rates: Vec::new() };
        let classes = match values {
            Values::Numbers(numbers) => {
                let mut known: Vec<f64> = numbers.iter().filter(|n| !n.is_nan()).map(|n| f64::from(*n)).collect();
                known.sort_unstable_by(f64::total_cmp);
                alone.ends = (1..CLASSES).map(|part| quantile(&known, part as f64 / CLASSES as f64)).collect();
                alone.ends.retain(|end| !end.is_nan());
                alone.ends.dedup();
                alone.ends.len() + 2
            }
            Values::Categories { count, .. } => *count as usize + 1,
        };
        let overall = outcomes.iter().filter(|outcome| **outcome).count() as f64 / outcomes.len().max(1) as f64;
        let mut tallies = vec![(0.0, 0.0); classes];
        for (row, outcome) in outcomes.iter().enumerate() {
            if let Some((all, with)) = tallies.get_mut(alone.class(values, row, classes)) {
                *all += 1.0;
                *with += f64::from(u8::from(*outcome));
            }
        }
        alone.rates = tallies.into_iter().map(|(all, with)| (with + SMOOTHING * overall) / (all + SMOOTHING)).collect();
        alone
    }

    /// The probability of each row.
    pub(super) fn probabilities(&self, values: &Values) -> Vec<f64> {
        let rate = |row| self.rates.get(self.class(values, row, self.rates.len())).copied().unwrap_or(f64::NAN);
        (0..values.len()).map(rate).collect()
    }

    fn class(&self, values: &Values, row: usize, classes: usize) -> usize {
        let missing = classes.saturating_sub(1);
        match values {
            Values::Numbers(numbers) => match numbers.get(row).map(|number| f64::from(*number)) {
                Some(number) if !number.is_nan() => self.ends.partition_point(|end| *end < number),
                _ => missing,
            },
            Values::Categories { codes, .. } => match codes.get(row) {
                Some(code) if *code != NO_CATEGORY => (*code as usize).min(missing),
                _ => missing,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mercer_base::card::Unit;

    #[test]
    fn the_best_feature_has_the_rates_of_its_classes() {
        let feature = |name: &str, unit, categories: &[&str]| Feature {
            name: name.into(),
            label: name.into(),
            unit,
            group: String::new(),
            actionable: true,
            categories: categories.iter().map(|name| (*name).to_owned()).collect(),
        };
        let outcomes: Vec<bool> = (0..1_000).map(|row| row % 4 == 0).collect();
        let told: Vec<u32> = outcomes.iter().map(|outcome| u32::from(*outcome)).collect();
        let columns = vec![
            (
                feature("noise", Some(Unit::Number), &[]),
                Values::Numbers((0..1_000).map(|row| (row % 97) as f32).collect()),
            ),
            (feature("told", None, &["no", "yes"]), Values::Categories { codes: told, count: 2 }),
        ];
        let table = Table::new(1_000, columns).unwrap();
        let best = Alone::best(&table, &outcomes, None).unwrap();
        assert_eq!(best.name, "told");
        // 250 rows with the outcome and 10 with the rate of a quarter.
        assert!((best.probabilities(&table.matrix().columns()[1])[0] - 252.5 / 260.0).abs() < 1e-12);
        assert_eq!(Alone::best(&table, &outcomes, Some("noise")).unwrap().name, "noise");
    }
}
