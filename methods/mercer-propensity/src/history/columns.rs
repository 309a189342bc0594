//! The columns of features: what each is, and how it follows from the rows known before the cut-off.
//!
//! Counts are 0 where a table says nothing of a customer, and missing where the table itself began too late to know. The
//! month of the cut-off is no feature: few cut-offs are learned from, so it would tell them apart rather than the seasons.
//! What customers bought in the same season a year ago tells their seasons instead.

use mercer_base::card::Unit::{Count, Days, Money, Number, Share};
use mercer_base::frame::NO_WORD;
use mercer_base::words::humanised;

use super::attributes::AttributeValues;
use super::features::{Positions, Sink, actionable, category, number};
use super::streams::{Contract, Counted, Message, NEVER, OrderDay, Stream, since};
use super::targets::{Rhythm, gaps, median};
use super::vocabulary::{AttributeKind, Vocabulary};
use super::{CountedStream, History};

const ORDERS: &str = "orders";
const MONEY: &str = "money";
const PRODUCTS: &str = "products";
const NEWSLETTER: &str = "newsletter";
const VISITS: &str = "visits";
const ADVERTISING: &str = "advertising";
const CONTRACT: &str = "contract";
const PEOPLE: &str = "who they are";

/// A year in whole weeks, so that weekdays fall together.
const YEAR: i32 = 364;
/// Days after which yearly contracts renew.
const CONTRACT_YEAR: i32 = 365;

/// Gives a row, a customer as of a cut-off, to a sink; without an example the values mean nothing and the columns are the same.
pub(super) fn write(
    history: &History,
    vocabulary: &Vocabulary,
    positions: &Positions,
    example: Option<(u32, i32)>,
    sink: &mut impl Sink,
) {
    let (customer, cutoff) = example.unwrap_or((NO_WORD, i32::MIN));
    if vocabulary.orders {
        let stream = history.orders.as_ref().map(|orders| &orders.days);
        let days = stream.map(|stream| stream.before(customer, cutoff)).unwrap_or_default();
        let begun = stream.filter(|stream| stream.first_day() < cutoff).map(Stream::first_day);
        orders(vocabulary, days, cutoff, begun, sink);
        money(vocabulary, days, cutoff, begun.is_some(), sink);
    }
    if let Some(levels) = &vocabulary.sales_channels {
        let channels = history.orders.as_ref().and_then(|orders| orders.channels.as_ref());
        let bought = Bought::of(known(channels, customer, cutoff).0);
        let code = |kind: u32| at(&positions.sales_channels, kind);
        sink.category(|| category("usual_channel", "the channel used most", ORDERS, levels), code(bought.favourite));
        sink.category(|| category("last_channel", "the channel of the last order", ORDERS, levels), code(bought.last));
    }
    if let Some(levels) = &vocabulary.categories {
        products(levels, &positions.categories, known(history.bought.as_ref(), customer, cutoff), cutoff, sink);
    }
    if vocabulary.messages {
        let stream = history.messages.as_ref();
        let sent = stream.map(|stream| stream.before(customer, cutoff)).unwrap_or_default();
        messages(sent, Coverage::of(stream, cutoff), cutoff, sink);
    }
    if !vocabulary.events.is_empty() {
        events(vocabulary, &positions.events, known(history.events.as_ref(), customer, cutoff), cutoff, sink);
    }
    if !vocabulary.touchpoints.is_empty() {
        let stream = known(history.touchpoints.as_ref(), customer, cutoff);
        touchpoints(vocabulary, &positions.touchpoints, stream, cutoff, sink);
    }
    if vocabulary.contracts {
        let stream = history.contracts.as_ref().map(|(stream, _)| stream);
        let rows = stream.map(|stream| stream.before(customer, cutoff)).unwrap_or_default();
        let begun = stream.is_some_and(|stream| stream.first_day() < cutoff);
        contracts(vocabulary, &positions.plans, rows, cutoff, begun, sink);
    }
    people(history, vocabulary, positions, customer, cutoff, sink);
}

/// How far back a stream reaches from a cut-off: a window is known where at least half of it is covered.
#[derive(Debug, Clone, Copy)]
struct Coverage(Option<i32>);

