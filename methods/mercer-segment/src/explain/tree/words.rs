//! The rules of a tree in words.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::numbers::written;
use super::{Node, Question, RuleTree, Test};
use mercer_base::words::humanised;

/// What is asked of one attribute on the way to a leaf: several questions about it, merged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// Name of the attribute.
    pub attribute: String,
    /// What values satisfy it.
    pub values: Allowed,
    /// Whether customers without a value satisfy it; none where nobody lacked one at the fit.
    pub missing: Option<bool>,
}

/// Values that satisfy a condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Allowed {
    /// Numbers above one bound, and up to and including the other.
    Range {
        /// Lower bound, itself not allowed.
        above: Option<f64>,
        /// Upper bound, itself allowed.
        at_most: Option<f64>,
        /// Whether all values are whole numbers.
        whole: bool,
        /// The least value there is, where it is known.
        least: Option<f64>,
    },
    /// Any of these levels.
    Among(Vec<String>),
    /// Any level but these.
    NotAmong(Vec<String>),
    /// Any value.
    Any,
}

/// A leaf of a segment: who comes there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// All of these hold; empty in a tree without questions.
    pub conditions: Vec<Condition>,
    /// Customers at the fit for whom they do.
    pub customers: u64,
    /// How many of these are in the segment.
    pub right: u64,
}

impl RuleTree {
    /// The rules of a segment: one for each of its leaves, the one with most of its customers first. Empty for a segment the
    /// tree never gives.
    #[must_use]
    pub fn rules_of(&self, segment: u32) -> Vec<Rule> {
        let mut rules = Vec::new();
        self.collect(0, &mut Vec::new(), segment, &mut rules);
        rules.sort_by_key(|rule| Reverse(rule.right));
        rules
    }

    /// The rules of a segment in a sentence: "orders > 3 and recency days ≤ 60; or net sales > 2,000". Empty for a segment the
    /// tree never gives, "everybody" where it asks nothing.
    #[must_use]
    pub fn rule_of(&self, segment: u32) -> String {
        let rules = self.rules_of(segment);
        let texts: Vec<String> = rules.iter().map(Rule::text).collect();
        texts.join("; or ")
    }

    fn collect<'t>(&'t self, at: usize, path: &mut Vec<(&'t Question, bool)>, segment: u32, rules: &mut Vec<Rule>) {
        match self.nodes.get(at) {
            Some(Node::Split { question, yes, no }) if *yes > at && *no > at => {
                for (answer, child) in [(true, *yes), (false, *no)] {
                    path.push((question, answer));
                    self.collect(child, path, segment, rules);
                    path.pop();
                }
            }
            Some(Node::Leaf { segment: given, customers, right }) if *given == segment => {
                rules.push(Rule { conditions: merged(path), customers: *customers, right: *right });
            }
            _ => {}
        }
    }
}

/// One condition for each attribute asked for, in the order of the first question about it.
fn merged(path: &[(&Question, bool)]) -> Vec<Condition> {
    let mut conditions: Vec<Condition> = Vec::new();
    for (question, answer) in path {
        let position = conditions.iter().position(|condition| condition.attribute == question.attribute);
        let missing = question.saw_missing.then_some(question.missing == *answer);
        match position.and_then(|position| conditions.get_mut(position)) {
            Some(condition) => {
                condition.values = both(&condition.values, &allowed(question, *answer));
                condition.missing = condition.missing.zip(missing).map(|(before, now)| before && now);
            }
            None => conditions.push(Condition {
                attribute: question.attribute.clone(),
                values: allowed(question, *answer),
                missing,
            }),
        }
    }
    conditions
}

