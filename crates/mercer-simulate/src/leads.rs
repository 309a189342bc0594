//! Truth: requests for a kitchen-planning consultation. Whether they become a contract is a logistic function of what the
//! form asks, with planted coefficients.

use serde::Serialize;

use crate::calendar::{Calendar, Moment};
use crate::chance::{self, Dice};
use crate::media::Media;
use crate::number;
use crate::places::Country;

/// A request for a kitchen-planning consultation.
#[derive(Debug, Clone, PartialEq)]
pub struct Lead {
    /// Number of the lead, unique over all chunks.
    pub number: u64,
    /// When it came in.
    pub created_at: Moment,
    /// Position in [`LeadTruth::sources`].
    pub source: usize,
    /// Country.
    pub country: Country,
    /// Budget in euros; `None` where left blank.
    pub budget: Option<i64>,
    /// Area of the kitchen in square metres.
    pub area: f64,
    /// Whether the home is owned.
    pub owns_home: bool,
    /// Whether they have been to the showroom.
    pub visited_showroom: bool,
    /// Months until they want to start.
    pub months_to_start: u32,
    /// `true` won, `false` lost, `None` still open at the end of the window.
    pub won: Option<bool>,
    /// When it was decided.
    pub outcome_at: Option<Moment>,
    /// Latent probability of winning it: truth, never exported.
    pub probability: f64,
}

impl Lead {
    /// Identifier as exported: `L0000123`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("L{:07}", self.number)
    }
}

/// What is planted about leads: log-odds of winning.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeadTruth {
    /// Leads for each registered customer of the shop.
    pub per_customer: f64,
    /// Log-odds of the reference lead: web form, 10,000 euros, tenant, not visited, starting at once.
    pub intercept: f64,
    /// Added for each unit of the natural logarithm of budget / 10,000 euros.
    pub log_budget: f64,
    /// Added where the home is owned.
    pub owns_home: f64,
    /// Added where they have been to the showroom.
    pub visited_showroom: f64,
    /// Added for each month until the start.
    pub months_to_start: f64,
    /// Added for each square metre of kitchen: nothing, a distractor.
    pub area: f64,
    /// Sources, their shares and what they add.
    pub sources: [(&'static str, f64, f64); 5],
    /// Mean days to a decision.
    pub decision_days: f64,
    /// Share of leads with the budget left blank; blank at random.
    pub blank_budget: f64,
}

impl LeadTruth {
    /// The planted values.
    #[must_use]
    pub fn new() -> Self {
        Self {
            per_customer: 0.25,
            intercept: -1.60,
            log_budget: 0.70,
            owns_home: 0.60,
            visited_showroom: 1.10,
            months_to_start: -0.12,
            area: 0.0,
            sources: [
                ("web_form", 0.46, 0.0),
                ("showroom", 0.18, 0.35),
                ("phone", 0.12, 0.20),
                ("trade_fair", 0.09, -0.40),
                ("partner_portal", 0.15, -0.80),
            ],
            decision_days: 28.0,
            blank_budget: 0.14,
        }
    }
}

impl Default for LeadTruth {
    fn default() -> Self {
        Self::new()
    }
}

/// Leads are numbered within a chunk from its number times this.
const NUMBERS_PER_CHUNK: u64 = 10_000;

/// The leads of a chunk of `customers` customers, in order of time.
pub(crate) fn leads(
    dice: &mut Dice,
    truth: &LeadTruth,
    calendar: &Calendar,
    media: &Media,
    chunk: u64,
    customers: usize,
) -> Vec<Lead> {
    let how_many = chance::poisson(dice, truth.per_customer * number::real(customers));
    let mut leads: Vec<Lead> = (0..how_many).map(|_| lead(dice, truth, calendar, media)).collect();
    leads.sort_by_key(|lead| lead.created_at);
    for (lead, number) in leads.iter_mut().zip(chunk * NUMBERS_PER_CHUNK + 1..) {
        lead.number = number;
    }
    leads
}

fn lead(dice: &mut Dice, truth: &LeadTruth, calendar: &Calendar, media: &Media) -> Lead {
    let arrival = media.arrival(dice);
    let created_at = calendar.time_of_day(dice, arrival.at, false);
    let source = chance::weighted(dice, truth.sources.iter().map(|&(_, share, _)| share));
    let (name, _, of_source) = truth.sources[source];
    // People round their budget to 500 euros.
    let budget = (number::floor(chance::normal(dice, 9.4, 0.5).exp() / 500.0) * 500).max(2_000);
    let owns_home = chance::chance(dice, 0.58);
    let visited_showroom = name == "showroom" || chance::chance(dice, 0.25);
    let months_to_start = chance::poisson(dice, 4.0);
    let area = number::real_of(number::floor(chance::normal(dice, 14.0, 4.0).clamp(5.0, 40.0) * 2.0)) / 2.0;
    let log_odds = truth.intercept
        + truth.log_budget * (number::real_of(budget) / 10_000.0).ln()
        + if owns_home { truth.owns_home } else { 0.0 }
        + if visited_showroom { truth.visited_showroom } else { 0.0 }
        + truth.months_to_start * f64::from(months_to_start)
        + truth.area * area
        + of_source;
    let probability = 1.0 / (1.0 + (-log_odds).exp());
    let won = chance::chance(dice, probability);
    let wait = 1.0 + chance::gamma(dice, 2.0, 2.0 / truth.decision_days);
    let outcome_at = calendar.time_of_day(dice, Moment::from_days(created_at.days() + wait), true);
    let blank = chance::chance(dice, truth.blank_budget);
    let decided = outcome_at < calendar.end();
    Lead {
        number: 0,
        created_at,
        source,
        country: arrival.country,
        budget: Some(budget).filter(|_| !blank),
        area,
        owns_home,
        visited_showroom,
        months_to_start,
        won: Some(won).filter(|_| decided),
        outcome_at: Some(outcome_at).filter(|_| decided),
        probability,
    }
}