impl Coverage {
    fn of<T: super::streams::Dated>(stream: Option<&Stream<T>>, cutoff: i32) -> Self {
        let first = stream.map(Stream::first_day).filter(|first| *first < cutoff);
        Self(first.map(|first| cutoff.saturating_sub(first)))
    }

    /// A value that looks back over so many days; missing where the stream does not.
    fn over(self, days: i32, value: f64) -> f64 {
        if self.0.is_some_and(|covered| 2 * i64::from(covered) >= i64::from(days)) { value } else { f64::NAN }
    }
}

/// The rows of a customer that are known, and how far back the stream reaches.
type Known<'a> = (&'a [Counted], Coverage);

fn known(stream: Option<&CountedStream>, customer: u32, cutoff: i32) -> Known<'_> {
    let stream = stream.map(|stream| &stream.stream);
    (stream.map(|stream| stream.before(customer, cutoff)).unwrap_or_default(), Coverage::of(stream, cutoff))
}

/// The position of a kind in the vocabulary.
fn at(positions: &[u32], kind: u32) -> u32 {
    positions.get(kind as usize).copied().unwrap_or(NO_WORD)
}

/// Days from a day until the cut-off.
fn ago(cutoff: i32, day: Option<i32>) -> f64 {
    day.map_or(f64::NAN, |day| f64::from(cutoff) - f64::from(day))
}

/// A ratio, missing where there is nothing to divide by.
fn ratio(upper: f64, lower: f64) -> f64 {
    if lower > 0.0 { upper / lower } else { f64::NAN }
}

fn orders(vocabulary: &Vocabulary, days: &[OrderDay], cutoff: i32, begun: Option<i32>, sink: &mut impl Sink) {
    let missing = if begun.is_some() { 0.0 } else { f64::NAN };
    let within = |days_ago: i32| {
        let rows = since(days, cutoff.saturating_sub(days_ago));
        missing + rows.iter().map(|row| f64::from(row.orders)).sum::<f64>()
    };
    let rhythm = Rhythm::of(days);
    let silence = ago(cutoff, rhythm.last);
    let gaps = gaps(days);
    let mut sorted = gaps.clone();
    sorted.sort_unstable();
    let usual = median(&sorted).unwrap_or(f64::NAN);
    let longest = sorted.last().map_or(f64::NAN, |gap| f64::from(*gap));
    sink.number(|| number("days_since_order", "days since the last order", Days, ORDERS), silence);
    sink.number(
        || number("days_since_first_order", "days since the first order", Days, ORDERS),
        ago(cutoff, rhythm.first),
    );
    sink.number(|| number("orders", "orders so far", Count, ORDERS), within(i32::MAX));
    for (name, length) in [("orders_30d", 30), ("orders_90d", 90), ("orders_180d", 180), ("orders_365d", 365)] {
        sink.number(|| number(name, &format!("orders in the last {length} days"), Count, ORDERS), within(length));
    }
    let trend = 2.0 * within(90) - within(180);
    let label = "orders in the last 90 days less those in the 90 days before";
    sink.number(|| number("orders_trend_90d", label, Number, ORDERS), trend);
    let season = vocabulary.season_days.clamp(1, YEAR);
    let a_year_ago = cutoff.saturating_sub(YEAR);
    // Before the first year is over nobody can have ordered a year ago.
    let ordered = match begun.filter(|begun| *begun <= a_year_ago) {
        Some(_) => within(YEAR) - within(YEAR - season),
        None => f64::NAN,
    };
    let label = || format!("orders a year ago in the {season} days that are looked ahead now");
    sink.number(|| number("orders_season_a_year_ago", &label(), Count, ORDERS), ordered);
    sink.number(|| number("days_between_orders", "usual days between orders", Days, ORDERS), usual);
    let last_gap = gaps.last().map_or(f64::NAN, |gap| f64::from(*gap));
    sink.number(|| number("last_days_between_orders", "days between the last two orders", Days, ORDERS), last_gap);
    sink.number(|| number("longest_days_between_orders", "longest time between two orders", Days, ORDERS), longest);
    let label = "how uneven the time between orders is";
    sink.number(|| number("unevenness_between_orders", label, Number, ORDERS), variation(&gaps));
    let label = "time since the last order, in usual times between orders";
    sink.number(|| number("overdue", label, Number, ORDERS), ratio(silence, usual));
    let label = "time since the last order, in longest times between orders";
    sink.number(|| number("overdue_by_longest", label, Number, ORDERS), ratio(silence, longest));
    let weekend = days.iter().filter(|row| row.orders > 0 && is_weekend(row.day)).count();
    let share = ratio(weekend as f64, rhythm.order_days as f64);
    sink.number(|| number("weekend_share", "share of orders at weekends", Share, ORDERS), share);
}

