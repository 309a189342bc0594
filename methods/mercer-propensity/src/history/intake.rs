//! From plain tables to sorted streams: rows that cannot be used are refused with their reason.

use std::borrow::Cow;
use std::collections::BTreeMap;

use mercer_base::frame::{Frame, NO_MOMENT, NO_WORD, Words};
use mercer_base::words::count;
use mercer_base::{Error, Result};
use mercer_method::day::{day_of, written_day};
use mercer_method::{Context, IntakeCounts, Tables};
use rayon::prelude::*;

use super::spec;
use super::streams::{Contract, Counted, CountedStream, Message, NEVER, OrderDay, Stream};

/// First and last day that can be told in words: the years 1 to 9999. What lies beyond is a mistake, and sums of days stay small.
const DAYS: std::ops::RangeInclusive<i32> = -719_162..=2_932_896;
/// Largest amount that is believed; beyond it single precision and sums lose their meaning.
const LARGEST: f64 = 1e15;

/// The customers of all tables in the order of their ids.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Customers {
    pub(super) ids: Words,
}

impl Customers {
    /// All who are named in any of the tables.
    ///
    /// # Errors
    /// When a table has no column of customers, or there are more than 4 billion.
    pub(super) fn of(tables: &Tables) -> Result<Self> {
        let mut names: Vec<&str> = Vec::new();
        for table in spec::TABLES {
            if let Some(frame) = tables.get(table.name) {
                names.extend(frame.words("customer_id")?.words.iter().filter(|name| !name.is_empty()));
            }
        }
        names.par_sort_unstable();
        names.dedup();
        if names.len() >= NO_WORD as usize {
            return Err(Error::data("more than 4 billion customers are too many"));
        }
        Ok(Self { ids: names.iter().map(|name| Some(*name)).collect() })
    }

    pub(super) fn count(&self) -> usize {
        self.ids.words.len()
    }

    /// For each word of another list the customer it names; [`NO_WORD`] for the empty one.
    pub(super) fn codes(&self, words: &Words) -> Vec<u32> {
        let mut sorted: Vec<(&str, usize)> = words.words.iter().zip(0..).collect();
        sorted.par_sort_unstable();
        let mut codes = vec![NO_WORD; words.words.len()];
        let mut own = self.ids.words.iter().zip(0_u32..).peekable();
        for (name, place) in sorted {
            while own.next_if(|(own, _)| *own < name).is_some() {}
            if let (Some((own, code)), Some(slot)) = (own.peek(), codes.get_mut(place))
                && *own == name
            {
                *slot = *code;
            }
        }
        codes
    }
}

/// What days rows may have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// First day after the data, where the caller knows it.
    pub(super) end: Option<i32>,
    /// First day that cannot have happened yet.
    not_yet: Option<i32>,
}

impl Bounds {
    pub(super) fn of(context: &Context<'_>) -> Self {
        // A moment within a day leaves that day to the data.
        let after = |moment: i64| day_of(moment.saturating_sub(1)).clamp(*DAYS.start(), *DAYS.end()) + 1;
        Self { end: context.until.map(after), not_yet: context.not_yet.map(after) }
    }

    /// The day of a moment, or why a row of it cannot be used.
    fn day(self, moment: i64) -> Result<i32, Cow<'static, str>> {
        let day = day_of(moment);
        if moment == NO_MOMENT {
            Err("there is no date".into())
        } else if !DAYS.contains(&day) {
            Err("its date is beyond the years 1 to 9999".into())
        } else if self.not_yet.is_some_and(|not_yet| day >= not_yet) {
            Err(format!("{} is in the future", written_day(day)).into())
        } else if let Some(end) = self.end.filter(|end| day >= *end) {
            Err(format!("{} is after the end of the data, {}", written_day(day), written_day(end - 1)).into())
        } else {
            Ok(day)
        }
    }

    /// The day of something that may not have happened: missing and unbelievable moments have not.
    fn later_day(self, moment: i64) -> i32 {
        self.day(moment).unwrap_or(NEVER)
    }
}

/// One table while it is read.
pub(super) struct Reader<'a> {
    frame: &'a Frame,
    customers: &'a Words,
    codes: Vec<u32>,
    bounds: Bounds,
    counts: &'a mut IntakeCounts,
    /// Whether it is the main table, whose refused rows are counted one by one; those of others are noted.
    main: bool,
    refused: BTreeMap<&'static str, u64>,
    name: &'static str,
}

