//! Who looks like a given list, and how well that is found, where nobody is known not to belong.

use mercer_base::{Error, Result, Seed};
use mercer_stats::{bootstrap, folds};
use serde::{Deserialize, Serialize};

use super::percent;
use super::ranked::Ranked;

/// Shares of the prospects at which it is told how many of the hidden ones are found.
const SHARES: [f64; 5] = [0.01, 0.05, 0.1, 0.2, 0.3];
/// The share that the sentence is about.
const TOLD: f64 = 0.1;
/// Samples of the hidden rows by which it is told how sure the figures are.
const DRAWS: usize = 500;
/// Fewest hidden rows for a judgement.
const FEWEST: usize = 10;

/// A list parted into rows that are learnt from and rows that are hidden among the prospects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hidden {
    /// For each row whether it stays on the list.
    pub(crate) listed: Vec<bool>,
    /// For each row whether it was on the list and is treated as a prospect.
    pub(crate) hidden: Vec<bool>,
}

/// Hides part `part` of `parts` of the rows on a list, for a judgement by cross-validation: over all parts each row on the list is
/// hidden once.
///
/// # Errors
/// When there are fewer than two parts, no such part, or fewer rows on the list than parts.
pub(crate) fn hide(list: &[bool], part: u32, parts: u32, seed: Seed) -> Result<Hidden> {
    let count = list.iter().filter(|listed| **listed).count();
    if parts < 2 || part >= parts {
        return Err(Error::internal(format!("part {part} of {parts} cannot be hidden")));
    }
    if count < parts as usize {
        return Err(Error::data(format!("{count} rows on the list are too few to hide one in {parts}"))
            .with_hint("give a longer list"));
    }
    let classes: Vec<u32> = list.iter().map(|listed| u32::from(*listed)).collect();
    let parts = folds::stratified(&classes, parts, seed.split("hidden rows of a list"));
    let hidden: Vec<bool> = list.iter().zip(&parts).map(|(listed, own)| *listed && *own == part).collect();
    let listed = list.iter().zip(&hidden).map(|(listed, hidden)| *listed && !hidden).collect();
    Ok(Hidden { listed, hidden })
}

/// How many of the hidden rows are found among the best prospects.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Capture {
    /// Share of the prospects that is taken, the highest scores first.
    pub(crate) share: f64,
    /// Share of the hidden rows that is among them (recall).
    pub(crate) recall: f64,
    /// Its 95 % bootstrap interval.
    pub(crate) recall_interval: Option<(f64, f64)>,
    /// Recall divided by the share taken: how many times as many as by drawing prospects at random.
    pub(crate) lift: f64,
    /// Its 95 % bootstrap interval.
    pub(crate) lift_interval: Option<(f64, f64)>,
}

/// How well rows like those on a list are found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Likeness {
    /// Prospects that were ranked, the hidden rows among them.
    pub(crate) prospects: usize,
    /// Hidden rows.
    pub(crate) hidden: usize,
    /// What was found at some depths.
    pub(crate) captures: Vec<Capture>,
    /// What that means and what it does not.
    pub(crate) words: String,
}

/// How well hidden rows of a list are found among all prospects (who are not on the list, and those hidden) by their scores.
///
/// Only recall and lift are told. Some prospects may belong to the list without being on it, so that nothing is known about who
/// does not belong: neither precision nor a false-positive rate can be had. Lift over random is right all the same as long as the
/// list is a fair sample of those who belong (Elkan & Noto 2008, KDD, “selected completely at random”).
///
/// # Errors
/// When scores and hidden rows differ in number, a score is missing, or fewer than 10 rows are hidden.
pub(crate) fn likeness(scores: &[f64], hidden: &[bool], seed: Seed) -> Result<Likeness> {
    let count = hidden.iter().filter(|hidden| **hidden).count();
    if count < FEWEST {
        return Err(Error::data(format!("{count} hidden rows are too few to judge by"))
            .with_hint(format!("a list of at least {} rows is needed", 5 * FEWEST)));
    }
    let ranked = Ranked::new(scores, hidden)?;
    let rows = ranked.rows();
    let found = ranked.top(&SHARES.map(|share| share * rows as f64));
    let captures: Vec<Capture> = SHARES
        .iter()
        .zip(found)
        .map(|(share, top)| {
            let recall = top.with / count as f64;
            let taken = taken(&ranked, *share);
            // The hidden rows vary; the prospects around them are so many more that they hardly do.
            let mean = |counts: &[u32]| {
                taken.iter().zip(counts).map(|(part, times)| part * f64::from(*times)).sum::<f64>() / count as f64
            };
            let interval = bootstrap::interval(count, DRAWS, 0.95, seed.split("likeness"), mean);
            Capture {
                share: *share,
                recall,
                recall_interval: interval.map(|range| (range.low, range.high)),
                lift: recall / share,
                lift_interval: interval.map(|range| (range.low / share, range.high / share)),
            }
        })
        .collect();
    let words = captures.iter().find(|capture| capture.share >= TOLD).map_or_else(String::new, sentence);
    Ok(Likeness { prospects: rows, hidden: count, captures, words })
}

