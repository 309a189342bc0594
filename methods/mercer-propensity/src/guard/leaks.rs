//! Features that know the outcome: they would not be there, or not with these values, when the prediction is needed.
//!
//! What its values do is evidence. What a column is called is none, but may be a reason to ask where it comes from.

use mercer_base::words::count;
use mercer_base::{Error, Result, Seed};
use mercer_boost::Values;
use mercer_stats::classification::{auc_interval, log_loss};
use mercer_stats::{area_under_roc, folds, wilson_interval};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::cells::{Cells, UNKNOWN, sample};
use super::names::is_noted_along_the_way;
use super::{joint, percent};
use crate::table::{Feature, Table};

/// Rows that are looked at; what knows the outcome shows in as many.
const MOST_ROWS: usize = 100_000;
/// Rows by which columns are judged together.
const JOINT_ROWS: usize = 20_000;
/// Rows with and without the outcome below which nothing is said about features.
const FEWEST: usize = 20;
/// Folds for a column alone, and for columns together.
const FOLDS: u32 = 5;
const JOINT_FOLDS: u32 = 3;

/// A copy of the outcome may differ from it in this share of the rarer outcome's rows.
const COPY_ERRORS: f64 = 0.01;
/// Different values a copy may have.
const COPY_VALUES: usize = 10;
/// How much more often a column is filled with the outcome than without it, or the reverse.
const FILLED_LEAK: f64 = 0.6;
const FILLED_SUSPICIOUS: f64 = 0.4;
/// A value holds the rarer outcome only when, at 95 % confidence, at least this share of its rows has it.
const ONE_SIDED_RATE: f64 = 0.9;
/// Fewest rows of such a value.
const ONE_SIDED_ROWS: u64 = 30;
/// Share of the rarer outcome's rows in such values from which on the column is a leak.
const ONE_SIDED_LEAK: f64 = 0.25;
/// Rows of a value that all have the rarer outcome, without exception, from which on the column is suspicious.
const ONE_SIDED_WITHOUT_EXCEPTION: u64 = 100;
/// AUC of a column alone, and the least lower end of its 95 % interval, from which on it is too good.
const TOO_GOOD: f64 = 0.9;
const TOO_GOOD_LOW: f64 = 0.85;
/// AUC of a column alone from which on it is looked at beside the others.
const STRONG: f64 = 0.75;
/// How many of those are, at the most: the best.
const STRONGEST: usize = 2;
/// Share of what all columns explain that goes with one column from which on the others do not bear it out.
const DOMINANT: f64 = 0.5;
/// A value is impossible for the outcome when, at 95 % confidence, its rate is below this part of the overall rate.
const IMPOSSIBLE_RATE: f64 = 0.1;
/// Share of all rows in such values from which on a dominant column is a leak.
const IMPOSSIBLE_LEAK: f64 = 0.1;
/// Share of the outcome's entropy that a column alone explains from which on it stands out, if it also explains this many
/// times as much as the next best.
const STANDS_OUT: f64 = 0.25;
const STANDS_OUT_TIMES: f64 = 1.4;
/// Share of the outcome's entropy that a column whose name makes one ask must explain alone to be worth the question.
const WORTH_ASKING: f64 = 0.01;
/// Fewest rows by which an id can be told from a feature, and the share of different values that makes one.
const ID_ROWS: usize = 100;
const ID_SHARE: f64 = 0.95;
/// Equal pairs that whole numbers would have by chance from which on having none means that they were given out one by one.
const ID_PAIRS: f64 = 20.0;

/// What should become of a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Level {
    /// It is left out unless somebody who knows where it comes from says otherwise.
    Leak,
    /// It stays, and people are asked where it comes from.
    Suspicious,
}

/// How a feature betrays itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Sign {
    /// It is the outcome under other names.
    Copy,
    /// Whether it is filled tells the outcome.
    Filled,
    /// Much of the rarer outcome is in values that hardly any other row has.
    OneSided,
    /// Alone it ranks rows better than anything known beforehand does.
    TooGood,
    /// It explains more than all others together, and they do not bear it out.
    Dominant,
    /// It explains far more than the next best.
    StandsOut,
    /// Its name says that it may be filled while the outcome comes about, and its values tell something of it.
    Named,
    /// It names rows and says nothing about new ones.
    Id,
    /// It has moments after the one from which the prediction is made.
    Later,
}

