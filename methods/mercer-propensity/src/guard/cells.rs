//! Columns cut into cells: ranges of numbers, categories, and one cell for what is not known.

use std::collections::BTreeSet;

use mercer_base::Seed;
use mercer_boost::{NO_CATEGORY, Values};
use mercer_stats::quantile;

use crate::table::Feature;

/// Ranges into which numbers are cut, at the most.
const RANGES: usize = 32;
/// Rows of prior belief in the overall rate with which the rate of a cell is smoothed.
const PRIOR_ROWS: f64 = 10.0;
/// Least share of rows with a number such as 999 from which on it is taken for "not known".
const PLACEHOLDER_SHARE: f64 = 0.01;
/// Words that people and systems write where nothing is known.
const PLACEHOLDERS: [&str; 16] = [
    "",
    "-",
    "--",
    "?",
    ".",
    "#n/a",
    "n/a",
    "na",
    "nan",
    "null",
    "nil",
    "select",
    "please select",
    "unknown",
    "not specified",
    "not available",
];
/// Numbers that stand for "not known" where nothing else comes near them.
const PLACEHOLDER_NUMBERS: [f32; 12] =
    [-1.0, -9.0, -99.0, -999.0, -9_999.0, -99_999.0, 99.0, 999.0, 9_999.0, 99_999.0, 999_999.0, 9_999_999.0];

/// The cell of what is missing or has a placeholder.
pub(super) const UNKNOWN: u32 = 0;

/// A column in cells, for some rows.
#[derive(Debug, Clone)]
pub(super) struct Cells {
    /// The cell of each row.
    pub(super) codes: Vec<u32>,
    /// How many cells there are, [`UNKNOWN`] among them.
    pub(super) count: usize,
}

/// Rows of a cell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// With the outcome.
    pub(super) with: u64,
    /// All.
    pub(super) all: u64,
}

impl Cells {
    /// The cells of `rows` of a column.
    pub(super) fn of(feature: &Feature, values: &Values, rows: &[u32]) -> Self {
        match values {
            Values::Numbers(numbers) => {
                let own = |row: &u32| numbers.get(*row as usize).copied().unwrap_or(f32::NAN);
                Self::of_numbers(&rows.iter().map(own).collect::<Vec<f32>>())
            }
            Values::Categories { codes, count } => {
                let unknown: BTreeSet<u32> = (0..*count)
                    .zip(&feature.categories)
                    .filter(|(_, name)| is_placeholder(name))
                    .map(|(code, _)| code)
                    .collect();
                let cell = |row: &u32| match codes.get(*row as usize) {
                    Some(code) if *code != NO_CATEGORY && !unknown.contains(code) => code + 1,
                    _ => UNKNOWN,
                };
                Self { codes: rows.iter().map(cell).collect(), count: *count as usize + 1 }
            }
        }
    }

    fn of_numbers(numbers: &[f32]) -> Self {
        let mut sorted: Vec<f64> = numbers.iter().filter(|number| !number.is_nan()).map(|n| f64::from(*n)).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let placeholder = numeric_placeholder(&sorted);
        if let Some(placeholder) = placeholder {
            sorted.retain(|number| *number != placeholder);
        }
        let up_to = |value: f64| sorted.partition_point(|number| *number <= value);
        let below = |value: f64| sorted.partition_point(|number| *number < value);
        // A range begins at a value that is there, and a value of as many rows as a range should have is a range of its own.
        let mut starts: BTreeSet<usize> = BTreeSet::new();
        for range in 0..RANGES {
            let Some(at) = sorted.get(below(quantile(&sorted, range as f64 / RANGES as f64))) else { continue };
            starts.insert(below(*at));
            if (up_to(*at) - below(*at)) * RANGES >= sorted.len() {
                starts.insert(up_to(*at));
            }
        }
        starts.remove(&0);
        let starts: Vec<f64> = starts.into_iter().filter_map(|at| sorted.get(at).copied()).collect();
        let cell = |number: &f32| {
            let number = f64::from(*number);
            if number.is_nan() || Some(number) == placeholder {
                return UNKNOWN;
            }
            1 + u32::try_from(starts.partition_point(|start| *start <= number)).unwrap_or(0)
        };
        Self { codes: numbers.iter().map(cell).collect(), count: starts.len() + 2 }
    }

    /// Rows and outcomes of each cell.
    pub(super) fn tallies(&self, outcomes: &[bool]) -> Vec<Tally> {
        let mut tallies = vec![Tally::default(); self.count];
        for (code, outcome) in self.codes.iter().zip(outcomes) {
            if let Some(tally) = tallies.get_mut(*code as usize) {
                tally.all += 1;
                tally.with += u64::from(*outcome);
            }
        }
        tallies
    }

    /// The probability of the outcome that this column alone gives each row: the smoothed rate of its cell among the rows of
    /// the other folds.
    pub(super) fn out_of_fold(&self, outcomes: &[bool], folds: &[u32], fold_count: u32) -> Vec<f64> {
        let everything = self.tallies(outcomes);
        let total: Tally = sum(&everything);
        let mut inside = vec![vec![Tally::default(); self.count]; fold_count as usize];
        for ((code, outcome), fold) in self.codes.iter().zip(outcomes).zip(folds) {
            if let Some(tally) = inside.get_mut(*fold as usize).and_then(|fold| fold.get_mut(*code as usize)) {
                tally.all += 1;
                tally.with += u64::from(*outcome);
            }
        }
        let rates: Vec<Vec<f64>> = inside
            .iter()
            .map(|inside| {
                let left_out = sum(inside);
                let overall = (total.with - left_out.with) as f64 / ((total.all - left_out.all).max(1)) as f64;
                let rate = |(all, inside): (&Tally, &Tally)| {
                    let (with, count) = ((all.with - inside.with) as f64, (all.all - inside.all) as f64);
                    (with + PRIOR_ROWS * overall) / (count + PRIOR_ROWS)
                };
                everything.iter().zip(inside).map(rate).collect()
            })
            .collect();
        let rate = |(code, fold): (&u32, &u32)| {
            rates.get(*fold as usize).and_then(|rates| rates.get(*code as usize)).copied().unwrap_or(0.5)
        };
        self.codes.iter().zip(folds).map(rate).collect()
    }
}

