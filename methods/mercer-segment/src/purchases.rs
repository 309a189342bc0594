//! Purchases by customer in order of time, and what they say of each customer as of any day.

use mercer_base::frame::{Frame, NO_MOMENT};
use mercer_base::{Error, Result};
use mercer_method::IntakeCounts;
use mercer_method::day::{day_of, written_day};

use crate::attributes::{Attribute, Values};
use crate::params::Params;

/// Recency: days since the last purchase, that day included.
pub(crate) const RECENCY: &str = "days since last order";
/// Frequency: number of purchases.
pub(crate) const FREQUENCY: &str = "orders";
/// Monetary value: money spent, returns taken off.
pub(crate) const MONETARY: &str = "net sales";

/// The purchases of all customers, a customer's one after the other in time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Purchases {
    /// The customers in the order of their ids.
    pub(crate) ids: Vec<String>,
    /// Where each customer's rows begin; one more than there are customers.
    starts: Vec<usize>,
    rows: Vec<Row>,
    /// Last day of the data.
    pub(crate) last_day: i32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Row {
    day: i32,
    /// How many purchases the row stands for: 0 for one that changes the money only.
    purchases: f64,
    amount: f64,
}

/// What purchases say of the customers who had bought by some day.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AsOf {
    /// Positions of the customers among all.
    pub(crate) customers: Vec<usize>,
    /// Recency, frequency and money.
    pub(crate) attributes: Vec<Attribute>,
}

impl Purchases {
    /// Collects the rows of a table. Rows without customer, date or amount, and those after the end, are refused.
    ///
    /// # Errors
    /// When no purchase is left.
    pub(crate) fn collect(
        params: &Params,
        frame: &Frame,
        last_day: Option<i32>,
        today: Option<i32>,
        counts: &mut IntakeCounts,
    ) -> Result<Self> {
        let (customers, moments) = (frame.words("customer_id")?, frame.moments("date")?);
        let amounts = frame.numbers("amount")?;
        let orders = frame.column("order_id").map(|_| frame.words("order_id")).transpose()?;
        let stands_for = frame.column("purchases").map(|_| frame.numbers("purchases")).transpose()?;
        let rank = customers.ranks();
        let mut rows = Vec::with_capacity(frame.rows());
        for (index, (moment, amount)) in moments.iter().zip(amounts).enumerate() {
            let customer = customers.codes.get(index).and_then(|code| rank.get(*code as usize));
            let Some(customer) = customer.filter(|_| customers.get(index).is_some_and(|id| !id.is_empty())) else {
                counts.refuse(frame.place(index), "there is no customer");
                continue;
            };
            let purchases = stands_for.map_or(1.0, |values| values[index]);
            if *moment == NO_MOMENT {
                counts.refuse(frame.place(index), "there is no date");
            } else if today.is_some_and(|today| day_of(*moment) > today) {
                counts.refuse(frame.place(index), format!("{} is in the future", written_day(day_of(*moment))));
            } else if let Some(last) = last_day.filter(|last| day_of(*moment) > *last) {
                let day = written_day(day_of(*moment));
                counts.refuse(frame.place(index), format!("{day} is after the end of the data, {}", written_day(last)));
            } else if amount.is_nan() || amount.abs() > params.largest.get() {
                counts.refuse(frame.place(index), format!("{amount} is no value of a purchase"));
            } else if !(0.0..=params.largest.get()).contains(&purchases) {
                counts.refuse(frame.place(index), format!("{purchases} is no number of purchases"));
            } else {
                let order = orders.and_then(|orders| orders.codes.get(index).copied());
                rows.push((*customer, order, *moment, Row { day: day_of(*moment), purchases, amount: *amount }));
            }
        }
        // By all that a row says, so that nothing depends on the order of rows.
        rows.sort_unstable_by(|a, b| {
            (a.0, a.1, a.2)
                .cmp(&(b.0, b.1, b.2))
                .then(a.3.amount.total_cmp(&b.3.amount))
                .then(a.3.purchases.total_cmp(&b.3.purchases))
        });
        let mut before = None;
        for (customer, order, _, row) in &mut rows {
            // An order on several rows is one purchase, on its first day.
            if order.is_some() && before == Some((*customer, *order)) {
                row.purchases = 0.0;
            }
            before = Some((*customer, *order));
        }
        rows.sort_by(|a, b| (a.0, a.2).cmp(&(b.0, b.2)).then(a.3.amount.total_cmp(&b.3.amount)));
        let last_day = last_day.or_else(|| rows.iter().map(|row| row.3.day).max());
        let Some(last_day) = last_day.filter(|_| rows.iter().any(|row| row.3.purchases > 0.0)) else {
            let why = counts
                .refused_sample
                .first()
                .map_or(String::new(), |row| format!(", such as {}: {}", row.place, row.reason));
            return Err(Error::data(format!("there are no purchases to learn from{why}"))
                .with_hint("segments need one row for each purchase, with customer, date and amount"));
        };
        let mut names = vec![""; customers.words.len()];
        for (word, position) in customers.words.iter().zip(&rank) {
            names[*position as usize] = word;
        }
        let mut log = Self { ids: Vec::new(), starts: Vec::new(), rows: Vec::with_capacity(rows.len()), last_day };
        let mut customer_before = None;
        for (customer, _, _, row) in rows {
            if customer_before != Some(customer) {
                log.starts.push(log.rows.len());
                log.ids.push(names.get(customer as usize).map(|name| (*name).to_owned()).unwrap_or_default());
                customer_before = Some(customer);
            }
            log.rows.push(row);
        }
        log.starts.push(log.rows.len());
        Ok(log)
    }

