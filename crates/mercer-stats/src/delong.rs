//! Intervals of the area under the ROC curve and of the difference of two, from the ranks (DeLong).

use crate::classification::are_scores;
use crate::proportion::{Interval, wilson_interval};
use crate::special::{logistic, normal_quantile};

/// The area under the ROC curve with its interval at a confidence such as 0.95; rows are taken as independent.
///
/// The standard error is DeLong's, the interval symmetric on the logit scale, where it keeps its coverage near 1 and never
/// leaves `(0, 1)`. Where the score separates the outcomes completely (an area of 0 or 1) that standard error is 0; the far end is
/// then Wilson's for as many trials as the rarer outcome has rows, which errs on the wide side. `None` where an outcome has
/// fewer than two rows, a score is missing or the confidence is outside `(0, 1)`.
///
/// Source: DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44, 837–845; by midranks, Sun and Xu (2014), IEEE Signal
/// Processing Letters 21, 1389–1393; logit scale: Pepe (2003), The Statistical Evaluation of Medical Tests, section 5.2.
#[must_use]
pub fn auc_interval(scores: &[f64], outcomes: &[bool], confidence: f64) -> Option<(f64, Interval)> {
    let z = critical_value(confidence)?;
    let parts = Placements::new(scores, outcomes)?;
    let area = parts.area();
    if area == 0.0 || area == 1.0 {
        let rarer = parts.with.len().min(parts.without.len()) as u64;
        return Some((area, wilson_interval(if area == 0.0 { 0 } else { rarer }, rarer, confidence)?));
    }
    let half = z * parts.covariance(&parts).sqrt() / (area * (1.0 - area));
    let centre = area.ln() - (-area).ln_1p();
    Some((area, Interval { low: logistic(centre - half), high: logistic(centre + half) }))
}

/// The area under the ROC curve of score `a` less that of `b` on the same rows, with its interval at a confidence such as 0.95.
///
/// Takes into account that the two are correlated. `None` as in [`auc_interval`].
///
/// Source: DeLong, DeLong and Clarke-Pearson (1988), as in [`auc_interval`].
#[must_use]
pub fn auc_difference(a: &[f64], b: &[f64], outcomes: &[bool], confidence: f64) -> Option<(f64, Interval)> {
    let z = critical_value(confidence)?;
    let (a, b) = (Placements::new(a, outcomes)?, Placements::new(b, outcomes)?);
    let difference = a.area() - b.area();
    let variance = a.covariance(&a) + b.covariance(&b) - 2.0 * a.covariance(&b);
    let half = z * variance.max(0.0).sqrt();
    Some((difference, Interval { low: (difference - half).max(-1.0), high: (difference + half).min(1.0) }))
}

fn critical_value(confidence: f64) -> Option<f64> {
    (confidence > 0.0 && confidence < 1.0).then(|| normal_quantile(0.5 + confidence / 2.0))
}

/// For each row, the share of rows of the other outcome that its score has on the right side; ties count half.
struct Placements {
    /// Of the rows with the outcome, in their order.
    with: Vec<f64>,
    /// Of the rows without it.
    without: Vec<f64>,
}

impl Placements {
    fn new(scores: &[f64], outcomes: &[bool]) -> Option<Self> {
        let positives = outcomes.iter().filter(|outcome| **outcome).count();
        let negatives = outcomes.len() - positives;
        if !are_scores(scores, outcomes) || positives < 2 || negatives < 2 {
            return None;
        }
        let mut rows: Vec<(f64, usize, bool)> =
            scores.iter().zip(outcomes).enumerate().map(|(row, (score, outcome))| (*score, row, *outcome)).collect();
        rows.sort_unstable_by(|x, y| x.0.total_cmp(&y.0));
        let mut share = vec![0.0; scores.len()];
        let (mut with_below, mut without_below) = (0, 0);
        for tie in rows.chunk_by(|x, y| x.0 == y.0) {
            let with = tie.iter().filter(|row| row.2).count();
            let without = tie.len() - with;
            let above = positives - with_below - with;
            for (_, row, outcome) in tie {
                share[*row] = if *outcome {
                    (without_below as f64 + 0.5 * without as f64) / negatives as f64
                } else {
                    (above as f64 + 0.5 * with as f64) / positives as f64
                };
            }
            with_below += with;
            without_below += without;
        }
        let of = |wanted: bool| share.iter().zip(outcomes).filter(|row| *row.1 == wanted).map(|row| *row.0).collect();
        Some(Self { with: of(true), without: of(false) })
    }

