//! What the model refuses, and how it says so.

use super::panels::{experiments, made_up};
use super::*;
use crate::params::{Form, Trend};

#[track_caller]
fn refused(params: &Params, change: impl FnOnce(&mut Panel), message: &str) {
    let mut panel = made_up(2, 24);
    change(&mut panel);
    let error = Posterior::new(params, &panel).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains(message), "{error:?}");
}

#[test]
fn data_that_cannot_be_modelled_is_refused_with_its_reason() {
    let usual = Params::default();
    refused(&usual, |panel| panel.channels.clear(), "no channel is named");
    refused(
        &usual,
        |panel| panel.channels[1].media[3] = -1.0,
        "the media of the channel search have missing or negative",
    );
    refused(&usual, |panel| panel.channels[1].media[3] = f64::NAN, "the media of the channel search have missing");
    refused(&usual, |panel| panel.channels[0].media.fill(0.0), "the channel tv has no media in any period");
    refused(&usual, |panel| panel.channels[0].spend = Some(vec![0.0; 48]), "the channel tv has no spend to relate");
    refused(
        &usual,
        |panel| panel.channels[2].frequency = Some(vec![f64::NAN; 48]),
        "the frequencies of the channel video",
    );
    refused(&usual, |panel| panel.controls[0].values[0] = f64::NAN, "the control price has missing values");
    refused(&usual, |panel| panel.controls[0].values.fill(7.0), "the control price is the same throughout");
    let flat = |panel: &mut Panel| {
        panel.outcome.fill(3.0);
        panel.population.fill(1.0);
    };
    refused(&usual, flat, "the outcome is the same in all rows");
    refused(&usual, |panel| panel.outcome.fill(f64::NAN), "0 periods have an outcome");
    refused(&usual, |panel| panel.outcome[0] = f64::INFINITY, "the outcome has an infinite value");
    refused(&usual, |panel| panel.value[0] = 0.0, "the worth of a unit of the outcome");
    refused(&usual, |panel| panel.population[1] = 0.0, "a place has no inhabitants");
    let multiplicative = Params { form: Form::Multiplicative, ..Params::default() };
    refused(&multiplicative, |panel| panel.outcome[3] = 0.0, "effects that multiply need it above 0");
}

#[test]
fn settings_that_do_not_fit_are_refused() {
    let knots = Params { knots: Some(25), trend: Trend::Smooth, ..Params::default() };
    refused(&knots, |_| (), "knots is 25; the data have 24 periods");
    let none = Params { knots: Some(0), trend: Trend::Piecewise, ..Params::default() };
    refused(&none, |_| (), "knots is 0");
    let mut priors = Params::default();
    priors.priors.push("roi[radio]=log-normal(0, 1)".into());
    refused(&priors, |_| (), "roi[radio], which this model does not have");
    let mut domain = Params::default();
    domain.priors.push("adstock_alpha=gamma(3, 1)".into());
    refused(&domain, |_| (), "adstock_alpha[tv] lies between 0 and 1");
}

#[test]
fn experiments_that_do_not_fit_are_refused() {
    let usual = Params::default();
    let with = |change: fn(&mut crate::panel::Experiment)| {
        move |panel: &mut Panel| {
            panel.experiments = experiments();
            change(&mut panel.experiments[0]);
        }
    };
    refused(&usual, with(|experiment| experiment.channel = 7), "a channel that is not there");
    refused(&usual, with(|experiment| experiment.geos = vec![2]), "a place that is not there");
    refused(&usual, with(|experiment| experiment.from = 90), "no period within the data");
    refused(&usual, with(|experiment| experiment.change = 1.5), "out of range");
    refused(&usual, with(|experiment| experiment.standard_error = 0.0), "out of range");
}
