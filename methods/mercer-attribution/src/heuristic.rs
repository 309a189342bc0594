//! Rules of thumb: first, last, last non-direct, linear, position and time decay.
//!
//! They need no data beyond the journey itself, divide it exactly, and foretell nothing: no rule says how likely a journey is
//! to convert.

use mercer_base::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::credit::Credit;
use crate::paths::Paths;

/// A rule that divides a journey among its touches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Rule {
    /// All to the first touch.
    First,
    /// All to the last touch.
    Last,
    /// All to the last touch whose channel is not in the list (codes of the direct channels); to the last one where all are.
    LastNonDirect(Vec<u32>),
    /// The same to each touch.
    Linear,
    /// Weights of the first touch, of the last and of all between together; see [`Position`].
    Position(Position),
    /// A touch weighs half as much as one that is `half_life` days nearer to the conversion. Where times are not known a touch
    /// further from the end of the path counts as a day further.
    TimeDecay {
        /// Days in which the weight of a touch halves.
        half_life: f64,
    },
}

/// Weights by position, which add up to 1: usually 40 % first, 20 % between, 40 % last.
///
/// The only touch of a path gets all of it. Without a touch between, first and last share in proportion to their weights, and
/// equally where both are 0. Without weight on either end the touches between share all.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Position {
    first: f64,
    last: f64,
}

impl Default for Position {
    fn default() -> Self {
        Self { first: 0.4, last: 0.4 }
    }
}

impl Position {
    /// Weights of the first and of the last touch; those between share what is left of 1.
    ///
    /// # Errors
    /// A weight is not in `[0, 1]`, or both exceed 1 together.
    pub(crate) fn new(first: f64, last: f64) -> Result<Self> {
        // A hair's breadth for weights such as 0.7 and 0.3.
        let fits = (0.0..=1.0).contains(&first) && (0.0..=1.0).contains(&last) && first + last <= 1.0 + 1e-12;
        if !fits {
            return Err(Error::config(format!(
                "weights of {first} for the first and {last} for the last touch do not fit"
            ))
            .with_hint("give two shares from 0 to 1 that are 1 at most together; the touches between get the rest"));
        }
        Ok(Self { first, last })
    }

    fn divide(self, shares: &mut [f64]) {
        let between = (1.0 - self.first - self.last).max(0.0);
        match shares {
            [] => {}
            [only] => *only = 1.0,
            [first, last] => {
                let ends = self.first + self.last;
                (*first, *last) = if ends > 0.0 { (self.first / ends, self.last / ends) } else { (0.5, 0.5) };
            }
            [first, middle @ .., last] => {
                (*first, *last) = (self.first, self.last);
                let each = between / middle.len() as f64;
                middle.fill(each);
            }
        }
    }
}

impl Rule {
    /// The credit that the rule gives.
    ///
    /// # Errors
    /// The half-life is not a positive number of days.
    pub(crate) fn credit(&self, paths: &Paths) -> Result<Credit> {
        if let Self::TimeDecay { half_life } = self
            && !(half_life.is_finite() && *half_life > 0.0)
        {
            return Err(Error::config(format!("a half-life of {half_life} days cannot be"))
                .with_hint("give the days in which a touch loses half its weight, such as 7"));
        }
        let mut shares = vec![0.0; paths.touches.len()];
        for path in (0..paths.len()).filter(|path| paths.conversions[*path] > 0.0) {
            let range = paths.range(path);
            self.divide(paths.touches_of(path), paths.days_of(path), &mut shares[range]);
        }
        Ok(Credit::from_shares(paths, shares, None))
    }

