//! Judging on rows that were not seen: the newest where there is a time, parts of a table in turn where there is none.

mod alone;
mod details;
mod likeness;
mod when;
mod whether;

use mercer_base::{ErrorKind, Result, Seed};
use mercer_method::{Context, Detail, Evaluation, Intake, Measure, Verdict};

use crate::examples;
use crate::input::Input;
use crate::model::{Answer, Model, TargetModel};
use crate::params::Params;

/// The naive ways that every model is compared with, in this order.
const BASELINES: [&str; 2] = ["the same for everybody", "the best feature alone"];

/// What a target's model came to.
struct Judgement {
    design: String,
    measures: Vec<Measure>,
    verdict: Verdict,
    words: String,
    details: Vec<Detail>,
}

/// Judges the models of all targets.
pub(crate) fn evaluate(
    params: &Params,
    model: &Model,
    intake: &Intake<Input>,
    context: &Context<'_>,
) -> Result<Evaluation> {
    let seed = context.seed.split("propensity").split("evaluation");
    let several = model.targets.len() > 1;
    let mut all: Option<Evaluation> = None;
    for target in &model.targets {
        (context.say)(&format!("judging who {}", target.words));
        let Judgement { design, mut measures, verdict, mut words, mut details } =
            judge(params, target, &intake.input, seed)?;
        if several {
            words = format!("{}: {words}", target.name);
        }
        let name = target.name.replace('-', "_");
        if let Some(all) = &mut all {
            // The first target's figures keep the plain names.
            measures.iter_mut().for_each(|measure| {
                measure.name = format!("{name}_{}", measure.name);
                measure.label = format!("{}: {}", target.name, measure.label);
            });
            details.iter_mut().for_each(|detail| detail.name = format!("{name}_{}", detail.name));
            all.measures.extend(measures);
            all.details.extend(details);
            all.words = format!("{} {words}", all.words);
            if all.design != design {
                all.design = format!("{}; {name}: {design}", all.design);
            }
            all.verdict = worse(all.verdict, verdict);
        } else {
            let baselines = BASELINES.iter().map(|name| (*name).to_owned()).collect();
            all = Some(Evaluation { design, baselines, measures, verdict, words, details });
        }
    }
    Ok(all.unwrap_or_else(|| Evaluation::too_little("nothing was learnt")))
}

/// The verdict on several targets is that on the least one.
fn worse(one: Verdict, other: Verdict) -> Verdict {
    match (one, other) {
        (Verdict::DoesNotBeatBaseline, _) | (_, Verdict::DoesNotBeatBaseline) => Verdict::DoesNotBeatBaseline,
        (Verdict::TooLittleData, _) | (_, Verdict::TooLittleData) => Verdict::TooLittleData,
        _ => Verdict::BeatsBaseline,
    }
}

fn judge(params: &Params, target: &TargetModel, input: &Input, seed: Seed) -> Result<Judgement> {
    let examples = examples::again(params, &target.source, input)?;
    let seed = seed.split(&target.name);
    let judged = match &target.answer {
        Answer::When(_) => when::judge(params, &examples, seed),
        Answer::Whether(_) if params.unlabelled => likeness::judge(params, &examples, seed),
        Answer::Whether(_) => whether::judge(params, target, &examples, seed),
    };
    match judged {
        // Parts of the rows may hold too few outcomes where all of them hold enough.
        Err(error) if error.kind() == ErrorKind::Data => Ok(Judgement {
            design: "none".to_owned(),
            measures: Vec::new(),
            verdict: Verdict::TooLittleData,
            words: format!("There is too little to test with: {error}."),
            details: Vec::new(),
        }),
        other => other,
    }
}
