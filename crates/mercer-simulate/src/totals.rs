//! Truth: what an honest reader of the exports should find, added up chunk by chunk.

use std::collections::BTreeMap;

use mercer_base::Money;
use serde::{Serialize, Serializer};

use crate::calendar::DAY;
use crate::number;
use crate::orders::Status;
use crate::persona::Persona;
use crate::shop::{Chunk, Shop};

/// Amounts are written as exact decimals: `"1234.50"`.
pub(crate) fn plain<S: Serializer>(amount: &Money, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&amount.plain())
}

/// One rung of the revenue ladder each, in euros net of VAT.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Ladder {
    /// Number of orders.
    pub orders: u64,
    /// Sum of `gross_sales`.
    #[serde(serialize_with = "plain")]
    pub gross_sales: Money,
    /// Sum of `discount`.
    #[serde(serialize_with = "plain")]
    pub discounts: Money,
    /// Sum of `refund`.
    #[serde(serialize_with = "plain")]
    pub refunds: Money,
    /// `gross_sales − discounts − refunds`.
    #[serde(serialize_with = "plain")]
    pub net_sales: Money,
    /// Sum of `shipping`.
    #[serde(serialize_with = "plain")]
    pub shipping: Money,
    /// Sum of `tax`.
    #[serde(serialize_with = "plain")]
    pub tax: Money,
}

impl Ladder {
    fn add(&mut self, other: Self) {
        self.orders += other.orders;
        self.gross_sales = self.gross_sales + other.gross_sales;
        self.discounts = self.discounts + other.discounts;
        self.refunds = self.refunds + other.refunds;
        self.net_sales = self.net_sales + other.net_sales;
        self.shipping = self.shipping + other.shipping;
        self.tax = self.tax + other.tax;
    }
}

/// Dirty rows that were written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct DirtCounts {
    /// Rows of `orders.csv` that repeat another row exactly.
    pub duplicate_orders: u64,
    /// Orders with a date that is none.
    pub unreadable_dates: u64,
    /// Gross sales of those, which are not in the totals.
    #[serde(serialize_with = "plain")]
    pub unreadable_dates_gross_sales: Money,
    /// Orders dated decades ahead.
    pub future_dates: u64,
    /// Gross sales of those, which are not in the totals.
    #[serde(serialize_with = "plain")]
    pub future_dates_gross_sales: Money,
    /// Order lines whose order is nowhere; not in the totals.
    pub orphan_lines: u64,
    /// Rows of `customers.csv` without a customer id.
    pub customers_without_id: u64,
    /// Rows of `customers.csv` that repeat another row exactly.
    pub duplicate_customers: u64,
}

/// What the exports hold once dirty rows are set aside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Registered customers.
    pub customers: u64,
    /// Customers with at least one sale (an order that is neither cancelled nor a return). Guests are not customers.
    pub buyers: u64,
    /// Customers with at least two sales.
    pub repeat_buyers: u64,
    /// Customers with a sale in the last 365 days of the window.
    pub buyers_last_365_days: u64,
    /// Buyers who have not dropped out by the end of the window.
    pub buyers_alive_at_end: u64,
    /// Sales to guests, without a customer id.
    pub guest_sales: u64,
    /// All order rows, every status, returns included.
    pub all_orders: Ladder,
    /// The same by status.
    pub by_status: BTreeMap<&'static str, Ladder>,
    /// The same by calendar month of `ordered_at`, every status.
    pub by_month: BTreeMap<String, Ladder>,
    /// Proper order lines, those of returns included.
    pub order_lines: u64,
    /// Web events by name.
    pub events: BTreeMap<&'static str, u64>,
    /// Newsletters sent, opened, clicked, unsubscribed.
    pub messages: BTreeMap<&'static str, u64>,
    /// Touchpoints by channel.
    pub touchpoints: BTreeMap<&'static str, u64>,
    /// Sum of the touchpoints' costs.
    #[serde(serialize_with = "plain")]
    pub touchpoint_cost: Money,
    /// Care plans: started, ended.
    pub subscriptions: BTreeMap<&'static str, u64>,
    /// Leads: won, lost, open.
    pub leads: BTreeMap<&'static str, u64>,
    /// Rows of `consent.csv`.
    pub consents: u64,
    /// Customers by what brought them.
    pub customers_by_source: BTreeMap<&'static str, u64>,
    /// Customers by latent persona.
    pub customers_by_persona: BTreeMap<&'static str, u64>,
    /// Dirty rows, which are in none of the figures above.
    pub dirt: DirtCounts,
}

impl Totals {
    /// What one chunk adds.
    #[must_use]
    pub fn of(shop: &Shop, chunk: &Chunk) -> Self {
        let mut totals = Self { customers: number::length(chunk.customers.len()), ..Self::default() };
        totals.count_orders(shop, chunk);
        totals.count_contacts(chunk);
        let dirt = &chunk.dirt;
        totals.dirt = DirtCounts {
            duplicate_orders: number::length(dirt.duplicate_orders.len()),
            unreadable_dates: number::length(dirt.unreadable_dates.len()),
            unreadable_dates_gross_sales: dirt.unreadable_dates.iter().map(|order| order.gross_sales).sum(),
            future_dates: number::length(dirt.future_dates.len()),
            future_dates_gross_sales: dirt.future_dates.iter().map(|order| order.gross_sales).sum(),
            orphan_lines: number::length(dirt.orphan_lines.len()),
            customers_without_id: number::length(dirt.customers_without_id.len()),
            duplicate_customers: number::length(dirt.duplicate_customers.len()),
        };
        totals
    }

