//! Preparation: from attributes in their own units to points of one scale, by a plan that is fitted once and kept with the model.

use std::collections::BTreeMap;

use mercer_base::frame::NO_WORD;
use mercer_base::{Error, Result};
use mercer_stats::quantile;
use serde::{Deserialize, Serialize};

use crate::attributes::{Attribute, Values};
use crate::params::{Algorithm, Log, Outliers, Params, Scale};
use crate::purchases::{FREQUENCY, RECENCY};
use crate::space::Space;

/// Skewness above which a number's logarithm is tried.
const SKEWED: f64 = 1.0;
/// Robust standard deviations beyond which a value is an outlier.
const FAR_OFF: f64 = 10.0;
/// The median of absolute deviations of a standard normal distribution, and half its interquartile range.
const NORMAL_QUARTILE: f64 = 0.674_489_750_196_082;
/// Share of customers below which a level is put to the others.
const RARE: f64 = 0.02;
/// Levels of a category that can shape segments at the most; those beyond describe them only.
const MOST_LEVELS: usize = 12;
/// Share of missing values beyond which an attribute cannot shape segments.
const MOST_MISSING: f64 = 0.5;
/// Association (Cramér's V, correlation ratio) below which two attributes have nothing to do with each other.
const UNRELATED: f64 = 0.15;
/// Cost of a mismatch at the most; two numbers drawn at random are at a mean squared distance of 2.
const MOST_MISMATCH: f64 = 2.0;

/// How attributes become points.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Preparation {
    /// Numbers that shape the segments.
    pub numbers: Vec<NumberPlan>,
    /// Categories that shape the segments.
    pub categories: Vec<CategoryPlan>,
    /// Attributes that do not, and why.
    pub left_out: Vec<LeftOut>,
}

/// How a number is brought to the common scale: `(clip(transform(value)) − centre) / scale`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NumberPlan {
    /// The attribute.
    pub name: String,
    /// Whether its logarithm is taken: `sign(x) ln(1 + |x|)`.
    pub log: bool,
    /// Lower and upper end, after the logarithm, to which values beyond are moved.
    pub clip: Option<(f64, f64)>,
    /// What becomes 0.
    pub centre: f64,
    /// What becomes 1.
    pub scale: f64,
    /// Share of customers without a value.
    pub missing: f64,
}

/// How a category enters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CategoryPlan {
    /// The attribute.
    pub name: String,
    /// The levels, the most frequent first.
    pub levels: Vec<String>,
    /// Whether rare and unknown levels share one more level.
    pub others: bool,
    /// What a mismatch costs in squared distance.
    pub weight: f64,
    /// Share of customers without a value.
    pub missing: f64,
}

/// An attribute that does not shape the segments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Its name.
    pub name: String,
    /// Why.
    pub reason: String,
}

impl NumberPlan {
    fn transform(&self, value: f64) -> f64 {
        let value = if self.log { signed_log(value) } else { value };
        let value = self.clip.map_or(value, |(low, high)| value.clamp(low, high));
        (value - self.centre) / self.scale
    }
}

impl Preparation {
    /// Finds the plan for `attributes`.
    ///
    /// # Errors
    /// When the grid is wanted and recency or frequency is not among them.
    pub(crate) fn fit(params: &Params, attributes: &[Attribute]) -> Result<Self> {
        if params.algorithm == Algorithm::Rfm {
            return grid(attributes);
        }
        let mut plan = Self::default();
        let mut found = Vec::new();
        for attribute in attributes {
            let wanted = params.attributes.is_empty() || params.attributes.contains(&attribute.name);
            if !wanted {
                plan.leave_out(attribute, "not among the attributes asked for");
                continue;
            }
            match plan_of(params, attribute) {
                Ok(planned) => found.push((attribute, planned)),
                Err(reason) => plan.leave_out(attribute, reason),
            }
        }
        if params.attributes.is_empty() {
            found = plan.without_lone_categories(found);
        }
        for (_, planned) in found {
            match planned {
                Planned::Number(number) => plan.numbers.push(number),
                Planned::Category(category) => plan.categories.push(category),
            }
        }
        Ok(plan)
    }

    /// A plan that takes these numbers as they are.
    pub(crate) fn as_is(attributes: &[&Attribute]) -> Self {
        let number = |attribute: &&Attribute| NumberPlan {
            name: attribute.name.clone(),
            log: false,
            clip: None,
            centre: 0.0,
            scale: 1.0,
            missing: 0.0,
        };
        Self { numbers: attributes.iter().map(number).collect(), ..Self::default() }
    }

    fn leave_out(&mut self, attribute: &Attribute, reason: impl Into<String>) {
        self.left_out.push(LeftOut { name: attribute.name.clone(), reason: reason.into() });
    }

