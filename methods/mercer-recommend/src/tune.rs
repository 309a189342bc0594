//! Settings of EASE and iALS, chosen by what customers bought later.

#[cfg(test)]
mod tests;

use mercer_base::{Result, Seed};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::als::{self, Als};
use crate::ease::covered::{covered, most_within};
use crate::ease::{self, Ease, Gram, Inverse, Scale};
use crate::params::{Params, Repeats, Source};
use crate::ranking::Judged;
use crate::sources::{EASE_KEPT, Ground};
use crate::sparse::Sparse;

/// Ridges of EASE that are tried beside the usual one, in means of the Gram matrix's diagonal: upwards as long as it helps, and
/// where the first does not, downwards.
const HIGHER_RIDGES: [f64; 4] = [10.0, 30.0, 100.0, 300.0];
const LOWER_RIDGES: [f64; 2] = [1.0, 0.3];
/// EASE is tuned among so many products at the most, those of the most customers: one fit is about a CPU-second then.
const EASE_TUNED_ON: usize = 4_000;
/// Settings of iALS that are tried beside the usual ones, one after the other: the weight of what was not bought, the ridge.
const ALS_ALPHA0: f64 = 0.1;
const ALS_RIDGES: [f64; 2] = [0.0025, 0.01];
/// Work on iALS's settings at the most, in interactions × iterations, of which a CPU-second does some ten million; what goes
/// beyond is not tried.
const ALS_WORK: usize = 60_000_000;
/// Products that are scored for a customer in the time of one interaction and iteration.
const SCORES_A_STEP: usize = 16;
/// By how much another form must raise the measure to take the usual one's place: less is chance.
const WORTH: f64 = 1e-3;
/// Where rankings are cut.
const JUDGED_AT: usize = 100;
/// Bytes of a megabyte.
const MEGABYTE: f64 = 1e6;

/// What models are fitted with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tuned {
    /// EASE's settings.
    pub(crate) ease: ease::Settings,
    /// How many products EASE covers at the most.
    pub(crate) most_covered: usize,
    /// iALS's settings.
    pub(crate) als: als::Settings,
    /// EASE on the purchases by which it was tuned, where that was among all the products that it covers.
    #[serde(skip)]
    pub(crate) fitted_ease: Option<Ease>,
}

/// A customer by whom settings are chosen.
pub(crate) struct Later {
    /// What they liked before.
    pub(crate) taste: Vec<(u32, f32)>,
    /// What they bought later, rising.
    pub(crate) wanted: Vec<u32>,
}

/// By what settings are chosen.
pub(crate) struct Judge<'a> {
    /// The customers.
    pub(crate) customers: &'a [&'a Later],
    /// Whether lists may hold what a customer has bought. Then settings have to serve both lists, those of any products and those
    /// of new ones.
    pub(crate) repeats: bool,
}

impl Tuned {
    /// The usual settings, within the memory that the parameters allow.
    pub(crate) fn usual(params: &Params) -> Self {
        Self {
            ease: ease::Settings::default(),
            most_covered: most_within(params.memory.get() * MEGABYTE),
            als: als::Settings::default(),
            fitted_ease: None,
        }
    }

    /// Chooses the settings of those of the models that are among `sources`, which are fitted to `tastes`. The work is bounded:
    /// EASE is tried among 4,000 products at the most, and iALS within a budget.
    ///
    /// # Errors
    ///
    /// When a model cannot be fitted.
    pub(crate) fn choose(&mut self, sources: &[Source], tastes: &Sparse, judge: &Judge<'_>, seed: Seed) -> Result<()> {
        if sources.contains(&Source::Ease) {
            (self.ease, self.fitted_ease) = best_ease(self.ease, tastes, self.most_covered, judge)?;
        }
        if sources.contains(&Source::Als) {
            self.als = best_als(self.als, tastes, judge, seed)?;
        }
        Ok(())
    }

    /// What a model is fitted with, in words; `None` where it has no settings to choose.
    pub(crate) fn words(&self, source: Source, tastes: &Sparse) -> Option<String> {
        match source {
            Source::Ease => {
                let form = match self.ease.scale {
                    Scale::Values => "expected values",
                    Scale::Normalised => "normalised values",
                };
                let (covered, products) = (covered(tastes, self.most_covered).len(), tastes.columns());
                let part = if covered < products {
                    format!(
                        ", among the {covered} products with the most customers; the other {} get no score of it",
                        products - covered
                    )
                } else {
                    String::new()
                };
                Some(format!("EASE with a ridge of {}, by {form}{part}", self.ease.lambda))
            }
            Source::Als => {
                let als::Settings { factors, lambda, alpha0, .. } = self.als;
                Some(format!("iALS with {factors} factors, a ridge of {lambda} and a weight of {alpha0} of all pairs"))
            }
            _ => None,
        }
    }
}

/// Whether lists may hold what a customer has bought: with no dates nothing is bought again.
pub(crate) fn may_repeat(params: &Params, ground: &Ground<'_>) -> bool {
    ground.dated && params.repeats != Repeats::Mask
}

