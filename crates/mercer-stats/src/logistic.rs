//! Logistic regression with a ridge penalty: the chance of an outcome from numbers and categories.

use mercer_base::{Error, Result};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::Design;
use crate::dense::{Square, dot};
use crate::newton::{self, Convex};
use crate::special::{self, SumOfLogs};

/// Expected decrease of the objective, a unit of weight, at which a fit is done; the last step leaves its square.
const TOLERANCE: f64 = 1e-10;
/// The same while penalties are compared: the rest, its square, is far below a difference in log-loss that matters.
const ROUGH_TOLERANCE: f64 = 1e-3;
/// Rows whose chances are found at a time. Part of the result, as their losses are summed first.
const CHUNK: usize = 2_048;

/// A fitted logistic regression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// Log-odds of the outcome where all columns are 0.
    pub intercept: f64,
    /// Change of the log-odds a unit of each column, in the order of the design.
    pub coefficients: Vec<f64>,
    /// The penalty it was fitted with.
    pub penalty: f64,
    /// Log-likelihood of the outcomes, weighted, without the penalty.
    pub log_likelihood: f64,
    /// Newton steps taken.
    pub iterations: usize,
    /// Whether this is the minimum. Otherwise there is none as a rule: without a penalty, columns that separate the outcomes,
    /// completely or in part, send coefficients to infinity.
    pub converged: bool,
}

/// Standard errors of a fit.
#[derive(Debug, Clone, PartialEq)]
pub struct StandardErrors {
    /// Of the intercept.
    pub intercept: f64,
    /// Of each coefficient.
    pub coefficients: Vec<f64>,
}

impl Fit {
    /// The log-odds of the outcome for each row of a design with the same columns.
    #[must_use]
    pub fn log_odds(&self, design: &Design) -> Vec<f64> {
        design.times(self.intercept, &self.coefficients)
    }

    /// The chance of the outcome for each row of a design with the same columns.
    #[must_use]
    pub fn probabilities(&self, design: &Design) -> Vec<f64> {
        let mut chances = self.log_odds(design);
        chances.par_iter_mut().for_each(|value| *value = special::logistic(*value));
        chances
    }

    /// Standard errors from the inverse Hessian of the penalised objective, on the design it was fitted to.
    ///
    /// With a penalty they are the standard deviations of the posterior with that prior (Laplace's approximation), which
    /// understate how far a coefficient that the penalty holds down may be from the truth.
    ///
    /// # Errors
    /// A design of other columns, or one whose columns do not determine the coefficients.
    pub fn standard_errors(&self, design: &Design, weights: Option<&[f64]>) -> Result<StandardErrors> {
        if design.columns() != self.coefficients.len() {
            return Err(Error::internal("standard errors for a design of other columns"));
        }
        check_weights(design, weights)?;
        let objective = Objective { design, targets: &[], weights, penalty: self.penalty };
        let hessian = objective.hessian(&self.probabilities(design));
        let mut coefficients = newton::standard_errors(&hessian).ok_or_else(undetermined)?;
        let intercept = coefficients.pop().unwrap_or(f64::NAN);
        Ok(StandardErrors { intercept, coefficients })
    }
}

/// Fits `logit P(outcome) = intercept + row · coefficients`, minimising the negative log-likelihood (rows weighted, if there
/// are weights) plus `½ penalty Σ coefficient²`; the intercept is not penalised.
///
/// The penalty is on the coefficients as they are: bring columns to a common scale first. scikit-learn's `C` is `1 / penalty`.
/// `start` is an earlier fit of the same columns. Newton's method with a line search; about six passes over the rows.
///
/// Source: McCullagh and Nelder (1989), Generalized Linear Models, chapter 4; le Cessie and van Houwelingen (1992), Ridge
/// estimators in logistic regression, Applied Statistics 41, 191–201.
///
/// # Errors
/// Lengths that differ; a weight that is negative or not finite; outcomes that are all the same; a penalty below 0; without a
/// penalty, columns that can be made of each other (such as all levels of a category).
pub fn fit(
    design: &Design,
    outcomes: &[bool],
    weights: Option<&[f64]>,
    penalty: f64,
    start: Option<&Fit>,
) -> Result<Fit> {
    fit_targets(design, &targets(outcomes), weights, penalty, start, TOLERANCE)
}

