//! Two groups compared: shares (difference, exact test) and values (probability of superiority).

use statrs::function::erf::erfc;

use crate::proportion::{Interval, wilson_interval};
use crate::special::{ln_gamma, normal_quantile};

/// Up to this many possible tables the test of two shares is exact; beyond it, the normal approximation is as good.
const EXACT_TABLES: u64 = 2_000;

/// Of how many, how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// How many have what is counted.
    pub successes: u64,
    /// Of how many.
    pub trials: u64,
}

impl Count {
    /// The share; `NaN` of nobody.
    #[must_use]
    pub fn share(self) -> f64 {
        self.successes as f64 / self.trials as f64
    }
}

/// Interval of the difference of two independent shares, the first less the second, at a confidence such as 0.95.
///
/// Newcombe's hybrid of two Wilson intervals. `None` where either has no trials or more successes than trials.
///
/// Source: R. G. Newcombe (1998), Interval estimation for the difference between independent proportions, Statistics in
/// Medicine 17, 873–890, method 10.
#[must_use]
pub fn share_difference_interval(first: Count, second: Count, confidence: f64) -> Option<Interval> {
    let one = wilson_interval(first.successes, first.trials, confidence)?;
    let two = wilson_interval(second.successes, second.trials, confidence)?;
    let (a, b) = (first.share(), second.share());
    let difference = a - b;
    let reach = |x: f64, y: f64| (x * x + y * y).sqrt();
    Some(Interval {
        low: difference - reach(a - one.low, two.high - b),
        high: difference + reach(one.high - a, b - two.low),
    })
}

/// Two-sided p-value of the hypothesis that two independent shares are equal.
///
/// Fisher's exact test (R. A. Fisher 1935: the probability, given the margins, of all tables not more likely than the one seen)
/// where its tables are few enough; beyond that Pearson's chi-squared test without correction. 1 where there is nothing
/// to compare, `NaN` with more successes than trials.
#[must_use]
pub fn share_difference_p_value(first: Count, second: Count) -> f64 {
    if first.successes > first.trials || second.successes > second.trials {
        return f64::NAN;
    }
    let successes = first.successes + second.successes;
    let trials = first.trials + second.trials;
    let failures = trials - successes;
    if first.trials == 0 || second.trials == 0 || successes == 0 || failures == 0 {
        return 1.0;
    }
    let least = first.trials.saturating_sub(failures);
    let most = successes.min(first.trials);
    if most - least > EXACT_TABLES {
        let share = successes as f64 / trials as f64;
        let error = (share * (1.0 - share) * (1.0 / first.trials as f64 + 1.0 / second.trials as f64)).sqrt();
        return normal_two_sided((first.share() - second.share()) / error);
    }
    let ln_factorial = |n: u64| ln_gamma(n as f64 + 1.0);
    let ln_choose = |n: u64, k: u64| ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k);
    let all = ln_choose(trials, first.trials);
    let ln_table = |k: u64| ln_choose(successes, k) + ln_choose(failures, first.trials - k) - all;
    // Tables as likely as the one seen count, also where rounding tells them apart.
    let seen = ln_table(first.successes) + 1e-7;
    let sum: f64 = (least..=most).map(ln_table).filter(|ln_table| *ln_table <= seen).map(f64::exp).sum();
    sum.min(1.0)
}

/// Probability that a standard normal value lies at least this far from 0.
#[must_use]
pub fn normal_two_sided(z: f64) -> f64 {
    erfc(z.abs() / std::f64::consts::SQRT_2)
}

/// How the values of a group compare with those of all others, by ranks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Superiority {
    /// Probability that a random member's value is above a random other's, ties counting half: 0.5 where they are alike.
    pub probability: f64,
    /// Its interval at the confidence asked for.
    pub interval: Interval,
    /// Two-sided p-value of the Mann–Whitney test, normal approximation with the correction for ties.
    pub p_value: f64,
}

