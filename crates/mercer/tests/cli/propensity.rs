//! `mercer propensity` on plain files: evaluating with a flag for each parameter, fitting and scoring, and clear refusals.

use std::fmt::Write as _;

use mercer_testkit::TempProject;
use serde_json::Value;

use crate::binary::mercer;

/// Contracts that end the likelier, the more their holders complained; every twentieth outcome is still open.
fn contracts() -> TempProject {
    let mut text = String::from("number,plan,complaints,notes,left\n");
    for row in 0..600_u32 {
        let (complaints, luck) = (row % 7, row * 7_919 % 100);
        let plan = if row % 3 == 0 { "monthly" } else { "yearly" };
        let leaves = luck < 8 + 9 * complaints + if row % 3 == 0 { 15 } else { 0 };
        let left = if row % 20 == 0 {
            ""
        } else if leaves {
            "yes"
        } else {
            "no"
        };
        let notes = if leaves { "closed the account" } else { "" };
        let _ = writeln!(text, "{},{plan},{complaints},{notes},{left}", 5_000 + row);
    }
    TempProject::new(&[("contracts.csv", &text)])
}

fn run(project: &TempProject, verb: &str, more: &[&str]) -> crate::binary::Outcome {
    let input = project.path("contracts.csv");
    let input = input.to_str().expect("a path in UTF-8");
    let args = ["propensity", verb, "--input", input, "--id", "number"];
    mercer(args.iter().chain(more))
}

#[test]
fn machines_get_the_measures_by_name() {
    let project = contracts();
    let given =
        ["--target", "left", "--positive", "yes", "--exclude", "notes", "--folds", "3", "--seed", "7", "--json"];
    let found = run(&project, "evaluate", &given).json();
    let evaluation = &found["evaluation"];
    for name in ["auc", "log_loss", "ece", "calibration_slope", "lift_at_10"] {
        assert!(evaluation[name].is_f64(), "{name}: {evaluation}");
        assert!(evaluation["folds"].as_array().expect("parts").iter().all(|part| part[name].is_number()), "{name}");
    }
    assert_eq!(evaluation["folds"].as_array().map(Vec::len), Some(3));
    assert!(evaluation["auc"].as_f64() > Some(0.65), "{evaluation}");
    assert_eq!(found["params"]["folds"], 3);
    assert_eq!(found.get("model"), None, "who evaluates wants no model");
}

#[test]
fn a_column_that_was_filled_afterwards_is_left_out_and_named() {
    let project = contracts();
    let fitted = run(&project, "fit", &["--target", "left", "--no-evaluation", "--json"]).json();
    let source = &fitted["model"]["targets"][0]["source"]["column"];
    let suspect = &source["suspects"][0];
    assert_eq!((suspect["feature"].as_str(), suspect["level"].as_str()), (Some("notes"), Some("leak")), "{source}");
    let features = source["encoder"]["features"].as_array().expect("features");
    assert!(features.iter().all(|feature| feature["name"] != "notes"), "{features:?}");
}

#[test]
fn a_saved_model_scores_open_contracts_with_reasons() {
    let project = contracts();
    let (model, scores) = (project.path("model.json"), project.path("scores.json"));
    let paths = [model.to_str().expect("a path"), scores.to_str().expect("a path")];
    run(&project, "fit", &["--target", "left", "--exclude", "notes", "--no-evaluation", "--out", paths[0]]).printed();
    run(&project, "predict", &["--model", paths[0], "--out", paths[1]]).printed();
    let scores: Value = serde_json::from_str(&project.read("scores.json")).expect("scores are JSON");
    let scores = scores.as_array().expect("rows");
    assert_eq!(scores.len(), 600, "contracts whose outcome is open are scored too");
    assert_eq!(scores[0]["customer_id"], "5000");
    let of_complaints = |complaints: usize| {
        let rows = scores.iter().skip(complaints).step_by(7).map(|row| row["probability"].as_f64().expect("a number"));
        rows.clone().sum::<f64>() / rows.count() as f64
    };
    assert!(of_complaints(6) > of_complaints(0) + 0.3);
    assert!(scores[6]["reason_1"].as_str().is_some_and(|reason| reason.contains("complaints")), "{}", scores[6]);
}

#[test]
fn what_cannot_be_predicted_is_refused_with_the_mend() {
    let project = contracts();
    run(&project, "fit", &[]).refused(2, &["which column is predicted", "--target"]);
    run(&project, "fit", &["--target", "lefft"]).refused(2, &["no column lefft", "left"]);
    run(&project, "fit", &["--target", "left", "--exclude", "plann"]).refused(2, &["no column plann", "plan"]);
    run(&project, "fit", &["--target", "complaints"]).refused(2, &["7 values", "--positive"]);
    run(&project, "fit", &["--target", "left", "--positive", "maybe"]).refused(2, &["no value maybe", "no, yes"]);
    run(&project, "fit", &["--target", "left", "--folds", "many"]).refused(2, &["folds"]);
    let few = project.write("contracts.csv", "number,age,left\n1,30,yes\n2,40,no\n3,50,no\n");
    drop(few);
    run(&project, "fit", &["--target", "left"]).refused(3, &["only 1 of 3 rows have the outcome"]);
}
