//! How many touches back a chain should remember, by how well it foretells journeys that it was not built from.

use mercer_base::{Result, Seed};
use serde::{Deserialize, Serialize};

use super::steps::Steps;
use crate::folds::{ByCustomer, Folds};
use crate::paths::Paths;

/// Journeys that the order below is worth: a state seen so often follows half its own counts, half those of the shorter state.
const WORTH: f64 = 4.0;
/// States above which an order is not tried.
const MOST_STATES: usize = 2_000_000;

/// How well a chain of one order foretells.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct OrderFit {
    /// The order; 0 is a chain that forgets every touch.
    pub(crate) order: usize,
    /// Mean log-loss of a journey not learnt from: all its steps, its end included; nats.
    pub(crate) loss: f64,
    /// How much worse it is than the best order that may be chosen; below 0 where one that may not is better.
    pub(crate) worse: f64,
    /// The standard error of `worse`.
    pub(crate) worse_error: f64,
    /// Mean log-loss of how the journey ends, converted or not, given that it ends after these touches; nats.
    pub(crate) end_loss: f64,
    /// How much worse that is than in the order that foretells the end best.
    pub(crate) end_worse: f64,
    /// The standard error of `end_worse`.
    pub(crate) end_worse_error: f64,
}

/// An order may be chosen unless it foretells the end worse than another by more than this many standard errors.
const HARM: f64 = 2.0;

/// The order chosen and what it was chosen from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct OrderChoice {
    /// Of the orders from 1 that foretell conversion as well as any: the simplest that foretells whole journeys within one
    /// standard error of the best of them.
    pub(crate) order: usize,
    /// Order 0 and those tried.
    pub(crate) tried: Vec<OrderFit>,
}

/// Tries orders 1 to `most` on `folds` folds. Probabilities of an order lean on those of the order below with the weight of
/// a few journeys, so that a step never seen has a probability.
///
/// # Errors
/// Order 1 cannot be built.
pub(crate) fn choose(paths: &Paths, most: usize, merge_repeats: bool, folds: usize, seed: Seed) -> Result<OrderChoice> {
    let folds = Folds::new(paths, folds.max(2), seed);
    let mut chances = Chances::new(paths, &folds, merge_repeats);
    let mut losses = vec![chances.losses(paths)];
    for order in 1..=most.max(1) {
        let steps = match Steps::new(paths, order, merge_repeats) {
            Ok(steps) if order == 1 || steps.states() <= MOST_STATES => steps,
            Err(error) if order == 1 => return Err(error),
            _ => break,
        };
        chances.refine(paths, &steps);
        losses.push(chances.losses(paths));
    }
    let empty = ByCustomer::new(paths);
    let mean = |of: fn(&Loss) -> f64, order: usize, from: Option<usize>| {
        let mut sums = empty.clone();
        for (at, loss) in losses[order].iter().enumerate() {
            sums.add(loss.path, of(loss) - from.map_or(0.0, |from| of(&losses[from][at])), loss.journeys);
        }
        sums.mean()
    };
    let whole: fn(&Loss) -> f64 = |loss| loss.all;
    let end: fn(&Loss) -> f64 = |loss| loss.end;
    let best = |orders: &[usize], of: fn(&Loss) -> f64| {
        let least = |a: &&usize, b: &&usize| mean(of, **a, None).0.total_cmp(&mean(of, **b, None).0);
        orders.iter().min_by(least).copied().unwrap_or(1)
    };
    let orders: Vec<usize> = (1..losses.len()).collect();
    let best_end = best(&orders, end);
    let does_no_harm = |order: &usize| {
        let (worse, error) = mean(end, *order, Some(best_end));
        *order == best_end || worse <= HARM * error
    };
    let fit: Vec<usize> = orders.iter().copied().filter(does_no_harm).collect();
    let best_fit = best(&fit, whole);
    let tried: Vec<OrderFit> = (0..losses.len())
        .map(|order| {
            let (worse, worse_error) = mean(whole, order, Some(best_fit));
            let (end_worse, end_worse_error) = mean(end, order, Some(best_end));
            let (loss, end_loss) = (mean(whole, order, None).0, mean(end, order, None).0);
            OrderFit { order, loss, worse, worse_error, end_loss, end_worse, end_worse_error }
        })
        .collect();
    let is_near = |order: &&usize| **order == best_fit || tried[**order].worse <= tried[**order].worse_error;
    Ok(OrderChoice { order: fit.iter().find(is_near).copied().unwrap_or(best_fit), tried })
}

