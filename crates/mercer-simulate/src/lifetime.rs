//! Truth: how long customers live and how often they buy. A Pareto/NBD process with covariates: while alive a customer
//! orders as a Poisson process with their own rate, and an exponential clock with their own rate ends it unseen.

use serde::Serialize;

use crate::calendar::{AFTER, Calendar, Moment};
use crate::chance::{self, Dice};
use crate::config::ShopConfig;
use crate::media::Source;
use crate::people::Customer;

/// What is planted; rates are a week.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LifetimeTruth {
    /// Name and form of the process.
    pub process: &'static str,
    /// Shape of the gamma distribution of purchase rates.
    pub r: f64,
    /// Rate parameter of that distribution, in weeks: the mean purchase rate is `r / alpha` a week.
    pub alpha: f64,
    /// Shape of the gamma distribution of drop-out rates.
    pub s: f64,
    /// Rate parameter of that distribution, in weeks: the mean drop-out rate is `s / beta` a week.
    pub beta: f64,
    /// Purchase rate is multiplied by this for customers with children.
    pub rate_children: f64,
    /// Purchase rate is multiplied by this for customers in a house.
    pub rate_house: f64,
    /// Drop-out rate is multiplied by this for customers brought by paid social.
    pub drop_out_paid_social: f64,
    /// Drop-out rate is multiplied by this for customers who took the newsletter at sign-up.
    pub drop_out_newsletter: f64,
    /// Share of registered customers who never order.
    pub never_buys: f64,
    /// Share of buyers whose first order comes with the sign-up.
    pub buys_at_sign_up: f64,
    /// Mean wait in days of the others.
    pub first_order_wait: f64,
}

impl LifetimeTruth {
    /// The planted values; every covariate effect is 1 where the configuration switches covariates off.
    #[must_use]
    pub fn new(config: &ShopConfig) -> Self {
        let effect = |value: f64| if config.covariates { value } else { 1.0 };
        Self {
            process: "Pareto/NBD with covariates; the clock starts at the first order; order times follow the seasonal index",
            r: 0.8,
            alpha: 17.0,
            s: 0.7,
            beta: 30.0,
            rate_children: effect(1.35),
            rate_house: effect(1.20),
            drop_out_paid_social: effect(1.60),
            drop_out_newsletter: effect(0.75),
            never_buys: 0.12,
            buys_at_sign_up: 0.70,
            first_order_wait: 12.0,
        }
    }

    fn rate_effect(&self, customer: &Customer) -> f64 {
        (if customer.children > 0 { self.rate_children } else { 1.0 })
            * (if customer.house { self.rate_house } else { 1.0 })
    }

    fn drop_out_effect(&self, customer: &Customer) -> f64 {
        (if customer.source == Source::PaidSocial { self.drop_out_paid_social } else { 1.0 })
            * (if customer.newsletter { self.drop_out_newsletter } else { 1.0 })
    }
}

/// One customer's latent rates and what came of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Lifetime {
    /// Purchase rate a week before covariates: a draw from Gamma(r, alpha).
    pub base_rate: f64,
    /// Purchase rate a week while alive.
    pub rate: f64,
    /// Drop-out rate a week.
    pub drop_out: f64,
    /// Moments of all orders in the window, the first one included, in order. Empty for those who never bought.
    pub orders: Vec<Moment>,
    /// Day on which the customer dropped out, in days from the opening; may lie after the window. `None` before the first order.
    pub died: Option<f64>,
    /// Orders in the year after the window.
    pub orders_after: u32,
}

impl Lifetime {
    /// Whether the customer has ordered and will be a customer beyond `at`.
    #[must_use]
    pub fn alive_at(&self, at: Moment) -> bool {
        self.died.is_some_and(|died| died > at.days())
    }

    /// Expected orders in the `weeks` after the window's `end`, given the latent state (without seasons).
    #[must_use]
    pub fn expected_orders(&self, end: Moment, weeks: f64) -> f64 {
        if !self.alive_at(end) {
            0.0
        } else if self.drop_out <= 0.0 {
            self.rate * weeks
        } else {
            self.rate / self.drop_out * -(-self.drop_out * weeks).exp_m1()
        }
    }
}

/// The lifetime of one customer.
pub(crate) fn lifetime(dice: &mut Dice, truth: &LifetimeTruth, calendar: &Calendar, customer: &Customer) -> Lifetime {
    let base_rate = chance::gamma(dice, truth.r, truth.alpha);
    let rate = base_rate * truth.rate_effect(customer);
    let drop_out = chance::gamma(dice, truth.s, truth.beta) * truth.drop_out_effect(customer);
    let mut life = Lifetime { base_rate, rate, drop_out, orders: Vec::new(), died: None, orders_after: 0 };
    if chance::chance(dice, truth.never_buys) {
        return life;
    }
    let first = if chance::chance(dice, truth.buys_at_sign_up) {
        customer.created_at
    } else {
        let wait = chance::exponential(dice, 1.0 / truth.first_order_wait);
        let at = Moment::from_days(customer.created_at.days() + wait);
        calendar.time_of_day(dice, at, false).max(customer.created_at)
    };
    if first >= calendar.end() {
        return life;
    }
    life.orders.push(first);
    let died = first.days() + 7.0 * chance::exponential(dice, drop_out);
    life.died = Some(died);
    let horizon = f64::from(calendar.days()) + f64::from(AFTER);
    let mut now = first.days();
    // Thinning: candidates at the peak rate, kept in proportion to the season of their day.
    let peak = calendar.season_peak();
    loop {
        now += 7.0 * chance::exponential(dice, rate * peak);
        if now >= died || now >= horizon {
            return life;
        }
        let day = Moment::from_days(now);
        if !chance::chance(dice, calendar.season(day) / peak) {
            continue;
        }
        if day >= calendar.end() {
            life.orders_after += 1;
        } else {
            // The process decides the day, people's habits the hour; two orders on a day stay in order.
            let earliest = life.orders.last().map_or(first, |last| last.plus(60));
            let at = calendar.time_of_day(dice, day, false).max(earliest);
            if at < calendar.end() {
                life.orders.push(at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expected_future_follows_from_the_rates() {
        let mut life = Lifetime {
            base_rate: 0.1,
            rate: 0.1,
            drop_out: 0.02,
            orders: vec![Moment(0)],
            died: Some(900.0),
            orders_after: 0,
        };
        let end = Moment::from_days(800.0);
        let expected = 0.1 / 0.02 * (1.0 - (-0.02_f64 * 52.0).exp());
        assert!((life.expected_orders(end, 52.0) - expected).abs() < 1e-12);
        life.drop_out = 0.0;
        assert!((life.expected_orders(end, 52.0) - 5.2).abs() < 1e-12);
        life.died = Some(700.0);
        assert!(life.expected_orders(end, 52.0).abs() < 1e-12);
    }

    #[test]
    fn covariates_switch_off() {
        let on = LifetimeTruth::new(&ShopConfig::default());
        let off = LifetimeTruth::new(&ShopConfig { covariates: false, ..ShopConfig::default() });
        assert!(on.rate_children > 1.0 && on.drop_out_newsletter < 1.0);
        let effects = [off.rate_children, off.rate_house, off.drop_out_paid_social, off.drop_out_newsletter];
        assert!(effects.iter().all(|effect| (effect - 1.0).abs() < 1e-12));
    }
}
