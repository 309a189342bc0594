//! Learning probabilities: boosted trees and logistic regression, blended and calibrated by what they get wrong out of fold.

pub(crate) mod boosted;
mod linear;
pub(crate) mod survival;
mod terms;

use mercer_base::{Error, Result, Seed};
use mercer_boost::shapley::{Contributions, Explainer};
use mercer_boost::{Binned, Direction, Ensemble, Objective, Settings};
use mercer_stats::calibrate::Platt;
use mercer_stats::classification::log_loss;
use mercer_stats::special::logistic;
use mercer_stats::{folds, logistic as regression};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use self::boosted::{Growing, Lessons};
use self::linear::Linear;
use self::terms::Term;
use crate::params::{Learner, Params};
use crate::table::Table;

/// With fewer rows that have the outcome, or have it not, nothing is learnt.
pub(crate) const FEWEST_OUTCOMES: usize = 10;
/// With fewer, trees find more accidents than patterns.
const FEWEST_FOR_TREES: usize = 50;
/// What the values of the coarse trees are multiplied by that settings are compared by.
const PILOT_RATE: f64 = 0.25;
/// The shares of the columns for a tree that are compared.
const COLUMN_SHARES: [f64; 2] = [0.4, 0.85];
/// What trees' values are multiplied by where rows are the same customers over and over.
const STACKED_RATE: f64 = 0.1;
/// The most members of a bag there.
const STACKED_MEMBERS: u32 = 3;
/// Penalties of the regression that are tried.
const PENALTIES: [f64; 5] = [0.3, 3.0, 30.0, 300.0, 3_000.0];
/// Steps between the regression alone and the trees alone.
const BLENDS: usize = 10;
/// Share of the log-loss by which a more complicated model must be better.
const WORTH: f64 = 2e-4;

/// Rows to learn a probability from.
#[derive(Clone, Copy)]
pub(crate) struct Problem<'a> {
    /// The features.
    pub(crate) table: &'a Table,
    /// Whether each row has the outcome.
    pub(crate) outcomes: &'a [bool],
    /// Whose each row is, where some have several: they stay together.
    pub(crate) owners: Option<&'a [u32]>,
}

/// Log-odds of an outcome from features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Classifier {
    /// Boosted trees, where they have a say.
    trees: Option<Ensemble>,
    /// Logistic regression, where it has a say.
    linear: Option<Linear>,
    /// The say of the trees, from 0 to 1.
    pub(crate) say_of_trees: f64,
    /// Mends the probabilities, where that made them better.
    calibration: Option<Platt>,
    /// Share of the rows that were learnt from that have the outcome.
    pub(crate) base_rate: f64,
}

/// A classifier and what it says of the rows it was learnt from, each predicted by models that did not see it.
pub(crate) struct Learnt {
    /// The classifier.
    pub(crate) classifier: Classifier,
    /// Probabilities out of fold, of all rows or of those that some member of the bag did not see; `NaN` elsewhere.
    pub(crate) out_of_fold: Vec<f64>,
    /// The regression alone, for comparison.
    pub(crate) regression: Option<Classifier>,
}

impl Classifier {
    /// The log-odds of each row.
    pub(crate) fn margins(&self, table: &Table) -> Result<Vec<f64>> {
        let trees = self.trees.as_ref().map(|trees| trees.margins(table.matrix())).transpose()?;
        let linear = self.linear.as_ref().map(|linear| linear.scores(table)).transpose()?;
        let mut margins = match (trees, linear) {
            (Some(trees), Some(linear)) => blended(&trees, &linear, self.say_of_trees),
            (Some(margins), None) | (None, Some(margins)) => margins,
            (None, None) => vec![log_odds(self.base_rate); table.rows()],
        };
        if let Some(line) = &self.calibration {
            margins.iter_mut().for_each(|margin| *margin = line.intercept + line.slope * *margin);
        }
        Ok(margins)
    }

    /// The probability of each row.
    pub(crate) fn probabilities(&self, table: &Table) -> Result<Vec<f64>> {
        Ok(self.margins(table)?.into_iter().map(logistic).collect())
    }

    /// What each feature adds to the log-odds of each row: exact Shapley values.
    pub(crate) fn contributions(&self, table: &Table) -> Result<Contributions> {
        Ok(self.explained(table, None)?.0)
    }

