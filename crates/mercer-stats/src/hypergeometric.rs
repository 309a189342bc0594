//! The Gaussian hypergeometric function in log space.

use crate::special::{ln_beta, logistic, softplus};

/// A series expected to need more terms than this gives way to quadrature where that is possible.
const LONG_SERIES: f64 = 2_000.0;
/// A series is cut here at the latest: a second's work, reached only for `z` beyond 1 − 10^−6 with both `a, b ≥ c`.
const LONGEST_SERIES: u32 = 100_000_000;
/// Terms are scaled down when they grow beyond this.
const LARGE: f64 = 1e250;
/// A sum this much smaller than its largest term has lost too many digits.
const LEAST_SHARE_LEFT: f64 = 1e-3;

/// Logarithm of the Gaussian hypergeometric function `₂F₁(a, b; c; z)` for `a, b, c > 0` and `0 ≤ z < 1`.
///
/// All terms of its series are positive there, so it is at least 1 and its logarithm never negative. Takes the series, or
/// that of Euler's transformation, whichever is the shorter; where both are long (large `a` and `b`, or `z` near 1), Euler's
/// integral by double-exponential quadrature. Absolute error below 1e-9 for arguments up to 10^6 (below 1e-12 up to 10^3).
/// Infinite for `z ≥ 1` where the series diverges, NaN for arguments outside the domain.
///
/// Source: NIST Digital Library of Mathematical Functions, 15.2.1, 15.6.1, 15.8.1.
#[must_use]
pub fn ln_hyp2f1(a: f64, b: f64, c: f64, z: f64) -> f64 {
    let valid = a >= 0.0 && b >= 0.0 && c > 0.0 && (0.0..=1.0).contains(&z) && (a + b + c).is_finite();
    if !valid {
        return f64::NAN;
    }
    if z == 0.0 || a == 0.0 || b == 0.0 {
        return 0.0;
    }
    let ln_rest = (-z).ln_1p();
    if z == 1.0 {
        // Gauss's sum; Γ(c)Γ(c−a−b) / (Γ(c−a)Γ(c−b)) as a ratio of beta functions.
        return if c > a + b { ln_beta(c - a - b, a) - ln_beta(c - a, a) } else { f64::INFINITY };
    }
    let (euler_a, euler_b, euler_factor) = (c - a, c - b, (c - a - b) * ln_rest);
    let direct = expected_terms(a, b, c, z);
    // With a hugely negative argument its terms grow with alternating signs before they fall, and cancel.
    let cancels = euler_a.min(euler_b) < 0.0 && (euler_a * euler_b).abs() * z > c;
    let euler = if cancels { f64::INFINITY } else { expected_terms(euler_a, euler_b, c, z) };

    if euler <= direct.min(LONG_SERIES)
        && let Some(sum) = ln_series(euler_a, euler_b, c, z)
    {
        return (euler_factor + sum).max(0.0);
    }
    if direct > LONG_SERIES {
        let (other, inner) = if a < b { (b, a) } else { (a, b) };
        if c > inner {
            return ln_euler_integral(other, inner, c, z).max(0.0);
        }
        if euler < direct
            && let Some(sum) = ln_series(euler_a, euler_b, c, z)
        {
            return (euler_factor + sum).max(0.0);
        }
    }
    // Terms are positive: nothing cancels.
    ln_series(a, b, c, z).unwrap_or(f64::INFINITY)
}

/// About how many terms the series takes until they no longer count: up to its largest one, and down again.
fn expected_terms(a: f64, b: f64, c: f64, z: f64) -> f64 {
    // Terms grow while (a + n)(b + n) z > (c + n)(n + 1): up to the larger root of a quadratic in n.
    let (square, linear, constant) = (1.0 - z, c + 1.0 - z * (a + b), c - z * a * b);
    let discriminant = linear * linear - 4.0 * square * constant;
    let peak = if discriminant > 0.0 { ((discriminant.sqrt() - linear) / (2.0 * square)).max(0.0) } else { 0.0 };
    peak + 6.0 * peak.sqrt() + 36.0 / -z.ln()
}

