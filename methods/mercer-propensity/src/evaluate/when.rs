//! Judging times: who comes first, and how far the curves are from what came.

use mercer_base::words::count;
use mercer_base::{Error, Result, Seed};
use mercer_method::{Measure, Verdict};
use mercer_stats::folds;
use mercer_stats::quantile;
use mercer_stats::survival::{concordance, integrated_brier, kaplan_meier};

use super::Judgement;
use super::details::{detail, number, share};
use crate::examples::{Examples, Part};
use crate::learn::classes;
use crate::learn::survival::{Clock, Watched, learn};
use crate::params::Params;

/// Times at which curves are compared with what came.
const STEPS: usize = 20;
/// The curves are compared up to this share of the times of events.
const LATEST: f64 = 0.9;
/// Events below which a test says little.
const FEWEST: usize = 20;

pub(super) fn judge(params: &Params, examples: &Examples, seed: Seed) -> Result<Judgement> {
    let (splits, design) = splits(params, examples, seed);
    let mut rows = Vec::new();
    let mut curves = Vec::new();
    let (mut tested, mut events) = (0, 0);
    for (part, (train, test)) in splits.iter().enumerate() {
        let (train, test) = (examples.part_by_newest(train)?, examples.part(test)?);
        let (train_times, times) = (times_of(&train)?, times_of(&test)?);
        tested += times.len();
        events += test.outcomes.iter().filter(|event| **event).count();
        let watched = Watched {
            table: &train.table,
            times: train_times,
            events: &train.outcomes,
            owners: train.owners.as_deref(),
        };
        let learnt = learn(&watched, params, seed.nth(part as u64))?;
        let everybody = kaplan_meier(train_times, &train.outcomes, None)
            .ok_or_else(|| Error::data("the times leave no curve").with_hint("give finite times above 0"))?;
        let grid = grid(times, &test.outcomes);
        let figures = |clock: &Clock| -> Result<(Option<f64>, Option<f64>)> {
            let ratios = clock.log_ratios(&test.table)?;
            let survival: Vec<Vec<f64>> =
                grid.iter().map(|time| ratios.iter().map(|ratio| clock.survival(*time, *ratio)).collect()).collect();
            Ok((concordance(&ratios, times, &test.outcomes), integrated_brier(&survival, times, &test.outcomes, &grid)))
        };
        let own = figures(&learnt.clock)?;
        let regression = learnt.regression.as_ref().map(figures).transpose()?.unwrap_or((None, None));
        let flat: Vec<Vec<f64>> = grid.iter().map(|time| vec![everybody.at(*time); times.len()]).collect();
        let of_everybody = integrated_brier(&flat, times, &test.outcomes, &grid);
        rows.push([own.0, own.1, regression.0, regression.1, of_everybody]);
        if part == 0 {
            let came = kaplan_meier(times, &test.outcomes, None);
            let ratios = learnt.clock.log_ratios(&test.table)?;
            let foretold = |time: f64| {
                ratios.iter().map(|ratio| learnt.clock.survival(time, *ratio)).sum::<f64>() / ratios.len().max(1) as f64
            };
            let point = |time: &f64| {
                let came = came.as_ref().map_or(f64::NAN, |curve| curve.at(*time));
                vec![number(*time), share(everybody.at(*time)), share(foretold(*time)), share(came)]
            };
            curves = even(grid.last().copied().unwrap_or(0.0)).iter().map(point).collect();
        }
    }
    let mean = |index: usize| {
        let known = rows.iter().map(|row| row.get(index).copied().flatten().unwrap_or(f64::NAN));
        known.sum::<f64>() / rows.len() as f64
    };
    let measures = vec![
        Measure::more_is_better("c_index", "Concordance: pairs in the right order", mean(0), &[0.5, f64::NAN]),
        Measure::less_is_better("integrated_brier", "Integrated Brier score", mean(1), &[mean(4), f64::NAN]),
        Measure::plain("c_index_regression", "Concordance of the Cox regression alone", mean(2), &[]),
        Measure::plain(
            "integrated_brier_regression",
            "Integrated Brier score of the Cox regression alone",
            mean(3),
            &[],
        ),
    ];
    let verdict = match () {
        () if events < FEWEST => Verdict::TooLittleData,
        () if mean(0) > 0.5 && mean(1) < mean(4) => Verdict::BeatsBaseline,
        () => Verdict::DoesNotBeatBaseline,
    };
    let (first, last) = (mean(0), mean(1));
    let words = format!(
        "Of {} with {}, {:.1} % of pairs come in the order foretold; the integrated Brier score is {last:.4}, against {:.4} with the \
         same curve for everybody.",
        count(tested as u64, "row", "rows"),
        count(events as u64, "event", "events"),
        100.0 * first,
        mean(4),
    );
    let folds = rows.iter().enumerate().map(|(part, row)| {
        let mut cells = vec![mercer_base::card::Value::Count(i64::try_from(part + 1).unwrap_or(i64::MAX))];
        cells.extend(row.iter().map(|figure| number(*figure)));
        cells
    });
    let folds = detail(
        "folds",
        "each part of the test by itself",
        &[
            ("fold", "Part"),
            ("c_index", "Concordance"),
            ("integrated_brier", "Integrated Brier"),
            ("c_index_regression", "Concordance, Cox regression"),
            ("integrated_brier_regression", "Integrated Brier, Cox regression"),
            ("integrated_brier_everybody", "Integrated Brier, Kaplan–Meier"),
        ],
        folds.collect(),
    );
    let curve = detail(
        "kaplan_meier",
        "share of rows without the event by time: of those learnt from, and of those tested as foretold and as it came",
        &[
            ("time", "Time"),
            ("survival", "Without the event, rows learnt from (Kaplan–Meier)"),
            ("foretold", "Without the event, rows tested, as foretold"),
            ("came", "Without the event, rows tested, as it came (Kaplan–Meier)"),
        ],
        curves,
    );
    Ok(Judgement { design, measures, verdict, words, details: vec![folds, curve] })
}

