//! How well models foretell which journeys convert, on journeys that they were not fitted to.
//!
//! The question put to each model: these are the touches of a journey; did it end in a conversion? When observation ended is not
//! told, for that gives the answer away. Rules of thumb do not foretell and are not here. Nor does a chain of order 1 foretell
//! more than the last touch does: it is the same number.
//!
//! Models answer on scales of their own, so that each one's answers are brought to probabilities by a logistic calibration on
//! other folds' answers; all are treated alike. To foretell well is no proof of cause: a touch that customers seek when they are
//! about to buy foretells best of all.

use mercer_base::{Result, Seed};
use mercer_stats::special::normal_quantile;
use mercer_stats::{Block, Design, logistic};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::folds::{ByCustomer, Folds, some_customers};
use crate::hazard::{Hazard, Observed, refit};
use crate::markov::chain::Weighed;
use crate::markov::steps::Steps;
use crate::paths::Paths;
use crate::shapley::Rates;

/// Touches above which a part of the customers is asked.
const MOST_TOUCHES: usize = 2_000_000;
/// Journeys that the shorter state is worth in the chance of a longer one.
const WORTH: f64 = 4.0;
/// Probabilities are kept this far from 0 and 1.
const CLIP: f64 = 1e-6;
/// A little ridge, for answers that are all alike.
const PENALTY: f64 = 1e-3;
/// Classes of rising probability in which foretold and actual conversions are compared.
const CLASSES: usize = 10;

/// Who foretells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Forecaster {
    /// The share of all journeys that convert.
    BaseRate,
    /// The share of journeys with this last touch that convert; also a Markov chain of order 1.
    LastTouch,
    /// The share of journeys that end in this state of a Markov chain of order 2 or more that convert.
    Markov(usize),
    /// The rate of the journey's set of channels in the Shapley game of rates.
    SetRates,
    /// Additive hazards that decay.
    Hazard,
}

/// How well one forecaster did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Foretold {
    pub(crate) forecaster: Forecaster,
    /// Mean log-loss of a journey, nats; lower is better.
    pub(crate) log_loss: f64,
    /// How much lower it is than that of the base rate, and the standard error of that by customers.
    pub(crate) gain: f64,
    /// See `gain`.
    pub(crate) gain_error: f64,
    /// Area under the ROC curve: the chance that a converting journey is ranked above another; 0.5 is chance.
    pub(crate) auc: f64,
    /// The ends of its interval.
    pub(crate) auc_low: f64,
    /// See `auc_low`.
    pub(crate) auc_high: f64,
    /// Journeys by rising probability: how many, the mean probability foretold, and the share that converted.
    pub(crate) classes: Vec<[f64; 3]>,
}

/// What forecasters did on held-out journeys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Validation {
    /// The base rate first.
    pub(crate) foretold: Vec<Foretold>,
    /// Journeys asked about, and how many converted.
    pub(crate) journeys: f64,
    /// See `journeys`.
    pub(crate) conversions: f64,
    pub(crate) folds: usize,
}

/// Journeys of one path in one fold: how many converted and how many did not.
struct Asked {
    path: usize,
    fold: usize,
    journeys: [f64; 2],
}

