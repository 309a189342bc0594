//! `mercer lifetime` on published data, against the figures of the papers and of other packages, and on broken input.

use std::fmt::Write as _;
use std::path::Path;

use mercer_testkit::{TempProject, data};
use serde_json::Value;

use crate::binary::{mercer, none, query, run, value};

const SUMMARY: &str = "cdnow/cdnow_customers_summary_with_transactions.csv";
/// As its columns are called by those who publish it.
const MAPPING: &str = "frequency=x,recency=t_x,T=T,monetary=zbar";

fn fit(input: &Path, more: &[&str]) -> Value {
    let input = input.to_str().expect("a path in UTF-8");
    mercer(["lifetime", "fit", "--json", "--input", input].iter().chain(more)).json()
}

/// Parameters to one part in a thousand, as the papers round them; log-likelihood to 0.001.
#[track_caller]
fn agrees(model: &Value, parameters: &[(&str, f64)], log_likelihood: f64) {
    for (name, expected) in parameters {
        let found = model["parameters"][name].as_f64().unwrap_or_else(|| panic!("no {name} in {model}"));
        assert!((found / expected - 1.0).abs() < 1e-3, "{name}: {found} instead of {expected}");
    }
    let found = model["log_likelihood"].as_f64().unwrap_or_else(|| panic!("no log-likelihood in {model}"));
    assert!((found - log_likelihood).abs() < 1e-3, "log-likelihood {found} instead of {log_likelihood}");
}

#[test]
fn cdnow_models() {
    let Some(path) = data(SUMMARY) else { return };
    let of = |model: &str| {
        let param = format!("model={model}");
        fit(&path, &["--map", MAPPING, "--no-evaluation", "--param", &param])["model"].clone()
    };
    let bg = of("bg-nbd");
    agrees(&bg, &[("r", 0.242_59), ("alpha", 4.413_53), ("a", 0.792_89), ("b", 2.425_75)], -9582.426);
    agrees(&of("mbg-nbd"), &[("r", 0.524_84), ("alpha", 6.182_99), ("a", 0.891_36), ("b", 1.614)], -9582.133);
    let pareto = of("pareto-nbd");
    agrees(&pareto, &[("r", 0.5533), ("alpha", 10.578), ("s", 0.6062), ("beta", 11.668)], -9594.974);
    for (name, expected) in [("r", 0.0476), ("alpha", 0.843), ("s", 0.187), ("beta", 6.21)] {
        let found = pareto["standard_errors"][name].as_f64().expect(name);
        assert!((found / expected - 1.0).abs() < 0.02, "standard error of {name}: {found} instead of {expected}");
    }
    agrees(&of("nbd"), &[("r", 0.384_77), ("alpha", 12.0721)], -9763.66);
    let spend = of("gamma-gamma");
    agrees(&spend, &[("p", 6.2488), ("q", 3.7446), ("v", 15.4477)], -4055.923);
    let mean = spend["spend"]["population_mean"].as_f64().expect("a mean");
    assert!((mean - 35.171).abs() < 1e-2, "{mean}");
    agrees(&bg["spend"], &[("p", 6.2488), ("q", 3.7446), ("v", 15.4477)], -4055.923);
}

#[test]
fn discrete_and_contractual_models() {
    let Some(donations) = data("bgbb_donations/bgbb_donations.csv") else { return };
    let donors = [("alpha", 1.203_52), ("beta", 0.749_72), ("gamma", 0.656_72), ("delta", 2.783_44)];
    let options = ["--param", "model=bg-bb", "--param", "time_unit=year"];
    agrees(&fit(&donations, &options)["model"], &donors, -33_225.581);
    // The same donors, counted: the number of them is a weight.
    let Some(counted) = data("bgbb_donations/donations.csv") else { return };
    agrees(&fit(&counted, &options)["model"], &donors, -33_225.581);

    let Some(contracts) = data("contractual_retention/sbg_reg_hi_cohorts.csv") else { return };
    let text = std::fs::read_to_string(contracts).expect("readable");
    let cohorts = [
        ("highend", [("alpha", 0.668), ("beta", 3.806)], -1611.16),
        ("regular", [("alpha", 0.704), ("beta", 1.182)], -1680.27),
    ];
    for (cohort, parameters, log_likelihood) in cohorts {
        let rows = text.lines().enumerate().filter(|(line, row)| *line == 0 || row.ends_with(cohort));
        let rows: Vec<&str> = rows.map(|(_, row)| row).collect();
        let project = TempProject::new(&[("contracts.csv", &rows.join("\n"))]);
        let model = fit(&project.path("contracts.csv"), &["--param", "model=sbg"])["model"].clone();
        // Published to three decimals, the log-likelihood to two.
        for (name, expected) in parameters {
            let found = model["parameters"][name].as_f64().expect(name);
            assert!((found - expected).abs() < 1e-3, "{cohort} {name}: {found}");
        }
        let found = model["log_likelihood"].as_f64().expect("a log-likelihood");
        assert!((found - log_likelihood).abs() < 0.01, "{cohort}: {found}");
    }
}

