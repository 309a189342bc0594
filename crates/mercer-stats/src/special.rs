//! Special functions in log space, for positive arguments: gamma, beta and sums of what is too large to write out.

use statrs::distribution::{ContinuousCDF, Normal};

use std::f64::consts::PI;

pub use crate::hypergeometric::ln_hyp2f1;

/// Factors of at most 2 whose product is far from overflowing.
const FACTORS: u32 = 512;

/// A sum of logarithms of numbers from 1 to 2, by way of their product: one logarithm for 512 of them. Absolute error below 1e-13
/// for each of those logarithms.
#[derive(Debug, Clone, Copy)]
pub struct SumOfLogs {
    sum: f64,
    product: f64,
    factors: u32,
}

impl Default for SumOfLogs {
    fn default() -> Self {
        Self { sum: 0.0, product: 1.0, factors: 0 }
    }
}

impl SumOfLogs {
    /// Adds the logarithm of a number from 1 to 2.
    pub fn add(&mut self, number: f64) {
        self.product *= number;
        self.factors += 1;
        if self.factors == FACTORS {
            *self = Self { sum: self.total(), ..Self::default() };
        }
    }

    /// The sum so far.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.sum + self.product.ln()
    }
}

/// From here on Stirling's series is exact to rounding with the terms kept below.
const STIRLING_FROM: f64 = 10.0;

/// Logarithm of the gamma function, for `x > 0`. Absolute error below 1e-13 up to `x` = 100, relative error below 1e-14 above.
///
/// Infinite at 0, NaN below it.
#[must_use]
pub fn ln_gamma(x: f64) -> f64 {
    if x > 0.0 {
        statrs::function::gamma::ln_gamma(x)
    } else if x == 0.0 {
        f64::INFINITY
    } else {
        f64::NAN
    }
}

/// Derivative of [`ln_gamma`], for `x > 0`. Relative error below 1e-12 away from its zero at 1.4616….
#[must_use]
pub fn digamma(x: f64) -> f64 {
    statrs::function::gamma::digamma(x)
}

/// Derivative of [`digamma`], for `x > 0`. Relative error below 1e-13.
#[must_use]
pub fn trigamma(x: f64) -> f64 {
    // Recurrence up to where the asymptotic series (Abramowitz & Stegun 6.4.12) holds.
    let (mut shifted, mut sum) = (x, 0.0);
    while shifted < 15.0 {
        sum += 1.0 / (shifted * shifted);
        shifted += 1.0;
    }
    let inverse = 1.0 / shifted;
    let square = inverse * inverse;
    let series = square
        * (1.0 / 6.0 - square * (1.0 / 30.0 - square * (1.0 / 42.0 - square * (1.0 / 30.0 - square * 5.0 / 66.0))));
    sum + inverse * (1.0 + 0.5 * inverse + series)
}

/// What Stirling's formula leaves out: `ln Γ(x) − ((x − ½) ln x − x + ½ ln 2π)`, for `x` ≥ 10.
fn stirling_rest(x: f64) -> f64 {
    let inverse = 1.0 / x;
    let square = inverse * inverse;
    inverse
        * (1.0 / 12.0
            - square
                * (1.0 / 360.0
                    - square
                        * (1.0 / 1260.0
                            - square * (1.0 / 1680.0 - square * (1.0 / 1188.0 - square * (691.0 / 360_360.0))))))
}

/// Logarithm of the beta function `B(a, b)`, for `a, b > 0`; no digits are lost where one is much larger than the other.
#[must_use]
pub fn ln_beta(a: f64, b: f64) -> f64 {
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    if large < STIRLING_FROM {
        return ln_gamma(small) + ln_gamma(large) - ln_gamma(small + large);
    }
    let sum = small + large;
    if small < STIRLING_FROM {
        // ln Γ(large) − ln Γ(sum) by Stirling's formula, in which the large parts cancel by hand.
        let rest = stirling_rest(large) - stirling_rest(sum);
        ln_gamma(small) + rest + small - small * sum.ln() - (large - 0.5) * (small / large).ln_1p()
    } else {
        let rest = stirling_rest(small) + stirling_rest(large) - stirling_rest(sum);
        rest + 0.5 * (2.0 * PI).ln() - 0.5 * large.ln() + (small - 0.5) * (small / sum).ln()
            - large * (small / large).ln_1p()
    }
}

