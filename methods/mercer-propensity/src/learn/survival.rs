//! Learning when: boosted trees and Cox regression on the hazard, blended by how well they rank out of fold, and the baseline
//! hazard that turns a rank into a curve.

use mercer_base::{Error, Result, Seed};
use mercer_boost::shapley::{Contributions, Explainer};
use mercer_boost::{Binned, Ensemble, Objective, Settings};
use mercer_stats::cox;
use mercer_stats::folds;
use mercer_stats::survival::{CumulativeHazard, breslow_baseline, concordance};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::boosted::{Growing, Lessons};
use super::linear::Linear;
use super::terms::{self, Term};
use super::{BLENDS, FEWEST_FOR_TREES, FEWEST_OUTCOMES, STACKED_MEMBERS, blended, classes, usual};
use crate::params::{Learner, Params};
use crate::table::Table;

/// Penalties of the regression that are tried.
const PENALTIES: [f64; 5] = [0.3, 3.0, 10.0, 30.0, 300.0];
/// By how much a blend must rank better than the better one alone.
const WORTH: f64 = 2e-4;

/// Rows that were watched for some time.
#[derive(Clone, Copy)]
pub(crate) struct Watched<'a> {
    /// The features.
    pub(crate) table: &'a Table,
    /// How long each row was watched, until the event or the end of watching.
    pub(crate) times: &'a [f64],
    /// Whether the event ended it.
    pub(crate) events: &'a [bool],
    /// Whose each row is, where some have several: theirs are kept together.
    pub(crate) owners: Option<&'a [u32]>,
}

/// When an event comes, from features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Clock {
    trees: Option<Ensemble>,
    linear: Option<Linear>,
    say_of_trees: f64,
    /// Taken off the log of the hazard, so that the average row has a ratio of 1.
    centre: f64,
    hazard: CumulativeHazard,
    /// The longest time that a row was watched; 0 in models of before it was kept.
    #[serde(default)]
    watched: f64,
}

/// A clock, and the log hazard ratios of the rows it was learnt from by models that did not see them.
pub(crate) struct LearntClock {
    pub(crate) clock: Clock,
    /// Cox regression alone, for comparison.
    pub(crate) regression: Option<Clock>,
}

impl Clock {
    /// The log of each row's hazard against the average row's.
    pub(crate) fn log_ratios(&self, table: &Table) -> Result<Vec<f64>> {
        let trees = self.trees.as_ref().map(|trees| trees.margins(table.matrix())).transpose()?;
        let linear = self.linear.as_ref().map(|linear| linear.scores(table)).transpose()?;
        let mut ratios = match (trees, linear) {
            (Some(trees), Some(linear)) => blended(&trees, &linear, self.say_of_trees),
            (Some(ratios), None) | (None, Some(ratios)) => ratios,
            (None, None) => vec![self.centre; table.rows()],
        };
        ratios.iter_mut().for_each(|ratio| *ratio -= self.centre);
        Ok(ratios)
    }

    /// The probability that the event has not come by a time.
    pub(crate) fn survival(&self, time: f64, log_ratio: f64) -> f64 {
        self.hazard.survival(time, log_ratio)
    }

    /// The probability that the event has not come by a time; `NaN` beyond what was watched.
    pub(crate) fn known_survival(&self, time: f64, log_ratio: f64) -> f64 {
        if time <= self.watched { self.survival(time, log_ratio) } else { f64::NAN }
    }

    /// The time by which the event has come with a probability of one half; infinite where it is beyond what was watched.
    pub(crate) fn median(&self, log_ratio: f64) -> f64 {
        let wanted = std::f64::consts::LN_2 / log_ratio.exp();
        let at = self.hazard.hazard.partition_point(|hazard| *hazard < wanted);
        self.hazard.times.get(at).copied().unwrap_or(f64::INFINITY)
    }

    /// What each feature adds to the log hazard ratio of each row.
    pub(crate) fn contributions(&self, table: &Table) -> Result<Contributions> {
        let features = table.features().len();
        let mut all = Contributions { expected: -self.centre, features, values: vec![0.0; features * table.rows()] };
        let mut add = |part: Contributions, say: f64| {
            all.expected += say * part.expected;
            all.values.iter_mut().zip(part.values).for_each(|(sum, value)| *sum += say * value);
        };
        if let Some(trees) = &self.trees {
            let say = if self.linear.is_some() { self.say_of_trees } else { 1.0 };
            add(Explainer::new(trees)?.values(table.matrix())?, say);
        }
        if let Some(linear) = &self.linear {
            let say = if self.trees.is_some() { 1.0 - self.say_of_trees } else { 1.0 };
            add(linear.contributions(table), say);
        }
        Ok(all)
    }

