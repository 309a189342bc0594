//! How long the method takes: `cargo test --release -p mercer-attribution --test speed -- --ignored --nocapture`.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops at the first surprise, and says what it measured"
)]

use std::time::Instant;

use mercer_attribution::Attribution;
use mercer_base::Seed;
use mercer_base::frame::{Column, Frame, Wanted};
use mercer_method::{AnyMethod, Context, Mapping, Tables, Wish, choose_form};
use mercer_source::{ReadOptions, read_frame};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// The most memory that this process has held, in megabytes, where the system tells.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1e3
}

fn timed(what: &str, tables: &Tables, params: &Value, wish: Wish) {
    let start = Instant::now();
    let outcome =
        AnyMethod::fit(&Attribution, params.as_object().unwrap(), tables, wish, &Context::quiet(Seed(42))).unwrap();
    println!(
        "{what}: {:.3} s, peak {:.0} MB, model {}",
        start.elapsed().as_secs_f64(),
        peak(),
        outcome.saved.model["model"]
    );
}

#[test]
#[ignore = "measures"]
fn paths() {
    let Some(path) = mercer_testkit::data("attribution_paths/Data.csv") else { return };
    let about = AnyMethod::about(&Attribution);
    let choose = |names: &[String]| -> mercer_base::Result<Vec<Wanted>> {
        Ok(choose_form(about, names, &Mapping::default())?.1)
    };
    for params in [json!({ "model": "markov", "order": 1 }), json!({}), json!({ "model": "markov", "order": 3 })] {
        let start = Instant::now();
        let frame = read_frame(&path, &ReadOptions::default(), choose).unwrap().frame;
        println!("reading: {:.3} s", start.elapsed().as_secs_f64());
        let tables = Tables::new(about, about.form("paths").unwrap(), vec![("paths", frame)]).unwrap();
        timed(&format!("fit {params}"), &tables, &params, Wish::default());
        timed(&format!("all {params}"), &tables, &params, Wish::ALL);
    }
}

#[test]
#[ignore = "measures, and takes gigabytes"]
fn ten_million_touches() {
    let (customers, each) = (1_000_000_usize, 10_usize);
    let rows = customers * each;
    let mut dice = ChaCha8Rng::seed_from_u64(7);
    let mut channel = Vec::with_capacity(rows);
    let mut at = Vec::with_capacity(rows);
    let (mut buyers, mut sold) = (Vec::new(), Vec::new());
    for customer in 0..customers {
        let mut now = 1_500_000_000_000_000_i64 + dice.random_range(0..30_000_000_000_000);
        for _ in 0..each {
            now += dice.random_range(60_000_000..2_000_000_000_000_i64);
            at.push(now);
            channel.push(dice.random_range(0..12));
            if dice.random_bool(0.02) {
                buyers.push(customer);
                sold.push(now + dice.random_range(0..50_000_000_000_i64));
            }
        }
    }
    let words = |words: &mut dyn Iterator<Item = String>| Column::Words(words.map(Some).collect());
    let touchpoints = Frame::new("touchpoints")
        .with("customer_id", words(&mut (0..rows).map(|row| (row / each).to_string())))
        .and_then(|frame| frame.with("occurred_at", Column::Moments(at)))
        .and_then(|frame| {
            frame.with("channel", words(&mut channel.iter().map(|channel: &u32| format!("channel {channel}"))))
        })
        .unwrap();
    let conversions = Frame::new("conversions")
        .with("customer_id", words(&mut buyers.iter().map(usize::to_string)))
        .and_then(|frame| frame.with("occurred_at", Column::Moments(sold)))
        .unwrap();
    println!("made: peak {:.0} MB", peak());
    let about = AnyMethod::about(&Attribution);
    let tables = Tables::new(
        about,
        about.form("journeys").unwrap(),
        vec![("touchpoints", touchpoints), ("conversions", conversions)],
    )
    .unwrap();
    let wish = Wish { scores: true, ..Wish::default() };
    timed("channel and path credit", &tables, &json!({ "resamples": 0 }), wish);
    timed(
        "channel and path credit by Markov",
        &tables,
        &json!({ "resamples": 0, "model": "markov", "order": 1 }),
        wish,
    );
}