/// `ln(e^a + e^b)` without overflow.
#[must_use]
pub fn ln_add_exp(a: f64, b: f64) -> f64 {
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    if large.is_infinite() { large } else { large + (small - large).exp().ln_1p() }
}

/// `ln(e^a − e^b)` without overflow, for `a ≥ b`; minus infinity where they are equal, NaN where `a < b`.
#[must_use]
pub fn ln_sub_exp(a: f64, b: f64) -> f64 {
    if b == f64::NEG_INFINITY {
        return a;
    }
    let gap = b - a;
    // Of the two ways to write 1 − e^gap, the one that keeps its digits.
    a + if gap > -std::f64::consts::LN_2 { (-gap.exp_m1()).ln() } else { (-gap.exp()).ln_1p() }
}

/// `ln(1 + e^x)` without overflow.
#[must_use]
pub fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// The logistic function `1 / (1 + e^−x)` without overflow.
#[must_use]
pub fn logistic(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let e = x.exp();
        e / (1.0 + e)
    }
}

/// Quantile of the standard normal distribution: 1.96 at 0.975. `NaN` outside `[0, 1]`.
#[must_use]
pub fn normal_quantile(probability: f64) -> f64 {
    if (0.0..=1.0).contains(&probability) { Normal::standard().inverse_cdf(probability) } else { f64::NAN }
}

