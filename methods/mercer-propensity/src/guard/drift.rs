//! Data that moved away from what was learnt.

use std::collections::{BTreeMap, BTreeSet};

use mercer_base::card::Unit;
use mercer_base::notation::Notation;
use mercer_base::{Error, Result, Seed};
use mercer_boost::{NO_CATEGORY, Values};
use mercer_stats::drift::{of_numbers as index_of_numbers, population_stability_index};
use mercer_stats::quantile;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::cells::sample;
use super::percent;
use crate::table::{Feature, Table};

/// Classes of numbers: tenths of the reference.
const TENTHS: usize = 10;
/// Rows of each table that are looked at, at the most.
const MOST_ROWS: usize = 100_000;
/// Population stability index up to which a feature is stable, and from which on it has shifted; the customary bounds.
const STABLE: f64 = 0.1;
const SHIFTED: f64 = 0.25;

/// How far a feature moved, by its index less what chance alone makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Movement {
    /// Below 0.1.
    Stable,
    /// From 0.1 to 0.25.
    Moved,
    /// 0.25 and more: what was learnt may not hold.
    Shifted,
}

/// How a feature moved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Drift {
    /// The feature's name.
    pub(crate) feature: String,
    /// Population stability index: Σ (p − q) ln (p ÷ q) over tenths of the reference's numbers or over categories, with what is
    /// missing apart.
    pub(crate) psi: f64,
    /// About what the index of two samples of the same kind and of these sizes would be: (classes − 1) (1/n + 1/m).
    pub(crate) by_chance: f64,
    /// What that means.
    pub(crate) movement: Movement,
    /// What changed most, in words.
    pub(crate) words: String,
}

/// How the features of `scored` moved since `reference`; those that moved most first. Features are matched by their names and
/// categories by theirs; features that are not in both are left out. Looks at 100,000 rows of each at the most.
///
/// # Errors
/// When a table has no rows, or a feature has numbers in one and categories in the other.
pub(crate) fn drift(reference: &Table, scored: &Table) -> Result<Vec<Drift>> {
    if reference.rows() == 0 || scored.rows() == 0 {
        return Err(Error::data("no rows to compare").with_hint("both the earlier and the later rows must be there"));
    }
    let looked_at = |table: &Table| {
        let rows = sample(table.rows(), MOST_ROWS, Seed::default().split("rows for drift"));
        if rows.len() < table.rows() { table.take(&rows).map(Some) } else { Ok(None) }
    };
    let (fewer_before, fewer_after) = (looked_at(reference)?, looked_at(scored)?);
    let (reference, scored) = (fewer_before.as_ref().unwrap_or(reference), fewer_after.as_ref().unwrap_or(scored));
    let one = |(feature, earlier): (&Feature, &Values)| -> Option<Result<Drift>> {
        let (other, later) = scored.column(&feature.name)?;
        Some(match (earlier, later) {
            (Values::Numbers(earlier), Values::Numbers(later)) => Ok(of_numbers(feature, earlier, later)),
            (Values::Categories { codes: earlier, .. }, Values::Categories { codes: later, .. }) => {
                Ok(of_categories(feature, earlier, other, later))
            }
            _ => Err(Error::data(format!("{} has numbers in one table and categories in the other", feature.name))),
        })
    };
    let columns: Vec<(&Feature, &Values)> = reference.features().iter().zip(reference.matrix().columns()).collect();
    let mut found = columns.into_par_iter().filter_map(one).collect::<Result<Vec<Drift>>>()?;
    found.sort_by(|a, b| b.psi.total_cmp(&a.psi));
    Ok(found)
}

fn sorted(values: &[f32]) -> Vec<f64> {
    let mut known: Vec<f64> = values.iter().filter(|value| !value.is_nan()).map(|value| f64::from(*value)).collect();
    known.sort_unstable_by(f64::total_cmp);
    known
}

fn of_numbers(feature: &Feature, earlier: &[f32], later: &[f32]) -> Drift {
    let (before, after) = (sorted(earlier), sorted(later));
    let all = |values: &[f32]| values.iter().map(|value| f64::from(*value)).collect::<Vec<f64>>();
    let psi = index_of_numbers(&all(earlier), &all(later));
    let by_chance = by_chance(TENTHS, earlier.len(), later.len());
    let missing = |known: &[f64], all: usize| (all - known.len()) as f64 / all as f64;
    let (gone_before, gone_after) = (missing(&before, earlier.len()), missing(&after, later.len()));
    let write = |sorted: &[f64]| {
        let unit = feature.unit.as_ref().unwrap_or(&Unit::Number);
        Notation::new("").label(unit, quantile(sorted, 0.5))
    };
    let (typical_before, typical_after) = (write(&before), write(&after));
    let label = &feature.label;
    let words = if (gone_after - gone_before).abs() >= 0.1 || before.is_empty() || after.is_empty() {
        format!("{label} is missing in {} of the rows, {} before", percent(gone_after), percent(gone_before))
    } else if typical_before == typical_after {
        let (lower, upper) = (|sorted: &[f64]| quantile(sorted, 0.1), |sorted: &[f64]| quantile(sorted, 0.9));
        let unit = feature.unit.as_ref().unwrap_or(&Unit::Number);
        let range = |sorted: &[f64]| {
            let notation = Notation::new("");
            format!("{} to {}", notation.label(unit, lower(sorted)), notation.label(unit, upper(sorted)))
        };
        format!("{label}: eight in ten from {}, {} before", range(&after), range(&before))
    } else {
        format!("typical {label}: {typical_after}, {typical_before} before")
    };
    Drift { feature: feature.name.clone(), psi, by_chance, movement: movement(psi - by_chance), words }
}

