//! How good probabilities of an outcome are: accuracy, calibration, ranking and lift, against what happened.
//!
//! Every measure is `None` where it says nothing: no rows, lengths that differ, a value that is missing, a probability
//! outside `[0, 1]`, or, where a rate is compared, no row with the outcome. None depends on the order of tied rows.

use crate::logistic;
use crate::{Block, Design};

pub use crate::delong::{auc_difference, auc_interval};

/// Probabilities are kept this far from 0 and 1 before their logarithm is taken.
const CLIP: f64 = 1e-15;

/// Mean negative log-likelihood of the outcomes, in nats; lower is better. Probabilities are clipped to `[1e-15, 1 − 1e-15]`.
#[must_use]
pub fn log_loss(probabilities: &[f64], outcomes: &[bool]) -> Option<f64> {
    mean_over(probabilities, outcomes, |p, outcome| {
        let p = p.clamp(CLIP, 1.0 - CLIP);
        if outcome { -p.ln() } else { -(-p).ln_1p() }
    })
}

/// Mean squared distance between probability and outcome (Brier 1950); 0 is perfect, lower is better.
#[must_use]
pub fn brier(probabilities: &[f64], outcomes: &[bool]) -> Option<f64> {
    mean_over(probabilities, outcomes, |p, outcome| (p - f64::from(u8::from(outcome))).powi(2))
}

/// Rows of similar probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibrationBin {
    /// How many rows.
    pub count: usize,
    /// Their mean probability.
    pub predicted: f64,
    /// The share of them with the outcome.
    pub observed: f64,
}

/// The rows by rising probability in `bins` of about equal count. Rows of the same probability stay together, so that there may
/// be fewer bins. Empty where there is nothing to compare.
#[must_use]
pub fn calibration_bins(probabilities: &[f64], outcomes: &[bool], bins: usize) -> Vec<CalibrationBin> {
    if !are_probabilities(probabilities, outcomes) || bins == 0 {
        return Vec::new();
    }
    let rows = probabilities.len();
    let mut found: Vec<CalibrationBin> = Vec::new();
    let (mut count, mut with, mut sum, mut before) = (0, 0, 0.0, 0);
    for tie in ties(probabilities, outcomes) {
        count += tie.count;
        with += tie.with;
        sum += tie.score * tie.count as f64;
        // The bin is full once it reaches the border that follows its first row.
        let border = rows * (before * bins / rows + 1);
        if (before + count) * bins >= border {
            let (n, observed) = (count as f64, with as f64 / count as f64);
            found.push(CalibrationBin { count, predicted: sum / n, observed });
            before += count;
            (count, with, sum) = (0, 0, 0.0);
        }
    }
    found
}

/// Expected calibration error: the distance between predicted and observed share, averaged over the rows of
/// [`calibration_bins`]. Positive by chance alone, the more so the more bins.
///
/// Source: Naeini, Cooper and Hauskrecht (2015), Obtaining well calibrated probabilities using Bayesian binning, AAAI, with
/// bins of equal count.
#[must_use]
pub fn expected_calibration_error(probabilities: &[f64], outcomes: &[bool], bins: usize) -> Option<f64> {
    let found = calibration_bins(probabilities, outcomes, bins);
    let distance: f64 = found.iter().map(|bin| bin.count as f64 * (bin.predicted - bin.observed).abs()).sum();
    (!found.is_empty()).then(|| distance / probabilities.len() as f64)
}

/// How the log-odds of the outcome follow from the log-odds predicted: `logit P = intercept + slope · logit p`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibrationLine {
    /// 0 where probabilities are right on the whole; below 0 where they are too high (at a slope of 1).
    pub intercept: f64,
    /// 1 where probabilities spread as much as they should; below 1 where they are too extreme.
    pub slope: f64,
}

/// The calibration line: a logistic regression of the outcome on the log-odds of the probability, clipped as in [`log_loss`].
/// `None` also where all probabilities are the same or they separate the outcomes completely.
///
/// Source: D. R. Cox (1958), Two further applications of a model for binary regression, Biometrika 45, 562–565.
#[must_use]
pub fn calibration_line(probabilities: &[f64], outcomes: &[bool]) -> Option<CalibrationLine> {
    if !are_probabilities(probabilities, outcomes) {
        return None;
    }
    let block = Block::Dense { columns: 1, values: probabilities.iter().copied().map(log_odds).collect() };
    let design = Design::new(probabilities.len(), vec![block]).ok()?;
    let fit = logistic::fit(&design, outcomes, None, 0.0, None).ok().filter(|fit| fit.converged)?;
    Some(CalibrationLine { intercept: fit.intercept, slope: *fit.coefficients.first()? })
}

/// Log-odds of a probability, finite for 0 and 1.
pub(crate) fn log_odds(probability: f64) -> f64 {
    let p = probability.clamp(CLIP, 1.0 - CLIP);
    p.ln() - (-p).ln_1p()
}