/// Where the tables are read from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) tables: &'a Tables,
    pub(super) customers: &'a Customers,
    pub(super) bounds: Bounds,
}

impl<'a> Source<'a> {
    /// The reader of a table, where it was given.
    ///
    /// # Errors
    /// When it has no column of customers.
    pub(super) fn reader<'c>(self, name: &'static str, counts: &'c mut IntakeCounts) -> Result<Option<Reader<'c>>>
    where
        'a: 'c,
    {
        let Some(frame) = self.tables.get(name) else { return Ok(None) };
        let customers = frame.words("customer_id")?;
        let main = self.tables.frames().next().is_some_and(|(first, _)| first == name);
        let codes = self.customers.codes(customers);
        let (bounds, refused) = (self.bounds, BTreeMap::new());
        Ok(Some(Reader { frame, customers, codes, bounds, counts, main, refused, name }))
    }
}

impl<'a> Reader<'a> {
    fn customer(&self, row: usize) -> Option<u32> {
        let code = self.customers.codes.get(row)?;
        self.codes.get(*code as usize).copied().filter(|code| *code != NO_WORD)
    }

    /// `kind` is the reason without the row's own values.
    fn refuse(&mut self, row: usize, kind: &'static str, reason: impl Into<String>) {
        if self.main {
            self.counts.refuse(self.frame.place(row), reason);
        } else {
            *self.refused.entry(kind).or_default() += 1;
        }
    }

    /// The customer and day of a row; refuses it where one is missing.
    fn who_and_when(&mut self, row: usize, moment: i64) -> Option<(u32, i32)> {
        let Some(customer) = self.customer(row) else {
            self.refuse(row, "there is no customer", "there is no customer");
            return None;
        };
        match self.bounds.day(moment) {
            Ok(day) => Some((customer, day)),
            Err(reason) => {
                let kind = if moment == NO_MOMENT { "there is no date" } else { "the date is outside the data" };
                self.refuse(row, kind, reason);
                None
            }
        }
    }

    /// Notes what was refused.
    fn finish(self) {
        let reasons: Vec<String> = self.refused.iter().map(|(kind, rows)| format!("{kind} ({rows})")).collect();
        if !reasons.is_empty() {
            let rows = count(self.refused.values().sum(), "row is", "rows are");
            self.counts.notes.push(format!("{}: {rows} left out: {}", self.name, reasons.join(", ")));
        }
    }

