//! Which columns features have and which categories are told apart: found once, so that later data are scored by the same.

use std::collections::BTreeMap;

use mercer_base::frame::NO_WORD;
use serde::{Deserialize, Serialize};

use super::History;
use super::attributes::{Attribute, AttributeValues, Attributes};
use super::streams::{CountedStream, NEVER};

/// Levels of a category that are told apart, at the most.
const MOST_LEVELS: usize = 50;
/// Kinds of events and channels that get columns of their own, at the most.
const MOST_KINDS: usize = 8;
/// Customers from which on an attribute with another value for nearly each of them is taken for an id.
const MANY: u64 = 20;
/// The level of all that is too rare to be told apart.
pub(super) const REST: &str = "all others";

/// The columns of features and their categories, as they were known by some day.
///
/// A model keeps the one it was trained with: tables that come later have the same columns, in the same order. What a later
/// history lacks is missing there, and levels that are new count as missing or among all others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Vocabulary {
    /// Days of the season that is compared with the same one a year ago: the horizon.
    pub(super) season_days: i32,
    pub(super) orders: bool,
    pub(super) discounts: bool,
    pub(super) units: bool,
    pub(super) sales_channels: Option<Vec<String>>,
    pub(super) categories: Option<Vec<String>>,
    pub(super) events: Vec<String>,
    pub(super) touchpoints: Vec<String>,
    pub(super) messages: bool,
    pub(super) contracts: bool,
    pub(super) prices: bool,
    pub(super) plans: Option<Vec<String>>,
    pub(super) created: bool,
    pub(super) attributes: Vec<KnownAttribute>,
    pub(super) left_out: Vec<LeftOut>,
}

/// An attribute of customers that became a feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct KnownAttribute {
    pub(super) name: String,
    pub(super) kind: AttributeKind,
}

/// What an attribute's values are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum AttributeKind {
    Number,
    Day,
    /// One of these levels, the most frequent first; [`REST`] stands last where it was needed.
    Levels(Vec<String>),
}

/// An attribute that no feature was made of, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LeftOut {
    /// Its name.
    pub(crate) name: String,
    /// Why: "nearly every customer has another value".
    pub(crate) reason: String,
}

impl Vocabulary {
    /// The attributes that no feature was made of.
    pub(crate) fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }
}

impl History {
    /// The vocabulary of what was known before `cutoff`. `horizon_days` is how far ahead will be looked: as many days of the
    /// season a year ago are compared.
    pub(crate) fn vocabulary(&self, cutoff: i32, horizon_days: i32) -> Vocabulary {
        let orders = self.orders.as_ref().filter(|orders| orders.days.first_day() < cutoff);
        let kinds =
            |stream: Option<&CountedStream>| stream.map(|stream| common_kinds(stream, cutoff)).unwrap_or_default();
        let levels =
            |stream: Option<&CountedStream>| Some(levels_of_kinds(stream?, cutoff)).filter(|levels| !levels.is_empty());
        let contracts = self.contracts.as_ref().filter(|(stream, _)| stream.first_day() < cutoff);
        let mut vocabulary = Vocabulary {
            season_days: horizon_days,
            orders: orders.is_some(),
            discounts: orders.is_some_and(|orders| orders.discounts),
            units: orders.is_some_and(|orders| orders.units),
            sales_channels: levels(orders.and_then(|orders| orders.channels.as_ref())),
            categories: levels(self.bought.as_ref()),
            events: kinds(self.events.as_ref()),
            touchpoints: kinds(self.touchpoints.as_ref()),
            messages: self.messages.as_ref().is_some_and(|messages| messages.first_day() < cutoff),
            contracts: contracts.is_some(),
            prices: contracts
                .is_some_and(|(stream, _)| stream.rows().iter().any(|row| row.started < cutoff && !row.price.is_nan())),
            plans: contracts.and_then(|(stream, plans)| {
                let known = stream.rows().iter().filter(|row| row.started < cutoff).map(|row| (row.plan, 1.0));
                Some(with_rest(ranked(known, plans))).filter(|plans| !plans.is_empty())
            }),
            created: false,
            attributes: Vec::new(),
            left_out: Vec::new(),
        };
        if let Some(attributes) = &self.attributes {
            vocabulary.created = attributes.created.as_ref().is_some_and(|days| days.iter().any(|day| *day < cutoff));
            for attribute in &attributes.columns {
                match kind_of(attributes, attribute, cutoff) {
                    Ok(kind) => vocabulary.attributes.push(KnownAttribute { name: attribute.name.clone(), kind }),
                    Err(reason) => {
                        vocabulary.left_out.push(LeftOut { name: attribute.name.clone(), reason: reason.to_owned() });
                    }
                }
            }
        }
        vocabulary
    }
}

