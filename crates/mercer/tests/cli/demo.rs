//! The demo against the truth that the simulated shop writes beside its files: what was planted is what is found.

use std::ffi::OsStr;

use mercer_testkit::TempProject;
use serde_json::Value;

use crate::binary::{counts, mercer, query, value};

/// An amount of the truth, written as text so that no digit is lost.
fn amount(truth: &Value, name: &str) -> String {
    truth[name].as_str().expect(name).to_owned()
}

#[test]
fn the_demo_finds_what_was_planted() {
    let project = TempProject::new(&[]);
    let folder = project.path("shop");
    // A fifth of the smallest size: enough of everything, and quick in an unoptimised build.
    let args = ["demo", "--json", "--scale", "600", "--seed", "7", "--to"].map(OsStr::new);
    let outcome = mercer(args.into_iter().chain([folder.as_os_str()])).json();
    let text = std::fs::read_to_string(folder.join("raw/truth/truth.json")).expect("the truth is written");
    let truth: Value = serde_json::from_str(&text).expect("the truth is JSON");
    let (totals, ladder) = (&truth["totals"], &truth["totals"]["all_orders"]);

    // Every dirty row is refused or counted once, and no clean one is.
    let dirt = |name: &str| totals["dirt"][name].as_u64().expect(name);
    let [_, _, repeated, quarantined] = counts(&outcome["rows"]);
    assert_eq!(repeated, dirt("duplicate_orders") + dirt("duplicate_customers"));
    let refused = ["unreadable_dates", "future_dates", "orphan_lines", "customers_without_id"];
    assert_eq!(quarantined, refused.map(dirt).iter().sum::<u64>());
    assert!(quarantined > 0, "no dirt was planted");

    // The ladder to the cent, and who bought.
    let sums = query(
        &folder,
        "select count(*) as orders, sum(gross_sales) as gross_sales, sum(discount) as discounts, sum(refund) as refunds, \
         sum(net_sales) as net_sales from orders",
    );
    assert_eq!(sums[0]["orders"], ladder["orders"]);
    for name in ["gross_sales", "discounts", "refunds", "net_sales"] {
        assert_eq!(format!("{:.2}", sums[0][name].as_f64().expect(name)), amount(ladder, name), "{name}");
    }
    assert_eq!(value(&folder, "select count(*) from customer_360 where orders > 0"), totals["buyers"]);
    assert_eq!(
        value(&folder, "select count(*) from messages where opened_at is not null"),
        totals["messages"]["opened"]
    );
    assert_eq!(value(&folder, "select count(*) from leads where outcome = 'won'"), totals["leads"]["won"]);
    assert_eq!(value(&folder, "select count(*) from events where name = 'view_item'"), totals["events"]["view_item"]);

    let report = std::fs::read_to_string(folder.join("report/index.html")).expect("the report is written");
    assert!(report.contains("<title>Linden"), "the report has its title");
}

/// How customers buy and leave is found from their orders, with the covariates that explain it.
#[test]
fn the_demo_finds_how_customers_buy_and_leave() {
    let project = TempProject::new(&[]);
    let folder = project.path("shop");
    let args = ["demo", "--quiet", "--scale", "2500", "--seed", "11", "--to"].map(OsStr::new);
    mercer(args.into_iter().chain([folder.as_os_str()])).printed();
    let text = std::fs::read_to_string(folder.join("raw/truth/truth.json")).expect("the truth is written");
    let truth: Value = serde_json::from_str(&text).expect("the truth is JSON");
    let truth = |name: &str| truth["planted"]["lifetime"][name].as_f64().expect(name);

    let covariates = "covariates=home_type,acquisition_channel,newsletter_consent";
    let args = ["lifetime", "fit", "--json", "--no-evaluation", "--param", "model=pareto-nbd", "--param", covariates];
    let fitted = mercer(args.into_iter().map(OsStr::new).chain([OsStr::new("--project"), folder.as_os_str()])).json();
    let model = &fitted["model"];
    assert_eq!(model["verdict"], "converged");
    // Three standard errors: seasons and the hour of day, which the model does not know, add a little to chance.
    let near = |name: &str, found: &Value, error: &Value, expected: f64| {
        let (found, error) = (found.as_f64().expect(name), error.as_f64().expect(name));
        assert!((found - expected).abs() < 3.0 * error, "{name}: {found} ± {error} instead of {expected}");
    };
    for name in ["r", "s"] {
        near(name, &model["parameters"][name], &model["standard_errors"][name], truth(name));
    }
    let effects = [
        ("purchase: home_type = house", truth("rate_house").ln()),
        ("dropout: acquisition_channel = paid_social", truth("drop_out_paid_social").ln()),
        // Those who declined are compared with those who took it.
        ("dropout: newsletter_consent = no", -truth("drop_out_newsletter").ln()),
    ];
    for (name, expected) in effects {
        let effect = &model["effects"][name];
        near(name, &effect["value"], &effect["standard_error"], expected);
    }

    // On the report's first screen and in its own section, and judged on time it had not seen.
    let report = std::fs::read_to_string(folder.join("report/index.html")).expect("the report is written");
    for part in ["Value at risk", "lifetime-distribution", "lifetime-top", "lifetime-sinking", "lifetime-tracking"] {
        assert!(report.contains(part), "{part}");
    }
    let methods = query(&folder, "select verdict from methods where method = 'lifetime'");
    assert_eq!(methods[0]["verdict"], "beats-baseline");

    for part in ["segment-map", "segment-moves", "segment-persona", "segment-preferences", "segment-evidence"] {
        assert!(report.contains(part), "{part}");
    }
    let personas = query(&folder, "select persona_name, count(*) as n from customer_360 where orders > 0 group by 1");
    assert!(
        (3..=10).contains(&personas.len()) && personas.iter().all(|row| !row["persona_name"].is_null()),
        "{personas:?}"
    );
    let known =
        "select count(*) as n from customer_360 where orders > 0 and (segment_id is null or segment_name is null)";
    assert_eq!(query(&folder, known)[0]["n"], 0);

    for part in ["Value at stake by churn", "propensity-churn-list", "propensity-churn-tested", "propensity-models"] {
        assert!(report.contains(part), "{part}");
    }
    // Whoever is asked about has a probability, and what is at stake is that times what they are worth.
    let stakes = "select count(*) as n, max(abs(p_churn_value - p_churn * clv)) as off, min(p_churn) as least, \
                  max(p_churn) as most from customer_360 where p_churn is not null";
    let stakes = &query(&folder, stakes)[0];
    assert!(stakes["n"].as_u64() > Some(500) && stakes["off"].as_f64() < Some(1e-6), "{stakes}");
    assert!(stakes["least"].as_f64() > Some(0.0) && stakes["most"].as_f64() < Some(1.0), "{stakes}");
    // Leads are scored in a table of their own; the showroom that was planted as a reason is found.
    let leads = "select avg(s.probability) as p, count(*) as n from lead_scores s join leads l using (lead_id) \
                 group by l.visited_showroom order by p desc";
    let leads = query(&folder, leads);
    assert!(leads.len() >= 2 && leads[0]["p"].as_f64() > Some(0.3), "{leads:?}");
}
