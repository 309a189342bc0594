//! Rows from the highest probability down, with equal ones kept together.

use mercer_base::{Error, Result};

/// Rows from the highest score down.
///
/// Rows with equal scores cannot be told apart: whatever part of them is taken holds its share of their outcomes. So no
/// figure depends on the order of the rows.
pub(super) struct Ranked {
    /// Runs of equal scores.
    pub(super) runs: Vec<Run>,
    rows: usize,
}

/// Rows with one score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Run {
    /// The score.
    pub(super) score: f64,
    /// How many rows there are.
    pub(super) count: usize,
    /// How many of them have the outcome.
    pub(super) with: usize,
}

impl Ranked {
    /// Ranks rows.
    ///
    /// # Errors
    /// When scores and outcomes differ in number, there are none, or a score is missing.
    pub(super) fn new(scores: &[f64], outcomes: &[bool]) -> Result<Self> {
        if scores.len() != outcomes.len() {
            return Err(Error::internal(format!("{} scores for {} outcomes", scores.len(), outcomes.len())));
        }
        if scores.is_empty() {
            return Err(Error::data("no rows to decide by").with_hint("rows with a known outcome are needed"));
        }
        if scores.iter().any(|score| score.is_nan()) {
            return Err(Error::internal("a row without a score cannot be ranked"));
        }
        let mut pairs: Vec<(f64, bool)> = scores.iter().copied().zip(outcomes.iter().copied()).collect();
        pairs.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let mut runs: Vec<Run> = Vec::new();
        for (score, outcome) in &pairs {
            let with = usize::from(*outcome);
            match runs.last_mut() {
                #[allow(clippy::float_cmp, reason = "equal scores are what makes a run")]
                Some(run) if run.score == *score => {
                    run.count += 1;
                    run.with += with;
                }
                _ => runs.push(Run { score: *score, count: 1, with }),
            }
        }
        Ok(Self { runs, rows: scores.len() })
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// How many rows have the outcome.
    pub(super) fn positives(&self) -> usize {
        self.runs.iter().map(|run| run.with).sum()
    }

    /// Every `step`th row from the highest score down: whether it has the outcome, and whether a lower score follows. Within a
    /// run rows with and without the outcome alternate as evenly as they can, whatever the order of the data.
    pub(super) fn rows_with_outcomes(&self, step: usize) -> Vec<(bool, bool)> {
        let step = step.max(1);
        let mut rows: Vec<(bool, bool)> = Vec::with_capacity(self.rows() / step + 1);
        let mut before = 0_usize;
        for run in &self.runs {
            // The first row at or after the run's beginning that is a multiple of the step.
            for place in (before.next_multiple_of(step) - before..run.count).step_by(step) {
                rows.push(((place + 1) * run.with / run.count > place * run.with / run.count, false));
            }
            before += run.count;
            if let Some(last) = rows.last_mut() {
                last.1 = true;
            }
        }
        rows
    }

    /// For rising numbers of rows from the top: rows with the outcome among them, the sum of their scores, and the last of their
    /// scores. Where a number cuts a run, the run's part in proportion counts.
    pub(super) fn top(&self, depths: &[f64]) -> Vec<Top> {
        let (mut rows, mut with, mut sum) = (0.0, 0.0, 0.0);
        let mut last = f64::INFINITY;
        let mut runs = self.runs.iter().peekable();
        let mut found = Vec::with_capacity(depths.len());
        for depth in depths {
            while let Some(run) = runs.peek() {
                if rows + run.count as f64 > *depth {
                    break;
                }
                rows += run.count as f64;
                with += run.with as f64;
                sum += run.score * run.count as f64;
                last = run.score;
                runs.next();
            }
            let part = runs.peek().map_or(0.0, |run| (depth - rows).max(0.0) / run.count as f64);
            let cut = runs.peek().filter(|_| part > 0.0);
            found.push(Top {
                with: with + cut.map_or(0.0, |run| part * run.with as f64),
                scores: sum + cut.map_or(0.0, |run| part * run.count as f64 * run.score),
                last: cut.map_or(last, |run| run.score),
            });
        }
        found
    }
}

/// Rows from the top.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Top {
    /// Rows with the outcome.
    pub(super) with: f64,
    /// Sum of the scores.
    pub(super) scores: f64,
    /// The lowest of the scores; infinite where there are no rows.
    pub(super) last: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_scores_share_their_outcomes() {
        let ranked = Ranked::new(&[0.5, 0.9, 0.5, 0.1], &[true, true, false, false]).unwrap();
        let top = ranked.top(&[0.0, 1.0, 2.0, 2.5, 4.0]);
        let with: Vec<f64> = top.iter().map(|top| top.with).collect();
        assert_eq!(with, [0.0, 1.0, 1.5, 1.75, 2.0]);
        assert_eq!(top[2].scores, 1.4);
        assert_eq!((top[1].last, top[2].last, top[4].last), (0.9, 0.5, 0.1));
        assert_eq!((ranked.rows(), ranked.positives()), (4, 2));
    }

    #[test]
    fn rows_do_not_depend_on_their_order_within_a_run() {
        let scores = [0.5, 0.5, 0.5, 0.5, 0.2, 0.9];
        let one = Ranked::new(&scores, &[true, true, false, false, true, false]).unwrap();
        let other = Ranked::new(&scores, &[false, true, false, true, true, false]).unwrap();
        let all = one.rows_with_outcomes(1);
        assert_eq!(all, other.rows_with_outcomes(1));
        assert_eq!(all.iter().map(|row| row.0).collect::<Vec<_>>(), [false, false, true, false, true, true]);
        assert_eq!(all.iter().map(|row| row.1).collect::<Vec<_>>(), [true, false, false, false, true, true]);
        assert_eq!(one.rows_with_outcomes(2).len(), 3);
    }

    #[test]
    fn what_cannot_be_ranked_is_refused() {
        assert!(Ranked::new(&[], &[]).is_err());
        assert!(Ranked::new(&[0.1], &[]).is_err());
        assert!(Ranked::new(&[f64::NAN], &[true]).is_err());
    }
}
