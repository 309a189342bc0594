//! Judging segments: are they found again in random samples of the customers, and is there more to them than chance?

use mercer_base::card::{Column, Table, Unit, Value};
use mercer_base::notation::Notation;
use mercer_method::{Detail, Evaluation, Measure, Verdict};

use crate::model::{Chosen, Model, Segmentation};
use crate::params::Params;

/// What segments are compared with.
const BY_CHANCE: &str = "the same values without any relation";

/// Judges the segments of a model.
pub(crate) fn evaluate(params: &Params, model: &Model) -> Evaluation {
    let groups = &model.segments;
    if params.bootstraps == 0 {
        return figures_only(groups);
    }
    let design = format!("found again in {} random samples of the customers", params.bootstraps);
    let verdict = if groups.stable == Some(true) { Verdict::BeatsBaseline } else { Verdict::DoesNotBeatBaseline };
    let verdict = if beats_chance(groups) { verdict } else { Verdict::DoesNotBeatBaseline };
    let least = groups.least_jaccard().map_or_else(String::new, |least| {
        format!(" (the least stable one shares {} of its customers)", Notation::new("").label(&Unit::Share, least))
    });
    let held = format!("held together better than {BY_CHANCE}");
    let words = match (groups.chosen, verdict) {
        (Chosen::NoneStable, _) => {
            format!("There are no stable segments here: no number of segments is both {design} and {held}.")
        }
        (_, Verdict::BeatsBaseline) => format!("Each of the {} segments is {design}{least} and {held}.", groups.k),
        _ => format!("Not each of the {} segments is {design}{least} and {held}.", groups.k),
    };
    Evaluation { design, verdict, words, ..figures_only(groups) }
}

fn beats_chance(groups: &Segmentation) -> bool {
    match (groups.figures.silhouette, groups.figures.silhouette_by_chance) {
        (Some(model), Some(chance)) => model > chance,
        _ => false,
    }
}

fn figures_only(groups: &Segmentation) -> Evaluation {
    let figures = &groups.figures;
    let measure = |name: &str, label: &str, model: Option<f64>, more_is_better: Option<bool>| Measure {
        name: name.to_owned(),
        label: label.to_owned(),
        model,
        baselines: Vec::new(),
        more_is_better,
    };
    let silhouette = Measure {
        baselines: vec![figures.silhouette_by_chance],
        ..measure("silhouette", "Silhouette: how clearly segments part, −1 to 1", figures.silhouette, Some(true))
    };
    Evaluation {
        design: "on the customers the segments were found among".to_owned(),
        baselines: vec![BY_CHANCE.to_owned()],
        measures: vec![
            silhouette,
            measure(
                "least_jaccard",
                "Stability of the least stable segment (Jaccard)",
                groups.least_jaccard(),
                Some(true),
            ),
            measure(
                "rule_fidelity",
                "Share of customers whose segment the rules tell",
                figures.rule_fidelity,
                Some(true),
            ),
            measure(
                "rule_fidelity_held_out",
                "The same, for customers held out of the making of the rules",
                figures.rule_fidelity_held_out,
                Some(true),
            ),
            measure("inertia", "Sum of squared distances to the centres", figures.inertia, None),
        ],
        verdict: Verdict::TooLittleData,
        words: "The stability of the segments was not looked at (bootstraps = 0).".to_owned(),
        details: vec![Detail {
            name: "candidates".to_owned(),
            about: "What speaks for each number of segments".to_owned(),
            table: candidates(groups),
        }],
    }
}

/// What speaks for each number of segments.
pub(crate) fn candidates(groups: &Segmentation) -> Table {
    let number = |value: Option<f64>| value.filter(|value| value.is_finite()).map_or(Value::Missing, Value::Number);
    let columns = [
        ("k", "Segments"),
        ("jaccard", "Stability of the least stable one"),
        ("silhouette", "Silhouette"),
        ("gap", "Gap to values without relation"),
        ("gap_uniform", "Gap to evenly spread values"),
        ("smallest", "Smallest segment"),
        ("bic", "BIC"),
        ("stable", "Stable"),
    ];
    let has_bic = groups.candidates.iter().any(|candidate| candidate.bic.is_some());
    let keep = |name: &str| name != "bic" || has_bic;
    let rows = groups.candidates.iter().map(|candidate| {
        let cells = [
            Value::Count(i64::try_from(candidate.k).unwrap_or(i64::MAX)),
            number(candidate.least_jaccard()),
            number(candidate.silhouette),
            number(Some(candidate.gap_shuffled.0)),
            number(Some(candidate.gap_uniform.0)),
            Value::Share(candidate.smallest),
            number(candidate.bic),
            Value::Text(if candidate.stable { "yes" } else { "no" }.to_owned()),
        ];
        cells.into_iter().zip(columns).filter(|(_, (name, _))| keep(name)).map(|(cell, _)| cell).collect()
    });
    let rows = rows.collect();
    let columns = columns.into_iter().filter(|(name, _)| keep(name)).map(|(name, label)| Column::new(name, label));
    Table { columns: columns.collect(), rows }
}
