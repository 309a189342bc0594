//! Judging probabilities.

use mercer_base::card::{Unit, Value};
use mercer_base::notation::Notation;
use mercer_base::words::count;
use mercer_base::{Result, Seed};
use mercer_method::{Detail, Measure, Verdict};
use mercer_stats::classification::{
    auc_interval, average_precision, brier, calibration_bins, calibration_line, expected_calibration_error, gains,
    lift, log_loss,
};
use mercer_stats::{area_under_roc, bootstrap, folds};

use super::Judgement;
use super::alone::Alone;
use super::details::{counted, detail, number, share, text};
use crate::decide::{deciles, grade_table, profit};
use crate::examples::Examples;
use crate::guard::{Drift, Judged, drift, groups, time};
use crate::learn::{self, classes};
use crate::model::TargetModel;
use crate::params::Params;
use crate::predict::economics;

/// Classes of the calibration picture and of the calibration error.
const CLASSES: usize = 10;
/// Rows with the outcome below which a test says little.
const FEWEST: usize = 20;
const CONFIDENCE: f64 = 0.95;
/// Standard errors of a 95 % interval.
const Z: f64 = 1.96;
const DRAWS: usize = 400;
/// Share of the rows whose lift is told.
const TOP: f64 = 0.1;
/// The feature that a naive forecast of purchases goes by.
const RECENCY: &str = "days_since_order";
/// Steps of the gain curve.
const STEPS: usize = 20;

/// Rows that were predicted by models that had not seen them.
#[derive(Default)]
struct Tested {
    rows: Vec<u32>,
    outcomes: Vec<bool>,
    model: Vec<f64>,
    /// As [`super::BASELINES`].
    baselines: [Vec<f64>; 2],
    /// The regression by itself; `NaN` where none was fitted.
    regression: Vec<f64>,
    /// Where each test part ends.
    ends: Vec<usize>,
    /// Features that were best alone.
    alone: Vec<String>,
}

pub(super) fn judge(params: &Params, target: &TargetModel, examples: &Examples, seed: Seed) -> Result<Judgement> {
    let (splits, design) = splits(params, examples, seed);
    let mut tested = Tested::default();
    for (train, test) in &splits {
        tested.add(params, examples, train, test, seed)?;
    }
    let losses = |probabilities: &[f64]| {
        let pairs = probabilities.iter().zip(&tested.outcomes);
        pairs.map(|(p, outcome)| -(if *outcome { *p } else { 1.0 - p }).max(1e-15).ln()).collect::<Vec<f64>>()
    };
    let own = losses(&tested.model);
    let others = tested.baselines.iter().chain([&tested.regression]);
    let gains_on: Vec<Option<Gain>> = others.map(|other| Gain::of(&losses(other), &own)).collect();
    let measures = tested.measures();
    let positives = tested.outcomes.iter().filter(|outcome| **outcome).count();
    let is_better = gains_on.iter().take(2).flatten().all(|gain| gain.low > 0.0);
    let is_worse_than_regression = gains_on.get(2).copied().flatten().is_some_and(|gain| gain.high < 0.0);
    let verdict = match () {
        () if positives < FEWEST || tested.outcomes.len() - positives < FEWEST => Verdict::TooLittleData,
        () if is_better && !is_worse_than_regression => Verdict::BeatsBaseline,
        () => Verdict::DoesNotBeatBaseline,
    };
    let mut details = tested.details(params, target, examples, &gains_on, seed)?;
    let mut words = tested.words(verdict);
    if let Some((check, drifts)) = in_order(params, examples, &tested, seed)? {
        if check.flattered {
            words.push_str(&format!(" Mind the time: {}.", check.words));
        }
        details.push(in_order_detail(&check));
        details.push(drift_detail(&drifts));
    }
    Ok(Judgement { design, measures, verdict, words, details })
}

/// A figure of probabilities and outcomes.
type Figure = fn(&[f64], &[bool]) -> Option<f64>;

/// Rows to learn from, and rows to predict.
type Split = (Vec<u32>, Vec<u32>);

