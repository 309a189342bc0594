//! Gamma-Gamma: what customers spend per purchase, shrunk towards everybody's mean by how little is known of each.

use std::cmp::Ordering;

use mercer_base::{Error, Result};
use mercer_stats::dense::Square;
use mercer_stats::parallel::sum_over_rows;
use mercer_stats::special::{digamma, ln_gamma};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::data::{ROUGH_ROWS, check_weights};
use crate::estimate::{Estimate, Prior};
use crate::maximum::{Unknown, maximise};

/// Names of the parameters: a purchase is gamma with shape `p` and a rate that is itself gamma with shape `q` and rate `v`
/// (called gamma in some papers).
const PARAMETERS: &[&str] = &["p", "q", "v"];

/// What one customer spends, or all who share these figures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spend {
    /// How many purchases the mean is taken over.
    pub purchases: f64,
    /// Mean amount of a purchase.
    pub mean: f64,
}

/// Fits the Gamma-Gamma model; the parameters are `p`, `q`, `v`.
///
/// Customers without a purchase to average (`purchases` = 0) are left out. `weights` says how many customers a row stands for;
/// empty for one each.
///
/// Source: Fader & Hardie (2013), The gamma-gamma model of monetary value, brucehardie.com/notes/025.
///
/// # Errors
/// A mean that is not above zero or not finite, a purchase count that is negative or not finite, or fewer than two customers with
/// a mean.
pub fn fit_spend(customers: &[Spend], weights: &[f64], prior: &Prior) -> Result<Estimate> {
    let rows = Rows::new(customers, weights)?;
    let total = rows.customers();
    let part = rows.part(ROUGH_ROWS);
    let rough_rows = part.as_ref().unwrap_or(&rows);
    let unchanged = Square::diagonal(&[1.0; 3]);
    let density = |rows: &Rows, theta: &[f64], gradient: &mut [f64]| {
        rows.ln_likelihood(theta, gradient) + prior.add(PARAMETERS.len(), &unchanged, theta, gradient)
    };
    let full = |theta: &[f64], gradient: &mut [f64]| density(&rows, theta, gradient);
    let rough = |theta: &[f64], gradient: &mut [f64]| density(rough_rows, theta, gradient);
    let mean = rows.mean();
    // The population mean is p v / (q − 1).
    let starts: Vec<Vec<f64>> = [(6.0, 4.0), (1.0, 3.0), (30.0, 10.0), (3.0, 1.5)]
        .iter()
        .map(|(p, q): &(f64, f64)| vec![p.ln(), q.ln(), (mean * (q - 1.0) / p).ln()])
        .collect();
    let unknowns: Vec<Unknown> = PARAMETERS.iter().map(|name| Unknown { name: (*name).into(), scale: 1.0 }).collect();
    let maximum = maximise((&full, total), (&rough, rough_rows.customers()), &starts, &unknowns).ok_or_else(|| {
        Error::data("the likelihood of these amounts is not finite at any starting value")
            .with_hint("check the amounts for values that cannot be")
    })?;
    let ln_likelihood = rows.ln_likelihood(&maximum.point, &mut [0.0; 3]);
    Ok(Estimate::new(PARAMETERS, Vec::new(), maximum, ln_likelihood, total))
}

/// Expected mean amount of a customer's future purchases under natural parameters `p`, `q`, `v`: a weighted mean of their own and
/// of the population's.
///
/// `None` where it does not exist: no purchases, and `q` at most one.
#[must_use]
pub fn expected_spend(parameters: &[f64], customer: &Spend) -> Option<f64> {
    let &[p, q, v] = parameters else { return None };
    // With nothing known of the customer their mean, if any, says nothing.
    let own = if customer.purchases > 0.0 { customer.purchases * customer.mean } else { 0.0 };
    let weight = p * customer.purchases.max(0.0) + q - 1.0;
    (weight > 0.0).then(|| p * (v + own) / weight).filter(|value| value.is_finite())
}

/// Mean amount of a purchase over all customers, those without a repeat purchase included: `p v / (q − 1)`.
///
/// `None` where it is infinite, at `q ≤ 1`: a few customers then outspend all others together.
#[must_use]
pub fn population_mean(parameters: &[f64]) -> Option<f64> {
    expected_spend(parameters, &Spend { purchases: 0.0, mean: 0.0 })
}

/// The different customers, sorted by purchases and mean.
struct Rows {
    customers: Vec<Spend>,
    ln_means: Vec<f64>,
    weights: Vec<f64>,
}

