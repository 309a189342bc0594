//! The input: who bought what, what the products are, for whom lists are wanted, and what was shown before.

use mercer_base::frame::{Frame, NO_MOMENT};
use mercer_base::words::count;
use mercer_base::{Error, Result};
use mercer_method::day::{MICROS_A_DAY, day_of, read_day, written_day};
use mercer_method::{Context, Intake, IntakeCounts, Tables, Window, consent, rows_by_id};

use crate::catalogue::Catalogue;
use crate::content::Content;
use crate::log::Log;
use crate::params::Params;
use crate::purchases::{Bounds, Purchases};
use crate::segments::Segments;

/// What the method computes with.
#[derive(Debug, Clone)]
pub struct Input {
    /// The customers who bought, in the order of their ids.
    pub(crate) customers: Vec<String>,
    /// Their orders.
    pub(crate) log: Log,
    /// The products.
    pub(crate) catalogue: Catalogue,
    /// What they are like, where texts or vectors say so.
    pub(crate) content: Option<Content>,
    /// Whether orders have dates.
    pub(crate) dated: bool,
    /// The first day after the data, in days since 1970.
    pub(crate) end: f64,
    /// Later orders of the same customers, by which to judge.
    pub(crate) test: Option<Log>,
    /// The customers who get lists, in the order of their ids.
    pub(crate) asked: Vec<String>,
    /// Whether each of them may be contacted; `None` where nothing says so, and all may.
    pub(crate) consents: Option<Vec<bool>>,
    /// The segments of customers, where a table says them.
    pub(crate) segments: Segments,
    /// What was shown before, customer by customer and product by product.
    pub(crate) shown: Vec<Shown>,
}

/// A product that was shown to a customer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Shown {
    /// The id of the customer.
    pub(crate) customer: String,
    /// The id of the product.
    pub(crate) product: String,
    /// The day of the send, in days since 1970; 0 where that is not known.
    pub(crate) day: i32,
}

/// Reads the tables.
pub(crate) fn read(params: &Params, tables: &Tables, context: &Context<'_>) -> Result<Intake<Input>> {
    if params.k == 0 {
        return Err(
            Error::config("a list of no products: k = 0").with_hint("give how many products a list holds: k = 10")
        );
    }
    let mut counts = tables.counts();
    let stated = params.until.as_deref().map(|until| read_day("until", until)).transpose()?;
    let bounds = Bounds {
        last_day: stated.or_else(|| context.until.map(|moment| day_of(moment - 1))),
        today: context.not_yet.map(|moment| day_of(moment - 1)),
    };
    let input = match tables.get("train") {
        Some(train) => with_purchases(tables, train, bounds, &mut counts)?,
        None => {
            let table = tables.need("customers")?;
            let asked = asked(table, &mut counts)?;
            let consents = consents(table, &asked, &mut counts)?;
            let segments = Segments::read(table, &mut counts)?;
            Input {
                customers: Vec::new(),
                log: Log::new(0),
                catalogue: Catalogue::default(),
                content: None,
                dated: false,
                end: 0.0,
                test: None,
                asked,
                consents,
                segments,
                shown: Vec::new(),
            }
        }
    };
    Ok(Intake { input, counts })
}

