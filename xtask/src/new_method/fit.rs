//! Fitting: how much customers differ, beside how much observations of one customer do.

use mercer_base::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::input::Customer;

/// What fitting finds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// Mean of all customers, weighted by the reliability of each.
    pub mean: f64,
    /// Variance of observations around their customer's mean.
    pub within: f64,
    /// Variance of customers around the mean; 0 where they differ by no more than chance.
    pub between: f64,
}

impl Model {
    /// Fits the estimators of Bühlmann and Straub (1970).
    ///
    /// # Errors
    /// With fewer than two customers, or without a customer of two observations.
    pub fn of(customers: &[Customer]) -> Result<Self> {
        let observations: f64 = customers.iter().map(Customer::count).sum();
        let repeated: f64 = customers.iter().map(|customer| customer.count() - 1.0).sum();
        if customers.len() < 2 || repeated < 1.0 {
            let message = format!("{} customers with {observations} observations are too few", customers.len());
            return Err(Error::data(message).with_hint("it takes two customers, one of them with two observations"));
        }
        let overall = customers.iter().flat_map(|customer| &customer.values).sum::<f64>() / observations;
        let squares = |customer: &Customer| {
            let mean = customer.mean();
            customer.values.iter().map(|value| (value - mean).powi(2)).sum::<f64>()
        };
        let within = customers.iter().map(squares).sum::<f64>() / repeated;
        let spread: f64 = customers.iter().map(|customer| customer.count() * (customer.mean() - overall).powi(2)).sum();
        let counts: f64 = customers.iter().map(|customer| customer.count().powi(2)).sum();
        let excess = spread - (customers.len() as f64 - 1.0) * within;
        let between = (excess / (observations - counts / observations)).max(0.0);
        let mut model = Self { mean: overall, within, between };
        let reliabilities: f64 = customers.iter().map(|customer| model.reliability(customer)).sum();
        if reliabilities > 0.0 {
            let weighted = customers.iter().map(|customer| model.reliability(customer) * customer.mean());
            model.mean = weighted.sum::<f64>() / reliabilities;
        }
        Ok(model)
    }

    /// Share of the expectation that comes from the customer's own observations, from 0 to 1.
    #[must_use]
    pub fn reliability(&self, customer: &Customer) -> f64 {
        let own = customer.count() * self.between;
        if own > 0.0 { own / (own + self.within) } else { 0.0 }
    }

    /// The value expected of the customer's next observation.
    #[must_use]
    pub fn expected(&self, customer: &Customer) -> f64 {
        let reliability = self.reliability(customer);
        reliability * customer.mean() + (1.0 - reliability) * self.mean
    }
}
