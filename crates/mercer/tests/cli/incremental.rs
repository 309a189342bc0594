//! Runs after the first: no work where nothing changed, new and overlapping exports merged, and the same bytes as a project
//! that was built from everything at once.

use std::collections::BTreeMap;
use std::fs::{File, FileTimes};
use std::path::Path;
use std::time::{Duration, SystemTime};

use mercer_testkit::TempProject;
use serde_json::Value;

use crate::binary::{command, counts, finished, row, run, run_json, value};
use crate::shop::{HEADER, cents, config, orders, shop};

/// `mercer run --json` started beside the project, so that paths in its tables do not depend on where the test runs.
#[track_caller]
fn run_beside(folder: &TempProject, threads: u8) -> Value {
    let threads = threads.to_string();
    let args = ["run", "--json", "--project", "shop", "--threads", &threads];
    finished(&command(args).current_dir(folder.root()).output().expect("the binary starts")).json()
}

/// The newest manifest of a project.
fn manifest(project: &Path) -> Value {
    let mut snapshots: Vec<_> = std::fs::read_dir(project.join("lake/snapshots"))
        .expect("snapshots")
        .map(|entry| entry.expect("a snapshot").path())
        .collect();
    snapshots.sort();
    let newest = snapshots.last().expect("a snapshot").join("manifest.json");
    serde_json::from_str(&std::fs::read_to_string(newest).expect("a manifest")).expect("JSON")
}

/// Every file below a folder, with when it was written and which file it is.
fn identities(project: &TempProject) -> BTreeMap<String, (SystemTime, u64)> {
    let inode = |path: &Path| {
        #[cfg(unix)]
        return std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(path).expect("a file"));
        #[cfg(not(unix))]
        return std::fs::metadata(path).expect("a file").len();
    };
    let identity = |file: String| {
        let path = project.path(&file);
        let modified = std::fs::metadata(&path).expect("a file").modified().expect("a time");
        (file, (modified, inode(&path)))
    };
    // The lock is taken by every run.
    project.files().into_iter().filter(|file| file != "lake/lock").map(identity).collect()
}

#[test]
fn an_unchanged_project_is_left_alone() {
    let project = shop(40);
    let first = run_json(project.root());
    assert_eq!((&first["changed"], &first["snapshot"]), (&Value::from(true), &Value::from(1)));
    let before = identities(&project);
    let again = run_json(project.root());
    assert_eq!((&again["changed"], &again["snapshot"]), (&Value::from(false), &Value::from(1)));
    assert_eq!(again["headline"], first["headline"]);
    assert_eq!(again["rows"], first["rows"]);
    assert_eq!(identities(&project), before, "no file is touched");

    // A later time on an equal file is no change.
    let export = File::options().write(true).open(project.path("exports/orders-01.csv")).expect("the export");
    let later = SystemTime::now() + Duration::from_secs(60);
    export.set_times(FileTimes::new().set_modified(later)).expect("own file");
    let touched = run_json(project.root());
    assert_eq!((&touched["changed"], &touched["snapshot"]), (&Value::from(false), &Value::from(1)));
    let same = |files: BTreeMap<String, (SystemTime, u64)>| -> BTreeMap<_, _> {
        files.into_iter().filter(|(file, _)| file.starts_with("lake/") || file.starts_with("report/")).collect()
    };
    assert_eq!(same(identities(&project)), same(before), "no file of the lake is touched");
}

/// Appended, overlapping and corrected exports, one run each; the result is that of one run over all of them.
#[test]
fn many_runs_end_where_one_run_begins() {
    let first = orders(0, 60);
    // Orders 50..60 come again, as they were; order 55 was corrected to one lamp; 60..80 are new.
    let second = orders(50, 80).replacen(
        "o00055,c15,2024-02-28 10:55:00,lamp,2,10.00",
        "o00055,c15,2024-02-28 10:55:00,lamp,1,10.00",
        1,
    );
    assert_ne!(second, orders(50, 80));
    let third = orders(80, 90);
    let exports = [
        ("shop/exports/orders-01.csv", &first),
        ("shop/exports/orders-02.csv", &second),
        ("shop/exports/orders-03.csv", &third),
    ];
    let config = config("exports/orders-*.csv");

    let grown = TempProject::new(&[("shop/mercer.toml", &config)]);
    let mut ids = Vec::new();
    for (path, text) in exports {
        grown.write(path, text);
        ids.push(run_beside(&grown, 2)["snapshot"].as_u64());
    }
    assert_eq!(ids, [Some(1), Some(2), Some(3)]);
    let at_once = TempProject::new(&[("shop/mercer.toml", &config)]);
    for (path, text) in exports {
        at_once.write(path, text);
    }
    let outcome = run_beside(&at_once, 1);
    assert_eq!(outcome["snapshot"], 1);

    // Twenty lines of ten orders come again in the second export and count once.
    assert_eq!(counts(&outcome["rows"]), [200, 200, 20, 0]);
    let project = at_once.path("shop");
    let net = value(&project, "select cast(sum(net_sales) * 100 as bigint) from orders");
    assert_eq!(net, cents(0, 90) - 1000, "the corrected order counts as the newer export has it");
    assert_eq!(row(&project, "select count(*), count(distinct order_id) from orders"), [90, 90]);
    assert_eq!(value(&project, "select count(*) from order_lines"), 180);

    // Data files are named by their content: equal names, equal bytes.
    let (grown, at_once) = (manifest(&grown.path("shop")), manifest(&at_once.path("shop")));
    for part in ["tables", "findings", "as_of", "orders_span", "config_hash"] {
        assert_eq!(grown[part], at_once[part], "{part}");
    }
}

