//! What can be asked of a history: who can be asked about, what came of it, and from which days on it was observed.

use mercer_base::words::count;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::History;
use super::streams::{NEVER, OrderDay, earlier, since};

/// Whoever has not bought for two years is a customer no more, whatever the rhythm was.
const LONGEST_SILENCE: i32 = 730;
/// Silence of more than so many usual gaps ends a customer's activity.
const GAPS_OF_SILENCE: f64 = 3.0;
/// How many gaps of the average customer are pooled with everybody's own.
const POOLED_GAPS: f64 = 2.0;
/// Whoever got no message for so many days is not asked whether they will unsubscribe.
const MESSAGED_WITHIN: i32 = 180;
/// Days with orders from which on a customer has a rhythm.
const RHYTHM: usize = 3;
/// A customer lapses by not ordering for so many usual gaps.
const GAPS_OF_LAPSE: f64 = 2.0;
/// Fewest days of history before a cut-off.
pub(super) const LEAST_HISTORY: i32 = 30;

/// What is predicted of customers, as of a cut-off and for a horizon of days from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Standard {
    /// Non-contractual churn: no purchase within the horizon.
    ///
    /// Asked of active customers: the time since their last purchase is at most three times the gap that is expected of them,
    /// but at least the horizon and at most two years. The expected gap is (Σ own gaps + 2 G) / (number of own gaps + 2), where G
    /// is the mean over customers with a gap of their own mean gap: customers with few gaps are taken to be like the others.
    /// Gaps are days between days with orders.
    Churn,
    /// A purchase within the horizon, asked of all who bought within two years.
    NextPurchase,
    /// More orders within the horizon than in the same number of days before the cut-off, asked of those who had one then.
    PurchaseFrequency,
    /// No purchase within twice the usual gap (the median of the customer's own gaps), or within the horizon where that is
    /// shorter. Asked of customers in rhythm: orders on three days or more, the last at most twice the usual gap ago.
    Lapse,
    /// An unsubscription within the horizon, asked of those who got a message within 180 days and never unsubscribed.
    Unsubscribe,
    /// Contractual churn: within the horizon the customer is left without a contract, asked of those with a running one.
    /// A contract that another one follows by the next day has been changed or renewed, not ended.
    ContractEnd,
}

impl Standard {
    /// All of them.
    pub(crate) const ALL: [Self; 6] =
        [Self::Churn, Self::NextPurchase, Self::PurchaseFrequency, Self::Lapse, Self::Unsubscribe, Self::ContractEnd];

    /// Those that are predicted where nothing is said.
    pub(crate) const USUAL: [Self; 4] = [Self::Churn, Self::NextPurchase, Self::Unsubscribe, Self::ContractEnd];

    /// Its name in parameters and tables: `next-purchase`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Churn => "churn",
            Self::NextPurchase => "next-purchase",
            Self::PurchaseFrequency => "purchase-frequency",
            Self::Lapse => "lapse",
            Self::Unsubscribe => "unsubscribe",
            Self::ContractEnd => "contract-end",
        }
    }

    /// The target of a name.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.name() == name)
    }

    /// What a customer with the outcome does: "will not buy within 90 days".
    pub(crate) fn words(self, horizon_days: i32) -> String {
        let days = count(u64::from(horizon_days.unsigned_abs()), "day", "days");
        match self {
            Self::Churn => format!("will not buy within {days}"),
            Self::NextPurchase => format!("will buy within {days}"),
            Self::PurchaseFrequency => format!("will order more often in the next {days} than in the last"),
            Self::Lapse => {
                format!("will fall out of their rhythm: no order within twice their usual gap, {days} at most")
            }
            Self::Unsubscribe => format!("will unsubscribe within {days}"),
            Self::ContractEnd => format!("will end their contract within {days}"),
        }
    }

    /// Whom it is asked about: "customers who are still active".
    pub(crate) fn population_words(self) -> &'static str {
        match self {
            Self::Churn => "customers who are active by their own rhythm",
            Self::NextPurchase => "customers who bought within two years",
            Self::PurchaseFrequency => "customers with an order in the days before, as many as are looked ahead",
            Self::Lapse => "customers with orders on three days or more who are in rhythm",
            Self::Unsubscribe => "customers who get messages and have not unsubscribed",
            Self::ContractEnd => "customers with a running contract",
        }
    }

    /// Whether the outcome is a loss that is to be prevented, rather than one that is wanted.
    pub(crate) fn is_loss(self) -> bool {
        !matches!(self, Self::NextPurchase | Self::PurchaseFrequency)
    }
}

