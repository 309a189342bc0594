//! What points mean: contributions, returns, likelihoods, experiments, curves.

use super::panels::{experiments, made_up};
use super::*;
use crate::params::{Adstock, Form, Noise, Saturation, Trend};

fn entry(posterior: &Posterior, name: &str) -> usize {
    posterior.names().iter().position(|known| known == name).unwrap()
}

fn contributions(posterior: &Posterior, point: &[f64]) -> Vec<Vec<f64>> {
    let mut out = vec![0.0; (posterior.channels() + 1) * posterior.rows()];
    posterior.contributions(point, &mut posterior.work(), &mut out);
    out.chunks(posterior.rows()).map(<[f64]>::to_vec).collect()
}

fn forms() -> [Params; 2] {
    [Params::default(), Params { form: Form::Multiplicative, ..Params::default() }]
}

#[test]
fn parts_add_up_to_the_expected_outcome_where_effects_do() {
    for places in [1, 3] {
        let posterior = Posterior::new(&Params::default(), &made_up(places, 24)).unwrap();
        let point = posterior.start(Seed(4));
        let parts = contributions(&posterior, &point);
        let expected = posterior.expected(&point, &mut posterior.work());
        for (row, expected) in expected.iter().enumerate() {
            close("sum", parts.iter().map(|part| part[row]).sum(), *expected, 1e-12);
        }
        assert!(parts[0].iter().all(|part| *part >= 0.0) && parts[0].iter().any(|part| *part > 0.0));
    }
}

#[test]
fn where_effects_multiply_a_part_is_what_would_be_missing() {
    let mut panel = made_up(1, 24);
    panel.channels.truncate(1);
    let params = Params { form: Form::Multiplicative, ..Params::default() };
    let posterior = Posterior::new(&params, &panel).unwrap();
    let point = posterior.start(Seed(4));
    let parts = contributions(&posterior, &point);
    // With one channel, what is missing without it and what is left without all are all there is.
    for (row, expected) in posterior.expected(&point, &mut posterior.work()).iter().enumerate() {
        close("sum", parts[0][row] + parts[1][row], *expected, 1e-12);
    }
}

#[test]
fn parameters_are_the_returns_they_are_called() {
    for places in [1, 3] {
        let panel = made_up(places, 24);
        for (effect, family) in [(Effect::Roi, "roi"), (Effect::MarginalRoi, "mroi"), (Effect::Share, "share")] {
            let posterior = Posterior::new(&Params { effect, ..Params::default() }, &panel).unwrap();
            let point = posterior.start(Seed(5));
            let mut work = posterior.work();
            let values = posterior.constrain(&point, &mut work);
            let parts = contributions(&posterior, &point);
            let known = |(outcome, value): (&f64, &f64)| if outcome.is_nan() { 0.0 } else { outcome * value };
            let total: f64 = panel.outcome.iter().zip(&panel.value).map(known).sum();
            for (channel, name) in ["tv", "search", "video"].iter().enumerate() {
                let found = match effect {
                    Effect::Roi => posterior.roi(&point, &mut work)[channel],
                    Effect::MarginalRoi => posterior.marginal_roi(&point, &mut work)[channel],
                    _ => {
                        let rows = parts[channel].iter().zip(&panel.value).zip(&panel.outcome);
                        rows.filter(|(_, y)| !y.is_nan()).map(|((part, value), _)| part * value).sum::<f64>() / total
                    }
                };
                close(family, found, values[entry(&posterior, &format!("{family}[{name}]"))], 1e-10);
            }
        }
    }
}