    /// Sets aside categories that have nothing to do with any other attribute: they cannot be part of a kind of customer, yet
    /// k-prototypes would part customers by them. Where there is nothing else, they stay.
    fn without_lone_categories<'a>(&mut self, found: Vec<(&'a Attribute, Planned)>) -> Vec<(&'a Attribute, Planned)> {
        if found.len() < 3 {
            return found;
        }
        let classes: Vec<Vec<u32>> = found.iter().map(|(attribute, planned)| classes(attribute, planned)).collect();
        let is_lone = |index: usize| {
            matches!(found[index].1, Planned::Category(_))
                && (0..found.len())
                    .all(|other| other == index || cramers_v(&classes[index], &classes[other]) < UNRELATED)
        };
        let lone: Vec<bool> = (0..found.len()).map(is_lone).collect();
        if lone.iter().all(|lone| *lone) {
            return found;
        }
        let mut kept = Vec::new();
        for ((attribute, planned), lone) in found.into_iter().zip(lone) {
            if lone {
                self.leave_out(attribute, "has nothing to do with any other attribute");
            } else {
                kept.push((attribute, planned));
            }
        }
        kept
    }

    /// Whether nothing shapes the segments.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty() && self.categories.is_empty()
    }

    /// Names of the attributes that shape the segments.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let numbers = self.numbers.iter().map(|number| number.name.as_str());
        numbers.chain(self.categories.iter().map(|category| category.name.as_str()))
    }

    /// Brings attributes to the common scale. Attributes that are not there are missing for everybody.
    pub(crate) fn apply(&self, attributes: &[Attribute], rows: usize) -> Space {
        let by_name: BTreeMap<&str, &Attribute> =
            attributes.iter().map(|attribute| (attribute.name.as_str(), attribute)).collect();
        let mut space = Space::new(rows, self.numbers.len(), &self.categories);
        for (column, number) in self.numbers.iter().enumerate() {
            match by_name.get(number.name.as_str()).map(|attribute| &attribute.values) {
                Some(Values::Numbers(values)) => {
                    space.set_numbers(column, values.iter().map(|value| number.transform(*value)));
                }
                _ => space.set_numbers(column, std::iter::repeat_n(f64::NAN, rows)),
            }
        }
        for (column, category) in self.categories.iter().enumerate() {
            let codes = by_name.get(category.name.as_str()).map(|attribute| codes_of(attribute, category));
            space.set_codes(column, &codes.unwrap_or_else(|| vec![NO_WORD; rows]));
        }
        space
    }
}

/// Recency and frequency as they are, for the grid.
fn grid(attributes: &[Attribute]) -> Result<Preparation> {
    let find = |names: &[&str]| {
        let is_one = |attribute: &&Attribute| names.iter().any(|name| attribute.name.eq_ignore_ascii_case(name));
        attributes.iter().filter(|attribute| matches!(attribute.values, Values::Numbers(_))).find(is_one)
    };
    let recency = find(&[RECENCY, "recency", "recency_days", "days since last purchase"]);
    let frequency = find(&[FREQUENCY, "frequency", "purchases", "transactions"]);
    let (Some(recency), Some(frequency)) = (recency, frequency) else {
        return Err(Error::data("the RFM grid needs the attributes recency (days) and frequency")
            .with_hint("give it purchases, or a table with columns recency and frequency"));
    };
    Ok(Preparation::as_is(&[recency, frequency]))
}

enum Planned {
    Number(NumberPlan),
    Category(CategoryPlan),
}

fn plan_of(params: &Params, attribute: &Attribute) -> Result<Planned, String> {
    let rows = attribute.len();
    let missing = (0..rows).filter(|row| attribute.is_missing(*row)).count();
    let share = missing as f64 / rows.max(1) as f64;
    if missing == rows {
        return Err("has no values".to_owned());
    }
    if share > MOST_MISSING {
        return Err(format!("is missing for {:.0} % of customers", share * 100.0));
    }
    match &attribute.values {
        Values::Numbers(values) => {
            let known: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
            let distinct = few_distinct(&known);
            if distinct.len() == 1 {
                return Err("has the same value for everybody".to_owned());
            }
            if looks_like_id(&attribute.name, &known) {
                return Err("is a number that names each customer, not a measure".to_owned());
            }
            if distinct.len() == 2 {
                let levels: Vec<String> = distinct.iter().map(|value| written(*value)).collect();
                let codes = known.iter().map(|value| u32::from(*value == distinct[1]));
                return category_plan(attribute, &levels, codes, share).map(Planned::Category);
            }
            number_plan(params, &attribute.name, known, share).map(Planned::Number)
        }
        Values::Categories { codes, levels } => {
            let codes = codes.iter().copied().filter(|code| *code != NO_WORD);
            category_plan(attribute, levels, codes, share).map(Planned::Category)
        }
    }
}

