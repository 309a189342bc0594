//! In the invented shop, where the truth is known: leads are scored as the planted odds say, the planted causes come out on top in
//! their direction, the distractor does not, and lookalikes are found.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use mercer_base::Seed;
use mercer_base::frame::{Column, Frame, Words};
use mercer_method::{AnyMethod, Context, Outcome, Tables, Wish};
use mercer_propensity::Propensity;
use mercer_simulate::{Lead, Scale, Shop, ShopConfig};
use mercer_stats::{Block, Design, logistic};
use serde_json::{Map, Value, json};

/// Decided leads of a large shop: about six thousand.
fn leads() -> (Shop, Vec<Lead>) {
    let shop = Shop::new(&ShopConfig { scale: Scale::Customers(25_000), ..ShopConfig::default() }).unwrap();
    let leads = shop.chunks().flat_map(|chunk| shop.chunk(chunk).leads).filter(|lead| lead.won.is_some()).collect();
    (shop, leads)
}

fn table(shop: &Shop, leads: &[Lead]) -> Frame {
    let numbers = |of: &dyn Fn(&Lead) -> f64| Column::Numbers(leads.iter().map(of).collect());
    let words =
        |of: &dyn Fn(&Lead) -> String| Column::Words(leads.iter().map(|lead| Some(of(lead))).collect::<Words>());
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let sources = shop.planted().leads.sources;
    let columns = [
        ("customer_id", words(&|lead| lead.id())),
        ("source", words(&|lead| sources[lead.source].0.to_owned())),
        ("budget", numbers(&|lead| lead.budget.map_or(f64::NAN, |budget| budget as f64))),
        ("area", numbers(&|lead| lead.area)),
        ("owns_home", words(&|lead| yes(lead.owns_home))),
        ("visited_showroom", words(&|lead| yes(lead.visited_showroom))),
        ("months_to_start", numbers(&|lead| f64::from(lead.months_to_start))),
        ("won", words(&|lead| yes(lead.won.unwrap_or_default()))),
    ];
    columns.into_iter().try_fold(Frame::new("leads"), |frame, (name, column)| frame.with(name, column)).unwrap()
}

fn fit(frame: Frame, given: Value) -> Outcome {
    let about = AnyMethod::about(&Propensity);
    let Value::Object(given): Value = given else { unreachable!() };
    let tables = Tables::new(about, about.form("rows").unwrap(), vec![("rows", frame)]).unwrap();
    let params: Map<String, Value> = given;
    AnyMethod::fit(&Propensity, &params, &tables, Wish::ALL, &Context::quiet(Seed(42))).unwrap()
}

fn log_odds(probability: f64) -> f64 {
    (probability / (1.0 - probability)).ln()
}

#[test]
fn leads_are_scored_as_the_planted_odds_say() {
    let (shop, leads) = leads();
    let outcome = fit(table(&shop, &leads), json!({ "target": ["won"] }));
    let scores = outcome.scores.unwrap();
    let found = scores.numbers("probability").unwrap();

    // The slope of the true log-odds over the predicted ones: 1 where predictions are neither too extreme nor too timid.
    let (own, true_odds): (Vec<f64>, Vec<f64>) =
        found.iter().zip(&leads).map(|(found, lead)| (log_odds(*found), log_odds(lead.probability))).unzip();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_own, mean_true) = (mean(&own), mean(&true_odds));
    let covariance: f64 =
        own.iter().zip(&true_odds).map(|(own, of_truth)| (own - mean_own) * (of_truth - mean_true)).sum();
    let slope = covariance / own.iter().map(|own| (own - mean_own).powi(2)).sum::<f64>();
    assert!((0.9..=1.1).contains(&slope), "{slope}");
    // Blank budgets cannot be foreseen, and six thousand rows leave some noise.
    let spread = true_odds.iter().map(|of_truth| (of_truth - mean_true).powi(2)).sum::<f64>().sqrt();
    let correlation = slope * own.iter().map(|own| (own - mean_own).powi(2)).sum::<f64>().sqrt() / spread;
    assert!(correlation > 0.9, "{correlation}");

    let drivers = outcome.saved.model["targets"][0]["drivers"]["drivers"].as_array().unwrap();
    let names: Vec<&str> = drivers.iter().map(|driver| driver["feature"].as_str().unwrap()).collect();
    assert_eq!(names.last(), Some(&"area"), "the distractor matters least: {names:?}");
    assert_eq!(names[0], "visited_showroom", "{names:?}");
    let direction = |name: &str| drivers.iter().find(|driver| driver["feature"] == name).unwrap()["direction"].clone();
    assert_eq!(direction("visited_showroom")["categories"]["best"], "yes");
    assert_eq!(direction("owns_home")["categories"]["best"], "yes");
    assert_eq!(direction("budget"), "rising");
    assert_eq!(direction("months_to_start"), "falling");
    assert_eq!(direction("source")["categories"]["worst"], "partner_portal");
}

#[test]
fn the_regression_behind_it_finds_the_planted_coefficients() {
    let (shop, leads) = leads();
    let leads: Vec<&Lead> = leads.iter().filter(|lead| lead.budget.is_some()).collect();
    let column = |of: &dyn Fn(&Lead) -> f64| leads.iter().map(|lead| of(lead)).collect::<Vec<f64>>();
    let is = |is: bool| f64::from(u8::from(is));
    let mut values = column(&|lead| (lead.budget.unwrap() as f64 / 10_000.0).ln());
    values.extend(column(&|lead| is(lead.owns_home)));
    values.extend(column(&|lead| is(lead.visited_showroom)));
    values.extend(column(&|lead| f64::from(lead.months_to_start)));
    let sources = leads.iter().map(|lead| u32::try_from(lead.source).unwrap().wrapping_sub(1)).collect();
    let blocks = vec![Block::Dense { columns: 4, values }, Block::Codes { levels: 4, codes: sources }];
    let design = Design::new(leads.len(), blocks).unwrap();
    let won: Vec<bool> = leads.iter().map(|lead| lead.won.unwrap()).collect();
    let fit = logistic::fit(&design, &won, None, 0.0, None).unwrap();
    let errors = fit.standard_errors(&design, None).unwrap();
    let truth = &shop.planted().leads;
    let planted = [truth.log_budget, truth.owns_home, truth.visited_showroom, truth.months_to_start];
    for ((found, error), planted) in fit.coefficients.iter().zip(&errors.coefficients).zip(planted) {
        // Four standard errors: of four coefficients one is off that far by chance in 4,000 worlds.
        assert!((found - planted).abs() < 4.0 * error, "{found} ± {error} for {planted}");
    }
}

#[test]
fn leads_like_those_won_are_found_among_the_others() {
    let (shop, leads) = leads();
    let outcome = fit(table(&shop, &leads), json!({ "target": ["won"], "unlabelled": true, "bag": 3 }));
    let evaluation = outcome.evaluation.unwrap();
    let lift = evaluation.measure("lift_at_10").and_then(|measure| measure.model).unwrap();
    // The lift that the planted probabilities themselves would have: hidden ones are drawn from those won.
    let mut odds: Vec<f64> = leads.iter().map(|lead| lead.probability).collect();
    odds.sort_by(|a, b| b.total_cmp(a));
    let top = odds.len() / 10;
    let best = odds[..top].iter().sum::<f64>() / top as f64 / (odds.iter().sum::<f64>() / odds.len() as f64);
    assert!(lift > 1.0 + 0.8 * (best - 1.0), "{lift} where the truth itself has {best}");
}
