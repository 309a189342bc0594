//! Samples for `propensity`: rows whose outcome follows from two of their columns, leads, and customers with rhythms.

use mercer_base::frame::{Column, Frame, NO_MOMENT, Words};
use mercer_testkit::conformance::Sample;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

/// 4 January 2010, in microseconds since 1970.
const START: i64 = 1_262_563_200_000_000;
const MICROS_A_DAY: i64 = 86_400_000_000;
const ROWS: usize = 400;
const CUSTOMERS: usize = 120;
const DAYS: i64 = 500;

/// Scores that only some rows or customers have.
const SPARSE: &[&str] = &[
    "reason_1",
    "reason_2",
    "reason_3",
    "median_time",
    "p_churn",
    "p_churn_reason",
    "p_churn_lever",
    "p_churn_value",
    "p_next_purchase",
    "p_next_purchase_reason",
    "p_purchase_frequency",
    "p_purchase_frequency_reason",
    "p_lapse",
    "p_lapse_reason",
    "p_unsubscribe",
    "p_unsubscribe_reason",
    "p_contract_end",
    "p_contract_end_reason",
    "p_contract_stays_30d",
    "p_contract_stays_90d",
    "p_contract_stays_180d",
    "p_contract_stays_365d",
    "contract_end_median_at",
];

/// One sample of each form, and of each kind of question.
pub(crate) fn samples() -> Vec<Sample> {
    let about = crate::method("propensity").about();
    let sample = |name, form, frames, params: serde_json::Value| {
        let few = json!({ "bag": 2, "folds": 2, "cutoffs": 3, "horizon": 60 });
        let (serde_json::Value::Object(mut few), serde_json::Value::Object(own)) = (few, params) else {
            unreachable!()
        };
        few.extend(own);
        Sample::new(name, about, form, frames).with_params(few.into()).with_sparse(SPARSE)
    };
    let churned = |params: serde_json::Value| {
        let serde_json::Value::Object(mut params) = params else { unreachable!() };
        params.insert("target".into(), json!(["churned"]));
        serde_json::Value::Object(params)
    };
    vec![
        sample("rows", "rows", vec![("rows", rows(true))], churned(json!({ "contact_cost": 1, "success_value": 20 }))),
        sample(
            "rows without ids, trees alone",
            "rows",
            vec![("rows", rows(false))],
            churned(json!({ "learner": "boosted" })),
        ),
        sample("times", "rows", vec![("rows", rows(true))], churned(json!({ "time": "months", "horizon": 12 }))),
        sample(
            "a list",
            "rows",
            vec![("rows", rows(true))],
            churned(json!({ "unlabelled": true, "groups": ["plan"] })),
        ),
        sample("leads", "leads", vec![("leads", leads())], json!({})),
        sample(
            "purchases with newsletters and contracts",
            "history",
            vec![("orders", orders()), ("messages", messages()), ("subscriptions", contracts()), ("values", values())],
            json!({ "target": ["churn", "next-purchase", "purchase-frequency", "lapse", "unsubscribe", "contract-end"] }),
        ),
        sample(
            "when contracts end",
            "history",
            vec![("orders", orders()), ("subscriptions", contracts())],
            json!({ "target": ["contract-end"], "when": true }),
        ),
    ]
}

fn dice() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(2026)
}

fn words<S: AsRef<str>>(values: impl IntoIterator<Item = S>) -> Column {
    Column::Words(values.into_iter().map(Some).collect::<Words>())
}

fn table(name: &str, columns: Vec<(&str, Column)>) -> Frame {
    columns.into_iter().try_fold(Frame::new(name), |frame, (name, column)| frame.with(name, column)).unwrap()
}

/// Customers who leave the likelier, the shorter their contract runs and the more often they complained.
fn rows(named: bool) -> Frame {
    let mut dice = dice();
    let (mut plans, mut calls, mut charges, mut months, mut since, mut churned) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in 0..ROWS {
        let monthly = dice.random_bool(0.5);
        let complaints = f64::from(dice.random_range(0..6_u8));
        let log_odds = -2.0 + 1.6 * f64::from(u8::from(monthly)) + 0.4 * complaints;
        let leaves = dice.random_bool(1.0 / (1.0 + f64::exp(-log_odds)));
        plans.push(if monthly { "monthly" } else { "yearly" });
        calls.push(complaints);
        charges.push(if row % 13 == 0 { f64::NAN } else { dice.random_range(20.0..90.0) });
        months.push(f64::from(dice.random_range(1..48_u8)) / if leaves { 2.0 } else { 1.0 });
        since.push(START + dice.random_range(0..700) * MICROS_A_DAY);
        churned.push(if leaves { "yes" } else { "no" });
    }
    let mut columns = Vec::new();
    if named {
        columns.push(("customer_id", words((0..ROWS).map(|row| format!("customer-{row:03}")))));
    }
    columns.extend([
        ("plan", words(plans)),
        ("complaints", Column::Numbers(calls)),
        ("charges", Column::Numbers(charges)),
        ("months", Column::Numbers(months)),
        ("joined", Column::Moments(since)),
        ("churned", words(churned)),
    ]);
    table("rows", columns)
}