/// A penalty that was tried.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// The penalty, for all rows.
    pub penalty: f64,
    /// Mean log-loss of rows held out, over all folds.
    pub log_loss: f64,
    /// Standard error of that mean from its spread over the folds, rows weighted.
    pub standard_error: f64,
}

/// The penalty that predicts best, and the fit with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chosen {
    /// The penalties that were tried, falling.
    pub tried: Vec<Tried>,
    /// The fit to all rows with the penalty of least log-loss; the largest of equals.
    pub fit: Fit,
    /// The log-odds of each row by a fit with that penalty to the other folds.
    pub log_odds: Vec<f64>,
}

/// Chooses among `penalties` by the log-loss of rows held out, fold by fold, and fits all rows with the best one.
///
/// `fold_of` gives the fold of each row (see [`crate::folds`]). Within folds the penalty is reduced by the share of weight left in,
/// so that it means the same as for all rows. The search begins in the middle of the penalties and goes downhill, for the loss has
/// one valley as a rule; so the ends are tried only where they may matter. Each fit starts from a near one.
///
/// # Errors
/// As [`fit`], for any fold; no penalties; fewer than two folds.
pub fn choose_penalty(
    design: &Design,
    outcomes: &[bool],
    weights: Option<&[f64]>,
    penalties: &[f64],
    fold_of: &[u32],
) -> Result<Chosen> {
    let mut folds = fold_of.to_vec();
    folds.sort_unstable();
    folds.dedup();
    if folds.len() < 2 || fold_of.len() != design.rows() || penalties.is_empty() {
        return Err(Error::internal(
            "a penalty is chosen with two folds or more, a fold for each row and a penalty to try",
        ));
    }
    check_weights(design, weights)?;
    let mut penalties = penalties.to_vec();
    penalties.sort_unstable_by(|a, b| b.total_cmp(a));
    let targets = targets(outcomes);
    if targets.len() != design.rows() {
        return Err(Error::internal(format!("{} outcomes for {} rows", targets.len(), design.rows())));
    }
    let parts = folds.iter().map(|fold| Part::of_fold(*fold, fold_of, design, &targets, weights)).collect();
    let search = Search { design, targets: &targets, weights, fold_of, folds: &folds, parts };
    let middle = penalties.len() / 2;
    let mut tried = vec![search.attempt(penalties[middle], None)?];
    // Larger penalties stand first; the best of those tried is never at an end that could be gone beyond.
    let (mut first, mut last) = (middle, middle);
    loop {
        let least = |best: usize, next: usize| {
            if tried[next].tried.log_loss < tried[best].tried.log_loss { next } else { best }
        };
        let best = (1..tried.len()).fold(0, least);
        if best == 0 && first > 0 {
            first -= 1;
            let attempt = search.attempt(penalties[first], Some(&tried[0].fit))?;
            tried.insert(0, attempt);
        } else if best + 1 == tried.len() && last + 1 < penalties.len() {
            last += 1;
            let attempt = search.attempt(penalties[last], Some(&tried[best].fit))?;
            tried.push(attempt);
        } else {
            let all = tried.iter().map(|attempt| attempt.tried).collect();
            let Attempt { fit, log_odds, .. } = tried.swap_remove(best);
            let fit = fit_targets(design, &targets, weights, fit.penalty, Some(&fit), TOLERANCE)?;
            return Ok(Chosen { tried: all, fit, log_odds });
        }
    }
}

/// The rows by which penalties are compared.
struct Search<'a> {
    design: &'a Design,
    targets: &'a [f64],
    weights: Option<&'a [f64]>,
    fold_of: &'a [u32],
    folds: &'a [u32],
    /// The rows of each fold.
    parts: Vec<Part>,
}

/// Rows of a design with what is known of them.
struct Part {
    rows: Vec<usize>,
    design: Design,
    targets: Vec<f64>,
    weights: Option<Vec<f64>>,
}

impl Part {
    fn of_fold(fold: u32, fold_of: &[u32], design: &Design, targets: &[f64], weights: Option<&[f64]>) -> Self {
        let rows: Vec<usize> = (0..fold_of.len()).filter(|row| fold_of[*row] == fold).collect();
        let own = |of: &[f64]| rows.iter().map(|row| of[*row]).collect::<Vec<f64>>();
        Self { design: design.take(&rows), targets: own(targets), weights: weights.map(own), rows }
    }

