//! Rows of customers in order of time, a customer's one after the other, so that what was known by a day is a part of a slice.

use std::cmp::Ordering;

use rayon::prelude::*;

/// Stands for a day that has not come: not opened, not ended.
pub(super) const NEVER: i32 = i32::MAX;

/// A row with the day from which it is known.
pub(super) trait Dated: Copy + Send + Sync {
    /// Days since 1970.
    fn day(&self) -> i32;

    /// An order by all that the row says, the day first, so that nothing depends on the order in which rows were read.
    fn compare(&self, other: &Self) -> Ordering;
}

/// The rows of all customers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stream<T> {
    /// Where each customer's rows begin; one more than there are customers.
    starts: Vec<usize>,
    rows: Vec<T>,
    /// Day of the first row of all; [`NEVER`] without rows.
    first_day: i32,
}

impl<T: Dated> Stream<T> {
    /// Sorts rows of customers numbered from 0 to `customers`; rows of others are left out.
    pub(super) fn new(customers: usize, mut rows: Vec<(u32, T)>) -> Self {
        rows.retain(|(customer, _)| (*customer as usize) < customers);
        rows.par_sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.compare(&b.1)));
        let mut starts = vec![0; customers + 1];
        for (customer, _) in &rows {
            starts[*customer as usize + 1] += 1;
        }
        for customer in 0..customers {
            starts[customer + 1] += starts[customer];
        }
        let first_day = rows.iter().map(|(_, row)| row.day()).min().unwrap_or(NEVER);
        Self { starts, rows: rows.into_iter().map(|(_, row)| row).collect(), first_day }
    }

    /// The rows of a customer in order of time; none for a customer who is not there.
    pub(super) fn of(&self, customer: u32) -> &[T] {
        let customer = customer as usize;
        let range = self.starts.get(customer).zip(self.starts.get(customer + 1));
        range.and_then(|(start, end)| self.rows.get(*start..*end)).unwrap_or_default()
    }

    /// The rows of a customer that are earlier than a day.
    pub(super) fn before(&self, customer: u32, day: i32) -> &[T] {
        earlier(self.of(customer), day)
    }

    /// How many customers there are, with or without rows.
    pub(super) fn customers(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// All rows.
    pub(super) fn rows(&self) -> &[T] {
        &self.rows
    }

    /// Day of the first row of all; [`NEVER`] without rows.
    pub(super) fn first_day(&self) -> i32 {
        self.first_day
    }

    /// Day of the last row of all.
    pub(super) fn last_day(&self) -> Option<i32> {
        self.rows.iter().map(Dated::day).max()
    }
}

/// The part of sorted rows that is earlier than a day.
pub(super) fn earlier<T: Dated>(rows: &[T], day: i32) -> &[T] {
    rows.get(..rows.partition_point(|row| row.day() < day)).unwrap_or_default()
}

/// The part of sorted rows from a day on.
pub(super) fn since<T: Dated>(rows: &[T], day: i32) -> &[T] {
    rows.get(rows.partition_point(|row| row.day() < day)..).unwrap_or_default()
}

/// What a customer ordered and gave back on a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct OrderDay {
    pub(super) day: i32,
    /// Purchases; 0 for a day on which only money changed.
    pub(super) orders: u32,
    /// Positive amounts.
    pub(super) sales: f32,
    /// Negative amounts, without their sign.
    pub(super) returned: f32,
    pub(super) discount: f32,
    pub(super) units: f32,
}

impl Dated for OrderDay {
    fn day(&self) -> i32 {
        self.day
    }

    fn compare(&self, other: &Self) -> Ordering {
        // There is one a customer and day.
        self.day.cmp(&other.day)
    }
}

/// How often something of a kind happened on a day: bought from a category, an event, a touchpoint.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Counted {
    pub(super) day: i32,
    /// Position of its kind among the stream's kinds.
    pub(super) kind: u32,
    pub(super) count: f32,
}

impl Dated for Counted {
    fn day(&self) -> i32 {
        self.day
    }

    fn compare(&self, other: &Self) -> Ordering {
        (self.day, self.kind).cmp(&(other.day, other.kind)).then(self.count.total_cmp(&other.count))
    }
}

/// A stream of counts with the names of its kinds in alphabetical order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CountedStream {
    pub(super) kinds: Vec<String>,
    pub(super) stream: Stream<Counted>,
}

/// A message, known from the day it was sent. What became of it is known only later: compare each day with the cut-off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Message {
    pub(super) sent: i32,
    /// [`NEVER`] where it was not.
    pub(super) opened: i32,
    /// [`NEVER`] where it was not.
    pub(super) clicked: i32,
    /// [`NEVER`] where the customer did not.
    pub(super) unsubscribed: i32,
}

impl Dated for Message {
    fn day(&self) -> i32 {
        self.sent
    }

    fn compare(&self, other: &Self) -> Ordering {
        let key = |row: &Self| (row.sent, row.opened, row.clicked, row.unsubscribed);
        key(self).cmp(&key(other))
    }
}

/// A contract, known from the day it began. Its end is known only once it is past: compare it with the cut-off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Contract {
    pub(super) started: i32,
    /// First day without it; [`NEVER`] while it runs.
    pub(super) ended: i32,
    /// Position of its plan among the plans; [`mercer_base::frame::NO_WORD`] without one.
    pub(super) plan: u32,
    /// Price a period; NaN where unknown.
    pub(super) price: f32,
}

impl Dated for Contract {
    fn day(&self) -> i32 {
        self.started
    }

    fn compare(&self, other: &Self) -> Ordering {
        // The end comes last: which of two contracts of a day is the newest must not hang on what is not known yet.
        let begun = (self.started, self.plan).cmp(&(other.started, other.plan));
        begun.then(self.price.total_cmp(&other.price)).then(self.ended.cmp(&other.ended))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(day: i32, kind: u32) -> Counted {
        Counted { day, kind, count: 1.0 }
    }

    #[test]
    fn rows_are_by_customer_and_time_whatever_their_order() {
        let rows = vec![(2, counted(5, 0)), (0, counted(3, 1)), (2, counted(1, 0)), (9, counted(0, 0))];
        let stream = Stream::new(3, rows.clone());
        assert_eq!(stream.of(2), [counted(1, 0), counted(5, 0)]);
        assert_eq!((stream.of(1).len(), stream.of(7).len(), stream.rows().len()), (0, 0, 3));
        assert_eq!(stream.before(2, 5), [counted(1, 0)], "the day itself is not known yet");
        assert_eq!(since(stream.of(2), 5), [counted(5, 0)]);
        assert_eq!((stream.first_day(), stream.last_day()), (1, Some(5)));
        assert_eq!(stream, Stream::new(3, rows.into_iter().rev().collect()));
        let nothing: Stream<Counted> = Stream::new(0, Vec::new());
        assert_eq!((nothing.first_day(), nothing.last_day(), nothing.of(0).len()), (NEVER, None, 0));
    }
}