fn sum(tallies: &[Tally]) -> Tally {
    tallies.iter().fold(Tally::default(), |sum, tally| Tally { with: sum.with + tally.with, all: sum.all + tally.all })
}

/// Whether a category stands for "not known".
pub(super) fn is_placeholder(category: &str) -> bool {
    let name = category.trim().to_lowercase();
    PLACEHOLDERS.contains(&name.as_str())
}

/// The number that stands for "not known" among sorted ones: one of nines or −1, held by many rows, at an end, and far from all
/// others: at least twice as large as the next, or the only negative one.
fn numeric_placeholder(sorted: &[f64]) -> Option<f64> {
    let (first, last) = (*sorted.first()?, *sorted.last()?);
    let often = |value: f64| {
        let held = sorted.partition_point(|n| *n <= value) - sorted.partition_point(|n| *n < value);
        held as f64 >= PLACEHOLDER_SHARE * sorted.len() as f64 && held < sorted.len()
    };
    let known = |value: f64| PLACEHOLDER_NUMBERS.iter().any(|number| f64::from(*number) == value) && often(value);
    let second_last = sorted.partition_point(|n| *n < last).checked_sub(1).and_then(|at| sorted.get(at));
    if known(last) && second_last.is_some_and(|second| last >= 2.0 * second.abs()) {
        return Some(last);
    }
    let second = sorted.get(sorted.partition_point(|n| *n <= first));
    (known(first) && first < 0.0 && second.is_some_and(|second| *second >= 0.0)).then_some(first)
}

/// At most `most` of `0..rows`, in their order; the same for the same seed.
pub(super) fn sample(rows: usize, most: usize, seed: Seed) -> Vec<u32> {
    let mut all: Vec<u32> = (0..u32::try_from(rows).unwrap_or(u32::MAX)).collect();
    if rows <= most || most == 0 {
        return all;
    }
    all.select_nth_unstable_by_key(most - 1, |row| (seed.nth(u64::from(*row)).0, *row));
    all.truncate(most);
    all.sort_unstable();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_that_stand_for_nothing_are_not_numbers() {
        let days: Vec<f64> = [0.0, 3.0, 6.0, 6.0, 27.0].into_iter().chain([999.0; 40]).collect();
        assert_eq!(numeric_placeholder(&days), Some(999.0));
        let amounts: Vec<f64> = (0..999).map(f64::from).chain([999.0; 40]).collect();
        assert_eq!(numeric_placeholder(&amounts), None, "998 is near");
        assert_eq!(numeric_placeholder(&[-1.0, 0.0, 4.0, 5.0]), Some(-1.0));
        assert_eq!(numeric_placeholder(&[-2.0, -1.0, 4.0, 5.0]), None);
        assert_eq!(numeric_placeholder(&[99.0, 99.0]), None, "a constant is no gap");
        assert_eq!(numeric_placeholder(&[]), None);
    }

    #[test]
    fn a_value_of_many_rows_has_a_cell_of_its_own() {
        let numbers: Vec<f32> = [0.0; 80].into_iter().chain((1..=20_u8).map(f32::from)).collect();
        let cells = Cells::of_numbers(&numbers);
        let zero = cells.codes[0];
        assert!(
            cells.codes[..80].iter().all(|code| *code == zero) && cells.codes[80..].iter().all(|code| *code != zero)
        );
        assert_eq!(Cells::of_numbers(&[f32::NAN; 3]).codes, [UNKNOWN; 3]);
        assert_eq!(Cells::of_numbers(&[2.0; 3]).codes, [1; 3]);
    }

    #[test]
    fn a_row_says_nothing_about_itself() {
        // Every row in a cell of its own: out of fold nothing is known but the overall rate.
        let cells = Cells { codes: (1..=100).collect(), count: 101 };
        let outcomes: Vec<bool> = (0..100).map(|row| row % 4 == 0).collect();
        let folds: Vec<u32> = (0..100).map(|row| row / 4 % 5).collect();
        assert!(cells.out_of_fold(&outcomes, &folds, 5).iter().all(|p| (p - 0.25).abs() < 1e-12));
    }

    proptest! {
        #[test]
        fn cells_keep_the_order_of_numbers(numbers in prop::collection::vec(-50.0_f32..50.0, 1..300)) {
            let cells = Cells::of_numbers(&numbers);
            for (a, x) in cells.codes.iter().zip(&numbers) {
                prop_assert!((*a as usize) < cells.count);
                for (b, y) in cells.codes.iter().zip(&numbers) {
                    prop_assert!(x > y || a <= b || *a == UNKNOWN || *b == UNKNOWN);
                }
            }
        }

        #[test]
        fn samples_are_rows_in_order(rows in 0_usize..500, most in 1_usize..200, seed in any::<u64>()) {
            let found = sample(rows, most, Seed(seed));
            prop_assert_eq!(found.len(), rows.min(most));
            prop_assert!(found.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(found.iter().all(|row| (*row as usize) < rows));
        }
    }
}
