//! `mercer recommend` on plain files: judging by a later file, lists from a saved model for whom a file names, clear refusals.

use std::fmt::Write as _;

use mercer_testkit::TempProject;

use crate::binary::mercer;

/// Four kinds of customers, each of whom buys three of their kind's five products, every other week; and what they bought later.
fn shop() -> TempProject {
    let (mut train, mut test) = (String::from("who,what,day,n\n"), String::from("who,what,day,n\n"));
    for customer in 0..120_u32 {
        let kind = customer % 4;
        let product = |turn: u32| 10 * (kind + 1) + (customer / 4 + turn) % 5;
        for turn in 0..3 {
            let _ = writeln!(train, "c{customer},p{},2025-03-{:02},1", product(turn), 1 + 7 * turn + customer % 5);
        }
        let _ = writeln!(test, "c{customer},p{},2025-04-{:02},1", product(3), 1 + customer % 20);
    }
    let products =
        (1..5).flat_map(|kind| (0..5).map(move |of| format!("p{},Thing-{of}-of-kind-{kind}\n", 10 * kind + of)));
    let products = format!("what,name\n{}", products.collect::<String>());
    TempProject::new(&[("train.csv", &train), ("test.csv", &test), ("products.csv", &products)])
}

const MAP: &str = "customer_id=who,product_id=what,occurred_at=day,quantity=n";

fn run(project: &TempProject, args: &[&str]) -> crate::binary::Outcome {
    let file = |arg: &&str| match arg.strip_prefix('@') {
        Some(name) => project.path(name).to_str().expect("a path in UTF-8").to_owned(),
        None => (*arg).to_owned(),
    };
    mercer(std::iter::once("recommend".to_owned()).chain(args.iter().map(file)))
}

#[test]
fn machines_get_the_measures_and_the_portfolio() {
    let project = shop();
    let args = [
        "evaluate",
        "--train",
        "@train.csv",
        "--test",
        "@test.csv",
        "--map",
        MAP,
        "--k",
        "2",
        "--repeats",
        "mask",
        "--json",
    ];
    let found = run(&project, &args).json();
    let evaluation = &found["evaluation"];
    assert!(evaluation["recall"].as_f64() > Some(0.9), "two products of the kind are left: {evaluation}");
    assert!(evaluation["baselines"][0]["recall"].as_f64() < Some(0.3), "{evaluation}");
    assert!(
        evaluation["portfolio"].as_array().is_some_and(|models| models.iter().any(|model| model["model"] == "EASE"))
    );
}

#[test]
fn a_saved_model_writes_ranked_lists_for_the_customers_of_a_file() {
    let project = shop();
    let fit = [
        "fit",
        "--train",
        "@train.csv",
        "--products",
        "@products.csv",
        "--map",
        "customer_id=who,product_id=what,occurred_at=day",
    ];
    let fit = [&fit[..], &["--out", "@model.json", "--no-evaluation", "-q"]].concat();
    // The products' names are found by their heading.
    run(&project, &fit).printed();
    std::fs::write(project.path("asked.csv"), "customer_id\nc7\nnobody\nc4\n").expect("a file");
    let predict = [
        "predict",
        "--model",
        "@model.json",
        "--customers",
        "@asked.csv",
        "--k",
        "4",
        "--repeats",
        "mask",
        "--out",
        "@lists.csv",
    ];
    run(&project, &predict).printed();
    let lists = std::fs::read_to_string(project.path("lists.csv")).expect("lists");
    let rows: Vec<Vec<&str>> = lists.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0][..3], ["customer_id", "rank", "product_id"]);
    let of = |customer: &str| rows.iter().filter(|row| row[0] == customer).collect::<Vec<_>>();
    assert_eq!(of("c7").len(), 4);
    // Kind 3 of four: the two products of the kind that the customer has not bought come first.
    assert!(of("c7")[..2].iter().all(|row| row[2].starts_with("p4")), "{lists}");
    assert!(of("c7")[0][3].contains("of-kind-4"), "titles are known: {lists}");
    assert_eq!(of("nobody").len(), 4, "a customer whom nobody knows gets the best sellers");
}

#[test]
fn customers_we_have_just_met_get_the_best_sellers_of_their_segment() {
    // Everybody orders one of three products of their country, and now and then the one that sells best of all.
    let mut train = String::from("customer_id,product_id,occurred_at\n");
    let mut customers = String::from("customer_id,segment,consent\n");
    for customer in 0..200_u32 {
        let country = if customer % 4 == 0 { "fi" } else { "se" };
        let product = if customer % 9 == 0 { "everywhere".to_owned() } else { format!("{country}-{}", customer % 3) };
        let _ = writeln!(train, "c{customer},{product},2025-03-{:02}", 1 + customer % 28);
        let _ = writeln!(customers, "c{customer},{country},yes");
    }
    customers.push_str("new-fi,fi,yes\nnew-se,se,yes\nsilent,fi,no\n");
    let project = TempProject::new(&[("train.csv", &train), ("customers.csv", &customers)]);
    let fit = ["fit", "--train", "@train.csv", "--customers", "@customers.csv", "--models", "segment-popularity"];
    run(&project, &[&fit[..], &["--out", "@model.json", "--no-evaluation", "-q"]].concat()).printed();
    let predict = ["predict", "--model", "@model.json", "--customers", "@customers.csv", "--k", "3"];
    run(&project, &[&predict[..], &["--out", "@lists.csv", "-q"]].concat()).printed();
    let lists = std::fs::read_to_string(project.path("lists.csv")).expect("lists");
    let of = |customer: &str| -> Vec<&str> {
        let rows = lists.lines().map(|line| line.split(',').collect::<Vec<_>>());
        rows.filter(|row| row[0] == customer).map(|row| row[2]).collect()
    };
    for (customer, own, other) in [("new-fi", "fi", "se"), ("new-se", "se", "fi")] {
        let products = of(customer);
        assert!(products.len() == 3 && products[..2].iter().all(|product| product.starts_with(own)), "{lists}");
        assert!(products.iter().all(|product| !product.starts_with(other)), "{lists}");
    }
    assert!(of("silent").is_empty(), "{lists}");
}

#[test]
fn what_cannot_be_is_said() {
    let project = shop();
    let asked = run(&project, &["fit", "--customers", "@train.csv", "--map", "customer_id=who"]);
    asked.refused(3, &["a list of customers is nothing to learn from"]);
    std::fs::write(project.path("one.csv"), "customer_id,product_id,occurred_at\nc1,p1,2025-01-01\nc1,p1,2025-01-01\n")
        .expect("a file");
    let found = run(&project, &["evaluate", "--train", "@one.csv", "--json"]).json();
    assert_eq!(found["evaluation"]["verdict"], "too-little-data", "one customer, one product, an event twice: {found}");
    let returned = "customer_id,product_id,quantity\nc1,p1,-2\n,p1,1\n";
    std::fs::write(project.path("returns.csv"), returned).expect("a file");
    run(&project, &["fit", "--train", "@returns.csv"]).refused(3, &["there are no purchases to learn from"]);
    let push =
        run(&project, &["fit", "--train", "@train.csv", "--map", MAP, "--push", "p99", "--scores", "@scores.csv"]);
    push.refused(2, &["push: there is no product p99"]);
}
