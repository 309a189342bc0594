//! Rows of purchases as orders: who bought what when, in an order of its own, so that the order of a file changes nothing.

use std::collections::HashMap;

use mercer_base::Result;
use mercer_base::frame::{Column, Frame, NO_MOMENT, NO_WORD, Words};
use mercer_base::words::count;
use mercer_method::IntakeCounts;
use mercer_method::day::{MICROS_A_DAY, day_of, written_day};

use crate::log::Log;

/// Larger quantities are mistakes.
const MOST: f64 = 1e9;

/// Moments beyond which rows cannot be.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bounds {
    /// Last day of the data, where it is known.
    pub(crate) last_day: Option<i32>,
    /// Last day that can have happened.
    pub(crate) today: Option<i32>,
}

/// Rows that can be used, by the ids of their own table.
pub(crate) struct Purchases<'a> {
    customers: &'a Words,
    products: &'a Words,
    rows: Vec<Row>,
    /// Whether rows have moments.
    pub(crate) dated: bool,
}

/// A line of an order. Ids by their numbers in the table; the order by its own number, or by its moment where it has none.
#[derive(Debug, Clone, Copy)]
struct Row {
    customer: u32,
    order: u32,
    moment: i64,
    product: u32,
    quantity: f64,
}

/// Customer, moment, and the products with their quantities.
type Order = (u32, i64, Vec<(u32, f64)>);

impl<'a> Purchases<'a> {
    /// Reads a table. Rows without customer, product or date, or dated after the end, are refused; returns and rows of no
    /// quantity are no purchases and are noted.
    pub(crate) fn read(frame: &'a Frame, bounds: Bounds, counts: &mut IntakeCounts) -> Result<Self> {
        let (customers, products) = (frame.words("customer_id")?, frame.words("product_id")?);
        let moments = frame.column("occurred_at").map(|_| frame.moments("occurred_at")).transpose()?;
        let orders = frame.column("order_id").map(|_| frame.words("order_id")).transpose()?;
        let quantities = match frame.column("quantity") {
            Some(Column::Numbers(values)) => Some(values.as_slice()),
            _ => None,
        };
        let named = |words: &Words, row: usize| words.get(row).is_some_and(|word| !word.is_empty());
        let (mut rows, mut returned) = (Vec::with_capacity(frame.rows()), 0_u64);
        for row in 0..frame.rows() {
            let moment = moments.and_then(|moments| moments.get(row).copied());
            let quantity = quantities.and_then(|values| values.get(row).copied()).filter(|value| !value.is_nan());
            let quantity = quantity.unwrap_or(1.0);
            let reason = match moment {
                _ if !named(customers, row) => Some("there is no customer".to_owned()),
                _ if !named(products, row) => Some("there is no product".to_owned()),
                Some(NO_MOMENT) => Some("there is no date".to_owned()),
                Some(moment) => late(day_of(moment), bounds),
                None => None,
            };
            let reason = reason.or_else(|| (quantity.abs() > MOST).then(|| format!("{quantity} is no quantity")));
            if let Some(reason) = reason {
                counts.refuse(frame.place(row), reason);
            } else if quantity <= 0.0 {
                returned += 1;
            } else {
                rows.push(Row {
                    customer: customers.codes[row],
                    order: orders.and_then(|orders| orders.codes.get(row).copied()).unwrap_or(NO_WORD),
                    moment: moment.unwrap_or(0),
                    product: products.codes[row],
                    quantity,
                });
            }
        }
        if returned > 0 {
            let rows = count(returned, "row", "rows");
            counts.notes.push(format!("{rows} of returns or no quantity are not taken as purchases"));
        }
        Ok(Self { customers, products, rows, dated: moments.is_some() })
    }

    /// The days of the first and the last purchase, where rows have moments.
    pub(crate) fn days(&self) -> Option<(i32, i32)> {
        let days = || self.rows.iter().map(|row| day_of(row.moment)).filter(|_| self.dated);
        days().min().zip(days().max())
    }