/// The figures behind a suspicion; of those that could not be had, `None`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Evidence {
    /// AUC of the feature alone, out of fold.
    pub(crate) auc: Option<f64>,
    /// Share of the outcome's entropy that the feature alone explains, out of fold: 1 − log-loss ÷ log-loss of the overall rate
    /// (McFadden's R²).
    pub(crate) explained: Option<f64>,
    /// Share of what all features together explain that is lost without this one.
    pub(crate) lost_without: Option<f64>,
    /// Shares of rows where it is filled: with the outcome, and without it.
    pub(crate) filled: Option<(f64, f64)>,
    /// Share of the rarer outcome's rows in values that practically only they have.
    pub(crate) one_sided: Option<f64>,
    /// Share of all rows in values with which the outcome practically never occurs.
    pub(crate) impossible: Option<f64>,
    /// Share of rows with a moment that is too late.
    pub(crate) later: Option<f64>,
}

/// A feature that may know the outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Suspect {
    /// The feature's name.
    pub(crate) feature: String,
    /// What should become of it.
    pub(crate) level: Level,
    /// How it betrays itself.
    pub(crate) sign: Sign,
    /// The figures.
    pub(crate) evidence: Evidence,
    /// A sentence for people.
    pub(crate) words: String,
}

/// When the values of a feature came about, where that is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moments<'a> {
    /// The feature, or the column from which it is made.
    pub(crate) feature: &'a str,
    /// A moment for each row in microseconds since 1970; [`mercer_base::frame::NO_MOMENT`] where there is none.
    pub(crate) moments: &'a [i64],
    /// For each row the moment from which its outcome is predicted.
    pub(crate) as_of: &'a [i64],
}

/// What is known of the columns beside their values.
#[derive(Default)]
pub(crate) struct Scope<'a> {
    /// Moments of features.
    pub(crate) moments: &'a [Moments<'a>],
    /// Features, by their number, that are known to be made from what was on record before the prediction: they are never
    /// suspected, but count beside the others. All are examined where it is `None`.
    pub(crate) trusted: Option<&'a (dyn Fn(usize) -> bool + Sync)>,
}

/// What a column says about the outcome by itself.
struct Alone {
    feature: usize,
    cells: Cells,
    evidence: Evidence,
    auc: f64,
    explained: f64,
    verdict: Option<(Level, Sign)>,
}

/// The features that know the outcome, leaks first, stronger ones first.
///
/// Looks at 100,000 rows at the most, chosen by the seed. With fewer than 20 rows of either outcome only ids and late moments are
/// told. A feature made honestly from earlier records may look as if it knew: say so by [`Scope::trusted`]. A feature that was
/// filled after the outcome, but hardly depends on it, does not betray itself by its values and is not found unless its name does.
///
/// # Errors
/// When there are not as many outcomes, or moments, as rows.
pub(crate) fn leaks(table: &Table, outcomes: &[bool], scope: &Scope<'_>, seed: Seed) -> Result<Vec<Suspect>> {
    if outcomes.len() != table.rows() {
        return Err(Error::internal(format!("{} outcomes for {} rows", outcomes.len(), table.rows())));
    }
    let trusted = |feature: usize| scope.trusted.is_some_and(|trusted| trusted(feature));
    let ids: Vec<bool> = table
        .features()
        .par_iter()
        .zip(table.matrix().columns())
        .enumerate()
        .map(|(index, (_, values))| !trusted(index) && names_rows(values))
        .collect();
    let mut suspects: Vec<(f64, Suspect)> = Vec::new();
    for (feature, _) in table.features().iter().zip(&ids).filter(|(_, id)| **id) {
        suspects.push((1.0, suspect(feature, Level::Leak, Sign::Id, Evidence::default())));
    }
    for moments in scope.moments {
        suspects.extend(later(table, moments)?.map(|suspect| (1.0, suspect)));
    }
    let known = |name: &str, suspects: &[(f64, Suspect)]| suspects.iter().any(|(_, suspect)| suspect.feature == name);
    let rows = sample(table.rows(), MOST_ROWS, seed.split("rows for leaks"));
    let outcomes: Vec<bool> = rows.iter().filter_map(|row| outcomes.get(*row as usize).copied()).collect();
    let with = outcomes.iter().filter(|outcome| **outcome).count();
    if with >= FEWEST && outcomes.len() - with >= FEWEST {
        let examined: Vec<usize> = (0..ids.len()).filter(|index| !ids[*index]).collect();
        let mut alone = examine(table, &examined, &rows, &outcomes, seed)?;
        alone.iter_mut().filter(|alone| trusted(alone.feature)).for_each(|alone| alone.verdict = None);
        beside_the_others(&mut alone, &outcomes, &trusted, seed)?;
        for one in alone.iter_mut().filter(|one| one.verdict.is_none() && !trusted(one.feature)) {
            let is_noted = |feature: &Feature| is_noted_along_the_way(&feature.name);
            if one.explained >= WORTH_ASKING && table.features().get(one.feature).is_some_and(is_noted) {
                one.verdict = Some((Level::Suspicious, Sign::Named));
            }
        }
        for found in alone {
            if let (Some((level, sign)), Some(feature)) = (found.verdict, table.features().get(found.feature))
                && !known(&feature.name, &suspects)
            {
                suspects.push((found.auc, suspect(feature, level, sign, found.evidence)));
            }
        }
    }
    suspects.sort_by(|(a, one), (b, other)| one.level.cmp(&other.level).then_with(|| b.total_cmp(a)));
    Ok(suspects.into_iter().map(|(_, suspect)| suspect).collect())
}