/// Compares each group's values with those of all other groups: `groups[row]` below `count`, rows without a value (`NaN`) left
/// out. `None` for a group where it or the others have fewer than two values.
///
/// The interval is symmetric on the logit scale, from the variance of the placements (E. R. DeLong, D. M. DeLong and
/// D. L. Clarke-Pearson 1988, Biometrics 44, 837–845); the test is of H. B. Mann and D. R. Whitney (1947), Annals of
/// Mathematical Statistics 18, 50–60. One sort serves all groups.
#[must_use]
pub fn superiority(values: &[f64], groups: &[u32], count: usize, confidence: f64) -> Vec<Option<Superiority>> {
    let rows = values.iter().zip(groups).filter(|(value, group)| !value.is_nan() && (**group as usize) < count);
    // Values beside their groups, so that the walk below reads memory in order.
    let mut sorted: Vec<(f64, usize)> = rows.map(|(value, group)| (*value, *group as usize)).collect();
    sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut sizes = vec![0.0_f64; count];
    for (_, group) in &sorted {
        sizes[*group] += 1.0;
    }
    let all = sorted.len() as f64;
    // Sums of placements and of their squares: of members among the others, and of the others among members.
    let mut sums = vec![[0.0_f64; 4]; count];
    let mut below = vec![0.0_f64; count];
    let (mut below_all, mut ties) = (0.0_f64, 0.0_f64);
    let mut here = vec![0.0_f64; count];
    let mut rest = sorted.as_slice();
    while let Some((first, _)) = rest.first() {
        let tied = rest.iter().take_while(|(value, _)| value <= first).count().max(1);
        let (tied, higher) = rest.split_at(tied);
        here.fill(0.0);
        for (_, group) in tied {
            here[*group] += 1.0;
        }
        let tied_all = tied.len() as f64;
        ties += tied_all * (tied_all * tied_all - 1.0);
        for group in 0..count {
            let (members, size) = (here[group], sizes[group]);
            let member_place = (below_all - below[group] + (tied_all - members) / 2.0) / (all - size);
            let other_place = (below[group] + members / 2.0) / size;
            let [sum, squares, other_sum, other_squares] = &mut sums[group];
            *sum += members * member_place;
            *squares += members * member_place * member_place;
            *other_sum += (tied_all - members) * other_place;
            *other_squares += (tied_all - members) * other_place * other_place;
            below[group] += members;
        }
        below_all += tied_all;
        rest = higher;
    }
    let z = normal_quantile(0.5 + confidence / 2.0);
    sizes
        .iter()
        .zip(&sums)
        .map(|(size, [sum, squares, other_sum, other_squares])| {
            let others = all - size;
            if *size < 2.0 || others < 2.0 {
                return None;
            }
            let probability = sum / size;
            let variance = |sum: f64, squares: f64, n: f64| ((squares - sum * sum / n) / (n - 1.0)).max(0.0);
            let error =
                (variance(*sum, *squares, *size) / size + variance(*other_sum, *other_squares, others) / others).sqrt();
            let null = (size * others / 12.0 * (all + 1.0 - ties / (all * (all - 1.0)))).sqrt();
            let deviation = (probability - 0.5) * size * others;
            let p_value = if null > 0.0 { normal_two_sided(deviation / null) } else { 1.0 };
            Some(Superiority { probability, interval: logit_interval(probability, error, *size, others, z), p_value })
        })
        .collect()
}

