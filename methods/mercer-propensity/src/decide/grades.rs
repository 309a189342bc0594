//! Grades from A to D, by fixed probabilities, so that a lead keeps its grade whoever else is scored.

use mercer_base::{Error, Result};
use mercer_stats::quantile;
use serde::{Deserialize, Serialize};

use super::deciles::whole_interval;

/// The lowest probabilities of A, B and C as multiples of the overall rate.
const MULTIPLES: [f64; 3] = [2.0, 1.0, 0.5];
/// The best rows that get A, B and C where probabilities give no grades: the top tenth, fifth below it, and three tenths below.
const SHARES: [f64; 3] = [0.1, 0.3, 0.6];
/// The least share of the rows that A and D must hold for grades by the overall rate.
const FEWEST: f64 = 0.01;

/// A grade; the first is the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Grade {
    /// The most promising.
    A,
    /// Better than most.
    B,
    /// Less than average.
    C,
    /// The least promising.
    D,
}

impl Grade {
    /// All, the best first.
    pub(crate) const ALL: [Self; 4] = [Self::A, Self::B, Self::C, Self::D];

    /// Its letter.
    #[must_use]
    pub(crate) fn letter(self) -> char {
        match self {
            Self::A => 'A',
            Self::B => 'B',
            Self::C => 'C',
            Self::D => 'D',
        }
    }
}

/// Where the bounds of grades come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Rule {
    /// A from twice the overall rate on, B from the overall rate, C from half of it.
    OverallRate,
    /// A for the top tenth of the rows learnt from, B for the next fifth, C for the next three tenths: where the overall rate is so
    /// high, or probabilities so close, that the first rule leaves A or D nearly empty.
    Rank,
}

/// Bounds of the grades, fixed when a model is learnt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Grades {
    /// Where the bounds come from.
    pub(crate) rule: Rule,
    /// The overall rate of the outcome.
    pub(crate) overall_rate: f64,
    /// The lowest probabilities of A, B and C; falling.
    pub(crate) bounds: [f64; 3],
}

impl Grades {
    /// The bounds for probabilities such as these (of rows that were held out) and the overall rate of the outcome.
    ///
    /// # Errors
    /// When there are no probabilities, or the rate is not between 0 and 1.
    pub(crate) fn learn(probabilities: &[f64], overall_rate: f64) -> Result<Self> {
        if !(overall_rate > 0.0 && overall_rate < 1.0) {
            return Err(Error::data(format!("no grades where the outcome has a rate of {overall_rate}"))
                .with_hint("rows with and without the outcome are needed"));
        }
        let mut sorted: Vec<f64> = probabilities.iter().copied().filter(|p| !p.is_nan()).collect();
        if sorted.is_empty() {
            return Err(Error::data("no grades without probabilities"));
        }
        sorted.sort_unstable_by(f64::total_cmp);
        let by_rate =
            Self { rule: Rule::OverallRate, overall_rate, bounds: MULTIPLES.map(|times| times * overall_rate) };
        let share =
            |grade: Grade| sorted.iter().filter(|p| by_rate.grade(**p) == grade).count() as f64 / sorted.len() as f64;
        if share(Grade::A) >= FEWEST && share(Grade::D) >= FEWEST {
            return Ok(by_rate);
        }
        let bounds = SHARES.map(|share| quantile(&sorted, 1.0 - share));
        // Probabilities that hardly differ cannot be parted by rank either.
        let [a, b, c] = bounds;
        let lowest = sorted.first().copied().unwrap_or(f64::NAN);
        Ok(if a > b && b > c && c > lowest { Self { rule: Rule::Rank, overall_rate, bounds } } else { by_rate })
    }

    /// The grade of a probability; of a higher one it is never lower.
    #[must_use]
    pub(crate) fn grade(&self, probability: f64) -> Grade {
        let [a, b, c] = self.bounds;
        match probability {
            p if p >= a => Grade::A,
            p if p >= b => Grade::B,
            p if p >= c => Grade::C,
            _ => Grade::D,
        }
    }

    /// The rule in a sentence.
    #[must_use]
    pub(crate) fn words(&self) -> String {
        let [a, b, c] = self.bounds.map(super::percent);
        match self.rule {
            Rule::OverallRate => format!(
                "A: {a} and more, twice the overall rate of {}; B: {b} and more; C: {c} and more, half of it; D: less",
                super::percent(self.overall_rate)
            ),
            Rule::Rank => format!(
                "A: {a} and more, the top tenth when this was learnt; B: {b} and more, the next fifth; C: {c} and more, the next three tenths; D: less"
            ),
        }
    }
}

