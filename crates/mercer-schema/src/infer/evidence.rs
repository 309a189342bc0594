//! A second look at the rows of a source: what only two columns together can tell, such as the sign of amounts by kind
//! of order number.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use mercer_base::{Error, Result};
use mercer_source::open;

use super::words::Name;
use crate::mapping::SourceSpec;
use crate::table::Table;

/// Kinds of order number, products or states beyond these are not remembered: the memory of a look is bounded.
const MOST_PREFIXES: usize = 64;
const MOST_PRODUCTS: usize = 200_000;
const MOST_STATES: usize = 500;
/// Letters before the digits of an order number that can still be a kind of order.
const LONGEST_PREFIX: usize = 4;

/// What the rows of a source say about its business rules.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// Rows that were looked at.
    pub rows: u64,
    /// Order numbers by the letters they start with.
    pub(super) prefixes: BTreeMap<String, Prefix>,
    /// Products by key.
    pub(super) products: BTreeMap<String, Product>,
    /// States of orders, in lower case.
    pub(super) states: BTreeMap<String, u64>,
    /// Customer keys that may stand for nobody.
    pub(super) nobodies: BTreeMap<String, u64>,
    /// How many customers there are.
    pub(super) customers: u64,
    /// Rows that name a customer.
    pub(super) with_customer: u64,
}

/// Order numbers that start with the same letters.
#[derive(Debug, Clone, Default)]
pub(super) struct Prefix {
    pub(super) rows: u64,
    pub(super) negative: u64,
    pub(super) without_customer: u64,
    pub(super) about_books: u64,
    /// A few of the order numbers.
    pub(super) examples: BTreeSet<String>,
}

/// One product.
#[derive(Debug, Clone, Default)]
pub(super) struct Product {
    pub(super) rows: u64,
    /// Rows whose title is that of a charge.
    pub(super) charges: u64,
    /// Such a title.
    pub(super) title: String,
}

/// Reads the files of a source once, only the columns that rules depend on, and counts.
///
/// # Errors
/// When a file cannot be opened or read.
pub fn look(files: &[impl AsRef<Path>], spec: &SourceSpec) -> Result<Evidence> {
    let mut evidence = Evidence::default();
    let mut customers: HashSet<u64> = HashSet::new();
    // Titles repeat a lot; each is taken apart once. Looked up only, never iterated.
    let mut titles: HashMap<String, Wording> = HashMap::new();
    for path in files {
        let path = path.as_ref();
        let mut reader = open(path, &spec.read)?;
        let wanted = Wanted::new(spec, reader.columns());
        if wanted.nothing() {
            continue;
        }
        while let Some(batch) = reader.next_batch()? {
            let texts = wanted.texts(&batch.columns).map_err(|error| error.with_context(path.display().to_string()))?;
            for row in 0..batch.lines.len() {
                evidence.add(&texts.row(row), &mut customers, &mut titles);
            }
        }
    }
    evidence.customers = u64::try_from(customers.len()).unwrap_or(u64::MAX);
    Ok(evidence)
}

/// Where the columns stand that rules depend on.
struct Wanted {
    order: Option<usize>,
    customer: Option<usize>,
    product: Option<usize>,
    title: Option<usize>,
    status: Option<usize>,
    amounts: Vec<usize>,
}

impl Wanted {
    fn new(spec: &SourceSpec, columns: &[String]) -> Self {
        let position = |table: Table, field: &str| {
            let (_, origin) = spec.columns.iter().find(|(name, _)| {
                spec.rows_are.resolve(name).is_some_and(|(found, known)| found == table && known.name == field)
            })?;
            let column = origin.columns().next()?;
            columns.iter().position(|name| name == column)
        };
        // A key of a carried table may be mapped as the rows' own.
        let either = |field: &str, tables: &[Table]| tables.iter().find_map(|table| position(*table, field));
        use Table::{Customers, OrderLines, Orders, Products};
        let amounts = [
            (OrderLines, "quantity"),
            (OrderLines, "unit_price"),
            (OrderLines, "net_amount"),
            (OrderLines, "gross_amount"),
            (Orders, "total"),
            (Orders, "subtotal"),
            (Orders, "gross_sales"),
        ];
        Self {
            order: either("order_id", &[OrderLines, Orders]),
            customer: either("customer_id", &[Orders, Customers]),
            product: either("product_id", &[OrderLines, Products]),
            title: position(Products, "title"),
            status: position(Orders, "status"),
            amounts: amounts.into_iter().filter_map(|(table, field)| position(table, field)).collect(),
        }
    }