    fn divide(&self, touches: &[u32], days: Option<&[f32]>, shares: &mut [f64]) {
        let last = touches.len().saturating_sub(1);
        let mut all_to = |touch: usize| {
            if let Some(share) = shares.get_mut(touch) {
                *share = 1.0;
            }
        };
        match self {
            Self::First => all_to(0),
            Self::Last => all_to(last),
            Self::LastNonDirect(direct) => {
                all_to(touches.iter().rposition(|touch| !direct.contains(touch)).unwrap_or(last));
            }
            Self::Linear => shares.fill(1.0 / touches.len() as f64),
            Self::Position(position) => position.divide(shares),
            Self::TimeDecay { half_life } => {
                let age = |touch: usize| days.map_or((last - touch) as f64, |days| f64::from(days[touch]));
                // Weights are relative to the last touch, so that old journeys do not vanish.
                let newest = if touches.is_empty() { 0.0 } else { age(last) };
                for (touch, share) in shares.iter_mut().enumerate() {
                    *share = ((newest - age(touch)) / half_life).exp2();
                }
                let sum: f64 = shares.iter().sum();
                shares.iter_mut().for_each(|share| *share /= sum);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use mercer_base::ErrorKind;
    use mercer_testkit::assert_error;
    use proptest::prelude::*;

    use super::*;
    use crate::credit::assert_adds_up;
    use crate::made_up::{any_paths, code, path_data, paths};

    fn rules() -> Vec<Rule> {
        let decay = Rule::TimeDecay { half_life: 7.0 };
        let position = Rule::Position(Position::default());
        vec![Rule::First, Rule::Last, Rule::LastNonDirect(vec![0]), Rule::Linear, position, decay]
    }

    fn shares(rule: &Rule, row: &str) -> Vec<f64> {
        rule.credit(&paths(&[row])).unwrap().shares
    }

    #[test]
    fn rules_divide_as_they_say() {
        let row = "b > c > b > a;3;6;1";
        assert_eq!(shares(&Rule::First, row), [1.0, 0.0, 0.0, 0.0]);
        assert_eq!(shares(&Rule::Last, row), [0.0, 0.0, 0.0, 1.0]);
        assert_eq!(shares(&Rule::LastNonDirect(vec![0]), row), [0.0, 0.0, 1.0, 0.0]);
        assert_eq!(shares(&Rule::LastNonDirect(vec![0, 1, 2]), row), [0.0, 0.0, 0.0, 1.0]);
        assert_eq!(shares(&Rule::Linear, row), [0.25; 4]);
        let found = shares(&Rule::Position(Position::default()), row);
        assert!(found.iter().zip([0.4, 0.1, 0.1, 0.4]).all(|(x, y)| (x - y).abs() < 1e-15), "{found:?}");
        // Weights 1/8, 1/4, 1/2, 1 at a half-life of one place.
        assert_eq!(shares(&Rule::TimeDecay { half_life: 1.0 }, row), [1.0 / 15.0, 2.0 / 15.0, 4.0 / 15.0, 8.0 / 15.0]);
    }

    #[test]
    fn short_paths_are_divided_too() {
        for rule in rules() {
            assert_eq!(shares(&rule, "a;1;1;0"), [1.0], "{rule:?}");
        }
        let uneven = Rule::Position(Position::new(0.6, 0.2).unwrap());
        let found = shares(&uneven, "a > b;1;1;0");
        assert!((found[0] - 0.75).abs() < 1e-15 && (found[1] - 0.25).abs() < 1e-15, "{found:?}");
        let middle = Rule::Position(Position::new(0.0, 0.0).unwrap());
        assert_eq!(shares(&middle, "a > b;1;1;0"), [0.5, 0.5]);
        assert_eq!(shares(&middle, "a > b > a;1;1;0"), [0.0, 1.0, 0.0]);
    }

    #[test]
    fn decay_follows_the_days() {
        let mut all = paths(&["a > b;1;1;0"]);
        all.days_before_end = Some(vec![5_014.0, 5_000.0]);
        let credit = Rule::TimeDecay { half_life: 7.0 }.credit(&all).unwrap();
        // Two half-lives apart: weights 1/4 and 1.
        assert_eq!(credit.shares, [0.2, 0.8]);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let error = Rule::TimeDecay { half_life: 0.0 }.credit(&paths(&["a;1;1;0"])).unwrap_err();
        assert_error(&error, ErrorKind::Config, &["half-life of 0"]);
        assert_error(&Position::new(0.8, 0.3).unwrap_err(), ErrorKind::Config, &["0.8", "0.3"]);
        assert!(Position::new(f64::NAN, 0.3).is_err());
        assert!(Position::new(0.7, 0.3).is_ok());
    }

    #[test]
    fn path_data_is_divided_exactly() {
        let Some(all) = path_data() else { return };
        let of = |rule: &Rule, channel: &str| rule.credit(&all).unwrap().conversions[code(&all, channel)];
        for (channel, conversions) in [("alpha", 8_447.0), ("eta", 4_167.0), ("iota", 3_355.0)] {
            assert_eq!(of(&Rule::Last, channel), conversions);
        }
        assert!((of(&Rule::Linear, "alpha") - 7_574.718_6).abs() < 5e-5);
        for rule in rules() {
            assert_adds_up(&all, &rule.credit(&all).unwrap());
        }
    }

    proptest! {
        #[test]
        fn credit_adds_up(all in any_paths(4)) {
            for rule in rules() {
                let credit = rule.credit(&all).unwrap();
                assert_adds_up(&all, &credit);
                prop_assert!(credit.unplaced_conversions.iter().all(|part| *part == 0.0));
            }
        }
    }
}
