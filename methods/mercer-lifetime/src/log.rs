//! Purchases by customer and day, and their summary as of any day.

use mercer_base::frame::{Frame, NO_MOMENT, Words};
use mercer_base::{Error, Result};
use mercer_method::IntakeCounts;
use mercer_method::day::{day_of, written_day};

use crate::family::History;
use crate::input::MOST_VALUE;

/// Purchases of all customers, a customer's one after the other in time, at most one a day.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PurchaseLog {
    /// The customers in the order of their ids.
    pub(crate) ids: Vec<String>,
    /// Where each customer's purchases begin; one more than there are customers.
    starts: Vec<usize>,
    days: Vec<i32>,
    /// Value of the day's purchases; missing where no purchase of it has one.
    amounts: Vec<f64>,
    /// Last day of the observation.
    pub(crate) last_day: i32,
}

/// The customers known on some day, summarised as of its end.
pub(crate) struct Summary {
    /// Positions of the customers in the log.
    pub(crate) customers: Vec<usize>,
    /// Their histories.
    pub(crate) histories: Vec<History>,
    /// Mean value of their repeat purchases; missing where there is none.
    pub(crate) spend: Vec<f64>,
}

impl PurchaseLog {
    /// Collects the purchases of a table. Rows without customer or date, those after `last_day` or `today`, and returns are
    /// refused.
    ///
    /// # Errors
    /// When no purchase is left.
    pub(crate) fn collect(
        frame: &Frame,
        last_day: Option<i32>,
        today: Option<i32>,
        counts: &mut IntakeCounts,
    ) -> Result<Self> {
        let (customers, moments) = (frame.words("customer_id")?, frame.moments("date")?);
        let amounts = frame.column("amount").map(|_| frame.numbers("amount")).transpose()?;
        let order = customers.ranks();
        let mut purchases = Vec::with_capacity(frame.rows());
        for (row, moment) in moments.iter().enumerate() {
            let amount = amounts.map_or(f64::NAN, |amounts| amounts[row]);
            let Some(customer) = customers.codes.get(row).and_then(|code| order.get(*code as usize)) else {
                counts.refuse(frame.place(row), "there is no customer");
                continue;
            };
            if *moment == NO_MOMENT {
                counts.refuse(frame.place(row), "there is no date");
            } else if today.is_some_and(|today| day_of(*moment) > today) {
                counts.refuse(frame.place(row), format!("{} is in the future", written_day(day_of(*moment))));
            } else if let Some(last) = last_day.filter(|last| day_of(*moment) > *last) {
                let day = written_day(day_of(*moment));
                counts.refuse(
                    frame.place(row),
                    format!("{day} is after the end of the observation, {}", written_day(last)),
                );
            } else if amount.is_infinite() || amount > MOST_VALUE {
                counts.refuse(frame.place(row), format!("{amount} is no value of a purchase"));
            } else if amount < 0.0 {
                counts.refuse(frame.place(row), "a negative amount is a return, not a purchase");
            } else {
                purchases.push((*customer, day_of(*moment), amount));
            }
        }
        // By amount too, so that sums do not depend on the order of rows.
        purchases.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.total_cmp(&b.2)));
        let last_day = last_day.or_else(|| purchases.iter().map(|purchase| purchase.1).max());
        let Some(last_day) = last_day.filter(|_| !purchases.is_empty()) else {
            let why = counts
                .refused_sample
                .first()
                .map_or(String::new(), |row| format!(", such as {}: {}", row.place, row.reason));
            return Err(Error::data(format!("there are no purchases to learn from{why}"))
                .with_hint("lifetime value needs one row for each purchase, with customer and date"));
        };
        let mut log = Self {
            ids: Vec::new(),
            starts: Vec::new(),
            days: Vec::with_capacity(purchases.len()),
            amounts: Vec::with_capacity(purchases.len()),
            last_day,
        };
        let mut before = None;
        let names = names_in_order(customers, &order);
        for (customer, day, amount) in purchases {
            if before == Some((customer, day)) {
                if let Some(total) = log.amounts.last_mut()
                    && !amount.is_nan()
                {
                    *total = if total.is_nan() { amount } else { *total + amount };
                }
                continue;
            }
            if before.is_none_or(|(last, _)| last != customer) {
                log.starts.push(log.days.len());
                log.ids.push(names.get(customer as usize).map(|name| (*name).to_owned()).unwrap_or_default());
            }
            log.days.push(day);
            log.amounts.push(amount);
            before = Some((customer, day));
        }
        log.starts.push(log.days.len());
        Ok(log)
    }

    /// How many customers there are.
    pub(crate) fn customers(&self) -> usize {
        self.ids.len()
    }

    /// First day with a purchase.
    pub(crate) fn first_day(&self) -> i32 {
        self.days.iter().copied().min().unwrap_or(self.last_day)
    }

    /// Whether any purchase has a value.
    pub(crate) fn has_amounts(&self) -> bool {
        self.amounts.iter().any(|amount| !amount.is_nan())
    }

    /// A customer's purchase days, in order.
    pub(crate) fn days(&self, customer: usize) -> &[i32] {
        let range = self.starts[customer]..self.starts[customer + 1];
        &self.days[range]
    }

    /// The value of all of a customer's purchases.
    pub(crate) fn total(&self, customer: usize) -> f64 {
        let range = self.starts[customer]..self.starts[customer + 1];
        self.amounts[range].iter().filter(|amount| !amount.is_nan()).sum()
    }

    /// The customers who had bought by the end of `day`, summarised as of then; a unit of time has `days_a_unit` days.
    pub(crate) fn summary(&self, day: i32, days_a_unit: f64) -> Summary {
        let mut summary = Summary { customers: Vec::new(), histories: Vec::new(), spend: Vec::new() };
        for customer in 0..self.customers() {
            let start = self.starts[customer];
            let days = self.days(customer);
            let known = days.partition_point(|bought| *bought <= day);
            let Some((first, repeats)) = days[..known].split_first() else { continue };
            let units = |day: i32| f64::from(day - first) / days_a_unit;
            let (mut total, mut valued) = (0.0, 0_u32);
            for amount in &self.amounts[start + 1..start + known] {
                if !amount.is_nan() {
                    total += amount;
                    valued += 1;
                }
            }
            summary.customers.push(customer);
            summary.histories.push(History {
                frequency: repeats.len() as f64,
                recency: repeats.last().map_or(0.0, |last| units(*last)),
                age: units(day),
            });
            summary.spend.push(if valued > 0 { total / f64::from(valued) } else { f64::NAN });
        }
        summary
    }

    /// How many days in `(after, until]` a customer bought on.
    pub(crate) fn purchases_between(&self, customer: usize, after: i32, until: i32) -> usize {
        let days = self.days(customer);
        days.partition_point(|day| *day <= until) - days.partition_point(|day| *day <= after)
    }
}

