//! A customer's own frequency of each product: the strongest single sign of what is bought again.

use mercer_base::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::log::{Log, Orders};
use crate::popularity::decay;
use crate::scorer::Scorer;
use crate::sparse::single;

/// Buyers' worth of the whole that a product's return rate is shrunk with.
const PRIOR_BUYERS: f64 = 10.0;

/// How own frequency is counted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct OwnSettings {
    /// After how many days an order counts half, above 0; infinite for plain counts.
    pub(crate) half_life_days: f64,
    /// Power, 0 or more, of the share of the customer's orders, from the product's first on, that hold it: 0 ignores how regularly
    /// a product is bought.
    pub(crate) regularity: f64,
    /// Power, 0 or more, of the share of a product's buyers who bought it again: 0 ignores what kind of product it is.
    pub(crate) returning: f64,
}

impl Default for OwnSettings {
    fn default() -> Self {
        Self { half_life_days: 180.0, regularity: 0.25, returning: 1.0 }
    }
}

/// Scores what a customer bought before by how often, how lately and how regularly, and by whether others buy it again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct OwnFrequency {
    settings: OwnSettings,
    /// By product the share of its buyers who bought it in two orders or more, shrunk to that of all products.
    return_rates: Vec<f32>,
}

impl OwnFrequency {
    /// Learns which products are bought again. A product's return rate is (returning buyers + 10 · rate of all) / (buyers + 10).
    ///
    /// # Errors
    /// When a setting is out of its range.
    pub(crate) fn fit(log: &Log, settings: OwnSettings) -> Result<Self> {
        let power = |value: f64| value.is_finite() && value >= 0.0;
        let half_life = settings.half_life_days > 0.0;
        if !(half_life && power(settings.regularity) && power(settings.returning)) {
            return Err(Error::config(format!("{settings:?} is out of range."))
                .with_hint("The half-life is above 0, regularity and returning are 0 or more."));
        }
        let (mut buyers, mut returning) = (vec![0_u32; log.products], vec![0_u32; log.products]);
        for (product, orders) in log.iter().flat_map(Orders::products) {
            if let (Some(buyers), Some(again)) = (buyers.get_mut(product as usize), returning.get_mut(product as usize))
            {
                *buyers += 1;
                *again += u32::from(orders > 1);
            }
        }
        let sum = |of: &[u32]| of.iter().map(|count| f64::from(*count)).sum::<f64>();
        // Where nobody ever came back all products are alike: any rate above 0 says so.
        let whole = (sum(&returning) / sum(&buyers).max(1.0)).max(f64::from(f32::MIN_POSITIVE));
        let rate = |(buyers, again): (&u32, &u32)| {
            single((f64::from(*again) + PRIOR_BUYERS * whole) / (f64::from(*buyers) + PRIOR_BUYERS))
        };
        Ok(Self { settings, return_rates: buyers.iter().zip(&returning).map(rate).collect() })
    }

    /// The share of a product's buyers who bought it again, shrunk; 0 for a product that is not known.
    pub(crate) fn return_rate(&self, product: u32) -> f32 {
        self.return_rates.get(product as usize).copied().unwrap_or(0.0)
    }

    /// What is known of each product that a customer bought: the products, rising, with their scores as of `day`.
    pub(crate) fn of(&self, orders: Orders<'_>, day: f64) -> Vec<(u32, f32)> {
        let mut bought: Vec<(u32, usize, f64)> = Vec::new();
        for (position, order) in orders.iter().enumerate() {
            let weight = decay(day - order.day, self.settings.half_life_days);
            bought.extend(order.products.iter().map(|product| (*product, position, weight)));
        }
        bought.sort_by_key(|line| (line.0, line.1));
        let score = |lines: &[(u32, usize, f64)]| {
            let (product, first, _) = lines[0];
            let weight: f64 = lines.iter().map(|line| line.2).sum();
            // One order's worth of doubt: what was bought for the first time in the newest order is not regular yet.
            let regular = lines.len() as f64 / (orders.len() - first + 1) as f64;
            let again = f64::from(self.return_rate(product)).powf(self.settings.returning);
            (product, single(weight * regular.powf(self.settings.regularity) * again))
        };
        bought.chunk_by(|a, b| a.0 == b.0).map(score).collect()
    }
}

impl Scorer for OwnFrequency {
    fn score(&self, orders: Orders<'_>, day: f64, scores: &mut [f32]) {
        scores.fill(0.0);
        for (product, score) in self.of(orders, day) {
            if let Some(place) = scores.get_mut(product as usize) {
                *place = score;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log() -> Log {
        let mut log = Log::new(4);
        for (day, products) in [(0.0, vec![0, 1]), (10.0, vec![0]), (20.0, vec![0, 2])] {
            log.push_order(day, products.into_iter().map(|product| (product, 1.0)));
        }
        log.end_customer();
        log.push_order(5.0, [(1, 1.0)]);
        log.end_customer();
        log
    }

    fn scores(settings: OwnSettings, day: f64) -> [f32; 4] {
        let log = log();
        let mut scores = [f32::NAN; 4];
        OwnFrequency::fit(&log, settings).unwrap().score(log.of(0), day, &mut scores);
        scores
    }

    #[test]
    fn plain_frequency_is_a_count() {
        let plain = OwnSettings { half_life_days: f64::INFINITY, regularity: 0.0, returning: 0.0 };
        assert_eq!(scores(plain, 99.0), [3.0, 1.0, 1.0, 0.0]);
        assert_eq!(scores(OwnSettings { half_life_days: 10.0, ..plain }, 20.0), [1.75, 0.25, 1.0, 0.0]);
    }

    #[test]
    fn regular_products_and_those_of_returning_buyers_lead() {
        let plain = OwnSettings { half_life_days: f64::INFINITY, regularity: 1.0, returning: 0.0 };
        // In 3 of 3, 1 of 3 and 1 of 1 orders, each with one order of doubt.
        assert_eq!(scores(plain, 20.0), [2.25, 0.25, 0.5, 0.0]);
        // Four pairs of customer and product, of which one (customer 0 and product 0) was bought again: 1/4 of all.
        let returning = scores(OwnSettings { regularity: 0.0, returning: 1.0, ..plain }, 20.0);
        for (product, expected) in [3.0 * (1.0 + 2.5) / 11.0, 2.5 / 12.0, 2.5 / 11.0, 0.0].into_iter().enumerate() {
            assert!((f64::from(returning[product]) - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn the_order_of_customers_products_stays_however_long_ago() {
        let now = scores(OwnSettings::default(), 20.0);
        let later = scores(OwnSettings { half_life_days: 1.0, ..OwnSettings::default() }, 1e6);
        assert!(now[0] > now[2] && now[2] > now[1]);
        assert!(later[0] > later[2] && later[2] > 0.0);
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        for settings in [
            OwnSettings { half_life_days: 0.0, ..OwnSettings::default() },
            OwnSettings { half_life_days: f64::NAN, ..OwnSettings::default() },
            OwnSettings { regularity: -1.0, ..OwnSettings::default() },
            OwnSettings { returning: f64::NAN, ..OwnSettings::default() },
        ] {
            assert!(OwnFrequency::fit(&log(), settings).is_err());
        }
    }
}