fn allowed(question: &Question, answer: bool) -> Allowed {
    match (&question.test, answer) {
        (Test::AtMost { threshold, whole, least }, true) => {
            Allowed::Range { above: None, at_most: Some(*threshold), whole: *whole, least: Some(*least) }
        }
        (Test::AtMost { threshold, whole, least }, false) => {
            Allowed::Range { above: Some(*threshold), at_most: None, whole: *whole, least: Some(*least) }
        }
        (Test::OneOf { levels, others }, true) if levels.len() > 3 && others.len() < levels.len() => {
            Allowed::NotAmong(others.clone())
        }
        (Test::OneOf { levels, .. }, true) => Allowed::Among(levels.clone()),
        (Test::OneOf { levels, others }, false) if others.len() < levels.len() => Allowed::Among(others.clone()),
        (Test::OneOf { levels, .. }, false) => Allowed::NotAmong(levels.clone()),
        (Test::Known, true) => Allowed::Any,
        (Test::Known, false) => Allowed::Among(Vec::new()),
    }
}

fn both(a: &Allowed, b: &Allowed) -> Allowed {
    match (a, b) {
        (Allowed::Any, other) | (other, Allowed::Any) => other.clone(),
        (
            Allowed::Range { above: low, at_most: high, whole, least },
            Allowed::Range { above, at_most, whole: also_whole, .. },
        ) => {
            let above = [*low, *above].into_iter().flatten().reduce(f64::max);
            let at_most = [*high, *at_most].into_iter().flatten().reduce(f64::min);
            Allowed::Range { above, at_most, whole: *whole && *also_whole, least: *least }
        }
        (Allowed::Among(some), Allowed::Among(others)) => {
            Allowed::Among(some.iter().filter(|level| others.contains(level)).cloned().collect())
        }
        (Allowed::Among(some), Allowed::NotAmong(not)) | (Allowed::NotAmong(not), Allowed::Among(some)) => {
            Allowed::Among(some.iter().filter(|level| !not.contains(level)).cloned().collect())
        }
        (Allowed::NotAmong(some), Allowed::NotAmong(others)) => {
            let more = others.iter().filter(|level| !some.contains(level));
            Allowed::NotAmong(some.iter().chain(more).cloned().collect())
        }
        // An attribute is asked one kind of question only.
        (first, _) => first.clone(),
    }
}

impl Rule {
    /// The conditions joined by "and".
    #[must_use]
    pub fn text(&self) -> String {
        if self.conditions.is_empty() {
            return "everybody".into();
        }
        let texts: Vec<String> = self.conditions.iter().map(Condition::text).collect();
        texts.join(" and ")
    }
}

impl Condition {
    /// The condition as people write it: `orders 4 to 10`, `country is Germany or France`, `income > 40,000 or unknown`.
    #[must_use]
    pub fn text(&self) -> String {
        let name = humanised(&self.attribute);
        let known = match &self.values {
            Allowed::Range { above, at_most, whole, least } => match (above, at_most) {
                (None, None) => format!("{name} is known"),
                (Some(above), None) => format!("{name} > {}", written(*above)),
                (None, Some(at_most)) if *least == Some(*at_most) => format!("{name} = {}", written(*at_most)),
                (None, Some(at_most)) => format!("{name} ≤ {}", written(*at_most)),
                (Some(above), Some(at_most)) if *whole && above + 1.0 == *at_most => {
                    format!("{name} = {}", written(*at_most))
                }
                (Some(above), Some(at_most)) if *whole => {
                    format!("{name} {} to {}", written(above + 1.0), written(*at_most))
                }
                (Some(above), Some(at_most)) => format!("{name} above {} to {}", written(*above), written(*at_most)),
            },
            Allowed::Among(levels) if levels.is_empty() => return format!("{name} is unknown"),
            Allowed::Among(levels) => format!("{name} is {}", listed(levels, "or")),
            Allowed::NotAmong(levels) => format!("{name} is not {}", listed(levels, "or")),
            Allowed::Any => return format!("{name} is known"),
        };
        if self.missing == Some(true) { format!("{known} or unknown") } else { known }
    }
}

/// `a`, `a or b`, `a, b or c`.
pub(super) fn listed(items: &[String], joint: &str) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} {joint} {last}", first.join(", ")),
    }
}
