//! What `mercer init` makes of real exports, kept outside the tree.
// Helpers of tests may stop at the first surprise, as tests do.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::path::PathBuf;

use mercer_schema::infer::{Proposal, ProposedSource, look, propose};
use mercer_schema::{ColumnSource, Table};
use mercer_source::{ReadOptions, profile};

fn root() -> Option<PathBuf> {
    let root = std::env::var_os("MERCER_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    root.is_dir().then_some(root)
}

/// The proposal for files of the reference data, with the second look; none where the data is not here.
fn proposal(files: &[&str], columns: Option<&[&str]>) -> Option<Proposal> {
    let Some(root) = root().filter(|root| files.iter().all(|file| root.join(file).is_file())) else {
        println!("skipped: {files:?} are not here (set MERCER_DATA)");
        return None;
    };
    let columns = columns.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
    let read = ReadOptions { columns, ..ReadOptions::default() };
    let profiles: Vec<_> = files.iter().map(|file| profile(root.join(file), &read, None).unwrap()).collect();
    let mut proposal = propose(&profiles);
    let mut evidence = Vec::new();
    for source in &mut proposal.sources {
        source.spec.read = read.clone();
        evidence.push(look(&source.spec.files, &source.spec).unwrap());
        source.spec.fields().unwrap_or_else(|error| panic!("{}: {error}", source.spec.name));
    }
    proposal.weigh(&evidence);
    Some(proposal)
}

/// The mapping as `field = column + column`.
fn mapping(source: &ProposedSource) -> Vec<String> {
    let text = |(field, origin): (&String, &ColumnSource)| match origin {
        ColumnSource::Constant { constant } => format!("{field} = '{constant}'"),
        ColumnSource::OnePer { one_per } => format!("{field} = one per {}", one_per.join(" and ")),
        other => format!("{field} = {}", other.columns().collect::<Vec<_>>().join(" + ")),
    };
    source.spec.columns.iter().map(text).collect()
}

struct Expected {
    file: &'static str,
    columns: Option<&'static [&'static str]>,
    rows_are: Table,
    /// In the order of field names.
    mapping: &'static [&'static str],
    /// How many columns are kept as attributes.
    attributes: usize,
}

#[test]
fn real_files_are_understood() {
    let cases = [
        Expected {
            file: "cdnow/CDNOW_master.txt",
            columns: None,
            rows_are: Table::Orders,
            mapping: &[
                "customer_id = customer_id",
                "ordered_at = date",
                "total = dollar_value",
                "units = number_of_cds",
            ],
            attributes: 0,
        },
        Expected {
            file: "cdnow/CDNOW_sample.txt",
            columns: Some(&["customer_id", "sample_id", "date", "number_of_cds", "dollar_value"]),
            rows_are: Table::Orders,
            mapping: &[
                "customer_id = customer_id",
                "ordered_at = date",
                "total = dollar_value",
                "units = number_of_cds",
            ],
            attributes: 0,
        },
        Expected {
            file: "cdnow/cdnow_transactions.csv",
            columns: None,
            rows_are: Table::Orders,
            mapping: &["customer_id = id", "ordered_at = date", "total = spent", "units = cds_bought"],
            attributes: 0,
        },
        Expected {
            file: "apparel_clv/apparelTrans.csv",
            columns: None,
            rows_are: Table::Orders,
            mapping: &["customer_id = Id", "ordered_at = Date", "total = Price"],
            attributes: 0,
        },
        Expected {
            file: "telco_churn/Telco-Customer-Churn.csv",
            columns: None,
            rows_are: Table::Customers,
            mapping: &["customer_id = customerID"],
            attributes: 20,
        },
        Expected {
            file: "customer_personality/marketing_campaign.csv",
            columns: None,
            rows_are: Table::Customers,
            mapping: &["birth_year = Year_Birth", "created_at = Dt_Customer", "customer_id = ID"],
            attributes: 24,
        },
        Expected {
            file: "cookie_cats/cookie_cats.csv",
            columns: None,
            rows_are: Table::Experiments,
            mapping: &["arm = test_version", "customer_id = userid"],
            attributes: 0,
        },
    ];
    for case in cases {
        let Some(proposal) = proposal(&[case.file], case.columns) else { continue };
        let [source] = proposal.sources.as_slice() else { panic!("{}: {:?}", case.file, proposal.left_out) };
        assert_eq!(source.spec.rows_are, case.rows_are, "{}", case.file);
        assert_eq!(mapping(source), case.mapping, "{}", case.file);
        let attributes: usize = source.spec.attributes.values().map(Vec::len).sum();
        assert_eq!(attributes, case.attributes, "{}: {:?}", case.file, source.spec.attributes);
    }
}