/// Saturday or Sunday. Day 0, the first of 1970, was a Thursday.
fn is_weekend(day: i32) -> bool {
    (i64::from(day) + 3).rem_euclid(7) >= 5
}

/// Coefficient of variation: standard deviation ÷ mean, over at least two gaps.
fn variation(gaps: &[i32]) -> f64 {
    let number = gaps.len() as f64;
    let mean = gaps.iter().map(|gap| f64::from(*gap)).sum::<f64>() / number;
    let squares: f64 = gaps.iter().map(|gap| (f64::from(*gap) - mean).powi(2)).sum();
    if gaps.len() > 1 { ratio((squares / (number - 1.0)).sqrt(), mean) } else { f64::NAN }
}

fn money(vocabulary: &Vocabulary, days: &[OrderDay], cutoff: i32, begun: bool, sink: &mut impl Sink) {
    let missing = if begun { 0.0 } else { f64::NAN };
    let net = |row: &OrderDay| f64::from(row.sales) - f64::from(row.returned);
    let within = |length: i32| missing + since(days, cutoff.saturating_sub(length)).iter().map(net).sum::<f64>();
    let sum = |of: fn(&OrderDay) -> f32| days.iter().map(|row| f64::from(of(row))).sum::<f64>();
    let ordered = || days.iter().filter(|row| row.orders > 0);
    // Orders of one day share its value.
    let value = |row: &OrderDay| f64::from(row.sales) / f64::from(row.orders);
    let orders: f64 = ordered().map(|row| f64::from(row.orders)).sum();
    let sales: f64 = ordered().map(|row| f64::from(row.sales)).sum();
    let last = ordered().next_back().map_or(f64::NAN, value);
    let largest = ordered().map(value).fold(f64::NAN, f64::max);
    sink.number(|| number("net_sales", "net sales so far", Money, MONEY), within(i32::MAX));
    sink.number(|| number("net_sales_90d", "net sales in the last 90 days", Money, MONEY), within(90));
    sink.number(|| number("net_sales_365d", "net sales in the last 365 days", Money, MONEY), within(365));
    sink.number(|| number("order_value", "average order value", Money, MONEY), ratio(sales, orders));
    sink.number(|| number("last_order_value", "value of the last order", Money, MONEY), last);
    sink.number(|| number("largest_order_value", "value of the largest order", Money, MONEY), largest);
    let label = "value of the last order, in average order values";
    sink.number(|| number("last_to_average_value", label, Number, MONEY), ratio(last, ratio(sales, orders)));
    let returned = sum(|row| row.returned);
    let share = ratio(returned, sum(|row| row.sales));
    sink.number(|| actionable(number("returned_share", "share of sales given back", Share, MONEY)), share);
    let last_return = days.iter().rfind(|row| row.returned > 0.0).map(|row| row.day);
    sink.number(
        || number("days_since_return", "days since something was given back", Days, MONEY),
        ago(cutoff, last_return),
    );
    if vocabulary.discounts {
        let discount = sum(|row| row.discount);
        let share = ratio(discount, discount + sum(|row| row.sales));
        sink.number(|| actionable(number("discount_share", "share of list prices taken off", Share, MONEY)), share);
    }
    if vocabulary.units {
        let units = ratio(sum(|row| row.units), orders);
        sink.number(|| number("units_per_order", "pieces an order", Number, MONEY), units);
    }
}

/// What a customer bought, by kind.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bought {
    kinds: usize,
    total: f64,
    /// The kind bought most, the latest of equal ones; [`NO_WORD`] where nothing was bought.
    favourite: u32,
    most: f64,
    /// The kind bought most on the last day.
    last: u32,
}

