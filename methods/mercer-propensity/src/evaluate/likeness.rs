//! Judging lookalikes: a part of the list is hidden, and it is asked how much of it comes up on top.

use mercer_base::card::Value;
use mercer_base::{Result, Seed};
use mercer_method::{Measure, Verdict};

use super::Judgement;
use super::alone::Alone;
use super::details::{detail, number, share};
use crate::decide::{Capture, Likeness, hide, likeness};
use crate::examples::Examples;
use crate::learn::{self, Problem};
use crate::params::Params;
use crate::table::Table;

/// Parts of the list, of which each is hidden in turn.
const PARTS: u32 = 4;
/// The share of the prospects by which it is judged.
const TOLD: f64 = 0.1;

pub(super) fn judge(params: &Params, examples: &Examples, seed: Seed) -> Result<Judgement> {
    let (mut ranks, mut alone, mut regression, mut hidden) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for part in 0..PARTS {
        let parted = hide(&examples.outcomes, part, PARTS, seed)?;
        let problem = Problem { outcomes: &parted.listed, ..examples.problem() };
        let learnt = learn::learn(&problem, params, seed.nth(u64::from(part)))?;
        let is_prospect = |row: &usize| parted.listed.get(*row) == Some(&false) && !learnt.out_of_fold[*row].is_nan();
        let prospects: Vec<usize> = (0..examples.outcomes.len()).filter(is_prospect).collect();
        let of = |scores: &[f64]| ranked(&prospects.iter().map(|row| scores[*row]).collect::<Vec<f64>>());
        // Each prospect by the members of the bag that did not learn from it: they all took it for unlike the list.
        ranks.extend(of(&learnt.out_of_fold));
        alone.extend(of(&by_one(&examples.table, &parted.listed)));
        if let Some(learnt) = &learnt.regression {
            regression.extend(of(&learnt.margins(&examples.table)?));
        }
        hidden.extend(prospects.iter().map(|row| parted.hidden[*row]));
    }
    let found = likeness(&ranks, &hidden, seed)?;
    let by_one = likeness(&alone, &hidden, seed)?;
    let by_regression = if regression.is_empty() { None } else { Some(likeness(&regression, &hidden, seed)?) };
    let top = |likeness: &Likeness| likeness.captures.iter().find(|capture| capture.share >= TOLD).copied();
    let figure = |likeness: Option<&Likeness>, of: fn(&Capture) -> f64| {
        likeness.and_then(top).map_or(f64::NAN, |capture| of(&capture))
    };
    let measure = |name: &str, label: &str, by_chance: f64, of: fn(&Capture) -> f64| {
        let baselines = [by_chance, figure(Some(&by_one), of)];
        Measure::more_is_better(name, label, figure(Some(&found), of), &baselines)
    };
    let measures = vec![
        measure("lift_at_10", "Lift of the best tenth over random", 1.0, |capture| capture.lift),
        measure("recall_at_10", "Hidden ones in the best tenth", TOLD, |capture| capture.recall),
        Measure::plain(
            "lift_at_10_regression",
            "Lift of the best tenth by the regression alone",
            figure(by_regression.as_ref(), |capture| capture.lift),
            &[],
        ),
    ];
    let above_chance = top(&found).and_then(|capture| capture.lift_interval).is_some_and(|(low, _)| low > 1.0);
    let beats_one = figure(Some(&found), |capture| capture.lift) > figure(Some(&by_one), |capture| capture.lift);
    let verdict = if above_chance && beats_one { Verdict::BeatsBaseline } else { Verdict::DoesNotBeatBaseline };
    let rows: Vec<Vec<Value>> = found
        .captures
        .iter()
        .map(|capture| {
            vec![
                share(capture.share),
                share(capture.recall),
                share(capture.recall_interval.map(|interval| interval.0)),
                share(capture.recall_interval.map(|interval| interval.1)),
                number(capture.lift),
                number(capture.lift_interval.map(|interval| interval.0)),
                number(capture.lift_interval.map(|interval| interval.1)),
            ]
        })
        .collect();
    let columns = [
        ("share", "Best prospects"),
        ("recall", "Hidden ones among them"),
        ("recall_low", "from"),
        ("recall_high", "to"),
        ("lift", "Lift over random"),
        ("lift_low", "from"),
        ("lift_high", "to"),
    ];
    Ok(Judgement {
        design: format!("a {PARTS}th of the list hidden among the prospects, in turn"),
        measures,
        verdict,
        words: found.words.clone(),
        details: vec![detail(
            "likeness",
            "how many of the hidden ones come up among the best prospects",
            &columns,
            rows,
        )],
    })
}

/// The share of prospects that each is above: models of different parts agree on ranks, not on scores.
fn ranked(scores: &[f64]) -> Vec<f64> {
    let mut sorted = scores.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let rank = |score: &f64| {
        let below = sorted.partition_point(|other| other < score);
        let up_to = sorted.partition_point(|other| other <= score);
        (below + up_to) as f64 / (2.0 * sorted.len() as f64)
    };
    scores.iter().map(rank).collect()
}

/// The rate of each row by the best feature alone.
fn by_one(table: &Table, listed: &[bool]) -> Vec<f64> {
    let best = Alone::best(table, listed, None);
    let found = best.and_then(|best| Some(best.probabilities(table.column(&best.name)?.1)));
    found.unwrap_or_else(|| vec![0.0; table.rows()])
}
