//! What people see: the help, and what the commands print where there is no terminal to draw on.

use mercer_testkit::TempProject;

use crate::binary::{command, finished, mercer};
use crate::shop::{HEADER, config};

/// A small shop with a row that cannot be read, a month without orders and an order of nobody's.
fn shop() -> TempProject {
    let rows = "o1,ann,2024-01-05,lamp,2,10.00\no2,bob,2024-01-06,desk,1,99.50\no3,bob,2024-02-17,lamp,1,10.00\n\
                o4,,2024-02-18,lamp,3,10.00\no5,cleo,soon,lamp,3,10.00\n";
    TempProject::new(&[("mercer.toml", &config("orders.csv")), ("orders.csv", &format!("{HEADER}{rows}"))])
}

/// What a command prints in the project's folder, on standard error first.
#[track_caller]
fn seen(project: &TempProject, args: &[&str]) -> String {
    let outcome = finished(&command(args).current_dir(project.root()).output().expect("the binary starts"));
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    format!("{}---\n{}", outcome.stderr, outcome.stdout)
}

#[test]
fn the_help_says_how_to_start() {
    let help = mercer(["--help"]).printed();
    // Blank lines of the help are as long as its indentation.
    let help = help.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(help, @r#"
    Raw customer data in, marketing decisions out.

    mercer reads a company's exports (orders, customers, events, touchpoints, spend), checks them,
    builds one consistent customer 360 with single metric definitions, and writes a report that opens in
    any browser.

    Usage: mercer [OPTIONS] <COMMAND>

    Commands:
      demo         Run everything on a simulated furniture shop and print where the report is
      init         Look at exports and write a mercer.toml that maps them
      check        Read the sources and print what is wrong with them
      run          Read what is new, build the customer 360 and the report
      query        Ask in SQL: canonical tables, metrics and the customer 360
      export       Write a table to a CSV, Parquet or JSON file
      report       Write the report again from what was read last
      lifetime     Customer lifetime value: What is each customer worth, and who is slipping away?
      segment      Segments and personas: Which kinds of customers are there, who are they, and who
                   moved?
      propensity   Propensity: Who will churn, buy again, unsubscribe or convert, and why?
      recommend    Recommendations: What should we offer this customer next, and after this purchase?
      mix          Marketing mix: What does each channel return, and where should the next unit of money
                   go?
      attribution  Attribution: Which touchpoints earned the conversions, and how far is that from what
                   they caused?
      help         Print this message or the help of the given subcommand(s)

    Options:
      -p, --project <DIR>
              The project's folder

              [default: .]

          --json
              Print the result as JSON on standard output, everything else on standard error

          --seed <N>
              Seed of all chance: the same seed and input give the same bytes

              [default: 42]

          --threads <N>
              Threads to use; all cores where not given

      -v, --verbose
              Say more

      -q, --quiet
              Say only what was asked for, and errors

      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Start with:
      mercer demo                                 an invented shop, raw files to report
      mercer init --project shop --from exports/  a project from your own files
      mercer run --project shop                   read, check, build, report
    "#);
}

#[test]
fn commands_print_what_matters() {
    let project = shop();
    insta::assert_snapshot!(seen(&project, &["run"]), @r#"
    reading orders.csv
    building the customer tables
    metrics and the customer 360
    lifetime: What is each customer worth, and who is slipping away?
    segment: Which kinds of customers are there, who are they, and who moved?
    propensity: Who will churn, buy again, unsubscribe or convert, and why?
    recommend: What should we offer this customer next, and after this purchase?
    writing the report
    ---
    5 rows read from 1 file: 4 accepted, 1 quarantined.

     Net sales            €159.50  all of the data, without tax and shipping
     Refunds                €0.00  cancellations and returns
     Orders                     4
     Average order value   €39.88
     Active customers           2  customers who bought at least once
     Repeat rate           50.0 %

    2 findings about the data deserve a look: mercer check --project .
    Report: ./report/index.html
    "#);
    insta::assert_snapshot!(seen(&project, &["check"]), @r#"
    ---
    Rows read = accepted + quarantined. Repeated ones are part of the accepted and count once.

     source  rows are     read  accepted  repeated  quarantined
     orders  order_lines     5         4         0            1

              about        finding
     refused  orders       1 of 5 rows could not be read, such as line 6: ordered_at: `soon` is not a
                           time
     warning  orders       the longest time without an order is 42 days, after 2024-01-06: is a file
                           missing?
     note     orders       1 order (25.0 % of 4) has no customer: kept as anonymous sales, 1 line worth
                           30.00 net
     note     order_lines  2 products, such as desk, are known by their key only

    Refused rows (1 of 1; `mercer query "select * from quarantine"` gives all):

     source  line  why                               row
     orders     6  ordered_at: `soon` is not a time  order_id=o5; customer_id=cleo; ordered_at=soon;
                                                     product_id=lamp; quantity=3; unit_price=10.00
    "#);
    let sql = "select customer_id, orders, net_sales, last_order_at from customer_360 order by net_sales desc";
    insta::assert_snapshot!(seen(&project, &["query", sql]), @r#"
    ---
     customer_id  orders  net_sales  last_order_at
     bob               2     109.50  2024-02-17 00:00:00
     ann               1      20.00  2024-01-05 00:00:00
    "#);
    insta::assert_snapshot!(seen(&project, &["query", sql, "--csv"]), @r#"
    ---
    customer_id,orders,net_sales,last_order_at
    bob,2,109.5,2024-02-17 00:00:00
    ann,1,20,2024-01-05 00:00:00
    "#);
    insta::assert_snapshot!(seen(&project, &["query", sql, "--json"]), @r#"
    ---
    [
    {"customer_id":"bob","orders":2,"net_sales":109.5,"last_order_at":"2024-02-17T00:00:00"},
    {"customer_id":"ann","orders":1,"net_sales":20,"last_order_at":"2024-01-05T00:00:00"}
    ]
    "#);
    insta::assert_snapshot!(seen(&project, &["query", "show tables", "--csv"]), @r#"
    ---
    table_name
    after_purchase
    consent
    contents
    customer_360
    customers
    data_quality
    events
    experiments
    identity
    leads
    media
    messages
    methods
    metric_definitions
    metrics
    order_lines
    orders
    products
    quarantine
    recommend_scores
    recommendations
    sources
    subscriptions
    touchpoints
    "#);
    insta::assert_snapshot!(seen(&project, &["export", "orders", "--out", "orders.json"]), @r#"
    ---
    orders is in orders.json
    "#);
    // Nothing to do: said, and the figures again.
    let again = seen(&project, &["run"]);
    assert!(again.starts_with("---\nNothing changed since the last run.\n5 rows read"), "{again}");
    assert_eq!(seen(&project, &["run", "--quiet"]), "---\n");
}

/// In a terminal's place a file or pipe gets no colours and no cursor movements, only lines.
#[test]
fn nothing_but_text_is_printed() {
    let project = shop();
    let outcome =
        finished(&command(["run"]).current_dir(project.root()).env("CLICOLOR_FORCE", "0").output().expect("it starts"));
    assert_eq!(outcome.code, Some(0));
    for text in [&outcome.stdout, &outcome.stderr] {
        assert!(text.chars().all(|sign| sign == '\n' || !sign.is_control()), "{text:?}");
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }
    // A reader that stops early, as `head` does, is no reason to complain.
    let mut child = command(["query", "select * from metrics", "--csv"])
        .current_dir(project.root())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    let outcome = finished(&output);
    assert_eq!(outcome.stderr, "", "{:?}", outcome.code);
}
