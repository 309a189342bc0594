//! How good forecasts are: periods that the model did not learn from, given what was spent in them.

use mercer_base::card::{Column, Table, Value};
use mercer_base::words::count;
use mercer_base::{Result, Seed};
use mercer_method::day::written_day;
use mercer_method::{Context, Detail, Evaluation, Intake, Measure, Verdict};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::answers::Forecast;
use crate::coverage::{chance_of_so_few, is_far_below};
use crate::density::Density;
use crate::fit::chains;
use crate::input::Input;
use crate::panel::Panel;
use crate::params::Params;
use crate::posterior::Posterior;
use crate::sample::Settings;

/// Share of the periods that are held out, and bounds of their number.
const HELD_OUT: f64 = 0.15;
const FEWEST: usize = 8;
const MOST: usize = 26;
/// Share of the places' periods that are held out where there are several places.
const HELD_OUT_CELLS: f64 = 0.1;
/// Periods before the held-out ones that a level is taken from.
const LEVEL: usize = 8;
/// Chains and draws that judge: fewer than those that answer.
const CHAINS: u32 = 2;
const DRAWS: usize = 400;
const DAYS_A_YEAR: f64 = 365.25;

/// Judges the method.
///
/// # Errors
/// When the sampler cannot go on.
pub(crate) fn evaluate(params: &Params, intake: &Intake<Input>, context: &Context<'_>) -> Result<Evaluation> {
    let panel = &intake.input.panel;
    let seed = context.seed.split("evaluation");
    if params.one_step_forecasts > 0 && !panel.has_places() {
        return one_by_one(params, panel, seed, context.say);
    }
    let trial = if panel.has_places() { Trial::of_cells(panel, seed) } else { Trial::of_last(panel) };
    let Some(trial) = trial else {
        return Ok(Evaluation::too_little("There are too few periods to hold some out."));
    };
    let posterior = Posterior::hiding(params, panel, |row| trial.is_hidden(row))?;
    let settings = Settings { tune: DRAWS, draws: DRAWS, ..Settings::default() };
    let draws = chains(&posterior, CHAINS, &settings, seed, &|_| ())?;
    let forecast = Forecast::of(&posterior, panel, &draws, seed);
    Ok(trial.judge(panel, &forecast))
}

/// Rows that are held out, and what would be said of them without a model.
struct Trial {
    design: String,
    hidden: Vec<bool>,
    /// Rows with a known outcome that are judged.
    judged: Vec<(usize, f64)>,
    /// Naive forecasts of those rows, with their names.
    naive: Vec<(String, Vec<f64>)>,
}

impl Trial {
    fn is_hidden(&self, row: usize) -> bool {
        self.hidden.get(row).copied().unwrap_or(false)
    }