/// How much more frequent the outcome is among the best `share` of the rows (of `(0, 1]`) than among all; 1 is chance. Rows
/// tied at the border count pro rata, as if drawn from their tie at random.
#[must_use]
pub fn lift(scores: &[f64], outcomes: &[bool], share: f64) -> Option<f64> {
    if !(share > 0.0 && share <= 1.0) {
        return None;
    }
    gains_at(scores, outcomes, &[share]).first().map(|point| point.lift)
}

/// What taking the best rows first brings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GainPoint {
    /// Share of the rows taken, the highest scores first.
    pub share: f64,
    /// Share of the rows with the outcome that are among them.
    pub gain: f64,
    /// `gain / share`.
    pub lift: f64,
}

/// The gains curve at `steps` equal shares up to 1, ties pro rata. Empty where there is nothing to compare.
#[must_use]
pub fn gains(scores: &[f64], outcomes: &[bool], steps: usize) -> Vec<GainPoint> {
    let shares: Vec<f64> = (1..=steps).map(|step| step as f64 / steps as f64).collect();
    gains_at(scores, outcomes, &shares)
}

/// The gains curve at rising shares.
fn gains_at(scores: &[f64], outcomes: &[bool], shares: &[f64]) -> Vec<GainPoint> {
    let positives = outcomes.iter().filter(|outcome| **outcome).count();
    if !are_scores(scores, outcomes) || positives == 0 {
        return Vec::new();
    }
    let groups = ties(scores, outcomes);
    let mut groups = groups.iter().rev().peekable();
    let (mut above, mut captured) = (0, 0);
    let point = |share: &f64| {
        let wanted = share * scores.len() as f64;
        while let Some(tie) = groups.next_if(|tie| (above + tie.count) as f64 <= wanted) {
            above += tie.count;
            captured += tie.with;
        }
        let part = groups.peek().map_or(0.0, |tie| (wanted - above as f64) * tie.with as f64 / tie.count as f64);
        let gain = (captured as f64 + part) / positives as f64;
        GainPoint { share: *share, gain, lift: gain / share }
    };
    shares.iter().map(point).collect()
}

/// Average precision: the precision at each score that occurs, weighted with the recall it adds; the area under the
/// precision-recall curve without interpolation. A random score gets about the share of rows with the outcome.
#[must_use]
pub fn average_precision(scores: &[f64], outcomes: &[bool]) -> Option<f64> {
    let positives = outcomes.iter().filter(|outcome| **outcome).count();
    if !are_scores(scores, outcomes) || positives == 0 {
        return None;
    }
    let (mut above, mut captured, mut area) = (0, 0, 0.0);
    for tie in ties(scores, outcomes).iter().rev() {
        above += tie.count;
        captured += tie.with;
        area += tie.with as f64 * captured as f64 / above as f64;
    }
    Some(area / positives as f64)
}

/// Rows of the same score.
struct Tie {
    score: f64,
    count: usize,
    with: usize,
}

/// The distinct scores, rising.
fn ties(scores: &[f64], outcomes: &[bool]) -> Vec<Tie> {
    let mut rows: Vec<(f64, bool)> = scores.iter().copied().zip(outcomes.iter().copied()).collect();
    rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let tie = |rows: &[(f64, bool)]| Tie {
        score: rows.first().map_or(f64::NAN, |row| row.0),
        count: rows.len(),
        with: rows.iter().filter(|row| row.1).count(),
    };
    rows.chunk_by(|a, b| a.0 == b.0).map(tie).collect()
}

pub(crate) fn are_scores(scores: &[f64], outcomes: &[bool]) -> bool {
    !scores.is_empty() && scores.len() == outcomes.len() && !scores.iter().any(|score| score.is_nan())
}

pub(crate) fn are_probabilities(probabilities: &[f64], outcomes: &[bool]) -> bool {
    are_scores(probabilities, outcomes) && probabilities.iter().all(|p| (0.0..=1.0).contains(p))
}