    /// Gradient and Hessian of the negative log-likelihood of these rows, from the chances of all rows.
    fn derivatives(&self, chances: &[f64]) -> (Vec<f64>, Square) {
        let chances: Vec<f64> = self.rows.iter().map(|row| chances[*row]).collect();
        let weights = self.weights.as_deref();
        let objective = Objective { design: &self.design, targets: &self.targets, weights, penalty: 0.0 };
        objective.derivatives(&vec![0.0; self.design.columns() + 1], &chances)
    }
}

/// A penalty that was tried, with its rough fit to all rows and the log-odds of each row by a fit to the other folds.
struct Attempt {
    tried: Tried,
    fit: Fit,
    log_odds: Vec<f64>,
}

impl Search<'_> {
    fn attempt(&self, penalty: f64, near: Option<&Fit>) -> Result<Attempt> {
        let Self { design, targets, weights, .. } = *self;
        let fit = fit_targets(design, targets, weights, penalty, near, ROUGH_TOLERANCE)?;
        let mut log_odds = vec![0.0; design.rows()];
        // For each fold the weight held out, and the sum of its losses.
        let mut losses = Vec::with_capacity(self.folds.len());
        let all = weights.map_or_else(|| vec![1.0; design.rows()], <[f64]>::to_vec);
        let total: f64 = all.iter().sum();
        // Derivatives are sums over rows: those of the rows of a fold, taken from those of all rows, are the first that the fit to
        // the others needs, and there is hardly ever need of more.
        let point: Vec<f64> = fit.coefficients.iter().copied().chain([fit.intercept]).collect();
        let (_, chances) = Objective { design, targets, weights, penalty: 0.0 }.evaluate(&point);
        let of_folds: Vec<(Vec<f64>, Square)> = self.parts.iter().map(|part| part.derivatives(&chances)).collect();
        let slope = |at: usize| of_folds.iter().map(|of| of.0[at]).sum::<f64>();
        let curvature = |i: usize, j: usize| of_folds.iter().map(|of| of.1.at(i, j)).sum::<f64>();
        let columns = design.columns();
        for (fold, own) in self.folds.iter().zip(&of_folds) {
            let (mut inside, mut outside) = (all.clone(), all.clone());
            for ((inside, outside), of) in inside.iter_mut().zip(&mut outside).zip(self.fold_of) {
                *(if of == fold { inside } else { outside }) = 0.0;
            }
            let share = inside.iter().sum::<f64>() / total;
            let penalty = penalty * share;
            let shrink = |at: usize| if at < columns { penalty } else { 0.0 };
            let gradient = (0..=columns).map(|at| slope(at) - own.0[at] + shrink(at) * point[at]).collect();
            let hessian = Square::from_fn(columns + 1, |i, j| {
                curvature(i, j) - own.1.at(i, j) + if i == j { shrink(i) } else { 0.0 }
            });
            let first = Some((gradient, hessian));
            let found = fit_from(design, targets, Some(&inside), penalty, Some(&fit), first, ROUGH_TOLERANCE)?;
            let of_rows = found.log_odds(design);
            let mine = self.fold_of.iter().zip(&of_rows).zip(&mut log_odds).filter(|((of, _), _)| *of == fold);
            mine.for_each(|((_, found), place)| *place = *found);
            let held = Objective { design, targets, weights: Some(&outside), penalty: 0.0 };
            losses.push((outside.iter().sum(), held.loss(of_rows).0));
        }
        Ok(Attempt { tried: summary(penalty, &losses), fit, log_odds })
    }
}

fn summary(penalty: f64, losses: &[(f64, f64)]) -> Tried {
    let (weight, loss) = losses.iter().fold((0.0, 0.0), |sums, fold| (sums.0 + fold.0, sums.1 + fold.1));
    let log_loss = loss / weight;
    let squares: f64 =
        losses.iter().filter(|fold| fold.0 > 0.0).map(|(n, loss)| n * (loss / n - log_loss).powi(2)).sum();
    let standard_error = (squares / weight / (losses.len() as f64 - 1.0)).sqrt();
    Tried { penalty, log_loss, standard_error }
}