    /// The last periods of one place.
    fn of_last(panel: &Panel) -> Option<Self> {
        let periods = panel.periods();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count")]
        let held = ((HELD_OUT * periods as f64) as usize).clamp(FEWEST, MOST);
        let start = periods.checked_sub(held).filter(|start| *start >= 2 * FEWEST)?;
        let hidden: Vec<bool> = (0..periods).map(|row| row >= start).collect();
        let judged = known(panel, &hidden);
        let before: Vec<f64> = panel.outcome[..start].iter().copied().filter(|outcome| !outcome.is_nan()).collect();
        let last = &before[before.len().saturating_sub(LEVEL)..];
        if judged.len() < FEWEST || last.is_empty() {
            return None;
        }
        let level = last.iter().sum::<f64>() / last.len() as f64;
        let mut naive = vec![(format!("the mean of the {LEVEL} periods before"), vec![level; judged.len()])];
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "periods of a year")]
        let year = (DAYS_A_YEAR / panel.step).round() as usize;
        let of_year: Vec<f64> =
            judged.iter().map(|(row, _)| row.checked_sub(year).map_or(f64::NAN, |row| panel.outcome[row])).collect();
        if of_year.iter().all(|outcome| !outcome.is_nan()) && held <= year {
            naive.push(("the same period a year before".to_owned(), of_year));
        }
        let first = panel.days.get(start).map_or_else(String::new, |day| written_day(*day));
        let design = format!(
            "fitted to the periods before {first}, compared with the {held} from then on, of which only the media and controls were \
             known"
        );
        Some(Self { design, hidden, judged, naive })
    }

    /// A tenth of all places' periods, drawn by lot: levels of periods can be learnt from the other places.
    fn of_cells(panel: &Panel, seed: Seed) -> Option<Self> {
        let mut dice = ChaCha8Rng::seed_from_u64(seed.split("cells").0);
        let hidden: Vec<bool> = (0..panel.rows()).map(|_| dice.random_bool(HELD_OUT_CELLS)).collect();
        let judged = known(panel, &hidden);
        if judged.len() < 3 * FEWEST {
            return None;
        }
        let periods = panel.periods();
        let mean = |of: &dyn Fn(usize) -> bool| {
            let rows = (0..panel.rows()).filter(|row| !hidden[*row] && !panel.outcome[*row].is_nan() && of(*row));
            let (sum, number) = rows.fold((0.0, 0.0), |(sum, number), row| (sum + panel.outcome[row], number + 1.0));
            sum / number
        };
        let all = mean(&|_| true);
        let of_place: Vec<f64> = (0..panel.geos.len()).map(|geo| mean(&|row| row / periods == geo)).collect();
        let of_period: Vec<f64> = (0..periods).map(|period| mean(&|row| row % periods == period)).collect();
        let place = judged.iter().map(|(row, _)| of_place[row / periods]).collect();
        let both = judged.iter().map(|(row, _)| of_place[row / periods] * of_period[row % periods] / all).collect();
        let naive = vec![
            ("the place's mean times the period's share of the mean".to_owned(), both),
            ("the place's mean".to_owned(), place),
        ];
        let design =
            "a tenth of the places' periods drawn by lot and held out, of which only the media and controls were known";
        Some(Self { design: design.to_owned(), hidden, judged, naive })
    }

    fn judge(self, panel: &Panel, forecast: &Forecast) -> Evaluation {
        let error = |of: &dyn Fn(usize, usize) -> f64| {
            let errors = self.judged.iter().enumerate().map(|(at, (row, outcome))| (of(at, *row) - outcome).abs());
            errors.sum::<f64>() / self.judged.len() as f64
        };
        let ours = error(&|_, row| forecast.expected[row]);
        let mut naive: Vec<(&str, f64)> =
            self.naive.iter().map(|(name, values)| (name.as_str(), error(&|at, _| values[at]))).collect();
        naive.sort_by(|a, b| a.1.total_cmp(&b.1));
        let least: Vec<f64> = naive.iter().map(|(_, error)| *error).collect();
        let measure = Measure::less_is_better("mae", "Mean absolute error of the target", ours, &least);
        let mean = self.judged.iter().map(|(_, outcome)| outcome.abs()).sum::<f64>() / self.judged.len() as f64;
        let relative: Vec<f64> = least.iter().map(|error| error / mean).collect();
        let covered = forecast.covered(&self.judged);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count")]
        let held = (covered * self.judged.len() as f64).round() as u64;
        let chance = chance_of_so_few(held, self.judged.len() as u64).unwrap_or(f64::NAN);
        let refusal = match is_far_below(covered, chance) {
            true => " That is far below 90 %, and by more than chance explains: the report recommends no plan.",
            false => "",
        };
        let is_better = measure.beats_all() == Some(true);
        let others: Vec<String> =
            naive.iter().map(|(name, error)| format!("{name} ({:.1} %)", 100.0 * error / mean)).collect();
        let words = format!(
            "{} held out: forecasts were off by {:.1} % of the mean target, {} than with {}; 90 % intervals held {:.0} %.{refusal}",
            count(self.judged.len() as u64, "period was", "periods were"),
            100.0 * ours / mean,
            if is_better { "less" } else { "not less" },
            others.join(" or "),
            100.0 * covered
        );
        let nothing = vec![f64::NAN; naive.len()];
        Evaluation {
            design: self.design,
            baselines: naive.iter().map(|(name, _)| (*name).to_owned()).collect(),
            measures: vec![
                measure,
                Measure::less_is_better("wape", "That error over the mean target", ours / mean, &relative),
                Measure::plain("coverage_90", "Held-out periods within their 90 % interval", covered, &nothing),
                Measure::plain("coverage_90_chance", "Chance of so few, were the intervals right", chance, &nothing),
            ],
            verdict: if is_better { Verdict::BeatsBaseline } else { Verdict::DoesNotBeatBaseline },
            words,
            details: vec![held_out(panel, &self.judged, forecast)],
        }
    }
}

/// The rows that are hidden and known.
fn known(panel: &Panel, hidden: &[bool]) -> Vec<(usize, f64)> {
    let rows = panel.outcome.iter().copied().enumerate();
    rows.filter(|(row, outcome)| hidden[*row] && !outcome.is_nan()).collect()
}

