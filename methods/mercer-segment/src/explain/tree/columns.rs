//! Attributes as bins with the cuts that may part them, and the sides rows take at a question.

use mercer_base::frame::NO_WORD;
use mercer_base::{Error, Result};
use mercer_stats::dense::Square;

use super::numbers::{digits, roundest};
use super::{Question, Test};
use crate::attributes::{Attribute, Values};

/// Thresholds of a number that are considered: at this many quantiles.
const FINE_CUTS: usize = 200;
/// Thresholds of a number the search for the shape of the tree looks at.
const COARSE_CUTS: usize = 20;
/// Levels of a category that may be named; rarer ones count as the rest. A cut is a set of 64 bits.
const NAMED_LEVELS: usize = 48;
/// A condition names at most this many levels.
const LEVELS_IN_A_RULE: usize = 3;
/// The attributes that say most about the segments go on; the search looks at fewer than the later improvement.
const KEPT_COLUMNS: usize = 12;

/// What goes left at a cut.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Left {
    /// Bins up to this one.
    UpTo(u16),
    /// The bins whose bit is set.
    Among(u64),
}

/// A way to part the bins of a column in two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cut {
    pub left: Left,
    pub missing_left: bool,
    /// How hard it is to remember: significant digits of the threshold, or levels named.
    pub length: u32,
}

/// Bins of rows and the cuts between them.
#[derive(Debug, Clone)]
pub(super) struct Binned {
    /// Bin of each row; `count` where the value is missing.
    pub bins: Vec<u16>,
    /// How many bins there are without the one of missing values.
    pub count: u16,
    pub cuts: Vec<Cut>,
}

impl Binned {
    /// Whether a bin goes left at a cut.
    pub(super) fn is_left(&self, cut: &Cut, bin: u16) -> bool {
        if bin >= self.count {
            return cut.missing_left;
        }
        match cut.left {
            Left::UpTo(last) => bin <= last,
            Left::Among(set) => set >> bin & 1 == 1,
        }
    }
}

/// An attribute ready to be cut.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub name: String,
    pub fine: Binned,
    /// Fewer bins for the search, and for each of its cuts the position of the same cut among the fine ones.
    pub coarse: Binned,
    pub fine_of_coarse: Vec<usize>,
    kind: Kind,
    has_missing: bool,
}

#[derive(Debug, Clone)]
enum Kind {
    Numbers {
        thresholds: Vec<f64>,
        whole: bool,
        least: f64,
    },
    /// The named levels by bin; one more bin holds the rest where there are more.
    Levels(Vec<String>),
}

/// Customers as bins, most telling attribute first, with their segments.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub columns: Vec<Column>,
    pub labels: Vec<u32>,
    pub segments: usize,
}

impl Table {
    pub(super) fn of(attributes: &[Attribute], labels: &[u32], segments: usize) -> Self {
        let mut columns: Vec<(f64, Column)> = attributes
            .iter()
            .filter_map(|attribute| {
                let column = match &attribute.values {
                    Values::Numbers(values) => numbers(&attribute.name, values),
                    Values::Categories { codes, levels } => {
                        categories(&attribute.name, codes, levels, labels, segments)
                    }
                };
                (!column.fine.cuts.is_empty()).then(|| (information(&column.coarse, labels, segments), column))
            })
            .collect();
        // A stable sort: equal ones stay in the order of the table.
        columns.sort_by(|a, b| b.0.total_cmp(&a.0));
        columns.truncate(KEPT_COLUMNS);
        Self { columns: columns.into_iter().map(|(_, column)| column).collect(), labels: labels.to_vec(), segments }
    }

    pub(super) fn rows(&self) -> usize {
        self.labels.len()
    }

    /// Fewest customers either side of a question must have: 0.5 %, and at least 5.
    pub(super) fn least_side(&self) -> u64 {
        (self.rows() as u64 / 200).max(5)
    }
}

