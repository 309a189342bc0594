//! iALS: customers and products as vectors of a few dozen factors, fitted to all pairs, bought or not.

pub(crate) mod by_norm;
mod side;
mod system;
#[cfg(test)]
mod tests;
mod vector;

use mercer_base::{Error, Result, Seed};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::log::Orders;
use crate::scorer::Scorer;
use crate::sparse::{Sparse, single};
use side::Objective;
use system::System;
use vector::{LANES, dot, dots_of_four, four, lanes, vectorised};

/// Factors at the most: beyond, a customer's exact solution takes longer than anyone waits for.
const MOST_FACTORS: usize = 1_024;

/// How to fit an [`Als`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// Numbers a customer and a product; a multiple of 8 makes the best use of the processor.
    pub(crate) factors: usize,
    /// Rounds of fitting all customers and then all products.
    pub(crate) iterations: usize,
    /// The weight of a pair without an interaction; one with an interaction has this and its value.
    pub(crate) alpha0: f64,
    /// The ridge, in units of a row's number of pairs to the power `nu`; greater than 0.
    pub(crate) lambda: f64,
    /// How much more the factors of frequent customers and products are held down: 0 not at all, 1 in proportion.
    pub(crate) nu: f64,
    /// The standard deviation of the products' first factors, times the root of their number.
    pub(crate) sigma_init: f64,
    /// Steps of conjugate gradient a row and iteration, for rows with many interactions; 0 solves all rows exactly.
    pub(crate) gradient_steps: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { factors: 64, iterations: 16, alpha0: 0.3, lambda: 0.005, nu: 1.0, sigma_init: 0.1, gradient_steps: 2 }
    }
}

/// A factorisation of all pairs of a customer and a product (Hu, Koren and Volinsky 2008, "Collaborative Filtering for Implicit
/// Feedback Datasets") with the objective of Rendle, Krichene, Zhang and Koren 2021, "Revisiting the Performance of iALS on Item
/// Recommendation Benchmarks":
///
/// `Σ_bought w_ui (p_u·q_i − 1)² + α0 Σ_all (p_u·q_i)² + λ Σ_u (n_u + α0 |I|)^ν |p_u|² + λ Σ_i (n_i + α0 |U|)^ν |q_i|²`.
///
/// Only the products are kept: a customer's factors follow from what they bought, also for one that the fit did not see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Als {
    settings: Settings,
    /// Numbers a product in memory: the factors, and zeros up to a multiple of 8.
    width: usize,
    /// The factors of the products, row by row, in the basis in which their Gram matrix is diagonal.
    #[serde(with = "mercer_method::packed")]
    products: Vec<f32>,
    /// The diagonal of that Gram matrix.
    #[serde(with = "mercer_method::packed")]
    eigenvalues: Vec<f32>,
}

impl Als {
    /// Fits the factors to a customers × products matrix whose values above 0 are the weights of the interactions.
    ///
    /// # Errors
    ///
    /// Where a setting is out of its range, a value is not a number above 0, or there is none.
    pub(crate) fn fit(interactions: &Sparse, settings: &Settings, seed: Seed) -> Result<Self> {
        settings.check()?;
        interactions.check_weights()?;
        let (factors, width) = (settings.factors, settings.factors.next_multiple_of(LANES));
        let by_product = interactions.transposed();
        let objective = settings.objective();
        let mut products = first_factors(interactions.columns(), settings, seed);
        let mut customers = vec![0.0; interactions.rows() * width];
        for _ in 0..settings.iterations {
            let basis = side::rotate_to_own_basis(&mut products, width, factors)?;
            side::update(&mut customers, interactions, &products, &basis, &objective);
            let basis = side::rotate_to_own_basis(&mut customers, width, factors)?;
            side::update(&mut products, &by_product, &customers, &basis, &objective);
        }
        drop(customers);
        let eigenvalues = side::rotate_to_own_basis(&mut products, width, factors)?.eigenvalues;
        Ok(Self { settings: *settings, width, products, eigenvalues })
    }

    /// The factors of a customer with these products and the weights of their interactions, by an exact solution. Products that
    /// the model does not know, and weights that are not numbers above 0, count for nothing.
    pub(crate) fn fold_in(&self, profile: &[(u32, f32)]) -> Vec<f32> {
        let mut customer = vec![0.0; self.width];
        let mut system = System::new(self.width, &self.products);
        vectorised(
            #[inline(always)]
            || {
                self.load(&mut system, profile);
                system.solve(&mut customer);
            },
        );
        customer
    }

    /// Scores every product for a customer with this profile: about 1 for one like those bought, 0 for one far from them.
    /// `scores` holds one place a product and is overwritten.
    pub(crate) fn score_products(&self, profile: &[(u32, f32)], scores: &mut [f32]) {
        scores.fill(0.0);
        let customer = self.fold_in(profile);
        vectorised(
            #[inline(always)]
            || {
                let customer = lanes(&customer);
                let (quads, fours) = (self.products.chunks_exact(4 * self.width), scores.as_chunks_mut());
                let rest = quads.remainder().chunks_exact(self.width).zip(fours.1);
                for (rows, scores) in quads.zip(fours.0) {
                    *scores = dots_of_four(four(lanes(rows), customer.len()), customer);
                }
                for (row, score) in rest {
                    *score = dot(lanes(row), customer);
                }
            },
        );
    }

