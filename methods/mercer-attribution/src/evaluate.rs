//! How good a model is: whether it foretells which journeys convert that it has not seen, and how far the models part.

use mercer_base::Result;
use mercer_base::card::{Column, Table, Value};
use mercer_method::{Context, Detail, Evaluation, Intake, Measure, Verdict};
use mercer_stats::special::normal_quantile;

use crate::agreement::Agreement;
use crate::fit::SEED;
use crate::input::Input;
use crate::model::{Model, ModelCredit};
use crate::models;
use crate::params::{ModelChoice, Params};
use crate::validate::{Forecaster, Foretold, Validation, validate};

/// Fewer converting or other journeys than this are too few to hold some out.
const FEWEST: f64 = 20.0;
const FOLDS: usize = 5;
/// Orders of the chain that are asked.
const MOST_ORDER: usize = 3;

/// Judges the method.
///
/// # Errors
/// Only where something is broken.
pub(crate) fn evaluate(
    params: &Params,
    model: &Model,
    intake: &Intake<Input>,
    context: &Context<'_>,
) -> Result<Evaluation> {
    let journeys = models::journeys(ModelChoice::Markov, &intake.input);
    let touched = (0..journeys.len()).filter(|path| !journeys.range(*path).is_empty());
    let (yes, no) =
        touched.fold((0.0, 0.0), |sums, path| (sums.0 + journeys.conversions[path], sums.1 + journeys.nulls[path]));
    if yes < FEWEST || no < FEWEST {
        return Ok(Evaluation::too_little(format!(
            "There are {yes} journeys with touches that converted and {no} that did not; {FEWEST} of each are needed to hold some out."
        )));
    }
    let order = model.markov.as_ref().map_or(MOST_ORDER, |markov| (markov.order as usize).max(MOST_ORDER));
    let found = validate(&journeys, order, FOLDS, params.confidence.get(), context.seed.split(SEED))?;
    Ok(judged(params, model, &found))
}

/// Who stands for the model; rules of thumb foretell nothing.
fn forecaster(model: &Model) -> Option<Forecaster> {
    match model.model {
        ModelChoice::Hazard => Some(Forecaster::Hazard),
        ModelChoice::Shapley => Some(Forecaster::SetRates),
        ModelChoice::Markov | ModelChoice::Auto => match model.markov.as_ref().map_or(1, |markov| markov.order) {
            0 | 1 => Some(Forecaster::LastTouch),
            order => Some(Forecaster::Markov(order as usize)),
        },
        _ => None,
    }
}

fn judged(params: &Params, model: &Model, found: &Validation) -> Evaluation {
    let of = |wanted: Forecaster| found.foretold.iter().find(|foretold| foretold.forecaster == wanted);
    let own = forecaster(model).and_then(of);
    let baselines: Vec<&Foretold> = [Forecaster::LastTouch, Forecaster::BaseRate].into_iter().filter_map(of).collect();
    let values = |of: fn(&Foretold) -> f64| baselines.iter().map(|baseline| of(baseline)).collect::<Vec<f64>>();
    let own_value = |of: fn(&Foretold) -> f64| own.map_or(f64::NAN, of);
    let loss = Measure::less_is_better(
        "log_loss",
        "Mean log loss of a held-out journey, nats",
        own_value(|foretold| foretold.log_loss),
        &values(|foretold| foretold.log_loss),
    );
    let sure = normal_quantile(0.5 + params.confidence.get() / 2.0);
    let gains = own.is_some_and(|own| own.gain > sure * own.gain_error);
    let verdict = match loss.beats_all() {
        Some(true) if gains => Verdict::BeatsBaseline,
        _ => Verdict::DoesNotBeatBaseline,
    };
    let label = models::label(model.model);
    let words = match (own, verdict) {
        (None, _) => format!(
            "The rule {label} foretells nothing, so nothing can be said for or against it by held-out journeys; models that foretell stand beside."
        ),
        (Some(own), Verdict::BeatsBaseline) => format!(
            "Of journeys it had not seen, the model {label} foretells which convert better than simple rates: log loss {:.4}, {:.4} less than \
             that of one rate for all; area under the ROC curve {:.3} ({:.3} to {:.3}).",
            own.log_loss, own.gain, own.auc, own.auc_low, own.auc_high
        ),
        (Some(own), _) if own.forecaster == Forecaster::LastTouch => format!(
            "A chain of order 1 foretells of a journey what its last touch does, no more: log loss {:.4}, area under the ROC curve {:.3} \
             ({:.3} to {:.3}).",
            own.log_loss, own.auc, own.auc_low, own.auc_high
        ),
        (Some(own), _) => format!(
            "Of journeys it had not seen, the model {label} foretells which convert no better than simple rates: log loss {:.4}; area under \
             the ROC curve {:.3} ({:.3} to {:.3}).",
            own.log_loss, own.auc, own.auc_low, own.auc_high
        ),
    };
    let mut details = vec![
        Detail {
            name: "models".to_owned(),
            about: "How well each model that foretells did on held-out journeys.".to_owned(),
            table: compared(found),
        },
        Detail {
            name: "agreement".to_owned(),
            about: "How far models part: the share of the credit that would have to move to make one the other."
                .to_owned(),
            table: agreement(&model.models),
        },
    ];
    details.extend(own.map(|own| Detail {
        name: "calibration".to_owned(),
        about:
            "Held-out journeys by rising probability: how many were foretold to convert, and how many did.".to_owned(),
        table: classes(own),
    }));
    Evaluation {
        design: format!(
            "in {} folds by customer each journey is foretold by models fitted to the others, from its touches and not from when watching ended",
            found.folds
        ),
        baselines: baselines.iter().map(|baseline| baseline_words(baseline.forecaster).to_owned()).collect(),
        measures: vec![
            loss,
            Measure::more_is_better(
                "auc",
                "Area under the ROC curve",
                own_value(|foretold| foretold.auc),
                &values(|foretold| foretold.auc),
            ),
            Measure::plain(
                "gain",
                "Log loss less than that of one rate for all, nats",
                own_value(|foretold| foretold.gain),
                &values(|foretold| foretold.gain),
            ),
        ],
        verdict,
        words,
        details,
    }
}