/// Losses of the journeys of one path in one fold that end alike, each.
#[derive(Clone, Copy)]
struct Loss {
    path: usize,
    journeys: f64,
    all: f64,
    end: f64,
}

/// The journeys of one path that are in one fold: conversions and non-conversions.
struct Part {
    path: usize,
    fold: usize,
    journeys: [f64; 2],
    /// Where the probabilities of their steps begin.
    first: usize,
}

/// Probabilities of all steps and ends of journeys, each from a chain built of the other folds.
struct Chances {
    parts: Vec<Part>,
    steps: Vec<f64>,
    /// Of ending with and without a conversion after the last touch, by part.
    ends: Vec<[f64; 2]>,
    folds: usize,
}

impl Chances {
    /// Every channel and end equally likely. A repeat that is merged is no step: it is certain.
    fn new(paths: &Paths, folds: &Folds, merge_repeats: bool) -> Self {
        let even = 1.0 / (paths.channels.len() as f64 + 2.0);
        let (mut parts, mut steps) = (Vec::new(), Vec::new());
        for path in (0..paths.len()).filter(|path| !paths.range(*path).is_empty()) {
            let touches = paths.touches_of(path);
            for (fold, journeys) in folds.parts(paths, path) {
                parts.push(Part { path, fold, journeys, first: steps.len() });
                let repeats = |at: usize| merge_repeats && at > 0 && touches[at] == touches[at - 1];
                steps.extend((0..touches.len()).map(|at| if repeats(at) { 1.0 } else { even }));
            }
        }
        let ends = vec![[even; 2]; parts.len()];
        Self { parts, steps, ends, folds: folds.count }
    }

    /// From the probabilities of the order below to those of the order of `walks`.
    fn refine(&mut self, paths: &Paths, walks: &Steps) {
        // Counts of each fold; the sum of all stands last.
        let mut made = vec![vec![0.0; walks.transitions()]; self.folds + 1];
        let mut ended = vec![vec![[0.0; 2]; walks.states()]; self.folds + 1];
        for part in &self.parts {
            let last = walks.last[part.path] as usize;
            for fold in [part.fold, self.folds] {
                for step in paths.range(part.path).filter_map(|touch| walks.step(touch)) {
                    made[fold][step] += part.journeys[0] + part.journeys[1];
                }
                (0..2).for_each(|end| ended[fold][last][end] += part.journeys[end]);
            }
        }
        let left: Vec<Vec<f64>> = made
            .iter()
            .zip(&ended)
            .map(|(made, ended)| {
                let mut left: Vec<f64> = ended.iter().map(|ends| ends[0] + ends[1]).collect();
                walks.from.iter().zip(made).for_each(|(from, count)| left[*from as usize] += count);
                left
            })
            .collect();
        let all = self.folds;
        for (part, ends) in self.parts.iter().zip(&mut self.ends) {
            let leaning = |others: f64, left: f64, below: f64| (others + WORTH * below) / (left + WORTH);
            let leaves = |state: usize| left[all][state] - left[part.fold][state];
            let chances = &mut self.steps[part.first..];
            for (touch, chance) in paths.range(part.path).zip(chances) {
                if let Some(step) = walks.step(touch) {
                    let others = made[all][step] - made[part.fold][step];
                    *chance = leaning(others, leaves(walks.from[step] as usize), *chance);
                }
            }
            let last = walks.last[part.path] as usize;
            for (end, chance) in ends.iter_mut().enumerate() {
                let others = ended[all][last][end] - ended[part.fold][last][end];
                *chance = leaning(others, leaves(last), *chance);
            }
        }
    }