/// The first three distinct values in rising order; two or fewer where there are no more.
fn few_distinct(values: &[f64]) -> Vec<f64> {
    let mut distinct: Vec<f64> = Vec::new();
    for value in values {
        // 0 and −0 are one value.
        if !distinct.iter().any(|known| known == value) {
            distinct.push(*value);
            if distinct.len() > 2 {
                break;
            }
        }
    }
    distinct.sort_unstable_by(f64::total_cmp);
    distinct
}

/// A number as a level: `0`, `1`, `2.5`.
pub(crate) fn written(value: f64) -> String {
    // Without the sign of nought.
    format!("{}", value + 0.0)
}

/// Whether numbers are names: whole, each once, under a name that says so.
fn looks_like_id(name: &str, values: &[f64]) -> bool {
    let lower = name.to_lowercase();
    let named = ["id", "key", "number", "nr", "no", "code", "index"].iter().any(|ending| {
        lower == *ending
            || lower.strip_suffix(ending).is_some_and(|head| head.ends_with(['_', ' ', '-', '.']))
            || (*ending == "id" && name.ends_with("ID"))
    });
    if !named || values.iter().any(|value| value.fract() != 0.0) {
        return false;
    }
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.windows(2).all(|pair| pair[0] < pair[1])
}

fn number_plan(params: &Params, name: &str, mut values: Vec<f64>, missing: f64) -> Result<NumberPlan, String> {
    values.sort_unstable_by(f64::total_cmp);
    let raw = skewness(&values);
    let logs: Vec<f64> = values.iter().map(|value| signed_log(*value)).collect();
    let log = params.log == Log::Auto && raw > SKEWED && skewness(&logs).abs() < raw;
    if log {
        // The logarithm keeps the order.
        values = logs;
    }
    let quartiles = (quantile(&values, 0.25), quantile(&values, 0.75));
    let robust = (quartiles.1 - quartiles.0) / (2.0 * NORMAL_QUARTILE);
    let median = quantile(&values, 0.5);
    let mut clip = None;
    if params.outliers == Outliers::Clip && robust > 0.0 {
        let (low, high) = (median - FAR_OFF * robust, median + FAR_OFF * robust);
        let ends = (values.first().copied().unwrap_or(low), values.last().copied().unwrap_or(high));
        if ends.0 < low || ends.1 > high {
            clip = Some((low, high));
            values.iter_mut().for_each(|value| *value = value.clamp(low, high));
        }
    }
    let (mean, deviation) = mean_and_deviation(&values);
    let (centre, scale) = match params.scale {
        Scale::Standard => (mean, deviation),
        Scale::Robust if robust > 0.0 => (median, robust),
        Scale::Robust => (median, deviation),
        Scale::None => (0.0, 1.0),
    };
    // Differences that are lost in rounding are no differences.
    if !(scale.is_finite() && scale > mean.abs() * 1e-12 && scale > f64::MIN_POSITIVE) {
        return Err("has about the same value for everybody".to_owned());
    }
    Ok(NumberPlan { name: name.to_owned(), log, clip, centre, scale, missing })
}

fn category_plan(
    attribute: &Attribute,
    levels: &[String],
    codes: impl Iterator<Item = u32>,
    missing: f64,
) -> Result<CategoryPlan, String> {
    let mut counts = vec![0_usize; levels.len()];
    let mut known = 0_usize;
    for code in codes {
        if let Some(count) = counts.get_mut(code as usize) {
            *count += 1;
            known += 1;
        }
    }
    let used = counts.iter().filter(|count| **count > 0).count();
    if used == 1 {
        return Err("has the same value for everybody".to_owned());
    }
    let mut order: Vec<usize> = (0..levels.len()).filter(|level| counts[*level] > 0).collect();
    order.sort_by(|a, b| counts[*b].cmp(&counts[*a]).then(levels[*a].cmp(&levels[*b])));
    let least = RARE * known as f64;
    let mut common: Vec<usize> = order.iter().copied().filter(|level| counts[*level] as f64 >= least).collect();
    if common.len() + 1 == order.len() {
        // One rare level alone keeps its name.
        common.clone_from(&order);
    }
    if common.is_empty()
        || common.len() > MOST_LEVELS
        || common.iter().map(|level| counts[*level]).sum::<usize>() * 2 < known
    {
        return Err(if used * 2 > known {
            "names single customers".to_owned()
        } else {
            format!("has {used} different values, too many to be a kind of customer")
        });
    }
    let others = common.len() < order.len();
    let shares = common.iter().map(|level| counts[*level] as f64 / known as f64);
    let covered: f64 = shares.clone().sum();
    // The chance that two customers differ (Gini's index of diversity).
    let diversity = 1.0 - shares.map(|share| share * share).sum::<f64>() - (1.0 - covered).powi(2);
    if diversity < RARE / 2.0 {
        return Err(format!("is {} for nearly everybody", levels[common[0]]));
    }
    Ok(CategoryPlan {
        name: attribute.name.clone(),
        levels: common.iter().map(|level| levels[*level].clone()).collect(),
        others,
        weight: (1.0 / diversity).min(MOST_MISMATCH),
        missing,
    })
}

