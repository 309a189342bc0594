//! Columns of a plain table as features: numbers, categories by their number, dates as days.

use std::collections::BTreeMap;

use mercer_base::Result;
use mercer_base::card::Unit;
use mercer_base::frame::{Column, NO_MOMENT, Words};
use mercer_base::words::{humanised, name_words};
use mercer_boost::{NO_CATEGORY, Values};
use mercer_method::day::MICROS_A_DAY;
use serde::{Deserialize, Serialize};

use crate::table::{Feature, Table};

/// The most categories of a column; rarer ones count as missing.
const MOST_CATEGORIES: usize = 254;
/// A column of words names its rows, rather than saying something of them, where more than this share of its values is different,
const ID_SHARE: f64 = 0.5;
/// and there are more of them than this.
const FEW: usize = 50;
/// Words in the names of columns that nobody can do anything about.
const FIXED: &[&str] = &[
    "age",
    "birth",
    "born",
    "gender",
    "sex",
    "senior",
    "seniorcitizen",
    "marital",
    "married",
    "partner",
    "dependents",
    "children",
    "kids",
    "kidhome",
    "teenhome",
    "household",
    "education",
    "job",
    "occupation",
    "income",
    "country",
    "region",
    "state",
    "province",
    "city",
    "town",
    "zip",
    "postcode",
    "area",
    "nationality",
    "citizenship",
    "ethnicity",
    "tenure",
];

/// How the columns of a table become features; learnt from the rows that are learnt from, and kept with the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Encoder {
    /// The features, named as their columns.
    pub(crate) features: Vec<Feature>,
    /// The moment from which dates are counted back, in microseconds.
    reference: i64,
}

/// Columns that are no features, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Unused {
    /// The column.
    pub(crate) name: String,
    /// Why it is not used.
    pub(crate) reason: String,
}

impl Encoder {
    /// Learns from columns. Those that say nothing, or name the rows, are left out and returned with the reason.
    pub(crate) fn learn(columns: &[(String, Column)]) -> (Self, Vec<Unused>) {
        let moments = columns.iter().filter_map(|(_, column)| match column {
            Column::Moments(values) => values.iter().copied().filter(|moment| *moment != NO_MOMENT).max(),
            _ => None,
        });
        let reference = moments.max().unwrap_or(0);
        let (mut features, mut unused) = (Vec::new(), Vec::new());
        for (name, column) in columns {
            match feature(name, column) {
                Ok(feature) => features.push(feature),
                Err(reason) => unused.push(Unused { name: name.clone(), reason }),
            }
        }
        (Self { features, reference }, unused)
    }

    /// The features of other rows. A column that is not there is missing throughout.
    ///
    /// # Errors
    /// When a column holds something else than it did, or the columns are of different lengths.
    pub(crate) fn apply(&self, rows: usize, columns: &[(String, Column)]) -> Result<Table> {
        let values = |feature: &Feature| {
            let column = columns.iter().find(|(name, _)| *name == feature.name).map(|(_, column)| column);
            self.values(feature, column, rows)
        };
        Table::new(rows, self.features.iter().map(|feature| (feature.clone(), values(feature))).collect())
    }

    /// The names of features that `columns` lack, or that hold something else there than they did.
    pub(crate) fn lacking(&self, columns: &[(String, Column)]) -> Vec<&str> {
        let fits = |feature: &Feature| {
            columns.iter().any(|(name, column)| {
                *name == feature.name && feature.unit.is_none() == matches!(column, Column::Words(_))
            })
        };
        self.features.iter().filter(|feature| !fits(feature)).map(|feature| feature.name.as_str()).collect()
    }

    fn values(&self, feature: &Feature, column: Option<&Column>, rows: usize) -> Values {
        match (column, feature.unit.is_none()) {
            (Some(Column::Words(words)), true) => categories(words, &feature.categories),
            // Numbers as categories: a file of a few rows may hold nothing but numbers where there were words.
            (Some(Column::Numbers(values)), true) => {
                let words: Words =
                    values.iter().map(|value| (!value.is_nan()).then(|| value.to_string())).collect::<Words>();
                categories(&words, &feature.categories)
            }
            (_, true) => Values::Categories { codes: vec![NO_CATEGORY; rows], count: count(&feature.categories) },
            (Some(Column::Numbers(values)), false) => {
                Values::Numbers(values.iter().map(|value| single(*value)).collect())
            }
            (Some(Column::Moments(values)), false) => {
                let days = |moment: &i64| match *moment {
                    NO_MOMENT => f32::NAN,
                    moment => single(self.reference.saturating_sub(moment) as f64 / MICROS_A_DAY as f64),
                };
                Values::Numbers(values.iter().map(days).collect())
            }
            (Some(Column::Words(words)), false) => {
                let number = |row: usize| words.get(row).and_then(|word| word.trim().parse().ok()).unwrap_or(f32::NAN);
                Values::Numbers((0..rows).map(number).collect())
            }
            (None, false) => Values::Numbers(vec![f32::NAN; rows]),
        }
    }
}

/// A number in single precision; one that is too large for it is missing.
#[allow(clippy::cast_possible_truncation, reason = "trees compare in single precision")]
fn single(value: f64) -> f32 {
    let single = value as f32;
    if single.is_finite() { single } else { f32::NAN }
}

fn count(categories: &[String]) -> u32 {
    u32::try_from(categories.len()).unwrap_or(u32::MAX)
}

