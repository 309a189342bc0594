//! Single conditions on attributes from which combinations are made.

use crate::attributes::{Attribute, Values};
use crate::explain::tree::{Allowed, Condition, thresholds};

/// Numbers are cut at about this many round quantiles.
const CUTS: usize = 30;
/// The most common levels of a category, this many, are conditions.
const LEVELS: usize = 12;

/// A condition on one attribute and the customers for whom it holds; a missing value fulfils none.
#[derive(Debug, Clone)]
pub(super) struct Literal {
    /// Position of the attribute.
    pub attribute: usize,
    pub condition: Condition,
}

impl Literal {
    pub(super) fn holds(&self, attributes: &[Attribute], row: usize) -> bool {
        let Some(attribute) = attributes.get(self.attribute) else { return false };
        match (&attribute.values, &self.condition.values) {
            (Values::Numbers(values), Allowed::Range { above, at_most, .. }) => values.get(row).is_some_and(|value| {
                above.is_none_or(|above| *value > above) && at_most.is_none_or(|at_most| *value <= at_most)
            }),
            (Values::Categories { codes, levels }, Allowed::Among(allowed)) => {
                let level = codes.get(row).and_then(|code| levels.get(*code as usize));
                level.is_some_and(|level| allowed.contains(level))
            }
            _ => false,
        }
    }
}

/// All conditions on these attributes, with cuts and levels from these rows.
pub(super) fn literals(attributes: &[Attribute], rows: &[usize]) -> Vec<Literal> {
    let mut found = Vec::new();
    for (position, attribute) in attributes.iter().enumerate() {
        let mut add = |values: Allowed| {
            let condition = Condition { attribute: attribute.name.clone(), values, missing: None };
            found.push(Literal { attribute: position, condition });
        };
        match &attribute.values {
            Values::Numbers(values) => {
                let mut sorted: Vec<f64> =
                    rows.iter().filter_map(|row| values.get(*row)).copied().filter(|value| value.is_finite()).collect();
                sorted.sort_unstable_by(f64::total_cmp);
                let whole = sorted.iter().all(|value| value.fract() == 0.0);
                let least = sorted.first().copied();
                let cuts = thresholds(&sorted, whole);
                let steps = cuts.len().min(CUTS);
                for step in 0..steps {
                    let Some(cut) = cuts.get((2 * step + 1) * cuts.len() / (2 * steps)).copied() else { continue };
                    add(Allowed::Range { above: None, at_most: Some(cut), whole, least });
                    add(Allowed::Range { above: Some(cut), at_most: None, whole, least });
                }
            }
            Values::Categories { codes, levels } => {
                let mut counts = vec![0_u64; levels.len()];
                for code in rows.iter().filter_map(|row| codes.get(*row)) {
                    if let Some(count) = counts.get_mut(*code as usize) {
                        *count += 1;
                    }
                }
                let mut common: Vec<(u64, &String)> = counts.into_iter().zip(levels).filter(|(n, _)| *n > 0).collect();
                common.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
                if common.len() > 1 {
                    for (_, level) in common.into_iter().take(LEVELS) {
                        add(Allowed::Among(vec![level.clone()]));
                    }
                }
            }
        }
    }
    found
}
