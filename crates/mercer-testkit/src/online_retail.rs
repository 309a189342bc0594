//! Online Retail (UCI): the sales of a wholesaler to customers who are known, for tests of several methods.

use mercer_base::frame::{Kind, NO_MOMENT, Wanted};
use mercer_source::{ReadOptions, read_frame};

/// A line of an invoice.
#[derive(Debug, Clone, PartialEq)]
pub struct RetailLine {
    /// Who bought.
    pub customer: String,
    /// The invoice.
    pub order: String,
    /// When, in microseconds since 1970.
    pub moment: i64,
    /// The stock code.
    pub product: String,
    /// What it is called on the invoice.
    pub title: String,
    /// Pieces.
    pub quantity: f64,
    /// Pounds a piece.
    pub price: f64,
}

/// Lines that were sold: cancellations, lines of nobody known and of no quantity are left out, free goods are not. `None`, said
/// on standard error, where the data are missing.
///
/// # Panics
/// Where the file is there and cannot be read.
#[must_use]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
pub fn online_retail() -> Option<Vec<RetailLine>> {
    let path = crate::data("online_retail/online_retail.csv.gz")?;
    let want =
        |column: &str, kind| Wanted { column: column.into(), name: column.into(), kind: Some(kind), required: true };
    let wanted = vec![
        want("InvoiceNo", Kind::Id),
        want("StockCode", Kind::Id),
        want("Description", Kind::Category),
        want("CustomerID", Kind::Id),
        want("InvoiceDate", Kind::Moment),
        want("Quantity", Kind::Number),
        want("UnitPrice", Kind::Number),
    ];
    let read = read_frame(&path, &ReadOptions::default(), |_| Ok(wanted)).unwrap().frame;
    let words = ["InvoiceNo", "StockCode", "Description", "CustomerID"].map(|name| read.words(name).unwrap());
    let moments = read.moments("InvoiceDate").unwrap();
    let (quantity, price) = (read.numbers("Quantity").unwrap(), read.numbers("UnitPrice").unwrap());
    let line = |row: usize| {
        let [order, product, title, customer] = words.map(|words| words.get(row));
        let order = order.filter(|order| !order.starts_with('C'))?;
        (quantity[row] > 0.0 && moments[row] != NO_MOMENT).then_some(())?;
        Some(RetailLine {
            customer: customer?.to_owned(),
            order: order.to_owned(),
            moment: moments[row],
            product: product?.to_owned(),
            title: title.unwrap_or_default().to_owned(),
            quantity: quantity[row],
            price: price[row],
        })
    };
    Some((0..read.rows()).filter_map(line).collect())
}
