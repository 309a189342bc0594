//! The strongest reasons of each row, as numbers: words are made when somebody reads them.

use std::collections::BTreeMap;

use mercer_base::Result;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::rows_of;
use crate::table::Feature;

/// Stands for "no further reason".
const NONE: u32 = u32::MAX;

/// A reason of a row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reason {
    /// The feature, by its number: of its group the one that pushes most.
    pub(crate) feature: u32,
    /// What the features of its group contribute together; positive in the direction asked about.
    pub(crate) contribution: f32,
}

/// The reasons of many rows: 8 bytes each.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TopReasons {
    each: usize,
    reasons: Vec<Reason>,
}

impl TopReasons {
    /// The reasons of a row, the strongest first; fewer than asked for where fewer push in the direction.
    #[must_use]
    pub(crate) fn row(&self, row: usize) -> &[Reason] {
        let own = self.reasons.get(row * self.each..(row + 1) * self.each).unwrap_or_default();
        let used = own.iter().take_while(|reason| reason.feature != NONE).count();
        own.get(..used).unwrap_or_default()
    }
}

/// The direction in which reasons push.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Toward {
    /// Why the outcome is likely.
    Outcome,
    /// Why it is unlikely.
    NoOutcome,
}

/// Which reasons are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Which {
    /// All.
    All,
    /// Those about which the company can do something.
    Actionable,
    /// Those that nobody can change.
    Fixed,
}

/// The `how_many` strongest reasons of each row, at most one a group of features.
///
/// Contributions of one group are added up first, since correlated features share what they contribute at random; a group
/// whose features cancel out is no reason. Its reason is its feature that pushes most. A feature without a group stands for itself.
/// Of equally strong ones the feature that comes first is taken.
///
/// # Errors
/// When the contributions are not whole rows of the features.
pub(crate) fn top(
    features: &[Feature],
    contributions: &[f64],
    how_many: usize,
    toward: Toward,
    which: Which,
) -> Result<TopReasons> {
    if features.is_empty() || how_many == 0 {
        return Ok(TopReasons { each: 0, reasons: Vec::new() });
    }
    let rows = rows_of(contributions, features.len())?;
    let groups = groups(features, which);
    let count = groups.iter().flatten().max().map_or(0, |most| most + 1);
    let sign = if toward == Toward::Outcome { 1.0 } else { -1.0 };
    let mut reasons = vec![Reason { feature: NONE, contribution: 0.0 }; rows * how_many];
    let work = |found: &mut Vec<Pushes>, (values, out): (&[f64], &mut [Reason])| {
        found.clear();
        found.resize(count, Pushes::default());
        for ((feature, value), group) in (0_u32..).zip(values).zip(&groups) {
            if let Some(own) = group.and_then(|group| found.get_mut(group)) {
                own.add(feature, sign * value);
            }
        }
        found.retain(|own| own.net > 0.0 && own.strongest > 0.0);
        found.sort_unstable_by(|a, b| b.net.total_cmp(&a.net).then_with(|| a.feature.cmp(&b.feature)));
        for (slot, own) in out.iter_mut().zip(found.iter()) {
            #[allow(clippy::cast_possible_truncation, reason = "single precision is plenty for a reason's strength")]
            let contribution = own.net as f32;
            *slot = Reason { feature: own.feature, contribution };
        }
    };
    contributions.par_chunks(features.len()).zip(reasons.par_chunks_mut(how_many)).for_each_init(Vec::new, work);
    Ok(TopReasons { each: how_many, reasons })
}

/// What a group's features do to a row.
#[derive(Debug, Clone, Copy, Default)]
struct Pushes {
    net: f64,
    strongest: f64,
    feature: u32,
}

impl Pushes {
    fn add(&mut self, feature: u32, push: f64) {
        self.net += push;
        if push > self.strongest {
            (self.strongest, self.feature) = (push, feature);
        }
    }
}

