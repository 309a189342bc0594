//! Covariates that change over time, as a method reads them: a row for each period, of all customers or of one.

use std::collections::BTreeMap;

use mercer_base::frame::{Column, Frame, NO_MOMENT};
use mercer_base::{Error, Result};

use crate::estimate::Draw;
use crate::family::History;
use crate::log::PurchaseLog;
use crate::time_varying::{Calendar, Exposures, Purchases};
use mercer_method::day::{day_of, written_day};

/// The calendars of all customers. Time is in the unit of the model, from 1970.
#[derive(Debug, Clone)]
pub(crate) struct Calendars {
    /// Names of the covariates.
    pub(crate) names: Vec<String>,
    days_a_unit: f64,
    by_customer: ByCustomer,
}

#[derive(Debug, Clone)]
enum ByCustomer {
    All(Calendar),
    /// By the customer's position in the log.
    Own(Vec<Option<Calendar>>),
}

impl Calendars {
    /// Reads the table of periods; `ids` are the customers of the log, sorted.
    ///
    /// # Errors
    /// When there is no covariate, or one is not a number throughout.
    pub(crate) fn read(frame: &Frame, ids: &[String], days_a_unit: f64) -> Result<Self> {
        let starts = frame.moments("start")?;
        let mut names = Vec::new();
        let mut values: Vec<&[f64]> = Vec::new();
        for (name, column) in frame.columns().filter(|(name, _)| !["start", "customer_id"].contains(name)) {
            let Column::Numbers(numbers) = column else {
                return Err(Error::config(format!("{}: the covariate {name} is not a number", frame.origin()))
                    .with_hint("write it as a number, such as 1 for yes and 0 for no, or leave the column out"));
            };
            names.push(name.to_owned());
            values.push(numbers);
        }
        if names.is_empty() {
            return Err(Error::config(format!("{}: there are no covariates beside the periods", frame.origin()))
                .with_hint("add a column of numbers, such as season or mails sent"));
        }
        let mut periods: BTreeMap<Option<&str>, Vec<(i32, Vec<f64>)>> = BTreeMap::new();
        let customers = frame.column("customer_id").map(|_| frame.words("customer_id")).transpose()?;
        for (row, start) in starts.iter().enumerate() {
            if *start == NO_MOMENT {
                return Err(
                    Error::data(format!("{}: the period has no start", frame.place(row))).with_hint("give it one")
                );
            }
            let row_values = values.iter().map(|numbers| numbers[row]).collect();
            periods.entry(customers.and_then(|words| words.get(row))).or_default().push((day_of(*start), row_values));
        }
        let calendar = |mut rows: Vec<(i32, Vec<f64>)>| {
            rows.sort_by_key(|(day, _)| *day);
            let units = |day: i32| f64::from(day) / days_a_unit;
            let days: Vec<i32> = rows.iter().map(|(day, _)| *day).collect();
            // The last period is taken to be as long as the one before it.
            let length = days.windows(2).last().map_or(1, |pair| pair[1] - pair[0]).max(1);
            let end = units(days.last().map_or(0, |day| day.saturating_add(length)));
            let (starts, values) = rows.into_iter().map(|(day, values)| (units(day), values)).unzip();
            Calendar::new(starts, end, values).map_err(|error| error.with_context(frame.origin().to_owned()))
        };
        let by_customer = if customers.is_none() {
            ByCustomer::All(calendar(periods.into_values().next().unwrap_or_default())?)
        } else {
            let mut own = vec![None; ids.len()];
            for (id, rows) in periods {
                let position = id.and_then(|id| ids.binary_search_by(|known| known.as_str().cmp(id)).ok());
                if let Some(position) = position {
                    own[position] = Some(calendar(rows)?);
                }
            }
            ByCustomer::Own(own)
        };
        Ok(Self { names, days_a_unit, by_customer })
    }

    fn of(&self, log: &PurchaseLog, customer: usize) -> Result<&Calendar> {
        match &self.by_customer {
            ByCustomer::All(calendar) => Ok(calendar),
            ByCustomer::Own(own) => own[customer].as_ref().ok_or_else(|| {
                Error::data(format!("the calendar has no periods for customer {}", log.ids[customer]))
                    .with_hint("give every customer the same periods, or leave customer_id out for periods of all")
            }),
        }
    }

    /// How long customers were under each value of the covariates, up to the end of `day`.
    ///
    /// # Errors
    /// When the periods do not cover the observation.
    pub(crate) fn exposures(&self, log: &PurchaseLog, customers: &[usize], day: i32) -> Result<Exposures> {
        let units = |day: i32| f64::from(day) / self.days_a_unit;
        let mut exposures = Exposures::new(self.names.clone());
        for customer in customers {
            let days = log.days(*customer);
            let known = &days[..days.partition_point(|bought| *bought <= day)];
            let Some((first, repeats)) = known.split_first() else { continue };
            let repeats: Vec<f64> = repeats.iter().map(|day| units(*day)).collect();
            let purchases = Purchases { first: units(*first), repeats: &repeats, observed_until: units(day) };
            exposures.add(&log.ids[*customer], &purchases, self.of(log, *customer)?)?;
        }
        Ok(exposures)
    }

    /// Operational time of a customer from the end of one day over `ahead` units of time.
    ///
    /// # Errors
    /// When the periods do not reach that far.
    pub(crate) fn elapsed(
        &self,
        log: &PurchaseLog,
        customer: usize,
        draw: &Draw,
        from: i32,
        ahead: f64,
    ) -> Result<f64> {
        let start = f64::from(from) / self.days_a_unit;
        let calendar = self.of(log, customer)?;
        calendar.operational_time(&draw.coefficients, start, start + ahead).map_err(|error| {
            let last = calendar.window().1 * self.days_a_unit;
            #[allow(clippy::cast_possible_truncation, reason = "a day")]
            let last = written_day(last as i32);
            error.with_context(format!("the calendar ends on {last}")).with_hint(
                "add periods up to the end of the horizon with the values that are planned, or shorten the horizon",
            )
        })
    }
}

/// A customer's history in operational time.
///
/// # Errors
/// Only where something is broken.
pub(crate) fn history(exposures: &Exposures, row: usize, draw: &Draw) -> Result<History> {
    exposures.history(row, &draw.coefficients).ok_or_else(|| Error::internal("a customer without exposures"))
}