/// Logarithm of the plain series, or `None` where its terms cancel too far (`a` or `b` negative).
fn ln_series(a: f64, b: f64, c: f64, z: f64) -> Option<f64> {
    let (mut sum, mut term, mut largest, mut ln_scale) = (1.0_f64, 1.0_f64, 1.0_f64, 0.0);
    for index in 0..LONGEST_SERIES {
        let n = f64::from(index);
        let ratio = (a + n) * (b + n) / ((c + n) * (n + 1.0)) * z;
        term *= ratio;
        sum += term;
        let size = term.abs();
        largest = largest.max(size);
        if size > LARGE {
            (sum, term, largest) = (sum / LARGE, term / LARGE, largest / LARGE);
            ln_scale += LARGE.ln();
        }
        // What is left is at most a geometric series with the larger of this ratio and the last one.
        let bound = ratio.abs().max(z);
        if size * bound <= f64::EPSILON * 0.5 * sum.abs() * (1.0 - bound) {
            break;
        }
    }
    (sum > LEAST_SHARE_LEFT * largest.min(LARGE)).then(|| sum.ln() + ln_scale)
}

/// Logarithm of Euler's integral, for `c > b > 0`, over the whole line: `u = logistic(y)`, `y = peak + width · sinh v`, and the
/// trapezoidal rule in `v`, which converges faster than any power of the step.
fn ln_euler_integral(a: f64, b: f64, c: f64, z: f64) -> f64 {
    const STEP: f64 = 1.0 / 40.0;
    const NEGLIGIBLE: f64 = -42.0;
    let ln_rest = (-z).ln_1p();
    let rest = c - a;
    let ln_integrand = |y: f64| b * y - rest * softplus(y) - a * softplus(y + ln_rest);
    let slope = |y: f64| b - rest * logistic(y) - a * logistic(y + ln_rest);

    // The slope falls from b to b − c: find where it is zero.
    let spread = (rest.abs() + a) * 3.0;
    let (mut low, mut high) = ((b / spread).ln().min(0.0) - 1.0, (spread / (c - b)).ln().max(0.0) + 1.0 - ln_rest);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if slope(middle) > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    let peak = 0.5 * (low + high);
    let (near, far) = (logistic(peak), logistic(peak + ln_rest));
    let curvature = rest * near * (1.0 - near) + a * far * (1.0 - far);
    let width = if curvature > 1.0 { curvature.sqrt().recip() } else { 1.0 };
    let top = ln_integrand(peak);

    let mut sum = 1.0;
    for side in [-1.0, 1.0] {
        for index in 1..4_000_u16 {
            let v = STEP * f64::from(index);
            let exponent = ln_integrand(peak + side * width * v.sinh()) - top + v.cosh().ln();
            sum += exponent.exp();
            if exponent < NEGLIGIBLE {
                break;
            }
        }
    }
    top + (sum * width * STEP).ln() - ln_beta(b, c - b)
}