    /// What it is, in words.
    pub(crate) fn words(&self) -> String {
        match (&self.trees, &self.linear) {
            (Some(trees), Some(_)) => format!(
                "{} boosted trees ({:.0} % of the say) and a Cox regression",
                trees.trees.len(),
                100.0 * self.say_of_trees
            ),
            (Some(trees), None) => format!("{} boosted trees on the hazard", trees.trees.len()),
            (None, Some(linear)) => format!("a Cox regression (penalty {})", linear.penalty),
            (None, None) => "the same curve for everybody".to_owned(),
        }
    }
}

/// Learns a clock.
///
/// # Errors
/// With too few events.
pub(crate) fn learn(watched: &Watched<'_>, params: &Params, seed: Seed) -> Result<LearntClock> {
    let events = watched.events.iter().filter(|event| **event).count();
    if events < FEWEST_OUTCOMES {
        return Err(Error::data(format!("only {events} of {} rows have the event", watched.events.len()))
            .with_hint(format!("at least {FEWEST_OUTCOMES} are needed, and a few hundred for a model worth having")));
    }
    let members = if watched.owners.is_some() { params.bag.min(STACKED_MEMBERS) } else { params.bag };
    let count = members.clamp(if members <= 1 { 5 } else { 2 }, 20);
    let seed_of_parts = seed.split("parts of the bag");
    let parts = match watched.owners {
        Some(owners) => folds::grouped(owners, count, seed_of_parts),
        None => folds::stratified(&classes(watched.events), count, seed_of_parts),
    };
    let lessons =
        Lessons { table: watched.table, outcomes: watched.times, events: Some(watched.events), parts: &parts, count };
    let wants_trees = match params.learner {
        Learner::Auto => events >= FEWEST_FOR_TREES,
        Learner::Boosted => true,
        Learner::Linear => false,
    };
    let trees = if wants_trees {
        let settings = Settings { max_depth: 3, ..usual(params, watched.table) };
        let binned = Binned::new(watched.table.matrix(), settings.max_bins);
        let bag = Growing::new(lessons, &binned, Objective::Cox, &settings, members, seed.split("trees"))?;
        let (ensemble, out_of_fold) = bag.finish()?;
        Some((ensemble, centred(out_of_fold, &parts, count)))
    } else {
        None
    };
    let linear = match params.learner {
        Learner::Boosted => None,
        _ => Some(regress(watched, &lessons)?),
    };
    let clock = |trees: Option<Ensemble>, linear: Option<Linear>, say_of_trees: f64, out_of_fold: &[f64]| {
        finish(watched, trees, linear, say_of_trees, out_of_fold)
    };
    let regression =
        linear.as_ref().map(|(linear, ratios)| clock(None, Some(linear.clone()), 0.0, ratios)).transpose()?;
    let clock = match (trees, linear) {
        (Some((trees, of_trees)), Some((linear, of_linear))) => {
            let say = best_say(watched, &of_trees, &of_linear);
            let (trees, linear) = ((say > 0.0).then_some(trees), (say < 1.0).then_some(linear));
            clock(trees, linear, say, &blended(&of_trees, &of_linear, say))?
        }
        (Some((trees, ratios)), None) => clock(Some(trees), None, 1.0, &ratios)?,
        (None, linear) => {
            let (linear, ratios) = linear.unzip();
            clock(None, linear, 0.0, &ratios.unwrap_or_default())?
        }
    };
    Ok(LearntClock { clock, regression })
}