impl Column {
    /// The question a fine cut asks.
    pub(super) fn question(&self, cut: &Cut) -> Question {
        let test = match (&self.kind, cut.left) {
            (Kind::Numbers { thresholds, whole, least }, Left::UpTo(last)) => match thresholds.get(usize::from(last)) {
                Some(threshold) => Test::AtMost { threshold: *threshold, whole: *whole, least: *least },
                None => Test::Known,
            },
            (Kind::Levels(names), Left::Among(set)) => {
                let named = |inside: bool| {
                    let chosen = names.iter().enumerate().filter(|(bin, _)| (set >> bin & 1 == 1) == inside);
                    chosen.map(|(_, name)| name.clone()).collect::<Vec<_>>()
                };
                Test::OneOf { levels: named(true), others: named(false) }
            }
            _ => Test::Known,
        };
        let attribute = self.name.clone();
        Question { attribute, test, missing: cut.missing_left, saw_missing: self.has_missing }
    }
}

/// Mutual information of the bins with the segments, in nats.
fn information(binned: &Binned, labels: &[u32], segments: usize) -> f64 {
    let bins = usize::from(binned.count) + 1;
    let mut joint = vec![0_u64; bins * segments];
    for (bin, label) in binned.bins.iter().zip(labels) {
        joint[usize::from(*bin) * segments + *label as usize] += 1;
    }
    let of_segment: Vec<u64> = (0..segments).map(|c| joint.iter().skip(c).step_by(segments).sum()).collect();
    let all = labels.len() as f64;
    let mut sum = 0.0;
    for row in joint.chunks_exact(segments) {
        let of_bin = row.iter().sum::<u64>() as f64;
        for (count, of_segment) in row.iter().zip(&of_segment) {
            if *count > 0 {
                let count = *count as f64;
                sum += count / all * (count * all / (of_bin * *of_segment as f64)).ln();
            }
        }
    }
    sum
}

fn numbers(name: &str, values: &[f64]) -> Column {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let has_missing = sorted.len() < values.len();
    let whole = sorted.iter().all(|value| value.fract() == 0.0);
    let thresholds = thresholds(&sorted, whole);
    // Below any threshold x means at most x.
    let bin = |value: &f64| match value {
        missing if missing.is_nan() => thresholds.len() + 1,
        value => thresholds.partition_point(|threshold| threshold < value),
    };
    let small = |bin: usize| u16::try_from(bin).unwrap_or(u16::MAX);
    let fine_bins: Vec<u16> = values.iter().map(|value| small(bin(value))).collect();
    let mut cuts = Vec::new();
    for (index, threshold) in thresholds.iter().enumerate() {
        for missing_left in sides(has_missing) {
            cuts.push(Cut { left: Left::UpTo(small(index)), missing_left, length: digits(*threshold) });
        }
    }
    if has_missing && !sorted.is_empty() {
        cuts.push(Cut { left: Left::UpTo(small(thresholds.len())), missing_left: false, length: 1 });
    }
    // Every so many-th threshold, the same share of them on each side of the middle.
    let kept: Vec<usize> = if thresholds.len() <= COARSE_CUTS {
        (0..thresholds.len()).collect()
    } else {
        (0..COARSE_CUTS).map(|n| (2 * n + 1) * thresholds.len() / (2 * COARSE_CUTS)).collect()
    };
    let coarse_bin = |fine: &u16| match usize::from(*fine) {
        fine if fine > thresholds.len() => kept.len() + 1,
        fine => kept.partition_point(|threshold| *threshold < fine),
    };
    let coarse_bins = fine_bins.iter().map(|fine| small(coarse_bin(fine))).collect();
    let (mut coarse_cuts, mut fine_of_coarse) = (Vec::new(), Vec::new());
    for (position, cut) in cuts.iter().enumerate() {
        let Left::UpTo(last) = cut.left else { continue };
        let last = usize::from(last);
        if last == thresholds.len() || kept.binary_search(&last).is_ok() {
            let left = Left::UpTo(small(kept.partition_point(|kept| *kept < last)));
            coarse_cuts.push(Cut { left, ..*cut });
            fine_of_coarse.push(position);
        }
    }
    Column {
        name: name.to_owned(),
        coarse: Binned { bins: coarse_bins, count: small(kept.len() + 1), cuts: coarse_cuts },
        fine: Binned { bins: fine_bins, count: small(thresholds.len() + 1), cuts },
        fine_of_coarse,
        kind: Kind::Numbers { thresholds, whole, least: sorted.first().copied().unwrap_or(f64::NEG_INFINITY) },
        has_missing,
    }
}