fn targets(outcomes: &[bool]) -> Vec<f64> {
    outcomes.iter().map(|outcome| f64::from(u8::from(*outcome))).collect()
}

/// [`fit`] to targets of `[0, 1]`, the chance with which each row has the outcome.
pub(crate) fn fit_targets(
    design: &Design,
    targets: &[f64],
    weights: Option<&[f64]>,
    penalty: f64,
    start: Option<&Fit>,
    tolerance: f64,
) -> Result<Fit> {
    fit_from(design, targets, weights, penalty, start, None, tolerance)
}

/// [`fit_targets`] where gradient and Hessian at the start may be known already.
fn fit_from(
    design: &Design,
    targets: &[f64],
    weights: Option<&[f64]>,
    penalty: f64,
    start: Option<&Fit>,
    first: Option<(Vec<f64>, Square)>,
    tolerance: f64,
) -> Result<Fit> {
    check_weights(design, weights)?;
    if targets.len() != design.rows() {
        return Err(Error::internal(format!("{} outcomes for {} rows", targets.len(), design.rows())));
    }
    if !(penalty.is_finite() && penalty >= 0.0) {
        return Err(Error::config(format!("a penalty of {penalty}")).with_hint("a penalty is 0 or a positive number"));
    }
    let weight: f64 = weights.map_or(targets.len() as f64, |weights| weights.iter().sum());
    let with = weights.map_or_else(|| targets.iter().sum(), |weights| dot(targets, weights));
    if !(with > 0.0 && with < weight) {
        return Err(Error::data("the outcome is the same in all rows").with_hint("a fit needs rows of both kinds"));
    }
    let mut point = match start {
        Some(start) if start.coefficients.len() == design.columns() => start.coefficients.clone(),
        _ => vec![0.0; design.columns()],
    };
    point.push(start.map_or_else(|| (with / (weight - with)).ln(), |start| start.intercept));
    let objective = Objective { design, targets, weights, penalty };
    let minimum = newton::minimise(&objective, point, first, tolerance * weight).ok_or_else(undetermined)?;
    let (iterations, converged, mut coefficients) = (minimum.iterations, minimum.converged, minimum.point);
    let intercept = coefficients.pop().unwrap_or(0.0);
    let log_likelihood = 0.5 * penalty * dot(&coefficients, &coefficients) - minimum.value;
    Ok(Fit { intercept, coefficients, penalty, log_likelihood, iterations, converged })
}

fn undetermined() -> Error {
    Error::data("the columns do not determine the coefficients: one can be made of others")
        .with_hint("leave out one of the columns that repeat each other, or set a penalty above 0")
}

fn check_weights(design: &Design, weights: Option<&[f64]>) -> Result<()> {
    match weights {
        Some(weights) if weights.len() != design.rows() => {
            Err(Error::internal(format!("{} weights for {} rows", weights.len(), design.rows())))
        }
        Some(weights) if !weights.iter().all(|weight| weight.is_finite() && *weight >= 0.0) => {
            Err(Error::data("a weight is negative, missing or infinite").with_hint("weights are 0 or positive numbers"))
        }
        _ => Ok(()),
    }
}

/// Negative log-likelihood plus penalty; the unknowns are the coefficients and, last, the intercept.
struct Objective<'a> {
    design: &'a Design,
    targets: &'a [f64],
    weights: Option<&'a [f64]>,
    penalty: f64,
}

