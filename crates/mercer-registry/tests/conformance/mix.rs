//! Samples for `mix`: weeks of a shop with two channels, in one place and in three, and a ledger of days.

use mercer_base::frame::{Column, Frame, Words};
use mercer_testkit::conformance::Sample;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// 4 January 2010, a Monday, in microseconds since 1970.
const START: i64 = 1_262_563_200_000_000;
const MICROS_A_DAY: i64 = 86_400_000_000;
const WEEKS: i64 = 80;
const PLACES: [&str; 3] = ["east", "north", "west"];

/// Each way in which the data come, and each form of the model that differs in kind.
pub(crate) fn samples() -> Vec<Sample> {
    let about = crate::method("mix").about();
    let sample = |name, form, frames| Sample::new(name, about, form, frames);
    vec![
        sample("weeks", "periods", vec![("periods", weeks(1)), ("experiments", experiments())])
            .with_params(brief(json!({ "channels": ["tv", "search"], "controls": ["price"] }))),
        sample("weeks of places", "periods", vec![("periods", weeks(3))])
            .with_params(brief(json!({ "channels": ["tv", "search"], "knots": 4 }))),
        sample("weeks whose effects multiply", "periods", vec![("periods", weeks(1))]).with_params(brief(json!({
            "channels": ["tv", "search"], "form": "multiplicative", "saturation": "hill", "adstock": "weibull-cdf", "lags": 4,
            "noise": "student-t", "trend": "linear", "effect": "roi"
        }))),
        sample("days of a ledger", "ledger", vec![("outcomes", outcomes()), ("media", media())])
            .with_params(brief(json!({ "seasonality": 1 }))),
    ]
}

/// Few draws: promises are about answers, not about how many draws stand behind them.
fn brief(mut params: Value) -> Value {
    let few = [("chains", 2), ("draws", 120), ("tune", 150)];
    few.into_iter().for_each(|(name, value)| params[name] = json!(value));
    params
}

fn table(name: &str, columns: Vec<(&str, Column)>) -> Frame {
    columns.into_iter().try_fold(Frame::new(name), |frame, (name, column)| frame.with(name, column)).unwrap()
}

fn words<'a>(values: impl IntoIterator<Item = &'a str>) -> Column {
    Column::Words(values.into_iter().map(Some).collect::<Words>())
}

/// What a week brings: a level that waves, and what two channels add, of which one lasts.
struct Week {
    date: i64,
    tv: f64,
    search: f64,
    price: f64,
    sales: f64,
}

fn course(seed: u64) -> Vec<Week> {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let mut noise = || chance.random::<f64>();
    let mut carried = 0.0;
    (0..WEEKS)
        .map(|week| {
            let tv = if noise() < 0.6 { 50.0 + 100.0 * noise() } else { 0.0 };
            let (search, price) = (20.0 + 40.0 * noise(), 9.0 + noise());
            carried = tv + 0.5 * carried;
            let season = (std::f64::consts::TAU * week as f64 / 52.18).sin();
            let sales = 900.0 + 80.0 * season + 300.0 * (carried / 150.0).tanh() + 200.0 * (search / 60.0).tanh()
                - 20.0 * (price - 9.5)
                + 30.0 * (noise() + noise() - 1.0);
            Week { date: START + week * 7 * MICROS_A_DAY, tv, search, price, sales }
        })
        .collect()
}

fn weeks(places: usize) -> Frame {
    let all: Vec<(usize, Week)> =
        (0..places).flat_map(|place| course(7 + place as u64).into_iter().map(move |week| (place, week))).collect();
    let numbers = |of: fn(&Week) -> f64| Column::Numbers(all.iter().map(|(_, week)| of(week)).collect());
    let mut columns = vec![
        ("date", Column::Moments(all.iter().map(|(_, week)| week.date).collect())),
        ("target", numbers(|week| week.sales)),
        ("tv", numbers(|week| week.tv)),
        ("search", numbers(|week| week.search)),
        ("price", numbers(|week| week.price)),
    ];
    if places > 1 {
        columns.push(("geo", words(all.iter().map(|(place, _)| PLACES[*place]))));
        columns
            .push(("population", Column::Numbers(all.iter().map(|(place, _)| 1e5 * (1.0 + *place as f64)).collect())));
    }
    table("periods", columns)
}

fn experiments() -> Frame {
    let day = |week: i64| START + week * 7 * MICROS_A_DAY;
    table(
        "experiments",
        vec![
            ("channel", words(["tv"])),
            ("from", Column::Moments(vec![day(40)])),
            ("until", Column::Moments(vec![day(44) - MICROS_A_DAY])),
            ("lift", Column::Numbers(vec![700.0])),
            ("standard_error", Column::Numbers(vec![150.0])),
        ],
    )
}

fn days() -> impl Iterator<Item = (i64, Week)> {
    course(11).into_iter().flat_map(|week| {
        let Week { date, tv, search, price, sales } = week;
        (0..7).map(move |day| (date + day * MICROS_A_DAY, Week { date, tv, search, price, sales }))
    })
}

fn outcomes() -> Frame {
    let (dates, sales): (Vec<i64>, Vec<f64>) = days().map(|(date, week)| (date, week.sales / 7.0)).unzip();
    table("outcomes", vec![("date", Column::Moments(dates)), ("target", Column::Numbers(sales))])
}

fn media() -> Frame {
    let rows: Vec<(i64, &str, f64)> =
        days().flat_map(|(date, week)| [(date, "tv", week.tv / 7.0), (date, "search", week.search / 7.0)]).collect();
    table(
        "media",
        vec![
            ("date", Column::Moments(rows.iter().map(|row| row.0).collect())),
            ("channel", words(rows.iter().map(|row| row.1))),
            ("spend", Column::Numbers(rows.iter().map(|row| row.2).collect())),
        ],
    )
}