    fn nothing(&self) -> bool {
        self.order.is_none() && self.product.is_none() && self.status.is_none()
    }

    fn texts(&self, columns: &[ArrayRef]) -> Result<Texts> {
        let text = |index: Option<usize>| index.and_then(|i| columns.get(i)).map(as_text).transpose();
        Ok(Texts {
            order: text(self.order)?,
            customer: text(self.customer)?,
            has_customer: self.customer.is_some(),
            product: text(self.product)?,
            title: text(self.title)?,
            status: text(self.status)?,
            amounts: self.amounts.iter().filter_map(|i| columns.get(*i)).map(as_text).collect::<Result<_>>()?,
        })
    }
}

fn as_text(column: &ArrayRef) -> Result<StringArray> {
    let text = cast(column, &DataType::Utf8).map_err(|cause| {
        Error::data(format!("a column of type {} cannot be read as text", column.data_type())).with_source(cause)
    })?;
    Ok(text.as_string::<i32>().clone())
}

/// The wanted columns of one batch.
struct Texts {
    order: Option<StringArray>,
    customer: Option<StringArray>,
    has_customer: bool,
    product: Option<StringArray>,
    title: Option<StringArray>,
    status: Option<StringArray>,
    amounts: Vec<StringArray>,
}

/// One row of the wanted columns.
struct Row<'a> {
    order: Option<&'a str>,
    customer: Option<&'a str>,
    has_customer: bool,
    product: Option<&'a str>,
    title: Option<&'a str>,
    status: Option<&'a str>,
    negative: bool,
}

impl Texts {
    fn row(&self, row: usize) -> Row<'_> {
        Row {
            order: self.order.as_ref().and_then(|column| filled(column, row)),
            customer: self.customer.as_ref().and_then(|column| filled(column, row)),
            has_customer: self.has_customer,
            product: self.product.as_ref().and_then(|column| filled(column, row)),
            title: self.title.as_ref().and_then(|column| filled(column, row)),
            status: self.status.as_ref().and_then(|column| filled(column, row)),
            negative: self.amounts.iter().filter_map(|column| filled(column, row)).any(is_negative),
        }
    }
}

fn filled(column: &StringArray, row: usize) -> Option<&str> {
    let text = column.is_valid(row).then(|| column.value(row).trim())?;
    (!text.is_empty()).then_some(text)
}

/// The sign of an amount, however it is written: `-3`, `−3`, `(3.00)`, `3-`, `€ -3`.
fn is_negative(amount: &str) -> bool {
    let digits = amount.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
    digits && (amount.contains(['-', '−']) || (amount.starts_with('(') && amount.ends_with(')')))
}

/// What a title tells.
#[derive(Debug, Clone, Copy, Default)]
struct Wording {
    /// It is that of a charge; the flag says that no word of it could name goods.
    charge: Option<bool>,
    /// It speaks of book-keeping.
    books: bool,
}

/// Words that name a charge rather than goods.
const CHARGES: &[&str] = &[
    "postage",
    "carriage",
    "shipping",
    "freight",
    "delivery",
    "fee",
    "charge",
    "manual",
    "discount",
    "sample",
    "commission",
    "debt",
    "handling",
    "surcharge",
    "versand",
    "versandkosten",
    "porto",
    "rabatt",
    "gebuehr",
];
/// Words that may stand beside them.
const BESIDE_CHARGES: &[&str] = &[
    "adjust",
    "adjustment",
    "and",
    "amazon",
    "bad",
    "bank",
    "cost",
    "day",
    "express",
    "free",
    "international",
    "next",
    "service",
    "standard",
];
/// Words of book-keeping.
const BOOKS: &[&str] = &["adjust", "adjustment", "correction", "debt", "write", "korrektur", "abschreibung", "storno"];