    /// What each product of a profile adds to the score of `product`, in the order of the profile; they sum to the score (Hu,
    /// Koren and Volinsky 2008, section 5). What [`Als::fold_in`] leaves out adds 0.
    pub(crate) fn share(&self, profile: &[(u32, f32)], product: u32) -> Vec<(u32, f32)> {
        let Some(mut applied) = self.row(product).map(<[f32]>::to_vec) else {
            return profile.iter().map(|(own, _)| (*own, 0.0)).collect();
        };
        let mut system = System::new(self.width, &self.products);
        vectorised(
            #[inline(always)]
            || {
                self.load(&mut system, profile);
                system.apply_inverse(&mut applied);
            },
        );
        let mut contributions = system.contributions(&applied);
        let added = |own: &(u32, f32)| {
            let contribution = if self.counts(*own) { contributions.next() } else { None };
            (own.0, contribution.unwrap_or(0.0))
        };
        profile.iter().map(added).collect()
    }

    /// The factors of the products, row by row, [`Als::width`] numbers each.
    #[cfg(test)]
    pub(crate) fn product_factors(&self) -> &[f32] {
        &self.products
    }

    /// How many numbers a product has in memory: its factors, and zeros up to a multiple of 8.
    #[cfg(test)]
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// How many products the model knows.
    pub(crate) fn products(&self) -> usize {
        self.products.len() / self.width
    }

    /// The factors of a product.
    fn row(&self, product: u32) -> Option<&[f32]> {
        let start = (product as usize).checked_mul(self.width)?;
        self.products.get(start..start + self.width)
    }

    /// Whether an entry of a profile can be used.
    fn counts(&self, (product, weight): (u32, f32)) -> bool {
        weight > 0.0 && weight.is_finite() && (product as usize) < self.products()
    }

    /// Takes what is known of a customer as the system to solve.
    #[inline(always)]
    fn load(&self, system: &mut System<'_>, profile: &[(u32, f32)]) {
        let usable = profile.iter().copied().filter(|entry| self.counts(*entry));
        let objective = self.settings.objective();
        let ridge = objective.ridge(usable.clone().count(), self.products());
        system.load(&self.eigenvalues, objective.alpha0, ridge, usable);
    }
}

impl Scorer for Als {
    /// All products that were ever bought count 1.
    fn score(&self, orders: Orders<'_>, _: f64, scores: &mut [f32]) {
        let profile: Vec<(u32, f32)> = orders.products().into_iter().map(|(product, _)| (product, 1.0)).collect();
        self.score_products(&profile, scores);
    }
}

impl Settings {
    fn check(&self) -> Result<()> {
        let wrong = |name: &str, value: f64, range: &str| {
            Err(Error::config(format!("iALS's {name} is {value}")).with_hint(format!("choose a number {range}")))
        };
        if !(1..=MOST_FACTORS).contains(&self.factors) {
            return wrong("factors", self.factors as f64, &format!("from 1 to {MOST_FACTORS}, such as 64"));
        }
        if self.iterations == 0 {
            return wrong("iterations", 0.0, "above 0, such as 16");
        }
        let positive = [("alpha0", self.alpha0), ("lambda", self.lambda), ("sigma_init", self.sigma_init)];
        for (name, value) in positive {
            if !(value > 0.0 && value.is_finite()) {
                return wrong(name, value, "above 0");
            }
        }
        if !(0.0..=2.0).contains(&self.nu) {
            return wrong("nu", self.nu, "from 0 to 2, such as 1");
        }
        Ok(())
    }

    fn objective(&self) -> Objective {
        Objective { alpha0: single(self.alpha0), lambda: self.lambda, nu: self.nu, steps: self.gradient_steps }
    }
}

/// Factors to start from: uniform around 0 with the standard deviation `σ / √factors`, each row from its own seed.
fn first_factors(rows: usize, settings: &Settings, seed: Seed) -> Vec<f32> {
    let seed = seed.split("product factors");
    let (factors, width) = (settings.factors, settings.factors.next_multiple_of(LANES));
    // A uniform distribution from −h to h has the standard deviation h / √3.
    let half = single(settings.sigma_init * (3.0 / factors as f64).sqrt());
    let mut values = vec![0.0; rows * width];
    values.par_chunks_exact_mut(width).enumerate().for_each(|(row, values)| {
        let mut dice = ChaCha8Rng::seed_from_u64(seed.nth(row as u64).0);
        for value in &mut values[..factors] {
            *value = half * (2.0 * dice.random::<f32>() - 1.0);
        }
    });
    values
}
