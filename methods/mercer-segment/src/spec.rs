//! What the method is and what it reads.

use mercer_base::frame::Kind;
use mercer_method::{About, ColumnSpec, Form, Score, TableSpec};

const CUSTOMER_ID: ColumnSpec = ColumnSpec::new(
    "customer_id",
    Kind::Id,
    true,
    "The customer.",
    &["id", "customer", "cust", "client_id", "user_id", "_id"],
);

/// Products that customers bought.
const BOUGHT: TableSpec = TableSpec {
    name: "bought",
    grain: "product a customer bought",
    required: false,
    columns: &[CUSTOMER_ID, PRODUCT_ID],
    others: None,
    sql: Some(include_str!("../sql/bought.sql")),
    scores_of: None,
};
const PRODUCTS: TableSpec = TableSpec {
    name: "products",
    grain: "product",
    required: false,
    columns: &[
        PRODUCT_ID,
        ColumnSpec::new(
            "category",
            Kind::Category,
            false,
            "Its category, within which its attributes are compared.",
            &["product_category"],
        ),
    ],
    others: Some("attributes of the products, such as their colour"),
    sql: Some(include_str!("../sql/products.sql")),
    scores_of: None,
};
const PRODUCT_ID: ColumnSpec =
    ColumnSpec::new("product_id", Kind::Id, true, "The product.", &["product", "sku", "stock_code", "item_id"]);

/// What customers chose beside products: creatives, offers, topics.
const CHOICES: TableSpec = TableSpec {
    name: "choices",
    grain: "choice",
    required: false,
    columns: &[
        CUSTOMER_ID,
        ColumnSpec::new(
            "scope",
            Kind::Category,
            true,
            "What was chosen from: \"creative of the spring sale\".",
            &["dimension", "about"],
        ),
        ColumnSpec::new("value", Kind::Category, true, "What was chosen: \"family on a sofa\".", &["choice", "option"]),
    ],
    others: None,
    sql: Some(include_str!("../sql/choices.sql")),
    scores_of: None,
};

/// What the method is.
pub(crate) static ABOUT: About = About {
    id: "segment",
    title: "Segments and personas",
    question: "Which kinds of customers are there, who are they, and who moved?",
    forms: &[
        Form {
            id: "purchases",
            about: "one row for each purchase: segments by recency, frequency and money, followed over time",
            tables: &[
                TableSpec {
                    name: "purchases",
                    grain: "purchase",
                    required: true,
                    columns: &[
                        CUSTOMER_ID,
                        ColumnSpec::new(
                            "date",
                            Kind::Moment,
                            true,
                            "When the purchase was.",
                            &["ordered_at", "order_date", "purchase_date", "invoice_date", "datetime", "timestamp"],
                        ),
                        ColumnSpec::new(
                            "amount",
                            Kind::Number,
                            true,
                            "Its value; negative for a return.",
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
                            "1 for a purchase, 0 for a row that changes the money only, such as a return.",
                            &["is_purchase"],
                        ),
                    ],
                    others: None,
                    sql: Some(include_str!("../sql/purchases.sql")),
                    scores_of: None,
                },
                TableSpec {
                    name: "customers",
                    grain: "customer",
                    required: false,
                    columns: &[CUSTOMER_ID],
                    others: Some("attributes, for personas"),
                    sql: Some(include_str!("../sql/customers.sql")),
                    scores_of: None,
                },
                BOUGHT,
                PRODUCTS,
                CHOICES,
            ],
        },
        Form {
            id: "customers",
            about: "one row for each customer, with any attributes",
            tables: &[
                TableSpec {
                    name: "customers",
                    grain: "customer",
                    required: true,
                    columns: &[ColumnSpec { required: false, ..CUSTOMER_ID }],
                    others: Some("attributes"),
                    sql: Some(include_str!("../sql/customers.sql")),
                    scores_of: None,
                },
                BOUGHT,
                PRODUCTS,
                CHOICES,
            ],
        },
    ],
    scores: &[
        Score {
            name: "segment_id",
            kind: Kind::Category,
            about: "The segment's id, which stays the same from run to run.",
        },
        Score { name: "segment_name", kind: Kind::Category, about: "The segment's name." },
        Score {
            name: "segment_certainty",
            kind: Kind::Number,
            about: "How clearly the customer belongs there: 0 on the border to another segment, 1 at its centre; \
                    for mixtures the probability.",
        },
        Score {
            name: "segment_id_a_month_ago",
            kind: Kind::Category,
            about: "The id of the segment a month before the end of the data.",
        },
        Score { name: "persona_id", kind: Kind::Category, about: "The persona's id, by who the customer is." },
        Score { name: "persona_name", kind: Kind::Category, about: "The persona's name." },
    ],
    tables: &[],
    list: None,
    version: 1,
    readme: include_str!("../README.md"),
};