/// Rows to learn from, and rows to test on.
type Split = (Vec<u32>, Vec<u32>);

/// What is learnt from and what is tested on, and how that is called: the newest cut-off where there are several, else parts at random.
fn splits(params: &Params, examples: &Examples, seed: Seed) -> (Vec<Split>, String) {
    if let (Some(_), Some(split)) = (&examples.newest, examples.newest()) {
        let design = "out of time: fitted on what was known by the newest day, tested on how long it lasted from there";
        return (vec![split], design.to_owned());
    }
    let parts = params.folds.clamp(2, 20);
    let of_row = folds::stratified(&classes(&examples.outcomes), parts, seed.split("folds"));
    let split = |part: u32| {
        let rows = 0..u32::try_from(of_row.len()).unwrap_or(u32::MAX);
        rows.partition(|row| of_row.get(*row as usize) != Some(&part))
    };
    ((0..parts).map(split).collect(), format!("{parts} parts at random, each predicted by a model of the others"))
}

fn times_of(part: &Part) -> Result<&[f64]> {
    part.times.as_deref().ok_or_else(|| Error::internal("rows without times"))
}

/// Rising times from the first events to nearly the last ones.
fn grid(times: &[f64], events: &[bool]) -> Vec<f64> {
    let mut of_events: Vec<f64> =
        times.iter().zip(events).filter(|(_, event)| **event).map(|(time, _)| *time).collect();
    of_events.sort_unstable_by(f64::total_cmp);
    let step = |step: usize| quantile(&of_events, LATEST * step as f64 / STEPS as f64);
    let mut grid: Vec<f64> = (1..=STEPS).map(step).filter(|time| time.is_finite()).collect();
    grid.dedup();
    grid
}

/// Times from 0 to the last one, evenly spaced, as the axis of a picture has them; whole ones where steps are longer than 1.
fn even(last: f64) -> Vec<f64> {
    let step = last / STEPS as f64;
    let whole = |time: f64| if step > 1.0 { time.round() } else { time };
    (0..=STEPS).map(|at| whole(step * at as f64)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_of_the_picture_is_even() {
        let times = even(82.0);
        assert_eq!((times.len(), times[0], times[STEPS]), (STEPS + 1, 0.0, 82.0));
        // Whole days differ from even steps of 4.1 by one at the most.
        assert!(times.windows(2).all(|pair| (4.0..=5.0).contains(&(pair[1] - pair[0]))), "{times:?}");
        assert_eq!(even(10.0)[1], 0.5);
    }
}
