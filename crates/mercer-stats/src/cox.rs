//! Cox's proportional hazards with a ridge penalty: what makes an event come earlier, whatever the baseline.

use faer::{Mat, MatRef};
use mercer_base::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::dense::{Square, dot};
use crate::design::{add_cross_product, dense_columns};
use crate::newton::{self, Convex};
use crate::survival::by_time;
use crate::{Block, Design};

/// Expected decrease of the objective, an event, at which a fit is done; the last step leaves its square.
const TOLERANCE: f64 = 1e-10;
/// Times of events worked on at once.
const BATCH: usize = 512;

/// A fitted proportional hazards regression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// Change of the log hazard a unit of each column, in the order of the design.
    pub coefficients: Vec<f64>,
    /// The penalty it was fitted with.
    pub penalty: f64,
    /// Log partial likelihood (Efron's), without the penalty.
    pub log_partial_likelihood: f64,
    /// The same with all coefficients 0, to compare with.
    pub null_log_partial_likelihood: f64,
    /// Newton steps taken.
    pub iterations: usize,
    /// Whether this is the maximum. Otherwise there is none as a rule: without a penalty, a column that is highest in every row with
    /// an event sends its coefficient to infinity.
    pub converged: bool,
}

impl Fit {
    /// The log of the hazard relative to a row of zeros, for each row of a design with the same columns.
    #[must_use]
    pub fn log_risk(&self, design: &Design) -> Vec<f64> {
        design.times(0.0, &self.coefficients)
    }

    /// Standard errors of the coefficients from the inverse Hessian of the penalised objective, on the rows it was fitted to.
    ///
    /// # Errors
    /// As [`fit`], and a design of other columns.
    pub fn standard_errors(&self, design: &Design, times: &[f64], events: &[bool]) -> Result<Vec<f64>> {
        if design.columns() != self.coefficients.len() {
            return Err(Error::internal("standard errors for a design of other columns"));
        }
        let objective = Objective::new(design, times, events, self.penalty)?;
        let (_, state) = objective.evaluate(&self.coefficients);
        let (_, hessian) = objective.derivatives(&self.coefficients, &state);
        newton::standard_errors(&hessian).ok_or_else(undetermined)
    }
}

/// Fits `hazard(t) = baseline(t) · exp(row · coefficients)`, minimising the negative log partial likelihood plus
/// `½ penalty Σ coefficient²`. Events at the same time are treated as Efron has it.
///
/// The penalty is on the coefficients as they are: bring columns to a common scale first. `start` is an earlier fit of the same
/// columns. Newton's method; the time is that of a few passes over the rows, with `O(columns²)` for each distinct time of an
/// event. The baseline is [`crate::survival::breslow_baseline`] of the fit's log risk.
///
/// Source: Cox (1972), Regression models and life-tables, JRSS B 34, 187–220; ties: Efron (1977), JASA 72, 557–565.
///
/// # Errors
/// Lengths that differ; a time that is missing or infinite; no event; a penalty below 0; without a penalty, columns that do not
/// vary or can be made of each other.
pub fn fit(design: &Design, times: &[f64], events: &[bool], penalty: f64, start: Option<&Fit>) -> Result<Fit> {
    if !(penalty.is_finite() && penalty >= 0.0) {
        return Err(Error::config(format!("a penalty of {penalty}")).with_hint("a penalty is 0 or a positive number"));
    }
    let objective = Objective::new(design, times, events, penalty)?;
    let nothing = vec![0.0; design.columns()];
    let (null, _) = objective.evaluate(&nothing);
    let point = start.map(|fit| fit.coefficients.clone()).filter(|point| point.len() == nothing.len());
    let happened = events.iter().filter(|event| **event).count() as f64;
    let minimum = newton::minimise(&objective, point.unwrap_or(nothing), None, TOLERANCE * happened);
    let minimum = minimum.ok_or_else(undetermined)?;
    Ok(Fit {
        penalty,
        log_partial_likelihood: 0.5 * penalty * dot(&minimum.point, &minimum.point) - minimum.value,
        null_log_partial_likelihood: -null,
        coefficients: minimum.point,
        iterations: minimum.iterations,
        converged: minimum.converged,
    })
}