#[test]
fn a_changed_mapping_builds_again() {
    let project = shop(40);
    run(project.root()).printed();
    let text = project.read("mercer.toml");
    project.write("mercer.toml", text.replace("unit_price = \"unit_price\"", "gross_amount = \"unit_price\""));
    let outcome = run_json(project.root());
    assert_eq!((&outcome["changed"], &outcome["snapshot"]), (&Value::from(true), &Value::from(2)));
    // Two lines of 10.00 and some cents an order, now taken for the whole line.
    let net = value(project.root(), "select cast(sum(net_sales) * 100 as bigint) from orders");
    assert_eq!(net, cents(0, 40) - 40 * 1000);

    // Words in the file that mean the same change nothing.
    let text = project.read("mercer.toml");
    project.write("mercer.toml", format!("# only a remark\n{text}"));
    assert_eq!(run_json(project.root())["changed"], false);
}

/// Files are named as seen from the project, so a project's tables are the same from wherever it is run.
#[test]
fn the_working_directory_changes_no_byte() {
    let config = config("exports/orders-*.csv").replace("orders-*.csv\"]", "orders-*.csv\", \"../outside.csv\"]");
    let project = TempProject::new(&[
        ("deep/shop/mercer.toml", &config),
        ("deep/shop/exports/orders-01.csv", &orders(0, 20)),
        // A row without a product and a date, so that the quarantine has one.
        ("deep/shop/exports/orders-02.csv", &format!("{HEADER}x1,ann,soon,lamp,1,1.00\n")),
        ("deep/outside.csv", &orders(20, 25)),
    ]);
    let run_from = |folder: &str, shop: &str| {
        let mut args = vec!["run", "--json", "--force"];
        args.extend(["--project", shop]);
        finished(&command(args).current_dir(project.path(folder)).output().expect("the binary starts")).json();
        manifest(&project.path("deep/shop"))
    };
    let inside = run_from("deep/shop", ".");
    let absolute = project.path("deep/shop").display().to_string();
    for (folder, shop) in [("", "deep/shop"), ("deep/shop/exports", ".."), ("deep", absolute.as_str())] {
        let elsewhere = run_from(folder, shop);
        for part in ["tables", "inputs", "findings", "config_hash"] {
            assert_eq!(inside[part], elsewhere[part], "{part} from {folder:?}");
        }
    }
    let paths: Vec<_> =
        inside["inputs"].as_array().expect("inputs").iter().map(|input| input["path"].clone()).collect();
    let outside = std::fs::canonicalize(project.path("deep/outside.csv")).expect("it is there").display().to_string();
    assert_eq!(paths, ["exports/orders-01.csv", "exports/orders-02.csv", outside.as_str()]);
    let quarantined = "select count(*) from quarantine where file = 'exports/orders-02.csv'";
    assert_eq!(value(&project.path("deep/shop"), quarantined), 1);
}

/// The order of rows in a file means nothing where orders have keys and lines are told apart.
#[test]
fn the_order_of_rows_changes_no_figure() {
    let text = orders(0, 60);
    let (_, rows) = text.split_once('\n').expect("a header");
    let mut shuffled: Vec<&str> = rows.lines().collect();
    // A fixed permutation: the number of rows, 120, and the step have no common divisor.
    let steps = shuffled.len();
    shuffled = (0..steps).map(|index| shuffled[index * 77 % steps]).collect();
    let turned = format!("{HEADER}{}\n", shuffled.join("\n"));
    assert_ne!(turned, text);
    let figures = [text, turned].map(|text| {
        let project = TempProject::new(&[("mercer.toml", &config("orders.csv")), ("orders.csv", &text)]);
        let outcome = run_json(project.root());
        let customers = crate::binary::query(
            project.root(),
            "select customer_id, orders, net_sales, first_order_at, last_order_at, favourite_product, rfm_recency, rfm_frequency, rfm_monetary \
             from customer_360 order by customer_id",
        );
        let metrics = crate::binary::query(project.root(), "select metric, grain, period_start, value, amount from metrics");
        (outcome["headline"].clone(), outcome["rows"].clone(), customers, metrics)
    });
    let [straight, turned] = figures;
    assert_eq!(straight, turned);
}