    /// What each feature adds to the log-odds of each row of `table`, and the trees' exact Shapley interactions of each row of
    /// `pairs` in log-odds, rows × features × features (`None` without trees): the trees are made ready once for both.
    pub(crate) fn explained(&self, table: &Table, pairs: Option<&Table>) -> Result<(Contributions, Option<Vec<f64>>)> {
        let features = table.features().len();
        let mut all = Contributions { expected: 0.0, features, values: vec![0.0; features * table.rows()] };
        let mut add = |part: Contributions, say: f64| {
            all.expected += say * part.expected;
            all.values.iter_mut().zip(part.values).for_each(|(sum, value)| *sum += say * value);
        };
        let slope = self.calibration.map_or(1.0, |line| line.slope);
        let mut interactions = None;
        if let Some(trees) = &self.trees {
            let say = if self.linear.is_some() { self.say_of_trees } else { 1.0 };
            let explainer = Explainer::new(trees)?;
            add(explainer.values(table.matrix())?, slope * say);
            interactions = pairs.map(|pairs| explainer.interactions(pairs.matrix())).transpose()?;
        }
        if let Some(linear) = &self.linear {
            let say = if self.trees.is_some() { 1.0 - self.say_of_trees } else { 1.0 };
            add(linear.contributions(table), slope * say);
        }
        all.expected += self.calibration.map_or(0.0, |line| line.intercept);
        Ok((all, interactions))
    }

    /// What it is, in words.
    pub(crate) fn words(&self) -> String {
        let words = match (&self.trees, &self.linear) {
            (Some(trees), Some(_)) => format!(
                "{} boosted trees ({:.0} % of the say) and a logistic regression",
                trees.trees.len(),
                100.0 * self.say_of_trees
            ),
            (Some(trees), None) => format!("{} boosted trees", trees.trees.len()),
            (None, Some(linear)) => format!("a logistic regression (penalty {})", linear.penalty),
            (None, None) => "the same probability for everybody".to_owned(),
        };
        if self.calibration.is_some() { words + ", recalibrated" } else { words }
    }
}

/// Learns a classifier.
///
/// # Errors
/// With too few rows of either outcome.
pub(crate) fn learn(problem: &Problem<'_>, params: &Params, seed: Seed) -> Result<Learnt> {
    let positives = problem.outcomes.iter().filter(|outcome| **outcome).count();
    let rarer = positives.min(problem.outcomes.len() - positives);
    if rarer < FEWEST_OUTCOMES {
        let which = if rarer == positives { "have" } else { "do not have" };
        return Err(Error::data(format!("only {rarer} of {} rows {which} the outcome", problem.outcomes.len()))
            .with_hint(format!("at least {FEWEST_OUTCOMES} are needed, and a few hundred for a model worth having")));
    }
    let base_rate = positives as f64 / problem.outcomes.len() as f64;
    let is_stacked = problem.owners.is_some();
    let members = if is_stacked { params.bag.min(STACKED_MEMBERS) } else { params.bag };
    let count = members.clamp(if members <= 1 { 5 } else { 2 }, 20);
    let parts = parts(problem, count, seed.split("parts of the bag"));
    let outcomes: Vec<f64> = problem.outcomes.iter().map(|outcome| f64::from(u8::from(*outcome))).collect();
    let lessons = Lessons { table: problem.table, outcomes: &outcomes, events: None, parts: &parts, count };

    let wants_trees = match params.learner {
        Learner::Auto => rarer >= FEWEST_FOR_TREES,
        Learner::Boosted => true,
        Learner::Linear => false,
    };
    let trees = wants_trees.then(|| grow(&lessons, params, members, is_stacked, seed)).transpose()?;
    let linear = match params.learner {
        Learner::Boosted => None,
        _ => Some(regress(problem, &parts)?),
    };
    let regression = linear.as_ref().map(|(linear, _)| Classifier {
        trees: None,
        linear: Some(linear.clone()),
        say_of_trees: 0.0,
        calibration: None,
        base_rate,
    });
    let (classifier, margins) = match (trees, linear) {
        (Some((trees, of_trees)), Some((linear, of_linear))) => {
            let say = best_say(&of_trees, &of_linear, problem.outcomes);
            let margins = blended(&of_trees, &of_linear, say);
            let (trees, linear) = ((say > 0.0).then_some(trees), (say < 1.0).then_some(linear));
            (Classifier { trees, linear, say_of_trees: say, calibration: None, base_rate }, margins)
        }
        (Some((trees, margins)), None) => {
            (Classifier { trees: Some(trees), linear: None, say_of_trees: 1.0, calibration: None, base_rate }, margins)
        }
        (None, linear) => {
            let (linear, margins) = linear.unzip();
            let margins = margins.unwrap_or_default();
            (Classifier { trees: None, linear, say_of_trees: 0.0, calibration: None, base_rate }, margins)
        }
    };
    let (calibration, out_of_fold) = calibrated(&margins, problem.outcomes, &parts, count);
    Ok(Learnt { classifier: Classifier { calibration, ..classifier }, out_of_fold, regression })
}

