//! Fitting: one model a target, what drives it, and the contest with an earlier model.

use mercer_base::{Error, Result, Seed};
use mercer_method::{Context, Intake};
use mercer_stats::classification::log_loss;
use mercer_stats::folds;

use crate::decide::Grades;
use crate::examples::{self, Examples};
use crate::input::Input;
use crate::learn;
use crate::learn::survival::{self, Watched};
use crate::marginals::Marginals;
use crate::model::{Answer, Contest, Model, TargetModel};
use crate::params::Params;
use crate::reasons::{Drivers, Interaction, Phrasebook, global, interactions};
use crate::table::Table;

/// Rows by which drivers are found, and by which pairs of features are.
const ROWS_FOR_DRIVERS: usize = 4_000;
const ROWS_FOR_PAIRS: usize = 200;
/// Features beyond which pairs are not looked for: the work grows with their square.
const MOST_FEATURES_FOR_PAIRS: usize = 60;
/// Pairs that are told.
const PAIRS: usize = 3;

/// Fits a model.
pub(crate) fn fit(params: &Params, intake: &Intake<Input>, context: &Context<'_>) -> Result<Model> {
    let seed = context.seed.split("propensity");
    let (learnable, mut left_out) = examples::learnable(params, &intake.input, seed)?;
    let previous: Option<Model> = match context.previous {
        None => None,
        Some(saved) => Some(serde_json::from_value(saved.model.clone()).map_err(|cause| {
            Error::data(format!("the earlier model is damaged: {cause}")).with_hint("leave out --previous")
        })?),
    };
    let alone = learnable.len() == 1 && left_out.is_empty();
    let mut targets = Vec::with_capacity(learnable.len());
    for examples in learnable {
        (context.say)(&format!("who {}", examples.words));
        let earlier = previous.as_ref().and_then(|model| {
            model.targets.iter().find(|target| target.name == examples.name && target.answer_is_whether())
        });
        let name = examples.name.clone();
        match fit_target(params, examples, earlier, seed) {
            Ok(target) => targets.push(target),
            Err(error) if alone => return Err(error),
            Err(error) => left_out.push(crate::encode::Unused { name, reason: error.to_string() }),
        }
    }
    if targets.is_empty() {
        let why: Vec<String> = left_out.iter().map(|target| format!("{}: {}", target.name, target.reason)).collect();
        return Err(Error::data(format!("nothing can be predicted: {}", why.join("; ")))
            .with_hint("give a longer history, or more rows whose outcome is known"));
    }
    Ok(Model { targets, left_out })
}

impl TargetModel {
    fn answer_is_whether(&self) -> bool {
        matches!(self.answer, Answer::Whether(_))
    }
}

fn fit_target(params: &Params, examples: Examples, earlier: Option<&TargetModel>, seed: Seed) -> Result<TargetModel> {
    let seed = seed.split(&examples.name);
    let (answer, probabilities, learner) = match &examples.times {
        Some(times) => {
            let watched = Watched {
                table: &examples.table,
                times,
                events: &examples.outcomes,
                owners: examples.owners.as_deref(),
            };
            let clock = survival::learn(&watched, params, seed)?.clock;
            let ratios = clock.log_ratios(&examples.table)?;
            let horizon = params.horizon.get();
            let chances = ratios.iter().map(|ratio| 1.0 - clock.survival(horizon, *ratio)).collect();
            let words = clock.words();
            (Answer::When(clock), chances, words)
        }
        None => {
            let learnt = learn::learn(&examples.problem(), params, seed)?;
            let words = learnt.classifier.words();
            (Answer::Whether(learnt.classifier), learnt.out_of_fold, words)
        }
    };
    let contest = match (earlier, &answer) {
        (Some(earlier), Answer::Whether(_)) => Some(contest(params, &examples, earlier, seed)?),
        _ => None,
    };
    if let Some(earlier) = earlier.filter(|_| contest.as_ref().is_some_and(|contest| contest.kept)) {
        return Ok(TargetModel { contest, ..earlier.clone() });
    }
    let (drivers, interactions) = explained(&answer, &examples.table)?;
    let positives = examples.outcomes.iter().filter(|outcome| **outcome).count() as u64;
    let rate = match &answer {
        Answer::Whether(_) => positives as f64 / examples.outcomes.len().max(1) as f64,
        // Rows are watched for times of their own: the rate within the horizon is what the curves say of it.
        Answer::When(_) => probabilities.iter().sum::<f64>() / probabilities.len().max(1) as f64,
    };
    Ok(TargetModel {
        grades: Grades::learn(&probabilities, rate)?,
        interactions,
        phrasebook: Phrasebook::learn(&examples.table),
        marginals: Marginals::learn(&examples.table),
        features: examples.table.features().to_vec(),
        rows: examples.outcomes.len() as u64,
        name: examples.name,
        words: examples.words,
        population: examples.population,
        source: examples.source,
        positives,
        learner,
        answer,
        drivers,
        contest,
    })
}

