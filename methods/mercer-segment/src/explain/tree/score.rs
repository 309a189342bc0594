//! One score made of several attributes: the mean of their percentiles, as in RFM scoring.

use mercer_base::{Error, Result};
use mercer_stats::dense::Square;
use serde::{Deserialize, Serialize};

use crate::attributes::{Attribute, Values};

/// Quantiles kept of each attribute: every half per cent.
const POINTS: usize = 201;
/// An attribute takes part where its weight in the direction is at least this share of the largest one.
const LEAST_WEIGHT: f64 = 0.5;
/// At most so many attributes are combined: more could not be explained in a line.
const MOST_PARTS: usize = 4;
/// What a missing value counts as: the middle.
const MIDDLE: f64 = 50.0;

/// A score from 0 to 100: the mean percentile of a customer in a few numeric attributes, some counted backwards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The name under which the questions of a tree ask for it.
    pub name: String,
    /// What it is made of, heaviest first.
    pub parts: Vec<Part>,
}

/// An attribute in a score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Name of the attribute.
    pub attribute: String,
    /// Whether a low value scores high, as for the days since the last order.
    pub reversed: bool,
    /// Quantiles 0, 0.5, 1, … 100 % of the values at the fit.
    pub quantiles: Vec<f64>,
}

impl Part {
    fn percentile(&self, value: f64) -> f64 {
        if value.is_nan() {
            return MIDDLE;
        }
        let below = self.quantiles.partition_point(|quantile| *quantile < value);
        let up_to = self.quantiles.partition_point(|quantile| *quantile <= value);
        // Tied values share the middle of their ranks.
        let percentile = 100.0 * (below + up_to) as f64 / (2 * self.quantiles.len()) as f64;
        if self.reversed { 100.0 - percentile } else { percentile }
    }
}

impl Score {
    /// The score along which the segments lie furthest apart: the leading direction of the segments' mean percentiles, its
    /// weights made equal. None with fewer than two numeric attributes that take part.
    pub(super) fn of(attributes: &[Attribute], labels: &[u32], segments: u32) -> Option<Self> {
        let mut parts: Vec<Part> = Vec::new();
        let mut columns: Vec<Vec<f64>> = Vec::new();
        for attribute in attributes {
            let Values::Numbers(values) = &attribute.values else { continue };
            let Some(quantiles) = quantiles(values) else { continue };
            let part = Part { attribute: attribute.name.clone(), reversed: false, quantiles };
            columns.push(values.iter().map(|value| part.percentile(*value)).collect());
            parts.push(part);
        }
        let spread = between(&columns, labels, segments as usize);
        let direction = leading_direction(&spread);
        let largest = direction.iter().fold(0.0_f64, |largest, weight| largest.max(weight.abs()));
        let mut chosen: Vec<(f64, Part)> = direction.into_iter().zip(parts).collect();
        chosen.retain(|(weight, _)| weight.abs() >= LEAST_WEIGHT * largest && largest > 0.0);
        chosen.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
        chosen.truncate(MOST_PARTS);
        if chosen.len() < 2 {
            return None;
        }
        // More of most attributes should mean a higher score.
        let sign = if chosen.iter().map(|(weight, _)| weight.signum()).sum::<f64>() < 0.0 { -1.0 } else { 1.0 };
        let parts: Vec<Part> =
            chosen.into_iter().map(|(weight, part)| Part { reversed: weight * sign < 0.0, ..part }).collect();
        let mut name = String::from("score");
        while attributes.iter().any(|attribute| attribute.name == name) {
            name.insert_str(0, "combined ");
        }
        Some(Self { name, parts })
    }