/// Whether a column has another value in nearly each row: words, or whole numbers that count rows.
fn names_rows(values: &Values) -> bool {
    if values.len() < ID_ROWS {
        return false;
    }
    match values {
        Values::Categories { codes, count } => {
            let mut seen = vec![false; *count as usize];
            codes.iter().for_each(|code| {
                if let Some(seen) = seen.get_mut(*code as usize) {
                    *seen = true;
                }
            });
            seen.iter().filter(|seen| **seen).count() as f64 >= ID_SHARE * codes.len() as f64
        }
        Values::Numbers(numbers) => {
            if numbers.iter().any(|number| number.fract() != 0.0) {
                return false;
            }
            let mut sorted = numbers.clone();
            sorted.sort_unstable_by(f32::total_cmp);
            let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else { return false };
            // Whole amounts that fell anywhere into their range would have met: the expected number of pairs that are equal
            // (the birthday problem) is too large for chance.
            let pairs = (sorted.len() as f64).powi(2) / (2.0 * f64::from(last - first + 1.0));
            pairs >= ID_PAIRS && sorted.windows(2).all(|pair| pair.first() < pair.last())
        }
    }
}

fn later(table: &Table, moments: &Moments<'_>) -> Result<Option<Suspect>> {
    if moments.moments.len() != table.rows() || moments.as_of.len() != table.rows() {
        return Err(Error::internal(format!("the moments of {} do not fit the rows", moments.feature)));
    }
    // A missing moment is the smallest number and so never late.
    let late = moments.moments.iter().zip(moments.as_of).filter(|(moment, as_of)| moment > as_of).count();
    if late == 0 {
        return Ok(None);
    }
    let share = late as f64 / table.rows() as f64;
    let words = format!(
        "{} has moments after the one from which the outcome is predicted in {} of {}",
        moments.feature,
        mercer_base::words::grouped(late as u64),
        count(table.rows() as u64, "row", "rows"),
    );
    let evidence = Evidence { later: Some(share), ..Evidence::default() };
    Ok(Some(Suspect { feature: moments.feature.to_owned(), level: Level::Leak, sign: Sign::Later, evidence, words }))
}

fn examine(table: &Table, which: &[usize], rows: &[u32], outcomes: &[bool], seed: Seed) -> Result<Vec<Alone>> {
    let classes: Vec<u32> = outcomes.iter().map(|outcome| u32::from(*outcome)).collect();
    let folds = folds::stratified(&classes, FOLDS, seed.split("folds for leaks"));
    let with = outcomes.iter().filter(|outcome| **outcome).count() as f64;
    let base = with / outcomes.len() as f64;
    let entropy = log_loss(&vec![base; outcomes.len()], outcomes).unwrap_or(f64::NAN);
    let one = |index: &usize| {
        let (feature, values) = table.features().get(*index).zip(table.matrix().columns().get(*index))?;
        let cells = Cells::of(feature, values, rows);
        let held_out = cells.out_of_fold(outcomes, &folds, FOLDS);
        let auc = area_under_roc(&held_out, outcomes)?;
        let explained = 1.0 - log_loss(&held_out, outcomes)? / entropy;
        let mut alone = Alone { feature: *index, cells, evidence: Evidence::default(), auc, explained, verdict: None };
        alone.judge(outcomes, &held_out);
        Some(alone)
    };
    which.par_iter().map(|index| one(index).ok_or_else(|| Error::internal("a column could not be examined"))).collect()
}

