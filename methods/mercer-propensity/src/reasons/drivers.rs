//! What drives the outcome on the whole: how much each feature matters, which way, and what each of its values does.

use std::collections::BTreeMap;

use mercer_base::card::Unit;
use mercer_base::notation::Notation;
use mercer_base::{Error, Result};
use mercer_boost::{NO_CATEGORY, Values};
use mercer_stats::parallel::sum_over_rows;
use mercer_stats::quantile;
use serde::{Deserialize, Serialize};

use super::related::{families, members, rank_correlation, stride};
use super::rows_of;
use crate::table::{Feature, Table};

/// Points into which the numbers of a feature are gathered, and categories that are told, at the most.
const POINTS: usize = 20;
/// From this rank correlation of value and contribution on, a feature has a direction.
const DIRECTED: f64 = 0.6;
/// Rows a category needs to be called best or worst: this share of all, and so many.
const FEWEST_SHARE: f64 = 0.005;
const FEWEST: u64 = 10;

/// Which way a feature drives the outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Direction {
    /// The higher the number, the likelier the outcome.
    Rising,
    /// The higher the number, the less likely.
    Falling,
    /// Neither of both throughout.
    Mixed,
    /// Of categories: with which the outcome is likeliest and least likely.
    Categories {
        /// The likeliest.
        best: String,
        /// The least likely.
        worst: String,
    },
    /// It has no effect, or only one value.
    None,
}

/// What a feature's value does: one point of a picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Dependence {
    /// The category or the range of numbers, as people write it.
    pub(crate) label: String,
    /// The middle of the numbers gathered here; `None` for categories and for what is missing.
    pub(crate) value: Option<f64>,
    /// Mean contribution of the feature.
    pub(crate) contribution: f64,
    /// How many rows.
    pub(crate) count: u64,
}

/// A feature, or features that say nearly the same, and what it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Driver {
    /// The feature that contributes most of those told together.
    pub(crate) feature: String,
    /// What it is called.
    pub(crate) label: String,
    /// The others, which say nearly the same.
    pub(crate) together_with: Vec<String>,
    /// What it is about.
    pub(crate) group: String,
    /// Whether the company can do something about it.
    pub(crate) actionable: bool,
    /// Mean size of the contributions, added up over the features told together.
    pub(crate) mean_size: f64,
    /// Share of all drivers' mean sizes.
    pub(crate) share: f64,
    /// Which way.
    pub(crate) direction: Direction,
    /// What each value does; numbers from low to high, categories by their rows, missing ones last.
    pub(crate) dependence: Vec<Dependence>,
    /// A sentence.
    pub(crate) words: String,
}

/// What a group of features is worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct GroupShare {
    /// What its features are about.
    pub(crate) group: String,
    /// Share of all drivers' mean sizes.
    pub(crate) share: f64,
}

/// What drives the outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Drivers {
    /// The strongest first.
    pub(crate) drivers: Vec<Driver>,
    /// The groups of features, the strongest first.
    pub(crate) groups: Vec<GroupShare>,
}

/// What drives the outcome, from the contributions of each row of the table.
///
/// Features that say nearly the same (rank correlation or Cramér's V of 0.9) share their contributions at random and are told
/// together. Importance is the mean size of contributions (Lundberg & Lee 2017, NeurIPS); it says what moves the model's
/// probability, which need not be what causes the outcome.
///
/// # Errors
/// When the contributions do not fit the table.
pub(crate) fn global(table: &Table, contributions: &[f64]) -> Result<Drivers> {
    let features = table.features();
    if features.is_empty() || table.rows() == 0 {
        return Ok(Drivers { drivers: Vec::new(), groups: Vec::new() });
    }
    if rows_of(contributions, features.len())? != table.rows() {
        return Err(Error::internal("the contributions are of other rows than the table"));
    }
    let first = families(table);
    let sizes = Sizes::new(contributions, features.len(), &first, table.rows());
    let total: f64 = sizes.families.iter().sum();
    let share = |size: f64| if total > 0.0 { size / total } else { 0.0 };
    let mut dependences = dependences(table, contributions);
    let mut drivers = Vec::new();
    for (leader, mut own) in members(&first) {
        let alone = |index: usize| sizes.features.get(index).copied().unwrap_or(0.0);
        own.sort_by(|a, b| alone(*b).total_cmp(&alone(*a)));
        let Some((index, others)) = own.split_first() else { continue };
        let Some((feature, values)) = features.get(*index).zip(table.matrix().columns().get(*index)) else { continue };
        let mean_size = sizes.families.get(leader).copied().unwrap_or(0.0);
        let dependence = dependences.get_mut(*index).map(std::mem::take).unwrap_or_default();
        let direction = direction(feature, values, *index, contributions, features.len(), &dependence);
        drivers.push(Driver {
            feature: feature.name.clone(),
            label: feature.label.clone(),
            together_with: others.iter().filter_map(|at| features.get(*at)).map(|other| other.name.clone()).collect(),
            group: feature.group.clone(),
            actionable: feature.actionable,
            mean_size,
            share: share(mean_size),
            words: sentence(feature, &direction),
            direction,
            dependence,
        });
    }
    drivers.sort_by(|a, b| b.mean_size.total_cmp(&a.mean_size));
    let mut by_group: BTreeMap<&str, f64> = BTreeMap::new();
    for driver in &drivers {
        *by_group.entry(driver.group.as_str()).or_default() += driver.share;
    }
    let mut groups: Vec<GroupShare> =
        by_group.into_iter().map(|(group, share)| GroupShare { group: group.to_owned(), share }).collect();
    groups.sort_by(|a, b| b.share.total_cmp(&a.share));
    Ok(Drivers { drivers, groups })
}

