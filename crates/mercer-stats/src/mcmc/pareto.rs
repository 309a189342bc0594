//! The generalised Pareto distribution of what lies above a threshold.

/// How strongly, in observations, the shape is drawn towards a half (Vehtari et al. 2024, section 6).
const PRIOR_WEIGHT: f64 = 10.0;
/// Where the prior of the inverse scale has its quartile (Zhang & Stephens 2009, section 4).
const PRIOR_QUARTILE: f64 = 3.0;

/// A generalised Pareto distribution: `P(X > x) = (1 + k x / σ)^(−1/k)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pareto {
    /// The shape `k`: moments of order `1/k` and above do not exist.
    pub(super) shape: f64,
    /// The scale `σ`.
    pub(super) scale: f64,
}

impl Pareto {
    /// The empirical Bayes fit to values above 0 in rising order; not finite where they cannot be fitted.
    ///
    /// With `θ = −k/σ` the likelihood has, for each `θ`, its maximum at `k(θ) = mean ln(1 − θ x)`; `θ` is averaged over a grid of
    /// quantiles of its prior, weighted by the profile likelihood.
    ///
    /// Source: Zhang & Stephens (2009), A new and efficient estimation method for the generalized Pareto distribution,
    /// Technometrics 51, 316–325; the shape's own prior by Vehtari, Simpson, Gelman, Yao & Gabry (2024), Pareto smoothed
    /// importance sampling, JMLR 25 (72).
    pub(super) fn fit(sorted: &[f64]) -> Self {
        let nothing = Self { shape: f64::NAN, scale: f64::NAN };
        let count = sorted.len() as f64;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a quarter of a length")]
        let quartile = (count / 4.0 + 0.5) as usize;
        let (Some(largest), Some(quartile)) = (sorted.last(), quartile.checked_sub(1).and_then(|at| sorted.get(at)))
        else {
            return nothing;
        };
        let points = 30.0 + count.sqrt().floor();
        let profile = |theta: f64| sorted.iter().map(|x| (-theta * x).ln_1p()).sum::<f64>() / count;
        // θ, and the logarithm of its profile likelihood.
        let mut grid = Vec::new();
        let mut point = 0.5;
        while point < points {
            let theta = largest.recip() + (1.0 - (points / point).sqrt()) / (PRIOR_QUARTILE * quartile);
            let shape = profile(theta);
            grid.push((theta, count * ((-theta / shape).ln() - shape - 1.0)));
            point += 1.0;
        }
        let likeliest = grid.iter().fold(f64::NEG_INFINITY, |most, (_, likelihood)| most.max(*likelihood));
        let (mut total, mut sum) = (0.0, 0.0);
        for (theta, likelihood) in &grid {
            let weight = (likelihood - likeliest).exp();
            total += weight;
            sum += weight * theta;
        }
        let theta = sum / total;
        let shape = profile(theta);
        Self { shape: (count * shape + PRIOR_WEIGHT * 0.5) / (count + PRIOR_WEIGHT), scale: -shape / theta }
    }

    /// The value with probability `share` below it.
    pub(super) fn quantile(&self, share: f64) -> f64 {
        let exponent = -(-share).ln_1p();
        if self.shape.abs() < f64::EPSILON {
            return self.scale * exponent;
        }
        self.scale * (self.shape * exponent).exp_m1() / self.shape
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantiles_are_those_of_the_distribution() {
        // scipy.stats.genpareto.ppf(.9, .3, scale=2), (.5, −.4, scale=1); the exponential distribution's median is ln 2.
        for (shape, scale, share, expected) in [
            (0.3, 2.0, 0.9, 6.635_082_099_792_532),
            (-0.4, 1.0, 0.5, 0.605_354_291_862_001_8),
            (0.0, 3.0, 0.5, 3.0 * std::f64::consts::LN_2),
        ] {
            assert!((Pareto { shape, scale }.quantile(share) - expected).abs() < 1e-9, "{shape}");
        }
    }

    #[test]
    fn nothing_to_fit_is_not_finite() {
        assert!(!Pareto::fit(&[]).shape.is_finite());
        assert!(!Pareto::fit(&[0.0, 0.0, 0.0, 0.0, 0.0]).shape.is_finite());
    }

    proptest! {
        #[test]
        fn its_own_quantiles_are_recovered(shape in -0.3_f64..0.9, ln_scale in -8.0_f64..8.0) {
            let truth = Pareto { shape, scale: ln_scale.exp() };
            let values: Vec<f64> = (0..2_000).map(|n| truth.quantile((f64::from(n) + 0.5) / 2_000.0)).collect();
            let fit = Pareto::fit(&values);
            // The prior moves the shape by at most 10/2010 · 0.8; the quantiles leave out the farthest tail.
            prop_assert!((fit.shape - shape).abs() < 0.03, "{fit:?}");
            prop_assert!((fit.scale / truth.scale - 1.0).abs() < 0.03, "{fit:?}");
        }
    }
}
