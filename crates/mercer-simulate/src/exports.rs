//! The raw exports: which files there are, in which dialect, and how a chunk is written into each.

use mercer_base::{Error, Result};
use serde_json::json;

use crate::calendar::{Calendar, Moment};
use crate::catalogue::STYLES;
use crate::latent;
use crate::orders::{Order, order_id};
use crate::people::{Customer, customer_id};
use crate::sheet::{Dialect, Rows, Sheet};
use crate::shop::{Chunk, Shop};

/// A table of the exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    Customers,
    Orders,
    OrderLines,
    /// The web events of one calendar year.
    Events(i32),
    Messages,
    Touchpoints,
    Subscriptions,
    Leads,
    Consent,
    Products,
    Media,
    LatentCustomers,
    LatentLeads,
    LatentSubscriptions,
}

impl Table {
    /// All tables of a shop, in the order in which they are written.
    pub(crate) fn all(calendar: &Calendar) -> Vec<Self> {
        let mut tables = vec![Self::Products, Self::Media, Self::Customers, Self::Orders, Self::OrderLines];
        tables.extend(calendar.years().into_iter().map(Self::Events));
        tables.extend([
            Self::Messages,
            Self::Touchpoints,
            Self::Subscriptions,
            Self::Leads,
            Self::Consent,
            Self::LatentCustomers,
            Self::LatentLeads,
            Self::LatentSubscriptions,
        ]);
        tables
    }

    /// Path below the shop's folder; what ends in `.gz` is compressed.
    pub(crate) fn path(self) -> String {
        match self {
            Self::Customers => "customers.csv".into(),
            Self::Orders => "orders.csv".into(),
            Self::OrderLines => "order_lines.csv.gz".into(),
            Self::Events(year) => format!("events-{year}.csv.gz"),
            Self::Messages => "messages.csv.gz".into(),
            Self::Touchpoints => "touchpoints.csv".into(),
            Self::Subscriptions => "subscriptions.csv".into(),
            Self::Leads => "leads.csv".into(),
            Self::Consent => "consent.csv".into(),
            Self::Products => "products.jsonl".into(),
            Self::Media => "media.tsv".into(),
            Self::LatentCustomers => "truth/customers.csv".into(),
            Self::LatentLeads => "truth/leads.csv".into(),
            Self::LatentSubscriptions => "truth/subscriptions.csv".into(),
        }
    }

    pub(crate) fn dialect(self) -> Dialect {
        match self {
            Self::Customers => Dialect::European,
            Self::Media => Dialect::Tabs,
            _ => Dialect::Plain,
        }
    }

    #[rustfmt::skip]
    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Customers => &[
                "customer_id", "created_at", "email_hash", "birth_year", "country", "region", "city", "home_type", "rooms",
                "living_area_m2", "children", "acquisition_channel", "newsletter_consent",
            ],
            Self::Orders => &[
                "order_id", "customer_id", "ordered_at", "status", "channel", "country", "currency", "gross_sales",
                "discount", "coupon_code", "refund", "shipping", "tax",
            ],
            Self::OrderLines => &["order_id", "product_id", "quantity", "unit_price", "discount"],
            Self::Events(_) => &[
                "event_id", "occurred_at", "name", "customer_id", "anonymous_id", "session_id", "product_id",
                "search_term", "device",
            ],
            Self::Messages => &[
                "message_id", "customer_id", "channel", "campaign", "subject", "sent_at", "opened_at", "clicked_at",
                "unsubscribed_at",
            ],
            Self::Touchpoints => &["customer_id", "anonymous_id", "occurred_at", "channel", "campaign", "creative", "cost"],
            Self::Subscriptions => &["customer_id", "plan", "monthly_fee", "started_at", "ended_at"],
            Self::Leads => &[
                "lead_id", "created_at", "source", "country", "budget_eur", "kitchen_area_m2", "owns_home",
                "visited_showroom", "months_to_start", "outcome", "outcome_at",
            ],
            Self::Consent => &["customer_id", "purpose", "status", "at"],
            Self::Media => &["date", "geo", "channel", "impressions", "clicks", "spend"],
            Self::Products => &[],
            Self::LatentCustomers => &latent::CUSTOMER_COLUMNS,
            Self::LatentLeads => &latent::LEAD_COLUMNS,
            Self::LatentSubscriptions => &latent::SUBSCRIPTION_COLUMNS,
        }
    }

    /// What stands at the head of the file.
    pub(crate) fn head(self) -> Result<Vec<u8>> {
        if self.columns().is_empty() {
            return Ok(Vec::new());
        }
        let mut sheet = Sheet::new(self.dialect());
        for column in self.columns() {
            sheet.text(column);
        }
        sheet.end();
        Ok([self.dialect().mark(), sheet.finish()?.text.as_slice()].concat())
    }

    /// The rows that belong to the shop as a whole.
    pub(crate) fn of_shop(self, shop: &Shop) -> Result<Rows> {
        match self {
            Self::Products => products(shop),
            Self::Media => {
                let mut sheet = Sheet::new(self.dialect());
                for day in shop.media().days() {
                    sheet.text(shop.calendar().iso_date(day.at)).text(day.geo.code()).text(day.channel);
                    sheet.show(day.impressions).show(day.clicks).money(day.spend).end();
                }
                sheet.finish()
            }
            _ => Ok(Rows::default()),
        }
    }

    /// The rows of one chunk.
    pub(crate) fn of_chunk(self, shop: &Shop, chunk: &Chunk) -> Result<Rows> {
        let calendar = shop.calendar();
        let mut sheet = Sheet::new(self.dialect());
        match self {
            Self::Customers => customers(&mut sheet, calendar, chunk),
            Self::Orders => orders(&mut sheet, calendar, chunk),
            Self::OrderLines => order_lines(&mut sheet, shop, chunk),
            Self::Events(year) => events(&mut sheet, shop, chunk, year),
            Self::Messages => messages(&mut sheet, shop, chunk),
            Self::Touchpoints => touchpoints(&mut sheet, calendar, chunk),
            Self::Subscriptions => subscriptions(&mut sheet, shop, chunk),
            Self::Leads => leads(&mut sheet, shop, chunk),
            Self::Consent => {
                for consent in &chunk.consents {
                    sheet.text(&customer_id(consent.customer)).text(consent.purpose).text(consent.status);
                    sheet.moment(calendar, consent.at, 'T', "").end();
                }
            }
            Self::LatentCustomers => latent::customers(&mut sheet, shop, chunk),
            Self::LatentLeads => latent::leads(&mut sheet, chunk),
            Self::LatentSubscriptions => latent::subscriptions(&mut sheet, shop, chunk),
            Self::Products | Self::Media => {}
        }
        sheet.finish()
    }
}