    fn optional_numbers(&self, name: &str) -> Result<Option<&'a [f64]>> {
        self.frame.column(name).map(|_| self.frame.numbers(name)).transpose()
    }

    fn optional_words(&self, name: &str) -> Result<Option<&'a Words>> {
        self.frame.column(name).map(|_| self.frame.words(name)).transpose()
    }

    fn optional_moments(&self, name: &str) -> Result<Option<&'a [i64]>> {
        self.frame.column(name).map(|_| self.frame.moments(name)).transpose()
    }

    /// Counts of kinds a day: what was bought, events, touchpoints. `kind` is the column that says which.
    ///
    /// # Errors
    /// When a column is missing.
    pub(super) fn counted(mut self, customers: usize, kind: &str) -> Result<CountedStream> {
        let (moments, kinds) = (self.frame.moments("date")?, self.frame.words(kind)?);
        let numbers = self.optional_numbers("count")?;
        let ranks = kinds.ranks();
        let mut rows = Vec::with_capacity(moments.len());
        for (row, moment) in moments.iter().enumerate() {
            let Some((customer, day)) = self.who_and_when(row, *moment) else { continue };
            let code = kinds.codes.get(row).and_then(|code| ranks.get(*code as usize));
            let Some(code) = code.filter(|_| kinds.get(row).is_some_and(|name| !name.trim().is_empty())) else {
                self.refuse(row, "it does not say what", "it does not say what");
                continue;
            };
            let count = numbers.and_then(|numbers| numbers.get(row)).copied().unwrap_or(1.0);
            if count > 0.0 && count < LARGEST {
                rows.push((customer, Counted { day, kind: *code, count: single(count) }));
            } else {
                self.refuse(row, "its count is no positive number", format!("{count} is no positive number"));
            }
        }
        self.finish();
        Ok(CountedStream { kinds: in_order(kinds), stream: Stream::new(customers, rows) })
    }

    /// Messages with what became of them.
    ///
    /// # Errors
    /// When a column is missing.
    pub(super) fn messages(mut self, customers: usize) -> Result<Stream<Message>> {
        let sent = self.frame.moments("sent_at")?;
        let later = [
            self.optional_moments("opened_at")?,
            self.optional_moments("clicked_at")?,
            self.optional_moments("unsubscribed_at")?,
        ];
        let bounds = self.bounds;
        let mut rows = Vec::with_capacity(sent.len());
        for (row, moment) in sent.iter().enumerate() {
            let Some((customer, day)) = self.who_and_when(row, *moment) else { continue };
            let [opened, clicked, unsubscribed] =
                later.map(|days| days.and_then(|days| days.get(row)).map_or(NEVER, |moment| bounds.later_day(*moment)));
            rows.push((customer, Message { sent: day, opened, clicked, unsubscribed }));
        }
        self.finish();
        Ok(Stream::new(customers, rows))
    }

    /// Contracts, and their plans in alphabetical order.
    ///
    /// # Errors
    /// When a column is missing.
    pub(super) fn contracts(mut self, customers: usize) -> Result<(Stream<Contract>, Vec<String>)> {
        let started = self.frame.moments("started_at")?;
        let ended = self.optional_moments("ended_at")?;
        let (plans, prices) = (self.optional_words("plan")?, self.optional_numbers("price")?);
        let ranks = plans.map(Words::ranks).unwrap_or_default();
        let mut rows = Vec::with_capacity(started.len());
        for (row, moment) in started.iter().enumerate() {
            let Some((customer, day)) = self.who_and_when(row, *moment) else { continue };
            let end = ended.and_then(|ended| ended.get(row)).map_or(NEVER, |moment| self.bounds.later_day(*moment));
            if end < day {
                self.refuse(row, "it ends before it begins", "it ends before it begins");
                continue;
            }
            let plan = plans.filter(|plans| plans.get(row).is_some_and(|name| !name.trim().is_empty()));
            let plan = plan.and_then(|plans| ranks.get(*plans.codes.get(row)? as usize)).copied().unwrap_or(NO_WORD);
            let price = prices.and_then(|prices| prices.get(row)).copied().filter(|price| price.abs() < LARGEST);
            let price = price.map_or(f32::NAN, single);
            rows.push((customer, Contract { started: day, ended: end, plan, price }));
        }
        self.finish();
        Ok((Stream::new(customers, rows), plans.map(in_order).unwrap_or_default()))
    }

    /// Orders by day, and the channels they came through.
    ///
    /// # Errors
    /// When a column is missing.
    pub(super) fn orders(mut self, customers: usize) -> Result<Orders> {
        let (moments, amounts) = (self.frame.moments("date")?, self.frame.numbers("amount")?);
        let (orders, stands_for) = (self.optional_words("order_id")?, self.optional_numbers("purchases")?);
        let (discounts, units) = (self.optional_numbers("discount")?, self.optional_numbers("units")?);
        let channels = self.optional_words("channel")?;
        let ranks = channels.map(Words::ranks).unwrap_or_default();
        let number = |column: Option<&[f64]>, row: usize| {
            column.and_then(|column| column.get(row)).copied().filter(|value| value.abs() < LARGEST).unwrap_or(0.0)
        };
        let mut rows = Vec::with_capacity(moments.len());
        for (row, (moment, amount)) in moments.iter().zip(amounts).enumerate() {
            let Some((customer, day)) = self.who_and_when(row, *moment) else { continue };
            if amount.is_nan() || amount.abs() > LARGEST {
                self.refuse(row, "its amount is no number", format!("{amount} is no value of an order"));
                continue;
            }
            let purchases = match stands_for.and_then(|column| column.get(row)) {
                Some(purchases) => *purchases,
                None => f64::from(u8::from(*amount >= 0.0)),
            };
            if !(0.0..=1e6).contains(&purchases) {
                self.refuse(row, "its purchases are no number", format!("{purchases} is no number of purchases"));
                continue;
            }
            let channel = channels.filter(|channels| channels.get(row).is_some_and(|name| !name.trim().is_empty()));
            let channel = channel.and_then(|channels| ranks.get(*channels.codes.get(row)? as usize)).copied();
            rows.push(OrderRow {
                customer,
                day,
                order: orders.and_then(|orders| orders.codes.get(row)).copied().unwrap_or(NO_WORD),
                purchases: whole(purchases),
                channel: channel.unwrap_or(NO_WORD),
                amount: *amount,
                discount: number(discounts, row).abs(),
                units: number(units, row),
            });
        }
        self.finish();
        let channels = channels.map(in_order);
        Ok(Orders::of(customers, rows, channels, discounts.is_some(), units.is_some()))
    }
}