fn baseline_words(forecaster: Forecaster) -> &'static str {
    match forecaster {
        Forecaster::LastTouch => "the conversion rate of journeys with the same last touch",
        _ => "one conversion rate for all journeys",
    }
}

fn name(forecaster: Forecaster) -> String {
    match forecaster {
        Forecaster::BaseRate => "one rate for all".to_owned(),
        Forecaster::LastTouch => "rate by last touch (Markov of order 1)".to_owned(),
        Forecaster::Markov(order) => format!("Markov of order {order}"),
        Forecaster::SetRates => "Shapley, rates of sets of channels".to_owned(),
        Forecaster::Hazard => "additive hazard".to_owned(),
    }
}

fn number(value: f64) -> Value {
    if value.is_finite() { Value::Number((value * 1e5).round() / 1e5) } else { Value::Missing }
}

fn columns(names: &[(&str, &str)]) -> Vec<Column> {
    names.iter().map(|(name, label)| Column::new(name, label)).collect()
}

fn compared(found: &Validation) -> Table {
    let row = |foretold: &Foretold| {
        let mut row = vec![Value::Text(name(foretold.forecaster))];
        row.extend(
            [foretold.log_loss, foretold.gain, foretold.gain_error, foretold.auc, foretold.auc_low, foretold.auc_high]
                .map(number),
        );
        row
    };
    Table {
        columns: columns(&[
            ("model", "Model"),
            ("log_loss", "Log loss"),
            ("gain", "Less than one rate"),
            ("gain_error", "Standard error"),
            ("auc", "Area under ROC"),
            ("auc_low", "low"),
            ("auc_high", "high"),
        ]),
        rows: found.foretold.iter().map(row).collect(),
    }
}

fn classes(own: &Foretold) -> Table {
    let row = |class: &[f64; 3]| vec![number(class[0]), number(class[1]), number(class[2])];
    Table {
        columns: columns(&[("journeys", "Journeys"), ("foretold", "Foretold"), ("converted", "Converted")]),
        rows: own.classes.iter().map(row).collect(),
    }
}

/// How far each pair of models parts, what they give to nobody included.
pub(crate) fn compare(computed: &[ModelCredit]) -> Agreement {
    let credit: Vec<(Vec<f64>, f64)> = computed
        .iter()
        .map(|of| (of.channels.iter().map(|channel| channel.conversions).collect(), of.nobody.conversions))
        .collect();
    Agreement::new(&credit.iter().map(|(channels, nobody)| (channels.as_slice(), *nobody)).collect::<Vec<_>>())
}

fn agreement(computed: &[ModelCredit]) -> Table {
    let mut names = vec![("model", "Model")];
    names.extend(computed.iter().map(|of| (models::id(of.model), models::label(of.model))));
    let row = |(of, apart): (&ModelCredit, Vec<f64>)| {
        let cells = apart.into_iter().map(|apart| if apart.is_finite() { Value::Share(apart) } else { Value::Missing });
        std::iter::once(Value::Text(models::label(of.model).to_owned())).chain(cells).collect()
    };
    Table { columns: columns(&names), rows: computed.iter().zip(compare(computed).apart).map(row).collect() }
}
