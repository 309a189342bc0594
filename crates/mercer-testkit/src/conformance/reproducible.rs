//! The same bytes again: under a seed, at any thread count, in any order of rows, whatever else is asked for.

use mercer_base::Seed;
use mercer_method::{AnyMethod, Outcome, Wish};

use super::Sample;
use super::run::{Broken, difference, fit, fit_for, json, parts, score_lines};

/// Model, scores, evaluation and findings are the same bytes when the method runs twice under one seed.
#[must_use]
pub fn same_under_a_seed(method: &dyn AnyMethod, samples: &[Sample]) -> Vec<String> {
    let mut broken = Broken::default();
    for sample in samples {
        match (fit(method, sample), fit(method, sample)) {
            (Ok(first), Ok(second)) => compare(&mut broken, sample, "run twice", &first, &second),
            (Err(error), _) | (_, Err(error)) => broken.add(sample, format!("cannot be fitted: {error:?}")),
        }
    }
    broken.into_found()
}

/// Model, scores, evaluation and findings are the same bytes at 1, 2 and 7 threads.
///
/// # Panics
/// A thread pool cannot be started.
#[must_use]
pub fn same_at_any_thread_count(method: &dyn AnyMethod, samples: &[Sample]) -> Vec<String> {
    let mut broken = Broken::default();
    for sample in samples {
        let [one, others @ ..] = crate::promises::THREAD_COUNTS.map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a thread pool");
            (threads, pool.install(|| fit(method, sample)))
        });
        for (threads, other) in others {
            match (&one.1, &other) {
                (Ok(one), Ok(other)) => {
                    compare(&mut broken, sample, &format!("1 thread against {threads}"), one, other);
                }
                (Err(error), _) | (_, Err(error)) => broken.add(sample, format!("cannot be fitted: {error:?}")),
            }
        }
    }
    broken.into_found()
}

fn compare(broken: &mut Broken, sample: &Sample, what: &str, a: &Outcome, b: &Outcome) {
    for ((part, a), (_, b)) in parts(a).iter().zip(parts(b)) {
        if let Some(difference) = difference(a, &b) {
            broken.add(sample, format!("{what}, {part} differs: {difference}"));
        }
    }
}

/// Rows in another order give the same model, evaluation and findings, and each row or id the same scores.
#[must_use]
pub fn row_order_does_not_matter(method: &dyn AnyMethod, samples: &[Sample]) -> Vec<String> {
    let mut broken = Broken::default();
    for sample in samples {
        let (shuffled, order) = sample.shuffled(Seed(1));
        match (fit(method, sample), fit(method, &shuffled)) {
            (Ok(a), Ok(b)) => {
                for (part, a, b) in [
                    ("the model", json(&a.saved.model), json(&b.saved.model)),
                    ("the window of the data", json(&a.saved.data.window), json(&b.saved.data.window)),
                    ("the notes on the data", json(&a.saved.data.notes), json(&b.saved.data.notes)),
                    ("the evaluation", json(&a.evaluation), json(&b.evaluation)),
                    ("the findings", json(&a.findings), json(&b.findings)),
                    ("the scores", scores_in_order(sample, &a, None), scores_in_order(sample, &b, Some(&order))),
                ] {
                    if let Some(difference) = difference(&a, &b) {
                        broken.add(sample, format!("with shuffled rows {part} differs: {difference}"));
                    }
                }
            }
            (Err(error), _) | (_, Err(error)) => broken.add(sample, format!("cannot be fitted: {error:?}")),
        }
    }
    broken.into_found()
}

/// The scores by id, or without ids by the place that each row had before it was shuffled.
fn scores_in_order(sample: &Sample, outcome: &Outcome, order: Option<&[usize]>) -> String {
    let Some(scores) = &outcome.scores else { return String::new() };
    let mut lines = score_lines(scores);
    let has_ids =
        scores.columns().next().is_some_and(|(name, _)| sample.about.scores.iter().all(|score| score.name != name));
    if has_ids {
        lines.sort_unstable();
    } else if let Some(order) = order {
        let mut placed: Vec<(usize, String)> = order.iter().copied().zip(lines).collect();
        placed.sort_unstable();
        lines = placed.into_iter().map(|(_, line)| line).collect();
    }
    lines.join("\n")
}

/// The model is the same whether or not scores, evaluation and findings are asked for, and what is not asked for is not made.
#[must_use]
pub fn asking_for_less_changes_nothing(method: &dyn AnyMethod, samples: &[Sample]) -> Vec<String> {
    let mut broken = Broken::default();
    for sample in samples {
        match (fit(method, sample), fit_for(method, sample, Wish::default())) {
            (Ok(all), Ok(less)) => {
                if let Some(difference) = difference(&json(&all.saved), &json(&less.saved)) {
                    broken.add(sample, format!("alone, the model differs: {difference}"));
                }
                if less.scores.is_some() || less.evaluation.is_some() || !less.findings.cards.is_empty() {
                    broken.add(sample, "makes what nobody asked for");
                }
            }
            (Err(error), _) | (_, Err(error)) => broken.add(sample, format!("cannot be fitted: {error:?}")),
        }
    }
    broken.into_found()
}
