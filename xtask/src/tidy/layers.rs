//! Who may use whom: dependencies go down the layers only, and some crates are kept from some others altogether.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Problem;
use crate::workspace::{Crate, Locked};

/// The layers from the bottom; a crate uses crates of lower layers only.
const LAYERS: &[&[&str]] = &[
    &["mercer-base"],
    &["mercer-stats", "mercer-boost", "mercer-source"],
    &["mercer-method", "mercer-schema", "mercer-metrics", "mercer-engine"],
    &["mercer-lake"], // and every crate under methods/
    &["mercer-registry", "mercer-pipeline", "mercer-report"],
    &["mercer", "mercer-http", "mercer-python"],
];
/// Layer of the crates under `methods/`.
const METHODS: usize = 3;
/// Layer of the adapters: command line, web, Python.
const ADAPTERS: usize = 5;
/// Crates beside the layers.
const SIDE: &[&str] = &["mercer-simulate", "mercer-testkit", "xtask"];

/// Pairs on one layer of which the first may use the second.
const NEIGHBOURS: &[(&str, &str)] = &[
    ("mercer-boost", "mercer-stats"),
    ("mercer-pipeline", "mercer-registry"),
    ("mercer-pipeline", "mercer-report"),
    ("mercer", "mercer-http"),
];

/// Crates that see fewer of our crates than their layer would allow, and why.
const SEES_ONLY: &[(&str, &[&str], &str)] = &[
    ("mercer-report", &["mercer-base"], "the report draws cards and knows neither data nor methods"),
    (
        "mercer-simulate",
        &["mercer-base", "mercer-stats"],
        "a simulated company must not share code with what is tested on it",
    ),
    (
        "mercer-testkit",
        &["mercer-base", "mercer-source", "mercer-method"],
        "every crate's tests use it, so it must stay light; it checks methods by their common shape alone",
    ),
    ("xtask", &[], "the chores must run when the product does not build"),
];
/// What a method crate sees of ours.
const A_METHOD_SEES: &[&str] = &["mercer-base", "mercer-stats", "mercer-boost", "mercer-method"];

/// Crates of ours that few may use (outside tests), and why.
const SEEN_ONLY_BY: &[(&str, &[&str], &str)] = &[
    (
        "mercer-engine",
        &["mercer-lake", "mercer"],
        "what is above the lake asks the lake; the binary starts the cluster's roles",
    ),
    (
        "mercer-simulate",
        &["mercer", "mercer-http", "mercer-python"],
        "made-up data enters through a face (the demo) or a test",
    ),
    ("mercer-testkit", &[], "it is for tests: a dev-dependency"),
    ("xtask", &[], "it is a program of chores"),
];

/// Crates of others that few may name, even in tests: prefix of the name, who may, and why.
const NAMED_ONLY_BY: &[(&str, &[&str], &str)] = &[
    ("datafusion", &["mercer-engine"], "the engine is exchangeable behind mercer-engine"),
    ("ballista", &["mercer-engine"], "the engine is exchangeable behind mercer-engine"),
    ("tokio", &["mercer-engine", "mercer-http", "mercer-python"], "async stays inside the engine and the server"),
];
/// What a method must not even see through what it uses.
const NEVER_UNDER_A_METHOD: &[&str] = &["datafusion", "ballista", "tokio"];

/// Statistics, which the adapters leave to the layers below.
const STATISTICS: &[&str] =
    &["mercer-stats", "mercer-boost", "mercer-method", "statrs", "faer", "argmin", "nuts-rs", "rand_distr"];

/// Where a crate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// On this layer, 0 at the bottom.
    Layer(usize),
    /// Beside the layers.
    Side,
}

/// Where `krate` stands, or `None` where the table of layers does not know it.
pub(crate) fn place_of(krate: &Crate) -> Option<Place> {
    if is_method(krate) {
        return Some(Place::Layer(METHODS));
    }
    let layer = LAYERS.iter().position(|names| names.contains(&krate.name.as_str())).map(Place::Layer);
    layer.or_else(|| SIDE.contains(&krate.name.as_str()).then_some(Place::Side))
}

fn is_method(krate: &Crate) -> bool {
    krate.folder.starts_with("methods/")
}