/// What was forecast and what came.
fn held_out(panel: &Panel, judged: &[(usize, f64)], forecast: &Forecast) -> Detail {
    let periods = panel.periods().max(1);
    let mut columns = vec![
        Column::new("date", "Period"),
        Column::new("actual", "Came"),
        Column::new("expected", "Forecast"),
        Column::new("low", "Low"),
        Column::new("high", "High"),
    ];
    if panel.has_places() {
        columns.push(Column::new("geo", "Place"));
    }
    let row = |(row, outcome): &(usize, f64)| {
        let mut cells = vec![
            Value::Text(panel.days.get(row % periods).map_or_else(String::new, |day| written_day(*day))),
            Value::Number(*outcome),
            Value::Number(forecast.expected[*row]),
            Value::Number(forecast.low[*row]),
            Value::Number(forecast.high[*row]),
        ];
        if panel.has_places() {
            cells.push(Value::Text(panel.geos[row / periods].clone()));
        }
        cells
    };
    Detail {
        name: "held_out".to_owned(),
        about: "Held-out periods: what was forecast from media and controls, with its 90 % interval, and what came"
            .to_owned(),
        table: Table { columns, rows: judged.iter().map(row).collect() },
    }
}

/// Forecasts of the last periods one by one, each from a model that is fitted to all before it: exact leave-future-out.
///
/// Source: Bürkner, Gabry & Vehtari (2020), Approximate leave-future-out cross-validation for Bayesian time series models, of which
/// this is the exact form.
fn one_by_one(params: &Params, panel: &Panel, seed: Seed, say: &(dyn Fn(&str) + Sync)) -> Result<Evaluation> {
    let periods = panel.periods();
    let asked = (params.one_step_forecasts as usize).min(periods.saturating_sub(2 * FEWEST));
    let full = Posterior::new(params, panel)?;
    let settings =
        Settings { tune: params.tune.max(1) as usize, draws: params.draws.max(1) as usize, ..Settings::default() };
    let mut logs = Vec::with_capacity(asked);
    let mut judged = Vec::with_capacity(asked);
    let mut naive = Vec::with_capacity(asked);
    let mut forecast = Forecast {
        expected: vec![f64::NAN; periods],
        low: vec![f64::NAN; periods],
        high: vec![f64::NAN; periods],
        baseline: vec![f64::NAN; periods],
    };
    for period in periods - asked..periods {
        let outcome = panel.outcome[period];
        let before = panel.outcome[..period].iter().rev().find(|outcome| !outcome.is_nan());
        let (false, Some(before)) = (outcome.is_nan(), before) else { continue };
        say(&format!("forecasting period {} of {asked}", period + asked + 1 - periods));
        let posterior = Posterior::hiding(params, panel, |row| row >= period)?;
        let seed = seed.nth(period as u64);
        let draws = chains(&posterior, params.chains.max(1), &settings, seed, &|_| ())?;
        let mut work = full.work();
        let mut rows = vec![0.0; periods];
        let each: Vec<f64> = draws
            .iter()
            .map(|point| {
                full.log_likelihood(point, &mut work, &mut rows);
                rows[period]
            })
            .collect();
        logs.push(mean_of_exponentials(&each));
        let here = Forecast::of(&posterior, panel, &draws, seed);
        forecast.expected[period] = here.expected[period];
        (forecast.low[period], forecast.high[period]) = (here.low[period], here.high[period]);
        judged.push((period, outcome));
        naive.push(*before);
    }
    if judged.is_empty() {
        return Ok(Evaluation::too_little("There are too few periods to forecast one by one."));
    }
    let design = format!(
        "the last {} forecast one by one, each from a model fitted to all before it",
        count(judged.len() as u64, "period", "periods")
    );
    let elpd: f64 = logs.iter().sum();
    let mean = elpd / logs.len() as f64;
    let scatter: f64 = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / (logs.len() as f64 - 1.0).max(1.0);
    let error = (scatter * logs.len() as f64).sqrt();
    let trial = Trial { design, hidden: Vec::new(), judged, naive: vec![("the period before".to_owned(), naive)] };
    let mut evaluation = trial.judge(panel, &forecast);
    let nothing = vec![f64::NAN; evaluation.baselines.len()];
    evaluation.measures.push(Measure::plain("elpd", "Log predictive density, on the scaled target", elpd, &nothing));
    evaluation.measures.push(Measure::plain("elpd_se", "Its standard error", error, &nothing));
    if let Some(detail) = evaluation.details.first_mut() {
        detail.table.columns.push(Column::new("log_density", "Log predictive density"));
        detail.table.rows.iter_mut().zip(&logs).for_each(|(cells, log)| cells.push(Value::Number(*log)));
    }
    Ok(evaluation)
}

/// ln of the mean of exp, without overflow.
fn mean_of_exponentials(logs: &[f64]) -> f64 {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    most + (logs.iter().map(|log| (log - most).exp()).sum::<f64>() / logs.len() as f64).ln()
}