/// Puts the question to every forecaster, Markov chains of orders 2 to `most_order` among them, in `folds` folds by customer.
/// Hazards are asked where times are known.
///
/// # Errors
/// A model cannot be fitted to the other folds: there are too few conversions.
pub(crate) fn validate(
    paths: &Paths,
    most_order: usize,
    folds: usize,
    confidence: f64,
    seed: Seed,
) -> Result<Validation> {
    let seed = seed.split("validation");
    let part = some_customers(paths, MOST_TOUCHES, seed);
    let paths = part.as_ref().unwrap_or(paths);
    let folds = Folds::new(paths, folds.max(2), seed);
    let touched = (0..paths.len()).filter(|path| !paths.range(*path).is_empty());
    let asked: Vec<Asked> = touched
        .flat_map(|path| folds.parts(paths, path).map(move |(fold, journeys)| Asked { path, fold, journeys }))
        .collect();
    let base = base_rate(&asked, folds.count);
    let base_losses = losses(&asked, &base);
    let by_states = || {
        let mut answers: Vec<(Forecaster, Vec<f64>)> = Vec::new();
        for order in 1..=most_order.max(1) {
            // An order that cannot be numbered is none to ask.
            let Ok(steps) = Steps::new(paths, order, false) else { break };
            let below = answers.last().map_or(&base, |(_, below)| below);
            let found = state_rates(&asked, &steps, below, folds.count);
            answers.push((if order == 1 { Forecaster::LastTouch } else { Forecaster::Markov(order) }, found));
        }
        answers
    };
    let (mut answers, sets) = rayon::join(by_states, || set_rates(paths, &asked, &folds));
    answers.push((Forecaster::SetRates, sets));
    if paths.days_before_end.is_some() {
        answers.push((Forecaster::Hazard, hazards(paths, &asked, &folds)?));
    }
    let judged = |(forecaster, answers): &(Forecaster, Vec<f64>)| {
        let chances = calibrated(&asked, answers, &base, folds.count);
        judge(paths, &asked, *forecaster, &chances, &base_losses, confidence)
    };
    let mut foretold = vec![judge(paths, &asked, Forecaster::BaseRate, &base, &base_losses, confidence)];
    foretold.par_extend(answers.par_iter().map(judged));
    let sum = |end: usize| asked.iter().map(|asked| asked.journeys[end]).sum::<f64>();
    Ok(Validation { foretold, journeys: sum(0) + sum(1), conversions: sum(0), folds: folds.count })
}

/// The share of the other folds' journeys that convert.
fn base_rate(asked: &[Asked], folds: usize) -> Vec<f64> {
    let mut sums = vec![[0.0; 2]; folds + 1];
    for asked in asked {
        for fold in [asked.fold, folds] {
            (0..2).for_each(|end| sums[fold][end] += asked.journeys[end]);
        }
    }
    let rate = |asked: &Asked| {
        let left: Vec<f64> = (0..2).map(|end| sums[folds][end] - sums[asked.fold][end]).collect();
        ((left[0] + 0.5) / (left[0] + left[1] + 1.0)).clamp(CLIP, 1.0 - CLIP)
    };
    asked.iter().map(rate).collect()
}

/// The share of the other folds' journeys that ended in the same state and converted, leaning on the answer of the order below.
fn state_rates(asked: &[Asked], steps: &Steps, below: &[f64], folds: usize) -> Vec<f64> {
    let mut sums = vec![[0.0; 2]; steps.states() * (folds + 1)];
    for asked in asked {
        let state = steps.last[asked.path] as usize * (folds + 1);
        for fold in [asked.fold, folds] {
            (0..2).for_each(|end| sums[state + fold][end] += asked.journeys[end]);
        }
    }
    let rate = |(asked, below): (&Asked, &f64)| {
        let state = steps.last[asked.path] as usize * (folds + 1);
        let left = |end: usize| sums[state + folds][end] - sums[state + asked.fold][end];
        (left(0) + WORTH * below) / (left(0) + left(1) + WORTH)
    };
    asked.iter().zip(below).map(rate).collect()
}

fn set_rates(paths: &Paths, asked: &[Asked], folds: &Folds) -> Vec<f64> {
    let all = Rates::uncounted(paths);
    let fitted: Vec<Rates> = (0..folds.count)
        .into_par_iter()
        .map(|fold| {
            all.reweighed(|path| {
                let part = folds.of(paths, path, fold);
                let conversions = paths.conversions[path] - part[0];
                Weighed { conversions, value: 0.0, nulls: paths.nulls[path] - part[1] }
            })
        })
        .collect();
    asked.iter().map(|asked| fitted[asked.fold].rate_of_path(asked.path)).collect()
}

