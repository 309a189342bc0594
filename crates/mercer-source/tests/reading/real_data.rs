//! Real files, where they are at hand: in the folder `$MERCER_DATA`, or `shared/data` beside the workspace.

use std::path::PathBuf;

use mercer_source::{ColumnProfile, FileProfile, Kind, ReadOptions, Shape, profile};

fn data(name: &str) -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let root = std::env::var_os("MERCER_DATA").map_or(beside, PathBuf::from);
    let path = root.join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {name} is not here");
    None
}

/// The profile of a whole file; `None` where it is not here.
fn profiled(name: &str) -> Option<FileProfile> {
    data(name).map(|path| profile(path, &ReadOptions::default(), None).unwrap())
}

fn column<'a>(found: &'a FileProfile, name: &str) -> &'a ColumnProfile {
    found.columns.iter().find(|column| column.name == name).unwrap()
}

#[test]
fn online_retail() {
    let Some(found) = profiled("online_retail/online_retail.csv.gz") else { return };
    assert_eq!((found.rows, found.rejected), (541_909, 0));
    let kinds: Vec<Kind> = found.columns.iter().map(|column| column.kind).collect();
    use Kind::{Decimal, Integer, Text, Timestamp};
    assert_eq!(kinds, [Text, Text, Text, Integer, Timestamp, Decimal, Integer, Text]);
    let customer = column(&found, "CustomerID");
    assert_eq!((customer.filled, customer.empty, customer.distinct.count), (406_829, 135_080, 4_372));
    assert!(customer.format.strip_point_zero);
    assert_eq!(column(&found, "Quantity").numeric.unwrap().negative, 10_624);
    assert_eq!(column(&found, "UnitPrice").numeric.unwrap().max, 38_970.0);
    assert!(column(&found, "InvoiceNo").values_repeat_in_runs);
    assert_eq!(column(&found, "InvoiceNo").distinct.count, 25_900);
    assert_eq!(column(&found, "Country").looks_like, Some(Shape::CountryName));
    // 2010-12-01 08:26 and 2011-12-09 12:50.
    let time = column(&found, "InvoiceDate").time.unwrap();
    assert_eq!((time.min, time.max), (1_291_191_960_000_000, 1_323_435_000_000_000));
}

#[test]
fn blanks_with_and_without_a_header() {
    let Some(master) = profiled("cdnow/CDNOW_master.txt") else { return };
    assert_eq!((master.rows, master.rejected), (69_659, 0));
    assert_eq!(column(&master, "customer_id").distinct.count, 23_570);
    assert_eq!(column(&master, "date").kind, Kind::Timestamp);
    let Some(sample) = profiled("cdnow/CDNOW_sample.txt") else { return };
    assert_eq!((sample.rows, sample.columns.len(), sample.dialect.header), (6_919, 5, false));
}

#[test]
fn rows_that_were_quoted_as_a_whole() {
    let Some(found) = profiled("lead_scoring_x_education/Lead Scoring.csv") else { return };
    assert_eq!((found.rows, found.rejected, found.repaired, found.columns.len()), (9_240, 0, 338, 37));
    assert_eq!(column(&found, "Prospect ID").looks_like, Some(Shape::Uuid));
}

#[test]
fn dates_of_every_order() {
    for (file, name, day_first) in [
        ("groceries_baskets/Groceries_dataset.csv", "Date", Some(true)),
        ("walmart_45_stores/walmart.csv", "Date", Some(true)),
        ("geolift/data_positiveGLv1.csv", "date", Some(true)),
        ("customer_personality/marketing_campaign.csv", "Dt_Customer", Some(true)),
        ("cdnow/example_transactions.csv", "date", None),
        ("classic_series/souvenirs.csv", "Month", None),
    ] {
        let Some(found) = profiled(file) else { continue };
        let date = column(&found, name);
        assert_eq!((date.kind, date.format.day_first), (Kind::Timestamp, day_first), "{file}");
        assert!(!date.time.unwrap().has_time_of_day, "{file}");
    }
}

#[test]
fn quotes_encodings_and_lists_of_the_wild() {
    if let Some(found) = profiled("lastfm_hetrec2k/artists.dat") {
        assert_eq!((found.rows, found.rejected, found.columns.len()), (17_632, 0, 4));
    }
    if let Some(found) = profiled("lastfm_hetrec2k/tags.dat") {
        assert_eq!((found.rows, found.dialect.encoding.as_deref()), (11_946, Some("windows-1252")));
    }
    if let Some(found) = profiled("groceries_baskets/store_data.csv") {
        assert_eq!(
            (found.rows, found.columns.len(), found.dialect.header, found.dialect.ragged),
            (7_501, 20, false, true)
        );
    }
    if let Some(found) = profiled("lead_scoring_x_education/Leads Data Dictionary.xlsx") {
        assert_eq!((found.rows, found.columns.len()), (37, 2));
        assert_eq!(found.columns[0].name, "Variables");
    }
    if let Some(found) = profiled("upworthy_exploratory/upworthy_open.parquet") {
        assert_eq!(found.rows, 11_571);
    }
}

/// Every table at hand reads without losing a row.
#[test]
fn every_table_reads_whole() {
    let Some(root) = data("") else { return };
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let endings = [".csv", ".csv.gz", ".txt", ".dat", ".xlsx", ".parquet"];
    let mut tables = 0;
    for folder in folders.iter().filter(|path| path.is_dir()) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)) {
                let found = profile(&path, &ReadOptions::default(), Some(20_000)).unwrap();
                assert_eq!(found.rejected, 0, "{}: {:?}", path.display(), found.rejected_examples);
                tables += 1;
            }
        }
    }
    assert!(tables > 0);
}

#[test]
fn households_of_transactions_are_households() {
    let (Some(sales), Some(people)) = (
        profiled("complete_journey_sample/transactions_sample.csv.gz"),
        profiled("complete_journey_sample/demographics.csv"),
    ) else {
        return;
    };
    let (sale, person) = (column(&sales, "household_id"), column(&people, "household_id"));
    assert_eq!(person.sketch.contained_in(&sale.sketch).map(|share| share > 0.99), Some(true));
    assert!(column(&people, "age").sketch.contained_in(&sale.sketch).is_some_and(|share| share < 0.01));
}
