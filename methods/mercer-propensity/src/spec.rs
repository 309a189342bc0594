//! What the method is and what it reads.

use mercer_base::frame::Kind;
use mercer_method::{About, ColumnSpec, Form, GivenTable, Score, TableSpec};

use crate::history::{BOUGHT, CUSTOMERS, EVENTS, MESSAGES, ORDERS, SUBSCRIPTIONS, TOUCHPOINTS};

/// Who may be contacted.
pub(crate) const CONSENT: ColumnSpec = ColumnSpec::new(
    mercer_method::consent::CONSENT,
    Kind::Category,
    false,
    "Whether they may be contacted: yes, true, 1 or granted; with any other value, or none, they are scored but stand in no list. Columns \
     such as opt_in, email_consent and subscribed say it too, and opt_out, unsubscribed and do_not_email the other way round.",
    &[],
);

/// People and companies that asked for an offer.
const LEADS: TableSpec = TableSpec {
    name: "leads",
    grain: "lead",
    required: false,
    columns: &[
        ColumnSpec::new(
            "lead_id",
            Kind::Id,
            true,
            "The lead.",
            &["lead", "lead_number", "prospect_id", "opportunity_id"],
        ),
        ColumnSpec::new("created_at", Kind::Moment, true, "When it came.", &["created", "lead_date", "opened_at"]),
        ColumnSpec::new(
            "outcome",
            Kind::Category,
            true,
            "What became of it: won or lost; empty while it is open.",
            &["status", "stage", "converted", "result"],
        ),
        ColumnSpec::new(
            "outcome_at",
            Kind::Moment,
            false,
            "When that was decided.",
            &["closed_at", "converted_at", "decided_at"],
        ),
        CONSENT,
    ],
    others: Some("what is known of the lead when it comes"),
    sql: Some(include_str!("../sql/leads.sql")),
    scores_of: None,
};

/// What customers are worth, for decisions.
const VALUES: TableSpec = TableSpec {
    name: "values",
    grain: "customer",
    required: false,
    columns: &[
        ColumnSpec::new("customer_id", Kind::Id, true, "The customer.", &["id", "customer", "client_id", "user_id"]),
        ColumnSpec::new(
            "value",
            Kind::Number,
            true,
            "What the customer is worth if they stay.",
            &["clv", "lifetime_value"],
        ),
    ],
    others: None,
    sql: Some(include_str!("../sql/values.sql")),
    scores_of: Some("lifetime"),
};

const fn number(name: &'static str, about: &'static str) -> Score {
    Score { name, kind: Kind::Number, about }
}

const fn words(name: &'static str, about: &'static str) -> Score {
    Score { name, kind: Kind::Category, about }
}

/// What the method is.
pub(crate) static ABOUT: About = About {
    id: "propensity",
    title: "Propensity",
    question: "Who will churn, buy again, unsubscribe or convert, and why?",
    forms: &[
        Form {
            id: "history",
            about: "one row for each order, and what else customers did: what comes next is learnt from the past",
            tables: &[ORDERS, CUSTOMERS, BOUGHT, EVENTS, MESSAGES, TOUCHPOINTS, SUBSCRIPTIONS, LEADS, VALUES],
        },
        Form {
            id: "leads",
            about: "one row for each lead: which will convert",
            tables: &[TableSpec { required: true, ..LEADS }],
        },
        Form {
            id: "rows",
            about: "one row for each customer or lead, with any features and the outcome in the column that target names",
            tables: &[TableSpec {
                name: "rows",
                grain: "customer or lead",
                required: true,
                columns: &[
                    ColumnSpec::new(
                        "customer_id",
                        Kind::Id,
                        false,
                        "Who or what the row is about.",
                        &["id", "customer", "client_id", "user_id", "lead_id", "prospect_id"],
                    ),
                    CONSENT,
                ],
                others: Some("features, and the target"),
                sql: None,
                scores_of: None,
            }],
        },
    ],
    scores: &[
        number("probability", "Probability of the target, where it is a column of the table."),
        words("grade", "A to D by that probability, beside the rate of all."),
        number("expected_value", "Expected profit of contacting the row, where cost and value of a contact are given."),
        number("hazard_ratio", "How fast the event comes against the average row, with a time column."),
        number("median_time", "Time by which the event has come with a probability of one half, with a time column."),
        words("reason_1", "Strongest reason of the probability, where the target is a column of the table."),
        words("reason_2", "Second reason."),
        words("reason_3", "Third reason."),
        number("p_churn", "Probability that an active customer buys nothing within the horizon."),
        words("p_churn_reason", "What speaks most for it."),
        words("p_churn_lever", "What speaks for it and can be changed."),
        number("p_churn_value", "Value at stake: that probability times what the customer is worth."),
        number("p_next_purchase", "Probability that a customer buys within the horizon."),
        words("p_next_purchase_reason", "What speaks most for it."),
        number("p_purchase_frequency", "Probability that a customer buys more often than within the same time before."),
        words("p_purchase_frequency_reason", "What speaks most for it."),
        number("p_lapse", "Probability that a regular customer falls out of their rhythm."),
        words("p_lapse_reason", "What speaks most for it."),
        number("p_unsubscribe", "Probability that a reader unsubscribes within the horizon."),
        words("p_unsubscribe_reason", "What speaks most for it."),
        number("p_contract_end", "Probability that a running contract ends within the horizon."),
        words("p_contract_end_reason", "What speaks most for it."),
        number("p_contract_stays_30d", "Probability that a contract still runs after 30 days, asked when."),
        number("p_contract_stays_90d", "The same after 90 days."),
        number("p_contract_stays_180d", "The same after 180 days; missing where nobody was watched for so long."),
        number("p_contract_stays_365d", "The same after 365 days."),
        Score {
            name: "contract_end_median_at",
            kind: Kind::Moment,
            about: "Day by which the contract has ended with a probability of one half; missing where that lies beyond what was watched.",
        },
    ],
    tables: &[GivenTable {
        name: "lead_scores",
        about: "Each lead with its probability to convert, its grade from A to D and what speaks for it.",
    }],
    list: None,
    version: 1,
    readme: include_str!("../README.md"),
};