fn hazards(paths: &Paths, asked: &[Asked], folds: &Folds) -> Result<Vec<f64>> {
    let observed = Observed::new(paths)?;
    let (whole, _) = Hazard::fit(paths)?;
    let without = |fold: usize| {
        let weigh = |path: usize| {
            let part = folds.of(paths, path, fold);
            [paths.conversions[path] - part[0], paths.nulls[path] - part[1]]
        };
        // Starting from the fit to all only saves time: the search ends at the best rates of the other folds.
        refit(&observed, paths, &weigh, &whole)
    };
    let fitted: Vec<Hazard> = (0..folds.count).map(without).collect::<Result<_>>()?;
    Ok(asked.iter().map(|asked| fitted[asked.fold].chance(&observed, paths, asked.path)).collect())
}

/// Answers as probabilities: those of a fold by a logistic regression of what happened on the log-odds answered in the other
/// folds. Where that cannot be fitted, answers stay as they are.
fn calibrated(asked: &[Asked], answers: &[f64], base: &[f64], folds: usize) -> Vec<f64> {
    let log_odds = |answer: &f64| {
        let answer = answer.clamp(CLIP, 1.0 - CLIP);
        (answer / (1.0 - answer)).ln()
    };
    // The slope is shrunk a little towards none, from the answers' mean.
    let centre = base.first().map_or(0.0, &log_odds);
    // Most journeys have an answer that others have too: each counts once, with their number.
    let mut order: Vec<usize> = (0..asked.len()).collect();
    let place = |row: usize| (asked[row].fold, answers[row]);
    order.sort_unstable_by(|a, b| {
        place(*a).0.cmp(&place(*b).0).then(place(*a).1.total_cmp(&place(*b).1)).then(a.cmp(b))
    });
    let ties: Vec<(usize, f64, [f64; 2])> = order
        .chunk_by(|a, b| place(*a) == place(*b))
        .map(|tie| {
            let sum = |end: usize| tie.iter().map(|row| asked[*row].journeys[end]).sum::<f64>();
            (asked[tie[0]].fold, log_odds(&answers[tie[0]]) - centre, [sum(0), sum(1)])
        })
        .collect();
    let mut chances = vec![0.0; asked.len()];
    // Folds differ little: each fit begins at the one before.
    let mut earlier = None;
    for fold in 0..folds {
        let others = ties.iter().filter(|tie| tie.0 != fold);
        let rows =
            others.flat_map(|(_, answer, journeys)| [(*answer, true, journeys[0]), (*answer, false, journeys[1])]);
        let rows: Vec<(f64, bool, f64)> = rows.filter(|row| row.2 > 0.0).collect();
        let outcomes: Vec<bool> = rows.iter().map(|row| row.1).collect();
        let weights: Vec<f64> = rows.iter().map(|row| row.2).collect();
        let values = rows.iter().map(|row| row.0).collect();
        let design = Design::new(rows.len(), vec![Block::Dense { columns: 1, values }]);
        let fit =
            design.and_then(|design| logistic::fit(&design, &outcomes, Some(&weights), PENALTY, earlier.as_ref()));
        let fit = fit.ok();
        for row in (0..asked.len()).filter(|row| asked[*row].fold == fold) {
            let answer = log_odds(&answers[row]);
            let slope = fit.as_ref().and_then(|fit| fit.coefficients.first());
            let line = fit.as_ref().zip(slope).map_or(answer, |(fit, slope)| fit.intercept + slope * (answer - centre));
            chances[row] = (1.0 / (1.0 + (-line).exp())).clamp(CLIP, 1.0 - CLIP);
        }
        earlier = fit.or(earlier);
    }
    chances
}

/// The log-losses of a conversion and of none, by what was asked.
fn losses(asked: &[Asked], chances: &[f64]) -> Vec<[f64; 2]> {
    asked.iter().zip(chances).map(|(_, chance)| [-chance.ln(), -(-chance).ln_1p()]).collect()
}