/// The part of the bag that each row is in.
fn parts(problem: &Problem<'_>, count: u32, seed: Seed) -> Vec<u32> {
    match problem.owners {
        Some(owners) => folds::grouped(owners, count, seed),
        None => folds::stratified(&classes(problem.outcomes), count, seed),
    }
}

/// Outcomes as classes.
pub(crate) fn classes(outcomes: &[bool]) -> Vec<u32> {
    outcomes.iter().map(|outcome| u32::from(*outcome)).collect()
}

/// How trees grow unless other settings are tried.
fn usual(params: &Params, table: &Table) -> Settings {
    let direction = |name: &String| match (params.rising.contains(name), params.falling.contains(name)) {
        (true, false) => Direction::Rising,
        (false, true) => Direction::Falling,
        _ => Direction::Free,
    };
    Settings {
        learning_rate: 0.05,
        max_depth: 4,
        min_child_weight: 2.0,
        min_rows: 10,
        lambda: 5.0,
        column_share: 0.5,
        row_share: 0.8,
        directions: table.features().iter().map(|feature| direction(&feature.name)).collect(),
        ..Settings::default()
    }
}

/// The best of the usual settings and those of the search, and its margins out of fold.
///
/// Where rows are the same customers over and over (`is_stacked`), there is less to learn than there are rows: larger steps and a
/// smaller bag do.
fn grow(
    lessons: &Lessons<'_>,
    params: &Params,
    members: u32,
    is_stacked: bool,
    seed: Seed,
) -> Result<(Ensemble, Vec<f64>)> {
    let mut usual = usual(params, lessons.table);
    if is_stacked {
        usual.learning_rate = STACKED_RATE;
    }
    let binned = Binned::new(lessons.table.matrix(), usual.max_bins);
    if !is_stacked && members > 1 {
        usual = piloted(lessons, &binned, &usual, members, seed)?;
    }
    let plant = |settings| Growing::new(*lessons, &binned, Objective::Logistic, settings, members, seed.split("trees"));
    let mut dice = ChaCha8Rng::seed_from_u64(seed.split("settings").0);
    let trials: Vec<Settings> = (0..params.trials).map(|_| drawn(&usual, &mut dice)).collect();
    let mut best = plant(&usual)?;
    for settings in &trials {
        let tried = plant(settings)?;
        if tried.loss() < best.loss() {
            best = tried;
        }
    }
    best.finish()
}

/// The settings with the share of columns for a tree that suits the table: that differs from table to table. Bags of a few coarse
/// trees tell: what is better for them out of fold is better for many fine ones.
fn piloted(lessons: &Lessons<'_>, binned: &Binned, usual: &Settings, members: u32, seed: Seed) -> Result<Settings> {
    let (mut best, mut least) = (usual.clone(), f64::INFINITY);
    for column_share in COLUMN_SHARES {
        let coarse = Settings { learning_rate: PILOT_RATE, column_share, ..usual.clone() };
        let bag = Growing::new(*lessons, binned, Objective::Logistic, &coarse, members, seed.split("trees"))?;
        if bag.loss() < least {
            (least, best) = (bag.loss(), Settings { column_share, ..usual.clone() });
        }
    }
    Ok(best)
}

/// Settings drawn for the search.
fn drawn(usual: &Settings, dice: &mut ChaCha8Rng) -> Settings {
    Settings {
        learning_rate: [0.02, 0.03, 0.05, 0.1][dice.random_range(0..4)],
        max_depth: dice.random_range(2..8),
        min_child_weight: [1.0, 2.0, 5.0, 10.0][dice.random_range(0..4)],
        lambda: [0.5, 1.0, 5.0, 20.0][dice.random_range(0..4)],
        column_share: [0.3, 0.5, 0.7, 1.0][dice.random_range(0..4)],
        row_share: [0.6, 0.8, 1.0][dice.random_range(0..3)],
        category_smoothing: [5.0, 10.0, 30.0][dice.random_range(0..3)],
        ..usual.clone()
    }
}

