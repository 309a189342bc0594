//! Maximum likelihood, or the posterior mode, of any family: parameters with standard errors, and whether to trust them.

use std::fmt;

use mercer_base::{Error, Result, Seed};
use mercer_stats::dense::Square;
use mercer_stats::parallel::sum_over_rows;
use mercer_stats::sampling::multivariate_normal;
use serde::{Deserialize, Serialize};

pub use crate::data::{Covariates, Data};
use crate::data::{ROUGH_ROWS, Rows};
use crate::family::{Family, Scaled};
use crate::maximum::{Maximum, Unknown, maximise};

/// A normal prior.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Normal {
    /// Its mean.
    pub mean: f64,
    /// Its standard deviation, above zero.
    pub deviation: f64,
}

impl Normal {
    /// Logarithm of the density without its constant, and its derivative.
    fn ln_density(self, x: f64) -> (f64, f64) {
        let z = (x - self.mean) / self.deviation;
        (-0.5 * z * z, -z / self.deviation)
    }
}

/// What is believed before the data; nothing by default, which makes the fit maximum likelihood.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Prior {
    /// Priors on the logarithms of the parameters, in their order; missing ones are flat.
    pub parameters: Vec<Option<Normal>>,
    /// Prior on every coefficient, per unit of its covariate.
    pub coefficients: Option<Normal>,
}

impl Prior {
    /// Logarithm of the density at `transform · theta`, without its constant; adds its gradient by `theta`.
    pub(crate) fn add(&self, parameters: usize, transform: &Square, theta: &[f64], gradient: &mut [f64]) -> f64 {
        let mut total = 0.0;
        for (unknown, value) in transform.times(theta).into_iter().enumerate() {
            let prior =
                if unknown < parameters { self.parameters.get(unknown).copied().flatten() } else { self.coefficients };
            if let Some(prior) = prior {
                let (ln_density, derivative) = prior.ln_density(value);
                total += ln_density;
                for (slope, share) in gradient.iter_mut().zip(transform.row(unknown)) {
                    *slope += derivative * share;
                }
            }
        }
        total
    }
}

/// Which end of its range a parameter runs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edge {
    /// Nothing of what it describes.
    Zero,
    /// Without bound.
    Infinity,
}

/// Whether an estimate is one to use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The likelihood has its maximum here.
    Converged,
    /// The likelihood rises towards a simpler model: the values are where it hardly rises any more.
    AtTheEdge {
        /// The parameter that runs away.
        parameter: String,
        /// Where to.
        towards: Edge,
    },
    /// No maximum was found.
    NotConverged {
        /// The reason, in words.
        why: String,
    },
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Converged => f.write_str("converged"),
            Self::AtTheEdge { parameter, towards } => {
                let end = match towards {
                    Edge::Zero => "zero",
                    Edge::Infinity => "infinity",
                };
                write!(f, "at the edge: `{parameter}` runs to {end}, so a simpler model fits these data as well")
            }
            Self::NotConverged { why } => write!(f, "not converged: {why}"),
        }
    }
}

/// The effect of one covariate on one process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Coefficient {
    /// The process: `purchase`, `dropout`, `dropout_a`, `dropout_b`.
    pub process: String,
    /// Name of the covariate.
    pub covariate: String,
    /// Its column among the covariates.
    pub column: usize,
    /// Position of the parameter it scales.
    pub parameter: usize,
    /// Sign of the exponent: `p_i = p · exp(sign · value · z_i)`.
    pub sign: f64,
    /// The estimate, per unit of the covariate: positive for more buying, or sooner leaving.
    pub value: f64,
    /// Its standard error; `None` where the data leave it open.
    pub standard_error: Option<f64>,
}

/// One set of parameters and coefficients: the estimate, or a draw from what is known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draw {
    /// The natural parameters, in the family's order.
    pub parameters: Vec<f64>,
    /// The coefficients, in the estimate's order.
    pub coefficients: Vec<f64>,
}

/// A fitted model's parameters and how sure one can be of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Names of the parameters.
    pub names: Vec<String>,
    /// The natural parameters, of a customer whose covariates are zero.
    pub parameters: Vec<f64>,
    /// Their standard errors by the delta method; `None` where the data leave one open.
    pub standard_errors: Vec<Option<f64>>,
    /// Effects of the covariates.
    pub coefficients: Vec<Coefficient>,
    /// Log-likelihood at the estimate, without the prior.
    pub ln_likelihood: f64,
    /// Customers, by weight.
    pub customers: f64,
    /// Covariance of the logarithms of the parameters and of the coefficients, in this order. Directions that the data leave open
    /// count as known.
    pub covariance: Square,
    /// A square root of the covariance: it is this times its transpose.
    pub factor: Square,
    /// Whether the estimate is one to use.
    pub verdict: Verdict,
    /// Passes over the data, or a part of it, that the fit took.
    pub evaluations: usize,
}