/// Every broken rule of the dependency graph.
pub(super) fn check(crates: &[Crate], locked: &Locked) -> Vec<Problem> {
    let ours: BTreeMap<&str, &Crate> = crates.iter().map(|krate| (krate.name.as_str(), krate)).collect();
    let mut problems = Vec::new();
    for krate in crates {
        let at = format!("{}/Cargo.toml", krate.folder);
        let mut broken = |message: String| problems.push(Problem::new(&at, message));
        if let Some(message) = wrong_folder(krate) {
            broken(message);
        }
        let Some(place) = place_of(krate) else {
            broken(format!("{} has no layer; give it one in xtask/src/tidy/layers.rs", krate.name));
            continue;
        };
        for dependency in &krate.dependencies {
            let used = dependency.name.as_str();
            let rule = if dependency.only_tests {
                tests_broken_rule(krate, place, used, &ours)
            } else {
                broken_rule(krate, place, used, &ours)
            };
            if let Some(rule) = rule.or_else(|| named_by_the_wrong_crate(krate, used)) {
                broken(format!("{} uses {used}: {rule}", krate.name));
            }
        }
        if is_method(krate)
            && let Some(path) = path_to_forbidden(krate, &ours, locked)
        {
            broken(format!(
                "{} sees {}: a method sees no engine and no async runtime, even through others",
                krate.name,
                path.join(" → ")
            ));
        }
    }
    problems
}

/// Only `crates/`, `methods/` and `xtask/` hold crates, and a folder is called as its crate.
fn wrong_folder(krate: &Crate) -> Option<String> {
    let Crate { name, folder, .. } = krate;
    let expected = if is_method(krate) {
        format!("methods/{name}")
    } else if name == "xtask" {
        name.clone()
    } else {
        format!("crates/{name}")
    };
    (*folder != expected).then(|| {
        format!("{name} belongs in {expected}/: crates/, methods/ and xtask/ hold crates, under their own names")
    })
}

/// The rule that a dependency of `krate` on `used` breaks outside tests.
fn broken_rule(krate: &Crate, place: Place, used: &str, ours: &BTreeMap<&str, &Crate>) -> Option<String> {
    let name = krate.name.as_str();
    if place == Place::Layer(ADAPTERS) && STATISTICS.contains(&used) {
        return Some("adapters hold no statistics".into());
    }
    let target = ours.get(used)?;
    let sees_only = SEES_ONLY.iter().find(|(who, ..)| *who == name).map(|(_, allowed, why)| (*allowed, *why));
    let sees_only = sees_only.or_else(|| {
        is_method(krate)
            .then_some((A_METHOD_SEES, "what two methods share moves down, and a method knows no data source"))
    });
    if let Some((allowed, why)) = sees_only
        && !allowed.contains(&used)
    {
        return Some(match allowed {
            [] => format!("it uses none of our crates; {why}"),
            allowed => format!("of ours it uses only {}; {why}", allowed.join(", ")),
        });
    }
    if let Some((_, by, why)) = SEEN_ONLY_BY.iter().find(|(what, ..)| *what == used)
        && !by.contains(&name)
    {
        return Some(match by {
            [] => format!("nobody uses it outside tests; {why}"),
            by => format!("only {} may; {why}", by.join(", ")),
        });
    }
    match (place, place_of(target)?) {
        (Place::Layer(from), Place::Layer(to)) if to > from => {
            Some(format!("layer {from} never uses layer {to}; dependencies go down only"))
        }
        (Place::Layer(from), Place::Layer(to)) if to == from && !NEIGHBOURS.contains(&(name, used)) => {
            Some(format!("both are on layer {from}; dependencies go down only"))
        }
        _ => None,
    }
}

/// The rule that a dev-dependency breaks: tests may look sideways, at simulated data and at the test kit, never up.
fn tests_broken_rule(krate: &Crate, place: Place, used: &str, ours: &BTreeMap<&str, &Crate>) -> Option<String> {
    let target = ours.get(used)?;
    if is_method(krate) && is_method(target) {
        return Some("a method never sees another method, not even in tests".into());
    }
    if used == "xtask" {
        return Some("xtask is a program of chores".into());
    }
    match (place, place_of(target)?) {
        (Place::Layer(from), Place::Layer(to)) if to > from => {
            Some(format!("tests of layer {from} never look up to layer {to}"))
        }
        _ => None,
    }
}

