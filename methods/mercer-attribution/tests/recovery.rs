//! On journeys whose truth is known and whose credit is confounded: what experiments make of credit comes near to what channels
//! truly add, with three experiments and with all; and without any the credit is called uncalibrated.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use mercer_attribution::Attribution;
use mercer_base::Seed;
use mercer_base::frame::{Column, Frame};
use mercer_method::{AnyMethod, Context, Outcome, Tables, Wish};
use mercer_simulate::{JourneyConfig, Journeys, LiftTest, Moment};
use serde_json::{Value, json};

const CUSTOMERS: u32 = 100_000;
const DAYS: u32 = 180;
/// Share of the customers from whom a channel is held back in its test.
const HELD_BACK: f64 = 0.5;

fn world(seed: u64) -> Journeys {
    Journeys::new(JourneyConfig { customers: CUSTOMERS, days: DAYS, seed: Seed(seed) }).unwrap()
}

fn moment(at: Moment) -> i64 {
    1_500_000_000_000_000 + at.0 * 1_000_000
}

fn words(words: impl Iterator<Item = String>) -> Column {
    Column::Words(words.map(Some).collect())
}

fn table(name: &str, columns: Vec<(&str, Column)>) -> Frame {
    columns.into_iter().try_fold(Frame::new(name), |frame, (name, column)| frame.with(name, column)).unwrap()
}

fn fit(world: &Journeys, tests: &[LiftTest], params: &Value, wish: Wish) -> Outcome {
    let (touches, sales) = (&world.touches, &world.conversions);
    let touchpoints = vec![
        ("customer_id", words(touches.iter().map(|touch| touch.customer.to_string()))),
        ("occurred_at", Column::Moments(touches.iter().map(|touch| moment(touch.at)).collect())),
        ("channel", words(touches.iter().map(|touch| Journeys::CHANNELS[touch.channel].to_owned()))),
        ("cost", Column::Numbers(touches.iter().map(|touch| touch.cost.to_f64()).collect())),
    ];
    let conversions = vec![
        ("customer_id", words(sales.iter().map(|sale| sale.customer.to_string()))),
        ("occurred_at", Column::Moments(sales.iter().map(|sale| moment(sale.at)).collect())),
        ("value", Column::Numbers(sales.iter().map(|sale| sale.value.to_f64()).collect())),
    ];
    let mut frames =
        vec![("touchpoints", table("touchpoints", touchpoints)), ("conversions", table("conversions", conversions))];
    if !tests.is_empty() {
        let experiments = vec![
            ("channel", words(tests.iter().map(|test| Journeys::CHANNELS[test.channel].to_owned()))),
            ("incremental", Column::Numbers(tests.iter().map(|test| test.incremental).collect())),
            ("standard_error", Column::Numbers(tests.iter().map(|test| test.standard_error).collect())),
            ("since", Column::Moments(tests.iter().map(|test| moment(test.since)).collect())),
            ("until", Column::Moments(tests.iter().map(|test| moment(test.until) - 86_400_000_000).collect())),
        ];
        frames.push(("experiments", table("experiments", experiments)));
    }
    let about = AnyMethod::about(&Attribution);
    let tables = Tables::new(about, about.form("journeys").unwrap(), frames).unwrap();
    AnyMethod::fit(&Attribution, params.as_object().unwrap(), &tables, wish, &Context::quiet(Seed(42))).unwrap()
}

#[test]
fn show_credit() {
    let world = world(11);
    let truth = world.truth();
    let start = std::time::Instant::now();
    let outcome = fit(&world, &[], &json!({}), Wish::default());
    println!("{:?} {} touches {} conversions", start.elapsed(), world.touches.len(), world.conversions.len());
    for of in outcome.saved.model["models"].as_array().unwrap() {
        println!("{} nobody {}", of["model"], of["nobody"]["conversions"]);
        for (at, channel) in of["channels"].as_array().unwrap().iter().enumerate() {
            println!(
                "   {} {:.1} truth {:.1} ratio {:.2}",
                channel["channel"],
                channel["conversions"],
                truth.incremental[at],
                truth.incremental[at] / channel["conversions"].as_f64().unwrap()
            );
        }
    }
    println!("{}", outcome.saved.model["hazard"]);
    println!("{:?}", truth);
    for test in world.experiments(&[0, 1, 2, 3, 4, 5, 6, 7], HELD_BACK, Seed(1)) {
        println!("{test:?}");
    }
}
