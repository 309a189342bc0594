//! Metrics by period and dimension.

use std::collections::BTreeSet;

use mercer_metrics::{Definitions, Grain, MetricKind, MetricQuery, Window};

use crate::company::{ask, at, company, empty_company, quarter};

/// Expected values: total, January, February, March. Data are known until the first of June.
const EXPECTED: &[(&str, [&str; 4])] = &[
    ("gross_sales", ["565.00", "325.00", "150.00", "90.00"]),
    ("discounts", ["10.00", "10.00", "0.00", "0.00"]),
    ("refunds", ["110.00", "20.00", "90.00", "0.00"]),
    ("adjustments", ["-15.00", "0.00", "-15.00", "0.00"]),
    ("net_sales", ["430.00", "295.00", "45.00", "90.00"]),
    ("discounted_sales", ["555.00", "315.00", "150.00", "90.00"]),
    ("shipping_revenue", ["0.00", "0.00", "0.00", "0.00"]),
    ("tax", ["0.00", "0.00", "0.00", "0.00"]),
    ("orders", ["7", "3", "2", "2"]),
    ("returns", ["1", "0", "1", "0"]),
    ("cancelled_orders", ["1", "0", "1", "0"]),
    ("documents", ["11", "3", "5", "3"]),
    ("lines", ["13", "5", "5", "3"]),
    ("units", ["11", "7", "2", "2"]),
    ("order_value", ["495.00", "315.00", "90.00", "90.00"]),
    ("average_order_value", ["70.7143", "105.00", "45.00", "45.00"]),
    ("units_per_order", ["1.571429", "2.333333", "1", "1"]),
    ("discount_rate", ["0.017699", "0.030769", "0", "0"]),
    ("refund_rate", ["0.198198", "0.063492", "0.6", "0"]),
    ("active_customers", ["4", "2", "2", "2"]),
    ("new_customers", ["4", "2", "1", "1"]),
    ("returning_customers", ["0", "0", "1", "1"]),
    ("repeat_customers", ["2", "0", "1", "1"]),
    ("repeat_rate", ["0.5", "0", "0.5", "0.5"]),
    ("identified_orders", ["6", "2", "2", "2"]),
    ("orders_per_customer", ["1.5", "1", "1", "1"]),
    ("customers", ["4", "2", "3", "4"]),
    // Nobody bought before January; of customers 1 and 2 only 1 came back in February; neither 1 nor 3 in March.
    ("retention", ["NULL", "NULL", "0.5", "0"]),
    ("second_orders", ["2", "0", "1", "1"]),
    // Customer 4's 90 days are not over by June.
    ("second_purchase_90d", ["0.666667", "1", "0", "NULL"]),
    ("net_sales_first_orders", ["320.00", "270.00", "40.00", "10.00"]),
    ("net_sales_repeat_orders", ["130.00", "0.00", "50.00", "80.00"]),
    ("net_sales_anonymous", ["10.00", "25.00", "-15.00", "0.00"]),
    ("net_sales_other_documents", ["-30.00", "0.00", "-30.00", "0.00"]),
    ("net_sales_numbered_orders", ["450.00", "270.00", "90.00", "90.00"]),
    ("repeat_sales_share", ["0.288889", "0", "0.555556", "0.888889"]),
    ("anonymous_share", ["0.023256", "0.084746", "-0.333333", "0"]),
    ("line_net_sales", ["430.00", "295.00", "45.00", "90.00"]),
    ("line_refunds", ["110.00", "20.00", "90.00", "0.00"]),
    ("line_units", ["11", "7", "2", "2"]),
    ("line_buyers", ["4", "2", "2", "2"]),
    ("line_orders", ["7", "3", "2", "2"]),
    ("leads", ["4", "3", "0", "1"]),
    ("leads_won", ["2", "1", "0", "1"]),
    ("lead_conversion", ["0.5", "0.333333", "NULL", "1"]),
    ("events", ["7", "6", "1", "0"]),
    // Customers 1 and 2 and cookie k2; the event without any of the three is nobody's.
    ("visitors", ["3", "3", "1", "0"]),
    ("sessions", ["5", "4", "1", "0"]),
    ("media_spend", ["89.00", "59.00", "30.00", "0.00"]),
    ("impressions", ["4000", "1000", "3000", "0"]),
    ("clicks", ["30", "20", "10", "0"]),
    ("click_through_rate", ["0.0075", "0.02", "0.003333", "NULL"]),
    ("blended_cac", ["22.25", "29.50", "30.00", "NULL"]),
    ("marketing_efficiency", ["4.831461", "5", "1.5", "NULL"]),
    ("messages_sent", ["4", "2", "2", "0"]),
    ("messages_opened", ["2", "1", "1", "0"]),
    ("messages_clicked", ["1", "1", "0", "0"]),
    ("messages_unsubscribed", ["1", "0", "1", "0"]),
    ("open_rate", ["0.5", "0.5", "0.5", "NULL"]),
    ("click_rate", ["0.25", "0.5", "0", "NULL"]),
    ("unsubscribe_rate", ["0.25", "0", "0.5", "NULL"]),
    ("started_subscriptions", ["3", "1", "2", "0"]),
    ("churned_subscriptions", ["2", "0", "1", "1"]),
    ("subscriptions_started_so_far", ["4", "2", "4", "4"]),
    ("subscriptions_ended_so_far", ["2", "0", "1", "2"]),
    ("active_subscriptions", ["2", "2", "3", "2"]),
    ("subscriptions_at_risk", ["4", "2", "4", "3"]),
    ("subscription_churn_rate", ["0.5", "0", "0.25", "0.333333"]),
];