#[cfg(test)]
#[allow(clippy::excessive_precision, reason = "figures stand as the oracle printed them")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn close(what: &str, value: f64, expected: f64, tolerance: f64) {
        let error = (value - expected).abs() / expected.abs().max(1.0);
        assert!(error <= tolerance, "{what}: {value:e}, expected {expected:e}, error {error:e}");
    }

    #[test]
    fn gamma_and_its_derivatives_agree_with_mpmath() {
        // mpmath 1.3 at 50 digits. Relative above 1, absolute below; a few units in the last place of the largest part.
        for (x, ln_gamma_x, digamma_x, trigamma_x) in [
            (1e-8, 18.420_680_738_180_208_9, -100_000_000.577_215_646, 1.000_000_000_000_000_12e16),
            (0.003, 5.807_418_734_725_977_8, -333.905_624_985_407_46, 111_112.748_861_947_685),
            (0.24259, 1.319_829_059_619_258_55, -4.358_543_842_397_175_18, 18.199_624_636_831_850_4),
            (0.5, 0.572_364_942_924_700_087, -1.963_510_026_021_423_48, 4.934_802_200_544_679_31),
            (1.0, 0.0, -0.577_215_664_901_532_861, 1.644_934_066_848_226_44),
            (1.4616, -0.121_486_290_035_897_328, -3.110_625_123_034_164_97e-5, 0.967_700_711_465_083_545),
            (2.5, 0.284_682_870_472_919_16, 0.703_156_640_645_243_187, 0.490_357_756_100_234_865),
            (9.9, 12.577_179_904_219_879_7, 2.241_180_316_606_381_44, 0.106_283_041_628_740_592),
            (10.0, 12.801_827_480_081_469_6, 2.251_752_589_066_721_11, 0.105_166_335_681_685_746),
            (37.25, 96.619_884_588_278_101_2, 3.604_169_073_005_627_17, 0.027_209_205_803_955_575_2),
            (221.55, 973.182_620_865_303_639, 5.398_389_772_991_693_11, 0.004_523_855_664_181_071_24),
            (12345.6, 103_959.185_066_168_459, 9.421_014_502_465_396_62, 8.100_379_903_388_378_25e-5),
            (1_000_000.24, 12_815_507.884_870_054_2, 13.815_510_297_964_282, 1.000_000_259_999_984_28e-6),
        ] {
            close(&format!("ln_gamma({x})"), ln_gamma(x), ln_gamma_x, 2e-14);
            close(&format!("digamma({x})"), digamma(x), digamma_x, 1e-13);
            close(&format!("trigamma({x})"), trigamma(x), trigamma_x, 1e-14);
        }
    }

    #[test]
    fn beta_keeps_its_digits_where_one_argument_is_huge() {
        // mpmath 1.3 at 50 digits.
        for (a, b, expected) in [
            (0.5, 0.5, 1.144_729_885_849_400_17),
            (0.79289, 2.42575, -0.511_265_821_533_953_976),
            (1e-6, 3.0, 13.815_509_057_964_899_1),
            (0.79289, 1e6, -10.795_200_806_233_394_5),
            (9.5, 9.9, -13.300_381_309_385_878_8),
            (12.0, 30.0, -25.274_864_968_419_808_4),
            (5.0, 25.0, -13.294_255_738_707_744_2),
            (1e6, 1e6, -1_386_300.003_362_921_12),
            (1e-4, 1e8, 9.208_440_590_560_066_92),
        ] {
            close(&format!("ln_beta({a}, {b})"), ln_beta(a, b), expected, 2e-14);
            close(&format!("ln_beta({b}, {a})"), ln_beta(b, a), expected, 2e-14);
        }
    }

    #[test]
    fn ends_of_the_line_are_kept() {
        assert_eq!(ln_gamma(0.0), f64::INFINITY);
        assert!(ln_gamma(-0.5).is_nan());
        assert_eq!(ln_add_exp(f64::NEG_INFINITY, f64::NEG_INFINITY), f64::NEG_INFINITY);
        assert_eq!(ln_add_exp(f64::NEG_INFINITY, 3.0), 3.0);
        assert_eq!(ln_sub_exp(3.0, f64::NEG_INFINITY), 3.0);
        assert_eq!(ln_sub_exp(3.0, 3.0), f64::NEG_INFINITY);
        assert!(ln_sub_exp(2.0, 3.0).is_nan());
        assert_eq!((softplus(800.0), softplus(-800.0)), (800.0, 0.0));
        assert_eq!((logistic(800.0), logistic(-800.0)), (1.0, 0.0));
    }

    proptest! {
        #[test]
        fn sums_of_logs_are_sums_of_logs(numbers in prop::collection::vec(1.0_f64..=2.0, 0..2_000)) {
            let mut sum = SumOfLogs::default();
            numbers.iter().for_each(|number| sum.add(*number));
            let plain: f64 = numbers.iter().map(|number| number.ln()).sum();
            // The plain sum is the rougher one: each of up to 2,000 additions is rounded by 1.1e-16 of what there is.
            prop_assert!((sum.total() - plain).abs() < 3e-13 * (1.0 + plain), "{} is not {plain}", sum.total());
        }

        #[test]
        fn derivatives_are_derivatives(x in 0.05_f64..1e4) {
            let step = 1e-5 * x;
            let slope = (ln_gamma(x + step) - ln_gamma(x - step)) / (2.0 * step);
            // Rounding of the difference, and the third derivative times step².
            let tolerance = 1e-9 * (1.0 + 1.0 / x) + 1e-15 * ln_gamma(x).abs() / step;
            prop_assert!((slope - digamma(x)).abs() < tolerance, "{slope} {}", digamma(x));
            prop_assert!((digamma(x) - digamma(x + 1.0) + 1.0 / x).abs() < 1e-13 * (1.0 + 1.0 / x));
            prop_assert!((trigamma(x) - trigamma(x + 1.0) - 1.0 / (x * x)).abs() < 1e-13 * (1.0 + 1.0 / (x * x)));
        }

        #[test]
        fn beta_has_no_seam_between_its_formulas(a in 0.01_f64..50.0, b in 0.01_f64..50.0) {
            let plain = ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
            // The plain formula subtracts values up to 450, each right to some units in the last place.
            prop_assert!((ln_beta(a, b) - plain).abs() < 1e-12);
        }

        #[test]
        fn sums_and_differences_undo_each_other(a in -700.0_f64..700.0, gap in 0.001_f64..30.0) {
            let sum = ln_add_exp(a, a - gap);
            prop_assert!((ln_sub_exp(sum, a - gap) - a).abs() < 1e-12 * (1.0 + a.abs()));
        }
    }
}