/// Rows at equal distances, at most so many.
pub(crate) fn sample(table: &Table, most: usize) -> Result<Table> {
    let step = table.rows().div_ceil(most).max(1);
    let rows: Vec<u32> = (0..u32::try_from(table.rows()).unwrap_or(u32::MAX)).step_by(step).collect();
    table.take(&rows)
}

/// What drives the outcome, and the strongest pairs of features that act together.
fn explained(answer: &Answer, table: &Table) -> Result<(Drivers, Vec<Interaction>)> {
    let rows = sample(table, ROWS_FOR_DRIVERS)?;
    let few = match answer {
        Answer::Whether(_) if table.features().len() <= MOST_FEATURES_FOR_PAIRS => Some(sample(table, ROWS_FOR_PAIRS)?),
        _ => None,
    };
    let (contributions, of_pairs) = match answer {
        Answer::Whether(classifier) => classifier.explained(&rows, few.as_ref())?,
        Answer::When(clock) => (clock.contributions(&rows)?, None),
    };
    let pairs = match (few, of_pairs) {
        (Some(few), Some(values)) => interactions(table.features(), few.rows(), &values, PAIRS)?,
        _ => Vec::new(),
    };
    Ok((global(&rows, &contributions.values)?, pairs))
}

/// The earlier model against a new one on the newest rows, which the new one has not seen.
fn contest(params: &Params, examples: &Examples, earlier: &TargetModel, seed: Seed) -> Result<Contest> {
    let Answer::Whether(champion) = &earlier.answer else {
        return Err(Error::internal("an earlier model of another kind"));
    };
    let (train, test) = examples.newest().unwrap_or_else(|| {
        let parts = folds::stratified(&learn::classes(&examples.outcomes), 5, seed.split("newest"));
        (0..u32::try_from(parts.len()).unwrap_or(u32::MAX)).partition(|row| parts.get(*row as usize) != Some(&0))
    });
    let challenger = learn::learn(&examples.part(&train)?.problem(), params, seed.split("challenger"))?.classifier;
    let newest = examples.part(&test)?;
    let challenger = loss(&challenger.probabilities(&newest.table)?, &newest.outcomes);
    if earlier.features != newest.table.features() {
        let words = "the new model is taken: the earlier one knows other columns or categories".to_owned();
        return Ok(Contest { kept: false, champion: None, challenger, words });
    }
    let champion = loss(&champion.probabilities(&newest.table)?, &newest.outcomes);
    let kept = champion <= challenger;
    let (which, than) =
        if kept { ("the earlier model is kept", "a new one") } else { ("the new model is taken", "the earlier one") };
    let (better, worse) = if kept { (champion, challenger) } else { (challenger, champion) };
    let words = format!(
        "{which}: on the {} newest rows its log-loss is {better:.4}, that of {than} {worse:.4}",
        newest.outcomes.len()
    );
    Ok(Contest { kept, champion: Some(champion), challenger, words })
}

fn loss(probabilities: &[f64], outcomes: &[bool]) -> f64 {
    log_loss(probabilities, outcomes).unwrap_or(f64::MAX)
}