/// What became of a grade.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct GradeRow {
    /// The grade.
    pub(crate) grade: Grade,
    /// How many rows have it.
    pub(crate) count: usize,
    /// Share of all rows.
    pub(crate) share: f64,
    /// Mean probability; `None` without rows.
    pub(crate) mean_probability: Option<f64>,
    /// Share of its rows with the outcome; `None` without rows.
    pub(crate) observed_rate: Option<f64>,
    /// The observed rate's 95 % interval (Wilson), lower and upper end.
    pub(crate) interval: Option<(f64, f64)>,
}

/// The grades of rows that were held out, the best first, and how often the outcome came.
///
/// # Errors
/// When there are not as many probabilities as outcomes.
pub(crate) fn grade_table(grades: &Grades, probabilities: &[f64], outcomes: &[bool]) -> Result<Vec<GradeRow>> {
    if probabilities.len() != outcomes.len() {
        return Err(Error::internal(format!("{} probabilities for {} outcomes", probabilities.len(), outcomes.len())));
    }
    let row = |grade: Grade| {
        let (mut count, mut with, mut sum) = (0_usize, 0_usize, 0.0);
        for (probability, outcome) in probabilities.iter().zip(outcomes) {
            if grades.grade(*probability) == grade {
                count += 1;
                with += usize::from(*outcome);
                sum += probability;
            }
        }
        let known = |value: f64| (count > 0).then_some(value);
        GradeRow {
            grade,
            count,
            share: count as f64 / probabilities.len().max(1) as f64,
            mean_probability: known(sum / count as f64),
            observed_rate: known(with as f64 / count as f64),
            interval: (count > 0).then(|| whole_interval(with as f64, count)),
        }
    };
    Ok(Grade::ALL.map(row).to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn grades_go_by_the_overall_rate() {
        let probabilities: Vec<f64> = (0..100).map(|row| f64::from(row) / 100.0).collect();
        let grades = Grades::learn(&probabilities, 0.3).unwrap();
        assert_eq!(grades.rule, Rule::OverallRate);
        let found: String =
            [0.61, 0.6, 0.59, 0.3, 0.29, 0.15, 0.14, 0.0].iter().map(|p| grades.grade(*p).letter()).collect();
        assert_eq!(found, "AABBCCDD");
        assert_eq!(
            grades.words().replace('\u{202f}', " "),
            "A: 60 % and more, twice the overall rate of 30 %; B: 30 % and more; C: 15 % and more, half of it; D: less"
        );
    }

    #[test]
    fn a_high_rate_is_graded_by_rank() {
        let probabilities: Vec<f64> = (0..1_000).map(|row| 0.4 + f64::from(row) / 2_000.0).collect();
        let grades = Grades::learn(&probabilities, 0.65).unwrap();
        assert_eq!(grades.rule, Rule::Rank);
        let outcomes: Vec<bool> = (0..1_000).map(|row| row % 20 < 13).collect();
        let counts: Vec<usize> =
            grade_table(&grades, &probabilities, &outcomes).unwrap().iter().map(|row| row.count).collect();
        assert_eq!(counts, [100, 200, 300, 400]);
    }

    #[test]
    fn equal_probabilities_have_one_grade() {
        let grades = Grades::learn(&[0.2; 50], 0.2).unwrap();
        assert_eq!((grades.rule, grades.grade(0.2)), (Rule::OverallRate, Grade::B));
        let table = grade_table(&grades, &[0.2; 50], &[true; 50]).unwrap();
        assert_eq!((table[0].observed_rate, table[1].observed_rate), (None, Some(1.0)));
        assert!(Grades::learn(&[], 0.2).is_err() && Grades::learn(&[0.2], 0.0).is_err());
    }

    proptest! {
        #[test]
        fn more_probable_is_never_graded_lower(
            probabilities in prop::collection::vec(0.0_f64..=1.0, 1..100),
            rate in 0.01_f64..0.99,
        ) {
            let grades = Grades::learn(&probabilities, rate).unwrap();
            let mut sorted = probabilities.clone();
            sorted.sort_by(f64::total_cmp);
            prop_assert!(sorted.windows(2).all(|pair| grades.grade(pair[0]) >= grades.grade(pair[1])));
            prop_assert!(grades.bounds[0] > grades.bounds[1] && grades.bounds[1] > grades.bounds[2]);
            let outcomes = vec![true; probabilities.len()];
            let table = grade_table(&grades, &probabilities, &outcomes).unwrap();
            prop_assert_eq!(table.iter().map(|row| row.count).sum::<usize>(), probabilities.len());
            let saved: Grades = serde_json::from_str(&serde_json::to_string(&grades).unwrap()).unwrap();
            prop_assert_eq!(saved, grades);
        }
    }
}
