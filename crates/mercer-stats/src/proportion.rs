//! Shares of counts, and how sure one can be of them.

use crate::special::normal_quantile;

/// A range that holds the true value with a stated confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The Wilson score interval of a share, `successes` out of `trials`, at a confidence such as 0.95.
///
/// Keeps close to its stated coverage where few or nearly all succeed, unlike the textbook interval, and never leaves
/// `[0, 1]`. Trials are taken as independent. `None` without trials, with more successes than trials, or with a confidence
/// outside `(0, 1)`.
///
/// Source: E. B. Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22, 209–212;
/// recommended by Brown, Cai and DasGupta (2001), Statistical Science 16, 101–133.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "counts beyond 2^53 have no visible interval")]
pub fn wilson_interval(successes: u64, trials: u64, confidence: f64) -> Option<Interval> {
    if trials == 0 || successes > trials || !(confidence > 0.0 && confidence < 1.0) {
        return None;
    }
    let z = normal_quantile(0.5 + confidence / 2.0);
    let (n, share) = (trials as f64, successes as f64 / trials as f64);
    let shrink = 1.0 + z * z / n;
    let centre = (share + z * z / (2.0 * n)) / shrink;
    let half = z / shrink * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    // At the ends the formula gives 0 and 1 up to rounding.
    let low = if successes == 0 { 0.0 } else { (centre - half).max(0.0) };
    let high = if successes == trials { 1.0 } else { (centre + half).min(1.0) };
    Some(Interval { low, high })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use statrs::distribution::{Binomial, Discrete};

    #[test]
    fn agrees_with_published_values() {
        // statsmodels 0.14 proportion_confint(method="wilson"), printed to nine decimals.
        for (successes, trials, low, high) in [
            (8, 10, 0.490_162_472, 0.943_317_849),
            (0, 10, 0.0, 0.277_532_800),
            (15, 148, 0.062_386_400, 0.160_487_242),
            (1, 1, 0.206_549_314, 1.0),
            (999, 1000, 0.994_357_441, 0.999_823_454),
        ] {
            let interval = wilson_interval(successes, trials, 0.95).unwrap();
            assert!((interval.low - low).abs() < 1e-9, "{successes}/{trials}: {interval:?}");
            assert!((interval.high - high).abs() < 1e-9, "{successes}/{trials}: {interval:?}");
        }
    }

    #[test]
    fn covers_as_often_as_it_says() {
        // Exact coverage by summing the binomial distribution: Wilson's oscillates around its level by a few points.
        for (trials, share) in [(30_u64, 0.1_f64), (50, 0.5), (200, 0.03), (1000, 0.8)] {
            let binomial = Binomial::new(share, trials).unwrap();
            let covered: f64 = (0..=trials)
                .filter(|successes| {
                    let interval = wilson_interval(*successes, trials, 0.95).unwrap();
                    interval.low <= share && share <= interval.high
                })
                .map(|successes| binomial.pmf(successes))
                .sum();
            assert!((0.92..=0.985).contains(&covered), "{trials} at {share}: {covered}");
        }
    }

    #[test]
    fn says_nothing_about_nothing() {
        assert_eq!(wilson_interval(0, 0, 0.95), None);
        assert_eq!(wilson_interval(2, 1, 0.95), None);
        assert_eq!(wilson_interval(1, 2, 1.0), None);
        assert_eq!(wilson_interval(1, 2, f64::NAN), None);
    }

    proptest! {
        #[test]
        fn holds_the_share_and_narrows_with_trials(trials in 1_u64..100_000, part in 0.0_f64..=1.0) {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let successes = (trials as f64 * part) as u64;
            let share = successes as f64 / trials as f64;
            let one = wilson_interval(successes, trials, 0.95).unwrap();
            let more = wilson_interval(successes * 10, trials * 10, 0.95).unwrap();
            prop_assert!(0.0 <= one.low && one.low <= share && share <= one.high && one.high <= 1.0);
            prop_assert!(more.high - more.low < one.high - one.low);
        }
    }
}