    /// The score of each customer as an attribute, in whole points; the middle for attributes that are not there.
    pub(super) fn attribute(&self, attributes: &[Attribute]) -> Attribute {
        let customers = attributes.first().map_or(0, Attribute::len);
        let mut sums = vec![0.0; customers];
        for part in &self.parts {
            match attributes.iter().find(|attribute| attribute.name == part.attribute).map(|found| &found.values) {
                Some(Values::Numbers(values)) => {
                    for (sum, value) in sums.iter_mut().zip(values) {
                        *sum += part.percentile(*value);
                    }
                }
                _ => sums.iter_mut().for_each(|sum| *sum += MIDDLE),
            }
        }
        let values = sums.into_iter().map(|sum| (sum / self.parts.len().max(1) as f64).round()).collect();
        Attribute { name: self.name.clone(), values: Values::Numbers(values) }
    }

    /// As [`Score::attribute`].
    ///
    /// # Errors
    /// An attribute it is made of is missing or not numeric.
    pub(super) fn checked_attribute(&self, attributes: &[Attribute]) -> Result<Attribute> {
        for part in &self.parts {
            let found = attributes.iter().find(|attribute| attribute.name == part.attribute);
            if !matches!(found.map(|found| &found.values), Some(Values::Numbers(_))) {
                let name = &part.attribute;
                return Err(Error::data(format!("the rules ask for the numeric attribute {name}, which is not there")));
            }
        }
        Ok(self.attribute(attributes))
    }

    /// What it is, as a sentence.
    #[must_use]
    pub fn meaning(&self) -> String {
        let of = |reversed: bool| -> Vec<String> {
            let parts = self.parts.iter().filter(|part| part.reversed == reversed);
            parts.map(|part| mercer_base::words::humanised(&part.attribute)).collect()
        };
        let (forwards, backwards) = (of(false), of(true));
        let reversed = if backwards.is_empty() {
            String::new()
        } else {
            format!(" and of {} counted backwards", super::words::listed(&backwards, "and"))
        };
        format!(
            "The {} is the mean percentile (0 to 100) of {}{reversed}.",
            self.name,
            super::words::listed(&forwards, "and")
        )
    }
}

/// The quantiles of the values that are there; none for fewer than two different ones.
fn quantiles(values: &[f64]) -> Option<Vec<f64>> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    (sorted.first()? < sorted.last()?).then(|| {
        (0..POINTS).filter_map(|point| sorted.get(point * (sorted.len() - 1) / (POINTS - 1)).copied()).collect()
    })
}

/// Covariance of the segments' means, each segment weighted by its customers.
fn between(columns: &[Vec<f64>], labels: &[u32], segments: usize) -> Square {
    let mut spread = Square::from_fn(columns.len(), |_, _| 0.0);
    let mut sizes = vec![0.0; segments];
    for label in labels {
        sizes[*label as usize] += 1.0;
    }
    let gaps: Vec<Vec<f64>> = columns
        .iter()
        .map(|column| {
            let mut sums = vec![0.0; segments];
            for (value, label) in column.iter().zip(labels) {
                sums[*label as usize] += value;
            }
            let mean = sums.iter().sum::<f64>() / labels.len() as f64;
            sums.iter().zip(&sizes).map(|(sum, size)| if *size > 0.0 { sum / size - mean } else { 0.0 }).collect()
        })
        .collect();
    for (segment, size) in sizes.iter().enumerate() {
        let gap: Vec<f64> = gaps.iter().map(|gaps| gaps[segment]).collect();
        spread.add_outer(*size, &gap, &gap);
    }
    spread
}

/// The eigenvector of the largest eigenvalue of a covariance matrix, its heaviest entry positive; zeros where there is none.
pub(super) fn leading_direction(covariance: &Square) -> Vec<f64> {
    let leading = covariance.eigen().and_then(|mut eigen| eigen.vectors.pop());
    let mut direction = leading.unwrap_or_else(|| vec![0.0; covariance.size()]);
    let heaviest = direction.iter().copied().fold(
        0.0,
        |heaviest: f64, entry| {
            if entry.abs() > heaviest.abs() { entry } else { heaviest }
        },
    );
    if heaviest < 0.0 {
        direction.iter_mut().for_each(|entry| *entry = -*entry);
    }
    direction
}
