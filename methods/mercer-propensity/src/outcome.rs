//! The outcome of each row: which value of the target is predicted, and which rows have it.

use std::collections::BTreeMap;

use mercer_base::frame::{Column, Words};
use mercer_base::words::count;
use mercer_base::{Error, Result};

/// Values that say that something happened.
const AFFIRMATIVE: &[&str] = &[
    "yes",
    "y",
    "true",
    "t",
    "1",
    "churn",
    "churned",
    "converted",
    "won",
    "bought",
    "purchased",
    "responded",
    "left",
    "cancelled",
    "canceled",
    "ja",
    "oui",
    "si",
    "sí",
];

/// What became of each row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcomes {
    /// The value that counts as the outcome.
    pub(crate) positive: String,
    /// Whether each row has it; `None` where the target is blank.
    pub(crate) of_row: Vec<Option<bool>>,
}

/// Reads the outcome of each row from the target column. `unlabelled`: rows with another value are not negative but unknown; they
/// still stand in for the negative ones.
///
/// # Errors
/// When the target has one value, or several without a word on which is meant.
pub(crate) fn outcomes(name: &str, column: &Column, positive: Option<&str>) -> Result<Outcomes> {
    let words = match column {
        Column::Words(words) => words.clone(),
        Column::Numbers(values) => {
            values.iter().map(|value| value.is_finite().then(|| value.to_string())).collect::<Words>()
        }
        Column::Moments(_) => {
            return Err(Error::config(format!("the target {name} holds dates"))
                .with_hint("name a column that says whether something happened, such as yes and no"));
        }
    };
    let clean = |word: &str| word.trim().to_lowercase();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for word in words.codes.iter().filter_map(|code| words.words.get(*code as usize)) {
        let word = clean(word);
        if !word.is_empty() {
            *counts.entry(word).or_default() += 1;
        }
    }
    let values = || counts.keys().take(8).map(String::as_str).collect::<Vec<_>>().join(", ");
    let positive = match positive {
        Some(wanted) => {
            let wanted = wanted.trim().parse::<f64>().map_or_else(|_| clean(wanted), |number| number.to_string());
            if !counts.contains_key(&wanted) {
                return Err(Error::config(format!("the target {name} has no value {wanted}"))
                    .with_hint(format!("its values: {}", values())));
            }
            wanted
        }
        None => match counts.len() {
            2 => affirmative(&counts),
            0 => {
                return Err(Error::data(format!("the target {name} has no values"))
                    .with_hint("fit on rows whose outcome is known; `predict` scores the others"));
            }
            1 => return Err(one_class(name, &values())),
            several => {
                let several = count(several as u64, "value", "values");
                return Err(Error::config(format!("the target {name} has {several}: {}", values()))
                    .with_hint("say which of them is predicted with --positive VALUE; the others then count as no"));
            }
        },
    };
    if counts.len() < 2 {
        return Err(one_class(name, &values()));
    }
    let of_word: Vec<Option<bool>> = words
        .words
        .iter()
        .map(|word| {
            let word = clean(word);
            (!word.is_empty()).then(|| word == positive)
        })
        .collect();
    let of_row = words.codes.iter().map(|code| of_word.get(*code as usize).copied().flatten()).collect();
    Ok(Outcomes { positive, of_row })
}

fn one_class(name: &str, values: &str) -> Error {
    Error::data(format!("every row has the same {name}: {values}"))
        .with_hint("there is nothing to tell apart; add rows with the other outcome")
}

/// The value of two that says that something happened, else the rarer one.
fn affirmative(counts: &BTreeMap<String, u64>) -> String {
    let said = counts.keys().find(|value| AFFIRMATIVE.contains(&value.as_str()));
    let rarer = || counts.iter().min_by_key(|(_, count)| **count).map(|(value, _)| value);
    said.or_else(rarer).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(values: &[&str]) -> Column {
        Column::Words(values.iter().map(|word| Some(*word)).collect())
    }

    #[test]
    fn what_is_predicted_is_found_or_asked_for() {
        let found = outcomes("Churn", &words(&["No", "Yes", " yes ", "", "No"]), None).unwrap();
        assert_eq!(
            (found.positive.as_str(), found.of_row),
            ("yes", vec![Some(false), Some(true), Some(true), None, Some(false)])
        );
        let found = outcomes("plan", &words(&["gold", "basic", "basic"]), None).unwrap();
        assert_eq!(found.positive, "gold", "the rarer one");
        let found = outcomes("won", &Column::Numbers(vec![0.0, 1.0, f64::NAN]), Some("1.0")).unwrap();
        assert_eq!(found.of_row, [Some(false), Some(true), None]);
    }

    #[test]
    fn what_cannot_be_predicted_is_refused_with_the_mend() {
        let hint = |column: Column, positive: Option<&str>| {
            let error = outcomes("state", &column, positive).unwrap_err();
            format!("{error} / {}", error.hint().unwrap_or_default())
        };
        assert!(hint(words(&["won", "lost", "open"]), None).contains("--positive"));
        assert!(hint(words(&["won", "lost"]), Some("wno")).contains("lost, won"));
        assert!(hint(words(&["won", "won"]), None).contains("same state"));
        assert!(hint(words(&["won"]), Some("won")).contains("same state"));
        assert!(hint(words(&["", " "]), None).contains("no values"));
        assert!(hint(Column::Moments(vec![1]), None).contains("dates"));
    }
}
