//! What the method is, what it reads and what it gives.

use mercer_base::frame::Kind;
use mercer_method::{About, ColumnSpec, Form, GivenTable, Score, TableSpec};

// Ids are words here: scores are of touches and paths, so no column is the key of the rows.
const CUSTOMER_ID: ColumnSpec = ColumnSpec::new(
    "customer_id",
    Kind::Category,
    false,
    "The customer.",
    &["customer", "user_id", "user", "client_id", "uid", "cust_id"],
);
const ANONYMOUS_ID: ColumnSpec = ColumnSpec::new(
    "anonymous_id",
    Kind::Category,
    false,
    "Cookie or device, where the customer is not known.",
    &["visitor_id", "cookie", "device_id", "visitor", "session_cookie"],
);
const OCCURRED_AT: ColumnSpec = ColumnSpec::new(
    "occurred_at",
    Kind::Moment,
    true,
    "When.",
    &["timestamp", "time", "date", "datetime", "touched_at", "interaction_time", "ordered_at", "converted_at"],
);
const VALUE: ColumnSpec = ColumnSpec::new(
    "value",
    Kind::Number,
    false,
    "What the conversion was worth.",
    &["revenue", "conversion_value", "net_sales", "amount", "total"],
);

/// The columns of a touch.
const TOUCH: &[ColumnSpec] = &[
    CUSTOMER_ID,
    ANONYMOUS_ID,
    OCCURRED_AT,
    ColumnSpec::new("channel", Kind::Category, true, "The channel.", &["source", "medium", "utm_source", "touchpoint"]),
    ColumnSpec::new(
        "campaign",
        Kind::Category,
        false,
        "The campaign.",
        &["utm_campaign", "campaign_name", "campaign_id"],
    ),
    ColumnSpec::new("creative", Kind::Category, false, "The creative.", &["ad", "utm_content", "ad_name"]),
    ColumnSpec::new("placement", Kind::Category, false, "The placement.", &["position", "slot", "site"]),
    ColumnSpec::new(
        "kind",
        Kind::Category,
        false,
        "View (impression) or click; clicks where not given.",
        &["interaction", "interaction_type", "touch_type"],
    ),
    ColumnSpec::new("cost", Kind::Number, false, "What the touch cost.", &["spend", "cpc"]),
];

/// What experiments found.
const EXPERIMENTS: TableSpec = TableSpec {
    name: "experiments",
    grain: "experiment on a channel",
    required: false,
    columns: &[
        ColumnSpec::new("channel", Kind::Category, true, "The channel.", &["medium"]),
        ColumnSpec::new(
            "incremental",
            Kind::Number,
            true,
            "Conversions that the channel added over the time of the experiment, for all customers.",
            &["incremental_conversions"],
        ),
        ColumnSpec::new("standard_error", Kind::Number, true, "Standard error of it.", &["se", "sigma"]),
        ColumnSpec::new(
            "since",
            Kind::Moment,
            false,
            "First day of the experiment; that of the data where not given.",
            &["from", "start", "started_at"],
        ),
        ColumnSpec::new(
            "until",
            Kind::Moment,
            false,
            "Last day of the experiment; that of the data where not given.",
            &["to", "end", "ended_at"],
        ),
    ],
    others: None,
    sql: None,
    scores_of: None,
};

const fn number(name: &'static str, about: &'static str) -> Score {
    Score { name, kind: Kind::Number, about }
}

const fn words(name: &'static str, about: &'static str) -> Score {
    Score { name, kind: Kind::Category, about }
}

