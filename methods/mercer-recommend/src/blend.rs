//! One score from several models: which models have a say and how much, found by what customers bought later.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::panel::Opinions;
use crate::ranking::top;

/// Products that are looked at for a customer: the best so many of each model.
pub(crate) const BEST_OF_EACH: usize = 200;
/// Place at which a product counts half, where models are blended by places.
const HALF_AT: f32 = 20.0;
/// Weights that are tried for a model, as multiples of the strongest model's.
const WEIGHTS: [f32; 9] = [0.0, 0.05, 0.1, 0.18, 0.3, 0.5, 0.75, 1.0, 1.6];
/// Rounds through all models at the most.
const ROUNDS: usize = 4;
/// By how much a further model must raise the measure to be worth its work.
const WORTH: f64 = 2e-4;

/// What of a model's opinion is blended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Scale {
    /// Its scores, brought to the same mean maximum: how sure a model is of a customer counts.
    Scores,
    /// The places it gives, by 1 / (1 + place / 20): only the order counts.
    Places,
}

/// A blend of models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Blend {
    /// What is blended.
    pub(crate) scale: Scale,
    /// The weight of each model; 0 where it has no say.
    pub(crate) weights: Vec<f32>,
    /// What each model's scores are multiplied by to be on a common scale.
    pub(crate) units: Vec<f32>,
}

/// A customer by whom blends are judged: what models said, and what was bought later.
pub(crate) struct Case {
    /// The products looked at, rising.
    products: Vec<u32>,
    /// Models × products: scores.
    scores: Vec<Vec<f32>>,
    /// Models × products: places by 1 / (1 + place / 20), 0 beyond the best 200.
    places: Vec<Vec<f32>>,
    /// Whether each product was bought later.
    is_wanted: Vec<bool>,
    /// How many products were bought later, also of those not looked at.
    wanted: usize,
}

impl Case {
    /// A case from what the models say to a customer. Only `allowed` products count.
    pub(crate) fn new(opinions: &mut Opinions<'_>, wanted: &[u32], allowed: impl Fn(u32) -> bool) -> Option<Self> {
        let wanted: Vec<u32> = wanted.iter().copied().filter(|product| allowed(*product)).collect();
        if wanted.is_empty() {
            return None;
        }
        let models = 0..opinions.models();
        let best: Vec<Vec<(u32, f32)>> =
            models.clone().map(|model| opinions.best(model, BEST_OF_EACH, &allowed)).collect();
        let mut products: Vec<u32> = best.iter().flatten().map(|(product, _)| *product).collect();
        products.extend(&wanted);
        products.sort_unstable();
        products.dedup();
        let of = |model: usize| products.iter().map(|product| opinions.score(model, *product)).collect();
        let places = best.iter().map(|best| {
            let mut places = vec![0.0; products.len()];
            for (place, (product, _)) in best.iter().enumerate() {
                if let Ok(at) = products.binary_search(product) {
                    places[at] = by_place(place);
                }
            }
            places
        });
        let is_wanted = products.iter().map(|product| wanted.binary_search(product).is_ok()).collect();
        Some(Self {
            places: places.collect(),
            scores: models.map(of).collect(),
            is_wanted,
            wanted: wanted.len(),
            products,
        })
    }

    /// The normalised discounted cumulative gain of a blend at `k`, ties counted against it.
    fn ndcg(&self, blend: &Blend, k: usize) -> f64 {
        let mut sums = vec![0.0_f32; self.products.len()];
        let opinions = match blend.scale {
            Scale::Scores => &self.scores,
            Scale::Places => &self.places,
        };
        for ((weight, unit), opinion) in blend.weights.iter().zip(&blend.units).zip(opinions) {
            let factor = if blend.scale == Scale::Scores { weight * unit } else { *weight };
            if factor > 0.0 {
                sums.iter_mut().zip(opinion).for_each(|(sum, value)| *sum += factor * value);
            }
        }
        let mut ranked: Vec<(bool, f32)> = self.is_wanted.iter().copied().zip(sums).collect();
        // The unwanted first among equals.
        let order = |a: &(bool, f32), b: &(bool, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        if ranked.len() > k {
            ranked.select_nth_unstable_by(k, order);
            ranked.truncate(k);
        }
        ranked.sort_unstable_by(order);
        let gain = |place: usize| 1.0 / (place as f64 + 2.0).log2();
        // The sum of nothing is -0, which adding 0 makes a 0.
        let found = ranked.iter().enumerate().filter(|(_, (wanted, _))| *wanted).map(|(place, _)| gain(place));
        (found.sum::<f64>() + 0.0) / (0..self.wanted.min(k)).map(gain).sum::<f64>()
    }
}

fn best_of(scores: &[f32], allowed: impl Fn(u32) -> bool) -> Vec<(u32, f32)> {
    let mut best = top(scores, BEST_OF_EACH, allowed);
    // Nothing speaks for the others.
    best.retain(|(_, score)| *score > 0.0);
    best
}

/// What a place counts, from 0, where models are blended by places.
pub(crate) fn by_place(place: usize) -> f32 {
    let place = u16::try_from(place).unwrap_or(u16::MAX);
    1.0 / (1.0 + f32::from(place) / HALF_AT)
}

/// The mean over cases.
pub(crate) fn mean_ndcg(cases: &[Case], blend: &Blend, k: usize) -> f64 {
    let each: Vec<f64> = cases.par_iter().map(|case| case.ndcg(blend, k)).collect();
    each.iter().sum::<f64>() / each.len().max(1) as f64
}

impl Blend {
    /// One model alone, of so many.
    pub(crate) fn alone(model: usize, of: usize) -> Self {
        let mut weights = vec![0.0; of];
        weights.iter_mut().skip(model).take(1).for_each(|weight| *weight = 1.0);
        Self { scale: Scale::Scores, weights, units: vec![1.0; of] }
    }