/// The group of each feature by its number; `None` for features that are not wanted.
fn groups<'a>(features: &'a [Feature], which: Which) -> Vec<Option<usize>> {
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    let mut count = 0;
    let group = |feature: &'a Feature| {
        let wanted = match which {
            Which::All => true,
            Which::Actionable => feature.actionable,
            Which::Fixed => !feature.actionable,
        };
        if !wanted {
            return None;
        }
        let next = count;
        let own = if feature.group.is_empty() { next } else { *known.entry(feature.group.as_str()).or_insert(next) };
        count += usize::from(own == next);
        Some(own)
    };
    features.iter().map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn features(groups: &[&str]) -> Vec<Feature> {
        let feature = |(index, group): (usize, &&str)| Feature {
            name: format!("f{index}"),
            label: format!("f{index}"),
            unit: None,
            group: (*group).to_owned(),
            actionable: index % 2 == 1,
            categories: Vec::new(),
        };
        groups.iter().enumerate().map(feature).collect()
    }

    fn codes(reasons: &[Reason]) -> Vec<u32> {
        reasons.iter().map(|reason| reason.feature).collect()
    }

    #[test]
    fn reasons_push_the_right_way_and_groups_are_told_once() {
        let features = features(&["orders", "orders", "money", "", ""]);
        #[rustfmt::skip]
        let contributions = [
            0.5, 0.6, -0.1, 0.3, 0.2,   // orders together 1.1, told by the second
            -0.75, 0.5, 0.4, 0.4, -0.25, // orders cancel out; ties go to the first
            -0.1, -0.1, 0.0, -0.1, 0.0, // nothing pushes
        ];
        let found = top(&features, &contributions, 3, Toward::Outcome, Which::All).unwrap();
        assert_eq!(codes(found.row(0)), [1, 3, 4]);
        assert!((found.row(0)[0].contribution - 1.1).abs() < 1e-6);
        assert_eq!(codes(found.row(1)), [2, 3]);
        assert!(found.row(2).is_empty() && found.row(3).is_empty());
        let against = top(&features, &contributions, 1, Toward::NoOutcome, Which::All).unwrap();
        assert_eq!((codes(against.row(1)), codes(against.row(2))), (vec![0], vec![0]));
        let ours = top(&features, &contributions, 3, Toward::Outcome, Which::Actionable).unwrap();
        assert_eq!((codes(ours.row(0)), codes(ours.row(1))), (vec![1, 3], vec![1, 3]));
        let fixed = top(&features, &contributions, 3, Toward::Outcome, Which::Fixed).unwrap();
        assert_eq!(codes(fixed.row(0)), [0, 4]);
        assert!(top(&features, &contributions[1..], 3, Toward::Outcome, Which::All).is_err());
    }

    #[test]
    fn threads_do_not_show() {
        let features = features(&["a", "b", "a", "", "c"]);
        let contributions: Vec<f64> =
            (0..50_000_u32).map(|n| f64::from(n.wrapping_mul(2_654_435_761) % 1_000) - 500.0).collect();
        let results = [1, 2, 8].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| top(&features, &contributions, 3, Toward::Outcome, Which::All).unwrap())
        });
        assert!(results[0] == results[1] && results[1] == results[2]);
    }

    proptest! {
        #[test]
        fn reasons_fall_in_strength_and_differ_in_group(values in prop::collection::vec(-2_i8..=2, 30)) {
            let features = features(&["a", "a", "b", "b", "", "c"]);
            let contributions: Vec<f64> = values.iter().map(|value| f64::from(*value)).collect();
            let found = top(&features, &contributions, 4, Toward::Outcome, Which::All).unwrap();
            for (row, own) in contributions.chunks(6).enumerate() {
                let reasons = found.row(row);
                prop_assert!(reasons.windows(2).all(|pair| pair[0].contribution >= pair[1].contribution));
                prop_assert!(reasons.iter().all(|reason| own[reason.feature as usize] > 0.0 && reason.contribution > 0.0));
                let nets = [own[0] + own[1], own[2] + own[3], own[4], own[5]];
                prop_assert_eq!(reasons.len(), nets.iter().filter(|net| **net > 0.0).count());
            }
        }
    }
}