/// Leads of which every seventh is still open.
fn leads() -> Frame {
    let mut dice = dice();
    let (mut sources, mut budgets, mut outcomes, mut created) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in 0..ROWS {
        let visited = dice.random_bool(0.3);
        let budget = dice.random_range(2.0..30.0);
        let won = dice.random_bool(1.0 / (1.0 + f64::exp(1.5 - 1.2 * f64::from(u8::from(visited)) - 0.05 * budget)));
        sources.push(if visited { "showroom" } else { "web" });
        budgets.push(budget * 1_000.0);
        outcomes.push(if row % 7 == 0 {
            ""
        } else if won {
            "won"
        } else {
            "lost"
        });
        created.push(START + dice.random_range(0..700) * MICROS_A_DAY);
    }
    table(
        "leads",
        vec![
            ("lead_id", words((0..ROWS).map(|row| format!("lead-{row:03}")))),
            ("created_at", Column::Moments(created)),
            ("outcome", Column::Words(outcomes.iter().map(|word| (!word.is_empty()).then_some(*word)).collect())),
            ("source", words(sources)),
            ("budget", Column::Numbers(budgets)),
        ],
    )
}

/// Customers who order at rhythms of their own, of whom half stop some day.
fn orders() -> Frame {
    let mut dice = dice();
    let (mut ids, mut moments, mut amounts) = (Vec::new(), Vec::new(), Vec::new());
    for customer in 0..CUSTOMERS {
        let gap = dice.random_range(8..60_i64);
        let last = if dice.random_bool(0.5) { dice.random_range(60..DAYS) } else { DAYS };
        let mut day = dice.random_range(0..40);
        while day < last {
            ids.push(format!("customer-{customer:03}"));
            moments.push(START + day * MICROS_A_DAY);
            amounts.push(dice.random_range(10.0..120.0));
            day += 1 + gap * dice.random_range(4..16) / 10;
        }
    }
    table(
        "orders",
        vec![("customer_id", words(ids)), ("date", Column::Moments(moments)), ("amount", Column::Numbers(amounts))],
    )
}

/// A newsletter every three weeks until somebody has enough of it.
fn messages() -> Frame {
    let mut dice = dice();
    let (mut ids, mut sent, mut opened, mut gone) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for customer in 0..CUSTOMERS {
        let liking = dice.random_range(0.05..0.8);
        for mailing in 0..DAYS / 21 {
            let at = START + mailing * 21 * MICROS_A_DAY;
            let (opens, leaves) = (dice.random_bool(liking), dice.random_bool(0.04 * (1.0 - liking)));
            ids.push(format!("customer-{customer:03}"));
            sent.push(at);
            opened.push(if opens { at + MICROS_A_DAY / 4 } else { NO_MOMENT });
            gone.push(if leaves { at + MICROS_A_DAY } else { NO_MOMENT });
            if leaves {
                break;
            }
        }
    }
    table(
        "messages",
        vec![
            ("customer_id", words(ids)),
            ("sent_at", Column::Moments(sent)),
            ("opened_at", Column::Moments(opened)),
            ("unsubscribed_at", Column::Moments(gone)),
        ],
    )
}

/// A contract each, of which about one in thirty ends every week.
fn contracts() -> Frame {
    let mut dice = dice();
    let (mut ids, mut plans, mut started, mut ended) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for customer in 0..CUSTOMERS {
        let is_basic = dice.random_bool(0.5);
        let start = dice.random_range(0..300);
        let lasts =
            (0..80).find(|_| dice.random_bool(if is_basic { 0.05 } else { 0.01 })).map(|weeks| start + 7 * (weeks + 1));
        ids.push(format!("customer-{customer:03}"));
        plans.push(if is_basic { "basic" } else { "plus" });
        started.push(START + start * MICROS_A_DAY);
        ended.push(lasts.filter(|day| *day < DAYS).map_or(NO_MOMENT, |day| START + day * MICROS_A_DAY));
    }
    table(
        "subscriptions",
        vec![
            ("customer_id", words(ids)),
            ("plan", words(plans)),
            ("started_at", Column::Moments(started)),
            ("ended_at", Column::Moments(ended)),
        ],
    )
}

/// What customers are worth.
fn values() -> Frame {
    let mut dice = dice();
    let ids = words((0..CUSTOMERS).map(|customer| format!("customer-{customer:03}")));
    let values = (0..CUSTOMERS).map(|_| dice.random_range(10.0..500.0)).collect();
    table("values", vec![("customer_id", ids), ("value", Column::Numbers(values))])
}
