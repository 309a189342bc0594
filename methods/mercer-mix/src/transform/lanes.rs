//! Loops over long series that the compiler turns into vector instructions, with sums in a fixed order whatever their width.
//!
//! Series lie period by period, the places of a period side by side: value `t * width + g` is place `g` in period `t`.

/// Values a sum takes at once. Part of the result: another number rounds differently.
const LANES: usize = 8;

/// Runs `work` with the widest vectors of this processor.
#[inline(always)]
pub(crate) fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}

/// `e^x` to 2 units in the last place, written so that loops over it become vector instructions; `x` is cut to ±708.
///
/// Reduction to `x = n ln 2 + r`, |r| ≤ ½ ln 2 (Cody and Waite, 1980), then Taylor's polynomial of degree 13, whose rest is
/// below 1e-17 there.
#[inline(always)]
pub(crate) fn exp(x: f64) -> f64 {
    /// Adding it leaves a number's nearest integer in the last bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    #[rustfmt::skip]
    const TAYLOR: [f64; 14] = [
        1.0, 1.0, 1.0 / 2.0, 1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0, 1.0 / 720.0, 1.0 / 5_040.0, 1.0 / 40_320.0,
        1.0 / 362_880.0, 1.0 / 3_628_800.0, 1.0 / 39_916_800.0, 1.0 / 479_001_600.0, 1.0 / 6_227_020_800.0,
    ];
    // Comparisons that keep NaN, unlike min and max.
    let x = if x < -708.0 { -708.0 } else { x };
    let x = if x > 708.0 { 708.0 } else { x };
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    let [c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13] = TAYLOR;
    let (r2, r4) = (r * r, (r * r) * (r * r));
    // Estrin's scheme: short chains instead of one long one.
    let low = (c0 + c1 * r) + r2 * (c2 + c3 * r) + r4 * ((c4 + c5 * r) + r2 * (c6 + c7 * r));
    let high = (c8 + c9 * r) + r2 * (c10 + c11 * r) + r4 * (c12 + c13 * r);
    let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1.0_f64.to_bits()));
    (low + (r4 * r4) * high) * power
}

/// `Σ a b`.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    vectorised(
        #[inline(always)]
        || dot_inline(a, b),
    )
}

