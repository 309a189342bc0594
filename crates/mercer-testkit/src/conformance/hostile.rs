//! Data as they should not be: each must end in an error with a hint, or in a result whose every number is finite.

use mercer_base::frame::{Column, Frame, NO_MOMENT, Words};
use mercer_method::{AnyMethod, IntakeCounts, Outcome, Predicted};
use rayon::prelude::*;

use super::Sample;
use super::run::{Broken, fit, miscounted, not_finite, predict, unhelpful, unsound};
use super::sample::rebuilt;

/// Rows of the samples that hostile data are made from: each kind of damage is a fit of its own.
const ROWS: usize = 200;
/// Length of an id that nobody expects.
const LONG: usize = 100_000;

/// Empty tables, single rows, constant, missing, infinite and huge numbers, dates at the ends of time, odd and repeated ids:
/// fitting and predicting refuse them with a hint or answer in finite numbers, and never panic.
#[must_use]
pub fn hostile_data_is_refused_or_answered(method: &dyn AnyMethod, samples: &[Sample]) -> Vec<String> {
    let mut found = Vec::new();
    for sample in samples {
        let base = match fit(method, sample) {
            Ok(base) => base,
            Err(error) => {
                found.push(format!("{}, sample \"{}\": cannot be fitted: {error:?}", sample.about.id, sample.name));
                continue;
            }
        };
        for sample in sample.all_forms() {
            found.extend(damaged(method, sample, &base));
        }
    }
    found
}

/// What is wrong when the sample is damaged in each way; `base` holds the model that scores it.
fn damaged(method: &dyn AnyMethod, sample: &Sample, base: &Outcome) -> Vec<String> {
    let is_row_by_row = match predict(method, &base.saved, sample) {
        Ok(predicted) => predicted.scores.rows() == sample.rows(),
        Err(error) => {
            return vec![format!("{}, sample \"{}\": cannot be scored: {error:?}", sample.about.id, sample.name)];
        }
    };
    let damaged = damages(&sample.head(ROWS));
    let wrong: Vec<Vec<String>> = damaged
        .par_iter()
        .map(|(damage, hostile)| {
            // Shown where the test fails or is stopped: the last lines say what never ended.
            println!("{}, sample \"{}\": {damage}", sample.about.id, sample.name);
            let wrong_counts = |counts: &IntakeCounts, scores: &Frame| {
                miscounted(hostile, counts, scores.rows(), is_row_by_row && !has_repeated_ids(hostile))
            };
            let fitted = match fit(method, hostile) {
                Ok(outcome) => {
                    let counts = outcome.scores.iter().flat_map(|scores| wrong_counts(&outcome.saved.data, scores));
                    unsound(hostile, &outcome).into_iter().chain(counts).collect()
                }
                Err(error) => Vec::from_iter(unhelpful(&error)),
            };
            let predicted = match predict(method, &base.saved, hostile) {
                Ok(Predicted { scores, counts, .. }) => {
                    [not_finite(hostile, &scores), wrong_counts(&counts, &scores)].concat()
                }
                Err(error) => Vec::from_iter(unhelpful(&error)),
            };
            let mut broken = Broken::default();
            for (what, wrong) in [("fitted", fitted), ("predicted", predicted)] {
                wrong.iter().for_each(|wrong| broken.add(sample, format!("{what} with {damage}: {wrong}")));
            }
            broken.into_found()
        })
        .collect();
    wrong.into_iter().flatten().collect()
}

/// Whether an id of the main table comes twice, so that a method may take its rows together.
fn has_repeated_ids(sample: &Sample) -> bool {
    let ids = sample.frames.first().and_then(|(_, frame)| frame.columns().next());
    let Some((_, Column::Words(ids))) = ids else { return false };
    let mut seen = vec![false; ids.words.len()];
    ids.codes.iter().any(|code| seen.get_mut(*code as usize).is_some_and(|seen| std::mem::replace(seen, true)))
}

