//! What is more or less common in a segment than outside it, with intervals, and what of it is real and large enough to matter.

use mercer_base::{Error, Result};
use mercer_stats::multiple::benjamini_hochberg;
use mercer_stats::quantile;
use mercer_stats::two_groups::{Count, Superiority, share_difference_interval, share_difference_p_value, superiority};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::attributes::{Attribute, Values};

/// When a difference is called a trait.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Confidence of all intervals.
    pub confidence: f64,
    /// Expected share of false ones among the differences called real, over all segments and attributes at once.
    pub false_discovery_rate: f64,
    /// Least [`Trait::strength`]: with many customers every difference is real, but a small one says nothing.
    pub least_strength: f64,
    /// Least difference between the share of a level inside and outside, beside the strength.
    pub least_share_difference: f64,
}

impl Default for Settings {
    fn default() -> Self {
        // Strength 0.15 is Cliff's delta of a small effect (Romano et al. 2006: 0.147).
        Self { confidence: 0.95, false_discovery_rate: 0.05, least_strength: 0.15, least_share_difference: 0.05 }
    }
}

/// What a segment is like beside all other customers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// The segment.
    pub segment: u32,
    /// How many customers it has.
    pub customers: u64,
    /// Their share of all customers.
    pub share: f64,
    /// Everything compared, strongest first; see [`Profile::traits`] for what may be called particular.
    pub compared: Vec<Trait>,
}

impl Profile {
    /// What is particular about the segment: real at the false-discovery rate and large enough, strongest first.
    pub fn traits(&self) -> impl Iterator<Item = &Trait> {
        self.compared.iter().filter(|compared| compared.is_particular)
    }
}

/// An attribute, or a level of one, compared between a segment and all other customers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trait {
    /// Name of the attribute.
    pub attribute: String,
    /// The figures.
    pub figures: Figures,
    /// How large the difference is, from −1 to 1, whatever the unit: for numbers Cliff's delta, 2 · superiority − 1; for a level
    /// half of Cohen's h, which is the difference of the shares around one half and more at the ends.
    /// Positive where the segment has more.
    pub strength: f64,
    /// Two-sided p-value of no difference: Mann–Whitney for numbers, Fisher or chi-squared for levels.
    pub p_value: f64,
    /// False-discovery rate at which it is called real, over all segments and attributes (Benjamini–Hochberg).
    pub q_value: f64,
    /// Whether it is real and large enough to be called a trait of the segment.
    pub is_particular: bool,
}

/// The figures of a comparison. Customers without a value are left out of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Figures {
    /// Of a numeric attribute, in its own unit.
    Number(Number),
    /// Of a level of a category.
    Level(Level),
}

/// A number inside and outside a segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Number {
    /// Mean inside.
    pub mean: f64,
    /// Mean outside.
    pub mean_outside: f64,
    /// Median inside.
    pub median: f64,
    /// Median outside.
    pub median_outside: f64,
    /// Difference of the means in pooled standard deviations (Cohen's d).
    pub standardised_difference: f64,
    /// Its interval (large-sample: Hedges & Olkin 1985, eq. 5.14). Outliers move it; `superiority` is robust to them.
    pub standardised_interval: (f64, f64),
    /// Probability that a random customer inside has more than a random one outside, ties counting half.
    pub superiority: f64,
    /// Its interval.
    pub superiority_interval: (f64, f64),
    /// Whether all values are whole numbers.
    pub whole: bool,
    /// Least and largest value over all customers.
    pub range: (f64, f64),
}

/// A level inside and outside a segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// The level.
    pub level: String,
    /// How many levels the attribute has.
    pub levels: u32,
    /// Share with it inside.
    pub share: f64,
    /// Share with it among all customers.
    pub share_of_all: f64,
    /// Share with it outside.
    pub share_outside: f64,
    /// 100 × share inside / share of all: 200 is twice as common as on the average.
    pub index: f64,
    /// Interval of the difference, share inside less share outside (Newcombe).
    pub difference_interval: (f64, f64),
}

