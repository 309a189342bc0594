//! Runs that are killed, run out of disk or meet another run: what was there before stays readable, and nothing is left behind.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use mercer_base::Seed;
use mercer_testkit::TempProject;
use serde_json::Value;

use crate::binary::{command, finished, mercer, run, run_json, value};
use crate::shop::{cents, orders, shop};

/// Runs that are killed.
const KILLS: u64 = 26;

/// Orders of the first export; each later one has one order more.
const ORDERS: u32 = 200;

const NET_SALES: &str = "select sum(net_sales) as net from orders";

/// The project's net sales in cents, by a process of its own.
fn net_cents(project: &Path) -> u64 {
    let net = value(project, NET_SALES).as_f64().expect("an amount");
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let cents = (net * 100.0).round() as u64;
    cents
}

/// A moment between none and somewhat more than `whole`. Every other one falls into the last third, where files move.
fn moment(number: u64, whole: Duration) -> Duration {
    let draw = Seed(2011).split("moments").nth(number).0 % 10_000;
    let share = if number.is_multiple_of(2) { draw } else { 7_000 + draw * 4 / 10 };
    whole * u32::try_from(share).expect("at most 11,000") / 10_000
}

/// What a run leaves behind only while it works.
fn left_behind(project: &TempProject) -> Vec<String> {
    let mut files = project.files();
    files.retain(|file| file.contains("/tmp/") || file.contains("/spill/") || file.ends_with(".part"));
    files
}

#[test]
fn a_killed_run_leaves_the_old_state_or_the_new_one() {
    let project = shop(ORDERS);
    run(project.root()).printed();
    assert_eq!(net_cents(project.root()), cents(0, ORDERS));
    // How long a run takes that has something to do.
    project.write("exports/orders-02.csv", orders(ORDERS, ORDERS + 1));
    let started = Instant::now();
    run(project.root()).printed();
    let whole = started.elapsed();
    let mut known = cents(0, ORDERS + 1);
    let mut published = 0;
    for number in 0..KILLS {
        // The second export grows by one order each time.
        let last = ORDERS + 2 + u32::try_from(number).expect("few");
        project.write("exports/orders-02.csv", orders(ORDERS, last));
        let mut child = command(["run", "--project"])
            .arg(project.root())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        std::thread::sleep(moment(number, whole));
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        let now = net_cents(project.root());
        assert!(
            now == known || now == cents(0, last),
            "kill {number}: {now}, before {known}, after {}",
            cents(0, last)
        );
        published += u64::from(now != known);
        known = now;
    }
    println!("{published} of {KILLS} runs had published when they were killed");
    let last = ORDERS + 2 + u32::try_from(KILLS).expect("few");
    project.write("exports/orders-02.csv", orders(ORDERS, last));
    let outcome = run_json(project.root());
    assert_eq!(outcome["rows"]["read"], u64::from(last) * 2);
    assert_eq!(net_cents(project.root()), cents(0, last));
    assert_eq!(left_behind(&project), Vec::<String>::new());
    let named = files_named_by_manifests(&project);
    assert_eq!(data_files(&project), named, "data files are those that a snapshot names, and no other");
    assert!(project.read("report/index.html").contains(&format!("from snapshot {};", outcome["snapshot"])));
}

/// The names under `lake/data`, sorted.
fn data_files(project: &TempProject) -> Vec<String> {
    let files = project.files();
    files.iter().filter_map(|file| file.strip_prefix("lake/data/")).map(str::to_owned).collect()
}