impl Alone {
    /// Looks at the column by itself.
    fn judge(&mut self, outcomes: &[bool], held_out: &[f64]) {
        let tallies = self.cells.tallies(outcomes);
        let (with, all) = tallies.iter().fold((0, 0), |(with, all), tally| (with + tally.with, all + tally.all));
        let rarer_is_with = 2 * with <= all;
        let rarer = with.min(all - with) as f64;
        let of_rarer = |tally: &super::cells::Tally| if rarer_is_with { tally.with } else { tally.all - tally.with };
        let unknown = tallies.get(UNKNOWN as usize).copied().unwrap_or_default();
        let filled_with = 1.0 - unknown.with as f64 / with as f64;
        let filled_without = 1.0 - (unknown.all - unknown.with) as f64 / (all - with) as f64;
        let only_rarer = |tally: &super::cells::Tally| {
            tally.all >= ONE_SIDED_ROWS
                && wilson_interval(of_rarer(tally), tally.all, 0.95).is_some_and(|rate| rate.low >= ONE_SIDED_RATE)
        };
        let one_sided = tallies.iter().filter(|tally| only_rarer(tally)).map(of_rarer).sum::<u64>() as f64 / rarer;
        let without_exception =
            tallies.iter().any(|tally| tally.all >= ONE_SIDED_WITHOUT_EXCEPTION && of_rarer(tally) == tally.all);
        let overall = rarer / all as f64;
        let never = |tally: &super::cells::Tally| {
            wilson_interval(of_rarer(tally), tally.all, 0.95).is_some_and(|rate| rate.high <= IMPOSSIBLE_RATE * overall)
        };
        let impossible =
            tallies.iter().filter(|tally| never(tally)).map(|tally| tally.all).sum::<u64>() as f64 / all as f64;
        let held = tallies.iter().filter(|tally| tally.all > 0).count();
        let errors = tallies.iter().map(|tally| tally.with.min(tally.all - tally.with)).sum::<u64>() as f64;
        self.evidence = Evidence {
            auc: Some(self.auc),
            explained: Some(self.explained),
            filled: (unknown.all > 0).then_some((filled_with, filled_without)),
            one_sided: Some(one_sided),
            impossible: Some(impossible),
            ..Evidence::default()
        };
        let filled_gap = (filled_with - filled_without).abs();
        let surely_good = || auc_interval(held_out, outcomes, 0.95).is_some_and(|(_, range)| range.low >= TOO_GOOD_LOW);
        self.verdict = match () {
            () if filled_gap >= FILLED_LEAK => Some((Level::Leak, Sign::Filled)),
            () if errors <= COPY_ERRORS * rarer && held <= COPY_VALUES => Some((Level::Leak, Sign::Copy)),
            () if one_sided >= ONE_SIDED_LEAK => Some((Level::Leak, Sign::OneSided)),
            () if self.auc >= TOO_GOOD && surely_good() => Some((Level::Leak, Sign::TooGood)),
            () if filled_gap >= FILLED_SUSPICIOUS => Some((Level::Suspicious, Sign::Filled)),
            () if without_exception => Some((Level::Suspicious, Sign::OneSided)),
            () => None,
        };
    }

    fn is_leak(&self) -> bool {
        matches!(self.verdict, Some((Level::Leak, _)))
    }
}