/// What is learnt from and what is predicted, and how that is called.
fn splits(params: &Params, examples: &Examples, seed: Seed) -> (Vec<Split>, String) {
    if let (Some(_), Some(split)) = (&examples.newest, examples.newest()) {
        let design =
            "out of time: fitted on what came after earlier days, tested on what came after the newest one".to_owned();
        return (vec![split], design);
    }
    let parts = params.folds.clamp(2, 20);
    let seed = seed.split("folds");
    let of_row = match &examples.owners {
        Some(owners) => folds::grouped(owners, parts, seed),
        None => folds::stratified(&classes(&examples.outcomes), parts, seed),
    };
    let split = |part: u32| {
        let rows = 0..u32::try_from(of_row.len()).unwrap_or(u32::MAX);
        let (test, train): (Vec<u32>, Vec<u32>) = rows.partition(|row| of_row.get(*row as usize) == Some(&part));
        (train, test)
    };
    ((0..parts).map(split).collect(), format!("{parts} parts at random, each predicted by a model of the others"))
}

/// By how much less a model loses a row than a baseline, on average, with its interval.
#[derive(Clone, Copy)]
struct Gain {
    mean: f64,
    low: f64,
    high: f64,
}

impl Gain {
    fn of(baseline: &[f64], model: &[f64]) -> Option<Self> {
        let differences: Vec<f64> = baseline.iter().zip(model).map(|(baseline, model)| baseline - model).collect();
        let rows = differences.len() as f64;
        let mean = differences.iter().sum::<f64>() / rows;
        let variance = differences.iter().map(|difference| (difference - mean).powi(2)).sum::<f64>() / (rows - 1.0);
        let half = Z * (variance / rows).sqrt();
        (mean.is_finite() && half.is_finite()).then_some(Self { mean, low: mean - half, high: mean + half })
    }
}

impl Tested {
    fn add(&mut self, params: &Params, examples: &Examples, train: &[u32], test: &[u32], seed: Seed) -> Result<()> {
        let (train, test_part) = (examples.part(train)?, examples.part(test)?);
        let learnt = learn::learn(&train.problem(), params, seed.nth(self.ends.len() as u64))?;
        self.model.extend(learnt.classifier.probabilities(&test_part.table)?);
        let [everybody, alone] = &mut self.baselines;
        everybody.extend(std::iter::repeat_n(learnt.classifier.base_rate, test.len()));
        let best = Alone::best(&train.table, &train.outcomes, examples.newest.as_ref().map(|_| RECENCY));
        match best.as_ref().and_then(|best| Some((best, test_part.table.column(&best.name)?.1))) {
            Some((best, values)) => {
                alone.extend(best.probabilities(values));
                self.alone.push(best.label.clone());
            }
            None => alone.extend(std::iter::repeat_n(learnt.classifier.base_rate, test.len())),
        }
        match &learnt.regression {
            Some(learnt) => self.regression.extend(learnt.probabilities(&test_part.table)?),
            None => self.regression.extend(std::iter::repeat_n(f64::NAN, test.len())),
        }
        self.rows.extend(test);
        self.outcomes.extend(test_part.outcomes);
        self.ends.push(self.rows.len());
        Ok(())
    }

