//! Leaks and drift in public data sets of which it is known what leaks.

use std::path::Path;

use mercer_base::Seed;
use mercer_base::card::Unit;
use mercer_base::frame::{Column, Frame, NO_MOMENT, Wanted};
use mercer_boost::{NO_CATEGORY, Values};
use mercer_source::{ReadOptions, read_frame};

use super::leaks::Sign;
use super::*;
use crate::table::{Feature, Table};

/// A file's columns as features, and the outcome; `ids` are left out.
struct Set {
    table: Table,
    outcomes: Vec<bool>,
}

fn read(path: &Path, target: &str, positive: &str, ids: &[&str]) -> Set {
    let all = |names: &[String]| {
        let wanted = names.iter().filter(|name| !ids.contains(&name.as_str()));
        Ok(wanted
            .map(|name| Wanted { column: name.clone(), name: name.clone(), kind: None, required: name == target })
            .collect())
    };
    let frame: Frame = read_frame(path, &ReadOptions::default(), all).unwrap().frame;
    let outcomes = match frame.column(target).unwrap() {
        Column::Numbers(values) => values.iter().map(|value| *value == 1.0).collect(),
        Column::Words(words) => (0..frame.rows()).map(|row| words.get(row) == Some(positive)).collect(),
        Column::Moments(_) => panic!("{target} is a moment"),
    };
    let columns =
        frame.columns().filter(|(name, _)| *name != target).map(|(name, column)| of_column(name, column)).collect();
    Set { table: Table::new(frame.rows(), columns).unwrap(), outcomes }
}

#[allow(clippy::cast_possible_truncation, reason = "single precision, as features are")]
fn of_column(name: &str, column: &Column) -> (Feature, Values) {
    let mut feature = Feature {
        name: name.into(),
        label: name.into(),
        unit: Some(Unit::Number),
        group: name.into(),
        actionable: false,
        categories: Vec::new(),
    };
    let values = match column {
        Column::Numbers(values) => Values::Numbers(values.iter().map(|value| *value as f32).collect()),
        Column::Moments(values) => {
            let days = |moment: &i64| if *moment == NO_MOMENT { f32::NAN } else { (*moment / 86_400_000_000) as f32 };
            Values::Numbers(values.iter().map(days).collect())
        }
        Column::Words(words) => {
            feature.unit = None;
            feature.categories = words.words.iter().map(str::to_owned).collect();
            let count = u32::try_from(feature.categories.len()).unwrap();
            let codes = words.codes.iter().map(|code| if *code < count { *code } else { NO_CATEGORY }).collect();
            Values::Categories { codes, count }
        }
    };
    (feature, values)
}

impl Set {
    fn suspects(&self) -> Vec<Suspect> {
        leaks(&self.table, &self.outcomes, &Scope::default(), Seed(42)).unwrap()
    }
}

fn told(suspects: &[Suspect]) -> Vec<(&str, Level, Sign)> {
    for suspect in suspects {
        println!("{:?} {}: {} {:?}", suspect.level, suspect.feature, suspect.words, suspect.evidence);
    }
    suspects.iter().map(|suspect| (suspect.feature.as_str(), suspect.level, suspect.sign)).collect()
}

/// Leads of an education company: the tags and the quality that sales people note once they have spoken with a lead. By their
/// values the other fields that are filled after contact (lead profile, last notable activity, the scores called Asymmetrique)
/// tell no more of the outcome than honest ones do; their names make one ask.
#[test]
fn leads_of_x_education() {
    let Some(path) = mercer_testkit::data("lead_scoring_x_education/Lead Scoring.csv") else { return };
    let set = read(&path, "Converted", "1", &["Prospect ID", "Lead Number"]);
    assert_eq!(set.outcomes.len(), 9_240);
    assert_eq!(
        told(&set.suspects()),
        [
            ("Tags", Level::Leak, Sign::OneSided),
            ("Lead Quality", Level::Suspicious, Sign::StandsOut),
            ("Last Notable Activity", Level::Suspicious, Sign::Named),
            ("Lead Profile", Level::Suspicious, Sign::Named),
            ("Asymmetrique Activity Score", Level::Suspicious, Sign::Named),
            ("Asymmetrique Profile Score", Level::Suspicious, Sign::Named),
            ("Asymmetrique Profile Index", Level::Suspicious, Sign::Named),
            ("Asymmetrique Activity Index", Level::Suspicious, Sign::Named),
        ]
    );
    let with_ids = read(&path, "Converted", "1", &[]);
    let ids: Vec<String> =
        with_ids.suspects().into_iter().filter(|one| one.sign == Sign::Id).map(|one| one.feature).collect();
    assert_eq!(ids, ["Prospect ID", "Lead Number"]);
}

/// Calls of a bank: how long a call took is known when it is over, and so is its outcome.
#[test]
fn calls_of_a_bank() {
    let Some(path) = mercer_testkit::data("bank_marketing/bank-additional-full.csv.gz") else { return };
    let set = read(&path, "y", "yes", &[]);
    assert_eq!(set.outcomes.len(), 41_188);
    assert_eq!(told(&set.suspects()), [("duration", Level::Leak, Sign::Dominant)]);
    // Without it the economy's figures explain most, but they bear each other out.
    let rest = set.table.retain(|column| set.table.features()[column].name != "duration").unwrap();
    assert!(leaks(&rest, &set.outcomes, &Scope::default(), Seed(42)).unwrap().is_empty());
}

/// Customers of a telephone company: nothing leaks.
#[test]
fn churn_of_telco() {
    let Some(path) = mercer_testkit::data("telco_churn/Telco-Customer-Churn.csv") else { return };
    let set = read(&path, "Churn", "Yes", &["customerID"]);
    assert_eq!(told(&set.suspects()), []);
}

/// Visits of a shop: the value of pages is worked out from the visits in which something was bought.
#[test]
fn visits_of_online_shoppers() {
    let Some(path) = mercer_testkit::data("online_shoppers/online_shoppers_intention.csv") else { return };
    let set = read(&path, "Revenue", "TRUE", &[]);
    let suspects = set.suspects();
    let found = told(&suspects);
    assert_eq!(found.iter().map(|one| (one.0, one.1)).collect::<Vec<_>>(), [("PageValues", Level::Suspicious)]);
}

/// The last fifth of the bank's calls was made in another economy.
#[test]
fn the_economy_moved_during_the_calls_of_the_bank() {
    let Some(path) = mercer_testkit::data("bank_marketing/bank-additional-full.csv.gz") else { return };
    let set = read(&path, "y", "yes", &[]);
    let cut = u32::try_from(set.outcomes.len() * 4 / 5).unwrap();
    let rows = u32::try_from(set.outcomes.len()).unwrap();
    let earlier = set.table.take(&(0..cut).collect::<Vec<u32>>()).unwrap();
    let later = set.table.take(&(cut..rows).collect::<Vec<u32>>()).unwrap();
    let found = drift(&earlier, &later).unwrap();
    for one in &found {
        println!("{:.3} {}", one.psi, one.words);
    }
    let moved: Vec<&str> =
        found.iter().filter(|one| one.movement == Movement::Shifted).map(|one| one.feature.as_str()).collect();
    for name in ["euribor3m", "nr.employed", "emp.var.rate", "cons.price.idx"] {
        assert!(moved.contains(&name), "{name}");
    }
    for name in ["day_of_week", "housing", "loan"] {
        assert!(found.iter().any(|one| one.feature == name && one.movement == Movement::Stable), "{name}");
    }
}
