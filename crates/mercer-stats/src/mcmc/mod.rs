//! What Markov chains say of the distribution they are drawn from, and how far they can be believed.
//!
//! Functions take the draws of one quantity chain by chain, all chains of the same length. Where they cannot answer they return
//! `NaN`: fewer than four draws a chain, chains of different lengths, a draw that is not finite, or the same value throughout.
//!
//! Source: Vehtari, Gelman, Simpson, Carpenter & Bürkner (2021), Rank-normalization, folding, and localization: an improved R̂
//! for assessing convergence of MCMC, Bayesian Analysis 16, 667–718. Figures agree with those of ArviZ 0.23.

mod chains;
mod convergence;
mod effective;
mod energy;
mod importance;
mod leave_one_out;
#[cfg(test)]
mod made_up;
mod pareto;
mod summary;

pub use convergence::r_hat;
pub use effective::{ess_bulk, ess_mean, ess_quantile, ess_sd, ess_tail, mcse_mean, mcse_quantile, mcse_sd};
pub use energy::e_bfmi;
pub use importance::{Smoothed, smooth_importance};
pub use leave_one_out::{LeaveOneOut, leave_one_out};
pub use summary::{Summary, highest_density_interval, summarise, summarise_all};