/// A regression with the best penalty, and its margins out of fold.
fn regress(problem: &Problem<'_>, parts: &[u32]) -> Result<(Linear, Vec<f64>)> {
    let terms = Term::of_table(problem.table);
    let design = terms::design(&terms, problem.table)?;
    let chosen = regression::choose_penalty(&design, problem.outcomes, None, &PENALTIES, parts)?;
    let regression::Chosen { fit, log_odds, .. } = chosen;
    let linear = Linear::new(terms, fit.intercept, &fit.coefficients, fit.penalty, problem.table);
    Ok((linear, log_odds))
}

/// The say of the trees with the least log-loss out of fold; one of both alone where that is as good.
fn best_say(trees: &[f64], linear: &[f64], outcomes: &[bool]) -> f64 {
    let loss = |say: f64| loss_of_margins(&blended(trees, linear, say), outcomes);
    let alone = if loss(0.0) <= loss(1.0) * (1.0 + WORTH) { 0.0 } else { 1.0 };
    let mut best = (alone, loss(alone) * (1.0 - WORTH));
    for step in 1..BLENDS {
        let say = step as f64 / BLENDS as f64;
        let tried = loss(say);
        if tried < best.1 {
            best = (say, tried);
        }
    }
    best.0
}

/// Log-loss of the rows whose margin is known.
fn loss_of_margins(margins: &[f64], outcomes: &[bool]) -> f64 {
    let (probabilities, outcomes) = known(margins, outcomes);
    log_loss(&probabilities, &outcomes).unwrap_or(f64::INFINITY)
}

/// Probabilities and outcomes of the rows whose margin is known.
fn known(margins: &[f64], outcomes: &[bool]) -> (Vec<f64>, Vec<bool>) {
    let pairs = margins.iter().zip(outcomes).filter(|(margin, _)| !margin.is_nan());
    pairs.map(|(margin, outcome)| (logistic(*margin), *outcome)).unzip()
}

/// A line that mends the probabilities where it lowers the log-loss of rows that it was not drawn through, and the probabilities
/// out of fold, mended where they are.
fn calibrated(margins: &[f64], outcomes: &[bool], parts: &[u32], count: u32) -> (Option<Platt>, Vec<f64>) {
    let plain: Vec<f64> = margins.iter().map(|margin| logistic(*margin)).collect();
    let mut mended = plain.clone();
    for part in 0..count {
        let others: Vec<usize> = (0..parts.len()).filter(|row| parts[*row] != part && !plain[*row].is_nan()).collect();
        let (known, of_known): (Vec<f64>, Vec<bool>) = others.iter().map(|row| (plain[*row], outcomes[*row])).unzip();
        // Without both outcomes among the others there is no line.
        let Ok(line) = Platt::fit(&known, &of_known) else { return (None, plain) };
        for (row, mended) in mended.iter_mut().enumerate().filter(|(row, _)| parts[*row] == part) {
            *mended = line.apply(plain[row]);
        }
    }
    let loss = |probabilities: &[f64]| {
        let pairs = probabilities.iter().zip(outcomes).filter(|(probability, _)| !probability.is_nan());
        let (probabilities, outcomes): (Vec<f64>, Vec<bool>) = pairs.map(|(p, outcome)| (*p, *outcome)).unzip();
        log_loss(&probabilities, &outcomes).unwrap_or(f64::INFINITY)
    };
    if loss(&mended) >= loss(&plain) * (1.0 - WORTH) {
        return (None, plain);
    }
    let (probabilities, of_known) = known(margins, outcomes);
    match Platt::fit(&probabilities, &of_known) {
        Ok(line) => (Some(line), mended),
        Err(_) => (None, plain),
    }
}

fn blended(trees: &[f64], linear: &[f64], say: f64) -> Vec<f64> {
    trees.iter().zip(linear).map(|(trees, linear)| say * trees + (1.0 - say) * linear).collect()
}

fn log_odds(share: f64) -> f64 {
    (share / (1.0 - share)).ln()
}
