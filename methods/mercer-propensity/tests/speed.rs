//! How long fitting and scoring take. Prints figures and asserts nothing about them:
//! `cargo test --release -p mercer-propensity --test speed -- --ignored --nocapture`.
#![allow(clippy::unwrap_used, reason = "a measurement stops at the first surprise")]

use std::path::Path;
use std::time::Instant;

use mercer_base::Seed;
use mercer_base::frame::{Column, Frame, Wanted, Words};
use mercer_method::{AnyMethod, Context, Mapping, SavedModel, Tables, Wish, choose_form};
use mercer_propensity::Propensity;
use mercer_source::{ReadOptions, read_frame};
use serde_json::{Value, json};

/// Columns of X Education that are filled after the contact with the lead.
const AFTER_CONTACT: [&str; 9] = [
    "Tags",
    "Lead Quality",
    "Lead Profile",
    "Last Activity",
    "Last Notable Activity",
    "Asymmetrique Activity Index",
    "Asymmetrique Profile Index",
    "Asymmetrique Activity Score",
    "Asymmetrique Profile Score",
];

/// Seconds of all processors that this process has taken; missing where the system does not tell as Linux does.
fn processor_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // Behind the name in parentheses user and system time are the 12th and 13th field (proc(5)), in hundredths.
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}

/// Does the work and prints what it took.
#[expect(clippy::print_stdout, reason = "it is the result")]
fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let (start, before) = (Instant::now(), processor_seconds());
    let done = work();
    let seconds = start.elapsed().as_secs_f64();
    let processor =
        processor_seconds().zip(before).map(|(after, before)| format!("{:.2} s of processor time, ", after - before));
    println!("{what}: {}{seconds:.2} s of waiting", processor.unwrap_or_default());
    done
}

fn read(path: &Path, id: Option<&str>) -> Frame {
    let about = AnyMethod::about(&Propensity);
    let mapping: Mapping = id.map(|id| ("customer_id".to_owned(), id.to_owned())).into_iter().collect();
    let choose = |names: &[String]| -> mercer_base::Result<Vec<Wanted>> { Ok(choose_form(about, names, &mapping)?.1) };
    read_frame(path, &ReadOptions::default(), choose).unwrap().frame
}

fn tables(frame: Frame) -> Tables {
    let about = AnyMethod::about(&Propensity);
    Tables::new(about, about.form("rows").unwrap(), vec![("rows", frame)]).unwrap()
}

fn fit(frame: Frame, given: Value) -> SavedModel {
    let Value::Object(given) = given else { unreachable!() };
    AnyMethod::fit(&Propensity, &given, &tables(frame), Wish::default(), &Context::quiet(Seed(42))).unwrap().saved
}

/// Rows with ten amounts, five counts and five categories, some of which bear on the outcome.
fn made_up(rows: u32) -> Frame {
    // A number from 0 to 1 for each row and column.
    let chance =
        |row: u32, column: u64| (Seed(7).nth(column).nth(u64::from(row)).0 >> 11) as f64 / (1_u64 << 53) as f64;
    let numbers = |of: &dyn Fn(u32) -> f64| Column::Numbers((0..rows).map(of).collect());
    let ids: Words = (0..rows).map(|row| Some(format!("c{row:07}"))).collect();
    let mut frame = Frame::new("rows").with("customer_id", Column::Words(ids)).unwrap();
    for column in 0..10 {
        let amount = |row: u32| (100.0 * -(1.0 - chance(row, column)).ln()).round() / 4.0;
        frame = frame.with(format!("amount {column}"), numbers(&amount)).unwrap();
    }
    for column in 10..15 {
        frame = frame.with(format!("count {column}"), numbers(&|row| (8.0 * chance(row, column)).floor())).unwrap();
    }
    for column in 15..20 {
        let word = |row: u32| Some(format!("group {}", (12.0 * chance(row, column)).floor()));
        frame =
            frame.with(format!("category {column}"), Column::Words((0..rows).map(word).collect::<Words>())).unwrap();
    }
    let happens = |row: u32| {
        let odds = (-1.5 + 2.0 * chance(row, 0) - 1.5 * chance(row, 11)
            + chance(row, 1) * (6.0 * chance(row, 15)).floor() / 3.0)
            .exp();
        f64::from(u8::from(chance(row, 99) < odds / (1.0 + odds)))
    };
    frame.with("bought", numbers(&happens)).unwrap()
}

#[test]
#[ignore = "a measurement"]
fn speed() {
    let excluded = |names: &[&str]| json!(names);
    let real = [
        ("telco_churn/Telco-Customer-Churn.csv", Some("customerID"), "Churn", excluded(&[])),
        ("online_shoppers/online_shoppers_intention.csv", None, "Revenue", excluded(&[])),
        (
            "lead_scoring_x_education/Lead Scoring.csv",
            Some("Prospect ID"),
            "Converted",
            excluded(&[&AFTER_CONTACT[..], &["Lead Number"]].concat()),
        ),
        ("bank_marketing/bank-additional-full.csv.gz", None, "y", excluded(&["duration"])),
    ];
    for (file, id, target, exclude) in real {
        let Some(path) = mercer_testkit::data(file) else { continue };
        let frame = read(&path, id);
        let what = format!("fit to {} rows of {file}", frame.rows());
        timed(&what, || fit(frame, json!({ "target": [target], "exclude": exclude })));
    }
    let frame = made_up(20_000);
    let given = |reasons: u32| json!({ "target": ["bought"], "reasons": reasons });
    let plain = timed("fit to 20,000 made-up rows with 20 features", || fit(frame.clone(), given(0)));
    let explaining = fit(frame, given(3));
    let score = |saved: &SavedModel, frame: Frame| {
        AnyMethod::predict(&Propensity, saved, &tables(frame), &Context::quiet(Seed(42))).unwrap().scores
    };
    let million = made_up(1_000_000);
    timed("score 1,000,000 rows with 20 features", || score(&plain, million));
    let rows = made_up(100_000);
    timed("score 100,000 rows with 20 features, with exact Shapley values and three reasons", || {
        score(&explaining, rows)
    });
}
