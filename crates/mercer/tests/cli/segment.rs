//! `mercer segment` on plain files: what it prints for machines, how it labels new customers, how ids hold.

use std::fmt::Write as _;

use mercer_testkit::TempProject;
use serde_json::Value;

use crate::binary::mercer;

/// Four kinds of customers at the corners of a square; `shift` moves everybody a little.
fn corners(shift: f64) -> String {
    let mut text = String::from("client;visits;basket\n");
    for row in 0..240_i32 {
        let (right, up) = (f64::from(row % 2), f64::from(row / 2 % 2));
        let jitter = |step: i32| f64::from(row * step % 31) / 31.0;
        let (visits, basket) = (10.0 * right + jitter(7) + shift, 80.0 * up + 8.0 * jitter(11) + shift);
        let _ = writeln!(text, "{};{visits:.3};{basket:.3}", 10_000 + row * 7);
    }
    text
}

fn fit(project: &TempProject, more: &[&str]) -> Value {
    let input = project.path("customers.csv");
    let input = input.to_str().expect("a path in UTF-8");
    let args = ["segment", "fit", "--input", input, "--id", "client", "--json", "--param", "bootstraps=10"];
    mercer(args.iter().chain(more)).json()
}

#[test]
fn machines_get_the_segments_with_their_figures() {
    let project = TempProject::new(&[("customers.csv", &corners(0.0))]);
    let fitted = fit(&project, &["--param", "k=4"]);
    assert_eq!(fitted["model"]["k"], 4);
    let segments = fitted["model"]["segments"].as_array().expect("segments");
    assert_eq!(segments.len(), 4);
    for segment in segments {
        assert_eq!(segment["size"], 60);
        assert!(segment["id"].as_str().is_some_and(|id| id.starts_with('S')), "{segment}");
        assert!(segment["name"].as_str().is_some_and(|name| !name.is_empty()), "{segment}");
        assert!(
            segment["rule"].as_str().is_some_and(|rule| rule.contains("visits") && rule.contains("basket")),
            "{segment}"
        );
        assert!(segment["jaccard"].as_f64().is_some_and(|jaccard| jaccard > 0.95), "{segment}");
    }
    let evaluation = &fitted["evaluation"];
    assert!(evaluation["inertia"].as_f64().is_some_and(|inertia| inertia > 0.0), "{evaluation}");
    assert!(evaluation["silhouette"].as_f64().is_some_and(|silhouette| silhouette > 0.8), "{evaluation}");
    assert_eq!(evaluation["rule_fidelity"], 1.0);
    // Left to itself it finds the four.
    assert_eq!(fit(&project, &[])["model"]["chosen"], "stable");
}

#[test]
fn new_customers_are_labelled_and_ids_hold() {
    let project = TempProject::new(&[("customers.csv", &corners(0.0))]);
    let path = |name: &str| project.path(name).to_str().expect("a path in UTF-8").to_owned();
    let first = fit(&project, &["--param", "k=4", "--out", &path("model.json")]);
    project.write("new.csv", "client;visits;basket\nx1;0.5;84\nx2;10.5;1\nx3;;\n");
    let labels = mercer([
        "segment",
        "predict",
        "--input",
        &path("new.csv"),
        "--id",
        "client",
        "--model",
        &path("model.json"),
        "--json",
    ]);
    let labels = labels.json();
    assert_eq!(labels.as_array().map(Vec::len), Some(3));
    assert_ne!(labels[0]["segment_id"], labels[1]["segment_id"]);
    assert!(labels[2]["segment_id"].is_string(), "without any value still somewhere: {labels}");

    // Later everybody has moved a little, and the labels a search happens to give are others.
    project.write("customers.csv", corners(0.4));
    let later = fit(&project, &["--param", "k=4", "--previous", &path("model.json")]);
    let rule_of = |fitted: &Value, id: &str| {
        let segments = fitted["model"]["segments"].as_array().expect("segments");
        let found =
            segments.iter().find(|segment| segment["id"] == id).unwrap_or_else(|| panic!("no {id} in {fitted}"));
        let sign = |name: &str| {
            let rule = found["rule"].as_str().expect("a rule");
            rule.split(" and ").find(|part| part.starts_with(name)).map(|part| part.contains('>'))
        };
        (sign("visits"), sign("basket"))
    };
    for id in ["S1", "S2", "S3", "S4"] {
        assert_eq!(rule_of(&first, id), rule_of(&later, id), "{id} is the same corner");
    }
}

#[test]
fn columns_that_are_not_there_are_named() {
    let project = TempProject::new(&[("customers.csv", &corners(0.0))]);
    let input = project.path("customers.csv");
    let args = |id: &'static str| ["segment", "fit", "--input", input.to_str().expect("a path in UTF-8"), "--id", id];
    mercer(args("cleint")).refused(2, &["cleint", "client"]);
    mercer(args("client").iter().chain(&["--map", "customer_id=visits"])).refused(2, &["--id and --map both"]);
    mercer(["segment", "fit", "--id", "client"]).refused(2, &["--id go with --input"]);
}
