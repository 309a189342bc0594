//! Rising factorials in logarithms: ratios of gamma functions without the cancellation of subtracting two of them.

use mercer_stats::special::{digamma, ln_gamma};

/// Up to this many factors a product is both faster and more exact than gamma functions.
const FEW: f64 = 16.0;
/// From here on four terms of Stirling's series give full precision.
const STIRLING: f64 = 32.0;
/// Terms of an expectation that are summed one by one.
const SUMMED: f64 = 4096.0;
/// Sixteen factors below this stay far from overflow.
const NO_OVERFLOW: f64 = 1e18;

/// `ln Γ(a + k) − ln Γ(a)` for `a > 0`, `k ≥ 0`: the logarithm of `a (a+1) … (a+k−1)`.
pub(crate) fn ln_rising(a: f64, k: f64) -> f64 {
    if k <= FEW && k.fract() == 0.0 && a < NO_OVERFLOW {
        let (mut product, mut step) = (1.0, 0.0);
        while step < k {
            product *= a + step;
            step += 1.0;
        }
        product.ln()
    } else if a >= STIRLING {
        k * (a + k).ln() + (a - 0.5) * (k / a).ln_1p() - k + stirling(a + k) - stirling(a)
    } else {
        ln_gamma(a + k) - ln_gamma(a)
    }
}

/// The derivative of [`ln_rising`] by `a`: `ψ(a + k) − ψ(a)`, the sum of `1 / (a + j)` over the factors.
pub(crate) fn digamma_rise(a: f64, k: f64) -> f64 {
    if k <= FEW && k.fract() == 0.0 {
        let (mut sum, mut step) = (0.0, 0.0);
        while step < k {
            sum += 1.0 / (a + step);
            step += 1.0;
        }
        sum
    } else if a >= STIRLING {
        (k / a).ln_1p() + stirling_slope(a + k) - stirling_slope(a)
    } else {
        digamma(a + k) - digamma(a)
    }
}

/// Expected number of the next `ahead` occasions that one who is here lives through, leaving at each with a probability
/// ~ Beta(`leave`, `stay`): the sum of `(stay)_m / (leave+stay)_m`. A part of an occasion counts as that part of its
/// expectation.
pub(crate) fn expected_occasions(leave: f64, stay: f64, ahead: f64) -> f64 {
    let (mut still_here, mut sum, mut step) = (1.0, 0.0, 0.0);
    while step < ahead && step < SUMMED {
        still_here *= (stay + step) / (leave + stay + step);
        sum += still_here * (ahead - step).min(1.0);
        step += 1.0;
    }
    if step < ahead {
        // So far out a ratio of gamma functions is a power, to the square of 1 / SUMMED.
        let stay = stay + step;
        sum += still_here * expected_lifetime(leave, stay + leave / 2.0, ahead - step) * stay / (stay + leave / 2.0);
    }
    sum
}

/// Expected lifetime within `time` under a leaving rate ~ Gamma(`shape`, `rate`): `∫ (rate/(rate+u))^shape du`.
///
/// The textbook form `rate/(s−1) · [1 − (rate/(rate+t))^(s−1)]` is 0/0 at `s = 1`; this one is smooth there.
pub(crate) fn expected_lifetime(shape: f64, rate: f64, time: f64) -> f64 {
    let growth = (time / rate).ln_1p();
    let exponent = (shape - 1.0) * growth;
    let mean_of_decay = if exponent.abs() < 1e-12 { 1.0 } else { -(-exponent).exp_m1() / exponent };
    rate * growth * mean_of_decay
}

/// What Stirling's series adds to `(z − ½) ln z − z + ½ ln 2π`.
fn stirling(z: f64) -> f64 {
    let inverse_square = 1.0 / (z * z);
    (1.0 / 12.0 - inverse_square * (1.0 / 360.0 - inverse_square * (1.0 / 1260.0 - inverse_square / 1680.0))) / z
}

/// What the asymptotic series of the digamma function adds to `ln z`.
fn stirling_slope(z: f64) -> f64 {
    let inverse_square = 1.0 / (z * z);
    -0.5 / z
        - inverse_square
            * (1.0 / 12.0 - inverse_square * (1.0 / 120.0 - inverse_square * (1.0 / 252.0 - inverse_square / 240.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn agrees_with_arbitrary_precision() {
        // mpmath, 40 digits: loggamma(a+k) - loggamma(a) and digamma(a+k) - digamma(a).
        for (a, k, ln, slope) in ORACLE {
            assert!((ln_rising(a, k) - ln).abs() <= 4e-14 * ln.abs().max(1.0), "{a} {k}: {} {ln}", ln_rising(a, k));
            let rise = digamma_rise(a, k);
            assert!((rise - slope).abs() <= 2e-13 * slope.abs(), "{a} {k}: {rise} {slope}");
        }
    }

    #[test]
    fn occasions_far_out_are_those_of_the_exact_sum() {
        // b/(a−1) [1 − (b+1)_N / (a+b)_N], Fader, Hardie & Shang's form, where a is far enough from 1 for it.
        for (leave, stay, ahead) in [(0.5, 3.0, 1e5), (2.5, 40.0, 1e6), (0.02, 0.5, 3e4)] {
            let ratio = (ln_rising(stay + 1.0, ahead) - ln_rising(leave + stay, ahead)).exp();
            let exact = stay / (leave - 1.0) * (1.0 - ratio);
            let sum = expected_occasions(leave, stay, ahead);
            assert!((sum / exact - 1.0).abs() < 1e-8, "{leave} {stay} {ahead}: {sum} {exact}");
        }
        // Half an occasion counts half.
        assert!((expected_occasions(1.0, 1.0, 1.5) - (0.5 + 0.5 / 3.0)).abs() < 1e-15);
    }

    proptest! {
        #[test]
        fn steps_by_one_factor(a in 1e-3_f64..1e6, k in 0_u32..60) {
            let k = f64::from(k);
            let step = ln_rising(a, k + 1.0) - ln_rising(a, k);
            prop_assert!((step - (a + k).ln()).abs() < 1e-10, "{} {}", step, (a + k).ln());
            let slope = digamma_rise(a, k + 1.0) - digamma_rise(a, k);
            prop_assert!((slope * (a + k) - 1.0).abs() < 1e-6, "{slope}");
        }
    }

    const ORACLE: [(f64, f64, f64, f64); 15] = [
        (0.24, 0.0, 0.0, 0.0),
        (0.24, 3.0, -0.4055291101562518, 5.419546850998464),
        (1e-06, 5.0, -10.637454644283707, 1000002.0833319097),
        (0.5533, 16.0, 28.951305825864786, 4.498241697166264),
        (0.5533, 17.0, 31.75789130358156, 4.558652612210395),
        (0.5533, 221.0, 972.7261105882711, 7.120570390999911),
        (0.5533, 1000000.0, 12815511.738944491, 15.537676300660273),
        (31.5, 40.0, 156.19742508768573, 0.8286575881026171),
        (32.5, 40.0, 157.0171349915541, 0.8108975703425993),
        (32.5, 2.5, 8.759642128583318, 0.07521773959030544),
        (10000.0, 1000.0, 9258.704693976279, 0.09531472540349842),
        (100000000.0, 3.0, 55.2620422618571, 2.9999999700000005e-08),
        (100000000.0, 200.0, 3684.1363477903406, 1.9999980100026467e-06),
        (1000000000000.0, 17.0, 469.72735897092133, 1.6999999999864e-11),
        (2.5, 0.5, 0.40846431008702616, 0.21962769445322394),
    ];
}