impl History {
    /// What the history lacks for a target: "no orders are given"; `None` where it has all.
    pub(crate) fn lacks(&self, target: Standard) -> Option<&'static str> {
        match target {
            Standard::Unsubscribe => match &self.messages {
                None => Some("no messages are given"),
                Some(stream) if stream.rows().iter().all(|message| message.unsubscribed == NEVER) => {
                    Some("nobody unsubscribes in the messages")
                }
                Some(_) => None,
            },
            Standard::ContractEnd => match &self.contracts {
                None => Some("no subscriptions are given"),
                Some((stream, _)) if stream.rows().iter().all(|contract| contract.ended == NEVER) => {
                    Some("no subscription has ended")
                }
                Some(_) => None,
            },
            _ => self.orders.is_none().then_some("no orders are given"),
        }
    }

    /// The customers of whom a target is asked at a cut-off, in the order of their ids. Each [`Standard`] says who they are.
    pub(crate) fn population(&self, target: Standard, cutoff: i32, horizon_days: i32) -> Vec<u32> {
        let customers = u32::try_from(self.customers.count()).unwrap_or(u32::MAX);
        let average_gap = if target == Standard::Churn { self.average_gap(cutoff) } else { None };
        let is_asked = |customer: &u32| self.is_asked(target, *customer, cutoff, horizon_days, average_gap);
        (0..customers).into_par_iter().filter(is_asked).collect()
    }

    fn is_asked(&self, target: Standard, customer: u32, cutoff: i32, horizon_days: i32, average: Option<f64>) -> bool {
        match target {
            Standard::Unsubscribe => {
                let messages = self.messages.as_ref().map(|stream| stream.before(customer, cutoff)).unwrap_or_default();
                let still_sent =
                    messages.last().is_some_and(|last| last.sent >= cutoff.saturating_sub(MESSAGED_WITHIN));
                still_sent && messages.iter().all(|message| message.unsubscribed >= cutoff)
            }
            Standard::ContractEnd => {
                let contracts =
                    self.contracts.as_ref().map(|(stream, _)| stream.before(customer, cutoff)).unwrap_or_default();
                contracts.iter().any(|contract| contract.ended >= cutoff)
            }
            _ => {
                let days = self.orders.as_ref().map(|orders| orders.days.before(customer, cutoff)).unwrap_or_default();
                let rhythm = Rhythm::of(days);
                let Some(last) = rhythm.last else { return false };
                let silence = cutoff.saturating_sub(last);
                match target {
                    Standard::Churn => {
                        let expected = rhythm.expected_gap(average).map_or(0.0, |gap| GAPS_OF_SILENCE * gap);
                        let longest = f64::from(LONGEST_SILENCE.max(horizon_days));
                        f64::from(silence) <= expected.max(f64::from(horizon_days)).min(longest)
                    }
                    Standard::PurchaseFrequency => silence <= horizon_days,
                    Standard::Lapse => {
                        let gap = usual_gap(days).filter(|_| rhythm.order_days >= RHYTHM);
                        gap.is_some_and(|gap| f64::from(silence) <= GAPS_OF_LAPSE * gap)
                    }
                    _ => silence <= LONGEST_SILENCE,
                }
            }
        }
    }

    /// Whether a customer has the outcome within `horizon_days` from the cut-off on; `None` where the data end before. Of
    /// customers who are not in the [population](Self::population) it says only what was counted.
    pub(crate) fn label(&self, target: Standard, customer: u32, cutoff: i32, horizon_days: i32) -> Option<bool> {
        let until = cutoff.checked_add(horizon_days).filter(|until| *until <= self.end && horizon_days > 0)?;
        let label = match target {
            Standard::Churn => self.orders_between(customer, cutoff, until) == 0,
            Standard::NextPurchase => self.orders_between(customer, cutoff, until) > 0,
            Standard::PurchaseFrequency => {
                let before = self.orders_between(customer, cutoff.saturating_sub(horizon_days), cutoff);
                self.orders_between(customer, cutoff, until) > before
            }
            Standard::Lapse => {
                let days = self.orders.as_ref().map(|orders| orders.days.before(customer, cutoff)).unwrap_or_default();
                let window =
                    usual_gap(days).map_or(horizon_days, |gap| whole_days(GAPS_OF_LAPSE * gap).clamp(1, horizon_days));
                self.orders_between(customer, cutoff, cutoff.saturating_add(window)) == 0
            }
            Standard::Unsubscribe => self.unsubscribed(customer, cutoff).is_some_and(|day| day < until),
            Standard::ContractEnd => self.covered_until(customer, cutoff).is_some_and(|day| day < until),
        };
        Some(label)
    }

    /// Cut-offs at which a horizon can be learned, the latest first, `most` at the most.
    ///
    /// The first one is a horizon before the end of the data: it is held out, to judge by what came last. The second one, the
    /// latest to learn from, is another horizon earlier, so that no window that is learned from reaches into the one that is
    /// judged. From there they go back by half a horizon: neighbouring windows overlap by half, which shows each customer in
    /// more states without showing the same one twice. Each has a horizon of history before it, 30 days at least. None where
    /// the history is too short.
    pub(crate) fn cutoffs(&self, horizon_days: i32, most: usize) -> Vec<i32> {
        let (Some(holdout), Some(earliest)) = (
            self.end.checked_sub(horizon_days).filter(|_| horizon_days > 0),
            self.first_day.checked_add(horizon_days.max(LEAST_HISTORY)),
        ) else {
            return Vec::new();
        };
        let step = (horizon_days + 1) / 2;
        let latest = holdout.checked_sub(horizon_days);
        let learned = std::iter::successors(latest, |cutoff| cutoff.checked_sub(step));
        std::iter::once(holdout).chain(learned).take_while(|cutoff| *cutoff >= earliest).take(most).collect()
    }

    /// The mean over customers with at least two days with orders before a day of their mean gap, in days.
    fn average_gap(&self, cutoff: i32) -> Option<f64> {
        let orders = self.orders.as_ref()?;
        let customers = (0..u32::MAX).take(self.customers.count());
        let means = customers.filter_map(|customer| Rhythm::of(orders.days.before(customer, cutoff)).mean_gap());
        let (sum, number) = means.fold((0.0, 0.0), |(sum, number), mean| (sum + mean, number + 1.0));
        (number > 0.0).then(|| sum / number)
    }

    /// Orders of a customer from a day on until another one, which is not counted.
    fn orders_between(&self, customer: u32, from: i32, until: i32) -> u64 {
        let Some(orders) = &self.orders else { return 0 };
        earlier(since(orders.days.of(customer), from), until).iter().map(|row| u64::from(row.orders)).sum()
    }

    /// The first day from the cut-off on on which a customer unsubscribed.
    fn unsubscribed(&self, customer: u32, cutoff: i32) -> Option<i32> {
        let messages = self.messages.as_ref()?.of(customer).iter();
        messages.map(|message| message.unsubscribed).filter(|day| *day >= cutoff && *day != NEVER).min()
    }

    /// The first day from the cut-off on on which a customer with a running contract has none and none begins; [`NEVER`] where
    /// one runs on, `None` where none was running.
    pub(super) fn covered_until(&self, customer: u32, cutoff: i32) -> Option<i32> {
        let contracts = self.contracts.as_ref()?.0.of(customer);
        let running = contracts.iter().filter(|row| row.started < cutoff && row.ended >= cutoff);
        let mut covered = running.map(|row| row.ended).max()?;
        // Sorted by their beginning, so that one pass finds all that follow.
        for row in contracts.iter().filter(|row| row.ended > row.started) {
            if row.started <= covered.saturating_add(1) {
                covered = covered.max(row.ended);
            }
        }
        Some(covered)
    }
}

