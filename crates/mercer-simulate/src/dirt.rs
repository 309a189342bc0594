//! Deliberate dirt: rows as they go wrong in real exports, few and counted. All of it is added to clean data, so the figures
//! are right again once the dirty rows are set aside.

use mercer_base::Money;
use rand::RngExt;
use serde::Serialize;

use crate::calendar::Calendar;
use crate::chance::{self, Dice};
use crate::number;
use crate::orders::{self, Order};
use crate::people::Customer;

/// How much dirt is planted, in rows for every thousand customers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DirtTruth {
    /// Rows of `orders.csv` that repeat another row exactly.
    pub duplicate_orders: u32,
    /// Orders with a date that is none; they have no lines.
    pub unreadable_dates: u32,
    /// Orders dated decades ahead (swapped digits); they have no lines.
    pub future_dates: u32,
    /// Order lines whose order is nowhere.
    pub orphan_lines: u32,
    /// Rows of `customers.csv` without a customer id.
    pub customers_without_id: u32,
    /// Rows of `customers.csv` that repeat another row exactly.
    pub duplicate_customers: u32,
}

impl DirtTruth {
    /// The planted rates.
    #[must_use]
    pub fn new() -> Self {
        Self {
            duplicate_orders: 13,
            unreadable_dates: 3,
            future_dates: 2,
            orphan_lines: 6,
            customers_without_id: 2,
            duplicate_customers: 3,
        }
    }
}

impl Default for DirtTruth {
    fn default() -> Self {
        Self::new()
    }
}

/// An order row that should not be believed.
#[derive(Debug, Clone, PartialEq)]
pub struct DirtyOrder {
    /// Number of the order.
    pub number: u64,
    /// Number of the customer.
    pub customer: u32,
    /// What stands in place of the date.
    pub ordered_at: String,
    /// Its gross sales; discount and refund are zero.
    pub gross_sales: Money,
    /// Written after this many proper rows of the chunk.
    pub after: usize,
}

/// A line of an order that does not exist.
#[derive(Debug, Clone, PartialEq)]
pub struct OrphanLine {
    /// Number of the order that is nowhere.
    pub order: u64,
    /// Position of the product in the catalogue.
    pub product: usize,
    /// Written after this many orders of the chunk.
    pub after: usize,
}

/// The dirt of one chunk.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dirt {
    /// Positions of orders that are written a second time, at the chunk's end.
    pub duplicate_orders: Vec<usize>,
    /// Orders with a date that is none, by position.
    pub unreadable_dates: Vec<DirtyOrder>,
    /// Orders dated decades ahead, by position.
    pub future_dates: Vec<DirtyOrder>,
    /// Lines without an order, by position.
    pub orphan_lines: Vec<OrphanLine>,
    /// Positions of customers whose row is written again without its id.
    pub customers_without_id: Vec<usize>,
    /// Positions of customers whose row is written again as it is.
    pub duplicate_customers: Vec<usize>,
}

/// Dates as they come out of broken forms and spreadsheets.
const UNREADABLE: [&str; 6] =
    ["0000-00-00T00:00:00", "2025-02-31T11:20:00", "n/a", "2025-13-04T10:00:00", "#REF!", "unbekannt"];
/// Numbers of orders that should not be believed start this far into a chunk's numbers.
const DIRTY_NUMBERS: u64 = 90_000;

/// The dirt of a chunk.
pub(crate) fn dirt(
    dice: &mut Dice,
    truth: &DirtTruth,
    calendar: &Calendar,
    chunk: u64,
    customers: &[Customer],
    orders: &[Order],
    products: usize,
) -> Dirt {
    let rows = |per_thousand: u32| number::count(f64::from(per_thousand) * number::real(customers.len()) / 1_000.0);
    if orders.is_empty() || customers.is_empty() || products == 0 {
        return Dirt::default();
    }
    let mut next = chunk * orders::NUMBERS_PER_CHUNK + DIRTY_NUMBERS;
    let mut number = || {
        next += 1;
        next
    };
    let duplicate_orders = positions(dice, rows(truth.duplicate_orders), orders.len());
    let mut dirty = |dice: &mut Dice, how_many: u32, date: &dyn Fn(&mut Dice, &Order) -> String| -> Vec<DirtyOrder> {
        positions(dice, how_many, orders.len())
            .into_iter()
            .map(|after| DirtyOrder {
                number: number(),
                customer: chance::one_of(dice, customers).map_or(1, |customer| customer.number),
                ordered_at: date(dice, &orders[after]),
                gross_sales: number::euros(chance::between(dice, 20.0, 400.0)),
                after,
            })
            .collect()
    };
    let unreadable_dates = dirty(dice, rows(truth.unreadable_dates), &|dice, _| {
        chance::one_of(dice, &UNREADABLE).copied().unwrap_or_default().to_owned()
    });
    let future_dates = dirty(dice, rows(truth.future_dates), &|_, order| swapped_year(calendar, order));
    let orphan_lines = positions(dice, rows(truth.orphan_lines), orders.len())
        .into_iter()
        .map(|after| OrphanLine { order: number(), product: dice.random_range(0..products), after })
        .collect();
    Dirt {
        duplicate_orders,
        unreadable_dates,
        future_dates,
        orphan_lines,
        customers_without_id: positions(dice, rows(truth.customers_without_id), customers.len()),
        duplicate_customers: positions(dice, rows(truth.duplicate_customers), customers.len()),
    }
}

/// Different positions in order; at most as many as there are.
fn positions(dice: &mut Dice, how_many: u32, of: usize) -> Vec<usize> {
    let how_many = number::index(u64::from(how_many)).min(of);
    let mut drawn = rand::seq::index::sample(dice, of, how_many).into_vec();
    drawn.sort_unstable();
    drawn
}

/// The order's date with the year far ahead, as 2062 for 2026.
fn swapped_year(calendar: &Calendar, order: &Order) -> String {
    let mut text = String::new();
    calendar.push_iso(order.at, 'T', &mut text);
    let rest = text.get(4..).unwrap_or_default().replacen("-02-29", "-02-28", 1);
    format!("{}{rest}", calendar.year(order.at) + 36)
}