fn built_in() -> Definitions {
    Definitions::built_in().unwrap()
}

fn names(definitions: &Definitions) -> Vec<&str> {
    definitions.metrics().iter().map(|metric| metric.name.as_str()).collect()
}

#[test]
fn every_metric_has_its_figure_worked_out_by_hand() {
    let definitions = built_in();
    let expected: BTreeSet<&str> = EXPECTED.iter().map(|(name, _)| *name).collect();
    assert_eq!(expected, names(&definitions).into_iter().collect(), "each metric needs a figure here");
    let engine = company(None);
    let metrics = names(&definitions);
    let mut columns = Vec::new();
    for grain in [Grain::Total, Grain::Month] {
        let query =
            MetricQuery { metrics: &metrics, window: quarter(), grain, by: None, known_until: at("2024-06-01") };
        columns.extend(ask(&engine, &definitions.sql(&query).unwrap()));
    }
    assert_eq!(columns.len(), 4);
    for (name, figures) in EXPECTED {
        let found: Vec<&str> = columns.iter().map(|row| row[*name].as_str()).collect();
        assert_eq!(&found, figures, "{name}");
    }
    assert!(columns.iter().all(|row| row["complete"] == "true"));
}

#[test]
fn breaks_down_by_the_facts_own_columns_and_by_customer_and_product() {
    let definitions = built_in();
    let engine = company(None);
    let by = |dimension: &str, metrics: &[&str]| -> Vec<Vec<String>> {
        let query = MetricQuery {
            metrics,
            window: quarter(),
            grain: Grain::Total,
            by: Some(dimension),
            known_until: at("2024-06-01"),
        };
        let rows = ask(&engine, &definitions.sql(&query).unwrap());
        rows.iter()
            .map(|row| std::iter::once(&"dimension").chain(metrics).map(|name| row[*name].clone()).collect())
            .collect()
    };
    assert_eq!(
        by(
            "orders.country",
            &["net_sales", "orders", "active_customers", "customers", "retention", "second_purchase_90d"]
        ),
        [
            ["DE", "160.00", "4", "2", "2", "NULL", "0.5"],
            ["FR", "260.00", "2", "1", "1", "NULL", "1"],
            ["NULL", "10.00", "1", "1", "1", "NULL", "NULL"],
        ]
    );
    assert_eq!(
        by("orders.known_customer", &["net_sales", "lines"]),
        [["anonymous", "10.00", "3"], ["identified", "420.00", "10"]]
    );
    assert_eq!(
        by("customers.acquisition_channel", &["net_sales", "active_customers"]),
        [["mail", "10.00", "1"], ["search", "370.00", "2"], ["NULL", "50.00", "1"]]
    );
    assert_eq!(
        by("products.category", &["line_net_sales", "line_buyers", "line_orders"]),
        [["Kitchen", "225.00", "3", "5"], ["Light", "160.00", "1", "1"], ["NULL", "45.00", "2", "2"]]
    );
    assert_eq!(by("messages.channel", &["open_rate"]), [["email", "0.666667"], ["sms", "0"]]);
    assert_eq!(by("media.channel", &["media_spend"]), [["display", "30.00"], ["search", "59.00"]]);
}