fn undetermined() -> Error {
    Error::data("the columns do not determine the coefficients: one does not vary, or can be made of others")
        .with_hint("leave out columns that do not vary or repeat each other, or set a penalty above 0")
}

/// Negative log partial likelihood plus penalty.
struct Objective {
    /// The rows by rising time, columns of numbers centred (which changes no coefficient and keeps digits).
    design: Design,
    events: Vec<bool>,
    /// The distinct times: where their rows begin and end.
    moments: Vec<std::ops::Range<usize>>,
    penalty: f64,
}

/// What is known for given coefficients. Risks are relative to the largest.
struct State {
    risk: Vec<f64>,
    /// For each distinct time, the sum of risks of the rows that are still there, and of those with the event.
    totals: Vec<(f64, f64)>,
}

impl Objective {
    fn new(design: &Design, times: &[f64], events: &[bool], penalty: f64) -> Result<Self> {
        let lengths = (times.len(), events.len());
        let order = by_time(times, events).filter(|order| order.len() == design.rows()).ok_or_else(|| {
            Error::data(format!("{} rows with {} times and {} events", design.rows(), lengths.0, lengths.1))
                .with_hint("each row needs a finite time and whether the event happened")
        })?;
        if !events.contains(&true) {
            return Err(Error::data("the event happened in no row").with_hint("observe the rows for longer"));
        }
        let mut moments = Vec::new();
        let mut start = 0;
        for tie in order.chunk_by(|a, b| times[*a] == times[*b]) {
            moments.push(start..start + tie.len());
            start += tie.len();
        }
        let events = order.iter().map(|row| events[*row]).collect();
        Ok(Self { design: design.take(&order).centred(), events, moments, penalty })
    }

    fn happened(&self, moment: &std::ops::Range<usize>) -> usize {
        self.events[moment.clone()].iter().filter(|event| **event).count()
    }

    /// For each distinct time the sums over its events, each of which sees a part of the others at risk.
    fn hazards(&self, state: &State) -> Vec<Hazard> {
        let hazard = |(moment, (all, dying)): (&std::ops::Range<usize>, &(f64, f64))| {
            let events = self.happened(moment);
            let mut sums = Hazard::default();
            for event in 0..events {
                let part = event as f64 / events as f64;
                let each = 1.0 / (all - part * dying);
                sums.events += 1;
                sums.staying += each;
                sums.dying += (1.0 - part) * each;
                sums.squares += each * each;
                sums.part_squares += part * each * each;
                sums.parts_squared += (part * each).powi(2);
            }
            sums
        };
        self.moments.iter().zip(&state.totals).map(hazard).collect()
    }

    /// The sum over all events of the outer product of the mean row at risk, with itself.
    ///
    /// With `S` the sum of the rows at risk and `D` of those with the event, both weighted with their risk, event `l` of `d` has the mean
    /// `(S − l/d D) / φ`. Over the events of one time the outer products add up to a form of rank two in `S` and `D`.
    fn means_cross_product(&self, state: &State, hazards: &[Hazard]) -> Mat<f64> {
        let columns = self.design.columns();
        let mut sums = Mat::zeros(columns, columns);
        // The weighted sums of the rows of later times, by column.
        let mut later = vec![0.0; columns];
        let with_events: Vec<usize> = (0..hazards.len()).rev().filter(|at| hazards[*at].events > 0).collect();
        let mut end = self.moments.len();
        for batch in with_events.chunks(BATCH) {
            let first = batch.last().copied().unwrap_or(0);
            let mut lines = vec![0.0; 2 * batch.len() * columns];
            self.fill_lines(state, hazards, first..end, &mut later, &mut lines);
            add_cross_product(&mut sums, MatRef::from_column_major_slice(&lines, 2 * batch.len(), columns), 1.0);
            end = first;
        }
        sums
    }