fn with_purchases(tables: &Tables, train: &Frame, bounds: Bounds, counts: &mut IntakeCounts) -> Result<Input> {
    let purchases = Purchases::read(train, bounds, counts)?;
    let customers = purchases.customer_ids();
    if customers.is_empty() {
        return Err(Error::data("there are no purchases to learn from")
            .with_hint("give one row for each product of an order, with customer_id and product_id"));
    }
    let (catalogue, texts) = Catalogue::read(purchases.product_ids(), tables.get("products"), counts)?;
    let content = catalogue.content(&texts)?;
    let segments = match tables.get("customers") {
        Some(frame) => Segments::read(frame, counts)?,
        None => Segments::default(),
    };
    let segment_of = |customer: usize| segments.number(customers.get(customer)?);
    let (log, _) = purchases.log(&customers, &catalogue.ids);
    let log = log.with_segments(segment_of);
    let dated = purchases.dated;
    let end = purchases.days().map_or(1, |(_, last)| bounds.last_day.unwrap_or(last) + 1);
    counts.window = window(&purchases, end, customers.len());
    let test = match tables.get("test") {
        None => None,
        Some(test) => {
            // Rows of the test are no rows of the main table: what is refused there is a note.
            let mut own = IntakeCounts::default();
            let later = Purchases::read(test, Bounds { last_day: None, ..bounds }, &mut own)?;
            let (log, unknown) = later.log(&customers, &catalogue.ids);
            if own.refused + unknown > 0 {
                counts.notes.push(format!(
                    "{} rows of the test are refused, {unknown} are of products that are nowhere else",
                    own.refused
                ));
            }
            Some(log.with_segments(segment_of))
        }
    };
    let asked = match tables.get("customers") {
        Some(frame) => asked(frame, &mut IntakeCounts::default())?,
        None => customers.clone(),
    };
    let consents = match tables.get("customers") {
        Some(frame) => consents(frame, &asked, counts)?,
        None => None,
    };
    let shown = tables.get("shown").map(shown).transpose()?.unwrap_or_default();
    let end = f64::from(end);
    Ok(Input { customers, log, catalogue, content, dated, end, test, asked, consents, segments, shown })
}

fn asked(frame: &Frame, counts: &mut IntakeCounts) -> Result<Vec<String>> {
    let ids = frame.words("customer_id")?;
    let rows = rows_by_id(frame, ids, "customer", counts);
    Ok(rows.into_iter().filter_map(|row| ids.get(row)).map(str::to_owned).collect())
}

/// Whether each of the customers may be contacted, where the table says so; how many may not is noted.
fn consents(frame: &Frame, asked: &[String], counts: &mut IntakeCounts) -> Result<Option<Vec<bool>>> {
    let consents = consent::of_customers(frame, asked.iter().map(|id| Some(id.as_str())))?;
    let without = consents.iter().flatten().filter(|given| !**given).count();
    if without > 0 {
        counts
            .notes
            .push(format!("{} no list for want of consent", count(without as u64, "customer gets", "customers get")));
    }
    Ok(consents)
}

fn shown(frame: &Frame) -> Result<Vec<Shown>> {
    let (customers, products) = (frame.words("customer_id")?, frame.words("product_id")?);
    let moments = frame.column("shown_at").map(|_| frame.moments("shown_at")).transpose()?;
    let one = |row: usize| {
        let moment = moments.and_then(|moments| moments.get(row).copied()).filter(|moment| *moment != NO_MOMENT);
        Some(Shown {
            customer: customers.get(row)?.to_owned(),
            product: products.get(row)?.to_owned(),
            day: moment.map_or(0, day_of),
        })
    };
    let mut shown: Vec<Shown> = (0..frame.rows()).filter_map(one).collect();
    shown.sort_unstable();
    Ok(shown)
}

fn window(purchases: &Purchases<'_>, end: i32, customers: usize) -> Window {
    match purchases.days() {
        Some((first, _)) => Window {
            from: Some(i64::from(first).saturating_mul(MICROS_A_DAY)),
            until: Some(i64::from(end).saturating_mul(MICROS_A_DAY)),
            words: format!("{} to {}", written_day(first), written_day(end - 1)),
        },
        None => Window { from: None, until: None, words: format!("purchases of {customers} customers, without dates") },
    }
}

impl Input {
    /// An error where there are no purchases.
    pub(crate) fn need_purchases(&self) -> Result<()> {
        if self.customers.is_empty() {
            return Err(Error::data("a list of customers is nothing to learn from")
                .with_hint("give purchases: --train FILE, with customer_id and product_id"));
        }
        Ok(())
    }
}