    fn count_orders(&mut self, shop: &Shop, chunk: &Chunk) {
        let calendar = shop.calendar();
        let end = calendar.end();
        let first = chunk.customers.first().map_or(1, |customer| customer.number);
        let mut sales = vec![0_u32; chunk.customers.len()];
        let mut recent = vec![false; chunk.customers.len()];
        for order in &chunk.orders {
            let ladder = Ladder {
                orders: 1,
                gross_sales: order.gross_sales,
                discounts: order.discount,
                refunds: order.refund,
                net_sales: order.net_sales(),
                shipping: order.shipping,
                tax: order.tax,
            };
            self.all_orders.add(ladder);
            self.by_status.entry(order.status.name()).or_default().add(ladder);
            let month = calendar.iso_date(order.at).get(..7).unwrap_or_default().to_owned();
            self.by_month.entry(month).or_default().add(ladder);
            self.order_lines += number::length(order.lines.len());
            if !order.is_sale() {
                continue;
            }
            match order.customer.map(|customer| number::index(u64::from(customer - first))) {
                Some(buyer) => {
                    sales[buyer] += 1;
                    recent[buyer] |= order.at >= end.plus(-365 * DAY);
                }
                None => self.guest_sales += 1,
            }
        }
        for ((&sales, &recent), lifetime) in sales.iter().zip(&recent).zip(&chunk.lifetimes) {
            self.buyers += u64::from(sales >= 1);
            self.repeat_buyers += u64::from(sales >= 2);
            self.buyers_last_365_days += u64::from(recent);
            self.buyers_alive_at_end += u64::from(sales >= 1 && lifetime.alive_at(end));
        }
    }

    fn count_contacts(&mut self, chunk: &Chunk) {
        let count = |counts: &mut BTreeMap<&'static str, u64>, name, adds: bool| {
            *counts.entry(name).or_default() += u64::from(adds);
        };
        for event in &chunk.events {
            count(&mut self.events, event.action.name(), true);
        }
        for message in &chunk.messages {
            count(&mut self.messages, "sent", true);
            count(&mut self.messages, "opened", message.opened_at.is_some());
            count(&mut self.messages, "clicked", message.clicked_at.is_some());
            count(&mut self.messages, "unsubscribed", message.unsubscribed_at.is_some());
        }
        for touchpoint in &chunk.touchpoints {
            count(&mut self.touchpoints, touchpoint.channel, true);
            self.touchpoint_cost = self.touchpoint_cost + touchpoint.cost;
        }
        for subscription in &chunk.subscriptions {
            count(&mut self.subscriptions, "started", true);
            count(&mut self.subscriptions, "ended", subscription.ended_at.is_some());
        }
        for lead in &chunk.leads {
            let outcome = match lead.won {
                Some(true) => "won",
                Some(false) => "lost",
                None => "open",
            };
            count(&mut self.leads, outcome, true);
        }
        self.consents = number::length(chunk.consents.len());
        for customer in &chunk.customers {
            count(&mut self.customers_by_source, customer.source.name(), true);
            count(&mut self.customers_by_persona, customer.persona.name(), true);
        }
    }

    /// Adds what another chunk holds.
    pub fn add(&mut self, other: Self) {
        self.customers += other.customers;
        self.buyers += other.buyers;
        self.repeat_buyers += other.repeat_buyers;
        self.buyers_last_365_days += other.buyers_last_365_days;
        self.buyers_alive_at_end += other.buyers_alive_at_end;
        self.guest_sales += other.guest_sales;
        self.all_orders.add(other.all_orders);
        for (status, ladder) in other.by_status {
            self.by_status.entry(status).or_default().add(ladder);
        }
        for (month, ladder) in other.by_month {
            self.by_month.entry(month).or_default().add(ladder);
        }
        self.order_lines += other.order_lines;
        for (mine, theirs) in [
            (&mut self.events, other.events),
            (&mut self.messages, other.messages),
            (&mut self.touchpoints, other.touchpoints),
            (&mut self.subscriptions, other.subscriptions),
            (&mut self.leads, other.leads),
            (&mut self.customers_by_source, other.customers_by_source),
            (&mut self.customers_by_persona, other.customers_by_persona),
        ] {
            for (name, count) in theirs {
                *mine.entry(name).or_default() += count;
            }
        }
        self.touchpoint_cost = self.touchpoint_cost + other.touchpoint_cost;
        self.consents += other.consents;
        let (mine, theirs) = (&mut self.dirt, other.dirt);
        mine.duplicate_orders += theirs.duplicate_orders;
        mine.unreadable_dates += theirs.unreadable_dates;
        mine.unreadable_dates_gross_sales = mine.unreadable_dates_gross_sales + theirs.unreadable_dates_gross_sales;
        mine.future_dates += theirs.future_dates;
        mine.future_dates_gross_sales = mine.future_dates_gross_sales + theirs.future_dates_gross_sales;
        mine.orphan_lines += theirs.orphan_lines;
        mine.customers_without_id += theirs.customers_without_id;
        mine.duplicate_customers += theirs.duplicate_customers;
    }

    /// Orders of one status.
    #[must_use]
    pub fn status(&self, status: Status) -> Ladder {
        self.by_status.get(status.name()).copied().unwrap_or_default()
    }

    /// Customers of one persona.
    #[must_use]
    pub fn persona(&self, persona: Persona) -> u64 {
        self.customers_by_persona.get(persona.name()).copied().unwrap_or_default()
    }
}