fn named_by_the_wrong_crate(krate: &Crate, used: &str) -> Option<String> {
    let (_, by, why) = NAMED_ONLY_BY.iter().find(|(prefix, ..)| is_of_family(used, prefix))?;
    (!by.contains(&krate.name.as_str())).then(|| format!("only {} may; {why}", by.join(", ")))
}

/// Whether `name` is the crate `family` or one of its parts, such as `tokio-util`.
fn is_of_family(name: &str, family: &str) -> bool {
    name.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with('-') || rest.starts_with('_'))
}

/// The shortest way from a method to something it must not see, found breadth first.
fn path_to_forbidden(method: &Crate, ours: &BTreeMap<&str, &Crate>, locked: &Locked) -> Option<Vec<String>> {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut queue: VecDeque<Vec<&str>> = method.uses().map(|name| vec![name]).collect();
    while let Some(path) = queue.pop_front() {
        let Some(&last) = path.last() else { continue };
        if !seen.insert(last) {
            continue;
        }
        if NEVER_UNDER_A_METHOD.iter().any(|family| is_of_family(last, family)) {
            return Some(path.into_iter().map(str::to_owned).collect());
        }
        // For our own crates the lock would add what only their tests use.
        let next: Vec<&str> = match ours.get(last) {
            Some(krate) => krate.uses().collect(),
            None => locked.get(last).into_iter().flatten().map(String::as_str).collect(),
        };
        queue.extend(next.into_iter().map(|name| path.iter().copied().chain([name]).collect::<Vec<_>>()));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::{self, Dependency};

    fn krate(folder: &str, uses: &[&str], tests_use: &[&str]) -> Crate {
        let name = folder.rsplit('/').next().unwrap().to_owned();
        let dependency = |only_tests| move |name: &&str| Dependency { name: (*name).to_owned(), only_tests };
        let dependencies = uses.iter().map(dependency(false)).chain(tests_use.iter().map(dependency(true))).collect();
        Crate { name, folder: folder.into(), description: String::new(), dependencies }
    }

    /// A small workspace that keeps every rule.
    fn sound() -> Vec<Crate> {
        vec![
            krate("crates/mercer-base", &["serde"], &["mercer-testkit"]),
            krate("crates/mercer-stats", &["mercer-base", "statrs"], &["mercer-simulate"]),
            krate("crates/mercer-source", &["mercer-base"], &[]),
            krate("crates/mercer-engine", &["mercer-base", "datafusion", "tokio"], &[]),
            krate("crates/mercer-metrics", &["mercer-base"], &["mercer-engine"]),
            krate("crates/mercer-method", &["mercer-base"], &[]),
            krate("crates/mercer-lake", &["mercer-engine", "mercer-source", "mercer-stats"], &[]),
            krate("methods/mercer-lifetime", &["mercer-method", "mercer-stats"], &["mercer-simulate"]),
            krate("methods/mercer-segment", &["mercer-method", "rayon"], &[]),
            krate("crates/mercer-report", &["mercer-base", "askama"], &[]),
            krate("crates/mercer-pipeline", &["mercer-lake", "mercer-report"], &[]),
            krate("crates/mercer", &["mercer-pipeline", "mercer-lake", "mercer-simulate"], &[]),
            krate("crates/mercer-simulate", &["mercer-base", "rand"], &[]),
            krate("crates/mercer-testkit", &["mercer-base"], &[]),
            krate("xtask", &["clap"], &[]),
        ]
    }

    /// What the checker says after the crate in `folder` was replaced or added.
    fn after(folder: &str, uses: &[&str], tests_use: &[&str]) -> Vec<String> {
        let mut crates: Vec<Crate> = sound().into_iter().filter(|krate| krate.folder != folder).collect();
        crates.push(krate(folder, uses, tests_use));
        let locked = workspace::locked(
            "[[package]]\nname = \"rayon\"\ndependencies = [\"crossbeam\"]\n[[package]]\nname = \"reqwest\"\ndependencies = [\"hyper\"]\n\
             [[package]]\nname = \"hyper\"\ndependencies = [\"tokio-util 0.7.0\"]\n",
        );
        check(&crates, &locked.unwrap()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn this_workspace_keeps_the_rules() {
        let workspace = workspace::load().unwrap();
        let problems: Vec<String> =
            check(&workspace.crates, &workspace.locked).iter().map(ToString::to_string).collect();
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }

    #[test]
    fn a_sound_workspace_passes() {
        assert_eq!(after("xtask", &["clap"], &[]), Vec::<String>::new());
    }

    #[test]
    fn dependencies_go_down_only() {
        let up = after("crates/mercer-source", &["mercer-lake"], &[]);
        assert_eq!(
            up,
            [
                "crates/mercer-source/Cargo.toml: mercer-source uses mercer-lake: layer 1 never uses layer 3; dependencies go down only"
            ]
        );
        let sideways = after("crates/mercer-source", &["mercer-stats"], &[]);
        assert!(sideways[0].contains("both are on layer 1"), "{sideways:?}");
        assert!(after("crates/mercer-boost", &["mercer-stats"], &[]).is_empty(), "an allowed neighbour");
        let tests = after("crates/mercer-source", &["mercer-base"], &["mercer-lake"]);
        assert!(tests[0].contains("tests of layer 1 never look up to layer 3"), "{tests:?}");
    }

    #[test]
    fn a_method_sees_neither_engine_nor_lake_nor_another_method() {
        for used in ["mercer-engine", "mercer-lake", "mercer-segment", "mercer-source", "tokio", "datafusion-expr"] {
            let problems = after("methods/mercer-lifetime", &["mercer-method", used], &[]);
            assert!(
                problems.iter().any(|problem| problem.contains(&format!("mercer-lifetime uses {used}: "))),
                "{used}: {problems:?}"
            );
        }
        let tests = after("methods/mercer-lifetime", &["mercer-method"], &["mercer-segment"]);
        assert!(tests[0].contains("not even in tests"), "{tests:?}");
    }

    #[test]
    fn a_method_does_not_see_async_through_others() {
        let problems = after("methods/mercer-lifetime", &["reqwest"], &[]);
        assert_eq!(problems.len(), 1);
        assert!(problems[0].contains("mercer-lifetime sees reqwest → hyper → tokio-util"), "{problems:?}");
        let through_ours = after("crates/mercer-stats", &["reqwest"], &[]);
        assert!(
            through_ours.iter().any(|problem| problem.contains("sees mercer-stats → reqwest → hyper → tokio-util")),
            "{through_ours:?}"
        );
    }

    #[test]
    fn the_engine_is_named_in_one_place() {
        for (folder, used) in [
            ("crates/mercer-lake", "datafusion"),
            ("crates/mercer-lake", "tokio"),
            ("crates/mercer-pipeline", "ballista-core"),
            ("crates/mercer-pipeline", "mercer-engine"),
        ] {
            let problems = after(folder, &[used], &[]);
            assert!(
                problems.iter().any(|problem| problem.contains(&format!("uses {used}: only mercer-"))),
                "{used}: {problems:?}"
            );
        }
        let tests = after("crates/mercer-lake", &["mercer-base"], &["datafusion"]);
        assert_eq!(tests.len(), 1, "tests neither: {tests:?}");
    }

    #[test]
    fn adapters_hold_no_statistics() {
        for used in ["mercer-stats", "statrs"] {
            let problems = after("crates/mercer", &[used], &[]);
            assert!(problems[0].contains("adapters hold no statistics"), "{problems:?}");
        }
    }

    #[test]
    fn side_crates_stay_beside() {
        assert!(
            after("crates/mercer-simulate", &["mercer-lake"], &[])[0].contains("uses only mercer-base, mercer-stats")
        );
        assert!(after("xtask", &["mercer-base"], &[])[0].contains("none of our crates"));
        assert!(after("crates/mercer-lake", &["mercer-testkit"], &[])[0].contains("nobody uses it outside tests"));
        assert!(after("crates/mercer-lake", &["mercer-simulate"], &[])[0].contains("only mercer, "));
        assert!(after("crates/mercer-report", &["mercer-lake"], &[])[0].contains("draws cards"));
    }

    #[test]
    fn crates_have_a_layer_and_live_under_their_names() {
        assert!(after("crates/mercer-new", &[], &[])[0].contains("has no layer"));
        let mut misplaced = krate("tools/mercer-stats", &[], &[]);
        assert!(wrong_folder(&misplaced).is_some_and(|message| message.contains("belongs in crates/mercer-stats/")));
        misplaced.folder = "methods/stats".into();
        assert!(wrong_folder(&misplaced).is_some());
    }
}
