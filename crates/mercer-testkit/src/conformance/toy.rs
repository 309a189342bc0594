//! The suite passes a sound method and finds each flaw of a flawed one.

use std::sync::atomic::{AtomicU64, Ordering};

use mercer_base::card::{Card, Chart, Table, Unit, Value};
use mercer_base::frame::{Column, Frame, Kind, Words};
use mercer_base::{Error, Result, card};
use mercer_method::{
    About, ColumnSpec, Context, Evaluation, Findings, Form, Intake, JsonSchema, Known, Measure, Method, Positive,
    Score, TableSpec, Tables, Verdict, schemars,
};
use serde::{Deserialize, Serialize};

use super::Sample;

/// What is wrong with the method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    Nothing,
    Counts,
    Clock,
    Threads,
    RowOrder,
    MissingScore,
    UndeclaredScore,
    NotFiniteEvaluation,
    PanicsOnOneRow,
    NoHint,
    NoCaveat,
    NoFigures,
    SilentOnBaseline,
    ClaimsTooMuch,
    Unrepeatable,
}

/// Means of numbers, the simplest method that keeps every promise, with a flaw.
struct Toy(Flaw);

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Params {
    /// How many times the mean is counted.
    factor: Positive,
}

impl Default for Params {
    fn default() -> Self {
        Self { factor: Positive::constant::<1000>() }
    }
}

struct Input {
    ids: Words,
    values: Vec<f64>,
}

#[derive(Serialize, Deserialize)]
struct Model {
    mean: f64,
    version_of_run: u64,
}

static ABOUT: About = About {
    id: "toy",
    title: "Toy",
    question: "What is the mean?",
    forms: &[Form {
        id: "values",
        about: "one row for each customer",
        tables: &[TableSpec {
            name: "values",
            grain: "customer",
            required: true,
            columns: &[
                ColumnSpec {
                    name: "customer_id",
                    kind: Kind::Id,
                    required: true,
                    about: "The customer.",
                    also: &["id"],
                },
                ColumnSpec { name: "value", kind: Kind::Number, required: true, about: "A number.", also: &[] },
            ],
            others: None,
            sql: None,
            scores_of: None,
        }],
    }],
    scores: &[Score { name: "toy_mean", kind: Kind::Number, about: "Mean of all numbers." }],
    tables: &[],
    list: None,
    version: 1,
    readme: "# Toy\n\n## When not to use it\n\nEver.\n\n## References\n\nNone.\n",
};

/// The largest number that the toy takes.
const MOST: f64 = 1e12;
const DESIGN: &str = "each number against the mean of all";
const BASELINE: &str = "always nought";
static RUNS: AtomicU64 = AtomicU64::new(0);

impl Method for Toy {
    type Params = Params;
    type Input = Input;
    type Model = Model;

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn read(&self, _: &Params, tables: &Tables, _: &Context<'_>) -> Result<Intake<Input>> {
        let frame = tables.need("values")?;
        let (ids, values) = (frame.words("customer_id")?, frame.numbers("value")?);
        let mut counts = tables.counts();
        let mut kept = Vec::new();
        for (row, value) in values.iter().enumerate() {
            if value.abs() <= MOST {
                kept.push(row);
            } else if self.0 != Flaw::Counts {
                counts.refuse(frame.place(row), format!("{value} is no number below {MOST}"));
            }
        }
        if self.0 == Flaw::PanicsOnOneRow {
            assert_ne!(kept.len(), 1, "one row");
        }
        if kept.len() < 2 {
            let error = Error::data("too few numbers for a mean");
            return Err(if self.0 == Flaw::NoHint { error } else { error.with_hint("give two or more") });
        }
        counts.window.words = format!("{} values", kept.len());
        let frame = frame.take(&kept);
        let values = frame.numbers("value")?.to_vec();
        Ok(Intake { input: Input { ids: ids_of(&frame, ids)?, values }, counts })
    }

    fn fit(&self, params: &Params, intake: &Intake<Input>, _: &Context<'_>) -> Result<Model> {
        let mut values = intake.input.values.clone();
        if self.0 != Flaw::RowOrder {
            values.sort_by(f64::total_cmp);
        }
        let run = RUNS.fetch_add(1, Ordering::Relaxed);
        let version_of_run = match self.0 {
            Flaw::Clock => run,
            Flaw::Threads => rayon::current_num_threads() as u64,
            _ => 0,
        };
        let mean = match self.0 {
            Flaw::RowOrder => values.first().copied().unwrap_or_default(),
            _ => values.iter().sum::<f64>() / values.len() as f64,
        };
        Ok(Model { mean: mean * params.factor.get(), version_of_run })
    }

    fn predict(&self, _: &Params, model: &Model, input: &Input, _: &Context<'_>) -> Result<Frame> {
        let mut scores = vec![model.mean; input.values.len()];
        if self.0 == Flaw::MissingScore {
            scores.iter_mut().skip(1).for_each(|score| *score = f64::NAN);
        }
        if self.0 == Flaw::Unrepeatable {
            let again = RUNS.fetch_add(1, Ordering::Relaxed) as f64;
            scores.iter_mut().for_each(|score| *score += again);
        }
        let name = if self.0 == Flaw::UndeclaredScore { "toy_median" } else { "toy_mean" };
        Frame::new("scores").with("customer_id", Column::Words(input.ids.clone()))?.with(name, Column::Numbers(scores))
    }

