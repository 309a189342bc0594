//! Where a function of one unknown crosses zero.

/// Evaluations at most.
const MOST_STEPS: usize = 120;

/// The ends of an interval across which `function` changes its sign, found by narrowing `ends`, at which it has the given `values` of
/// unlike sign; the interval is as short as rounding allows, or shrinks onto a jump. The first end has the sign of the first value.
///
/// Inverse quadratic interpolation where three points say that it works, bisection elsewhere.
///
/// Source: Chandrupatla (1997), A new hybrid quadratic/bisection algorithm for finding the zero of a nonlinear function without using
/// derivatives, Advances in Engineering Software 28, 145–149.
pub(super) fn crossing(mut function: impl FnMut(f64) -> f64, ends: [f64; 2], values: [f64; 2]) -> [f64; 2] {
    let positive_first = values[0] > 0.0;
    // The newest point and the end on its other side.
    let (mut a, mut fa, mut b, mut fb) = (ends[1], values[1], ends[0], values[0]);
    let mut share = 0.5;
    for _ in 0..MOST_STEPS {
        let tolerance = 2.0 * f64::EPSILON * a.abs().min(b.abs()) + f64::MIN_POSITIVE;
        let at = a + share * (b - a);
        let value = function(at);
        // The point before: where the sign changed, the former other end.
        let (c, fc) = if (value > 0.0) == (fa > 0.0) { (a, fa) } else { (b, fb) };
        if (value > 0.0) != (fa > 0.0) {
            (b, fb) = (a, fa);
        }
        (a, fa) = (at, value);
        if fa == 0.0 {
            return [a, a];
        }
        let edge = tolerance / (b - a).abs();
        if edge > 0.5 {
            break;
        }
        let (xi, phi) = ((a - b) / (c - b), (fa - fb) / (fc - fb));
        share = if phi * phi < xi && (1.0 - phi).powi(2) < 1.0 - xi {
            fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
        } else {
            0.5
        };
        share = if share.is_finite() { share.clamp(edge, 1.0 - edge) } else { 0.5 };
    }
    if (fa > 0.0) == positive_first { [a, b] } else { [b, a] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crossings_are_found_in_few_steps() {
        let mut count = 0;
        let [low, high] = crossing(
            |x| {
                count += 1;
                x * x * x - 2.0
            },
            [0.0, 4.0],
            [-2.0, 62.0],
        );
        assert!((low - 2.0_f64.cbrt()).abs() < 1e-14 && (high - 2.0_f64.cbrt()).abs() < 1e-14, "{low} {high}");
        assert!(count < 30, "{count}");
        // A pole of the slope at one end.
        let [x, _] = crossing(|x| x.powf(-0.5) - 1e4, [0.0, 1.0], [f64::INFINITY, 1.0 - 1e4]);
        assert!((x / 1e-8 - 1.0).abs() < 1e-12, "{x}");
    }

    #[test]
    fn a_jump_is_held_between_the_ends() {
        let [falls, fell] = crossing(|x| if x < 0.3 { 1.0 } else { -2.0 }, [0.0, 1.0], [1.0, -2.0]);
        assert!(falls < 0.3 && fell >= 0.3 && fell - falls < 1e-15, "{falls} {fell}");
    }
}
