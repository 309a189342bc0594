//! On the field's own examples: the same posterior as the reference packages. Skipped where the data are missing.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops at the first surprise; figures are shown on request"
)]

use mercer_base::Seed;
use mercer_base::card::Value as CardValue;
use mercer_base::frame::{Frame, Wanted};
use mercer_method::{AnyMethod, Context, Mapping, Outcome, Tables, Wish, choose_form};
use mercer_mix::Mix;
use mercer_source::{ReadOptions, read_frame};
use serde_json::{Value, json};

fn periods(file: &str, mapping: &[(&str, &str)]) -> Option<Frame> {
    let path = mercer_testkit::data(file)?;
    let about = AnyMethod::about(&Mix);
    let mapping: Mapping = mapping.iter().map(|(ours, theirs)| ((*ours).to_owned(), (*theirs).to_owned())).collect();
    let choose = |names: &[String]| -> mercer_base::Result<Vec<Wanted>> { Ok(choose_form(about, names, &mapping)?.1) };
    Some(read_frame(&path, &ReadOptions::default(), choose).unwrap().frame)
}

fn fit(frame: Frame, params: &Value, wish: Wish) -> Outcome {
    let about = AnyMethod::about(&Mix);
    let tables = Tables::new(about, about.form("periods").unwrap(), vec![("periods", frame)]).unwrap();
    AnyMethod::fit(&Mix, params.as_object().unwrap(), &tables, wish, &Context::quiet(Seed(42))).unwrap()
}

fn example() -> Option<Frame> {
    periods("mmm_pymc/mmm_example.csv", &[("date", "date_week"), ("target", "y")])
}

fn example_params() -> Value {
    json!({ "channels": ["x1", "x2"], "controls": ["event_1", "event_2", "t"] })
}

#[test]
fn the_example_has_the_posterior_that_pymc_marketing_finds() {
    let Some(frame) = example() else { return };
    let model = fit(frame, &example_params(), Wish::default()).saved.model;
    // Means of pymc-marketing 0.19.2 with its default priors; the tolerances are three Monte Carlo errors of the two together.
    let expected = [
        (&model["parameters"]["adstock_alpha[x1]"], 0.398, 0.003),
        (&model["parameters"]["adstock_alpha[x2]"], 0.194, 0.005),
        (&model["parameters"]["saturation_lam[x1]"], 4.07, 0.05),
        (&model["parameters"]["saturation_lam[x2]"], 3.12, 0.17),
        (&model["contribution_share"]["x1"], 0.2949, 0.0020),
        (&model["contribution_share"]["x2"], 0.0722, 0.0006),
    ];
    for (found, mean, tolerance) in expected {
        assert!((found["mean"].as_f64().unwrap() - mean).abs() <= tolerance, "{found} for {mean}");
    }
    let truth = [
        ("adstock_alpha[x1]", 0.4),
        ("adstock_alpha[x2]", 0.2),
        ("saturation_lam[x1]", 4.0),
        ("saturation_lam[x2]", 3.0),
    ];
    for (name, truth) in truth {
        let ends = &model["parameters"][name]["hdi_90"];
        assert!(ends[0].as_f64().unwrap() <= truth && truth <= ends[1].as_f64().unwrap(), "{name}: {ends}");
    }
    let shares = [("x1", 0.2905), ("x2", 0.0697)];
    for (name, truth) in shares {
        let ends = &model["contribution_share"][name]["hdi_90"];
        assert!(ends[0].as_f64().unwrap() <= truth && truth <= ends[1].as_f64().unwrap(), "{name}: {ends}");
    }
    let diagnostics = &model["diagnostics"];
    assert!(diagnostics["r_hat_max"].as_f64().unwrap() <= 1.01, "{diagnostics}");
    assert!(diagnostics["ess_bulk_min"].as_f64().unwrap() >= 600.0, "{diagnostics}");
    assert_eq!(diagnostics["divergences"], 0, "{diagnostics}");
}

#[test]
fn robyns_weekly_data_run_through() {
    let Some(frame) = periods("mmm_robyn/dt_simulated_weekly.csv", &[("date", "DATE"), ("target", "revenue")]) else {
        return;
    };
    let params = json!({
        "channels": ["tv_S", "ooh_S", "print_S", "facebook_I", "search_clicks_P"], "organic": ["newsletter"],
        "controls": ["competitor_sales_B", "events"], "chains": 2, "draws": 300, "tune": 400
    });
    let outcome = fit(frame, &params, Wish::ALL);
    let roi = outcome.saved.model["roi"].as_object().unwrap();
    assert_eq!(roi.keys().collect::<Vec<_>>(), ["facebook_I", "ooh_S", "print_S", "search_clicks_P", "tv_S"]);
    assert!(outcome.evaluation.is_some());
}

#[test]
fn meridians_places_run_through() {
    let mapping = [("date", "time"), ("geo", "geo"), ("target", "conversions"), ("value", "revenue_per_conversion")];
    let Some(frame) = periods("mmm_meridian/geo_all_channels.csv", &mapping) else { return };
    // A few draws: that the model of 40 places can be learnt, forecast and shown; its figures are tested below.
    let mut params = meridians_params();
    params["chains"] = json!(2);
    params["draws"] = json!(60);
    params["tune"] = json!(150);
    let outcome = fit(frame, &params, Wish { scores: true, ..Wish::default() });
    assert_eq!(outcome.saved.model["roi"].as_object().unwrap().len(), 5);
    assert_eq!(outcome.scores.unwrap().rows(), 6_240);
}

