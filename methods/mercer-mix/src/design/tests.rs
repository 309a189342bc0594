//! Tests of the baseline: names, and means worked out by hand.

use super::*;
use crate::panel::Control;
use crate::params::Trend;
use crate::posterior::panels::made_up;
use crate::space::Space;

fn laid_out(params: &Params, panel: &Panel) -> (Baseline, Space) {
    let mut layout = Layout::new(&crate::params::pairs("priors", &params.priors).unwrap()).unwrap();
    let baseline = Baseline::new(params, panel, &mut layout).unwrap();
    (baseline, layout.finish().unwrap())
}

/// The mean where the parameters are `values`, period by period.
fn mean(baseline: &Baseline, values: &[f64]) -> Vec<f64> {
    let mut mean = vec![0.0; baseline.width * baseline.periods];
    baseline.predict(values, &mut mean, &mut baseline.room());
    mean
}

fn bare(places: usize, periods: usize) -> Panel {
    let mut panel = made_up(places, periods);
    panel.controls.clear();
    panel
}

#[test]
fn lines_bend_where_they_should() {
    let params = Params { trend: Trend::Piecewise, knots: Some(1), seasonality: 0, ..Params::default() };
    let (baseline, space) = laid_out(&params, &bare(1, 5));
    assert_eq!(space.names(), ["intercept", "trend", "trend_change[1]"]);
    // Level 1, up by 2 over all periods, by 4 more from the middle on.
    assert_eq!(mean(&baseline, &[1.0, 2.0, 4.0]), [1.0, 1.5, 2.0, 3.5, 5.0]);
}

#[test]
fn a_trend_is_taken_in_unless_a_control_is_one() {
    let params = Params { seasonality: 0, ..Params::default() };
    let mut panel = bare(1, 60);
    let trends =
        |panel: &Panel| laid_out(&params, panel).1.names().iter().filter(|name| name.starts_with("trend")).count();
    // Four quarters and a bit: a slope and a bend for each.
    assert_eq!(trends(&panel), 5);
    let control =
        |name: &str, value: fn(usize) -> f64| Control { name: name.into(), values: (0..60).map(value).collect() };
    panel.controls = vec![control("price", |t| (t % 7) as f64)];
    assert_eq!(trends(&panel), 5);
    panel.controls.push(control("week", |t| t as f64 + (t % 2) as f64));
    assert_eq!(trends(&panel), 0);
}

#[test]
fn knots_are_joined_by_lines_and_places_are_shifted() {
    let params = Params { knots: Some(3), seasonality: 0, ..Params::default() };
    let (baseline, space) = laid_out(&params, &bare(2, 5));
    assert_eq!(space.names(), ["knot[1]", "knot[2]", "knot[3]", "tau[place 1]"]);
    let found = mean(&baseline, &[0.0, 2.0, 1.0, 10.0]);
    let first = [0.0, 1.0, 2.0, 1.5, 1.0];
    assert_eq!(found.iter().step_by(2).copied().collect::<Vec<f64>>(), first);
    assert_eq!(found.iter().skip(1).step_by(2).copied().collect::<Vec<f64>>(), first.map(|level| level + 10.0));
}

#[test]
fn a_knot_for_each_period_leaves_no_waves() {
    let (_, space) = laid_out(&Params::default(), &bare(2, 12));
    assert_eq!(space.names().iter().filter(|name| name.starts_with("knot")).count(), 12);
    assert!(!space.names().iter().any(|name| name.starts_with("gamma_fourier")));
    let (_, space) = laid_out(&Params { knots: Some(1), ..Params::default() }, &bare(2, 12));
    assert_eq!(space.names()[2..], ["sin_1", "sin_2", "cos_1", "cos_2"].map(|wave| format!("gamma_fourier[{wave}]")));
}

#[test]
fn waves_go_by_the_day_of_the_year() {
    let mut panel = bare(1, 2);
    // 1 January and 1 July 2021: the 1st and the 182nd day.
    panel.days = vec![18_628, 18_809];
    let params = Params { seasonality: 1, trend: Trend::None, ..Params::default() };
    let (baseline, space) = laid_out(&params, &panel);
    assert_eq!(space.names(), ["intercept", "gamma_fourier[sin_1]", "gamma_fourier[cos_1]"]);
    let found = mean(&baseline, &[0.0, 1.0, 10.0]);
    for (found, day) in found.iter().zip([1.0, 182.0]) {
        let angle = 2.0 * std::f64::consts::PI * day / 365.25;
        assert!((found - (angle.sin() + 10.0 * angle.cos())).abs() < 1e-12);
    }
}

#[test]
fn controls_are_over_their_largest_value_or_standardised() {
    let params = Params { seasonality: 0, knots: Some(1), ..Params::default() };
    let mut panel = made_up(1, 4);
    panel.controls.truncate(1);
    panel.controls[0].values = vec![1.0, -4.0, 2.0, 0.0];
    let level = Params { trend: Trend::None, ..params.clone() };
    let (baseline, space) = laid_out(&level, &panel);
    assert_eq!(space.names(), ["intercept", "gamma_control[price]"]);
    assert_eq!(mean(&baseline, &[0.0, 1.0]), [0.25, -1.0, 0.5, 0.0]);

    let mut panel = made_up(2, 2);
    panel.controls.truncate(1);
    // Mean 3, standard deviation √5; place by place.
    panel.controls[0].values = vec![0.0, 2.0, 4.0, 6.0];
    let (baseline, space) = laid_out(&params, &panel);
    assert_eq!(
        space.names(),
        [
            "knot[1]",
            "tau[place 1]",
            "gamma_control[price]",
            "xi_control[price]",
            "gamma_control[price,place 0]",
            "gamma_control[price,place 1]"
        ]
    );
    // Coefficients 1 + 2 · 0.5 and 1 − 2 · 1.
    let mut values = [0.0, 0.0, 1.0, 2.0, 0.5, -1.0];
    let found = mean(&baseline, &values);
    let root = 5.0_f64.sqrt();
    for (found, expected) in found.iter().zip([-6.0, -1.0, -2.0, -3.0]) {
        assert!((found - expected / root).abs() < 1e-12, "{found} {expected}");
    }
    baseline.name_places(&mut values);
    assert_eq!(values[4..], [2.0, -1.0]);
}