/// Codes of words by the sorted list of categories.
fn categories(words: &Words, categories: &[String]) -> Values {
    let code = |word: &str| {
        let found = categories.binary_search_by(|known| known.as_str().cmp(word.trim()));
        found.ok().and_then(|at| u32::try_from(at).ok()).unwrap_or(NO_CATEGORY)
    };
    let of_word: Vec<u32> = words.words.iter().map(code).collect();
    let codes = words.codes.iter().map(|word| of_word.get(*word as usize).copied().unwrap_or(NO_CATEGORY));
    Values::Categories { codes: codes.collect(), count: count(categories) }
}

/// What a column is as a feature, or why it is none.
fn feature(name: &str, column: &Column) -> Result<Feature, String> {
    let (unit, categories) = match column {
        Column::Numbers(values) => {
            let known = || values.iter().map(|value| single(*value)).filter(|value| !value.is_nan());
            varies(known(), values.len())?;
            (Some(Unit::Number), Vec::new())
        }
        Column::Moments(values) => {
            varies(values.iter().filter(|moment| **moment != NO_MOMENT), values.len())?;
            (Some(Unit::Days), Vec::new())
        }
        Column::Words(words) => (None, common(words)?),
    };
    let label = match column {
        Column::Moments(_) => format!("days since {}", humanised(name)),
        _ => humanised(name),
    };
    let actionable = !name_words(name).iter().any(|word| FIXED.contains(&word.as_str()));
    Ok(Feature { name: name.to_owned(), group: label.clone(), label, unit, actionable, categories })
}

/// Refuses a column that has no values, or one only without anything missing.
fn varies<T: PartialEq>(mut known: impl Iterator<Item = T>, rows: usize) -> Result<(), String> {
    let Some(first) = known.next() else { return Err("it has no values".to_owned()) };
    let mut seen = 1;
    for value in known {
        if value != first {
            return Ok(());
        }
        seen += 1;
    }
    if seen < rows { Ok(()) } else { Err("it is the same in every row".to_owned()) }
}

/// The categories that are kept, sorted.
fn common(words: &Words) -> Result<Vec<String>, String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut of_word = vec![0_usize; words.words.len()];
    let mut known = 0;
    for code in &words.codes {
        if let Some(count) = of_word.get_mut(*code as usize) {
            *count += 1;
        }
    }
    for (word, count) in words.words.iter().zip(of_word).filter(|(word, count)| *count > 0 && !word.trim().is_empty()) {
        *counts.entry(word.trim()).or_default() += count;
        known += count;
    }
    let rows = words.codes.len();
    match counts.len() {
        0 => return Err("it has no values".to_owned()),
        1 if known == rows => return Err("it is the same in every row".to_owned()),
        different if different > FEW && different as f64 > ID_SHARE * known as f64 => {
            return Err(format!("it names its rows: {different} different values in {known} rows"));
        }
        _ => {}
    }
    let mut most: Vec<(&str, usize)> = counts.into_iter().collect();
    most.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    most.truncate(MOST_CATEGORIES);
    let mut categories: Vec<String> = most.into_iter().map(|(word, _)| word.to_owned()).collect();
    categories.sort_unstable();
    Ok(categories)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Vec<(String, Column)> {
        let words =
            |values: &[&str]| Column::Words(values.iter().map(|word| (!word.is_empty()).then_some(*word)).collect());
        vec![
            ("Contract".to_owned(), words(&["yearly", "monthly", "", "monthly"])),
            ("MonthlyCharges".to_owned(), Column::Numbers(vec![20.0, f64::NAN, 1e300, 30.0])),
            ("joined".to_owned(), Column::Moments(vec![0, 2 * MICROS_A_DAY, NO_MOMENT, MICROS_A_DAY])),
            ("version".to_owned(), words(&["2", "2", "2", "2"])),
            ("note".to_owned(), words(&["", "", "", ""])),
        ]
    }

    #[test]
    fn columns_become_features() {
        let (encoder, unused) = Encoder::learn(&columns());
        let labels: Vec<&str> = encoder.features.iter().map(|feature| feature.label.as_str()).collect();
        assert_eq!(labels, ["contract", "monthly charges", "days since joined"]);
        let reasons: Vec<_> = unused.iter().map(|unused| (unused.name.as_str(), unused.reason.as_str())).collect();
        assert_eq!(reasons, [("version", "it is the same in every row"), ("note", "it has no values")]);
        let table = encoder.apply(4, &columns()).unwrap();
        let [Values::Categories { codes, count: 2 }, Values::Numbers(charges), Values::Numbers(days)] =
            table.matrix().columns()
        else {
            panic!("{table:?}")
        };
        assert_eq!(codes, &[1, 0, NO_CATEGORY, 0]);
        assert!(charges[1].is_nan() && charges[2].is_nan() && charges[3] == 30.0);
        assert_eq!((days[0], days[1], days[3]), (2.0, 0.0, 1.0));
    }

    #[test]
    fn other_rows_may_lack_columns_and_bring_new_words() {
        let (encoder, _) = Encoder::learn(&columns());
        let new = vec![("Contract".to_owned(), Column::Words([Some("weekly"), Some("yearly")].into_iter().collect()))];
        assert_eq!(encoder.lacking(&new), ["MonthlyCharges", "joined"]);
        let table = encoder.apply(2, &new).unwrap();
        assert!(matches!(&table.matrix().columns()[0], Values::Categories { codes, .. } if codes == &[NO_CATEGORY, 1]));
    }

    #[test]
    fn words_that_name_their_rows_are_no_feature() {
        let ids: Words = (0..200).map(|row| Some(format!("7590-{row}"))).collect();
        assert!(feature("customerID", &Column::Words(ids)).unwrap_err().contains("names its rows"));
        let many: Words = (0..10_000).map(|row| Some(format!("city {}", row % 1_000))).collect();
        assert_eq!(feature("city", &Column::Words(many)).unwrap().categories.len(), MOST_CATEGORIES);
    }
}