fn meridians_params() -> Value {
    json!({
        "channels": ["Channel0", "Channel1", "Channel2", "Channel3", "Channel4"], "organic": ["Organic_channel0_impression"],
        "controls": ["competitor_sales_control", "sentiment_score_control", "Promo"], "lags": 9
    })
}

#[test]
#[ignore = "takes minutes"]
fn meridians_returns_lie_where_meridian_finds_them() {
    let mapping = [("date", "time"), ("geo", "geo"), ("target", "conversions"), ("value", "revenue_per_conversion")];
    let Some(frame) = periods("mmm_meridian/geo_all_channels.csv", &mapping) else { return };
    let model = fit(frame, &meridians_params(), Wish::default()).saved.model;
    println!("{}", model["diagnostics"]);
    // Published 90 % intervals of Meridian's returns, of ten chains.
    let published = [(0.41, 3.18), (0.26, 2.00), (0.46, 2.32), (0.27, 1.58), (0.42, 3.44)];
    for (channel, (low, high)) in published.into_iter().enumerate() {
        let found = &model["roi"][format!("Channel{channel}")];
        println!("Channel{channel} {found}");
        let mean = found["mean"].as_f64().unwrap();
        assert!(low <= mean && mean <= high, "Channel{channel} {found}");
    }
    let diagnostics = &model["diagnostics"];
    assert!(diagnostics["r_hat_max"].as_f64().unwrap() <= 1.01, "{diagnostics}");
}

#[test]
fn a_model_is_refreshed_with_new_weeks() {
    let Some(frame) = example() else { return };
    let about = AnyMethod::about(&Mix);
    let weeks = |frame: Frame| Tables::new(about, about.form("periods").unwrap(), vec![("periods", frame)]).unwrap();
    let params = example_params();
    let params = params.as_object().unwrap();
    let quiet = || Context::quiet(Seed(42));
    let rows: Vec<usize> = (0..150).collect();
    let before = AnyMethod::fit(&Mix, params, &weeks(frame.take(&rows)), Wish::default(), &quiet()).unwrap().saved;
    let cold = AnyMethod::fit(&Mix, params, &weeks(frame.clone()), Wish::default(), &quiet()).unwrap().saved.model;
    let context = Context { previous: Some(&before), ..quiet() };
    let refreshed = AnyMethod::fit(&Mix, params, &weeks(frame.clone()), Wish::default(), &context).unwrap().saved;
    let changes = &refreshed.model["changes"];
    assert_eq!(changes["periods"], 29);
    assert_eq!(changes["roi"]["x1"]["before"], before.model["roi"]["x1"]);
    assert_eq!(refreshed.model["objections"], json!([]));
    // The same posterior as without a model before: four Monte Carlo errors of the two together.
    for name in ["adstock_alpha[x1]", "saturation_lam[x1]", "gamma_control[t]", "intercept"] {
        let [one, other] = [&cold, &refreshed.model].map(|model| &model["parameters"][name]);
        let figure = |of: &Value, what: &str| of[what].as_f64().unwrap();
        let error = figure(one, "mcse_mean").hypot(figure(other, "mcse_mean"));
        let apart = (figure(one, "mean") - figure(other, "mean")).abs();
        assert!(apart <= 4.0 * error, "{name}: {one} {other}");
    }
    // The same weeks again are no news: the model stays what it is without one before.
    let context = Context { previous: Some(&refreshed), ..quiet() };
    let again = AnyMethod::fit(&Mix, params, &weeks(frame), Wish::default(), &context).unwrap().saved.model;
    assert_eq!(again, cold);
}

#[test]
#[ignore = "takes minutes"]
fn leaving_the_future_out_predicts_as_pymc_marketing_does() {
    let Some(frame) = example() else { return };
    let mut params = example_params();
    params["one_step_forecasts"] = json!(49);
    let outcome = fit(frame, &params, Wish { evaluation: true, ..Wish::default() });
    let evaluation = outcome.evaluation.unwrap();
    let total = |name: &str| evaluation.measure(name).and_then(|measure| measure.model).unwrap();
    println!("elpd {:.2}, standard error {:.2}: {}", total("elpd"), total("elpd_se"), evaluation.words);
    let weeks = &evaluation.details[0].table;
    let at = weeks.columns.iter().position(|column| column.name == "log_density").unwrap();
    // pymc-marketing 0.19.2 with nutpie, 4 x 1,000 draws, refitted to the weeks before each of these: ln of the mean density of the
    // week's outcome over the draws. Three Monte Carlo errors of the two together, most where the outcome is far off.
    let expected = [(130, 1.463), (144, -1.615), (151, 0.475), (160, 2.448), (171, -0.430), (178, 1.830)];
    for (week, expected) in expected {
        let CardValue::Number(found) = weeks.rows[week - 130][at] else { panic!("week {week} has no density") };
        println!("week {week}: {found:.3}, pymc-marketing {expected:.3}");
        assert!((found - expected).abs() <= 0.12, "week {week}: {found}, expected {expected}");
    }
}
