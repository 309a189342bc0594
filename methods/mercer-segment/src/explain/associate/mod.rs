//! What kinds of customers choose: segments against choices, and combinations of attributes behind a choice.

mod bits;
mod conditions;
mod joint;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use mercer_base::frame::NO_WORD;
use mercer_base::{Error, Result, Seed};
use mercer_stats::multiple::benjamini_hochberg;
use mercer_stats::two_groups::{Count, share_difference_interval, share_difference_p_value};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use joint::{JointDriver, joint_drivers};

/// A thing customers may choose when they buy in a scope: tone "dark" among sofas.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// What was bought at all: the category "sofas".
    pub scope: String,
    /// What the choice is about: "tone".
    pub dimension: String,
    /// What was chosen: "dark".
    pub value: String,
    /// Rows of the customers who chose it, ascending.
    pub customers: Vec<u32>,
}

/// Who chose what, among those who could.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Choices {
    /// Rows of the customers who bought in each scope and had a value in the dimension, ascending: by (scope, dimension).
    scopes: BTreeMap<(String, String), Vec<u32>>,
    choices: Vec<Choice>,
}

/// One purchase: what was chosen, and the codes of scope and value.
struct Purchase<'a> {
    word: &'a str,
    scope: u32,
    value: u32,
}

/// Codes of words, and the words: [`NO_WORD`] or a code without a word is missing.
#[derive(Debug, Clone, Copy)]
pub struct Coded<'a> {
    /// One code a row.
    pub codes: &'a [u32],
    /// The words by their code.
    pub words: &'a [&'a str],
}

impl Coded<'_> {
    fn word(&self, row: usize) -> Option<u32> {
        self.codes.get(row).copied().filter(|code| *code != NO_WORD && (*code as usize) < self.words.len())
    }
}

impl Choices {
    /// Adds a dimension from purchases: one row each, with the customer's row in the attributes, the scope and the value. Rows
    /// without scope or value are left out: whoever has only such rows in a scope had no choice that is known.
    ///
    /// Of each customer's purchases in a scope one counts, drawn by lot: whoever buys more would else seem to like everything more.
    ///
    /// # Errors
    /// Columns of unequal length.
    pub fn add(&mut self, dimension: &str, customers: &[u32], scopes: Coded<'_>, values: Coded<'_>) -> Result<()> {
        if scopes.codes.len() != customers.len() || values.codes.len() != customers.len() {
            return Err(Error::data(format!("the purchases with {dimension} have columns of unequal length")));
        }
        // What each customer bought in each scope, by words, so that the numbering of the codes does not show.
        let mut baskets: BTreeMap<(&str, u32), Vec<Purchase<'_>>> = BTreeMap::new();
        for (row, customer) in customers.iter().enumerate() {
            if let (Some(scope), Some(value)) = (scopes.word(row), values.word(row)) {
                let (scope_word, word) = (scopes.words[scope as usize], values.words[value as usize]);
                baskets.entry((scope_word, *customer)).or_default().push(Purchase { word, scope, value });
            }
        }
        let mut chosen: BTreeMap<(u32, u32), Vec<u32>> = BTreeMap::new();
        for ((scope, customer), mut basket) in baskets {
            basket.sort_unstable_by_key(|purchase| purchase.word);
            let seed = Seed::default().split(dimension).split(scope).nth(u64::from(customer));
            let drawn = ChaCha8Rng::seed_from_u64(seed.0).random_range(0..basket.len());
            chosen.entry((basket[drawn].scope, basket[drawn].value)).or_default().push(customer);
        }
        let mut words: Vec<(&str, &str, Vec<u32>)> = chosen
            .into_iter()
            .filter_map(|((scope, value), mut customers)| {
                customers.sort_unstable();
                customers.dedup();
                Some((*scopes.words.get(scope as usize)?, *values.words.get(value as usize)?, customers))
            })
            .collect();
        // By words, so that the numbering of the codes does not show.
        words.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
        for (scope, value, customers) in words {
            let could = self.scopes.entry((scope.to_owned(), dimension.to_owned())).or_default();
            could.extend_from_slice(&customers);
            let (scope, dimension, value) = (scope.to_owned(), dimension.to_owned(), value.to_owned());
            self.choices.push(Choice { scope, dimension, value, customers });
        }
        for could in self.scopes.values_mut() {
            could.sort_unstable();
            could.dedup();
        }
        Ok(())
    }

    /// The choices, dimension by dimension.
    #[must_use]
    pub fn choices(&self) -> &[Choice] {
        &self.choices
    }

    /// Who could have made a choice.
    fn could(&self, choice: &Choice) -> &[u32] {
        self.scopes.get(&(choice.scope.clone(), choice.dimension.clone())).map_or(&[], Vec::as_slice)
    }

    /// The choices that enough customers made, and enough did not, to say anything of: the most common ones.
    fn testable(&self, settings: &Settings) -> Vec<&Choice> {
        let enough = |choice: &&Choice| {
            let (chose, could) = (choice.customers.len(), self.could(choice).len());
            chose >= settings.least_customers && could - chose >= settings.least_customers
        };
        let mut testable: Vec<&Choice> = self.choices.iter().filter(enough).collect();
        if testable.len() > settings.most_choices {
            let mut sizes: Vec<usize> = testable.iter().map(|choice| choice.customers.len()).collect();
            sizes.sort_unstable_by(|a, b| b.cmp(a));
            let least = sizes.get(settings.most_choices).copied().unwrap_or(0);
            testable.retain(|choice| choice.customers.len() > least);
        }
        testable
    }
}

