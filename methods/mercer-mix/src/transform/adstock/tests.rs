//! Tests of carry-over: weights worked out elsewhere, series by their definition, derivatives by differences.

use proptest::prelude::*;

use super::*;

const KINDS: [Adstock; 6] =
    [Adstock::Geometric, Adstock::Delayed, Adstock::WeibullPdf, Adstock::WeibullCdf, Adstock::Binomial, Adstock::None];

/// A series with `lags` periods of zeros in front.
fn padded(series: &[f64], lags: usize, width: usize) -> Vec<f64> {
    [vec![0.0; lags * width], series.to_vec()].concat()
}

fn carried(carry: Carry, parameters: [f64; 2], series: &[f64], width: usize) -> Vec<f64> {
    let mut weights = Weights::new(carry.lags());
    carry.weigh(parameters, &mut weights);
    let mut out = vec![0.0; series.len() + width];
    carry.carry(&weights, &padded(series, carry.lags(), width), width, &mut out);
    out.split_off(width)
}

#[track_caller]
fn close(what: &str, values: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(values.len(), expected.len());
    for (value, expected) in values.iter().zip(expected) {
        assert!(
            (value - expected).abs() <= tolerance * expected.abs().max(1.0),
            "{what}: {value}, expected {expected}"
        );
    }
}

#[test]
fn weights_are_those_of_the_formulas() {
    let kernel = |kind, parameters| Carry::new(kind, 4).kernel(parameters);
    close("geometric", &kernel(Adstock::Geometric, [0.5, 0.0]), &[8.0, 4.0, 2.0, 1.0].map(|w| w / 15.0), 1e-15);
    // 0.5^1, 0.5^0, 0.5^1, 0.5^4 around a peak at lag 1.
    let delayed = [0.5, 1.0, 0.5, 0.0625].map(|w| w / 2.0625);
    close("delayed", &kernel(Adstock::Delayed, [0.5, 1.0]), &delayed, 1e-15);
    // Exponent 1 / 0.5 − 1 = 1: a straight line to nothing after the last lag.
    close("binomial", &kernel(Adstock::Binomial, [0.5, 0.0]), &[0.4, 0.3, 0.2, 0.1], 1e-15);
    // Shape 1 is exponential: survival e^(−t/2), multiplied up: e^0, e^(−1/2), e^(−3/2), e^(−3).
    let survival = [0.0, -0.5, -1.5, -3.0].map(f64::exp);
    let total: f64 = survival.iter().sum();
    close("survival", &kernel(Adstock::WeibullCdf, [2.0, 1.0]), &survival.map(|w| w / total), 1e-15);
    // Shape 1: densities fall as e^(−t/2); the last is taken away from each.
    let density = [-0.5, -1.0, -1.5, -2.0].map(f64::exp).map(|d| d - f64::exp(-2.0));
    let total: f64 = density.iter().sum();
    close("density", &kernel(Adstock::WeibullPdf, [2.0, 1.0]), &density.map(|w| w / total), 1e-14);
    assert_eq!(kernel(Adstock::None, [0.3, 0.0]), [1.0]);
    assert_eq!(Carry::new(Adstock::WeibullPdf, 1).kernel([2.0, 1.0]), [1.0]);
}

#[test]
fn nothing_carried_over_is_the_period_alone() {
    close("geometric", &Carry::new(Adstock::Geometric, 3).kernel([0.0, 0.0]), &[1.0, 0.0, 0.0], 0.0);
    close("binomial", &Carry::new(Adstock::Binomial, 3).kernel([1e-300, 0.0]), &[1.0, 0.0, 0.0], 1e-15);
}

#[test]
fn a_weibull_that_is_over_before_the_first_period_leaves_that_period() {
    // Densities at 1, 2 and 3 of scale 0.01 are below e^(−74 000): all 0 as they are, but not relative to the largest.
    close("density", &Carry::new(Adstock::WeibullPdf, 3).kernel([0.01, 2.436]), &[1.0, 0.0, 0.0], 0.0);
}