/// The holdout of the second 39 weeks, from single purchases.
#[test]
fn cdnow_holdout() {
    let Some(path) = data("cdnow/cdnow_transactions.csv") else { return };
    let of = |model: &str| {
        let param = format!("model={model}");
        let options = ["--map", "customer_id=id,amount=spent", "--param", "holdout=39", "--param", "until=1998-06-30"];
        fit(&path, &options.iter().chain(&["--param", &param]).copied().collect::<Vec<_>>())["evaluation"].clone()
    };
    // Rounded as published: totals to whole purchases, errors to three decimals, AUC to four.
    let figures = [
        ("bg-nbd", 1653.0, 0.785, 1.608, 0.7725),
        ("mbg-nbd", 1577.0, 0.765, 1.607, 0.7728),
        ("pareto-nbd", 1666.0, 0.755, 1.603, 0.7787),
    ];
    for (model, predicted, mae, rmse, auc) in figures {
        let evaluation = of(model);
        let found =
            |name: &str| evaluation[name].as_f64().unwrap_or_else(|| panic!("{model}: no {name}: {evaluation}"));
        assert_eq!(found("actual"), 1882.0);
        assert!((found("predicted") - predicted).abs() < 1.0, "{model}: {evaluation}");
        assert!((found("mae") - mae).abs() < 1e-3 && (found("rmse") - rmse).abs() < 1e-3, "{model}: {evaluation}");
        assert!((found("auc_buys") - auc).abs() < 2e-4, "{model}: {evaluation}");
        assert_eq!(evaluation["verdict"], "beats-baseline", "{model}");
    }
    // People read the same: 1653 of 1882 is 12 % fewer, on the held-out days alone.
    let path = path.to_str().expect("UTF-8");
    let options = ["--map", "customer_id=id,amount=spent", "--param", "holdout=39", "--param", "until=1998-06-30"];
    let args = ["lifetime", "fit", "--input", path, "--param", "model=bg-nbd"];
    let said = mercer(args.iter().chain(&options)).printed();
    assert!(said.contains("On time it had not seen, the model expected 12\u{202f}% fewer than came"), "{said}");
}

/// Covariates that change over time: apparel sells in season, and knowing it improves the forecast.
#[test]
fn a_calendar_of_covariates() {
    let Some(purchases) = data("apparel_clv/apparelTrans.csv") else { return };
    let Some(periods) = data("apparel_clv/apparelDynCov.csv.gz") else { return };
    let mapping = "customer_id=Id,date=Date,amount=Price";
    let options = ["--param", "model=bg-nbd", "--param", "until=2006-12-31"];
    let plain = fit(&purchases, &[&["--map", mapping], &options[..]].concat());
    let calendar = format!("calendar={}", periods.display());
    let mapping = format!("{mapping},start=Cov.Date");
    let project = TempProject::new(&[]);
    let scores = project.path("scores.json").display().to_string();
    let more = ["--input", &calendar, "--map", &mapping, "--scores", &scores];
    let seasonal = fit(&purchases, &[&more, &options[..]].concat());
    let log_likelihood = |fitted: &Value| fitted["model"]["log_likelihood"].as_f64().expect("a log-likelihood");
    // Three covariates: a gain of 5.7 would be significant at 1 %.
    assert!(log_likelihood(&seasonal) > log_likelihood(&plain) + 50.0);
    let season = &seasonal["model"]["effects"]["purchase: High.Season"];
    assert!(season["value"].as_f64() > season["standard_error"].as_f64().map(|error| 5.0 * error), "{season}");
    assert!(seasonal["evaluation"]["rmse"].as_f64() < plain["evaluation"]["rmse"].as_f64());
    let rows: Vec<Value> = serde_json::from_str(&project.read("scores.json")).expect("JSON");
    let between = |row: &Value| {
        let of = |name: &str| row[name].as_f64().expect("a number");
        of("clv_low") <= of("clv") && of("clv") <= of("clv_high") && (0.0..=1.0).contains(&of("p_alive"))
    };
    assert!(rows.len() == 600 && rows.iter().all(between));

    // Periods that end before the horizon are named.
    let input = purchases.to_str().expect("UTF-8");
    let start = ["lifetime", "fit", "--input", input, "--input", &calendar, "--map", &mapping, "--scores", &scores];
    mercer(start.iter().chain(&["--param", "horizon=500"])).refused(3, &["the calendar ends on", "horizon"]);
}

