//! Whether groups of people are treated differently: who is selected, who of those with the outcome is found, and whether the
//! probabilities mean the same.

use mercer_base::card::Unit;
use mercer_base::notation::Notation;
use mercer_base::{Error, Result};
use mercer_boost::{NO_CATEGORY, Values};
use mercer_stats::{quantile, wilson_interval};
use serde::{Deserialize, Serialize};

use super::percent;
use crate::table::{Feature, Table};

/// Different numbers up to which each is a group; more are cut into quarters.
const FEW_NUMBERS: usize = 6;
/// Rows, or rows with the outcome, below which a group is shown but not compared.
const FEWEST: u64 = 30;
/// Confidence of the intervals.
const CONFIDENCE: f64 = 0.95;

/// A share of rows with its 95 % interval (Wilson).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// The share.
    pub(crate) share: f64,
    /// Its interval, lower and upper end.
    pub(crate) interval: (f64, f64),
    /// The rows it is a share of.
    pub(crate) of: u64,
}

/// One group of rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Group {
    /// The category, or the range of numbers.
    pub(crate) name: String,
    /// How many rows there are.
    pub(crate) count: u64,
    /// Share with the outcome.
    pub(crate) base_rate: Option<Measured>,
    /// Mean probability; where it is outside of the base rate's interval, probabilities are off for this group.
    pub(crate) mean_probability: f64,
    /// Whether it is outside.
    pub(crate) miscalibrated: bool,
    /// Share that is selected: whose probability is at least the threshold.
    pub(crate) selected: Option<Measured>,
    /// Share of those with the outcome that is selected (true-positive rate).
    pub(crate) found: Option<Measured>,
}

/// The largest difference between two groups in one measure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Gap {
    /// The group with the higher share.
    pub(crate) higher: String,
    /// The group with the lower share.
    pub(crate) lower: String,
    /// The difference of their shares.
    pub(crate) difference: f64,
    /// Its 95 % interval.
    pub(crate) interval: (f64, f64),
    /// The lower share divided by the higher one. Below 0.8 the “four-fifths rule” of the Uniform Guidelines on Employee
    /// Selection Procedures (1978, 29 CFR 1607.4 D) sees adverse impact.
    pub(crate) ratio: f64,
}

/// Groups side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct GroupComparison {
    /// The feature by which rows are grouped.
    pub(crate) feature: String,
    /// The groups: categories in their order, numbers from low to high, unknown last.
    pub(crate) groups: Vec<Group>,
    /// The largest gap in who is selected (demographic parity).
    pub(crate) selected_gap: Option<Gap>,
    /// The largest gap in who of those with the outcome is found (equal opportunity; Hardt, Price & Srebro 2016, NeurIPS).
    pub(crate) found_gap: Option<Gap>,
    /// The worst of it in a sentence.
    pub(crate) words: String,
}

/// Compares the groups of a feature, given each row's probability and outcome and the probability from which on rows are selected.
///
/// A gap in who is selected may have its reason in base rates that differ; a gap in who is found has not. Groups with fewer than 30
/// rows (or rows with the outcome, where these are meant) are shown, not compared.
///
/// # Errors
/// When there is no such feature, or not as many probabilities or outcomes as rows.
pub(crate) fn groups(
    table: &Table,
    by: &str,
    probabilities: &[f64],
    outcomes: &[bool],
    threshold: f64,
) -> Result<GroupComparison> {
    let Some((feature, values)) = table.column(by) else {
        let names: Vec<&str> = table.features().iter().map(|feature| feature.name.as_str()).collect();
        return Err(Error::config(format!("there is no column {by} whose groups could be compared"))
            .with_hint(format!("the columns are {}", names.join(", "))));
    };
    if probabilities.len() != table.rows() || outcomes.len() != table.rows() {
        return Err(Error::internal("probabilities or outcomes do not fit the rows whose groups are compared"));
    }
    let (names, codes) = parts(feature, values);
    let mut tallies = vec![Tally::default(); names.len()];
    for ((code, probability), outcome) in codes.iter().zip(probabilities).zip(outcomes) {
        if let Some(tally) = tallies.get_mut(*code) {
            tally.add(*probability, *outcome, *probability >= threshold);
        }
    }
    let groups: Vec<Group> = names
        .into_iter()
        .zip(&tallies)
        .filter(|(_, tally)| tally.count > 0)
        .map(|(name, tally)| tally.group(name))
        .collect();
    let selected_gap = gap(&groups, |group| group.selected);
    let found_gap = gap(&groups, |group| group.found);
    let words = sentence(feature, &groups, selected_gap.as_ref(), found_gap.as_ref());
    Ok(GroupComparison { feature: by.to_owned(), groups, selected_gap, found_gap, words })
}