#[test]
fn returns_are_contributions_over_spend() {
    for params in forms() {
        let panel = made_up(3, 24);
        let posterior = Posterior::new(&params, &panel).unwrap();
        let point = posterior.start(Seed(6));
        let (parts, mut work) = (contributions(&posterior, &point), posterior.work());
        let (roi, marginal) = (posterior.roi(&point, &mut work), posterior.marginal_roi(&point, &mut work));
        for (channel, spend) in posterior.spend().into_iter().enumerate() {
            let Some(spend) = spend else {
                assert!(roi[channel].is_nan() && marginal[channel].is_nan());
                continue;
            };
            let worth: f64 = parts[channel].iter().zip(&panel.value).map(|(part, value)| part * value).sum();
            close("roi", roi[channel], worth / spend, 1e-12);
            // Tv and search wear off: one more unit brings less than the mean one. Of reach it brings as much.
            match (params.form, channel) {
                (Form::Additive, 2) => close("reach", marginal[channel], roi[channel], 1e-10),
                (Form::Additive, _) => assert!(marginal[channel] < roi[channel]),
                // Where effects multiply, what is missing without all of a channel counts it at the others' full level.
                _ => assert!(marginal[channel] > 0.0),
            }
        }
    }
}

#[test]
fn rows_add_up_to_the_likelihood() {
    for noise in [Noise::Normal, Noise::StudentT] {
        let posterior = Posterior::new(&Params { noise, ..Params::default() }, &made_up(3, 24)).unwrap();
        let point = posterior.start(Seed(7));
        let mut rows = vec![0.0; posterior.rows()];
        posterior.log_likelihood(&point, &mut posterior.work(), &mut rows);
        assert_eq!(rows.iter().filter(|row| row.is_nan()).count(), 2);
        let length = posterior.space().len();
        let (mut values, mut slopes, mut gradient) = (vec![0.0; length], vec![0.0; length], vec![0.0; posterior.dim()]);
        let prior = posterior.space().read(&point, &mut values, &mut slopes, &mut gradient);
        let sum: f64 = rows.iter().filter(|row| !row.is_nan()).sum();
        close("likelihood", at(&posterior, &point).0 - prior, sum, 1e-12);
    }
}

#[test]
fn experiments_weigh_what_the_model_says_the_change_brought() {
    for params in forms() {
        // Coefficients as parameters, so that other media leave them as they are.
        let params = Params { effect: Effect::Coefficient, lags: 4, ..params };
        let mut panel = made_up(3, 24);
        panel.outcome.iter_mut().filter(|outcome| outcome.is_nan()).for_each(|outcome| *outcome = 4_000.0);
        let before = Posterior::new(&params, &panel).unwrap();
        let point = before.start(Seed(8));
        let parts = contributions(&before, &point);
        let expected = before.expected(&point, &mut before.work());
        for experiment in experiments() {
            // The media without the change, on the old scale: the coefficients stay, so that must too.
            let mut without = panel.clone();
            let of_all: Vec<usize> = (0..3).collect();
            let geos = if experiment.geos.is_empty() { &of_all } else { &experiment.geos };
            for geo in geos {
                for t in experiment.from..experiment.until {
                    without.channels[experiment.channel].media[geo * 24 + t] *= 1.0 - experiment.change;
                }
            }
            let mut posterior = Posterior::new(&params, &without).unwrap();
            let ratio = posterior.media[experiment.channel].unit / before.media[experiment.channel].unit;
            posterior.media[experiment.channel].rescale(ratio);
            let parts_without = contributions(&posterior, &point);
            let mut brought = 0.0;
            for geo in geos {
                for t in experiment.from..experiment.until + 3 {
                    let row = geo * 24 + t;
                    let (with, without) = (parts[experiment.channel][row], parts_without[experiment.channel][row]);
                    brought += if params.form == Form::Additive {
                        with - without
                    } else {
                        // The factors of the channel with and without, on the observed outcome.
                        let factor = |missing: f64, expected: f64| (1.0 - missing / expected).recip();
                        let all = posterior.expected(&point, &mut posterior.work());
                        panel.outcome[row] * (1.0 - factor(without, all[row]) / factor(with, expected[row]))
                    };
                }
            }
            panel.experiments = vec![experiment.clone()];
            let with_experiment = Posterior::new(&params, &panel).unwrap();
            let away = (experiment.lift - brought) / experiment.standard_error;
            let expected = -0.5 * away * away - (experiment.standard_error * (2.0 * std::f64::consts::PI).sqrt()).ln();
            close("term", at(&with_experiment, &point).0 - at(&before, &point).0, expected, 1e-9);
        }
    }
}