/// Whether missing values may go left: either way where there are any.
fn sides(has_missing: bool) -> impl Iterator<Item = bool> {
    [false, true].into_iter().take(if has_missing { 2 } else { 1 })
}

/// Round numbers between the quantiles of sorted values, each with values on both sides, in order.
pub(crate) fn thresholds(sorted: &[f64], whole: bool) -> Vec<f64> {
    let (Some(least), Some(largest)) = (sorted.first(), sorted.last()) else { return Vec::new() };
    let at = |quantile: f64| {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a position between 0 and the length"
        )]
        let position = (quantile * (sorted.len() - 1) as f64).round() as usize;
        sorted.get(position).copied().unwrap_or(*largest)
    };
    let step = 1.0 / FINE_CUTS as f64;
    let mut found: Vec<f64> = Vec::new();
    for index in 1..FINE_CUTS {
        let quantile = index as f64 * step;
        let low = at(quantile - step / 2.0);
        let high = at(quantile + step / 2.0);
        // Between a value and the next one all thresholds part alike: any round one before the next value will do.
        let high = match sorted.get(sorted.partition_point(|value| *value <= high)) {
            Some(next) if low == high && whole => next - 1.0,
            Some(next) if low == high => high + (next - high) * 0.9,
            _ => high,
        };
        let threshold = roundest(low, high);
        let threshold = if whole { threshold.floor().max(low) } else { threshold };
        if threshold >= *least && threshold < *largest && found.last().is_none_or(|last| threshold > *last) {
            found.push(threshold);
        }
    }
    found
}

fn categories(name: &str, codes: &[u32], levels: &[String], labels: &[u32], segments: usize) -> Column {
    let has_missing = codes.iter().any(|code| (*code as usize) >= levels.len());
    let mut counts = vec![vec![0.0_f64; segments]; levels.len()];
    for (code, label) in codes.iter().zip(labels) {
        if let Some(counts) = counts.get_mut(*code as usize) {
            counts[*label as usize] += 1.0;
        }
    }
    let size = |level: usize| counts[level].iter().sum::<f64>();
    let mut named: Vec<usize> = (0..levels.len()).filter(|level| size(*level) > 0.0).collect();
    named.sort_by(|a, b| size(*b).total_cmp(&size(*a)).then_with(|| levels[*a].cmp(&levels[*b])));
    let has_rest = named.len() > NAMED_LEVELS;
    named.truncate(NAMED_LEVELS);
    order_by_segments(&mut named, &counts, levels);
    let mut bin_of = vec![named.len(); levels.len()];
    for (bin, level) in named.iter().enumerate() {
        bin_of[*level] = bin;
    }
    let count = named.len() + usize::from(has_rest);
    let small = |bin: usize| u16::try_from(bin).unwrap_or(u16::MAX);
    let bins = codes.iter().map(|code| small(bin_of.get(*code as usize).copied().unwrap_or(count))).collect();
    let binned = Binned { bins, count: small(count), cuts: level_cuts(named.len(), has_rest, has_missing) };
    Column {
        name: name.to_owned(),
        fine_of_coarse: (0..binned.cuts.len()).collect(),
        coarse: binned.clone(),
        fine: binned,
        kind: Kind::Levels(named.into_iter().map(|level| levels[level].clone()).collect()),
        has_missing,
    }
}