#[test]
fn online_retail_with_its_rules() {
    let Some(proposal) = proposal(&["online_retail/online_retail.csv.gz"], None) else { return };
    let [source] = proposal.sources.as_slice() else { panic!("{:?}", proposal.left_out) };
    assert_eq!((source.spec.rows_are, source.rows), (Table::OrderLines, 541_909));
    let expected = [
        "country = Country",
        "customer_id = CustomerID",
        "order_id = InvoiceNo",
        "ordered_at = InvoiceDate",
        "product_id = StockCode",
        "quantity = Quantity",
        "title = Description",
        "unit_price = UnitPrice",
    ];
    assert_eq!(mapping(source), expected);
    assert!(source.unmapped.is_empty() && source.certainty > 0.9);
    for column in &source.columns {
        assert!(column.certainty > 0.75, "{} is only {}", column.field, column.certainty);
    }
    let rules = &proposal.rules;
    assert_eq!(rules.cancellation_prefix.as_deref(), Some("C"));
    assert_eq!(rules.adjustment_prefix.as_deref(), Some("A"));
    let services = ["23444", "AMAZONFEE", "B", "BANK CHARGES", "C2", "CRUK", "D", "DOT", "M", "POST", "S", "m"];
    assert_eq!(rules.service_products, services);
    assert!(rules.anonymous_customers.is_empty());
    let reason = |rule: &str| proposal.rule_reasons.iter().find(|r| r.rule == rule).unwrap().reason.clone();
    assert!(reason("cancellation_prefix").contains("9,288 of 9,288"), "{}", reason("cancellation_prefix"));
    assert!(reason("adjustment_prefix").contains("3 rows of 541,909"), "{}", reason("adjustment_prefix"));
}

#[test]
fn a_folder_of_a_grocer() {
    let folder = "complete_journey_sample";
    let files = [
        "campaign_descriptions.csv",
        "campaigns.csv",
        "coupon_redemptions.csv",
        "coupons.csv",
        "demographics.csv",
        "products.csv.gz",
        "promotions_sample.csv.gz",
        "transactions_sample.csv.gz",
    ]
    .map(|file| format!("{folder}/{file}"));
    let Some(proposal) = proposal(&files.each_ref().map(String::as_str), None) else { return };
    let found: Vec<_> = proposal.sources.iter().map(|s| (s.spec.name.as_str(), s.spec.rows_are)).collect();
    let expected = [
        ("demographics", Table::Customers),
        ("transactions_sample", Table::OrderLines),
        ("products", Table::Products),
        ("coupon_redemptions", Table::Events),
    ];
    assert_eq!(found, expected);
    let source = |name: &str| proposal.sources.iter().find(|source| source.spec.name == name).unwrap();
    let lines = [
        "channel = store_id",
        "customer_id = household_id",
        "discount = retail_disc + coupon_disc + coupon_match_disc",
        "net_amount = sales_value",
        "order_id = basket_id",
        "ordered_at = transaction_timestamp",
        "product_id = product_id",
        "quantity = quantity",
    ];
    assert_eq!(mapping(source("transactions_sample")), lines);
    assert_eq!(source("demographics").spec.attributes[&Table::Customers].len(), 7);
    let products = ["brand = brand", "category = product_category", "product_id = product_id", "title = product_type"];
    assert_eq!(mapping(source("products")), products);
    let events = ["customer_id = household_id", "name = 'coupon_redemption'", "occurred_at = redemption_date"];
    assert_eq!(mapping(source("coupon_redemptions")), events);
    for (file, reason) in [
        ("campaigns.csv", "campaigns or coupons"),
        ("coupons.csv", "campaigns or coupons"),
        ("campaign_descriptions.csv", "campaigns or coupons"),
        ("promotions_sample.csv.gz", "product_id comes again"),
    ] {
        let left = proposal.left_out.iter().find(|left| left.file.ends_with(file)).unwrap();
        assert!(left.reason.contains(reason), "{file}: {}", left.reason);
    }
}

