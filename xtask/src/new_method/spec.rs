//! What the method is, what it reads and what it gives.

use mercer_base::frame::Kind;
use mercer_method::{About, ColumnSpec, Form, Score, TableSpec};

/// What the method is.
pub(crate) static ABOUT: About = About {
    id: "METHOD_ID",
    title: "METHOD_TITLE",
    question: "METHOD_QUESTION",
    forms: &[Form {
        id: "observations",
        about: "one row for each observation of a customer",
        tables: &[TableSpec {
            name: "observations",
            grain: "observation",
            required: true,
            columns: &[
                ColumnSpec {
                    name: "customer_id",
                    kind: Kind::Id,
                    required: true,
                    about: "The customer.",
                    also: &["id", "customer", "client_id", "user_id"],
                },
                ColumnSpec {
                    name: "date",
                    kind: Kind::Moment,
                    required: true,
                    about: "When it was observed.",
                    also: &["ordered_at", "occurred_at", "timestamp"],
                },
                ColumnSpec {
                    name: "value",
                    kind: Kind::Number,
                    required: true,
                    about: "What was observed.",
                    also: &["amount", "net_sales"],
                },
            ],
            others: None,
            sql: Some(include_str!("../sql/input.sql")),
            scores_of: None,
        }],
    }],
    scores: &[
        Score {
            name: "METHOD_SNAKE_expected",
            kind: Kind::Number,
            about: "Value expected of the customer's next observation.",
        },
        Score {
            name: "METHOD_SNAKE_reliability",
            kind: Kind::Number,
            about: "Share of the expectation that comes from the customer's own observations.",
        },
    ],
    tables: &[],
    list: None,
    version: 1,
    readme: include_str!("../README.md"),
};