impl Estimate {
    pub(crate) fn new(
        names: &[&str],
        coefficients: Vec<Coefficient>,
        maximum: Maximum,
        ln_likelihood: f64,
        customers: f64,
    ) -> Self {
        let parameters: Vec<f64> = maximum.point.iter().take(names.len()).map(|theta| theta.exp()).collect();
        let standard_errors = parameters
            .iter()
            .zip(&maximum.standard_errors)
            .map(|(value, error)| error.map(|error| value * error))
            .collect();
        let fitted = maximum.point.iter().zip(&maximum.standard_errors).skip(names.len());
        let coefficients = coefficients
            .into_iter()
            .zip(fitted)
            .map(|(coefficient, (value, error))| Coefficient { value: *value, standard_error: *error, ..coefficient })
            .collect();
        Self {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            parameters,
            standard_errors,
            coefficients,
            ln_likelihood,
            customers,
            covariance: maximum.covariance,
            factor: maximum.factor,
            verdict: maximum.verdict,
            evaluations: maximum.evaluations,
        }
    }

    /// The estimate itself as a draw.
    #[must_use]
    pub fn point(&self) -> Draw {
        let coefficients = self.coefficients.iter().map(|coefficient| coefficient.value).collect();
        Draw { parameters: self.parameters.clone(), coefficients }
    }

    /// `count` draws from Laplace's approximation: logarithms of parameters, and coefficients, normal around the estimate.
    #[must_use]
    pub fn draws(&self, seed: Seed, count: usize) -> Vec<Draw> {
        let point = self.point();
        let size = point.parameters.len();
        let centre: Vec<f64> = point.parameters.iter().map(|value| value.ln()).chain(point.coefficients).collect();
        multivariate_normal(&centre, &self.factor, seed.split("laplace"), count)
            .into_iter()
            .map(|mut theta| {
                let coefficients = theta.split_off(size.min(theta.len()));
                Draw { parameters: theta.into_iter().map(f64::exp).collect(), coefficients }
            })
            .collect()
    }

    /// The parameters of a customer with these covariates (in the order of the fit's columns) under a draw.
    #[must_use]
    pub fn parameters_of(&self, draw: &Draw, covariates: &[f64]) -> Vec<f64> {
        let mut parameters = draw.parameters.clone();
        for (coefficient, value) in self.coefficients.iter().zip(&draw.coefficients) {
            let covariate = covariates.get(coefficient.column).copied().unwrap_or(0.0);
            if let Some(parameter) = parameters.get_mut(coefficient.parameter) {
                *parameter *= (coefficient.sign * value * covariate).exp();
            }
        }
        parameters
    }
}

/// Fits `family` by maximum likelihood, or by the posterior mode where there is a prior.
///
/// Equal customers are merged first, so that the order of rows does not matter and data on a grid cost little. Where there are
/// more than 50,000 different rows, starting values are tried on an even part of them.
///
/// # Errors
/// A history that cannot be (not finite, negative, more recent than old, a fraction of a purchase), weights or covariates that do
/// not match, fewer than two customers, or nobody who bought twice.
pub fn fit(family: &dyn Family, data: &Data<'_>, prior: &Prior) -> Result<Estimate> {
    let rows = Rows::new(family, data)?;
    let names = family.parameters();
    let mut unknowns: Vec<Unknown> = names.iter().map(|name| Unknown { name: (*name).into(), scale: 1.0 }).collect();
    let coefficients = coefficients(family.scaled(), data.covariates);
    unknowns.extend(coefficients.iter().map(|coefficient| Unknown {
        name: format!("{} on {}", coefficient.covariate, coefficient.process),
        scale: rows.ordinary_size(coefficient.column).recip(),
    }));

    let starts: Vec<Vec<f64>> = family
        .starts(&rows.histories, &rows.weights)
        .iter()
        .map(|start| start.iter().map(|value| value.ln()).chain(coefficients.iter().map(|_| 0.0)).collect())
        .collect();
    let part = rows.part(ROUGH_ROWS);
    let at_zero = at_zero(names.len(), &coefficients, &rows);
    let density = |rows: &Rows, theta: &[f64], gradient: &mut [f64]| {
        let prior = prior.add(names.len(), &at_zero, theta, gradient);
        ln_likelihood(family, rows, &coefficients, theta, gradient) + prior
    };
    let full = |theta: &[f64], gradient: &mut [f64]| density(&rows, theta, gradient);
    let rough = |theta: &[f64], gradient: &mut [f64]| density(part.as_ref().unwrap_or(&rows), theta, gradient);
    let (customers, part_customers) = (rows.customers(), part.as_ref().unwrap_or(&rows).customers());
    let maximum = maximise((&full, customers), (&rough, part_customers), &starts, &unknowns).ok_or_else(|| {
        Error::data("the likelihood of these histories is not finite at any starting value")
            .with_hint("check the unit of time and the frequencies for values that cannot be")
    })?;
    let at_maximum = ln_likelihood(family, &rows, &coefficients, &maximum.point, &mut vec![0.0; unknowns.len()]);
    Ok(Estimate::new(names, coefficients, maximum.moved(&at_zero), at_maximum, customers))
}