impl Objective<'_> {
    fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[row])
    }

    /// The sum of the weighted log-losses, and the chance of each row.
    fn loss(&self, mut log_odds: Vec<f64>) -> (f64, Vec<f64>) {
        let one_chunk = |(chunk, values): (usize, &mut [f64])| {
            let (mut sum, mut logs) = (0.0, SumOfLogs::default());
            for (row, value) in (chunk * CHUNK..).zip(values) {
                // ln(1 + e^x) and 1 / (1 + e^−x) from the same exponential.
                let (x, e) = (*value, (-value.abs()).exp());
                *value = if x >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) };
                let (weight, apart) = (self.weight(row), x.max(0.0) - self.targets[row] * x);
                if weight == 1.0 {
                    sum += apart;
                    logs.add(1.0 + e);
                } else {
                    sum += weight * (apart + e.ln_1p());
                }
            }
            sum + logs.total()
        };
        let losses: Vec<f64> = log_odds.par_chunks_mut(CHUNK).enumerate().map(one_chunk).collect();
        (losses.iter().sum(), log_odds)
    }

    fn hessian(&self, chances: &[f64]) -> Square {
        let weight = |(row, p): (usize, &f64)| self.weight(row) * p * (1.0 - p);
        let curvature: Vec<f64> = chances.iter().enumerate().map(weight).collect();
        let cross = self.design.cross_product(&curvature);
        let last = self.design.columns();
        Square::from_fn(last + 1, |i, j| cross.at(i, j) + if i == j && i < last { self.penalty } else { 0.0 })
    }
}

impl Convex for Objective<'_> {
    /// The chance of each row.
    type State = Vec<f64>;

    fn evaluate(&self, point: &[f64]) -> (f64, Self::State) {
        let (intercept, coefficients) = point.split_last().map_or((0.0, point), |(last, others)| (*last, others));
        let (loss, chances) = self.loss(self.design.times(intercept, coefficients));
        (loss + 0.5 * self.penalty * dot(coefficients, coefficients), chances)
    }

    fn derivatives(&self, point: &[f64], chances: &Self::State) -> (Vec<f64>, Square) {
        let excess = |(row, p): (usize, &f64)| self.weight(row) * (p - self.targets[row]);
        let excess: Vec<f64> = chances.iter().enumerate().map(excess).collect();
        let mut gradient = self.design.weighted_sums(&excess);
        let coefficients = point.iter().take(self.design.columns());
        gradient.iter_mut().zip(coefficients).for_each(|(slope, x)| *slope += self.penalty * x);
        (gradient, self.hessian(chances))
    }
}

#[cfg(test)]
mod tests {
    use mercer_base::Seed;
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use crate::made_up::{assert_close, rows, written_out};
    use crate::{Block, folds};

    #[test]
    fn agrees_with_other_packages() {
        let rows = rows();
        // scikit-learn 1.9, LogisticRegression(solver="newton-cholesky", tol=1e-14) with C = 1/0.7, and with weights and C = 1/2.5.
        let found = fit(&rows.design(false), &rows.outcomes, None, 0.7, None).unwrap();
        let expected = [1.969_886_106_925, -0.312_209_841_559, 0.099_540_464_634, 0.212_669_376_925, 0.863_304_702_304];
        assert_close(&found.coefficients, &expected, 1e-9);
        assert!((found.intercept - 0.208_277_541_395).abs() < 1e-9 && found.converged);
        let found = fit(&rows.design(false), &rows.outcomes, Some(&rows.weights), 2.5, None).unwrap();
        let expected =
            [1.581_379_646_976, -0.256_235_158_551, -0.066_840_502_932, 0.323_075_661_483, 0.654_014_717_133];
        assert_close(&found.coefficients, &expected, 1e-9);
        assert!((found.intercept - 0.056_389_937_673).abs() < 1e-9);
        // statsmodels 0.14, Logit: estimates, standard errors and log-likelihood, category 0 being the reference.
        let design = rows.design(true);
        let found = fit(&design, &rows.outcomes, None, 0.0, None).unwrap();
        let expected = [2.784_449_717_445, 0.605_138_029_274, 0.881_930_713_113, 1.219_022_535_684];
        assert_close(&found.coefficients, &expected, 1e-8);
        let errors = found.standard_errors(&design, None).unwrap();
        let expected = [0.823_056_190_933, 0.953_242_914_504, 0.930_419_621_686, 0.679_371_971_227];
        assert_close(&errors.coefficients, &expected, 1e-8);
        let others = [found.intercept, errors.intercept, found.log_likelihood];
        assert_close(&others, &[-0.241_045_977_531, 0.599_642_133_592, -21.398_113_623_826], 1e-8);
    }

