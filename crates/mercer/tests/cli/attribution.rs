//! `mercer attribution` on plain files of paths: the exact chain of PathData, credit that adds up, clear refusals.

use std::path::Path;

use mercer_testkit::{TempProject, data};
use serde_json::Value;

use crate::binary::{Outcome, mercer};

fn attribution(input: &Path, more: &[&str]) -> Outcome {
    let input = input.to_str().expect("a path in UTF-8");
    mercer(["attribution", "fit", "--input", input].iter().chain(more))
}

fn channel<'a>(found: &'a Value, name: &str) -> &'a Value {
    let channels = found["model"]["channels"].as_array().unwrap_or_else(|| panic!("no channels in {found}"));
    channels.iter().find(|channel| channel["channel"] == name).unwrap_or_else(|| panic!("no {name} in {found}"))
}

#[test]
fn path_data_has_the_exact_chain() {
    let Some(path) = data("attribution_paths/Data.csv") else { return };
    let found = attribution(&path, &["--model", "markov", "--order", "1", "--json"]).json();
    // Rounded to three decimals where they are published.
    for (name, conversions) in [("alpha", 5344.948), ("kappa", 274.363), ("delta", 4.614), ("mi", 1.722)] {
        let credited = channel(&found, name)["conversions"].as_f64().expect("a number");
        assert!((credited - conversions).abs() < 6e-4, "{name}: {credited}");
    }
    for (name, value) in [("alpha", 18_799.17), ("gamma", 719.24)] {
        let credited = channel(&found, name)["value"].as_f64().expect("a number");
        assert!((credited - value).abs() < 6e-3, "{name}: {credited}");
    }
    assert!(found["evaluation"]["verdict"].is_string(), "{}", found["evaluation"]);
    // People are told what it does not prove.
    let said = attribution(&path, &["--model", "markov", "--order", "1"]).words();
    assert!(said.contains("Credit, not cause (uncalibrated)"), "{said}");
}

const PATHS: &str = "path,conversions,value,nulls\na > b,3,30,2\nb,1,5,4\na > a > c,2,8,1\nc,0,0,9\n";

#[test]
fn credit_of_a_rule_is_what_it_says_and_credit_by_path_adds_up() {
    let project = TempProject::new(&[("paths.csv", PATHS)]);
    let found = attribution(&project.path("paths.csv"), &["--model", "linear", "--json", "--no-evaluation"]).json();
    // Of three conversions half, of two the two touches of three.
    let [a, b, c] = ["a", "b", "c"].map(|name| channel(&found, name)["conversions"].as_f64().expect("a number"));
    for (credited, exact) in [(a, 1.5 + 4.0 / 3.0), (b, 2.5), (c, 2.0 / 3.0)] {
        assert!((credited - exact).abs() < 1e-12, "{found}");
    }
    let credit = project.path("credit.csv");
    let scores = ["--model", "shapley", "-q", "--no-evaluation", "--scores", credit.to_str().expect("UTF-8")];
    attribution(&project.path("paths.csv"), &scores).printed();
    let credit = std::fs::read_to_string(credit).expect("credit");
    let rows: Vec<Vec<&str>> = credit.lines().map(|line| line.split(',').collect()).collect();
    let column = rows[0].iter().position(|name| *name == "conversions").unwrap_or_else(|| panic!("{credit}"));
    let sum: f64 = rows[1..].iter().map(|row| row[column].parse::<f64>().expect("a number")).sum();
    assert!((sum - 6.0).abs() < 1e-9, "{credit}");
}

#[test]
fn what_cannot_be_is_said() {
    let refused = |text: &str, more: &[&str], code: i32, words: &[&str]| {
        let project = TempProject::new(&[("paths.csv", text)]);
        attribution(&project.path("paths.csv"), more).refused(code, words);
    };
    refused("path,conversions\na > b,0\nb,0\n", &[], 3, &["none of these journeys converted"]);
    refused("path,conversions\n", &[], 3, &["paths.csv has a header but no rows"]);
    refused(PATHS, &["--model", "markof"], 2, &["markof", "markov"]);
    refused(PATHS, &["--model", "hazard"], 3, &["the additive hazard needs to know when"]);
}