fn products(shop: &Shop) -> Result<Rows> {
    let mut rows = Rows::default();
    for product in shop.catalogue().products() {
        let line = json!({
            "product_id": product.id(),
            "title": product.title,
            "description": product.description,
            "category": product.category.name(),
            "price": product.price.to_f64(),
            "currency": "EUR",
            "attributes": {
                "type": product.kind,
                "colour": product.colour,
                "material": product.material,
                "style": STYLES[product.style],
                "collection": product.collection,
            },
        });
        serde_json::to_writer(&mut rows.text, &line)
            .map_err(|error| Error::internal(format!("a simulated product could not be written: {error}")))?;
        rows.text.push(b'\n');
        rows.count += 1;
    }
    Ok(rows)
}

fn customers(sheet: &mut Sheet, calendar: &Calendar, chunk: &Chunk) {
    for (position, customer) in chunk.customers.iter().enumerate() {
        customer_row(sheet, calendar, customer, &customer.id());
        if chunk.dirt.customers_without_id.binary_search(&position).is_ok() {
            customer_row(sheet, calendar, customer, "");
        }
    }
    for &position in &chunk.dirt.duplicate_customers {
        if let Some(customer) = chunk.customers.get(position) {
            customer_row(sheet, calendar, customer, &customer.id());
        }
    }
}

fn customer_row(sheet: &mut Sheet, calendar: &Calendar, customer: &Customer, id: &str) {
    let [no_birth_year, no_home, no_children] = customer.blank;
    sheet.text(id).cell(|cell, _| calendar.push_dotted(customer.created_at, cell)).hex(customer.email_hash);
    if no_birth_year {
        sheet.text("")
    } else {
        sheet.show(customer.birth_year)
    };
    sheet.text(customer.country.code()).text(customer.city.region).text(customer.city.name);
    if no_home {
        sheet.text("").text("").text("");
    } else {
        sheet.text(if customer.house { "house" } else { "flat" }).show(customer.rooms).decimal(customer.area);
    }
    if no_children {
        sheet.text("")
    } else {
        sheet.show(customer.children)
    };
    sheet.text(customer.source.name()).text(if customer.newsletter { "yes" } else { "no" }).end();
}

fn orders(sheet: &mut Sheet, calendar: &Calendar, chunk: &Chunk) {
    let dirt = &chunk.dirt;
    for (position, order) in chunk.orders.iter().enumerate() {
        order_row(sheet, calendar, order);
        for dirty in dirt.unreadable_dates.iter().chain(&dirt.future_dates).filter(|dirty| dirty.after == position) {
            sheet.text(&order_id(dirty.number)).text(&customer_id(dirty.customer)).text(&dirty.ordered_at);
            sheet.text("completed").text("web").text("DE").text("EUR").money(dirty.gross_sales);
            sheet.text("0.00").text("").text("0.00").text("0.00").text("0.00").end();
        }
    }
    for &position in &dirt.duplicate_orders {
        if let Some(order) = chunk.orders.get(position) {
            order_row(sheet, calendar, order);
        }
    }
}