    #[test]
    fn says_what_is_wrong() {
        let rows = rows();
        let design = rows.design(false);
        // All levels of a category and the intercept repeat each other.
        let error = fit(&design, &rows.outcomes, None, 0.0, None).unwrap_err();
        assert!(error.hint().is_some_and(|hint| hint.contains("penalty")), "{error:?}");
        assert!(fit(&design, &[true; 48], None, 1.0, None).is_err());
        assert!(fit(&design, &rows.outcomes[1..], None, 1.0, None).is_err());
        assert!(fit(&design, &rows.outcomes, Some(&[1.0; 47]), 1.0, None).is_err());
        assert!(fit(&design, &rows.outcomes, Some(&[-1.0; 48]), 1.0, None).is_err());
        assert!(fit(&design, &rows.outcomes, None, f64::NAN, None).is_err());
        assert!(choose_penalty(&design, &rows.outcomes, None, &[1.0], &[0; 48]).is_err());
        assert!(choose_penalty(&design, &rows.outcomes, None, &[], &[0, 1].repeat(24)).is_err());
    }

    #[test]
    fn outcomes_that_are_separated_need_a_penalty() {
        // In part: the last level has the outcome in all of its rows.
        let block = Block::Codes { levels: 2, codes: vec![9, 9, 9, 9, 0, 0, 0, 1, 1, 1] };
        let design = Design::new(10, vec![block]).unwrap();
        let outcomes = [true, false, true, false, true, false, false, true, true, true];
        assert!(!fit(&design, &outcomes, None, 0.0, None).unwrap().converged);
        let held = fit(&design, &outcomes, None, 0.1, None).unwrap();
        assert!(held.converged && held.coefficients[1] > 1.0);
    }

    #[test]
    fn without_columns_it_is_the_rate() {
        let found = fit(&Design::new(4, Vec::new()).unwrap(), &[true, false, true, true], None, 1.0, None).unwrap();
        assert!(found.converged && (found.intercept - 3.0_f64.ln()).abs() < 1e-12);
    }

    /// Rows whose outcome depends on three of twenty columns.
    fn simulated(rows: usize, seed: Seed) -> (Design, Vec<bool>) {
        let mut dice = ChaCha8Rng::seed_from_u64(seed.0);
        let values: Vec<f64> = (0..20 * rows).map(|_| StandardNormal.sample(&mut dice)).collect();
        let log_odds = |row: usize| values[row] - 0.5 * values[rows + row] + 0.25 * values[2 * rows + row] - 0.4;
        let outcomes = (0..rows).map(|row| dice.random::<f64>() < special::logistic(log_odds(row))).collect();
        (Design::new(rows, vec![Block::Dense { columns: 20, values }]).unwrap(), outcomes)
    }

    #[test]
    fn intervals_cover_the_truth() {
        let truth = [1.0, -0.5, 0.25, 0.0];
        let mut covered = [0; 4];
        for trial in 0..200 {
            let (design, outcomes) = simulated(1_000, Seed(trial));
            let found = fit(&design, &outcomes, None, 0.0, None).unwrap();
            let errors = found.standard_errors(&design, None).unwrap().coefficients;
            for (column, covered) in covered.iter_mut().enumerate() {
                *covered += u32::from((found.coefficients[column] - truth[column]).abs() < 1.96 * errors[column]);
            }
        }
        // 190 of 200 expected; four standard errors are 12.
        assert!(covered.iter().all(|covered| (178..=200).contains(covered)), "{covered:?}");
    }