/// The names of all files that a manifest names, sorted, each once.
fn files_named_by_manifests(project: &TempProject) -> Vec<String> {
    let manifests =
        project.files().into_iter().filter(|file| file.ends_with("/manifest.json") && file.contains("snapshots/"));
    let mut names: Vec<String> = manifests
        .flat_map(|file| {
            let manifest: Value = serde_json::from_str(&project.read(&file)).expect("a manifest");
            let tables = manifest["tables"].as_object().expect("tables").clone();
            tables.into_iter().flat_map(|(_, table)| {
                let files = table["files"].as_array().expect("files").clone();
                files.into_iter().map(|file| file["name"].as_str().expect("a name").to_owned())
            })
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

/// The report of a run that was stopped between its snapshot and its report is written by the next run.
#[test]
fn a_report_of_an_older_snapshot_is_written_again() {
    let project = shop(30);
    run(project.root()).printed();
    let old = project.read("report/index.html");
    project.write("exports/orders-02.csv", orders(30, 40));
    let outcome = run_json(project.root());
    assert_eq!(outcome["changed"], true);
    let new = project.read("report/index.html");
    project.write("report/index.html", &old);
    assert_eq!(run_json(project.root())["changed"], false);
    assert_eq!(project.read("report/index.html"), new);
}

/// A disk that is full: no file may grow beyond a limit, as `ulimit -f` sets it (in blocks of 512 bytes or 1 kB).
#[cfg(unix)]
#[test]
fn a_full_disk_ends_the_run_and_keeps_the_last_state() {
    let project = shop(ORDERS);
    run(project.root()).printed();
    let before = files_named_by_manifests(&project);
    project.write("exports/orders-02.csv", orders(ORDERS, 9_000));
    for blocks in [0, 1, 4, 12, 30] {
        let script = format!("ulimit -f {blocks}; trap '' XFSZ; exec \"$0\" run --project \"$1\"");
        let output = std::process::Command::new("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_mercer")])
            .arg(project.root())
            .stdin(Stdio::null())
            .output()
            .expect("a shell");
        let outcome = finished(&output);
        println!("{blocks} blocks: {}", outcome.words());
        outcome.refused(1, &["disk"]);
        assert_eq!(net_cents(project.root()), cents(0, ORDERS), "{blocks} blocks");
        assert_eq!(files_named_by_manifests(&project), before, "nothing is published");
    }
    run(project.root()).printed();
    assert_eq!(net_cents(project.root()), cents(0, 9_000));
    assert_eq!(left_behind(&project), Vec::<String>::new());
}

/// While one run has the right to write, a second says so and leaves it alone; reading goes on.
#[test]
fn a_second_run_at_the_same_time_says_so() {
    let project = shop(30);
    run(project.root()).printed();
    let lock = std::fs::File::options().write(true).open(project.path("lake/lock")).expect("the lock of a run");
    lock.lock().expect("nobody else has it");
    project.write("exports/orders-02.csv", orders(30, 40));
    for command in ["run", "check"] {
        let outcome = mercer([command, "--project", &project.root().display().to_string()]);
        outcome.refused(1, &["another run is writing here", "wait until it ends"]);
    }
    assert_eq!(net_cents(project.root()), cents(0, 30));
    drop(lock);
    run(project.root()).printed();
    assert_eq!(net_cents(project.root()), cents(0, 40));
}

/// Two runs started together: one works, the other ends well (it came late) or says why it did not.
#[test]
fn two_runs_started_together_do_not_harm_each_other() {
    let project = shop(30);
    let start = || {
        command(["run", "--project"])
            .arg(project.root())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts")
    };
    let outcomes = [start(), start()].map(|child| finished(&child.wait_with_output().expect("it ends")));
    assert!(outcomes.iter().any(|outcome| outcome.code == Some(0)), "{outcomes:?}");
    for outcome in outcomes.iter().filter(|outcome| outcome.code != Some(0)) {
        outcome.refused(1, &["another run is writing here"]);
    }
    assert_eq!(net_cents(project.root()), cents(0, 30));
}

/// A reader that began before a run keeps its snapshot when the run publishes the next one.
#[test]
fn a_reader_keeps_its_snapshot_while_a_run_goes_on() {
    use arrow::array::AsArray;
    use arrow::datatypes::Int64Type;
    use mercer_lake::{EngineOptions, Reader, Store, lake_folder};
    let project = shop(30);
    run(project.root()).printed();
    let reader = Reader::open(&Store::new(lake_folder(project.root())), &EngineOptions::default()).expect("a snapshot");
    let ask = || {
        let (_, batches) = reader.query("select cast(sum(net_sales) * 100 as bigint) from orders").expect("it answers");
        u64::try_from(batches[0].column(0).as_primitive::<Int64Type>().value(0)).expect("no less than nothing")
    };
    assert_eq!(ask(), cents(0, 30));
    project.write("exports/orders-02.csv", orders(30, 40));
    run(project.root()).printed();
    assert_eq!(ask(), cents(0, 30));
    assert_eq!(net_cents(project.root()), cents(0, 40));
}