/// No order number and no product number: customer and day make an order, the name is the product.
#[test]
fn baskets_of_members() {
    let Some(proposal) = proposal(&["groceries_baskets/Groceries_dataset.csv"], None) else { return };
    let [source] = proposal.sources.as_slice() else { panic!("{:?}", proposal.left_out) };
    assert_eq!(source.spec.rows_are, Table::OrderLines);
    assert!(source.spec.makes_orders());
    let expected = [
        "customer_id = Member_number",
        "order_id = one per customer_id and day",
        "ordered_at = Date",
        "product_id = itemDescription",
        "title = itemDescription",
    ];
    assert_eq!(mapping(source), expected);
    let asked: Vec<_> = source.questions.iter().map(|question| question.text.as_str()).collect();
    assert!(asked.contains(&"there is no order number: is what a customer bought on one day one order?"), "{asked:?}");
}

#[test]
fn leads_and_their_outcome() {
    let Some(proposal) = proposal(&["lead_scoring_x_education/Lead Scoring.csv"], None) else { return };
    let [source] = proposal.sources.as_slice() else { panic!("{:?}", proposal.left_out) };
    assert_eq!(source.spec.rows_are, Table::Leads);
    assert_eq!(mapping(source), ["lead_id = Prospect ID", "outcome = Converted", "source = Lead Source"]);
    let unmapped: Vec<_> = source.unmapped.iter().map(|column| column.column.as_str()).collect();
    assert!(unmapped.contains(&"Lead Number"), "a second key is no attribute: {unmapped:?}");
}

#[test]
fn magento_products_from_several_files() {
    let files = [
        "magento_catalogue/products_configurable.csv",
        "magento_catalogue/products_gear_bags.csv",
        "magento_catalogue/products_gear_fitness_equipment.csv",
        "magento_catalogue/products_gear_watches.csv",
        "magento_catalogue/products_reviews.csv",
    ];
    let Some(proposal) = proposal(&files, None) else { return };
    assert!(proposal.sources.iter().all(|source| source.spec.rows_are == Table::Products));
    let names: Vec<_> = proposal.sources.iter().map(|s| (s.spec.name.as_str(), s.spec.files.len())).collect();
    // Two files of gear have the same header and so are one source.
    assert_eq!(names, [("products_configurable", 1), ("products_gear", 2), ("products_gear_bags", 1)]);
    let expected = [
        "category = categories",
        "description = description",
        "image = base_image",
        "price = price",
        "product_id = sku",
        "title = name",
    ];
    assert_eq!(mapping(&proposal.sources[0]), expected);
    assert_eq!(proposal.left_out.len(), 1, "reviews have no table: {:?}", proposal.left_out);
}

#[test]
fn tables_without_customers_or_keys_are_left_out_with_a_reason() {
    for (file, reason) in [
        ("cdnow/clv_quickstart.csv", "summary"),
        ("mmm_robyn/dt_simulated_weekly.csv", "totals over time"),
        ("mmm_meridian/geo_media.csv", "media spend"),
        ("walmart_45_stores/walmart.csv", "totals over time"),
        ("bank_marketing/bank.csv", "no column is surely a key"),
    ] {
        let Some(proposal) = proposal(&[file], None) else { continue };
        assert!(proposal.sources.is_empty(), "{file}: {:?}", proposal.sources);
        assert!(proposal.left_out[0].reason.contains(reason), "{file}: {}", proposal.left_out[0].reason);
    }
}
