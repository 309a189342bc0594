//! Business rules from what a second look at the rows found.

use mercer_base::words::{agreeing, count, grouped};

use super::evidence::{Evidence, Prefix};
use super::{Proposal, RuleReason};

impl Proposal {
    /// Sets the rules that the rows of its sources speak for, and says why.
    pub fn weigh(&mut self, evidence: &[Evidence]) {
        for seen in evidence {
            self.cancellations(seen);
        }
        for seen in evidence {
            self.adjustments(seen);
        }
        self.statuses(evidence);
        self.services(evidence);
        self.nobodies(evidence);
    }

    fn because(&mut self, rule: &'static str, reason: String) {
        self.rule_reasons.push(RuleReason { rule, reason });
    }

    /// Letters before the number of orders whose amounts are negative, where most orders have others or none.
    fn cancellations(&mut self, seen: &Evidence) {
        let Some((main, _)) = main_prefix(seen) else { return };
        let others = seen.prefixes.iter().filter(|(letters, _)| *letters != main && !letters.is_empty());
        let negative = others.filter(|(_, prefix)| prefix.rows >= 5 && at_least(prefix.negative, prefix.rows, 95));
        let Some((letters, prefix)) = negative.max_by_key(|(_, prefix)| prefix.rows) else { return };
        if self.rules.cancellation_prefix.is_some() {
            return;
        }
        self.rules.cancellation_prefix = Some(letters.clone());
        let reason = format!(
            "{} of {} whose order starts with {letters} (such as {}) have negative amounts",
            grouped(prefix.negative),
            count(prefix.rows, "row", "rows"),
            example(prefix)
        );
        self.because("cancellation_prefix", reason);
    }

    /// Rare letters before the number of orders without a customer that speak of book-keeping or have both signs.
    fn adjustments(&mut self, seen: &Evidence) {
        let Some((main, _)) = main_prefix(seen) else { return };
        if self.rules.adjustment_prefix.is_some() {
            return;
        }
        let cancellation = self.rules.cancellation_prefix.clone();
        let found = seen.prefixes.iter().filter(|(letters, prefix)| {
            let rare = !at_least(prefix.rows, seen.rows, 1);
            let other = *letters != main && !letters.is_empty() && Some(*letters) != cancellation.as_ref();
            let both_signs = prefix.negative > 0 && prefix.negative < prefix.rows;
            let told = at_least(prefix.about_books, prefix.rows, 50) || both_signs;
            rare && other && told && at_least(prefix.without_customer, prefix.rows, 90)
        });
        let Some((letters, prefix)) = found.max_by_key(|(_, prefix)| prefix.rows) else { return };
        self.rules.adjustment_prefix = Some(letters.clone());
        let books = if at_least(prefix.about_books, prefix.rows, 50) {
            " and with words of corrections or bad debt"
        } else {
            ""
        };
        let reason = format!(
            "only {} of {} {} an order that starts with {letters} (such as {}), without a customer{books}",
            count(prefix.rows, "row", "rows"),
            grouped(seen.rows),
            agreeing(prefix.rows, "has", "have"),
            example(prefix)
        );
        self.because("adjustment_prefix", reason);
    }

    /// States that are there and mean that an order never came about, or was paid back in full.
    fn statuses(&mut self, evidence: &[Evidence]) {
        let mut states = std::collections::BTreeMap::<&str, u64>::new();
        for (state, rows) in evidence.iter().flat_map(|seen| &seen.states) {
            *states.entry(state).or_default() += rows;
        }
        let has = |state: &str, parts: &[&str]| parts.iter().any(|part| state.contains(part));
        let whole = |state: &str| !has(state, &["partial", "teil", "pending", "request"]);
        for (state, rows) in &states {
            let reason = format!("\"{state}\" stands in {}", count(*rows, "row", "rows"));
            if whole(state) && has(state, &["cancel", "void", "storn", "annul", "abgebrochen"]) {
                add(&mut self.rules.cancelled_statuses, state);
                self.because("cancelled_statuses", reason);
            } else if whole(state) && has(state, &["refunded", "erstattet", "rembours"]) {
                add(&mut self.rules.refunded_statuses, state);
                self.because("refunded_statuses", reason);
            }
        }
    }

    /// Products whose titles are those of charges.
    fn services(&mut self, evidence: &[Evidence]) {
        let mut found = std::collections::BTreeMap::<&str, (u64, u64, &str)>::new();
        for (key, product) in evidence.iter().flat_map(|seen| &seen.products) {
            let entry = found.entry(key).or_default();
            entry.0 += product.rows;
            entry.1 += product.charges;
            if !product.title.is_empty() {
                entry.2 = &product.title;
            }
        }
        for (key, (rows, charges, title)) in found {
            if at_least(charges, rows, 50) && charges > 0 {
                self.rules.service_products.push(key.to_owned());
                self.because(
                    "service_products",
                    format!("{key} is \"{title}\" in {} of {}", grouped(charges), count(rows, "row", "rows")),
                );
            }
        }
    }

    /// Customer keys that stand for nobody: words such as `guest`, or `0` where it buys far more than anybody.
    fn nobodies(&mut self, evidence: &[Evidence]) {
        for seen in evidence {
            let usual = seen.with_customer / seen.customers.max(1);
            for (key, &rows) in &seen.nobodies {
                let number = key.bytes().any(|byte| byte.is_ascii_digit());
                let far_more = at_least(rows, seen.with_customer, 1) && rows > 10 * usual.max(1);
                if (!number || far_more) && !self.rules.anonymous_customers.contains(key) {
                    self.rules.anonymous_customers.push(key.clone());
                    self.because(
                        "anonymous_customers",
                        format!("\"{key}\" is the customer of {}", count(rows, "row", "rows")),
                    );
                }
            }
        }
    }
}

/// The letters most orders start with (usually none), where they are the rule.
fn main_prefix(seen: &Evidence) -> Option<(&String, &Prefix)> {
    let rows: u64 = seen.prefixes.values().map(|prefix| prefix.rows).sum();
    seen.prefixes.iter().max_by_key(|(_, prefix)| prefix.rows).filter(|(_, prefix)| at_least(prefix.rows, rows, 70))
}

/// Whether `part` is at least `percent` per cent of `whole`.
fn at_least(part: u64, whole: u64, percent: u64) -> bool {
    whole > 0 && u128::from(part) * 100 >= u128::from(whole) * u128::from(percent)
}

fn example(prefix: &Prefix) -> &str {
    prefix.examples.first().map_or("?", String::as_str)
}

fn add(list: &mut Vec<String>, word: &str) {
    if !list.iter().any(|known| known == word) {
        list.push(word.to_owned());
    }
}