/// The codes of a category under its plan; missing ones stay [`NO_WORD`].
fn codes_of(attribute: &Attribute, plan: &CategoryPlan) -> Vec<u32> {
    let other = if plan.others { u32::try_from(plan.levels.len()).unwrap_or(NO_WORD) } else { NO_WORD };
    let code_of = |level: &str| {
        let at = plan.levels.iter().position(|known| known == level);
        at.and_then(|at| u32::try_from(at).ok()).unwrap_or(other)
    };
    match &attribute.values {
        Values::Categories { codes, levels } => {
            let map: Vec<u32> = levels.iter().map(|level| code_of(level)).collect();
            codes.iter().map(|code| map.get(*code as usize).copied().unwrap_or(NO_WORD)).collect()
        }
        Values::Numbers(values) => {
            values.iter().map(|value| if value.is_nan() { NO_WORD } else { code_of(&written(*value)) }).collect()
        }
    }
}

/// An attribute in a few classes, to see whether it goes together with another: levels, or fifths of a number.
fn classes(attribute: &Attribute, planned: &Planned) -> Vec<u32> {
    match (planned, &attribute.values) {
        (Planned::Category(plan), _) => codes_of(attribute, plan),
        (Planned::Number(_), Values::Numbers(values)) => {
            let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
            sorted.sort_unstable_by(f64::total_cmp);
            let cuts = [0.2, 0.4, 0.6, 0.8].map(|share| quantile(&sorted, share));
            let class = |value: &f64| {
                if value.is_nan() { NO_WORD } else { cuts.iter().map(|cut| u32::from(value > cut)).sum() }
            };
            values.iter().map(class).collect()
        }
        (Planned::Number(_), Values::Categories { codes, .. }) => codes.clone(),
    }
}

/// Cramér's V of two classifications, corrected for chance (Bergsma 2013); rows where either is missing do not count.
fn cramers_v(a: &[u32], b: &[u32]) -> f64 {
    let size = |codes: &[u32]| codes.iter().filter(|code| **code != NO_WORD).max().map_or(0, |most| *most as usize + 1);
    let (rows, columns) = (size(a), size(b));
    let mut counts = vec![0.0; rows * columns];
    for (a, b) in a.iter().zip(b).filter(|(a, b)| **a != NO_WORD && **b != NO_WORD) {
        counts[*a as usize * columns + *b as usize] += 1.0;
    }
    let n: f64 = counts.iter().sum();
    if n < 2.0 {
        return 0.0;
    }
    let row_sums: Vec<f64> = counts.chunks(columns).map(|row| row.iter().sum()).collect();
    let column_sums: Vec<f64> = (0..columns).map(|column| counts.iter().skip(column).step_by(columns).sum()).collect();
    let mut chi = 0.0;
    for (row, row_sum) in row_sums.iter().enumerate() {
        for (column, column_sum) in column_sums.iter().enumerate() {
            let expected = row_sum * column_sum / n;
            if expected > 0.0 {
                chi += (counts[row * columns + column] - expected).powi(2) / expected;
            }
        }
    }
    let used = |sums: &[f64]| sums.iter().filter(|sum| **sum > 0.0).count() as f64;
    let (r, c) = (used(&row_sums), used(&column_sums));
    let phi = (chi / n - (r - 1.0) * (c - 1.0) / (n - 1.0)).max(0.0);
    let (r, c) = (r - (r - 1.0).powi(2) / (n - 1.0), c - (c - 1.0).powi(2) / (n - 1.0));
    let most = r.min(c) - 1.0;
    if most > 0.0 { (phi / most).sqrt() } else { 0.0 }
}

fn signed_log(value: f64) -> f64 {
    value.abs().ln_1p().copysign(value)
}

/// Mean and standard deviation (over n).
fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n;
    (mean, variance.sqrt())
}

/// Third standardised moment.
fn skewness(values: &[f64]) -> f64 {
    let (mean, deviation) = mean_and_deviation(values);
    if deviation > 0.0 {
        values.iter().map(|value| ((value - mean) / deviation).powi(3)).sum::<f64>() / values.len() as f64
    } else {
        0.0
    }
}