/// Sorts levels along the first principal component of their shares of the segments: for two segments, and nearly so for more,
/// the best parting in two is then one of the few between neighbours.
fn order_by_segments(named: &mut [usize], counts: &[Vec<f64>], levels: &[String]) {
    let Some(segments) = named.first().map(|level| counts[*level].len()) else { return };
    let shares = |level: usize| -> Vec<f64> {
        let total: f64 = counts[level].iter().sum();
        counts[level].iter().map(|count| count / total).collect()
    };
    let all: f64 = named.iter().flat_map(|level| &counts[*level]).sum();
    let mean: Vec<f64> =
        (0..segments).map(|c| named.iter().map(|level| counts[*level][c]).sum::<f64>() / all).collect();
    let mut spread = Square::from_fn(segments, |_, _| 0.0);
    for level in named.iter() {
        let gap: Vec<f64> = shares(*level).iter().zip(&mean).map(|(share, mean)| share - mean).collect();
        spread.add_outer(counts[*level].iter().sum::<f64>() / all, &gap, &gap);
    }
    let direction = super::score::leading_direction(&spread);
    let place = |level: usize| shares(level).iter().zip(&direction).map(|(share, weight)| share * weight).sum::<f64>();
    named.sort_by(|a, b| place(*a).total_cmp(&place(*b)).then_with(|| levels[*a].cmp(&levels[*b])));
}

/// One level against the rest, and the first or last few in their order against the rest.
fn level_cuts(named: usize, has_rest: bool, has_missing: bool) -> Vec<Cut> {
    let mut sets: Vec<u64> = Vec::new();
    let all = if named == 64 { u64::MAX } else { (1_u64 << named) - 1 };
    for few in 1..=LEVELS_IN_A_RULE.min(named.saturating_sub(1)) {
        let first = (1_u64 << few) - 1;
        sets.extend([first, first << (named - few)]);
    }
    sets.extend((0..named).map(|level| 1_u64 << level));
    let mut cuts: Vec<Cut> = Vec::new();
    let mut seen: Vec<u64> = Vec::new();
    for set in sets {
        // A set and the others part alike, unless there are unnamed ones.
        let is_known = seen.contains(&set) || (!has_rest && seen.contains(&(all & !set)));
        let parts = set != 0 && (set != all || has_rest);
        if parts && !is_known {
            seen.push(set);
            for missing_left in sides(has_missing) {
                cuts.push(Cut { left: Left::Among(set), missing_left, length: set.count_ones() });
            }
        }
    }
    if has_missing && !has_rest && named > 0 {
        cuts.push(Cut { left: Left::Among(all), missing_left: false, length: 1 });
    }
    cuts
}

/// Which way each customer goes at a question.
pub(super) enum Side<'a> {
    Number { values: &'a [f64], threshold: f64, missing: bool },
    Level { codes: &'a [u32], yes: Vec<bool>, missing: bool },
    Known { attribute: &'a Attribute },
}

impl<'a> Side<'a> {
    /// # Errors
    /// The attribute is of another kind than the question.
    pub(super) fn of(question: &Question, attribute: &'a Attribute) -> Result<Self> {
        let missing = question.missing;
        match (&question.test, &attribute.values) {
            (Test::Known, _) => Ok(Self::Known { attribute }),
            (Test::AtMost { threshold, .. }, Values::Numbers(values)) => {
                Ok(Self::Number { values, threshold: *threshold, missing })
            }
            (Test::OneOf { levels: asked, .. }, Values::Categories { codes, levels }) => {
                let yes = levels.iter().map(|level| asked.contains(level)).collect();
                Ok(Self::Level { codes, yes, missing })
            }
            _ => {
                let name = &attribute.name;
                Err(Error::data(format!("attribute {name} holds other values than the rules were fitted to"))
                    .with_hint("numbers have become categories or the reverse: fit again"))
            }
        }
    }

    pub(super) fn is_yes(&self, row: usize) -> bool {
        match self {
            Self::Known { attribute } => !attribute.is_missing(row),
            Self::Number { values, threshold, missing } => match values.get(row) {
                Some(value) if !value.is_nan() => value <= threshold,
                _ => *missing,
            },
            Self::Level { codes, yes, missing } => match codes.get(row) {
                Some(code) if *code != NO_WORD => yes.get(*code as usize).copied().unwrap_or(*missing),
                _ => *missing,
            },
        }
    }
}