/// Mean sizes of contributions.
struct Sizes {
    features: Vec<f64>,
    /// By the number of a family's first feature; 0 for the others.
    families: Vec<f64>,
}

impl Sizes {
    fn new(contributions: &[f64], width: usize, first: &[usize], rows: usize) -> Self {
        let sums = sum_over_rows(rows, 2 * width, |range, sums| {
            let (features, families) = sums.split_at_mut(width);
            let mut together = vec![0.0; width];
            for row in contributions.chunks(width).skip(range.start).take(range.len()) {
                together.fill(0.0);
                for ((sum, value), leader) in features.iter_mut().zip(row).zip(first) {
                    *sum += value.abs();
                    if let Some(slot) = together.get_mut(*leader) {
                        *slot += value;
                    }
                }
                for (sum, value) in families.iter_mut().zip(&together) {
                    *sum += value.abs();
                }
            }
        });
        let means: Vec<f64> = sums.into_iter().map(|sum| sum / rows as f64).collect();
        let (features, families) = means.split_at(width);
        Self { features: features.to_vec(), families: families.to_vec() }
    }
}

/// How the values of a feature are gathered into points.
enum Classes<'a> {
    /// Ranges of numbers, each up to the end given and the last one without; then what is missing.
    Numbers { values: &'a [f32], ends: Vec<f64>, sorted: Vec<f64> },
    /// Categories; then what is missing.
    Categories { codes: &'a [u32], count: usize },
}

impl<'a> Classes<'a> {
    fn new(values: &'a Values) -> Self {
        match values {
            Values::Numbers(values) => {
                let mut sorted: Vec<f64> = values
                    .iter()
                    .step_by(stride(values.len()))
                    .filter(|n| !n.is_nan())
                    .map(|n| f64::from(*n))
                    .collect();
                sorted.sort_unstable_by(f64::total_cmp);
                let mut ends: Vec<f64> =
                    (1..POINTS).map(|part| quantile(&sorted, part as f64 / POINTS as f64)).collect();
                ends.dedup();
                ends.retain(|end| !end.is_nan());
                Self::Numbers { values, ends, sorted }
            }
            Values::Categories { codes, count } => Self::Categories { codes, count: *count as usize },
        }
    }

    fn count(&self) -> usize {
        match self {
            Self::Numbers { ends, .. } => ends.len() + 2,
            Self::Categories { count, .. } => count + 1,
        }
    }

    fn of(&self, row: usize) -> usize {
        match self {
            Self::Numbers { values, ends, .. } => match values.get(row).map(|number| f64::from(*number)) {
                Some(number) if !number.is_nan() => ends.partition_point(|end| *end < number),
                _ => ends.len() + 1,
            },
            Self::Categories { codes, count } => match codes.get(row) {
                Some(code) if *code != NO_CATEGORY => (*code as usize).min(*count),
                _ => *count,
            },
        }
    }

    /// The points of a picture, from each class's sum of contributions and its rows.
    fn points(&self, feature: &Feature, sums: &[(f64, u64)]) -> Vec<Dependence> {
        let point = |label: String, value: Option<f64>, (sum, count): (f64, u64)| Dependence {
            label,
            value,
            contribution: sum / count as f64,
            count,
        };
        let mut points = Vec::new();
        match self {
            Self::Numbers { ends, sorted, .. } => {
                let unit = feature.unit.as_ref().unwrap_or(&Unit::Number);
                let write = |number: f64| Notation::new("").label(unit, number);
                let mut start = 0;
                for (index, own) in sums.iter().take(ends.len() + 1).enumerate() {
                    let end =
                        ends.get(index).map_or(sorted.len(), |end| sorted.partition_point(|number| number <= end));
                    if let Some(here) = sorted.get(start..end).filter(|here| !here.is_empty() && own.1 > 0) {
                        let (low, high) = (write(quantile(here, 0.0)), write(quantile(here, 1.0)));
                        let label = if low == high { low } else { format!("{low} to {high}") };
                        points.push(point(label, Some(quantile(here, 0.5)), *own));
                    }
                    start = end;
                }
            }
            Self::Categories { .. } => {
                let told = feature.categories.iter().zip(sums).filter(|(_, own)| own.1 > 0);
                points.extend(told.map(|(name, own)| point(name.clone(), None, *own)));
                points.sort_by_key(|point| std::cmp::Reverse(point.count));
                points.truncate(POINTS);
            }
        }
        points.extend(sums.last().filter(|own| own.1 > 0).map(|own| point("not known".to_owned(), None, *own)));
        points
    }
}

/// What each value of each feature contributes on average, in one pass over the rows.
fn dependences(table: &Table, contributions: &[f64]) -> Vec<Vec<Dependence>> {
    let classes: Vec<Classes<'_>> = table.matrix().columns().iter().map(Classes::new).collect();
    let mut starts: Vec<usize> = Vec::with_capacity(classes.len());
    let mut width = 0;
    for own in &classes {
        starts.push(2 * width);
        width += own.count();
    }
    let features = classes.len();
    let sums = sum_over_rows(table.rows(), 2 * width, |range, sums| {
        let rows = contributions.chunks(features).enumerate().skip(range.start).take(range.len());
        for (row, values) in rows {
            for ((own, start), value) in classes.iter().zip(&starts).zip(values) {
                let at = start + 2 * own.of(row);
                if let Some([sum, count]) = sums.get_mut(at..at + 2) {
                    *sum += value;
                    *count += 1.0;
                }
            }
        }
    });
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of rows")]
    let pairs: Vec<(f64, u64)> =
        sums.chunks(2).filter_map(|pair| Some((*pair.first()?, *pair.last()? as u64))).collect();
    let own = |((feature, classes), start): ((&Feature, &Classes<'_>), &usize)| {
        let first = start / 2;
        classes.points(feature, pairs.get(first..first + classes.count()).unwrap_or_default())
    };
    table.features().iter().zip(&classes).zip(&starts).map(own).collect()
}

fn direction(
    feature: &Feature,
    values: &Values,
    column: usize,
    contributions: &[f64],
    width: usize,
    dependence: &[Dependence],
) -> Direction {
    match values {
        Values::Numbers(numbers) => {
            let step = stride(numbers.len());
            let own: Vec<f64> = numbers.iter().step_by(step).map(|number| f64::from(*number)).collect();
            let given: Vec<f64> = contributions.iter().skip(column).step_by(width * step).copied().collect();
            match rank_correlation(&own, &given) {
                None => Direction::None,
                Some(correlation) if correlation >= DIRECTED => Direction::Rising,
                Some(correlation) if correlation <= -DIRECTED => Direction::Falling,
                Some(_) => Direction::Mixed,
            }
        }
        Values::Categories { codes, .. } => {
            let enough =
                |point: &&Dependence| point.count >= FEWEST && point.count as f64 >= FEWEST_SHARE * codes.len() as f64;
            let mut told: Vec<&Dependence> =
                dependence.iter().filter(|point| feature.categories.contains(&point.label)).filter(enough).collect();
            told.sort_by(|a, b| b.contribution.total_cmp(&a.contribution));
            match (told.first(), told.last()) {
                (Some(best), Some(worst)) if best.contribution > worst.contribution => {
                    Direction::Categories { best: best.label.clone(), worst: worst.label.clone() }
                }
                _ => Direction::None,
            }
        }
    }
}

fn sentence(feature: &Feature, direction: &Direction) -> String {
    let label = &feature.label;
    match direction {
        Direction::Rising => format!("{label}: the higher, the likelier"),
        Direction::Falling => format!("{label}: the higher, the less likely"),
        Direction::Mixed => format!("{label}: neither higher nor lower is likelier throughout"),
        Direction::Categories { best, worst } => format!("{label}: likeliest with {best}, least with {worst}"),
        Direction::None => format!("{label}: no effect of its own"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feature(name: &str, group: &str, categories: &[&str]) -> Feature {
        Feature {
            name: name.into(),
            label: name.into(),
            unit: categories.is_empty().then_some(Unit::Number),
            group: group.into(),
            actionable: false,
            categories: categories.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    /// Tenure with an effect of −tenure/100, its double, which shares it, a plan, and noise.
    fn world() -> (Table, Vec<f64>) {
        let rows = 400_u16;
        let tenure: Vec<f32> = (0..rows).map(|row| f32::from(row * 7 % 100)).collect();
        let months: Vec<f32> = tenure.iter().map(|years| years * 12.0).collect();
        let plan: Vec<u32> =
            (0..u32::from(rows)).map(|row| if row % 50 == 0 { NO_CATEGORY } else { row % 3 }).collect();
        let noise: Vec<f32> = (0..rows).map(|row| f32::from(row * 31 % 97)).collect();
        let mut contributions = Vec::new();
        for (row, (tenure, plan)) in tenure.iter().zip(&plan).enumerate() {
            let push = -f64::from(*tenure) / 100.0;
            let own = if row % 2 == 0 { 0.75 } else { 0.25 };
            let of_plan = match plan {
                0 => 0.2,
                1 => -0.3,
                _ => 0.0,
            };
            let noise = if row % 4 < 2 { 0.01 } else { -0.01 };
            contributions.extend([push * own, push * (1.0 - own) * 0.9, of_plan, noise]);
        }
        let columns = vec![
            (feature("years", "time", &[]), Values::Numbers(tenure)),
            (feature("months", "time", &[]), Values::Numbers(months)),
            (feature("plan", "contract", &["small", "large", "other"]), Values::Categories { codes: plan, count: 3 }),
            (feature("noise", "other", &[]), Values::Numbers(noise)),
        ];
        (Table::new(rows.into(), columns).unwrap(), contributions)
    }

    #[test]
    fn drivers_are_told_in_order_with_their_direction() {
        let (table, contributions) = world();
        let found = global(&table, &contributions).unwrap();
        let words: Vec<&str> = found.drivers.iter().map(|driver| driver.words.as_str()).collect();
        assert_eq!(
            words,
            [
                "years: the higher, the less likely",
                "plan: likeliest with small, least with large",
                "noise: neither higher nor lower is likelier throughout"
            ]
        );
        assert_eq!(found.drivers[0].together_with, ["months"]);
        // 100 tenures of equal frequency: mean push 0.495 × (own + 0.9 (1 − own)), own alternating 0.75 and 0.25.
        assert!((found.drivers[0].mean_size - 0.495 * 0.95).abs() < 0.005, "{}", found.drivers[0].mean_size);
        assert!((found.drivers.iter().map(|driver| driver.share).sum::<f64>() - 1.0).abs() < 1e-12);
        assert_eq!(found.groups[0].group, "time");
        assert_eq!(serde_json::from_str::<Drivers>(&serde_json::to_string(&found).unwrap()).unwrap(), found);
    }

    #[test]
    fn dependence_holds_all_rows() {
        let (table, contributions) = world();
        let found = global(&table, &contributions).unwrap();
        for driver in &found.drivers {
            assert_eq!(driver.dependence.iter().map(|point| point.count).sum::<u64>(), 400);
        }
        let plan: Vec<(&str, u64)> =
            found.drivers[1].dependence.iter().map(|point| (point.label.as_str(), point.count)).collect();
        assert_eq!(plan.last(), Some(&("not known", 8)));
        let years = &found.drivers[0].dependence;
        assert!(years.windows(2).all(|pair| pair[0].value < pair[1].value));
        assert!(years.iter().all(|point| point.count == 20));
        assert!(years[..10].iter().zip(&years[10..]).all(|(low, high)| low.contribution > high.contribution));
        assert_eq!(years[0].label, "0 to 4");
    }

    #[test]
    fn threads_do_not_show_and_misfits_are_refused() {
        let (table, contributions) = world();
        let results = [1, 2, 8].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| global(&table, &contributions).unwrap())
        });
        assert!(results[0] == results[1] && results[1] == results[2]);
        assert!(global(&table, &contributions[4..]).is_err());
        assert!(global(&Table::new(0, Vec::new()).unwrap(), &[]).unwrap().drivers.is_empty());
    }
}