    fn evaluate(&self, _: &Params, _: &Model, intake: &Intake<Input>, _: &Context<'_>) -> Result<Evaluation> {
        let (model, baseline) = if self.0 == Flaw::ClaimsTooMuch { (2.0, 1.0) } else { (1.0, 2.0) };
        let mut measure = Measure::less_is_better("mae", "Mean absolute error", model, &[baseline]);
        if self.0 == Flaw::NotFiniteEvaluation {
            measure.model = Some(f64::NAN);
        }
        let against = if self.0 == Flaw::SilentOnBaseline { "nothing" } else { BASELINE };
        Ok(Evaluation {
            design: DESIGN.into(),
            baselines: vec![BASELINE.into()],
            measures: vec![measure],
            verdict: if intake.input.values.len() < 3 { Verdict::TooLittleData } else { Verdict::BeatsBaseline },
            words: format!("Better, {DESIGN}, than {against}."),
            details: Vec::new(),
        })
    }

    fn report(&self, known: &Known<'_, Self>, _: &Context<'_>) -> Result<Findings> {
        let rows = vec![vec![Value::Number(known.model.mean)]];
        let bar = card::Bar { label: "mean".into(), value: known.model.mean, note: String::new(), accent: true };
        let caveat = (self.0 != Flaw::NoCaveat).then(|| "A mean is not a median.".to_owned());
        let card = Card {
            id: "toy-mean".into(),
            title: "The mean".into(),
            subtitle: known.intake.counts.window.words.clone(),
            caveats: caveat.into_iter().collect(),
            chart: Some(Chart::Bars { unit: Unit::Number, bars: vec![bar] }),
            table: Table {
                columns: vec![card::Column::new("mean", "Mean")],
                rows: if self.0 == Flaw::NoFigures { Vec::new() } else { rows },
            },
            ..Card::default()
        };
        Ok(Findings { tiles: Vec::new(), cards: vec![card] })
    }
}

fn ids_of(kept: &Frame, all: &Words) -> Result<Words> {
    let words = kept.words("customer_id")?;
    debug_assert!(words.words.len() <= all.words.len());
    Ok(words.clone())
}

fn samples() -> Vec<Sample> {
    let ids: Words = (0..40).map(|row| Some(format!("c{row}"))).collect();
    let values = (0..40).map(|row| f64::from(row) * 0.37 + 0.1).collect();
    let frame = Frame::new("values").with("customer_id", Column::Words(ids)).unwrap();
    let frame = frame.with("value", Column::Numbers(values)).unwrap();
    let of = |name, frame| Sample::new(name, &ABOUT, "values", vec![("values", frame)]);
    vec![of("values", frame.clone()), of("doubled", frame).with_params(serde_json::json!({ "factor": 2.0 }))]
}

crate::conformance!(a_sound_method_passes, &super::Toy(super::Flaw::Nothing), super::samples());

type Check = fn(&dyn mercer_method::AnyMethod, &[Sample]) -> Vec<String>;

#[test]
fn each_flaw_is_found() {
    let flaws: [(Flaw, Check, &str); 14] = [
        (Flaw::Counts, super::hostile_data_is_refused_or_answered, "0 refused, yet 39 scored"),
        (Flaw::Clock, super::same_under_a_seed, "run twice, the saved model differs"),
        (Flaw::Threads, super::same_at_any_thread_count, "1 thread against 2, the saved model differs"),
        (Flaw::RowOrder, super::row_order_does_not_matter, "with shuffled rows the model differs"),
        (Flaw::MissingScore, super::scores_are_those_declared, "toy_mean is missing in 39 of 40 rows"),
        (Flaw::UndeclaredScore, super::scores_are_those_declared, "toy_median of the scores is not declared"),
        (Flaw::NotFiniteEvaluation, super::scores_are_those_declared, "the evaluation does not survive JSON"),
        (Flaw::PanicsOnOneRow, super::hostile_data_is_refused_or_answered, "panicked"),
        (Flaw::NoHint, super::hostile_data_is_refused_or_answered, "without a hint"),
        (Flaw::NoCaveat, super::findings_can_be_shown, "no card has a caveat"),
        (Flaw::NoFigures, super::findings_can_be_shown, "without the figures behind it"),
        (Flaw::SilentOnBaseline, super::evaluation_names_its_design_and_baselines, "always nought"),
        (Flaw::ClaimsTooMuch, super::evaluation_names_its_design_and_baselines, "said to beat the baselines"),
        (Flaw::Unrepeatable, super::saved_models_predict_the_same, "other scores than fitting gave"),
    ];
    for (flaw, check, words) in flaws {
        let broken = check(&Toy(flaw), &samples());
        assert!(broken.iter().any(|line| line.contains(words)), "{flaw:?}: {broken:?}");
    }
}

#[test]
fn a_method_without_samples_is_not_checked_in_silence() {
    let toy = Toy(Flaw::Nothing);
    assert!(super::about_is_complete(&toy, &[]).iter().any(|line| line.contains("no sample has the form values")));
    assert!(!super::findings_can_be_shown(&toy, &[]).is_empty());
    assert!(!super::evaluation_names_its_design_and_baselines(&toy, &[]).is_empty());
}
