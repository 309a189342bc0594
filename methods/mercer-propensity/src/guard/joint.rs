//! How much all columns together explain: an additive logistic model over cells, judged out of fold.

use mercer_base::{Error, Result};
use mercer_stats::classification::log_loss;
use rayon::prelude::*;

use super::cells::Cells;

/// Rounds over all columns; with the step below, effects of correlated columns have settled to about a hundredth by then.
const ROUNDS: usize = 12;
/// Share of the Newton step that is taken.
const STEP: f64 = 0.5;
/// Ridge penalty on a cell's effect, in units of its rows' variance: as if 20 undecided rows more were in the cell.
const RIDGE: f64 = 5.0;

/// The log-loss, out of fold, of the model
///
/// > logit P(outcome) = intercept + Σ over columns of the effect of the row's cell,
///
/// over the columns that `uses` wants. The effects are found column by column with damped Newton steps on the penalised
/// likelihood (backfitting; Hastie & Tibshirani 1990, Generalized Additive Models, section 6.4). Each fold is predicted by a
/// model of the others.
///
/// # Errors
/// When a fold has no rows.
pub(super) fn loss(
    columns: &[Cells],
    uses: impl Fn(usize) -> bool + Sync,
    outcomes: &[bool],
    folds: &[u32],
    fold_count: u32,
) -> Result<f64> {
    let used: Vec<&Cells> =
        columns.iter().enumerate().filter(|(index, _)| uses(*index)).map(|(_, cells)| cells).collect();
    let fitted: Vec<Vec<f64>> =
        (0..fold_count).into_par_iter().map(|fold| probabilities(&used, outcomes, folds, fold)).collect();
    let own =
        |(row, fold): (usize, &u32)| fitted.get(*fold as usize).and_then(|all| all.get(row)).copied().unwrap_or(0.5);
    let held_out: Vec<f64> = folds.iter().enumerate().map(own).collect();
    log_loss(&held_out, outcomes).ok_or_else(|| Error::internal("no rows to judge the columns together by"))
}

/// The probabilities of all rows by the model of the rows outside of a fold.
fn probabilities(columns: &[&Cells], outcomes: &[bool], folds: &[u32], fold: u32) -> Vec<f64> {
    let learns: Vec<bool> = folds.iter().map(|other| *other != fold).collect();
    let with = outcomes.iter().zip(&learns).filter(|(outcome, learns)| **outcome && **learns).count() as f64;
    let all = learns.iter().filter(|learns| **learns).count() as f64;
    // Half a row of each outcome keeps the intercept finite.
    let intercept = ((with + 0.5) / (all - with + 0.5)).ln();
    let mut margins = vec![intercept; outcomes.len()];
    for _ in 0..ROUNDS {
        for cells in columns {
            let mut sums = vec![(0.0_f64, 0.0_f64); cells.count];
            for (((code, margin), outcome), learns) in cells.codes.iter().zip(&margins).zip(outcomes).zip(&learns) {
                if let (true, Some((gradient, curvature))) = (*learns, sums.get_mut(*code as usize)) {
                    let probability = logistic(*margin);
                    *gradient += f64::from(u8::from(*outcome)) - probability;
                    *curvature += probability * (1.0 - probability);
                }
            }
            let steps: Vec<f64> =
                sums.iter().map(|(gradient, curvature)| STEP * gradient / (curvature + RIDGE)).collect();
            for (code, margin) in cells.codes.iter().zip(&mut margins) {
                *margin += steps.get(*code as usize).copied().unwrap_or(0.0);
            }
        }
    }
    margins.into_iter().map(logistic).collect()
}

fn logistic(margin: f64) -> f64 {
    1.0 / (1.0 + (-margin).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three columns of two cells; the outcome follows the first two independently, with odds × 4 each.
    fn world() -> (Vec<Cells>, Vec<bool>, Vec<u32>) {
        let (mut columns, mut outcomes, mut folds) = (vec![Vec::new(), Vec::new(), Vec::new()], Vec::new(), Vec::new());
        let mut row = 0_u32;
        for (a, b, of_100) in [(0, 0, 20), (0, 1, 50), (1, 0, 50), (1, 1, 80)] {
            for part in 0..400_u32 {
                columns[0].push(a + 1);
                columns[1].push(b + 1);
                columns[2].push(part % 3);
                outcomes.push((part / 4) % 100 < of_100);
                folds.push(part % 4);
                row += 1;
            }
        }
        assert_eq!(row as usize, outcomes.len());
        (columns.into_iter().map(|codes| Cells { codes, count: 3 }).collect(), outcomes, folds)
    }

    #[test]
    fn finds_the_effects_of_an_additive_world() {
        let (columns, outcomes, folds) = world();
        // The entropy of the true rates: 20 %, 50 %, 50 %, 80 %.
        let entropy = |p: f64| -(p * p.ln() + (1.0 - p) * (1.0 - p).ln());
        let truth = (2.0 * entropy(0.2) + 2.0 * entropy(0.5)) / 4.0;
        let found = loss(&columns, |_| true, &outcomes, &folds, 4).unwrap();
        assert!((found - truth).abs() < 0.005, "{found} and {truth}: 1,200 rows to learn from");
        let without = loss(&columns, |column| column != 0, &outcomes, &folds, 4).unwrap();
        // Without the first column the rates are 35 % and 65 %.
        assert!((without - entropy(0.35)).abs() < 0.005, "{without}");
        let nothing = loss(&columns, |_| false, &outcomes, &folds, 4).unwrap();
        assert!((nothing - 2_f64.ln()).abs() < 1e-3);
    }

    #[test]
    fn threads_do_not_show() {
        let (columns, outcomes, folds) = world();
        let results = [1, 2, 8].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| loss(&columns, |_| true, &outcomes, &folds, 4).unwrap().to_bits())
        });
        assert!(results[0] == results[1] && results[1] == results[2]);
    }
}