impl Wording {
    fn of(title: &str) -> Self {
        let raw = super::words::words(title);
        // Long titles are goods, whatever words they hold.
        if raw.len() > 4 {
            return Self::default();
        }
        let name = Name::new(title);
        let known = raw.iter().all(|word| Name::new(word).has_any(CHARGES) || Name::new(word).has_any(BESIDE_CHARGES));
        Self { charge: name.has_any(CHARGES).then_some(known), books: name.has_any(BOOKS) }
    }
}

/// Keys people use for sales without a known customer.
const NOBODIES: &[&str] = &[
    "0",
    "0.0",
    "-1",
    "-1.0",
    "anonymous",
    "anonym",
    "cash",
    "gast",
    "guest",
    "n/a",
    "na",
    "nan",
    "none",
    "null",
    "unbekannt",
    "unknown",
    "walk-in",
];

impl Evidence {
    fn add(&mut self, row: &Row<'_>, customers: &mut HashSet<u64>, titles: &mut HashMap<String, Wording>) {
        self.rows += 1;
        let wording = match row.title {
            None => Wording::default(),
            Some(title) => match titles.get(title) {
                Some(known) => *known,
                None => {
                    let wording = Wording::of(title);
                    if titles.len() < MOST_PRODUCTS {
                        titles.insert(title.to_owned(), wording);
                    }
                    wording
                }
            },
        };
        if let Some(customer) = row.customer {
            self.with_customer += 1;
            let mut hash = DefaultHasher::new();
            customer.hash(&mut hash);
            customers.insert(hash.finish());
            if NOBODIES.contains(&customer.to_lowercase().as_str()) {
                *self.nobodies.entry(customer.to_owned()).or_default() += 1;
            }
        }
        if let Some(order) = row.order {
            self.add_order(order, row, wording);
        }
        if let Some(product) = row.product
            && (self.products.len() < MOST_PRODUCTS || self.products.contains_key(product))
        {
            let charge = wording.charge.is_some_and(|surely| surely || !has_digit(product));
            let entry = self.products.entry(product.to_owned()).or_default();
            entry.rows += 1;
            if charge {
                entry.charges += 1;
                entry.title = row.title.unwrap_or_default().to_owned();
            }
        }
        if let Some(status) = row.status {
            let status = status.to_lowercase();
            if self.states.len() < MOST_STATES || self.states.contains_key(&status) {
                *self.states.entry(status).or_default() += 1;
            }
        }
    }

    fn add_order(&mut self, order: &str, row: &Row<'_>, wording: Wording) {
        let letters: String = order.chars().take_while(|letter| letter.is_alphabetic()).collect();
        let digits = has_digit(order);
        if !digits || letters.chars().count() > LONGEST_PREFIX {
            return;
        }
        if self.prefixes.len() >= MOST_PREFIXES && !self.prefixes.contains_key(&letters) {
            return;
        }
        let entry = self.prefixes.entry(letters).or_default();
        entry.rows += 1;
        entry.negative += u64::from(row.negative);
        entry.without_customer += u64::from(row.has_customer && row.customer.is_none());
        entry.about_books += u64::from(wording.books);
        if entry.examples.len() < 3 {
            entry.examples.insert(order.to_owned());
        }
    }
}

fn has_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_told_however_they_are_written() {
        for amount in ["-3", "−3.50", "(3.00)", "3-", "€ -3", "-0.01"] {
            assert!(is_negative(amount), "{amount}");
        }
        for amount in ["3", "0", "-0", "-0.00", "", "abc", "1(2"] {
            assert!(!is_negative(amount), "{amount}");
        }
    }

    #[test]
    fn only_short_titles_of_charges_are_charges() {
        let charge = |title: &str| Wording::of(title).charge;
        assert_eq!(charge("POSTAGE"), Some(true));
        assert_eq!(charge("Next Day Carriage"), Some(true));
        assert_eq!(charge("DOTCOM POSTAGE"), Some(false));
        assert_eq!(charge("Adjust bad debt"), Some(true));
        assert_eq!(charge("WHITE HANGING HEART"), None);
        assert_eq!(charge("SET OF 6 VINTAGE POSTAGE STAMPS CARDS"), None);
    }
}
