//! Examples from histories: features as of a cut-off day from the rows known by then, and labels from the window after it.
//!
//! A day is a number of days since 1970. A cut-off is the first day that is not known: features use rows dated before it, the
//! window that labels look at begins with it. What changes after it (a message opened later, a contract that ends later, a
//! customer recorded later) is not known, whatever the tables say today.

mod attributes;
mod columns;
mod features;
mod intake;
mod spec;
mod streams;
mod targets;
#[cfg(test)]
mod tests;
mod vocabulary;
mod watch;

use mercer_base::frame::Words;
use mercer_base::{Error, Result};
use mercer_method::{Context, IntakeCounts, Tables};

use self::attributes::Attributes;
use self::intake::{Bounds, Customers, Orders, Source};
use self::streams::{Contract, CountedStream, Message, NEVER, Stream};

pub(crate) use self::spec::{BOUGHT, CUSTOMERS, EVENTS, MESSAGES, ORDERS, SUBSCRIPTIONS, TOUCHPOINTS};
pub(crate) use self::targets::Standard;
pub(crate) use self::vocabulary::Vocabulary;

/// Share of order days that may lie before the beginning of the history: a few wrong dates do not make it longer.
const STRAYS: usize = 200;

/// All that is known of all customers, in order of time. Customers are numbered in the order of their ids.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct History {
    customers: Customers,
    orders: Option<Orders>,
    attributes: Option<Attributes>,
    bought: Option<CountedStream>,
    events: Option<CountedStream>,
    messages: Option<Stream<Message>>,
    touchpoints: Option<CountedStream>,
    contracts: Option<(Stream<Contract>, Vec<String>)>,
    first_day: i32,
    end: i32,
}

impl History {
    /// Reads the tables. Rows of the main table (orders, where they are given) that cannot be used are refused one by one;
    /// those of the others are noted with their number and reason.
    ///
    /// The data end with the day before `context.until`, else with the last order: later rows of other tables say nothing of
    /// orders that may not have been exported yet.
    ///
    /// # Errors
    /// When a column is missing or holds something else, or no row can be used.
    pub(crate) fn read(tables: &Tables, context: &Context<'_>, counts: &mut IntakeCounts) -> Result<Self> {
        let customers = Customers::of(tables)?;
        let (number, bounds) = (customers.count(), Bounds::of(context));
        let source = Source { tables, customers: &customers, bounds };
        let orders = source.reader(ORDERS.name, counts)?.map(|reader| reader.orders(number)).transpose()?;
        let bought =
            source.reader(BOUGHT.name, counts)?.map(|reader| reader.counted(number, "category")).transpose()?;
        let events = source.reader(EVENTS.name, counts)?.map(|reader| reader.counted(number, "name")).transpose()?;
        let messages = source.reader(MESSAGES.name, counts)?.map(|reader| reader.messages(number)).transpose()?;
        let touchpoints =
            source.reader(TOUCHPOINTS.name, counts)?.map(|reader| reader.counted(number, "channel")).transpose()?;
        let contracts =
            source.reader(SUBSCRIPTIONS.name, counts)?.map(|reader| reader.contracts(number)).transpose()?;
        let attributes = Attributes::read(tables, &customers, counts)?;
        let (first_day, last_day) = match orders.as_ref().filter(|orders| !orders.days.rows().is_empty()) {
            Some(orders) => (first_regular_day(orders), orders.days.last_day()),
            None => {
                let others = [&bought, &events, &touchpoints].map(|stream| stream.as_ref().map(|of| &of.stream));
                let counted = others.into_iter().flatten().map(|stream| (stream.first_day(), stream.last_day()));
                let messages = messages.iter().map(|stream| (stream.first_day(), stream.last_day()));
                let contracts = contracts.iter().map(|(stream, _)| {
                    let ends = stream.rows().iter().map(|row| row.ended).filter(|day| *day != NEVER).max();
                    (stream.first_day(), stream.last_day().max(ends))
                });
                let of_all = counted.chain(messages).chain(contracts);
                of_all.fold((NEVER, None), |all, (first, last)| (all.0.min(first), all.1.max(last)))
            }
        };
        let Some(last_day) = last_day else {
            let first = counts.refused_sample.first();
            let why = first.map_or(String::new(), |row| format!(", such as {}: {}", row.place, row.reason));
            return Err(Error::data(format!("there is no history to learn from{why}"))
                .with_hint("give one row for each order, with customer, date and amount"));
        };
        let end = bounds.end.unwrap_or(last_day.saturating_add(1));
        Ok(Self {
            customers,
            orders,
            attributes,
            bought,
            events,
            messages,
            touchpoints,
            contracts,
            first_day: first_day.min(end),
            end,
        })
    }

    /// First day of the history: of its orders but for a few strays, or of all other rows where there are no orders.
    pub(crate) fn first_day(&self) -> i32 {
        self.first_day
    }

    /// First day after the data.
    pub(crate) fn end(&self) -> i32 {
        self.end
    }

    /// The numbers of the customers who are in the table of orders, or of all where there is none.
    pub(crate) fn buyers(&self) -> Vec<usize> {
        let Some(orders) = &self.orders else { return (0..self.customers.count()).collect() };
        let customers = (0..u32::MAX).take(self.customers.count());
        customers.filter(|customer| !orders.days.of(*customer).is_empty()).map(|customer| customer as usize).collect()
    }

    /// The ids of the customers by their number.
    pub(crate) fn ids(&self) -> &Words {
        &self.customers.ids
    }
}

/// The day before which a two-hundredth of all days with orders lie.
fn first_regular_day(orders: &Orders) -> i32 {
    let mut days: Vec<i32> = orders.days.rows().iter().map(|row| row.day).collect();
    let strays = days.len() / STRAYS;
    if days.is_empty() { NEVER } else { *days.select_nth_unstable(strays).1 }
}
