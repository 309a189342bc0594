//! What the method is and what it reads.

use mercer_base::frame::Kind;
use mercer_method::{About, ColumnSpec, Form, GivenTable, Score, TableSpec};

const DATE: ColumnSpec = ColumnSpec::new(
    "date",
    Kind::Moment,
    true,
    "The day, or the first day of the week or month.",
    &["date_week", "week", "week_start", "day", "time", "period", "month", "ds"],
);
const TARGET: ColumnSpec = ColumnSpec::new(
    "target",
    Kind::Number,
    true,
    "What the channels are to bring: sales, orders, sign-ups.",
    &["y", "sales", "revenue", "net_sales", "conversions", "orders", "kpi", "outcome", "new_customers"],
);
const GEO: ColumnSpec = ColumnSpec::new(
    "geo",
    Kind::Category,
    false,
    "The place, where there are several.",
    &["region", "market", "country", "dma", "state"],
);
const POPULATION: ColumnSpec =
    ColumnSpec::new("population", Kind::Number, false, "Inhabitants of the place.", &["inhabitants", "people"]);
const WORTH: ColumnSpec = ColumnSpec::new(
    "value",
    Kind::Number,
    false,
    "Worth in money of one unit of the target, where the target is no money.",
    &["revenue_per_conversion", "revenue_per_kpi", "value_per_unit"],
);

/// What experiments found.
const EXPERIMENTS: TableSpec = TableSpec {
    name: "experiments",
    grain: "experiment on a channel",
    required: false,
    columns: &[
        ColumnSpec::new("channel", Kind::Category, true, "The channel.", &["medium"]),
        ColumnSpec::new("from", Kind::Moment, true, "First day on which its spend differed.", &["start", "started_at"]),
        ColumnSpec::new("until", Kind::Moment, true, "Last day on which it did.", &["end", "to", "ended_at"]),
        ColumnSpec::new(
            "lift",
            Kind::Number,
            true,
            "What the difference brought over those days and those it carried over to, in the unit of the target.",
            &["incremental", "effect"],
        ),
        ColumnSpec::new("standard_error", Kind::Number, true, "Standard error of the lift.", &["se", "sigma"]),
        ColumnSpec::new(
            "change",
            Kind::Number,
            false,
            "Share of the channel's spend that the experiment added: 1 where there would have been none without it, -0.5 where \
             it was halved; 1 where not given.",
            &["spend_change"],
        ),
        ColumnSpec::new("geo", Kind::Category, false, "The place; all where not given.", &["region", "market"]),
    ],
    others: None,
    sql: None,
    scores_of: None,
};

/// What the method is.
pub(crate) static ABOUT: About = About {
    id: "mix",
    title: "Marketing mix",
    question: "What does each channel return, and where should the next unit of money go?",
    forms: &[
        Form {
            id: "periods",
            about: "one row for each week or day, in each place, with a column for each channel",
            tables: &[
                TableSpec {
                    name: "periods",
                    grain: "day, week or month, in one place",
                    required: true,
                    columns: &[DATE, ColumnSpec { required: false, ..TARGET }, GEO, POPULATION, WORTH],
                    others: Some("media, spend and controls, as the parameters name them"),
                    sql: None,
                    scores_of: None,
                },
                EXPERIMENTS,
            ],
        },
        Form {
            id: "ledger",
            about: "what came in by day, and what each channel spent by day",
            tables: &[
                TableSpec {
                    name: "outcomes",
                    grain: "day or week, in one place",
                    required: true,
                    columns: &[DATE, TARGET, GEO, POPULATION, WORTH],
                    others: Some("controls, as the parameters name them"),
                    sql: Some(include_str!("../sql/outcomes.sql")),
                    scores_of: None,
                },
                TableSpec {
                    name: "media",
                    grain: "day or week of a channel",
                    required: true,
                    columns: &[
                        DATE,
                        ColumnSpec::new(
                            "channel",
                            Kind::Category,
                            true,
                            "The channel.",
                            &["medium", "platform", "source"],
                        ),
                        ColumnSpec::new("spend", Kind::Number, true, "What it cost.", &["cost", "amount_spent"]),
                        ColumnSpec::new(
                            "exposure",
                            Kind::Number,
                            false,
                            "What it showed.",
                            &["impressions", "clicks", "grps"],
                        ),
                        GEO,
                    ],
                    others: None,
                    sql: Some(include_str!("../sql/media.sql")),
                    scores_of: None,
                },
                EXPERIMENTS,
            ],
        },
    ],
    scores: &[
        Score { name: "date", kind: Kind::Moment, about: "First day of the period." },
        Score { name: "expected", kind: Kind::Number, about: "Expected target of the period." },
        Score { name: "expected_low", kind: Kind::Number, about: "Lower end of the 90 % interval of the target." },
        Score { name: "expected_high", kind: Kind::Number, about: "Upper end of it." },
        Score { name: "baseline", kind: Kind::Number, about: "What would have come without any of the channels." },
    ],
    tables: &[
        GivenTable {
            name: "channel_contributions",
            about: "For each period, place and channel, what it brought, with a 90 % interval, and what it spent.",
        },
        GivenTable {
            name: "channel_returns",
            about: "For each channel its spend, contribution, return and marginal return, each with a 90 % interval.",
        },
        GivenTable {
            name: "response_curves",
            about: "For each channel what a spend a period brings in the long run, with a 90 % interval, and what one more unit does.",
        },
        GivenTable {
            name: "media_factor",
            about: "For each period what all channels' effects are multiplied by, with a 90 % interval; only where effects vary over time.",
        },
        GivenTable {
            name: "budget_plan",
            about: "For each channel the spend lately and as planned, and what the plan is expected to bring.",
        },
    ],
    list: None,
    version: 1,
    readme: include_str!("../README.md"),
};