fn judge(
    paths: &Paths,
    asked: &[Asked],
    forecaster: Forecaster,
    chances: &[f64],
    base: &[[f64; 2]],
    confidence: f64,
) -> Foretold {
    let own = losses(asked, chances);
    let (mut all, mut gains) = (ByCustomer::new(paths), ByCustomer::new(paths));
    for ((asked, own), base) in asked.iter().zip(&own).zip(base) {
        for end in (0..2).filter(|end| asked.journeys[*end] > 0.0) {
            all.add(asked.path, own[end], asked.journeys[end]);
            gains.add(asked.path, base[end] - own[end], asked.journeys[end]);
        }
    }
    let (gain, gain_error) = gains.mean();
    let ties = ties(asked, chances);
    let (auc, error) = area(&ties);
    let z = normal_quantile(0.5 + confidence / 2.0);
    let (auc_low, auc_high) = ((auc - z * error).max(0.0), (auc + z * error).min(1.0));
    let classes = classes(&ties);
    Foretold { forecaster, log_loss: all.mean().0, gain, gain_error, auc, auc_low, auc_high, classes }
}

/// Journeys of the same chance, rising: the chance, and how many converted and did not.
fn ties(asked: &[Asked], chances: &[f64]) -> Vec<(f64, [f64; 2])> {
    let mut rows: Vec<(f64, [f64; 2])> =
        asked.iter().zip(chances).map(|(asked, chance)| (*chance, asked.journeys)).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let sum = |tie: &[(f64, [f64; 2])]| {
        let sums = tie.iter().fold([0.0; 2], |sums, row| [sums[0] + row.1[0], sums[1] + row.1[1]]);
        (tie.first().map_or(f64::NAN, |row| row.0), sums)
    };
    rows.chunk_by(|a, b| a.0 == b.0).map(sum).collect()
}

/// The area under the ROC curve of counted journeys and its standard error, journeys taken as independent (DeLong, DeLong and
/// Clarke-Pearson 1988, Biometrics 44, 837–845, with counts).
fn area(ties: &[(f64, [f64; 2])]) -> (f64, f64) {
    let all = ties.iter().fold([0.0; 2], |sums, tie| [sums[0] + tie.1[0], sums[1] + tie.1[1]]);
    // For a converting journey the share of the others below it, and the other way round.
    let mut below = [0.0; 2];
    let mut placed = Vec::with_capacity(ties.len());
    for (_, [with, without]) in ties {
        let over = (below[1] + 0.5 * without) / all[1];
        let under = (all[0] - below[0] - 0.5 * with) / all[0];
        placed.push(([*with, *without], [over, under]));
        below = [below[0] + with, below[1] + without];
    }
    let area = placed.iter().map(|(count, share)| count[0] * share[0]).sum::<f64>() / all[0];
    let variance = |end: usize| {
        let squares = placed.iter().map(|(count, share)| count[end] * (share[end] - area).powi(2)).sum::<f64>();
        squares / (all[end] - 1.0).max(1.0) / all[end]
    };
    (area, (variance(0) + variance(1)).sqrt())
}

/// Ties gathered in classes of about as many journeys.
fn classes(ties: &[(f64, [f64; 2])]) -> Vec<[f64; 3]> {
    let all: f64 = ties.iter().map(|tie| tie.1[0] + tie.1[1]).sum();
    let mut classes = Vec::new();
    let (mut class, mut done) = ([0.0; 3], 0.0);
    for (chance, [with, without]) in ties {
        let count = with + without;
        class = [class[0] + count, class[1] + count * chance, class[2] + with];
        done += count;
        if done >= all * (classes.len() as f64 + 1.0) / CLASSES as f64 * (1.0 - 1e-12) {
            classes.push([class[0], class[1] / class[0], class[2] / class[0]]);
            class = [0.0; 3];
        }
    }
    classes
}

#[cfg(test)]
mod tests {
    use mercer_stats::classification::auc_interval;

    use super::*;
    use crate::hazard::Rates as HazardRates;
    use crate::hazard::tests::drawn;
    use crate::made_up::{path_data, paths};

    fn of(validation: &Validation, forecaster: Forecaster) -> &Foretold {
        validation.foretold.iter().find(|foretold| foretold.forecaster == forecaster).unwrap()
    }