/// The best settings found, and where they were tried among all the products that the model covers, the model.
fn best_ease(
    usual: ease::Settings,
    tastes: &Sparse,
    most: usize,
    judge: &Judge<'_>,
) -> Result<(ease::Settings, Option<Ease>)> {
    // The matrix to start from and the best inverse so far are held beside a fit: four squares for its three.
    let tried_on = covered(tastes, EASE_TUNED_ON.min(most * 6 / 7));
    let gram = Gram::new(tastes, &tried_on, &usual)?;
    // Customers are judged among the products that were tried; a large catalogue is not scored for each of them.
    let (placed, places) = placed(judge.customers, &tried_on);
    let placed: Vec<&Later> = placed.iter().collect();
    let judge = Judge { customers: &placed, repeats: judge.repeats };
    let is_part = tried_on.len() < tastes.columns();
    let score = |inverse: &Inverse, taste: &[(u32, f32)], scale: Scale, scores: &mut [f32]| {
        let (of_tried, of_others) = scores.split_at_mut(tried_on.len().min(scores.len()));
        inverse.score_places(taste, scale, of_tried);
        of_others.fill(f32::NAN);
        if is_part {
            // What nothing speaks for stands after the many that have no score.
            of_tried.iter_mut().filter(|score| **score <= 0.0).for_each(|score| *score = f32::NAN);
        }
    };
    let judged = |lambda: f64| -> Result<(f64, ease::Settings, Inverse)> {
        let settings = ease::Settings { lambda, ..usual };
        let inverse = gram.clone().inverse(&settings)?;
        let gain = |scale| judge.gain(places, |taste, scores| score(&inverse, taste, scale, scores));
        let (values, normalised) = (gain(Scale::Values), gain(Scale::Normalised));
        let (gain, scale) =
            if normalised > values + WORTH { (normalised, Scale::Normalised) } else { (values, Scale::Values) };
        Ok((gain, ease::Settings { scale, ..settings }, inverse))
    };
    let mut best = judged(usual.lambda)?;
    for ridges in [&HIGHER_RIDGES[..], &LOWER_RIDGES] {
        for ridge in ridges {
            let next = judged(*ridge)?;
            if next.0 <= best.0 {
                break;
            }
            best = next;
        }
        if best.1.lambda != usual.lambda {
            break;
        }
    }
    let (_, settings, inverse) = best;
    let is_whole = tried_on == covered(tastes, most);
    Ok((settings, is_whole.then(|| Ease::from_inverse(&inverse, settings.scale, EASE_KEPT))))
}

/// The customers with products by their places among `covered` (rising), and how many places there are. What else a customer has or
/// wants gets places beyond those.
fn placed(customers: &[&Later], covered: &[u32]) -> (Vec<Later>, usize) {
    let mut most = covered.len();
    let mut one = |customer: &&Later| {
        let all = customer.taste.iter().map(|pair| &pair.0).chain(&customer.wanted);
        let mut others: Vec<u32> = all.copied().filter(|product| covered.binary_search(product).is_err()).collect();
        others.sort_unstable();
        others.dedup();
        most = most.max(covered.len() + others.len());
        let place = |product: u32| {
            let at = covered
                .binary_search(&product)
                .unwrap_or_else(|_| covered.len() + others.binary_search(&product).unwrap_or(others.len()));
            u32::try_from(at).unwrap_or(u32::MAX)
        };
        let mut later = Later {
            taste: customer.taste.iter().map(|(product, value)| (place(*product), *value)).collect(),
            wanted: customer.wanted.iter().map(|product| place(*product)).collect(),
        };
        later.taste.sort_unstable_by_key(|pair| pair.0);
        later.wanted.sort_unstable();
        later
    };
    let placed = customers.iter().map(&mut one).collect();
    (placed, most)
}

/// The best settings found, one changed after the other, as long as the work stays within its budget.
fn best_als(usual: als::Settings, tastes: &Sparse, judge: &Judge<'_>, seed: Seed) -> Result<als::Settings> {
    let scoring = judge.customers.len() * tastes.columns() / SCORES_A_STEP;
    let mut left = ALS_WORK;
    let mut judged = |settings: als::Settings| -> Result<Option<(f64, als::Settings)>> {
        let Some(rest) = left.checked_sub(tastes.entries() * settings.iterations + scoring) else { return Ok(None) };
        left = rest;
        let model = Als::fit(tastes, &settings, seed)?;
        let gain = judge.gain(tastes.columns(), |taste, scores| model.score_products(taste, scores));
        Ok(Some((gain, settings)))
    };
    let Some(mut best) = judged(usual)? else { return Ok(usual) };
    let mut consider = |settings: als::Settings, best: &mut (f64, als::Settings)| -> Result<()> {
        if let Some(next) = judged(settings)?.filter(|next| next.0 > best.0 + WORTH) {
            *best = next;
        }
        Ok(())
    };
    consider(als::Settings { alpha0: ALS_ALPHA0, ..usual }, &mut best)?;
    for lambda in ALS_RIDGES {
        consider(als::Settings { lambda, ..best.1 }, &mut best)?;
    }
    Ok(best.1)
}

impl Judge<'_> {
    /// The mean gain (NDCG at 100) of a model over the customers: on products new to them, and where lists may repeat products the
    /// mean of that and the gain on any products.
    fn gain(&self, products: usize, score: impl Fn(&[(u32, f32)], &mut [f32]) + Sync) -> f64 {
        let one = |scores: &mut Vec<f32>, customer: &&Later| {
            score(&customer.taste, scores);
            let is_new = |product: u32| customer.taste.binary_search_by_key(&product, |pair| pair.0).is_err();
            let gain = |judged: Option<Judged>| judged.map_or(0.0, |judged| judged.ndcg);
            let new = gain(Judged::of(scores, &customer.wanted, JUDGED_AT, is_new));
            if self.repeats {
                (new + gain(Judged::of(scores, &customer.wanted, JUDGED_AT, |_| true))) / 2.0
            } else {
                new
            }
        };
        let gains: Vec<f64> = self.customers.par_iter().map_init(|| vec![0.0; products], one).collect();
        gains.iter().sum::<f64>() / gains.len().max(1) as f64
    }
}