    /// A figure of each test part.
    fn by_part(&self, values: &[f64], figure: impl Fn(&[f64], &[bool]) -> Option<f64>) -> Vec<Option<f64>> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let parts = starts.zip(&self.ends).map(|(start, end)| start..*end);
        parts.map(|part| figure(values.get(part.clone())?, self.outcomes.get(part)?)).collect()
    }

    fn measures(&self) -> Vec<Measure> {
        let mean = |figures: Vec<Option<f64>>| {
            let parts = figures.len() as f64;
            figures.into_iter().map(|figure| figure.unwrap_or(f64::NAN)).sum::<f64>() / parts
        };
        let over_parts = |figure: Figure| {
            let baselines =
                self.baselines.iter().map(|values| mean(self.by_part(values, figure))).collect::<Vec<f64>>();
            (mean(self.by_part(&self.model, figure)), baselines)
        };
        let pooled = |figure: Figure| {
            let of = |values: &[f64]| match values.iter().any(|value| value.is_nan()) {
                true => f64::NAN,
                false => figure(values, &self.outcomes).unwrap_or(f64::NAN),
            };
            (of(&self.model), self.baselines.iter().map(|values| of(values)).collect::<Vec<f64>>())
        };
        let of_regression = |figure: Figure| mean(self.by_part(&self.regression, figure));
        let ((loss, of_loss), (auc, of_auc)) = (over_parts(log_loss), over_parts(area_under_roc));
        let (ece, of_ece) = pooled(|p, y| expected_calibration_error(p, y, CLASSES));
        let (slope, of_slope) = pooled(|p, y| calibration_line(p, y).map(|line| line.slope));
        let (lift_at_10, of_lift) = pooled(|p, y| lift(p, y, TOP));
        let (precision, of_precision) = pooled(average_precision);
        let (brier, of_brier) = pooled(brier);
        vec![
            Measure::less_is_better("log_loss", "Log-loss", loss, &of_loss),
            Measure::more_is_better("auc", "AUC: pairs put in the right order", auc, &of_auc),
            Measure::more_is_better("lift_at_10", "Lift of the best tenth", lift_at_10, &of_lift),
            Measure::less_is_better("ece", "Calibration error", ece, &of_ece),
            // One probability for everybody has no slope.
            Measure::plain("calibration_slope", "Calibration slope; 1 is right", slope, &[f64::NAN, of_slope[1]]),
            Measure::more_is_better("average_precision", "Average precision", precision, &of_precision),
            Measure::less_is_better("brier", "Brier score", brier, &of_brier),
            Measure::plain("log_loss_regression", "Log-loss of the regression alone", of_regression(log_loss), &[]),
            Measure::plain("auc_regression", "AUC of the regression alone", of_regression(area_under_roc), &[]),
        ]
    }

    fn details(
        &self,
        params: &Params,
        target: &TargetModel,
        examples: &Examples,
        gains_on: &[Option<Gain>],
        seed: Seed,
    ) -> Result<Vec<Detail>> {
        let mut details = vec![self.folds(), self.intervals(gains_on, seed), self.calibration()];
        let tenths = deciles(&self.model, &self.outcomes)?.into_iter().map(|tenth| {
            vec![
                Value::Count(i64::from(tenth.decile)),
                counted(tenth.count),
                share(tenth.mean_probability),
                share(tenth.observed_rate),
                share(tenth.interval.0),
                share(tenth.interval.1),
                number(tenth.lift),
                share(tenth.cumulative_gain),
            ]
        });
        details.push(detail(
            "deciles",
            "tenths of the tested rows, the highest probabilities first",
            &[
                ("decile", "Tenth"),
                ("rows", "Rows"),
                ("predicted", "Predicted"),
                ("observed", "Observed"),
                ("observed_low", "from"),
                ("observed_high", "to"),
                ("lift", "Lift"),
                ("gain", "Found up to here"),
            ],
            tenths.collect(),
        ));
        let curve = gains(&self.model, &self.outcomes, STEPS).into_iter();
        details.push(detail(
            "gains",
            "share of all outcomes found among the rows with the highest probabilities",
            &[("share", "Share of rows"), ("gain", "Found"), ("lift", "Lift")],
            curve.map(|point| vec![share(point.share), share(point.gain), number(point.lift)]).collect(),
        ));
        let grades = grade_table(&target.grades, &self.model, &self.outcomes)?.into_iter().map(|row| {
            vec![
                text(row.grade.letter().to_string()),
                counted(row.count),
                share(row.mean_probability),
                share(row.observed_rate),
                share(row.interval.map(|interval| interval.0)),
                share(row.interval.map(|interval| interval.1)),
            ]
        });
        details.push(detail(
            "grades",
            target.grades.words(),
            &[
                ("grade", "Grade"),
                ("rows", "Rows"),
                ("predicted", "Predicted"),
                ("observed", "Observed"),
                ("observed_low", "from"),
                ("observed_high", "to"),
            ],
            grades.collect(),
        ));
        if let Some(economics) = economics(params)? {
            details.extend(profits(&profit(&self.model, &self.outcomes, &economics, seed.split("profit"))?));
        }
        for by in &params.groups {
            details.push(self.groups(by, target, examples)?);
        }
        Ok(details)
    }

    fn folds(&self) -> Detail {
        let loss = self.by_part(&self.model, log_loss);
        let auc = self.by_part(&self.model, area_under_roc);
        let ece = self.by_part(&self.model, |p, y| expected_calibration_error(p, y, CLASSES));
        let slope = self.by_part(&self.model, |p, y| calibration_line(p, y).map(|line| line.slope));
        let top = self.by_part(&self.model, |p, y| lift(p, y, TOP));
        let of_regression = self.by_part(&self.regression, log_loss);
        let rows = (0..self.ends.len()).map(|part| {
            let at = |figures: &[Option<f64>]| number(figures.get(part).copied().flatten());
            vec![counted(part + 1), at(&loss), at(&auc), at(&ece), at(&slope), at(&top), at(&of_regression)]
        });
        detail(
            "folds",
            "each part of the test by itself",
            &[
                ("fold", "Part"),
                ("log_loss", "Log-loss"),
                ("auc", "AUC"),
                ("ece", "Calibration error"),
                ("calibration_slope", "Calibration slope"),
                ("lift_at_10", "Lift of the best tenth"),
                ("log_loss_regression", "Log-loss of the regression"),
            ],
            rows.collect(),
        )
    }

    fn intervals(&self, gains_on: &[Option<Gain>], seed: Seed) -> Detail {
        let mut rows = Vec::new();
        let mut add = |name: &str, value: f64, low: f64, high: f64| {
            rows.push(vec![text(name), number(value), number(low), number(high)]);
        };
        if let Some((auc, interval)) = auc_interval(&self.model, &self.outcomes, CONFIDENCE) {
            add("auc", auc, interval.low, interval.high);
        }
        let weighted = |counts: &[u32]| weighted_lift(&self.model, &self.outcomes, counts);
        let interval = bootstrap::interval(self.rows.len(), DRAWS, CONFIDENCE, seed.split("lift"), weighted);
        if let (Some(lift), Some(interval)) = (lift(&self.model, &self.outcomes, TOP), interval) {
            add("lift_at_10", lift, interval.low, interval.high);
        }
        for (name, gain) in ["everybody", "alone", "regression"].iter().zip(gains_on) {
            if let Some(gain) = gain {
                add(&format!("log_loss_below_{name}"), gain.mean, gain.low, gain.high);
            }
        }
        detail(
            "intervals",
            "how sure the figures are: 95 % intervals over the tested rows",
            &[("measure", "Measure"), ("value", "Value"), ("low", "from"), ("high", "to")],
            rows,
        )
    }

    fn calibration(&self) -> Detail {
        let rows = calibration_bins(&self.model, &self.outcomes, CLASSES).into_iter();
        detail(
            "calibration",
            "tenths of the tested rows: what was predicted, and what came",
            &[("predicted", "Predicted"), ("observed", "Observed"), ("rows", "Rows")],
            rows.map(|bin| vec![share(bin.predicted), share(bin.observed), counted(bin.count)]).collect(),
        )
    }

    fn groups(&self, by: &str, target: &TargetModel, examples: &Examples) -> Result<Detail> {
        let table = examples.table.take(&self.rows)?;
        let [_, threshold, _] = target.grades.bounds;
        let compared = groups(&table, by, &self.model, &self.outcomes, threshold)?;
        let rows = compared.groups.iter().map(|group| {
            let of = |measured: Option<crate::guard::Measured>| share(measured.map(|measured| measured.share));
            vec![
                text(group.name.clone()),
                Value::Count(i64::try_from(group.count).unwrap_or(i64::MAX)),
                of(group.base_rate),
                share(group.mean_probability),
                of(group.selected),
                of(group.found),
            ]
        });
        Ok(detail(
            &format!("groups_{}", by.to_lowercase().replace(' ', "_")),
            compared.words.clone(),
            &[
                ("group", "Group"),
                ("rows", "Rows"),
                ("observed", "Observed"),
                ("predicted", "Predicted"),
                ("selected", "Graded A or B"),
                ("found", "Of those with the outcome graded A or B"),
            ],
            rows.collect(),
        ))
    }

    fn words(&self, verdict: Verdict) -> String {
        let figure = |values: &[f64]| log_loss(values, &self.outcomes).unwrap_or(f64::NAN);
        let [everybody, alone] = &self.baselines;
        let mut names = self.alone.clone();
        names.sort_unstable();
        names.dedup();
        let by = names.first().map_or("one feature", String::as_str);
        let rows = count(self.rows.len() as u64, "tested row", "tested rows");
        let figures = format!(
            "on {rows} the log-loss is {:.4}, against {:.4} with the same probability for everybody and {:.4} by {by} alone",
            figure(&self.model),
            figure(everybody),
            figure(alone),
        );
        let top = lift(&self.model, &self.outcomes, TOP)
            .map_or(String::new(), |lift| format!("; the best tenth has {lift:.1} times the average rate"));
        match verdict {
            Verdict::BeatsBaseline => format!("It predicts better than the naive ways: {figures}{top}."),
            Verdict::DoesNotBeatBaseline => {
                format!("It does not predict better than the naive ways beyond chance: {figures}{top}.")
            }
            Verdict::TooLittleData => {
                let positives = self.outcomes.iter().filter(|outcome| **outcome).count();
                format!("There are too few outcomes to tell ({positives} of {rows}): {figures}.")
            }
        }
    }
}

