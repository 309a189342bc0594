//! The truth beside the exports: latent values of each customer, lead and care plan.

use chrono::Datelike;

use crate::people::customer_id;
use crate::sheet::Sheet;
use crate::shop::{Chunk, Shop};

/// Columns of `truth/customers.csv`; rates are a week, money is euros net of VAT.
pub(crate) const CUSTOMER_COLUMNS: [&str; 14] = [
    "customer_id",
    "persona",
    "base_purchase_rate",
    "purchase_rate",
    "drop_out_rate",
    "first_order_on",
    "died_on",
    "alive_at_end",
    "orders_placed",
    "expected_orders_next_52_weeks",
    "orders_next_365_days",
    "mean_basket",
    "prefers_dark_sofas",
    "age_at_sign_up",
];
/// Columns of `truth/leads.csv`.
pub(crate) const LEAD_COLUMNS: [&str; 2] = ["lead_id", "probability"];
/// Columns of `truth/subscriptions.csv`.
pub(crate) const SUBSCRIPTION_COLUMNS: [&str; 3] = ["customer_id", "plan", "monthly_churn"];

pub(crate) fn customers(sheet: &mut Sheet, shop: &Shop, chunk: &Chunk) {
    let calendar = shop.calendar();
    let end = calendar.end();
    for ((customer, lifetime), mean_basket) in chunk.customers.iter().zip(&chunk.lifetimes).zip(&chunk.mean_baskets) {
        // Some would outlive the calendar; a blank says so.
        let date = |day: i64| {
            calendar.date(day).filter(|date| date.year() <= 9_999).map(|date| date.to_string()).unwrap_or_default()
        };
        let died = lifetime.died.map(crate::number::floor);
        sheet.text(&customer.id()).text(customer.persona.name());
        for rate in [lifetime.base_rate, lifetime.rate, lifetime.drop_out] {
            sheet.show(format_args!("{rate:.6}"));
        }
        sheet.text(&lifetime.orders.first().map(|first| date(first.day())).unwrap_or_default());
        sheet.text(&died.map(date).unwrap_or_default()).show(u8::from(lifetime.alive_at(end)));
        sheet.show(lifetime.orders.len()).show(format_args!("{:.4}", lifetime.expected_orders(end, 52.0)));
        sheet.show(lifetime.orders_after).show(format_args!("{mean_basket:.2}"));
        sheet.show(u8::from(customer.prefers_dark_sofas())).show(customer.age).end();
    }
}

pub(crate) fn leads(sheet: &mut Sheet, chunk: &Chunk) {
    for lead in &chunk.leads {
        sheet.text(&lead.id()).show(format_args!("{:.6}", lead.probability)).end();
    }
}

pub(crate) fn subscriptions(sheet: &mut Sheet, shop: &Shop, chunk: &Chunk) {
    for subscription in &chunk.subscriptions {
        sheet
            .text(&customer_id(subscription.customer))
            .maybe(shop.planted().subscriptions.plans.get(subscription.plan).map(|plan| plan.plan));
        sheet.show(format_args!("{:.6}", subscription.monthly_churn)).end();
    }
}
