//! Whether the sampler's momentum carries it through all energies.

/// The energy Bayesian fraction of missing information of one chain: mean squared step of its energies over their variance. Below
/// 0.3 the sampler explores heavy tails too slowly. `NaN` with fewer than two energies, or where they are all the same.
///
/// Source: Betancourt (2016), Diagnosing suboptimal cotangent disintegrations in Hamiltonian Monte Carlo, arXiv:1604.00695.
#[must_use]
pub fn e_bfmi(energy: &[f64]) -> f64 {
    if energy.len() < 2 {
        return f64::NAN;
    }
    let steps = energy.iter().zip(energy.iter().skip(1)).map(|(from, to)| (to - from).powi(2)).sum::<f64>();
    steps / (energy.len() as f64 - 1.0) / super::convergence::mean_and_variance(energy).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcmc::made_up::{SETS, close};

    #[test]
    fn agrees_with_arviz() {
        for set in &SETS {
            close(set.name, e_bfmi(set.slices()[0]), set.e_bfmi);
        }
        // Steps of 2 and 2 squared are 4 on average, the variance is 4/3.
        close("by hand", e_bfmi(&[1.0, 3.0, 1.0]), 3.0);
        assert!(e_bfmi(&[1.0]).is_nan() && e_bfmi(&[2.0, 2.0, 2.0]).is_nan());
    }
}