#[test]
fn derivatives_of_weights_agree_with_differences() {
    // Central differences with a step of 1e-6: errors of some 1e-10.
    for kind in KINDS {
        let carry = Carry::new(kind, 6);
        for parameters in [[0.3, 1.4], [0.75, 2.6], [0.95, 0.7]] {
            let mut weights = Weights::new(carry.lags());
            carry.weigh(parameters, &mut weights);
            assert!((weights.values.iter().sum::<f64>() - 1.0).abs() < 1e-14);
            for at in 0..carry.parameters().len() {
                let moved = |by: f64| {
                    let mut parameters = parameters;
                    parameters[at] += by;
                    carry.kernel(parameters)
                };
                let difference: Vec<f64> =
                    moved(1e-6).iter().zip(moved(-1e-6)).map(|(above, below)| (above - below) / 2e-6).collect();
                close(&format!("{kind:?} {at}"), &weights.by_parameter[at], &difference, 1e-8);
            }
        }
    }
}

proptest! {
    #[test]
    fn series_and_their_derivatives_keep_to_the_definition(
        kind in prop::sample::select(KINDS.to_vec()),
        lags in 1_usize..10,
        width in 1_usize..7,
        periods in 1_usize..30,
        alpha in 0.01..0.99_f64,
        second in 0.3..3.0_f64,
        values in prop::collection::vec(0.0..10.0_f64, 7 * 30),
        pulls in prop::collection::vec(-1.0..1.0_f64, 7 * 30),
    ) {
        let carry = Carry::new(kind, lags);
        let (parameters, length) = ([alpha, second], periods * width);
        let (series, pull) = (&values[..length], &pulls[..length]);
        let out = carried(carry, parameters, series, width);
        let mut weights = Weights::new(carry.lags());
        carry.weigh(parameters, &mut weights);
        // By the definition: zeros before the first period.
        let at = |series: &[f64], t: usize, g: usize, lag: usize| {
            t.checked_sub(lag).map_or(0.0, |t| series[t * width + g])
        };
        let mut by_parameter = [0.0; 2];
        for t in 0..periods {
            for g in 0..width {
                let sum = |weights: &[f64]| -> f64 {
                    weights.iter().enumerate().map(|(lag, weight)| weight * at(series, t, g, lag)).sum()
                };
                // Rounding of a recursion over 30 periods of values to 10.
                prop_assert!((out[t * width + g] - sum(&weights.values)).abs() < 1e-12);
                for (sum_of, by) in by_parameter.iter_mut().zip(&weights.by_parameter) {
                    *sum_of += pull[t * width + g] * sum(by);
                }
            }
        }
        let media = padded(series, carry.lags(), width);
        let with_front = padded(&out, 1, width);
        let mut room = vec![0.0; 2 * width];
        let found = carry.pull_parameters(&weights, (&media, &with_front), width, pull, &mut room);
        for (found, expected) in found.iter().zip(by_parameter) {
            prop_assert!((found - expected).abs() < 1e-9 * expected.abs().max(1.0), "{found} {expected}");
        }
        // Pulling back to the media is the transpose: ⟨pull, K x⟩ = ⟨Kᵀ pull, x⟩.
        let mut back = vec![0.0; length];
        carry.pull_media(&weights, width, pull, &mut back);
        let left: f64 = pull.iter().zip(&out).map(|(a, b)| a * b).sum();
        let right: f64 = back.iter().zip(series).map(|(a, b)| a * b).sum();
        prop_assert!((left - right).abs() < 1e-9);
    }
}

#[test]
fn a_pulse_leaves_nothing_behind() {
    let mut series = vec![0.0; 12 * 4];
    series[0] = 1e6;
    let out = carried(Carry::new(Adstock::Geometric, 3), [0.7, 0.0], &series, 4);
    assert!(out.iter().all(|value| *value >= 0.0));
    // After the last lag only rounding of a million is left.
    assert!(out[3 * 4..].iter().all(|value| *value < 1e-9), "{out:?}");
}
