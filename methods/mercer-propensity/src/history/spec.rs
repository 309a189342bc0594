//! The tables that histories are read from.

use mercer_base::frame::Kind;
use mercer_method::{ColumnSpec, TableSpec};

const CUSTOMER_ID: ColumnSpec = ColumnSpec::new(
    "customer_id",
    Kind::Id,
    true,
    "The customer.",
    &["id", "customer", "cust", "client_id", "user_id", "_id"],
);

const COUNT: ColumnSpec =
    ColumnSpec::new("count", Kind::Number, false, "How many the row stands for; 1 without it.", &["n", "quantity"]);

const fn day(about: &'static str) -> ColumnSpec {
    ColumnSpec::new(
        "date",
        Kind::Moment,
        true,
        about,
        &["occurred_at", "ordered_at", "day", "datetime", "timestamp", "time"],
    )
}

/// Orders and what changes their money.
pub(crate) const ORDERS: TableSpec = TableSpec {
    name: "orders",
    grain: "order",
    required: true,
    columns: &[
        CUSTOMER_ID,
        ColumnSpec::new(
            "date",
            Kind::Moment,
            true,
            "When it was ordered, or given back.",
            &["ordered_at", "order_date", "purchase_date", "invoice_date", "datetime", "timestamp"],
        ),
        ColumnSpec::new(
            "amount",
            Kind::Number,
            true,
            "Its net sales; negative for what was given back.",
            &["value", "price", "spent", "net_sales", "total", "dollar_value", "sales"],
        ),
        ColumnSpec::new(
            "order_id",
            Kind::Id,
            false,
            "The order; rows of one order count as one purchase. Without it each row is a purchase.",
            &["invoice", "invoice_no", "invoiceno", "order", "basket_id"],
        ),
        ColumnSpec::new(
            "purchases",
            Kind::Number,
            false,
            "1 for a purchase, 0 for a row that changes the money only; without it a row is a purchase unless its amount is \
             negative.",
            &["is_purchase"],
        ),
        ColumnSpec::new(
            "channel",
            Kind::Category,
            false,
            "Where it was sold: web, shop, phone.",
            &["sales_channel", "store"],
        ),
        ColumnSpec::new(
            "discount",
            Kind::Number,
            false,
            "Reductions, as a positive amount.",
            &["discount_amount", "discounts"],
        ),
        ColumnSpec::new(
            "units",
            Kind::Number,
            false,
            "How many pieces it has.",
            &["quantity", "qty", "items", "number_of_cds"],
        ),
    ],
    others: None,
    sql: Some(include_str!("../../sql/orders.sql")),
    scores_of: None,
};

/// Who the customers are.
pub(crate) const CUSTOMERS: TableSpec = TableSpec {
    name: "customers",
    grain: "customer",
    required: false,
    columns: &[
        CUSTOMER_ID,
        ColumnSpec::new(
            "created_at",
            Kind::Moment,
            false,
            "When the customer was first recorded; before that day nothing of the row counts as known.",
            &["customer_since", "signup_date", "registered_at", "joined"],
        ),
        crate::spec::CONSENT,
    ],
    others: Some("attributes of the customers; dates count from the day they are past"),
    sql: Some(include_str!("../../sql/customers.sql")),
    scores_of: None,
};

/// What customers bought, by category.
pub(crate) const BOUGHT: TableSpec = TableSpec {
    name: "bought",
    grain: "category a customer bought from on a day",
    required: false,
    columns: &[
        CUSTOMER_ID,
        day("When it was bought."),
        ColumnSpec::new(
            "category",
            Kind::Category,
            true,
            "The product's category.",
            &["product_category", "department"],
        ),
        COUNT,
    ],
    others: None,
    sql: Some(include_str!("../../sql/bought.sql")),
    scores_of: None,
};

/// What customers did on the web or in the app.
pub(crate) const EVENTS: TableSpec = TableSpec {
    name: "events",
    grain: "kind of event of a customer on a day",
    required: false,
    columns: &[
        CUSTOMER_ID,
        day("When it happened."),
        ColumnSpec::new(
            "name",
            Kind::Category,
            true,
            "What happened, such as view_item.",
            &["event", "event_name", "action"],
        ),
        COUNT,
    ],
    others: None,
    sql: Some(include_str!("../../sql/events.sql")),
    scores_of: None,
};

/// Newsletters and other messages to customers.
pub(crate) const MESSAGES: TableSpec = TableSpec {
    name: "messages",
    grain: "message to a customer",
    required: false,
    columns: &[
        CUSTOMER_ID,
        ColumnSpec::new("sent_at", Kind::Moment, true, "When it was sent.", &["sent", "date", "delivered_at"]),
        ColumnSpec::new("opened_at", Kind::Moment, false, "When it was first opened.", &["opened", "first_open"]),
        ColumnSpec::new("clicked_at", Kind::Moment, false, "When it was first clicked.", &["clicked", "first_click"]),
        ColumnSpec::new(
            "unsubscribed_at",
            Kind::Moment,
            false,
            "When the customer unsubscribed through it.",
            &["unsubscribed", "opt_out_at"],
        ),
    ],
    others: None,
    sql: Some(include_str!("../../sql/messages.sql")),
    scores_of: None,
};

/// Contacts of customers with marketing channels.
pub(crate) const TOUCHPOINTS: TableSpec = TableSpec {
    name: "touchpoints",
    grain: "channel a customer was reached by on a day",
    required: false,
    columns: &[
        CUSTOMER_ID,
        day("When it was."),
        ColumnSpec::new("channel", Kind::Category, true, "By which channel.", &["source", "medium", "utm_source"]),
        COUNT,
    ],
    others: None,
    sql: Some(include_str!("../../sql/touchpoints.sql")),
    scores_of: None,
};

/// Contracts with customers.
pub(crate) const SUBSCRIPTIONS: TableSpec = TableSpec {
    name: "subscriptions",
    grain: "contract",
    required: false,
    columns: &[
        CUSTOMER_ID,
        ColumnSpec::new("plan", Kind::Category, false, "Which plan.", &["plan_name", "tariff", "contract", "product"]),
        ColumnSpec::new("started_at", Kind::Moment, true, "When it began.", &["start_date", "start", "activated_at"]),
        ColumnSpec::new(
            "ended_at",
            Kind::Moment,
            false,
            "When it ended; empty while it runs.",
            &["end_date", "end", "cancelled_at", "churned_at"],
        ),
        ColumnSpec::new(
            "price",
            Kind::Number,
            false,
            "Price a period.",
            &["monthly_charges", "mrr", "monthly_fee", "fee"],
        ),
    ],
    others: None,
    sql: Some(include_str!("../../sql/subscriptions.sql")),
    scores_of: None,
};

/// All of them, the main one first.
pub(crate) const TABLES: &[TableSpec] = &[ORDERS, CUSTOMERS, BOUGHT, EVENTS, MESSAGES, TOUCHPOINTS, SUBSCRIPTIONS];