/// Looks at strong columns beside the others that remain without the leaks.
fn beside_the_others(
    alone: &mut [Alone],
    outcomes: &[bool],
    trusted: &(dyn Fn(usize) -> bool + Sync),
    seed: Seed,
) -> Result<()> {
    let rows = sample(outcomes.len(), JOINT_ROWS, seed.split("rows for columns together"));
    let picked = |codes: &[u32]| rows.iter().filter_map(|row| codes.get(*row as usize).copied()).collect::<Vec<u32>>();
    let columns: Vec<Cells> =
        alone.iter().map(|one| Cells { codes: picked(&one.cells.codes), count: one.cells.count }).collect();
    let outcomes: Vec<bool> = rows.iter().filter_map(|row| outcomes.get(*row as usize).copied()).collect();
    let classes: Vec<u32> = outcomes.iter().map(|outcome| u32::from(*outcome)).collect();
    let folds = folds::stratified(&classes, JOINT_FOLDS, seed.split("folds for columns together"));
    // Once a leak is gone another may dominate what is left.
    loop {
        let kept: Vec<bool> = alone.iter().map(|one| !one.is_leak()).collect();
        let mut strong: Vec<usize> = (0..alone.len())
            .filter(|at| alone.get(*at).is_some_and(|one| !one.is_leak() && one.auc >= STRONG && !trusted(one.feature)))
            .collect();
        if strong.is_empty() {
            break;
        }
        let explained = |at: &usize| alone.get(*at).map_or(0.0, |one| one.explained);
        strong.sort_by(|a, b| explained(b).total_cmp(&explained(a)));
        strong.truncate(STRONGEST);
        let loss = |without: Option<usize>, nothing: bool| {
            let uses = |at: usize| !nothing && kept.get(at).copied().unwrap_or(false) && without != Some(at);
            joint::loss(&columns, uses, &outcomes, &folds, JOINT_FOLDS)
        };
        let (nothing, everything) = (loss(None, true)?, loss(None, false)?);
        let mut found = false;
        for at in strong {
            let lost = (loss(Some(at), false)? - everything) / (nothing - everything).max(f64::MIN_POSITIVE);
            let Some(one) = alone.get_mut(at) else { continue };
            one.evidence.lost_without = Some(lost);
            if lost >= DOMINANT && one.evidence.impossible.is_some_and(|share| share >= IMPOSSIBLE_LEAK) {
                one.verdict = Some((Level::Leak, Sign::Dominant));
                found = true;
            } else if lost >= DOMINANT && one.verdict.is_none() {
                one.verdict = Some((Level::Suspicious, Sign::Dominant));
            }
        }
        if !found {
            break;
        }
    }
    let mut order: Vec<usize> =
        (0..alone.len()).filter(|at| alone.get(*at).is_some_and(|one| !one.is_leak())).collect();
    let explained = |at: usize| alone.get(at).map_or(0.0, |one| one.explained);
    order.sort_by(|a, b| explained(*b).total_cmp(&explained(*a)));
    let next = order.get(1).map_or(0.0, |at| explained(*at).max(0.0));
    if let Some(one) = order.first().and_then(|at| alone.get_mut(*at))
        && one.verdict.is_none()
        && !trusted(one.feature)
        && one.explained >= STANDS_OUT
        && one.explained >= STANDS_OUT_TIMES * next
    {
        one.verdict = Some((Level::Suspicious, Sign::StandsOut));
    }
    Ok(())
}

fn suspect(feature: &Feature, level: Level, sign: Sign, evidence: Evidence) -> Suspect {
    let label = &feature.label;
    let share = |value: Option<f64>| percent(value.unwrap_or(f64::NAN));
    let words = match sign {
        Sign::Copy => format!("{label} is the outcome itself under other names"),
        Sign::Filled => {
            let (with, without) = evidence.filled.unwrap_or((f64::NAN, f64::NAN));
            format!(
                "{label} is filled for {} of the rows with the outcome and {} of those without it, so it was probably filled once the outcome was known",
                percent(with),
                percent(without)
            )
        }
        Sign::OneSided if level == Level::Suspicious => format!(
            "{label} has values that only rows with the rarer outcome have, without exception: make sure that they are known when the prediction is needed"
        ),
        Sign::OneSided => format!(
            "{} of the rows with the rarer outcome have values of {label} that hardly any other row has, so it was probably filled once the outcome was known",
            share(evidence.one_sided)
        ),
        Sign::TooGood => format!(
            "{label} alone puts {} of pairs of rows in the right order, which what is known beforehand does not",
            share(evidence.auc)
        ),
        Sign::Dominant if level == Level::Leak => format!(
            "{} of what all columns explain goes with {label} alone, and for {} of the rows its value rules the rarer outcome out, as if it were measured while the outcome came about",
            share(evidence.lost_without),
            share(evidence.impossible)
        ),
        Sign::Dominant => format!(
            "{} of what all columns explain goes with {label} alone: make sure that it is known when the prediction is needed",
            share(evidence.lost_without)
        ),
        Sign::StandsOut => format!(
            "{label} alone explains {} of what there is to explain, far more than any other column: make sure that it is known when the prediction is needed",
            share(evidence.explained)
        ),
        Sign::Named => format!(
            "{label} may be noted while the outcome comes about, as its name says: make sure that it is known when the prediction is needed"
        ),
        Sign::Id => {
            format!("{label} has another value in nearly each row: it names rows and says nothing about new ones")
        }
        Sign::Later => format!("{label} has moments that are too late"),
    };
    Suspect { feature: feature.name.clone(), level, sign, evidence, words }
}

#[cfg(test)]
mod tests;
