//! Reading and writing priors as text, such as `gamma(3, 1)`.

use std::fmt;
use std::str::FromStr;

use mercer_base::{Error, Result, nearest};

use super::{Prior, normal_mass};

/// What can be written, with what the numbers mean.
const FORMS: [(&str, &[&str]); 12] = [
    ("normal", &["mean", "sd"]),
    ("half-normal", &["sd"]),
    ("log-normal", &["mean of the logarithm", "sd of the logarithm"]),
    ("gamma", &["shape", "rate"]),
    ("beta", &["a", "b"]),
    ("uniform", &["low", "high"]),
    ("laplace", &["centre", "scale"]),
    ("truncated-normal", &["mean", "sd", "low", "high"]),
    ("exponential", &["rate"]),
    ("half-cauchy", &["scale"]),
    ("student-t", &["df", "centre", "scale"]),
    ("fixed", &["value"]),
];

/// Numbers that must be above 0, by what they are called in [`FORMS`].
const POSITIVE: [&str; 8] = ["sd", "sd of the logarithm", "shape", "rate", "a", "b", "scale", "df"];

/// Below this the logarithm of what a truncated normal has left between its bounds has lost its digits.
const LEAST_MASS: f64 = 1e-250;

impl FromStr for Prior {
    type Err = Error;

    /// Reads a prior such as `log-normal(0.2, 0.9)`; bounds of `truncated-normal` can be `inf` and `-inf`.
    ///
    /// # Errors
    /// When the name is unknown, the numbers are too few or too many, or one is out of its range.
    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        let wrong = |what: &str| Error::config(format!("the prior \"{text}\" {what}"));
        let Some((name, inner)) = text.strip_suffix(')').and_then(|open| open.split_once('(')) else {
            return Err(wrong("has no numbers in brackets").with_hint("write it as gamma(3, 1)"));
        };
        let name = name.trim().to_lowercase().replace(['_', ' '], "-");
        let Some((name, wanted)) = FORMS.iter().find(|(known, _)| *known == name) else {
            let known = FORMS.map(|(known, _)| known);
            let hint = nearest(&name, known.into_iter())
                .map_or_else(|| format!("there are {}", known.join(", ")), |meant| format!("did you mean {meant}?"));
            return Err(wrong("is of no known kind").with_hint(hint));
        };
        let form = format!("write it as {name}({})", wanted.join(", "));
        let mut numbers = Vec::with_capacity(wanted.len());
        for number in inner.split(',') {
            let number = number.trim();
            match number.parse::<f64>() {
                Ok(value) if !value.is_nan() => numbers.push(value),
                _ => return Err(wrong(&format!("has \"{number}\", which is no number")).with_hint(form)),
            }
        }
        if numbers.len() != wanted.len() {
            let (wanted, found) = (wanted.len(), numbers.len());
            return Err(wrong(&format!("has {found} numbers where {wanted} belong")).with_hint(form));
        }
        for (number, what) in numbers.iter().zip(*wanted) {
            if POSITIVE.contains(what) && *number <= 0.0 {
                return Err(wrong(&format!("has {number} as its {what}, which must be above 0")).with_hint(form));
            }
            if number.is_infinite() && !(*name == "truncated-normal" && ["low", "high"].contains(what)) {
                return Err(wrong(&format!("has an infinite {what}")).with_hint(form));
            }
        }
        let prior = made(name, &numbers).ok_or_else(|| Error::internal(format!("the prior {name} cannot be made")))?;
        match prior {
            Self::Uniform { low, high } | Self::TruncatedNormal { low, high, .. } if low >= high => {
                Err(wrong("has nothing between its bounds").with_hint(form))
            }
            Self::TruncatedNormal { mean, sd, low, high }
                if normal_mass((low - mean) / sd, (high - mean) / sd) < LEAST_MASS =>
            {
                Err(wrong("has its bounds too far from its mean").with_hint("use uniform, or a wider sd"))
            }
            prior => Ok(prior),
        }
    }
}

/// The prior of that name; `None` when the name or the count of numbers is not one of [`FORMS`].
fn made(name: &str, numbers: &[f64]) -> Option<Prior> {
    Some(match (name, numbers) {
        ("normal", &[mean, sd]) => Prior::Normal { mean, sd },
        ("half-normal", &[sd]) => Prior::HalfNormal { sd },
        ("log-normal", &[mean, sd]) => Prior::LogNormal { mean, sd },
        ("gamma", &[shape, rate]) => Prior::Gamma { shape, rate },
        ("beta", &[a, b]) => Prior::Beta { a, b },
        ("uniform", &[low, high]) => Prior::Uniform { low, high },
        ("laplace", &[centre, scale]) => Prior::Laplace { centre, scale },
        ("truncated-normal", &[mean, sd, low, high]) => Prior::TruncatedNormal { mean, sd, low, high },
        ("exponential", &[rate]) => Prior::Exponential { rate },
        ("half-cauchy", &[scale]) => Prior::HalfCauchy { scale },
        ("student-t", &[df, centre, scale]) => Prior::StudentT { df, centre, scale },
        ("fixed", &[value]) => Prior::Fixed { value },
        _ => return None,
    })
}

impl fmt::Display for Prior {
    /// As it is read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Normal { mean, sd } => write!(f, "normal({mean}, {sd})"),
            Self::HalfNormal { sd } => write!(f, "half-normal({sd})"),
            Self::LogNormal { mean, sd } => write!(f, "log-normal({mean}, {sd})"),
            Self::Gamma { shape, rate } => write!(f, "gamma({shape}, {rate})"),
            Self::Beta { a, b } => write!(f, "beta({a}, {b})"),
            Self::Uniform { low, high } => write!(f, "uniform({low}, {high})"),
            Self::Laplace { centre, scale } => write!(f, "laplace({centre}, {scale})"),
            Self::TruncatedNormal { mean, sd, low, high } => {
                write!(f, "truncated-normal({mean}, {sd}, {low}, {high})")
            }
            Self::Exponential { rate } => write!(f, "exponential({rate})"),
            Self::HalfCauchy { scale } => write!(f, "half-cauchy({scale})"),
            Self::StudentT { df, centre, scale } => write!(f, "student-t({df}, {centre}, {scale})"),
            Self::Fixed { value } => write!(f, "fixed({value})"),
        }
    }
}
