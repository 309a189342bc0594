//! XGBoost's models read and written: its own margins are the truth.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod fixtures;

use std::io::Write;
use std::process::{Command, Stdio};

use fixtures::{Column, Fixture, NAMES, assert_close};
use mercer_boost::shapley::Explainer;
use mercer_boost::{Ensemble, Feature, Node, Objective, Split, Test, Tree};

#[test]
fn margins_and_predictions_are_those_of_xgboost() {
    for name in NAMES {
        let fixture = Fixture::read(name);
        let (ensemble, matrix) = (fixture.ensemble(), fixture.matrix());
        // XGBoost adds the trees up in single precision.
        assert_close(name, &ensemble.margins(&matrix).unwrap(), &fixture.margins, 1e-6);
        assert_close(name, &ensemble.predictions(&matrix).unwrap(), &fixture.predictions, 1e-6);
    }
}

#[test]
fn objectives_and_features_are_read() {
    let read = |name: &str| Ensemble::from_xgboost(&Fixture::read(name).model).unwrap();
    assert_eq!(read("logistic").0.objective, Objective::Logistic);
    assert_eq!(read("cox").0.objective, Objective::Cox);
    assert_eq!(read("quantile").0.objective, Objective::Quantile { level: 0.8 });
    let (ensemble, names) = read("categorical");
    assert_eq!(ensemble.objective, Objective::Squared);
    assert_eq!(names, ["f0", "f1", "f2", "f3"]);
    assert_eq!(ensemble.features[..2], [Feature::Number; 2]);
    assert!(ensemble.features[2..].iter().all(|feature| matches!(feature, Feature::Category { .. })));
}

#[test]
fn what_is_written_is_read_again() {
    for name in NAMES {
        let fixture = Fixture::read(name);
        let (ensemble, names) = Ensemble::from_xgboost(&fixture.model).unwrap();
        let (again, same_names) = Ensemble::from_xgboost(&ensemble.to_xgboost(&names).unwrap()).unwrap();
        assert_eq!(names, same_names);
        assert_eq!(again.objective, ensemble.objective);
        let matrix = fixture.matrix();
        assert_close(name, &again.margins(&matrix).unwrap(), &ensemble.margins(&matrix).unwrap(), 1e-6);
        assert_eq!(again.importance(), ensemble.importance());
    }
}

#[test]
fn saved_ensembles_come_back_to_the_last_bit() {
    for name in NAMES {
        let ensemble = Fixture::read(name).ensemble();
        let text = serde_json::to_string_pretty(&ensemble).unwrap();
        // A tree is one line.
        assert_eq!(
            text.lines().filter(|line| line.contains(",L,") || line.contains(",R,")).count(),
            ensemble.trees.len()
        );
        assert_eq!(serde_json::from_str::<Ensemble>(&text).unwrap(), ensemble);
    }
}

#[test]
fn other_models_are_refused_by_name() {
    let model = Fixture::read("logistic").model;
    for (from, to, says) in [
        ("\"gbtree\"", "\"dart\"", "dart"),
        ("\"binary:logistic\"", "\"rank:ndcg\"", "rank:ndcg"),
        ("\"num_class\":\"0\"", "\"num_class\":\"3\"", "3 classes"),
        ("\"num_target\":\"1\"", "\"num_target\":\"2\"", "2 outcomes"),
        ("\"size_leaf_vector\":\"1\"", "\"size_leaf_vector\":\"3\"", "several values"),
        ("\"num_feature\":\"5\",\"num_target\"", "\"num_feature\":\"2\",\"num_target\"", "damaged"),
        ("\"left_children\":[1,", "\"left_children\":[0,", "damaged"),
        ("\"left_children\":[1,", "\"left_children\":[9999,", "damaged"),
        ("\"right_children\":[2,", "\"right_children\":[", "damaged"),
        ("\"sum_hessian\":[", "\"sum_hessian\":[-", "damaged"),
        ("\"learner\"", "\"teacher\"", "not an XGBoost model"),
    ] {
        assert!(model.contains(from), "{from}");
        let error = Ensemble::from_xgboost(&model.replacen(from, to, 1)).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        assert!(error.hint().is_some(), "{error}");
    }
    for end in (0..model.len()).step_by(97) {
        assert!(Ensemble::from_xgboost(&model[..end]).is_err());
    }
}