    /// The blend with the best mean gain at `k` over the cases, and that gain: from the best model alone, weights are changed one by
    /// one as long as it helps.
    pub(crate) fn learn(cases: &[Case], models: usize, k: usize) -> (Self, f64) {
        let units = units(cases, models);
        let best_of_scale = [Scale::Scores, Scale::Places].map(|scale| {
            let alone = |model: usize| Self { scale, units: units.clone(), ..Self::alone(model, models) };
            let first = (0..models).map(|model| {
                let blend = alone(model);
                let gain = mean_ndcg(cases, &blend, k);
                (blend, gain)
            });
            let start = first.reduce(|best, next| if next.1 > best.1 { next } else { best });
            start.map(|start| climb(cases, start, k))
        });
        let nothing = (Self::alone(0, models), 0.0);
        best_of_scale.into_iter().flatten().fold(nothing, |best, next| if next.1 > best.1 { next } else { best })
    }

    /// The sum of the models' opinions of all products. `scores` are those of each model with a say, in order; of the others
    /// anything. Only `allowed` products have places.
    pub(crate) fn apply(&self, scores: &[&[f32]], sums: &mut [f32], allowed: impl Fn(u32) -> bool) {
        sums.fill(0.0);
        for ((weight, unit), scores) in
            self.weights.iter().zip(&self.units).zip(scores).filter(|((weight, _), _)| **weight > 0.0)
        {
            match self.scale {
                Scale::Scores => {
                    sums.iter_mut().zip(*scores).for_each(|(sum, value)| *sum += weight * unit * value);
                }
                Scale::Places => {
                    for (place, (product, _)) in best_of(scores, &allowed).iter().enumerate() {
                        sums[*product as usize] += weight * by_place(place);
                    }
                }
            }
        }
    }

    /// Whether a model has a say.
    pub(crate) fn asks(&self, model: usize) -> bool {
        self.weights.get(model).is_some_and(|weight| *weight > 0.0)
    }
}

/// By what each model's scores are multiplied so that the mean of customers' best scores is 1.
fn units(cases: &[Case], models: usize) -> Vec<f32> {
    let unit = |model: usize| {
        let best = cases.iter().map(|case| case.scores[model].iter().copied().fold(0.0, f32::max));
        let sum: f64 = best.map(f64::from).sum();
        if sum > 0.0 { crate::sparse::single(cases.len() as f64 / sum) } else { 1.0 }
    };
    (0..models).map(unit).collect()
}

fn climb(cases: &[Case], start: (Blend, f64), k: usize) -> (Blend, f64) {
    let (mut best, mut gain) = start;
    for _ in 0..ROUNDS {
        let before = gain;
        for model in 0..best.weights.len() {
            for weight in WEIGHTS {
                if weight == best.weights[model] {
                    continue;
                }
                let mut tried = best.clone();
                tried.weights[model] = weight;
                if tried.weights.iter().all(|weight| *weight == 0.0) {
                    continue;
                }
                let found = mean_ndcg(cases, &tried, k);
                // A model that leaves makes the blend simpler: as good is better.
                let needed = match (best.weights[model] > 0.0, weight > 0.0) {
                    (true, false) => gain - WORTH,
                    (false, true) => gain + WORTH,
                    _ => gain,
                };
                if found > needed {
                    (best, gain) = (tried, found);
                }
            }
        }
        if gain <= before + WORTH {
            break;
        }
    }
    (best, gain)
}
