//! Truth: care plans, a contract a month. Churn is geometric with a beta-distributed probability for each customer.

use serde::Serialize;

use crate::calendar::{Calendar, Moment};
use crate::chance::{self, Dice};
use crate::lifetime::Lifetime;
use crate::people::Customer;

/// One care plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscription {
    /// Number of the customer.
    pub customer: u32,
    /// Position in [`SubscriptionTruth::plans`].
    pub plan: usize,
    /// First day.
    pub started_at: Moment,
    /// Day on which it ended; `None` while it runs.
    pub ended_at: Option<Moment>,
    /// Latent probability of ending at a month's end: truth, never exported.
    pub monthly_churn: f64,
}

/// What is planted about one plan.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PlanTruth {
    /// Name as exported.
    pub plan: &'static str,
    /// Monthly fee in cents.
    pub fee_cents: i64,
    /// Share of buyers who take it with their first order.
    pub taken: f64,
    /// First parameter of the beta distribution of monthly churn.
    pub a: f64,
    /// Second parameter.
    pub b: f64,
}

/// What is planted about care plans: the shifted beta-geometric model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SubscriptionTruth {
    /// The plans.
    pub plans: [PlanTruth; 2],
    /// Length of a contract period in days.
    pub period_days: i64,
}

impl SubscriptionTruth {
    /// The planted values.
    #[must_use]
    pub fn new() -> Self {
        Self {
            plans: [
                PlanTruth { plan: "care", fee_cents: 790, taken: 0.10, a: 0.9, b: 7.0 },
                PlanTruth { plan: "care_plus", fee_cents: 1_490, taken: 0.05, a: 0.7, b: 10.0 },
            ],
            period_days: 30,
        }
    }
}

impl Default for SubscriptionTruth {
    fn default() -> Self {
        Self::new()
    }
}

/// The care plans of a chunk, by customer.
pub(crate) fn subscriptions(
    dice: &mut Dice,
    truth: &SubscriptionTruth,
    calendar: &Calendar,
    customers: &[Customer],
    lifetimes: &[Lifetime],
) -> Vec<Subscription> {
    let mut subscriptions = Vec::new();
    for (customer, lifetime) in customers.iter().zip(lifetimes) {
        let Some(&first) = lifetime.orders.first() else { continue };
        let taken = truth.plans.map(|plan| plan.taken);
        let none = 1.0 - taken.iter().sum::<f64>();
        let drawn = chance::weighted(dice, taken.into_iter().chain([none]));
        let Some(plan) = truth.plans.get(drawn) else { continue };
        let started_at = Moment::from_days(f64::from(u32::try_from(first.day() + 2).unwrap_or(0)));
        if started_at >= calendar.end() {
            continue;
        }
        let monthly_churn = chance::beta(dice, plan.a, plan.b);
        let mut ended_at = started_at;
        loop {
            ended_at = ended_at.plus(truth.period_days * crate::calendar::DAY);
            if ended_at >= calendar.end() || chance::chance(dice, monthly_churn) {
                break;
            }
        }
        subscriptions.push(Subscription {
            customer: customer.number,
            plan: drawn,
            started_at,
            ended_at: Some(ended_at).filter(|ended_at| *ended_at < calendar.end()),
            monthly_churn,
        });
    }
    subscriptions
}