/// Compares every segment with all customers outside it in every attribute: `labels[row]`, each below `segments`.
///
/// Intervals have `settings.confidence` each; p-values are corrected over everything compared at once. Numbers that do not vary,
/// and segments of fewer than two customers with a value (or all of them), have nothing to compare and are left out.
///
/// Note that segments made from the same attributes differ in these by construction: the p-values then say that a difference is
/// no accident of few customers, not that the segments exist.
///
/// # Errors
/// Attributes of another length than the labels, or labels beyond `segments`.
pub fn profiles(attributes: &[Attribute], labels: &[u32], segments: u32, settings: &Settings) -> Result<Vec<Profile>> {
    if let Some(uneven) = attributes.iter().find(|attribute| attribute.len() != labels.len()) {
        let (has, needs) = (uneven.len(), labels.len());
        return Err(Error::data(format!("attribute {} has {has} values for {needs} customers", uneven.name)));
    }
    if let Some(beyond) = labels.iter().find(|label| **label >= segments) {
        return Err(Error::data(format!("segment {beyond} is not one of {segments}")));
    }
    let compare = |attribute: &Attribute| match &attribute.values {
        Values::Numbers(values) => numbers(&attribute.name, values, labels, segments as usize, settings),
        Values::Categories { codes, levels } => {
            categories(&attribute.name, codes, levels, labels, segments as usize, settings)
        }
    };
    let mut compared: Vec<(usize, Trait)> = attributes.par_iter().map(compare).collect::<Vec<_>>().concat();
    let p_values: Vec<f64> = compared.iter().map(|(_, compared)| compared.p_value).collect();
    for ((_, compared), q_value) in compared.iter_mut().zip(benjamini_hochberg(&p_values)) {
        compared.q_value = q_value;
        let far_enough = match &compared.figures {
            Figures::Number(_) => true,
            Figures::Level(level) => (level.share - level.share_outside).abs() >= settings.least_share_difference,
        };
        compared.is_particular = q_value <= settings.false_discovery_rate
            && compared.strength.abs() >= settings.least_strength
            && far_enough;
    }
    let mut profiles: Vec<Profile> = (0..segments)
        .map(|segment| {
            let customers = labels.iter().filter(|label| **label == segment).count() as u64;
            let share = if labels.is_empty() { 0.0 } else { customers as f64 / labels.len() as f64 };
            Profile { segment, customers, share, compared: Vec::new() }
        })
        .collect();
    for (segment, compared) in compared {
        if let Some(profile) = profiles.get_mut(segment) {
            profile.compared.push(compared);
        }
    }
    for profile in &mut profiles {
        profile.compared.sort_by(|a, b| b.strength.abs().total_cmp(&a.strength.abs()));
    }
    Ok(profiles)
}

fn numbers(name: &str, values: &[f64], labels: &[u32], segments: usize, settings: &Settings) -> Vec<(usize, Trait)> {
    let mut sorted: Vec<(f64, usize)> = values
        .iter()
        .zip(labels)
        .filter(|(value, _)| value.is_finite())
        .map(|(value, label)| (*value, *label as usize))
        .collect();
    sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else { return Vec::new() };
    let range = (first.0, last.0);
    if range.0 >= range.1 {
        return Vec::new();
    }
    let whole = sorted.iter().all(|(value, _)| value.fract() == 0.0);
    let finite: Vec<f64> = values.iter().map(|value| if value.is_finite() { *value } else { f64::NAN }).collect();
    let found = superiority(&finite, labels, segments, settings.confidence);
    let z = mercer_stats::special::normal_quantile(0.5 + settings.confidence / 2.0);
    (0..segments)
        .filter_map(|segment| {
            let Superiority { probability, interval, p_value } = found.get(segment).copied().flatten()?;
            let of = |inside: bool| -> Vec<f64> {
                sorted.iter().filter(|(_, label)| (*label == segment) == inside).map(|(value, _)| *value).collect()
            };
            let (inside, outside) = (of(true), of(false));
            let (mean, variance) = moments(&inside);
            let (mean_outside, variance_outside) = moments(&outside);
            let (n, m) = (inside.len() as f64, outside.len() as f64);
            let pooled = (((n - 1.0) * variance + (m - 1.0) * variance_outside) / (n + m - 2.0)).sqrt();
            let difference = if pooled > 0.0 { (mean - mean_outside) / pooled } else { 0.0 };
            let error = (1.0 / n + 1.0 / m + difference * difference / (2.0 * (n + m))).sqrt();
            let figures = Figures::Number(Number {
                mean,
                mean_outside,
                median: quantile(&inside, 0.5),
                median_outside: quantile(&outside, 0.5),
                standardised_difference: difference,
                standardised_interval: (difference - z * error, difference + z * error),
                superiority: probability,
                superiority_interval: (interval.low, interval.high),
                whole,
                range,
            });
            Some((segment, compared(name, figures, 2.0 * probability - 1.0, p_value)))
        })
        .collect()
}