#[test]
fn curves_are_the_steady_state() {
    for params in forms() {
        for (adstock, saturate_first) in [(Adstock::Geometric, false), (Adstock::Delayed, true)] {
            // Where effects multiply, the level around is the mean over periods: the same only where none lacks carry-over.
            let lags = if params.form == Form::Additive { 4 } else { 1 };
            let params = Params {
                adstock,
                saturate_first,
                lags,
                effect: Effect::Coefficient,
                seasonality: 0,
                trend: Trend::None,
                ..params.clone()
            };
            // The same media, frequency and worth throughout: after the last lag all is steady.
            let mut panel = made_up(3, 24);
            panel.value.fill(2.0);
            panel.controls.clear();
            for channel in &mut panel.channels {
                channel.media.fill(40.0);
                channel.frequency.iter_mut().for_each(|frequency| frequency.fill(1.7));
                channel.spend.iter_mut().for_each(|spend| spend.fill(25.0));
            }
            let posterior = Posterior::new(&params, &panel).unwrap();
            let point = posterior.start(Seed(9));
            let mut work = posterior.work();
            let (parts, responses) = (contributions(&posterior, &point), posterior.responses(&point, &mut work));
            assert_eq!(responses.len(), 12);
            for (at, response) in responses.iter().enumerate() {
                let (channel, place) = (at / 3, at % 3);
                assert_eq!(posterior.curve(&point, &mut work, channel, place), Some(*response));
                // Of the channel without spend, exposure takes its place.
                let spend = if channel == 3 { 40.0 } else { 25.0 };
                let last = parts[channel][place * 24 + 23];
                close("curve", response.value(spend) / (2.0 * last), 1.0, 1e-12);
                let difference = (response.value(spend + 1e-3) - response.value(spend - 1e-3)) / 2e-3;
                close("slope", response.slope(spend), difference, 1e-6);
            }
            assert_eq!(posterior.curve(&point, &mut work, 4, 0), None);
            assert_eq!(posterior.curve(&point, &mut work, 0, 3), None);
        }
    }
}

#[test]
fn kernels_are_those_of_the_parameters() {
    let params = Params { lags: 3, ..Params::default() };
    let posterior = Posterior::new(&params, &made_up(1, 24)).unwrap();
    let mut point = posterior.start(Seed(1));
    point[entry(&posterior, "adstock_alpha[tv]")] = 0.0;
    for (weight, expected) in posterior.kernel(&point, 0).iter().zip([4.0, 2.0, 1.0]) {
        close("weight", *weight, expected / 7.0, 1e-15);
    }
    assert!(posterior.kernel(&point, 9).is_empty());
}

#[test]
fn tanh_wears_off_around_its_coefficient() {
    let params = Params { saturation: Saturation::Tanh, adstock: Adstock::None, ..Params::default() };
    let mut panel = made_up(1, 24);
    panel.channels.truncate(1);
    let posterior = Posterior::new(&params, &panel).unwrap();
    let point = posterior.start(Seed(2));
    let mut work = posterior.work();
    let values = posterior.constrain(&point, &mut work);
    let (b, c) = (values[entry(&posterior, "saturation_beta[tv]")], values[entry(&posterior, "saturation_c[tv]")]);
    let tv = &panel.channels[0].media;
    let (largest, outcome) =
        (tv.iter().copied().fold(0.0, f64::max), panel.outcome.iter().copied().fold(0.0, f64::max));
    for (media, part) in tv.iter().zip(&contributions(&posterior, &point)[0]) {
        close("part", *part, outcome * b * (media / largest / (b * c)).tanh(), 1e-12);
    }
}