/// A test of numbers and one of categories, and values that single precision does not hold in a base score.
fn by_hand(objective: Objective, base: f64) -> Ensemble {
    let node = |cover, value, split| Node { cover, value, split };
    let split = |feature, test, missing_left, left| {
        Some(Split { feature, test, missing_left, left, right: left + 1, gain: 2.5 })
    };
    let nodes = vec![
        node(10.0, 0.1, split(0, Test::Below(0.5), true, 1)),
        node(6.0, 0.2, split(1, Test::Among(vec![0, 3, 40]), false, 3)),
        node(4.0, -0.7, None),
        node(2.5, 0.3, None),
        node(3.5, 1.25, split(1, Test::Among(vec![3]), true, 5)),
        node(1.5, -2.0, None),
        node(2.0, 0.75, None),
    ];
    let features = vec![Feature::Number, Feature::Category { count: 41 }];
    let stump = Tree { nodes: vec![node(10.0, 0.125, None)] };
    Ensemble { objective, base, features, trees: vec![Tree { nodes }, stump] }
}

/// Rows for [`by_hand`], missing values and values on the threshold among them.
fn rows_by_hand() -> Fixture {
    let numbers = [Some(0.25), Some(0.5), None, Some(-3.0), Some(0.0), Some(9.0), None];
    let codes = [Some(0.0), Some(3.0), Some(3.0), Some(40.0), Some(1.0), None, None];
    let column = |kind: &str, values: [Option<f32>; 7]| Column { kind: kind.to_owned(), values: values.to_vec() };
    Fixture { columns: vec![column("q", numbers), column("c", codes)], ..Fixture::default() }
}

const LOADER: &str = r#"
import json, sys, tempfile, os
import numpy as np, xgboost
path = os.path.join(tempfile.mkdtemp(), "model.json")
flat = lambda values: [float(v) for v in np.asarray(values).ravel()]
answers = []
for given in json.load(sys.stdin):
    open(path, "w", encoding="utf-8").write(given["model"])
    model = xgboost.Booster(model_file=path)
    x = np.array([[np.nan if v is None else v for v in values] for values in given["columns"]], dtype=np.float32).T
    rows = xgboost.DMatrix(x, feature_names=model.feature_names, feature_types=model.feature_types, enable_categorical=True)
    answers.append({"margins": flat(model.predict(rows, output_margin=True)), "predictions": flat(model.predict(rows)),
                    "contributions": flat(model.predict(rows, pred_contribs=True))})
print(json.dumps(answers))
"#;

/// What XGBoost says of some rows.
#[derive(serde::Deserialize)]
struct Answer {
    margins: Vec<f64>,
    predictions: Vec<f64>,
    contributions: Vec<f64>,
}

/// What XGBoost says when it loads the model of each case.
fn ask_xgboost(python: &str, cases: &[(String, Ensemble, Fixture)]) -> Vec<Answer> {
    let given = cases.iter().map(|(_, ensemble, rows)| {
        let names: Vec<String> = (0..rows.columns.len()).map(|index| format!("column [{index}] < \"ü\"")).collect();
        let columns: Vec<_> = rows.columns.iter().map(|column| &column.values).collect();
        serde_json::json!({ "model": ensemble.to_xgboost(&names).unwrap(), "columns": columns })
    });
    let given = serde_json::Value::Array(given.collect()).to_string();
    let mut child =
        Command::new(python).args(["-c", LOADER]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(given.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn xgboost_loads_what_is_written() {
    let python = std::env::var("MERCER_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has_xgboost = Command::new(&python).args(["-c", "import xgboost"]).stderr(Stdio::null()).status();
    if !has_xgboost.is_ok_and(|status| status.success()) {
        println!("skipped: {python} has no xgboost; MERCER_PYTHON names another interpreter");
        return;
    }
    let mut cases = Vec::new();
    for name in NAMES {
        let fixture = Fixture::read(name);
        cases.push((name.to_owned(), fixture.ensemble(), fixture));
    }
    for (objective, base) in [
        (Objective::Squared, 123.456_789_012),
        (Objective::Logistic, 4.567_890_123),
        (Objective::Logistic, -25.0),
        (Objective::Cox, -0.3),
        (Objective::Quantile { level: 0.25 }, 0.1),
    ] {
        cases.push((format!("{objective:?} from {base}"), by_hand(objective, base), rows_by_hand()));
    }
    let answers = ask_xgboost(&python, &cases);
    assert_eq!(answers.len(), cases.len());
    for ((name, ensemble, rows), theirs) in cases.iter().zip(answers) {
        let matrix = rows.matrix();
        assert_close(name, &ensemble.margins(&matrix).unwrap(), &theirs.margins, 1e-6);
        assert_close(name, &ensemble.predictions(&matrix).unwrap(), &theirs.predictions, 1e-6);
        let ours = Explainer::new(ensemble).unwrap().values(&matrix).unwrap();
        // Without their last column, the expected margin.
        let width = rows.columns.len();
        let theirs: Vec<f64> = theirs.contributions.chunks(width + 1).flat_map(|row| row[..width].to_vec()).collect();
        assert_close(name, &ours.values, &theirs, 1e-5);
    }
}