/// Lift of the best tenth where each row counts so many times.
fn weighted_lift(probabilities: &[f64], outcomes: &[bool], counts: &[u32]) -> f64 {
    let (mut drawn, mut of_drawn) = (Vec::with_capacity(outcomes.len()), Vec::with_capacity(outcomes.len()));
    for ((probability, outcome), count) in probabilities.iter().zip(outcomes).zip(counts) {
        for _ in 0..*count {
            drawn.push(*probability);
            of_drawn.push(*outcome);
        }
    }
    lift(&drawn, &of_drawn, TOP).unwrap_or(f64::NAN)
}

fn profits(curve: &crate::decide::ProfitCurve) -> Vec<Detail> {
    let points =
        curve.points.iter().map(|point| vec![share(point.share), number(point.expected), number(point.observed)]);
    let best = &curve.best;
    let depth = vec![vec![
        share(best.share),
        counted(best.contacts),
        share(best.cut_off),
        number(best.expected),
        number(best.observed),
        number(best.observed_interval.map(|interval| interval.0)),
        number(best.observed_interval.map(|interval| interval.1)),
        number(curve.everybody),
        share(curve.hindsight.share),
        share(curve.hindsight_share_interval.map(|interval| interval.0)),
        share(curve.hindsight_share_interval.map(|interval| interval.1)),
    ]];
    vec![
        detail(
            "profit",
            "profit on the tested rows by how many are contacted",
            &[("share", "Share contacted"), ("expected", "Expected"), ("observed", "Observed")],
            points.collect(),
        ),
        detail(
            "profit_cut_off",
            "the cut-off with the highest expected profit",
            &[
                ("share", "Share contacted"),
                ("contacts", "Contacts"),
                ("cut_off", "Lowest probability"),
                ("expected", "Expected profit"),
                ("observed", "Observed profit"),
                ("observed_low", "from"),
                ("observed_high", "to"),
                ("everybody", "Profit of contacting everybody"),
                ("hindsight_share", "Best share in hindsight"),
                ("hindsight_low", "from"),
                ("hindsight_high", "to"),
            ],
            depth,
        ),
    ]
}