fn compared(name: &str, figures: Figures, strength: f64, p_value: f64) -> Trait {
    Trait { attribute: name.to_owned(), figures, strength, p_value, q_value: f64::NAN, is_particular: false }
}

/// Mean and variance (divisor n − 1).
fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0))
}

fn categories(
    name: &str,
    codes: &[u32],
    levels: &[String],
    labels: &[u32],
    segments: usize,
    settings: &Settings,
) -> Vec<(usize, Trait)> {
    let mut counts = vec![0_u64; segments * levels.len()];
    for (code, label) in codes.iter().zip(labels) {
        if (*code as usize) < levels.len() {
            counts[*label as usize * levels.len() + *code as usize] += 1;
        }
    }
    let of_segment = |segment: usize| counts[segment * levels.len()..(segment + 1) * levels.len()].iter().sum::<u64>();
    let all: u64 = counts.iter().sum();
    let used =
        (0..levels.len()).filter(|level| counts.iter().skip(*level).step_by(levels.len()).any(|count| *count > 0));
    let level_count = u32::try_from(used.clone().count()).unwrap_or(u32::MAX);
    let mut found = Vec::new();
    for level in used {
        let with: u64 = counts.iter().skip(level).step_by(levels.len()).sum();
        if with == all {
            continue;
        }
        for segment in 0..segments {
            let inside = Count { successes: counts[segment * levels.len() + level], trials: of_segment(segment) };
            let outside = Count { successes: with - inside.successes, trials: all - inside.trials };
            if inside.trials < 2 || outside.trials < 2 {
                continue;
            }
            let Some(interval) = share_difference_interval(inside, outside, settings.confidence) else { continue };
            let share_of_all = with as f64 / all as f64;
            let (share, share_outside) = (inside.share(), outside.share());
            // Cohen's h (1988, chapter 6) is 2 (asin √p − asin √q).
            let strength = (share.sqrt().asin() - share_outside.sqrt().asin()).clamp(-1.0, 1.0);
            let figures = Figures::Level(Level {
                level: levels[level].clone(),
                levels: level_count,
                share,
                share_of_all,
                share_outside,
                index: 100.0 * share / share_of_all,
                difference_interval: (interval.low, interval.high),
            });
            found.push((segment, compared(name, figures, strength, share_difference_p_value(inside, outside))));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn numbers(name: &str, values: Vec<f64>) -> Attribute {
        Attribute { name: name.into(), values: Values::Numbers(values) }
    }

    fn levels(name: &str, codes: Vec<u32>) -> Attribute {
        Attribute {
            name: name.into(),
            values: Values::Categories { codes, levels: vec!["flat".into(), "house".into()] },
        }
    }

    #[test]
    fn figures_of_a_small_table() {
        let attributes = [
            numbers("orders", vec![1.0, 2.0, 3.0, 4.0, 6.0, f64::NAN]),
            levels("housing", vec![0, 0, 1, 1, 1, u32::MAX]),
        ];
        let found = profiles(&attributes, &[0, 0, 0, 1, 1, 1], 2, &Settings::default()).unwrap();
        assert_eq!((found[1].customers, found[1].share, found[1].compared.len()), (3, 0.5, 3));
        let of = |name: &str| found[1].compared.iter().find(|compared| compared.attribute == name).unwrap();
        let Figures::Number(orders) = &of("orders").figures else { panic!() };
        assert_eq!((orders.mean, orders.mean_outside, orders.median, orders.median_outside), (5.0, 2.0, 5.0, 2.0));
        assert_eq!((orders.superiority, of("orders").strength), (1.0, 1.0));
        // Pooled variance ((2 − 1) · 2 + (3 − 1) · 1) / 3.
        assert!((orders.standardised_difference - 3.0 / (4.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        let house = found[1].compared.iter().find_map(|compared| match &compared.figures {
            Figures::Level(level) if level.level == "house" => Some(level),
            _ => None,
        });
        let house = house.unwrap();
        assert_eq!((house.share, house.share_of_all, house.levels), (1.0, 0.6, 2));
        assert!((house.index - 100.0 / 0.6).abs() < 1e-12 && (house.share_outside - 1.0 / 3.0).abs() < 1e-12);
        // Five customers prove nothing.
        assert_eq!(found[1].traits().count(), 0);
    }

    #[test]
    fn nothing_is_particular_where_segments_are_drawn_at_random() {
        // At a false-discovery rate of 5 % no more than 5 % of worlds may have a false report; the threshold of strength leaves
        // next to none of these.
        for seed in 0..30 {
            let mut dice = ChaCha8Rng::seed_from_u64(seed);
            let labels: Vec<u32> = (0..2_000).map(|_| dice.random_range(0..4)).collect();
            let mut attributes: Vec<Attribute> = (0..8)
                .map(|n| {
                    numbers(&format!("n{n}"), (0..2_000).map(|_| dice.random_range(0.0_f64..1.0).powi(4)).collect())
                })
                .collect();
            attributes.push(levels("housing", (0..2_000).map(|_| dice.random_range(0..2)).collect()));
            let found = profiles(&attributes, &labels, 4, &Settings::default()).unwrap();
            assert_eq!(found.iter().map(|profile| profile.traits().count()).sum::<usize>(), 0, "{seed}");
        }
    }

    #[test]
    fn a_real_but_tiny_difference_is_no_trait() {
        let mut dice = ChaCha8Rng::seed_from_u64(1);
        let labels: Vec<u32> = (0..100_000).map(|row| row % 2).collect();
        let values = labels.iter().map(|label| dice.random_range(0.0..1.0) + 0.03 * f64::from(*label)).collect();
        let found = profiles(&[numbers("sales", values)], &labels, 2, &Settings::default()).unwrap();
        let sales = &found[1].compared[0];
        assert!(sales.q_value < 1e-6 && sales.strength > 0.0 && !sales.is_particular, "{sales:?}");
    }

    #[test]
    fn tables_that_do_not_fit_are_refused() {
        assert!(profiles(&[numbers("a", vec![1.0])], &[0, 0], 1, &Settings::default()).is_err());
        assert!(profiles(&[numbers("a", vec![1.0])], &[1], 1, &Settings::default()).is_err());
        assert!(profiles(&[], &[], 0, &Settings::default()).unwrap().is_empty());
    }

    proptest! {
        #[test]
        fn figures_are_always_in_their_bounds(
            rows in prop::collection::vec((prop::num::f64::ANY, 0_u32..4, 0_u32..3), 1..60),
        ) {
            let attributes = [
                numbers("a", rows.iter().map(|row| row.0).collect()),
                levels("b", rows.iter().map(|row| if row.1 > 1 { u32::MAX } else { row.1 }).collect()),
            ];
            let labels: Vec<u32> = rows.iter().map(|row| row.2).collect();
            for profile in profiles(&attributes, &labels, 3, &Settings::default()).unwrap() {
                for compared in &profile.compared {
                    prop_assert!((-1.0..=1.0).contains(&compared.strength));
                    prop_assert!(compared.p_value <= compared.q_value && compared.q_value <= 1.0);
                    if let Figures::Level(level) = &compared.figures {
                        prop_assert!(level.difference_interval.0 <= level.share - level.share_outside);
                        prop_assert!((0.0..=1.0).contains(&level.share) && level.index >= 0.0);
                    }
                }
                let strengths: Vec<f64> = profile.compared.iter().map(|compared| compared.strength.abs()).collect();
                prop_assert!(strengths.is_sorted_by(|a, b| a >= b));
            }
        }
    }
}