fn mean_over(probabilities: &[f64], outcomes: &[bool], loss: impl Fn(f64, bool) -> f64) -> Option<f64> {
    are_probabilities(probabilities, outcomes).then(|| {
        let total: f64 = probabilities.iter().zip(outcomes).map(|(p, outcome)| loss(*p, *outcome)).sum();
        total / probabilities.len() as f64
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::made_up;

    #[test]
    fn agrees_with_other_packages() {
        let rows = made_up::rows();
        let (p, y) = (&rows.probabilities, &rows.outcomes);
        // scikit-learn 1.9: log_loss, brier_score_loss, average_precision_score; LogisticRegression without a penalty.
        let found = [log_loss(p, y), brier(p, y), average_precision(p, y)].map(Option::unwrap);
        made_up::assert_close(&found, &[0.567_790_147_979_442_4, 0.186_562_5, 0.847_064_083_547_937_7], 1e-14);
        let line = calibration_line(p, y).unwrap();
        made_up::assert_close(&[line.intercept, line.slope], &[0.596_131_649_289, 1.041_911_867_738], 1e-9);
    }

    #[test]
    fn bins_are_of_equal_count_and_keep_ties_together() {
        let p = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];
        let y = [false, false, false, true, false, true, true, true];
        let bins = calibration_bins(&p, &y, 4);
        assert_eq!(bins.iter().map(|bin| bin.count).collect::<Vec<_>>(), [2; 4]);
        assert_eq!(bins.iter().map(|bin| bin.observed).collect::<Vec<_>>(), [0.0, 0.5, 0.5, 1.0]);
        // Distances 0.15, 0.15, 0.05 and 0.25, two rows each.
        assert!((expected_calibration_error(&p, &y, 4).unwrap() - 0.15).abs() < 1e-12);
        assert_eq!(calibration_bins(&[0.5; 8], &y, 4).len(), 1);
        assert_eq!(calibration_bins(&p, &y, 100).len(), 8);
    }

    #[test]
    fn ties_at_the_border_count_pro_rata() {
        let y = [true, false, true, false];
        // The best is taken, and half of one of two that are tied, one of which has the outcome.
        assert_eq!(lift(&[0.9, 0.5, 0.5, 0.1], &y, 0.375), Some((1.0 + 0.25) / 1.5 / 0.5));
        assert_eq!(lift(&[0.5; 4], &y, 0.1), Some(1.0));
        assert_eq!(lift(&[4.0, 2.0, 3.0, 1.0], &y, 0.5), Some(2.0));
        let curve = gains(&[4.0, 2.0, 3.0, 1.0], &y, 4);
        assert_eq!(curve.iter().map(|point| point.gain).collect::<Vec<_>>(), [0.5, 1.0, 1.0, 1.0]);
        assert_eq!(curve[3], GainPoint { share: 1.0, gain: 1.0, lift: 1.0 });
    }

    #[test]
    fn says_nothing_about_nothing() {
        let y = [true, false];
        for p in [&[0.5][..], &[0.5, f64::NAN], &[0.5, 1.1], &[]] {
            assert_eq!((log_loss(p, &y), brier(p, &y), calibration_line(p, &y)), (None, None, None));
            assert_eq!(expected_calibration_error(p, &y, 10), None);
        }
        assert_eq!(lift(&[1.0, 2.0], &[false, false], 0.5), None);
        assert_eq!(lift(&[1.0, 2.0], &y, 0.0), None);
        assert_eq!(average_precision(&[1.0, 2.0], &[false, false]), None);
        // No line: one probability only, or outcomes that it separates.
        assert_eq!(calibration_line(&[0.3; 4], &[true, false, true, false]), None);
        assert_eq!(calibration_line(&[0.2, 0.3, 0.6, 0.7], &[false, false, true, true]), None);
        // Certain and wrong is bad, not infinite.
        assert!((log_loss(&[0.0], &[true]).unwrap() - 34.538_776_394_910_684).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn order_of_rows_does_not_matter(rows in prop::collection::vec((0_u8..=20, any::<bool>()), 2..60), turn in 0_usize..60) {
            let split = |rows: &[(u8, bool)]| -> (Vec<f64>, Vec<bool>) {
                rows.iter().map(|row| (f64::from(row.0) / 20.0, row.1)).unzip()
            };
            let mut turned = rows.clone();
            turned.rotate_left(turn % rows.len());
            let ((p, y), (q, z)) = (split(&rows), split(&turned));
            prop_assert_eq!(calibration_bins(&p, &y, 7), calibration_bins(&q, &z, 7));
            prop_assert_eq!(gains(&p, &y, 9), gains(&q, &z, 9));
            prop_assert_eq!(average_precision(&p, &y), average_precision(&q, &z));
        }

        #[test]
        fn everything_is_taken_at_last(rows in prop::collection::vec((0_u8..9, any::<bool>()), 1..60), share in 0.01_f64..1.0) {
            let (p, mut y): (Vec<f64>, Vec<bool>) = rows.iter().map(|row| (f64::from(row.0) / 9.0, row.1)).unzip();
            y[0] = true;
            prop_assert!((lift(&p, &y, 1.0).unwrap() - 1.0).abs() < 1e-12);
            let bins = calibration_bins(&p, &y, 10);
            prop_assert_eq!(bins.iter().map(|bin| bin.count).sum::<usize>(), y.len());
            prop_assert!(bins.len() <= 10);
            let curve = gains(&p, &y, 20);
            prop_assert!(curve.windows(2).all(|pair| pair[0].gain <= pair[1].gain + 1e-12));
            let best = 1.0 / share.max(y.iter().filter(|outcome| **outcome).count() as f64 / y.len() as f64);
            prop_assert!(lift(&p, &y, share).unwrap() <= best + 1e-9);
        }
    }
}
