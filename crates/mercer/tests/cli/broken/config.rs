//! Configurations that cannot be obeyed as written: exit code 2, the line, and the mend.

use mercer_testkit::TempProject;

use crate::binary::{mercer, none, run};
use crate::shop::{config, orders};

/// A change to a good configuration, and what the message must hold.
struct Case {
    from: &'static str,
    to: &'static str,
    words: &'static [&'static str],
}

const fn case(from: &'static str, to: &'static str, words: &'static [&'static str]) -> Case {
    Case { from, to, words }
}

const ROWS_ARE: &str = "rows_are = \"order_lines\"";

const CASES: &[Case] = &[
    case("currency", "curency", &["line 3", "unknown field `curency`", "did you mean `currency`?"]),
    case("currency = \"EUR\"", "currency = 7", &["line 3", "invalid type", "string"]),
    case("currency = \"EUR\"", "currency = \"Euro\"", &["line 3", "\"Euro\" is not a currency", "ISO 4217"]),
    case("name = \"shop\"", "name = \"shop", &["line 2", "try: text stands in double quotes"]),
    case("name = \"shop\"", "name = \"shop\"\nname = \"two\"", &["line 3", "duplicate key", "each key once"]),
    case("name = \"shop\"", "name = \" \"", &["line 2", "the project has no name", "name = \"my-shop\""]),
    case("[project]", "[projekt]", &["unknown field `projekt`", "did you mean `project`?"]),
    case("[[source]]", "[source]", &["line 5", "try: "]),
    case(
        ROWS_ARE,
        "rows_are = \"order_line\"",
        &["line 8", "unknown variant `order_line`", "did you mean `order_lines`?"],
    ),
    case(ROWS_ARE, "", &["line 5", "missing field `rows_are`", "add a line `rows_are"]),
    case(
        "product_id = \"product_id\"",
        "produkt_id = \"product_id\"",
        &["line 14", "rows of order_lines have no field \"produkt_id\"", "did you mean `product_id`?"],
    ),
    case(
        "product_id = \"product_id\"",
        "shoe_size = \"product_id\"",
        &["line 14", "no field \"shoe_size\"", "[source.attributes]"],
    ),
    case(
        "product_id = \"product_id\"",
        "product_id = \"product_id\"\n\"order_lines.product_id\" = \"unit_price\"",
        &["source \"orders\" maps order_lines.product_id twice", "keep one of the two"],
    ),
    case("order_id = \"order_id\"", "", &["need order_id", "add `order_id = \"your column\"`"]),
    case("order_id = \"order_id\"", "order_id = 7", &["line 11", "neither a column", "constant"]),
    case("files = [\"orders.csv\"]", "files = []", &["line 7", "names no files", "files = ["]),
    case("files = [\"orders.csv\"]", "files = \"orders.csv\"", &["line 7", "invalid type"]),
    case(
        "\"orders.csv\"",
        "\"orders-*.csv\"",
        &["source \"orders\"", "no file matches \"orders-*.csv\"", "orders.csv"],
    ),
    case("\"orders.csv\"", "\"nowhere/*.csv\"", &["no file matches \"nowhere/*.csv\"", "there is no folder"]),
    case("[[source]]", "[engine]\nmemory = \"plenty\"\n[[source]]", &["line 6", "not an amount of memory", "512 MB"]),
    case("[[source]]", "[engine]\nthreads = 0\n[[source]]", &["line 6", "zero"]),
    case(
        "[[source]]",
        "[rules]\ncancelation_prefix = \"C\"\n[[source]]",
        &["line 6", "did you mean `cancellation_prefix`?"],
    ),
    case(
        "ordered_at = \"ordered_at\"",
        "ordered_at = { constant = \"soon\" }",
        &["ordered_at", "`soon` is not a time", "try: "],
    ),
    case(
        "[source.columns]",
        "[source.attributes]\nevents = [\"unit_price\"]\n[source.columns]",
        &["line 11", "a row of order_lines cannot keep attributes of events"],
    ),
];