    /// Fills `lines`, column after column, with two lines for each time with events, from the last to the first, whose cross product
    /// is the form above.
    fn fill_lines(
        &self,
        state: &State,
        hazards: &[Hazard],
        moments: std::ops::Range<usize>,
        later: &mut [f64],
        lines: &mut [f64],
    ) {
        let length = lines.len() / later.len().max(1);
        let mut first = 0;
        for block in self.design.blocks() {
            let here = first..first + block.columns();
            first = here.end;
            let later = &mut later[here.clone()];
            let lines = &mut lines[here.start * length..here.end * length];
            match block {
                Block::Dense { values, .. } => {
                    let columns = dense_columns(values, self.design.rows());
                    for ((column, later), out) in columns.zip(later).zip(lines.chunks_exact_mut(length)) {
                        let mut out = out.chunks_exact_mut(2);
                        for at in moments.clone().rev() {
                            let mut dying = 0.0;
                            for row in self.moments[at].clone() {
                                let weighted = state.risk[row] * column[row];
                                *later += weighted;
                                dying += if self.events[row] { weighted } else { 0.0 };
                            }
                            if hazards[at].events > 0
                                && let Some(out) = out.next()
                            {
                                out.copy_from_slice(&hazards[at].lines(*later, dying));
                            }
                        }
                    }
                }
                Block::Codes { levels, codes } => {
                    let levels = *levels as usize;
                    let (mut line, mut dying) = (0, vec![0.0; levels]);
                    for at in moments.clone().rev() {
                        dying.fill(0.0);
                        for row in self.moments[at].clone() {
                            let level = codes[row] as usize;
                            if level < levels {
                                later[level] += state.risk[row];
                                dying[level] += if self.events[row] { state.risk[row] } else { 0.0 };
                            }
                        }
                        if hazards[at].events > 0 {
                            for ((later, dying), out) in later.iter().zip(&dying).zip(lines.chunks_exact_mut(length)) {
                                out[line..line + 2].copy_from_slice(&hazards[at].lines(*later, *dying));
                            }
                            line += 2;
                        }
                    }
                }
            }
        }
    }
}

/// Sums over the events of one time; event `l` of `d` has the part `l/d` and `φ`, the risks it competes with.
#[derive(Default)]
struct Hazard {
    events: usize,
    /// `Σ 1/φ`: the hazard of a row that stays.
    staying: f64,
    /// `Σ (1 − l/d)/φ`: that of a row that has the event.
    dying: f64,
    /// `Σ 1/φ²`.
    squares: f64,
    /// `Σ (l/d)/φ²`.
    part_squares: f64,
    /// `Σ ((l/d)/φ)²`.
    parts_squared: f64,
}

impl Hazard {
    /// Two numbers whose squares add up to `Σ ((all − l/d dying)/φ)²`, linear in `all` and `dying` (a Cholesky factor).
    fn lines(&self, all: f64, dying: f64) -> [f64; 2] {
        let root = self.squares.sqrt();
        let cross = self.part_squares / root;
        [root * all - cross * dying, (self.parts_squared - cross * cross).max(0.0).sqrt() * dying]
    }
}

impl Convex for Objective {
    type State = State;

    fn evaluate(&self, point: &[f64]) -> (f64, State) {
        let log_risk = self.design.times(0.0, point);
        let most = log_risk.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let risk: Vec<f64> = log_risk.iter().map(|value| (value - most).exp()).collect();
        let mut totals = vec![(0.0, 0.0); self.moments.len()];
        let (mut at_risk, mut loss) = (0.0, 0.0);
        for (moment, total) in self.moments.iter().zip(&mut totals).rev() {
            let mut dying = 0.0;
            for row in moment.clone() {
                at_risk += risk[row];
                if self.events[row] {
                    dying += risk[row];
                    loss -= log_risk[row] - most;
                }
            }
            let events = self.happened(moment);
            loss += (0..events).map(|event| (at_risk - event as f64 / events as f64 * dying).ln()).sum::<f64>();
            *total = (at_risk, dying);
        }
        (loss + 0.5 * self.penalty * dot(point, point), State { risk, totals })
    }

