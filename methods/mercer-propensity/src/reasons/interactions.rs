//! Which features act together.

use mercer_base::{Error, Result};
use mercer_stats::parallel::sum_over_rows;
use serde::{Deserialize, Serialize};

use crate::table::Feature;

/// Two features whose effects depend on each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Interaction {
    /// One of them, by name: the one that comes first.
    pub(crate) first: String,
    /// The other.
    pub(crate) second: String,
    /// Mean size of what they contribute by acting together, beyond what each contributes by itself.
    pub(crate) mean_size: f64,
    /// Share of all contributions' sizes, those of features by themselves and of pairs.
    pub(crate) share: f64,
    /// A sentence.
    pub(crate) words: String,
}

/// The `how_many` strongest pairs, from the exact Shapley interaction values of `rows` rows: for each row a square of features by
/// features, row by row, symmetric, whose sum is the row's margin less the expected one (Lundberg et al. 2020, Nature Machine
/// Intelligence 2, 56–67: each half of a pair's value stands on one side of the diagonal).
///
/// # Errors
/// When there are not as many values as rows × features × features.
pub(crate) fn interactions(
    features: &[Feature],
    rows: usize,
    values: &[f64],
    how_many: usize,
) -> Result<Vec<Interaction>> {
    let count = features.len();
    let square = count * count;
    if values.len() != rows * square {
        return Err(Error::internal(format!(
            "{} interaction values for {rows} rows of {count} features",
            values.len()
        )));
    }
    if values.is_empty() {
        return Ok(Vec::new());
    }
    let sums = sum_over_rows(rows, square, |range, sums| {
        for row in range {
            let own = values.get(row * square..(row + 1) * square).unwrap_or_default();
            for (index, (sum, value)) in sums.iter_mut().zip(own).enumerate() {
                let (a, b) = (index / count, index % count);
                let other = own.get(b * count + a).copied().unwrap_or(0.0);
                match a.cmp(&b) {
                    std::cmp::Ordering::Equal => *sum += value.abs(),
                    std::cmp::Ordering::Less => *sum += (value + other).abs(),
                    std::cmp::Ordering::Greater => {}
                }
            }
        }
    });
    let total: f64 = sums.iter().sum();
    let mut pairs: Vec<(usize, f64)> =
        sums.into_iter().enumerate().filter(|(index, sum)| index / count < index % count && *sum > 0.0).collect();
    pairs.sort_by(|a, b| b.1.total_cmp(&a.1));
    let pair = |(index, sum): (usize, f64)| {
        let (first, second) = features.get(index / count).zip(features.get(index % count))?;
        Some(Interaction {
            first: first.name.clone(),
            second: second.name.clone(),
            mean_size: sum / rows as f64,
            share: sum / total,
            words: format!("what {} means depends on {}", first.label, second.label),
        })
    };
    Ok(pairs.into_iter().take(how_many).filter_map(pair).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_counted_once_the_strongest_first() {
        let feature = |name: &str| Feature {
            name: name.into(),
            label: name.into(),
            unit: None,
            group: String::new(),
            actionable: false,
            categories: Vec::new(),
        };
        let features = ["a", "b", "c"].map(feature);
        #[rustfmt::skip]
        let values = [
            1.0, 0.5, 0.1,  0.5, -2.0, 0.0,  0.1, 0.0, 0.2,
            1.0, -0.5, 0.1, -0.5, 2.0, 0.0,  0.1, 0.0, 0.2,
        ];
        let found = interactions(&features, 2, &values, 5).unwrap();
        // Alone 1 + 2 + 0.2, together 1 (a, b) and 0.2 (a, c).
        let told: Vec<(&str, &str)> = found.iter().map(|pair| (pair.first.as_str(), pair.second.as_str())).collect();
        assert_eq!(told, [("a", "b"), ("a", "c")]);
        assert!((found[0].mean_size - 1.0).abs() < 1e-12 && (found[0].share - 1.0 / 4.4).abs() < 1e-12);
        assert!((found[1].mean_size - 0.2).abs() < 1e-12);
        assert_eq!(found[0].words, "what a means depends on b");
        assert!(interactions(&features, 3, &values, 5).is_err());
        assert!(interactions(&[], 2, &[], 5).unwrap().is_empty());
    }
}