/// Orders by day, with what their table says of them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Orders {
    pub(super) days: Stream<OrderDay>,
    /// Purchases by the channel they came through.
    pub(super) channels: Option<CountedStream>,
    /// Whether discounts are known.
    pub(super) discounts: bool,
    /// Whether numbers of pieces are known.
    pub(super) units: bool,
}

/// A row of orders.
#[derive(Debug, Clone, Copy)]
struct OrderRow {
    customer: u32,
    day: i32,
    order: u32,
    purchases: u32,
    channel: u32,
    amount: f64,
    discount: f64,
    units: f64,
}

impl Orders {
    fn of(
        customers: usize,
        mut rows: Vec<OrderRow>,
        channels: Option<Vec<String>>,
        discounts: bool,
        units: bool,
    ) -> Self {
        // An order on several rows is one purchase, on its first day.
        let key = |row: &OrderRow| (row.customer, row.order, row.purchases == 0, row.day);
        rows.par_sort_unstable_by(|a, b| {
            key(a).cmp(&key(b)).then(b.purchases.cmp(&a.purchases)).then(a.channel.cmp(&b.channel))
        });
        let mut before = None;
        for row in &mut rows {
            if row.order != NO_WORD && before == Some((row.customer, row.order)) {
                row.purchases = 0;
            }
            before = Some((row.customer, row.order));
        }
        // By all that a row says, so that sums are the same in any order of rows.
        rows.par_sort_unstable_by(|a, b| {
            (a.customer, a.day, a.purchases, a.channel)
                .cmp(&(b.customer, b.day, b.purchases, b.channel))
                .then(a.amount.total_cmp(&b.amount))
                .then(a.discount.total_cmp(&b.discount))
                .then(a.units.total_cmp(&b.units))
        });
        let mut through = Vec::new();
        let mut days = Vec::new();
        for same_day in rows.chunk_by(|a, b| (a.customer, a.day) == (b.customer, b.day)) {
            let Some(first) = same_day.first() else { continue };
            let sum = |of: fn(&OrderRow) -> f64| single(same_day.iter().map(of).sum());
            days.push((
                first.customer,
                OrderDay {
                    day: first.day,
                    orders: same_day.iter().fold(0, |sum, row| sum.saturating_add(row.purchases)),
                    sales: sum(|row| row.amount.max(0.0)),
                    returned: sum(|row| (-row.amount).max(0.0)),
                    discount: sum(|row| row.discount),
                    units: sum(|row| row.units),
                },
            ));
            let sold = same_day.iter().filter(|row| row.purchases > 0 && row.channel != NO_WORD);
            through.extend(sold.map(|row| {
                let count = single(f64::from(row.purchases));
                (row.customer, Counted { day: row.day, kind: row.channel, count })
            }));
        }
        Self {
            days: Stream::new(customers, days),
            channels: channels.map(|kinds| CountedStream { kinds, stream: Stream::new(customers, through) }),
            discounts,
            units,
        }
    }
}

/// The words in alphabetical order, as [`Words::ranks`] numbers them.
pub(super) fn in_order(words: &Words) -> Vec<String> {
    let mut sorted: Vec<String> = words.words.iter().map(str::to_owned).collect();
    sorted.sort_unstable();
    sorted
}

/// Single precision, which is what learners see.
#[allow(clippy::cast_possible_truncation, reason = "rounds to the nearest; amounts are far below the largest")]
pub(super) fn single(value: f64) -> f32 {
    value as f32
}

/// A number of purchases that was checked to lie between 0 and a million.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked before")]
fn whole(value: f64) -> u32 {
    value.round() as u32
}
