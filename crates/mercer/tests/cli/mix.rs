//! `mercer mix` on pymc-marketing's example, whose truth is known: the answers machines get, a plan's forecast, clear refusals.

use std::fmt::Write as _;
use std::path::Path;

use mercer_testkit::{TempProject, data};

use crate::binary::mercer;

const MAP: &str = "date=date_week,target=y";

fn example() -> Option<std::path::PathBuf> {
    data("mmm_pymc/mmm_example.csv")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

#[test]
fn machines_get_parameters_shares_and_diagnostics() {
    let Some(path) = example() else { return };
    let args = ["mix", "fit", "--input", text(&path), "--map", MAP, "--channels", "x1,x2"];
    let found = mercer(args.iter().chain(&["--controls", "event_1,event_2,t", "--json"])).json();
    let model = &found["model"];
    for (what, name, truth) in [
        ("parameters", "adstock_alpha[x1]", 0.4),
        ("parameters", "adstock_alpha[x2]", 0.2),
        ("parameters", "saturation_lam[x1]", 4.0),
        ("parameters", "saturation_lam[x2]", 3.0),
        ("contribution_share", "x1", 0.2905),
        ("contribution_share", "x2", 0.0697),
    ] {
        let estimate = &model[what][name];
        let number = |value: &serde_json::Value| value.as_f64().unwrap_or_else(|| panic!("{name}: {estimate}"));
        let (low, high) = (number(&estimate["hdi_90"][0]), number(&estimate["hdi_90"][1]));
        assert!(low <= truth && truth <= high && number(&estimate["sd"]) > 0.0, "{name}: {estimate}");
        assert!((low..=high).contains(&number(&estimate["mean"])), "{name}: {estimate}");
    }
    assert!(model["roi"]["x1"]["mean"].as_f64() > Some(0.0), "{}", model["roi"]);
    let diagnostics = &model["diagnostics"];
    assert!(diagnostics["r_hat_max"].as_f64() <= Some(1.01), "{diagnostics}");
    assert!(diagnostics["ess_bulk_min"].as_f64() >= Some(600.0), "{diagnostics}");
    assert_eq!(diagnostics["divergences"], 0, "{diagnostics}");
    assert!(found["evaluation"]["verdict"].is_string(), "{}", found["evaluation"]);
}

#[test]
fn a_saved_model_forecasts_a_plan() {
    let Some(path) = example() else { return };
    let mut plan = String::from("date_week,x1,x2,event_1,event_2,t\n");
    for (week, spend) in [("2021-09-06", 0.1), ("2021-09-13", 0.9)] {
        let _ = writeln!(plan, "{week},{spend},0.2,0,0,180");
    }
    let project = TempProject::new(&[("plan.csv", &plan)]);
    let (model, input, out) = (project.path("model.json"), project.path("plan.csv"), project.path("forecast.csv"));
    let fit = ["mix", "fit", "--input", text(&path), "--map", MAP, "--channels", "x1,x2", "--no-evaluation"];
    let quick = ["--controls", "event_1,event_2,t", "--draws", "200", "--tune", "400", "-q", "--out", text(&model)];
    mercer(fit.iter().chain(&quick)).printed();
    let predict = ["mix", "predict", "--model", text(&model), "--input", text(&input), "--map", "date=date_week"];
    mercer(predict.iter().chain(&["--out", text(&out)])).printed();
    let forecast = std::fs::read_to_string(&out).expect("a forecast");
    let rows: Vec<Vec<&str>> = forecast.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0], ["date", "expected", "expected_low", "expected_high", "baseline"]);
    let number = |row: usize, column: usize| rows[row][column].parse::<f64>().expect("a number");
    assert_eq!(rows.len(), 3, "{forecast}");
    for row in 1..3 {
        assert!(number(row, 2) < number(row, 1) && number(row, 1) < number(row, 3), "{forecast}");
    }
    // Nine times the spend on x1 brings more than channels brought before; the baseline hardly moves in a week.
    let brought = |row: usize| number(row, 1) - number(row, 4);
    assert!(brought(2) > brought(1) + 500.0, "{forecast}");
}

#[test]
fn rows_that_cannot_be_are_named() {
    let weeks = |more: &str| {
        let mut text = String::from("week,sales,tv\n");
        for day in 1..=28 {
            let _ = writeln!(text, "2025-02-{day:02},{},{}", 100 + day % 7, day % 5);
        }
        text + more
    };
    let refused = |text: &str, channels: &str, code: i32, words: &[&str]| {
        let project = TempProject::new(&[("weeks.csv", text)]);
        let input = project.path("weeks.csv");
        let args =
            ["mix", "fit", "--input", self::text(&input), "--map", "date=week,target=sales", "--channels", channels];
        mercer(args).refused(code, words);
    };
    refused(&weeks("2025-02-03,1,1\n"), "tv", 3, &["two rows for 2025-02-03"]);
    refused(&weeks("2025-03-01,100,-4\n"), "tv", 3, &["weeks.csv, line 30", "tv is -4, below 0"]);
    refused(&weeks(""), "tv,radio", 2, &["no column of numbers called radio", "tv"]);
    refused("week,sales,tv\n2025-01-06,3,1\n2025-01-13,4,2\n", "tv", 3, &["2 periods are too few"]);
}
