//! Whether what was learnt from the past still predicts the present.

use serde::{Deserialize, Serialize};

use super::drift::{Drift, Movement};
use super::percent;

/// Columns that are named as having moved, at the most.
const NAMED: usize = 3;

/// How well rows were ranked by a model that had not seen them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Judged {
    /// Area under the ROC curve.
    pub(crate) auc: f64,
    /// Its 95 % interval, lower and upper end.
    pub(crate) interval: (f64, f64),
    /// Share of the rows with the outcome.
    pub(crate) base_rate: f64,
}

/// Random rows against the last ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TimeCheck {
    /// Rows drawn at random.
    pub(crate) random: Judged,
    /// The last rows in order.
    pub(crate) last: Judged,
    /// By how much the AUC of the last rows is lower.
    pub(crate) loss: f64,
    /// The loss's 95 % interval.
    pub(crate) interval: (f64, f64),
    /// Whether the last rows are predicted worse, beyond chance.
    pub(crate) flattered: bool,
    /// The columns that moved most, by name.
    pub(crate) moved: Vec<String>,
    /// What that means, in a sentence.
    pub(crate) words: String,
}

/// Compares how well random rows and the last fifth of the rows, in their order, are predicted, by models that learnt from the
/// others, and names what moved between the first four fifths and the last one (`drifts`, as [`super::drift()`] gives them).
///
/// The interval of the difference is made from those of both (MOVER; Zou & Donner 2008, Statistics in Medicine 27, 1693–1702),
/// taken as independent: the last rows are among the random ones, so it is a little too wide.
#[must_use]
pub(crate) fn time(random: Judged, last: Judged, drifts: &[Drift]) -> TimeCheck {
    let loss = random.auc - last.auc;
    let below = (random.auc - random.interval.0).hypot(last.interval.1 - last.auc);
    let above = (random.interval.1 - random.auc).hypot(last.auc - last.interval.0);
    let interval = (loss - below, loss + above);
    let flattered = interval.0 > 0.0;
    let moved: Vec<String> = drifts
        .iter()
        .filter(|drift| drift.movement == Movement::Shifted)
        .take(NAMED)
        .map(|drift| drift.feature.clone())
        .collect();
    let words = sentence(random, last, interval, &moved);
    TimeCheck { random, last, loss, interval, flattered, moved, words }
}

fn sentence(random: Judged, last: Judged, interval: (f64, f64), moved: &[String]) -> String {
    let (at_random, at_last) = (percent(random.auc), percent(last.auc));
    let moving = match moved {
        [] => String::new(),
        [one] => format!("; {one} moved most"),
        [before @ .., one] => format!("; {} and {one} moved most", before.join(", ")),
    };
    // The outcome itself changed where its rate is half as high again, or a third lower.
    let rates = if last.base_rate > 1.5 * random.base_rate || last.base_rate < random.base_rate / 1.5 {
        format!(", where {} have the outcome rather than {}", percent(last.base_rate), percent(random.base_rate))
    } else {
        String::new()
    };
    if interval.0 > 0.0 {
        format!(
            "of rows drawn at random {at_random} of pairs are put in the right order, but {at_last} of the last fifth{rates}{moving}: expect the lower figure for new rows"
        )
    } else if interval.1 < 0.0 {
        format!(
            "the last fifth of the rows is predicted better than random ones ({at_last} and {at_random} of pairs in the right order){rates}{moving}"
        )
    } else {
        format!(
            "the last fifth of the rows is predicted as well as random ones, as far as chance lets one tell ({at_last} and {at_random} of pairs in the right order){rates}{moving}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(auc: f64, half: f64, base_rate: f64) -> Judged {
        Judged { auc, interval: (auc - half, auc + half), base_rate }
    }

    fn drift(feature: &str, movement: Movement) -> Drift {
        Drift { feature: feature.into(), psi: 1.0, by_chance: 0.0, movement, words: String::new() }
    }

    #[test]
    fn a_loss_beyond_chance_is_told_with_what_moved() {
        let drifts = [
            drift("euribor3m", Movement::Shifted),
            drift("nr.employed", Movement::Shifted),
            drift("age", Movement::Moved),
            drift("job", Movement::Stable),
        ];
        let found = time(judged(0.804, 0.006, 0.064), judged(0.669, 0.012, 0.308), &drifts);
        assert!(found.flattered && (found.loss - 0.135).abs() < 1e-12);
        // Two independent half-widths add up in squares.
        assert!((found.interval.0 - (0.135 - 0.006_f64.hypot(0.012))).abs() < 1e-12);
        assert_eq!(
            found.words.replace('\u{202f}', " "),
            "of rows drawn at random 80 % of pairs are put in the right order, but 67 % of the last fifth, where 31 % have the outcome rather than 6.4 %; euribor3m and nr.employed moved most: expect the lower figure for new rows"
        );
    }

    #[test]
    fn what_may_be_chance_is_said_to_be() {
        let found = time(judged(0.85, 0.02, 0.27), judged(0.83, 0.02, 0.26), &[]);
        assert!(!found.flattered && found.interval.0 < 0.0 && found.interval.1 > 0.0);
        assert!(found.words.starts_with("the last fifth of the rows is predicted as well as random ones"));
        let better = time(judged(0.70, 0.01, 0.2), judged(0.80, 0.01, 0.2), &[]);
        assert!(!better.flattered && better.words.contains("better than random ones"));
    }
}
