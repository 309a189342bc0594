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
    /// How much worse it is than the best order, and the standard error of that difference.
    pub(crate) worse: f64,
    /// See `worse`.
    pub(crate) worse_error: f64,
    /// Mean log-loss of how the journey ends, converted or not, given that it ends after these touches; nats.
    pub(crate) end_loss: f64,
}

/// The order chosen and what it was chosen from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct OrderChoice {
    /// The simplest order, 1 or more, that is within one standard error of the best.
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
    let mean = |values: &dyn Fn(&Loss) -> f64, of: &[Loss]| {
        let mut sums = ByCustomer::new(paths);
        of.iter().for_each(|loss| sums.add(loss.path, values(loss), loss.journeys));
        sums.mean()
    };
    let totals: Vec<f64> = losses.iter().map(|of| mean(&|loss| loss.all, of).0).collect();
    let best = (1..totals.len()).min_by(|a, b| totals[*a].total_cmp(&totals[*b])).unwrap_or(1);
    let tried: Vec<OrderFit> = (0..totals.len())
        .map(|order| {
            let pairs = losses[order].iter().zip(&losses[best]);
            let differences: Vec<Loss> = pairs.map(|(own, best)| Loss { all: own.all - best.all, ..*own }).collect();
            let (worse, worse_error) = mean(&|loss| loss.all, &differences);
            let end_loss = mean(&|loss| loss.end, &losses[order]).0;
            OrderFit { order, loss: totals[order], worse, worse_error, end_loss }
        })
        .collect();
    let fits = |fit: &&OrderFit| fit.order > 0 && (fit.order == best || fit.worse <= fit.worse_error);
    let order = tried.iter().find(fits).map_or(best, |fit| fit.order);
    Ok(OrderChoice { order, tried })
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
        println!("{choice:#?}");
        assert!(choice.tried[1].loss < choice.tried[0].loss);
    }
}