    fn losses(&self, paths: &Paths) -> Vec<Loss> {
        let of_part = |(part, ends): (&Part, &[f64; 2])| {
            let steps = &self.steps[part.first..part.first + paths.range(part.path).len()];
            let walk: f64 = steps.iter().map(|chance| -chance.ln()).sum();
            let loss = |end: usize| Loss {
                path: part.path,
                journeys: part.journeys[end],
                all: walk - ends[end].ln(),
                end: -(ends[end] / (ends[0] + ends[1])).ln(),
            };
            [loss(0), loss(1)]
        };
        let losses = self.parts.iter().zip(&self.ends).flat_map(of_part);
        losses.filter(|loss| loss.journeys > 0.0).collect()
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::made_up::{path_data, paths};

    /// Journeys over three channels. At order 2 what comes next hangs on the last two channels, at order 1 on the last.
    fn walks(order: usize, count: usize) -> Paths {
        let mut dice = ChaCha8Rng::seed_from_u64(11);
        let rows: Vec<String> = (0..count)
            .map(|_| {
                let mut names = vec!["a"];
                while dice.random::<f64>() < 0.8 {
                    let back = names.iter().rev().nth(order - 1).copied().unwrap_or("b");
                    let favourite = match back {
                        "a" => "b",
                        "b" => "c",
                        _ => "a",
                    };
                    names.push(if dice.random::<f64>() < 0.7 {
                        favourite
                    } else {
                        ["a", "b", "c"][dice.random_range(0..3)]
                    });
                }
                let converts = u8::from(dice.random::<f64>() < if names.last() == Some(&"c") { 0.5 } else { 0.1 });
                format!("{};{converts};{converts};{}", names.join(">"), 1 - converts)
            })
            .collect();
        paths(&rows)
    }

    #[test]
    fn the_order_of_the_chain_is_found() {
        for order in [1, 2] {
            let choice = choose(&walks(order, 4_000), 3, false, 5, Seed(2)).unwrap();
            assert_eq!(choice.order, order, "{choice:?}");
            assert_eq!(choice.tried.len(), 4);
            assert!(choice.tried[0].worse > 3.0 * choice.tried[0].worse_error, "{choice:?}");
        }
    }

    #[test]
    fn known_chances_are_reached() {
        // How a journey of order 1 ends is a coin of 1/2 after c and of 1/10 elsewhere: the loss of the ends nears the entropy.
        let all = walks(1, 20_000);
        let choice = choose(&all, 1, false, 5, Seed(2)).unwrap();
        let after_c = (0..all.len()).filter(|path| all.touches_of(*path).last() == Some(&2)).count() as f64 / 20_000.0;
        let entropy = |p: f64| -p * p.ln() - (1.0 - p) * (1.0 - p).ln();
        let expected = after_c * entropy(0.5) + (1.0 - after_c) * entropy(0.1);
        // The standard error of a mean of losses of about .7 each.
        assert!((choice.tried[1].end_loss - expected).abs() < 4.0 * 0.7 / 20_000_f64.sqrt(), "{choice:?} {expected}");
    }

    #[test]
    fn merged_repeats_are_no_steps() {
        let all = paths(&["a > a > a > b;3;3;2", "b;2;2;5", "a > b;1;1;0"]);
        let once = paths(&["a > b;3;3;2", "b;2;2;5", "a > b;1;1;0"]);
        assert_eq!(choose(&all, 2, true, 3, Seed(1)).unwrap(), choose(&once, 2, true, 3, Seed(1)).unwrap());
    }

    #[test]
    fn path_data_is_judged() {
        let Some(all) = path_data() else { return };
        let choice = choose(&all, 4, false, 5, Seed(42)).unwrap();
        // Rows of many touches that several journeys are said to have walked make high orders foretell the way by heart, but
        // not the end.
        assert!(choice.tried[4].loss < choice.tried[1].loss);
        assert_eq!(choice.order, 1, "{choice:#?}");
    }
}