#[test]
fn a_breakdown_that_makes_no_sense_is_refused() {
    let definitions = built_in();
    let query = |metric: &'static [&'static str], by| {
        definitions.sql(&MetricQuery {
            metrics: metric,
            window: quarter(),
            grain: Grain::Total,
            by,
            known_until: at("2024-06-01"),
        })
    };
    let error = query(&["blended_cac"], Some("orders.country")).unwrap_err();
    assert!(error.to_string().contains("media_spend") && error.to_string().contains("orders.country"), "{error}");
    assert!(query(&["orders"], Some("orders.weather")).unwrap_err().hint().unwrap().contains("orders.country"));
    assert!(query(&["happiness"], None).unwrap_err().hint().unwrap().contains("net_sales"));
    assert!(query(&[], None).is_err());
}

#[test]
fn a_ratio_across_tables_is_missing_where_its_upper_table_says_nothing() {
    let own = "[[metric]]\nname = \"leads_per_order\"\nlabel = \"Leads per order\"\ntype = \"ratio\"\nunit = \"number\"\n\
               description = \"Leads over orders.\"\nnumerator = \"leads\"\ndenominator = \"orders\"\n\n\
               [[metric]]\nname = \"events_per_order\"\nlabel = \"Events per order\"\ntype = \"ratio\"\nunit = \"number\"\n\
               description = \"Events over orders.\"\nnumerator = \"events\"\ndenominator = \"orders\"\n";
    let definitions = built_in().merge(Definitions::parse(own).unwrap()).unwrap();
    let engine = company(None);
    let monthly = |metric: &str| -> Vec<String> {
        let query = MetricQuery {
            metrics: &[metric],
            window: quarter(),
            grain: Grain::Month,
            by: None,
            known_until: at("2024-06-01"),
        };
        ask(&engine, &definitions.sql(&query).unwrap()).iter().map(|row| row[metric].clone()).collect()
    };
    // Leads go on until March, so February had none; events end in February.
    assert_eq!(monthly("leads_per_order"), ["1", "0", "0.5"]);
    assert_eq!(monthly("events_per_order"), ["2", "0.5", "NULL"]);
    // Without any media there is no cost of a customer, and no return either.
    let media = engine.schema("SELECT * FROM media").unwrap();
    engine.register_batches("media", media, Vec::new()).unwrap();
    assert_eq!(monthly("media_spend"), ["0.00", "0.00", "0.00"]);
    assert_eq!(monthly("blended_cac"), ["NULL", "NULL", "NULL"]);
    assert_eq!(monthly("marketing_efficiency"), ["NULL", "NULL", "NULL"]);
}