/// The clock with its baseline: from log ratios out of fold, for those of rows that were learnt from are too far apart.
fn finish(
    watched: &Watched<'_>,
    trees: Option<Ensemble>,
    linear: Option<Linear>,
    say_of_trees: f64,
    out_of_fold: &[f64],
) -> Result<Clock> {
    let hazard = CumulativeHazard { times: Vec::new(), hazard: Vec::new() };
    let longest = watched.times.iter().copied().fold(0.0, f64::max);
    let mut clock = Clock { trees, linear, say_of_trees, centre: 0.0, hazard, watched: longest };
    let ratios = clock.log_ratios(watched.table)?;
    clock.centre = ratios.iter().sum::<f64>() / ratios.len().max(1) as f64;
    let known: Vec<usize> = (0..out_of_fold.len()).filter(|row| !out_of_fold[*row].is_nan()).collect();
    let (times, events): (Vec<f64>, Vec<bool>) =
        known.iter().map(|row| (watched.times[*row], watched.events[*row])).unzip();
    let ratios: Vec<f64> = known.iter().map(|row| out_of_fold[*row]).collect();
    clock.hazard = breslow_baseline(&ratios, &times, &events)
        .ok_or_else(|| Error::data("the times leave no baseline").with_hint("give finite times above 0"))?;
    Ok(clock)
}

/// Margins with the mean of each part taken off: models of different parts agree on ratios, not on a level.
fn centred(mut margins: Vec<f64>, parts: &[u32], count: u32) -> Vec<f64> {
    for part in 0..count {
        let of_part = || (0..parts.len()).filter(|row| parts[*row] == part);
        let known: Vec<f64> = of_part().map(|row| margins[row]).filter(|margin| !margin.is_nan()).collect();
        let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
        of_part().collect::<Vec<_>>().into_iter().for_each(|row| margins[row] -= mean);
    }
    margins
}

/// Cox regression with the penalty of the best partial likelihood out of fold, and its log ratios out of fold.
fn regress(watched: &Watched<'_>, lessons: &Lessons<'_>) -> Result<(Linear, Vec<f64>)> {
    let terms = Term::of_table(watched.table);
    let design = terms::design(&terms, watched.table)?;
    let tried: Vec<(f64, f64, Vec<f64>)> = PENALTIES
        .par_iter()
        .map(|penalty| {
            let mut margins = vec![f64::NAN; watched.times.len()];
            let (mut loss, mut rows) = (0.0, 0.0);
            for part in 0..lessons.count {
                let (held_out, inside) = lessons.split(part);
                let inside: Vec<usize> = inside.into_iter().map(|row| row as usize).collect();
                let times: Vec<f64> = inside.iter().map(|row| watched.times[*row]).collect();
                let events: Vec<bool> = inside.iter().map(|row| watched.events[*row]).collect();
                let share = inside.len() as f64 / watched.times.len() as f64;
                let fit = cox::fit(&design.take(&inside), &times, &events, penalty * share, None)?;
                let ratios = fit.log_risk(&design);
                held_out.iter().for_each(|row| margins[*row as usize] = ratios[*row as usize]);
                loss += Objective::Cox.loss(&ratios, &lessons.target(), &held_out) * held_out.len() as f64;
                rows += held_out.len() as f64;
            }
            Ok((*penalty, loss / rows, margins))
        })
        .collect::<Result<_>>()?;
    let best = tried.into_iter().reduce(|best, next| if next.1 < best.1 { next } else { best });
    let (penalty, _, margins) = best.ok_or_else(|| Error::internal("no penalty was tried"))?;
    let fit = cox::fit(&design, watched.times, watched.events, penalty, None)?;
    let linear = Linear::new(terms, 0.0, &fit.coefficients, penalty, watched.table);
    Ok((linear, centred(margins, lessons.parts, lessons.count)))
}

/// The say of the trees that ranks best out of fold; one of both alone where that is as good.
fn best_say(watched: &Watched<'_>, trees: &[f64], linear: &[f64]) -> f64 {
    let rank = |say: f64| {
        let ratios = blended(trees, linear, say);
        let known: Vec<usize> = (0..ratios.len()).filter(|row| !ratios[*row].is_nan()).collect();
        let of = |values: &[f64]| known.iter().map(|row| values[*row]).collect::<Vec<f64>>();
        let events: Vec<bool> = known.iter().map(|row| watched.events[*row]).collect();
        concordance(&of(&ratios), &of(watched.times), &events).unwrap_or(0.5)
    };
    let alone = if rank(0.0) + WORTH >= rank(1.0) { 0.0 } else { 1.0 };
    let mut best = (alone, rank(alone) + WORTH);
    for step in 1..BLENDS {
        let say = step as f64 / BLENDS as f64;
        let tried = rank(say);
        if tried > best.1 {
            best = (say, tried);
        }
    }
    best.0
}
