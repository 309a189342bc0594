//! Gradients against central differences, for every option.

use super::panels::{experiments, made_up, meridian_example};
use super::*;
use crate::params::{Adstock, Form, Noise, Saturation, Trend, VaryingMedia};

/// Step of the differences: their error is some 1e-10 of the third derivative, and rounding of the log density over the step,
/// some 1e-9 where that is some thousands.
const STEP: f64 = 1e-4;
/// Relative to the largest derivative.
const TOLERANCE: f64 = 1e-6;

#[track_caller]
fn check(what: &str, posterior: &Posterior, seed: u64) {
    let point = posterior.start(Seed(seed));
    let (value, gradient) = at(posterior, &point);
    assert!(value.is_finite(), "{what}: {value}");
    let largest = gradient.iter().fold(1.0, |largest: f64, value| largest.max(value.abs()));
    for (entry, found) in gradient.iter().enumerate() {
        let moved = |by: f64| {
            let mut point = point.clone();
            point[entry] += by;
            at(posterior, &point).0
        };
        // Of fourth order, for curves with sharp bends.
        let near = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
        let far = (moved(2.0 * STEP) - moved(-2.0 * STEP)) / (4.0 * STEP);
        let difference = (4.0 * near - far) / 3.0;
        let name = &posterior.names()[entry];
        assert!(
            (found - difference).abs() <= TOLERANCE * largest,
            "{what}, {name}: {found}, differences {difference}, largest {largest}"
        );
    }
}

const ADSTOCKS: [Adstock; 6] =
    [Adstock::Geometric, Adstock::Delayed, Adstock::WeibullPdf, Adstock::WeibullCdf, Adstock::Binomial, Adstock::None];
const SATURATIONS: [Saturation; 7] = [
    Saturation::Logistic,
    Saturation::Tanh,
    Saturation::MichaelisMenten,
    Saturation::Hill,
    Saturation::Root,
    Saturation::Log,
    Saturation::None,
];
const EFFECTS: [Effect; 4] = [Effect::Coefficient, Effect::Roi, Effect::MarginalRoi, Effect::Share];

/// Tries all pairs of the options that `change` makes of a case's number, in one place and in several.
fn check_all(cases: usize, change: impl Fn(usize, &mut Params)) {
    for places in [1, 5] {
        let mut panel = made_up(places, 24);
        panel.experiments = experiments();
        for case in 0..cases {
            let mut params = Params { lags: 5, ..Params::default() };
            change(case, &mut params);
            let posterior = Posterior::new(&params, &panel).unwrap();
            check(&format!("{places} places, {params:?}"), &posterior, case as u64);
        }
    }
}

#[test]
fn every_carry_over_with_every_saturation_in_either_order() {
    check_all(6 * 7 * 2, |case, params| {
        params.adstock = ADSTOCKS[case % 6];
        params.saturation = SATURATIONS[case / 6 % 7];
        params.saturate_first = case / 42 == 1;
    });
}

#[test]
fn every_meaning_of_the_effect_with_every_saturation_and_form() {
    check_all(4 * 7 * 2, |case, params| {
        params.effect = EFFECTS[case % 4];
        params.saturation = SATURATIONS[case / 4 % 7];
        params.form = if case / 28 == 1 { Form::Multiplicative } else { Form::Additive };
    });
}

#[test]
fn every_trend_with_every_noise() {
    let trends = [Trend::None, Trend::Linear, Trend::Piecewise, Trend::Smooth];
    check_all(4 * 2 * 3, |case, params| {
        params.trend = trends[case % 4];
        params.noise = if case / 4 % 2 == 1 { Noise::StudentT } else { Noise::Normal };
        params.knots = [None, Some(1), Some(7)][case / 8];
    });
}

#[test]
fn effects_that_vary_over_time() {
    check_all(4 * 2 * 2, |case, params| {
        params.varying_media = VaryingMedia::Common;
        params.effect = EFFECTS[case % 4];
        params.form = if case / 4 % 2 == 1 { Form::Multiplicative } else { Form::Additive };
        params.saturate_first = case / 8 == 1;
    });
}

#[test]
fn curves_with_a_slope_of_their_own() {
    check_all(4, |case, params| {
        params.effect = EFFECTS[case];
        params.saturation = Saturation::Hill;
        params.priors.push("saturation_slope[tv]=gamma(6, 3)".into());
    });
}

#[test]
fn the_public_example_of_many_places() {
    let Some(panel) = meridian_example() else { return };
    check("meridian", &Posterior::new(&Params::default(), &panel).unwrap(), 3);
}