impl Bought {
    fn of(rows: &[Counted]) -> Self {
        let mut by_kind: Vec<(u32, i32, f64)> =
            rows.iter().map(|row| (row.kind, row.day, f64::from(row.count))).collect();
        // Stable, so that each kind stays in order of time.
        by_kind.sort_by_key(|row| row.0);
        let mut bought = Self { kinds: 0, total: 0.0, favourite: NO_WORD, most: 0.0, last: NO_WORD };
        let mut latest = i32::MIN;
        let last_day = rows.last().map(|row| row.day);
        let mut most_on_last_day = 0.0;
        for kind in by_kind.chunk_by(|a, b| a.0 == b.0) {
            let count: f64 = kind.iter().map(|row| row.2).sum();
            let on_last_day: f64 = kind.iter().filter(|row| Some(row.1) == last_day).map(|row| row.2).sum();
            let Some((name, day, _)) = kind.last().copied() else { continue };
            bought.kinds += 1;
            bought.total += count;
            if count > bought.most || (count >= bought.most && day > latest) {
                (bought.favourite, bought.most, latest) = (name, count, day);
            }
            if on_last_day > most_on_last_day {
                (bought.last, most_on_last_day) = (name, on_last_day);
            }
        }
        bought
    }
}

fn products(levels: &[String], positions: &[u32], (rows, coverage): Known<'_>, cutoff: i32, sink: &mut impl Sink) {
    let bought = Bought::of(rows);
    let recent = Bought::of(since(rows, cutoff.saturating_sub(365)));
    let kinds = coverage.over(0, bought.kinds as f64);
    sink.number(|| number("categories", "categories bought from so far", Count, PRODUCTS), kinds);
    let kinds = coverage.over(365, recent.kinds as f64);
    sink.number(|| number("categories_365d", "categories bought from in the last 365 days", Count, PRODUCTS), kinds);
    let share = ratio(bought.most, bought.total);
    sink.number(
        || number("favourite_category_share", "share of purchases in the favourite category", Share, PRODUCTS),
        share,
    );
    let code = |kind: u32| at(positions, kind);
    let label = "the favourite category";
    sink.category(|| category("favourite_category", label, PRODUCTS, levels), code(bought.favourite));
    sink.category(|| category("last_category", "the category bought last", PRODUCTS, levels), code(bought.last));
}

fn messages(sent: &[Message], coverage: Coverage, cutoff: i32, sink: &mut impl Sink) {
    let recent = since(sent, cutoff.saturating_sub(90));
    // What happened to a message on the cut-off or later is not known yet.
    let opened = |row: &&Message| row.opened < cutoff;
    let clicked = |row: &&Message| row.clicked < cutoff;
    let count = |rows: &[Message], of: &dyn Fn(&&Message) -> bool| rows.iter().filter(of).count() as f64;
    let last = |of: fn(&Message) -> i32| sent.iter().map(of).filter(|day| *day < cutoff).max();
    let number_recent = recent.len() as f64;
    let label = "messages sent in the last 90 days";
    sink.number(|| actionable(number("messages_90d", label, Count, NEWSLETTER)), coverage.over(90, number_recent));
    let label = "share of messages of the last 90 days that were opened";
    let rate = ratio(count(recent, &opened), number_recent);
    sink.number(|| actionable(number("open_rate_90d", label, Share, NEWSLETTER)), rate);
    let label = "clicks on messages of the last 90 days";
    let clicks = coverage.over(90, count(recent, &clicked));
    sink.number(|| actionable(number("clicks_90d", label, Count, NEWSLETTER)), clicks);
    let rate = ratio(count(sent, &opened), sent.len() as f64);
    sink.number(|| actionable(number("open_rate", "share of all messages that were opened", Share, NEWSLETTER)), rate);
    let rate = ratio(count(sent, &clicked), sent.len() as f64);
    sink.number(
        || actionable(number("click_rate", "share of all messages that were clicked", Share, NEWSLETTER)),
        rate,
    );
    let last_sent = ago(cutoff, sent.last().map(|row| row.sent));
    sink.number(
        || actionable(number("days_since_message", "days since the last message", Days, NEWSLETTER)),
        last_sent,
    );
    let first_sent = ago(cutoff, sent.first().map(|row| row.sent));
    sink.number(|| number("days_since_first_message", "days since the first message", Days, NEWSLETTER), first_sent);
    let last_open = ago(cutoff, last(|row| row.opened));
    sink.number(|| number("days_since_open", "days since a message was opened", Days, NEWSLETTER), last_open);
    let last_click = ago(cutoff, last(|row| row.clicked));
    sink.number(|| number("days_since_click", "days since a message was clicked", Days, NEWSLETTER), last_click);
    let unopened = sent.iter().rev().take_while(|row| row.opened >= cutoff).count() as f64;
    let label = "messages since the last one that was opened";
    sink.number(|| actionable(number("messages_since_open", label, Count, NEWSLETTER)), coverage.over(0, unopened));
    let gone = ago(cutoff, last(|row| row.unsubscribed));
    sink.number(|| number("days_since_unsubscribed", "days since unsubscribing", Days, NEWSLETTER), gone);
}