fn order_row(sheet: &mut Sheet, calendar: &Calendar, order: &Order) {
    sheet.text(&order.id()).text(&order.customer.map(customer_id).unwrap_or_default());
    sheet.moment(calendar, order.at, 'T', "").text(order.status.name()).text(order.channel.name());
    sheet.text(order.country.code()).text("EUR").money(order.gross_sales).money(order.discount);
    sheet.maybe(order.coupon).money(order.refund).money(order.shipping).money(order.tax).end();
}

fn order_lines(sheet: &mut Sheet, shop: &Shop, chunk: &Chunk) {
    let products = shop.catalogue().products();
    for (position, order) in chunk.orders.iter().enumerate() {
        let id = order.id();
        for line in &order.lines {
            sheet.text(&id).text(&products[line.product].id()).show(line.quantity);
            sheet.money(line.unit_price).money(line.discount).end();
        }
        for orphan in chunk.dirt.orphan_lines.iter().filter(|orphan| orphan.after == position) {
            let product = &products[orphan.product];
            sheet.text(&order_id(orphan.order)).text(&product.id()).text("1");
            sheet.money(product.price).text("0.00").end();
        }
    }
}

fn events(sheet: &mut Sheet, shop: &Shop, chunk: &Chunk, year: i32) {
    let calendar = shop.calendar();
    let products = shop.catalogue().products();
    for event in chunk.events.iter().filter(|event| calendar.year(event.at) == year) {
        sheet
            .show(format_args!("E{:010}", event.number))
            .moment(calendar, event.at, 'T', "Z")
            .text(event.action.name());
        sheet.text(&event.customer.map(customer_id).unwrap_or_default()).hex(event.visitor).hex(event.session);
        sheet.text(&event.product.map(|product| products[product].id()).unwrap_or_default()).maybe(event.query);
        sheet.text(if event.mobile { "mobile" } else { "desktop" }).end();
    }
}

fn messages(sheet: &mut Sheet, shop: &Shop, chunk: &Chunk) {
    let calendar = shop.calendar();
    for message in &chunk.messages {
        let Some(mailing) = shop.mailings().get(message.mailing) else { continue };
        let customer = customer_id(message.customer);
        sheet.show(format_args!("M{:04}-{customer}", message.mailing + 1)).text(&customer).text("email");
        sheet.text(&mailing.campaign).text(mailing.subject).moment(calendar, message.sent_at, ' ', "");
        for at in [message.opened_at, message.clicked_at, message.unsubscribed_at] {
            sheet.maybe_moment(calendar, at, ' ', "");
        }
        sheet.end();
    }
}

fn touchpoints(sheet: &mut Sheet, calendar: &Calendar, chunk: &Chunk) {
    for touchpoint in &chunk.touchpoints {
        sheet.text(&touchpoint.customer.map(customer_id).unwrap_or_default()).hex(touchpoint.visitor);
        sheet.moment(calendar, touchpoint.at, ' ', "").text(touchpoint.channel).maybe(touchpoint.campaign);
        sheet.maybe(touchpoint.creative).money(touchpoint.cost).end();
    }
}

fn subscriptions(sheet: &mut Sheet, shop: &Shop, chunk: &Chunk) {
    let calendar = shop.calendar();
    for subscription in &chunk.subscriptions {
        let Some(plan) = shop.planted().subscriptions.plans.get(subscription.plan) else { continue };
        let date = |at: Moment| calendar.iso_date(at);
        sheet.text(&customer_id(subscription.customer)).text(plan.plan);
        sheet.money(mercer_base::Money::from_cents(plan.fee_cents)).text(date(subscription.started_at));
        sheet.maybe(subscription.ended_at.map(date)).end();
    }
}

fn leads(sheet: &mut Sheet, shop: &Shop, chunk: &Chunk) {
    let calendar = shop.calendar();
    let yes = |answer: bool| if answer { "true" } else { "false" };
    for lead in &chunk.leads {
        let source = shop.planted().leads.sources.get(lead.source).map(|&(name, _, _)| name);
        sheet.text(&lead.id()).moment(calendar, lead.created_at, 'T', "").maybe(source).text(lead.country.code());
        sheet.text(&lead.budget.map(|budget| budget.to_string()).unwrap_or_default()).decimal(lead.area);
        sheet.text(yes(lead.owns_home)).text(yes(lead.visited_showroom)).show(lead.months_to_start);
        sheet.maybe(lead.won.map(|won| if won { "won" } else { "lost" }));
        sheet.maybe_moment(calendar, lead.outcome_at, 'T', "").end();
    }
}