/// [`dot`], for loops that are vectorised already.
#[inline(always)]
pub(super) fn dot_inline(a: &[f64], b: &[f64]) -> f64 {
    let ((a_groups, a_rest), (b_groups, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (a, b) in a_groups.iter().zip(b_groups) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    add_lanes(sums) + rest
}

#[inline(always)]
fn add_lanes(sums: [f64; LANES]) -> f64 {
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// `out += factor · series`.
pub(crate) fn add_scaled(out: &mut [f64], factor: f64, series: &[f64]) {
    vectorised(
        #[inline(always)]
        || {
            for (out, value) in out.iter_mut().zip(series) {
                *out += factor * value;
            }
        },
    );
}

/// `out += factor of the place · series`; the number of factors is the width.
pub(crate) fn add_by_place(out: &mut [f64], factors: &[f64], series: &[f64]) {
    if let [factor] = *factors {
        return add_scaled(out, factor, series);
    }
    vectorised(
        #[inline(always)]
        || {
            for (out, series) in rows_mut(out, factors.len()).zip(rows(series, factors.len())) {
                for ((out, value), factor) in out.iter_mut().zip(series).zip(factors) {
                    *out += factor * value;
                }
            }
        },
    );
}

/// `sums += Σ_t a b` of each place; the number of sums is the width.
pub(crate) fn sum_by_place(sums: &mut [f64], a: &[f64], b: &[f64]) {
    if let [sum] = sums {
        *sum += dot(a, b);
        return;
    }
    let width = sums.len();
    vectorised(
        #[inline(always)]
        || {
            for (a, b) in rows(a, width).zip(rows(b, width)) {
                for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
                    *sum += a * b;
                }
            }
        },
    );
}

/// `out = first factor of the place · first series + second factor of the place · second series`.
pub(crate) fn blend_by_place(out: &mut [f64], first: (&[f64], &[f64]), second: (&[f64], &[f64])) {
    let width = first.0.len();
    vectorised(
        #[inline(always)]
        || {
            if let ([one], [two]) = (first.0, second.0) {
                for ((out, a), b) in out.iter_mut().zip(first.1).zip(second.1) {
                    *out = one * a + two * b;
                }
                return;
            }
            for ((out, a), b) in rows_mut(out, width).zip(rows(first.1, width)).zip(rows(second.1, width)) {
                for ((((out, a), b), one), two) in out.iter_mut().zip(a).zip(b).zip(first.0).zip(second.0) {
                    *out = one * a + two * b;
                }
            }
        },
    );
}

/// `out = f(series)`, value by value.
#[inline(always)]
pub(super) fn each(series: &[f64], out: &mut [f64], f: impl Fn(f64) -> f64) {
    vectorised(
        #[inline(always)]
        || {
            for (out, value) in out.iter_mut().zip(series) {
                *out = f(*value);
            }
        },
    );
}

/// Of `f(x, y)`, which gives three derivatives: `out = pull · the first`, and the sums of `pull ·` the two others.
#[inline(always)]
pub(super) fn pull_each(
    x: &[f64],
    y: &[f64],
    pull: &[f64],
    out: &mut [f64],
    f: impl Fn(f64, f64) -> [f64; 3],
) -> [f64; 2] {
    vectorised(
        #[inline(always)]
        || {
            let (mut first, mut second) = ([0.0; LANES], [0.0; LANES]);
            let (x, x_rest) = x.as_chunks::<LANES>();
            let (y, y_rest) = y.as_chunks::<LANES>();
            let (pull, pull_rest) = pull.as_chunks::<LANES>();
            let (out, out_rest) = out.as_chunks_mut::<LANES>();
            for (((x, y), pull), out) in x.iter().zip(y).zip(pull).zip(out) {
                for lane in 0..LANES {
                    let [by_x, by_first, by_second] = f(x[lane], y[lane]);
                    out[lane] = pull[lane] * by_x;
                    first[lane] += pull[lane] * by_first;
                    second[lane] += pull[lane] * by_second;
                }
            }
            let (mut first, mut second) = (add_lanes(first), add_lanes(second));
            for (((x, y), pull), out) in x_rest.iter().zip(y_rest).zip(pull_rest).zip(out_rest) {
                let [by_x, by_first, by_second] = f(*x, *y);
                *out = pull * by_x;
                first += pull * by_first;
                second += pull * by_second;
            }
            [first, second]
        },
    )
}

/// The periods of a series, one after the other.
#[inline(always)]
pub(crate) fn rows(series: &[f64], width: usize) -> std::slice::ChunksExact<'_, f64> {
    series.chunks_exact(width.max(1))
}

/// The periods of a series, to be changed.
#[inline(always)]
pub(crate) fn rows_mut(series: &mut [f64], width: usize) -> std::slice::ChunksExactMut<'_, f64> {
    series.chunks_exact_mut(width.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_exact_to_rounding() {
        for step in -70_000..=70_000 {
            let x = f64::from(step) * 0.01 + 0.001_7;
            let (value, exact) = (exp(x), x.exp());
            assert!((value / exact - 1.0).abs() < 5e-16, "{x}: {value} {exact}");
        }
        assert_eq!((exp(0.0), exp(-0.0)), (1.0, 1.0));
        assert!(exp(-1e9) < 1e-307 && exp(1e9) > 1e307 && exp(f64::NAN).is_nan());
    }

    #[test]
    fn sums_by_place_are_those_of_each_place() {
        // 2 periods of 3 places.
        let (a, b) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 0.5, 2.0, 1.0, 1.0, 0.0]);
        let mut sums = [1.0; 3];
        sum_by_place(&mut sums, &a, &b);
        assert_eq!(sums, [6.0, 7.0, 7.0]);
        let mut one = [0.0];
        sum_by_place(&mut one, &a, &b);
        assert_eq!(one, [17.0]);
        let mut out = [0.0; 6];
        blend_by_place(&mut out, (&[1.0, 0.0, 2.0], &a), (&[0.0, 2.0, 1.0], &b));
        assert_eq!(out, [1.0, 1.0, 8.0, 4.0, 2.0, 12.0]);
        add_by_place(&mut out, &[1.0, 0.0, -1.0], &b);
        assert_eq!(out, [2.0, 1.0, 6.0, 5.0, 2.0, 12.0]);
    }

    #[test]
    fn long_sums_take_every_value_once() {
        for length in [0, 1, 7, 8, 9, 100] {
            let series: Vec<f64> = (0..length).map(f64::from).collect();
            let ones = vec![1.0; series.len()];
            assert_eq!(dot(&series, &ones), f64::from(length * (length - 1) / 2));
            let mut out = vec![0.0; series.len()];
            let sums = pull_each(&series, &ones, &ones, &mut out, |x, y| [2.0 * x, x, y]);
            assert_eq!(sums, [dot(&series, &ones), f64::from(length)]);
            assert!(out.iter().zip(&series).all(|(out, x)| *out == 2.0 * x));
        }
    }
}