#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    count: u64,
    with: u64,
    selected: u64,
    found: u64,
    probability: f64,
}

impl Tally {
    fn add(&mut self, probability: f64, outcome: bool, selected: bool) {
        self.count += 1;
        self.with += u64::from(outcome);
        self.selected += u64::from(selected);
        self.found += u64::from(selected && outcome);
        self.probability += probability;
    }

    fn group(&self, name: String) -> Group {
        let base_rate = measured(self.with, self.count);
        let mean_probability = self.probability / self.count as f64;
        let outside = |rate: Measured| mean_probability < rate.interval.0 || mean_probability > rate.interval.1;
        Group {
            name,
            count: self.count,
            base_rate,
            mean_probability,
            miscalibrated: self.count >= FEWEST && base_rate.is_some_and(outside),
            selected: measured(self.selected, self.count),
            found: measured(self.found, self.with),
        }
    }
}

fn measured(part: u64, of: u64) -> Option<Measured> {
    let interval = wilson_interval(part, of, CONFIDENCE)?;
    Some(Measured { share: part as f64 / of as f64, interval: (interval.low, interval.high), of })
}

/// The names of the groups and the group of each row.
fn parts(feature: &Feature, values: &Values) -> (Vec<String>, Vec<usize>) {
    let unknown = || "not known".to_owned();
    match values {
        Values::Categories { codes, .. } => {
            let missing = feature.categories.len();
            let names = feature.categories.iter().cloned().chain([unknown()]).collect();
            let group = |code: &u32| if *code == NO_CATEGORY { missing } else { (*code as usize).min(missing) };
            (names, codes.iter().map(group).collect())
        }
        Values::Numbers(numbers) => {
            let mut sorted: Vec<f64> = numbers.iter().filter(|n| !n.is_nan()).map(|n| f64::from(*n)).collect();
            sorted.sort_unstable_by(f64::total_cmp);
            let mut different = sorted.clone();
            different.dedup();
            let unit = feature.unit.as_ref().unwrap_or(&Unit::Number);
            let write = |number: f64| Notation::new("").label(unit, number);
            // Each group begins at one of these.
            let starts = if different.len() <= FEW_NUMBERS {
                different.clone()
            } else {
                let mut starts: Vec<f64> = sorted.first().copied().into_iter().collect();
                for quarter in [0.25, 0.5, 0.75] {
                    // A value that is there, so that names say what is in the group.
                    let at = sorted.partition_point(|number| *number < quantile(&sorted, quarter));
                    starts.extend(sorted.get(at));
                }
                starts.dedup();
                starts
            };
            let mut names: Vec<String> = Vec::with_capacity(starts.len() + 1);
            for (index, start) in starts.iter().enumerate() {
                let end =
                    starts.get(index + 1).map_or(sorted.len(), |next| sorted.partition_point(|number| number < next));
                let last = end.checked_sub(1).and_then(|at| sorted.get(at)).copied().unwrap_or(*start);
                let (low, high) = (write(*start), write(last));
                names.push(if low == high { low } else { format!("{low} to {high}") });
            }
            names.push(unknown());
            let missing = starts.len();
            let group = |number: &f32| {
                let number = f64::from(*number);
                if number.is_nan() {
                    missing
                } else {
                    starts.partition_point(|start| *start <= number).saturating_sub(1)
                }
            };
            (names, numbers.iter().map(group).collect())
        }
    }
}

