//! The canonical tables: their fields, keys and what a row of each may carry of others (DESIGN section 5).

use serde::{Deserialize, Serialize};

use crate::field::Field;
use crate::fields;

/// A canonical table; also what one row of a source can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    /// People or accounts we can sell to.
    Customers,
    /// One row an order.
    Orders,
    /// One row a product on an order.
    OrderLines,
    /// What is sold.
    Products,
    /// What people did on site or in app.
    Events,
    /// E-mails and other messages sent, and what came back.
    Messages,
    /// Contacts with marketing before an order.
    Touchpoints,
    /// Spend and delivery of media by day and channel.
    Media,
    /// Prospects and what became of them.
    Leads,
    /// Contracts with a start and an end.
    Subscriptions,
    /// Things to read or see.
    Contents,
    /// Assignments to the arms of experiments.
    Experiments,
    /// Permissions, by purpose.
    Consent,
    /// Which identifiers belong to the same person.
    Identity,
}

impl Table {
    /// Every table, in the order they are built and shown.
    pub const ALL: [Self; 14] = [
        Self::Customers,
        Self::Orders,
        Self::OrderLines,
        Self::Products,
        Self::Events,
        Self::Messages,
        Self::Touchpoints,
        Self::Media,
        Self::Leads,
        Self::Subscriptions,
        Self::Contents,
        Self::Experiments,
        Self::Consent,
        Self::Identity,
    ];

    /// Its canonical name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Customers => "customers",
            Self::Orders => "orders",
            Self::OrderLines => "order_lines",
            Self::Products => "products",
            Self::Events => "events",
            Self::Messages => "messages",
            Self::Touchpoints => "touchpoints",
            Self::Media => "media",
            Self::Leads => "leads",
            Self::Subscriptions => "subscriptions",
            Self::Contents => "contents",
            Self::Experiments => "experiments",
            Self::Consent => "consent",
            Self::Identity => "identity",
        }
    }

    /// The table called `name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }

    /// Fields that a source may map to this table.
    #[must_use]
    pub fn fields(self) -> &'static [Field] {
        match self {
            Self::Customers => fields::CUSTOMERS,
            Self::Orders => fields::ORDERS,
            Self::OrderLines => fields::ORDER_LINES,
            Self::Products => fields::PRODUCTS,
            Self::Events => fields::EVENTS,
            Self::Messages => fields::MESSAGES,
            Self::Touchpoints => fields::TOUCHPOINTS,
            Self::Media => fields::MEDIA,
            Self::Leads => fields::LEADS,
            Self::Subscriptions => fields::SUBSCRIPTIONS,
            Self::Contents => fields::CONTENTS,
            Self::Experiments => fields::EXPERIMENTS,
            Self::Consent => fields::CONSENT,
            Self::Identity => fields::IDENTITY,
        }
    }

    /// The field of this table called `name`.
    #[must_use]
    pub fn field(self, name: &str) -> Option<&'static Field> {
        self.fields().iter().find(|field| field.name == name)
    }

    /// Other tables whose fields a row of this one may carry, as flat exports do.
    #[must_use]
    pub fn carries(self) -> &'static [Self] {
        match self {
            Self::OrderLines => &[Self::Orders, Self::Products, Self::Customers],
            Self::Orders | Self::Subscriptions => &[Self::Customers],
            _ => &[],
        }
    }

    /// Columns that name one row; a later row with the same key replaces the earlier one. Empty: every distinct row counts.
    #[must_use]
    pub fn key(self) -> &'static [&'static str] {
        match self {
            Self::Customers => &["customer_id"],
            Self::Orders => &["order_id"],
            Self::OrderLines => &["order_id", "line_id"],
            Self::Products => &["product_id"],
            Self::Events => &["event_id"],
            Self::Messages => &["message_id"],
            Self::Touchpoints => &["touchpoint_id"],
            Self::Media => &[],
            Self::Leads => &["lead_id"],
            Self::Subscriptions => &["subscription_id"],
            Self::Contents => &["content_id"],
            Self::Experiments => &["experiment", "customer_id"],
            Self::Consent => &["customer_id", "purpose", "at"],
            Self::Identity => &["left", "right"],
        }
    }

    /// The field that says when a row became known; nothing after a cut-off is used as of it.
    #[must_use]
    pub fn time(self) -> Option<&'static str> {
        match self {
            Self::Customers | Self::Leads => Some("created_at"),
            Self::Orders | Self::OrderLines => Some("ordered_at"),
            Self::Events | Self::Touchpoints => Some("occurred_at"),
            Self::Messages => Some("sent_at"),
            Self::Media => Some("date"),
            Self::Subscriptions => Some("started_at"),
            Self::Experiments => Some("assigned_at"),
            Self::Consent | Self::Identity => Some("at"),
            Self::Products | Self::Contents => None,
        }
    }

    /// Whether rows belong to a customer, and are so stored sorted by (customer, time).
    #[must_use]
    pub fn belongs_to_customer(self) -> bool {
        self.field("customer_id").is_some()
    }

    /// Whether a row may keep further columns of its source as attributes.
    #[must_use]
    pub fn keeps_attributes(self) -> bool {
        matches!(self, Self::Customers | Self::Products | Self::Leads | Self::Contents)
    }

    /// Finds the field that `name` means on a row of this table: `field` of its own or of a table it carries,
    /// or `table.field` to say which.
    #[must_use]
    pub fn resolve(self, name: &str) -> Option<(Self, &'static Field)> {
        if let Some((table, field)) = name.split_once('.') {
            let table = Self::from_name(table)?;
            return (table == self || self.carries().contains(&table))
                .then(|| table.field(field))
                .flatten()
                .map(|f| (table, f));
        }
        std::iter::once(&self).chain(self.carries()).find_map(|table| table.field(name).map(|field| (*table, field)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_round_trip() {
        for table in Table::ALL {
            assert_eq!(Table::from_name(table.name()), Some(table));
            let mut names: Vec<_> = table.fields().iter().map(|field| field.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), table.fields().len(), "{} repeats a field", table.name());
            for key in table.key().iter().chain(&table.time().filter(|_| table != Table::OrderLines)) {
                assert!(table.field(key).is_some(), "{}.{key} is not a field", table.name());
            }
        }
    }

    #[test]
    fn a_flat_row_finds_its_fields() {
        let (table, field) = Table::OrderLines.resolve("ordered_at").unwrap();
        assert_eq!((table, field.name), (Table::Orders, "ordered_at"));
        let (table, _) = Table::OrderLines.resolve("discount").unwrap();
        assert_eq!(table, Table::OrderLines);
        let (table, _) = Table::OrderLines.resolve("orders.discount").unwrap();
        assert_eq!(table, Table::Orders);
        assert!(Table::Orders.resolve("products.title").is_none());
    }
}