/// What is tested and what is reported.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Confidence of all intervals.
    pub confidence: f64,
    /// Expected share of false ones among what is reported.
    pub false_discovery_rate: f64,
    /// Least ratio of the share of choosers inside to that outside, or outside to inside.
    pub least_lift: f64,
    /// Least difference of these shares.
    pub least_difference: f64,
    /// Choices fewer customers made, and groups with fewer who could choose, are left out.
    pub least_customers: usize,
    /// At most this many choices, the most common ones.
    pub most_choices: usize,
    /// Combinations are looked for and tested among at most this many customers, drawn at random.
    pub most_customers: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            confidence: 0.95,
            false_discovery_rate: 0.05,
            least_lift: 1.2,
            least_difference: 0.03,
            least_customers: 25,
            most_choices: 200,
            most_customers: 200_000,
        }
    }
}

/// A choice that a segment makes more or less often than the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SegmentChoice {
    /// The segment.
    pub segment: u32,
    /// What was bought at all: only customers who did count.
    pub scope: String,
    /// What the choice is about.
    pub dimension: String,
    /// What was chosen.
    pub value: String,
    /// How many of the segment could choose.
    pub customers: u64,
    /// Share of them who chose it.
    pub share: f64,
    /// Share of choosers among the others who could.
    pub share_outside: f64,
    /// Ratio of the two; infinite where nobody else chose it.
    pub lift: f64,
    /// Interval of their difference (Newcombe).
    pub difference_interval: (f64, f64),
    /// p-value of no difference (Fisher's exact test, chi-squared for large counts).
    pub p_value: f64,
    /// False-discovery rate at which it is called real, over all segments and choices tested (Benjamini–Hochberg).
    pub q_value: f64,
}

/// What each segment chooses more or less often than the other customers who could: real and large enough, clearest first.
///
/// # Errors
/// A customer's row beyond the labels, or a label beyond `segments`.
pub fn segment_choices(
    choices: &Choices,
    labels: &[u32],
    segments: u32,
    settings: &Settings,
) -> Result<Vec<SegmentChoice>> {
    check_rows(choices, labels.len())?;
    if let Some(beyond) = labels.iter().find(|label| **label >= segments) {
        return Err(Error::data(format!("segment {beyond} is not one of {segments}")));
    }
    let count = |rows: &[u32]| {
        let mut counts = vec![0_u64; segments as usize];
        for row in rows {
            if let Some(count) = labels.get(*row as usize).and_then(|label| counts.get_mut(*label as usize)) {
                *count += 1;
            }
        }
        counts
    };
    let compare = |choice: &&Choice| {
        let (could, chose) = (count(choices.could(choice)), count(&choice.customers));
        let (all_could, all_chose): (u64, u64) = (could.iter().sum(), chose.iter().sum());
        let mut compared = Vec::new();
        for (segment, (could, chose)) in (0_u32..).zip(could.iter().zip(&chose)) {
            let inside = Count { successes: *chose, trials: *could };
            let outside = Count { successes: all_chose - chose, trials: all_could - could };
            let least = settings.least_customers as u64;
            let Some(interval) = share_difference_interval(inside, outside, settings.confidence) else { continue };
            if inside.trials >= least && outside.trials >= least {
                compared.push(SegmentChoice {
                    segment,
                    scope: choice.scope.clone(),
                    dimension: choice.dimension.clone(),
                    value: choice.value.clone(),
                    customers: inside.trials,
                    share: inside.share(),
                    share_outside: outside.share(),
                    lift: inside.share() / outside.share(),
                    difference_interval: (interval.low, interval.high),
                    p_value: share_difference_p_value(inside, outside),
                    q_value: f64::NAN,
                });
            }
        }
        compared
    };
    let testable = choices.testable(settings);
    let mut compared: Vec<SegmentChoice> = testable.par_iter().map(compare).collect::<Vec<_>>().concat();
    let p_values: Vec<f64> = compared.iter().map(|compared| compared.p_value).collect();
    for (compared, q_value) in compared.iter_mut().zip(benjamini_hochberg(&p_values)) {
        compared.q_value = q_value;
    }
    compared.retain(|compared| {
        let lift = compared.lift.max(1.0 / compared.lift);
        compared.q_value <= settings.false_discovery_rate
            && lift >= settings.least_lift
            && (compared.share - compared.share_outside).abs() >= settings.least_difference
    });
    // The end of the interval nearer to no difference says how much is certain.
    let certain = |compared: &SegmentChoice| compared.difference_interval.0.max(-compared.difference_interval.1);
    compared.sort_by(|a, b| certain(b).total_cmp(&certain(a)));
    Ok(compared)
}

fn check_rows(choices: &Choices, customers: usize) -> Result<()> {
    let last = choices.scopes.values().filter_map(|rows| rows.last()).max();
    match last {
        Some(last) if *last as usize >= customers => {
            Err(Error::data(format!("a purchase is of customer row {last}, but there are {customers} customers")))
        }
        _ => Ok(()),
    }
}