/// The last fifth of the rows in their order, predicted from the others, beside the random parts; `None` where no order is known
/// or the rows are judged by time anyway.
fn in_order(
    params: &Params,
    examples: &Examples,
    tested: &Tested,
    seed: Seed,
) -> Result<Option<(crate::guard::TimeCheck, Vec<Drift>)>> {
    if examples.newest.is_some() || examples.owners.is_some() {
        return Ok(None);
    }
    let Some((train, test)) = examples.newest() else { return Ok(None) };
    let (train, test) = (examples.part(&train)?, examples.part(&test)?);
    // Rows sorted by their outcome have nothing to learn from, or to test by, at one end.
    let Ok(learnt) = learn::learn(&train.problem(), params, seed.split("in order")) else { return Ok(None) };
    let of = |probabilities: &[f64], outcomes: &[bool]| {
        let (auc, interval) = auc_interval(probabilities, outcomes, CONFIDENCE)?;
        let with = outcomes.iter().filter(|outcome| **outcome).count();
        let base_rate = with as f64 / outcomes.len() as f64;
        Some(Judged { auc, interval: (interval.low, interval.high), base_rate })
    };
    let last = of(&learnt.classifier.probabilities(&test.table)?, &test.outcomes);
    let (Some(random), Some(last)) = (of(&tested.model, &tested.outcomes), last) else { return Ok(None) };
    let drifts = drift(&train.table, &test.table)?;
    Ok(Some((time(random, last, &drifts), drifts)))
}

fn in_order_detail(check: &crate::guard::TimeCheck) -> Detail {
    let row = |name: &str, judged: Judged| {
        vec![
            text(name),
            number(judged.auc),
            number(judged.interval.0),
            number(judged.interval.1),
            share(judged.base_rate),
        ]
    };
    detail(
        "in_order",
        check.words.clone(),
        &[("rows", "Rows"), ("auc", "AUC"), ("auc_low", "from"), ("auc_high", "to"), ("observed", "Observed")],
        vec![row("at random", check.random), row("the last fifth", check.last)],
    )
}

fn drift_detail(drifts: &[Drift]) -> Detail {
    let notation = Notation::new("");
    let rows = drifts
        .iter()
        .take(10)
        .map(|drift| vec![text(drift.feature.clone()), number(drift.psi), text(drift.words.clone())]);
    let psi = drifts.first().map_or(f64::NAN, |drift| drift.psi);
    detail(
        "drift",
        format!(
            "features whose values moved most between the first rows and the last fifth; the largest index is {}",
            notation.label(&Unit::Number, psi)
        ),
        &[("feature", "Feature"), ("psi", "Stability index"), ("words", "What moved")],
        rows.collect(),
    )
}
