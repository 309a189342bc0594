//! From scores to what is offered: what may be offered, what the business gains, variety, rotation, and limits over all customers.

pub(crate) mod allot;
pub(crate) mod audience;
pub(crate) mod boost;
mod eligible;
mod pick;
mod rotate;

pub(crate) use eligible::{Bought, Facts, Rules};
pub(crate) use pick::{Variety, pick};
pub(crate) use rotate::Rotation;

use std::collections::HashMap;

use mercer_base::{Error, Result};
use serde::{Deserialize, Serialize};

use boost::boost_by_margin;

/// How a scored list becomes an offer. The default changes nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Arrangement {
    /// Which products may be offered at all.
    pub(crate) rules: Rules,
    /// Whether products are offered that the customer has bought.
    pub(crate) bought: Bought,
    /// By how much the margin raises a score: the product of highest margin by this share, the one of lowest by nothing.
    pub(crate) margin_weight: f32,
    /// How unlike each other the products of a list should be.
    pub(crate) variety: Variety,
    /// How products that were shown lately step back.
    pub(crate) rotation: Rotation,
}

/// What is known of the customer who gets the list.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Recipient<'a> {
    /// Products not to offer to this customer, rising; see [`Bought::hidden`].
    pub(crate) hidden: &'a [u32],
    /// The categories the customer has consented to, of those that need it.
    pub(crate) consented: &'a [u32],
    /// What was shown in each of the last sends, the newest first.
    pub(crate) shown: &'a [Vec<u32>],
    /// The number of this send, from 0.
    pub(crate) send: u64,
}

/// A product with its place in an offer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Placed {
    /// The product.
    pub(crate) product: u32,
    /// The score it came with.
    pub(crate) score: f32,
    /// Why it stands elsewhere than its score alone would have it; `None` where it does not.
    pub(crate) why_moved: Option<Moved>,
}

/// A move from the place that the score alone gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Moved {
    /// The place by score alone among all scored products, from 1.
    pub(crate) from: usize,
    /// What moved it most in that direction.
    pub(crate) by: Cause,
}

/// What moves products.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cause {
    /// Products above it may not be offered.
    Eligibility,
    /// Its margin, or that of others.
    Margin,
    /// It, or others, were shown lately.
    Rotation,
    /// It, or others, are too like those above, or their category is full.
    Variety,
}

impl Arrangement {
    /// # Errors
    /// Where a setting is outside its bounds; the message names it.
    pub(crate) fn check(&self) -> Result<()> {
        let settings = [
            ("margin_weight", self.margin_weight, f32::MAX),
            ("variety.weight", self.variety.weight, 1.0),
            ("rotation.strength", self.rotation.strength(), 1.0),
            ("rotation.decay", self.rotation.decay(), 1.0),
        ];
        for (name, value, most) in settings {
            if !(0.0..=most).contains(&value) {
                let bounds = if most == 1.0 { "give a number from 0 to 1" } else { "give 0 or more" };
                return Err(Error::config(format!("`{name}` is {value}")).with_hint(bounds));
            }
        }
        match self.bought {
            Bought::HideFor(days) if days.is_nan() || days < 0.0 => {
                Err(Error::config(format!("`bought` hides for {days} days")).with_hint("give 0 days or more"))
            }
            _ => Ok(()),
        }
    }

    /// The best list of up to `k` of the `scored` products for a customer: those that may be offered, raised by margin, damped
    /// where shown lately, then picked one by one for score and variety. Steps that are not set change nothing. Products are
    /// named once in `scored`, in any order; scores that are not finite are left out. `similarity` of two products is 1 for the
    /// same kind, 0 for nothing in common; `margin_ranks` are those of [`boost::margin_ranks`], or empty.
    ///
    /// The same arguments give the same list; equal scores are ordered by product number.
    pub(crate) fn arrange(
        &self,
        scored: &[(u32, f32)],
        facts: &Facts<'_>,
        margin_ranks: &[f32],
        recipient: &Recipient<'_>,
        similarity: impl Fn(u32, u32) -> f32,
        k: usize,
    ) -> Vec<Placed> {
        let mut plain: Vec<(u32, f32)> = scored.iter().copied().filter(|(_, score)| score.is_finite()).collect();
        sort(&mut plain);
        let offered = |(product, _): &(u32, f32)| {
            recipient.hidden.binary_search(product).is_err()
                && self.rules.allow(*product, facts)
                && self.rules.consented(*product, facts, recipient.consented)
        };
        let eligible: Vec<(u32, f32)> = plain.iter().copied().filter(offered).collect();
        let mut boosted = eligible.clone();
        boost_by_margin(&mut boosted, margin_ranks, self.margin_weight);
        sort(&mut boosted);
        let mut rotated = boosted.clone();
        self.rotation.damp(&mut rotated, recipient.shown, recipient.send);
        sort(&mut rotated);
        let picked = pick(&rotated, &self.variety, |product| facts.category_of(product), similarity, k);

        let steps = [&plain, &eligible, &boosted, &rotated, &picked].map(|step| step.as_slice());
        let paths = picked_paths(steps);
        let score_of: HashMap<u32, f32> = plain.iter().copied().collect();
        picked
            .iter()
            .zip(paths)
            .map(|((product, score), path)| Placed {
                product: *product,
                score: score_of.get(product).copied().unwrap_or(*score),
                why_moved: moved(path),
            })
            .collect()
    }
}

/// The highest score first, of equal ones the lower product number.
fn sort(scored: &mut [(u32, f32)]) {
    scored.sort_unstable_by(crate::ranking::better);
}

/// The places, from 1, of each product of the last step in every step.
fn picked_paths<const STEPS: usize>(steps: [&[(u32, f32)]; STEPS]) -> Vec<[usize; STEPS]> {
    let last = steps.last().copied().unwrap_or_default();
    let index: HashMap<u32, usize> = last.iter().enumerate().map(|(index, (product, _))| (*product, index)).collect();
    let mut paths = vec![[0; STEPS]; last.len()];
    for (step, list) in steps.iter().enumerate() {
        for (place, (product, _)) in list.iter().enumerate() {
            if let Some(path) = index.get(product).and_then(|index| paths.get_mut(*index)) {
                path[step] = place + 1;
            }
        }
    }
    paths
}

/// Which step moved a product most in the direction it moved in all; the earlier one of equals.
fn moved([plain, eligible, boosted, rotated, picked]: [usize; 5]) -> Option<Moved> {
    if plain == picked {
        return None;
    }
    let towards = |from: usize, to: usize| {
        let (down, up) = (to.saturating_sub(from), from.saturating_sub(to));
        if picked > plain { down } else { up }
    };
    let steps = [
        (Cause::Eligibility, towards(plain, eligible)),
        (Cause::Margin, towards(eligible, boosted)),
        (Cause::Rotation, towards(boosted, rotated)),
        (Cause::Variety, towards(rotated, picked)),
    ];
    let (by, _) = steps.into_iter().rev().max_by_key(|(_, moved)| *moved)?;
    Some(Moved { from: plain, by })
}

#[cfg(test)]
mod tests;