#[test]
fn an_empty_company_has_zeros_and_nulls() {
    let definitions = built_in();
    let engine = empty_company();
    let metrics = names(&definitions);
    let query = MetricQuery {
        metrics: &metrics,
        window: quarter(),
        grain: Grain::Month,
        by: None,
        known_until: at("2024-06-01"),
    };
    let rows = ask(&engine, &definitions.sql(&query).unwrap());
    assert_eq!(rows.len(), 3);
    for metric in definitions.metrics() {
        let divides = matches!(metric.kind, MetricKind::Ratio { .. } | MetricKind::Conversion { .. });
        let expected = match (divides, metric.unit.name()) {
            (true, _) => "NULL",
            (false, "money") => "0.00",
            (false, _) => "0",
        };
        assert!(rows.iter().all(|row| row[&metric.name] == expected), "{}: {:?}", metric.name, rows[0][&metric.name]);
    }
    let query = MetricQuery { by: Some("orders.country"), metrics: &["net_sales"], ..query };
    assert!(ask(&engine, &definitions.sql(&query).unwrap()).is_empty());
}

#[test]
fn what_came_before_the_window_counts_only_where_it_must() {
    let definitions = built_in();
    let window = Window::new(at("2024-02-10"), at("2024-03-26")).unwrap();
    let metrics = ["orders", "customers", "retention", "active_subscriptions"];
    let query = MetricQuery { metrics: &metrics, window, grain: Grain::Month, by: None, known_until: at("2024-03-26") };
    let rows = ask(&company(None), &definitions.sql(&query).unwrap());
    assert_eq!(rows.len(), 2);
    assert_eq!(rows.iter().map(|row| row["orders"].as_str()).collect::<Vec<_>>(), ["1", "1"]);
    // Customers 1 to 3 were won before the window began; 4 after it ended.
    assert_eq!(rows.iter().map(|row| row["customers"].as_str()).collect::<Vec<_>>(), ["3", "3"]);
    assert_eq!(rows.iter().map(|row| row["retention"].as_str()).collect::<Vec<_>>(), ["0.5", "0"]);
    assert!(rows.iter().all(|row| row["complete"] == "false"));
}

#[test]
fn every_grain_adds_up_to_the_total() {
    let definitions = built_in();
    let engine = company(None);
    for grain in [Grain::Day, Grain::Week, Grain::Quarter, Grain::Year] {
        let query = MetricQuery {
            metrics: &["orders", "new_customers"],
            window: quarter(),
            grain,
            by: None,
            known_until: at("2024-06-01"),
        };
        let rows = ask(&engine, &definitions.sql(&query).unwrap());
        let sum = |name: &str| rows.iter().map(|row| row[name].parse::<i64>().unwrap()).sum::<i64>();
        assert_eq!((sum("orders"), sum("new_customers")), (7, 4), "{}", grain.name());
    }
}

#[test]
fn a_projects_own_metric_and_its_words_reach_the_engine_whole() {
    let own = "[[metric]]\nname = \"web_orders\"\nlabel = \"Web orders: the shop's \\\"own\\\"\"\ntype = \"simple\"\nunit = \"count\"\n\
               description = \"It's the web.\"\ntable = \"orders\"\naggregate = \"count\"\nfilter = \"kind = 'sale' AND channel = 'web'\"\n\
               [[dimension]]\nname = \"customers.tier\"\nlabel = \"Tier\"\n";
    let definitions = built_in().merge(Definitions::parse(own).unwrap()).unwrap();
    let engine = company(None);
    let query = MetricQuery {
        metrics: &["web_orders"],
        window: quarter(),
        grain: Grain::Total,
        by: Some("customers.tier"),
        known_until: at("2024-06-01"),
    };
    let found: Vec<(String, String)> = ask(&engine, &definitions.sql(&query).unwrap())
        .iter()
        .map(|row| (row["dimension"].clone(), row["web_orders"].clone()))
        .collect();
    assert_eq!(found, [("gold".to_owned(), "2".to_owned()), ("NULL".to_owned(), "3".to_owned())]);
    let table = ask(&engine, &definitions.definitions_sql());
    let last = table.last().unwrap();
    assert_eq!((last["description"].as_str(), last["type"].as_str()), ("It's the web.", "simple"));
    assert_eq!(last["label"], "Web orders: the shop's \"own\"");
    assert_eq!(table.len(), definitions.metrics().len());
}