#[cfg(test)]
#[allow(clippy::excessive_precision, reason = "figures stand as the oracle printed them")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn agrees_with_mpmath() {
        // mpmath 1.3 at 40 digits: its hyp2f1, the plain or Euler's series, or Euler's integral, whichever it could do.
        for (a, b, c, z, expected) in [
            (0.5, 0.25, 0.75, 0.5, 0.111_695_981_022_862_026),
            (1.0, 1.0, 2.0, 0.999_999, 2.625_792_914_474_429_43),
            (2.24259, 4.42575, 4.21864, 0.47, 1.502_303_803_927_588_05),
            (222.16, 1.6062, 223.16, 0.01, 0.016_070_153_055_062_275_4),
            (222.16, 1.6062, 223.16, 0.9, 3.637_781_542_817_127_5),
            (222.8, 3.9, 223.7, 0.95, 11.438_147_897_123_942_4),
            (1e-4, 5.0, 2e-4, 0.3, 1.245_506_661_357_248_08),
            (1e-3, 2e-3, 1e-2, 0.9, 0.000_456_747_034_024_760_884),
            (10.0, 0.5, 1e6, 0.99, 4.950_028_178_075_125_71e-6),
            (3.0, 2.0, 0.2, 0.99, 25.803_739_484_731_769_6),
            (5.0, 7.0, 2.0, 0.9999, 95.147_759_485_263_856_1),
            (1000.0, 800.0, 1200.0, 0.3, 235.497_159_526_642_956),
            (300.0, 200.0, 40.0, 0.8, 918.471_392_278_982_864),
            (1e4, 1e4, 3.0, 0.5, 24_532.528_169_407_124_1),
            (1e5, 2.5, 3.0, 0.9, 230_252.062_691_610_191),
            (1e6, 1.6, 1e6 + 1.0, 0.7, 1.926_352_753_607_577_28),
            (1e6 + 0.5, 1.6, 1e6 + 2.1, 0.999, 11.049_856_356_314_987),
            (1e6, 1e6, 1e6 + 1.2, 0.5, 693_146.348_784_048_67),
            (1.16, 0.606, 2.16, 0.9999, 0.976_384_699_446_563_15),
            (1.0, 1.6, 2.16, 0.999_999_99, 8.992_723_341_229_426_05),
            (0.3, 0.2, 0.5, 0.999_999_999, 1.297_496_884_206_385_46),
        ] {
            for (a, b) in [(a, b), (b, a)] {
                let value = ln_hyp2f1(a, b, c, z);
                // Relative to the logarithm where that is large: rounding of 10^6 times a logarithm is 10^-10.
                let error = (value - expected).abs() / f64::max(1.0, expected * 1e-3);
                let tolerance = if a.max(b) > 1e4 { 1e-9 } else { 1e-12 };
                assert!(error < tolerance, "2F1({a}, {b}; {c}; {z}): {value}, expected {expected}, error {error:e}");
            }
        }
    }

    #[test]
    fn special_cases_are_elementary() {
        for z in [1e-300, 1e-9, 0.3, 0.97, 0.999_999, 1.0 - 1e-12] {
            // 2F1(a, b; b; z) = (1 − z)^−a and 2F1(1, 1; 2; z) = −ln(1 − z) / z.
            let rest = f64::ln_1p(-z);
            for a in [1e-6, 0.5, 3.0, 1e3, 1e6] {
                let value = ln_hyp2f1(a, 2.5, 2.5, z);
                assert!((value + a * rest).abs() < 1e-12 * (1.0 - a * rest), "{a} {z}: {value}");
            }
            let value = ln_hyp2f1(1.0, 1.0, 2.0, z);
            assert!((value - (-rest / z).ln()).abs() < 1e-12, "{z}: {value}");
        }
        // Gauss's sum: 2F1(1, 1; 3; 1) = Γ(3)Γ(1) / (Γ(2)Γ(2)) = 2.
        assert!((ln_hyp2f1(1.0, 1.0, 3.0, 1.0) - 2.0_f64.ln()).abs() < 1e-14);
        assert_eq!(ln_hyp2f1(1.0, 1.0, 2.0, 1.0), f64::INFINITY);
        assert_eq!(ln_hyp2f1(5.0, 2.0, 1.0, 0.0), 0.0);
        assert!(ln_hyp2f1(1.0, 1.0, 2.0, 1.5).is_nan() && ln_hyp2f1(-1.0, 1.0, 2.0, 0.5).is_nan());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn quadrature_and_series_agree(a in 0.01_f64..300.0, b in 0.01_f64..50.0, more in 0.01_f64..300.0, z in 0.0_f64..0.95) {
            let series = ln_series(a, b, b + more, z).unwrap();
            let integral = ln_euler_integral(a, b, b + more, z);
            prop_assert!((series - integral).abs() < 1e-10 * (1.0 + series), "{series} {integral}");
            prop_assert!((ln_hyp2f1(a, b, b + more, z) - series).abs() < 1e-11 * (1.0 + series));
        }

        #[test]
        fn is_never_nan_and_grows_with_z(
            ln_a in -9.0_f64..13.8, ln_b in -9.0_f64..13.8, more in -5.0_f64..13.8, ln_rest in -9.0_f64..-0.001,
        ) {
            // c beyond one of the two, as in every model here.
            let (a, b) = (ln_a.exp(), ln_b.exp());
            let c = a.min(b) + more.exp();
            let z = -ln_rest.exp_m1();
            let (near, far) = (ln_hyp2f1(a, b, c, z * 0.999), ln_hyp2f1(a, b, c, z));
            prop_assert!(near.is_finite() && far.is_finite() && near >= 0.0);
            prop_assert!(far >= near - 1e-9 * (1.0 + near), "{near} {far}");
        }
    }
}