/// Symmetric on the logit scale; where the groups do not overlap at all, as far as one overlapping pair would move it.
fn logit_interval(probability: f64, error: f64, size: f64, others: f64, z: f64) -> Interval {
    let margin = 0.5 / (size * others);
    let kept = probability.clamp(margin, 1.0 - margin);
    let error = error.max(margin);
    let (centre, reach) = ((kept / (1.0 - kept)).ln(), z * error / (kept * (1.0 - kept)));
    let back = crate::special::logistic;
    Interval { low: back(centre - reach).min(probability), high: back(centre + reach).max(probability) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ranking::area_under_roc;

    fn count(successes: u64, trials: u64) -> Count {
        Count { successes, trials }
    }

    #[test]
    fn newcombe_agrees_with_the_paper() {
        // Newcombe (1998), table II, method 10.
        for (first, second, low, high) in [
            (count(56, 70), count(48, 80), 0.0524, 0.3339),
            (count(9, 10), count(3, 10), 0.1705, 0.8090),
            (count(10, 10), count(0, 20), 0.6791, 1.0000),
            (count(0, 10), count(0, 10), -0.2775, 0.2775),
        ] {
            let interval = share_difference_interval(first, second, 0.95).unwrap();
            assert!((interval.low - low).abs() < 6e-5, "{interval:?}");
            assert!((interval.high - high).abs() < 6e-5, "{interval:?}");
        }
        assert_eq!(share_difference_interval(count(0, 0), count(1, 2), 0.95), None);
    }

    #[test]
    fn fisher_agrees_with_scipy() {
        // Fisher's tea (1935) is 34 / 70; the others from scipy 1.17 stats.fisher_exact, stats.chi2_contingency for the last.
        for (first, second, expected) in FISHER {
            let found = share_difference_p_value(first, second);
            assert!((found / expected - 1.0).abs() < 1e-7, "{first:?} {second:?}: {found}");
        }
        assert_eq!(share_difference_p_value(count(0, 5), count(0, 9)), 1.0);
        assert!(share_difference_p_value(count(6, 5), count(0, 9)).is_nan());
    }

    const FISHER: [(Count, Count, f64); 4] = [
        (Count { successes: 3, trials: 4 }, Count { successes: 1, trials: 4 }, 34.0 / 70.0),
        (Count { successes: 8, trials: 10 }, Count { successes: 1, trials: 6 }, 0.034_965_034_965_034_975),
        (Count { successes: 120, trials: 1_000 }, Count { successes: 500, trials: 6_000 }, 0.000_296_443_327_325_399_8),
        (
            Count { successes: 40_500, trials: 100_000 },
            Count { successes: 120_000, trials: 300_000 },
            0.005_211_855_716_952_637,
        ),
    ];

    #[test]
    fn superiority_agrees_with_scipy() {
        let values =
            [1.0, 2.0, 2.0, 3.0, 5.0, 8.0, 8.0, 9.0, 0.0, 1.0, 2.0, 2.0, 4.0, 4.0, 5.0, 6.0, 7.0, 8.0, f64::NAN];
        let groups: Vec<u32> = (0..19).map(|row| u32::from(row >= 8)).collect();
        let found = superiority(&values, &groups, 2, 0.95);
        let first = found[0].unwrap();
        // scipy 1.17 mannwhitneyu(use_continuity=False, method="asymptotic"); the interval from DeLong's formula in numpy.
        assert!((first.probability - 0.5875).abs() < 1e-12);
        assert!((first.p_value - 0.530_334_799_613_511_9).abs() < 1e-10, "{first:?}");
        assert!((first.interval.low - 0.304_186_266_636_148_2).abs() < 1e-9, "{first:?}");
        assert!((first.interval.high - 0.822_696_126_742_909_4).abs() < 1e-9, "{first:?}");
        // The other group sees the same thing from its side.
        let second = found[1].unwrap();
        assert!((second.probability - 0.4125).abs() < 1e-12 && (second.p_value - first.p_value).abs() < 1e-12);
    }

    #[test]
    fn superiority_needs_two_on_each_side() {
        assert_eq!(superiority(&[1.0, 2.0, 3.0], &[0, 1, 1], 2, 0.95), [None, None]);
        assert_eq!(superiority(&[], &[], 1, 0.95), [None]);
        let apart = superiority(&[1.0, 2.0, 3.0, 4.0], &[0, 0, 1, 1], 2, 0.95)[1].unwrap();
        assert!(apart.probability == 1.0 && apart.interval.low < 0.9 && apart.interval.high == 1.0, "{apart:?}");
        let alike = superiority(&[1.0; 4], &[0, 0, 1, 1], 2, 0.95)[0].unwrap();
        assert_eq!((alike.probability, alike.p_value), (0.5, 1.0));
    }

    proptest! {
        #[test]
        fn superiority_is_the_area_under_roc(rows in prop::collection::vec((0_u8..9, any::<bool>()), 4..60)) {
            let values: Vec<f64> = rows.iter().map(|row| f64::from(row.0)).collect();
            let inside: Vec<bool> = rows.iter().map(|row| row.1).collect();
            let groups: Vec<u32> = inside.iter().map(|inside| u32::from(*inside)).collect();
            if let Some(found) = superiority(&values, &groups, 2, 0.9)[1] {
                let area = area_under_roc(&values, &inside).unwrap();
                prop_assert!((found.probability - area).abs() < 1e-12);
                prop_assert!(found.interval.low <= area && area <= found.interval.high);
                prop_assert!((0.0..=1.0).contains(&found.p_value));
            }
        }

        #[test]
        fn the_difference_lies_in_its_interval(a in 0_u64..300, b in 0_u64..300, more_a in 1_u64..300, more_b in 1_u64..300) {
            let (one, two) = (count(a, a + more_a), count(b, b + more_b));
            let interval = share_difference_interval(one, two, 0.95).unwrap();
            let difference = one.share() - two.share();
            prop_assert!(interval.low <= difference && difference <= interval.high);
            prop_assert!(interval.low >= -1.0 - 1e-12 && interval.high <= 1.0 + 1e-12);
            let (p, back) = (share_difference_p_value(one, two), share_difference_p_value(two, one));
            prop_assert!((p - back).abs() < 1e-9 && (0.0..=1.0).contains(&p));
        }
    }
}