/// For each hidden row, from the highest score down, the part of it that is among the top share: 1, 0, or between where equal
/// scores are cut.
fn taken(ranked: &Ranked, share: f64) -> Vec<f64> {
    let depth = share * ranked.rows() as f64;
    let mut parts = Vec::new();
    let mut before = 0.0;
    for run in &ranked.runs {
        let part = ((depth - before) / run.count as f64).clamp(0.0, 1.0);
        parts.extend(std::iter::repeat_n(part, run.with));
        before += run.count as f64;
    }
    parts
}

fn sentence(capture: &Capture) -> String {
    let times = |lift: f64| format!("{lift:.1}");
    let (low, high) = capture.lift_interval.unwrap_or((f64::NAN, f64::NAN));
    let found = format!(
        "the best {} of prospects hold {} of the rows that were hidden",
        percent(capture.share),
        percent(capture.recall)
    );
    let unknown = "how many of the others belong to the list as well is not known, so no precision is claimed";
    if low > 1.0 {
        let random = times(capture.lift);
        format!("{found}, {random} times as many as at random ({} to {} times); {unknown}", times(low), times(high))
    } else {
        format!("{found}, which is not more than at random as far as chance lets one tell; {unknown}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_sharp_score_finds_those_who_were_hidden() {
        // 50 hidden among 1,000; 40 of them at the top.
        let scores: Vec<f64> = (0..1_000).map(|row| f64::from(1_000 - row)).collect();
        let hidden: Vec<bool> = (0..1_000).map(|row| row < 40 || (row >= 500 && row % 50 == 0)).collect();
        let found = likeness(&scores, &hidden, Seed(1)).unwrap();
        assert_eq!((found.prospects, found.hidden), (1_000, 50));
        let ten = found.captures[2];
        assert_eq!((ten.share, ten.recall, ten.lift), (0.1, 0.8, 8.0));
        let (low, high) = ten.recall_interval.unwrap();
        // The normal interval of 40 of 50 is 0.69 to 0.91; a bootstrap of 500 draws differs by a few hundredths.
        assert!((low - 0.69).abs() < 0.05 && (high - 0.91).abs() < 0.05, "{low} {high}");
        assert!(
            found.words.starts_with(
                "the best 10\u{202f}% of prospects hold 80\u{202f}% of the rows that were hidden, 8.0 times"
            )
        );
        assert!(found.words.ends_with("no precision is claimed"));
    }

    #[test]
    fn equal_scores_find_no_more_than_chance() {
        let hidden: Vec<bool> = (0..300).map(|row| row % 10 == 0).collect();
        let found = likeness(&[0.5; 300], &hidden, Seed(1)).unwrap();
        assert!(found.captures.iter().all(|capture| (capture.lift - 1.0).abs() < 1e-9));
        assert!(found.words.contains("not more than at random"));
        assert!(likeness(&[0.5; 300], &[false; 300], Seed(1)).is_err());
    }

    proptest! {
        #[test]
        fn each_row_is_hidden_once(list in prop::collection::vec(any::<bool>(), 20..120), seed in any::<u64>()) {
            prop_assume!(list.iter().filter(|listed| **listed).count() >= 5);
            let mut times = vec![0; list.len()];
            for part in 0..5 {
                let found = hide(&list, part, 5, Seed(seed)).unwrap();
                for (row, times) in times.iter_mut().enumerate() {
                    prop_assert_eq!(found.listed[row] || found.hidden[row], list[row]);
                    prop_assert!(!(found.listed[row] && found.hidden[row]));
                    *times += u32::from(found.hidden[row]);
                }
            }
            prop_assert!(times.iter().zip(&list).all(|(times, listed)| *times == u32::from(*listed)));
        }
    }
}