/// The sample damaged in each way, with the damage in words.
fn damages(sample: &Sample) -> Vec<(String, Sample)> {
    let twice = |frame: &Frame| {
        let rows: Vec<usize> = (0..frame.rows()).chain(0..frame.rows()).collect();
        frame.take(&rows)
    };
    let mut damaged = vec![
        ("no rows".to_owned(), sample.head(0)),
        ("one row".to_owned(), sample.head(1)),
        ("two rows".to_owned(), sample.head(2)),
        ("every row twice".to_owned(), sample.map(|_, frame| twice(frame))),
        ("every column constant".to_owned(), sample.map(|_, frame| rebuilt(frame, |_, column| Some(constant(column))))),
    ];
    for (position, (table, frame)) in sample.frames.iter().enumerate() {
        if position > 0 {
            damaged.push((
                format!("no rows in {table}"),
                sample.map(|name, frame| if name == *table { frame.take(&[]) } else { frame.clone() }),
            ));
        }
        for (column, values) in frame.columns() {
            let spec = sample.form.tables.iter().filter(|spec| spec.name == *table).flat_map(|spec| spec.columns);
            let is_optional = spec.into_iter().any(|spec| spec.name == column && !spec.required);
            let mut ways = ways_to_damage(values);
            if is_optional {
                ways.push(("left out", None));
            }
            for (way, values) in ways {
                let changed =
                    sample.map(|name, frame| {
                        rebuilt(frame, |known, old| {
                            if name == *table && known == column { values.clone() } else { Some(old.clone()) }
                        })
                    });
                damaged.push((format!("{table}.{column} {way}"), changed));
            }
        }
    }
    damaged
}

/// A column damaged in each way that its kind allows; nothing stands for leaving it out.
fn ways_to_damage(column: &Column) -> Vec<(&'static str, Option<Column>)> {
    let mut ways = vec![("constant", constant(column))];
    match column {
        Column::Numbers(values) => {
            let first = |value: f64| {
                let mut values = values.clone();
                values.iter_mut().take(1).for_each(|first| *first = value);
                Column::Numbers(values)
            };
            let all = |value: f64| Column::Numbers(vec![value; values.len()]);
            ways.extend([
                ("missing in one row", first(f64::NAN)),
                ("missing in all rows", all(f64::NAN)),
                ("infinite in one row", first(f64::INFINITY)),
                ("infinite in all rows", all(f64::INFINITY)),
                ("minus infinity in one row", first(f64::NEG_INFINITY)),
                ("huge in one row", first(1e300)),
                ("huge in all rows", all(1e300)),
                ("hugely negative in one row", first(-1e300)),
                ("negative in all rows", all(-1.0)),
                ("tiny in all rows", all(1e-300)),
                ("nought in all rows", all(0.0)),
            ]);
        }
        Column::Moments(values) => {
            let first = |value: i64| {
                let mut values = values.clone();
                values.iter_mut().take(1).for_each(|first| *first = value);
                Column::Moments(values)
            };
            ways.extend([
                ("missing in one row", first(NO_MOMENT)),
                ("missing in all rows", Column::Moments(vec![NO_MOMENT; values.len()])),
                ("at the end of time in one row", first(i64::MAX)),
                ("before all time in one row", first(i64::MIN + 1)),
                ("at the end of time in all rows", Column::Moments(vec![i64::MAX; values.len()])),
            ]);
        }
        Column::Words(words) => {
            let first = |word: Option<&str>| {
                let rows = (0..words.codes.len()).map(|row| if row == 0 { word } else { words.get(row) });
                Column::Words(rows.collect::<Words>())
            };
            ways.extend([
                ("missing in one row", first(None)),
                ("missing in all rows", Column::Words(words.codes.iter().map(|_| None::<&str>).collect())),
                ("empty in one row", first(Some(""))),
                ("of control characters in one row", first(Some("\0\u{1b}[31m\r\n\t\u{202e}=1+1,\"'<b>"))),
                ("very long in one row", first(Some(&"x".repeat(LONG)))),
            ]);
        }
    }
    ways.into_iter().map(|(way, column)| (way, Some(column))).collect()
}

/// The column with its first value in every row.
fn constant(column: &Column) -> Column {
    column.take(&vec![0; column.len()])
}