/// How often one kind happened.
#[derive(Debug, Clone, Copy, Default)]
struct Frequency {
    within_30: f64,
    within_90: f64,
    last: Option<i32>,
}

/// All kinds together, and each of the vocabulary's.
fn frequencies(rows: &[Counted], positions: &[u32], kinds: usize, cutoff: i32) -> (Frequency, Vec<Frequency>) {
    let mut all = Frequency::default();
    let mut each = vec![Frequency::default(); kinds];
    let (month, quarter) = (cutoff.saturating_sub(30), cutoff.saturating_sub(90));
    for row in rows {
        let count = f64::from(row.count);
        let add = |to: &mut Frequency| {
            to.within_30 += if row.day >= month { count } else { 0.0 };
            to.within_90 += if row.day >= quarter { count } else { 0.0 };
            to.last = Some(row.day);
        };
        add(&mut all);
        if let Some(one) = each.get_mut(at(positions, row.kind) as usize) {
            add(one);
        }
    }
    (all, each)
}

fn events(vocabulary: &Vocabulary, positions: &[u32], (rows, coverage): Known<'_>, cutoff: i32, sink: &mut impl Sink) {
    let (all, each) = frequencies(rows, positions, vocabulary.events.len(), cutoff);
    let recent = coverage.over(30, all.within_30);
    sink.number(|| number("events_30d", "events in the last 30 days", Count, VISITS), recent);
    let recent = coverage.over(90, all.within_90);
    sink.number(|| number("events_90d", "events in the last 90 days", Count, VISITS), recent);
    let share = coverage.over(90, ratio(all.within_30, all.within_90));
    sink.number(
        || number("events_recent_share", "share of events of the last 90 days in the last 30", Share, VISITS),
        share,
    );
    let days = since(rows, cutoff.saturating_sub(90)).chunk_by(|a, b| a.day == b.day).count();
    let days = coverage.over(90, days as f64);
    sink.number(|| number("active_days_90d", "days with events in the last 90", Count, VISITS), days);
    sink.number(|| number("days_since_event", "days since the last event", Days, VISITS), ago(cutoff, all.last));
    for (kind, frequency) in vocabulary.events.iter().zip(each) {
        let words = || kind.replace(['_', '-'], " ");
        let feature = |name: String, label: String, unit| number(&name, &label, unit, VISITS);
        sink.number(
            || feature(format!("{kind}_30d"), format!("{} events in the last 30 days", words()), Count),
            coverage.over(30, frequency.within_30),
        );
        sink.number(
            || feature(format!("{kind}_90d"), format!("{} events in the last 90 days", words()), Count),
            coverage.over(90, frequency.within_90),
        );
        sink.number(
            || feature(format!("days_since_{kind}"), format!("days since the last {} event", words()), Days),
            ago(cutoff, frequency.last),
        );
    }
}

fn touchpoints(
    vocabulary: &Vocabulary,
    positions: &[u32],
    (rows, coverage): Known<'_>,
    cutoff: i32,
    sink: &mut impl Sink,
) {
    let (all, each) = frequencies(rows, positions, vocabulary.touchpoints.len(), cutoff);
    let label = "contacts with marketing in the last 90 days";
    sink.number(|| actionable(number("touchpoints_90d", label, Count, ADVERTISING)), coverage.over(90, all.within_90));
    let label = "days since the last contact with marketing";
    sink.number(|| actionable(number("days_since_touchpoint", label, Days, ADVERTISING)), ago(cutoff, all.last));
    for (channel, frequency) in vocabulary.touchpoints.iter().zip(each) {
        let words = || format!("contacts by {} in the last 90 days", channel.replace(['_', '-'], " "));
        let feature = || actionable(number(&format!("touchpoints_{channel}_90d"), &words(), Count, ADVERTISING));
        sink.number(feature, coverage.over(90, frequency.within_90));
    }
}