    /// First day with a row.
    pub(crate) fn first_day(&self) -> i32 {
        self.rows.iter().map(|row| row.day).min().unwrap_or(self.last_day)
    }

    /// Recency (days since the last purchase, to the end of `day`), number of purchases and money of all who had bought by then.
    pub(crate) fn as_of(&self, day: i32) -> AsOf {
        let mut customers = Vec::new();
        let (mut recency, mut frequency, mut monetary) = (Vec::new(), Vec::new(), Vec::new());
        for (customer, range) in self.starts.windows(2).enumerate() {
            let rows = &self.rows[range[0]..range[1]];
            let known = &rows[..rows.partition_point(|row| row.day <= day)];
            let purchases: f64 = known.iter().map(|row| row.purchases).sum();
            let Some(last) = known.iter().rfind(|row| row.purchases > 0.0) else { continue };
            customers.push(customer);
            recency.push(f64::from(day) + 1.0 - f64::from(last.day));
            frequency.push(purchases);
            monetary.push(known.iter().map(|row| row.amount).sum());
        }
        let attribute = |name: &str, values| Attribute { name: name.to_owned(), values: Values::Numbers(values) };
        let attributes =
            vec![attribute(RECENCY, recency), attribute(FREQUENCY, frequency), attribute(MONETARY, monetary)];
        AsOf { customers, attributes }
    }
}

#[cfg(test)]
mod tests {
    use mercer_base::frame::Column;

    use super::*;

    const MICROS_A_DAY: i64 = 86_400_000_000;

    type Line<'a> = (&'a str, &'a str, i64, f64);

    fn collect(lines: &[Line<'_>], last: Option<i32>) -> (Result<Purchases>, IntakeCounts) {
        let frame = Frame::new("orders.csv")
            .with("customer_id", Column::Words(lines.iter().map(|line| Some(line.0)).collect()))
            .and_then(|frame| frame.with("order_id", Column::Words(lines.iter().map(|line| Some(line.1)).collect())))
            .and_then(|frame| {
                frame.with("date", Column::Moments(lines.iter().map(|line| line.2 * MICROS_A_DAY + 7).collect()))
            })
            .and_then(|frame| frame.with("amount", Column::Numbers(lines.iter().map(|line| line.3).collect())))
            .unwrap();
        let mut counts = IntakeCounts::default();
        (Purchases::collect(&Params::default(), &frame, last, Some(50), &mut counts), counts)
    }

    fn numbers(as_of: &AsOf, index: usize) -> Vec<f64> {
        match &as_of.attributes[index].values {
            Values::Numbers(values) => values.clone(),
            Values::Categories { .. } => Vec::new(),
        }
    }

    #[test]
    fn an_order_counts_once_and_only_what_was_known_counts() {
        let lines =
            [("b", "3", 10, 9.0), ("a", "1", 2, 5.0), ("a", "2", 8, 1.0), ("a", "1", 2, 6.0), ("a", "4", 12, 2.5)];
        let purchases = collect(&lines, Some(20)).0.unwrap();
        let whole = purchases.as_of(20);
        assert_eq!(whole.customers, [0, 1]);
        assert_eq!(
            [numbers(&whole, 0), numbers(&whole, 1), numbers(&whole, 2)],
            [vec![9.0, 11.0], vec![3.0, 1.0], vec![14.5, 9.0]]
        );
        let early = purchases.as_of(9);
        assert_eq!(
            (early.customers.as_slice(), numbers(&early, 0), numbers(&early, 2)),
            (&[0][..], vec![2.0], vec![12.0])
        );
        let mut turned = lines;
        turned.reverse();
        assert_eq!(collect(&turned, Some(20)).0.unwrap(), purchases);
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_a_reason() {
        let (purchases, counts) =
            collect(&[("a", "1", 1, 1.0), ("a", "2", 60, 1.0), ("a", "3", 40, 1.0), ("", "4", 1, 1.0)], Some(30));
        assert_eq!(purchases.unwrap().ids, ["a"]);
        assert_eq!(counts.refused, 3);
        let (nothing, _) = collect(&[("a", "1", 1, f64::NAN)], None);
        assert!(nothing.unwrap_err().to_string().contains("no value of a purchase"));
    }
}