    fn area(&self) -> f64 {
        mean(&self.with)
    }

    /// Covariance of the two areas: each outcome's rows are one independent sample.
    fn covariance(&self, other: &Self) -> f64 {
        covariance(&self.with, &other.with) / self.with.len() as f64
            + covariance(&self.without, &other.without) / self.without.len() as f64
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn covariance(x: &[f64], y: &[f64]) -> f64 {
    let (mean_x, mean_y) = (mean(x), mean(y));
    let sum: f64 = x.iter().zip(y).map(|(a, b)| (a - mean_x) * (b - mean_y)).sum();
    sum / (x.len() as f64 - 1.0)
}

#[cfg(test)]
mod tests {
    use mercer_base::Seed;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use crate::{area_under_roc, made_up};

    /// Half the interval's width on the logit scale, in standard errors of the area.
    fn standard_error(area: f64, interval: Interval) -> f64 {
        let logit = |x: f64| x.ln() - (-x).ln_1p();
        (logit(interval.high) - logit(interval.low)) / 2.0 / normal_quantile(0.975) * area * (1.0 - area)
    }

    #[test]
    fn agrees_with_the_definition_over_all_pairs() {
        let rows = made_up::rows();
        let other: Vec<f64> = rows.x1.iter().zip(&rows.x2).map(|(x1, x2)| x1 + 0.2 * x2).collect();
        // All pairs in numpy: areas, their standard errors, the difference and its standard error.
        let (a, of_a) = auc_interval(&rows.probabilities, &rows.outcomes, 0.95).unwrap();
        let (b, of_b) = auc_interval(&other, &rows.outcomes, 0.95).unwrap();
        made_up::assert_close(&[a, b], &[0.813_043_478_260_869_5, 0.857_391_304_347_826_1], 1e-14);
        let errors = [standard_error(a, of_a), standard_error(b, of_b)];
        made_up::assert_close(&errors, &[0.062_011_313_404_930, 0.056_557_604_917_455], 1e-12);
        let (difference, interval) = auc_difference(&rows.probabilities, &other, &rows.outcomes, 0.95).unwrap();
        let half = (interval.high - interval.low) / 2.0 / normal_quantile(0.975);
        made_up::assert_close(&[difference, half], &[-0.044_347_826_086_957, 0.072_797_912_076_856], 1e-12);
    }

    #[test]
    fn knows_its_limits() {
        let y = [true, true, true, false, false];
        // Two rows of the rarer outcome, both right: Wilson's lower end is 2 / (2 + 1.96²).
        let (area, interval) = auc_interval(&[3.0, 4.0, 5.0, 1.0, 2.0], &y, 0.95).unwrap();
        assert_eq!((area, interval.high), (1.0, 1.0));
        assert!((interval.low - 2.0 / (2.0 + 1.959_963_985_f64.powi(2))).abs() < 1e-8, "{interval:?}");
        assert_eq!(auc_interval(&[1.0, 1.0, 1.0, 2.0, 3.0], &y, 0.9).unwrap().1.low, 0.0);
        assert_eq!(auc_interval(&[1.0, 2.0], &[true, false], 0.95), None);
        assert_eq!(auc_interval(&[1.0, 2.0, f64::NAN, 3.0, 4.0], &y, 0.95), None);
        assert_eq!(auc_interval(&[1.0; 5], &y, 1.0), None);
        let (none, interval) =
            auc_difference(&[1.0, 5.0, 2.0, 4.0, 3.0], &[1.0, 5.0, 2.0, 4.0, 3.0], &y, 0.95).unwrap();
        assert_eq!((none, interval.low, interval.high), (0.0, 0.0, 0.0));
    }

    #[test]
    fn covers_as_often_as_it_says() {
        // Two normal scores a distance apart: the true area is Φ(distance / √2). Few rows and a high area are the hard case.
        let mut dice = ChaCha8Rng::seed_from_u64(Seed(3).0);
        for (positives, negatives, distance, truth) in
            [(15, 60, 1.9, 0.910_5), (100, 300, 0.8, 0.714_2), (30, 30, 0.0, 0.5)]
        {
            let y: Vec<bool> = (0..positives + negatives).map(|row| row < positives).collect();
            let (mut covered, mut of_difference) = (0, 0);
            let draws = 2_000;
            for _ in 0..draws {
                let mut score = |outcome: &bool| {
                    let unit: f64 = StandardNormal.sample(&mut dice);
                    unit + if *outcome { distance } else { 0.0 }
                };
                let first: Vec<f64> = y.iter().map(&mut score).collect();
                let second: Vec<f64> = y.iter().map(&mut score).collect();
                // A score as good as the first and correlated with it.
                let mixed: Vec<f64> = first.iter().zip(&second).map(|(a, b)| a + b).collect();
                let other: Vec<f64> = first.iter().zip(&second).map(|(a, b)| 1.2 * a + 0.8 * b).collect();
                let interval = auc_interval(&first, &y, 0.95).unwrap().1;
                covered += usize::from(interval.low <= truth && truth <= interval.high);
                // (1.2 + 0.8) / √(1.2² + 0.8²) against 2 / √2: truly a little worse.
                let gap = area_of(2.0 * distance / 2.08_f64.sqrt()) - area_of(2.0 * distance / 2.0_f64.sqrt());
                let interval = auc_difference(&other, &mixed, &y, 0.95).unwrap().1;
                of_difference += usize::from(interval.low <= gap && gap <= interval.high);
            }
            // Four standard errors of a share over 2,000 draws are 0.02; 15 rows may cost as much again.
            for covered in [covered, of_difference] {
                let share = f64::from(u32::try_from(covered).unwrap()) / f64::from(draws);
                assert!((0.92..=0.975).contains(&share), "{positives} and {negatives}: {share}");
            }
        }
    }

    /// The area under the curve of two normal scores this many standard deviations apart.
    fn area_of(distance: f64) -> f64 {
        use statrs::distribution::{ContinuousCDF, Normal};
        Normal::standard().cdf(distance / 2.0_f64.sqrt())
    }

    proptest! {
        #[test]
        fn the_area_is_the_area(rows in prop::collection::vec((0_u8..6, any::<bool>()), 4..50)) {
            let (scores, mut outcomes): (Vec<f64>, Vec<bool>) = rows.iter().map(|row| (f64::from(row.0), row.1)).unzip();
            outcomes[..4].copy_from_slice(&[true, true, false, false]);
            let (area, interval) = auc_interval(&scores, &outcomes, 0.9).unwrap();
            prop_assert!((area - area_under_roc(&scores, &outcomes).unwrap()).abs() < 1e-12);
            prop_assert!(0.0 <= interval.low && interval.low <= area + 1e-12 && area <= interval.high + 1e-12 && interval.high <= 1.0);
            let turned: Vec<f64> = scores.iter().map(|score| -score).collect();
            let mirrored = auc_interval(&turned, &outcomes, 0.9).unwrap().1;
            prop_assert!((mirrored.low + interval.high - 1.0).abs() < 1e-9);
        }
    }
}