    #[test]
    fn nobody_foretells_a_coin() {
        // Conversion hangs on nothing: gains are within their errors.
        let rows: Vec<String> =
            (0..300).map(|n| format!("{}>{};{};0;{}", ["a", "b", "c"][n % 3], ["d", "e"][n % 2], 5, 15)).collect();
        let found = validate(&paths(&rows), 3, 5, 0.95, Seed(1)).unwrap();
        assert_eq!((found.journeys, found.conversions), (6_000.0, 1_500.0));
        for foretold in &found.foretold[1..] {
            assert!(foretold.gain < 3.0 * foretold.gain_error + 1e-4, "{foretold:?}");
            assert!((foretold.auc - 0.5).abs() < 0.03, "{foretold:?}");
        }
    }

    #[test]
    fn what_conversion_hangs_on_is_foretold() {
        // By the last touch only: a converts half its journeys, b one in ten.
        let rows = ["b>a;500;0;500", "a;500;0;500", "a>b;100;0;900", "b;100;0;900"];
        let found = validate(&paths(&rows), 2, 5, 0.95, Seed(1)).unwrap();
        let last = of(&found, Forecaster::LastTouch);
        let entropy = |p: f64| -p * p.ln() - (1.0 - p) * (1.0 - p).ln();
        assert!((last.log_loss - (entropy(0.5) + entropy(0.1)) / 2.0).abs() < 2e-3, "{last:?}");
        assert!((last.gain - (entropy(0.3) - last.log_loss)).abs() < 2e-3 && last.gain > 5.0 * last.gain_error);
        // P(a over b) for one that converts and one that does not: (5/6 · 9/14) + half of equals.
        let expected = 5.0 / 6.0 * 9.0 / 14.0 + 0.5 * (5.0 / 6.0 * 5.0 / 14.0 + 1.0 / 6.0 * 9.0 / 14.0);
        assert!((last.auc - expected).abs() < 0.01, "{last:?} {expected}");
        for class in &last.classes {
            assert!((class[1] - class[2]).abs() < 0.02, "{:?}", last.classes);
        }
        assert!((last.classes.iter().map(|class| class[0]).sum::<f64>() - 4_000.0).abs() < 1e-9);
    }

    #[test]
    fn hazards_foretell_journeys_of_their_kind() {
        let rates = HazardRates { baseline: 0.001, effect: vec![0.08, 0.002], decay: vec![2.0, 2.0] };
        let (all, _) = drawn(&rates, 6_000, 0.05, 30.0, 7);
        let found = validate(&all, 2, 4, 0.95, Seed(1)).unwrap();
        let hazard = of(&found, Forecaster::Hazard);
        assert!(hazard.gain > 5.0 * hazard.gain_error && hazard.auc_low > 0.5, "{hazard:?}");
    }

    #[test]
    fn areas_of_counts_are_those_of_rows() {
        let ties = [(0.1, [1.0, 4.0]), (0.3, [2.0, 2.0]), (0.7, [3.0, 1.0])];
        let (mut scores, mut outcomes) = (Vec::new(), Vec::new());
        for (score, [with, without]) in ties {
            for (outcome, count) in [(true, with), (false, without)] {
                let mut left = count;
                while left > 0.0 {
                    scores.push(score);
                    outcomes.push(outcome);
                    left -= 1.0;
                }
            }
        }
        let (area, error) = super::area(&ties);
        let (expected, interval) = auc_interval(&scores, &outcomes, 0.95).unwrap();
        assert!((area - expected).abs() < 1e-15);
        // The interval there is symmetric on the logit scale.
        let logit = |p: f64| (p / (1.0 - p)).ln();
        let half = (logit(interval.high) - logit(interval.low)) / 2.0;
        assert!((half - 1.959_963_985 * error / (area * (1.0 - area))).abs() < 1e-6);
    }

    #[test]
    fn path_data_is_foretold_the_same_at_any_thread_count() {
        let Some(all) = path_data() else { return };
        let found = mercer_testkit::assert_same_at_any_thread_count(|| validate(&all, 3, 5, 0.95, Seed(1)).unwrap());
        for foretold in &found.foretold {
            println!(
                "{:?} {} {} {} {}",
                foretold.forecaster, foretold.log_loss, foretold.gain, foretold.gain_error, foretold.auc
            );
        }
        assert!(of(&found, Forecaster::LastTouch).gain > 0.0);
    }
}