    fn derivatives(&self, point: &[f64], state: &State) -> (Vec<f64>, Square) {
        let hazards = self.hazards(state);
        // What each row was expected to have of the event, given its risk and how long it was there.
        let mut expected = vec![0.0; self.events.len()];
        let mut before = 0.0;
        for (moment, hazard) in self.moments.iter().zip(&hazards) {
            for row in moment.clone() {
                let own = if self.events[row] { hazard.dying } else { hazard.staying };
                expected[row] = state.risk[row] * (before + own);
            }
            before += hazard.staying;
        }
        let excess: Vec<f64> =
            expected.iter().zip(&self.events).map(|(expected, event)| expected - f64::from(u8::from(*event))).collect();
        let mut gradient = self.design.weighted_sums(&excess);
        gradient.truncate(point.len());
        gradient.iter_mut().zip(point).for_each(|(slope, x)| *slope += self.penalty * x);
        let squares = self.design.cross_product(&expected);
        let means = self.means_cross_product(state, &hazards);
        let hessian = Square::from_fn(point.len(), |i, j| {
            squares.at(i, j) - means[(i.max(j), i.min(j))] + if i == j { self.penalty } else { 0.0 }
        });
        (gradient, hessian)
    }
}

#[cfg(test)]
mod tests {
    use mercer_base::Seed;
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::made_up::{assert_close, rows, written_out};
    use crate::optimise;

    #[test]
    fn agrees_with_other_packages() {
        let rows = rows();
        let design = rows.design(true);
        let found = fit(&design, &rows.times, &rows.events, 0.0, None).unwrap();
        assert!(found.converged);
        // lifelines 0.30, CoxPHFitter with precision 1e-14: coefficients, standard errors, log-likelihood and ratio to none.
        let expected = [0.675_624_097_048, -0.736_724_629_414, 1.024_891_174_289, -0.499_216_531_182];
        assert_close(&found.coefficients, &expected, 1e-8);
        let errors = found.standard_errors(&design, &rows.times, &rows.events).unwrap();
        let expected = [0.301_177_843_239, 0.473_324_911_666, 0.438_636_322_707, 0.336_519_388_235];
        assert_close(&errors, &expected, 1e-8);
        let ratio = 2.0 * (found.log_partial_likelihood - found.null_log_partial_likelihood);
        assert_close(&[found.log_partial_likelihood, ratio], &[-93.044_976_912_294, 14.327_676_192_250], 1e-8);
        // scikit-survival 0.28, CoxPHSurvivalAnalysis(alpha=2, ties="efron").
        let held = fit(&design, &rows.times, &rows.events, 2.0, Some(&found)).unwrap();
        let expected = [0.510_870_781_053, -0.589_406_401_223, 0.747_215_068_93, -0.367_107_155_988];
        assert_close(&held.coefficients, &expected, 1e-8);
    }

    #[test]
    fn says_what_is_wrong() {
        let rows = rows();
        let design = rows.design(false);
        let error = fit(&design, &rows.times, &rows.events, 0.0, None).unwrap_err();
        assert!(error.hint().is_some_and(|hint| hint.contains("penalty")), "{error:?}");
        assert!(fit(&design, &rows.times, &[false; 48], 1.0, None).is_err());
        assert!(fit(&design, &rows.times[1..], &rows.events[1..], 1.0, None).is_err());
        assert!(fit(&design, &[f64::NAN; 48], &rows.events, 1.0, None).is_err());
        assert!(fit(&design, &rows.times, &rows.events, -1.0, None).is_err());
        // The one column orders the events perfectly: its coefficient has no bound.
        let column = Block::Dense { columns: 1, values: vec![5.0, 4.0, 3.0, 2.0, 1.0] };
        let ordered = Design::new(5, vec![column]).unwrap();
        assert!(!fit(&ordered, &[1.0, 2.0, 3.0, 4.0, 5.0], &[true; 5], 0.0, None).unwrap().converged);
        assert!(fit(&Design::new(2, Vec::new()).unwrap(), &[1.0, 2.0], &[true; 2], 0.0, None).unwrap().converged);
    }