fn of_categories(feature: &Feature, earlier: &[u32], other: &Feature, later: &[u32]) -> Drift {
    fn tally<'a>(feature: &'a Feature, codes: &[u32]) -> BTreeMap<Option<&'a str>, f64> {
        let mut counts = vec![0_u64; feature.categories.len() + 1];
        let missing = feature.categories.len();
        for code in codes {
            let at = if *code == NO_CATEGORY { missing } else { (*code as usize).min(missing) };
            if let Some(count) = counts.get_mut(at) {
                *count += 1;
            }
        }
        let names = feature.categories.iter().map(|name| Some(name.as_str())).chain([None]);
        names.zip(counts).map(|(name, count)| (name, count as f64)).collect()
    }
    let (before, after) = (tally(feature, earlier), tally(other, later));
    let names: BTreeSet<Option<&str>> = before.keys().chain(after.keys()).copied().collect();
    let count = |tally: &BTreeMap<Option<&str>, f64>, name: &Option<&str>| tally.get(name).copied().unwrap_or(0.0);
    let shares = |tally: &BTreeMap<Option<&str>, f64>, rows: usize| -> Vec<f64> {
        names.iter().map(|name| count(tally, name) / rows as f64).collect()
    };
    let psi = population_stability_index(&shares(&before, earlier.len()), &shares(&after, later.len()));
    let mut most: (f64, String) = (-1.0, String::new());
    for name in &names {
        let (was, is) = (count(&before, name) / earlier.len() as f64, count(&after, name) / later.len() as f64);
        if (is - was).abs() > most.0 {
            let what = name.map_or_else(|| "not known".to_owned(), |name| format!("“{name}”"));
            most = (
                (is - was).abs(),
                format!("{} is {what} in {} of the rows, {} before", feature.label, percent(is), percent(was)),
            );
        }
    }
    let by_chance = by_chance(names.len(), earlier.len(), later.len());
    Drift { feature: feature.name.clone(), psi, by_chance, movement: movement(psi - by_chance), words: most.1 }
}

fn by_chance(classes: usize, earlier: usize, later: usize) -> f64 {
    classes.saturating_sub(1) as f64 * (1.0 / earlier as f64 + 1.0 / later as f64)
}

fn movement(psi: f64) -> Movement {
    match psi {
        SHIFTED.. => Movement::Shifted,
        STABLE..SHIFTED => Movement::Moved,
        _ => Movement::Stable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feature(name: &str, unit: Option<Unit>, categories: &[&str]) -> Feature {
        Feature {
            name: name.into(),
            label: name.into(),
            unit,
            group: name.into(),
            actionable: false,
            categories: categories.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn table(numbers: Vec<f32>, categories: &[&str], codes: Vec<u32>) -> Table {
        let count = u32::try_from(categories.len()).unwrap();
        Table::new(
            codes.len(),
            vec![
                (feature("rate", Some(Unit::Number), &[]), Values::Numbers(numbers)),
                (feature("contact", None, categories), Values::Categories { codes, count }),
            ],
        )
        .unwrap()
    }

    fn spread(rows: u16, from: f32) -> Vec<f32> {
        (0..rows).map(|row| from + f32::from(row)).collect()
    }

    #[test]
    fn the_same_rows_have_not_moved() {
        let reference = table(spread(1000, 0.0), &["cell", "line"], (0..1000).map(|row| row % 2).collect());
        for found in drift(&reference, &reference).unwrap() {
            assert_eq!((found.psi, found.movement), (0.0, Movement::Stable));
        }
    }

    #[test]
    fn what_moved_is_told_in_words_the_most_first() {
        let reference =
            table(spread(1000, 0.0), &["cell", "line"], (0..1000).map(|row| u32::from(row % 4 == 0)).collect());
        // Other codes for the same names, and one that is new.
        let later = table(spread(1000, 500.0), &["fax", "line", "cell"], (0..1000).map(|row| row % 2 + 1).collect());
        let found = drift(&reference, &later).unwrap();
        let words: Vec<&str> = found.iter().map(|found| found.words.as_str()).collect();
        assert_eq!(
            words,
            ["typical rate: 1,000, 500 before", "contact is “cell” in 50\u{202f}% of the rows, 75\u{202f}% before"]
        );
        // Shares of (75, 25) against (50, 50): 0.25 ln 1.5 + 0.25 ln 2.
        let expected = 0.25 * 1.5_f64.ln() + 0.25 * 2_f64.ln();
        assert!((found[1].psi - expected).abs() < 1e-12 && found[1].movement == Movement::Shifted);
    }

    #[test]
    fn few_rows_do_not_cry_wolf() {
        // Every second number beside all of them: the same distribution, with an index that is made by chance.
        let reference = table(spread(60, 0.0), &["a"], vec![0; 60]);
        let later = table(spread(20, 0.0).iter().map(|n| n * 3.0 + 1.0).collect(), &["a"], vec![0; 20]);
        assert!(drift(&reference, &later).unwrap().iter().all(|found| found.movement == Movement::Stable));
        assert!(drift(&reference, &table(Vec::new(), &["a"], Vec::new())).is_err());
    }

    #[test]
    fn gaps_are_told() {
        let reference = table(spread(100, 0.0), &["a"], vec![0; 100]);
        let later = table(vec![f32::NAN; 100], &["a"], vec![NO_CATEGORY; 100]);
        let found = drift(&reference, &later).unwrap();
        assert!(
            found.iter().any(|found| found.words == "rate is missing in 100\u{202f}% of the rows, 0\u{202f}% before"),
            "{found:?}"
        );
        assert!(found.iter().all(|found| found.movement == Movement::Shifted));
    }
}