impl Rows {
    fn new(customers: &[Spend], weights: &[f64]) -> Result<Self> {
        if !weights.is_empty() && weights.len() != customers.len() {
            return Err(Error::internal(format!("{} weights for {} customers", weights.len(), customers.len())));
        }
        check_weights(weights)?;
        for (index, Spend { purchases, mean }) in customers.iter().enumerate() {
            let row = index + 1;
            if !purchases.is_finite() || *purchases < 0.0 {
                return Err(Error::data(format!("row {row}: purchases are {purchases}"))
                    .with_hint("it counts purchases, so it must be a number, zero or more"));
            }
            if *purchases > 0.0 && !(mean.is_finite() && *mean > 0.0) {
                return Err(Error::data(format!("row {row}: mean spend is {mean} (purchases: {purchases})"))
                    .with_hint("leave customers out whose purchases net to nothing (returns, free orders): the model is of amounts above zero"));
            }
        }
        let weight = |index: usize| weights.get(index).copied().unwrap_or(1.0);
        let mut sorted: Vec<(Spend, f64)> = customers
            .iter()
            .enumerate()
            .map(|(index, customer)| (*customer, weight(index)))
            .filter(|(customer, weight)| customer.purchases > 0.0 && *weight > 0.0)
            .collect();
        let alike = |a: &Spend, b: &Spend| a.purchases.total_cmp(&b.purchases).then(a.mean.total_cmp(&b.mean));
        sorted.par_sort_unstable_by(|a, b| alike(&a.0, &b.0).then(a.1.total_cmp(&b.1)));
        let mut rows = Self { customers: Vec::new(), ln_means: Vec::new(), weights: Vec::new() };
        for (customer, weight) in sorted {
            match (rows.weights.last_mut(), rows.customers.last()) {
                (Some(total), Some(last)) if alike(last, &customer) == Ordering::Equal => *total += weight,
                _ => {
                    rows.customers.push(customer);
                    rows.ln_means.push(customer.mean.ln());
                    rows.weights.push(weight);
                }
            }
        }
        if rows.customers() < 2.0 {
            return Err(Error::data(
                "fewer than two customers with a repeat purchase are too few to learn what customers spend",
            )
            .with_hint("look at a longer period; some hundred make useful estimates"));
        }
        Ok(rows)
    }

    fn customers(&self) -> f64 {
        self.weights.iter().sum()
    }

    fn mean(&self) -> f64 {
        let sum: f64 = self.customers.iter().zip(&self.weights).map(|(customer, weight)| customer.mean * weight).sum();
        sum / self.customers()
    }

    fn part(&self, rows: usize) -> Option<Self> {
        let stride = self.customers.len().div_ceil(rows);
        if stride < 2 {
            return None;
        }
        let every = stride / 2;
        Some(Self {
            customers: self.customers.iter().skip(every).step_by(stride).copied().collect(),
            ln_means: self.ln_means.iter().skip(every).step_by(stride).copied().collect(),
            weights: self.weights.iter().skip(every).step_by(stride).copied().collect(),
        })
    }

    /// Sum over all rows at the logarithms of the parameters; adds its gradient.
    fn ln_likelihood(&self, theta: &[f64], gradient: &mut [f64]) -> f64 {
        let &[ln_p, ln_q, ln_v] = theta else { return f64::NAN };
        let (p, q, v) = (ln_p.exp(), ln_q.exp(), ln_v.exp());
        let (ln_gamma_q, digamma_q) = (ln_gamma(q), digamma(q));
        let sums = sum_over_rows(self.customers.len(), 4, |range, sums| {
            let [total, by_p, by_q, by_v] = sums else { return };
            let (Some(customers), Some(ln_means), Some(weights)) =
                (self.customers.get(range.clone()), self.ln_means.get(range.clone()), self.weights.get(range))
            else {
                return;
            };
            // What depends on the number of purchases is computed once for all who share it.
            let (mut purchases, mut constant, mut digamma_sum, mut digamma_px) = (f64::NAN, 0.0, 0.0, 0.0);
            for ((customer, ln_mean), weight) in customers.iter().zip(ln_means).zip(weights) {
                let x = customer.purchases;
                if x != purchases {
                    let px = p * x;
                    purchases = x;
                    constant = ln_gamma(px + q) - ln_gamma(px) - ln_gamma_q + q * ln_v + px * x.ln();
                    (digamma_sum, digamma_px) = (digamma(px + q), digamma(px) - x.ln());
                }
                let scale = v + x * customer.mean;
                let ln_scale = scale.ln();
                let shape = p * x + q;
                *total += weight * (constant + (p * x - 1.0) * ln_mean - shape * ln_scale);
                *by_p += weight * p * x * (digamma_sum - digamma_px + ln_mean - ln_scale);
                *by_q += weight * q * (digamma_sum - digamma_q + ln_v - ln_scale);
                *by_v += weight * (q - shape * v / scale);
            }
        });
        for (slope, sum) in gradient.iter_mut().zip(sums.iter().skip(1)) {
            *slope += sum;
        }
        sums.first().copied().unwrap_or(f64::NAN)
    }
}
