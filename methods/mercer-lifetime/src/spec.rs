//! What the method is and what it reads.

use mercer_base::frame::Kind;
use mercer_method::{About, ColumnSpec, Form, Score, TableSpec};

const CUSTOMER_ID: ColumnSpec = ColumnSpec::new(
    "customer_id",
    Kind::Id,
    false,
    "The customer.",
    &["id", "customer", "cust", "client_id", "user_id", "_id", "donor_id"],
);
const RECENCY: ColumnSpec = ColumnSpec::new(
    "recency",
    Kind::Number,
    true,
    "When the last purchase was, in units of time from the first one; 0 without repeat purchases.",
    &["t_x", "tx"],
);
const AGE: ColumnSpec = ColumnSpec::new(
    "T",
    Kind::Number,
    true,
    "How long the customer has been observed, in units of time from the first purchase.",
    &["age", "periods", "n", "T_cal"],
);
const FREQUENCY: ColumnSpec =
    ColumnSpec::new("frequency", Kind::Number, true, "Repeat purchases: all but the first.", &["x", "frequency_cal"]);
const MONETARY: ColumnSpec = ColumnSpec::new(
    "monetary",
    Kind::Number,
    false,
    "Mean value of a repeat purchase.",
    &["monetary_value", "zbar", "m_x", "average_order_value"],
);
const WEIGHT: ColumnSpec = ColumnSpec::new(
    "weight",
    Kind::Number,
    false,
    "How many customers the row stands for.",
    &["weights", "customers", "count"],
);

/// What the method is.
pub(crate) static ABOUT: About = About {
    id: "lifetime",
    title: "Customer lifetime value",
    question: "What is each customer worth, and who is slipping away?",
    forms: &[
        Form {
            id: "transactions",
            about: "one row for each purchase",
            tables: &[
                TableSpec {
                    name: "transactions",
                    grain: "purchase",
                    required: true,
                    columns: &[
                        ColumnSpec { required: true, ..CUSTOMER_ID },
                        ColumnSpec::new(
                            "date",
                            Kind::Moment,
                            true,
                            "When the purchase was. Purchases of one customer on one day count as one.",
                            &["ordered_at", "order_date", "purchase_date", "invoice_date", "datetime", "timestamp"],
                        ),
                        ColumnSpec::new(
                            "amount",
                            Kind::Number,
                            false,
                            "Its value.",
                            &[
                                "value",
                                "price",
                                "spent",
                                "net_sales",
                                "total",
                                "dollar_value",
                                "monetary_value",
                                "sales",
                            ],
                        ),
                    ],
                    others: None,
                    sql: Some(include_str!("../sql/transactions.sql")),
                    scores_of: None,
                },
                TableSpec {
                    name: "customers",
                    grain: "customer",
                    required: false,
                    columns: &[ColumnSpec { required: true, ..CUSTOMER_ID }],
                    others: Some("covariates"),
                    sql: Some(include_str!("../sql/customers.sql")),
                    scores_of: None,
                },
                TableSpec {
                    name: "calendar",
                    grain: "period",
                    required: false,
                    columns: &[
                        ColumnSpec::new(
                            "start",
                            Kind::Moment,
                            true,
                            "First day of the period; it lasts to the start of the next one. Reaches past the horizon.",
                            &["period", "week", "period_start", "cov_date", "date"],
                        ),
                        ColumnSpec {
                            about: "The customer; without it the periods are those of all customers.",
                            ..CUSTOMER_ID
                        },
                    ],
                    others: Some("covariates that change over time"),
                    sql: None,
                    scores_of: None,
                },
            ],
        },
        Form {
            id: "summary",
            about: "one row for each customer: repeat purchases, when the last one was, how long observed",
            tables: &[TableSpec {
                name: "summary",
                grain: "customer",
                required: true,
                columns: &[CUSTOMER_ID, FREQUENCY, RECENCY, AGE, MONETARY, WEIGHT],
                others: Some("covariates"),
                sql: None,
                scores_of: None,
            }],
        },
        Form {
            id: "contracts",
            about: "one row for each contract: periods until it ended or until now, and periods observed",
            tables: &[TableSpec {
                name: "contracts",
                grain: "contract",
                required: true,
                columns: &[CUSTOMER_ID, RECENCY, AGE, MONETARY, WEIGHT],
                others: Some("covariates"),
                sql: None,
                scores_of: None,
            }],
        },
        Form {
            id: "spend",
            about: "one row for each customer: repeat purchases and their mean value, for model=gamma-gamma",
            tables: &[TableSpec {
                name: "spend",
                grain: "customer",
                required: true,
                columns: &[CUSTOMER_ID, FREQUENCY, ColumnSpec { required: true, ..MONETARY }, WEIGHT],
                others: None,
                sql: None,
                scores_of: None,
            }],
        },
    ],
    scores: &[
        Score { name: "p_alive", kind: Kind::Number, about: "Probability that the customer is still a customer." },
        Score { name: "p_alive_low", kind: Kind::Number, about: "Lower end of the interval of p_alive." },
        Score { name: "p_alive_high", kind: Kind::Number, about: "Upper end of the interval of p_alive." },
        Score { name: "expected_purchases", kind: Kind::Number, about: "Expected purchases within the horizon." },
        Score {
            name: "expected_purchases_low",
            kind: Kind::Number,
            about: "Lower end of the interval of expected_purchases.",
        },
        Score {
            name: "expected_purchases_high",
            kind: Kind::Number,
            about: "Upper end of the interval of expected_purchases.",
        },
        Score { name: "expected_order_value", kind: Kind::Number, about: "Expected value of a purchase." },
        Score { name: "clv", kind: Kind::Number, about: "Expected discounted value within the horizon." },
        Score { name: "clv_low", kind: Kind::Number, about: "Lower end of the interval of clv." },
        Score { name: "clv_high", kind: Kind::Number, about: "Upper end of the interval of clv." },
    ],
    tables: &[],
    list: None,
    version: 1,
    readme: include_str!("../README.md"),
};
