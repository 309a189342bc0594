//! A small shop whose exports the tests write: flat order lines, a file a month.

use std::fmt::Write as _;

use mercer_testkit::TempProject;

/// The header of an export.
pub(crate) const HEADER: &str = "order_id,customer_id,ordered_at,product_id,quantity,unit_price\n";

/// A project of one source called `orders` that reads `files`, each row an order line with the columns of [`HEADER`].
pub(crate) fn config(files: &str) -> String {
    let columns = HEADER.trim_end().split(',').map(|name| format!("{name} = \"{name}\"\n"));
    format!(
        "[project]\nname = \"shop\"\ncurrency = \"EUR\"\n\n[[source]]\nname = \"orders\"\nfiles = [\"{files}\"]\n\
         rows_are = \"order_lines\"\n\n[source.columns]\n{}",
        columns.collect::<String>()
    )
}

/// Orders `first..last` of two lines each: 30.00 + number × 0.01 an order. Every seventh has no customer.
pub(crate) fn orders(first: u32, last: u32) -> String {
    let mut text = HEADER.to_owned();
    for number in first..last {
        let customer = if number % 7 == 0 { String::new() } else { format!("c{}", number % 40) };
        let day = number % 28 + 1;
        let month = number / 28 % 12 + 1;
        let start = format!("o{number:05},{customer},2024-{month:02}-{day:02} 10:{:02}:00", number % 60);
        // Twice 10.00, and 10.00 and as many cents as the number says.
        let cents = number % 1000;
        writeln!(text, "{start},lamp,2,10.00\n{start},desk,1,{}.{:02}", 10 + cents / 100, cents % 100)
            .expect("memory takes what is written");
    }
    text
}

/// What orders `first..last` come to, in cents.
pub(crate) fn cents(first: u32, last: u32) -> u64 {
    (first..last).map(|number| 3000 + u64::from(number % 1000)).sum()
}

/// A project that reads `exports/orders-*.csv`, with one export of orders `0..orders`.
pub(crate) fn shop(orders_to: u32) -> TempProject {
    TempProject::new(&[
        ("mercer.toml", &config("exports/orders-*.csv")),
        ("exports/orders-01.csv", &orders(0, orders_to)),
    ])
}
