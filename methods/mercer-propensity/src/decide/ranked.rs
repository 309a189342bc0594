//! Rows from the highest probability down, with equal ones kept together.

use mercer_base::{Error, Result};

/// Rows from the highest score down.
///
/// Rows with equal scores cannot be told apart: whatever part of them is taken holds its share of their outcomes. So no
/// figure depends on the order of the rows.
pub(super) struct Ranked {
    /// Runs of equal scores.
    pub(super) runs: Vec<Run>,
    /// For each row, from the highest score down, its position in the data.
    pub(super) order: Vec<u32>,
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
        let rows = u32::try_from(scores.len()).map_err(|_| Error::data("more than 4 billion rows cannot be ranked"))?;
        let mut pairs: Vec<(f64, u32)> = scores.iter().copied().zip(0..rows).collect();
        pairs.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let mut runs: Vec<Run> = Vec::new();
        for (score, row) in &pairs {
            let with = usize::from(outcomes.get(*row as usize).copied().unwrap_or(false));
            match runs.last_mut() {
                #[allow(clippy::float_cmp, reason = "equal scores are what makes a run")]
                Some(run) if run.score == *score => {
                    run.count += 1;
                    run.with += with;
                }
                _ => runs.push(Run { score: *score, count: 1, with }),
            }
        }
        Ok(Self { runs, order: pairs.into_iter().map(|(_, row)| row).collect() })
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.order.len()
    }

    /// How many rows have the outcome.
    pub(super) fn positives(&self) -> usize {
        self.runs.iter().map(|run| run.with).sum()
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
    fn what_cannot_be_ranked_is_refused() {
        assert!(Ranked::new(&[], &[]).is_err());
        assert!(Ranked::new(&[0.1], &[]).is_err());
        assert!(Ranked::new(&[f64::NAN], &[true]).is_err());
    }
}