fn contracts(
    vocabulary: &Vocabulary,
    positions: &[u32],
    rows: &[Contract],
    cutoff: i32,
    begun: bool,
    sink: &mut impl Sink,
) {
    let missing = if begun { 0.0 } else { f64::NAN };
    // A contract that ends on the cut-off or later is still running as far as is known.
    let running = || rows.iter().filter(|row| row.ended >= cutoff);
    let newest = running().next_back();
    let age = newest.map(|row| i64::from(cutoff) - i64::from(row.started));
    let number_running = missing + running().count() as f64;
    sink.number(|| number("contracts_running", "running contracts", Count, CONTRACT), number_running);
    let ended = missing + rows.iter().filter(|row| row.ended < cutoff).count() as f64;
    sink.number(|| number("contracts_ended", "contracts that ended", Count, CONTRACT), ended);
    let last_end = rows.iter().map(|row| row.ended).filter(|day| *day < cutoff).max();
    sink.number(
        || number("days_since_contract_end", "days since a contract ended", Days, CONTRACT),
        ago(cutoff, last_end),
    );
    let first = rows.first().map(|row| row.started);
    sink.number(
        || number("days_since_first_contract", "days since the first contract", Days, CONTRACT),
        ago(cutoff, first),
    );
    let began = ago(cutoff, newest.map(|row| row.started));
    sink.number(|| number("contract_age", "days since the running contract began", Days, CONTRACT), began);
    let until_year = |age: i64| (i64::from(CONTRACT_YEAR) - age.rem_euclid(i64::from(CONTRACT_YEAR))) as f64;
    let label = "days until the running contract completes another year";
    sink.number(|| number("days_to_contract_year", label, Days, CONTRACT), age.map_or(f64::NAN, until_year));
    if vocabulary.prices {
        let price = newest.map_or(f64::NAN, |row| f64::from(row.price));
        sink.number(|| actionable(number("contract_price", "price of the running contract", Money, CONTRACT)), price);
    }
    if let Some(levels) = &vocabulary.plans {
        let plan = newest.map_or(NO_WORD, |row| at(positions, row.plan));
        sink.category(|| actionable(category("plan", "the plan", CONTRACT, levels)), plan);
    }
}

fn people(
    history: &History,
    vocabulary: &Vocabulary,
    positions: &Positions,
    customer: u32,
    cutoff: i32,
    sink: &mut impl Sink,
) {
    let attributes = history.attributes.as_ref().filter(|attributes| attributes.is_known(customer, cutoff));
    let past = |day: Option<i32>| ago(cutoff, day.filter(|day| *day != NEVER && *day < cutoff));
    if vocabulary.created {
        let created = attributes.and_then(|attributes| attributes.created.as_ref()?.get(customer as usize)).copied();
        sink.number(|| number("days_since_created", "days since first recorded", Days, PEOPLE), past(created));
    }
    let mut levels_before = 0;
    for known in &vocabulary.attributes {
        let values = attributes.and_then(|attributes| attributes.column(&known.name));
        let words = || humanised(&known.name);
        match &known.kind {
            AttributeKind::Number => {
                let value = match values {
                    Some(AttributeValues::Numbers(values)) => values.get(customer as usize).copied(),
                    _ => None,
                };
                let value = value.map_or(f64::NAN, f64::from);
                sink.number(|| number(&known.name, &words(), Number, PEOPLE), value);
            }
            AttributeKind::Day => {
                let day = match values {
                    Some(AttributeValues::Days(days)) => days.get(customer as usize).copied(),
                    _ => None,
                };
                let name = || format!("days_since_{}", known.name);
                sink.number(|| number(&name(), &format!("days since {}", words()), Days, PEOPLE), past(day));
            }
            AttributeKind::Levels(levels) => {
                let code = match values {
                    Some(AttributeValues::Words { codes, .. }) => codes.get(customer as usize).copied(),
                    _ => None,
                };
                let level =
                    positions.attributes.get(levels_before).zip(code).map(|(positions, code)| at(positions, code));
                levels_before += 1;
                sink.category(|| category(&known.name, &words(), PEOPLE, levels), level.unwrap_or(NO_WORD));
            }
        }
    }
}