/// A model that is saved and used again says the same as at once.
#[test]
fn a_saved_model_predicts_the_same() {
    let project = TempProject::new(&[("orders.csv", &orders())]);
    let path = |name: &str| project.path(name).to_str().expect("UTF-8").to_owned();
    let (input, model, first, again) = (path("orders.csv"), path("model.json"), path("first.csv"), path("again.csv"));
    mercer(["lifetime", "fit", "--input", &input, "--out", &model, "--scores", &first]).printed();
    mercer(["lifetime", "predict", "--input", &input, "--model", &model, "--out", &again]).printed();
    assert_eq!(project.read("first.csv"), project.read("again.csv"));
    assert!(project.read("first.csv").starts_with("customer_id,p_alive,"));
    let other = project.write("other.json", project.read("model.json").replace("\"lifetime\"", "\"segment\""));
    let other = other.to_str().expect("UTF-8");
    mercer(["lifetime", "predict", "--input", &input, "--model", other]).refused(2, &["a model of segment"]);
}

/// Orders of 90 customers, some of whom stop coming.
fn orders() -> String {
    let mut text = "customer_id,date,amount\n".to_owned();
    for customer in 0..90_u32 {
        let gap = 5 + customer * 7 % 40;
        let end = if customer % 3 == 0 { 120 } else { 300 };
        for day in (customer % 30..end).step_by(gap as usize) {
            let (month, day) = (1 + day / 28, 1 + day % 28);
            writeln!(text, "c{customer},2024-{month:02}-{day:02},{}", 10 + customer % 17).expect("a string takes all");
        }
    }
    text
}

/// The file, the options, the exit code, words of the message.
#[test]
fn broken_input() {
    let cases: &[(&str, &[&str], i32, &[&str])] = &[
        ("customer_id,frequency,recency,T,monetary\na,2,5,10,7\n", &[], 3, &["too little data", "it takes 30 and 10"]),
        (
            "frequency,recency,T\n0,0,10\n0,0,20\n0,0,30\n",
            &["--param", "model=bg-nbd"],
            3,
            &["3 customers, 0 of whom bought a second time"],
        ),
        ("frequency,recency,T\n2,-5,10\n", &[], 3, &["line 2", "recency -5 is negative"]),
        ("frequency,recency,T\n2,15,10\n", &[], 3, &["line 2", "recency 15 is larger than T 10"]),
        ("frequency,recency,T\n1.5,5,10\n", &[], 3, &["frequency 1.5"]),
        ("frequency,recency\n1,5\n", &[], 3, &["which column is", "--map"]),
        ("frequency,recency,T\n", &[], 3, &["no rows"]),
        ("", &[], 3, &["empty"]),
        ("frequency,recency,T\n1,x,10\n", &[], 3, &["`x` is not a number"]),
        ("frequency,recency,T\n1,5,10\n", &["--param", "model=bgnbd"], 2, &["unknown variant", "bg-nbd"]),
        ("frequency,recency,T\n1,5,10\n", &["--param", "horizon=-3"], 2, &["horizon", "above 0"]),
        ("frequency,recency,T\n1,5,10\n", &["--param", "horizn=3"], 2, &["no parameter horizn", "horizon"]),
        ("frequency,recency,T\n1,5,10\n", &["--map", "recency=tx"], 2, &["no column tx"]),
        ("frequency,recency,T\n1,5,10\n", &["--param", "covariates=age"], 2, &["no column age"]),
        ("customer_id,date,amount\na,2024-01-01,5\n", &["--param", "model=sbg"], 2, &["opportunities"]),
        ("customer_id,date\na,2024-01-01\na,2024-02-01\n", &["--param", "until=2023-01-01"], 3, &["after the end"]),
        ("customer_id,date\na,2024-01-01\na,2090-02-01\n", &[], 3, &["line 3", "2090-02-01 is in the future"]),
        ("frequency,monetary\n2,0\n3,0\n", &["--param", "model=gamma-gamma"], 3, &["monetary"]),
        ("recency,T\n1,2\n2,2\n", &["--param", "model=bg-nbd"], 2, &["needs a column frequency"]),
    ];
    let mut complaints = Vec::new();
    for (text, options, code, words) in cases {
        let project = TempProject::new(&[("input.csv", text)]);
        let input = project.path("input.csv");
        let start = ["lifetime", "fit", "--input", input.to_str().expect("UTF-8")];
        let outcome = mercer(start.iter().chain(*options));
        complaints
            .extend(outcome.complaint(*code, words).map(|complaint| format!("{text:?} {options:?}: {complaint}")));
    }
    none(&complaints);
}

