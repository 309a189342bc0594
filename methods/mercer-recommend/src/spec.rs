//! What the method is, what it reads and what it gives.

use mercer_base::frame::Kind;
use mercer_method::{About, ColumnSpec, Form, GivenTable, Score, TableSpec};

const CUSTOMER_ID: ColumnSpec = ColumnSpec::new(
    "customer_id",
    Kind::Id,
    true,
    "The customer.",
    &["customer", "user_id", "user", "household_id", "member_number", "client_id"],
);
const PRODUCT_ID: ColumnSpec = ColumnSpec::new(
    "product_id",
    Kind::Id,
    true,
    "The product.",
    &["product", "item_id", "item", "sku", "stock_code", "artist_id"],
);

/// The columns of purchases.
const PURCHASE: &[ColumnSpec] = &[
    CUSTOMER_ID,
    PRODUCT_ID,
    ColumnSpec::new(
        "occurred_at",
        Kind::Moment,
        false,
        "When; without it nothing is told of time, and only products that are new to a customer are offered.",
        &["ordered_at", "invoice_date", "date", "timestamp", "transaction_timestamp"],
    ),
    ColumnSpec::new(
        "order_id",
        Kind::Id,
        false,
        "The order; rows of one customer and moment are one where it is not given.",
        &["order", "basket_id", "invoice_no", "invoice"],
    ),
    ColumnSpec::new(
        "quantity",
        Kind::Number,
        false,
        "How much; 1 where not given, a return where it is not above 0.",
        &["qty", "weight", "plays", "count"],
    ),
];

/// What products are.
const PRODUCTS: TableSpec = TableSpec {
    name: "products",
    grain: "product",
    required: false,
    columns: &[
        PRODUCT_ID,
        ColumnSpec::new("title", Kind::Category, false, "What it is called.", &["name", "product_name"]),
        ColumnSpec::new("description", Kind::Category, false, "What is said of it.", &["body", "text"]),
        ColumnSpec::new(
            "category",
            Kind::Category,
            false,
            "What kind it is of; levels parted by > or /.",
            &["product_category", "product_type", "department"],
        ),
        ColumnSpec::new("price", Kind::Number, false, "What it costs the customer.", &["unit_price", "list_price"]),
        ColumnSpec::new("cost", Kind::Number, false, "What it costs the shop.", &["unit_cost"]),
        ColumnSpec::new(
            "stock",
            Kind::Number,
            false,
            "Pieces that can be sold; none are offered at 0.",
            &["inventory"],
        ),
    ],
    others: Some("attributes, as words"),
    sql: Some(include_str!("../sql/products.sql")),
    scores_of: None,
};

/// For whom lists are wanted.
const CUSTOMERS: TableSpec = TableSpec {
    name: "customers",
    grain: "customer who gets a list",
    required: false,
    columns: &[
        CUSTOMER_ID,
        ColumnSpec::new(
            mercer_method::consent::CONSENT,
            Kind::Category,
            false,
            "Whether they may be contacted: yes, true, 1 or granted; with any other value, or none, they get no list. Columns such as \
             opt_in, email_consent and subscribed say it too, and opt_out, unsubscribed and do_not_email the other way round.",
            &[],
        ),
        ColumnSpec::new(
            "segment",
            Kind::Category,
            false,
            "What they have in common with others whose best sellers they are offered, such as a persona or a country.",
            &["persona", "customer_segment", "country", "region"],
        ),
    ],
    others: Some("who may be contacted, by other names; nothing else of it is used"),
    sql: Some(include_str!("../sql/customers.sql")),
    scores_of: None,
};

/// What was shown before.
const SHOWN: TableSpec = TableSpec {
    name: "shown",
    grain: "product shown to a customer in an earlier send",
    required: false,
    columns: &[
        CUSTOMER_ID,
        PRODUCT_ID,
        ColumnSpec::new(
            "shown_at",
            Kind::Moment,
            false,
            "When, by which one send is told from the next; without it all was shown in the last one.",
            &["sent_at", "date"],
        ),
    ],
    others: None,
    sql: None,
    scores_of: None,
};

const fn words(name: &'static str, about: &'static str) -> Score {
    Score { name, kind: Kind::Category, about }
}

/// What the method is.
pub(crate) static ABOUT: About = About {
    id: "recommend",
    title: "Recommendations",
    question: "What should we offer this customer next, and after this purchase?",
    forms: &[
        Form {
            id: "purchases",
            about: "one row for each product of an order, or for each customer and product",
            tables: &[
                TableSpec {
                    name: "train",
                    grain: "product of an order",
                    required: true,
                    columns: PURCHASE,
                    others: None,
                    sql: Some(include_str!("../sql/train.sql")),
                    scores_of: None,
                },
                TableSpec {
                    name: "test",
                    grain: "later product of an order, by which to judge",
                    required: false,
                    columns: PURCHASE,
                    others: None,
                    sql: None,
                    scores_of: None,
                },
                PRODUCTS,
                CUSTOMERS,
                SHOWN,
            ],
        },
        Form {
            id: "customers",
            about: "one row for each customer who gets a list from a fitted model",
            tables: &[TableSpec { required: true, ..CUSTOMERS }],
        },
    ],
    scores: &[
        words("next_offer", "The product to offer first."),
        words("next_offer_title", "What it is called."),
        words("next_offer_reason", "What speaks for it."),
        words("next_new_offer", "The first product to offer of those that the customer has not bought."),
        words("next_new_offer_title", "What it is called."),
    ],
    tables: &[
        GivenTable {
            name: "recommendations",
            about: "Each customer's list for the next newsletter: products in their order with score and reason.",
        },
        GivenTable {
            name: "after_purchase",
            about: "What to offer after a product was bought: what is bought in later orders, and what in the same one.",
        },
        GivenTable {
            name: "after_category",
            about: "Categories that lead to others: of those who bought both within 90 days, how many bought the one first.",
        },
        GivenTable {
            name: "push_targets",
            about: "For each product to push the customers who are the most likely to want it.",
        },
    ],
    list: Some("recommendations"),
    version: 2,
    readme: include_str!("../README.md"),
};