    #[test]
    fn a_penalty_is_chosen_that_predicts_best() {
        let (design, outcomes) = simulated(300, Seed(5));
        let classes: Vec<u32> = outcomes.iter().map(|outcome| u32::from(*outcome)).collect();
        let fold_of = folds::stratified(&classes, 5, Seed(1));
        let penalties = [0.01, 1.0, 10.0, 1e5];
        let chosen = choose_penalty(&design, &outcomes, None, &penalties, &fold_of).unwrap();
        // From 1 on downhill to 10 and, as that is better, beyond; 0.01 need not be tried.
        assert_eq!(chosen.tried.iter().map(|tried| tried.penalty).collect::<Vec<_>>(), [1e5, 10.0, 1.0]);
        let least = chosen.tried.iter().map(|tried| tried.log_loss).fold(f64::INFINITY, f64::min);
        let best = chosen.tried.iter().find(|tried| tried.penalty == chosen.fit.penalty).unwrap();
        assert_eq!(best.log_loss, least);
        // So large a penalty leaves the rate alone: the log-loss of a coin of that rate, known to a few percent.
        let rate = outcomes.iter().filter(|outcome| **outcome).count() as f64 / 300.0;
        let coin = -(rate * rate.ln() + (1.0 - rate) * (1.0 - rate).ln());
        assert!((chosen.tried[0].log_loss - coin).abs() < 0.01 && least < coin - 0.05);
        let exact = fit(&design, &outcomes, None, chosen.fit.penalty, None).unwrap();
        assert_close(&chosen.fit.coefficients, &exact.coefficients, 1e-8);

        // One penalty in one fold by hand: the penalty shrinks with the rows, and the loss is that of the rows held out.
        let losses: Vec<(f64, f64)> = (0..5)
            .map(|fold| {
                let kept: Vec<usize> = (0..300).filter(|row| fold_of[*row] != fold).collect();
                let held: Vec<usize> = (0..300).filter(|row| fold_of[*row] == fold).collect();
                let of = |rows: &[usize]| rows.iter().map(|row| outcomes[*row]).collect::<Vec<bool>>();
                let penalty = 10.0 * kept.len() as f64 / 300.0;
                let found = fit(&design.take(&kept), &of(&kept), None, penalty, None).unwrap();
                let p = found.probabilities(&design.take(&held));
                (held.len() as f64, crate::classification::log_loss(&p, &of(&held)).unwrap() * held.len() as f64)
            })
            .collect();
        let expected = summary(10.0, &losses);
        assert!((chosen.tried[1].log_loss - expected.log_loss).abs() < 1e-6);
        assert!((chosen.tried[1].standard_error - expected.standard_error).abs() < 1e-6);
    }

    #[test]
    fn the_same_at_any_thread_count() {
        let (design, outcomes) = simulated(9_000, Seed(2));
        let results = [1, 2, 8].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| fit(&design, &outcomes, None, 1.0, None).unwrap())
        });
        assert_eq!(results[0], results[1]);
        assert_eq!(results[0], results[2]);
    }

    proptest! {
        #[test]
        fn weights_are_counts_and_codes_are_columns(
            drawn in prop::collection::vec((-2.0_f64..2.0, 0_u32..4, any::<bool>(), 1_u32..4), 6..40),
            penalty in 0.1_f64..5.0,
        ) {
            let mut drawn = drawn;
            (drawn[0].2, drawn[1].2) = (true, false);
            let of = |rows: &[(f64, u32, bool, u32)]| {
                let numbers = Block::Dense { columns: 1, values: rows.iter().map(|row| row.0).collect() };
                let codes = Block::Codes { levels: 3, codes: rows.iter().map(|row| row.1).collect() };
                let outcomes: Vec<bool> = rows.iter().map(|row| row.2).collect();
                (Design::new(rows.len(), vec![codes, numbers]).unwrap(), outcomes)
            };
            let weights: Vec<f64> = drawn.iter().map(|row| f64::from(row.3)).collect();
            let repeated: Vec<_> = drawn.iter().flat_map(|row| std::iter::repeat_n(*row, row.3 as usize)).collect();
            let ((design, outcomes), (more, their_outcomes)) = (of(&drawn), of(&repeated));
            let one = fit(&design, &outcomes, Some(&weights), penalty, None).unwrap();
            let other = fit(&more, &their_outcomes, None, penalty, None).unwrap();
            let plain = fit(&written_out(&design), &outcomes, Some(&weights), penalty, None).unwrap();
            assert_close(&one.coefficients, &other.coefficients, 1e-8);
            assert_close(&one.coefficients, &plain.coefficients, 1e-8);
            prop_assert!(one.converged);
            // From a good start it is there at once.
            let again = fit(&design, &outcomes, Some(&weights), penalty, Some(&one)).unwrap();
            prop_assert!(again.iterations <= 2);
            // At the minimum the fitted chances add up to the outcomes, whatever the penalty.
            let fitted: f64 = one.probabilities(&design).iter().zip(&weights).map(|(p, w)| p * w).sum();
            let happened: f64 = outcomes.iter().zip(&weights).filter(|row| *row.0).map(|row| row.1).sum();
            prop_assert!((fitted - happened).abs() < 1e-8);
        }
    }
}