/// What the method is.
pub(crate) static ABOUT: About = About {
    id: "attribution",
    title: "Attribution",
    question: "Which touchpoints earned the conversions, and how far is that from what they caused?",
    forms: &[
        Form {
            id: "journeys",
            about: "touchpoints of customers, and their orders or other conversions",
            tables: &[
                TableSpec {
                    name: "touchpoints",
                    grain: "contact of a customer with a channel",
                    required: true,
                    columns: TOUCH,
                    others: None,
                    sql: Some(include_str!("../sql/touchpoints.sql")),
                    scores_of: None,
                },
                TableSpec {
                    name: "conversions",
                    grain: "order or other conversion",
                    required: true,
                    columns: &[
                        CUSTOMER_ID,
                        ANONYMOUS_ID,
                        OCCURRED_AT,
                        ColumnSpec::new(
                            "order_id",
                            Kind::Category,
                            false,
                            "The order or conversion.",
                            &["conversion_id", "order", "transaction_id", "invoice"],
                        ),
                        VALUE,
                    ],
                    others: None,
                    sql: Some(include_str!("../sql/conversions.sql")),
                    scores_of: None,
                },
                EXPERIMENTS,
            ],
        },
        Form {
            id: "paths",
            about: "one row for each path of channels, with its conversions",
            tables: &[
                TableSpec {
                    name: "paths",
                    grain: "path that customers walked",
                    required: true,
                    columns: &[
                        ColumnSpec::new(
                            "path",
                            Kind::Category,
                            true,
                            "The channels in their order, parted by > or another sign.",
                            &["paths", "journey", "touchpoints", "channel_path"],
                        ),
                        ColumnSpec::new(
                            "conversions",
                            Kind::Number,
                            true,
                            "Journeys of this path that converted.",
                            &["total_conversions", "conversion", "conv", "converted"],
                        ),
                        ColumnSpec::new(
                            "value",
                            Kind::Number,
                            false,
                            "What those conversions were worth.",
                            &["total_conversion_value", "conversion_value", "revenue", "total_value"],
                        ),
                        ColumnSpec::new(
                            "nulls",
                            Kind::Number,
                            false,
                            "Journeys of this path that did not convert.",
                            &["total_null", "null", "total_nulls", "non_conversions"],
                        ),
                    ],
                    others: None,
                    sql: None,
                    scores_of: None,
                },
                EXPERIMENTS,
            ],
        },
        Form {
            id: "touches",
            about: "one row for each touch, and on some of them a conversion",
            tables: &[
                TableSpec {
                    name: "touches",
                    grain: "contact of a customer with a channel",
                    required: true,
                    columns: &[
                        ColumnSpec { required: true, ..CUSTOMER_ID },
                        TOUCH[2],
                        TOUCH[3],
                        ColumnSpec::new(
                            "conversion",
                            Kind::Category,
                            true,
                            "1 or the order where the customer converted right after this touch; 0 or nothing where not.",
                            &["converted", "conversions", "order_id", "conversion_id", "is_conversion"],
                        ),
                        VALUE,
                        TOUCH[4],
                        TOUCH[5],
                        TOUCH[6],
                        TOUCH[7],
                        TOUCH[8],
                    ],
                    others: None,
                    sql: None,
                    scores_of: None,
                },
                EXPERIMENTS,
            ],
        },
    ],
    scores: &[
        Score { name: "occurred_at", kind: Kind::Moment, about: "When the touch was." },
        words("path", "The path, where the rows are paths."),
        words("customer", "The customer who was touched."),
        words("channel", "What is credited."),
        words("order_id", "The order or conversion that the touch has a part in; empty where there is none."),
        number(
            "conversions",
            "Part of that conversion that the touch is credited with; of a path all that its touches are.",
        ),
        number("value", "The same of its value."),
        words("shares", "For a path the share of each of its touches, in their order."),
        words("model", "The model that divided the credit."),
    ],
    tables: &[
        GivenTable {
            name: "attribution_credit",
            about: "Where the data are paths, what each touch of each is credited with; a row without a path is credit that the \
                    model gives to a channel for journeys that nobody walked.",
        },
        GivenTable {
            name: "channel_credit",
            about: "For each channel and model the credit, what it cost, and for the chosen model its interval.",
        },
    ],
    list: Some("attribution_credit"),
    version: 1,
    readme: include_str!("../README.md"),
};