/// A customer with a million purchases, and one who bought 221 times within the observation, are scored with finite numbers.
#[test]
fn heavy_buyers_are_scored() {
    let mut text = "customer_id,frequency,recency,T,monetary\n".to_owned();
    for customer in 0..200_u32 {
        let (x, age) = (customer % 6, 50 + customer % 40);
        writeln!(text, "c{customer},{x},{},{age},{}", if x == 0 { 0 } else { age * x / 7 }, 20 + customer % 9)
            .expect("a string takes all");
    }
    text.push_str("many,221,103.4286,103.5714,30\nmillion,1000000,99,100,12\n");
    let project = TempProject::new(&[("input.csv", &text)]);
    let (input, scores) = (project.path("input.csv"), project.path("scores.json"));
    for model in ["bg-nbd", "mbg-nbd", "pareto-nbd"] {
        let param = format!("model={model}");
        let (input, out) = (input.to_str().expect("UTF-8"), scores.to_str().expect("UTF-8"));
        mercer(["lifetime", "fit", "--input", input, "--param", &param, "--scores", out]).printed();
        let rows: Vec<Value> = serde_json::from_str(&project.read("scores.json")).expect("JSON");
        assert_eq!(rows.len(), 202);
        for row in &rows {
            for (name, value) in row.as_object().expect("a row") {
                assert!(
                    name == "customer_id" || value.as_f64().is_some_and(f64::is_finite),
                    "{model}: {name} of {row}"
                );
            }
        }
        let many = rows.iter().find(|row| row["customer_id"] == "many").expect("the customer");
        assert!(many["p_alive"].as_f64().expect("a chance") > 0.9, "{model}: {many}");
    }
}

/// In a project the method runs by itself: scores in the customer 360, its cards in the report, its row in `methods`.
#[test]
fn a_project_scores_its_customers() {
    let config = r#"
[project]
name = "shop"
currency = "EUR"

[[source]]
name = "orders"
files = ["orders.csv"]
rows_are = "orders"
[source.columns]
order_id = "order"
customer_id = "customer_id"
ordered_at = "date"
total = "amount"

[methods.lifetime]
model = "bg-nbd"
holdout = 10
"#;
    let mut rows = orders().lines().enumerate().fold(String::new(), |mut rows, (number, line)| {
        writeln!(rows, "{},{line}", if number == 0 { "order".to_owned() } else { number.to_string() })
            .expect("a string");
        rows
    });
    rows.push('\n');
    let project = TempProject::new(&[("mercer.toml", config), ("orders.csv", rows.trim())]);
    run(project.root()).printed();
    let scored =
        "select count(*) from customer_360 where clv >= clv_low and clv <= clv_high and p_alive between 0 and 1";
    assert_eq!(value(project.root(), scored), 90);
    let methods = query(project.root(), "select method, status, verdict from methods");
    assert_eq!((&methods[0]["method"], &methods[0]["status"]), (&"lifetime".into(), &"done".into()), "{methods:?}");
    let report = project.read("report/index.html");
    assert!(report.contains("Value at risk") && report.contains("lifetime-tracking"));
    // The scores are as of the end of the data; an earlier state does not know them.
    let folder = project.root().to_str().expect("UTF-8");
    mercer(["query", "select clv from customer_360", "--as-of", "2024-06-01", "--project", folder])
        .refused(2, &["clv"]);
    // From the project, the verb fits what the run did.
    let fitted = mercer(["lifetime", "fit", "--project", folder, "--json", "--no-evaluation"]).json();
    assert_eq!(fitted["model"]["name"], "bg-nbd");
}

#[test]
fn a_wrong_method_section_is_named_by_line() {
    let project = |section: &str| {
        let config = format!("[project]\nname = \"shop\"\n\n{section}\n");
        TempProject::new(&[("mercer.toml", &config)])
    };
    for (section, words) in [
        ("[methods.lifetme]\n", &["line 4", "there is no method lifetme", "did you mean lifetime"][..]),
        ("[methods.lifetime]\nhorizon = -1\n", &["line 5", "horizon", "above 0"]),
        ("[methods.lifetime]\nhorizn = 1\n", &["line 5", "no parameter horizn"]),
    ] {
        run(project(section).root()).refused(2, words);
    }
}