/// Words with how often each came, the most frequent first, equal ones in alphabetical order; without those that never did.
fn ranked(codes: impl Iterator<Item = (u32, f64)>, words: &[String]) -> Vec<(String, f64)> {
    let mut counts = vec![0.0; words.len()];
    for (code, count) in codes {
        if let Some(sum) = counts.get_mut(code as usize) {
            *sum += count;
        }
    }
    let mut ranked: Vec<(String, f64)> = words.iter().cloned().zip(counts).filter(|(_, count)| *count > 0.0).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    ranked
}

fn with_rest(ranked: Vec<(String, f64)>) -> Vec<String> {
    let all = ranked.len();
    let mut levels: Vec<String> = ranked.into_iter().map(|(word, _)| word).collect();
    if all > MOST_LEVELS {
        levels.truncate(MOST_LEVELS - 1);
        levels.retain(|level| level != REST);
        levels.push(REST.to_owned());
    }
    levels
}

/// Kinds by the number of customers who have them, and by name; a customer counts once, however often it happened.
fn kinds_by_customers(stream: &CountedStream, customers: usize, cutoff: i32) -> Vec<(String, f64)> {
    let mut seen = vec![NO_WORD; stream.kinds.len()];
    let mut counts = vec![0_u64; stream.kinds.len()];
    for customer in (0..NO_WORD).take(customers) {
        for row in stream.stream.before(customer, cutoff) {
            let kind = row.kind as usize;
            if let (Some(seen), Some(count)) = (seen.get_mut(kind), counts.get_mut(kind))
                && *seen != customer
            {
                *seen = customer;
                *count += 1;
            }
        }
    }
    let codes = (0..).zip(counts).map(|(code, count)| (code, count as f64));
    ranked(codes, &stream.kinds)
}

fn common_kinds(stream: &CountedStream, cutoff: i32) -> Vec<String> {
    let kinds = kinds_by_customers(stream, stream.stream.customers(), cutoff);
    kinds.into_iter().take(MOST_KINDS).map(|(kind, _)| kind).collect()
}

fn levels_of_kinds(stream: &CountedStream, cutoff: i32) -> Vec<String> {
    with_rest(kinds_by_customers(stream, stream.stream.customers(), cutoff))
}

/// What an attribute is, or why it is left out.
fn kind_of(attributes: &Attributes, attribute: &Attribute, cutoff: i32) -> Result<AttributeKind, &'static str> {
    const CONSTANT: &str = "it is the same for everybody";
    let known = |customer: &(u32, _)| attributes.is_known(customer.0, cutoff);
    match &attribute.values {
        AttributeValues::Numbers(values) => {
            let values = (0..)
                .zip(values.iter().copied())
                .filter(|(customer, value): &(u32, f32)| !value.is_nan() && attributes.is_known(*customer, cutoff));
            let range = values
                .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), (_, value)| (low.min(value), high.max(value)));
            if range.0 < range.1 { Ok(AttributeKind::Number) } else { Err(CONSTANT) }
        }
        AttributeValues::Days(days) => {
            let is_past =
                |(customer, day): (u32, &i32)| *day != NEVER && *day < cutoff && attributes.is_known(customer, cutoff);
            if (0..).zip(days).any(is_past) { Ok(AttributeKind::Day) } else { Err("it has no date that is past") }
        }
        AttributeValues::Words { codes, words } => {
            let codes = (0..).zip(codes.iter().copied()).filter(known).map(|(_, code): (u32, u32)| (code, 1.0));
            let ranked = ranked(codes, words);
            let filled: f64 = ranked.iter().map(|(_, count)| count).sum();
            let told_apart: f64 = ranked.iter().take(MOST_LEVELS - 1).map(|(_, count)| count).sum();
            let mostly_unique = filled >= MANY as f64 && 2.0 * ranked.len() as f64 > filled;
            if ranked.len() < 2 {
                Err(CONSTANT)
            } else if mostly_unique || (ranked.len() > MOST_LEVELS && 2.0 * told_apart < filled) {
                Err("it has too many different values to learn from")
            } else {
                Ok(AttributeKind::Levels(with_rest(ranked)))
            }
        }
    }
}

/// For each word of a history the position of its level in a vocabulary; [`NO_WORD`] where it is unknown there.
pub(super) fn positions(words: &[String], levels: &[String]) -> Vec<u32> {
    let known: BTreeMap<&str, u32> = levels.iter().map(String::as_str).zip(0..).collect();
    let rest = known.get(REST).copied().unwrap_or(NO_WORD);
    words.iter().map(|word| known.get(word.as_str()).copied().unwrap_or(rest)).collect()
}