fn coefficients(scaled: &[Scaled], covariates: &Covariates) -> Vec<Coefficient> {
    let one = |scaled: &Scaled, column: usize| Coefficient {
        process: scaled.process.into(),
        covariate: covariates.name(column).to_owned(),
        column,
        parameter: scaled.parameter,
        sign: scaled.sign,
        value: 0.0,
        standard_error: None,
    };
    scaled
        .iter()
        .zip(covariates.uses())
        .flat_map(|(scaled, used)| used.iter().map(|column| one(scaled, *column)))
        .collect()
}

/// From the unknowns of the search, whose parameters are those of a customer with mean covariates, to parameters of one whose
/// covariates are zero: `ln p − sign · γ · mean`.
fn at_zero(parameters: usize, coefficients: &[Coefficient], rows: &Rows) -> Square {
    Square::from_fn(parameters + coefficients.len(), |row, column| {
        let coefficient = column.checked_sub(parameters).and_then(|index| coefficients.get(index));
        match coefficient {
            _ if row == column => 1.0,
            Some(coefficient) if coefficient.parameter == row => -coefficient.sign * rows.mean(coefficient.column),
            _ => 0.0,
        }
    })
}

/// Sum over all rows at `theta` (logarithms of parameters at mean covariates, then coefficients), with its gradient.
fn ln_likelihood(
    family: &dyn Family,
    rows: &Rows,
    coefficients: &[Coefficient],
    theta: &[f64],
    gradient: &mut [f64],
) -> f64 {
    let size = family.parameters().len();
    let shared: Vec<f64> = theta.iter().take(size).map(|value| value.exp()).collect();
    let effects = theta.get(size..).unwrap_or_default();
    let sums = sum_over_rows(rows.histories.len(), theta.len() + 1, |range, sums| {
        let (Some((total, slopes)), Some(histories), Some(weights)) =
            (sums.split_first_mut(), rows.histories.get(range.clone()), rows.weights.get(range.clone()))
        else {
            return;
        };
        if coefficients.is_empty() {
            *total += family.sum_ln_likelihood(&shared, histories, weights, slopes);
            return;
        }
        let (mut parameters, mut exponents, mut own) = (shared.clone(), vec![0.0; size], vec![0.0; size]);
        for ((row, history), weight) in range.zip(histories).zip(weights) {
            let covariates = rows.covariates(row);
            let of = |coefficient: &Coefficient| {
                covariates.get(coefficient.column).copied().unwrap_or(0.0) * coefficient.sign
            };
            exponents.fill(0.0);
            for (coefficient, effect) in coefficients.iter().zip(effects) {
                if let Some(exponent) = exponents.get_mut(coefficient.parameter) {
                    *exponent += of(coefficient) * effect;
                }
            }
            for ((parameter, common), exponent) in parameters.iter_mut().zip(&shared).zip(&exponents) {
                *parameter = common * exponent.exp();
            }
            own.fill(0.0);
            *total += weight * family.ln_likelihood(&parameters, history, *weight, &mut own);
            let (by_parameter, by_effect) = slopes.split_at_mut(size);
            for (slope, value) in by_parameter.iter_mut().zip(&own) {
                *slope += value;
            }
            for (slope, coefficient) in by_effect.iter_mut().zip(coefficients) {
                *slope += of(coefficient) * own.get(coefficient.parameter).copied().unwrap_or(0.0);
            }
        }
    });
    for (slope, sum) in gradient.iter_mut().zip(sums.iter().skip(1)) {
        *slope += sum;
    }
    sums.first().copied().unwrap_or(f64::NAN)
}