/// When a customer ordered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rhythm {
    /// Days with orders.
    pub(super) order_days: usize,
    pub(super) first: Option<i32>,
    pub(super) last: Option<i32>,
}

impl Rhythm {
    pub(super) fn of(days: &[OrderDay]) -> Self {
        let mut ordered = days.iter().filter(|row| row.orders > 0);
        Self {
            order_days: ordered.clone().count(),
            first: ordered.clone().next().map(|row| row.day),
            last: ordered.next_back().map(|row| row.day),
        }
    }

    /// Days between days with orders: their sum and number.
    fn gaps(self) -> (f64, f64) {
        match (self.first, self.last) {
            (Some(first), Some(last)) => (f64::from(last) - f64::from(first), self.order_days as f64 - 1.0),
            _ => (0.0, 0.0),
        }
    }

    fn mean_gap(self) -> Option<f64> {
        let (sum, number) = self.gaps();
        (number > 0.0).then(|| sum / number)
    }

    /// Own gaps pooled with the average customer's; `None` where neither is known.
    fn expected_gap(self, average: Option<f64>) -> Option<f64> {
        let (sum, number) = self.gaps();
        match average {
            Some(average) => Some((sum + POOLED_GAPS * average) / (number + POOLED_GAPS)),
            None => self.mean_gap(),
        }
    }
}

/// The days between days with orders, in order of time.
pub(super) fn gaps(days: &[OrderDay]) -> Vec<i32> {
    let mut ordered = days.iter().filter(|row| row.orders > 0).map(|row| row.day);
    let Some(mut before) = ordered.next() else { return Vec::new() };
    ordered.map(|day| day - std::mem::replace(&mut before, day)).collect()
}

/// The median of a customer's gaps, in days; `None` with fewer than two days with orders.
pub(super) fn usual_gap(days: &[OrderDay]) -> Option<f64> {
    let mut gaps = gaps(days);
    gaps.sort_unstable();
    median(&gaps)
}

/// The median of sorted days.
pub(super) fn median(sorted: &[i32]) -> Option<f64> {
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = *sorted.get(sorted.len().checked_sub(1)? / 2)?;
    Some(f64::midpoint(f64::from(lower), f64::from(upper)))
}

#[allow(clippy::cast_possible_truncation, reason = "gaps of days in the years 1 to 9999")]
fn whole_days(days: f64) -> i32 {
    days.round() as i32
}