    /// Exponential times whose rate depends on two numbers and a category, censored, rounded up to whole days.
    fn simulated(rows: usize, seed: Seed) -> (Design, Vec<f64>, Vec<bool>) {
        let mut dice = ChaCha8Rng::seed_from_u64(seed.0);
        let numbers: Vec<f64> = (0..2 * rows).map(|_| 2.0 * dice.random::<f64>() - 1.0).collect();
        let codes: Vec<u32> = (0..rows).map(|_| dice.random_range(0..3)).collect();
        let (mut times, mut events) = (Vec::new(), Vec::new());
        for row in 0..rows {
            let category = [0.0, 0.5, -0.5][codes[row] as usize];
            let rate = 0.02 * (numbers[row] - 0.5 * numbers[rows + row] + category).exp();
            let (time, until) = (-(-dice.random::<f64>()).ln_1p() / rate, 100.0 * dice.random::<f64>());
            times.push(time.min(until).ceil());
            events.push(time <= until);
        }
        let codes = codes.iter().map(|code| code.wrapping_sub(1)).collect();
        let blocks = vec![Block::Dense { columns: 2, values: numbers }, Block::Codes { levels: 2, codes }];
        (Design::new(rows, blocks).unwrap(), times, events)
    }

    #[test]
    fn finds_the_planted_effects() {
        let truth = [1.0, -0.5, 0.5, -0.5];
        let mut covered = [0; 4];
        for trial in 0..100 {
            let (design, times, events) = simulated(800, Seed(trial));
            let found = fit(&design, &times, &events, 0.0, None).unwrap();
            let errors = found.standard_errors(&design, &times, &events).unwrap();
            for (column, covered) in covered.iter_mut().enumerate() {
                *covered += u32::from((found.coefficients[column] - truth[column]).abs() < 1.96 * errors[column]);
            }
        }
        // 95 of 100 expected; four standard errors are 9.
        assert!(covered.iter().all(|covered| (86..=100).contains(covered)), "{covered:?}");
    }

    #[test]
    fn the_same_at_any_thread_count_and_over_many_batches() {
        let (design, mut times, events) = simulated(6_000, Seed(1));
        // Distinct times, so that events take several batches.
        times.iter_mut().zip(0_u32..).for_each(|(time, row)| *time += f64::from(row) / 10_000.0);
        let results = [1, 2, 8].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| fit(&design, &times, &events, 1.0, None).unwrap())
        });
        assert_eq!(results[0], results[1]);
        assert_eq!(results[0], results[2]);
        let plain = fit(&written_out(&design), &times, &events, 1.0, None).unwrap();
        assert_close(&results[0].coefficients, &plain.coefficients, 1e-9);
    }

    proptest! {
        #[test]
        fn derivatives_are_those_of_the_value(
            drawn in prop::collection::vec((-2.0_f64..2.0, 0_u32..4, 1_u8..6, any::<bool>()), 4..30),
            point in prop::collection::vec(-1.0_f64..1.0, 4),
        ) {
            let mut drawn = drawn;
            drawn[0].3 = true;
            let numbers = Block::Dense { columns: 1, values: drawn.iter().map(|row| row.0).collect() };
            let codes = Block::Codes { levels: 3, codes: drawn.iter().map(|row| row.1).collect() };
            let design = Design::new(drawn.len(), vec![codes, numbers]).unwrap();
            let times: Vec<f64> = drawn.iter().map(|row| f64::from(row.2)).collect();
            let events: Vec<bool> = drawn.iter().map(|row| row.3).collect();
            let objective = Objective::new(&design, &times, &events, 0.3).unwrap();
            let (_, state) = objective.evaluate(&point);
            let (gradient, hessian) = objective.derivatives(&point, &state);
            for column in 0..4 {
                let at = |step: f64| {
                    let mut moved = point.clone();
                    moved[column] += step;
                    objective.evaluate(&moved).0
                };
                // Central differences: the error is a third derivative times 1e-8, and rounding over the step.
                prop_assert!((gradient[column] - (at(1e-4) - at(-1e-4)) / 2e-4).abs() < 1e-5);
            }
            let slopes = |x: &[f64], slope: &mut [f64]| {
                let (value, state) = objective.evaluate(x);
                slope.copy_from_slice(&objective.derivatives(x, &state).0);
                value
            };
            let differences = optimise::hessian(slopes, &point, &[1.0; 4]);
            for row in 0..4 {
                assert_close(hessian.row(row), differences.row(row), 1e-5);
            }
        }
    }
}