/// The largest gap among groups with enough rows.
fn gap(groups: &[Group], measure: impl Fn(&Group) -> Option<Measured>) -> Option<Gap> {
    let compared: Vec<(&Group, Measured)> =
        groups.iter().filter_map(|group| Some((group, measure(group).filter(|share| share.of >= FEWEST)?))).collect();
    if compared.len() < 2 {
        return None;
    }
    let mut ordered = compared;
    ordered.sort_by(|a, b| a.1.share.total_cmp(&b.1.share));
    let ((lower, low), (higher, high)) = (ordered.first()?, ordered.last()?);
    // Newcombe (1998), Statistics in Medicine 17, 873–890, method 10: the difference's interval from the shares' Wilson intervals.
    let difference = high.share - low.share;
    let below = (high.share - high.interval.0).hypot(low.interval.1 - low.share);
    let above = (high.interval.1 - high.share).hypot(low.share - low.interval.0);
    let ratio = if high.share > 0.0 { low.share / high.share } else { 1.0 };
    Some(Gap {
        higher: higher.name.clone(),
        lower: lower.name.clone(),
        difference,
        interval: (difference - below, difference + above),
        ratio,
    })
}

fn sentence(feature: &Feature, groups: &[Group], selected: Option<&Gap>, found: Option<&Gap>) -> String {
    let label = &feature.label;
    let share = |name: &str, measure: &dyn Fn(&Group) -> Option<Measured>| {
        let group = groups.iter().find(|group| group.name == name);
        percent(group.and_then(measure).map_or(f64::NAN, |measured| measured.share))
    };
    let beyond_chance = |gap: &&Gap| gap.interval.0 > 0.0;
    if let Some(gap) = found.filter(beyond_chance) {
        return format!(
            "by {label}, of those with the outcome {} of “{}” are selected, but {} of “{}”",
            share(&gap.higher, &|group| group.found),
            gap.higher,
            share(&gap.lower, &|group| group.found),
            gap.lower,
        );
    }
    if let Some(gap) = selected.filter(beyond_chance) {
        return format!(
            "by {label}, {} of “{}” are selected and {} of “{}”; among those with the outcome no difference is beyond chance",
            share(&gap.higher, &|group| group.selected),
            gap.higher,
            share(&gap.lower, &|group| group.selected),
            gap.lower,
        );
    }
    match (selected, found) {
        (None, None) => format!("by {label} there are no two groups large enough to compare"),
        _ => format!("by {label} no difference between groups is beyond chance"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table(columns: Vec<(&str, Values, &[&str])>) -> Table {
        let rows = columns[0].1.len();
        let feature = |name: &str, categories: &[&str]| Feature {
            name: name.into(),
            label: name.into(),
            unit: categories.is_empty().then_some(Unit::Number),
            group: name.into(),
            actionable: false,
            categories: categories.iter().map(|name| (*name).to_owned()).collect(),
        };
        Table::new(rows, columns.into_iter().map(|(name, values, names)| (feature(name, names), values)).collect())
            .unwrap()
    }

    /// 200 women and 200 men, 100 of each with the outcome; of those 80 women and 40 men are selected.
    fn unequal() -> (Table, Vec<f64>, Vec<bool>) {
        let sex: Vec<u32> = (0..400).map(|row| row / 200).collect();
        let outcomes: Vec<bool> = (0..400).map(|row| row % 200 < 100).collect();
        let found = |row: u32| row % 200 < if row < 200 { 80 } else { 40 };
        let probabilities = (0..400).map(|row| if found(row) { 0.9 } else { 0.1 }).collect();
        (table(vec![("sex", Values::Categories { codes: sex, count: 2 }, &["women", "men"])]), probabilities, outcomes)
    }

    #[test]
    fn a_gap_is_measured_and_told() {
        let (table, probabilities, outcomes) = unequal();
        let found = groups(&table, "sex", &probabilities, &outcomes, 0.5).unwrap();
        let shares: Vec<(f64, f64, f64)> = found
            .groups
            .iter()
            .map(|group| (group.base_rate.unwrap().share, group.selected.unwrap().share, group.found.unwrap().share))
            .collect();
        assert_eq!(shares, [(0.5, 0.4, 0.8), (0.5, 0.2, 0.4)]);
        let gap = found.found_gap.as_ref().unwrap();
        assert_eq!((gap.higher.as_str(), gap.lower.as_str(), gap.ratio), ("women", "men", 0.5));
        // Newcombe's interval of 80/100 − 40/100; Wilson: 0.7112–0.8666 and 0.3094–0.4980, so 0.4 − √(0.0888² + 0.0980²) and so on.
        assert!((gap.interval.0 - 0.2678).abs() < 5e-4 && (gap.interval.1 - 0.5125).abs() < 5e-4, "{:?}", gap.interval);
        assert_eq!(
            found.words.replace('\u{202f}', " "),
            "by sex, of those with the outcome 80 % of “women” are selected, but 40 % of “men”"
        );
        // Mean probabilities 0.42 and 0.26, where half have the outcome.
        assert!(found.groups.iter().all(|group| group.miscalibrated));
    }

    #[test]
    fn equal_and_small_groups_are_not_accused() {
        let (table, _, outcomes) = unequal();
        let even: Vec<f64> = (0..400).map(|row| if row % 2 == 0 { 0.9 } else { 0.1 }).collect();
        let found = groups(&table, "sex", &even, &outcomes, 0.5).unwrap();
        assert_eq!(found.words, "by sex no difference between groups is beyond chance");
        let small = table.take(&(0..220).collect::<Vec<u32>>()).unwrap();
        let found = groups(&small, "sex", &even[..220], &outcomes[..220], 0.5).unwrap();
        assert_eq!(found.words, "by sex there are no two groups large enough to compare");
        assert!(groups(&table, "age", &even, &outcomes, 0.5).unwrap_err().hint().unwrap().contains("sex"));
        assert!(groups(&table, "sex", &even[1..], &outcomes, 0.5).is_err());
    }

    #[test]
    fn numbers_become_bands_and_gaps_a_group() {
        let ages = (0..101_u8).map(|age| if age == 100 { f32::NAN } else { f32::from(age) }).collect();
        let flags = (0..101_u8).map(|row| f32::from(row % 2)).collect();
        let table = table(vec![("age", Values::Numbers(ages), &[]), ("senior", Values::Numbers(flags), &[])]);
        let names = |by: &str| -> Vec<(String, u64)> {
            let found = groups(&table, by, &[0.5; 101], &[true; 101], 0.5).unwrap();
            found.groups.into_iter().map(|group| (group.name, group.count)).collect()
        };
        let expected = [("0 to 24", 25), ("25 to 49", 25), ("50 to 74", 25), ("75 to 99", 25), ("not known", 1)];
        assert_eq!(names("age"), expected.map(|(name, count)| (name.to_owned(), count)));
        assert_eq!(names("senior"), [("0".to_owned(), 51), ("1".to_owned(), 50)]);
    }

    proptest! {
        #[test]
        fn groups_add_up(rows in prop::collection::vec((0_u8..30, 0.0_f64..1.0, any::<bool>()), 1..200)) {
            let values = rows.iter().map(|row| if row.0 == 0 { f32::NAN } else { f32::from(row.0) }).collect();
            let table = table(vec![("x", Values::Numbers(values), &[])]);
            let probabilities: Vec<f64> = rows.iter().map(|row| row.1).collect();
            let outcomes: Vec<bool> = rows.iter().map(|row| row.2).collect();
            let found = groups(&table, "x", &probabilities, &outcomes, 0.5).unwrap();
            prop_assert_eq!(found.groups.iter().map(|group| group.count).sum::<u64>(), rows.len() as u64);
            let with: f64 = found.groups.iter().map(|group| group.base_rate.unwrap().share * group.count as f64).sum();
            prop_assert!((with - outcomes.iter().filter(|outcome| **outcome).count() as f64).abs() < 1e-9);
            for gap in [&found.selected_gap, &found.found_gap].into_iter().flatten() {
                prop_assert!(gap.difference >= 0.0 && gap.interval.0 <= gap.difference && gap.difference <= gap.interval.1);
            }
        }
    }
}