    /// The ids of customers who bought, in the order of the alphabet.
    pub(crate) fn customer_ids(&self) -> Vec<String> {
        used(self.customers, self.rows.iter().map(|row| row.customer))
    }

    /// The ids of products that were bought, in the order of the alphabet.
    pub(crate) fn product_ids(&self) -> Vec<String> {
        used(self.products, self.rows.iter().map(|row| row.product))
    }

    /// The orders of `customers`; lines of other customers and of products that are not among `products` are left out. Returns
    /// how many lines that are of products, too.
    pub(crate) fn log(&self, customers: &[String], products: &[String]) -> (Log, u64) {
        let (to_customer, to_product) = (numbers(self.customers, customers), numbers(self.products, products));
        let number = |map: &[u32], code: u32| map.get(code as usize).copied().filter(|number| *number != NO_WORD);
        let mut unknown = 0;
        let mut rows: Vec<Row> = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            let Some(customer) = number(&to_customer, row.customer) else { continue };
            match number(&to_product, row.product) {
                Some(product) => rows.push(Row { customer, product, ..*row }),
                None => unknown += 1,
            }
        }
        // One order has one moment: its first. Its number serves only to hold it together.
        rows.sort_unstable_by_key(|row| (row.customer, row.order, row.moment));
        let same_order = |a: &Row, b: &Row| {
            a.customer == b.customer && a.order == b.order && (a.order != NO_WORD || a.moment == b.moment)
        };
        let mut orders: Vec<Order> = Vec::new();
        for lines in rows.chunk_by(same_order) {
            let Some(first) = lines.first() else { continue };
            let mut lines: Vec<(u32, f64)> = lines.iter().map(|row| (row.product, row.quantity)).collect();
            lines.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
            let merged = lines
                .chunk_by(|a, b| a.0 == b.0)
                .filter_map(|same| Some((same.first()?.0, same.iter().map(|line| line.1).sum())));
            orders.push((first.customer, first.moment, merged.collect()));
        }
        orders.sort_by(|a, b| {
            let lines = |order: &Order| order.2.iter().map(|line| line.0).collect::<Vec<u32>>();
            (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| lines(a).cmp(&lines(b)))
        });
        let mut log = Log::new(products.len());
        let mut orders = orders.into_iter().peekable();
        for customer in 0..u32::try_from(customers.len()).unwrap_or(u32::MAX) {
            while let Some((_, moment, lines)) = orders.next_if(|order| order.0 == customer) {
                #[allow(clippy::cast_possible_truncation, reason = "quantities are weights")]
                log.push_order(
                    moment as f64 / MICROS_A_DAY as f64,
                    lines.into_iter().map(|line| (line.0, line.1 as f32)),
                );
            }
            log.end_customer();
        }
        (log, unknown)
    }
}

fn late(day: i32, bounds: Bounds) -> Option<String> {
    if bounds.today.is_some_and(|today| day > today) {
        return Some(format!("{} is in the future", written_day(day)));
    }
    let last = bounds.last_day.filter(|last| day > *last)?;
    Some(format!("{} is after the end of the data, {}", written_day(day), written_day(last)))
}

/// The words that occur among `codes`, in the order of the alphabet.
fn used(words: &Words, codes: impl Iterator<Item = u32>) -> Vec<String> {
    let mut is_used = vec![false; words.words.len()];
    for code in codes {
        if let Some(place) = is_used.get_mut(code as usize) {
            *place = true;
        }
    }
    let mut ids: Vec<String> =
        words.words.iter().zip(is_used).filter(|(_, used)| *used).map(|(word, _)| word.to_owned()).collect();
    ids.sort_unstable();
    ids
}

/// For each word of a table its position among `ids`, or [`NO_WORD`].
fn numbers(words: &Words, ids: &[String]) -> Vec<u32> {
    let known: HashMap<&str, u32> = ids.iter().map(String::as_str).zip(0..).collect();
    words.words.iter().map(|word| known.get(word).copied().unwrap_or(NO_WORD)).collect()
}