fn names_in_order<'a>(words: &'a Words, order: &[u32]) -> Vec<&'a str> {
    let mut names = vec![""; words.words.len()];
    for (word, position) in words.words.iter().zip(order) {
        names[*position as usize] = word;
    }
    names
}

#[cfg(test)]
mod tests {
    use mercer_base::frame::Column;
    use mercer_method::day::MICROS_A_DAY;

    use super::*;

    fn log(rows: &[(&str, i32, f64)], last: Option<i32>) -> (Result<PurchaseLog>, IntakeCounts) {
        let frame = Frame::new("orders.csv")
            .with("customer_id", Column::Words(rows.iter().map(|row| Some(row.0)).collect()))
            .and_then(|frame| {
                frame
                    .with("date", Column::Moments(rows.iter().map(|row| i64::from(row.1) * MICROS_A_DAY + 5).collect()))
            })
            .and_then(|frame| frame.with("amount", Column::Numbers(rows.iter().map(|row| row.2).collect())))
            .unwrap();
        let mut counts = IntakeCounts::default();
        (PurchaseLog::collect(&frame, last, Some(100), &mut counts), counts)
    }

    #[test]
    fn a_day_is_one_purchase_and_the_first_one_starts_the_clock() {
        let rows = [("b", 10, 5.0), ("a", 0, 1.0), ("a", 7, 10.0), ("a", 7, 20.0), ("a", 14, 10.0), ("a", 21, 8.0)];
        let (log, counts) = log(&rows, None);
        let log = log.unwrap();
        assert_eq!(
            (log.ids.as_slice(), log.last_day, counts.refused),
            (["a".to_owned(), "b".into()].as_slice(), 21, 0)
        );
        let summary = log.summary(14, 7.0);
        assert_eq!(summary.histories[0], History { frequency: 2.0, recency: 2.0, age: 2.0 });
        assert_eq!(summary.spend[0], 20.0);
        assert_eq!(summary.histories[1].frequency, 0.0);
        assert!(summary.spend[1].is_nan());
        assert_eq!(log.purchases_between(0, 14, 21), 1);
        assert_eq!(log.summary(5, 7.0).customers, [0], "b came later");
    }

    #[test]
    fn returns_and_the_future_are_refused() {
        let (log, counts) = log(&[("a", 1, -5.0), ("a", 2, 5.0), ("a", 90, 5.0), ("a", 101, 5.0)], Some(30));
        assert_eq!(log.unwrap().customers(), 1);
        assert_eq!(counts.refused, 3);
        assert!(counts.refused_sample[1].reason.contains("1970-04-01 is after the end"), "{counts:?}");
        assert!(counts.refused_sample[2].reason.contains("1970-04-12 is in the future"), "{counts:?}");
    }
}