#[test]
fn a_wrong_configuration_is_named_by_line_with_its_mend() {
    let good = config("orders.csv");
    let data = orders(0, 20);
    let mut complaints = Vec::new();
    for case in CASES {
        let text = good.replacen(case.from, case.to, 1);
        assert_ne!(text, good, "`{}` is not in the configuration", case.from);
        let project = TempProject::new(&[("mercer.toml", &text), ("orders.csv", &data)]);
        let outcome = run(project.root());
        complaints.extend(outcome.complaint(2, case.words).map(|wrong| format!("{}: {wrong}", case.to)));
        assert_eq!(outcome.stdout, "", "nothing but errors is said");
    }
    none(&complaints);
}

#[test]
fn sources_need_names_of_their_own() {
    let good = config("orders.csv");
    let twice = format!("{good}\n{}", &good[good.find("[[source]]").expect("a source")..]);
    let project = TempProject::new(&[("mercer.toml", &twice), ("orders.csv", &orders(0, 20))]);
    run(project.root())
        .refused(2, &["mercer.toml, line 19", "a second source is called \"orders\"", "name of its own"]);
}

#[test]
fn a_file_that_is_no_configuration_is_refused() {
    let cases: [(&[u8], &[&str]); 3] = [
        (b"", &["mercer.toml", "missing field `project`", "[project]"]),
        (b"[project]\nname = \"shop\"\n", &["mercer.toml", "no sources", "mercer init"]),
        (b"name,value\n1,2\n", &["mercer.toml, line 1"]),
    ];
    let mut complaints = Vec::new();
    for (bytes, words) in cases {
        let project = TempProject::new(&[]);
        project.write("mercer.toml", bytes);
        complaints.extend(run(project.root()).complaint(2, words));
    }
    none(&complaints);
    let project = TempProject::new(&[("mercer.toml/readme", "")]);
    run(project.root()).refused(1, &["mercer.toml", "directory"]);
    let project = TempProject::new(&[]);
    std::fs::write(project.path("mercer.toml"), b"[project]\nname = \"caf\xe9\"\n").expect("it is written");
    run(project.root()).refused(2, &["mercer.toml", "UTF-8"]);
}

#[test]
fn a_wrong_metric_is_named_with_its_file() {
    let project = TempProject::new(&[
        ("mercer.toml", &config("orders.csv")),
        ("metrics.toml", "[[metric]]\nname = \"margin\"\nnonsense = true\n"),
        ("orders.csv", &orders(0, 20)),
    ]);
    run(project.root()).refused(2, &["metrics.toml"]);
}

#[test]
fn a_folder_without_a_configuration_says_how_to_make_one() {
    let project = TempProject::new(&[("orders.csv", &orders(0, 20))]);
    for command in ["run", "check", "report"] {
        let outcome = mercer([command, "--project", &project.root().display().to_string()]);
        outcome.refused(2, &["there is no mercer.toml in", "`mercer init"]);
    }
}

/// Where the lake cannot be written: something else stands in its place.
#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let project = TempProject::new(&[
        ("mercer.toml", &config("orders.csv")),
        ("orders.csv", &orders(0, 20)),
        ("lake", "a file where the folder should be"),
    ]);
    run(project.root()).refused(1, &["lake"]);
    assert_eq!(project.read("lake"), "a file where the folder should be");
}

/// Where permissions forbid writing; root may write everywhere, so there is nothing to see then.
#[cfg(unix)]
#[test]
fn a_folder_without_permission_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let project = TempProject::new(&[("mercer.toml", &config("orders.csv")), ("orders.csv", &orders(0, 20))]);
    let allow =
        |mode| std::fs::set_permissions(project.root(), std::fs::Permissions::from_mode(mode)).expect("own folder");
    allow(0o555);
    if std::fs::write(project.path("probe"), "").is_ok() {
        println!("skipped: this user may write everywhere");
    } else {
        run(project.root()).refused(1, &["lake", "ermission"]);
    }
    allow(0o755);
}
