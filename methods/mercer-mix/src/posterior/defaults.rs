//! Priors where the user gives none.
//!
//! For one place those of pymc-marketing 0.19, for several those of Meridian 1.x, so that results can be compared.

use crate::params::{Adstock, Saturation};
use crate::prior::Prior;
use crate::space::Domain;

/// What each parameter of the carry-over can be, with its prior.
pub(super) fn carry(kind: Adstock, parameter: &str, several: bool) -> (Domain, Prior) {
    match (kind, parameter) {
        (_, "alpha") if several => (Domain::Unit, Prior::Uniform { low: 0.0, high: 1.0 }),
        (_, "alpha") => (Domain::Unit, Prior::Beta { a: 1.0, b: 3.0 }),
        (_, "theta") => (Domain::Positive, Prior::HalfNormal { sd: 1.0 }),
        // Means of 2 and 3 with standard deviations of 1.
        (Adstock::WeibullPdf, "lam") => (Domain::Positive, Prior::Gamma { shape: 4.0, rate: 2.0 }),
        (Adstock::WeibullPdf, _) => (Domain::Positive, Prior::Gamma { shape: 9.0, rate: 3.0 }),
        // Means of 2 with standard deviations of 2.5.
        _ => (Domain::Positive, Prior::Gamma { shape: 0.64, rate: 0.32 }),
    }
}

/// What each parameter of the saturation can be, with its prior; `reached` where it is about how often people are reached.
pub(super) fn saturation(kind: Saturation, parameter: &str, several: bool, reached: bool) -> (Domain, Prior) {
    let prior = match (kind, parameter) {
        (Saturation::Hill, _) if reached => Prior::LogNormal { mean: 0.7, sd: 0.4 },
        (Saturation::Hill, "slope") => Prior::Fixed { value: 1.0 },
        (Saturation::Hill, _) if several => Prior::TruncatedNormal { mean: 0.8, sd: 0.8, low: 0.1, high: 10.0 },
        (Saturation::Hill, _) => Prior::HalfNormal { sd: 1.5 },
        (Saturation::Root, _) => return (Domain::Unit, Prior::Beta { a: 1.0, b: 2.0 }),
        (Saturation::Tanh | Saturation::MichaelisMenten, _) => Prior::HalfNormal { sd: 1.0 },
        _ => Prior::Gamma { shape: 3.0, rate: 1.0 },
    };
    (Domain::Positive, prior)
}

/// The prior of a coefficient; of several places that of the place in the middle.
pub(super) fn coefficient(kind: Saturation, several: bool) -> Prior {
    match kind {
        _ if several => Prior::HalfNormal { sd: 5.0 },
        Saturation::Tanh | Saturation::None | Saturation::Auto => Prior::HalfNormal { sd: 1.0 },
        Saturation::MichaelisMenten => Prior::Gamma { shape: 4.0, rate: 2.0 },
        Saturation::Hill => Prior::HalfNormal { sd: 1.5 },
        Saturation::Root => Prior::Gamma { shape: 1.0, rate: 1.0 },
        Saturation::Logistic | Saturation::Log => Prior::HalfNormal { sd: 2.0 },
    }
}

/// Return on spend: half of it between 0.67 and 2.24.
pub(super) const ROI: Prior = Prior::LogNormal { mean: 0.2, sd: 0.9 };
/// Return of one more unit of spend.
pub(super) const MARGINAL_ROI: Prior = Prior::LogNormal { mean: 0.0, sd: 0.5 };
/// Share of the whole outcome.
pub(super) const SHARE: Prior = Prior::Beta { a: 1.0, b: 99.0 };
/// Scatter of the logarithm of coefficients over places.
pub(super) const SCATTER: Prior = Prior::HalfNormal { sd: 1.0 };
/// Standard deviation of the logarithm of the factor on all channels' effects: 87 % of it below .3.
pub(super) const FACTOR_AMPLITUDE: Prior = Prior::HalfNormal { sd: 0.2 };
/// Years over which that factor changes: nine tenths between a quarter of a year and two years.
pub(super) const FACTOR_LENGTH_SCALE: Prior = Prior::LogNormal { mean: -0.35, sd: 0.63 };
/// Degrees of freedom of Student's t.
pub(super) const DEGREES: Prior = Prior::Gamma { shape: 2.0, rate: 0.1 };
